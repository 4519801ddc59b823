//! The modelled consumer against the modelled broker, with expectations from the specification.

mod kafka_net;

use kafka_net::{Client, Net, member};
use pushpull::event::{KafkaFact, TopicPartition};
use pushpull::kafka::assignor::Assignor;
use pushpull::kafka::broker::BrokerConfig;
use pushpull::kafka::consumer::{
    AutoOffsetReset, Consumer, ConsumerConfig, ConsumerError, ConsumerRecord, ResetTo,
};
use pushpull::kafka::producer::ProducerConfig;
use pushpull::kafka::protocol::ErrorCode;
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

fn orders(partition: u32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

/// Offsets that a consumer got from a partition, in order.
fn offsets(net: &Net, client: usize, partition: u32) -> Vec<u64> {
    let of = |record: &ConsumerRecord| record.partition.partition == partition;
    net.app(client).records.iter().filter(|(_, r)| of(r)).map(|(_, r)| r.offset).collect()
}

fn settled(assignors: &[Assignor], partitions: u32) -> (Net, usize) {
    let mut net = net_with(0, partitions);
    let config = ConsumerConfig { assignors: assignors.to_vec(), ..member("billing", &["orders"]) };
    let first = net.consumer(config, Span::ZERO);
    net.run(Span::from_secs(4));
    assert_eq!(net.app(first).consumer.assignment().count() as u32, partitions);
    (net, first)
}

/// The sizes of all assignments that a member was told, in order.
fn assignments(net: &Net, client: usize) -> Vec<usize> {
    let id = net.app(client).consumer.member_id();
    net.facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            KafkaFact::Assigned { member, partitions, .. } if member == id => {
                Some(partitions.len())
            }
            _ => None,
        })
        .collect()
}

/// Specification 6.2: eager members give up everything before they join; cooperative ones keep
/// reading what they keep, and hand over the rest in a second round.
#[test]
fn an_eager_rebalance_stops_the_world_and_a_cooperative_one_does_not() {
    for (assignor, steps, generations) in
        [(Assignor::Range, vec![4, 0, 2], 2), (Assignor::CooperativeSticky, vec![4, 2, 2], 3)]
    {
        let (mut net, first) = settled(&[assignor], 4);
        let config = ConsumerConfig { assignors: vec![assignor], ..member("billing", &["orders"]) };
        let second = net.consumer(config, Span::ZERO);
        net.run(Span::from_secs(10));
        assert_eq!(assignments(&net, first), steps, "{assignor:?}");
        assert_eq!(net.app(second).consumer.assignment().count(), 2, "{assignor:?}");
        assert_eq!(net.app(second).consumer.generation(), Some(generations), "{assignor:?}");
    }
}

/// Specification 6.2: C1 joins at 0 s, C2 at 1 s, an empty group: generation 1 at 6 s.
#[test]
fn the_initial_delay_is_extended_once_for_a_second_member() {
    let mut net = net_with(0, 2);
    let start = net.now;
    let first = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(1));
    let second = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(10));
    let at = net.facts.iter().find_map(|(at, fact)| match fact {
        KafkaFact::Assigned { generation: 1, .. } => Some(*at),
        _ => None,
    });
    let after = at.expect("an assignment").since(start);
    assert!(after >= Span::from_secs(6) && after < Span::from_millis(6_100), "{after}");
    for client in [first, second] {
        assert_eq!(net.app(client).consumer.generation(), Some(1));
        assert_eq!(net.app(client).consumer.assignment().count(), 1);
    }
}

/// A crash is noticed when the session ends, after 45 s of silence.
#[test]
fn a_crash_is_noticed_after_the_session_timeout() {
    let (mut net, first) = settled(&[Assignor::Range], 2);
    let second = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(10));
    net.crash(second);
    let crashed = net.now;
    net.run(Span::from_secs(60));
    let removed = net.facts.iter().find_map(|(at, fact)| match fact {
        KafkaFact::MemberRemoved { .. } if *at > crashed => Some(at.since(crashed)),
        _ => None,
    });
    let after = removed.expect("a removal");
    assert!(after > Span::from_secs(42) && after <= Span::from_secs(45), "{after}");
    assert_eq!(net.app(first).consumer.assignment().count(), 2);
}

