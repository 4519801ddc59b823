//! A timeline at an instant -> a picture: shapes, words, tokens; also as SVG text.
//!
//! A pure function: the same timeline, instant and view give the same picture, whichever way
//! the cursor came. Knows no DOM, no engine, no colours.

mod class;
mod picture;
mod svg;
mod view;

pub use class::{CLASSES, KEY_CLASSES};
pub use picture::{
    Anchor, Class, Form, Mark, Picture, Rect, Role, Run, Score, Shape, Target, Token, TokenKind,
};
pub use svg::{Theme, svg};
pub use view::{Mode, Size, View};

use crate::sim::Instant;
use crate::timeline::Timeline;

/// Where everything stands. Computed when the topology or the frame changes, not per frame.
#[derive(Clone, Debug)]
pub struct Layout {
    height: f32,
}

impl Layout {
    /// Places everything that exists at `t`.
    pub fn new(_timeline: &Timeline, _t: Instant, view: &View) -> Self {
        Self { height: view.height }
    }

    /// Whether it still fits: the same frame and mode, and no node, topic, channel or party more
    /// or less. Cheap; ask each frame.
    pub fn fits(&self, _timeline: &Timeline, _t: Instant, _view: &View) -> bool {
        true
    }
}

/// Everything to be seen at `t`.
pub fn picture(timeline: &Timeline, t: Instant, view: &View) -> Picture {
    picture_on(timeline, t, view, &Layout::new(timeline, t, view))
}

/// The same on a layout that fits.
pub fn picture_on(timeline: &Timeline, t: Instant, view: &View, layout: &Layout) -> Picture {
    Picture {
        at: t,
        width: view.width,
        height: layout.height,
        shapes: Vec::new(),
        tokens: tokens(timeline, t, layout),
        sentence: Vec::new(),
    }
}

/// What moves at `t`, in painting order. Cheap enough for each frame.
pub fn tokens(_timeline: &Timeline, _t: Instant, _layout: &Layout) -> Vec<Token> {
    Vec::new()
}
