//! A group's committed offsets (`OffsetMetadataManager`).

use crate::event::{Name, TopicPartition};
use crate::sim::Instant;
use std::collections::BTreeMap;

/// A committed offset as the coordinator keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next record to read.
    pub offset: u64,
    /// The leader epoch of the last record read.
    pub leader_epoch: Option<u32>,
    /// The note beside it.
    pub metadata: Option<Name>,
    /// When it was committed.
    pub at: Instant,
}

/// The bookmarks of one group.
pub(super) type Offsets = BTreeMap<TopicPartition, CommittedOffset>;
