//! Small charts: a figure over the last stretch of virtual time, sampled from the timeline.

use super::At;
use super::words::time;
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
    /// All of it in words, for those who do not see it.
    pub words: String,
    /// What stands at its upper edge, with the unit; its lower edge is zero.
    pub top: String,
    /// How long ago its left edge is; its right edge is now.
    pub from: String,
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
    /// What it is, with its newest value and the way that goes.
    pub label: String,
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

/// What a chart counts.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    /// Messages.
    Messages,
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Time,
}

impl Unit {
    fn words(self, value: f64) -> String {
        let n = value.max(0.0) as u64;
        match self {
            Self::Messages => n.to_string(),
            Self::Bytes => bytes(n),
            Self::Time => time(Span(n)),
        }
    }

    /// The words of an axis.
    fn axis(self, value: f64) -> String {
        match self {
            Self::Messages => format!("{} messages", self.words(value)),
            _ => self.words(value),
        }
    }
}

/// A line: its meaning, its name and its figure at an instant; none where it has no figure.
pub(super) type Figure<'a> = (Class, String, &'a dyn Fn(Instant) -> Option<f64>);

/// What the charts of a run share: the instants they are sampled at.
pub(super) struct Axis {
    from: Instant,
    span: Span,
    /// What was before is not at hand.
    begin: Instant,
}

impl At<'_> {
    pub(super) fn axis(self) -> Axis {
        let past = self.t.since(Instant::ZERO);
        let span = past.clamp(LEAST, WINDOW);
        let begin = self.timeline.begin();
        Axis { from: Instant(self.t.0.saturating_sub(span.0)), span, begin }
    }
}

impl Axis {
    /// The instants of the samples, oldest first.
    pub(super) fn instants(&self) -> impl Iterator<Item = Instant> {
        let (from, span) = (self.from, self.span.0);
        (0..=SAMPLES).map(move |n| from + Span(span / SAMPLES * n))
    }

    /// A chart of figures that can be asked at any instant. `least` is the least height; `marks`
    /// are levels that matter, shown where they are near.
    pub(super) fn chart(
        &self,
        what: &str,
        unit: Unit,
        lines: &[Figure<'_>],
        (least, marks): (f64, &[(f64, String)]),
    ) -> Chart {
        let sample = |figure: &dyn Fn(Instant) -> Option<f64>| -> Vec<Option<f64>> {
            self.instants().map(|t| if t < self.begin { None } else { figure(t) }).collect()
        };
        let sampled: Vec<_> = lines.iter().map(|(_, _, figure)| sample(figure)).collect();
        let peak = sampled.iter().flatten().flatten().copied().fold(0.0, f64::max);
        let high = (peak * 1.25).max(least);
        let seconds = self.span.as_nanos().div_ceil(1_000_000_000);
        let title = format!("{what}, last {seconds} s");
        // A second ago; or one sample, where these are further apart.
        let back = (SAMPLES / seconds.max(1)).clamp(1, SAMPLES) as usize;
        let moves = |all: &[Option<f64>]| {
            let now = all.last().copied().flatten()?;
            let before = all.iter().rev().nth(back).copied().flatten().unwrap_or(now);
            Some((now, direction(before as u64, now as u64)))
        };
        let label = |name: &str, all: &[Option<f64>]| match moves(all) {
            None => format!("{name} none"),
            Some((now, ("", _))) => format!("{name} {}", unit.words(now)),
            Some((now, (mark, _))) => format!("{name} {} {mark}", unit.words(now)),
        };
        let spoken = |name: &str, all: &[Option<f64>]| match moves(all) {
            None => format!("{name} none"),
            Some((now, (_, word))) => {
                let most = all.iter().flatten().copied().fold(0.0, f64::max);
                format!("{name} {}, {word}, at most {}", unit.words(now), unit.words(most))
            }
        };
        let mut words: Vec<String> =
            lines.iter().zip(&sampled).map(|((_, name, _), all)| spoken(name, all)).collect();
        words.extend(marks.iter().map(|(_, label)| label.clone()));
        let series = lines.iter().zip(&sampled).map(|((class, name, _), all)| {
            let place = |(n, value): (usize, &Option<f64>)| {
                value.map(|value| (n as f32 / SAMPLES as f32, (value / high) as f32))
            };
            let points = all.iter().enumerate().filter_map(place).collect();
            Series { class, label: label(name, all), points }
        });
        let limits = marks.iter().filter(|(at, _)| *at <= high);
        Chart {
            words: format!("{title}: {}", words.join("; ")),
            title,
            top: unit.axis(high),
            from: format!("{seconds} s ago"),
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
        core::cmp::Ordering::Greater => ("\u{25b2}", "rising"),
        core::cmp::Ordering::Less => ("\u{25bc}", "falling"),
        core::cmp::Ordering::Equal => ("", "steady"),
    }
}

/// Bytes as people say them, with the exact number where that is not it.
pub(super) fn exact_bytes(n: u64) -> String {
    if n < 1_000 { bytes(n) } else { format!("{} ({n} bytes)", bytes(n)) }
}
