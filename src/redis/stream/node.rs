//! Nodes of a stream: packed lists of entries, with the sizes that Redis's listpacks have.

use super::super::keyspace::Limits;
use super::super::resp::number;
use super::{Fields, StreamId};
use crate::event::Payload;

/// An entry's place in a node.
#[derive(Clone, Debug)]
pub(in super::super) struct Item {
    pub(in super::super) id: StreamId,
    /// None once deleted: the place stays until the node goes.
    pub(in super::super) fields: Option<Fields>,
}

/// A packed list of entries.
#[derive(Clone, Debug)]
pub(in super::super) struct Node {
    master: StreamId,
    master_names: Vec<Payload>,
    pub(super) items: Vec<Item>,
    pub(super) live: u64,
    /// Bytes without the two counters, which change.
    body: u64,
}

/// Bytes of a listpack's header and end.
const HEADER: u64 = 7;

impl Node {
    /// An empty node that is named and shaped by its first entry.
    pub(super) fn new(master: StreamId, fields: &Fields) -> Self {
        let master_names: Vec<Payload> = fields.iter().step_by(2).cloned().collect();
        let body = HEADER
            + integer(master_names.len() as i64)
            + master_names.iter().map(text).sum::<u64>()
            + integer(0);
        Self { master, master_names, items: Vec::new(), live: 0, body }
    }

    pub(super) fn last_id(&self) -> StreamId {
        self.items.last().map_or(self.master, |item| item.id)
    }

    /// Size in bytes, as `lpBytes` would say.
    pub(super) fn bytes(&self) -> u64 {
        let deleted = self.items.len() as u64 - self.live;
        self.body + integer(self.live as i64) + integer(deleted as i64)
    }

    /// Whether an entry of `extra` bytes opens a new node (`streamAppendItem`).
    pub(super) fn is_full(&self, extra: u64, limits: &Limits) -> bool {
        let bytes = self.bytes();
        (limits.stream_node_max_bytes > 0 && bytes + extra >= limits.stream_node_max_bytes)
            || (limits.stream_node_max_entries > 0
                && self.items.len() as u64 >= limits.stream_node_max_entries)
    }

    pub(super) fn push(&mut self, id: StreamId, fields: Fields) {
        let same = fields.len() == self.master_names.len() * 2
            && fields.iter().step_by(2).eq(self.master_names.iter());
        let pairs = fields.len() as i64 / 2;
        let words: u64 = if same {
            fields.iter().skip(1).step_by(2).map(text).sum()
        } else {
            integer(pairs) + fields.iter().map(text).sum::<u64>()
        };
        self.body += integer(if same { 2 } else { 0 })
            + integer(id.ms.wrapping_sub(self.master.ms) as i64)
            + integer(id.seq.wrapping_sub(self.master.seq) as i64)
            + words
            + integer(if same { pairs + 3 } else { 2 * pairs + 4 });
        self.items.push(Item { id, fields: Some(fields) });
        self.live += 1;
    }

    pub(super) fn delete(&mut self, at: usize) {
        self.items[at].fields = None;
        self.live -= 1;
    }
}

/// Bytes of an element with its back length (listpack.c).
fn element(encoded: u64) -> u64 {
    encoded
        + match encoded {
            0..=127 => 1,
            128..=16_383 => 2,
            16_384..=2_097_151 => 3,
            2_097_152..=268_435_455 => 4,
            _ => 5,
        }
}

fn integer(value: i64) -> u64 {
    element(match value {
        0..=127 => 1,
        -4_096..=4_095 => 2,
        -32_768..=32_767 => 3,
        -8_388_608..=8_388_607 => 4,
        -2_147_483_648..=2_147_483_647 => 5,
        _ => 9,
    })
}

fn text(word: &Payload) -> u64 {
    let length = word.len() as u64;
    if length < 21
        && let Some(value) = number::integer(&word.bytes())
    {
        return integer(value);
    }
    element(match length {
        0..64 => 1 + length,
        64..4_096 => 2 + length,
        _ => 5 + length,
    })
}

/// Nodes of the compressed radix tree over sorted distinct keys (rax.c): leaves, branching
/// nodes and non-empty chains.
pub(super) fn tree_nodes(keys: &[[u8; 16]], depth: usize) -> u64 {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return 0 };
    if keys.len() == 1 {
        return 1 + u64::from(depth < 16);
    }
    let common = (depth..16).take_while(|at| first[*at] == last[*at]).count();
    let branch = depth + common;
    let children = keys.chunk_by(|a, b| a.get(branch) == b.get(branch));
    u64::from(common > 0) + 1 + children.map(|group| tree_nodes(group, branch + 1)).sum::<u64>()
}
