//! The same state as tables: what the stage draws, for those who would rather read it.

use super::words::kind;
use super::{At, Block, Cell, Sheet, Table};
use crate::event::{NodeKind, System};
use crate::sim::Instant;
use crate::stage::Target;
use crate::stage::text::bytes;
use crate::timeline::Timeline;
use crate::timeline::journal::rate;

/// Nodes, partitions, groups, output buffers and the ledger at `t`.
pub fn tables(timeline: &Timeline, t: Instant) -> Sheet {
    let at = At { timeline, t };
    let mut sheet = Sheet::new("Everything as tables", "the stage in words");
    sheet.table("Nodes", &["name", "kind", "process", "rate or work", "handled"], at.nodes());
    sheet.table(
        "Partitions",
        &["partition", "leader", "in sync", "log start", "high watermark", "log end"],
        at.partitions(),
    );
    sheet.table(
        "Consumer groups",
        &["group, partition", "bookmark", "high watermark", "lag"],
        at.group_rows(),
    );
    sheet.table("Output buffers", &["client", "server", "bytes"], at.buffers());
    let ledger: Table = at.ledger(None);
    if !ledger.rows.is_empty() {
        sheet.blocks.push(Block::Table(ledger));
    }
    sheet
}

impl At<'_> {
    fn nodes(self) -> Vec<Vec<Cell>> {
        let here = self.timeline.nodes().iter().filter(|node| node.exists(self.t));
        let row = |node: &crate::timeline::Node| {
            let (state, class) = self.state(node);
            let state = if node.unplugged.value(self.t) {
                Cell::of("unplugged", "lost")
            } else {
                Cell::of(state, class)
            };
            let reads = matches!(node.kind, NodeKind::Subscriber | NodeKind::Consumer);
            let work = match node.kind {
                NodeKind::Producer => Cell::new(rate(node.rate.value(self.t))),
                _ if reads => Cell::new(super::words::time(node.takes.value(self.t))),
                _ => Cell::of("-", "dim"),
            };
            let handled = if reads {
                Cell::new(node.handled(self.t).to_string())
            } else {
                Cell::of("-", "dim")
            };
            vec![
                Cell::to(&*node.name, Target::Node(node.id)),
                Cell::new(kind(node.kind)),
                state,
                work,
                handled,
            ]
        };
        here.map(row).collect()
    }

    fn partitions(self) -> Vec<Vec<Cell>> {
        let t = self.t;
        let here = self.timeline.logs().iter().filter(|log| log.created <= t);
        here.map(|log| {
            let unsaid = log.in_sync(t).is_empty();
            let leader = log.leader(t).map_or_else(
                || if unsaid { Cell::of("-", "dim") } else { Cell::of("none", "lost") },
                |id| Cell::new(id.to_string()),
            );
            let in_sync: Vec<String> = log.in_sync(t).iter().map(ToString::to_string).collect();
            vec![
                Cell::to(log.partition.to_string(), Target::Partition(log.partition.clone())),
                leader,
                Cell::new(in_sync.join(", ")),
                Cell::new(log.start(t).to_string()),
                Cell::new(log.high_watermark(t).to_string()),
                Cell::new(log.end(t).to_string()),
            ]
        })
        .collect()
    }

    fn group_rows(self) -> Vec<Vec<Cell>> {
        let here = self.timeline.logs().iter().filter(|log| log.created <= self.t);
        let rows = here.flat_map(|log| {
            let groups = self.groups(log).into_iter();
            groups.map(move |group| {
                let label = format!("{group}, {}", log.partition);
                self.lag_row(log, &group, &label)
            })
        });
        rows.collect()
    }

    fn buffers(self) -> Vec<Vec<Cell>> {
        let open = self.timeline.wires().iter().filter(|wire| wire.is_open(self.t));
        let server = |wire: &&crate::timeline::Wire| {
            let node = self.timeline.node(wire.server);
            node.is_some_and(|node| {
                node.kind == NodeKind::RedisServer && node.system != Some(System::Kafka)
            })
        };
        let rows = open.filter(server).map(|wire| {
            let client = self.name_of(wire.client);
            vec![
                Cell::to(&*client, Target::Wire(wire.id)),
                Cell::new(&*self.name_of(wire.server)),
                Cell::new(bytes(wire.buffered.value(self.t))),
            ]
        });
        rows.collect()
    }
}
