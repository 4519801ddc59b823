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
    /// When it was deleted, and not by cutting the stream's head off.
    deleted: Instant,
}

impl Entry {
    /// Whether it is a hole at `t`: it was deleted from between others.
    pub fn is_hole(&self, t: Instant) -> bool {
        self.deleted <= t
    }
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
    /// Since when it is gone.
    until: Instant,
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

    /// How many entries are pending (`XPENDING`), those that the stream no longer holds included.
    pub fn pending(&self, t: Instant) -> u32 {
        self.waiting.value(t)
    }

    fn own(&mut self, at: Instant, entry: u64, owner: Option<Owner>) {
        let steps = self.pending.entry(entry).or_default();
        let (was, is) = (steps.last().is_some_and(Option::is_some), owner.is_some());
        steps.set(at, owner);
        let waiting = self.waiting.newest() + u32::from(is) - u32::from(was);
        self.waiting.set(at, waiting);
    }

    /// A consumer is gone: what was pending for it is pending no more.
    fn dismiss(&mut self, at: Instant, consumer: &Name) {
        let owned = |owner: &Option<Owner>| owner.as_ref().is_some_and(|o| o.consumer == *consumer);
        let of = self.pending.iter().filter(|(_, steps)| steps.last().is_some_and(owned));
        let of: Vec<u64> = of.map(|(&entry, _)| entry).collect();
        for entry in of {
            self.own(at, entry, None);
        }
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
    /// How many entries were before those at hand.
    forgotten: u64,
    /// How many entries are gone from its head.
    trimmed: Steps<u64>,
    /// How many entries there are, holes left out.
    length: Steps<u64>,
    groups: Vec<StreamGroup>,
    /// The count of its first entry since the key was deleted last: ids begin anew there.
    born: u64,
}

impl Stream {
    /// The entries at `t` from the first that is there, holes among them, with its count.
    pub fn entries(&self, t: Instant) -> (u64, &[Entry]) {
        let end = self.entries.partition_point(|entry| entry.at <= t);
        let gone = self.trimmed.value(t).saturating_sub(self.forgotten);
        let first = (gone as usize).min(end);
        (self.forgotten + first as u64, &self.entries[first..end])
    }

    /// The messages of the entries at hand.
    pub(super) fn messages(&self) -> impl Iterator<Item = MessageId> {
        self.entries.iter().filter_map(|entry| entry.tag).map(|tag| tag.message)
    }

    /// Forgets what held before `begin`: entries that were trimmed and are pending for nobody.
    fn forget(&mut self, begin: Instant) {
        self.trimmed.forget(begin);
        self.length.forget(begin);
        let mut gone = self.trimmed.value(begin);
        for group in &mut self.groups {
            group.delivered.forget(begin);
            group.waiting.forget(begin);
            group.pending.values_mut().for_each(|steps| steps.forget(begin));
            let settled = |steps: &Steps<Option<Owner>>| {
                matches!(steps.last(), Some(None)) && steps.changed() <= begin
            };
            group.pending.retain(|_, steps| !settled(steps));
            gone = group.pending.keys().next().map_or(gone, |first| gone.min(*first));
        }
        let gone = (gone.saturating_sub(self.forgotten) as usize).min(self.entries.len());
        self.entries.drain(..gone);
        self.forgotten += gone as u64;
    }

    /// How many entries it has at `t` (`XLEN`).
    pub fn length(&self, t: Instant) -> u64 {
        self.length.value(t)
    }

    /// The entries that are there at `t`, each with its count from the stream's first.
    pub fn there(&self, t: Instant) -> impl DoubleEndedIterator<Item = (u64, &Entry)> {
        let (first, entries) = self.entries(t);
        let numbered = entries.iter().enumerate().map(move |(n, entry)| (first + n as u64, entry));
        numbered.filter(move |(_, entry)| !entry.is_hole(t))
    }

    /// How many entries lie behind a group's bookmark at `t`.
    pub fn unread(&self, group: &StreamGroup, t: Instant) -> u64 {
        let delivered = group.delivered(t);
        self.there(t).filter(|(count, _)| *count >= delivered).count() as u64
    }

    /// The groups known at `t`, in order of appearance.
    pub fn groups(&self, t: Instant) -> impl Iterator<Item = &StreamGroup> {
        self.groups.iter().filter(move |group| group.since <= t && t < group.until)
    }

