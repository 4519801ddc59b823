//! A replica on this broker: its log and its part in replication (`Partition`).

use crate::kafka::controller::PartitionRegistration;
use crate::kafka::log::{Log, TopicConfig};
use crate::kafka::protocol::{BrokerId, ErrorCode, LeaderIdAndEpoch};
use crate::sim::Instant;

/// One replica.
#[derive(Clone, Debug)]
pub struct Partition {
    me: BrokerId,
    log: Log,
    registration: PartitionRegistration,
}

impl Partition {
    pub(super) fn new(
        me: BrokerId,
        registration: &PartitionRegistration,
        config: TopicConfig,
        now: Instant,
    ) -> Self {
        let mut log = Log::new(config, 0, now.as_millis() as i64);
        if registration.leader == Some(me) {
            log.assign_epoch(registration.leader_epoch);
        }
        Self { me, log, registration: registration.clone() }
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// What the controller has said about it last.
    pub fn registration(&self) -> &PartitionRegistration {
        &self.registration
    }

    /// Whether this broker leads it.
    pub fn is_leader(&self) -> bool {
        self.registration.leader == Some(self.me)
    }

    /// The leader and its epoch, as far as this broker knows.
    pub(super) fn current_leader(&self) -> LeaderIdAndEpoch {
        LeaderIdAndEpoch {
            leader_id: self.registration.leader,
            leader_epoch: self.registration.leader_epoch,
        }
    }

    /// Checks that this broker leads, and the epoch a client believes in
    /// (`Partition#checkCurrentLeaderEpoch`).
    pub(super) fn check_leader(&self, epoch: Option<u32>) -> Result<(), ErrorCode> {
        if let Some(epoch) = epoch {
            if epoch < self.registration.leader_epoch {
                return Err(ErrorCode::FencedLeaderEpoch);
            }
            if epoch > self.registration.leader_epoch {
                return Err(ErrorCode::UnknownLeaderEpoch);
            }
        }
        if self.is_leader() { Ok(()) } else { Err(ErrorCode::NotLeaderOrFollower) }
    }

    /// `min(min.insync.replicas, replication factor)`.
    pub(super) fn effective_min_isr(&self) -> usize {
        (self.log.config().min_insync_replicas as usize).min(self.registration.replicas.len())
    }

    /// Raises the high watermark as far as the in-sync replicas allow
    /// (`Partition#maybeIncrementLeaderHW`). True when it moved.
    pub(super) fn maybe_increment_high_watermark(&mut self) -> bool {
        if self.registration.isr.len() < self.effective_min_isr() {
            return false;
        }
        let end = self.log.log_end_offset();
        end > self.log.high_watermark() && self.log.update_high_watermark(end)
    }
}
