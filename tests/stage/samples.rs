//! Runs of the real engines that between them show every drawing.

use pushpull::cli::play;
use pushpull::event::{
    Action, Carrier, ErrorHandling, Event, Failure, Keys, Load, Settings, System,
};
use pushpull::lab::World;
use pushpull::lesson::Lesson;
use pushpull::sim::{Instant, Span};
use pushpull::stage::Mode;
use pushpull::timeline::Timeline;

/// A run, and instants of it worth looking at.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) timeline: Timeline,
    pub(crate) instants: Vec<Instant>,
}

pub(crate) fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

pub(crate) fn act(world: &mut World, action: Action) {
    world.act(action).expect("it can be done");
}

/// The timeline of all that a world has told since the last time, which must be all of it.
pub(crate) fn told(world: &mut World) -> Timeline {
    thread_local! {
        static ALL: std::cell::RefCell<Vec<Event>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    ALL.with_borrow_mut(|all| {
        let new = world.take_events();
        if new.first().is_some_and(|event| event.id.0 == 0) {
            all.clear();
        }
        all.extend(new);
        let mut timeline = Timeline::default();
        timeline.extend(all);
        timeline
    })
}

fn add_server(world: &mut World) {
    act(world, Action::AddRedis { name: "redis-1".into(), config: Settings::new() });
}

fn add_brokers(world: &mut World, brokers: u32) {
    if brokers > 1 {
        act(world, Action::AddController { name: "controller".into() });
    }
    for n in 1..=brokers {
        let config = settings(&[
            ("group.initial.rebalance.delay.ms", "0"),
            ("log.retention.check.interval.ms", "1000"),
        ]);
        act(world, Action::AddBroker { name: format!("kafka-{n}").into(), config });
    }
}

fn add_topic(world: &mut World, partitions: u32, replicas: u32, config: &[(&str, &str)]) {
    let config = settings(config);
    act(world, Action::CreateTopic { name: "orders".into(), partitions, replicas, config });
}

fn add_shop(world: &mut World, carriers: &[Carrier], per_second: u32, bytes: u32) {
    let keys = ["ada", "bob", "cyd", "dee", "eve", "fay"].map(Into::into).to_vec();
    let load = Load { per_kilosecond: per_second * 1_000, keys: Keys::Cycle(keys), bytes };
    act(
        world,
        Action::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            carriers: carriers.to_vec(),
            load,
            config: settings(&[("linger.ms", "0"), ("acks", "all")]),
        },
    );
}

pub(crate) fn add_member(world: &mut World, name: &str, group: &str) {
    act(
        world,
        Action::AddConsumer {
            name: name.into(),
            group: group.into(),
            topics: vec!["orders".into()],
            takes: Span::from_millis(20),
            config: settings(&[("auto.offset.reset", "earliest")]),
        },
    );
}

fn add_subscriber(world: &mut World, name: &str, channels: &[&str], patterns: &[&str], takes: u64) {
    act(
        world,
        Action::AddSubscriber {
            name: name.into(),
            channels: channels.iter().map(|c| (*c).into()).collect(),
            patterns: patterns.iter().map(|c| (*c).into()).collect(),
            takes: Span::from_millis(takes),
            server: None,
        },
    );
}

