//! Places on the scrubber: what a person did, and what mattered.

use super::journal;
use crate::event::{Action, Event, EventId, KafkaFact, LabFact, NodeState, RedisFact, What};
use crate::sim::Instant;

/// A place on the scrubber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub at: Instant,
    /// Which event.
    pub event: EventId,
    /// A short label: `billing unplugged`.
    pub label: String,
    /// What kind.
    pub kind: MarkKind,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A person did something that breaks.
    Fault,
    /// A person did something else.
    Command,
    /// Something important happened by itself.
    Fact,
}

/// The mark of an event, if it deserves one. What sets the scene at the start does not.
pub(super) fn mark(event: &Event) -> Option<Mark> {
    let (label, kind) = match &event.what {
        What::Lab(LabFact::Commanded(action)) => {
            let kind = match action {
                Action::Unplug { .. }
                | Action::Crash { .. }
                | Action::Pause { .. }
                | Action::Interrupt { .. } => MarkKind::Fault,
                _ if event.at == Instant::ZERO => return None,
                Action::SendOne { .. } => return None,
                // Its answer has the mark: that says both.
                Action::Console { .. } => return None,
                _ => MarkKind::Command,
            };
            (journal::done(action), kind)
        }
        What::Lab(LabFact::NodeChanged { state: NodeState::Running, .. }) => return None,
        What::Redis { fact: RedisFact::Replied { line, .. }, .. } => {
            (line.to_string(), MarkKind::Command)
        }
        What::Redis { fact: RedisFact::ClientClosed { .. }, .. } => {
            ("Redis cut a client off".to_owned(), MarkKind::Fact)
        }
        What::Kafka { fact: KafkaFact::MemberRemoved { group, .. }, .. } => {
            (format!("{group}: member removed"), MarkKind::Fact)
        }
        What::Kafka { fact: KafkaFact::GroupChanged { group, state, generation }, .. }
            if &**state == "PreparingRebalance" && *generation > 0 =>
        {
            (format!("{group}: rebalance"), MarkKind::Fact)
        }
        What::Kafka { fact: KafkaFact::LogStartMoved { partition, .. }, .. } => {
            (format!("{partition}: old segment deleted"), MarkKind::Fact)
        }
        _ => return None,
    };
    Some(Mark { at: event.at, event: event.id, label, kind })
}
