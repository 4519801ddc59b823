//! Where the messages of each party stand, at any instant.

use super::Steps;
use super::lane::{Lane, may_be_late};
use crate::event::{LostReason, MessageId, Name, NodeId, PartyId, Standing, System};
use crate::sim::{Instant, SortedMap, SortedSet, Span};

/// Standings at an instant, counted: of one party's messages, or of a lane's messages, each by
/// its worst standing with any party.
/// `expected = on_its_way + waiting + delivered + parked + lost + refused`, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sums {
    /// Owed.
    pub expected: u32,
    /// Sent, and neither stored nor begun to be delivered.
    pub on_its_way: u32,
    /// Kept.
    pub waiting: u32,
    /// Handled.
    pub delivered: u32,
    /// Dead-lettered.
    pub parked: u32,
    /// Gone.
    pub lost: u32,
    /// The sender got an error.
    pub refused: u32,
    /// Extra deliveries within one reading; part of no sum.
    pub repeated: u32,
    /// Handled again because somebody asked for a further reading; part of no sum.
    pub replayed: u32,
    /// Of those that are handled, waiting or on their way: kept while the party was away, or
    /// handled more than [`LATE`] after they were sent. What is lost is not late any more. Part of
    /// no sum.
    pub late: u32,
}

/// A message handled this long after it was sent is late even when its party was there.
pub const LATE: Span = Span::from_secs(1);

/// What an application sent, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its identity.
    pub id: MessageId,
    /// The producer's count, from 1.
    pub number: u32,
    /// Its key.
    pub key: Option<Name>,
    /// The colour of its key, 0 to 7: the place of the key in order of first appearance.
    pub colour: Option<u8>,
    /// Who sent it.
    pub producer: NodeId,
    /// When.
    pub sent: Instant,
    /// Bytes of its value.
    pub bytes: u32,
}

/// Who should get messages.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its identity.
    pub id: PartyId,
    /// Its name: of the subscriber or of the group.
    pub name: Name,
    /// The system that owes it.
    pub system: System,
    /// Since when messages are owed to it.
    pub added: Instant,
    /// Whether none of its processes is there to read; since when is the step's instant.
    pub away: Steps<bool>,
    /// What the account table of its handler should hold and does hold, where it has one.
    pub account: Steps<(u64, u64)>,
    sums: Steps<Sums>,
    /// Where each stands, since when, and whether it is late.
    standings: SortedMap<MessageId, (Standing, Instant, bool)>,
    /// Where messages stood before the oldest event at hand, of those that one at hand moved.
    before: SortedMap<MessageId, Standing>,
    lost: Vec<Loss>,
    /// What it lost for good and is not in `lost` any more, by reason.
    lost_before: Vec<(LostReason, usize)>,
    first_handled: SortedMap<MessageId, Instant>,
    waiting_in: SortedMap<usize, Steps<u32>>,
    /// The log in which each waiting message is counted.
    waits: SortedMap<MessageId, usize>,
    /// What it copies to a retry topic and has not stored there yet.
    retried: SortedSet<MessageId>,
}

/// Messages that are known because a party lost them, however long ago.
const LOST: usize = 64;

/// What a party has lost for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The reason.
    pub reason: LostReason,
    /// How many messages.
    pub count: usize,
    /// Those that are at hand, in order of loss.
    pub messages: Vec<MessageId>,
}

/// A message that was lost, until something reopened it.
#[derive(Clone, Debug)]
struct Loss {
    at: Instant,
    until: Instant,
    reason: LostReason,
    message: MessageId,
}

impl Sums {
    pub(super) fn count(&mut self, standing: Standing) -> &mut u32 {
        match standing {
            Standing::OnItsWay => &mut self.on_its_way,
            Standing::Waiting => &mut self.waiting,
            Standing::Delivered => &mut self.delivered,
            Standing::Parked => &mut self.parked,
            Standing::Lost(_) => &mut self.lost,
            Standing::Refused => &mut self.refused,
        }
    }
}

