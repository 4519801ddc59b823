//! A primary and a replica joined in memory. What is expected was measured on two
//! redis-server 7.0.15.
#![allow(clippy::unwrap_used, reason = "a missing reply fails the test")]

use pushpull::event::{ConnectionId, Payload};
use pushpull::redis::{Config, Frame, Output, Server};
use pushpull::sim::{Instant, SortedMap, Span};

const CLIENT: ConnectionId = ConnectionId(1);
const READER: ConnectionId = ConnectionId(2);

struct Pair {
    servers: [Server; 2],
    now: Instant,
    /// The wire between them: the connection's id at both ends.
    wire: Option<ConnectionId>,
    next_wire: u32,
    /// Whether the wire may be (re)made.
    plugged: bool,
    received: SortedMap<(usize, ConnectionId), Vec<u8>>,
}

const PRIMARY: usize = 0;
const REPLICA: usize = 1;

impl Pair {
    fn new() -> Self {
        let config = || Config { epoch_ms: 1_700_000_000_000, ..Config::default() };
        let mut pair = Self {
            servers: [Server::new(config(), 1), Server::new(config(), 2)],
            now: Instant::ZERO,
            wire: None,
            next_wire: 100,
            plugged: true,
            received: SortedMap::new(),
        };
        for server in &mut pair.servers {
            for client in [CLIENT, READER] {
                server.connect(Instant::ZERO, client, &mut Vec::new());
            }
        }
        pair
    }

    fn deliver(&mut self, at: usize, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Write { client, frames, bytes } => {
                    let mut more = Vec::new();
                    self.servers[at].acknowledged(self.now, client, bytes, &mut more);
                    if Some(client) == self.wire {
                        self.over_the_wire(1 - at, frames);
                    } else {
                        let received = self.received.entry((at, client)).or_default();
                        for frame in &frames {
                            frame.encode(received);
                        }
                    }
                    self.deliver(at, more);
                }
                Output::Close { client } if Some(client) == self.wire => self.cut(),
                _ => {}
            }
        }
    }

    fn over_the_wire(&mut self, to: usize, frames: Vec<Frame>) {
        let Some(wire) = self.wire else { return };
        for frame in frames {
            let mut out = Vec::new();
            if to == REPLICA {
                self.servers[REPLICA].link_frame(self.now, frame, &mut out);
            } else {
                let Frame::Array(words) = frame else { panic!("{frame:?}") };
                let word = |frame| match frame {
                    Frame::Bulk(word) => word,
                    other => panic!("{other:?}"),
                };
                let words = words.into_iter().map(word).collect();
                self.servers[PRIMARY].handle(self.now, wire, words, &mut out);
            }
            self.deliver(to, out);
        }
    }

    fn cut(&mut self) {
        if let Some(wire) = self.wire.take() {
            let mut out = Vec::new();
            self.servers[PRIMARY].disconnect(self.now, wire, &mut out);
            self.servers[REPLICA].link_down(self.now, &mut out);
        }
    }

    fn run(&mut self) {
        loop {
            if self.wire.is_none()
                && self.plugged
                && self.servers[REPLICA].wanted_primary().is_some()
            {
                let wire = ConnectionId(self.next_wire);
                self.next_wire += 1;
                self.wire = Some(wire);
                self.servers[PRIMARY].connect(self.now, wire, &mut Vec::new());
                let mut out = Vec::new();
                self.servers[REPLICA].link_up(self.now, wire, &mut out);
                self.deliver(REPLICA, out);
            }
            let due = |server: &Server| server.next_tick().is_some_and(|at| at <= self.now);
            let Some(at) = self.servers.iter().position(due) else { return };
            let mut out = Vec::new();
            self.servers[at].tick(self.now, &mut out);
            self.deliver(at, out);
        }
    }

    fn advance(&mut self, span: Span) {
        let end = self.now + span;
        loop {
            let next = self.servers.iter().filter_map(Server::next_tick).min();
            match next.filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
            self.run();
        }
        self.now = end;
        self.run();
    }

    fn send(&mut self, at: usize, client: ConnectionId, line: &str) -> String {
        let args = line.split(' ').map(Payload::from).collect();
        let mut out = Vec::new();
        self.servers[at].handle(self.now, client, args, &mut out);
        self.deliver(at, out);
        self.run();
        self.read(at, client)
    }

    fn read(&mut self, at: usize, client: ConnectionId) -> String {
        let bytes = self.received.remove(&(at, client)).unwrap_or_default();
        String::from_utf8(bytes).unwrap()
    }

    /// A linked pair with the first acknowledgement given.
    fn linked() -> Self {
        let mut pair = Self::new();
        assert_eq!(pair.send(REPLICA, CLIENT, "REPLICAOF 127.0.0.1 6379"), "+OK\r\n");
        assert!(pair.servers[REPLICA].is_linked());
        pair
    }
}

