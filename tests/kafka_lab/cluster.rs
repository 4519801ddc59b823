//! Brokers that fail, go, come back and are cut off from each other; elections on request; what
//! `acks` and `min.insync.replicas` make of it. Expected values come from Kafka's defaults
//! (`broker.session.timeout.ms` 9 s, `replica.lag.time.max.ms` 30 s), KIP-966 and the error codes
//! of `ElectLeadersRequest`.

use super::*;

/// Three brokers, one partition of `replicas`, billing, and a shop that sends when it is told to;
/// the names of the brokers that keep the partition, the preferred leader first.
fn cluster(
    replicas: u32,
    topic: &[(&str, &str)],
    producer: &[(&str, &str)],
) -> (World, Vec<String>) {
    let mut world = World::new(3);
    act(&mut world, Action::AddController { name: "controller".into() });
    for name in ["kafka-1", "kafka-2", "kafka-3"] {
        let config = settings(&[
            ("group.initial.rebalance.delay.ms", "0"),
            // Bookmarks survive whichever broker fails.
            ("offsets.topic.num.partitions", "1"),
            ("offsets.topic.replication.factor", "3"),
        ]);
        act(&mut world, Action::AddBroker { name: name.into(), config });
    }
    later(&mut world, Span::from_secs(5));
    let (name, config) = ("orders".into(), settings(topic));
    act(&mut world, Action::CreateTopic { name, partitions: 1, replicas, config });
    // What the consumer commits of itself has the leader epoch.
    act(&mut world, consumer("billing", "billing", &[("enable.auto.commit", "true")]));
    let load = Load { per_kilosecond: 0, keys: Keys::None, bytes: 100 };
    act(
        &mut world,
        Action::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            carriers: vec![Carrier::Kafka],
            load,
            config: settings(producer),
        },
    );
    let events = later(&mut world, Span::from_secs(10));
    let placed = facts(&events).find_map(|(_, fact)| match fact {
        KafkaFact::Placed { partition, replicas, .. } if *partition == orders(0) => {
            Some(replicas.iter().map(|id| format!("kafka-{id}")).collect())
        }
        _ => None,
    });
    (world, placed.expect("the topic was created"))
}

/// Leaders of the partition of orders: when, who, and whether uncleanly.
fn elections(events: &[Event]) -> Vec<(Instant, Option<String>, bool)> {
    facts(events)
        .filter_map(|(at, fact)| match fact {
            KafkaFact::LeaderElected { partition, leader, unclean, .. }
                if *partition == orders(0) =>
            {
                Some((at, leader.map(|id| format!("kafka-{id}")), *unclean))
            }
            _ => None,
        })
        .collect()
}

/// The last in-sync and eligible replicas of orders that were told.
fn in_sync(events: &[Event]) -> Option<(Instant, Vec<String>, Vec<String>)> {
    let names = |ids: &[u32]| ids.iter().map(|id| format!("kafka-{id}")).collect();
    let told = facts(events).filter_map(|(at, fact)| match fact {
        KafkaFact::IsrChanged { partition, isr, elr } if *partition == orders(0) => {
            Some((at, names(isr), names(elr)))
        }
        _ => None,
    });
    told.last()
}

fn crash(world: &mut World, node: &str) {
    act(world, Action::Crash { node: node.into() });
}

fn restart(world: &mut World, node: &str) {
    act(world, Action::Restart { node: node.into() });
}

fn elect(unclean: bool) -> Action {
    Action::ElectLeader { partition: orders(0), unclean }
}

/// Why the election is refused: the name of the error.
fn hindered(world: &World, unclean: bool) -> String {
    let reason = world.can(&elect(unclean)).expect_err("it is refused").reason;
    reason.split(':').next().unwrap_or_default().to_owned()
}

/// How many records became visible.
fn visible(events: &[Event]) -> Option<u64> {
    let moved = facts(events).filter_map(|(_, fact)| match fact {
        KafkaFact::HighWatermarkMoved { partition, offset } if *partition == orders(0) => {
            Some(*offset)
        }
        _ => None,
    });
    moved.last()
}

