//! Workers of a list: `BRPOP`, or the reliable queue of the documentation of `LMOVE`.
//!
//! A safe worker keeps what it works on in a processing list of its own and removes it from
//! there when it is done; what lies there when it starts or connects again it puts back.

use super::super::handler::Handler;
use super::super::node::{InHand, Role, Taken};
use super::super::{Due, World};
use super::keep::processing;
use super::{RECONNECT, elements, words};
use crate::event::{
    ConnectionId, EventId, LostReason, MessageId, Name, NodeId, PartyId, Payload, Tag,
};
use crate::redis::Frame;
use std::collections::VecDeque;

/// What a worker has asked for.
#[derive(Clone, Debug)]
enum Ask {
    Take,
    /// Puts back what an earlier life left.
    Recover,
    Remove(Payload),
}

/// A Redis client that pops a list, and its application.
#[derive(Clone, Debug)]
pub(in super::super) struct ListWorker {
    pub(in super::super) party: PartyId,
    pub(in super::super) list: Name,
    pub(in super::super) safe: bool,
    pub(in super::super) connection: Option<ConnectionId>,
    pub(in super::super) handler: Handler,
    asked: VecDeque<Ask>,
    /// Handled, and `LREM` not yet answered: sent again over a new connection.
    unremoved: Vec<Payload>,
    recovering: bool,
}

impl ListWorker {
    pub(in super::super) fn new(party: PartyId, list: Name, safe: bool, handler: Handler) -> Self {
        Self {
            party,
            list,
            safe,
            connection: None,
            handler,
            asked: VecDeque::new(),
            unremoved: Vec::new(),
            recovering: safe,
        }
    }

    /// The process is gone: everything in its memory.
    pub(in super::super) fn forget(&mut self) {
        self.asked.clear();
        self.unremoved.clear();
        self.recovering = self.safe;
    }
}

impl World {
    fn list_worker(&mut self, node: NodeId) -> Option<&mut ListWorker> {
        match &mut self.node_mut(node).role {
            Role::ListWorker(worker) => Some(worker),
            _ => None,
        }
    }

    /// A worker's connection stands: nothing that it had asked for will be answered.
    pub(super) fn list_connected(&mut self, node: NodeId, cause: EventId) {
        let Some(worker) = self.list_worker(node) else { return };
        worker.asked.clear();
        worker.recovering = worker.safe;
        for element in std::mem::take(&mut worker.unremoved) {
            self.remove_element(node, element, Some(cause));
        }
        self.list_next(node, Some(cause));
    }

    fn list_ask(&mut self, node: NodeId, ask: Ask, args: Vec<Payload>, cause: Option<EventId>) {
        let Some(id) = self.live(node) else { return };
        if let Some(worker) = self.list_worker(node) {
            worker.asked.push_back(ask);
            self.redis_send(id, args, Vec::new(), cause);
        }
    }

    /// A worker that is free and waits for no answer asks for the next element.
    pub(super) fn list_next(&mut self, node: NodeId, cause: Option<EventId>) {
        let name = self.node(node).name.clone();
        let Some(worker) = self.list_worker(node) else { return };
        if !worker.handler.is_idle() || !worker.asked.is_empty() {
            return;
        }
        let (list, mine) = (worker.list.clone(), processing(&worker.list, &name));
        let (ask, args) = if worker.recovering {
            (Ask::Recover, words(&["LMOVE", &mine, &list, "RIGHT", "RIGHT"]))
        } else if worker.safe {
            (Ask::Take, words(&["BLMOVE", &list, &mine, "RIGHT", "LEFT", "0"]))
        } else {
            (Ask::Take, words(&["BRPOP", &list, "0"]))
        };
        self.list_ask(node, ask, args, cause);
    }

    pub(super) fn list_answered(
        &mut self,
        node: NodeId,
        frame: &Frame,
        tags: &[Tag],
        cause: EventId,
    ) {
        let Some(worker) = self.list_worker(node) else { return };
        let Some(ask) = worker.asked.pop_front() else { return };
        if matches!(frame, Frame::Error(_)) {
            // This server takes no writes: it tries again after a while.
            return self.queue.push(self.now + RECONNECT, Due::Reconnect(node));
        }
        match ask {
            Ask::Recover => worker.recovering = matches!(frame, Frame::Bulk(_)),
            Ask::Remove(element) => worker.unremoved.retain(|waiting| *waiting != element),
            Ask::Take => {
                // BRPOP answers key and element, BLMOVE the element.
                let element = elements(frame).get(1).unwrap_or(frame);
                if let (Frame::Bulk(element), Some(&tag)) = (element, tags.first()) {
                    let taken = Some(Taken::Element(element.clone()));
                    let job = InHand { tag, cause: Some(cause), bytes: 0, record: None, taken };
                    self.received(node, job);
                } else if let Frame::Bulk(element) = element {
                    // Somebody pushed it by hand: there is nothing to do for it.
                    self.remove_element(node, element.clone(), Some(cause));
                }
            }
        }
        self.list_next(node, Some(cause));
    }

    /// `LREM` from the processing list, now or when there is a connection again.
    pub(in super::super) fn remove_element(
        &mut self,
        node: NodeId,
        element: Payload,
        cause: Option<EventId>,
    ) {
        let name = self.node(node).name.clone();
        let Some(worker) = self.list_worker(node).filter(|worker| worker.safe) else { return };
        worker.unremoved.push(element.clone());
        let mut args = words(&["LREM", &processing(&worker.list, &name), "1"]);
        args.push(element.clone());
        self.list_ask(node, Ask::Remove(element), args, cause);
    }

    /// A worker's handler failed: a safe one's element stays in the processing list until it
    /// starts or connects again.
    pub(in super::super) fn element_failed(
        &mut self,
        node: NodeId,
        message: MessageId,
        party: PartyId,
        event: EventId,
    ) {
        if self.list_worker(node).is_some_and(|worker| worker.safe) {
            self.reconsider(message, LostReason::Evicted, event);
        } else {
            self.lose(message, party, LostReason::Failed, Some(event));
        }
    }
}
