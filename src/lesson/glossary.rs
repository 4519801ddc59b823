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
    /// The glyph of the thing in the picture, one of [`GLYPHS`].
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

/// The things of the picture that a term can stand for, by the words of its vocabulary of
/// meanings, and what moves. A test holds that the lesson which introduces a term draws its glyph.
pub const GLYPHS: &[(&str, &str)] = &[
    ("flag", "the flag on a log's cells: a bookmark"),
    ("cell", "one record or entry that is kept"),
    ("cell-next", "a dashed cell or bar: what is asked for, or all that match"),
    ("cell-parked", "a cell in a topic of dead letters"),
    ("track", "a row of cells: where a log grows to"),
    ("segment-open", "a stretch of a log: a dated block under its row"),
    ("pending", "an entry that was delivered and not acknowledged"),
    ("group", "the frame around a group's members"),
    ("waiting-bar", "the bar under the cells between a bookmark and the end"),
    ("well", "a bar without cells: what passes through leaves nothing"),
    ("box", "the filling bar beside a client"),
    ("chip", "a replica: a small chip on its broker"),
    ("token", "what is on its way"),
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