/// `kafka-leader-election.sh --election-type preferred` (`ReplicationControlManager#electLeader`).
#[test]
fn the_preferred_leader_is_elected_on_request() {
    let (mut world, brokers) = cluster(3, &[], &[("acks", "all")]);
    let preferred = brokers[0].as_str();
    assert_eq!(hindered(&world, false), "ELECTION_NOT_NEEDED");
    crash(&mut world, preferred);
    let crashed = world.now();
    let events = later(&mut world, Span::from_secs(20));
    let [(at, Some(leader), false)] = &elections(&events)[..] else {
        panic!("{:?}", elections(&events));
    };
    assert!(brokers[1..].contains(leader), "{leader}");
    let noticed = at.since(crashed);
    assert!(noticed > Span::from_secs(7) && noticed < Span::from_secs(12), "{noticed}");
    assert_eq!(hindered(&world, false), "PREFERRED_LEADER_NOT_AVAILABLE");
    restart(&mut world, preferred);
    let events = later(&mut world, Span::from_secs(20));
    let (_, isr, _) = in_sync(&events).expect("it came back");
    assert_eq!(isr.len(), 3);
    assert!(elections(&events).is_empty(), "leaders are rebalanced after 300 s, not at once");
    act(&mut world, elect(false));
    let events = later(&mut world, Span::from_secs(2));
    assert_eq!(elections(&events)[0].1.as_deref(), Some(preferred));
    burst(&mut world, 5);
    later(&mut world, Span::from_secs(5));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 5);
}

/// A partition whose last in-sync replica is gone, and whose other one lacks what came since.
/// Billing has read `read` of the five records that only the first one has.
fn only_the_old_one_is_left(read: bool) -> (World, Vec<String>, Vec<Event>) {
    // One acknowledgement of one replica in sync is enough, so the follower may be gone.
    let (mut world, brokers) = cluster(2, &[], &[("acks", "all")]);
    let (leader, follower) = (brokers[0].as_str(), brokers[1].as_str());
    burst(&mut world, 3);
    later(&mut world, Span::from_secs(2));
    assert_eq!(hindered(&world, true), "ELECTION_NOT_NEEDED");
    crash(&mut world, follower);
    later(&mut world, Span::from_secs(15));
    if !read {
        act(&mut world, Action::Pause { node: "billing".into() });
    }
    burst(&mut world, 5);
    // Every 5 s it commits (`auto.commit.interval.ms`).
    let mut events = later(&mut world, Span::from_secs(7));
    assert_eq!(visible(&events), Some(8), "all in sync have them: the leader alone");
    crash(&mut world, leader);
    events.extend(later(&mut world, Span::from_secs(15)));
    assert_eq!(elections(&events).last().map(|e| e.1.clone()), Some(None), "nobody may lead");
    assert_eq!(hindered(&world, true), "ELIGIBLE_LEADERS_NOT_AVAILABLE");
    restart(&mut world, follower);
    let back = later(&mut world, Span::from_secs(10));
    assert!(elections(&back).is_empty(), "a replica out of sync is not elected by itself");
    events.extend(back);
    act(&mut world, elect(true));
    events.extend(later(&mut world, Span::from_secs(5)));
    let expected = (Some(follower.to_owned()), true);
    assert_eq!(elections(&events).last().map(|e| (e.1.clone(), e.2)), Some(expected));
    if !read {
        act(&mut world, Action::Resume { node: "billing".into() });
    }
    events.extend(later(&mut world, Span::from_secs(5)));
    (world, brokers, events)
}

/// An unclean election loses what was acknowledged; the old leader drops it when it comes back.
#[test]
fn an_unclean_election_loses_what_the_new_leader_lacks() {
    let (mut world, brokers, _) = only_the_old_one_is_left(false);
    let billing = party(&world, "billing");
    assert_eq!(billing.count(Standing::Lost(LostReason::UncleanElection)), 5);
    assert_eq!(billing.count(Standing::Delivered), 3);
    restart(&mut world, &brokers[0]);
    let events = later(&mut world, Span::from_secs(15));
    let dropped = facts(&events).find_map(|(_, fact)| match fact {
        KafkaFact::LogTruncated { partition, offset, lost } if *partition == orders(0) => {
            Some((*offset, lost.len()))
        }
        _ => None,
    });
    assert_eq!(dropped, Some((3, 5)));
    let (_, isr, _) = in_sync(&events).expect("it follows now");
    assert_eq!(isr.len(), 2);
    assert!(world.ledger().balances());
}

