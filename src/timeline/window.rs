//! A long run in bounded memory: the newest stretch of it, and one around where somebody looks.
//!
//! Events come from the outside, in order; whoever keeps the run can tell them again from any
//! number on. In between stand *bases*: timelines that have forgotten all but how things stand, so
//! that a look into the past need not begin with the first event.

use super::Timeline;
use crate::event::Event;
use crate::sim::{Instant, Span};

/// Events of the newest stretch at the least; twice as many at the most.
const KEEP: usize = 32_768;
/// More bases than this are thinned to half.
const BASES: usize = 6;

/// Events from this number on, told again until somebody has heard enough (false).
pub type Tell<'a> = &'a mut dyn FnMut(u64, &mut dyn FnMut(&[Event]) -> bool);

/// See the module.
#[derive(Clone, Debug)]
pub struct Window {
    head: Timeline,
    /// How many events there have been.
    told: u64,
    /// A stretch of the past, up to event number `.1`.
    past: Option<(Timeline, u64)>,
    /// How things stood after so many events, oldest first.
    bases: Vec<(u64, Timeline)>,
    keep: usize,
    between: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self::keeping(KEEP)
    }
}

impl Window {
    /// One whose stretches have at least so many events.
    pub fn keeping(keep: usize) -> Self {
        Self {
            head: Timeline::default(),
            told: 0,
            past: None,
            bases: Vec::new(),
            keep,
            between: keep as u64,
        }
    }

    /// The newest stretch, with the marks and folds of the whole run.
    pub fn head(&self) -> &Timeline {
        &self.head
    }

    /// The stretch in which `t` lies: the newest one unless [`look`](Self::look) found another.
    pub fn at(&self, t: Instant) -> &Timeline {
        match &self.past {
            Some((past, _)) if t < self.head.begin() => past,
            _ => &self.head,
        }
    }

    /// How many events it has been told.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Adds events; they follow those already told.
    pub fn extend(&mut self, events: &[Event]) {
        for events in events.chunks(self.keep) {
            self.head.extend(events);
            self.told += events.len() as u64;
            if self.head.events().len() >= 2 * self.keep {
                self.base();
                self.head.forget(self.keep);
            }
        }
    }

    /// Takes back all but the first `told` events, or some more: [`told`](Self::told) says from
    /// where on they must be told again.
    pub fn rewind(&mut self, told: u64) {
        self.past = None;
        self.bases.retain(|(number, _)| *number <= told);
        let last = self.bases.last().cloned();
        (self.told, self.head) = last.unwrap_or_default();
    }

    /// Makes sure that `t` can be asked about with [`at`](Self::at).
    pub fn look(&mut self, t: Instant, tell: Tell<'_>) {
        if t >= self.head.begin() {
            self.past = None;
            return;
        }
        let begins = |timeline: &Timeline| timeline.begin() <= t;
        if self.past.as_ref().is_some_and(|(past, _)| begins(past) && t < past.end()) {
            return;
        }
        let base = self.bases.iter().rev().find(|(_, base)| begins(base));
        let from = base.map_or(0, |(number, _)| *number);
        let near = self.past.take().filter(|(past, number)| begins(past) && *number >= from);
        let (mut past, mut told) = near.unwrap_or_else(|| match base {
            Some((number, base)) => (base.clone(), *number),
            None => Default::default(),
        });
        let (keep, from) = (self.keep, told);
        tell(from, &mut |events| {
            for events in events.chunks(keep) {
                past.extend(events);
                told += events.len() as u64;
                let after = past.events().partition_point(|event| event.at <= t);
                // Some of what comes next, for who goes on from there.
                if past.events().len() - after >= keep / 2 {
                    return false;
                }
                if past.events().len() >= 2 * keep {
                    past.forget(keep);
                }
            }
            true
        });
        self.past = Some((past, told));
    }

    /// The next instant after `t` at which the stage draws something new, as far as is told. Then
    /// `t` may lie before what [`at`](Self::at) can be asked about.
    pub fn next_drawn(&mut self, t: Instant, tell: Tell<'_>) -> Option<Instant> {
        let mut from = t;
        loop {
            self.look(from, tell);
            let here = self.at(from);
            let next = here.next_drawn(t);
            if next.is_some() || from >= self.head.begin() {
                return next;
            }
            from = here.end().max(from + Span(1));
        }
    }

    /// Keeps how things stand now, when that is due.
    fn base(&mut self) {
        if self.told < self.bases.last().map_or(0, |(number, _)| *number) + self.between {
            return;
        }
        let mut base = self.head.clone();
        base.forget(0);
        // A clone has no room to spare, unlike what has just forgotten most of what it had.
        self.bases.push((self.told, base.clone()));
        if self.bases.len() > BASES {
            let mut place = 0;
            self.bases.retain(|_| {
                place += 1;
                place % 2 == 0
            });
            self.between *= 2;
        }
    }
}
