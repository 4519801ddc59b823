//! Facts about the experiment: nodes, messages, parties, standings.

use super::{Action, ConnectionId, MessageId, Name, NodeId, PartyId, Tag};
use crate::sim::{Instant, Span};
use serde::{Deserialize, Serialize};

/// One of the two systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The push lane.
    Redis,
    /// The pull lane.
    Kafka,
}

impl System {
    /// Its place in what is kept for each of the two, Redis first.
    pub const fn index(self) -> usize {
        match self {
            Self::Redis => 0,
            Self::Kafka => 1,
        }
    }
}

/// What kind of process a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeKind {
    /// Sends messages to one or both systems.
    Producer,
    /// A Redis server.
    RedisServer,
    /// A Kafka broker.
    Broker,
    /// A KRaft controller.
    Controller,
    /// A Redis client that subscribed.
    Subscriber,
    /// A Kafka consumer.
    Consumer,
    /// A Redis client that reads a stream.
    StreamReader,
    /// A Redis client that pops a list.
    ListWorker,
    /// An administrator's tool at work; it ends by itself.
    Tool,
}

impl NodeKind {
    /// Whether it reads for a party.
    pub const fn reads(self) -> bool {
        matches!(self, Self::Subscriber | Self::Consumer | Self::StreamReader | Self::ListWorker)
    }
}

/// What a process is doing as far as its machine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeState {
    /// It runs.
    Running,
    /// It is stopped and will go on where it was (SIGSTOP, a long collection).
    Paused,
    /// It is gone with its memory.
    Crashed,
}

/// Where a (message, party) pair stands. Exactly one at any instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Sent, and the system has not yet stored it or begun to deliver it.
    OnItsWay,
    /// The system keeps it for this party.
    Waiting,
    /// The party's handler finished.
    Delivered,
    /// In a dead-letter queue or stream.
    Parked,
    /// No copy remains that the protocol will still deliver unasked.
    Lost(LostReason),
    /// The sender got an error.
    Refused,
}

impl Standing {
    /// How many ranks there are.
    pub const RANKS: usize = 6;

    /// Its place from best (0) to worst: a lane counts a message by the worst of its standings.
    /// All reasons of a loss have one rank.
    pub const fn rank(self) -> usize {
        match self {
            Self::Delivered => 0,
            Self::OnItsWay => 1,
            Self::Waiting => 2,
            Self::Parked => 3,
            Self::Refused => 4,
            Self::Lost(_) => 5,
        }
    }

    /// Whether replicas lost it: its producer may send it again.
    pub const fn is_lost_by_replicas(self) -> bool {
        matches!(self, Self::Lost(LostReason::Replication | LostReason::UncleanElection))
    }
}

/// Why a message is lost to a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LostReason {
    /// The subscriber had no connection when it was published.
    NotConnected,
    /// It was connected but had not subscribed (yet).
    NotSubscribed,
    /// It was under way, or in the kernel's buffer, when the connection closed.
    ConnectionClosed,
    /// It was in the output buffer when the server cut the client off.
    OutputBuffer,
    /// The process had received it and crashed before it handled it.
    Crashed,
    /// The log dropped it before the group had read it.
    Retention,
    /// It was acknowledged and then gone with the machines that had it.
    Replication,
    /// It was skipped: the committed offset had moved past it.
    Skipped,
    /// It was evicted or trimmed from memory.
    Evicted,
    /// Its handler failed and nothing sends it again.
    Failed,
    /// It was acknowledged, then a replica became leader that did not have it.
    UncleanElection,
    /// A broker could not take it, and with `acks=0` its sender is not told.
    Unacknowledged,
}

