//! The types as messaging tools: strings, lists, hashes, sets, sorted sets, and expiry.
//!
//! Each command takes a keyspace and its words and gives a reply. None knows clients.

pub(super) mod generic;
pub(super) mod hash;
pub(super) mod list;
pub(super) mod scan;
mod score;
pub(super) mod set;
pub(super) mod set_algebra;
pub(super) mod string;
pub(super) mod string_more;
pub(super) mod zset;
pub(super) mod zset_range;

use super::client::{Key, Ordered};
use super::fault::Fault;
use super::resp::Frame;
use crate::event::Payload;
pub(super) use score::Zset;
pub(super) use set::Set;
use std::collections::VecDeque;

/// Elements from left to right.
pub(super) type List = VecDeque<Payload>;
/// Fields in order of insertion.
pub(super) type Hash = Ordered<Key, Payload>;
/// What a command of the keyspace answers.
pub(super) type Reply = Result<Frame, Fault>;

/// `:1` or `:0`.
pub(super) fn flag(value: bool) -> Frame {
    Frame::Integer(i64::from(value))
}

/// A count as a reply.
pub(super) fn count(value: usize) -> Frame {
    Frame::Integer(value as i64)
}

/// The bytes of a key as a payload.
pub(super) fn payload(key: &Key) -> Payload {
    Payload::new(key.clone())
}

/// `start..stop` of `length` elements for indexes that may count from the end; none when empty.
pub(super) fn slice(start: i64, stop: i64, length: usize) -> Option<(usize, usize)> {
    let length = length as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
    let start = from_end(start).max(0);
    let stop = from_end(stop).min(length - 1);
    (start <= stop && start < length).then(|| (start as usize, stop as usize + 1))
}
