//! Which events a reader wants to read of.

use crate::event::{Event, EventId, MessageId, NodeId, System, What};
use crate::stage::Target;
use crate::timeline::Timeline;

/// Which events are shown: those that all of its parts let through.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this process.
    pub node: Option<NodeId>,
    /// In the life of this message.
    pub message: Option<MessageId>,
    /// Of this system.
    pub system: Option<System>,
    /// Of this kind.
    pub sort: Sort,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Sort {
    /// All of them.
    #[default]
    All,
    /// What mattered: commands, facts, standings; nothing that only travelled.
    Facts,
    /// What set out, was held up or was lost on its way.
    Hops,
    /// Where messages stand.
    Ledger,
    /// What a person did.
    Commands,
}

/// All kinds, with their names.
pub const SORTS: [(Sort, &str); 5] = [
    (Sort::All, "everything"),
    (Sort::Facts, "facts"),
    (Sort::Hops, "journeys"),
    (Sort::Ledger, "ledger"),
    (Sort::Commands, "your commands"),
];

impl Filter {
    /// The events of a thing.
    pub fn about(target: &Target, timeline: &Timeline) -> Self {
        let mut filter = Self::default();
        match target {
            Target::Node(node) => filter.node = Some(*node),
            Target::Plug(name) => {
                let node = timeline.nodes().iter().find(|node| node.name == *name);
                filter.node = node.map(|node| node.id);
            }
            Target::Message(message) => filter.message = Some(*message),
            Target::Wire(wire) => filter.node = timeline.wire(*wire).map(|wire| wire.client),
            Target::Channel(server, _) => filter.node = Some(*server),
            Target::Score(system, _) | Target::Lane(system) => filter.system = Some(*system),
            Target::Lost(_) => filter.sort = Sort::Ledger,
            Target::Partition(_) | Target::Bookmark(..) => filter.system = Some(System::Kafka),
        }
        filter
    }

    /// Whether it lets everything through.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it lets an event through.
    pub fn passes(&self, timeline: &Timeline, event: &Event) -> bool {
        self.sort.takes(event)
            && self.node.is_none_or(|node| concerns(timeline, event, node))
            && self.system.is_none_or(|system| system_of(timeline, event) == Some(system))
            && self
                .message
                .is_none_or(|message| timeline.biography(message).binary_search(&event.id).is_ok())
    }

    /// The known events that pass, from number `from` on, oldest first.
    pub fn passing<'a>(
        &'a self,
        timeline: &'a Timeline,
        from: EventId,
    ) -> impl Iterator<Item = &'a Event> {
        let events = timeline.events();
        let begin = events.partition_point(|event| event.id < from);
        events[begin..].iter().filter(|event| self.passes(timeline, event))
    }
}

impl Sort {
    fn takes(self, event: &Event) -> bool {
        use crate::event::LabFact::{Commanded, Stands};
        let hop = matches!(event.what, What::Departed(_) | What::Ruled(_));
        match self {
            Self::All => true,
            Self::Facts => !hop,
            Self::Hops => hop,
            Self::Ledger => matches!(event.what, What::Lab(Stands { .. })),
            Self::Commands => matches!(event.what, What::Lab(Commanded(_))),
        }
    }
}

/// Whether an event happened in, to or between this process and another.
fn concerns(timeline: &Timeline, event: &Event, node: NodeId) -> bool {
    use crate::event::LabFact;
    let party = || timeline.node(node).and_then(|node| node.party);
    match &event.what {
        What::Departed(hop) => hop.from == node || hop.to == node,
        What::Ruled(ruling) => {
            timeline.hop(ruling.hop).is_some_and(|hop| hop.from == node || hop.to == node)
        }
        What::Redis { node: at, .. } | What::Kafka { node: at, .. } => *at == node,
        What::Lab(fact) => match fact {
            LabFact::NodeAdded { node: at, .. }
            | LabFact::NodeChanged { node: at, .. }
            | LabFact::RateSet { node: at, .. }
            | LabFact::Received { node: at, .. }
            | LabFact::HandlingBegan { node: at, .. }
            | LabFact::Handled { node: at, .. }
            | LabFact::HandlingFailed { node: at, .. }
            | LabFact::Discarded { node: at, .. } => *at == node,
            LabFact::Sent { producer, .. } => *producer == node,
            LabFact::Connected { client, server, .. } => *client == node || *server == node,
            LabFact::Disconnected { connection, .. } => {
                let wire = timeline.wire(*connection);
                wire.is_some_and(|wire| wire.client == node || wire.server == node)
            }
            LabFact::Stands { party: of, .. } | LabFact::Charged { party: of, .. } => {
                party() == Some(*of)
            }
            _ => false,
        },
    }
}

/// The system that an event belongs to; none for what concerns both.
fn system_of(timeline: &Timeline, event: &Event) -> Option<System> {
    use crate::event::LabFact;
    let of_node = |node| timeline.node(node).and_then(|node| node.system);
    match &event.what {
        What::Redis { .. } => Some(System::Redis),
        What::Kafka { .. } => Some(System::Kafka),
        What::Departed(hop) => of_node(hop.from).or_else(|| of_node(hop.to)),
        What::Ruled(ruling) => {
            let hop = timeline.hop(ruling.hop)?;
            of_node(hop.from).or_else(|| of_node(hop.to))
        }
        What::Lab(fact) => match fact {
            LabFact::NodeAdded { system, .. } => *system,
            LabFact::PartyAdded { system, .. } => Some(*system),
            LabFact::NodeChanged { node, .. }
            | LabFact::Received { node, .. }
            | LabFact::HandlingBegan { node, .. }
            | LabFact::Handled { node, .. }
            | LabFact::HandlingFailed { node, .. }
            | LabFact::Discarded { node, .. } => of_node(*node),
            LabFact::Connected { client, server, .. } => {
                of_node(*client).or_else(|| of_node(*server))
            }
            LabFact::Disconnected { connection, .. } => {
                let wire = timeline.wire(*connection)?;
                of_node(wire.client).or_else(|| of_node(wire.server))
            }
            LabFact::Stands { party, .. } | LabFact::Charged { party, .. } => {
                timeline.party(*party).map(|party| party.system)
            }
            _ => None,
        },
    }
}
