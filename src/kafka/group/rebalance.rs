//! The join and sync barriers, generations and static members
//! (`GroupMetadataManager#classicGroupJoin`, `#classicGroupSync` and what they call).

use super::classic::{Expiry, Group, GroupState, Member, TimerKey, Waiter};
use super::{CoordinatorConfig, NEW_MEMBER_JOIN_TIMEOUT};
use crate::event::{KafkaFact, Name};
use crate::kafka::broker::Output;
use crate::kafka::protocol::{
    Assignment, ErrorCode, JoinGroupRequest, JoinGroupResponse, Response, SyncGroupRequest,
    SyncGroupResponse,
};
use crate::sim::{Instant, Rng, Span};

/// What every step may use.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) config: &'a CoordinatorConfig,
    pub(super) ids: &'a mut Rng,
    pub(super) out: &'a mut Vec<Output>,
}

impl Context<'_> {
    pub(super) fn respond(&mut self, to: Waiter, response: impl Into<Response>) {
        self.out.push(to.answer(response));
    }

    pub(super) fn fail_join(&mut self, to: Waiter, error_code: ErrorCode, member_id: Name) {
        self.respond(to, JoinGroupResponse { error_code, member_id, ..Default::default() });
    }

    fn fail_sync(&mut self, to: Waiter, error_code: ErrorCode) {
        self.respond(to, SyncGroupResponse { error_code, ..Default::default() });
    }

    /// `prefix-UUID`, as `ClassicGroup#generateMemberId` makes it.
    fn member_id(&mut self, prefix: &str) -> Name {
        let mut words = [self.ids.bits(), self.ids.bits(), self.ids.bits(), self.ids.bits()];
        // Version 4, variant 1 (RFC 9562), as `java.util.UUID#randomUUID`.
        words[1] = words[1] & 0xffff_0fff | 0x4000;
        words[2] = words[2] & 0x3fff_ffff | 0x8000_0000;
        let [a, b, c, d] = words;
        format!(
            "{prefix}-{a:08x}-{:04x}-{:04x}-{:04x}-{:04x}{d:08x}",
            b >> 16,
            b & 0xffff,
            c >> 16,
            c & 0xffff
        )
        .into()
    }
}

impl Group {
    fn transition(&mut self, to: GroupState, context: &mut Context<'_>) {
        self.previous_state = self.state;
        self.state = to;
        self.state_since = context.now;
        context.out.push(Output::Fact(KafkaFact::GroupChanged {
            group: self.id.clone(),
            state: to.name().into(),
            generation: self.generation,
        }));
    }

    pub(super) fn tell_removed(&self, member: Name, reason: &str, context: &mut Context<'_>) {
        context.out.push(Output::Fact(KafkaFact::MemberRemoved {
            group: self.id.clone(),
            member,
            reason: reason.into(),
        }));
    }

    fn accepts(&self, id: &str, max: u32) -> bool {
        let max = max as usize;
        match self.state {
            GroupState::Empty | GroupState::Dead => true,
            GroupState::PreparingRebalance => {
                self.member(id).is_some_and(|member| member.awaiting_join.is_some())
                    || self.members.iter().filter(|m| m.awaiting_join.is_some()).count() < max
            }
            _ => self.member(id).is_some() || self.members.len() < max,
        }
    }

    pub(super) fn join(
        &mut self,
        request: &JoinGroupRequest,
        to: Waiter,
        context: &mut Context<'_>,
    ) {
        let id = request.member_id.clone();
        if !self.accepts(&id, context.config.max_size) {
            self.remove(&id);
            context.fail_join(to, ErrorCode::GroupMaxSizeReached, "".into());
        } else if self.state == GroupState::Dead {
            context.fail_join(to, ErrorCode::CoordinatorNotAvailable, id);
        } else if !self.supports(&request.protocol_type, &request.protocols) {
            context.fail_join(to, ErrorCode::InconsistentGroupProtocol, id);
        } else if id.is_empty() {
            self.join_new(request, to, context);
        } else if self.pending_join.contains(&id) {
            self.add(id, request, to, context);
        } else if let Err(error) = self.validate_member(&id, request.group_instance_id.as_ref()) {
            context.fail_join(to, error, id);
        } else {
            self.join_again(&id, request, to, context);
        }
    }

