//! The push lane: Redis servers and the clients on them.
//!
//! Here are the connections, the commands and the replies; what a client does with them stands
//! in a file for each kind of client, and what the servers keep in `keep`.

mod act;
mod console;
mod gauge;
mod keep;
mod list;
pub(super) mod options;
mod publish;
mod pubsub;
mod replica;
mod stream;
mod tools;

pub(super) use keep::Store;
pub(super) use list::ListWorker;
pub(super) use publish::Publisher;
pub(super) use pubsub::{Outstanding, Subscriber};
pub(super) use stream::{StreamConfig, StreamReader};

use super::network::{Body, Load, Wire};
use super::node::Role;
use super::{Due, World};
use crate::event::{
    Cargo, CloseReason, ConnectionId, CopyId, EventId, LostReason, MessageId, Name, NodeId,
    NodeState, PartyId, Payload, RedisFact, Tag, What,
};
use crate::redis::{Frame, Output, Server};
use crate::sim::{Direction, Instant, SortedMap, Span};

/// How long a Redis client waits before it tries to connect again.
const RECONNECT: Span = Span::from_millis(500);

/// A Redis server's process and what the lab knows of it.
#[derive(Clone)]
pub(super) struct RedisProcess {
    pub(super) server: Server,
    /// What its streams and lists hold.
    pub(super) store: Store,
    /// The server it is to follow; none for a primary.
    pub(super) of: Option<Name>,
    /// Its connection to that one.
    link: Option<ConnectionId>,
    /// Offset of the replication stream, as told.
    offset: u64,
    console: console::Console,
    gauge: gauge::Gauge,
}

impl RedisProcess {
    pub(super) fn new(server: Server, of: Option<Name>) -> Self {
        let (store, console) = (Store::default(), console::Console::default());
        let gauge = gauge::Gauge::default();
        Self { server, store, of, link: None, offset: 0, console, gauge }
    }
}

/// Where what a busy server does later came from.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// The departure of the last command on a connection.
    asked: SortedMap<ConnectionId, EventId>,
    /// The departure of the command that carries a copy, until it is answered.
    carried: SortedMap<CopyId, EventId>,
}

impl World {
    /// The Redis server that clients use: the first, until another one is promoted.
    pub(super) fn redis_server(&self) -> Option<NodeId> {
        self.primary
    }

    /// The connection that a Redis client opened, whether it stands or not.
    pub(super) fn redis_connection(&self, node: NodeId) -> Option<ConnectionId> {
        match &self.node(node).role {
            Role::Subscriber(subscriber) => subscriber.connection,
            Role::StreamReader(reader) => reader.connection,
            Role::ListWorker(worker) => worker.connection,
            Role::Source(source) => source.publisher.as_ref()?.connection,
            Role::Redis(process) => process.link,
            _ => None,
        }
    }

    /// Where a Redis client keeps its connection.
    fn redis_slot(&mut self, node: NodeId) -> Option<&mut Option<ConnectionId>> {
        match &mut self.node_mut(node).role {
            Role::Subscriber(subscriber) => Some(&mut subscriber.connection),
            Role::StreamReader(reader) => Some(&mut reader.connection),
            Role::ListWorker(worker) => Some(&mut worker.connection),
            Role::Source(source) => Some(&mut source.publisher.as_mut()?.connection),
            Role::Redis(process) => Some(&mut process.link),
            _ => None,
        }
    }

    /// A Redis client's connection, once it stands.
    fn live(&self, node: NodeId) -> Option<ConnectionId> {
        let id = self.redis_connection(node)?;
        self.network.wire(id).filter(|wire| wire.established).map(|_| id)
    }

    /// A Redis client opens its connection; one that has it goes on with its work.
    pub(super) fn connect_redis(&mut self, node: NodeId) {
        if self.redis_connection(node).is_some() {
            return self.redis_next(node, None);
        }
        let Some(server) = self.redis_target(node) else { return };
        let connection = self.open(node, server);
        if let Some(slot) = self.redis_slot(node) {
            *slot = connection;
        }
        if connection.is_none() && !self.node(node).unplugged {
            self.reconnect_later(node);
        }
    }

    fn reconnect_later(&mut self, node: NodeId) {
        // replicationCron tries once a second.
        let pause = if self.is_redis_node(node) { Span::from_secs(1) } else { RECONNECT };
        self.queue.push(self.now + pause, Due::Reconnect(node));
    }

