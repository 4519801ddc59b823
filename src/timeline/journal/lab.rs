//! Facts about the experiment, in words.

use super::{Words, capital, count, done, rate};
use crate::event::{CloseReason, LabFact, NodeKind, NodeState, Standing, System};
use crate::sim::Span;

impl Words<'_> {
    pub(super) fn lab(&self, fact: &LabFact) -> String {
        match fact {
            LabFact::Commanded(action) => format!("You: {}.", done(action)),
            LabFact::NodeAdded { kind, name, .. } => {
                let kind = match kind {
                    NodeKind::Producer => "Producer",
                    NodeKind::RedisServer => "Redis server",
                    NodeKind::Broker => "Kafka broker",
                    NodeKind::Controller => "Kafka controller",
                    NodeKind::Subscriber => "Redis subscriber",
                    NodeKind::Consumer => "Kafka consumer",
                    NodeKind::StreamReader => "Redis stream reader",
                    NodeKind::ListWorker => "Redis list worker",
                    NodeKind::Tool => "Tool",
                };
                format!("{kind} {name} was added.")
            }
            LabFact::NodeChanged { node, state } => {
                let state = match state {
                    NodeState::Running => "runs",
                    NodeState::Paused => "is paused",
                    NodeState::Crashed => "has crashed; its memory is gone",
                };
                format!("{} {state}.", self.node(*node))
            }
            LabFact::PartyAdded { name, system, .. } => match system {
                System::Redis => format!("From now on {name} should get what is sent."),
                System::Kafka => format!("From now on group {name} should get every record."),
            },
            LabFact::RateSet { node, per_kilosecond } => {
                let name = self.node(*node);
                match per_kilosecond {
                    0 => format!("{name} sends nothing by itself."),
                    _ => format!("{name} sends {}.", rate(*per_kilosecond)),
                }
            }
            LabFact::Connected { client, server, .. } => {
                format!("{} connected to {}.", self.node(*client), self.node(*server))
            }
            LabFact::Disconnected { connection, reason } => {
                let reason = match reason {
                    CloseReason::Unplugged => "the plug was pulled",
                    CloseReason::ProcessGone => "a process on one end is gone",
                    CloseReason::ByPerson => "you closed it",
                    CloseReason::ByServer => "the server closed it",
                    CloseReason::ByClient => "the client closed it",
                };
                let server = self.0.wire(*connection).map(|wire| self.node(wire.server));
                let server = server.map_or_else(String::new, |server| format!(" to {server}"));
                let client = self.client(*connection);
                format!("The connection of {client}{server} closed: {reason}.")
            }
            LabFact::Sent { message, producer, key, bytes, .. } => {
                let key = key.as_ref().map_or_else(|| "without key".into(), |k| format!("key {k}"));
                let (producer, message) = (self.node(*producer), self.message(*message));
                format!("{producer} sent {message}, {key}, {bytes} bytes.")
            }
            LabFact::Received { node, tag } => {
                format!("{} received {}.", self.node(*node), self.message(tag.message))
            }
            LabFact::HandlingBegan { node, tag, takes } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                if *takes == Span::ZERO {
                    format!("{node} began to work on {message}.")
                } else {
                    format!("{node} began to work on {message}; it takes {takes}.")
                }
            }
            LabFact::HandlingFailed { node, tag, attempt } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                format!("{node} failed on {message}, attempt {attempt}.")
            }
            LabFact::RetryScheduled { node, tag, attempt, topic, not_before, .. } => format!(
                "{} sent a copy of {} to {topic} for attempt {attempt}, not before {not_before}.",
                self.node(*node),
                self.message(tag.message)
            ),
            LabFact::DeadLettered { node, tag, attempts, topic, .. } => format!(
                "{} gave {} up after {} and sent a copy to {topic}.",
                self.node(*node),
                self.message(tag.message),
                count(*attempts as usize, "attempt")
            ),
            LabFact::GivenUp { node, tag, attempts } => format!(
                "{} gave {} up after {} and passes over it.",
                self.node(*node),
                self.message(tag.message),
                count(*attempts as usize, "attempt")
            ),
            LabFact::Redriven { node, tag, topic } => format!(
                "{} sent a copy of {} back to {topic}.",
                self.node(*node),
                self.message(tag.message)
            ),
            LabFact::ListenerAdded { node, of, group, topics } => format!(
                "{} is a listener of {}: group {group} reads {}.",
                self.node(*node),
                self.node(*of),
                topics.join(", ")
            ),
            LabFact::NodeRemoved { node } => format!("{} is gone for good.", self.node(*node)),
            LabFact::Discarded { node, tag } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                format!("{node} had handled {message} before and threw the repeat away.")
            }
            LabFact::Charged { party, message, expected, actual } => {
                let (party, message) = (self.party(*party), self.message(*message));
                format!("{party} charged for {message}: {actual} of {expected} expected.")
            }
            LabFact::Handled { node, tag, repeated, .. } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                let again = if *repeated { " again" } else { "" };
                format!("{node} handled {message}{again}.")
            }
            LabFact::Stands { message, party, standing, .. } => {
                let (message, party) = (capital(&self.message(*message)), self.party(*party));
                match standing {
                    Standing::OnItsWay => format!("{message} is on its way to {party}."),
                    Standing::Waiting => format!("{message} waits for {party}."),
                    Standing::Delivered => format!("{message} has arrived at {party}."),
                    Standing::Parked => format!("{message} is parked for {party}."),
                    Standing::Lost(reason) => {
                        format!("{message} is lost to {party}: {}.", reason.words())
                    }
                    Standing::Refused => format!("{message} was refused; its sender got an error."),
                }
            }
        }
    }
}
