//! The layout of a wide or medium frame: columns that hold across both lanes.

use super::layout::{Cast, Lane, Layout, Place, Plug};
use super::readers::{self, CARDS, Column, MANY, Readers};
use super::system::{self, BUFFER, Scales};
use super::{Rect, Size, View};
use crate::event::{NodeId, System};
use crate::sim::Instant;
use crate::timeline::{Node, Timeline};

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

/// Px that rows give up where there is too little room.
const CLOSER: f32 = 8.0;

/// Height of a lane's head.
const HEAD: f32 = 62.0;

pub(super) fn place(layout: &mut Layout, timeline: &Timeline, cast: &Cast<'_>) {
    let view = layout.view.clone();
    let m = measures(&view, layout.size, layout.text, layout.scale);
    let k = m.k;
    let scales = Scales { k, scale: layout.scale, falls: false };
    let head = HEAD * k;
    // What the lanes need at the least.
    let redis =
        if cast.redis { RedisLane::new(timeline, cast, &m, scales) } else { RedisLane::default() };
    let pull = column(&m, System::Kafka);
    let mut pulled = Readers::default();
    if cast.kafka {
        pulled = readers::place(&cast.consumers, (timeline, cast.t), pull, 0.0, GAP);
    }
    let floor = |there: bool, h: f32| if there { h * k } else { 0.0 };
    let (floor, shelf) = (floor(cast.redis, 54.0), floor(cast.kafka, 38.0));
    let kafka = |air: f32| {
        if !cast.kafka {
            return 0.0;
        }
        let cluster = system::cluster(cast, span(&m, 0.0), air, scales);
        (cluster.bottom + shelf).max(pulled.bottom + 26.0).max(150.0 * k + shelf)
    };
    let lanes = f32::from(u8::from(cast.redis) + u8::from(cast.kafka));
    let sentence = if view.sentence { 46.0 * k } else { 0.0 };
    let foot = if view.sentence { 20.0 + sentence + 16.0 } else { 12.0 };
    let rest = 24.0 + lanes * head + redis.least + floor + foot;
    // Rows that would not all be seen stand closer.
    let close = if k < 1.2 && rest + kafka(0.0) > view.height { -CLOSER } else { 0.0 };
    let kafka = kafka(close);
    let least = rest + kafka;
    layout.height = view.height.max(least);
    // What is left over goes between things, most of it into the lanes. A lane alone has nothing to
    // be kept apart from: it stands in the middle.
    let most = if lanes > 1.0 { 240.0 * lanes } else { 90.0 };
    let spare = (layout.height - least).min(most * layout.scale);
    let air = spare / (lanes * 3.0 + 1.0);
    let mut y = 20.0 + ((layout.height - least - spare) / 2.0).max(0.0) + air * 0.5;

    layout.alley = (m.system.1, m.right - m.consumer - 10.0);
    let top = y;
    if cast.redis {
        layout.lanes.push(lane(System::Redis, &m, y));
        y += head;
        let body = redis.least + air * 1.5;
        redis.place(layout, timeline, cast, (&m, scales), (y, body));
        y += body;
        layout.floors.push((System::Redis, fallen(&m, y, floor)));
        y += floor + air * 0.5;
        if cast.kafka {
            layout.rule = Some(Rect::new(m.system.0 - 30.0, y, m.right - m.system.0 + 30.0, 0.0));
            y += 18.0 + air * 0.5;
        }
    }
    if cast.kafka {
        layout.lanes.push(lane(System::Kafka, &m, y));
        y += head;
        let body = kafka + air * 1.5;
        let rows = cast.partitions().clamp(1, 6) as f32;
        let bare = system::cluster(cast, span(&m, y), close, scales).bottom - y;
        let extra = close + ((body - shelf - bare) / rows).clamp(0.0, 24.0);
        let cluster = system::cluster(cast, span(&m, y), extra, scales);
        let bottom = cluster.bottom;
        layout.brokers = cluster.brokers;
        layout.rows = cluster.rows;
        layout.slot = cluster.slot;
        stand(
            layout,
            (timeline, cast.t),
            &cast.consumers,
            (pull, &pulled),
            (y + 20.0, bottom, y + body),
        );
        y += body;
        layout.floors.push((System::Kafka, fallen(&m, y - shelf, shelf)));
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

/// The least gap between readers.
const GAP: f32 = 14.0;

fn span(m: &Measures, y: f32) -> (f32, f32, f32) {
    (m.system.0, y, m.system.1 - m.system.0)
}

/// Where what a lane lost lies: under its systems, up to the plug.
fn fallen(m: &Measures, y: f32, h: f32) -> Rect {
    Rect::new(m.system.0, y, m.plug - 24.0 * m.k - m.system.0, h)
}

fn column(m: &Measures, system: System) -> Column {
    Column { x: m.right - m.consumer, w: m.consumer, across: 1, k: m.k, system }
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
        layout.producers.push(Place::new(node.id, area, node.system));
        y += pitch;
    }
    let end = y - pitch + h;
    layout.height = layout.height.max(end + 80.0 * m.k);
    end
}

/// Stands readers in the band from `top` to `bottom`; they may reach down to `limit`.
fn stand(
    layout: &mut Layout,
    told: (&Timeline, Instant),
    nodes: &[&Node],
    (column, dense): (Column, &Readers),
    (top, bottom, limit): (f32, f32, f32),
) {
    let spare = (limit - top - dense.bottom).max(0.0);
    let gap = GAP + (spare / dense.gaps.max(1) as f32).min(30.0);
    let mut all = readers::place(nodes, told, column, 0.0, gap);
    all.shift(top + ((bottom - top - all.bottom) / 2.0).max(0.0));
    layout.consumers.extend(all.places);
    layout.groups.extend(all.groups);
    layout.crowds.extend(all.crowd);
}

/// The push lane, measured once.
#[derive(Default)]
struct RedisLane {
    least: f32,
    /// For each server: its clients, and its least height.
    servers: Vec<(Vec<NodeId>, f32)>,
    pushed: Readers,
}

impl RedisLane {
    fn new(timeline: &Timeline, cast: &Cast<'_>, m: &Measures, scales: Scales) -> Self {
        let many = cast.subscribers.len() > MANY;
        let mut servers = Vec::new();
        let mut height = 0.0;
        for (i, server) in cast.servers.iter().enumerate() {
            let clients: Vec<NodeId> = if many {
                // The cards and all the others together.
                let stands = if i == 0 { CARDS + 1 } else { 0 };
                vec![NodeId(u32::MAX); stands]
            } else {
                cast.clients(server.node.id)
            };
            let h = system::server(server, &clients, span(m, 0.0), 0.0, scales).area.h;
            servers.push((clients, h));
            height += h + 20.0;
        }
        let pushed = readers::place(
            &cast.subscribers,
            (timeline, cast.t),
            column(m, System::Redis),
            0.0,
            GAP,
        );
        let least = height.max(pushed.bottom + 6.0).max(150.0 * m.k);
        Self { least, servers, pushed }
    }

    fn place(
        self,
        layout: &mut Layout,
        timeline: &Timeline,
        cast: &Cast<'_>,
        (m, scales): (&Measures, Scales),
        (top, height): (f32, f32),
    ) {
        let total: f32 = self.servers.iter().map(|(_, h)| h + 20.0).sum();
        let stretch = ((height - total) / self.servers.len().max(1) as f32).clamp(0.0, 40.0);
        let mut y = top;
        for (server, (clients, _)) in cast.servers.iter().zip(&self.servers) {
            let server = system::server(server, clients, span(m, y), stretch, scales);
            y = server.area.bottom() + 20.0;
            layout.servers.push(server);
        }
        let bottom = (y - 20.0).max(top + 60.0);
        let column = column(m, System::Redis);
        let band = (top, bottom, top + height);
        stand(layout, (timeline, cast.t), &cast.subscribers, (column, &self.pushed), band);
        gather(layout);
    }
}

/// A crowd's buffers are the server's boxes: the first stands for all that have no card.
pub(super) fn gather(layout: &mut Layout) {
    let crowd = layout.crowds.iter_mut().find(|crowd| crowd.system == System::Redis);
    if let (Some(crowd), Some(server)) = (crowd, layout.servers.first_mut()) {
        let mut boxes: Vec<Rect> = server.buffers.drain(..).map(|(_, area)| area).collect();
        let rest = (!boxes.is_empty()).then(|| boxes.remove(0));
        crowd.rest = rest.unwrap_or(Rect::new(0.0, 0.0, 1.0, BUFFER));
        crowd.buffers = boxes;
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
    // Its last words stand under it, above the sentence.
    let limit = layout.sentence.y - 24.0 * m.k;
    let over = (bottom - limit).max(0.0);
    let (top, bottom) = (if bottom - top > 150.0 { top } else { top - over }, bottom - over);
    let w = 34.0 * layout.scale;
    let slot = Rect::new(m.plug - w / 2.0, top, w, bottom - top);
    layout.plug = Some(Plug { name, slot, flat: false });
}
