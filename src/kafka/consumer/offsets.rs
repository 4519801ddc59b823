//! Where to begin: committed offsets, then `auto.offset.reset` (`ConsumerCoordinator`'s
//! `initWithCommittedOffsetsIfNeeded`, `OffsetFetcher`).

use super::config::AutoOffsetReset;
use super::positions::{Stand, Target, offset_spec};
use super::state::{Asked, Consumer, ConsumerError};
use crate::event::TopicPartition;
use crate::kafka::client::ClientOutput;
use crate::kafka::protocol::{
    BrokerId, ErrorCode, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse,
    OffsetFetchRequest, OffsetFetchResponse,
};
use crate::sim::{Instant, SortedMap};

impl Consumer {
    /// Asks for what is missing to know all positions.
    pub(super) fn find_positions(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.validate_positions(now, out);
        self.ask_committed(now, out);
        self.ask_offsets(now, out);
    }

    fn ask_committed(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let missing: Vec<TopicPartition> = self
            .positions
            .iter()
            .filter(|(_, owned)| owned.stand == Stand::NeedsCommitted)
            .map(|(partition, _)| partition.clone())
            .collect();
        let asked = self.network.in_flight().any(|asked| matches!(asked, Asked::CommittedOffsets));
        if missing.is_empty() || asked || now < self.offsets_not_before {
            return;
        }
        let Some(coordinator) = self.ready_coordinator() else { return };
        let request = OffsetFetchRequest {
            group_id: self.group(),
            partitions: Some(missing),
            require_stable: true,
        };
        self.network.send(now, coordinator, request, Asked::CommittedOffsets, out);
    }

    pub(super) fn found_committed(
        &mut self,
        now: Instant,
        response: &OffsetFetchResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        let errors = response.partitions.iter().map(|entry| entry.error_code);
        let error = [response.error_code].into_iter().chain(errors).find(|e| *e != ErrorCode::None);
        if let Some(error) = error {
            if matches!(error, ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) {
                self.coordinator_unknown();
            }
            self.offsets_not_before = now + self.config.retry_backoff;
            return;
        }
        for entry in &response.partitions {
            let Some(owned) = self.positions.get_mut(&entry.partition) else { continue };
            if owned.stand != Stand::NeedsCommitted {
                continue;
            }
            if let Some(offset) = entry.committed_offset {
                let epoch = entry.committed_leader_epoch;
                self.set_position(&entry.partition, offset, epoch, "committed offset", out);
            } else {
                let target = Target::Policy(self.config.auto_offset_reset);
                owned.stand = Stand::NeedsReset { target, not_before: now };
                if self.config.auto_offset_reset == AutoOffsetReset::None {
                    let error = ConsumerError::NoOffsetForPartition(entry.partition.clone());
                    self.throw(error, out);
                }
            }
        }
    }

    /// Asks each leader for the partitions that await a new position.
    fn ask_offsets(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let mut questions: SortedMap<BrokerId, Vec<ListOffsetsPartition>> = SortedMap::new();
        for (partition, owned) in &self.positions {
            let Stand::NeedsReset { target, not_before } = owned.stand else { continue };
            let Some(timestamp) = offset_spec(target, now) else { continue };
            if now < not_before {
                continue;
            }
            match self.network.metadata.leader(partition) {
                Some(leader) if leader.broker.is_some() => {
                    let Some(broker) = leader.broker else { continue };
                    questions.entry(broker).or_default().push(ListOffsetsPartition {
                        partition: partition.clone(),
                        current_leader_epoch: Some(leader.epoch),
                        timestamp,
                    });
                }
                _ => self.network.metadata.request_update(),
            }
        }
        for (broker, partitions) in questions {
            if !self.network.ready(now, broker, out) {
                continue;
            }
            // Asked once until the answer or the request time-out
            // (`SubscriptionState#setNextAllowedRetry`).
            let retry_at = now + self.config.request_timeout;
            let names: Vec<TopicPartition> =
                partitions.iter().map(|question| question.partition.clone()).collect();
            for name in &names {
                self.retry_reset(name, retry_at);
            }
            let request = ListOffsetsRequest {
                replica_id: None,
                isolation_level: self.config.isolation_level,
                partitions,
            };
            self.network.send(now, broker, request, Asked::Offsets, out);
        }
    }

    pub(super) fn retry_reset(&mut self, partition: &TopicPartition, at: Instant) {
        if let Some(owned) = self.positions.get_mut(partition)
            && let Stand::NeedsReset { not_before, .. } = &mut owned.stand
        {
            *not_before = at;
        }
    }

    pub(super) fn found_offsets(
        &mut self,
        now: Instant,
        response: &ListOffsetsResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        for answer in &response.partitions {
            let Some(owned) = self.positions.get_mut(&answer.partition) else { continue };
            let Stand::NeedsReset { target, .. } = owned.stand else { continue };
            match (answer.error_code, answer.offset) {
                (ErrorCode::None, Some(offset)) => {
                    let reason = match target {
                        Target::Policy(AutoOffsetReset::Earliest) => "reset to the earliest offset",
                        Target::Policy(AutoOffsetReset::Latest) => "reset to the latest offset",
                        Target::Policy(AutoOffsetReset::ByDuration(_)) => "reset by duration",
                        Target::Policy(AutoOffsetReset::None) => continue,
                        Target::Time(_) => "seek by time",
                    };
                    // Without an epoch: a position that was just given needs no validation
                    // (`OffsetFetcherUtils#resetPositionIfNeeded`).
                    self.set_position(&answer.partition, offset, None, reason, out);
                }
                // `offsetsForTimes` gave null: applications go to the end then.
                (ErrorCode::None, None) if matches!(target, Target::Time(_)) => {
                    let target = Target::Policy(AutoOffsetReset::Latest);
                    owned.stand = Stand::NeedsReset { target, not_before: now };
                }
                // No record is young enough: asked again after the request time-out, as Kafka
                // does, and until then there is no position.
                (ErrorCode::None, None) => {}
                (error, _) => {
                    if error.refreshes_metadata() {
                        self.network.metadata.request_update();
                    }
                    self.retry_reset(&answer.partition, now + self.config.retry_backoff);
                }
            }
        }
    }
}
