//! What brokers and the controller say to each other, and what an administrator says to them.

use super::network::{Body, Load};
use super::node::{Port, Role};
use super::{Due, World};
use crate::event::{
    Cargo, ConnectionId, EventId, LostReason, Name, NodeId, NodeState, Refusal, TopicPartition,
};
use crate::kafka::broker::Output;
use crate::kafka::controller::ClusterImage;
use crate::kafka::protocol::{BrokerId, ErrorCode, Request, Response};
use crate::sim::{Direction, Span};
use std::rc::Rc;

/// The `node.id` of a controller on a machine of its own.
pub(super) const CONTROLLER: BrokerId = BrokerId(100);
/// Stands for an administrator's tool, whose requests and answers are not drawn.
const ADMIN: ConnectionId = ConnectionId(u32::MAX);
/// How soon a broker learns that another one cannot be reached.
const REFUSED: Span = Span::from_millis(1);

impl World {
    /// The node that is the controller: one of its own, or the first broker.
    pub(super) fn controller(&self) -> Option<NodeId> {
        let ids = || (0_u32..).map(NodeId).zip(&self.nodes);
        ids()
            .find(|(_, node)| matches!(node.role, Role::Controller(_)))
            .or_else(|| ids().find(|(_, node)| matches!(node.role, Role::Broker(_))))
            .map(|(id, _)| id)
    }

    /// Its `node.id`.
    pub(super) fn controller_id(&self) -> Option<BrokerId> {
        self.controller().and_then(|node| self.server_id(node))
    }

    /// What the controller knows of the cluster.
    pub(super) fn cluster(&self) -> Option<Rc<ClusterImage>> {
        match &self.node(self.controller()?).role {
            Role::Controller(controller) => Some(Rc::clone(controller.image())),
            Role::Broker(process) => process.broker.controller().map(|c| Rc::clone(c.image())),
            _ => None,
        }
    }

    /// Whether the controller lets every broker lead.
    pub fn cluster_stands(&self) -> bool {
        let Some(cluster) = self.cluster() else { return true };
        self.brokers().all(|broker| cluster.is_active(broker.id()))
    }

    pub(super) fn server_id(&self, node: NodeId) -> Option<BrokerId> {
        match &self.node(node).role {
            Role::Broker(broker) => Some(broker.broker.id()),
            Role::Controller(_) => Some(CONTROLLER),
            _ => None,
        }
    }

    pub(super) fn server_node(&self, id: BrokerId) -> Option<NodeId> {
        let ids = (0_u32..).map(NodeId);
        ids.zip(&self.nodes)
            .find(|(node, _)| self.server_id(*node) == Some(id))
            .map(|(node, _)| node)
    }

    /// Whether the controller would carry out what an administrator asks for: a copy of it is
    /// asked.
    pub(super) fn would(&self, request: Request) -> Result<(), Refusal> {
        let Some(node) = self.controller() else {
            return Err(Refusal { reason: "There is no broker; add one first.".into() });
        };
        if self.node(node).state != NodeState::Running {
            let reason = format!("The controller \"{}\" does not run.", self.node(node).name);
            return Err(Refusal { reason });
        }
        let mut out = Vec::new();
        match &self.node(node).role {
            Role::Controller(controller) => {
                controller.clone().handle(self.now, ADMIN, 0, request, &mut out);
            }
            Role::Broker(broker) => {
                broker.broker.clone().handle(self.now, ADMIN, 0, request, &mut out);
            }
            _ => {}
        }
        out.into_iter().find_map(refusal).map_or(Ok(()), Err)
    }

    /// Carries out what an administrator asks for.
    pub(super) fn administer(&mut self, request: Request, cause: EventId) {
        let Some(node) = self.controller() else { return };
        self.kafka_request(node, ADMIN, 0, request, Some(cause));
    }

