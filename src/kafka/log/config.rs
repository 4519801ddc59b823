//! The configuration of a topic (`LogConfig`, `TopicConfig` of Kafka), by Kafka's names.

use crate::kafka::record::{Compression, TimestampType};
use serde::{Deserialize, Serialize};

/// What of a log is cleaned away (`cleanup.policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanupPolicy {
    /// Old segments are deleted.
    pub delete: bool,
    /// Older records of a key are. Here this only forbids records without key: the cleaner is
    /// not part of this engine.
    pub compact: bool,
}

/// How a topic's partitions keep their records. Every default is Kafka 4.3's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicConfig {
    /// `segment.bytes`.
    pub segment_bytes: u32,
    /// `segment.ms`.
    pub segment_ms: i64,
    /// `retention.ms`; none keeps records however old.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`, of each partition; none keeps however many.
    pub retention_bytes: Option<u64>,
    /// `max.message.bytes`: of a batch, after compression.
    pub max_message_bytes: u32,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `compression.type`; none is `producer`: batches stay as they come.
    pub compression: Option<Compression>,
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
}

impl Default for TopicConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 604_800_000,
            retention_ms: Some(604_800_000),
            retention_bytes: None,
            max_message_bytes: 1_048_588,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            compression: None,
            min_insync_replicas: 1,
            unclean_leader_election: false,
        }
    }
}

/// A configuration that a topic cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig {
    /// The configuration's name.
    pub name: String,
    /// The value that was given.
    pub value: String,
    /// What a value must be.
    pub expected: &'static str,
}

impl TopicConfig {
    /// Sets one configuration from its text, as `kafka-topics.sh --config` would.
    ///
    /// `segment.bytes` below 1 MiB is refused since Kafka 4.0; `internal.segment.bytes` is the
    /// name under which Kafka's own tests set smaller ones.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), InvalidConfig> {
        let invalid =
            |expected| InvalidConfig { name: name.to_owned(), value: value.to_owned(), expected };
        let number = |min: i64, max: i64, expected| match value.trim().parse::<i64>() {
            Ok(n) if (min..=max).contains(&n) => Ok(n),
            _ => Err(invalid(expected)),
        };
        // -1 (and for sizes anything negative) is "without limit".
        let limit = |expected| number(-1, i64::MAX, expected).map(|n| u64::try_from(n).ok());
        let int = i64::from(i32::MAX);
        match name {
            "segment.bytes" => {
                self.segment_bytes = number(1_048_576, int, "at least 1048576 (1 MiB)")? as u32;
            }
            "internal.segment.bytes" => {
                self.segment_bytes = number(14, int, "at least 14")? as u32;
            }
            "segment.ms" => self.segment_ms = number(1, i64::MAX, "at least 1")?,
            "retention.ms" => self.retention_ms = limit("milliseconds, or -1 for no limit")?,
            "retention.bytes" => self.retention_bytes = limit("bytes, or -1 for no limit")?,
            "max.message.bytes" => {
                self.max_message_bytes = number(0, int, "at least 0")? as u32;
            }
            "message.timestamp.type" => {
                self.timestamp_type = match value {
                    "CreateTime" => TimestampType::CreateTime,
                    "LogAppendTime" => TimestampType::LogAppendTime,
                    _ => return Err(invalid("CreateTime or LogAppendTime")),
                }
            }
            "message.timestamp.before.max.ms" => {
                self.timestamp_before_max_ms = number(0, i64::MAX, "at least 0")?;
            }
            "message.timestamp.after.max.ms" => {
                self.timestamp_after_max_ms = number(0, i64::MAX, "at least 0")?;
            }
            "cleanup.policy" => {
                let mut policy = CleanupPolicy { delete: false, compact: false };
                for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                    match part {
                        "delete" => policy.delete = true,
                        "compact" => policy.compact = true,
                        _ => return Err(invalid("delete, compact, both or nothing")),
                    }
                }
                self.cleanup_policy = policy;
            }
            "compression.type" => {
                self.compression = match value {
                    "producer" => None,
                    "uncompressed" => Some(Compression::None),
                    "gzip" => Some(Compression::Gzip),
                    "snappy" => Some(Compression::Snappy),
                    "lz4" => Some(Compression::Lz4),
                    "zstd" => Some(Compression::Zstd),
                    _ => {
                        return Err(invalid("producer, uncompressed, gzip, snappy, lz4 or zstd"));
                    }
                }
            }
            "min.insync.replicas" => {
                self.min_insync_replicas = number(1, int, "at least 1")? as u32;
            }
            "unclean.leader.election.enable" => {
                self.unclean_leader_election =
                    value.parse().map_err(|_| invalid("true or false"))?;
            }
            _ => return Err(invalid("a topic configuration that this model has")),
        }
        Ok(())
    }
}
