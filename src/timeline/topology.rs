//! What exists and how it is connected, at any instant.

use super::Steps;
use super::members::Members;
use crate::event::{
    Action, Carrier, CloseReason, ConnectionId, LabFact, MessageId, Name, NodeId, NodeKind,
    NodeState, PartyId, System, Tag, TopicPartition,
};
use crate::sim::{Instant, Order, SortedMap, Span};
use std::collections::VecDeque;

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
    /// Since when it is gone for good.
    pub removed: Option<Instant>,
    /// The process it is a further listener of: it reads retry topics for that.
    pub listens_for: Option<NodeId>,
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
    /// How many it had handled before those.
    forgotten: usize,
    /// The message its handler works on, with the instant it will be done.
    pub working: Steps<Option<(MessageId, Instant)>>,
    /// The message that its handler failed on last and has not got rid of since, and how many
    /// attempts there have been.
    pub failing: Steps<Option<(MessageId, u32)>>,
    /// What a consumer is assigned.
    pub assigned: Steps<Vec<TopicPartition>>,
    /// What its group counts as its own: a crashed member's partitions stay taken until the
    /// coordinator removes it.
    pub taken: Steps<Vec<TopicPartition>>,
    /// The topic, or channel, a producer sends to.
    pub topic: Option<Name>,
    /// How a producer's messages travel, where a command said so.
    pub carriers: Vec<Carrier>,
    /// `used_memory` and `maxmemory` of a Redis server, in bytes; the latter 0 without a limit.
    pub memory: Steps<(u64, u64)>,
    /// The limits of the output buffers that a Redis server keeps for subscribers.
    pub limits: Steps<BufferLimits>,
    /// How busy a Redis server's event loop is, in thousandths.
    pub busy: Steps<u32>,
    /// Whether a Redis server is a primary, where it has told.
    pub primary: Steps<bool>,
    /// The offset of the replication stream that a Redis server has.
    pub offset: Steps<u64>,
    /// Whether a Redis replica's link to its primary is up.
    pub link: Steps<bool>,
    /// The stream or list that it reads.
    pub key: Option<Name>,
    /// The Redis server that it last connected to.
    pub server: Steps<NodeId>,
    /// Since when its handler keeps an account, and what it adds for each message.
    pub account: Option<(Instant, u32)>,
    /// The consumer group, where a command said so.
    pub group: Option<Name>,
    /// What the group's coordinator believes: the member is alive until this clock has run out.
    /// None once it was removed.
    pub session: Steps<Option<Clock>>,
    /// What its own client allows: the application must call `poll` again before this has run
    /// out.
    pub poll: Steps<Option<Clock>>,
    /// Where it stands in a rebalance.
    pub phase: Steps<Phase>,
    /// The connection that it opened last.
    last_wire: Option<ConnectionId>,
}

/// A time that drains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// When it was set.
    pub since: Instant,
    /// How long it lasts.
    pub length: Span,
}

impl Clock {
    /// One that is set at `since` and has run out at `until`.
    pub(super) fn new(since: Instant, until: Instant) -> Self {
        Self { since, length: until.since(since) }
    }

    /// What is left of it at `t`.
    pub fn left(self, t: Instant) -> Span {
        (self.since + self.length).since(t)
    }
}

/// Where a member stands in a rebalance of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Phase {
    /// In none.
    #[default]
    Stable,
    /// Its group prepares one; it gives its partitions back when it hears of it.
    Revoke,
    /// It has asked to join and waits for the others.
    Join,
    /// It waits for its assignment.
    Sync,
    /// It has its assignment and has not fetched yet.
    Resume,
}

impl Node {
    /// Whether it exists at `t`: it was added and is not gone for good.
    pub fn exists(&self, t: Instant) -> bool {
        self.added <= t && self.removed.is_none_or(|removed| t < removed)
    }

    /// Whether a Redis server is a replica at `t`, as far as it has told.
    pub fn replicates(&self, t: Instant) -> bool {
        match (self.primary.at(t), self.link.at(t)) {
            (Some(primary), _) => !primary,
            (None, link) => link.is_some(),
        }
    }

    /// What its process does at `t`.
    pub fn state_at(&self, t: Instant) -> NodeState {
        self.state.at(t).copied().unwrap_or(NodeState::Running)
    }

    /// Whether its memory is gone at `t`: it has crashed, or is gone for good.
    pub fn is_gone(&self, t: Instant) -> bool {
        self.state_at(t) == NodeState::Crashed || !self.exists(t)
    }

