//! Replicas: their links to the primary, what a failover moves, and what it loses.
//!
//! Who is primary is decided by a person; what follows is what Redis Sentinel does
//! (sentinel.c: `sentinelFailoverPromoteSlave`, `sentinelFailoverReconfNextSlave`,
//! `sentinelSendSlaveOf`).

use super::super::World;
use super::super::lookup::refuse;
use super::super::network::{Body, Load};
use super::super::node::Role;
use super::text;
use crate::event::{
    Cargo, CloseReason, ConnectionId, EventId, LostReason, Name, NodeId, NodeState, Payload,
    Refusal, Standing, Tag,
};
use crate::redis::Frame;
use crate::sim::{Direction, Order};

/// The port that every server listens on.
pub(super) const PORT: u16 = 6379;

impl World {
    /// The Redis servers.
    pub(in super::super) fn redis_nodes(&self) -> Vec<NodeId> {
        let ids = (0_u32..).map(NodeId).zip(&self.nodes);
        ids.filter(|(_, node)| !node.removed && matches!(node.role, Role::Redis(_)))
            .map(|(id, _)| id)
            .collect()
    }

    fn redis_named(&self, name: &str) -> Option<NodeId> {
        self.redis_nodes().into_iter().find(|id| *self.node(*id).name == *name)
    }

    /// The server that a Redis client connects to.
    pub(super) fn redis_target(&self, node: NodeId) -> Option<NodeId> {
        match &self.node(node).role {
            Role::Redis(process) => self.redis_named(process.server.wanted_primary()?.0),
            Role::Subscriber(subscriber) => match &subscriber.server {
                Some(server) => self.redis_named(server),
                None => self.redis_server(),
            },
            Role::StreamReader(_) | Role::ListWorker(_) => self.redis_server(),
            Role::Source(source) => source.publisher.as_ref().and(self.redis_server()),
            _ => None,
        }
    }

    /// The servers whose memory counts: the primary, or while it is gone whoever may follow it.
    pub(super) fn keepers(&self) -> Vec<NodeId> {
        let alive = |id: &NodeId| self.node(*id).state != NodeState::Crashed;
        match self.redis_server().filter(alive) {
            Some(primary) => vec![primary],
            None => self.redis_nodes().into_iter().filter(alive).collect(),
        }
    }

    /// A server takes up its place: it follows the primary it was told to follow.
    pub(in super::super) fn take_place(&mut self, node: NodeId, cause: EventId) {
        let Role::Redis(process) = &self.node(node).role else { return };
        let Some(of) = process.of.clone() else { return };
        self.with_server(node, Some(cause), |server, now, out| server.follow(now, &of, PORT, out));
        self.connect_redis(node);
    }

    /// What a replica says to its primary: commands, and nobody answers them.
    pub(super) fn link_write(
        &mut self,
        node: NodeId,
        id: ConnectionId,
        frames: Vec<Frame>,
        bytes: u64,
        cause: Option<EventId>,
    ) {
        for frame in frames {
            let args: Vec<Payload> = super::elements(&frame)
                .iter()
                .filter_map(|word| match word {
                    Frame::Bulk(word) => Some(word.clone()),
                    _ => None,
                })
                .collect();
            self.redis_send(id, args, Vec::new(), cause);
        }
        self.with_server(node, cause, |server, now, out| server.acknowledged(now, id, bytes, out));
    }

    /// What a primary says to its replica: the stream of changes.
    pub(super) fn replicate(
        &mut self,
        id: ConnectionId,
        frames: Vec<Frame>,
        bytes: u64,
        cause: Option<EventId>,
    ) {
        let tags: Vec<Tag> = frames.iter().flat_map(Frame::tags).collect();
        let command = frames.iter().find_map(|frame| match frame {
            Frame::Array(words) => match words.first()? {
                Frame::Array(_) => Some("snapshot".into()),
                word => text(word).filter(|word| !matches!(&**word, "SELECT" | "MULTI")),
            },
            _ => None,
        });
        let cargo = match command {
            Some(command) => Cargo::RedisReplicate { command: command.to_uppercase().into() },
            None => {
                Cargo::RedisReply { text: frames.last().map_or_else(|| "".into(), super::answer) }
            }
        };
        let carried = tags.first().and_then(|tag| self.origins.carried.get(&tag.copy)).copied();
        let load = Load { cargo, tags: tags.clone(), bytes };
        let body = Body::Frames { frames, tags, bytes };
        self.transmit(carried.or(cause), id, Direction::ToClient, body, load);
    }

    /// The stream of changes reached a replica.
    pub(super) fn replicated(&mut self, node: NodeId, frames: Vec<Frame>, cause: EventId) {
        for frame in frames {
            self.with_server(node, Some(cause), |server, now, out| {
                server.link_frame(now, frame, out);
            });
        }
    }

