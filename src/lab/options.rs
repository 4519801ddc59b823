//! Settings by the real systems' names, read into the engines' configurations.
//!
//! A name that is not modelled, or a value that the real system would not take, is refused with
//! the place and what would be right; nothing is passed over in silence.

use crate::event::{Refusal, Settings};
use crate::kafka::assignor::Assignor;
use crate::kafka::broker::{BrokerConfig, topic_synonym};
use crate::kafka::consumer::{AutoOffsetReset, ConsumerConfig};
use crate::kafka::producer::{Partitioner, ProducerConfig};
use crate::kafka::protocol::Acks;
use crate::kafka::record::Compression;
use crate::sim::Span;

/// The value was not understood; says what would have been.
pub(super) type Read<T> = Result<T, &'static str>;

pub(super) fn number<T: std::str::FromStr>(value: &str) -> Read<T> {
    value.parse().map_err(|_| "a whole number that is not negative")
}

pub(super) fn millis(value: &str) -> Read<Span> {
    number(value).map(Span::from_millis)
}

pub(super) fn flag(value: &str) -> Read<bool> {
    value.parse().map_err(|_| "true or false")
}

/// Reads every setting with `set`, which answers none for a name it does not know.
pub(super) fn read(
    settings: &Settings,
    what: &str,
    mut set: impl FnMut(&str, &str) -> Option<Read<()>>,
) -> Result<(), Refusal> {
    for (name, value) in settings {
        let reason = match set(name, value) {
            Some(Ok(())) => continue,
            Some(Err(expected)) => {
                format!("{name} of {what} is \"{value}\"; it must be {expected}.")
            }
            None => format!("\"{name}\" is not a setting of {what} that pushpull models."),
        };
        return Err(Refusal { reason });
    }
    Ok(())
}

/// Puts a value that was read in its place: the answer for a name that is known.
#[expect(clippy::unnecessary_wraps, reason = "one arm of a match whose others answer none")]
pub(super) fn put<T>(place: &mut T, value: Read<T>) -> Option<Read<()>> {
    Some(value.map(|value| *place = value))
}

/// ISO 8601 as `java.time.Duration#parse` reads it, in whole units: `P2DT3H4M5S`.
fn duration(text: &str) -> Option<Span> {
    let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((&text[1..], ""));
    let mut seconds: u64 = 0;
    let mut found = false;
    for (part, units) in
        [(days, &[('D', 86_400)][..]), (time, &[('H', 3_600), ('M', 60), ('S', 1)])]
    {
        let mut units = units.iter();
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let unit = rest[end..].chars().next()?;
            let (_, worth) = units.find(|(name, _)| *name == unit)?;
            let count: u64 = rest[..end].parse().ok()?;
            seconds = seconds.checked_add(count.checked_mul(*worth)?)?;
            rest = &rest[end + 1..];
            found = true;
        }
    }
    (found && seconds < u64::MAX / 1_000_000_000).then(|| Span::from_secs(seconds))
}

fn compression(value: &str) -> Read<Compression> {
    Ok(match value {
        "none" => Compression::None,
        "gzip" => Compression::Gzip,
        "snappy" => Compression::Snappy,
        "lz4" => Compression::Lz4,
        "zstd" => Compression::Zstd,
        _ => return Err("none, gzip, snappy, lz4 or zstd"),
    })
}

