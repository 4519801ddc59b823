//! The sticky algorithm for members with equal subscriptions
//! (`AbstractStickyAssignor.ConstrainedAssignmentBuilder`).

use super::java;
use super::sticky::{Lists, Previous};
use crate::event::{Name, TopicPartition};
use crate::sim::{Order, SortedMap, SortedSet};
use std::collections::VecDeque;

struct Builder<'a> {
    previous: &'a Previous<'a>,
    /// Everybody gets at least `min`, `longer` members get `max`.
    min: usize,
    max: usize,
    longer: usize,
    at_max: usize,
    lists: Lists,
    under_min: Vec<usize>,
    at_min: VecDeque<usize>,
    maybe_revoked: SortedMap<TopicPartition, usize>,
    transferring: SortedMap<TopicPartition, usize>,
}

/// The assignment, and which of its partitions somebody else owned until now.
pub(super) fn assign(
    partitions: &SortedMap<Name, u32>,
    previous: &Previous<'_>,
) -> (Lists, SortedMap<TopicPartition, usize>) {
    let total = partitions.values().sum::<u32>() as usize;
    let members = previous.members.len();
    let mut builder = Builder {
        previous,
        min: total / members,
        max: total.div_ceil(members),
        longer: total % members,
        at_max: 0,
        lists: vec![Vec::new(); members],
        under_min: Vec::new(),
        at_min: VecDeque::new(),
        maybe_revoked: SortedMap::new(),
        transferring: SortedMap::new(),
    };
    builder.keep_owned();
    let kept: SortedSet<TopicPartition> = builder.lists.iter().flatten().cloned().collect();
    let by_id = |a: &usize, b: &usize| {
        java::compare(&previous.members[*a].member, &previous.members[*b].member)
    };
    builder.under_min.order_by(by_id);
    builder.at_min.make_contiguous().order_by(by_id);
    let unassigned = partitions
        .iter()
        .flat_map(|(topic, &count)| {
            (0..count).map(|partition| TopicPartition { topic: topic.clone(), partition })
        })
        .filter(|partition| !kept.contains(partition));
    builder.deal_out(unassigned);
    (builder.lists, builder.transferring)
}

impl Builder<'_> {
    /// Members keep what they owned, up to their share, in Java's map order: who comes first
    /// keeps the longer share.
    fn keep_owned(&mut self) {
        for member in 0..self.previous.members.len() {
            let mut owned: Vec<TopicPartition> = self.previous.owned[member]
                .iter()
                .filter(|partition| !self.previous.contested.contains(partition))
                .cloned()
                .collect();
            owned.order_by(|a, b| {
                a.partition.cmp(&b.partition).then_with(|| java::compare(&a.topic, &b.topic))
            });
            let keep = if owned.len() < self.min {
                self.under_min.push(member);
                owned.len()
            } else if owned.len() >= self.max && self.at_max < self.longer {
                self.at_max += 1;
                if self.at_max == self.longer {
                    self.at_min.clear();
                }
                self.max
            } else {
                if self.at_max < self.longer {
                    self.at_min.push_back(member);
                }
                self.min
            };
            for revoked in owned.drain(keep..) {
                self.maybe_revoked.insert(revoked, member);
            }
            self.lists[member] = owned;
        }
    }

    /// One partition at a time to the members below `min` in turn; then one each to those at
    /// `min`.
    fn deal_out(&mut self, unassigned: impl Iterator<Item = TopicPartition>) {
        let mut cursor = 0;
        for partition in unassigned {
            if cursor >= self.under_min.len() {
                cursor = 0;
            }
            let from_under = self.under_min.get(cursor).copied();
            let Some(member) = from_under.or_else(|| self.at_min.pop_front()) else {
                // The shares add up to the number of partitions, so somebody is always left.
                return;
            };
            self.give(partition, member);
            if from_under.is_none() {
                continue;
            }
            if self.lists[member].len() == self.min {
                self.under_min.remove(cursor);
                self.at_min.push_back(member);
            } else {
                cursor += 1;
            }
        }
    }

    fn give(&mut self, partition: TopicPartition, member: usize) {
        let moved = self.maybe_revoked.get(&partition).is_some_and(|owner| *owner != member);
        if moved || self.previous.contested.contains(&partition) {
            self.transferring.insert(partition.clone(), member);
        }
        self.lists[member].push(partition);
    }
}
