//! The pull lane: brokers, producers and consumers, and the wires between them.

mod admin;
mod ending;
mod errors;
mod load;
mod poll;
mod redrive;

use super::network::{Body, Wire};
pub(super) use admin::elect_leader;

use super::node::{KafkaSide, Node, Port, Role, Wires};
use super::{Due, World};
use crate::event::{
    Carrier, CloseReason, ConnectionId, EventId, KafkaFact, LostReason, MessageId, Name, NodeId,
    NodeState, System, Tag, TopicPartition, What,
};
use crate::kafka::broker::{Broker, Output};
use crate::kafka::client::ClientOutput;
use crate::kafka::controller::Controller;
use crate::kafka::protocol::{Acks, BrokerId, Request, Response};
use crate::kafka::record::Record;
use crate::sim::{Direction, Instant, Span};
use load::{request_load, response_load};

/// How soon a client learns that nothing listens, or that its machine is cut off.
const REFUSED: Span = Span::from_millis(1);

/// Lets one of a process's Kafka clients do something; gives what it wants done.
macro_rules! with_client {
    ($world:expr, $node:expr, $port:expr, |$client:ident, $now:ident, $out:ident| $do:expr) => {{
        let $now = $world.now;
        let mut outputs: Vec<ClientOutput> = Vec::new();
        {
            let $out = &mut outputs;
            match (&mut $world.node_mut($node).role, $port) {
                (Role::Consumer(reader), Port::Consumer) => {
                    let $client = &mut reader.client;
                    $do;
                }
                (Role::Redrive(tool), Port::Consumer) => {
                    let $client = &mut tool.client;
                    $do;
                }
                (Role::Reset(tool), Port::Consumer) => {
                    let $client = &mut tool.client;
                    $do;
                }
                (role, Port::Producer) => {
                    if let Some(side) = role.sender_mut() {
                        let $client = &mut side.client;
                        $do;
                    }
                }
                _ => {}
            }
        }
        outputs
    }};
}

/// The copies in a request that nobody will answer.
fn unanswered(request: &Request) -> Vec<Tag> {
    match request {
        Request::Produce(produce) if produce.acks == Acks::None => request.tags(),
        _ => Vec::new(),
    }
}

impl Node {
    /// The connections of one of its Kafka clients.
    fn wires_mut(&mut self, port: Port) -> Option<&mut Wires> {
        match (&mut self.role, port) {
            (Role::Consumer(reader), Port::Consumer) => Some(&mut reader.wires),
            (Role::Redrive(tool), Port::Consumer) => Some(&mut tool.wires),
            (Role::Reset(tool), Port::Consumer) => Some(&mut tool.wires),
            (role, Port::Producer) => role.sender_mut().map(|side| &mut side.wires),
            _ => None,
        }
    }

    /// The client that a connection belongs to.
    fn port_of(&mut self, broker: BrokerId, id: ConnectionId) -> Option<Port> {
        Port::ALL
            .into_iter()
            .find(|&port| self.wires_mut(port).is_some_and(|wires| wires.get(&broker) == Some(&id)))
    }
}

impl Role {
    /// Its Kafka producer, where it has one.
    pub(in crate::lab) fn sender_mut(&mut self) -> Option<&mut KafkaSide> {
        match self {
            Self::Source(source) => source.producer.as_mut(),
            Self::Consumer(reader) => reader.sender.as_mut(),
            Self::Redrive(tool) => Some(&mut tool.sender),
            _ => None,
        }
    }
}

impl World {
    /// Starts a client: it asks for its first connection by itself.
    pub(super) fn start_kafka_client(&mut self, node: NodeId, cause: EventId) {
        for port in Port::ALL {
            let out = with_client!(self, node, port, |client, now, out| client.tick(now, out));
            self.client_outputs(node, port, out, Some(cause));
        }
        self.schedule_tick(node);
        if matches!(self.node(node).role, Role::Consumer(_) | Role::Redrive(_)) {
            self.queue.push(self.now, Due::Poll(node));
        }
    }

