//! Results of running Kafka 4.3's `StripedReplicaPlacer` and `PartitionChangeBuilder`. Whatever
//! cases stand in the files are run.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::kafka::controller::{
    Election, JavaRandom, PartitionChange, PartitionRegistration, UsableBroker, place,
};
use pushpull::kafka::protocol::{BrokerId, ErrorCode, LeaderRecoveryState};
use serde_json::{Value, json};

fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/kafka/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let cases: Vec<Value> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{path}: {e}")))
        .collect();
    assert!(!cases.is_empty(), "{path} holds no case");
    cases
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn ids(value: &Value) -> Vec<BrokerId> {
    let list = value.as_array().unwrap_or_else(|| panic!("{value} is no list"));
    list.iter().map(|id| BrokerId(int(id) as u32)).collect()
}

fn broker(value: &Value) -> UsableBroker {
    UsableBroker {
        id: BrokerId(int(&value["id"]) as u32),
        rack: value["rack"].as_str().map(Into::into),
        fenced: value["fenced"].as_bool().expect("fenced"),
    }
}

#[test]
fn replicas_are_placed_as_kafka_places_them() {
    for case in cases("replica_placement") {
        let mut random = JavaRandom::new(int(&case["javaRandomSeed"]) as u64);
        let brokers: Vec<UsableBroker> =
            case["brokers"].as_array().expect("brokers").iter().map(broker).collect();
        let partitions = int(&case["partitions"]) as u32;
        let placed = place(&mut random, &brokers, partitions, int(&case["rf"]) as i32)
            .unwrap_or_else(|error| panic!("{error}: {case}"));
        let expected: Vec<Vec<BrokerId>> =
            case["replicas"].as_array().expect("replicas").iter().map(ids).collect();
        assert_eq!(placed, expected, "{case}");
    }
}

/// `StripedReplicaPlacerTest#testRackListInvalidRacks`, `#testAvoidFencedReplicaIfPossible...`:
/// what cannot be placed is refused.
#[test]
fn an_impossible_replication_factor_is_refused() {
    let broker = |id, fenced| UsableBroker { id: BrokerId(id), rack: None, fenced };
    for (brokers, factor) in [
        (vec![broker(1, false)], 0),
        (vec![broker(1, false)], -1),
        (vec![broker(1, false)], 2),
        (vec![broker(1, true), broker(2, true)], 1),
        (vec![], 1),
    ] {
        let placed = place(&mut JavaRandom::new(1), &brokers, 1, factor);
        assert_eq!(placed, Err(ErrorCode::InvalidReplicationFactor), "{brokers:?} {factor}");
    }
}

fn state(partition: &PartitionRegistration) -> Value {
    let ids = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    json!({
        "replicas": ids(&partition.replicas),
        "isr": ids(&partition.isr),
        "elr": ids(&partition.elr),
        "lastKnownElr": ids(&partition.last_known_elr),
        "leader": partition.leader.map_or(-1, |id| i64::from(id.0)),
        "leaderEpoch": partition.leader_epoch,
        "partitionEpoch": partition.partition_epoch,
        "recovery": match partition.recovery {
            LeaderRecoveryState::Recovered => "RECOVERED",
            LeaderRecoveryState::Recovering => "RECOVERING",
        },
    })
}

#[test]
fn leaders_are_elected_as_kafka_elects_them() {
    for case in cases("leader_election") {
        let number = &case["case"];
        let replicas = ids(&case["replicas"]);
        let min_isr = int(&case["effectiveMinIsr"]) as usize;
        let elr = case["elrEnabled"].as_bool().expect("elrEnabled");
        let unclean = case["uncleanEnabled"].as_bool().expect("uncleanEnabled");
        let by_default = if unclean { Election::Unclean } else { Election::Online };
        let mut partition = PartitionRegistration {
            isr: replicas.clone(),
            leader: replicas.first().copied(),
            replicas,
            ..PartitionRegistration::default()
        };
        for (step, event) in case["events"].as_array().expect("events").iter().enumerate() {
            let at = format!("case {number} step {step}: {event}");
            let alive = ids(&event["alive"]);
            let is_alive = |id: BrokerId| alive.contains(&id);
            let words: Vec<&str> = event["event"].as_str().expect("event").split(' ').collect();
            let who = words.get(1).map(|id| BrokerId(id.parse().expect("a broker")));
            let change = PartitionChange::new(&partition, &is_alive, min_isr, elr);
            let (was_in_isr, was_in_elr) = match who {
                Some(who) => (partition.isr.contains(&who), partition.elr.contains(&who)),
                None => (false, false),
            };
            let changed = match (words[0], who) {
                ("preferredElection", None) => change.election(Election::Preferred).build(),
                ("fence", Some(who)) if was_in_isr => {
                    change.election(by_default).without(who).build()
                }
                ("unfence", Some(_)) if partition.leader.is_none() => {
                    change.election(by_default).build()
                }
                ("uncleanShutdown", Some(who)) if was_in_isr || was_in_elr => {
                    change.election(by_default).unclean_shutdown(who).build()
                }
                ("fence" | "unfence" | "uncleanShutdown", Some(_)) => None,
                ("isrShrink", Some(who)) => change.election(by_default).without(who).build(),
                ("isrExpand", Some(who)) => {
                    let mut isr = partition.isr.clone();
                    isr.push(who);
                    change.election(by_default).target_isr(isr).build()
                }
                other => panic!("unknown event {other:?}"),
            };
            partition = changed.unwrap_or(partition);
            assert_eq!(state(&partition), event["state"], "{at}");
        }
    }
}
