//! The records of a batch as they are kept: one block of bytes for all keys and values, and a
//! few numbers for each record.
//!
//! A log may hold a million records, so a key or a value is no allocation of its own here; it
//! becomes a [`Payload`] again when the record is read. Synthetic payloads stay synthetic.

use super::{Header, Record, size};
use crate::event::{Payload, Tag};
use serde::{Deserialize, Serialize};

/// A batch's records, never changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredRecords {
    entries: Box<[Entry]>,
    /// The real bytes of keys and values, in order.
    bytes: Box<[u8]>,
    /// The headers of those records that have some, by index.
    headers: Box<[(u32, Box<[Header]>)]>,
}

/// One record.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// As the producer set it, in ms.
    pub(super) timestamp: i64,
    key: Slot,
    value: Slot,
    /// The copy: the value's, or the key's where there is no value.
    pub(super) tag: Option<Tag>,
}

/// A key or a value.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Slot {
    Null,
    /// The next so many bytes of the block.
    Bytes(u32),
    Synthetic(u32, u32),
}

impl Slot {
    fn store(payload: Option<&Payload>, bytes: &mut Vec<u8>) -> Self {
        let Some(payload) = payload else { return Self::Null };
        if let Some((length, seed)) = payload.as_synthetic() {
            return Self::Synthetic(length, seed);
        }
        bytes.extend_from_slice(&payload.bytes());
        Self::Bytes(payload.len() as u32)
    }

    fn length(self) -> Option<u32> {
        match self {
            Self::Null => None,
            Self::Bytes(length) | Self::Synthetic(length, _) => Some(length),
        }
    }

    /// The payload; `rest` moves on behind its bytes.
    fn load(self, rest: &mut &[u8]) -> Option<Payload> {
        match self {
            Self::Null => None,
            Self::Synthetic(length, seed) => Some(Payload::synthetic(length, seed)),
            Self::Bytes(length) => {
                // Short only if somebody else has written this: then there is no more.
                let (bytes, behind) =
                    rest.split_at_checked(length as usize).unwrap_or((*rest, &[]));
                *rest = behind;
                Some(Payload::new(bytes))
            }
        }
    }
}

impl StoredRecords {
    pub(super) fn new(records: Vec<Record>) -> Self {
        let mut bytes = Vec::new();
        let mut headers = Vec::new();
        let entries = records
            .into_iter()
            .zip(0..)
            .map(|(record, index)| {
                let tag = record.tag();
                let key = Slot::store(record.key.as_ref(), &mut bytes);
                let value = Slot::store(record.value.as_ref(), &mut bytes);
                if !record.headers.is_empty() {
                    headers.push((index, record.headers.into_boxed_slice()));
                }
                Entry { timestamp: record.timestamp, key, value, tag }
            })
            .collect();
        Self { entries, bytes: bytes.into_boxed_slice(), headers: headers.into_boxed_slice() }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    fn headers_of(&self, index: u32) -> &[Header] {
        let place = self.headers.binary_search_by_key(&index, |(of, _)| *of);
        place.map_or(&[], |place| &self.headers[place].1)
    }

    /// The size of each record within an uncompressed batch, in bytes.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u32> {
        let base = self.entries.first().map_or(-1, |first| first.timestamp);
        self.entries.iter().zip(0..).map(move |(entry, delta)| {
            let shape = size::Shape {
                key: entry.key.length(),
                value: entry.value.length(),
                headers: self.headers_of(delta),
            };
            size::shape(&shape, delta, entry.timestamp.wrapping_sub(base))
        })
    }

    /// The records as they were sent.
    pub(super) fn iter(&self) -> impl Iterator<Item = Record> {
        let mut rest = &*self.bytes;
        self.entries.iter().zip(0..).map(move |(entry, index)| {
            let tagged = |payload: Payload| match entry.tag {
                Some(tag) => payload.with_tag(tag),
                None => payload,
            };
            let mut key = entry.key.load(&mut rest);
            let mut value = entry.value.load(&mut rest);
            if value.is_some() {
                value = value.map(tagged);
            } else {
                key = key.map(tagged);
            }
            let headers = self.headers_of(index).to_vec();
            Record { key, value, headers, timestamp: entry.timestamp }
        })
    }
}

impl PartialEq for StoredRecords {
    /// Equal records; neither tags nor how the bytes are kept take part.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for StoredRecords {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{CopyId, MessageId};

    #[test]
    fn records_come_out_as_they_went_in() {
        let tag = Tag { message: MessageId(1), copy: CopyId(2) };
        let header = Header { key: "trace".into(), value: Some("x".into()) };
        let records = vec![
            Record::new(Some("key".into()), Some(Payload::from("value").with_tag(tag)), 5),
            Record::new(None, None, -1),
            Record::new(Some(Payload::from("tombstone").with_tag(tag)), None, 3),
            Record {
                headers: vec![header],
                ..Record::new(Some("".into()), Some(Payload::synthetic(1_000, 7)), 9)
            },
        ];
        let stored = StoredRecords::new(records.clone());
        let back: Vec<Record> = stored.iter().collect();
        assert_eq!(back, records);
        let tags = |records: &[Record]| records.iter().map(Record::tag).collect::<Vec<_>>();
        assert_eq!(tags(&back), tags(&records));
        assert_eq!(stored.bytes.len(), "keyvaluetombstone".len(), "synthetic bytes are not made");
    }

    /// The budget: what a retained record adds, beside its own bytes.
    #[test]
    fn an_entry_takes_no_more_than_64_bytes() {
        assert!(size_of::<Entry>() <= 64, "{}", size_of::<Entry>());
    }
}
