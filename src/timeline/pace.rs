//! Time as a person sees it: how much virtual time passes in a second in front of the page.
//!
//! While a drawn hop travels, the shortest one takes [`HOP`] on screen; while none does, the gap
//! shrinks to about [`GAP`]. The world is simulated only up to the cursor, so this looks at what
//! has departed and at the announced instant of the next event, never at the future.

use super::hops::{Busy, is_commit};
use super::{MotionState, Timeline};
use crate::event::Course;
use crate::sim::{Instant, Order, Span};

/// Seconds on screen that the shortest drawn hop takes.
pub const HOP: f64 = 0.6;
/// Seconds on screen that a bookmark on its way takes while no message travels: it is worth a
/// look, not a wait.
pub const COMMIT: f64 = 0.3;
/// Seconds on screen that a usual gap between drawn hops takes.
pub const GAP: f64 = 0.4;
/// The same for a gap of less than ten flights, such as a short handler's.
pub const SHORT_GAP: f64 = 0.2;
/// Drawn departures a second on screen above which the scale no longer follows single hops.
const DENSE: f64 = 60.0;
/// Seconds in which the scale covers most of the way to what is asked, growing and shrinking.
const GROW: f64 = 0.25;
const SHRINK: f64 = 0.08;
/// The same while nothing moves that could seem to leap.
const QUIET: f64 = 0.06;
/// A quiet stretch speeds up by this factor of its own length so far, so that a long one is
/// passed in little more than a second.
const HURRY: f64 = 2.5;
/// Bounds of the scale in virtual nanoseconds per real second: 100 ns, and an hour.
const SLOWEST: f64 = 1e2;
const FASTEST: f64 = 3.6e12;

/// Where a pace stands between two frames. A value: the page keeps it beside the cursor, and
/// replaces it by the default after a jump (seek, step).
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Pace {
    /// Natural logarithm of virtual nanoseconds per real second; none before the first frame.
    log_scale: Option<f64>,
}

/// What to do with a frame's time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advance {
    /// Where the cursor goes.
    pub to: Instant,
    /// Milliseconds of the frame that are left, because an event is due at `to` that may change
    /// the pace: run the world up to `to`, extend the timeline, and advance again with these.
    /// Zero ends the frame.
    pub left_ms: f64,
}

/// A stretch without a drawn hop that is passed quickly: the ruler shows it folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Where it begins.
    pub from: Instant,
    /// Where it ends.
    pub to: Instant,
}

impl Fold {
    /// How long it is.
    pub fn length(self) -> Span {
        self.to.since(self.from)
    }
}

/// What the traffic asks for.
enum Asked {
    /// Drawn hops travel.
    Hops(f64),
    /// None does.
    Quiet(f64),
}

impl Asked {
    fn scale(&self) -> f64 {
        match *self {
            Self::Hops(scale) | Self::Quiet(scale) => scale,
        }
    }
}

fn asked(timeline: &Timeline, t: Instant, next: Option<Instant>) -> Asked {
    let mut slowest: Option<f64> = None;
    timeline.under_way(t, |motion| {
        let hop = motion.hop;
        if hop.cargo.is_background(&hop.tags) || motion.state == MotionState::Held {
            return;
        }
        let flight = match hop.course {
            Course::Arrives(end) => end.since(motion.departed),
            // Held at first, healed since: a usual flight is all that can be said.
            Course::Held | Course::Lost => Span::from_millis(1),
        };
        let scale = flight.0 as f64 / if is_commit(hop) { COMMIT } else { HOP };
        slowest = Some(slowest.map_or(scale, |least| least.min(scale)));
    });
    if let Some(scale) = slowest {
        let scale = bounded(scale);
        return Asked::Hops(steady(timeline, t, scale).unwrap_or(scale));
    }
    // The gap so far began where the last busy time ended.
    let busy = timeline.busy(t);
    let last = busy.last();
    let began = last.map_or(Instant::ZERO, |busy| busy.to.min(t));
    let so_far = t.since(began).0 as f64;
    let known_quiet = next.map_or(0.0, |next| next.since(began).0 as f64);
    // What is usual is what followed the last time that things looked alike.
    let alike = |pair: &&[Busy]| last.is_some_and(|last| pair[0].commit == last.commit);
    let usual = busy.windows(2).rev().take(8).find(alike);
    let usual = usual.map_or(known_quiet, |pair| pair[1].from.since(pair[0].to).0 as f64);
    let gap = usual.max(known_quiet).max(so_far * HURRY);
    let flight = timeline.recent(t, 1).next().map_or(0.0, |(_, flight)| flight.0 as f64);
    Asked::Quiet(bounded(gap / if gap < 10.0 * flight { SHORT_GAP } else { GAP }))
}

/// The scale under dense traffic: by the usual flight, in steps of 1, 2, 5, so that it rests.
fn steady(timeline: &Timeline, t: Instant, scale: f64) -> Option<f64> {
    let recent: Vec<(Instant, Span)> = timeline.recent(t, 128).collect();
    let oldest = recent.last()?.0;
    let window = t.since(oldest).0.max(1) as f64 / scale;
    if recent.len() < 64 || (recent.len() as f64) / window < DENSE {
        return None;
    }
    let mut flights: Vec<u64> = recent.iter().map(|(_, flight)| flight.0).collect();
    flights.order();
    let usual = bounded(flights[flights.len() / 2] as f64 / HOP);
    let decade = 10_f64.powf(usual.log10().floor());
    let step = [5.0, 2.0, 1.0].into_iter().find(|step| decade * step <= usual * 1.001);
    Some(bounded(decade * step.unwrap_or(1.0)))
}

