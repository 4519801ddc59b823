//! What Kafka's applications and administrators can do, through the lab (rows C5, C9, C17, M8 and
//! M14). Expected values come from the documentation or source of Kafka and of Spring for Apache
//! Kafka; each test names its own.

mod recount;

use pushpull::event::{
    Action, Carrier, Configured, ErrorHandling, Event, Failure, Handling, KafkaFact, Keys, LabFact,
    Load, LostReason, ResetTo, Settings, Standing, TopicPartition, What,
};
use pushpull::lab::{Party, World};
use pushpull::sim::{Instant, Purpose, Rng, SortedMap, Span};
use recount::recount;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
}

fn act(world: &mut World, action: Action) {
    world.act(action).expect("it can be done");
}

fn later(world: &mut World, span: Span) -> Vec<Event> {
    world.advance_to(world.now() + span);
    world.take_events()
}

fn consumer(name: &str, group: &str, config: &[(&str, &str)]) -> Action {
    let mut config = settings(config);
    config.entry("auto.offset.reset".into()).or_insert_with(|| "earliest".into());
    Action::AddConsumer {
        name: name.into(),
        group: group.into(),
        topics: vec!["orders".into()],
        takes: Span::from_millis(1),
        config,
    }
}

/// A broker, a topic of so many partitions, billing that reads it, and a shop that sends only
/// when it is told to.
fn shop(partitions: u32, config: &[(&str, &str)]) -> World {
    let mut world = World::new(5);
    let broker = settings(&[("group.initial.rebalance.delay.ms", "0")]);
    act(&mut world, Action::AddBroker { name: "kafka-1".into(), config: broker });
    let config = settings(config);
    act(&mut world, Action::CreateTopic { name: "orders".into(), partitions, replicas: 1, config });
    act(&mut world, consumer("billing", "billing", &[]));
    act(
        &mut world,
        Action::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            carriers: vec![Carrier::Kafka],
            load: Load {
                per_kilosecond: 0,
                keys: Keys::Cycle(vec!["ada".into(), "bob".into()]),
                bytes: 100,
            },
            config: settings(&[("linger.ms", "0")]),
        },
    );
    later(&mut world, Span::from_secs(1));
    world
}

fn burst(world: &mut World, messages: u32) {
    act(world, Action::Burst { producer: "shop".into(), messages });
}

fn fails(world: &mut World, numbers: &[u32]) {
    let fails = match numbers {
        [] => Failure::Never,
        numbers => Failure::Numbers(numbers.to_vec()),
    };
    act(world, Action::SetFailure { consumer: "billing".into(), fails });
}

fn errors(world: &mut World, handling: ErrorHandling) {
    act(world, Action::SetErrorHandling { consumer: "billing".into(), handling });
    later(world, Span::from_secs(5));
}

fn party<'w>(world: &'w World, name: &str) -> &'w Party {
    world.ledger().parties().find(|(_, party)| &*party.name == name).expect("it reads").1
}

fn lab(events: &[Event]) -> impl Iterator<Item = &LabFact> {
    events.iter().filter_map(|event| match &event.what {
        What::Lab(fact) => Some(fact),
        _ => None,
    })
}

fn failures(events: &[Event]) -> usize {
    lab(events).filter(|fact| matches!(fact, LabFact::HandlingFailed { .. })).count()
}

fn header<'a>(headers: &'a [(pushpull::event::Name, pushpull::event::Name)], key: &str) -> &'a str {
    // A header that was added again counts as it was added last (`Headers#lastHeader`).
    headers.iter().rev().find(|(name, _)| &**name == key).map_or("", |(_, value)| value)
}

