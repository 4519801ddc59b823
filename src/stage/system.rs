//! What stands in the column of the systems, from the top down: the inside of a Redis server, and
//! a Kafka cluster's brokers, partitions and side topics. The same for a desk and a phone.

use super::Rect;
use super::layout::{
    Bar, Cast, FREE, Kept, Place, Port, Row, RowStyle, Server, ServerCast, Side, StreamRow,
    TopicCast,
};
use crate::event::{Name, NodeId, System};
use crate::timeline::Log;

/// Scales of text and of everything, and whether wires run from top to bottom.
#[derive(Clone, Copy)]
pub(super) struct Scales {
    pub(super) k: f32,
    pub(super) scale: f32,
    pub(super) falls: bool,
}

/// Height of an output buffer's box.
pub(super) const BUFFER: f32 = 50.0;
/// A channel with its heading.
const CHANNEL: f32 = 66.0;
/// At most so many channels have a bar.
const CHANNELS: usize = 5;
/// A stream: its heading, cells, bookmarks and what is pending.
const STREAM: f32 = 108.0;
/// Under everything in a server: what it keeps.
const FOOT: f32 = 30.0;

/// The server's box in this width from `y` down, at least as high as it needs to be.
pub(super) fn server(
    cast: &ServerCast<'_>,
    clients: &[NodeId],
    (x, y, w): (f32, f32, f32),
    stretch: f32,
    scales: Scales,
) -> Server {
    if scales.falls {
        return server_on_phone(cast, clients, (x, y, w), scales);
    }
    let k = scales.k;
    let buffer = (w * 0.3).clamp(118.0, 156.0) * (1.0 + (k - 1.0) * 0.5);
    let inset = if w < 330.0 { 12.0 } else { 18.0 };
    let right = x + w - inset + 2.0;
    let heading_x = right - buffer;
    let left = x + inset;
    // Without clients that have a buffer, what is kept has all the room.
    let inner = if clients.is_empty() { right - left } else { heading_x - left - 14.0 };
    let (mut channels, mut streams) = (Vec::new(), Vec::new());
    let mut at = y + 42.0 * k;
    let shown = cast.channels.len().min(CHANNELS);
    for channel in &cast.channels[..shown] {
        let area = Rect::new(left, at + 26.0 * k, inner.min(300.0 * k), 30.0);
        channels.push(Bar { name: channel.name.clone(), pattern: channel.pattern, area });
        at += CHANNEL * k;
    }
    let more = cast.channels.len() - shown;
    if more > 0 {
        at += 18.0 * k;
    }
    for (kept, key) in &cast.kept {
        streams.push(kept_row(*kept, key, Rect::new(left, at, inner, STREAM * k), scales));
        at += STREAM * k;
    }
    if channels.is_empty() && streams.is_empty() {
        at += CHANNEL * k;
    }
    let boxes = clients.len() as f32 * (BUFFER * k + 10.0);
    let kept = at + FOOT * k;
    let bottom = kept.max(y + 40.0 + BUFFER * k + 18.0).max(y + 36.0 * k + boxes + 12.0);
    let area = Rect::new(x, y, w, bottom - y + stretch);
    let free = area.h - 36.0 * k - clients.len() as f32 * BUFFER * k - 12.0;
    let gap = (free / clients.len().max(1) as f32).clamp(8.0, 16.0);
    let buffers = clients.iter().enumerate().map(|(i, node)| {
        let top = y + 36.0 * k + i as f32 * (BUFFER * k + gap);
        (*node, Rect::new(heading_x, top, buffer, BUFFER * k))
    });
    Server {
        node: cast.node.id,
        area,
        channels,
        more,
        streams,
        buffers: buffers.collect(),
        heading: (heading_x, y + 24.0 * k),
    }
}

