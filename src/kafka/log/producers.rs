//! What a log knows of idempotent producers (`ProducerStateManager`, `ProducerAppendInfo`,
//! `ProducerStateEntry`).

use crate::kafka::protocol::ErrorCode;
use crate::kafka::record::{ProducerStamp, RecordBatch};
use crate::sim::SortedMap;
use std::collections::VecDeque;

/// How many batches of a producer are remembered (`NUM_BATCHES_TO_RETAIN`).
const RETAINED_BATCHES: usize = 5;

/// `sequence + increment`, from 2147483647 on to 0 (`DefaultRecordBatch#incrementSequence`).
pub fn increment_sequence(sequence: i32, increment: u32) -> i32 {
    ((i64::from(sequence) + i64::from(increment)) & i64::from(i32::MAX)) as i32
}

/// A batch that a producer has written already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMetadata {
    /// Sequence of its last record.
    last_sequence: i32,
    /// Offset of its last record.
    last_offset: u64,
    /// Its records less one.
    offset_delta: u32,
    timestamp: i64,
}

impl BatchMetadata {
    fn first_sequence(&self) -> i32 {
        // Before the wrap the counter has 2^31 values, so going back is going on.
        (i64::from(self.last_sequence) - i64::from(self.offset_delta)).rem_euclid(1 << 31) as i32
    }

    /// Offset of its first record.
    pub fn first_offset(&self) -> u64 {
        self.last_offset - u64::from(self.offset_delta)
    }

    /// Its largest timestamp in ms.
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }
}

#[derive(Clone, Debug, Default)]
struct ProducerState {
    epoch: i16,
    batches: VecDeque<BatchMetadata>,
    last_timestamp: i64,
}

/// The producers of one log.
#[derive(Clone, Debug, Default)]
pub struct ProducerStates(SortedMap<u64, ProducerState>);

/// Whether a producer's batch may be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceCheck {
    /// It is the next one.
    Append,
    /// It is in the log already.
    Duplicate(BatchMetadata),
}

impl ProducerStates {
    /// Checks a client's batch (`UnifiedLog#analyzeAndValidateProducerState`,
    /// `ProducerAppendInfo#checkProducerEpoch`, `#checkSequence`).
    pub fn check(&self, stamp: ProducerStamp, count: u32) -> Result<SequenceCheck, ErrorCode> {
        let Some(state) = self.0.get(&stamp.producer_id) else {
            // Never seen, or forgotten: any sequence is a beginning.
            return Ok(SequenceCheck::Append);
        };
        let last_sequence = increment_sequence(stamp.base_sequence, count - 1);
        if stamp.producer_epoch == state.epoch {
            let same = |batch: &&BatchMetadata| {
                batch.first_sequence() == stamp.base_sequence
                    && batch.last_sequence == last_sequence
            };
            if let Some(batch) = state.batches.iter().find(same) {
                return Ok(SequenceCheck::Duplicate(*batch));
            }
        }
        if stamp.producer_epoch < state.epoch {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let expected = match state.batches.back() {
            Some(last) if stamp.producer_epoch == state.epoch => {
                increment_sequence(last.last_sequence, 1)
            }
            _ if stamp.producer_epoch == state.epoch => return Ok(SequenceCheck::Append),
            _ => 0,
        };
        if stamp.base_sequence == expected {
            Ok(SequenceCheck::Append)
        } else {
            Err(ErrorCode::OutOfOrderSequenceNumber)
        }
    }

    /// Takes note of an appended batch: on the leader after [`Self::check`], on followers and
    /// in recovery without.
    pub fn update(&mut self, batch: &RecordBatch) {
        let Some(stamp) = batch.producer() else { return };
        let state = self.0.entry(stamp.producer_id).or_default();
        if stamp.producer_epoch != state.epoch {
            state.batches.clear();
            state.epoch = stamp.producer_epoch;
        }
        if state.batches.len() == RETAINED_BATCHES {
            state.batches.pop_front();
        }
        let offset_delta = batch.record_count() - 1;
        state.batches.push_back(BatchMetadata {
            last_sequence: increment_sequence(stamp.base_sequence, offset_delta),
            last_offset: batch.last_offset(),
            offset_delta,
            timestamp: batch.max_timestamp(),
        });
        state.last_timestamp = batch.max_timestamp();
    }

    /// Forgets producers that have not written for longer than `expiration_ms`
    /// (`producer.id.expiration.ms`, `ProducerStateManager#removeExpiredProducers`).
    pub fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) {
        self.0.retain(|_, state| now_ms.saturating_sub(state.last_timestamp) < expiration_ms);
    }

    /// How many producers are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `DefaultRecordBatchTest#testIncrementSequence`, and the wrap.
    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(increment_sequence(5, 10), 15);
        assert_eq!(increment_sequence(i32::MAX, 1), 0);
        assert_eq!(increment_sequence(i32::MAX - 5, 10), 4);
        assert_eq!(increment_sequence(2_147_483_640, 10), 2);
    }
}
