//! Three brokers and a controller: replication, in-sync replicas, acks, fencing, elections.

mod admin;
mod fuzz;
mod harness;
#[path = "../hunt/mod.rs"]
mod hunt;
mod readers;

use harness::{Cluster, topic_partition};
use pushpull::event::KafkaFact;
use pushpull::kafka::broker::Partition;
use pushpull::kafka::protocol::{Acks, BrokerId, ErrorCode};
use pushpull::sim::Span;

fn ids(ids: &[u32]) -> Vec<BrokerId> {
    ids.iter().map(|&id| BrokerId(id)).collect()
}

const SECOND: Span = Span::from_secs(1);

#[test]
fn brokers_register_and_are_let_in() {
    let cluster = Cluster::new(3, 1);
    let unfenced: Vec<u32> = cluster
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            KafkaFact::BrokerUnfenced { broker } => Some(*broker),
            _ => None,
        })
        .collect();
    assert_eq!(unfenced, [1, 2, 3]);
    assert!(cluster.brokers.values().all(|broker| broker.image() == &**cluster.controller.image()));
}

#[test]
fn followers_copy_the_log_and_the_high_watermark_follows() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    let asked = cluster.produce(1, Acks::All, &["a", "b"]);
    assert_eq!(cluster.produced(asked), None, "acks=all waits for the in-sync replicas");
    // The waiting fetches bring the records, the next ones say that they have come: two ways
    // along the wire.
    cluster.run_for(Span::from_millis(1));
    assert_eq!(cluster.produced(asked), None);
    cluster.run_for(Span::from_millis(1));
    assert!(cluster.produced(asked).is_some());
    cluster.run_for(SECOND);
    let answer = cluster.produced(asked).expect("an answer");
    assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::None, Some(0)));
    for broker in 1..=3 {
        assert_eq!(cluster.values(broker), ["a", "b"], "broker {broker}");
        assert_eq!(cluster.high_watermark(broker), 2, "broker {broker}");
    }
}

#[test]
fn acks_1_is_answered_before_followers_have_it() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    let asked = cluster.produce(1, Acks::Leader, &["a"]);
    assert!(cluster.produced(asked).is_some());
    assert_eq!(cluster.high_watermark(1), 0);
}

/// Specification 3.7: fenced 9 to 10.1 s after the last heartbeat, then another leads.
#[test]
fn a_crashed_leader_is_fenced_and_replaced() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[("min.insync.replicas", "2")]);
    cluster.produce(1, Acks::All, &["a"]);
    cluster.run_for(SECOND);
    cluster.crash(1);
    // The last heartbeat was up to 2 s ago.
    cluster.run_for(Span::from_millis(6_900));
    assert_eq!(cluster.registration().leader, Some(BrokerId(1)), "nobody has noticed yet");
    cluster.run_for(Span::from_millis(3_300));
    let partition = cluster.registration();
    assert_eq!(partition.leader, Some(BrokerId(2)));
    assert_eq!(partition.isr, ids(&[2, 3]));
    let asked = cluster.produce(2, Acks::All, &["b"]);
    cluster.run_for(SECOND);
    assert_eq!(cluster.produced(asked).map(|a| a.error_code), Some(ErrorCode::None));
    cluster.restart(1);
    cluster.run_for(Span::from_secs(5));
    assert_eq!(cluster.values(1), ["a", "b"]);
    assert_eq!(cluster.registration().isr, ids(&[2, 3, 1]));
}

/// Specification 3.6, the vectors of a partition with three replicas and two in sync at least.
#[test]
fn eligible_leaders_are_remembered() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[("min.insync.replicas", "2")]);
    let state = |cluster: &Cluster| {
        let p = cluster.registration();
        (p.leader, p.isr.clone(), p.elr.clone(), p.last_known_elr.clone())
    };
    let fenced = Span::from_secs(11);
    cluster.crash(1);
    cluster.run_for(fenced);
    assert_eq!(state(&cluster), (Some(BrokerId(2)), ids(&[2, 3]), vec![], vec![]));
    cluster.crash(2);
    cluster.run_for(fenced);
    assert_eq!(state(&cluster), (Some(BrokerId(3)), ids(&[3]), ids(&[2]), vec![]));
    let asked = cluster.produce(3, Acks::All, &["x"]);
    let code = cluster.produced(asked).map(|answer| answer.error_code);
    assert_eq!(code, Some(ErrorCode::NotEnoughReplicas));
    // With acks=1 it is written, but nobody sees it: the high watermark stands still.
    let asked = cluster.produce(3, Acks::Leader, &["y"]);
    assert_eq!(cluster.produced(asked).map(|a| a.error_code), Some(ErrorCode::None));
    assert_eq!((cluster.high_watermark(3), cluster.values(3).len()), (0, 1));
    cluster.crash(3);
    cluster.run_for(fenced);
    assert_eq!(state(&cluster), (None, vec![], ids(&[2, 3]), ids(&[3])));
}

