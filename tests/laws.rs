//! The laws of the lab over random worlds and random commands: one generator, every law.
#![cfg(not(target_arch = "wasm32"))]

mod recount;
mod worlds;

use pushpull::event::NodeState;
use pushpull::history::{Session, from_link, to_link};
use pushpull::lab::World;
use pushpull::sim::{Instant, Purpose, Rng, SortedMap, SortedSet, Span};
use pushpull::timeline::Timeline;
use recount::recount;
use worlds::{Worlds, alone};

fn rng(seed: u64) -> Rng {
    Rng::new(seed, Purpose::Handling, 99)
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
    for seed in 0..12 {
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
    for seed in 0..8 {
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
    for seed in 0..16 {
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
    assert!(forks >= 12, "{forks} forks");
}

#[test]
fn a_link_brings_the_same_run() {
    for seed in 0..6 {
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
    for seed in 0..20 {
        let worlds = Worlds::any(seed);
        let mut world = worlds.world(seed);
        let mut events = world.take_events();
        worlds.disturb(&mut world, &mut rng(seed), 50, |world| {
            assert!(world.ledger().balances(), "seed {seed}");
            events.extend(world.take_events());
        });
        recount(&world, &events, seed);
    }
}

/// The stage reads events alone: whatever it draws must be what the engines themselves say.
#[test]
fn the_fold_of_the_events_equals_what_the_world_says() {
    for seed in 0..30 {
        let worlds = Worlds::any(seed);
        let mut world = worlds.world(seed);
        let mut timeline = Timeline::default();
        timeline.extend(&world.take_events());
        worlds.disturb(&mut world, &mut rng(seed), 40, |world| {
            timeline.extend(&world.take_events());
            compare(world, &timeline, &format!("seed {seed} at {}", world.now()));
        });
    }
}

fn compare(world: &World, timeline: &Timeline, what: &str) {
    let t = world.now();
    let said = world.survey();
    assert_eq!(timeline.nodes().len(), said.nodes.len(), "{what}");
    for (id, said) in &said.nodes {
        let node = timeline.node(*id).unwrap_or_else(|| panic!("{what}: {id:?}"));
        let state = node.state.at(t).copied().unwrap_or(NodeState::Running);
        let told = (state, node.unplugged.value(t), node.interrupted.value(t));
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
