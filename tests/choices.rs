//! What an application chooses decides which bug it gets: commits before or after its work,
//! memory for what it has done, seeks, handlers that fail (rows C4, C6, M1, M4, M8, M13, W2).

use pushpull::event::{
    Action, Carrier, CommitPoint, Event, Failure, Keys, LabFact, Load, LostReason, Settings,
    Standing, System, TopicPartition, What,
};
use pushpull::lab::{Party, World};
use pushpull::sim::{Instant, Span};

/// One partition, one consumer "billing" in both lanes that charges 18 $ an order.
fn till(takes: Span) -> World {
    let mut world = World::new(5);
    let settings = |name: &str, value: &str| Settings::from([(name.into(), value.into())]);
    for action in [
        Action::AddRedis { name: "redis-1".into(), config: Settings::new() },
        Action::AddBroker {
            name: "kafka-1".into(),
            config: settings("group.initial.rebalance.delay.ms", "0"),
        },
        Action::CreateTopic {
            name: "orders".into(),
            partitions: 1,
            replicas: 1,
            config: Settings::new(),
        },
        Action::AddSubscriber {
            name: "billing".into(),
            channels: vec!["orders".into()],
            patterns: Vec::new(),
            takes,
            server: None,
        },
        Action::AddConsumer {
            name: "billing".into(),
            group: "billing".into(),
            topics: vec!["orders".into()],
            takes,
            config: settings("auto.offset.reset", "earliest"),
        },
        Action::AddAccount { consumer: "billing".into(), amount: 18 },
        Action::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            carriers: vec![Carrier::PubSub, Carrier::Kafka],
            load: Load {
                per_kilosecond: 0,
                keys: Keys::Cycle(vec!["ada".into(), "bob".into()]),
                bytes: 100,
            },
            config: settings("linger.ms", "0"),
        },
    ] {
        world.act(action).expect("the till can be built");
    }
    world.advance_to(Instant::from_millis(1_000));
    world
}

fn act(world: &mut World, action: Action) {
    world.act(action).expect("it can be done");
}

fn later(world: &mut World, span: Span) {
    world.advance_to(world.now() + span);
}

fn party(world: &World, system: System) -> &Party {
    let found = world.ledger().parties().find(|(_, party)| party.system == system);
    found.expect("billing reads from both").1
}

/// The last state of Kafka's account table: (expected, actual).
fn account(world: &World, events: &[Event]) -> Option<(u64, u64)> {
    let kafka = world.ledger().parties().find(|(_, p)| p.system == System::Kafka)?.0;
    events.iter().rev().find_map(|event| match &event.what {
        What::Lab(LabFact::Charged { party, expected, actual, .. }) if *party == kafka => {
            Some((*expected, *actual))
        }
        _ => None,
    })
}

/// Ten orders arrive as one batch; the consumer dies while it works on the fourth.
fn crash_in_the_middle(mut world: World) -> (World, Vec<Event>) {
    act(&mut world, Action::Burst { producer: "shop".into(), messages: 10 });
    later(&mut world, Span::from_millis(3_500));
    act(&mut world, Action::Crash { node: "billing".into() });
    later(&mut world, Span::from_secs(1));
    act(&mut world, Action::Restart { node: "billing".into() });
    later(&mut world, Span::from_secs(120));
    let events = world.take_events();
    (world, events)
}

#[test]
fn committing_after_the_work_charges_twice() {
    let (world, events) = crash_in_the_middle(till(Span::from_secs(1)));
    let kafka = party(&world, System::Kafka);
    assert_eq!(kafka.count(Standing::Delivered), 10);
    assert!(kafka.repeated() >= 1, "what was done and not committed is done again");
    assert_eq!(account(&world, &events), Some((180, 180 + 18 * kafka.repeated())));
}

#[test]
fn committing_before_the_work_loses() {
    let mut world = till(Span::from_secs(1));
    let commit = CommitPoint::BeforeWork;
    act(&mut world, Action::SetCommit { consumer: "billing".into(), commit });
    let (world, _) = crash_in_the_middle(world);
    let kafka = party(&world, System::Kafka);
    assert_eq!(kafka.repeated(), 0);
    assert!(kafka.count(Standing::Lost(LostReason::Skipped)) >= 1);
    assert_eq!(kafka.count(Standing::Delivered) + kafka.lost(), 10);
}

