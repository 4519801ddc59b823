//! Walks along the causes of events: the one way to every "why?".
//!
//! Pure over the timeline. Every answer is a list of [`Line`]s, each a plain sentence with the
//! event that it speaks of, so that the page can light the chain on the stage.

use super::Timeline;
use super::journal::sentence;
use crate::event::{Event, EventId};
use crate::sim::Instant;

/// One sentence of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The event it speaks of; none where it sums up what is true.
    pub event: Option<EventId>,
    /// The sentence, with its full stop.
    pub sentence: String,
}

impl Line {
    pub(super) fn of(event: &Event, sentence: impl Into<String>) -> Self {
        Self { event: Some(event.id), sentence: sentence.into() }
    }

    pub(super) fn plain(sentence: impl Into<String>) -> Self {
        Self { event: None, sentence: sentence.into() }
    }
}

impl Timeline {
    /// The chain of causes that led to an event: the first cause first, the event itself last. It
    /// begins later where the first causes are no longer at hand.
    pub fn chain(&self, id: EventId) -> Vec<&Event> {
        let mut chain: Vec<&Event> = Vec::new();
        let mut next = self.event(id);
        while let Some(event) = next {
            chain.push(event);
            // A cause is always older than its effect, so this ends.
            next = event.cause.and_then(|cause| self.event(cause));
        }
        chain.reverse();
        chain
    }

    /// The last event up to `t` that `wanted` picks.
    pub(super) fn last_event(&self, t: Instant, wanted: impl Fn(&Event) -> bool) -> Option<&Event> {
        self.events_up_to(t).iter().rev().find(|event| wanted(event))
    }

    pub(super) fn events_up_to(&self, t: Instant) -> &[Event] {
        let events = self.events();
        &events[..events.partition_point(|event| event.at <= t)]
    }

    /// A chain in the journal's sentences.
    pub(super) fn told(&self, id: EventId) -> Vec<Line> {
        let chain = self.chain(id);
        let cause = chain.first().and_then(|first| first.cause);
        let before = cause.and_then(|cause| self.folded_away(cause));
        let told = chain.into_iter().map(|event| Line::of(event, sentence(self, event)));
        before.into_iter().chain(told).collect()
    }

    /// What to say in the place of an event that is not at hand any more.
    pub(super) fn folded_away(&self, id: EventId) -> Option<Line> {
        self.event(id).is_none().then(|| self.folded())
    }

    /// That the beginning of an answer is not at hand any more.
    pub(super) fn folded(&self) -> Line {
        let begin = self.begin();
        let words = "is folded away: go back there to read it.";
        Line::plain(format!("What led to this before {begin} {words}"))
    }
}
