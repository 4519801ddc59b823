//! The consumer itself: what an application and the network call.

use super::config::ConsumerConfig;
use super::fetch::Buffer;
use super::membership::Membership;
use super::positions::{Owned, Positions, Stand, Target};
use super::validation::Doubted;
use super::{AutoOffsetReset, commit};
use crate::event::{KafkaFact, Name, TopicPartition};
use crate::kafka::client::{ClientOutput, Network, Timing};
use crate::kafka::protocol::{BrokerId, ErrorCode, Response};
use crate::kafka::record::Record;
use crate::sim::Instant;
use std::collections::VecDeque;

/// A record as `poll` returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// Where it lies.
    pub partition: TopicPartition,
    /// At which offset.
    pub offset: u64,
    /// The leader epoch of its batch.
    pub leader_epoch: Option<u32>,
    /// What it is.
    pub record: Record,
}

/// What became of a commit that the application asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitResult {
    /// The offsets it named.
    pub offsets: Vec<(TopicPartition, u64)>,
    /// Why it failed; [`ErrorCode::None`] when the coordinator has them.
    pub error: ErrorCode,
}

/// What `poll` would throw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerError {
    /// No committed offset and `auto.offset.reset=none` (`NoOffsetForPartitionException`).
    NoOffsetForPartition(TopicPartition),
    /// The position is out of range and `auto.offset.reset=none` (`OffsetOutOfRangeException`).
    OffsetOutOfRange(TopicPartition, u64),
    /// The records before the position are not in the new leader's log and
    /// `auto.offset.reset=none` (`LogTruncationException`): the position, and the first offset
    /// known to differ where the leader can tell.
    LogTruncation(TopicPartition, u64, Option<u64>),
    /// The group does not take this consumer: fenced, or without a common assignor.
    Group(ErrorCode),
}

impl ConsumerError {
    fn partition(&self) -> Option<&TopicPartition> {
        match self {
            Self::NoOffsetForPartition(partition)
            | Self::OffsetOutOfRange(partition, _)
            | Self::LogTruncation(partition, ..) => Some(partition),
            Self::Group(_) => None,
        }
    }

    /// Kafka's name of the exception; of the error code where that has one for each.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoOffsetForPartition(_) => "NoOffsetForPartitionException",
            Self::OffsetOutOfRange(..) => "OffsetOutOfRangeException",
            Self::LogTruncation(..) => "LogTruncationException",
            Self::Group(error) => error.name(),
        }
    }

    fn reason(&self) -> Name {
        match self {
            Self::NoOffsetForPartition(partition) => {
                format!("no offset is committed in {partition}, and auto.offset.reset is none")
            }
            Self::OffsetOutOfRange(partition, offset) => {
                format!("{partition} has no offset {offset}, and auto.offset.reset is none")
            }
            Self::LogTruncation(partition, offset, _) => format!(
                "what it read of {partition} before {offset} is not in the log any more, and \
                 auto.offset.reset is none"
            ),
            Self::Group(_) => "the group does not take it".to_owned(),
        }
        .into()
    }
}

/// What a request under way is for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Coordinator,
    Join,
    Sync,
    Heartbeat,
    Leave,
    CommittedOffsets,
    Offsets,
    Epochs(Vec<Doubted>),
    Commit { offsets: Vec<(TopicPartition, u64)>, origin: commit::Origin },
    Fetch(Vec<(TopicPartition, u64)>),
}

/// A consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) config: ConsumerConfig,
    pub(super) network: Network<Asked>,
    pub(super) membership: Membership,
    pub(super) positions: Positions,
    pub(super) buffer: Buffer,
    pub(super) next_auto_commit: Instant,
    pub(super) commit_results: VecDeque<CommitResult>,
    /// What `poll` throws, the first one first.
    errors: VecDeque<ConsumerError>,
    /// The application waits inside `poll`.
    pub(super) in_poll: bool,
    pub(super) closed: bool,
    pub(super) last_run: Option<Instant>,
    /// Not before: the next request for committed offsets.
    pub(super) offsets_not_before: Instant,
}