impl LostReason {
    /// The reason in words, for the floor of lost messages.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotConnected => "not connected",
            Self::NotSubscribed => "not subscribed",
            Self::ConnectionClosed => "on the wire when the connection closed",
            Self::OutputBuffer => "in the output buffer when Redis cut the connection",
            Self::Crashed => "received, then the process crashed",
            Self::Retention => "deleted by retention before it was read",
            Self::Replication => "gone with the machine that had it",
            Self::Skipped => "skipped: the bookmark had moved past it",
            Self::Evicted => "trimmed or evicted from memory",
            Self::Failed => "its handler failed",
            Self::UncleanElection => "not in the new leader's log (unclean election)",
            Self::Unacknowledged => "not taken by the broker, and with acks=0 nobody is told",
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CloseReason {
    /// A person pulled the plug.
    Unplugged,
    /// A person closed it.
    ByPerson,
    /// A process on one end is gone.
    ProcessGone,
    /// The server closed it; a fact of that server says why.
    ByServer,
    /// The client closed it.
    ByClient,
}

/// What became true of the experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LabFact {
    /// A person did something.
    Commanded(Action),
    /// A process was added.
    NodeAdded {
        /// Its identity.
        node: NodeId,
        /// Its kind.
        kind: NodeKind,
        /// Its name; a consumer in both lanes has one name and two nodes.
        name: Name,
        /// The lane it stands in; none for a producer that feeds both.
        system: Option<System>,
        /// The party it reads for, when it reads.
        party: Option<PartyId>,
    },
    /// A process started, paused or crashed.
    NodeChanged {
        /// Which.
        node: NodeId,
        /// Its state from now on.
        state: NodeState,
    },
    /// A party was added; messages sent from now on are owed to it.
    PartyAdded {
        /// Its identity.
        party: PartyId,
        /// Its name: of the subscriber, the plain reader, the group or the list.
        name: Name,
        /// The system that owes it.
        system: System,
    },
    /// A producer's rate was set.
    RateSet {
        /// Which producer.
        node: NodeId,
        /// Messages in a thousand seconds.
        per_kilosecond: u32,
    },
    /// A connection was opened.
    Connected {
        /// Its identity.
        connection: ConnectionId,
        /// The side that opened it.
        client: NodeId,
        /// The side that accepted it.
        server: NodeId,
    },
    /// A connection ended, with all that was under way on it.
    Disconnected {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// An application sent a message.
    Sent {
        /// Its identity.
        message: MessageId,
        /// The producer's own count, from 1: what is written on the token.
        number: u32,
        /// Which producer.
        producer: NodeId,
        /// Its key; the colour of its token.
        key: Option<Name>,
        /// Bytes of its value.
        bytes: u32,
    },
    /// A client took a message from its connection; it waits for the handler.
    Received {
        /// Which client.
        node: NodeId,
        /// The copy.
        tag: Tag,
    },
    /// A handler began to work on a message.
    HandlingBegan {
        /// Which client.
        node: NodeId,
        /// The copy.
        tag: Tag,
        /// How long it will take.
        takes: Span,
    },
    /// A handler finished with a message.
    Handled {
        /// Which client.
        node: NodeId,
        /// For which party.
        party: PartyId,
        /// The copy.
        tag: Tag,
        /// Whether the same party had handled the message before in this reading.
        repeated: bool,
        /// Whether it had handled it in an earlier reading: somebody asked for a seek, a reset
        /// or a redrive since.
        replayed: bool,
    },
    /// A handler failed on a message.
    HandlingFailed {
        /// Which client.
        node: NodeId,
        /// The copy.
        tag: Tag,
        /// How many attempts there have been, from 1.
        attempt: u32,
    },
    /// An application that remembers what it has handled threw a repeat away.
    Discarded {
        /// Which client.
        node: NodeId,
        /// The copy.
        tag: Tag,
    },
    /// A handler changed the account table of its party.
    Charged {
        /// Whose table.
        party: PartyId,
        /// For which message.
        message: MessageId,
        /// What the account should hold: each message handled so far once.
        expected: u64,
        /// What it does hold.
        actual: u64,
    },
    /// The standing of a message with a party changed. The ledger is the sum of these.
    Stands {
        /// Which message.
        message: MessageId,
        /// With which party.
        party: PartyId,
        /// Its standing from now on.
        standing: Standing,
        /// When it was sent.
        sent: Instant,
    },
    /// An application sent a copy of a record that its handler failed on to a retry topic.
    RetryScheduled {
        /// Which client.
        node: NodeId,
        /// The new copy.
        tag: Tag,
        /// The number of the coming attempt; the first one was 1.
        attempt: u32,
        /// The retry topic.
        topic: Name,
        /// Its listener does not handle it before.
        not_before: Instant,
        /// The headers that were added, with their values in words.
        headers: Vec<(Name, Name)>,
    },
    /// An application gave a record up and sent a copy to a dead-letter topic.
    DeadLettered {
        /// Which client.
        node: NodeId,
        /// The new copy.
        tag: Tag,
        /// How many attempts there had been.
        attempts: u32,
        /// The dead-letter topic.
        topic: Name,
        /// The headers that were added, with their values in words.
        headers: Vec<(Name, Name)>,
    },
    /// An application gave a record up: it logged it and passes over it.
    GivenUp {
        /// Which client.
        node: NodeId,
        /// The copy.
        tag: Tag,
        /// How many attempts there had been.
        attempts: u32,
    },
    /// A tool sent a copy of a dead letter back to the topic it had come from.
    Redriven {
        /// Which tool.
        node: NodeId,
        /// The new copy.
        tag: Tag,
        /// Where to.
        topic: Name,
    },
    /// A consumer's process reads further topics with a consumer of their own: the node is part
    /// of that process.
    ListenerAdded {
        /// The listener.
        node: NodeId,
        /// The process's first node.
        of: NodeId,
        /// Its consumer group.
        group: Name,
        /// The topics it reads.
        topics: Vec<Name>,
    },
    /// A process ended in good order and will not be started again; its name is free.
    NodeRemoved {
        /// Which.
        node: NodeId,
    },
}