/// KIP-320: who had read what was cut off is told by the new leader, and reads on where the logs
/// part; what is appended there is not passed over.
#[test]
fn a_reader_learns_that_the_log_was_truncated() {
    let (mut world, _, mut events) = only_the_old_one_is_left(true);
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 8);
    assert_eq!(party(&world, "billing").lost(), 0, "billing has them");
    burst(&mut world, 4);
    events.extend(later(&mut world, Span::from_secs(20)));
    let detected: Vec<_> = facts(&events)
        .filter_map(|(_, fact)| match fact {
            KafkaFact::TruncationDetected { group, position, diverges, .. } => {
                Some((&**group, *position, *diverges))
            }
            _ => None,
        })
        .collect();
    assert_eq!(detected, [("billing", 8, Some(3))]);
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.repeated()), (12, 0));
}

/// KIP-966: replicas that leave the in-sync replicas below `min.insync.replicas` may lead
/// nevertheless, because nothing becomes visible meanwhile. One that crashed may not: its log may
/// have lost what was not yet on its disk (`BrokerRegistrationRequest#previousBrokerEpoch`).
#[test]
fn an_eligible_leader_replica_loses_nothing_that_was_visible() {
    for crashes in [false, true] {
        let (mut world, brokers) = cluster(3, &[("min.insync.replicas", "2")], &[("acks", "1")]);
        let node = brokers[1].as_str();
        burst(&mut world, 3);
        later(&mut world, Span::from_secs(7));
        crash(&mut world, &brokers[2]);
        let events = later(&mut world, Span::from_secs(15));
        let (_, isr, elr) = in_sync(&events).expect("it was fenced");
        assert_eq!((isr.len(), elr.len()), (2, 0), "two in sync are enough");
        let away = |node: &str| Action::Interrupt { node: node.into() };
        act(&mut world, if crashes { Action::Crash { node: node.into() } } else { away(node) });
        let events = later(&mut world, Span::from_secs(15));
        let (_, isr, elr) = in_sync(&events).expect("it was fenced");
        assert_eq!((isr, elr), (vec![brokers[0].clone()], vec![brokers[1].clone()]));
        burst(&mut world, 4);
        let events = later(&mut world, Span::from_secs(5));
        assert_eq!(visible(&events), None, "the high watermark stands still");
        assert_eq!(party(&world, "billing").count(Standing::Waiting), 4);
        crash(&mut world, &brokers[0]);
        later(&mut world, Span::from_secs(15));
        let heal = Action::Heal { node: node.into() };
        act(&mut world, if crashes { Action::Restart { node: node.into() } } else { heal });
        let events = later(&mut world, Span::from_secs(20));
        let elected = elections(&events).last().map(|e| (e.1.clone(), e.2));
        let billing = party(&world, "billing");
        assert_eq!(billing.count(Standing::Delivered), 3, "all that had been visible");
        if crashes {
            assert_eq!(elected, None);
            assert_eq!(billing.count(Standing::Waiting), 4, "in the log of who led last");
        } else {
            assert_eq!(elected, Some((Some(brokers[1].clone()), false)), "cleanly");
            let gone = Standing::Lost(LostReason::Replication);
            assert_eq!(billing.count(gone), 4, "acks=1 promised no more");
        }
    }
}

