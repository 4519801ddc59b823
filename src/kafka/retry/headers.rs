//! Headers of retry and dead-letter records (`KafkaHeaders`, `RetryTopicHeaders`).

use super::Failure;
use crate::event::{Name, Payload};
use crate::kafka::consumer::ConsumerRecord;
use crate::kafka::record::{Header, Record};

/// `RetryTopicHeaders.DEFAULT_HEADER_ATTEMPTS`: i32, the number of the coming attempt.
pub(super) const ATTEMPTS: &str = "retry_topic-attempts";
/// `RetryTopicHeaders.DEFAULT_HEADER_BACKOFF_TIMESTAMP`: not before this time in ms.
pub(super) const BACKOFF_TIMESTAMP: &str = "retry_topic-backoff-timestamp";
/// `RetryTopicHeaders.DEFAULT_HEADER_ORIGINAL_TIMESTAMP`: of the record on the main topic.
pub(super) const ORIGINAL_TIMESTAMP: &str = "retry_topic-original-timestamp";
/// The exception that Spring wraps the handler's in.
const LISTENER_EXCEPTION: &str =
    "org.springframework.kafka.listener.ListenerExecutionFailedException";

/// Which names the original-record and exception headers get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `kafka_dlt-...`, appended on each pass (`DeadLetterPublishingRecoverer` by itself).
    DeadLetter,
    /// `kafka_...`, kept from the first pass (`DeadLetterPublishingRecovererFactory`).
    RetryTopic,
}

impl Style {
    fn name(self, rest: &str) -> String {
        match self {
            Self::DeadLetter => format!("kafka_dlt-{rest}"),
            Self::RetryTopic => format!("kafka_{rest}"),
        }
    }
}

fn last<'a>(record: &'a Record, key: &str) -> Option<&'a Payload> {
    record.headers.iter().rev().find(|header| &*header.key == key)?.value.as_ref()
}

/// The number of the attempt that a record is delivered for, from 1.
pub fn attempts(record: &Record) -> u32 {
    let bytes = last(record, ATTEMPTS).map(Payload::bytes);
    let number = bytes.and_then(|bytes| Some(i32::from_be_bytes((*bytes).try_into().ok()?)));
    number
        .and_then(|number| u32::try_from(number).ok())
        .filter(|n| (1..=32_767).contains(n))
        .unwrap_or(1)
}

/// Milliseconds before which a record of a retry topic is not to be handled: its consumer pauses
/// the partition until then (`KafkaConsumerBackoffManager`). None for a record that need not
/// wait.
pub fn backoff_until(record: &Record) -> Option<i64> {
    last(record, BACKOFF_TIMESTAMP).and_then(|payload| integer(&payload.bytes()))
}

/// The headers by which a copy tells its story, in the order they stand there, with their values
/// in words.
pub fn readable(record: &Record) -> Vec<(Name, Name)> {
    let own = |header: &&Header| {
        header.key.starts_with("kafka_") || header.key.starts_with("retry_topic-")
    };
    let words = |header: &Header| {
        let bytes = header.value.as_ref().map(Payload::bytes).unwrap_or_default();
        let key = &*header.key;
        let number = if key == BACKOFF_TIMESTAMP || key == ORIGINAL_TIMESTAMP {
            integer(&bytes)
        } else if key == ATTEMPTS || key.ends_with("original-partition") {
            (*bytes).try_into().ok().map(|bytes| i64::from(i32::from_be_bytes(bytes)))
        } else if key.ends_with("original-offset") || key.ends_with("original-timestamp") {
            (*bytes).try_into().ok().map(i64::from_be_bytes)
        } else {
            None
        };
        match number {
            Some(number) => number.to_string().into(),
            None => String::from_utf8_lossy(&bytes).into(),
        }
    };
    record.headers.iter().filter(own).map(|h| (h.key.clone(), words(h))).collect()
}

/// When the record came to the main topic.
pub(super) fn original_timestamp(record: &Record) -> i64 {
    last(record, ORIGINAL_TIMESTAMP)
        .and_then(|payload| integer(&payload.bytes()))
        .unwrap_or(record.timestamp)
}

/// `java.math.BigInteger#toByteArray`: big-endian two's complement, as short as can be.
pub(super) fn big_integer(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let redundant = |index: usize| {
        let (byte, next) = (bytes[index], bytes[index + 1]);
        byte == 0 && next < 0x80 || byte == 0xff && next >= 0x80
    };
    let start = (0..7).take_while(|index| redundant(*index)).count();
    bytes[start..].to_vec()
}

fn integer(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    let sign = if bytes[0] >= 0x80 { -1 } else { 0 };
    Some(bytes.iter().fold(sign, |number: i64, byte| number << 8 | i64::from(*byte)))
}

pub(super) fn header(key: &str, value: impl Into<Vec<u8>>) -> Header {
    Header { key: key.into(), value: Some(Payload::from(value.into())) }
}

/// A copy of a failed record with headers that say where it was and what went wrong.
pub(super) fn enhanced(
    failed: &ConsumerRecord,
    group: &str,
    failure: &Failure,
    style: Style,
) -> Record {
    let mut record = failed.record.clone();
    let exception = [
        ("exception-fqcn", LISTENER_EXCEPTION),
        ("exception-cause-fqcn", &*failure.exception),
        ("exception-message", &*failure.message),
    ];
    for (name, value) in exception {
        let name = style.name(name);
        record.headers.retain(|header| *header.key != *name);
        record.headers.push(header(&name, value));
    }
    let original: [(&str, Vec<u8>); 6] = [
        ("original-topic", failed.partition.topic.as_bytes().to_vec()),
        ("original-partition", failed.partition.partition.to_be_bytes().to_vec()),
        ("original-offset", failed.offset.to_be_bytes().to_vec()),
        ("original-timestamp", failed.record.timestamp.to_be_bytes().to_vec()),
        ("original-timestamp-type", b"CreateTime".to_vec()),
        ("original-consumer-group", group.as_bytes().to_vec()),
    ];
    for (name, value) in original {
        let name = style.name(name);
        let known = record.headers.iter().any(|header| *header.key == *name);
        if style == Style::DeadLetter || !known {
            record.headers.push(header(&name, value));
        }
    }
    // The producer stamps the copy anew.
    record.timestamp = -1;
    record
}

#[cfg(test)]
mod tests {
    use super::{big_integer, integer};

    #[test]
    fn big_integers_are_as_short_as_javas() {
        // `BigInteger.valueOf(n).toByteArray()`, from the class's documentation of the form.
        for (number, bytes) in [
            (0, vec![0]),
            (127, vec![0x7f]),
            (128, vec![0, 0x80]),
            (-1, vec![0xff]),
            (-129, vec![0xff, 0x7f]),
            (1_000, vec![0x03, 0xe8]),
        ] {
            assert_eq!(big_integer(number), bytes, "{number}");
            assert_eq!(integer(&bytes), Some(number));
        }
        assert_eq!(integer(&big_integer(i64::MIN)), Some(i64::MIN));
        assert_eq!(integer(&[]), None);
    }
}
