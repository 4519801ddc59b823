//! A consumer's settings, by Kafka's names (`org.apache.kafka.clients.consumer.ConsumerConfig`).

use crate::event::{Name, TopicPartition};
use crate::kafka::assignor::{Assignor, RebalanceProtocol};
use crate::kafka::protocol::IsolationLevel;
use crate::sim::Span;

/// Where to begin without a committed offset, or when the position is out of range
/// (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoOffsetReset {
    /// The log start offset.
    Earliest,
    /// The end: only what comes from now on.
    #[default]
    Latest,
    /// The first record not older than this (`by_duration:...`, KIP-1106).
    ByDuration(Span),
    /// Nowhere: the application gets the error.
    None,
}

/// The settings; `Default` gives Kafka 4.3's with `group.protocol=classic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// `client.id`.
    pub client_id: Name,
    /// `group.id`; none for a consumer without a group, which cannot commit.
    pub group_id: Option<Name>,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
    /// Topics to subscribe to; the group's leader decides on partitions.
    pub topics: Vec<Name>,
    /// Partitions assigned by hand; counts where `topics` is empty.
    pub partitions: Vec<TopicPartition>,
    /// `partition.assignment.strategy`, range then cooperative-sticky.
    pub assignors: Vec<Assignor>,
    /// `enable.auto.commit`, true.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`, 5 s.
    pub auto_commit_interval: Span,
    /// `auto.offset.reset`, latest.
    pub auto_offset_reset: AutoOffsetReset,
    /// `max.poll.records`, 500.
    pub max_poll_records: u32,
    /// `max.poll.interval.ms`, 300 s.
    pub max_poll_interval: Span,
    /// `session.timeout.ms`, 45 s.
    pub session_timeout: Span,
    /// `heartbeat.interval.ms`, 3 s.
    pub heartbeat_interval: Span,
    /// `fetch.min.bytes`, 1.
    pub fetch_min_bytes: u32,
    /// `fetch.max.wait.ms`, 500.
    pub fetch_max_wait: Span,
    /// `fetch.max.bytes`, 52428800.
    pub fetch_max_bytes: u32,
    /// `max.partition.fetch.bytes`, 1048576.
    pub max_partition_fetch_bytes: u32,
    /// `isolation.level`, read_uncommitted.
    pub isolation_level: IsolationLevel,
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
    /// `metadata.max.age.ms`, 300 s.
    pub metadata_max_age: Span,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            client_id: "consumer-1".into(),
            group_id: None,
            group_instance_id: None,
            topics: Vec::new(),
            partitions: Vec::new(),
            assignors: vec![Assignor::Range, Assignor::CooperativeSticky],
            enable_auto_commit: true,
            auto_commit_interval: Span::from_secs(5),
            auto_offset_reset: AutoOffsetReset::Latest,
            max_poll_records: 500,
            max_poll_interval: Span::from_secs(300),
            session_timeout: Span::from_secs(45),
            heartbeat_interval: Span::from_secs(3),
            fetch_min_bytes: 1,
            fetch_max_wait: Span::from_millis(500),
            fetch_max_bytes: 52_428_800,
            max_partition_fetch_bytes: 1_048_576,
            isolation_level: IsolationLevel::ReadUncommitted,
            request_timeout: Span::from_secs(30),
            retry_backoff: Span::from_millis(100),
            retry_backoff_max: Span::from_secs(1),
            reconnect_backoff: Span::from_millis(50),
            reconnect_backoff_max: Span::from_secs(1),
            metadata_max_age: Span::from_secs(300),
        }
    }
}

impl ConsumerConfig {
    /// The most advanced protocol that all its assignors support: the default list is eager
    /// because of range.
    pub fn rebalance_protocol(&self) -> RebalanceProtocol {
        let cooperative =
            |assignor: &Assignor| assignor.supports() == RebalanceProtocol::Cooperative;
        if !self.assignors.is_empty() && self.assignors.iter().all(cooperative) {
            RebalanceProtocol::Cooperative
        } else {
            RebalanceProtocol::Eager
        }
    }
}
