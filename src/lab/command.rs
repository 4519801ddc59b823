//! Doing what a person asks for.

use super::cluster::CONTROLLER;
use super::errors::Errors;
use super::handler::Handler;
use super::kafka_lane::elect_leader;
use super::node::{BrokerProcess, KafkaSide, Node, Reader, Role, Source};
use super::options;
use super::redis::{self, Publisher, RedisProcess, Subscriber};
use super::workload::Workload;
use super::{Account, Due, World};
use crate::event::{
    Action, Carrier, CloseReason, CommitPoint, ErrorHandling, EventId, Handling, LabFact,
    LostReason, MessageId, Name, NodeId, NodeKind, NodeState, PartyId, Settings, System, Tag, What,
};
use crate::kafka::broker::Broker;
use crate::kafka::consumer::{Consumer, ConsumerConfig};
use crate::kafka::controller::{Controller, ControllerConfig};
use crate::kafka::producer::Producer;
use crate::kafka::protocol::{
    BrokerId, CreatableTopic, CreatePartitionsRequest, CreateTopicsRequest, Request,
};
use crate::redis::Server;
use crate::sim::{Link, SortedMap, Span};

/// One way between two machines of one data centre, with a virtual switch between.
const LATENCY: Span = Span::from_micros(1_500);
/// What the network adds at random, at the most.
const JITTER: Span = Span::from_micros(200);

