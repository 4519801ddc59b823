//! The modelled producer against the modelled broker, with expectations from the specification
//! (sections 1.3, 4.2 to 4.4).

mod kafka_net;

use kafka_net::{Fate, Net};
use pushpull::event::TopicPartition;
use pushpull::kafka::broker::BrokerConfig;
use pushpull::kafka::client::UNKNOWN_OFFSET;
use pushpull::kafka::producer::ProducerConfig;
use pushpull::kafka::protocol::{Acks, ErrorCode, Request, Response};
use pushpull::kafka::record::Record;
use pushpull::sim::{Instant, SortedSet, Span};
use std::cell::Cell;
use std::rc::Rc;

const MS: Span = Span::from_millis(1);

/// A producer whose metadata and producer id are there already.
fn warm(config: ProducerConfig, partitions: u32) -> (Net, usize) {
    let mut net = Net::new(BrokerConfig::default());
    net.topic("orders", partitions);
    let producer = net.producer(config);
    net.send(producer, "orders", Some("warm-up"), "");
    net.run(Span::from_secs(11));
    assert_eq!(net.completed.len(), 1);
    net.completed.clear();
    net.requests.clear();
    (net, producer)
}

/// When produce requests left, with the partitions and record counts in them.
fn produced(net: &Net) -> Vec<(Instant, Vec<(u32, u32)>)> {
    net.requests
        .iter()
        .filter_map(|(at, _, request)| match request {
            Request::Produce(request) => {
                let batch = |p: &pushpull::kafka::protocol::PartitionProduceData| {
                    (p.partition.partition, p.records.record_count())
                };
                Some((*at, request.partitions.iter().map(batch).collect()))
            }
            _ => None,
        })
        .collect()
}

/// The values in a partition's log, in order.
fn log(net: &Net, partition: u32) -> Vec<String> {
    net.log("orders", partition).into_iter().filter(|value| !value.is_empty()).collect()
}

/// Specification 4.2: a lone record leaves after `linger.ms`, and takes along what lingers for
/// other partitions of the same broker.
#[test]
fn linger_is_five_milliseconds_and_shared_by_a_brokers_partitions() {
    let (mut net, producer) = warm(ProducerConfig::default(), 2);
    // murmur2: `key-1` goes to partition 0 of 2, `user-42` to 0, `abc` to 1, `kafka` to 0.
    let start = net.now;
    net.send(producer, "orders", Some("key-1"), "first");
    net.run(MS.times(4));
    net.send(producer, "orders", Some("abc"), "second");
    net.run(MS.times(50));
    assert_eq!(produced(&net), [(start + MS.times(5), vec![(0, 1), (1, 1)])]);
}

#[test]
fn without_linger_a_record_leaves_at_once() {
    let (mut net, producer) =
        warm(ProducerConfig { linger: Span::ZERO, ..ProducerConfig::default() }, 1);
    let start = net.now;
    net.send(producer, "orders", None, "first");
    net.run(MS.times(50));
    assert_eq!(produced(&net), [(start, vec![(0, 1)])]);
}

/// KIP-794: one partition until `batch.size` bytes went there, however many batches that takes.
#[test]
fn keyless_records_stick_to_a_partition_for_a_batch_size() {
    let (mut net, producer) = warm(ProducerConfig::default(), 8);
    let value = "x".repeat(1_000);
    for _ in 0..64 {
        net.send(producer, "orders", None, &value);
        net.run(MS.times(100));
    }
    let partitions: Vec<u32> = produced(&net).iter().flat_map(|(_, p)| p).map(|p| p.0).collect();
    assert_eq!(partitions.len(), 64, "each record left in its own batch");
    // One record in its own batch: 61 + (1 + 1 + 1 + 1 + 2 + 1000 + 1) + 2 = 1070 bytes; the
    // sixteenth passes 16384.
    for run in partitions.chunks(16) {
        assert!(run.iter().all(|p| *p == run[0]), "{partitions:?}");
    }
    assert!(partitions.iter().collect::<SortedSet<_>>().len() > 1, "{partitions:?}");
}

