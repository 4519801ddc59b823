//! Sizes of encoded records and batches in bytes (`DefaultRecord`, `DefaultRecordBatch`,
//! `ByteUtils` of Kafka's clients).

use super::{Header, Record};
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

/// What of a record decides its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape<'a> {
    /// Length of the key in bytes.
    pub key: Option<u32>,
    /// Length of the value in bytes.
    pub value: Option<u32>,
    /// The headers.
    pub headers: &'a [Header],
}

impl<'a> Shape<'a> {
    /// That of a record.
    pub fn of(record: &'a Record) -> Self {
        let length = |payload: &Payload| payload.len() as u32;
        Self {
            key: record.key.as_ref().map(length),
            value: record.value.as_ref().map(length),
            headers: &record.headers,
        }
    }

    /// Key, value and headers with their length fields.
    fn body(&self) -> u32 {
        let header = |header: &Header| {
            let value = header.value.as_ref().map(|value| value.len() as u32);
            varint(header.key.len() as i64) + header.key.len() as u32 + nullable(value)
        };
        let headers: u32 = self.headers.iter().map(header).sum();
        nullable(self.key) + nullable(self.value) + varint(self.headers.len() as i64) + headers
    }
}

fn nullable(length: Option<u32>) -> u32 {
    match length {
        None => varint(-1),
        Some(length) => varint(i64::from(length)) + length,
    }
}

/// Bytes of a record within a batch, its length field included.
pub fn record(record: &Record, offset_delta: u32, timestamp_delta: i64) -> u32 {
    shape(&Shape::of(record), offset_delta, timestamp_delta)
}

/// The same of a record that is known by its shape only.
pub fn shape(shape: &Shape<'_>, offset_delta: u32, timestamp_delta: i64) -> u32 {
    let length = unprefixed(shape, offset_delta, timestamp_delta);
    varint(i64::from(length)) + length
}

/// Bytes of a record without its length field: what that field says.
pub fn unprefixed(shape: &Shape<'_>, offset_delta: u32, timestamp_delta: i64) -> u32 {
    1 + varint(timestamp_delta) + varint(i64::from(offset_delta)) + shape.body()
}

/// The most a batch with this one record can take: what a producer checks against
/// `max.request.size` (`AbstractRecords#estimateSizeInBytesUpperBound`).
pub fn upper_bound(record: &Record) -> u32 {
    RECORD_BATCH_OVERHEAD + MAX_RECORD_OVERHEAD + Shape::of(record).body()
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
