//! The value a stage is: shapes to draw, words, and tokens. No colours stand here, only the
//! names of meanings (`redis`, `lost`, `key-3`), which a style sheet maps to light and dark.

use crate::event::{
    Carrier, ConnectionId, HopId, MessageId, Name, NodeId, PartyId, System, TopicPartition,
};
use crate::sim::Instant;
use std::sync::Arc;

/// What can be seen of a run at one instant. Two pictures of the same instant are equal.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The instant shown.
    pub at: Instant,
    /// Width in CSS px: the view's.
    pub width: f32,
    /// Height in CSS px: the view's, or more where the flow needs it (the page scrolls then).
    pub height: f32,
    /// Everything that stands still, in painting order.
    pub shapes: Vec<Shape>,
    /// Everything that moves, in painting order, above all shapes.
    pub tokens: Vec<Token>,
    /// Messages that a shape shows one by one: where each can be pointed at.
    pub chips: Vec<(Rect, MessageId)>,
    /// What has come of it so far, in one sentence. Drawn as the shape `sentence` too.
    pub sentence: Vec<Run>,
}

/// One fixed thing: what it is to a reader, and the marks that draw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Stable while the thing exists; unique in a picture; fit for a DOM id.
    pub id: Arc<str>,
    /// What it is to assistive technology.
    pub role: Role,
    /// Its accessible name, a phrase with its live values.
    pub name: String,
    /// What a click on it selects; none when it is decoration.
    pub target: Option<Target>,
    /// Whether it is (part of) what is selected.
    pub selected: bool,
    /// What a pointer hits, and where a focus ring goes.
    pub area: Rect,
    /// How it is drawn, in painting order.
    pub marks: Vec<Mark>,
}

impl Shape {
    /// Whether it is a line between things, which is hit along its course and takes no room.
    pub fn is_wire(&self) -> bool {
        matches!(self.target, Some(Target::Wire(_)))
    }

    /// The radius of its corners in CSS px: that of the box which fills its area, else a small one.
    pub fn round(&self) -> f32 {
        let own = self.marks.iter().find_map(|mark| match mark {
            Mark::Rect { area, round, .. } if *area == self.area => Some(*round),
            _ => None,
        });
        own.unwrap_or(6.0)
    }
}

/// What a shape is to assistive technology.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Can be selected; its commands are in the menu.
    Button,
    /// Drawn only; `aria-hidden`.
    Decoration,
    /// A picture with a name: a buffer, a row of cells.
    Image,
    /// A text that changes with the run: the score, the sentence.
    Status,
    /// One of several, of which one is chosen.
    Choice {
        /// Whether it is this one.
        on: bool,
    },
    /// The plug: pressed while it is out.
    Switch {
        /// Whether the plug is in.
        on: bool,
    },
}

/// What a shape or a token stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A process.
    Node(NodeId),
    /// One message, wherever its copies are.
    Message(MessageId),
    /// A partition of a topic.
    Partition(TopicPartition),
    /// A connection.
    Wire(ConnectionId),
    /// A consumer's plug, by the consumer's name; it is the same in both lanes.
    Plug(Name),
    /// A Redis channel of a server.
    Channel(NodeId, Name),
    /// A party's bookmark (committed offset) in a partition.
    Bookmark(Name, TopicPartition),
    /// A number of a lane's score, with the messages behind it.
    Score(System, Score),
    /// What a party has lost.
    Lost(PartyId),
    /// A lane as a whole: on a phone, the strip that opens it.
    Lane(System),
    /// One of the ways to carry a message in Redis: chosen by a click.
    Carrier(Carrier),
}

/// The large numbers of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Score {
    /// Waiting in the system for a party.
    Waiting,
    /// Handled by a party.
    Arrived,
    /// Lost to a party.
    Lost,
    /// Handled again by a party that had handled it before.
    Repeated,
}

/// A rectangle in CSS px, from the stage's upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

/// The classes of a mark, separated by spaces; see [`CLASSES`](super::CLASSES).
pub type Class = &'static str;

/// One stroke of the pen.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A rectangle.
    Rect {
        /// Where.
        area: Rect,
        /// Radius of its corners.
        round: f32,
        /// Its meaning.
        class: Class,
    },
    /// A circle.
    Circle {
        /// Centre.
        x: f32,
        /// Centre.
        y: f32,
        /// Radius.
        r: f32,
        /// Its meaning.
        class: Class,
    },
    /// A path in SVG's notation.
    Path {
        /// SVG path data, absolute coordinates.
        d: String,
        /// Its meaning.
        class: Class,
    },
    /// One line of text.
    Text {
        /// Where its anchor is.
        x: f32,
        /// Its baseline.
        y: f32,
        /// Which point of the text is at `x`.
        anchor: Anchor,
        /// Font size in px.
        size: f32,
        /// The text, in pieces of one meaning each.
        runs: Vec<Run>,
    },
}

