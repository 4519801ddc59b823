//! Consumer groups: what was delivered to whom and is not acknowledged yet.

use super::super::client::Key;
use super::StreamId;
use crate::sim::{SortedMap, SortedSet};

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Debug)]
pub(in super::super) struct Pending {
    pub(in super::super) consumer: Key,
    /// Last delivery, Unix milliseconds.
    pub(in super::super) time: i64,
    pub(in super::super) count: u64,
}

/// One consumer of a group.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Consumer {
    /// Last seen, Unix milliseconds.
    pub(in super::super) seen: i64,
    pub(in super::super) pending: SortedSet<StreamId>,
}

/// A consumer group.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Group {
    pub(in super::super) last_id: StreamId,
    /// How many entries the group has read; none when it cannot be known.
    pub(in super::super) entries_read: Option<u64>,
    pub(in super::super) pending: SortedMap<StreamId, Pending>,
    pub(in super::super) consumers: SortedMap<Key, Consumer>,
}

impl Group {
    /// Makes the entry pending for a consumer, whoever had it before.
    pub(super) fn assign(&mut self, id: StreamId, consumer: &Key, time: i64, count: u64) {
        let entry = Pending { consumer: consumer.clone(), time, count };
        if let Some(old) = self.pending.insert(id, entry)
            && let Some(owner) = self.consumers.get_mut(&old.consumer)
        {
            owner.pending.remove(&id);
        }
        if let Some(owner) = self.consumers.get_mut(consumer) {
            owner.pending.insert(id);
        }
    }

    /// Takes the entry off the list.
    pub(super) fn release(&mut self, id: StreamId) -> Option<Pending> {
        let old = self.pending.remove(&id)?;
        if let Some(owner) = self.consumers.get_mut(&old.consumer) {
            owner.pending.remove(&id);
        }
        Some(old)
    }

    /// Notes that a consumer spoke. True when it came to be by that.
    pub(super) fn meet(&mut self, name: &Key, now: i64) -> bool {
        let fresh = !self.consumers.contains_key(name);
        self.consumers.entry(name.clone()).or_default().seen = now;
        fresh
    }
}
