//! The modelled consumer against the modelled broker, with expectations from the specification.

mod kafka_net;

use kafka_net::{Client, Net, member};
use pushpull::event::KafkaFact;
use pushpull::kafka::broker::BrokerConfig;
use pushpull::kafka::producer::ProducerConfig;
use pushpull::sim::Span;

fn net_with(records: u32, partitions: u32) -> Net {
    let mut net = Net::new(BrokerConfig::default());
    net.topic("orders", partitions);
    let producer = net.producer(ProducerConfig::default());
    for number in 0..records {
        net.send(producer, "orders", Some(&format!("key-{number}")), &format!("v{number}"));
    }
    net.run(Span::from_millis(100));
    assert_eq!(net.completed.len(), records as usize);
    assert!(net.completed.iter().all(|(_, _, result)| result.is_ok()), "{:?}", net.completed);
    net
}

#[test]
fn a_group_of_one_reads_everything_and_commits_what_polls_returned() {
    let mut net = net_with(20, 3);
    let reader = net.consumer(member("billing", &["orders"]), Span::from_millis(10));
    net.run(Span::from_secs(10));
    let mut values = net.values(reader);
    values.sort();
    values.dedup();
    assert_eq!(values.len(), 20);
    assert_eq!(net.app(reader).records.len(), 20, "nothing twice");
    let committed: u64 = net
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            KafkaFact::Committed { offset, .. } => Some(*offset),
            _ => None,
        })
        .sum();
    assert_eq!(committed, 20, "the offsets after the last records add up");
}

/// Kafka waits `group.initial.rebalance.delay.ms` (3 s) for more members.
#[test]
fn the_first_assignment_takes_the_initial_rebalance_delay() {
    let mut net = net_with(1, 1);
    let start = net.now;
    let reader = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(5));
    let at = net.app(reader).records[0].0;
    assert!(at >= start + Span::from_secs(3) && at < start + Span::from_millis(3_100), "{at}");
}

#[test]
fn a_crashed_reader_is_followed_from_the_committed_offset() {
    let mut net = net_with(30, 1);
    let mut config = member("billing", &["orders"]);
    config.max_poll_records = 1;
    let first = net.consumer(config.clone(), Span::from_secs(1));
    // One record a second: the automatic commit comes five seconds after the assignment, inside
    // a poll, with what the polls before it returned.
    net.run(Span::from_millis(11_500));
    let read = net.app(first).records.len() as u64;
    let committed = net.facts.iter().rev().find_map(|(_, fact)| match fact {
        KafkaFact::Committed { offset, .. } => Some(*offset),
        _ => None,
    });
    let committed = committed.expect("an automatic commit");
    assert!(committed < read, "{committed} {read}");
    net.crash(first);
    config.max_poll_records = 500;
    let second = net.consumer(config, Span::from_millis(1));
    net.run(Span::from_secs(60));
    let offsets: Vec<u64> = net.app(second).records.iter().map(|(_, r)| r.offset).collect();
    assert_eq!(offsets, (committed..30).collect::<Vec<_>>());
}

#[test]
fn a_closed_connection_costs_time_and_nothing_else() {
    let mut net = net_with(10, 1);
    let mut config = member("billing", &["orders"]);
    config.max_poll_records = 1;
    let reader = net.consumer(config, Span::from_millis(100));
    net.run(Span::from_millis(3_300));
    assert!((1..9).contains(&net.app(reader).records.len()));
    net.close(reader);
    net.run(Span::from_secs(3));
    let offsets: Vec<u64> = net.app(reader).records.iter().map(|(_, r)| r.offset).collect();
    assert_eq!(offsets, (0..10).collect::<Vec<_>>(), "the position was kept in memory");
}

#[test]
fn a_second_member_takes_its_share() {
    let mut net = net_with(0, 4);
    let first = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(5));
    assert_eq!(net.app(first).consumer.assignment().count(), 4);
    let second = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(5));
    let shares = [first, second].map(|c| net.app(c).consumer.assignment().count());
    assert_eq!(shares, [2, 2]);
    net.with(second, pushpull::kafka::consumer::Consumer::close);
    net.run(Span::from_secs(5));
    net.clients[second] = Client::Crashed;
    assert_eq!(net.app(first).consumer.assignment().count(), 4);
}
