//! What a script sees of the page: the shape that `Handle.state()` gives.
//!
//! A public contract: fields are only ever added. Times are milliseconds of virtual time.

use crate::event::System;
use crate::stage::{Token, TokenKind};
use crate::view::{Page, Shared, plain};
use serde::Serialize;

/// The whole.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// `loading`, `ready` or `failed`.
    phase: &'static str,
    /// Why there is no lesson: a sentence, and each mistake. Only when failed.
    failure: Option<Vec<String>>,
    /// Where the reader looks.
    cursor_ms: f64,
    /// The newest instant of the run.
    head_ms: f64,
    /// Whether time runs.
    playing: bool,
    /// Virtual milliseconds in a real second.
    scale: f64,
    /// What has come of it so far.
    sentence: String,
    /// The ledger at the cursor, a row a party.
    parties: Vec<Party>,
    /// Everything that moves at the cursor.
    tokens: Vec<Moving>,
    /// Everything that stands, as a reader can find it: role and name.
    shapes: Vec<Standing>,
    /// What is selected, in words with its live values.
    selected: Option<String>,
    /// The lesson, its shown step and that step's tasks.
    lesson: Option<LessonState>,
    /// How many events the run has had, up to its head.
    events: f64,
    /// How many futures stand beside this one.
    branches: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    name: String,
    /// `redis` or `kafka`.
    system: System,
    expected: u32,
    on_its_way: u32,
    waiting: u32,
    delivered: u32,
    parked: u32,
    lost: u32,
    refused: u32,
    repeated: u32,
    late: u32,
    /// What it lost and why.
    losses: Vec<Loss>,
}

#[derive(Debug, Serialize)]
struct Loss {
    reason: &'static str,
    count: usize,
    /// The producer's numbers of those messages that are at hand, the newest ones.
    messages: Vec<u32>,
}

#[derive(Debug, Serialize)]
struct Moving {
    hop: f64,
    system: System,
    /// `message`, `batch` or `request`.
    kind: &'static str,
    number: u32,
    /// CSS px from the stage's upper left corner.
    x: f32,
    y: f32,
}

#[derive(Debug, Serialize)]
struct Standing {
    id: String,
    role: Option<&'static str>,
    name: String,
    /// Its area in CSS px: x, y, width, height.
    area: [f32; 4],
}

#[derive(Debug, Serialize)]
struct LessonState {
    id: String,
    title: String,
    /// The step shown, from 0.
    step: usize,
    steps: usize,
    tasks: Vec<TaskState>,
}

#[derive(Debug, Serialize)]
struct TaskState {
    text: String,
    done: bool,
}

/// The page as a script may see it.
pub(super) fn read(shared: &Shared) -> State {
    if let Some(failure) = shared.failure.borrow().as_ref() {
        let mut words = vec![failure.title.clone()];
        words.extend(failure.lines.iter().cloned());
        return State { phase: "failed", failure: Some(words), ..State::default() };
    }
    match shared.page.borrow_mut().as_mut() {
        Some(page) => ready(page),
        None => State { phase: "loading", ..State::default() },
    }
}

fn ready(page: &mut Page) -> State {
    let picture = page.picture();
    let (cursor, session, timeline) = (page.cursor(), page.session(), page.timeline());
    State {
        phase: "ready",
        failure: None,
        cursor_ms: cursor.as_nanos() as f64 / 1e6,
        head_ms: session.head().as_nanos() as f64 / 1e6,
        playing: page.playing(),
        scale: page.scale() / 1e6,
        sentence: plain(&picture.sentence),
        parties: timeline
            .parties()
            .iter()
            .filter(|party| party.added <= cursor)
            .map(|party| {
                let sums = party.sums(cursor);
                let number = |id: &_| timeline.message(*id).map(|message| message.number);
                let losses = party.lost(cursor).into_iter().map(|lost| Loss {
                    reason: lost.reason.words(),
                    count: lost.count,
                    messages: lost.messages.iter().filter_map(number).collect(),
                });
                Party {
                    name: party.name.to_string(),
                    system: party.system,
                    expected: sums.expected,
                    on_its_way: sums.on_its_way,
                    waiting: sums.waiting,
                    delivered: sums.delivered,
                    parked: sums.parked,
                    lost: sums.lost,
                    refused: sums.refused,
                    repeated: sums.repeated,
                    late: sums.late,
                    losses: losses.collect(),
                }
            })
            .collect(),
        tokens: picture.tokens.iter().map(moving).collect(),
        selected: page.note(&picture),
        shapes: picture
            .shapes
            .iter()
            .map(|shape| Standing {
                id: shape.id.to_string(),
                role: shape.role.attribute(),
                name: shape.name.clone(),
                area: [shape.area.x, shape.area.y, shape.area.w, shape.area.h],
            })
            .collect(),
        lesson: Some(lesson(page)),
        events: session.event_count() as f64,
        branches: page.branches(),
    }
}

fn moving(token: &Token) -> Moving {
    Moving {
        hop: token.hop.0 as f64,
        system: token.system,
        kind: match token.kind {
            TokenKind::Message => "message",
            TokenKind::Batch { .. } => "batch",
            TokenKind::Request => "request",
        },
        number: token.number,
        x: token.x,
        y: token.y,
    }
}

fn lesson(page: &Page) -> LessonState {
    let (lesson, step) = (page.lesson(), page.step());
    let ticks = page.session().progress().ticks(step);
    let tasks = lesson.steps.get(step).map(|step| step.tasks.as_slice()).unwrap_or_default();
    LessonState {
        id: lesson.id.to_string(),
        title: lesson.title.clone(),
        step,
        steps: lesson.steps.len(),
        tasks: tasks
            .iter()
            .enumerate()
            .map(|(n, task)| TaskState { text: task.text.clone(), done: n < ticks })
            .collect(),
    }
}
