//! What an application does with a message it received.

use super::node::{InHand, Role, Taken};
use super::{Due, World};
use crate::event::{
    EventId, Failure, LabFact, LostReason, MessageId, NodeId, PartyId, Standing, What,
};
use crate::kafka::retry;
use crate::sim::{Purpose, Rng, SortedSet, Span};
use std::collections::VecDeque;

/// A single-threaded application: one message at a time, in order.
#[derive(Clone, Debug)]
pub(super) struct Handler {
    pub(super) takes: Span,
    /// Per cent that `takes` varies by.
    pub(super) varies: u8,
    pub(super) fails: Failure,
    /// What it has handled, where it remembers.
    pub(super) remembers: Option<SortedSet<MessageId>>,
    pub(super) inbox: VecDeque<InHand>,
    in_hand: Option<InHand>,
    attempt: u32,
    /// Counts what was begun, so that a job of a process that has crashed since never finishes.
    jobs: u64,
    rng: Rng,
}

impl Handler {
    pub(super) fn new(takes: Span, seed: u64, index: u32) -> Self {
        Self {
            takes,
            varies: 0,
            fails: Failure::Never,
            remembers: None,
            inbox: VecDeque::new(),
            in_hand: None,
            attempt: 0,
            jobs: 0,
            rng: Rng::new(seed, Purpose::Handling, index),
        }
    }

    /// The same application's handler on another thread.
    pub(super) fn beside(other: &Self, seed: u64, index: u32) -> Self {
        Self {
            varies: other.varies,
            fails: other.fails.clone(),
            ..Self::new(other.takes, seed, index)
        }
    }

    /// Takes back what was in its hands; the caller says what became of it.
    pub(super) fn release(&mut self) -> Option<InHand> {
        self.in_hand.take()
    }

    /// Leaves a message in its hands while something else is waited for.
    pub(super) fn hold(&mut self, job: InHand) {
        self.in_hand = Some(job);
    }

    /// Tries the message in its hands again after `pause`. Answers which job that is and how
    /// long until it is done.
    pub(super) fn again(&mut self, pause: Span) -> (u64, Span) {
        self.attempt += 1;
        (self.jobs, pause + self.work())
    }

    pub(super) fn attempt(&self) -> u32 {
        self.attempt
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_hand.is_none() && self.inbox.is_empty()
    }

    /// Whether a copy of the message is in its hands.
    pub(super) fn holds(&self, message: MessageId) -> bool {
        self.in_hand.iter().chain(&self.inbox).any(|job| job.tag.message == message)
    }

    /// The process is gone: gives back everything it had received and not finished. What it
    /// remembered was in its database and stays.
    pub(super) fn abandon(&mut self) -> Vec<InHand> {
        self.jobs += 1;
        self.attempt = 0;
        self.in_hand.take().into_iter().chain(self.inbox.drain(..)).collect()
    }

    /// How long it works on the next message.
    fn work(&mut self) -> Span {
        let range = self.takes.as_nanos() / 100 * u64::from(self.varies.min(100));
        if range == 0 {
            return self.takes;
        }
        Span(self.takes.as_nanos() - range + self.rng.below(2 * range + 1))
    }

    fn fails_on(&mut self, key: Option<&str>, number: u32) -> bool {
        match &self.fails {
            Failure::Never => false,
            Failure::Key(bad) => key == Some(bad),
            Failure::Numbers(bad) => bad.contains(&number),
            Failure::Chance(per_million) => self.rng.chance(*per_million),
        }
    }
}

