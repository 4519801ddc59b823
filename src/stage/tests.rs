//! Geometry, purity and honesty of pictures, on hand-made events.

use super::*;
use crate::event::{Carrier, Event, System};
use crate::timeline::story::{crowd, ms, one_plug};

fn told(events: &[Event]) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.extend(events);
    timeline
}

/// Casts from the first lesson's to sixty-four partitions.
fn casts() -> Vec<(&'static str, Timeline)> {
    let five = ["email", "billing", "search", "audit", "fraud-detection"];
    let twelve = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "warehouse-europe-west"];
    let of = |names: &[&str], partitions| told(&crowd(9, ms(6_300), ms(8_150), names, partitions));
    vec![
        ("one plug", told(&one_plug(12, ms(6_300), ms(8_150)))),
        ("five", of(&five, 4)),
        ("twelve", of(&twelve, 8)),
        ("tiles", of(&five[..2], 64)),
    ]
}

const WIDTHS: [f32; 9] = [320.0, 360.0, 390.0, 560.0, 724.0, 768.0, 1_140.0, 1_440.0, 2_560.0];

/// Every view worth checking.
fn views() -> Vec<View> {
    let mut views = Vec::new();
    for (i, width) in WIDTHS.into_iter().enumerate() {
        for (height, text) in [(560.0, 1.0), (560.0, 1.4), (1_300.0, 1.0)] {
            let carrier = (i % 2 == 1).then_some(Carrier::PubSub);
            let view = View { text, carrier, ..View::new(width, height) };
            // One lane alone, at every other width; the front lane matters to a phone alone.
            if i % 2 == 0 {
                views.push(View { mode: Mode::Redis, ..view.clone() });
                views.push(View { mode: Mode::Kafka, ..view.clone() });
            }
            if view.size() == Size::Phone {
                views.push(View { front: System::Kafka, ..view.clone() });
            }
            views.push(view);
        }
    }
    views
}

/// Before, during, and after the plug is out, with things under way.
fn instants() -> [Instant; 4] {
    [6_200_400, 8_000_600, 8_154_700, 8_990_000].map(|us| Instant(us * 1_000))
}

#[test]
fn no_word_on_a_token_lies_on_another_one_or_on_a_name() {
    let five = ["email", "billing", "search", "audit", "fraud-detection"];
    let timeline = told(&crowd(9, ms(6_300), ms(8_150), &five, 4));
    let mut said = 0;
    for (width, height) in [(390.0, 844.0), (1_024.0, 640.0), (1_440.0, 860.0)] {
        let layout = Layout::new(&timeline, ms(7_000), &View::new(width, height));
        let names = labels::names(&layout);
        for n in 0..400 {
            let t = Instant(6_200_000_000 + n * 7_300_000);
            let all = tokens(&timeline, t, &layout);
            let words: Vec<(Anchor, Rect)> = all
                .iter()
                .filter_map(|token| token.label.as_ref())
                .map(|label| (label.anchor, labels::area(label)))
                .collect();
            said += words.len();
            for (n, (anchor, area)) in words.iter().enumerate() {
                let others = &words[..n];
                assert!(others.iter().all(|(_, other)| !other.overlaps(*area)), "{t} {width}");
                // Words under cells have their own place.
                let stands = *anchor == Anchor::Start;
                assert!(stands || names.iter().all(|name| !name.overlaps(*area)), "{t} {width}");
                let rows = layout.rows.iter();
                let mut numbers =
                    rows.filter_map(|row| labels::numbers(&timeline, t, &layout, row));
                assert!(numbers.all(|number| !number.overlaps(*area)), "{t} {width}");
            }
        }
    }
    assert!(said > 1_000, "{said} words");
}

