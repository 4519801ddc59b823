//! How a reader looks at a run: the frame, the mode, what is selected.

use super::{Rect, Target};
use crate::event::{Carrier, System};

/// How a reader looks at a run.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Which lanes.
    pub mode: Mode,
    /// Width of the stage in CSS px, from 320 up.
    pub width: f32,
    /// Height of the stage in CSS px. A picture may be higher where the flow needs it.
    pub height: f32,
    /// Scale of all text, 1 by default; 1.4 stands for text 40 % longer.
    pub text: f32,
    /// The lane shown in full on a phone.
    pub front: System,
    /// What is selected.
    pub selected: Option<Target>,
    /// Whether tokens step from station to station (`prefers-reduced-motion`).
    pub still: bool,
    /// Whether the sentence is drawn. A page that says it elsewhere has its room for the flow.
    pub sentence: bool,
    /// Whether the opened replicas are those of each broker, instead of those of one partition.
    pub by_broker: bool,
    /// What Redis carries the messages by, where that is offered as a choice.
    pub carrier: Option<Carrier>,
    /// Whether background traffic (heartbeats, empty answers) gets tokens.
    pub background: bool,
}

/// Which lanes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Both; the one that has a server where the other has none.
    #[default]
    Both,
    /// The push lane alone.
    Redis,
    /// The pull lane alone.
    Kafka,
}

/// Which of the three layouts fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// From 900 px: all columns with air.
    Wide,
    /// From 680 px: the same columns, closer.
    Medium,
    /// Below: flow from top to bottom, one lane in full, the other a strip of 44 px.
    Phone,
}

impl View {
    /// Both lanes in a frame of this size.
    pub fn new(width: f32, height: f32) -> Self {
        Self {
            mode: Mode::Both,
            width,
            height,
            text: 1.0,
            front: System::Redis,
            selected: None,
            still: false,
            sentence: true,
            by_broker: false,
            carrier: None,
            background: false,
        }
    }

    /// The layout that fits the width.
    pub fn size(&self) -> Size {
        if self.width >= 900.0 {
            Size::Wide
        } else if self.width >= 680.0 {
            Size::Medium
        } else {
            Size::Phone
        }
    }

    /// The whole frame.
    pub fn frame(&self) -> Rect {
        Rect::new(0.0, 0.0, self.width, self.height)
    }
}
