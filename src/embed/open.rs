//! From the element's options to a page: the lesson's text is fetched, checked and opened.

use super::Options;
use crate::event::Action;
use crate::history::{LessonRef, Recording, RunFile, from_link};
use crate::lesson::{Lesson, Mistake};
use crate::view::{Failure, Page, fetch};
use wasm_bindgen::prelude::*;

/// The lesson that a page without any name shows.
const FIRST: &str = "one-plug";

/// Opens what the options name; a recorded run comes before a text, a text before a name.
///
/// # Errors
/// A notice for the reader: what is wrong, where, and its mend.
pub(super) async fn page(options: &Options) -> Result<Page, Failure> {
    let recording = recorded(options)?;
    let opened = match &recording {
        Some(recording) => {
            let file = match &recording.lesson {
                LessonRef::Inline(text) | LessonRef::InlineBy(text, _) => own(text)?,
                LessonRef::Named(name) | LessonRef::NamedBy(name, _) => {
                    named(name, options).await?
                }
            };
            Page::replay(recording.lesson.carry(file), recording)
        }
        None => Page::open(match &options.text {
            Some(text) => own(text)?,
            None => named(options.lesson.as_deref().unwrap_or(FIRST), options).await?,
        }),
    };
    opened.map_err(|error| Failure {
        title: "This lesson's topology cannot be laid.".into(),
        lines: vec![error.to_string()],
    })
}

/// The run that the options name, from a file's object or from a link.
fn recorded(options: &Options) -> Result<Option<Recording>, Failure> {
    let refused = |what: &str, why: String| Failure {
        title: format!("This {what} cannot be opened."),
        lines: vec![why],
    };
    if !options.file.is_undefined() {
        // A newer format may hold what cannot be read here: that is said first.
        let format = js_sys::Reflect::get(&options.file, &"format".into()).ok();
        if let Some(format) = format.and_then(|format| format.as_f64()) {
            RunFile::known(format as u16).map_err(|error| refused("file", error.to_string()))?;
        }
        let file: RunFile = serde_wasm_bindgen::from_value(options.file.clone())
            .map_err(|error| refused("file", format!("It holds no recorded run: {error}.")))?;
        return file.open().map(Some).map_err(|error| refused("file", error.to_string()));
    }
    let link = options.run.as_deref().map(from_link).transpose();
    link.map_err(|error| refused("link", error.to_string()))
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
