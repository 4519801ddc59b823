//! Retry topics and dead letters as Spring for Apache Kafka names and marks them (specification
//! 8.6; `DestinationTopicPropertiesFactoryTests`, `RetryTopicHeaders`, `KafkaHeaders`).

use pushpull::event::{CopyId, MessageId, Name, Payload, Tag, TopicPartition};
use pushpull::kafka::consumer::ConsumerRecord;
use pushpull::kafka::record::Record;
use pushpull::kafka::retry::{
    BackOff, DefaultErrorHandler, DltStrategy, Failure, FixedBackOff, Recoverer, RetryTopicConfig,
    RetryTopics, SameIntervalTopicReuse, TopicSuffixing, Verdict, attempts, backoff_until, redrive,
};
use pushpull::sim::{Instant, Span};

fn names(config: RetryTopicConfig) -> Vec<String> {
    let topics = RetryTopics::new("t", config);
    topics.topics().iter().map(|topic| topic.name.to_string()).collect()
}

fn exponential(max: u64) -> BackOff {
    let second = Span::from_secs(1);
    BackOff::Exponential { initial: second, thousandths: 2_000, max: Span::from_millis(max) }
}

#[test]
fn topics_are_named_as_spring_names_them() {
    let default = RetryTopicConfig::default;
    let multiple = SameIntervalTopicReuse::MultipleTopics;
    let capped = RetryTopicConfig { attempts: 5, back_off: exponential(2_000), ..default() };
    for (config, expected) in [
        (default(), vec!["t", "t-retry", "t-dlt"]),
        (RetryTopicConfig { attempts: 2, ..default() }, vec!["t", "t-retry", "t-dlt"]),
        (RetryTopicConfig { attempts: 1, ..default() }, vec!["t", "t-dlt"]),
        (
            RetryTopicConfig { attempts: 4, back_off: exponential(30_000), ..default() },
            vec!["t", "t-retry-1000", "t-retry-2000", "t-retry-4000", "t-dlt"],
        ),
        (
            RetryTopicConfig {
                attempts: 4,
                back_off: exponential(30_000),
                suffixing: TopicSuffixing::IndexValue,
                ..default()
            },
            vec!["t", "t-retry-0", "t-retry-1", "t-retry-2", "t-dlt"],
        ),
        (
            RetryTopicConfig { same_interval: multiple, ..default() },
            vec!["t", "t-retry-0", "t-retry-1", "t-dlt"],
        ),
        (capped.clone(), vec!["t", "t-retry-1000", "t-retry-2000", "t-dlt"]),
        (
            RetryTopicConfig { same_interval: multiple, ..capped },
            vec![
                "t",
                "t-retry-1000",
                "t-retry-2000-0",
                "t-retry-2000-1",
                "t-retry-2000-2",
                "t-dlt",
            ],
        ),
        (RetryTopicConfig { dlt: DltStrategy::NoDlt, ..default() }, vec!["t", "t-retry"]),
    ] {
        assert_eq!(names(config.clone()), expected, "{config:?}");
    }
}

fn failure(fatal: bool) -> Failure {
    let exception = "java.lang.IllegalStateException".into();
    Failure { exception, message: "no such customer".into(), fatal }
}

fn record(topic: &str, offset: u64, record: Record) -> ConsumerRecord {
    let partition = TopicPartition { topic: topic.into(), partition: 2 };
    ConsumerRecord { partition, offset, leader_epoch: Some(0), record }
}

fn order() -> Record {
    let tag = Tag { message: MessageId(7), copy: CopyId(9) };
    Record::new(Some("key".into()), Some(Payload::from("value").with_tag(tag)), 500)
}

fn header(record: &Record, key: &str) -> Option<Vec<u8>> {
    let header = record.headers.iter().rev().find(|header| &*header.key == key)?;
    Some(header.value.as_ref()?.bytes().into_owned())
}

fn published(verdict: Verdict) -> (Name, Option<u32>, Record) {
    match verdict {
        Verdict::Publish { topic, partition, record } => (topic, partition, record),
        other => panic!("{other:?}"),
    }
}

