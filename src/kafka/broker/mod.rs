//! A Kafka broker as a state machine: requests and time in, effects out.
//!
//! Knows its own logs and the metadata the controller has published. Must not know who is on the
//! other end of a connection, nor how effects reach them.

use super::protocol::{BrokerId, Request, Response};
use crate::event::{ConnectionId, KafkaFact};

/// What a broker wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Answer a client's request.
    Respond {
        /// On which connection.
        connection: ConnectionId,
        /// Which of its requests.
        correlation: u32,
        /// The answer.
        response: Response,
    },
    /// A request to another broker or the controller, over this broker's own connection.
    Send {
        /// Who shall get it.
        to: BrokerId,
        /// Comes back with the response.
        correlation: u32,
        /// What is asked.
        request: Request,
    },
    /// Something happened.
    Fact(KafkaFact),
}
