//! What administrators ask of the controller, and groups whose coordinator goes away.

use crate::harness::{Cluster, topic_partition};
use pushpull::event::Name;
use pushpull::kafka::broker::OFFSETS_TOPIC;
use pushpull::kafka::group::coordinator_partition;
use pushpull::kafka::protocol::{
    Acks, BrokerId, CreatableTopic, CreatePartitionsRequest, CreateTopicsRequest,
    ElectLeadersRequest, ElectionType, ErrorCode, FindCoordinatorRequest, IsolationLevel,
    ListOffsetsPartition, ListOffsetsRequest, OffsetCommitPartition, OffsetCommitRequest,
    OffsetFetchRequest, OffsetSpec, Response,
};
use pushpull::sim::Span;

fn topic(name: &str) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions: Some(3),
        replication_factor: Some(2),
        assignments: Vec::new(),
        configs: Vec::new(),
    }
}

/// The errors of `ReplicationControlManager#createTopics`, in the specification's section 3.10.
#[test]
fn topics_that_cannot_be_are_refused() {
    let mut cluster = Cluster::new(3, 1);
    let config = |name: &str, value: &str| (Name::from(name), Name::from(value));
    let request = CreateTopicsRequest {
        topics: vec![
            topic("orders"),
            topic("orders"),
            topic("no/slash"),
            CreatableTopic { num_partitions: Some(0), ..topic("a") },
            CreatableTopic { replication_factor: Some(4), ..topic("b") },
            CreatableTopic { replication_factor: Some(0), ..topic("c") },
            CreatableTopic { assignments: vec![vec![BrokerId(1), BrokerId(1)]], ..topic("d") },
            CreatableTopic { assignments: vec![vec![BrokerId(9)]], ..topic("e") },
            // At least 1 MiB since Kafka 4.0.
            CreatableTopic { configs: vec![config("segment.bytes", "1000")], ..topic("f") },
        ],
    };
    let correlation = cluster.ask_controller(request.into());
    let Some(Response::CreateTopics(response)) = cluster.answers.get(&correlation) else {
        panic!("no answer to CreateTopics");
    };
    let codes: Vec<ErrorCode> = response.topics.iter().map(|(_, code, _)| *code).collect();
    assert_eq!(
        codes,
        [
            ErrorCode::None,
            ErrorCode::TopicAlreadyExists,
            ErrorCode::InvalidTopicException,
            ErrorCode::InvalidPartitions,
            ErrorCode::InvalidReplicationFactor,
            ErrorCode::InvalidReplicationFactor,
            ErrorCode::InvalidReplicaAssignment,
            ErrorCode::InvalidReplicaAssignment,
            ErrorCode::InvalidConfig,
        ]
    );
}

#[test]
fn partitions_only_become_more() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    let topics = vec![("orders".into(), 4), ("orders".into(), 4), ("nowhere".into(), 2)];
    let correlation = cluster.ask_controller(CreatePartitionsRequest { topics }.into());
    let Some(Response::CreatePartitions(response)) = cluster.answers.get(&correlation) else {
        panic!("no answer to CreatePartitions");
    };
    let codes: Vec<ErrorCode> = response.topics.iter().map(|(_, code)| *code).collect();
    let expected =
        [ErrorCode::None, ErrorCode::InvalidPartitions, ErrorCode::UnknownTopicOrPartition];
    assert_eq!(codes, expected);
    cluster.run_for(Span::from_secs(2));
    for partition in 1..4 {
        let replicas = cluster
            .brokers
            .values()
            .filter(|broker| broker.partition(&topic_partition(partition)).is_some());
        assert_eq!(replicas.count(), 3, "partition {partition}");
    }
}

/// Specification 3.5: the errors of `ElectLeaders`.
#[test]
fn elections_on_request_say_what_hinders_them() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    let elect = |cluster: &mut Cluster, election_type| {
        let partitions = Some(vec![topic_partition(0)]);
        let request = ElectLeadersRequest { election_type, partitions };
        let correlation = cluster.ask_controller(request.into());
        match cluster.answers.get(&correlation) {
            Some(Response::ElectLeaders(response)) => response.partitions[0].1,
            other => panic!("no answer to ElectLeaders but {other:?}"),
        }
    };
    assert_eq!(elect(&mut cluster, ElectionType::Preferred), ErrorCode::ElectionNotNeeded);
    assert_eq!(elect(&mut cluster, ElectionType::Unclean), ErrorCode::ElectionNotNeeded);
    cluster.crash(1);
    cluster.run_for(Span::from_secs(11));
    let code = elect(&mut cluster, ElectionType::Preferred);
    assert_eq!(code, ErrorCode::PreferredLeaderNotAvailable);
    cluster.restart(1);
    cluster.run_for(Span::from_secs(5));
    assert_eq!(elect(&mut cluster, ElectionType::Preferred), ErrorCode::None);
    assert_eq!(cluster.registration().leader, Some(BrokerId(1)));
}

