//! One broker that is its own controller: produce, fetch with long poll, list offsets, metadata.

use pushpull::event::{ConnectionId, CopyId, KafkaFact, MessageId, Payload, Tag, TopicPartition};
use pushpull::kafka::broker::{Broker, BrokerConfig, Output};
use pushpull::kafka::log::TopicConfig;
use pushpull::kafka::protocol::{
    Acks, BrokerId, ErrorCode, FetchPartition, FetchRequest, FetchResponse, IsolationLevel,
    ListOffsetsPartition, ListOffsetsRequest, MetadataRequest, OffsetSpec, PartitionProduceData,
    ProduceRequest, ProduceResponse, Request, Response,
};
use pushpull::kafka::record::{Compression, Record, RecordBatch};
use pushpull::sim::Instant;

const PRODUCER: ConnectionId = ConnectionId(1);
const CONSUMER: ConnectionId = ConnectionId(2);

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn orders(partition: u32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

fn broker(config: TopicConfig) -> Broker {
    let mut broker = Broker::single(BrokerId(0), BrokerConfig::default());
    let mut out = Vec::new();
    broker.create_topic(Instant::ZERO, "orders".into(), 2, config, &mut out).expect("a new topic");
    let created =
        KafkaFact::TopicCreated { topic: "orders".into(), partitions: 2, replication_factor: 1 };
    let placed = |partition| KafkaFact::Placed {
        partition: orders(partition),
        replicas: vec![0],
        leader: Some(0),
        isr: vec![0],
    };
    assert_eq!(out, [created, placed(0), placed(1)].map(Output::Fact));
    broker
}

fn batch(values: &[&str], timestamp: i64) -> RecordBatch {
    let record = |value: &&str| Record::new(None, Some((*value).into()), timestamp);
    let records: Vec<Record> = values.iter().map(record).collect();
    RecordBatch::new(&records, Compression::None, None).expect("at least one record")
}

fn produce(partition: TopicPartition, acks: Acks, records: RecordBatch) -> Request {
    Request::Produce(ProduceRequest {
        transactional_id: None,
        acks,
        timeout_ms: 30_000,
        partitions: vec![PartitionProduceData { partition, records }],
    })
}

fn fetch(offset: u64, min_bytes: u32, max_wait_ms: u32) -> Request {
    Request::Fetch(FetchRequest {
        replica_state: None,
        max_wait_ms,
        min_bytes,
        max_bytes: 52_428_800,
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: vec![FetchPartition {
            partition: orders(0),
            current_leader_epoch: None,
            fetch_offset: offset,
            last_fetched_epoch: None,
            log_start_offset: None,
            partition_max_bytes: 1_048_576,
        }],
    })
}

fn responses(out: &[Output]) -> Vec<(ConnectionId, u32, &Response)> {
    out.iter()
        .filter_map(|output| match output {
            Output::Respond { connection, correlation, response } => {
                Some((*connection, *correlation, response))
            }
            _ => None,
        })
        .collect()
}

fn facts(out: &[Output]) -> Vec<&KafkaFact> {
    out.iter()
        .filter_map(|output| match output {
            Output::Fact(fact) => Some(fact),
            _ => None,
        })
        .collect()
}

fn ask(broker: &mut Broker, now: Instant, request: Request) -> Response {
    let mut out = Vec::new();
    broker.handle(now, PRODUCER, 9, request, &mut out);
    match out.pop() {
        Some(Output::Respond { connection: PRODUCER, correlation: 9, response }) => response,
        other => panic!("no answer at once but {other:?}"),
    }
}

fn produced(response: &Response) -> (ErrorCode, Option<u64>) {
    match response {
        Response::Produce(ProduceResponse { partitions }) => {
            (partitions[0].error_code, partitions[0].base_offset)
        }
        other => panic!("{} is no answer to Produce", other.name()),
    }
}

fn fetched(response: &Response) -> (ErrorCode, Vec<(u64, String)>) {
    let Response::Fetch(FetchResponse { partitions, .. }) = response else {
        panic!("{} is no answer to Fetch", response.name());
    };
    let value = |record: Record| {
        String::from_utf8_lossy(&record.value.expect("a value").bytes()).into_owned()
    };
    let records = partitions[0].records.iter().flat_map(RecordBatch::records);
    (partitions[0].error_code, records.map(|(offset, record)| (offset, value(record))).collect())
}

#[test]
fn an_append_gets_offsets_and_says_what_happened() {
    let mut broker = broker(TopicConfig::default());
    let tag = Tag { message: MessageId(7), copy: CopyId(8) };
    let record = Record::new(Some("k".into()), Some(Payload::from("v").with_tag(tag)), 5);
    let records = RecordBatch::new(&[record], Compression::None, None).expect("a record");
    let mut out = Vec::new();
    broker.handle(ms(5), PRODUCER, 1, produce(orders(1), Acks::Leader, records), &mut out);
    let appended = KafkaFact::Appended {
        partition: orders(1),
        offset: 0,
        leader_epoch: 0,
        segment: 0,
        // The 70 bytes of Kafka's batch with k and v less the 61 of its header.
        bytes: 9,
        tag: Some(tag),
    };
    let moved = KafkaFact::HighWatermarkMoved { partition: orders(1), offset: 1 };
    assert_eq!(facts(&out), [&appended, &moved]);
    assert_eq!(produced(responses(&out)[0].2), (ErrorCode::None, Some(0)));
    let again = produce(orders(1), Acks::All, batch(&["a", "b"], 6));
    assert_eq!(produced(&ask(&mut broker, ms(6), again)), (ErrorCode::None, Some(1)));
    assert_eq!(broker.partition(&orders(1)).map(|p| p.log().log_end_offset()), Some(3));
}

#[test]
fn acks_0_is_never_answered() {
    let mut broker = broker(TopicConfig::default());
    let mut out = Vec::new();
    broker.handle(ms(1), PRODUCER, 1, produce(orders(0), Acks::None, batch(&["a"], 1)), &mut out);
    assert_eq!(responses(&out), []);
    assert_eq!(facts(&out).len(), 2);
}

#[test]
fn a_fetch_waits_for_a_record_and_no_longer_than_it_said() {
    let mut broker = broker(TopicConfig::default());
    let mut out = Vec::new();
    broker.handle(ms(10), CONSUMER, 1, fetch(0, 1, 500), &mut out);
    assert_eq!(out, []);
    assert_eq!(broker.next_tick(), Some(ms(510)));
    broker.tick(ms(510), &mut out);
    let answers = responses(&out);
    assert_eq!((answers[0].0, answers[0].1), (CONSUMER, 1));
    assert_eq!(fetched(answers[0].2), (ErrorCode::None, vec![]));

    out.clear();
    broker.handle(ms(510), CONSUMER, 2, fetch(0, 1, 500), &mut out);
    broker.handle(
        ms(600),
        PRODUCER,
        3,
        produce(orders(1), Acks::Leader, batch(&["x"], 1)),
        &mut out,
    );
    assert_eq!(responses(&out).len(), 1, "another partition's record wakes nobody");
    broker.handle(
        ms(700),
        PRODUCER,
        4,
        produce(orders(0), Acks::Leader, batch(&["a"], 1)),
        &mut out,
    );
    let answers = responses(&out);
    assert_eq!((answers[2].0, answers[2].1), (CONSUMER, 2));
    assert_eq!(fetched(answers[2].2), (ErrorCode::None, vec![(0, "a".to_owned())]));
}

#[test]
fn a_fetch_waits_for_fetch_min_bytes() {
    let mut broker = broker(TopicConfig::default());
    let one = batch(&["a"], 1);
    let mut out = Vec::new();
    broker.handle(ms(0), CONSUMER, 1, fetch(0, one.size_in_bytes() * 2, 500), &mut out);
    broker.handle(ms(1), PRODUCER, 2, produce(orders(0), Acks::Leader, one.clone()), &mut out);
    assert_eq!(responses(&out).len(), 1);
    broker.handle(ms(2), PRODUCER, 3, produce(orders(0), Acks::Leader, one), &mut out);
    let answers = responses(&out);
    assert_eq!(fetched(answers[2].2).1.len(), 2);
}

#[test]
fn a_dropped_connection_takes_its_waiting_fetch_along() {
    let mut broker = broker(TopicConfig::default());
    let mut out = Vec::new();
    broker.handle(ms(0), CONSUMER, 1, fetch(0, 1, 500), &mut out);
    broker.disconnected(ms(1), CONSUMER, &mut out);
    broker.handle(ms(2), PRODUCER, 2, produce(orders(0), Acks::Leader, batch(&["a"], 1)), &mut out);
    assert!(responses(&out).iter().all(|answer| answer.0 == PRODUCER));
}

#[test]
fn offsets_beyond_the_log_are_out_of_range() {
    let mut broker = broker(TopicConfig::default());
    ask(&mut broker, ms(0), produce(orders(0), Acks::Leader, batch(&["a", "b"], 1)));
    let error = |response: &Response| fetched(response).0;
    assert_eq!(error(&ask(&mut broker, ms(0), fetch(3, 1, 500))), ErrorCode::OffsetOutOfRange);
    assert_eq!(error(&ask(&mut broker, ms(0), fetch(2, 1, 0))), ErrorCode::None);
    // The answer begins with the batch that holds the offset; the client drops the rest.
    let response = ask(&mut broker, ms(0), fetch(1, 1, 500));
    assert_eq!(fetched(&response).1, [(0, "a".to_owned()), (1, "b".to_owned())]);
}

#[test]
fn a_topic_or_epoch_the_broker_does_not_have_is_refused() {
    let mut broker = broker(TopicConfig::default());
    let nowhere = TopicPartition { topic: "nowhere".into(), partition: 0 };
    let response = ask(&mut broker, ms(0), produce(nowhere, Acks::All, batch(&["a"], 1)));
    assert_eq!(produced(&response), (ErrorCode::UnknownTopicOrPartition, None));
    let Request::Fetch(mut request) = fetch(0, 1, 500) else { unreachable!("built above") };
    request.partitions[0].current_leader_epoch = Some(1);
    let response = ask(&mut broker, ms(0), Request::Fetch(request));
    assert_eq!(fetched(&response).0, ErrorCode::UnknownLeaderEpoch);
}

#[test]
fn a_batch_larger_than_max_message_bytes_is_refused() {
    let mut config = TopicConfig::default();
    config.set("max.message.bytes", "100").expect("a number");
    let mut broker = broker(config);
    let request = produce(orders(0), Acks::All, batch(&["a"; 9], 1));
    assert_eq!(produced(&ask(&mut broker, ms(0), request)), (ErrorCode::MessageTooLarge, None));
}

#[test]
fn offsets_are_found_by_name_and_by_time() {
    let mut broker = broker(TopicConfig::default());
    // Kafka's answers for the times 100, 300, 200, 300.
    for time in [100, 300, 200, 300] {
        ask(&mut broker, ms(1), produce(orders(0), Acks::Leader, batch(&["a"], time)));
    }
    for (spec, expected) in [
        (OffsetSpec::Earliest, (Some(0), None)),
        (OffsetSpec::Latest, (Some(4), None)),
        (OffsetSpec::MaxTimestamp, (Some(1), Some(300))),
        (OffsetSpec::At(0), (Some(0), Some(100))),
        (OffsetSpec::At(101), (Some(1), Some(300))),
        (OffsetSpec::At(200), (Some(1), Some(300))),
        (OffsetSpec::At(301), (None, None)),
    ] {
        let partition = ListOffsetsPartition {
            partition: orders(0),
            current_leader_epoch: None,
            timestamp: spec,
        };
        let request = ListOffsetsRequest {
            replica_id: None,
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions: vec![partition],
        };
        let Response::ListOffsets(answer) = ask(&mut broker, ms(2), request.into()) else {
            panic!("no answer to ListOffsets");
        };
        let answer = &answer.partitions[0];
        assert_eq!((answer.offset, answer.timestamp), expected, "{spec:?}");
    }
}

#[test]
fn metadata_names_leaders_and_creates_topics_that_are_asked_for() {
    let mut broker = broker(TopicConfig::default());
    let request = |allow_auto_topic_creation| {
        let topics = Some(vec!["orders".into(), "new".into(), "not/allowed".into()]);
        Request::Metadata(MetadataRequest { topics, allow_auto_topic_creation })
    };
    let errors = |response: &Response| match response {
        Response::Metadata(metadata) => {
            metadata.topics.iter().map(|t| (t.error_code, t.partitions.len())).collect::<Vec<_>>()
        }
        other => panic!("{} is no answer to Metadata", other.name()),
    };
    let (unknown, invalid) = (ErrorCode::UnknownTopicOrPartition, ErrorCode::InvalidTopicException);
    let before = [(ErrorCode::None, 2), (unknown, 0), (invalid, 0)];
    assert_eq!(errors(&ask(&mut broker, ms(0), request(false))), before);
    assert_eq!(errors(&ask(&mut broker, ms(0), request(true))), before);
    let after = [(ErrorCode::None, 2), (ErrorCode::None, 1), (invalid, 0)];
    assert_eq!(errors(&ask(&mut broker, ms(1), request(true))), after);
}

#[test]
fn retention_runs_first_after_30_s_and_then_every_5_minutes() {
    let mut config = TopicConfig::default();
    config.set("retention.ms", "1000").expect("a number");
    let mut broker = broker(config);
    ask(&mut broker, ms(0), produce(orders(0), Acks::Leader, batch(&["a"], 0)));
    let mut out = Vec::new();
    // The high watermark is written to disk after 5 s.
    assert_eq!(broker.next_tick(), Some(ms(5_000)));
    broker.tick(ms(5_000), &mut out);
    assert_eq!(out, []);
    assert_eq!(broker.next_tick(), Some(ms(30_000)));
    broker.tick(ms(30_000), &mut out);
    let moved = KafkaFact::LogStartMoved {
        partition: orders(0),
        offset: 1,
        reason: "retention time breached".into(),
    };
    let told = facts(&out);
    let [KafkaFact::SegmentDeleted { segment, .. }, after] = told[..] else { panic!("{told:?}") };
    assert_eq!((segment.base_offset, segment.largest_timestamp), (0, 0));
    assert_eq!(after, &moved);
    // At 300 s the controller looks for leaders that are not the preferred ones.
    assert_eq!(broker.next_tick(), Some(ms(300_000)));
    broker.tick(ms(300_000), &mut out);
    assert_eq!(out.len(), 2);
    assert_eq!(broker.next_tick(), Some(ms(330_000)));
}

/// The process of a cluster of one is gone and comes back: logs are on disk; the controller of
/// the same process refuses the new incarnation until the old one's session is over (9 s), then
/// the last known leader leads again, in a new epoch.
#[test]
fn a_lone_broker_that_starts_again_leads_its_logs_again() {
    let mut broker = broker(TopicConfig::default());
    ask(&mut broker, ms(0), produce(orders(0), Acks::All, batch(&["a", "b"], 1)));
    let run = |broker: &mut Broker, until: Instant| {
        let mut out = Vec::new();
        while let Some(at) = broker.next_tick().filter(|&at| at <= until) {
            broker.tick(at, &mut out);
        }
        out
    };
    run(&mut broker, ms(6_000));
    broker.restart(ms(7_000));
    let mut out = Vec::new();
    broker.handle(ms(7_000), CONSUMER, 1, fetch(0, 1, 0), &mut out);
    assert_eq!(out, [], "nobody listens yet");
    run(&mut broker, ms(15_900));
    assert!(broker.partition(&orders(0)).is_some_and(|partition| !partition.is_leader()));
    let out = run(&mut broker, ms(25_000));
    let elected = |fact: &&KafkaFact| {
        matches!(fact, KafkaFact::LeaderElected { partition, leader: Some(0), .. }
            if *partition == orders(0))
    };
    assert_eq!(facts(&out).into_iter().filter(elected).count(), 1);
    let response = ask(&mut broker, ms(25_000), fetch(0, 1, 0));
    assert_eq!(fetched(&response).1, [(0, "a".to_owned()), (1, "b".to_owned())]);
    let request = produce(orders(0), Acks::All, batch(&["c"], 1));
    assert_eq!(produced(&ask(&mut broker, ms(25_000), request)), (ErrorCode::None, Some(2)));
}

/// `FetchRequestTest#testBrokerRespectsPartitionsOrderAndSizeLimits`: partitions are read in the
/// order of the request until `max_bytes` is used up; only the first batch of the first partition
/// that has something comes whole whatever the limits say (`ReplicaManager#readFromLog`).
#[test]
fn a_fetch_keeps_to_the_order_of_its_partitions_and_to_both_limits() {
    let mut broker = broker(TopicConfig::default());
    for partition in [0, 1] {
        for value in ["one", "two", "six"] {
            let request = produce(orders(partition), Acks::Leader, batch(&[value], 1));
            ask(&mut broker, ms(0), request);
        }
    }
    let size = batch(&["one"], 1).size_in_bytes();
    let mut read = |order: [(u32, u64); 2], max_bytes, partition_max_bytes| -> Vec<usize> {
        let Request::Fetch(mut request) = fetch(0, 1, 500) else { panic!("a fetch") };
        let one = request.partitions.remove(0);
        request.max_bytes = max_bytes;
        request.partitions = order
            .map(|(partition, fetch_offset)| FetchPartition {
                partition: orders(partition),
                fetch_offset,
                partition_max_bytes,
                ..one.clone()
            })
            .to_vec();
        let Response::Fetch(response) = ask(&mut broker, ms(0), Request::Fetch(request)) else {
            panic!("an answer")
        };
        let names: Vec<u32> = response.partitions.iter().map(|p| p.partition.partition).collect();
        assert_eq!(names, order.map(|(partition, _)| partition));
        response.partitions.iter().map(|p| p.records.len()).collect()
    };
    let all = 1_048_576;
    assert_eq!(read([(0, 0), (1, 0)], all, all), [3, 3]);
    assert_eq!(read([(1, 0), (0, 0)], 4 * size, all), [3, 1], "what is left of max_bytes");
    assert_eq!(read([(1, 0), (0, 0)], 2 * size + 1, all), [2, 0]);
    assert_eq!(read([(0, 0), (1, 0)], all, 2 * size), [2, 2], "max.partition.fetch.bytes");
    assert_eq!(read([(0, 0), (1, 0)], 1, all), [1, 0], "or nobody would get on");
    assert_eq!(read([(0, 0), (1, 0)], all, 1), [1, 0], "only the first one may be too large");
    assert_eq!(read([(0, 3), (1, 0)], 1, all), [0, 1], "the first one that has something");
}
