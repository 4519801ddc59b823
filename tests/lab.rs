//! The lab through its public door: W1's topology, plugs, and the laws that must hold for any
//! list of actions.

mod worlds;

use pushpull::event::{
    Action, Course, Event, LabFact, LostReason, NodeKind, Settings, Standing, System, What,
};
use pushpull::lab::World;
use pushpull::sim::{Instant, Purpose, Rng, SortedMap, Span};
use worlds::Worlds;

/// A shop that feeds both systems; email and billing read in both.
fn shop(seed: u64) -> World {
    Worlds::shop().world(seed)
}

fn unplug(consumer: &str) -> Action {
    Action::Unplug { consumer: consumer.into() }
}

fn plug_in(consumer: &str) -> Action {
    Action::PlugIn { consumer: consumer.into() }
}

fn counts(world: &World, name: &str, system: System) -> SortedMap<Standing, u64> {
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
            assert_eq!(
                counts,
                SortedMap::from([(Standing::Delivered, 50)]),
                "{name} in {system:?}"
            );
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
        SortedMap::from([
            (Standing::Delivered, 40),
            (Standing::Lost(LostReason::NotConnected), 10)
        ])
    );
    assert_eq!(
        counts(&world, "billing", System::Kafka),
        SortedMap::from([(Standing::Delivered, 50)])
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
        assert_eq!(counts, SortedMap::from([(Standing::Delivered, 50)]), "{system:?}");
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

/// Readers that crash, stand still and are cut off, at random instants.
fn random_run(seed: u64, steps: u64) -> (World, Vec<Event>) {
    let shop = Worlds::shop();
    let (mut world, mut rng) = (shop.world(seed), Rng::new(seed, Purpose::Handling, 99));
    let mut events = Vec::new();
    for _ in 0..steps {
        world.advance_to(world.now() + Span::from_micros(rng.below(900_000)));
        let action = shop.reader_action(&mut rng);
        let allowed = world.can(&action);
        assert_eq!(allowed, world.act(action));
        events.extend(world.take_events());
    }
    (world, events)
}

#[test]
fn kafka_loses_nothing_whatever_happens_to_its_consumers() {
    for seed in 0..20 {
        let (mut world, _) = random_run(seed, 40);
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
    let (_, events) = random_run(5, 60);
    let mut last: SortedMap<_, Instant> = SortedMap::new();
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
    let (_, events) = random_run(2, 40);
    let mut kinds = SortedMap::new();
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
