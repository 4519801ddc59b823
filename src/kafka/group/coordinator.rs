//! The groups of one broker: takes requests, keeps committed offsets, runs the timers.

use super::CoordinatorConfig;
use super::classic::{Group, GroupState, Waiter};
use super::offsets::CommittedOffset;
use super::rebalance::Context;
use crate::event::{ConnectionId, KafkaFact, Name, TopicPartition};
use crate::kafka::broker::Output;
use crate::kafka::protocol::{
    ErrorCode, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchPartition,
    OffsetFetchRequest, OffsetFetchResponse, Request, SyncGroupResponse,
};
use crate::sim::{Instant, Purpose, Rng, SortedMap};

/// The group coordinator of one broker.
///
/// It serves every group it is asked about; the broker sends it only those whose partition of
/// `__consumer_offsets` it leads.
#[derive(Clone, Debug)]
pub struct Coordinator {
    config: CoordinatorConfig,
    ids: Rng,
    groups: SortedMap<Name, Group>,
    /// `offsets.retention.check.interval.ms`: none while there is no group.
    next_cleanup: Option<Instant>,
}

impl Coordinator {
    /// A coordinator without groups. `seed` is the run's, `index` the broker's number: they
    /// decide the member ids it gives.
    pub fn new(config: CoordinatorConfig, seed: u64, index: u32) -> Self {
        let ids = Rng::new(seed, Purpose::Identifiers, index);
        Self { config, ids, groups: SortedMap::new(), next_cleanup: None }
    }

    /// A group it knows.
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id)
    }

    /// All groups by id.
    pub fn groups(&self) -> impl Iterator<Item = (&Name, &Group)> {
        self.groups.iter()
    }

    /// Handles a request of the group protocol: `JoinGroup`, `SyncGroup`, `Heartbeat`,
    /// `LeaveGroup`, `OffsetCommit`, `OffsetFetch`. Others are not its business and get no
    /// answer. Joins and syncs may be answered later, by another call.
    pub fn handle(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let to = Waiter { connection, correlation };
        let mut context = Context { now, config: &self.config, ids: &mut self.ids, out };
        match request {
            Request::JoinGroup(request) => join(&mut self.groups, &request, to, &mut context),
            Request::SyncGroup(request) => {
                if let Some(group) = self.groups.get_mut(&request.group_id) {
                    group.sync(&request, to, &mut context);
                } else {
                    let error_code = ErrorCode::UnknownMemberId;
                    context.respond(to, SyncGroupResponse { error_code, ..Default::default() });
                }
            }
            Request::Heartbeat(request) => {
                let error_code = self
                    .groups
                    .get_mut(&request.group_id)
                    .map_or(ErrorCode::UnknownMemberId, |group| {
                        group.heartbeat(&request, &mut context)
                    });
                context.respond(to, HeartbeatResponse { error_code });
            }
            Request::LeaveGroup(request) => {
                let response = leave(&mut self.groups, &request, &mut context);
                context.respond(to, response);
            }
            Request::OffsetCommit(request) => {
                let response = commit(&mut self.groups, &request, &mut context);
                context.respond(to, response);
            }
            Request::OffsetFetch(request) => {
                let response = fetch(&self.groups, &request);
                context.respond(to, response);
            }
            _ => {}
        }
        self.plan_cleanup(now);
    }

    /// Lets go of the groups that `moved` names: another broker coordinates them now
    /// (`GroupMetadataManager#onUnloaded`). Who waits for a join or a sync is told.
    pub fn resign(&mut self, moved: impl Fn(&str) -> bool, out: &mut Vec<Output>) {
        self.groups.retain(|id, group| {
            let goes = moved(id);
            if goes {
                group.unload(out);
            }
            !goes
        });
    }

    /// Takes up a committed offset that the log of `__consumer_offsets` holds; later records
    /// overrule earlier ones.
    pub fn load(
        &mut self,
        now: Instant,
        group: &Name,
        partition: TopicPartition,
        committed: CommittedOffset,
    ) {
        let group =
            self.groups.entry(group.clone()).or_insert_with(|| Group::new(group.clone(), now));
        group.offsets.insert(partition, committed);
    }

    /// When it wants to be called next.
    pub fn next_tick(&self) -> Option<Instant> {
        let timers = self.groups.values().filter_map(Group::next_timer);
        timers.chain(self.next_cleanup).min()
    }

    /// Runs what is due at `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        let mut context = Context { now, config: &self.config, ids: &mut self.ids, out };
        for group in self.groups.values_mut() {
            group.tick(&mut context);
        }
        if self.next_cleanup.is_some_and(|at| at <= now) {
            let retention = self.config.offsets_retention;
            self.groups.retain(|_, group| !group.expire_offsets(now, retention));
            self.next_cleanup = None;
        }
        self.plan_cleanup(now);
    }

    /// Offsets are looked at in intervals, as long as there are groups.
    fn plan_cleanup(&mut self, now: Instant) {
        if self.next_cleanup.is_none() && !self.groups.is_empty() {
            self.next_cleanup = Some(now + self.config.offsets_retention_check_interval);
        }
    }
}

