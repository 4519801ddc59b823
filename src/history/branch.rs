//! Futures beside each other.

use crate::event::{Command, Event};
use crate::lab::Score;
use crate::lesson::Outcome;
use crate::sim::Instant;

/// A future that was left by acting before its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// What the reader did in it, in order.
    pub commands: Vec<Command>,
    /// Where its head stood.
    pub until: Instant,
    /// Where the present run left it.
    pub forked_at: Instant,
    /// Its ledger at its head.
    pub outcome: Outcome,
}

/// Two futures at the same instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The last instant that both have reached.
    pub at: Instant,
    /// The present run's figures then.
    pub here: Outcome,
    /// The other future's figures then.
    pub there: Outcome,
    /// The present run's scores then, Redis' and Kafka's: each message once.
    pub here_scores: [Score; 2],
    /// The other future's scores then.
    pub there_scores: [Score; 2],
    /// The first place where their events differ; none when they do not.
    pub first: Option<Difference>,
}

/// The first place where two runs differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place: how many events are the same before it.
    pub number: u64,
    /// The present run's event there, when it has one.
    pub here: Option<Event>,
    /// The other future's event there, when it has one.
    pub there: Option<Event>,
}