impl World {
    pub(super) fn handler(&mut self, node: NodeId) -> Option<(&mut Handler, PartyId)> {
        self.node_mut(node).role.handler_mut()
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
    pub(super) fn begin_next(&mut self, node: NodeId) {
        let Some((handler, _)) = self.handler(node) else { return };
        if handler.in_hand.is_some() {
            return;
        }
        let Some(mut job) = handler.inbox.pop_front() else { return };
        handler.jobs += 1;
        handler.attempt = job.record.as_ref().map_or(1, |record| retry::attempts(&record.record));
        let known = self.remembers(node, job.tag.message);
        let Some((handler, _)) = self.handler(node) else { return };
        let takes = if known { Span::ZERO } else { handler.work() };
        let (number, bytes, tag) = (handler.jobs, job.bytes, job.tag);
        let fact = if known {
            LabFact::Discarded { node, tag }
        } else {
            LabFact::HandlingBegan { node, tag, takes }
        };
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
        let message = job.tag.message;
        let known = self.remembers(node, message);
        let (key, sent) = self.drafts.get(&message).cloned().unwrap_or_default();
        let Some((handler, _)) = self.handler(node) else { return };
        if !known && handler.fails_on(key.as_deref(), sent) {
            return self.failed(node, party, job);
        }
        let root = self.root(node);
        if let Some((Handler { remembers: Some(seen), .. }, _)) = self.handler(root) {
            seen.insert(message);
        }
        let done = if known { job.cause } else { Some(self.handled(node, party, &job)) };
        self.passed(node, &job, true);
        match job.taken {
            Some(Taken::Entry(id)) => self.acknowledge_entry(node, id, done),
            Some(Taken::Element(element)) => self.remove_element(node, element, done),
            Some(Taken::Published(..)) | None => {}
        }
        self.go_on(node, done);
    }

    /// Whether the application of a node knows that it has handled a message: its listeners
    /// share one memory.
    fn remembers(&self, node: NodeId, message: MessageId) -> bool {
        let Some((handler, _)) = self.node(self.root(node)).role.handler() else { return false };
        handler.remembers.as_ref().is_some_and(|seen| seen.contains(&message))
    }

    /// The application is done with a record, whatever became of it: its offset may be committed.
    pub(super) fn passed(&mut self, node: NodeId, job: &InHand, succeeded: bool) {
        if let (Role::Consumer(reader), Some(record)) = (&mut self.node_mut(node).role, &job.record)
        {
            if succeeded {
                reader.errors.succeeded(record);
            }
            reader.done.insert(record.partition.clone(), record.offset + 1);
        }
    }

    fn handled(&mut self, node: NodeId, party: PartyId, job: &InHand) -> EventId {
        let message = job.tag.message;
        let delivered = self.ledger.standing(message, party) == Some(Standing::Delivered);
        let fresh = self.by_fresh_subscription(party, job);
        let before = delivered && !fresh;
        let asked = before && self.reread.remove(&(message, party));
        let replayed = asked || before && self.is_replay(party, job);
        let repeated = before && !replayed;
        let fact = LabFact::Handled { node, party, tag: job.tag, repeated, replayed };
        let handled = self.emit(job.cause, What::Lab(fact));
        if before {
            self.ledger.again(party, replayed);
        } else if !delivered {
            self.settle(message, party, Standing::Delivered, Some(handled));
        }
        if let Some(account) = self.accounts.get_mut(&party) {
            account.actual += account.amount;
            if !delivered {
                account.expected += account.amount;
            }
            let (expected, actual) = (account.expected, account.actual);
            let fact = LabFact::Charged { party, message, expected, actual };
            self.emit(Some(handled), What::Lab(fact));
        }
        handled
    }

    /// The application takes the next message, or asks for more when it has none.
    pub(super) fn go_on(&mut self, node: NodeId, cause: Option<EventId>) {
        self.begin_next(node);
        self.redis_next(node, cause);
        self.application_idle(node, cause);
    }

    /// A handler failed. Nobody sends a Pub/Sub message again; what a Kafka consumer does is the
    /// choice of its application.
    fn failed(&mut self, node: NodeId, party: PartyId, job: InHand) {
        let Some((handler, _)) = self.handler(node) else { return };
        let attempt = handler.attempt;
        let fact = LabFact::HandlingFailed { node, tag: job.tag, attempt };
        let event = self.emit(job.cause, What::Lab(fact));
        if job.record.is_some() {
            return self.record_failed(node, party, job, event);
        }
        let message = job.tag.message;
        match job.taken {
            Some(Taken::Entry(_)) => self.entry_failed(node, message, party, event),
            Some(Taken::Element(_)) => self.element_failed(node, message, party, event),
            Some(Taken::Published(..)) | None => {
                self.lose(message, party, LostReason::Failed, Some(event));
            }
        }
        self.go_on(node, Some(event));
    }
}