    /// The entry that holds this message at `t`, with its count.
    pub fn entry_of(&self, message: MessageId, t: Instant) -> Option<(u64, &Entry)> {
        let (first, entries) = self.entries(t);
        let holds = |(_, entry): &(u64, &Entry)| {
            entry.tag.is_some_and(|tag| tag.message == message) && !entry.is_hole(t)
        };
        (first..).zip(entries).find(holds)
    }

    /// The count of the entry that holds this message, from the stream's first.
    pub fn count_of_message(&self, message: MessageId) -> Option<u64> {
        let holds = |entry: &Entry| entry.tag.is_some_and(|tag| tag.message == message);
        self.entries.iter().rposition(holds).map(|index| self.forgotten + index as u64)
    }

    /// Whether dead letters go there: its key ends as the readers' dead-letter streams do.
    pub fn is_dead_letter(&self) -> bool {
        self.key.ends_with("-dlq") || self.key.ends_with("-dlt")
    }

    /// How many entries lie at or before an id, counted from the stream's first.
    fn count_before(&self, id: &str) -> u64 {
        let born = self.born.max(self.forgotten);
        let since = self.index(born).and_then(|index| self.entries.get(index..)).unwrap_or(&[]);
        born + since.partition_point(|entry| older(&entry.id, id)) as u64
    }

    /// Where the entry with this count is at hand; none when it was before those.
    fn index(&self, entry: u64) -> Option<usize> {
        entry.checked_sub(self.forgotten).map(|index| index as usize)
    }

    fn count_of(&self, id: &str) -> Option<u64> {
        let entry = self.count_before(id).checked_sub(1)?;
        let index = self.index(entry)?;
        self.entries.get(index).filter(|entry| *entry.id == *id).map(|_| entry)
    }