    /// How many messages it has handled by `t`, repeats included.
    pub fn handled(&self, t: Instant) -> usize {
        self.forgotten + self.history(t).len()
    }

    /// What it has handled by `t`, as far as it is at hand, repeats included, oldest first, each
    /// with its instant.
    pub fn history(&self, t: Instant) -> &[(Instant, MessageId)] {
        &self.history[..self.history.partition_point(|(at, _)| *at <= t)]
    }

    /// The last `n` messages that it has handled by `t`, newest first.
    pub fn recent(&self, t: Instant, n: usize) -> impl Iterator<Item = MessageId> {
        self.history(t).iter().rev().take(n).map(|(_, message)| *message)
    }

    /// What its picture shows of messages, whatever else is forgotten.
    pub(super) fn shown(&self) -> impl Iterator<Item = MessageId> {
        let working = self.working.last().copied().flatten().map(|(message, _)| message);
        self.history.iter().map(|(_, message)| *message).chain(working)
    }

    fn fails(&mut self, at: Instant, failing: Option<(MessageId, u32)>) {
        if self.failing.newest() != failing {
            self.failing.set(at, failing);
        }
    }

    fn forget(&mut self, begin: Instant) {
        let known = self.history.partition_point(|(at, _)| *at <= begin);
        let gone = known.saturating_sub(HANDLED);
        self.history.drain(..gone);
        self.forgotten += gone;
        self.state.forget(begin);
        self.rate.forget(begin);
        self.takes.forget(begin);
        self.unplugged.forget(begin);
        self.interrupted.forget(begin);
        self.open.forget(begin);
        self.working.forget(begin);
        self.failing.forget(begin);
        self.assigned.forget(begin);
        self.taken.forget(begin);
        self.memory.forget(begin);
        self.busy.forget(begin);
        self.primary.forget(begin);
        self.offset.forget(begin);
        self.link.forget(begin);
        self.limits.forget(begin);
        self.server.forget(begin);
        self.session.forget(begin);
        self.poll.forget(begin);
        self.phase.forget(begin);
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
    /// Bytes that Redis has written and the client's application has not read: they lie in the
    /// kernels of both machines.
    pub kernel: Steps<u64>,
    /// Since when the output buffer has been above the soft limit.
    pub above_soft: Steps<Option<Instant>>,
    /// What lies in the kernel, by message; and the beginning of the next one.
    unread: VecDeque<(MessageId, u64)>,
    begun: u64,
    /// Fetches and their answers in order: (departed, hop's index, whether an answer).
    pub(super) fetches: Vec<(Instant, u32, bool)>,
}

/// Messages that a process has handled and shows though they are older than all else.
const HANDLED: usize = 32;
/// Connections that are known though they were closed long ago.
const CLOSED: usize = 64;

/// `client-output-buffer-limit` of clients with subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimits {
    /// Hard limit in bytes; 0 for none.
    pub hard: u64,
    /// Soft limit in bytes; 0 for none.
    pub soft: u64,
    /// So long may a buffer stay above the soft limit.
    pub fuse: Span,
}

/// `client-output-buffer-limit pubsub 32mb 8mb 60`, redis.conf of Redis 7.0.
impl Default for BufferLimits {
    fn default() -> Self {
        Self { hard: 32 << 20, soft: 8 << 20, fuse: Span::from_secs(60) }
    }
}

impl Wire {
    /// Redis put something into the output buffer, or wrote something out of it.
    pub(super) fn buffer(&mut self, at: Instant, level: u64, written: u64, soft: u64) {
        self.buffered.set(at, level);
        if written > 0 {
            self.begun += written;
            let all = self.kernel.newest() + written;
            self.kernel.set(at, all);
        }
        let since = self.above_soft.newest();
        match (since, soft > 0 && level >= soft) {
            (None, true) => self.above_soft.set(at, Some(at)),
            (Some(_), false) => self.above_soft.set(at, None),
            _ => {}
        }
    }

    /// What was written last is the end of these messages.
    pub(super) fn pushed(&mut self, tags: &[Tag]) {
        let Some((last, others)) = tags.split_last() else { return };
        let share = self.begun / tags.len() as u64;
        self.unread.extend(others.iter().map(|tag| (tag.message, share)));
        let rest = self.begun - share * others.len() as u64;
        self.unread.push_back((last.message, rest));
        self.begun = 0;
    }

