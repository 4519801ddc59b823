//! Kafka's requests and responses as types, named after the protocol's messages.
//!
//! Each message carries the fields its newest version has and this model uses. Differences from
//! the wire, all for plainness: topics go by name where newer versions use topic ids, "none"
//! values such as -1 are `Option`, and the consumer protocol's metadata is typed instead of
//! opaque bytes. Knows nothing of behaviour.

mod cluster;
mod error;
mod fetch;
mod group;
mod metadata;
mod produce;

pub use cluster::*;
pub use error::ErrorCode;
pub use fetch::*;
pub use group::*;
pub use metadata::*;
pub use produce::*;

use crate::event::Tag;
use serde::{Deserialize, Serialize};

/// A broker's `node.id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BrokerId(pub u32);

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident($request:ident, $response:ident);)*) => {
        /// A request to a broker or a controller.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Request { $($(#[$doc])* $name($request),)* }

        /// The response to the request of the same name.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Response { $($(#[$doc])* $name($response),)* }

        impl Request {
            /// The name of its API key.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
        }

        impl Response {
            /// The name of its API key.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
        }

        $(
            impl From<$request> for Request {
                fn from(message: $request) -> Self { Self::$name(message) }
            }
            impl From<$response> for Response {
                fn from(message: $response) -> Self { Self::$name(message) }
            }
        )*
    };
}

messages! {
    /// Appends batches to partitions.
    Produce(ProduceRequest, ProduceResponse);
    /// Reads batches; waits for them when there are none.
    Fetch(FetchRequest, FetchResponse);
    /// Finds offsets by time.
    ListOffsets(ListOffsetsRequest, ListOffsetsResponse);
    /// Who leads what.
    Metadata(MetadataRequest, MetadataResponse);
    /// Where a leader epoch ends in the leader's log.
    OffsetForLeaderEpoch(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse);
    /// Deletes the records before an offset.
    DeleteRecords(DeleteRecordsRequest, DeleteRecordsResponse);
    /// Gives an idempotent producer its id.
    InitProducerId(InitProducerIdRequest, InitProducerIdResponse);
    /// Which broker coordinates a group.
    FindCoordinator(FindCoordinatorRequest, FindCoordinatorResponse);
    /// Enters a group or a new generation of it.
    JoinGroup(JoinGroupRequest, JoinGroupResponse);
    /// Hands in and takes out the assignment.
    SyncGroup(SyncGroupRequest, SyncGroupResponse);
    /// A member is alive.
    Heartbeat(HeartbeatRequest, HeartbeatResponse);
    /// Members go.
    LeaveGroup(LeaveGroupRequest, LeaveGroupResponse);
    /// Stores a group's committed offsets.
    OffsetCommit(OffsetCommitRequest, OffsetCommitResponse);
    /// Reads a group's committed offsets.
    OffsetFetch(OffsetFetchRequest, OffsetFetchResponse);
    /// Creates topics (controller).
    CreateTopics(CreateTopicsRequest, CreateTopicsResponse);
    /// Adds partitions to topics (controller).
    CreatePartitions(CreatePartitionsRequest, CreatePartitionsResponse);
    /// Elects leaders on request (controller).
    ElectLeaders(ElectLeadersRequest, ElectLeadersResponse);
    /// Changes configurations at run time (controller).
    IncrementalAlterConfigs(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse);
    /// A leader proposes another set of in-sync replicas (controller).
    AlterPartition(AlterPartitionRequest, AlterPartitionResponse);
    /// A broker enters the cluster (controller).
    BrokerRegistration(BrokerRegistrationRequest, BrokerRegistrationResponse);
    /// A broker is alive (controller).
    BrokerHeartbeat(BrokerHeartbeatRequest, BrokerHeartbeatResponse);
    /// The newest cluster metadata (controller). Stands for the brokers' fetch of the metadata
    /// log.
    FetchMetadata(FetchMetadataRequest, FetchMetadataResponse);
}

impl Request {
    /// The messages it carries, in order.
    pub fn tags(&self) -> Vec<Tag> {
        match self {
            Self::Produce(request) => request
                .partitions
                .iter()
                .flat_map(|p| p.records.tags().collect::<Vec<_>>())
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl Response {
    /// The messages it carries, in order.
    pub fn tags(&self) -> Vec<Tag> {
        match self {
            Self::Fetch(response) => response
                .partitions
                .iter()
                .flat_map(|p| &p.records)
                .flat_map(|batch| batch.tags().collect::<Vec<_>>())
                .collect(),
            _ => Vec::new(),
        }
    }
}
