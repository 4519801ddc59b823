//! Fetching and the buffer between fetches and `poll` (`AbstractFetch`, `FetchBuffer`,
//! `FetchCollector`, `CompletedFetch`).

use super::config::AutoOffsetReset;
use super::positions::{Positions, Stand, Target};
use super::state::{Asked, Consumer, ConsumerError, ConsumerRecord};
use crate::event::TopicPartition;
use crate::kafka::client::ClientOutput;
use crate::kafka::protocol::{
    BrokerId, ErrorCode, FetchPartition, FetchRequest, FetchResponse, PartitionData,
};
use crate::kafka::record::RecordBatch;
use crate::sim::{Instant, SortedMap, SortedSet};
use std::collections::VecDeque;

/// What one fetch brought of one partition, as far as it is not returned yet.
#[derive(Clone, Debug)]
struct Completed {
    partition: TopicPartition,
    batches: VecDeque<RecordBatch>,
    /// Within the first batch: the records before it are behind the position.
    next: u64,
}

/// Fetched and not yet returned.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer {
    completed: VecDeque<Completed>,
}

impl Buffer {
    pub(super) fn clear(&mut self) {
        self.completed.clear();
    }

    /// Its position has changed, or it is not owned any more.
    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        self.completed.retain(|completed| completed.partition != *partition);
    }

    fn holds(&self, partition: &TopicPartition) -> bool {
        self.completed.iter().any(|completed| completed.partition == *partition)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.completed.is_empty()
    }

    pub(super) fn has_records(&self, positions: &Positions) -> bool {
        self.completed.iter().any(|completed| {
            positions.get(&completed.partition).is_some_and(super::positions::Owned::is_fetchable)
        })
    }
}

impl Consumer {
    /// One fetch to each leader that has none under way, for all partitions without buffered
    /// records.
    pub(super) fn send_fetches(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let busy: SortedSet<TopicPartition> = self
            .network
            .in_flight()
            .filter_map(|asked| match asked {
                Asked::Fetch(partitions) => Some(partitions.iter().map(|(p, _)| p.clone())),
                _ => None,
            })
            .flatten()
            .collect();
        let mut fetches: SortedMap<BrokerId, Vec<FetchPartition>> = SortedMap::new();
        for (partition, owned) in &self.positions {
            let (Stand::At { offset, .. }, true) = (owned.stand, owned.is_fetchable()) else {
                continue;
            };
            if self.buffer.holds(partition) || busy.contains(partition) {
                continue;
            }
            let leader = self.network.metadata.leader(partition);
            let Some((leader, broker)) = leader.and_then(|l| l.broker.map(|b| (l, b))) else {
                self.network.metadata.request_update();
                continue;
            };
            fetches.entry(broker).or_default().push(FetchPartition {
                partition: partition.clone(),
                current_leader_epoch: Some(leader.epoch),
                fetch_offset: offset,
                last_fetched_epoch: None,
                log_start_offset: None,
                partition_max_bytes: self.config.max_partition_fetch_bytes,
            });
        }
        for (broker, partitions) in fetches {
            let fetching =
                self.network.in_flight_to(broker).any(|asked| matches!(asked, Asked::Fetch(_)));
            if fetching || !self.network.ready(now, broker, out) {
                continue;
            }
            let asked = partitions.iter().map(|p| (p.partition.clone(), p.fetch_offset)).collect();
            let request = FetchRequest {
                replica_state: None,
                max_wait_ms: self.config.fetch_max_wait.as_millis() as u32,
                min_bytes: self.config.fetch_min_bytes,
                max_bytes: self.config.fetch_max_bytes,
                isolation_level: self.config.isolation_level,
                partitions,
            };
            self.network.send(now, broker, request, Asked::Fetch(asked), out);
        }
    }

    pub(super) fn fetched(
        &mut self,
        now: Instant,
        asked: &[(TopicPartition, u64)],
        response: FetchResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        for data in response.partitions {
            let offset = asked.iter().find(|(p, _)| *p == data.partition).map(|(_, o)| *o);
            let position = self.position(&data.partition);
            // The position moved meanwhile, or the partition is somebody else's.
            if position.is_none() || position != offset {
                continue;
            }
            match data.error_code {
                ErrorCode::None => self.store(data),
                error => self.fetch_failed(now, &data, error, out),
            }
        }
    }

    fn store(&mut self, data: PartitionData) {
        let Some(owned) = self.positions.get_mut(&data.partition) else { return };
        owned.high_watermark = data.high_watermark.or(owned.high_watermark);
        let Some(next) = owned.offset() else { return };
        let batches: VecDeque<RecordBatch> =
            data.records.into_iter().filter(|batch| batch.next_offset() > next).collect();
        if !batches.is_empty() {
            self.buffer.completed.push_back(Completed { partition: data.partition, batches, next });
        }
    }

    fn fetch_failed(
        &mut self,
        now: Instant,
        data: &PartitionData,
        error: ErrorCode,
        out: &mut Vec<ClientOutput>,
    ) {
        if let Some(leader) = data.current_leader {
            self.network.metadata.learn_leader(
                &data.partition,
                leader.leader_id,
                leader.leader_epoch,
            );
        }
        if error != ErrorCode::OffsetOutOfRange {
            self.network.metadata.request_update();
            return;
        }
        let policy = self.config.auto_offset_reset;
        let Some(owned) = self.positions.get_mut(&data.partition) else { return };
        if policy == AutoOffsetReset::None {
            let offset = owned.offset().unwrap_or(0);
            let error = ConsumerError::OffsetOutOfRange(data.partition.clone(), offset);
            return self.throw(error, out);
        }
        owned.stand = Stand::NeedsReset { target: Target::Policy(policy), not_before: now };
        self.buffer.forget(&data.partition);
    }

    /// Up to `max.poll.records`: one completed fetch after the other, not in turns.
    pub(super) fn collect(&mut self) -> Vec<ConsumerRecord> {
        let max = self.config.max_poll_records as usize;
        let mut records = Vec::new();
        let mut held_back = VecDeque::new();
        while records.len() < max {
            let Some(mut completed) = self.buffer.completed.pop_front() else { break };
            let Some(owned) = self.positions.get_mut(&completed.partition) else { continue };
            // `FetchCollector#fetchRecords` drops what came before a doubt, and keeps what is paused.
            if owned.offset().is_none() {
                continue;
            }
            if !owned.is_fetchable() {
                held_back.push_back(completed);
                continue;
            }
            let mut leader_epoch = None;
            while let Some(batch) = completed.batches.front() {
                leader_epoch = batch.partition_leader_epoch();
                let from = completed.next;
                let wanted = batch.records().filter(|(offset, _)| *offset >= from);
                for (offset, record) in wanted.take(max - records.len()) {
                    completed.next = offset + 1;
                    let partition = completed.partition.clone();
                    records.push(ConsumerRecord { partition, offset, leader_epoch, record });
                }
                if completed.next < batch.next_offset() {
                    break;
                }
                completed.batches.pop_front();
            }
            owned.stand = Stand::At { offset: completed.next, leader_epoch };
            if !completed.batches.is_empty() {
                self.buffer.completed.push_front(completed);
            }
        }
        while let Some(completed) = held_back.pop_back() {
            self.buffer.completed.push_front(completed);
        }
        records
    }
}
