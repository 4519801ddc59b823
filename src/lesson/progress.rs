//! What a run has made of a lesson: a fold over its events.

use super::{Button, Condition, Figure, Lesson, Step, Trigger, fact};
use crate::event::{
    Action, ConnectionId, Event, LabFact, LostReason, MessageId, Name, NodeId, NodeState, PartyId,
    Standing, System, What,
};
use crate::sim::{Instant, SortedMap, Span};

/// Whether what stands so counts as late where it is: it was handled, or still can be unasked.
/// What is lost is not late any more.
const fn may_be_late(standing: Standing) -> bool {
    matches!(standing, Standing::Delivered | Standing::OnItsWay | Standing::Waiting)
}

/// A message handled this long after it was sent is late even when its party was there. The
/// timeline's own limit is the same.
pub const LATE: Span = Span::from_secs(1);

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
    pub lost: SortedMap<LostReason, u64>,
    /// Refused to the sender.
    pub refused: u64,
    /// Handled once more within one reading.
    pub repeated: u64,
    /// Kept while the party was away, or handled more than [`LATE`] after they were sent; part of
    /// no sum.
    pub late: u64,
    /// Handled again because of a seek, a reset or a redrive; part of no sum.
    pub replayed: u64,
    /// What the party's account should hold, in its smallest unit.
    pub account_expected: u64,
    /// What it does hold.
    pub account_actual: u64,
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
    parties: SortedMap<PartyId, Party>,
    nodes: SortedMap<NodeId, Node>,
    /// The client of each open connection.
    connections: SortedMap<ConnectionId, NodeId>,
    /// Pairs that may still change, and whether they are late: what is handled or refused is
    /// only in the sums.
    open: SortedMap<(PartyId, MessageId), (Standing, bool)>,
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
    /// The figures of the futures that the reader has left.
    beside: Vec<Outcome>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    name: Name,
    system: System,
    sums: Sums,
    /// None of its processes runs with an open connection.
    away: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: Name,
    party: Option<PartyId>,
    running: bool,
    /// Connections that it opened and that stand.
    open: u32,
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
            condition.each(&mut |leaf| {
                if let Condition::Seen(trigger) = leaf {
                    triggers.push((trigger.clone(), 0, 0));
                }
            });
        }
        Self {
            parties: SortedMap::new(),
            nodes: SortedMap::new(),
            connections: SortedMap::new(),
            open: SortedMap::new(),
            laid: 0,
            done: Vec::new(),
            done_before: 0,
            triggers,
            now: Instant::ZERO,
            since: Instant::ZERO,
            ticks: vec![Vec::new(); lesson.steps.len()],
            answers: vec![None; lesson.steps.len()],
            failed: Vec::new(),
            beside: Vec::new(),
        }
    }

    /// The reader has left futures that came to these figures.
    pub fn see_beside(&mut self, lesson: &Lesson, beside: Vec<Outcome>) {
        if self.beside != beside {
            self.beside = beside;
            self.tick(lesson);
        }
    }

    /// Whether a condition of the lesson holds of the whole run up to here.
    pub fn says(&self, condition: &Condition) -> bool {
        self.holds(condition, false)
    }

    /// Takes the next event of the run.
    pub fn see(&mut self, lesson: &Lesson, event: &Event) {
        self.pass(lesson, event.at);
        // Most events are journeys along a wire: they change nothing that a condition asks for.
        if self.fold(lesson, event) {
            self.tick(lesson);
        }
    }

    /// Nothing more happens until `now`.
    pub fn pass(&mut self, lesson: &Lesson, now: Instant) {
        // A wait ends when its time is up, however late somebody looks.
        while let Some(due) = self.next_due(lesson).filter(|due| *due <= now) {
            self.now = due;
            self.tick(lesson);
        }
        self.now = self.now.max(now);
    }

    /// When the wait of the task whose turn it is will be over, if it is not over yet.
    fn next_due(&self, lesson: &Lesson) -> Option<Instant> {
        let step = self.step(lesson);
        let task = lesson.steps.get(step)?.tasks.get(self.ticks(step))?;
        let mut due: Option<Instant> = None;
        task.done.each(&mut |leaf| {
            if let Condition::Passed(span) = leaf {
                let at = self.since + *span;
                if at > self.now {
                    due = Some(due.map_or(at, |due| due.min(at)));
                }
            }
        });
        due
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
        Outcome {
            redis: self.sums(Some(System::Redis), None),
            kafka: self.sums(Some(System::Kafka), None),
        }
    }

    /// The figures, summed over the parties that match.
    pub fn sums(&self, system: Option<System>, party: Option<&str>) -> Sums {
        let mut total = Sums::default();
        self.matching(system, party).for_each(|sums| total.add(sums));
        total
    }

    fn matching<'a>(
        &'a self,
        system: Option<System>,
        party: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Sums> {
        let wanted = move |of: &&Party| {
            system.is_none_or(|s| s == of.system) && party.is_none_or(|p| *p == *of.name)
        };
        self.parties.values().filter(wanted).map(|party| &party.sums)
    }
}

