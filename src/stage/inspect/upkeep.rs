//! The forms of Kafka's tools and of what a client's application can be told at run time.

use super::At;
use super::form::{Entry, Field, Form, Kind, Subject, choice, field, number, text};
use super::typed::Typed;
use crate::event::{
    Action, Asked, Configured, ErrorHandling, Name, NodeKind, Printed, PrintedRow, ResetTo,
    Settings,
};
use std::fmt::Write;

/// What such a form sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Upkeep {
    /// What a consumer's application does with a record that its handler failed on.
    ErrorHandling(Name),
    /// A consumer's position, by time.
    SeekToTime(Name),
    /// Whether a consumer fetches a partition that it owns.
    Fetching(Name),
    /// The partitions that a consumer is given by hand.
    Assign(Name),
    /// Records of this dead-letter topic on their way back.
    Redrive(Name),
    /// The configuration of a topic or a broker.
    Config(Configured),
    /// The configuration of a Redis server.
    RedisConfig(Name),
    /// The committed offsets of a group in a topic.
    Reset(Name, Name),
    /// How a producer's Redis client sends again.
    PublishRetry(Name),
    /// The partition that a producer names.
    Partition(Name),
    /// The path between a broker and another.
    Between(Name),
}

const ON_ERROR: [&str; 5] = ["block for ever", "block", "skip", "dead letter", "retry topics"];
const RESET: [&str; 4] = ["earliest", "latest", "offset", "time in s"];
const FETCHING: [&str; 2] = ["pause", "resume"];
const PATH: [&str; 2] = ["cut", "heal"];

