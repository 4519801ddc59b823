//! What the systems' own tools print of a run: their fields in their order, their figures those of
//! the engines, and no trace of the asking.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{
    Action, Asked, Carrier, Configured, Keys, Load, Name, NodeId, Printed, Settings, TopicPartition,
};
use pushpull::lab::World;
use pushpull::sim::Span;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
}

/// Both systems, a shop that feeds channel, stream and topic, and readers of all three. The nodes
/// are numbered in order: redis-1, kafka-1, ...
fn world() -> World {
    let mut world = World::new(11);
    let orders: Name = "orders".into();
    let takes = Span::from_millis(1);
    for action in [
        Action::AddRedis { name: "redis-1".into(), config: Settings::new() },
        Action::AddBroker {
            name: "kafka-1".into(),
            config: settings(&[("group.initial.rebalance.delay.ms", "0")]),
        },
        Action::CreateTopic {
            name: orders.clone(),
            partitions: 2,
            replicas: 1,
            config: settings(&[("retention.ms", "60000")]),
        },
        Action::AddSubscriber {
            name: "email".into(),
            channels: vec![orders.clone()],
            patterns: Vec::new(),
            takes,
            server: None,
        },
        Action::AddStreamReader {
            name: "billing-1".into(),
            stream: orders.clone(),
            group: Some("billing".into()),
            takes,
            config: Settings::new(),
        },
        Action::AddConsumer {
            name: "billing".into(),
            group: "billing".into(),
            topics: vec![orders.clone()],
            takes,
            config: settings(&[("auto.offset.reset", "earliest")]),
        },
        Action::AddProducer {
            name: "shop".into(),
            topic: orders,
            carriers: vec![Carrier::PubSub, Carrier::Stream, Carrier::Kafka],
            load: Load {
                per_kilosecond: 5_000,
                keys: Keys::Cycle(vec!["ada".into(), "bob".into()]),
                bytes: 100,
            },
            config: settings(&[("linger.ms", "0")]),
        },
    ] {
        world.act(action).expect("it can be done");
    }
    world
}

fn printed<'a>(all: &'a [Printed], command: &str) -> &'a Printed {
    let found = all.iter().find(|one| one.command == command);
    found.unwrap_or_else(|| panic!("no {command} in {all:#?}"))
}

fn value<'a>(of: &'a Printed, name: &str) -> &'a str {
    let row = of.rows.iter().find(|row| row.cells[0] == name);
    row.map_or_else(|| panic!("no {name} in {of:#?}"), |row| row.cells[1].as_str())
}

fn column(of: &Printed, name: &str) -> Vec<String> {
    let at = of.columns.iter().position(|column| *column == name).expect("a column");
    of.rows.iter().map(|row| row.cells[at].clone()).collect()
}

#[test]
fn redis_cli_prints_a_server_and_its_clients() {
    let mut world = world();
    world.advance_to(world.now() + Span::from_secs(4));
    let all = world.asked(&Asked::Node(NodeId(0)));
    // Fields as INFO of 7.0 names them (server.c: genRedisInfoString).
    assert_eq!(value(printed(&all, "INFO server"), "redis_version"), "7.0.15");
    assert_eq!(value(printed(&all, "INFO clients"), "connected_clients"), "3");
    assert_eq!(value(printed(&all, "INFO memory"), "maxmemory_policy"), "noeviction");
    assert_eq!(value(printed(&all, "INFO replication"), "role"), "master");
    assert_eq!(value(printed(&all, "INFO stats"), "pubsub_channels"), "1");
    assert_eq!(value(printed(&all, "INFO keyspace"), "db0"), "keys=1,expires=0,avg_ttl=0");
    let clients = printed(&all, "CLIENT LIST");
    assert!(clients.rows.iter().all(|row| row.of.is_some()), "each leads to its connection");
    let (mut flags, mut sub) = (column(clients, "flags"), column(clients, "sub"));
    flags.sort();
    sub.sort();
    // A subscriber is P, a reader that blocks b, a publisher N (CLIENT LIST's documentation).
    assert_eq!(flags, ["N", "P", "b"]);
    assert_eq!(sub, ["0", "0", "1"]);
    let numbers = printed(&all, "PUBSUB NUMSUB");
    assert_eq!(numbers.rows[0].cells, ["orders", "1"]);
    assert_eq!(value(printed(&all, "PUBSUB NUMPAT"), "patterns"), "0");
    let config = printed(&all, "CONFIG GET *");
    assert_eq!(value(config, "maxclients"), "10000");
    let fixed =
        |name: &str| config.rows.iter().any(|row| row.cells[0] == name && row.fixed.is_some());
    assert!(fixed("databases") && fixed("io-threads") && !fixed("maxmemory"));
    assert!(!config.rows.iter().any(|row| row.cells[0] == "slave-priority"), "an older name");
}

