//! `Produce` and `InitProducerId`.

use super::{BrokerId, ErrorCode};
use crate::event::{Name, TopicPartition};
use crate::kafka::record::RecordBatch;
use serde::{Deserialize, Serialize};

/// When a produce request is answered. Other numbers than these are
/// [`ErrorCode::InvalidRequiredAcks`], here unsayable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Acks {
    /// `acks=0`: never.
    None,
    /// `acks=1`: once the leader has appended.
    Leader,
    /// `acks=all` (-1): once all in-sync replicas have it.
    #[default]
    All,
}

/// Appends one batch to each of some partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProduceRequest {
    /// None without transactions.
    pub transactional_id: Option<Name>,
    /// When to answer.
    pub acks: Acks,
    /// How long the broker may wait for the replicas, in milliseconds (`request.timeout.ms`).
    pub timeout_ms: u32,
    /// The batches, one a partition.
    pub partitions: Vec<PartitionProduceData>,
}

/// One batch for one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionProduceData {
    /// Where.
    pub partition: TopicPartition,
    /// What; its base offset is 0 and its leader epoch none.
    pub records: RecordBatch,
}

/// The answer to a [`ProduceRequest`] whose acks is not 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProduceResponse {
    /// One entry for each partition of the request, in its order.
    pub partitions: Vec<PartitionProduceResponse>,
}

/// How the append to one partition went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionProduceResponse {
    /// Where.
    pub partition: TopicPartition,
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// The offset of the batch's first record; none on an error.
    pub base_offset: Option<u64>,
    /// The broker's time on the batch, in ms, when the topic uses `LogAppendTime`.
    pub log_append_time: Option<i64>,
    /// The leader's log start offset; none on an error.
    pub log_start_offset: Option<u64>,
    /// Which records were at fault (KIP-467).
    pub record_errors: Vec<BatchIndexError>,
    /// With [`ErrorCode::NotLeaderOrFollower`] and [`ErrorCode::FencedLeaderEpoch`]: who leads
    /// now, as far as this broker knows (KIP-951).
    pub current_leader: Option<LeaderIdAndEpoch>,
}

/// A record that made its batch fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchIndexError {
    /// The record's index within the batch.
    pub batch_index: u32,
    /// What is wrong with it.
    pub message: Name,
}

/// Who leads a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderIdAndEpoch {
    /// None: nobody.
    pub leader_id: Option<BrokerId>,
    /// Since which leader epoch.
    pub leader_epoch: u32,
}

/// Asks for a producer id (without transactional id: idempotence only).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitProducerIdRequest {
    /// None without transactions.
    pub transactional_id: Option<Name>,
    /// In milliseconds; only with a transactional id.
    pub transaction_timeout_ms: u32,
    /// The id and epoch it has had, when it wants the epoch raised.
    pub producer: Option<(u64, i16)>,
}

/// A producer id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitProducerIdResponse {
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// The id; meaningless on an error.
    pub producer_id: u64,
    /// Its epoch.
    pub producer_epoch: i16,
}
