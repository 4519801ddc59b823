//! What producers and consumers share: outputs, connections with back-off, cluster metadata
//! (`org.apache.kafka.clients.NetworkClient`, `ClusterConnectionStates`, `Metadata`).
//!
//! Clients are sans-IO state machines: calls and time in, outputs out. They know brokers by id
//! and requests by correlation; they know neither the lab nor how bytes travel.

mod backoff;
mod metadata;
mod network;

pub(crate) use backoff::Backoff;
pub(crate) use metadata::{Leader, Metadata};
pub(crate) use network::{Network, Timing};

use super::protocol::{BrokerId, ErrorCode, Request};
use crate::event::{KafkaFact, TopicPartition};

/// What a client wants done, or what became of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientOutput {
    /// Open a connection to this broker (answered by `connected` or `disconnected`). Where one
    /// stands already, the client has given up on it: close it first.
    Connect {
        /// Which broker.
        broker: BrokerId,
    },
    /// Send a request over the standing connection.
    Send {
        /// To which broker.
        broker: BrokerId,
        /// Comes back with the response.
        correlation: u32,
        /// What is asked.
        request: Request,
    },
    /// Something happened inside the client.
    Fact(KafkaFact),
    /// Producer only: the fate of one record (its send future completed).
    Completed {
        /// The number that `send` gave it.
        record: u64,
        /// Where it lies now ([`UNKNOWN_OFFSET`] where the broker does not say), or why it does
        /// not.
        result: Result<(TopicPartition, u64), ErrorCode>,
    },
}

/// The offset of a record that was written nobody says where: with `acks=0`, or found to be a
/// duplicate (Kafka's -1).
pub const UNKNOWN_OFFSET: u64 = u64::MAX;
