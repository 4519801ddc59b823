//! A small cluster on a simulated network: brokers, a controller of its own node, and clients
//! that put requests straight onto a wire.

use pushpull::event::{ConnectionId, KafkaFact, TopicPartition};
use pushpull::kafka::broker::{Broker, BrokerConfig, Output};
use pushpull::kafka::controller::{Controller, ControllerConfig, PartitionRegistration};
use pushpull::kafka::log::Segment;
use pushpull::kafka::protocol::{
    Acks, BrokerId, PartitionProduceData, PartitionProduceResponse, ProduceRequest, Request,
    Response,
};
use pushpull::kafka::record::{Compression, ProducerStamp, Record, RecordBatch};
use pushpull::sim::{Instant, Queue, SortedMap, SortedSet, Span};

/// The controller's node.
pub(crate) const CONTROLLER: BrokerId = BrokerId(100);
/// One way along any link.
pub(crate) const LATENCY: Span = Span::from_millis(1);

#[derive(Clone, Debug)]
enum Message {
    Request(u32, Box<Request>),
    Response(u32, Box<Response>),
    Lost,
}

#[derive(Clone, Debug)]
struct Delivery {
    from: BrokerId,
    to: BrokerId,
    /// The incarnations of both ends when it was sent: a newer process has other connections.
    ends: (u32, u32),
    message: Message,
}

/// Brokers and their controller.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) now: Instant,
    pub(crate) brokers: SortedMap<BrokerId, Broker>,
    pub(crate) controller: Controller,
    pub(crate) facts: Vec<(BrokerId, KafkaFact)>,
    /// Answers to clients, by the correlation of their request.
    pub(crate) answers: SortedMap<u32, Response>,
    /// When each node that is up wants to be called.
    timers: SortedMap<BrokerId, Instant>,
    queue: Queue<Delivery>,
    held: Vec<Delivery>,
    cut: SortedSet<(BrokerId, BrokerId)>,
    down: SortedSet<BrokerId>,
    incarnations: SortedMap<BrokerId, u32>,
    next_correlation: u32,
}

