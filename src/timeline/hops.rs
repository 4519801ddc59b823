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
