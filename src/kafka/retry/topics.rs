//! Retry topics with back-off (`@RetryableTopic`: `DestinationTopicPropertiesFactory`,
//! `DefaultDestinationTopicResolver`, `DeadLetterPublishingRecovererFactory`).
//!
//! The main topic never waits; a failed record goes to a topic whose consumer waits for it. The
//! price is the order among records of one key.

use super::blocking::same_partition;
use super::headers::{self, Style, enhanced, header};
use super::{Failure, Verdict};
use crate::event::Name;
use crate::kafka::consumer::ConsumerRecord;
use crate::sim::{Instant, Span};

/// The waits between attempts (`@BackOff`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackOff {
    /// Always the same.
    Fixed(Span),
    /// Each `thousandths` / 1000 times the one before, at most `max`.
    Exponential {
        /// The first wait.
        initial: Span,
        /// The multiplier in thousandths: 2000 doubles.
        thousandths: u32,
        /// The longest wait, 30 s in Spring.
        max: Span,
    },
}

/// What the names of retry topics end in (`TopicSuffixingStrategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TopicSuffixing {
    /// The delay in ms: `-retry-1000`.
    #[default]
    DelayValue,
    /// A number from 0: `-retry-0`.
    IndexValue,
}

/// Whether repeated equal waits share a topic (`SameIntervalTopicReuseStrategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameIntervalTopicReuse {
    /// They do.
    #[default]
    SingleTopic,
    /// Each attempt has its own.
    MultipleTopics,
}

/// What happens when handling a dead letter fails (`DltStrategy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DltStrategy {
    /// It goes to the dead-letter topic again.
    #[default]
    AlwaysRetryOnError,
    /// It is let go.
    FailOnError,
    /// There is no dead-letter topic: after the last attempt the record is let go.
    NoDlt,
}

/// The settings of `@RetryableTopic`; `Default` gives its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryTopicConfig {
    /// `attempts` in all, the one on the main topic included: 3.
    pub attempts: u32,
    /// `backOff`: 1000 ms each time.
    pub back_off: BackOff,
    /// `timeout`: no further attempts so long after the record came; none by default.
    pub timeout: Option<Span>,
    /// `retryTopicSuffix`: `-retry`.
    pub retry_suffix: Name,
    /// `dltTopicSuffix`: `-dlt`.
    pub dlt_suffix: Name,
    /// `topicSuffixingStrategy`.
    pub suffixing: TopicSuffixing,
    /// `sameIntervalTopicReuseStrategy`.
    pub same_interval: SameIntervalTopicReuse,
    /// `dltStrategy`.
    pub dlt: DltStrategy,
    /// `numPartitions` of topics that are created: 1.
    pub partitions: u32,
}

impl Default for RetryTopicConfig {
    fn default() -> Self {
        Self {
            attempts: 3,
            back_off: BackOff::Fixed(Span::from_secs(1)),
            timeout: None,
            retry_suffix: "-retry".into(),
            dlt_suffix: "-dlt".into(),
            suffixing: TopicSuffixing::DelayValue,
            same_interval: SameIntervalTopicReuse::SingleTopic,
            dlt: DltStrategy::AlwaysRetryOnError,
            partitions: 1,
        }
    }
}

/// What a topic of the chain is for (`DestinationTopic.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DestinationKind {
    /// The topic that applications send to.
    Main,
    /// One attempt.
    Retry,
    /// All remaining attempts.
    ReusableRetry,
    /// The dead-letter topic.
    Dlt,
}

/// One topic of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationTopic {
    /// Its name.
    pub name: Name,
    /// How long a record waits in it.
    pub delay: Span,
    /// What it is for.
    pub kind: DestinationKind,
}

/// The chain of topics behind one main topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryTopics {
    config: RetryTopicConfig,
    chain: Vec<DestinationTopic>,
}

