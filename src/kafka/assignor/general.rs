//! The sticky algorithm for members with different subscriptions
//! (`AbstractStickyAssignor.GeneralAssignmentBuilder`, `PartitionMovements`).

use super::java;
use super::sticky::{Lists, Previous};
use crate::event::{Name, TopicPartition};
use crate::sim::{Order, SortedMap, SortedSet};
use core::cmp::Ordering;

struct Builder<'a> {
    previous: &'a Previous<'a>,
    partitions: &'a SortedMap<Name, u32>,
    /// Members that subscribed to a topic.
    takers: SortedMap<&'a Name, Vec<usize>>,
    lists: Lists,
    owner: SortedMap<TopicPartition, usize>,
    /// Members whose lists may still change.
    open: SortedSet<usize>,
    movements: Movements,
}

/// The assignment by member.
pub(super) fn assign(partitions: &SortedMap<Name, u32>, previous: &Previous<'_>) -> Lists {
    let takers = partitions
        .keys()
        .map(|topic| {
            let takers = (0..previous.members.len())
                .filter(|&member| previous.members[member].topics.contains(topic))
                .collect();
            (topic, takers)
        })
        .collect();
    let mut builder = Builder {
        previous,
        partitions,
        takers,
        lists: previous.owned.clone(),
        owner: SortedMap::new(),
        open: (0..previous.members.len()).collect(),
        movements: Movements::default(),
    };
    builder.build();
    builder.lists
}