    pub(super) fn redis_connected(
        &mut self,
        client: NodeId,
        server: NodeId,
        id: ConnectionId,
        cause: EventId,
    ) {
        self.with_server(server, Some(cause), |server, now, out| server.connect(now, id, out));
        if self.network.wire(id).is_none() {
            // It was turned away: too many clients.
            return;
        }
        // What an earlier connection brought in part is gone with it.
        self.begun(client, 0);
        match &self.node(client).role {
            Role::Source(_) => self.send_waiting(client, id, cause),
            Role::Subscriber(_) => self.subscribe(client, id, cause),
            Role::StreamReader(_) => self.stream_connected(client, cause),
            Role::ListWorker(_) => self.list_connected(client, cause),
            Role::Redis(_) => self.with_server(client, Some(cause), |replica, now, out| {
                replica.link_up(now, id, out);
            }),
            _ => {}
        }
    }

    /// A client that waits for nothing asks for its next work.
    pub(super) fn redis_next(&mut self, node: NodeId, cause: Option<EventId>) {
        match &self.node(node).role {
            Role::StreamReader(_) => self.stream_next(node, cause),
            Role::ListWorker(_) => self.list_next(node, cause),
            _ => {}
        }
    }

    /// Sends one command to the server.
    pub(super) fn redis_send(
        &mut self,
        id: ConnectionId,
        args: Vec<Payload>,
        tags: Vec<Tag>,
        cause: Option<EventId>,
    ) {
        let text = |index: usize| -> Name {
            args.get(index).map_or("".into(), |arg| String::from_utf8_lossy(&arg.bytes()).into())
        };
        let command = text(0);
        let cargo = if tags.is_empty() {
            Cargo::RedisCommand { command }
        } else {
            Cargo::RedisSend { command, target: text(1) }
        };
        let bytes = request_bytes(&args);
        let load = Load { cargo, tags, bytes };
        self.transmit(cause, id, Direction::ToServer, Body::Command(args), load);
    }

    pub(super) fn redis_command(
        &mut self,
        server: NodeId,
        id: ConnectionId,
        args: Vec<Payload>,
        cause: EventId,
    ) {
        self.origins.asked.insert(id, cause);
        let copies = args.iter().filter_map(|arg| Some((arg.tag()?.copy, cause)));
        self.origins.carried.extend(copies);
        let plain = args.last().is_some_and(|last| *last == Payload::from("$"));
        self.with_server(server, Some(cause), |server, now, out| server.handle(now, id, args, out));
        let client = self.network.wire(id).map(|wire| wire.client);
        if let Some(client) = client.filter(|_| plain) {
            self.stream_skipped(client, cause);
        }
    }

    /// The client's machine read `bytes` from its socket.
    pub(super) fn redis_acknowledged(&mut self, client: NodeId, bytes: u64, cause: EventId) {
        let Some(id) = self.live(client) else { return };
        let Some(server) = self.network.wire(id).map(|wire| wire.server) else { return };
        self.with_server(server, Some(cause), |server, now, out| {
            server.acknowledged(now, id, bytes, out);
        });
    }

    /// Lets a server do something and carries out what it answers.
    pub(super) fn with_server(
        &mut self,
        node: NodeId,
        cause: Option<EventId>,
        act: impl FnOnce(&mut Server, Instant, &mut Vec<Output>),
    ) {
        let now = self.now;
        let mut out = Vec::new();
        if let Role::Redis(process) = &mut self.node_mut(node).role {
            act(&mut process.server, now, &mut out);
        }
        self.redis_outputs(node, out, cause);
        if let Role::Redis(process) = &mut self.node_mut(node).role {
            let offset = process.server.replication_offset();
            if std::mem::replace(&mut process.offset, offset) != offset {
                self.emit(cause, What::Redis { node, fact: RedisFact::OffsetMoved { offset } });
            }
        }
        self.watch(node);
        self.schedule_tick(node);
    }

    fn redis_outputs(&mut self, node: NodeId, out: Vec<Output>, cause: Option<EventId>) {
        let mut batch = keep::Batch::default();
        let mut copies: Vec<(ConnectionId, Tag, EventId)> = Vec::new();
        let mut published: Vec<(Name, Tag, EventId)> = Vec::new();
        for output in out {
            match output {
                Output::Fact(fact) => {
                    let cause = cause.or_else(|| self.origin(&fact));
                    let event = self.emit(cause, What::Redis { node, fact: fact.clone() });
                    self.keep(node, &fact, event, &mut batch);
                    match fact {
                        RedisFact::Queued { client, tag: Some(tag), .. } => {
                            self.hand_out(client, tag.message, event);
                            copies.push((client, tag, event));
                        }
                        RedisFact::Published { channel, tag: Some(tag), .. } => {
                            published.push((channel, tag, event));
                        }
                        RedisFact::ClientClosed { client, lost, .. } => {
                            self.buffer_lost(client, &lost, event);
                        }
                        RedisFact::ReplicaSynced { client, full: true, .. } => {
                            if let Some(replica) = self.network.wire(client).map(|w| w.client) {
                                self.publications_gone(replica, event);
                            }
                        }
                        _ => {}
                    }
                }
                Output::Write { client, frames, bytes } => {
                    if !self.console_answered(node, client, &frames, bytes) {
                        self.redis_write(node, client, frames, bytes, cause);
                    }
                }
                Output::Close { client } => {
                    if !self.console_closed(node, client) {
                        self.close(client, CloseReason::ByServer, cause);
                    }
                }
            }
        }
        for (channel, tag, event) in published {
            self.published(node, &channel, tag, event, &copies);
        }
        self.kept(node, batch);
    }

