//! Facts about a Kafka cluster and its clients. Brokers and clients emit them; `lab/` adds time,
//! cause and node.

use super::{Name, Tag, TopicPartition};
use serde::{Deserialize, Serialize};

/// What happened inside Kafka, in the past tense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KafkaFact {
    /// A topic was created.
    TopicCreated {
        /// Its name.
        topic: Name,
        /// How many partitions.
        partitions: u32,
        /// How many replicas each.
        replication_factor: u32,
    },
    /// A producer chose a partition by the key's hash.
    Partitioned {
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// The chosen partition.
        partition: TopicPartition,
        /// `murmur2` of the serialized key; none for a record without key.
        murmur2: Option<i32>,
        /// The number of partitions that the remainder was taken by.
        partitions: u32,
    },
    /// A record was appended to the leader's log.
    Appended {
        /// Which log.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
        /// The leader epoch stamped on its batch.
        leader_epoch: u32,
        /// Base offset of the segment it lies in.
        segment: u64,
        /// The record's bytes in the log.
        bytes: u32,
        /// The message, where it has a tag.
        tag: Option<Tag>,
    },
    /// Records up to here became visible to consumers.
    HighWatermarkMoved {
        /// Which log.
        partition: TopicPartition,
        /// The new high watermark.
        offset: u64,
    },
    /// Records before here are gone.
    LogStartMoved {
        /// Which log.
        partition: TopicPartition,
        /// The new log start offset.
        offset: u64,
        /// Why, in Kafka's words.
        reason: Name,
    },
    /// A consumer's position (the offset it will fetch next) was set without a fetch.
    PositionSet {
        /// The group.
        group: Name,
        /// Where.
        partition: TopicPartition,
        /// The next offset to fetch.
        offset: u64,
        /// Why: the committed offset, `auto.offset.reset`, a seek.
        reason: Name,
    },
    /// The coordinator stored a group's bookmark.
    Committed {
        /// The group.
        group: Name,
        /// Which partition.
        partition: TopicPartition,
        /// The committed offset: the next record to read.
        offset: u64,
    },
    /// A commit did not get through.
    CommitFailed {
        /// The group.
        group: Name,
        /// Which partition.
        partition: TopicPartition,
        /// The offset that was to be committed.
        offset: u64,
        /// Kafka's name of the error.
        error: Name,
    },
    /// A group moved to another state of the classic protocol.
    GroupChanged {
        /// The group.
        group: Name,
        /// `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`.
        state: Name,
        /// The generation.
        generation: u32,
    },
    /// A member was given partitions.
    Assigned {
        /// The group.
        group: Name,
        /// The member's id.
        member: Name,
        /// The generation.
        generation: u32,
        /// All that it owns now.
        partitions: Vec<TopicPartition>,
    },
    /// A member left a group or was removed.
    MemberRemoved {
        /// The group.
        group: Name,
        /// The member's id.
        member: Name,
        /// Why, in the words of the coordinator's log.
        reason: Name,
    },
}
