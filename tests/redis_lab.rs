//! Redis as a message carrier in the lab: streams with groups, lists, replicas, consoles. What is
//! expected follows from Redis's documentation, named at each test.

mod recount;
mod worlds;

use pushpull::event::{
    Action, Carrier, Event, Failure, Keys, LabFact, Load, LostReason, Name, RedisFact, Settings,
    Standing, What,
};
use pushpull::lab::{Party, World};
use pushpull::sim::{Purpose, Rng, Span};
use pushpull::timeline::Timeline;
use recount::recount;
use worlds::to_process;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
}

/// A Redis server, and a shop that sends "orders" by these carriers when it is told to.
fn shop(carriers: &[Carrier], config: &[(&str, &str)]) -> World {
    let mut world = World::new(3);
    act(&mut world, Action::AddRedis { name: "redis-1".into(), config: Settings::new() });
    let shop = Action::AddProducer {
        name: "shop".into(),
        topic: "orders".into(),
        carriers: carriers.to_vec(),
        load: Load { per_kilosecond: 0, keys: Keys::Cycle(vec!["ada".into()]), bytes: 100 },
        config: settings(config),
    };
    act(&mut world, shop);
    world
}

fn reader(name: &str, group: Option<&str>, takes: Span, config: &[(&str, &str)]) -> Action {
    Action::AddStreamReader {
        name: name.into(),
        stream: "orders".into(),
        group: group.map(Into::into),
        takes,
        config: settings(config),
    }
}

fn worker(name: &str, takes: Span, safe: bool) -> Action {
    Action::AddListWorker { name: name.into(), list: "orders".into(), takes, safe }
}

fn act(world: &mut World, action: Action) {
    world.act(action).expect("it can be done");
}

fn later(world: &mut World, millis: u64) {
    world.advance_to(world.now() + Span::from_millis(millis));
    assert!(world.ledger().balances());
}

fn burst(world: &mut World, messages: u32) {
    act(world, Action::Burst { producer: "shop".into(), messages });
}

fn crash(world: &mut World, node: &str) {
    act(world, Action::Crash { node: node.into() });
}

fn restart(world: &mut World, node: &str) {
    act(world, Action::Restart { node: node.into() });
}

fn party<'w>(world: &'w World, name: &str) -> &'w Party {
    world.ledger().parties().find(|(_, party)| &*party.name == name).expect("it is there").1
}

fn sums(world: &World, name: &str) -> Vec<(Standing, u64)> {
    party(world, name).sums().collect()
}

fn redis(events: &[Event]) -> impl Iterator<Item = &RedisFact> {
    events.iter().filter_map(|event| match &event.what {
        What::Redis { fact, .. } => Some(fact),
        _ => None,
    })
}

const MS: Span = Span::from_millis(1);
const SECOND: Span = Span::from_secs(1);

/// redis.io, "Redis Streams", consumer groups: each entry goes to one consumer of a group, and
/// every group gets all of them.
#[test]
fn a_group_shares_a_stream_and_every_group_gets_all_of_it() {
    let mut world = shop(&[Carrier::Stream], &[]);
    for (name, group) in [("billing-1", "billing"), ("billing-2", "billing"), ("email-1", "email")]
    {
        act(&mut world, reader(name, Some(group), MS, &[("count", "1")]));
    }
    act(&mut world, reader("audit", None, MS, &[]));
    later(&mut world, 100);
    for _ in 0..10 {
        burst(&mut world, 1);
        later(&mut world, 100);
    }
    for name in ["billing", "email", "audit"] {
        assert_eq!(sums(&world, name), [(Standing::Delivered, 10)], "{name}");
        assert_eq!(party(&world, name).repeated(), 0);
    }
    let events = world.take_events();
    let delivered = |name: &str| {
        let of = |fact: &&RedisFact| matches!(fact, RedisFact::Delivered { consumer, .. } if **consumer == *name);
        redis(&events).filter(of).count()
    };
    assert_eq!(delivered("billing-1") + delivered("billing-2"), 10);
    assert!(delivered("billing-1") > 0 && delivered("billing-2") > 0, "blocked clients take turns");
    let acknowledged = |fact: &&RedisFact| matches!(fact, RedisFact::Acknowledged { .. });
    assert_eq!(redis(&events).filter(acknowledged).count(), 20);
}

/// redis.io, XGROUP CREATE: a group that starts at `0` gets the whole stream, at `$` what is
/// added from then on. XREAD: `$` is what is added from the call on.
#[test]
fn a_group_is_owed_everything_from_its_start() {
    let mut world = shop(&[Carrier::Stream], &[]);
    later(&mut world, 10);
    burst(&mut world, 5);
    later(&mut world, 100);
    act(&mut world, reader("all", Some("all"), MS, &[("start", "0")]));
    act(&mut world, reader("new", Some("new"), MS, &[("start", "$")]));
    act(&mut world, reader("plain-all", None, MS, &[("start", "0")]));
    act(&mut world, reader("plain-new", None, MS, &[]));
    later(&mut world, 100);
    burst(&mut world, 3);
    later(&mut world, 100);
    for (name, messages) in [("all", 8), ("new", 3), ("plain-all", 8), ("plain-new", 3)] {
        assert_eq!(sums(&world, name), [(Standing::Delivered, messages)], "{name}");
    }
}

/// redis.io, XAUTOCLAIM: what a crashed consumer left pending goes to another one once it has
/// been idle for min-idle-time. What was handled and not acknowledged is handled again.
#[test]
fn what_a_crashed_consumer_left_pending_is_claimed() {
    let mut world = shop(&[Carrier::Stream], &[]);
    let config = [("min-idle-time", "5000"), ("block", "1000")];
    act(&mut world, reader("billing-1", Some("billing"), SECOND, &config));
    later(&mut world, 50);
    burst(&mut world, 4);
    later(&mut world, 2_500);
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 2);
    crash(&mut world, "billing-1");
    act(&mut world, reader("billing-2", Some("billing"), MS, &config));
    later(&mut world, 2_000);
    assert_eq!(
        sums(&world, "billing"),
        [(Standing::Waiting, 2), (Standing::Delivered, 2)],
        "not idle for long enough"
    );
    later(&mut world, 4_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 4)]);
    assert_eq!(party(&world, "billing").repeated(), 0, "what was acknowledged is not repeated");
    let events = world.take_events();
    let claimed: Vec<u64> = redis(&events)
        .filter_map(|fact| match fact {
            RedisFact::Claimed { deliveries, .. } => Some(*deliveries),
            _ => None,
        })
        .collect();
    assert_eq!(claimed, [2, 2], "XPENDING counts each delivery");
}

