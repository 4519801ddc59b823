//! The glossary: what the marked terms of the lessons mean.

use super::shape::Shape::{List, Name, Record as Rec, Word, Words};
use super::shape::{self, Mistake, Record, Report, Shape, must};
use super::tree::{list, text};

/// A term of the glossary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The term, as lessons mark it.
    pub term: String,
    /// The lesson that introduces it.
    pub lesson: String,
    /// What it means, in one or two sentences.
    pub text: String,
    /// The glyph of the thing in the picture.
    pub glyph: String,
    /// The title of its page in the primary documentation.
    pub page: String,
}

static GLOSSARY: Shape = Rec(&Record {
    name: "a glossary",
    fields: &[must("terms", List(1, &TERM), "the terms, in the order of the course")],
});

static TERM: Shape = Rec(&Record {
    name: "a term",
    fields: &[
        must("term", Words, "as lessons mark it"),
        must("lesson", Name, "the lesson that introduces it"),
        must("text", Words, "one or two sentences"),
        must("glyph", Word(GLYPHS), "what it looks like in the picture"),
        must("page", Words, "the title of its page in the primary documentation"),
    ],
});

/// The things of the picture that a term can stand for.
const GLYPHS: &[(&str, &str)] = &[
    ("bookmark", "the flag under a log's cells"),
    ("cell", "one record in a log"),
    ("row", "a partition's row of cells"),
    ("block", "a segment: a dated block of cells"),
    ("frame", "the frame around a group's members"),
    ("line", "a vertical line through a log"),
    ("gap", "the cells between a bookmark and the end of the log"),
    ("pipe", "a channel or a pattern: a pipe without cells"),
    ("buffer", "the filling box beside a client"),
    ("chip", "a replica: a small chip on its broker"),
    ("list", "a stack of cells that are taken away"),
    ("token", "a message on its way"),
];

/// Reads the glossary.
///
/// # Errors
/// All mistakes of the text.
pub fn glossary(source: &str) -> Result<Vec<Term>, Vec<Mistake>> {
    let mut report = Report::new(source);
    let Some(root) = super::build::tree(source, &mut report) else { return Err(report.finish()) };
    shape::check(&root, &GLOSSARY, &mut report);
    if !report.is_clean() {
        return Err(report.finish());
    }
    let term = |value| Term {
        term: text(value, "term"),
        lesson: text(value, "lesson"),
        text: text(value, "text"),
        glyph: text(value, "glyph"),
        page: text(value, "page"),
    };
    Ok(list(&root, "terms").iter().map(term).collect())
}
