//! Every "why?": biographies and reasons are walks along the causes of a run's events.
#![cfg(not(target_arch = "wasm32"))]

mod worlds;

use pushpull::event::{
    Action, Carrier, ErrorHandling, EventId, Failure, KafkaFact, Keys, LabFact, Load, MessageId,
    NodeId, PartyId, RedisFact, System, What,
};
use pushpull::lab::World;
use pushpull::sim::{Instant, Purpose, Rng, Span};
use pushpull::timeline::biography::biography;
use pushpull::timeline::causes::Line;
use pushpull::timeline::journal::{Filter, Kind};
use pushpull::timeline::{Timeline, why};
use worlds::{Worlds, settings};

/// A shop under test with what it has told.
struct Told {
    world: World,
    timeline: Timeline,
}

impl Told {
    fn new(worlds: &Worlds) -> Self {
        Self { world: worlds.world(1), timeline: Timeline::default() }
    }

    fn to(&mut self, ms: u64) -> &mut Self {
        self.world.advance_to(Instant::from_millis(ms));
        self.timeline.extend(&self.world.take_events());
        self
    }

    fn act(&mut self, action: Action) -> &mut Self {
        self.world.act(action).expect("allowed");
        self.timeline.extend(&self.world.take_events());
        self
    }

    fn node(&self, name: &str, system: System) -> NodeId {
        let all = self.timeline.nodes().iter();
        all.filter(|n| n.system == Some(system)).find(|n| &*n.name == name).expect("it is there").id
    }

    fn party(&self, name: &str, system: System) -> PartyId {
        let all = self.timeline.parties().iter();
        all.filter(|p| p.system == system).find(|p| &*p.name == name).expect("it is there").id
    }

    fn life(&self, message: u64) -> Vec<String> {
        words(&biography(&self.timeline, MessageId(message), self.world.now()))
    }
}

fn words(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|line| line.sentence.clone()).collect()
}

#[track_caller]
fn has(lines: &[String], part: &str) {
    assert!(lines.iter().any(|line| line.contains(part)), "no \"{part}\" in {lines:#?}");
}

/// `UtilsTest#testMurmur2` of Kafka: "foobar" is -790332482; `Utils#toPositive` masks the sign.
fn foobar() -> Worlds {
    let mut worlds = Worlds::shop();
    for action in &mut worlds.topology {
        match action {
            Action::CreateTopic { partitions, .. } => *partitions = 4,
            Action::AddProducer { load, .. } => {
                *load = Load {
                    per_kilosecond: 5_000,
                    keys: Keys::Cycle(vec!["foobar".into()]),
                    bytes: 120,
                }
            }
            _ => {}
        }
    }
    worlds
}

#[test]
fn a_biography_tells_the_way_through_both_systems() {
    let mut told = Told::new(&foobar());
    told.to(5_000);
    let life = told.life(10);
    has(&life, "shop sent message 10, key foobar, 120 bytes.");
    has(
        &life,
        "Key foobar: murmur2 = -790 332 482, made positive 1 357 151 166, mod 4 = 2: \
         partition orders-2.",
    );
    has(&life, "kafka-1 appended it to orders-2 at offset 9, leader epoch 0.");
    has(&life, "It is visible to consumers: the high watermark of orders-2 is 10.");
    has(&life, "Channel orders of billing matched: redis-1 put a copy into its output buffer");
    has(&life, "billing handled it.");
    has(&life, "Group billing moved its bookmark in orders-2 to 10, past it (committed offset).");
    assert!(life.iter().all(|line| line.ends_with('.')), "{life:#?}");
    assert_eq!(told.life(4_711), [""; 0]);
}

