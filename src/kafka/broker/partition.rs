//! A replica on this broker: its log and its part in replication (`Partition`, `Replica`).
//!
//! Knows its log and what the controller last said about it. Must not know requests.

use crate::event::TopicPartition;
use crate::kafka::controller::{ClusterImage, PartitionRegistration};
use crate::kafka::log::{Log, TopicConfig};
use crate::kafka::protocol::{
    AlterPartition, AlterPartitionResult, BrokerId, ErrorCode, LeaderIdAndEpoch,
    LeaderRecoveryState, ReplicaState,
};
use crate::sim::{Instant, SortedMap, Span};

/// One replica.
#[derive(Clone, Debug)]
pub struct Partition {
    me: BrokerId,
    log: Log,
    registration: PartitionRegistration,
    /// Whether the controller has said anything since the process started.
    learned: bool,
    leader: Option<Leader>,
    /// What is on disk of the high watermark (`replication-offset-checkpoint`).
    checkpoint: u64,
    /// A follower that met an error fetches again then.
    pub(super) resume_at: Option<Instant>,
}

/// What only a leader keeps.
#[derive(Clone, Debug)]
struct Leader {
    epoch_start_offset: u64,
    followers: SortedMap<BrokerId, Follower>,
    /// The in-sync replicas that were proposed to the controller and not yet settled.
    proposed: Option<Vec<BrokerId>>,
}

/// A follower as its leader sees it (`ReplicaState`).
#[derive(Clone, Copy, Debug, Default)]
struct Follower {
    /// None until its first fetch from this leader.
    end_offset: Option<u64>,
    leader_end_at_last_fetch: u64,
    last_fetch: Option<Instant>,
    last_caught_up: Option<Instant>,
    epoch: Option<u64>,
}

impl Follower {
    /// `Replica#updateFetchStateOrThrow`.
    fn fetched(&mut self, now: Instant, offset: u64, epoch: u64, leader_end: u64) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if self.last_fetch.is_some() && offset >= self.leader_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.end_offset = Some(offset);
        self.leader_end_at_last_fetch = leader_end;
        self.last_fetch = Some(now);
        self.epoch = Some(epoch);
    }

    /// As a leader's new epoch begins; `known` is what it knew of the follower if it led before
    /// (`Replica#resetReplicaState`).
    fn reset(known: Option<Self>, now: Instant, leader_end: u64, in_sync: bool) -> Self {
        let granted = in_sync.then_some(now);
        match known {
            None => Self { last_caught_up: granted, ..Self::default() },
            Some(known) => Self {
                leader_end_at_last_fetch: leader_end,
                last_fetch: granted,
                last_caught_up: granted,
                ..known
            },
        }
    }

    /// `ReplicaState#isCaughtUp`.
    fn is_caught_up(&self, now: Instant, leader_end: u64, max_lag: Span) -> bool {
        self.end_offset == Some(leader_end)
            || self.last_caught_up.is_some_and(|at| now.since(at) <= max_lag)
    }
}

