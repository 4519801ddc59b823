//! The layout of a phone: one lane in full, flowing from top to bottom; the other is a strip.

use super::columns::{row, style_for};
use super::layout::{Cast, Lane, Layout, Place, Plug, Port, RowStyle, Server};
use super::{Mode, Rect};
use crate::event::{NodeId, System};
use crate::timeline::Node;

/// Height of the other lane's strip.
pub(super) const STRIP: f32 = 44.0;
const PAD: f32 = 14.0;

/// Boxes of one kind side by side, at most `across` of them, wrapped to further rows.
struct Shelf {
    x: f32,
    width: f32,
    y: f32,
    h: f32,
    gap: f32,
    across: usize,
}

impl Shelf {
    fn area(&self, index: usize, n: usize) -> Rect {
        let across = self.across.min(n).max(1);
        let w = ((self.width + self.gap) / across as f32 - self.gap).min(220.0);
        let used = across as f32 * (w + self.gap) - self.gap;
        let x = self.x + (self.width - used) / 2.0;
        let (column, row) = ((index % across) as f32, (index / across) as f32);
        Rect::new(x + column * (w + self.gap), self.y + row * (self.h + self.gap), w, self.h)
    }

    fn height(&self, n: usize) -> f32 {
        n.div_ceil(self.across).max(1) as f32 * (self.h + self.gap) - self.gap
    }
}

pub(super) fn place(layout: &mut Layout, cast: &Cast<'_>) {
    let view = layout.view.clone();
    let k = layout.text.max(1.0);
    let front = match view.mode {
        Mode::Redis => System::Redis,
        Mode::Kafka => System::Kafka,
        Mode::Both => view.front,
    };
    let (x, width) = (PAD, view.width - 2.0 * PAD);
    let column = width / 4.0;
    layout.lanes.push(Lane {
        system: front,
        title: Rect::new(x, 10.0, width, 44.0 * k),
        score: Rect::new(x, 10.0 + 52.0 * k, width, 46.0 * k),
        column,
    });
    let mut y = 10.0 + 52.0 * k + 60.0 * k;
    let across = if k > 1.2 { 2 } else { 3 };

    let shelf = Shelf { x, width, y, h: 52.0 * k, gap: 8.0, across };
    for (i, node) in cast.producers.iter().enumerate() {
        let area = shelf.area(i, cast.producers.len());
        layout.producers.push(Place { node: node.id, area, system: node.system });
    }
    y += shelf.height(cast.producers.len()) + 40.0;

    let (readers, bottom) = match front {
        System::Redis => (&cast.subscribers, redis(layout, cast, y, k)),
        System::Kafka => (&cast.consumers, kafka(layout, cast, y, k)),
    };
    y = bottom;
    let lying = readers.iter().find(|node| Some(&node.name) == layout.plug_name.as_ref());
    let gap = 92.0;
    let shelf = Shelf { x, width, y: y + gap, h: 54.0 * k, gap: 8.0, across };
    for (i, node) in readers.iter().enumerate() {
        let area = shelf.area(i, readers.len());
        layout.consumers.push(Place { node: node.id, area, system: Some(front) });
    }
    if let Some(node) = lying {
        plug(layout, node, y + gap / 2.0);
    }
    y += gap + shelf.height(readers.len()) + 10.0;
    if front == System::Redis {
        layout.floor = Some(Rect::new(x, y, width, 50.0 * k));
        y += 50.0 * k + 6.0;
    }
    let sentence = if view.sentence { 58.0 * k } else { 0.0 };
    let strip = if view.mode == Mode::Both { STRIP * k + 8.0 } else { 0.0 };
    layout.height = view.height.max(y + sentence + strip + 12.0);
    let end = layout.height - 8.0 - strip;
    layout.sentence = Rect::new(x, end - sentence, width, sentence);
    if view.mode == Mode::Both {
        let other = match front {
            System::Redis => System::Kafka,
            System::Kafka => System::Redis,
        };
        layout.strip = Some((other, Rect::new(x, end + 8.0, width, STRIP * k)));
    }
}

fn plug(layout: &mut Layout, node: &Node, y: f32) {
    let Some(place) = layout.place_of(node.id) else { return };
    let w = (place.area.w - 8.0).min(110.0);
    let slot = Rect::new(place.area.centre() - w / 2.0, y - 15.0, w, 30.0);
    layout.plug = Some(Plug { name: node.name.clone(), slot, flat: true });
}

fn redis(layout: &mut Layout, cast: &Cast<'_>, top: f32, k: f32) -> f32 {
    let (x, width) = (PAD, layout.view.width - 2.0 * PAD);
    let mut y = top;
    for (node, channels) in &cast.servers {
        let n = channels.len().max(1) as f32;
        let bars = channels.iter().enumerate().map(|(i, name)| {
            let bar = y + 60.0 * k + i as f32 * 58.0 * k;
            (name.clone(), Rect::new(x + 14.0, bar, width - 28.0, 28.0))
        });
        let bars = bars.collect();
        let below = y + 60.0 * k + n * 58.0 * k - 8.0;
        let across = if k > 1.2 { 2 } else { 3 };
        let (x, width) = (x + 14.0, width - 28.0);
        let shelf = Shelf { x, width, y: below + 16.0 * k, h: 50.0 * k, gap: 8.0, across };
        let all = cast.subscribers.len();
        let buffers: Vec<(NodeId, Rect)> =
            cast.subscribers.iter().enumerate().map(|(i, n)| (n.id, shelf.area(i, all))).collect();
        let bottom = shelf.y + shelf.height(all) + 12.0;
        layout.servers.push(Server {
            node: node.id,
            area: Rect::new(PAD, y, layout.view.width - 2.0 * PAD, bottom - y),
            channels: bars,
            buffers,
            heading: (x, below + 6.0),
        });
        y = bottom + 16.0;
    }
    (y - 16.0).max(top)
}

fn kafka(layout: &mut Layout, cast: &Cast<'_>, top: f32, k: f32) -> f32 {
    let gutter = PAD + 18.0;
    let (x, width) = (gutter, layout.view.width - 2.0 * gutter);
    let style = style_for(cast.logs.len());
    let (pitch, tile) = match style {
        RowStyle::Cells => (104.0 * k, 0.0),
        RowStyle::Bar => (22.0 * k, 0.0),
        RowStyle::Tile => (40.0, 36.0),
    };
    let across = if tile > 0.0 { (width / (tile + 4.0)).floor().max(1.0) as usize } else { 1 };
    let mut bottom = top;
    for (i, (log, value)) in cast.logs.iter().enumerate() {
        let y = top + (i / across) as f32 * pitch;
        let area = match style {
            RowStyle::Tile => Rect::new(x + (i % across) as f32 * (tile + 4.0), y, tile, tile),
            _ => Rect::new(x, y, width, pitch),
        };
        let mut row = row(*log, &value.partition, style, area, (x, x + width), (k, 1.0));
        if style == RowStyle::Cells {
            // Eight records and the two free cells.
            row.pitch = (width / 10.0).clamp(24.0, 40.0);
            row.cells.h = row.pitch.min(34.0);
            row.capacity = ((row.cells.w + 0.5) / row.pitch).floor().max(3.0) as u64;
        }
        row.entry = Port { y: row.cells.middle(), ..row.entry };
        row.exit = Port { y: row.cells.middle(), ..row.exit };
        bottom = area.bottom();
        layout.rows.push(row);
    }
    bottom
}
