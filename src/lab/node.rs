//! Processes and the machines they run on.

use super::Due;
use super::errors::Errors;
use super::handler::Handler;
use super::redis::{ListWorker, Publisher, RedisProcess, StreamReader, Subscriber};
use super::workload::Workload;
use crate::event::{
    ConnectionId, CopyId, EventId, Handling, Name, NodeId, NodeKind, NodeState, PartyId, Payload,
    Tag, TopicPartition,
};
use crate::kafka::broker::Broker;
use crate::kafka::consumer::{Consumer, ConsumerRecord, OffsetReset};
use crate::kafka::controller::Controller;
use crate::kafka::producer::Producer;
use crate::kafka::protocol::{BrokerId, Request};
use crate::sim::{Instant, Link, SortedMap};

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
    /// It ended in good order and is here no more.
    pub(super) removed: bool,
    /// It ends in good order as soon as nothing of it is under way.
    pub(super) leaving: bool,
    /// The process it is a further listener of: it lives and dies with that.
    pub(super) listens_for: Option<NodeId>,
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
    Redrive(Box<Redrive>),
    Reset(Box<Reset>),
}

/// One of the Kafka clients of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// What it reads with; a broker's connections to others go by this too.
    Consumer,
    /// What it sends with.
    Producer,
}

impl Port {
    pub(super) const ALL: [Self; 2] = [Self::Consumer, Self::Producer];
}

/// A broker and its own connections to others.
#[derive(Clone)]
pub(super) struct BrokerProcess {
    pub(super) broker: Broker,
    pub(super) wires: Wires,
    /// Requests that wait for their connection.
    pub(super) unsent: SortedMap<BrokerId, Vec<(u32, Request)>>,
}

/// An application that sends.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) topic: Name,
    /// The partition that each record names.
    pub(super) partition: Option<u32>,
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
    pub(super) open: SortedMap<u64, Tag>,
}

/// A Kafka client's connections.
pub(super) type Wires = SortedMap<BrokerId, ConnectionId>;

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
    pub(super) done: SortedMap<TopicPartition, u64>,
    /// How each record in the client's buffer got there.
    pub(super) fetched: SortedMap<CopyId, EventId>,
    /// When the application will call `poll` by itself.
    pub(super) polling: Option<Instant>,
    /// What it does with a record that its handler failed on.
    pub(super) errors: Errors,
    /// What it sends copies with, once it needs to.
    pub(super) sender: Option<KafkaSide>,
    /// How it deals with what a poll returned.
    pub(super) handling: Handling,
    /// Partitions that it was given by hand.
    pub(super) assigned: Vec<TopicPartition>,
}

/// A tool that moves a group's committed offsets.
#[derive(Clone, Debug)]
pub(super) struct Reset {
    pub(super) client: OffsetReset,
    pub(super) wires: Wires,
    pub(super) group: Name,
}

/// A tool that sends dead letters back to where they came from.
#[derive(Clone, Debug)]
pub(super) struct Redrive {
    /// Reads the dead-letter topic.
    pub(super) client: Consumer,
    pub(super) wires: Wires,
    pub(super) sender: KafkaSide,
    /// How many records it may still send.
    pub(super) left: u32,
    /// Copies that are sent and not acknowledged: the place after the record each was made of.
    pub(super) pending: SortedMap<CopyId, (TopicPartition, u64)>,
    /// Offsets to commit when all of these are acknowledged.
    pub(super) done: SortedMap<TopicPartition, u64>,
}

/// A message in the hands of an application.
#[derive(Clone, Debug)]
pub(super) struct InHand {
    pub(super) tag: Tag,
    pub(super) cause: Option<EventId>,
    /// Bytes it takes up in the kernel until the application reads it (Redis).
    pub(super) bytes: u64,
    /// The record that it is (Kafka).
    pub(super) record: Option<Box<ConsumerRecord>>,
    /// What of a Redis stream or list was taken.
    pub(super) taken: Option<Taken>,
}

/// What of Redis a client took to work on.
#[derive(Clone, Debug)]
pub(super) enum Taken {
    /// The entry with this id.
    Entry(Name),
    /// This element.
    Element(Payload),
    /// A copy by this channel (`false`) or pattern (`true`).
    Published(Name, bool),
}

impl Node {
    /// Whether it ends in good order, or has done so.
    pub(super) fn is_going(&self) -> bool {
        self.leaving || self.removed
    }

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
            Role::Consumer(reader) => {
                let sender = reader.sender.as_ref().and_then(|side| side.client.next_tick());
                reader.client.next_tick().into_iter().chain(sender).min()
            }
            Role::Reset(tool) => tool.client.next_tick(),
            Role::Redrive(tool) => {
                let sender = tool.sender.client.next_tick();
                tool.client.next_tick().into_iter().chain(sender).min()
            }
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
            Self::Redrive(_) | Self::Reset(_) => NodeKind::Tool,
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
