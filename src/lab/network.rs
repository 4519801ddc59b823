//! Connections between the nodes of a world, and what travels on them.

use super::node::Role;
use super::{Due, World};
use crate::event::{
    Cargo, CloseReason, ConnectionId, Course, EventId, Hop, HopId, LabFact, NodeId, NodeState,
    Ruling, Tag, What,
};
use crate::kafka::protocol::{Request, Response};
use crate::redis::Frame;
use crate::sim::{Connection, Direction, Link, Purpose, Rng, SortedMap, SortedSet, Span};

/// All connections of a world.
#[derive(Clone, Debug)]
pub(super) struct Network {
    wires: SortedMap<ConnectionId, Wire>,
    /// Pairs of machines whose path is cut, the lower number first.
    cuts: SortedSet<(NodeId, NodeId)>,
    rng: Rng,
    connections: u32,
    hops: u64,
}

/// One TCP connection.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) client: NodeId,
    pub(super) server: NodeId,
    pub(super) established: bool,
    stream: Connection<Packet>,
}

impl Wire {
    /// The Kafka requests that are under way on it.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.stream.under_way().filter_map(|(_, packet)| match &packet.body {
            Body::Request { request, .. } => Some(request),
            _ => None,
        })
    }
}

/// Something under way.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    hop: HopId,
    departed: EventId,
    body: Body,
}

/// What it is to the process that receives it.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Command(Vec<crate::event::Payload>),
    /// Frames of one write, with the copies that travel in them.
    Frames {
        frames: Vec<Frame>,
        tags: Vec<Tag>,
        bytes: u64,
    },
    Request {
        correlation: u32,
        request: Request,
    },
    Response {
        correlation: u32,
        response: Response,
    },
}

/// What a hop shows of a packet.
pub(super) struct Load {
    pub(super) cargo: Cargo,
    pub(super) tags: Vec<Tag>,
    pub(super) bytes: u64,
}

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        let rng = Rng::new(seed, Purpose::Latency, 0);
        Self { wires: SortedMap::new(), cuts: SortedSet::new(), rng, connections: 0, hops: 0 }
    }

    pub(super) fn wire(&self, id: ConnectionId) -> Option<&Wire> {
        self.wires.get(&id)
    }

    /// The connections that stand, each with its client and its server.
    pub(super) fn established(
        &self,
    ) -> impl Iterator<Item = (ConnectionId, (NodeId, NodeId))> + '_ {
        let standing = self.wires.iter().filter(|(_, wire)| wire.established);
        standing.map(|(&id, wire)| (id, (wire.client, wire.server)))
    }

    pub(super) fn of_node(&self, node: NodeId) -> Vec<ConnectionId> {
        let touches = |wire: &Wire| wire.client == node || wire.server == node;
        self.wires.iter().filter(|(_, wire)| touches(wire)).map(|(&id, _)| id).collect()
    }

    fn next_hop(&mut self) -> HopId {
        self.hops += 1;
        HopId(self.hops)
    }
}

impl World {
    /// Opens a connection; both ends learn of it after one round trip (TCP's handshake). None
    /// when it cannot be had now: a plug is out or a process is gone.
    pub(super) fn open(&mut self, client: NodeId, server: NodeId) -> Option<ConnectionId> {
        let cut = self.node(client).unplugged || self.node(server).unplugged;
        if cut || self.node(server).state == NodeState::Crashed {
            return None;
        }
        let id = ConnectionId(self.network.connections);
        self.network.connections += 1;
        let wire = Wire { client, server, established: false, stream: Connection::default() };
        self.network.wires.insert(id, wire);
        let round_trip = self.path(client, server).latency().times(2);
        self.queue.push(self.now + round_trip, Due::Established(id));
        Some(id)
    }

    pub(super) fn established(&mut self, id: ConnectionId) {
        let Some(wire) = self.network.wires.get(&id) else { return };
        let (client, server) = (wire.client, wire.server);
        if self.path(client, server).is_interrupted() {
            // SYN is sent again until the path is healed.
            return self.queue.push(self.now + Span::from_secs(1), Due::Established(id));
        }
        if let Some(wire) = self.network.wires.get_mut(&id) {
            wire.established = true;
        }
        let fact = LabFact::Connected { connection: id, client, server };
        let cause = self.emit(None, What::Lab(fact));
        match self.node(server).role {
            Role::Redis(_) => self.redis_connected(client, server, id, cause),
            _ => self.kafka_connected(client, server, id, cause),
        }
    }

    /// The path between two machines: the client's, as long as servers stand in one room.
    fn path(&self, client: NodeId, server: NodeId) -> Link {
        let mut link = self.node(client).link.clone();
        let pair = (client.min(server), client.max(server));
        if self.node(server).link.is_interrupted() || self.network.cuts.contains(&pair) {
            link.set_interrupted(true);
        }
        link
    }