/// redis.io, XACK: an entry stays pending until it is acknowledged. One that was handled while
/// the path was cut is handled again by whoever claims it.
#[test]
fn an_acknowledgement_that_does_not_arrive_repeats() {
    let mut world = shop(&[Carrier::Stream], &[]);
    let config = [("min-idle-time", "3000"), ("block", "500")];
    act(&mut world, reader("billing-1", Some("billing"), SECOND, &config));
    later(&mut world, 50);
    burst(&mut world, 1);
    later(&mut world, 500);
    act(&mut world, Action::Interrupt { node: "billing-1".into() });
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 1)]);
    act(&mut world, reader("billing-2", Some("billing"), MS, &config));
    later(&mut world, 5_000);
    assert_eq!(party(&world, "billing").repeated(), 1);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 1)]);
}

/// redis.io, "Redis Streams", "Claiming and the delivery counter": an entry that was delivered
/// many times cannot be processed, and belongs into a dead-letter stream.
#[test]
fn an_entry_that_fails_too_often_is_parked() {
    let mut world = shop(&[Carrier::Stream], &[]);
    let config = [("min-idle-time", "1000"), ("block", "500"), ("max-deliveries", "3")];
    act(&mut world, reader("billing-1", Some("billing"), MS, &config));
    act(
        &mut world,
        Action::SetFailure { consumer: "billing-1".into(), fails: Failure::Numbers(vec![2]) },
    );
    later(&mut world, 50);
    burst(&mut world, 3);
    later(&mut world, 1_000);
    assert_eq!(
        sums(&world, "billing"),
        [(Standing::Waiting, 1), (Standing::Delivered, 2)],
        "what lies behind it goes on"
    );
    later(&mut world, 10_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 2), (Standing::Parked, 1)]);
    let events = world.take_events();
    let failed = |event: &&Event| matches!(event.what, What::Lab(LabFact::HandlingFailed { .. }));
    assert_eq!(events.iter().filter(failed).count(), 3, "as often as it may be delivered");
    let parked = |fact: &&RedisFact| matches!(fact, RedisFact::EntryAdded { key, length: 1, .. } if &**key == "orders-dlq");
    assert_eq!(redis(&events).filter(parked).count(), 1);
}

/// redis.io, XREADGROUP: NOACK is for when "occasional message loss is acceptable".
#[test]
fn without_acknowledgement_a_crash_loses() {
    let mut world = shop(&[Carrier::Stream], &[]);
    act(&mut world, reader("billing-1", Some("billing"), SECOND, &[("noack", "true")]));
    later(&mut world, 50);
    burst(&mut world, 4);
    later(&mut world, 2_500);
    crash(&mut world, "billing-1");
    restart(&mut world, "billing-1");
    later(&mut world, 5_000);
    let lost = Standing::Lost(LostReason::Crashed);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 2), (lost, 2)]);
}

/// redis.io, XREAD: a plain reader's position is its own. One that starts at `$` again misses
/// what came while it was away, one that lost only its connection goes on where it was.
#[test]
fn a_plain_reader_keeps_its_position_in_its_memory() {
    let mut world = shop(&[Carrier::Stream], &[]);
    act(&mut world, reader("audit", None, MS, &[]));
    later(&mut world, 50);
    burst(&mut world, 2);
    later(&mut world, 100);
    act(&mut world, Action::Unplug { consumer: "audit".into() });
    burst(&mut world, 3);
    later(&mut world, 100);
    assert_eq!(sums(&world, "audit"), [(Standing::Waiting, 3), (Standing::Delivered, 2)]);
    act(&mut world, Action::PlugIn { consumer: "audit".into() });
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "audit"), [(Standing::Delivered, 5)]);
    crash(&mut world, "audit");
    burst(&mut world, 4);
    later(&mut world, 100);
    restart(&mut world, "audit");
    later(&mut world, 1_000);
    let skipped = Standing::Lost(LostReason::Skipped);
    assert_eq!(sums(&world, "audit"), [(Standing::Delivered, 5), (skipped, 4)]);
}

/// redis.io, XADD: MAXLEN evicts the oldest entries whether they were read or not.
#[test]
fn trimming_takes_what_nobody_has_read() {
    let mut world = shop(&[Carrier::Stream], &[("maxlen", "3")]);
    act(&mut world, reader("billing-1", Some("billing"), MS, &[("min-idle-time", "1000")]));
    later(&mut world, 50);
    crash(&mut world, "billing-1");
    burst(&mut world, 10);
    later(&mut world, 100);
    let trimmed = Standing::Lost(LostReason::Evicted);
    assert_eq!(sums(&world, "billing"), [(Standing::Waiting, 3), (trimmed, 7)]);
    restart(&mut world, "billing-1");
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 3), (trimmed, 7)]);
}

/// redis.io, BRPOP: each element goes to one worker; one that was popped is in that worker's
/// memory alone.
#[test]
fn a_popped_element_dies_with_its_worker() {
    let mut world = shop(&[Carrier::List], &[]);
    act(&mut world, worker("packer-1", SECOND, false));
    act(&mut world, worker("packer-2", SECOND, false));
    later(&mut world, 50);
    burst(&mut world, 6);
    later(&mut world, 1_500);
    assert_eq!(sums(&world, "orders"), [(Standing::Waiting, 4), (Standing::Delivered, 2)]);
    crash(&mut world, "packer-1");
    later(&mut world, 10_000);
    let lost = Standing::Lost(LostReason::Crashed);
    assert_eq!(sums(&world, "orders"), [(Standing::Delivered, 5), (lost, 1)]);
}

