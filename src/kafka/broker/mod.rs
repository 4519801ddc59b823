//! A Kafka broker as a state machine: requests and time in, effects out.
//!
//! Knows its own logs and the metadata the controller has published. Must not know who is on the
//! other end of a connection, nor how effects reach them.

mod config;
mod fetch;
mod metadata;
mod offsets;
mod partition;
mod produce;
mod purgatory;

pub use config::BrokerConfig;
pub use partition::Partition;

use super::controller::ClusterImage;
use super::group::Coordinator;
use super::log::TopicConfig;
use super::protocol::{BrokerId, ErrorCode, FetchRequest, Request, Response};
use crate::event::{ConnectionId, KafkaFact, Name, TopicPartition};
use crate::sim::{Instant, Span};
use produce::AwaitReplicas;
use purgatory::Purgatory;
use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// Something happened.
    Fact(KafkaFact),
}

/// One broker: a plain value; its clone has the same future.
#[derive(Clone, Debug)]
pub struct Broker {
    id: BrokerId,
    config: BrokerConfig,
    image: Arc<ClusterImage>,
    partitions: BTreeMap<TopicPartition, Partition>,
    fetches: Purgatory<FetchRequest>,
    produces: Purgatory<AwaitReplicas>,
    groups: Coordinator,
    next_producer_id: u64,
    next_retention: Instant,
}

impl Broker {
    /// A cluster of one broker that is its own controller.
    pub fn single(id: BrokerId, config: BrokerConfig) -> Self {
        let next_retention = Instant::from_millis(config.initial_task_delay_ms);
        let groups = Coordinator::new(config.groups, config.seed, id.0);
        Self {
            id,
            config,
            image: Arc::new(metadata::single_image(id)),
            partitions: BTreeMap::new(),
            fetches: Purgatory::default(),
            produces: Purgatory::default(),
            groups,
            next_producer_id: 0,
            next_retention,
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

    /// One of its partitions, as leader or follower.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&Partition> {
        self.partitions.get(partition)
    }

    /// Its partitions in order.
    pub fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &Partition)> {
        self.partitions.iter()
    }

    /// Creates a topic whose only replicas are here (a cluster of one broker).
    pub fn create_topic(
        &mut self,
        now: Instant,
        name: Name,
        partitions: u32,
        config: TopicConfig,
        out: &mut Vec<Output>,
    ) -> Result<(), ErrorCode> {
        let key = name.clone();
        let image = metadata::with_topic(&self.image, name, partitions, config, self.id)?;
        out.push(Output::Fact(KafkaFact::TopicCreated {
            topic: key.clone(),
            partitions,
            replication_factor: 1,
        }));
        self.image = Arc::new(image);
        let Some(topic) = self.image.topics.get(&key) else { return Ok(()) };
        for (registration, partition) in topic.partitions.iter().zip(0..) {
            let replica = Partition::new(self.id, registration, topic.config.clone(), now);
            self.partitions.insert(TopicPartition { topic: key.clone(), partition }, replica);
        }
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
            Request::FindCoordinator(request) => self.find_coordinator(request).into(),
            other => return self.groups.handle(now, connection, correlation, other, out),
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
    }

    /// When [`Self::tick`] has something to do.
    pub fn next_tick(&self) -> Option<Instant> {
        let requests = [self.fetches.next_deadline(), self.produces.next_deadline()];
        let timers = [self.groups.next_tick(), Some(self.next_retention)];
        requests.into_iter().chain(timers).flatten().min()
    }

    /// Does what is due by `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        for id in self.fetches.due(now) {
            self.complete_fetch(id, out);
        }
        for id in self.produces.due(now) {
            self.expire_produce(id, out);
        }
        self.groups.tick(now, out);
        if self.next_retention <= now {
            self.next_retention = now + Span::from_millis(self.config.retention_check_interval_ms);
            self.delete_old_segments(now, out);
        }
    }

    fn delete_old_segments(&mut self, now: Instant, out: &mut Vec<Output>) {
        for (key, partition) in &mut self.partitions {
            for deleted in partition.log_mut().delete_old_segments(now.as_millis() as i64) {
                out.push(Output::Fact(KafkaFact::LogStartMoved {
                    partition: key.clone(),
                    offset: deleted.log_start_offset,
                    reason: deleted.reason.words().into(),
                }));
            }
        }
    }
}
