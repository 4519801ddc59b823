//! Random worlds and random commands: one generator for every law that must hold whatever a
//! person builds and does. A new action gets an arm in `actions`, a new kind of node a line in
//! [`Worlds::any`]; every law is then proved over it.

// Each test file uses its own part of it.
#![allow(dead_code)]

pub(crate) mod actions;

use pushpull::event::{Action, Carrier, Keys, Load, Name, Settings};
use pushpull::history::Session;
use pushpull::lab::World;
use pushpull::lesson::{Lesson, Progress};
use pushpull::sim::{Instant, Purpose, Rng, Span};

/// How a reader has got on, without what is remembered of the futures beside it: the one thing in
/// which a fork may differ.
pub(crate) fn alone(session: &Session) -> Progress {
    let mut progress = session.progress().clone();
    progress.see_beside(session.lesson(), Vec::new());
    progress
}

/// How a producer's messages travel: by one system or both, in Redis by a channel, a stream or a
/// list.
fn carriers(rng: &mut Rng) -> Vec<Carrier> {
    use Carrier::{Kafka, List, PubSub, Stream};
    let all: [&[Carrier]; 8] = [
        &[PubSub, Kafka],
        &[PubSub, Kafka],
        &[Kafka],
        &[PubSub],
        &[Stream, Kafka],
        &[PubSub, Stream],
        &[List],
        &[PubSub, List, Kafka],
    ];
    one(rng, &all).to_vec()
}

/// What a person might do to any process, by a number below 8.
pub(crate) fn to_process(number: u64, who: Name) -> Action {
    match number {
        0 => Action::Unplug { consumer: who },
        1 => Action::PlugIn { consumer: who },
        2 => Action::Interrupt { node: who },
        3 => Action::Heal { node: who },
        4 => Action::Crash { node: who },
        5 => Action::Restart { node: who },
        6 => Action::Pause { node: who },
        _ => Action::Resume { node: who },
    }
}

/// By then the brokers of a cluster have registered, and topics can be created.
const READY: Instant = Instant::from_millis(5_000);

/// A topology, and the names in it that commands may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worlds {
    pub(crate) topology: Vec<Action>,
    /// How many of these actions are done at instant 0; the others at [`READY`].
    at_once: usize,
    pub(crate) redis: Vec<Name>,
    pub(crate) brokers: Vec<Name>,
    /// With how many partitions each was created.
    pub(crate) topics: Vec<(Name, u32)>,
    pub(crate) producers: Vec<Name>,
    /// Whoever reads, in either lane or in both.
    pub(crate) readers: Vec<Name>,
    /// Consumer groups of Kafka.
    pub(crate) groups: Vec<Name>,
}

pub(crate) fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
}

pub(crate) fn one<T: Clone>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.below(all.len() as u64) as usize].clone()
}

pub(crate) fn keys(rng: &mut Rng) -> Keys {
    let names = ["ada", "bob", "cyd", "dee"].map(Into::into).to_vec();
    match rng.below(4) {
        0 => Keys::None,
        1 => Keys::Cycle(names),
        2 => Keys::Random(names),
        _ => Keys::Skewed(names),
    }
}

