//! One reader's run: a head, the way back from it, and the futures beside it.

use super::run::{Return, Thread};
use super::{Beside, Branch, Comparison, Difference, LessonRef, RULES, Recording};
use crate::event::{Action, Asked, Carrier, Command, Event, Printed, Refusal};
use crate::lab::World;
use crate::lesson::{Lesson, Progress, carried, carrier};
use crate::sim::{Instant, Span};
use std::rc::Rc;

/// Events that are kept at hand; older ones are told again from a checkpoint. An event is about
/// 250 bytes with what it points to, so these are about 16 MB; a [`Window`] over them takes twice
/// as much again, and once more while somebody looks back.
///
/// [`Window`]: crate::timeline::Window
const AT_HAND: usize = 65_536;

/// A recording is run on to this many events and no further: a link may name any instant.
const LONGEST: u64 = 4_000_000;

/// A lesson being run. The head stands where the reader has come to; looking back needs no
/// change here, acting in the past makes a fork.
#[derive(Clone)]
pub struct Session {
    thread: Thread,
    /// The run's events from number `first` on.
    events: Vec<Event>,
    first: u64,
    at_hand: usize,
    /// The states before each act, the latest last.
    past: Vec<Mark>,
    /// The states that undo left, the latest last.
    future: Vec<Mark>,
    branches: Vec<Branch>,
    revision: u32,
    kept: u64,
}

/// A state to come back to.
#[derive(Clone)]
struct Mark {
    commands: Vec<Command>,
    until: Instant,
    branches: Vec<Branch>,
}

/// A past instant of a run, found again: for questions to the systems as they were then.
#[derive(Clone)]
pub struct Past {
    /// Both systems.
    pub world: World,
    /// Ticks, answers and figures.
    pub progress: Progress,
    /// The hash of the trace up to there.
    pub trace: u64,
    /// How many events there had been.
    pub event_count: u64,
}

/// Why a lesson could not be opened: its topology cannot be laid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// Which action of [`Lesson::topology`] was refused.
    pub action: usize,
    /// Why.
    pub refusal: Refusal,
}

impl core::fmt::Display for OpenError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "The lesson cannot be laid out: {}", self.refusal)
    }
}

impl core::error::Error for OpenError {}

/// How a recording came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Whether its trace has the hash that the recording names: it is the same story.
    pub same: bool,
    /// Commands that were refused, and why.
    pub refused: Vec<(Command, Refusal)>,
    /// Whether the run was too long to be told to its end.
    pub cut: bool,
}

impl Session {
    /// Lays the lesson's topology and stands there: at instant 0, or when its cluster has formed.
    ///
    /// # Errors
    /// When an action of the topology is refused.
    pub fn open(lesson: Lesson, seed: Option<u64>) -> Result<Self, OpenError> {
        let seed = seed.unwrap_or(lesson.seed);
        let mut events = Vec::new();
        let lesson = Rc::new(lesson);
        let thread = Thread::begin(lesson, seed, &mut events)
            .map_err(|(action, refusal)| OpenError { action, refusal })?;
        Ok(Self {
            thread,
            events,
            first: 0,
            at_hand: AT_HAND,
            past: Vec::new(),
            future: Vec::new(),
            branches: Vec::new(),
            revision: 0,
            kept: 0,
        })
    }

    /// Opens the lesson that a recording names, repeats its commands and stands at its end.
    ///
    /// # Errors
    /// When an action of the topology is refused.
    pub fn replay(lesson: Lesson, recording: &Recording) -> Result<(Self, Replay), OpenError> {
        let mut session = Self::open(lesson, Some(recording.seed))?;
        let mut events = Vec::new();
        let commands = recording.commands.clone();
        let (from, refused) =
            session.thread.rewrite(commands, recording.until, LONGEST, &mut events);
        session.tell_again(from, events);
        session.repeat_beside(&recording.beside);
        let replay = Replay {
            same: session.trace() == recording.trace,
            refused,
            cut: session.head() < recording.until,
        };
        Ok((session, replay))
    }

    /// What Redis carries the messages by, where the lesson and the reader leave the choice.
    pub fn carrier(&self) -> Option<Carrier> {
        let lesson = self.lesson();
        let beside = self.branches.iter().flat_map(|branch| &branch.commands);
        let done = self.commands().iter().chain(beside).map(|command| &command.action);
        carrier(lesson.topology.iter().chain(done)).filter(|_| !lesson.fixes_carrier())
    }

