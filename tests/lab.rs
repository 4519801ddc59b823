//! The lab through its public door: W1's topology, plugs, and the laws that must hold for any
//! list of actions.

use pushpull::event::{
    Action, Carrier, Course, Event, Keys, LabFact, Load, LostReason, NodeKind, Settings, Standing,
    System, What,
};
use pushpull::lab::World;
use pushpull::sim::{Instant, Purpose, Rng, Span};
use std::collections::BTreeMap;

fn settings(name: &str, value: &str) -> Settings {
    Settings::from([(name.into(), value.into())])
}

/// A shop that feeds both systems; email and billing read in both.
fn shop(seed: u64) -> World {
    let mut world = World::new(seed);
    let reader = |name: &str| {
        [
            Action::AddSubscriber {
                name: name.into(),
                channels: vec!["orders".into()],
                patterns: Vec::new(),
                takes: Span::from_millis(5),
                server: None,
            },
            Action::AddConsumer {
                name: name.into(),
                group: name.into(),
                topics: vec!["orders".into()],
                takes: Span::from_millis(5),
                config: settings("auto.offset.reset", "earliest"),
            },
        ]
    };
    let mut actions = vec![
        Action::AddRedis { name: "redis-1".into(), config: Settings::new() },
        Action::AddBroker {
            name: "kafka-1".into(),
            config: settings("group.initial.rebalance.delay.ms", "0"),
        },
        Action::CreateTopic {
            name: "orders".into(),
            partitions: 2,
            replicas: 1,
            config: Settings::new(),
        },
    ];
    actions.extend(reader("email"));
    actions.extend(reader("billing"));
    actions.push(Action::AddProducer {
        name: "shop".into(),
        topic: "orders".into(),
        carriers: vec![Carrier::PubSub, Carrier::Kafka],
        load: Load {
            per_kilosecond: 5_000,
            keys: Keys::Cycle(["ada", "bob", "cyd", "dee"].map(Into::into).to_vec()),
            bytes: 120,
        },
        config: settings("linger.ms", "0"),
    });
    for action in actions {
        world.act(action).expect("the shop can be built");
    }
    world
}

fn unplug(consumer: &str) -> Action {
    Action::Unplug { consumer: consumer.into() }
}

fn plug_in(consumer: &str) -> Action {
    Action::PlugIn { consumer: consumer.into() }
}

fn counts(world: &World, name: &str, system: System) -> BTreeMap<Standing, u64> {
    let party = world.ledger().parties().find(|(_, p)| &*p.name == name && p.system == system);
    party.expect("the party exists").1.sums().collect()
}

#[test]
fn everything_sent_is_delivered_to_everybody_while_all_is_well() {
    let mut world = shop(1);
    world.advance_to(Instant::from_millis(10_100));
    for name in ["email", "billing"] {
        for system in [System::Redis, System::Kafka] {
            let counts = counts(&world, name, system);
            assert_eq!(counts, BTreeMap::from([(Standing::Delivered, 50)]), "{name} in {system:?}");
        }
    }
}

/// C2, C3: what is published while a subscriber's connection is closed is lost to it; a consumer
/// goes on where it was.
#[test]
fn a_pulled_plug_loses_in_redis_and_delays_in_kafka() {
    let mut world = shop(7);
    world.advance_to(Instant::from_millis(3_050));
    world.act(unplug("billing")).expect("the plug is in");
    // Ten orders are sent between 3.2 s and 5.0 s.
    world.advance_to(Instant::from_millis(5_050));
    assert_eq!(
        counts(&world, "billing", System::Redis)[&Standing::Lost(LostReason::NotConnected)],
        10
    );
    assert_eq!(counts(&world, "billing", System::Kafka)[&Standing::Waiting], 10);
    world.act(plug_in("billing")).expect("the plug is out");
    world.advance_to(Instant::from_millis(10_100));
    assert_eq!(
        counts(&world, "billing", System::Redis),
        BTreeMap::from([(Standing::Delivered, 40), (Standing::Lost(LostReason::NotConnected), 10)])
    );
    assert_eq!(
        counts(&world, "billing", System::Kafka),
        BTreeMap::from([(Standing::Delivered, 50)])
    );
    let repeated: u64 = world.ledger().parties().map(|(_, party)| party.repeated()).sum();
    assert_eq!(repeated, 0, "a consumer that lives keeps its position");
}

