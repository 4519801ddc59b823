//! The records of a batch as they are kept: packed into one block of bytes.
//!
//! A log may hold a million records, many of them alone in their batch, so neither a record nor
//! its key or value is an allocation of its own here; they become [`Payload`]s again when they
//! are read. The layout is like Kafka's, with tags beside the values and with synthetic payloads
//! that stay synthetic.

use super::encode::{put_unsigned, put_varint};
use super::{Header, ProducerStamp, Record, size};
use crate::event::{CopyId, MessageId, Payload, Tag};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A batch's records and their producer's stamp, never changed. Clones share them.
///
/// First the stamp, behind a byte that says whether there is one. Then one record after the other:
/// what it has (a byte of [`BYTES`] to [`HEADERS`]), its timestamp as the difference to the first
/// record's, key, value, tag and headers. Numbers are unsigned varints.
///
/// The bytes are all of a block, or a part of one that many small batches share ([`pack`]).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<u8>", into = "Vec<u8>")]
pub(super) struct StoredRecords {
    block: Arc<[u8]>,
    start: u32,
    length: u32,
}

impl From<Vec<u8>> for StoredRecords {
    fn from(bytes: Vec<u8>) -> Self {
        // A batch is smaller: its size is a 32-bit number.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self { block: bytes.into(), start: 0, length }
    }
}

impl From<StoredRecords> for Vec<u8> {
    fn from(stored: StoredRecords) -> Self {
        stored.bytes().to_vec()
    }
}

/// A batch with more bytes gains nothing by sharing a block: its own costs it 24 bytes or so.
const SMALL: u32 = 1_024;

/// Moves small batches that nobody else shares into one block. Those that a follower of the same
/// run or a checkpoint has too stay as they are: they are kept once for all. `scratch` is empty
/// before and after; kept by the caller, it leaves no hole between blocks that stay.
pub(super) fn pack<'a>(
    batches: impl Iterator<Item = &'a mut StoredRecords>,
    scratch: &mut Vec<u8>,
) {
    let alone = |stored: &&'a mut StoredRecords| {
        stored.length < SMALL
            && stored.length as usize == stored.block.len()
            && Arc::strong_count(&stored.block) == 1
    };
    let mut batches: Vec<_> = batches.filter(alone).collect();
    if batches.len() < 2 {
        return;
    }
    for stored in &mut batches {
        stored.start = scratch.len() as u32;
        scratch.extend_from_slice(&stored.block);
    }
    let block: Arc<[u8]> = scratch.as_slice().into();
    scratch.clear();
    for stored in batches {
        stored.block = Arc::clone(&block);
    }
}

/// What a key or a value is, in two bits: the key's are shifted by [`KEY`].
const BYTES: u8 = 1;
const SYNTHETIC: u8 = 2;
const KIND: u8 = 3;
const KEY: u8 = 2;
/// The record has a tag.
const TAG: u8 = 1 << 4;
/// The record has headers.
const HEADERS: u8 = 1 << 5;

/// One record.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    /// As the producer set it, in ms.
    pub(super) timestamp: i64,
    key: Body<'a>,
    value: Body<'a>,
    /// The copy: the value's, or the key's where there is no value.
    pub(super) tag: Option<Tag>,
    headers: Vec<Header>,
}

/// A key or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body<'a> {
    Null,
    Bytes(&'a [u8]),
    /// Length and seed.
    Synthetic(u32, u32),
}

impl Body<'_> {
    fn length(self) -> Option<u32> {
        match self {
            Self::Null => None,
            Self::Bytes(bytes) => Some(bytes.len() as u32),
            Self::Synthetic(length, _) => Some(length),
        }
    }

    fn payload(self) -> Option<Payload> {
        match self {
            Self::Null => None,
            Self::Bytes(bytes) => Some(Payload::new(bytes)),
            Self::Synthetic(length, seed) => Some(Payload::synthetic(length, seed)),
        }
    }
}

fn kind(payload: Option<&Payload>) -> u8 {
    match payload {
        None => 0,
        Some(payload) if payload.as_synthetic().is_some() => SYNTHETIC,
        Some(_) => BYTES,
    }
}

fn put_payload(bytes: &mut Vec<u8>, payload: Option<&Payload>) {
    let Some(payload) = payload else { return };
    put_unsigned(bytes, payload.len() as u64);
    match payload.as_synthetic() {
        Some((_, seed)) => put_unsigned(bytes, u64::from(seed)),
        None => bytes.extend_from_slice(&payload.bytes()),
    }
}

