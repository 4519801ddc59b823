//! Seeded randomness: PCG32 (XSL-RR 64/32), one independent stream for each purpose.
//!
//! Drawing for one purpose never shifts what another purpose draws, so a change in, say, the
//! latency model leaves the workload of a recorded run as it was.

use rand_core::RngCore;
use rand_pcg::Lcg64Xsh32;

/// What a stream of random numbers is for. The number is part of a recording's meaning:
/// add at the end, never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Latency of links.
    Latency = 1,
    /// Keys, sizes and instants of the messages a producer sends.
    Workload = 2,
    /// Processing times and failures of handlers.
    Handling = 3,
    /// Back-off jitter of clients.
    Backoff = 4,
    /// The sticky partitioner's choice (Kafka's `BuiltInPartitioner`).
    Partitioner = 5,
    /// Identifiers that the real systems draw (member ids, run ids).
    Identifiers = 6,
    /// Replica placement (Kafka's `StripedReplicaPlacer`).
    Placement = 7,
    /// Random answers of a Redis (SPOP, SRANDMEMBER, eviction samples).
    RedisSampling = 8,
}

/// A generator of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(Lcg64Xsh32);

impl Rng {
    /// The stream of `purpose` for the `index`-th thing of its kind (the third producer, say)
    /// in the run with this `seed`.
    pub fn new(seed: u64, purpose: Purpose, index: u32) -> Self {
        Self(Lcg64Xsh32::new(seed, ((purpose as u64) << 32) | u64::from(index)))
    }

    /// A number of 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number in `0..bound`, all equally likely; 0 when `bound` is 0.
    ///
    /// Lemire's multiply-and-reject, on `u64` so that 32-bit and 64-bit targets agree.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        loop {
            let wide = u128::from(self.0.next_u64()) * u128::from(bound);
            let low = wide as u64;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (wide >> 64) as u64;
            }
        }
    }

    /// True with a chance of `per_million` in a million.
    pub fn chance(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_pcg32() {
        // The reference output of pcg32-demo (seed 42, stream 54), pcg-random.org.
        let mut rng = Lcg64Xsh32::new(42, 54);
        let drawn: Vec<u32> = (0..6).map(|_| rng.next_u32()).collect();
        assert_eq!(
            drawn,
            [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293, 0xbfa4_784b, 0xcbed_606e]
        );
    }

    #[test]
    fn below_stays_below_and_reaches_every_value() {
        let mut rng = Rng::new(7, Purpose::Workload, 0);
        let mut seen = [0_u32; 5];
        for _ in 0..1_000 {
            seen[rng.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 100), "{seen:?}");
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn purposes_are_independent() {
        let draw = |purpose, index| Rng::new(1, purpose, index).bits();
        assert_ne!(draw(Purpose::Latency, 0), draw(Purpose::Workload, 0));
        assert_ne!(draw(Purpose::Latency, 0), draw(Purpose::Latency, 1));
    }
}
