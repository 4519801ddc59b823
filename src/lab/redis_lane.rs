//! The push lane: a Redis server, its publishers and its subscribers.

use super::network::{Body, Load, Wire};
use super::node::{InHand, Role, Subscriber};
use super::{Due, World};
use crate::event::{
    Cargo, CloseReason, ConnectionId, CopyId, EventId, LostReason, MessageId, Name, NodeId,
    NodeState, Payload, RedisFact, Standing, System, Tag, What,
};
use crate::redis::{Frame, Output};
use crate::sim::{Direction, Span};
use std::collections::{BTreeMap, VecDeque};

/// How long a Redis client waits before it tries to connect again.
const RECONNECT: Span = Span::from_millis(500);

/// What a server has queued for a client and the client has not received: the messages that its
/// connection would take with it.
pub(super) type Outstanding = BTreeMap<ConnectionId, VecDeque<(MessageId, EventId)>>;

impl Subscriber {
    /// Whether a message published to `channel` is owed to this subscriber.
    pub(super) fn wants(&self, channel: &Name) -> bool {
        self.channels.contains(channel)
            || self
                .patterns
                .iter()
                .any(|p| crate::redis::glob::matches(p.as_bytes(), channel.as_bytes()))
    }
}

impl World {
    /// The Redis server that clients use.
    fn redis_server(&self) -> Option<NodeId> {
        let ids = (0_u32..).map(NodeId);
        ids.zip(&self.nodes).find(|(_, n)| matches!(n.role, Role::Redis(_))).map(|(id, _)| id)
    }

    /// A Redis client opens its connection, unless it has one.
    pub(super) fn connect_redis(&mut self, node: NodeId) {
        let connected = match &self.node(node).role {
            Role::Subscriber(subscriber) => subscriber.connection.is_some(),
            Role::Source(source) => {
                source.publisher.as_ref().is_none_or(|p| p.connection.is_some())
            }
            _ => true,
        };
        let Some(server) = self.redis_server() else { return };
        if connected {
            return;
        }
        let connection = self.open(node, server);
        match &mut self.node_mut(node).role {
            Role::Subscriber(subscriber) => subscriber.connection = connection,
            Role::Source(source) => {
                if let Some(publisher) = &mut source.publisher {
                    publisher.connection = connection;
                }
            }
            _ => {}
        }
        if connection.is_none() && !self.node(node).unplugged {
            self.queue.push(self.now + RECONNECT, Due::Reconnect(node));
        }
    }

    pub(super) fn redis_connected(
        &mut self,
        client: NodeId,
        server: NodeId,
        id: ConnectionId,
        cause: EventId,
    ) {
        self.with_server(server, Some(cause), |server, now, out| server.connect(now, id, out));
        let commands: Vec<Vec<Payload>> = match &mut self.node_mut(client).role {
            Role::Source(source) => {
                if let Some(publisher) = &mut source.publisher {
                    publisher.established = true;
                }
                Vec::new()
            }
            Role::Subscriber(subscriber) => {
                let list = |command: &str, names: &[Name]| -> Vec<Payload> {
                    let names = names.iter().map(|name| Payload::from(&**name));
                    std::iter::once(Payload::from(command)).chain(names).collect()
                };
                [("SUBSCRIBE", &subscriber.channels), ("PSUBSCRIBE", &subscriber.patterns)]
                    .into_iter()
                    .filter(|(_, names)| !names.is_empty())
                    .map(|(command, names)| list(command, names))
                    .collect()
            }
            _ => Vec::new(),
        };
        for args in commands {
            self.redis_send(id, args, Vec::new(), cause);
        }
    }

    /// Sends one command to the server.
    fn redis_send(&mut self, id: ConnectionId, args: Vec<Payload>, tags: Vec<Tag>, cause: EventId) {
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
        self.transmit(Some(cause), id, Direction::ToServer, Body::Command(args), load);
    }

    /// An application publishes a message.
    pub(super) fn publish(
        &mut self,
        node: NodeId,
        topic: &Name,
        value: &Payload,
        message: MessageId,
        cause: EventId,
    ) {
        let tag = Tag { message, copy: self.next_copy() };
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        let Some(publisher) = &mut source.publisher else { return };
        let Some(id) = publisher.connection.filter(|_| publisher.established) else {
            return self.refuse(message, System::Redis, Some(cause));
        };
        publisher.unanswered.push_back(message);
        let args = vec!["PUBLISH".into(), Payload::from(&**topic), value.clone().with_tag(tag)];
        self.redis_send(id, args, vec![tag], cause);
    }

