//! Deleting old segments and records (`UnifiedLog#deleteOldSegments`,
//! `#maybeIncrementLogStartOffset`).

use super::{Log, Segment};
use crate::event::ClosedSegment;
use crate::kafka::protocol::ErrorCode;

/// Why the log start offset rose, in Kafka's words (`LogStartOffsetIncrementReason`,
/// `SegmentDeletionReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionReason {
    /// The segments were below the log start offset.
    StartOffsetBreach,
    /// The log was larger than `retention.bytes`.
    RetentionSizeBreach,
    /// The segments were older than `retention.ms`.
    RetentionMsBreach,
}

impl DeletionReason {
    /// In words, as Kafka's log has it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::StartOffsetBreach => "log start offset breached",
            Self::RetentionSizeBreach => "retention size breached",
            Self::RetentionMsBreach => "retention time breached",
        }
    }
}

/// Segments that a pass of retention deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Which, at least one.
    pub segments: Vec<ClosedSegment>,
    /// Why.
    pub reason: DeletionReason,
    /// The log start offset afterwards.
    pub log_start_offset: u64,
}

impl Log {
    /// Deletes whole old segments, the active one included when all others went. Three passes
    /// in Kafka's order; each goes from the oldest segment and stops at the first that stays.
    pub fn delete_old_segments(&mut self, now_ms: i64) -> Vec<Deleted> {
        let mut deleted = Vec::new();
        let start = self.start_offset;
        let below_start = |_: &Segment, next: Option<u64>| next.is_some_and(|next| next <= start);
        deleted.extend(self.delete_pass(DeletionReason::StartOffsetBreach, now_ms, below_start));
        if !self.config.cleanup_policy.delete {
            return deleted;
        }
        if let Some(limit) = self.config.retention_bytes
            && let Some(mut excess) = self.size_in_bytes().checked_sub(limit)
        {
            let in_excess = move |segment: &Segment, _| {
                let Some(rest) = excess.checked_sub(segment.size_in_bytes()) else { return false };
                excess = rest;
                true
            };
            let reason = DeletionReason::RetentionSizeBreach;
            deleted.extend(self.delete_pass(reason, now_ms, in_excess));
        }
        if let Some(limit) = self.config.retention_ms {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let old = move |segment: &Segment, _| {
                now_ms.saturating_sub(segment.largest_timestamp()) > limit
            };
            deleted.extend(self.delete_pass(DeletionReason::RetentionMsBreach, now_ms, old));
        }
        deleted
    }

    fn delete_pass(
        &mut self,
        reason: DeletionReason,
        now_ms: i64,
        mut breaches: impl FnMut(&Segment, Option<u64>) -> bool,
    ) -> Option<Deleted> {
        let mut count = 0;
        for (index, (segment, _)) in self.segments.iter().enumerate() {
            let next = self.segments.get(index + 1).map(|(next, _)| next.base_offset());
            let upper_bound = next.unwrap_or(self.end_offset);
            let last_and_empty = next.is_none() && segment.size_in_bytes() == 0;
            let visible = self.high_watermark >= upper_bound;
            if !visible || !breaches(segment, next) || last_and_empty {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return None;
        }
        if count == self.segments.len() {
            self.roll(now_ms);
        }
        let segments = self.segments.drain(..count).map(|(segment, _)| segment.summary()).collect();
        let first = self.segments[0].0.base_offset();
        self.increment_log_start_offset(first);
        let log_start_offset = self.start_offset;
        Some(Deleted { segments, reason, log_start_offset })
    }

    /// Makes the records before `offset` unreadable (`DeleteRecords`); their segments go with
    /// the next retention pass. None stands for the high watermark. Returns the log start offset.
    pub fn delete_records(&mut self, offset: Option<u64>) -> Result<u64, ErrorCode> {
        let policy = self.config.cleanup_policy;
        if policy.compact && !policy.delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let offset = offset.unwrap_or(self.high_watermark);
        if offset > self.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        self.increment_log_start_offset(offset);
        Ok(self.start_offset)
    }

    /// Raises the log start offset; a lower one changes nothing. A follower follows its leader
    /// with this. True when it rose.
    pub fn increment_log_start_offset(&mut self, offset: u64) -> bool {
        if offset <= self.start_offset {
            return false;
        }
        self.start_offset = offset;
        self.high_watermark = self.high_watermark.max(offset);
        self.epochs.truncate_from_start(offset);
        true
    }
}
