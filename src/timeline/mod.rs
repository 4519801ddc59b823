//! Events -> what is true and what is under way at an instant.
//!
//! Folds events into step functions and lists of hops that can be asked at any instant up to the
//! last event. Forward, backward, slow motion and jumps are the same code: a binary search.
//! Knows the event vocabulary alone, no engine and no DOM.

pub mod biography;
pub mod causes;
pub mod clock;
mod fold;
mod forget;
mod hops;
pub mod journal;
mod lane;
mod ledger;
mod lists;
mod logs;
mod marks;
mod members;
pub mod pace;
mod registry;
mod steps;
#[cfg(test)]
pub(crate) mod story;
mod streams;
#[cfg(test)]
mod tests;
mod topology;
pub mod why;
mod window;

pub use hops::{Motion, MotionState};
pub use ledger::{LATE, Lost, Message, Party, Sums};
pub use lists::{Element, List};
pub use logs::{Cell, Cut, Log, Replica, Segment};
pub use marks::{Mark, MarkKind};
pub use steps::Steps;
pub use streams::{Entry, Owner, Stream, StreamGroup};
pub use topology::{BufferLimits, Channel, Clock, Node, Phase, Subscription, Wire};
pub use window::{Tell, Window};

use crate::event::{
    ConnectionId, Event, EventId, Hop, HopId, LabFact, LostReason, MessageId, Name, NodeId,
    NodeKind, PartyId, Standing, System, Tag, TopicPartition, What,
};
use crate::sim::{Instant, Span};

/// All that happened, ordered for questions.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    begin: Instant,
    end: Instant,
    events: Vec<Event>,
    topology: topology::Topology,
    hops: hops::Hops,
    logs: logs::Logs,
    streams: streams::Streams,
    lists: lists::Lists,
    ledger: ledger::Ledger,
    registry: registry::Registry,
    marks: Vec<Mark>,
    /// Instants of events that the stage draws, without repeats.
    drawn: Vec<Instant>,
}

impl Timeline {
    /// The instant of the last event.
    pub fn end(&self) -> Instant {
        self.end
    }

