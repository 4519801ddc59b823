//! Small charts: a figure over the last stretch of virtual time, sampled from the timeline.

use super::At;
use crate::sim::{Instant, Span};
use crate::stage::Class;
use crate::stage::text::bytes;

/// Samples a line of a chart is made of.
const SAMPLES: u64 = 48;

/// How far back a chart looks.
const WINDOW: Span = Span::from_secs(60);

/// A shorter run is shown over at least this long.
const LEAST: Span = Span::from_secs(5);

/// One or more figures over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// What it shows and over how long: `lag, last 60 s`.
    pub title: String,
    /// Its newest values in words, for those who do not see it.
    pub words: String,
    /// The lines, the first on top.
    pub series: Vec<Series>,
    /// Levels that matter.
    pub limits: Vec<Limit>,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its meaning, a class of [`CLASSES`](crate::stage::CLASSES).
    pub class: Class,
    /// Points from left to right, each from (0, 0) at the lower left to (1, 1).
    pub points: Vec<(f32, f32)>,
}

/// A level across a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Its height, 0 to 1.
    pub at: f32,
    /// What it is.
    pub label: String,
}

/// A line's meaning and its figure at an instant.
pub(super) type Figure<'a> = (Class, &'a dyn Fn(Instant) -> Option<f64>);

/// What the charts of a run share: the instants they are sampled at.
pub(super) struct Axis {
    from: Instant,
    span: Span,
}

impl At<'_> {
    pub(super) fn axis(self) -> Axis {
        let past = self.t.since(Instant::ZERO);
        let span = past.clamp(LEAST, WINDOW);
        Axis { from: Instant(self.t.0.saturating_sub(span.0)), span }
    }
}

impl Axis {
    pub(super) fn title(&self, what: &str) -> String {
        let seconds = self.span.as_nanos().div_ceil(1_000_000_000);
        format!("{what}, last {seconds} s")
    }

    /// The instants of the samples, oldest first.
    pub(super) fn instants(&self) -> impl Iterator<Item = Instant> {
        let (from, span) = (self.from, self.span.0);
        (0..=SAMPLES).map(move |n| from + Span(span / SAMPLES * n))
    }

    /// A chart of figures that can be asked at any instant. `top` is the least height.
    pub(super) fn chart(
        &self,
        what: &str,
        words: String,
        lines: &[Figure<'_>],
        (top, marks): (f64, &[(f64, String)]),
    ) -> Chart {
        let sample = |(class, figure): &Figure<'_>| {
            (*class, self.instants().map(figure).collect::<Vec<_>>())
        };
        let sampled: Vec<_> = lines.iter().map(sample).collect();
        let peak = sampled.iter().flat_map(|(_, all)| all).flatten().copied().fold(0.0, f64::max);
        let high = (peak * 1.1).max(top);
        let series = sampled.into_iter().map(|(class, all)| {
            let place = |(n, value): (usize, Option<f64>)| {
                value.map(|value| (n as f32 / SAMPLES as f32, (value / high) as f32))
            };
            Series { class, points: all.into_iter().enumerate().filter_map(place).collect() }
        });
        let limits = marks.iter().filter(|(at, _)| *at <= high);
        Chart {
            title: self.title(what),
            words,
            series: series.collect(),
            limits: limits
                .map(|(at, label)| Limit { at: (at / high) as f32, label: label.clone() })
                .collect(),
        }
    }
}

/// Whether a figure grows, shrinks or rests, as a mark and a word.
pub(super) fn direction(before: u64, now: u64) -> (&'static str, &'static str) {
    match now.cmp(&before) {
        core::cmp::Ordering::Greater => ("\u{25b2}", "growing"),
        core::cmp::Ordering::Less => ("\u{25bc}", "shrinking"),
        core::cmp::Ordering::Equal => ("", "steady"),
    }
}

/// Bytes as people say them, with the exact number where that is not it.
pub(super) fn exact_bytes(n: u64) -> String {
    if n < 1_000 { bytes(n) } else { format!("{} ({n} bytes)", bytes(n)) }
}
