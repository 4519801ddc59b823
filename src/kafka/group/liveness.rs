//! How members stay, go and are missed: heartbeats, leaving, sessions and other timers
//! (`GroupMetadataManager#classicGroupHeartbeat`, `#classicGroupLeave`,
//! `#expireClassicGroupMemberHeartbeat`, `#expirePendingSync`).

use super::classic::{Expiry, Group, GroupState, Member, TimerKey};
use super::rebalance::Context;
use crate::event::Name;
use crate::kafka::broker::Output;
use crate::kafka::protocol::{
    ErrorCode, HeartbeatRequest, JoinGroupResponse, LeaveGroupRequest, MemberIdentity,
    SyncGroupResponse,
};

impl Group {
    pub(super) fn heartbeat(
        &mut self,
        request: &HeartbeatRequest,
        context: &mut Context<'_>,
    ) -> ErrorCode {
        if self.state == GroupState::Dead {
            return ErrorCode::CoordinatorNotAvailable;
        }
        let id = &request.member_id;
        if let Err(error) = self.validate_member(id, request.group_instance_id.as_ref()) {
            return error;
        }
        if request.generation_id != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        match self.state {
            GroupState::Empty | GroupState::Dead => ErrorCode::UnknownMemberId,
            GroupState::PreparingRebalance => {
                self.extend_session(id, context.now, context.out);
                ErrorCode::RebalanceInProgress
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.extend_session(id, context.now, context.out);
                ErrorCode::None
            }
        }
    }

    /// A commit by a member counts as a heartbeat while the group may rebalance
    /// (`OffsetMetadataManager#validateOffsetCommit`).
    pub(super) fn commit_is_heartbeat(&mut self, id: &Name, context: &mut Context<'_>) {
        if matches!(self.state, GroupState::Stable | GroupState::PreparingRebalance) {
            self.extend_session(id, context.now, context.out);
        }
    }

    /// One entry for each member of the request.
    pub(super) fn leave(
        &mut self,
        request: &LeaveGroupRequest,
        context: &mut Context<'_>,
    ) -> Vec<(Name, Option<Name>, ErrorCode)> {
        let answers: Vec<_> = request
            .members
            .iter()
            .map(|identity| {
                let error = self.leave_one(identity, context).err().unwrap_or(ErrorCode::None);
                (identity.member_id.clone(), identity.group_instance_id.clone(), error)
            })
            .collect();
        if answers.iter().any(|(_, _, error)| *error == ErrorCode::None) {
            match self.state {
                GroupState::Stable | GroupState::CompletingRebalance => {
                    self.rebalance_or_complete_join(context);
                }
                GroupState::PreparingRebalance => self.maybe_complete_join(context),
                GroupState::Empty | GroupState::Dead => {}
            }
        }
        answers
    }

    fn leave_one(
        &mut self,
        identity: &MemberIdentity,
        context: &mut Context<'_>,
    ) -> Result<(), ErrorCode> {
        let instance = identity.group_instance_id.as_ref();
        let id = if identity.member_id.is_empty() {
            let member = instance.and_then(|instance| self.static_member(instance));
            member.ok_or(ErrorCode::UnknownMemberId)?.id.clone()
        } else {
            identity.member_id.clone()
        };
        if !self.pending_join.contains(&id) {
            self.validate_member(&id, instance)?;
        }
        self.cancel(&TimerKey::Heartbeat(id.clone()));
        let reason = identity.reason.as_deref().unwrap_or("left the group");
        self.drop_member(&id, reason, context);
        Ok(())
    }

    fn drop_member(&mut self, id: &Name, reason: &str, context: &mut Context<'_>) {
        if let Some(to) = self.member_mut(id).and_then(|member| member.awaiting_join.take()) {
            context.fail_join(to, ErrorCode::UnknownMemberId, "".into());
        }
        if self.remove(id).is_some() {
            self.tell_removed(id.clone(), reason, context);
        }
    }

    /// Another broker coordinates the group now.
    pub(super) fn unload(&mut self, out: &mut Vec<Output>) {
        let error_code = ErrorCode::NotCoordinator;
        for member in &mut self.members {
            if let Some(to) = member.awaiting_join.take() {
                let member_id = member.id.clone();
                let response =
                    JoinGroupResponse { error_code, member_id, ..JoinGroupResponse::default() };
                out.push(to.answer(response));
            }
            if let Some(to) = member.awaiting_sync.take() {
                let response = SyncGroupResponse { error_code, ..SyncGroupResponse::default() };
                out.push(to.answer(response));
            }
        }
    }

    /// Runs the timers that are due.
    pub(super) fn tick(&mut self, context: &mut Context<'_>) {
        while let Some((key, expiry)) = self.pop_timer(context.now) {
            match (key, expiry) {
                (_, Expiry::InitialJoin { delay, remaining }) => {
                    self.complete_initial_join(delay, remaining, context);
                }
                (_, Expiry::CompleteJoin) => self.complete_join(context),
                (_, Expiry::PendingSync { generation }) => self.expire_sync(generation, context),
                (TimerKey::Heartbeat(id), Expiry::Heartbeat) => self.expire_session(&id, context),
                (TimerKey::Join | TimerKey::Sync, Expiry::Heartbeat) => {}
            }
        }
    }

    fn expire_sync(&mut self, generation: u32, context: &mut Context<'_>) {
        let waiting = matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable);
        if generation != self.generation || !waiting || self.pending_sync.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.pending_sync) {
            self.remove(&id);
            self.cancel(&TimerKey::Heartbeat(id.clone()));
            self.tell_removed(id, "did not send SyncGroup within the rebalance time-out", context);
        }
        self.prepare_rebalance(context);
    }

    fn expire_session(&mut self, id: &Name, context: &mut Context<'_>) {
        if self.pending_join.contains(id) {
            self.remove(id);
            if self.state == GroupState::PreparingRebalance && self.has_all_members_joined() {
                self.complete_join(context);
            }
            return;
        }
        if self.member(id).is_none_or(Member::has_satisfied_heartbeat) {
            return;
        }
        self.drop_member(id, "heartbeat expiration: the session timed out", context);
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.rebalance_or_complete_join(context);
            }
            GroupState::PreparingRebalance if self.has_all_members_joined() => {
                self.complete_join(context);
            }
            _ => {}
        }
    }
}
