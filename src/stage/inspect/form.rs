//! Small forms: what a command needs to be told, with the real settings' own names, and from what
//! was typed to the command or to the word about what is wrong with it.

use super::At;
use crate::event::{
    Action, Carrier, Failure, Keys, Load, Name, NodeKind, Settings, TopicPartition,
};
use crate::sim::{Instant, Span};
use crate::timeline::{Node, Timeline};

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
}

/// One question of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its label: a plain word, or a setting by its real name.
    pub label: &'static str,
    /// What may stand in it.
    pub kind: Kind,
    /// What stands in it at first.
    pub value: String,
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

fn field(label: &'static str, kind: Kind, value: &(impl ToString + ?Sized)) -> Field {
    Field { label, kind, value: value.to_string() }
}

fn text(label: &'static str, value: &(impl ToString + ?Sized)) -> Field {
    field(label, Kind::Text, value)
}

fn number(label: &'static str, unit: &'static str, value: &(impl ToString + ?Sized)) -> Field {
    field(label, Kind::Number(unit), value)
}

fn setting(label: &'static str, value: &str) -> Field {
    field(label, Kind::Setting, value)
}

fn choice(label: &'static str, all: &[&str], value: &str) -> Field {
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
        })
    }

    /// The field that a refusal is about: the one whose label or entry it names, else the first.
    pub fn blame(&self, entries: &[String], reason: &str) -> usize {
        let labelled = self.fields.iter().position(|field| reason.contains(field.label));
        let quoted = |entry: &&String| {
            entry.split_whitespace().any(|word| reason.contains(&format!("\"{word}\"")))
        };
        let entered = || entries.iter().rposition(|entry| quoted(&entry));
        labelled.or_else(entered).unwrap_or(0)
    }
}

/// What was typed into a form.
struct Typed<'a> {
    form: &'a Form,
    entries: &'a [String],
}

impl Typed<'_> {
    fn place(&self, label: &str) -> usize {
        self.form.fields.iter().position(|field| field.label == label).unwrap_or(0)
    }

    fn get(&self, label: &str) -> &str {
        self.entries.get(self.place(label)).map_or("", |entry| entry.trim())
    }

    fn wrong<T>(&self, label: &str, wrong: String) -> Result<T, Entry> {
        Err(Entry { field: self.place(label), wrong })
    }

    fn name(&self, label: &str) -> Result<Name, Entry> {
        let name = self.get(label);
        // The bound of names in lesson files, so that every lab can be saved as one.
        match name.chars().count() {
            1..=64 => Ok(name.into()),
            _ => self.wrong(label, format!("{label} needs 1 to 64 characters.")),
        }
    }

    fn names(&self, label: &str) -> Vec<Name> {
        let words = self.get(label).split(|c: char| c.is_whitespace() || c == ',');
        words.filter(|word| !word.is_empty()).map(Into::into).collect()
    }

    fn whole(&self, label: &str, most: u32) -> Result<u32, Entry> {
        match self.get(label).parse() {
            Ok(n) if n <= most => Ok(n),
            _ => self.wrong(label, format!("{label}: a whole number from 0 to {most}.")),
        }
    }

    /// Milliseconds, with at most six decimals: whole nanoseconds.
    fn millis(&self, label: &str) -> Result<Span, Entry> {
        match decimal(self.get(label), 6) {
            Some(ns) if ns <= 86_400_000_000_000 => Ok(Span(ns)),
            _ => self.wrong(label, format!("{label}: milliseconds, for example 20 or 0.5.")),
        }
    }

    /// Messages in a thousand seconds.
    fn rate(&self) -> Result<u32, Entry> {
        let label = "messages a second";
        let rate = decimal(self.get(label), 3).and_then(|rate| u32::try_from(rate).ok());
        match rate.filter(|rate| *rate <= 100_000_000) {
            Some(rate) => Ok(rate),
            None => self
                .wrong(label, format!("{label}: a number from 0 to 100000, for example 5 or 0.5.")),
        }
    }

    fn failure(&self) -> Result<Failure, Entry> {
        let label = "numbers, key or per cent";
        let entry = self.get(label);
        match self.get("on") {
            "nothing" => Ok(Failure::Never),
            "a key" if entry.is_empty() => self.wrong(label, "Name the key.".into()),
            "a key" => Ok(Failure::Key(entry.into())),
            "a share of all" => match decimal(entry, 4) {
                Some(ppm @ 0..=1_000_000) => Ok(Failure::Chance(ppm as u32)),
                _ => self.wrong(label, "A share from 0 to 100 per cent.".into()),
            },
            _ => {
                let numbers: Option<Vec<u32>> =
                    self.names(label).iter().map(|word| word.parse().ok()).collect();
                match numbers.filter(|all| !all.is_empty()) {
                    Some(numbers) => Ok(Failure::Numbers(numbers)),
                    None => self.wrong(label, "Numbers of messages, for example 41 42.".into()),
                }
            }
        }
    }

    fn partition(&self) -> Result<TopicPartition, Entry> {
        let entry = self.get("partition");
        let parts = entry.rsplit_once('-');
        match parts.and_then(|(topic, n)| Some((topic, n.parse().ok()?))) {
            Some((topic, partition)) => Ok(TopicPartition { topic: topic.into(), partition }),
            None => self.wrong("partition", "It owns no partition now.".into()),
        }
    }

    /// The settings that were given: what is left empty keeps its default.
    fn settings(&self) -> Settings {
        let all = self.form.fields.iter().zip(self.entries);
        let given = all.filter(|(field, entry)| {
            let named = matches!(field.kind, Kind::Setting) || field.label.contains('.');
            named && field.label != "group.id" && !entry.trim().is_empty()
        });
        given.map(|(field, entry)| (field.label.into(), entry.trim().into())).collect()
    }
}

/// A decimal number with at most `places` decimals, times ten to the power of `places`.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if part.len() > places || !digits(whole) || !digits(part) || whole.len() + part.len() == 0 {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
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
