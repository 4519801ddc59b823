//! A tool that sends dead letters back: it reads the dead-letter topic from where its last run
//! stopped, sends each record to the topic it came from, commits, and ends.

use super::super::node::{KafkaSide, Port, Redrive, Role};
use super::super::standing::Aim;
use super::{Due, World};
use crate::event::{
    EventId, LabFact, Name, NodeId, Payload, Refusal, Settings, Tag, TopicPartition, What,
};
use crate::kafka::consumer::{AutoOffsetReset, Consumer, ConsumerConfig, ConsumerRecord};
use crate::kafka::retry::{self, Verdict};
use crate::lab::lookup::refuse;
use crate::sim::SortedMap;

/// Records of one run, at the most.
const MOST: u32 = 10_000;

impl World {
    /// Whether there is something to send back.
    pub(in crate::lab) fn check_redrive(&self, topic: &Name, most: u32) -> Result<(), Refusal> {
        let cluster = self.cluster();
        if !cluster.is_some_and(|cluster| cluster.topics.contains_key(topic)) {
            return refuse(format!("There is no topic \"{topic}\"."));
        }
        if !(1..=MOST).contains(&most) {
            return refuse(format!("A redrive sends 1 to {MOST} records."));
        }
        let name = tool_name(topic);
        if !self.named(&name).is_empty() {
            return refuse(format!("\"{name}\" is at work already."));
        }
        let left = self.logs.iter().any(|(partition, log)| {
            let from = self.redriven.get(partition).copied().unwrap_or(0);
            partition.topic == *topic && log.back().is_some_and(|(offset, _)| *offset >= from)
        });
        if left { Ok(()) } else { refuse(format!("Nothing is left in \"{topic}\" to send back.")) }
    }

    /// Starts the tool.
    pub(in crate::lab) fn redrive(&mut self, topic: &Name, most: u32, cause: EventId) {
        let name = tool_name(topic);
        let index = self.nodes.len() as u32;
        let count =
            self.cluster().and_then(|cluster| Some(cluster.topics.get(topic)?.partitions.len()));
        let partitions = (0..count.unwrap_or(0) as u32)
            .map(|partition| TopicPartition { topic: topic.clone(), partition })
            .collect();
        let config = ConsumerConfig {
            client_id: name.clone(),
            group_id: Some(name.clone()),
            partitions,
            enable_auto_commit: false,
            auto_offset_reset: AutoOffsetReset::Earliest,
            max_poll_records: most.min(500),
            ..ConsumerConfig::default()
        };
        let seed = self.seed ^ (u64::from(index) << 32);
        let tool = Redrive {
            client: Consumer::new(config, self.bootstrap(), seed),
            wires: SortedMap::new(),
            sender: self.kafka_side(&Settings::new(), index),
            left: most,
            pending: SortedMap::new(),
            done: SortedMap::new(),
        };
        let node = self.add_node(name, Role::Redrive(Box::new(tool)), None, Settings::new(), cause);
        self.start(node, cause);
    }

    /// The tool polls: what it gets goes back.
    pub(super) fn redrive_poll(&mut self, node: NodeId, cause: Option<EventId>) {
        let now = self.now;
        let mut out = Vec::new();
        let Role::Redrive(tool) = &mut self.node_mut(node).role else { return };
        if !tool.pending.is_empty() {
            return self.queue.push(now + super::poll::POLL, Due::Poll(node));
        }
        let mut records = Vec::new();
        if tool.left > 0 {
            records = tool.client.poll(now, &mut out);
            records.truncate(tool.left as usize);
            tool.left -= records.len() as u32;
        }
        let finished = records.is_empty() && (tool.left == 0 || caught_up(&tool.client));
        self.client_outputs(node, Port::Consumer, out, cause);
        if finished {
            return self.redrive_ends(node, cause);
        }
        for record in records {
            self.send_back(node, record, cause);
        }
        self.redrive_settled(node, cause);
        self.queue.push(now + super::poll::POLL, Due::Poll(node));
        self.schedule_tick(node);
    }

    fn send_back(&mut self, node: NodeId, record: ConsumerRecord, cause: Option<EventId>) {
        let now = self.now;
        let tag = record.record.value.as_ref().and_then(Payload::tag);
        let verdict = retry::redrive(&record);
        let next = record.offset + 1;
        self.redriven.insert(record.partition.clone(), next);
        let (Verdict::Publish { topic, partition, record: mut copy }, Some(tag)) = (verdict, tag)
        else {
            // Nobody can tell where it belongs: it is passed over.
            if let Role::Redrive(tool) = &mut self.node_mut(node).role {
                tool.done.insert(record.partition, next);
            }
            return;
        };
        let tag = Tag { message: tag.message, copy: self.next_copy() };
        copy.value = copy.value.map(|value| value.with_tag(tag));
        let fact = LabFact::Redriven { node, tag, topic: topic.clone() };
        let event = self.emit(cause, What::Lab(fact));
        self.copies_of.sent(tag.copy, Aim::Redrive);
        let mut out = Vec::new();
        if let Role::Redrive(tool) = &mut self.node_mut(node).role {
            let KafkaSide { client, open, .. } = &mut tool.sender;
            let number = client.send_to(now, topic, partition, copy, &mut out);
            open.insert(number, tag);
            tool.pending.insert(tag.copy, (record.partition, next));
        }
        self.client_outputs(node, Port::Producer, out, Some(event));
    }

    /// The fate of a copy: one that could not be sent stays where it was for the next run.
    pub(super) fn redrive_sent(
        &mut self,
        node: NodeId,
        tag: Tag,
        stored: bool,
        cause: Option<EventId>,
    ) {
        if !stored {
            self.copies_of.dropped(tag.copy);
        }
        let Role::Redrive(tool) = &mut self.node_mut(node).role else { return };
        let Some((partition, next)) = tool.pending.remove(&tag.copy) else { return };
        if stored {
            let done = tool.done.entry(partition).or_default();
            *done = next.max(*done);
        } else {
            tool.left = 0;
            self.redriven.insert(partition, next - 1);
        }
        self.redrive_settled(node, cause);
    }

    /// Commits once all copies of a poll are acknowledged, then goes on.
    fn redrive_settled(&mut self, node: NodeId, cause: Option<EventId>) {
        let now = self.now;
        let mut out = Vec::new();
        let Role::Redrive(tool) = &mut self.node_mut(node).role else { return };
        if !tool.pending.is_empty() {
            return;
        }
        let done = std::mem::take(&mut tool.done);
        if !done.is_empty() {
            tool.client.commit(now, done.into_iter().collect(), &mut out);
        }
        self.client_outputs(node, Port::Consumer, out, cause);
    }

    /// The tool is done: it closes its connections once its last commit is answered.
    fn redrive_ends(&mut self, node: NodeId, cause: Option<EventId>) {
        let Role::Redrive(tool) = &mut self.node_mut(node).role else { return };
        if tool.client.is_busy() {
            return self.queue.push(self.now + super::poll::POLL, Due::Poll(node));
        }
        self.tool_ends(node, cause);
    }
}

/// Whether it has read everything there is.
fn caught_up(client: &Consumer) -> bool {
    let mut all = client.assignment().map(|partition| client.lag(partition));
    all.all(|lag| lag == Some(0))
}

fn tool_name(topic: &str) -> Name {
    format!("redrive {topic}").into()
}