/// A producer's settings.
pub(super) fn producer(settings: &Settings) -> Result<ProducerConfig, Refusal> {
    let mut config = ProducerConfig::default();
    read(settings, "a producer", |name, value| match name {
        "acks" => put(
            &mut config.acks,
            match value {
                "0" => Ok(Acks::None),
                "1" => Ok(Acks::Leader),
                "all" | "-1" => Ok(Acks::All),
                _ => Err("0, 1 or all"),
            },
        ),
        "enable.idempotence" => put(&mut config.enable_idempotence, flag(value)),
        "linger.ms" => put(&mut config.linger, millis(value)),
        "batch.size" => put(&mut config.batch_size, number(value)),
        "buffer.memory" => put(&mut config.buffer_memory, number(value)),
        "max.block.ms" => put(&mut config.max_block, millis(value)),
        "max.in.flight.requests.per.connection" => put(&mut config.max_in_flight, number(value)),
        "retries" => put(&mut config.retries, number(value)),
        "delivery.timeout.ms" => put(&mut config.delivery_timeout, millis(value)),
        "request.timeout.ms" => put(&mut config.request_timeout, millis(value)),
        "retry.backoff.ms" => put(&mut config.retry_backoff, millis(value)),
        "retry.backoff.max.ms" => put(&mut config.retry_backoff_max, millis(value)),
        "max.request.size" => put(&mut config.max_request_size, number(value)),
        "reconnect.backoff.ms" => put(&mut config.reconnect_backoff, millis(value)),
        "reconnect.backoff.max.ms" => put(&mut config.reconnect_backoff_max, millis(value)),
        "metadata.max.age.ms" => put(&mut config.metadata_max_age, millis(value)),
        "client.id" => put(&mut config.client_id, Ok(value.into())),
        "compression.type" => put(&mut config.compression, compression(value)),
        "partitioner.adaptive.partitioning.enable" => {
            put(&mut config.partitioner_adaptive, flag(value))
        }
        "partitioner.ignore.keys" => put(&mut config.partitioner_ignore_keys, flag(value)),
        "partitioner.class" => put(
            &mut config.partitioner,
            match value {
                "RoundRobinPartitioner" => Ok(Partitioner::RoundRobin),
                "consistent_random" => Ok(Partitioner::ConsistentRandom),
                "murmur2_random" => Ok(Partitioner::Murmur2Random),
                _ => Err(
                    "RoundRobinPartitioner (Java), consistent_random or murmur2_random (librdkafka)",
                ),
            },
        ),
        _ => None,
    })?;
    Ok(config)
}

/// A consumer's settings. The lab's applications commit what they have handled, so auto-commit
/// is on only where it is asked for.
pub(super) fn consumer(settings: &Settings) -> Result<ConsumerConfig, Refusal> {
    let mut config = ConsumerConfig { enable_auto_commit: false, ..ConsumerConfig::default() };
    read(settings, "a consumer", |name, value| match name {
        "auto.offset.reset" => put(
            &mut config.auto_offset_reset,
            match value {
                "earliest" => Ok(AutoOffsetReset::Earliest),
                "latest" => Ok(AutoOffsetReset::Latest),
                "none" => Ok(AutoOffsetReset::None),
                _ => value
                    .strip_prefix("by_duration:")
                    .and_then(duration)
                    .map(AutoOffsetReset::ByDuration)
                    .ok_or("earliest, latest, none or a duration: by_duration:PT1H30M"),
            },
        ),
        "enable.auto.commit" => put(&mut config.enable_auto_commit, flag(value)),
        "auto.commit.interval.ms" => put(&mut config.auto_commit_interval, millis(value)),
        "max.poll.records" => put(&mut config.max_poll_records, number(value)),
        "max.poll.interval.ms" => put(&mut config.max_poll_interval, millis(value)),
        "session.timeout.ms" => put(&mut config.session_timeout, millis(value)),
        "heartbeat.interval.ms" => put(&mut config.heartbeat_interval, millis(value)),
        "fetch.min.bytes" => put(&mut config.fetch_min_bytes, number(value)),
        "fetch.max.wait.ms" => put(&mut config.fetch_max_wait, millis(value)),
        "max.partition.fetch.bytes" => put(&mut config.max_partition_fetch_bytes, number(value)),
        "fetch.max.bytes" => put(&mut config.fetch_max_bytes, number(value)),
        "request.timeout.ms" => put(&mut config.request_timeout, millis(value)),
        "retry.backoff.ms" => put(&mut config.retry_backoff, millis(value)),
        "retry.backoff.max.ms" => put(&mut config.retry_backoff_max, millis(value)),
        "reconnect.backoff.ms" => put(&mut config.reconnect_backoff, millis(value)),
        "reconnect.backoff.max.ms" => put(&mut config.reconnect_backoff_max, millis(value)),
        "metadata.max.age.ms" => put(&mut config.metadata_max_age, millis(value)),
        "group.instance.id" => put(&mut config.group_instance_id, Ok(Some(value.into()))),
        "partition.assignment.strategy" => put(
            &mut config.assignors,
            value
                .split(',')
                .map(|name| match name.trim() {
                    "range" => Ok(Assignor::Range),
                    "roundrobin" => Ok(Assignor::RoundRobin),
                    "sticky" => Ok(Assignor::Sticky),
                    "cooperative-sticky" => Ok(Assignor::CooperativeSticky),
                    _ => Err("a list of range, roundrobin, sticky and cooperative-sticky"),
                })
                .collect(),
        ),
        _ => None,
    })?;
    Ok(config)
}

