//! The layout of a wide or medium frame: columns that hold across both lanes.

use super::layout::{Cast, FREE, Lane, Layout, Place, Plug, Port, Row, RowStyle, Server};
use super::{Rect, Size, View};
use crate::event::{Name, NodeId, System, TopicPartition};
use crate::timeline::Node;

/// Measures of one frame.
struct Measures {
    left: f32,
    right: f32,
    pad: f32,
    producer: f32,
    system: (f32, f32),
    plug: f32,
    consumer: f32,
    column: f32,
    k: f32,
}

fn measures(view: &View, size: Size, text: f32, scale: f32) -> Measures {
    let k = text.max(1.0);
    let wide = size == Size::Wide;
    let content = view.width.min(1_480.0 * scale);
    let left = ((view.width - content) / 2.0).floor();
    let pad = if wide { 20.0 } else { 12.0 };
    let right = left + content - pad;
    let producer = (content * 0.104).clamp(84.0, 124.0 * scale);
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

pub(super) fn place(layout: &mut Layout, cast: &Cast<'_>) {
    let view = layout.view.clone();
    let m = measures(&view, layout.size, layout.text, layout.scale);
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
    let lanes = f32::from(u8::from(cast.redis) + u8::from(cast.kafka));
    let sentence = if view.sentence { 46.0 * k } else { 0.0 };
    let least = 24.0 + lanes * head + redis + floor + kafka + 20.0 + sentence + 16.0;
    layout.height = view.height.max(least);
    // What is left over goes between things, most of it into the lanes.
    let spare = (layout.height - least).min(240.0 * lanes * layout.scale);
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
        layout.floor = Some(Rect::new(m.system.0, y, m.plug - 24.0 * k - m.system.0, floor));
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
    let producers_end = producers(layout, cast, &m, top + head, bottom);
    let width = m.right - m.system.0 + 30.0;
    let x = m.system.0 - 30.0;
    // Below what has happened, not at the foot of a frame that is much too high.
    let foot = layout.height - sentence - 14.0;
    let after = y + 20.0 + air;
    layout.sentence = Rect::new(x, foot.min(after.max(producers_end + 20.0)), width, sentence);
    plug(layout, cast, &m);
}

fn lane(system: System, m: &Measures, y: f32) -> Lane {
    let score = 4.0 * m.column;
    Lane {
        system,
        // The plug may cross the head, so the title ends before it.
        title: Rect::new(m.system.0, y, m.plug - 24.0 * m.k - m.system.0, 48.0 * m.k),
        score: Rect::new(m.right - score, y, score, 48.0 * m.k),
        column: m.column,
    }
}

/// Returns where they end.
fn producers(layout: &mut Layout, cast: &Cast<'_>, m: &Measures, top: f32, bottom: f32) -> f32 {
    let (n, h) = (cast.producers.len() as f32, 60.0 * m.k);
    let pitch = ((bottom - top) / n.max(1.0)).min(h + 40.0).max(h + 8.0);
    let middle = layout.rule.map_or(f32::midpoint(top, bottom), |rule| rule.y - 8.0);
    let mut y = (middle - (pitch * n - (pitch - h)) / 2.0).max(top);
    for node in &cast.producers {
        let area = Rect::new(m.left + m.pad, y, m.producer, h);
        layout.producers.push(Place { node: node.id, area, system: node.system });
        y += pitch;
    }
    let end = y - pitch + h;
    layout.height = layout.height.max(end + 80.0 * m.k);
    end
}

fn server_height(channels: usize, cast: &Cast<'_>, k: f32) -> f32 {
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
    let buffer = (area.w * 0.3).clamp(118.0, 156.0) * (1.0 + (k - 1.0) * 0.5);
    let inset = if area.w < 330.0 { 12.0 } else { 18.0 };
    let x = area.right() - inset + 2.0 - buffer;
    let bar = (x - area.x - inset - 14.0).min(300.0 * k);
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
        n if n <= CELL_ROWS => RowStyle::Cells,
        n if n <= BAR_ROWS => RowStyle::Bar,
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
        layout.rows.push(row(*log, &value.partition, style, area, (x, x + w), (k, layout.scale)));
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
    (k, scale): (f32, f32),
) -> Row {
    let (cells, pitch) = match style {
        RowStyle::Cells => {
            // As many whole cells as fit, so that the last one ends where the row ends.
            let wish = if area.w < 420.0 { 28.0 } else { 32.0 * scale };
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
    let w = 34.0 * layout.scale;
    let slot = Rect::new(m.plug - w / 2.0, top, w, bottom - top);
    layout.plug = Some(Plug { name, slot, flat: false });
}