    pub(super) fn redis_command(
        &mut self,
        server: NodeId,
        id: ConnectionId,
        args: Vec<Payload>,
        cause: EventId,
    ) {
        self.with_server(server, Some(cause), |server, now, out| server.handle(now, id, args, out));
    }

    /// The client's machine read `bytes` from its socket.
    pub(super) fn redis_acknowledged(&mut self, client: NodeId, bytes: u64, cause: EventId) {
        let Role::Subscriber(subscriber) = &self.node(client).role else { return };
        let Some(id) = subscriber.connection else { return };
        let Some(server) = self.network.wire(id).filter(|w| w.established).map(|w| w.server) else {
            return;
        };
        self.with_server(server, Some(cause), |server, now, out| {
            server.acknowledged(now, id, bytes, out);
        });
    }

    /// Lets a server do something and carries out what it answers.
    pub(super) fn with_server(
        &mut self,
        node: NodeId,
        cause: Option<EventId>,
        act: impl FnOnce(&mut crate::redis::Server, crate::sim::Instant, &mut Vec<Output>),
    ) {
        let now = self.now;
        let mut out = Vec::new();
        if let Role::Redis(server) = &mut self.node_mut(node).role {
            act(server, now, &mut out);
        }
        self.redis_outputs(node, out, cause);
        self.schedule_tick(node);
    }

    fn redis_outputs(&mut self, node: NodeId, out: Vec<Output>, cause: Option<EventId>) {
        let mut copies: Vec<(ConnectionId, Tag, EventId)> = Vec::new();
        let mut published: Vec<(Name, Tag, EventId)> = Vec::new();
        for output in out {
            match output {
                Output::Fact(fact) => {
                    let event = self.emit(cause, What::Redis { node, fact: fact.clone() });
                    match fact {
                        RedisFact::Queued { client, tag: Some(tag), .. } => {
                            self.outstanding
                                .entry(client)
                                .or_default()
                                .push_back((tag.message, event));
                            copies.push((client, tag, event));
                        }
                        RedisFact::Published { channel, tag: Some(tag), .. } => {
                            published.push((channel, tag, event));
                        }
                        RedisFact::ClientClosed { client, lost, .. } => {
                            self.buffer_lost(client, &lost, event);
                        }
                        _ => {}
                    }
                }
                Output::Write { client, frames, bytes } => {
                    self.redis_write(client, &frames, bytes, cause);
                }
                Output::Close { client } => {
                    self.close(client, CloseReason::ByServer, cause);
                }
            }
        }
        for (channel, tag, event) in published {
            self.published(&channel, tag, event, &copies);
        }
    }

    /// A message was published: it is under way to those who have a copy in their buffer, and
    /// lost to everybody else who was owed one.
    fn published(
        &mut self,
        channel: &Name,
        tag: Tag,
        event: EventId,
        copies: &[(ConnectionId, Tag, EventId)],
    ) {
        let subscribers: Vec<_> = self
            .nodes
            .iter()
            .filter_map(|node| match &node.role {
                Role::Subscriber(s) if s.wants(channel) => Some((s.party, s.connection)),
                _ => None,
            })
            .collect();
        for (party, connection) in subscribers {
            let copy = copies.iter().find(|(id, t, _)| Some(*id) == connection && *t == tag);
            if let Some((_, _, queued)) = copy {
                self.settle(tag.message, party, Standing::Waiting, Some(*queued));
                continue;
            }
            let established =
                connection.and_then(|id| self.network.wire(id)).is_some_and(|w| w.established);
            let reason =
                if established { LostReason::NotSubscribed } else { LostReason::NotConnected };
            self.lose(tag.message, party, reason, Some(event));
        }
    }

    fn redis_write(
        &mut self,
        id: ConnectionId,
        frames: &[Frame],
        bytes: u64,
        cause: Option<EventId>,
    ) {
        let sent: Vec<Tag> = frames.iter().flat_map(Frame::tags).collect();
        let queued = self.outstanding.get(&id).and_then(|list| {
            let first = sent.first()?.message;
            list.iter().find(|(message, _)| *message == first).map(|(_, event)| *event)
        });
        // Each subscriber's copy is a copy of its own.
        let tags: Vec<Tag> =
            sent.iter().map(|tag| Tag { message: tag.message, copy: self.next_copy() }).collect();
        let cargo = match frames.iter().find_map(pushed_channel) {
            Some(channel) if !tags.is_empty() => Cargo::RedisPush { channel },
            _ => Cargo::RedisReply { text: frames.last().map_or_else(|| "".into(), answer) },
        };
        let load = Load { cargo, tags: tags.clone(), bytes };
        let body = Body::Frames { tags, bytes };
        self.transmit(queued.or(cause), id, Direction::ToClient, body, load);
    }

