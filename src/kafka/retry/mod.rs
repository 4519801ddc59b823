//! When handling fails: block in place, skip, retry topics with back-off, a dead-letter topic,
//! redrive. As Spring for Apache Kafka does it (4.x; `DefaultErrorHandler`,
//! `DeadLetterPublishingRecoverer`, `@RetryableTopic`), the common form of these patterns.
//!
//! This is behaviour of the application, not of Kafka: brokers know neither retry topics nor dead
//! letters. Everything here is a decision about one record: deliver it again, send a copy
//! somewhere and commit, or let it go. Publishing and committing are two steps, so a crash
//! between them makes a repetition, never a loss. Knows records, names and headers; sends nothing
//! itself.
//!
//! Simplification: the stack-trace headers are left out; there is no Java stack to show.

mod blocking;
mod headers;
mod redrive;
mod topics;

pub use blocking::{DefaultErrorHandler, FixedBackOff, Recoverer, dead_letter_topic};
pub use headers::{attempts, backoff_until, readable};
pub use redrive::redrive;
pub use topics::{
    BackOff, DestinationKind, DestinationTopic, DltStrategy, RetryTopicConfig, RetryTopics,
    SameIntervalTopicReuse, TopicSuffixing,
};

use crate::event::Name;
use crate::kafka::record::Record;
use crate::sim::Span;

/// Why a handler failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exception's class: `java.lang.IllegalStateException`.
    pub exception: Name,
    /// Its message.
    pub message: Name,
    /// Trying again is pointless (Spring's list: deserialization, conversion, class cast ...).
    pub fatal: bool,
}

/// What happens to a record whose handling failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is delivered again from its place after this time; the partition waits.
    Again {
        /// How long.
        after: Span,
    },
    /// A copy is sent; once that is acknowledged the offset is committed and reading goes on. If
    /// the sending fails, the record is delivered again.
    Publish {
        /// To which topic.
        topic: Name,
        /// To which partition; none: the producer decides.
        partition: Option<u32>,
        /// The copy with its headers. Key, value and tag are those of the original.
        record: Record,
    },
    /// It is logged and passed over.
    Skip,
}