/// The scale after `seconds` on its way to `target`, most of which it covers in `time`.
fn ease(log: f64, target: f64, time: f64, seconds: f64) -> f64 {
    let share = 1.0 - (-seconds / time).exp();
    (log + (target.ln() - log) * share).exp()
}

fn bounded(scale: f64) -> f64 {
    scale.clamp(SLOWEST, FASTEST)
}

impl Pace {
    /// The scale that the traffic at `t` asks for, in virtual nanoseconds per real second.
    /// `next` is the instant of the world's next event, none when nothing is due.
    pub fn target(timeline: &Timeline, t: Instant, next: Option<Instant>) -> f64 {
        asked(timeline, t, next).scale()
    }

    /// The scale now, in virtual nanoseconds per real second, for the clock's `1 ms = 0.4 s`.
    /// `most` as in [`Pace::advance`].
    pub fn scale(&self, timeline: &Timeline, t: Instant, next: Option<Instant>, most: f64) -> f64 {
        match self.log_scale {
            // Nothing that is asked for is faster than the fastest.
            Some(log) if most >= FASTEST => log.exp(),
            log => {
                let target = Self::target(timeline, t, next);
                if target > most { most } else { log.map_or(target, f64::exp) }
            }
        }
    }

    /// Moves the cursor on by `real_ms` milliseconds in front of the page (at most 100 count: a
    /// page that was hidden does not leap). Never passes `next`. Where the traffic asks for more
    /// than `most`, a scale, it goes on at `most`.
    pub fn advance(
        &mut self,
        timeline: &Timeline,
        t: Instant,
        next: Option<Instant>,
        real_ms: f64,
        most: f64,
    ) -> Advance {
        let asked = asked(timeline, t, next);
        if asked.scale() > most {
            return Self::at_scale(most, t, next, real_ms);
        }
        let seconds = real_ms.clamp(0.0, 100.0) / 1e3;
        let scale = match (asked, self.log_scale) {
            // Nothing was moving that could jump, so the first hop of a burst gets its pace at
            // once; else it would have landed before the pace had come down.
            (Asked::Hops(target), None) => target,
            (Asked::Hops(target), Some(log)) if log.exp() > target * 2.0 => target,
            (Asked::Quiet(target), None) => target,
            (Asked::Quiet(target), Some(log)) => ease(log, target, QUIET, seconds),
            (Asked::Hops(target), Some(log)) => {
                ease(log, target, if target.ln() > log { GROW } else { SHRINK }, seconds)
            }
        };
        self.log_scale = Some(bounded(scale).ln());
        Self::at_scale(scale, t, next, real_ms)
    }

    /// Moves the cursor on at a scale that somebody chose, in virtual nanoseconds per real
    /// second; else as [`Pace::advance`].
    pub fn at_scale(scale: f64, t: Instant, next: Option<Instant>, real_ms: f64) -> Advance {
        let seconds = real_ms.clamp(0.0, 100.0) / 1e3;
        let to = t + Span::from_nanos((scale * seconds) as u64);
        match next {
            Some(next) if next < to && next >= t => {
                let used = next.since(t).0 as f64 / scale;
                Advance { to: next, left_ms: (seconds - used).max(0.0) * 1e3 }
            }
            _ => Advance { to, left_ms: 0.0 },
        }
    }

    /// The scale at which an unfolded stretch of this length is passed: in real time, or in a
    /// minute where that would take longer.
    pub fn unfolded(length: Span) -> f64 {
        (length.as_nanos() as f64 / 60.0).max(1e9)
    }

    /// The scale in words for the clock: `1 ms \u{2248} 0.6 s`.
    pub fn words(scale: f64) -> String {
        // The unit whose one lasts between a tenth of a second and ten minutes on screen.
        let units =
            [(1e0, "1 ns"), (1e3, "1 \u{b5}s"), (1e6, "1 ms"), (1e9, "1 s"), (6e10, "1 min")];
        let (unit, name) =
            units.into_iter().find(|(unit, _)| unit / scale >= 0.1).unwrap_or((3.6e12, "1 h"));
        let seconds = unit / scale;
        if (seconds - 1.0).abs() < 0.005 && name == "1 s" {
            "real time".to_owned()
        } else if seconds >= 9.95 {
            format!("{name} \u{2248} {seconds:.0} s")
        } else {
            format!("{name} \u{2248} {seconds:.1} s")
        }
    }
}

/// The stretches between `from` and `to` without any drawn hop, each at least `least` long.
pub fn folds(timeline: &Timeline, from: Instant, to: Instant, least: Span) -> Vec<Fold> {
    let busy = timeline.busy(to);
    let first = busy.partition_point(|busy| busy.to <= from);
    let mut folds = Vec::new();
    let mut quiet = from.max(if first == 0 { Instant::ZERO } else { busy[first - 1].to });
    let ends = busy[first..].iter().map(|busy| (busy.from, busy.to));
    for (start, end) in ends.chain(core::iter::once((to, to))) {
        if start.since(quiet) >= least {
            folds.push(Fold { from: quiet, to: start.min(to) });
        }
        quiet = quiet.max(end);
    }
    folds
}
