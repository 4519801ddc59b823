//! The words that pass between layers: identities, commands and events. No behaviour.
//!
//! Commands are imperative and come from people; events are what happened. An event is a *hop*
//! (something left for somewhere), a *ruling* on a hop under way, or a *fact* (something is true
//! from now on). Every event names its cause, so a message's biography is a walk along causes.

mod command;
mod hop;
mod id;
mod kafka;
mod lab;
mod payload;
mod redis;
mod tool;

pub use command::{
    Action, Carrier, Command, CommitPoint, Configured, ErrorHandling, Failure, Handling, Keys,
    Load, Refusal, ResetTo, Settings,
};
pub use hop::{Cargo, Course, Hop, Ruling};
pub use id::{
    ConnectionId, CopyId, EventId, HopId, MessageId, Name, NodeId, PartyId, Tag, TopicPartition,
};
pub use kafka::{ClosedSegment, KafkaFact, RebalancePhase};
pub use lab::{CloseReason, LabFact, LostReason, NodeKind, NodeState, Standing, System};
pub use payload::Payload;
pub use redis::RedisFact;
pub use tool::{Asked, Printed, PrintedOf, PrintedRow};

use crate::sim::Instant;
use serde::{Deserialize, Serialize};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the run.
    pub id: EventId,
    /// When.
    pub at: Instant,
    /// The event that brought it about; none for the first of a chain (a command, a timer).
    pub cause: Option<EventId>,
    /// What.
    pub what: What,
}

/// The kinds of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// Something left for somewhere.
    Departed(Hop),
    /// The course of something under way changed.
    Ruled(Ruling),
    /// A fact about the experiment: nodes, messages, parties, standings.
    Lab(LabFact),
    /// A fact about a Redis server.
    Redis {
        /// Which server.
        node: NodeId,
        /// What happened.
        fact: RedisFact,
    },
    /// A fact about a Kafka broker or client.
    Kafka {
        /// Which broker or client.
        node: NodeId,
        /// What happened.
        fact: KafkaFact,
    },
}
