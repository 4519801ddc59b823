//! What a leader checks before it appends a client's batch (`LogValidator`,
//! `UnifiedLog#analyzeAndValidateRecords`).

use super::TopicConfig;
use crate::kafka::protocol::{BatchIndexError, ErrorCode};
use crate::kafka::record::{RecordBatch, TimestampType};

/// Why a batch was not appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendError {
    /// The error the producer gets.
    pub code: ErrorCode,
    /// The records at fault, when it is single ones.
    pub records: Vec<BatchIndexError>,
}

impl From<ErrorCode> for AppendError {
    fn from(code: ErrorCode) -> Self {
        Self { code, records: Vec::new() }
    }
}

/// Checks a batch and makes it what the log will hold, but for offset and epoch: recompressed
/// and with the broker's time, where the topic says so.
pub(super) fn validate(
    config: &TopicConfig,
    batch: RecordBatch,
    now_ms: i64,
) -> Result<RecordBatch, AppendError> {
    if batch.base_offset() != 0 {
        return Err(ErrorCode::InvalidRecord.into());
    }
    if batch.size_in_bytes() > config.max_message_bytes {
        return Err(ErrorCode::MessageTooLarge.into());
    }
    if batch.producer().is_some_and(|stamp| stamp.base_sequence < 0) {
        return Err(ErrorCode::InvalidRecord.into());
    }
    if config.cleanup_policy.compact {
        fail_if_any(ErrorCode::InvalidRecord, || {
            let keyless = batch.records().zip(0..).filter(|((_, record), _)| record.key.is_none());
            keyless
                .map(|(_, index)| BatchIndexError {
                    batch_index: index,
                    message: "Compacted topic cannot accept message without key".into(),
                })
                .collect()
        })?;
    }
    let batch = match config.timestamp_type {
        TimestampType::CreateTime => {
            check_timestamps(config, &batch, now_ms)?;
            batch
        }
        TimestampType::LogAppendTime => batch.with_log_append_time(now_ms),
    };
    match config.compression {
        Some(codec) if codec != batch.compression() => {
            let batch = batch.recompressed(codec);
            if batch.size_in_bytes() > config.max_message_bytes {
                return Err(ErrorCode::MessageTooLarge.into());
            }
            Ok(batch)
        }
        _ => Ok(batch),
    }
}

/// The broker's time on a batch that has it.
pub(super) fn log_append_time(batch: &RecordBatch) -> Option<i64> {
    (batch.timestamp_type() == TimestampType::LogAppendTime).then(|| batch.max_timestamp())
}

fn fail_if_any(
    code: ErrorCode,
    find: impl FnOnce() -> Vec<BatchIndexError>,
) -> Result<(), AppendError> {
    let records = find();
    if records.is_empty() { Ok(()) } else { Err(AppendError { code, records }) }
}

fn check_timestamps(
    config: &TopicConfig,
    batch: &RecordBatch,
    now_ms: i64,
) -> Result<(), AppendError> {
    let earliest = now_ms.saturating_sub(config.timestamp_before_max_ms);
    let latest = now_ms.saturating_add(config.timestamp_after_max_ms);
    fail_if_any(ErrorCode::InvalidTimestamp, || {
        batch
            .timestamps()
            .zip(0..)
            // No timestamp at all is never out of range.
            .filter(|&((_, time), _)| time != -1 && !(earliest..=latest).contains(&time))
            .map(|((_, time), index)| BatchIndexError {
                batch_index: index,
                message: format!(
                    "Timestamp {time} of message with offset {index} is out of range. \
                     The timestamp should be within [{earliest}, {latest}]"
                )
                .into(),
            })
            .collect()
    })
}
