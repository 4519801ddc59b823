//! The engines without a page, for `make bench`: how many events a World tells.
//!
//! The caller holds the clock; nothing here reads one.

use crate::lab::World;
use crate::lesson::Lesson;
use crate::sim::{Instant, Span};
use wasm_bindgen::prelude::*;

/// Events are taken away in stretches of this length, so that a long run needs little memory.
const STRETCH: Span = Span::from_millis(200);

/// Runs a lesson's topology for `virtual_ms` milliseconds of virtual time (0 to a day) and gives
/// the number of events it told. `lesson` is a lesson's own text. Nothing is drawn or kept.
///
/// # Errors
/// When the text is no lesson, its topology is refused, or `virtual_ms` is not such a time.
#[wasm_bindgen]
pub fn simulate(lesson: &str, virtual_ms: f64) -> Result<f64, JsError> {
    if !(0.0..=8.64e7).contains(&virtual_ms) {
        return Err(JsError::new("simulate: a time in milliseconds, at most a day"));
    }
    let lesson = Lesson::parse_own("measured", lesson).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        JsError::new(&lines.join("\n"))
    })?;
    let mut world = World::new(lesson.seed);
    for action in &lesson.topology {
        world.act(action.clone()).map_err(|refusal| JsError::new(&refusal.reason))?;
    }
    let end = Instant::ZERO + Span::from_nanos((virtual_ms * 1e6).round() as u64);
    let mut events = world.take_events().len();
    while world.now() < end {
        world.advance_to(end.min(world.now() + STRETCH));
        events += world.take_events().len();
    }
    Ok(events as f64)
}
