//! Processes that end in good order, in either lane.
//!
//! A consumer commits what it has handled and leaves its group; a broker hands over what it leads
//! (controlled shutdown); a subscriber unsubscribes and handles what it has received; a producer
//! sends what it still has. Whoever takes longer than [`LONGEST`] is cut off.

use super::super::lookup::refuse;
use super::super::node::{Port, Role};
use super::{Due, World};
use crate::event::What;
use crate::event::{
    CommitPoint, EventId, LabFact, LostReason, Name, NodeId, NodeState, Payload, Refusal,
};
use crate::sim::{Instant, Span};

/// `KafkaConsumer#close` waits so long for its last answers (`DEFAULT_CLOSE_TIMEOUT_MS`); the lab
/// gives every process as much.
const LONGEST: Span = Span::from_secs(30);
/// How often it looks whether a process is done.
const LOOK: Span = Span::from_millis(10);

impl World {
    pub(in crate::lab) fn check_remove(&self, name: &Name) -> Result<(), Refusal> {
        let nodes = self.process(name)?;
        if nodes.iter().any(|&id| self.node(id).leaving) {
            return refuse(format!("\"{name}\" is about to end already."));
        }
        if self.controller().is_some_and(|controller| nodes.contains(&controller)) {
            return refuse(format!(
                "\"{name}\" is the controller; a cluster cannot be without it."
            ));
        }
        Ok(())
    }

    /// Begins the end of a process.
    pub(in crate::lab) fn remove(&mut self, node: NodeId, cause: EventId) {
        if self.node(node).state != NodeState::Running {
            return self.gone(node, cause);
        }
        self.node_mut(node).leaving = true;
        let now = self.now;
        let mut out = Vec::new();
        let mut port = Port::Consumer;
        let mut commands: Vec<Vec<Payload>> = Vec::new();
        let mut connection = None;
        match &mut self.node_mut(node).role {
            Role::Consumer(reader) => {
                reader.handler.abandon();
                let done = std::mem::take(&mut reader.done);
                let by_hand = reader.commit == CommitPoint::AfterWork
                    && !reader.client.config().enable_auto_commit;
                if by_hand && !done.is_empty() {
                    reader.client.commit(now, done.into_iter().collect(), &mut out);
                }
                reader.client.close(now, &mut out);
            }
            Role::Source(source) => {
                source.plan += 1;
                port = Port::Producer;
                if let Some(side) = &mut source.producer {
                    side.client.flush(now, &mut out);
                }
            }
            Role::Subscriber(subscriber) => {
                connection = subscriber.connection;
                for (command, names) in
                    [("UNSUBSCRIBE", &subscriber.channels), ("PUNSUBSCRIBE", &subscriber.patterns)]
                {
                    if !names.is_empty() {
                        commands.push(vec![command.into()]);
                    }
                }
            }
            Role::Broker(_) => {
                self.with_broker(node, Some(cause), crate::kafka::broker::Broker::shut_down);
            }
            _ => return self.gone(node, cause),
        }
        self.client_outputs(node, port, out, Some(cause));
        if let Some(id) = connection {
            for args in commands {
                self.redis_send(id, args, Vec::new(), Some(cause));
            }
        }
        self.queue.push(now + LOOK, Due::Ending(node, now + LONGEST, cause));
        self.schedule_tick(node);
    }

    /// Whether a process that ends has nothing under way any more.
    fn is_quiet(&self, node: NodeId) -> bool {
        match &self.node(node).role {
            Role::Consumer(reader) => reader.client.has_ended(),
            Role::Source(source) => {
                let sent = source.producer.as_ref().is_none_or(|side| side.client.pending() == 0);
                sent && source
                    .publisher
                    .as_ref()
                    .is_none_or(super::super::redis::Publisher::is_quiet)
            }
            Role::Subscriber(subscriber) => {
                let under_way = subscriber.connection.and_then(|id| self.outstanding.get(&id));
                subscriber.handler.is_idle()
                    && under_way.is_none_or(std::collections::VecDeque::is_empty)
            }
            Role::Broker(process) => process.broker.has_stopped(),
            _ => true,
        }
    }

    pub(in crate::lab) fn ending(&mut self, node: NodeId, until: Instant, cause: EventId) {
        if self.is_quiet(node) || self.now >= until {
            self.gone(node, cause);
        } else {
            self.queue.push(self.now + LOOK, Due::Ending(node, until, cause));
        }
    }

    /// A process is gone for good: what only it could still have delivered is lost.
    fn gone(&mut self, node: NodeId, cause: EventId) {
        let event = self.emit(Some(cause), What::Lab(LabFact::NodeRemoved { node }));
        // Its connections end, and nothing reaches it any more, as after a crash.
        self.node_mut(node).state = NodeState::Crashed;
        self.process_ended(node, event);
        self.node_mut(node).removed = true;
        let alone = match &self.node(node).role {
            Role::Subscriber(subscriber) => Some(subscriber.party),
            Role::StreamReader(reader) if reader.group.is_none() => Some(reader.party),
            Role::Redis(_) if self.redis_server() == Some(node) => {
                self.primary = None;
                None
            }
            _ => None,
        };
        if let Some(party) = alone {
            for message in self.ledger.open_for(party) {
                self.lose(message, party, LostReason::NotSubscribed, Some(event));
            }
        }
        self.disks_gone(node, event);
    }

    /// A broker took its disks along: partitions that only it had are gone.
    fn disks_gone(&mut self, node: NodeId, event: EventId) {
        let Role::Broker(process) = &self.node(node).role else { return };
        let (id, cluster) = (process.broker.id(), self.cluster());
        let only_here = |partition: &crate::event::TopicPartition| {
            let registration = cluster.as_ref().and_then(|image| image.partition(partition));
            registration.is_some_and(|registration| registration.replicas == [id])
        };
        let gone: Vec<_> = self.logs.keys().filter(|&p| only_here(p)).cloned().collect();
        for partition in gone {
            let log = self.logs.remove(&partition).unwrap_or_default();
            self.copies_gone(
                &partition,
                log.iter().map(|&(_, tag)| tag),
                LostReason::Replication,
                event,
            );
            for (_, tag) in log {
                self.fold(tag.message);
            }
        }
    }
}
