//! Trying again in place (`DefaultErrorHandler`, `FailedRecordTracker`): the partition waits, its
//! order stays.

use super::headers::{Style, enhanced};
use super::{Failure, Verdict};
use crate::event::{Name, TopicPartition};
use crate::kafka::consumer::ConsumerRecord;
use crate::sim::{SortedMap, Span};

/// A fixed wait before each further attempt (`org.springframework.util.backoff.FixedBackOff`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedBackOff {
    /// Between two attempts.
    pub interval: Span,
    /// Attempts after the first.
    pub max_attempts: u32,
}

impl Default for FixedBackOff {
    /// `SeekUtils.DEFAULT_BACK_OFF`: no wait, nine more attempts, ten deliveries in all.
    fn default() -> Self {
        Self { interval: Span::ZERO, max_attempts: 9 }
    }
}

/// What is done with a record when its attempts are used up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recoverer {
    /// It is logged and passed over.
    #[default]
    Log,
    /// A copy goes to the dead-letter topic `<topic>-dlt`, same partition.
    DeadLetter,
}

/// Blocks in place, then recovers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultErrorHandler {
    back_off: FixedBackOff,
    recoverer: Recoverer,
    /// The failed record of each partition and how often it was delivered.
    failed: SortedMap<TopicPartition, (u64, u32)>,
}

impl DefaultErrorHandler {
    /// A handler with this back-off and this last resort.
    pub fn new(back_off: FixedBackOff, recoverer: Recoverer) -> Self {
        Self { back_off, recoverer, failed: SortedMap::new() }
    }

    /// A record failed. `partitions` is the number of partitions of its dead-letter topic; none
    /// when that is unknown.
    pub fn failed(
        &mut self,
        record: &ConsumerRecord,
        group: &str,
        failure: &Failure,
        partitions: Option<u32>,
    ) -> Verdict {
        let entry = self.failed.entry(record.partition.clone()).or_insert((record.offset, 0));
        if entry.0 != record.offset {
            *entry = (record.offset, 0);
        }
        entry.1 += 1;
        if !failure.fatal && entry.1 <= self.back_off.max_attempts {
            return Verdict::Again { after: self.back_off.interval };
        }
        self.failed.remove(&record.partition);
        match self.recoverer {
            Recoverer::Log => Verdict::Skip,
            Recoverer::DeadLetter => Verdict::Publish {
                topic: dead_letter_topic(&record.partition.topic),
                partition: same_partition(record, partitions),
                record: enhanced(record, group, failure, Style::DeadLetter),
            },
        }
    }

    /// A record was handled: its count is forgotten.
    pub fn succeeded(&mut self, record: &ConsumerRecord) {
        if self.failed.get(&record.partition).is_some_and(|(offset, _)| *offset == record.offset) {
            self.failed.remove(&record.partition);
        }
    }
}

/// `<topic>-dlt` (`DeadLetterPublishingRecoverer.DEFAULT_DESTINATION_RESOLVER`).
pub fn dead_letter_topic(topic: &str) -> Name {
    format!("{topic}-dlt").into()
}

/// The record's own partition number where the target has it (`#checkPartition`).
pub(super) fn same_partition(record: &ConsumerRecord, partitions: Option<u32>) -> Option<u32> {
    let partition = record.partition.partition;
    (partitions.is_none_or(|count| partition < count)).then_some(partition)
}
