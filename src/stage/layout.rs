//! Where everything stands, from the topology alone: columns that hold across both lanes.
//!
//! Stable: things are placed in order of creation, so adding one never reshuffles the others.
//! Computed when something is added or the frame changes, never per frame.

use super::phone;
use super::{Mode, Rect, Size, View};
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

/// Measures of one frame.
pub(super) struct Measures {
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) pad: f32,
    pub(super) producer: f32,
    pub(super) system: (f32, f32),
    pub(super) plug: f32,
    pub(super) consumer: f32,
    pub(super) column: f32,
    pub(super) k: f32,
}

impl Layout {
    /// Places everything that exists at `t`.
    pub fn new(timeline: &Timeline, t: Instant, view: &View) -> Self {
        let size = view.size();
        let mut layout = Self {
            view: view.clone(),
            epoch: timeline.epoch(t),
            plug_name: plug_name(timeline, t),
            size,
            height: view.height,
            text: view.text.clamp(0.5, 3.0),
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
            place(&mut layout, &cast);
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

fn measures(view: &View, size: Size) -> Measures {
    let k = view.text.clamp(0.5, 3.0).max(1.0);
    let wide = size == Size::Wide;
    let content = view.width.min(1_480.0);
    let left = ((view.width - content) / 2.0).floor();
    let pad = if wide { 20.0 } else { 12.0 };
    let right = left + content - pad;
    let producer = (content * 0.104).clamp(84.0, 124.0);
    let column = if wide { 78.0 } else { 62.0 } * (1.0 + (k - 1.0) * 0.6);
    let consumer = if wide { 3.0 * column - 14.0 } else { 3.0 * column - 12.0 };
    let plug = right - consumer - column - if wide { 44.0 } else { 30.0 };
    let gap = (content * 0.062).clamp(40.0, 84.0);
    let system = (left + pad + producer + gap, plug - if wide { 62.0 } else { 32.0 });
    Measures { left, right, pad, producer, system, plug, consumer, column, k }
}

/// Heights that do not depend on the frame.
const HEAD: f32 = 62.0;
const BUFFER: f32 = 50.0;

fn place(layout: &mut Layout, cast: &Cast<'_>) {
    let view = layout.view.clone();
    let m = measures(&view, layout.size);
    let k = m.k;
    let head = HEAD * k;
    // What the lanes need at the least.
    let servers: f32 = cast.servers.iter().map(|s| server_height(s.1.len(), cast, k) + 20.0).sum();
    let subscribers = cast.subscribers.len() as f32 * (54.0 * k + 14.0);
    let redis = if cast.redis { servers.max(subscribers).max(150.0 * k) } else { 0.0 };
    let rows = rows_height(cast.logs.len(), m.system.1 - m.system.0, k);
    let readers = cast.consumers.len() as f32 * (54.0 * k + 14.0);
    let kafka = if cast.kafka { rows.max(readers).max(150.0 * k) } else { 0.0 };
    let floor = if cast.redis { 54.0 * k } else { 0.0 };
    let lanes = (u8::from(cast.redis) + u8::from(cast.kafka)) as f32;
    let sentence = 46.0 * k;
    let least = 24.0 + lanes * head + redis + floor + kafka + 20.0 + sentence + 16.0;
    layout.height = view.height.max(least);
    // What is left over goes between things, most of it into the lanes.
    let spare = (layout.height - least).min(260.0 * lanes);
    let air = spare / (lanes * 3.0 + 1.0);
    let mut y = 20.0 + ((layout.height - least - spare) / 2.0).max(0.0) + air * 0.5;

    layout.alley = (m.system.1, m.right - m.consumer);
    let top = y;
    if cast.redis {
        layout.lanes.push(lane(System::Redis, &m, y));
        y += head;
        let body = redis + air * 1.5;
        redis_lane(layout, cast, &m, y, body);
        y += body;
        layout.floor = Some(Rect::new(m.system.0, y, m.plug - 24.0 - m.system.0, floor));
        y += floor + air * 0.5;
        if cast.kafka {
            layout.rule = Some(Rect::new(m.system.0 - 30.0, y, m.right - m.system.0 + 30.0, 0.0));
            y += 18.0 + air * 0.5;
        }
    }
    if cast.kafka {
        layout.lanes.push(lane(System::Kafka, &m, y));
        y += head;
        kafka_lane(layout, cast, &m, y, kafka + air * 1.5);
        y += kafka + air * 1.5;
    }
    let bottom = y;
    producers(layout, cast, &m, top + head, bottom);
    let width = m.right - m.system.0 + 30.0;
    let x = m.system.0 - 30.0;
    layout.sentence = Rect::new(x, layout.height - sentence - 14.0, width, sentence);
    plug(layout, cast, &m);
}

fn lane(system: System, m: &Measures, y: f32) -> Lane {
    let score = 4.0 * m.column;
    Lane {
        system,
        // The plug may cross the head, so the title ends before it.
        title: Rect::new(m.system.0, y, m.plug - 24.0 - m.system.0, 48.0 * m.k),
        score: Rect::new(m.right - score, y, score, 48.0 * m.k),
        column: m.column,
    }
}

fn producers(layout: &mut Layout, cast: &Cast<'_>, m: &Measures, top: f32, bottom: f32) {
    let (n, h) = (cast.producers.len() as f32, 60.0 * m.k);
    let pitch = ((bottom - top) / n.max(1.0)).min(h + 40.0).max(h + 8.0);
    let middle = layout.rule.map_or((top + bottom) / 2.0, |rule| rule.y - 8.0);
    let mut y = (middle - (pitch * n - (pitch - h)) / 2.0).max(top);
    for node in &cast.producers {
        let area = Rect::new(m.left + m.pad, y, m.producer, h);
        layout.producers.push(Place { node: node.id, area, system: node.system });
        y += pitch;
    }
    layout.height = layout.height.max(y - pitch + h + 80.0 * m.k);
}

pub(super) fn server_height(channels: usize, cast: &Cast<'_>, k: f32) -> f32 {
    let buffers = 40.0 + cast.subscribers.len().max(1) as f32 * (BUFFER * k + 10.0) + 8.0;
    let channels = 42.0 * k + channels.max(1) as f32 * 66.0 * k + 30.0 * k;
    buffers.max(channels)
}

fn redis_lane(layout: &mut Layout, cast: &Cast<'_>, m: &Measures, top: f32, height: f32) {
    let k = m.k;
    let heights: Vec<f32> =
        cast.servers.iter().map(|(_, channels)| server_height(channels.len(), cast, k)).collect();
    let total: f32 = heights.iter().map(|h| h + 20.0).sum();
    let stretch = ((height - total) / heights.len().max(1) as f32).clamp(0.0, 40.0);
    let mut y = top;
    for ((node, channels), h) in cast.servers.iter().zip(heights) {
        let area = Rect::new(m.system.0, y, m.system.1 - m.system.0, h + stretch);
        layout.servers.push(server(node.id, area, channels, cast, m));
        y += h + stretch + 20.0;
    }
    let bottom = (y - 20.0).max(top + 60.0);
    consumers(layout, &cast.subscribers, System::Redis, m, (top, bottom, top + height));
}

/// What stands in a server's box: channels at the left, output buffers at its right edge.
fn server(node: NodeId, area: Rect, channels: &[Name], cast: &Cast<'_>, m: &Measures) -> Server {
    let k = m.k;
    let buffer = (area.w * 0.3).clamp(118.0, 156.0) * (1.0 + (k - 1.0) * 0.3);
    let inset = if area.w < 330.0 { 12.0 } else { 18.0 };
    let x = area.right() - inset + 2.0 - buffer;
    let bar = (x - area.x - inset - 14.0).min(300.0);
    let bars = channels.iter().enumerate().map(|(i, name)| {
        let y = area.y + 68.0 * k + i as f32 * 66.0 * k;
        (name.clone(), Rect::new(area.x + inset, y, bar, 30.0))
    });
    let boxes = BUFFER * k;
    let free = area.h - 36.0 * k - cast.subscribers.len() as f32 * boxes - 12.0;
    let gap = (free / cast.subscribers.len().max(1) as f32).clamp(8.0, 16.0);
    let buffers = cast.subscribers.iter().enumerate().map(|(i, node)| {
        let y = area.y + 36.0 * k + i as f32 * (boxes + gap);
        (node.id, Rect::new(x, y, buffer, boxes))
    });
    Server {
        node,
        area,
        channels: bars.collect(),
        buffers: buffers.collect(),
        heading: (x, area.y + 24.0 * k),
    }
}

/// Stacks consumers in the band from `top` to `bottom`; they may reach down to `limit`.
fn consumers(
    layout: &mut Layout,
    nodes: &[&Node],
    system: System,
    m: &Measures,
    (top, bottom, limit): (f32, f32, f32),
) {
    let (n, h) = (nodes.len() as f32, 54.0 * m.k);
    if nodes.is_empty() {
        return;
    }
    let pitch = ((limit - top) / n).min(h + 44.0).max(h + 8.0);
    let used = pitch * n - (pitch - h);
    let mut y = top + ((bottom - top - used) / 2.0).max(0.0);
    for node in nodes {
        let area = Rect::new(m.right - m.consumer, y, m.consumer, h);
        layout.consumers.push(Place { node: node.id, area, system: Some(system) });
        y += pitch;
    }
}

/// Up to this many partitions are rows of cells, up to the next bars, above tiles.
const CELL_ROWS: usize = 6;
const BAR_ROWS: usize = 24;

pub(super) fn style_for(rows: usize) -> RowStyle {
    match rows {
        0..=CELL_ROWS => RowStyle::Cells,
        ..=BAR_ROWS => RowStyle::Bar,
        _ => RowStyle::Tile,
    }
}

const ROW: f32 = 106.0;
const BAR: f32 = 22.0;
const TILE: f32 = 40.0;

fn rows_height(rows: usize, width: f32, k: f32) -> f32 {
    match style_for(rows) {
        RowStyle::Cells => rows.max(1) as f32 * ROW * k,
        RowStyle::Bar => rows as f32 * BAR * k + 10.0,
        RowStyle::Tile => {
            let across = (width / (TILE + 4.0)).floor().max(1.0);
            (rows as f32 / across).ceil() * (TILE + 4.0) + 10.0
        }
    }
}

fn kafka_lane(layout: &mut Layout, cast: &Cast<'_>, m: &Measures, top: f32, height: f32) {
    let k = m.k;
    let (x, w) = (m.system.0, m.system.1 - m.system.0);
    let n = cast.logs.len();
    let style = style_for(n);
    let pitch = match style {
        RowStyle::Cells => (height / n.max(1) as f32).clamp(ROW * k, ROW * k + 24.0),
        RowStyle::Bar => BAR * k,
        RowStyle::Tile => TILE + 4.0,
    };
    let across = (w / (TILE + 4.0)).floor().max(1.0) as usize;
    for (i, (log, value)) in cast.logs.iter().enumerate() {
        let area = match style {
            RowStyle::Tile => Rect::new(
                x + (i % across) as f32 * (TILE + 4.0),
                top + (i / across) as f32 * pitch,
                TILE,
                TILE,
            ),
            _ => Rect::new(x, top + i as f32 * pitch, w, pitch),
        };
        layout.rows.push(row(*log, &value.partition, style, area, (x, x + w), k));
    }
    let used =
        rows_height(n, w, k).max(pitch * if style == RowStyle::Cells { n as f32 } else { 0.0 });
    consumers(layout, &cast.consumers, System::Kafka, m, (top + 20.0, top + used, top + height));
}

pub(super) fn row(
    log: usize,
    partition: &TopicPartition,
    style: RowStyle,
    area: Rect,
    (left, right): (f32, f32),
    k: f32,
) -> Row {
    let (cells, pitch) = match style {
        RowStyle::Cells => {
            // As many whole cells as fit, so that the last one ends where the row ends.
            let wish = if area.w < 420.0 { 28.0 } else { 32.0 };
            let pitch = area.w / (area.w / wish).floor().max(1.0);
            (Rect::new(area.x, area.y + 34.0 * k, area.w, pitch), pitch)
        }
        RowStyle::Bar => {
            let label = (area.w * 0.3).min(96.0 * k);
            (Rect::new(area.x + label, area.y + 6.0, area.w - label, BAR * k - 12.0), 1.0)
        }
        RowStyle::Tile => (area, 1.0),
    };
    let capacity = ((cells.w / pitch).round() as u64).max(FREE + 1);
    let y = cells.middle();
    Row {
        log,
        partition: partition.clone(),
        style,
        area,
        cells,
        pitch,
        capacity,
        entry: Port { x: left - 4.0, y, nx: -1.0, ny: 0.0 },
        exit: Port { x: right + 4.0, y, nx: 1.0, ny: 0.0 },
    }
}

/// The plug stands on the wires of its consumer, across both lanes.
fn plug(layout: &mut Layout, cast: &Cast<'_>, m: &Measures) {
    let Some(name) = layout.plug_name.clone() else { return };
    let named = |nodes: &[&Node]| nodes.iter().find(|node| node.name == name).map(|node| node.id);
    let place = |layout: &Layout, id: Option<NodeId>| {
        id.and_then(|id| layout.place_of(id)).map(|place| place.area.middle())
    };
    let redis = if cast.redis { named(&cast.subscribers) } else { None };
    let kafka = if cast.kafka { named(&cast.consumers) } else { None };
    let ys = (place(layout, redis), place(layout, kafka));
    let (top, bottom) = match ys {
        (Some(top), Some(bottom)) => (top - 30.0, bottom + 30.0),
        (Some(y), None) | (None, Some(y)) => (y - 52.0, y + 52.0),
        (None, None) => return,
    };
    let slot = Rect::new(m.plug - 17.0, top, 34.0, bottom - top);
    layout.plug = Some(Plug { name, slot, flat: false });
}
