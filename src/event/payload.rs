//! What a message carries: shared bytes, or a length and a seed that become bytes only where
//! they must be encoded.

use super::Tag;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// A byte string with an optional [`Tag`]. Equality, order and length are those of the bytes
/// alone: the tag takes no part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Payload {
    body: Body,
    tag: Option<Tag>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Body {
    Bytes(Arc<[u8]>),
    /// As many bytes as `length`, drawn from `seed` when somebody wants to see them.
    Synthetic {
        length: u32,
        seed: u32,
    },
}

impl Payload {
    /// Real bytes, shared by all clones.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { body: Body::Bytes(bytes.into()), tag: None }
    }

    /// `length` bytes that exist only when encoded; equal seeds give equal bytes.
    pub fn synthetic(length: u32, seed: u32) -> Self {
        Self { body: Body::Synthetic { length, seed }, tag: None }
    }

    /// The same bytes as another copy.
    #[must_use]
    pub fn with_tag(mut self, tag: Tag) -> Self {
        self.tag = Some(tag);
        self
    }

    /// The copy that travels here; absent where a real client is on the other end.
    pub fn tag(&self) -> Option<Tag> {
        self.tag
    }

    /// Length and seed of bytes that exist only when encoded; none for real ones.
    pub fn as_synthetic(&self) -> Option<(u32, u32)> {
        match self.body {
            Body::Bytes(_) => None,
            Body::Synthetic { length, seed } => Some((length, seed)),
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        match &self.body {
            Body::Bytes(bytes) => bytes.len(),
            Body::Synthetic { length, .. } => *length as usize,
        }
    }

    /// Whether there is not a single byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes; synthetic ones are made here (printable ASCII, so that a reader can see them).
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.body {
            Body::Bytes(bytes) => Cow::Borrowed(bytes),
            Body::Synthetic { length, seed } => {
                let mut state = *seed;
                let byte = |_| {
                    // Knuth's MMIX-sized step is more than enough for filler.
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b'a' + (state >> 24) as u8 % 26
                };
                Cow::Owned((0..*length).map(byte).collect())
            }
        }
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        match (&self.body, &other.body) {
            (Body::Synthetic { length: a, seed: x }, Body::Synthetic { length: b, seed: y })
                if x == y =>
            {
                a == b
            }
            _ => self.len() == other.len() && self.bytes() == other.bytes(),
        }
    }
}

impl Eq for Payload {}

impl PartialOrd for Payload {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Payload {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes().cmp(&other.bytes())
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CopyId, MessageId};

    #[test]
    fn a_tag_takes_no_part_in_equality_or_size() {
        let tag = Tag { message: MessageId(1), copy: CopyId(2) };
        let (plain, tagged) = (Payload::from("order"), Payload::from("order").with_tag(tag));
        assert_eq!(plain, tagged);
        assert_eq!(plain.len(), tagged.len());
        assert_eq!(tagged.tag(), Some(tag));
    }

    #[test]
    fn synthetic_bytes_are_the_same_each_time() {
        let payload = Payload::synthetic(1_000, 7);
        assert_eq!(payload.bytes().len(), payload.len());
        assert_eq!(payload, Payload::from(payload.bytes().into_owned()));
        assert_ne!(payload, Payload::synthetic(1_000, 8));
    }
}
