//! A lesson's fork: a deed before an earlier deed leaves a future behind, and conditions see it.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{Action, CommitPoint};
use pushpull::history::{Recording, Session, from_link, to_link};
use pushpull::lesson::{Condition, Lesson};
use pushpull::sim::{Instant, Span};

fn lesson() -> Lesson {
    let text = std::fs::read_to_string("www/lessons/choose-your-bug.json").expect("readable");
    Lesson::parse("choose-your-bug", &text).expect("right")
}

/// Ten orders, a crash after the first is charged, a restart, and a minute.
fn crash(session: &mut Session) {
    let at = session.head() + Span::from_secs(1);
    let burst = Action::Burst { producer: "shop".into(), messages: 10 };
    session.act_at(at, burst).expect("it runs");
    let at = session.head() + Span::from_secs(8);
    session.act_at(at, Action::Crash { node: "billing".into() }).expect("it runs");
    session.act_at(at, Action::Restart { node: "billing".into() }).expect("it crashed");
    session.advance_to(at + Span::from_secs(90));
}

#[test]
fn a_deed_before_another_forks_and_the_left_future_is_seen() {
    let mut session = Session::open(lesson(), None).expect("opens");
    let burst = Action::Burst { producer: "shop".into(), messages: 10 };
    let first = Action::SetCommit { consumer: "billing".into(), commit: CommitPoint::BeforeWork };
    assert!(session.why_not_before(&burst, &first).is_some(), "there is nothing to go back to");
    crash(&mut session);
    let repeated = session.progress().outcome().kafka.repeated;
    assert!(repeated >= 1 && session.branches().is_empty());
    let left = session.commands()[0].at;

    assert_eq!(session.why_not_before(&burst, &first), None);
    session.act_before(&burst, first).expect("it commits after the work");
    assert_eq!(session.branches().len(), 1);
    assert_eq!(session.head(), Instant(left.as_nanos() - 1));
    assert_eq!(session.progress().outcome().kafka.expected, 0, "the orders are yet to come");

    crash(&mut session);
    let lesson = session.lesson().clone();
    let beside = |condition: &&Condition| matches!(condition, Condition::Beside { .. });
    let conditions: Vec<_> = lesson.steps[1].assertions.iter().filter(beside).collect();
    assert_eq!(conditions.len(), 2);
    assert!(conditions.iter().all(|condition| session.progress().says(condition)));
    assert!(session.progress().outcome().kafka.lost() >= 1);

    // A link to it tells the same: both tracks are there, and what they decide has ticked.
    let link = to_link(&session.recording());
    let read = from_link(&link).expect("just made");
    assert_eq!(read, session.recording());
    let (again, replay) = Session::replay(self::lesson(), &read).expect("opens");
    assert!(replay.same && replay.refused.is_empty());
    assert_eq!(again.branches(), session.branches());
    assert_eq!(again.progress().ticks(1), lesson.steps[1].tasks.len());
    assert!(conditions.iter().all(|condition| again.progress().says(condition)));
    // One without the other track is shorter, and reads as it always did.
    let alone = Recording { beside: Vec::new(), ..read };
    assert_eq!(from_link(&to_link(&alone)).expect("just made"), alone);

    // Back over the fork: there is no other future any more.
    for _ in 0..4 {
        assert!(session.undo());
    }
    assert!(session.branches().is_empty());
    assert_eq!(session.progress().outcome().kafka.repeated, repeated);
    assert!(!session.progress().says(conditions[0]));
}
