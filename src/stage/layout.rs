//! Where everything stands, from the topology alone: columns that hold across both lanes.
//!
//! Stable: things are placed in order of creation, so adding one never reshuffles the others.
//! Computed when something is added or the frame changes, never per frame.

use super::{Mode, Rect, Size, View, columns, phone};
use crate::event::{Name, NodeId, NodeKind, System, TopicPartition};
use crate::sim::Instant;
use crate::timeline::{Log, Node, Timeline};

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) view: View,
    pub(super) epoch: u32,
    pub(super) plug_name: Option<Name>,
    pub(super) size: Size,
    /// Height of all of it.
    pub(super) height: f32,
    /// Scale of text.
    pub(super) text: f32,
    /// Scale of everything, above 1 in a very large frame.
    pub(super) scale: f32,
    pub(super) lanes: Vec<Lane>,
    pub(super) producers: Vec<Place>,
    pub(super) servers: Vec<Server>,
    pub(super) rows: Vec<Row>,
    pub(super) consumers: Vec<Place>,
    pub(super) plug: Option<Plug>,
    /// Left and right edge of the free band between systems and consumers.
    pub(super) alley: (f32, f32),
    /// Hairline between the lanes.
    pub(super) rule: Option<Rect>,
    /// Where what Redis lost lies.
    pub(super) floor: Option<Rect>,
    /// The computed sentence.
    pub(super) sentence: Rect,
    /// The other lane, on a phone.
    pub(super) strip: Option<(System, Rect)>,
}

/// A lane's head: title at the left, score at the right.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) system: System,
    /// Title and sub-title.
    pub(super) title: Rect,
    /// The numbers, each right-aligned in its column; the waiting number first.
    pub(super) score: Rect,
    pub(super) column: f32,
}

/// A box for a node.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) node: NodeId,
    pub(super) area: Rect,
    pub(super) system: Option<System>,
}

/// A Redis server with what stands inside it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) node: NodeId,
    pub(super) area: Rect,
    /// Baseline of its name is measured from the area; these are the bars.
    pub(super) channels: Vec<(Name, Rect)>,
    /// One box for each subscriber's output buffer.
    pub(super) buffers: Vec<(NodeId, Rect)>,
    /// Top left of the heading above the buffers.
    pub(super) heading: (f32, f32),
}

/// How a partition is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowStyle {
    /// Cells with offsets, bookmarks above and what waits below.
    Cells,
    /// One bar from the log start to its end.
    Bar,
    /// A square filled by lag.
    Tile,
}

/// A partition's row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) log: usize,
    pub(super) partition: TopicPartition,
    pub(super) style: RowStyle,
    pub(super) area: Rect,
    /// The strip of cells.
    pub(super) cells: Rect,
    pub(super) pitch: f32,
    pub(super) capacity: u64,
    /// Where wires from producers end and wires to consumers begin.
    pub(super) entry: Port,
    pub(super) exit: Port,
}

/// The large plug.
#[derive(Clone, Debug)]
pub(super) struct Plug {
    pub(super) name: Name,
    pub(super) slot: Rect,
    /// Whether the slot lies (phone) instead of standing.
    pub(super) flat: bool,
}

/// Where a wire meets a thing, with the direction it leaves in.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) struct Port {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) nx: f32,
    pub(super) ny: f32,
}

/// Empty cells kept free behind a log's end.
pub(super) const FREE: u64 = 2;

impl Row {
    /// Offset of the first cell shown at `t`: the newest stay visible.
    pub(super) fn first(&self, log: &Log, t: Instant) -> u64 {
        let end = log.end(t) + FREE;
        end.saturating_sub(self.capacity).max(log.start(t))
    }

    /// Centre of the cell of an offset, kept within the row.
    pub(super) fn centre(&self, offset: u64, log: &Log, t: Instant) -> (f32, f32) {
        let x = match self.style {
            RowStyle::Cells => {
                let slot = offset.saturating_sub(self.first(log, t)).min(self.capacity - 1);
                let left = offset < self.first(log, t);
                let slot = if left { 0 } else { slot };
                self.cells.x + (slot as f32 + 0.5) * self.pitch
            }
            RowStyle::Bar => self.along(offset, log, t),
            RowStyle::Tile => self.cells.centre(),
        };
        (x, self.cells.middle())
    }

    /// The x of an offset in a bar.
    pub(super) fn along(&self, offset: u64, log: &Log, t: Instant) -> f32 {
        let (start, end) = (log.start(t), log.end(t));
        // A bar grows until it is full and then holds its whole log.
        let span = (end - start).max(100) as f32;
        let share = offset.saturating_sub(start) as f32 / span;
        self.cells.x + self.cells.w * share.min(1.0)
    }
}

