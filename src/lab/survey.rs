//! What a World says of everything that the stage draws.
//!
//! The stage reads events alone. A test folds the events of random runs and compares the fold
//! with this survey of the engines themselves, so that no event can be forgotten.

use super::World;
use super::node::Role;
use crate::event::{
    ConnectionId, MessageId, Name, NodeId, NodeState, PartyId, Standing, TopicPartition,
};
use crate::kafka::broker::OFFSETS_TOPIC;
use crate::kafka::group::coordinator_partition;
use crate::sim::{Order, SortedMap, SortedSet};

/// The state of both systems at one instant, as the engines have it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Survey {
    /// Every process: its state, whether its plug is out, whether its path is cut.
    pub nodes: SortedMap<NodeId, (NodeState, bool, bool)>,
    /// Connections that stand: client and server.
    pub connections: SortedMap<ConnectionId, (NodeId, NodeId)>,
    /// Channels (`false`) and patterns (`true`) that clients of Redis are subscribed to.
    pub subscriptions: SortedSet<(ConnectionId, Name, bool)>,
    /// Output buffers that Redis servers keep for subscribers, in bytes as their limit counts them.
    pub buffers: SortedMap<ConnectionId, u64>,
    /// Every partition.
    pub partitions: SortedMap<TopicPartition, PartitionSurvey>,
    /// Bookmarks by group.
    pub committed: SortedMap<(Name, TopicPartition), u64>,
    /// What each running consumer of a group may fetch from.
    pub assigned: SortedMap<NodeId, Vec<TopicPartition>>,
    /// Where each message that is not folded stands.
    pub standings: SortedMap<(MessageId, PartyId), Standing>,
}

/// A partition at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PartitionSurvey {
    /// `node.id` of the leader in the controller's image; none while nobody leads.
    pub leader: Option<u32>,
    /// `node.id`s of the in-sync replicas in the controller's image.
    pub in_sync: Vec<u32>,
    /// Log start offset, high watermark and log end offset of the leader, where it runs and knows
    /// that it leads.
    pub offsets: Option<(u64, u64, u64)>,
}

impl World {
    /// Asks the engines for everything that the stage draws.
    pub fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        for (id, node) in (0_u32..).map(NodeId).zip(&self.nodes) {
            let state = (node.state, node.unplugged, node.link.is_interrupted());
            survey.nodes.insert(id, state);
            match &node.role {
                Role::Redis(process) if node.state != NodeState::Crashed => {
                    survey.subscriptions.extend(process.server.subscriptions());
                    let of_server = self.network.of_node(id);
                    let buffers = of_server.into_iter().filter_map(|wire| {
                        process.server.buffered(wire).map(|(_, memory)| (wire, memory))
                    });
                    survey.buffers.extend(buffers);
                }
                Role::Consumer(reader) if node.state != NodeState::Crashed => {
                    let mut all: Vec<_> = reader.client.assignment().cloned().collect();
                    all.order();
                    survey.assigned.insert(id, all);
                }
                _ => {}
            }
        }
        survey.connections.extend(self.network.established());
        survey.standings.extend(self.ledger.all_standings());
        self.survey_cluster(&mut survey);
        survey
    }

    fn survey_cluster(&self, survey: &mut Survey) {
        let Some(cluster) = self.cluster() else { return };
        // The stage shows bookmarks, not the topic that keeps them.
        let drawn = cluster.topics.iter().filter(|(name, _)| &***name != OFFSETS_TOPIC);
        for (name, topic) in drawn {
            for (partition, told) in (0_u32..).zip(&topic.partitions) {
                let place = TopicPartition { topic: name.clone(), partition };
                let offsets = self.leading(&cluster, &place).map(|log| {
                    (log.log_start_offset(), log.high_watermark(), log.log_end_offset())
                });
                let of = PartitionSurvey {
                    leader: told.leader.map(|id| id.0),
                    in_sync: told.isr.iter().map(|id| id.0).collect(),
                    offsets,
                };
                survey.partitions.insert(place, of);
            }
        }
        let homes = cluster.topics.get(OFFSETS_TOPIC).map_or(&[][..], |topic| &topic.partitions);
        for broker in self.brokers() {
            // Whoever was coordinator before may not know yet that it is no more.
            let coordinates = |group: &Name| {
                let home = coordinator_partition(group, homes.len() as u32);
                homes.get(home as usize).is_some_and(|home| home.leader == Some(broker.id()))
            };
            for (name, group) in broker.groups().groups().filter(|(name, _)| coordinates(name)) {
                for place in survey.partitions.keys() {
                    if let Some(offset) = group.committed(place) {
                        survey.committed.insert((name.clone(), place.clone()), offset);
                    }
                }
            }
        }
    }
}
