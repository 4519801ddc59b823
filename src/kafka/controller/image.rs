//! The cluster metadata as of one offset of the metadata log (`MetadataImage`).

use crate::event::{Name, TopicPartition};
use crate::kafka::log::TopicConfig;
use crate::kafka::protocol::{BrokerId, LeaderRecoveryState};
use crate::sim::SortedMap;
use serde::{Deserialize, Serialize};

/// What the controller has published. Brokers hold one and may lag behind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterImage {
    /// The offset of the metadata log it stands for.
    pub offset: u64,
    /// The node that is the active controller.
    pub controller: Option<BrokerId>,
    /// Every broker that ever registered.
    pub brokers: SortedMap<BrokerId, BrokerRegistration>,
    /// Configurations of single brokers that were changed at run time.
    pub broker_configs: SortedMap<BrokerId, SortedMap<Name, Name>>,
    /// Every topic.
    pub topics: SortedMap<Name, TopicImage>,
}

/// A broker as the controller sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRegistration {
    /// The metadata offset of its registration.
    pub epoch: u64,
    /// Tells one start of the process from another.
    pub incarnation_id: u64,
    /// `broker.rack`.
    pub rack: Option<Name>,
    /// A fenced broker leads nothing and is in no ISR.
    pub fenced: bool,
    /// Whether it is shutting down in good order.
    pub in_controlled_shutdown: bool,
}

impl BrokerRegistration {
    /// Whether it may lead and be in sync.
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
}

/// A topic as the controller sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicImage {
    /// By index.
    pub partitions: Vec<PartitionRegistration>,
    /// Its configuration.
    pub config: TopicConfig,
    /// What of that was set for this topic, by name; the rest is the default.
    pub overrides: SortedMap<Name, Name>,
}

/// A partition as the controller sees it (`PartitionRegistration`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRegistration {
    /// The assignment; the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// In-sync replicas.
    pub isr: Vec<BrokerId>,
    /// Eligible leader replicas (KIP-966): out of sync, yet certain to have every record below
    /// the high watermark.
    pub elr: Vec<BrokerId>,
    /// Who led last, once nobody leads.
    pub last_known_elr: Vec<BrokerId>,
    /// None: nobody.
    pub leader: Option<BrokerId>,
    /// Rises when the leader is set.
    pub leader_epoch: u32,
    /// Rises with each change.
    pub partition_epoch: u32,
    /// Whether the leader was elected uncleanly and is not ready yet.
    pub recovery: LeaderRecoveryState,
}

impl ClusterImage {
    /// One partition, where it exists.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&PartitionRegistration> {
        self.topics.get(&partition.topic)?.partitions.get(partition.partition as usize)
    }

    /// Whether a broker is registered and may lead.
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(BrokerRegistration::is_active)
    }
}
