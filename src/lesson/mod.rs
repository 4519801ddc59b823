//! Lessons are data: what a lesson file may say, its checks, and what a reader has done of it.
//!
//! A lesson knows nodes, topics and parties by their names and sees a run only through its
//! events. It must not know a World, an engine's inside or the page.

mod action;
mod build;
mod carrier;
mod fact;
mod format;
mod glossary;
mod guide;
mod model;
mod progress;
mod redis;
mod shape;
mod tree;

pub use carrier::{carried, carrier};
pub use format::{CHAPTERS, LESSON as FORMAT};
pub use glossary::{GLYPHS, Term, glossary};
pub use guide::{Advice, Guide, Question, Reason, Tool, Verdict, guide};
pub use model::{
    Bound, Button, Chapter, Choice, Claim, Condition, Deed, Face, Figure, Lesson, Piece,
    Prediction, Step, Sum, Task, Text, Trigger,
};
pub use progress::{Answer, Failure, LATE, Outcome, Progress, Sums};
pub use shape::{Field, Mistake, Record, Shape, time as parse_time};
