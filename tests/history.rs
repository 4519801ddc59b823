//! Runs as values: the laws of going on, going back, forking, undoing; recordings and links.
#![cfg(not(target_arch = "wasm32"))]

mod worlds;

use pushpull::event::{Action, Command, Event};
use pushpull::history::{LessonRef, Recording, Session, from_link, to_link};
use pushpull::lesson::Lesson;
use pushpull::sim::{Instant, Purpose, Rng};
use worlds::{Worlds, alone};

fn one_plug() -> Lesson {
    let text = std::fs::read_to_string("www/lessons/one-plug.json").expect("the first lesson");
    Lesson::parse("one-plug", &text).expect("it is right")
}

fn open(seed: u64) -> Session {
    Session::open(one_plug(), Some(seed)).expect("its topology can be laid")
}

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn unplug(who: &str) -> Action {
    Action::Unplug { consumer: who.into() }
}

fn plug_in(who: &str) -> Action {
    Action::PlugIn { consumer: who.into() }
}

/// Something that a reader might do; most of it will be refused most of the time.
fn any_action(rng: &mut Rng) -> Action {
    Worlds::shop().any_action(rng)
}

/// Acts a few times on the way to about nine seconds.
fn any_run(seed: u64, rng: &mut Rng) -> Session {
    let mut session = open(seed);
    for _ in 0..12 {
        let t = session.head() + pushpull::sim::Span::from_millis(rng.below(1_500));
        // A refusal changes nothing.
        let _ = session.act_at(t, any_action(rng));
    }
    session
}

fn everything(session: &Session) -> (&[Event], u64, &[Command], Instant) {
    (session.events(), session.trace(), session.commands(), session.head())
}

fn same(a: &Session, b: &Session, what: &str) {
    assert_eq!(a.commands(), b.commands(), "{what}");
    assert_eq!(a.head(), b.head(), "{what}");
    assert_eq!(a.trace(), b.trace(), "{what}");
    assert!(everything(a) == everything(b), "{what}");
    assert_eq!(alone(a), alone(b), "{what}");
    assert_eq!(a.world().ledger().open_messages(), b.world().ledger().open_messages(), "{what}");
}

/// A new session that does the same at once, without ever going back.
fn afresh(session: &Session, until: Instant) -> Session {
    let mut fresh = open(session.seed());
    for Command { at, action } in session.commands().iter().filter(|c| c.at <= until) {
        fresh.act_at(*at, action.clone()).expect("it was not refused the first time");
    }
    fresh.advance_to(until);
    fresh
}

#[test]
fn advancing_in_many_steps_equals_one() {
    for seed in 0..4 {
        let mut rng = Rng::new(seed, Purpose::Workload, 99);
        let (mut steps, mut once) = (open(seed), open(seed));
        while steps.head() < ms(3_000) {
            let t = steps.head() + pushpull::sim::Span(1 + rng.below(40_000_000));
            steps.advance_to(t.min(ms(3_000)));
        }
        once.advance_to(ms(3_000));
        assert!(once.event_count() > 200, "something happened: {}", once.event_count());
        same(&steps, &once, "two ways to 3 s");
    }
}

#[test]
fn going_back_and_acting_equals_a_run_that_acted_there() {
    for seed in 0..6 {
        let mut rng = Rng::new(seed, Purpose::Handling, 99);
        let mut session = any_run(seed, &mut rng);
        for _ in 0..6 {
            let t = Instant(rng.below(session.head().0 + 1));
            let (before, revision) = (session.clone(), session.revision());
            let action = any_action(&mut rng);
            let allowed = session.can_at(t, &action);
            let done = session.act_at(t, action.clone());
            assert_eq!(allowed, done, "asked beforehand");
            if done.is_err() {
                same(&session, &before, "a refusal changes nothing");
                assert_eq!(session.revision(), revision);
                continue;
            }
            same(&session, &afresh(&session, t), "a fork");
            assert_eq!(session.branches().len(), before.branches().len() + 1);
            let kept = session.kept() as usize;
            assert_eq!(session.events()[..kept], before.events()[..kept], "what stayed true");
            session.advance_to(before.head());
            same(&session, &afresh(&session, before.head()), "a fork run on");
        }
    }
}

