//! Small forms: what a command needs to be told, with the real settings' own names, and from what
//! was typed to the command or to the word about what is wrong with it.

use super::typed::Typed;
use super::{At, Upkeep};
use crate::event::{Action, Carrier, Keys, Load, Name, NodeKind};
use crate::sim::{Instant, Span};
use crate::timeline::{Node, Timeline};
use std::borrow::Cow;

/// A form to fill in.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What it does: `Add a consumer`.
    pub title: String,
    /// What it is about.
    pub subject: Subject,
    /// What it asks, in order.
    pub fields: Vec<Field>,
}

/// What a form makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A producer.
    Producer,
    /// A Redis server.
    Redis,
    /// A Redis subscriber.
    Subscriber,
    /// A Kafka broker.
    Broker,
    /// A topic.
    Topic,
    /// More partitions for this topic.
    Partitions(Name),
    /// A Kafka consumer.
    Consumer,
    /// A producer's rate.
    Rate(Name),
    /// Several messages of a producer at once.
    Burst(Name),
    /// How long a handler takes.
    Work(Name),
    /// How much that varies.
    Variance(Name),
    /// On what a handler fails.
    Failure(Name),
    /// How long a path takes.
    Latency(Name),
    /// A consumer's position in a partition.
    Seek(Name),
    /// What a message is worth to a consumer's account.
    Account(Name),
    /// A replica of this Redis server.
    Replica(Name),
    /// One line typed at a Redis server.
    Console(Name),
    /// Memory that a Redis server is filled with.
    Memory(Name),
    /// A reader of a Redis stream.
    StreamReader,
    /// A worker on a Redis list.
    ListWorker,
    /// Kafka's tools, and what an application can be told.
    Upkeep(Upkeep),
}

/// One question of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its label: a plain word, or a setting by its real name.
    pub label: Cow<'static, str>,
    /// What may stand in it.
    pub kind: Kind,
    /// What stands in it at first.
    pub value: String,
    /// A setting's value as it is now: left so, it is not changed.
    pub now: Option<String>,
    /// Why it can be read and not changed.
    pub fixed: Option<&'static str>,
}

/// What may stand in a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A word or words.
    Text,
    /// A number, with what is counted: `ms`.
    Number(&'static str),
    /// One of these.
    Choice(Vec<String>),
    /// A setting of the real system; left empty it keeps its default.
    Setting,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which, from 0.
    pub field: usize,
    /// What would be right, in a sentence.
    pub wrong: String,
}

/// A carrier by the command or the system that carries.
pub(super) const fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::PubSub => "Redis PUBLISH",
        Carrier::Stream => "Redis XADD",
        Carrier::List => "Redis LPUSH",
        Carrier::Kafka => "Kafka",
    }
}

/// The carriers that a producer can be given.
const BOTH: &str = "both";

/// How a list worker keeps what it works on.
const SAFE: &str = "BLMOVE";

pub(super) fn field(label: &'static str, kind: Kind, value: &(impl ToString + ?Sized)) -> Field {
    Field { label: label.into(), kind, value: value.to_string(), now: None, fixed: None }
}

pub(super) fn text(label: &'static str, value: &(impl ToString + ?Sized)) -> Field {
    field(label, Kind::Text, value)
}

pub(super) fn number(
    label: &'static str,
    unit: &'static str,
    value: &(impl ToString + ?Sized),
) -> Field {
    field(label, Kind::Number(unit), value)
}

pub(super) fn setting(label: &'static str, value: &str) -> Field {
    field(label, Kind::Setting, value)
}

pub(super) fn choice(label: &'static str, all: &[&str], value: &str) -> Field {
    field(label, Kind::Choice(all.iter().map(ToString::to_string).collect()), value)
}