impl Party {
    /// Where its messages stand at `t`.
    pub fn sums(&self, t: Instant) -> Sums {
        self.sums.value(t)
    }

    /// What it has lost by `t`, by reason in order of first loss.
    pub fn lost(&self, t: Instant) -> Vec<Lost> {
        let before = self.lost_before.iter();
        let before = before.map(|(reason, count)| Lost {
            reason: *reason,
            count: *count,
            messages: Vec::new(),
        });
        let mut all: Vec<Lost> = before.collect();
        let end = self.lost.partition_point(|loss| loss.at <= t);
        for Loss { reason, message, .. } in self.lost[..end].iter().filter(|loss| t < loss.until) {
            if let Some(lost) = all.iter_mut().find(|lost| lost.reason == *reason) {
                lost.count += 1;
                lost.messages.push(*message);
            } else {
                all.push(Lost { reason: *reason, count: 1, messages: vec![*message] });
            }
        }
        all
    }

    /// What it lost last: a picture shows those.
    pub(super) fn newest_lost(&self) -> impl Iterator<Item = MessageId> {
        self.lost.iter().rev().take(LOST).map(|loss| loss.message)
    }

    /// Where a message stood before the oldest event at hand, or stands where none moved it.
    pub(super) fn stood(&self, message: MessageId, moved: bool) -> Option<Standing> {
        let now =
            || self.standings.get(&message).filter(|_| !moved).map(|(standing, ..)| *standing);
        self.before.get(&message).copied().or_else(now)
    }

    fn forget(
        &mut self,
        begin: Instant,
        before: SortedMap<MessageId, Standing>,
        finished: &dyn Fn(MessageId) -> bool,
    ) {
        self.before = before;
        self.away.forget(begin);
        self.account.forget(begin);
        self.sums.forget(begin);
        self.waiting_in.values_mut().for_each(|steps| steps.forget(begin));
        self.waiting_in.retain(|_, steps| steps.newest() > 0 || steps.changed() > begin);
        self.standings.retain(|message, _| !finished(*message));
        self.first_handled.retain(|message, _| !finished(*message));
        self.lost.retain(|loss| {
            let closed = loss.until <= begin;
            let gone = !closed && finished(loss.message);
            if gone {
                match self.lost_before.iter_mut().find(|(reason, _)| *reason == loss.reason) {
                    Some((_, count)) => *count += 1,
                    None => self.lost_before.push((loss.reason, 1)),
                }
            }
            !closed && !gone
        });
    }

    /// Whether its handler had finished with the message by `t`.
    pub fn had(&self, message: MessageId, t: Instant) -> bool {
        self.first_handled.get(&message).is_some_and(|at| *at <= t)
    }

    /// A message waits for it in this log from now on, and in no other.
    fn wait_in(&mut self, at: Instant, message: MessageId, log: Option<usize>) {
        let before = match log {
            Some(log) => self.waits.insert(message, log),
            None => self.waits.remove(&message),
        };
        if let Some(before) = before {
            let waiting = self.waiting_in.entry(before).or_default();
            let less = waiting.newest().saturating_sub(1);
            waiting.set(at, less);
        }
        if let Some(log) = log {
            let waiting = self.waiting_in.entry(log).or_default();
            let more = waiting.newest() + 1;
            waiting.set(at, more);
        }
    }

    /// How many messages of the `log`-th log wait for it at `t`.
    pub fn waiting_in(&self, log: usize, t: Instant) -> u32 {
        self.waiting_in.get(&log).map_or(0, |steps| steps.value(t))
    }
}

/// The ledgers of all parties and lanes.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    pub(super) parties: Vec<Party>,
    index: SortedMap<PartyId, usize>,
    lanes: [Lane; 2],
    /// Events before it are not at hand.
    begin: Instant,
}

impl Ledger {
    pub(super) fn party(&self, id: PartyId) -> Option<&Party> {
        self.index.get(&id).map(|i| &self.parties[*i])
    }

    pub(super) fn lane(&self, system: System, t: Instant) -> Sums {
        self.lanes[system.index()].sums.value(t)
    }

