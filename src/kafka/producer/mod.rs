#![allow(missing_docs, unused)]
use super::client::ClientOutput;
use super::protocol::*;
use crate::event::*;
use crate::kafka::record::Record;
use crate::sim::Instant;
#[derive(Clone, Debug)]
pub struct Producer;
#[derive(Clone, Debug, Default)]
pub struct ProducerConfig {
    pub client_id: Name,
    pub group_id: Name,
    pub topics: Vec<Name>,
}
pub struct ConsumerRecord {
    pub partition: TopicPartition,
    pub offset: u64,
    pub value: Option<Payload>,
}
impl Producer {
    pub fn new(config: ProducerConfig, bootstrap: Vec<BrokerId>, seed: u64) -> Self {
        Self
    }
    pub fn send(
        &mut self,
        now: Instant,
        topic: Name,
        record: Record,
        out: &mut Vec<ClientOutput>,
    ) -> u64 {
        0
    }
    pub fn connected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {}
    pub fn disconnected(&mut self, now: Instant, broker: BrokerId, out: &mut Vec<ClientOutput>) {}
    pub fn on_response(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: u32,
        response: Response,
        out: &mut Vec<ClientOutput>,
    ) {
    }
    pub fn next_tick(&self) -> Option<Instant> {
        None
    }
    pub fn tick(&mut self, now: Instant, out: &mut Vec<ClientOutput>) {}
    pub fn poll(&mut self, now: Instant, out: &mut Vec<ClientOutput>) -> Vec<ConsumerRecord> {
        vec![]
    }
    pub fn has_records(&self) -> bool {
        false
    }
    pub fn commit(
        &mut self,
        now: Instant,
        offsets: Vec<(TopicPartition, u64)>,
        out: &mut Vec<ClientOutput>,
    ) {
    }
}