    fn group(&mut self, at: Instant, name: &Name) -> &mut StreamGroup {
        let here = |group: &StreamGroup| group.name == *name && group.until == Instant::FAR;
        let index = self.groups.iter().position(here).unwrap_or_else(|| {
            self.groups.push(StreamGroup {
                name: name.clone(),
                since: at,
                until: Instant::FAR,
                delivered: Steps::default(),
                pending: SortedMap::new(),
                waiting: Steps::default(),
            });
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }

    fn own(&mut self, at: Instant, group: &Name, id: &str, owner: Option<Owner>) {
        if let Some(entry) = self.count_of(id) {
            self.group(at, group).own(at, entry, owner);
        }
    }

    /// Cuts off the head: so many entries, and the holes that come to stand there.
    fn cut(&mut self, at: Instant, mut removed: u64) {
        let mut first = self.trimmed.newest().saturating_sub(self.forgotten) as usize;
        let mut length = self.length.newest();
        while let Some(entry) = self.entries.get_mut(first) {
            if entry.deleted == Instant::FAR {
                if removed == 0 {
                    break;
                }
                removed -= 1;
                length -= 1;
                entry.deleted = at;
            }
            first += 1;
        }
        self.trimmed.set(at, self.forgotten + first as u64);
        self.length.set(at, length);
    }

    /// The key is gone, with its groups.
    fn delete(&mut self, at: Instant) {
        self.cut(at, u64::MAX);
        self.born = self.forgotten + self.entries.len() as u64;
        for group in &mut self.groups {
            group.until = group.until.min(at);
        }
    }
}

/// Whether an id (`ms-seq`) is greater than another one.
pub(super) fn is_behind(id: &str, than: &str) -> bool {
    !older(id, than)
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
    /// Forgets what held before `begin`.
    pub(super) fn forget(&mut self, begin: Instant) {
        self.streams.iter_mut().for_each(|stream| stream.forget(begin));
    }

    fn known(&mut self, server: NodeId, key: &Name) -> Option<&mut Stream> {
        self.streams.iter_mut().find(|stream| stream.server == server && stream.key == *key)
    }

    fn stream(&mut self, at: Instant, server: NodeId, key: &Name) -> &mut Stream {
        let same = |stream: &Stream| stream.server == server && stream.key == *key;
        let index = self.streams.iter().position(same).unwrap_or_else(|| {
            self.streams.push(Stream {
                server,
                key: key.clone(),
                created: at,
                entries: Vec::new(),
                forgotten: 0,
                trimmed: Steps::default(),
                length: Steps::default(),
                groups: Vec::new(),
                born: 0,
            });
            self.streams.len() - 1
        });
        &mut self.streams[index]
    }

    /// A server's memory is gone, or emptied.
    pub(super) fn lose(&mut self, at: Instant, server: NodeId) {
        let gone = self.streams.iter_mut().filter(|stream| stream.server == server);
        gone.for_each(|stream| stream.delete(at));
    }

    /// A key holds what another one holds.
    fn copy(&mut self, at: Instant, server: NodeId, from: &Name, to: &Name) {
        let Some(source) = self.known(server, from).map(|stream| stream.clone()) else { return };
        let (first, entries) = source.entries(at);
        let target = self.stream(at, server, to);
        target.delete(at);
        let base = target.forgotten + target.entries.len() as u64;
        target.length.set(at, source.length(at));
        target.entries.extend(entries.iter().map(|entry| Entry { at, ..entry.clone() }));
        for group in source.groups(at) {
            let copied = target.group(at, &group.name);
            copied.delivered.set(at, group.delivered(at).saturating_sub(first) + base);
            for (&entry, steps) in &group.pending {
                let owner = steps.last().cloned().flatten();
                if let Some(owner) = owner.filter(|_| entry >= first) {
                    copied.own(at, entry - first + base, Some(owner));
                }
            }
        }
    }

    /// Whether the number of streams or groups changed.
    pub(super) fn fold(&mut self, at: Instant, server: NodeId, fact: &RedisFact) -> bool {
        let size = |all: &Self| -> usize {
            let here = |stream: &Stream| {
                stream.groups.iter().filter(|group| group.until == Instant::FAR).count()
            };
            all.streams.iter().map(|stream| 1 + here(stream)).sum()
        };
        match fact {
            RedisFact::EntryAdded { key, id, tag, .. } => {
                let before = self.streams.len();
                let stream = self.stream(at, server, key);
                let deleted = Instant::FAR;
                stream.entries.push(Entry { at, id: id.clone(), tag: *tag, deleted });
                let more = stream.length.newest() + 1;
                stream.length.set(at, more);
                return self.streams.len() != before;
            }
            RedisFact::Trimmed { key, removed, .. } => {
                self.stream(at, server, key).cut(at, *removed);
                return false;
            }
            _ => {}
        }
        let before = size(self);
        match fact {
            RedisFact::EntryDeleted { key, id, .. } => {
                let stream = self.stream(at, server, key);
                let entry = stream.count_of(id).and_then(|entry| stream.index(entry));
                if let Some(entry) = entry.and_then(|index| stream.entries.get_mut(index)) {
                    if entry.deleted == Instant::FAR {
                        entry.deleted = at;
                        stream.length.set(at, stream.length.newest() - 1);
                    }
                    stream.cut(at, 0);
                }
            }
            RedisFact::GroupCreated { key, group, id }
            | RedisFact::GroupMoved { key, group, id } => {
                let stream = self.stream(at, server, key);
                let before = stream.count_before(id);
                stream.group(at, group).delivered.set(at, before);
            }
            RedisFact::GroupDestroyed { key, group } => {
                self.stream(at, server, key).group(at, group).until = at;
            }
            RedisFact::ConsumerDeleted { key, group, consumer, .. } => {
                self.stream(at, server, key).group(at, group).dismiss(at, consumer);
            }
            RedisFact::PendingDropped { key, group, id } => {
                self.stream(at, server, key).own(at, group, id, None);
            }
            RedisFact::Delivered { key, group, consumer, id, deliveries, pending, .. } => {
                let stream = self.stream(at, server, key);
                if *pending {
                    let owner = Owner { consumer: consumer.clone(), deliveries: *deliveries };
                    stream.own(at, group, id, Some(owner));
                }
                let next = stream.count_before(id);
                let group = stream.group(at, group);
                // What a consumer reads of its own once more moves no bookmark.
                if *deliveries <= 1 && group.delivered.newest() < next {
                    group.delivered.set(at, next);
                }
            }
            RedisFact::Claimed { key, group, consumer, id, deliveries, .. } => {
                let owner = Owner { consumer: consumer.clone(), deliveries: *deliveries };
                self.stream(at, server, key).own(at, group, id, Some(owner));
            }
            RedisFact::Acknowledged { key, group, id, .. } => {
                self.stream(at, server, key).own(at, group, id, None);
            }
            RedisFact::KeyCopied { from, to } if self.known(server, from).is_some() => {
                self.copy(at, server, from, to);
            }
            RedisFact::KeyDeleted { key }
            | RedisFact::Expired { key }
            | RedisFact::Evicted { key } => {
                if let Some(stream) = self.known(server, key) {
                    stream.delete(at);
                }
            }
            RedisFact::Flushed => self.lose(at, server),
            _ => return false,
        }
        size(self) != before
    }
}
