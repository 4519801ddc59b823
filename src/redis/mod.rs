//! The push engine: a Redis 7.0 server as a sans-IO state machine.
//!
//! Knows RESP requests and replies, clients as connections, and virtual time. Must not know
//! who sits on the other end, what a lesson wants to show, or any real clock or socket.
//!
//! The words and rules are Redis's own (source files of redis 7.0.15 are named where a rule
//! comes from them).

#![expect(dead_code, reason = "the commands of the keyspace, which follow, use the rest")]

mod call;
mod client;
mod command;
mod config;
mod cost;
mod fault;
pub mod glob;
mod output;
mod pubsub;
pub mod resp;
mod server;
pub mod slot;
mod turn;

pub use config::{BufferLimit, ClientClass, Config};
pub use cost::CostTable;
pub use resp::{Frame, Parser, Version};
pub use server::{Output, Server};