#[test]
fn a_pattern_and_a_channel_are_two_copies_in_a_biography() {
    let mut worlds = Worlds::shop();
    for action in &mut worlds.topology {
        if let Action::AddSubscriber { name, patterns, .. } = action
            && &**name == "email"
        {
            patterns.push("ord*".into());
        }
    }
    let mut told = Told::new(&worlds);
    told.to(3_000);
    let life = told.life(5);
    has(&life, "Channel orders of email matched");
    has(&life, "Pattern ord* of email matched");
    has(&life, "email handled it once more: it has it by another subscription.");
    assert!(!life.iter().any(|line| line.contains("repeated")), "{life:#?}");
    let sums = told.timeline.sums(told.party("email", System::Redis), told.world.now());
    assert_eq!((sums.repeated, sums.delivered > 10), (0, true), "{sums:?}");
}

#[test]
fn a_loss_names_what_a_person_did() {
    let mut told = Told::new(&Worlds::shop());
    told.to(2_050).act(Action::Unplug { consumer: "billing".into() }).to(4_000);
    has(&told.life(15), "It is lost to billing: not connected.");
    let lost = told.party("billing", System::Redis);
    let lines = words(&why::standing(&told.timeline, MessageId(15), lost, told.world.now()));
    has(&lines, "shop sent message 15");
    has(&lines, "Message 15 is lost to billing: not connected.");
    let idle =
        words(&why::idle(&told.timeline, told.node("billing", System::Redis), told.world.now()));
    assert_eq!(idle, ["billing has no connection to redis-1: its plug is out."]);
    let wire = told.timeline.wires().iter().rfind(|wire| wire.closed.is_some()).expect("closed");
    let lines = words(&why::closed(&told.timeline, wire.id, told.world.now()));
    assert_eq!(lines[0], "You: billing unplugged.");
    has(&lines, "closed: the plug was pulled.");
    let waiting = told.party("billing", System::Kafka);
    let lag = words(&why::lag(&told.timeline, waiting, told.world.now()));
    has(&lag, "billing has no connection to kafka-1: its plug is out.");
    let lines = words(&why::standing(&told.timeline, MessageId(15), waiting, told.world.now()));
    has(&lines, "It lies in orders-");
}

/// A member that crashes before it commits: what it had handled is read again, and why is said.
#[test]
fn a_repeat_names_the_bookmark_that_had_not_moved() {
    let mut worlds = Worlds::shop();
    for action in &mut worlds.topology {
        if let Action::AddConsumer { config, .. } = action {
            config.extend(settings(&[
                ("enable.auto.commit", "true"),
                ("session.timeout.ms", "6000"),
            ]));
        }
    }
    let mut told = Told::new(&worlds);
    told.to(4_000).act(Action::Crash { node: "billing".into() });
    told.to(5_000).act(Action::Restart { node: "billing".into() }).to(20_000);
    let party = told.party("billing", System::Kafka);
    let repeated = told.timeline.events().iter().find_map(|event| match &event.what {
        What::Lab(LabFact::Handled { party: of, tag, repeated: true, .. }) if *of == party => {
            Some(tag.message)
        }
        _ => None,
    });
    let life = told.life(repeated.expect("something was handled and not committed").0);
    has(&life, "handled it again (repeated) because billing read orders-");
    has(&life, "its bookmark had not moved past it.");
}

#[test]
fn a_member_too_many_owns_nothing_and_a_reader_at_the_end_waits() {
    let mut worlds = Worlds::shop();
    for name in ["billing-2", "billing-3"] {
        worlds.topology.push(Action::AddConsumer {
            name: name.into(),
            group: "billing".into(),
            topics: vec!["orders".into()],
            takes: Span::from_millis(1),
            config: settings(&[]),
        });
    }
    let mut told = Told::new(&worlds);
    told.to(10_000).act(Action::SetRate { producer: "shop".into(), per_kilosecond: 0 });
    told.to(10_300);
    let now = told.world.now();
    let lines: Vec<String> = ["billing", "billing-2", "billing-3"]
        .into_iter()
        .flat_map(|name| words(&why::idle(&told.timeline, told.node(name, System::Kafka), now)))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    has(&lines, "2 partitions, 3 members: billing");
    has(&lines, "its fetch waits at the broker until a record comes");
    assert_eq!(why::lag(&told.timeline, told.party("billing", System::Kafka), now), []);
}

