//! Who of a crowd stands out at an instant and is shown as a card.

use super::layout::{Crowd, Layout, Place};
use super::{Target, readers::CARDS};
use crate::event::{ConnectionId, NodeId, NodeState, System};
use crate::sim::{Instant, Order, SortedMap};
use crate::timeline::{Node, Timeline};
use std::borrow::Cow;

/// Bytes in a client's output buffer from which on it stands out: those of a few messages pass.
const FULL: u64 = 64 * 1024;
/// Messages waiting for a group from which on its members stand out.
const BEHIND: u32 = 20;

impl Layout {
    /// The crowd that a node stands in without a card.
    pub(super) fn crowd_of(&self, node: NodeId) -> Option<&Crowd> {
        let mine = |crowd: &&Crowd| crowd.nodes.binary_search(&node).is_ok();
        let crowd = self.crowds.iter().find(mine)?;
        let card = self.consumers.iter().any(|place| place.node == node);
        (!card).then_some(crowd)
    }

    /// The layout at `t`: the cards beside a crowd taken by those who stand out.
    pub(super) fn settled(&self, timeline: &Timeline, t: Instant) -> Cow<'_, Self> {
        if self.crowds.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut settled = self.clone();
        for crowd in &self.crowds {
            for (i, node) in self.outliers(crowd, timeline, t).into_iter().enumerate() {
                settled.consumers.push(Place::new(node, crowd.cards[i], Some(crowd.system)));
                if let (Some(area), Some(server)) =
                    (crowd.buffers.get(i), settled.servers.first_mut())
                {
                    server.buffers.push((node, *area));
                }
            }
        }
        Cow::Owned(settled)
    }

    /// At most [`CARDS`] of a crowd, in order of creation: the selected one, those that are not
    /// there, those that have most to wait for; at least the first.
    fn outliers(&self, crowd: &Crowd, timeline: &Timeline, t: Instant) -> Vec<NodeId> {
        let buffers = match crowd.system {
            System::Redis => buffers(timeline, t),
            System::Kafka => SortedMap::new(),
        };
        let nodes = crowd.nodes.iter().filter_map(|id| timeline.node(*id));
        let weight = |node: &Node| -> (u64, NodeId) {
            let selected = self.view.selected == Some(Target::Node(node.id));
            let state = node.state_at(t);
            let away =
                state != NodeState::Running || node.open.value(t) == 0 || node.interrupted.value(t);
            let load = match crowd.system {
                System::Redis => {
                    buffers.get(&node.id).map_or(0, |(_, level)| *level).max(FULL) - FULL
                }
                System::Kafka => {
                    let party = node.party.and_then(|id| timeline.party(id));
                    let waiting = party.map_or(0, |party| party.sums(t).waiting);
                    u64::from(waiting.saturating_sub(BEHIND))
                }
            };
            (u64::from(selected) << 63 | u64::from(away) << 62 | load, node.id)
        };
        let mut all: Vec<(u64, NodeId)> = nodes.map(weight).filter(|(w, _)| *w > 0).collect();
        all.order_by_key(|(weight, id)| (core::cmp::Reverse(*weight), *id));
        let mut chosen: Vec<NodeId> = all.into_iter().take(CARDS).map(|(_, id)| id).collect();
        if chosen.is_empty() {
            chosen.extend(crowd.nodes.first());
        }
        chosen.order();
        chosen
    }
}

/// What each Redis client's open connection has in its output buffer.
pub(super) fn buffers(timeline: &Timeline, t: Instant) -> SortedMap<NodeId, (ConnectionId, u64)> {
    let open = timeline.wires().iter().filter(|wire| wire.is_open(t));
    open.map(|wire| (wire.client, (wire.id, wire.buffered.value(t)))).collect()
}
