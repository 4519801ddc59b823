//! Moving a group's committed offsets by hand: `kafka-consumer-groups.sh --reset-offsets`
//! (`org.apache.kafka.tools.OffsetsUtils`). The group must be empty; its coordinator refuses
//! otherwise ([`ErrorCode::UnknownMemberId`]), as it refuses every commit from outside.

use crate::event::{Name, TopicPartition};
use crate::kafka::client::{ClientOutput, Network, Timing};
use crate::kafka::protocol::{
    BrokerId, ErrorCode, FindCoordinatorRequest, IsolationLevel, ListOffsetsPartition,
    ListOffsetsRequest, ListOffsetsResponse, OffsetCommitPartition, OffsetCommitRequest,
    OffsetFetchRequest, OffsetSpec, Response,
};
use crate::sim::{Instant, SortedMap, Span};

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetTo {
    /// `--to-earliest`.
    Earliest,
    /// `--to-latest`.
    Latest,
    /// `--to-current`: where it is; the end where nothing was committed.
    Current,
    /// `--to-offset`, kept within what the log has.
    Offset(u64),
    /// `--shift-by`, kept within what the log has.
    ShiftBy(i64),
    /// `--to-datetime`, in ms: the first record from then on; the end where there is none.
    Time(i64),
    /// `--by-duration`: so long before now.
    ByDuration(Span),
}

/// What the tool knows of one partition.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    earliest: Option<u64>,
    latest: Option<u64>,
    /// By time.
    timed: Answer,
    /// The committed offset.
    committed: Answer,
}

/// An answer that may be "there is none".
#[derive(Clone, Copy, Debug, Default)]
enum Answer {
    #[default]
    Open,
    Told(Option<u64>),
}

impl Answer {
    fn offset(self) -> Option<u64> {
        match self {
            Self::Open => None,
            Self::Told(offset) => offset,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Earliest,
    Latest,
    Time,
}

#[derive(Clone, Debug)]
enum Asked {
    Coordinator,
    Committed,
    Offsets(Question),
    Commit,
}

/// One run of the tool.
#[derive(Clone, Debug)]
pub struct OffsetReset {
    group: Name,
    to: ResetTo,
    network: Network<Asked>,
    known: SortedMap<TopicPartition, Known>,
    coordinator: Option<BrokerId>,
    not_before: Instant,
    retry_backoff: Span,
    last_run: Option<Instant>,
    outcome: Option<Result<Vec<(TopicPartition, u64)>, ErrorCode>>,
}

impl OffsetReset {
    /// Will move `group` in these partitions.
    pub fn new(
        group: Name,
        partitions: Vec<TopicPartition>,
        to: ResetTo,
        bootstrap: Vec<BrokerId>,
        seed: u64,
    ) -> Self {
        let retry_backoff = Span::from_millis(100);
        let timing = Timing {
            request_timeout: Span::from_secs(30),
            reconnect_backoff: Span::from_millis(50),
            reconnect_backoff_max: Span::from_secs(1),
            retry_backoff,
            metadata_max_age: Span::from_secs(300),
        };
        let mut network = Network::new(timing, bootstrap, seed);
        for partition in &partitions {
            network.metadata.want(&partition.topic);
        }
        Self {
            group,
            to,
            network,
            known: partitions.into_iter().map(|p| (p, Known::default())).collect(),
            coordinator: None,
            not_before: Instant::ZERO,
            retry_backoff,
            last_run: None,
            outcome: None,
        }
    }

    /// The new committed offsets, or why there are none; none while it runs.
    pub fn outcome(&self) -> Option<&Result<Vec<(TopicPartition, u64)>, ErrorCode>> {
        self.outcome.as_ref()
    }

    /// A connection that was asked for stands.
    pub fn connected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        self.network.connected(broker);
        self.run(now, out);
    }

    /// A connection is gone, or could not be opened.
    pub fn disconnected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        self.lost(now, broker);
        self.run(now, out);
    }

