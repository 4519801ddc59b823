//! The ways that things travel: curves between ports, and what lies before and after them inside
//! a server or a log.

use super::Rect;
use super::layout::{Crowd, Layout, Port, Row, Server};
use crate::event::{Name, NodeId, System};
use crate::sim::Instant;
use crate::timeline::Timeline;
use std::fmt::Write;

/// A cubic Bézier curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Curve {
    pub(super) a: (f32, f32),
    pub(super) b: (f32, f32),
    pub(super) c: (f32, f32),
    pub(super) d: (f32, f32),
}

impl Curve {
    /// The curve from one port to another: it leaves and enters along their directions.
    pub(super) fn between(from: Port, to: Port) -> Self {
        let reach = |port: Port, other: Port| {
            let along = (other.x - port.x) * port.nx + (other.y - port.y) * port.ny;
            let reach = along.abs().max(24.0) * 0.5;
            (port.x + port.nx * reach, port.y + port.ny * reach)
        };
        Self { a: (from.x, from.y), b: reach(from, to), c: reach(to, from), d: (to.x, to.y) }
    }

    /// A straight line as a curve.
    pub(super) fn line(a: (f32, f32), d: (f32, f32)) -> Self {
        let at = |s: f32| (a.0 + (d.0 - a.0) * s, a.1 + (d.1 - a.1) * s);
        Self { a, b: at(1.0 / 3.0), c: at(2.0 / 3.0), d }
    }

    pub(super) fn reversed(self) -> Self {
        Self { a: self.d, b: self.c, c: self.b, d: self.a }
    }

    /// The point at `s` from 0 to 1.
    pub(super) fn at(&self, s: f32) -> (f32, f32) {
        let r = 1.0 - s;
        let (p, q, v, w) = (r * r * r, 3.0 * r * r * s, 3.0 * r * s * s, s * s * s);
        (
            p * self.a.0 + q * self.b.0 + v * self.c.0 + w * self.d.0,
            p * self.a.1 + q * self.b.1 + v * self.c.1 + w * self.d.1,
        )
    }

    /// About its length: the mean of its chord and its hull.
    fn length(&self) -> f32 {
        let far = |a: (f32, f32), b: (f32, f32)| (a.0 - b.0).hypot(a.1 - b.1);
        let hull = far(self.a, self.b) + far(self.b, self.c) + far(self.c, self.d);
        f32::midpoint(hull, far(self.a, self.d))
    }

    fn path(&self) -> String {
        let mut d = String::new();
        let [a, b, c, e] = [self.a, self.b, self.c, self.d];
        let _ = write!(
            d,
            "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            a.0, a.1, b.0, b.1, c.0, c.1, e.0, e.1
        );
        d
    }
}

/// Most pieces of a way: three of a wire, two inside a system.
const PIECES: usize = 5;

/// A way in pieces, passed at an even speed that eases at both ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Route {
    pieces: [Curve; PIECES],
    lengths: [f32; PIECES],
    total: f32,
    n: usize,
}

impl Route {
    pub(super) fn single(curve: Curve) -> Self {
        let mut route = Self { pieces: [curve; PIECES], lengths: [0.0; PIECES], total: 0.0, n: 0 };
        route.push(curve);
        route
    }

    fn push(&mut self, curve: Curve) {
        if self.n < PIECES {
            self.pieces[self.n] = curve;
            self.lengths[self.n] = curve.length().max(0.01);
            self.total += self.lengths[self.n];
            self.n += 1;
        }
    }

    fn then(mut self, curve: Curve) -> Self {
        self.push(curve);
        self
    }

    fn join(mut self, other: Self) -> Self {
        other.curves().iter().for_each(|curve| self.push(*curve));
        self
    }

    pub(super) fn curves(&self) -> &[Curve] {
        &self.pieces[..self.n]
    }

    pub(super) fn start(&self) -> (f32, f32) {
        self.pieces[0].a
    }

    pub(super) fn end(&self) -> (f32, f32) {
        self.pieces[self.n.saturating_sub(1)].d
    }

    pub(super) fn reversed(self) -> Self {
        let mut back = Self { n: 0, total: 0.0, ..self };
        self.curves().iter().rev().for_each(|curve| back.push(curve.reversed()));
        back
    }

    /// SVG path data.
    pub(super) fn path(&self) -> String {
        self.curves().iter().map(Curve::path).collect()
    }