/// redis.io, LMOVE, "Pattern: Reliable queue": what a worker works on stays in the processing
/// list until it is removed.
#[test]
fn a_moved_element_survives_its_worker() {
    let mut world = shop(&[Carrier::List], &[]);
    act(&mut world, worker("packer-1", SECOND, true));
    later(&mut world, 50);
    burst(&mut world, 4);
    later(&mut world, 1_500);
    crash(&mut world, "packer-1");
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "orders"), [(Standing::Waiting, 3), (Standing::Delivered, 1)]);
    restart(&mut world, "packer-1");
    later(&mut world, 10_000);
    assert_eq!(sums(&world, "orders"), [(Standing::Delivered, 4)]);
    assert_eq!(party(&world, "orders").repeated(), 0);
}

/// What carriers lose when the readers' machines are cut off from the server for a while
/// (redis.io, PUBLISH, XREADGROUP and BRPOP).
#[test]
fn the_same_fault_costs_each_carrier_something_else() {
    let mut logged = shop(&[Carrier::PubSub, Carrier::Stream], &[]);
    let subscriber = Action::AddSubscriber {
        name: "push".into(),
        channels: vec!["orders".into()],
        patterns: Vec::new(),
        takes: MS,
        server: None,
    };
    act(&mut logged, subscriber);
    act(&mut logged, reader("log", Some("log"), MS, &[]));
    let mut queued = shop(&[Carrier::List], &[]);
    act(&mut queued, worker("queue", MS, false));
    for (world, consumers) in [(&mut logged, &["push", "log"][..]), (&mut queued, &["queue"])] {
        later(world, 50);
        burst(world, 2);
        later(world, 100);
        for consumer in consumers {
            act(world, Action::Unplug { consumer: (*consumer).into() });
        }
        burst(world, 3);
        later(world, 100);
        for consumer in consumers {
            act(world, Action::PlugIn { consumer: (*consumer).into() });
        }
        later(world, 2_000);
    }
    let lost = Standing::Lost(LostReason::NotConnected);
    assert_eq!(sums(&logged, "push"), [(Standing::Delivered, 2), (lost, 3)]);
    assert_eq!(sums(&logged, "log"), [(Standing::Delivered, 5)]);
    assert_eq!(sums(&queued, "orders"), [(Standing::Delivered, 5)]);
}

/// redis.io, "Redis persistence": without it a server's data is its memory.
#[test]
fn a_server_without_replicas_takes_what_it_holds_with_it() {
    let lost = Standing::Lost(LostReason::Replication);
    for (carrier, name) in [(Carrier::Stream, "log"), (Carrier::List, "orders")] {
        let mut world = shop(&[carrier], &[]);
        act(
            &mut world,
            match carrier {
                Carrier::List => worker("queue", SECOND, true),
                _ => reader("log-1", Some("log"), SECOND, &[("count", "1")]),
            },
        );
        later(&mut world, 50);
        burst(&mut world, 4);
        later(&mut world, 1_500);
        crash(&mut world, "redis-1");
        later(&mut world, 5_000);
        // What a reader had received, it handles.
        assert_eq!(sums(&world, name), [(Standing::Delivered, 2), (lost, 2)], "{name}");
        burst(&mut world, 1);
        restart(&mut world, "redis-1");
        later(&mut world, 2_000);
        burst(&mut world, 1);
        later(&mut world, 2_000);
        assert_eq!(party(&world, name).count(Standing::Refused), 1, "{name}");
        assert_eq!(party(&world, name).count(Standing::Delivered), 3, "{name}");
    }
}

fn replica(name: &str) -> Action {
    Action::AddReplica { name: name.into(), of: "redis-1".into(), config: Settings::new() }
}

fn console(world: &mut World, server: &str, line: &str) {
    act(world, Action::Console { server: server.into(), line: line.into() });
}

/// What the consoles answered since the last call.
fn replies(world: &mut World) -> Vec<String> {
    let events = world.take_events();
    let reply = |fact: &RedisFact| match fact {
        RedisFact::Replied { reply, .. } => Some(reply.trim_end().to_owned()),
        _ => None,
    };
    redis(&events).filter_map(reply).collect()
}

/// redis.io, "Redis replication": "replication is asynchronous by default". What was acknowledged
/// and had not reached the replica is gone when that becomes the primary; the rest goes on there,
/// pending entries included.
#[test]
fn a_failover_loses_what_the_replica_did_not_have() {
    let mut world = shop(&[Carrier::Stream], &[]);
    act(&mut world, replica("redis-2"));
    let config = [("min-idle-time", "2000"), ("block", "500"), ("count", "1")];
    act(&mut world, reader("billing-1", Some("billing"), SECOND, &config));
    later(&mut world, 500);
    burst(&mut world, 4);
    later(&mut world, 1_600);
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 1);
    // The replica is cut off: the primary goes on acknowledging.
    act(&mut world, Action::Interrupt { node: "redis-2".into() });
    burst(&mut world, 3);
    later(&mut world, 100);
    crash(&mut world, "redis-1");
    let lost = Standing::Lost(LostReason::Replication);
    assert_eq!(party(&world, "billing").count(lost), 3, "acknowledged, and on no machine now");
    assert_eq!(party(&world, "billing").count(Standing::Refused), 0);
    act(&mut world, Action::Heal { node: "redis-2".into() });
    act(&mut world, Action::Promote { node: "redis-2".into() });
    later(&mut world, 2_000);
    burst(&mut world, 2);
    later(&mut world, 20_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 6), (lost, 3)]);
    // Sentinel makes the old primary a replica of the new one.
    restart(&mut world, "redis-1");
    later(&mut world, 3_000);
    world.take_events();
    console(&mut world, "redis-1", "XLEN orders");
    later(&mut world, 10);
    console(&mut world, "redis-1", "ROLE");
    later(&mut world, 10);
    let replies = replies(&mut world);
    assert_eq!(replies[0], "(integer) 6");
    assert!(
        replies[1].starts_with("1) \"slave\"\n2) \"redis-2\"\n3) (integer) 6379\n4) \"connected\"")
    );
}

