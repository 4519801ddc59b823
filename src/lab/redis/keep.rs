//! What the servers keep in streams and lists, and what follows for those who should get it.
//!
//! Follows the servers' facts; where a fact says only that something went as a whole, the server
//! is asked what is left.

use super::super::World;
use super::super::node::Role;
use crate::event::{
    EventId, LostReason, MessageId, Name, NodeId, PartyId, RedisFact, Standing, Tag,
};
use crate::sim::{SortedMap, SortedSet};
use std::collections::VecDeque;

/// An entry's id.
type Id = (u64, u64);

/// What one server's streams and lists hold.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Store {
    streams: SortedMap<Name, Kept>,
    /// How many elements of each message.
    lists: SortedMap<Name, SortedMap<MessageId, u32>>,
}

/// A stream's entries.
#[derive(Clone, Debug, Default)]
struct Kept {
    /// In order; not every entry is a message.
    entries: VecDeque<(Id, Option<MessageId>)>,
    /// The same by message.
    places: SortedSet<(MessageId, Id)>,
}

impl Kept {
    fn push(&mut self, id: Id, message: Option<MessageId>) {
        self.entries.push_back((id, message));
        self.places.extend(message.map(|message| (message, id)));
    }

    /// Drops its first entries.
    fn trim(&mut self, removed: u64) -> Vec<MessageId> {
        let removed = self.entries.len().min(removed as usize);
        let gone: Vec<_> = self.entries.drain(..removed).collect();
        for (id, message) in &gone {
            self.forget(*message, *id);
        }
        gone.into_iter().filter_map(|(_, message)| message).collect()
    }

    fn delete(&mut self, id: Id) -> Option<MessageId> {
        let at = self.entries.binary_search_by_key(&id, |(known, _)| *known).ok()?;
        let (_, message) = self.entries.remove(at)?;
        self.forget(message, id);
        message
    }

    fn forget(&mut self, message: Option<MessageId>, id: Id) {
        if let Some(message) = message {
            self.places.remove(&(message, id));
        }
    }

    /// The ids under which it holds a message.
    fn ids(&self, message: MessageId) -> impl Iterator<Item = Id> + '_ {
        let all = (message, (0, 0))..=(message, (u64::MAX, u64::MAX));
        self.places.range(all).map(|(_, id)| *id)
    }
}

/// What a server did in one go.
#[derive(Default)]
pub(super) struct Batch {
    /// Messages of which the server dropped a copy.
    gone: Vec<(MessageId, EventId)>,
    /// Something went as a whole.
    swept: Option<EventId>,
}

/// What a party's messages lie in.
#[derive(Clone)]
enum Keys {
    /// A stream, and its dead-letter stream; the group, where it reads in one.
    Stream(Name, Option<Name>),
    /// A list, and its workers' processing lists.
    List(Name),
}

/// The stream in which what cannot be handled is parked.
pub(super) fn dead_letters(stream: &str) -> Name {
    format!("{stream}-dlq").into()
}

/// The list in which a worker keeps what it works on.
pub(super) fn processing(list: &str, worker: &str) -> Name {
    format!("{list}:processing:{worker}").into()
}

fn parse(id: &str) -> Id {
    let (ms, seq) = id.split_once('-').unwrap_or((id, "0"));
    (ms.parse().unwrap_or(0), seq.parse().unwrap_or(0))
}

impl Store {
    fn stream_holds(&self, key: &str, message: MessageId) -> bool {
        self.streams.get(key).is_some_and(|stream| stream.ids(message).next().is_some())
    }

    fn list_holds(&self, list: &str, message: MessageId) -> bool {
        let prefix = processing(list, "");
        self.lists.iter().any(|(key, held)| {
            (**key == *list || key.starts_with(&*prefix)) && held.contains_key(&message)
        })
    }

    fn list_add(&mut self, key: &Name, message: MessageId) {
        *self.lists.entry(key.clone()).or_default().entry(message).or_default() += 1;
    }

    fn list_drop(&mut self, key: &Name, message: MessageId) -> bool {
        let Some(list) = self.lists.get_mut(key) else { return false };
        let Some(count) = list.get_mut(&message) else { return false };
        *count -= 1;
        if *count == 0 {
            list.remove(&message);
        }
        true
    }

    /// Whether it holds something under this key.
    fn knows(&self, key: &Name) -> bool {
        self.streams.contains_key(key) || self.lists.contains_key(key)
    }

