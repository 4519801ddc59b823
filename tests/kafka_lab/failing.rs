//! When handling fails: retries in place, retry topics, dead letters, redrive.

use super::*;

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