fn put_record(bytes: &mut Vec<u8>, record: &Record, base: i64) {
    let (key, value) = (record.key.as_ref(), record.value.as_ref());
    let tag = record.tag();
    let mut has = kind(value) | kind(key) << KEY;
    has |= if tag.is_some() { TAG } else { 0 };
    has |= if record.headers.is_empty() { 0 } else { HEADERS };
    bytes.push(has);
    put_varint(bytes, record.timestamp.wrapping_sub(base));
    put_payload(bytes, key);
    put_payload(bytes, value);
    if let Some(tag) = tag {
        put_unsigned(bytes, tag.message.0);
        put_unsigned(bytes, tag.copy.0);
    }
    if has & HEADERS != 0 {
        put_unsigned(bytes, record.headers.len() as u64);
    }
    for header in &record.headers {
        put_unsigned(bytes, header.key.len() as u64);
        bytes.extend_from_slice(header.key.as_bytes());
        bytes.push(kind(header.value.as_ref()));
        put_payload(bytes, header.value.as_ref());
    }
}

/// Reads what [`put_record`] wrote; stops where somebody else has written.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn body(&mut self, kind: u8) -> Option<Body<'a>> {
        Some(match kind & KIND {
            BYTES => Body::Bytes(self.bytes()?),
            SYNTHETIC => {
                let length = u32::try_from(self.number()?).ok()?;
                Body::Synthetic(length, u32::try_from(self.number()?).ok()?)
            }
            _ => Body::Null,
        })
    }

    fn producer(&mut self) -> Option<ProducerStamp> {
        if self.byte()? == 0 {
            return None;
        }
        Some(ProducerStamp {
            producer_id: self.number()?,
            producer_epoch: self.number()? as i16,
            base_sequence: self.number()? as i32,
        })
    }

    fn header(&mut self) -> Option<Header> {
        let key = str::from_utf8(self.bytes()?).ok()?.into();
        let kind = self.byte()?;
        Some(Header { key, value: self.body(kind)?.payload() })
    }

    fn entry(&mut self, base: i64) -> Option<Entry<'a>> {
        let has = self.byte()?;
        let delta = self.number()?;
        let delta = (delta >> 1) as i64 ^ -((delta & 1) as i64);
        let key = self.body(has >> KEY)?;
        let value = self.body(has)?;
        let tag = match has & TAG {
            0 => None,
            _ => Some(Tag { message: MessageId(self.number()?), copy: CopyId(self.number()?) }),
        };
        let count = if has & HEADERS == 0 { 0 } else { self.number()? };
        let headers = (0..count).map_while(|_| self.header()).collect();
        Some(Entry { timestamp: base.wrapping_add(delta), key, value, tag, headers })
    }
}

impl Entry<'_> {
    fn record(self) -> Record {
        let mut key = self.key.payload();
        let mut value = self.value.payload();
        if let Some(tag) = self.tag {
            let tagged = if value.is_some() { &mut value } else { &mut key };
            *tagged = tagged.take().map(|payload| payload.with_tag(tag));
        }
        Record { key, value, headers: self.headers, timestamp: self.timestamp }
    }
}

impl StoredRecords {
    pub(super) fn new(producer: Option<ProducerStamp>, records: &[Record]) -> Self {
        let mut packed = vec![u8::from(producer.is_some())];
        if let Some(stamp) = producer {
            put_unsigned(&mut packed, stamp.producer_id);
            put_unsigned(&mut packed, u64::from(stamp.producer_epoch as u16));
            put_unsigned(&mut packed, u64::from(stamp.base_sequence as u32));
        }
        let mut base = 0;
        for record in records {
            put_record(&mut packed, record, base);
            base = records[0].timestamp;
        }
        packed.into()
    }

    fn bytes(&self) -> &[u8] {
        let start = self.start as usize;
        self.block.get(start..start + self.length as usize).unwrap_or_default()
    }

    /// The idempotent producer's stamp.
    pub(super) fn producer(&self) -> Option<ProducerStamp> {
        Reader { rest: self.bytes() }.producer()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut reader = Reader { rest: self.bytes() };
        reader.producer();
        let mut base = None;
        let next = move || {
            let entry = reader.entry(base.unwrap_or(0))?;
            base.get_or_insert(entry.timestamp);
            Some(entry)
        };
        std::iter::from_fn(next).fuse()
    }

    /// The timestamp of the first record.
    pub(super) fn base_timestamp(&self) -> i64 {
        self.entries().next().map_or(-1, |first| first.timestamp)
    }

