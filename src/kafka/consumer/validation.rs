//! After a change of leader: is what was read still in the log? (KIP-320; `OffsetFetcher`'s
//! `validatePositionsIfNeeded`, `SubscriptionState#maybeValidatePosition` and
//! `#maybeCompleteValidation`, `OffsetsForLeaderEpochUtils`).
//!
//! A position remembers the epoch of the record before it. When another leader takes over, the
//! consumer asks that leader where this epoch ends in its log before it reads on.

use super::config::AutoOffsetReset;
use super::positions::{Stand, Target};
use super::state::{Asked, Consumer, ConsumerError};
use crate::event::{KafkaFact, TopicPartition};
use crate::kafka::client::ClientOutput;
use crate::kafka::protocol::{
    BrokerId, ErrorCode, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetForLeaderPartition,
};
use crate::sim::{Instant, SortedMap};

/// A position that is being asked about: its offset and the epoch of the record before it.
pub(super) type Doubted = (TopicPartition, u64, u32);

impl Consumer {
    pub(super) fn validate_positions(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.notice_leaders(now);
        self.ask_epochs(now, out);
    }

    /// Compares the leaders that positions were taken under with those known now.
    fn notice_leaders(&mut self, now: Instant) {
        for (partition, owned) in &mut self.positions {
            let leader =
                self.network.metadata.leader(partition).filter(|leader| leader.broker.is_some());
            if leader.is_none() || owned.leader == leader {
                continue;
            }
            match owned.stand {
                Stand::At { offset, leader_epoch: Some(leader_epoch) } => {
                    owned.stand = Stand::Doubted { offset, leader_epoch, not_before: now };
                }
                Stand::Doubted { ref mut not_before, .. } => *not_before = now,
                // Without an epoch there is nothing to compare.
                Stand::At { leader_epoch: None, .. } => {}
                Stand::NeedsCommitted | Stand::NeedsReset { .. } => continue,
            }
            owned.leader = leader;
        }
    }

    fn ask_epochs(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let mut questions: SortedMap<BrokerId, Vec<Doubted>> = SortedMap::new();
        for (partition, owned) in &self.positions {
            let Stand::Doubted { offset, leader_epoch, not_before } = owned.stand else { continue };
            let Some(broker) = owned.leader.and_then(|leader| leader.broker) else { continue };
            if now >= not_before {
                let question = (partition.clone(), offset, leader_epoch);
                questions.entry(broker).or_default().push(question);
            }
        }
        for (broker, doubted) in questions {
            if !self.network.ready(now, broker, out) {
                continue;
            }
            let retry_at = now + self.config.request_timeout;
            let mut partitions = Vec::with_capacity(doubted.len());
            for (partition, _, leader_epoch) in &doubted {
                self.retry_validation(partition, retry_at);
                partitions.push(OffsetForLeaderPartition {
                    partition: partition.clone(),
                    current_leader_epoch: self.network.metadata.leader(partition).map(|l| l.epoch),
                    leader_epoch: *leader_epoch,
                });
            }
            let request = OffsetForLeaderEpochRequest { replica_id: None, partitions };
            self.network.send(now, broker, request, Asked::Epochs(doubted), out);
        }
    }

    pub(super) fn retry_validation(&mut self, partition: &TopicPartition, at: Instant) {
        if let Some(owned) = self.positions.get_mut(partition)
            && let Stand::Doubted { not_before, .. } = &mut owned.stand
        {
            *not_before = at;
        }
    }

    /// The connection broke before the leader answered.
    pub(super) fn epochs_unanswered(&mut self, now: Instant, doubted: &[Doubted]) {
        for (partition, ..) in doubted {
            self.retry_validation(partition, now + self.config.retry_backoff);
        }
    }

    pub(super) fn found_epochs(
        &mut self,
        now: Instant,
        doubted: &[Doubted],
        response: &OffsetForLeaderEpochResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        for answer in &response.partitions {
            let partition = &answer.partition;
            let asked = doubted.iter().find(|(of, ..)| of == partition);
            let Some(&(_, asked_offset, asked_epoch)) = asked else { continue };
            let Some(owned) = self.positions.get_mut(partition) else { continue };
            let Stand::Doubted { offset, leader_epoch, .. } = owned.stand else { continue };
            // The position moved meanwhile.
            if (offset, leader_epoch) != (asked_offset, asked_epoch) {
                continue;
            }
            if answer.error_code != ErrorCode::None {
                self.network.metadata.request_update();
                self.retry_validation(partition, now + self.config.retry_backoff);
                continue;
            }
            if answer.end.is_some_and(|end| end.end_offset >= offset) {
                owned.stand = Stand::At { offset, leader_epoch: Some(leader_epoch) };
                continue;
            }
            let diverges = answer.end.map(|end| end.end_offset);
            let policy = self.config.auto_offset_reset;
            out.push(ClientOutput::Fact(KafkaFact::TruncationDetected {
                group: self.group(),
                partition: partition.clone(),
                position: offset,
                diverges,
            }));
            match answer.end {
                _ if policy == AutoOffsetReset::None => {
                    let error = ConsumerError::LogTruncation(partition.clone(), offset, diverges);
                    self.throw(error, out);
                }
                // The first offset at which the logs are known to differ.
                Some(end) => {
                    let reason = "the log was truncated";
                    let (offset, epoch) = (end.end_offset, Some(end.epoch));
                    let leader = self.positions.get(partition).and_then(|owned| owned.leader);
                    self.set_position(partition, offset, epoch, reason, out);
                    // This leader has just said so: nothing to ask again.
                    if let Some(owned) = self.positions.get_mut(partition) {
                        owned.leader = leader;
                    }
                }
                None => {
                    let target = Target::Policy(policy);
                    if let Some(owned) = self.positions.get_mut(partition) {
                        owned.stand = Stand::NeedsReset { target, not_before: now };
                    }
                    self.buffer.forget(partition);
                }
            }
        }
    }
}