/// `DeadLetterPublishingRecoverer`: `<topic>-dlt`, the same partition, the headers of
/// `KafkaHeaders.DLT_*`; reading goes on behind the record.
#[test]
fn a_dead_letter_says_where_it_was_and_why() {
    let mut world = shop(2, &[]);
    errors(&mut world, ErrorHandling::DeadLetter { interval: Span::from_millis(100), attempts: 3 });
    fails(&mut world, &[3]);
    burst(&mut world, 10);
    let events = later(&mut world, Span::from_secs(5));
    assert_eq!(failures(&events), 3);
    let letters: Vec<_> = lab(&events)
        .filter_map(|fact| match fact {
            LabFact::DeadLettered { tag, attempts, topic, headers, .. } => {
                Some((*tag, *attempts, topic, headers))
            }
            _ => None,
        })
        .collect();
    let [(tag, 3, topic, headers)] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(&***topic, "orders-dlt");
    let lies = |topic: &str, want: &dyn Fn(u64) -> bool| {
        events.iter().find_map(|event| match &event.what {
            What::Kafka {
                fact: KafkaFact::Appended { partition, offset, tag: Some(tag), .. },
                ..
            } if &*partition.topic == topic && want(tag.copy.0) => {
                Some((partition.partition, *offset))
            }
            _ => None,
        })
    };
    let dead = lies("orders-dlt", &|copy| copy == tag.copy.0).expect("it was stored");
    // Its message is the third that was sent, so its first copy is the third of all.
    let original = lies("orders", &|copy| copy == tag.message.0).expect("it was stored");
    assert_eq!(dead.0, original.0, "the same partition");
    assert_eq!(header(headers, "kafka_dlt-original-topic"), "orders");
    assert_eq!(header(headers, "kafka_dlt-original-partition"), original.0.to_string());
    assert_eq!(header(headers, "kafka_dlt-original-offset"), original.1.to_string());
    assert_eq!(header(headers, "kafka_dlt-original-consumer-group"), "billing");
    assert_eq!(
        header(headers, "kafka_dlt-exception-fqcn"),
        "org.springframework.kafka.listener.ListenerExecutionFailedException"
    );
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.count(Standing::Parked)), (9, 1));
    assert_eq!((billing.repeated(), billing.lost()), (0, 0));
}

