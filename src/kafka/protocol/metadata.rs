//! `Metadata`, `FindCoordinator` and the topic requests of an administrator.

use super::{BrokerId, ErrorCode};
use crate::event::{Name, TopicPartition};
use serde::{Deserialize, Serialize};

/// Asks for brokers and topics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataRequest {
    /// None: all topics.
    pub topics: Option<Vec<Name>>,
    /// Whether unknown topics are to be created (`auto.create.topics.enable` on the broker).
    pub allow_auto_topic_creation: bool,
}

/// What a broker knows of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataResponse {
    /// The brokers that are registered and not fenced, by id.
    pub brokers: Vec<BrokerId>,
    /// The active controller; none when this broker does not know.
    pub controller_id: Option<BrokerId>,
    /// By name, or in the order of the request.
    pub topics: Vec<MetadataResponseTopic>,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataResponseTopic {
    /// Whether it exists.
    pub error_code: ErrorCode,
    /// Its name.
    pub name: Name,
    /// By index.
    pub partitions: Vec<MetadataResponsePartition>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataResponsePartition {
    /// [`ErrorCode::LeaderNotAvailable`] when nobody leads it.
    pub error_code: ErrorCode,
    /// Index from 0.
    pub partition_index: u32,
    /// None: nobody.
    pub leader_id: Option<BrokerId>,
    /// Rises with each election.
    pub leader_epoch: u32,
    /// The preferred leader first.
    pub replica_nodes: Vec<BrokerId>,
    /// The in-sync replicas.
    pub isr_nodes: Vec<BrokerId>,
    /// Replicas whose broker is not alive.
    pub offline_replicas: Vec<BrokerId>,
}

/// Asks who coordinates groups (key type 0, `GROUP`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindCoordinatorRequest {
    /// Group ids.
    pub coordinator_keys: Vec<Name>,
}

/// The answers to a [`FindCoordinatorRequest`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindCoordinatorResponse {
    /// One entry for each key, in order.
    pub coordinators: Vec<Coordinator>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coordinator {
    /// The group id.
    pub key: Name,
    /// The coordinator; none on an error.
    pub node_id: Option<BrokerId>,
    /// [`ErrorCode::CoordinatorNotAvailable`] when there is none.
    pub error_code: ErrorCode,
}

/// Creates topics.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTopicsRequest {
    /// The topics.
    pub topics: Vec<CreatableTopic>,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatableTopic {
    /// Its name.
    pub name: Name,
    /// None: the broker's `num.partitions`.
    pub num_partitions: Option<i32>,
    /// None: the broker's `default.replication.factor`.
    pub replication_factor: Option<i16>,
    /// An explicit assignment instead of the two numbers; empty for none.
    pub assignments: Vec<Vec<BrokerId>>,
    /// Topic configurations by Kafka's names.
    pub configs: Vec<(Name, Name)>,
}

/// How creating topics went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateTopicsResponse {
    /// The topic's name, whether it worked, and what is wrong in words.
    pub topics: Vec<(Name, ErrorCode, Option<Name>)>,
}

/// Adds partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePartitionsRequest {
    /// The topic's name and how many partitions it shall have.
    pub topics: Vec<(Name, i32)>,
}

/// How adding partitions went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatePartitionsResponse {
    /// The topic's name and whether it worked.
    pub topics: Vec<(Name, ErrorCode)>,
}

/// What has a configuration that can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfigResource {
    /// A topic.
    Topic(Name),
    /// A broker.
    Broker(BrokerId),
}

/// Changes configurations at run time; every change is of the kind `SET`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncrementalAlterConfigsRequest {
    /// Of what, with names and values.
    pub resources: Vec<(ConfigResource, Vec<(Name, Name)>)>,
}

/// How changing them went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncrementalAlterConfigsResponse {
    /// One entry for each resource, in order: whether it worked, and what was wrong.
    pub resources: Vec<(ErrorCode, Option<Name>)>,
}

/// Which election an administrator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ElectionType {
    /// The first replica of the assignment, when it is in sync.
    Preferred,
    /// Any replica that is alive, when nobody leads: records may be lost.
    Unclean,
}

/// Elects leaders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElectLeadersRequest {
    /// How.
    pub election_type: ElectionType,
    /// None: all partitions.
    pub partitions: Option<Vec<TopicPartition>>,
}

/// How the elections went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElectLeadersResponse {
    /// Each partition and whether it worked.
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}