    /// How many messages of a lane count as lost at `t`, by reason in order of first loss, and
    /// whether nobody was owed them. Together they are the lane's `lost`.
    pub(super) fn lane_lost(
        &self,
        system: System,
        t: Instant,
    ) -> impl Iterator<Item = (LostReason, bool, u32)> {
        let all = self.lanes[system.index()].reasons.iter();
        let all = all.map(move |(reason, nobody, count)| (*reason, *nobody, count.value(t)));
        all.filter(|(_, _, count)| *count > 0)
    }

    /// How the messages of a lane stand at `t` that no party is owed.
    pub(super) fn nobody(
        &self,
        system: System,
        t: Instant,
    ) -> impl Iterator<Item = (MessageId, Standing)> {
        let all = self.lanes[system.index()].nobody.iter();
        all.filter_map(move |(message, steps)| Some((*message, steps.value(t)?)))
    }

    /// Whether a message is kept in a lane for whoever may come.
    pub(super) fn waits_for_nobody(&self, system: System, message: MessageId) -> bool {
        self.lanes[system.index()].for_nobody(message) == Some(Standing::Waiting)
    }

    /// A message came to a system in which no party is owed it: it stands so for nobody. Says
    /// nothing where a party is owed it.
    pub(super) fn stands_for_nobody(
        &mut self,
        at: Instant,
        system: System,
        message: MessageId,
        standing: Standing,
    ) {
        let lane = &mut self.lanes[system.index()];
        let old = lane.for_nobody(message);
        if old == Some(standing) || old.is_none() && lane.knows(message) {
            return;
        }
        lane.change(at, message, (old, standing), false, true);
        lane.nobody.entry(message).or_default().set(at, Some(standing));
    }

    pub(super) fn add(&mut self, at: Instant, id: PartyId, name: &Name, system: System) {
        self.index.insert(id, self.parties.len());
        self.parties.push(Party {
            id,
            name: name.clone(),
            system,
            added: at,
            away: Steps::default(),
            account: Steps::default(),
            sums: Steps::default(),
            standings: SortedMap::new(),
            before: SortedMap::new(),
            lost: Vec::new(),
            lost_before: Vec::new(),
            first_handled: SortedMap::new(),
            waiting_in: SortedMap::new(),
            waits: SortedMap::new(),
            retried: SortedSet::new(),
        });
    }

    /// Forgets what held before `begin`, and the messages that are `finished`. Beside each party
    /// stands where its messages stood then.
    pub(super) fn forget(
        &mut self,
        begin: Instant,
        before: Vec<SortedMap<MessageId, Standing>>,
        finished: &dyn Fn(MessageId) -> bool,
    ) {
        self.begin = begin;
        for (party, before) in self.parties.iter_mut().zip(before) {
            party.forget(begin, before, finished);
        }
        for lane in &mut self.lanes {
            lane.forget(begin, finished);
        }
    }

    /// Whether nothing can change where a message stands with anybody while no log holds it.
    pub(super) fn is_settled(&self, message: MessageId) -> bool {
        self.parties.iter().all(|party| {
            let standing = party.standings.get(&message);
            standing.is_none_or(|(standing, ..)| match standing {
                Standing::OnItsWay | Standing::Waiting | Standing::Parked => false,
                // A producer without its acknowledgement may still send it again.
                Standing::Lost(reason) => *reason != LostReason::Replication,
                Standing::Delivered | Standing::Refused => true,
            })
        })
    }

    /// The party is away from now on, or back. What waits for it then is late.
    pub(super) fn set_away(&mut self, at: Instant, id: PartyId, away: bool) {
        let Some(party) = self.index.get(&id).map(|i| &mut self.parties[*i]) else { return };
        if party.away.newest() == away {
            return;
        }
        party.away.set(at, away);
        if !away {
            return;
        }
        let mut sums = party.sums.newest();
        let lane = &mut self.lanes[party.system.index()];
        let waits = |(standing, _, late): &(Standing, Instant, bool)| {
            *standing == Standing::Waiting && !*late
        };
        party.standings.change_where(.., waits, |message, (standing, _, late)| {
            *late = true;
            sums.late += 1;
            // Same standing again: only its lateness is new.
            lane.change(at, *message, (Some(*standing), *standing), true, false);
        });
        party.sums.set(at, sums);
    }

