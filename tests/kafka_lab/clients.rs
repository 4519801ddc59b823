//! What producers and groups promise, through the lab: retries without duplicates, time-outs,
//! assignors.

use super::*;

/// `enable.idempotence`: an answer is lost with its connection, so the batch is sent again; the
/// broker knows its sequence number, or takes it for another one.
#[test]
fn a_lost_answer_makes_a_duplicate_only_without_idempotence() {
    for (idempotence, copies) in [("true", 1), ("false", 2)] {
        let mut world = sending(1, &[], &[("enable.idempotence", idempotence)], 100);
        burst(&mut world, 1);
        later(&mut world, Span::from_secs(2));
        burst(&mut world, 1);
        let appended = |events: &[Event]| {
            facts(events).filter(|(_, f)| matches!(f, KafkaFact::Appended { .. })).count()
        };
        let mut stored = 0;
        while stored == 0 {
            stored = appended(&later(&mut world, Span::from_micros(100)));
        }
        let (client, server) = ("shop".into(), "kafka-1".into());
        act(&mut world, Action::CloseConnection { client, server });
        let events = later(&mut world, Span::from_secs(5));
        let retried = |(_, fact): &(Instant, &KafkaFact)| {
            matches!(fact, KafkaFact::ProduceRetried { error, .. }
                if **error == *"NETWORK_EXCEPTION")
        };
        assert_eq!(facts(&events).filter(retried).count(), 1, "{idempotence}");
        assert_eq!(stored + appended(&events), copies, "{idempotence}");
        let billing = party(&world, "billing");
        assert_eq!(billing.count(Standing::Delivered), 2);
        assert_eq!(billing.repeated(), copies as u64 - 1, "{idempotence}");
    }
}

/// `max.poll.interval.ms`: who takes longer leaves its group, though its heartbeats go on; its
/// commit fails, and somebody handles the record again (specification 5.6).
#[test]
fn a_handler_that_takes_too_long_leaves_its_group() {
    let mut world = shop(1, &[]);
    act(&mut world, Action::Remove { node: "billing".into() });
    later(&mut world, Span::from_secs(5));
    act(&mut world, consumer("slow", "tills", &[("max.poll.interval.ms", "5000")]));
    later(&mut world, Span::from_secs(5));
    let takes = |takes| Action::SetWork { consumer: "slow".into(), takes };
    act(&mut world, takes(Span::from_secs(8)));
    burst(&mut world, 1);
    let mut events = later(&mut world, Span::from_secs(7));
    let polled = facts(&events)
        .find(|(_, fact)| matches!(fact, KafkaFact::PollReturned { .. }))
        .expect("it has the record")
        .0;
    let [(left, _)] = removed(&events)[..] else { panic!("{:?}", removed(&events)) };
    let after = left.since(polled);
    assert!(after >= Span::from_secs(5) && after < Span::from_millis(5_200), "{after}");
    act(&mut world, takes(Span::from_millis(1)));
    events.extend(later(&mut world, Span::from_secs(20)));
    let refused = |(_, fact): &(Instant, &KafkaFact)| matches!(fact, KafkaFact::CommitFailed { error, .. } if **error == *"UNKNOWN_MEMBER_ID");
    assert_eq!(facts(&events).filter(refused).count(), 1);
    let tills = party(&world, "tills");
    assert_eq!((tills.count(Standing::Delivered), tills.repeated()), (1, 1));
}

/// `session.timeout.ms`: a crash is noticed when the session has run out, counted from the last
/// time that the coordinator extended it; then the others take over.
#[test]
fn a_crash_is_noticed_when_the_session_that_was_told_is_over() {
    let mut world = shop(2, &[]);
    act(&mut world, Action::Remove { node: "billing".into() });
    later(&mut world, Span::from_secs(5));
    let session = [("session.timeout.ms", "10000")];
    act(&mut world, consumer("till-1", "tills", &session));
    act(&mut world, consumer("till-2", "tills", &session));
    let mut events = later(&mut world, Span::from_secs(10));
    act(&mut world, Action::Crash { node: "till-1".into() });
    burst(&mut world, 4);
    events.extend(later(&mut world, Span::from_secs(20)));
    let gone = removed(&events);
    let [(at, member)] = &gone[..] else { panic!("{gone:?}") };
    assert!(member.starts_with("till-1"), "{member}");
    let told = facts(&events).filter_map(|(_, fact)| match fact {
        KafkaFact::SessionExtended { member: of, until, .. } if **of == **member => Some(*until),
        _ => None,
    });
    assert_eq!(told.last(), Some(*at), "not a moment earlier or later");
    assert_eq!(party(&world, "tills").count(Standing::Delivered), 4);
}

/// `partition.assignment.strategy`: what two members get of three partitions, and whether the
/// first one gives up everything when the second one comes (the eager protocol; KIP-429).
#[test]
fn every_assignor_can_be_chosen() {
    for (assignor, eager) in
        [("range", true), ("roundrobin", true), ("sticky", true), ("cooperative-sticky", false)]
    {
        let mut world = shop(3, &[]);
        act(&mut world, Action::Remove { node: "billing".into() });
        later(&mut world, Span::from_secs(5));
        let config = [("partition.assignment.strategy", assignor)];
        act(&mut world, consumer("till-1", "tills", &config));
        later(&mut world, Span::from_secs(5));
        act(&mut world, consumer("till-2", "tills", &config));
        let events = later(&mut world, Span::from_secs(20));
        let of = |name: &str| -> Vec<Vec<u32>> {
            facts(&events)
                .filter_map(|(_, fact)| match fact {
                    KafkaFact::Assigned { member, partitions, .. } if member.starts_with(name) => {
                        Some(partitions.iter().map(|p| p.partition).collect())
                    }
                    _ => None,
                })
                .collect()
        };
        let (first, second) = (of("till-1"), of("till-2"));
        assert_eq!(first.contains(&Vec::new()), eager, "{assignor}: {first:?}");
        let (first, second) = (first.last().cloned(), second.last().cloned());
        let (first, second) = (first.unwrap_or_default(), second.unwrap_or_default());
        let mut all = [first.clone(), second.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2], "{assignor}");
        // Member ids begin with the names, so till-1 is the first one.
        let expected: (&[u32], &[u32]) = match assignor {
            "range" => (&[0, 1], &[2]),
            "roundrobin" => (&[0, 2], &[1]),
            // They keep two of the three that till-1 had.
            _ => (&[0, 1], &[2]),
        };
        assert_eq!((&first[..], &second[..]), expected, "{assignor}");
    }
}
