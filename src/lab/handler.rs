//! What an application does with a message it received.

use super::node::{InHand, Role};
use super::{Due, World};
use crate::event::{EventId, LabFact, NodeId, PartyId, Standing, Tag, What};
use crate::sim::Span;
use std::collections::VecDeque;

/// A single-threaded application: one message at a time, in order.
#[derive(Clone, Debug)]
pub(super) struct Handler {
    pub(super) takes: Span,
    pub(super) inbox: VecDeque<InHand>,
    in_hand: Option<InHand>,
    /// Counts what was begun, so that a job of a process that has crashed since never finishes.
    jobs: u64,
}

impl Handler {
    pub(super) fn new(takes: Span) -> Self {
        Self { takes, inbox: VecDeque::new(), in_hand: None, jobs: 0 }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_hand.is_none() && self.inbox.is_empty()
    }

    /// The process is gone: gives back everything it had received and not finished.
    pub(super) fn abandon(&mut self) -> Vec<Tag> {
        self.jobs += 1;
        self.in_hand.take().into_iter().chain(self.inbox.drain(..)).map(|job| job.tag).collect()
    }
}

impl World {
    fn handler(&mut self, node: NodeId) -> Option<(&mut Handler, PartyId)> {
        match &mut self.node_mut(node).role {
            Role::Subscriber(subscriber) => Some((&mut subscriber.handler, subscriber.party)),
            Role::Consumer(reader) => Some((&mut reader.handler, reader.party)),
            _ => None,
        }
    }

    /// A message reached the application's machine.
    pub(super) fn received(&mut self, node: NodeId, mut job: InHand) {
        let fact = LabFact::Received { node, tag: job.tag };
        job.cause = Some(self.emit(job.cause, What::Lab(fact)));
        if let Some((handler, _)) = self.handler(node) {
            handler.inbox.push_back(job);
        }
        self.begin_next(node);
    }

    /// Begins the next message if the application is free.
    fn begin_next(&mut self, node: NodeId) {
        let Some((handler, _)) = self.handler(node) else { return };
        if handler.in_hand.is_some() {
            return;
        }
        let Some(mut job) = handler.inbox.pop_front() else { return };
        handler.jobs += 1;
        let (number, takes, bytes, tag) = (handler.jobs, handler.takes, job.bytes, job.tag);
        let fact = LabFact::HandlingBegan { node, tag, takes };
        let cause = self.emit(job.cause, What::Lab(fact));
        job.cause = Some(cause);
        if let Some((handler, _)) = self.handler(node) {
            handler.in_hand = Some(job);
        }
        self.queue.push(self.now + takes, Due::Finished(node, number));
        if bytes > 0 {
            self.redis_acknowledged(node, bytes, cause);
        }
    }

    pub(super) fn finished(&mut self, node: NodeId, number: u64) {
        let Some((handler, party)) = self.handler(node) else { return };
        if handler.jobs != number {
            return;
        }
        let Some(job) = handler.in_hand.take() else { return };
        let repeated = self.ledger.standing(job.tag.message, party) == Some(Standing::Delivered);
        let fact = LabFact::Handled { node, party, tag: job.tag, repeated };
        let handled: EventId = self.emit(job.cause, What::Lab(fact));
        if repeated {
            self.ledger.repeat(party);
        } else {
            self.settle(job.tag.message, party, Standing::Delivered, Some(handled));
        }
        if let (Role::Consumer(reader), Some((partition, next))) =
            (&mut self.node_mut(node).role, job.next)
        {
            reader.done.insert(partition, next);
        }
        self.begin_next(node);
        self.application_idle(node, Some(handled));
    }
}
