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
use crate::redis::Server;
use crate::sim::{Order, SortedMap, SortedSet};

/// The state of both systems at one instant, as the engines have it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Survey {
    /// Every process that is not gone for good: its state, whether its plug is out, whether its path is cut.
    pub nodes: SortedMap<NodeId, (NodeState, bool, bool)>,
    /// Connections that stand: client and server.
    pub connections: SortedMap<ConnectionId, (NodeId, NodeId)>,
    /// Channels (`false`) and patterns (`true`) that clients of Redis are subscribed to.
    pub subscriptions: SortedSet<(ConnectionId, Name, bool)>,
    /// Output buffers that Redis servers keep for subscribers, in bytes as their limit counts them.
    pub buffers: SortedMap<ConnectionId, u64>,
    /// Each Redis server that runs: whether it is a primary, and its replication offset.
    pub redis: SortedMap<NodeId, (bool, u64)>,
    /// Streams by the server that keeps them.
    pub streams: SortedMap<(NodeId, Name), StreamSurvey>,
    /// Lists by the server that keeps them: the messages of their elements from the tail, where
    /// they are popped, to the head; none for an element that is no message.
    pub lists: SortedMap<(NodeId, Name), Vec<Option<MessageId>>>,
    /// Every partition.
    pub partitions: SortedMap<TopicPartition, PartitionSurvey>,
    /// Bookmarks by group.
    pub committed: SortedMap<(Name, TopicPartition), u64>,
    /// What each running consumer of a group may fetch from.
    pub assigned: SortedMap<NodeId, Vec<TopicPartition>>,
    /// Where each message that is not folded stands.
    pub standings: SortedMap<(MessageId, PartyId), Standing>,
}

/// A stream at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StreamSurvey {
    /// Its entries in order: id, and the message.
    pub entries: Vec<(Name, Option<MessageId>)>,
    /// Its groups.
    pub groups: SortedMap<Name, StreamGroupSurvey>,
}

/// A group of a stream at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StreamGroupSurvey {
    /// Entries that are there and lie before its bookmark (last-delivered id).
    pub read: u64,
    /// Pending entries that are there, in order: id, consumer, deliveries.
    pub pending: Vec<(Name, Name, u64)>,
    /// How many are pending (`XPENDING`), those that the stream no longer holds included.
    pub all_pending: u32,
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

impl Survey {
    fn keys(&mut self, node: NodeId, server: &Server) {
        let shown = |(ms, seq): (u64, u64)| -> Name { format!("{ms}-{seq}").into() };
        let mut ids: SortedMap<Name, Vec<(u64, u64)>> = SortedMap::new();
        server.each_entry(|key, id, tag| {
            ids.entry(key.into()).or_default().push(id);
            let stream = self.streams.entry((node, key.into())).or_default();
            stream.entries.push((shown(id), tag.map(|tag| tag.message)));
        });
        server.each_group(|key, group, last, pending| {
            let there = ids.get(key).map_or(&[][..], Vec::as_slice);
            let read = there.iter().filter(|id| **id <= last).count() as u64;
            let all_pending = pending.len() as u32;
            let pending = pending.into_iter().filter(|(id, ..)| there.binary_search(id).is_ok());
            let pending = pending.map(|(id, owner, count)| (shown(id), owner, count)).collect();
            let stream = self.streams.entry((node, key.into())).or_default();
            stream.groups.insert(group.into(), StreamGroupSurvey { read, pending, all_pending });
        });
        server.each_element(|key, tag| {
            let list = self.lists.entry((node, key.into())).or_default();
            list.push(tag.map(|tag| tag.message));
        });
        let own = self.lists.iter_mut().filter(|((of, _), _)| *of == node);
        own.for_each(|(_, list)| list.reverse());
    }
}

impl World {
    /// Asks the engines for everything that the stage draws.
    pub fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        let here = (0_u32..).map(NodeId).zip(&self.nodes).filter(|(_, node)| !node.removed);
        for (id, node) in here {
            let state = (node.state, node.unplugged, node.link.is_interrupted());
            survey.nodes.insert(id, state);
            match &node.role {
                Role::Redis(process) if node.state != NodeState::Crashed => {
                    survey.subscriptions.extend(process.server.subscriptions());
                    let server = &process.server;
                    let told = (server.is_primary(), server.replication_offset());
                    survey.redis.insert(id, told);
                    survey.keys(id, server);
                    let of_server = self.network.of_node(id);
                    let subscribes = |wire: &ConnectionId| {
                        let client = self.network.wire(*wire).map(|wire| self.node(wire.client));
                        client.is_some_and(|node| matches!(node.role, Role::Subscriber(_)))
                    };
                    let of_server = of_server.into_iter().filter(subscribes);
                    let buffers = of_server.filter_map(|wire| {
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
