//! Configurations as texts, by the real systems' names: the other way round than `options`.

use crate::kafka::assignor::Assignor;
use crate::kafka::broker::BrokerConfig;
use crate::kafka::consumer::{AutoOffsetReset, ConsumerConfig};
use crate::kafka::log::TopicConfig;
use crate::kafka::producer::{Partitioner, ProducerConfig};
use crate::kafka::protocol::Acks;
use crate::kafka::record::{Compression, TimestampType};
use crate::sim::Span;

/// A name and its value.
pub(super) type Value = (&'static str, String);

fn compression(of: Compression) -> &'static str {
    match of {
        Compression::None => "none",
        Compression::Gzip => "gzip",
        Compression::Snappy => "snappy",
        Compression::Lz4 => "lz4",
        Compression::Zstd => "zstd",
    }
}

fn ms(span: Span) -> String {
    span.as_millis().to_string()
}

fn limit(of: Option<u64>) -> String {
    of.map_or_else(|| "-1".to_owned(), |n| n.to_string())
}

/// A topic's configuration (`kafka-configs.sh --describe --all`).
pub(super) fn topic(config: &TopicConfig) -> Vec<Value> {
    let policy = match (config.cleanup_policy.delete, config.cleanup_policy.compact) {
        (true, true) => "compact,delete",
        (true, false) => "delete",
        (false, true) => "compact",
        (false, false) => "",
    };
    let how = match config.compression {
        None => "producer",
        Some(Compression::None) => "uncompressed",
        Some(of) => compression(of),
    };
    let stamp = match config.timestamp_type {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    vec![
        ("cleanup.policy", policy.into()),
        ("compression.type", how.into()),
        ("max.message.bytes", config.max_message_bytes.to_string()),
        ("message.timestamp.after.max.ms", config.timestamp_after_max_ms.to_string()),
        ("message.timestamp.before.max.ms", config.timestamp_before_max_ms.to_string()),
        ("message.timestamp.type", stamp.into()),
        ("min.insync.replicas", config.min_insync_replicas.to_string()),
        ("retention.bytes", limit(config.retention_bytes)),
        ("retention.ms", limit(config.retention_ms)),
        ("segment.bytes", config.segment_bytes.to_string()),
        ("segment.ms", config.segment_ms.to_string()),
        ("unclean.leader.election.enable", config.unclean_leader_election.to_string()),
    ]
}

/// What a broker was started with, without what its topics take from it.
pub(super) fn broker(config: &BrokerConfig) -> Vec<Value> {
    let groups = &config.groups;
    vec![
        ("auto.create.topics.enable", config.auto_create_topics.to_string()),
        ("broker.heartbeat.interval.ms", config.broker_heartbeat_interval_ms.to_string()),
        ("broker.rack", config.rack.as_deref().unwrap_or("null").to_owned()),
        ("default.replication.factor", config.default_replication_factor.to_string()),
        ("fetch.max.bytes", config.fetch_max_bytes.to_string()),
        ("group.initial.rebalance.delay.ms", ms(groups.initial_rebalance_delay)),
        ("group.max.session.timeout.ms", ms(groups.max_session_timeout)),
        ("group.max.size", groups.max_size.to_string()),
        ("group.min.session.timeout.ms", ms(groups.min_session_timeout)),
        ("log.initial.task.delay.ms", config.initial_task_delay_ms.to_string()),
        ("log.retention.check.interval.ms", config.retention_check_interval_ms.to_string()),
        ("num.partitions", config.num_partitions.to_string()),
        ("offsets.retention.check.interval.ms", ms(groups.offsets_retention_check_interval)),
        ("offsets.retention.minutes", (groups.offsets_retention.as_millis() / 60_000).to_string()),
        ("offsets.topic.num.partitions", config.offsets_topic_partitions.to_string()),
        ("offsets.topic.replication.factor", config.offsets_topic_replication_factor.to_string()),
        ("producer.id.expiration.ms", config.producer_id_expiration_ms.to_string()),
        ("replica.fetch.backoff.ms", config.replica_fetch_backoff_ms.to_string()),
        ("replica.fetch.max.bytes", config.replica_fetch_max_bytes.to_string()),
        ("replica.fetch.min.bytes", config.replica_fetch_min_bytes.to_string()),
        ("replica.fetch.response.max.bytes", config.replica_fetch_response_max_bytes.to_string()),
        ("replica.fetch.wait.max.ms", config.replica_fetch_wait_max_ms.to_string()),
        (
            "replica.high.watermark.checkpoint.interval.ms",
            config.high_watermark_checkpoint_interval_ms.to_string(),
        ),
        ("replica.lag.time.max.ms", config.replica_lag_time_max_ms.to_string()),
    ]
}

/// What a producer works with.
pub(super) fn producer(config: &ProducerConfig) -> Vec<Value> {
    let acks = match config.acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    };
    let class = match config.partitioner {
        Partitioner::BuiltIn => "null",
        Partitioner::RoundRobin => "RoundRobinPartitioner",
        Partitioner::ConsistentRandom => "consistent_random",
        Partitioner::Murmur2Random => "murmur2_random",
    };
    vec![
        ("acks", acks.into()),
        ("batch.size", config.batch_size.to_string()),
        ("buffer.memory", config.buffer_memory.to_string()),
        ("client.id", config.client_id.to_string()),
        ("compression.type", compression(config.compression).into()),
        ("delivery.timeout.ms", ms(config.delivery_timeout)),
        ("enable.idempotence", config.enable_idempotence.to_string()),
        ("linger.ms", ms(config.linger)),
        ("max.block.ms", ms(config.max_block)),
        ("max.in.flight.requests.per.connection", config.max_in_flight.to_string()),
        ("max.request.size", config.max_request_size.to_string()),
        ("metadata.max.age.ms", ms(config.metadata_max_age)),
        ("partitioner.adaptive.partitioning.enable", config.partitioner_adaptive.to_string()),
        ("partitioner.class", class.into()),
        ("partitioner.ignore.keys", config.partitioner_ignore_keys.to_string()),
        ("reconnect.backoff.max.ms", ms(config.reconnect_backoff_max)),
        ("reconnect.backoff.ms", ms(config.reconnect_backoff)),
        ("request.timeout.ms", ms(config.request_timeout)),
        ("retries", config.retries.to_string()),
        ("retry.backoff.max.ms", ms(config.retry_backoff_max)),
        ("retry.backoff.ms", ms(config.retry_backoff)),
    ]
}

