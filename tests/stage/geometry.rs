//! Where things stand, for a family of topologies and frames: nothing overlaps, is cut off or
//! leaves the canvas, in words that are 40 % longer too.
//!
//! What must hold comes from how the page is to look, and the widths of words from a real font,
//! the widest of those that a page may fall back to.

use super::samples;
use pushpull::event::{Action, System};
use pushpull::history::Session;
use pushpull::lesson::Lesson;
use pushpull::sim::Instant;
use pushpull::stage::{
    Anchor, Mark, Mode, Picture, Rect, Role, Shape, Size, Theme, View, picture, svg,
};
use pushpull::timeline::Timeline;

/// Advances of the characters from space to `~` in 2048ths of an em: DejaVu Sans 2.37, table `hmtx`.
const REGULAR: [u16; 95] = [
    651, 821, 942, 1716, 1303, 1946, 1597, 563, 799, 799, 1024, 1716, 651, 739, 651, 690, 1303,
    1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 1303, 690, 690, 1716, 1716, 1716, 1087, 2048,
    1401, 1405, 1430, 1577, 1294, 1178, 1587, 1540, 604, 604, 1343, 1141, 1767, 1532, 1612, 1235,
    1612, 1423, 1300, 1251, 1499, 1401, 2025, 1403, 1251, 1403, 799, 690, 799, 1716, 1024, 1024,
    1255, 1300, 1126, 1300, 1260, 721, 1300, 1298, 569, 569, 1186, 569, 1995, 1298, 1253, 1300,
    1300, 842, 1067, 803, 1298, 1212, 1675, 1212, 1212, 1075, 1303, 690, 1303, 1716,
];
/// The same of DejaVu Sans Bold.
const BOLD: [u16; 95] = [
    713, 934, 1067, 1716, 1425, 2052, 1786, 627, 936, 936, 1071, 1716, 778, 850, 778, 748, 1425,
    1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 1425, 819, 819, 1716, 1716, 1716, 1188, 2048,
    1585, 1561, 1503, 1700, 1399, 1399, 1681, 1714, 762, 762, 1587, 1305, 2038, 1714, 1741, 1501,
    1741, 1577, 1475, 1397, 1663, 1585, 2259, 1579, 1483, 1485, 936, 748, 936, 1716, 1024, 1024,
    1382, 1466, 1214, 1466, 1389, 891, 1466, 1458, 702, 702, 1362, 702, 2134, 1458, 1407, 1466,
    1466, 1010, 1219, 979, 1458, 1335, 1892, 1321, 1335, 1192, 1458, 748, 1458, 1716,
];
/// Of every character of DejaVu Sans Mono.
const MONO: u16 = 1233;
/// Of one that is in no table: as wide as it is high.
const OTHER: u16 = 2048;

fn wide(text: &str, size: f32, bold: bool, mono: bool) -> f32 {
    let advance = |c: char| {
        let index = (c as usize).checked_sub(32).filter(|index| *index < 95);
        match (index, mono, bold) {
            (_, true, _) => MONO,
            (Some(index), false, false) => REGULAR[index],
            (Some(index), false, true) => BOLD[index],
            (None, false, _) => OTHER,
        }
    };
    let units: u32 = text.chars().map(|c| u32::from(advance(c))).sum();
    units as f32 / 2048.0 * size
}

/// The box of a line of text: its ascenders above the baseline, its descenders below.
fn text_area(mark: &Mark) -> Option<Rect> {
    let Mark::Text { x, y, anchor, size, runs } = mark else { return None };
    let w: f32 = runs.iter().map(|run| wide(&run.text, *size, run.bold, run.mono)).sum();
    let left = match anchor {
        Anchor::Start => *x,
        Anchor::Middle => x - w / 2.0,
        Anchor::End => x - w,
    };
    Some(Rect::new(left, y - size * 0.75, w, size * 0.95))
}

/// The five widths of the brief, each with words as they are and 40 % longer.
fn views() -> Vec<View> {
    let mut views = Vec::new();
    for width in [360.0, 768.0, 1_024.0, 1_440.0, 2_560.0] {
        for text in [1.0, 1.4] {
            let view = View { text, ..View::new(width, 760.0) };
            if view.size() == Size::Phone {
                views.push(View { front: System::Kafka, ..view.clone() });
                views.push(View { front: System::Kafka, by_broker: true, ..view.clone() });
            } else {
                views.push(View { mode: Mode::Redis, ..view.clone() });
                views.push(View { mode: Mode::Kafka, ..view.clone() });
                views.push(View { by_broker: true, ..view.clone() });
            }
            views.push(view);
        }
    }
    views
}

