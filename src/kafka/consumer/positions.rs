//! What a consumer owns and where it stands in it (`SubscriptionState`).

use super::config::AutoOffsetReset;
use crate::event::TopicPartition;
use crate::kafka::protocol::OffsetSpec;
use crate::sim::Instant;
use std::collections::BTreeMap;

/// Where the consumer stands in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// The group's committed offset is to be asked for.
    NeedsCommitted,
    /// A new position is to be found (`AWAIT_RESET`).
    NeedsReset { policy: AutoOffsetReset, not_before: Instant },
    /// The offset of the next record to return.
    At { offset: u64, leader_epoch: Option<u32> },
}

/// One owned partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned {
    pub(super) stand: Stand,
    pub(super) paused: bool,
    /// Its offset is being committed before it is given up: nothing is returned from it.
    pub(super) pending_revocation: bool,
    pub(super) high_watermark: Option<u64>,
}

impl Owned {
    pub(super) fn new(stand: Stand) -> Self {
        Self { stand, paused: false, pending_revocation: false, high_watermark: None }
    }

    pub(super) fn offset(&self) -> Option<u64> {
        match self.stand {
            Stand::At { offset, .. } => Some(offset),
            _ => None,
        }
    }

    /// Whether records may be asked for and returned.
    pub(super) fn is_fetchable(&self) -> bool {
        !self.paused && !self.pending_revocation && self.offset().is_some()
    }
}

/// All owned partitions.
pub(super) type Positions = BTreeMap<TopicPartition, Owned>;

/// The question behind a policy; none where the application decides.
pub(super) fn offset_spec(policy: AutoOffsetReset, now: Instant) -> Option<OffsetSpec> {
    match policy {
        AutoOffsetReset::Earliest => Some(OffsetSpec::Earliest),
        AutoOffsetReset::Latest => Some(OffsetSpec::Latest),
        AutoOffsetReset::ByDuration(span) => Some(OffsetSpec::At((now - span).as_millis() as i64)),
        AutoOffsetReset::None => None,
    }
}
