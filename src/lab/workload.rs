//! What a producer sends and when.

use crate::event::{Keys, Load, Name, Payload};
use crate::sim::{Purpose, Rng, Span};

/// A producer's stream of messages.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    load: Load,
    rng: Rng,
    sent: u32,
}

/// One message, before any system has seen it.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// The producer's own count, from 1.
    pub(super) number: u32,
    /// Its key.
    pub(super) key: Option<Name>,
    /// Its value.
    pub(super) value: Payload,
}

impl Workload {
    /// The workload of the `index`-th producer of the run.
    pub(super) fn new(load: Load, seed: u64, index: u32) -> Self {
        Self { load, rng: Rng::new(seed, Purpose::Workload, index), sent: 0 }
    }

    /// Messages in a thousand seconds.
    pub(super) fn rate(&self) -> u32 {
        self.load.per_kilosecond
    }

    /// Changes the rate of what is sent from now on.
    pub(super) fn set_rate(&mut self, per_kilosecond: u32) {
        self.load.per_kilosecond = per_kilosecond;
    }

    /// Time between two messages; none when the producer is stopped.
    pub(super) fn gap(&self) -> Option<Span> {
        let rate = u64::from(self.load.per_kilosecond);
        (rate > 0).then(|| Span(1_000_000_000_000 / rate))
    }

    /// The next message.
    pub(super) fn draft(&mut self) -> Draft {
        let index = u64::from(self.sent);
        let key = match &self.load.keys {
            Keys::None => None,
            Keys::Cycle(keys) => pick(keys, index % (keys.len().max(1) as u64)),
            Keys::Random(keys) => pick(keys, self.rng.below(keys.len() as u64)),
            Keys::Skewed(keys) => {
                let last = keys.len().saturating_sub(1) as u64;
                pick(keys, u64::from(self.rng.bits().leading_zeros()).min(last))
            }
        };
        self.sent += 1;
        Draft { number: self.sent, key, value: Payload::synthetic(self.load.bytes, self.sent) }
    }
}

fn pick(keys: &[Name], index: u64) -> Option<Name> {
    keys.get(usize::try_from(index).ok()?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(how: fn(Vec<Name>) -> Keys, n: usize) -> Vec<String> {
        let load = Load {
            per_kilosecond: 5_000,
            keys: how(["a", "b", "c"].map(Into::into).to_vec()),
            bytes: 10,
        };
        let mut workload = Workload::new(load, 1, 0);
        (0..n).filter_map(|_| workload.draft().key).map(|key| key.to_string()).collect()
    }

    #[test]
    fn a_cycle_starts_again() {
        assert_eq!(keys(Keys::Cycle, 4), ["a", "b", "c", "a"]);
    }

    #[test]
    fn skewed_keys_halve() {
        let drawn = keys(Keys::Skewed, 4_000);
        let share = |key: &str| drawn.iter().filter(|k| *k == key).count();
        assert!((1_900..2_100).contains(&share("a")), "{}", share("a"));
        assert!((900..1_100).contains(&share("b")), "{}", share("b"));
    }

    #[test]
    fn five_a_second_are_two_hundred_milliseconds_apart() {
        let load = Load { per_kilosecond: 5_000, keys: Keys::None, bytes: 1 };
        assert_eq!(Workload::new(load, 1, 0).gap(), Some(Span::from_millis(200)));
    }
}