impl World {
    /// Carries out what [`World::check`] allowed.
    pub(super) fn perform(&mut self, action: Action, cause: EventId) {
        match action {
            Action::AddRedis { .. }
            | Action::AddReplica { .. }
            | Action::AddStreamReader { .. }
            | Action::AddListWorker { .. }
            | Action::Promote { .. }
            | Action::Console { .. }
            | Action::FillMemory { .. }
            | Action::SetPublishRetry { .. } => self.perform_redis(action, cause),
            Action::AddController { name } => {
                let config = ControllerConfig { seed: self.seed, ..ControllerConfig::default() };
                let controller = Controller::new(CONTROLLER, config);
                let role = Role::Controller(Box::new(controller));
                let node = self.add_node(name, role, None, Settings::new(), cause);
                self.schedule_tick(node);
            }
            Action::AddBroker { name, config } => {
                let id = BrokerId(self.brokers().count() as u32 + 1);
                let Ok(mut settings) = options::broker(&config) else { return };
                settings.seed = self.seed;
                let broker = match self.controller_id() {
                    Some(controller) => Broker::new(id, controller, settings, self.now),
                    None => Broker::single(id, settings),
                };
                let process =
                    BrokerProcess { broker, wires: SortedMap::new(), unsent: SortedMap::new() };
                let role = Role::Broker(Box::new(process));
                let node = self.add_node(name, role, None, config, cause);
                self.schedule_tick(node);
            }
            Action::CreateTopic { name, partitions, replicas, config } => {
                self.administer(create_topic(&name, partitions, replicas, &config), cause);
            }
            Action::AddPartitions { topic, partitions } => {
                self.administer(add_partitions(&topic, partitions), cause);
            }
            Action::AddProducer { name, topic, carriers, load, config } => {
                let index = self.nodes.len() as u32;
                let rate = load.per_kilosecond;
                let producer =
                    carriers.contains(&Carrier::Kafka).then(|| self.kafka_side(&config, index));
                let publisher = Publisher::of(&carriers, &config);
                let workload = Workload::new(load, self.seed, index);
                let source =
                    Source { topic, partition: None, workload, plan: 0, publisher, producer };
                let node = self.add_node(name, Role::Source(Box::new(source)), None, config, cause);
                let fact = LabFact::RateSet { node, per_kilosecond: rate };
                self.emit(Some(cause), What::Lab(fact));
                self.start(node, cause);
                self.schedule_send(node);
            }
            Action::AddSubscriber { name, channels, patterns, takes, server } => {
                let party = self.add_party(&name, System::Redis, cause);
                let index = self.nodes.len() as u32;
                let handler = Handler::new(takes, self.seed, index);
                let subscriber = Subscriber {
                    party,
                    channels,
                    patterns,
                    server,
                    connection: None,
                    handler,
                    begun: 0,
                };
                let role = Role::Subscriber(Box::new(subscriber));
                let node = self.add_node(name, role, Some(party), Settings::new(), cause);
                self.start(node, cause);
            }
            Action::AddConsumer { name, group, topics, takes, config } => {
                let party = match self.group_party(&group) {
                    Some(party) => party,
                    None => self.add_party(&group, System::Kafka, cause),
                };
                let index = self.nodes.len() as u32;
                let client = self.consumer(&name, &group, &topics, &config, index);
                let reader = Reader {
                    party,
                    group,
                    topics,
                    client,
                    wires: SortedMap::new(),
                    handler: Handler::new(takes, self.seed, index),
                    commit: CommitPoint::AfterWork,
                    done: SortedMap::new(),
                    fetched: SortedMap::new(),
                    polling: None,
                    errors: Errors::new(ErrorHandling::default(), &[]),
                    sender: None,
                    handling: Handling::default(),
                    assigned: Vec::new(),
                };
                let role = Role::Consumer(Box::new(reader));
                let node = self.add_node(name, role, Some(party), config, cause);
                self.start(node, cause);
            }
            Action::SetRate { producer, per_kilosecond } => {
                let Some((node, _)) = self.source(&producer) else { return };
                if let Role::Source(source) = &mut self.node_mut(node).role {
                    source.workload.set_rate(per_kilosecond);
                }
                self.emit(Some(cause), What::Lab(LabFact::RateSet { node, per_kilosecond }));
                self.schedule_send(node);
            }
            Action::SendOne { producer } => {
                if let Some((node, _)) = self.source(&producer) {
                    self.send_now(node, Some(cause));
                }
            }
            Action::SetWork { consumer, takes } => {
                for id in self.named(&consumer) {
                    if let Some((handler, _)) = self.handler(id) {
                        handler.takes = takes;
                    }
                }
            }
            Action::Burst { producer, messages } => {
                if let Some((node, _)) = self.source(&producer) {
                    for _ in 0..messages {
                        self.send_now(node, Some(cause));
                    }
                }
            }
            Action::SetVariance { consumer, per_cent } => {
                self.each_handler(&consumer, |handler| handler.varies = per_cent);
            }
            Action::SetFailure { consumer, fails } => {
                self.each_handler(&consumer, |handler| handler.fails = fails.clone());
            }
            Action::SetDeduplication { consumer, on } => {
                self.each_handler(&consumer, |h| h.remembers = on.then(Default::default));
            }
            Action::SetCommit { consumer, commit } => {
                for id in self.named(&consumer) {
                    if let Role::Consumer(reader) = &mut self.node_mut(id).role {
                        reader.commit = commit;
                    }
                }
            }
            Action::AddAccount { consumer, amount } => {
                for party in self.parties_named(&consumer).unwrap_or_default() {
                    let account = Account { amount: u64::from(amount), expected: 0, actual: 0 };
                    self.accounts.insert(party, account);
                }
            }
            Action::Seek { consumer, partition, offset } => {
                for id in self.named(&consumer) {
                    self.seek(id, &partition, offset, cause);
                }
            }
            Action::CloseConnection { client, server } => {
                for id in self.between(&client, &server).unwrap_or_default() {
                    self.close(id, CloseReason::ByPerson, Some(cause));
                }
            }
            Action::Unplug { consumer } => {
                for node in self.named(&consumer) {
                    self.node_mut(node).unplugged = true;
                    self.close_all(node, CloseReason::Unplugged, cause);
                }
            }
            Action::PlugIn { consumer } => {
                for node in self.named(&consumer) {
                    self.node_mut(node).unplugged = false;
                    self.connect_redis(node);
                }
            }
            Action::Crash { node } => {
                for id in self.named(&node) {
                    self.crash(id, cause);
                }
            }
            Action::Restart { node } => {
                for id in self.named(&node) {
                    self.restart(id, cause);
                }
            }
            Action::Pause { node } => {
                for id in self.named(&node) {
                    self.set_state(id, NodeState::Paused, cause);
                }
            }
            Action::Resume { node } => {
                for id in self.named(&node) {
                    self.set_state(id, NodeState::Running, cause);
                    for due in std::mem::take(&mut self.node_mut(id).stalled) {
                        self.queue.push(self.now, due);
                    }
                    self.reconfigure(id, cause);
                }
            }
            Action::Interrupt { node } => {
                for id in self.named(&node) {
                    self.set_interrupted(id, true, cause);
                }
            }
            Action::Heal { node } => {
                for id in self.named(&node) {
                    self.set_interrupted(id, false, cause);
                    self.reconfigure(id, cause);
                }
            }
            Action::SetLatency { node, latency } => {
                for id in self.named(&node) {
                    self.node_mut(id).link.set_latency(latency);
                }
            }
            Action::SetErrorHandling { consumer, handling } => {
                self.set_error_handling(&consumer, handling, cause);
            }
            Action::Redrive { topic, most } => self.redrive(&topic, most, cause),
            Action::ResetOffsets { group, topic, to } => {
                self.reset_offsets(&group, &topic, to, cause);
            }
            Action::SeekToTime { consumer, partition, at } => {
                self.seek_to_time(&consumer, &partition, at, cause);
            }
            Action::PausePartition { consumer, partition } => {
                self.pause_partition(&consumer, &partition, true, cause);
            }
            Action::ResumePartition { consumer, partition } => {
                self.pause_partition(&consumer, &partition, false, cause);
            }
            Action::ElectLeader { partition, unclean } => {
                self.administer(elect_leader(&partition, unclean), cause);
            }
            Action::AlterConfig { of, config } => {
                if let Ok(request) = self.alter_config(&of, &config) {
                    self.administer(request, cause);
                }
            }
            Action::Remove { node } => {
                for id in self.named(&node) {
                    self.remove(id, cause);
                }
            }
            Action::InterruptBetween { one, other } => {
                for (one, other) in self.pairs(&one, &other).unwrap_or_default() {
                    self.set_cut(one, other, true, cause);
                }
            }
            Action::HealBetween { one, other } => {
                for (one, other) in self.pairs(&one, &other).unwrap_or_default() {
                    self.set_cut(one, other, false, cause);
                }
            }
            Action::Assign { consumer, partitions } => self.assign(&consumer, partitions, cause),
            Action::SetPartition { producer, partition } => {
                if let Some((node, _)) = self.source(&producer)
                    && let Role::Source(source) = &mut self.node_mut(node).role
                {
                    source.partition = partition;
                }
            }
            Action::SetHandling { consumer, handling } => {
                for id in self.named(&consumer) {
                    if let Role::Consumer(reader) = &mut self.node_mut(id).role {
                        reader.handling = handling;
                    }
                }
            }
        }
    }

