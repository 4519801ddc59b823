//! The stage on the real engines: one plug, both lanes.
#![cfg(not(target_arch = "wasm32"))]

#[path = "stage/geometry.rs"]
mod geometry;
#[path = "stage/samples.rs"]
mod samples;

use pushpull::event::{Action, Carrier, Keys, Load, RedisFact, Settings, System, What};
use pushpull::lab::World;
use pushpull::sim::{Instant, Span};
use pushpull::stage::inspect::adders;
use pushpull::stage::{Layout, View};
use pushpull::timeline::Timeline;
use pushpull::timeline::pace::Pace;

fn settings(name: &str, value: &str) -> Settings {
    Settings::from([(name.into(), value.into())])
}

fn shop(names: &[&str], partitions: u32) -> World {
    let mut world = World::new(1);
    let mut actions = vec![
        Action::AddRedis { name: "redis-1".into(), config: Settings::new() },
        Action::AddBroker {
            name: "kafka-1".into(),
            config: settings("group.initial.rebalance.delay.ms", "0"),
        },
        Action::CreateTopic {
            name: "orders".into(),
            partitions,
            replicas: 1,
            config: Settings::new(),
        },
    ];
    for name in names {
        actions.push(Action::AddSubscriber {
            name: (*name).into(),
            channels: vec!["orders".into()],
            patterns: Vec::new(),
            takes: Span::from_millis(5),
            server: None,
        });
        actions.push(Action::AddConsumer {
            name: (*name).into(),
            group: (*name).into(),
            topics: vec!["orders".into()],
            takes: Span::from_millis(5),
            config: settings("auto.offset.reset", "earliest"),
        });
    }
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

/// Billing's plug is out from 5.1 s to 7.1 s.
fn one_plug(until: Instant) -> (World, Timeline) {
    let mut world = shop(&["email", "billing"], 2);
    let mut timeline = Timeline::default();
    world.advance_to(Instant::from_millis(5_100));
    world.act(Action::Unplug { consumer: "billing".into() }).expect("billing can be unplugged");
    world.advance_to(Instant::from_millis(7_100));
    world.act(Action::PlugIn { consumer: "billing".into() }).expect("billing can come back");
    world.advance_to(until);
    timeline.extend(&world.take_events());
    (world, timeline)
}

/// What the stage says is what the World's own ledger says, at the end of the run.
#[test]
fn the_folded_ledger_is_the_worlds() {
    let (world, timeline) = one_plug(Instant::from_millis(12_000));
    let end = timeline.end();
    for (id, party) in world.ledger().parties() {
        let sums = timeline.sums(id, end);
        let total: u64 = party.sums().map(|(_, n)| n).sum();
        assert_eq!(u64::from(sums.expected), total, "{}", party.name);
        let lost: u64 = party
            .sums()
            .filter(|(standing, _)| matches!(standing, pushpull::event::Standing::Lost(_)))
            .map(|(_, n)| n)
            .sum();
        assert_eq!(u64::from(sums.lost), lost, "{}", party.name);
    }
    let redis = timeline.lane(System::Redis, end);
    assert_eq!(redis.lost, 10, "ten orders in two seconds at five a second");
    assert_eq!(timeline.lane(System::Kafka, end).lost, 0);
}

/// The pace carries a reader through the first seconds without a leap and without a stall.
#[test]
fn the_pace_reads_the_real_run() {
    let mut world = shop(&["email", "billing"], 2);
    let mut timeline = Timeline::default();
    let (mut pace, mut t) = (Pace::default(), Instant::ZERO);
    timeline.extend(&world.take_events());
    let mut frames = 0;
    while t < Instant::from_millis(10_000) {
        let mut left = 1_000.0 / 60.0;
        while left > 0.0 {
            let step = pace.advance(&timeline, t, world.next_at(), left, f64::INFINITY);
            (t, left) = (step.to, step.left_ms);
            world.advance_to(t);
            timeline.extend(&world.take_events());
        }
        frames += 1;
        assert!(frames < 60 * 300, "ten seconds of virtual time take more than five minutes");
    }
    println!("10 s virtual took {} s on screen", frames / 60);
    assert!(frames > 60 * 20, "ten seconds passed in {frames} frames");
}

/// What the stage says of streams and lists is what the server answers when it is asked.
#[test]
fn the_folded_streams_and_lists_are_the_servers() {
    let timeline = samples::streams().timeline;
    let answer = |asked: &str| -> (Instant, u64) {
        let reply = timeline.events().iter().find_map(|event| match &event.what {
            What::Redis { fact: RedisFact::Replied { line, reply }, .. } if **line == *asked => {
                Some((event.at, reply.to_string()))
            }
            _ => None,
        });
        let (at, reply) = reply.unwrap_or_else(|| panic!("{asked} is answered"));
        let digits = reply.split_once("(integer) ").expect("a number").1;
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        (at, digits.parse().expect("a number"))
    };
    let stream = timeline.streams().iter().find(|s| &*s.key == "orders").expect("the stream");
    let (t, length) = answer("XLEN orders");
    assert_eq!(stream.entries(t).1.len() as u64, length);
    let (t, pending) = answer("XPENDING orders packers");
    let group = stream.groups(t).next().expect("the group");
    assert!(pending > 0, "somebody works");
    assert_eq!(u64::from(group.pending(t)), pending);
    // `XINFO GROUPS` tells lag and pending apart: what is delivered is no part of the lag.
    let picture = pushpull::stage::picture(&timeline, t, &View::new(1_140.0, 748.0));
    let groups = picture.shapes.iter().filter(|shape| shape.id.starts_with("group-"));
    let said: Vec<&str> = groups.map(|group| &*group.name).collect();
    let packers = said.iter().find(|name| name.contains("packers")).expect("their frame");
    assert!(packers.contains(&format!(" \u{b7} {pending} pending")), "{packers}");
    assert!(packers.contains(&format!("lag {}", stream.unread(group, t))), "{packers}");
    let workers = said.iter().find(|name| name.starts_with("Workers of")).expect("theirs");
    assert!(workers.ends_with(" waiting"), "Redis knows no lag of a list: {workers}");
    let list = timeline.lists().iter().find(|l| &*l.key == "orders-queue").expect("the list");
    let (t, length) = answer("LLEN orders-queue");
    assert_eq!(list.length(t), length);
    assert_eq!(list.oldest(t, usize::MAX).len() as u64, list.length(t));
}

/// A consumer of the group billing.
fn member(name: &str) -> Action {
    Action::AddConsumer {
        name: name.into(),
        group: "billing".into(),
        topics: vec!["orders".into()],
        takes: Span::from_millis(5),
        config: settings("auto.offset.reset", "earliest"),
    }
}

/// With no party a message stands for nobody: lost in Pub/Sub, waiting in a log.
#[test]
fn what_nobody_reads_is_lost_or_waits() {
    let mut world = shop(&[], 2);
    let mut timeline = Timeline::default();
    world.advance_to(Instant::from_millis(3_100));
    timeline.extend(&world.take_events());
    let end = timeline.end();
    let sent = timeline.messages(end).len() as u32;
    assert_eq!(sent, 15, "five a second, the first after 200 ms");
    let (redis, kafka) = (timeline.lane(System::Redis, end), timeline.lane(System::Kafka, end));
    assert_eq!((redis.expected, redis.lost, redis.waiting), (sent, sent, 0));
    assert_eq!((kafka.expected, kafka.lost, kafka.waiting), (sent, 0, sent));
    let view = View::new(1_140.0, 748.0);
    let picture = pushpull::stage::picture(&timeline, end, &view);
    let named = |name: &str| picture.shapes.iter().any(|shape| &*shape.name == name);
    assert!(named("Redis Pub/Sub: 15 lost") && named("Kafka: 15 waiting"));
    assert!(named("15 lost: nobody had subscribed"));
    let said: String = picture.sentence.iter().map(|run| run.text.as_str()).collect();
    assert!(said.contains("Redis lost 15."), "{said}");
    // Where there is no reader, the place for the first one is at the top of its column.
    let layout = Layout::new(&timeline, end, &view);
    let places: Vec<String> =
        adders(&timeline, end, &layout, &picture).into_iter().map(|adder| adder.name).collect();
    assert!(places.iter().any(|name| name == "+ subscriber"), "{places:?}");
    assert!(places.iter().any(|name| name == "+ consumer"), "{places:?}");
    // Who comes now is owed what is in the log from where it begins, and nothing of the channel.
    let subscriber = Action::AddSubscriber {
        name: "billing".into(),
        channels: vec!["orders".into()],
        patterns: Vec::new(),
        takes: Span::from_millis(5),
        server: None,
    };
    world.act(subscriber).expect("a subscriber can come");
    world.act(member("billing-1")).expect("a consumer can come");
    world.advance_to(Instant::from_millis(5_100));
    timeline.extend(&world.take_events());
    let end = timeline.end();
    let (redis, kafka) = (timeline.lane(System::Redis, end), timeline.lane(System::Kafka, end));
    assert_eq!((redis.expected, redis.lost), (25, 15), "{redis:?}");
    assert_eq!((kafka.expected, kafka.delivered, kafka.lost), (25, 25, 0), "{kafka:?}");
    assert_eq!(timeline.nobody(System::Kafka, end).count(), 0, "the group is owed all of it");
    assert_eq!(timeline.nobody(System::Redis, end).count(), 15);
}

/// A frame stands around a group: the place for one more member is outside of it.
#[test]
fn a_group_can_be_joined() {
    let mut world = shop(&[], 2);
    for name in ["billing-1", "billing-2"] {
        world.act(member(name)).expect("a member can come");
    }
    world.advance_to(Instant::from_millis(2_000));
    let mut timeline = Timeline::default();
    timeline.extend(&world.take_events());
    let view = View { sentence: false, ..View::new(1_440.0, 760.0) };
    let layout = Layout::new(&timeline, timeline.end(), &view);
    let picture = pushpull::stage::picture(&timeline, timeline.end(), &view);
    assert!(picture.shapes.iter().any(|shape| shape.id.starts_with("group-")));
    let all = adders(&timeline, timeline.end(), &layout, &picture);
    assert!(all.iter().any(|adder| adder.name == "+ consumer"), "{all:?}");
}

/// The wire of who reads a retry topic begins at that topic's strip, wherever the strip stands.
#[test]
fn a_wire_begins_where_its_topic_is() {
    let sample = samples::retries();
    let mut stubs = 0;
    for t in &sample.instants {
        let view = View { mode: pushpull::stage::Mode::Kafka, ..View::new(1_440.0, 860.0) };
        let picture = pushpull::stage::picture(&sample.timeline, *t, &view);
        let area = |id: &str| picture.shapes.iter().find(|s| *s.id == *id).map(|s| s.area);
        for (index, log) in sample.timeline.logs().iter().enumerate() {
            let wired = picture.shapes.iter().find(|shape| {
                shape.id.starts_with("wire-") && shape.id.ends_with(&format!("-row-{index}"))
            });
            let (Some(strip), Some(wire)) =
                (area(&format!("side-{}", log.partition.topic)), wired.map(|shape| shape.area))
            else {
                continue;
            };
            let stub = area(&format!("stub-{index}"));
            stubs += usize::from(stub.is_some());
            let begin = stub.map_or(wire.x, |stub| stub.x);
            assert!((begin - strip.right()).abs() <= 4.5, "{begin} at {strip:?}, {t}");
        }
    }
    assert!(stubs > 0, "some strip stands before another");
}
