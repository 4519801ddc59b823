//! What a consumer's application does with a record that its handler failed on: its choice and
//! what it remembers about it. The decisions are those of [`crate::kafka::retry`].

use crate::event::{ErrorHandling, Name};
use crate::kafka::consumer::ConsumerRecord;
use crate::kafka::retry::{
    BackOff, DefaultErrorHandler, DestinationKind, Failure, FixedBackOff, Recoverer,
    RetryTopicConfig, RetryTopics, Verdict, dead_letter_topic,
};
use crate::sim::{Instant, Span};

/// How long an application that tries for ever waits between two attempts.
const AGAIN: Span = Span::from_secs(1);
/// The longest wait of growing ones (`@BackOff`'s default `maxDelay`).
const LONGEST: Span = Span::from_secs(30);

/// An error handler with its memory.
#[derive(Clone, Debug)]
pub(super) struct Errors {
    pub(super) choice: ErrorHandling,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    ForEver,
    InPlace(DefaultErrorHandler),
    /// One chain for each topic of the consumer.
    Chains(Vec<RetryTopics>),
}

impl Errors {
    /// The handler of a consumer that subscribes to `topics`; nothing has failed yet.
    pub(super) fn new(choice: ErrorHandling, topics: &[Name]) -> Self {
        let in_place = |interval, attempts: u32, recoverer| {
            let back_off = FixedBackOff { interval, max_attempts: attempts.saturating_sub(1) };
            How::InPlace(DefaultErrorHandler::new(back_off, recoverer))
        };
        let how = match choice {
            ErrorHandling::BlockForEver => How::ForEver,
            ErrorHandling::Skip => in_place(Span::ZERO, 1, Recoverer::Log),
            ErrorHandling::Block { interval, attempts } => {
                in_place(interval, attempts, Recoverer::Log)
            }
            ErrorHandling::DeadLetter { interval, attempts } => {
                in_place(interval, attempts, Recoverer::DeadLetter)
            }
            ErrorHandling::RetryTopics { attempts, delay, multiplier } => {
                let config = retry_topics(attempts, delay, multiplier);
                How::Chains(topics.iter().map(|t| RetryTopics::new(t, config.clone())).collect())
            }
        };
        Self { choice, how }
    }

    /// The same in a new process: what it counted was in memory.
    pub(super) fn forget(&mut self) {
        if let How::InPlace(_) = self.how {
            *self = Self::new(self.choice, &[]);
        }
    }

    /// A record failed.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        record: &ConsumerRecord,
        group: &str,
        failure: &Failure,
        partitions: impl Fn(&str) -> Option<u32>,
    ) -> Verdict {
        match &mut self.how {
            How::ForEver => Verdict::Again { after: AGAIN },
            How::InPlace(handler) => {
                let dead_letters = dead_letter_topic(&record.partition.topic);
                handler.failed(record, group, failure, partitions(&dead_letters))
            }
            How::Chains(chains) => {
                let topic = &record.partition.topic;
                let on = |chain: &&RetryTopics| chain.topics().iter().any(|t| t.name == *topic);
                match chains.iter().find(on) {
                    Some(chain) => chain.failed(now, record, group, failure, partitions),
                    None => Verdict::Again { after: AGAIN },
                }
            }
        }
    }

    /// A record was handled.
    pub(super) fn succeeded(&mut self, record: &ConsumerRecord) {
        if let How::InPlace(handler) = &mut self.how {
            handler.succeeded(record);
        }
    }

    /// Whether a topic is where it parks what it gives up.
    pub(super) fn parks_in(&self, topic: &str) -> bool {
        match &self.how {
            How::ForEver => false,
            How::InPlace(_) => {
                matches!(self.choice, ErrorHandling::DeadLetter { .. }) && topic.ends_with("-dlt")
            }
            How::Chains(chains) => chains.iter().flat_map(RetryTopics::topics).any(|destination| {
                destination.kind == DestinationKind::Dlt && *destination.name == *topic
            }),
        }
    }
}

/// A topic that an error handler needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needed {
    pub(super) topic: Name,
    /// How many partitions it is created with.
    pub(super) partitions: u32,
}

/// What a choice needs behind one topic of `partitions` partitions: the topics, and those of
/// them that are read by listeners of their own, each with the suffix of its group.
pub(super) fn needs(
    choice: ErrorHandling,
    topic: &Name,
    partitions: u32,
) -> (Vec<Needed>, Vec<(Name, Name)>) {
    match choice {
        // `DeadLetterPublishingRecoverer` keeps the partition number, so its topic has as many.
        ErrorHandling::DeadLetter { .. } => {
            (vec![Needed { topic: dead_letter_topic(topic), partitions }], Vec::new())
        }
        ErrorHandling::RetryTopics { attempts, delay, multiplier } => {
            let config = retry_topics(attempts, delay, multiplier);
            let partitions = config.partitions;
            let chain = RetryTopics::new(topic, config);
            let behind = chain.topics().iter().filter(|t| t.kind != DestinationKind::Main);
            let retries = behind.clone().filter(|t| t.kind != DestinationKind::Dlt);
            let suffix = |name: &Name| name.strip_prefix(&**topic).unwrap_or("-retry").into();
            (
                behind.map(|t| Needed { topic: t.name.clone(), partitions }).collect(),
                retries.map(|t| (t.name.clone(), suffix(&t.name))).collect(),
            )
        }
        ErrorHandling::BlockForEver | ErrorHandling::Skip | ErrorHandling::Block { .. } => {
            (Vec::new(), Vec::new())
        }
    }
}

fn retry_topics(attempts: u32, delay: Span, multiplier: u32) -> RetryTopicConfig {
    let back_off = if multiplier <= 1 {
        BackOff::Fixed(delay)
    } else {
        let thousandths = multiplier.saturating_mul(1_000);
        BackOff::Exponential { initial: delay, thousandths, max: LONGEST }
    };
    RetryTopicConfig { attempts, back_off, ..RetryTopicConfig::default() }
}