#[test]
fn fork_then_undo_equals_the_original_and_redo_the_fork() {
    let mut forks = 0;
    for seed in 0..8 {
        let mut rng = Rng::new(seed, Purpose::Backoff, 99);
        let mut session = any_run(seed, &mut rng);
        let original = session.clone();
        let t = Instant(rng.below(session.head().0));
        if session.act_at(t, any_action(&mut rng)).is_err() {
            continue;
        }
        forks += 1;
        let fork = session.clone();
        session.advance_to(t + pushpull::sim::Span::from_millis(700));
        let further = session.clone();
        assert!(session.undo());
        same(&session, &original, "undo after a fork");
        assert_eq!(session.branches(), original.branches());
        assert!(session.redo());
        same(&session, &further, "redo after that");
        assert!(session.undo() && session.redo());
        same(&session, &further, "and again");
        assert!(fork.head() < further.head());
    }
    assert!(forks >= 2, "{forks} forks");
}

#[test]
fn undo_goes_back_to_an_empty_list_and_redo_forward_again() {
    let mut rng = Rng::new(5, Purpose::Latency, 99);
    let mut session = any_run(5, &mut rng);
    let whole = session.clone();
    let acts = session.commands().len();
    assert!(acts >= 3, "{acts}");
    for left in (0..acts).rev() {
        assert!(session.can_undo() && session.undo());
        assert_eq!(session.commands().len(), left);
    }
    assert!(!session.can_undo() && !session.undo());
    while session.redo() {}
    // Redo goes back to where undo was pressed the first time.
    same(&session, &whole, "redone");
}

#[test]
fn two_futures_can_be_compared_and_exchanged() {
    let mut session = open(1);
    session.act_at(ms(1_000), unplug("billing")).expect("plugged");
    session.advance_to(ms(4_000));
    let old = session.clone();
    // In the other future the plug goes in again after a second.
    session.act_at(ms(2_000), plug_in("billing")).expect("unplugged");
    session.advance_to(ms(5_000));
    let comparison = session.compare(0).expect("there is another future");
    assert_eq!(comparison.at, ms(4_000));
    assert_eq!(comparison.there, old.progress().outcome());
    assert_eq!(comparison.here, afresh(&session, ms(4_000)).progress().outcome());
    assert!(comparison.there.redis.lost() > comparison.here.redis.lost());
    let first = comparison.first.expect("they differ");
    let same_until = first.number as usize;
    assert_eq!(session.events()[..same_until], old.events()[..same_until]);
    assert_eq!(first.here.as_ref(), session.events().get(same_until));
    assert_eq!(first.there.as_ref(), old.events().get(same_until));
    assert_ne!(first.here, first.there);

    let new = session.clone();
    assert!(session.switch_to(0));
    same(&session, &old, "switched");
    assert!(session.switch_to(0));
    same(&session, &new, "switched back");
    assert!(!session.switch_to(7));
    assert!(session.compare(7).is_none());
}

#[test]
fn the_next_and_the_previous_of_a_kind_are_found() {
    use pushpull::event::{LabFact, What};
    let sent = |event: &Event| matches!(event.what, What::Lab(LabFact::Sent { .. }));
    let mut session = open(1);
    let limit = ms(60_000);
    let first = session.next_event(Instant::ZERO, limit, sent).expect("the shop sends");
    assert_eq!(session.head(), first.at, "no further than needed");
    let second = session.next_event(first.at, limit, sent).expect("again");
    assert!(second.at > first.at);
    assert_eq!(session.previous_event(second.at, sent), Some(first.clone()));
    assert_eq!(session.next_event(Instant::ZERO, limit, sent), Some(first));
    assert_eq!(session.next_event(second.at, second.at, sent), None, "the limit holds");
}

/// Only a bounded number of events is kept; the others are told again from a checkpoint.
#[test]
fn what_is_no_longer_at_hand_is_told_again() {
    let committed = |event: &Event| {
        use pushpull::event::{KafkaFact, What};
        matches!(event.what, What::Kafka { fact: KafkaFact::Committed { .. }, .. })
    };
    let (mut whole, mut short) = (open(1), open(1));
    short.keep_at_hand(400);
    for session in [&mut whole, &mut short] {
        session.act_at(ms(3_000), unplug("billing")).expect("plugged in");
        session.act_at(ms(9_000), plug_in("billing")).expect("unplugged");
        session.advance_to(ms(60_000));
    }
    let total = whole.event_count();
    assert!(total > 10_000, "{total} events: several checkpoints");
    assert_eq!((short.event_count(), short.trace()), (total, whole.trace()));
    assert!(short.events().len() <= 400 && short.first_event() > 9_000);
    assert_eq!(short.events(), whole.events_since(short.first_event()));

    let limit = whole.head();
    for t in [0, 8_500, 33_333, 60_000].map(ms) {
        assert_eq!(
            short.next_event(t, limit, committed),
            whole.next_event(t, limit, committed),
            "after {t}"
        );
        assert_eq!(
            short.previous_event(t, committed),
            whole.previous_event(t, committed),
            "before {t}"
        );
    }
    for session in [&mut whole, &mut short] {
        session.act_at(ms(5_000), plug_in("billing")).expect("unplugged there");
    }
    assert_eq!((short.event_count(), short.trace()), (whole.event_count(), whole.trace()));
    assert!(short.kept() <= whole.kept(), "never more than what stayed true");
    for session in [&mut whole, &mut short] {
        assert!(session.undo());
    }
    assert_eq!((short.event_count(), short.trace()), (total, whole.trace()));
    assert_eq!(short.events(), whole.events_since(short.first_event()));
}