    /// All events so far, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// One event.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        self.events.binary_search_by_key(&id, |event| event.id).ok().map(|i| &self.events[i])
    }

    /// All processes ever added, in order; ask each for `added`.
    pub fn nodes(&self) -> &[Node] {
        &self.topology.nodes
    }

    /// A process.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.topology.node(id)
    }

    /// All connections ever opened, in order.
    pub fn wires(&self) -> &[Wire] {
        &self.topology.wires
    }

    /// A connection.
    pub fn wire(&self, id: ConnectionId) -> Option<&Wire> {
        self.topology.wire(id)
    }

    /// The connection that a client holds at `t`; with a Redis server it is the only one.
    pub fn open_wire(&self, client: NodeId, t: Instant) -> Option<&Wire> {
        self.topology.wires.iter().rev().find(|wire| wire.client == client && wire.is_open(t))
    }

    /// The Redis server that a client stands with at `t`: the one that it connected to last, and
    /// before its first connection the first there is.
    pub fn server_of(&self, client: NodeId, t: Instant) -> Option<NodeId> {
        let connected = self.node(client).and_then(|node| node.server.at(t).copied());
        let first = || self.nodes().iter().find(|node| node.kind == NodeKind::RedisServer);
        connected.or_else(|| first().map(|node| node.id))
    }

    /// Channels and patterns known to a server at `t`, in order of first appearance.
    pub fn channels(&self, server: NodeId, t: Instant) -> impl Iterator<Item = &Channel> {
        let all = self.topology.channels.iter();
        all.filter(move |channel| channel.server == server && channel.since <= t)
    }

    /// `node.id` of a broker's process.
    pub fn broker_id(&self, node: NodeId) -> Option<u32> {
        self.topology.broker(node)
    }

    /// The process of the broker with this `node.id`.
    pub fn broker(&self, id: u32) -> Option<&Node> {
        let mut brokers = self.nodes().iter().filter(|node| node.kind == NodeKind::Broker);
        brokers.nth(id.checked_sub(1)? as usize)
    }

    /// Subscriptions that hold at `t`.
    pub fn subscriptions(&self, t: Instant) -> impl Iterator<Item = &Subscription> {
        let all = self.topology.subscriptions.iter();
        all.filter(move |s| s.from <= t && s.until.is_none_or(|until| t < until))
    }

    /// A number that changes when something is added that a layout must place.
    pub fn epoch(&self, t: Instant) -> u32 {
        self.topology.epoch.value(t)
    }

    /// Whose plug is the one to pull at `t`, by name: who was unplugged last; it stays where it is
    /// until that consumer has crashed or is gone while another one runs.
    pub fn plug(&self, t: Instant) -> Option<&Name> {
        self.topology.plug.at(t)?.as_ref()
    }

    /// All partitions ever created, in order; ask each for `created`.
    pub fn logs(&self) -> &[Log] {
        &self.logs.logs
    }

    /// One partition's log, with its place in [`logs`](Self::logs).
    pub fn log(&self, partition: &TopicPartition) -> Option<(usize, &Log)> {
        self.logs.index(partition).map(|i| (i, &self.logs.logs[i]))
    }

    /// All Redis streams ever seen, in order; ask each for `created`.
    pub fn streams(&self) -> &[Stream] {
        &self.streams.streams
    }

    /// All Redis lists ever seen, in order; ask each for `created`.
    pub fn lists(&self) -> &[List] {
        &self.lists.lists
    }

    /// Where a copy is stored: the place of its log in [`logs`](Self::logs).
    pub fn stored(&self, tag: Tag) -> Option<usize> {
        self.registry.stored_copy(tag)
    }

    /// A hop by its identity.
    pub fn hop(&self, id: HopId) -> Option<&Hop> {
        let index = self.hops.index(id)?;
        self.hops.hop(&self.events, index).map(|(_, hop)| hop)
    }

    /// Calls `found` with everything under way at `t`, in order of departure.
    pub fn under_way<'a>(&'a self, t: Instant, found: impl FnMut(Motion<'a>)) {
        self.hops.at(&self.events, t, found);
    }

    /// The fetch that lies at the broker at `t` on this connection, waiting for something to
    /// answer with.
    pub fn parked_fetch(&self, wire: &Wire, t: Instant) -> Option<&Hop> {
        if !wire.is_open(t) {
            return None;
        }
        let end = wire.fetches.partition_point(|(at, _, _)| *at <= t);
        let (_, index, answer) = wire.fetches[..end].last()?;
        if *answer || self.hops.motion(&self.events, *index as usize, t).is_some() {
            return None;
        }
        self.hops.hop(&self.events, *index).map(|(_, hop)| hop)
    }

    /// The last `n` departures of drawn hops up to `t`, newest first, with their flight times.
    pub(crate) fn recent(&self, t: Instant, n: usize) -> impl Iterator<Item = (Instant, Span)> {
        self.hops.recent(t, n)
    }

    /// The times in which drawn hops travelled that begin by `t`, oldest first.
    pub(crate) fn busy(&self, t: Instant) -> &[hops::Busy] {
        self.hops.busy(t)
    }

    /// A message that was sent.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.registry.message(id)
    }

    /// The messages sent by `t`, oldest first.
    pub fn messages(&self, t: Instant) -> &[Message] {
        let all = self.registry.messages();
        &all[..all.partition_point(|message| message.sent <= t)]
    }

    /// Where a message stands with a party at `t`; none while it is not owed.
    pub fn standing(&self, id: MessageId, party: PartyId, t: Instant) -> Option<Standing> {
        if let Some((_, standing)) = self.stood(id, party, t) {
            return Some(standing);
        }
        let moved = self.stood(id, party, Instant::FAR).is_some();
        self.party(party)?.stood(id, moved)
    }

    /// The event that put a message where it stands with a party at `t`, and the standing.
    pub(in crate::timeline) fn stood(
        &self,
        id: MessageId,
        party: PartyId,
        t: Instant,
    ) -> Option<(&Event, Standing)> {
        let life = self.biography(id).iter().rev().filter_map(|event| self.event(*event));
        life.filter(|event| event.at <= t).find_map(|event| match &event.what {
            What::Lab(LabFact::Stands { party: whose, standing, .. }) if *whose == party => {
                Some((event, *standing))
            }
            _ => None,
        })
    }

    /// Whether a handler has failed on the message by `t`.
    pub fn has_failed(&self, id: MessageId, t: Instant) -> bool {
        self.registry.has_failed(id, t)
    }

    /// The events that concern a message, oldest first.
    pub fn biography(&self, id: MessageId) -> &[EventId] {
        self.registry.biography(id)
    }

    /// Places for the scrubber, oldest first.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// All parties ever added, in order.
    pub fn parties(&self) -> &[Party] {
        &self.ledger.parties
    }

    /// One party.
    pub fn party(&self, id: PartyId) -> Option<&Party> {
        self.ledger.party(id)
    }

    /// Where a party's messages stand at `t`.
    pub fn sums(&self, party: PartyId, t: Instant) -> Sums {
        self.party(party).map_or_else(Sums::default, |party| party.sums(t))
    }

    /// A lane's score at `t`: each message once, by its worst standing with any party.
    pub fn lane(&self, system: System, t: Instant) -> Sums {
        self.ledger.lane(system, t)
    }

    /// What a lane's score counts as lost at `t`: for each reason in order of first loss whether
    /// nobody was owed the messages, and how many there are. A message that several parties lost
    /// counts once, by its first loss.
    pub fn lane_lost(
        &self,
        system: System,
        t: Instant,
    ) -> impl Iterator<Item = (LostReason, bool, u32)> {
        self.ledger.lane_lost(system, t)
    }

    /// The messages of a lane that no party is owed at `t`, and how they stand for *nobody*: lost
    /// in Pub/Sub, waiting in a log. A lane's score counts them.
    pub fn nobody(
        &self,
        system: System,
        t: Instant,
    ) -> impl Iterator<Item = (MessageId, Standing)> {
        self.ledger.nobody(system, t)
    }

    /// What a party has lost by `t`, by reason, in order of loss.
    pub fn lost(&self, party: PartyId, t: Instant) -> Vec<Lost> {
        self.party(party).map_or_else(Vec::new, |party| party.lost(t))
    }

    /// The next instant after `t` at which the stage draws something new, for "step".
    pub fn next_drawn(&self, t: Instant) -> Option<Instant> {
        self.drawn.get(self.drawn.partition_point(|at| *at <= t)).copied()
    }

    /// The last such instant before `t`.
    pub fn previous_drawn(&self, t: Instant) -> Option<Instant> {
        let index = self.drawn.partition_point(|at| *at < t);
        index.checked_sub(1).map(|i| self.drawn[i])
    }
}