    fn join_new(&mut self, request: &JoinGroupRequest, to: Waiter, context: &mut Context<'_>) {
        let Some(instance) = &request.group_instance_id else {
            let id = context.member_id(&request.client_id);
            self.pending_join.insert(id.clone());
            let at = context.now + session_timeout(request);
            self.schedule(TimerKey::Heartbeat(id.clone()), at, Expiry::Heartbeat);
            context.fail_join(to, ErrorCode::MemberIdRequired, id);
            return;
        };
        let id = context.member_id(instance);
        match self.static_member(instance).map(|member| member.id.clone()) {
            Some(old) => self.replace_static(&old, &id, request, to, context),
            None => self.add(id, request, to, context),
        }
    }

    fn add(&mut self, id: Name, request: &JoinGroupRequest, to: Waiter, context: &mut Context<'_>) {
        if self.state == GroupState::PreparingRebalance && self.previous_state == GroupState::Empty
        {
            self.new_member_added = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        self.pending_join.remove(&id);
        self.members.push(Member {
            id: id.clone(),
            instance: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            rebalance_timeout: rebalance_timeout(request),
            session_timeout: session_timeout(request),
            assignment: Assignment::default(),
            protocols: request.protocols.clone(),
            awaiting_join: Some(to),
            awaiting_sync: None,
            is_new: true,
        });
        // A session cannot run out while its first join is held back; this longer time can.
        let at = context.now + NEW_MEMBER_JOIN_TIMEOUT;
        self.schedule(TimerKey::Heartbeat(id), at, Expiry::Heartbeat);
        self.rebalance_or_complete_join(context);
    }

    fn join_again(
        &mut self,
        id: &Name,
        request: &JoinGroupRequest,
        to: Waiter,
        context: &mut Context<'_>,
    ) {
        let same = self.member(id).is_some_and(|member| member.protocols == request.protocols);
        let is_leader = self.is_leader(id);
        let nothing_new = match self.state {
            GroupState::CompletingRebalance => same,
            GroupState::Stable => same && !is_leader,
            GroupState::PreparingRebalance => false,
            GroupState::Empty | GroupState::Dead => {
                context.fail_join(to, ErrorCode::UnknownMemberId, id.clone());
                return;
            }
        };
        if nothing_new {
            let with_members = is_leader && self.state == GroupState::CompletingRebalance;
            let response = self.join_response(id.clone(), with_members, false);
            context.respond(to, response);
            return;
        }
        self.update(id, request, to);
        self.rebalance_or_complete_join(context);
    }

    fn update(&mut self, id: &Name, request: &JoinGroupRequest, to: Waiter) {
        if let Some(member) = self.member_mut(id) {
            member.protocols.clone_from(&request.protocols);
            member.rebalance_timeout = rebalance_timeout(request);
            member.session_timeout = session_timeout(request);
            member.awaiting_join = Some(to);
        }
    }

    /// A static member came back under a new id: it takes the old one's place, without a
    /// rebalance where the group is stable and the assignor stays.
    fn replace_static(
        &mut self,
        old: &Name,
        new: &Name,
        request: &JoinGroupRequest,
        to: Waiter,
        context: &mut Context<'_>,
    ) {
        let was_leader = self.is_leader(old);
        if let Some(member) = self.member_mut(old) {
            let (join, sync) = (member.awaiting_join.take(), member.awaiting_sync.take());
            member.id = new.clone();
            member.is_new = false;
            if let Some(join) = join {
                context.fail_join(join, ErrorCode::FencedInstanceId, old.clone());
            }
            if let Some(sync) = sync {
                context.fail_sync(sync, ErrorCode::FencedInstanceId);
            }
        }
        if was_leader {
            self.leader = Some(new.clone());
        }
        self.tell_removed(
            old.clone(),
            "replaced by a member with the same group.instance.id",
            context,
        );
        self.extend_session(new, context.now, context.out);
        self.update(new, request, to);
        match self.state {
            GroupState::Stable if self.select_protocol() == self.protocol => {
                let leads = self.is_leader(new);
                let response = self.join_response(new.clone(), leads, leads);
                if let Some(member) = self.member_mut(new) {
                    member.awaiting_join = None;
                }
                context.respond(to, response);
            }
            GroupState::Stable => self.rebalance_or_complete_join(context),
            GroupState::CompletingRebalance => self.prepare_rebalance(context),
            _ => self.maybe_complete_join(context),
        }
    }

    fn join_response(&self, id: Name, with_members: bool, skip: bool) -> JoinGroupResponse {
        JoinGroupResponse {
            error_code: ErrorCode::None,
            generation_id: Some(self.generation),
            protocol_name: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_else(|| "".into()),
            skip_assignment: skip,
            member_id: id,
            members: if with_members { self.current_members() } else { Vec::new() },
        }
    }

    pub(super) fn rebalance_or_complete_join(&mut self, context: &mut Context<'_>) {
        if self.can_rebalance() {
            self.prepare_rebalance(context);
        } else {
            self.maybe_complete_join(context);
        }
    }

    pub(super) fn prepare_rebalance(&mut self, context: &mut Context<'_>) {
        if self.state == GroupState::CompletingRebalance {
            for member in &mut self.members {
                member.assignment = Assignment::default();
            }
            self.propagate_assignment(ErrorCode::RebalanceInProgress, context);
        }
        self.pending_sync.clear();
        self.cancel(&TimerKey::Sync);
        let initial = self.state == GroupState::Empty;
        if initial {
            let delay = context.config.initial_rebalance_delay;
            let remaining = Span(self.rebalance_timeout().0.saturating_sub(delay.0));
            let expiry = Expiry::InitialJoin { delay, remaining };
            self.schedule(TimerKey::Join, context.now + delay, expiry);
        }
        self.transition(GroupState::PreparingRebalance, context);
        if initial {
            // Without a delay the barrier falls at once.
            self.run_due_initial_join(context);
        } else if self.has_all_members_joined() {
            self.complete_join(context);
        } else {
            let at = context.now + self.rebalance_timeout();
            self.schedule(TimerKey::Join, at, Expiry::CompleteJoin);
        }
    }

    fn run_due_initial_join(&mut self, context: &mut Context<'_>) {
        if context.config.initial_rebalance_delay == Span::ZERO {
            self.cancel(&TimerKey::Join);
            self.complete_join(context);
        }
    }

    pub(super) fn maybe_complete_join(&mut self, context: &mut Context<'_>) {
        if self.state == GroupState::PreparingRebalance
            && self.previous_state != GroupState::Empty
            && self.has_all_members_joined()
        {
            self.complete_join(context);
        }
    }

    pub(super) fn complete_initial_join(
        &mut self,
        delay: Span,
        remaining: Span,
        context: &mut Context<'_>,
    ) {
        if !self.new_member_added || remaining == Span::ZERO {
            self.complete_join(context);
            return;
        }
        self.new_member_added = false;
        let next = context.config.initial_rebalance_delay.min(remaining);
        let remaining = Span(remaining.0.saturating_sub(delay.0));
        let expiry = Expiry::InitialJoin { delay: next, remaining };
        self.schedule(TimerKey::Join, context.now + next, expiry);
    }

    pub(super) fn complete_join(&mut self, context: &mut Context<'_>) {
        self.cancel(&TimerKey::Join);
        let late: Vec<Name> = self
            .members
            .iter()
            .filter(|member| member.awaiting_join.is_none() && member.instance.is_none())
            .map(|member| member.id.clone())
            .collect();
        for id in late {
            self.remove(&id);
            self.cancel(&TimerKey::Heartbeat(id.clone()));
            self.tell_removed(id, "did not join within the rebalance time-out", context);
        }
        if self.state == GroupState::Dead {
            return;
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            let at = context.now + self.rebalance_timeout();
            self.schedule(TimerKey::Join, at, Expiry::CompleteJoin);
            return;
        }
        self.generation += 1;
        self.pending_sync.clear();
        self.protocol = self.select_protocol();
        if self.members.is_empty() {
            self.transition(GroupState::Empty, context);
            return;
        }
        self.transition(GroupState::CompletingRebalance, context);
        for index in 0..self.members.len() {
            let id = self.members[index].id.clone();
            let response = self.join_response(id.clone(), self.is_leader(&id), false);
            let member = &mut self.members[index];
            member.is_new = false;
            if let Some(to) = member.awaiting_join.take() {
                context.respond(to, response);
            }
            self.extend_session(&id, context.now, context.out);
            self.pending_sync.insert(id);
        }
        let at = context.now + self.rebalance_timeout();
        let expiry = Expiry::PendingSync { generation: self.generation };
        self.schedule(TimerKey::Sync, at, expiry);
    }

    /// The member's session begins anew
    /// (`GroupMetadataManager#rescheduleClassicGroupMemberHeartbeat`).
    pub(super) fn extend_session(&mut self, id: &Name, now: Instant, out: &mut Vec<Output>) {
        let Some(timeout) = self.member(id).map(|member| member.session_timeout) else { return };
        let until = now + timeout;
        self.schedule(TimerKey::Heartbeat(id.clone()), until, Expiry::Heartbeat);
        let (group, member) = (self.id.clone(), id.clone());
        out.push(Output::Fact(KafkaFact::SessionExtended { group, member, until }));
    }

    fn propagate_assignment(&mut self, error_code: ErrorCode, context: &mut Context<'_>) {
        for index in 0..self.members.len() {
            let Some(to) = self.members[index].awaiting_sync.take() else { continue };
            let protocol_name =
                if error_code == ErrorCode::None { self.protocol.clone() } else { None };
            let assignment = self.members[index].assignment.clone();
            context.respond(to, SyncGroupResponse { error_code, protocol_name, assignment });
            let id = self.members[index].id.clone();
            self.extend_session(&id, context.now, context.out);
        }
    }

    pub(super) fn sync(
        &mut self,
        request: &SyncGroupRequest,
        to: Waiter,
        context: &mut Context<'_>,
    ) {
        let id = &request.member_id;
        if let Err(error) = self.validate_sync(request) {
            return context.fail_sync(to, error);
        }
        match self.state {
            GroupState::PreparingRebalance => {
                context.fail_sync(to, ErrorCode::RebalanceInProgress);
            }
            GroupState::CompletingRebalance => {
                if let Some(member) = self.member_mut(id) {
                    member.awaiting_sync = Some(to);
                }
                self.received_sync(id);
                if self.is_leader(id) {
                    self.assign(request, context);
                }
            }
            GroupState::Stable => {
                self.received_sync(id);
                let assignment = self.member(id).map(|m| m.assignment.clone()).unwrap_or_default();
                let protocol_name = self.protocol.clone();
                let error_code = ErrorCode::None;
                context.respond(to, SyncGroupResponse { error_code, protocol_name, assignment });
            }
            GroupState::Empty | GroupState::Dead => {
                context.fail_sync(to, ErrorCode::UnknownMemberId);
            }
        }
    }

    fn validate_sync(&self, request: &SyncGroupRequest) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        self.validate_member(&request.member_id, request.group_instance_id.as_ref())?;
        if request.generation_id != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let inconsistent = request.protocol_name.is_some()
            && self.protocol.is_some()
            && request.protocol_name != self.protocol;
        if inconsistent { Err(ErrorCode::InconsistentGroupProtocol) } else { Ok(()) }
    }

    fn received_sync(&mut self, id: &Name) {
        self.pending_sync.remove(id);
        if self.pending_sync.is_empty() {
            self.cancel(&TimerKey::Sync);
        }
    }

    fn assign(&mut self, request: &SyncGroupRequest, context: &mut Context<'_>) {
        for member in &mut self.members {
            let given = request.assignments.iter().find(|(id, _)| *id == member.id);
            member.assignment = given.map(|(_, given)| given.clone()).unwrap_or_default();
        }
        self.propagate_assignment(ErrorCode::None, context);
        self.transition(GroupState::Stable, context);
    }
}

fn session_timeout(request: &JoinGroupRequest) -> Span {
    Span::from_millis(u64::from(request.session_timeout_ms))
}

fn rebalance_timeout(request: &JoinGroupRequest) -> Span {
    Span::from_millis(u64::from(request.rebalance_timeout_ms))
}
