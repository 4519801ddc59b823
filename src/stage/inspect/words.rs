//! What things are called, in the systems' own terms.

use super::At;
use crate::event::{
    Carrier, CloseReason, ConnectionId, MessageId, Name, NodeId, NodeKind, NodeState, Standing,
    System,
};
use crate::sim::{Instant, Span};
use crate::stage::{Class, Score, Target};
use crate::timeline::{Node, Timeline};

/// A thing in words: `partition orders-0`.
pub fn name(timeline: &Timeline, target: &Target) -> String {
    let at = At { timeline, t: Instant::FAR };
    match target {
        Target::Node(id) => match timeline.node(*id) {
            Some(node) => format!("{} {}", kind(node.kind), node.name),
            None => format!("node {}", id.0),
        },
        Target::Message(id) => at.number(*id),
        Target::Partition(partition) => format!("partition {partition}"),
        Target::Wire(id) => at.connection(*id),
        Target::Plug(name) => format!("plug of {name}"),
        Target::Channel(_, name) => format!("channel {name}"),
        Target::Bookmark(group, partition) => format!("bookmark of {group} in {partition}"),
        Target::Score(system, score) => format!("{}: {}", lane(*system), figure(*score)),
        Target::Lost(party) => {
            let name = timeline.party(*party).map(|party| party.name.clone());
            format!("lost to {}", name.unwrap_or_else(|| "a party".into()))
        }
        Target::Lane(system) => lane(*system).to_owned(),
        Target::Carrier(by) => format!("Redis by {}", carrier(*by)),
    }
}

/// The thing that a message, or a node, is about: its name, and the sentence for those who listen
/// when it is selected.
pub fn about(timeline: &Timeline, t: Instant, target: &Target) -> Option<String> {
    let sheet = super::inspect(timeline, t, target)?;
    Some(format!("{} {}", sheet.kind, sheet.title))
}

pub(super) const fn kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Producer => "producer",
        NodeKind::RedisServer => "Redis server",
        NodeKind::Broker => "Kafka broker",
        NodeKind::Controller => "KRaft controller",
        NodeKind::Subscriber => "Redis subscriber",
        NodeKind::Consumer => "Kafka consumer",
        NodeKind::StreamReader => "Redis stream reader",
        NodeKind::ListWorker => "Redis list worker",
        NodeKind::Tool => "tool",
    }
}

/// A way to carry a message in Redis, in a word.
pub(in crate::stage) const fn carrier(by: Carrier) -> &'static str {
    match by {
        Carrier::PubSub => "Pub/Sub",
        Carrier::Stream => "Stream",
        Carrier::List => "List",
        Carrier::Kafka => "Kafka",
    }
}

pub(super) const fn lane(system: System) -> &'static str {
    match system {
        System::Redis => "Redis",
        System::Kafka => "Kafka",
    }
}

pub(super) const fn figure(score: Score) -> &'static str {
    match score {
        Score::Waiting => "waiting",
        Score::Arrived => "arrived",
        Score::Lost => "lost",
        Score::Repeated => "repeated",
    }
}

pub(super) const fn standing(standing: Standing) -> (&'static str, Class) {
    match standing {
        Standing::OnItsWay => ("on its way", "ink"),
        Standing::Waiting => ("waiting", "waiting"),
        Standing::Delivered => ("arrived", "ok"),
        Standing::Parked => ("parked", "waiting"),
        Standing::Lost(reason) => (reason.words(), "lost"),
        Standing::Refused => ("refused", "lost"),
    }
}

pub(super) const fn closed(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Unplugged => "the plug was pulled",
        CloseReason::ByPerson => "you closed it",
        CloseReason::ProcessGone => "a process on one end is gone",
        CloseReason::ByServer => "the server closed it",
        CloseReason::ByClient => "the client closed it",
    }
}

/// A time as people say it, to a tenth of its unit.
pub(super) fn time(span: Span) -> String {
    let ns = span.as_nanos();
    let (unit, name) = match ns {
        0..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "\u{b5}s"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    match ns * 10 / unit % 10 {
        0 => format!("{} {name}", ns / unit),
        tenth => format!("{}.{tenth} {name}", ns / unit),
    }
}

impl At<'_> {
    /// `No. 41`, as it stands on the token.
    pub(super) fn number(self, id: MessageId) -> String {
        let number = self.timeline.message(id).map_or(id.0, |message| u64::from(message.number));
        format!("No. {number}")
    }

    pub(super) fn name_of(self, id: NodeId) -> Name {
        let node = self.timeline.node(id);
        node.map_or_else(|| format!("node {}", id.0).into(), |node| node.name.clone())
    }

    fn connection(self, id: ConnectionId) -> String {
        match self.timeline.wire(id) {
            Some(wire) => {
                let (client, server) = (self.name_of(wire.client), self.name_of(wire.server));
                format!("connection of {client} to {server}")
            }
            None => format!("connection {}", id.0),
        }
    }

    /// What a process is doing, as its machine knows.
    pub(super) fn state(self, node: &Node) -> (&'static str, Class) {
        match node.state_at(self.t) {
            NodeState::Running if node.interrupted.value(self.t) => {
                ("running, link interrupted", "lost")
            }
            NodeState::Running => ("running", "ok"),
            NodeState::Paused => ("paused", "waiting"),
            NodeState::Crashed => ("crashed", "lost"),
        }
    }
}
