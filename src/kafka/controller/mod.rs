//! The cluster's control plane: what brokers agree upon (`QuorumController`).
//!
//! Knows brokers, topics and partitions by name and number. Must not know logs or records.
//!
//! Simplifications: the quorum is one controller that does not fail by itself, and brokers are
//! sent whole images of the metadata instead of the records between them; the effect, metadata
//! that arrives later at some brokers than at others, is the same.

mod brokers;
mod config;
mod configs;
mod election;
mod image;
mod java_random;
mod partitions;
mod placement;
mod topics;

pub use config::ControllerConfig;
pub use election::{Election, PartitionChange};
pub use image::{BrokerRegistration, ClusterImage, PartitionRegistration, TopicImage};
pub use java_random::JavaRandom;
pub use placement::{UsableBroker, place};
pub use topics::is_valid_topic_name;

use super::broker::Output;
use super::protocol::{BrokerId, ErrorCode, FetchMetadataRequest, FetchMetadataResponse, Request};
use crate::event::{ConnectionId, KafkaFact};
use crate::sim::{Instant, Purpose, Rng, SortedMap, Span};
use std::rc::Rc;

/// The active controller: a plain value; its clone has the same future.
#[derive(Clone, Debug)]
pub struct Controller {
    config: ControllerConfig,
    /// The broker of the same process, which cannot be lost sight of.
    hosts: Option<BrokerId>,
    image: Rc<ClusterImage>,
    random: JavaRandom,
    /// When each broker was last heard of.
    sessions: SortedMap<BrokerId, Instant>,
    /// The metadata offset that was published last.
    published: u64,
    waiting: Vec<WaitingForMetadata>,
    next_fence_check: Option<Instant>,
    next_balance: Instant,
}

/// A broker's fetch of metadata that it has already.
#[derive(Clone, Debug)]
struct WaitingForMetadata {
    connection: ConnectionId,
    correlation: u32,
    deadline: Instant,
}

impl Controller {
    /// A controller of an empty cluster, on the node `id`.
    pub fn new(id: BrokerId, config: ControllerConfig) -> Self {
        let mut seeds = Rng::new(config.seed, Purpose::Placement, 0);
        let seed = u64::from(seeds.bits()) << 32 | u64::from(seeds.bits());
        let image = ClusterImage { controller: Some(id), ..ClusterImage::default() };
        let next_balance = Instant::from_millis(config.leader_imbalance_check_interval_ms);
        Self {
            config,
            hosts: None,
            image: Rc::new(image),
            random: JavaRandom::new(seed),
            sessions: SortedMap::new(),
            published: 0,
            waiting: Vec::new(),
            next_fence_check: None,
            next_balance,
        }
    }

    /// The same with a broker in its process.
    #[must_use]
    pub(super) fn hosting(self, broker: BrokerId) -> Self {
        Self { hosts: Some(broker), ..self }
    }

    /// The metadata as it is now.
    pub fn image(&self) -> &Rc<ClusterImage> {
        &self.image
    }

    /// Its configuration.
    pub fn config(&self) -> &ControllerConfig {
        &self.config
    }

    /// Handles a broker's or an administrator's request; others are not its business and get no
    /// answer.
    pub fn handle(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let response = match request {
            Request::BrokerRegistration(request) => self.register(now, &request, out).into(),
            Request::BrokerHeartbeat(request) => self.heartbeat(now, &request, out).into(),
            Request::AlterPartition(request) => self.alter_partitions(request, out).into(),
            Request::CreateTopics(request) => self.create_topics(request, out).into(),
            Request::CreatePartitions(request) => self.create_partitions(request, out).into(),
            Request::ElectLeaders(request) => self.elect_leaders(&request, out).into(),
            Request::IncrementalAlterConfigs(request) => self.alter_configs(request, out).into(),
            Request::FetchMetadata(request) => {
                return self.fetch_metadata(now, connection, correlation, &request, out);
            }
            _ => return,
        };
        out.push(Output::Respond { connection, correlation, response });
        self.publish(out);
    }

    /// The process starts again from its metadata log: every broker's session begins anew.
    pub fn restart(&mut self, now: Instant) {
        self.waiting.clear();
        self.sessions.values_mut().for_each(|last_contact| *last_contact = now);
        let interval = self.config.leader_imbalance_check_interval_ms;
        self.next_balance = now + Span::from_millis(interval);
    }

    /// A connection is gone: what waits for it is dropped.
    pub fn disconnected(&mut self, connection: ConnectionId) {
        self.waiting.retain(|waiting| waiting.connection != connection);
    }

    /// When [`Self::tick`] has something to do.
    pub fn next_tick(&self) -> Option<Instant> {
        let fetches = self.waiting.iter().map(|waiting| waiting.deadline).min();
        [fetches, self.next_fence_check, Some(self.next_balance)].into_iter().flatten().min()
    }

    /// Does what is due by `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.next_fence_check.is_some_and(|at| at <= now) {
            self.fence_stale_brokers(now, out);
        }
        if self.next_balance <= now {
            let interval = self.config.leader_imbalance_check_interval_ms;
            self.next_balance = now + Span::from_millis(interval);
            self.balance_leaders(out);
        }
        self.publish(out);
        let (due, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|w| w.deadline <= now);
        self.waiting = waiting;
        for WaitingForMetadata { connection, correlation, .. } in due {
            let response = FetchMetadataResponse::default().into();
            out.push(Output::Respond { connection, correlation, response });
        }
    }

    fn fetch_metadata(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: &FetchMetadataRequest,
        out: &mut Vec<Output>,
    ) {
        let deadline = now + Span::from_millis(u64::from(request.max_wait_ms));
        self.waiting.push(WaitingForMetadata { connection, correlation, deadline });
        if request.metadata_offset < self.image.offset {
            self.publish_to(out, |waiting| {
                waiting.correlation == correlation && waiting.connection == connection
            });
        }
    }

    /// Sends the image to those who wait, when it is news: whoever waits has all before it.
    fn publish(&mut self, out: &mut Vec<Output>) {
        if self.published < self.image.offset {
            self.published = self.image.offset;
            self.publish_to(out, |_| true);
        }
    }

    fn publish_to(&mut self, out: &mut Vec<Output>, who: impl Fn(&WaitingForMetadata) -> bool) {
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|w| who(w));
        self.waiting = waiting;
        for WaitingForMetadata { connection, correlation, .. } in due {
            let error_code = ErrorCode::None;
            let image = Some(self.image.clone());
            let response = FetchMetadataResponse { error_code, image }.into();
            out.push(Output::Respond { connection, correlation, response });
        }
    }

    /// The image, to be changed; the change is one more record of the metadata log.
    fn change(&mut self) -> &mut ClusterImage {
        let image = Rc::make_mut(&mut self.image);
        image.offset += 1;
        image
    }

    fn fact(out: &mut Vec<Output>, fact: KafkaFact) {
        out.push(Output::Fact(fact));
    }
}