/// redis.io, "High availability with Redis Sentinel": a primary that is cut off goes on taking
/// writes; when it is reachable again it becomes a replica and they are gone.
#[test]
fn writes_to_a_primary_that_was_cut_off_are_lost() {
    let mut world = shop(&[Carrier::Stream], &[]);
    act(&mut world, replica("redis-2"));
    later(&mut world, 500);
    burst(&mut world, 2);
    later(&mut world, 100);
    act(&mut world, reader("billing-1", Some("billing"), MS, &[("block", "500")]));
    later(&mut world, 100);
    act(&mut world, Action::Interrupt { node: "redis-1".into() });
    act(&mut world, Action::Promote { node: "redis-2".into() });
    later(&mut world, 1_000);
    burst(&mut world, 2);
    later(&mut world, 1_000);
    world.take_events();
    act(&mut world, Action::Heal { node: "redis-1".into() });
    later(&mut world, 3_000);
    let events = world.take_events();
    let demoted = |fact: &&RedisFact| matches!(fact, RedisFact::RoleChanged { primary: false });
    assert_eq!(redis(&events).filter(demoted).count(), 1);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 4)]);
}

/// redis.io, PUBLISH and "Redis replication": a publication goes down the replication stream, so
/// a subscriber of a replica gets it.
#[test]
fn a_subscriber_of_a_replica_gets_what_the_primary_publishes() {
    let mut world = shop(&[Carrier::PubSub], &[]);
    act(&mut world, replica("redis-2"));
    let subscriber = Action::AddSubscriber {
        name: "push".into(),
        channels: vec!["orders".into()],
        patterns: Vec::new(),
        takes: MS,
        server: Some("redis-2".into()),
    };
    act(&mut world, subscriber);
    later(&mut world, 500);
    burst(&mut world, 5);
    later(&mut world, 100);
    assert_eq!(sums(&world, "push"), [(Standing::Delivered, 5)]);
    act(&mut world, Action::Interrupt { node: "redis-2".into() });
    burst(&mut world, 2);
    later(&mut world, 100);
    assert_eq!(party(&world, "push").count(Standing::Waiting), 2);
    crash(&mut world, "redis-1");
    let lost = Standing::Lost(LostReason::Replication);
    assert_eq!(sums(&world, "push"), [(Standing::Delivered, 5), (lost, 2)]);
}

/// redis.io, WAIT: answers how many replicas acknowledged the writes before it, at once or when
/// its time is up. redis.conf, min-replicas-to-write: a primary without enough replicas refuses.
#[test]
fn waiting_for_replicas_and_refusing_without_them() {
    let mut world = shop(&[Carrier::Stream], &[]);
    act(&mut world, replica("redis-2"));
    act(&mut world, reader("billing-1", Some("billing"), MS, &[]));
    later(&mut world, 500);
    world.take_events();
    console(&mut world, "redis-1", "SET a 1");
    later(&mut world, 1);
    console(&mut world, "redis-1", "WAIT 1 1000");
    let more = Action::Console { server: "redis-1".into(), line: "PING".into() };
    assert!(world.can(&more).is_err_and(|no| no.reason.contains("still waits")));
    later(&mut world, 1_000);
    assert_eq!(replies(&mut world), ["OK", "(integer) 1"]);
    act(&mut world, Action::Interrupt { node: "redis-2".into() });
    console(&mut world, "redis-1", "SET a 2");
    later(&mut world, 1);
    console(&mut world, "redis-1", "WAIT 1 1000");
    later(&mut world, 2_000);
    assert_eq!(replies(&mut world), ["OK", "(integer) 0"]);
    console(&mut world, "redis-1", "CONFIG SET min-replicas-to-write 1 min-replicas-max-lag 5");
    later(&mut world, 10_000);
    burst(&mut world, 2);
    later(&mut world, 100);
    assert_eq!(sums(&world, "billing"), [(Standing::Refused, 2)], "NOREPLICAS");
}

/// redis.io, "Redis as an LRU cache": with noeviction writes are refused when memory is full,
/// else keys are evicted, a whole stream at a time.
#[test]
fn a_full_memory_refuses_or_evicts() {
    let full = |policy: &str| {
        let mut world = shop(&[Carrier::Stream], &[]);
        act(&mut world, reader("billing-1", Some("billing"), MS, &[]));
        later(&mut world, 50);
        crash(&mut world, "billing-1");
        burst(&mut world, 3);
        later(&mut world, 50);
        let line = format!("CONFIG SET maxmemory 2mb maxmemory-policy {policy}");
        console(&mut world, "redis-1", &line);
        later(&mut world, 50);
        act(&mut world, Action::FillMemory { server: "redis-1".into(), bytes: 3_000_000 });
        later(&mut world, 50);
        burst(&mut world, 1);
        later(&mut world, 200);
        world
    };
    let world = full("noeviction");
    assert_eq!(sums(&world, "billing"), [(Standing::Waiting, 3), (Standing::Refused, 1)]);
    let mut world = full("allkeys-lru");
    let evicted = Standing::Lost(LostReason::Evicted);
    assert_eq!(sums(&world, "billing"), [(Standing::Waiting, 1), (evicted, 3)]);
    let events = world.take_events();
    // What is drawn is what is kept: the key went with its three entries, and began anew.
    let mut timeline = Timeline::default();
    timeline.extend(&events);
    let drawn = timeline.streams().iter().find(|stream| &*stream.key == "orders");
    assert_eq!(drawn.map(|stream| stream.entries(world.now()).1.len()), Some(1));
    let keys: Vec<_> = redis(&events)
        .filter_map(|fact| match fact {
            RedisFact::Evicted { key } => Some(&**key),
            _ => None,
        })
        .collect();
    assert_eq!(keys[0], "orders", "the one that was used longest ago");
    let used: Vec<(u64, u64)> = redis(&events)
        .filter_map(|fact| match fact {
            RedisFact::MemoryChanged { used, most } => Some((*used, *most)),
            _ => None,
        })
        .collect();
    let (used, most) = *used.last().expect("memory was told");
    assert_eq!(most, 2 << 20, "CONFIG SET maxmemory 2mb");
    assert!(used <= most, "{used}");
}

