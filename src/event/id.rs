//! Identities. Numbers are given out in order of creation within a run and never used again.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($number:ty);)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $number);
    )*};
}

ids! {
    /// A process: a server, a broker, a producer, a subscriber, a consumer.
    NodeId(u32);
    /// One TCP connection. To a server its clients are their connections.
    ConnectionId(u32);
    /// What an application sent, once. Retries, retry topics and redrives keep it.
    MessageId(u64);
    /// One stored or sent copy of a message.
    CopyId(u64);
    /// Who should get messages: a subscriber, a group, a reader.
    PartyId(u32);
    /// One journey along a wire.
    HopId(u64);
    /// The place of an event in its run.
    EventId(u64);
}

/// A name that people gave: of a node, a topic, a channel, a group, a key.
pub type Name = Arc<str>;

/// Travels with a payload through both systems. Engines carry it and never read it; it counts
/// in no size and no comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag {
    /// Which message this is a copy of.
    pub message: MessageId,
    /// Which copy it is.
    pub copy: CopyId,
}

/// One partition of a topic; printed as Kafka's tools do: `orders-0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Name,
    /// Index from 0.
    pub partition: u32,
}

impl core::fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
