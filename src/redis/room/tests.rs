//! Replies that are too large. The rule is Redis's (`closeClientOnOutputBufferLimitReached`),
//! the cases are those of its suite unit/obuf-limits, and the bound where there is no limit is
//! this engine's own.

use super::{REPLY_BYTES, REPLY_ELEMENTS};
use crate::event::{ConnectionId, Payload, RedisFact};
use crate::redis::{Config, Frame, Output, Server};
use crate::sim::Instant;

const A: ConnectionId = ConnectionId(1);

/// What one client saw.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    frames: usize,
    /// Why the server closed it.
    closed: Option<String>,
}

struct Bench {
    server: Server,
}

impl Bench {
    fn new(limit: &str) -> Self {
        let mut server = Server::new(Config::default(), 1);
        server.connect(Instant::ZERO, A, &mut Vec::new());
        let mut bench = Self { server };
        bench.send(&["CONFIG", "SET", "client-output-buffer-limit", limit]);
        bench
    }

    fn send(&mut self, words: &[&str]) -> Seen {
        self.send_payloads(words.iter().map(|word| Payload::from(*word)).collect())
    }

    fn send_payloads(&mut self, words: Vec<Payload>) -> Seen {
        let mut out = Vec::new();
        self.server.handle(Instant::ZERO, A, words, &mut out);
        let mut seen = Seen::default();
        loop {
            let mut taken = 0;
            for output in out.drain(..) {
                match output {
                    Output::Write { frames, bytes, .. } => {
                        seen.frames += frames.len();
                        taken += bytes;
                    }
                    Output::Fact(RedisFact::ClientClosed { reason, .. }) => {
                        seen.closed = Some(reason.to_string());
                    }
                    _ => {}
                }
            }
            self.server.acknowledged(Instant::ZERO, A, taken, &mut out);
            if self.server.next_tick() != Some(Instant::ZERO) {
                return seen;
            }
            self.server.tick(Instant::ZERO, &mut out);
        }
    }
}

fn answered() -> Seen {
    Seen { frames: 1, closed: None }
}

fn closed() -> Seen {
    Seen { frames: 0, closed: Some("overcoming of output buffer limits".into()) }
}

#[test]
fn huge_counts_stop_at_the_hard_limit() {
    for command in [
        &["HRANDFIELD", "h", "-999999999"][..],
        &["HRANDFIELD", "h", "-999999999", "WITHVALUES"],
        &["SRANDMEMBER", "s", "-999999999"],
    ] {
        let mut bench = Bench::new("normal 1000000 0 0");
        bench.send(&["HSET", "h", "a", "b"]);
        bench.send(&["SADD", "s", "a"]);
        assert_eq!(bench.send(command), closed(), "{command:?}");
    }
}

#[test]
fn many_elements_stop_at_the_hard_limit() {
    let long = "x".repeat(100);
    for command in [
        &["KEYS", "*"][..],
        &["LRANGE", "list", "0", "-1"],
        &["SMEMBERS", "set"],
        &["SUNION", "set"],
        &["HGETALL", "hash"],
        &["HKEYS", "hash"],
        &["HVALS", "hash"],
        &["ZRANGE", "zset", "0", "-1"],
        &["XRANGE", "stream", "-", "+"],
    ] {
        let mut bench = Bench::new("normal 100000 0 0");
        for at in 0..1_000 {
            let name = format!("{long}{at}");
            bench.send(&["SET", &name, "v"]);
            bench.send(&["RPUSH", "list", &name]);
            bench.send(&["SADD", "set", &name]);
            bench.send(&["HSET", "hash", &name, &name]);
            bench.send(&["ZADD", "zset", "1", &name]);
            bench.send(&["XADD", "stream", "*", "f", &name]);
        }
        // Half of it fits.
        assert_eq!(bench.send(&["LRANGE", "list", "0", "499"]), answered());
        assert_eq!(bench.send(command), closed(), "{command:?}");
    }
}

#[test]
fn without_a_limit_a_reply_has_a_bound_in_elements() {
    let mut bench = Bench::new("normal 0 0 0");
    bench.send(&["HSET", "h", "a", "b"]);
    let most = format!("-{}", REPLY_ELEMENTS - 1);
    assert_eq!(bench.send(&["HRANDFIELD", "h", &most]), answered());
    assert_eq!(bench.send(&["HRANDFIELD", "h", "-2147483647"]), closed());
}

#[test]
fn without_a_limit_a_reply_has_a_bound_in_bytes() {
    let mut bench = Bench::new("normal 0 0 0");
    let value = Payload::new(vec![b'x'; 1024 * 1024]);
    bench.send_payloads(vec!["SET".into(), "k".into(), value]);
    let mget = |times: u64| -> Vec<Payload> {
        let keys = (0..times).map(|_| Payload::from("k"));
        std::iter::once("MGET".into()).chain(keys).collect()
    };
    let times = REPLY_BYTES / (1024 * 1024);
    assert_eq!(bench.send_payloads(mget(times - 1)), answered());
    assert_eq!(bench.send_payloads(mget(times + 1)), closed());
}

#[test]
fn a_transaction_runs_to_its_end_and_its_reply_is_dropped() {
    let mut bench = Bench::new("normal 100000 0 0");
    bench.send(&["HSET", "h", "a", "b"]);
    bench.send(&["MULTI"]);
    for _ in 0..10 {
        bench.send(&["HRANDFIELD", "h", "-3000"]);
    }
    bench.send(&["SET", "after", "1"]);
    assert_eq!(bench.send(&["EXEC"]), closed());
    bench.server.connect(Instant::ZERO, A, &mut Vec::new());
    let mut out = Vec::new();
    bench.server.handle(Instant::ZERO, A, vec!["EXISTS".into(), "after".into()], &mut out);
    bench.server.tick(Instant::ZERO, &mut out);
    let frames = out.iter().find_map(|output| match output {
        Output::Write { frames, .. } => Some(&frames[..]),
        _ => None,
    });
    assert_eq!(frames, Some(&[Frame::Integer(1)][..]));
}

/// `prepareClientToWrite`: nothing is added, so nothing can be too much.
#[test]
fn a_client_without_replies_is_not_closed() {
    let mut bench = Bench::new("normal 100000 0 0");
    bench.send(&["HSET", "h", "a", "b"]);
    bench.send(&["CLIENT", "REPLY", "OFF"]);
    assert_eq!(bench.send(&["HRANDFIELD", "h", "-999999999"]), Seen::default());
    assert_eq!(bench.send(&["CLIENT", "REPLY", "ON"]), answered());
}
