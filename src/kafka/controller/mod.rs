//! The cluster's control plane: what brokers agree upon.
//!
//! Knows brokers, topics and partitions by name and number. Must not know logs or records.

mod image;

pub use image::{BrokerRegistration, ClusterImage, PartitionRegistration, TopicImage};
