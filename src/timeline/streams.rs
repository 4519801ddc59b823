//! Redis streams: entries, last-delivered bookmarks and pending entries, at any instant.

use super::Steps;
use crate::event::{MessageId, Name, NodeId, RedisFact, Tag};
use crate::sim::{Instant, SortedMap};

/// An entry of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was added.
    pub at: Instant,
    /// Its id, `ms-seq`.
    pub id: Name,
    /// The message, where it has a tag.
    pub tag: Option<Tag>,
}

/// Whose an entry is while it is pending, and how often it has been delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The consumer.
    pub consumer: Name,
    /// Deliveries of this entry in this group.
    pub deliveries: u64,
}

/// A consumer group of a stream.
#[derive(Clone, Debug)]
pub struct StreamGroup {
    /// Its name.
    pub name: Name,
    /// Since when it is known.
    pub since: Instant,
    /// How many entries, counted from the stream's first, lie before its bookmark (the
    /// last-delivered id).
    delivered: Steps<u64>,
    /// Who owns an entry, by its count from the stream's first; none: acknowledged.
    pending: SortedMap<u64, Steps<Option<Owner>>>,
    waiting: Steps<u32>,
}

impl StreamGroup {
    /// Entries before the bookmark, counted from the stream's first.
    pub fn delivered(&self, t: Instant) -> u64 {
        self.delivered.value(t)
    }

    /// Who owns the entry with this count, while it is pending.
    pub fn owner(&self, entry: u64, t: Instant) -> Option<&Owner> {
        self.pending.get(&entry)?.at(t)?.as_ref()
    }

    /// How many entries are pending (`XPENDING`).
    pub fn pending(&self, t: Instant) -> u32 {
        self.waiting.value(t)
    }
}

/// A stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// The server that keeps it.
    pub server: NodeId,
    /// Its key.
    pub key: Name,
    /// Since when it is known.
    pub created: Instant,
    entries: Vec<Entry>,
    /// How many entries were trimmed off its head.
    trimmed: Steps<u64>,
    groups: Vec<StreamGroup>,
}

impl Stream {
    /// The entries at `t`, with the count of the first of them.
    pub fn entries(&self, t: Instant) -> (u64, &[Entry]) {
        let end = self.entries.partition_point(|entry| entry.at <= t);
        let first = (self.trimmed.value(t) as usize).min(end);
        (first as u64, &self.entries[first..end])
    }

    /// The groups known at `t`, in order of appearance.
    pub fn groups(&self, t: Instant) -> impl Iterator<Item = &StreamGroup> {
        self.groups.iter().filter(move |group| group.since <= t)
    }

    /// The count of the entry that holds this message, from the stream's first.
    pub fn count_of_message(&self, message: MessageId) -> Option<u64> {
        let holds = |entry: &Entry| entry.tag.is_some_and(|tag| tag.message == message);
        self.entries.iter().rposition(holds).map(|index| index as u64)
    }

    /// Whether dead letters go there: its key ends as the readers' dead-letter streams do.
    pub fn is_dead_letter(&self) -> bool {
        self.key.ends_with("-dlq") || self.key.ends_with("-dlt")
    }

    fn count_of(&self, id: &str) -> Option<u64> {
        let after = self.entries.partition_point(|entry| older(&entry.id, id));
        let found = after.checked_sub(1).filter(|index| *self.entries[*index].id == *id);
        // Out of order only where a key was deleted and begun anew with ids given by hand.
        let found = found.or_else(|| self.entries.iter().rposition(|entry| *entry.id == *id));
        found.map(|index| index as u64)
    }

