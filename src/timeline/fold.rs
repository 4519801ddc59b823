//! One event after another into the indexes.

use super::topology::{BufferLimits, Clock, Phase};
use super::{Message, Timeline, marks};
use crate::event::{
    Action, Cargo, Event, Hop, KafkaFact, LabFact, LostReason, MessageId, Name, NodeId, NodeState,
    PartyId, RebalancePhase, RedisFact, Standing, System, What,
};
use crate::sim::{Instant, Span};

impl Timeline {
    /// Adds events; they follow those already there in time and number.
    pub fn extend(&mut self, events: &[Event]) {
        self.events.reserve(events.len());
        for event in events {
            self.events.push(event.clone());
            self.end = self.end.max(event.at);
            self.fold(event);
            if is_drawn(event) && self.drawn.last().is_none_or(|last| *last < event.at) {
                self.drawn.push(event.at);
            }
            self.marks.extend(marks::mark(event));
        }
    }

    fn fold(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            What::Departed(hop) => self.depart(event, hop),
            What::Ruled(ruling) => {
                self.hops.rule(at, ruling, &self.events);
                if let Some(index) = self.hops.index(ruling.hop)
                    && let Some((_, hop)) = self.hops.hop(&self.events, index)
                {
                    for tag in &hop.tags {
                        self.registry.note(tag.message, event.id);
                    }
                }
            }
            What::Lab(fact) => self.lab(event, fact),
            What::Redis { node, fact } => self.redis(event, *node, fact),
            What::Kafka { node, fact } => self.kafka(event, *node, fact),
        }
    }

    fn depart(&mut self, event: &Event, hop: &Hop) {
        let index = self.events.len() - 1;
        self.hops.depart(event.at, index, hop);
        for tag in &hop.tags {
            self.registry.note(tag.message, event.id);
        }
        let answer = match &hop.cargo {
            Cargo::Fetch { from } => {
                for (partition, _) in from {
                    self.topology.fetched(event.at, hop.from, partition);
                }
                false
            }
            Cargo::Fetched { .. } => true,
            Cargo::RedisPush { .. } => {
                if let Some(wire) = self.topology.wire_mut(hop.connection) {
                    wire.pushed(&hop.tags);
                }
                return;
            }
            _ => return,
        };
        if let (Some(index), Some(wire)) =
            (self.hops.index(hop.id), self.topology.wire_mut(hop.connection))
        {
            wire.fetches.push((event.at, index, answer));
        }
    }

    fn lab(&mut self, event: &Event, fact: &LabFact) {
        let at = event.at;
        self.topology.fold(at, fact);
        match fact {
            LabFact::Commanded(Action::AddAccount { .. }) => self.topology.bump(at),
            LabFact::NodeAdded { party: Some(party), .. } => self.presence(at, Some(*party)),
            LabFact::NodeChanged { node, .. } | LabFact::NodeRemoved { node } => {
                if self.node(*node).is_some_and(|node| node.is_gone(at)) {
                    self.streams.lose(at, *node);
                    self.lists.lose(at, *node);
                    self.topology.bump(at);
                }
                self.presence(at, self.node(*node).and_then(|node| node.party));
            }
            LabFact::Connected { client, .. } => {
                self.presence(at, self.node(*client).and_then(|node| node.party));
            }
            LabFact::Disconnected { connection, .. } => {
                let client = self.wire(*connection).map(|wire| wire.client);
                let party = client.and_then(|id| self.node(id)).and_then(|node| node.party);
                self.presence(at, party);
            }
            LabFact::PartyAdded { party, name, system } => {
                self.ledger.add(at, *party, name, *system);
                self.topology.bump(at);
            }
            LabFact::Sent { message, number, producer, key, bytes } => {
                self.registry.add(Message {
                    id: *message,
                    number: *number,
                    key: key.clone(),
                    colour: None,
                    producer: *producer,
                    sent: at,
                    bytes: *bytes,
                });
                self.registry.note(*message, event.id);
            }
            LabFact::Received { tag, .. }
            | LabFact::HandlingBegan { tag, .. }
            | LabFact::DeadLettered { tag, .. }
            | LabFact::GivenUp { tag, .. }
            | LabFact::Redriven { tag, .. }
            | LabFact::Discarded { tag, .. } => {
                self.registry.note(tag.message, event.id);
            }
            LabFact::RetryScheduled { node, tag, .. } => {
                self.registry.note(tag.message, event.id);
                if let Some(party) = self.node(*node).and_then(|node| node.party) {
                    self.ledger.retries(party, tag.message);
                }
            }
            LabFact::Handled { party, tag, repeated, replayed, .. } => {
                self.registry.note(tag.message, event.id);
                self.ledger.handled(at, *party, tag.message, (*repeated, *replayed));
            }
            LabFact::HandlingFailed { tag, .. } => {
                self.registry.note(tag.message, event.id);
                self.registry.fail(at, tag.message);
            }
            LabFact::Charged { party, message, expected, actual } => {
                self.registry.note(*message, event.id);
                self.ledger.charged(at, *party, *expected, *actual);
            }
            LabFact::Stands { message, party, standing, sent, .. } => {
                self.registry.note(*message, event.id);
                let stored = self.registry.stored(*message);
                self.ledger.stands(at, *party, *message, *standing, *sent, stored);
            }
            _ => {}
        }
    }

    /// What waited in logs for nobody and is in none of them any more.
    fn deleted_unread(&mut self, at: Instant) {
        let gone = |message: MessageId| {
            let mut places = self.registry.places_of(message);
            places.all(|(log, offset)| {
                self.logs.logs.get(log).is_none_or(|log| offset < log.start(at))
            })
        };
        let waiting = self.ledger.nobody(System::Kafka, at);
        let gone: Vec<MessageId> = waiting
            .filter(|(message, standing)| *standing == Standing::Waiting && gone(*message))
            .map(|(message, _)| message)
            .collect();
        let lost = Standing::Lost(LostReason::Retention);
        for message in gone {
            self.ledger.stands_for_nobody(at, System::Kafka, message, lost);
        }
    }

    /// A party is away while none of its processes runs with an open connection.
    fn presence(&mut self, at: Instant, party: Option<PartyId>) {
        let Some(party) = party else { return };
        let running = |state: Option<&NodeState>| *state.unwrap_or(&NodeState::Running);
        let mut members = self
            .topology
            .nodes
            .iter()
            .filter(|node| node.party == Some(party) && node.removed.is_none());
        let here = members
            .any(|node| running(node.state.last()) == NodeState::Running && node.open.newest() > 0);
        self.ledger.set_away(at, party, !here);
    }

    fn redis(&mut self, event: &Event, node: NodeId, fact: &RedisFact) {
        let at = event.at;
        let streams = self.streams.fold(at, node, fact);
        if self.lists.fold(at, node, fact) || streams {
            self.topology.bump(at);
        }
        match fact {
            RedisFact::Subscribed { client, channel, pattern } => {
                self.topology.subscribe(at, node, *client, channel, *pattern);
            }
            RedisFact::Unsubscribed { client, channel, pattern } => {
                self.topology.unsubscribe(at, *client, channel, *pattern);
            }
            RedisFact::Published { channel, tag, receivers } => {
                self.topology.channel(at, node, channel, false);
                if let Some(tag) = tag {
                    self.registry.note(tag.message, event.id);
                    // Pub/Sub keeps nothing for whoever may come.
                    if *receivers == 0 && !self.ledger.waits_for_nobody(System::Redis, tag.message)
                    {
                        let lost = Standing::Lost(LostReason::NotSubscribed);
                        self.ledger.stands_for_nobody(at, System::Redis, tag.message, lost);
                    }
                }
            }
            RedisFact::MemoryChanged { used, most } => {
                if let Some(node) = self.topology.node_mut(node) {
                    node.memory.set(at, (*used, *most));
                }
            }
            RedisFact::LimitsChanged { hard, soft, soft_seconds } => {
                if let Some(node) = self.topology.node_mut(node) {
                    let fuse = Span::from_secs(*soft_seconds);
                    node.limits.set(at, BufferLimits { hard: *hard, soft: *soft, fuse });
                }
            }
            RedisFact::LoopBusy { per_mille } => {
                if let Some(node) = self.topology.node_mut(node) {
                    node.busy.set(at, *per_mille);
                }
            }
            RedisFact::OffsetMoved { offset } => {
                if let Some(node) = self.topology.node_mut(node) {
                    node.offset.set(at, *offset);
                }
            }
            RedisFact::RoleChanged { primary } => {
                if let Some(node) = self.topology.node_mut(node) {
                    node.primary.set(at, *primary);
                }
            }
            RedisFact::LinkChanged { up, .. } => {
                if let Some(node) = self.topology.node_mut(node) {
                    node.link.set(at, *up);
                }
            }
            RedisFact::Queued { client, tag, buffered, .. } => {
                let soft = self.topology.node(node).map_or(0, |node| node.limits.newest().soft);
                if let Some(wire) = self.topology.wire_mut(*client) {
                    wire.buffer(at, *buffered, 0, soft);
                }
                if let Some(tag) = tag {
                    self.registry.note(tag.message, event.id);
                }
            }
            RedisFact::Written { client, bytes, buffered } => {
                let soft = self.topology.node(node).map_or(0, |node| node.limits.newest().soft);
                if let Some(wire) = self.topology.wire_mut(*client) {
                    wire.buffer(at, *buffered, *bytes, soft);
                }
            }
            RedisFact::ClientClosed { client, lost, .. } => {
                if let Some(wire) = self.topology.wire_mut(*client) {
                    wire.buffer(at, 0, 0, 0);
                }
                for tag in lost {
                    self.registry.note(tag.message, event.id);
                }
            }
            RedisFact::ElementsRemoved { tags, .. } => {
                for tag in tags {
                    self.registry.note(tag.message, event.id);
                }
            }
            RedisFact::EntryAdded { tag: Some(tag), .. }
            | RedisFact::ElementPushed { tag: Some(tag), .. } => {
                self.registry.note(tag.message, event.id);
                let (system, waits) = (System::Redis, Standing::Waiting);
                self.ledger.stands_for_nobody(at, system, tag.message, waits);
            }
            RedisFact::Delivered { tag: Some(tag), .. }
            | RedisFact::Claimed { tag: Some(tag), .. }
            | RedisFact::Acknowledged { tag: Some(tag), .. }
            | RedisFact::ElementPopped { tag: Some(tag), .. }
            | RedisFact::ElementMoved { tag: Some(tag), .. } => {
                self.registry.note(tag.message, event.id);
            }
            _ => {}
        }
    }

    /// A consumer named its member id: the session that its coordinator began is its own.
    fn claim(&mut self, at: Instant, node: NodeId, member: &Name) {
        if let Some(clock) = self.topology.members.claim(member, node)
            && let Some(node) = self.topology.node_mut(node)
        {
            node.session.set(at, Some(clock));
        }
    }

    fn kafka(&mut self, event: &Event, node: NodeId, fact: &KafkaFact) {
        let at = event.at;
        if self.logs.fold(at, self.topology.broker(node), fact) {
            self.topology.bump(at);
        }
        match fact {
            KafkaFact::Partitioned { tag: Some(tag), .. } => {
                self.registry.note(tag.message, event.id);
            }
            KafkaFact::Appended { partition, offset, tag: Some(tag), .. } => {
                self.registry.note(tag.message, event.id);
                if let Some(log) = self.logs.index(partition) {
                    self.registry.store(*tag, log, *offset);
                    self.ledger.stored(at, tag.message, log);
                }
                let (system, waits) = (System::Kafka, Standing::Waiting);
                self.ledger.stands_for_nobody(at, system, tag.message, waits);
            }
            KafkaFact::LogStartMoved { .. } => self.deleted_unread(at),
            KafkaFact::Assigned { member, partitions, .. } => {
                self.claim(at, node, member);
                if let Some(node) = self.topology.node_mut(node) {
                    node.assigned.set(at, partitions.clone());
                    node.taken.set(at, partitions.clone());
                }
            }
            KafkaFact::GroupChanged { group, state, .. } => {
                let mine = |p: &&super::Party| p.system == System::Kafka && p.name == *group;
                if let Some(party) = self.ledger.parties.iter().find(mine).map(|p| p.id) {
                    self.topology.group_changed(at, party, group, state);
                }
            }
            KafkaFact::MemberRemoved { member, .. } => {
                let owner = self.topology.members.remove(member);
                if let Some(owner) = owner.and_then(|id| self.topology.node_mut(id)) {
                    owner.session.set(at, None);
                    owner.taken.set(at, Vec::new());
                    // It gives nothing back to a group that it is no member of.
                    if owner.phase.newest() == Phase::Revoke {
                        owner.phase.set(at, Phase::Stable);
                    }
                }
            }
            KafkaFact::PollReturned { until, .. } => {
                if let Some(node) = self.topology.node_mut(node) {
                    node.poll.set(at, Some(Clock::new(at, *until)));
                }
            }
            KafkaFact::SessionExtended { member, until, .. } => {
                let clock = Clock::new(at, *until);
                let owner = self.topology.members.session(member, clock);
                if let Some(owner) = owner.and_then(|id| self.topology.node_mut(id)) {
                    owner.session.set(at, Some(clock));
                }
            }
            KafkaFact::PhaseChanged { member, phase, .. } => {
                self.claim(at, node, member);
                if let Some(node) = self.topology.node_mut(node) {
                    let idle = node.assigned.last().is_none_or(Vec::is_empty);
                    let phase = match phase {
                        RebalancePhase::Joining => Phase::Join,
                        RebalancePhase::Syncing => Phase::Sync,
                        // Who is given nothing has nothing to go on with.
                        RebalancePhase::Resumed if idle => Phase::Stable,
                        RebalancePhase::Resumed => Phase::Resume,
                    };
                    node.phase.set(at, phase);
                }
            }
            _ => {}
        }
    }
}

