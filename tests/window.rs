//! A long run in bounded memory shows what the whole run shows, at every instant.
#![cfg(not(target_arch = "wasm32"))]

mod worlds;

use pushpull::event::System;
use pushpull::history::Session;
use pushpull::sim::{Instant, Purpose, Rng, Span};
use pushpull::stage::{Picture, View, picture};
use pushpull::timeline::pace::{Pace, folds};
use pushpull::timeline::{Timeline, Window, why};
use worlds::Worlds;

/// Brings the window up to the session's head.
fn follow(window: &mut Window, session: &Session) {
    session.tell(window.told(), &mut |events| {
        window.extend(events);
        true
    });
}

/// The window at `t`, wherever that is.
fn look<'a>(window: &'a mut Window, session: &Session, t: Instant) -> &'a Timeline {
    window.look(t, &mut |from, hear| session.tell(from, hear));
    window.at(t)
}

/// What is asked about an instant is the same.
fn same(part: &Timeline, whole: &Timeline, t: Instant, what: &str) {
    assert!(part.begin() <= t, "{what}: begins at {}", part.begin());
    let view = View::new(1_100.0, 700.0);
    let (ours, theirs) = (picture(part, t, &view), picture(whole, t, &view));
    assert_eq!(part.epoch(t), whole.epoch(t), "{what}");
    for (a, b) in ours.shapes.iter().zip(&theirs.shapes) {
        assert_eq!(a, b, "{what}");
    }
    let under_way = |timeline: &Timeline| {
        let mut all = Vec::new();
        timeline.under_way(t, |motion| all.push(format!("{motion:?}")));
        all
    };
    assert_eq!(under_way(part), under_way(whole), "{what}");
    for (a, b) in ours.tokens.iter().zip(&theirs.tokens) {
        assert_eq!(a, b, "{what}");
    }
    let names = |picture: &Picture| -> Vec<_> {
        picture.shapes.iter().map(|shape| shape.id.to_string()).collect()
    };
    assert_eq!(names(&ours), names(&theirs), "{what}");
    assert_eq!(ours, theirs, "{what}");
    for system in [System::Redis, System::Kafka] {
        assert_eq!(part.lane(system, t), whole.lane(system, t), "{what}");
    }
    for party in whole.parties().iter().filter(|party| party.added <= t) {
        assert_eq!(part.sums(party.id, t), party.sums(t), "{what}");
        let lost = |timeline: &Timeline| -> Vec<_> {
            let lost = timeline.lost(party.id, t).into_iter();
            lost.map(|lost| (lost.reason, lost.count)).collect()
        };
        assert_eq!(lost(part), lost(whole), "{what}");
        for message in part.messages(t) {
            let standing = whole.standing(message.id, party.id, t);
            let told = why::standing(part, message.id, party.id, t);
            assert_eq!(part.standing(message.id, party.id, t), standing, "{what} {message:?}");
            assert_eq!(told.is_empty(), standing.is_none(), "{what} {message:?}");
        }
        for log in 0..whole.logs().len() {
            let ours = part.party(party.id).map(|ours| ours.waiting_in(log, t));
            assert_eq!(ours, Some(party.waiting_in(log, t)), "{what}");
        }
    }
    assert_eq!(part.previous_drawn(t), whole.previous_drawn(t), "{what}");
    // A busy time is told to its end where that is known.
    if part.end() == whole.end() {
        let pace = |timeline: &Timeline| Pace::target(timeline, t, None).to_bits();
        assert_eq!(pace(part), pace(whole), "{what}");
    }
    for node in whole.nodes().iter().filter(|node| node.added <= t) {
        assert_eq!(part.node(node.id).map(|ours| ours.handled(t)), Some(node.handled(t)), "{what}");
    }
}

#[test]
fn a_window_shows_every_instant_as_the_whole_run_does() {
    let mut forgot = 0;
    for seed in 0..24 {
        let worlds = Worlds::any(seed);
        let mut rng = Rng::new(seed, Purpose::Handling, 98);
        let session = worlds.any_run(seed, &mut rng, 12);
        let mut whole = Timeline::default();
        whole.extend(session.events());
        // In pieces of any size, as frames bring them.
        let mut window = Window::keeping(60 + rng.below(200) as usize);
        let mut rest = session.events();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(1 + rng.below(500) as usize));
            window.extend(piece);
            rest = after;
        }
        assert_eq!(window.told(), session.event_count());
        let head = session.head();
        forgot += u32::from(window.head().begin() > Instant::ZERO);
        assert_eq!(window.head().marks(), whole.marks(), "seed {seed}");
        let least = Span(head.0 / 24);
        let ruler = |timeline: &Timeline| folds(timeline, Instant::ZERO, head, least);
        assert_eq!(ruler(window.head()), ruler(&whole), "seed {seed}");
        for n in 0..16 {
            let t = match n {
                0 => Instant::ZERO,
                1 => head,
                2 => window.head().begin(),
                // Some way on from where it is, as time runs.
                n if n % 3 == 0 => window.at(Instant::ZERO).begin() + Span(rng.below(100_000_000)),
                _ => Instant(rng.below(head.0 + 1)),
            };
            let t = t.min(head);
            same(look(&mut window, &session, t), &whole, t, &format!("seed {seed} at {t}"));
            let next = window.next_drawn(t, &mut |from, hear| session.tell(from, hear));
            assert_eq!(next, whole.next_drawn(t), "seed {seed} at {t}");
        }
    }
    assert!(forgot > 15, "{forgot} runs were long enough");
}

#[test]
fn a_window_goes_back_to_what_stayed_true() {
    for seed in 0..6 {
        let worlds = Worlds::any(seed);
        let mut rng = Rng::new(seed, Purpose::Handling, 97);
        let mut session = worlds.any_run(seed, &mut rng, 8);
        session.keep_at_hand(200);
        let mut window = Window::keeping(100);
        follow(&mut window, &session);
        while session.undo() {
            window.rewind(session.kept());
            assert!(window.told() <= session.kept());
            follow(&mut window, &session);
            let mut whole = Timeline::default();
            session.tell(0, &mut |events| {
                whole.extend(events);
                true
            });
            assert_eq!(whole.events().len() as u64, session.event_count());
            let t = Instant(rng.below(session.head().0 + 1));
            same(look(&mut window, &session, t), &whole, t, &format!("seed {seed} at {t}"));
        }
    }
}
