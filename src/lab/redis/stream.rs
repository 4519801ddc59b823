//! Readers of streams: consumers of a group (`XREADGROUP`, `XACK`, `XAUTOCLAIM`) and plain ones
//! (`XREAD`).
//!
//! One connection, one thread: a reader reads, handles what it got entry by entry, acknowledges
//! each, and reads again. What another consumer left pending it claims before a read.

use super::super::handler::Handler;
use super::super::node::{InHand, Role, Taken};
use super::super::{Due, World};
use super::keep::dead_letters;
use super::{RECONNECT, elements, text, words};
use crate::event::{
    ConnectionId, EventId, LostReason, MessageId, Name, NodeId, PartyId, Payload, Tag,
};
use crate::redis::Frame;
use crate::sim::{Instant, Span};
use std::collections::VecDeque;

/// How a reader reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct StreamConfig {
    /// `COUNT`; none for all.
    pub(in super::super) count: Option<u32>,
    /// `BLOCK`; zero for ever.
    pub(in super::super) block: Span,
    /// `NOACK`
    pub(in super::super) noack: bool,
    /// Whether it starts behind what is there (`$`), else at the beginning (`0`).
    pub(in super::super) at_end: bool,
    /// How long an entry must be pending before it is claimed; zero never.
    pub(in super::super) min_idle: Span,
    /// Deliveries after which an entry is parked; zero never.
    pub(in super::super) max_deliveries: u32,
}

/// What a reader has asked for.
#[derive(Clone, Debug)]
enum Ask {
    Create,
    Read,
    Claim,
    /// How often the entries in doubt were delivered.
    Count,
    Acknowledge(Name),
    Park,
}

/// An entry that was claimed.
#[derive(Clone, Debug)]
struct Entry {
    id: Name,
    tag: Option<Tag>,
    fields: Vec<Payload>,
}

/// A Redis client that reads a stream, and its application.
#[derive(Clone, Debug)]
pub(in super::super) struct StreamReader {
    pub(in super::super) party: PartyId,
    pub(in super::super) stream: Name,
    pub(in super::super) group: Option<Name>,
    pub(in super::super) config: StreamConfig,
    pub(in super::super) connection: Option<ConnectionId>,
    pub(in super::super) handler: Handler,
    asked: VecDeque<Ask>,
    /// Whether the group is known to be there.
    created: bool,
    /// Handled, and `XACK` not yet answered: sent again over a new connection.
    unacknowledged: Vec<Name>,
    /// Claimed, until it is known how often they were delivered.
    doubtful: Vec<Entry>,
    /// The last entry that a plain reader was given.
    last: Option<Name>,
    claimed: Option<Instant>,
}

impl StreamReader {
    pub(in super::super) fn new(
        party: PartyId,
        stream: Name,
        group: Option<Name>,
        config: StreamConfig,
        handler: Handler,
    ) -> Self {
        Self {
            party,
            stream,
            group,
            config,
            connection: None,
            handler,
            asked: VecDeque::new(),
            created: false,
            unacknowledged: Vec::new(),
            doubtful: Vec::new(),
            last: None,
            claimed: None,
        }
    }

    /// Whether what it was given and did not finish can be read again.
    pub(super) fn can_read_again(&self) -> bool {
        match self.group {
            Some(_) => !self.config.noack,
            // It knows where it was, or begins at the beginning.
            None => self.last.is_some() || !self.config.at_end,
        }
    }

    /// Whether it has claimed the message and not yet looked at it.
    pub(super) fn doubts(&self, message: MessageId) -> bool {
        self.doubtful.iter().any(|e| e.tag.is_some_and(|tag| tag.message == message))
    }

    /// The process is gone: everything in its memory.
    pub(in super::super) fn forget(&mut self) {
        self.asked.clear();
        self.unacknowledged.clear();
        self.doubtful.clear();
        self.last = None;
        self.created = false;
        self.claimed = None;
    }

    fn waits(&self) -> bool {
        self.asked.iter().any(|ask| !matches!(ask, Ask::Acknowledge(_) | Ask::Park))
    }

    /// The next command of its loop.
    fn next(&self, name: &str, now: Instant) -> (Ask, Vec<Payload>) {
        let config = &self.config;
        let count = config.count.map(|count| count.to_string());
        let mut args: Vec<Payload> = Vec::new();
        let mut say = |more: &[&str]| args.extend(more.iter().map(|word| Payload::from(*word)));
        let Some(group) = &self.group else {
            say(&["XREAD"]);
            if let Some(count) = &count {
                say(&["COUNT", count]);
            }
            let start = if config.at_end { "$" } else { "0" };
            let last = self.last.as_deref().unwrap_or(start);
            let block = config.block.as_millis().to_string();
            say(&["BLOCK", &block, "STREAMS", &self.stream, last]);
            return (Ask::Read, args);
        };
        if !self.created {
            let start = if config.at_end { "$" } else { "0" };
            say(&["XGROUP", "CREATE", &self.stream, group, start, "MKSTREAM"]);
            return (Ask::Create, args);
        }
        let looked = self.claimed.is_some_and(|at| now.since(at) < config.block);
        if config.min_idle > Span::ZERO && !config.noack && !looked {
            let idle = config.min_idle.as_millis().to_string();
            say(&["XAUTOCLAIM", &self.stream, group, name, &idle, "0-0"]);
            if let Some(count) = &count {
                say(&["COUNT", count]);
            }
            return (Ask::Claim, args);
        }
        say(&["XREADGROUP", "GROUP", group, name]);
        if let Some(count) = &count {
            say(&["COUNT", count]);
        }
        say(&["BLOCK", &config.block.as_millis().to_string()]);
        if config.noack {
            say(&["NOACK"]);
        }
        say(&["STREAMS", &self.stream, ">"]);
        (Ask::Read, args)
    }
}

