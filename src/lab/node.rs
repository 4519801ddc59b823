//! Processes and the machines they run on.

use super::Due;
use super::handler::Handler;
use super::redis::{ListWorker, Publisher, RedisProcess, StreamReader, Subscriber};
use super::workload::Workload;
use crate::event::{
    ConnectionId, CopyId, EventId, MessageId, Name, NodeKind, NodeState, PartyId, Payload, Tag,
    TopicPartition,
};
use crate::kafka::broker::Broker;
use crate::kafka::consumer::Consumer;
use crate::kafka::controller::Controller;
use crate::kafka::producer::Producer;
use crate::kafka::protocol::{BrokerId, Request};
use crate::sim::{Instant, Link};
use std::collections::BTreeMap;

/// One process.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: Name,
    pub(super) state: NodeState,
    /// The path from its machine to everything else.
    pub(super) link: Link,
    /// Its network cable is pulled: connections are closed and new ones fail at once.
    pub(super) unplugged: bool,
    /// What came due while it was paused.
    pub(super) stalled: Vec<Due>,
    /// The earliest tick in the queue.
    pub(super) ticking: Option<Instant>,
    /// What it was started with, for when it is started again.
    pub(super) settings: crate::event::Settings,
    pub(super) role: Role,
}

/// What a process is.
#[derive(Clone)]
pub(super) enum Role {
    Source(Box<Source>),
    Redis(Box<RedisProcess>),
    Broker(Box<BrokerProcess>),
    Controller(Box<Controller>),
    Subscriber(Box<Subscriber>),
    Consumer(Box<Reader>),
    StreamReader(Box<StreamReader>),
    ListWorker(Box<ListWorker>),
}

/// A broker and its own connections to others.
#[derive(Clone)]
pub(super) struct BrokerProcess {
    pub(super) broker: Broker,
    pub(super) wires: Wires,
    /// Requests that wait for their connection.
    pub(super) unsent: BTreeMap<BrokerId, Vec<(u32, Request)>>,
}

/// An application that sends.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) topic: Name,
    pub(super) workload: Workload,
    /// Counts changes of plan, so that a message planned at an old rate is not sent.
    pub(super) plan: u32,
    pub(super) publisher: Option<Publisher>,
    pub(super) producer: Option<KafkaSide>,
}

/// Its Kafka producer.
#[derive(Clone, Debug)]
pub(super) struct KafkaSide {
    pub(super) client: Producer,
    pub(super) wires: Wires,
    /// Records whose fate is open, by the producer's own number.
    pub(super) open: BTreeMap<u64, MessageId>,
}

/// A Kafka client's connections.
pub(super) type Wires = BTreeMap<BrokerId, ConnectionId>;

/// A Kafka consumer and its application.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) party: PartyId,
    pub(super) group: Name,
    pub(super) topics: Vec<Name>,
    pub(super) client: Consumer,
    pub(super) wires: Wires,
    pub(super) handler: Handler,
    pub(super) commit: crate::event::CommitPoint,
    /// Offsets to commit when the batch in hand is done.
    pub(super) done: BTreeMap<TopicPartition, u64>,
    /// How each record in the client's buffer got there.
    pub(super) fetched: BTreeMap<CopyId, EventId>,
    /// When the application will call `poll` by itself.
    pub(super) polling: Option<Instant>,
}

/// A message in the hands of an application.
#[derive(Clone, Debug)]
pub(super) struct InHand {
    pub(super) tag: Tag,
    pub(super) cause: Option<EventId>,
    /// Bytes it takes up in the kernel until the application reads it (Redis).
    pub(super) bytes: u64,
    /// Where it was read (Kafka): partition and the offset after it.
    pub(super) next: Option<(TopicPartition, u64)>,
    /// What of a Redis stream or list was taken.
    pub(super) taken: Option<Taken>,
}

/// What a Redis client took to work on.
#[derive(Clone, Debug)]
pub(super) enum Taken {
    /// The entry with this id.
    Entry(Name),
    /// This element.
    Element(Payload),
}

impl Node {
    /// When it has something to do by itself.
    pub(super) fn next_tick(&self) -> Option<Instant> {
        if self.state == NodeState::Crashed {
            return None;
        }
        match &self.role {
            Role::Redis(process) => process.server.next_tick(),
            Role::Broker(broker) => broker.broker.next_tick(),
            Role::Controller(controller) => controller.next_tick(),
            Role::Source(source) => source.producer.as_ref()?.client.next_tick(),
            Role::Consumer(reader) => reader.client.next_tick(),
            Role::Subscriber(_) | Role::StreamReader(_) | Role::ListWorker(_) => None,
        }
    }
}

impl Role {
    pub(super) fn kind(&self) -> NodeKind {
        match self {
            Self::Source(_) => NodeKind::Producer,
            Self::Redis(_) => NodeKind::RedisServer,
            Self::Broker(_) => NodeKind::Broker,
            Self::Controller(_) => NodeKind::Controller,
            Self::Subscriber(_) => NodeKind::Subscriber,
            Self::Consumer(_) => NodeKind::Consumer,
            Self::StreamReader(_) => NodeKind::StreamReader,
            Self::ListWorker(_) => NodeKind::ListWorker,
        }
    }

    /// The application of a process that reads, and the party it reads for.
    pub(super) fn handler(&self) -> Option<(&Handler, PartyId)> {
        match self {
            Self::Subscriber(subscriber) => Some((&subscriber.handler, subscriber.party)),
            Self::Consumer(reader) => Some((&reader.handler, reader.party)),
            Self::StreamReader(reader) => Some((&reader.handler, reader.party)),
            Self::ListWorker(worker) => Some((&worker.handler, worker.party)),
            _ => None,
        }
    }

    /// The same, to change it.
    pub(super) fn handler_mut(&mut self) -> Option<(&mut Handler, PartyId)> {
        match self {
            Self::Subscriber(subscriber) => Some((&mut subscriber.handler, subscriber.party)),
            Self::Consumer(reader) => Some((&mut reader.handler, reader.party)),
            Self::StreamReader(reader) => Some((&mut reader.handler, reader.party)),
            Self::ListWorker(worker) => Some((&mut worker.handler, worker.party)),
            _ => None,
        }
    }
}