/// `fetch.min.bytes` and `fetch.max.wait.ms` (documentation of `ConsumerConfig`): the broker
/// answers when so much is there, or after so long with what there is.
#[test]
fn a_fetch_that_wants_more_says_how_much_and_until_when() {
    let mut worlds = Worlds::shop();
    let config = [("fetch.min.bytes", "100000"), ("fetch.max.wait.ms", "20000")];
    worlds.topology.push(Action::AddConsumer {
        name: "archive".into(),
        group: "archive".into(),
        topics: vec!["orders".into()],
        takes: Span::from_millis(1),
        config: settings(&config),
    });
    let mut told = Told::new(&worlds);
    told.to(10_000);
    let (node, party) = (told.node("archive", System::Kafka), told.party("archive", System::Kafka));
    let idle = words(&why::idle(&told.timeline, node, told.world.now()));
    has(&idle, "The fetch of archive waits at the broker for 100000 bytes (fetch.min.bytes; ");
    let lag = words(&why::lag(&told.timeline, party, told.world.now()));
    has(&lag, "The fetch of archive waits at the broker for 100000 bytes");
    let held = |timeline: &Timeline| {
        let held = timeline.events().iter().rev().find_map(|event| match &event.what {
            What::Kafka { fact: KafkaFact::FetchHeld { until, .. }, .. } => Some(*until),
            _ => None,
        });
        held.expect("it waits")
    };
    let until = held(&told.timeline);
    let handled = |told: &Told| {
        let all = told.timeline.events().iter();
        all.filter(|event| {
            matches!(&event.what, What::Lab(LabFact::Handled { node: of, .. }) if *of == node)
        })
        .count()
    };
    told.to(until.as_millis() - 1);
    assert_eq!(handled(&told), 0, "fewer bytes have come");
    told.to(until.as_millis() + 1_000);
    assert!(handled(&told) > 0, "its time was up");
}