/// Specification 3.4: until the controller fences the two, all in sync are waited for; then 19.
#[test]
fn acks_all_waits_for_everyone_in_sync_and_then_says_not_enough() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[("min.insync.replicas", "2")]);
    cluster.crash(2);
    cluster.crash(3);
    let hangs = cluster.produce(1, Acks::All, &["a"]);
    cluster.run_for(Span::from_secs(11));
    let later = cluster.produce(1, Acks::All, &["b"]);
    let code = cluster.produced(later).map(|answer| answer.error_code);
    assert_eq!(code, Some(ErrorCode::NotEnoughReplicas));
    assert_eq!(cluster.produced(hangs), None);
    cluster.run_for(Span::from_secs(20));
    let code = cluster.produced(hangs).map(|answer| answer.error_code);
    assert_eq!(code, Some(ErrorCode::RequestTimedOut));
    assert_eq!(cluster.values(1), ["a"], "it was written all the same");
}

/// Specification 3.2: a follower that cannot fetch leaves after 30 to 45 s, and comes back.
#[test]
fn a_follower_that_lags_leaves_the_isr_and_comes_back() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    cluster.interrupt(BrokerId(1), BrokerId(3));
    let asked = cluster.produce(1, Acks::All, &["a"]);
    cluster.run_for(Span::from_millis(29_500));
    assert_eq!(cluster.registration().isr, ids(&[1, 2, 3]));
    cluster.run_for(Span::from_millis(16_000));
    assert_eq!(cluster.registration().isr, ids(&[1, 2]));
    assert_eq!(cluster.high_watermark(1), 1);
    // The request had given up after its 30 s.
    let code = cluster.produced(asked).map(|answer| answer.error_code);
    assert_eq!(code, Some(ErrorCode::RequestTimedOut));
    cluster.heal(BrokerId(1), BrokerId(3));
    cluster.run_for(Span::from_secs(3));
    assert_eq!(cluster.registration().isr, ids(&[1, 2, 3]));
    assert_eq!(cluster.values(3), ["a"]);
}

/// Specification 3.2: of a partition that is idle, a stopped follower stays in sync.
#[test]
fn of_an_idle_partition_a_silent_follower_stays_in_sync() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    cluster.interrupt(BrokerId(1), BrokerId(3));
    cluster.run_for(Span::from_secs(90));
    assert_eq!(cluster.registration().isr, ids(&[1, 2, 3]));
}

/// Specification 3.8: what only the old leader had is lost, and its log is made the new leader's.
#[test]
fn a_returning_leader_drops_what_others_do_not_have() {
    let mut cluster = Cluster::new(2, 1);
    cluster.create_topic(&[1, 2], &[]);
    cluster.produce(1, Acks::All, &["a", "b"]);
    cluster.run_for(SECOND);
    cluster.interrupt(BrokerId(1), BrokerId(2));
    cluster.produce(1, Acks::Leader, &["lost"]);
    cluster.crash(1);
    cluster.run_for(Span::from_secs(11));
    assert_eq!(cluster.registration().leader, Some(BrokerId(2)));
    cluster.produce(2, Acks::Leader, &["c"]);
    cluster.heal_all();
    cluster.restart(1);
    cluster.run_for(Span::from_secs(5));
    assert_eq!(cluster.values(1), ["a", "b", "c"]);
    let truncated = |(node, fact): &(BrokerId, KafkaFact)| match fact {
        KafkaFact::LogTruncated { offset, .. } => Some((node.0, *offset)),
        _ => None,
    };
    assert_eq!(cluster.facts.iter().filter_map(truncated).collect::<Vec<_>>(), [(1, 2)]);
}

/// Specification 3.5: only with `unclean.leader.election.enable` may one lead that lacks records.
#[test]
fn an_unclean_election_loses_acknowledged_records() {
    for unclean in [false, true] {
        let mut cluster = Cluster::new(2, 1);
        let setting = if unclean { "true" } else { "false" };
        cluster.create_topic(&[1, 2], &[("unclean.leader.election.enable", setting)]);
        cluster.crash(2);
        cluster.run_for(Span::from_secs(11));
        let asked = cluster.produce(1, Acks::All, &["only here"]);
        assert_eq!(cluster.produced(asked).map(|a| a.error_code), Some(ErrorCode::None));
        cluster.crash(1);
        cluster.run_for(Span::from_secs(11));
        cluster.restart(2);
        cluster.run_for(Span::from_secs(5));
        let leader = cluster.registration().leader;
        assert_eq!(leader, unclean.then_some(BrokerId(2)), "unclean election: {unclean}");
    }
}

#[test]
fn a_controlled_shutdown_moves_leaders_first() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    cluster.shut_down(1);
    cluster.run_for(Span::from_secs(5));
    assert!(cluster.brokers[&BrokerId(1)].has_stopped());
    assert_eq!(cluster.registration().leader, Some(BrokerId(2)));
    assert_eq!(cluster.registration().isr, ids(&[2, 3]));
    cluster.restart(1);
    cluster.run_for(Span::from_secs(5));
    assert_eq!(cluster.registration().isr, ids(&[2, 3, 1]));
}

/// Specification 3.5: every 300 s leaders go back to the preferred replicas.
#[test]
fn leaders_go_back_to_the_preferred_replicas() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    cluster.crash(1);
    cluster.run_for(Span::from_secs(15));
    cluster.restart(1);
    cluster.run_for(Span::from_secs(15));
    assert_eq!(cluster.registration().leader, Some(BrokerId(2)));
    cluster.run_for(Span::from_secs(300));
    assert_eq!(cluster.registration().leader, Some(BrokerId(1)));
    assert!(
        cluster.brokers[&BrokerId(1)]
            .partition(&topic_partition(0))
            .is_some_and(Partition::is_leader)
    );
}
