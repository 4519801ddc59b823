//! Whether what a person asks for can be done, and would change anything.

use super::command::{add_partitions, create_topic};
use super::handler::Handler;
use super::kafka_lane::elect_leader;
use super::lookup::refuse;
use super::node::Role;
use super::{World, options, redis};
use crate::event::{Action, Carrier, Failure, NodeKind, NodeState, Refusal};

/// Messages of one burst, at the most: what a page can still show.
const MOST_AT_ONCE: u32 = 10_000;
/// `proto-max-bulk-len`: the longest value that a Redis command may carry.
const MOST_BYTES: u64 = 512 << 20;

impl World {
    /// The checks of [`World::can`]; changes nothing.
    pub(super) fn check(&self, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::AddRedis { name, config } => {
                redis::options::server(config)?;
                self.free(name, NodeKind::RedisServer)
            }
            Action::AddBroker { name, config } => {
                options::broker(config)?;
                self.free(name, NodeKind::Broker)
            }
            Action::AddController { name } => {
                if self.controller().is_some() {
                    return refuse("A cluster's controller is added before its brokers, once.");
                }
                self.free(name, NodeKind::Controller)
            }
            Action::CreateTopic { name, partitions, replicas, config } => {
                self.would(create_topic(name, *partitions, *replicas, config))
            }
            Action::AddPartitions { topic, partitions } => {
                self.would(add_partitions(topic, *partitions))
            }
            Action::AddProducer { name, carriers, topic, config, .. } => {
                options::producer(&redis::options::publisher(config)?.1)?;
                self.free(name, NodeKind::Producer)?;
                if carriers.is_empty() {
                    return refuse(format!("\"{name}\" has no way to send: name a carrier."));
                }
                if carriers.contains(&Carrier::Stream) && carriers.contains(&Carrier::List) {
                    return refuse(format!(
                        "In Redis \"{topic}\" is a stream or a list, not both."
                    ));
                }
                for carrier in carriers {
                    match carrier {
                        Carrier::Kafka => self.needs_topic(name, topic)?,
                        _ => self.needs_redis(name)?,
                    }
                }
                Ok(())
            }
            Action::AddReplica { name, of, config } => {
                redis::options::server(config)?;
                self.free(name, NodeKind::RedisServer)?;
                self.needs_server(of)
            }
            Action::SetPublishRetry { producer, timeout, retries } => {
                self.check_retry(producer, *timeout, *retries)
            }
            Action::Promote { node } => self.check_promotion(node),
            Action::Console { server, line } => self.check_line(server, line),
            Action::FillMemory { server, bytes } => {
                if !(1..=MOST_BYTES).contains(bytes) {
                    return refuse("A value has between 1 byte and 512 MB (proto-max-bulk-len).");
                }
                self.check_line(server, "SET filler value")
            }
            Action::AddSubscriber { name, channels, patterns, server, .. } => {
                self.free(name, NodeKind::Subscriber)?;
                self.needs_redis(name)?;
                server.iter().try_for_each(|server| self.needs_server(server))?;
                if channels.is_empty() && patterns.is_empty() {
                    return refuse(format!("\"{name}\" subscribes to nothing."));
                }
                Ok(())
            }
            Action::AddStreamReader { name, group, config, .. } => {
                redis::options::stream_reader(config, group.is_some())?;
                self.free(name, NodeKind::StreamReader)?;
                self.needs_redis(name)
            }
            Action::AddListWorker { name, .. } => {
                self.free(name, NodeKind::ListWorker)?;
                self.needs_redis(name)
            }
            Action::AddConsumer { name, topics, config, .. } => {
                options::consumer(config)?;
                self.free(name, NodeKind::Consumer)?;
                if topics.is_empty() {
                    return refuse(format!("\"{name}\" subscribes to nothing."));
                }
                topics.iter().try_for_each(|topic| self.needs_topic(name, topic))
            }
            Action::SetRate { producer, per_kilosecond } => match self.source(producer) {
                None => refuse(format!("There is no producer \"{producer}\".")),
                Some((_, source)) if source.workload.rate() == *per_kilosecond => {
                    refuse(format!("\"{producer}\" sends at this rate already."))
                }
                Some(_) => Ok(()),
            },
            Action::SendOne { producer } => match self.source(producer) {
                None => refuse(format!("There is no producer \"{producer}\".")),
                Some((id, _)) => self.running(id),
            },
            Action::SetWork { consumer, takes } => {
                let nodes = self.readers(consumer)?;
                if nodes.iter().all(|&id| self.takes(id) == Some(*takes)) {
                    return refuse(format!("\"{consumer}\" takes {takes} already."));
                }
                Ok(())
            }
            Action::Burst { producer, messages } => match self.source(producer) {
                None => refuse(format!("There is no producer \"{producer}\".")),
                Some(_) if *messages == 0 => refuse("A burst of no messages changes nothing."),
                Some(_) if *messages > MOST_AT_ONCE => {
                    refuse(format!("A burst has at most {MOST_AT_ONCE} messages."))
                }
                Some((id, _)) => self.running(id),
            },
            Action::SetVariance { consumer, per_cent } => {
                if *per_cent > 100 {
                    return refuse("A processing time varies by at most 100 per cent.");
                }
                let same = |handler: &Handler| handler.varies == *per_cent;
                self.changes(consumer, same, "varies by this already")
            }
            Action::SetFailure { consumer, fails } => {
                let already =
                    if *fails == Failure::Never { "does not fail" } else { "fails so already" };
                self.changes(consumer, |handler| handler.fails == *fails, already)
            }
            Action::SetDeduplication { consumer, on } => {
                let same = |handler: &Handler| handler.remembers.is_some() == *on;
                self.changes(
                    consumer,
                    same,
                    if *on { "remembers already" } else { "does not remember" },
                )
            }
            Action::SetCommit { consumer, commit } => {
                let nodes = self.readers(consumer)?;
                let mut points = nodes.iter().filter_map(|&id| match &self.node(id).role {
                    Role::Consumer(reader) => Some(reader),
                    _ => None,
                });
                match points.next() {
                    None => refuse(format!("\"{consumer}\" does not read from Kafka.")),
                    Some(reader) if reader.client.config().enable_auto_commit => refuse(format!(
                        "\"{consumer}\" commits by itself (enable.auto.commit=true)."
                    )),
                    Some(reader) if reader.commit == *commit => {
                        refuse(format!("\"{consumer}\" commits so already."))
                    }
                    Some(_) => Ok(()),
                }
            }
            Action::AddAccount { consumer, .. } => {
                let parties = self.parties_named(consumer)?;
                if parties.iter().any(|party| self.accounts.contains_key(party)) {
                    return refuse(format!("\"{consumer}\" has an account already."));
                }
                Ok(())
            }
            Action::Seek { consumer, partition, offset } => {
                let owner = self.owner(consumer, partition)?;
                match &self.node(owner).role {
                    Role::Consumer(reader)
                        if reader.client.position(partition) == Some(*offset) =>
                    {
                        refuse(format!("\"{consumer}\" stands at {offset} in {partition} already."))
                    }
                    _ => Ok(()),
                }
            }
            Action::CloseConnection { client, server } => {
                if self.between(client, server)?.is_empty() {
                    return refuse(format!("\"{client}\" has no connection to \"{server}\" now."));
                }
                Ok(())
            }
            Action::Unplug { consumer } => {
                let nodes = self.readers(consumer)?;
                self.process(consumer)?;
                if nodes.iter().all(|&id| self.node(id).unplugged) {
                    return refuse(format!("The plug of \"{consumer}\" is out already."));
                }
                Ok(())
            }
            Action::PlugIn { consumer } => {
                let nodes = self.readers(consumer)?;
                self.process(consumer)?;
                if nodes.iter().all(|&id| !self.node(id).unplugged) {
                    return refuse(format!("The plug of \"{consumer}\" is in already."));
                }
                Ok(())
            }
            Action::Crash { node } => self.not_already(node, NodeState::Crashed, "has crashed"),
            Action::Restart { node } => self.must_be(node, NodeState::Crashed, "has not crashed"),
            Action::Pause { node } => self.must_be(node, NodeState::Running, "does not run"),
            Action::Resume { node } => self.must_be(node, NodeState::Paused, "is not paused"),
            Action::Interrupt { node } => {
                let nodes = self.process(node)?;
                if nodes.iter().all(|&id| self.node(id).link.is_interrupted()) {
                    return refuse(format!("The path to \"{node}\" is cut already."));
                }
                Ok(())
            }
            Action::Heal { node } => {
                let nodes = self.process(node)?;
                if nodes.iter().all(|&id| !self.node(id).link.is_interrupted()) {
                    return refuse(format!("The path to \"{node}\" is not cut."));
                }
                Ok(())
            }
            Action::SetLatency { node, latency } => {
                let nodes = self.process(node)?;
                if nodes.iter().all(|&id| self.node(id).link.latency() == *latency) {
                    return refuse(format!("The path to \"{node}\" takes {latency} already."));
                }
                Ok(())
            }
            Action::SetErrorHandling { consumer, handling } => {
                self.check_error_handling(consumer, *handling)
            }
            Action::Redrive { topic, most } => self.check_redrive(topic, *most),
            Action::ResetOffsets { group, topic, .. } => self.check_reset(group, topic),
            Action::SeekToTime { consumer, partition, .. } => {
                self.owner(consumer, partition).map(drop)
            }
            Action::PausePartition { consumer, partition } => {
                let id = self.owner(consumer, partition)?;
                if self.is_paused(id, partition) {
                    return refuse(format!("\"{consumer}\" has paused {partition} already."));
                }
                Ok(())
            }
            Action::ResumePartition { consumer, partition } => {
                let id = self.owner(consumer, partition)?;
                if !self.is_paused(id, partition) {
                    return refuse(format!("\"{consumer}\" has not paused {partition}."));
                }
                Ok(())
            }
            Action::ElectLeader { partition, unclean } => {
                self.would(elect_leader(partition, *unclean))
            }
            Action::AlterConfig { of, config } => {
                if config.is_empty() {
                    return refuse("No configuration is named.");
                }
                self.would(self.alter_config(of, config)?)
            }
            Action::Remove { node } => self.check_remove(node),
            Action::InterruptBetween { one, other } => {
                let pairs = self.pairs(one, other)?;
                if pairs.iter().all(|&(a, b)| self.is_cut(a, b)) {
                    return refuse(format!(
                        "The path between \"{one}\" and \"{other}\" is cut already."
                    ));
                }
                Ok(())
            }
            Action::HealBetween { one, other } => {
                let pairs = self.pairs(one, other)?;
                if !pairs.iter().any(|&(a, b)| self.is_cut(a, b)) {
                    return refuse(format!(
                        "The path between \"{one}\" and \"{other}\" is not cut."
                    ));
                }
                Ok(())
            }
            Action::Assign { consumer, partitions } => self.check_assign(consumer, partitions),
            Action::SetPartition { producer, partition } => {
                self.check_partition(producer, *partition)
            }
            Action::SetHandling { consumer, handling } => {
                if self.reader_named(consumer)?.handling == *handling {
                    return refuse(format!("\"{consumer}\" does so already."));
                }
                Ok(())
            }
        }
    }
}
