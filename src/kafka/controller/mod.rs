//! The cluster's control plane: what brokers agree upon.
//!
//! Knows brokers, topics and partitions by name and number. Must not know logs or records.

mod election;
mod image;
mod java_random;
mod placement;

pub use election::{Election, PartitionChange};
pub use image::{BrokerRegistration, ClusterImage, PartitionRegistration, TopicImage};
pub use java_random::JavaRandom;
pub use placement::{UsableBroker, place};
