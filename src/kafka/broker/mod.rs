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
// STUB
use crate::event::Name;
use crate::sim::Instant;
/// s
#[derive(Clone,Debug)] pub struct Broker { t: Vec<Name> }
/// s
#[derive(Clone, Debug, Default)]
pub struct BrokerConfig;
/// s
#[derive(Clone, Debug, Default)]
pub struct TopicConfig;
#[allow(missing_docs, unused)]
impl Broker {
    pub fn single(id: BrokerId, c: BrokerConfig) -> Self {
        Self { t: vec![] }
    }
    pub fn id(&self) -> BrokerId {
        BrokerId(1)
    }
    pub fn has_topic(&self, n: &Name) -> bool {
        self.t.contains(n)
    }
    pub fn create_topic(
        &mut self,
        now: Instant,
        n: Name,
        p: u32,
        c: TopicConfig,
        out: &mut Vec<Output>,
    ) { self.t.push(n);
    }
    pub fn handle(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: Request,
        out: &mut Vec<Output>,
    ) {
    }
    pub fn disconnected(&mut self, now: Instant, connection: ConnectionId, out: &mut Vec<Output>) {}
    pub fn next_tick(&self) -> Option<Instant> {
        None
    }
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {}
}
