//! Walks over a map.

use super::SortedMap;
use super::map::{Chunk, Place};
use core::iter::FlatMap;
use std::rc::Rc;

/// Entries in order.
pub struct Iter<'a, K, V> {
    pub(super) chunks: &'a [Chunk<K, V>],
    pub(super) front: Place,
    pub(super) back: Place,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        let chunk = &self.chunks[self.front.0];
        let (key, value) = &chunk[self.front.1];
        self.front.1 += 1;
        if self.front.1 == chunk.len() {
            self.front = (self.front.0 + 1, 0);
        }
        Some((key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.len();
        (len, Some(len))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        if self.back.1 == 0 {
            self.back = (self.back.0 - 1, self.chunks[self.back.0 - 1].len());
        }
        self.back.1 -= 1;
        let (key, value) = &self.chunks[self.back.0][self.back.1];
        Some((key, value))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {
    fn len(&self) -> usize {
        if self.front >= self.back {
            return 0;
        }
        let whole: usize =
            self.chunks[self.front.0..self.back.0].iter().map(|chunk| chunk.len()).sum();
        whole + self.back.1 - self.front.1
    }
}

/// Keys in order.
pub struct Keys<'a, K, V>(pub(super) Iter<'a, K, V>);

/// Values in the order of their keys.
pub struct Values<'a, K, V>(pub(super) Iter<'a, K, V>);

macro_rules! projected {
    ($name:ident, $item:ident, $at:tt) => {
        impl<K, V> Clone for $name<'_, K, V> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<'a, K, V> Iterator for $name<'a, K, V> {
            type Item = &'a $item;

            fn next(&mut self) -> Option<Self::Item> {
                self.0.next().map(|entry| entry.$at)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<K, V> DoubleEndedIterator for $name<'_, K, V> {
            fn next_back(&mut self) -> Option<Self::Item> {
                self.0.next_back().map(|entry| entry.$at)
            }
        }

        impl<K, V> ExactSizeIterator for $name<'_, K, V> {}
    };
}

projected!(Keys, K, 0);
projected!(Values, V, 1);

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Entries in order, their values to be changed.
pub struct IterMut<'a, K, V> {
    pub(super) chunks: core::slice::IterMut<'a, Chunk<K, V>>,
    pub(super) entries: core::slice::IterMut<'a, (K, V)>,
}

impl<'a, K: Clone, V: Clone> Iterator for IterMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, value)) = self.entries.next() {
                return Some((key, value));
            }
            self.entries = Rc::make_mut(self.chunks.next()?).iter_mut();
        }
    }
}

impl<'a, K: Clone, V: Clone> IntoIterator for &'a mut SortedMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<K: Clone, V: Clone> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = FlatMap<std::vec::IntoIter<Chunk<K, V>>, Vec<(K, V)>, Open<K, V>>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.into_iter().flat_map(Rc::unwrap_or_clone as Open<K, V>)
    }
}

/// Takes the entries out of a chunk, or copies them where a clone shares it.
type Open<K, V> = fn(Chunk<K, V>) -> Vec<(K, V)>;
