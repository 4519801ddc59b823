//! A Kafka broker as a state machine: requests and time in, effects out.
//!
//! Knows its own logs and the metadata the controller has published. Must not know who is on the
//! other end of a connection, nor how effects reach them.
//!
//! A broker either is the controller too ([`Broker::single`]) or speaks to one elsewhere
//! ([`Broker::new`]). What it asks of others leaves as [`Output::Send`]; the answer comes back
//! through [`Broker::on_response`], a broken connection through [`Broker::peer_lost`].
//!
//! Simplifications: producer ids come in blocks by broker id instead of from the controller, which
//! saves a request that shows nothing; consumers read from leaders only, as they do unless
//! `replica.selector.class` is set (KIP-392); a crash is one of the process, so logs survive it
//! whole in the page cache. No facts are told of `__consumer_offsets`: its records are Kafka's own, and
//! [`KafkaFact::Committed`] says what they mean.

mod cluster;
mod config;
mod fetch;
mod groups;
mod lifecycle;
mod metadata;
mod offsets;
mod partition;
mod produce;
mod purgatory;
mod replication;

pub use config::{BrokerConfig, topic_synonym};
pub use groups::OFFSETS_TOPIC;
pub use partition::Partition;

use super::controller::{ClusterImage, Controller};
use super::group::Coordinator;
use super::log::TopicConfig;
use super::protocol::{BrokerId, ErrorCode, FetchRequest, Request, Response};
use crate::event::{ConnectionId, KafkaFact, Name, TopicPartition};
use crate::sim::{Instant, SortedMap, SortedSet, Span};
use cluster::Asked;
use lifecycle::Lifecycle;
use produce::AwaitReplicas;
use purgatory::Purgatory;
use std::rc::Rc;

/// What a broker wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Answer a client's request.
    Respond {
        /// On which connection.
        connection: ConnectionId,
        /// Which of its requests.
        correlation: u32,
        /// The answer.
        response: Response,
    },
    /// A request to another broker or the controller, over this broker's own connection.
    Send {
        /// Who shall get it.
        to: BrokerId,
        /// Comes back with the response.
        correlation: u32,
        /// What is asked.
        request: Request,
    },
    /// Close a client's connection.
    Close {
        /// Which one.
        connection: ConnectionId,
    },
    /// Something happened.
    Fact(KafkaFact),
}

/// Tells a fact about a topic, unless the topic is Kafka's own.
pub(super) fn tell(out: &mut Vec<Output>, topic: &str, fact: KafkaFact) {
    if topic != OFFSETS_TOPIC {
        out.push(Output::Fact(fact));
    }
}

/// One broker: a plain value; its clone has the same future.
#[derive(Clone, Debug)]
pub struct Broker {
    id: BrokerId,
    config: BrokerConfig,
    /// The controller, when it is in this process.
    controller: Option<Controller>,
    /// The node of the controller.
    controller_id: BrokerId,
    lifecycle: Lifecycle,
    image: Rc<ClusterImage>,
    partitions: SortedMap<TopicPartition, Partition>,
    /// What is followed, by leader.
    following: SortedMap<BrokerId, SortedSet<TopicPartition>>,
    /// What others were asked and have not answered.
    asked: SortedMap<u32, Asked>,
    next_correlation: u32,
    /// Proposals to the controller that have to be sent again.
    repropose: SortedMap<TopicPartition, Instant>,
    fetches: Purgatory<FetchRequest>,
    produces: Purgatory<AwaitReplicas>,
    commits: Purgatory<groups::AwaitCommit>,
    groups: Coordinator,
    next_producer_id: u64,
    next_retention: Instant,
    /// None while no partition has more than one replica.
    next_isr_scan: Option<Instant>,
    /// None while every high watermark is on disk as it is.
    next_checkpoint: Option<Instant>,
}

impl Broker {
    /// A cluster of one broker that is its own controller, up and running.
    pub fn single(id: BrokerId, config: BrokerConfig) -> Self {
        let mut broker = Self::new(id, id, config, Instant::ZERO);
        broker.embed_controller();
        broker
    }

    /// A broker of the cluster whose controller is on the node `controller`; it registers with
    /// its first [`Self::tick`], which is due at once.
    pub fn new(id: BrokerId, controller: BrokerId, config: BrokerConfig, now: Instant) -> Self {
        let groups = Coordinator::new(config.groups, config.seed, id.0);
        let after = |ms| now + Span::from_millis(ms);
        Self {
            id,
            controller: None,
            controller_id: controller,
            lifecycle: Lifecycle::starting(now, None, 0),
            image: Rc::default(),
            partitions: SortedMap::new(),
            following: SortedMap::new(),
            asked: SortedMap::new(),
            next_correlation: 0,
            repropose: SortedMap::new(),
            fetches: Purgatory::default(),
            produces: Purgatory::default(),
            commits: Purgatory::default(),
            groups,
            next_producer_id: 0,
            next_retention: after(config.initial_task_delay_ms),
            next_isr_scan: None,
            next_checkpoint: None,
            config,
        }
    }

    /// Its `node.id`.
    pub fn id(&self) -> BrokerId {
        self.id
    }

    /// Its configuration.
    pub fn config(&self) -> &BrokerConfig {
        &self.config
    }

    /// The cluster metadata as this broker knows it.
    pub fn image(&self) -> &ClusterImage {
        &self.image
    }

    /// The controller, when it is in this process.
    pub fn controller(&self) -> Option<&Controller> {
        self.controller.as_ref()
    }

    /// Its group coordinator.
    pub fn groups(&self) -> &Coordinator {
        &self.groups
    }