    pub(super) fn kafka_connected(
        &mut self,
        client: NodeId,
        server: NodeId,
        id: ConnectionId,
        cause: EventId,
    ) {
        let Some(broker) = self.server_id(server) else { return };
        if matches!(self.node(client).role, Role::Broker(_)) {
            return self.peer_connected(client, broker, cause);
        }
        let Some(port) = self.node_mut(client).port_of(broker, id) else { return };
        let out =
            with_client!(self, client, port, |client, now, out| client.connected(now, broker, out));
        self.client_outputs(client, port, out, Some(cause));
        self.schedule_tick(client);
    }

    pub(super) fn kafka_unreachable(&mut self, node: NodeId, port: Port, broker: BrokerId) {
        if matches!(self.node(node).role, Role::Broker(_)) {
            return self.peer_lost(node, broker, None);
        }
        let out = with_client!(self, node, port, |client, now, out| {
            client.disconnected(now, broker, out);
        });
        self.client_outputs(node, port, out, None);
        self.schedule_tick(node);
    }

    /// A connection is gone: the broker drops what it had parked for it, the client hears of it.
    pub(super) fn kafka_disconnected(&mut self, wire: &Wire, id: ConnectionId, cause: EventId) {
        let sent: Vec<Tag> = wire.requests().flat_map(unanswered).collect();
        self.sent_for_nothing(sent, LostReason::ConnectionClosed, Some(cause));
        if self.node(wire.server).state != NodeState::Crashed {
            match self.node(wire.server).role {
                Role::Controller(_) => self.with_controller(wire.server, Some(cause), |c, _, _| {
                    c.disconnected(id);
                }),
                _ => self.with_broker(wire.server, Some(cause), |broker, now, out| {
                    broker.disconnected(now, id, out);
                }),
            }
        }
        let Some(broker) = self.server_id(wire.server) else { return };
        let port = self.node_mut(wire.client).port_of(broker, id);
        if let Some(wires) = port.and_then(|port| self.node_mut(wire.client).wires_mut(port)) {
            wires.remove(&broker);
        }
        if self.node(wire.client).state == NodeState::Crashed {
            return;
        }
        if matches!(self.node(wire.client).role, Role::Broker(_)) {
            return self.peer_lost(wire.client, broker, Some(cause));
        }
        let Some(port) = port else { return };
        let out = with_client!(self, wire.client, port, |client, now, out| {
            client.disconnected(now, broker, out);
        });
        self.client_outputs(wire.client, port, out, Some(cause));
        self.schedule_tick(wire.client);
    }

    pub(super) fn client_tick(&mut self, node: NodeId) {
        for port in Port::ALL {
            let out = with_client!(self, node, port, |client, now, out| client.tick(now, out));
            self.client_outputs(node, port, out, None);
        }
        self.poll_if_ready(node, None);
        self.schedule_tick(node);
    }

