//! What this broker asks of others, and the metadata it is given.

use super::{Broker, Output, Partition, tell, topic_synonym};
use crate::event::{ConnectionId, KafkaFact, TopicPartition};
use crate::kafka::controller::{ClusterImage, TopicImage};
use crate::kafka::log::TopicConfig;
use crate::kafka::protocol::{
    AlterPartitionRequest, AlterPartitionResponse, BrokerId, CreatePartitionsResponse,
    CreateTopicsResponse, ElectLeadersResponse, ErrorCode, FetchMetadataRequest,
    FetchMetadataResponse, Request, Response,
};
use crate::sim::{Instant, Span};
use std::borrow::Cow;
use std::rc::Rc;

/// The connection that stands for this process speaking to its own controller.
const LOOPBACK: ConnectionId = ConnectionId(u32::MAX);
/// How long the controller keeps a fetch of metadata, in ms.
const METADATA_MAX_WAIT_MS: u32 = 500;
/// Before metadata is asked for again after a failure, in ms.
const METADATA_BACKOFF_MS: u64 = 1_000;
/// Before a proposal is sent again, in ms (`AlterPartitionManager`).
const PROPOSAL_BACKOFF_MS: u64 = 50;

/// A question to another broker or the controller.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Registration,
    Heartbeat,
    Metadata,
    /// Nothing is asked until the deadline: a pause before [`Self::Metadata`] again.
    MetadataPause,
    Proposal(TopicPartition),
    CreateTopic,
    /// What was fetched, with the leader epoch it was asked under.
    ReplicaFetch(Vec<(TopicPartition, u32)>),
    /// The leader's bounds, asked under this leader epoch.
    LeaderBounds(TopicPartition, u32),
}

impl Question {
    fn time_out(&self) -> Span {
        Span::from_millis(match self {
            // Half the broker session time-out.
            Self::Registration | Self::Heartbeat => 4_500,
            Self::Metadata => 2_000,
            Self::MetadataPause => METADATA_BACKOFF_MS,
            // `replica.socket.timeout.ms`, `controller.socket.timeout.ms`.
            Self::Proposal(_)
            | Self::CreateTopic
            | Self::ReplicaFetch(_)
            | Self::LeaderBounds(..) => 30_000,
        })
    }
}

/// A question that waits for its answer.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) to: BrokerId,
    pub(super) question: Question,
    deadline: Instant,
}

impl Asked {
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl Broker {
    /// Sends a question over the wire.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        to: BrokerId,
        question: Question,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let correlation = self.note(now, to, question);
        out.push(Output::Send { to, correlation, request });
    }

    fn note(&mut self, now: Instant, to: BrokerId, question: Question) -> u32 {
        let correlation = self.next_correlation;
        self.next_correlation = self.next_correlation.wrapping_add(1);
        let deadline = now + question.time_out();
        self.asked.insert(correlation, Asked { to, question, deadline });
        correlation
    }

    /// Asks the controller, wherever it is.
    pub(super) fn ask_controller(
        &mut self,
        now: Instant,
        question: Question,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let Some(controller) = &mut self.controller else {
            return self.ask(now, self.controller_id, question, request, out);
        };
        let mut effects = Vec::new();
        controller.handle(now, LOOPBACK, 0, request, &mut effects);
        self.adopt_embedded_image(now, out);
        for effect in effects {
            match effect {
                Output::Respond { connection: LOOPBACK, response, .. } => {
                    self.answered(now, question.clone(), response, out);
                }
                effect => out.push(effect),
            }
        }
    }

    /// A request that only a controller serves.
    pub(super) fn control(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let error_code = ErrorCode::NotController;
        let response: Response = match (&mut self.controller, request) {
            (Some(controller), request) => {
                controller.handle(now, connection, correlation, request, out);
                return self.adopt_embedded_image(now, out);
            }
            (None, Request::CreateTopics(request)) => CreateTopicsResponse {
                topics: request.topics.into_iter().map(|t| (t.name, error_code, None)).collect(),
            }
            .into(),
            (None, Request::CreatePartitions(request)) => CreatePartitionsResponse {
                topics: request.topics.into_iter().map(|(t, _)| (t, error_code)).collect(),
            }
            .into(),
            (None, Request::ElectLeaders(request)) => ElectLeadersResponse {
                partitions: request
                    .partitions
                    .into_iter()
                    .flatten()
                    .map(|partition| (partition, error_code))
                    .collect(),
            }
            .into(),
            (None, Request::AlterPartition(_)) => {
                AlterPartitionResponse { error_code, partitions: Vec::new() }.into()
            }
            // Brokers know who the controller is; these can only be misdirected.
            (None, _) => return,
        };
        out.push(Output::Respond { connection, correlation, response });
    }

