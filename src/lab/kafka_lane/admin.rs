//! What an administrator and an application's own code ask for: offsets, positions, elections,
//! configurations.

use super::super::lookup::refuse;
use super::super::node::{Port, Reset, Role};
use super::World;
use crate::event::{
    CloseReason, Configured, EventId, KafkaFact, LabFact, Name, NodeId, Refusal, ResetTo, Settings,
    TopicPartition, What,
};
use crate::kafka::consumer::{OffsetReset, ResetTo as Target};
use crate::kafka::protocol::{
    ConfigResource, ElectLeadersRequest, ElectionType, IncrementalAlterConfigsRequest, Request,
};
use crate::sim::{Instant, Order, SortedMap};

impl World {
    /// Whether a group's offsets can be reset: it exists and no member is active
    /// (`ConsumerGroupCommand#resetOffsets`).
    pub(in crate::lab) fn check_reset(&self, group: &Name, topic: &Name) -> Result<(), Refusal> {
        if self.group_party(group).is_none() {
            return refuse(format!("There is no group \"{group}\"."));
        }
        self.needs_topic(group, topic)?;
        if !self.named(&tool_name(group)).is_empty() {
            return refuse(format!("\"{}\" is at work already.", tool_name(group)));
        }
        let known = self.brokers().find_map(|broker| broker.groups().group(group));
        match known {
            Some(known) if !known.members().is_empty() => refuse(format!(
                "Assignments can only be reset if the group '{group}' is inactive, but the \
                 current state is {}.",
                known.state().name()
            )),
            _ => Ok(()),
        }
    }

    /// Starts the tool that does it.
    pub(in crate::lab) fn reset_offsets(
        &mut self,
        group: &Name,
        topic: &Name,
        to: ResetTo,
        cause: EventId,
    ) {
        let to = match to {
            ResetTo::Earliest => Target::Earliest,
            ResetTo::Latest => Target::Latest,
            ResetTo::Offset(offset) => Target::Offset(offset),
            ResetTo::Time(at) => Target::Time(at.as_millis() as i64),
        };
        let count = self.partitions_of(topic);
        let place = |partition| TopicPartition { topic: topic.clone(), partition };
        let seed = self.seed ^ self.nodes.len() as u64;
        let bootstrap = self.bootstrap();
        let partitions = (0..count).map(place).collect();
        let client = OffsetReset::new(group.clone(), partitions, to, bootstrap, seed);
        let tool = Reset { client, wires: SortedMap::new(), group: group.clone() };
        let role = Role::Reset(Box::new(tool));
        let node = self.add_node(tool_name(group), role, None, Settings::new(), cause);
        self.start(node, cause);
    }

    /// A tool got an answer: perhaps it is done.
    pub(super) fn tool_answered(&mut self, node: NodeId, cause: Option<EventId>) {
        let Role::Reset(tool) = &self.node(node).role else { return };
        let Some(outcome) = tool.client.outcome().cloned() else { return };
        let group = tool.group.clone();
        let mut last = cause;
        for (partition, offset) in outcome.unwrap_or_default() {
            let fact = KafkaFact::PositionSet {
                group: group.clone(),
                partition: partition.clone(),
                offset,
                reason: "offsets reset".into(),
            };
            let event = self.emit(cause, What::Kafka { node, fact });
            self.position_set(&group, &partition, offset, true, event);
            last = Some(event);
        }
        self.tool_ends(node, last);
    }

    /// A tool is done and its process is gone.
    pub(super) fn tool_ends(&mut self, node: NodeId, cause: Option<EventId>) {
        let event = self.emit(cause, What::Lab(LabFact::NodeRemoved { node }));
        self.node_mut(node).removed = true;
        self.close_all(node, CloseReason::ProcessGone, event);
    }

    pub(super) fn partitions_of(&self, topic: &Name) -> u32 {
        let cluster = self.cluster();
        let image = cluster.as_ref().and_then(|cluster| cluster.topics.get(topic));
        image.map_or(0, |image| image.partitions.len() as u32)
    }

    /// The node of a consumer that owns a partition now, and whose application can do something
    /// about it.
    pub(in crate::lab) fn owner(
        &self,
        consumer: &Name,
        partition: &TopicPartition,
    ) -> Result<NodeId, Refusal> {
        let nodes = self.readers(consumer)?;
        let owns = |id: &NodeId| match &self.node(*id).role {
            Role::Consumer(reader) => reader.client.assignment().any(|owned| owned == partition),
            _ => false,
        };
        match nodes.into_iter().find(owns) {
            Some(id) => self.acts(id).map(|()| id),
            None => refuse(format!("\"{consumer}\" does not own {partition} now.")),
        }
    }

    /// Whether a process's application can be told to do something: it runs and goes on running.
    fn acts(&self, id: NodeId) -> Result<(), Refusal> {
        self.running(id)?;
        let node = self.node(id);
        if node.leaving {
            return refuse(format!("\"{}\" is about to end.", node.name));
        }
        Ok(())
    }

    pub(in crate::lab) fn is_paused(&self, node: NodeId, partition: &TopicPartition) -> bool {
        match &self.node(node).role {
            Role::Consumer(reader) => reader.client.is_paused(partition),
            _ => false,
        }
    }

