//! The lab: a [`World`] in which both systems live, with the actors on them and the ledger.
//!
//! A World begins empty; everything in it was put there by an [`Action`]. It goes on only when
//! asked to ([`World::advance_to`]), takes everything from one queue ordered by
//! `(instant, sequence)`, and is a plain value: cloning it is a checkpoint. It tells what happens
//! as [`Event`]s, each with its cause. It knows nothing of lessons, pictures or pages.

mod check;
mod cluster;
mod command;
mod errors;
mod handler;
mod kafka_lane;
mod latency;
mod ledger;
mod lookup;
mod network;
mod node;
mod options;
mod redis;
mod standing;
mod survey;
mod tools;
mod values;
mod workload;

pub use latency::Latency;
pub use ledger::{Ledger, Party, Score};
pub use survey::{PartitionSurvey, StreamGroupSurvey, StreamSurvey, Survey};

use crate::event::{
    Action, Carrier, ConnectionId, CopyId, Event, EventId, LabFact, MessageId, Name, NodeId,
    NodeKind, PartyId, Refusal, TopicPartition, What,
};
use crate::kafka::protocol::BrokerId;
use crate::sim::{Direction, Instant, Queue, SortedMap, SortedSet};
use network::Network;
use node::{Node, Port, Role};

/// Both systems, everything connected to them, and what is due.
#[derive(Clone)]
pub struct World {
    seed: u64,
    now: Instant,
    queue: Queue<Due>,
    nodes: Vec<Node>,
    network: Network,
    ledger: Ledger,
    /// Where each copy that a log holds was appended: the cause of its fetches.
    appended: SortedMap<CopyId, EventId>,
    /// Where each copy on its way into a log was given its partition.
    partitioned: SortedMap<CopyId, EventId>,
    /// What became of messages that applications copied.
    copies_of: standing::Copies,
    /// What each Redis connection would take with it.
    outstanding: redis::Outstanding,
    /// The Redis server that clients use.
    primary: Option<NodeId>,
    /// Where what a busy Redis server does later came from.
    origins: redis::Origins,
    /// Copies on their way to a dead-letter stream, and whose they are.
    parking: SortedMap<CopyId, PartyId>,
    /// Messages by their place in the logs, for retention.
    logs: standing::Logs,
    /// Key and number of each message that is not folded, for handlers that fail by them.
    drafts: SortedMap<MessageId, (Option<Name>, u32)>,
    /// Account tables outside both systems.
    accounts: SortedMap<PartyId, Account>,
    /// Offsets that a party was asked to read again, by partition.
    replays: SortedMap<(PartyId, TopicPartition), (u64, u64)>,
    /// What a stream's group has had and was asked to read again.
    reread: SortedSet<(MessageId, PartyId)>,
    /// By which channels and patterns (`true`) a party of several has had a message.
    heard: SortedSet<(MessageId, PartyId, Name, bool)>,
    /// Up to where dead letters were sent back.
    redriven: SortedMap<TopicPartition, u64>,
    messages: u64,
    copies: u64,
    parties: u32,
    emitted: u64,
    events: Vec<Event>,
}

/// An account table that a party's handler writes to.
#[derive(Clone, Debug)]
struct Account {
    amount: u64,
    expected: u64,
    actual: u64,
}

/// Something that will happen.
#[derive(Clone, Debug)]
enum Due {
    /// Something may have reached the end of a connection.
    Arrival(ConnectionId, Direction),
    /// A connection attempt succeeds.
    Established(ConnectionId),
    /// An engine or a client has something to do by itself.
    Tick(NodeId),
    /// A producer sends its next message.
    Send(NodeId, u32),
    /// A handler is done with the message in hand.
    Finished(NodeId, u64),
    /// A consumer's application polls.
    Poll(NodeId),
    /// A process that ends in good order may be done; at this instant it is cut off.
    Ending(NodeId, Instant, EventId),
    /// A Redis client tries to connect again.
    Reconnect(NodeId),
    /// A publisher may have waited long enough for an answer.
    PublishTimeout(NodeId),
    /// A Redis server's memory and load are looked at.
    Observe(NodeId),
    /// A record's back-off is over: its listener goes on with the partition.
    BackedOff(NodeId, TopicPartition),
    /// A Kafka client learns that a broker cannot be reached.
    Unreachable(NodeId, Port, BrokerId),
}

impl Due {
    /// The process that this happens in, if it is one: nothing happens in one that does not run.
    fn process(&self) -> Option<NodeId> {
        match self {
            Self::Tick(node)
            | Self::Send(node, _)
            | Self::Finished(node, _)
            | Self::Poll(node)
            | Self::BackedOff(node, _)
            | Self::Ending(node, ..)
            | Self::Reconnect(node)
            | Self::PublishTimeout(node)
            | Self::Observe(node)
            | Self::Unreachable(node, ..) => Some(*node),
            Self::Arrival(..) | Self::Established(_) => None,
        }
    }
}