    /// Every copy that it holds.
    pub(in super::super) fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        let entries = self.streams.values().flat_map(|stream| &stream.entries);
        let elements = self.lists.values().flatten();
        let elements =
            elements.flat_map(|(message, count)| std::iter::repeat_n(*message, *count as usize));
        entries.filter_map(|(_, message)| *message).chain(elements)
    }

    /// What the server itself says that it holds.
    fn of(server: &crate::redis::Server) -> Self {
        let mut store = Self::default();
        server.each_entry(|key, id, tag| {
            store.streams.entry(key.into()).or_default().push(id, tag.map(|tag| tag.message));
        });
        server.each_element(|key, tag| {
            if let Some(tag) = tag {
                store.list_add(&key.into(), tag.message);
            }
        });
        store
    }
}

impl World {
    fn store(&mut self, node: NodeId) -> Option<&mut Store> {
        match &mut self.node_mut(node).role {
            Role::Redis(process) => Some(&mut process.store),
            _ => None,
        }
    }

    /// Notes what a fact says about streams and lists.
    pub(super) fn keep(
        &mut self,
        node: NodeId,
        fact: &RedisFact,
        event: EventId,
        batch: &mut Batch,
    ) {
        match fact {
            RedisFact::EntryAdded { key, id, tag, .. } => {
                if let Some(store) = self.store(node) {
                    let message = tag.map(|tag| tag.message);
                    store.streams.entry(key.clone()).or_default().push(parse(id), message);
                }
                self.stored_in(node, key, *tag, event);
            }
            RedisFact::Trimmed { key, removed, .. } => {
                let stream = self.store(node).and_then(|store| store.streams.get_mut(key));
                let gone = stream.map_or_else(Vec::new, |stream| stream.trim(*removed));
                batch.gone.extend(gone.into_iter().map(|message| (message, event)));
            }
            RedisFact::EntryDeleted { key, id, .. } => {
                let stream = self.store(node).and_then(|store| store.streams.get_mut(key));
                let gone = stream.and_then(|stream| stream.delete(parse(id)));
                batch.gone.extend(gone.map(|message| (message, event)));
            }
            RedisFact::ElementPushed { key, tag: Some(tag), .. } => {
                if let Some(store) = self.store(node) {
                    store.list_add(key, tag.message);
                }
                self.stored_in(node, key, Some(*tag), event);
            }
            RedisFact::ElementPopped { key, client, tag: Some(tag), .. } => {
                let dropped = self.store(node).is_some_and(|s| s.list_drop(key, tag.message));
                batch.gone.extend(dropped.then_some((tag.message, event)));
                if let Some(client) = client
                    && self.network.wire(*client).is_some_and(|wire| wire.server == node)
                {
                    self.hand_out(*client, tag.message, event);
                }
            }
            RedisFact::ElementMoved { from, to, tag: Some(tag), .. } => {
                if let Some(store) = self.store(node) {
                    if store.list_drop(from, tag.message) {
                        store.list_add(to, tag.message);
                    }
                    batch.gone.push((tag.message, event));
                    self.ledger.stored(tag.message, true);
                }
            }
            RedisFact::Delivered { key, group, consumer, tag: Some(tag), .. }
            | RedisFact::Claimed { key, group, consumer, tag: Some(tag), .. } => {
                if let Some(client) = self.stream_client(node, key, group, consumer) {
                    self.hand_out(client, tag.message, event);
                }
            }
            RedisFact::GroupCreated { key, group, id } => {
                self.group_moved(node, key, group, parse(id), event);
            }
            RedisFact::ElementsRemoved { key, tags, .. } => {
                for tag in tags {
                    let dropped = self.store(node).is_some_and(|s| s.list_drop(key, tag.message));
                    batch.gone.extend(dropped.then_some((tag.message, event)));
                }
            }
            RedisFact::GroupMoved { key, group, id } => {
                self.group_moved(node, key, group, parse(id), event);
            }
            RedisFact::ConsumerDeleted { key, group, .. } => {
                self.passed_over(node, key, group, event);
            }
            RedisFact::Acknowledged { key, group, tag: Some(tag), .. } => {
                if let Some(party) = self.read_by(node, key, group) {
                    self.pass_over(tag.message, party, event);
                }
            }
            RedisFact::KeyDeleted { key }
            | RedisFact::KeyCopied { from: key, .. }
            | RedisFact::Expired { key }
            | RedisFact::Evicted { key }
                if self.store(node).is_some_and(|store| store.knows(key)) =>
            {
                batch.swept = Some(event);
            }
            RedisFact::Flushed => batch.swept = Some(event),
            _ => {}
        }
    }

