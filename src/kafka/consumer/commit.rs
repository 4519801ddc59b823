//! Commits: by the application, automatically inside `poll`, and before partitions are given up
//! (`ConsumerCoordinator#commitOffsetsAsync`, `#maybeAutoCommitOffsetsAsync`).

use super::positions::Stand;
use super::state::{Asked, CommitResult, Consumer};
use crate::event::{KafkaFact, TopicPartition};
use crate::kafka::client::ClientOutput;
use crate::kafka::protocol::{
    ErrorCode, OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse,
};
use crate::sim::Instant;

/// Who asked for a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Application,
    Auto,
}

impl Consumer {
    /// Commits these offsets without waiting (`commitAsync`). The fate comes by
    /// [`Consumer::take_commit_result`]; a commit is never tried again by itself, because a later
    /// one may have overtaken it. `commitSync` is this and waiting for the result.
    pub fn commit(
        &mut self,
        now: Instant,
        offsets: Vec<(TopicPartition, u64)>,
        out: &mut Vec<ClientOutput>,
    ) {
        self.send_commit(now, offsets, Origin::Application, out);
    }

    /// Everything that earlier polls returned.
    pub(super) fn commit_positions(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let offsets: Vec<(TopicPartition, u64)> = self
            .positions
            .iter()
            .filter_map(|(partition, owned)| Some((partition.clone(), owned.offset()?)))
            .collect();
        if !offsets.is_empty() {
            self.send_commit(now, offsets, Origin::Auto, out);
        }
    }

    pub(super) fn maybe_auto_commit(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if !self.config.enable_auto_commit || now < self.next_auto_commit {
            return;
        }
        if self.ready_coordinator().is_none() {
            self.next_auto_commit = now + self.config.retry_backoff;
            return;
        }
        self.next_auto_commit = now + self.config.auto_commit_interval;
        self.commit_positions(now, out);
    }

    fn send_commit(
        &mut self,
        now: Instant,
        offsets: Vec<(TopicPartition, u64)>,
        origin: Origin,
        out: &mut Vec<ClientOutput>,
    ) {
        let coordinator = self.ready_coordinator();
        let subscribes = !self.config.topics.is_empty();
        let error = if self.config.group_id.is_none() {
            Some(ErrorCode::InvalidGroupId)
        } else if subscribes && self.membership.generation.is_none() {
            // It fell out of the group (`CommitFailedException`).
            Some(ErrorCode::UnknownMemberId)
        } else if coordinator.is_none() {
            Some(ErrorCode::CoordinatorNotAvailable)
        } else {
            None
        };
        let (Some(coordinator), None) = (coordinator, error) else {
            let error = error.unwrap_or(ErrorCode::CoordinatorNotAvailable);
            return self.commit_failed(now, offsets, origin, error, out);
        };
        // What the consumer commits of itself has the epoch (`SubscriptionState#allConsumed`), an
        // application's `OffsetAndMetadata(offset)` has none.
        let epoch = |partition: &TopicPartition| match self.positions.get(partition)?.stand {
            Stand::At { leader_epoch, .. } if origin == Origin::Auto => leader_epoch,
            _ => None,
        };
        let partitions = offsets
            .iter()
            .map(|(partition, offset)| OffsetCommitPartition {
                partition: partition.clone(),
                committed_offset: *offset,
                committed_leader_epoch: epoch(partition),
                committed_metadata: None,
            })
            .collect();
        let request = OffsetCommitRequest {
            group_id: self.group(),
            generation_id: self.membership.generation,
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            partitions,
        };
        self.network.send(now, coordinator, request, Asked::Commit { offsets, origin }, out);
    }

    pub(super) fn commit_answered(
        &mut self,
        now: Instant,
        offsets: Vec<(TopicPartition, u64)>,
        origin: Origin,
        response: &OffsetCommitResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        let error = response
            .partitions
            .iter()
            .map(|(_, error)| *error)
            .find(|error| *error != ErrorCode::None);
        let Some(error) = error else {
            if origin == Origin::Application {
                self.commit_results.push_back(CommitResult { offsets, error: ErrorCode::None });
            }
            return;
        };
        match error {
            ErrorCode::CoordinatorNotAvailable
            | ErrorCode::NotCoordinator
            | ErrorCode::RequestTimedOut => self.coordinator_unknown(),
            ErrorCode::RebalanceInProgress => self.membership.rejoin_needed = true,
            error => self.membership_error(error, out),
        }
        self.commit_failed(now, offsets, origin, error, out);
    }

    pub(super) fn commit_failed(
        &mut self,
        now: Instant,
        offsets: Vec<(TopicPartition, u64)>,
        origin: Origin,
        error: ErrorCode,
        out: &mut Vec<ClientOutput>,
    ) {
        if origin == Origin::Auto && error.is_retriable() {
            self.next_auto_commit = self.next_auto_commit.min(now + self.config.retry_backoff);
        }
        for (partition, offset) in &offsets {
            out.push(ClientOutput::Fact(KafkaFact::CommitFailed {
                group: self.group(),
                partition: partition.clone(),
                offset: *offset,
                error: error.name().into(),
            }));
        }
        if origin == Origin::Application {
            self.commit_results.push_back(CommitResult { offsets, error });
        }
    }
}
