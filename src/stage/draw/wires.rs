//! The wires between things, below everything else. Those in use are strong; where there are
//! many, assignments that carry nothing now are faint.

use super::Scene;
use crate::event::{Carrier, ConnectionId, NodeState, System};
use crate::sim::Order;
use crate::stage::inspect::name;
use crate::stage::layout::{Port, Row, RowStyle};
use crate::stage::route::Route;
use crate::stage::tokens::flows;
use crate::stage::{Class, Mark, Rect, Role, Target};
use crate::timeline::{Motion, Node, Phase, Wire};

/// Up to this many wires on one side, all of them are drawn strong.
const FEW: usize = 12;

impl Scene<'_> {
    fn feeds(node: &Node, system: System) -> bool {
        let fits = |carrier: &Carrier| (*carrier == Carrier::Kafka) == (system == System::Kafka);
        let any = || node.carriers.is_empty() || node.carriers.iter().any(fits);
        node.system.map_or_else(any, |own| own == system)
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

    pub(super) fn wires(&mut self) {
        let layout = self.layout;
        let rows: Vec<Row> = self.wired_rows().into_iter().cloned().collect();
        for place in &layout.producers {
            let Some(node) = self.timeline.node(place.node) else { continue };
            if Self::feeds(node, System::Redis) {
                // To the server that it stands with: a publisher follows the primary.
                let stands = self.timeline.server_of(place.node, self.t);
                for server in layout.servers.iter().filter(|s| stands == Some(s.node)) {
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
                    let class = if rows.len() > FEW { "wire-idle" } else { "wire-in" };
                    self.wire(id, layout.wire_in_row(place.node, row), class, None);
                }
            }
        }
        self.replication();
        let mut motions = Vec::new();
        self.timeline.under_way(self.t, |motion| motions.push(motion));
        let flows = flows(&motions);
        let busy = busy(&motions);
        let mut loose: Vec<Row> = Vec::new();
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
            let flow =
                open.is_some_and(|wire| flows.binary_search_by_key(&wire.id, |f| f.0).is_ok());
            if place.system == Some(System::Redis) {
                let id = format!("wire-{}", place.node.0);
                let class = class("wire-redis", layout.consumers.len() > 2 * FEW);
                let class = if flow { "flow-redis" } else { class };
                self.wire(id, layout.wire_out(place.node), class, open);
                continue;
            }
            let class = class("wire-kafka", many);
            let class = if flow { "flow-kafka" } else { class };
            // What a crashed member was assigned is taken as long as the coordinator knows it.
            let gone = node.state_at(self.t) == NodeState::Crashed;
            let assigned = if gone { &node.taken } else { &node.assigned };
            let Some(assigned) = assigned.at(self.t) else { continue };
            let class = if self.is_out(node) { "wire-down" } else { class };
            // What it gave back hangs loose until somebody has it again.
            if matches!(node.phase.value(self.t), Phase::Join | Phase::Sync) {
                for row in rows.iter().filter(|row| assigned.contains(&row.partition)) {
                    loose.push(row.clone());
                }
                continue;
            }
            let mine = rows.iter().filter(|row| assigned.contains(&row.partition));
            // One of many wires is enough to say that the plug is out.
            let shown = if many && open.is_none() { 1 } else { usize::MAX };
            for row in mine.take(shown) {
                let id = format!("wire-{}-row-{}", place.node.0, row.log);
                self.wire(id, layout.wire_out_row(place.node, row), class, open);
                self.stub(row, class);
            }
        }
        for row in &loose {
            self.loose(row);
        }
    }

    /// From each primary to its replicas.
    fn replication(&mut self) {
        for replica in &self.layout.servers {
            let Some(node) = self.timeline.node(replica.node) else { continue };
            let up = node.link.at(self.t).copied();
            let primary = node.server.at(self.t).filter(|_| node.replicates(self.t));
            let (Some(up), Some(primary)) = (up, primary) else { continue };
            let id = format!("wire-replica-{}", replica.node.0);
            let class = if up { "wire-redis" } else { "wire-down" };
            self.wire(id, self.layout.copies(*primary, replica), class, None);
        }
    }

    /// From the end of a side topic's strip to where its reader's wire begins, under the strips that
    /// stand between.
    fn stub(&mut self, row: &Row, class: Class) {
        let (x, y) = (row.area.right() + 2.0, row.cells.middle());
        let Port { x: end, y: under, .. } = row.exit;
        if !matches!(row.style, RowStyle::Side(_)) || under <= y || end <= x + 12.0 {
            return;
        }
        let d =
            format!("M{x:.1} {y:.1}q5 0 5 5V{:.1}q0 5 5 5H{end:.1}", (under - 5.0).max(y + 5.0));
        let id = format!("stub-{}", row.log);
        if !self.shapes.iter().any(|shape| *shape.id == *id) {
            let area = Rect::new(x, y, end - x, under - y);
            self.decorate(id, area, vec![Mark::Path { d, class }]);
        }
    }

    /// A wire that nobody holds: it hangs from the partition's end.
    fn loose(&mut self, row: &Row) {
        let Port { x, y, nx, ny } = row.exit;
        let (dx, dy) = (nx * 26.0 - ny * 8.0, ny * 22.0 + nx * 18.0);
        let d = format!("M{x:.1} {y:.1}q{:.1} {:.1} {dx:.1} {dy:.1}", nx * 22.0, ny * 18.0);
        let marks = vec![
            Mark::Path { d, class: "loose" },
            Mark::Circle { x: x + dx, y: y + dy, r: 2.5, class: "hollow" },
        ];
        let area = Rect::new(x.min(x + dx), y.min(y + dy), dx.abs(), dy.abs());
        let id = format!("loose-{}", row.log);
        if !self.shapes.iter().any(|shape| *shape.id == *id) {
            self.decorate(id, area, marks);
        }
    }

    fn wire(&mut self, id: String, route: Option<Route>, class: Class, wire: Option<&Wire>) {
        let Some(route) = route else { return };
        let (from, to) = (route.start(), route.end());
        let (x, y) = (from.0.min(to.0), from.1.min(to.1));
        let (w, h) = ((from.0 - to.0).abs(), (from.1 - to.1).abs());
        let mark = Mark::Path { d: route.path(), class };
        let target = wire.map(|wire| Target::Wire(wire.id));
        // Of the wires that draw one connection, the first stands for it.
        let first = target.is_some() && !self.shapes.iter().any(|shape| shape.target == target);
        let (role, name) = match &target {
            Some(target) if first => (Role::Button, name(self.timeline, target)),
            _ => (Role::Decoration, String::new()),
        };
        self.add(id, role, name, target, Rect::new(x, y, w, h), vec![mark]);
    }
}

/// Connections that carry something now.
fn busy(motions: &[Motion<'_>]) -> Vec<ConnectionId> {
    let mut busy: Vec<ConnectionId> = motions.iter().map(|m| m.hop.connection).collect();
    busy.order();
    busy.dedup();
    busy
}
