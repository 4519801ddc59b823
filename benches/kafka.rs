//! Speeds and memory of the pull engine: one broker, one partition, requests in and answers out.
//! Prints its rows, each a JSON array of what, figure and goal, for `make bench`.
#![allow(clippy::unwrap_used, reason = "a broken bench must stop")]

use pushpull::event::{ConnectionId, TopicPartition};
use pushpull::kafka::broker::{Broker, BrokerConfig, Output};
use pushpull::kafka::log::TopicConfig;
use pushpull::kafka::protocol::{
    Acks, BrokerId, FetchPartition, FetchRequest, IsolationLevel, PartitionProduceData,
    ProduceRequest, Response,
};
use pushpull::kafka::record::{Compression, Record, RecordBatch};
use pushpull::sim::Instant;
use std::time::Instant as Clock;

const CLIENT: ConnectionId = ConnectionId(1);
/// Bytes of a record's value.
const VALUE: usize = 100;
/// How many times a cost is measured; the best counts, what else the machine does only slows.
const TRIES: usize = 5;

struct Bench {
    broker: Broker,
    out: Vec<Output>,
    /// Every batch has values of its own, as records from elsewhere have.
    number: u64,
}

fn partition() -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition: 0 }
}

impl Bench {
    fn new() -> Self {
        let mut broker = Broker::single(BrokerId(1), BrokerConfig::default());
        let mut out = Vec::new();
        let config = TopicConfig::default();
        broker.create_topic(Instant::ZERO, "orders".into(), 1, config, &mut out).unwrap();
        Self { broker, out, number: 0 }
    }

    /// One produce request with one batch of `count` records.
    fn produce(&mut self, count: u32) {
        let record = |_| {
            self.number += 1;
            let value = format!("{:0VALUE$}", self.number);
            Record::new(None, Some(value.as_str().into()), 1)
        };
        let records: Vec<Record> = (0..count).map(record).collect();
        let records = RecordBatch::new(&records, Compression::None, None).unwrap();
        let request = ProduceRequest {
            transactional_id: None,
            acks: Acks::Leader,
            timeout_ms: 30_000,
            partitions: vec![PartitionProduceData { partition: partition(), records }],
        };
        self.out.clear();
        self.broker.handle(Instant::ZERO, CLIENT, 0, request.into(), &mut self.out);
        assert!(self.out.iter().any(|output| matches!(output, Output::Respond { .. })));
    }

    /// One fetch request with Kafka's defaults; the next offset to ask for.
    fn fetch(&mut self, offset: u64, max_bytes: u32) -> u64 {
        let request = FetchRequest {
            replica_state: None,
            max_wait_ms: 500,
            min_bytes: 1,
            max_bytes: 52_428_800,
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions: vec![FetchPartition {
                partition: partition(),
                current_leader_epoch: None,
                fetch_offset: offset,
                last_fetched_epoch: None,
                log_start_offset: None,
                partition_max_bytes: max_bytes,
            }],
        };
        self.out.clear();
        self.broker.handle(Instant::ZERO, CLIENT, 0, request.into(), &mut self.out);
        let Some(Output::Respond { response: Response::Fetch(response), .. }) = self.out.first()
        else {
            panic!("nothing there at {offset}")
        };
        let records = response.partitions[0].records.iter().flat_map(RecordBatch::records);
        records.last().map_or(offset, |(last, _)| last + 1)
    }
}

/// The best of some tries, in ns for one of `count`.
fn each(count: u64, mut act: impl FnMut()) -> f64 {
    let one = |_| {
        let begun = Clock::now();
        act();
        begun.elapsed().as_nanos() as f64 / count as f64
    };
    (0..TRIES).map(one).fold(f64::INFINITY, f64::min)
}

/// Memory of this process in bytes; none where the system does not say.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

fn row(what: &str, figure: &str, goal: &str) {
    // Plain words: as Rust prints them they are JSON.
    println!("[{what:?}, {figure:?}, {goal:?}]");
}

fn million(per_second: f64) -> String {
    format!("{:.2} million", per_second / 1e6)
}

fn main() {
    // Both stay: memory that one gives back would be counted as the other's.
    let mut kept = Vec::new();
    for count in [100, 1] {
        let before = resident();
        let mut bench = Bench::new();
        for _ in 0..1_000_000 / count {
            bench.produce(count);
        }
        if let (Some(before), Some(after)) = (before, resident()) {
            let own = 1_000_000 * VALUE as u64;
            let beside = after.saturating_sub(before + own) as f64 / 1e6;
            let what = format!(
                "Kafka: memory a retained record adds to its {VALUE} bytes, batches of {count}"
            );
            row(&what, &format!("{beside:.0} bytes"), "64 bytes");
        }
        kept.push(bench);
    }
    drop(kept);
    for count in [1_u32, 100] {
        let mut bench = Bench::new();
        let times = 100_000 / count;
        let append = each(u64::from(times * count), || {
            for _ in 0..times {
                bench.produce(count);
            }
        });
        let what = format!("Kafka: records appended a second, batches of {count}");
        row(&what, &million(1e9 / append), "");
        let fetch = each(100_000, || {
            let mut offset = 0;
            while offset < 100_000 {
                offset = bench.fetch(offset, 1_048_576);
            }
        });
        let what = format!("Kafka: records fetched a second, batches of {count}");
        row(&what, &million(1e9 / fetch), "");
    }
    // An event in a small log and the same event in a large one.
    let mut costs = Vec::new();
    for length in [1_000_u64, 1_000_000] {
        let mut bench = Bench::new();
        while bench.number < length {
            bench.produce(1);
        }
        let produce = each(100, || (0..100).for_each(|_| bench.produce(1)));
        let fetch = each(100, || {
            for number in 0..100 {
                bench.fetch(length / 100 * number, 1);
            }
        });
        costs.push((produce, fetch));
    }
    let [(produce, fetch), (later_produce, later_fetch)] = costs[..] else { return };
    for (what, first, later) in
        [("a produce request", produce, later_produce), ("a fetch", fetch, later_fetch)]
    {
        row(
            &format!("Kafka: cost of {what} after a million records against after a thousand"),
            &format!("{:.2} ({first:.0} ns, {later:.0} ns)", later / first),
            "flat",
        );
    }
}
