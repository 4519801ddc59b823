//! The consumer as a member of its group: coordinator, join, sync, assignment
//! (`AbstractCoordinator`, `ConsumerCoordinator`).

use super::positions::{Owned, Positions, Stand};
use super::state::{Asked, Consumer, ConsumerError};
use crate::event::{KafkaFact, Name, RebalancePhase, TopicPartition};
use crate::kafka::assignor::{self, Assignor, RebalanceProtocol};
use crate::kafka::client::ClientOutput;
use crate::kafka::protocol::{
    Assignment, BrokerId, ErrorCode, FindCoordinatorRequest, FindCoordinatorResponse,
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse, Subscription, SyncGroupRequest,
    SyncGroupResponse,
};
use crate::sim::{Instant, Order, SortedMap, Span};

/// How far the consumer is (`AbstractCoordinator.MemberState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum MemberState {
    #[default]
    Unjoined,
    /// `JoinGroup` is under way.
    Preparing,
    /// `SyncGroup` is under way, or the leader is about to assign.
    Completing,
    Stable,
}

/// Membership in a group.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) coordinator: Option<BrokerId>,
    pub(super) member_id: Name,
    pub(super) generation: Option<u32>,
    pub(super) state: MemberState,
    pub(super) rejoin_needed: bool,
    /// Not before: the next try to find the coordinator or to join.
    pub(super) not_before: Instant,
    pub(super) last_poll: Instant,
    /// What it told the group that it subscribes to.
    joined_topics: Vec<Name>,
    /// The preparations for joining (commit, revocation) were made.
    prepared: bool,
    pub(super) last_heartbeat: Instant,
    /// The coordinator was last heard of: the session as the client sees it.
    pub(super) session_since: Instant,
    /// The assignment came while the application was busy.
    received: Option<Assignment>,
    protocol: Option<Name>,
    /// The leader waits for metadata of the group's topics.
    to_assign: Option<JoinGroupResponse>,
    /// The leader's picture when it assigned: it rejoins when that changes.
    assigned_counts: Option<SortedMap<Name, u32>>,
    /// What the sticky assignor remembers of the last generation.
    sticky: (Vec<TopicPartition>, Option<u32>),
    /// Gave up on the group.
    pub(super) failed: bool,
}

impl Default for Membership {
    fn default() -> Self {
        Self {
            coordinator: None,
            member_id: "".into(),
            generation: None,
            state: MemberState::Unjoined,
            rejoin_needed: true,
            not_before: Instant::ZERO,
            last_poll: Instant::ZERO,
            joined_topics: Vec::new(),
            prepared: false,
            last_heartbeat: Instant::ZERO,
            session_since: Instant::ZERO,
            received: None,
            protocol: None,
            to_assign: None,
            assigned_counts: None,
            sticky: (Vec::new(), None),
            failed: false,
        }
    }
}

impl Membership {
    pub(super) fn wait(&mut self, now: Instant, span: Span) {
        self.not_before = now + span;
    }

    /// A join or sync was lost with its connection: it is asked for again.
    pub(super) fn interrupted(&mut self) {
        self.state = MemberState::Unjoined;
        self.rejoin_needed = true;
    }

    /// `resetStateAndRejoin`: the generation is over; `forget` also drops the member id.
    pub(super) fn reset(&mut self, forget: bool) {
        self.generation = None;
        self.state = MemberState::Unjoined;
        self.rejoin_needed = true;
        self.received = None;
        self.to_assign = None;
        if forget {
            self.member_id = "".into();
        }
    }
}

impl Consumer {
    fn subscribes(&self) -> bool {
        self.config.group_id.is_some() && !self.config.topics.is_empty()
    }

    pub(super) fn group(&self) -> Name {
        self.config.group_id.clone().unwrap_or_else(|| "".into())
    }

