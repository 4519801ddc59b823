//! The facts that a lesson may wait for, by the names it calls them by.

use super::Trigger;
use crate::event::{KafkaFact, LabFact, NodeId, NodeState, RedisFact, What};

/// Name and meaning of every fact that a lesson may name.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("connected", "a connection was opened; of: client or server"),
    ("disconnected", "a connection ended"),
    ("sent", "an application sent a message; of: producer or key"),
    ("handled", "a handler finished with a message; of: consumer"),
    ("repeated", "a handler finished with a message that its party had handled; of: consumer"),
    ("crashed", "a process crashed; of: node"),
    ("paused", "a process was paused; of: node"),
    ("started", "a process runs (again); of: node"),
    ("subscribed", "a client subscribed; of: channel or pattern"),
    ("unsubscribed", "a client left; of: channel or pattern"),
    ("published", "a PUBLISH was carried out; of: channel"),
    ("publishedToNobody", "a PUBLISH answered 0; of: channel"),
    ("clientClosed", "a Redis server closed a client's connection"),
    ("appended", "a record was appended; of: topic or partition (orders-0)"),
    ("highWatermarkMoved", "records became visible; of: topic or partition"),
    ("logStartMoved", "records were deleted; of: topic or partition"),
    ("positionSet", "a consumer's position was set; of: group, topic or partition"),
    ("committed", "a group's bookmark was stored; of: group, topic or partition"),
    ("rebalanced", "a group became Stable; of: group"),
];

/// A fact by its name, with what it names.
pub(super) struct Fact<'a> {
    name: &'static str,
    nodes: [Option<NodeId>; 2],
    names: [Option<&'a str>; 2],
    partition: Option<&'a crate::event::TopicPartition>,
}

impl Fact<'_> {
    /// Whether it is one that the trigger waits for.
    pub(super) fn matches<'n>(
        &self,
        trigger: &Trigger,
        node: impl Fn(NodeId) -> Option<&'n str>,
    ) -> bool {
        let is = |name: &str| {
            self.names.iter().flatten().any(|known| *known == name)
                || self.nodes.iter().flatten().any(|id| node(*id) == Some(name))
                || self.partition.is_some_and(|p| *p.topic == *name || p.to_string() == name)
        };
        self.name == &*trigger.fact && trigger.of.as_deref().is_none_or(is)
    }
}

fn fact(name: &'static str) -> Fact<'static> {
    Fact { name, nodes: [None; 2], names: [None; 2], partition: None }
}

fn by_node(name: &'static str, node: NodeId) -> Fact<'static> {
    Fact { nodes: [Some(node), None], ..fact(name) }
}

fn by_name<'a>(name: &'static str, of: &'a str) -> Fact<'a> {
    Fact { names: [Some(of), None], ..fact(name) }
}

/// The name of what happened; none when lessons have no name for it.
pub(super) fn of(what: &What) -> Option<Fact<'_>> {
    Some(match what {
        What::Lab(of) => match of {
            LabFact::Connected { client, server, .. } => {
                Fact { nodes: [Some(*client), Some(*server)], ..fact("connected") }
            }
            LabFact::Disconnected { .. } => fact("disconnected"),
            LabFact::Sent { producer, key, .. } => {
                Fact { names: [key.as_deref(), None], ..by_node("sent", *producer) }
            }
            LabFact::Handled { node, repeated, .. } => {
                by_node(if *repeated { "repeated" } else { "handled" }, *node)
            }
            LabFact::NodeChanged { node, state } => match state {
                NodeState::Running => by_node("started", *node),
                NodeState::Paused => by_node("paused", *node),
                NodeState::Crashed => by_node("crashed", *node),
            },
            _ => return None,
        },
        What::Redis { fact: of, .. } => match of {
            RedisFact::Subscribed { channel, .. } => by_name("subscribed", channel),
            RedisFact::Unsubscribed { channel, .. } => by_name("unsubscribed", channel),
            RedisFact::Published { channel, receivers: 0, .. } => {
                by_name("publishedToNobody", channel)
            }
            RedisFact::Published { channel, .. } => by_name("published", channel),
            RedisFact::ClientClosed { .. } => fact("clientClosed"),
            _ => return None,
        },
        What::Kafka { fact: of, .. } => match of {
            KafkaFact::Appended { partition, .. } => {
                Fact { partition: Some(partition), ..fact("appended") }
            }
            KafkaFact::HighWatermarkMoved { partition, .. } => {
                Fact { partition: Some(partition), ..fact("highWatermarkMoved") }
            }
            KafkaFact::LogStartMoved { partition, .. } => {
                Fact { partition: Some(partition), ..fact("logStartMoved") }
            }
            KafkaFact::PositionSet { group, partition, .. } => {
                Fact { partition: Some(partition), ..by_name("positionSet", group) }
            }
            KafkaFact::Committed { group, partition, .. } => {
                Fact { partition: Some(partition), ..by_name("committed", group) }
            }
            KafkaFact::GroupChanged { group, state, .. } if **state == *"Stable" => {
                by_name("rebalanced", group)
            }
            _ => return None,
        },
        _ => return None,
    })
}
