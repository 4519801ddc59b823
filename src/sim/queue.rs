//! The event queue: what happens next, in a stable order.

use super::Instant;
use core::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Things due at instants, taken in the order `(instant, order of insertion)`.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    heap: BinaryHeap<Reverse<Due<T>>>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Due<T> {
    at: Instant,
    sequence: u64,
    what: T,
}

impl<T> Due<T> {
    fn key(&self) -> (Instant, u64) {
        (self.at, self.sequence)
    }
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), next: 0 }
    }
}

impl<T> Queue<T> {
    /// Makes `what` due at `at`, after everything already due then.
    pub fn push(&mut self, at: Instant, what: T) {
        self.heap.push(Reverse(Due { at, sequence: self.next, what }));
        self.next += 1;
    }

    /// When the next thing is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(due)| due.at)
    }

    /// Takes the next thing if it is due at `until` or earlier.
    pub fn pop_until(&mut self, until: Instant) -> Option<(Instant, T)> {
        if self.next_at()? > until {
            return None;
        }
        self.heap.pop().map(|Reverse(due)| (due.at, due.what))
    }

    /// How many things are due.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is due.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_instants_keep_the_order_of_insertion() {
        let mut queue = Queue::default();
        let (early, late) = (Instant::from_millis(1), Instant::from_millis(2));
        for (at, what) in [(late, 'c'), (early, 'a'), (late, 'd'), (early, 'b')] {
            queue.push(at, what);
        }
        assert_eq!(queue.pop_until(Instant::ZERO), None);
        let taken: String =
            std::iter::from_fn(|| queue.pop_until(late)).map(|(_, what)| what).collect();
        assert_eq!(taken, "abcd");
        assert!(queue.is_empty());
    }
}
