//! Staying a member: heartbeats, `max.poll.interval.ms`, leaving, and what the coordinator's
//! refusals mean (`AbstractCoordinator.HeartbeatThread`, `Heartbeat`).

use super::membership::MemberState;
use super::state::{Asked, Consumer};
use crate::kafka::client::ClientOutput;
use crate::kafka::protocol::{ErrorCode, HeartbeatRequest, LeaveGroupRequest, MemberIdentity};
use crate::sim::Instant;

impl Consumer {
    /// The heartbeat thread: runs whether or not the application polls.
    pub(super) fn keep_alive(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let joined = matches!(self.membership.state, MemberState::Completing | MemberState::Stable);
        if !joined || self.membership.failed {
            return;
        }
        if now >= self.membership.session_since + self.config.session_timeout {
            // Nothing was heard for a whole session: look for the coordinator again.
            self.coordinator_unknown();
            self.membership.session_since = now;
        }
        if now >= self.membership.last_poll + self.config.max_poll_interval {
            self.poll_timed_out(now, out);
            return;
        }
        if self.membership.coordinator.is_none() {
            self.find_coordinator(now, out);
            return;
        }
        let asked = self.network.in_flight().any(|asked| matches!(asked, Asked::Heartbeat));
        let due = now >= self.membership.last_heartbeat + self.config.heartbeat_interval;
        let (Some(coordinator), false, true) = (self.ready_coordinator(), asked, due) else {
            return;
        };
        self.membership.last_heartbeat = now;
        let request = HeartbeatRequest {
            group_id: self.group(),
            generation_id: self.membership.generation.unwrap_or(0),
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
        };
        self.network.send(now, coordinator, request, Asked::Heartbeat, out);
    }

    pub(super) fn next_heartbeat(&self) -> Option<Instant> {
        let joined = matches!(self.membership.state, MemberState::Completing | MemberState::Stable);
        if !joined || self.membership.failed {
            return None;
        }
        let heartbeat = self.membership.last_heartbeat + self.config.heartbeat_interval;
        let session = self.membership.session_since + self.config.session_timeout;
        let poll = self.membership.last_poll + self.config.max_poll_interval;
        let last = self.last_run.unwrap_or(Instant::ZERO);
        [heartbeat, session, poll, self.membership.not_before]
            .into_iter()
            .filter(|at| *at > last)
            .min()
    }

    /// `max.poll.interval.ms` is over: a dynamic member leaves at once, a static one falls silent
    /// until its session ends. The next poll joins again.
    fn poll_timed_out(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if self.config.group_instance_id.is_none() {
            self.leave(now, "consumer poll timeout has expired", out);
            self.membership.reset(true);
        } else {
            self.membership.reset(false);
        }
    }

    pub(super) fn leave(&mut self, now: Instant, reason: &str, out: &mut Vec<ClientOutput>) {
        let Some(coordinator) = self.ready_coordinator() else { return };
        if self.membership.member_id.is_empty() {
            return;
        }
        let member = MemberIdentity {
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            reason: Some(reason.into()),
        };
        let request = LeaveGroupRequest { group_id: self.group(), members: vec![member] };
        self.network.send(now, coordinator, request, Asked::Leave, out);
    }

    pub(super) fn heartbeat_answered(
        &mut self,
        now: Instant,
        error: ErrorCode,
        out: &mut Vec<ClientOutput>,
    ) {
        match error {
            ErrorCode::None => self.membership.session_since = now,
            ErrorCode::RebalanceInProgress => {
                self.membership.session_since = now;
                if self.membership.state == MemberState::Stable {
                    self.membership.rejoin_needed = true;
                }
            }
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.coordinator_unknown();
            }
            error => self.membership_error(error, out),
        }
    }

    /// The coordinator does not take this member for one of the current generation.
    pub(super) fn membership_error(&mut self, error: ErrorCode, out: &mut Vec<ClientOutput>) {
        match error {
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.membership.reset(error == ErrorCode::UnknownMemberId);
                // Others may own the partitions by now (`onPartitionsLost`).
                self.give_up_partitions(out);
            }
            ErrorCode::FencedInstanceId => {
                self.give_up_partitions(out);
                self.group_failed(error, out);
            }
            _ => {}
        }
    }
}