/// An interrupted path only delays: TCP sends again, and PUBLISH goes on counting the subscriber.
#[test]
fn an_interrupted_path_loses_nothing_in_either_system() {
    let mut world = shop(3);
    world.advance_to(Instant::from_millis(2_050));
    world.act(Action::Interrupt { node: "billing".into() }).expect("the path is whole");
    world.advance_to(Instant::from_millis(4_050));
    world.act(Action::Heal { node: "billing".into() }).expect("the path is cut");
    world.advance_to(Instant::from_millis(10_100));
    for system in [System::Redis, System::Kafka] {
        let counts = counts(&world, "billing", system);
        assert_eq!(counts, BTreeMap::from([(Standing::Delivered, 50)]), "{system:?}");
    }
}

#[test]
fn an_action_that_would_change_nothing_is_refused_and_changes_nothing() {
    let mut world = shop(1);
    world.advance_to(Instant::from_millis(500));
    world.take_events();
    for (action, word) in [
        (plug_in("billing"), "in already"),
        (unplug("nobody"), "no consumer"),
        (Action::SetRate { producer: "shop".into(), per_kilosecond: 5_000 }, "already"),
        (Action::AddRedis { name: "shop".into(), config: Settings::new() }, "taken"),
        (Action::Heal { node: "billing".into() }, "not cut"),
        (Action::Restart { node: "email".into() }, "not crashed"),
    ] {
        let asked = world.can(&action).expect_err("refused beforehand");
        let refused = world.act(action).expect_err("refused");
        assert_eq!(asked, refused);
        assert!(refused.reason.contains(word), "{}", refused.reason);
    }
    assert_eq!(world.take_events(), []);
}

/// Random but sensible actions at random instants.
fn random_run(seed: u64, steps: u64, mut after_each: impl FnMut(&World)) -> (World, Vec<Event>) {
    let mut world = shop(seed);
    let mut rng = Rng::new(seed, Purpose::Handling, 99);
    let mut events = Vec::new();
    for _ in 0..steps {
        let at = world.now() + Span::from_micros(rng.below(900_000));
        world.advance_to(at);
        let who = if rng.chance(500_000) { "billing" } else { "email" };
        let action = match rng.below(9) {
            0 => unplug(who),
            1 => plug_in(who),
            2 => Action::Interrupt { node: who.into() },
            3 => Action::Heal { node: who.into() },
            4 => Action::Crash { node: who.into() },
            5 => Action::Restart { node: who.into() },
            6 => Action::Pause { node: who.into() },
            7 => Action::Resume { node: who.into() },
            _ => Action::SetRate {
                producer: "shop".into(),
                per_kilosecond: 1_000 * (1 + rng.below(60)) as u32,
            },
        };
        let allowed = world.can(&action);
        assert_eq!(allowed, world.act(action));
        events.extend(world.take_events());
        after_each(&world);
    }
    (world, events)
}

