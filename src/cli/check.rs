//! `pushpull check`: all mistakes of lesson files.

use super::Trouble;
use super::Verdict;
use super::source::{own, read};
use crate::history::Session;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Lesson files
    #[arg(required_unless_present = "schema")]
    files: Vec<PathBuf>,
    /// Prints the JSON Schema of lesson files instead
    #[arg(long, conflicts_with = "files")]
    schema: bool,
}

/// Checks the format, the names, and whether the topology can be laid.
pub(super) fn check(options: &Options, out: &mut impl Write) -> Result<Verdict, Trouble> {
    if options.schema {
        write!(out, "{}", super::schema())?;
        return Ok(Verdict::Fine);
    }
    let mut verdict = Verdict::Fine;
    for path in &options.files {
        let text = read(path)?;
        let file = path.display();
        match own(path, &text) {
            Err(mistakes) => {
                verdict = Verdict::Failed;
                for mistake in mistakes {
                    writeln!(out, "{file}:{mistake}")?;
                }
            }
            Ok(lesson) => {
                let lines = lesson.lines.clone();
                match Session::open(lesson, None) {
                    Ok(_) => writeln!(out, "{file}: fine")?,
                    Err(error) => {
                        verdict = Verdict::Failed;
                        let line = lines.get(error.action).copied().unwrap_or(1);
                        writeln!(out, "{file}:{line}: {}", error.refusal)?;
                    }
                }
            }
        }
    }
    Ok(verdict)
}
