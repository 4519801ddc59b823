//! The pull lane: brokers, producers and consumers, and the wires between them.

use super::network::{Body, Load, Wire};
use super::node::{InHand, Role};
use super::{Due, World};
use crate::event::{
    Cargo, Carrier, CommitPoint, ConnectionId, EventId, KafkaFact, MessageId, Name, NodeId,
    NodeState, Tag, TopicPartition, What,
};
use crate::kafka::broker::{Broker, Output};
use crate::kafka::client::ClientOutput;
use crate::kafka::controller::Controller;
use crate::kafka::protocol::{BrokerId, ErrorCode, Request, Response};
use crate::kafka::record::Record;
use crate::sim::{Direction, Instant, Span};
use std::collections::BTreeMap;

/// The time-out of an application's `poll`: when nothing was there, it polls again after this.
const POLL: Span = Span::from_millis(100);
/// How soon a client learns that nothing listens, or that its machine is cut off.
const REFUSED: Span = Span::from_millis(1);

/// A Kafka client of either kind.
macro_rules! with_client {
    ($world:expr, $node:expr, |$client:ident, $now:ident, $out:ident| $do:expr) => {{
        let $now = $world.now;
        let mut outputs: Vec<ClientOutput> = Vec::new();
        {
            let $out = &mut outputs;
            match &mut $world.node_mut($node).role {
                Role::Source(source) => {
                    if let Some(side) = &mut source.producer {
                        let $client = &mut side.client;
                        $do;
                    }
                }
                Role::Consumer(reader) => {
                    let $client = &mut reader.client;
                    $do;
                }
                _ => {}
            }
        }
        outputs
    }};
}

impl World {
    fn wire_to(&self, node: NodeId, broker: BrokerId) -> Option<ConnectionId> {
        match &self.node(node).role {
            Role::Source(source) => source.producer.as_ref()?.wires.get(&broker).copied(),
            Role::Consumer(reader) => reader.wires.get(&broker).copied(),
            _ => None,
        }
    }

    fn set_wire(&mut self, node: NodeId, broker: BrokerId, wire: Option<ConnectionId>) {
        let wires = match &mut self.node_mut(node).role {
            Role::Source(source) => source.producer.as_mut().map(|side| &mut side.wires),
            Role::Consumer(reader) => Some(&mut reader.wires),
            _ => None,
        };
        let Some(wires) = wires else { return };
        match wire {
            Some(id) => drop(wires.insert(broker, id)),
            None => drop(wires.remove(&broker)),
        }
    }

    /// Starts a client: it asks for its first connection by itself.
    pub(super) fn start_kafka_client(&mut self, node: NodeId, cause: EventId) {
        let out = with_client!(self, node, |client, now, out| client.tick(now, out));
        self.client_outputs(node, out, Some(cause));
        self.schedule_tick(node);
        if matches!(self.node(node).role, Role::Consumer(_)) {
            self.queue.push(self.now, Due::Poll(node));
        }
    }

    pub(super) fn kafka_connected(&mut self, client: NodeId, server: NodeId, cause: EventId) {
        let Some(broker) = self.server_id(server) else { return };
        if matches!(self.node(client).role, Role::Broker(_)) {
            return self.peer_connected(client, broker, cause);
        }
        let out = with_client!(self, client, |client, now, out| client.connected(now, broker, out));
        self.client_outputs(client, out, Some(cause));
        self.schedule_tick(client);
    }

    pub(super) fn kafka_unreachable(&mut self, node: NodeId, broker: BrokerId) {
        if matches!(self.node(node).role, Role::Broker(_)) {
            return self.peer_lost(node, broker, None);
        }
        let out =
            with_client!(self, node, |client, now, out| client.disconnected(now, broker, out));
        self.client_outputs(node, out, None);
        self.schedule_tick(node);
    }

    /// A connection is gone: the broker drops what it had parked for it, the client hears of it.
    pub(super) fn kafka_disconnected(&mut self, wire: &Wire, id: ConnectionId, cause: EventId) {
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
        self.set_wire(wire.client, broker, None);
        if self.node(wire.client).state == NodeState::Crashed {
            return;
        }
        if matches!(self.node(wire.client).role, Role::Broker(_)) {
            return self.peer_lost(wire.client, broker, Some(cause));
        }
        let out = with_client!(self, wire.client, |client, now, out| client
            .disconnected(now, broker, out));
        self.client_outputs(wire.client, out, Some(cause));
        self.schedule_tick(wire.client);
    }

