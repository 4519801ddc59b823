//! Where a reader stands in a lesson, small enough to be asked for at every change of the page.
//!
//! A public contract, as [`super::state`] is: fields are only ever added.

use crate::view::Page;
use serde::Serialize;

/// What an address, a title and a mark of progress are made of.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place<'a> {
    /// The lesson's name; of a text without a name, `own`.
    lesson: &'a str,
    /// Whether the lesson is somebody's own text and no file beside the module.
    own: bool,
    title: &'a str,
    /// The step shown, from 1.
    step: usize,
    steps: usize,
    /// For each step, whether all its tasks have ticked. A step without tasks has nothing to do.
    done: Vec<bool>,
    /// How many commands the reader has given.
    commands: usize,
    /// Where the reader looks, in milliseconds of virtual time.
    cursor_ms: f64,
    /// Whether time runs.
    playing: bool,
}

pub(super) fn read(page: &Page) -> Place<'_> {
    let (lesson, session) = (page.lesson(), page.session());
    let ticked = |(n, tasks): (usize, usize)| session.progress().ticks(n) >= tasks;
    Place {
        lesson: &lesson.id,
        own: lesson.own,
        title: &lesson.title,
        step: page.step() + 1,
        steps: lesson.steps.len(),
        done: lesson.steps.iter().map(|step| step.tasks.len()).enumerate().map(ticked).collect(),
        commands: session.commands().len(),
        cursor_ms: page.cursor().as_nanos() as f64 / 1e6,
        playing: page.playing(),
    }
}