impl Form {
    /// The form for a subject, filled in with what fits the run at `t`.
    pub fn new(timeline: &Timeline, t: Instant, subject: Subject) -> Self {
        let at = At { timeline, t };
        let (title, fields) = match &subject {
            Subject::Producer => (
                "Add a producer".into(),
                vec![
                    text("name", &at.free("producer")),
                    text("topic or channel", &at.topic()),
                    choice("carriers", &[BOTH, "Redis PUBLISH", "Kafka"], BOTH),
                    number("messages a second", "/ s", &5),
                    text("keys", "ann gus eve tom"),
                    number("value size", "bytes", &200),
                    setting("acks", ""),
                    setting("linger.ms", ""),
                    setting("enable.idempotence", ""),
                ],
            ),
            Subject::Redis => (
                "Add a Redis server".into(),
                vec![
                    text("name", &at.free("redis")),
                    setting("client-output-buffer-limit", ""),
                    setting("maxclients", ""),
                ],
            ),
            Subject::Subscriber => (
                "Add a subscriber".into(),
                vec![
                    text("name", &at.free("subscriber")),
                    text("SUBSCRIBE", &at.topic()),
                    text("PSUBSCRIBE", ""),
                    number("handler takes", "ms", &20),
                ],
            ),
            Subject::Broker => (
                "Add a broker".into(),
                vec![
                    text("name", &at.free("kafka")),
                    setting("group.initial.rebalance.delay.ms", ""),
                ],
            ),
            Subject::Topic => (
                "Create a topic".into(),
                vec![
                    text("name", &at.free("topic")),
                    number("partitions", "", &2),
                    number("replication factor", "", &1),
                    setting("retention.ms", ""),
                    setting("segment.bytes", ""),
                    setting("min.insync.replicas", ""),
                ],
            ),
            Subject::Partitions(topic) => {
                let logs = timeline.logs().iter().filter(|log| log.created <= t);
                let now = logs.filter(|log| log.partition.topic == *topic).count();
                (format!("Add a partition to {topic}"), vec![number("partitions", "", &(now + 1))])
            }
            Subject::Consumer => (
                "Add a consumer".into(),
                vec![
                    text("name", &at.free("consumer")),
                    text("group.id", &at.group()),
                    text("topics", &at.topic()),
                    number("handler takes", "ms", &20),
                    choice("auto.offset.reset", &["latest", "earliest", "none"], "latest"),
                    choice("enable.auto.commit", &["false", "true"], "false"),
                    setting("max.poll.records", ""),
                    setting("session.timeout.ms", ""),
                    setting("partition.assignment.strategy", ""),
                ],
            ),
            Subject::Rate(name) => {
                let rate = at.named(name).map_or(0, |node| node.rate.value(t));
                (
                    format!("How often {name} sends"),
                    vec![number("messages a second", "/ s", &thousandth(rate))],
                )
            }
            Subject::Burst(name) => {
                (format!("{name} sends at once"), vec![number("messages", "", &10)])
            }
            Subject::Work(name) => {
                let takes = at.named(name).map_or(Span::ZERO, |node| node.takes.value(t));
                (
                    format!("The handler of {name}"),
                    vec![number("handler takes", "ms", &takes.as_millis())],
                )
            }
            Subject::Variance(name) => {
                (format!("The handler of {name}"), vec![number("varies by", "%", &50)])
            }
            Subject::Failure(name) => (
                format!("The handler of {name} fails"),
                vec![
                    choice(
                        "on",
                        &["these numbers", "a key", "a share of all", "nothing"],
                        "these numbers",
                    ),
                    text("numbers, key or per cent", &at.newest()),
                ],
            ),
            Subject::Latency(name) => {
                (format!("The path of {name}"), vec![number("latency, one way", "ms", &1)])
            }
            Subject::Seek(name) => {
                let own = at.named(name).and_then(|node| node.assigned.at(t)).cloned();
                let all: Vec<String> =
                    own.unwrap_or_default().iter().map(ToString::to_string).collect();
                let first = all.first().cloned().unwrap_or_default();
                (
                    format!("Seek: the position of {name}"),
                    vec![
                        field("partition", Kind::Choice(all), &first),
                        number("next offset", "", &0),
                    ],
                )
            }
            Subject::Account(name) => (
                format!("An account that {name} writes to"),
                vec![number("a message is worth", "", &100)],
            ),
            Subject::Replica(of) => (
                format!("Add a replica of {of}"),
                vec![text("name", &at.free("replica")), setting("client-output-buffer-limit", "")],
            ),
            Subject::Console(server) => {
                (format!("redis-cli at {server}"), vec![text("command", "INFO clients")])
            }
            Subject::Memory(server) => {
                (format!("Fill the memory of {server}"), vec![number("megabytes", "MB", &10)])
            }
            Subject::StreamReader => (
                "Add a stream reader".into(),
                vec![
                    text("name", &at.free("reader")),
                    text("stream", &at.topic()),
                    text("group", ""),
                    number("handler takes", "ms", &20),
                    setting("count", ""),
                    setting("block", ""),
                    setting("noack", ""),
                    setting("start", ""),
                    setting("min-idle-time", ""),
                    setting("max-deliveries", ""),
                ],
            ),
            Subject::ListWorker => (
                "Add a list worker".into(),
                vec![
                    text("name", &at.free("worker")),
                    text("list", &at.topic()),
                    number("handler takes", "ms", &20),
                    choice("takes with", &["BRPOP", SAFE], "BRPOP"),
                ],
            ),
            Subject::Upkeep(upkeep) => upkeep.fields(at),
        };
        Self { title, subject, fields }
    }