impl World {
    /// An empty world. Equal seeds and equal actions at equal instants give equal events, on
    /// every machine.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            now: Instant::ZERO,
            queue: Queue::default(),
            nodes: Vec::new(),
            network: Network::new(seed),
            ledger: Ledger::default(),
            appended: SortedMap::new(),
            partitioned: SortedMap::new(),
            copies_of: standing::Copies::default(),
            outstanding: redis::Outstanding::new(),
            primary: None,
            origins: redis::Origins::default(),
            parking: SortedMap::new(),
            logs: standing::Logs::default(),
            drafts: SortedMap::new(),
            accounts: SortedMap::new(),
            replays: SortedMap::new(),
            reread: SortedSet::new(),
            heard: SortedSet::new(),
            redriven: SortedMap::new(),
            messages: 0,
            copies: 0,
            parties: 0,
            emitted: 0,
            events: Vec::new(),
        }
    }

    /// How far this world has come.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// When the next thing is due; none when nothing will happen without an action.
    pub fn next_at(&self) -> Option<Instant> {
        self.queue.next_at()
    }

    /// Where each message stands with each party.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What has happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Lets everything happen that is due up to and including `until`.
    pub fn advance_to(&mut self, until: Instant) {
        while let Some((at, due)) = self.queue.pop_until(until) {
            self.now = at;
            self.happen(due);
        }
        self.now = self.now.max(until);
    }

    /// Whether [`World::act`] would do something now, and if not, why not.
    pub fn can(&self, action: &Action) -> Result<(), Refusal> {
        self.check(action)
    }

    /// Does what a person asks for, now.
    ///
    /// # Errors
    /// [`Refusal`] when it would change nothing or names something that is not there; the world
    /// is then as it was.
    pub fn act(&mut self, action: Action) -> Result<(), Refusal> {
        self.check(&action)?;
        let cause = self.emit(None, What::Lab(LabFact::Commanded(action.clone())));
        self.perform(action, cause);
        Ok(())
    }

    fn happen(&mut self, due: Due) {
        if let Some(id) = due.process() {
            let node = &mut self.nodes[id.0 as usize];
            if node.removed {
                return;
            }
            match node.state {
                crate::event::NodeState::Running => {}
                crate::event::NodeState::Paused => return node.stalled.push(due),
                crate::event::NodeState::Crashed => return,
            }
        }
        match due {
            Due::Arrival(connection, direction) => self.arrival(connection, direction),
            Due::Established(connection) => self.established(connection),
            Due::Tick(node) => self.tick(node),
            Due::Send(node, plan) => self.send_due(node, plan),
            Due::Finished(node, job) => self.finished(node, job),
            Due::Poll(node) => self.poll_due(node),
            Due::Ending(node, until, cause) => self.ending(node, until, cause),
            Due::BackedOff(node, partition) => self.backed_off(node, &partition),
            Due::Reconnect(node) => self.connect_redis(node),
            Due::PublishTimeout(node) => self.publish_timeout(node),
            Due::Observe(node) => self.observe(node),
            Due::Unreachable(node, port, broker) => self.kafka_unreachable(node, port, broker),
        }
    }

    /// Writes down what happened now.
    fn emit(&mut self, cause: Option<EventId>, what: What) -> EventId {
        let id = EventId(self.emitted);
        self.emitted += 1;
        self.events.push(Event { id, at: self.now, cause, what });
        id
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    /// Makes sure that a node's next tick is in the queue.
    fn schedule_tick(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.0 as usize];
        let Some(at) = node.next_tick().map(|at| at.max(self.now)) else { return };
        if node.ticking.is_none_or(|planned| at < planned) {
            node.ticking = Some(at);
            self.queue.push(at, Due::Tick(id));
        }
    }

    fn tick(&mut self, id: NodeId) {
        // A tick that was overtaken by an earlier one finds nothing planned by its instant; one
        // that a pause held up comes late.
        let node = &mut self.nodes[id.0 as usize];
        if node.ticking.is_none_or(|planned| planned > self.now) {
            return;
        }
        node.ticking = None;
        match node.role.kind() {
            NodeKind::RedisServer => self.with_server(id, None, crate::redis::Server::tick),
            NodeKind::Broker => self.with_broker(id, None, crate::kafka::broker::Broker::tick),
            NodeKind::Controller => {
                self.with_controller(id, None, crate::kafka::controller::Controller::tick);
            }
            NodeKind::Producer | NodeKind::Consumer | NodeKind::Tool => self.client_tick(id),
            NodeKind::Subscriber | NodeKind::StreamReader | NodeKind::ListWorker => {}
        }
    }

    /// A producer's application sends a message into every lane it feeds.
    fn send_now(&mut self, node: NodeId, cause: Option<EventId>) {
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        let draft = source.workload.draft();
        let topic = source.topic.clone();
        let mut carriers = source.publisher.as_ref().map_or_else(Vec::new, |p| p.carriers.clone());
        carriers.extend(source.producer.is_some().then_some(Carrier::Kafka));
        self.messages += 1;
        let message = MessageId(self.messages);
        let sent = self.emit(
            cause,
            What::Lab(LabFact::Sent {
                message,
                number: draft.number,
                producer: node,
                key: draft.key.clone(),
                bytes: draft.value.len() as u32,
            }),
        );
        self.drafts.insert(message, (draft.key.clone(), draft.number));
        self.owe(message, &topic, &carriers, sent);
        self.publish(node, &draft, message, sent);
        if carriers.contains(&Carrier::Kafka) {
            self.produce(node, &topic, &draft, message, sent);
        }
    }
}
