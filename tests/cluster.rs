//! A cluster in the lab: what survives when the broker that leads dies, and what does not
//! (rows C8, C9, M10, M12).

use pushpull::event::{
    Action, Carrier, Event, KafkaFact, Keys, Load, LostReason, Settings, Standing, What,
};
use pushpull::kafka::murmur2::partition_for_key;
use pushpull::lab::{Party, World};
use pushpull::sim::{SortedSet, Span};

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

/// Three brokers and a controller; one partition of `replicas`; a shop with these settings.
fn cluster(replicas: u32, topic: &[(&str, &str)], producer: &[(&str, &str)]) -> World {
    let mut world = World::new(3);
    act(&mut world, Action::AddController { name: "controller".into() });
    for name in ["kafka-1", "kafka-2", "kafka-3"] {
        let config = settings(&[("group.initial.rebalance.delay.ms", "0")]);
        act(&mut world, Action::AddBroker { name: name.into(), config });
    }
    later(&mut world, Span::from_secs(5));
    act(
        &mut world,
        Action::CreateTopic {
            name: "orders".into(),
            partitions: 1,
            replicas,
            config: settings(topic),
        },
    );
    later(&mut world, Span::from_secs(5));
    act(
        &mut world,
        Action::AddConsumer {
            name: "billing".into(),
            group: "billing".into(),
            topics: vec!["orders".into()],
            takes: Span::from_millis(1),
            config: settings(&[("auto.offset.reset", "earliest")]),
        },
    );
    let load = Load {
        per_kilosecond: 20_000,
        keys: Keys::Cycle(vec!["ada".into(), "bob".into()]),
        bytes: 100,
    };
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
    world
}

fn party(world: &World) -> &Party {
    world.ledger().parties().next().expect("billing").1
}

/// The broker that leads the partition, by the last election or the creation of the topic.
fn leader(events: &[Event]) -> Option<u32> {
    events.iter().rev().find_map(|event| match event.what {
        What::Kafka { fact: KafkaFact::LeaderElected { leader, .. }, .. } => leader,
        _ => None,
    })
}

/// The broker whose log takes the records now.
fn appending(world: &mut World) -> String {
    let events = later(world, Span::from_secs(1));
    let node = events.iter().rev().find_map(|event| match &event.what {
        What::Kafka { node, fact: KafkaFact::Appended { tag: Some(_), .. } } => Some(*node),
        _ => None,
    });
    let node = node.expect("the shop sends");
    // The controller is node 0, the brokers follow it.
    format!("kafka-{}", node.0)
}

#[test]
fn a_record_is_copied_before_it_is_acknowledged() {
    let mut world = cluster(3, &[("min.insync.replicas", "2")], &[("acks", "all")]);
    let events = later(&mut world, Span::from_secs(10));
    let replicated = |event: &&Event| {
        matches!(event.what, What::Kafka { fact: KafkaFact::Replicated { .. }, .. })
    };
    assert!(events.iter().filter(replicated).count() > 100);
    let kafka = party(&world);
    assert!(kafka.count(Standing::Delivered) > 150, "{:?}", kafka.sums().collect::<Vec<_>>());
    assert_eq!((kafka.lost(), kafka.repeated()), (0, 0));
}

/// C9: kill a leader with `acks=all` and `min.insync.replicas=2`: nothing acknowledged is lost.
#[test]
fn nothing_acknowledged_by_all_is_lost_with_the_leader() {
    let mut world = cluster(3, &[("min.insync.replicas", "2")], &[("acks", "all")]);
    later(&mut world, Span::from_secs(10));
    let broker = appending(&mut world);
    act(&mut world, Action::Crash { node: broker.as_str().into() });
    let events = later(&mut world, Span::from_secs(60));
    assert!(leader(&events).is_some(), "another replica leads");
    act(&mut world, Action::SetRate { producer: "shop".into(), per_kilosecond: 0 });
    later(&mut world, Span::from_secs(200));
    let kafka = party(&world);
    let sums: Vec<_> = kafka.sums().collect();
    assert_eq!(kafka.count(Standing::Delivered), kafka.expected(), "{sums:?}");
    assert!(kafka.expected() > 1_000);
}

/// Partitions are not copies: with one replica the log is gone while its broker is.
#[test]
fn one_replica_survives_nothing() {
    let mut world = cluster(1, &[], &[("acks", "all")]);
    later(&mut world, Span::from_secs(10));
    let broker = appending(&mut world);
    let before = party(&world).count(Standing::Delivered);
    act(&mut world, Action::Crash { node: broker.as_str().into() });
    later(&mut world, Span::from_secs(30));
    let during = party(&world).count(Standing::Delivered);
    assert!(during <= before + 2, "{before} {during}");
    act(&mut world, Action::Restart { node: broker.as_str().into() });
    act(&mut world, Action::SetRate { producer: "shop".into(), per_kilosecond: 0 });
    later(&mut world, Span::from_secs(200));
    let kafka = party(&world);
    let lost = kafka.count(Standing::Lost(LostReason::Replication));
    assert_eq!(lost, 0, "it comes back with its disk");
    assert_eq!(kafka.count(Standing::Delivered) + kafka.count(Standing::Refused), kafka.expected());
}

#[test]
fn partitions_can_be_added_and_never_taken_away() {
    let mut world = cluster(1, &[], &[]);
    later(&mut world, Span::from_secs(2));
    let add = |partitions| Action::AddPartitions { topic: "orders".into(), partitions };
    assert!(world.can(&add(1)).is_err(), "INVALID_PARTITIONS");
    act(&mut world, add(4));
    // Clients learn of new partitions when their metadata is five minutes old.
    later(&mut world, Span::from_secs(310));
    let events = later(&mut world, Span::from_secs(5));
    let used: SortedSet<u32> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::Kafka { fact: KafkaFact::Appended { partition, tag: Some(_), .. }, .. } => {
                Some(partition.partition)
            }
            _ => None,
        })
        .collect();
    let hashed: SortedSet<u32> =
        ["ada", "bob"].iter().map(|key| partition_for_key(key.as_bytes(), 4)).collect();
    assert_eq!(used, hashed);
    assert_ne!(hashed, SortedSet::from([0]), "the keys have moved");
}

#[test]
fn a_cluster_that_cannot_be_built_says_why() {
    let mut world = World::new(1);
    let topic = |replicas| Action::CreateTopic {
        name: "orders".into(),
        partitions: 1,
        replicas,
        config: Settings::new(),
    };
    assert!(world.can(&topic(1)).is_err());
    let broker = Action::AddBroker { name: "kafka-1".into(), config: Settings::new() };
    act(&mut world, broker);
    later(&mut world, Span::from_secs(1));
    let refused = world.can(&topic(3)).expect_err("one broker holds one replica");
    assert!(refused.reason.starts_with("INVALID_REPLICATION_FACTOR"), "{}", refused.reason);
    let late = world.can(&Action::AddController { name: "controller".into() });
    assert!(late.is_err());
    act(&mut world, topic(1));
    assert!(world.can(&topic(1)).is_err(), "there is one already");
}