#[test]
fn a_full_resync_brings_every_type_with_its_groups_and_expiries() {
    let mut pair = Pair::new();
    for line in [
        "SET s v EX 100",
        "RPUSH l a b",
        "HSET h f v",
        "SADD u 3 1",
        "ZADD z 1.5 m",
        "XADD x 1-1 f v",
        "XADD x 2-1 f v",
        "XGROUP CREATE x g 0",
        "XREADGROUP GROUP g c COUNT 1 STREAMS x >",
        "XGROUP CREATE empty g $ MKSTREAM",
    ] {
        pair.send(PRIMARY, CLIENT, line);
    }
    pair.send(REPLICA, CLIENT, "SET stale 1");
    pair.send(REPLICA, CLIENT, "REPLICAOF 127.0.0.1 6379");
    for line in [
        "GET s",
        "PTTL s",
        "LRANGE l 0 -1",
        "HGETALL h",
        "SMEMBERS u",
        "ZRANGE z 0 -1 WITHSCORES",
        "XRANGE x - +",
        "XPENDING x g",
        "XPENDING x g - + 10",
        "XINFO GROUPS x",
        "XINFO STREAM empty",
        "EXISTS stale",
        "DBSIZE",
    ] {
        let expected = pair.send(PRIMARY, CLIENT, line);
        assert_eq!(pair.send(REPLICA, READER, line), expected, "{line}");
    }
}

#[test]
fn changes_follow_and_a_replica_refuses_writes_but_not_publish() {
    let mut pair = Pair::linked();
    pair.send(REPLICA, READER, "SUBSCRIBE news");
    pair.send(PRIMARY, CLIENT, "INCR n");
    assert_eq!(pair.send(REPLICA, CLIENT, "GET n"), "$1\r\n1\r\n");
    assert_eq!(
        pair.send(REPLICA, CLIENT, "SET n 5"),
        "-READONLY You can't write against a read only replica.\r\n"
    );
    pair.read(REPLICA, READER);
    // The count is that of the primary's own subscribers.
    assert_eq!(pair.send(PRIMARY, CLIENT, "PUBLISH news x"), ":0\r\n");
    let message = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n";
    assert_eq!(pair.read(REPLICA, READER), message);
    assert_eq!(pair.send(REPLICA, CLIENT, "PUBLISH news x"), ":1\r\n");
    assert_eq!(pair.send(PRIMARY, CLIENT, "WAIT 1 100"), ":1\r\n");
    let offset = pair.servers[PRIMARY].replication_offset();
    assert_eq!(pair.servers[REPLICA].replication_offset(), offset);
}

