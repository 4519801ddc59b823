//! The two indexes everything is asked through: step functions and a search for what spans `t`.

use crate::sim::Instant;

/// A value that changes at instants. Asked in O(log n).
#[derive(Clone, Debug)]
pub struct Steps<T>(Vec<(Instant, T)>);

impl<T> Default for Steps<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Steps<T> {
    /// The value from `at` on. Instants never go back; the last value of an instant counts.
    pub fn set(&mut self, at: Instant, value: T) {
        match self.0.last_mut() {
            Some(last) if last.0 >= at => last.1 = value,
            _ => self.0.push((at, value)),
        }
    }

    /// The value at `t`; none before the first.
    pub fn at(&self, t: Instant) -> Option<&T> {
        self.entry(t).map(|(_, value)| value)
    }

    /// The value at `t` with the instant since when it holds.
    pub fn entry(&self, t: Instant) -> Option<&(Instant, T)> {
        self.0[..self.0.partition_point(|(at, _)| *at <= t)].last()
    }

    /// Forgets what held before `begin`: from there on the answers stay the same.
    pub(super) fn forget(&mut self, begin: Instant) {
        let known = self.0.partition_point(|(at, _)| *at <= begin);
        self.0.drain(..known.saturating_sub(1));
    }

    /// The instant of the last change.
    pub(super) fn changed(&self) -> Instant {
        self.0.last().map_or(Instant::ZERO, |(at, _)| *at)
    }

    /// The newest value.
    pub fn last(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }
}

impl<T: Copy + Default> Steps<T> {
    /// The value at `t`, or the type's zero before the first.
    pub fn value(&self, t: Instant) -> T {
        self.at(t).copied().unwrap_or_default()
    }

    /// The newest value, or the type's zero.
    pub fn newest(&self) -> T {
        self.last().copied().unwrap_or_default()
    }
}

/// Children of a node in a [`Spans`].
const FAN: usize = 16;

/// Intervals in order of their starts, searched by their ends: a tree of maxima, so that one
/// that lasts for ever does not make all younger ones visible to a search.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    starts: Vec<Instant>,
    /// `ends[0]` are the ends, `ends[k]` the maxima of each `FAN` entries of `ends[k - 1]`.
    ends: Vec<Vec<Instant>>,
}

impl Spans {
    /// Adds an interval; starts never go back.
    pub(super) fn push(&mut self, start: Instant, end: Instant) {
        let index = self.starts.len();
        self.starts.push(start);
        if self.ends.is_empty() {
            self.ends.push(Vec::new());
        }
        self.ends[0].push(end);
        self.lift(index);
    }

    /// The interval with this index.
    pub(super) fn span(&self, index: usize) -> (Instant, Instant) {
        (self.starts[index], self.ends[0][index])
    }

    /// Moves an end.
    pub(super) fn set_end(&mut self, index: usize, end: Instant) {
        self.ends[0][index] = end;
        self.lift(index);
    }

    fn lift(&mut self, mut index: usize) {
        let mut level = 0;
        while self.ends[level].len() > 1 {
            let parent = index / FAN;
            let below = &self.ends[level];
            let range = parent * FAN..below.len().min((parent + 1) * FAN);
            let max = below[range].iter().copied().max().unwrap_or_default();
            if self.ends.len() == level + 1 {
                // A new level begins with the maxima of everything below it.
                let all = below.chunks(FAN).map(|c| c.iter().copied().max().unwrap_or_default());
                let all = all.collect();
                self.ends.push(all);
            } else if parent < self.ends[level + 1].len() {
                self.ends[level + 1][parent] = max;
            } else {
                self.ends[level + 1].push(max);
            }
            index = parent;
            level += 1;
        }
    }

    /// Indices of the intervals with `start <= t < end`, in order.
    pub(super) fn at(&self, t: Instant, mut found: impl FnMut(usize)) {
        let limit = self.starts.partition_point(|start| *start <= t);
        if let Some(top) = self.ends.len().checked_sub(1) {
            for index in 0..self.ends[top].len() {
                self.descend(top, index, limit, t, &mut found);
            }
        }
    }

    fn descend(
        &self,
        level: usize,
        index: usize,
        limit: usize,
        t: Instant,
        found: &mut impl FnMut(usize),
    ) {
        if self.ends[level][index] <= t || index * FAN.pow(level as u32) >= limit {
            return;
        }
        if level == 0 {
            found(index);
            return;
        }
        let range = index * FAN..self.ends[level - 1].len().min((index + 1) * FAN);
        for child in range {
            self.descend(level - 1, child, limit, t, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_holds_until_the_next() {
        let mut steps = Steps::default();
        steps.set(Instant(5), 1);
        steps.set(Instant(9), 2);
        steps.set(Instant(9), 3);
        assert_eq!(steps.at(Instant(4)), None);
        assert_eq!(steps.value(Instant(8)), 1);
        assert_eq!(steps.value(Instant(9)), 3);
    }

    #[test]
    fn spans_finds_what_a_scan_finds() {
        let (mut spans, mut plain) = (Spans::default(), Vec::new());
        let mut seed = 7_u64;
        for start in 0..3_000_u64 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let end = start + (seed >> 40) % 50;
            let end = if start % 701 == 0 { u64::MAX } else { end };
            spans.push(Instant(start), Instant(end));
            plain.push((start, end));
            if start % 97 == 5 {
                spans.set_end(start as usize - 3, Instant(start + 400));
                plain[start as usize - 3].1 = start + 400;
            }
        }
        for t in [0, 1, 15, 16, 17, 255, 256, 257, 1_500, 2_999, 5_000] {
            let mut found = Vec::new();
            spans.at(Instant(t), |index| found.push(index));
            let scan = plain.iter().enumerate().filter(|(_, (s, e))| *s <= t && t < *e);
            assert_eq!(found, scan.map(|(index, _)| index).collect::<Vec<_>>(), "at {t}");
        }
    }
}