    /// The command behind a fact that a busy server stated later.
    fn origin(&self, fact: &RedisFact) -> Option<EventId> {
        let (client, tag) = match fact {
            RedisFact::Queued { tag, .. }
            | RedisFact::Published { tag, .. }
            | RedisFact::EntryAdded { tag, .. }
            | RedisFact::ElementPushed { tag, .. } => (None, tag.as_ref()),
            RedisFact::Subscribed { client, .. }
            | RedisFact::Unsubscribed { client, .. }
            | RedisFact::Written { client, .. }
            | RedisFact::Blocked { client }
            | RedisFact::Unblocked { client } => (Some(client), None),
            RedisFact::ElementPopped { client, .. } => (client.as_ref(), None),
            _ => return None,
        };
        let carried = tag.and_then(|tag| self.origins.carried.get(&tag.copy));
        carried.or_else(|| self.origins.asked.get(client?)).copied()
    }

    /// A message is on its way to a client out of what the server keeps for it.
    fn hand_out(&mut self, client: ConnectionId, message: MessageId, event: EventId) {
        self.outstanding.entry(client).or_default().push_back((message, event));
    }

    fn redis_write(
        &mut self,
        node: NodeId,
        id: ConnectionId,
        frames: Vec<Frame>,
        bytes: u64,
        cause: Option<EventId>,
    ) {
        let Some(client) = self.network.wire(id).map(|wire| wire.client) else { return };
        if client == node {
            return self.link_write(node, id, frames, bytes, cause);
        }
        if self.is_redis_node(client) {
            return self.replicate(id, frames, bytes, cause);
        }
        let sent: Vec<Tag> = frames.iter().flat_map(Frame::tags).collect();
        let queued = self.outstanding.get(&id).and_then(|list| {
            let first = sent.first()?.message;
            list.iter().find(|(message, _)| *message == first).map(|(_, event)| *event)
        });
        let cause = queued.or(cause).or_else(|| self.origins.asked.get(&id).copied());
        // Each receiver's copy is a copy of its own.
        let tags: Vec<Tag> =
            sent.iter().map(|tag| Tag { message: tag.message, copy: self.next_copy() }).collect();
        let cargo = match frames.iter().find_map(pubsub::channel_of) {
            Some(channel) if !tags.is_empty() => Cargo::RedisPush { channel },
            _ => Cargo::RedisReply { text: frames.last().map_or_else(|| "".into(), answer) },
        };
        let load = Load { cargo, tags: tags.clone(), bytes };
        let body = Body::Frames { frames, tags, bytes };
        self.transmit(cause, id, Direction::ToClient, body, load);
    }

    pub(super) fn redis_frames(
        &mut self,
        client: NodeId,
        id: ConnectionId,
        (frames, tags, bytes): (Vec<Frame>, Vec<Tag>, u64),
        cause: EventId,
    ) {
        if let Some(outstanding) = self.outstanding.get_mut(&id) {
            for tag in &tags {
                if let Some(at) = outstanding.iter().position(|(m, _)| *m == tag.message) {
                    outstanding.remove(at);
                }
            }
        }
        if matches!(self.node(client).role, Role::Subscriber(_)) && !tags.is_empty() {
            return self.pushed(client, &frames, tags, bytes, cause);
        }
        if matches!(self.node(client).role, Role::Subscriber(_)) && frames.is_empty() {
            // A part of a large message takes up room as the whole does.
            let before = self.begun(client, 0);
            self.begun(client, before + bytes);
            return;
        }
        self.redis_acknowledged(client, bytes, cause);
        if self.is_redis_node(client) {
            return self.replicated(client, frames, cause);
        }
        let mut tags = tags.into_iter();
        for frame in frames {
            let count = frame.tags().len();
            let tags: Vec<Tag> = tags.by_ref().take(count).collect();
            match &self.node(client).role {
                Role::Source(_) => self.publisher_answered(client, &frame, cause),
                Role::StreamReader(_) => self.stream_answered(client, &frame, &tags, cause),
                Role::ListWorker(_) => self.list_answered(client, &frame, &tags, cause),
                _ => {}
            }
        }
    }