/// `@RetryableTopic(attempts = "4", backOff = @BackOff(delay = 1000, multiplier = 2))`: topics
/// `-retry-1000`, `-retry-2000`, `-retry-4000`, `-dlt` (Spring for Apache Kafka, "Topic naming"),
/// group ids with the same suffixes, header `retry_topic-attempts`.
#[test]
fn retry_topics_wait_longer_each_time_and_block_nothing() {
    let mut world = shop(1, &[]);
    let delay = Span::from_secs(1);
    act(
        &mut world,
        Action::SetErrorHandling {
            consumer: "billing".into(),
            handling: ErrorHandling::RetryTopics { attempts: 4, delay, multiplier: 2 },
        },
    );
    let events = later(&mut world, Span::from_secs(5));
    let groups: Vec<String> = lab(&events)
        .filter_map(|fact| match fact {
            LabFact::ListenerAdded { group, .. } => Some(group.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(groups, ["billing-retry-1000", "billing-retry-2000", "billing-retry-4000"]);
    fails(&mut world, &[1]);
    burst(&mut world, 3);
    let events = later(&mut world, Span::from_secs(20));
    let mut copies = Vec::new();
    let mut attempts = Vec::new();
    let mut third_handled = None;
    for event in &events {
        match &event.what {
            What::Lab(LabFact::RetryScheduled { attempt, topic, not_before, headers, .. }) => {
                assert_eq!(header(headers, "retry_topic-attempts"), attempt.to_string());
                assert_eq!(
                    header(headers, "retry_topic-backoff-timestamp"),
                    not_before.as_millis().to_string()
                );
                assert_eq!(header(headers, "kafka_original-topic"), "orders");
                copies.push((topic.to_string(), *attempt));
            }
            What::Lab(LabFact::DeadLettered { topic, attempts, .. }) => {
                copies.push((topic.to_string(), *attempts));
            }
            What::Lab(LabFact::HandlingFailed { attempt, .. }) => {
                attempts.push((*attempt, event.at));
            }
            What::Lab(LabFact::Handled { tag, .. }) if tag.message.0 == 3 => {
                third_handled = Some(event.at);
            }
            _ => {}
        }
    }
    let expected = [
        ("orders-retry-1000", 2),
        ("orders-retry-2000", 3),
        ("orders-retry-4000", 4),
        ("orders-dlt", 4),
    ];
    assert_eq!(copies, expected.map(|(topic, n)| (topic.to_owned(), n)));
    let numbers: Vec<u32> = attempts.iter().map(|(attempt, _)| *attempt).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    for (pair, least) in attempts.windows(2).zip([1, 2, 4]) {
        let gap = pair[1].1.since(pair[0].1);
        assert!(gap >= Span::from_secs(least), "{gap} {least}");
        assert!(gap < Span::from_millis(least * 1_000 + 900), "{gap} {least}");
    }
    // Messages 1 and 3 have the same key: the later one was handled before the earlier one.
    assert!(third_handled.expect("it works") < attempts[1].1, "the order of a key is lost");
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.count(Standing::Parked)), (2, 1));
}

/// The defaults of `@RetryableTopic`: three attempts, one topic `-retry` for both waits.
#[test]
fn what_works_in_the_end_is_delivered_once() {
    let mut world = shop(2, &[]);
    let delay = Span::from_secs(1);
    errors(&mut world, ErrorHandling::RetryTopics { attempts: 3, delay, multiplier: 1 });
    fails(&mut world, &[2]);
    burst(&mut world, 4);
    later(&mut world, Span::from_millis(500));
    assert_eq!(party(&world, "billing").count(Standing::Waiting), 1, "in the retry topic");
    fails(&mut world, &[]);
    let events = later(&mut world, Span::from_secs(5));
    let handled_by = lab(&events).find_map(|fact| match fact {
        LabFact::Handled { node, .. } => Some(*node),
        _ => None,
    });
    let listener = world.can(&Action::Crash { node: "billing-retry".into() });
    assert!(listener.expect_err("it is no process").reason.contains("part of the process"));
    assert!(handled_by.is_some());
    let billing = party(&world, "billing");
    assert_eq!(billing.count(Standing::Delivered), 4);
    assert_eq!((billing.repeated(), billing.replayed()), (0, 0));
}

/// `DefaultErrorHandler` without a recoverer logs and passes over; `FixedBackOff` counts the
/// attempts after the first.
#[test]
fn a_record_that_is_passed_over_is_lost() {
    for (handling, attempts) in [
        (ErrorHandling::Skip, 1),
        (ErrorHandling::Block { interval: Span::from_millis(200), attempts: 4 }, 4),
    ] {
        let mut world = shop(1, &[]);
        errors(&mut world, handling);
        let again = Action::SetErrorHandling { consumer: "billing".into(), handling };
        assert!(world.can(&again).is_err(), "it does so already");
        fails(&mut world, &[2]);
        burst(&mut world, 5);
        let events = later(&mut world, Span::from_secs(5));
        assert_eq!(failures(&events), attempts, "{handling:?}");
        let billing = party(&world, "billing");
        assert_eq!(billing.count(Standing::Delivered), 4);
        assert_eq!(billing.count(Standing::Lost(LostReason::Failed)), 1);
    }
}

/// M14: a redrive is one more reading for everybody who reads the topic, and comes late.
#[test]
fn a_redrive_delivers_what_was_parked_and_repeats_for_others() {
    let mut world = shop(1, &[]);
    act(&mut world, consumer("email", "email", &[]));
    errors(&mut world, ErrorHandling::DeadLetter { interval: Span::ZERO, attempts: 1 });
    let redrive = |most| Action::Redrive { topic: "orders-dlt".into(), most };
    let refused = world.can(&redrive(10)).expect_err("nothing lies there");
    assert!(refused.reason.contains("Nothing is left"), "{}", refused.reason);
    fails(&mut world, &[1, 2, 3]);
    burst(&mut world, 6);
    later(&mut world, Span::from_secs(3));
    assert_eq!(party(&world, "billing").count(Standing::Parked), 3);
    fails(&mut world, &[]);
    act(&mut world, redrive(2));
    assert!(world.can(&redrive(2)).is_err(), "it is at work");
    let events = later(&mut world, Span::from_secs(10));
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.count(Standing::Parked)), (5, 1));
    assert_eq!((billing.repeated(), billing.replayed()), (0, 0));
    let email = party(&world, "email");
    assert_eq!((email.count(Standing::Delivered), email.repeated()), (6, 0));
    assert_eq!(email.replayed(), 2, "email had handled them long ago");
    assert_eq!(lab(&events).filter(|f| matches!(f, LabFact::NodeRemoved { .. })).count(), 1);
    // The next run goes on where the first one stopped.
    act(&mut world, redrive(100));
    later(&mut world, Span::from_secs(10));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 6);
    assert_eq!(party(&world, "email").replayed(), 3);
    assert!(world.can(&redrive(1)).is_err(), "nothing is left");
}

