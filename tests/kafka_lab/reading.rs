//! What a consumer and its group are told to do: seek, pause, assign, reset, commit, leave.

use super::*;

fn group_is_refused(world: &World, to: ResetTo) -> String {
    let reset = Action::ResetOffsets { group: "billing".into(), topic: "orders".into(), to };
    world.can(&reset).expect_err("members are active").reason
}

/// `ConsumerGroupCommand#resetOffsets`: only while no member is active; the words are Kafka's.
#[test]
fn offsets_are_reset_only_while_the_group_is_inactive() {
    let mut world = shop(2, &[]);
    burst(&mut world, 10);
    later(&mut world, Span::from_secs(3));
    assert_eq!(
        group_is_refused(&world, ResetTo::Earliest),
        "Assignments can only be reset if the group 'billing' is inactive, but the current state \
         is Stable."
    );
    act(&mut world, Action::Remove { node: "billing".into() });
    later(&mut world, Span::from_secs(5));
    let to = ResetTo::Earliest;
    let (group, topic) = ("billing".into(), "orders".into());
    act(&mut world, Action::ResetOffsets { group, topic, to });
    let events = later(&mut world, Span::from_secs(5));
    let committed = events.iter().filter(|event| {
        matches!(&event.what, What::Kafka { fact: KafkaFact::Committed { offset: 0, .. }, .. })
    });
    assert_eq!(committed.count(), 2, "one for each partition");
    act(&mut world, consumer("billing-2", "billing", &[]));
    later(&mut world, Span::from_secs(5));
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.replayed()), (10, 10));
    assert_eq!(billing.repeated(), 0, "somebody asked for it");
}

/// A reset to the end skips what nobody has read (C5's other half: `latest` passes over).
#[test]
fn a_reset_to_the_latest_offset_skips() {
    let mut world = shop(1, &[]);
    act(&mut world, Action::Remove { node: "billing".into() });
    later(&mut world, Span::from_secs(2));
    burst(&mut world, 7);
    later(&mut world, Span::from_secs(2));
    assert_eq!(party(&world, "billing").count(Standing::Waiting), 7, "the group is owed them");
    let to = ResetTo::Latest;
    let (group, topic) = ("billing".into(), "orders".into());
    act(&mut world, Action::ResetOffsets { group, topic, to });
    later(&mut world, Span::from_secs(3));
    assert_eq!(party(&world, "billing").count(Standing::Lost(LostReason::Skipped)), 7);
}

/// `KafkaConsumer#offsetsForTimes`: the first record whose timestamp is at least the given one.
#[test]
fn a_seek_by_time_reads_again_from_then() {
    let mut world = shop(1, &[]);
    burst(&mut world, 4);
    later(&mut world, Span::from_secs(2));
    let at = world.now();
    burst(&mut world, 3);
    later(&mut world, Span::from_secs(2));
    let seek = |partition| Action::SeekToTime { consumer: "billing".into(), partition, at };
    assert!(world.can(&seek(orders(1))).is_err(), "it does not own that");
    act(&mut world, seek(orders(0)));
    later(&mut world, Span::from_secs(2));
    let billing = party(&world, "billing");
    assert_eq!((billing.replayed(), billing.repeated()), (3, 0));
}

/// `KafkaConsumer#pause`: the partition stays owned, no records of it are returned.
#[test]
fn a_paused_partition_is_owned_and_not_read() {
    let mut world = shop(2, &[]);
    let (consumer, partition) = ("billing".into(), orders(0));
    let pause = Action::PausePartition { consumer, partition };
    let (consumer, partition) = ("billing".into(), orders(0));
    let resume = Action::ResumePartition { consumer, partition };
    assert!(world.can(&resume).is_err(), "it is not paused");
    act(&mut world, pause.clone());
    assert!(world.can(&pause).is_err(), "it is paused");
    for (partition, messages) in [(0, 5), (1, 4)] {
        let partition = Some(partition);
        act(&mut world, Action::SetPartition { producer: "shop".into(), partition });
        burst(&mut world, messages);
    }
    let events = later(&mut world, Span::from_secs(60));
    assert_eq!(removed(&events).len(), 0, "heartbeats go on");
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.count(Standing::Waiting)), (4, 5));
    act(&mut world, resume);
    later(&mut world, Span::from_secs(2));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 9);
}