    /// `ConsumerCoordinator#poll`.
    pub(super) fn coordinate(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if self.config.group_id.is_none() {
            return;
        }
        self.find_coordinator(now, out);
        if self.subscribes() && !self.membership.failed {
            self.apply_assignment(now, out);
            self.watch_metadata();
            self.assign_group(now, out);
            self.join(now, out);
        }
        self.maybe_auto_commit(now, out);
    }

    pub(super) fn find_coordinator(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if let Some(broker) = self.membership.coordinator {
            self.network.ready(now, broker, out);
            return;
        }
        let asked = self.network.in_flight().any(|asked| matches!(asked, Asked::Coordinator));
        if asked || now < self.membership.not_before {
            return;
        }
        if let Some(broker) = self.network.least_loaded(now, out) {
            let request = FindCoordinatorRequest { coordinator_keys: vec![self.group()] };
            self.network.send(now, broker, request, Asked::Coordinator, out);
        }
    }

    pub(super) fn found_coordinator(&mut self, now: Instant, response: &FindCoordinatorResponse) {
        match response.coordinators.first() {
            Some(found) if found.error_code == ErrorCode::None => {
                self.membership.coordinator = found.node_id;
                self.membership.session_since = now;
            }
            _ => self.membership.wait(now, self.config.retry_backoff),
        }
    }

    /// The coordinator, if a connection to it stands.
    pub(super) fn ready_coordinator(&self) -> Option<BrokerId> {
        self.membership.coordinator.filter(|broker| self.network.is_up(*broker))
    }

    /// This broker does not coordinate the group (any more).
    pub(super) fn coordinator_unknown(&mut self) {
        self.membership.coordinator = None;
    }

    /// Who subscribes to other topics than it told the group joins again; so does the leader
    /// when topics that it assigned have changed (`#rejoinNeededOrPending`).
    fn watch_metadata(&mut self) {
        if self.membership.state == MemberState::Stable
            && self.membership.joined_topics != self.config.topics
        {
            self.membership.rejoin_needed = true;
        }
        let Some(assigned) = &self.membership.assigned_counts else { return };
        let now = self.counts(assigned.keys());
        if now != *assigned && self.membership.state == MemberState::Stable {
            self.membership.rejoin_needed = true;
        }
    }