/// Shapes that stand beside each other on the stage; the others stand on one of these.
fn stands_alone(shape: &Shape) -> bool {
    const FIRST: [&str; 13] = [
        "node", "row", "lane", "score", "sentence", "floor", "strip", "plug", "side", "open",
        "crowd", "account", "segments",
    ];
    let first = shape.id.split('-').next().unwrap_or_default();
    FIRST.contains(&first) || first == "clock" || first == "phase" || first == "kernel"
}

fn check(about: &str, view: &View, picture: &Picture) {
    let frame = Rect::new(0.0, 0.0, picture.width, picture.height);
    assert!((picture.width - view.width).abs() < 0.5, "no sideways scrolling: {about}");
    for shape in &picture.shapes {
        assert!(frame.holds(shape.area), "{} at {:?}: {about}", shape.id, shape.area);
        assert!(shape.role == Role::Decoration || !shape.name.is_empty(), "{}: {about}", shape.id);
    }
    for token in &picture.tokens {
        let at = Rect::new(token.x, token.y, 0.0, 0.0);
        assert!(frame.holds(at), "{token:?}: {about}");
    }
    let alone: Vec<&Shape> = picture.shapes.iter().filter(|s| stands_alone(s)).collect();
    for (i, a) in alone.iter().enumerate() {
        for b in &alone[i + 1..] {
            let (x, y) = (a.area, b.area);
            assert!(!x.overlaps(y), "{} {x:?} and {} {y:?}: {about}", a.id, b.id);
        }
    }
    let texts: Vec<(&str, &Mark, Rect)> = picture
        .shapes
        .iter()
        .flat_map(|shape| shape.marks.iter().map(move |mark| (&*shape.id, mark)))
        .filter_map(|(id, mark)| text_area(mark).map(|area| (id, mark, area)))
        .collect();
    for (i, (id, a, x)) in texts.iter().enumerate() {
        assert!(frame.holds(*x), "text of {id} leaves the canvas, {a:?}: {about}");
        for (other, b, y) in &texts[i + 1..] {
            assert!(!x.overlaps(*y), "{id} {a:?} and {other} {b:?}: {about}");
        }
    }
    // What stands in a frame or a server stays in it.
    let inside = |outer: &Shape, inner: &Shape| {
        outer.area.overlaps(inner.area)
            && (inner.id.starts_with("buffer")
                || inner.id.starts_with("channel")
                || inner.id.starts_with("pattern")
                || inner.id.starts_with("stream")
                || inner.id.starts_with("list")
                || outer.id.starts_with("group") && inner.id.starts_with("node"))
    };
    for outer in &picture.shapes {
        let server = outer.id.starts_with("node") && outer.name.starts_with("Redis server");
        if !(server || outer.id.starts_with("group")) {
            continue;
        }
        for inner in picture.shapes.iter().filter(|inner| inside(outer, inner)) {
            assert!(outer.area.holds(inner.area), "{} leaves {}: {about}", inner.id, outer.id);
        }
    }
}

/// Writes a picture where `PUSHPULL_PICTURES` names a folder, to be looked at.
fn show(name: &str, timeline: &Timeline, t: Instant) {
    let Some(folder) = std::env::var_os("PUSHPULL_PICTURES") else { return };
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let frames = [
        ("wide", View { mode: samples::mode(name), ..View::new(1_140.0, 748.0) }),
        ("phone", View { front: samples::front(name), ..View::new(390.0, 748.0) }),
    ];
    for (frame, view) in frames {
        for (theme, word) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let file = folder.join(format!("{name}-{frame}-{word}.svg"));
            std::fs::write(file, svg(&picture(timeline, t, &view), theme))
                .expect("it can be written");
        }
    }
}

fn everything_has_its_place(sample: &samples::Sample) {
    for (i, t) in sample.instants.iter().enumerate() {
        show(&format!("{}{}", sample.name, i + 1), &sample.timeline, *t);
    }
    for t in &sample.instants {
        for view in views() {
            let about = format!("{} at {t} in {view:?}", sample.name);
            check(&about, &view, &picture(&sample.timeline, *t, &view));
        }
    }
}

macro_rules! in_its_place {
    ($($name:ident: $sample:expr;)*) => {$(
        #[test]
        fn $name() {
            everything_has_its_place(&$sample);
        }
    )*};
}

in_its_place! {
    one_partition: samples::many("one", 1, 1);
    replicas_of_three_brokers: samples::cluster();
    a_group_that_loses_a_member: samples::group();
    twenty_four_partitions: samples::many("bars", 24, 6);
    sixty_four_partitions: samples::many("tiles", 64, 12);
    four_hundred_subscribers: samples::subscribers("hundreds", 400);
    twenty_four_subscribers: samples::subscribers("several", 24);
    segments_that_retention_drops: samples::segments();
    buffers_that_fill: samples::buffers();
    streams_and_lists: samples::streams();
    retry_topics_and_one_who_leaves: samples::retries();
    the_lesson_poison: samples::lesson("poison");
    the_lesson_two_clocks: samples::lesson("two-clocks");
    the_lesson_idle_member: samples::lesson("idle-member");
}

