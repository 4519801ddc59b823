//! One segment of a log (`LogSegment`).
//!
//! The index files of Kafka only speed up look-ups whose results are those of a scan, so there
//! are none here: batches are found by bisection.

use crate::event::ClosedSegment;
use crate::kafka::record::RecordBatch;
use std::sync::Arc;

/// A closed piece of a segment has this many batches; pieces are shared by clones of the log.
const PIECE: usize = 64;

/// A run of batches with ascending offsets.
#[derive(Clone, Debug)]
pub struct Segment {
    base_offset: u64,
    bytes: u64,
    created_ms: i64,
    modified_ms: i64,
    /// The first batch's largest timestamp: the clock of rolling by time.
    first_timestamp: Option<i64>,
    max_timestamp: i64,
    closed: Vec<Arc<[RecordBatch]>>,
    open: Vec<RecordBatch>,
    /// Empty; its memory serves each closing piece.
    scratch: Vec<u8>,
}

impl Segment {
    /// An empty segment.
    pub fn new(base_offset: u64, now_ms: i64) -> Self {
        Self {
            base_offset,
            bytes: 0,
            created_ms: now_ms,
            modified_ms: now_ms,
            first_timestamp: None,
            max_timestamp: -1,
            closed: Vec::new(),
            open: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// An empty segment that follows this one, which packs no more: it takes the scratch memory.
    #[must_use]
    pub fn next(&mut self, base_offset: u64, now_ms: i64) -> Self {
        Self { scratch: std::mem::take(&mut self.scratch), ..Self::new(base_offset, now_ms) }
    }

    /// The first offset it may hold: its file's name.
    pub fn base_offset(&self) -> u64 {
        self.base_offset
    }

    /// Its size in bytes.
    pub fn size_in_bytes(&self) -> u64 {
        self.bytes
    }

    /// The largest timestamp of its records, or when it was last written to when they have none
    /// (`LogSegment#largestTimestamp`), in ms.
    pub fn largest_timestamp(&self) -> i64 {
        if self.max_timestamp >= 0 { self.max_timestamp } else { self.modified_ms }
    }

    /// What is told of it when it closes or goes.
    pub fn summary(&self) -> ClosedSegment {
        ClosedSegment {
            base_offset: self.base_offset,
            bytes: self.bytes,
            first_timestamp: self.first_timestamp,
            largest_timestamp: self.largest_timestamp(),
        }
    }

    /// The largest timestamp of its records; -1 when there is none.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// Appends a batch whose offsets follow those already here.
    pub fn append(&mut self, batch: RecordBatch, now_ms: i64) {
        self.bytes += u64::from(batch.size_in_bytes());
        self.modified_ms = now_ms;
        self.first_timestamp.get_or_insert(batch.max_timestamp());
        self.max_timestamp = self.max_timestamp.max(batch.max_timestamp());
        if self.open.len() == PIECE {
            RecordBatch::pack(&mut self.open, &mut self.scratch);
            self.closed.push(self.open.drain(..).collect());
        }
        self.open.push(batch);
    }

    /// How long the segment has waited to be rolled, in ms (`LogSegment#timeWaitedForRoll`): by
    /// the records' time where they have any, not by the wall clock.
    pub fn time_waited_for_roll(&self, now_ms: i64, message_timestamp: i64) -> i64 {
        match self.first_timestamp {
            Some(first) if first >= 0 => message_timestamp.saturating_sub(first),
            _ => now_ms.saturating_sub(self.created_ms),
        }
    }

    /// All batches in order.
    pub fn batches(&self) -> impl Iterator<Item = &RecordBatch> {
        self.closed.iter().flat_map(|piece| piece.iter()).chain(&self.open)
    }

    /// The batches from the one that holds `offset`, or the first one after it.
    pub fn batches_from(&self, offset: u64) -> impl Iterator<Item = &RecordBatch> {
        let ends_before = |batches: &[RecordBatch]| {
            batches.last().is_none_or(|last| last.next_offset() <= offset)
        };
        let pieces = self.closed.partition_point(|piece| ends_before(piece));
        let within = |batches: &[RecordBatch]| {
            batches.partition_point(|batch| batch.next_offset() <= offset)
        };
        let (head, rest, open) = match self.closed.get(pieces) {
            Some(piece) => (&piece[within(piece)..], &self.closed[pieces + 1..], &self.open[..]),
            None => (&[][..], &[][..], &self.open[within(&self.open)..]),
        };
        head.iter().chain(rest.iter().flat_map(|piece| piece.iter())).chain(open)
    }

    /// Drops every batch with an offset of `offset` or more; emptied, it counts as created now
    /// (`LogSegment#truncateTo`).
    pub fn truncate_to(&mut self, offset: u64, now_ms: i64) {
        let kept: Vec<RecordBatch> =
            self.batches().take_while(|batch| batch.next_offset() <= offset).cloned().collect();
        let created_ms = if kept.is_empty() { now_ms } else { self.created_ms };
        let mut truncated = Self::new(self.base_offset, created_ms);
        for batch in kept {
            truncated.append(batch, now_ms);
        }
        truncated.modified_ms = now_ms;
        *self = truncated;
    }
}