#[test]
fn a_token_is_whole_within_the_frame() {
    let five = ["email", "billing", "search", "audit", "fraud-detection"];
    let timeline = told(&crowd(9, ms(6_300), ms(8_150), &five, 4));
    let mut seen = 0;
    for front in [System::Redis, System::Kafka] {
        let view = View { front, ..View::new(390.0, 844.0) };
        let layout = Layout::new(&timeline, ms(7_000), &view);
        for n in 0..400 {
            let t = Instant(6_200_000_000 + n * 7_300_000);
            for token in tokens(&timeline, t, &layout) {
                let inside = token.half()..=390.0 - token.half();
                assert!(inside.contains(&token.x), "{t} {token:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 1_000, "{seen} tokens");
}

/// Shapes that stand on the stage itself; the others stand on one of these.
fn stands_alone(shape: &Shape) -> bool {
    let first = shape.id.split('-').next().unwrap_or_default();
    ["node", "row", "lane", "score", "sentence", "floor", "strip", "plug"].contains(&first)
}

fn text_area(mark: &Mark) -> Option<Rect> {
    let Mark::Text { x, y, anchor, size, runs } = mark else { return None };
    let w: f32 = runs.iter().map(|r| text::width(&r.text, *size, r.bold, r.mono)).sum();
    let left = match anchor {
        Anchor::Start => *x,
        Anchor::Middle => x - w / 2.0,
        Anchor::End => x - w,
    };
    Some(Rect::new(left, y - size * 0.8, w, *size))
}

/// Calls `check` with every picture of every cast, view and instant.
fn every(check: impl Fn(&str, &View, &Picture)) {
    for (cast, timeline) in casts() {
        for view in views() {
            for t in instants() {
                let about = format!("{cast} at {t} in {view:?}");
                check(&about, &view, &picture(&timeline, t, &view));
            }
        }
    }
}

#[test]
fn nothing_leaves_the_frame() {
    every(|about, view, picture| {
        assert!(picture.height >= view.height, "{about}");
        let frame = Rect::new(0.0, 0.0, picture.width, picture.height);
        for shape in &picture.shapes {
            assert!(frame.holds(shape.area), "{} at {:?}: {about}", shape.id, shape.area);
            for area in shape.marks.iter().filter_map(text_area) {
                assert!(frame.holds(area), "text of {} at {area:?}: {about}", shape.id);
            }
        }
        for token in &picture.tokens {
            let area = Rect::new(token.x, token.y, 0.0, 0.0);
            assert!(frame.holds(area), "token {token:?}: {about}");
            if let Some(label) = &token.label {
                let run = vec![Run::plain(&*label.text, "kafka")];
                let (x, y, anchor) = (label.x, label.y, label.anchor);
                let area = text_area(&Mark::Text { x, y, anchor, size: 11.0, runs: run });
                assert!(area.is_some_and(|area| frame.holds(area)), "{label:?}: {about}");
            }
        }
    });
}

#[test]
fn nothing_covers_anything_else() {
    every(|about, _, picture| {
        let alone: Vec<&Shape> = picture.shapes.iter().filter(|s| stands_alone(s)).collect();
        for (i, a) in alone.iter().enumerate() {
            for b in &alone[i + 1..] {
                let (x, y) = (a.area, b.area);
                assert!(!x.overlaps(y), "{} {x:?} and {} {y:?}: {about}", a.id, b.id);
            }
        }
    });
}

#[test]
fn no_text_covers_another() {
    every(|about, _, picture| {
        let texts: Vec<(&Mark, Rect)> = picture
            .shapes
            .iter()
            .flat_map(|shape| &shape.marks)
            .filter_map(|mark| text_area(mark).map(|area| (mark, area)))
            .collect();
        for (i, (a, x)) in texts.iter().enumerate() {
            for (b, y) in &texts[i + 1..] {
                assert!(!x.overlaps(*y), "{a:?} and {b:?}: {about}");
            }
        }
    });
}

#[test]
fn what_stands_in_a_box_stays_in_it() {
    every(|about, _, picture| {
        for shape in picture.shapes.iter().filter(|s| stands_alone(s) && !s.id.starts_with("plug"))
        {
            for area in shape.marks.iter().filter_map(text_area) {
                let grown = Rect { x: shape.area.x - 1.0, w: shape.area.w + 2.0, ..shape.area };
                assert!(grown.holds(area), "text {area:?} of {} {grown:?}: {about}", shape.id);
            }
        }
        let inner = |s: &&Shape| s.id.starts_with("buffer") || s.id.starts_with("channel");
        let parts: Vec<&Shape> = picture.shapes.iter().filter(inner).collect();
        for (i, a) in parts.iter().enumerate() {
            let server = picture.shapes.iter().find(|s| &*s.id == "node-1").expect("the server");
            assert!(server.area.holds(a.area), "{} leaves the server: {about}", a.id);
            for b in &parts[i + 1..] {
                assert!(!a.area.overlaps(b.area), "{} and {}: {about}", a.id, b.id);
            }
        }
    });
}

#[test]
fn words_are_known_and_ids_are_unique() {
    let style =
        svg(&picture(&Timeline::default(), Instant::ZERO, &View::new(900.0, 700.0)), Theme::Dark);
    for class in CLASSES {
        assert!(style.contains(&format!(".{class}{{")), "{class} has no style");
    }
    every(|about, _, picture| {
        let mut ids: Vec<&str> = picture.shapes.iter().map(|shape| &*shape.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{about}");
        for shape in &picture.shapes {
            assert!(
                shape.role == Role::Decoration || !shape.name.is_empty(),
                "{} has no name: {about}",
                shape.id
            );
            for mark in &shape.marks {
                let classes: Vec<Class> = match mark {
                    Mark::Rect { class, .. }
                    | Mark::Circle { class, .. }
                    | Mark::Path { class, .. } => vec![class],
                    Mark::Text { runs, .. } => runs.iter().map(|run| run.class).collect(),
                };
                for class in classes {
                    assert!(CLASSES.contains(&class), "{class} of {}: {about}", shape.id);
                }
            }
        }
    });
}

#[test]
fn a_picture_is_a_function_of_the_instant() {
    let events = one_plug(12, ms(6_300), ms(8_150));
    let timeline = told(&events);
    let view = View::new(1_140.0, 748.0);
    let all: Vec<Instant> = (0..400).map(|i| Instant(i * 29_700_123)).collect();
    let forward: Vec<Picture> = all.iter().map(|t| picture(&timeline, *t, &view)).collect();
    for (t, seen) in all.iter().zip(&forward).rev() {
        assert_eq!(picture(&timeline, *t, &view), *seen, "going back to {t}");
    }
    // What happens later changes nothing of what was seen.
    let mut live = Timeline::default();
    let mut told = 0;
    for (t, seen) in all.iter().zip(&forward) {
        let now = events.partition_point(|event| event.at <= *t);
        live.extend(&events[told..now]);
        told = now;
        assert_eq!(picture(&live, *t, &view), *seen, "as it happened, at {t}");
    }
}

#[test]
fn tokens_move_without_leaps() {
    let timeline = told(&one_plug(9, ms(6_300), ms(8_150)));
    for (width, front) in [(1_140.0, System::Redis), (390.0, System::Redis), (390.0, System::Kafka)]
    {
        let view = View { front, ..View::new(width, 748.0) };
        let mut before: Vec<Token> = Vec::new();
        // A fiftieth of a flight at a time, around the busiest instants.
        for step in 0..2_000_u64 {
            let t = ms(8_140) + crate::sim::Span::from_micros(20 * step);
            let layout = Layout::new(&timeline, t, &view);
            let now = tokens(&timeline, t, &layout);
            for token in now.iter().filter(|token| token.message.is_some()) {
                let same =
                    |other: &&Token| other.hop == token.hop && other.message == token.message;
                if let Some(old) = before.iter().find(same) {
                    let leap = (old.x - token.x).hypot(old.y - token.y);
                    assert!(leap < 50.0, "{leap} px at {t}: {token:?}");
                }
            }
            before = now;
        }
    }
}

#[test]
fn a_message_passes_through_the_server() {
    let timeline = told(&one_plug(3, ms(2_900), ms(2_950)));
    let view = View::new(1_140.0, 748.0);
    let at = |us: u64| {
        let t = Instant(us * 1_000);
        picture(&timeline, t, &view)
    };
    let early = at(1_000_000);
    let area = |id: &str| early.shapes.iter().find(|s| &*s.id == id).expect("on stage").area;
    let (shop, server, bar) = (area("node-0"), area("node-1"), area("channel-1-orders"));
    let redis = |picture: &Picture| -> Vec<Token> {
        picture.tokens.iter().filter(|t| t.system == System::Redis).cloned().collect()
    };
    let start = redis(&early);
    assert!((start[0].x - shop.right()).abs() < 1.0, "it leaves the shop: {start:?}");
    let landed = redis(&at(1_000_999));
    assert!((landed[0].x - bar.centre()).abs() < 3.0, "it arrives in the channel: {landed:?}");
    let pushed = redis(&at(1_001_000));
    assert_eq!(pushed.len(), 2, "one copy for each subscriber");
    for token in &pushed {
        assert!((token.x - bar.centre()).abs() < 1.0, "it leaves from the channel: {token:?}");
    }
    let late = redis(&at(1_001_900));
    assert!(late.iter().all(|token| token.x > server.right()), "it leaves the server: {late:?}");
}

#[test]
fn the_sentence_says_what_the_ledger_says() {
    let timeline = told(&one_plug(12, ms(6_300), ms(8_150)));
    let said = |t: Instant| -> String {
        let runs = picture(&timeline, t, &View::new(1_140.0, 748.0)).sentence;
        runs.iter().map(|run| run.text.as_str()).collect()
    };
    assert_eq!(said(Instant::ZERO), "Nothing sent yet.");
    assert_eq!(said(ms(6_200)), "So far: nothing lost, nothing late.");
    // Orders 32 to 40 are published between 6.4 s and 8.0 s, while billing is away.
    assert_eq!(said(ms(11_000)), "So far: Redis lost 9. Kafka made 9 late.");
}

#[test]
fn two_thousand_tokens_cost_a_fraction_of_a_frame() {
    use crate::event::{Cargo, NodeKind, Tag};
    use crate::timeline::story::Story;
    let mut story = Story::default();
    for event in one_plug(3, ms(2_900), ms(2_950)) {
        story.add(event.at, event.what);
    }
    let extra = story.node(77, NodeKind::Subscriber, "late", Some(System::Redis), Some(10));
    assert_eq!(extra.0, 77);
    let cargo = || Cargo::RedisPush { channel: "orders".into() };
    for i in 0..2_000_u64 {
        let tag = Tag {
            message: crate::event::MessageId(1 + i % 10),
            copy: crate::event::CopyId(10_000 + i),
        };
        let ends = (crate::event::NodeId(1), crate::event::NodeId(10));
        // Twenty to a wire: more would be drawn as a flow.
        let wire = 1_000 + (i / 20) as u32;
        story.hop(ms(4_000) + crate::sim::Span(i * 400), wire, ends, cargo(), &[tag]);
    }
    let timeline = told(&story.tell());
    let t = ms(4_000) + crate::sim::Span::from_micros(900);
    let layout = Layout::new(&timeline, t, &View::new(1_140.0, 748.0));
    assert_eq!(tokens(&timeline, t, &layout).len(), 2_000 + asking(&timeline, t, &layout));
}

/// How many hollow requests are on stage.
fn asking(timeline: &Timeline, t: Instant, layout: &Layout) -> usize {
    let all = tokens(timeline, t, layout);
    all.iter().filter(|token| token.kind == TokenKind::Request).count()
}

/// Messages of one producer that a party of a lane loses, one for each reason in turn.
fn losses(system: System, reasons: &[crate::event::LostReason], n: u64) -> Timeline {
    use crate::event::{LabFact, MessageId, NodeKind, PartyId, Standing};
    let mut story = crate::timeline::story::Story::default();
    story.node(1, NodeKind::RedisServer, "redis-1", Some(System::Redis), None);
    story.node(2, NodeKind::Broker, "kafka-1", Some(System::Kafka), None);
    let (party, name) = (PartyId(5), "billing".into());
    story.lab(Instant::ZERO, LabFact::PartyAdded { party, name, system });
    let producer = story.node(0, NodeKind::Producer, "shop", None, None);
    for i in 0..n {
        let (message, at) = (MessageId(i + 1), ms(i + 1));
        let number = i as u32 + 1;
        story.lab(at, LabFact::Sent { message, number, producer, key: None, bytes: 9 });
        let standing = Standing::Lost(reasons[i as usize % reasons.len()]);
        story.lab(at, LabFact::Stands { message, party, standing, sent: at });
    }
    told(&story.tell())
}

/// Why something was lost is the page's key sentence: it is never cut.
#[test]
fn the_reasons_of_a_loss_are_whole() {
    use crate::event::LostReason::{
        ConnectionClosed, Evicted, NotConnected, NotSubscribed, OutputBuffer, Replication,
        Retention, UncleanElection,
    };
    let cases: [(System, &[crate::event::LostReason]); 7] = [
        (System::Redis, &[NotConnected]),
        (System::Redis, &[OutputBuffer]),
        (System::Redis, &[ConnectionClosed, NotConnected]),
        (System::Redis, &[ConnectionClosed, NotConnected, NotSubscribed]),
        (System::Redis, &[OutputBuffer, Evicted]),
        (System::Kafka, &[Retention]),
        (System::Kafka, &[UncleanElection, Replication]),
    ];
    for (system, reasons) in cases {
        for (width, height) in [(1_440.0, 780.0), (1_024.0, 660.0), (390.0, 760.0)] {
            for n in [reasons.len() as u64, 9, 120] {
                let timeline = losses(system, reasons, n);
                let view = View { front: system, ..View::new(width, height) };
                let picture = picture(&timeline, ms(1_000), &view);
                let floor = picture.shapes.iter().find(|shape| shape.id.starts_with("floor-"));
                let floor = floor.expect("it lies on the floor");
                let lines = floor.marks.iter().filter_map(|mark| match mark {
                    Mark::Text { runs, .. } if runs[0].class == "lost" => Some(&*runs[0].text),
                    _ => None,
                });
                let said = lines.collect::<Vec<_>>().join(" ");
                assert_eq!(said, *floor.name, "{width} px, {n} lost");
                for reason in reasons {
                    assert!(said.contains(reason.words()), "{said}");
                }
                assert!(said.starts_with(&format!("{n} lost: ")), "{said}");
            }
        }
    }
}

/// What a handler fails on can be seen where it lies, and at who fails.
#[test]
fn a_poisoned_record_is_a_diamond_where_it_lies() {
    use crate::event::{CopyId, LabFact, MessageId, NodeKind, Tag};
    let events = one_plug(3, ms(2_900), ms(2_950));
    let timeline = told(&events);
    let mut nodes = timeline.nodes().iter();
    let consumer = nodes.find(|n| n.kind == NodeKind::Consumer && &*n.name == "billing");
    let node = consumer.expect("billing reads").id;
    let mut story = crate::timeline::story::Story::default();
    for event in events {
        story.add(event.at, event.what);
    }
    let tag = Tag { message: MessageId(10), copy: CopyId(9_000) };
    let id = format!("node-{}", node.0);
    story.lab(ms(2_110), LabFact::HandlingFailed { node, tag, attempt: 1 });
    story.lab(ms(2_150), LabFact::HandlingFailed { node, tag, attempt: 2 });
    story.lab(ms(2_180), LabFact::GivenUp { node, tag, attempts: 2 });
    let timeline = told(&story.tell());
    let seen = |at: u64| {
        let picture = picture(&timeline, ms(at), &View::new(1_140.0, 748.0));
        let rows = picture.shapes.iter().filter(|shape| shape.id.starts_with("row-"));
        let key = |class: &&str| class.starts_with("key-");
        let diamonds = rows.flat_map(|row| &row.marks).filter(
            |mark| matches!(mark, Mark::Path { d, class } if key(class) && d.contains('l')),
        );
        let reader = picture.shapes.iter().find(|shape| *shape.id == *id).expect("billing");
        (diamonds.count(), reader.name.clone())
    };
    assert_eq!(seen(2_050).0, 0);
    let (diamonds, said) = seen(2_120);
    assert_eq!((diamonds, &*said), (1, "Kafka consumer billing, failed on 10, attempt 1"));
    assert_eq!(seen(2_160).1, "Kafka consumer billing, failed on 10, attempt 2");
    let (diamonds, said) = seen(2_190);
    assert_eq!(diamonds, 1, "it stays what it was");
    assert!(said.starts_with("Kafka consumer billing, got "), "{said}");
}

/// What waits stands in figures: at a bar's end, on a tile, and beside a partition's name.
#[test]
fn what_waits_is_a_number() {
    let five = ["email", "billing", "search", "audit", "fraud-detection"];
    for partitions in [4, 12, 64] {
        let timeline = told(&crowd(30, ms(6_300), ms(29_000), &five[..2], partitions));
        let t = ms(28_500);
        let party = timeline
            .parties()
            .iter()
            .find(|p| p.system == System::Kafka && &*p.name == "billing")
            .expect("billing's group");
        let view = View { mode: Mode::Kafka, ..View::new(1_440.0, 900.0) };
        let picture = picture(&timeline, t, &view);
        let mut seen = 0;
        for (index, log) in timeline.logs().iter().enumerate() {
            let waiting = party.waiting_in(index, t).to_string();
            let place = log.partition.to_string();
            let words = |prefix: &str| {
                let mut all = picture.shapes.iter();
                let shape = all.find(|shape| *shape.id == *format!("{prefix}-{place}"));
                let marks = shape.into_iter().flat_map(|shape| &shape.marks);
                let texts = marks.filter_map(|mark| match mark {
                    Mark::Text { runs, y, .. } => Some((runs[0].text.clone(), *y)),
                    _ => None,
                });
                texts.collect::<Vec<_>>()
            };
            if waiting == "0" {
                continue;
            }
            seen += 1;
            let row = words("row");
            if partitions == 4 {
                let (said, y) = &words("waiting-row")[0];
                assert_eq!(*said, format!("{waiting} waiting for billing"));
                assert!((row[0].1 - y).abs() < 0.1, "beside the name {row:?}");
            } else {
                assert!(row.iter().any(|(said, _)| *said == waiting), "{row:?}, {waiting}");
            }
        }
        assert!(seen >= 4, "{seen} partitions of {partitions} wait");
    }
}