    /// An answer to what this broker has sent. Late and unknown ones are dropped.
    pub fn on_response(
        &mut self,
        now: Instant,
        from: BrokerId,
        correlation: u32,
        response: Response,
        out: &mut Vec<Output>,
    ) {
        if self.asked.get(&correlation).is_none_or(|asked| asked.to != from) {
            return;
        }
        if let Some(asked) = self.asked.remove(&correlation) {
            self.answered(now, asked.question, response, out);
        }
    }

    fn answered(
        &mut self,
        now: Instant,
        question: Question,
        response: Response,
        out: &mut Vec<Output>,
    ) {
        match (question, response) {
            (Question::Registration, Response::BrokerRegistration(response)) => {
                self.registered(now, &response, out);
            }
            (Question::Heartbeat, Response::BrokerHeartbeat(response)) => {
                self.heartbeat_answered(now, &response);
            }
            (Question::Metadata, Response::FetchMetadata(response)) => {
                self.metadata_arrived(now, response, out);
            }
            (Question::Proposal(key), Response::AlterPartition(response)) => {
                self.proposal_answered(now, key, &response, out);
            }
            (Question::ReplicaFetch(wanted), Response::Fetch(response)) => {
                self.replica_fetched(now, &wanted, response, out);
            }
            (Question::LeaderBounds(key, epoch), Response::ListOffsets(response)) => {
                self.leader_bounds_arrived(now, &key, epoch, &response, out);
            }
            (Question::CreateTopic | Question::MetadataPause, _) => {}
            // An answer of another kind is no answer.
            (question, _) => self.unanswered(now, question, out),
        }
    }

    /// The connection to another broker or the controller broke, or could not be made: what was
    /// asked of it is not answered.
    pub fn peer_lost(&mut self, now: Instant, peer: BrokerId, out: &mut Vec<Output>) {
        self.forget(|asked| asked.to == peer, now, out);
    }

    /// Gives up on answers that took too long.
    pub(super) fn give_up_waiting_for_others(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.forget(|asked| asked.deadline <= now, now, out);
    }

    fn forget(&mut self, which: impl Fn(&Asked) -> bool, now: Instant, out: &mut Vec<Output>) {
        let gone: Vec<u32> =
            self.asked.iter().filter(|(_, asked)| which(asked)).map(|(&id, _)| id).collect();
        for id in gone {
            if let Some(asked) = self.asked.remove(&id) {
                self.unanswered(now, asked.question, out);
            }
        }
    }

    fn unanswered(&mut self, now: Instant, question: Question, out: &mut Vec<Output>) {
        match question {
            Question::Registration | Question::Heartbeat => self.controller_silent(now, &question),
            Question::Metadata => {
                self.note(now, self.id, Question::MetadataPause);
            }
            Question::MetadataPause => self.fetch_metadata(now, out),
            Question::Proposal(key) => self.schedule_proposal(now, key),
            Question::CreateTopic => {}
            Question::ReplicaFetch(wanted) => {
                for (key, _) in wanted {
                    self.pause_fetching(now, &key);
                }
            }
            Question::LeaderBounds(key, _) => self.pause_fetching(now, &key),
        }
    }

    /// Asks the controller for metadata newer than what is known.
    pub(super) fn fetch_metadata(&mut self, now: Instant, out: &mut Vec<Output>) {
        let request = FetchMetadataRequest {
            broker_id: self.id,
            metadata_offset: self.image.offset,
            max_wait_ms: METADATA_MAX_WAIT_MS,
        };
        self.ask(now, self.controller_id, Question::Metadata, request.into(), out);
    }

    fn metadata_arrived(
        &mut self,
        now: Instant,
        response: FetchMetadataResponse,
        out: &mut Vec<Output>,
    ) {
        if let Some(image) = response.image {
            self.adopt(now, &image, out);
        }
        self.fetch_metadata(now, out);
        self.caught_up(now, out);
    }

    pub(super) fn adopt_embedded_image(&mut self, now: Instant, out: &mut Vec<Output>) {
        let image = self.controller.as_ref().map(|controller| controller.image().clone());
        if let Some(image) = image {
            self.adopt(now, &image, out);
        }
    }