fn server_on_phone(
    cast: &ServerCast<'_>,
    clients: &[NodeId],
    (x, y, w): (f32, f32, f32),
    scales: Scales,
) -> Server {
    let k = scales.k;
    let (left, inner) = (x + 14.0, w - 28.0);
    let (mut channels, mut streams) = (Vec::new(), Vec::new());
    let mut at = y + 34.0 * k;
    let shown = cast.channels.len().min(CHANNELS);
    for channel in &cast.channels[..shown] {
        let area = Rect::new(left, at + 26.0 * k, inner, 28.0);
        channels.push(Bar { name: channel.name.clone(), pattern: channel.pattern, area });
        at += 58.0 * k;
    }
    let more = cast.channels.len() - shown;
    if more > 0 {
        at += 18.0 * k;
    }
    for (kept, key) in &cast.kept {
        streams.push(kept_row(*kept, key, Rect::new(left, at, inner, STREAM * k), scales));
        at += STREAM * k;
    }
    if channels.is_empty() && streams.is_empty() {
        at += 58.0 * k;
    }
    let heading = (left, at + 20.0 * k);
    let mut bottom = at + 12.0;
    let mut buffers = Vec::new();
    if !clients.is_empty() {
        let across = if k > 1.2 { 2 } else { 3 };
        let shelf =
            Shelf { x: left, width: inner, y: at + 30.0 * k, h: BUFFER * k, gap: 8.0, across };
        let all = clients.len();
        buffers = clients.iter().enumerate().map(|(i, n)| (*n, shelf.area(i, all))).collect();
        bottom = shelf.y + shelf.height(all) + 12.0;
    }
    let area = Rect::new(x, y, w, bottom - y);
    Server { node: cast.node.id, area, channels, more, streams, buffers, heading }
}

fn kept_row(kept: Kept, key: &Name, area: Rect, scales: Scales) -> StreamRow {
    let pitch = cell_pitch(area.w, scales);
    let cells = Rect::new(area.x, area.y + 36.0 * scales.k, area.w, pitch.min(34.0));
    let capacity = ((area.w + 0.5) / pitch).floor().max(2.0) as u64;
    StreamRow { kept, key: key.clone(), area, cells, pitch, capacity }
}

/// Boxes of one kind side by side, at most `across` of them, wrapped to further rows.
pub(super) struct Shelf {
    pub(super) x: f32,
    pub(super) width: f32,
    pub(super) y: f32,
    pub(super) h: f32,
    pub(super) gap: f32,
    pub(super) across: usize,
}

impl Shelf {
    pub(super) fn area(&self, index: usize, n: usize) -> Rect {
        let across = self.across.min(n).max(1);
        let w = ((self.width + self.gap) / across as f32 - self.gap).min(220.0);
        let used = across as f32 * (w + self.gap) - self.gap;
        let x = self.x + (self.width - used) / 2.0;
        let (column, row) = ((index % across) as f32, (index / across) as f32);
        Rect::new(x + column * (w + self.gap), self.y + row * (self.h + self.gap), w, self.h)
    }

    pub(super) fn height(&self, n: usize) -> f32 {
        n.div_ceil(self.across).max(1) as f32 * (self.h + self.gap) - self.gap
    }
}

/// A cluster in the column.
pub(super) struct Cluster {
    pub(super) brokers: Vec<Place>,
    pub(super) rows: Vec<Row>,
    pub(super) slot: Option<Rect>,
    pub(super) bottom: f32,
}

/// Up to this many partitions are rows of cells, up to the next bars, above tiles.
const CELL_ROWS: usize = 6;
const BAR_ROWS: usize = 24;

pub(super) fn style_for(rows: usize) -> RowStyle {
    match rows {
        n if n <= CELL_ROWS => RowStyle::Cells,
        n if n <= BAR_ROWS => RowStyle::Bar,
        _ => RowStyle::Tile,
    }
}

