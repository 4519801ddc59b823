//! A modelled producer: Kafka's Java client as a state machine
//! (`org.apache.kafka.clients.producer.KafkaProducer` and its `internals`).
//!
//! Records are partitioned, wait in batches, travel in produce requests, and are told their fate.
//! The producer knows brokers, metadata and sequences; it knows nothing of logs.
//!
//! Simplifications: a record that waits for metadata or memory waits inside, for at most
//! `max.block.ms`, because there is no application thread that could be blocked; a batch is taken
//! for full by its size before compression, where Java learns the ratio over time; transactions
//! are not there yet.

mod accumulator;
mod config;
mod delivery;
mod drain;
mod partitioner;
mod sender;
mod sequences;

pub use super::client::ClientOutput;
pub use config::{Partitioner, ProducerConfig};
pub use sender::Producer;
