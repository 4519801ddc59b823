//! Engine events a second, native: the first lesson's topology under a steady load, both systems
//! and the ledger included. Prints one JSON object for `make bench`.

use pushpull::event::{Action, Carrier, Keys, Load, Settings};
use pushpull::lab::World;
use pushpull::sim::{Instant, Span};
use std::time::Instant as Clock;

fn settings(name: &str, value: &str) -> Settings {
    Settings::from([(name.into(), value.into())])
}

fn shop(per_kilosecond: u32) -> World {
    let mut world = World::new(1);
    let load =
        Load { per_kilosecond, keys: Keys::Random(vec!["a".into(), "b".into()]), bytes: 200 };
    let mut actions = vec![
        Action::AddRedis { name: "redis-1".into(), config: Settings::new() },
        Action::AddBroker {
            name: "kafka-1".into(),
            config: settings("group.initial.rebalance.delay.ms", "0"),
        },
        Action::CreateTopic {
            name: "orders".into(),
            partitions: 6,
            replicas: 1,
            config: Settings::new(),
        },
    ];
    for name in ["email", "billing"] {
        actions.push(Action::AddSubscriber {
            name: name.into(),
            channels: vec!["orders".into()],
            patterns: Vec::new(),
            takes: Span::from_micros(10),
        });
        actions.push(Action::AddConsumer {
            name: name.into(),
            group: name.into(),
            topics: vec!["orders".into()],
            takes: Span::from_micros(10),
            config: settings("auto.offset.reset", "earliest"),
        });
    }
    actions.push(Action::AddProducer {
        name: "shop".into(),
        topic: "orders".into(),
        carriers: vec![Carrier::PubSub, Carrier::Kafka],
        load,
        config: Settings::new(),
    });
    for action in actions {
        world.act(action).expect("the shop can be built");
    }
    world
}

fn main() {
    let mut world = shop(5_000_000);
    world.advance_to(Instant::from_millis(1_000));
    world.take_events();
    let clock = Clock::now();
    let mut events = 0_usize;
    let mut until = 1_000;
    while clock.elapsed().as_millis() < 1_500 {
        until += 200;
        world.advance_to(Instant::from_millis(until));
        events += world.take_events().len();
    }
    let seconds = clock.elapsed().as_secs_f64();
    println!("{{\"events_per_second\": {:.0}}}", events as f64 / seconds);
}
