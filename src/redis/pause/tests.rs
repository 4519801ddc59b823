//! CLIENT PAUSE. What is expected is what unit/pause and the source of redis 7.0.15 say.

use crate::event::{ConnectionId, Payload};
use crate::redis::{Config, Output, Server};
use crate::sim::{Instant, SortedMap, Span};

const A: ConnectionId = ConnectionId(1);
const B: ConnectionId = ConnectionId(2);
const C: ConnectionId = ConnectionId(3);

struct Bench {
    server: Server,
    now: Instant,
    seen: SortedMap<ConnectionId, Vec<u8>>,
}

impl Bench {
    fn new(config: Config) -> Self {
        let config = Config { epoch_ms: 1_700_000_000_000, ..config };
        let mut server = Server::new(config, 1);
        for client in [A, B, C] {
            server.connect(Instant::ZERO, client, &mut Vec::new());
        }
        Self { server, now: Instant::ZERO, seen: SortedMap::new() }
    }

    /// Sends a line and takes what all clients have got until nothing is due now.
    fn ask(&mut self, client: ConnectionId, line: &str) -> String {
        let args = line.split(' ').map(Payload::from).collect();
        let mut out = Vec::new();
        self.server.handle(self.now, client, args, &mut out);
        self.note(out);
        self.run_to(self.now);
        self.got(client)
    }

    fn note(&mut self, out: Vec<Output>) {
        for output in out {
            if let Output::Write { client, frames, .. } = output {
                for frame in frames {
                    frame.encode(self.seen.entry(client).or_default());
                }
            }
        }
    }

    fn run_to(&mut self, end: Instant) {
        while let Some(at) = self.server.next_tick().filter(|at| *at <= end) {
            self.now = at;
            let mut out = Vec::new();
            self.server.tick(at, &mut out);
            self.note(out);
        }
        self.now = end;
    }

    fn wait(&mut self, ms: u64) {
        self.run_to(self.now + Span::from_millis(ms));
    }

    fn got(&mut self, client: ConnectionId) -> String {
        let bytes = self.seen.remove(&client).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace("\r\n", " ").trim_end().to_owned()
    }

    fn info(&mut self, client: ConnectionId, field: &str) -> String {
        let text = self.ask(client, "INFO");
        let found = text.split(' ').find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        found.unwrap_or_default().to_owned()
    }
}

fn bench() -> Bench {
    Bench::new(Config::default())
}

#[test]
fn writes_wait_for_the_end_and_reads_do_not() {
    let mut bench = bench();
    assert_eq!(bench.ask(A, "CLIENT PAUSE 100000 WRITE"), "+OK");
    for client in [B, C] {
        assert_eq!(bench.ask(client, "SET foo bar"), "");
    }
    assert_eq!(bench.info(A, "blocked_clients"), "2");
    assert_eq!(bench.info(A, "clients_in_timeout_table"), "0");
    assert!(bench.ask(A, "CLIENT LIST").contains("flags=b "));
    assert_eq!(bench.ask(A, "GET foo"), "$-1");
    assert_eq!(bench.ask(A, "CLIENT UNPAUSE"), "+OK");
    assert_eq!([bench.got(B), bench.got(C)], ["+OK", "+OK"]);
    assert_eq!(bench.ask(A, "GET foo"), "$3 bar");
}

#[test]
fn what_may_reach_replicas_waits_like_a_write() {
    let mut bench = bench();
    bench.ask(A, "CLIENT PAUSE 100000 WRITE");
    assert_eq!(bench.ask(B, "PUBLISH c m"), "");
    assert_eq!(bench.ask(C, "SPUBLISH c m"), "");
    bench.ask(A, "CLIENT UNPAUSE");
    assert_eq!([bench.got(B), bench.got(C)], [":0", ":0"]);
}

#[test]
fn a_transaction_waits_when_it_writes() {
    let mut bench = bench();
    bench.ask(A, "SET k v");
    bench.ask(A, "CLIENT PAUSE 100000 WRITE");
    for line in ["MULTI", "GET k", "PING"] {
        bench.ask(B, line);
    }
    assert_eq!(bench.ask(B, "EXEC"), "*2 $1 v +PONG");
    assert_eq!(bench.ask(B, "MULTI"), "+OK");
    // It waits before it is queued.
    assert_eq!(bench.ask(B, "SET k w"), "");
    bench.ask(A, "CLIENT UNPAUSE");
    assert_eq!(bench.got(B), "+QUEUED");
    bench.ask(A, "CLIENT PAUSE 100000 WRITE");
    assert_eq!(bench.ask(B, "EXEC"), "");
    assert_eq!(bench.ask(A, "GET k"), "$1 v");
    bench.ask(A, "CLIENT UNPAUSE");
    assert_eq!(bench.got(B), "*1 +OK");
}