impl Progress {
    /// Whether a condition may have changed.
    fn fold(&mut self, lesson: &Lesson, event: &Event) -> bool {
        let mut changed = true;
        match &event.what {
            What::Lab(LabFact::Commanded(action)) => {
                if lesson.topology.get(self.laid) == Some(action) {
                    self.laid += 1;
                } else {
                    self.done.push(action.clone());
                }
            }
            What::Lab(LabFact::NodeAdded { node, name, party, .. }) => {
                let (name, party) = (name.clone(), *party);
                self.nodes.insert(*node, Node { name, party, running: true, open: 0 });
                self.look_for(party);
            }
            What::Lab(LabFact::NodeChanged { node, state }) => {
                self.change(*node, |node| node.running = *state == NodeState::Running);
            }
            What::Lab(LabFact::Connected { connection, client, .. }) => {
                self.connections.insert(*connection, *client);
                self.change(*client, |node| node.open += 1);
            }
            What::Lab(LabFact::Disconnected { connection, .. }) => {
                if let Some(client) = self.connections.remove(connection) {
                    self.change(client, |node| node.open = node.open.saturating_sub(1));
                }
            }
            What::Lab(LabFact::PartyAdded { party, name, system }) => {
                let (name, system) = (name.clone(), *system);
                let new = Party { name, system, sums: Sums::default(), away: false };
                self.parties.insert(*party, new);
            }
            What::Lab(LabFact::Handled { party, repeated, replayed, .. }) => {
                if let Some(party) = self.parties.get_mut(party) {
                    party.sums.repeated += u64::from(*repeated);
                    party.sums.replayed += u64::from(*replayed);
                }
            }
            What::Lab(LabFact::Charged { party, expected, actual, .. }) => {
                if let Some(party) = self.parties.get_mut(party) {
                    party.sums.account_expected = *expected;
                    party.sums.account_actual = *actual;
                }
            }
            What::Lab(LabFact::Stands { message, party, standing, sent, .. }) => {
                let slow = event.at.since(*sent) > LATE;
                self.stand((*party, *message), *standing, slow);
            }
            _ => changed = false,
        }
        if self.triggers.is_empty() {
            return changed;
        }
        if let Some(fact) = fact::of(&event.what) {
            let nodes = &self.nodes;
            for (trigger, count, _) in &mut self.triggers {
                if fact.matches(trigger, |id| nodes.get(&id).map(|node| &*node.name)) {
                    *count += 1;
                    changed = true;
                }
            }
        }
        changed
    }

