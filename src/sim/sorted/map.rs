//! The map itself: chunks, look-up, insertion, ranges.

use super::entry::{Entry, Occupied};
use super::iter::{Iter, IterMut, Keys, Values};
use core::borrow::Borrow;
use core::ops::{Bound, RangeBounds};
use std::rc::Rc;

/// Entries of one chunk at the most.
const CHUNK: usize = 64;

/// A place in a map: chunk, and entry in it.
pub(super) type Place = (usize, usize);

/// Some of the entries. A clone of the map shares it until one of the two changes it.
pub(super) type Chunk<K, V> = Rc<Vec<(K, V)>>;

/// A map whose entries are in the order of their keys. Cloning it is cheap, and clones share what
/// neither of them has changed since.
pub struct SortedMap<K, V> {
    /// Never empty themselves; every key of one is less than every key of the next.
    pub(super) chunks: Vec<Chunk<K, V>>,
    len: usize,
}

// Not derived: entries need not be cloned for it.
impl<K, V> Clone for SortedMap<K, V> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone(), len: self.len }
    }
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> SortedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Self::new();
    }

    /// All entries in order.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { chunks: &self.chunks, front: (0, 0), back: (self.chunks.len(), 0) }
    }

    /// All keys in order.
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys(self.iter())
    }

    /// All values in the order of their keys.
    pub fn values(&self) -> Values<'_, K, V> {
        Values(self.iter())
    }
}

impl<K: Clone, V: Clone> SortedMap<K, V> {
    /// All entries in order, their values to be changed.
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        IterMut { chunks: self.chunks.iter_mut(), entries: core::slice::IterMut::default() }
    }

    /// All values in the order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// All values in the order of their keys.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// Takes the entry with the least key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (self.len > 0).then(|| self.take((0, 0)))
    }

    /// Takes the entry with the greatest key.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let last = self.chunks.len().checked_sub(1)?;
        Some(self.take((last, self.chunks[last].len() - 1)))
    }

    /// Keeps the entries of which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for chunk in &mut self.chunks {
            Rc::make_mut(chunk).retain_mut(|(key, value)| keep(key, value));
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.len = self.chunks.iter().map(|chunk| chunk.len()).sum();
    }

    pub(super) fn value(&mut self, (chunk, index): Place) -> &mut V {
        &mut Rc::make_mut(&mut self.chunks[chunk])[index].1
    }

    pub(super) fn take(&mut self, (chunk, index): Place) -> (K, V) {
        self.len -= 1;
        let entry = Rc::make_mut(&mut self.chunks[chunk]).remove(index);
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
        entry
    }

    /// Puts an entry in its place; answers where it is then.
    pub(super) fn put(&mut self, (mut chunk, mut index): Place, entry: (K, V)) -> Place {
        self.len += 1;
        if self.chunks.is_empty() {
            self.chunks.push(Rc::default());
        }
        if self.chunks[chunk].len() == CHUNK {
            // Chunks that grow at the end of the map stay full, others are cut in two.
            let at_end = chunk + 1 == self.chunks.len() && index == CHUNK;
            let keep = if at_end { CHUNK } else { CHUNK / 2 };
            let rest = Rc::make_mut(&mut self.chunks[chunk]).split_off(keep);
            self.chunks.insert(chunk + 1, rest.into());
            if index > keep || at_end {
                (chunk, index) = (chunk + 1, index - keep);
            }
        }
        Rc::make_mut(&mut self.chunks[chunk]).insert(index, entry);
        (chunk, index)
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Where a key is, or where it would be put.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        let after = self.chunks.partition_point(|chunk| chunk[0].0.borrow() <= key);
        let Some(chunk) = after.checked_sub(1) else { return Err((0, 0)) };
        match self.chunks[chunk].binary_search_by(|(k, _)| k.borrow().cmp(key)) {
            Ok(index) => Ok((chunk, index)),
            Err(index) => Err((chunk, index)),
        }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let (chunk, index) = self.find(key).ok()?;
        Some(&self.chunks[chunk][index].1)
    }

    /// Whether it has the key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Where the first key that is not before a bound stands.
    fn place<Q: Ord + ?Sized>(&self, bound: Bound<&Q>, start: bool) -> Place
    where
        K: Borrow<Q>,
    {
        let (key, after) = match bound {
            Bound::Unbounded if start => return (0, 0),
            Bound::Unbounded => return (self.chunks.len(), 0),
            Bound::Included(key) => (key, !start),
            Bound::Excluded(key) => (key, start),
        };
        let (chunk, index) = match self.find(key) {
            Ok((chunk, index)) => (chunk, index + usize::from(after)),
            Err(place) => place,
        };
        let past = self.chunks.get(chunk).is_some_and(|c| c.len() == index);
        if past { (chunk + 1, 0) } else { (chunk, index) }
    }

    /// The entries whose keys lie in a range, in order. An empty or inverted range has none.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let front = self.place(range.start_bound(), true);
        let back = self.place(range.end_bound(), false).max(front);
        Iter { chunks: &self.chunks, front, back }
    }
}