/// `CONFIG SET client-output-buffer-limit` holds for whoever is connected; what is drawn of the
/// limits is told.
#[test]
fn limits_are_told_when_they_are_not_the_default() {
    let mut world = shop(&[Carrier::PubSub], &[]);
    burst(&mut world, 1);
    later(&mut world, 300);
    let limits = |events: &[Event]| -> Vec<(u64, u64, u64)> {
        let of = |fact: &RedisFact| match fact {
            RedisFact::LimitsChanged { hard, soft, soft_seconds } => {
                Some((*hard, *soft, *soft_seconds))
            }
            _ => None,
        };
        redis(events).filter_map(of).collect()
    };
    assert_eq!(limits(&world.take_events()), [], "32mb 8mb 60 is what everybody expects");
    console(&mut world, "redis-1", "CONFIG SET client-output-buffer-limit 'pubsub 1mb 512kb 10'");
    burst(&mut world, 1);
    later(&mut world, 300);
    let told = world.take_events();
    assert_eq!(limits(&told), [(1 << 20, 512 << 10, 10)]);
    later(&mut world, 300);
    assert_eq!(limits(&world.take_events()), [], "and only once");
}

/// redis-cli splits a line into words as the server's inline commands are split, and says what
/// is wrong with one that it cannot split.
#[test]
fn a_console_says_what_redis_says() {
    let mut world = shop(&[Carrier::Stream], &[]);
    for line in [
        r#"SET "two words" 'a b'"#,
        r#"GET "two words""#,
        "INCR 'two words'",
        "XTRIM orders MAXLEN 0",
    ] {
        console(&mut world, "redis-1", line);
        later(&mut world, 1);
    }
    assert_eq!(
        replies(&mut world),
        ["OK", "\"a b\"", "(error) ERR value is not an integer or out of range", "(integer) 0"]
    );
    for (line, word) in [
        ("SET \"open", "quote"),
        ("", "empty"),
        ("SUBSCRIBE orders", "without an answer"),
        ("FROB 1", "ERR unknown command 'FROB'"),
        ("GET", "ERR wrong number of arguments for 'get' command"),
    ] {
        let action = Action::Console { server: "redis-1".into(), line: line.into() };
        let reason = world.can(&action).expect_err("it cannot be").reason;
        assert!(reason.contains(word), "{reason}");
    }
    let promote = Action::Promote { node: "redis-1".into() };
    assert!(world.can(&promote).is_err_and(|no| no.reason.contains("primary already")));
}

/// redis.conf, maxclients and timeout: one too many is told so and closed; an idle client is
/// closed, one that subscribed or is blocked is not.
#[test]
fn too_many_and_idle_clients_are_closed() {
    let mut world = shop(&[Carrier::Stream], &[]);
    later(&mut world, 50);
    console(&mut world, "redis-1", "CONFIG SET maxclients 2 timeout 5");
    act(&mut world, reader("billing-1", Some("billing"), MS, &[("block", "0")]));
    later(&mut world, 100);
    let events = world.take_events();
    let closed = |events: &[Event], why: &str| {
        let is = |fact: &&RedisFact| matches!(fact, RedisFact::ClientClosed { reason, .. } if **reason == *why);
        redis(events).filter(is).count()
    };
    assert_eq!(closed(&events, "max number of clients reached"), 1);
    later(&mut world, 7_000);
    let events = world.take_events();
    assert!(closed(&events, "idle") >= 2, "the shop and the console");
    burst(&mut world, 1);
    later(&mut world, 1_000);
    assert_eq!(party(&world, "billing").expected(), 1);
}

fn retry(millis: u64, retries: u32) -> Action {
    let timeout = Span::from_millis(millis);
    Action::SetPublishRetry { producer: "shop".into(), timeout, retries }
}

fn subscriber(name: &str, takes: Span, server: Option<&str>) -> Action {
    Action::AddSubscriber {
        name: name.into(),
        channels: vec!["orders".into()],
        patterns: Vec::new(),
        takes,
        server: server.map(Into::into),
    }
}

/// redis.io, PUBLISH: a message has no identity. A publisher that sends again after a time-out
/// makes a second one, which subscribers and streams cannot tell from the first; Kafka's
/// idempotent producer numbers its batches for this case.
#[test]
fn sending_again_after_a_time_out_makes_a_copy() {
    let mut world = shop(&[Carrier::PubSub, Carrier::Stream], &[]);
    act(&mut world, subscriber("push", MS, None));
    act(&mut world, reader("log-1", Some("log"), MS, &[]));
    act(&mut world, retry(200, 1));
    assert!(world.can(&retry(200, 1)).is_err_and(|no| no.reason.contains("already")));
    later(&mut world, 100);
    burst(&mut world, 1);
    later(&mut world, 1_000);
    for name in ["push", "log"] {
        assert_eq!(sums(&world, name), [(Standing::Delivered, 1)]);
        assert_eq!(party(&world, name).repeated(), 0, "{name}");
    }
    // The server stands still for longer than the publisher waits.
    act(&mut world, Action::Pause { node: "redis-1".into() });
    burst(&mut world, 1);
    later(&mut world, 300);
    act(&mut world, Action::Resume { node: "redis-1".into() });
    later(&mut world, 1_000);
    for name in ["push", "log"] {
        assert_eq!(sums(&world, name), [(Standing::Delivered, 2)]);
        assert_eq!(party(&world, name).repeated(), 1, "{name}");
    }
    // Out of attempts, the application gets an error; what arrives later is delivered all the
    // same.
    act(&mut world, Action::Pause { node: "redis-1".into() });
    burst(&mut world, 1);
    later(&mut world, 1_000);
    assert_eq!(party(&world, "push").count(Standing::Refused), 1);
    act(&mut world, Action::Resume { node: "redis-1".into() });
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "push"), [(Standing::Delivered, 3)]);
}

