//! A broker, clients and a network of one millisecond between them, for tests of the clients.

// Each test file uses its own part of it.
#![allow(dead_code)]

use pushpull::event::{ConnectionId, KafkaFact, Name, TopicPartition};
use pushpull::kafka::broker::{Broker, BrokerConfig, Output};
use pushpull::kafka::client::ClientOutput;
use pushpull::kafka::consumer::{Consumer, ConsumerConfig, ConsumerRecord, OffsetReset, ResetTo};
use pushpull::kafka::log::TopicConfig;
use pushpull::kafka::producer::{Producer, ProducerConfig};
use pushpull::kafka::protocol::{
    BrokerId, DeleteRecordsRequest, ErrorCode, OffsetFetchPartition, OffsetFetchRequest,
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, Request,
    Response,
};
use pushpull::kafka::record::Record;
use pushpull::sim::{Instant, Queue, SortedMap, SortedSet, Span};

pub(crate) const BROKER: BrokerId = BrokerId(1);

#[derive(Clone, Debug)]
pub(crate) enum Client {
    Producer(Box<Producer>),
    Consumer(Box<App>),
    Tool(Box<OffsetReset>),
    Crashed,
}

/// An application around a consumer: polls, handles for a while, polls again.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) consumer: Consumer,
    /// How long the records of one poll take.
    pub(crate) handling: Span,
    /// When it calls `poll` next; a poll that waits ends earlier when records come.
    pub(crate) next_poll: Instant,
    pub(crate) waiting: bool,
    pub(crate) records: Vec<(Instant, ConsumerRecord)>,
    /// Offsets to commit by hand before the next poll (without auto-commit).
    handled: SortedMap<TopicPartition, u64>,
}

#[derive(Clone, Debug)]
enum Event {
    Open(usize, ConnectionId),
    Opened(usize, ConnectionId),
    Request(usize, ConnectionId, u32, Request),
    Response(usize, ConnectionId, u32, Response),
}

/// Answers requests in the broker's place.
type InItsPlace = Box<dyn FnMut(&Request) -> Option<Response>>;

/// The fate of a record.
pub(crate) type Outcome = Result<(TopicPartition, u64), ErrorCode>;

/// What to do with a message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    /// The connection breaks, and the message with it.
    Breaks,
    /// The broker hangs: it stays unsent, and the connection stands.
    Missing,
}

pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) broker: Broker,
    pub(crate) up: bool,
    pub(crate) clients: Vec<Client>,
    /// Applications that crashed.
    pub(crate) gone: Vec<App>,
    connections: Vec<Option<ConnectionId>>,
    next_connection: u32,
    queue: Queue<Event>,
    pub(crate) facts: Vec<(Instant, KafkaFact)>,
    /// Members that their group does not know any more.
    removed: SortedSet<Name>,
    /// Two members of one generation owned a partition at once.
    pub(crate) overlap: Option<String>,
    pub(crate) completed: Vec<(usize, u64, Outcome)>,
    pub(crate) requests: Vec<(Instant, usize, Request)>,
    /// Decides over each answer of the broker.
    pub(crate) on_response: Box<dyn FnMut(&Response) -> Fate>,
    /// May answer a request in the broker's place.
    pub(crate) on_request: InItsPlace,
    pub(crate) latency: Span,
}

impl Net {
    pub(crate) fn new(config: BrokerConfig) -> Self {
        Self {
            now: Instant::ZERO,
            broker: Broker::single(BROKER, config),
            up: true,
            clients: Vec::new(),
            gone: Vec::new(),
            connections: Vec::new(),
            next_connection: 0,
            queue: Queue::default(),
            facts: Vec::new(),
            removed: SortedSet::new(),
            overlap: None,
            completed: Vec::new(),
            requests: Vec::new(),
            on_response: Box::new(|_| Fate::Arrives),
            on_request: Box::new(|_| None),
            latency: Span::from_millis(1),
        }
    }

    pub(crate) fn topic(&mut self, name: &str, partitions: u32) {
        let mut out = Vec::new();
        self.broker
            .create_topic(self.now, name.into(), partitions, TopicConfig::default(), &mut out)
            .expect("a test value");
        self.broker_outputs(out);
    }

    pub(crate) fn delete_records(&mut self, topic: &str, partition: u32, before: u64) {
        let partition = TopicPartition { topic: topic.into(), partition };
        let request = DeleteRecordsRequest { partitions: vec![(partition, Some(before))] };
        let mut out = Vec::new();
        let nobody = ConnectionId(u32::MAX);
        self.broker.handle(self.now, nobody, 0, request.into(), &mut out);
        self.broker_outputs(out);
    }