    fn change(&mut self, id: NodeId, change: impl Fn(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(&id) {
            change(node);
            let party = node.party;
            self.look_for(party);
        }
    }

    /// Whether a party is away. What waits for it when it goes is late.
    fn look_for(&mut self, id: Option<PartyId>) {
        let Some(id) = id else { return };
        let here = |node: &Node| node.party == Some(id) && node.running && node.open > 0;
        let away = !self.nodes.values().any(here);
        let Some(party) = self.parties.get_mut(&id) else { return };
        if std::mem::replace(&mut party.away, away) || !away {
            return;
        }
        let all = (id, MessageId(0))..=(id, MessageId(u64::MAX));
        // Only what changes is touched: checkpoints share the rest, all that was ever lost among it.
        let waits = |(standing, late): &(Standing, bool)| *standing == Standing::Waiting && !*late;
        self.open.change_where(all, waits, |_, (_, late)| {
            *late = true;
            party.sums.late += 1;
        });
    }

    fn stand(&mut self, pair: (PartyId, MessageId), standing: Standing, slow: bool) {
        let Some(Party { sums, away, .. }) = self.parties.get_mut(&pair.0) else { return };
        let (was_late, counted) = if let Some((before, late)) = self.open.remove(&pair) {
            sums.count(before, false);
            (late, late && may_be_late(before))
        } else {
            sums.expected += 1;
            (false, false)
        };
        sums.count(standing, true);
        let late = was_late
            || standing == Standing::Waiting && *away
            || standing == Standing::Delivered && slow;
        sums.late += u64::from(late && may_be_late(standing));
        sums.late -= u64::from(counted);
        if !matches!(standing, Standing::Delivered | Standing::Refused) {
            self.open.insert(pair, (standing, late));
        }
    }

    /// Ticks every task whose turn it is and whose condition holds.
    fn tick(&mut self, lesson: &Lesson) {
        for (index, step) in lesson.steps.iter().enumerate() {
            while let Some(task) = step.tasks.get(self.ticks(index)) {
                if !self.holds(&task.done, true) {
                    return;
                }
                self.ticks[index].push(self.now);
                self.since = self.now;
                self.done_before = self.done.len();
                for (_, count, before) in &mut self.triggers {
                    *before = *count;
                }
                if self.ticks(index) == step.tasks.len() {
                    self.decide(index, step);
                }
            }
        }
    }

    /// The step's tasks have ticked: which choice is right, and do the assertions hold?
    fn decide(&mut self, index: usize, step: &Step) {
        if let Some(prediction) = &step.prediction {
            let mut right = (0..prediction.choices.len())
                .filter(|choice| self.holds(&prediction.choices[*choice].when, false));
            let choice = right.next().filter(|_| right.next().is_none());
            self.answers[index] = Some(Answer { choice, at: self.now });
        }
        for (assertion, condition) in step.assertions.iter().enumerate() {
            if !self.holds(condition, false) {
                self.failed.push(Failure { step: index, assertion });
            }
        }
    }

    /// Whether a condition holds now: of what happened since the last tick, or in the whole run.
    fn holds(&self, condition: &Condition, since_tick: bool) -> bool {
        match condition {
            Condition::All(all) => all.iter().all(|one| self.holds(one, since_tick)),
            Condition::Any(any) => any.iter().any(|one| self.holds(one, since_tick)),
            Condition::Not(one) => !self.holds(one, since_tick),
            Condition::Done(action) => {
                let from = if since_tick { self.done_before } else { 0 };
                self.done[from..].contains(action)
            }
            Condition::Seen(trigger) => self.triggers.iter().any(|(known, count, before)| {
                let seen = if since_tick { count - before } else { *count };
                known == trigger && seen >= trigger.times
            }),
            Condition::Ledger { sum, is } => {
                let value: u64 = self
                    .matching(sum.system, sum.party.as_deref())
                    .map(|sums| sums.figure(sum.figure))
                    .sum();
                (is.least..=is.most).contains(&value)
            }
            Condition::Beside { sum, is } => self.beside.iter().any(|outcome| {
                (is.least..=is.most).contains(&outcome.sums(sum.system).figure(sum.figure))
            }),
            Condition::Passed(span) => {
                let from = if since_tick { self.since } else { Instant::ZERO };
                self.now.since(from) >= *span
            }
        }
    }
}

impl Outcome {
    /// The figures of one system, or of both together.
    fn sums(&self, system: Option<System>) -> Sums {
        let mut total = Sums::default();
        for (of, sums) in [(System::Redis, &self.redis), (System::Kafka, &self.kafka)] {
            if system.is_none_or(|wanted| wanted == of) {
                total.add(sums);
            }
        }
        total
    }
}

impl Sums {
    /// One figure.
    pub fn figure(&self, figure: Figure) -> u64 {
        match figure {
            Figure::Expected => self.expected,
            Figure::OnItsWay => self.on_its_way,
            Figure::Waiting => self.waiting,
            Figure::Delivered => self.delivered,
            Figure::Parked => self.parked,
            Figure::Lost => self.lost(),
            Figure::LostBecause(reason) => self.lost.get(&reason).copied().unwrap_or(0),
            Figure::Refused => self.refused,
            Figure::Repeated => self.repeated,
            Figure::Late => self.late,
            Figure::Replayed => self.replayed,
            Figure::AccountExpected => self.account_expected,
            Figure::AccountActual => self.account_actual,
        }
    }

    /// Lost for any reason.
    pub fn lost(&self) -> u64 {
        self.lost.values().sum()
    }

    /// Whether what is owed equals the sum of the standings.
    pub fn balances(&self) -> bool {
        let standings = self.on_its_way + self.waiting + self.delivered + self.parked;
        self.expected == standings + self.lost() + self.refused
    }

    fn count(&mut self, standing: Standing, more: bool) {
        let figure = match standing {
            Standing::OnItsWay => &mut self.on_its_way,
            Standing::Waiting => &mut self.waiting,
            Standing::Delivered => &mut self.delivered,
            Standing::Parked => &mut self.parked,
            Standing::Refused => &mut self.refused,
            Standing::Lost(reason) => self.lost.entry(reason).or_default(),
        };
        *figure = if more { *figure + 1 } else { figure.saturating_sub(1) };
        if let Standing::Lost(reason) = standing
            && self.lost.get(&reason) == Some(&0)
        {
            self.lost.remove(&reason);
        }
    }

    fn add(&mut self, other: &Self) {
        self.expected += other.expected;
        self.on_its_way += other.on_its_way;
        self.waiting += other.waiting;
        self.delivered += other.delivered;
        self.parked += other.parked;
        self.refused += other.refused;
        self.repeated += other.repeated;
        self.late += other.late;
        self.replayed += other.replayed;
        self.account_expected += other.account_expected;
        self.account_actual += other.account_actual;
        for (reason, count) in &other.lost {
            *self.lost.entry(*reason).or_default() += count;
        }
    }
}
