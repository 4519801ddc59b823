//! `Fetch`, `ListOffsets`, `OffsetForLeaderEpoch` and `DeleteRecords`.

use super::{BrokerId, ErrorCode, LeaderIdAndEpoch};
use crate::event::TopicPartition;
use crate::kafka::record::RecordBatch;
use serde::{Deserialize, Serialize};

/// What a reader may see (`isolation.level`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IsolationLevel {
    /// Everything below the high watermark.
    #[default]
    ReadUncommitted,
    /// Everything below the last stable offset.
    ReadCommitted,
}

/// A replica that fetches, and the incarnation it fetches as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaState {
    /// The follower.
    pub replica_id: BrokerId,
    /// Its broker epoch.
    pub replica_epoch: u64,
}

/// Reads from partitions; waits until there is enough or time is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchRequest {
    /// The follower that fetches; none for a consumer.
    pub replica_state: Option<ReplicaState>,
    /// `fetch.max.wait.ms`.
    pub max_wait_ms: u32,
    /// `fetch.min.bytes`.
    pub min_bytes: u32,
    /// `fetch.max.bytes`; the first batch is returned whole even when it is larger.
    pub max_bytes: u32,
    /// What the reader may see.
    pub isolation_level: IsolationLevel,
    /// In the order in which they shall be served.
    pub partitions: Vec<FetchPartition>,
}

/// Where to read one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The leader epoch the reader believes in; checked when it is given.
    pub current_leader_epoch: Option<u32>,
    /// The first offset wanted.
    pub fetch_offset: u64,
    /// The epoch of the last record the reader has: lets the leader see a divergence.
    pub last_fetched_epoch: Option<u32>,
    /// The follower's log start offset; none for a consumer.
    pub log_start_offset: Option<u64>,
    /// `max.partition.fetch.bytes`.
    pub partition_max_bytes: u32,
}

/// The answer to a [`FetchRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchResponse {
    /// An error of the whole request.
    pub error_code: ErrorCode,
    /// One entry for each partition of the request, in its order.
    pub partitions: Vec<PartitionData>,
}

/// What was read from one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionData {
    /// Which.
    pub partition: TopicPartition,
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// Consumers see records below it; none on an error.
    pub high_watermark: Option<u64>,
    /// `read_committed` readers see records below it; none on an error.
    pub last_stable_offset: Option<u64>,
    /// The first offset the log still has; none on an error.
    pub log_start_offset: Option<u64>,
    /// The reader's log parts from the leader's here; then there are no records.
    pub diverging_epoch: Option<EpochEndOffset>,
    /// With [`ErrorCode::NotLeaderOrFollower`] and [`ErrorCode::FencedLeaderEpoch`]: who leads
    /// now, as far as this broker knows (KIP-951).
    pub current_leader: Option<LeaderIdAndEpoch>,
    /// Whole batches; the first may begin before the offset asked for.
    pub records: Vec<RecordBatch>,
}

/// Where a leader epoch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochEndOffset {
    /// The largest epoch of the log that is not larger than the one asked for.
    pub epoch: u32,
    /// The offset after its last record.
    pub end_offset: u64,
}

/// Which offset is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OffsetSpec {
    /// -2: the log start offset.
    Earliest,
    /// -1: the high watermark, or the last stable offset by isolation level.
    Latest,
    /// -3: the first record with the largest timestamp.
    MaxTimestamp,
    /// The first record whose timestamp in ms is at least this, not negative.
    At(i64),
}

/// Finds offsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOffsetsRequest {
    /// The follower that asks; none for a consumer.
    pub replica_id: Option<BrokerId>,
    /// What the reader may see.
    pub isolation_level: IsolationLevel,
    /// The questions.
    pub partitions: Vec<ListOffsetsPartition>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOffsetsPartition {
    /// Where.
    pub partition: TopicPartition,
    /// The leader epoch the asker believes in; checked when it is given.
    pub current_leader_epoch: Option<u32>,
    /// Which offset.
    pub timestamp: OffsetSpec,
}

/// The answers to a [`ListOffsetsRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOffsetsResponse {
    /// One entry for each partition of the request, in its order.
    pub partitions: Vec<ListOffsetsPartitionResponse>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOffsetsPartitionResponse {
    /// Where.
    pub partition: TopicPartition,
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// The record's timestamp in ms; none for `Earliest` and `Latest`, and when there is none.
    pub timestamp: Option<i64>,
    /// The offset; none when no record qualifies, and on an error.
    pub offset: Option<u64>,
    /// The leader epoch of the record there.
    pub leader_epoch: Option<u32>,
}

/// Asks a leader where epochs end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetForLeaderEpochRequest {
    /// The follower that asks; none for a consumer.
    pub replica_id: Option<BrokerId>,
    /// The questions.
    pub partitions: Vec<OffsetForLeaderPartition>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetForLeaderPartition {
    /// Where.
    pub partition: TopicPartition,
    /// The leader epoch the asker believes in; checked when it is given.
    pub current_leader_epoch: Option<u32>,
    /// The epoch whose end is wanted.
    pub leader_epoch: u32,
}

/// The answers to an [`OffsetForLeaderEpochRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetForLeaderEpochResponse {
    /// One entry for each partition of the request, in its order.
    pub partitions: Vec<OffsetForLeaderPartitionResponse>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetForLeaderPartitionResponse {
    /// Where.
    pub partition: TopicPartition,
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// None when the leader does not know that epoch (Kafka's -1, -1).
    pub end: Option<EpochEndOffset>,
}

/// Deletes the records before an offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRecordsRequest {
    /// The partition and its new log start offset; none for the high watermark.
    pub partitions: Vec<(TopicPartition, Option<u64>)>,
}

/// The answers to a [`DeleteRecordsRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteRecordsResponse {
    /// The partition, whether it worked, and the low watermark: the log start offset.
    pub partitions: Vec<(TopicPartition, ErrorCode, Option<u64>)>,
}