    fn lost(&mut self, now: Instant, broker: BrokerId) {
        if self.coordinator == Some(broker) {
            self.coordinator = None;
        }
        // What was asked for stays open, and is asked again.
        self.network.disconnected(now, broker);
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
                self.coordinator = response.coordinators.first().and_then(|found| found.node_id);
                self.not_before = now + self.retry_backoff;
            }
            (Some(Asked::Committed), Response::OffsetFetch(response)) => {
                if response.error_code != ErrorCode::None {
                    self.again(now, response.error_code);
                }
                for entry in response.partitions {
                    if let Some(known) = self.known.get_mut(&entry.partition) {
                        known.committed = Answer::Told(entry.committed_offset);
                    }
                }
            }
            (Some(Asked::Offsets(question)), Response::ListOffsets(response)) => {
                self.found(now, question, &response);
            }
            (Some(Asked::Commit), Response::OffsetCommit(response)) => {
                let errors = response.partitions.iter().map(|(_, error)| *error);
                match errors.into_iter().find(|error| *error != ErrorCode::None) {
                    None => self.outcome = Some(self.targets()),
                    Some(error) => self.again(now, error),
                }
            }
            // An answer to what nobody waits for any more.
            _ => {}
        }
        self.run(now, out);
    }

    /// Retriable errors are tried again, others end the run.
    fn again(&mut self, now: Instant, error: ErrorCode) {
        if !error.is_retriable() {
            self.outcome = Some(Err(error));
            return;
        }
        self.coordinator = None;
        self.not_before = now + self.retry_backoff;
    }

    fn found(&mut self, now: Instant, question: Question, response: &ListOffsetsResponse) {
        for answer in &response.partitions {
            let Some(known) = self.known.get_mut(&answer.partition) else { continue };
            match (answer.error_code, question) {
                (ErrorCode::None, Question::Earliest) => known.earliest = answer.offset,
                (ErrorCode::None, Question::Latest) => known.latest = answer.offset,
                (ErrorCode::None, Question::Time) => known.timed = Answer::Told(answer.offset),
                (error, _) => {
                    self.network.metadata.request_update();
                    self.again(now, error);
                }
            }
        }
    }

    /// When it wants to be called next.
    pub fn next_tick(&self) -> Option<Instant> {
        let Some(last) = self.last_run else { return Some(Instant::ZERO) };
        if self.outcome.is_some() {
            return None;
        }
        let due = [self.network.next_due(last), Some(self.not_before)];
        due.into_iter().flatten().filter(|at| *at > last).min()
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.run(now, out);
    }

    fn run(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.last_run = Some(now);
        for broker in self.network.overdue(now) {
            self.lost(now, broker);
        }
        let busy = self.network.is_busy();
        if self.outcome.is_some() || busy || now < self.not_before {
            return;
        }
        if self.network.ask_metadata(now, out) {
            return;
        }
        let Some(broker) = self.network.broker_to_ask(now, out) else { return };
        let Some(coordinator) = self.coordinator else {
            let request = FindCoordinatorRequest { coordinator_keys: vec![self.group.clone()] };
            self.network.send(now, broker, request, Asked::Coordinator, out);
            return;
        };
        if self.ask_offsets(now, out) || !self.network.ready(now, coordinator, out) {
            return;
        }
        if self.known.values().any(|known| matches!(known.committed, Answer::Open)) {
            let request = OffsetFetchRequest {
                group_id: self.group.clone(),
                partitions: Some(self.known.keys().cloned().collect()),
                require_stable: true,
            };
            self.network.send(now, coordinator, request, Asked::Committed, out);
            return;
        }
        self.commit(now, coordinator, out);
    }

    /// Asks one leader one question; true while something is missing.
    fn ask_offsets(&mut self, now: Instant, out: &mut Vec<ClientOutput>) -> bool {
        let time = match self.to {
            ResetTo::Time(timestamp) => Some(timestamp),
            ResetTo::ByDuration(span) => Some((now - span).as_millis() as i64),
            _ => None,
        };
        let missing = |known: &Known| match known {
            Known { earliest: None, .. } => Some((Question::Earliest, OffsetSpec::Earliest)),
            Known { latest: None, .. } => Some((Question::Latest, OffsetSpec::Latest)),
            Known { timed: Answer::Open, .. } => {
                time.map(|at| (Question::Time, OffsetSpec::At(at)))
            }
            _ => None,
        };
        let next = self.known.iter().find_map(|(partition, known)| {
            missing(known).map(|question| (partition.clone(), question))
        });
        let Some((partition, (question, timestamp))) = next else { return false };
        let leader = self.network.metadata.leader(&partition);
        let Some((leader, broker)) = leader.and_then(|l| l.broker.map(|broker| (l, broker))) else {
            self.network.metadata.request_update();
            return true;
        };
        if self.network.ready(now, broker, out) {
            let current_leader_epoch = Some(leader.epoch);
            let request = ListOffsetsRequest {
                replica_id: None,
                isolation_level: IsolationLevel::ReadUncommitted,
                partitions: vec![ListOffsetsPartition {
                    partition,
                    current_leader_epoch,
                    timestamp,
                }],
            };
            self.network.send(now, broker, request, Asked::Offsets(question), out);
        }
        true
    }

    fn targets(&self) -> Result<Vec<(TopicPartition, u64)>, ErrorCode> {
        self.known
            .iter()
            .map(|(partition, known)| Ok((partition.clone(), self.target(known)?)))
            .collect()
    }

    fn target(&self, known: &Known) -> Result<u64, ErrorCode> {
        let (Some(earliest), Some(latest)) = (known.earliest, known.latest) else {
            return Err(ErrorCode::LeaderNotAvailable);
        };
        // `checkOffsetsRange`.
        let within = |offset: u64| offset.clamp(earliest, latest.max(earliest));
        let committed = known.committed.offset();
        Ok(match self.to {
            ResetTo::Earliest => earliest,
            ResetTo::Latest => latest,
            ResetTo::Current => committed.unwrap_or(latest),
            ResetTo::Offset(offset) => within(offset),
            ResetTo::ShiftBy(shift) => {
                let current = committed.ok_or(ErrorCode::OffsetNotAvailable)?;
                within(current.saturating_add_signed(shift))
            }
            ResetTo::Time(_) | ResetTo::ByDuration(_) => known.timed.offset().unwrap_or(latest),
        })
    }

    fn commit(&mut self, now: Instant, coordinator: BrokerId, out: &mut Vec<ClientOutput>) {
        let targets = match self.targets() {
            Ok(targets) => targets,
            Err(error) => {
                self.outcome = Some(Err(error));
                return;
            }
        };
        let partitions = targets
            .into_iter()
            .map(|(partition, committed_offset)| OffsetCommitPartition {
                partition,
                committed_offset,
                committed_leader_epoch: None,
                committed_metadata: None,
            })
            .collect();
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id: None,
            member_id: "".into(),
            group_instance_id: None,
            partitions,
        };
        self.network.send(now, coordinator, request, Asked::Commit, out);
    }
}