/// M8: with auto-commit `poll()` commits what earlier polls returned once five seconds have
/// passed. A synchronous handler repeats after a crash; one that hands work on loses.
#[test]
fn auto_commit_repeats_or_loses_by_the_way_records_are_handled() {
    let run = |handling: Handling| {
        let mut world = shop(1, &[]);
        act(&mut world, Action::Remove { node: "billing".into() });
        later(&mut world, Span::from_secs(2));
        let config = [("enable.auto.commit", "true"), ("max.poll.records", "1")];
        act(&mut world, consumer("till", "till", &config));
        if handling != Handling::Synchronous {
            act(&mut world, Action::SetHandling { consumer: "till".into(), handling });
        }
        let takes = Span::from_secs(1);
        act(&mut world, Action::SetWork { consumer: "till".into(), takes });
        later(&mut world, Span::from_secs(2));
        burst(&mut world, 20);
        later(&mut world, Span::from_millis(7_500));
        act(&mut world, Action::Crash { node: "till".into() });
        act(&mut world, Action::Restart { node: "till".into() });
        later(&mut world, Span::from_secs(120));
        let till = party(&world, "till");
        (till.repeated(), till.lost(), till.count(Standing::Delivered))
    };
    let (repeated, lost, delivered) = run(Handling::Synchronous);
    assert!(repeated > 0 && lost == 0 && delivered == 20, "{repeated} {lost} {delivered}");
    let (repeated, lost, delivered) = run(Handling::HandsOver);
    assert!(repeated == 0 && lost > 0 && delivered + lost == 20, "{repeated} {lost} {delivered}");
}

/// M8's other half: what a handler swallows counts as done.
#[test]
fn a_handler_that_swallows_its_errors_loses() {
    let mut world = shop(1, &[]);
    let handling = Handling::SwallowsErrors;
    act(&mut world, Action::SetHandling { consumer: "billing".into(), handling });
    assert!(world.can(&Action::SetHandling { consumer: "billing".into(), handling }).is_err());
    fails(&mut world, &[2, 4]);
    burst(&mut world, 6);
    later(&mut world, Span::from_secs(3));
    let billing = party(&world, "billing");
    assert_eq!(billing.count(Standing::Delivered), 4);
    assert_eq!(billing.count(Standing::Lost(LostReason::Failed)), 2);
}

/// `KafkaConsumer#assign`: no rebalancing, and only these partitions.
#[test]
fn a_consumer_reads_what_it_is_assigned_by_hand() {
    let mut world = shop(3, &[]);
    let assign = |partitions: &[u32]| Action::Assign {
        consumer: "billing".into(),
        partitions: partitions.iter().map(|&p| orders(p)).collect(),
    };
    assert!(world.can(&assign(&[3])).is_err(), "there are three");
    act(&mut world, assign(&[0, 2]));
    later(&mut world, Span::from_secs(2));
    for partition in 0..3 {
        let partition = Some(partition);
        act(&mut world, Action::SetPartition { producer: "shop".into(), partition });
        burst(&mut world, 2);
        later(&mut world, Span::from_secs(1));
    }
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.count(Standing::Waiting)), (4, 2));
}

/// A consumer that closes commits and leaves at once; its group is not kept waiting for the
/// session time-out (`ConsumerCoordinator#close`).
#[test]
fn a_removed_consumer_leaves_its_group_at_once() {
    let mut world = shop(2, &[]);
    act(&mut world, consumer("billing-2", "billing", &[]));
    later(&mut world, Span::from_secs(10));
    let remove = Action::Remove { node: "billing-2".into() };
    act(&mut world, remove.clone());
    let events = later(&mut world, Span::from_secs(8));
    assert_eq!(removed(&events).len(), 1);
    assert!(world.can(&remove).is_err(), "it is gone");
    burst(&mut world, 8);
    later(&mut world, Span::from_secs(3));
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.repeated()), (8, 0));
    let broker = world.can(&Action::Remove { node: "kafka-1".into() }).expect_err("the controller");
    assert!(broker.reason.contains("controller"), "{}", broker.reason);
}

/// What `poll()` threw: the partition and the exception.
fn thrown(events: &[Event]) -> Vec<(String, String)> {
    facts(events)
        .filter_map(|(_, fact)| match fact {
            KafkaFact::PollFailed { partition, error, .. } => {
                let place = partition.as_ref().map_or_else(String::new, ToString::to_string);
                Some((place, error.to_string()))
            }
            _ => None,
        })
        .collect()
}

/// `auto.offset.reset` of a group without committed offsets: from the beginning, from the end,
/// from a time, or `NoOffsetForPartitionException` (`OffsetFetcher#resetPositionsIfNeeded`).
#[test]
fn a_new_group_begins_where_auto_offset_reset_says() {
    let run = |reset: &str| {
        let mut world = shop(1, &[]);
        for _ in 0..3 {
            burst(&mut world, 2);
            later(&mut world, Span::from_secs(60));
        }
        act(&mut world, consumer("late", "late", &[("auto.offset.reset", reset)]));
        let events = later(&mut world, Span::from_secs(5));
        burst(&mut world, 1);
        later(&mut world, Span::from_secs(5));
        let fetched = facts(&events).find_map(|(_, fact)| match fact {
            KafkaFact::PositionSet { group, offset, .. } if **group == *"late" => Some(*offset),
            _ => None,
        });
        (fetched, thrown(&events), world)
    };
    // The bursts were 185, 125 and 65 s ago.
    for (reset, position, handled) in [
        ("earliest", 0, 7),
        ("latest", 6, 1),
        ("by_duration:PT100S", 4, 3),
        ("by_duration:PT2M30S", 2, 5),
    ] {
        let (fetched, thrown, world) = run(reset);
        assert_eq!((fetched, thrown.len()), (Some(position), 0), "{reset}");
        assert_eq!(party(&world, "late").count(Standing::Delivered), handled, "{reset}");
    }
    let (fetched, thrown, mut world) = run("none");
    let expected = ("orders-0".to_owned(), "NoOffsetForPartitionException".to_owned());
    assert_eq!((fetched, thrown), (None, vec![expected]));
    assert_eq!(party(&world, "late").count(Standing::Delivered), 0, "it does not guess");
    let (consumer, partition) = ("late".into(), orders(0));
    act(&mut world, Action::Seek { consumer, partition, offset: 3 });
    later(&mut world, Span::from_secs(5));
    assert_eq!(party(&world, "late").count(Standing::Delivered), 4);
}

