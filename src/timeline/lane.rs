//! A lane's score: each message once, by its worst standing with any party, or with *nobody* where
//! no party is owed it.

use super::{Steps, Sums};
use crate::event::{LostReason, MessageId, Standing};
use crate::sim::{Instant, SortedMap};

/// A lane's ledger: each message once, by its worst standing.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    pub(super) sums: Steps<Sums>,
    tally: SortedMap<MessageId, Tally>,
    /// How many of the lost ones were lost why, in order of first loss. Whether nobody was owed
    /// them is a reason of its own.
    pub(super) reasons: Vec<(LostReason, bool, Steps<u32>)>,
    /// How what no party is owed stands for *nobody*; none where a party came to be owed it.
    pub(super) nobody: SortedMap<MessageId, Steps<Option<Standing>>>,
}

/// Where one message stands in a lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// How many parties by rank of standing.
    ranks: [u16; Standing::RANKS],
    /// Whether it is late for any.
    late: bool,
    /// The place among the lane's reasons of the one for which it counts as lost.
    lost: Option<u8>,
}

/// From best to worst; a lane counts a message by the worst.
const RANKED: [Standing; Standing::RANKS] = [
    Standing::Delivered,
    Standing::OnItsWay,
    Standing::Waiting,
    Standing::Parked,
    Standing::Refused,
    Standing::Lost(LostReason::NotConnected),
];

/// Whether what stands so can be late: it was handled, or still can be unasked.
pub(super) const fn may_be_late(standing: Standing) -> bool {
    matches!(standing, Standing::Delivered | Standing::OnItsWay | Standing::Waiting)
}

impl Lane {
    /// Whether the lane knows the message: a party is owed it, or it stands for nobody.
    pub(super) fn knows(&self, message: MessageId) -> bool {
        self.tally.contains_key(&message)
    }

    /// A message moved from one standing to another with a party, or with nobody.
    pub(super) fn change(
        &mut self,
        at: Instant,
        message: MessageId,
        (old, new): (Option<Standing>, Standing),
        late: bool,
        nobody: bool,
    ) {
        let tally = self.tally.entry(message).or_default();
        let worst = |ranks: &[u16; Standing::RANKS]| ranks.iter().rposition(|count| *count > 0);
        let before = worst(&tally.ranks);
        if let Some(old) = old {
            tally.ranks[old.rank()] = tally.ranks[old.rank()].saturating_sub(1);
        }
        tally.ranks[new.rank()] += 1;
        let after = worst(&tally.ranks);
        let counts = |late: bool, worst: Option<usize>| {
            u32::from(late && worst.is_some_and(|worst| may_be_late(RANKED[worst])))
        };
        let counted = counts(tally.late, before);
        tally.late |= late;
        let mut sums = self.sums.newest();
        sums.late = sums.late + counts(tally.late, after) - counted;
        match before {
            Some(before) => *sums.count(RANKED[before]) -= 1,
            None => sums.expected += 1,
        }
        if let Some(after) = after {
            *sums.count(RANKED[after]) += 1;
        }
        self.sums.set(at, sums);
        let is_lost = after == Some(Standing::RANKS - 1);
        match (tally.lost, new) {
            (None, Standing::Lost(reason)) => {
                let known = self.reasons.iter().position(|(r, n, _)| (*r, *n) == (reason, nobody));
                let index = known.unwrap_or_else(|| {
                    self.reasons.push((reason, nobody, Steps::default()));
                    self.reasons.len() - 1
                });
                tally.lost = Some(index as u8);
                let count = &mut self.reasons[index].2;
                count.set(at, count.newest() + 1);
            }
            (Some(index), _) if !is_lost => {
                tally.lost = None;
                let count = &mut self.reasons[usize::from(index)].2;
                count.set(at, count.newest().saturating_sub(1));
            }
            _ => {}
        }
    }

    /// How a message stands for nobody now; none while a party is owed it.
    pub(super) fn for_nobody(&self, message: MessageId) -> Option<Standing> {
        self.nobody.get(&message).and_then(Steps::newest)
    }

    pub(super) fn forget(&mut self, begin: Instant, finished: &dyn Fn(MessageId) -> bool) {
        self.sums.forget(begin);
        self.reasons.iter_mut().for_each(|(_, _, count)| count.forget(begin));
        self.tally.retain(|message, _| !finished(*message));
        self.nobody.retain(|message, _| !finished(*message));
        self.nobody.values_mut().for_each(|steps| steps.forget(begin));
    }
}