/// A broker's settings.
pub(super) fn broker(settings: &Settings) -> Result<BrokerConfig, Refusal> {
    let mut config = BrokerConfig::default();
    read(settings, "a broker", |name, value| match name {
        "group.initial.rebalance.delay.ms" => {
            put(&mut config.groups.initial_rebalance_delay, millis(value))
        }
        "auto.create.topics.enable" => put(&mut config.auto_create_topics, flag(value)),
        "log.retention.check.interval.ms" => {
            put(&mut config.retention_check_interval_ms, number(value))
        }
        "log.initial.task.delay.ms" => put(&mut config.initial_task_delay_ms, number(value)),
        "num.partitions" => put(&mut config.num_partitions, number(value)),
        "default.replication.factor" => put(&mut config.default_replication_factor, number(value)),
        "broker.rack" => put(&mut config.rack, Ok(Some(value.into()))),
        "offsets.topic.num.partitions" => put(&mut config.offsets_topic_partitions, number(value)),
        "offsets.topic.replication.factor" => {
            put(&mut config.offsets_topic_replication_factor, number(value))
        }
        "offsets.retention.minutes" => put(
            &mut config.groups.offsets_retention,
            number(value).map(|minutes: u64| Span::from_secs(minutes * 60)),
        ),
        "offsets.retention.check.interval.ms" => {
            put(&mut config.groups.offsets_retention_check_interval, millis(value))
        }
        "group.min.session.timeout.ms" => {
            put(&mut config.groups.min_session_timeout, millis(value))
        }
        "group.max.session.timeout.ms" => {
            put(&mut config.groups.max_session_timeout, millis(value))
        }
        "group.max.size" => put(&mut config.groups.max_size, number(value)),
        "replica.lag.time.max.ms" => put(&mut config.replica_lag_time_max_ms, number(value)),
        "replica.fetch.wait.max.ms" => put(&mut config.replica_fetch_wait_max_ms, number(value)),
        "replica.fetch.min.bytes" => put(&mut config.replica_fetch_min_bytes, number(value)),
        "replica.fetch.max.bytes" => put(&mut config.replica_fetch_max_bytes, number(value)),
        "replica.fetch.response.max.bytes" => {
            put(&mut config.replica_fetch_response_max_bytes, number(value))
        }
        "replica.fetch.backoff.ms" => put(&mut config.replica_fetch_backoff_ms, number(value)),
        "replica.high.watermark.checkpoint.interval.ms" => {
            put(&mut config.high_watermark_checkpoint_interval_ms, number(value))
        }
        "broker.heartbeat.interval.ms" => {
            put(&mut config.broker_heartbeat_interval_ms, number(value))
        }
        "fetch.max.bytes" => put(&mut config.fetch_max_bytes, number(value)),
        "producer.id.expiration.ms" => put(&mut config.producer_id_expiration_ms, number(value)),
        name if topic_synonym(name).is_some() => {
            let synonym = topic_synonym(name).unwrap_or_default();
            let set = config.topic_defaults.set(synonym, value).map_err(|wrong| wrong.expected);
            config.topic_settings.insert(name.into(), value.into());
            Some(set)
        }
        _ => None,
    })?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn a_setting_takes_the_real_name_and_form() {
        let config =
            producer(&settings(&[("linger.ms", "0"), ("acks", "1")])).expect("both are known");
        assert_eq!((config.linger, config.acks), (Span::ZERO, Acks::Leader));
    }

    /// `java.time.Duration#parse`, its documentation's examples where they have whole units.
    #[test]
    fn a_duration_is_read_as_java_reads_it() {
        for (text, seconds) in [
            ("PT15M", Some(900)),
            ("PT10H", Some(36_000)),
            ("P2D", Some(172_800)),
            ("P2DT3H4M", Some(183_840)),
            ("PT60S", Some(60)),
            ("P", None),
            ("PT", None),
            ("60S", None),
            ("PT3M1H", None),
            ("PT5", None),
            ("P1Dé", None),
            ("PTé", None),
            ("PT-5S", None),
        ] {
            assert_eq!(duration(text), seconds.map(Span::from_secs), "{text}");
        }
    }

    #[test]
    fn a_wrong_setting_names_the_place_and_the_mend() {
        for (refused, words) in [
            (producer(&settings(&[("acks", "2")])).map(drop), ["acks", "0, 1 or all"]),
            (producer(&settings(&[("lingerMs", "2")])).map(drop), ["lingerMs", "not a setting"]),
            (
                consumer(&settings(&[("max.poll.records", "-1")])).map(drop),
                ["max.poll.records", "not negative"],
            ),
        ] {
            let reason = refused.expect_err("wrong").reason;
            assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
        }
    }
}
