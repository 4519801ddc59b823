//! Records and record batches (magic 2).
//!
//! Sizes are those of Kafka's encoding to the byte; bytes themselves are made only by
//! [`encode`]. Knows nothing of logs, brokers or clients.

mod batch;
mod compress;
mod encode;
pub mod size;
mod stored;

pub use batch::{Compression, ProducerStamp, RecordBatch, TimestampType};
pub use encode::encode;

use crate::event::{Name, Payload, Tag};
use serde::{Deserialize, Serialize};

/// A header of a record (KIP-82).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The header's key; may repeat within a record.
    pub key: Name,
    /// Its value; none is Kafka's null.
    pub value: Option<Payload>,
}

/// What a producer sends and a consumer gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The serialized key; none for a keyless record. An empty key is a key.
    pub key: Option<Payload>,
    /// The serialized value; none is a tombstone on a compacted topic.
    pub value: Option<Payload>,
    /// In the order they were added.
    pub headers: Vec<Header>,
    /// Milliseconds; -1 when there is none (Kafka's `NO_TIMESTAMP`).
    pub timestamp: i64,
}

impl Record {
    /// A record with a key and a value, without headers.
    pub fn new(key: Option<Payload>, value: Option<Payload>, timestamp: i64) -> Self {
        Self { key, value, headers: Vec::new(), timestamp }
    }

    /// The copy that travels here: the value's tag, or the key's where there is no value.
    pub fn tag(&self) -> Option<Tag> {
        let of = |payload: &Option<Payload>| payload.as_ref().and_then(Payload::tag);
        of(&self.value).or_else(|| of(&self.key))
    }
}
