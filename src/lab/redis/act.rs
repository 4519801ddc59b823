//! Doing what a person asks of the Redis lane.

use super::super::World;
use super::super::handler::Handler;
use super::super::node::Role;
use super::{ListWorker, RedisProcess, StreamReader, options};
use crate::event::{Action, EventId, NodeId, NodeState, Payload, Settings, System};
use crate::redis::Server;
use crate::sim::Span;

impl World {
    /// Carries out what the checks allowed.
    pub(in super::super) fn perform_redis(&mut self, action: Action, cause: EventId) {
        match action {
            Action::AddRedis { name, config } => {
                let index = self.nodes.len() as u64;
                let Ok(settings) = options::server(&config) else { return };
                let server = Server::new(settings, self.seed ^ index);
                let role = Role::Redis(Box::new(RedisProcess::new(server, None)));
                let node = self.add_node(name, role, None, config, cause);
                if self.primary.is_none() {
                    self.primary = Some(node);
                    // Those whose server was removed find this one.
                    for client in (0..self.nodes.len() as u32).map(NodeId) {
                        if self.node(client).state == NodeState::Running {
                            self.connect_redis(client);
                        }
                    }
                }
            }
            Action::AddReplica { name, of, config } => {
                let index = self.nodes.len() as u64;
                let Ok(settings) = options::server(&config) else { return };
                let server = Server::new(settings, self.seed ^ index);
                let role = Role::Redis(Box::new(RedisProcess::new(server, Some(of))));
                let node = self.add_node(name, role, None, config, cause);
                self.take_place(node, cause);
            }
            Action::AddStreamReader { name, stream, group, takes, config } => {
                let Ok(settings) = options::stream_reader(&config, group.is_some()) else {
                    return;
                };
                let party = match &group {
                    Some(group) => self
                        .stream_group(&stream, group)
                        .unwrap_or_else(|| self.add_party(group, System::Redis, cause)),
                    None => self.add_party(&name, System::Redis, cause),
                };
                let handler = Handler::new(takes, self.seed, self.nodes.len() as u32);
                let from_start = group.is_none() && !settings.at_end;
                let key = stream.clone();
                let reader = StreamReader::new(party, stream, group, settings, handler);
                let role = Role::StreamReader(Box::new(reader));
                let node = self.add_node(name, role, Some(party), config, cause);
                if let Some(server) = self.redis_server().filter(|_| from_start) {
                    self.begin_at(server, &key, party, (0, 0), cause);
                }
                self.start(node, cause);
            }
            Action::AddListWorker { name, list, takes, safe } => {
                let party = self
                    .list_party(&list)
                    .unwrap_or_else(|| self.add_party(&list, System::Redis, cause));
                let handler = Handler::new(takes, self.seed, self.nodes.len() as u32);
                let role = Role::ListWorker(Box::new(ListWorker::new(party, list, safe, handler)));
                let node = self.add_node(name, role, Some(party), Settings::new(), cause);
                self.start(node, cause);
            }
            Action::Promote { node } => {
                for id in self.named(&node) {
                    self.promote(id, cause);
                }
            }
            Action::Console { server, line } => self.type_line(&server, &line, cause),
            Action::FillMemory { server, bytes } => {
                let key = format!("filler:{}", self.emitted);
                let value = Payload::synthetic(u32::try_from(bytes).unwrap_or(u32::MAX), 0);
                let line = format!("SET {key} ({bytes} bytes)");
                let args = vec!["SET".into(), key.as_str().into(), value];
                self.type_words(&server, line.into(), args, cause);
            }
            Action::SetPublishRetry { producer, timeout, retries } => {
                for id in self.named(&producer) {
                    if let Role::Source(source) = &mut self.node_mut(id).role
                        && let Some(publisher) = &mut source.publisher
                    {
                        publisher.retry = (timeout > Span::ZERO).then_some((timeout, retries));
                    }
                }
            }
            _ => {}
        }
    }
}
