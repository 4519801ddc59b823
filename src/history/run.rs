//! A World with what has been seen of it, and the way back to any of its instants.

use super::Trace;
use crate::event::{Action, Command, Event, Refusal, System};
use crate::lab::{Score, World};
use crate::lesson::{Lesson, Progress};
use crate::sim::{Instant, Span};
use std::rc::Rc;

/// Events between two checkpoints, to begin with; doubled whenever there are too many of them.
const BETWEEN: u64 = 4_096;

/// More checkpoints than this are thinned to half.
const CHECKPOINTS: usize = 32;

/// How long the brokers of a lesson's cluster may take to find each other.
const FORMING: Span = Span::from_secs(10);

/// How far a World runs at most before somebody looks whether a checkpoint is due.
const STRIDE: Span = Span::from_millis(100);

/// A World at an instant, and what its events have come to.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) world: World,
    pub(super) progress: Progress,
    pub(super) trace: Trace,
    /// How many of the commands have been carried out.
    applied: usize,
}

/// The past of a run from a checkpoint on: where it stands now, and what it told on the way.
pub(super) struct Return {
    pub(super) run: Run,
    /// Events from number `from` on.
    pub(super) events: Vec<Event>,
    pub(super) from: u64,
}

impl Run {
    /// The lesson's World when its topology has been laid, with what that told: instant 0, unless
    /// there is a cluster, whose brokers register first.
    pub(super) fn begin(
        lesson: &Lesson,
        seed: u64,
        events: &mut Vec<Event>,
    ) -> Result<Self, (usize, Refusal)> {
        let mut run = Self {
            world: World::new(seed),
            progress: Progress::new(lesson),
            trace: Trace::default(),
            applied: 0,
        };
        for (index, action) in lesson.topology.iter().enumerate() {
            // The brokers of a cluster have found each other before anybody makes use of it.
            if !matches!(action, Action::AddController { .. } | Action::AddBroker { .. }) {
                run.form(lesson, events);
            }
            run.world.act(action.clone()).map_err(|refusal| (index, refusal))?;
        }
        run.take(lesson, events);
        Ok(run)
    }

    /// Lets time run until the cluster stands, or will not.
    fn form(&mut self, lesson: &Lesson, events: &mut Vec<Event>) {
        let limit = self.now() + FORMING;
        while !self.world.cluster_stands() && self.now() < limit {
            self.stride(lesson, limit, events);
        }
    }

    /// The scores of Redis and of Kafka.
    pub(super) fn scores(&self) -> [Score; 2] {
        [System::Redis, System::Kafka].map(|system| self.world.ledger().score(system))
    }

    pub(super) fn now(&self) -> Instant {
        self.world.now()
    }

    /// Where a stride ends: a quiet time is crossed at once.
    fn next_stride(&self) -> Instant {
        let due = self.world.next_at().unwrap_or(Instant::FAR);
        due.max(self.now() + STRIDE)
    }

    /// Runs on by at most a stride, but not beyond `t`.
    fn stride(&mut self, lesson: &Lesson, t: Instant, events: &mut Vec<Event>) {
        let goal = t.min(self.next_stride());
        self.world.advance_to(goal);
        self.take(lesson, events);
        self.progress.pass(lesson, goal);
    }

    pub(super) fn advance(&mut self, lesson: &Lesson, t: Instant, events: &mut Vec<Event>) {
        while self.now() < t {
            self.stride(lesson, t, events);
        }
    }

    pub(super) fn act(
        &mut self,
        lesson: &Lesson,
        action: Action,
        events: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        self.world.act(action)?;
        self.applied += 1;
        self.take(lesson, events);
        Ok(())
    }

    /// Carries out what is left of `commands` up to `t`, and stands there. A command that is
    /// refused now (it was not, under other rules) is counted as carried out.
    fn follow(
        &mut self,
        lesson: &Lesson,
        commands: &[Command],
        t: Instant,
        events: &mut Vec<Event>,
    ) {
        while let Some(command) = commands.get(self.applied).filter(|command| command.at <= t) {
            self.advance(lesson, command.at, events);
            if self.act(lesson, command.action.clone(), events).is_err() {
                self.applied += 1;
            }
        }
        self.advance(lesson, t, events);
    }

    fn take(&mut self, lesson: &Lesson, events: &mut Vec<Event>) {
        for event in self.world.take_events() {
            self.progress.see(lesson, &event);
            self.trace.see(&event);
            events.push(event);
        }
    }
}

/// A run with its commands and checkpoints.
#[derive(Clone)]
pub(super) struct Thread {
    pub(super) lesson: Rc<Lesson>,
    pub(super) seed: u64,
    pub(super) run: Run,
    pub(super) commands: Vec<Command>,
    /// In order of time; the first is the beginning and always stays.
    checkpoints: Vec<Run>,
    between: u64,
}

impl Thread {
    pub(super) fn begin(
        lesson: Rc<Lesson>,
        seed: u64,
        events: &mut Vec<Event>,
    ) -> Result<Self, (usize, Refusal)> {
        let run = Run::begin(&lesson, seed, events)?;
        let checkpoints = vec![run.clone()];
        Ok(Self { lesson, seed, run, commands: Vec::new(), checkpoints, between: BETWEEN })
    }