impl Builder<'_> {
    fn build(&mut self) {
        let earlier = self.earlier_owners();
        let mut revocation_required = false;
        for (member, list) in self.lists.iter_mut().enumerate() {
            let topics = &self.previous.members[member].topics;
            let before = list.len();
            list.retain(|partition| topics.contains(&partition.topic));
            revocation_required |= list.len() < before;
            for partition in list {
                self.owner.insert(partition.clone(), member);
            }
        }
        let mut all = self.sorted_partitions();
        let mut unassigned: Vec<TopicPartition> =
            all.iter().filter(|partition| !self.owner.contains_key(partition)).cloned().collect();

        let initializing = self.lists.iter().all(Vec::is_empty);
        for partition in &unassigned {
            if let Some(member) = self.emptiest_taker(&partition.topic) {
                self.lists[member].push(partition.clone());
                self.owner.insert(partition.clone(), member);
            }
        }
        let movable = |topic: &Name| self.takers.get(topic).is_some_and(|takers| takers.len() >= 2);
        all.retain(|partition| movable(&partition.topic));
        unassigned.retain(|partition| movable(&partition.topic));
        self.open = (0..self.lists.len()).filter(|&member| self.can_take_part(member)).collect();

        let before = self.lists.clone();
        if !revocation_required {
            self.reassign(&unassigned, &earlier);
        }
        let changed = self.reassign(&all, &earlier);
        if !initializing && changed && self.score(&self.lists) >= self.score(&before) {
            self.lists = before;
        }
    }

    /// Who owned a partition in a generation before the newest (`prepopulateCurrentAssignments`).
    fn earlier_owners(&self) -> SortedMap<TopicPartition, usize> {
        let mut earlier: SortedMap<TopicPartition, (usize, i32)> = SortedMap::new();
        for (index, member) in self.previous.members.iter().enumerate() {
            if member.generation >= self.previous.max_generation {
                continue;
            }
            for partition in &member.owned {
                let entry = earlier.entry(partition.clone()).or_insert((index, member.generation));
                if member.generation > entry.1 {
                    *entry = (index, member.generation);
                }
            }
        }
        earlier.into_iter().map(|(partition, (member, _))| (partition, member)).collect()
    }

    /// Topics with the fewest subscribers first, then by name.
    fn sorted_partitions(&self) -> Vec<TopicPartition> {
        let mut topics: Vec<(&Name, usize)> =
            self.takers.iter().map(|(topic, takers)| (*topic, takers.len())).collect();
        topics.order_by(|a, b| a.1.cmp(&b.1).then_with(|| java::compare(a.0, b.0)));
        topics
            .into_iter()
            .flat_map(|(topic, _)| {
                let count = self.partitions.get(topic).copied().unwrap_or(0);
                (0..count).map(|partition| TopicPartition { topic: topic.clone(), partition })
            })
            .collect()
    }

    /// `SubscriptionComparator`: fewest partitions first, then by member id.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        self.lists[a].len().cmp(&self.lists[b].len()).then_with(|| {
            java::compare(&self.previous.members[a].member, &self.previous.members[b].member)
        })
    }

    fn emptiest_taker(&self, topic: &Name) -> Option<usize> {
        let takers = self.takers.get(topic)?.iter().copied();
        takers.filter(|member| self.open.contains(member)).min_by(|a, b| self.compare(*a, *b))
    }

    /// The most partitions that a member could get.
    fn potential(&self, member: usize) -> usize {
        let topics = &self.previous.members[member].topics;
        topics.iter().filter_map(|topic| self.partitions.get(topic)).sum::<u32>() as usize
    }

    fn can_take_part(&self, member: usize) -> bool {
        self.lists[member].len() < self.potential(member)
            || self.lists[member]
                .iter()
                .any(|p| self.takers.get(&p.topic).is_some_and(|takers| takers.len() >= 2))
    }

    fn is_balanced(&self) -> bool {
        let sizes = self.open.iter().map(|&member| self.lists[member].len());
        let (Some(min), Some(max)) = (sizes.clone().min(), sizes.max()) else { return true };
        if min + 1 >= max {
            return true;
        }
        for &member in &self.open {
            let size = self.lists[member].len();
            if size == self.potential(member) {
                continue;
            }
            for topic in &self.previous.members[member].topics {
                let count = self.partitions.get(topic).copied().unwrap_or(0);
                for partition in 0..count {
                    let partition = TopicPartition { topic: topic.clone(), partition };
                    let could_gain = self.owner.get(&partition).is_some_and(|&other| {
                        other != member && size + 1 < self.lists[other].len()
                    });
                    if could_gain {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Moves partitions from long lists to short ones until no move improves the balance.
    fn reassign(
        &mut self,
        partitions: &[TopicPartition],
        earlier: &SortedMap<TopicPartition, usize>,
    ) -> bool {
        let mut performed = false;
        loop {
            let mut modified = false;
            for partition in partitions {
                if self.is_balanced() {
                    break;
                }
                let Some(&member) = self.owner.get(partition) else { continue };
                let size = self.lists[member].len();
                let shorter = |other: usize| size > self.lists[other].len() + 1;
                let target = match earlier.get(partition).copied() {
                    Some(previous) if shorter(previous) => Some(previous),
                    _ if self.takers[&partition.topic].iter().any(|&other| shorter(other)) => {
                        self.emptiest_taker(&partition.topic)
                    }
                    _ => None,
                };
                let Some(target) = target else { continue };
                let moved = self.movements.actual(partition, member, target);
                self.move_partition(&moved, target);
                modified = true;
                performed = true;
            }
            if !modified {
                return performed;
            }
        }
    }

    fn move_partition(&mut self, partition: &TopicPartition, to: usize) {
        let Some(from) = self.owner.insert(partition.clone(), to) else { return };
        self.movements.record(partition, from, to);
        self.lists[from].retain(|p| p != partition);
        self.lists[to].push(partition.clone());
    }

    /// The sum of all pairwise differences in size; 0 is perfectly balanced.
    fn score(&self, lists: &Lists) -> usize {
        let sizes: Vec<usize> = self.open.iter().map(|&member| lists[member].len()).collect();
        sizes
            .iter()
            .enumerate()
            .map(|(i, a)| sizes[i + 1..].iter().map(|b| a.abs_diff(*b)).sum::<usize>())
            .sum()
    }
}

/// Which partition moved from whom to whom, so that no topic has moves from A to B and from B to
/// A at once.
#[derive(Default)]
struct Movements {
    by_topic: SortedMap<(Name, usize, usize), Moved>,
    of: SortedMap<TopicPartition, (usize, usize)>,
}

#[derive(Clone, Default)]
struct Moved {
    partitions: Vec<TopicPartition>,
    peak: u32,
}

impl Movements {
    fn record(&mut self, partition: &TopicPartition, from: usize, to: usize) {
        let mut from = from;
        if let Some((source, target)) = self.of.remove(partition) {
            let key = (partition.topic.clone(), source, target);
            if let Some(moved) = self.by_topic.get_mut(&key) {
                moved.partitions.retain(|p| p != partition);
                if moved.partitions.is_empty() {
                    self.by_topic.remove(&key);
                }
            }
            if source == to {
                return;
            }
            from = source;
        }
        self.of.insert(partition.clone(), (from, to));
        let moved = self.by_topic.entry((partition.topic.clone(), from, to)).or_default();
        moved.partitions.push(partition.clone());
        moved.peak = moved.peak.max(moved.partitions.len() as u32);
    }

    /// The partition to move instead of this one: one that moved the other way before.
    fn actual(&self, partition: &TopicPartition, from: usize, to: usize) -> TopicPartition {
        let from = self.of.get(partition).map_or(from, |(source, _)| *source);
        self.by_topic
            .get(&(partition.topic.clone(), to, from))
            .and_then(|moved| {
                java::first_in_hash_order(&moved.partitions, moved.peak, java::partition_hash)
            })
            .unwrap_or(partition)
            .clone()
    }
}