/// A publisher that sends again gets over a broken connection, unlike one that does not.
#[test]
fn sending_again_gets_over_a_broken_connection() {
    for (retries, standing) in [(0, Standing::Refused), (3, Standing::Delivered)] {
        let mut world = shop(&[Carrier::Stream], &[]);
        act(&mut world, reader("log-1", Some("log"), MS, &[]));
        act(&mut world, retry(400, retries));
        later(&mut world, 100);
        let close = Action::CloseConnection { client: "shop".into(), server: "redis-1".into() };
        act(&mut world, close);
        burst(&mut world, 1);
        later(&mut world, 3_000);
        assert_eq!(sums(&world, "log"), [(standing, 1)], "{retries} retries");
    }
}

/// One thread: 400 copies of a publication take time to write, so latency bends with fan-out
/// (the costs were measured on redis-server 7.0.15, `scripts/redis-costs`).
#[test]
fn fan_out_makes_the_event_loop_busy_and_late() {
    let last = |subscribers: u32| {
        let mut world = shop(&[Carrier::PubSub], &[]);
        for n in 0..subscribers {
            act(&mut world, subscriber(&format!("push-{n}"), Span::ZERO, None));
        }
        later(&mut world, 1_000);
        world.take_events();
        let rate = |per_kilosecond| Action::SetRate { producer: "shop".into(), per_kilosecond };
        act(&mut world, rate(200_000));
        later(&mut world, 500);
        act(&mut world, rate(0));
        later(&mut world, 1_000);
        let latency = |p: &Party| p.latency().percentile(99).map(Span::as_nanos);
        let worst = world.ledger().parties().filter_map(|(_, party)| latency(party)).max();
        let events = world.take_events();
        let busy: Vec<u32> = redis(&events)
            .filter_map(|fact| match fact {
                RedisFact::LoopBusy { per_mille } => Some(*per_mille),
                _ => None,
            })
            .collect();
        (worst.expect("something arrived"), busy)
    };
    let (few, quiet) = last(2);
    let (many, busy) = last(400);
    // 400 writes of 8 microseconds are 3.2 ms.
    assert!(many > few + 2_000_000, "{few} {many}");
    assert!(quiet.iter().all(|share| *share < 100), "{quiet:?}");
    assert!(busy.iter().any(|share| *share > 500), "{busy:?}");
    assert_eq!(busy.last(), Some(&0), "and quiet again");
}

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    let world = shop(&[Carrier::Stream], &[]);
    for (action, word) in [
        (reader("shop", None, MS, &[]), "taken"),
        (reader("x", None, MS, &[("noack", "true")]), "noack"),
        (reader("x", Some("g"), MS, &[("start", "5-0")]), "start"),
        (reader("x", Some("g"), MS, &[("max-deliveries", "-1")]), "max-deliveries"),
        (worker("redis-1", MS, true), "taken"),
        (
            Action::AddProducer {
                name: "x".into(),
                topic: "orders".into(),
                carriers: vec![Carrier::Stream, Carrier::List],
                load: Load { per_kilosecond: 0, keys: Keys::None, bytes: 1 },
                config: Settings::new(),
            },
            "not both",
        ),
    ] {
        let reason = world.can(&action).expect_err("it cannot be").reason;
        assert!(reason.contains(word), "{reason}");
    }
    let empty = World::new(1);
    assert!(empty.can(&worker("x", MS, true)).is_err_and(|no| no.reason.contains("Redis server")));
}

/// Random but sensible actions at random instants, on readers of every kind.
fn random_run(seed: u64, steps: u64) -> (World, Vec<Event>) {
    let carriers =
        [Carrier::PubSub, if seed.is_multiple_of(2) { Carrier::Stream } else { Carrier::List }];
    let mut world = shop(&carriers, if seed.is_multiple_of(3) { &[("maxlen", "40")] } else { &[] });
    let mut rng = Rng::new(seed, Purpose::Handling, 99);
    let takes = Span::from_millis(20);
    let config = [("min-idle-time", "400"), ("block", "200"), ("max-deliveries", "4")];
    let subscriber = Action::AddSubscriber {
        name: "push".into(),
        channels: vec!["orders".into()],
        patterns: Vec::new(),
        takes,
        server: None,
    };
    for action in [
        subscriber,
        reader("billing-1", Some("billing"), takes, &config),
        reader("billing-2", Some("billing"), takes, &config),
        reader("fast", Some("fast"), takes, &[("noack", "true"), ("start", "$")]),
        reader("audit", None, takes, &[("start", "0")]),
        reader("tail", None, takes, &[("count", "2")]),
        worker("packer-1", takes, true),
        worker("packer-2", takes, false),
        replica("redis-2"),
        Action::AddSubscriber {
            name: "far".into(),
            channels: Vec::new(),
            patterns: vec!["ord*".into()],
            takes,
            server: Some("redis-2".into()),
        },
    ] {
        act(&mut world, action);
    }
    let names = [
        "push",
        "billing-1",
        "billing-2",
        "fast",
        "audit",
        "tail",
        "packer-1",
        "packer-2",
        "shop",
        "redis-1",
        "redis-2",
        "far",
    ];
    let mut events = Vec::new();
    for _ in 0..steps {
        world.advance_to(world.now() + Span::from_micros(rng.below(500_000)));
        let who: Name = names[rng.below(names.len() as u64) as usize].into();
        let action = match rng.below(16) {
            number @ 0..=7 => to_process(number, who),
            8 => Action::CloseConnection { client: who, server: "redis-1".into() },
            9 => Action::SetFailure { consumer: who, fails: Failure::Chance(200_000) },
            10 => Action::Promote { node: who },
            14 => Action::SetPublishRetry {
                producer: "shop".into(),
                timeout: Span::from_millis(rng.below(3) * 50),
                retries: rng.below(3) as u32,
            },
            11 => Action::FillMemory { server: "redis-1".into(), bytes: 1 + rng.below(100_000) },
            12 => {
                let lines = [
                    "XTRIM orders MAXLEN 5",
                    "DEL orders",
                    "FLUSHALL",
                    "LTRIM orders 0 3",
                    "RENAME orders old",
                    "XADD orders * by hand",
                    "LPUSH orders by-hand",
                    "CONFIG SET maxmemory 1mb maxmemory-policy allkeys-random",
                    "CONFIG SET maxmemory 0",
                    "WAIT 1 100",
                    "XGROUP DESTROY orders billing",
                    "CLIENT KILL TYPE normal",
                    "CONFIG SET min-replicas-to-write 0",
                ];
                let line = lines[rng.below(lines.len() as u64) as usize];
                Action::Console { server: "redis-1".into(), line: line.into() }
            }
            13 => Action::Burst { producer: "shop".into(), messages: 1 + rng.below(20) as u32 },
            _ => Action::SetRate {
                producer: "shop".into(),
                per_kilosecond: 1_000 * (1 + rng.below(30)) as u32,
            },
        };
        let allowed = world.can(&action);
        assert_eq!(allowed, world.act(action));
        assert!(world.ledger().balances(), "seed {seed}");
        events.extend(world.take_events());
    }
    (world, events)
}

