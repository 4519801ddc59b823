//! Every action that there is, with random names and values: most of it is refused most of the
//! time.

use super::{Worlds, keys, one, settings, to_process};
use pushpull::event::{
    Action, Carrier, CommitPoint, Configured, ErrorHandling, Failure, Handling, Load, Name,
    ResetTo, Settings, TopicPartition,
};
use pushpull::sim::{Instant, Rng, Span};

/// The group that reads the streams of every world.
pub(crate) const STREAM_GROUP: &str = "pack";

/// Names that no world begins with, for what is added while it runs.
const NEW: [&str; 4] = ["new-1", "new-2", "new-3", "new-4"];

macro_rules! kinds {
    ($($kind:ident)*) => {
        /// Every action there is, by its name.
        pub(crate) const KINDS: &[&str] = &[$(stringify!($kind)),*];

        /// Which one this is. A new action does not compile until it stands here, and then the
        /// laws ask the generator for it.
        pub(crate) fn kind(action: &Action) -> &'static str {
            match action {
                $(Action::$kind { .. } => stringify!($kind),)*
            }
        }
    };
}

kinds! {
    AddRedis AddController AddBroker CreateTopic AddPartitions AddProducer AddSubscriber
    AddConsumer SetRate SendOne SetWork Burst SetVariance SetFailure SetCommit SetDeduplication
    AddAccount Seek CloseConnection Unplug PlugIn Crash Restart Pause Resume Interrupt Heal
    SetLatency AddStreamReader AddListWorker AddReplica Promote Console FillMemory SetPublishRetry
    SetErrorHandling Redrive ResetOffsets SeekToTime PausePartition ResumePartition ElectLeader
    AlterConfig Remove InterruptBetween HealBetween Assign SetPartition SetHandling
}

/// What is chosen from for one action.
struct Draw<'a> {
    rng: &'a mut Rng,
    reader: Name,
    producer: Name,
    /// A Redis server.
    redis: Name,
    /// A server of either system.
    server: Name,
    topic: Name,
    place: TopicPartition,
    group: Name,
}

impl Worlds {
    /// Something that a person might do to a reader; it may be refused.
    pub(crate) fn reader_action(&self, rng: &mut Rng) -> Action {
        let who = one(rng, &self.readers);
        to_process(rng.below(8), who)
    }

    /// Something that a person might do; most of it will be refused most of the time.
    pub(crate) fn any_action(&self, rng: &mut Rng) -> Action {
        let servers: Vec<Name> = self.redis.iter().chain(&self.brokers).cloned().collect();
        let new: Vec<Name> = NEW.iter().map(|&name| name.into()).collect();
        let readers: Vec<Name> = self.readers.iter().chain(&new[..2]).cloned().collect();
        let (topic, partitions) = one(rng, &self.topics);
        let partition = rng.below(u64::from(partitions)) as u32;
        let draw = Draw {
            reader: one(rng, &readers),
            producer: one(rng, &self.producers),
            redis: one(rng, &self.redis),
            server: one(rng, &servers),
            place: TopicPartition { topic: topic.clone(), partition },
            topic,
            group: one(rng, &self.groups),
            rng,
        };
        match draw.rng.below(20) {
            0..=4 => self.reader_action(draw.rng),
            5..=7 => draw.of_processes(),
            8..=9 => draw.of_producers(),
            10..=12 => draw.of_applications(),
            13..=14 => draw.of_redis(),
            15..=17 => draw.of_kafka(partitions),
            _ => draw.added(),
        }
    }
}