    /// The application reads a message, and with it all before.
    fn read(&mut self, at: Instant, message: MessageId) {
        let Some(index) = self.unread.iter().position(|(m, _)| *m == message) else { return };
        let bytes: u64 = self.unread.drain(..=index).map(|(_, bytes)| bytes).sum();
        let left = self.kernel.newest().saturating_sub(bytes);
        self.kernel.set(at, left);
    }

    fn forget(&mut self, begin: Instant) {
        self.buffered.forget(begin);
        self.kernel.forget(begin);
        self.above_soft.forget(begin);
        let known = self.fetches.partition_point(|(at, _, _)| *at <= begin);
        self.fetches.drain(..known.saturating_sub(1));
    }

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

/// A channel or a pattern that a server has heard of.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Since when.
    pub since: Instant,
    /// At which server.
    pub server: NodeId,
    /// Its name.
    pub name: Name,
    /// Whether it is a pattern.
    pub pattern: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Topology {
    pub(super) nodes: Vec<Node>,
    node_index: SortedMap<NodeId, usize>,
    pub(super) wires: Vec<Wire>,
    wire_index: SortedMap<ConnectionId, usize>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Channels and patterns of a server in order of first appearance.
    pub(super) channels: Vec<Channel>,
    /// Counts what a layout depends on.
    pub(super) epoch: Steps<u32>,
    /// Whose the member ids of consumer groups are.
    pub(super) members: Members,
    /// Whose plug is the one to pull, by name.
    pub(super) plug: Steps<Option<Name>>,
    /// Commands that set up nodes not yet there.
    setup: SortedMap<Name, Action>,
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

    pub(super) fn channel(&mut self, at: Instant, server: NodeId, name: &Name, pattern: bool) {
        let known = |c: &Channel| c.server == server && c.name == *name && c.pattern == pattern;
        if !self.channels.iter().any(known) {
            self.channels.push(Channel { since: at, server, name: name.clone(), pattern });
            self.bump(at);
        }
    }

    /// `node.id` of a broker: the brokers count from 1 in order of creation.
    pub(super) fn broker(&self, node: NodeId) -> Option<u32> {
        let mut brokers = self.nodes.iter().filter(|node| node.kind == NodeKind::Broker);
        brokers.position(|broker| broker.id == node).map(|index| index as u32 + 1)
    }

    /// A group's state changed: its members have partitions to give back.
    pub(super) fn group_changed(&mut self, at: Instant, party: PartyId, group: &str, state: &str) {
        if state != "PreparingRebalance" {
            return;
        }
        // A listener for retry topics reads for the same party in a group of its own.
        let mine = |node: &&mut Node| {
            node.party == Some(party) && node.group.as_deref().is_none_or(|name| name == group)
        };
        let members = self.nodes.iter_mut().filter(mine);
        for node in members {
            let owns = node.assigned.last().is_some_and(|all| !all.is_empty());
            if owns && matches!(node.phase.newest(), Phase::Stable | Phase::Resume) {
                node.phase.set(at, Phase::Revoke);
            }
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
        self.channel(at, server, channel, pattern);
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
                all.order();
                node.assigned.set(at, all);
            }
            if node.phase.newest() == Phase::Resume {
                node.phase.set(at, Phase::Stable);
            }
            // Fetches leave in `poll` (`Fetcher#sendFetches`): the application is in it again,
            // where no clock runs. The one that goes out as `poll` returns is of the same instant.
            if node.poll.newest().is_some_and(|clock| clock.since < at) {
                node.poll.set(at, None);
            }
        }
    }

    /// Forgets what held before `begin`, and connections that were closed long before.
    pub(super) fn forget(&mut self, begin: Instant) {
        self.epoch.forget(begin);
        self.plug.forget(begin);
        self.nodes.iter_mut().for_each(|node| node.forget(begin));
        self.subscriptions.retain(|s| s.until.is_none_or(|until| until > begin));
        let recent = self.wires.len().saturating_sub(CLOSED);
        let mut place = 0;
        self.wires.retain(|wire| {
            place += 1;
            place > recent || wire.closed.is_none_or(|(at, _)| at > begin)
        });
        self.wires.iter_mut().for_each(|wire| wire.forget(begin));
        self.wire_index = self.wires.iter().enumerate().map(|(n, wire)| (wire.id, n)).collect();
    }

    pub(super) fn fold(&mut self, at: Instant, fact: &LabFact) {
        self.take(at, fact);
        if matches!(
            fact,
            LabFact::NodeAdded { .. }
                | LabFact::NodeChanged { .. }
                | LabFact::NodeRemoved { .. }
                | LabFact::ListenerAdded { .. }
        ) {
            self.hand_plug(at);
        }
    }