/// KIP-345: a static member that comes back within its session takes its partitions up again;
/// nobody rebalances.
#[test]
fn a_static_member_returns_without_a_rebalance() {
    let mut net = net_with(0, 4);
    let config = |instance: &str| ConsumerConfig {
        group_instance_id: Some(instance.into()),
        ..member("billing", &["orders"])
    };
    let first = net.consumer(config("a"), Span::ZERO);
    let second = net.consumer(config("b"), Span::ZERO);
    net.run(Span::from_secs(10));
    let before: Vec<_> = net.app(second).consumer.assignment().cloned().collect();
    let generation = net.app(first).consumer.generation();
    net.with(second, Consumer::close);
    net.run(Span::from_secs(5));
    net.crash(second);
    net.run(Span::from_secs(20));
    assert_eq!(net.app(first).consumer.assignment().count(), 2, "its place is kept");
    let again = net.consumer(config("b"), Span::ZERO);
    net.run(Span::from_secs(5));
    assert_eq!(net.app(again).consumer.assignment().cloned().collect::<Vec<_>>(), before);
    assert_eq!(net.app(first).consumer.generation(), generation);
    assert_eq!(net.app(again).consumer.generation(), generation);
}

/// Specification 5.6: whoever does not poll for `max.poll.interval.ms` leaves by itself, heartbeats
/// or not; its commit fails, and another member gets its records again.
#[test]
fn a_slow_handler_leaves_the_group_and_its_commit_fails() {
    let mut net = net_with(5, 1);
    let config = ConsumerConfig { enable_auto_commit: false, ..member("billing", &["orders"]) };
    let slow = net.consumer(config.clone(), Span::from_secs(400));
    net.run(Span::from_secs(5));
    assert_eq!(offsets(&net, slow, 0), [0, 1, 2, 3, 4]);
    let started = net.app(slow).records[0].0;
    let other = net.consumer(config, Span::ZERO);
    net.run(Span::from_secs(320));
    let left = net.requests.iter().find(|(_, c, r)| *c == slow && r.name() == "LeaveGroup");
    assert_eq!(left.map(|(at, _, _)| *at), Some(started + Span::from_secs(300)));
    assert_eq!(offsets(&net, other, 0), [0, 1, 2, 3, 4], "handled again");
    net.with(slow, |consumer, now, out| consumer.commit(now, vec![(orders(0), 5)], out));
    net.with(slow, |consumer, _, _| {
        let result = consumer.take_commit_result().expect("a result");
        assert_eq!(result.error, ErrorCode::UnknownMemberId);
    });
}

/// Specification 5.4: polls every second return ten records each; the automatic commit stands in
/// the poll at five seconds and covers what the polls before it returned.
#[test]
fn auto_commit_covers_what_earlier_polls_returned() {
    let mut net = net_with(80, 1);
    let config = ConsumerConfig { max_poll_records: 10, ..member("billing", &["orders"]) };
    let reader = net.consumer(config, Span::from_secs(1));
    net.run(Span::from_millis(3_100 + 7_400));
    let start = net.app(reader).records[0].0;
    let committed: Vec<(u64, u64)> = net
        .facts
        .iter()
        .filter_map(|(at, fact)| match fact {
            KafkaFact::Committed { offset, .. } => Some((at.since(start).as_millis(), *offset)),
            _ => None,
        })
        .collect();
    assert_eq!(committed, [(5_001, 50)], "one millisecond on the way");
    net.crash(reader);
    let config = member("billing", &["orders"]);
    let next = net.consumer(config, Span::ZERO);
    net.run(Span::from_secs(60));
    assert_eq!(offsets(&net, next, 0), (50..80).collect::<Vec<_>>());
}

#[test]
fn seek_pause_and_resume() {
    let mut net = net_with(10, 1);
    let reader = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(4));
    net.with(reader, |consumer, now, out| consumer.seek(now, &orders(0), 7, out));
    net.run(Span::from_secs(1));
    assert_eq!(offsets(&net, reader, 0)[10..], [7, 8, 9]);
    net.with(reader, |consumer, _, _| consumer.pause(&[orders(0)]));
    let producer = 0;
    net.send(producer, "orders", Some("k"), "later");
    let sent = net.now.as_millis();
    net.run(Span::from_secs(60));
    assert_eq!(offsets(&net, reader, 0).len(), 13);
    assert_eq!(net.app(reader).consumer.assignment().count(), 1, "paused, not gone");
    net.with(reader, |consumer, _, _| consumer.resume(&[orders(0)]));
    net.run(Span::from_secs(1));
    assert_eq!(offsets(&net, reader, 0)[13..], [10]);
    // By time: the first record from then on; without one, the end.
    net.with(reader, |c, now, out| c.seek_to_time(now, &orders(0), sent as i64, out));
    net.run(Span::from_secs(1));
    assert_eq!(offsets(&net, reader, 0)[14..], [10]);
    net.with(reader, |c, now, out| c.seek_to_time(now, &orders(0), sent as i64 + 1_000, out));
    net.run(Span::from_secs(1));
    assert_eq!(net.app(reader).consumer.position(&orders(0)), Some(11));
    net.with(reader, |c, now, out| c.seek_to(now, &orders(0), AutoOffsetReset::Earliest, out));
    net.run(Span::from_secs(1));
    assert_eq!(offsets(&net, reader, 0)[15..], (0..11).collect::<Vec<_>>());
}