#[test]
fn a_full_batch_does_not_wait() {
    let (mut net, producer) =
        warm(ProducerConfig { linger: Span::from_secs(10), ..ProducerConfig::default() }, 1);
    let start = net.now;
    for _ in 0..3 {
        net.send(producer, "orders", None, &"x".repeat(8_000));
    }
    net.run(MS.times(100));
    // Two fill the first batch (16384); the third lingers.
    assert_eq!(produced(&net), [(start, vec![(0, 2)])]);
    net.run(Span::from_secs(10));
    assert_eq!(produced(&net).len(), 2);
}

#[test]
fn with_acks_0_nobody_says_where_the_record_lies() {
    let config = ProducerConfig { acks: Acks::None, ..ProducerConfig::default() };
    let (mut net, producer) = warm(config, 1);
    let record = net.send(producer, "orders", None, "fire and forget");
    net.run(MS.times(5));
    let partition = TopicPartition { topic: "orders".into(), partition: 0 };
    assert_eq!(net.completed, [(producer, record, Ok((partition, UNKNOWN_OFFSET)))]);
    net.run(MS.times(5));
    assert_eq!(log(&net, 0), ["fire and forget"]);
}

/// `delivery.timeout.ms`, 120 s, whatever the number of retries.
#[test]
fn records_are_given_up_after_the_delivery_timeout() {
    let (mut net, producer) = warm(ProducerConfig::default(), 1);
    net.up = false;
    net.close(producer);
    let record = net.send(producer, "orders", None, "lost");
    net.run(Span::from_millis(119_999));
    assert_eq!(net.completed, []);
    net.run(MS);
    assert_eq!(net.completed, [(producer, record, Err(ErrorCode::RequestTimedOut))]);
}

/// `SenderTest#testInflightBatchesExpireOnDeliveryTimeout`: a batch that is under way for a second
/// time is given up when its time is over, not when the broker has been silent for
/// `request.timeout.ms` once more; what is given up is not sent again.
#[test]
fn a_batch_under_way_is_given_up_after_the_delivery_timeout() {
    let config = ProducerConfig {
        linger: Span::ZERO,
        request_timeout: Span::from_millis(1_500),
        delivery_timeout: Span::from_millis(2_000),
        ..ProducerConfig::default()
    };
    let (mut net, producer) = warm(config, 1);
    net.on_response = Box::new(|response| match response {
        Response::Produce(_) => Fate::Missing,
        _ => Fate::Arrives,
    });
    let record = net.send(producer, "orders", None, "unanswered");
    net.run(Span::from_millis(1_999));
    assert_eq!(net.completed, []);
    assert!(produced(&net).len() > 1, "it was sent again");
    net.run(MS);
    assert_eq!(net.completed, [(producer, record, Err(ErrorCode::RequestTimedOut))]);
    let sent = produced(&net).len();
    net.run(Span::from_secs(10));
    assert_eq!(produced(&net).len(), sent);
}

/// `max.block.ms`, 60 s: metadata of the partition does not come.
#[test]
fn a_partition_that_does_not_exist_is_waited_for() {
    let (mut net, producer) = warm(ProducerConfig::default(), 2);
    let number = net.send_to(producer, "orders", Some(7), Record::new(None, None, -1));
    net.run(Span::from_millis(59_999));
    assert_eq!(net.completed, []);
    net.run(MS);
    assert_eq!(net.completed, [(producer, number, Err(ErrorCode::RequestTimedOut))]);
}

#[test]
fn a_record_above_max_request_size_is_refused_before_it_is_sent() {
    let (mut net, producer) = warm(ProducerConfig::default(), 1);
    let number = net.send(producer, "orders", None, &"x".repeat(1_048_576));
    assert_eq!(net.completed, [(producer, number, Err(ErrorCode::MessageTooLarge))]);
}

/// Answers break their connection with this chance in a hundred.
fn lossy(net: &mut Net, percent: u64, seed: u64) {
    let mut rng = pushpull::sim::Rng::new(seed, pushpull::sim::Purpose::Latency, 7);
    net.on_response = Box::new(move |response| match response {
        Response::Produce(_) if rng.below(100) < percent => Fate::Breaks,
        _ => Fate::Arrives,
    });
}

