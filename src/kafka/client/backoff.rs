//! Exponential back-off with jitter (`org.apache.kafka.common.utils.ExponentialBackoff`).

use crate::sim::{Purpose, Rng, Span};

/// Waits that double from `initial` to `max`, each 20 % shorter or longer by chance.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    initial: Span,
    max: Span,
    rng: Rng,
}

impl Backoff {
    /// `seed` is the client's; `index` tells its back-offs apart.
    pub(crate) fn new(initial: Span, max: Span, seed: u64, index: u32) -> Self {
        Self { initial, max: max.max(initial), rng: Rng::new(seed, Purpose::Backoff, index) }
    }

    /// The wait after `failures` failures in a row, counted from 1.
    pub(crate) fn after(&mut self, failures: u32) -> Span {
        let doubled = self.initial.times(1 << failures.saturating_sub(1).min(32));
        let term = doubled.min(self.max);
        // term * (1 +- 0.2), in millionths. At the cap Kafka keeps the jitter but not above it.
        let millionths = 800_000 + self.rng.below(400_001);
        let wait = u128::from(term.0) * u128::from(millionths) / 1_000_000;
        Span(wait as u64).min(self.max)
    }
}
