//! A consumer among several brokers: leaders that change while it reads (KIP-320).

use crate::harness::{Cluster, topic_partition};
use pushpull::kafka::client::ClientOutput;
use pushpull::kafka::consumer::{
    AutoOffsetReset, Consumer, ConsumerConfig, ConsumerError, ConsumerRecord,
};
use pushpull::kafka::protocol::{Acks, BrokerId, Request};
use pushpull::sim::{SortedMap, SortedSet, Span};

/// A consumer that polls every ten milliseconds; answers take no time on its wire.
struct Reader {
    consumer: Consumer,
    connected: SortedSet<u32>,
    /// The cluster's correlation -> broker and the consumer's own.
    asked: SortedMap<u32, (u32, u32)>,
    /// Which epochs it asked for, and under which leader's.
    requests: Vec<String>,
    records: Vec<(u64, String)>,
}

impl Reader {
    fn new(auto_offset_reset: AutoOffsetReset) -> Self {
        let config = ConsumerConfig {
            partitions: vec![topic_partition(0)],
            auto_offset_reset,
            ..ConsumerConfig::default()
        };
        Self {
            consumer: Consumer::new(config, vec![BrokerId(1), BrokerId(2), BrokerId(3)], 1),
            connected: SortedSet::new(),
            asked: SortedMap::new(),
            requests: Vec::new(),
            records: Vec::new(),
        }
    }

    fn perform(&mut self, cluster: &mut Cluster, outputs: Vec<ClientOutput>) {
        for output in outputs {
            match output {
                ClientOutput::Connect { broker } => {
                    let mut out = Vec::new();
                    if cluster.brokers.contains_key(&broker) && cluster.is_up(broker.0) {
                        self.connected.insert(broker.0);
                        self.consumer.connected(cluster.now, broker, &mut out);
                    } else {
                        self.consumer.disconnected(cluster.now, broker, &mut out);
                    }
                    self.perform(cluster, out);
                }
                ClientOutput::Send { broker, correlation, request } => {
                    if let Request::OffsetForLeaderEpoch(request) = &request {
                        let asked = &request.partitions[0];
                        let now = asked.current_leader_epoch;
                        self.requests.push(format!("epoch {} at {now:?}", asked.leader_epoch));
                    }
                    let asked = cluster.ask(broker, request);
                    self.asked.insert(asked, (broker.0, correlation));
                }
                ClientOutput::Fact(_) | ClientOutput::Completed { .. } => {}
            }
        }
    }

    fn run(&mut self, cluster: &mut Cluster, span: Span) {
        let end = cluster.now + span;
        while cluster.now < end {
            let gone: Vec<u32> =
                self.connected.iter().copied().filter(|&id| !cluster.is_up(id)).collect();
            for id in gone {
                self.connected.remove(&id);
                self.asked.retain(|_, (broker, _)| *broker != id);
                let mut out = Vec::new();
                self.consumer.disconnected(cluster.now, BrokerId(id), &mut out);
                self.perform(cluster, out);
            }
            let answered: Vec<u32> =
                self.asked.keys().copied().filter(|id| cluster.answers.contains_key(id)).collect();
            for id in answered {
                let (Some((broker, own)), Some(answer)) =
                    (self.asked.remove(&id), cluster.answers.remove(&id))
                else {
                    continue;
                };
                let mut out = Vec::new();
                self.consumer.on_response(cluster.now, BrokerId(broker), own, answer, &mut out);
                self.perform(cluster, out);
            }
            let mut out = Vec::new();
            let text = |r: ConsumerRecord| {
                let value = r.record.value.expect("a value");
                (r.offset, String::from_utf8_lossy(&value.bytes()).into_owned())
            };
            self.records.extend(self.consumer.poll(cluster.now, &mut out).into_iter().map(text));
            self.perform(cluster, out);
            cluster.run_for(Span::from_millis(10));
        }
    }

    fn read(&self) -> Vec<(u64, &str)> {
        self.records.iter().map(|(offset, value)| (*offset, value.as_str())).collect()
    }
}

const NOTICED: Span = Span::from_secs(12);

/// A leader that has what was read: the position stands, nothing is read twice, and the new
/// leader was asked once, before the next fetch.
#[test]
fn a_reader_asks_a_new_leader_and_reads_on() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    cluster.produce(1, Acks::All, &["a", "b"]);
    let mut reader = Reader::new(AutoOffsetReset::Earliest);
    reader.run(&mut cluster, Span::from_secs(2));
    assert_eq!(reader.read(), [(0, "a"), (1, "b")]);
    assert!(reader.requests.is_empty(), "nobody else has led: {:?}", reader.requests);
    cluster.crash(1);
    reader.run(&mut cluster, NOTICED);
    let leader = cluster.registration().leader.expect("a leader").0;
    assert_ne!(leader, 1);
    cluster.produce(leader, Acks::All, &["c"]);
    reader.run(&mut cluster, Span::from_secs(2));
    assert_eq!(reader.read(), [(0, "a"), (1, "b"), (2, "c")]);
    let epoch = cluster.registration().leader_epoch;
    assert_eq!(reader.requests, [format!("epoch 0 at Some({epoch})")]);
}

/// An unclean election: the reader has read "lost", which the new leader never had and has
/// written over. One record is at offset 1 now that it would miss if it just read on.
fn truncated(policy: AutoOffsetReset) -> (Cluster, Reader) {
    let mut cluster = Cluster::new(2, 1);
    cluster.create_topic(&[1, 2], &[("unclean.leader.election.enable", "true")]);
    cluster.produce(1, Acks::All, &["a"]);
    cluster.run_for(Span::from_secs(1));
    cluster.crash(2);
    cluster.run_for(NOTICED);
    cluster.produce(1, Acks::All, &["lost"]);
    let mut reader = Reader::new(policy);
    let mut out = Vec::new();
    reader.consumer.seek(cluster.now, &topic_partition(0), 0, &mut out);
    reader.perform(&mut cluster, out);
    reader.run(&mut cluster, Span::from_secs(2));
    assert_eq!(reader.read(), [(0, "a"), (1, "lost")]);
    cluster.crash(1);
    cluster.run_for(NOTICED);
    cluster.restart(2);
    cluster.run_for(Span::from_secs(5));
    assert_eq!(cluster.registration().leader, Some(BrokerId(2)));
    cluster.produce(2, Acks::Leader, &["new", "newer"]);
    reader.run(&mut cluster, Span::from_secs(5));
    (cluster, reader)
}

/// `SubscriptionStateTest#testTruncationDetectionWithResetPolicy`: on at the first offset that is
/// known to differ.
#[test]
fn a_truncated_log_is_noticed_and_read_from_where_it_differs() {
    let (_, reader) = truncated(AutoOffsetReset::Earliest);
    assert_eq!(reader.read(), [(0, "a"), (1, "lost"), (1, "new"), (2, "newer")]);
}

/// `SubscriptionStateTest#testTruncationDetectionWithoutResetPolicy`: the application decides.
#[test]
fn without_a_policy_truncation_is_an_error() {
    let (_, mut reader) = truncated(AutoOffsetReset::None);
    assert_eq!(reader.read(), [(0, "a"), (1, "lost")]);
    let error = ConsumerError::LogTruncation(topic_partition(0), 2, Some(1));
    assert_eq!(reader.consumer.take_error(), Some(error));
    assert_eq!(reader.consumer.position(&topic_partition(0)), None, "it fetches no more");
}