    /// A broker asks another one, or the controller, over a connection of its own.
    pub(super) fn ask_peer(
        &mut self,
        node: NodeId,
        to: BrokerId,
        correlation: u32,
        request: Request,
        cause: Option<EventId>,
    ) {
        let Role::Broker(broker) = &mut self.node_mut(node).role else { return };
        if let Some(&id) = broker.wires.get(&to)
            && self.network.wire(id).is_some_and(|wire| wire.established)
        {
            return self.send_to_peer(id, correlation, request, cause);
        }
        let Role::Broker(broker) = &mut self.node_mut(node).role else { return };
        broker.unsent.entry(to).or_default().push((correlation, request));
        if broker.wires.contains_key(&to) {
            return;
        }
        let wire = self.server_node(to).and_then(|server| self.open(node, server));
        match (wire, &mut self.node_mut(node).role) {
            (Some(id), Role::Broker(broker)) => drop(broker.wires.insert(to, id)),
            _ => self.queue.push(self.now + REFUSED, Due::Unreachable(node, Port::Consumer, to)),
        }
    }

    fn send_to_peer(
        &mut self,
        id: ConnectionId,
        correlation: u32,
        request: Request,
        cause: Option<EventId>,
    ) {
        let cargo = match &request {
            Request::Fetch(fetch) => fetch.partitions.first().map(|p| Cargo::Replicate {
                partition: p.partition.clone(),
                offset: p.fetch_offset,
                answer: false,
            }),
            _ => None,
        };
        let cargo = cargo.unwrap_or_else(|| Cargo::KafkaRequest { api: request.name().into() });
        let load = Load { cargo, tags: Vec::new(), bytes: 0 };
        let body = Body::Request { correlation, request };
        self.transmit(cause, id, Direction::ToServer, body, load);
    }

    /// A broker's own connection stands: what waited for it is sent.
    pub(super) fn peer_connected(&mut self, node: NodeId, peer: BrokerId, cause: EventId) {
        let Role::Broker(broker) = &mut self.node_mut(node).role else { return };
        let Some(&id) = broker.wires.get(&peer) else { return };
        for (correlation, request) in broker.unsent.remove(&peer).unwrap_or_default() {
            self.send_to_peer(id, correlation, request, Some(cause));
        }
    }

    /// A broker cannot reach another one, or lost its connection to it.
    pub(super) fn peer_lost(&mut self, node: NodeId, peer: BrokerId, cause: Option<EventId>) {
        if let Role::Broker(broker) = &mut self.node_mut(node).role {
            broker.wires.remove(&peer);
            broker.unsent.remove(&peer);
        }
        self.with_broker(node, cause, |broker, now, out| broker.peer_lost(now, peer, out));
    }

    /// A partition has a new leader: what only others have is gone with them. A producer that
    /// has no acknowledgement will send it again.
    pub(super) fn leader_elected(
        &mut self,
        partition: &TopicPartition,
        leader: u32,
        unclean: bool,
        event: EventId,
    ) {
        let end = self
            .brokers()
            .find(|broker| broker.id() == BrokerId(leader))
            .and_then(|broker| broker.partition(partition))
            .map(|replica| replica.log().log_end_offset());
        let (Some(end), Some(log)) = (end, self.logs.get_mut(partition)) else { return };
        let kept = log.partition_point(|&(offset, _)| offset < end);
        let gone: Vec<_> = log.drain(kept..).collect();
        // Not folded: its producer may append it again.
        let reason = if unclean { LostReason::UncleanElection } else { LostReason::Replication };
        self.copies_gone(partition, gone.into_iter().map(|(_, tag)| tag), reason, event);
    }
}

/// What an administrator's request was refused with.
fn refusal(output: Output) -> Option<Refusal> {
    let Output::Respond { connection: ADMIN, response, .. } = output else { return None };
    let wrong = match response {
        Response::CreateTopics(response) => {
            response.topics.into_iter().find(|(_, error, _)| *error != ErrorCode::None)
        }
        Response::CreatePartitions(response) => response
            .topics
            .into_iter()
            .find(|(_, error)| *error != ErrorCode::None)
            .map(|(name, error)| (name, error, None)),
        Response::ElectLeaders(response) => response
            .partitions
            .into_iter()
            .find(|(_, error)| *error != ErrorCode::None)
            .map(|(partition, error)| (partition.topic, error, None)),
        Response::IncrementalAlterConfigs(response) => response
            .resources
            .into_iter()
            .find(|(error, _)| *error != ErrorCode::None)
            .map(|(error, words)| ("".into(), error, words)),
        _ => None,
    };
    let (_, error, words): (Name, ErrorCode, Option<Name>) = wrong?;
    let words = words.map_or_else(|| error.sentence().to_owned(), |words| words.to_string());
    Some(Refusal { reason: format!("{}: {words}", error.name()) })
}