/// A broker in good order hands over what it leads before it goes (controlled shutdown); one
/// that crashes is noticed when its session has run out, and let in again when it has caught up.
#[test]
fn brokers_go_at_once_or_are_missed_after_their_session() {
    let (mut world, brokers) = cluster(3, &[("min.insync.replicas", "2")], &[("acks", "all")]);
    let crashed = brokers[1].as_str();
    crash(&mut world, crashed);
    let at = world.now();
    let events = later(&mut world, Span::from_secs(15));
    let fenced = facts(&events).find_map(|(at, fact)| match fact {
        KafkaFact::BrokerFenced { broker } => Some((at, format!("kafka-{broker}"))),
        _ => None,
    });
    let (fenced_at, who) = fenced.expect("its session ran out");
    assert_eq!(who, crashed);
    // A heartbeat of 2 s may have been under way; the controller looks at times.
    let silent = fenced_at.since(at);
    assert!(silent > Span::from_secs(7) && silent < Span::from_secs(12), "{silent}");
    burst(&mut world, 6);
    later(&mut world, Span::from_secs(2));
    restart(&mut world, crashed);
    let events = later(&mut world, Span::from_secs(15));
    let came: Vec<&str> = facts(&events)
        .filter_map(|(_, fact)| match fact {
            KafkaFact::BrokerRegistered { .. } => Some("registered"),
            KafkaFact::BrokerUnfenced { .. } => Some("unfenced"),
            KafkaFact::Replicated { partition, end_offset: 6, .. } if *partition == orders(0) => {
                Some("caught up")
            }
            KafkaFact::IsrChanged { partition, isr, .. }
                if *partition == orders(0) && isr.len() == 3 =>
            {
                Some("in sync")
            }
            _ => None,
        })
        .collect();
    assert_eq!(came.iter().filter(|what| **what == "in sync").count(), 1, "{came:?}");
    let place = |what| came.iter().position(|w| *w == what).unwrap_or_else(|| panic!("{what}"));
    assert!(place("registered") < place("unfenced"), "{came:?}");
    assert!(place("caught up") < place("in sync"), "{came:?}");
    let remove = Action::Remove { node: brokers[0].as_str().into() };
    act(&mut world, remove);
    let at = world.now();
    let events = later(&mut world, Span::from_secs(3));
    let (elected, leader, unclean) = elections(&events).swap_remove(0);
    assert!(elected.since(at) < Span::from_secs(2), "{elected}");
    assert!(leader.is_some_and(|leader| leader != brokers[0]) && !unclean);
    burst(&mut world, 6);
    later(&mut world, Span::from_secs(10));
    let billing = party(&world, "billing");
    assert_eq!((billing.count(Standing::Delivered), billing.lost()), (12, 0));
}

/// C8: a follower that is cut off holds the high watermark back for `replica.lag.time.max.ms`,
/// then leaves the in-sync replicas; healed, it catches up and is let in again.
#[test]
fn a_follower_that_is_cut_off_holds_the_high_watermark_until_it_leaves_the_isr() {
    let (mut world, brokers) = cluster(2, &[], &[("acks", "1")]);
    burst(&mut world, 2);
    later(&mut world, Span::from_secs(2));
    let (one, other) = (brokers[0].as_str().into(), brokers[1].as_str().into());
    let cut = Action::InterruptBetween { one, other };
    act(&mut world, cut.clone());
    assert!(world.can(&cut).is_err(), "it is cut");
    let at = world.now();
    burst(&mut world, 3);
    let events = later(&mut world, Span::from_secs(28));
    assert_eq!(visible(&events), None, "the follower does not have them");
    assert_eq!(in_sync(&events), None);
    assert_eq!(party(&world, "billing").count(Standing::Waiting), 3);
    let events = later(&mut world, Span::from_secs(20));
    let (left, isr, _) = in_sync(&events).expect("it lags for too long");
    assert_eq!(isr, [brokers[0].clone()]);
    // Looked at every half of `replica.lag.time.max.ms`.
    let after = left.since(at);
    assert!(after >= Span::from_secs(29) && after < Span::from_secs(46), "{after}");
    assert_eq!(visible(&events), Some(5));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 5);
    assert!(elections(&events).is_empty(), "both are alive for the controller");
    let (one, other) = (brokers[1].as_str().into(), brokers[0].as_str().into());
    act(&mut world, Action::HealBetween { one, other });
    let events = later(&mut world, Span::from_secs(40));
    let (_, isr, _) = in_sync(&events).expect("it has caught up");
    assert_eq!(isr.len(), 2);
}

