//! Everything that moves, by the last ruling at or before the instant asked.

use super::steps::Spans;
use crate::event::{Cargo, Course, Event, Hop, HopId, Ruling, What};
use crate::sim::{Instant, SortedMap, Span};

/// How a hop stands at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motion<'a> {
    /// The hop.
    pub hop: &'a Hop,
    /// When it left.
    pub departed: Instant,
    /// How far it is, 0 to 1.
    pub progress: f64,
    /// What holds it.
    pub state: MotionState,
}

/// What becomes of a hop under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MotionState {
    /// It moves.
    Moving,
    /// Its link is interrupted: it stands still.
    Held,
    /// Its connection is gone: it falls; how far, 0 to 1.
    Falling(f64),
}

#[derive(Clone, Debug)]
struct Track {
    /// Index of its event.
    event: u32,
    rulings: Vec<(Instant, Course)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Hops {
    tracks: Vec<Track>,
    spans: Spans,
    index: SortedMap<HopId, u32>,
    /// Departures that the pace counts: (departed, flight time as set then, end of busy time).
    drawn: Vec<(Instant, Span)>,
    /// Unions of times in which drawn hops travelled.
    busy: Vec<Busy>,
}

/// A time in which drawn hops travelled all along.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Busy {
    pub(crate) from: Instant,
    pub(crate) to: Instant,
    /// Whether the last to land was a bookmark; what follows one differs from what follows a
    /// message.
    pub(crate) commit: bool,
}

/// How long a lost hop falls when its flight time is not known: a millisecond, a usual flight.
const FALL: Span = Span::from_millis(1);

/// Departures before what is forgotten that the pace may still look at.
const FLIGHTS: usize = 128;
/// Busy times before what is forgotten that the pace may still look at.
const GAPS: usize = 16;
/// A gap that is this part of a run, or less, is on no ruler; a ruler shows 24th parts.
const JOINED: u64 = 64;

impl Hops {
    pub(super) fn depart(&mut self, at: Instant, event: usize, hop: &Hop) {
        self.index.insert(hop.id, self.tracks.len() as u32);
        self.tracks.push(Track { event: event as u32, rulings: Vec::new() });
        let end = match hop.course {
            Course::Arrives(end) => end,
            Course::Held => Instant::FAR,
            Course::Lost => at + FALL,
        };
        self.spans.push(at, end);
        if !hop.cargo.is_background(&hop.tags) {
            let flight = if let Course::Arrives(end) = hop.course { end.since(at) } else { FALL };
            self.drawn.push((at, flight));
            self.occupy(at, at + flight, is_commit(hop));
        }
    }

    fn occupy(&mut self, from: Instant, to: Instant, commit: bool) {
        match self.busy.last_mut() {
            Some(last) if from <= last.to => {
                if to >= last.to {
                    (last.to, last.commit) = (to, commit);
                }
            }
            _ => self.busy.push(Busy { from, to, commit }),
        }
    }

    pub(super) fn rule(&mut self, at: Instant, ruling: &Ruling, events: &[Event]) {
        let Some(index) = self.index.get(&ruling.hop).map(|i| *i as usize) else { return };
        let end = match ruling.course {
            Course::Arrives(end) => end,
            Course::Held => Instant::FAR,
            Course::Lost => at + self.fall(index, events),
        };
        self.tracks[index].rulings.push((at, ruling.course));
        self.spans.set_end(index, end);
        if let Some((_, hop)) = hop_of(events, &self.tracks[index])
            && !hop.cargo.is_background(&hop.tags)
            && end != Instant::FAR
        {
            self.occupy(at, end, is_commit(hop));
        }
    }