#[test]
fn a_link_brings_the_same_run() {
    for seed in 0..4 {
        let mut rng = Rng::new(seed, Purpose::Placement, 99);
        let session = any_run(seed, &mut rng);
        let recording = session.recording();
        assert_eq!(recording.lesson, LessonRef::Named("one-plug".into()));
        let link = to_link(&recording);
        assert!(link.len() < 2_000, "{} characters", link.len());
        assert_eq!(from_link(&link).as_ref(), Ok(&recording));
        let url = format!("https://example.org/?x=1#{link}");
        assert_eq!(from_link(&url).as_ref(), Ok(&recording));
        let (again, replay) = Session::replay(one_plug(), &recording).expect("opens");
        assert!(replay.same && replay.refused.is_empty() && !replay.cut, "{replay:?}");
        same(&again, &session, "replayed");
        let json = serde_json::to_string(&recording).expect("JSON");
        assert_eq!(serde_json::from_str::<Recording>(&json).ok(), Some(recording));
    }
}

#[test]
fn an_own_lesson_travels_with_its_run() {
    let text = one_plug().source.to_string();
    let lesson = Lesson::parse_own("mine", &text).expect("right");
    let session = Session::open(lesson, None).expect("opens");
    let recording = from_link(&to_link(&session.recording())).expect("whole");
    assert_eq!(recording.lesson, LessonRef::Inline(text));
}

/// Golden links of every format version: what was sent once must mean the same for ever.
///
/// Each link stands above its meaning. While a format is unreleased,
/// `PUSHPULL_BLESS=1 cargo test --test history links_of` writes its links anew from the meanings.
#[test]
fn links_of_every_version_are_still_read() {
    let file = "tests/links/v1.txt";
    let text = std::fs::read_to_string(file).expect("golden links");
    let (head, body) = text.split_once('\n').expect("a first line that says what this is");
    let lines: Vec<&str> = body.lines().collect();
    let golden: Vec<(&str, Recording)> = lines
        .chunks_exact(2)
        .map(|pair| (pair[0], serde_json::from_str(pair[1]).expect("a recording")))
        .collect();
    assert!(golden.len() >= 2, "{text}");
    if std::env::var_os("PUSHPULL_BLESS").is_some() {
        let again = |(pair, (_, meaning)): (&[&str], &(&str, Recording))| {
            format!("\n{}\n{}", to_link(meaning), pair[1])
        };
        let body: String = lines.chunks_exact(2).zip(&golden).map(again).collect();
        std::fs::write(file, format!("{head}{body}\n")).expect("written");
        return;
    }
    for (link, meaning) in golden {
        assert_eq!(from_link(link).as_ref(), Ok(&meaning), "{link}");
    }
}

/// The page's timeline and a lesson's progress are two folds over the same events: they must tell
/// the same figures, or a task would tick beside a scoreboard that says otherwise.
#[test]
fn a_lesson_counts_what_the_timeline_counts() {
    use pushpull::lesson::LATE;
    use pushpull::timeline::{self, Timeline};
    assert_eq!(LATE, timeline::LATE);
    for seed in 0..8 {
        let mut rng = Rng::new(seed, Purpose::Identifiers, 99);
        let mut session = any_run(seed, &mut rng);
        session.advance_to(session.head() + pushpull::sim::Span::from_millis(1_234));
        let mut timeline = Timeline::default();
        timeline.extend(session.events());
        for (id, party) in session.world().ledger().parties() {
            let ours = session.progress().sums(Some(party.system), Some(&party.name));
            assert!(ours.balances(), "{ours:?}");
            let theirs = timeline.sums(id, session.head());
            let ours = [
                ours.expected,
                ours.on_its_way,
                ours.waiting,
                ours.delivered,
                ours.lost(),
                ours.repeated,
                ours.late,
            ];
            let theirs = [
                theirs.expected,
                theirs.on_its_way,
                theirs.waiting,
                theirs.delivered,
                theirs.lost,
                theirs.repeated,
                theirs.late,
            ];
            assert_eq!(ours, theirs.map(u64::from), "{} in {:?}", party.name, party.system);
        }
    }
}
