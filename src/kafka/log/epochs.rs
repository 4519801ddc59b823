//! Which leader epoch begins where in a log (`LeaderEpochFileCache`).

use crate::kafka::protocol::EpochEndOffset;
use serde::{Deserialize, Serialize};

/// An epoch and the offset of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochEntry {
    /// The leader epoch.
    pub epoch: u32,
    /// Where it starts.
    pub start_offset: u64,
}

/// The epochs of a log, strictly rising in epoch and in offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochCache(Vec<EpochEntry>);

impl LeaderEpochCache {
    /// Notes that `epoch` starts at `start_offset`; entries that contradict it go
    /// (`LeaderEpochFileCache#assign`, `#maybeTruncateNonMonotonicEntries`).
    pub fn assign(&mut self, epoch: u32, start_offset: u64) {
        if self.0.last().is_some_and(|last| last.epoch == epoch) {
            return;
        }
        self.0.retain(|entry| entry.epoch < epoch && entry.start_offset < start_offset);
        self.0.push(EpochEntry { epoch, start_offset });
    }

    /// The newest epoch.
    pub fn latest_epoch(&self) -> Option<u32> {
        self.0.last().map(|entry| entry.epoch)
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.0
    }

    /// The epoch of the record at `offset`.
    pub fn epoch_for_offset(&self, offset: u64) -> Option<u32> {
        let after = self.0.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|i| self.0[i].epoch)
    }

    /// The largest epoch not above `epoch`, and where it ends
    /// (`LeaderEpochFileCache#endOffsetFor`); none when that cannot be known.
    pub fn end_offset_for(&self, epoch: u32, log_end_offset: u64) -> Option<EpochEndOffset> {
        let latest = self.latest_epoch()?;
        if epoch == latest {
            return Some(EpochEndOffset { epoch, end_offset: log_end_offset });
        }
        let higher = self.0.partition_point(|entry| entry.epoch <= epoch);
        let end_offset = self.0.get(higher)?.start_offset;
        // An epoch older than all that are known ends where the first known one starts.
        let floor = higher.checked_sub(1).map_or(epoch, |i| self.0[i].epoch);
        Some(EpochEndOffset { epoch: floor, end_offset })
    }

    /// Forgets what starts at `end_offset` or later.
    pub fn truncate_from_end(&mut self, end_offset: u64) {
        self.0.retain(|entry| entry.start_offset < end_offset);
    }

    /// Forgets what ends before `start_offset`; the epoch in force there then starts there.
    pub fn truncate_from_start(&mut self, start_offset: u64) {
        let after = self.0.partition_point(|entry| entry.start_offset <= start_offset);
        if let Some(in_force) = after.checked_sub(1) {
            self.0.drain(..in_force);
            self.0[0].start_offset = start_offset;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(u32, u64)]) -> LeaderEpochCache {
        let mut cache = LeaderEpochCache::default();
        for &(epoch, start) in entries {
            cache.assign(epoch, start);
        }
        cache
    }

    /// Results of running Kafka 4.3's `LeaderEpochFileCache`.
    #[test]
    fn end_offsets_are_those_of_kafka() {
        let cache = cache(&[(1, 0), (3, 10), (5, 30)]);
        let end = |epoch| cache.end_offset_for(epoch, 42).map(|end| (end.epoch, end.end_offset));
        assert_eq!(end(1), Some((1, 10)));
        assert_eq!(end(2), Some((1, 10)));
        assert_eq!(end(3), Some((3, 30)));
        assert_eq!(end(4), Some((3, 30)));
        assert_eq!(end(5), Some((5, 42)));
        assert_eq!(end(6), None);
        assert_eq!(end(0), Some((0, 0)));
    }

    #[test]
    fn an_assignment_drops_what_contradicts_it() {
        let mut cache = cache(&[(1, 0), (3, 10), (5, 30)]);
        cache.assign(6, 25);
        let entries: Vec<_> = cache.entries().iter().map(|e| (e.epoch, e.start_offset)).collect();
        assert_eq!(entries, [(1, 0), (3, 10), (6, 25)]);
    }

    /// `LeaderEpochFileCacheTest#shouldClearEarliest...`, `#shouldUpdateOffsetBetweenEpochBoundariesOnClearEarliest`.
    #[test]
    fn truncation_from_the_start_moves_the_epoch_in_force() {
        let entries = |start| {
            let mut cache = cache(&[(2, 6), (3, 8), (4, 11)]);
            cache.truncate_from_start(start);
            cache.entries().iter().map(|e| (e.epoch, e.start_offset)).collect::<Vec<_>>()
        };
        assert_eq!(entries(8), [(3, 8), (4, 11)]);
        assert_eq!(entries(9), [(3, 9), (4, 11)]);
        assert_eq!(entries(1), [(2, 6), (3, 8), (4, 11)]);
        assert_eq!(entries(11), [(4, 11)]);
    }
}
