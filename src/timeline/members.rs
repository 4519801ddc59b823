//! Whose a group's member id is. The coordinator makes the id, from `client.id` or
//! `group.instance.id` (`ClassicGroup#generateMemberId`), so its text says nothing sure of the
//! consumer; the consumer itself names it in its facts, once the coordinator has told it.
//!
//! Knows member ids and nodes; must not know what is drawn of them.

use super::topology::Clock;
use crate::event::{Name, NodeId};
use crate::sim::SortedMap;

/// The member id that each consumer has.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    ids: SortedMap<NodeId, Name>,
    /// Whose each id ever was.
    known: SortedMap<Name, NodeId>,
    /// Sessions of members whose consumer has not named itself: its coordinator's answer is under
    /// way.
    unclaimed: SortedMap<Name, Clock>,
}

impl Members {
    /// The consumer that had this id, now or before; none until it has named itself.
    pub(super) fn who(&self, member: &Name) -> Option<NodeId> {
        self.known.get(member).copied()
    }

    fn owner(&self, member: &Name) -> Option<NodeId> {
        self.ids.iter().find(|(_, id)| *id == member).map(|(node, _)| *node)
    }

    /// A consumer named its id, which is empty while it has none. Returns the session that the
    /// coordinator had begun for it before.
    pub(super) fn claim(&mut self, member: &Name, node: NodeId) -> Option<Clock> {
        if member.is_empty() {
            return None;
        }
        self.ids.insert(node, member.clone());
        self.known.insert(member.clone(), node);
        self.unclaimed.remove(member)
    }

    /// The coordinator began a member's session anew. Returns whose it is, where that is known;
    /// else the session is kept for who claims it.
    pub(super) fn session(&mut self, member: &Name, clock: Clock) -> Option<NodeId> {
        let owner = self.owner(member);
        if owner.is_none() {
            self.unclaimed.insert(member.clone(), clock);
        }
        owner
    }

    /// The coordinator removed a member. Returns whose id it was.
    pub(super) fn remove(&mut self, member: &Name) -> Option<NodeId> {
        self.unclaimed.remove(member);
        let owner = self.owner(member)?;
        self.ids.remove(&owner);
        Some(owner)
    }
}
