//! Time as a person sees it: how much virtual time passes in a second in front of the page.

use super::Timeline;
use crate::sim::{Instant, Span};

/// Where a pace stands between two frames. A value: the page keeps it beside the cursor, and a
/// jump (seek, step) may replace it by the default at any time.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Pace {
    /// Natural logarithm of virtual nanoseconds per real second; none before the first frame.
    log_scale: Option<f64>,
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

impl Pace {
    /// The scale that the traffic at `t` asks for, in virtual nanoseconds per real second. Looks
    /// only at what departed by `t`, and at `next`: the instant of the world's next event, none
    /// when nothing is due.
    pub fn target(_timeline: &Timeline, _t: Instant, _next: Option<Instant>) -> f64 {
        1e9
    }

    /// The scale now, in virtual nanoseconds per real second, for the clock's `1 ms = 0.4 s`.
    pub fn scale(&self, timeline: &Timeline, t: Instant, next: Option<Instant>) -> f64 {
        self.log_scale.map_or_else(|| Self::target(timeline, t, next), f64::exp)
    }

    /// Moves the cursor on by `real_ms` milliseconds in front of the page (at most 100 count).
    /// Never passes `next` by more than the time left of the frame allows; the caller runs the
    /// world up to the returned instant and extends the timeline.
    #[must_use]
    pub fn advance(
        &mut self,
        timeline: &Timeline,
        t: Instant,
        next: Option<Instant>,
        real_ms: f64,
    ) -> Instant {
        let scale = self.scale(timeline, t, next);
        t + Span::from_nanos((scale * real_ms.clamp(0.0, 100.0) / 1e3) as u64)
    }
}

/// The stretches between `from` and `to` without any drawn hop, each at least `least` long.
pub fn folds(_timeline: &Timeline, _from: Instant, _to: Instant, _least: Span) -> Vec<Fold> {
    Vec::new()
}
