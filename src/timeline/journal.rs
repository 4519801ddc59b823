//! Every event as one plain sentence.

use super::Timeline;
use crate::event::Event;

/// The event in words, with the names that the timeline knows.
pub fn sentence(_timeline: &Timeline, event: &Event) -> String {
    format!("event {}", event.id.0)
}
