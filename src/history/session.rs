//! One reader's run: a head, the way back from it, and the futures beside it.

use super::run::{Run, Thread};
use super::{Branch, Comparison, LessonRef, RULES, Recording};
use crate::event::{Action, Command, Event, Refusal};
use crate::lab::World;
use crate::lesson::{Lesson, Progress};
use crate::sim::{Instant, Span};
use std::rc::Rc;

/// A lesson being run. The head stands where the reader has come to; looking back needs no
/// change here, acting in the past makes a fork.
#[derive(Clone, Debug)]
pub struct Session {
    thread: Thread,
    /// The states before each act, the latest last.
    past: Vec<Mark>,
    /// The states that undo left, the latest last.
    future: Vec<Mark>,
    branches: Vec<Branch>,
    revision: u32,
}

/// A state to come back to.
#[derive(Clone, Debug)]
struct Mark {
    commands: Vec<Command>,
    until: Instant,
    branches: Vec<Branch>,
}

/// Why a lesson or a recording could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// The action of the topology that was refused; its index.
    pub action: usize,
    /// Why.
    pub refusal: Refusal,
}

impl Session {
    /// Lays the lesson's topology at instant 0 and stands there.
    pub fn open(lesson: Lesson, seed: Option<u64>) -> Result<Self, OpenError>;
    /// Opens the lesson and repeats the recording's commands; stands at the recording's end. Commands that were refused come with the reason.
    pub fn replay(lesson: Lesson, recording: &Recording) -> Result<(Self, Vec<(Command, Refusal)>), OpenError>;

    pub fn lesson(&self) -> &Rc<Lesson>;
    pub fn seed(&self) -> u64;
    /// How far the run has come.
    pub fn head(&self) -> Instant;
    /// When the World's next event is due.
    pub fn next_at(&self) -> Option<Instant>;
    /// Runs on to `t`; nothing happens when the head is there already.
    pub fn advance_to(&mut self, t: Instant);
    /// What the reader has done, in order.
    pub fn commands(&self) -> &[Command];
    /// Ticks, answers and figures at the head.
    pub fn progress(&self) -> &Progress;
    /// The World at the head, for queries.
    pub fn world(&self) -> &World;

    /// The cached events in order, up to the head; the first has the number `first_event()`.
    pub fn events(&self) -> &[Event];
    pub fn first_event(&self) -> u64;
    /// The cached events from number `from` on.
    pub fn events_since(&self, from: u64) -> &[Event];
    /// How many events the run has had (the number after the last).
    pub fn event_count(&self) -> u64;
    /// Changes when events already given out are no longer true (fork, undo, redo, switch);
    /// a fold over the events starts again then, from `kept()` on or from the beginning.
    pub fn revision(&self) -> u32;
    /// How many events of the run before the last change of revision are still true.
    pub fn kept(&self) -> u64;

    /// Whether the action would be refused at `t` (the head or earlier).
    pub fn can_at(&self, t: Instant, action: &Action) -> Result<(), Refusal>;
    /// Acts at `t`. After the head: runs on to there first. Before the head: a fork; the old
    /// future stays among the branches, and the head stands at `t`. Refused: nothing changed.
    pub fn act_at(&mut self, t: Instant, action: Action) -> Result<(), Refusal>;
    /// Takes back the last act (after a fork: back to the old future). False: nothing to undo.
    pub fn undo(&mut self) -> bool;
    /// Repeats what undo took back.
    pub fn redo(&mut self) -> bool;
    pub fn can_undo(&self) -> bool;
    pub fn can_redo(&self) -> bool;

    /// The other futures.
    pub fn branches(&self) -> &[Branch];
    /// Goes over to another future; the present one takes its place in the list.
    pub fn switch_to(&mut self, branch: usize) -> bool;
    /// Both ledgers at the instant both have reached, and the first events that differ.
    pub fn compare(&self, branch: usize) -> Option<Comparison>;

    /// The first event after `t` that `wanted` picks; runs on for it, but not beyond `limit`.
    pub fn next_event(&mut self, t: Instant, limit: Instant, wanted: impl Fn(&Event) -> bool) -> Option<Event>;
    /// The last event before `t` that `wanted` picks.
    pub fn previous_event(&self, t: Instant, wanted: impl Fn(&Event) -> bool) -> Option<Event>;

    /// The run as a value.
    pub fn recording(&self) -> Recording;
}