#[test]
fn xinfo_tells_a_stream_its_groups_and_their_consumers() {
    let mut world = world();
    world.advance_to(world.now() + Span::from_secs(4));
    let all = world.asked(&Asked::Key(NodeId(0), "orders".into()));
    let stream = printed(&all, "XINFO STREAM orders");
    let length: u64 = value(stream, "length").parse().expect("a number");
    assert!(length >= 15, "{length}");
    assert_eq!(value(stream, "entries-added"), length.to_string());
    assert_eq!(value(stream, "groups"), "1");
    let groups = printed(&all, "XINFO GROUPS orders");
    assert_eq!(column(groups, "name"), ["billing"]);
    assert_eq!(column(groups, "consumers"), ["1"]);
    let read: u64 = column(groups, "entries-read")[0].parse().expect("a number");
    let lag: u64 = column(groups, "lag")[0].parse().expect("a number");
    assert_eq!(read + lag, length, "XINFO GROUPS: lag is what is not delivered yet");
    let consumers = printed(&all, "XINFO CONSUMERS orders billing");
    assert_eq!(column(consumers, "name"), ["billing-1"]);
    assert_eq!(consumers.columns, ["name", "pending", "idle"]);
}

#[test]
fn kafkas_tools_describe_groups_and_topics() {
    let mut world = world();
    world.advance_to(world.now() + Span::from_secs(8));
    let group = world.asked(&Asked::Group("billing".into()));
    let describe = printed(&group, "kafka-consumer-groups.sh --describe --group billing");
    assert_eq!(column(describe, "TOPIC"), ["orders", "orders"]);
    assert_eq!(column(describe, "PARTITION"), ["0", "1"]);
    let survey = world.survey();
    for (partition, row) in (0_u32..).zip(&describe.rows) {
        let place = TopicPartition { topic: "orders".into(), partition };
        let (_, high, _) = survey.partitions[&place].offsets.expect("a leader");
        let committed = survey.committed[&("billing".into(), place)];
        let wanted = [committed, high, high - committed].map(|n| n.to_string());
        assert_eq!(row.cells[2..5], wanted, "LAG is LOG-END-OFFSET less CURRENT-OFFSET");
    }
    // client.id and a UUID (GroupMetadataManager: a member's id).
    let ids = column(describe, "CONSUMER-ID");
    assert!(ids.iter().all(|id| id.starts_with("billing-") && *id == ids[0]), "{ids:?}");
    assert_eq!(column(describe, "CLIENT-ID"), ["billing", "billing"]);
    let state = printed(&group, "kafka-consumer-groups.sh --describe --group billing --state");
    assert_eq!(state.rows[0].cells, ["broker 1", "range", "Stable", "1"]);

    let topic = world.asked(&Asked::Topic("orders".into()));
    let head = printed(&topic, "kafka-topics.sh --describe --topic orders");
    assert_eq!(value(head, "PartitionCount"), "2");
    assert_eq!(value(head, "ReplicationFactor"), "1");
    assert_eq!(value(head, "Configs"), "retention.ms=60000");
    let rows = topic.iter().find(|one| one.columns.first() == Some(&"Partition")).expect("rows");
    assert_eq!(rows.columns, ["Partition", "Leader", "Replicas", "Isr", "Elr", "LastKnownElr"]);
    assert_eq!(rows.rows[1].cells, ["1", "1", "1", "1", "", ""]);

    world.act(Action::Crash { node: "billing".into() }).expect("it runs");
    world.advance_to(world.now() + Span::from_secs(60));
    let group = world.asked(&Asked::Group("billing".into()));
    let describe = printed(&group, "kafka-consumer-groups.sh --describe --group billing");
    assert_eq!(column(describe, "CONSUMER-ID"), ["-", "-"], "nobody is left, the offsets are");
}

