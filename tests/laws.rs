//! The laws of the lab over random worlds and random commands: one generator, every law.
#![cfg(not(target_arch = "wasm32"))]

mod recount;
mod worlds;

use pushpull::history::{Session, from_link, to_link};
use pushpull::lab::{Survey, World};
use pushpull::sim::{Instant, Purpose, Rng, SortedMap, SortedSet, Span};
use pushpull::timeline::{Timeline, journal};
use recount::recount;
use std::panic::{AssertUnwindSafe, catch_unwind};
use worlds::actions::{KINDS, kind};
use worlds::{Worlds, alone};

fn rng(seed: u64) -> Rng {
    Rng::new(seed, Purpose::Handling, 99)
}

/// How many seeds a law is tried with: as many as `LAW_SEEDS` says, else `usual`.
fn seeds(usual: u64) -> impl Iterator<Item = u64> {
    let asked = std::env::var("LAW_SEEDS").ok();
    let number = |text: &str| text.parse::<u64>().expect("LAW_SEEDS is 200, or 100-200");
    match asked.as_deref().map(|text| text.split_once('-').unwrap_or(("0", text))) {
        Some((from, to)) => number(from)..number(to),
        None => 0..usual,
    }
}

/// Proves a law for every seed, and names all those that break it.
fn each_seed(usual: u64, law: impl Fn(u64)) {
    let breaks = |seed: &u64| catch_unwind(AssertUnwindSafe(|| law(*seed))).is_err();
    let broken: Vec<u64> = seeds(usual).filter(breaks).collect();
    assert!(broken.is_empty(), "broken by the seeds {broken:?}");
}

/// The commands of one run, done again in another way.
fn afresh(worlds: &Worlds, session: &Session, until: Instant) -> Session {
    let mut fresh = worlds.open(session.seed());
    for command in session.commands().iter().filter(|command| command.at <= until) {
        fresh.act_at(command.at, command.action.clone()).expect("it was not refused before");
    }
    fresh.advance_to(until);
    fresh
}

fn same(a: &Session, b: &Session, what: &str) {
    assert_eq!((a.head(), a.event_count()), (b.head(), b.event_count()), "{what}");
    assert_eq!(a.trace(), b.trace(), "{what}");
    assert_eq!(a.commands(), b.commands(), "{what}");
    assert_eq!(alone(a), alone(b), "{what}");
    assert!(a.world().survey() == b.world().survey(), "{what}");
}

#[test]
fn advancing_in_many_steps_equals_one() {
    for seed in seeds(12) {
        let worlds = Worlds::any(seed);
        let mut rng = rng(seed);
        let session = worlds.any_run(seed, &mut rng, 12);
        let mut steps = worlds.open(seed);
        for command in session.commands() {
            while steps.head() < command.at {
                let t = steps.head() + Span(1 + rng.below(300_000_000));
                steps.advance_to(t.min(command.at));
            }
            steps.act_at(command.at, command.action.clone()).expect("it was not refused before");
        }
        steps.advance_to(session.head());
        assert!(session.event_count() > 200, "seed {seed}: {} events", session.event_count());
        same(&steps, &session, &format!("seed {seed}"));
    }
}

#[test]
fn looking_back_equals_a_fresh_run_to_that_instant() {
    for seed in seeds(8) {
        let worlds = Worlds::any(seed);
        let mut rng = rng(seed);
        let session = worlds.any_run(seed, &mut rng, 20);
        for _ in 0..6 {
            let t = Instant(rng.below(session.head().0 + 1));
            let (past, fresh) = (session.at(t), afresh(&worlds, &session, t));
            let what = format!("seed {seed} at {t}");
            assert_eq!((past.world.now(), past.trace), (t, fresh.trace()), "{what}");
            assert_eq!(past.event_count, fresh.event_count(), "{what}");
            assert_eq!(&past.progress, fresh.progress(), "{what}");
            assert!(past.world.survey() == fresh.world().survey(), "{what}");
        }
    }
}

#[test]
fn fork_then_undo_equals_the_original_and_redo_the_fork() {
    let mut forks = 0;
    for seed in seeds(16) {
        let worlds = Worlds::any(seed);
        let mut rng = rng(seed);
        let mut session = worlds.any_run(seed, &mut rng, 12);
        let original = session.clone();
        let t = Instant(rng.below(session.head().0));
        let can = |action: &_| session.can_at(t, action).is_ok();
        let Some(action) = worlds.allowed_action(&mut rng, can) else { continue };
        session.act_at(t, action).expect("it was allowed");
        forks += 1;
        session.advance_to(original.head());
        let further = session.clone();
        same(&session, &afresh(&worlds, &session, original.head()), "a fork");
        assert!(session.undo());
        same(&session, &original, "undo after a fork");
        assert_eq!(session.events(), original.events());
        assert!(session.redo());
        same(&session, &further, "redo after that");
    }
    assert!(forks > 0);
}