    /// The command that the form's entries mean.
    ///
    /// # Errors
    /// The field that is wrong, and what would be right.
    pub fn action(&self, entries: &[String]) -> Result<Action, Entry> {
        let typed = Typed { form: self, entries };
        let (name, takes) = (|| typed.name("name"), || typed.millis("handler takes"));
        Ok(match &self.subject {
            Subject::Producer => Action::AddProducer {
                name: name()?,
                topic: typed.name("topic or channel")?,
                carriers: match typed.get("carriers") {
                    BOTH => vec![Carrier::PubSub, Carrier::Kafka],
                    "Kafka" => vec![Carrier::Kafka],
                    _ => vec![Carrier::PubSub],
                },
                load: Load {
                    per_kilosecond: typed.rate()?,
                    keys: match typed.names("keys") {
                        keys if keys.is_empty() => Keys::None,
                        keys => Keys::Cycle(keys),
                    },
                    bytes: typed.whole("value size", 1 << 30)?,
                },
                config: typed.settings(),
            },
            Subject::Redis => Action::AddRedis { name: name()?, config: typed.settings() },
            Subject::Subscriber => Action::AddSubscriber {
                name: name()?,
                channels: typed.names("SUBSCRIBE"),
                patterns: typed.names("PSUBSCRIBE"),
                takes: takes()?,
                server: None,
            },
            Subject::Broker => Action::AddBroker { name: name()?, config: typed.settings() },
            Subject::Topic => Action::CreateTopic {
                name: name()?,
                partitions: typed.whole("partitions", 64)?,
                replicas: typed.whole("replication factor", 9)?,
                config: typed.settings(),
            },
            Subject::Partitions(topic) => Action::AddPartitions {
                topic: topic.clone(),
                partitions: typed.whole("partitions", 64)?,
            },
            Subject::Consumer => Action::AddConsumer {
                name: name()?,
                group: typed.name("group.id")?,
                topics: typed.names("topics"),
                takes: takes()?,
                config: typed.settings(),
            },
            Subject::Rate(producer) => {
                Action::SetRate { producer: producer.clone(), per_kilosecond: typed.rate()? }
            }
            Subject::Burst(producer) => Action::Burst {
                producer: producer.clone(),
                messages: typed.whole("messages", 100_000)?,
            },
            Subject::Work(consumer) => {
                Action::SetWork { consumer: consumer.clone(), takes: takes()? }
            }
            Subject::Variance(consumer) => Action::SetVariance {
                consumer: consumer.clone(),
                per_cent: typed.whole("varies by", 100)? as u8,
            },
            Subject::Failure(consumer) => {
                Action::SetFailure { consumer: consumer.clone(), fails: typed.failure()? }
            }
            Subject::Latency(node) => Action::SetLatency {
                node: node.clone(),
                latency: typed.millis("latency, one way")?,
            },
            Subject::Seek(consumer) => Action::Seek {
                consumer: consumer.clone(),
                partition: typed.partition()?,
                offset: u64::from(typed.whole("next offset", u32::MAX)?),
            },
            Subject::Account(consumer) => Action::AddAccount {
                consumer: consumer.clone(),
                amount: typed.whole("a message is worth", u32::MAX)?,
            },
            Subject::Replica(of) => {
                Action::AddReplica { name: name()?, of: of.clone(), config: typed.settings() }
            }
            Subject::Console(server) => {
                Action::Console { server: server.clone(), line: typed.get("command").into() }
            }
            Subject::Memory(server) => Action::FillMemory {
                server: server.clone(),
                bytes: u64::from(typed.whole("megabytes", 65_536)?) << 20,
            },
            Subject::StreamReader => Action::AddStreamReader {
                name: name()?,
                stream: typed.name("stream")?,
                group: Some(typed.get("group")).filter(|group| !group.is_empty()).map(Into::into),
                takes: takes()?,
                config: typed.settings(),
            },
            Subject::ListWorker => Action::AddListWorker {
                name: name()?,
                list: typed.name("list")?,
                takes: takes()?,
                safe: typed.get("takes with") == SAFE,
            },
            Subject::Upkeep(upkeep) => upkeep.action(&typed)?,
        })
    }

