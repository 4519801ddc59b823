//! Places in a map, for looking and changing in one step.

use super::SortedMap;
use super::map::Place;

/// A key's place in a map.
pub struct Entry<'a, K, V> {
    pub(super) map: &'a mut SortedMap<K, V>,
    pub(super) key: K,
    pub(super) place: Result<Place, Place>,
}

impl<'a, K: Ord + Clone, V: Clone> Entry<'a, K, V> {
    /// The value; `value` is put there first where there is none.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value; what `value` makes is put there first where there is none.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        let place = match self.place {
            Ok(place) => place,
            Err(place) => self.map.put(place, (self.key, value())),
        };
        self.map.value(place)
    }

    /// The value; the default is put there first where there is none.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// An entry that is there.
pub struct Occupied<'a, K, V> {
    pub(super) map: &'a mut SortedMap<K, V>,
    pub(super) place: Place,
}

impl<K: Clone, V: Clone> Occupied<'_, K, V> {
    /// Its key.
    pub fn key(&self) -> &K {
        &self.map.chunks[self.place.0][self.place.1].0
    }

    /// Its value.
    pub fn get(&self) -> &V {
        &self.map.chunks[self.place.0][self.place.1].1
    }

    /// Its value, to be changed.
    pub fn get_mut(&mut self) -> &mut V {
        self.map.value(self.place)
    }

    /// Takes it out of the map.
    pub fn remove(self) -> V {
        self.map.take(self.place).1
    }
}
