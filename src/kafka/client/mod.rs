#![allow(missing_docs)]
use super::protocol::*;
use crate::event::*;
#[derive(Clone, Debug)]
pub enum ClientOutput {
    Connect { broker: BrokerId },
    Send { broker: BrokerId, correlation: u32, request: Request },
    Fact(KafkaFact),
    Completed { record: u64, result: Result<(TopicPartition, u64), ErrorCode> },
}