impl Upkeep {
    /// The form's title and its fields.
    pub(super) fn fields(&self, at: At<'_>) -> (String, Vec<Field>) {
        let owned = |name: &Name| {
            let own = at.named(name).and_then(|node| node.assigned.at(at.t)).cloned();
            own.unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let owns = |name: &Name| {
            let all = owned(name);
            let first = all.first().cloned().unwrap_or_default();
            field("partition", Kind::Choice(all), &first)
        };
        match self {
            Self::ErrorHandling(name) => (
                format!("When the handler of {name} fails"),
                vec![
                    choice("it does", &ON_ERROR, "dead letter"),
                    number("attempts", "", &3),
                    number("between attempts", "ms", &1_000),
                    number("multiplier", "", &2),
                ],
            ),
            Self::SeekToTime(name) => (
                format!("Seek: {name} goes on with what was sent from then on"),
                vec![owns(name), number("time", "s", &at.seconds())],
            ),
            Self::Fetching(name) => (
                format!("Partitions that {name} fetches"),
                vec![owns(name), choice("fetching", &FETCHING, FETCHING[0])],
            ),
            Self::Assign(name) => (
                format!("Give {name} partitions by hand (assign)"),
                vec![text("partitions", &at.partitions_of(name).join(" "))],
            ),
            Self::Redrive(topic) => {
                (format!("Send records of {topic} back"), vec![number("records", "", &100)])
            }
            // What there is to change the run says: see `Form::fill`.
            Self::Config(Configured::Topic(name) | Configured::Broker(name))
            | Self::RedisConfig(name) => (format!("Configuration of {name}"), Vec::new()),
            Self::Reset(group, topic) => (
                format!("Reset the offsets of {group} in {topic}"),
                vec![choice("to", &RESET, RESET[0]), number("offset or time", "", &0)],
            ),
            Self::PublishRetry(name) => (
                format!("How {name} publishes again"),
                vec![number("timeout", "ms", &500), number("retries", "", &3)],
            ),
            Self::Partition(name) => {
                (format!("{name} names the partition"), vec![number("partition number", "", &0)])
            }
            Self::Between(name) => {
                let all = at.timeline.nodes().iter().filter(|node| {
                    node.kind == NodeKind::Broker && node.name != *name && node.removed.is_none()
                });
                let all: Vec<String> = all.map(|node| node.name.to_string()).collect();
                let first = all.first().cloned().unwrap_or_default();
                let other = field("other broker", Kind::Choice(all), &first);
                (
                    format!("The path between {name} and another"),
                    vec![other, choice("path", &PATH, PATH[0])],
                )
            }
        }
    }

    /// The command that the entries mean.
    pub(super) fn action(&self, typed: &Typed<'_>) -> Result<Action, Entry> {
        Ok(match self {
            Self::ErrorHandling(consumer) => {
                let attempts = typed.whole("attempts", 1_000)?;
                let interval = typed.millis("between attempts")?;
                let handling = match typed.get("it does") {
                    "block for ever" => ErrorHandling::BlockForEver,
                    "block" => ErrorHandling::Block { interval, attempts },
                    "skip" => ErrorHandling::Skip,
                    "dead letter" => ErrorHandling::DeadLetter { interval, attempts },
                    _ => ErrorHandling::RetryTopics {
                        attempts,
                        delay: interval,
                        multiplier: typed.whole("multiplier", 100)?,
                    },
                };
                Action::SetErrorHandling { consumer: consumer.clone(), handling }
            }
            Self::SeekToTime(consumer) => Action::SeekToTime {
                consumer: consumer.clone(),
                partition: typed.partition()?,
                at: typed.instant("time")?,
            },
            Self::Fetching(consumer) => {
                let (consumer, partition) = (consumer.clone(), typed.partition()?);
                if typed.get("fetching") == "pause" {
                    Action::PausePartition { consumer, partition }
                } else {
                    Action::ResumePartition { consumer, partition }
                }
            }
            Self::Assign(consumer) => {
                let names = typed.names("partitions");
                let places = names.iter().map(|name| typed.place_named("partitions", name));
                Action::Assign {
                    consumer: consumer.clone(),
                    partitions: places.collect::<Result<_, _>>()?,
                }
            }
            Self::Redrive(topic) => {
                Action::Redrive { topic: topic.clone(), most: typed.whole("records", u32::MAX)? }
            }
            Self::Config(of) => {
                Action::AlterConfig { of: of.clone(), config: some(typed.settings())? }
            }
            Self::RedisConfig(server) => {
                let mut line = "CONFIG SET".to_owned();
                for (name, value) in &some(typed.settings())? {
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                    let _ = write!(line, " {name} \"{value}\"");
                }
                Action::Console { server: server.clone(), line: line.into() }
            }
            Self::Reset(group, topic) => {
                let to = match typed.get("to") {
                    "earliest" => ResetTo::Earliest,
                    "latest" => ResetTo::Latest,
                    "offset" => {
                        ResetTo::Offset(u64::from(typed.whole("offset or time", u32::MAX)?))
                    }
                    _ => ResetTo::Time(typed.instant("offset or time")?),
                };
                Action::ResetOffsets { group: group.clone(), topic: topic.clone(), to }
            }
            Self::PublishRetry(producer) => Action::SetPublishRetry {
                producer: producer.clone(),
                timeout: typed.millis("timeout")?,
                retries: typed.whole("retries", 1_000)?,
            },
            Self::Partition(producer) => Action::SetPartition {
                producer: producer.clone(),
                partition: Some(typed.whole("partition number", u32::MAX)?),
            },
            Self::Between(one) => {
                if typed.get("other broker").is_empty() {
                    return typed.wrong("other broker", "There is no other broker.".into());
                }
                let (one, other) = (one.clone(), typed.get("other broker").into());
                if typed.get("path") == "cut" {
                    Action::InterruptBetween { one, other }
                } else {
                    Action::HealBetween { one, other }
                }
            }
        })
    }
}

/// What was changed; something must be.
fn some(settings: Settings) -> Result<Settings, Entry> {
    if settings.is_empty() {
        return Err(Entry { field: 0, wrong: "Nothing is changed yet.".into() });
    }
    Ok(settings)
}

impl Form {
    /// What the systems' tools must be asked before the form can be filled in.
    pub fn asks(&self) -> Option<Asked> {
        match &self.subject {
            Subject::Upkeep(Upkeep::Config(of)) => Some(Asked::Config(of.clone())),
            Subject::Upkeep(Upkeep::RedisConfig(name)) => Some(Asked::RedisConfig(name.clone())),
            _ => None,
        }
    }

    /// Takes over the settings that the tools print: each with its value now, those that can be
    /// changed first.
    pub fn fill(&mut self, printed: &[Printed]) {
        let rows = || printed.iter().flat_map(|one| &one.rows);
        let field = |row: &PrintedRow| {
            let [name, value, ..] = row.cells.as_slice() else { return None };
            Some(Field {
                label: name.clone().into(),
                kind: Kind::Setting,
                value: value.clone(),
                now: Some(value.clone()),
                fixed: row.fixed,
            })
        };
        // What is fixed for the same reason stands together: it is said once.
        let mut reasons = vec![None];
        for reason in rows().map(|row| row.fixed) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let of = |reason| rows().filter(move |row| row.fixed == reason);
        self.fields = reasons.into_iter().flat_map(of).filter_map(field).collect();
    }

    /// What would be wrong with the form whatever is typed: the run is asked about this command.
    ///
    /// # Errors
    /// What is wrong already, as there is nothing to choose from.
    pub fn probe(&self) -> Result<Option<Action>, Entry> {
        if self.asks().is_some() {
            return Ok(None);
        }
        let entries: Vec<String> = self.fields.iter().map(|field| field.value.clone()).collect();
        let action = self.action(&entries)?;
        let sure = matches!(action, Action::Redrive { .. } | Action::ResetOffsets { .. });
        Ok(sure.then_some(action))
    }
}