    /// The hop whose departure is the `index`-th.
    pub(super) fn hop<'a>(&self, events: &'a [Event], index: u32) -> Option<(Instant, &'a Hop)> {
        self.tracks.get(index as usize).and_then(|track| hop_of(events, track))
    }

    pub(super) fn index(&self, id: HopId) -> Option<u32> {
        self.index.get(&id).copied()
    }

    pub(super) fn at<'a>(
        &self,
        events: &'a [Event],
        t: Instant,
        mut found: impl FnMut(Motion<'a>),
    ) {
        self.spans.at(t, |index| {
            if let Some(motion) = self.motion(events, index, t) {
                found(motion);
            }
        });
    }

    /// The hop's motion at `t`; none when it has not left or has arrived.
    pub(super) fn motion<'a>(
        &self,
        events: &'a [Event],
        index: usize,
        t: Instant,
    ) -> Option<Motion<'a>> {
        let track = &self.tracks[index];
        let (departed, hop) = hop_of(events, track)?;
        if t < departed {
            return None;
        }
        // Progress made under each course up to `t`; a later arrival starts from where it is.
        let (mut since, mut course, mut done) = (departed, hop.course, 0.0);
        for (at, next) in track.rulings.iter().take_while(|(at, _)| *at <= t) {
            done = progress(since, course, done, *at);
            (since, course) = (*at, *next);
        }
        let (progress, state) = match course {
            Course::Arrives(end) if t >= end => return None,
            Course::Arrives(_) => (progress(since, course, done, t), MotionState::Moving),
            Course::Held => (done, MotionState::Held),
            Course::Lost => {
                let fall = self.fall(index, events);
                if t >= since + fall {
                    return None;
                }
                let fallen = t.since(since).0 as f64 / fall.0.max(1) as f64;
                (done, MotionState::Falling(fallen))
            }
        };
        Some(Motion { hop, departed, progress, state })
    }

    /// A lost hop falls for as long as it would have flown, so that the pace shows both alike.
    fn fall(&self, index: usize, events: &[Event]) -> Span {
        match hop_of(events, &self.tracks[index]) {
            Some((at, Hop { course: Course::Arrives(end), .. })) if *end > at => end.since(at),
            _ => FALL,
        }
    }

    /// Which hops are not over at `begin`, or left with an event from number `cut` on, or are
    /// `needed`, by index, departure and arrival: all others can be forgotten.
    pub(super) fn lasting(
        &self,
        events: &[Event],
        (begin, cut): (Instant, usize),
        needed: &dyn Fn(u32, &Hop, Instant) -> bool,
    ) -> Vec<bool> {
        let lasts = |(index, track): (usize, &Track)| {
            let end = self.spans.span(index).1;
            let needed = |(_, hop): (Instant, &Hop)| needed(index as u32, hop, end);
            track.event as usize >= cut || end > begin || hop_of(events, track).is_some_and(needed)
        };
        self.tracks.iter().enumerate().map(lasts).collect()
    }

    /// The place of a hop's event.
    pub(super) fn event(&self, index: usize) -> usize {
        self.tracks[index].event as usize
    }

    /// Keeps the hops that are `lasting`; `place` says where their events are from now on. Answers
    /// the hops' new indices by their old ones.
    pub(super) fn forget(
        &mut self,
        begin: Instant,
        lasting: &[bool],
        place: impl Fn(usize) -> usize,
    ) -> Vec<u32> {
        let (mut spans, mut tracks, mut index) = (Spans::default(), Vec::new(), SortedMap::new());
        let mut moved = vec![0; self.tracks.len()];
        for (old, mut track) in std::mem::take(&mut self.tracks).into_iter().enumerate() {
            if lasting[old] {
                let (start, end) = self.spans.span(old);
                spans.push(start, end);
                moved[old] = tracks.len() as u32;
                track.event = place(track.event as usize) as u32;
                tracks.push(track);
            }
        }
        for (id, old) in &self.index {
            if lasting[*old as usize] {
                index.insert(*id, moved[*old as usize]);
            }
        }
        (self.spans, self.tracks, self.index) = (spans, tracks, index);
        let known = self.drawn.partition_point(|(at, _)| *at <= begin);
        self.drawn.drain(..known.saturating_sub(FLIGHTS));
        self.forget_busy(begin);
        moved
    }

    /// Joins old busy times with short gaps between them: no ruler shows those any more.
    fn forget_busy(&mut self, begin: Instant) {
        let known = self.busy.partition_point(|busy| busy.from <= begin);
        let recent = self.busy.split_off(known.saturating_sub(GAPS));
        let least = Span(begin.0 / JOINED);
        let mut joined: Vec<Busy> = Vec::new();
        for busy in self.busy.drain(..) {
            match joined.last_mut() {
                Some(last) if busy.from.since(last.to) < least => {
                    *last = Busy { from: last.from, ..busy }
                }
                _ => joined.push(busy),
            }
        }
        joined.extend(recent);
        self.busy = joined;
    }

    /// Flights of the last `n` drawn departures up to `t`, newest first.
    pub(super) fn recent(&self, t: Instant, n: usize) -> impl Iterator<Item = (Instant, Span)> {
        let end = self.drawn.partition_point(|(at, _)| *at <= t);
        self.drawn[end.saturating_sub(n)..end].iter().rev().copied()
    }

    /// The busy times that begin by `t`, newest last.
    pub(super) fn busy(&self, t: Instant) -> &[Busy] {
        &self.busy[..self.busy.partition_point(|busy| busy.from <= t)]
    }
}

/// Whether a hop carries a bookmark and no message.
pub(crate) fn is_commit(hop: &Hop) -> bool {
    matches!(hop.cargo, Cargo::OffsetCommit { .. })
}

fn hop_of<'a>(events: &'a [Event], track: &Track) -> Option<(Instant, &'a Hop)> {
    match events.get(track.event as usize)? {
        Event { at, what: What::Departed(hop), .. } => Some((*at, hop)),
        _ => None,
    }
}

/// Progress at `t` of a hop that had made `done` of its way at `since` and then kept `course`.
fn progress(since: Instant, course: Course, done: f64, t: Instant) -> f64 {
    match course {
        Course::Arrives(end) => {
            let whole = end.since(since).0.max(1) as f64;
            done + (1.0 - done) * (t.since(since).0 as f64 / whole).min(1.0)
        }
        Course::Held | Course::Lost => done,
    }
}
