//! Virtual time, seeded randomness, the event queue, links and connections.
//!
//! Knows nothing of either messaging system. Everything here is a plain value: cloning it clones
//! the future.

mod connection;
mod queue;
mod rng;
mod sorted;
mod time;

pub use connection::{Connection, Course, Direction, Link};
pub use queue::Queue;
pub use rng::{Purpose, Rng};
pub use sorted::{Entry, Iter, IterMut, Keys, Occupied, Order, SortedMap, SortedSet, Values};
pub use time::{Instant, Span};
