//! A broker's configuration, by Kafka's names, with Kafka 4.3's defaults.

use crate::event::Name;
use crate::kafka::group::CoordinatorConfig;
use crate::kafka::log::TopicConfig;
use crate::sim::SortedMap;

/// `server.properties`, and the run's seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerConfig {
    /// The seed of the run: decides the ids that the broker draws.
    pub seed: u64,
    /// What concerns groups.
    pub groups: CoordinatorConfig,
    /// `broker.rack`.
    pub rack: Option<Name>,
    /// What topics have that do not say otherwise.
    pub topic_defaults: TopicConfig,
    /// What of that was set for this broker, by the broker's names: it counts for its replicas
    /// of topics that do not say otherwise.
    pub topic_settings: SortedMap<Name, Name>,
    /// `num.partitions`.
    pub num_partitions: u32,
    /// `default.replication.factor`.
    pub default_replication_factor: u32,
    /// `auto.create.topics.enable`.
    pub auto_create_topics: bool,
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_partitions: u32,
    /// `offsets.topic.replication.factor`.
    pub offsets_topic_replication_factor: u32,
    /// `log.initial.task.delay.ms`: before the first pass of retention.
    pub initial_task_delay_ms: u64,
    /// `log.retention.check.interval.ms`.
    pub retention_check_interval_ms: u64,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_time_max_ms: u64,
    /// `replica.fetch.wait.max.ms`.
    pub replica_fetch_wait_max_ms: u32,
    /// `replica.fetch.min.bytes`.
    pub replica_fetch_min_bytes: u32,
    /// `replica.fetch.max.bytes`, of one partition.
    pub replica_fetch_max_bytes: u32,
    /// `replica.fetch.response.max.bytes`.
    pub replica_fetch_response_max_bytes: u32,
    /// `replica.fetch.backoff.ms`: after an error.
    pub replica_fetch_backoff_ms: u64,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub high_watermark_checkpoint_interval_ms: u64,
    /// `broker.heartbeat.interval.ms`.
    pub broker_heartbeat_interval_ms: u64,
    /// `fetch.max.bytes` of the broker: the most one fetch answers.
    pub fetch_max_bytes: u32,
    /// `producer.id.expiration.ms`.
    pub producer_id_expiration_ms: i64,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            groups: CoordinatorConfig::default(),
            rack: None,
            topic_defaults: TopicConfig::default(),
            topic_settings: SortedMap::new(),
            num_partitions: 1,
            default_replication_factor: 1,
            auto_create_topics: true,
            offsets_topic_partitions: 50,
            offsets_topic_replication_factor: 3,
            initial_task_delay_ms: 30_000,
            retention_check_interval_ms: 300_000,
            replica_lag_time_max_ms: 30_000,
            replica_fetch_wait_max_ms: 500,
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1 << 20,
            replica_fetch_response_max_bytes: 10 << 20,
            replica_fetch_backoff_ms: 1_000,
            high_watermark_checkpoint_interval_ms: 5_000,
            broker_heartbeat_interval_ms: 2_000,
            fetch_max_bytes: 55 << 20,
            producer_id_expiration_ms: 86_400_000,
        }
    }
}

/// The topic's configuration that a broker's gives the default of (`ServerTopicConfigSynonyms`);
/// none for other names.
pub fn topic_synonym(name: &str) -> Option<&'static str> {
    Some(match name {
        "log.segment.bytes" => "segment.bytes",
        "log.roll.ms" => "segment.ms",
        "log.retention.ms" => "retention.ms",
        "log.retention.bytes" => "retention.bytes",
        "log.cleanup.policy" => "cleanup.policy",
        "log.message.timestamp.type" => "message.timestamp.type",
        "log.message.timestamp.before.max.ms" => "message.timestamp.before.max.ms",
        "log.message.timestamp.after.max.ms" => "message.timestamp.after.max.ms",
        "message.max.bytes" => "max.message.bytes",
        "compression.type" => "compression.type",
        "min.insync.replicas" => "min.insync.replicas",
        "unclean.leader.election.enable" => "unclean.leader.election.enable",
        _ => return None,
    })
}