impl Worlds {
    /// A shop that feeds both systems; email and billing read in both, and all is as well as it
    /// can be.
    pub(crate) fn shop() -> Self {
        let mut worlds = Self::default();
        worlds.servers(1, false, &settings(&[("group.initial.rebalance.delay.ms", "0")]));
        worlds.topic("orders", 2, 1);
        for name in ["email", "billing"] {
            worlds.subscriber(name, &["orders"], &[], 5);
            let earliest = settings(&[("auto.offset.reset", "earliest")]);
            worlds.consumer(name, name, &["orders"], 5, earliest);
        }
        worlds.topology.push(Action::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            carriers: vec![Carrier::PubSub, Carrier::Kafka],
            load: Load {
                per_kilosecond: 5_000,
                keys: Keys::Cycle(["ada", "bob", "cyd", "dee"].map(Into::into).to_vec()),
                bytes: 120,
            },
            config: settings(&[("linger.ms", "0")]),
        });
        worlds.producers.push("shop".into());
        worlds
    }

    /// Any topology that the lab can build: one to three brokers, one or two topics, readers of
    /// channels and patterns, groups of one to three members, streams and lists with their
    /// readers, a replica.
    pub(crate) fn any(seed: u64) -> Self {
        let rng = &mut Rng::new(seed, Purpose::Placement, 77);
        let mut worlds = Self::default();
        let brokers = 1 + rng.below(3) as u32;
        let delay = one(rng, &["0", "300"]);
        let of_group = settings(&[("group.initial.rebalance.delay.ms", delay)]);
        worlds.servers(brokers, rng.chance(500_000), &of_group);
        let topics = 1 + rng.below(2) as usize;
        for name in &["orders", "payments"][..topics] {
            let partitions = 1 + rng.below(4) as u32;
            worlds.topic(name, partitions, 1 + rng.below(u64::from(brokers)) as u32);
        }
        let topics: Vec<Name> = worlds.topics.iter().map(|(name, _)| name.clone()).collect();
        let channel = one(rng, &topics);
        worlds.subscriber("email", &[&*channel], &[], 1 + rng.below(20));
        match rng.below(3) {
            0 => worlds.subscriber("audit", &[], &["*"], rng.below(5)),
            1 => worlds.subscriber("audit", &["orders"], &["ord*"], rng.below(5)),
            _ => {}
        }
        for (group, most) in [("email", 1), ("billing", 3)] {
            let topics: Vec<&str> = topics.iter().map(|name| &**name).collect();
            let how = one(rng, &["range", "roundrobin", "sticky", "cooperative-sticky"]);
            for member in 0..=rng.below(most) {
                let name =
                    if most == 1 { group.to_owned() } else { format!("{group}-{}", member + 1) };
                let mut config =
                    settings(&[("auto.offset.reset", one(rng, &["earliest", "latest"]))]);
                config.insert("partition.assignment.strategy".into(), how.into());
                if rng.chance(300_000) {
                    config.insert("enable.auto.commit".into(), "true".into());
                    config.insert("auto.commit.interval.ms".into(), "700".into());
                }
                config.insert("session.timeout.ms".into(), "6000".into());
                config.insert("heartbeat.interval.ms".into(), "1000".into());
                worlds.consumer(&name, group, &topics, 1 + rng.below(20), config);
            }
        }
        if rng.chance(400_000) {
            worlds.replica(rng);
        }
        for (index, topic) in topics.iter().enumerate() {
            let carriers = carriers(rng);
            if carriers.contains(&Carrier::Stream) {
                worlds.stream_readers(rng, topic, index);
            }
            if carriers.contains(&Carrier::List) {
                worlds.list_workers(rng, topic, index);
            }
            let name: Name = ["shop", "bank"][index].into();
            let mut config = settings(&[("linger.ms", one(rng, &["0", "5"]))]);
            if carriers.contains(&Carrier::Stream) && rng.chance(400_000) {
                config.insert("maxlen".into(), one(rng, &["15", "~ 100"]).into());
            }
            config.insert("acks".into(), one(rng, &["all", "1", "0"]).into());
            if &*config["acks"] != "all" {
                config.insert("enable.idempotence".into(), "false".into());
            }
            worlds.topology.push(Action::AddProducer {
                name: name.clone(),
                topic: topic.clone(),
                carriers,
                load: Load {
                    per_kilosecond: 1_000 * (1 + rng.below(20)) as u32,
                    keys: keys(rng),
                    bytes: rng.below(400) as u32,
                },
                config,
            });
            worlds.producers.push(name);
        }
        worlds
    }

    /// A second Redis server, which replicates the first, and somebody who listens to it.
    fn replica(&mut self, rng: &mut Rng) {
        let (name, of): (Name, Name) = ("redis-2".into(), "redis-1".into());
        self.topology.push(Action::AddReplica { name: name.clone(), of, config: Settings::new() });
        self.redis.push(name.clone());
        if rng.chance(500_000) {
            let channels = self.topics.iter().map(|(topic, _)| topic.clone()).collect();
            self.reader("far");
            self.topology.push(Action::AddSubscriber {
                name: "far".into(),
                channels,
                patterns: Vec::new(),
                takes: Span::from_millis(rng.below(10)),
                server: Some(name),
            });
        }
    }

    /// A group of one or two members, and at times a reader without a group.
    fn stream_readers(&mut self, rng: &mut Rng, stream: &Name, index: usize) {
        let group: Name = actions::STREAM_GROUP.into();
        for member in 0..=rng.below(2) {
            let mut config = settings(&[("block", one(rng, &["100", "2000"]))]);
            config.insert("min-idle-time".into(), one(rng, &["0", "300", "2000"]).into());
            config.insert("max-deliveries".into(), one(rng, &["0", "2"]).into());
            config.insert("noack".into(), one(rng, &["false", "false", "true"]).into());
            config.insert("start".into(), one(rng, &["0", "$"]).into());
            if rng.chance(500_000) {
                config.insert("count".into(), one(rng, &["1", "5"]).into());
            }
            let name: Name = format!("pack-{index}-{member}").into();
            self.stream_reader(&name, stream, Some(group.clone()), rng.below(40), config);
        }
        if rng.chance(400_000) {
            let config = settings(&[("start", one(rng, &["0", "$"]))]);
            let name: Name = format!("tail-{index}").into();
            self.stream_reader(&name, stream, None, rng.below(20), config);
        }
    }

    fn stream_reader(
        &mut self,
        name: &Name,
        stream: &Name,
        group: Option<Name>,
        ms: u64,
        config: Settings,
    ) {
        let (name, stream, takes) = (name.clone(), stream.clone(), Span::from_millis(ms));
        self.reader(&name);
        self.topology.push(Action::AddStreamReader { name, stream, group, takes, config });
    }

    /// One or two workers, each with or without a processing list.
    fn list_workers(&mut self, rng: &mut Rng, list: &Name, index: usize) {
        for worker in 0..=rng.below(2) {
            let name: Name = format!("worker-{index}-{worker}").into();
            self.reader(&name);
            self.topology.push(Action::AddListWorker {
                name,
                list: list.clone(),
                takes: Span::from_millis(rng.below(40)),
                safe: rng.chance(600_000),
            });
        }
    }

    fn servers(&mut self, brokers: u32, controller: bool, config: &Settings) {
        let name: Name = "redis-1".into();
        self.topology.push(Action::AddRedis { name: name.clone(), config: Settings::new() });
        self.redis.push(name);
        if controller {
            self.topology.push(Action::AddController { name: "controller".into() });
        }
        for broker in 1..=brokers {
            let name: Name = format!("kafka-{broker}").into();
            self.topology.push(Action::AddBroker { name: name.clone(), config: config.clone() });
            self.brokers.push(name);
        }
        let alone = brokers == 1 && !controller;
        self.at_once = if alone { usize::MAX } else { self.topology.len() };
    }

    /// What is done at instant 0, and what is done when the brokers have found each other.
    fn parts(&self) -> (&[Action], &[Action]) {
        self.topology.split_at(self.at_once.min(self.topology.len()))
    }

    fn topic(&mut self, name: &str, partitions: u32, replicas: u32) {
        let (name, config): (Name, _) = (name.into(), Settings::new());
        self.topics.push((name.clone(), partitions));
        self.topology.push(Action::CreateTopic { name, partitions, replicas, config });
    }

    fn subscriber(&mut self, name: &str, channels: &[&str], patterns: &[&str], ms: u64) {
        let names = |list: &[&str]| list.iter().map(|&name| name.into()).collect();
        let (channels, patterns) = (names(channels), names(patterns));
        let takes = Span::from_millis(ms);
        self.reader(name);
        self.topology.push(Action::AddSubscriber {
            name: name.into(),
            channels,
            patterns,
            takes,
            server: None,
        });
    }

    fn consumer(&mut self, name: &str, group: &str, topics: &[&str], ms: u64, config: Settings) {
        let topics = topics.iter().map(|&name| name.into()).collect();
        let (takes, group): (_, Name) = (Span::from_millis(ms), group.into());
        self.reader(name);
        if !self.groups.contains(&group) {
            self.groups.push(group.clone());
        }
        self.topology.push(Action::AddConsumer { name: name.into(), group, topics, takes, config });
    }

    fn reader(&mut self, name: &str) {
        if !self.readers.iter().any(|other| &**other == name) {
            self.readers.push(name.into());
        }
    }

    /// The World that this topology makes.
    pub(crate) fn world(&self, seed: u64) -> World {
        let mut world = World::new(seed);
        let (first, then) = self.parts();
        let act = |world: &mut World, action: &Action| {
            world.act(action.clone()).unwrap_or_else(|refusal| panic!("{action:?}: {refusal}"));
        };
        for action in first {
            act(&mut world, action);
        }
        if !then.is_empty() {
            world.advance_to(READY);
        }
        for action in then {
            act(&mut world, action);
        }
        world
    }

    /// A run at its very beginning: only what is done at instant 0 is there.
    pub(crate) fn open(&self, seed: u64) -> Session {
        Session::open(self.lesson(), Some(seed)).expect("its topology can be laid")
    }

    /// A run in which everything is built.
    pub(crate) fn session(&self, seed: u64) -> Session {
        let mut session = self.open(seed);
        for action in self.parts().1 {
            session.act_at(READY, action.clone()).unwrap_or_else(|no| panic!("{action:?}: {no}"));
        }
        session
    }

    /// What is there at instant 0, as a lesson.
    pub(crate) fn lesson(&self) -> Lesson {
        let text = std::fs::read_to_string("benches/shop.json").expect("a lesson");
        let mut lesson = Lesson::parse_own("random", &text).expect("it is right");
        lesson.topology = self.parts().0.to_vec();
        lesson
    }

    /// An action that is allowed now, if one is soon found: of those that this world knows, most
    /// would change nothing at any given instant.
    pub(crate) fn allowed_action(
        &self,
        rng: &mut Rng,
        can: impl Fn(&Action) -> bool,
    ) -> Option<Action> {
        (0..12).map(|_| self.any_action(rng)).find(can)
    }

    /// Lets random things happen to a world at random instants; `after_each` looks at it.
    pub(crate) fn disturb(
        &self,
        world: &mut World,
        rng: &mut Rng,
        times: u32,
        mut after_each: impl FnMut(&mut World),
    ) {
        for _ in 0..times {
            world.advance_to(world.now() + Span::from_micros(rng.below(900_000)));
            if let Some(action) = self.allowed_action(rng, |action| world.can(action).is_ok()) {
                if std::env::var_os("LAW_TELL").is_some() {
                    println!("{} {action:?}", world.now());
                }
                world.act(action).expect("it was allowed");
            }
            after_each(world);
        }
    }

    /// A run in which random things happened at random instants.
    pub(crate) fn any_run(&self, seed: u64, rng: &mut Rng, times: u32) -> Session {
        let mut session = self.session(seed);
        for _ in 0..times {
            let t: Instant = session.head() + Span::from_millis(rng.below(900));
            session.advance_to(t);
            let allowed = self.allowed_action(rng, |action| session.can_at(t, action).is_ok());
            if let Some(action) = allowed {
                session.act_at(t, action).expect("it was allowed");
            }
        }
        session
    }
}