/// The entries of `[[id, [field, value ...]] ...]`, with the copies that arrived.
fn entries(frame: &Frame, tags: &mut impl Iterator<Item = Tag>) -> Vec<Entry> {
    let entry = |frame: &Frame| {
        let [id, fields] = elements(frame) else { return None };
        let fields: Vec<Payload> = elements(fields)
            .iter()
            .filter_map(|field| match field {
                Frame::Bulk(payload) => Some(payload.clone()),
                _ => None,
            })
            .collect();
        let tagged = fields.iter().filter(|field| field.tag().is_some()).count();
        Some(Entry { id: text(id)?, tag: tags.take(tagged).last(), fields })
    };
    elements(frame).iter().filter_map(entry).collect()
}

impl World {
    fn stream_reader(&mut self, node: NodeId) -> Option<&mut StreamReader> {
        match &mut self.node_mut(node).role {
            Role::StreamReader(reader) => Some(reader),
            _ => None,
        }
    }

    /// The connection of the consumer that a server delivered an entry to.
    pub(super) fn stream_client(
        &self,
        server: NodeId,
        key: &Name,
        group: &Name,
        consumer: &Name,
    ) -> Option<ConnectionId> {
        let connection = self.nodes.iter().find_map(|node| match &node.role {
            Role::StreamReader(r)
                if node.name == *consumer
                    && r.stream == *key
                    && r.group.as_ref() == Some(group) =>
            {
                r.connection
            }
            _ => None,
        })?;
        self.network.wire(connection).filter(|wire| wire.server == server).map(|_| connection)
    }

    /// A reader's connection stands: nothing that it had asked for will be answered.
    pub(super) fn stream_connected(&mut self, node: NodeId, cause: EventId) {
        let Some(reader) = self.stream_reader(node) else { return };
        reader.asked.clear();
        reader.doubtful.clear();
        reader.created = false;
        let unacknowledged = std::mem::take(&mut reader.unacknowledged);
        for id in unacknowledged {
            self.acknowledge_entry(node, id, Some(cause));
        }
        self.stream_next(node, Some(cause));
    }

    fn stream_ask(
        &mut self,
        node: NodeId,
        ask: Ask,
        args: Vec<Payload>,
        tags: Vec<Tag>,
        cause: Option<EventId>,
    ) {
        let Some(id) = self.live(node) else { return };
        if let Some(reader) = self.stream_reader(node) {
            reader.asked.push_back(ask);
            self.redis_send(id, args, tags, cause);
        }
    }

    /// A reader that is free and waits for no answer goes on with its loop.
    pub(super) fn stream_next(&mut self, node: NodeId, cause: Option<EventId>) {
        let (now, name) = (self.now, self.node(node).name.clone());
        let Some(reader) = self.stream_reader(node) else { return };
        if reader.handler.is_idle() && !reader.waits() {
            let (ask, args) = reader.next(&name, now);
            self.stream_ask(node, ask, args, Vec::new(), cause);
        }
    }

    pub(super) fn stream_answered(
        &mut self,
        node: NodeId,
        frame: &Frame,
        tags: &[Tag],
        cause: EventId,
    ) {
        let now = self.now;
        let mut tags = tags.iter().copied();
        let Some(reader) = self.stream_reader(node) else { return };
        let Some(ask) = reader.asked.pop_front() else { return };
        let refused = matches!(frame, Frame::Error(_));
        match ask {
            Ask::Create => {
                // BUSYGROUP: somebody has created it before.
                reader.created =
                    !matches!(frame, Frame::Error(text) if !text.starts_with("BUSYGROUP"));
            }
            Ask::Acknowledge(id) => {
                reader.unacknowledged.retain(|waiting| *waiting != id);
                return;
            }
            Ask::Park => return,
            _ if refused => {
                // The group is gone, or this server takes no writes: it begins anew.
                reader.created = false;
            }
            Ask::Read => {
                let found = elements(frame).first().and_then(|pair| elements(pair).get(1));
                let found = found.map_or_else(Vec::new, |found| entries(found, &mut tags));
                if let Some(last) = found.last() {
                    reader.last = Some(last.id.clone());
                }
                self.take_entries(node, found, cause);
            }
            Ask::Claim => {
                reader.claimed = Some(now);
                let found = elements(frame).get(1);
                let found = found.map_or_else(Vec::new, |found| entries(found, &mut tags));
                if reader.config.max_deliveries == 0 {
                    self.take_entries(node, found, cause);
                } else {
                    self.count_deliveries(node, found, cause);
                }
            }
            Ask::Count => self.park_or_take(node, frame, cause),
        }
        let ready = |reader: &mut StreamReader| reader.created || reader.group.is_none();
        if refused && !self.stream_reader(node).is_some_and(ready) {
            self.queue.push(now + RECONNECT, Due::Reconnect(node));
        } else {
            self.stream_next(node, Some(cause));
        }
    }