    /// The field that a refusal is about: the one whose label or entry it names, else the first.
    pub fn blame(&self, entries: &[String], reason: &str) -> usize {
        let labelled = self.fields.iter().position(|field| reason.contains(&*field.label));
        let quoted = |entry: &&String| {
            entry.split_whitespace().any(|word| reason.contains(&format!("\"{word}\"")))
        };
        let entered = || entries.iter().rposition(|entry| quoted(&entry));
        labelled.or_else(entered).unwrap_or(0)
    }
}

/// A number of thousandths as a decimal.
fn thousandth(n: u32) -> String {
    let text = format!("{}.{:03}", n / 1_000, n % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl<'a> At<'a> {
    /// The node of a name: of a consumer that stands in both lanes, the one that reads a log.
    pub(super) fn named(self, name: &Name) -> Option<&'a Node> {
        let named = self.timeline.nodes().iter().rev().filter(|node| node.name == *name);
        named.max_by_key(|node| node.kind)
    }

    /// The instant in seconds, as fields show it.
    pub(super) fn seconds(self) -> String {
        thousandth(u32::try_from(self.t.0 / 1_000_000).unwrap_or(u32::MAX))
    }

    /// All partitions of the topics that a consumer has partitions of, else of the run's topic.
    pub(super) fn partitions_of(self, consumer: &Name) -> Vec<String> {
        let own = self.named(consumer).and_then(|node| node.assigned.at(self.t));
        let mut topics: Vec<Name> =
            own.into_iter().flatten().map(|place| place.topic.clone()).collect();
        if topics.is_empty() {
            topics.push(self.topic().into());
        }
        let logs = self.timeline.logs().iter().filter(|log| log.created <= self.t);
        let wanted = logs.filter(|log| topics.contains(&log.partition.topic));
        wanted.map(|log| log.partition.to_string()).collect()
    }

    /// A name that is not taken: `consumer-2`.
    fn free(self, what: &str) -> String {
        let taken = |name: &str| {
            self.timeline.nodes().iter().any(|node| *node.name == *name)
                || self.timeline.logs().iter().any(|log| *log.partition.topic == *name)
        };
        (1..1_000).map(|n| format!("{what}-{n}")).find(|name| !taken(name)).unwrap_or_default()
    }

    /// The topic of the run's first producer or log.
    fn topic(self) -> String {
        let sent = self.timeline.nodes().iter().find_map(|node| node.topic.clone());
        let kept = || self.timeline.logs().first().map(|log| log.partition.topic.clone());
        sent.or_else(kept).map_or_else(|| "orders".to_owned(), |topic| topic.to_string())
    }

    /// The group that was added last.
    fn group(self) -> String {
        let nodes = self.timeline.nodes().iter().rev();
        let party =
            nodes.filter(|node| node.kind == NodeKind::Consumer).find_map(|node| node.party);
        let party = party.and_then(|party| self.timeline.party(party));
        party.map_or_else(|| "group-1".to_owned(), |party| party.name.to_string())
    }

    /// The number that the next message will have.
    fn newest(self) -> String {
        let last = self.timeline.messages(self.t).last();
        (last.map_or(0, |message| message.number) + 1).to_string()
    }
}