/// Publishing and committing are two steps (research on `DeadLetterPublishingRecoverer`: the
/// offset is committed after the copy is acknowledged): a crash between them parks twice.
#[test]
fn a_crash_between_copy_and_commit_repeats_and_loses_nothing() {
    let mut world = shop(1, &[]);
    errors(&mut world, ErrorHandling::DeadLetter { interval: Span::ZERO, attempts: 1 });
    fails(&mut world, &[1]);
    let takes = Span::from_secs(1);
    act(&mut world, Action::SetWork { consumer: "billing".into(), takes });
    burst(&mut world, 3);
    // The first record is dead-lettered after 1 s; its batch is committed after 3 s.
    let mut events = later(&mut world, Span::from_millis(1_500));
    act(&mut world, Action::Crash { node: "billing".into() });
    act(&mut world, Action::Restart { node: "billing".into() });
    events.extend(later(&mut world, Span::from_secs(90)));
    let letters = lab(&events).filter(|fact| matches!(fact, LabFact::DeadLettered { .. })).count();
    assert_eq!(letters, 2);
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.count(Standing::Parked)), (2, 1));
}

fn orders(partition: u32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

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
    let left = |event: &&Event| {
        matches!(event.what, What::Kafka { fact: KafkaFact::MemberRemoved { .. }, .. })
    };
    assert_eq!(events.iter().filter(left).count(), 0, "heartbeats go on");
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

/// C5: whole closed segments go from the left; `retention.ms` can be changed at run time
/// (`kafka-configs.sh --alter`).
#[test]
fn retention_can_be_changed_and_takes_whole_segments() {
    let mut world = shop(1, &[("internal.segment.bytes", "1000")]);
    let mut events = Vec::new();
    for _ in 0..20 {
        burst(&mut world, 1);
        events.extend(later(&mut world, Span::from_secs(1)));
    }
    let alter = |name: &str, value: &str| Action::AlterConfig {
        of: Configured::Topic("orders".into()),
        config: settings(&[(name, value)]),
    };
    let wrong = world.can(&alter("retention.ms", "soon")).expect_err("no number").reason;
    assert!(wrong.starts_with("INVALID_CONFIG"), "{wrong}");
    act(&mut world, alter("retention.ms", "60000"));
    events.extend(later(&mut world, Span::from_secs(700)));
    let mut rolled = Vec::new();
    let mut deleted = Vec::new();
    let mut start = 0;
    for event in &events {
        match &event.what {
            What::Kafka { fact: KafkaFact::SegmentRolled { closed, base_offset, .. }, .. } => {
                assert!(closed.base_offset < *base_offset && closed.bytes <= 1_000, "{closed:?}");
                rolled.push(closed.base_offset);
            }
            What::Kafka { fact: KafkaFact::SegmentDeleted { segment, .. }, .. } => {
                deleted.push(segment.base_offset);
            }
            What::Kafka { fact: KafkaFact::LogStartMoved { offset, .. }, .. } => start = *offset,
            _ => {}
        }
    }
    assert!(rolled.len() > 1);
    assert!(deleted.starts_with(&rolled), "{rolled:?} {deleted:?}");
    assert_eq!(start, 20, "the active one went as well when all others had");
}

/// Dynamic broker configurations: defaults of topics can be changed, others are read-only
/// (`DynamicBrokerConfig#validateConfigs`).
#[test]
fn a_brokers_configuration_is_dynamic_or_read_only() {
    let mut world = shop(1, &[]);
    let alter = |name: &str, value: &str| Action::AlterConfig {
        of: Configured::Broker("kafka-1".into()),
        config: settings(&[(name, value)]),
    };
    let reason = world.can(&alter("num.partitions", "3")).expect_err("read-only").reason;
    assert!(reason.contains("Cannot update these configs dynamically"), "{reason}");
    burst(&mut world, 5);
    later(&mut world, Span::from_secs(2));
    act(&mut world, alter("log.retention.ms", "1000"));
    let events = later(&mut world, Span::from_secs(700));
    let deleted = |event: &&Event| {
        matches!(event.what, What::Kafka { fact: KafkaFact::SegmentDeleted { .. }, .. })
    };
    assert!(events.iter().filter(deleted).count() > 0, "the topic does not say otherwise");
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
    let left = |event: &&Event| {
        matches!(event.what, What::Kafka { fact: KafkaFact::MemberRemoved { .. }, .. })
    };
    assert_eq!(events.iter().filter(left).count(), 1);
    assert!(world.can(&remove).is_err(), "it is gone");
    burst(&mut world, 8);
    later(&mut world, Span::from_secs(3));
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.repeated()), (8, 0));
    let broker = world.can(&Action::Remove { node: "kafka-1".into() }).expect_err("the controller");
    assert!(broker.reason.contains("controller"), "{}", broker.reason);
}