    /// What a group has committed.
    pub(crate) fn committed(&mut self, group: &str) -> Vec<(TopicPartition, u64)> {
        let request =
            OffsetFetchRequest { group_id: group.into(), partitions: None, require_stable: false };
        let mut out = Vec::new();
        self.broker.handle(self.now, ConnectionId(u32::MAX), 0, request.into(), &mut out);
        let Some(Output::Respond { response: Response::OffsetFetch(response), .. }) = out.pop()
        else {
            panic!("no answer")
        };
        let committed = |p: OffsetFetchPartition| Some((p.partition, p.committed_offset?));
        response.partitions.into_iter().filter_map(committed).collect()
    }

    /// Runs the tool that moves a group's offsets.
    pub(crate) fn reset(
        &mut self,
        group: &str,
        partition: TopicPartition,
        to: ResetTo,
    ) -> Result<Vec<(TopicPartition, u64)>, ErrorCode> {
        let tool = OffsetReset::new(group.into(), vec![partition], to, vec![BROKER], 1);
        let client = self.add(Client::Tool(Box::new(tool)));
        self.run(Span::from_secs(2));
        let Client::Tool(tool) = std::mem::replace(&mut self.clients[client], Client::Crashed)
        else {
            panic!("no tool")
        };
        tool.outcome().cloned().expect("an outcome")
    }

    pub(crate) fn producer(&mut self, config: ProducerConfig) -> usize {
        let seed = self.clients.len() as u64;
        self.add(Client::Producer(Box::new(Producer::new(config, vec![BROKER], seed))))
    }

    pub(crate) fn consumer(&mut self, config: ConsumerConfig, handling: Span) -> usize {
        let seed = self.clients.len() as u64;
        self.add(Client::Consumer(Box::new(App {
            consumer: Consumer::new(config, vec![BROKER], seed),
            handling,
            next_poll: self.now,
            waiting: false,
            records: Vec::new(),
            handled: SortedMap::new(),
        })))
    }

    fn add(&mut self, client: Client) -> usize {
        self.clients.push(client);
        self.connections.push(None);
        self.clients.len() - 1
    }

    pub(crate) fn send(
        &mut self,
        client: usize,
        topic: &str,
        key: Option<&str>,
        value: &str,
    ) -> u64 {
        let record = Record::new(key.map(Into::into), Some(value.into()), -1);
        self.send_to(client, topic, None, record)
    }

    pub(crate) fn send_to(
        &mut self,
        client: usize,
        topic: &str,
        partition: Option<u32>,
        record: Record,
    ) -> u64 {
        let mut out = Vec::new();
        let Client::Producer(producer) = &mut self.clients[client] else { panic!("no producer") };
        let number = producer.send_to(self.now, topic.into(), partition, record, &mut out);
        self.client_outputs(client, out);
        number
    }

    pub(crate) fn app(&self, client: usize) -> &App {
        match &self.clients[client] {
            Client::Consumer(app) => app,
            other => panic!("no consumer: {other:?}"),
        }
    }

    /// Calls something of a consumer.
    pub(crate) fn with(
        &mut self,
        client: usize,
        call: impl FnOnce(&mut Consumer, Instant, &mut Vec<ClientOutput>),
    ) {
        let mut out = Vec::new();
        let Client::Consumer(app) = &mut self.clients[client] else { panic!("no consumer") };
        call(&mut app.consumer, self.now, &mut out);
        self.client_outputs(client, out);
    }

    /// Values that a consumer got, in order.
    pub(crate) fn values(&self, client: usize) -> Vec<String> {
        self.app(client).values()
    }

    /// The values in a partition's log, in order.
    pub(crate) fn log(&self, topic: &str, partition: u32) -> Vec<String> {
        let partition = TopicPartition { topic: topic.into(), partition };
        let log = self.broker.partition(&partition).expect("the partition").log();
        let read = log.read(log.log_start_offset(), u32::MAX, log.log_end_offset(), true);
        let batches = read.expect("the whole log").batches;
        batches
            .iter()
            .flat_map(|b| b.records().map(|(_, r)| text(&r)).collect::<Vec<_>>())
            .collect()
    }

    /// The process is gone without a word.
    pub(crate) fn crash(&mut self, client: usize) {
        let client_state = std::mem::replace(&mut self.clients[client], Client::Crashed);
        if let Client::Consumer(app) = client_state {
            self.gone.push(*app);
        }
        if let Some(connection) = self.connections[client].take() {
            let mut out = Vec::new();
            self.broker.disconnected(self.now, connection, &mut out);
            self.broker_outputs(out);
        }
    }