/// Grouped by broker, what a crash takes stands together: under the broker that crashed.
#[test]
fn replicas_stand_under_their_brokers() {
    let sample = samples::cluster();
    let view = View { by_broker: true, ..View::new(1_140.0, 748.0) };
    for t in &sample.instants {
        let picture = picture(&sample.timeline, *t, &view);
        let open = picture.shapes.iter().find(|shape| &*shape.id == "open-brokers");
        let said = &open.expect("the replicas are open").name;
        let parts: Vec<&str> = said.split("; ").skip(1).collect();
        for log in sample.timeline.logs().iter().filter(|log| log.created <= *t) {
            for replica in log.replicas(*t) {
                let broker = sample.timeline.broker(replica.broker).expect("it is a process");
                let begins = |part: &&str| part.split(',').next() == Some(&broker.name);
                let under = parts.iter().skip_while(|part| !begins(part)).skip(1);
                let mut under = under.take_while(|part| part.contains(": "));
                let place = format!("{}: ", log.partition);
                let end = format!("log end {}", replica.end(*t));
                let found = under.any(|part| part.starts_with(&place) && part.ends_with(&end));
                assert!(found, "{place}{end} under {} in {said}", broker.name);
            }
        }
    }
}

/// A limit makes memory worth a meter: used and most, as `INFO memory` has them.
#[test]
fn memory_with_a_limit_has_a_meter() {
    let sample = samples::streams();
    for view in [View::new(1_140.0, 748.0), View::new(390.0, 748.0)] {
        let picture = picture(&sample.timeline, Instant::from_millis(13_000), &view);
        let meter = picture.shapes.iter().find(|s| s.id.starts_with("meters-"));
        let said = &meter.expect("there is a meter").name;
        // `maxmemory 100mb` and some 60 900 000 bytes, in redis.conf's base.
        assert!(said.starts_with("redis-1: memory 58") && said.contains(" MB of 100 MB"), "{said}");
    }
}

/// Messages of 1 MB at 5/s with 900 ms of work: the kernels take 2.7 MB, the application some
/// 1.1 MB a second, so the hard limit of 32 MB falls after some nine seconds, and until then the
/// soft limit's fuse burns.
#[test]
fn a_slow_reader_is_cut_off_at_32_megabytes() {
    let sample = samples::buffers();
    let words = |t: Instant| -> String {
        let picture = picture(&sample.timeline, t, &View::new(1_140.0, 748.0));
        let slow = sample.timeline.nodes().iter().find(|n| &*n.name == "billing");
        let id = format!("buffer-{}", slow.expect("billing is there").id.0);
        let shape = picture.shapes.into_iter().find(|s| *s.id == *id);
        shape.expect("it has a buffer").name
    };
    let burns = words(Instant::from_millis(6_500));
    assert!(burns.contains("; cut in 5"), "{burns}");
    let cut = sample.timeline.wires().iter().find_map(|wire| match wire.closed {
        Some((at, pushpull::event::CloseReason::ByServer)) => Some(at),
        _ => None,
    });
    let cut = cut.expect("the server cuts it off");
    assert!((8_000..12_000).contains(&cut.as_millis()), "at {cut}");
}

/// A reader's and a publisher's wire lead to the primary that they have followed, not to the
/// crashed one that kept a stream of the same name.
#[test]
fn wires_follow_a_promotion() {
    let text = std::fs::read_to_string("www/templates/redis-replica.json").expect("it is there");
    let lesson = Lesson::parse_own("own", &text).expect("it is right");
    let mut session = Session::open(lesson, None).expect("it can be laid");
    let mut until = |ms: u64, action: Option<Action>| {
        session.advance_to(Instant::from_millis(ms));
        if let Some(action) = action {
            session.act_at(session.head(), action).expect("it changes something");
        }
    };
    until(2_000, Some(Action::Crash { node: "redis-1".into() }));
    until(3_000, Some(Action::Promote { node: "redis-2".into() }));
    until(6_000, None);
    let mut timeline = Timeline::default();
    timeline.extend(session.events());
    let node = |name: &str| timeline.nodes().iter().find(|n| &*n.name == name).expect("there").id;
    for view in [View::new(1_140.0, 748.0), View::new(390.0, 748.0)] {
        let at = |ms: u64| {
            let picture = picture(&timeline, Instant::from_millis(ms), &view);
            let area = |id: String| picture.shapes.iter().find(|s| *s.id == *id).map(|s| s.area);
            let servers = ["redis-1", "redis-2"].map(node);
            let boxes = servers.map(|id| area(format!("node-{}", id.0)).expect("it is drawn"));
            let reader = area(format!("wire-{}", node("ledger").0)).expect("the reader's wire");
            let writer = servers.map(|id| area(format!("wire-{}-{}", node("till").0, id.0)));
            let copies = area(format!("wire-replica-{}", servers[1].0));
            (boxes, reader, writer, copies)
        };
        let ([first, second], reader, [to_first, to_second], copies) = at(1_500);
        assert!(reader.y < first.bottom() + 1.0, "{reader:?} begins at {first:?}");
        assert!(to_first.is_some() && to_second.is_none());
        let copies = copies.expect("a replica's link");
        assert!(copies.y >= first.bottom() - 1.0 && copies.bottom() <= second.y + 1.0);
        let ([_, second], reader, [to_first, to_second], copies) = at(6_000);
        assert!(reader.bottom() > second.y, "{reader:?} begins at {second:?}");
        assert!(to_first.is_none() && to_second.is_some());
        assert!(copies.is_none(), "a primary copies from nobody");
    }
}

