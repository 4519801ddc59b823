//! The group coordinator: the classic group protocol and committed offsets.
//!
//! Lives in a broker and serves the groups whose partition of `__consumer_offsets` that broker
//! leads (`org.apache.kafka.coordinator.group.GroupMetadataManager`, `OffsetMetadataManager`).
//! Knows requests, members and timers; knows neither logs nor connections beyond their ids, and
//! never computes an assignment: in the classic protocol the leader, a client, does.

mod classic;
mod coordinator;
mod liveness;
mod offsets;
mod rebalance;

pub use classic::{Group, GroupState, Member};
pub use coordinator::Coordinator;
pub use offsets::CommittedOffset;

use super::assignor::java::string_hash;
use crate::sim::Span;

/// The broker's settings for groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoordinatorConfig {
    /// `group.initial.rebalance.delay.ms`, 3 s.
    pub initial_rebalance_delay: Span,
    /// `group.min.session.timeout.ms`, 6 s.
    pub min_session_timeout: Span,
    /// `group.max.session.timeout.ms`, 1800 s.
    pub max_session_timeout: Span,
    /// `group.max.size`, 2147483647.
    pub max_size: u32,
    /// `offset.metadata.max.bytes`, 4096.
    pub offset_metadata_max_bytes: u32,
    /// `offsets.retention.minutes`, 10080 minutes.
    pub offsets_retention: Span,
    /// `offsets.retention.check.interval.ms`, 600 s.
    pub offsets_retention_check_interval: Span,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            initial_rebalance_delay: Span::from_secs(3),
            min_session_timeout: Span::from_secs(6),
            max_session_timeout: Span::from_secs(1_800),
            max_size: i32::MAX as u32,
            offset_metadata_max_bytes: 4_096,
            offsets_retention: Span::from_secs(10_080 * 60),
            offsets_retention_check_interval: Span::from_secs(600),
        }
    }
}

/// How long a new member may take for its first join (`GroupCoordinatorConfig`'s
/// `CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS`).
pub const NEW_MEMBER_JOIN_TIMEOUT: Span = Span::from_secs(300);

/// The partition of `__consumer_offsets` that a group lives in; its leader is the group's
/// coordinator. `partitions` is `offsets.topic.num.partitions` (50), at least 1
/// (`GroupCoordinatorService#partitionFor`, `Utils#abs`: the smallest integer counts as 0).
pub fn coordinator_partition(group: &str, partitions: u32) -> u32 {
    let hash = string_hash(group);
    let positive = if hash == i32::MIN { 0 } else { hash.unsigned_abs() };
    positive % partitions.max(1)
}