/// Which point of a text is at its x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A piece of text of one meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What it says.
    pub text: String,
    /// Its meaning.
    pub class: Class,
    /// Whether it is set in bold.
    pub bold: bool,
    /// Whether it is set in the monospaced face.
    pub mono: bool,
}

/// Something that moves, or waits to move on. Painted on a canvas.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Which journey; with several partitions in one journey, several tokens share it.
    pub hop: HopId,
    /// The (first) message it carries.
    pub message: Option<MessageId>,
    /// Its lane.
    pub system: System,
    /// Centre in CSS px.
    pub x: f32,
    /// Centre in CSS px.
    pub y: f32,
    /// Radius of one message in CSS px.
    pub r: f32,
    /// Unit vector of its motion; (0, 0) while it stands still. The trail points against it.
    pub dx: f32,
    /// See `dx`.
    pub dy: f32,
    /// How visible it is, 0 to 1.
    pub alpha: f32,
    /// Which palette colour its key has, 0 to 7; none without key. See [`KEY_CLASSES`].
    ///
    /// [`KEY_CLASSES`]: super::KEY_CLASSES
    pub key: Option<u8>,
    /// The number on it: the producer's count; 0 draws none.
    pub number: u32,
    /// What it carries.
    pub kind: TokenKind,
    /// Its outline.
    pub form: Form,
    /// A short word about it: `what is at 20?`.
    pub label: Option<Label>,
}

impl Token {
    /// Half its width in CSS px: its radius, or half a capsule of up to three dots and a count.
    pub fn half(&self) -> f32 {
        let TokenKind::Batch { count, .. } = self.kind else { return self.r };
        let words = if count > 3 { 1 + count.to_string().len() } else { 0 };
        let pitch = self.r * Self::DOT * 2.0 + 2.0;
        let inner = count.min(3) as f32 * pitch - 2.0 + words as f32 * Self::FIGURE;
        inner / 2.0 + Self::EDGE
    }

    /// Radius of a dot in a capsule, as a share of a message's.
    pub const DOT: f32 = 0.62;
    /// Width of a figure of a capsule's count, in CSS px.
    const FIGURE: f32 = 7.0;
    /// From a capsule's dots to its edge, in CSS px.
    pub const EDGE: f32 = 5.0;
}

/// A word that belongs to a token and moves with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What it says, at 11 px.
    pub text: Arc<str>,
    /// Where its anchor is.
    pub x: f32,
    /// Its baseline.
    pub y: f32,
    /// Which point of it is at `x`.
    pub anchor: Anchor,
}

/// What a token carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// One message.
    Message,
    /// Several messages in one capsule; the first few keys' colours.
    Batch {
        /// How many messages.
        count: u32,
        /// Colours of the first ones, 0 to 7, `255` without key.
        keys: [u8; 3],
    },
    /// Hollow: it asks, or answers without a message.
    Request,
}

/// The outline of a token: the state of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Fine.
    Circle,
    /// Poison: no handler can finish with it.
    Diamond,
    /// A repeat.
    Ring,
}

impl Rect {
    /// The rectangle with this upper left corner and size.
    pub const fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Self { x, y, w, h }
    }

    /// Right edge.
    pub fn right(self) -> f32 {
        self.x + self.w
    }

    /// Lower edge.
    pub fn bottom(self) -> f32 {
        self.y + self.h
    }

    /// Middle of the left and right edges.
    pub fn middle(self) -> f32 {
        self.y + self.h / 2.0
    }

    /// Middle of the upper and lower edges.
    pub fn centre(self) -> f32 {
        self.x + self.w / 2.0
    }

    /// Whether the two share more than an edge (and what rounding makes of it).
    pub fn overlaps(self, other: Self) -> bool {
        let apart = 0.1;
        self.x + apart < other.right()
            && other.x + apart < self.right()
            && self.y + apart < other.bottom()
            && other.y + apart < self.bottom()
    }

    /// Whether `other` lies in it, edges included, within half a pixel.
    pub fn holds(self, other: Self) -> bool {
        other.x >= self.x - 0.5
            && other.y >= self.y - 0.5
            && other.right() <= self.right() + 0.5
            && other.bottom() <= self.bottom() + 0.5
    }
}

impl Run {
    /// Text in the ordinary weight.
    pub fn plain(text: impl Into<String>, class: Class) -> Self {
        Self { text: text.into(), class, bold: false, mono: false }
    }

    /// Text in bold.
    pub fn bold(text: impl Into<String>, class: Class) -> Self {
        Self { text: text.into(), class, bold: true, mono: false }
    }

    /// Monospaced text.
    pub fn mono(text: impl Into<String>, class: Class) -> Self {
        Self { text: text.into(), class, bold: false, mono: true }
    }
}

impl Role {
    /// The `role` attribute; none where the shape is hidden from assistive technology.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::Button => Some("button"),
            Self::Decoration => None,
            Self::Image => Some("img"),
            Self::Status => Some("status"),
            Self::Choice { .. } => Some("radio"),
            Self::Switch { .. } => Some("switch"),
        }
    }
}