/// "Test that client pause starts at the end of a transaction".
#[test]
fn a_pause_in_a_transaction_lets_it_finish() {
    let mut bench = bench();
    for line in ["MULTI", "SET a 1", "CLIENT PAUSE 60000 WRITE", "SET b 1"] {
        bench.ask(A, line);
    }
    assert_eq!(bench.ask(A, "EXEC"), "*3 +OK +OK +OK");
    assert_eq!(bench.ask(B, "SET c 1"), "");
    assert_eq!(bench.ask(A, "MGET a b c"), "*3 $1 1 $1 1 $-1");
}

#[test]
fn all_commands_wait_and_the_time_ends_it() {
    let mut bench = bench();
    assert_eq!(bench.ask(A, "CLIENT PAUSE 1000"), "+OK");
    // Even the one that would end it.
    assert_eq!(bench.ask(A, "CLIENT UNPAUSE"), "");
    assert_eq!(bench.ask(B, "PING"), "");
    assert_eq!(bench.ask(B, "PING again"), "");
    // Errors do not wait.
    assert_eq!(bench.ask(C, "SET k"), "-ERR wrong number of arguments for 'set' command");
    bench.wait(1_000);
    assert_eq!(bench.got(B), "");
    // The cron looks ten times a second, and the end itself still counts as paused.
    bench.wait(100);
    assert_eq!(bench.got(B), "+PONG $5 again");
    assert_eq!(bench.got(A), "+OK");
}

#[test]
fn the_longer_time_and_the_stricter_mode_win() {
    let mut bench = bench();
    bench.ask(A, "CLIENT PAUSE 1000 WRITE");
    assert_eq!(bench.ask(A, "CLIENT PAUSE 10 ALL"), "+OK");
    assert_eq!(bench.ask(B, "PING"), "");
    bench.wait(900);
    assert_eq!(bench.got(B), "");
    bench.wait(300);
    assert_eq!(bench.got(B), "+PONG");
    assert_eq!(bench.ask(A, "CLIENT PAUSE 0"), "+OK");
    assert_eq!(bench.ask(B, "PING"), "+PONG");
}

/// "Test both active and passive expires are skipped during client pause".
#[test]
fn nothing_expires_and_nothing_is_evicted() {
    let mut bench = bench();
    for line in ["MULTI", "SET a 1 PX 10", "SET b 1 PX 10", "CLIENT PAUSE 50000 WRITE", "EXEC"] {
        bench.ask(A, line);
    }
    bench.wait(500);
    assert_eq!(bench.ask(A, "MGET a b"), "*2 $-1 $-1");
    bench.ask(A, "CONFIG SET maxmemory 1");
    bench.ask(A, "CONFIG SET maxmemory-policy allkeys-random");
    assert_eq!(bench.ask(A, "DBSIZE"), ":2");
    assert_eq!([bench.info(A, "expired_keys"), bench.info(A, "evicted_keys")], ["0", "0"]);
    bench.ask(A, "CONFIG SET maxmemory 0");
    bench.ask(A, "CLIENT UNPAUSE");
    assert_eq!(bench.ask(A, "MGET a b"), "*2 $-1 $-1");
    assert_eq!(bench.info(A, "expired_keys"), "2");
}

/// Replicas are exempt, and for that may not touch the keyspace (`processCommand`).
#[test]
fn a_replica_is_not_paused() {
    let mut bench = bench();
    bench.ask(B, "PSYNC ? -1");
    bench.ask(A, "CLIENT PAUSE 100000 ALL");
    bench.ask(B, "REPLCONF ACK 0");
    assert!(!bench.server.is_blocked(B));
}

#[test]
fn unblock_leaves_a_paused_client_alone() {
    let mut bench = bench();
    bench.ask(A, "CLIENT PAUSE 100000 WRITE");
    bench.ask(B, "SET k v");
    assert_eq!(bench.ask(A, "CLIENT UNBLOCK 2"), ":0");
    bench.ask(A, "CLIENT UNPAUSE");
    assert_eq!(bench.got(B), "+OK");
}

#[test]
fn words_are_checked_as_in_redis() {
    let mut bench = bench();
    for (line, answer) in [
        ("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range"),
        ("CLIENT PAUSE -1", "-ERR timeout is negative"),
        ("CLIENT PAUSE x READ", "-ERR CLIENT PAUSE mode must be WRITE or ALL"),
    ] {
        assert_eq!(bench.ask(A, line), answer, "{line}");
    }
    assert_eq!(bench.ask(A, "PING"), "+PONG");
}
