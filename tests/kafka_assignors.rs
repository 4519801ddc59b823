//! Kafka's own assignor classes (4.3) against ours: `tests/vectors/kafka/assignors_fresh.jsonl`
//! and `cooperative_sticky_sequences.jsonl`, and the worked cases of Kafka's documentation and
//! test suites.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{Name, TopicPartition};
use pushpull::kafka::assignor::{Assignment, Assignor, Subscription};
use pushpull::sim::{SortedMap, SortedSet};
use serde_json::Value;

fn cases(text: &str) -> impl Iterator<Item = Value> + '_ {
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).expect("a valid vector"))
}

fn name(value: &Value) -> Name {
    value.as_str().expect("a valid vector").into()
}

fn partition(text: &str) -> TopicPartition {
    let (topic, partition) = text.rsplit_once('-').expect("a valid vector");
    TopicPartition { topic: topic.into(), partition: partition.parse().expect("a valid vector") }
}

fn partitions(value: &Value) -> Vec<TopicPartition> {
    value
        .as_array()
        .expect("a valid vector")
        .iter()
        .map(|p| partition(p.as_str().expect("a valid vector")))
        .collect()
}

fn topics(value: &Value) -> SortedMap<Name, u32> {
    let topics = value.as_object().expect("a valid vector").iter();
    topics
        .map(|(topic, n)| (topic.as_str().into(), n.as_u64().expect("a valid vector") as u32))
        .collect()
}

fn assignment(value: &Value) -> Assignment {
    let members = value.as_object().expect("a valid vector").iter();
    members.map(|(member, list)| (member.as_str().into(), partitions(list))).collect()
}

fn subscription(member: &Value) -> Subscription {
    let topics = member["topics"].as_array().expect("a valid vector");
    Subscription {
        member: name(&member["id"]),
        instance: member["instance"].as_str().map(Name::from),
        topics: topics.iter().map(name).collect(),
        owned: partitions(&member["owned"]),
        generation: member["generation"].as_i64().expect("a valid vector") as i32,
    }
}

/// The order of topics inside one member's list follows a Java map and is not promised.
fn sorted(mut assignment: Assignment) -> Assignment {
    for list in assignment.values_mut() {
        list.sort();
    }
    assignment
}

#[test]
fn fresh_assignments_are_kafkas() {
    let mut count = 0;
    for case in cases(include_str!("vectors/kafka/assignors_fresh.jsonl")) {
        let assignor = Assignor::from_name(case["assignor"].as_str().expect("a valid vector"))
            .expect("a valid vector");
        let members: Vec<Subscription> = case["membersInHashOrder"]
            .as_array()
            .expect("a valid vector")
            .iter()
            .map(subscription)
            .collect();
        let ours = assignor.assign(&topics(&case["topics"]), &members);
        assert_eq!(sorted(ours), sorted(assignment(&case["assignment"])), "{case}");
        count += 1;
    }
    assert!(count > 0);
}

