//! Maps and sets in the order of their keys, and a stable sort: small code for many types.
//!
//! The standard library's B-tree and sorts are compiled anew for every type they hold, some six
//! kilobytes each, and a page loads all of it. These do the same with a tenth of the code: a map
//! is a list of short sorted chunks, so that a look-up is two binary searches, adding at the end
//! and taking from the front are cheap, and an insertion moves one chunk at most. Knows nothing
//! of what it holds. Clones share their chunks until one of them changes one, so that a checkpoint of
//! a long run costs what has changed since the last one.

mod common;
mod entry;
mod iter;
mod map;
mod order;
mod set;
#[cfg(test)]
mod tests;

pub use entry::{Entry, Occupied};
pub use iter::{Iter, IterMut, Keys, Values};
pub use map::SortedMap;
pub use order::Order;
pub use set::SortedSet;