/// What stands keeps its order, and its place in it, when something is added.
#[test]
fn adding_never_reshuffles() {
    let order = |timeline: &Timeline, t: Instant| -> Vec<String> {
        let view = View { mode: Mode::Kafka, ..View::new(1_140.0, 748.0) };
        let mut shapes: Vec<Shape> = picture(timeline, t, &view).shapes;
        shapes.retain(|s| s.id.starts_with("row-") || s.id.starts_with("node-"));
        shapes.sort_by(|a, b| {
            (a.area.x as i32, a.area.y).partial_cmp(&(b.area.x as i32, b.area.y)).expect("finite")
        });
        shapes.into_iter().map(|shape| shape.id.to_string()).collect()
    };
    let mut world = samples::shop(3, 2, 1);
    let mut before: Vec<String> = Vec::new();
    for n in 3..9 {
        samples::add_member(&mut world, &format!("billing-{n}"), "billing");
        world.advance_to(Instant::from_millis(n * 1_000));
        let timeline = samples::told(&mut world);
        let now = order(&timeline, timeline.end());
        let kept: Vec<&String> = now.iter().filter(|id| before.contains(id)).collect();
        assert_eq!(kept, before.iter().collect::<Vec<_>>(), "with billing-{n}");
        before = now;
    }
}

/// Node boxes of a picture, from top to bottom, by name.
fn consumers(timeline: &Timeline, t: Instant) -> Vec<String> {
    let view = View { mode: Mode::Kafka, ..View::new(1_140.0, 748.0) };
    let mut shapes: Vec<Shape> = picture(timeline, t, &view).shapes;
    shapes.retain(|s| s.id.starts_with("node-") && s.name.starts_with("Kafka consumer "));
    shapes.sort_by(|a, b| a.area.y.total_cmp(&b.area.y));
    let name = |s: Shape| s.name["Kafka consumer ".len()..].split(',').next().map(str::to_owned);
    shapes.into_iter().filter_map(name).collect()
}

/// A listener belongs to its consumer's process; who was removed leaves, and the others keep
/// their order. A tool is no consumer.
#[test]
fn listeners_stand_with_their_consumer_and_the_removed_leave() {
    let sample = samples::retries();
    let before = consumers(&sample.timeline, Instant::from_millis(7_900));
    let after = consumers(&sample.timeline, Instant::from_millis(8_500));
    assert_eq!(before.first().map(String::as_str), Some("audit"), "{before:?}");
    assert_eq!(before.get(1).map(String::as_str), Some("billing"), "{before:?}");
    assert!(before.get(2).is_some_and(|name| name.starts_with("billing-retry")), "{before:?}");
    assert_eq!(before.last().map(String::as_str), Some("search"), "{before:?}");
    assert_eq!(after, before[1..]);
}

/// What waits for a group waits in one log: in a retry topic once its copy lies there, and in
/// none when it is parked.
#[test]
fn what_waits_is_counted_where_it_lies() {
    let sample = samples::retries();
    let timeline = &sample.timeline;
    let billing = timeline
        .parties()
        .iter()
        .find(|party| &*party.name == "billing" && party.system == System::Kafka);
    let billing = billing.expect("the group");
    let mut retried = 0;
    for t in (0..12_000).step_by(10).map(Instant::from_millis) {
        let waiting = |retry: bool| -> u32 {
            let logs = timeline.logs().iter().enumerate();
            let logs = logs.filter(|(_, log)| (&*log.partition.topic != "orders") == retry);
            logs.map(|(index, _)| billing.waiting_in(index, t)).sum()
        };
        assert_eq!(waiting(false) + waiting(true), billing.sums(t).waiting, "at {t}");
        retried = retried.max(waiting(true));
    }
    assert_eq!(retried, 1, "message 3 alone is tried again");
}
