//! The pull engine: a Kafka cluster and its clients as sans-IO state machines.

pub mod assignor;