    /// A client's connection is gone: its subscriptions and its buffer with it.
    pub(super) fn redis_disconnected(&mut self, wire: &Wire, id: ConnectionId, cause: EventId) {
        if wire.established && self.node(wire.server).state != NodeState::Crashed {
            self.with_server(wire.server, Some(cause), |server, now, out| {
                server.disconnect(now, id, out);
            });
        }
        self.origins.asked.remove(&id);
        if let Some(slot) = self.redis_slot(wire.client) {
            *slot = None;
        }
        self.publisher_disconnected(wire.client, cause);
        let gone = self.outstanding.remove(&id).unwrap_or_default();
        if let Some((_, party)) = self.node(wire.client).role.handler() {
            for (message, _) in gone {
                self.undelivered(wire.client, message, party, LostReason::ConnectionClosed, cause);
            }
        }
        if self.is_redis_node(wire.client) && self.node(wire.client).state != NodeState::Crashed {
            self.with_server(wire.client, Some(cause), Server::link_down);
        }
        if !self.node(wire.client).unplugged {
            self.reconnect_later(wire.client);
        }
    }

    /// A client will not get to work on a message that was handed out to it. Where the server
    /// keeps it until it is acknowledged, it is not lost.
    pub(super) fn undelivered(
        &mut self,
        node: NodeId,
        message: MessageId,
        party: PartyId,
        reason: LostReason,
        cause: EventId,
    ) {
        let kept = match &self.node(node).role {
            Role::StreamReader(reader) => reader.can_read_again(),
            Role::ListWorker(worker) => worker.safe,
            _ => false,
        };
        if kept {
            self.reconsider(message, reason, cause);
        } else {
            self.lose(message, party, reason, Some(cause));
        }
    }

    pub(super) fn next_copy(&mut self) -> CopyId {
        self.copies += 1;
        CopyId(self.copies)
    }
}

/// The elements of an array; empty for anything else.
fn elements(frame: &Frame) -> &[Frame] {
    match frame {
        Frame::Array(elements) => elements,
        _ => &[],
    }
}

/// A bulk string as text.
fn text(frame: &Frame) -> Option<Name> {
    match frame {
        Frame::Bulk(payload) => Some(String::from_utf8_lossy(&payload.bytes()).into()),
        _ => None,
    }
}

/// Words of a command.
fn words(text: &[&str]) -> Vec<Payload> {
    text.iter().map(|word| Payload::from(*word)).collect()
}

/// A reply in one line, as redis-cli prints it; of an array its first element.
fn answer(frame: &Frame) -> Name {
    /// Longer values are cut: the line is for a label.
    const LONGEST: usize = 40;
    match frame {
        Frame::Simple(text) => (*text).into(),
        Frame::Status(text) => (**text).into(),
        Frame::Error(text) => format!("(error) {text}").into(),
        Frame::Integer(number) => format!("(integer) {number}").into(),
        Frame::Bulk(payload) if payload.len() > LONGEST => {
            format!("({} bytes)", payload.len()).into()
        }
        Frame::Bulk(payload) => String::from_utf8_lossy(&payload.bytes()).into(),
        Frame::NullBulk | Frame::NullArray | Frame::Null => "(nil)".into(),
        Frame::Array(elements) => elements.first().map_or_else(|| "(empty array)".into(), answer),
        Frame::Push(elements) => elements.first().map_or_else(|| "(empty push)".into(), answer),
        _ => "(reply)".into(),
    }
}

/// Bytes of a request on the wire: `*n`, then `$length`, the bytes and CRLF for each argument
/// (Redis serialization protocol, "Sending commands to a Redis server").
fn request_bytes(args: &[Payload]) -> u64 {
    let digits = |n: usize| u64::from(n.checked_ilog10().unwrap_or(0)) + 1;
    let argument = |arg: &Payload| 1 + digits(arg.len()) + 2 + arg.len() as u64 + 2;
    1 + digits(args.len()) + 2 + args.iter().map(argument).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_its_frames() {
        // *3 $7 PUBLISH $6 orders $5 hello: 4 + (4+9) + (4+8) + (4+7)
        let args = ["PUBLISH", "orders", "hello"].map(Payload::from);
        let wire = b"*3\r\n$7\r\nPUBLISH\r\n$6\r\norders\r\n$5\r\nhello\r\n";
        assert_eq!(request_bytes(&args), wire.len() as u64);
    }
}
