//! A producer's settings, by Kafka's names (`org.apache.kafka.clients.producer.ProducerConfig`).

use crate::event::Name;
use crate::kafka::protocol::Acks;
use crate::kafka::record::Compression;
use crate::sim::Span;

/// How records without an explicit partition find theirs (`partitioner.class`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partitioner {
    /// Kafka's default (none set): murmur2 of the key; keyless records stick to one partition
    /// until `batch.size` bytes went there.
    #[default]
    BuiltIn,
    /// `RoundRobinPartitioner`: keys are ignored, available partitions take turns.
    RoundRobin,
    /// librdkafka's default `consistent_random`: CRC-32 of the key, a random partition for an
    /// empty or missing one.
    ConsistentRandom,
    /// librdkafka's `murmur2_random`: Java's hash, a random partition for a missing key.
    Murmur2Random,
}

/// The settings; `Default` gives Kafka 4.3's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerConfig {
    /// `client.id`.
    pub client_id: Name,
    /// `acks`, all.
    pub acks: Acks,
    /// `enable.idempotence`, true. Off whenever `acks` is not all or `retries` is 0, as Kafka
    /// does where it is not set by hand.
    pub enable_idempotence: bool,
    /// `linger.ms`, 5.
    pub linger: Span,
    /// `batch.size` in bytes, 16384; 0 counts as 1.
    pub batch_size: u32,
    /// `buffer.memory` in bytes, 33554432.
    pub buffer_memory: u64,
    /// `max.block.ms`, 60 s: how long a record may wait for metadata or memory.
    pub max_block: Span,
    /// `max.in.flight.requests.per.connection`, 5; at most 5 with idempotence.
    pub max_in_flight: u32,
    /// `retries`, 2147483647.
    pub retries: u32,
    /// `delivery.timeout.ms`, 120 s; raised to linger + request time-out where it is less.
    pub delivery_timeout: Span,
    /// `request.timeout.ms`, 30 s.
    pub request_timeout: Span,
    /// `retry.backoff.ms`, 100.
    pub retry_backoff: Span,
    /// `retry.backoff.max.ms`, 1000.
    pub retry_backoff_max: Span,
    /// `reconnect.backoff.ms`, 50.
    pub reconnect_backoff: Span,
    /// `reconnect.backoff.max.ms`, 1000.
    pub reconnect_backoff_max: Span,
    /// `max.request.size` in bytes, 1048576.
    pub max_request_size: u32,
    /// `compression.type`, none.
    pub compression: Compression,
    /// `metadata.max.age.ms`, 300 s.
    pub metadata_max_age: Span,
    /// `partitioner.class`.
    pub partitioner: Partitioner,
    /// `partitioner.ignore.keys`, false.
    pub partitioner_ignore_keys: bool,
    /// `partitioner.adaptive.partitioning.enable`, true.
    pub partitioner_adaptive: bool,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            client_id: "producer-1".into(),
            acks: Acks::All,
            enable_idempotence: true,
            linger: Span::from_millis(5),
            batch_size: 16_384,
            buffer_memory: 33_554_432,
            max_block: Span::from_secs(60),
            max_in_flight: 5,
            retries: i32::MAX as u32,
            delivery_timeout: Span::from_secs(120),
            request_timeout: Span::from_secs(30),
            retry_backoff: Span::from_millis(100),
            retry_backoff_max: Span::from_secs(1),
            reconnect_backoff: Span::from_millis(50),
            reconnect_backoff_max: Span::from_secs(1),
            max_request_size: 1_048_576,
            compression: Compression::None,
            metadata_max_age: Span::from_secs(300),
            partitioner: Partitioner::BuiltIn,
            partitioner_ignore_keys: false,
            partitioner_adaptive: true,
        }
    }
}

impl ProducerConfig {
    /// The settings as the producer works with them: contradictions resolved as Kafka resolves
    /// what was not set by hand.
    pub(super) fn effective(mut self) -> Self {
        self.batch_size = self.batch_size.max(1);
        self.max_in_flight = self.max_in_flight.max(1);
        self.delivery_timeout = self.delivery_timeout.max(self.linger + self.request_timeout);
        if self.acks != Acks::All || self.retries == 0 {
            self.enable_idempotence = false;
        }
        if self.enable_idempotence {
            self.max_in_flight = self.max_in_flight.min(5);
        }
        self
    }
}
