//! Rules of delivery. Expected bytes and orders were captured from redis-server 7.0.15.

use crate::event::{ConnectionId, CopyId, MessageId, Payload, RedisFact, Tag};
use crate::redis::{Config, Output, Server};
use crate::sim::Instant;

struct Bench {
    server: Server,
    now: Instant,
}

const A: ConnectionId = ConnectionId(1);
const B: ConnectionId = ConnectionId(2);
const C: ConnectionId = ConnectionId(3);
const P: ConnectionId = ConnectionId(4);

impl Bench {
    fn new(config: Config) -> Self {
        let mut bench = Self { server: Server::new(config, 1), now: Instant::ZERO };
        for client in [A, B, C, P] {
            bench.server.connect(bench.now, client, &mut Vec::new());
        }
        bench
    }

    fn send(&mut self, client: ConnectionId, line: &str) -> Vec<Output> {
        let args = line.split(' ').map(Payload::from).collect();
        let mut out = Vec::new();
        self.server.handle(self.now, client, args, &mut out);
        out
    }

    /// Ends the turn: who was written to, in order, and with which bytes.
    fn turn(&mut self) -> Vec<(ConnectionId, String)> {
        let mut writes = Vec::new();
        while self.server.next_tick() == Some(self.now) {
            let mut out = Vec::new();
            self.server.tick(self.now, &mut out);
            for output in out {
                if let Output::Write { client, frames, bytes } = output {
                    let mut text = Vec::new();
                    for frame in &frames {
                        frame.encode(&mut text);
                    }
                    assert_eq!(text.len() as u64, bytes);
                    writes.push((client, String::from_utf8_lossy(&text).into_owned()));
                }
            }
        }
        writes
    }
}

#[test]
fn writes_leave_newest_first_and_pipelines_share_a_write() {
    let mut bench = Bench::new(Config::default());
    for client in [A, B, C] {
        bench.send(client, "SUBSCRIBE news");
        bench.turn();
    }
    bench.send(P, "PUBLISH news x");
    bench.send(P, "PUBLISH news y");
    let writes = bench.turn();
    let order: Vec<ConnectionId> = writes.iter().map(|(client, _)| *client).collect();
    assert_eq!(order, [P, C, B, A]);
    assert_eq!(writes[0].1, ":3\r\n:3\r\n");
    let message = |body: &str| format!("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\n{body}\r\n");
    assert_eq!(writes[3].1, message("x") + &message("y"));
    assert_eq!(bench.server.next_tick(), None);
}

#[test]
fn a_client_that_matches_twice_gets_two_copies_with_the_tag() {
    let mut bench = Bench::new(Config::default());
    bench.send(A, "PSUBSCRIBE n*");
    bench.send(A, "SUBSCRIBE news");
    bench.turn();
    let tag = Tag { message: MessageId(7), copy: CopyId(9) };
    let args = vec!["PUBLISH".into(), "news".into(), Payload::from("x").with_tag(tag)];
    let mut out = Vec::new();
    bench.server.handle(bench.now, P, args, &mut out);
    let facts: Vec<(bool, Option<Tag>)> = out
        .iter()
        .filter_map(|output| match output {
            Output::Fact(RedisFact::Queued { pattern, tag, .. }) => Some((*pattern, *tag)),
            _ => None,
        })
        .collect();
    assert_eq!(facts, [(false, Some(tag)), (true, Some(tag))]);
    assert!(matches!(out.last(), Some(Output::Fact(RedisFact::Published { receivers: 2, .. }))));
    assert_eq!(
        bench.turn()[1].1,
        "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n\
         *4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$1\r\nx\r\n"
    );
}

#[test]
fn a_slow_subscriber_over_the_hard_limit_is_closed_and_counted_once_more() {
    let mut config = Config { socket_buffer: 0, ..Config::default() };
    config.limit_pubsub.hard = 30_000;
    let mut bench = Bench::new(config);
    bench.send(A, "SUBSCRIBE news");
    let long = format!("PUBLISH news {}", "x".repeat(20_000));
    bench.send(P, &long);
    assert_eq!(bench.server.buffered(A).map(|(_, memory)| memory), Some(20_504));
    let out = bench.send(P, &long);
    assert!(matches!(out.last(), Some(Output::Fact(RedisFact::Published { receivers: 1, .. }))));
    let mut out = Vec::new();
    bench.server.tick(bench.now, &mut out);
    assert!(out.iter().any(|output| matches!(
        output,
        Output::Fact(RedisFact::ClientClosed { client: A, reason, .. })
            if &**reason == "overcoming of output buffer limits"
    )));
    let out = bench.send(P, &long);
    assert!(matches!(out.last(), Some(Output::Fact(RedisFact::Published { receivers: 0, .. }))));
}

#[test]
fn credit_comes_back_when_the_peer_reads() {
    let mut bench = Bench::new(Config { socket_buffer: 10, ..Config::default() });
    bench.send(P, "PING hello");
    bench.send(P, "PING world");
    let mut out = Vec::new();
    bench.server.tick(bench.now, &mut out);
    assert!(matches!(&out[0], Output::Write { frames, bytes: 10, .. } if frames.is_empty()));
    assert_eq!(bench.server.next_tick(), None);
    bench.server.acknowledged(bench.now, P, 12, &mut out);
    out.clear();
    bench.server.tick(bench.now, &mut out);
    assert!(matches!(&out[0], Output::Write { frames, bytes: 10, .. } if frames.len() == 1));
    bench.server.disconnect(bench.now, P, &mut out);
    assert_eq!(bench.server.buffered(P), None);
}
