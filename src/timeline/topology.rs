//! What exists and how it is connected, at any instant.

use super::Steps;
use crate::event::{
    Action, Carrier, CloseReason, ConnectionId, LabFact, MessageId, Name, NodeId, NodeKind,
    NodeState, PartyId, System, TopicPartition,
};
use crate::sim::{Instant, Span};
use std::collections::BTreeMap;

/// A process.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its identity.
    pub id: NodeId,
    /// Its kind.
    pub kind: NodeKind,
    /// Its name; a consumer in both lanes has one name and two nodes.
    pub name: Name,
    /// Its lane; none for a producer of both.
    pub system: Option<System>,
    /// The party it reads for.
    pub party: Option<PartyId>,
    /// Since when it exists.
    pub added: Instant,
    /// What it is doing.
    pub state: Steps<NodeState>,
    /// Messages in a thousand seconds, for a producer.
    pub rate: Steps<u32>,
    /// How long its handler takes.
    pub takes: Steps<Span>,
    /// Whether its plug is in; nothing recorded means in.
    pub unplugged: Steps<bool>,
    /// Whether its path to the servers is cut.
    pub interrupted: Steps<bool>,
    /// How many of its connections are open.
    pub open: Steps<u32>,
    /// The messages it handled, repeats included, in order.
    history: Vec<(Instant, MessageId)>,
    /// The message its handler works on, with the instant it will be done.
    pub working: Steps<Option<(MessageId, Instant)>>,
    /// What a consumer is assigned.
    pub assigned: Steps<Vec<TopicPartition>>,
    /// The topic, or channel, a producer sends to.
    pub topic: Option<Name>,
    /// How a producer's messages travel, where a command said so.
    pub carriers: Vec<Carrier>,
}

impl Node {
    /// How many messages it has handled by `t`, repeats included.
    pub fn handled(&self, t: Instant) -> usize {
        self.history.partition_point(|(at, _)| *at <= t)
    }

    /// What it has handled by `t`, repeats included, oldest first, each with its instant.
    pub fn history(&self, t: Instant) -> &[(Instant, MessageId)] {
        &self.history[..self.handled(t)]
    }

    /// The last `n` messages that it has handled by `t`, newest first.
    pub fn recent(&self, t: Instant, n: usize) -> impl Iterator<Item = MessageId> {
        let end = self.handled(t);
        self.history[end.saturating_sub(n)..end].iter().rev().map(|(_, message)| *message)
    }
}

/// A connection that was opened.
#[derive(Clone, Debug)]
pub struct Wire {
    /// Its identity.
    pub id: ConnectionId,
    /// The side that opened it.
    pub client: NodeId,
    /// The side that accepted it.
    pub server: NodeId,
    /// When it was opened.
    pub opened: Instant,
    /// When and why it ended.
    pub closed: Option<(Instant, CloseReason)>,
    /// Bytes in the output buffer that a Redis server keeps for it.
    pub buffered: Steps<u64>,
    /// Fetches and their answers in order: (departed, hop's index, whether an answer).
    pub(super) fetches: Vec<(Instant, u32, bool)>,
}

impl Wire {
    /// Whether it stands at `t`.
    pub fn is_open(&self, t: Instant) -> bool {
        self.opened <= t && self.closed.is_none_or(|(at, _)| t < at)
    }
}

/// A subscription of a client.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Whose.
    pub client: ConnectionId,
    /// At which server.
    pub server: NodeId,
    /// Channel or pattern.
    pub channel: Name,
    /// Whether it is a pattern.
    pub pattern: bool,
    /// Since when.
    pub from: Instant,
    /// Until when; open or closed with its connection where none.
    pub until: Option<Instant>,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Topology {
    pub(super) nodes: Vec<Node>,
    node_index: BTreeMap<NodeId, usize>,
    pub(super) wires: Vec<Wire>,
    wire_index: BTreeMap<ConnectionId, usize>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Channels of a server in order of first appearance.
    pub(super) channels: Vec<(Instant, NodeId, Name)>,
    /// Counts what a layout depends on.
    pub(super) epoch: Steps<u32>,
    /// Commands that set up nodes not yet there.
    setup: BTreeMap<Name, Action>,
}