impl Layout {
    /// Places everything that exists at `t`.
    pub fn new(timeline: &Timeline, t: Instant, view: &View) -> Self {
        let size = view.size();
        // A frame much larger than a desk's screen is looked at from farther away.
        let scale = (view.width / 1_480.0).min(view.height / 860.0).clamp(1.0, 1.5);
        let mut layout = Self {
            view: view.clone(),
            epoch: timeline.epoch(t),
            plug_name: plug_name(timeline, t),
            size,
            height: view.height,
            text: view.text.clamp(0.5, 3.0) * scale,
            scale,
            lanes: Vec::new(),
            producers: Vec::new(),
            servers: Vec::new(),
            rows: Vec::new(),
            consumers: Vec::new(),
            plug: None,
            alley: (0.0, view.width),
            rule: None,
            floor: None,
            sentence: Rect::default(),
            strip: None,
        };
        let cast = Cast::at(timeline, t, view.mode);
        if size == Size::Phone {
            phone::place(&mut layout, &cast);
        } else {
            columns::place(&mut layout, &cast);
        }
        layout
    }

    /// Whether it still fits: the same frame and mode, and no node, topic, channel or party more
    /// or less. Cheap; ask each frame.
    pub fn fits(&self, timeline: &Timeline, t: Instant, view: &View) -> bool {
        let same = |a: &View, b: &View| {
            (a.mode, a.front, a.still, a.background) == (b.mode, b.front, b.still, b.background)
                && (a.width - b.width).abs() < 0.5
                && (a.height - b.height).abs() < 0.5
                && (a.text - b.text).abs() < 0.01
        };
        self.epoch == timeline.epoch(t)
            && same(&self.view, view)
            && self.plug_name == plug_name(timeline, t)
    }

    /// The place of a producer or consumer.
    pub(super) fn place_of(&self, node: NodeId) -> Option<&Place> {
        self.producers.iter().chain(&self.consumers).find(|place| place.node == node)
    }

    /// The output buffer kept for a subscriber, with its server.
    pub(super) fn buffer_of(&self, subscriber: NodeId) -> Option<(&Server, Rect)> {
        self.servers.iter().find_map(|server| {
            let buffer = server.buffers.iter().find(|(node, _)| *node == subscriber)?;
            Some((server, buffer.1))
        })
    }

    pub(super) fn row_of(&self, partition: &TopicPartition) -> Option<&Row> {
        self.rows.iter().find(|row| row.partition == *partition)
    }

    /// Whether wires run from top to bottom.
    pub(super) fn falls(&self) -> bool {
        self.size == Size::Phone
    }
}

/// Whose plug is drawn large: the consumer unplugged last, else the last one that stands in a
/// lane.
fn plug_name(timeline: &Timeline, t: Instant) -> Option<Name> {
    let readers = timeline.nodes().iter().filter(|node| {
        node.added <= t && matches!(node.kind, NodeKind::Subscriber | NodeKind::Consumer)
    });
    let mut last = None;
    let mut out: Option<(Instant, &Name)> = None;
    for node in readers {
        last = Some(&node.name);
        if let Some((since, _)) = node.unplugged.entry(t)
            && out.is_none_or(|(at, _)| at <= *since)
        {
            out = Some((*since, &node.name));
        }
    }
    out.map(|(_, name)| name).or(last).cloned()
}

/// Who is on stage.
pub(super) struct Cast<'a> {
    pub(super) redis: bool,
    pub(super) kafka: bool,
    pub(super) producers: Vec<&'a Node>,
    pub(super) servers: Vec<(&'a Node, Vec<Name>)>,
    pub(super) subscribers: Vec<&'a Node>,
    pub(super) consumers: Vec<&'a Node>,
    pub(super) logs: Vec<(usize, &'a Log)>,
}

impl<'a> Cast<'a> {
    fn at(timeline: &'a Timeline, t: Instant, mode: Mode) -> Self {
        let all: Vec<&Node> = timeline.nodes().iter().filter(|node| node.added <= t).collect();
        let of = |kind| all.iter().copied().filter(move |node| node.kind == kind);
        // The same consumer stands in the same order in both lanes.
        let mut names: Vec<&Name> = Vec::new();
        for node in
            all.iter().filter(|n| matches!(n.kind, NodeKind::Subscriber | NodeKind::Consumer))
        {
            if !names.contains(&&node.name) {
                names.push(&node.name);
            }
        }
        let ordered = |kind| {
            let mut nodes: Vec<&Node> = of(kind).collect();
            nodes.sort_by_key(|node| names.iter().position(|name| **name == node.name));
            nodes
        };
        let servers = of(NodeKind::RedisServer)
            .map(|node| (node, timeline.channels(node.id, t).cloned().collect()))
            .collect();
        let logs = timeline.logs().iter().enumerate().filter(|(_, log)| log.created <= t).collect();
        Self {
            redis: mode != Mode::Kafka,
            kafka: mode != Mode::Redis,
            producers: of(NodeKind::Producer).collect(),
            servers,
            subscribers: ordered(NodeKind::Subscriber),
            consumers: ordered(NodeKind::Consumer),
            logs,
        }
    }
}
