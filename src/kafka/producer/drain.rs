//! The producer's loop: partition what waits, see which batches are ready, send them
//! (`Sender#runOnce`, `#sendProducerData`, `RecordAccumulator#ready`, `#drain`).

use super::partitioner::{Choice, Load};
use super::sender::{Asked, Producer, Waiting};
use crate::event::{KafkaFact, TopicPartition};
use crate::kafka::client::{ClientOutput, UNKNOWN_OFFSET};
use crate::kafka::protocol::{
    Acks, BrokerId, ErrorCode, InitProducerIdRequest, PartitionProduceData, ProduceRequest,
};
use crate::kafka::record::RecordBatch;
use crate::sim::{Instant, Order, SortedMap, SortedSet};

impl Producer {
    /// Does everything that can be done now.
    pub(super) fn run(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.last_run = Some(now);
        for broker in self.network.overdue(now) {
            self.lost(now, broker, out);
        }
        self.expire(now, out);
        self.accumulate(now, out);
        self.network.ask_metadata(now, out);
        self.keep_sequences(now, out);
        self.drain_all(now, out);
    }

    fn keep_sequences(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if !self.sequences.enabled {
            return;
        }
        let busy: SortedSet<TopicPartition> = self.stamped().map(|(p, _)| p.clone()).collect();
        self.sequences.resolve(|partition| !busy.contains(partition));
        for partition in self.sequences.bump() {
            self.restamp(&partition);
        }
        let asked = self.network.in_flight().any(|asked| matches!(asked, Asked::ProducerId));
        if self.sequences.needs_producer_id()
            && !asked
            && now >= self.id_not_before
            && let Some(broker) = self.network.least_loaded(now, out)
        {
            let request = InitProducerIdRequest::default();
            self.network.send(now, broker, request, Asked::ProducerId, out);
        }
    }

    /// Batches that carry sequences and are not settled, with their sequence.
    fn stamped(&self) -> impl Iterator<Item = (&TopicPartition, i32)> {
        let queued = self.accumulator.partitions().filter_map(|p| self.accumulator.first(p));
        self.sent
            .values()
            .chain(queued)
            .filter_map(|batch| batch.stamp.map(|s| (&batch.partition, s.base_sequence)))
    }

    /// After an epoch bump: unsettled batches get sequences from 0 on, in their old order
    /// (`TxnPartitionEntry#startSequencesAtBeginning`).
    fn restamp(&mut self, partition: &TopicPartition) {
        let sent = self.sent.values_mut().filter(|batch| batch.partition == *partition);
        let queued = self.accumulator.queue_mut(partition).into_iter().flatten();
        let mut batches: Vec<_> =
            sent.chain(queued).filter(|batch| batch.stamp.is_some()).collect();
        batches.order_by_key(|batch| batch.stamp.map(|stamp| stamp.base_sequence));
        for batch in batches {
            batch.stamp = self.sequences.stamp(partition, batch.records.len() as u32);
        }
    }

    /// `delivery.timeout.ms`: for batches that wait and for those under way alike. One under way
    /// may have been written.
    fn expire(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let timeout = self.config.delivery_timeout;
        let late: Vec<u64> = self
            .sent
            .iter()
            .filter(|(_, batch)| batch.is_expired(now, timeout))
            .map(|(id, _)| *id)
            .collect();
        let sent = late.iter().filter_map(|id| self.sent.remove(id)).collect::<Vec<_>>();
        for batch in sent.into_iter().chain(self.accumulator.expire(now, timeout)) {
            self.expired(batch, out);
        }
        while self.waiting.front().is_some_and(|waiting| waiting.gives_up_at <= now) {
            if let Some(waiting) = self.waiting.pop_front() {
                let result = Err(ErrorCode::RequestTimedOut);
                out.push(ClientOutput::Completed { record: waiting.number, result });
            }
        }
    }

    /// Partitions the records that wait, in order: one that must wait holds up those behind it,
    /// as the application's thread would.
    fn accumulate(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        while let Some(waiting) = self.waiting.pop_front() {
            if !self.append(&waiting, now, out) {
                self.waiting.push_front(waiting);
                break;
            }
        }
        self.exhausted = self.waiting.front().is_some_and(|waiting| {
            self.network.metadata.partitions(&waiting.topic).is_some_and(|count| count > 0)
        });
    }

    fn append(&mut self, waiting: &Waiting, now: Instant, out: &mut Vec<ClientOutput>) -> bool {
        let Waiting { topic, record, .. } = waiting;
        let count = self.network.metadata.partitions(topic).unwrap_or(0);
        if count == 0 {
            return false;
        }
        let choice = match waiting.partition {
            Some(partition) if partition >= count => {
                self.network.metadata.request_update();
                return false;
            }
            Some(partition) => Choice { partition, murmur2: None, sticky: false },
            None => {
                let loads = self.loads(topic, count);
                let choice = self.chooser.choose(topic, record, &loads);
                let current = TopicPartition { topic: topic.clone(), partition: choice.partition };
                let full = self.accumulator.all_full(&current);
                if choice.sticky && self.chooser.complete_switch(topic, full, &loads) {
                    self.chooser.choose(topic, record, &loads)
                } else {
                    choice
                }
            }
        };
        let partition = TopicPartition { topic: topic.clone(), partition: choice.partition };
        let number = waiting.number;
        let Some(appended) = self.accumulator.append(&partition, record, number, now) else {
            return false;
        };
        if choice.sticky {
            let loads = self.loads(topic, count);
            self.chooser.appended(topic, appended.bytes, appended.full, &loads);
        }
        out.push(ClientOutput::Fact(KafkaFact::Partitioned {
            tag: record.tag(),
            partition,
            murmur2: choice.murmur2,
            partitions: count,
        }));
        true
    }

