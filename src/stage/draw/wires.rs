//! The wires between things, below everything else. Those in use are strong; where there are
//! many, assignments that carry nothing now are faint.

use super::Scene;
use crate::event::{Carrier, ConnectionId, System};
use crate::stage::layout::{Row, RowStyle};
use crate::stage::route::Route;
use crate::stage::{Class, Mark, Rect, Role, Target};
use crate::timeline::{Node, Wire};

/// Up to this many wires on one side, all of them are drawn strong.
const FEW: usize = 12;

impl Scene<'_> {
    fn feeds(node: &Node, system: System) -> bool {
        let carrier = match system {
            System::Redis => Carrier::PubSub,
            System::Kafka => Carrier::Kafka,
        };
        match node.system {
            Some(own) => own == system,
            None => node.carriers.is_empty() || node.carriers.contains(&carrier),
        }
    }

    /// The rows that get a wire of their own: of tiles that stand beside each other, the first.
    fn wired_rows(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = Vec::new();
        for row in &self.layout.rows {
            let twin = |other: &Row| (other.exit.y - row.exit.y).abs() < 0.5;
            if row.style != RowStyle::Tile || !rows.iter().any(|other| twin(other)) {
                rows.push(row);
            }
        }
        rows
    }

    /// Connections that carry something now.
    fn busy(&self) -> Vec<ConnectionId> {
        let mut busy = Vec::new();
        self.timeline.under_way(self.t, |motion| busy.push(motion.hop.connection));
        busy.sort_unstable();
        busy.dedup();
        busy
    }

    pub(super) fn wires(&mut self) {
        let layout = self.layout;
        let rows: Vec<Row> = self.wired_rows().into_iter().cloned().collect();
        for place in &layout.producers {
            let Some(node) = self.timeline.node(place.node) else { continue };
            if Self::feeds(node, System::Redis) {
                for server in &layout.servers {
                    let id = format!("wire-{}-{}", place.node.0, server.node.0);
                    self.wire(id, layout.wire_in(place.node, server), "wire-in", None);
                }
            }
            if Self::feeds(node, System::Kafka) {
                for row in &rows {
                    if node.topic.as_ref().is_some_and(|topic| *topic != row.partition.topic) {
                        continue;
                    }
                    let id = format!("wire-{}-row-{}", place.node.0, row.log);
                    self.wire(id, layout.wire_in_row(place.node, row), "wire-in", None);
                }
            }
        }
        let busy = self.busy();
        let many = rows.len() * layout.consumers.len() > FEW;
        for place in &layout.consumers {
            let Some(node) = self.timeline.node(place.node) else { continue };
            let open = self.timeline.open_wire(place.node, self.t);
            let selected = layout.view.selected == Some(Target::Node(place.node));
            let used = open.is_some_and(|wire| busy.binary_search(&wire.id).is_ok());
            let class = |strong: Class, many: bool| match (open, node.interrupted.value(self.t)) {
                (None, _) | (_, true) => "wire-down",
                _ if many && !used && !selected => "wire-idle",
                _ => strong,
            };
            if place.system == Some(System::Redis) {
                let id = format!("wire-{}", place.node.0);
                let class = class("wire-redis", layout.consumers.len() > 2 * FEW);
                self.wire(id, layout.wire_out(place.node), class, open);
                continue;
            }
            let class = class("wire-kafka", many);
            let Some(assigned) = node.assigned.at(self.t) else { continue };
            for row in rows.iter().filter(|row| assigned.contains(&row.partition)) {
                let id = format!("wire-{}-row-{}", place.node.0, row.log);
                self.wire(id, layout.wire_out_row(place.node, row), class, open);
            }
        }
    }

    fn wire(&mut self, id: String, route: Option<Route>, class: Class, wire: Option<&Wire>) {
        let Some(route) = route else { return };
        let (from, to) = (route.start(), route.end());
        let (x, y) = (from.0.min(to.0), from.1.min(to.1));
        let (w, h) = ((from.0 - to.0).abs(), (from.1 - to.1).abs());
        let mark = Mark::Path { d: route.path(), class };
        let target = wire.map(|wire| Target::Wire(wire.id));
        self.add(id, Role::Decoration, "", target, Rect::new(x, y, w, h), vec![mark]);
    }
}