#[test]
fn the_ledger_balances_and_a_recount_of_the_events_agrees() {
    for seed in 0..24 {
        let (world, events) = random_run(seed, 80);
        recount(&world, &events, seed);
    }
}

/// Whatever happens to its readers: what a group or a safe worker is owed and the server keeps
/// is handled in the end (redis.io, XAUTOCLAIM; LMOVE, "Pattern: Reliable queue").
#[test]
fn what_is_kept_until_it_is_acknowledged_is_handled_in_the_end() {
    for seed in 0..24 {
        let (mut world, _) = random_run(seed, 60);
        act(&mut world, Action::SetRate { producer: "shop".into(), per_kilosecond: 0 });
        for name in ["shop", "redis-1", "redis-2", "billing-1", "billing-2", "packer-1", "packer-2"]
        {
            for action in [
                Action::PlugIn { consumer: name.into() },
                Action::Heal { node: name.into() },
                Action::Resume { node: name.into() },
                Action::Restart { node: name.into() },
                Action::SetFailure { consumer: name.into(), fails: Failure::Never },
            ] {
                let _ = world.act(action);
            }
        }
        later(&mut world, 60_000);
        // An element that failed stays in the processing list until its worker starts again.
        crash(&mut world, "packer-1");
        restart(&mut world, "packer-1");
        later(&mut world, 60_000);
        for name in ["billing", "orders"] {
            let open = |(standing, _): &(Standing, u64)| {
                matches!(standing, Standing::OnItsWay | Standing::Waiting)
            };
            let left = sums(&world, name);
            assert!(!left.iter().any(open), "seed {seed}: {name} {left:?}");
        }
    }
}

/// redis.io, "Redis pipelining": a client that waits for each answer sends one command a round
/// trip; one that does not is done after a single one.
#[test]
fn a_client_without_pipelining_sends_one_command_a_round_trip() {
    let sent_in = |pipeline: &str| {
        let mut world = shop(&[Carrier::PubSub], &[]);
        let config = [("pipeline".into(), pipeline.into())].into_iter().collect();
        let load = Load { per_kilosecond: 0, keys: Keys::None, bytes: 10 };
        let name: Name = "sender".into();
        let (topic, carriers) = ("orders".into(), vec![Carrier::PubSub]);
        act(&mut world, Action::AddProducer { name, topic, carriers, load, config });
        let latency = Span::from_millis(50);
        act(&mut world, Action::SetLatency { node: "sender".into(), latency });
        later(&mut world, 500);
        act(&mut world, Action::Burst { producer: "sender".into(), messages: 4 });
        let published = |world: &mut World| {
            let events = world.take_events();
            redis(&events).filter(|fact| matches!(fact, RedisFact::Published { .. })).count()
        };
        published(&mut world);
        // Half a round trip, then a whole one each time.
        [60, 100, 100, 100].map(|ms| {
            later(&mut world, ms);
            published(&mut world)
        })
    };
    assert_eq!(sent_in("true"), [4, 0, 0, 0]);
    assert_eq!(sent_in("false"), [1, 1, 1, 1]);
}

fn remove(world: &mut World, node: &str) {
    act(world, Action::Remove { node: node.into() });
}

/// A party is owed what is sent between its creation and its removal, whatever state its process
/// was removed in.
#[test]
fn who_is_gone_is_owed_nothing_more() {
    for state in ["crashed", "paused", "running"] {
        let mut world = shop(&[Carrier::PubSub, Carrier::Stream], &[]);
        act(&mut world, subscriber("email", Span::ZERO, None));
        act(&mut world, reader("tail", None, Span::ZERO, &[]));
        later(&mut world, 100);
        burst(&mut world, 3);
        later(&mut world, 100);
        for name in ["email", "tail"] {
            match state {
                "crashed" => crash(&mut world, name),
                "paused" => act(&mut world, Action::Pause { node: name.into() }),
                _ => {}
            }
            remove(&mut world, name);
        }
        burst(&mut world, 5);
        later(&mut world, 1_000);
        for name in ["email", "tail"] {
            let expected = [(Standing::Delivered, 3)];
            assert_eq!(sums(&world, name), expected, "{name} was removed while {state}");
        }
    }
}

