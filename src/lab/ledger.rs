//! The ledger: where each message stands with each party.
//!
//! *expected = the sum of the standings* holds per party after every change, because a pair is
//! counted in exactly one place and moved, never added twice. Knows no engine: `lab/` tells it
//! what happened.

use super::latency::Latency;
use crate::event::{LostReason, MessageId, Name, PartyId, Standing, System};
use crate::sim::{Instant, SortedMap};

/// All parties and what they are owed.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    parties: SortedMap<PartyId, Party>,
    scores: [Score; 2],
    open: SortedMap<MessageId, Owed>,
}

/// Who should get messages, and the sums of its standings.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its name: of the subscriber or of the group.
    pub name: Name,
    /// The system that owes it.
    pub system: System,
    sums: SortedMap<Standing, u64>,
    expected: u64,
    repeated: u64,
    replayed: u64,
    latency: Latency,
}

impl Party {
    /// Messages owed so far.
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// Deliveries beyond the first of a message within one reading.
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Deliveries in a further reading that somebody asked for.
    pub fn replayed(&self) -> u64 {
        self.replayed
    }

    /// Times from send to the first time handled.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// Messages with this standing.
    pub fn count(&self, standing: Standing) -> u64 {
        self.sums.get(&standing).copied().unwrap_or(0)
    }

    /// Every standing that some message has, with its count.
    pub fn sums(&self) -> impl Iterator<Item = (Standing, u64)> + '_ {
        self.sums.iter().map(|(&standing, &count)| (standing, count))
    }

    /// Messages lost for whatever reason.
    pub fn lost(&self) -> u64 {
        self.sums()
            .filter(|(standing, _)| matches!(standing, Standing::Lost(_)))
            .map(|(_, n)| n)
            .sum()
    }
}

/// A lane's messages, each once, by its worst standing with any party that is owed it; with no
/// party it stands for *nobody*: lost in Pub/Sub, waiting where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Score {
    /// Owed to somebody, or sent to nobody.
    pub expected: u64,
    counts: [u64; Standing::RANKS],
}

impl Score {
    /// Messages that stand like this with the party that is worst off; of the lost ones all,
    /// whatever the reason.
    pub fn count(&self, standing: Standing) -> u64 {
        self.counts[standing.rank()]
    }

    fn moved(&mut self, before: Option<usize>, after: Option<usize>) {
        match before {
            Some(before) => self.counts[before] -= 1,
            None => self.expected += u64::from(after.is_some()),
        }
        if let Some(after) = after {
            self.counts[after] += 1;
        }
    }
}

/// How many parties of a lane a message stands with, by rank.
type Tally = [u16; Standing::RANKS];

fn worst(tally: &Tally) -> Option<usize> {
    tally.iter().rposition(|count| *count > 0)
}

#[derive(Clone, Debug)]
struct Owed {
    sent: Instant,
    lanes: [Tally; 2],
    /// How it stands in a lane in which no party is owed it.
    nobody: [Option<Standing>; 2],
    standings: Vec<(PartyId, Standing)>,
    /// Copies in logs; while there is one, the message can be read again.
    stored: u32,
}

/// A change of standing that the ledger accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When the message was sent.
    pub sent: Instant,
}

impl Ledger {
    /// Adds a party that is owed what is opened for it from now on.
    pub fn add_party(&mut self, id: PartyId, name: Name, system: System) {
        let party = Party {
            name,
            system,
            sums: SortedMap::new(),
            expected: 0,
            repeated: 0,
            replayed: 0,
            latency: Latency::default(),
        };
        self.parties.insert(id, party);
    }

    /// The parties in the order they were added.
    pub fn parties(&self) -> impl Iterator<Item = (PartyId, &Party)> {
        self.parties.iter().map(|(&id, party)| (id, party))
    }

    /// One party.
    pub fn party(&self, id: PartyId) -> Option<&Party> {
        self.parties.get(&id)
    }

    /// A lane's messages, each once.
    pub fn score(&self, system: System) -> Score {
        self.scores[system.index()]
    }

    /// A message was sent and is owed to `parties`; with each it is on its way. In a lane in which
    /// it is owed to none it stands for `nobody`, where it was sent there at all.
    pub fn open(
        &mut self,
        message: MessageId,
        sent: Instant,
        parties: &[PartyId],
        mut nobody: [Option<Standing>; 2],
    ) {
        let mut lanes = [Tally::default(); 2];
        let standings: Vec<_> = parties.iter().map(|&id| (id, Standing::OnItsWay)).collect();
        for id in parties {
            if let Some(party) = self.parties.get_mut(id) {
                party.expected += 1;
                *party.sums.entry(Standing::OnItsWay).or_default() += 1;
                lanes[party.system.index()][Standing::OnItsWay.rank()] += 1;
            }
        }
        for ((tally, nobody), score) in lanes.iter_mut().zip(&mut nobody).zip(&mut self.scores) {
            if worst(tally).is_some() {
                *nobody = None;
            } else if let Some(standing) = nobody {
                tally[standing.rank()] += 1;
            }
            score.moved(None, worst(tally));
        }
        self.open.insert(message, Owed { sent, lanes, nobody, standings, stored: 0 });
    }