/// What a consumer works with.
pub(super) fn consumer(config: &ConsumerConfig) -> Vec<Value> {
    let reset = match config.auto_offset_reset {
        AutoOffsetReset::Earliest => "earliest".into(),
        AutoOffsetReset::Latest => "latest".into(),
        AutoOffsetReset::None => "none".into(),
        AutoOffsetReset::ByDuration(span) => format!("by_duration:PT{}S", span.as_millis() / 1_000),
    };
    let strategy: Vec<&str> = config.assignors.iter().copied().map(Assignor::name).collect();
    let name = |of: &Option<crate::event::Name>| of.as_deref().unwrap_or("null").to_owned();
    vec![
        ("auto.commit.interval.ms", ms(config.auto_commit_interval)),
        ("auto.offset.reset", reset),
        ("client.id", config.client_id.to_string()),
        ("enable.auto.commit", config.enable_auto_commit.to_string()),
        ("fetch.max.bytes", config.fetch_max_bytes.to_string()),
        ("fetch.max.wait.ms", ms(config.fetch_max_wait)),
        ("fetch.min.bytes", config.fetch_min_bytes.to_string()),
        ("group.id", name(&config.group_id)),
        ("group.instance.id", name(&config.group_instance_id)),
        ("heartbeat.interval.ms", ms(config.heartbeat_interval)),
        ("max.partition.fetch.bytes", config.max_partition_fetch_bytes.to_string()),
        ("max.poll.interval.ms", ms(config.max_poll_interval)),
        ("max.poll.records", config.max_poll_records.to_string()),
        ("metadata.max.age.ms", ms(config.metadata_max_age)),
        ("partition.assignment.strategy", strategy.join(",")),
        ("reconnect.backoff.max.ms", ms(config.reconnect_backoff_max)),
        ("reconnect.backoff.ms", ms(config.reconnect_backoff)),
        ("request.timeout.ms", ms(config.request_timeout)),
        ("retry.backoff.max.ms", ms(config.retry_backoff_max)),
        ("retry.backoff.ms", ms(config.retry_backoff)),
        ("session.timeout.ms", ms(config.session_timeout)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::options;
    use super::*;
    use crate::event::Settings;

    /// What a configuration prints, it takes again: names and forms are one language.
    #[test]
    fn what_is_printed_can_be_set() {
        // What Kafka prints as null was not set.
        let given = |values: Vec<Value>| -> Settings {
            let set = values.into_iter().filter(|(_, value)| value != "null");
            set.map(|(name, value)| (name.into(), value.into())).collect()
        };
        let mut printed = TopicConfig::default();
        for (name, value) in topic(&TopicConfig::default()) {
            printed.set(name, &value).expect(name);
        }
        assert_eq!(printed, TopicConfig::default());
        let broker_config = BrokerConfig { rack: Some("a".into()), ..BrokerConfig::default() };
        let again = options::broker(&given(broker(&broker_config))).expect("a broker's");
        assert_eq!(again, broker_config);
        let config = ProducerConfig { acks: Acks::Leader, ..ProducerConfig::default() };
        assert_eq!(options::producer(&given(producer(&config))).expect("a producer's"), config);
        let group: crate::event::Name = "g".into();
        let config = ConsumerConfig { group_instance_id: Some(group), ..ConsumerConfig::default() };
        let mut settings = given(consumer(&config));
        // The lab names clients itself.
        settings.remove("client.id");
        assert_eq!(options::consumer(&settings).expect("a consumer's"), config);
    }
}