    /// The same run with another carrier in Redis: the same seed, the same load, the same deeds
    /// at the same instants, in the futures beside it too. What was undone is forgotten.
    ///
    /// # Errors
    /// When the topology cannot be laid with that carrier.
    pub fn carry(&mut self, by: Carrier) -> Result<(), OpenError> {
        let mut recording = self.recording();
        let beside = recording.beside.iter_mut().flat_map(|beside| &mut beside.commands);
        for command in recording.commands.iter_mut().chain(beside) {
            command.action = carried(&command.action, by);
        }
        let (session, _) = Self::replay(self.lesson().carried_by(by), &recording)?;
        *self = Self { revision: self.revision + 1, at_hand: self.at_hand, ..session };
        self.trim();
        Ok(())
    }

    /// The lesson being run.
    pub fn lesson(&self) -> &Rc<Lesson> {
        &self.thread.lesson
    }

    /// The run's seed.
    pub fn seed(&self) -> u64 {
        self.thread.seed
    }

    /// How far the run has come.
    pub fn head(&self) -> Instant {
        self.thread.run.now()
    }

    /// When the next thing is due; none when nothing will happen without an action.
    pub fn next_at(&self) -> Option<Instant> {
        self.world().next_at()
    }

    /// Runs on to `t`; nothing happens when the head is there already.
    pub fn advance_to(&mut self, t: Instant) {
        self.thread.advance(t, &mut self.events);
        self.trim();
    }

    /// What the reader has done, in order.
    pub fn commands(&self) -> &[Command] {
        &self.thread.commands
    }

    /// Ticks, answers and figures at the head.
    pub fn progress(&self) -> &Progress {
        &self.thread.run.progress
    }

    /// The World at the head, for questions.
    pub fn world(&self) -> &World {
        &self.thread.run.world
    }

    /// The hash of the run's trace up to the head.
    pub fn trace(&self) -> u64 {
        self.thread.run.trace.hash()
    }

    /// The events at hand, up to the head; the first has the number [`Session::first_event`].
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Keeps no more events at hand than this; older ones are told again when they are asked for.
    pub fn keep_at_hand(&mut self, events: usize) {
        self.at_hand = events;
        self.trim();
    }

    /// The number of the first event at hand.
    pub fn first_event(&self) -> u64 {
        self.first
    }

