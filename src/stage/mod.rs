//! A timeline at an instant -> a picture: shapes, words, tokens; also as SVG text.
//!
//! A pure function: the same timeline, instant and view give the same picture, whichever way
//! the cursor came. Knows no DOM, no engine, no colours.

#![allow(clippy::many_single_char_names, reason = "x, y, w, h are the words of geometry")]

mod class;
mod columns;
mod crowd;
mod draw;
pub mod inspect;
mod labels;
mod layout;
mod phone;
mod picture;
mod readers;
mod route;
mod svg;
mod system;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod view;

pub use class::{CLASSES, KEY_CLASSES};
pub use layout::Layout;
pub use picture::{
    Anchor, Class, Form, Label, Mark, Picture, Rect, Role, Run, Score, Shape, Target, Token,
    TokenKind,
};
pub use svg::{Theme, signed, svg};
pub use tokens::tokens;
pub use view::{Mode, Size, View};

use crate::sim::Instant;
use crate::timeline::Timeline;

/// Everything to be seen at `t`.
pub fn picture(timeline: &Timeline, t: Instant, view: &View) -> Picture {
    picture_on(timeline, t, view, &Layout::new(timeline, t, view))
}

/// The same on a layout that fits. Of the view only the selection is read.
pub fn picture_on(timeline: &Timeline, t: Instant, view: &View, layout: &Layout) -> Picture {
    if layout.view.selected == view.selected {
        return draw::picture(timeline, t, layout);
    }
    let mut layout = layout.clone();
    layout.view.selected.clone_from(&view.selected);
    draw::picture(timeline, t, &layout)
}
