//! Producer ids, epochs and sequence numbers of an idempotent producer (`TransactionManager`,
//! `TxnPartitionMap`, without transactions).

use crate::event::TopicPartition;
use crate::kafka::record::ProducerStamp;
use crate::sim::{SortedMap, SortedSet};

/// Where the producer stands with one partition.
#[derive(Clone, Copy, Debug)]
struct State {
    producer: (u64, i16),
    next: i32,
    last_acked: Option<i32>,
    /// A sent batch ran out of time: the sequence after it. Nothing new is sent until it is clear
    /// whether the batch was written.
    unresolved: Option<i32>,
}

/// The sequence after `count` more records: wraps from 2147483647 to 0
/// (`DefaultRecordBatch#incrementSequence`).
pub(super) fn increment(sequence: i32, count: u32) -> i32 {
    let sum = (i64::from(sequence) + i64::from(count)) % (i64::from(i32::MAX) + 1);
    sum as i32
}

/// The state of idempotence. Without idempotence everything is allowed and nothing is stamped.
#[derive(Clone, Debug)]
pub(super) struct Sequences {
    pub(super) enabled: bool,
    producer: Option<(u64, i16)>,
    partitions: SortedMap<TopicPartition, State>,
    bump: SortedSet<TopicPartition>,
}

impl Sequences {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, producer: None, partitions: SortedMap::new(), bump: SortedSet::new() }
    }

    pub(super) fn needs_producer_id(&self) -> bool {
        self.enabled && self.producer.is_none()
    }

    pub(super) fn set_producer_id(&mut self, id: u64, epoch: i16) {
        self.producer = Some((id, epoch));
    }

    /// Whether a batch may be sent now (`RecordAccumulator#shouldStopDrainBatchesForPartition`,
    /// negated). `first_in_flight` is the lowest sequence that is sent and not settled.
    pub(super) fn may_send(
        &self,
        partition: &TopicPartition,
        stamp: Option<ProducerStamp>,
        first_in_flight: Option<i32>,
    ) -> bool {
        if !self.enabled {
            return true;
        }
        if self.producer.is_none() || self.bump.contains(partition) {
            return false;
        }
        let state = self.partitions.get(partition);
        if let Some(stamp) = stamp {
            first_in_flight.is_none_or(|first| first == stamp.base_sequence)
        } else {
            let stale = state.is_some_and(|state| Some(state.producer) != self.producer);
            let unresolved = state.is_some_and(|state| state.unresolved.is_some());
            !(unresolved || stale && first_in_flight.is_some())
        }
    }

    /// Gives the next `count` sequences of a partition to a batch.
    pub(super) fn stamp(
        &mut self,
        partition: &TopicPartition,
        count: u32,
    ) -> Option<ProducerStamp> {
        if !self.enabled {
            return None;
        }
        let producer = self.producer?;
        let fresh = State { producer, next: 0, last_acked: None, unresolved: None };
        let state = self.partitions.entry(partition.clone()).or_insert(fresh);
        if state.producer != producer {
            *state = fresh;
        }
        let base_sequence = state.next;
        state.next = increment(base_sequence, count);
        Some(ProducerStamp { producer_id: producer.0, producer_epoch: producer.1, base_sequence })
    }

    /// A batch was written.
    pub(super) fn acked(&mut self, partition: &TopicPartition, stamp: ProducerStamp, count: u32) {
        if let Some(state) = self.partitions.get_mut(partition)
            && state.producer == (stamp.producer_id, stamp.producer_epoch)
        {
            let last = increment(stamp.base_sequence, count.saturating_sub(1));
            state.last_acked = Some(state.last_acked.map_or(last, |acked| acked.max(last)));
        }
    }

    fn is_next(&self, partition: &TopicPartition, sequence: i32) -> bool {
        let acked = self.partitions.get(partition).and_then(|state| state.last_acked);
        acked.map_or(0, |acked| increment(acked, 1)) == sequence
    }

    /// `OUT_OF_ORDER_SEQUENCE_NUMBER` came for this batch: it is sent again; where the gap is
    /// real, under a new epoch.
    pub(super) fn out_of_order(&mut self, partition: &TopicPartition, stamp: ProducerStamp) {
        let unresolved = self.partitions.get(partition).and_then(|state| state.unresolved);
        let next = self.is_next(partition, stamp.base_sequence);
        let after_unresolved = unresolved == Some(stamp.base_sequence);
        // A batch that is not the next in line only waits for those before it.
        if unresolved.is_none() && next || after_unresolved {
            self.request_bump(partition);
        }
    }

    /// The partition goes on under a new epoch, its sequences from 0.
    pub(super) fn request_bump(&mut self, partition: &TopicPartition) {
        if self.enabled {
            self.bump.insert(partition.clone());
        }
    }

    /// A batch that was sent more than once ran out of time.
    pub(super) fn mark_unresolved(&mut self, partition: &TopicPartition, after: i32) {
        if let Some(state) = self.partitions.get_mut(partition) {
            state.unresolved = Some(state.unresolved.map_or(after, |known| known.max(after)));
        }
    }

    /// Nothing of these partitions is under way any more: either all was written, or the rest
    /// goes on under a new epoch (`#maybeResolveSequences`).
    pub(super) fn resolve(&mut self, is_idle: impl Fn(&TopicPartition) -> bool) {
        let waiting: Vec<(TopicPartition, i32)> = self
            .partitions
            .iter()
            .filter(|(partition, state)| state.unresolved.is_some() && is_idle(partition))
            .map(|(partition, state)| (partition.clone(), state.next))
            .collect();
        for (partition, next) in waiting {
            if !self.is_next(&partition, next) {
                self.request_bump(&partition);
            }
            if let Some(state) = self.partitions.get_mut(&partition) {
                state.unresolved = None;
            }
        }
    }

    /// Raises the epoch if somebody asked for it; returns the partitions whose sent batches get
    /// new sequences (`#bumpIdempotentProducerEpoch`). At the last epoch a new id is needed.
    pub(super) fn bump(&mut self) -> SortedSet<TopicPartition> {
        let Some((id, epoch)) = self.producer else { return SortedSet::new() };
        if self.bump.is_empty() {
            return SortedSet::new();
        }
        if epoch == i16::MAX {
            self.producer = None;
            return SortedSet::new();
        }
        self.producer = Some((id, epoch + 1));
        let partitions = std::mem::take(&mut self.bump);
        for partition in &partitions {
            self.partitions.remove(partition);
        }
        partitions
    }
}

#[cfg(test)]
mod tests {
    use super::increment;

    /// `DefaultRecordBatchTest`: inc(2147483647, 1) = 0, inc(2147483640, 10) = 2.
    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(increment(i32::MAX, 1), 0);
        assert_eq!(increment(2_147_483_640, 10), 2);
        assert_eq!(increment(5, 1), 6);
    }
}