/// A position behind the log start: `auto.offset.reset` again, or `OffsetOutOfRangeException`,
/// which the application gets again and again and is told of once.
#[test]
fn a_position_out_of_range_is_reset_or_thrown() {
    for reset in ["earliest", "none"] {
        let mut world = shop(1, &[("internal.segment.bytes", "500")]);
        act(&mut world, consumer("late", "late", &[("auto.offset.reset", reset)]));
        later(&mut world, Span::from_secs(5));
        burst(&mut world, 1);
        later(&mut world, Span::from_secs(5));
        if reset == "none" {
            // It threw and has no position; the reader puts it where it would have begun.
            let (name, partition) = ("late".into(), orders(0));
            act(&mut world, Action::Seek { consumer: name, partition, offset: 1 });
            later(&mut world, Span::from_secs(5));
        }
        act(&mut world, Action::Unplug { consumer: "late".into() });
        for _ in 0..12 {
            burst(&mut world, 1);
            later(&mut world, Span::from_secs(1));
        }
        let (of, config) =
            (Configured::Topic("orders".into()), settings(&[("retention.ms", "1000")]));
        act(&mut world, Action::AlterConfig { of, config });
        later(&mut world, Span::from_secs(400));
        burst(&mut world, 2);
        later(&mut world, Span::from_secs(2));
        act(&mut world, Action::PlugIn { consumer: "late".into() });
        let events = later(&mut world, Span::from_secs(100));
        let late = party(&world, "late");
        assert_eq!(late.count(Standing::Lost(LostReason::Retention)), 12, "{reset}");
        if reset == "none" {
            // Then it falls out of its group, and has not committed anything.
            let expected = ["OffsetOutOfRangeException", "NoOffsetForPartitionException"];
            let expected = expected.map(|error| ("orders-0".to_owned(), error.to_owned()));
            assert_eq!(thrown(&events), expected);
            assert_eq!(late.count(Standing::Waiting), 2);
        } else {
            assert_eq!(thrown(&events), []);
            assert_eq!(late.count(Standing::Delivered), 3);
        }
    }
}

/// `group.instance.id` (KIP-345): back within its session a static member takes its partitions up
/// again without a rebalance; a second process with the same id fences the first one.
#[test]
fn a_static_member_returns_without_a_rebalance_and_fences_its_double() {
    let mut world = shop(2, &[]);
    act(&mut world, Action::Remove { node: "billing".into() });
    later(&mut world, Span::from_secs(5));
    let member =
        |name: &str, instance: &str| consumer(name, "tills", &[("group.instance.id", instance)]);
    act(&mut world, member("till-1", "one"));
    act(&mut world, member("till-2", "two"));
    later(&mut world, Span::from_secs(10));
    burst(&mut world, 4);
    later(&mut world, Span::from_secs(2));
    let rebalances = |events: &[Event]| {
        let left = |(_, fact): &(Instant, &KafkaFact)| {
            matches!(fact, KafkaFact::GroupChanged { state, .. }
                if **state == *"PreparingRebalance")
        };
        facts(events).filter(left).count()
    };
    act(&mut world, Action::Crash { node: "till-1".into() });
    let mut events = later(&mut world, Span::from_secs(20));
    act(&mut world, Action::Restart { node: "till-1".into() });
    events.extend(later(&mut world, Span::from_secs(10)));
    assert_eq!(rebalances(&events), 0, "within its session of 45 s");
    act(&mut world, member("double", "one"));
    let events = later(&mut world, Span::from_secs(10));
    assert_eq!(rebalances(&events), 0);
    assert_eq!(thrown(&events), [(String::new(), "FENCED_INSTANCE_ID".to_owned())]);
    burst(&mut world, 4);
    later(&mut world, Span::from_secs(5));
    let tills = party(&world, "tills");
    assert_eq!((tills.count(Standing::Delivered), tills.repeated()), (8, 0));
    // A dynamic member would have been missed after its session as well, but with a rebalance.
    act(&mut world, Action::Crash { node: "till-2".into() });
    let events = later(&mut world, Span::from_secs(60));
    assert_eq!(rebalances(&events), 1, "its session ran out");
}
