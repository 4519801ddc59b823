//! From the element's options to a page: the lesson's text is fetched, checked and opened.

use super::{Options, fetch};
use crate::event::Action;
use crate::history::{LessonRef, Recording, from_link};
use crate::lesson::{Lesson, Mistake};
use crate::view::{Failure, Page};
use wasm_bindgen::prelude::*;

/// The lesson that a page without any name shows.
const FIRST: &str = "one-plug";

/// Opens what the options name; a link in the page's address comes first.
///
/// # Errors
/// A notice for the reader: what is wrong, where, and its mend.
pub(super) async fn page(options: &Options) -> Result<Page, Failure> {
    let recording = match options.whole.then(fragment).flatten() {
        Some(link) => Some(from_link(&link).map_err(|error| Failure {
            title: "This link cannot be opened.".into(),
            lines: vec![error.to_string()],
        })?),
        None => None,
    };
    let lesson = match (&recording, &options.text) {
        (Some(Recording { lesson: LessonRef::Inline(text), .. }), _) => own(text)?,
        (Some(Recording { lesson: LessonRef::Named(name), .. }), _) => named(name, options).await?,
        (None, Some(text)) => own(text)?,
        (None, None) => named(options.lesson.as_deref().unwrap_or(FIRST), options).await?,
    };
    let opened = match &recording {
        Some(recording) => Page::replay(lesson, recording),
        None => Page::open(lesson),
    };
    opened.map_err(|error| Failure {
        title: "This lesson's topology cannot be laid.".into(),
        lines: vec![error.to_string()],
    })
}

/// What stands after the `#` of the page's address.
fn fragment() -> Option<String> {
    let hash = web_sys::window()?.location().hash().ok()?;
    let text = hash.trim_start_matches('#');
    (!text.is_empty()).then(|| text.to_owned())
}

fn own(text: &str) -> Result<Lesson, Failure> {
    Lesson::parse_own("own", text).map_err(|mistakes| mistaken("This lesson", &mistakes))
}

async fn named(name: &str, options: &Options) -> Result<Lesson, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(Failure {
            title: format!("“{name}” is not the name of a lesson."),
            lines: vec!["A name has letters, digits and hyphens.".into()],
        });
    }
    let address = format!("{}lessons/{name}.json", options.base.as_deref().unwrap_or_default());
    let text = fetch::text(&address).await.map_err(|why| Failure {
        title: format!("The lesson “{name}” could not be loaded."),
        lines: vec![why],
    })?;
    Lesson::parse(name, &text)
        .map_err(|mistakes| mistaken(&format!("The lesson {name}.json"), &mistakes))
}

fn mistaken(what: &str, mistakes: &[Mistake]) -> Failure {
    let count = match mistakes.len() {
        1 => "a mistake".to_owned(),
        n => format!("{n} mistakes"),
    };
    Failure {
        title: format!("{what} has {count}."),
        lines: mistakes
            .iter()
            .map(|mistake| {
                let Mistake { line, column, wrong, mend } = mistake;
                format!("line {line}, column {column}: {wrong}; {mend}")
            })
            .collect(),
    }
}

/// An action as a lesson file writes it: `{ "unplug": { "consumer": "billing" } }`.
///
/// # Errors
/// What is wrong with it, and its mend.
pub(super) fn action(lesson: &Lesson, command: &JsValue) -> Result<Action, JsError> {
    let text = js_sys::JSON::stringify(command).ok().and_then(|text| text.as_string());
    let text = text.ok_or_else(|| JsError::new("a command is an object"))?;
    lesson.action(&text).map_err(|mistakes| {
        let lines: Vec<String> =
            mistakes.iter().map(|m| format!("{}; {}", m.wrong, m.mend)).collect();
        JsError::new(&lines.join("\n"))
    })
}