    /// The point at `progress` from 0 to 1, eased along the whole way.
    pub(super) fn at(&self, progress: f32) -> (f32, f32) {
        let p = progress.clamp(0.0, 1.0);
        // Half way between even and smooth: it starts and lands softly and never bounces.
        let s = p + (p * p * (3.0 - 2.0 * p) - p) * 0.6;
        let mut left = s * self.total;
        for (curve, length) in self.curves().iter().zip(self.lengths) {
            if left <= length {
                return curve.at(left / length);
            }
            left -= length;
        }
        self.end()
    }

    /// The unit vector of motion at `progress`.
    pub(super) fn direction(&self, progress: f32) -> (f32, f32) {
        let (a, b) = (self.at(progress - 0.02), self.at(progress + 0.02));
        let (x, y) = (b.0 - a.0, b.1 - a.1);
        let length = x.hypot(y);
        if length < 0.01 { (0.0, 0.0) } else { (x / length, y / length) }
    }
}

impl Layout {
    /// Where wires leave a box for the system: from its right edge, on a phone from below.
    fn out_of(&self, area: Rect, index: f32) -> Port {
        if self.falls() {
            Port { x: area.centre() + index * 10.0, y: area.bottom(), nx: 0.0, ny: 1.0 }
        } else {
            Port { x: area.right(), y: area.middle() + index * 7.0, nx: 1.0, ny: 0.0 }
        }
    }

    /// Where wires enter a box.
    fn into(&self, area: Rect, index: f32) -> Port {
        if self.falls() {
            Port { x: area.centre() + index * 10.0, y: area.y, nx: 0.0, ny: -1.0 }
        } else {
            Port { x: area.x, y: area.middle() + index * 7.0, nx: -1.0, ny: 0.0 }
        }
    }

    /// The wire from a producer to a server.
    pub(super) fn wire_in(&self, producer: NodeId, server: &Server) -> Option<Route> {
        let from = self.out_of(self.place_of(producer)?.area, -1.0);
        let mut to = self.into(server.area, 0.0);
        if !self.falls()
            && let Some(y) = server.door()
        {
            to.y = y;
        }
        Some(Route::single(Curve::between(from, to)))
    }

    /// The wire from a producer to a partition; on a phone down the left gutter. A consumer that
    /// writes (to a retry topic) does so along its own wire.
    pub(super) fn wire_in_row(&self, producer: NodeId, row: &Row) -> Option<Route> {
        if self.consumers.iter().any(|place| place.node == producer) {
            return self.wire_out_row(producer, row).map(Route::reversed);
        }
        let from = self.out_of(self.place_of(producer)?.area, 1.0);
        if !self.falls() {
            return Some(Route::single(Curve::between(from, row.entry)));
        }
        let x = row.entry.x - 14.0;
        let first = self.brokers.first().map(|place| place.area.y);
        let top = first.unwrap_or(self.rows.first()?.area.y) - 8.0;
        Some(gutter(from, (x, top), row.entry))
    }

    /// The link from a primary to a replica, in the gap between their boxes; another replica that
    /// stands between them covers what lies behind it.
    pub(super) fn copies(&self, primary: NodeId, replica: &Server) -> Option<Route> {
        let primary = self.servers.iter().find(|server| server.node == primary)?;
        let (a, b) = (primary.area, replica.area);
        let (from, to) = if a.y < b.y { (a.bottom(), b.y) } else { (a.y, b.bottom()) };
        Some(Route::single(Curve::line((a.x + 34.0, from), (b.x + 34.0, to))))
    }

    /// The wire from a client's output buffer to the client; from what it reads where that is a
    /// stream or a list.
    pub(super) fn wire_out(&self, subscriber: NodeId) -> Option<Route> {
        if let Some((at, key)) = self.place_of(subscriber).and_then(|place| place.key.as_ref()) {
            let (server, row) = self.kept(*at, key)?;
            let (from, nth) = if self.falls() {
                let (x, y) = (row.cells.centre(), server.area.bottom());
                (Port { x, y, nx: 0.0, ny: 1.0 }, 0.0)
            } else {
                let (x, y) = (server.area.right(), row.cells.middle());
                (Port { x, y, nx: 1.0, ny: 0.0 }, 0.0)
            };
            let to = self.into(self.place_of(subscriber)?.area, nth);
            return Some(Route::single(Curve::between(from, to)));
        }
        let (server, buffer) = self.buffer_of(subscriber)?;
        let mut from = self.out_of(buffer, 0.0);
        if self.falls() {
            from.y = server.area.bottom();
        } else {
            from.x = server.area.right();
        }
        let to = self.into(self.place_of(subscriber)?.area, 0.0);
        Some(Route::single(Curve::between(from, to)))
    }