impl RetryTopics {
    /// The chain for a main topic.
    pub fn new(main: &str, config: RetryTopicConfig) -> Self {
        let delays = delays(&config);
        let topic = |suffix: &str, delay, kind| DestinationTopic {
            name: format!("{main}{suffix}").into(),
            delay,
            kind,
        };
        let mut chain = vec![topic("", Span::ZERO, DestinationKind::Main)];
        let single = config.same_interval == SameIntervalTopicReuse::SingleTopic;
        let copies = |delay: Span| delays.iter().filter(|other| **other == delay).count();
        let reused = match delays.last() {
            Some(last) if single && delays.len() > 1 => copies(*last) - 1,
            _ => 0,
        };
        let count = delays.len() - reused;
        let alike = delays.len() > 1 && delays.windows(2).all(|pair| pair[0] == pair[1]);
        let by_index = alike || config.suffixing == TopicSuffixing::IndexValue;
        for (index, delay) in delays.iter().take(count).enumerate() {
            let retry = &config.retry_suffix;
            let suffix = if single && count == 1 {
                retry.to_string()
            } else if by_index {
                format!("{retry}-{index}")
            } else if !single && copies(*delay) > 1 {
                let first = delays.iter().position(|other| other == delay).unwrap_or(index);
                format!("{retry}-{}-{}", delay.as_millis(), index - first)
            } else {
                format!("{retry}-{}", delay.as_millis())
            };
            let kind = if single && copies(*delay) > 1 {
                DestinationKind::ReusableRetry
            } else {
                DestinationKind::Retry
            };
            chain.push(topic(&suffix, *delay, kind));
        }
        if config.dlt != DltStrategy::NoDlt {
            chain.push(topic(&config.dlt_suffix, Span::ZERO, DestinationKind::Dlt));
        }
        Self { config, chain }
    }

    /// All topics of the chain, the main one first.
    pub fn topics(&self) -> &[DestinationTopic] {
        &self.chain
    }

    /// Where a record that failed on `topic` goes; none when it is let go. `attempt` is the
    /// number of the attempt that failed, `original` the record's time on the main topic in ms.
    pub fn next(
        &self,
        topic: &str,
        attempt: u32,
        fatal: bool,
        now: Instant,
        original: i64,
    ) -> Option<&DestinationTopic> {
        let index = self.chain.iter().position(|destination| &*destination.name == topic)?;
        let source = &self.chain[index];
        let dead_letter =
            || self.chain[index + 1..].iter().find(|next| next.kind == DestinationKind::Dlt);
        if source.kind == DestinationKind::Dlt {
            let again = self.config.dlt == DltStrategy::AlwaysRetryOnError && !fatal;
            return again.then_some(source);
        }
        let late = self.config.timeout.is_some_and(|timeout| {
            now.as_millis() as i64 > original.saturating_add(timeout.as_millis() as i64)
        });
        if attempt >= self.config.attempts || fatal || late {
            return dead_letter();
        }
        if source.kind == DestinationKind::ReusableRetry {
            return Some(source);
        }
        self.chain.get(index + 1)
    }

    /// A record failed on one of the topics of the chain. `partitions` tells how many partitions
    /// a topic has; none when that is unknown.
    pub fn failed(
        &self,
        now: Instant,
        record: &ConsumerRecord,
        group: &str,
        failure: &Failure,
        partitions: impl Fn(&str) -> Option<u32>,
    ) -> Verdict {
        let attempt = headers::attempts(&record.record);
        let original = headers::original_timestamp(&record.record);
        let topic = &record.partition.topic;
        let Some(next) = self.next(topic, attempt, failure.fatal, now, original) else {
            return Verdict::Skip;
        };
        let mut copy = enhanced(record, group, failure, Style::RetryTopic);
        let due = (now + next.delay).as_millis() as i64;
        copy.headers.extend([
            header(headers::ORIGINAL_TIMESTAMP, headers::big_integer(original)),
            header(headers::ATTEMPTS, ((attempt + 1) as i32).to_be_bytes()),
            header(headers::BACKOFF_TIMESTAMP, headers::big_integer(due)),
        ]);
        Verdict::Publish {
            topic: next.name.clone(),
            partition: same_partition(record, partitions(&next.name)),
            record: copy,
        }
    }
}

/// The waits before the attempts after the first (`BackOffValuesGenerator`).
fn delays(config: &RetryTopicConfig) -> Vec<Span> {
    let count = config.attempts.saturating_sub(1).min(1_000);
    match config.back_off {
        BackOff::Fixed(delay) => vec![delay; count as usize],
        BackOff::Exponential { initial, thousandths, max } => {
            let mut delay = initial.min(max);
            (0..count)
                .map(|_| {
                    let next = u128::from(delay.0) * u128::from(thousandths) / 1_000;
                    let next = Span(u64::try_from(next).unwrap_or(u64::MAX)).min(max);
                    std::mem::replace(&mut delay, next)
                })
                .collect()
        }
    }
}