    /// The end of what a server did in one go: what it dropped may be lost.
    pub(super) fn kept(&mut self, node: NodeId, mut batch: Batch) {
        if let Some(event) = batch.swept {
            let Role::Redis(process) = &mut self.node_mut(node).role else { return };
            let left = Store::of(&process.server);
            let before = std::mem::replace(&mut process.store, left);
            let mut copies: SortedMap<MessageId, i64> = SortedMap::new();
            for message in before.messages() {
                *copies.entry(message).or_default() += 1;
            }
            for message in process.store.messages() {
                *copies.entry(message).or_default() -= 1;
            }
            for (message, more) in copies {
                for _ in more..0 {
                    self.ledger.stored(message, true);
                }
                batch.gone.extend((0..more).map(|_| (message, event)));
            }
        }
        // A replica drops what its primary dropped, or all of it for its primary's data set.
        let primary = self.redis_server() == Some(node);
        let reason = if primary { LostReason::Evicted } else { LostReason::Replication };
        for (message, event) in batch.gone {
            self.copy_dropped(message, reason, event);
        }
    }

    /// A server's process is gone with its memory.
    pub(in super::super) fn memory_gone(&mut self, node: NodeId, event: EventId) {
        let Some(store) = self.store(node).map(std::mem::take) else { return };
        if self.redis_server() == Some(node) {
            for other in self.redis_nodes() {
                self.publications_gone(other, event);
            }
        }
        for message in store.messages() {
            self.copy_dropped(message, LostReason::Replication, event);
        }
    }

    /// A server keeps one copy of the message less.
    fn copy_dropped(&mut self, message: MessageId, reason: LostReason, event: EventId) {
        self.ledger.stored(message, false);
        self.reconsider(message, reason, event);
        self.fold(message);
    }

    /// A stream or a list took a message: it waits there for those it is owed to, or is parked.
    fn stored_in(&mut self, node: NodeId, key: &Name, tag: Option<Tag>, event: EventId) {
        let Some(tag) = tag else { return };
        self.ledger.stored(tag.message, true);
        if self.redis_server() != Some(node) {
            return;
        }
        if let Some(party) = self.parking.remove(&tag.copy) {
            if self.ledger.standing(tag.message, party) == Some(Standing::Waiting) {
                self.settle(tag.message, party, Standing::Parked, Some(event));
            }
            return;
        }
        for (party, standing) in self.ledger.standings(tag.message) {
            let reopened =
                matches!(standing, Standing::OnItsWay | Standing::Refused | Standing::Lost(_));
            let waits = || match self.keys(party) {
                Some(Keys::Stream(stream, _)) => stream == *key,
                Some(Keys::List(list)) => list == *key,
                None => false,
            };
            if reopened && waits() {
                self.settle(tag.message, party, Standing::Waiting, Some(event));
            }
        }
    }

    /// The party that reads a stream of the primary in a group.
    fn read_by(&self, node: NodeId, key: &Name, group: &Name) -> Option<PartyId> {
        if self.redis_server() != Some(node) {
            return None;
        }
        self.stream_group(key, group)
    }

    /// A group reads behind `start` from now on: it is owed what lies there, once more where it
    /// had it, and passes over what does not.
    fn group_moved(&mut self, node: NodeId, key: &Name, group: &Name, start: Id, event: EventId) {
        if let Some(party) = self.read_by(node, key, group) {
            self.begin_at(node, key, party, start, event);
        }
    }

    /// A party's reading of a stream begins behind `start`.
    pub(in super::super) fn begin_at(
        &mut self,
        node: NodeId,
        key: &Name,
        party: PartyId,
        start: Id,
        event: EventId,
    ) {
        let stream = self.store(node).and_then(|store| store.streams.get(key));
        let entries: Vec<_> = stream.into_iter().flat_map(|s| &s.entries).copied().collect();
        let grouped = matches!(self.keys(party), Some(Keys::Stream(_, Some(_))));
        for (id, message) in entries {
            let Some(message) = message else { continue };
            if id <= start {
                if grouped {
                    // What is pending is still given to those who claim it.
                    self.pass_over(message, party, event);
                } else if !self.is_under_way(message, party) {
                    self.lose(message, party, LostReason::Skipped, Some(event));
                }
                continue;
            }
            self.ledger.admit(message, party);
            match self.ledger.standing(message, party) {
                Some(
                    Standing::OnItsWay | Standing::Lost(LostReason::Skipped | LostReason::Failed),
                ) => self.settle(message, party, Standing::Waiting, Some(event)),
                Some(Standing::Delivered) => drop(self.reread.insert((message, party))),
                _ => {}
            }
        }
    }

    /// A group lost pending entries that it will not be given again.
    fn passed_over(&mut self, node: NodeId, key: &Name, group: &Name, event: EventId) {
        let Some(party) = self.read_by(node, key, group) else { return };
        let stream = self.store(node).and_then(|store| store.streams.get(key));
        let messages = stream.into_iter().flat_map(|stream| &stream.entries);
        let messages: Vec<_> = messages.filter_map(|(_, message)| *message).collect();
        for message in messages {
            self.pass_over(message, party, event);
        }
    }