fn coordinator(cluster: &mut Cluster, ask: u32) -> Option<BrokerId> {
    let request = FindCoordinatorRequest { coordinator_keys: vec!["billing".into()] };
    let correlation = cluster.ask(BrokerId(ask), request.into());
    match cluster.answers.get(&correlation) {
        Some(Response::FindCoordinator(response)) => response.coordinators[0].node_id,
        other => panic!("no answer to FindCoordinator but {other:?}"),
    }
}

#[test]
fn committed_offsets_survive_their_coordinator() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[]);
    assert_eq!(coordinator(&mut cluster, 1), None, "the topic is only being created");
    cluster.run_for(Span::from_secs(2));
    let first = coordinator(&mut cluster, 1).expect("a coordinator");
    // `billing` lives in partition 9 of 50: Kafka's own `partitionFor`.
    assert_eq!(coordinator_partition("billing", 50), 9);
    let offsets = cluster.controller.image().topics[OFFSETS_TOPIC].partitions[9].clone();
    assert_eq!((offsets.leader, offsets.replicas.len()), (Some(first), 3));
    let committed = OffsetCommitPartition {
        partition: topic_partition(0),
        committed_offset: 42,
        committed_leader_epoch: Some(0),
        committed_metadata: None,
    };
    let request = OffsetCommitRequest {
        group_id: "billing".into(),
        generation_id: None,
        member_id: "".into(),
        group_instance_id: None,
        partitions: vec![committed],
    };
    let commit = cluster.ask(first, request.into());
    assert!(!cluster.answers.contains_key(&commit), "a commit waits for the in-sync replicas");
    cluster.run_for(Span::from_secs(1));
    let Some(Response::OffsetCommit(response)) = cluster.answers.get(&commit) else {
        panic!("no answer to OffsetCommit");
    };
    assert_eq!(response.partitions[0].1, ErrorCode::None);
    cluster.crash(first.0);
    cluster.run_for(Span::from_secs(11));
    let other = if first == BrokerId(1) { 2 } else { 1 };
    let second = coordinator(&mut cluster, other).expect("another coordinator");
    assert_ne!(first, second);
    let fetch = OffsetFetchRequest {
        group_id: "billing".into(),
        partitions: Some(vec![topic_partition(0)]),
        require_stable: false,
    };
    let not_it = [1, 2, 3].map(BrokerId).into_iter().find(|id| ![first, second].contains(id));
    for (broker, code, offset) in [
        (second, ErrorCode::None, Some(42)),
        (not_it.expect("a third"), ErrorCode::NotCoordinator, None),
    ] {
        let correlation = cluster.ask(broker, fetch.clone().into());
        let Some(Response::OffsetFetch(response)) = cluster.answers.get(&correlation) else {
            panic!("no answer to OffsetFetch");
        };
        assert_eq!(response.error_code, code);
        assert_eq!(response.partitions.first().and_then(|p| p.committed_offset), offset);
    }
}

/// Specification 2.7: a new leader that cannot tell yet how far its log is committed says so.
#[test]
fn a_new_leader_does_not_guess_the_end() {
    let mut cluster = Cluster::new(3, 1);
    cluster.create_topic(&[1, 2, 3], &[("min.insync.replicas", "2")]);
    cluster.produce(1, Acks::All, &["a"]);
    // The followers have fetched the record; the answer that tells them the new high watermark
    // never comes.
    cluster.run_for(Span::from_millis(4));
    assert_eq!((cluster.values(2).len(), cluster.high_watermark(2)), (1, 0));
    cluster.interrupt(BrokerId(2), BrokerId(3));
    cluster.crash(1);
    cluster.run_for(Span::from_secs(11));
    assert_eq!(cluster.registration().leader, Some(BrokerId(2)));
    let partition = ListOffsetsPartition {
        partition: topic_partition(0),
        current_leader_epoch: None,
        timestamp: OffsetSpec::Latest,
    };
    let request = ListOffsetsRequest {
        replica_id: None,
        isolation_level: IsolationLevel::ReadUncommitted,
        partitions: vec![partition],
    };
    let latest = |cluster: &mut Cluster| {
        let correlation = cluster.ask(BrokerId(2), request.clone().into());
        match cluster.answers.get(&correlation) {
            Some(Response::ListOffsets(response)) => {
                (response.partitions[0].error_code, response.partitions[0].offset)
            }
            other => panic!("no answer to ListOffsets but {other:?}"),
        }
    };
    assert_eq!(latest(&mut cluster), (ErrorCode::OffsetNotAvailable, None));
    cluster.heal_all();
    cluster.run_for(Span::from_secs(3));
    assert_eq!(latest(&mut cluster), (ErrorCode::None, Some(1)));
}