/// Three attempts: the main topic, twice the retry topic, then the dead-letter topic.
#[test]
fn a_record_walks_through_the_chain_with_its_headers() {
    let topics = RetryTopics::new("t", RetryTopicConfig::default());
    let fail = |now: u64, at: &ConsumerRecord| {
        let now = Instant::from_millis(now);
        published(topics.failed(now, at, "billing", &failure(false), |_| Some(1)))
    };
    let (topic, partition, first) = fail(2_000, &record("t", 11, order()));
    assert_eq!((&*topic, partition), ("t-retry", None), "partition 2 does not exist there");
    assert_eq!((attempts(&first), backoff_until(&first)), (2, Some(3_000)));
    assert_eq!(first.tag(), order().tag(), "the copy is still that message");
    let (topic, _, second) = fail(3_100, &record("t-retry", 0, first));
    assert_eq!((&*topic, attempts(&second), backoff_until(&second)), ("t-retry", 3, Some(4_100)));
    let (topic, _, third) = fail(4_200, &record("t-retry", 1, second));
    assert_eq!(&*topic, "t-dlt");
    for (key, value) in [
        ("kafka_original-topic", b"t".to_vec()),
        ("kafka_original-partition", 2_i32.to_be_bytes().to_vec()),
        ("kafka_original-offset", 11_i64.to_be_bytes().to_vec()),
        ("kafka_original-timestamp", 500_i64.to_be_bytes().to_vec()),
        ("kafka_original-timestamp-type", b"CreateTime".to_vec()),
        ("kafka_original-consumer-group", b"billing".to_vec()),
        ("kafka_exception-cause-fqcn", b"java.lang.IllegalStateException".to_vec()),
        ("kafka_exception-message", b"no such customer".to_vec()),
        ("retry_topic-original-timestamp", vec![0x01, 0xf4]),
        ("retry_topic-attempts", 4_i32.to_be_bytes().to_vec()),
    ] {
        assert_eq!(header(&third, key), Some(value), "{key}");
    }
    // Original headers stay those of the first failure, exceptions are replaced, the retry
    // headers of all passes are kept.
    let count = |key: &str| third.headers.iter().filter(|h| &*h.key == key).count();
    assert_eq!(count("kafka_original-offset"), 1);
    assert_eq!(count("kafka_exception-message"), 1);
    assert_eq!(count("retry_topic-attempts"), 3);

    let back = redrive(&record("t-dlt", 5, third));
    let (topic, partition, record) = published(back);
    assert_eq!((&*topic, partition, record.headers), ("t", None, vec![]));
}

#[test]
fn a_fatal_failure_goes_straight_to_the_dead_letter_topic() {
    let topics = RetryTopics::new("t", RetryTopicConfig::default());
    let now = Instant::from_millis(1);
    let at = record("t", 0, order());
    let verdict = topics.failed(now, &at, "billing", &failure(true), |_| Some(3));
    let (topic, partition, _) = published(verdict);
    assert_eq!((&*topic, partition), ("t-dlt", Some(2)));
    let none =
        RetryTopics::new("t", RetryTopicConfig { dlt: DltStrategy::NoDlt, ..Default::default() });
    let verdict = none.failed(now, &at, "billing", &failure(true), |_| None);
    assert_eq!(verdict, Verdict::Skip);
}

/// A dead letter that fails again: by default back to the dead-letter topic, else let go.
#[test]
fn dead_letters_fail_by_strategy() {
    let at = record("t-dlt", 0, order());
    let now = Instant::from_millis(1);
    let verdict = |dlt| {
        let topics = RetryTopics::new("t", RetryTopicConfig { dlt, ..Default::default() });
        topics.failed(now, &at, "billing", &failure(false), |_| None)
    };
    assert_eq!(&*published(verdict(DltStrategy::AlwaysRetryOnError)).0, "t-dlt");
    assert_eq!(verdict(DltStrategy::FailOnError), Verdict::Skip);
}

/// `DefaultErrorHandler`: `FixedBackOff(0, 9)`, ten deliveries in all.
#[test]
fn blocking_delivers_ten_times_and_then_recovers() {
    let at = record("t", 4, order());
    for recoverer in [Recoverer::Log, Recoverer::DeadLetter] {
        let mut handler = DefaultErrorHandler::new(FixedBackOff::default(), recoverer.clone());
        for _ in 0..9 {
            let verdict = handler.failed(&at, "billing", &failure(false), Some(3));
            assert_eq!(verdict, Verdict::Again { after: Span::ZERO });
        }
        let verdict = handler.failed(&at, "billing", &failure(false), Some(3));
        if recoverer == Recoverer::Log {
            assert_eq!(verdict, Verdict::Skip);
        } else {
            let (topic, partition, copy) = published(verdict);
            assert_eq!((&*topic, partition), ("t-dlt", Some(2)));
            let offset = header(&copy, "kafka_dlt-original-offset");
            assert_eq!(offset, Some(4_i64.to_be_bytes().to_vec()));
        }
        // The next record counts from the beginning.
        let next = record("t", 5, order());
        let verdict = handler.failed(&next, "billing", &failure(false), Some(3));
        assert_eq!(verdict, Verdict::Again { after: Span::ZERO });
        handler.succeeded(&next);
        let verdict = handler.failed(&next, "billing", &failure(true), Some(3));
        assert_ne!(verdict, Verdict::Again { after: Span::ZERO }, "fatal ones are not tried again");
    }
}
