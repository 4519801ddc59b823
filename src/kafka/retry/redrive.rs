//! Redrive: dead letters go back to where they came from.
//!
//! Kafka has no such operation; tools and small programs read the dead-letter topic and send the
//! records to the original topic again, without the traces of their failure.

use super::Verdict;
use super::headers::{ATTEMPTS, BACKOFF_TIMESTAMP, ORIGINAL_TIMESTAMP};
use crate::event::Name;
use crate::kafka::consumer::ConsumerRecord;

/// The copy that goes back, to the topic in its headers or, without any, to the dead-letter
/// topic's name less `-dlt`. The partition is the producer's choice: a key finds its own again.
/// [`Verdict::Skip`] when no original topic can be told.
pub fn redrive(record: &ConsumerRecord) -> Verdict {
    let named = ["kafka_original-topic", "kafka_dlt-original-topic"].iter().find_map(|key| {
        // The oldest: where it first failed.
        let header = record.record.headers.iter().find(|header| *header.key == **key)?;
        let bytes = header.value.as_ref()?.bytes();
        Some(Name::from(std::str::from_utf8(&bytes).ok()?))
    });
    let by_name = || record.partition.topic.strip_suffix("-dlt").map(Name::from);
    let Some(topic) = named.or_else(by_name) else { return Verdict::Skip };
    let mut copy = record.record.clone();
    copy.timestamp = -1;
    copy.headers.retain(|header| {
        let ours = ["kafka_dlt-", "kafka_original-", "kafka_exception-"];
        let retry = [ATTEMPTS, BACKOFF_TIMESTAMP, ORIGINAL_TIMESTAMP];
        !ours.iter().any(|prefix| header.key.starts_with(prefix)) && !retry.contains(&&*header.key)
    });
    Verdict::Publish { topic, partition: None, record: copy }
}
