//! What must hold for producers and groups whatever breaks: members of one generation never own a
//! partition together, what a group has not committed it is given again, an idempotent producer
//! never duplicates. A failing run prints its seed and a shrunk list of commands.

mod hunt;
mod kafka_net;

use hunt::Hunt;
use kafka_net::{Client, Fate, Net, member};
use pushpull::event::{KafkaFact, TopicPartition};
use pushpull::kafka::assignor::Assignor;
use pushpull::kafka::broker::BrokerConfig;
use pushpull::kafka::consumer::{Consumer, ConsumerConfig};
use pushpull::kafka::producer::ProducerConfig;
use pushpull::sim::{Purpose, Rng, SortedMap, SortedSet, Span};

const PARTITIONS: u32 = 4;

/// What the world does to the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Send(u32),
    Wait(u64),
    /// A new member: slow by so many ms a poll, with or without auto-commit.
    Start {
        handling: u64,
        auto: bool,
        instance: Option<u32>,
    },
    Crash(usize),
    Close(usize),
    /// A connection breaks.
    Cut(usize),
    /// From now on answers break their connection with this chance in a hundred.
    Lossy(u64),
    /// The broker is unreachable for so many ms.
    Outage(u64),
}

/// How all members of a run assign.
fn assignors(seed: u64) -> Vec<Assignor> {
    match seed % 5 {
        0 => vec![Assignor::Range],
        1 => vec![Assignor::RoundRobin],
        2 => vec![Assignor::Sticky],
        3 => vec![Assignor::CooperativeSticky],
        _ => vec![Assignor::Range, Assignor::CooperativeSticky],
    }
}

fn commands(seed: u64) -> Vec<Command> {
    let mut rng = Rng::new(seed, Purpose::Workload, 0);
    let count = 5 + rng.below(30);
    (0..count)
        .map(|_| {
            let client = rng.below(8) as usize;
            match rng.below(20) {
                0..5 => Command::Send(1 + rng.below(20) as u32),
                5..10 => Command::Wait(rng.below(6_000)),
                10..13 => Command::Start {
                    handling: rng.below(3_000),
                    auto: rng.below(2) == 0,
                    instance: (rng.below(3) == 0).then(|| rng.below(3) as u32),
                },
                13 => Command::Crash(client),
                14 => Command::Close(client),
                15..17 => Command::Cut(client),
                17 => Command::Lossy(rng.below(30)),
                18 => Command::Outage(rng.below(20_000)),
                _ => Command::Wait(rng.below(70_000)),
            }
        })
        .collect()
}