    pub(super) fn kafka_side(&self, config: &Settings, index: u32) -> KafkaSide {
        let seed = self.seed ^ (u64::from(index) << 32);
        let config = redis::options::publisher(config).and_then(|(_, own)| options::producer(&own));
        let config = config.unwrap_or_default();
        let client = Producer::new(config, self.bootstrap(), seed);
        KafkaSide { client, wires: SortedMap::new(), open: SortedMap::new() }
    }

    pub(super) fn consumer(
        &self,
        name: &Name,
        group: &Name,
        topics: &[Name],
        config: &Settings,
        index: u32,
    ) -> Consumer {
        let config = ConsumerConfig {
            client_id: name.clone(),
            group_id: Some(group.clone()),
            topics: topics.to_vec(),
            ..options::consumer(config).unwrap_or_default()
        };
        Consumer::new(config, self.bootstrap(), self.seed ^ (u64::from(index) << 32))
    }

    pub(super) fn bootstrap(&self) -> Vec<BrokerId> {
        self.brokers().map(Broker::id).collect()
    }

    pub(super) fn add_node(
        &mut self,
        name: Name,
        role: Role,
        party: Option<PartyId>,
        settings: Settings,
        cause: EventId,
    ) -> NodeId {
        let node = NodeId(self.nodes.len() as u32);
        let kind = role.kind();
        let system = match kind {
            NodeKind::RedisServer
            | NodeKind::Subscriber
            | NodeKind::StreamReader
            | NodeKind::ListWorker => Some(System::Redis),
            NodeKind::Broker | NodeKind::Controller | NodeKind::Consumer | NodeKind::Tool => {
                Some(System::Kafka)
            }
            NodeKind::Producer => None,
        };
        let fact = LabFact::NodeAdded { node, kind, name: name.clone(), system, party };
        self.nodes.push(Node {
            name,
            state: NodeState::Running,
            link: Link::new(LATENCY, JITTER),
            unplugged: false,
            stalled: Vec::new(),
            removed: false,
            leaving: false,
            listens_for: None,
            ticking: None,
            settings,
            role,
        });
        self.emit(Some(cause), What::Lab(fact));
        node
    }

