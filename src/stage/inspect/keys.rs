//! What a Redis server keeps under a key: streams with their groups, and lists.

use super::{At, Cell, Sheet};
use crate::event::{Name, NodeId, Tag};
use crate::stage::Target;
use crate::timeline::clock::clock;
use crate::timeline::{List, Stream};

/// Entries listed at most.
const LISTED: usize = 12;

impl At<'_> {
    pub(super) fn stream(self, server: NodeId, key: &Name) -> Option<Sheet> {
        let t = self.t;
        let of =
            |stream: &&Stream| stream.server == server && stream.key == *key && stream.created <= t;
        let found = self.timeline.streams().iter().find(of)?;
        let there = || found.there(t);
        let what = if found.is_dead_letter() { "dead-letter stream" } else { "stream" };
        let mut sheet = Sheet::new(&**key, what);
        let id = |entry: Option<(u64, &crate::timeline::Entry)>| {
            entry.map_or_else(|| Cell::of("none", "dim"), |(_, entry)| Cell::new(&*entry.id))
        };
        sheet.rows(vec![
            ("server", Cell::to(&*self.name_of(server), Target::Node(server))),
            ("length (XLEN)", Cell::new(found.length(t).to_string())),
            ("first entry", id(there().next())),
            ("last entry", id(there().next_back())),
        ]);
        let groups = found.groups(t).map(|group| {
            vec![
                Cell::new(&*group.name),
                Cell::count(found.unread(group, t), "waiting"),
                Cell::count(u64::from(group.pending(t)), "waiting"),
            ]
        });
        sheet.table("Groups", &["group", "not delivered", "pending"], groups.collect());
        let rows = there().rev().take(LISTED).map(|(count, entry)| {
            let owners: Vec<String> = found
                .groups(t)
                .filter_map(|group| group.owner(count, t))
                .map(|owner| format!("{}, {}\u{d7}", owner.consumer, owner.deliveries))
                .collect();
            let owner = if owners.is_empty() {
                Cell::of("-", "dim")
            } else {
                Cell::of(owners.join("; "), "waiting")
            };
            vec![Cell::new(&*entry.id), self.tagged(entry.tag), owner]
        });
        let rows = rows.collect();
        sheet.table("Newest entries", &["id", "message", "pending for"], rows);
        Some(sheet)
    }

    pub(super) fn list(self, server: NodeId, key: &Name) -> Option<Sheet> {
        let of = |list: &&List| list.server == server && list.key == *key && list.created <= self.t;
        let found = self.timeline.lists().iter().find(of)?;
        let mut sheet = Sheet::new(&**key, "list");
        sheet.rows(vec![
            ("server", Cell::to(&*self.name_of(server), Target::Node(server))),
            ("length (LLEN)", Cell::new(found.length(self.t).to_string())),
        ]);
        if let Some((_, worker)) = found.processes() {
            sheet.words(format!("{worker} keeps here what it works on."));
        }
        let oldest = found.oldest(self.t, LISTED).into_iter();
        let rows = oldest.map(|one| vec![self.tagged(one.tag), Cell::new(clock(one.at))]);
        sheet.table("Popped next", &["message", "pushed"], rows.collect());
        Some(sheet)
    }

    /// The message that a stored thing is.
    pub(super) fn tagged(self, tag: Option<Tag>) -> Cell {
        let message = tag.and_then(|tag| self.timeline.message(tag.message));
        message.map_or_else(
            || Cell::of("-", "dim"),
            |message| Cell::to(self.number(message.id), Target::Message(message.id)),
        )
    }
}
