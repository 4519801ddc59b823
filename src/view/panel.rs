//! What the panels say at the cursor: from a session and a timeline to plain models.

use super::lesson::{DeedButton, LessonPanel, Question, TaskLine, Words};
use super::page::Page;
use super::transport::{Fold, Mark, TransportPanel, extent};
use crate::history::Session;
use crate::lesson::{Claim, Condition, Lesson, Piece, Progress};
use crate::sim::{Instant, Span};
use crate::timeline::MarkKind;
use crate::timeline::clock::{clock, length as spoken};
use crate::timeline::pace::Pace;
use std::borrow::Cow;
use yew::AttrValue;

/// Ticks and faces at the cursor: of the head, or folded again up to an earlier instant.
fn progress_at(session: &Session, t: Instant) -> Cow<'_, Progress> {
    if t >= session.head() {
        return Cow::Borrowed(session.progress());
    }
    if session.first_event() > 0 {
        return Cow::Owned(session.at(t).progress);
    }
    let lesson = session.lesson();
    let mut progress = Progress::new(lesson);
    for event in session.events().iter().take_while(|event| event.at <= t) {
        progress.see(lesson, event);
    }
    Cow::Owned(progress)
}

/// The lesson panel. Ticks and answers are the head's, because what is done stays done; the
/// faces of buttons are the cursor's, because that is where they act.
pub(super) fn lesson(
    session: &Session,
    cursor: Instant,
    step: usize,
    chosen: Option<usize>,
) -> LessonPanel {
    let (lesson, progress) = (session.lesson(), session.progress());
    let here = progress_at(session, cursor);
    let steps = lesson.steps.len();
    let Some(shown) = lesson.steps.get(step) else {
        return LessonPanel {
            heading: lesson.title.clone().into(),
            text: Vec::new(),
            buttons: Vec::new(),
            question: None,
            tasks: Vec::new(),
            result: None,
            ending: Vec::new(),
            step: (1, 1),
            next: false,
        };
    };
    let ticks = progress.ticks(step);
    let awaited = shown.tasks.get(ticks).and_then(|task| match &task.done {
        Condition::Done(action) => Some(action),
        _ => None,
    });
    let buttons = shown.actions.iter().filter_map(|button| {
        let face = button.faces.get(here.face(button))?;
        // In the past the face itself says what is possible; asking there would replay the run.
        let now = cursor >= session.head();
        let refused = match &face.before {
            Some(before) => session.why_not_before(before, &face.action),
            None if now => session.can_at(cursor, &face.action).err(),
            None => None,
        };
        Some(DeedButton {
            label: face.label.clone().into(),
            deed: face.action.clone(),
            before: face.before.clone(),
            awaited: awaited == Some(&face.action),
            refused: refused.map(|refusal| refusal.reason.into()),
        })
    });
    let text = shown.text.0.iter().map(|piece| match piece {
        Piece::Plain(words) => Words { words: words.clone().into(), term: None },
        Piece::Term { term, words } => {
            Words { words: words.clone().into(), term: Some(term.clone().into()) }
        }
    });
    let answer = progress.answer(step);
    let question = shown.prediction.as_ref().map(|prediction| Question {
        words: prediction.question.clone().into(),
        choices: prediction.choices.iter().map(|choice| choice.text.clone().into()).collect(),
        chosen,
        right: answer.and_then(|answer| answer.choice),
    });
    let tasks = shown.tasks.iter().enumerate();
    let done = ticks == shown.tasks.len();
    let right = question.as_ref().and_then(|question| question.right);
    let result = match (done, right, chosen) {
        (true, Some(right), Some(chosen)) if right == chosen => Some("You saw it coming."),
        (true, Some(_), Some(_)) => Some("Not what you expected. Drag time back and look."),
        _ => None,
    };
    LessonPanel {
        heading: shown.heading.clone().into(),
        text: text.collect(),
        buttons: buttons.collect(),
        question,
        tasks: tasks
            .map(|(n, task)| TaskLine { words: task.text.clone().into(), done: n < ticks })
            .collect(),
        result: result.map(Into::into),
        ending: if done && step + 1 == steps { ending(lesson) } else { Vec::new() },
        step: (step + 1, steps),
        next: done,
    }
}

/// What a lesson ends with.
fn ending(lesson: &Lesson) -> Vec<AttrValue> {
    let when = lesson.when.iter().map(|when| format!("You want this when {when}"));
    let claims = lesson.claims.iter().map(|claim| {
        let Claim { says, fact, reference } = claim;
        format!("The text says: “{says}” In fact: {fact} ({reference})")
    });
    when.chain(claims).map(AttrValue::from).collect()
}

/// The transport bar.
pub(super) fn transport(page: &Page) -> TransportPanel {
    let (session, cursor) = (page.session(), page.cursor());
    let whole = extent(session.head());
    let share = |t: Instant| (t.as_nanos() as f64 / whole.as_nanos() as f64) as f32;
    let marks = page.marks().iter().map(|mark| Mark {
        at: share(mark.at),
        label: mark.label.clone().into(),
        class: match mark.kind {
            MarkKind::Fault => "fault",
            MarkKind::Command => "command",
            MarkKind::Fact => "fact",
        },
    });
    let forks = session.branches().iter();
    TransportPanel {
        playing: page.playing(),
        clock: clock(cursor).into(),
        scale: Pace::words(page.scale()).into(),
        now_ms: cursor.as_millis() as u32,
        end_ms: whole.as_millis() as u32,
        marks: marks.collect(),
        folds: folds(page, share),
        forks: forks.map(|fork| (share(fork.forked_at), share(fork.until).min(1.0))).collect(),
        speeds: page.speeds(),
        undo: session.can_undo(),
        redo: session.can_redo(),
    }
}

/// Folded silence; what would stand on one another on the ruler is one sign for all.
fn folds(page: &Page, share: impl Fn(Instant) -> f32) -> Vec<Fold> {
    let mut signs: Vec<(Fold, Span)> = Vec::new();
    for fold in page.folds() {
        let at = share(fold.from).midpoint(share(fold.to));
        let open = page.is_unfolded(fold.from);
        match signs.last_mut() {
            Some((sign, length)) if at - sign.at < SIGN => {
                sign.last = fold.from;
                sign.open &= open;
                *length = *length + fold.length();
            }
            _ => {
                let sign = Fold {
                    at,
                    length: AttrValue::default(),
                    first: fold.from,
                    last: fold.from,
                    open,
                };
                signs.push((sign, fold.length()));
            }
        }
    }
    let said =
        |(sign, length): (Fold, Span)| Fold { length: spoken(rounded(length)).into(), ..sign };
    signs.into_iter().map(said).collect()
}

/// The share of the ruler that a fold's sign and its length take.
const SIGN: f32 = 0.11;

/// To a tenth of a second.
pub(super) fn rounded(span: Span) -> Span {
    let tenth = 100_000_000;
    Span(span.as_nanos() / tenth * tenth)
}