    /// The trunk from a server to a crowd of its clients, or from the partitions to one of
    /// consumers.
    pub(super) fn trunk(&self, crowd: &Crowd) -> Option<Route> {
        let to = self.into(crowd.grid, 0.0);
        let from = match crowd.system {
            System::Redis => {
                let server = self.servers.first()?;
                let mut from = self.out_of(crowd.rest, 0.0);
                if self.falls() {
                    from.y = server.area.bottom();
                } else {
                    from.x = server.area.right();
                }
                from
            }
            System::Kafka => {
                let (first, last) = (self.rows.first()?, self.rows.last()?);
                let y = f32::midpoint(first.exit.y, last.exit.y);
                if self.falls() {
                    Port { y: last.area.bottom() + 8.0, nx: 0.0, ny: 1.0, ..last.exit }
                } else {
                    Port { y, ..first.exit }
                }
            }
        };
        Some(Route::single(Curve::between(from, to)))
    }

    /// A push to those of a crowd that have no card: from the channel's bar along the trunk.
    pub(super) fn push_to_crowd(&self, crowd: &Crowd, channel: &Name) -> Option<Route> {
        let wire = self.trunk(crowd)?;
        let Some(bar) = self.servers.first().and_then(|s| bar(s, channel)) else {
            return Some(wire);
        };
        let inside = Curve::line((bar.centre(), bar.middle()), wire.start());
        Some(Route::single(inside).join(wire))
    }

    /// The wire from a partition to a consumer, by the partition's place among all; on a phone
    /// down the right gutter.
    pub(super) fn wire_out_row(&self, consumer: NodeId, row: &Row) -> Option<Route> {
        if let Some(crowd) = self.crowd_of(consumer) {
            return self.trunk(crowd);
        }
        let index = self.rows.iter().position(|other| other.log == row.log)? as f32;
        let middle = (self.rows.len() as f32 - 1.0) / 2.0;
        let spread = (index - middle).clamp(-3.0, 3.0) * 0.8;
        let to = self.into(self.place_of(consumer)?.area, spread);
        if !self.falls() {
            return Some(Route::single(Curve::between(row.exit, to)));
        }
        // Each consumer has its own line in the gutter, as far as there is room.
        let nth = self.consumers.iter().position(|place| place.node == consumer)?;
        let x = row.exit.x + 12.0 + nth.min(3) as f32 * 3.0;
        let last = self.slot.map(Rect::bottom);
        let bottom = last.unwrap_or(self.rows.last()?.area.bottom()) + 8.0;
        Some(gutter(to, (x, bottom), row.exit).reversed())
    }

    /// A publish: along the wire, then into the channel's bar.
    pub(super) fn publish(
        &self,
        producer: NodeId,
        server: NodeId,
        channel: &Name,
    ) -> Option<Route> {
        let server = self.servers.iter().find(|s| s.node == server)?;
        let wire = self.wire_in(producer, server)?;
        let Some(bar) = bar(server, channel) else { return Some(wire) };
        let door = Curve::line(wire.end(), (bar.x + 14.0, bar.middle()));
        Some(wire.then(door).then(Curve::line(door.d, (bar.centre(), bar.middle()))))
    }

    /// `XADD` or `LPUSH`: along the wire, then to the cell that it will be.
    pub(super) fn add(
        &self,
        producer: NodeId,
        (at, key): (NodeId, &Name),
        cell: (f32, f32),
    ) -> Option<Route> {
        let (server, row) = self.kept(at, key)?;
        // A reader that parks writes along its own wire.
        let reader = self.consumers.iter().any(|place| place.node == producer);
        let wire = if reader {
            self.wire_out(producer)?.reversed()
        } else {
            self.wire_in(producer, server)?
        };
        let door = (if reader { row.cells.right() } else { row.cells.x }, row.cells.middle());
        Some(wire.then(Curve::line(wire.end(), door)).then(Curve::line(door, cell)))
    }

    /// What a reader is given: from the cell along its wire.
    pub(super) fn take(&self, reader: NodeId, cell: (f32, f32)) -> Option<Route> {
        let wire = self.wire_out(reader)?;
        Some(Route::single(Curve::line(cell, wire.start())).join(wire))
    }

    /// A push: from the channel's bar into the client's output buffer, then along its wire.
    pub(super) fn push(&self, subscriber: NodeId, channel: &Name) -> Option<Route> {
        let (server, buffer) = self.buffer_of(subscriber)?;
        let wire = self.wire_out(subscriber)?;
        let Some(bar) = bar(server, channel) else { return Some(wire) };
        let start = (bar.centre(), bar.middle());
        let (from, to) = if self.falls() {
            let at = Port { x: start.0, y: start.1, nx: 0.0, ny: 1.0 };
            (at, Port { x: buffer.centre(), y: buffer.y, nx: 0.0, ny: -1.0 })
        } else {
            let at = Port { x: start.0, y: start.1, nx: 1.0, ny: 0.0 };
            (at, Port { x: buffer.x, y: buffer.middle(), nx: -1.0, ny: 0.0 })
        };
        let inside = Curve::between(from, to);
        Some(Route::single(inside).then(Curve::line(inside.d, wire.start())).join(wire))
    }

