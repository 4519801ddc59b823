//! The layout of a phone: one lane in full, flowing from top to bottom; the other is a strip.

use super::Rect;
use super::columns::gather;
use super::layout::{Cast, Lane, Layout, Place, Plug};
use super::readers::{self, CARDS, Column, MANY};
use super::system::{self, Scales, Shelf};
use super::tokens::R;
use crate::event::{NodeId, System};
use crate::timeline::{Node, Timeline};

/// Height of the other lane's strip.
pub(super) const STRIP: f32 = 44.0;
const PAD: f32 = 14.0;
/// A stage that is lower than this has no row to give away.
const LOW: f32 = 560.0;
/// Width of a figure of the score, and of the longest name of a lane, where they share a row.
const FIGURE: f32 = 58.0;
const NAME: f32 = 138.0;

pub(super) fn place(layout: &mut Layout, timeline: &Timeline, cast: &Cast<'_>) {
    let view = layout.view.clone();
    let k = layout.text.max(1.0);
    let both = cast.redis && cast.kafka;
    let front = match (cast.redis, cast.kafka) {
        (true, false) => System::Redis,
        (false, true) => System::Kafka,
        _ => view.front,
    };
    let (x, width) = (PAD, view.width - 2.0 * PAD);
    // Where the stage is low, as in a small widget, the name and the score stand in one row.
    let low = view.height < LOW && width >= 4.0 * FIGURE + NAME && k <= 1.0;
    let (column, below) = if low { (FIGURE, 0.0) } else { (width / 4.0, 48.0 * k) };
    let named = if low { width - 4.0 * FIGURE } else { width };
    layout.lanes.push(Lane {
        system: front,
        title: Rect::new(x, 10.0, named, 44.0 * k),
        score: Rect::new(x, 10.0 + below, width, 46.0 * k),
        column,
    });
    let mut y = 10.0 + below + if low { 52.0 } else { 54.0 } * k;
    let across = if k > 1.2 { 2 } else { 3 };

    let shelf = Shelf { x, width, y, h: 52.0 * k, gap: 8.0, across };
    for (i, node) in cast.producers.iter().enumerate() {
        let area = shelf.area(i, cast.producers.len());
        layout.producers.push(Place::new(node.id, area, node.system));
    }
    y += shelf.height(cast.producers.len()) + if low { 26.0 } else { 28.0 };

    let scales = Scales { k, scale: 1.0, falls: true };
    let nodes = match front {
        System::Redis => {
            y = redis(layout, cast, y, scales);
            &cast.subscribers
        }
        System::Kafka => {
            // Wires run down both gutters, and what runs on them is as wide as a message.
            let gutter = PAD + 18.0 + R;
            let span = (gutter, y, layout.view.width - 2.0 * gutter);
            let cluster = system::cluster(cast, span, 0.0, scales);
            y = cluster.bottom;
            layout.brokers = cluster.brokers;
            layout.rows = cluster.rows;
            layout.slot = cluster.slot;
            &cast.consumers
        }
    };
    let lying = nodes.iter().find(|node| Some(&node.name) == layout.plug_name.as_ref());
    let gap = if low { 64.0 } else { 72.0 };
    let column = Column { x, w: width, across, k, system: front };
    let all = readers::place(nodes, (timeline, cast.t), column, y + gap, 8.0);
    let end = all.bottom;
    layout.consumers.extend(all.places);
    layout.groups.extend(all.groups);
    layout.crowds.extend(all.crowd);
    gather(layout);
    if let Some(node) = lying {
        plug(layout, node, y + gap / 2.0);
    }
    y = end.max(y + gap + 54.0 * k) + 8.0;
    let floor = 26.0 + 36.0 * k;
    layout.floors.push((front, Rect::new(x, y, width, floor)));
    y += floor;
    let sentence = if view.sentence { 58.0 * k } else { 0.0 };
    let strip = if both { STRIP * k + 8.0 } else { 0.0 };
    layout.height = view.height.max(y + sentence + strip + 12.0);
    let end = layout.height - 8.0 - strip;
    layout.sentence = Rect::new(x, end - sentence, width, sentence);
    if both {
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

fn redis(layout: &mut Layout, cast: &Cast<'_>, top: f32, scales: Scales) -> f32 {
    let width = layout.view.width - 2.0 * PAD;
    let mut y = top;
    for (i, server) in cast.servers.iter().enumerate() {
        let clients: Vec<NodeId> = if cast.subscribers.len() > MANY {
            vec![NodeId(u32::MAX); if i == 0 { CARDS + 1 } else { 0 }]
        } else {
            cast.clients(server.node.id)
        };
        let server = system::server(server, &clients, (PAD, y, width), 0.0, scales);
        y = server.area.bottom() + 16.0;
        layout.servers.push(server);
    }
    (y - 16.0).max(top)
}