    /// A replica becomes the primary of all.
    pub(in super::super) fn promote(&mut self, node: NodeId, cause: EventId) {
        let old = self.primary.replace(node);
        let name = self.node(node).name.clone();
        if let Role::Redis(process) = &mut self.node_mut(node).role {
            process.of = None;
        }
        self.tell_server(node, &["REPLICAOF", "NO", "ONE"], cause);
        for other in self.redis_nodes() {
            let old_name = old.map(|old| self.node(old).name.clone());
            let Role::Redis(process) = &mut self.node_mut(other).role else { continue };
            let follows = process.of.is_some() && process.of == old_name;
            if other != node && (follows || Some(other) == old) {
                process.of = Some(name.clone());
                self.reconfigure(other, cause);
            }
        }
        self.move_clients(node, cause);
        self.settle_failover(node, cause);
    }

    /// Tells a server that is reachable whom to follow; one that is not is told when it is.
    pub(in super::super) fn reconfigure(&mut self, node: NodeId, cause: EventId) {
        let reachable =
            self.node(node).state == NodeState::Running && !self.node(node).link.is_interrupted();
        let Role::Redis(process) = &self.node(node).role else { return };
        let Some(of) = process.of.clone().filter(|_| reachable) else { return };
        if process.server.follows().is_some_and(|known| *known == *of) {
            return;
        }
        // Clients must notice, so their connections are closed as well.
        for line in [
            &["REPLICAOF", &*of, "6379"][..],
            &["CLIENT", "KILL", "TYPE", "normal"],
            &["CLIENT", "KILL", "TYPE", "pubsub"],
        ] {
            self.tell_server(node, line, cause);
        }
        self.connect_redis(node);
    }

    /// Clients that ask Sentinel for the primary's address leave the old one.
    fn move_clients(&mut self, primary: NodeId, cause: EventId) {
        for node in (0..self.nodes.len() as u32).map(NodeId) {
            if matches!(self.node(node).role, Role::Redis(_)) {
                continue;
            }
            let Some(id) = self.redis_connection(node) else { continue };
            let server = self.network.wire(id).map(|wire| wire.server);
            if self.redis_target(node) == Some(primary) && server != Some(primary) {
                self.close(id, CloseReason::ByClient, Some(cause));
                if self.node(node).state == NodeState::Running {
                    self.connect_redis(node);
                }
            }
        }
    }

    /// What the new primary holds waits there; what it does not hold is gone with the old one.
    fn settle_failover(&mut self, primary: NodeId, cause: EventId) {
        let Role::Redis(process) = &self.node(primary).role else { return };
        let mut held: Vec<_> = process.store.messages().collect();
        held.order();
        held.dedup();
        for message in self.ledger.messages() {
            self.reconsider(message, LostReason::Replication, cause);
            if held.binary_search(&message).is_err() {
                continue;
            }
            for (party, standing) in self.ledger.standings(message) {
                if standing == Standing::Lost(LostReason::Replication)
                    && self.is_kept(message, party, Standing::Waiting)
                {
                    self.settle(message, party, Standing::Waiting, Some(cause));
                }
            }
        }
    }

    /// A replica starts anew from its primary's data, or has lost its primary: what was published
    /// before and is not on its way to its subscribers never will be.
    pub(super) fn publications_gone(&mut self, replica: NodeId, cause: EventId) {
        let ids = (0_u32..).map(NodeId);
        let parties: Vec<_> = ids
            .zip(&self.nodes)
            .filter(|(id, _)| self.redis_target(*id) == Some(replica))
            .filter_map(|(_, node)| match &node.role {
                Role::Subscriber(subscriber) => Some(subscriber.party),
                _ => None,
            })
            .collect();
        if parties.is_empty() {
            return;
        }
        for message in self.ledger.messages() {
            for &party in &parties {
                if self.ledger.standing(message, party) == Some(Standing::Waiting)
                    && !self.is_under_way(message, party)
                {
                    self.lose(message, party, LostReason::Replication, Some(cause));
                }
            }
        }
    }

    pub(in super::super) fn needs_server(&self, name: &Name) -> Result<(), Refusal> {
        match self.redis_named(name) {
            Some(_) => Ok(()),
            None => refuse(format!("There is no Redis server \"{name}\".")),
        }
    }

    /// Whether a server can become the primary.
    pub(in super::super) fn check_promotion(&self, name: &Name) -> Result<(), Refusal> {
        self.needs_server(name)?;
        let Some(node) = self.redis_named(name) else { return Ok(()) };
        self.running(node)?;
        match &self.node(node).role {
            Role::Redis(process) if process.server.is_primary() => {
                refuse(format!("\"{name}\" is a primary already."))
            }
            _ => Ok(()),
        }
    }
}