/// Whatever happened: chains end, every line has its full stop, and every event it names is one
/// that had happened by then.
#[test]
fn any_question_about_any_run_is_answered() {
    for seed in 0..10 {
        let worlds = Worlds::any(seed);
        let mut world = worlds.world(seed);
        let mut rng = Rng::new(seed, Purpose::Handling, 3);
        let mut timeline = Timeline::default();
        worlds.disturb(&mut world, &mut rng, 30, |world| timeline.extend(&world.take_events()));
        let end = world.now();
        let check = |lines: Vec<Line>, t: Instant| {
            for line in lines {
                assert!(line.sentence.ends_with('.'), "seed {seed}: {}", line.sentence);
                let event = line.event.map(|id| timeline.event(id).expect("it has happened"));
                assert!(event.is_none_or(|event| event.at <= t), "seed {seed}: {}", line.sentence);
            }
        };
        for t in (1..=6).map(|n| Instant(end.0 / 6 * n)) {
            for node in timeline.nodes() {
                check(why::idle(&timeline, node.id, t), t);
            }
            for party in timeline.parties() {
                check(why::lag(&timeline, party.id, t), t);
            }
            for wire in timeline.wires() {
                check(why::closed(&timeline, wire.id, t), t);
            }
            for message in timeline.messages(t).iter().step_by(17) {
                assert!(!biography(&timeline, message.id, t).is_empty());
                check(biography(&timeline, message.id, t), t);
                for party in timeline.parties() {
                    check(why::standing(&timeline, message.id, party.id, t), t);
                }
            }
        }
        let last = timeline.events().last().map_or(EventId(0), |event| event.id);
        assert!(timeline.chain(last).windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}

#[test]
fn the_journal_can_be_filtered_by_node_message_kind_and_system() {
    let mut told = Told::new(&Worlds::shop());
    told.to(2_050).act(Action::Unplug { consumer: "billing".into() }).to(3_000);
    let count = |filter: Filter| {
        let all = told.timeline.events().iter();
        all.filter(|event| filter.shows(&told.timeline, event)).count()
    };
    let all = told.timeline.events().len();
    assert_eq!(count(Filter::default()), all);
    let by_kind: usize = Kind::ALL
        .map(|(kind, _)| count(Filter { kind: Some(kind), ..Filter::default() }))
        .iter()
        .sum();
    assert_eq!(by_kind, all, "every event has one kind");
    let command =
        Filter { kind: Some(Kind::Command), node: Some("billing".into()), ..Filter::default() };
    assert!(told.timeline.events().iter().any(|event| {
        command.shows(&told.timeline, event)
            && matches!(&event.what, What::Lab(LabFact::Commanded(Action::Unplug { .. })))
    }));
    // Message 5 stands in as many events as its biography has.
    let of_message = Filter { messages: Some(vec![MessageId(5)]), ..Filter::default() };
    assert_eq!(count(of_message), told.timeline.biography(MessageId(5)).len());
    let lane = |system| count(Filter { system: Some(system), ..Filter::default() });
    let (redis, kafka) = (lane(System::Redis), lane(System::Kafka));
    assert!(redis > 50 && kafka > 50 && redis + kafka <= all, "{redis} + {kafka} of {all}");
    assert_eq!(count(Filter { node: Some("nobody".into()), ..Filter::default() }), 0);
}

/// A Redis server and a shop that sends "orders" by `carrier` when it is told to.
fn redis_shop(carrier: Carrier, config: &[(&str, &str)], readers: Vec<Action>) -> Told {
    let mut worlds = Worlds::default();
    let (name, none) = ("redis-1".into(), settings(&[]));
    worlds.topology.push(Action::AddRedis { name, config: none });
    worlds.topology.push(Action::AddProducer {
        name: "shop".into(),
        topic: "orders".into(),
        carriers: vec![carrier],
        load: Load { per_kilosecond: 0, keys: Keys::None, bytes: 40 },
        config: settings(config),
    });
    worlds.topology.extend(readers);
    let mut told = Told::new(&worlds);
    told.to(6_000);
    told
}

fn member(name: &str, ms: u64, config: &[(&str, &str)]) -> Action {
    Action::AddStreamReader {
        name: name.into(),
        stream: "orders".into(),
        group: Some("billing".into()),
        takes: Span::from_millis(ms),
        config: settings(config),
    }
}

fn worker(name: &str, safe: bool) -> Action {
    let (name, list) = (name.into(), "orders".into());
    Action::AddListWorker { name, list, takes: Span::from_millis(500), safe }
}

fn send(told: &mut Told, ms: u64) {
    told.act(Action::SendOne { producer: "shop".into() }).to(ms);
}

/// The instant of the first fact of a Redis server that `wanted` picks.
fn when(told: &Told, wanted: impl Fn(&RedisFact) -> bool) -> Instant {
    let found = told
        .timeline
        .events()
        .iter()
        .find(|event| matches!(&event.what, What::Redis { fact, .. } if wanted(fact)));
    found.expect("it happened").at
}

#[test]
fn a_biography_tells_whose_an_entry_was_and_why_it_was_claimed() {
    let mut told = redis_shop(Carrier::Stream, &[], vec![member("billing-1", 500, &[])]);
    send(&mut told, 6_100);
    told.act(Action::Crash { node: "billing-1".into() }).to(6_200);
    let id = told.timeline.streams()[0].entries(told.world.now()).1[0].id.clone();
    let party = told.party("billing", System::Redis);
    let waits = words(&why::standing(&told.timeline, MessageId(1), party, told.world.now()));
    has(&waits, &format!("It lies in orders as entry {id}."));
    has(&waits, "It is pending for billing-1 of group billing, delivered 1 time:");
    has(&waits, "billing-1 has crashed since 6.1 s.");
    let lag = words(&why::lag(&told.timeline, party, told.world.now()));
    has(&lag, "orders: 0 entries behind the bookmark of group billing, 1 pending.");
    told.act(member("billing-2", 20, &[("min-idle-time", "2000"), ("block", "500")])).to(12_000);
    let life = told.life(1);
    has(
        &life,
        &format!("redis-1 added it to stream orders as entry {id}; the stream holds 1 entry."),
    );
    has(
        &life,
        &format!(
            "redis-1 delivered entry {id} of orders to billing-1 of group billing, delivery 1:"
        ),
    );
    let given = when(&told, |fact| matches!(fact, RedisFact::Delivered { .. }));
    let claimed = when(&told, |fact| matches!(fact, RedisFact::Claimed { .. }));
    let idle = claimed.since(given);
    assert!(idle >= Span::from_secs(2), "min-idle-time: {idle}");
    has(
        &life,
        &format!(
            "billing-2 claimed entry {id} of group billing, delivery 2, {idle} after it was \
             delivered to billing-1 and not acknowledged: billing-1 has crashed since 6.1 s."
        ),
    );
    has(&life, "billing-2 handled it.");
    has(&life, &format!("Group billing acknowledged entry {id}: it is pending no more."));
    let idle = why::idle(&told.timeline, told.node("billing-2", System::Redis), told.world.now());
    has(
        &words(&idle),
        "At redis-1 no entry of stream orders lies behind the bookmark of group billing, and \
         billing-2 waits for one.",
    );
}

#[test]
fn a_biography_tells_why_an_entry_was_parked_or_trimmed() {
    let config = [("min-idle-time", "300"), ("block", "100"), ("max-deliveries", "2")];
    let mut told = redis_shop(Carrier::Stream, &[("maxlen", "3")], vec![member("one", 5, &config)]);
    told.act(Action::SetFailure { consumer: "one".into(), fails: Failure::Numbers(vec![1]) });
    send(&mut told, 9_000);
    let life = told.life(1);
    has(&life, "delivered to itself and not acknowledged: one had failed on it.");
    let parked = told.timeline.streams().iter().find(|stream| &*stream.key == "orders-dlq");
    let id = parked.expect("it was parked").entries(told.world.now()).1[0].id.clone();
    // The third delivery is one too many.
    has(
        &life,
        &format!(
            "one parked it in the dead-letter stream orders-dlq as entry {id}, because it had been \
             delivered 3 times, more often than it may (max-deliveries)."
        ),
    );
    let party = told.party("billing", System::Redis);
    let lies = words(&why::standing(&told.timeline, MessageId(1), party, told.world.now()));
    has(&lies, &format!("It lies in the dead-letter stream orders-dlq as entry {id}:"));
    told.act(Action::Pause { node: "one".into() });
    told.act(Action::Burst { producer: "shop".into(), messages: 6 }).to(9_500);
    let gone = told.life(3);
    let added = gone.iter().find_map(|line| line.split("as entry ").nth(1)).expect("it was added");
    let id = added.split(';').next().expect("its id");
    has(
        &gone,
        &format!(
            "redis-1 trimmed entry {id} away: 1 entry went off the head of stream orders, 3 entries \
             stayed (MAXLEN of an XADD)."
        ),
    );
    has(&gone, "It is lost to billing: trimmed or evicted from memory");
}

#[test]
fn a_biography_tells_what_became_of_an_element() {
    let mut told = redis_shop(Carrier::List, &[], vec![worker("rash", false)]);
    send(&mut told, 6_100);
    told.act(Action::Crash { node: "rash".into() }).to(6_200);
    let life = told.life(1);
    has(&life, "redis-1 pushed it to list orders; the list holds 1 element.");
    has(&life, "redis-1 popped it off list orders for rash: Redis keeps it no more.");
    has(
        &life,
        "It is lost to orders: received, then the process crashed; it had been taken off list \
         orders, and nothing else kept it",
    );
    let mut told = redis_shop(Carrier::List, &[], vec![worker("safe", true)]);
    send(&mut told, 6_100);
    told.act(Action::Crash { node: "safe".into() }).to(6_300);
    let party = told.party("orders", System::Redis);
    let waits = words(&why::standing(&told.timeline, MessageId(1), party, told.world.now()));
    has(&waits, "It lies in orders:processing:safe: safe took it and has not removed it.");
    has(&waits, "safe has crashed since 6.1 s.");
    told.act(Action::Restart { node: "safe".into() }).to(8_000);
    let life = told.life(1);
    has(
        &life,
        "redis-1 moved it from list orders to orders:processing:safe: it lies there while safe \
         works on it (BLMOVE).",
    );
    has(
        &life,
        "safe put it back from orders:processing:safe to list orders: it had not removed it before \
         it started again.",
    );
    has(&life, "safe handled it.");
    has(&life, "safe is done with it: redis-1 removed it from list orders:processing:safe (LREM).");
    let idle = why::idle(&told.timeline, told.node("safe", System::Redis), told.world.now());
    has(&words(&idle), "At redis-1 list orders is empty, and safe waits for an element.");
    for _ in 0..3 {
        told.act(Action::SendOne { producer: "shop".into() });
    }
    told.to(8_200);
    let lag = words(&why::lag(&told.timeline, party, told.world.now()));
    has(&lag, "List orders holds 2 elements.");
    has(&lag, "safe works on message 2 until ");
    let waits = words(&why::standing(&told.timeline, MessageId(4), party, told.world.now()));
    has(&waits, "It lies in list orders; 1 element will be popped before it.");
}

#[test]
fn a_biography_tells_that_it_was_sent_again() {
    let mut told = redis_shop(Carrier::Stream, &[], vec![member("one", 5, &[])]);
    let (producer, timeout) = ("shop".into(), Span::from_millis(1));
    told.act(Action::SetPublishRetry { producer, timeout, retries: 1 });
    send(&mut told, 7_000);
    let life = told.life(1);
    has(&life, "shop sent it again (XADD orders, attempt 2): no answer had come in time.");
    has(&life, " once more; the stream holds 2 entries.");
    has(&life, "one handled it again (repeated): its producer had sent it again.");
}

/// Retry topics, the dead-letter topic and the way back, each told by the one who did it.
#[test]
fn a_biography_tells_of_retries_dead_letters_and_the_way_back() {
    let mut told = Told::new(&Worlds::shop());
    told.to(2_000);
    let handling =
        ErrorHandling::RetryTopics { attempts: 2, delay: Span::from_millis(200), multiplier: 2 };
    told.act(Action::SetErrorHandling { consumer: "email".into(), handling });
    let number = told.timeline.messages(told.world.now()).len() as u32 + 10;
    let fails = Failure::Numbers(vec![number]);
    told.act(Action::SetFailure { consumer: "email".into(), fails }).to(9_000);
    let fine = Failure::Never;
    told.act(Action::SetFailure { consumer: "email".into(), fails: fine });
    let topic = "orders-dlt".into();
    told.act(Action::Redrive { topic, most: 1 }).to(14_000);
    let life = told.life(u64::from(number));
    has(&life, "email failed on it and sent a copy to retry topic orders-retry");
    has(&life, "appended that copy to orders-retry");
    has(&life, "sent a copy to orders-dlt, where it is parked.");
    has(&life, "appended that copy to orders-dlt-");
    has(&life, "You sent it back: ");
    has(&life, "email handled it.");
    assert!(!life.iter().any(|line| line.contains("had no answer")), "{life:#?}");
}