    pub(super) fn add_party(&mut self, name: &Name, system: System, cause: EventId) -> PartyId {
        let party = PartyId(self.parties);
        self.parties += 1;
        self.ledger.add_party(party, name.clone(), system);
        let fact = LabFact::PartyAdded { party, name: name.clone(), system };
        self.emit(Some(cause), What::Lab(fact));
        party
    }

    /// Begins whatever a process does by itself.
    pub(super) fn start(&mut self, node: NodeId, cause: EventId) {
        self.connect_redis(node);
        self.start_kafka_client(node, cause);
    }

    fn crash(&mut self, id: NodeId, cause: EventId) {
        self.set_state(id, NodeState::Crashed, cause);
        self.process_ended(id, cause);
    }

    /// What a process had in its memory and on its connections is gone.
    pub(super) fn process_ended(&mut self, id: NodeId, cause: EventId) {
        self.node_mut(id).stalled.clear();
        self.node_mut(id).ticking = None;
        let mut received: Vec<MessageId> = Vec::new();
        let role = &mut self.node_mut(id).role;
        if let Some((handler, _)) = role.handler_mut() {
            received.extend(handler.abandon().iter().map(|job| job.tag.message));
        }
        match role {
            Role::Consumer(reader) => {
                // The log still has them; the group is given them again.
                received.clear();
                reader.done.clear();
                reader.fetched.clear();
            }
            Role::StreamReader(reader) => reader.forget(),
            Role::ListWorker(worker) => worker.forget(),
            _ => {}
        }
        let party = role.handler().map(|(_, party)| party);
        self.publisher_gone(id, cause);
        self.close_all(id, CloseReason::ProcessGone, cause);
        for message in received {
            if let Some(party) = party {
                self.undelivered(id, message, party, LostReason::Crashed, cause);
            }
        }
        self.memory_gone(id, cause);
        let side = self.node_mut(id).role.sender_mut();
        let unsent = side.map(|side| std::mem::take(&mut side.open)).unwrap_or_default();
        for Tag { message, copy } in unsent.into_values() {
            self.partitioned.remove(&copy);
            self.copies_of.dropped(copy);
            if !matches!(self.node(id).role, Role::Source(_)) {
                continue;
            }
            for party in self.parties_of(System::Kafka) {
                if self.ledger.standing(message, party) == Some(crate::event::Standing::OnItsWay) {
                    self.lose(message, party, LostReason::Crashed, Some(cause));
                }
            }
        }
    }

