//! The range and round-robin assignors (`RangeAssignor`, `RoundRobinAssignor`).

use super::{Assignment, Subscription, java};
use crate::event::{Name, TopicPartition};
use crate::sim::{Order, SortedMap};
use core::cmp::Ordering;

/// `AbstractPartitionAssignor.MemberInfo#compareTo`: static members first, by instance id; then
/// the others by member id.
fn compare(a: &Subscription, b: &Subscription) -> Ordering {
    match (&a.instance, &b.instance) {
        (Some(a), Some(b)) => java::compare(a, b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => java::compare(&a.member, &b.member),
    }
}

fn sorted(members: &[Subscription]) -> Vec<&Subscription> {
    let mut sorted: Vec<&Subscription> = members.iter().collect();
    sorted.order_by(|a, b| compare(a, b));
    sorted
}

fn empty(members: &[Subscription]) -> Assignment {
    members.iter().map(|member| (member.member.clone(), Vec::new())).collect()
}

/// Each topic by itself: contiguous ranges over its sorted subscribers, the first
/// `partitions % members` of them one longer.
pub(super) fn range(partitions: &SortedMap<Name, u32>, members: &[Subscription]) -> Assignment {
    let mut assignment = empty(members);
    let sorted = sorted(members);
    for (topic, &count) in partitions {
        let takers: Vec<&&Subscription> =
            sorted.iter().filter(|member| member.topics.contains(topic)).collect();
        let takers_count = takers.len() as u32;
        if takers_count == 0 {
            continue;
        }
        let (each, longer) = (count / takers_count, count % takers_count);
        let mut next = 0;
        for (index, member) in (0..).zip(takers) {
            let length = each + u32::from(index < longer);
            if let Some(list) = assignment.get_mut(&member.member) {
                list.extend(
                    (next..next + length)
                        .map(|partition| TopicPartition { topic: topic.clone(), partition }),
                );
            }
            next += length;
        }
    }
    assignment
}

/// All partitions in the order of (topic, partition), dealt to the sorted members in turn; who
/// has not subscribed to the topic is passed over.
pub(super) fn round_robin(
    partitions: &SortedMap<Name, u32>,
    members: &[Subscription],
) -> Assignment {
    let mut assignment = empty(members);
    let sorted = sorted(members);
    let mut turn = sorted.iter().cycle();
    for (topic, &count) in partitions {
        for partition in 0..count {
            // One full turn passes everybody; a topic without a subscriber finds no taker.
            let Some(member) =
                turn.by_ref().take(sorted.len()).find(|member| member.topics.contains(topic))
            else {
                continue;
            };
            if let Some(list) = assignment.get_mut(&member.member) {
                list.push(TopicPartition { topic: topic.clone(), partition });
            }
        }
    }
    assignment
}
