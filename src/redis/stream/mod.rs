//! Streams: an append-only log of entries with consumer groups (t_stream.c).
//!
//! Entries stand in nodes whose sizes are modelled byte for byte, because approximate trimming
//! removes whole nodes only. Knows entries and groups. Must not know clients.

pub(super) mod admin;
pub(super) mod claim;
mod group;
mod id;
pub(super) mod info;
mod node;
pub(super) mod pending;
pub(super) mod range;
pub(super) mod read;
pub(super) mod write;

use super::client::Key;
use super::keyspace::Limits;
use crate::event::{Payload, Tag};
use crate::sim::SortedMap;
pub(super) use group::Group;
pub(super) use id::StreamId;
pub(super) use node::{Item, Node};
use std::ops::Bound;
use std::sync::Arc;

/// Fields and values in turn.
pub(super) type Fields = Arc<[Payload]>;

/// A stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// Nodes by the id of the entry that opened them. Full ones are shared by checkpoints.
    nodes: SortedMap<StreamId, Arc<Node>>,
    /// Entries that are there.
    pub(super) length: u64,
    pub(super) first_id: StreamId,
    pub(super) last_id: StreamId,
    pub(super) max_deleted_id: StreamId,
    /// Entries ever added.
    pub(super) entries_added: u64,
    pub(super) groups: SortedMap<Key, Group>,
}

/// How XADD and XTRIM trim.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trim {
    MaxLen(u64),
    MinId(StreamId),
}

impl Stream {
    /// Appends an entry; its id must be above the last one.
    pub(super) fn append(&mut self, id: StreamId, fields: Fields, limits: &Limits) {
        let extra: u64 = fields.iter().map(|word| word.len() as u64).sum();
        let tail = self.nodes.last_entry().filter(|tail| !tail.get().is_full(extra, limits));
        if let Some(mut tail) = tail {
            Arc::make_mut(tail.get_mut()).push(id, fields);
        } else {
            let mut node = Node::new(id, &fields);
            node.push(id, fields);
            self.nodes.insert(id, Arc::new(node));
        }
        self.entries_added += 1;
        self.length += 1;
        self.last_id = id;
        if self.length == 1 {
            self.first_id = id;
        }
    }

    /// Entries from `start` to `end`, both inclusive.
    pub(super) fn range(
        &self,
        start: StreamId,
        end: StreamId,
    ) -> impl DoubleEndedIterator<Item = &Item> {
        // The node that may hold `start` opens at or before it.
        let from = self.nodes.range(..=start).next_back().map_or(start, |(id, _)| *id);
        let bounds = if from > end {
            (Bound::Included(from), Bound::Excluded(from))
        } else {
            (Bound::Included(from), Bound::Included(end))
        };
        self.nodes
            .range(bounds)
            .flat_map(|(_, node)| node.items.iter())
            .filter(move |item| item.fields.is_some() && item.id >= start && item.id <= end)
    }

    /// The entry with this id.
    pub(super) fn get(&self, id: StreamId) -> Option<&Item> {
        let (_, node) = self.nodes.range(..=id).next_back()?;
        let at = node.items.binary_search_by_key(&id, |item| item.id).ok()?;
        node.items.get(at).filter(|item| item.fields.is_some())
    }

    /// The first tag that an entry carries.
    pub(super) fn tag(&self, id: StreamId) -> Option<Tag> {
        self.get(id)?.fields.as_ref()?.iter().find_map(Payload::tag)
    }

    /// The id of the newest entry that is there (`streamLastValidID`).
    pub(super) fn last_entry_id(&self) -> Option<StreamId> {
        self.range(StreamId::MIN, StreamId::MAX).next_back().map(|item| item.id)
    }

    /// Deletes one entry and remembers that there is a hole.
    pub(super) fn delete(&mut self, id: StreamId) -> bool {
        let Some((&key, node)) = self.nodes.range_mut(..=id).next_back() else { return false };
        let Ok(at) = node.items.binary_search_by_key(&id, |item| item.id) else { return false };
        if node.items[at].fields.is_none() {
            return false;
        }
        if node.live == 1 {
            self.nodes.remove(&key);
        } else {
            Arc::make_mut(node).delete(at);
        }
        self.length -= 1;
        true
    }

    /// After deletions: where the stream begins now.
    pub(super) fn refresh_first_id(&mut self) {
        let first = self.range(StreamId::MIN, StreamId::MAX).next().map(|item| item.id);
        self.first_id = first.unwrap_or_default();
    }

    /// `streamTrim`: how many entries went. `limit` 0 is none.
    pub(super) fn trim(&mut self, strategy: Trim, approximate: bool, limit: u64) -> u64 {
        let mut deleted = 0;
        while let Some(mut first) = self.nodes.first_entry() {
            if matches!(strategy, Trim::MaxLen(most) if self.length <= most) {
                break;
            }
            let live = first.get().live;
            if limit > 0 && deleted + live > limit {
                break;
            }
            let whole = match strategy {
                Trim::MaxLen(most) => self.length - live >= most,
                Trim::MinId(least) => first.get().last_id() < least,
            };
            if whole {
                first.remove();
                self.length -= live;
                deleted += live;
                continue;
            }
            if approximate {
                break;
            }
            let node = Arc::make_mut(first.get_mut());
            for at in 0..node.items.len() {
                let stop = match strategy {
                    Trim::MaxLen(most) => self.length <= most,
                    Trim::MinId(least) => node.items[at].id >= least,
                };
                if stop {
                    break;
                }
                if node.items[at].fields.is_some() {
                    node.delete(at);
                    self.length -= 1;
                    deleted += 1;
                }
            }
            break;
        }
        if self.length == 0 {
            self.first_id = StreamId::MIN;
        } else if deleted > 0 {
            self.refresh_first_id();
        }
        deleted
    }

    /// `streamRangeHasTombstones` from `start` on.
    pub(super) fn has_tombstones(&self, start: StreamId) -> bool {
        self.length > 0
            && self.max_deleted_id != StreamId::MIN
            && self.first_id <= self.max_deleted_id
            && start <= self.max_deleted_id
    }

    /// `streamEstimateDistanceFromFirstEverEntry`.
    pub(super) fn distance_from_first(&self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if (self.length == 0 && id <= self.last_id) || id == self.last_id {
            return Some(self.entries_added);
        }
        if id > self.last_id {
            return None;
        }
        let whole = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id;
        match id.cmp(&self.first_id) {
            std::cmp::Ordering::Less if whole => Some(self.entries_added - self.length),
            std::cmp::Ordering::Equal if whole => Some(self.entries_added - self.length + 1),
            _ => None,
        }
    }

    /// `streamReplyWithCGLag`.
    pub(super) fn lag(&self, group: &Group) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let read = group
            .entries_read
            .filter(|_| !self.has_tombstones(group.last_id))
            .or_else(|| self.distance_from_first(group.last_id))?;
        Some(self.entries_added as i64 - read as i64)
    }

    /// Bytes of its nodes, for the memory model.
    pub(super) fn memory(&self) -> u64 {
        let pending: usize = self.groups.values().map(|group| group.pending.len()).sum();
        self.nodes.values().map(|node| node.bytes()).sum::<u64>() + 64 * pending as u64
    }

    /// Nodes, and the nodes of the radix tree over their ids.
    pub(super) fn tree_sizes(&self) -> (u64, u64) {
        let keys: Vec<[u8; 16]> = self.nodes.keys().map(|id| id.to_be_bytes()).collect();
        (keys.len() as u64, if keys.is_empty() { 1 } else { node::tree_nodes(&keys, 0) })
    }
}