    /// One of its partitions, as leader or follower.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&Partition> {
        self.partitions.get(partition)
    }

    /// Its partitions in order.
    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &Partition)> {
        self.partitions.iter()
    }

    /// Creates a topic with one replica, on a broker that is its own controller; elsewhere
    /// [`ErrorCode::NotController`].
    #[expect(clippy::needless_pass_by_value, reason = "a caller gives the name away")]
    pub fn create_topic(
        &mut self,
        now: Instant,
        name: Name,
        partitions: u32,
        config: TopicConfig,
        out: &mut Vec<Output>,
    ) -> Result<(), ErrorCode> {
        let controller = self.controller.as_mut().ok_or(ErrorCode::NotController)?;
        controller.create_topic(&name, partitions, 1, config, out)?;
        self.adopt_embedded_image(now, out);
        Ok(())
    }

    /// Handles a request that arrived on `connection`; the answer, now or later, carries the
    /// same `correlation`.
    pub fn handle(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        if !self.lifecycle.is_running() {
            // A process that has stopped accepts nothing; one that starts has no listener yet.
            return;
        }
        let response = match request {
            Request::Produce(request) => {
                return self.handle_produce(now, connection, correlation, request, out);
            }
            Request::Fetch(request) => {
                return self.handle_fetch(now, connection, correlation, request, out);
            }
            Request::ListOffsets(request) => self.list_offsets(request).into(),
            Request::OffsetForLeaderEpoch(request) => self.offsets_for_epochs(request).into(),
            Request::DeleteRecords(request) => self.delete_records(request, out).into(),
            Request::Metadata(request) => self.metadata(now, request, out).into(),
            Request::InitProducerId(request) => self.init_producer_id(&request).into(),
            Request::FindCoordinator(request) => self.find_coordinator(now, request, out).into(),
            Request::CreateTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::IncrementalAlterConfigs(_)
            | Request::AlterPartition(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::FetchMetadata(_) => {
                return self.control(now, connection, correlation, request, out);
            }
            Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_) => {
                return self.handle_group(now, connection, correlation, request, out);
            }
        };
        out.push(Output::Respond { connection, correlation, response });
    }

    /// A connection is gone: what waits for it is dropped.
    pub fn disconnected(
        &mut self,
        _now: Instant,
        connection: ConnectionId,
        _out: &mut Vec<Output>,
    ) {
        self.fetches.drop_connection(connection);
        self.produces.drop_connection(connection);
        self.commits.drop_connection(connection);
        if let Some(controller) = &mut self.controller {
            controller.disconnected(connection);
        }
    }

    /// When [`Self::tick`] has something to do.
    pub fn next_tick(&self) -> Option<Instant> {
        if self.lifecycle.has_stopped() {
            return None;
        }
        [
            self.lifecycle.next_communication(),
            self.controller.as_ref().and_then(Controller::next_tick),
            self.fetches.next_deadline(),
            self.produces.next_deadline(),
            self.commits.next_deadline(),
            self.groups.next_tick(),
            self.asked.values().map(Asked::deadline).min(),
            self.repropose.values().copied().min(),
            self.next_resume(),
            Some(self.next_retention),
            self.next_isr_scan,
            self.next_checkpoint,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due by `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.lifecycle.has_stopped() {
            return;
        }
        if let Some(controller) = &mut self.controller {
            controller.tick(now, out);
            self.adopt_embedded_image(now, out);
        }
        self.give_up_waiting_for_others(now, out);
        self.communicate(now, out);
        for id in self.fetches.due(now) {
            self.complete_fetch(id, out);
        }
        for id in self.produces.due(now) {
            self.expire_produce(id, out);
        }
        for id in self.commits.due(now) {
            self.expire_commit(id, out);
        }
        self.groups.tick(now, out);
        let later = |ms: u64| now + Span::from_millis(ms.max(1));
        if self.next_retention <= now {
            self.next_retention = later(self.config.retention_check_interval_ms);
            self.delete_old_segments(now, out);
        }
        if self.next_isr_scan.is_some_and(|at| at <= now) {
            self.next_isr_scan = Some(later(self.config.replica_lag_time_max_ms / 2));
            self.shrink_isrs(now, out);
        }
        if self.next_checkpoint.is_some_and(|at| at <= now) {
            self.next_checkpoint = None;
            self.partitions.values_mut().for_each(Partition::checkpoint);
        }
        self.resend_proposals(now, out);
        self.resume_fetching(now, out);
    }

    fn delete_old_segments(&mut self, now: Instant, out: &mut Vec<Output>) {
        let now_ms = now.as_millis() as i64;
        for (key, partition) in &mut self.partitions {
            let leads = partition.is_leader();
            let log = partition.log_mut();
            log.remove_expired_producers(now_ms, self.config.producer_id_expiration_ms);
            for deleted in log.delete_old_segments(now_ms) {
                if leads {
                    for segment in deleted.segments {
                        let partition = key.clone();
                        let fact = KafkaFact::SegmentDeleted { partition, segment };
                        tell(out, &key.topic, fact);
                    }
                    out.push(Output::Fact(KafkaFact::LogStartMoved {
                        partition: key.clone(),
                        offset: deleted.log_start_offset,
                        reason: deleted.reason.words().into(),
                    }));
                }
            }
        }
    }

    /// A high watermark moved: it is on disk after at most
    /// `replica.high.watermark.checkpoint.interval.ms`.
    fn schedule_checkpoint(&mut self, now: Instant) {
        let interval = Span::from_millis(self.config.high_watermark_checkpoint_interval_ms);
        self.next_checkpoint.get_or_insert(now + interval);
    }

    fn max_lag(&self) -> Span {
        Span::from_millis(self.config.replica_lag_time_max_ms)
    }
}
