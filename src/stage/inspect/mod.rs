//! What the panels say: a selected thing in the real systems' own terms, the commands that apply
//! to it, the same state as tables. Plain values that a page draws as lists; knows no DOM.
//!
//! A new feature of an engine needs a row here, not a component in the page.

mod chart;
mod filter;
mod form;
mod jump;
mod keys;
mod light;
mod log;
mod menu;
mod message;
mod node;
mod place;
mod score;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod tool;
mod typed;
mod upkeep;
mod walk;
mod why;
mod words;

pub use chart::{Chart, Limit, Series};
pub use filter::journal_of;
pub use form::{Entry, Field, Form, Kind, Subject};
pub use jump::{JUMPS, Jump};
pub use menu::{Deed, Item, menu};
pub use place::{Spot, adders, spots};
pub use sheet::{Block, Cell, Go, Line, Sheet, Table};
pub use table::tables;
pub use tool::{Tools, printed, question};
pub use upkeep::Upkeep;
pub use walk::{Way, neighbour};
pub use why::{Why, answer, lights};
pub(super) use words::carrier;
pub use words::{about, name};

use super::Target;
use crate::event::System;
use crate::sim::Instant;
use crate::timeline::Timeline;

/// All that is known of a thing at `t`; none when it is not there.
pub fn inspect(timeline: &Timeline, t: Instant, target: &Target) -> Option<Sheet> {
    let at = At { timeline, t };
    let mut sheet = match target {
        Target::Node(id) => at.node(*id),
        Target::Message(id) => at.message(*id),
        Target::Partition(partition) => at.partition(partition, None),
        Target::Bookmark(group, partition) => at.partition(partition, Some(group)),
        Target::Wire(id) => at.wire(*id),
        Target::Plug(name) => at.plug(name),
        Target::Channel(server, name) => at.channel(*server, name),
        Target::Score(system, score) => Some(at.score(*system, *score)),
        Target::Lost(party) => at.lost(*party),
        Target::Lane(system) => Some(at.lane(*system)),
        // The lane's own sheet says what it carries.
        Target::Carrier(_) => Some(at.lane(System::Redis)),
    }?;
    sheet.questions = at.questions(target);
    Some(sheet)
}

/// A run at an instant, asked for panels.
#[derive(Clone, Copy)]
struct At<'a> {
    timeline: &'a Timeline,
    t: Instant,
}