    fn take(&mut self, at: Instant, fact: &LabFact) {
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
                    removed: None,
                    listens_for: None,
                    state: Steps::default(),
                    rate: Steps::default(),
                    takes: Steps::default(),
                    unplugged: Steps::default(),
                    interrupted: Steps::default(),
                    open: Steps::default(),
                    history: Vec::new(),
                    forgotten: 0,
                    working: Steps::default(),
                    failing: Steps::default(),
                    assigned: Steps::default(),
                    taken: Steps::default(),
                    topic: None,
                    carriers: Vec::new(),
                    memory: Steps::default(),
                    limits: Steps::default(),
                    busy: Steps::default(),
                    primary: Steps::default(),
                    offset: Steps::default(),
                    link: Steps::default(),
                    key: None,
                    server: Steps::default(),
                    account: None,
                    group: None,
                    session: Steps::default(),
                    poll: Steps::default(),
                    phase: Steps::default(),
                    last_wire: None,
                };
                match self.setup.get(name) {
                    Some(Action::AddProducer { topic, carriers, load, .. }) => {
                        added.topic = Some(topic.clone());
                        added.carriers.clone_from(carriers);
                        added.rate.set(at, load.per_kilosecond);
                    }
                    Some(Action::AddSubscriber { takes, .. }) => added.takes.set(at, *takes),
                    Some(Action::AddStreamReader { takes, stream: key, group, .. }) => {
                        added.takes.set(at, *takes);
                        added.group.clone_from(group);
                        added.key = Some(key.clone());
                    }
                    Some(Action::AddListWorker { takes, list: key, .. }) => {
                        added.takes.set(at, *takes);
                        added.key = Some(key.clone());
                    }
                    Some(Action::AddConsumer { takes, group, .. }) => {
                        added.takes.set(at, *takes);
                        added.group = Some(group.clone());
                    }
                    _ => {}
                }
                self.node_index.insert(*node, self.nodes.len());
                self.nodes.push(added);
                self.bump(at);
            }
            LabFact::NodeChanged { node, state } => {
                if let Some(node) = self.node_mut(*node) {
                    if node.state.last() == Some(&NodeState::Crashed) {
                        // A Redis server that starts knows nothing of what it was before.
                        node.primary.set(at, true);
                        node.offset.set(at, 0);
                        node.link.set(at, false);
                    }
                    node.state.set(at, *state);
                    if *state == NodeState::Crashed {
                        node.working.set(at, None);
                        node.fails(at, None);
                        // A process remembers nothing; the group still counts its partitions as
                        // taken until its session time-out.
                        node.assigned.set(at, Vec::new());
                        node.poll.set(at, None);
                        node.phase.set(at, Phase::Stable);
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
                    kernel: Steps::default(),
                    above_soft: Steps::default(),
                    unread: VecDeque::new(),
                    begun: 0,
                    fetches: Vec::new(),
                });
                self.count_open(at, *client, 1);
                if let Some(node) = self.node_mut(*client) {
                    node.last_wire = Some(*connection);
                }
                self.served(at, *client, *server);
            }
            LabFact::Disconnected { connection, reason } => {
                let Some(wire) = self.wire_mut(*connection) else { return };
                if wire.closed.is_some() {
                    return;
                }
                wire.closed = Some((at, *reason));
                wire.buffer(at, 0, 0, 0);
                wire.kernel.set(at, 0);
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
                    let other = |(message, _)| message != tag.message;
                    if node.failing.newest().is_some_and(other) {
                        node.failing.set(at, None);
                    }
                    node.takes.set(at, *takes);
                }
                self.read(at, *node, tag.message);
            }
            LabFact::Handled { node, tag, .. } => {
                if let Some(node) = self.node_mut(*node) {
                    node.history.push((at, tag.message));
                    node.working.set(at, None);
                    node.fails(at, None);
                }
            }
            LabFact::HandlingFailed { node, tag, attempt } => {
                if let Some(node) = self.node_mut(*node) {
                    node.working.set(at, None);
                    node.fails(at, Some((tag.message, *attempt)));
                }
            }
            LabFact::GivenUp { node, .. }
            | LabFact::DeadLettered { node, .. }
            | LabFact::RetryScheduled { node, .. } => {
                if let Some(node) = self.node_mut(*node) {
                    node.working.set(at, None);
                    node.fails(at, None);
                }
            }
            LabFact::ListenerAdded { node, of, group, .. } => {
                // It shares the process's fate from the first.
                let process = self.node(*of).map(|of| {
                    let state = of.state.last().copied().unwrap_or(NodeState::Running);
                    (state, of.unplugged.newest(), of.interrupted.newest())
                });
                if let Some(node) = self.node_mut(*node) {
                    if let Some((state, unplugged, interrupted)) = process {
                        node.state.set(at, state);
                        node.unplugged.set(at, unplugged);
                        node.interrupted.set(at, interrupted);
                    }
                    node.listens_for = Some(*of);
                    node.group = Some(group.clone());
                }
            }
            LabFact::NodeRemoved { node } => {
                if let Some(node) = self.node_mut(*node) {
                    node.removed = Some(at);
                    node.working.set(at, None);
                    node.poll.set(at, None);
                    node.phase.set(at, Phase::Stable);
                }
                self.bump(at);
            }
            LabFact::Discarded { node, tag } => {
                if let Some(node) = self.node_mut(*node) {
                    node.working.set(at, None);
                }
                self.read(at, *node, tag.message);
            }
            LabFact::Sent { .. }
            | LabFact::Redriven { .. }
            | LabFact::Charged { .. }
            | LabFact::PartyAdded { .. }
            | LabFact::Received { .. }
            | LabFact::Stands { .. } => {}
        }
    }

    /// A Redis client stands with the server that it connected to last.
    fn served(&mut self, at: Instant, client: NodeId, server: NodeId) {
        let redis = |node: &&Node| node.kind == NodeKind::RedisServer;
        let first = self.nodes.iter().find(redis).map(|node| node.id);
        if self.node(server).is_none_or(|node| node.kind != NodeKind::RedisServer) {
            return;
        }
        let Some(node) = self.node_mut(client) else { return };
        let before = node.server.last().copied().or(first);
        node.server.set(at, server);
        if before != Some(server) {
            self.bump(at);
        }
    }

    fn read(&mut self, at: Instant, node: NodeId, message: MessageId) {
        if self.node(node).is_none_or(|node| node.kind != NodeKind::Subscriber) {
            return;
        }
        let wire = self.node(node).and_then(|node| node.last_wire);
        if let Some(wire) = wire.and_then(|id| self.wire_mut(id)) {
            wire.read(at, message);
        }
    }

    /// Hands the plug on that is there to be pulled. It stays with who has it, while that one
    /// runs: what others do moves nothing. Else it goes to whose plug is out the shortest, then to
    /// the last reader that runs; where all have crashed it stays.
    fn hand_plug(&mut self, at: Instant) {
        let stands = |n: &&Node| n.kind.reads() && n.listens_for.is_none() && n.removed.is_none();
        let crashed = |n: &Node| n.state.last() == Some(&NodeState::Crashed);
        let readers = || self.nodes.iter().filter(stands);
        let out = readers().filter(|n| n.unplugged.newest()).max_by_key(|n| n.unplugged.changed());
        let runs = || readers().filter(|n| !crashed(n));
        let holder = self.plug.last().cloned().flatten();
        let is_holder = |n: &Node| holder.as_ref() == Some(&n.name);
        let settled = self.plug.changed() < at && runs().any(is_holder);
        let next = match out {
            Some(out) if !readers().any(|n| is_holder(n) && n.unplugged.newest()) => Some(out),
            // Who comes at the same instant belongs to the same set-up.
            _ if settled || out.is_some() => return,
            _ => runs().next_back().or_else(|| readers().rfind(|n| is_holder(n))),
        };
        let next = next.or_else(|| readers().next_back()).map(|node| node.name.clone());
        if next != holder {
            self.plug.set(at, next);
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
            let here = self.nodes.iter().filter(|node| node.name == *name);
            let own: Vec<NodeId> =
                here.filter(|node| node.removed.is_none()).map(|node| node.id).collect();
            let stands_for = |node: &&mut Node| {
                own.contains(&node.id) || node.listens_for.is_some_and(|of| own.contains(&of))
            };
            self.nodes.iter_mut().filter(stands_for).for_each(change);
        };
        match action {
            Action::Unplug { consumer } => {
                named(consumer, &|node| node.unplugged.set(at, true));
                self.plug.set(at, Some(consumer.clone()));
            }
            Action::PlugIn { consumer } => {
                named(consumer, &|node| node.unplugged.set(at, false));
                self.hand_plug(at);
            }
            Action::AddAccount { consumer, amount } => {
                named(consumer, &|node| node.account = node.account.or(Some((at, *amount))));
            }
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
