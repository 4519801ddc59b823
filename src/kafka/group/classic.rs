//! One group of the classic protocol: its members, its state and its timers
//! (`org.apache.kafka.coordinator.group.classic.ClassicGroup`, `ClassicGroupMember`).
//!
//! Holds data and the rules that need nothing but the data; what the requests do to it stands in
//! `rebalance`.

use super::offsets::Offsets;
use crate::event::{ConnectionId, Name};
use crate::kafka::assignor::java;
use crate::kafka::broker::Output;
use crate::kafka::protocol::{
    Assignment, ErrorCode, JoinGroupRequestProtocol, JoinGroupResponseMember, Response,
};
use crate::sim::{Instant, SortedMap, SortedSet, Span};

/// Where a group stands (`ClassicGroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupState {
    /// Nobody is in it; its committed offsets may remain.
    Empty,
    /// Members are asked to join the next generation.
    PreparingRebalance,
    /// All have joined; the leader's assignment is awaited.
    CompletingRebalance,
    /// Everybody has its partitions.
    Stable,
    /// Gone.
    Dead,
}

impl GroupState {
    /// Kafka's name, as its tools print it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

/// A request whose answer is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiter {
    pub(super) connection: ConnectionId,
    pub(super) correlation: u32,
}

impl Waiter {
    pub(super) fn answer(self, response: impl Into<Response>) -> Output {
        Output::Respond {
            connection: self.connection,
            correlation: self.correlation,
            response: response.into(),
        }
    }
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id.
    pub id: Name,
    /// `group.instance.id` of a static member.
    pub instance: Option<Name>,
    /// `client.id`.
    pub client_id: Name,
    /// `max.poll.interval.ms`.
    pub rebalance_timeout: Span,
    /// `session.timeout.ms`.
    pub session_timeout: Span,
    /// What it was given in this generation.
    pub assignment: Assignment,
    pub(super) protocols: Vec<JoinGroupRequestProtocol>,
    pub(super) awaiting_join: Option<Waiter>,
    pub(super) awaiting_sync: Option<Waiter>,
    pub(super) is_new: bool,
}

impl Member {
    /// Waiting for a rebalance counts as a heartbeat, except before the first generation.
    pub(super) fn has_satisfied_heartbeat(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }
}

/// What a group waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKey {
    Join,
    Sync,
    Heartbeat(Name),
}

/// What to do when a timer runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// The first rebalance of an empty group: extend it for as long as somebody new came.
    InitialJoin {
        delay: Span,
        remaining: Span,
    },
    CompleteJoin,
    PendingSync {
        generation: u32,
    },
    Heartbeat,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    at: Instant,
    sequence: u64,
    expiry: Expiry,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    pub(super) id: Name,
    pub(super) state: GroupState,
    pub(super) previous_state: GroupState,
    pub(super) state_since: Instant,
    pub(super) generation: u32,
    pub(super) protocol_type: Option<Name>,
    pub(super) protocol: Option<Name>,
    pub(super) leader: Option<Name>,
    /// In the order of joining. Where Kafka walks its Java hash map and the order decides (who
    /// follows a lost leader), `in_map_order` does.
    pub(super) members: Vec<Member>,
    pub(super) pending_join: SortedSet<Name>,
    pub(super) pending_sync: SortedSet<Name>,
    pub(super) new_member_added: bool,
    pub(super) offsets: Offsets,
    timers: SortedMap<TimerKey, Timer>,
    next_timer: u64,
}