    fn group(&mut self, at: Instant, name: &Name) -> &mut StreamGroup {
        let index = self.groups.iter().position(|group| group.name == *name);
        let index = index.unwrap_or_else(|| {
            self.groups.push(StreamGroup {
                name: name.clone(),
                since: at,
                delivered: Steps::default(),
                pending: SortedMap::new(),
                waiting: Steps::default(),
            });
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }

    /// The key is gone, and with it its entries and what its groups had pending.
    fn clear(&mut self, at: Instant) {
        self.trimmed.set(at, self.entries.len() as u64);
        for group in &mut self.groups {
            for owner in group.pending.values_mut() {
                if owner.last().is_some_and(Option::is_some) {
                    owner.set(at, None);
                }
            }
            group.waiting.set(at, 0);
        }
    }

    fn own(&mut self, at: Instant, group: &Name, id: &str, owner: Option<Owner>) {
        let Some(entry) = self.count_of(id) else { return };
        let group = self.group(at, group);
        let steps = group.pending.entry(entry).or_default();
        let (was, is) = (steps.last().is_some_and(Option::is_some), owner.is_some());
        steps.set(at, owner);
        let waiting = group.waiting.newest() + u32::from(is) - u32::from(was);
        group.waiting.set(at, waiting);
        if is && group.delivered.newest() <= entry {
            group.delivered.set(at, entry + 1);
        }
    }
}

/// Whether an id (`ms-seq`) is not behind another one.
fn older(id: &str, than: &str) -> bool {
    let parts = |id: &str| -> (u64, u64) {
        let (ms, seq) = id.split_once('-').unwrap_or((id, "0"));
        (ms.parse().unwrap_or(0), seq.parse().unwrap_or(0))
    };
    parts(id) <= parts(than)
}

#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    pub(super) streams: Vec<Stream>,
}

impl Streams {
    fn stream(&mut self, at: Instant, server: NodeId, key: &Name) -> &mut Stream {
        let same = |stream: &Stream| stream.server == server && stream.key == *key;
        let index = self.streams.iter().position(same).unwrap_or_else(|| {
            self.streams.push(Stream {
                server,
                key: key.clone(),
                created: at,
                entries: Vec::new(),
                trimmed: Steps::default(),
                groups: Vec::new(),
            });
            self.streams.len() - 1
        });
        &mut self.streams[index]
    }

    /// Whether the number of streams or groups changed.
    pub(super) fn fold(&mut self, at: Instant, server: NodeId, fact: &RedisFact) -> bool {
        let size =
            |all: &Self| all.streams.iter().map(|stream| 1 + stream.groups.len()).sum::<usize>();
        match fact {
            RedisFact::EntryAdded { key, id, tag, .. } => {
                let before = self.streams.len();
                let stream = self.stream(at, server, key);
                stream.entries.push(Entry { at, id: id.clone(), tag: *tag });
                return self.streams.len() != before;
            }
            RedisFact::Trimmed { key, removed, .. } => {
                let stream = self.stream(at, server, key);
                let trimmed = stream.trimmed.newest() + removed;
                stream.trimmed.set(at, trimmed);
                return false;
            }
            RedisFact::KeyDeleted { key }
            | RedisFact::Expired { key }
            | RedisFact::Evicted { key } => {
                let gone = |stream: &&mut Stream| stream.server == server && stream.key == *key;
                self.streams.iter_mut().filter(gone).for_each(|stream| stream.clear(at));
                return false;
            }
            RedisFact::Flushed => {
                let gone = |stream: &&mut Stream| stream.server == server;
                self.streams.iter_mut().filter(gone).for_each(|stream| stream.clear(at));
                return false;
            }
            _ => {}
        }
        let before = size(self);
        match fact {
            RedisFact::Delivered { key, group, id, pending: false, .. } => {
                let stream = self.stream(at, server, key);
                let entry = stream.count_of(id);
                let group = stream.group(at, group);
                let next = entry.map_or(0, |entry| entry + 1).max(group.delivered.newest());
                group.delivered.set(at, next);
            }
            RedisFact::GroupCreated { key, group, id } => {
                let stream = self.stream(at, server, key);
                let behind = stream.entries.iter().rposition(|entry| older(&entry.id, id));
                stream.group(at, group).delivered.set(at, behind.map_or(0, |i| i as u64 + 1));
            }
            RedisFact::PendingDropped { key, group, id } => {
                self.stream(at, server, key).own(at, group, id, None);
            }
            RedisFact::Delivered { key, group, consumer, id, deliveries, .. }
            | RedisFact::Claimed { key, group, consumer, id, deliveries, .. } => {
                let owner = Owner { consumer: consumer.clone(), deliveries: *deliveries };
                self.stream(at, server, key).own(at, group, id, Some(owner));
            }
            RedisFact::Acknowledged { key, group, id, .. } => {
                self.stream(at, server, key).own(at, group, id, None);
            }
            _ => return false,
        }
        size(self) != before
    }
}