    /// How many events the run has had: the number after the last.
    pub fn event_count(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The events at hand from number `from` on.
    pub fn events_since(&self, from: u64) -> &[Event] {
        let skip = usize::try_from(from.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.events.get(skip..).unwrap_or(&[])
    }

    /// Tells the events from number `from` on, some at a time, until `hear` answers false: those
    /// that are not at hand again from a checkpoint.
    pub fn tell(&self, from: u64, hear: &mut dyn FnMut(&[Event]) -> bool) {
        if from >= self.first {
            hear(self.events_since(from));
            return;
        }
        self.thread.tell(from, hear);
    }

    /// Changes when events that were given out are no longer true (fork, undo, redo, switch). A
    /// fold over the events then goes on from [`Session::kept`], or from its beginning.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// How many events from the run's beginning stayed true at the last change of revision.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    /// Whether an action would be refused at `t`, and why. After the head it is asked there.
    pub fn can_at(&self, t: Instant, action: &Action) -> Result<(), Refusal> {
        self.ask(t, |world| world.can(action))
    }

    /// The same for several actions, with one way back.
    pub fn refusals_at<'a>(
        &self,
        t: Instant,
        actions: impl IntoIterator<Item = &'a Action>,
    ) -> Vec<Option<Refusal>> {
        self.ask(t, |world| actions.into_iter().map(|action| world.can(action).err()).collect())
    }

    /// What the systems' own tools print at `t`; after the head: as they do there.
    pub fn printed_at(&self, t: Instant, question: &Asked) -> Vec<Printed> {
        self.ask(t, |world| world.asked(question))
    }

    /// Asks the world as it is at `t`; after the head, as it is there.
    fn ask<R>(&self, t: Instant, ask: impl FnOnce(&World) -> R) -> R {
        if t >= self.head() {
            return ask(self.world());
        }
        ask(&self.thread.at(self.before(t), t).run.world)
    }

    /// Acts at `t`. After the head: runs on to there first. Before the head: a fork; the old
    /// future stays among the branches, and the head stands at `t`.
    ///
    /// # Errors
    /// When the action is refused; nothing was changed but, after the head, the time.
    pub fn act_at(&mut self, t: Instant, action: Action) -> Result<(), Refusal> {
        if t >= self.head() {
            self.advance_to(t);
            let mark = self.mark();
            self.thread.act(action, &mut self.events)?;
            self.past.push(mark);
        } else {
            let mut commands = self.before(t).to_vec();
            let Return { mut run, mut events, from } = self.thread.at(&commands, t);
            run.act(self.lesson(), action.clone(), &mut events)?;
            self.past.push(self.mark());
            self.branches.push(self.branch(t));
            commands.push(Command { at: t, action });
            self.thread.adopt(run, commands);
            self.tell_again(from, events);
        }
        self.future.clear();
        self.look_beside();
        Ok(())
    }

    /// Why nothing can be done before something, if it was not done or the action is refused.
    pub fn why_not_before(&self, before: &Action, action: &Action) -> Option<Refusal> {
        let Some(at) = self.just_before(before) else {
            return Some(Refusal { reason: "There is nothing to go back to yet.".into() });
        };
        self.can_at(at, action).err()
    }

    /// The instant before the last time that the reader did something.
    fn just_before(&self, action: &Action) -> Option<Instant> {
        let last = self.commands().iter().rfind(|command| command.action == *action)?;
        Some(Instant(last.at.as_nanos().saturating_sub(1)))
    }

    /// Acts right before the last time that the reader did `before`: a fork, unless it was never
    /// done; then at the head.
    ///
    /// # Errors
    /// When the action is refused; nothing was changed.
    pub fn act_before(&mut self, before: &Action, action: Action) -> Result<(), Refusal> {
        let at = self.just_before(before).unwrap_or(self.head());
        self.act_at(at, action)
    }

    /// Takes back the last act: all is as before it, after a fork also the old future. False when
    /// there is nothing to take back.
    pub fn undo(&mut self) -> bool {
        let Some(mark) = self.past.pop() else { return false };
        self.future.push(self.mark());
        self.go(mark);
        true
    }

    /// Repeats what undo took back. False when there is nothing to repeat.
    pub fn redo(&mut self) -> bool {
        let Some(mark) = self.future.pop() else { return false };
        self.past.push(self.mark());
        self.go(mark);
        true
    }

    /// Whether there is an act to take back.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is an act to repeat.
    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The other futures.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Goes over to another future; the present one takes its place in the list. False when there
    /// is no such future.
    pub fn switch_to(&mut self, branch: usize) -> bool {
        let Some(other) = self.branches.get(branch) else { return false };
        let (commands, until) = (other.commands.clone(), other.until);
        self.past.push(self.mark());
        self.future.clear();
        self.branches[branch] = self.branch(self.branches[branch].forked_at);
        self.go(Mark { commands, until, branches: self.branches.clone() });
        true
    }

    /// How the run stood at `t`; after the head: as it stands there.
    pub fn at(&self, t: Instant) -> Past {
        let Return { run, .. } = self.thread.at(self.before(t), t.min(self.head()));
        Past {
            trace: run.trace.hash(),
            event_count: run.trace.events(),
            world: run.world,
            progress: run.progress,
        }
    }

    /// Both ledgers at the last instant that both have reached, and where their events part.
    pub fn compare(&self, branch: usize) -> Option<Comparison> {
        let branch = self.branches.get(branch)?;
        Some(self.compare_with(&branch.commands, branch.until))
    }

    /// The same with any list of commands, run from this run's lesson and seed up to `until`.
    pub fn compare_with(&self, commands: &[Command], until: Instant) -> Comparison {
        let at = self.head().min(until);
        let (here, there) = self.thread.both_at(commands, at);
        let pairs = here.events.iter().zip(&there.events);
        let same = pairs.take_while(|(a, b)| a == b).count();
        let (a, b) = (here.events.get(same).cloned(), there.events.get(same).cloned());
        let differ = a.is_some() || b.is_some();
        Comparison {
            at,
            here: here.run.progress.outcome(),
            there: there.run.progress.outcome(),
            here_scores: here.run.scores(),
            there_scores: there.run.scores(),
            first: differ.then(|| Difference {
                number: here.from + same as u64,
                here: a,
                there: b,
            }),
        }
    }

    /// The first event after `t` that `wanted` picks; runs on for it, but not beyond `limit`.
    pub fn next_event(
        &mut self,
        t: Instant,
        limit: Instant,
        wanted: impl Fn(&Event) -> bool,
    ) -> Option<Event> {
        let picks = |event: &&Event| event.at > t && wanted(event);
        if t < self.oldest() {
            let mut found = None;
            self.thread.tell(self.thread.number_before(t), &mut |events| {
                found = events.iter().find(picks).cloned();
                found.is_none()
            });
            if found.is_some() {
                return found;
            }
        } else if let Some(event) = self.events.iter().find(picks) {
            return Some(event.clone());
        }
        while self.head() < limit {
            let Some(due) = self.next_at().filter(|due| *due <= limit) else { break };
            let seen = self.event_count();
            // What an action made due at its own instant happens when time goes on.
            self.advance_to(due.max(self.head() + Span(1)));
            if let Some(event) = self.events_since(seen).iter().find(picks) {
                return Some(event.clone());
            }
        }
        None
    }

    /// The last event before `t` that `wanted` picks.
    pub fn previous_event(&self, t: Instant, wanted: impl Fn(&Event) -> bool) -> Option<Event> {
        let picks = |event: &&Event| event.at < t && wanted(event);
        if let Some(event) = self.events.iter().rev().find(picks) {
            return Some(event.clone());
        }
        if self.first == 0 {
            return None;
        }
        // From checkpoint to checkpoint, each stretch up to where the later one began.
        let mut to = self.thread.number_before(t.min(self.oldest()));
        let mut until = u64::MAX;
        loop {
            let (mut found, mut number) = (None, to);
            self.thread.tell(to, &mut |events| {
                let left = usize::try_from(until - number).unwrap_or(usize::MAX);
                let events = &events[..events.len().min(left)];
                number += events.len() as u64;
                if let Some(event) = events.iter().rev().find(picks) {
                    found = Some(event.clone());
                }
                number < until && events.last().is_none_or(|last| last.at < t)
            });
            if found.is_some() || to == 0 {
                return found;
            }
            until = to;
            to = self.thread.number_before_event(to);
        }
    }

    /// The run as a value. A lesson that ships is named, another one is carried along.
    pub fn recording(&self) -> Recording {
        let lesson = self.lesson();
        Recording {
            rules: RULES,
            lesson: LessonRef::of(lesson),
            seed: self.seed(),
            commands: self.commands().to_vec(),
            until: self.head(),
            trace: self.trace(),
            beside: self
                .branches
                .iter()
                .map(|Branch { commands, until, forked_at, .. }| Beside {
                    commands: commands.clone(),
                    until: *until,
                    forked_at: *forked_at,
                })
                .collect(),
        }
    }

    /// The commands up to `t`.
    fn before(&self, t: Instant) -> &[Command] {
        let commands = self.commands();
        &commands[..commands.partition_point(|command| command.at <= t)]
    }

    fn mark(&self) -> Mark {
        Mark {
            commands: self.commands().to_vec(),
            until: self.head(),
            branches: self.branches.clone(),
        }
    }

    fn branch(&self, forked_at: Instant) -> Branch {
        Branch {
            commands: self.commands().to_vec(),
            until: self.head(),
            forked_at,
            outcome: self.progress().outcome(),
        }
    }

    fn go(&mut self, mark: Mark) {
        let mut events = Vec::new();
        let (from, _) = self.thread.rewrite(mark.commands, mark.until, u64::MAX, &mut events);
        self.branches = mark.branches;
        self.tell_again(from, events);
        self.look_beside();
    }

    /// Runs the futures that a recording left, for what they came to. Together they are no longer
    /// than a recording may be.
    fn repeat_beside(&mut self, beside: &[Beside]) {
        let mut left = LONGEST;
        for Beside { commands, until, forked_at } in beside {
            let lesson = Rc::clone(self.lesson());
            let Ok(mut other) = Thread::begin(lesson, self.seed(), &mut Vec::new()) else { return };
            other.rewrite(commands.clone(), *until, left, &mut Vec::new());
            left = left.saturating_sub(other.run.trace.events());
            self.branches.push(Branch {
                commands: other.commands,
                until: other.run.now(),
                forked_at: *forked_at,
                outcome: other.run.progress.outcome(),
            });
        }
        self.look_beside();
    }

    /// Lets the lesson see what came of the other futures.
    fn look_beside(&mut self) {
        let beside = self.branches.iter().map(|branch| branch.outcome.clone()).collect();
        let lesson = Rc::clone(self.lesson());
        self.thread.run.progress.see_beside(&lesson, beside);
    }

    /// The events from number `from` on are these now.
    fn tell_again(&mut self, from: u64, events: Vec<Event>) {
        self.kept = from;
        if from >= self.first {
            let old = self.events_since(from);
            self.kept += old.iter().zip(&events).take_while(|(a, b)| a == b).count() as u64;
            let keep = usize::try_from(from - self.first).unwrap_or(usize::MAX);
            self.events.truncate(keep);
            self.events.extend(events);
        } else {
            self.first = from;
            self.events = events;
        }
        self.revision = self.revision.wrapping_add(1);
        self.trim();
    }

    /// Forgets the oldest events at hand when there are too many.
    fn trim(&mut self) {
        if self.events.len() > self.at_hand {
            let drop = self.events.len() - self.at_hand / 4 * 3;
            self.events.drain(..drop);
            self.first += drop as u64;
        }
    }

    /// The instant of the oldest event at hand.
    fn oldest(&self) -> Instant {
        if self.first == 0 {
            return Instant::ZERO;
        }
        self.events.first().map_or(self.head(), |event| event.at)
    }
}