struct Run {
    net: Net,
    seed: u64,
    producer: usize,
    readers: Vec<usize>,
    sent: u32,
    checked: usize,
    committed: SortedMap<TopicPartition, u64>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut net = Net::new(BrokerConfig { seed, ..BrokerConfig::default() });
        net.topic("orders", PARTITIONS);
        let producer = net.producer(ProducerConfig::default());
        Self {
            net,
            seed,
            producer,
            readers: Vec::new(),
            sent: 0,
            checked: 0,
            committed: SortedMap::new(),
        }
    }

    fn start(&mut self, handling: u64, auto: bool, instance: Option<u32>) {
        let config = ConsumerConfig {
            assignors: assignors(self.seed),
            enable_auto_commit: auto,
            group_instance_id: instance.map(|number| format!("static-{number}").into()),
            max_poll_records: 3,
            ..member("billing", &["orders"])
        };
        let reader = self.net.consumer(config, Span::from_millis(handling));
        self.readers.push(reader);
    }

    fn perform(&mut self, command: Command) {
        let reader = |this: &Self, number: usize| {
            (!this.readers.is_empty()).then(|| this.readers[number % this.readers.len()])
        };
        match command {
            Command::Send(count) => {
                for _ in 0..count {
                    let number = self.sent;
                    self.sent += 1;
                    let key = format!("key-{}", number % 7);
                    self.net.send(self.producer, "orders", Some(&key), &format!("v{number}"));
                }
            }
            Command::Wait(ms) => self.net.run(Span::from_millis(ms)),
            Command::Start { handling, auto, instance } => self.start(handling, auto, instance),
            Command::Crash(number) => {
                if let Some(reader) = reader(self, number) {
                    self.net.crash(reader);
                    self.readers.retain(|other| *other != reader);
                }
            }
            Command::Close(number) => {
                if let Some(reader) = reader(self, number) {
                    self.net.with(reader, Consumer::close);
                    self.readers.retain(|other| *other != reader);
                }
            }
            Command::Cut(number) => {
                let clients = self.net.clients.len();
                self.net.close(number % clients);
            }
            Command::Lossy(percent) => {
                let mut rng = Rng::new(self.seed, Purpose::Latency, percent as u32);
                self.net.on_response =
                    Box::new(
                        move |_| {
                            if rng.below(100) < percent { Fate::Breaks } else { Fate::Arrives }
                        },
                    );
            }
            Command::Outage(ms) => {
                self.net.up = false;
                for client in 0..self.net.clients.len() {
                    self.net.close(client);
                }
                self.net.run(Span::from_millis(ms));
                self.net.up = true;
            }
        }
    }

    /// Follows the facts since the last look.
    fn follow(&mut self) -> Result<(), String> {
        for (at, fact) in &self.net.facts[self.checked..] {
            match fact {
                KafkaFact::Committed { partition, offset, .. } => {
                    self.committed.insert(partition.clone(), *offset);
                }
                KafkaFact::PositionSet { partition, offset, reason, .. } => {
                    let committed = self.committed.get(partition).copied();
                    let expected = match &**reason {
                        // Another member may have committed while the answer was under way.
                        "committed offset" if committed.is_some_and(|c| c >= *offset) => *offset,
                        "committed offset" => committed.unwrap_or(u64::MAX),
                        _ => 0,
                    };
                    if *offset != expected {
                        return Err(format!("{at}: {partition} goes on at {offset}: {reason}"));
                    }
                }
                _ => {}
            }
        }
        self.checked = self.net.facts.len();
        self.net.overlap.take().map_or(Ok(()), Err)
    }

    /// When everything works again and somebody reads, everything arrives, and the log holds
    /// each record once.
    fn finish(&mut self) -> Result<(), String> {
        self.net.on_response = Box::new(|_| Fate::Arrives);
        self.start(0, true, None);
        self.net.run(Span::from_secs(150));
        self.follow()?;
        let sent: SortedSet<String> = (0..self.sent).map(|number| format!("v{number}")).collect();
        let failed = self.net.completed.iter().filter(|(_, _, result)| result.is_err()).count();
        if failed > 0 || self.net.completed.len() != sent.len() {
            return Err(format!("{failed} failed, {} completed", self.net.completed.len()));
        }
        let log: Vec<String> = (0..PARTITIONS).flat_map(|p| self.net.log("orders", p)).collect();
        let stored: SortedSet<String> = log.iter().cloned().collect();
        if log.len() != stored.len() || stored != sent {
            return Err(format!("the log holds {} records for {} sent", log.len(), sent.len()));
        }
        let mut read = SortedSet::new();
        for client in &self.net.gone {
            read.extend(client.values());
        }
        for client in &self.net.clients {
            if let Client::Consumer(app) = client {
                read.extend(app.values());
            }
        }
        match sent.difference(&read).next() {
            Some(missing) => Err(format!("{missing} was never read")),
            None => Ok(()),
        }
    }
}

fn play(seed: u64, commands: &[Command]) -> Result<(), String> {
    let mut run = Run::new(seed);
    for command in commands {
        run.perform(*command);
        run.follow()?;
    }
    run.finish()
}

#[test]
fn groups_and_producers_keep_their_promises_under_faults() {
    Hunt { commands, run: play }.go(600);
}