    /// A party gives a message to a retry topic.
    pub(super) fn retries(&mut self, id: PartyId, message: MessageId) {
        if let Some(party) = self.index.get(&id).map(|i| &mut self.parties[*i]) {
            party.retried.insert(message);
        }
    }

    /// A copy was stored: who gave it to a retry topic waits for it there.
    pub(super) fn stored(&mut self, at: Instant, message: MessageId, log: usize) {
        for party in &mut self.parties {
            if party.retried.remove(&message) && party.waits.contains_key(&message) {
                party.wait_in(at, message, Some(log));
            }
        }
    }

    /// A standing changed. `stored` is the log that keeps the message, where one does.
    pub(super) fn stands(
        &mut self,
        at: Instant,
        id: PartyId,
        message: MessageId,
        standing: Standing,
        sent: Instant,
        stored: Option<usize>,
    ) {
        let Some(party) = self.index.get(&id).map(|i| &mut self.parties[*i]) else { return };
        let (old, was_late) = match party.standings.get(&message) {
            Some((old, since, late)) => {
                if *since < self.begin {
                    party.before.insert(message, *old);
                }
                (Some(*old), *late)
            }
            None => (None, false),
        };
        let late = was_late
            || standing == Standing::Waiting && party.away.newest()
            || standing == Standing::Delivered && at.since(sent) > LATE;
        let mut sums = party.sums.newest();
        match old {
            Some(old) => *sums.count(old) -= 1,
            None => sums.expected += 1,
        }
        *sums.count(standing) += 1;
        let counted = u32::from(was_late && old.is_some_and(may_be_late));
        sums.late = sums.late + u32::from(late && may_be_late(standing)) - counted;
        party.sums.set(at, sums);
        party.standings.insert(message, (standing, at, late));
        // Copies may lie elsewhere by now: it leaves the log that it was counted in.
        match standing {
            Standing::Waiting if party.waits.contains_key(&message) => {}
            Standing::Waiting => party.wait_in(at, message, stored),
            _ => party.wait_in(at, message, None),
        }
        if let Some(Standing::Lost(_)) = old {
            let open = |loss: &&mut Loss| loss.message == message && loss.until == Instant::FAR;
            if let Some(loss) = party.lost.iter_mut().rev().find(open) {
                loss.until = at;
            }
        }
        if let Standing::Lost(reason) = standing {
            party.lost.push(Loss { at, until: Instant::FAR, reason, message });
        }
        let lane = &mut self.lanes[party.system.index()];
        // From now on somebody is owed it.
        let nobody = lane.for_nobody(message);
        if nobody.is_some()
            && let Some(steps) = lane.nobody.get_mut(&message)
        {
            steps.set(at, None);
        }
        lane.change(at, message, (old.or(nobody), standing), late, false);
    }

    pub(super) fn charged(&mut self, at: Instant, id: PartyId, expected: u64, actual: u64) {
        if let Some(party) = self.index.get(&id).map(|i| &mut self.parties[*i]) {
            party.account.set(at, (expected, actual));
        }
    }

    /// A handler finished: for the first time, once more in the same reading (`again`), or in a
    /// further one (`replayed`).
    pub(super) fn handled(
        &mut self,
        at: Instant,
        id: PartyId,
        message: MessageId,
        (again, replayed): (bool, bool),
    ) {
        let Some(party) = self.index.get(&id).map(|i| &mut self.parties[*i]) else { return };
        party.first_handled.entry(message).or_insert(at);
        if again || replayed {
            let lane = &mut self.lanes[party.system.index()].sums;
            for steps in [&mut party.sums, lane] {
                let mut sums = steps.newest();
                sums.repeated += u32::from(again);
                sums.replayed += u32::from(replayed);
                steps.set(at, sums);
            }
        }
    }
}
