//! Finding things by the names that people gave them, and saying what is not there.

use super::World;
use super::handler::Handler;
use super::node::{Node, Reader, Role, Source};
use crate::event::{ConnectionId, Name, NodeId, NodeKind, NodeState, PartyId, Refusal};
use crate::kafka::broker::Broker;
use crate::sim::Span;

type Check = Result<(), Refusal>;

/// Says no, with the reason for the reader.
pub(super) fn refuse<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { reason: reason.into() })
}

impl World {
    /// The nodes of this name, one for each lane it stands in.
    pub(super) fn named(&self, name: &Name) -> Vec<NodeId> {
        let ids = (0_u32..).map(NodeId);
        let stands_for = |node: &Node| {
            node.name == *name || node.listens_for.is_some_and(|of| self.node(of).name == *name)
        };
        let here = ids.zip(&self.nodes).filter(|(_, node)| !node.removed && stands_for(node));
        here.map(|(id, _)| id).collect()
    }

    /// The first node of the process that a node belongs to.
    pub(super) fn root(&self, node: NodeId) -> NodeId {
        self.node(node).listens_for.unwrap_or(node)
    }

    /// The Kafka consumer of this name, without its listeners of retry topics.
    pub(super) fn root_named(&self, name: &Name) -> Option<NodeId> {
        self.named(name).into_iter().find(|&id| {
            let node = self.node(id);
            node.listens_for.is_none() && matches!(node.role, Role::Consumer(_))
        })
    }

    /// What stands behind that; a name that only reads from Redis is refused.
    pub(super) fn reader_named(&self, name: &Name) -> Result<&Reader, Refusal> {
        self.readers(name)?;
        match self.root_named(name).map(|id| &self.node(id).role) {
            Some(Role::Consumer(reader)) => Ok(reader),
            _ => refuse(format!("\"{name}\" does not read from Kafka.")),
        }
    }

    /// A listener of a process by its name.
    pub(super) fn listener(&self, of: NodeId, name: &Name) -> Option<NodeId> {
        self.named(name).into_iter().find(|&id| self.node(id).listens_for == Some(of))
    }

    /// A listener has no process of its own: what happens to processes happens to all of it.
    pub(super) fn process(&self, name: &Name) -> Result<Vec<NodeId>, Refusal> {
        let nodes = self.existing(name)?;
        let own = nodes.iter().any(|&id| self.node(id).name == *name);
        let of = nodes.first().and_then(|&id| self.node(id).listens_for);
        match of.filter(|_| own).map(|of| &self.node(of).name) {
            Some(of) => refuse(format!("\"{name}\" is part of the process \"{of}\".")),
            None => Ok(nodes),
        }
    }

    pub(super) fn existing(&self, name: &Name) -> Result<Vec<NodeId>, Refusal> {
        let nodes = self.named(name);
        if nodes.is_empty() {
            refuse(format!("There is nothing named \"{name}\"."))
        } else {
            Ok(nodes)
        }
    }

    /// The consumer of this name, in every lane.
    pub(super) fn readers(&self, name: &Name) -> Result<Vec<NodeId>, Refusal> {
        let mut nodes = self.named(name);
        nodes.retain(|&id| self.node(id).role.handler().is_some());
        if nodes.is_empty() {
            refuse(format!("There is no consumer \"{name}\"."))
        } else {
            Ok(nodes)
        }
    }

    /// The parties that a consumer's nodes read for.
    pub(super) fn parties_named(&self, name: &Name) -> Result<Vec<PartyId>, Refusal> {
        let party = |id: NodeId| self.node(id).role.handler().map(|(_, party)| party);
        Ok(self.readers(name)?.into_iter().filter_map(party).collect())
    }

    /// Whether changing a handler would change anything.
    pub(super) fn changes(
        &self,
        name: &Name,
        same: impl Fn(&Handler) -> bool,
        already: &str,
    ) -> Check {
        let handler = |id: NodeId| self.node(id).role.handler().map(|(handler, _)| handler);
        let nodes = self.readers(name)?;
        if nodes.into_iter().filter_map(handler).all(same) {
            return refuse(format!("\"{name}\" {already}."));
        }
        Ok(())
    }

