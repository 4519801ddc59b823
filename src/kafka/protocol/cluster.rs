//! What brokers and the controller say to each other.

use super::{BrokerId, ErrorCode};
use crate::event::{Name, TopicPartition};
use serde::{Deserialize, Serialize};

/// Whether a leader may have lost records in an unclean election.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LeaderRecoveryState {
    /// Nothing is in doubt.
    #[default]
    Recovered,
    /// It was elected uncleanly and has not said yet that it is ready.
    Recovering,
}

/// A leader proposes changes to its partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlterPartitionRequest {
    /// The leader.
    pub broker_id: BrokerId,
    /// Its broker epoch.
    pub broker_epoch: u64,
    /// The proposals.
    pub partitions: Vec<AlterPartition>,
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlterPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The epoch in which the sender leads.
    pub leader_epoch: u32,
    /// The new in-sync replicas with their broker epochs.
    pub new_isr: Vec<(BrokerId, u64)>,
    /// The new recovery state.
    pub leader_recovery_state: LeaderRecoveryState,
    /// The partition epoch the proposal builds upon.
    pub partition_epoch: u32,
}

/// What the controller made of the proposals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlterPartitionResponse {
    /// [`ErrorCode::StaleBrokerEpoch`] or [`ErrorCode::NotController`].
    pub error_code: ErrorCode,
    /// One entry for each proposal, in order.
    pub partitions: Vec<AlterPartitionResult>,
}

/// The state of one partition after the proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlterPartitionResult {
    /// Which.
    pub partition: TopicPartition,
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// None: nobody.
    pub leader_id: Option<BrokerId>,
    /// The leader epoch.
    pub leader_epoch: u32,
    /// The in-sync replicas.
    pub isr: Vec<BrokerId>,
    /// The recovery state.
    pub leader_recovery_state: LeaderRecoveryState,
    /// The partition epoch.
    pub partition_epoch: u32,
}

/// A broker enters the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRegistrationRequest {
    /// Its id.
    pub broker_id: BrokerId,
    /// Another number at each start of the process.
    pub incarnation_id: u64,
    /// `broker.rack`.
    pub rack: Option<Name>,
    /// The epoch at which it last shut down cleanly; none when it did not.
    pub previous_broker_epoch: Option<u64>,
}

/// Whether it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerRegistrationResponse {
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// The broker epoch; none on an error.
    pub broker_epoch: Option<u64>,
}

/// A broker is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerHeartbeatRequest {
    /// Its id.
    pub broker_id: BrokerId,
    /// Its epoch.
    pub broker_epoch: u64,
    /// How far it has read the metadata log.
    pub current_metadata_offset: u64,
    /// Whether it wants to stay fenced.
    pub want_fence: bool,
    /// Whether it wants to shut down.
    pub want_shut_down: bool,
}

/// How the controller sees the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerHeartbeatResponse {
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// Whether it has read the metadata log up to its own registration.
    pub is_caught_up: bool,
    /// Whether it is fenced.
    pub is_fenced: bool,
    /// Whether it may stop now.
    pub should_shut_down: bool,
}

/// Asks the controller for newer metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchMetadataRequest {
    /// Who asks.
    pub broker_id: BrokerId,
    /// What it has already.
    pub metadata_offset: u64,
    /// How long the controller may wait for something newer, in ms.
    pub max_wait_ms: u32,
}

/// The newest metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchMetadataResponse {
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// None when there is nothing newer.
    pub image: Option<std::rc::Rc<crate::kafka::controller::ClusterImage>>,
}
