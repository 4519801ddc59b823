//! Redis lists as queues, at any instant: pushed at the head, popped at the tail.

use super::Steps;
use crate::event::{MessageId, Name, NodeId, RedisFact, Tag};
use crate::sim::Instant;

/// An element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// When it was pushed.
    pub at: Instant,
    /// The message, where it has a tag.
    pub tag: Option<Tag>,
    until: Instant,
}

/// A list.
#[derive(Clone, Debug)]
pub struct List {
    /// The server that keeps it.
    pub server: NodeId,
    /// Its key.
    pub key: Name,
    /// Since when it is known.
    pub created: Instant,
    /// What was pushed at the head, in that order.
    heads: Vec<Element>,
    /// How many of `heads` were before those at hand.
    forgotten: u32,
    /// What was pushed at the tail, in that order: it is popped before all others.
    tails: Vec<Element>,
    length: Steps<u64>,
    /// The first of `heads` that is, or was last, in it: all before are gone.
    oldest: Steps<u32>,
    /// How many of `tails` are in it.
    at_tail: Steps<u32>,
}

/// The list and the worker that a processing list belongs to, by its key.
pub(super) fn processes(key: &str) -> Option<(&str, &str)> {
    key.split_once(":processing:")
}

impl List {
    /// How many elements it has at `t` (`LLEN`).
    pub fn length(&self, t: Instant) -> u64 {
        self.length.value(t)
    }

    /// Its elements at `t` from the tail, at most `most`: the one popped next first.
    pub fn oldest(&self, t: Instant, most: usize) -> Vec<&Element> {
        let end = |all: &[Element]| all.partition_point(|element| element.at <= t);
        let tails = if self.at_tail.value(t) > 0 { end(&self.tails) } else { 0 };
        let heads = end(&self.heads);
        let begin = self.place(self.oldest.value(t)).min(heads);
        let all = self.tails[..tails].iter().rev().chain(&self.heads[begin..heads]);
        all.filter(|element| t < element.until).take(most).collect()
    }

    /// The list that a worker keeps what it works on in: `orders:processing:worker-1` of
    /// `orders`.
    pub fn processes(&self) -> Option<(&str, &str)> {
        processes(&self.key)
    }

    /// Where in `heads` an element is that had this place among all.
    fn place(&self, number: u32) -> usize {
        number.saturating_sub(self.forgotten) as usize
    }

    /// The messages of the elements at hand.
    pub(super) fn messages(&self) -> impl Iterator<Item = MessageId> {
        let all = self.heads.iter().chain(&self.tails);
        all.filter_map(|element| element.tag).map(|tag| tag.message)
    }

    /// Forgets what held before `begin`.
    fn forget(&mut self, begin: Instant) {
        self.length.forget(begin);
        self.oldest.forget(begin);
        self.at_tail.forget(begin);
        let gone = self.place(self.oldest.value(begin)).min(self.heads.len());
        self.heads.drain(..gone);
        self.forgotten += gone as u32;
        self.tails.retain(|element| element.until > begin);
    }

    fn push(&mut self, at: Instant, tag: Option<Tag>, head: bool, length: u64) {
        let element = Element { at, tag, until: Instant::FAR };
        if head {
            self.heads.push(element);
        } else {
            self.tails.push(element);
            let more = self.at_tail.newest() + 1;
            self.at_tail.set(at, more);
        }
        self.length.set(at, length);
    }

    /// Takes out the element of this message, the one next to the tail.
    fn take(&mut self, at: Instant, tag: Option<Tag>, length: u64) {
        self.drop_one(at, tag);
        self.settle(at, length);
    }

    fn drop_one(&mut self, at: Instant, tag: Option<Tag>) {
        let same = |element: &&mut Element| {
            element.until == Instant::FAR
                && element.tag.map(|t| t.message) == tag.map(|t| t.message)
        };
        if self.at_tail.newest() > 0
            && let Some(element) = self.tails.iter_mut().rev().find(same)
        {
            element.until = at;
            let less = self.at_tail.newest() - 1;
            return self.at_tail.set(at, less);
        }
        let begin = self.place(self.oldest.newest());
        if let Some(element) = self.heads[begin..].iter_mut().find(same) {
            element.until = at;
        }
    }