/// One broker, a topic, a group of `members`, and others with one member each.
pub(crate) fn shop(partitions: u32, members: usize, others: usize) -> World {
    let mut world = World::new(1);
    add_server(&mut world);
    add_brokers(&mut world, 1);
    add_topic(&mut world, partitions, 1, &[]);
    for n in 1..=members {
        add_member(&mut world, &format!("billing-{n}"), "billing");
    }
    for n in 0..others {
        let name = ["email", "search", "audit", "warehouse-europe-west"][n % 4];
        add_member(&mut world, name, name);
        add_subscriber(&mut world, name, &["orders"], &[], 5);
    }
    add_shop(&mut world, &[Carrier::PubSub, Carrier::Kafka], 5, 120);
    world
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// Three replicas; the leader of one partition dies, and comes back with a tail of its own.
pub(crate) fn cluster() -> Sample {
    let mut world = World::new(3);
    add_server(&mut world);
    add_brokers(&mut world, 3);
    world.advance_to(at(5_000));
    add_topic(&mut world, 2, 3, &[("min.insync.replicas", "1")]);
    world.advance_to(at(8_000));
    add_member(&mut world, "billing", "billing");
    add_subscriber(&mut world, "billing", &["orders"], &[], 5);
    add_shop(&mut world, &[Carrier::PubSub, Carrier::Kafka], 5, 120);
    world.advance_to(at(12_000));
    act(&mut world, Action::Crash { node: "kafka-2".into() });
    world.advance_to(at(13_000));
    act(&mut world, Action::Crash { node: "kafka-1".into() });
    world.advance_to(at(34_000));
    act(&mut world, Action::Restart { node: "kafka-1".into() });
    world.advance_to(at(45_000));
    let timeline = told(&mut world);
    let instants = vec![at(11_400), at(13_500), at(25_000), at(44_000)];
    Sample { name: "cluster", timeline, instants }
}

/// Four members for three partitions; one crashes, and the broker believes in it for a while.
pub(crate) fn group() -> Sample {
    let mut world = shop(3, 3, 1);
    world.advance_to(at(6_000));
    add_member(&mut world, "billing-4", "billing");
    world.advance_to(at(12_000));
    act(&mut world, Action::Crash { node: "billing-2".into() });
    world.advance_to(at(70_000));
    let timeline = told(&mut world);
    // The rebalance that the crash brings, wherever it begins.
    let moved = |t: &Instant| {
        timeline.nodes().iter().any(|n| n.phase.value(*t) == pushpull::timeline::Phase::Join)
    };
    let joining = (45_000..65_000).map(at).find(moved).expect("the group rebalances");
    let instants = vec![at(11_000), at(30_000), joining, at(68_000)];
    Sample { name: "group", timeline, instants }
}

pub(crate) fn many(name: &'static str, partitions: u32, members: usize) -> Sample {
    let mut world = shop(partitions, members, 1);
    world.advance_to(at(6_000));
    act(&mut world, Action::Unplug { consumer: "email".into() });
    world.advance_to(at(14_000));
    let timeline = told(&mut world);
    Sample { name, timeline, instants: vec![at(5_900), at(13_900)] }
}

/// So many subscribers; three are slow, two are out.
pub(crate) fn subscribers(name: &'static str, n: usize) -> Sample {
    let mut world = World::new(5);
    add_server(&mut world);
    add_brokers(&mut world, 1);
    add_topic(&mut world, 2, 1, &[]);
    for i in 1..=n {
        let takes = if i % 80 == 7 { 900 } else { 2 };
        let patterns: &[&str] = if i % 3 == 0 { &["ord*"] } else { &[] };
        let channels: &[&str] = if i % 3 == 0 { &[] } else { &["orders"] };
        add_subscriber(&mut world, &format!("screen-{i}"), channels, patterns, takes);
    }
    add_shop(&mut world, &[Carrier::PubSub], 5, 1_000_000);
    world.advance_to(at(3_000));
    act(&mut world, Action::Unplug { consumer: format!("screen-{}", n - 1).into() });
    world.advance_to(at(8_001));
    let timeline = told(&mut world);
    // A push is under way.
    let flying = |t: &Instant| {
        let mut count = 0;
        timeline.under_way(*t, |motion| count += usize::from(!motion.hop.tags.is_empty()));
        count > 3
    };
    let busy = (7_000_000..8_000_000).step_by(100).map(|us| Instant(us * 1_000)).find(flying);
    Sample { name, instants: busy.into_iter().chain([at(8_000)]).collect(), timeline }
}

/// Small segments and little retention: blocks drop, a bookmark is left behind.
pub(crate) fn segments() -> Sample {
    let mut world = World::new(7);
    add_server(&mut world);
    add_brokers(&mut world, 1);
    let config = [("segment.bytes", "1048576"), ("retention.bytes", "4194304")];
    add_topic(&mut world, 2, 1, &config);
    add_member(&mut world, "billing", "billing");
    add_subscriber(&mut world, "billing", &["orders"], &[], 5);
    act(&mut world, Action::AddAccount { consumer: "billing".into(), amount: 1_800 });
    add_shop(&mut world, &[Carrier::PubSub, Carrier::Kafka], 5, 200_000);
    world.advance_to(at(4_000));
    act(&mut world, Action::Unplug { consumer: "billing".into() });
    world.advance_to(at(40_000));
    let timeline = told(&mut world);
    Sample { name: "segments", timeline, instants: vec![at(3_900), at(12_000), at(39_000)] }
}

/// 1 MB at 5/s with 900 ms of work: the buffer fills, and the server cuts the client off.
pub(crate) fn buffers() -> Sample {
    let mut world = World::new(11);
    add_server(&mut world);
    add_brokers(&mut world, 1);
    add_topic(&mut world, 1, 1, &[]);
    add_subscriber(&mut world, "email", &["orders"], &["ord*", "inv*"], 5);
    add_subscriber(&mut world, "billing", &["orders"], &[], 900);
    add_shop(&mut world, &[Carrier::PubSub], 5, 1_000_000);
    world.advance_to(at(14_000));
    let timeline = told(&mut world);
    Sample { name: "buffers", timeline, instants: vec![at(3_000), at(6_500), at(13_000)] }
}

/// A stream with a group of two and a dead-letter stream, and a list with two workers; a reader
/// of each crashes with work in hand.
pub(crate) fn streams() -> Sample {
    let mut world = World::new(13);
    let config = settings(&[("maxmemory", "100mb")]);
    act(&mut world, Action::AddRedis { name: "redis-1".into(), config });
    act(&mut world, Action::FillMemory { server: "redis-1".into(), bytes: 60_000_000 });
    add_brokers(&mut world, 1);
    add_topic(&mut world, 1, 1, &[]);
    let config = settings(&[
        ("count", "4"),
        ("min-idle-time", "3000"),
        ("max-deliveries", "2"),
        ("start", "0"),
    ]);
    for n in 1..=2 {
        let (name, stream) = (format!("packer-{n}").into(), "orders".into());
        let (group, takes) = (Some("packers".into()), Span::from_millis(250));
        let config = config.clone();
        act(&mut world, Action::AddStreamReader { name, stream, group, takes, config });
        let (name, list) = (format!("worker-{n}").into(), "orders-queue".into());
        let takes = Span::from_millis(if n == 1 { 900 } else { 350 });
        act(&mut world, Action::AddListWorker { name, list, takes, safe: true });
    }
    add_subscriber(&mut world, "screen", &["orders"], &[], 5);
    add_shop(&mut world, &[Carrier::Stream, Carrier::PubSub], 5, 120);
    let keys = Keys::Cycle(["ada", "bob", "cyd"].map(Into::into).to_vec());
    let load = Load { per_kilosecond: 5_000, keys, bytes: 120 };
    let (name, topic) = ("till".into(), "orders-queue".into());
    let (carriers, config) = (vec![Carrier::List], Settings::new());
    act(&mut world, Action::AddProducer { name, topic, carriers, load, config });
    let fails = Failure::Numbers(vec![7]);
    for n in 1..=2 {
        let consumer = format!("packer-{n}").into();
        act(&mut world, Action::SetFailure { consumer, fails: fails.clone() });
    }
    world.advance_to(at(3_000));
    act(&mut world, Action::Crash { node: "packer-2".into() });
    act(&mut world, Action::Crash { node: "worker-1".into() });
    world.advance_to(at(14_000));
    let lines = ["XLEN orders", "XPENDING orders packers", "LLEN orders-queue"];
    for (line, answered) in lines.into_iter().zip([14_100, 14_200, 14_300]) {
        act(&mut world, Action::Console { server: "redis-1".into(), line: line.into() });
        world.advance_to(at(answered));
    }
    let timeline = told(&mut world);
    Sample { name: "streams", timeline, instants: vec![at(2_900), at(4_500), at(13_000)] }
}

/// A lesson that ships, as a reader plays it who does what is asked.
pub(crate) fn lesson(name: &'static str) -> Sample {
    let text = std::fs::read_to_string(format!("www/lessons/{name}.json")).expect("readable");
    let lesson = Lesson::parse(name, &text).expect("a lesson");
    let session = play(&lesson, lesson.seed).ok().expect("it gets to its end");
    let mut timeline = Timeline::default();
    timeline.extend(session.events());
    // Somewhere in its beginning, its middle and its end: where most is under way.
    let sixth = session.head().0 / 6;
    let busiest = |n: u64| {
        let all = (0..200).map(|i| Instant(sixth * (2 * n) + sixth * i / 100));
        all.max_by_key(|t| {
            let mut flying = 0;
            timeline.under_way(*t, |motion| flying += motion.hop.tags.len());
            let clocks = timeline.nodes().iter().filter(|n| n.poll.value(*t).is_some()).count();
            (clocks, flying)
        })
    };
    let instants = (0..3).filter_map(busiest).chain([session.head()]).collect();
    Sample { name, timeline, instants }
}

/// Retry topics for a record that always fails; then its consumer's neighbour leaves for good.
pub(crate) fn retries() -> Sample {
    let mut world = shop(2, 0, 0);
    for name in ["audit", "billing", "search"] {
        add_member(&mut world, name, name);
    }
    let handling =
        ErrorHandling::RetryTopics { attempts: 3, delay: Span::from_secs(1), multiplier: 2 };
    act(&mut world, Action::SetErrorHandling { consumer: "billing".into(), handling });
    let fails = Failure::Numbers(vec![3]);
    act(&mut world, Action::SetFailure { consumer: "billing".into(), fails });
    world.advance_to(at(8_000));
    act(&mut world, Action::Remove { node: "audit".into() });
    world.advance_to(at(12_000));
    let timeline = told(&mut world);
    Sample { name: "retries", timeline, instants: vec![at(2_200), at(7_900), at(11_000)] }
}

/// The lanes that a sample is about.
pub(crate) fn mode(name: &str) -> Mode {
    match name.trim_end_matches(char::is_numeric) {
        "hundreds" | "several" | "buffers" | "streams" => Mode::Redis,
        "one" => Mode::Both,
        _ => Mode::Kafka,
    }
}

pub(crate) fn front(name: &str) -> System {
    if mode(name) == Mode::Redis { System::Redis } else { System::Kafka }
}
