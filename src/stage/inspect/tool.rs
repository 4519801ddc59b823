//! What the systems' own tools print, as blocks of a panel, and what they are asked about a thing.

use super::{Block, Cell, Go, Table};
use crate::event::{Asked, NodeKind, Printed, PrintedOf, PrintedRow, System};
use crate::stage::Target;
use crate::timeline::Timeline;

/// What the tools print, where it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Tools {
    /// The tools' name: `redis-cli`.
    pub name: &'static str,
    /// What they print; none while it is not asked for.
    pub printed: Option<Vec<Block>>,
}

/// What the tools can be asked about a thing, and their name.
pub fn question(timeline: &Timeline, target: &Target) -> Option<(Asked, &'static str)> {
    const REDIS: &str = "redis-cli";
    const KAFKA: &str = "Kafka's tools";
    let node = |of: &crate::timeline::Node| match of.kind {
        NodeKind::Controller | NodeKind::Tool => None,
        NodeKind::Broker | NodeKind::Consumer => Some((Asked::Node(of.id), KAFKA)),
        NodeKind::Producer if of.system == Some(System::Kafka) => Some((Asked::Node(of.id), KAFKA)),
        NodeKind::Producer => Some((Asked::Node(of.id), "the systems' tools")),
        _ => Some((Asked::Node(of.id), REDIS)),
    };
    match target {
        Target::Node(id) => node(timeline.node(*id)?),
        Target::Plug(name) => node(timeline.nodes().iter().find(|node| node.name == *name)?),
        Target::Channel(server, key) => Some((Asked::Key(*server, key.clone()), REDIS)),
        Target::Wire(id) => {
            let server = timeline.node(timeline.wire(*id)?.server)?;
            (server.kind == NodeKind::RedisServer).then_some((Asked::Connection(*id), REDIS))
        }
        Target::Partition(partition) => Some((Asked::Topic(partition.topic.clone()), KAFKA)),
        Target::Bookmark(group, _) => Some((Asked::Group(group.clone()), KAFKA)),
        Target::Message(_)
        | Target::Score(..)
        | Target::Lost(_)
        | Target::Lane(_)
        | Target::Carrier(_) => None,
    }
}

/// What the tools printed, as blocks.
pub fn printed(all: &[Printed]) -> Vec<Block> {
    if all.is_empty() {
        let words = "Nothing answers: the process does not run, or there is nothing to ask.";
        return vec![Block::Words(words.to_owned())];
    }
    let mut blocks = Vec::new();
    for one in all {
        blocks.push(Block::Command(one.command.clone()));
        let class = |row: &PrintedRow| if row.fixed.is_some() { "dim" } else { "ink" };
        if one.rows.is_empty() {
            blocks.push(Block::Words("Nothing is listed.".to_owned()));
        } else if one.columns.is_empty() {
            let pair = |row: &PrintedRow| match row.cells.as_slice() {
                [name, value] => Some((name.clone(), Cell::of(value, class(row)))),
                _ => None,
            };
            blocks.push(Block::Rows(one.rows.iter().filter_map(pair).collect()));
        } else {
            let row = |row: &PrintedRow| {
                let mut cells: Vec<Cell> =
                    row.cells.iter().map(|text| Cell::of(text, class(row))).collect();
                if let (Some(first), Some(of)) = (cells.first_mut(), &row.of) {
                    first.go = Some(Go::To(match of {
                        PrintedOf::Connection(id) => Target::Wire(*id),
                        PrintedOf::Partition(partition) => Target::Partition(partition.clone()),
                    }));
                }
                cells
            };
            blocks.push(Block::Table(Table {
                caption: String::new(),
                columns: one.columns.to_vec(),
                rows: one.rows.iter().map(row).collect(),
            }));
        }
        let mut reasons: Vec<&str> = Vec::new();
        for reason in one.rows.iter().filter_map(|row| row.fixed) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let grey = |reason: &str| Block::Words(format!("Grey: {reason}"));
        blocks.extend(reasons.into_iter().map(grey));
    }
    blocks
}
