//! Random bytes and random commands against the engine: no panic, bounded memory, an error
//! reply for each wrong request.
#![allow(clippy::unwrap_used, reason = "a broken promise fails the test")]
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{ConnectionId, Payload};
use pushpull::redis::{Config, Frame, Output, Parser, Server};
use pushpull::sim::{Instant, Purpose, Rng, Span};

const CLIENT: ConnectionId = ConnectionId(1);

/// Names of all commands and subcommands of Redis 7.0.15, as captured.
fn names() -> Vec<String> {
    let path = format!("{}/tests/vectors/redis/commands.json", env!("CARGO_MANIFEST_DIR"));
    let all: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let name = |command: &serde_json::Value| command["name"].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(name).collect()
}

struct Bench {
    server: Server,
    now: Instant,
    alive: bool,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let config = Config { debug_commands: true, ..Config::default() };
        let mut bench = Self { server: Server::new(config, seed), now: Instant::ZERO, alive: true };
        bench.server.connect(bench.now, CLIENT, &mut Vec::new());
        bench
    }

    /// Runs what is due, reads everything, and answers with the frames.
    fn turn(&mut self, mut out: Vec<Output>) -> Vec<Frame> {
        let mut frames = Vec::new();
        let mut turns = 0;
        loop {
            for output in std::mem::take(&mut out) {
                match output {
                    Output::Write { client, frames: written, bytes } => {
                        frames.extend(written);
                        self.server.acknowledged(self.now, client, bytes, &mut out);
                    }
                    Output::Close { .. } => self.alive = false,
                    Output::Fact(_) => {}
                }
            }
            if self.server.next_tick().is_none_or(|at| at > self.now) {
                return frames;
            }
            self.server.tick(self.now, &mut out);
            turns += 1;
            assert!(turns < 10_000, "the server never comes to rest");
        }
    }

    fn command(&mut self, words: &[String]) -> Vec<Frame> {
        let args = words.iter().map(|word| Payload::from(word.as_str())).collect();
        let mut out = Vec::new();
        self.server.handle(self.now, CLIENT, args, &mut out);
        self.turn(out)
    }
}

#[test]
fn random_commands_are_always_answered() {
    let names = names();
    let words = [
        "a",
        "b",
        "c",
        "0",
        "1",
        "-1",
        "2",
        "*",
        "$",
        ">",
        "-",
        "+",
        "(1",
        "[a",
        "1-1",
        "2-2",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "inf",
        "-inf",
        "nan",
        "",
        "STREAMS",
        "COUNT",
        "GROUP",
        "LEFT",
        "RIGHT",
        "MAXLEN",
        "~",
        "MATCH",
        "WEIGHTS",
        "EX",
        "NX",
        "XX",
        "GET",
        "MKSTREAM",
        "g",
        "MIN",
        "MAX",
        "LIMIT",
        "WITHSCORES",
        "REV",
        "BYSCORE",
        "BYLEX",
        "BLOCK",
        "JUSTID",
        "IDLE",
        "yes",
        "maxmemory",
        "\r\n",
        "1e308",
    ];
    let mut answered = 0;
    for seed in 0..60 {
        let mut bench = Bench::new(seed);
        let mut rng = Rng::new(seed, Purpose::Workload, 1);
        for _ in 0..600 {
            let name = &names[rng.below(names.len() as u64) as usize];
            // These change whether and when replies come; their own tests cover them.
            let silent = ["client", "debug", "config", "psync", "sync", "replconf"];
            if silent.contains(&name.split('|').next().unwrap()) {
                continue;
            }
            let mut command: Vec<String> = name.split('|').map(str::to_owned).collect();
            for _ in 0..rng.below(7) {
                command.push(words[rng.below(words.len() as u64) as usize].to_owned());
            }
            let frames = bench.command(&command);
            if !bench.alive {
                bench = Bench::new(seed);
                continue;
            }
            if bench.server.is_blocked(CLIENT) {
                bench.server.disconnect(bench.now, CLIENT, &mut Vec::new());
                bench.server.connect(bench.now, CLIENT, &mut Vec::new());
                continue;
            }
            assert!(!frames.is_empty(), "no answer to {command:?}");
            answered += 1;
            bench.now += Span::from_millis(rng.below(50));
        }
        assert_eq!(bench.server.buffered(CLIENT).map(|(bytes, _)| bytes), Some(0));
    }
    assert!(answered > 20_000, "{answered}");
}

#[test]
fn random_bytes_end_in_requests_or_in_one_error() {
    let pieces: [&[u8]; 16] = [
        b"*1\r\n",
        b"*3\r\n",
        b"$4\r\nPING\r\n",
        b"$1\r\na\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"\r\n",
        b"PING\r\n",
        b"SET a \"b\r\n",
        b"$99999999999\r\n",
        b"*99999999999\r\n",
        b"\0",
        b"\xff\xfe",
        b"*",
        b"$",
        b"GET 'a'\n",
    ];
    let mut errors = 0;
    for seed in 0..2_000 {
        let mut bench = Bench::new(seed);
        let mut rng = Rng::new(seed, Purpose::Workload, 2);
        let mut parser = Parser::new(1 << 20);
        let mut fed = 0;
        for _ in 0..40 {
            if rng.chance(200_000) {
                let noise: Vec<u8> = (0..rng.below(20)).map(|_| rng.below(256) as u8).collect();
                fed += noise.len();
                parser.feed(&noise);
            } else {
                let piece = pieces[rng.below(pieces.len() as u64) as usize];
                fed += piece.len();
                parser.feed(piece);
            }
            let mut out = Vec::new();
            let failed = loop {
                match parser.next_request() {
                    Ok(Some(request)) => {
                        assert!(!request.is_empty());
                        bench.server.handle(bench.now, CLIENT, request, &mut out);
                    }
                    Ok(None) => break false,
                    Err(error) => {
                        bench.server.protocol_error(bench.now, CLIENT, &error, &mut out);
                        break true;
                    }
                }
            };
            let frames = bench.turn(out);
            assert!(parser.buffered() <= fed);
            if failed {
                assert!(matches!(frames.last(), Some(Frame::Error(_))) || !bench.alive);
                assert!(!bench.alive, "a broken protocol closes the connection");
                assert!(parser.next_request().is_err(), "nothing is read after an error");
                errors += 1;
                break;
            }
            if !bench.alive {
                break;
            }
        }
    }
    assert!(errors > 500, "{errors}");
}