/// Any of the actions of this file, sensible or not.
fn random_action(rng: &mut Rng) -> Action {
    let billing = || "billing".into();
    let interval = Span::from_millis(rng.below(3_000));
    let attempts = 1 + rng.below(4) as u32;
    let partition = orders(rng.below(2) as u32);
    match rng.below(24) {
        0 => {
            let handling = match rng.below(5) {
                0 => ErrorHandling::BlockForEver,
                1 => ErrorHandling::Skip,
                2 => ErrorHandling::Block { interval, attempts },
                3 => ErrorHandling::DeadLetter { interval, attempts },
                _ => {
                    let multiplier = 1 + rng.below(3) as u32;
                    ErrorHandling::RetryTopics { attempts, delay: interval, multiplier }
                }
            };
            Action::SetErrorHandling { consumer: billing(), handling }
        }
        1 => Action::Redrive { topic: "orders-dlt".into(), most: 1 + rng.below(20) as u32 },
        2 => Action::SetFailure { consumer: billing(), fails: Failure::Chance(300_000) },
        3 => Action::SetFailure { consumer: billing(), fails: Failure::Never },
        4 => Action::Crash { node: billing() },
        5 => Action::Restart { node: billing() },
        6 => Action::Unplug { consumer: billing() },
        7 => Action::PlugIn { consumer: billing() },
        8 => Action::PausePartition { consumer: billing(), partition },
        9 => Action::ResumePartition { consumer: billing(), partition },
        10 => {
            let at = Instant::ZERO + Span::from_secs(rng.below(200));
            Action::SeekToTime { consumer: billing(), partition, at }
        }
        11 => {
            let to = match rng.below(4) {
                0 => ResetTo::Earliest,
                1 => ResetTo::Latest,
                2 => ResetTo::Offset(rng.below(50)),
                _ => ResetTo::Time(Instant::ZERO + Span::from_secs(rng.below(200))),
            };
            Action::ResetOffsets { group: billing(), topic: "orders".into(), to }
        }
        12 => Action::InterruptBetween { one: billing(), other: "kafka-1".into() },
        13 => Action::HealBetween { one: billing(), other: "kafka-1".into() },
        14 => Action::Remove { node: ["email", "billing"][rng.below(2) as usize].into() },
        15 => consumer("billing", "billing", &[]),
        16 => {
            let handling = [Handling::Synchronous, Handling::HandsOver, Handling::SwallowsErrors];
            let handling = handling[rng.below(3) as usize];
            Action::SetHandling { consumer: billing(), handling }
        }
        17 => {
            let partition = Some(rng.below(3) as u32);
            Action::SetPartition { producer: "shop".into(), partition }
        }
        18 => Action::AlterConfig {
            of: Configured::Topic("orders".into()),
            config: settings(&[("retention.ms", ["1000", "600000"][rng.below(2) as usize])]),
        },
        19 => Action::Assign { consumer: billing(), partitions: vec![partition] },
        _ => Action::Burst { producer: "shop".into(), messages: 1 + rng.below(10) as u32 },
    }
}