impl Consumer {
    /// A consumer that will find the cluster through `bootstrap`. `seed` decides its back-off
    /// jitter.
    pub fn new(config: ConsumerConfig, bootstrap: Vec<BrokerId>, seed: u64) -> Self {
        let timing = Timing {
            request_timeout: config.request_timeout,
            reconnect_backoff: config.reconnect_backoff,
            reconnect_backoff_max: config.reconnect_backoff_max,
            retry_backoff: config.retry_backoff,
            metadata_max_age: config.metadata_max_age,
        };
        let mut network = Network::new(timing, bootstrap, seed);
        for topic in config.topics.iter().chain(config.partitions.iter().map(|p| &p.topic)) {
            network.metadata.want(topic);
        }
        let mut consumer = Self {
            network,
            membership: Membership::default(),
            positions: Positions::new(),
            buffer: Buffer::default(),
            next_auto_commit: Instant::ZERO + config.auto_commit_interval,
            commit_results: VecDeque::new(),
            errors: VecDeque::new(),
            in_poll: false,
            closed: false,
            last_run: None,
            offsets_not_before: Instant::ZERO,
            config,
        };
        if consumer.config.topics.is_empty() {
            let fresh = Owned::new(consumer.first_stand());
            let by_hand = consumer.config.partitions.iter().cloned();
            consumer.positions = by_hand.map(|partition| (partition, fresh)).collect();
        }
        consumer
    }

    /// The application's `poll()`: coordinator work including auto-commit, then up to
    /// `max.poll.records` buffered records, then the next fetches. Empty when nothing is
    /// buffered: the application goes on waiting inside `poll` then.
    pub fn poll(&mut self, now: Instant, out: &mut Vec<ClientOutput>) -> Vec<ConsumerRecord> {
        if self.closed {
            return Vec::new();
        }
        self.in_poll = true;
        self.run(now, out);
        let records = self.collect();
        self.send_fetches(now, out);
        self.in_poll = records.is_empty();
        if !records.is_empty() {
            out.push(ClientOutput::Fact(KafkaFact::PollReturned {
                records: records.len() as u32,
                until: now + self.config.max_poll_interval,
            }));
        }
        records
    }

    /// Whether `poll` would return something.
    pub fn has_records(&self) -> bool {
        self.buffer.has_records(&self.positions)
    }

    /// Whether it holds fetched records that `poll` has not returned, of paused partitions too.
    pub fn has_buffered(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Whether it may fetch this partition again only when it is told so; false for one that it
    /// does not own.
    pub fn is_paused(&self, partition: &TopicPartition) -> bool {
        self.positions.get(partition).is_some_and(|owned| owned.paused)
    }

    /// Whether it is closed and nothing of it is under way any more.
    pub fn has_ended(&self) -> bool {
        self.closed && !self.network.is_busy()
    }

    /// Whether a commit of its own is under way.
    pub fn is_busy(&self) -> bool {
        self.network.in_flight().any(|asked| matches!(asked, Asked::Commit { .. }))
    }

    /// What `poll` would throw; it is told once.
    pub fn take_error(&mut self) -> Option<ConsumerError> {
        self.errors.pop_front()
    }

    /// `poll` throws: the application has it back and will call again.
    pub(super) fn throw(&mut self, error: ConsumerError, out: &mut Vec<ClientOutput>) {
        self.in_poll = false;
        if self.errors.contains(&error) {
            return;
        }
        out.push(ClientOutput::Fact(KafkaFact::PollFailed {
            group: self.group(),
            partition: error.partition().cloned(),
            error: error.name().into(),
            reason: error.reason(),
        }));
        self.errors.push_back(error);
    }

    /// A finished commit that the application asked for, the oldest first.
    pub fn take_commit_result(&mut self) -> Option<CommitResult> {
        self.commit_results.pop_front()
    }

    /// What it owns now.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.positions.keys()
    }

    /// The offset of the next record it will return; none while it is being found.
    pub fn position(&self, partition: &TopicPartition) -> Option<u64> {
        self.positions.get(partition)?.offset()
    }

