//! What stands beside the lessons: the glossary's terms come when they are introduced, and the
//! guide's reasons are proved by lessons.
#![cfg(not(target_arch = "wasm32"))]

mod shipped;

use pushpull::cli::{advice, play};
use pushpull::lesson::{GLYPHS, Guide, Lesson, Piece, Term, Tool, Verdict, glossary, guide};
use pushpull::sim::{Instant, SortedSet, Span};
use pushpull::stage::{self, CLASSES, View};
use pushpull::timeline::Timeline;
use shipped::lessons;

fn read(file: &str) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn terms() -> Vec<Term> {
    glossary(&read("www/course/glossary.json")).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

fn the_guide() -> Guide {
    guide(&read("www/course/guide.json")).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

fn marked(lesson: &Lesson) -> SortedSet<String> {
    lesson.steps.iter().flat_map(|step| step.text.terms()).map(str::to_owned).collect()
}

#[test]
fn marked_terms_and_glossary_are_the_same() {
    let known: SortedSet<String> = terms().into_iter().map(|term| term.term).collect();
    let marked: SortedSet<String> = lessons().iter().flat_map(marked).collect();
    assert_eq!(marked, known);
    assert_eq!(terms().len(), known.len(), "a term is there twice");
}

#[test]
fn no_term_comes_before_the_lesson_that_introduces_it() {
    let lessons = lessons();
    for term in terms() {
        let introduces = lessons.iter().position(|lesson| *lesson.id == *term.lesson);
        let introduces = introduces.unwrap_or_else(|| panic!("no lesson `{}`", term.lesson));
        let first = lessons.iter().position(|lesson| marked(lesson).contains(&term.term));
        assert_eq!(first, Some(introduces), "`{}`", term.term);
        assert!(term.text.split_whitespace().count() <= 40, "`{}` is too long", term.term);
        // The steps before it do without the word; names in code stand for themselves.
        for lesson in &lessons[..introduces] {
            for step in &lesson.steps {
                let plain = |piece: &Piece| match piece {
                    Piece::Plain(words) => words.clone(),
                    Piece::Term { .. } => String::new(),
                };
                let text: String = step.text.0.iter().map(plain).collect();
                let prose: String = text.split('`').step_by(2).collect();
                let prose =
                    format!(" {} ", prose.to_lowercase().replace(['.', ',', ':', ';'], " "));
                let (one, more) = (format!(" {} ", term.term), format!(" {}s ", term.term));
                let early = prose.contains(&one) || prose.contains(&more);
                assert!(!early, "{}: `{}` is used before it is introduced", lesson.id, term.term);
            }
        }
    }
}

/// How often a lesson's run is looked at for what a term stands for.
const LOOKS: u64 = 240;

#[test]
fn the_lesson_that_introduces_a_term_draws_its_glyph() {
    let known = |glyph: &str| glyph == "token" || CLASSES.contains(&glyph);
    assert!(GLYPHS.iter().all(|(glyph, _)| known(glyph)), "the stage has no such word");
    let mut missing = Vec::new();
    let introducing: SortedSet<String> = terms().into_iter().map(|term| term.lesson).collect();
    for lesson in lessons().iter().filter(|lesson| introducing.contains(&*lesson.id)) {
        let session = play(lesson, lesson.seed).unwrap_or_else(|(wrong, _)| panic!("{wrong:?}"));
        let mut timeline = Timeline::default();
        timeline.extend(session.events());
        let end = session.head().as_nanos();
        // Something is under way for a moment after each departure.
        let moments = session.events().iter().map(|event| event.at + Span::from_micros(700));
        let moments: Vec<Instant> = moments.collect();
        let stride = (moments.len() / 120).max(1);
        let evenly = (0..=LOOKS).map(|look| Instant(end / LOOKS * look));
        let look = |at| format!("{:?}", stage::picture(&timeline, at, &View::new(1_100.0, 640.0)));
        let looks = evenly.chain(moments.into_iter().step_by(stride));
        let drawn = looks.map(look).collect::<Vec<_>>().concat();
        for term in terms().iter().filter(|term| *term.lesson == *lesson.id) {
            let shown = match &*term.glyph {
                "token" => drawn.contains("kind: Batch"),
                class => drawn.contains(&format!("class: \"{class}\"")),
            };
            if !shown {
                missing.push(format!("{}: no `{}` for {}", lesson.id, term.glyph, term.term));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn each_reason_is_linked_to_a_step_that_proves_something() {
    let lessons = lessons();
    let guide = the_guide();
    assert_eq!(guide.questions.len(), 7);
    for reason in &guide.reasons {
        let lesson = lessons.iter().find(|lesson| *lesson.id == *reason.lesson);
        let lesson = lesson.unwrap_or_else(|| panic!("no lesson `{}`", reason.lesson));
        let step = lesson.steps.get(reason.step as usize - 1);
        assert!(step.is_some_and(|step| !step.assertions.is_empty()), "{reason:?}");
    }
}

/// All answers to all questions.
fn all_answers(guide: &Guide) -> Vec<Vec<Option<usize>>> {
    guide.questions.iter().fold(vec![Vec::new()], |before, question| {
        let each = |answers: &Vec<Option<usize>>| {
            let answers = answers.clone();
            (0..question.answers.len())
                .map(move |answer| [answers.clone(), vec![Some(answer)]].concat())
                .collect::<Vec<_>>()
        };
        before.iter().flat_map(each).collect()
    })
}

#[test]
fn what_is_ruled_out_is_never_advised_but_beside_another() {
    let guide = the_guide();
    let all = all_answers(&guide);
    assert_eq!(all.len(), 2 * 3 * 2 * 3 * 2 * 2 * 2);
    let mut seen = SortedSet::new();
    for answers in all {
        let advice = guide.decide(&answers);
        let given = |verdict| {
            let of = advice.reasons.iter().filter(move |reason| reason.verdict == verdict);
            of.map(|reason| reason.tool).collect::<SortedSet<_>>()
        };
        let out = given(Verdict::RulesOut);
        match advice.tools[..] {
            [] => assert_eq!(out.len(), Tool::ALL.len(), "{answers:?}"),
            [tool] => assert!(!out.contains(&tool), "{answers:?}"),
            [beside, tool] => {
                assert!(!out.contains(&tool), "{answers:?}");
                assert!(given(Verdict::Beside).contains(&beside) && beside != tool);
            }
            _ => panic!("{:?}", advice.tools),
        }
        seen.insert(advice.tools);
    }
    for tool in Tool::ALL {
        assert!(seen.contains(&vec![tool]), "{tool:?} is never advised");
    }
    assert!(seen.contains(&vec![Tool::PubSub, Tool::Kafka]));
}

/// The two lists of the second text, "when to use which", and the cases between them.
#[test]
fn the_guide_says_what_the_systems_manuals_say() {
    let guide = the_guide();
    let decide = |answers: [usize; 7]| guide.decide(&answers.map(Some)).tools;
    // Fire and forget, to everybody, at once.
    assert_eq!(decide([0, 0, 0, 0, 0, 0, 0]), [Tool::PubSub]);
    // A copy kept after reading, in order per key, more than memory holds.
    assert_eq!(decide([1, 2, 1, 2, 1, 1, 1]), [Tool::Kafka]);
    // A job for one worker, soon, with a Redis.
    assert_eq!(decide([1, 0, 0, 1, 1, 0, 0]), [Tool::List]);
    // Read again within hours, shared, with a Redis.
    assert_eq!(decide([1, 1, 0, 1, 1, 0, 0]), [Tool::Stream]);
    // At once for those who look, and kept for the others.
    assert_eq!(decide([1, 2, 1, 2, 0, 1, 1]), [Tool::PubSub, Tool::Kafka]);
    // More than memory holds, with nothing but a Redis.
    assert_eq!(decide([1, 2, 0, 1, 1, 1, 0]), []);
}

/// What the guide's page looks up. `PUSHPULL_BLESS=1 cargo test --test course` writes it anew.
#[test]
fn the_published_advice_is_what_the_rule_says() {
    let (file, guide) = ("www/course/advice.json", the_guide());
    if std::env::var_os("PUSHPULL_BLESS").is_some() {
        std::fs::write(file, advice(&guide)).expect("written");
    }
    let table: serde_json::Value = serde_json::from_str(&read(file)).expect("JSON");
    assert!(read(file) == advice(&guide), "the guide has changed: bless its advice");
    // Read as the page reads it.
    let letters = table["decided"].as_str().expect("letters").as_bytes();
    for answers in all_answers(&guide) {
        let digits = guide.questions.iter().zip(&answers);
        let at = digits.fold(0, |sum, (question, answer)| {
            sum * (question.answers.len() + 1) + answer.map_or(0, |answer| answer + 1)
        });
        let choice = &table["choices"][usize::from(letters[at] - b'a')];
        let tools = guide.decide(&answers).tools;
        let ids: Vec<&str> = tools.iter().map(|tool| tool.id()).collect();
        assert_eq!(*choice, serde_json::json!(ids), "{answers:?}");
    }
}