    pub(super) fn client_tick(&mut self, node: NodeId) {
        let out = with_client!(self, node, |client, now, out| client.tick(now, out));
        self.client_outputs(node, out, None);
        self.poll_if_ready(node, None);
        self.schedule_tick(node);
    }

    fn client_outputs(&mut self, node: NodeId, out: Vec<ClientOutput>, cause: Option<EventId>) {
        let mut cause = cause;
        for output in out {
            match output {
                ClientOutput::Connect { broker } => {
                    let wire = self.server_node(broker).and_then(|server| self.open(node, server));
                    self.set_wire(node, broker, wire);
                    if wire.is_none() {
                        self.queue.push(self.now + REFUSED, Due::Unreachable(node, broker));
                    }
                }
                ClientOutput::Send { broker, correlation, request } => {
                    let Some(id) = self.wire_to(node, broker) else { continue };
                    let load = request_load(&request);
                    let sent_by =
                        load.tags.first().and_then(|tag| self.partitioned.get(&tag.message));
                    let cause = sent_by.copied().or(cause);
                    let body = Body::Request { correlation, request };
                    self.transmit(cause, id, Direction::ToServer, body, load);
                }
                ClientOutput::Fact(fact) => {
                    let set = match &fact {
                        KafkaFact::PositionSet { group, partition, offset, reason } => {
                            Some((group.clone(), partition.clone(), *offset, &**reason == "seek"))
                        }
                        _ => None,
                    };
                    let partitioned = match &fact {
                        KafkaFact::Partitioned { tag: Some(tag), .. } => Some(tag.message),
                        _ => None,
                    };
                    let event = self.emit(cause, What::Kafka { node, fact });
                    cause = Some(event);
                    if let Some(message) = partitioned {
                        self.partitioned.insert(message, event);
                    }
                    if let Some((group, partition, offset, asked)) = set {
                        self.position_set(&group, &partition, offset, asked, event);
                    }
                }
                ClientOutput::Completed { record, result } => {
                    let Role::Source(source) = &mut self.node_mut(node).role else { continue };
                    let open = source.producer.as_mut().and_then(|side| side.open.remove(&record));
                    let Some(message) = open else { continue };
                    self.partitioned.remove(&message);
                    if result.is_err() {
                        self.refuse(message, Carrier::Kafka, cause);
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
            let number = side.client.send(now, topic.clone(), record, &mut out);
            side.open.insert(number, message);
        }
        self.client_outputs(node, out, Some(cause));
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
        self.client_outputs(node, out, Some(cause));
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
                            self.record_appended(&partition, offset, tag.message, event);
                        }
                        KafkaFact::LeaderElected { partition, leader: Some(leader), .. } => {
                            self.leader_elected(&partition, leader, event);
                        }
                        KafkaFact::LogStartMoved { partition, offset, .. } => {
                            self.records_deleted(&partition, offset, event);
                        }
                        _ => {}
                    }
                }
                Output::Respond { connection, correlation, response } => {
                    let load = response_load(&response);
                    let stored = load.tags.first().and_then(|tag| self.appended.get(&tag.message));
                    let cause = stored.copied().or(cause);
                    let body = Body::Response { correlation, response };
                    self.transmit(cause, connection, Direction::ToClient, body, load);
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
        match self.node(server).role {
            Role::Controller(_) => self.with_controller(server, cause, |controller, now, out| {
                controller.handle(now, id, correlation, request, out);
            }),
            _ => self.with_broker(server, cause, |broker, now, out| {
                broker.handle(now, id, correlation, request, out);
            }),
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
        let out = with_client!(self, client, |client, now, out| {
            client.on_response(now, broker, correlation, response, out);
        });
        self.client_outputs(client, out, cause);
        self.poll_if_ready(client, cause);
        self.schedule_tick(client);
    }

    /// The application's loop: it polls when it is free and something is there.
    fn poll_if_ready(&mut self, node: NodeId, cause: Option<EventId>) {
        if let Role::Consumer(reader) = &self.node(node).role
            && reader.handler.is_idle()
            && reader.client.has_records()
        {
            self.poll(node, cause);
        }
    }

    pub(super) fn poll_due(&mut self, node: NodeId) {
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        reader.polling = None;
        if reader.handler.is_idle() {
            self.poll(node, None);
        }
    }

    /// `poll()`: hands the application what the client has buffered.
    fn poll(&mut self, node: NodeId, cause: Option<EventId>) {
        let now = self.now;
        let mut out = Vec::new();
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        let records = reader.client.poll(now, &mut out);
        let again = records.is_empty() && reader.polling.is_none();
        if reader.commit == CommitPoint::BeforeWork && !records.is_empty() {
            let next: BTreeMap<_, _> =
                records.iter().map(|r| (r.partition.clone(), r.offset + 1)).collect();
            reader.client.commit(now, next.into_iter().collect(), &mut out);
        }
        if again {
            reader.polling = Some(now + POLL);
        }
        self.client_outputs(node, out, cause);
        if again {
            self.queue.push(now + POLL, Due::Poll(node));
        }
        for record in records {
            let Some(tag) = record.record.value.as_ref().and_then(crate::event::Payload::tag)
            else {
                continue;
            };
            let fetched = match &mut self.node_mut(node).role {
                Role::Consumer(reader) => reader.fetched.remove(&tag.copy),
                _ => None,
            };
            let next = Some((record.partition, record.offset + 1));
            self.received(
                node,
                InHand { tag, cause: fetched.or(cause), bytes: 0, next, taken: None },
            );
        }
        self.schedule_tick(node);
    }

    /// The application is done with everything it was given: it commits, then polls again.
    pub(super) fn application_idle(&mut self, node: NodeId, cause: Option<EventId>) {
        let now = self.now;
        let mut out = Vec::new();
        let Role::Consumer(reader) = &mut self.node_mut(node).role else { return };
        if !reader.handler.is_idle() {
            return;
        }
        let done = std::mem::take(&mut reader.done);
        let by_hand =
            reader.commit == CommitPoint::AfterWork && !reader.client.config().enable_auto_commit;
        if by_hand && !done.is_empty() {
            reader.client.commit(now, done.into_iter().collect(), &mut out);
        }
        self.client_outputs(node, out, cause);
        self.poll(node, cause);
    }
}

fn name_of(error: ErrorCode) -> Option<Name> {
    (error != ErrorCode::None).then(|| error.name().into())
}

fn request_load(request: &Request) -> Load {
    let tags = request.tags();
    let cargo = match request {
        Request::Produce(produce) => match produce.partitions.first() {
            Some(first) => Cargo::Produce { partition: first.partition.clone() },
            None => Cargo::KafkaRequest { api: "Produce".into() },
        },
        Request::Fetch(fetch) => {
            let from =
                |p: &crate::kafka::protocol::FetchPartition| (p.partition.clone(), p.fetch_offset);
            Cargo::Fetch { from: fetch.partitions.iter().map(from).collect() }
        }
        Request::OffsetCommit(commit) => Cargo::OffsetCommit {
            group: commit.group_id.clone(),
            offsets: commit
                .partitions
                .iter()
                .map(|p| (p.partition.clone(), p.committed_offset))
                .collect(),
        },
        other => Cargo::KafkaRequest { api: other.name().into() },
    };
    let bytes = match request {
        Request::Produce(produce) => {
            produce.partitions.iter().map(|p| u64::from(p.records.size_in_bytes())).sum()
        }
        _ => 0,
    };
    Load { cargo, tags, bytes }
}

fn response_load(response: &Response) -> Load {
    let tags = response.tags();
    let cargo = match response {
        Response::Produce(produce) => match produce.partitions.first() {
            Some(first) => Cargo::ProduceAnswer {
                partition: first.partition.clone(),
                base_offset: first.base_offset,
                error: name_of(first.error_code),
            },
            None => Cargo::KafkaAnswer { api: "Produce".into(), error: None },
        },
        Response::Fetch(fetch) => Cargo::Fetched {
            from: fetch
                .partitions
                .iter()
                .filter_map(|p| Some((p.partition.clone(), p.records.first()?.base_offset())))
                .collect(),
            error: fetch
                .partitions
                .iter()
                .map(|p| p.error_code)
                .chain([fetch.error_code])
                .find_map(name_of),
        },
        other => Cargo::KafkaAnswer { api: other.name().into(), error: None },
    };
    let bytes = match response {
        Response::Fetch(fetch) => fetch
            .partitions
            .iter()
            .flat_map(|p| &p.records)
            .map(|b| u64::from(b.size_in_bytes()))
            .sum(),
        _ => 0,
    };
    Load { cargo, tags, bytes }
}