    /// Records between its position and the high watermark it last heard of.
    pub fn lag(&self, partition: &TopicPartition) -> Option<u64> {
        let owned = self.positions.get(partition)?;
        Some(owned.high_watermark?.saturating_sub(owned.offset()?))
    }

    /// Its member id; empty before the coordinator gave one.
    pub fn member_id(&self) -> &Name {
        &self.membership.member_id
    }

    /// The generation it is in.
    pub fn generation(&self) -> Option<u32> {
        self.membership.generation
    }

    /// The settings.
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// Sets the position of an owned partition; takes effect with the next fetch.
    pub fn seek(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        offset: u64,
        out: &mut Vec<ClientOutput>,
    ) {
        if self.set_position(partition, offset, None, "seek", out) {
            self.run(now, out);
        }
    }

    /// Goes back to a record that the application does not want yet, for its own `reason`.
    pub fn seek_back(
        &mut self,
        partition: &TopicPartition,
        offset: u64,
        reason: &str,
        out: &mut Vec<ClientOutput>,
    ) {
        self.set_position(partition, offset, None, reason, out);
    }

    /// Lets go of the position: it is found anew at the log start or the end, lazily
    /// (`seekToBeginning`, `seekToEnd`).
    pub fn seek_to(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        policy: AutoOffsetReset,
        out: &mut Vec<ClientOutput>,
    ) {
        self.seek_target(now, partition, Target::Policy(policy), out);
    }

    /// Sets the position to the first record with at least this timestamp, in ms
    /// (`offsetsForTimes`, then `seek`); to the end where there is none.
    pub fn seek_to_time(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        timestamp: i64,
        out: &mut Vec<ClientOutput>,
    ) {
        self.seek_target(now, partition, Target::Time(timestamp), out);
    }

    fn seek_target(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        target: Target,
        out: &mut Vec<ClientOutput>,
    ) {
        if let Some(owned) = self.positions.get_mut(partition) {
            owned.stand = Stand::NeedsReset { target, not_before: now };
            self.buffer.forget(partition);
            self.run(now, out);
        }
    }

