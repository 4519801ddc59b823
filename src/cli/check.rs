//! `pushpull check`: all mistakes of lesson files.

use super::Trouble;
use super::Verdict;
use super::play;
use super::source::{own, read};
use crate::history::Session;
use crate::lesson::Lesson;
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
    /// Also plays each lesson to its end with a scripted reader, for several seeds
    #[arg(long)]
    play: bool,
    /// Plays with this seed alone
    #[arg(long, requires = "play")]
    seed: Option<u64>,
    /// Writes the last run that was played to this file
    #[arg(long, value_name = "FILE", requires = "play")]
    save: Option<PathBuf>,
}

/// The seeds that lessons are played with, besides their own.
const SEEDS: [u64; 3] = [2, 77, 4_096];

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
                match Session::open(lesson.clone(), None) {
                    Ok(_) if options.play => {
                        if !played(options, &lesson, &file.to_string(), out)? {
                            verdict = Verdict::Failed;
                        }
                    }
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

/// Plays a lesson with each seed and says how it came out.
fn played(
    options: &Options,
    lesson: &Lesson,
    file: &str,
    out: &mut impl Write,
) -> Result<bool, Trouble> {
    let seeds = options
        .seed
        .map_or_else(|| [lesson.seed].into_iter().chain(SEEDS).collect(), |seed| vec![seed]);
    let mut fine = true;
    for seed in seeds {
        let (wrong, session) = match play(lesson, seed) {
            Ok(session) => (Vec::new(), Some(Box::new(session))),
            Err(failed) => failed,
        };
        fine &= wrong.is_empty();
        let head = session.as_ref().map_or_else(String::new, |s| s.head().to_string());
        let verdict = if wrong.is_empty() { "plays to its end" } else { "does not come out" };
        writeln!(out, "{file}: seed {seed}: {verdict} ({head})")?;
        for wrong in wrong {
            writeln!(out, "  {wrong}")?;
        }
        if let (Some(path), Some(session)) = (&options.save, session) {
            super::run::save(path, &session)?;
        }
    }
    Ok(fine)
}