#[test]
fn a_link_brings_the_same_run() {
    for seed in seeds(6) {
        let worlds = Worlds::any(seed);
        let session = worlds.any_run(seed, &mut rng(seed), 15);
        let recording = session.recording();
        let read = from_link(&to_link(&recording)).expect("whole");
        assert_eq!(read, recording);
        let (again, replay) = Session::replay(worlds.lesson(), &read).expect("opens");
        assert!(replay.same && replay.refused.is_empty() && !replay.cut, "{replay:?}");
        same(&again, &session, "replayed");
    }
}

#[test]
fn the_ledger_balances_and_a_recount_from_scratch_agrees() {
    each_seed(20, |seed| {
        let worlds = Worlds::any(seed);
        let mut world = worlds.world(seed);
        let mut events = world.take_events();
        worlds.disturb(&mut world, &mut rng(seed), 50, |world| {
            assert!(world.ledger().balances(), "seed {seed}");
            events.extend(world.take_events());
        });
        recount(&world, &events, seed);
    });
}

/// The stage reads events alone: whatever it draws must be what the engines themselves say.
#[test]
fn the_fold_of_the_events_equals_what_the_world_says() {
    each_seed(30, |seed| {
        let worlds = Worlds::any(seed);
        let mut world = worlds.world(seed);
        let mut timeline = Timeline::default();
        timeline.extend(&world.take_events());
        worlds.disturb(&mut world, &mut rng(seed), 40, |world| {
            let events = world.take_events();
            timeline.extend(&events);
            if let Ok(word) = std::env::var("LAW_TELL") {
                let told = events.iter().map(|e| (e.at, journal::sentence(&timeline, e)));
                for (at, told) in told.filter(|(_, told)| told.contains(&word)) {
                    println!("    {at} {told}");
                }
            }
            compare(world, &timeline, &format!("seed {seed} at {}", world.now()));
        });
    });
}

/// Whatever a person can ask for is done by these laws at some instant and refused at another; what
/// is refused changes nothing.
#[test]
fn every_action_is_both_done_and_refused() {
    let (mut done, mut refused) = (SortedSet::<&str>::new(), SortedSet::new());
    for seed in seeds(40) {
        let worlds = Worlds::any(seed);
        done.extend(worlds.topology.iter().map(kind));
        let (mut world, mut rng) = (worlds.world(seed), rng(seed));
        for _ in 0..200 {
            // What has not been seen yet is sought.
            let seek = |rng: &mut Rng| worlds.any_action(rng);
            let rare = (0..20)
                .map(|_| seek(&mut rng))
                .find(|action| !done.contains(kind(action)) && world.can(action).is_ok());
            let action = rare.unwrap_or_else(|| seek(&mut rng));
            world.take_events();
            let allowed = world.can(&action);
            assert_eq!(world.act(action.clone()), allowed, "seed {seed}: {action:?}");
            match allowed {
                Ok(()) => drop(done.insert(kind(&action))),
                Err(refusal) => {
                    assert!(refusal.reason.len() > 10, "{action:?}: {refusal}");
                    assert_eq!(world.take_events(), [], "seed {seed}: {action:?}");
                    refused.insert(kind(&action));
                }
            }
            if rng.chance(300_000) {
                world.advance_to(world.now() + Span::from_millis(rng.below(900)));
            }
        }
        assert!(world.ledger().balances(), "seed {seed}");
    }
    let all: SortedSet<&str> = KINDS.iter().copied().collect();
    let missing = |some: &SortedSet<&str>| -> Vec<String> {
        all.iter().filter(|kind| !some.contains(*kind)).map(|kind| (*kind).to_owned()).collect()
    };
    assert_eq!((missing(&done), missing(&refused)), (Vec::new(), Vec::new()));
}

