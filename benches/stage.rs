//! What a frame costs natively: the fixed picture and the tokens, while 2 000 messages move.
//! Prints its rows, each a JSON array of what, figure and goal, for `make bench`.
#![allow(clippy::unwrap_used, reason = "a broken bench must stop")]

use pushpull::event::{
    Cargo, ConnectionId, CopyId, Course, Event, EventId, Hop, HopId, MessageId, NodeKind, Tag, What,
};
use pushpull::lab::World;
use pushpull::lesson::Lesson;
use pushpull::sim::{Direction, Instant, Span};
use pushpull::stage::{Layout, View, picture_on, tokens};
use pushpull::timeline::Timeline;
use std::hint::black_box;
use std::time::Instant as Clock;

/// Messages on one wire at once; above some two dozen a wire is drawn as a flow.
const A_WIRE: u64 = 20;

/// The shop after a second, and `moving` pushes under way from its Redis to its subscribers.
fn busy(moving: u64) -> (Timeline, Instant) {
    let lesson = Lesson::parse_own("shop", include_str!("shop.json")).unwrap();
    let mut world = World::new(lesson.seed);
    for action in &lesson.topology {
        world.act(action.clone()).unwrap();
    }
    world.advance_to(Instant::from_millis(1_000));
    let mut timeline = Timeline::default();
    timeline.extend(&world.take_events());
    let of = |kind| timeline.nodes().iter().filter(move |n| n.kind == kind).map(|n| n.id);
    let server = of(NodeKind::RedisServer).next().unwrap();
    let readers: Vec<_> = of(NodeKind::Subscriber).collect();
    let (first, begun) = (timeline.events().last().unwrap().id.0 + 1, timeline.end());
    let departed = |n: u64| {
        let to = readers[(n / A_WIRE) as usize % readers.len()];
        let hop = Hop {
            id: HopId(1_000_000 + n),
            connection: ConnectionId(10_000 + (n / A_WIRE) as u32),
            direction: Direction::ToClient,
            from: server,
            to,
            course: Course::Arrives(begun + Span(n) + Span::from_millis(1)),
            cargo: Cargo::RedisPush { channel: "orders".into() },
            tags: vec![Tag { message: MessageId(n % 100), copy: CopyId(1_000_000 + n) }],
            bytes: 200,
        };
        Event {
            id: EventId(first + n),
            at: begun + Span(n),
            cause: None,
            what: What::Departed(hop),
        }
    };
    timeline.extend(&(0..moving).map(departed).collect::<Vec<_>>());
    (timeline, begun + Span::from_micros(500))
}

/// The median of two hundred runs, in milliseconds.
fn median(mut run: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..200)
        .map(|_| {
            let begun = Clock::now();
            run();
            begun.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    let view = View::new(1_140.0, 748.0);
    for moving in [200, 2_000] {
        let (timeline, t) = busy(moving);
        let layout = Layout::new(&timeline, t, &view);
        let drawn = tokens(&timeline, t, &layout).len();
        assert!(drawn as u64 >= moving, "{drawn} of {moving} are drawn");
        let cost = median(|| drop(black_box(tokens(&timeline, t, &layout))));
        let what = format!("tokens of a frame, {moving} moving, native");
        println!("[{what:?}, \"{cost:.3} ms\", \"\"]");
        let cost = median(|| drop(black_box(picture_on(&timeline, t, &view, &layout))));
        let what = format!("a whole picture, {moving} moving, native");
        println!("[{what:?}, \"{cost:.3} ms\", \"\"]");
    }
}
