//! The value that a panel is: blocks of rows, tables, charts and sentences.

use super::message::meaning;
use super::{Chart, Tools, Why};
use crate::event::Event;
use crate::sim::Instant;
use crate::stage::{Class, Target};
use crate::timeline::{Timeline, causes, journal};

/// What a panel says about one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// The thing's name.
    pub title: String,
    /// What it is: `partition`, `Redis server`.
    pub kind: String,
    /// What it raises, in words, and what is asked then.
    pub questions: Vec<(String, Why)>,
    /// In reading order.
    pub blocks: Vec<Block>,
}

/// A part of a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading for what follows.
    Heading(String),
    /// Names with their values.
    Rows(Vec<(String, Cell)>),
    /// A table.
    Table(Table),
    /// A small chart.
    Chart(Chart),
    /// Sentences, each at its instant.
    Lines(Vec<Line>),
    /// A remark.
    Words(String),
    /// A command line: what follows is what it prints.
    Command(String),
    /// What the systems' own tools print.
    Tools(Tools),
}

/// Rows and columns with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The columns' names.
    pub columns: Vec<&'static str>,
    /// The rows; each has a cell a column, the first names the row.
    pub rows: Vec<Vec<Cell>>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// As text.
    pub text: String,
    /// Its meaning, a class of text.
    pub class: Class,
    /// Where a click on it leads.
    pub go: Option<Go>,
}

/// A sentence at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// When; a click goes there.
    pub at: Instant,
    /// What happened.
    pub text: String,
    /// Its meaning, a class of text.
    pub class: Class,
    /// What "Why?" asks, where there is something to explain.
    pub why: Option<Why>,
}

/// Where a click leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Go {
    /// To a thing.
    To(Target),
    /// To an instant.
    At(Instant),
    /// To the answer of a question.
    Why(Why),
    /// Over to another future, by its place among them.
    Over(usize),
}

impl Line {
    /// An event as a sentence.
    pub fn of(timeline: &Timeline, event: &Event) -> Self {
        let (class, odd) = meaning(event);
        let text = journal::sentence(timeline, event);
        Self { at: event.at, text, class, why: odd.then_some(Why::Event(event.id)) }
    }

    /// A sentence of an answer, at its event's instant; one that sums up what is true stands at
    /// `t`.
    pub fn told(timeline: &Timeline, told: causes::Line, t: Instant) -> Self {
        let event = told.event.and_then(|id| timeline.event(id));
        let (class, odd) = event.map_or(("ink", false), meaning);
        let why = told.event.filter(|_| odd).map(Why::Event);
        Self { at: event.map_or(t, |event| event.at), text: told.sentence, class, why }
    }
}

impl Cell {
    /// A value in ink.
    pub fn new(text: impl Into<String>) -> Self {
        Self::of(text, "ink")
    }

    /// A value with a meaning.
    pub fn of(text: impl Into<String>, class: Class) -> Self {
        Self { text: text.into(), class, go: None }
    }

    /// A value that leads to a thing.
    pub fn to(text: impl Into<String>, target: Target) -> Self {
        Self { go: Some(Go::To(target)), ..Self::new(text) }
    }

    /// A count: what is above none has the meaning `class`, none is dim.
    pub(super) fn count(n: u64, class: Class) -> Self {
        Self::of(n.to_string(), if n > 0 { class } else { "dim" })
    }
}

impl Sheet {
    pub(super) fn new(title: impl Into<String>, kind: impl Into<String>) -> Self {
        Self { title: title.into(), kind: kind.into(), questions: Vec::new(), blocks: Vec::new() }
    }

    pub(super) fn rows(&mut self, rows: Vec<(&str, Cell)>) {
        if rows.is_empty() {
            return;
        }
        let rows = rows.into_iter().map(|(label, cell)| (label.to_owned(), cell));
        self.blocks.push(Block::Rows(rows.collect()));
    }

    pub(super) fn table(&mut self, caption: &str, columns: &[&'static str], rows: Vec<Vec<Cell>>) {
        if !rows.is_empty() {
            let (caption, columns) = (caption.to_owned(), columns.to_vec());
            self.blocks.push(Block::Table(Table { caption, columns, rows }));
        }
    }

    pub(super) fn chart(&mut self, chart: Option<Chart>) {
        self.blocks.extend(chart.map(Block::Chart));
    }

    pub(super) fn words(&mut self, words: impl Into<String>) {
        self.blocks.push(Block::Words(words.into()));
    }
}
