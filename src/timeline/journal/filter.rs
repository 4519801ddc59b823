//! Which of the journal's sentences somebody wants to read.

use super::super::Timeline;
use crate::event::{Event, EventId, LabFact, MessageId, Name, NodeId, RedisFact, System, What};

/// The kinds of events, as a reader tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What a person did.
    Command,
    /// What left for somewhere, and what became of it on the way.
    Hop,
    /// Processes, parties, rates.
    Node,
    /// Connections opened and closed.
    Connection,
    /// Sent, received, handled, failed, thrown away.
    Message,
    /// Where a message stands with a party.
    Standing,
    /// What happened inside a Redis server, a Kafka broker or a Kafka client.
    Server,
}

impl Kind {
    /// Every kind with the word that stands for it.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Command, "command"),
        (Self::Hop, "hop"),
        (Self::Node, "node"),
        (Self::Connection, "connection"),
        (Self::Message, "message"),
        (Self::Standing, "standing"),
        (Self::Server, "server"),
    ];

    /// The kind of an event.
    pub fn of(event: &Event) -> Self {
        match &event.what {
            What::Departed(_) | What::Ruled(_) => Self::Hop,
            What::Redis { .. } | What::Kafka { .. } => Self::Server,
            What::Lab(fact) => match fact {
                LabFact::Commanded(_) => Self::Command,
                LabFact::Connected { .. } | LabFact::Disconnected { .. } => Self::Connection,
                LabFact::Stands { .. } => Self::Standing,
                LabFact::Sent { .. }
                | LabFact::Received { .. }
                | LabFact::HandlingBegan { .. }
                | LabFact::Handled { .. }
                | LabFact::HandlingFailed { .. }
                | LabFact::Discarded { .. }
                | LabFact::Charged { .. } => Self::Message,
                _ => Self::Node,
            },
        }
    }
}

/// What to show; what is not set is not asked for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only what a node of this name, or a party of this name, has to do with.
    pub node: Option<Name>,
    /// Only what concerns one of these messages.
    pub messages: Option<Vec<MessageId>>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only this lane; what belongs to neither is left out.
    pub system: Option<System>,
}

impl Filter {
    /// Whether an event is to be shown. The timeline must know it and everything before it.
    pub fn shows(&self, timeline: &Timeline, event: &Event) -> bool {
        self.kind.is_none_or(|kind| Kind::of(event) == kind)
            && self
                .messages
                .as_ref()
                .is_none_or(|all| all.iter().any(|id| concerns(timeline, event, *id)))
            && self.system.is_none_or(|system| system_of(timeline, event) == Some(system))
            && self.node.as_ref().is_none_or(|name| names(timeline, event, name))
    }

    /// The known events that are to be shown, from number `from` on, oldest first.
    pub fn showing<'a>(
        &'a self,
        timeline: &'a Timeline,
        from: EventId,
    ) -> impl Iterator<Item = &'a Event> {
        let events = timeline.at_hand();
        let begin = events.partition_point(|event| event.id < from);
        events[begin..].iter().filter(|event| self.shows(timeline, event))
    }
}

fn concerns(timeline: &Timeline, event: &Event, id: MessageId) -> bool {
    let lost = match &event.what {
        What::Redis { fact: RedisFact::ClientClosed { lost, .. }, .. } => lost.as_slice(),
        _ => &[],
    };
    // Everything else that names a message stands in that message's biography.
    lost.iter().any(|tag| tag.message == id)
        || timeline.biography(id).binary_search(&event.id).is_ok()
}

/// The nodes that an event names.
fn nodes(timeline: &Timeline, event: &Event) -> Vec<NodeId> {
    match &event.what {
        What::Departed(hop) => vec![hop.from, hop.to],
        What::Ruled(ruling) => {
            timeline.hop(ruling.hop).map_or_else(Vec::new, |hop| vec![hop.from, hop.to])
        }
        What::Kafka { node, .. } => vec![*node],
        What::Redis { node, fact } => {
            let client = match fact {
                RedisFact::Subscribed { client, .. }
                | RedisFact::Unsubscribed { client, .. }
                | RedisFact::Queued { client, .. }
                | RedisFact::Written { client, .. }
                | RedisFact::ClientClosed { client, .. }
                | RedisFact::Blocked { client }
                | RedisFact::Unblocked { client } => timeline.wire(*client),
                _ => None,
            };
            client.map(|wire| wire.client).into_iter().chain([*node]).collect()
        }
        What::Lab(fact) => match fact {
            LabFact::NodeAdded { node, .. }
            | LabFact::NodeChanged { node, .. }
            | LabFact::RateSet { node, .. }
            | LabFact::Received { node, .. }
            | LabFact::HandlingBegan { node, .. }
            | LabFact::Handled { node, .. }
            | LabFact::HandlingFailed { node, .. }
            | LabFact::Discarded { node, .. }
            | LabFact::Sent { producer: node, .. } => vec![*node],
            LabFact::Connected { client, server, .. } => vec![*client, *server],
            LabFact::Disconnected { connection, .. } => {
                let wire = timeline.wire(*connection);
                wire.map_or_else(Vec::new, |wire| vec![wire.client, wire.server])
            }
            _ => Vec::new(),
        },
    }
}

fn names(timeline: &Timeline, event: &Event, name: &Name) -> bool {
    let party = match &event.what {
        What::Lab(
            LabFact::PartyAdded { party, .. }
            | LabFact::Charged { party, .. }
            | LabFact::Stands { party, .. },
        ) => timeline.party(*party),
        What::Lab(LabFact::Commanded(action)) => {
            return super::done(action).split(' ').any(|word| word == &**name);
        }
        _ => None,
    };
    party.is_some_and(|party| party.name == *name)
        || nodes(timeline, event)
            .into_iter()
            .any(|id| timeline.node(id).is_some_and(|node| node.name == *name))
}

fn system_of(timeline: &Timeline, event: &Event) -> Option<System> {
    match &event.what {
        What::Redis { .. } => Some(System::Redis),
        What::Kafka { .. } => Some(System::Kafka),
        What::Lab(
            LabFact::PartyAdded { party, .. }
            | LabFact::Charged { party, .. }
            | LabFact::Stands { party, .. },
        ) => timeline.party(*party).map(|party| party.system),
        _ => {
            let all = nodes(timeline, event).into_iter();
            all.filter_map(|id| timeline.node(id)).find_map(|node| node.system)
        }
    }
}