/// A partition's title, cells, offsets and what waits.
const ROW: f32 = 98.0;
/// The minimap of its segments, with their dates.
const MINIMAP: f32 = 42.0;
const BAR: f32 = 22.0;
const TILE: f32 = 36.0;
const TILE_GAP: f32 = 4.0;
/// A retry or dead-letter topic.
const SIDE: f32 = 62.0;
/// A broker's chip.
const CHIP: f32 = 34.0;
/// An open replica.
pub(super) const REPLICA: f32 = 26.0;
/// A broker's heading, where replicas stand under their brokers.
pub(super) const BROKER: f32 = 28.0;

/// Cells are as wide as the row can hold whole ones.
fn cell_pitch(width: f32, scales: Scales) -> f32 {
    if scales.falls {
        // Eight records and the two free cells.
        return (width / 10.0).clamp(24.0, 40.0);
    }
    let wish = if width < 420.0 { 28.0 } else { 32.0 * scales.scale };
    width / (width / wish).floor().max(1.0)
}

/// Places a cluster from `y` down; each row of cells gets `air` more than it needs.
pub(super) fn cluster(
    cast: &Cast<'_>,
    (x, y, w): (f32, f32, f32),
    air: f32,
    scales: Scales,
) -> Cluster {
    let k = scales.k;
    let mut cluster = Cluster { brokers: Vec::new(), rows: Vec::new(), slot: None, bottom: y };
    if !cast.brokers.is_empty() {
        cluster.chips(cast, (x, w), k);
    }
    let style = style_for(cast.partitions());
    for topic in &cast.topics {
        cluster.topic(topic, style, (x, w), air, scales);
        cluster.sides(topic, (x, w), scales);
    }
    if cast.partitions() == 0 {
        cluster.bottom += ROW * k;
    }
    let logs = || cast.topics.iter().flat_map(|topic| &topic.logs);
    let factor = logs().map(|(_, log, _)| log.replication_factor).max().unwrap_or(1);
    let height = match (style, factor) {
        _ if cast.by_broker && !cast.brokers.is_empty() => {
            let kept: u32 = logs().map(|(_, log, _)| log.replication_factor.max(1)).sum();
            34.0 * k + cast.brokers.len() as f32 * BROKER * k + kept as f32 * REPLICA * k
        }
        (RowStyle::Cells, 0..=1) => 0.0,
        (_, 0..=1) => ROW * k + 6.0,
        (_, factor) => 52.0 * k + factor as f32 * REPLICA * k,
    };
    if height > 0.0 {
        cluster.slot = Some(Rect::new(x, cluster.bottom + 8.0, w, height));
        cluster.bottom += height + 12.0;
    }
    cluster
}

impl Cluster {
    fn chips(&mut self, cast: &Cast<'_>, (x, w): (f32, f32), k: f32) {
        let (least, gap) = (112.0 * k, 8.0);
        let across = (((w + gap) / (least + gap)).floor() as usize).clamp(1, cast.brokers.len());
        let width = ((w + gap) / across as f32 - gap).min(150.0 * k);
        for (i, node) in cast.brokers.iter().enumerate() {
            let (column, row) = ((i % across) as f32, (i / across) as f32);
            let y = self.bottom + row * (CHIP * k + gap);
            let area = Rect::new(x + column * (width + gap), y, width, CHIP * k);
            self.brokers.push(Place::new(node.id, area, Some(System::Kafka)));
        }
        let rows = cast.brokers.len().div_ceil(across) as f32;
        self.bottom += rows * (CHIP * k + gap) + 10.0;
    }

