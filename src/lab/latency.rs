//! Latency figures: a histogram that is exact to one part in sixteen.

use crate::sim::{SortedMap, Span};

/// Bits kept below the leading one.
const PRECISION: u32 = 4;

/// A histogram of spans in log-linear buckets, as HdrHistogram's: integers only, so that it is
/// the same on every machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    buckets: SortedMap<u64, u64>,
    count: u64,
}

impl Latency {
    pub(super) fn record(&mut self, span: Span) {
        *self.buckets.entry(floor(span.as_nanos())).or_default() += 1;
        self.count += 1;
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The span that `per_cent` of all do not pass, rounded down to the bucket's start; none
    /// when nothing was recorded.
    pub fn percentile(&self, per_cent: u64) -> Option<Span> {
        let rank = (self.count * per_cent.min(100)).div_ceil(100).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|(&start, &count)| {
            seen += count;
            (seen >= rank).then_some(Span(start))
        })
    }
}

/// The start of the bucket that a number lies in.
fn floor(n: u64) -> u64 {
    let drop = n.checked_ilog2().unwrap_or(0).saturating_sub(PRECISION);
    n >> drop << drop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_exact_to_a_sixteenth() {
        let mut latency = Latency::default();
        assert_eq!(latency.percentile(50), None);
        for ms in 1..=100 {
            latency.record(Span::from_millis(ms));
        }
        for (per_cent, ms) in [(50, 50), (99, 99), (100, 100), (1, 1)] {
            let exact = Span::from_millis(ms).as_nanos();
            let found = latency.percentile(per_cent).map_or(0, Span::as_nanos);
            assert!(found <= exact && exact - found <= exact / 16, "{per_cent}: {found}");
        }
    }
}
