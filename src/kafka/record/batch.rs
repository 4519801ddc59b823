//! The record batch: what is produced, stored, replicated and fetched as one piece.

use super::compress::compressed_size;
use super::stored::{StoredRecords, pack};
use super::{Record, encode, size};
use crate::event::Tag;
use serde::{Deserialize, Serialize};

/// The codec in a batch's attributes (`CompressionType`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Compression {
    /// `none`.
    #[default]
    None,
    /// `gzip`.
    Gzip,
    /// `snappy`.
    Snappy,
    /// `lz4`.
    Lz4,
    /// `zstd`.
    Zstd,
}

/// Whose clock a batch's timestamps are from (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimestampType {
    /// The producer's.
    #[default]
    CreateTime,
    /// The broker's, at the append.
    LogAppendTime,
}

/// What an idempotent producer writes on a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerStamp {
    /// The id that `InitProducerId` gave.
    pub producer_id: u64,
    /// The producer's epoch, 0..=32767.
    pub producer_epoch: i16,
    /// The sequence number of the first record; they go on by one a record and wrap from
    /// 2147483647 to 0. -1 on control batches.
    pub base_sequence: i32,
}

const NO_LEADER_EPOCH: i32 = -1;

/// A record batch of magic 2. Clones share the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordBatch {
    base_offset: u64,
    /// As on the wire: -1 for none (`RecordBatch.NO_PARTITION_LEADER_EPOCH`). A batch is kept as
    /// long as its record, so every word counts.
    partition_leader_epoch: i32,
    compression: Compression,
    timestamp_type: TimestampType,
    max_timestamp: i64,
    size: u32,
    count: u32,
    records: StoredRecords,
}

impl RecordBatch {
    /// A producer's batch: base offset 0, no leader epoch, `CreateTime`. The size of a
    /// compressed batch is that of its encoding; for snappy and zstd an estimate. Kafka has no batch without a record, so an
    /// empty list gives none.
    pub fn new(
        records: &[Record],
        compression: Compression,
        producer: Option<ProducerStamp>,
    ) -> Option<Self> {
        let max_timestamp = records.iter().map(|record| record.timestamp).max()?;
        let mut batch = Self {
            base_offset: 0,
            partition_leader_epoch: NO_LEADER_EPOCH,
            compression,
            timestamp_type: TimestampType::CreateTime,
            max_timestamp,
            size: 0,
            count: records.len() as u32,
            records: StoredRecords::new(producer, records),
        };
        batch.size = batch.encoded_size();
        Some(batch)
    }

    /// Lets small batches that nobody else shares share one block of memory.
    /// `scratch` is empty before and after, and worth keeping for the next time.
    pub fn pack(batches: &mut [Self], scratch: &mut Vec<u8>) {
        pack(batches.iter_mut().map(|batch| &mut batch.records), scratch);
    }

    /// The offset of the first record.
    pub fn base_offset(&self) -> u64 {
        self.base_offset
    }

    /// The offset of the last record.
    pub fn last_offset(&self) -> u64 {
        self.base_offset + u64::from(self.record_count()) - 1
    }

    /// The offset after the last record.
    pub fn next_offset(&self) -> u64 {
        self.base_offset + u64::from(self.record_count())
    }

    /// How many records, at least 1.
    pub fn record_count(&self) -> u32 {
        self.count
    }

    /// The epoch of the leader that appended it; none before that.
    pub fn partition_leader_epoch(&self) -> Option<u32> {
        u32::try_from(self.partition_leader_epoch).ok()
    }

    /// The codec.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Whose clock the timestamps are from.
    pub fn timestamp_type(&self) -> TimestampType {
        self.timestamp_type
    }

    /// The largest timestamp in ms; the append time of a `LogAppendTime` batch.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The first record's timestamp as it was sent: the base of the timestamp deltas.
    pub fn base_timestamp(&self) -> i64 {
        self.records.base_timestamp()
    }

    /// The idempotent producer's stamp.
    pub fn producer(&self) -> Option<ProducerStamp> {
        self.records.producer()
    }

    /// Bytes of the encoded batch, header included.
    pub fn size_in_bytes(&self) -> u32 {
        self.size
    }

    /// The records in order with their offsets and the timestamps a reader sees.
    pub fn records(&self) -> impl Iterator<Item = (u64, Record)> {
        self.records.iter().zip(self.base_offset..).map(|(mut record, offset)| {
            if self.timestamp_type == TimestampType::LogAppendTime {
                record.timestamp = self.max_timestamp;
            }
            (offset, record)
        })
    }

    /// The copies it carries, in order.
    pub fn tags(&self) -> impl Iterator<Item = Tag> {
        self.records.entries().filter_map(|entry| entry.tag)
    }

    /// The records as they were sent: timestamps are the producer's.
    pub(super) fn stored(&self) -> impl Iterator<Item = Record> {
        self.records.iter()
    }

    fn encoded_size(&self) -> u32 {
        let records = match self.compression {
            // Without a codec the bytes need not be made to be counted.
            Compression::None => self.uncompressed_records_size(),
            codec => compressed_size(codec, &encode::records(self)),
        };
        size::RECORD_BATCH_OVERHEAD.saturating_add(records)
    }

    fn uncompressed_records_size(&self) -> u32 {
        self.records.sizes().fold(0, |sum, (size, _)| sum.saturating_add(size))
    }

    /// Offsets and timestamps of the records, as a reader sees them.
    pub fn timestamps(&self) -> impl Iterator<Item = (u64, i64)> {
        self.records.entries().zip(self.base_offset..).map(|(entry, offset)| {
            match self.timestamp_type {
                TimestampType::CreateTime => (offset, entry.timestamp),
                TimestampType::LogAppendTime => (offset, self.max_timestamp),
            }
        })
    }

    /// Offsets, bytes and copies of the records: what a leader reports of an append. Within a
    /// compressed batch the bytes are those before compression.
    pub fn entries(&self) -> impl Iterator<Item = (u64, u32, Option<Tag>)> {
        let sized = self.records.sizes().zip(self.base_offset..);
        sized.map(|((bytes, tag), offset)| (offset, bytes, tag))
    }

    /// The batch as the leader of `leader_epoch` stores it at `base_offset`.
    #[must_use]
    pub fn assigned(mut self, base_offset: u64, leader_epoch: u32) -> Self {
        self.base_offset = base_offset;
        self.partition_leader_epoch = i32::try_from(leader_epoch).unwrap_or(i32::MAX);
        self
    }

    /// The batch with the broker's time in place of the producer's (attribute bit 3).
    #[must_use]
    pub fn with_log_append_time(mut self, now_ms: i64) -> Self {
        self.timestamp_type = TimestampType::LogAppendTime;
        self.max_timestamp = now_ms;
        self
    }

    /// The batch with another codec.
    #[must_use]
    pub fn recompressed(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self.size = self.encoded_size();
        self
    }
}
