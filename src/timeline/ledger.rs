//! Where the messages of each party stand, at any instant.

use crate::event::{EventId, MessageId, Name, NodeId};
use crate::sim::Instant;

/// The standings of one party's messages at an instant, counted.
/// `expected = on_its_way + waiting + delivered + parked + lost + refused`, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sums {
    /// Owed to the party.
    pub expected: u32,
    /// Sent, and neither stored nor begun to be delivered.
    pub on_its_way: u32,
    /// Kept for the party.
    pub waiting: u32,
    /// Handled by the party.
    pub delivered: u32,
    /// Dead-lettered.
    pub parked: u32,
    /// Gone.
    pub lost: u32,
    /// The sender got an error.
    pub refused: u32,
    /// Extra deliveries within one reading; part of no sum.
    pub repeated: u32,
    /// Kept while the party was away, delivered since or still waiting; part of no sum.
    pub late: u32,
}

/// What an application sent, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its identity.
    pub id: MessageId,
    /// The producer's count, from 1.
    pub number: u32,
    /// Its key.
    pub key: Option<Name>,
    /// The colour of its key, 0 to 7: the place of the key in order of first appearance.
    pub colour: Option<u8>,
    /// Who sent it.
    pub producer: NodeId,
    /// When.
    pub sent: Instant,
    /// Bytes of its value.
    pub bytes: u32,
}

/// A place on the scrubber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub at: Instant,
    /// Which event.
    pub event: EventId,
    /// A short label: `billing unplugged`.
    pub label: String,
    /// What kind.
    pub kind: MarkKind,
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A person did something that breaks.
    Fault,
    /// A person did something else.
    Command,
    /// Something important happened by itself.
    Fact,
}