    /// A new process with the same configuration: memory is empty, disks are as they were.
    fn restart(&mut self, id: NodeId, cause: EventId) {
        self.set_state(id, NodeState::Running, cause);
        let index = id.0 + self.emitted as u32;
        let name = self.node(id).name.clone();
        let settings = self.node(id).settings.clone();
        let consumer = match &self.node(id).role {
            Role::Consumer(reader) => {
                let topics = if reader.assigned.is_empty() { &reader.topics[..] } else { &[] };
                Some(self.consumer(&name, &reader.group, topics, &settings, index))
            }
            _ => None,
        };
        let side = self.kafka_side(&settings, index);
        let seed = self.seed ^ u64::from(index);
        let now = self.now;
        match &mut self.node_mut(id).role {
            Role::Redis(process) => {
                let config = redis::options::server(&settings).unwrap_or_default();
                **process = RedisProcess::new(Server::new(config, seed), process.of.take());
            }
            Role::Consumer(reader) => {
                reader.wires.clear();
                reader.polling = None;
                reader.errors.forget();
                reader.sender = None;
                if let Some(client) = consumer {
                    reader.client = client;
                    if !reader.assigned.is_empty() {
                        let by_hand = reader.assigned.clone();
                        reader.client.assign(now, by_hand, &mut Vec::new());
                    }
                }
            }
            Role::Source(source) => {
                if let Some(old) = &mut source.producer {
                    *old = side;
                }
            }
            Role::Broker(process) => {
                process.wires.clear();
                process.unsent.clear();
                process.broker.restart(now);
            }
            Role::Controller(controller) => controller.restart(now),
            Role::Subscriber(_)
            | Role::StreamReader(_)
            | Role::ListWorker(_)
            | Role::Redrive(_)
            | Role::Reset(_) => {}
        }
        self.take_place(id, cause);
        if matches!(&self.node(id).role, Role::Consumer(reader) if !reader.assigned.is_empty()) {
            self.tell_assigned(id, cause);
        }
        self.start(id, cause);
        self.schedule_send(id);
        self.schedule_tick(id);
    }

    fn set_state(&mut self, node: NodeId, state: NodeState, cause: EventId) {
        self.node_mut(node).state = state;
        self.emit(Some(cause), What::Lab(LabFact::NodeChanged { node, state }));
    }

    pub(super) fn close_all(&mut self, node: NodeId, reason: CloseReason, cause: EventId) {
        for id in self.network.of_node(node) {
            self.close(id, reason, Some(cause));
        }
    }

    fn schedule_send(&mut self, node: NodeId) {
        let Role::Source(source) = &mut self.node_mut(node).role else { return };
        source.plan += 1;
        let plan = source.plan;
        if let Some(gap) = source.workload.gap() {
            self.queue.push(self.now + gap, Due::Send(node, plan));
        }
    }

    /// A producer's next message is due, unless its rate was changed since.
    pub(super) fn send_due(&mut self, node: NodeId, plan: u32) {
        let current = matches!(&self.node(node).role, Role::Source(source) if source.plan == plan);
        if current {
            self.send_now(node, None);
            self.schedule_send(node);
        }
    }
}

pub(super) fn create_topic(
    name: &Name,
    partitions: u32,
    replicas: u32,
    config: &Settings,
) -> Request {
    let topic = CreatableTopic {
        name: name.clone(),
        num_partitions: Some(i32::try_from(partitions).unwrap_or(i32::MAX)),
        replication_factor: Some(i16::try_from(replicas).unwrap_or(i16::MAX)),
        assignments: Vec::new(),
        configs: config.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
    };
    CreateTopicsRequest { topics: vec![topic] }.into()
}

pub(super) fn add_partitions(topic: &Name, partitions: u32) -> Request {
    let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
    CreatePartitionsRequest { topics: vec![(topic.clone(), partitions)] }.into()
}
