//! Engine events a second, native: the shop of `shop.json`, both systems and the ledger included.
//! Prints one JSON object for `make bench`, which runs the same shop in the page.

use pushpull::lab::World;
use pushpull::lesson::Lesson;
use pushpull::sim::Instant;
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

fn main() {
    let lesson = Lesson::parse_own("shop", include_str!("shop.json")).expect("shop.json is right");
    run(&lesson, 1_000);
    // The best run counts: what else the machine does only makes runs slower.
    let (clock, mut best) = (Clock::now(), 0.0_f64);
    while clock.elapsed().as_millis() < 3_000 {
        let begun = Clock::now();
        let events = run(&lesson, 2_000);
        best = best.max(events as f64 / begun.elapsed().as_secs_f64());
    }
    println!("{{\"events_per_second\": {best:.0}}}");
}