/// Specification 5.3: out of range, and `auto.offset.reset` decides.
#[test]
fn out_of_range_resets_by_policy() {
    for (policy, expected) in [
        (AutoOffsetReset::Earliest, vec![6, 7, 8, 9]),
        (AutoOffsetReset::Latest, vec![]),
        (AutoOffsetReset::None, vec![]),
    ] {
        let mut net = net_with(10, 1);
        let config = ConsumerConfig { auto_offset_reset: policy, ..member("billing", &["orders"]) };
        let reader = net.consumer(config, Span::ZERO);
        net.run(Span::from_millis(3_050));
        net.with(reader, |consumer, now, out| consumer.seek(now, &orders(0), 10, out));
        net.run(Span::from_secs(1));
        net.delete_records("orders", 0, 6);
        let before = net.app(reader).records.len();
        // Without a policy the missing committed offset was an error too; it has been told.
        net.with(reader, |consumer, _, _| drop(consumer.take_error()));
        net.with(reader, |consumer, now, out| consumer.seek(now, &orders(0), 2, out));
        net.run(Span::from_secs(2));
        assert_eq!(offsets(&net, reader, 0)[before..], expected, "{policy:?}");
        let mut error = None;
        net.with(reader, |consumer, _, _| error = consumer.take_error());
        match policy {
            AutoOffsetReset::None => {
                assert_eq!(error, Some(ConsumerError::OffsetOutOfRange(orders(0), 2)));
            }
            _ => assert_eq!(error, None),
        }
    }
}

#[test]
fn a_consumer_that_assigns_itself_reads_and_commits_in_an_empty_group() {
    let mut net = net_with(10, 2);
    let config = ConsumerConfig {
        topics: Vec::new(),
        partitions: vec![orders(0), orders(1)],
        ..member("tool", &[])
    };
    let reader = net.consumer(config, Span::ZERO);
    net.run(Span::from_secs(6));
    assert_eq!(net.app(reader).records.len(), 10);
    let committed: u64 = net.committed("tool").iter().map(|(_, offset)| offset).sum();
    assert_eq!(committed, 10);
}

/// The default policy is latest: what was there before the first assignment is not read.
#[test]
fn latest_skips_what_was_there_and_none_refuses_to_guess() {
    for policy in [AutoOffsetReset::Latest, AutoOffsetReset::None] {
        let mut net = net_with(3, 1);
        let config = ConsumerConfig { auto_offset_reset: policy, ..member("billing", &["orders"]) };
        let reader = net.consumer(config, Span::ZERO);
        net.run(Span::from_secs(4));
        net.send(0, "orders", None, "new");
        net.run(Span::from_secs(4));
        let mut error = None;
        net.with(reader, |consumer, _, _| error = consumer.take_error());
        if policy == AutoOffsetReset::Latest {
            assert_eq!((offsets(&net, reader, 0), error), (vec![3], None));
        } else {
            assert_eq!(error, Some(ConsumerError::NoOffsetForPartition(orders(0))));
        }
    }
}

