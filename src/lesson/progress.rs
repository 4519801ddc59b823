//! What a run has made of a lesson: a fold over its events.

use super::{Bound, Condition, Figure, Lesson, Sum, Trigger};
use crate::event::{
    Action, Event, LabFact, LostReason, MessageId, Name, PartyId, Standing, System, What,
};
use crate::sim::{Instant, Span};
use std::collections::BTreeMap;

/// The ledger's figures of one party, or summed over several.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Sums {
    /// Messages owed.
    pub expected: u64,
    /// On their way.
    pub on_its_way: u64,
    /// Kept by the system.
    pub waiting: u64,
    /// Handled.
    pub delivered: u64,
    /// In a dead-letter queue.
    pub parked: u64,
    /// Lost, by reason; a reason without messages has no entry.
    pub lost: BTreeMap<LostReason, u64>,
    /// Refused to the sender.
    pub refused: u64,
    /// Handled once more within one reading.
    pub repeated: u64,
    /// Handled later than the lesson's limit after they were sent.
    pub late: u64,
}

/// The figures of a run, per system: what the computed sentence is made of.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Summed over the parties of the push lane.
    pub redis: Sums,
    /// Summed over the parties of the pull lane.
    pub kafka: Sums,
}

/// What a step's prediction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Index of the choice that is right, when exactly one is.
    pub choice: Option<usize>,
    /// When it was decided: the step's last task ticked.
    pub at: Instant,
}

/// What a run has made of a lesson so far. The same events give the same progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    parties: BTreeMap<PartyId, Party>,
    nodes: BTreeMap<crate::event::NodeId, Name>,
    /// Pairs that may still change: what is handled or refused is only in the sums.
    open: BTreeMap<(MessageId, PartyId), Standing>,
    /// How many actions of the topology have been seen; what comes after is the reader's.
    laid: usize,
    done: Vec<Action>,
    done_before: usize,
    /// The triggers that the lesson asks for, each with its count and the count at the last tick.
    triggers: Vec<(Trigger, u32, u32)>,
    now: Instant,
    /// When the last task ticked.
    since: Instant,
    ticks: Vec<Vec<Instant>>,
    answers: Vec<Option<Answer>>,
    failed: Vec<Failure>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    name: Name,
    system: System,
    sums: Sums,
}

/// An assertion that did not hold when its step's tasks had ticked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Index of the step.
    pub step: usize,
    /// Index of the assertion in it.
    pub assertion: usize,
}

impl Progress {
    /// Nothing has happened yet.
    pub fn new(lesson: &Lesson) -> Self {
        let mut triggers = Vec::new();
        for condition in lesson.conditions() {
            condition.each_trigger(&mut |trigger| triggers.push((trigger.clone(), 0, 0)));
        }
        Self {
            parties: BTreeMap::new(),
            nodes: BTreeMap::new(),
            open: BTreeMap::new(),
            laid: 0,
            done: Vec::new(),
            done_before: 0,
            triggers,
            now: Instant::ZERO,
            since: Instant::ZERO,
            ticks: vec![Vec::new(); lesson.steps.len()],
            answers: vec![None; lesson.steps.len()],
            failed: Vec::new(),
        }
    }

    /// Takes the next event of the run.
    pub fn see(&mut self, lesson: &Lesson, event: &Event) {
        // Time between two events belongs to the first: a task that only waits ticks on time.
        self.pass(lesson, event.at);
        self.fold(lesson, event);
        self.tick(lesson);
    }

    /// Nothing more happens until `now`.
    pub fn pass(&mut self, lesson: &Lesson, now: Instant) {
        if now > self.now {
            self.now = now;
            self.tick(lesson);
        }
    }

    /// When a task ticked.
    pub fn ticked(&self, step: usize, task: usize) -> Option<Instant> {
        self.ticks.get(step)?.get(task).copied()
    }

    /// How many tasks of a step have ticked.
    pub fn ticks(&self, step: usize) -> usize {
        self.ticks.get(step).map_or(0, Vec::len)
    }

    /// The first step with a task that has not ticked; the number of steps when all are done.
    pub fn step(&self, lesson: &Lesson) -> usize {
        let open = |(step, ticks): (&Step, &Vec<Instant>)| ticks.len() < step.tasks.len();
        let both = lesson.steps.iter().zip(&self.ticks);
        both.into_iter().position(open).unwrap_or(lesson.steps.len())
    }

    /// What a step's prediction came to; none while its tasks are open or when it asks nothing.
    pub fn answer(&self, step: usize) -> Option<Answer> {
        self.answers.get(step).copied().flatten()
    }

    /// Assertions that did not hold.
    pub fn failures(&self) -> &[Failure] {
        &self.failed
    }

    /// Which face a button shows: the one after the last of its actions that was done.
    pub fn face(&self, button: &Button) -> usize {
        let of = |done: &Action| button.faces.iter().position(|face| face.action == *done);
        self.done.iter().rev().find_map(of).map_or(0, |i| (i + 1) % button.faces.len().max(1))
    }

    /// The figures of the run per system.
    pub fn outcome(&self) -> Outcome {
        Outcome { redis: self.sums(Some(System::Redis), None), kafka: self.sums(Some(System::Kafka), None) }
    }

    /// The figures, summed over the parties that match.
    pub fn sums(&self, system: Option<System>, party: Option<&str>) -> Sums {
        let mut total = Sums::default();
        for of in self.parties.values() {
            if system.is_none_or(|s| s == of.system) && party.is_none_or(|p| *p == *of.name) {
                total.add(&of.sums);
            }
        }
        total
    }
}