fn storm(config: ProducerConfig, seed: u64) -> (Vec<String>, Vec<String>) {
    let (mut net, producer) = warm(config, 1);
    lossy(&mut net, 30, seed);
    let sent: Vec<String> = (0..60).map(|number| format!("v{number}")).collect();
    for value in &sent {
        net.send(producer, "orders", Some("key"), value);
        net.run(MS.times(1 + seed % 7));
    }
    net.on_response = Box::new(|_| Fate::Arrives);
    net.run(Span::from_secs(20));
    assert_eq!(net.completed.len(), sent.len(), "seed {seed}");
    assert!(net.completed.iter().all(|(_, _, result)| result.is_ok()), "seed {seed}");
    (sent, log(&net, 0))
}

/// KIP-98: the broker knows the last five batches of each producer, so what is sent again because
/// its answer was lost is not written again, and the order is kept.
#[test]
fn an_idempotent_producer_neither_duplicates_nor_reorders_under_lost_answers() {
    for seed in 0..300 {
        let config = ProducerConfig { linger: Span::ZERO, ..ProducerConfig::default() };
        let (sent, stored) = storm(config, seed);
        assert_eq!(sent, stored, "seed {seed}");
    }
}

/// The same storm without idempotence: nothing is lost, much is there twice.
#[test]
fn without_idempotence_lost_answers_make_duplicates() {
    let mut twice = 0;
    for seed in 0..50 {
        let config = ProducerConfig {
            linger: Span::ZERO,
            enable_idempotence: false,
            ..ProducerConfig::default()
        };
        let (sent, stored) = storm(config, seed);
        let unique: SortedSet<&String> = stored.iter().collect();
        assert_eq!(unique.len(), sent.len(), "seed {seed}");
        twice += stored.len() - unique.len();
    }
    assert!(twice > 0);
}

/// Refuses the first `count` produce requests with a retriable error, without appending.
fn refuse(net: &mut Net, count: u32) -> Rc<Cell<u32>> {
    let left = Rc::new(Cell::new(count));
    let shared = Rc::clone(&left);
    net.on_request = Box::new(move |request| {
        let Request::Produce(request) = request else { return None };
        if shared.get() == 0 {
            return None;
        }
        shared.set(shared.get() - 1);
        Some(kafka_net::refusal(request, ErrorCode::NotEnoughReplicas))
    });
    left
}

fn two_batches(config: ProducerConfig) -> Vec<String> {
    let config = ProducerConfig { linger: Span::ZERO, ..config };
    let (mut net, producer) = warm(config, 1);
    let left = refuse(&mut net, 1);
    net.send(producer, "orders", None, "first");
    net.send(producer, "orders", None, "second");
    net.run(Span::from_secs(2));
    assert_eq!(left.get(), 0);
    log(&net, 0)
}

/// Specification 4.2: several requests in flight and a retry change the order, unless the
/// producer is idempotent or has one request in flight.
#[test]
fn retries_reorder_only_with_several_in_flight_and_without_idempotence() {
    let plain = ProducerConfig { enable_idempotence: false, ..ProducerConfig::default() };
    assert_eq!(two_batches(plain.clone()), ["second", "first"]);
    assert_eq!(two_batches(ProducerConfig { max_in_flight: 1, ..plain }), ["first", "second"]);
    assert_eq!(two_batches(ProducerConfig::default()), ["first", "second"]);
}

#[test]
fn retries_0_gives_up_at_the_first_error() {
    let config = ProducerConfig { retries: 0, linger: Span::ZERO, ..ProducerConfig::default() };
    let (mut net, producer) = warm(config, 1);
    refuse(&mut net, 1);
    let record = net.send(producer, "orders", None, "first");
    net.run(MS.times(10));
    assert_eq!(net.completed, [(producer, record, Err(ErrorCode::NotEnoughReplicas))]);
}

/// `max.in.flight.requests.per.connection`: no more than five requests await their answer.
#[test]
fn at_most_five_requests_are_in_flight() {
    let config = ProducerConfig { linger: Span::ZERO, ..ProducerConfig::default() };
    let (mut net, producer) = warm(config, 1);
    net.latency = Span::from_millis(500);
    for number in 0..10 {
        net.send(producer, "orders", None, &format!("v{number}"));
        net.run(MS);
    }
    assert_eq!(produced(&net).len(), 5);
    net.run(Span::from_secs(3));
    // What gathered meanwhile left together.
    assert_eq!(produced(&net).len(), 6);
    assert_eq!(log(&net, 0).len(), 10);
}

