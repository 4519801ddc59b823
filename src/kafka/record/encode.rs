//! The bytes of a record batch (`DefaultRecordBatch`, `DefaultRecord`), magic 2, big-endian.

use super::compress::compress;
use super::{Compression, Header, Record, RecordBatch, TimestampType, size};
use crate::event::Payload;
use crc::{CRC_32_ISCSI, Crc};

/// Where the checksum begins: behind itself.
const CRC_START: usize = 21;
const MAGIC: u8 = 2;

/// CRC-32C (Castagnoli).
static CRC_32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The batch as Kafka writes it to its log and to the wire. None for a codec that this model
/// knows only by size (snappy, zstd).
pub fn encode(batch: &RecordBatch) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(batch.size_in_bytes() as usize);
    put(&mut bytes, batch.base_offset().to_be_bytes());
    put(&mut bytes, (batch.size_in_bytes() - size::LOG_OVERHEAD).to_be_bytes());
    // -1 until a leader has stamped it.
    put(&mut bytes, batch.partition_leader_epoch().unwrap_or(u32::MAX).to_be_bytes());
    bytes.push(MAGIC);
    put(&mut bytes, [0; 4]);
    put(&mut bytes, attributes(batch).to_be_bytes());
    put(&mut bytes, (batch.record_count() - 1).to_be_bytes());
    put(&mut bytes, batch.base_timestamp().to_be_bytes());
    put(&mut bytes, batch.max_timestamp().to_be_bytes());
    let producer = batch.producer();
    put(&mut bytes, producer.map_or(u64::MAX, |p| p.producer_id).to_be_bytes());
    put(&mut bytes, producer.map_or(-1, |p| p.producer_epoch).to_be_bytes());
    put(&mut bytes, producer.map_or(-1, |p| p.base_sequence).to_be_bytes());
    put(&mut bytes, batch.record_count().to_be_bytes());
    bytes.extend(compress(batch.compression(), records(batch))?);
    let crc = CRC_32C.checksum(&bytes[CRC_START..]);
    bytes[CRC_START - 4..CRC_START].copy_from_slice(&crc.to_be_bytes());
    Some(bytes)
}

/// Bits 0-2 the codec, 3 the kind of timestamp.
fn attributes(batch: &RecordBatch) -> i16 {
    let codec = match batch.compression() {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    };
    let log_append_time = batch.timestamp_type() == TimestampType::LogAppendTime;
    codec | i16::from(log_append_time) << 3
}

/// The records of a batch before compression.
pub(super) fn records(batch: &RecordBatch) -> Vec<u8> {
    let base = batch.base_timestamp();
    let mut bytes = Vec::new();
    for (record, delta) in batch.stored().zip(0..) {
        put_record(&mut bytes, &record, delta, record.timestamp.wrapping_sub(base));
    }
    bytes
}

fn put_record(bytes: &mut Vec<u8>, record: &Record, offset_delta: u32, timestamp_delta: i64) {
    put_varint(
        bytes,
        i64::from(size::unprefixed(&size::Shape::of(record), offset_delta, timestamp_delta)),
    );
    bytes.push(0);
    put_varint(bytes, timestamp_delta);
    put_varint(bytes, i64::from(offset_delta));
    put_nullable(bytes, record.key.as_ref());
    put_nullable(bytes, record.value.as_ref());
    put_varint(bytes, record.headers.len() as i64);
    for Header { key, value } in &record.headers {
        put_varint(bytes, key.len() as i64);
        bytes.extend_from_slice(key.as_bytes());
        put_nullable(bytes, value.as_ref());
    }
}

fn put<const N: usize>(bytes: &mut Vec<u8>, field: [u8; N]) {
    bytes.extend_from_slice(&field);
}

fn put_nullable(bytes: &mut Vec<u8>, payload: Option<&Payload>) {
    match payload {
        None => put_varint(bytes, -1),
        Some(payload) => {
            put_varint(bytes, payload.len() as i64);
            bytes.extend_from_slice(&payload.bytes());
        }
    }
}

/// A zig-zag varint (`ByteUtils#writeVarint`, `#writeVarlong`).
pub(super) fn put_varint(bytes: &mut Vec<u8>, value: i64) {
    put_unsigned(bytes, ((value << 1) ^ (value >> 63)) as u64);
}

/// A varint of a number without sign (`ByteUtils#writeUnsignedVarint`).
pub(super) fn put_unsigned(bytes: &mut Vec<u8>, mut rest: u64) {
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // The check value of CRC-32C (RFC 3720, B.4 uses the same polynomial).
        assert_eq!(CRC_32C.checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn varints_are_kafkas() {
        // ByteUtilsTest#testVarintSerde.
        for (value, hex) in [
            (0, "00"),
            (-1, "01"),
            (1, "02"),
            (63, "7e"),
            (64, "8001"),
            (-65, "8101"),
            (i64::from(i32::MAX), "feffffff0f"),
        ] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let expected: Vec<u8> = hex
                .as_bytes()
                .chunks(2)
                .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
                .collect();
            assert_eq!(bytes, expected, "{value}");
        }
    }
}
