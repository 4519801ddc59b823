//! A run as a value.

use crate::event::{Command, Name};
use crate::sim::Instant;
use serde::{Deserialize, Serialize};

/// The version of the recording's format. Old ones always parse.
pub const FORMAT: u16 = 1;

/// The version of the engines' rules: raised when the same commands lead to another trace.
pub const RULES: u16 = 1;

/// Lesson + seed + commands = the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// The rules it was made under.
    pub rules: u16,
    /// Which lesson.
    pub lesson: LessonRef,
    /// The seed of its World.
    pub seed: u64,
    /// What the reader did.
    pub commands: Vec<Command>,
    /// Where its head stood.
    pub until: Instant,
    /// The hash of its trace up to there.
    pub trace: u64,
}

/// Which lesson a recording belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LessonRef {
    /// One that ships with the software, by its file's name.
    Named(Name),
    /// The text of somebody's own.
    Inline(String),
}