    fn loads(&self, topic: &crate::event::Name, count: u32) -> Vec<Load> {
        (0..count)
            .map(|partition| {
                let partition = TopicPartition { topic: topic.clone(), partition };
                Load {
                    available: self.network.metadata.leader_id(&partition).is_some(),
                    queued: self.accumulator.queued(&partition),
                }
            })
            .collect()
    }

    /// With `max.in.flight.requests.per.connection=1` a partition is muted while a batch of it is
    /// under way, so that a retry cannot be overtaken.
    fn is_muted(&self, partition: &TopicPartition) -> bool {
        self.config.max_in_flight == 1
            && self.sent.values().any(|batch| batch.partition == *partition)
    }

    /// When the first batch of a partition may go; none where it must wait for something else.
    pub(super) fn ready_at(&self, partition: &TopicPartition) -> Option<Instant> {
        if self.is_muted(partition) {
            return None;
        }
        let leader = self.network.metadata.leader(partition)?;
        leader.broker?;
        let first = self.accumulator.first(partition)?;
        if first.attempts > 0 && first.leader_epoch.is_some_and(|epoch| epoch < leader.epoch) {
            // A new leader is tried at once (KIP-951).
            return Some(first.last_attempt);
        }
        self.accumulator.ready_at(partition, self.exhausted, self.flushing)
    }

    fn drain_all(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let mut by_leader: SortedMap<BrokerId, Vec<TopicPartition>> = SortedMap::new();
        let mut ready = SortedSet::new();
        let mut leaderless = false;
        for partition in self.accumulator.partitions() {
            let Some(leader) = self.network.metadata.leader_id(partition) else {
                leaderless = true;
                continue;
            };
            by_leader.entry(leader).or_default().push(partition.clone());
            if self.ready_at(partition).is_some_and(|at| at <= now) {
                ready.insert(leader);
            }
        }
        if leaderless {
            self.network.metadata.request_update();
        }
        for leader in ready {
            if !self.network.ready(now, leader, out) {
                continue;
            }
            let partitions = &by_leader[&leader];
            while self.in_flight_produce(leader) < self.config.max_in_flight as usize
                && self.drain(leader, partitions, now, out)
            {}
        }
        if self.accumulator.records() == 0 && self.waiting.is_empty() {
            self.flushing = false;
        }
    }

    fn in_flight_produce(&self, broker: BrokerId) -> usize {
        self.network.in_flight_to(broker).count()
    }

    /// One request to one broker: at most one batch a partition, the lingering ones of its other
    /// partitions too. True when one was sent and another may be ready.
    fn drain(
        &mut self,
        leader: BrokerId,
        partitions: &[TopicPartition],
        now: Instant,
        out: &mut Vec<ClientOutput>,
    ) -> bool {
        let is_ready =
            |this: &Self, p: &TopicPartition| this.ready_at(p).is_some_and(|at| at <= now);
        if !partitions.iter().any(|partition| is_ready(self, partition)) {
            return false;
        }
        let start = self.turns.get(&leader).map_or(0, |turn| {
            partitions.iter().position(|partition| partition >= turn).unwrap_or(0)
        });
        let mut size = 0_u32;
        let mut ids = Vec::new();
        let mut data = Vec::new();
        for offset in 0..partitions.len() {
            let partition = &partitions[(start + offset) % partitions.len()];
            let Some(first) = self.accumulator.first(partition) else { continue };
            let backing_off =
                first.attempts > 0 && self.ready_at(partition).is_none_or(|at| at > now);
            if backing_off || self.is_muted(partition) || !self.may_send(partition) {
                continue;
            }
            if size > 0 && size.saturating_add(first.bytes) > self.config.max_request_size {
                self.turns.insert(leader, partition.clone());
                break;
            }
            size = size.saturating_add(first.bytes);
            if let Some((id, records)) = self.take(partition, now) {
                ids.push(id);
                data.push(PartitionProduceData { partition: partition.clone(), records });
            }
        }
        if data.is_empty() {
            return false;
        }
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.config.acks,
            timeout_ms: self.config.request_timeout.as_millis() as u32,
            partitions: data,
        };
        if self.config.acks == Acks::None {
            self.network.send_unanswered(leader, request, out);
            for id in ids {
                if let Some(batch) = self.sent.remove(&id) {
                    self.complete(batch, UNKNOWN_OFFSET, out);
                }
            }
        } else {
            self.network.send(now, leader, request, Asked::Produce(ids), out);
        }
        true
    }

    fn may_send(&self, partition: &TopicPartition) -> bool {
        let stamp = self.accumulator.first(partition).and_then(|batch| batch.stamp);
        let first = self.stamped().filter(|(p, _)| *p == partition).map(|(_, s)| s).min();
        self.sequences.may_send(partition, stamp, first)
    }

    fn take(&mut self, partition: &TopicPartition, now: Instant) -> Option<(u64, RecordBatch)> {
        let mut batch = self.accumulator.take(partition)?;
        if batch.stamp.is_none() {
            batch.stamp = self.sequences.stamp(partition, batch.records.len() as u32);
        }
        batch.leader_epoch = self.network.metadata.leader(partition).map(|leader| leader.epoch);
        batch.last_attempt = now;
        let records = RecordBatch::new(&batch.records, self.config.compression, batch.stamp)?;
        let id = self.next_batch;
        self.next_batch += 1;
        self.sent.insert(id, batch);
        Some((id, records))
    }
}