    /// A produce request: along the wire, then along the row to the cell it will be.
    pub(super) fn produce(&self, producer: NodeId, row: &Row, cell: (f32, f32)) -> Option<Route> {
        let wire = self.wire_in_row(producer, row)?;
        Some(wire.then(Curve::line(wire.end(), cell)))
    }

    /// A fetch: from the consumer to the cell that it asks for.
    pub(super) fn fetch(&self, consumer: NodeId, row: &Row, cell: (f32, f32)) -> Option<Route> {
        let wire = self.wire_out_row(consumer, row)?.reversed();
        Some(wire.then(Curve::line(wire.end(), cell)))
    }

    /// The answer: from the first record's cell back to the consumer.
    pub(super) fn fetched(&self, consumer: NodeId, row: &Row, cell: (f32, f32)) -> Option<Route> {
        let wire = self.wire_out_row(consumer, row)?;
        Some(Route::single(Curve::line(cell, wire.start())).join(wire))
    }

    /// Any other traffic between two nodes.
    pub(super) fn between(&self, from: NodeId, to: NodeId) -> Option<Route> {
        let server = |id| self.servers.iter().find(|server| server.node == id);
        let side = |node: NodeId| -> Option<(Route, bool)> {
            // The curve runs from the node to its system; whether it does so backwards.
            if self.producers.iter().any(|place| place.node == node) {
                if let Some(server) = server(from).or(server(to)) {
                    return self.wire_in(node, server).map(|curve| (curve, false));
                }
                let row = self.rows.first()?;
                return self.wire_in_row(node, row).map(|curve| (curve, false));
            }
            let place = self.consumers.iter().find(|place| place.node == node)?;
            let route = if place.system == Some(System::Redis) {
                self.wire_out(node)
            } else {
                self.wire_out_row(node, self.rows.first()?)
            };
            route.map(|curve| (curve, true))
        };
        let oriented = |(curve, backwards): (Route, bool), outbound: bool| {
            if backwards == outbound { curve.reversed() } else { curve }
        };
        match side(from) {
            Some(found) => Some(oriented(found, true)),
            None => Some(oriented(side(to)?, false)),
        }
    }

    /// Where a consumer's fetch lies while it waits: on the free cells, one slot each.
    pub(super) fn asking(
        &self,
        timeline: &Timeline,
        t: Instant,
        row: &Row,
        offset: u64,
        consumer: NodeId,
    ) -> (f32, f32) {
        let Some(log) = timeline.logs().get(row.log) else { return (row.exit.x, row.exit.y) };
        let slot = self.consumers.iter().position(|place| place.node == consumer).unwrap_or(0);
        let nth = self.consumers[..slot].iter().filter(|p| p.system == Some(System::Kafka)).count();
        // The second of two that wait at the same place stands one free cell further.
        let shift = if offset >= log.end(t) { (nth % 2) as u64 } else { 0 };
        row.centre(offset + shift, log, t)
    }
}

/// The bar of a channel, or the last where there is none of its own.
fn bar(server: &Server, channel: &Name) -> Option<Rect> {
    let named = server.channels.iter().find(|bar| bar.name == *channel && !bar.pattern);
    named.or(server.channels.last()).map(|bar| bar.area)
}

impl Server {
    /// The height at which a wire enters: that of what comes first in it.
    fn door(&self) -> Option<f32> {
        let bar = self.channels.first().map(|bar| bar.area.middle());
        bar.or(self.streams.first().map(|stream| stream.cells.middle()))
    }
}

/// From a port to a corner, along the gutter, and into a row's side.
fn gutter(from: Port, (x, y): (f32, f32), row: Port) -> Route {
    let down = if row.y > y { 1.0 } else { -1.0 };
    let corner = Port { x, y, nx: 0.0, ny: -down };
    let turn = Port { x, y: row.y - down * 14.0, nx: 0.0, ny: down };
    let first = Curve::between(from, corner);
    let last = Curve { a: (x, turn.y), b: (x, row.y), c: (x, row.y), d: (row.x, row.y) };
    Route::single(first).then(Curve::line((x, y), (x, turn.y))).then(last)
}
