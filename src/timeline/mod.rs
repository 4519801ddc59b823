//! Events -> what is true and what is under way at an instant.
//!
//! Folds events into step functions and lists of hops that can be asked at any instant up to the
//! last event. Forward, backward, slow motion and jumps are the same code: a binary search.
//! Knows the event vocabulary alone, no engine and no DOM.

pub mod journal;
mod ledger;
pub mod pace;

pub use ledger::{Mark, MarkKind, Message, Sums};

use crate::event::{Event, EventId, LostReason, MessageId, PartyId};
use crate::sim::Instant;

/// All that happened, ordered for questions.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    end: Instant,
    events: Vec<Event>,
    marks: Vec<Mark>,
}

impl Timeline {
    /// Adds events; they follow those already there in time and number.
    pub fn extend(&mut self, events: &[Event]) {
        if let Some(last) = events.last() {
            self.end = last.at;
        }
        self.events.extend_from_slice(events);
    }

    /// The instant of the last event.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// All events so far, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// One event.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        self.events.binary_search_by_key(&id, |event| event.id).ok().map(|i| &self.events[i])
    }

    /// A message that was sent.
    pub fn message(&self, _id: MessageId) -> Option<&Message> {
        None
    }

    /// The events that concern a message, oldest first.
    pub fn biography(&self, _id: MessageId) -> &[EventId] {
        &[]
    }

    /// Places for the scrubber, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Where a party's messages stand at `t`.
    pub fn sums(&self, _party: PartyId, _t: Instant) -> Sums {
        Sums::default()
    }

    /// What a party has lost by `t`, by reason, in order of loss.
    pub fn lost(&self, _party: PartyId, _t: Instant) -> Vec<(LostReason, Vec<MessageId>)> {
        Vec::new()
    }

    /// The next instant after `t` at which the stage draws something new, for "step".
    pub fn next_drawn(&self, _t: Instant) -> Option<Instant> {
        None
    }

    /// The last such instant before `t`.
    pub fn previous_drawn(&self, _t: Instant) -> Option<Instant> {
        None
    }
}
