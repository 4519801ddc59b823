//! A group's committed offsets and how they grow old (`OffsetMetadataManager`,
//! `OffsetExpirationConditionImpl`).

use super::classic::{Group, GroupState};
use crate::event::{Name, TopicPartition};
use crate::sim::{Instant, SortedMap, Span};

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
pub(super) type Offsets = SortedMap<TopicPartition, CommittedOffset>;

impl Group {
    /// The offset that the group has committed for a partition.
    pub fn committed(&self, partition: &TopicPartition) -> Option<u64> {
        self.offsets.get(partition).map(|committed| committed.offset)
    }

    /// Drops offsets that nobody has a use for (`offsets.retention.minutes`): those of an empty
    /// group so long after it became empty, those of a group that never had members so long after
    /// the commit, and in a stable group those of topics that nobody subscribes to. True when
    /// nothing is left of the group.
    pub(super) fn expire_offsets(&mut self, now: Instant, retention: Span) -> bool {
        let never_had_members = self.protocol_type.is_none();
        let subscribed = |members: &[super::Member], topic: &Name| {
            let topics = |member: &super::Member| {
                member.protocols.iter().any(|protocol| protocol.metadata.topics.contains(topic))
            };
            members.iter().any(topics)
        };
        let (state, since, members) = (self.state, self.state_since, &self.members);
        self.offsets.retain(|partition, committed| {
            let from = match state {
                GroupState::Empty if never_had_members => committed.at,
                GroupState::Empty => since,
                GroupState::Stable if !subscribed(members, &partition.topic) => committed.at,
                _ => return true,
            };
            now < from + retention
        });
        self.offsets.is_empty()
            && self.members.is_empty()
            && self.pending_join.is_empty()
            && matches!(self.state, GroupState::Empty | GroupState::Dead)
    }
}
