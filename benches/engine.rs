//! How fast the engines run natively, and how fast a run finds the way back: the shop of
//! `shop.json`, both systems and the ledger included. Prints one JSON object for `make bench`,
//! which runs the same shop in the page.

use pushpull::history::Session;
use pushpull::lab::World;
use pushpull::lesson::Lesson;
use pushpull::sim::{Instant, Purpose, Rng, Span};
use std::time::Instant as Clock;

/// How many events the first `until` milliseconds of virtual time tell.
fn run(lesson: &Lesson, until: u64) -> usize {
    let mut world = World::new(lesson.seed);
    for action in &lesson.topology {
        world.act(action.clone()).expect("the shop can be built");
    }
    let mut events = world.take_events().len();
    for stretch in 1..=until / 200 {
        world.advance_to(Instant::from_millis(stretch * 200));
        events += world.take_events().len();
    }
    events
}

/// Resident memory of this process in bytes (proc(5), `VmRSS`).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// The slowest of many seeks to any instant of a run of so many events, in milliseconds, and the
/// memory that the run with its checkpoints takes, in bytes.
fn seek(lesson: &Lesson, events: u64) -> (f64, u64) {
    let before = resident();
    let mut session = Session::open(lesson.clone(), None).expect("the shop can be built");
    while session.event_count() < events {
        session.advance_to(session.head() + Span::from_millis(10));
    }
    let memory = resident().saturating_sub(before);
    let mut rng = Rng::new(1, Purpose::Workload, 1);
    let mut worst = 0.0_f64;
    for _ in 0..100 {
        let t = Instant(rng.below(session.head().0));
        let begun = Clock::now();
        let past = session.at(t);
        worst = worst.max(begun.elapsed().as_secs_f64() * 1e3);
        assert_eq!(past.world.now(), t);
    }
    (worst, memory)
}

fn main() {
    let lesson = Lesson::parse_own("shop", include_str!("shop.json")).expect("shop.json is right");
    let (short, short_memory) = seek(&lesson, 10_000);
    let (long, long_memory) = seek(&lesson, 1_000_000);
    run(&lesson, 1_000);
    // The best run counts: what else the machine does only makes runs slower.
    let (clock, mut best) = (Clock::now(), 0.0_f64);
    while clock.elapsed().as_millis() < 3_000 {
        let begun = Clock::now();
        let events = run(&lesson, 2_000);
        best = best.max(events as f64 / begun.elapsed().as_secs_f64());
    }
    println!(
        "{{\"events_per_second\": {best:.0}, \"seek_10k_ms\": {short:.3}, \
         \"seek_1m_ms\": {long:.3}, \"memory_10k\": {short_memory}, \
         \"memory_1m\": {long_memory}}}"
    );
}