    /// The connection is closed; both sides learn of it now.
    pub(crate) fn close(&mut self, client: usize) {
        let Some(connection) = self.connections[client].take() else { return };
        let mut out = Vec::new();
        self.broker.disconnected(self.now, connection, &mut out);
        self.broker_outputs(out);
        self.tell_disconnected(client);
    }

    fn tell_disconnected(&mut self, client: usize) {
        let (now, mut out) = (self.now, Vec::new());
        match &mut self.clients[client] {
            Client::Producer(producer) => producer.disconnected(now, BROKER, &mut out),
            Client::Tool(tool) => tool.disconnected(now, BROKER, &mut out),
            Client::Consumer(app) => app.consumer.disconnected(now, BROKER, &mut out),
            Client::Crashed => {}
        }
        self.client_outputs(client, out);
    }

    fn client_outputs(&mut self, client: usize, outputs: Vec<ClientOutput>) {
        for output in outputs {
            match output {
                ClientOutput::Connect { .. } => {
                    let connection = ConnectionId(self.next_connection);
                    self.next_connection += 1;
                    if let Some(old) = self.connections[client].replace(connection) {
                        let mut out = Vec::new();
                        self.broker.disconnected(self.now, old, &mut out);
                        self.broker_outputs(out);
                    }
                    self.queue.push(self.now + self.latency, Event::Open(client, connection));
                }
                ClientOutput::Send { correlation, request, .. } => {
                    self.requests.push((self.now, client, request.clone()));
                    let connection = self.connections[client].expect("a connection");
                    let event = Event::Request(client, connection, correlation, request);
                    self.queue.push(self.now + self.latency, event);
                }
                ClientOutput::Fact(fact) => {
                    self.facts.push((self.now, fact));
                    self.check_overlap();
                }
                ClientOutput::Completed { record, result } => {
                    self.completed.push((client, record, result));
                }
            }
        }
    }

    /// What members own at this instant, as they see it: those of one generation share nothing.
    fn check_overlap(&mut self) {
        let members: Vec<&Consumer> = self
            .clients
            .iter()
            .filter_map(|client| match client {
                Client::Consumer(app) => Some(&app.consumer),
                _ => None,
            })
            .filter(|c| c.generation().is_some() && !self.removed.contains(c.member_id()))
            .collect();
        for (index, one) in members.iter().enumerate() {
            let others = members[index + 1..].iter().filter(|c| c.generation() == one.generation());
            for other in others {
                if let Some(shared) = one.assignment().find(|p| other.assignment().any(|q| q == *p))
                {
                    let (one, other) = (one.member_id(), other.member_id());
                    let at = self.now;
                    self.overlap.get_or_insert(format!("{at}: {one} and {other} own {shared}"));
                }
            }
        }
    }