    /// The message is lost to a party that will not be given it any more, though it is there.
    fn pass_over(&mut self, message: MessageId, party: PartyId, event: EventId) {
        if self.ledger.standing(message, party) == Some(Standing::Waiting)
            && !self.is_kept(message, party, Standing::Waiting)
            && !self.is_under_way(message, party)
        {
            self.settle(message, party, Standing::Lost(LostReason::Skipped), Some(event));
        }
    }

    fn keys(&self, party: PartyId) -> Option<Keys> {
        self.nodes.iter().find_map(|node| match &node.role {
            Role::StreamReader(r) if r.party == party => {
                Some(Keys::Stream(r.stream.clone(), r.group.clone()))
            }
            Role::ListWorker(w) if w.party == party => Some(Keys::List(w.list.clone())),
            _ => None,
        })
    }

    /// Whether a client of the party has the message, or it is on its way to one.
    pub(super) fn is_under_way(&self, message: MessageId, party: PartyId) -> bool {
        let ids = (0_u32..).map(NodeId);
        ids.zip(&self.nodes).any(|(id, node)| {
            node.role.handler().is_some_and(|(handler, of)| {
                let outstanding = || {
                    let connection = self.redis_connection(id)?;
                    self.outstanding.get(&connection)
                };
                of == party
                    && (handler.holds(message)
                        || matches!(&node.role, Role::StreamReader(r) if r.doubts(message))
                        || outstanding().is_some_and(|all| all.iter().any(|(m, _)| *m == message)))
            })
        })
    }

    /// A copy of the message is gone: it is lost to those for whom it was the last one.
    pub(in super::super) fn reconsider(
        &mut self,
        message: MessageId,
        reason: LostReason,
        cause: EventId,
    ) {
        for (party, standing) in self.ledger.standings(message) {
            if !matches!(standing, Standing::Waiting | Standing::Parked) {
                continue;
            }
            if self.keys(party).is_some()
                && !self.is_kept(message, party, standing)
                && !self.is_under_way(message, party)
            {
                self.settle(message, party, Standing::Lost(reason), Some(cause));
            }
        }
    }

    /// Whether a server keeps the message where the party finds it.
    pub(super) fn is_kept(&self, message: MessageId, party: PartyId, standing: Standing) -> bool {
        let Some(keys) = self.keys(party) else { return false };
        self.keepers().into_iter().any(|node| match (&self.node(node).role, &keys) {
            (Role::Redis(process), Keys::Stream(key, _)) if standing == Standing::Parked => {
                process.store.stream_holds(&dead_letters(key), message)
            }
            // A group gives what lies behind its bookmark or is pending; one that is not there
            // (yet) may be created before it.
            (Role::Redis(process), Keys::Stream(key, Some(group))) => {
                let given = |id| process.server.group_awaits(key, group, id).unwrap_or(true);
                process.store.streams.get(key).is_some_and(|s| s.ids(message).any(given))
            }
            (Role::Redis(process), Keys::Stream(key, None)) => {
                process.store.stream_holds(key, message)
            }
            (Role::Redis(process), Keys::List(key)) => process.store.list_holds(key, message),
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, CopyId, Settings};

    /// A safe worker removes each element when it is done with it: nothing else is looked at.
    #[test]
    fn removing_an_element_looks_at_no_other() {
        let mut world = World::new(1);
        let config = Settings::new();
        world.act(Action::AddRedis { name: "redis-1".into(), config }).expect("it can be done");
        let (node, event, key) = (NodeId(0), EventId(0), Name::from("jobs"));
        let tag = |n| Tag { message: MessageId(n), copy: CopyId(n) };
        let store = world.store(node).expect("it is a server");
        (1..=1_000).for_each(|n| store.list_add(&key, MessageId(n)));
        let mut batch = Batch::default();
        let tags = vec![tag(7), tag(8)];
        let fact = RedisFact::ElementsRemoved { key: key.clone(), removed: 2, tags, length: 998 };
        world.keep(node, &fact, event, &mut batch);
        assert_eq!(batch.swept, None, "the data set is not searched");
        assert_eq!(batch.gone, [(MessageId(7), event), (MessageId(8), event)]);
        let store = world.store(node).expect("it is a server");
        assert_eq!(store.messages().count(), 998);
        assert!(!store.list_holds(&key, MessageId(7)) && store.list_holds(&key, MessageId(9)));
        // A key that held nothing is nothing to look for.
        world.keep(node, &RedisFact::Expired { key: "filler".into() }, event, &mut batch);
        assert_eq!(batch.swept, None);
    }
}