    /// Runs on to `t`.
    pub(super) fn advance(&mut self, t: Instant, events: &mut Vec<Event>) {
        while self.run.now() < t {
            self.run.stride(&self.lesson, t, events);
            self.keep();
        }
    }

    /// Acts at the head.
    pub(super) fn act(&mut self, action: Action, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let at = self.run.now();
        self.run.act(&self.lesson, action.clone(), events)?;
        self.commands.push(Command { at, action });
        Ok(())
    }

    /// Makes a checkpoint of the head when one is due.
    fn keep(&mut self) {
        let last = self.checkpoints.last().map_or(0, |last| last.trace.events());
        if self.run.trace.events() < last + self.between {
            return;
        }
        self.checkpoints.push(self.run.clone());
        if self.checkpoints.len() > CHECKPOINTS {
            let mut index = 0;
            self.checkpoints.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.between = self.between.saturating_mul(2);
        }
    }

    /// The last checkpoint from which `commands` lead on to `t`.
    fn checkpoint(&self, commands: &[Command], t: Instant) -> usize {
        let same = self.commands.iter().zip(commands).take_while(|(a, b)| a == b).count();
        let usable = |kept: &Run| {
            kept.now() <= t
                && kept.applied <= same
                && commands.get(kept.applied).is_none_or(|next| next.at >= kept.now())
        };
        self.checkpoints.iter().rposition(usable).unwrap_or(0)
    }

    /// How `commands` stand at `t`, run from a checkpoint of this thread's own.
    pub(super) fn at(&self, commands: &[Command], t: Instant) -> Return {
        self.run_on(self.checkpoint(commands, t), commands, t)
    }

    /// How this thread and `commands` stand at `t`, both run from the same checkpoint.
    pub(super) fn both_at(&self, commands: &[Command], t: Instant) -> (Return, Return) {
        let index = self.checkpoint(commands, t);
        let run = |commands| self.run_on(index, commands, t);
        (run(&self.commands), run(commands))
    }

    /// Tells the events from number `from` on again, some at a time, until `hear` answers false.
    pub(super) fn tell(&self, from: u64, hear: &mut dyn FnMut(&[Event]) -> bool) {
        let mut events = Vec::new();
        let kept = self.checkpoints.iter().rfind(|kept| kept.trace.events() <= from);
        let mut number = kept.map_or(0, |kept| kept.trace.events());
        let mut begin = || Run::begin(&self.lesson, self.seed, &mut events);
        let Some(mut run) = kept.cloned().or_else(|| begin().ok()) else { return };
        loop {
            let known = usize::try_from(from.saturating_sub(number)).unwrap_or(usize::MAX);
            let heard = hear(events.get(known..).unwrap_or(&[]));
            let done = run.now() >= self.run.now() && run.applied >= self.run.applied;
            if !heard || done {
                return;
            }
            events.clear();
            number = run.trace.events();
            let t = self.run.now().min(run.next_stride());
            run.follow(&self.lesson, &self.commands, t, &mut events);
        }
    }

    /// The number of an event before which nothing happened at `t` or later.
    pub(super) fn number_before(&self, t: Instant) -> u64 {
        let kept = self.checkpoints.iter().rfind(|kept| kept.now() < t);
        kept.map_or(0, |kept| kept.trace.events())
    }

    /// The number at which the last checkpoint before that event stands; 0 where none does.
    pub(super) fn number_before_event(&self, number: u64) -> u64 {
        let numbers = self.checkpoints.iter().map(|kept| kept.trace.events());
        numbers.rev().find(|kept| *kept < number).unwrap_or(0)
    }

    fn run_on(&self, index: usize, commands: &[Command], t: Instant) -> Return {
        let mut run = self.checkpoints[index].clone();
        let (from, mut events) = (run.trace.events(), Vec::new());
        run.follow(&self.lesson, commands, t, &mut events);
        Return { run, events, from }
    }

    /// Stands where `run` stands after `commands`, as [`Thread::at`] found it.
    pub(super) fn adopt(&mut self, run: Run, commands: Vec<Command>) {
        let last = self.checkpoint(&commands, run.now());
        self.checkpoints.truncate(last + 1);
        self.run = run;
        self.commands = commands;
    }

    /// Takes other commands and stands at `t`, or where `most` events have happened. Gives the
    /// number of the first event that was told again, and the commands that were refused.
    pub(super) fn rewrite(
        &mut self,
        commands: Vec<Command>,
        t: Instant,
        most: u64,
        events: &mut Vec<Event>,
    ) -> (u64, Vec<(Command, Refusal)>) {
        let last = self.checkpoint(&commands, t);
        self.checkpoints.truncate(last + 1);
        self.run = self.checkpoints[last].clone();
        let from = self.run.trace.events();
        let mut refused = Vec::new();
        let lesson = self.lesson.clone();
        loop {
            let next = commands.get(self.run.applied).filter(|next| next.at <= t);
            let goal = next.map_or(t, |next| next.at);
            while self.run.now() < goal && self.run.trace.events() < most {
                self.run.stride(&lesson, goal, events);
                self.keep();
            }
            let Some(next) = next.filter(|_| self.run.now() >= goal) else { break };
            if let Err(refusal) = self.run.act(&lesson, next.action.clone(), events) {
                self.run.applied += 1;
                refused.push((next.clone(), refusal));
            }
        }
        self.commands = commands;
        self.commands.truncate(self.run.applied);
        (from, refused)
    }
}
