//! A lesson at an instant as a picture in a file: what a page shows until its engines are there.

use crate::history::Session;
use crate::lesson::Lesson;
use crate::sim::{Instant, Span};
use crate::stage::{self, Theme, View};
use crate::timeline::Timeline;
use wasm_bindgen::prelude::*;

/// The stage of a lesson after `virtual_ms` milliseconds of virtual time (0 to ten minutes), as
/// SVG text of `width` times `height` CSS px (each 320 to 4096), dark or light. `lesson` is a
/// lesson's own text.
///
/// # Errors
/// When the text is no lesson, its topology is refused, or a number is not such a one.
#[wasm_bindgen]
pub fn still(
    lesson: &str,
    virtual_ms: f64,
    width: f32,
    height: f32,
    dark: bool,
) -> Result<String, JsError> {
    if !(0.0..=6e5).contains(&virtual_ms) {
        return Err(JsError::new("still: a time in milliseconds, at most ten minutes"));
    }
    if [width, height].iter().any(|side| !(320.0..=4096.0).contains(side)) {
        return Err(JsError::new("still: a width and a height from 320 to 4096"));
    }
    let lesson = Lesson::parse_own("still", lesson).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        JsError::new(&lines.join("\n"))
    })?;
    let mut session =
        Session::open(lesson, None).map_err(|error| JsError::new(&error.to_string()))?;
    let t = Instant::ZERO + Span::from_nanos((virtual_ms * 1e6).round() as u64);
    session.advance_to(t);
    let mut timeline = Timeline::default();
    timeline.extend(session.events());
    let view = View { sentence: false, carrier: session.carrier(), ..View::new(width, height) };
    let theme = if dark { Theme::Dark } else { Theme::Light };
    Ok(stage::svg(&stage::picture(&timeline, t, &view), theme))
}
