//! Forgetting: what lies before an instant is folded into where everything stands then.
//!
//! From [`Timeline::begin`] on every question about an instant has the same answer as before; what
//! is a list of past things (the journal, a biography, a chain of causes) begins there. Kept are,
//! older than that, the departures of what is still under way, and messages that somebody waits
//! for, that something stores, or that a picture shows.

use super::Timeline;
use super::marks::MarkKind;
use crate::event::{Event, Hop, LabFact, MessageId, NodeState, Standing, What};
use crate::sim::{Instant, SortedMap, SortedSet};

/// Marks of what happened by itself that stay, however long ago.
const MARKS: usize = 512;

impl Timeline {
    /// From this instant on all is known; before it only what is needed for that.
    pub fn begin(&self) -> Instant {
        self.begin
    }

    /// Forgets the oldest events but for about so many, whole instants at a time.
    pub fn forget(&mut self, keep: usize) {
        let Some(oldest) = self.events.len().checked_sub(keep.max(1)) else { return };
        let begin = self.events[oldest].at;
        let cut = self.events.partition_point(|event| event.at < begin);
        if begin <= self.begin {
            return;
        }
        let before = self.standings_before(cut);
        self.topology.forget(begin);
        self.logs.forget(begin);
        self.streams.forget(begin);
        self.lists.forget(begin);
        let fetches = self.topology.wires.iter().flat_map(|wire| &wire.fetches);
        let fetches: SortedSet<u32> = fetches.map(|(_, hop, _)| *hop).collect();
        // What reached a machine that is paused lies in its kernel, and may yet be held or lost.
        let paused = |node| {
            let state = self.node(node).and_then(|node| node.state.entry(begin));
            state.filter(|(_, state)| *state == NodeState::Paused).map(|(since, _)| *since)
        };
        let needed = |index, hop: &Hop, end| {
            fetches.contains(&index) || paused(hop.to).is_some_and(|since| since <= end)
        };
        let lasting = self.hops.lasting(&self.events, (begin, cut), &needed);
        let old: SortedSet<usize> = (0..lasting.len())
            .filter(|hop| lasting[*hop])
            .map(|hop| self.hops.event(hop))
            .filter(|event| *event < cut)
            .collect();
        let finished = self.finished(begin, cut, &old);
        let finished = |message: MessageId| finished.contains(&message);
        self.ledger.forget(begin, before, &finished);
        self.registry.forget(self.events[cut].id, &finished);
        // Events of old departures stand in front of those at hand.
        let kept = old.len();
        let places: SortedMap<usize, usize> =
            old.iter().enumerate().map(|(n, old)| (*old, n)).collect();
        let place =
            |event: usize| places.get(&event).copied().unwrap_or_else(|| event - cut + kept);
        let moved = self.hops.forget(begin, &lasting, place);
        for fetch in self.topology.wires.iter_mut().flat_map(|wire| &mut wire.fetches) {
            fetch.1 = moved[fetch.1 as usize];
        }
        let mut place = 0;
        self.events.retain(|_| {
            place += 1;
            place > cut || old.contains(&(place - 1))
        });
        let drawn = self.drawn.partition_point(|at| *at <= begin);
        self.drawn.drain(..drawn.saturating_sub(2));
        self.forget_marks(begin);
        self.begin = begin;
    }

    /// Where messages stood before event number `cut`, of those that a later one moved; for each
    /// party.
    fn standings_before(&self, cut: usize) -> Vec<SortedMap<MessageId, Standing>> {
        let mut all = Vec::new();
        let Some(last) = cut.checked_sub(1).map(|last| self.events[last].at) else { return all };
        for party in self.parties() {
            let mut before = SortedMap::new();
            for event in self.events[cut..].iter().rev() {
                if let What::Lab(LabFact::Stands { message, party: of, .. }) = &event.what
                    && *of == party.id
                    && !before.contains_key(message)
                {
                    before.insert(*message, self.standing(*message, party.id, last));
                }
            }
            let stood = before.into_iter().filter_map(|(message, stood)| Some((message, stood?)));
            all.push(stood.collect());
        }
        all
    }

    /// The messages that nothing before event number `cut` or after it speaks of any more.
    fn finished(&self, begin: Instant, cut: usize, old: &SortedSet<usize>) -> SortedSet<MessageId> {
        let mut needed: SortedSet<MessageId> = SortedSet::new();
        needed.extend(self.topology.nodes.iter().flat_map(super::Node::shown));
        needed.extend(self.streams.streams.iter().flat_map(super::Stream::messages));
        needed.extend(self.parties().iter().flat_map(super::Party::newest_lost));
        needed.extend(self.lists.lists.iter().flat_map(super::List::messages));
        for event in old.iter().map(|event| &self.events[*event]) {
            if let What::Departed(hop) = &event.what {
                needed.extend(hop.tags.iter().map(|tag| tag.message));
            }
        }
        // Each producer's newest tells how many it has sent.
        let mut newest = SortedMap::new();
        newest
            .extend(self.registry.messages().iter().map(|message| (message.producer, message.id)));
        needed.extend(newest.into_values());
        let first = self.events.get(cut).map(|event| event.id);
        let is_finished = |index: usize, id: MessageId| {
            self.registry.last_event(index) < first
                && self.ledger.is_settled(id)
                && !self
                    .registry
                    .places(index)
                    .any(|(log, offset)| self.logs.has(log, offset, begin))
                && !needed.contains(&id)
        };
        let all = self.registry.messages().iter().enumerate();
        all.filter(|(index, message)| is_finished(*index, message.id)).map(|(_, m)| m.id).collect()
    }

    /// What a person did stays on the scrubber; of what happened by itself, the newest.
    fn forget_marks(&mut self, begin: Instant) {
        let old = |mark: &super::Mark| mark.kind == MarkKind::Fact && mark.at < begin;
        let mut gone = self.marks.iter().filter(|mark| old(mark)).count().saturating_sub(MARKS);
        self.marks.retain(|mark| {
            let goes = gone > 0 && old(mark);
            gone -= usize::from(goes);
            !goes
        });
    }

    /// The events of which none is missing: those from [`begin`](Self::begin) on.
    pub fn at_hand(&self) -> &[Event] {
        &self.events[self.events.partition_point(|event| event.at < self.begin)..]
    }
}