    /// Changes the handler of a consumer, in every lane it stands in.
    pub(super) fn each_handler(&mut self, name: &Name, change: impl Fn(&mut Handler)) {
        for id in self.named(name) {
            if let Some((handler, _)) = self.handler(id) {
                change(handler);
            }
        }
    }

    /// The connections between two nodes.
    pub(super) fn between(
        &self,
        client: &Name,
        server: &Name,
    ) -> Result<Vec<ConnectionId>, Refusal> {
        let (clients, servers) = (self.existing(client)?, self.existing(server)?);
        let mut found = Vec::new();
        for &node in &clients {
            for id in self.network.of_node(node) {
                let other = self.network.wire(id).map(|wire| wire.server);
                if other.is_some_and(|other| servers.contains(&other)) {
                    found.push(id);
                }
            }
        }
        Ok(found)
    }

    pub(super) fn source(&self, name: &Name) -> Option<(NodeId, &Source)> {
        self.named(name).into_iter().find_map(|id| match &self.node(id).role {
            Role::Source(source) => Some((id, &**source)),
            _ => None,
        })
    }

    pub(super) fn brokers(&self) -> impl Iterator<Item = &Broker> {
        self.nodes.iter().filter_map(|node| match &node.role {
            Role::Broker(broker) => Some(&broker.broker),
            _ => None,
        })
    }

    pub(super) fn takes(&self, id: NodeId) -> Option<Span> {
        self.node(id).role.handler().map(|(handler, _)| handler.takes)
    }

    /// The party of a stream's group.
    pub(super) fn stream_group(&self, stream: &Name, group: &Name) -> Option<PartyId> {
        self.nodes.iter().find_map(|node| match &node.role {
            Role::StreamReader(r) if r.stream == *stream && r.group.as_ref() == Some(group) => {
                Some(r.party)
            }
            _ => None,
        })
    }

    /// The party of a list's workers.
    pub(super) fn list_party(&self, list: &Name) -> Option<PartyId> {
        self.nodes.iter().find_map(|node| match &node.role {
            Role::ListWorker(worker) if worker.list == *list => Some(worker.party),
            _ => None,
        })
    }

    pub(super) fn group_party(&self, group: &Name) -> Option<PartyId> {
        self.nodes.iter().find_map(|node| match &node.role {
            Role::Consumer(reader) if reader.group == *group => Some(reader.party),
            _ => None,
        })
    }

    /// A name stands once for each kind of reader: a subscriber and a consumer may share one, as
    /// the two halves of one service.
    pub(super) fn free(&self, name: &Name, kind: NodeKind) -> Check {
        let shares = |other: NodeKind| kind != other && kind.reads() && other.reads();
        let taken = self.named(name).into_iter().any(|id| !shares(self.node(id).role.kind()));
        if taken {
            refuse(format!("The name \"{name}\" is taken; choose another."))
        } else {
            Ok(())
        }
    }

    pub(super) fn needs_redis(&self, name: &Name) -> Check {
        if !self.redis_nodes().is_empty() {
            return Ok(());
        }
        refuse(format!("\"{name}\" needs a Redis server; add one first."))
    }

    pub(super) fn needs_topic(&self, name: &Name, topic: &Name) -> Check {
        if self.cluster().is_some_and(|cluster| cluster.topics.contains_key(topic)) {
            return Ok(());
        }
        refuse(format!("\"{name}\" needs the topic \"{topic}\"; create it first."))
    }

    pub(super) fn running(&self, id: NodeId) -> Check {
        let node = self.node(id);
        match node.state {
            NodeState::Running => Ok(()),
            _ => refuse(format!("\"{}\" does not run.", node.name)),
        }
    }

    pub(super) fn must_be(&self, name: &Name, state: NodeState, otherwise: &str) -> Check {
        let nodes = self.process(name)?;
        if nodes.iter().any(|&id| self.node(id).state == state) {
            return Ok(());
        }
        refuse(format!("\"{name}\" {otherwise}."))
    }

    pub(super) fn not_already(&self, name: &Name, state: NodeState, already: &str) -> Check {
        let nodes = self.process(name)?;
        if nodes.iter().any(|&id| self.node(id).state != state) {
            return Ok(());
        }
        refuse(format!("\"{name}\" {already} already."))
    }
}