    /// Takes out those of these messages, and so many in all.
    fn remove(&mut self, at: Instant, removed: u64, tags: &[Tag], length: u64) {
        for tag in tags {
            self.drop_one(at, Some(*tag));
        }
        for _ in tags.len() as u64..removed {
            self.drop_one(at, None);
        }
        self.settle(at, length);
    }

    fn clear(&mut self, at: Instant) {
        let begin = self.place(self.oldest.newest());
        let tails = if self.at_tail.newest() > 0 { &mut self.tails[..] } else { &mut [] };
        let all = tails.iter_mut().chain(&mut self.heads[begin..]);
        all.filter(|e| e.until == Instant::FAR).for_each(|element| element.until = at);
        self.at_tail.set(at, 0);
        self.settle(at, 0);
    }

    fn settle(&mut self, at: Instant, length: u64) {
        let begin = self.place(self.oldest.newest());
        let gone = self.heads[begin..].iter().take_while(|e| e.until != Instant::FAR).count();
        if gone > 0 {
            self.oldest.set(at, self.forgotten + (begin + gone) as u32);
        }
        self.length.set(at, length);
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    pub(super) lists: Vec<List>,
}

impl Lists {
    pub(super) fn forget(&mut self, begin: Instant) {
        self.lists.iter_mut().for_each(|list| list.forget(begin));
    }

    fn list(&mut self, at: Instant, server: NodeId, key: &Name) -> &mut List {
        let same = |list: &List| list.server == server && list.key == *key;
        let index = self.lists.iter().position(same).unwrap_or_else(|| {
            self.lists.push(List {
                server,
                key: key.clone(),
                created: at,
                heads: Vec::new(),
                forgotten: 0,
                tails: Vec::new(),
                length: Steps::default(),
                oldest: Steps::default(),
                at_tail: Steps::default(),
            });
            self.lists.len() - 1
        });
        &mut self.lists[index]
    }

    /// A server's memory is gone, or emptied.
    pub(super) fn lose(&mut self, at: Instant, server: NodeId) {
        let gone = self.lists.iter_mut().filter(|list| list.server == server);
        gone.for_each(|list| list.clear(at));
    }

    /// A key holds what another one holds.
    fn copy(&mut self, at: Instant, server: NodeId, from: &Name, to: &Name) {
        let same = |list: &&List| list.server == server && list.key == *from;
        let Some(source) = self.lists.iter().find(same) else { return };
        let elements: Vec<Option<Tag>> =
            source.oldest(at, usize::MAX).into_iter().map(|element| element.tag).collect();
        let target = self.list(at, server, to);
        target.clear(at);
        for (length, tag) in (1..).zip(elements) {
            target.push(at, tag, true, length);
        }
    }

    /// Whether the number of lists changed.
    pub(super) fn fold(&mut self, at: Instant, server: NodeId, fact: &RedisFact) -> bool {
        let before = self.lists.len();
        match fact {
            RedisFact::ElementPushed { key, tag, head, length } => {
                self.list(at, server, key).push(at, *tag, *head, *length);
            }
            RedisFact::ElementPopped { key, tag, length, .. } => {
                self.list(at, server, key).take(at, *tag, *length);
            }
            RedisFact::ElementMoved { from, to, tag, to_head, length, to_length } => {
                self.list(at, server, from).take(at, *tag, *length);
                self.list(at, server, to).push(at, *tag, *to_head, *to_length);
            }
            RedisFact::ElementsRemoved { key, removed, tags, length } => {
                self.list(at, server, key).remove(at, *removed, tags, *length);
            }
            RedisFact::KeyDeleted { key }
            | RedisFact::Expired { key }
            | RedisFact::Evicted { key } => {
                let gone = self.lists.iter_mut().filter(|l| l.server == server && l.key == *key);
                gone.for_each(|list| list.clear(at));
            }
            RedisFact::KeyCopied { from, to } => self.copy(at, server, from, to),
            RedisFact::Flushed => self.lose(at, server),
            _ => {}
        }
        self.lists.len() != before
    }
}