/// *expected = the sum of the standings*, and a recount from the events agrees.
#[test]
fn the_ledger_balances_whatever_is_done() {
    let mut done: SortedMap<String, u32> = SortedMap::new();
    for seed in 0..40 {
        let mut world = shop(2, &[]);
        act(&mut world, consumer("email", "email", &[]));
        let mut rng = Rng::new(seed, Purpose::Handling, 7);
        let mut events = Vec::new();
        for _ in 0..60 {
            let action = random_action(&mut rng);
            let allowed = world.can(&action);
            let name = format!("{action:?}");
            assert_eq!(allowed, world.act(action), "{name}");
            if allowed.is_ok() {
                let name = name.split([' ', '{']).next().unwrap_or_default().to_owned();
                *done.entry(name).or_default() += 1;
            }
            events.extend(later(&mut world, Span::from_millis(rng.below(8_000))));
            assert!(world.ledger().balances(), "seed {seed}");
        }
        recount(&world, &events, seed);
    }
    // A run that refuses everything proves nothing.
    for name in [
        "SetErrorHandling",
        "Redrive",
        "SetFailure",
        "Crash",
        "Burst",
        "PausePartition",
        "SeekToTime",
        "ResetOffsets",
        "InterruptBetween",
        "HealBetween",
        "Remove",
        "SetHandling",
        "SetPartition",
        "AlterConfig",
        "Assign",
    ] {
        assert!(done.contains_key(name), "{name} was never done: {done:?}");
    }
}

/// Whatever happened to it, an application that never skips gets everything in the end.
#[test]
fn retry_topics_lose_nothing_whatever_happens_to_the_consumer() {
    for seed in 0..15 {
        let mut world = shop(2, &[]);
        let delay = Span::from_secs(1);
        errors(&mut world, ErrorHandling::RetryTopics { attempts: 3, delay, multiplier: 2 });
        let mut rng = Rng::new(seed, Purpose::Handling, 8);
        for _ in 0..80 {
            let action = random_action(&mut rng);
            let disturbs = matches!(
                action,
                Action::SetFailure { .. }
                    | Action::Crash { .. }
                    | Action::Restart { .. }
                    | Action::Unplug { .. }
                    | Action::PlugIn { .. }
                    | Action::InterruptBetween { .. }
                    | Action::HealBetween { .. }
                    | Action::Burst { .. }
            );
            if disturbs {
                drop(world.act(action));
            }
            later(&mut world, Span::from_millis(rng.below(4_000)));
        }
        for action in [
            Action::Restart { node: "billing".into() },
            Action::PlugIn { consumer: "billing".into() },
            Action::HealBetween { one: "billing".into(), other: "kafka-1".into() },
            Action::SetFailure { consumer: "billing".into(), fails: Failure::Never },
        ] {
            drop(world.act(action));
        }
        later(&mut world, Span::from_secs(400));
        let billing = party(&world, "billing");
        let arrived = billing.count(Standing::Delivered) + billing.count(Standing::Parked);
        let sums: Vec<_> = billing.sums().collect();
        assert_eq!(arrived, billing.expected(), "seed {seed}: {sums:?}");
        assert!(billing.expected() > 20, "{}", billing.expected());
    }
}
