//! What Kafka's applications and administrators can do, through the lab (rows C5, C9, C17, M8 and
//! M14). Expected values come from the documentation or source of Kafka and of Spring for Apache
//! Kafka; each test names its own.

mod clients;
mod cluster;
mod configured;
mod failing;
mod ledger;
mod reading;
#[path = "../recount/mod.rs"]
mod recount;

use pushpull::event::{
    Action, Carrier, Configured, ErrorHandling, Event, Failure, Handling, KafkaFact, Keys, LabFact,
    Load, LostReason, ResetTo, Settings, Standing, TopicPartition, What,
};
use pushpull::lab::{Party, World};
use pushpull::sim::{Instant, Purpose, Rng, SortedMap, Span};

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

fn consumer(name: &str, group: &str, config: &[(&str, &str)]) -> Action {
    let mut config = settings(config);
    config.entry("auto.offset.reset".into()).or_insert_with(|| "earliest".into());
    Action::AddConsumer {
        name: name.into(),
        group: group.into(),
        topics: vec!["orders".into()],
        takes: Span::from_millis(1),
        config,
    }
}

/// A broker, a topic of so many partitions, billing that reads it, and a shop that sends only
/// when it is told to.
fn shop(partitions: u32, config: &[(&str, &str)]) -> World {
    sending(partitions, config, &[], 100)
}

/// The same with a producer's settings and the bytes of a message.
fn sending(
    partitions: u32,
    config: &[(&str, &str)],
    producer: &[(&str, &str)],
    bytes: u32,
) -> World {
    let mut world = World::new(5);
    let broker = settings(&[("group.initial.rebalance.delay.ms", "0")]);
    act(&mut world, Action::AddBroker { name: "kafka-1".into(), config: broker });
    let config = settings(config);
    act(&mut world, Action::CreateTopic { name: "orders".into(), partitions, replicas: 1, config });
    act(&mut world, consumer("billing", "billing", &[]));
    act(
        &mut world,
        Action::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            carriers: vec![Carrier::Kafka],
            load: Load {
                per_kilosecond: 0,
                keys: Keys::Cycle(vec!["ada".into(), "bob".into()]),
                bytes,
            },
            config: {
                let mut config = settings(producer);
                config.entry("linger.ms".into()).or_insert_with(|| "0".into());
                config
            },
        },
    );
    later(&mut world, Span::from_secs(1));
    world
}

/// Who was removed from a group, and when.
fn removed(events: &[Event]) -> Vec<(Instant, String)> {
    facts(events)
        .filter_map(|(at, fact)| match fact {
            KafkaFact::MemberRemoved { member, .. } => Some((at, member.to_string())),
            _ => None,
        })
        .collect()
}

fn burst(world: &mut World, messages: u32) {
    act(world, Action::Burst { producer: "shop".into(), messages });
}

fn fails(world: &mut World, numbers: &[u32]) {
    let fails = match numbers {
        [] => Failure::Never,
        numbers => Failure::Numbers(numbers.to_vec()),
    };
    act(world, Action::SetFailure { consumer: "billing".into(), fails });
}

fn errors(world: &mut World, handling: ErrorHandling) {
    act(world, Action::SetErrorHandling { consumer: "billing".into(), handling });
    later(world, Span::from_secs(5));
}

fn party<'w>(world: &'w World, name: &str) -> &'w Party {
    world.ledger().parties().find(|(_, party)| &*party.name == name).expect("it reads").1
}

fn lab(events: &[Event]) -> impl Iterator<Item = &LabFact> {
    events.iter().filter_map(|event| match &event.what {
        What::Lab(fact) => Some(fact),
        _ => None,
    })
}

fn facts(events: &[Event]) -> impl Iterator<Item = (Instant, &KafkaFact)> {
    events.iter().filter_map(|event| match &event.what {
        What::Kafka { fact, .. } => Some((event.at, fact)),
        _ => None,
    })
}

fn failures(events: &[Event]) -> usize {
    lab(events).filter(|fact| matches!(fact, LabFact::HandlingFailed { .. })).count()
}

fn header<'a>(headers: &'a [(pushpull::event::Name, pushpull::event::Name)], key: &str) -> &'a str {
    // A header that was added again counts as it was added last (`Headers#lastHeader`).
    headers.iter().rev().find(|(name, _)| &**name == key).map_or("", |(_, value)| value)
}

fn orders(partition: u32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}
