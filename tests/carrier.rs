//! The same run with another carrier in Redis: what the three promise, on the same messages.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{Action, Carrier, Standing, System};
use pushpull::history::{LessonRef, Session, from_link, to_link};
use pushpull::lesson::Lesson;
use pushpull::sim::Instant;

fn lesson(name: &str) -> Lesson {
    let text = std::fs::read_to_string(format!("www/{name}.json")).expect("it ships");
    Lesson::parse(name.rsplit('/').next().unwrap_or(name), &text).expect("it is right")
}

/// The first lesson: billing's plug is out from 1.5 s to 3 s.
fn unplugged() -> Session {
    let mut session = Session::open(lesson("lessons/one-plug"), None).expect("it can be laid");
    let consumer = || "billing".into();
    let at = Instant::from_millis;
    session.act_at(at(1_500), Action::Unplug { consumer: consumer() }).expect("it is in");
    session.act_at(at(3_000), Action::PlugIn { consumer: consumer() }).expect("it is out");
    session.advance_to(at(6_000));
    session
}

/// A party's expected messages, and those that it has, lost and waits for.
fn standings(session: &Session, party: &str) -> [u64; 4] {
    let ledger = session.world().ledger();
    let mut all = ledger.parties().map(|(_, of)| of);
    let of = all.find(|of| of.system == System::Redis && *of.name == *party);
    let of = of.unwrap_or_else(|| panic!("there is a party {party}"));
    [of.expected(), of.count(Standing::Delivered), of.lost(), of.count(Standing::Waiting)]
}

#[test]
fn a_stream_keeps_what_a_channel_forgets() {
    let mut session = unplugged();
    assert_eq!(session.carrier(), Some(Carrier::PubSub));
    let [expected, has, lost, _] = standings(&session, "billing");
    // Five orders a second for a second and a half.
    assert!((7..=8).contains(&lost), "{lost}");
    assert!(expected >= has + lost);

    session.carry(Carrier::Stream).expect("readers of a stream can be laid");
    assert_eq!(session.carrier(), Some(Carrier::Stream));
    let [again, has, lost, waiting] = standings(&session, "billing");
    assert_eq!((again, lost), (expected, 0), "the same orders, and none of them lost");
    assert!(has + waiting + 1 >= again, "{has} and {waiting} of {again}");
}

#[test]
fn a_list_hands_each_order_to_one_worker() {
    let mut session = unplugged();
    let expected = standings(&session, "billing")[0];
    session.carry(Carrier::List).expect("workers of a list can be laid");
    let [owed, has, lost, waiting] = standings(&session, "orders");
    assert_eq!((owed, lost), (expected, 0), "email and billing share one list");
    assert!(has + waiting + 2 >= owed, "{has} and {waiting} of {owed}");
}

#[test]
fn the_way_back_leads_to_the_same_run() {
    let original = unplugged();
    let mut session = original.clone();
    for by in [Carrier::Stream, Carrier::List, Carrier::PubSub] {
        session.carry(by).expect("each can be laid");
        assert_eq!(session.commands().len(), original.commands().len());
        assert_eq!(session.head(), original.head());
        assert_eq!(session.trace() == original.trace(), by == Carrier::PubSub, "{by:?}");
    }
}

#[test]
fn a_link_names_the_carrier() {
    let mut session = unplugged();
    session.carry(Carrier::Stream).expect("it can be laid");
    let sent = from_link(&to_link(&session.recording())).expect("a link can be read");
    assert_eq!(sent.lesson, LessonRef::NamedBy("one-plug".into(), Carrier::Stream));
    let file = sent.lesson.carry(lesson("lessons/one-plug"));
    let (opened, replay) = Session::replay(file, &sent).expect("it can be laid");
    assert!(replay.same);
    assert_eq!(opened.carrier(), Some(Carrier::Stream));
}

#[test]
fn futures_beside_the_run_are_carried_too() {
    let mut session = unplugged();
    let at = Instant::from_millis(4_000);
    session.act_at(at, Action::Crash { node: "billing".into() }).expect("it runs");
    assert_eq!(session.branches().len(), 1);
    session.carry(Carrier::Stream).expect("it can be laid");
    assert_eq!(session.branches().len(), 1);
    assert!(session.carrier().is_some());
}

#[test]
fn what_has_no_counterpart_leaves_no_choice() {
    let choice = |name: &str| Session::open(lesson(name), None).expect("it can be laid").carrier();
    assert_eq!(choice("templates/one-plug"), Some(Carrier::PubSub));
    // A channel and a stream in one; a shared group; workers that pop; patterns; no Redis at all.
    for name in ["stream", "toolbox", "three-copies", "bookmark"] {
        assert_eq!(choice(&format!("lessons/{name}")), None, "{name}");
    }
    // A reader that joins with settings of its own ends the choice.
    let mut session = unplugged();
    let patterns = Action::AddSubscriber {
        name: "audit".into(),
        channels: Vec::new(),
        patterns: vec!["ord*".into()],
        takes: pushpull::sim::Span::from_millis(1),
        server: None,
    };
    session.act_at(session.head(), patterns).expect("anybody may listen");
    assert_eq!(session.carrier(), None);
}
