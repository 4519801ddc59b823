//! A run as a value.

use super::{LinkError, Wrong};
use crate::event::{Carrier, Command, Name};
use crate::lesson::Lesson;
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
    #[serde(with = "hex")]
    pub trace: u64,
    /// The futures that stood beside it: a lesson may ask for what they came to. The last field,
    /// and left out where there are none, as in every recording that is older than it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
}

/// A future that the reader had left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// What the reader did in it.
    pub commands: Vec<Command>,
    /// Where its head stood.
    pub until: Instant,
    /// Where the run left it.
    pub forked_at: Instant,
}

/// Sixteen hexadecimal digits where people read: a JSON number holds only 53 bits everywhere.
mod hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde hands over a reference
    pub(super) fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            format!("{value:016x}").serialize(to)
        } else {
            value.serialize(to)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            u64::from_str_radix(&text, 16).map_err(D::Error::custom)
        } else {
            u64::deserialize(from)
        }
    }
}

/// A recording as a file: its JSON form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    /// The format's version.
    format: u16,
    /// The run.
    recording: Recording,
}

impl RunFile {
    /// In the newest format.
    pub fn new(recording: Recording) -> Self {
        Self { format: FORMAT, recording }
    }

    /// Whether a file of this format can be read. Ask before reading all of it: a newer format may
    /// say what is not known here.
    ///
    /// # Errors
    /// When a newer version wrote it.
    pub fn known(format: u16) -> Result<(), LinkError> {
        if format <= FORMAT {
            return Ok(());
        }
        Err(LinkError { wrong: Wrong::TooNew(format), read: None })
    }

    /// The run in the file.
    ///
    /// # Errors
    /// When a newer version wrote it, or its commands go back in time.
    pub fn open(self) -> Result<Recording, LinkError> {
        Self::known(self.format)?;
        match self.recording.check() {
            Ok(()) => Ok(self.recording),
            Err(wrong) => Err(LinkError { wrong, read: Some(Box::new(self.recording)) }),
        }
    }
}

impl LessonRef {
    /// What names this lesson.
    pub fn of(lesson: &Lesson) -> Self {
        let (id, text) = (|| lesson.id.clone(), || lesson.source.to_string());
        match (lesson.own, lesson.by) {
            (false, None) => Self::Named(id()),
            (false, Some(by)) => Self::NamedBy(id(), by),
            (true, None) => Self::Inline(text()),
            (true, Some(by)) => Self::InlineBy(text(), by),
        }
    }

    /// The lesson whose file this names, with the carrier that was chosen.
    pub fn carry(&self, file: Lesson) -> Lesson {
        match self {
            Self::NamedBy(_, by) | Self::InlineBy(_, by) => file.carried_by(*by),
            Self::Named(_) | Self::Inline(_) => file,
        }
    }
}

/// Which lesson a recording belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LessonRef {
    /// One that ships with the software, by its file's name.
    Named(Name),
    /// The text of somebody's own.
    Inline(String),
    /// As `Named`, with another carrier in Redis than its file has.
    NamedBy(Name, Carrier),
    /// As `Inline`, with another carrier in Redis than its text has.
    InlineBy(String, Carrier),
}