#[test]
fn the_ledger_balances_and_a_recount_of_the_events_agrees() {
    for seed in 0..20 {
        let (world, events) =
            random_run(seed, 60, |world| assert!(world.ledger().balances(), "seed {seed}"));
        let mut standing = BTreeMap::new();
        let mut repeated: BTreeMap<_, u64> = BTreeMap::new();
        for event in &events {
            match &event.what {
                What::Lab(LabFact::Stands { message, party, standing: to, .. }) => {
                    standing.insert((*party, *message), *to);
                }
                What::Lab(LabFact::Handled { party, repeated: true, .. }) => {
                    *repeated.entry(*party).or_default() += 1;
                }
                _ => {}
            }
        }
        let mut recount: BTreeMap<_, BTreeMap<Standing, u64>> = BTreeMap::new();
        for ((party, _), to) in standing {
            *recount.entry(party).or_default().entry(to).or_default() += 1;
        }
        for (id, party) in world.ledger().parties() {
            let sums: BTreeMap<_, _> = party.sums().collect();
            assert_eq!(recount.remove(&id).unwrap_or_default(), sums, "seed {seed} {}", party.name);
            assert_eq!(repeated.get(&id).copied().unwrap_or(0), party.repeated(), "seed {seed}");
        }
    }
}

#[test]
fn kafka_loses_nothing_whatever_happens_to_its_consumers() {
    for seed in 0..20 {
        let (mut world, _) = random_run(seed, 40, |_| ());
        for name in ["billing", "email"] {
            for action in [
                plug_in(name),
                Action::Heal { node: name.into() },
                Action::Resume { node: name.into() },
                Action::Restart { node: name.into() },
            ] {
                if world.can(&action).is_ok() {
                    world.act(action).expect("it was allowed");
                }
            }
        }
        world
            .act(Action::SetRate { producer: "shop".into(), per_kilosecond: 0 })
            .expect("it sends");
        // A crashed member is removed after its session time-out of 45 s, then the group goes on.
        let quiet = world.now() + Span::from_secs(400);
        world.advance_to(quiet);
        for (_, party) in world.ledger().parties() {
            if party.system == System::Kafka {
                assert_eq!(
                    party.count(Standing::Delivered),
                    party.expected(),
                    "seed {seed}: {} {:?}",
                    party.name,
                    party.sums().collect::<Vec<_>>()
                );
            }
        }
    }
}

#[test]
fn advancing_in_two_steps_equals_one_and_equal_seeds_give_equal_runs() {
    let run = |steps: &[u64]| {
        let mut world = shop(11);
        for &ms in steps {
            world.advance_to(Instant::from_millis(ms));
        }
        world.take_events()
    };
    let whole = run(&[4_000]);
    assert_eq!(whole, run(&[1, 17, 1_000, 2_345, 4_000]));
    assert_eq!(whole, run(&[4_000]));
    assert!(whole.len() > 400, "{}", whole.len());
    assert_ne!(whole, {
        let mut other = shop(12);
        other.advance_to(Instant::from_millis(4_000));
        other.take_events()
    });
}

#[test]
fn every_cause_comes_before_its_effect_and_hops_arrive_in_order() {
    let (_, events) = random_run(5, 60, |_| ());
    let mut last: BTreeMap<_, Instant> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.id.0, index as u64);
        if let Some(cause) = event.cause {
            assert!(cause < event.id, "{event:?}");
            assert!(events[cause.0 as usize].at <= event.at, "{event:?}");
        }
        if let What::Departed(hop) = &event.what
            && let Course::Arrives(at) = hop.course
        {
            let before = last.insert((hop.connection, hop.direction), at);
            assert!(before.is_none_or(|before| before <= at), "{event:?}");
            assert!(at > event.at, "a hop takes time: {event:?}");
        }
    }
}

/// Messages go through the server: no hop ever joins a producer and a subscriber.
#[test]
fn nothing_flies_past_the_server() {
    let (_, events) = random_run(2, 40, |_| ());
    let mut kinds = BTreeMap::new();
    for event in &events {
        match &event.what {
            What::Lab(LabFact::NodeAdded { node, kind, .. }) => drop(kinds.insert(*node, *kind)),
            What::Departed(hop) => {
                let server = |node| matches!(kinds[node], NodeKind::RedisServer | NodeKind::Broker);
                assert!(server(&hop.from) != server(&hop.to), "{hop:?}");
            }
            _ => {}
        }
    }
}