impl Partition {
    /// An empty replica of a new partition.
    pub(super) fn new(me: BrokerId, config: TopicConfig, now: Instant) -> Self {
        Self {
            me,
            log: Log::new(config, 0, now.as_millis() as i64),
            // Before the first word of the controller nobody leads.
            registration: PartitionRegistration::default(),
            learned: false,
            leader: None,
            checkpoint: 0,
            resume_at: None,
        }
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// What the controller has said about it last, as far as this broker knows.
    pub fn registration(&self) -> &PartitionRegistration {
        &self.registration
    }

    /// Whether this broker leads it, as far as it knows.
    pub fn is_leader(&self) -> bool {
        self.leader.is_some()
    }

    /// Whom it fetches from.
    pub(super) fn followed(&self) -> Option<BrokerId> {
        self.registration.leader.filter(|&leader| leader != self.me)
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

    /// Takes over what the controller says, unless it is older than what is known. True when
    /// the leader or its epoch is another one.
    pub(super) fn learn(&mut self, now: Instant, registration: &PartitionRegistration) -> bool {
        let known = &self.registration;
        let new_epoch = !self.learned || registration.leader_epoch > known.leader_epoch;
        if !new_epoch && registration.partition_epoch <= known.partition_epoch {
            return false;
        }
        self.registration = registration.clone();
        self.learned = true;
        if !new_epoch {
            if let Some(leader) = &mut self.leader {
                leader.proposed = None;
            }
            return false;
        }
        self.resume_at = None;
        let before = self.leader.take();
        self.leader = (registration.leader == Some(self.me)).then(|| {
            // `Partition#makeLeader`: a new leader does not know its followers' offsets; those in
            // sync are granted that they are.
            let end = self.log.log_end_offset();
            let state = |&id: &BrokerId| {
                let known = before.as_ref().and_then(|leader| leader.followers.get(&id)).copied();
                (id, Follower::reset(known, now, end, registration.isr.contains(&id)))
            };
            let others = registration.replicas.iter().filter(|&&id| id != self.me);
            self.log.assign_epoch(registration.leader_epoch);
            Leader {
                epoch_start_offset: self.log.log_end_offset(),
                followers: others.map(state).collect(),
                proposed: None,
            }
        });
        true
    }

    /// `min(min.insync.replicas, replication factor)`.
    fn effective_min_isr(&self) -> usize {
        (self.log.config().min_insync_replicas as usize).min(self.registration.replicas.len())
    }

    /// Whether this leader does not know yet how far its log is committed: the high watermark
    /// has not come to the start of its epoch (`Partition#fetchOffsetForTimestamp`).
    pub(super) fn is_watermark_stale(&self) -> bool {
        let start = self.leader.as_ref().map(|leader| leader.epoch_start_offset);
        start.is_some_and(|start| self.log.high_watermark() < start)
    }

    /// Whether fewer are in sync than `min.insync.replicas` asks for.
    pub(super) fn is_under_min_isr(&self) -> bool {
        self.registration.isr.len() < self.effective_min_isr()
    }

    /// The in-sync replicas, those proposed included (`PartitionState#maximalIsr`).
    fn maximal_isr(&self) -> impl Iterator<Item = BrokerId> {
        let proposed = self.leader.iter().filter_map(|leader| leader.proposed.as_ref()).flatten();
        let isr = &self.registration.isr;
        isr.iter().chain(proposed.filter(|id| !isr.contains(id))).copied()
    }

    /// Whether an append up to `offset` is settled for `acks=all`, and how
    /// (`Partition#checkEnoughReplicasReachOffset`).
    pub(super) fn settled(&self, offset: u64) -> Option<ErrorCode> {
        if let Err(error) = self.check_leader(None) {
            return Some(error);
        }
        if self.log.high_watermark() < offset {
            return None;
        }
        let enough = self.maximal_isr().count() >= self.effective_min_isr();
        Some(if enough { ErrorCode::None } else { ErrorCode::NotEnoughReplicasAfterAppend })
    }

    /// Raises the high watermark as far as the in-sync replicas allow
    /// (`Partition#maybeIncrementLeaderHW`). True when it moved.
    pub(super) fn maybe_increment_high_watermark(
        &mut self,
        now: Instant,
        max_lag: Span,
        image: &ClusterImage,
    ) -> bool {
        let Some(leader) = &self.leader else { return false };
        if self.is_under_min_isr() {
            return false;
        }
        let end = self.log.log_end_offset();
        let mut watermark = end;
        for (&id, follower) in &leader.followers {
            // One that will be in sync in a moment is waited for, too.
            let counts = self.maximal_isr().any(|member| member == id)
                || follower.is_caught_up(now, end, max_lag)
                    && is_isr_eligible(image, id, follower.epoch);
            if counts {
                watermark = watermark.min(follower.end_offset.unwrap_or(0));
            }
        }
        watermark > self.log.high_watermark() && self.log.update_high_watermark(watermark)
    }

    /// A follower fetched at `offset`: it has everything before it. `Err` when it is no replica.
    pub(super) fn follower_fetched(
        &mut self,
        now: Instant,
        follower: ReplicaState,
        offset: u64,
    ) -> Result<(), ErrorCode> {
        let end = self.log.log_end_offset();
        let state = self
            .leader
            .as_mut()
            .and_then(|leader| leader.followers.get_mut(&follower.replica_id))
            .ok_or(ErrorCode::NotLeaderOrFollower)?;
        state.fetched(now, offset, follower.replica_epoch, end);
        Ok(())
    }

    /// The in-sync replicas with `follower` among them, when it has caught up and nothing else
    /// is proposed (`Partition#maybeExpandIsr`).
    pub(super) fn expanded_isr(
        &self,
        follower: BrokerId,
        image: &ClusterImage,
    ) -> Option<Vec<BrokerId>> {
        let leader = self.leader.as_ref().filter(|leader| leader.proposed.is_none())?;
        let state = leader.followers.get(&follower)?;
        let end = state.end_offset?;
        let in_sync = end >= self.log.high_watermark() && end >= leader.epoch_start_offset;
        let isr = &self.registration.isr;
        if isr.contains(&follower) || !in_sync || !is_isr_eligible(image, follower, state.epoch) {
            return None;
        }
        Some(isr.iter().copied().chain([follower]).collect())
    }

    /// The in-sync replicas without those that lag, when there are such and nothing else is
    /// proposed (`Partition#maybeShrinkIsr`).
    pub(super) fn shrunk_isr(&self, now: Instant, max_lag: Span) -> Option<Vec<BrokerId>> {
        let leader = self.leader.as_ref().filter(|leader| leader.proposed.is_none())?;
        let end = self.log.log_end_offset();
        let in_sync = |id: &BrokerId| {
            let state = leader.followers.get(id);
            state.is_none_or(|state| state.is_caught_up(now, end, max_lag))
        };
        let isr = &self.registration.isr;
        let rest: Vec<BrokerId> = isr.iter().copied().filter(in_sync).collect();
        (rest.len() < isr.len()).then_some(rest)
    }

    /// Notes a proposal and words it. A leader that proposes says that it has recovered.
    pub(super) fn propose(
        &mut self,
        partition: TopicPartition,
        isr: Vec<BrokerId>,
        image: &ClusterImage,
    ) -> Option<AlterPartition> {
        let leader = self.leader.as_mut()?;
        leader.proposed = Some(isr.clone());
        let epoch = |id| image.brokers.get(&id).map_or(0, |broker| broker.epoch);
        Some(AlterPartition {
            partition,
            leader_epoch: self.registration.leader_epoch,
            new_isr: isr.into_iter().map(|id| (id, epoch(id))).collect(),
            leader_recovery_state: LeaderRecoveryState::Recovered,
            partition_epoch: self.registration.partition_epoch,
        })
    }

    /// The proposal that waits for the controller, if any.
    pub(super) fn proposed(&self) -> Option<&Vec<BrokerId>> {
        self.leader.as_ref()?.proposed.as_ref()
    }

    /// What the controller made of a proposal (`Partition#submitAlterPartition`). True when it
    /// should be sent again.
    pub(super) fn decided(&mut self, result: &AlterPartitionResult) -> bool {
        let Some(leader) = &mut self.leader else { return false };
        if result.leader_epoch != self.registration.leader_epoch
            && result.error_code == ErrorCode::None
        {
            return false;
        }
        match result.error_code {
            ErrorCode::None => {
                if result.partition_epoch >= self.registration.partition_epoch {
                    leader.proposed = None;
                    self.registration.isr.clone_from(&result.isr);
                    self.registration.partition_epoch = result.partition_epoch;
                    self.registration.recovery = result.leader_recovery_state;
                }
                false
            }
            // Refused for good: what was in force stays so.
            ErrorCode::OperationNotAttempted | ErrorCode::IneligibleReplica => {
                leader.proposed = None;
                false
            }
            // The metadata that is under way says what is true now.
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::InvalidRequest
            | ErrorCode::NewLeaderElected => false,
            _ => true,
        }
    }

    /// Writes the high watermark to disk.
    pub(super) fn checkpoint(&mut self) {
        self.checkpoint = self.log.high_watermark();
    }

    /// The process starts again from what is on disk.
    pub(super) fn restart(&mut self) {
        self.learned = false;
        self.leader = None;
        self.resume_at = None;
        self.log.update_high_watermark(self.checkpoint);
    }
}

/// `Partition#isReplicaIsrEligible`: alive, and the incarnation the controller knows.
fn is_isr_eligible(image: &ClusterImage, id: BrokerId, epoch: Option<u64>) -> bool {
    let known = image.brokers.get(&id);
    known.is_some_and(|known| known.is_active() && epoch == Some(known.epoch))
}

/// `ReplicaTest` of Kafka (`core/src/test/scala/unit/kafka/cluster/ReplicaTest.scala`), its cases
/// and its values; its 0 for "never" is none here.
#[cfg(test)]
mod tests {
    use super::*;

    const MAX_LAG: Span = Span::from_secs(30);
    const EPOCH: u64 = 1;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(1_000_000 + ms)
    }

    fn fetched(follower: &mut Follower, now: Instant, offset: u64, leader_end: u64) {
        follower.fetched(now, offset, EPOCH, leader_end);
    }

    /// End offset, when caught up, the leader's end at the last fetch, the last fetch.
    fn state(follower: &Follower) -> (Option<u64>, Option<Instant>, u64, Option<Instant>) {
        let Follower { end_offset, last_caught_up, leader_end_at_last_fetch, last_fetch, .. } =
            *follower;
        (end_offset, last_caught_up, leader_end_at_last_fetch, last_fetch)
    }

    /// `testUpdateFetchState`: who has what the leader had at the fetch before was caught up then,
    /// not now.
    #[test]
    fn a_follower_was_caught_up_when_the_leader_had_no_more() {
        let mut follower = Follower::default();
        fetched(&mut follower, at(0), 5, 10);
        assert_eq!(state(&follower), (Some(5), None, 10, Some(at(0))));
        fetched(&mut follower, at(100), 10, 15);
        assert_eq!(state(&follower), (Some(10), Some(at(0)), 15, Some(at(100))));
        fetched(&mut follower, at(200), 15, 15);
        assert_eq!(state(&follower), (Some(15), Some(at(200)), 15, Some(at(200))));
    }

    /// `testIsCaughtUpWhenReplicaIsCaughtUpToLogEnd` and `...IsNotCaughtUpToLogEnd`.
    #[test]
    fn a_follower_lags_when_it_was_caught_up_too_long_ago() {
        let mut follower = Follower::default();
        assert!(!follower.is_caught_up(at(0), 10, MAX_LAG));
        let mut at_end = follower;
        fetched(&mut at_end, at(0), 10, 10);
        assert!(at_end.is_caught_up(at(0), 10, MAX_LAG));
        assert!(at_end.is_caught_up(at(30_001), 10, MAX_LAG), "it has all there is");
        fetched(&mut follower, at(0), 5, 10);
        assert!(!follower.is_caught_up(at(0), 10, MAX_LAG));
        fetched(&mut follower, at(0), 10, 15);
        assert!(follower.is_caught_up(at(0), 16, MAX_LAG));
        assert!(follower.is_caught_up(at(30_000), 16, MAX_LAG));
        assert!(!follower.is_caught_up(at(30_001), 16, MAX_LAG));
    }

    /// The four `testResetReplicaState...`: a leader that leads on keeps what it knows of the
    /// offsets, a new one knows nothing.
    #[test]
    fn a_new_epoch_grants_those_in_sync_that_they_are() {
        let mut follower = Follower::default();
        fetched(&mut follower, at(0), 10, 10);
        let reset = |known, in_sync| Follower::reset(known, at(5), 11, in_sync);
        for (known, in_sync, expected, epoch) in [
            (Some(follower), true, (Some(10), Some(at(5)), 11, Some(at(5))), Some(EPOCH)),
            (Some(follower), false, (Some(10), None, 11, None), Some(EPOCH)),
            (None, true, (None, Some(at(5)), 0, None), None),
            (None, false, (None, None, 0, None), None),
        ] {
            let after = reset(known, in_sync);
            assert_eq!((state(&after), after.epoch), (expected, epoch));
        }
    }
}