    /// Takes over newer metadata (`BrokerMetadataPublisher`, `ReplicaManager#applyDelta`).
    /// Metadata from before its own registration is not for it.
    fn adopt(&mut self, now: Instant, image: &Rc<ClusterImage>, out: &mut Vec<Output>) {
        if image.offset <= self.image.offset
            || self.lifecycle.epoch().is_none_or(|epoch| image.offset < epoch)
        {
            return;
        }
        self.image = image.clone();
        let mut changed = Vec::new();
        for (name, topic) in &image.topics {
            let config = self.effective(topic);
            for (registration, index) in topic.partitions.iter().zip(0..) {
                if !registration.replicas.contains(&self.id) {
                    continue;
                }
                let key = TopicPartition { topic: name.clone(), partition: index };
                let me = self.id;
                let partition = self
                    .partitions
                    .entry(key.clone())
                    .or_insert_with(|| Partition::new(me, config.clone().into_owned(), now));
                if partition.log().config() != &*config {
                    partition.log_mut().set_config(config.clone().into_owned());
                }
                let before = partition.registration().partition_epoch;
                let role_changed = partition.learn(now, registration);
                if role_changed || partition.registration().partition_epoch != before {
                    changed.push((key, role_changed));
                }
            }
        }
        for (key, role_changed) in changed {
            if role_changed {
                self.repropose.remove(&key);
                self.follow(&key);
                self.tell_lead(&key, out);
                self.coordinate(now, &key, out);
            }
            self.advance(now, &key, out);
        }
        let replicated = self.partitions.values().any(|p| p.registration().replicas.len() > 1);
        if replicated && self.next_isr_scan.is_none() {
            let period = Span::from_millis(self.config.replica_lag_time_max_ms / 2);
            self.next_isr_scan = Some(now + period);
        }
        self.resume_fetching(now, out);
    }

    /// Tells what the log of a new leader is; the first leader of a partition has nothing to tell.
    fn tell_lead(&self, key: &TopicPartition, out: &mut Vec<Output>) {
        let Some(partition) = self.partitions.get(key).filter(|p| p.is_leader()) else { return };
        let leader_epoch = partition.registration().leader_epoch;
        let log = partition.log();
        if leader_epoch > 0 {
            let fact = KafkaFact::LeadTaken {
                partition: key.clone(),
                leader_epoch,
                start: log.log_start_offset(),
                high_watermark: log.high_watermark(),
                end: log.log_end_offset(),
            };
            tell(out, &key.topic, fact);
        }
    }

    /// A topic's configuration on this broker: its own settings take the place of defaults.
    fn effective<'t>(&self, topic: &'t TopicImage) -> Cow<'t, TopicConfig> {
        let changed = self.image.broker_configs.get(&self.id);
        let own = self.config.topic_settings.iter().chain(changed.into_iter().flatten());
        let mut config = Cow::Borrowed(&topic.config);
        for (name, value) in own {
            if let Some(synonym) = topic_synonym(name).filter(|s| !topic.overrides.contains_key(*s))
            {
                // What cannot be set was refused when it was given.
                drop(config.to_mut().set(synonym, value));
            }
        }
        config
    }

    /// Proposes other in-sync replicas to the controller.
    pub(super) fn propose(
        &mut self,
        now: Instant,
        key: &TopicPartition,
        isr: Vec<BrokerId>,
        out: &mut Vec<Output>,
    ) {
        let Some(broker_epoch) = self.lifecycle.epoch() else { return };
        let image = self.image.clone();
        let Some(partition) = self.partitions.get_mut(key) else { return };
        let Some(proposal) = partition.propose(key.clone(), isr, &image) else { return };
        let request =
            AlterPartitionRequest { broker_id: self.id, broker_epoch, partitions: vec![proposal] };
        self.ask_controller(now, Question::Proposal(key.clone()), request.into(), out);
    }

    fn schedule_proposal(&mut self, now: Instant, key: TopicPartition) {
        self.repropose.insert(key, now + Span::from_millis(PROPOSAL_BACKOFF_MS));
    }

    pub(super) fn resend_proposals(&mut self, now: Instant, out: &mut Vec<Output>) {
        let due: Vec<TopicPartition> =
            self.repropose.iter().filter(|(_, at)| **at <= now).map(|(k, _)| k.clone()).collect();
        for key in due {
            self.repropose.remove(&key);
            let proposed = self.partitions.get(&key).and_then(Partition::proposed).cloned();
            if let Some(isr) = proposed {
                self.propose(now, &key, isr, out);
            }
        }
    }

    fn proposal_answered(
        &mut self,
        now: Instant,
        key: TopicPartition,
        response: &AlterPartitionResponse,
        out: &mut Vec<Output>,
    ) {
        let result = response.partitions.first();
        let again = match (response.error_code, result) {
            (ErrorCode::None, Some(result)) => {
                self.partitions.get_mut(&key).is_some_and(|partition| partition.decided(result))
            }
            // A broker whose epoch is stale registers anew; the proposal is void then.
            (ErrorCode::StaleBrokerEpoch, _) => false,
            _ => true,
        };
        if again {
            self.schedule_proposal(now, key);
        } else {
            self.advance(now, &key, out);
        }
    }
}
