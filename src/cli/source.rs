//! Where lessons and runs come from: the ones that ship, files, links.

use super::Trouble::{self, WrongUse};
use super::Verdict;
use crate::history::{LessonRef, Recording, RunFile, from_link};
use crate::lesson::{Chapter, Lesson, Mistake};
use include_dir::{Dir, include_dir};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

static SHIPPED: Dir = include_dir!("$CARGO_MANIFEST_DIR/www/lessons");

/// What `run` is asked to run.
pub(super) enum Source {
    /// A lesson from its beginning.
    Lesson(Lesson),
    /// A run that somebody made.
    Recording(Lesson, Recording),
    /// A lesson file with mistakes.
    Wrong(Vec<Mistake>),
}

/// The texts of the lessons that ship, by id.
fn shipped() -> impl Iterator<Item = (&'static str, &'static str)> {
    SHIPPED.files().filter_map(|file| {
        let id = file.path().file_name()?.to_str()?.strip_suffix(".json")?;
        (!id.ends_with(".schema")).then_some((id, file.contents_utf8()?))
    })
}

fn named(id: &str) -> Result<Result<Lesson, Vec<Mistake>>, Trouble> {
    let text = shipped().find(|(known, _)| *known == id).map(|(_, text)| text);
    let text = text.ok_or_else(|| {
        WrongUse(format!(
            "`{id}` is no lesson that ships, no file and no link; see `pushpull lessons`"
        ))
    })?;
    Ok(Lesson::parse(id, text))
}

/// Finds out what a word of the command line means: a link, a file, or a lesson that ships.
pub(super) fn find(word: &str) -> Result<Source, Trouble> {
    let looks_like_link = word.contains('#') || word.starts_with("pp1.");
    let path = Path::new(word);
    if path.is_file() {
        return file(path);
    }
    if looks_like_link {
        let recording = from_link(word).map_err(|error| WrongUse(error.to_string()))?;
        return recorded(recording);
    }
    Ok(named(word)?.map_or_else(Source::Wrong, Source::Lesson))
}

/// Reads a file's text.
pub(super) fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path)
        .map_err(|error| WrongUse(format!("cannot read {}: {error}", path.display())))
}

fn file(path: &Path) -> Result<Source, Trouble> {
    let text = read(path)?;
    let value: Option<Value> = serde_json::from_str(&text).ok();
    let holds_a_run = value.as_ref().is_some_and(|value| value.get("recording").is_some());
    if holds_a_run || begins_with_a_format(&text) {
        return recorded(run_file(path, &text, value.as_ref())?);
    }
    Ok(own(path, &text).map_or_else(Source::Wrong, Source::Lesson))
}

/// Whether a text was a run's file before it was damaged: no lesson begins with a format.
fn begins_with_a_format(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{');
    inside.is_some_and(|rest| rest.trim_start().starts_with("\"format\""))
}

/// The run in a file, as `--save` and the page write it; `value` is the text, where it is JSON.
fn run_file(path: &Path, text: &str, value: Option<&Value>) -> Result<Recording, Trouble> {
    let field = |name: &str| value.and_then(|value| value.get(name));
    let format = field("format").and_then(Value::as_u64);
    let newer = format.map(|format| RunFile::known(format.try_into().unwrap_or(u16::MAX)));
    newer.transpose().map_err(|wrong| WrongUse(format!("{}: {wrong}", path.display())))?;
    let run: RunFile = serde_json::from_str(text).map_err(|error| {
        let recording = field("recording");
        let read: Vec<String> = ["lesson", "seed", "commands"]
            .into_iter()
            .filter_map(|name| Some((name, recording?.get(name)?)))
            .map(|(name, value)| match (name, value) {
                ("commands", Value::Array(all)) => format!("{} commands", all.len()),
                ("lesson", Value::Object(lesson)) => match lesson.get("Named") {
                    Some(name) => format!("the lesson {name}"),
                    None => "a lesson of its own".to_owned(),
                },
                (name, value) => format!("{name} {value}"),
            })
            .collect();
        let read = if read.is_empty() { "nothing of it".to_owned() } else { read.join(", ") };
        WrongUse(format!(
            "{}:{}:{}: this run's file is damaged: {error}. Save the run again, or mend this place. \
             Still readable: {read}.",
            path.display(),
            error.line(),
            error.column(),
        ))
    })?;
    run.open().map_err(|wrong| WrongUse(format!("{}: {wrong}", path.display())))
}

/// A lesson file of somebody's own.
pub(super) fn own(path: &Path, text: &str) -> Result<Lesson, Vec<Mistake>> {
    let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("lesson");
    Lesson::parse_own(id, text)
}

fn recorded(recording: Recording) -> Result<Source, Trouble> {
    let lesson = match &recording.lesson {
        LessonRef::Named(id) | LessonRef::NamedBy(id, _) => named(id)?,
        LessonRef::Inline(text) | LessonRef::InlineBy(text, _) => Lesson::parse_own("own", text),
    };
    let lesson = lesson.map(|lesson| recording.lesson.carry(lesson));
    Ok(match lesson {
        Ok(lesson) => Source::Recording(lesson, recording),
        Err(mistakes) => Source::Wrong(mistakes),
    })
}

/// The lessons that ship in the order of the course; what is not of the course comes last.
fn course() -> Vec<Lesson> {
    let mut all: Vec<Lesson> =
        shipped().filter_map(|(id, text)| Lesson::parse(id, text).ok()).collect();
    all.sort_by_key(|lesson| (lesson.number.is_none(), lesson.number, lesson.id.clone()));
    all
}

fn entry(lesson: &Lesson) -> Value {
    json!({
        "id": &*lesson.id,
        "title": lesson.title,
        "sentence": lesson.sentence,
        "chapter": lesson.chapter.map(Chapter::title),
        "number": lesson.number,
        "covers": lesson.covers,
        "steps": lesson.steps.len(),
    })
}

/// `pushpull lessons`.
pub(super) fn list(as_json: bool, out: &mut impl Write) -> Result<Verdict, Trouble> {
    let all = course();
    if as_json {
        writeln!(out, "{:#}", json!(all.iter().map(entry).collect::<Vec<_>>()))?;
    } else {
        let width = all.iter().map(|lesson| lesson.id.len()).max().unwrap_or(0);
        let mut chapter = None;
        for lesson in &all {
            if lesson.chapter != chapter {
                chapter = lesson.chapter;
                writeln!(out, "{}", chapter.map_or("Beside the course", Chapter::title))?;
            }
            writeln!(out, "  {:width$}  {}: {}", lesson.id, lesson.title, lesson.sentence)?;
        }
    }
    Ok(Verdict::Fine)
}