    fn topic(
        &mut self,
        topic: &TopicCast<'_>,
        style: RowStyle,
        (x, w): (f32, f32),
        air: f32,
        scales: Scales,
    ) {
        let k = scales.k;
        let across = ((w + TILE_GAP) / (TILE + TILE_GAP)).floor().max(1.0) as usize;
        let mut y = self.bottom;
        let label = if style == RowStyle::Tile { 18.0 * k } else { 0.0 };
        y += label;
        for (i, (log, value, segmented)) in topic.logs.iter().enumerate() {
            let area = match style {
                RowStyle::Tile => Rect::new(
                    x + (i % across) as f32 * (TILE + TILE_GAP),
                    y + (i / across) as f32 * (TILE + TILE_GAP),
                    TILE,
                    TILE,
                ),
                RowStyle::Bar => Rect::new(x, y, w, BAR * k),
                _ => {
                    let minimap = if *segmented { MINIMAP * k } else { 0.0 };
                    Rect::new(x, y, w, ROW * k + minimap + air)
                }
            };
            let mut row = row(*log, value, style, area, (x, x + w), scales);
            if style == RowStyle::Cells && *segmented {
                row.minimap = Some(Rect::new(x, y + ROW * k + 8.0, w, MINIMAP * k - 14.0));
            }
            if style != RowStyle::Tile {
                y = area.bottom();
            }
            self.bottom = self.bottom.max(area.bottom());
            self.rows.push(row);
        }
        self.bottom += if style == RowStyle::Cells { 0.0 } else { 10.0 };
    }

    /// Retry topics and the dead-letter topic, side by side as far as there is room.
    fn sides(&mut self, topic: &TopicCast<'_>, (x, w): (f32, f32), scales: Scales) {
        let k = scales.k;
        let n = topic.sides.len();
        if n == 0 {
            return;
        }
        let (least, gap) = (150.0 * k, 18.0);
        let across = (((w + gap) / (least + gap)).floor() as usize).clamp(1, n);
        let width = (w + gap) / across as f32 - gap;
        for (i, (kind, logs)) in topic.sides.iter().enumerate() {
            let Some((log, value)) = logs.first() else { continue };
            let left = x + (i % across) as f32 * (width + gap);
            let y = self.bottom + (i / across) as f32 * SIDE * k;
            let area = Rect::new(left, y, width, SIDE * k - 8.0);
            let mut row = row(*log, value, RowStyle::Side(*kind), area, (x, x + w), scales);
            // The wire of one that stands before another begins under its strip.
            if i % across + 1 < across && i + 1 < n {
                row.exit.y = row.cells.bottom() + 4.0 + 4.0 * (i % across) as f32;
            }
            row.twins = logs.iter().skip(1).map(|(log, _)| *log).collect();
            self.rows.push(row);
        }
        self.bottom += n.div_ceil(across) as f32 * SIDE * k + 6.0;
    }
}

fn row(
    log: usize,
    value: &Log,
    style: RowStyle,
    area: Rect,
    (left, right): (f32, f32),
    scales: Scales,
) -> Row {
    let k = scales.k;
    let (cells, pitch) = match style {
        RowStyle::Cells => {
            let pitch = cell_pitch(area.w, scales);
            let h = if scales.falls { pitch.min(34.0) } else { pitch };
            (Rect::new(area.x, area.y + 34.0 * k, area.w, h), pitch)
        }
        RowStyle::Side(_) => {
            let pitch = 22.0;
            (Rect::new(area.x, area.y + 20.0 * k, area.w, pitch), pitch)
        }
        RowStyle::Bar => {
            let label = (area.w * 0.3).min(96.0 * k);
            // Behind its end stands in figures what waits.
            let w = area.w - label - 40.0 * k;
            (Rect::new(area.x + label, area.y + 6.0, w, BAR * k - 12.0), 1.0)
        }
        RowStyle::Tile => (area, 1.0),
    };
    let capacity = match style {
        RowStyle::Side(_) => ((cells.w + 0.5) / pitch).floor().max(1.0) as u64,
        _ => ((cells.w / pitch + 0.02).floor() as u64).max(FREE + 1),
    };
    let y = cells.middle();
    Row {
        log,
        twins: Vec::new(),
        partition: value.partition.clone(),
        style,
        area,
        cells,
        pitch,
        capacity,
        minimap: None,
        entry: Port { x: left - 4.0, y, nx: -1.0, ny: 0.0 },
        exit: Port { x: right + 4.0, y, nx: 1.0, ny: 0.0 },
    }
}

/// What a side topic is for, in a word.
pub(super) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Retry => "waiting",
        Side::DeadLetter => "parked",
    }
}
