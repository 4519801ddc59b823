//! Redis lists as queues, at any instant: pushed at the head, popped at the tail.

use super::Steps;
use crate::event::{Name, NodeId, RedisFact, Tag};
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
    elements: Vec<Element>,
    length: Steps<u64>,
    /// The first element that is, or was last, in it: all before are gone.
    oldest: Steps<u32>,
}

impl List {
    /// How many elements it has at `t` (`LLEN`).
    pub fn length(&self, t: Instant) -> u64 {
        self.length.value(t)
    }

    /// Its oldest elements at `t`, at most `most`, the one popped next first.
    pub fn oldest(&self, t: Instant, most: usize) -> Vec<&Element> {
        let end = self.elements.partition_point(|element| element.at <= t);
        let begin = (self.oldest.value(t) as usize).min(end);
        let here = |element: &&Element| t < element.until;
        self.elements[begin..end].iter().filter(here).take(most).collect()
    }

    /// The list that a worker keeps what it works on in: `orders:processing:worker-1` of
    /// `orders`.
    pub fn processes(&self) -> Option<(&str, &str)> {
        self.key.split_once(":processing:")
    }

    fn push(&mut self, at: Instant, tag: Option<Tag>, length: u64) {
        self.elements.push(Element { at, tag, until: Instant::FAR });
        self.length.set(at, length);
    }

    /// Takes out the element of this message, or the oldest.
    fn take(&mut self, at: Instant, tag: Option<Tag>, length: u64) {
        let begin = self.oldest.newest() as usize;
        let here = |element: &Element| element.until == Instant::FAR;
        let same = |element: &Element| {
            here(element) && element.tag.map(|t| t.message) == tag.map(|t| t.message)
        };
        let left = &self.elements[begin..];
        let found = left.iter().position(same).or_else(|| left.iter().position(here));
        if let Some(element) = found.and_then(|index| self.elements.get_mut(begin + index)) {
            element.until = at;
        }
        self.settle(at, length);
    }

    /// Takes out so many, the oldest first: the fact does not say which.
    fn cut(&mut self, at: Instant, removed: u64, length: u64) {
        let begin = self.oldest.newest() as usize;
        let left = self.elements[begin..].iter_mut();
        let here = left.filter(|element| element.until == Instant::FAR);
        here.take(removed as usize).for_each(|element| element.until = at);
        self.settle(at, length);
    }

    fn settle(&mut self, at: Instant, length: u64) {
        let begin = self.oldest.newest() as usize;
        let gone = self.elements[begin..].iter().take_while(|e| e.until != Instant::FAR).count();
        if gone > 0 {
            self.oldest.set(at, (begin + gone) as u32);
        }
        self.length.set(at, length);
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Lists {
    pub(super) lists: Vec<List>,
}

impl Lists {
    fn list(&mut self, at: Instant, server: NodeId, key: &Name) -> &mut List {
        let same = |list: &List| list.server == server && list.key == *key;
        let index = self.lists.iter().position(same).unwrap_or_else(|| {
            self.lists.push(List {
                server,
                key: key.clone(),
                created: at,
                elements: Vec::new(),
                length: Steps::default(),
                oldest: Steps::default(),
            });
            self.lists.len() - 1
        });
        &mut self.lists[index]
    }

    /// Whether the number of lists changed.
    pub(super) fn fold(&mut self, at: Instant, server: NodeId, fact: &RedisFact) -> bool {
        let before = self.lists.len();
        match fact {
            RedisFact::ElementPushed { key, tag, length } => {
                self.list(at, server, key).push(at, *tag, *length);
            }
            RedisFact::ElementPopped { key, tag, length, .. } => {
                self.list(at, server, key).take(at, *tag, *length);
            }
            RedisFact::ElementMoved { from, to, tag, length, to_length } => {
                self.list(at, server, from).take(at, *tag, *length);
                self.list(at, server, to).push(at, *tag, *to_length);
            }
            RedisFact::ElementsRemoved { key, removed, length } => {
                self.list(at, server, key).cut(at, *removed, *length);
            }
            RedisFact::KeyDeleted { key }
            | RedisFact::Expired { key }
            | RedisFact::Evicted { key } => {
                let gone = self.lists.iter_mut().filter(|l| l.server == server && l.key == *key);
                gone.for_each(|list| list.cut(at, u64::MAX, 0));
            }
            RedisFact::Flushed => {
                let gone = self.lists.iter_mut().filter(|list| list.server == server);
                gone.for_each(|list| list.cut(at, u64::MAX, 0));
            }
            _ => {}
        }
        self.lists.len() != before
    }
}