pub(crate) fn topic_partition(partition: u32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

fn link(a: BrokerId, b: BrokerId) -> (BrokerId, BrokerId) {
    (a.min(b), a.max(b))
}

/// The connection that `from` has opened, as the server sees it.
fn connection(from: BrokerId) -> ConnectionId {
    ConnectionId(1_000 + from.0)
}

/// Clients have this one.
const CLIENT: ConnectionId = ConnectionId(1);

impl Cluster {
    /// `count` brokers, registered and alive, at 1 s.
    pub(crate) fn new(count: u32, seed: u64) -> Self {
        let config = ControllerConfig { seed, ..ControllerConfig::default() };
        let broker = |id| {
            let config = BrokerConfig { seed, ..BrokerConfig::default() };
            (BrokerId(id), Broker::new(BrokerId(id), CONTROLLER, config, Instant::ZERO))
        };
        let mut cluster = Self {
            now: Instant::ZERO,
            brokers: (1..=count).map(broker).collect(),
            controller: Controller::new(CONTROLLER, config),
            facts: Vec::new(),
            answers: SortedMap::new(),
            timers: SortedMap::new(),
            queue: Queue::default(),
            held: Vec::new(),
            cut: SortedSet::new(),
            down: SortedSet::new(),
            incarnations: SortedMap::new(),
            next_correlation: 0,
        };
        for id in (1..=count).map(BrokerId).chain([CONTROLLER]) {
            cluster.rearm(id);
        }
        cluster.run_for(Span::from_secs(1));
        cluster
    }

    /// Notes when a node that has just done something wants to be called next.
    fn rearm(&mut self, id: BrokerId) {
        let at = match self.brokers.get(&id) {
            Some(_) if self.down.contains(&id) => None,
            Some(broker) => broker.next_tick(),
            None => self.controller.next_tick(),
        };
        match at {
            Some(at) => self.timers.insert(id, at),
            None => self.timers.remove(&id),
        };
    }

    /// One partition on the first `replicas` brokers, the first of them leading.
    pub(crate) fn create_topic(&mut self, replicas: &[u32], settings: &[(&str, &str)]) {
        self.create_topic_on(vec![replicas.iter().map(|&id| BrokerId(id)).collect()], settings);
    }

    pub(crate) fn create_topic_on(
        &mut self,
        assignments: Vec<Vec<BrokerId>>,
        settings: &[(&str, &str)],
    ) {
        use pushpull::kafka::protocol::{CreatableTopic, CreateTopicsRequest};
        let configs = settings.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        let topic = CreatableTopic {
            name: "orders".into(),
            num_partitions: None,
            replication_factor: None,
            assignments,
            configs,
        };
        self.ask_controller(CreateTopicsRequest { topics: vec![topic] }.into());
        self.run_for(Span::from_secs(2));
    }

    /// An administrator's request; its answer is in `answers` at once.
    pub(crate) fn ask_controller(&mut self, request: Request) -> u32 {
        let correlation = self.correlation();
        let mut out = Vec::new();
        self.controller.handle(self.now, CLIENT, correlation, request, &mut out);
        self.rearm(CONTROLLER);
        self.carry(CONTROLLER, out);
        correlation
    }

    /// A client's request to a broker, if that is up.
    pub(crate) fn ask(&mut self, broker: BrokerId, request: Request) -> u32 {
        let correlation = self.correlation();
        if !self.down.contains(&broker) {
            self.with_broker(broker, |broker, now, out| {
                broker.handle(now, CLIENT, correlation, request, out);
            });
        }
        correlation
    }

    fn correlation(&mut self) -> u32 {
        self.next_correlation += 1;
        self.next_correlation
    }

    /// Produces one batch of these values to partition 0; returns the correlation.
    pub(crate) fn produce(&mut self, broker: u32, acks: Acks, values: &[&str]) -> u32 {
        self.produce_as(broker, acks, values, None)
    }

    pub(crate) fn produce_as(
        &mut self,
        broker: u32,
        acks: Acks,
        values: &[&str],
        stamp: Option<ProducerStamp>,
    ) -> u32 {
        let at = self.now.as_millis() as i64;
        let record = |value: &&str| Record::new(None, Some((*value).into()), at);
        let records: Vec<Record> = values.iter().map(record).collect();
        let records = RecordBatch::new(&records, Compression::None, stamp).expect("a record");
        let partitions = vec![PartitionProduceData { partition: topic_partition(0), records }];
        let request =
            ProduceRequest { transactional_id: None, acks, timeout_ms: 30_000, partitions };
        self.ask(BrokerId(broker), request.into())
    }

    /// The answer to a produce request, once it is there.
    pub(crate) fn produced(&self, correlation: u32) -> Option<&PartitionProduceResponse> {
        match self.answers.get(&correlation)? {
            Response::Produce(response) => response.partitions.first(),
            other => panic!("{} is no answer to Produce", other.name()),
        }
    }

    /// The controller's view of partition 0.
    pub(crate) fn registration(&self) -> &PartitionRegistration {
        self.controller.image().partition(&topic_partition(0)).expect("the topic was created")
    }

    /// The values in a broker's log of partition 0.
    pub(crate) fn values(&self, broker: u32) -> Vec<String> {
        let partition = self.brokers[&BrokerId(broker)].partition(&topic_partition(0));
        let log = partition.expect("a replica").log();
        let batches = log.segments().flat_map(Segment::batches);
        let text = |record: Record| {
            String::from_utf8_lossy(&record.value.expect("a value").bytes()).into_owned()
        };
        batches.flat_map(RecordBatch::records).map(|(_, record)| text(record)).collect()
    }

    /// A broker's high watermark of partition 0.
    pub(crate) fn high_watermark(&self, broker: u32) -> u64 {
        let partition = self.brokers[&BrokerId(broker)].partition(&topic_partition(0));
        partition.expect("a replica").log().high_watermark()
    }

    pub(crate) fn crash(&mut self, broker: u32) {
        let id = BrokerId(broker);
        if !self.down.insert(id) {
            return;
        }
        self.timers.remove(&id);
        *self.incarnations.entry(id).or_default() += 1;
        let others: Vec<BrokerId> =
            self.brokers.keys().copied().chain([CONTROLLER]).filter(|&o| o != id).collect();
        for other in others {
            self.send(id, other, Message::Lost);
        }
    }

    pub(crate) fn restart(&mut self, broker: u32) {
        let id = BrokerId(broker);
        if self.down.remove(&id) || self.brokers[&id].has_stopped() {
            let now = self.now;
            self.brokers.get_mut(&id).expect("a broker").restart(now);
            self.rearm(id);
        }
    }

    pub(crate) fn shut_down(&mut self, broker: u32) {
        self.with_broker(BrokerId(broker), Broker::shut_down);
    }

    pub(crate) fn is_up(&self, broker: u32) -> bool {
        !self.down.contains(&BrokerId(broker)) && !self.brokers[&BrokerId(broker)].has_stopped()
    }

    pub(crate) fn interrupt(&mut self, a: BrokerId, b: BrokerId) {
        self.cut.insert(link(a, b));
    }

    pub(crate) fn heal(&mut self, a: BrokerId, b: BrokerId) {
        self.cut.remove(&link(a, b));
        let (free, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|d| link(d.from, d.to) == link(a, b));
        self.held = held;
        let free: Vec<Delivery> = free;
        for delivery in free {
            self.queue.push(self.now + LATENCY, delivery);
        }
    }

    pub(crate) fn heal_all(&mut self) {
        for (a, b) in std::mem::take(&mut self.cut) {
            self.heal(a, b);
        }
    }

    fn with_broker(
        &mut self,
        id: BrokerId,
        act: impl FnOnce(&mut Broker, Instant, &mut Vec<Output>),
    ) {
        let mut out = Vec::new();
        act(self.brokers.get_mut(&id).expect("a broker"), self.now, &mut out);
        self.rearm(id);
        self.carry(id, out);
    }

    fn incarnation(&self, id: BrokerId) -> u32 {
        self.incarnations.get(&id).copied().unwrap_or_default()
    }

    fn send(&mut self, from: BrokerId, to: BrokerId, message: Message) {
        let ends = (self.incarnation(from), self.incarnation(to));
        let delivery = Delivery { from, to, ends, message };
        if self.cut.contains(&link(from, to)) {
            self.held.push(delivery);
        } else {
            self.queue.push(self.now + LATENCY, delivery);
        }
    }

    fn carry(&mut self, from: BrokerId, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Fact(fact) => self.facts.push((from, fact)),
                // The client of these tests has no connection to lose.
                Output::Close { .. } => {}
                Output::Send { to, correlation, request } => {
                    self.send(from, to, Message::Request(correlation, Box::new(request)));
                }
                Output::Respond { connection: CLIENT, correlation, response } => {
                    self.answers.insert(correlation, response);
                }
                Output::Respond { connection, correlation, response } => {
                    let to = BrokerId(connection.0 - 1_000);
                    self.send(from, to, Message::Response(correlation, Box::new(response)));
                }
            }
        }
    }

    fn deliver(&mut self, Delivery { from, to, ends, message }: Delivery) {
        let same = ends == (self.incarnation(from), self.incarnation(to));
        if self.down.contains(&to) || !same && !matches!(message, Message::Lost) {
            // The connection is refused, or was reset with the process on its other end.
            if matches!(message, Message::Request(..)) && ends.0 == self.incarnation(from) {
                self.send(to, from, Message::Lost);
            }
            return;
        }
        let mut out = Vec::new();
        let now = self.now;
        match (to == CONTROLLER, message) {
            (true, Message::Request(correlation, request)) => {
                self.controller.handle(now, connection(from), correlation, *request, &mut out);
            }
            (true, Message::Lost) => self.controller.disconnected(connection(from)),
            (true, Message::Response(..)) => {}
            (false, message) => {
                let broker = self.brokers.get_mut(&to).expect("a broker");
                match message {
                    Message::Request(correlation, request) => {
                        broker.handle(now, connection(from), correlation, *request, &mut out);
                    }
                    Message::Response(correlation, response) => {
                        broker.on_response(now, from, correlation, *response, &mut out);
                    }
                    Message::Lost => {
                        broker.disconnected(now, connection(from), &mut out);
                        broker.peer_lost(now, from, &mut out);
                    }
                }
            }
        }
        self.rearm(to);
        self.carry(to, out);
    }

    /// What happens next: the instant, and whose timer it is if it is one.
    fn next(&self) -> Option<(Instant, Option<BrokerId>)> {
        let timers = self.timers.iter().map(|(&id, &at)| (at, Some(id)));
        timers.chain(self.queue.next_at().map(|at| (at, None))).min()
    }

    /// Lets everything happen that is due within `span`.
    pub(crate) fn run_for(&mut self, span: Span) {
        let until = self.now + span;
        let mut at_once = 0;
        while let Some((at, whose)) = self.next().filter(|(at, _)| *at <= until) {
            at_once = if at > self.now { 0 } else { at_once + 1 };
            assert!(at_once < 10_000, "nothing but timers at {at}: {whose:?}");
            self.now = self.now.max(at);
            match whose {
                None => {
                    if let Some((_, delivery)) = self.queue.pop_until(at) {
                        self.deliver(delivery);
                    }
                }
                Some(CONTROLLER) => {
                    let mut out = Vec::new();
                    self.controller.tick(self.now, &mut out);
                    self.rearm(CONTROLLER);
                    self.carry(CONTROLLER, out);
                }
                Some(id) => self.with_broker(id, Broker::tick),
            }
        }
        self.now = until;
    }
}