impl Group {
    pub(super) fn new(id: Name, now: Instant) -> Self {
        Self {
            id,
            state: GroupState::Empty,
            previous_state: GroupState::Dead,
            state_since: now,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Vec::new(),
            pending_join: SortedSet::new(),
            pending_sync: SortedSet::new(),
            new_member_added: false,
            offsets: Offsets::default(),
            timers: SortedMap::new(),
            next_timer: 0,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> GroupState {
        self.state
    }

    /// The generation, counted from 0 before the first.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The members, in the order of joining.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member id of the leader.
    pub fn leader(&self) -> Option<&Name> {
        self.leader.as_ref()
    }

    /// The assignor of this generation.
    pub fn protocol(&self) -> Option<&Name> {
        self.protocol.as_ref()
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| &*member.id == id)
    }

    pub(super) fn member_mut(&mut self, id: &str) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| &*member.id == id)
    }

    pub(super) fn static_member(&self, instance: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.instance.as_deref() == Some(instance))
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    pub(super) fn has_all_members_joined(&self) -> bool {
        self.pending_join.is_empty()
            && self.members.iter().all(|member| member.awaiting_join.is_some())
    }

    /// The longest of the members' rebalance time-outs.
    pub(super) fn rebalance_timeout(&self) -> Span {
        self.members.iter().map(|member| member.rebalance_timeout).max().unwrap_or(Span::ZERO)
    }

    pub(super) fn can_rebalance(&self) -> bool {
        matches!(
            self.state,
            GroupState::Stable | GroupState::CompletingRebalance | GroupState::Empty
        )
    }

    /// Whether a member with these assignors can be in the group.
    pub(super) fn supports(&self, kind: &str, protocols: &[JoinGroupRequestProtocol]) -> bool {
        if self.state == GroupState::Empty {
            return !kind.is_empty() && !protocols.is_empty();
        }
        self.protocol_type.as_deref() == Some(kind)
            && protocols.iter().any(|protocol| self.all_support(&protocol.name))
    }

    fn all_support(&self, name: &str) -> bool {
        let has = |member: &Member| member.protocols.iter().any(|p| &*p.name == name);
        self.members.iter().all(has)
    }

    /// Each member votes for the first of its assignors that all support; the most votes win. A
    /// tie goes to the one voted for first (in Kafka: to Java's map order).
    pub(super) fn select_protocol(&self) -> Option<Name> {
        let mut votes: Vec<(&Name, u32)> = Vec::new();
        for member in &self.members {
            let Some(choice) = member.protocols.iter().find(|p| self.all_support(&p.name)) else {
                continue;
            };
            match votes.iter_mut().find(|(name, _)| **name == choice.name) {
                Some((_, count)) => *count += 1,
                None => votes.push((&choice.name, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
    }

    /// All members as the leader gets to see them.
    pub(super) fn current_members(&self) -> Vec<JoinGroupResponseMember> {
        let metadata = |member: &Member| {
            let chosen = member.protocols.iter().find(|p| Some(&p.name) == self.protocol.as_ref());
            chosen.map(|p| p.metadata.clone()).unwrap_or_default()
        };
        self.members
            .iter()
            .map(|member| JoinGroupResponseMember {
                member_id: member.id.clone(),
                group_instance_id: member.instance.clone(),
                metadata: metadata(member),
            })
            .collect()
    }

    /// `ClassicGroup#validateMember`.
    pub(super) fn validate_member(
        &self,
        id: &str,
        instance: Option<&Name>,
    ) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            match self.static_member(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(member) if &*member.id != id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.member(id).is_some() { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// `ClassicGroup#validateOffsetCommit`.
    pub(super) fn validate_offset_commit(
        &self,
        id: &str,
        instance: Option<&Name>,
        generation: Option<u32>,
    ) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if generation.is_none() && self.state == GroupState::Empty {
            return Ok(());
        }
        if generation.is_some() || !id.is_empty() || instance.is_some() {
            self.validate_member(id, instance)?;
            if generation != Some(self.generation) {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if self.state != GroupState::Empty {
            return Err(ErrorCode::UnknownMemberId);
        }
        if self.state == GroupState::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    fn in_map_order(&self) -> Vec<&Member> {
        java::hash_order(&self.members, |member| java::string_hash(&member.id))
    }

    /// Takes a member out; a leader is followed by the first of the others.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member> {
        let removed = self
            .members
            .iter()
            .position(|member| &*member.id == id)
            .map(|index| self.members.remove(index));
        if self.is_leader(id) {
            self.leader = self.in_map_order().first().map(|member| member.id.clone());
        }
        self.pending_join.remove(id);
        self.pending_sync.remove(id);
        removed
    }

    /// Makes a joined member the leader if the leader has not joined; false when nobody has.
    pub(super) fn elect_joined_leader(&mut self) -> bool {
        let joined = |member: &&Member| member.awaiting_join.is_some();
        let Some(leader) = self.leader.as_deref() else { return false };
        if self.member(leader).as_ref().is_some_and(joined) {
            return true;
        }
        let Some(successor) = self.in_map_order().into_iter().find(joined) else { return false };
        self.leader = Some(successor.id.clone());
        true
    }

    pub(super) fn schedule(&mut self, key: TimerKey, at: Instant, expiry: Expiry) {
        self.next_timer += 1;
        self.timers.insert(key, Timer { at, sequence: self.next_timer, expiry });
    }

    pub(super) fn cancel(&mut self, key: &TimerKey) {
        self.timers.remove(key);
    }

    pub(super) fn next_timer(&self) -> Option<Instant> {
        self.timers.values().map(|timer| timer.at).min()
    }

    pub(super) fn pop_timer(&mut self, now: Instant) -> Option<(TimerKey, Expiry)> {
        let (key, timer) = self
            .timers
            .iter()
            .filter(|(_, timer)| timer.at <= now)
            .min_by_key(|(_, timer)| (timer.at, timer.sequence))?;
        let due = (key.clone(), timer.expiry);
        self.timers.remove(&due.0);
        Some(due)
    }
}
