//! RESP, the Redis serialisation protocol: replies as value trees, requests from bytes.
//!
//! Knows bytes and values. Must not know commands, clients or time.

mod frame;
pub(crate) mod number;
mod parser;
mod reader;

pub use frame::{Frame, Version};
pub use parser::{Parser, ProtocolError, Request, split_words};
pub use reader::read_frame;
