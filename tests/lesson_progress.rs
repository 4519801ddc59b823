//! Ticks and answers are a fold over events: what each kind of condition waits for.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::Action;
use pushpull::history::Session;
use pushpull::lesson::Lesson;
use pushpull::sim::Instant;

/// The first lesson's topology with other tasks.
fn lesson(tasks: &str) -> Lesson {
    let text = std::fs::read_to_string("www/lessons/one-plug.json").expect("readable");
    let (topology, _) = text.split_once("\"steps\"").expect("it has steps");
    let step = format!(r#"{{ "heading": "Do", "text": "Do it.", "tasks": [{tasks}] }}"#);
    let text = format!("{topology}\"steps\": [{step}]\n}}\n");
    Lesson::parse_own("test", &text).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"))
}

fn task(done: &str) -> String {
    format!(r#"{{ "text": "this", "done": {done} }}"#)
}

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

#[test]
fn a_wait_ticks_when_its_time_is_up_however_late_somebody_looks() {
    let lesson =
        lesson(&[task(r#"{ "passed": "1500 ms" }"#), task(r#"{ "passed": "1 s" }"#)].join(","));
    for stops in [vec![10_000], vec![700, 1_499, 1_501, 2_499, 2_500, 10_000]] {
        let mut session = Session::open(lesson.clone(), None).expect("opens");
        for stop in stops {
            session.advance_to(ms(stop));
        }
        assert_eq!(session.progress().ticked(0, 0), Some(ms(1_500)));
        assert_eq!(session.progress().ticked(0, 1), Some(ms(2_500)));
    }
}

#[test]
fn a_deed_counts_only_after_the_task_before_it() {
    let unplug = r#"{ "done": { "unplug": { "consumer": "billing" } } }"#;
    let lesson = lesson(&[task(r#"{ "passed": "2 s" }"#), task(unplug)].join(","));
    let mut session = Session::open(lesson, None).expect("opens");
    let (unplug, plug_in) = (
        Action::Unplug { consumer: "billing".into() },
        Action::PlugIn { consumer: "billing".into() },
    );
    session.act_at(ms(1_000), unplug.clone()).expect("plugged in");
    session.act_at(ms(1_500), plug_in).expect("unplugged");
    session.advance_to(ms(3_000));
    assert_eq!(session.progress().ticks(0), 1, "it was done too early");
    session.act_at(ms(3_000), unplug).expect("plugged in");
    assert_eq!(session.progress().ticked(0, 1), Some(ms(3_000)));
}

#[test]
fn facts_are_counted_by_what_they_name() {
    let seen = |fact: &str, of: &str, times: u32| {
        task(&format!(r#"{{ "seen": {{ "fact": "{fact}", "of": "{of}", "times": {times} }} }}"#))
    };
    let mut ticked = Vec::new();
    for (fact, of, times) in [
        ("sent", "shop", 5),
        ("published", "orders", 5),
        ("published", "invoices", 1),
        ("committed", "billing", 1),
        ("committed", "nobody", 1),
        ("crashed", "billing", 1),
    ] {
        let mut session = Session::open(lesson(&seen(fact, of, times)), None).expect("opens");
        session.advance_to(ms(9_000));
        ticked.push(session.progress().ticked(0, 0));
    }
    let (sent, published) = (ticked[0].expect("five were sent"), ticked[1].expect("published"));
    // Five a second, the first after a fifth of a second at the latest.
    assert!(sent <= ms(1_000) && sent < published, "{ticked:?}");
    assert_eq!((ticked[2], ticked[4], ticked[5]), (None, None, None));
    assert!(ticked[3].is_some(), "a consumer commits within nine seconds");
}

#[test]
fn all_any_and_not_mean_what_they_say() {
    let sent = r#"{ "seen": { "fact": "sent" } }"#;
    let never = r#"{ "seen": { "fact": "crashed" } }"#;
    for (done, ticks) in [
        (format!(r#"{{ "all": [{sent}, {never}] }}"#), false),
        (format!(r#"{{ "any": [{sent}, {never}] }}"#), true),
        (format!(r#"{{ "all": [{sent}, {{ "not": {never} }}] }}"#), true),
        (format!(r#"{{ "not": {sent} }}"#), true),
    ] {
        let mut session = Session::open(lesson(&task(&done)), None).expect("opens");
        session.advance_to(ms(2_000));
        assert_eq!(session.progress().ticked(0, 0).is_some(), ticks, "{done}");
    }
}

#[test]
fn a_switch_shows_its_other_face_after_its_action() {
    let text = std::fs::read_to_string("www/lessons/one-plug.json").expect("readable");
    let lesson = Lesson::parse("one-plug", &text).expect("right");
    let button = lesson.steps[0].actions[0].clone();
    let mut session = Session::open(lesson, None).expect("opens");
    for turn in 0..4 {
        let face = session.progress().face(&button);
        assert_eq!(face, turn % 2);
        let at = session.head() + pushpull::sim::Span::from_millis(500);
        session.act_at(at, button.faces[face].action.clone()).expect("what it shows can be done");
    }
    // An undone act is not done.
    assert!(session.undo());
    assert_eq!(session.progress().face(&button), 1);
}