/// `AbstractStickyAssignor`'s general algorithm where members of earlier generations join
/// (`prepopulateCurrentAssignments`): a partition that has to move goes back to who had it before.
/// Random groups, assigned by Kafka's class, of which those are kept whose assignment is another
/// one when earlier owners are passed over.
#[test]
fn partitions_go_back_to_their_earlier_owners_as_in_kafka() {
    let mut count = 0;
    for case in cases(include_str!("vectors/kafka/general_sticky.jsonl")) {
        let members: Vec<Subscription> =
            case["members"].as_array().expect("a valid vector").iter().map(subscription).collect();
        let ours = Assignor::Sticky.assign(&topics(&case["topics"]), &members);
        assert_eq!(sorted(ours), sorted(assignment(&case["assignment"])), "{case}");
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn every_round_of_cooperative_rebalances_is_kafkas() {
    let mut rounds = 0;
    for case in cases(include_str!("vectors/kafka/cooperative_sticky_sequences.jsonl")) {
        let mut owned = Assignment::new();
        let mut generation = -1;
        for event in case["events"].as_array().expect("a valid vector") {
            let topics = topics(&event["topics"]);
            for round in event["rounds"].as_array().expect("a valid vector") {
                let members: Vec<Subscription> = round["hashOrder"]
                    .as_array()
                    .expect("a valid vector")
                    .iter()
                    .map(|id| Subscription {
                        member: name(id),
                        instance: None,
                        topics: topics.keys().cloned().collect(),
                        owned: owned.get(&name(id)).cloned().unwrap_or_default(),
                        generation,
                    })
                    .collect();
                let ours = Assignor::CooperativeSticky.assign(&topics, &members);
                let theirs = assignment(&round["assignment"]);
                assert_eq!(sorted(ours), sorted(theirs.clone()), "case {} {event}", case["case"]);
                owned = theirs;
                generation += 1;
                rounds += 1;
            }
        }
    }
    assert!(rounds > 0);
}

fn member(
    id: &str,
    instance: Option<&str>,
    topics: &[&str],
    owned: &str,
    generation: i32,
) -> Subscription {
    Subscription {
        member: id.into(),
        instance: instance.map(Name::from),
        topics: topics.iter().map(|topic| Name::from(*topic)).collect(),
        owned: owned.split_whitespace().map(partition).collect(),
        generation,
    }
}

fn check(
    assignor: Assignor,
    topics: &[(&str, u32)],
    members: &[Subscription],
    expected: &[(&str, &str)],
) {
    let topics = topics.iter().map(|(topic, n)| (Name::from(*topic), *n)).collect();
    let expected: Assignment = expected
        .iter()
        .map(|(id, list)| (Name::from(*id), list.split_whitespace().map(partition).collect()))
        .collect();
    assert_eq!(sorted(assignor.assign(&topics, members)), sorted(expected), "{assignor:?}");
}

/// Specification 6.3 and 10.5, run on Kafka's classes; `RangeAssignorTest`,
/// `RoundRobinAssignorTest` and the assignors' documentation hold the same cases.
#[test]
fn worked_cases_of_range_and_round_robin() {
    let two =
        [member("C0", None, &["t0", "t1"], "", -1), member("C1", None, &["t0", "t1"], "", -1)];
    let topics = [("t0", 3), ("t1", 3)];
    check(Assignor::Range, &topics, &two, &[("C0", "t0-0 t0-1 t1-0 t1-1"), ("C1", "t0-2 t1-2")]);
    check(
        Assignor::RoundRobin,
        &topics,
        &two,
        &[("C0", "t0-0 t0-2 t1-1"), ("C1", "t0-1 t1-0 t1-2")],
    );
    let uneven = [
        member("C0", None, &["t0"], "", -1),
        member("C1", None, &["t0", "t1"], "", -1),
        member("C2", None, &["t0", "t1", "t2"], "", -1),
    ];
    let topics = [("t0", 1), ("t1", 2), ("t2", 3)];
    check(
        Assignor::RoundRobin,
        &topics,
        &uneven,
        &[("C0", "t0-0"), ("C1", "t1-0"), ("C2", "t1-1 t2-0 t2-1 t2-2")],
    );
    check(
        Assignor::Sticky,
        &topics,
        &uneven,
        &[("C0", "t0-0"), ("C1", "t1-0 t1-1"), ("C2", "t2-0 t2-1 t2-2")],
    );
    let statics = [
        member("z", Some("i2"), &["t"], "", -1),
        member("m", Some("i1"), &["t"], "", -1),
        member("a", None, &["t"], "", -1),
    ];
    check(Assignor::Range, &[("t", 3)], &statics, &[("m", "t-0"), ("z", "t-1"), ("a", "t-2")]);
}

/// Specification 10.5, run on Kafka's classes.
#[test]
fn worked_cases_of_the_sticky_assignors() {
    let all = ["t0", "t1", "t2", "t3"];
    let topics = all.map(|topic| (topic, 2));
    let (c0, c1, c2) = ("t0-0 t1-1 t3-0", "t0-1 t2-0 t3-1", "t1-0 t2-1");
    check(
        Assignor::Sticky,
        &topics,
        &["C0", "C1", "C2"].map(|id| member(id, None, &all, "", -1)),
        &[("C0", c0), ("C1", c1), ("C2", c2)],
    );
    // C1 leaves: the others keep what they have.
    check(
        Assignor::CooperativeSticky,
        &topics,
        &[member("C0", None, &all, c0, 1), member("C2", None, &all, c2, 1)],
        &[("C0", "t0-0 t3-0 t1-1 t0-1"), ("C2", "t1-0 t2-1 t2-0 t3-1")],
    );
    let seven = [("t", 7)];
    let owners = [("C1", "t-0 t-2 t-4 t-6"), ("C2", "t-1 t-3 t-5"), ("C3", "")];
    check(
        Assignor::CooperativeSticky,
        &seven,
        &owners.map(|(id, owned)| member(id, None, &["t"], owned, 1)),
        &[("C1", "t-0 t-2 t-4"), ("C2", "t-1 t-3"), ("C3", "")],
    );
    let owners = [("C1", "t-0 t-2 t-4"), ("C2", "t-1 t-3"), ("C3", "")];
    check(
        Assignor::CooperativeSticky,
        &seven,
        &owners.map(|(id, owned)| member(id, None, &["t"], owned, 2)),
        &[("C1", "t-0 t-2 t-4"), ("C2", "t-1 t-3"), ("C3", "t-5 t-6")],
    );
    // Claimed twice in one generation: nobody's. In different generations: the newer claim holds.
    let claims = |newer, older| {
        [member("C1", None, &["t"], "t-0 t-1", newer), member("C2", None, &["t"], "t-1 t-2", older)]
    };
    let three = [("t", 3)];
    let coop = Assignor::CooperativeSticky;
    check(coop, &three, &claims(3, 3), &[("C1", "t-0"), ("C2", "t-2")]);
    check(coop, &three, &claims(3, 2), &[("C1", "t-0 t-1"), ("C2", "t-2")]);
}

/// Members with different subscriptions: nothing is assigned twice or to somebody who did not
/// ask, and what stays possible stays where it was.
#[test]
fn general_sticky_is_a_partition_and_sticks() {
    let topics: SortedMap<Name, u32> = [("a".into(), 4), ("b".into(), 6)].into();
    let mut members = vec![
        member("m1", None, &["a"], "", -1),
        member("m2", None, &["a", "b"], "", -1),
        member("m3", None, &["b"], "", -1),
    ];
    let first = Assignor::Sticky.assign(&topics, &members);
    members.pop();
    for member in &mut members {
        member.owned = first[&member.member].clone();
        member.generation = 1;
    }
    let second = Assignor::Sticky.assign(&topics, &members);
    for (assignment, total) in [(&first, 10), (&second, 10)] {
        let seen: SortedSet<_> = assignment.values().flatten().collect();
        assert_eq!(seen.len(), total);
        assert_eq!(assignment.values().map(Vec::len).sum::<usize>(), total);
    }
    let kept = |id: &str| first[id].iter().filter(|p| second[id].contains(p)).count();
    assert_eq!(kept("m1"), first["m1"].len());
    assert!(second["m2"].iter().filter(|p| &*p.topic == "b").count() == 6);
}