/// A name is free when its server is gone, and then stands for the new one.
#[test]
fn a_server_with_the_name_of_one_that_is_gone_is_found() {
    let mut world = shop(&[Carrier::PubSub], &[]);
    act(&mut world, replica("redis-2"));
    later(&mut world, 2_000);
    remove(&mut world, "redis-2");
    act(&mut world, replica("redis-2"));
    act(&mut world, subscriber("far", Span::ZERO, Some("redis-2")));
    later(&mut world, 3_000);
    burst(&mut world, 4);
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "far"), [(Standing::Delivered, 4)]);
    act(&mut world, Action::Promote { node: "redis-2".into() });
    // Where the primary itself is gone for good, clients find the one that takes its place.
    let mut world = shop(&[Carrier::PubSub], &[]);
    act(&mut world, subscriber("email", Span::ZERO, None));
    later(&mut world, 100);
    remove(&mut world, "redis-1");
    later(&mut world, 1_000);
    act(&mut world, Action::AddRedis { name: "redis-1".into(), config: Settings::new() });
    later(&mut world, 1_000);
    burst(&mut world, 2);
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "email"), [(Standing::Delivered, 2)]);
}

/// `XGROUP SETID` moves a group's last-delivered id: what it skips is not delivered, what it comes
/// back to is delivered once more (`XGROUP SETID`, "Time complexity", "reset").
#[test]
fn a_bookmark_set_by_hand_skips_and_replays() {
    let mut world = shop(&[Carrier::Stream], &[]);
    let config = [("count", "1"), ("block", "100"), ("min-idle-time", "0")];
    act(&mut world, reader("billing-1", Some("billing"), Span::from_millis(50), &config));
    later(&mut world, 100);
    burst(&mut world, 10);
    later(&mut world, 20);
    act(&mut world, Action::Pause { node: "billing-1".into() });
    later(&mut world, 20);
    console(&mut world, "redis-1", "XGROUP SETID orders billing $");
    later(&mut world, 20);
    // What is in its hands is still handled; the rest lies before the bookmark.
    let skipped = Standing::Lost(LostReason::Skipped);
    assert_eq!(party(&world, "billing").count(skipped), 9, "{:?}", sums(&world, "billing"));
    act(&mut world, Action::Resume { node: "billing-1".into() });
    later(&mut world, 1_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 1), (skipped, 9)]);
    console(&mut world, "redis-1", "XGROUP SETID orders billing 0");
    later(&mut world, 10);
    assert_eq!(party(&world, "billing").count(skipped), 0, "they are open again");
    later(&mut world, 2_000);
    assert_eq!(sums(&world, "billing"), [(Standing::Delivered, 10)]);
    let billing = party(&world, "billing");
    assert_eq!((billing.repeated(), billing.replayed()), (0, 1), "the first is read again");
}

/// `XGROUP DELCONSUMER`: "any pending messages that the consumer had will become unclaimable after
/// it was deleted."
#[test]
fn what_a_deleted_consumer_had_pending_is_lost() {
    let mut world = shop(&[Carrier::Stream], &[]);
    act(&mut world, reader("billing-1", Some("billing"), Span::from_secs(60), &[]));
    later(&mut world, 100);
    burst(&mut world, 4);
    later(&mut world, 100);
    crash(&mut world, "billing-1");
    later(&mut world, 100);
    assert_eq!(sums(&world, "billing"), [(Standing::Waiting, 4)], "somebody may claim them");
    console(&mut world, "redis-1", "XGROUP DELCONSUMER orders billing billing-1");
    later(&mut world, 100);
    // The first was delivered to it; the others lie behind the group's bookmark still.
    let lost = Standing::Lost(LostReason::Skipped);
    assert_eq!(sums(&world, "billing"), [(Standing::Waiting, 3), (lost, 1)]);
}

/// Expiry is told to replicas before the command that found the key expired
/// (`deleteExpiredKeyAndPropagate`): they end with the same data.
#[test]
fn a_replica_keeps_what_was_written_over_an_expired_key() {
    let mut world = shop(&[Carrier::PubSub], &[]);
    act(&mut world, replica("redis-2"));
    later(&mut world, 2_000);
    for line in ["RPUSH jobs a", "PEXPIRE jobs 5"] {
        console(&mut world, "redis-1", line);
        later(&mut world, 1);
    }
    later(&mut world, 6);
    console(&mut world, "redis-1", "RPUSH jobs b");
    later(&mut world, 500);
    world.take_events();
    for server in ["redis-1", "redis-2"] {
        console(&mut world, server, "LRANGE jobs 0 -1");
    }
    later(&mut world, 100);
    assert_eq!(replies(&mut world), ["1) \"b\"", "1) \"b\""]);
}

/// "A message whose parties are all settled and which no log holds is folded into totals": what a
/// long run keeps open is what is under way, stored or parked, however much was sent.
#[test]
fn settled_messages_are_folded_on_a_long_run() {
    let rate = |world: &mut World, per_kilosecond| {
        act(world, Action::SetRate { producer: "shop".into(), per_kilosecond });
    };
    let retry = retry(5, 2);
    // What a stream keeps, a list and a channel do not.
    for (carrier, most) in [(Carrier::Stream, 40), (Carrier::List, 20), (Carrier::PubSub, 20)] {
        let mut world = shop(&[carrier], &[("maxlen", "20")]);
        act(&mut world, reader("billing-1", Some("billing"), Span::from_millis(1), &[]));
        act(&mut world, reader("tail", None, Span::from_millis(1), &[]));
        act(&mut world, worker("worker-1", Span::from_millis(1), true));
        act(&mut world, subscriber("email", Span::from_millis(1), None));
        act(&mut world, retry.clone());
        later(&mut world, 500);
        rate(&mut world, 50_000);
        for _ in 0..20 {
            later(&mut world, 3_000);
            let open = world.ledger().open_messages();
            assert!(open <= most, "{carrier:?}: {open} open");
        }
        let sent: u64 =
            world.ledger().parties().map(|(_, party)| party.expected()).max().unwrap_or(0);
        assert!(sent > 2_000, "{carrier:?}: {sent}");
    }
}