/// Whether the stage shows something new at this event.
fn is_drawn(event: &Event) -> bool {
    match &event.what {
        What::Departed(hop) => {
            !hop.cargo.is_background(&hop.tags) || matches!(hop.cargo, Cargo::Fetch { .. })
        }
        What::Ruled(_) => true,
        What::Lab(fact) => !matches!(
            fact,
            LabFact::Sent { .. }
                | LabFact::Received { .. }
                | LabFact::HandlingBegan { .. }
                | LabFact::RateSet { .. }
        ),
        What::Redis { fact, .. } => matches!(
            fact,
            RedisFact::ClientClosed { .. }
                | RedisFact::EntryAdded { .. }
                | RedisFact::Trimmed { .. }
                | RedisFact::Claimed { .. }
                | RedisFact::Acknowledged { .. }
                | RedisFact::ElementPushed { .. }
                | RedisFact::ElementMoved { .. }
                | RedisFact::KeyDeleted { .. }
                | RedisFact::Flushed
                | RedisFact::Evicted { .. }
                | RedisFact::RoleChanged { .. }
        ),
        What::Kafka { fact, .. } => !matches!(
            fact,
            KafkaFact::Partitioned { .. }
                | KafkaFact::PositionSet { .. }
                | KafkaFact::GroupChanged { .. }
                | KafkaFact::PollReturned { .. }
                | KafkaFact::SessionExtended { .. }
                | KafkaFact::FetchHeld { .. }
                | KafkaFact::PhaseChanged { .. }
                | KafkaFact::SegmentRolled { .. }
        ),
    }
}