/// When each produce request of one partition left, its epoch and its first sequence.
fn stamps(net: &Net) -> Vec<(Instant, i16, i32)> {
    let batches = net.requests.iter().filter_map(|(at, _, request)| match request {
        Request::Produce(request) => Some((*at, request.partitions.first()?.records.producer()?)),
        _ => None,
    });
    batches.map(|(at, stamp)| (at, stamp.producer_epoch, stamp.base_sequence)).collect()
}

/// As in `SenderTest`: `delivery.timeout.ms` is 1500, `request.timeout.ms` 1000, linger 0.
fn hasty() -> ProducerConfig {
    ProducerConfig {
        linger: Span::ZERO,
        request_timeout: Span::from_secs(1),
        delivery_timeout: MS.times(1_500),
        ..ProducerConfig::default()
    }
}

/// `SenderTest#testExpiryOfAllSentBatchesShouldCauseUnresolvedSequences`: whether the batch that
/// ran out of time was written is not known, so its sequence is not left as a gap: what comes
/// next goes under the next epoch, from sequence 0.
#[test]
fn after_all_sent_batches_expire_the_epoch_is_raised() {
    let (mut net, producer) = warm(hasty(), 1);
    let left = refuse(&mut net, u32::MAX);
    let first = net.send(producer, "orders", None, "first");
    net.run(Span::from_secs(2));
    assert_eq!(net.completed, [(producer, first, Err(ErrorCode::RequestTimedOut))]);
    assert!(stamps(&net).iter().all(|(_, epoch, sequence)| (*epoch, *sequence) == (0, 1)));
    left.set(0);
    net.requests.clear();
    net.send(producer, "orders", None, "second");
    net.run(Span::from_secs(1));
    let sent: Vec<(i16, i32)> = stamps(&net).iter().map(|(_, e, s)| (*e, *s)).collect();
    assert_eq!(sent, [(1, 0)]);
    assert_eq!(log(&net, 0), ["second"]);
}

/// `SenderTest#testExpiryOfFirstBatchShouldNotCauseUnresolvedSequencesIfFutureBatchesSucceed`:
/// nothing new is sent until the batches that were sent after the expired one are settled; where
/// those succeed, the sequences go on in the same epoch.
#[test]
fn behind_an_expired_batch_nothing_new_leaves_until_the_others_are_settled() {
    let (mut net, producer) = warm(hasty(), 1);
    let accepts = Rc::new(Cell::new(false));
    let shared = Rc::clone(&accepts);
    net.on_request = Box::new(move |request| {
        let Request::Produce(request) = request else { return None };
        let mut answer = kafka_net::refusal(request, ErrorCode::RequestTimedOut);
        if let (Response::Produce(answer), true) = (&mut answer, shared.get()) {
            for partition in &mut answer.partitions {
                (partition.error_code, partition.base_offset) = (ErrorCode::None, Some(2));
            }
        }
        Some(answer)
    });
    let first = net.send(producer, "orders", None, "first");
    net.run(Span::from_secs(1));
    let second = net.send(producer, "orders", None, "second");
    net.run(MS.times(510));
    // The first ran out of time; the second was sent and waits for its next attempt.
    assert_eq!(net.completed, [(producer, first, Err(ErrorCode::RequestTimedOut))]);
    assert_eq!(stamps(&net).last().map(|stamp| (stamp.1, stamp.2)), Some((0, 2)));
    net.completed.clear();
    net.requests.clear();
    accepts.set(true);
    let third = net.send(producer, "orders", None, "third");
    net.run(Span::from_secs(1));
    let sent = stamps(&net);
    let order: Vec<(i16, i32)> = sent.iter().map(|(_, epoch, seq)| (*epoch, *seq)).collect();
    assert_eq!(order, [(0, 2), (0, 3)], "{sent:?}");
    // One millisecond there, one back: the third left with the answer to the second.
    assert_eq!(sent[1].0, sent[0].0 + MS.times(2));
    let done: Vec<u64> = net.completed.iter().map(|(_, number, _)| *number).collect();
    assert_eq!(done, [second, third]);
}
