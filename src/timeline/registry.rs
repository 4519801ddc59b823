//! The messages that were sent, what happened to each, and where copies were stored.

use super::Message;
use crate::event::{CopyId, EventId, MessageId, Name, Tag};
use crate::sim::{Instant, SortedMap};

/// The messages that were sent, their keys' colours and their biographies.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    messages: Vec<Message>,
    biographies: Vec<Vec<EventId>>,
    /// Where copies were stored: (log, offset, copy).
    stored: Vec<Vec<(usize, u64, CopyId)>>,
    colours: SortedMap<Name, u8>,
    /// When a handler first failed on a message.
    failed: SortedMap<MessageId, Instant>,
}

impl Registry {
    fn position(&self, id: MessageId) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok()
    }

    pub(super) fn message(&self, id: MessageId) -> Option<&Message> {
        self.position(id).map(|i| &self.messages[i])
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Where copies of the message at this place were stored: (log, offset).
    pub(super) fn places(&self, index: usize) -> impl Iterator<Item = (usize, u64)> {
        self.stored[index].iter().map(|(log, offset, _)| (*log, *offset))
    }

    /// Where copies of a message were stored: (log, offset).
    pub(super) fn places_of(&self, id: MessageId) -> impl Iterator<Item = (usize, u64)> {
        let places = self.position(id).map(|index| self.places(index));
        places.into_iter().flatten()
    }

    /// The last event that concerns the message at this place.
    pub(super) fn last_event(&self, index: usize) -> Option<EventId> {
        self.biographies[index].last().copied()
    }

    /// Forgets the messages that are `finished`, and of the others all but the first of the events
    /// before `from`: it tells that there were some.
    pub(super) fn forget(&mut self, from: EventId, finished: &dyn Fn(MessageId) -> bool) {
        let stays: Vec<bool> = self.messages.iter().map(|message| !finished(message.id)).collect();
        let keep = || {
            let mut stays = stays.iter();
            move || stays.next().copied().unwrap_or(true)
        };
        let (mut message, mut biography, mut stored) = (keep(), keep(), keep());
        self.messages.retain(|_| message());
        self.biographies.retain(|_| biography());
        self.stored.retain(|_| stored());
        for biography in &mut self.biographies {
            let known = biography.partition_point(|event| *event < from);
            if known > 1 {
                biography.drain(1..known);
            }
        }
        self.failed.retain(|message, _| !finished(*message));
    }

    pub(super) fn add(&mut self, mut message: Message) {
        if let Some(key) = &message.key {
            let next = (self.colours.len() % 8) as u8;
            message.colour = Some(*self.colours.entry(key.clone()).or_insert(next));
        }
        let at = self.messages.partition_point(|other| other.id < message.id);
        self.messages.insert(at, message);
        self.biographies.insert(at, Vec::new());
        self.stored.insert(at, Vec::new());
    }

    pub(super) fn fail(&mut self, at: Instant, id: MessageId) {
        self.failed.entry(id).or_insert(at);
    }

    pub(super) fn has_failed(&self, id: MessageId, t: Instant) -> bool {
        self.failed.get(&id).is_some_and(|at| *at <= t)
    }

    pub(super) fn note(&mut self, id: MessageId, event: EventId) {
        if let Some(i) = self.position(id) {
            let biography = &mut self.biographies[i];
            if biography.last() != Some(&event) {
                biography.push(event);
            }
        }
    }

    pub(super) fn biography(&self, id: MessageId) -> &[EventId] {
        self.position(id).map_or(&[], |i| &self.biographies[i])
    }

    pub(super) fn store(&mut self, tag: Tag, log: usize, offset: u64) {
        if let Some(i) = self.position(tag.message) {
            self.stored[i].push((log, offset, tag.copy));
        }
    }

    /// The log that keeps a message's newest copy.
    pub(super) fn stored(&self, id: MessageId) -> Option<usize> {
        self.position(id).and_then(|i| self.stored[i].last()).map(|(log, _, _)| *log)
    }

    /// The log that keeps this copy.
    pub(super) fn stored_copy(&self, tag: Tag) -> Option<usize> {
        let i = self.position(tag.message)?;
        let all = &self.stored[i];
        all.iter().find(|(_, _, copy)| *copy == tag.copy).or(all.last()).map(|(log, _, _)| *log)
    }
}
