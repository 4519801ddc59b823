//! Engine events a second, native: the shop of `shop.json`, both systems and the ledger included.
//! Prints one JSON object for `make bench`, which runs the same shop in the page.

use pushpull::lab::World;
use pushpull::lesson::Lesson;
use pushpull::sim::Instant;
use std::time::Instant as Clock;

fn main() {
    let lesson = Lesson::parse_own("shop", include_str!("shop.json")).expect("shop.json is right");
    let mut world = World::new(lesson.seed);
    for action in &lesson.topology {
        world.act(action.clone()).expect("the shop can be built");
    }
    world.advance_to(Instant::from_millis(1_000));
    world.take_events();
    let clock = Clock::now();
    let mut events = 0_usize;
    let mut until = 1_000;
    while clock.elapsed().as_millis() < 1_500 {
        until += 200;
        world.advance_to(Instant::from_millis(until));
        events += world.take_events().len();
    }
    let seconds = clock.elapsed().as_secs_f64();
    println!("{{\"events_per_second\": {:.0}}}", events as f64 / seconds);
}