impl<K: Ord + Clone, V: Clone> SortedMap<K, V> {
    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.value(place))
    }

    /// Sets the value of a key; answers the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(place) => Some(core::mem::replace(self.value(place), value)),
            Err(place) => {
                self.put(place, (key, value));
                None
            }
        }
    }

    /// Removes a key; answers the value it had.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.find(key).ok()?;
        Some(self.take(place).1)
    }

    /// The place of a key, for looking and putting in one step.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.find(&key);
        Entry { map: self, key, place }
    }

    /// The entry with the least key, to be changed or removed.
    pub fn first_entry(&mut self) -> Option<Occupied<'_, K, V>> {
        (self.len > 0).then_some(Occupied { map: self, place: (0, 0) })
    }

    /// The entry with the greatest key, to be changed or removed.
    pub fn last_entry(&mut self) -> Option<Occupied<'_, K, V>> {
        let last = self.chunks.len().checked_sub(1)?;
        let place = (last, self.chunks[last].len() - 1);
        Some(Occupied { map: self, place })
    }

    /// Changes the values in a range that are `wanted`, in the order of their keys. The others stay
    /// shared with clones of the map, which a pass over all of [`range_mut`](Self::range_mut) or
    /// [`iter_mut`](Self::iter_mut) would end.
    pub fn change_where(
        &mut self,
        range: impl RangeBounds<K>,
        wanted: impl Fn(&V) -> bool,
        mut change: impl FnMut(&K, &mut V),
    ) {
        let found = self.range(range).filter(|(_, value)| wanted(value));
        let keys: Vec<K> = found.map(|(key, _)| key.clone()).collect();
        for key in &keys {
            if let Some(value) = self.get_mut(key) {
                change(key, value);
            }
        }
    }

    /// The entries whose keys lie in a range, in order, their values to be changed.
    pub fn range_mut<Q: Ord + ?Sized>(
        &mut self,
        range: impl RangeBounds<Q>,
    ) -> impl DoubleEndedIterator<Item = (&K, &mut V)>
    where
        K: Borrow<Q>,
    {
        let front = self.place(range.start_bound(), true);
        let back = self.place(range.end_bound(), false).max(front);
        let last = (back.0 + usize::from(back.1 > 0)).min(self.chunks.len());
        let first = front.0.min(last);
        self.chunks[first..last].iter_mut().enumerate().flat_map(move |(offset, chunk)| {
            let chunk_number = first + offset;
            let from = if chunk_number == front.0 { front.1 } else { 0 };
            let to = if chunk_number == back.0 { back.1 } else { chunk.len() };
            Rc::make_mut(chunk)[from..to].iter_mut().map(|(key, value)| (&*key, value))
        })
    }
}
