//! What a consumer reads: subscribing to topics or assigning partitions by hand
//! (`KafkaConsumer#subscribe`, `#assign`, `#unsubscribe`).

use super::positions::{Owned, Positions, Stand, Target};
use super::state::Consumer;
use crate::event::{Name, TopicPartition};
use crate::kafka::client::ClientOutput;
use crate::sim::Instant;

impl Consumer {
    /// Reads these topics from now on, as its group's leader assigns them; takes effect with the
    /// next poll. Without topics it is `unsubscribe`.
    pub fn subscribe(&mut self, now: Instant, topics: Vec<Name>, out: &mut Vec<ClientOutput>) {
        if topics.is_empty() {
            return self.unsubscribe(now, out);
        }
        if self.config.topics.is_empty() {
            self.config.partitions.clear();
            self.give_up_partitions(out);
            self.membership.rejoin_needed = true;
        }
        for topic in &topics {
            self.network.metadata.want(topic);
        }
        self.config.topics = topics;
        self.run(now, out);
    }

    /// Reads these partitions from now on and leaves its group; positions in partitions that it
    /// has already stay.
    pub fn assign(
        &mut self,
        now: Instant,
        partitions: Vec<TopicPartition>,
        out: &mut Vec<ClientOutput>,
    ) {
        if !self.config.topics.is_empty() {
            self.unsubscribe(now, out);
        }
        let fresh = Owned::new(self.first_stand());
        let mut positions = Positions::new();
        for partition in &partitions {
            self.network.metadata.want(&partition.topic);
            let owned = self.positions.remove(partition).unwrap_or(fresh);
            positions.insert(partition.clone(), owned);
        }
        let dropped = std::mem::replace(&mut self.positions, positions);
        for partition in dropped.keys() {
            self.buffer.forget(partition);
        }
        self.config.partitions = partitions;
        self.run(now, out);
    }

    /// Reads nothing any more and leaves its group. Nothing is committed by that.
    pub fn unsubscribe(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if !self.config.topics.is_empty() {
            self.leave(now, "the consumer unsubscribed from all topics", out);
            self.membership.reset(true);
            self.config.topics.clear();
        }
        self.config.partitions.clear();
        self.give_up_partitions(out);
        self.run(now, out);
    }

    /// Where a partition begins that nobody has read yet in this process.
    pub(super) fn first_stand(&self) -> Stand {
        match self.config.group_id {
            Some(_) => Stand::NeedsCommitted,
            None => Stand::NeedsReset {
                target: Target::Policy(self.config.auto_offset_reset),
                not_before: Instant::ZERO,
            },
        }
    }
}
