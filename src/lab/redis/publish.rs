//! A producer's Redis client: it sends each message by every carrier it uses, and may send it
//! again when no answer comes in time.
//!
//! A command that timed out stays under way: the connection is kept, as clients that pipeline do
//! (Lettuce, ioredis), and its late answer is passed over. What was sent twice is two messages to
//! Redis; nothing in `PUBLISH`, `XADD` or `LPUSH` can tell that they are one.

use super::super::lookup::refuse;
use super::super::node::Role;
use super::super::workload::Draft;
use super::super::{Due, World};
use super::options::{self, Publishing};
use crate::event::{
    Carrier, ConnectionId, EventId, MessageId, Name, NodeId, Payload, Refusal, Settings, Tag,
};
use crate::redis::Frame;
use crate::sim::{Instant, Span};
use std::collections::VecDeque;

/// A producer's Redis client.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Publisher {
    pub(in super::super) connection: Option<ConnectionId>,
    /// How its messages travel.
    pub(in super::super) carriers: Vec<Carrier>,
    /// How it sends them.
    pub(in super::super) publishing: Publishing,
    /// How long it waits for an answer, and how often it sends again; none waits for ever.
    pub(in super::super) retry: Option<(Span, u32)>,
    /// Sent and not yet answered, in order; then what waits for a connection.
    open: VecDeque<Attempt>,
}

/// One attempt to send a message by one carrier.
#[derive(Clone, Debug)]
struct Attempt {
    carrier: Carrier,
    tag: Tag,
    draft: Draft,
    /// From 1.
    number: u32,
    /// When it is given up; none never.
    deadline: Option<Instant>,
    /// It rides a connection.
    sent: bool,
    /// Its answer counts: it was not given up.
    current: bool,
}

impl Publisher {
    /// A producer's Redis client, where it uses one.
    pub(in super::super) fn of(carriers: &[Carrier], config: &Settings) -> Option<Self> {
        let mut carriers = carriers.to_vec();
        carriers.retain(|carrier| *carrier != Carrier::Kafka);
        let (publishing, _) = options::publisher(config).unwrap_or_default();
        (!carriers.is_empty()).then(|| Self { carriers, publishing, ..Self::default() })
    }

    /// The command that carries a message.
    fn command(&self, topic: &Name, attempt: &Attempt) -> Vec<Payload> {
        let topic = Payload::from(&**topic);
        let value = attempt.draft.value.clone().with_tag(attempt.tag);
        match attempt.carrier {
            Carrier::Stream => {
                let mut args = vec!["XADD".into(), topic];
                args.extend(self.publishing.maxlen.iter().map(|word| Payload::from(&**word)));
                args.push("*".into());
                if let Some(key) = &attempt.draft.key {
                    args.extend(["key".into(), Payload::from(&**key)]);
                }
                args.extend(["value".into(), value]);
                args
            }
            Carrier::List => vec!["LPUSH".into(), topic, value],
            _ => vec!["PUBLISH".into(), topic, value],
        }
    }

    /// Whether every attempt has been answered.
    pub(in super::super) fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether an attempt may be followed by another one.
    fn may_repeat(&self, attempt: &Attempt) -> bool {
        self.retry.is_some_and(|(_, retries)| attempt.number <= retries)
    }

    /// Whether a command may be written now: it waits for no answer, or none is open.
    fn may_send(&self) -> bool {
        self.publishing.pipeline || self.open.iter().all(|attempt| !attempt.sent)
    }
}

impl World {
    fn publisher(&mut self, node: NodeId) -> Option<&mut Publisher> {
        match &mut self.node_mut(node).role {
            Role::Source(source) => source.publisher.as_mut(),
            _ => None,
        }
    }

    /// An application sends a message by every Redis carrier it uses.
    pub(in super::super) fn publish(
        &mut self,
        node: NodeId,
        draft: &Draft,
        message: MessageId,
        cause: EventId,
    ) {
        let live = self.live(node).is_some();
        let Some(publisher) = self.publisher(node) else { return };
        let repeats = publisher.retry.is_some();
        for carrier in publisher.carriers.clone() {
            if !live && !repeats {
                self.refuse(message, carrier, Some(cause));
                continue;
            }
            if repeats {
                // A second copy may come when everybody has had the first.
                self.ledger.stored(message, true);
            }
            self.attempt(node, carrier, message, draft.clone(), 1, Some(cause));
        }
    }

    /// Sends a message, or keeps it until there is a connection.
    fn attempt(
        &mut self,
        node: NodeId,
        carrier: Carrier,
        message: MessageId,
        draft: Draft,
        number: u32,
        cause: Option<EventId>,
    ) {
        let live = self.live(node);
        let now = self.now;
        let tag = Tag { message, copy: self.next_copy() };
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        let Some(publisher) = &mut source.publisher else { return };
        let deadline = publisher.retry.map(|(timeout, _)| now + timeout);
        let live = live.filter(|_| publisher.may_send());
        let sent = live.is_some();
        let attempt = Attempt { carrier, tag, draft, number, deadline, sent, current: true };
        let args = publisher.command(&source.topic, &attempt);
        publisher.open.push_back(attempt);
        if let Some(id) = live {
            self.redis_send(id, args, vec![tag], cause);
        }
        if let Some(deadline) = deadline {
            self.queue.push(deadline, Due::PublishTimeout(node));
        }
    }