    fn counts<'a>(&self, topics: impl Iterator<Item = &'a Name>) -> SortedMap<Name, u32> {
        topics
            .map(|topic| (topic.clone(), self.network.metadata.partitions(topic).unwrap_or(0)))
            .collect()
    }

    /// `joinGroupIfNeeded`, `onJoinPrepare`.
    fn join(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let joining =
            matches!(self.membership.state, MemberState::Preparing | MemberState::Completing);
        if !self.membership.rejoin_needed || joining || now < self.membership.not_before {
            return;
        }
        let Some(coordinator) = self.ready_coordinator() else { return };
        if !self.membership.prepared {
            self.membership.prepared = true;
            if self.config.enable_auto_commit && self.membership.generation.is_some() {
                self.commit_positions(now, out);
            }
            self.membership.sticky =
                (self.positions.keys().cloned().collect(), self.membership.generation);
            let keeps = self.config.rebalance_protocol() == RebalanceProtocol::Cooperative
                && self.membership.generation.is_some();
            if !keeps {
                self.give_up_partitions(out);
            } else if self.positions.keys().any(|p| !self.config.topics.contains(&p.topic)) {
                self.positions.retain(|partition, _| self.config.topics.contains(&partition.topic));
                self.tell_assigned(out);
            }
        }
        self.membership.rejoin_needed = false;
        self.membership.state = MemberState::Preparing;
        self.membership.assigned_counts = None;
        self.membership.joined_topics.clone_from(&self.config.topics);
        let request = JoinGroupRequest {
            group_id: self.group(),
            session_timeout_ms: self.config.session_timeout.as_millis() as u32,
            rebalance_timeout_ms: self.config.max_poll_interval.as_millis() as u32,
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            client_id: self.config.client_id.clone(),
            protocol_type: "consumer".into(),
            protocols: self.config.assignors.iter().map(|a| self.offer(*a)).collect(),
            reason: None,
        };
        // Joining may take as long as the slowest member.
        let timeout =
            self.config.request_timeout.max(self.config.max_poll_interval + Span::from_secs(5));
        self.network.send_with_timeout(now, coordinator, request, Asked::Join, timeout, out);
        self.tell_phase(RebalancePhase::Joining, out);
    }

    fn offer(&self, assignor: Assignor) -> JoinGroupRequestProtocol {
        let (owned, generation) = match assignor {
            // Stands for the assignor's user data, which remembers what was given up.
            Assignor::Sticky => self.membership.sticky.clone(),
            _ => (self.positions.keys().cloned().collect(), self.membership.generation),
        };
        JoinGroupRequestProtocol {
            name: assignor.name().into(),
            metadata: Subscription {
                topics: self.config.topics.clone(),
                user_data: None,
                owned_partitions: owned,
                generation_id: generation,
                rack_id: None,
            },
        }
    }

    /// Everything owned is given up or lost.
    pub(super) fn give_up_partitions(&mut self, out: &mut Vec<ClientOutput>) {
        if self.positions.is_empty() {
            return;
        }
        self.positions.clear();
        self.buffer.clear();
        self.tell_assigned(out);
    }

    fn tell_phase(&self, phase: RebalancePhase, out: &mut Vec<ClientOutput>) {
        let (group, member) = (self.group(), self.membership.member_id.clone());
        out.push(ClientOutput::Fact(KafkaFact::PhaseChanged { group, member, phase }));
    }

    fn tell_assigned(&self, out: &mut Vec<ClientOutput>) {
        out.push(ClientOutput::Fact(KafkaFact::Assigned {
            group: self.group(),
            member: self.membership.member_id.clone(),
            generation: self.membership.generation.unwrap_or(0),
            partitions: self.positions.keys().cloned().collect(),
        }));
    }

    pub(super) fn joined(
        &mut self,
        now: Instant,
        response: JoinGroupResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        let membership = &mut self.membership;
        if membership.state != MemberState::Preparing {
            return;
        }
        membership.state = MemberState::Unjoined;
        membership.rejoin_needed = true;
        match response.error_code {
            ErrorCode::None => {
                membership.rejoin_needed = false;
                membership.state = MemberState::Completing;
                membership.member_id = response.member_id.clone();
                membership.generation = response.generation_id;
                membership.protocol.clone_from(&response.protocol_name);
                membership.last_heartbeat = now;
                membership.session_since = now;
                for member in &response.members {
                    for topic in &member.metadata.topics {
                        self.network.metadata.want(topic);
                    }
                }
                self.membership.to_assign = Some(response);
            }
            ErrorCode::MemberIdRequired => {
                membership.member_id = response.member_id;
            }
            ErrorCode::UnknownMemberId => membership.reset(true),
            ErrorCode::IllegalGeneration => membership.reset(false),
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.coordinator_unknown();
                self.membership.wait(now, self.config.retry_backoff);
            }
            ErrorCode::CoordinatorLoadInProgress | ErrorCode::RebalanceInProgress => {
                membership.wait(now, self.config.retry_backoff);
            }
            error => self.group_failed(error, out),
        }
    }

    pub(super) fn group_failed(&mut self, error: ErrorCode, out: &mut Vec<ClientOutput>) {
        self.membership.failed = true;
        self.membership.state = MemberState::Unjoined;
        self.throw(ConsumerError::Group(error), out);
    }

    /// After a join: the leader assigns, once it knows all topics; everybody syncs.
    pub(super) fn assign_group(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let Some(coordinator) = self.ready_coordinator() else { return };
        let Some(response) = self.membership.to_assign.take() else { return };
        let is_leader = response.leader == self.membership.member_id;
        let assignments = if is_leader {
            let mut topics: Vec<&Name> =
                response.members.iter().flat_map(|m| &m.metadata.topics).collect();
            topics.order();
            topics.dedup();
            if !topics.iter().all(|topic| self.network.metadata.has_answer_for(topic)) {
                // Topics that only others subscribe to are being asked for.
                self.membership.to_assign = Some(response);
                return;
            }
            let counts = self.counts(topics.into_iter());
            let known = counts.iter().filter(|(_, n)| **n > 0).map(|(t, n)| (t.clone(), *n));
            let assigned = assign(&response, &known.collect());
            self.membership.assigned_counts = Some(counts);
            if response.skip_assignment { Vec::new() } else { assigned }
        } else {
            Vec::new()
        };
        let request = SyncGroupRequest {
            group_id: self.group(),
            generation_id: response.generation_id.unwrap_or(0),
            member_id: self.membership.member_id.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            protocol_name: response.protocol_name,
            assignments,
        };
        self.network.send(now, coordinator, request, Asked::Sync, out);
        self.tell_phase(RebalancePhase::Syncing, out);
    }

    pub(super) fn synced(
        &mut self,
        now: Instant,
        response: SyncGroupResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        let membership = &mut self.membership;
        if membership.state != MemberState::Completing {
            return;
        }
        match response.error_code {
            ErrorCode::None => {
                membership.state = MemberState::Stable;
                membership.received = Some(response.assignment);
                membership.session_since = now;
                return;
            }
            ErrorCode::UnknownMemberId => membership.reset(true),
            ErrorCode::IllegalGeneration => membership.reset(false),
            ErrorCode::RebalanceInProgress => {}
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.coordinator_unknown();
            }
            ErrorCode::CoordinatorLoadInProgress => {
                membership.wait(now, self.config.retry_backoff);
            }
            error => return self.group_failed(error, out),
        }
        self.membership.state = MemberState::Unjoined;
        self.membership.rejoin_needed = true;
    }

    /// `onJoinComplete`: takes what was assigned; the cooperative protocol gives up the rest and
    /// joins again when it had to.
    fn apply_assignment(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        let Some(assignment) = self.membership.received.take() else { return };
        self.membership.prepared = false;
        let mut assigned = Positions::new();
        for partition in assignment.partitions {
            self.network.metadata.want(&partition.topic);
            let owned = self.positions.remove(&partition);
            let owned = owned.unwrap_or_else(|| Owned::new(Stand::NeedsCommitted));
            assigned.insert(partition, owned);
        }
        let revoked = std::mem::replace(&mut self.positions, assigned);
        for partition in revoked.keys() {
            self.buffer.forget(partition);
        }
        let cooperative = self.config.rebalance_protocol() == RebalanceProtocol::Cooperative;
        if cooperative && !revoked.is_empty() {
            self.membership.rejoin_needed = true;
        }
        self.next_auto_commit = now + self.config.auto_commit_interval;
        self.tell_assigned(out);
        self.tell_phase(RebalancePhase::Resumed, out);
    }
}

/// What the leader computes for everybody.
fn assign(response: &JoinGroupResponse, counts: &SortedMap<Name, u32>) -> Vec<(Name, Assignment)> {
    let members: Vec<assignor::Subscription> = response
        .members
        .iter()
        .map(|member| assignor::Subscription {
            member: member.member_id.clone(),
            instance: member.group_instance_id.clone(),
            topics: member.metadata.topics.clone(),
            owned: member.metadata.owned_partitions.clone(),
            generation: member.metadata.generation_id.map_or(-1, |g| g as i32),
        })
        .collect();
    let assignor = response.protocol_name.as_deref().and_then(Assignor::from_name);
    let assignment = assignor.unwrap_or(Assignor::Range).assign(counts, &members);
    assignment
        .into_iter()
        .map(|(member, partitions)| (member, Assignment { partitions, user_data: None }))
        .collect()
}
