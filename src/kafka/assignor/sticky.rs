//! What both sticky assignors share: who validly owned what, which algorithm applies, and what
//! the cooperative protocol holds back for one round (`AbstractStickyAssignor`,
//! `CooperativeStickyAssignor`).

use super::{Assignment, RebalanceProtocol, Subscription, constrained, general, java};
use crate::event::{Name, TopicPartition};
use crate::sim::{SortedMap, SortedSet};

/// The members in the order in which Java walks them, with what they validly owned.
pub(super) struct Previous<'a> {
    pub(super) members: Vec<&'a Subscription>,
    /// Parallel to `members`.
    pub(super) owned: Vec<Vec<TopicPartition>>,
    /// Claimed by two members of one generation, so nobody's.
    pub(super) contested: SortedSet<TopicPartition>,
    pub(super) max_generation: i32,
    equal_subscriptions: bool,
}

/// Partitions by index into [`Previous::members`].
pub(super) type Lists = Vec<Vec<TopicPartition>>;

/// `AbstractStickyAssignor#allSubscriptionsEqual`.
fn previous<'a>(partitions: &SortedMap<Name, u32>, members: &'a [Subscription]) -> Previous<'a> {
    let members = java::hash_order(members, |member| java::string_hash(&member.member));
    let mut owned: Lists = vec![Vec::new(); members.len()];
    let mut owner: SortedMap<TopicPartition, usize> = SortedMap::new();
    let mut contested = SortedSet::new();
    let mut max_generation = -1;
    let mut first_topics: SortedSet<&Name> = SortedSet::new();
    let mut equal_subscriptions = true;
    for (index, member) in members.iter().enumerate() {
        if first_topics.is_empty() {
            first_topics = member.topics.iter().collect();
        } else if member.topics.len() != first_topics.len()
            || !member.topics.iter().all(|topic| first_topics.contains(topic))
        {
            equal_subscriptions = false;
        }
        max_generation = max_generation.max(member.generation);
        for partition in &member.owned {
            if !partitions.contains_key(&partition.topic) {
                continue;
            }
            let Some(&other) = owner.get(partition) else {
                owned[index].push(partition.clone());
                owner.insert(partition.clone(), index);
                continue;
            };
            let other_generation = members[other].generation;
            if member.generation == other_generation {
                contested.insert(partition.clone());
                owned[other].retain(|p| p != partition);
                owner.insert(partition.clone(), index);
            } else if member.generation > other_generation {
                owned[index].push(partition.clone());
                owned[other].retain(|p| p != partition);
                owner.insert(partition.clone(), index);
            }
        }
    }
    Previous { members, owned, contested, max_generation, equal_subscriptions }
}

pub(super) fn assign(
    partitions: &SortedMap<Name, u32>,
    members: &[Subscription],
    protocol: RebalanceProtocol,
) -> Assignment {
    let previous = previous(partitions, members);
    if previous.members.is_empty() {
        return Assignment::new();
    }
    let (mut lists, transferring) = if previous.equal_subscriptions {
        let (lists, transferring) = constrained::assign(partitions, &previous);
        (lists, Some(transferring))
    } else {
        (general::assign(partitions, &previous), None)
    };
    if protocol == RebalanceProtocol::Cooperative {
        // A partition that somebody must give up first is handed over in the next round.
        let transferring = transferring.unwrap_or_else(|| transfers(&previous, &lists));
        for (partition, taker) in transferring {
            lists[taker].retain(|p| *p != partition);
        }
    }
    previous.members.iter().map(|member| member.member.clone()).zip(lists).collect()
}

/// `CooperativeStickyAssignor#computePartitionsTransferringOwnership`.
fn transfers(previous: &Previous<'_>, lists: &Lists) -> SortedMap<TopicPartition, usize> {
    let mut added = SortedMap::new();
    let mut revoked = SortedSet::new();
    for (index, (member, list)) in previous.members.iter().zip(lists).enumerate() {
        let owned: SortedSet<&TopicPartition> = member.owned.iter().collect();
        let assigned: SortedSet<&TopicPartition> = list.iter().collect();
        for partition in assigned.difference(&owned) {
            added.insert((*partition).clone(), index);
        }
        revoked.extend(owned.difference(&assigned).map(|partition| (*partition).clone()));
    }
    added.retain(|partition, _| revoked.contains(partition));
    added
}