impl Draw<'_> {
    /// What happens to processes and to the paths between them.
    fn of_processes(self) -> Action {
        let Self { rng, reader, producer, server, .. } = self;
        let any = one(rng, &[reader.clone(), producer.clone(), server.clone()]);
        match rng.below(14) {
            0 => Action::CloseConnection { client: reader, server },
            1 => Action::CloseConnection { client: producer, server },
            2 => Action::Crash { node: server },
            3 | 4 => Action::Restart { node: any },
            5 => Action::Pause { node: any },
            6 => Action::Resume { node: any },
            7 => Action::Interrupt { node: any },
            8 => Action::Heal { node: any },
            9 => Action::SetLatency { node: any, latency: Span::from_millis(1 + rng.below(30)) },
            10 => Action::InterruptBetween { one: reader, other: server },
            11 => Action::HealBetween { one: reader, other: server },
            12 => Action::Crash { node: producer },
            // What is removed is gone: rarely.
            _ if rng.chance(300_000) => Action::Remove { node: any },
            _ => Action::Heal { node: server },
        }
    }

    fn of_producers(self) -> Action {
        let Self { rng, producer, .. } = self;
        match rng.below(5) {
            0 => Action::SetRate {
                producer,
                per_kilosecond: one(rng, &[0, 500, 5_000, 20_000, 60_000]),
            },
            1 => Action::SendOne { producer },
            2 => Action::Burst { producer, messages: 1 + rng.below(30) as u32 },
            3 => Action::SetPublishRetry {
                producer,
                timeout: Span::from_millis(one(rng, &[0, 5, 200])),
                retries: rng.below(4) as u32,
            },
            _ => {
                let partition = rng.chance(500_000).then(|| rng.below(4) as u32);
                Action::SetPartition { producer, partition }
            }
        }
    }

    /// What readers' applications do.
    fn of_applications(self) -> Action {
        let Self { rng, reader, .. } = self;
        let consumer = reader;
        match rng.below(8) {
            0 => Action::SetWork { consumer, takes: Span::from_millis(rng.below(60)) },
            1 => Action::SetVariance { consumer, per_cent: rng.below(100) as u8 },
            2 => Action::SetFailure {
                consumer,
                fails: match rng.below(5) {
                    0 => Failure::Key("bob".into()),
                    1 => Failure::Numbers(vec![rng.below(60) as u32, rng.below(60) as u32]),
                    2 => Failure::Chance(rng.below(300_000) as u32),
                    _ => Failure::Never,
                },
            },
            3 => Action::SetCommit {
                consumer,
                commit: one(rng, &[CommitPoint::AfterWork, CommitPoint::BeforeWork]),
            },
            4 => Action::SetDeduplication { consumer, on: rng.chance(500_000) },
            5 => Action::AddAccount { consumer, amount: 5 },
            6 => Action::SetHandling {
                consumer,
                handling: one(
                    rng,
                    &[Handling::Synchronous, Handling::HandsOver, Handling::SwallowsErrors],
                ),
            },
            _ => {
                let interval = Span::from_millis(100 * rng.below(4));
                let delay = Span::from_millis(200);
                let attempts = 1 + rng.below(3) as u32;
                let handling = one(
                    rng,
                    &[
                        ErrorHandling::BlockForEver,
                        ErrorHandling::Block { interval, attempts },
                        ErrorHandling::Skip,
                        ErrorHandling::DeadLetter { interval, attempts },
                        ErrorHandling::RetryTopics { attempts, delay, multiplier: 2 },
                    ],
                );
                Action::SetErrorHandling { consumer, handling }
            }
        }
    }

    fn of_redis(self) -> Action {
        let Self { rng, redis, topic, reader, .. } = self;
        match rng.below(10) {
            0 | 1 => Action::Promote { node: redis },
            2 => Action::FillMemory { server: redis, bytes: 1 + rng.below(200_000) },
            _ => {
                let n = rng.below(12);
                let line = match rng.below(22) {
                    0 => format!("XADD {topic} * by hand"),
                    1 => format!("XTRIM {topic} MAXLEN {n}"),
                    2 => format!("XTRIM {topic} MAXLEN ~ {n}"),
                    3 => format!("XGROUP SETID {topic} {STREAM_GROUP} $"),
                    4 => format!("XGROUP SETID {topic} {STREAM_GROUP} 0"),
                    5 => format!("XGROUP DESTROY {topic} {STREAM_GROUP}"),
                    6 => format!("XGROUP DELCONSUMER {topic} {STREAM_GROUP} {reader}"),
                    7 => format!("XGROUP CREATE {topic} other 0"),
                    8 => {
                        format!("XREADGROUP GROUP {STREAM_GROUP} hand COUNT {n} STREAMS {topic} >")
                    }
                    9 => format!("XAUTOCLAIM {topic} {STREAM_GROUP} hand 0 0-0 COUNT 3"),
                    10 => format!("LPUSH {topic} a b"),
                    11 => format!("RPOP {topic} {}", 1 + n / 4),
                    12 => format!("LTRIM {topic} 0 {n}"),
                    13 => format!("RPOPLPUSH {topic} {topic}:processing:worker-0-0"),
                    14 => format!("LREM {topic} 1 a"),
                    15 => format!("PUBLISH {topic} hello"),
                    16 => "INFO memory".to_owned(),
                    17 => format!("PEXPIRE {topic} {}", 50 * n),
                    18 => format!("CONFIG SET maxmemory {}", one(rng, &["0", "2mb", "1"])),
                    19 => format!("CONFIG SET maxmemory-policy {}", {
                        one(rng, &["noeviction", "allkeys-lru"])
                    }),
                    20 => format!("CLIENT KILL TYPE {}", one(rng, &["normal", "pubsub"])),
                    _ => one(rng, &[format!("DEL {topic}"), "FLUSHALL".into(), "NO".into()]),
                };
                Action::Console { server: redis, line: line.into() }
            }
        }
    }

    fn of_kafka(self, partitions: u32) -> Action {
        let Self { rng, reader: consumer, server, topic, place: partition, group, .. } = self;
        let at = Instant::from_millis(rng.below(30_000));
        match rng.below(12) {
            0 => Action::Seek { consumer, partition, offset: rng.below(60) },
            1 => Action::SeekToTime { consumer, partition, at },
            2 => Action::PausePartition { consumer, partition },
            3 => Action::ResumePartition { consumer, partition },
            4 => Action::ElectLeader { partition, unclean: rng.chance(500_000) },
            5 => Action::AlterConfig {
                of: one(rng, &[Configured::Topic(topic), Configured::Broker(server)]),
                config: {
                    let retention = ("retention.ms", one(rng, &["1000", "604800000"]));
                    let segment = ("segment.bytes", "1000");
                    let rest = ("unclean.leader.election.enable", "true");
                    let insync = ("min.insync.replicas", "2");
                    settings(&[one(rng, &[retention, segment, rest, insync])])
                },
            },
            6 => {
                let to = [
                    ResetTo::Earliest,
                    ResetTo::Latest,
                    ResetTo::Offset(rng.below(60)),
                    ResetTo::Time(at),
                ];
                Action::ResetOffsets { group, topic, to: one(rng, &to) }
            }
            7 => {
                let suffix = one(rng, &["-dlt", "-dlt", "-dlt", ""]);
                let topic = format!("{topic}{suffix}").into();
                Action::Redrive { topic, most: 1 + rng.below(10) as u32 }
            }
            8 => {
                let partitions = [vec![partition], Vec::new()];
                Action::Assign { consumer, partitions: one(rng, &partitions) }
            }
            _ => Action::AddPartitions { topic, partitions: partitions + rng.below(2) as u32 },
        }
    }

    /// What is added while it runs; what is old counts as taken.
    fn added(self) -> Action {
        let Self { rng, producer, redis, topic, group, .. } = self;
        let name: Name = one(rng, &NEW).into();
        let takes = Span::from_millis(rng.below(20));
        let config = Settings::new();
        match rng.below(16) {
            0 => Action::AddRedis { name, config },
            1 => Action::AddController { name },
            2 => Action::AddBroker { name, config },
            3 => {
                let name = one(rng, &[name, topic]);
                let (partitions, replicas) = (1 + rng.below(3) as u32, 1 + rng.below(2) as u32);
                Action::CreateTopic { name, partitions, replicas, config }
            }
            4 | 5 => Action::AddProducer {
                name: one(rng, &[name, producer]),
                topic,
                carriers: match rng.below(6) {
                    0 => vec![Carrier::Stream, Carrier::List],
                    1 => vec![Carrier::List],
                    _ => super::carriers(rng),
                },
                load: Load { per_kilosecond: 4_000, keys: keys(rng), bytes: 50 },
                config,
            },
            6 => Action::AddSubscriber {
                name,
                channels: vec![topic],
                patterns: one(rng, &[Vec::new(), vec!["*".into()]]),
                takes,
                server: one(rng, &[None, Some(redis)]),
            },
            7 | 8 => Action::AddConsumer { name, group, topics: vec![topic], takes, config },
            9..=11 => {
                let group = one(rng, &[None, Some(STREAM_GROUP.into()), Some("late".into())]);
                let config = settings(&[("start", one(rng, &["0", "$"]))]);
                Action::AddStreamReader { name, stream: topic, group, takes, config }
            }
            12 | 13 => {
                Action::AddListWorker { name, list: topic, takes, safe: rng.chance(500_000) }
            }
            _ => Action::AddReplica { name, of: redis, config },
        }
    }
}
