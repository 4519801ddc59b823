//! The sorted set itself: members by score, then by bytes.

use super::super::client::Key;
use crate::sim::{SortedMap, SortedSet};
use std::cmp::Ordering;

/// A score; never NaN. Negative zero equals zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Score(pub(in super::super) f64);

impl Eq for Score {}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Members with scores, in both orders.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Zset {
    scores: SortedMap<Key, Score>,
    order: SortedSet<(Score, Key)>,
}

impl Zset {
    pub(in super::super) fn len(&self) -> usize {
        self.scores.len()
    }

    pub(in super::super) fn score(&self, member: &Key) -> Option<f64> {
        self.scores.get(member).map(|score| score.0)
    }

    pub(in super::super) fn insert(&mut self, member: &Key, score: f64) {
        if let Some(old) = self.scores.insert(member.clone(), Score(score)) {
            self.order.remove(&(old, member.clone()));
        }
        self.order.insert((Score(score), member.clone()));
    }

    pub(in super::super) fn remove(&mut self, member: &Key) -> bool {
        let Some(score) = self.scores.remove(member) else { return false };
        self.order.remove(&(score, member.clone()))
    }

    /// Members from the lowest score to the highest.
    pub(in super::super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, f64)> {
        self.order.iter().map(|(score, member)| (member, score.0))
    }

    /// Members from a score on, in order.
    pub(in super::super) fn rank(&self, member: &Key) -> Option<usize> {
        let score = *self.scores.get(member)?;
        Some(self.order.range(..(score, member.clone())).count())
    }
}