    /// The size of each record within an uncompressed batch, in bytes, and its copy.
    pub(super) fn sizes(&self) -> impl Iterator<Item = (u32, Option<Tag>)> {
        let base = self.base_timestamp();
        self.entries().zip(0..).map(move |(entry, delta)| {
            let shape = size::Shape {
                key: entry.key.length(),
                value: entry.value.length(),
                headers: &entry.headers,
            };
            (size::shape(&shape, delta, entry.timestamp.wrapping_sub(base)), entry.tag)
        })
    }

    /// The records as they were sent.
    pub(super) fn iter(&self) -> impl Iterator<Item = Record> {
        self.entries().map(Entry::record)
    }
}

impl PartialEq for StoredRecords {
    /// Equal records; neither tags nor how the bytes are kept take part.
    fn eq(&self, other: &Self) -> bool {
        self.producer() == other.producer() && self.iter().eq(other.iter())
    }
}

impl Eq for StoredRecords {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let tag = Tag { message: MessageId(1), copy: CopyId(2) };
        let header = |value: Option<Payload>| Header { key: "trace".into(), value };
        let records = vec![
            Record::new(Some("key".into()), Some(Payload::from("value").with_tag(tag)), 5),
            Record::new(None, None, -1),
            Record::new(Some(Payload::from("tombstone").with_tag(tag)), None, i64::MAX),
            Record {
                headers: vec![
                    header(Some("x".into())),
                    header(None),
                    header(Some(Payload::synthetic(9, 1))),
                ],
                ..Record::new(Some("".into()), Some(Payload::synthetic(1_000, 7)), i64::MIN)
            },
        ];
        let stored = StoredRecords::new(None, &records);
        let back: Vec<Record> = stored.iter().collect();
        assert_eq!(back, records);
        let tags = |records: &[Record]| records.iter().map(Record::tag).collect::<Vec<_>>();
        assert_eq!(tags(&back), tags(&records));
        assert!(stored.length < 100, "synthetic bytes are not made");
    }

    /// Batches that share a block are those that they were; one that somebody else has too, and one
    /// that is large, keep their own.
    #[test]
    fn packed_batches_are_those_that_they_were() {
        let stamp = ProducerStamp { producer_id: 1, producer_epoch: 0, base_sequence: 7 };
        let one = |value: Payload| {
            StoredRecords::new(Some(stamp), &[Record::new(Some("k".into()), Some(value), 5)])
        };
        let long = Payload::from(&*"v".repeat(SMALL as usize));
        let mut batches = ["a", "", "b"].map(|value| one(value.into())).to_vec();
        batches.push(one(long));
        batches.push(one("shared".into()));
        let (before, elsewhere) = (batches.clone(), batches[4].clone());
        let before: Vec<Vec<Record>> = before.into_iter().map(|b| b.iter().collect()).collect();
        pack(batches.iter_mut(), &mut Vec::new());
        for (batch, records) in batches.iter().zip(before) {
            assert_eq!(batch.producer(), Some(stamp));
            assert_eq!(batch.iter().collect::<Vec<_>>(), records);
        }
        let shares =
            |one: usize, other: usize| Arc::ptr_eq(&batches[one].block, &batches[other].block);
        assert!(shares(0, 1) && shares(1, 2) && !shares(2, 3) && !shares(2, 4));
        assert!(Arc::ptr_eq(&batches[4].block, &elsewhere.block));
    }

    /// What somebody else has written ends where it stops making sense.
    #[test]
    fn foreign_bytes_are_read_as_far_as_they_go() {
        let record = Record::new(None, Some("value".into()), 5);
        let stamp = ProducerStamp { producer_id: 300, producer_epoch: -1, base_sequence: -1 };
        let stored = StoredRecords::new(Some(stamp), &[record]);
        assert_eq!((stored.producer(), stored.iter().count()), (Some(stamp), 1));
        for length in 0..stored.bytes().len() {
            let cut = StoredRecords::from(stored.bytes()[..length].to_vec());
            assert_eq!(cut.iter().count(), 0, "{length} bytes");
        }
    }

    /// The budget of 64 bytes beside a record's own: what is packed with it takes few.
    #[test]
    fn a_record_is_packed_tightly() {
        let tag = Tag { message: MessageId(1_000_000), copy: CopyId(2_000_000) };
        let value = Payload::from(&*"v".repeat(100)).with_tag(tag);
        let record = Record::new(None, Some(value), 1_700_000_000_000);
        let packed = StoredRecords::new(None, &[record]).length;
        assert!(packed <= 100 + 16, "{packed}");
    }
}