    /// The standing of a message with a party; none when it is not owed or already folded.
    pub fn standing(&self, message: MessageId, party: PartyId) -> Option<Standing> {
        let owed = self.open.get(&message)?;
        owed.standings.iter().find(|(id, _)| *id == party).map(|(_, standing)| *standing)
    }

    /// A party is owed a message that was sent before: it begins to read there. Whether that is
    /// new; the message must not be folded.
    pub fn admit(&mut self, message: MessageId, id: PartyId) -> bool {
        let Some(owed) = self.open.get_mut(&message) else { return false };
        let Some(party) = self.parties.get_mut(&id) else { return false };
        if owed.standings.iter().any(|(known, _)| *known == id) {
            return false;
        }
        owed.standings.push((id, Standing::OnItsWay));
        party.expected += 1;
        *party.sums.entry(Standing::OnItsWay).or_default() += 1;
        let lane = party.system.index();
        let before = worst(&owed.lanes[lane]);
        if let Some(nobody) = owed.nobody[lane].take() {
            owed.lanes[lane][nobody.rank()] -= 1;
        }
        owed.lanes[lane][Standing::OnItsWay.rank()] += 1;
        self.scores[lane].moved(before, worst(&owed.lanes[lane]));
        true
    }

    /// Where a message stands with everybody it is owed to; empty when it is folded.
    pub fn standings(&self, message: MessageId) -> Vec<(PartyId, Standing)> {
        self.open.get(&message).map_or_else(Vec::new, |owed| owed.standings.clone())
    }

    /// The messages that a party is still owed.
    pub fn open_for(&self, party: PartyId) -> Vec<MessageId> {
        let owed = |standings: &[(PartyId, Standing)]| {
            standings
                .iter()
                .any(|(id, s)| *id == party && matches!(s, Standing::OnItsWay | Standing::Waiting))
        };
        let open = self.open.iter().filter(|(_, open)| owed(&open.standings));
        open.map(|(&message, _)| message).collect()
    }

