//! Runs as values: recordings, checkpoints, going back, forks, undo, links.
//!
//! Knows a lesson and a World; knows nothing of engines, of drawing or of the page. The World's
//! head never runs ahead of what was asked for.

mod branch;
mod link;
mod recording;
mod run;
mod session;
mod trace;

pub use branch::{Branch, Comparison, Difference};
pub use link::{LinkError, Wrong, from_link, to_link};
pub use recording::{Beside, FORMAT, LessonRef, RULES, Recording, RunFile};
pub use session::{OpenError, Past, Replay, Session};
pub use trace::Trace;