fn join(
    groups: &mut SortedMap<Name, Group>,
    request: &JoinGroupRequest,
    to: Waiter,
    context: &mut Context<'_>,
) {
    let timeout = u64::from(request.session_timeout_ms);
    let allowed = context.config.min_session_timeout.as_millis()
        ..=context.config.max_session_timeout.as_millis();
    let error_code = if request.group_id.is_empty() {
        ErrorCode::InvalidGroupId
    } else if !allowed.contains(&timeout) {
        ErrorCode::InvalidSessionTimeout
    } else if request.member_id.is_empty() || groups.contains_key(&request.group_id) {
        let group = groups
            .entry(request.group_id.clone())
            .or_insert_with(|| Group::new(request.group_id.clone(), context.now));
        return group.join(request, to, context);
    } else {
        ErrorCode::UnknownMemberId
    };
    let member_id = request.member_id.clone();
    context.respond(to, JoinGroupResponse { error_code, member_id, ..Default::default() });
}

fn leave(
    groups: &mut SortedMap<Name, Group>,
    request: &LeaveGroupRequest,
    context: &mut Context<'_>,
) -> LeaveGroupResponse {
    let members = match groups.get_mut(&request.group_id) {
        Some(group) if group.state() != GroupState::Dead => group.leave(request, context),
        Some(_) => {
            let error_code = ErrorCode::CoordinatorNotAvailable;
            return LeaveGroupResponse { error_code, members: Vec::new() };
        }
        None => request
            .members
            .iter()
            .map(|m| (m.member_id.clone(), m.group_instance_id.clone(), ErrorCode::UnknownMemberId))
            .collect(),
    };
    LeaveGroupResponse { error_code: ErrorCode::None, members }
}

/// `OffsetMetadataManager#commitOffset`: the whole request is refused or taken, except for notes
/// that are too long.
fn commit(
    groups: &mut SortedMap<Name, Group>,
    request: &OffsetCommitRequest,
    context: &mut Context<'_>,
) -> OffsetCommitResponse {
    let refuse = |error: ErrorCode| OffsetCommitResponse {
        partitions: request.partitions.iter().map(|p| (p.partition.clone(), error)).collect(),
    };
    if request.group_id.is_empty() {
        return refuse(ErrorCode::InvalidGroupId);
    }
    if !groups.contains_key(&request.group_id) {
        // A group that only stores offsets comes to be with its first commit.
        if request.generation_id.is_some() {
            return refuse(ErrorCode::IllegalGeneration);
        }
        let group = Group::new(request.group_id.clone(), context.now);
        groups.insert(request.group_id.clone(), group);
    }
    let Some(group) = groups.get_mut(&request.group_id) else {
        return refuse(ErrorCode::CoordinatorNotAvailable);
    };
    let instance = request.group_instance_id.as_ref();
    let valid = group.validate_offset_commit(&request.member_id, instance, request.generation_id);
    if let Err(error) = valid {
        return refuse(error);
    }
    // A commit proves that the member lives.
    group.commit_is_heartbeat(&request.member_id, context);
    let max = context.config.offset_metadata_max_bytes as usize;
    let partitions = request
        .partitions
        .iter()
        .map(|p| {
            if p.committed_metadata.as_ref().is_some_and(|note| note.len() > max) {
                return (p.partition.clone(), ErrorCode::OffsetMetadataTooLarge);
            }
            group.offsets.insert(
                p.partition.clone(),
                CommittedOffset {
                    offset: p.committed_offset,
                    leader_epoch: p.committed_leader_epoch,
                    metadata: p.committed_metadata.clone(),
                    at: context.now,
                },
            );
            context.out.push(Output::Fact(KafkaFact::Committed {
                group: request.group_id.clone(),
                partition: p.partition.clone(),
                offset: p.committed_offset,
            }));
            (p.partition.clone(), ErrorCode::None)
        })
        .collect();
    OffsetCommitResponse { partitions }
}

fn fetch(groups: &SortedMap<Name, Group>, request: &OffsetFetchRequest) -> OffsetFetchResponse {
    let offsets = groups.get(&request.group_id).map(|group| &group.offsets);
    let entry = |partition: &TopicPartition| {
        let committed = offsets.and_then(|offsets| offsets.get(partition));
        OffsetFetchPartition {
            partition: partition.clone(),
            committed_offset: committed.map(|c| c.offset),
            committed_leader_epoch: committed.and_then(|c| c.leader_epoch),
            metadata: committed.and_then(|c| c.metadata.clone()),
            error_code: ErrorCode::None,
        }
    };
    let partitions = match &request.partitions {
        Some(partitions) => partitions.iter().map(entry).collect(),
        None => offsets.into_iter().flat_map(|offsets| offsets.keys()).map(entry).collect(),
    };
    OffsetFetchResponse { error_code: ErrorCode::None, partitions }
}
