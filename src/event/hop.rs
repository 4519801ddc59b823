//! Everything that moves is a hop.

use super::{ConnectionId, HopId, Name, NodeId, Tag, TopicPartition};
use crate::sim::{Direction, Instant};
use serde::{Deserialize, Serialize};

/// Something left one node for another along a connection, at the instant of its event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// Its identity; later rulings name it.
    pub id: HopId,
    /// The connection it rides.
    pub connection: ConnectionId,
    /// Which way along it.
    pub direction: Direction,
    /// The node it left.
    pub from: NodeId,
    /// The node it travels to.
    pub to: NodeId,
    /// When it arrives, unless a later ruling says otherwise.
    pub course: Course,
    /// What it carries.
    pub cargo: Cargo,
    /// The messages in it, in order.
    pub tags: Vec<Tag>,
    /// Bytes on the wire.
    pub bytes: u32,
}

/// The course of a hop, set at departure, overruled by a later [`Ruling`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Course {
    /// Reaches its end at this instant.
    Arrives(Instant),
    /// Waits for its link to be healed.
    Held,
    /// Is gone with its connection.
    Lost,
}

/// A later fact about a hop under way. It counts from the instant of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Which hop.
    pub hop: HopId,
    /// Its course from now on.
    pub course: Course,
}

/// What a hop carries, in the systems' own terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cargo {
    /// A Redis command that carries a message: `PUBLISH orders`, `XADD orders`, `LPUSH orders`.
    RedisSend {
        /// The command's name in upper case.
        command: Name,
        /// Channel, stream or list.
        target: Name,
    },
    /// Messages pushed to a subscriber.
    RedisPush {
        /// The channel it was published to.
        channel: Name,
    },
    /// Any other Redis command.
    RedisCommand {
        /// The command's name in upper case.
        command: Name,
    },
    /// The answer to a Redis command.
    RedisReply {
        /// The answer in one line, as `redis-cli` prints it.
        text: Name,
    },
    /// The replication stream of a Redis primary, on its way to a replica.
    RedisReplicate {
        /// The first command's name in upper case, or `snapshot`.
        command: Name,
    },
    /// A batch on its way to a partition's leader.
    Produce {
        /// Where to.
        partition: TopicPartition,
    },
    /// The leader's answer to a produce request.
    ProduceAnswer {
        /// Which partition.
        partition: TopicPartition,
        /// Offset of the batch's first record; none when refused.
        base_offset: Option<u64>,
        /// Kafka's name of the error, when refused.
        error: Option<Name>,
    },
    /// A consumer asks for what is next.
    Fetch {
        /// Partitions and the offsets asked for.
        from: Vec<(TopicPartition, u64)>,
    },
    /// The answer to a fetch; the tags are its records.
    Fetched {
        /// Partitions and the offsets of their first records; empty when nothing was there.
        from: Vec<(TopicPartition, u64)>,
        /// Kafka's name of the error, when there is one.
        error: Option<Name>,
    },
    /// A follower asks its leader, or is answered.
    Replicate {
        /// Which partition.
        partition: TopicPartition,
        /// Offset asked for, or of the first record carried.
        offset: u64,
        /// Whether this is the answer.
        answer: bool,
    },
    /// A bookmark on its way to the coordinator.
    OffsetCommit {
        /// The group.
        group: Name,
        /// Partitions and offsets to commit.
        offsets: Vec<(TopicPartition, u64)>,
    },
    /// Any other Kafka request: `JoinGroup`, `Heartbeat`, `Metadata` ...
    KafkaRequest {
        /// The protocol's name.
        api: Name,
    },
    /// The answer to it.
    KafkaAnswer {
        /// The protocol's name of the request.
        api: Name,
        /// Kafka's name of the error, when there is one.
        error: Option<Name>,
    },
}

impl Cargo {
    /// Traffic that keeps the systems going and never slows the pace: heartbeats, empty and
    /// replica fetches, answers that carry no message.
    pub fn is_background(&self, tags: &[Tag]) -> bool {
        match self {
            Self::RedisSend { .. }
            | Self::RedisPush { .. }
            | Self::Produce { .. }
            | Self::OffsetCommit { .. } => false,
            Self::RedisReply { .. } => tags.is_empty(),
            Self::Fetched { error, .. } => tags.is_empty() && error.is_none(),
            Self::ProduceAnswer { error, .. } => error.is_none(),
            _ => true,
        }
    }
}