    /// Sends something; its end is known at departure unless a later ruling changes it.
    pub(super) fn transmit(
        &mut self,
        cause: Option<EventId>,
        id: ConnectionId,
        direction: Direction,
        body: Body,
        load: Load,
    ) -> Option<EventId> {
        let wire = self.network.wires.get(&id)?;
        let (client, server) = (wire.client, wire.server);
        let path = self.path(client, server);
        let hop = self.network.next_hop();
        // The packet names the event of its departure, which is the next one written.
        let departed = EventId(self.emitted);
        let packet = Packet { hop, departed, body };
        let network = &mut self.network;
        let wire = network.wires.get_mut(&id)?;
        let course = wire.stream.send(self.now, direction, packet, &path, &mut network.rng);
        let course = match course {
            crate::sim::Course::Arrives(at) => {
                self.queue.push(at, Due::Arrival(id, direction));
                Course::Arrives(at)
            }
            crate::sim::Course::Held => Course::Held,
        };
        let (from, to) = match direction {
            Direction::ToServer => (client, server),
            Direction::ToClient => (server, client),
        };
        let Load { cargo, tags, bytes } = load;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let hop = Hop { id: hop, connection: id, direction, from, to, course, cargo, tags, bytes };
        Some(self.emit(cause, What::Departed(hop)))
    }

    /// Hands over what has arrived, in order. A paused machine's kernel keeps it.
    pub(super) fn arrival(&mut self, id: ConnectionId, direction: Direction) {
        loop {
            let Some(wire) = self.network.wires.get_mut(&id) else { return };
            let (client, server) = (wire.client, wire.server);
            let at = match direction {
                Direction::ToServer => server,
                Direction::ToClient => client,
            };
            if self.nodes[at.0 as usize].state == NodeState::Paused {
                return self.nodes[at.0 as usize].stalled.push(Due::Arrival(id, direction));
            }
            let Some(packet) = wire.stream.receive(self.now, direction) else { return };
            let cause = packet.departed;
            match packet.body {
                Body::Command(args) => self.redis_command(server, id, args, cause),
                Body::Frames { frames, tags, bytes } => {
                    self.redis_frames(client, id, (frames, tags, bytes), cause);
                }
                Body::Request { correlation, request } => {
                    self.kafka_request(server, id, correlation, request, Some(cause));
                }
                Body::Response { correlation, response } => {
                    self.kafka_response(client, server, id, correlation, response, cause);
                }
            }
        }
    }

    /// Ends a connection: what was under way on it is gone, both ends learn of it at once.
    pub(super) fn close(&mut self, id: ConnectionId, reason: CloseReason, cause: Option<EventId>) {
        let Some(wire) = self.network.wires.remove(&id) else { return };
        let fact = LabFact::Disconnected { connection: id, reason };
        let cause = self.emit(cause, What::Lab(fact));
        let gone: Vec<HopId> = wire.stream.under_way().map(|(_, packet)| packet.hop).collect();
        for hop in gone {
            self.emit(Some(cause), What::Ruled(Ruling { hop, course: Course::Lost }));
        }
        match self.node(wire.server).role {
            Role::Redis(_) => self.redis_disconnected(&wire, id, cause),
            _ => self.kafka_disconnected(&wire, id, cause),
        }
    }

    /// Cuts or heals the path of a node: what is under way waits, or arrives after all.
    pub(super) fn set_interrupted(&mut self, node: NodeId, interrupted: bool, cause: EventId) {
        self.node_mut(node).link.set_interrupted(interrupted);
        let all = self.network.of_node(node);
        self.rule_paths(all, cause);
    }

    /// Whether the path between two machines is cut, whatever their own paths are.
    pub(super) fn is_cut(&self, one: NodeId, other: NodeId) -> bool {
        self.network.cuts.contains(&(one.min(other), one.max(other)))
    }

    /// Cuts or heals the path between two machines.
    pub(super) fn set_cut(&mut self, one: NodeId, other: NodeId, cut: bool, cause: EventId) {
        let pair = (one.min(other), one.max(other));
        let cuts = &mut self.network.cuts;
        if if cut { cuts.insert(pair) } else { cuts.remove(&pair) } {
            let mut between = self.network.of_node(one);
            let others = self.network.of_node(other);
            between.retain(|id| others.contains(id));
            self.rule_paths(between, cause);
        }
    }

    /// What is under way on connections whose path was cut or healed waits, or arrives.
    fn rule_paths(&mut self, connections: Vec<ConnectionId>, cause: EventId) {
        for id in connections {
            let Some(wire) = self.network.wires.get(&id) else { continue };
            let path = self.path(wire.client, wire.server);
            let network = &mut self.network;
            let Some(wire) = network.wires.get_mut(&id) else { continue };
            let rulings: Vec<_> = if path.is_interrupted() {
                wire.stream.interrupt().map(|(_, packet)| (packet.hop, Course::Held)).collect()
            } else {
                let queue = &mut self.queue;
                let healed = wire.stream.heal(self.now, &path, &mut network.rng);
                let arrive = |(direction, at, packet): (_, _, &Packet)| {
                    queue.push(at, Due::Arrival(id, direction));
                    (packet.hop, Course::Arrives(at))
                };
                healed.into_iter().map(arrive).collect()
            };
            for (hop, course) in rulings {
                self.emit(Some(cause), What::Ruled(Ruling { hop, course }));
            }
        }
    }
}