fn compare(world: &World, timeline: &Timeline, what: &str) {
    let t = world.now();
    let said = world.survey();
    let here = timeline.nodes().iter().filter(|node| node.exists(t)).map(|node| node.id);
    assert!(here.eq(said.nodes.keys().copied()), "{what}: who is there");
    for (id, said) in &said.nodes {
        let node = timeline.node(*id).unwrap_or_else(|| panic!("{what}: {id:?}"));
        let told = (node.state_at(t), node.unplugged.value(t), node.interrupted.value(t));
        assert_eq!(told, *said, "{what}: state, plug and path of {}", node.name);
    }
    let open = timeline.wires().iter().filter(|wire| wire.is_open(t));
    let told: SortedMap<_, _> = open.map(|wire| (wire.id, (wire.client, wire.server))).collect();
    assert_eq!(told, said.connections, "{what}: connections");
    let told: SortedSet<_> = timeline
        .subscriptions(t)
        .map(|held| (held.client, held.channel.clone(), held.pattern))
        .collect();
    assert_eq!(told, said.subscriptions, "{what}: subscriptions");
    for (id, said) in &said.buffers {
        let told = timeline.wire(*id).map(|wire| wire.buffered.value(t));
        assert_eq!(told, Some(*said), "{what}: output buffer of {id:?}");
    }
    compare_redis(&said, timeline, t, what);
    assert_eq!(timeline.logs().len(), said.partitions.len(), "{what}: partitions");
    for (place, said) in &said.partitions {
        let (_, log) = timeline.log(place).unwrap_or_else(|| panic!("{what}: {place}"));
        assert_eq!(log.leader(t), said.leader, "{what}: leader of {place}");
        assert_eq!(log.in_sync(t), said.in_sync, "{what}: in sync for {place}");
        if let Some(said) = said.offsets {
            let told = (log.start(t), log.high_watermark(t), log.end(t));
            assert_eq!(told, said, "{what}: start, high watermark and end of {place}");
        }
    }
    for ((group, place), said) in &said.committed {
        let told = timeline.log(place).and_then(|(_, log)| log.committed(group, t));
        assert_eq!(told, Some(*said), "{what}: bookmark of {group} in {place}");
    }
    for (id, said) in &said.assigned {
        let node = timeline.node(*id).unwrap_or_else(|| panic!("{what}: {id:?}"));
        let told = node.assigned.at(t).cloned().unwrap_or_default();
        assert_eq!(told, *said, "{what}: assignment of {}", node.name);
    }
    for ((message, party), said) in &said.standings {
        let told = timeline.standing(*message, *party, t);
        assert_eq!(told, Some(*said), "{what}: {message:?} with {party:?}");
    }
}

/// Streams, lists and replication: what the servers themselves say that they hold.
fn compare_redis(said: &Survey, timeline: &Timeline, t: Instant, what: &str) {
    for (id, said) in &said.redis {
        let node = timeline.node(*id).unwrap_or_else(|| panic!("{what}: {id:?}"));
        let told = (node.primary.at(t).copied().unwrap_or(true), node.offset.value(t));
        assert_eq!(told, *said, "{what}: role and offset of {}", node.name);
    }
    let mut left = said.streams.clone();
    for stream in timeline.streams().iter().filter(|stream| stream.created <= t) {
        let place = format!("{what}: stream {} of {:?}", stream.key, stream.server);
        let said = left.remove(&(stream.server, stream.key.clone())).unwrap_or_default();
        let there: Vec<_> = stream.there(t).collect();
        let told: Vec<_> =
            there.iter().map(|(_, e)| (e.id.clone(), e.tag.map(|tag| tag.message))).collect();
        assert_eq!(told, said.entries, "{place}");
        assert_eq!(stream.length(t), said.entries.len() as u64, "{place}");
        let groups: SortedMap<_, _> = stream.groups(t).map(|g| (g.name.clone(), g)).collect();
        assert!(groups.keys().eq(said.groups.keys()), "{place}: {groups:?} {:?}", said.groups);
        for (name, said) in &said.groups {
            let group = groups[name];
            let read = there.iter().filter(|(count, _)| *count < group.delivered(t)).count();
            let mut pending = Vec::new();
            for (count, entry) in &there {
                let owner = group.owner(*count, t);
                pending.extend(owner.map(|o| (entry.id.clone(), o.consumer.clone(), o.deliveries)));
            }
            assert_eq!((read as u64, pending), (said.read, said.pending.clone()), "{place} {name}");
            assert_eq!(group.pending(t), said.all_pending, "{place} {name}");
        }
    }
    // A stream that never had an entry nor a group is not drawn.
    left.retain(|_, stream| !stream.entries.is_empty() || !stream.groups.is_empty());
    assert_eq!(left, SortedMap::new(), "{what}: streams");
    let mut left = said.lists.clone();
    for list in timeline.lists().iter().filter(|list| list.created <= t) {
        let place = format!("{what}: list {} of {:?}", list.key, list.server);
        let said = left.remove(&(list.server, list.key.clone())).unwrap_or_default();
        let elements = list.oldest(t, usize::MAX);
        let told: Vec<_> = elements.iter().map(|e| e.tag.map(|tag| tag.message)).collect();
        assert_eq!(told, said, "{place}");
        assert_eq!(list.length(t), said.len() as u64, "{place}");
    }
    assert_eq!(left, SortedMap::new(), "{what}: lists");
}
