//! The pull engine: Apache Kafka 4.3 as sans-IO state machines.
//!
//! Knows virtual time, the words of `event/` and Kafka's rules. Must not know the lab, lessons or
//! anything that is drawn. Every rule names the file and symbol of Kafka it follows.
//!
//! | module | what it is |
//! |---|---|
//! | [`assignor`] | the clients' assignors: which member of a group reads what |
//! | [`broker`] | a broker: logs, replicas, waiting requests |
//! | [`client`] | what producers and consumers share |
//! | [`consumer`] | a modelled consumer |
//! | [`controller`] | cluster metadata: brokers, topics, partitions, elections |
//! | [`log`] | one partition's records on one broker: segments, epochs, retention, producers |
//! | [`group`] | the group coordinator inside a broker |
//! | [`murmur2`] | the hash that keyed records are partitioned by |
//! | [`producer`] | a modelled producer |
//! | [`protocol`] | typed requests and responses, named after Kafka's protocol; error codes |
//! | [`record`] | records and record batches with their true sizes and byte layout |
//! | [`retry`] | when handling fails: block, skip, retry topics, dead letters, redrive |

pub mod assignor;
pub mod broker;
pub mod client;
pub mod consumer;
pub mod controller;
pub mod group;
pub mod log;
pub mod murmur2;
pub mod producer;
pub mod protocol;
pub mod record;
pub mod retry;