    pub(super) fn redis_frames(
        &mut self,
        client: NodeId,
        id: ConnectionId,
        tags: Vec<Tag>,
        bytes: u64,
        cause: EventId,
    ) {
        if let Role::Source(source) = &mut self.node_mut(client).role
            && let Some(publisher) = &mut source.publisher
        {
            publisher.unanswered.pop_front();
        }
        if tags.is_empty() {
            let server = self.network.wire(id).map(|wire| wire.server);
            if let Some(server) = server {
                self.with_server(server, Some(cause), |s, now, out| {
                    s.acknowledged(now, id, bytes, out);
                });
            }
            return;
        }
        if let Some(outstanding) = self.outstanding.get_mut(&id) {
            for tag in &tags {
                if let Some(at) = outstanding.iter().position(|(m, _)| *m == tag.message) {
                    outstanding.remove(at);
                }
            }
        }
        let last = tags.len() - 1;
        let share = bytes / tags.len() as u64;
        for (index, tag) in tags.into_iter().enumerate() {
            let bytes = if index == last { bytes - share * last as u64 } else { share };
            self.received(client, InHand { tag, cause: Some(cause), bytes, next: None });
        }
    }

    /// A client's connection is gone: its subscriptions and its buffer with it.
    pub(super) fn redis_disconnected(&mut self, wire: &Wire, id: ConnectionId, cause: EventId) {
        if wire.established && self.node(wire.server).state != NodeState::Crashed {
            self.with_server(wire.server, Some(cause), |server, now, out| {
                server.disconnect(now, id, out);
            });
        }
        let mut unanswered = VecDeque::new();
        match &mut self.node_mut(wire.client).role {
            Role::Subscriber(subscriber) => subscriber.connection = None,
            Role::Source(source) => {
                if let Some(publisher) = &mut source.publisher {
                    publisher.connection = None;
                    publisher.established = false;
                    unanswered = std::mem::take(&mut publisher.unanswered);
                }
            }
            _ => {}
        }
        for message in unanswered {
            self.refuse(message, System::Redis, Some(cause));
        }
        if let (Some(party), Some(gone)) =
            (self.subscriber_party(wire.client), self.outstanding.remove(&id))
        {
            for (message, _) in gone {
                self.lose(message, party, LostReason::ConnectionClosed, Some(cause));
            }
        }
        if !self.node(wire.client).unplugged {
            self.queue.push(self.now + RECONNECT, Due::Reconnect(wire.client));
        }
    }

    /// The server cut a client off: what its output buffer held is gone.
    fn buffer_lost(&mut self, id: ConnectionId, lost: &[Tag], event: EventId) {
        let Some(client) = self.network.wire(id).map(|wire| wire.client) else { return };
        let Some(party) = self.subscriber_party(client) else { return };
        for tag in lost {
            self.lose(tag.message, party, LostReason::OutputBuffer, Some(event));
        }
    }

    fn subscriber_party(&self, node: NodeId) -> Option<crate::event::PartyId> {
        match &self.node(node).role {
            Role::Subscriber(subscriber) => Some(subscriber.party),
            _ => None,
        }
    }

    pub(super) fn next_copy(&mut self) -> CopyId {
        self.copies += 1;
        CopyId(self.copies)
    }
}

/// The channel that a `message` or `pmessage` was published to.
fn pushed_channel(frame: &Frame) -> Option<Name> {
    let elements: &[Frame] = match frame {
        Frame::Push(elements) => elements,
        Frame::Array(elements) => elements,
        _ => return None,
    };
    let text = |index: usize| match elements.get(index)? {
        Frame::Bulk(payload) => Some(String::from_utf8_lossy(&payload.bytes()).into_owned()),
        _ => None,
    };
    match text(0)?.as_str() {
        "message" | "smessage" => text(1).map(Into::into),
        "pmessage" => text(2).map(Into::into),
        _ => None,
    }
}

/// A reply in one line, as redis-cli prints it.
fn answer(frame: &Frame) -> Name {
    match frame {
        Frame::Simple(text) => (*text).into(),
        Frame::Error(text) => format!("(error) {text}").into(),
        Frame::Integer(number) => format!("(integer) {number}").into(),
        Frame::Bulk(payload) => String::from_utf8_lossy(&payload.bytes()).into(),
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
