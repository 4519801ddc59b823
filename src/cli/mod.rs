//! The command line: run a lesson or a recorded run, check lesson files, list the lessons.
//!
//! Knows files, arguments and exit codes; every rule is in the layers below.

mod advice;
mod answers;
mod check;
mod play;
mod run;
mod schema;
mod serve;
mod source;

pub use advice::advice;
pub use play::play;
pub use schema::schema;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What the exit codes mean; a part of the help.
const CODES: &str = "Exit codes:
  0  all is well
  1  a check, an assertion or a replay failed
  2  wrong use: unknown arguments, a file that cannot be read";

/// How a command ended, when it ended at all well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All is well.
    Fine,
    /// A check, an assertion or a replay failed.
    Failed,
}

/// Why a command did not come to its end.
#[derive(Debug)]
enum Trouble {
    /// It could not be carried out as it was given; one sentence.
    WrongUse(String),
    /// Whoever read its output has read enough: `pushpull run one-plug --journal | head`.
    PipeClosed,
}

#[derive(Debug, Parser)]
#[command(name = "pushpull", version, about, after_help = CODES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a lesson, a recorded run or a link, and says what came out
    #[command(after_help = CODES)]
    Run(run::Options),
    /// Checks lesson files: every mistake with its line and its mend
    #[command(after_help = CODES)]
    Check(check::Options),
    /// Serves the engine that the page runs on a socket, to redis-cli and other real clients
    Serve(serve::Serve),
    /// Lists the lessons that ship
    Lessons {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// The whole program: reads the arguments, carries them out, gives the exit code.
pub fn main() -> ExitCode {
    // Wrong arguments end here with clap's own message and exit code 2.
    let arguments = Arguments::parse();
    let mut out = std::io::stdout().lock();
    let verdict = match arguments.command {
        Command::Run(options) => run::run(&options, &mut out),
        Command::Check(options) => check::check(&options, &mut out),
        Command::Lessons { json } => source::list(json, &mut out),
        Command::Serve(serve) => {
            // Its threads print for themselves.
            drop(out);
            return serve.run();
        }
    };
    match verdict {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::from(1),
        Err(Trouble::PipeClosed) => ExitCode::SUCCESS,
        Err(Trouble::WrongUse(why)) => {
            eprintln!("pushpull: {why}");
            ExitCode::from(2)
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::PipeClosed
        } else {
            Self::WrongUse(format!("cannot write: {error}"))
        }
    }
}
