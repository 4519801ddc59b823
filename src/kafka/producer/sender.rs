//! The producer itself: what an application and the network call (`KafkaProducer`).

use super::accumulator::{Accumulator, Batch};
use super::config::ProducerConfig;
use super::partitioner::Chooser;
use super::sequences::Sequences;
use crate::event::{Name, TopicPartition};
use crate::kafka::client::{Backoff, ClientOutput, Network, Timing};
use crate::kafka::protocol::{BrokerId, ErrorCode, Response};
use crate::kafka::record::{Record, size};
use crate::sim::{Instant, SortedMap};
use std::collections::VecDeque;

/// What a request under way is for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    ProducerId,
    /// The batches in the order of the request.
    Produce(Vec<u64>),
}

/// A record that has no partition yet.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) number: u64,
    pub(super) topic: Name,
    pub(super) partition: Option<u32>,
    pub(super) record: Record,
    pub(super) gives_up_at: Instant,
}

/// A producer.
#[derive(Clone, Debug)]
pub struct Producer {
    pub(super) config: ProducerConfig,
    pub(super) network: Network<Asked>,
    pub(super) chooser: Chooser,
    pub(super) accumulator: Accumulator,
    pub(super) sequences: Sequences,
    pub(super) backoff: Backoff,
    pub(super) waiting: VecDeque<Waiting>,
    /// Batches that are sent and not answered.
    pub(super) sent: SortedMap<u64, Batch>,
    pub(super) next_record: u64,
    pub(super) next_batch: u64,
    /// Where the next drain of a broker begins.
    pub(super) turns: SortedMap<BrokerId, TopicPartition>,
    pub(super) exhausted: bool,
    pub(super) flushing: bool,
    pub(super) id_not_before: Instant,
    pub(super) last_run: Option<Instant>,
}

impl Producer {
    /// A producer that will find the cluster through `bootstrap`. `seed` decides its random
    /// choices: sticky partitions and back-off jitter.
    pub fn new(config: ProducerConfig, bootstrap: Vec<BrokerId>, seed: u64) -> Self {
        let config = config.effective();
        let timing = Timing {
            request_timeout: config.request_timeout,
            reconnect_backoff: config.reconnect_backoff,
            reconnect_backoff_max: config.reconnect_backoff_max,
            retry_backoff: config.retry_backoff,
            metadata_max_age: config.metadata_max_age,
        };
        Self {
            network: Network::new(timing, bootstrap, seed),
            chooser: Chooser::new(&config, seed),
            accumulator: Accumulator::new(config.batch_size, config.linger, config.buffer_memory),
            sequences: Sequences::new(config.enable_idempotence),
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max, seed, 1),
            waiting: VecDeque::new(),
            sent: SortedMap::new(),
            next_record: 0,
            next_batch: 0,
            turns: SortedMap::new(),
            exhausted: false,
            flushing: false,
            id_not_before: Instant::ZERO,
            last_run: None,
            config,
        }
    }

    /// The settings it works with.
    pub fn config(&self) -> &ProducerConfig {
        &self.config
    }

    /// Sends a record to the partition that the partitioner chooses. Returns its number, by which
    /// [`ClientOutput::Completed`] names it. A record without timestamp (-1) gets `now`.
    pub fn send(
        &mut self,
        now: Instant,
        topic: Name,
        record: Record,
        out: &mut Vec<ClientOutput>,
    ) -> u64 {
        self.send_to(now, topic, None, record, out)
    }

    /// Sends a record to an explicit partition. One that does not exist is waited for until
    /// `max.block.ms` is over.
    pub fn send_to(
        &mut self,
        now: Instant,
        topic: Name,
        partition: Option<u32>,
        mut record: Record,
        out: &mut Vec<ClientOutput>,
    ) -> u64 {
        let number = self.next_record;
        self.next_record += 1;
        if record.timestamp < 0 {
            record.timestamp = now.as_millis() as i64;
        }
        let bytes = size::upper_bound(&record);
        if bytes > self.config.max_request_size || u64::from(bytes) > self.config.buffer_memory {
            let result = Err(ErrorCode::MessageTooLarge);
            out.push(ClientOutput::Completed { record: number, result });
            return number;
        }
        self.network.metadata.want(&topic);
        let gives_up_at = now + self.config.max_block;
        self.waiting.push_back(Waiting { number, topic, partition, record, gives_up_at });
        self.run(now, out);
        number
    }

    /// Sends what has gathered without waiting for `linger.ms` (`flush()`, without blocking).
    pub fn flush(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.flushing = true;
        self.run(now, out);
    }

    /// How many records have no fate yet.
    pub fn pending(&self) -> u64 {
        let sent: usize = self.sent.values().map(|batch| batch.numbers.len()).sum();
        self.accumulator.records() + (sent + self.waiting.len()) as u64
    }

    /// A connection that was asked for stands.
    pub fn connected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        self.network.connected(broker);
        self.run(now, out);
    }

    /// A connection is gone, or could not be opened.
    pub fn disconnected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        self.lost(now, broker, out);
        self.run(now, out);
    }

    pub(super) fn lost(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {
        for asked in self.network.disconnected(now, broker) {
            match asked {
                Asked::ProducerId => self.id_not_before = now + self.config.retry_backoff,
                Asked::Produce(batches) => {
                    for id in batches {
                        self.failed(now, id, ErrorCode::NetworkException, out);
                    }
                }
            }
        }
    }

    /// A broker answered.
    pub fn on_response(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: u32,
        response: Response,
        out: &mut Vec<ClientOutput>,
    ) {
        match (self.network.answered(now, broker, correlation, &response), response) {
            (Some(Asked::ProducerId), Response::InitProducerId(response)) => {
                if response.error_code == ErrorCode::None {
                    self.sequences.set_producer_id(response.producer_id, response.producer_epoch);
                } else {
                    self.id_not_before = now + self.config.retry_backoff;
                }
            }
            (Some(Asked::Produce(batches)), Response::Produce(response)) => {
                for (id, answer) in batches.into_iter().zip(&response.partitions) {
                    self.answered(now, id, answer, out);
                }
            }
            // An answer to what nobody waits for any more.
            _ => {}
        }
        self.run(now, out);
    }

    /// When it wants to be called next.
    pub fn next_tick(&self) -> Option<Instant> {
        let ready = self.accumulator.partitions().filter_map(|p| self.ready_at(p));
        let waiting = self.waiting.iter().map(|waiting| waiting.gives_up_at);
        let oldest = self.accumulator.oldest();
        let sent = self.sent.values().map(|batch| batch.created);
        let expiry = oldest.into_iter().chain(sent).map(|at| at + self.config.delivery_timeout);
        let id = self.sequences.needs_producer_id().then_some(self.id_not_before);
        // What was due up to the last call waits for an answer or a connection now.
        let Some(last) = self.last_run else { return Some(Instant::ZERO) };
        ready
            .chain(waiting)
            .chain(expiry)
            .chain(id)
            .chain(self.network.next_due(last))
            .filter(|at| *at > last)
            .min()
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {
        self.run(now, out);
    }
}
