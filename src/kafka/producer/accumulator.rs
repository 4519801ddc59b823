//! Batches that fill and wait (`RecordAccumulator`, `ProducerBatch`, `MemoryRecordsBuilder`).
//!
//! Knows records, sizes and time; knows neither brokers nor requests.

use crate::event::TopicPartition;
use crate::kafka::record::{ProducerStamp, Record, size};
use crate::sim::{Instant, SortedMap, Span};
use std::collections::VecDeque;

/// A batch that fills, waits, or is under way.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) partition: TopicPartition,
    pub(super) records: Vec<Record>,
    /// The numbers that `send` gave the records; parallel to them.
    pub(super) numbers: Vec<u64>,
    /// Estimated bytes, header included.
    pub(super) bytes: u32,
    /// Bytes it may grow to: its buffer.
    pub(super) capacity: u32,
    pub(super) created: Instant,
    pub(super) attempts: u32,
    pub(super) last_attempt: Instant,
    /// Not before: the back-off after a failed attempt.
    pub(super) not_before: Instant,
    /// Set when it is first sent by an idempotent producer.
    pub(super) stamp: Option<ProducerStamp>,
    /// The leader epoch it was last sent under.
    pub(super) leader_epoch: Option<u32>,
    /// A piece of one that was too large.
    is_split: bool,
}

impl Batch {
    fn new(partition: TopicPartition, capacity: u32, now: Instant) -> Self {
        Self {
            partition,
            records: Vec::new(),
            numbers: Vec::new(),
            bytes: size::RECORD_BATCH_OVERHEAD,
            capacity,
            created: now,
            attempts: 0,
            last_attempt: now,
            not_before: now,
            stamp: None,
            leader_epoch: None,
            is_split: false,
        }
    }

    fn size_of(&self, record: &Record) -> u32 {
        let base = self.records.first().map_or(record.timestamp, |first| first.timestamp);
        let delta = record.timestamp.wrapping_sub(base);
        size::record(record, self.records.len() as u32, delta)
    }

    /// Appends if there is room; a batch in retry takes nothing more.
    fn try_append(&mut self, record: &Record, number: u64) -> bool {
        let bytes = self.bytes.saturating_add(self.size_of(record));
        if self.is_closed() || !self.records.is_empty() && bytes > self.capacity {
            return false;
        }
        self.records.push(record.clone());
        self.numbers.push(number);
        self.bytes = bytes;
        true
    }

    /// Was sent already, or has its sequence: it stays as it is.
    fn is_closed(&self) -> bool {
        self.attempts > 0 || self.stamp.is_some()
    }

    /// No record fits any more (`MemoryRecordsBuilder#isFull`).
    pub(super) fn is_full(&self) -> bool {
        self.is_closed() || !self.records.is_empty() && self.bytes >= self.capacity
    }

    /// `delivery.timeout.ms` is over.
    pub(super) fn is_expired(&self, now: Instant, delivery_timeout: Span) -> bool {
        self.created + delivery_timeout <= now
    }
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Appended {
    /// Growth of the estimated size, the header of a new batch included.
    pub(super) bytes: u32,
    /// Whether all batches of the partition are full now.
    pub(super) full: bool,
}

/// The queues of one producer.
#[derive(Clone, Debug)]
pub(super) struct Accumulator {
    batch_size: u32,
    linger: Span,
    memory: u64,
    used: u64,
    queues: SortedMap<TopicPartition, VecDeque<Batch>>,
}

impl Accumulator {
    pub(super) fn new(batch_size: u32, linger: Span, memory: u64) -> Self {
        Self { batch_size, linger, memory, used: 0, queues: SortedMap::new() }
    }

    /// Whether a new batch for this record fits into the memory.
    fn has_memory(&self, capacity: u32) -> bool {
        self.used == 0 || self.used + u64::from(capacity) <= self.memory
    }

    /// Appends a record; none when `buffer.memory` is used up.
    pub(super) fn append(
        &mut self,
        partition: &TopicPartition,
        record: &Record,
        number: u64,
        now: Instant,
    ) -> Option<Appended> {
        let capacity = self.batch_size.max(size::upper_bound(record));
        let has_memory = self.has_memory(capacity);
        let queue = self.queues.entry(partition.clone()).or_default();
        if let Some(last) = queue.back_mut() {
            let before = last.bytes;
            if last.try_append(record, number) {
                return Some(Appended { bytes: last.bytes - before, full: last.is_full() });
            }
        }
        if !has_memory {
            return None;
        }
        let mut batch = Batch::new(partition.clone(), capacity, now);
        batch.try_append(record, number);
        let appended = Appended { bytes: batch.bytes, full: batch.is_full() };
        self.used += u64::from(capacity);
        queue.push_back(batch);
        Some(appended)
    }

