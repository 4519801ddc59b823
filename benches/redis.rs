//! Speeds of the push engine: commands a second in process, deliveries a second by fan-out, and
//! the socket front beside a real redis-server in the same run. Prints its rows, each a JSON array
//! of what, figure and goal, for `make bench`.
#![allow(clippy::unwrap_used, reason = "a broken bench must stop")]

use pushpull::event::{ConnectionId, Payload};
use pushpull::redis::{Config, Output, Server};
use pushpull::sim::Instant;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

const PUBLISHER: ConnectionId = ConnectionId(0);

fn turn(server: &mut Server, out: &mut Vec<Output>) {
    while server.next_tick() == Some(Instant::ZERO) {
        server.tick(Instant::ZERO, out);
    }
    let written: Vec<(ConnectionId, u64)> = out
        .drain(..)
        .filter_map(|output| match output {
            Output::Write { client, bytes, .. } => Some((client, bytes)),
            _ => None,
        })
        .collect();
    for (client, bytes) in written {
        server.acknowledged(Instant::ZERO, client, bytes, out);
    }
}

fn row(what: &str, figure: &str) {
    // Plain words: as Rust prints them they are JSON.
    println!("[{what:?}, {figure:?}, \"\"]");
}

/// Runs `act` until about half a second has passed; how often a second.
fn rate(mut act: impl FnMut()) -> f64 {
    let start = std::time::Instant::now();
    let mut number = 0_u32;
    while start.elapsed().as_millis() < 500 {
        act();
        number += 1;
    }
    f64::from(number) / start.elapsed().as_secs_f64()
}

fn server(subscribers: u32) -> Server {
    let mut server = Server::new(Config { maxclients: 20_000, ..Config::default() }, 1);
    let mut out = Vec::new();
    for client in 0..=subscribers {
        server.connect(Instant::ZERO, ConnectionId(client), &mut out);
        if client > 0 {
            let args = vec!["SUBSCRIBE".into(), "c".into()];
            server.handle(Instant::ZERO, ConnectionId(client), args, &mut out);
        }
    }
    turn(&mut server, &mut out);
    server
}

/// Requests a second that redis-benchmark counts.
fn through_socket(port: u16, test: &str) -> Option<f64> {
    let port = port.to_string();
    let output = Command::new("redis-benchmark")
        .args(["-p", &port, "-n", "100000", "-q", "--csv", "-P", "16", "-t", test])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().last()?.split(',').nth(1)?.trim_matches('"').parse().ok()
}

fn main() {
    for words in
        [&["PING"][..], &["SET", "k", "v"], &["XADD", "s", "MAXLEN", "1000", "*", "f", "v"]]
    {
        let mut server = server(0);
        let mut out = Vec::new();
        let args: Vec<Payload> = words.iter().map(|word| Payload::from(*word)).collect();
        let each = rate(|| {
            server.handle(Instant::ZERO, PUBLISHER, args.clone(), &mut out);
            turn(&mut server, &mut out);
        });
        row(&format!("Redis: {} a second, in process", words[0]), &format!("{each:.0}"));
    }
    for fan_out in [1, 100, 10_000] {
        let mut server = server(fan_out);
        let mut out = Vec::new();
        let args: Vec<Payload> = vec!["PUBLISH".into(), "c".into(), "x".into()];
        let each = rate(|| {
            server.handle(Instant::ZERO, PUBLISHER, args.clone(), &mut out);
            turn(&mut server, &mut out);
        });
        let deliveries = each * f64::from(fan_out);
        let what = format!("Redis: deliveries a second at a fan-out of {fan_out}, in process");
        row(&what, &format!("{deliveries:.0}"));
    }
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (ours, theirs) = (port(), port());
    let mut front = Command::new(env!("CARGO_BIN_EXE_pushpull"))
        .args(["serve", "--redis", &format!("127.0.0.1:{ours}")])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let real = Command::new("redis-server")
        .args(["--port", &theirs.to_string(), "--save", "", "--bind", "127.0.0.1"])
        .stdout(Stdio::piped())
        .spawn();
    let ready = |pipe: Option<std::process::ChildStdout>| {
        let mut lines = BufReader::new(pipe.unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("Ready to accept connections")));
    };
    ready(front.stdout.take());
    match real {
        Err(_) => row("Redis: through the socket", "skipped: no redis-server here to compare with"),
        Ok(mut real) => {
            ready(real.stdout.take());
            for test in ["ping_mbulk", "set", "lpush"] {
                let pair = (through_socket(ours, test), through_socket(theirs, test));
                if let (Some(ours), Some(theirs)) = pair {
                    row(
                        &format!("Redis: {test} a second through the socket"),
                        &format!("{ours:.0}, {:.2} of redis-server's", ours / theirs),
                    );
                } else {
                    row(
                        &format!("Redis: {test} a second through the socket"),
                        "skipped: no redis-benchmark here",
                    );
                }
            }
            real.kill().unwrap();
            real.wait().unwrap();
        }
    }
    front.kill().unwrap();
    front.wait().unwrap();
}