    /// Where every message that is not folded stands with each of its parties.
    pub fn all_standings(&self) -> impl Iterator<Item = ((MessageId, PartyId), Standing)> + '_ {
        self.open.iter().flat_map(|(&message, owed)| {
            owed.standings.iter().map(move |&(party, standing)| ((message, party), standing))
        })
    }

    /// Moves a pair to another standing. None when the message is not owed to this party or
    /// already stands there: nothing changed.
    pub fn settle(
        &mut self,
        now: Instant,
        message: MessageId,
        party: PartyId,
        to: Standing,
    ) -> Option<Change> {
        let owed = self.open.get_mut(&message)?;
        let (_, standing) = owed.standings.iter_mut().find(|(id, _)| *id == party)?;
        if *standing == to {
            return None;
        }
        let from = std::mem::replace(standing, to);
        let party = self.parties.get_mut(&party)?;
        let tally = &mut owed.lanes[party.system.index()];
        let before = worst(tally);
        tally[from.rank()] -= 1;
        tally[to.rank()] += 1;
        self.scores[party.system.index()].moved(before, worst(tally));
        if to == Standing::Delivered {
            party.latency.record(now.since(owed.sent));
        }
        let sums = &mut party.sums;
        if let Some(count) = sums.get_mut(&from) {
            *count -= 1;
            if *count == 0 {
                sums.remove(&from);
            }
        }
        *sums.entry(to).or_default() += 1;
        Some(Change { sent: owed.sent })
    }

    /// The party handled a message that it had handled before: in this reading, or in a further
    /// one that somebody asked for.
    pub fn again(&mut self, party: PartyId, replayed: bool) {
        if let Some(party) = self.parties.get_mut(&party) {
            *(if replayed { &mut party.replayed } else { &mut party.repeated }) += 1;
        }
    }

    /// A log took (`true`) or dropped (`false`) a copy.
    pub fn stored(&mut self, message: MessageId, kept: bool) {
        if let Some(owed) = self.open.get_mut(&message) {
            owed.stored = if kept { owed.stored + 1 } else { owed.stored.saturating_sub(1) };
            // What waited for nobody is gone with its last copy.
            let lane = System::Kafka.index();
            if owed.stored == 0 && owed.nobody[lane] == Some(Standing::Waiting) {
                let before = worst(&owed.lanes[lane]);
                let lost = Standing::Lost(LostReason::Retention);
                owed.nobody[lane] = Some(lost);
                owed.lanes[lane][Standing::Waiting.rank()] -= 1;
                owed.lanes[lane][lost.rank()] += 1;
                self.scores[lane].moved(before, worst(&owed.lanes[lane]));
            }
        }
    }

    /// Forgets the message when nothing can change any more: every party is settled and no log
    /// holds it. Its counts stay. Answers whether it did.
    pub fn fold(&mut self, message: MessageId) -> bool {
        let done = self.open.get(&message).is_some_and(|owed| {
            owed.stored == 0
                && owed.standings.iter().all(|(_, s)| {
                    // A producer without its acknowledgement may still send it again.
                    !matches!(s, Standing::OnItsWay | Standing::Waiting | Standing::Parked)
                        && !s.is_lost_by_replicas()
                })
        });
        if done {
            self.open.remove(&message);
        }
        done
    }

    /// The messages that are not folded, in order.
    pub fn messages(&self) -> Vec<MessageId> {
        self.open.keys().copied().collect()
    }

    /// Messages that are not folded.
    pub fn open_messages(&self) -> usize {
        self.open.len()
    }

    /// Whether what every party is owed equals the sum of its standings.
    pub fn balances(&self) -> bool {
        self.parties
            .values()
            .all(|party| party.expected == party.sums().map(|(_, n)| n).sum::<u64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_pair_stands_in_one_place() {
        let mut ledger = Ledger::default();
        let (email, billing) = (PartyId(0), PartyId(1));
        ledger.add_party(email, "email".into(), System::Redis);
        ledger.add_party(billing, "billing".into(), System::Redis);
        let message = MessageId(1);
        ledger.open(message, Instant::ZERO, &[email, billing], [None; 2]);
        assert!(ledger.settle(Instant::ZERO, message, email, Standing::Delivered).is_some());
        assert!(ledger.settle(Instant::ZERO, message, email, Standing::Delivered).is_none());
        ledger.fold(message);
        assert_eq!(ledger.open_messages(), 1, "billing is not settled");
        let lost = Standing::Lost(LostReason::NotConnected);
        assert!(ledger.settle(Instant::ZERO, message, billing, lost).is_some());
        assert!(ledger.balances());
        ledger.fold(message);
        assert_eq!(ledger.open_messages(), 0);
        assert!(ledger.balances(), "folding keeps the counts");
        assert_eq!(ledger.party(billing).map(Party::lost), Some(1));
        assert_eq!(ledger.party(email).map(Party::lost), Some(0));
    }

    #[test]
    fn what_a_log_holds_is_not_folded() {
        let mut ledger = Ledger::default();
        ledger.add_party(PartyId(0), "billing".into(), System::Kafka);
        ledger.open(MessageId(1), Instant::ZERO, &[PartyId(0)], [None; 2]);
        ledger.stored(MessageId(1), true);
        ledger.settle(Instant::ZERO, MessageId(1), PartyId(0), Standing::Delivered);
        ledger.fold(MessageId(1));
        assert_eq!(ledger.open_messages(), 1);
        ledger.stored(MessageId(1), false);
        ledger.fold(MessageId(1));
        assert_eq!(ledger.open_messages(), 0);
    }

    #[test]
    fn a_lane_counts_a_message_once_by_its_worst_standing() {
        let mut ledger = Ledger::default();
        let (email, billing, group) = (PartyId(0), PartyId(1), PartyId(2));
        ledger.add_party(email, "email".into(), System::Redis);
        ledger.add_party(billing, "billing".into(), System::Redis);
        let lost = Standing::Lost(LostReason::NotSubscribed);
        let (first, second, waiting) = (MessageId(1), MessageId(2), Standing::Waiting);
        let nobody = [Some(lost), Some(waiting)];
        ledger.open(first, Instant::ZERO, &[email, billing], nobody);
        ledger.open(second, Instant::ZERO, &[], nobody);
        ledger.settle(Instant::ZERO, first, email, Standing::Delivered);
        let redis = ledger.score(System::Redis);
        assert_eq!((redis.expected, redis.count(Standing::Delivered)), (2, 0), "billing has not");
        assert_eq!((redis.count(Standing::OnItsWay), redis.count(lost)), (1, 1));
        ledger.settle(Instant::ZERO, first, billing, Standing::Delivered);
        assert_eq!(ledger.score(System::Redis).count(Standing::Delivered), 1);
        // In the log both wait for whoever may come.
        assert_eq!(ledger.score(System::Kafka).count(waiting), 2);
        ledger.add_party(group, "billing".into(), System::Kafka);
        assert!(ledger.admit(first, group));
        let kafka = ledger.score(System::Kafka);
        assert_eq!((kafka.count(waiting), kafka.count(Standing::OnItsWay)), (1, 1));
        ledger.stored(second, true);
        ledger.stored(second, false);
        let kafka = ledger.score(System::Kafka);
        assert_eq!((kafka.expected, kafka.count(waiting), kafka.count(lost)), (2, 0, 1));
    }
}