    /// Batches that wait for this partition; none if there never was one.
    pub(super) fn queued(&self, partition: &TopicPartition) -> Option<u32> {
        self.queues.get(partition).map(|queue| queue.len() as u32)
    }

    /// Whether all batches that wait are full (true when none waits).
    pub(super) fn all_full(&self, partition: &TopicPartition) -> bool {
        self.queues.get(partition).and_then(VecDeque::back).is_none_or(Batch::is_full)
    }

    /// The partitions that have batches.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.queues.iter().filter(|(_, queue)| !queue.is_empty()).map(|(partition, _)| partition)
    }

    /// How many records wait.
    pub(super) fn records(&self) -> u64 {
        self.queues.values().flatten().map(|batch| batch.numbers.len() as u64).sum()
    }

    pub(super) fn first(&self, partition: &TopicPartition) -> Option<&Batch> {
        self.queues.get(partition)?.front()
    }

    /// When the partition's first batch is ready to be sent: at once when it is full, more wait
    /// behind it or memory ran out, else when it has lingered (`RecordAccumulator#batchReady`).
    pub(super) fn ready_at(
        &self,
        partition: &TopicPartition,
        exhausted: bool,
        flushing: bool,
    ) -> Option<Instant> {
        let queue = self.queues.get(partition)?;
        let first = queue.front()?;
        if first.attempts > 0 {
            return Some(first.not_before);
        }
        let at_once = first.is_full() || queue.len() > 1 || exhausted || flushing;
        Some(if at_once { first.last_attempt } else { first.last_attempt + self.linger })
    }

    /// Takes the first batch to send it. Its memory stays in use until [`Accumulator::release`].
    pub(super) fn take(&mut self, partition: &TopicPartition) -> Option<Batch> {
        self.queues.get_mut(partition)?.pop_front()
    }

    /// Puts a batch back to be sent again: in the order of sequences where it has one, else at
    /// the front (`#reenqueue`, `#insertInSequenceOrder`).
    pub(super) fn put_back(&mut self, batch: Batch) {
        let queue = self.queues.entry(batch.partition.clone()).or_default();
        let index = match batch.stamp {
            None => 0,
            Some(stamp) => queue
                .iter()
                .take_while(|other| {
                    other.stamp.is_some_and(|s| s.base_sequence < stamp.base_sequence)
                })
                .count(),
        };
        queue.insert(index, batch);
    }

    /// Splits a batch that was too large into pieces of about `batch.size`, or a piece that is
    /// still too large into halves (`RecordAccumulator#splitAndReenqueue`, KAFKA-8350), and puts
    /// them back in its place. The pieces share out its sequences.
    pub(super) fn split(&mut self, batch: Batch, now: Instant) {
        self.release(&batch);
        let target = if batch.is_split {
            let largest = batch.records.iter().map(size::upper_bound).max();
            (batch.bytes / 2).max(largest.unwrap_or(0))
        } else {
            self.batch_size
        };
        let mut pieces: Vec<Batch> = Vec::new();
        for (record, number) in batch.records.iter().zip(&batch.numbers) {
            if pieces.last_mut().is_some_and(|piece| piece.try_append(record, *number)) {
                continue;
            }
            let capacity = target.max(size::upper_bound(record));
            let mut piece = Batch::new(batch.partition.clone(), capacity, now);
            piece.is_split = true;
            piece.created = batch.created;
            piece.try_append(record, *number);
            self.used += u64::from(capacity);
            pieces.push(piece);
        }
        let mut stamp = batch.stamp;
        for piece in &mut pieces {
            piece.stamp = stamp;
            if let Some(stamp) = &mut stamp {
                let count = piece.records.len() as u32;
                stamp.base_sequence = super::sequences::increment(stamp.base_sequence, count);
            }
        }
        let queue = self.queues.entry(batch.partition).or_default();
        for piece in pieces.into_iter().rev() {
            queue.push_front(piece);
        }
    }

    /// The batch is done: its memory is free again.
    pub(super) fn release(&mut self, batch: &Batch) {
        self.used = self.used.saturating_sub(u64::from(batch.capacity));
    }

    /// Takes out what waited longer than `delivery.timeout.ms`.
    pub(super) fn expire(&mut self, now: Instant, delivery_timeout: Span) -> Vec<Batch> {
        let mut expired = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.front().is_some_and(|batch| batch.is_expired(now, delivery_timeout)) {
                expired.extend(queue.pop_front());
            }
        }
        expired
    }

    /// All batches that wait, for changes in place.
    pub(super) fn queue_mut(&mut self, partition: &TopicPartition) -> Option<&mut VecDeque<Batch>> {
        self.queues.get_mut(partition)
    }

    /// When the oldest waiting batch was made.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.queues.values().flatten().map(|batch| batch.created).min()
    }
}
