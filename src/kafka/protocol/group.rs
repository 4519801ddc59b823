//! The classic group protocol and committed offsets.

use super::ErrorCode;
use crate::event::{Name, Payload, TopicPartition};
use serde::{Deserialize, Serialize};

/// What a consumer tells its group's leader (`ConsumerProtocolSubscription`). The coordinator
/// passes it on and only compares it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Topic names.
    pub topics: Vec<Name>,
    /// The assignor's own bytes.
    pub user_data: Option<Payload>,
    /// What the member owns now.
    pub owned_partitions: Vec<TopicPartition>,
    /// The generation in which it got them; none before the first.
    pub generation_id: Option<u32>,
    /// `client.rack`.
    pub rack_id: Option<Name>,
}

/// What the leader gives a member (`ConsumerProtocolAssignment`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its partitions.
    pub partitions: Vec<TopicPartition>,
    /// The assignor's own bytes.
    pub user_data: Option<Payload>,
}

/// Enters a group or its next generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinGroupRequest {
    /// The group.
    pub group_id: Name,
    /// `session.timeout.ms`.
    pub session_timeout_ms: u32,
    /// `max.poll.interval.ms`.
    pub rebalance_timeout_ms: u32,
    /// Empty before the coordinator gave one.
    pub member_id: Name,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
    /// `client.id`: the start of a new member id.
    pub client_id: Name,
    /// `consumer`.
    pub protocol_type: Name,
    /// The assignors it supports, the best first.
    pub protocols: Vec<JoinGroupRequestProtocol>,
    /// Why it joins, for the log.
    pub reason: Option<Name>,
}

/// One supported assignor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinGroupRequestProtocol {
    /// The assignor's name: `range`, `cooperative-sticky`.
    pub name: Name,
    /// What the member says to it.
    pub metadata: Subscription,
}

/// The group's next generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinGroupResponse {
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// The generation; none on an error.
    pub generation_id: Option<u32>,
    /// The chosen assignor.
    pub protocol_name: Option<Name>,
    /// The leader's member id; empty on an error.
    pub leader: Name,
    /// Whether the leader must not assign (a static leader came back).
    pub skip_assignment: bool,
    /// The receiver's member id.
    pub member_id: Name,
    /// All members, for the leader only.
    pub members: Vec<JoinGroupResponseMember>,
}

/// A member as the leader sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinGroupResponseMember {
    /// Its id.
    pub member_id: Name,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
    /// What it said to the chosen assignor.
    pub metadata: Subscription,
}

/// Hands in (leader) and asks for the assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncGroupRequest {
    /// The group.
    pub group_id: Name,
    /// The generation it joined.
    pub generation_id: u32,
    /// The sender.
    pub member_id: Name,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
    /// The assignor the member believes was chosen.
    pub protocol_name: Option<Name>,
    /// From the leader: what each member gets. Empty from others.
    pub assignments: Vec<(Name, Assignment)>,
}

/// A member's assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncGroupResponse {
    /// Whether it worked.
    pub error_code: ErrorCode,
    /// The assignor.
    pub protocol_name: Option<Name>,
    /// What the member gets.
    pub assignment: Assignment,
}

/// A member is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: Name,
    /// The generation it is in.
    pub generation_id: u32,
    /// The sender.
    pub member_id: Name,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
}

/// Whether the member may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatResponse {
    /// [`ErrorCode::RebalanceInProgress`] asks it to join again.
    pub error_code: ErrorCode,
}

/// Members go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveGroupRequest {
    /// The group.
    pub group_id: Name,
    /// Who goes.
    pub members: Vec<MemberIdentity>,
}

/// A member that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberIdentity {
    /// Its id; may be empty when the instance id is given.
    pub member_id: Name,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
    /// Why, for the log.
    pub reason: Option<Name>,
}

/// Whether they are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveGroupResponse {
    /// An error of the whole request.
    pub error_code: ErrorCode,
    /// One entry for each member of the request, in order: id, instance id, whether it worked.
    pub members: Vec<(Name, Option<Name>, ErrorCode)>,
}

/// Stores committed offsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetCommitRequest {
    /// The group.
    pub group_id: Name,
    /// The member's generation; none for a consumer that assigns itself.
    pub generation_id: Option<u32>,
    /// The sender; empty for a consumer that assigns itself.
    pub member_id: Name,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<Name>,
    /// The offsets.
    pub partitions: Vec<OffsetCommitPartition>,
}

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetCommitPartition {
    /// Where.
    pub partition: TopicPartition,
    /// The next record to read.
    pub committed_offset: u64,
    /// The leader epoch of the last record read.
    pub committed_leader_epoch: Option<u32>,
    /// A note of at most 4096 bytes.
    pub committed_metadata: Option<Name>,
}

/// Whether the offsets are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetCommitResponse {
    /// One entry for each partition of the request, in order.
    pub partitions: Vec<(TopicPartition, ErrorCode)>,
}

/// Reads committed offsets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetFetchRequest {
    /// The group.
    pub group_id: Name,
    /// None: everything the group has committed.
    pub partitions: Option<Vec<TopicPartition>>,
    /// Whether to refuse while a transaction that commits them is open.
    pub require_stable: bool,
}

/// A group's committed offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetFetchResponse {
    /// An error of the whole group.
    pub error_code: ErrorCode,
    /// In the order of the request, or by partition.
    pub partitions: Vec<OffsetFetchPartition>,
}

/// One committed offset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffsetFetchPartition {
    /// Where.
    pub partition: TopicPartition,
    /// None when nothing was committed (Kafka's -1).
    pub committed_offset: Option<u64>,
    /// The leader epoch of the last record read.
    pub committed_leader_epoch: Option<u32>,
    /// The note.
    pub metadata: Option<Name>,
    /// Whether it worked.
    pub error_code: ErrorCode,
}
