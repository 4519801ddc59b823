//! A partition's log on one broker (`UnifiedLog`, `LocalLog`).
//!
//! Always `log start offset <= high watermark <= log end offset`; offsets are dense. Knows
//! records and time; must not know replicas, requests or who is leader.
//!
//! Simplifications: without transactions the last stable offset is the high watermark; index
//! files are not modelled ([`Segment`]), so a segment never rolls because an index is full.

mod config;
mod epochs;
mod producers;
mod retention;
mod segment;
mod validate;

pub use config::{CleanupPolicy, InvalidConfig, TopicConfig};
pub use epochs::{EpochEntry, LeaderEpochCache};
pub use producers::{ProducerStates, SequenceCheck, increment_sequence};
pub use retention::{Deleted, DeletionReason};
pub use segment::Segment;
pub use validate::AppendError;

use super::protocol::{EpochEndOffset, ErrorCode};
use super::record::RecordBatch;
use producers::BatchMetadata;
use std::rc::Rc;

/// Records in the order of their offsets. Clones share the batches.
#[derive(Clone, Debug)]
pub struct Log {
    config: TopicConfig,
    /// Never empty; the last one is active. Beside each the producers as they were when it
    /// began (Kafka's `.snapshot` files).
    segments: Vec<(Segment, Rc<ProducerStates>)>,
    start_offset: u64,
    high_watermark: u64,
    end_offset: u64,
    epochs: LeaderEpochCache,
    producers: ProducerStates,
}

/// A batch that is in the log now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub first_offset: u64,
    /// Offset of its last record.
    pub last_offset: u64,
    /// The broker's time on it in ms, with `LogAppendTime`.
    pub log_append_time: Option<i64>,
    /// False for a producer's repetition: the offsets are those of the first time.
    pub is_new: bool,
    /// Base offset of the segment it lies in.
    pub segment: u64,
}

/// What a reader gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Whole batches, the first of which holds the offset asked for or comes after it.
    pub batches: Vec<RecordBatch>,
    /// Their size.
    pub bytes: u32,
}

impl Log {
    /// An empty log that begins at `start_offset`.
    pub fn new(config: TopicConfig, start_offset: u64, now_ms: i64) -> Self {
        Self {
            config,
            segments: vec![(Segment::new(start_offset, now_ms), Rc::default())],
            start_offset,
            high_watermark: start_offset,
            end_offset: start_offset,
            epochs: LeaderEpochCache::default(),
            producers: ProducerStates::default(),
        }
    }

    /// The topic's configuration.
    pub fn config(&self) -> &TopicConfig {
        &self.config
    }

    /// Changes the topic's configuration.
    pub fn set_config(&mut self, config: TopicConfig) {
        self.config = config;
    }

    /// The first offset that can be read.
    pub fn log_start_offset(&self) -> u64 {
        self.start_offset
    }

    /// Consumers see the records below it.
    pub fn high_watermark(&self) -> u64 {
        self.high_watermark
    }

    /// The offset of the next record.
    pub fn log_end_offset(&self) -> u64 {
        self.end_offset
    }

    /// Which leader epoch begins where.
    pub fn epochs(&self) -> &LeaderEpochCache {
        &self.epochs
    }

    /// The producers it knows.
    pub fn producers(&self) -> &ProducerStates {
        &self.producers
    }