/// Specification 5.4 and `OffsetsUtils`: the tool moves an empty group only, and never outside
/// of what the log has.
#[test]
fn offsets_are_reset_in_an_empty_group_only() {
    let mut net = net_with(10, 1);
    let reader = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(10));
    assert_eq!(net.committed("billing"), [(orders(0), 10)]);
    net.delete_records("orders", 0, 2);
    let refused = net.reset("billing", orders(0), ResetTo::Earliest);
    assert_eq!(refused, Err(ErrorCode::UnknownMemberId), "somebody is in the group");
    net.with(reader, Consumer::close);
    net.run(Span::from_secs(1));
    net.crash(reader);
    for (to, expected) in [
        (ResetTo::Earliest, 2),
        (ResetTo::Offset(5), 5),
        (ResetTo::ShiftBy(-2), 3),
        (ResetTo::ShiftBy(-7), 2),
        (ResetTo::Current, 2),
        (ResetTo::Offset(99), 10),
        (ResetTo::Offset(0), 2),
        (ResetTo::Latest, 10),
        (ResetTo::Time(0), 2),
        (ResetTo::Time(1_000_000), 10),
    ] {
        let moved = net.reset("billing", orders(0), to);
        assert_eq!(moved, Ok(vec![(orders(0), expected)]), "{to:?}");
        assert_eq!(net.committed("billing"), [(orders(0), expected)], "{to:?}");
    }
    net.reset("billing", orders(0), ResetTo::Offset(7)).expect("an empty group");
    let again = net.consumer(member("billing", &["orders"]), Span::ZERO);
    net.run(Span::from_secs(10));
    assert_eq!(offsets(&net, again, 0), [7, 8, 9]);
}

/// `AbstractPartitionAssignor#assign` leaves out topics that do not exist; the leader joins again
/// when it sees one come.
#[test]
fn a_topic_that_comes_later_is_taken_up_when_the_leader_sees_it() {
    let mut net = Net::new(BrokerConfig { auto_create_topics: false, ..BrokerConfig::default() });
    net.topic("orders", 2);
    let reader = net.consumer(member("billing", &["orders", "later"]), Span::ZERO);
    net.run(Span::from_secs(5));
    assert_eq!(net.app(reader).consumer.assignment().count(), 2);
    net.topic("later", 3);
    net.run(Span::from_secs(5));
    assert_eq!(net.app(reader).consumer.assignment().count(), 5);
    assert_eq!(net.app(reader).consumer.generation(), Some(2));
}

#[test]
fn subscriptions_change_and_give_way_to_partitions_by_hand() {
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        let (mut net, reader) = settled(&[assignor], 2);
        net.topic("bills", 3);
        net.with(reader, |c, now, out| {
            c.subscribe(now, vec!["orders".into(), "bills".into()], out);
        });
        net.run(Span::from_secs(5));
        assert_eq!(net.app(reader).consumer.assignment().count(), 5, "{assignor:?}");
        net.with(reader, |c, now, out| c.subscribe(now, vec!["bills".into()], out));
        net.run(Span::from_secs(5));
        assert_eq!(net.app(reader).consumer.assignment().count(), 3, "{assignor:?}");
        net.with(reader, |c, now, out| c.assign(now, vec![orders(1)], out));
        net.run(Span::from_secs(5));
        let owned: Vec<_> = net.app(reader).consumer.assignment().cloned().collect();
        assert_eq!(owned, [orders(1)], "{assignor:?}");
        let left = net.facts.iter().any(|(_, f)| matches!(f, KafkaFact::MemberRemoved { .. }));
        assert!(left, "{assignor:?}");
        net.send(0, "orders", Some("abc"), "by hand");
        net.run(Span::from_secs(6));
        assert_eq!(net.values(reader), ["by hand"], "{assignor:?}");
        assert_eq!(
            net.committed("billing").iter().find(|(p, _)| *p == orders(1)),
            Some(&(orders(1), 1))
        );
    }
}

/// KIP-1106: the first record that is not older than the duration, at the time of the question.
#[test]
fn a_reset_by_duration_begins_at_the_first_record_young_enough() {
    let mut net = Net::new(BrokerConfig::default());
    net.topic("orders", 1);
    let producer = net.producer(ProducerConfig::default());
    for number in 0..5 {
        net.send(producer, "orders", None, &format!("v{number}"));
        net.run(Span::from_secs(10));
    }
    // v0 is 50 s old now, v4 10 s; a group's first assignment takes 3 s more.
    let config = ConsumerConfig {
        auto_offset_reset: AutoOffsetReset::ByDuration(Span::from_secs(35)),
        ..member("billing", &["orders"])
    };
    let reader = net.consumer(config, Span::ZERO);
    net.run(Span::from_secs(5));
    assert_eq!(net.values(reader), ["v2", "v3", "v4"]);
    let set = net.facts.iter().find_map(|(_, fact)| match fact {
        KafkaFact::PositionSet { offset, reason, .. } => Some((*offset, reason.to_string())),
        _ => None,
    });
    assert_eq!(set, Some((2, "reset by duration".to_owned())));
}