    fn client_outputs(
        &mut self,
        node: NodeId,
        port: Port,
        out: Vec<ClientOutput>,
        cause: Option<EventId>,
    ) {
        let mut cause = cause;
        for output in out {
            match output {
                ClientOutput::Connect { broker } => {
                    let wire = self.server_node(broker).and_then(|server| self.open(node, server));
                    if let (Some(id), Some(wires)) = (wire, self.node_mut(node).wires_mut(port)) {
                        wires.insert(broker, id);
                    } else {
                        let due = Due::Unreachable(node, port, broker);
                        self.queue.push(self.now + REFUSED, due);
                    }
                }
                ClientOutput::Send { broker, correlation, request } => {
                    let wires = self.node_mut(node).wires_mut(port);
                    let Some(id) = wires.and_then(|wires| wires.get(&broker).copied()) else {
                        continue;
                    };
                    let load = request_load(&request);
                    let sent_by = load.tags.first().and_then(|tag| self.partitioned.get(&tag.copy));
                    let cause = sent_by.copied().or(cause);
                    let body = Body::Request { correlation, request };
                    self.transmit(cause, id, Direction::ToServer, body, load);
                }
                ClientOutput::Fact(fact) => {
                    let set = match &fact {
                        KafkaFact::PositionSet { group, partition, offset, reason } => Some((
                            group.clone(),
                            partition.clone(),
                            *offset,
                            reason.starts_with("seek"),
                        )),
                        _ => None,
                    };
                    let partitioned = match &fact {
                        KafkaFact::Partitioned { tag: Some(tag), .. } => Some(tag.copy),
                        _ => None,
                    };
                    let event = self.emit(cause, What::Kafka { node, fact });
                    cause = Some(event);
                    if let Some(copy) = partitioned {
                        self.partitioned.insert(copy, event);
                    }
                    if let Some((group, partition, offset, asked)) = set {
                        self.position_set(&group, &partition, offset, asked, event);
                    }
                }
                ClientOutput::Completed { record, result } => {
                    let side = self.node_mut(node).role.sender_mut();
                    let Some(tag) = side.and_then(|side| side.open.remove(&record)) else {
                        continue;
                    };
                    self.partitioned.remove(&tag.copy);
                    match self.node(node).role {
                        Role::Source(_) if result.is_err() => {
                            self.refuse(tag.message, Carrier::Kafka, cause);
                        }
                        Role::Consumer(_) => self.copy_sent(node, tag, result.is_ok(), cause),
                        Role::Redrive(_) => self.redrive_sent(node, tag, result.is_ok(), cause),
                        _ => {}
                    }
                }
            }
        }
    }

    /// An application hands a record to its Kafka producer.
    pub(super) fn produce(
        &mut self,
        node: NodeId,
        topic: &Name,
        draft: &super::workload::Draft,
        message: MessageId,
        cause: EventId,
    ) {
        let tag = Tag { message, copy: self.next_copy() };
        let now = self.now;
        let record = Record {
            key: draft.key.as_deref().map(Into::into),
            value: Some(draft.value.clone().with_tag(tag)),
            headers: Vec::new(),
            timestamp: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        };
        let mut out = Vec::new();
        if let Role::Source(source) = &mut self.node_mut(node).role
            && let Some(side) = &mut source.producer
        {
            let partition = source.partition;
            let number = side.client.send_to(now, topic.clone(), partition, record, &mut out);
            side.open.insert(number, tag);
        }
        self.client_outputs(node, Port::Producer, out, Some(cause));
        self.schedule_tick(node);
    }

    /// A person moves a consumer's position.
    pub(super) fn seek(
        &mut self,
        node: NodeId,
        partition: &TopicPartition,
        offset: u64,
        cause: EventId,
    ) {
        let now = self.now;
        let mut out = Vec::new();
        if let Role::Consumer(reader) = &mut self.node_mut(node).role {
            reader.client.seek(now, partition, offset, &mut out);
        }
        self.client_outputs(node, Port::Consumer, out, Some(cause));
        self.schedule_tick(node);
    }

    /// Lets a broker do something and carries out what it answers.
    pub(super) fn with_broker(
        &mut self,
        node: NodeId,
        cause: Option<EventId>,
        act: impl FnOnce(&mut Broker, Instant, &mut Vec<Output>),
    ) {
        let now = self.now;
        let mut out = Vec::new();
        if let Role::Broker(process) = &mut self.node_mut(node).role {
            act(&mut process.broker, now, &mut out);
        }
        self.broker_outputs(node, out, cause);
        self.schedule_tick(node);
    }

