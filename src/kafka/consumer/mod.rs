//! A modelled consumer: Kafka's Java client with the classic group protocol as a state machine
//! (`org.apache.kafka.clients.consumer.internals.ClassicKafkaConsumer`, `ConsumerCoordinator`,
//! `AbstractCoordinator`, `Fetcher`, `SubscriptionState`).
//!
//! The application calls [`Consumer::poll`]; heartbeats run by [`Consumer::tick`] on their own
//! clock. As in life, everything that concerns the group apart from heartbeats happens inside
//! `poll`: a consumer that is busy with its records neither joins nor commits nor fetches. A poll
//! that returned nothing is still going on until the next one: the application waits in it.
//!
//! Simplifications: every fetch names all its partitions, because fetch sessions only make requests
//! shorter; the commit before a rebalance is not waited for, because it goes ahead of the join on
//! the same connection; what the sticky assignor remembers is a list and not its bytes.

mod commit;
mod config;
mod fetch;
mod liveness;
mod membership;
mod offsets;
mod positions;
mod reset;
mod state;
mod subscription;
mod validation;

pub use super::client::ClientOutput;
pub use config::{AutoOffsetReset, ConsumerConfig};
pub use reset::{OffsetReset, ResetTo};
pub use state::{CommitResult, Consumer, ConsumerError, ConsumerRecord};
