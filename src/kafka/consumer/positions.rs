//! What a consumer owns and where it stands in it (`SubscriptionState`).

use super::config::AutoOffsetReset;
use crate::event::TopicPartition;
use crate::kafka::client::Leader;
use crate::kafka::protocol::OffsetSpec;
use crate::sim::{Instant, SortedMap};

/// What a new position is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// By `auto.offset.reset`, or a seek to the beginning or the end.
    Policy(AutoOffsetReset),
    /// The first record with at least this timestamp in ms; the end where there is none.
    Time(i64),
}

/// Where the consumer stands in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// The group's committed offset is to be asked for.
    NeedsCommitted,
    /// A new position is to be found (`AWAIT_RESET`).
    NeedsReset { target: Target, not_before: Instant },
    /// Another leader has taken over: the position is right only if that one has the record
    /// before it, which was written under this epoch (`AWAIT_VALIDATION`).
    Doubted { offset: u64, leader_epoch: u32, not_before: Instant },
    /// The offset of the next record to return, and the epoch of the record before it.
    At { offset: u64, leader_epoch: Option<u32> },
}

/// One owned partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned {
    pub(super) stand: Stand,
    pub(super) paused: bool,
    pub(super) high_watermark: Option<u64>,
    /// Under whom the position was last found right.
    pub(super) leader: Option<Leader>,
}

impl Owned {
    pub(super) fn new(stand: Stand) -> Self {
        Self { stand, paused: false, high_watermark: None, leader: None }
    }

    pub(super) fn offset(&self) -> Option<u64> {
        match self.stand {
            Stand::At { offset, .. } => Some(offset),
            _ => None,
        }
    }

    /// Whether records may be asked for and returned.
    pub(super) fn is_fetchable(&self) -> bool {
        !self.paused && self.offset().is_some()
    }
}

/// All owned partitions.
pub(super) type Positions = SortedMap<TopicPartition, Owned>;

/// The question behind a target; none where the application decides.
pub(super) fn offset_spec(target: Target, now: Instant) -> Option<OffsetSpec> {
    match target {
        Target::Policy(AutoOffsetReset::Earliest) => Some(OffsetSpec::Earliest),
        Target::Policy(AutoOffsetReset::Latest) => Some(OffsetSpec::Latest),
        Target::Policy(AutoOffsetReset::ByDuration(span)) => {
            Some(OffsetSpec::At((now - span).as_millis() as i64))
        }
        Target::Policy(AutoOffsetReset::None) => None,
        Target::Time(timestamp) => Some(OffsetSpec::At(timestamp)),
    }
}