    fn broker_outputs(&mut self, node: NodeId, out: Vec<Output>, cause: Option<EventId>) {
        for output in out {
            match output {
                Output::Fact(fact) => {
                    let event = self.emit(cause, What::Kafka { node, fact: fact.clone() });
                    match fact {
                        KafkaFact::Appended { partition, offset, tag: Some(tag), .. } => {
                            self.record_appended(&partition, offset, tag, event);
                        }
                        KafkaFact::LeaderElected {
                            partition,
                            leader: Some(leader),
                            unclean,
                            ..
                        } => {
                            self.leader_elected(&partition, leader, unclean, event);
                        }
                        KafkaFact::LogStartMoved { partition, offset, .. } => {
                            self.records_deleted(&partition, offset, event);
                        }
                        _ => {}
                    }
                }
                Output::Respond { connection, correlation, response } => {
                    let load = response_load(&response);
                    let stored = load.tags.first().and_then(|tag| self.appended.get(&tag.copy));
                    let cause = stored.copied().or(cause);
                    let body = Body::Response { correlation, response };
                    self.transmit(cause, connection, Direction::ToClient, body, load);
                }
                Output::Close { connection } => {
                    self.close(connection, CloseReason::ByServer, cause);
                }
                Output::Send { to, correlation, request } => {
                    self.ask_peer(node, to, correlation, request, cause);
                }
            }
        }
    }

    pub(super) fn kafka_request(
        &mut self,
        server: NodeId,
        id: ConnectionId,
        correlation: u32,
        request: Request,
        cause: Option<EventId>,
    ) {
        let sent = unanswered(&request);
        match self.node(server).role {
            Role::Controller(_) => self.with_controller(server, cause, |controller, now, out| {
                controller.handle(now, id, correlation, request, out);
            }),
            _ => self.with_broker(server, cause, |broker, now, out| {
                broker.handle(now, id, correlation, request, out);
            }),
        }
        let gone = sent.into_iter().filter(|tag| !self.appended.contains_key(&tag.copy)).collect();
        self.sent_for_nothing(gone, LostReason::Unacknowledged, cause);
    }

    /// Records sent with `acks=0` are nowhere: nobody is told, and nobody sends them again.
    fn sent_for_nothing(&mut self, tags: Vec<Tag>, reason: LostReason, cause: Option<EventId>) {
        if tags.is_empty() {
            return;
        }
        let parties = self.parties_of(System::Kafka);
        for tag in tags {
            for &party in &parties {
                self.lose(tag.message, party, reason, cause);
            }
        }
    }

    /// Lets the controller do something and carries out what it answers.
    pub(super) fn with_controller(
        &mut self,
        node: NodeId,
        cause: Option<EventId>,
        act: impl FnOnce(&mut Controller, Instant, &mut Vec<Output>),
    ) {
        let now = self.now;
        let mut out = Vec::new();
        if let Role::Controller(controller) = &mut self.node_mut(node).role {
            act(controller, now, &mut out);
        }
        self.broker_outputs(node, out, cause);
        self.schedule_tick(node);
    }

    pub(super) fn kafka_response(
        &mut self,
        client: NodeId,
        server: NodeId,
        id: ConnectionId,
        correlation: u32,
        response: Response,
        cause: EventId,
    ) {
        let Some(broker) = self.server_id(server) else { return };
        if matches!(self.node(client).role, Role::Broker(_)) {
            return self.with_broker(client, Some(cause), |peer, now, out| {
                peer.on_response(now, broker, correlation, response, out);
            });
        }
        if let Role::Consumer(reader) = &mut self.node_mut(client).role {
            reader.fetched.extend(response.tags().into_iter().map(|tag| (tag.copy, cause)));
        }
        let cause = Some(cause);
        let Some(port) = self.node_mut(client).port_of(broker, id) else { return };
        let out = with_client!(self, client, port, |client, now, out| {
            client.on_response(now, broker, correlation, response, out);
        });
        self.client_outputs(client, port, out, cause);
        self.tool_answered(client, cause);
        self.poll_if_ready(client, cause);
        self.schedule_tick(client);
    }
}