/// What a sender learns and a reader sees when one of two replicas is left: the table of the
/// documentation of `acks` and `min.insync.replicas`; below the minimum the high watermark
/// stands still for every `acks` (KIP-966).
#[test]
fn acks_and_min_insync_replicas_decide_together() {
    for (acks, minimum, standing) in [
        ("all", "1", Standing::Delivered),
        ("all", "2", Standing::Refused),
        ("1", "1", Standing::Delivered),
        ("1", "2", Standing::Waiting),
        ("0", "1", Standing::Delivered),
        ("0", "2", Standing::Waiting),
    ] {
        let producer = [("acks", acks), ("delivery.timeout.ms", "31000"), ("linger.ms", "0")];
        let (mut world, brokers) = cluster(2, &[("min.insync.replicas", minimum)], &producer);
        burst(&mut world, 1);
        later(&mut world, Span::from_secs(2));
        crash(&mut world, &brokers[1]);
        later(&mut world, Span::from_secs(15));
        burst(&mut world, 4);
        let events = later(&mut world, Span::from_secs(40));
        let billing = party(&world, "billing");
        let sums: Vec<_> = billing.sums().collect();
        let more = u64::from(standing == Standing::Delivered);
        assert_eq!(billing.count(standing), 4 + more, "acks={acks} {minimum}: {sums:?}");
        let refused = facts(&events).any(|(_, fact)| {
            matches!(fact, KafkaFact::ProduceRetried { error, .. }
                if **error == *"NOT_ENOUGH_REPLICAS")
        });
        assert_eq!(refused, standing == Standing::Refused, "acks={acks} {minimum}");
        // With the other one back, everything that is stored is read.
        restart(&mut world, &brokers[1]);
        later(&mut world, Span::from_secs(30));
        let stored = if standing == Standing::Refused { 1 } else { 5 };
        assert_eq!(party(&world, "billing").count(Standing::Delivered), stored, "acks={acks}");
    }
}

/// `acks=0`: what is on the wire when the leader dies is lost, and what a former leader cannot
/// take as well; that broker closes the connection (`KafkaApis#handleProduceRequest`), which is
/// how the producer learns to ask for the new leader. Nothing stays on its way for ever.
#[test]
fn with_acks_0_nobody_tells_what_was_lost() {
    let (mut world, brokers) = cluster(3, &[], &[("acks", "0"), ("linger.ms", "0")]);
    burst(&mut world, 1);
    later(&mut world, Span::from_secs(2));
    crash(&mut world, &brokers[0]);
    later(&mut world, Span::from_secs(15));
    restart(&mut world, &brokers[0]);
    later(&mut world, Span::from_secs(30));
    // When its connection broke, the producer asked who leads before anybody knew of the crash.
    burst(&mut world, 1);
    let mut events = later(&mut world, Span::from_secs(2));
    // The preferred leader leads again, and the producer does not know.
    act(&mut world, elect(false));
    events.extend(later(&mut world, Span::from_secs(1)));
    burst(&mut world, 3);
    events.extend(later(&mut world, Span::from_secs(2)));
    let dropped: usize = facts(&events)
        .filter_map(|(_, fact)| match fact {
            KafkaFact::ProduceDropped { error, tags, .. } => {
                assert_eq!(&**error, "NOT_LEADER_OR_FOLLOWER");
                Some(tags.len())
            }
            _ => None,
        })
        .sum();
    assert!(dropped > 0, "the old leader got some");
    let lost = party(&world, "billing").count(Standing::Lost(LostReason::Unacknowledged));
    assert_eq!(lost, dropped as u64);
    burst(&mut world, 2);
    later(&mut world, Span::from_secs(2));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 7 - lost, "it asked who leads");
    burst(&mut world, 2);
    later(&mut world, Span::from_millis(1));
    crash(&mut world, &brokers[0]);
    later(&mut world, Span::from_secs(30));
    let billing = party(&world, "billing");
    assert_eq!(billing.count(Standing::Lost(LostReason::ConnectionClosed)), 2);
    assert_eq!(billing.count(Standing::OnItsWay), 0);
}