    fn take_entries(&mut self, node: NodeId, entries: Vec<Entry>, cause: EventId) {
        for entry in entries {
            match entry.tag {
                Some(tag) => {
                    let taken = Some(Taken::Entry(entry.id));
                    let job = InHand { tag, cause: Some(cause), bytes: 0, record: None, taken };
                    self.received(node, job);
                }
                // Somebody added it by hand: there is nothing to do but to acknowledge it.
                None => self.acknowledge_entry(node, entry.id, Some(cause)),
            }
        }
    }

    /// `XAUTOCLAIM` does not say how often an entry was delivered; `XPENDING` does.
    fn count_deliveries(&mut self, node: NodeId, claimed: Vec<Entry>, cause: EventId) {
        let name = self.node(node).name.clone();
        let (Some(first), Some(last)) = (claimed.first(), claimed.last()) else { return };
        let (first, last) = (first.id.clone(), last.id.clone());
        let count = claimed.len().to_string();
        let Some(reader) = self.stream_reader(node) else { return };
        let Some(group) = reader.group.clone() else { return };
        reader.doubtful = claimed;
        let args = words(&["XPENDING", &reader.stream, &group, &first, &last, &count, &name]);
        self.stream_ask(node, Ask::Count, args, Vec::new(), Some(cause));
    }

    /// Parks what was delivered too often, and takes the rest.
    fn park_or_take(&mut self, node: NodeId, frame: &Frame, cause: EventId) {
        let Some(reader) = self.stream_reader(node) else { return };
        let most = i64::from(reader.config.max_deliveries);
        let (party, target) = (reader.party, dead_letters(&reader.stream));
        let spent: Vec<Name> = elements(frame)
            .iter()
            .filter_map(|row| match elements(row) {
                [id, .., Frame::Integer(deliveries)] if *deliveries > most => text(id),
                _ => None,
            })
            .collect();
        let claimed = std::mem::take(&mut reader.doubtful);
        let (parked, rest): (Vec<_>, Vec<_>) =
            claimed.into_iter().partition(|entry| spent.contains(&entry.id));
        for entry in parked {
            let mut args = words(&["XADD", &target, "*"]);
            let tag = entry.tag.map(|tag| Tag { message: tag.message, copy: self.next_copy() });
            args.extend(entry.fields.into_iter().map(|field| match (field.tag(), tag) {
                (Some(_), Some(tag)) => field.with_tag(tag),
                _ => field,
            }));
            if let Some(tag) = tag {
                self.parking.insert(tag.copy, party);
            }
            self.stream_ask(node, Ask::Park, args, tag.into_iter().collect(), Some(cause));
            self.acknowledge_entry(node, entry.id, Some(cause));
        }
        self.take_entries(node, rest, cause);
    }

    /// `XACK`, now or when there is a connection again.
    pub(in super::super) fn acknowledge_entry(
        &mut self,
        node: NodeId,
        id: Name,
        cause: Option<EventId>,
    ) {
        let Some(reader) = self.stream_reader(node) else { return };
        let Some(group) = reader.group.clone().filter(|_| !reader.config.noack) else { return };
        let args = words(&["XACK", &reader.stream, &group, &id]);
        reader.unacknowledged.push(id.clone());
        self.stream_ask(node, Ask::Acknowledge(id), args, Vec::new(), cause);
    }

    /// A reader's handler failed: a group's entry stays pending until it is claimed again, and
    /// nobody gives a plain reader its entry once more.
    pub(in super::super) fn entry_failed(
        &mut self,
        node: NodeId,
        message: MessageId,
        party: PartyId,
        event: EventId,
    ) {
        let pending = |reader: &mut StreamReader| reader.group.is_some() && !reader.config.noack;
        if self.stream_reader(node).is_some_and(pending) {
            self.reconsider(message, LostReason::Evicted, event);
        } else {
            self.lose(message, party, LostReason::Failed, Some(event));
        }
    }

    /// A plain reader said `$`: what it had not been given lies behind it.
    pub(super) fn stream_skipped(&mut self, node: NodeId, cause: EventId) {
        let Some(reader) = self.stream_reader(node) else { return };
        let (party, stream) = (reader.party, reader.stream.clone());
        if let Some(server) = self.redis_server().filter(|_| self.is_plain(node)) {
            self.begin_at(server, &stream, party, (u64::MAX, u64::MAX), cause);
        }
    }

    fn is_plain(&self, node: NodeId) -> bool {
        matches!(&self.node(node).role, Role::StreamReader(reader) if reader.group.is_none())
    }
}