    /// The server answered a publisher's oldest command.
    pub(super) fn publisher_answered(&mut self, node: NodeId, frame: &Frame, cause: EventId) {
        let Some(publisher) = self.publisher(node) else { return };
        let Some(attempt) = publisher.open.pop_front() else { return };
        let Attempt { carrier, tag, number, current, deadline, .. } = attempt;
        self.origins.carried.remove(&tag.copy);
        if current && matches!(frame, Frame::Error(_)) {
            self.refuse(tag.message, carrier, Some(cause));
        }
        if current && deadline.is_some() && number == 1 {
            // There is one copy only.
            self.ledger.stored(tag.message, false);
            self.fold(tag.message);
        }
        let waits = self.publisher(node).is_some_and(|p| !p.publishing.pipeline);
        if let Some(id) = self.live(node).filter(|_| waits) {
            self.send_waiting(node, id, cause);
        }
    }

    /// A publisher looks whether it has waited long enough for an answer.
    pub(in super::super) fn publish_timeout(&mut self, node: NodeId) {
        let now = self.now;
        let Some(publisher) = self.publisher(node) else { return };
        let mut overdue: Vec<Attempt> = Vec::new();
        for attempt in &mut publisher.open {
            if attempt.current && attempt.deadline.is_some_and(|at| at <= now) {
                attempt.current = false;
                overdue.push(attempt.clone());
            }
        }
        // What never left is not waited for.
        publisher.open.retain(|attempt| attempt.current || attempt.sent);
        self.send_again(node, overdue, None);
    }

    fn send_again(&mut self, node: NodeId, attempts: Vec<Attempt>, cause: Option<EventId>) {
        for attempt in attempts {
            let repeats = self.publisher(node).is_some_and(|p| p.may_repeat(&attempt));
            let Attempt { carrier, tag, draft, number, .. } = attempt;
            if repeats {
                self.attempt(node, carrier, tag.message, draft, number + 1, cause);
            } else {
                self.refuse(tag.message, carrier, cause);
            }
        }
    }

    /// A publisher has a connection again, or an answer: what waits for it is sent.
    pub(super) fn send_waiting(&mut self, node: NodeId, id: ConnectionId, cause: EventId) {
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        let Some(publisher) = &mut source.publisher else { return };
        if !publisher.may_send() {
            return;
        }
        let most = if publisher.publishing.pipeline { usize::MAX } else { 1 };
        let waiting = (0..publisher.open.len()).filter(|at| !publisher.open[*at].sent);
        let mut commands = Vec::new();
        for at in waiting.take(most).collect::<Vec<_>>() {
            publisher.open[at].sent = true;
            let attempt = &publisher.open[at];
            commands.push((publisher.command(&source.topic, attempt), attempt.tag));
        }
        for (args, tag) in commands {
            self.redis_send(id, args, vec![tag], Some(cause));
        }
    }

    /// The answers that were under way are gone: errors to the sender, who may send again.
    pub(super) fn publisher_disconnected(&mut self, node: NodeId, cause: EventId) {
        let Some(publisher) = self.publisher(node) else { return };
        let all = std::mem::take(&mut publisher.open);
        let (broken, waiting): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| a.sent);
        publisher.open.extend(waiting);
        for attempt in &broken {
            self.origins.carried.remove(&attempt.tag.copy);
        }
        let current = broken.into_iter().filter(|attempt| attempt.current).collect();
        self.send_again(node, current, Some(cause));
    }

    /// The process is gone: what it had not been answered, and what it would have sent again.
    pub(in super::super) fn publisher_gone(&mut self, node: NodeId, cause: EventId) {
        let Some(publisher) = self.publisher(node) else { return };
        for attempt in std::mem::take(&mut publisher.open) {
            self.origins.carried.remove(&attempt.tag.copy);
            if attempt.current {
                self.refuse(attempt.tag.message, attempt.carrier, Some(cause));
            }
        }
    }

    /// Whether a producer's time-out can be set so.
    pub(in super::super) fn check_retry(
        &self,
        name: &Name,
        timeout: Span,
        retries: u32,
    ) -> Result<(), Refusal> {
        let publisher = self.source(name).map(|(_, source)| source.publisher.as_ref());
        let wanted = (timeout > Span::ZERO).then_some((timeout, retries));
        match publisher {
            None => refuse(format!("There is no producer \"{name}\".")),
            Some(None) => refuse(format!("\"{name}\" does not send to Redis.")),
            Some(Some(publisher)) if publisher.retry == wanted => {
                refuse(format!("\"{name}\" waits so already."))
            }
            Some(_) => Ok(()),
        }
    }
}
