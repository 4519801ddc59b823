//! The words on tokens: none lies on another one, or on a name that stands still.
//!
//! A word moves with its token, so it is asked for anew in each frame: above the token, else
//! below it, else it is left out until there is room. The first in painting order has the place.

use super::layout::{Layout, Row, RowStyle};
use super::picture::{Anchor, Label, Token};
use super::{Rect, text};
use crate::sim::Instant;
use crate::timeline::Timeline;

/// Font size of a word, in CSS px.
const SIZE: f32 = 11.0;
/// From the baseline of a word up, and down.
const RISE: f32 = 10.0;
const FALL: f32 = 3.0;
/// How much lower a word stands that goes below its token.
const BELOW: f32 = 30.0;

/// Moves words out of the way, or leaves them out.
pub(super) fn settle(timeline: &Timeline, t: Instant, layout: &Layout, tokens: &mut [Token]) {
    if tokens.iter().all(|token| token.label.is_none()) {
        return;
    }
    let names = names(layout);
    let rows = layout.rows.iter();
    let offsets: Vec<Rect> = rows.filter_map(|row| numbers(timeline, t, layout, row)).collect();
    let mut taken: Vec<Rect> = Vec::new();
    for token in tokens {
        let Some(label) = &mut token.label else { continue };
        let here = area(label);
        // Words that stand under cells have their place.
        let lower = Rect { y: here.y + BELOW, ..here };
        let stands = label.anchor == Anchor::Start;
        let free = |place: &Rect| {
            taken.iter().chain(&offsets).all(|other| !other.overlaps(*place))
                && (stands || names.iter().all(|other| !other.overlaps(*place)))
        };
        if free(&here) {
            taken.push(here);
        } else if !stands && free(&lower) {
            label.y += BELOW;
            taken.push(lower);
        } else {
            token.label = None;
        }
    }
}

/// What a word covers.
pub(super) fn area(label: &Label) -> Rect {
    let wide = text::width(&label.text, SIZE, false, false);
    let left = match label.anchor {
        Anchor::Start => label.x,
        Anchor::Middle => label.x - wide / 2.0,
        Anchor::End => label.x - wide,
    };
    Rect::new(left, label.y - RISE, wide, RISE + FALL)
}

/// Where the offsets stand under a row's cells; nowhere while it is empty.
pub(super) fn numbers(timeline: &Timeline, t: Instant, layout: &Layout, row: &Row) -> Option<Rect> {
    let log = timeline.logs().get(row.log)?;
    let shown = log.end(t).saturating_sub(row.first(log, t)).min(row.capacity);
    let k = layout.text;
    let area = Rect::new(row.cells.x, row.cells.bottom() + 3.0, shown as f32 * row.pitch, 12.0 * k);
    (row.style == RowStyle::Cells && shown > 0).then_some(area)
}

/// Where names and figures stand still.
pub(super) fn names(layout: &Layout) -> Vec<Rect> {
    let k = layout.text;
    let mut all: Vec<Rect> =
        layout.lanes.iter().flat_map(|lane| [lane.title, lane.score]).collect();
    let places = layout.producers.iter().chain(&layout.brokers).chain(&layout.consumers);
    all.extend(places.map(|place| place.area));
    for row in layout.rows.iter().filter(|row| row.style == RowStyle::Cells) {
        let wide = text::width(&row.partition.to_string(), 12.0 * k, true, true);
        all.push(Rect::new(row.area.x, row.area.y, wide, 17.0 * k));
        // At its right end stands what waits.
        let end = 170.0 * k;
        all.push(Rect::new(row.area.right() - end, row.area.y, end, 17.0 * k));
    }
    for server in &layout.servers {
        for row in &server.streams {
            all.push(Rect::new(row.area.x, row.area.y, row.area.w, 16.0 * k));
        }
        all.extend(server.buffers.iter().map(|(_, area)| *area));
    }
    all
}