    /// The segments, oldest first.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Segment> + ExactSizeIterator {
        self.segments.iter().map(|(segment, _)| segment)
    }

    /// Bytes of all segments.
    pub fn size_in_bytes(&self) -> u64 {
        self.segments().map(Segment::size_in_bytes).sum()
    }

    fn active(&self) -> &Segment {
        // A log always has a segment: `new`, `roll`, `truncate_to` and retention keep one.
        &self.segments[self.segments.len() - 1].0
    }

    fn active_mut(&mut self) -> &mut Segment {
        let last = self.segments.len() - 1;
        &mut self.segments[last].0
    }

    /// Notes the start of a leader's epoch at the log's end (`UnifiedLog#assignEpochStartOffset`).
    pub fn assign_epoch(&mut self, epoch: u32) {
        self.epochs.assign(epoch, self.end_offset);
    }

    /// Appends a client's batch as the leader of `leader_epoch` (`UnifiedLog#appendAsLeader`).
    /// The checks and their order are Kafka's; on an error nothing is written, though the
    /// active segment may have rolled.
    pub fn append_as_leader(
        &mut self,
        batch: RecordBatch,
        leader_epoch: u32,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let batch = validate::validate(&self.config, batch, now_ms)?;
        let log_append_time = validate::log_append_time(&batch);
        let batch = batch.assigned(self.end_offset, leader_epoch);
        self.epochs.assign(leader_epoch, self.end_offset);
        if batch.size_in_bytes() > self.config.segment_bytes {
            return Err(ErrorCode::RecordListTooLarge.into());
        }
        self.maybe_roll(&batch, now_ms);
        let count = batch.record_count();
        if let Some(stamp) = batch.producer()
            && let SequenceCheck::Duplicate(original) = self.producers.check(stamp, count)?
        {
            return Ok(self.duplicate(&original, count));
        }
        Ok(Appended { log_append_time, ..self.push(batch, now_ms) })
    }

    fn duplicate(&self, original: &BatchMetadata, count: u32) -> Appended {
        let first_offset = original.first_offset();
        Appended {
            first_offset,
            last_offset: first_offset + u64::from(count) - 1,
            log_append_time: (self.config.timestamp_type
                == super::record::TimestampType::LogAppendTime)
                .then_some(original.timestamp()),
            is_new: false,
            segment: self.segment_of(first_offset),
        }
    }

    fn segment_of(&self, offset: u64) -> u64 {
        let after = self.segments.partition_point(|(s, _)| s.base_offset() <= offset);
        self.segments[after.saturating_sub(1)].0.base_offset()
    }

    /// Appends a batch fetched from the leader, offsets and epoch included
    /// (`UnifiedLog#appendAsFollower`). A batch that does not begin at the log's end is refused.
    pub fn append_as_follower(
        &mut self,
        batch: RecordBatch,
        now_ms: i64,
    ) -> Result<Appended, ErrorCode> {
        if batch.base_offset() != self.end_offset {
            return Err(ErrorCode::CorruptMessage);
        }
        if let Some(epoch) = batch.partition_leader_epoch() {
            self.epochs.assign(epoch, batch.base_offset());
        }
        if batch.size_in_bytes() > self.config.segment_bytes {
            return Err(ErrorCode::RecordListTooLarge);
        }
        self.maybe_roll(&batch, now_ms);
        Ok(self.push(batch, now_ms))
    }

    fn push(&mut self, batch: RecordBatch, now_ms: i64) -> Appended {
        let (first_offset, last_offset) = (batch.base_offset(), batch.last_offset());
        self.producers.update(&batch);
        self.end_offset = batch.next_offset();
        self.active_mut().append(batch, now_ms);
        let segment = self.active().base_offset();
        Appended { first_offset, last_offset, log_append_time: None, is_new: true, segment }
    }

    /// `LogSegment#shouldRoll`.
    fn maybe_roll(&mut self, batch: &RecordBatch, now_ms: i64) {
        let active = self.active();
        let limit = u64::from(self.config.segment_bytes);
        let full = active.size_in_bytes() + u64::from(batch.size_in_bytes()) > limit;
        let waited = active.time_waited_for_roll(now_ms, batch.max_timestamp());
        let old = active.size_in_bytes() > 0 && waited > self.config.segment_ms;
        let far = batch.last_offset() - active.base_offset() > i32::MAX as u64;
        if full || old || far {
            self.roll(now_ms);
        }
    }

    /// Closes the active segment and begins a new one at the log's end. An empty one stays.
    fn roll(&mut self, now_ms: i64) {
        if self.active().size_in_bytes() > 0 {
            let base_offset = self.end_offset;
            let segment = self.active_mut().next(base_offset, now_ms);
            self.segments.push((segment, Rc::new(self.producers.clone())));
        }
    }

    /// Moves the high watermark, held between log start and log end
    /// (`UnifiedLog#updateHighWatermark`). True when that changed it.
    pub fn update_high_watermark(&mut self, offset: u64) -> bool {
        let offset = offset.clamp(self.start_offset, self.end_offset);
        std::mem::replace(&mut self.high_watermark, offset) != offset
    }

    /// Reads from `offset` what lies below `upper_bound`, at most `max_bytes`; with
    /// `min_one_batch` the first batch comes whole even when it is larger (`LocalLog#read`). As
    /// in Kafka one read never goes beyond a segment that has something to give.
    pub fn read(
        &self,
        offset: u64,
        max_bytes: u32,
        upper_bound: u64,
        min_one_batch: bool,
    ) -> Result<Read, ErrorCode> {
        if offset < self.start_offset || offset > self.end_offset {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let mut read = Read::default();
        let first = self.segments.partition_point(|(s, _)| s.base_offset() <= offset);
        for (segment, _) in &self.segments[first.saturating_sub(1)..] {
            for batch in segment.batches_from(offset) {
                let size = batch.size_in_bytes();
                let fits = read.bytes.saturating_add(size) <= max_bytes
                    || min_one_batch && read.batches.is_empty();
                if batch.last_offset() >= upper_bound || !fits {
                    return Ok(read);
                }
                read.bytes += size;
                read.batches.push(batch.clone());
            }
            if !read.batches.is_empty() {
                break;
            }
        }
        Ok(read)
    }

    /// Bytes from `offset` up to `upper_bound`, counted no further than `enough`; more than
    /// `enough` when the two lie in different segments (`DelayedFetch#tryComplete`).
    pub fn available_bytes(&self, offset: u64, upper_bound: u64, enough: u32) -> u32 {
        if self.segment_of(offset) != self.segment_of(upper_bound) {
            return u32::MAX;
        }
        let Some((segment, _)) =
            self.segments.iter().rfind(|(segment, _)| segment.base_offset() <= offset)
        else {
            return 0;
        };
        let mut bytes = 0_u32;
        for batch in segment.batches_from(offset) {
            if batch.last_offset() >= upper_bound || bytes >= enough {
                break;
            }
            bytes = bytes.saturating_add(batch.size_in_bytes());
        }
        bytes
    }

    /// The first record, in the order of offsets, of the first segment that reaches `timestamp`,
    /// whose time is at least that; with its time (`UnifiedLog#fetchOffsetByTimestamp`).
    pub fn offset_for_timestamp(&self, timestamp: i64) -> Option<(u64, i64)> {
        let (segment, _) =
            self.segments.iter().find(|(segment, _)| segment.largest_timestamp() >= timestamp)?;
        segment
            .batches_from(self.start_offset)
            .filter(|batch| batch.max_timestamp() >= timestamp)
            .flat_map(RecordBatch::timestamps)
            .find(|&(offset, time)| time >= timestamp && offset >= self.start_offset)
    }

    /// The first record with the largest timestamp, with its time.
    pub fn offset_for_max_timestamp(&self) -> Option<(u64, i64)> {
        let mut best: Option<&Segment> = None;
        for segment in self.segments() {
            if best.is_none_or(|best| segment.max_timestamp() > best.max_timestamp()) {
                best = Some(segment);
            }
        }
        let segment = best?;
        let largest = segment.max_timestamp();
        let batch = segment.batches().find(|batch| batch.max_timestamp() == largest)?;
        batch.timestamps().find(|&(_, time)| time == largest)
    }

    /// Where `epoch` ends here.
    pub fn end_offset_for_epoch(&self, epoch: u32) -> Option<EpochEndOffset> {
        self.epochs.end_offset_for(epoch, self.end_offset)
    }

    /// The epoch of the last record.
    pub fn last_epoch(&self) -> Option<u32> {
        self.epochs.latest_epoch()
    }

    /// Drops every record from `offset` on (`UnifiedLog#truncateTo`). True when that changed the
    /// log's end.
    pub fn truncate_to(&mut self, offset: u64, now_ms: i64) -> bool {
        if offset >= self.end_offset {
            self.epochs.truncate_from_end(offset);
            return false;
        }
        if offset < self.segments[0].0.base_offset() {
            self.truncate_fully_and_start_at(offset, now_ms);
            return true;
        }
        // A segment that begins at `offset` stays, empty (`LocalLog#truncateTo`).
        self.segments.retain(|(segment, _)| segment.base_offset() <= offset);
        self.active_mut().truncate_to(offset, now_ms);
        self.end_offset = offset;
        self.start_offset = self.start_offset.min(offset);
        self.epochs.truncate_from_end(offset);
        self.reload_producers();
        self.high_watermark = self.high_watermark.min(offset);
        true
    }

    /// Drops everything and goes on at `offset`.
    pub fn truncate_fully_and_start_at(&mut self, offset: u64, now_ms: i64) {
        *self = Self::new(self.config.clone(), offset, now_ms);
    }

    /// Reads the producers anew from the last segment's snapshot and records
    /// (`ProducerStateManager#truncateAndReload`).
    fn reload_producers(&mut self) {
        let (segment, snapshot) = &self.segments[self.segments.len() - 1];
        let mut producers = ProducerStates::clone(snapshot);
        segment.batches().for_each(|batch| producers.update(batch));
        self.producers = producers;
    }

    /// Forgets producers that were silent for `producer.id.expiration.ms`.
    pub fn remove_expired_producers(&mut self, now_ms: i64, expiration_ms: i64) {
        self.producers.remove_expired(now_ms, expiration_ms);
    }
}