    /// Stops returning records of these partitions; they stay owned, heartbeats go on.
    pub fn pause(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, true);
    }

    /// Goes on with them.
    pub fn resume(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, false);
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        for partition in partitions {
            if let Some(owned) = self.positions.get_mut(partition) {
                owned.paused = paused;
            }
        }
    }

    /// Commits (auto-commit only) and leaves the group; a static member stays in it until its
    /// session ends.
    pub fn close(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.in_poll = false;
        if self.config.enable_auto_commit {
            self.commit_positions(now, out);
        }
        if self.config.group_instance_id.is_none() {
            self.leave(now, "the consumer is being closed", out);
        }
        self.give_up_partitions(out);
    }

    pub(super) fn set_position(
        &mut self,
        partition: &TopicPartition,
        offset: u64,
        leader_epoch: Option<u32>,
        reason: &str,
        out: &mut Vec<ClientOutput>,
    ) -> bool {
        let Some(owned) = self.positions.get_mut(partition) else { return false };
        owned.stand = Stand::At { offset, leader_epoch };
        // What has an epoch was not found just now: it is validated before it is used.
        owned.leader = self.network.metadata.leader(partition).filter(|_| leader_epoch.is_none());
        self.buffer.forget(partition);
        self.errors.retain(|error| error.partition() != Some(partition));
        out.push(ClientOutput::Fact(KafkaFact::PositionSet {
            group: self.group(),
            partition: partition.clone(),
            offset,
            reason: reason.into(),
        }));
        true
    }

    /// A connection that was asked for stands.
    pub fn connected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        self.network.connected(broker);
        self.run(now, out);
    }

    /// A connection is gone, or could not be opened. Positions stay.
    pub fn disconnected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        self.lost(now, broker, out);
        self.run(now, out);
    }

    fn lost(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        if self.membership.coordinator == Some(broker) {
            self.membership.coordinator = None;
        }
        for asked in self.network.disconnected(now, broker) {
            match asked {
                Asked::Coordinator => self.membership.wait(now, self.config.retry_backoff),
                // `AbstractCoordinator#initiateJoinGroup`: a failed join leaves it unjoined.
                Asked::Join | Asked::Sync => self.membership.interrupted(),
                Asked::Commit { offsets, origin } => {
                    self.commit_failed(now, offsets, origin, ErrorCode::NetworkException, out);
                }
                Asked::Epochs(doubted) => self.epochs_unanswered(now, &doubted),
                Asked::CommittedOffsets
                | Asked::Offsets
                | Asked::Heartbeat
                | Asked::Leave
                | Asked::Fetch(_) => {}
            }
        }
    }

    /// A broker answered.
    pub fn on_response(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: u32,
        response: Response,
        out: &mut Vec<ClientOutput>,
    ) {
        match (self.network.answered(now, broker, correlation, &response), response) {
            (Some(Asked::Coordinator), Response::FindCoordinator(response)) => {
                self.found_coordinator(now, &response);
            }
            (Some(Asked::Join), Response::JoinGroup(response)) => self.joined(now, response, out),
            (Some(Asked::Sync), Response::SyncGroup(response)) => self.synced(now, response, out),
            (Some(Asked::Heartbeat), Response::Heartbeat(response)) => {
                self.heartbeat_answered(now, response.error_code, out);
            }
            (Some(Asked::CommittedOffsets), Response::OffsetFetch(response)) => {
                self.found_committed(now, &response, out);
            }
            (Some(Asked::Offsets), Response::ListOffsets(response)) => {
                self.found_offsets(now, &response, out);
            }
            (Some(Asked::Epochs(doubted)), Response::OffsetForLeaderEpoch(response)) => {
                self.found_epochs(now, &doubted, &response, out);
            }
            (Some(Asked::Commit { offsets, origin }), Response::OffsetCommit(response)) => {
                self.commit_answered(now, offsets, origin, &response, out);
            }
            (Some(Asked::Fetch(asked)), Response::Fetch(response)) => {
                self.fetched(now, &asked, response, out);
            }
            // An answer to what nobody waits for any more.
            _ => {}
        }
        self.run(now, out);
    }

    /// When it wants to be called next.
    pub fn next_tick(&self) -> Option<Instant> {
        let Some(last) = self.last_run else { return Some(Instant::ZERO) };
        if self.closed {
            return None;
        }
        let in_poll = self.in_poll.then(|| self.next_in_poll(last)).flatten();
        self.next_heartbeat()
            .into_iter()
            .chain(in_poll)
            .chain(self.network.next_due(last))
            .filter(|at| *at > last)
            .min()
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.run(now, out);
    }

    /// Everything that can be done now: in the background always, for the group only inside
    /// `poll`.
    pub(super) fn run(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.last_run = Some(now);
        if self.closed {
            return;
        }
        for broker in self.network.overdue(now) {
            self.lost(now, broker, out);
        }
        self.network.ask_metadata(now, out);
        if self.in_poll {
            self.membership.last_poll = now;
            self.coordinate(now, out);
            self.find_positions(now, out);
            // `ClassicKafkaConsumer#pollForFetches`: what is there is returned first, and only
            // then the next fetch goes out, for all partitions that were emptied by this.
            if !self.has_records() {
                self.send_fetches(now, out);
            }
        }
        self.keep_alive(now, out);
    }

    fn next_in_poll(&self, last: Instant) -> Option<Instant> {
        let auto = (self.config.enable_auto_commit && self.config.group_id.is_some())
            .then_some(self.next_auto_commit);
        let resets = self.positions.values().filter_map(|owned| match owned.stand {
            Stand::NeedsReset { not_before, .. } | Stand::Doubted { not_before, .. } => {
                Some(not_before)
            }
            Stand::NeedsCommitted => Some(self.offsets_not_before),
            Stand::At { .. } => None,
        });
        resets.chain(auto).chain([self.membership.not_before]).filter(|at| *at > last).min()
    }
}