#[test]
fn configurations_say_where_they_come_from_and_what_is_fixed() {
    let mut world = world();
    world.advance_to(world.now() + Span::from_secs(1));
    let broker = || Configured::Broker("kafka-1".into());
    let change = |world: &mut World, of, name: &str, value: &str| {
        let config = settings(&[(name, value)]);
        world.act(Action::AlterConfig { of, config }).expect("it is dynamic");
    };
    change(&mut world, broker(), "log.retention.ms", "120000");
    change(&mut world, Configured::Topic("orders".into()), "min.insync.replicas", "1");
    world.advance_to(world.now() + Span::from_secs(1));
    let row = |world: &World, of: Configured, name: &str| {
        let all = world.asked(&Asked::Config(of));
        let row = all[0].rows.iter().find(|row| row.cells[0] == name).cloned();
        row.map(|row| (row.cells[1].clone(), row.cells[2].clone(), row.fixed.is_some()))
    };
    let is = |value: &str, source: &str, fixed| Some((value.into(), source.into(), fixed));
    // ConfigEntry.ConfigSource
    assert_eq!(
        row(&world, broker(), "log.retention.ms"),
        is("120000", "DYNAMIC_BROKER_CONFIG", false)
    );
    assert_eq!(
        row(&world, broker(), "group.initial.rebalance.delay.ms"),
        is("0", "STATIC_BROKER_CONFIG", true)
    );
    assert_eq!(row(&world, broker(), "num.partitions"), is("1", "DEFAULT_CONFIG", true));
    // ConfigurationControlManagerTest: "Broker level update is not allowed."
    assert_eq!(row(&world, broker(), "min.insync.replicas"), is("1", "DEFAULT_CONFIG", true));
    let config = settings(&[("min.insync.replicas", "3")]);
    let refused = world.can(&Action::AlterConfig { of: broker(), config }).expect_err("with ELR");
    let words =
        "INVALID_CONFIG: Broker-level min.insync.replicas cannot be altered while ELR is enabled.";
    assert_eq!(refused.reason, words);
    let topic = || Configured::Topic("orders".into());
    assert_eq!(row(&world, topic(), "retention.ms"), is("60000", "DYNAMIC_TOPIC_CONFIG", false));
    assert_eq!(row(&world, topic(), "segment.bytes"), is("1073741824", "DEFAULT_CONFIG", false));
}

#[test]
fn asking_leaves_no_trace() {
    let questions: Vec<Asked> = (0..6)
        .map(|n| Asked::Node(NodeId(n)))
        .chain([
            Asked::Key(NodeId(0), "orders".into()),
            Asked::Group("billing".into()),
            Asked::Topic("orders".into()),
            Asked::RedisConfig("redis-1".into()),
        ])
        .collect();
    let (mut quiet, mut asked) = (world(), world());
    for _ in 0..40 {
        let until = quiet.now() + Span::from_millis(150);
        quiet.advance_to(until);
        asked.advance_to(until);
        for question in &questions {
            assert!(!asked.asked(question).is_empty(), "{question:?}");
            assert_eq!(asked.asked(question), asked.asked(question), "{question:?}");
        }
        assert_eq!(quiet.take_events(), asked.take_events());
    }
    assert!(quiet.asked(&Asked::Node(NodeId(99))).is_empty());
}