#[test]
fn what_was_published_while_the_link_was_cut_comes_late_with_a_partial_resync() {
    let mut pair = Pair::linked();
    pair.send(REPLICA, READER, "SUBSCRIBE news");
    pair.read(REPLICA, READER);
    pair.plugged = false;
    pair.cut();
    pair.send(PRIMARY, CLIENT, "PUBLISH news late");
    pair.send(PRIMARY, CLIENT, "SET k v");
    assert_eq!(pair.read(REPLICA, READER), "");
    assert_eq!(pair.send(REPLICA, CLIENT, "GET k"), "$-1\r\n");
    assert_eq!(pair.send(PRIMARY, CLIENT, "WAIT 1 0").len(), 0, "nobody acknowledges");
    pair.plugged = true;
    pair.advance(Span::from_secs(2));
    assert_eq!(pair.read(REPLICA, READER), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$4\r\nlate\r\n");
    assert_eq!(pair.send(REPLICA, CLIENT, "GET k"), "$1\r\nv\r\n");
    // The replica says once a second how far it is.
    pair.advance(Span::from_secs(1));
    assert_eq!(pair.read(PRIMARY, CLIENT), ":1\r\n");
    let info = pair.send(PRIMARY, READER, "INFO stats");
    assert!(info.contains("sync_full:1\r\n") && info.contains("sync_partial_ok:1\r\n"), "{info}");
}

#[test]
fn a_promoted_replica_lacks_what_never_reached_it() {
    let mut pair = Pair::linked();
    pair.send(PRIMARY, CLIENT, "SET kept 1");
    pair.plugged = false;
    pair.cut();
    assert_eq!(pair.send(PRIMARY, CLIENT, "SET lost 1"), "+OK\r\n");
    assert_eq!(pair.send(REPLICA, CLIENT, "REPLICAOF NO ONE"), "+OK\r\n");
    assert_eq!(pair.send(REPLICA, CLIENT, "MGET kept lost"), "*2\r\n$1\r\n1\r\n$-1\r\n");
    assert_eq!(pair.send(REPLICA, CLIENT, "SET new 1"), "+OK\r\n");
}

#[test]
fn too_few_replicas_refuse_writes_alone() {
    let mut pair = Pair::linked();
    pair.send(PRIMARY, CLIENT, "CONFIG SET min-replicas-to-write 1");
    assert_eq!(pair.send(PRIMARY, CLIENT, "SET k v"), "+OK\r\n");
    pair.plugged = false;
    pair.cut();
    assert_eq!(
        pair.send(PRIMARY, CLIENT, "SET k v"),
        "-NOREPLICAS Not enough good replicas to write.\r\n"
    );
    assert_eq!(pair.send(PRIMARY, CLIENT, "PUBLISH c m"), ":0\r\n");
}

#[test]
fn a_key_that_expires_is_deleted_on_the_replica_by_the_primary() {
    let mut pair = Pair::linked();
    pair.send(PRIMARY, CLIENT, "SET k v PX 130");
    pair.send(REPLICA, CLIENT, "CONFIG SET notify-keyspace-events Egx");
    pair.send(REPLICA, READER, "PSUBSCRIBE __keyevent@0__:*");
    pair.read(REPLICA, READER);
    pair.advance(Span::from_millis(150));
    // Hidden, and still counted, until the primary's own cycle comes round.
    assert_eq!(pair.send(REPLICA, CLIENT, "GET k"), "$-1\r\n");
    assert_eq!(pair.send(REPLICA, CLIENT, "DBSIZE"), ":1\r\n");
    pair.advance(Span::from_millis(100));
    assert_eq!(pair.send(REPLICA, CLIENT, "DBSIZE"), ":0\r\n");
    assert!(pair.read(REPLICA, READER).contains("__keyevent@0__:del"));
}

/// "Test when replica paused, offset would not grow" and "... would grow after unpause"
/// (unit/pause of redis 7.0.15).
#[test]
fn a_paused_replica_holds_the_stream_up_and_takes_it_later_in_order() {
    let mut pair = Pair::linked();
    pair.send(PRIMARY, CLIENT, "SET k 1");
    let offset = pair.servers[REPLICA].replication_offset();
    assert_eq!(pair.send(REPLICA, CLIENT, "CLIENT PAUSE 100000 WRITE"), "+OK\r\n");
    pair.send(PRIMARY, CLIENT, "INCR k");
    pair.send(PRIMARY, CLIENT, "APPEND k 0");
    assert_eq!(pair.servers[REPLICA].replication_offset(), offset);
    assert_eq!(pair.send(REPLICA, CLIENT, "GET k"), "$1\r\n1\r\n");
    pair.send(REPLICA, CLIENT, "CLIENT UNPAUSE");
    assert_eq!(pair.send(REPLICA, CLIENT, "GET k"), "$2\r\n20\r\n");
    let primary = pair.servers[PRIMARY].replication_offset();
    assert_eq!(pair.servers[REPLICA].replication_offset(), primary);
}

/// "WAIT implicitly blocks on client pause since ACKs aren't sent" (unit/wait of redis 7.0.15).
#[test]
fn a_paused_primary_asks_no_replica_for_its_offset() {
    let mut pair = Pair::linked();
    for line in ["MULTI", "INCR n", "CLIENT PAUSE 100000 WRITE"] {
        pair.send(PRIMARY, CLIENT, line);
    }
    assert_eq!(pair.send(PRIMARY, CLIENT, "EXEC"), "*2\r\n:1\r\n+OK\r\n");
    let offset = pair.servers[PRIMARY].replication_offset();
    assert_eq!(pair.send(PRIMARY, CLIENT, "WAIT 1 500"), "");
    assert_eq!(pair.servers[PRIMARY].replication_offset(), offset);
    pair.send(PRIMARY, READER, "CLIENT UNPAUSE");
    assert_eq!(pair.read(PRIMARY, CLIENT), ":1\r\n");
    assert!(pair.servers[PRIMARY].replication_offset() > offset);
}