    pub(in crate::lab) fn pause_partition(
        &mut self,
        consumer: &Name,
        partition: &TopicPartition,
        paused: bool,
        cause: EventId,
    ) {
        let Ok(node) = self.owner(consumer, partition) else { return };
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        let which = std::slice::from_ref(partition);
        let partition = partition.clone();
        let fact = if paused {
            reader.client.pause(which);
            KafkaFact::FetchPaused { partition, until: None }
        } else {
            reader.client.resume(which);
            KafkaFact::FetchResumed { partition }
        };
        let event = self.emit(Some(cause), What::Kafka { node, fact });
        self.poll_if_ready(node, Some(event));
    }

    pub(in crate::lab) fn seek_to_time(
        &mut self,
        consumer: &Name,
        partition: &TopicPartition,
        at: Instant,
        cause: EventId,
    ) {
        let now = self.now;
        let Ok(node) = self.owner(consumer, partition) else { return };
        let mut out = Vec::new();
        if let Role::Consumer(reader) = &mut self.node_mut(node).role {
            reader.client.seek_to_time(now, partition, at.as_millis() as i64, &mut out);
        }
        self.client_outputs(node, Port::Consumer, out, Some(cause));
        self.schedule_tick(node);
    }

    /// The request that changes a configuration.
    pub(in crate::lab) fn alter_config(
        &self,
        of: &Configured,
        config: &Settings,
    ) -> Result<Request, Refusal> {
        let resource = match of {
            Configured::Topic(topic) => ConfigResource::Topic(topic.clone()),
            Configured::Broker(name) => {
                let ids = self.existing(name)?;
                let broker =
                    ids.into_iter().find(|&id| matches!(self.node(id).role, Role::Broker(_)));
                match broker.and_then(|id| self.server_id(id)) {
                    Some(id) => ConfigResource::Broker(id),
                    None => return refuse(format!("\"{name}\" is not a Kafka broker.")),
                }
            }
        };
        let changes = config.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(IncrementalAlterConfigsRequest { resources: vec![(resource, changes)] }.into())
    }

    /// Whether a consumer can be given these partitions by hand.
    pub(in crate::lab) fn check_assign(
        &self,
        consumer: &Name,
        partitions: &[TopicPartition],
    ) -> Result<(), Refusal> {
        let reader = self.reader_named(consumer)?;
        if let Some(id) = self.root_named(consumer) {
            self.acts(id)?;
        }
        if partitions.is_empty() {
            return refuse("No partition is named.");
        }
        if reader.assigned == partitions {
            return refuse(format!("\"{consumer}\" has these partitions already."));
        }
        for place in partitions {
            if place.partition >= self.partitions_of(&place.topic) {
                return refuse(format!("There is no partition {place}."));
            }
            if !reader.topics.contains(&place.topic) {
                return refuse(format!("\"{consumer}\" does not read \"{}\".", place.topic));
            }
        }
        Ok(())
    }

    pub(in crate::lab) fn assign(
        &mut self,
        consumer: &Name,
        partitions: Vec<TopicPartition>,
        cause: EventId,
    ) {
        let now = self.now;
        let Some(node) = self.root_named(consumer) else { return };
        let mut out = Vec::new();
        if let Role::Consumer(reader) = &mut self.node_mut(node).role {
            reader.assigned.clone_from(&partitions);
            reader.client.assign(now, partitions, &mut out);
        }
        self.client_outputs(node, Port::Consumer, out, Some(cause));
        self.tell_assigned(node, cause);
        self.schedule_tick(node);
    }

    /// Tells what a consumer was given by hand: no coordinator does.
    pub(in crate::lab) fn tell_assigned(&mut self, node: NodeId, cause: EventId) {
        let Role::Consumer(reader) = &self.node(node).role else { return };
        let mut partitions = reader.assigned.clone();
        partitions.order();
        let (group, member) = (reader.group.clone(), self.node(node).name.clone());
        let fact = KafkaFact::Assigned { group, member, generation: 0, partitions };
        self.emit(Some(cause), What::Kafka { node, fact });
    }

    /// Whether a producer can name this partition from now on.
    pub(in crate::lab) fn check_partition(
        &self,
        producer: &Name,
        partition: Option<u32>,
    ) -> Result<(), Refusal> {
        let Some((_, source)) = self.source(producer) else {
            return refuse(format!("There is no producer \"{producer}\"."));
        };
        if source.producer.is_none() {
            return refuse(format!("\"{producer}\" does not send to Kafka."));
        }
        if source.partition == partition {
            return refuse(format!("\"{producer}\" does so already."));
        }
        match partition.filter(|&partition| partition >= self.partitions_of(&source.topic)) {
            Some(partition) => {
                refuse(format!("There is no partition {}-{partition}.", source.topic))
            }
            None => Ok(()),
        }
    }

    /// All pairs of nodes of two names.
    pub(in crate::lab) fn pairs(
        &self,
        one: &Name,
        other: &Name,
    ) -> Result<Vec<(NodeId, NodeId)>, Refusal> {
        let (ones, others) = (self.process(one)?, self.process(other)?);
        let with = |a: NodeId| others.iter().map(move |&b| (a, b));
        let pairs: Vec<_> = ones.into_iter().flat_map(with).filter(|(a, b)| a != b).collect();
        if pairs.is_empty() { refuse("A path has two ends.") } else { Ok(pairs) }
    }
}

/// The request of `kafka-leader-election.sh`.
pub(in crate::lab) fn elect_leader(partition: &TopicPartition, unclean: bool) -> Request {
    let election_type = if unclean { ElectionType::Unclean } else { ElectionType::Preferred };
    ElectLeadersRequest { election_type, partitions: Some(vec![partition.clone()]) }.into()
}

fn tool_name(group: &str) -> Name {
    format!("reset offsets {group}").into()
}