    fn broker_outputs(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Respond { connection, correlation, response } => {
                    let client = self.connections.iter().position(|c| *c == Some(connection));
                    let Some(client) = client else { continue };
                    match (self.on_response)(&response) {
                        Fate::Arrives => {}
                        Fate::Breaks => {
                            self.close(client);
                            continue;
                        }
                        Fate::Missing => continue,
                    }
                    let event = Event::Response(client, connection, correlation, response);
                    self.queue.push(self.now + self.latency, event);
                }
                Output::Fact(fact) => {
                    if let KafkaFact::MemberRemoved { member, .. } = &fact {
                        self.removed.insert(member.clone());
                    }
                    self.facts.push((self.now, fact));
                }
                Output::Close { .. } => panic!("no test sends what the broker cannot take"),
                Output::Send { .. } => panic!("one broker talks to nobody"),
            }
        }
    }

    fn happen(&mut self, event: Event) {
        let (now, mut out) = (self.now, Vec::new());
        match event {
            Event::Open(client, connection) => {
                if self.connections[client] != Some(connection) {
                } else if self.up {
                    self.queue.push(now + self.latency, Event::Opened(client, connection));
                } else {
                    self.connections[client] = None;
                    self.tell_disconnected(client);
                }
            }
            Event::Opened(client, connection) => {
                if self.connections[client] == Some(connection) {
                    match &mut self.clients[client] {
                        Client::Producer(producer) => producer.connected(now, BROKER, &mut out),
                        Client::Tool(tool) => tool.connected(now, BROKER, &mut out),
                        Client::Consumer(app) => app.consumer.connected(now, BROKER, &mut out),
                        Client::Crashed => {}
                    }
                    self.client_outputs(client, out);
                }
            }
            Event::Request(client, connection, correlation, request) => {
                if self.connections[client] == Some(connection) {
                    let mut answers = Vec::new();
                    if let Some(response) = (self.on_request)(&request) {
                        answers.push(Output::Respond { connection, correlation, response });
                    } else {
                        self.broker.handle(now, connection, correlation, request, &mut answers);
                    }
                    self.broker_outputs(answers);
                }
            }
            Event::Response(client, connection, correlation, response) => {
                if self.connections[client] == Some(connection) {
                    match &mut self.clients[client] {
                        Client::Producer(producer) => {
                            producer.on_response(now, BROKER, correlation, response, &mut out);
                        }
                        Client::Tool(tool) => {
                            tool.on_response(now, BROKER, correlation, response, &mut out);
                        }
                        Client::Consumer(app) => {
                            app.consumer.on_response(now, BROKER, correlation, response, &mut out);
                        }
                        Client::Crashed => {}
                    }
                    self.client_outputs(client, out);
                }
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, span: Span) {
        let end = self.now + span;
        let mut stuck = 0;
        loop {
            let clients = self.clients.iter().filter_map(|client| match client {
                Client::Producer(producer) => producer.next_tick(),
                Client::Tool(tool) => tool.next_tick(),
                Client::Consumer(app) => {
                    let wakes = app.waiting && app.consumer.has_records();
                    let poll = if wakes { self.now } else { app.next_poll };
                    app.consumer.next_tick().into_iter().chain([poll]).min()
                }
                Client::Crashed => None,
            });
            let next = clients
                .chain(self.queue.next_at())
                .chain(self.broker.next_tick().filter(|_| self.up))
                .min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            stuck = if next > self.now { 0 } else { stuck + 1 };
            assert!(stuck < 10_000, "no progress at {}", self.now);
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    fn step(&mut self) {
        let now = self.now;
        if let Some((_, event)) = self.queue.pop_until(now) {
            return self.happen(event);
        }
        if self.up && self.broker.next_tick().is_some_and(|at| at <= now) {
            let mut out = Vec::new();
            self.broker.tick(now, &mut out);
            self.broker_outputs(out);
        }
        for client in 0..self.clients.len() {
            let mut out = Vec::new();
            match &mut self.clients[client] {
                Client::Producer(producer) => {
                    if producer.next_tick().is_some_and(|at| at <= now) {
                        producer.tick(now, &mut out);
                    }
                }
                Client::Tool(tool) => {
                    if tool.next_tick().is_some_and(|at| at <= now) {
                        tool.tick(now, &mut out);
                    }
                }
                Client::Consumer(app) => app.step(now, &mut out),
                Client::Crashed => {}
            }
            self.client_outputs(client, out);
        }
    }
}

fn text(record: &Record) -> String {
    let value = record.value.as_ref().expect("a value");
    String::from_utf8(value.bytes().into_owned()).expect("text")
}

impl App {
    /// Values that it got, in order.
    pub(crate) fn values(&self) -> Vec<String> {
        self.records.iter().map(|(_, record)| text(&record.record)).collect()
    }

    fn step(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        if self.consumer.next_tick().is_some_and(|at| at <= now) {
            self.consumer.tick(now, out);
        }
        let wakes = self.waiting && self.consumer.has_records();
        if !wakes && now < self.next_poll {
            return;
        }
        if !self.handled.is_empty() {
            let handled = std::mem::take(&mut self.handled);
            self.consumer.commit(now, handled.into_iter().collect(), out);
        }
        let records = self.consumer.poll(now, out);
        if !self.consumer.config().enable_auto_commit {
            for record in &records {
                self.handled.insert(record.partition.clone(), record.offset + 1);
            }
        }
        self.waiting = records.is_empty();
        self.next_poll = now + if self.waiting { Span::from_secs(1) } else { self.handling };
        self.records.extend(records.into_iter().map(|record| (now, record)));
    }
}

/// A group's member with default settings that reads from the start.
pub(crate) fn member(group: &str, topics: &[&str]) -> ConsumerConfig {
    ConsumerConfig {
        group_id: Some(group.into()),
        topics: topics.iter().map(|topic| Name::from(*topic)).collect(),
        auto_offset_reset: pushpull::kafka::consumer::AutoOffsetReset::Earliest,
        ..ConsumerConfig::default()
    }
}

/// The answer that refuses all of a produce request.
pub(crate) fn refusal(request: &ProduceRequest, error_code: ErrorCode) -> Response {
    let answer = |p: &PartitionProduceData| PartitionProduceResponse {
        partition: p.partition.clone(),
        error_code,
        base_offset: None,
        log_append_time: None,
        log_start_offset: None,
        record_errors: Vec::new(),
        current_leader: None,
    };
    ProduceResponse { partitions: request.partitions.iter().map(answer).collect() }.into()
}
