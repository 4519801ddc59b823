//! Subscribers of channels, and what was published to them.

use super::super::World;
use super::super::handler::Handler;
use super::super::node::{InHand, Role, Taken};
use crate::event::{
    ConnectionId, EventId, LostReason, MessageId, Name, NodeId, PartyId, Payload, Standing, Tag,
};
use crate::redis::Frame;
use crate::sim::SortedMap;
use std::collections::VecDeque;

/// What a server has queued for a client and the client has not received: the messages that its
/// connection would take with it.
pub(in super::super) type Outstanding = SortedMap<ConnectionId, VecDeque<(MessageId, EventId)>>;

/// A Redis client that subscribed, and its application.
#[derive(Clone, Debug)]
pub(in super::super) struct Subscriber {
    pub(in super::super) party: PartyId,
    pub(in super::super) channels: Vec<Name>,
    pub(in super::super) patterns: Vec<Name>,
    /// The server it connects to; none for the primary.
    pub(in super::super) server: Option<Name>,
    pub(in super::super) connection: Option<ConnectionId>,
    pub(in super::super) handler: Handler,
    /// Bytes of a message that has reached its machine in part.
    pub(in super::super) begun: u64,
}

impl Subscriber {
    /// Whether a message published to `channel` is owed to this subscriber.
    pub(in super::super) fn wants(&self, channel: &Name) -> bool {
        self.channels.contains(channel)
            || self
                .patterns
                .iter()
                .any(|p| crate::redis::glob::matches(p.as_bytes(), channel.as_bytes()))
    }
}

impl World {
    /// A subscriber's connection stands.
    pub(super) fn subscribe(&mut self, node: NodeId, id: ConnectionId, cause: EventId) {
        let Role::Subscriber(subscriber) = &self.node(node).role else { return };
        let list = |command: &str, names: &[Name]| -> Vec<Payload> {
            let names = names.iter().map(|name| Payload::from(&**name));
            std::iter::once(Payload::from(command)).chain(names).collect()
        };
        let commands: Vec<Vec<Payload>> =
            [("SUBSCRIBE", &subscriber.channels), ("PSUBSCRIBE", &subscriber.patterns)]
                .into_iter()
                .filter(|(_, names)| !names.is_empty())
                .map(|(command, names)| list(command, names))
                .collect();
        for args in commands {
            self.redis_send(id, args, Vec::new(), Some(cause));
        }
    }

    /// A message was published: it is under way to those who have a copy in their buffer, and
    /// lost to everybody else who was owed one.
    pub(super) fn published(
        &mut self,
        node: NodeId,
        channel: &Name,
        tag: Tag,
        event: EventId,
        copies: &[(ConnectionId, Tag, EventId)],
    ) {
        let subscribers: Vec<_> = (0_u32..)
            .map(NodeId)
            .zip(&self.nodes)
            .filter_map(|(id, reader)| match &reader.role {
                Role::Subscriber(s) if s.wants(channel) => {
                    Some((s.party, s.connection, self.redis_target(id) == Some(node)))
                }
                _ => None,
            })
            .collect();
        for (party, connection, here) in subscribers {
            if !here {
                // It is replicated to the server of that subscriber.
                if self.ledger.standing(tag.message, party) == Some(Standing::OnItsWay) {
                    self.settle(tag.message, party, Standing::Waiting, Some(event));
                }
                continue;
            }
            let copy = copies.iter().find(|(id, t, _)| Some(*id) == connection && *t == tag);
            if let Some((_, _, queued)) = copy {
                // A second copy changes nothing for a party that has had the first.
                if self.ledger.standing(tag.message, party) != Some(Standing::Delivered) {
                    self.settle(tag.message, party, Standing::Waiting, Some(*queued));
                }
                continue;
            }
            let established =
                connection.and_then(|id| self.network.wire(id)).is_some_and(|w| w.established);
            let reason =
                if established { LostReason::NotSubscribed } else { LostReason::NotConnected };
            self.lose(tag.message, party, reason, Some(event));
        }
    }

    /// Messages pushed to a subscriber reached its machine. They take up room in the kernel until
    /// its application reads them.
    pub(super) fn pushed(
        &mut self,
        client: NodeId,
        frames: &[Frame],
        tags: Vec<Tag>,
        bytes: u64,
        cause: EventId,
    ) {
        // By which of several subscriptions each came. With one there is nothing to tell apart.
        let several = match &self.node(client).role {
            Role::Subscriber(of) => of.channels.len() + of.patterns.len() > 1,
            _ => false,
        };
        let copies = frames.iter().filter(|frame| several && !frame.tags().is_empty());
        let mut taken = copies.map(subscription_of);
        let bytes = bytes + self.begun(client, 0);
        let last = tags.len() as u64 - 1;
        let share = bytes / tags.len() as u64;
        for (index, tag) in tags.into_iter().enumerate() {
            let bytes = if index as u64 == last { bytes - share * last } else { share };
            let taken = taken.next().flatten();
            self.received(client, InHand { tag, cause: Some(cause), bytes, record: None, taken });
        }
    }

    /// Whether a copy came by a subscription by which its party has not had the message yet. Two
    /// copies by channel and by pattern are two subscriptions, not repeats.
    pub(in super::super) fn by_fresh_subscription(&mut self, party: PartyId, job: &InHand) -> bool {
        let Some(Taken::Published(name, pattern)) = &job.taken else { return false };
        let message = job.tag.message;
        self.ledger.standing(message, party).is_some()
            && self.heard.insert((message, party, name.clone(), *pattern))
    }

    /// The part of a message that its last bytes complete; then `now` has come of the next one.
    pub(super) fn begun(&mut self, client: NodeId, now: u64) -> u64 {
        match &mut self.node_mut(client).role {
            Role::Subscriber(subscriber) => std::mem::replace(&mut subscriber.begun, now),
            _ => 0,
        }
    }

    /// The server cut a client off: what its output buffer held is gone.
    pub(super) fn buffer_lost(&mut self, id: ConnectionId, lost: &[Tag], event: EventId) {
        let Some(client) = self.network.wire(id).map(|wire| wire.client) else { return };
        let Some((_, party)) = self.node(client).role.handler() else { return };
        for tag in lost {
            self.undelivered(client, tag.message, party, LostReason::OutputBuffer, event);
        }
    }
}

/// The elements of a push that carries a message, and whether it came by a pattern.
fn published(frame: &Frame) -> Option<(bool, &[Frame])> {
    let elements: &[Frame] = match frame {
        Frame::Push(elements) => elements,
        Frame::Array(elements) => elements,
        _ => return None,
    };
    match &*super::text(elements.first()?)? {
        "message" | "smessage" => Some((false, elements)),
        "pmessage" => Some((true, elements)),
        _ => None,
    }
}

/// What a subscriber got a `message` or `pmessage` by.
fn subscription_of(frame: &Frame) -> Option<Taken> {
    let (pattern, elements) = published(frame)?;
    Some(Taken::Published(super::text(elements.get(1)?)?, pattern))
}

/// The channel that a `message` or `pmessage` was published to.
pub(super) fn channel_of(frame: &Frame) -> Option<Name> {
    let (pattern, elements) = published(frame)?;
    super::text(elements.get(if pattern { 2 } else { 1 })?)
}