#[test]
fn a_consumer_that_remembers_charges_once() {
    let mut world = till(Span::from_secs(1));
    act(&mut world, Action::SetDeduplication { consumer: "billing".into(), on: true });
    let (world, events) = crash_in_the_middle(world);
    assert_eq!(account(&world, &events), Some((180, 180)));
    assert_eq!(party(&world, System::Kafka).repeated(), 0);
    let discarded = |event: &&Event| matches!(event.what, What::Lab(LabFact::Discarded { .. }));
    assert!(events.iter().filter(discarded).count() >= 1);
}

/// Pub/Sub: what the process had received and not handled is gone with it.
#[test]
fn a_crash_takes_what_pub_sub_had_delivered() {
    let (world, _) = crash_in_the_middle(till(Span::from_secs(1)));
    let redis = party(&world, System::Redis);
    assert_eq!(redis.count(Standing::Delivered), 3);
    assert_eq!(redis.count(Standing::Lost(LostReason::Crashed)), 7);
}

#[test]
fn a_seek_reads_again_and_is_counted_apart() {
    let mut world = till(Span::from_millis(1));
    act(&mut world, Action::Burst { producer: "shop".into(), messages: 10 });
    later(&mut world, Span::from_secs(2));
    let partition = TopicPartition { topic: "orders".into(), partition: 0 };
    let seek = Action::Seek { consumer: "billing".into(), partition, offset: 4 };
    act(&mut world, seek);
    later(&mut world, Span::from_secs(2));
    let kafka = party(&world, System::Kafka);
    assert_eq!((kafka.replayed(), kafka.repeated()), (6, 0));
    assert_eq!(kafka.count(Standing::Delivered), 10);
}

#[test]
fn poison_blocks_a_partition_and_is_lost_by_pub_sub() {
    let mut world = till(Span::from_millis(1));
    let fails = Failure::Numbers(vec![3]);
    act(&mut world, Action::SetFailure { consumer: "billing".into(), fails });
    act(&mut world, Action::Burst { producer: "shop".into(), messages: 10 });
    later(&mut world, Span::from_secs(20));
    assert_eq!(party(&world, System::Redis).count(Standing::Lost(LostReason::Failed)), 1);
    assert_eq!(party(&world, System::Redis).count(Standing::Delivered), 9);
    let kafka = party(&world, System::Kafka);
    assert_eq!(kafka.count(Standing::Delivered), 2, "all behind the third record waits");
    assert_eq!(kafka.count(Standing::Waiting), 8);
    act(&mut world, Action::SetFailure { consumer: "billing".into(), fails: Failure::Never });
    later(&mut world, Span::from_secs(5));
    assert_eq!(party(&world, System::Kafka).count(Standing::Delivered), 10);
}

#[test]
fn a_closed_connection_is_opened_again_by_the_client() {
    let mut world = till(Span::from_millis(1));
    for server in ["redis-1", "kafka-1"] {
        let close = Action::CloseConnection { client: "billing".into(), server: server.into() };
        act(&mut world, close.clone());
        assert!(world.can(&close).is_err(), "there is none left");
    }
    act(&mut world, Action::Burst { producer: "shop".into(), messages: 1 });
    later(&mut world, Span::from_secs(3));
    act(&mut world, Action::Burst { producer: "shop".into(), messages: 1 });
    later(&mut world, Span::from_secs(3));
    let redis = party(&world, System::Redis);
    assert_eq!(redis.count(Standing::Lost(LostReason::NotConnected)), 1);
    assert_eq!(redis.count(Standing::Delivered), 1);
    assert_eq!(party(&world, System::Kafka).count(Standing::Delivered), 2);
}

#[test]
fn latency_figures_come_from_the_time_of_sending() {
    let mut world = till(Span::from_secs(1));
    act(&mut world, Action::Burst { producer: "shop".into(), messages: 4 });
    later(&mut world, Span::from_secs(10));
    let latency = party(&world, System::Redis).latency();
    assert_eq!(latency.count(), 4);
    // The fourth waits for three others of one second each.
    let last = latency.percentile(99).expect("four were handled").as_millis();
    assert!((3_700..4_100).contains(&last), "{last}");
}
