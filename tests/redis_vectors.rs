//! Replays what redis-server 7.0.15 answered, byte for byte, against the engine.
//!
//! The form of `vectors.json`: each vector has steps; a step sends an argument list (`send`) or
//! bytes (`raw`) on one client and expects everything that arrived there since that client's
//! last step. Characters stand for bytes one to one.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "a vector that is not of the expected form fails the test")]

use pushpull::event::ConnectionId;
use pushpull::redis::resp::Request;
use pushpull::redis::{Config, Frame, Output, Parser, Server, glob, slot};
use pushpull::sim::{Instant, SortedMap, Span};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

fn load(name: &str) -> Value {
    let path = format!("{}/tests/vectors/redis/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect()
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// One client of the replay.
struct Peer {
    id: ConnectionId,
    parser: Parser,
    received: Vec<u8>,
    closed: bool,
}

struct Replay {
    server: Server,
    now: Instant,
    peers: BTreeMap<String, Peer>,
    next: u32,
    resp: u64,
}

impl Replay {
    fn new(vector: &Value) -> Self {
        let debug_commands = vector["needs"] == "debug";
        let config = Config { epoch_ms: 1_795_337_603_186, debug_commands, ..Config::default() };
        let resp = vector["resp"].as_u64().unwrap_or(2);
        let server = Server::new(config, 1);
        let mut replay = Self { server, now: Instant::ZERO, peers: BTreeMap::new(), next: 1, resp };
        if vector["lazy"] == true {
            // The first client came before the runner's own connection.
            replay.peer("P");
        }
        replay.peer("(control)");
        replay
    }

    fn peer(&mut self, name: &str) {
        if self.peers.contains_key(name) {
            return;
        }
        let id = ConnectionId(self.next);
        self.next += 1;
        let parser = Parser::new(512 << 20);
        self.peers.insert(name.into(), Peer { id, parser, received: Vec::new(), closed: false });
        let mut out = Vec::new();
        self.server.connect(self.now, id, &mut out);
        self.take(out);
        if self.resp == 3 {
            self.feed(name, b"HELLO 3\r\n");
            self.run();
            self.peers.get_mut(name).unwrap().received.clear();
        }
    }

    fn feed(&mut self, name: &str, input: &[u8]) {
        let peer = self.peers.get_mut(name).unwrap();
        let id = peer.id;
        peer.parser.feed(input);
        let mut requests: VecDeque<Request> = VecDeque::new();
        let error = peer.parser.requests(&mut requests).err();
        let mut out = Vec::new();
        for request in requests {
            self.server.handle(self.now, id, request, &mut out);
        }
        if let Some(error) = error {
            self.server.protocol_error(self.now, id, &error, &mut out);
        }
        self.take(out);
    }

    fn take(&mut self, out: Vec<Output>) {
        let mut taken = Vec::new();
        for output in out {
            match output {
                Output::Write { client, frames, bytes } => {
                    if let Some(peer) = self.peers.values_mut().find(|peer| peer.id == client) {
                        for frame in &frames {
                            frame.encode(&mut peer.received);
                        }
                    }
                    taken.push((client, bytes));
                }
                Output::Close { client } => {
                    if let Some(peer) = self.peers.values_mut().find(|peer| peer.id == client) {
                        peer.closed = true;
                    }
                }
                Output::Fact(_) => {}
            }
        }
        // The peers read at once.
        let mut out = Vec::new();
        for (client, bytes) in taken {
            self.server.acknowledged(self.now, client, bytes, &mut out);
        }
        if !out.is_empty() {
            self.take(out);
        }
    }

    /// Runs turns until nothing more happens at this instant.
    fn run(&mut self) {
        while self.server.next_tick().is_some_and(|at| at <= self.now) {
            let mut out = Vec::new();
            self.server.tick(self.now, &mut out);
            self.take(out);
        }
    }

    fn advance(&mut self, to: Instant) {
        while let Some(at) = self.server.next_tick().filter(|at| *at <= to) {
            self.now = self.now.max(at);
            self.run();
        }
        self.now = to;
    }

    fn step(&mut self, step: &Value) -> Result<(), String> {
        let name = step["client"].as_str().unwrap();
        self.peer(name);
        if let Some(raw) = step["raw"].as_str() {
            self.feed(name, &bytes(raw));
        } else {
            let words: Vec<Vec<u8>> = step["send"]
                .as_array()
                .unwrap()
                .iter()
                .map(|w| bytes(w.as_str().unwrap()))
                .collect();
            if !words.is_empty() {
                let mut input = format!("*{}\r\n", words.len()).into_bytes();
                for word in words {
                    input.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
                    input.extend_from_slice(&word);
                    input.extend_from_slice(b"\r\n");
                }
                self.feed(name, &input);
            }
        }
        self.run();
        if let Some(wait) = step["wait_ms"].as_u64() {
            self.advance(self.now + Span::from_millis(wait));
        }
        if step["close"] == true {
            let id = self.peers[name].id;
            let mut out = Vec::new();
            self.server.disconnect(self.now, id, &mut out);
            self.take(out);
            self.run();
            self.peers.remove(name);
            return Ok(());
        }
        let expected: Vec<String> = step["expect"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reply| reply.as_str().unwrap().to_owned())
            .collect();
        // The capture waited for its replies: let time pass until something has arrived.
        let limit = self.now + Span::from_secs(10);
        while !expected.is_empty() && self.peers[name].received.is_empty() {
            match self.server.next_tick() {
                Some(at) if at <= limit => self.advance(at),
                _ => break,
            }
        }
        let peer = self.peers.get_mut(name).unwrap();
        let received = text(&std::mem::take(&mut peer.received));
        let closed = step["closed"] == true;
        let same = if step["re"] == true {
            let pattern = format!("^(?s:{})$", expected.concat());
            regex_lite::Regex::new(&pattern).unwrap().is_match(&received)
        } else if step["any_order"] == true {
            let whole: usize = expected.iter().map(|reply| reply.chars().count()).sum();
            whole == received.chars().count()
                && expected.iter().all(|reply| received.contains(reply.as_str()))
        } else {
            expected.concat() == received
        };
        if same && peer.closed == closed {
            return Ok(());
        }
        let command = step["raw"].as_str().map_or_else(|| step["send"].to_string(), str::to_owned);
        Err(format!(
            "  {name}: {command:.200}\n    expected {:?} closed {closed}\n    received {received:?} \
             closed {}",
            expected.concat(),
            peer.closed
        ))
    }
}

#[test]
fn every_captured_reply_is_the_same() {
    let vectors = load("vectors.json");
    let vectors = vectors.as_array().unwrap();
    assert!(!vectors.is_empty());
    let mut failures = Vec::new();
    for vector in vectors {
        let mut replay = Replay::new(vector);
        let wrong: Vec<String> = vector["steps"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|step| replay.step(step).err())
            .collect();
        if !wrong.is_empty() {
            failures.push(format!("{}:\n{}", vector["name"], wrong.join("\n")));
        }
    }
    let (failed, all) = (failures.len(), vectors.len());
    assert!(failures.is_empty(), "{failed} of {all} vectors differ\n{}", failures.join("\n"));
}

#[test]
fn globs_match_as_in_redis() {
    let mut checked = 0;
    for set in load("glob-vectors.json")["sets"].as_array().unwrap() {
        let strings: Vec<Vec<u8>> =
            set["strings"].as_array().unwrap().iter().map(|s| bytes(s.as_str().unwrap())).collect();
        for pair in set["patterns"].as_array().unwrap() {
            let pattern = bytes(pair[0].as_str().unwrap());
            let expected: Vec<u64> =
                pair[1].as_array().unwrap().iter().map(|at| at.as_u64().unwrap()).collect();
            let matched: Vec<u64> = (0..strings.len() as u64)
                .filter(|at| glob::matches(&pattern, &strings[*at as usize]))
                .collect();
            assert_eq!(matched, expected, "pattern {:?}", text(&pattern));
            checked += strings.len();
        }
    }
    assert!(checked > 0);
}

#[test]
fn slots_are_those_of_the_cluster() {
    for pair in load("keyslots.json").as_array().unwrap() {
        let name = pair[0].as_str().unwrap();
        assert_eq!(u64::from(slot::slot(&bytes(name))), pair[1].as_u64().unwrap(), "{name:?}");
    }
}

#[test]
fn the_command_table_is_that_of_redis() {
    let captured = load("commands.json");
    let known: SortedMap<&str, &Value> = captured
        .as_array()
        .unwrap()
        .iter()
        .map(|command| (command["name"].as_str().unwrap(), command))
        .collect();
    let mut server = Server::new(Config::default(), 1);
    let mut out = Vec::new();
    server.connect(Instant::ZERO, ConnectionId(1), &mut out);
    server.handle(Instant::ZERO, ConnectionId(1), vec!["COMMAND".into()], &mut out);
    server.tick(Instant::ZERO, &mut out);
    let rows = out.into_iter().find_map(|output| match output {
        Output::Write { mut frames, .. } => frames.pop(),
        _ => None,
    });
    let Some(Frame::Array(rows)) = rows else { panic!("{rows:?}") };
    let mut compared = 0;
    for row in rows {
        let Frame::Array(parts) = row else { panic!("{row:?}") };
        let [Frame::Bulk(name), Frame::Integer(arity), Frame::Array(flags), keys @ ..] = &parts[..]
        else {
            panic!("{parts:?}")
        };
        let name = String::from_utf8(name.bytes().into_owned()).unwrap();
        // The subcommands of DEBUG are not in Redis's own table.
        let Some(command) = known.get(name.as_str()) else {
            assert!(name.starts_with("debug|"), "{name}");
            continue;
        };
        assert_eq!(Some(*arity), command["arity"].as_i64(), "{name}");
        let places: Vec<i64> = ["first_key", "last_key", "step"]
            .iter()
            .map(|place| command[*place].as_i64().unwrap())
            .collect();
        let ours: Vec<i64> = keys
            .iter()
            .map(|key| if let Frame::Integer(value) = key { *value } else { panic!("{key:?}") })
            .collect();
        assert_eq!(ours, places, "{name}");
        let captured = command["flags"].as_array().unwrap();
        for flag in flags {
            let Frame::Simple(flag) = flag else { panic!("{flag:?}") };
            assert!(captured.iter().any(|known| known == flag), "{name} {flag}");
        }
        for decisive in ["write", "denyoom"] {
            let ours = flags.contains(&Frame::Simple(decisive));
            assert_eq!(ours, captured.iter().any(|known| known == decisive), "{name} {decisive}");
        }
        compared += 1;
    }
    assert!(compared > 180, "{compared}");
}
