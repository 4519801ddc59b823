//! Sizes of encoded records and batches in bytes (`DefaultRecord`, `DefaultRecordBatch`,
//! `ByteUtils` of Kafka's clients).

use super::Record;
use crate::event::Payload;

/// Bytes of a batch before its records (`RECORD_BATCH_OVERHEAD`).
pub const RECORD_BATCH_OVERHEAD: u32 = 61;
/// Bytes of base offset and length, which the length field does not count (`LOG_OVERHEAD`).
pub const LOG_OVERHEAD: u32 = 12;
/// The most a record adds to its key, value and headers (`MAX_RECORD_OVERHEAD`).
pub const MAX_RECORD_OVERHEAD: u32 = 21;

/// Bytes of a zig-zag varint (`ByteUtils#sizeOfVarint`, `#sizeOfVarlong`).
pub const fn varint(value: i64) -> u32 {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    let bits = 64 - (zigzag | 1).leading_zeros();
    bits.div_ceil(7)
}

fn nullable(payload: Option<&Payload>) -> u32 {
    match payload {
        None => varint(-1),
        Some(payload) => varint(payload.len() as i64) + payload.len() as u32,
    }
}

fn body(record: &Record) -> u32 {
    let headers: u32 = record
        .headers
        .iter()
        .map(|h| varint(h.key.len() as i64) + h.key.len() as u32 + nullable(h.value.as_ref()))
        .sum();
    nullable(record.key.as_ref())
        + nullable(record.value.as_ref())
        + varint(record.headers.len() as i64)
        + headers
}

/// Bytes of a record within a batch, its length field included.
pub fn record(record: &Record, offset_delta: u32, timestamp_delta: i64) -> u32 {
    let length = unprefixed(record, offset_delta, timestamp_delta);
    varint(i64::from(length)) + length
}

/// Bytes of a record without its length field: what that field says.
pub fn unprefixed(record: &Record, offset_delta: u32, timestamp_delta: i64) -> u32 {
    1 + varint(timestamp_delta) + varint(i64::from(offset_delta)) + body(record)
}

/// The most a batch with this one record can take: what a producer checks against
/// `max.request.size` (`AbstractRecords#estimateSizeInBytesUpperBound`).
pub fn upper_bound(record: &Record) -> u32 {
    // `DefaultRecord#recordSizeUpperBound`: key, value and headers with their length fields, in
    // place of attributes, deltas and counts the fixed bound.
    let headers: u32 = record
        .headers
        .iter()
        .map(|h| varint(h.key.len() as i64) + h.key.len() as u32 + nullable(h.value.as_ref()))
        .sum();
    RECORD_BATCH_OVERHEAD
        + MAX_RECORD_OVERHEAD
        + nullable(record.key.as_ref())
        + nullable(record.value.as_ref())
        + varint(record.headers.len() as i64)
        + headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_take_the_bytes_they_take_in_kafka() {
        // ByteUtilsTest#testSizeOfVarint's boundaries.
        for (value, size) in [
            (0, 1),
            (-1, 1),
            (63, 1),
            (-64, 1),
            (64, 2),
            (-65, 2),
            (i64::from(i32::MAX), 5),
            (i64::from(i32::MIN), 5),
            (i64::MAX, 10),
            (i64::MIN, 10),
        ] {
            assert_eq!(varint(value), size, "{value}");
        }
    }

    #[test]
    fn the_producers_estimate_of_k_v_is_87() {
        let record = Record::new(Some("k".into()), Some("v".into()), 0);
        assert_eq!(upper_bound(&record), 87);
    }
}
