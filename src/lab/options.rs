//! Settings by the real systems' names, read into the engines' configurations.
//!
//! A name that is not modelled, or a value that the real system would not take, is refused with
//! the place and what would be right; nothing is passed over in silence.

use crate::event::{Refusal, Settings};
use crate::kafka::assignor::Assignor;
use crate::kafka::broker::BrokerConfig;
use crate::kafka::consumer::{AutoOffsetReset, ConsumerConfig};
use crate::kafka::producer::{Partitioner, ProducerConfig};
use crate::kafka::protocol::Acks;
use crate::redis::{BufferLimit, Config};
use crate::sim::Span;

/// The value was not understood; says what would have been.
type Read<T> = Result<T, &'static str>;

fn number<T: std::str::FromStr>(value: &str) -> Read<T> {
    value.parse().map_err(|_| "a whole number that is not negative")
}

fn millis(value: &str) -> Read<Span> {
    number(value).map(Span::from_millis)
}

fn flag(value: &str) -> Read<bool> {
    value.parse().map_err(|_| "true or false")
}

/// Reads every setting with `set`, which answers none for a name it does not know.
fn read(
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
fn put<T>(place: &mut T, value: Read<T>) -> Option<Read<()>> {
    Some(value.map(|value| *place = value))
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
                _ => Err("earliest, latest or none"),
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
        _ => None,
    })?;
    Ok(config)
}

/// A Redis server's settings.
pub(super) fn redis(settings: &Settings) -> Result<Config, Refusal> {
    let mut config = Config::default();
    read(settings, "a Redis server", |name, value| match name {
        "maxclients" => put(&mut config.maxclients, number(value)),
        "timeout" => put(&mut config.timeout, number(value)),
        "client-output-buffer-limit" => Some(buffer_limit(&mut config, value)),
        _ => None,
    })?;
    Ok(config)
}

/// `pubsub 32mb 8mb 60`, as in `redis.conf`.
fn buffer_limit(config: &mut Config, value: &str) -> Read<()> {
    const EXPECTED: &str = "a class, two sizes and seconds: pubsub 32mb 8mb 60";
    let words: Vec<&str> = value.split_whitespace().collect();
    let &[class, hard, soft, seconds] = words.as_slice() else { return Err(EXPECTED) };
    let size = |text: &str| -> Read<u64> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" => 1_000,
            "kb" => 1 << 10,
            "m" => 1_000_000,
            "mb" => 1 << 20,
            "g" => 1_000_000_000,
            "gb" => 1 << 30,
            _ => return Err(EXPECTED),
        };
        digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or(EXPECTED)
    };
    let limit = BufferLimit {
        hard: size(hard)?,
        soft: size(soft)?,
        soft_seconds: seconds.parse().map_err(|_| EXPECTED)?,
    };
    match class {
        "normal" => config.limit_normal = limit,
        "replica" | "slave" => config.limit_replica = limit,
        "pubsub" => config.limit_pubsub = limit,
        _ => return Err(EXPECTED),
    }
    Ok(())
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
        let config = redis(&settings(&[("client-output-buffer-limit", "pubsub 1mb 512kb 10")]));
        let limit = BufferLimit { hard: 1 << 20, soft: 512 << 10, soft_seconds: 10 };
        assert_eq!(config.expect("redis.conf's form").limit_pubsub, limit);
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
            (redis(&settings(&[("timeout", "soon")])).map(drop), ["timeout", "whole number"]),
        ] {
            let reason = refused.expect_err("wrong").reason;
            assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
        }
    }
}
