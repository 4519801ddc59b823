//! Requests that wait for something (`DelayedOperationPurgatory`).

use crate::event::{ConnectionId, TopicPartition};
use crate::sim::{Instant, SortedMap, SortedSet};

/// A request that waits.
#[derive(Clone, Debug)]
pub(super) struct Parked<T> {
    pub(super) connection: ConnectionId,
    pub(super) correlation: u32,
    /// When it is answered at the latest.
    pub(super) deadline: Instant,
    /// The partitions that may bring what it waits for.
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) what: T,
}

/// Waiting requests, found by partition and by deadline, in the order of their arrival.
#[derive(Clone, Debug)]
pub(super) struct Purgatory<T> {
    next: u64,
    parked: SortedMap<u64, Parked<T>>,
    watchers: SortedMap<TopicPartition, SortedSet<u64>>,
    deadlines: SortedSet<(Instant, u64)>,
}

impl<T> Default for Purgatory<T> {
    fn default() -> Self {
        Self {
            next: 0,
            parked: SortedMap::new(),
            watchers: SortedMap::new(),
            deadlines: SortedSet::new(),
        }
    }
}

impl<T: Clone> Purgatory<T> {
    pub(super) fn park(&mut self, parked: Parked<T>) -> u64 {
        let id = self.next;
        self.next += 1;
        for partition in &parked.partitions {
            self.watchers.entry(partition.clone()).or_default().insert(id);
        }
        self.deadlines.insert((parked.deadline, id));
        self.parked.insert(id, parked);
        id
    }

    pub(super) fn get(&self, id: u64) -> Option<&Parked<T>> {
        self.parked.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Parked<T>> {
        self.parked.get_mut(&id)
    }

    pub(super) fn take(&mut self, id: u64) -> Option<Parked<T>> {
        let parked = self.parked.remove(&id)?;
        self.deadlines.remove(&(parked.deadline, id));
        for partition in &parked.partitions {
            if let Some(ids) = self.watchers.get_mut(partition) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.watchers.remove(partition);
                }
            }
        }
        Some(parked)
    }

    /// Those that wait for this partition.
    pub(super) fn watching(&self, partition: &TopicPartition) -> Vec<u64> {
        self.watchers.get(partition).map(|ids| ids.iter().copied().collect()).unwrap_or_default()
    }

    /// Those that have waited long enough by `now`.
    pub(super) fn due(&self, now: Instant) -> Vec<u64> {
        self.deadlines.range(..=(now, u64::MAX)).map(|&(_, id)| id).collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    pub(super) fn drop_connection(&mut self, connection: ConnectionId) {
        let gone: Vec<u64> = self
            .parked
            .iter()
            .filter(|(_, parked)| parked.connection == connection)
            .map(|(&id, _)| id)
            .collect();
        for id in gone {
            self.take(id);
        }
    }
}
