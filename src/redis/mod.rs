//! The push engine: a Redis 7.0 server as a sans-IO state machine.
//!
//! Knows RESP requests and replies, clients as connections, and virtual time. Must not know
//! who sits on the other end, what a lesson wants to show, or any real clock or socket.
//!
//! The words and rules are Redis's own (source files of redis 7.0.15 are named where a rule
//! comes from them).

#![allow(clippy::unnecessary_wraps, reason = "the rows of the command table share one signature")]

mod ask;
mod blocked;
mod call;
mod client;
mod clients;
mod command;
mod config;
mod cost;
mod fault;
pub mod glob;
mod help;
mod info;
mod keyspace;
mod memory;
mod notify;
mod output;
mod pause;
mod pubsub;
mod replication;
pub mod resp;
mod room;
mod server;
mod session;
mod settings;
pub mod slot;
mod stats;
mod stream;
mod table;
mod transaction;
mod turn;
mod types;

pub use config::{BufferLimit, ClientClass, Config};
pub use cost::CostTable;
pub use resp::{Frame, Parser, Version};
pub use server::{Output, Server};

/// The version of Redis that is modelled.
pub const VERSION: &str = "7.0.15";
