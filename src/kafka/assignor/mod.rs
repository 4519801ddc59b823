//! Client-side assignors: which member of a group reads which partitions.
//!
//! In the classic protocol the group's leader, a client, computes the assignment. These are
//! Kafka's four built-in assignors with their exact results, the order of Java's hash maps
//! included where it decides (`org.apache.kafka.clients.consumer.RangeAssignor`,
//! `RoundRobinAssignor`, `StickyAssignor`, `CooperativeStickyAssignor` and
//! `internals.AbstractStickyAssignor`). They know members, topics and partition counts; they know
//! neither the protocol nor time.
//!
//! Simplification: no racks. Kafka's rack-aware variants act only where consumers set
//! `client.rack` and the replicas' racks differ from partition to partition.

mod constrained;
mod general;
pub(crate) mod java;
mod simple;
mod sticky;

use crate::event::{Name, TopicPartition};
use crate::sim::SortedMap;
use serde::{Deserialize, Serialize};

/// What a member tells the leader when it joins (`ConsumerPartitionAssignor.Subscription`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The member's id.
    pub member: Name,
    /// `group.instance.id` of a static member.
    pub instance: Option<Name>,
    /// Topics it wants to read.
    pub topics: Vec<Name>,
    /// Partitions it owned when it joined; only the sticky assignors look at them.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it owned them; -1 for none.
    pub generation: i32,
}

/// Partitions by member id. Every member has an entry.
pub type Assignment = SortedMap<Name, Vec<TopicPartition>>;

/// How a rebalance treats what members own (`ConsumerPartitionAssignor.RebalanceProtocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RebalanceProtocol {
    /// Everybody gives up everything before joining.
    Eager,
    /// Members keep what they own; only what moves is revoked, in a second round.
    Cooperative,
}

/// One of Kafka's built-in assignors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Assignor {
    /// `range`: each topic by itself in contiguous ranges.
    Range,
    /// `roundrobin`: all partitions of all topics dealt out in turn.
    RoundRobin,
    /// `sticky`: balanced, and as few moves as possible.
    Sticky,
    /// `cooperative-sticky`: sticky, and nobody stops reading what it keeps.
    CooperativeSticky,
}

impl Assignor {
    /// The protocol's name of it, as in `partition.assignment.strategy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Range, Self::RoundRobin, Self::Sticky, Self::CooperativeSticky]
            .into_iter()
            .find(|assignor| assignor.name() == name)
    }

    /// The most advanced protocol that it supports.
    pub fn supports(self) -> RebalanceProtocol {
        match self {
            Self::CooperativeSticky => RebalanceProtocol::Cooperative,
            _ => RebalanceProtocol::Eager,
        }
    }

    /// Computes an assignment. `partitions` holds the partition counts of those subscribed topics
    /// that exist, each at least 1 (`AbstractPartitionAssignor#assign` leaves out the others);
    /// `members` come in the order in which the coordinator listed them.
    pub fn assign(self, partitions: &SortedMap<Name, u32>, members: &[Subscription]) -> Assignment {
        match self {
            Self::Range => simple::range(partitions, members),
            Self::RoundRobin => simple::round_robin(partitions, members),
            Self::Sticky => sticky::assign(partitions, members, RebalanceProtocol::Eager),
            Self::CooperativeSticky => {
                sticky::assign(partitions, members, RebalanceProtocol::Cooperative)
            }
        }
    }
}
