//! Every lesson that ships is played to its end by a scripted reader, for several seeds.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::Action;
use pushpull::history::Session;
use pushpull::lesson::{Condition, Lesson};
use pushpull::sim::{Instant, Span};

/// How long the reader waits for a task that is not a deed, at the most.
const PATIENCE: Span = Span::from_secs(120);

/// How long the reader looks before each deed.
const LOOK: Span = Span::from_millis(1_300);

fn lessons() -> Vec<Lesson> {
    let mut lessons: Vec<Lesson> = std::fs::read_dir("www/lessons")
        .expect("lessons are there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("lesson.schema.json"))
        .map(|path| {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            let text = std::fs::read_to_string(&path).expect("readable");
            Lesson::parse(&name, &text).unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}"))
        })
        .collect();
    lessons.sort_by(|a, b| a.id.cmp(&b.id));
    assert!(!lessons.is_empty());
    lessons
}

/// The deed that a task asks for, if it asks for one.
fn deed(condition: &Condition) -> Option<&Action> {
    match condition {
        Condition::Done(action) => Some(action),
        Condition::All(all) | Condition::Any(all) => all.iter().find_map(deed),
        _ => None,
    }
}

/// Does what each task asks for, and waits for the others.
fn play(lesson: &Lesson, seed: u64) -> Session {
    let mut session = Session::open(lesson.clone(), Some(seed)).expect("the topology can be laid");
    for (index, step) in lesson.steps.iter().enumerate() {
        for (number, task) in step.tasks.iter().enumerate() {
            if let Some(action) = deed(&task.done) {
                let at = session.head() + LOOK;
                let offered = |b: &pushpull::lesson::Button| {
                    b.faces[session.progress().face(b)].action == *action
                };
                assert!(step.actions.iter().any(offered), "no button shows {action:?}");
                session.act_at(at, action.clone()).unwrap_or_else(|no| panic!("{action:?}: {no}"));
            }
            let limit = session.head() + PATIENCE;
            while session.progress().ticked(index, number).is_none() {
                assert!(session.head() < limit, "{}: `{}` never ticks", lesson.id, task.text);
                session.advance_to(session.head() + Span::from_millis(20));
            }
        }
    }
    session
}

#[test]
fn a_reader_who_does_what_is_asked_gets_to_the_end() {
    for lesson in lessons() {
        for seed in [lesson.seed, 2, 77, 4_096] {
            let session = play(&lesson, seed);
            let progress = session.progress();
            assert_eq!(progress.step(&lesson), lesson.steps.len());
            assert_eq!(progress.failures(), &[], "{} with seed {seed}", lesson.id);
            for (index, step) in lesson.steps.iter().enumerate() {
                if step.prediction.is_some() {
                    let answer = progress.answer(index).expect("the tasks have ticked");
                    assert!(answer.choice.is_some(), "{}: one choice is right", lesson.id);
                }
            }
            for (_, party) in session.world().ledger().parties() {
                let sums = progress.sums(Some(party.system), Some(&party.name));
                assert!(sums.balances(), "{sums:?}");
                let world = [party.expected(), party.lost(), party.repeated()];
                assert_eq!([sums.expected, sums.lost(), sums.repeated], world, "{}", party.name);
            }
        }
    }
}

#[test]
fn nothing_ticks_while_the_reader_does_nothing() {
    for lesson in lessons() {
        let mut session = Session::open(lesson.clone(), None).expect("opens");
        session.advance_to(Instant::ZERO + PATIENCE);
        for step in 0..lesson.steps.len() {
            assert_eq!(session.progress().ticks(step), 0, "{}", lesson.id);
        }
    }
}

/// W1: a pulled plug loses in Redis and delays in Kafka, whatever the seed.
#[test]
fn one_plug_comes_out_as_its_second_choice() {
    let lesson = lessons().into_iter().find(|lesson| &*lesson.id == "one-plug").expect("shipped");
    for seed in 0..8 {
        let session = play(&lesson, seed);
        assert_eq!(session.progress().answer(0).and_then(|answer| answer.choice), Some(1));
        let outcome = session.progress().outcome();
        assert!(outcome.redis.lost() >= 3, "{outcome:?}");
        assert_eq!(outcome.kafka.lost(), 0, "{outcome:?}");
        assert!(outcome.kafka.late >= 1, "{outcome:?}");
    }
}