impl Topology {
    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.node_index.get(&id).map(|i| &self.nodes[*i])
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.node_index.get(&id).map(|i| &mut self.nodes[*i])
    }

    pub(super) fn wire(&self, id: ConnectionId) -> Option<&Wire> {
        self.wire_index.get(&id).map(|i| &self.wires[*i])
    }

    pub(super) fn wire_mut(&mut self, id: ConnectionId) -> Option<&mut Wire> {
        self.wire_index.get(&id).map(|i| &mut self.wires[*i])
    }

    pub(super) fn bump(&mut self, at: Instant) {
        let next = self.epoch.newest() + 1;
        self.epoch.set(at, next);
    }

    pub(super) fn channel(&mut self, at: Instant, server: NodeId, name: &Name) {
        if !self.channels.iter().any(|(_, s, n)| *s == server && n == name) {
            self.channels.push((at, server, name.clone()));
            self.bump(at);
        }
    }

    pub(super) fn subscribe(
        &mut self,
        at: Instant,
        server: NodeId,
        client: ConnectionId,
        channel: &Name,
        pattern: bool,
    ) {
        self.subscriptions.push(Subscription {
            client,
            server,
            channel: channel.clone(),
            pattern,
            from: at,
            until: None,
        });
        self.channel(at, server, channel);
    }

    pub(super) fn unsubscribe(
        &mut self,
        at: Instant,
        client: ConnectionId,
        channel: &Name,
        pattern: bool,
    ) {
        let mine = |s: &&mut Subscription| {
            s.client == client && s.channel == *channel && s.pattern == pattern && s.until.is_none()
        };
        if let Some(subscription) = self.subscriptions.iter_mut().find(mine) {
            subscription.until = Some(at);
        }
    }

    /// A consumer that fetches from a partition is shown as reading it, whatever else is known.
    pub(super) fn fetched(&mut self, at: Instant, node: NodeId, partition: &TopicPartition) {
        if let Some(node) = self.node_mut(node) {
            let mut all = node.assigned.last().cloned().unwrap_or_default();
            if node.kind == NodeKind::Consumer && !all.contains(partition) {
                all.push(partition.clone());
                all.sort();
                node.assigned.set(at, all);
            }
        }
    }

    /// Who a member id (`billing-1-6f1c...`) belongs to: the consumer whose name begins it.
    pub(super) fn member(&self, member: &str) -> Option<NodeId> {
        let consumers = self.nodes.iter().filter(|node| node.kind == NodeKind::Consumer);
        let begins = consumers.filter(|node| member.starts_with(&*node.name));
        begins.max_by_key(|node| node.name.len()).map(|node| node.id)
    }

    pub(super) fn fold(&mut self, at: Instant, fact: &LabFact) {
        match fact {
            LabFact::Commanded(action) => self.command(at, action),
            LabFact::NodeAdded { node, kind, name, system, party } => {
                let mut added = Node {
                    id: *node,
                    kind: *kind,
                    name: name.clone(),
                    system: *system,
                    party: *party,
                    added: at,
                    state: Steps::default(),
                    rate: Steps::default(),
                    takes: Steps::default(),
                    unplugged: Steps::default(),
                    interrupted: Steps::default(),
                    open: Steps::default(),
                    history: Vec::new(),
                    working: Steps::default(),
                    assigned: Steps::default(),
                    topic: None,
                    carriers: Vec::new(),
                };
                match self.setup.get(name) {
                    Some(Action::AddProducer { topic, carriers, load, .. }) => {
                        added.topic = Some(topic.clone());
                        added.carriers.clone_from(carriers);
                        added.rate.set(at, load.per_kilosecond);
                    }
                    Some(
                        Action::AddSubscriber { takes, .. }
                        | Action::AddConsumer { takes, .. }
                        | Action::AddStreamReader { takes, .. }
                        | Action::AddListWorker { takes, .. },
                    ) => {
                        added.takes.set(at, *takes);
                    }
                    _ => {}
                }
                self.node_index.insert(*node, self.nodes.len());
                self.nodes.push(added);
                self.bump(at);
            }
            LabFact::NodeChanged { node, state } => {
                if let Some(node) = self.node_mut(*node) {
                    node.state.set(at, *state);
                    if *state == NodeState::Crashed {
                        node.working.set(at, None);
                    }
                }
            }
            LabFact::RateSet { node, per_kilosecond } => {
                if let Some(node) = self.node_mut(*node) {
                    node.rate.set(at, *per_kilosecond);
                }
            }
            LabFact::Connected { connection, client, server } => {
                self.wire_index.insert(*connection, self.wires.len());
                self.wires.push(Wire {
                    id: *connection,
                    client: *client,
                    server: *server,
                    opened: at,
                    closed: None,
                    buffered: Steps::default(),
                    fetches: Vec::new(),
                });
                self.count_open(at, *client, 1);
            }
            LabFact::Disconnected { connection, reason } => {
                let Some(wire) = self.wire_mut(*connection) else { return };
                if wire.closed.is_some() {
                    return;
                }
                wire.closed = Some((at, *reason));
                wire.buffered.set(at, 0);
                let client = wire.client;
                self.count_open(at, client, -1);
                for subscription in &mut self.subscriptions {
                    if subscription.client == *connection && subscription.until.is_none() {
                        subscription.until = Some(at);
                    }
                }
            }
            LabFact::HandlingBegan { node, tag, takes } => {
                if let Some(node) = self.node_mut(*node) {
                    node.working.set(at, Some((tag.message, at + *takes)));
                    node.takes.set(at, *takes);
                }
            }
            LabFact::Handled { node, tag, .. } => {
                if let Some(node) = self.node_mut(*node) {
                    node.history.push((at, tag.message));
                    node.working.set(at, None);
                }
            }
            LabFact::HandlingFailed { node, .. } | LabFact::Discarded { node, .. } => {
                if let Some(node) = self.node_mut(*node) {
                    node.working.set(at, None);
                }
            }
            LabFact::Sent { .. }
            | LabFact::Charged { .. }
            | LabFact::PartyAdded { .. }
            | LabFact::Received { .. }
            | LabFact::Stands { .. } => {}
        }
    }

    fn count_open(&mut self, at: Instant, client: NodeId, change: i32) {
        if let Some(node) = self.node_mut(client) {
            let count = node.open.newest().saturating_add_signed(change);
            node.open.set(at, count);
        }
    }

    fn command(&mut self, at: Instant, action: &Action) {
        let mut named = |name: &Name, change: &dyn Fn(&mut Node)| {
            self.nodes.iter_mut().filter(|node| node.name == *name).for_each(change);
        };
        match action {
            Action::Unplug { consumer } => named(consumer, &|node| node.unplugged.set(at, true)),
            Action::PlugIn { consumer } => named(consumer, &|node| node.unplugged.set(at, false)),
            Action::Interrupt { node } => named(node, &|node| node.interrupted.set(at, true)),
            Action::Heal { node } => named(node, &|node| node.interrupted.set(at, false)),
            Action::SetWork { consumer, takes } => {
                named(consumer, &|node| node.takes.set(at, *takes));
            }
            Action::AddProducer { name, .. }
            | Action::AddSubscriber { name, .. }
            | Action::AddStreamReader { name, .. }
            | Action::AddListWorker { name, .. }
            | Action::AddConsumer { name, .. } => {
                self.setup.insert(name.clone(), action.clone());
            }
            _ => {}
        }
    }
}
