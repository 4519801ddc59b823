//! Publishers, and subscribers of channels.

use super::super::World;
use super::super::handler::Handler;
use super::super::node::{InHand, Role};
use super::super::workload::Draft;
use crate::event::{
    Carrier, ConnectionId, EventId, LostReason, MessageId, Name, NodeId, PartyId, Payload,
    Standing, Tag,
};
use crate::redis::Frame;
use std::collections::{BTreeMap, VecDeque};

/// What a server has queued for a client and the client has not received: the messages that its
/// connection would take with it.
pub(in super::super) type Outstanding = BTreeMap<ConnectionId, VecDeque<(MessageId, EventId)>>;

/// A producer's Redis client.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Publisher {
    pub(in super::super) connection: Option<ConnectionId>,
    /// How its messages travel.
    pub(in super::super) carriers: Vec<Carrier>,
    /// `MAXLEN` of its `XADD`s, with its sign.
    pub(in super::super) maxlen: Vec<Name>,
    /// Sent and not yet answered; an answer lost with its connection is an error to the sender.
    pub(in super::super) unanswered: VecDeque<(Carrier, Tag)>,
}

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

impl Publisher {
    /// The command that carries a message.
    fn command(&self, carrier: Carrier, topic: &Name, draft: &Draft, tag: Tag) -> Vec<Payload> {
        let topic = Payload::from(&**topic);
        let value = draft.value.clone().with_tag(tag);
        match carrier {
            Carrier::Stream => {
                let mut args = vec!["XADD".into(), topic];
                args.extend(self.maxlen.iter().map(|word| Payload::from(&**word)));
                args.push("*".into());
                if let Some(key) = &draft.key {
                    args.extend(["key".into(), Payload::from(&**key)]);
                }
                args.extend(["value".into(), value]);
                args
            }
            Carrier::List => vec!["LPUSH".into(), topic, value],
            _ => vec!["PUBLISH".into(), topic, value],
        }
    }
}

impl World {
    /// An application sends a message by every Redis carrier it uses.
    pub(in super::super) fn publish(
        &mut self,
        node: NodeId,
        topic: &Name,
        draft: &Draft,
        message: MessageId,
        cause: EventId,
    ) {
        let Role::Source(source) = &self.node(node).role else { return };
        let Some(publisher) = &source.publisher else { return };
        let live = self.live(node);
        for carrier in publisher.carriers.clone() {
            let Some(id) = live else {
                self.refuse(message, carrier, Some(cause));
                continue;
            };
            let tag = Tag { message, copy: self.next_copy() };
            let Role::Source(source) = &mut self.node_mut(node).role else { return };
            let Some(publisher) = &mut source.publisher else { return };
            publisher.unanswered.push_back((carrier, tag));
            let args = publisher.command(carrier, topic, draft, tag);
            self.redis_send(id, args, vec![tag], Some(cause));
        }
    }

    /// The server answered a publisher's oldest command.
    pub(super) fn publisher_answered(&mut self, node: NodeId, frame: &Frame, cause: EventId) {
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        let Some(publisher) = &mut source.publisher else { return };
        let Some((carrier, tag)) = publisher.unanswered.pop_front() else { return };
        self.origins.carried.remove(&tag.copy);
        if matches!(frame, Frame::Error(_)) {
            self.refuse(tag.message, carrier, Some(cause));
        }
    }

    /// The answers that were under way are gone: errors to the sender.
    pub(super) fn publisher_disconnected(&mut self, node: NodeId, cause: EventId) {
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        let Some(publisher) = &mut source.publisher else { return };
        for (carrier, tag) in std::mem::take(&mut publisher.unanswered) {
            self.origins.carried.remove(&tag.copy);
            self.refuse(tag.message, carrier, Some(cause));
        }
    }

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
    pub(super) fn pushed(&mut self, client: NodeId, tags: Vec<Tag>, bytes: u64, cause: EventId) {
        let last = tags.len() as u64 - 1;
        let share = bytes / tags.len() as u64;
        for (index, tag) in tags.into_iter().enumerate() {
            let bytes = if index as u64 == last { bytes - share * last } else { share };
            self.received(
                client,
                InHand { tag, cause: Some(cause), bytes, next: None, taken: None },
            );
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

/// The channel that a `message` or `pmessage` was published to.
pub(super) fn channel_of(frame: &Frame) -> Option<Name> {
    let elements: &[Frame] = match frame {
        Frame::Push(elements) => elements,
        Frame::Array(elements) => elements,
        _ => return None,
    };
    let text = |index: usize| super::text(elements.get(index)?);
    match &*text(0)? {
        "message" | "smessage" => text(1),
        "pmessage" => text(2),
        _ => None,
    }
}
