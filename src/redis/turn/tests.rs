//! The event loop as a cost model.

use crate::event::{ConnectionId, Payload};
use crate::redis::{Config, CostTable, Output, Server};
use crate::sim::Instant;

const TABLE: CostTable = CostTable {
    command: 1_000,
    argument_kib: 0,
    copy: 100,
    copy_kib: 0,
    pattern: 10,
    write: 5_000,
    write_kib: 0,
};

struct Bench {
    server: Server,
    /// Who was written to, and when.
    writes: Vec<(u32, u64)>,
}

impl Bench {
    fn new(clients: u32) -> Self {
        let config = Config { cost: Some(TABLE), ..Config::default() };
        let mut server = Server::new(config, 1);
        for client in 0..clients {
            server.connect(Instant::ZERO, ConnectionId(client), &mut Vec::new());
        }
        Self { server, writes: Vec::new() }
    }

    fn send(&mut self, at: u64, client: u32, line: &str) {
        let args = line.split(' ').map(Payload::from).collect();
        let mut out = Vec::new();
        self.server.handle(Instant(at), ConnectionId(client), args, &mut out);
        self.note(at, &out);
    }

    fn note(&mut self, at: u64, out: &[Output]) {
        for output in out {
            if let Output::Write { client, .. } = output {
                self.writes.push((client.0, at));
            }
        }
    }

    /// Runs until nothing is due before `end`.
    fn run(&mut self, end: u64) -> Vec<(u32, u64)> {
        while let Some(at) = self.server.next_tick().filter(|at| at.as_nanos() <= end) {
            let mut out = Vec::new();
            self.server.tick(at, &mut out);
            self.note(at.as_nanos(), &out);
        }
        std::mem::take(&mut self.writes)
    }
}

#[test]
fn a_turn_takes_its_work_and_each_write_its_own_time() {
    let mut bench = Bench::new(3);
    bench.send(0, 1, "SUBSCRIBE c");
    bench.send(0, 2, "SUBSCRIBE c");
    bench.run(1_000_000);
    bench.send(1_000_000, 0, "PUBLISH c x");
    // One command and three copies, then the newest write first, each 5 microseconds later.
    let start = 1_000_000 + 1_000 + 3 * 100;
    let expected = [(0, start), (2, start + 5_000), (1, start + 10_000)];
    assert_eq!(bench.run(2_000_000), expected);
}

#[test]
fn a_request_to_a_busy_server_waits_for_its_turn() {
    let mut bench = Bench::new(2);
    bench.send(0, 0, "PING");
    // It arrives while the first one is at work, and is read when that reply has left.
    bench.send(500, 1, "PING");
    let first = 1_000 + 100;
    assert_eq!(bench.run(1_000_000), [(0, first), (1, first + 5_000 + 1_100)]);
}

#[test]
fn every_pattern_costs_every_publish() {
    let busy = |patterns: &str| {
        let mut bench = Bench::new(2);
        bench.send(0, 1, patterns);
        bench.run(1_000_000);
        bench.send(1_000_000, 0, "PUBLISH c x");
        bench.run(2_000_000)[0].1
    };
    assert_eq!(busy("PSUBSCRIBE a b d e f") - busy("PSUBSCRIBE a"), 4 * TABLE.pattern);
}

#[test]
fn without_a_table_nothing_takes_time() {
    let mut server = Server::new(Config::default(), 1);
    server.connect(Instant::ZERO, ConnectionId(1), &mut Vec::new());
    server.handle(Instant(7), ConnectionId(1), vec!["PING".into()], &mut Vec::new());
    assert_eq!(server.next_tick(), Some(Instant(7)));
    server.tick(Instant(7), &mut Vec::new());
    assert_eq!(server.next_tick(), None);
}
