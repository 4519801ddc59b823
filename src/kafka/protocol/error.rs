//! Error codes by Kafka's names and numbers (`clients/.../common/protocol/Errors.java`), each
//! with a sentence for the reader.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$attribute:meta])* $code:literal $variant:ident $name:literal $retriable:ident $sentence:literal;)*) => {
        /// An error a broker answers with.
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum ErrorCode {
            $(
                $(#[$attribute])*
                #[doc = concat!("`", $name, "` (", stringify!($code), "): ", $sentence)]
                $variant,
            )*
        }

        impl ErrorCode {
            /// Every code, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)* }
            }

            /// Kafka's name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether the Java client's exception for it extends `RetriableException`.
            pub const fn is_retriable(self) -> bool {
                match self { $(Self::$variant => error_codes!(@retriable $retriable),)* }
            }

            /// Whether clients refresh their metadata on it (`InvalidMetadataException`).
            pub const fn refreshes_metadata(self) -> bool {
                match self { $(Self::$variant => error_codes!(@metadata $retriable),)* }
            }

            /// What it means, for a person who sees it for the first time.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
    (@retriable fatal) => { false };
    (@retriable retry) => { true };
    (@retriable refresh) => { true };
    (@metadata refresh) => { true };
    (@metadata $other:ident) => { false };
}

error_codes! {
    -1 UnknownServerError "UNKNOWN_SERVER_ERROR" fatal
        "The broker failed in a way it has no name for.";
    #[default] 0 None "NONE" fatal
        "It worked.";
    1 OffsetOutOfRange "OFFSET_OUT_OF_RANGE" fatal
        "The log has no such offset: it lies before the log start or past the log end.";
    2 CorruptMessage "CORRUPT_MESSAGE" retry
        "The batch's CRC does not match its bytes, or it is malformed.";
    3 UnknownTopicOrPartition "UNKNOWN_TOPIC_OR_PARTITION" refresh
        "This broker does not host that partition, or the topic does not exist.";
    4 InvalidFetchSize "INVALID_FETCH_SIZE" fatal
        "The requested fetch size makes no sense.";
    5 LeaderNotAvailable "LEADER_NOT_AVAILABLE" refresh
        "The partition has no leader right now.";
    6 NotLeaderOrFollower "NOT_LEADER_OR_FOLLOWER" refresh
        "This broker is not the partition's leader (or, for a fetch, not a replica).";
    7 RequestTimedOut "REQUEST_TIMED_OUT" retry
        "The broker gave up waiting, for example for the in-sync replicas; the record may still have been written.";
    8 BrokerNotAvailable "BROKER_NOT_AVAILABLE" fatal
        "The broker is not available.";
    9 ReplicaNotAvailable "REPLICA_NOT_AVAILABLE" refresh
        "The replica is not available for this partition.";
    10 MessageTooLarge "MESSAGE_TOO_LARGE" fatal
        "The batch is larger than max.message.bytes.";
    11 StaleControllerEpoch "STALE_CONTROLLER_EPOCH" fatal
        "The message came from a controller that has been replaced.";
    12 OffsetMetadataTooLarge "OFFSET_METADATA_TOO_LARGE" fatal
        "The note stored beside the committed offset is too long.";
    13 NetworkException "NETWORK_EXCEPTION" refresh
        "The connection broke before the response came.";
    14 CoordinatorLoadInProgress "COORDINATOR_LOAD_IN_PROGRESS" retry
        "The group's coordinator is still reading its state from the log.";
    15 CoordinatorNotAvailable "COORDINATOR_NOT_AVAILABLE" retry
        "The group has no coordinator right now.";
    16 NotCoordinator "NOT_COORDINATOR" retry
        "This broker is not the group's coordinator.";
    17 InvalidTopicException "INVALID_TOPIC_EXCEPTION" fatal
        "The topic's name is not allowed.";
    18 RecordListTooLarge "RECORD_LIST_TOO_LARGE" fatal
        "The batch is larger than a whole segment may be.";
    19 NotEnoughReplicas "NOT_ENOUGH_REPLICAS" retry
        "Fewer replicas are in sync than min.insync.replicas asks for; nothing was written.";
    20 NotEnoughReplicasAfterAppend "NOT_ENOUGH_REPLICAS_AFTER_APPEND" retry
        "The record was written, but then fewer replicas were in sync than min.insync.replicas asks for.";
    21 InvalidRequiredAcks "INVALID_REQUIRED_ACKS" fatal
        "acks must be 0, 1 or all.";
    22 IllegalGeneration "ILLEGAL_GENERATION" fatal
        "The member speaks of a generation of the group that is over.";
    23 InconsistentGroupProtocol "INCONSISTENT_GROUP_PROTOCOL" fatal
        "The member supports none of the assignors that all others have in common.";
    24 InvalidGroupId "INVALID_GROUP_ID" fatal
        "The group id is not allowed.";
    25 UnknownMemberId "UNKNOWN_MEMBER_ID" fatal
        "The coordinator does not know this member (any more).";
    26 InvalidSessionTimeout "INVALID_SESSION_TIMEOUT" fatal
        "The session time-out is outside what the broker allows.";
    27 RebalanceInProgress "REBALANCE_IN_PROGRESS" fatal
        "The group is rebalancing: join again.";
    28 InvalidCommitOffsetSize "INVALID_COMMIT_OFFSET_SIZE" fatal
        "The commit is too large to be stored.";
    29 TopicAuthorizationFailed "TOPIC_AUTHORIZATION_FAILED" fatal
        "The client may not use this topic.";
    30 GroupAuthorizationFailed "GROUP_AUTHORIZATION_FAILED" fatal
        "The client may not use this group.";
    31 ClusterAuthorizationFailed "CLUSTER_AUTHORIZATION_FAILED" fatal
        "The client may not do this to the cluster.";
    32 InvalidTimestamp "INVALID_TIMESTAMP" fatal
        "The record's timestamp is too far from the broker's clock.";
    35 UnsupportedVersion "UNSUPPORTED_VERSION" fatal
        "The broker does not support this request or this option of it.";
    36 TopicAlreadyExists "TOPIC_ALREADY_EXISTS" fatal
        "There is a topic of that name already.";
    37 InvalidPartitions "INVALID_PARTITIONS" fatal
        "The number of partitions is not allowed: it is below 1, or not more than there are.";
    38 InvalidReplicationFactor "INVALID_REPLICATION_FACTOR" fatal
        "The replication factor is below 1 or larger than the number of brokers.";
    39 InvalidReplicaAssignment "INVALID_REPLICA_ASSIGNMENT" fatal
        "The assignment of replicas is not valid.";
    40 InvalidConfig "INVALID_CONFIG" fatal
        "A configuration value is not allowed.";
    41 NotController "NOT_CONTROLLER" retry
        "This node is not the active controller.";
    42 InvalidRequest "INVALID_REQUEST" fatal
        "The request contradicts itself.";
    43 UnsupportedForMessageFormat "UNSUPPORTED_FOR_MESSAGE_FORMAT" fatal
        "The log's message format does not support this.";
    44 PolicyViolation "POLICY_VIOLATION" fatal
        "A policy of the topic or the cluster forbids this.";
    45 OutOfOrderSequenceNumber "OUT_OF_ORDER_SEQUENCE_NUMBER" fatal
        "The producer's sequence number is not the next one: a batch before it is missing, or it is an old one again.";
    46 DuplicateSequenceNumber "DUPLICATE_SEQUENCE_NUMBER" fatal
        "The broker has this batch already.";
    47 InvalidProducerEpoch "INVALID_PRODUCER_EPOCH" fatal
        "A newer producer with the same id has taken over.";
    48 InvalidTxnState "INVALID_TXN_STATE" fatal
        "The transaction is not in a state that allows this.";
    49 InvalidProducerIdMapping "INVALID_PRODUCER_ID_MAPPING" fatal
        "The producer id does not belong to that transactional id.";
    50 InvalidTransactionTimeout "INVALID_TRANSACTION_TIMEOUT" fatal
        "The transaction time-out is larger than the broker allows.";
    51 ConcurrentTransactions "CONCURRENT_TRANSACTIONS" retry
        "The previous transaction of this producer is not finished yet.";
    52 TransactionCoordinatorFenced "TRANSACTION_COORDINATOR_FENCED" fatal
        "A newer transaction coordinator has taken over.";
    53 TransactionalIdAuthorizationFailed "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" fatal
        "The client may not use this transactional id.";
    55 OperationNotAttempted "OPERATION_NOT_ATTEMPTED" fatal
        "The broker did not try, because another part of the request failed.";
    56 KafkaStorageError "KAFKA_STORAGE_ERROR" refresh
        "The broker's disk failed.";
    58 SaslAuthenticationFailed "SASL_AUTHENTICATION_FAILED" fatal
        "The client could not prove who it is.";
    59 UnknownProducerId "UNKNOWN_PRODUCER_ID" fatal
        "The broker has forgotten this producer.";
    60 ReassignmentInProgress "REASSIGNMENT_IN_PROGRESS" fatal
        "The partition is being moved already.";
    68 NonEmptyGroup "NON_EMPTY_GROUP" fatal
        "The group still has members.";
    69 GroupIdNotFound "GROUP_ID_NOT_FOUND" fatal
        "There is no such group.";
    70 FetchSessionIdNotFound "FETCH_SESSION_ID_NOT_FOUND" retry
        "The broker does not know this fetch session.";
    71 InvalidFetchSessionEpoch "INVALID_FETCH_SESSION_EPOCH" retry
        "The fetch session is at another epoch.";
    72 ListenerNotFound "LISTENER_NOT_FOUND" refresh
        "The leader has no listener of the kind this client uses.";
    73 TopicDeletionDisabled "TOPIC_DELETION_DISABLED" fatal
        "Deleting topics is switched off.";
    74 FencedLeaderEpoch "FENCED_LEADER_EPOCH" refresh
        "The client speaks of a leader epoch that is over.";
    75 UnknownLeaderEpoch "UNKNOWN_LEADER_EPOCH" retry
        "The client knows of a newer leader epoch than this broker.";
    76 UnsupportedCompressionType "UNSUPPORTED_COMPRESSION_TYPE" fatal
        "The codec is not supported here.";
    77 StaleBrokerEpoch "STALE_BROKER_EPOCH" fatal
        "The broker has registered again since it sent this.";
    78 OffsetNotAvailable "OFFSET_NOT_AVAILABLE" retry
        "The new leader does not know yet how far its log is committed.";
    79 MemberIdRequired "MEMBER_ID_REQUIRED" fatal
        "Join once more, with the member id that comes with this answer.";
    80 PreferredLeaderNotAvailable "PREFERRED_LEADER_NOT_AVAILABLE" refresh
        "The first replica of the list cannot lead now.";
    81 GroupMaxSizeReached "GROUP_MAX_SIZE_REACHED" fatal
        "The group has as many members as it may have.";
    82 FencedInstanceId "FENCED_INSTANCE_ID" fatal
        "Another member has taken over this group.instance.id.";
    83 EligibleLeadersNotAvailable "ELIGIBLE_LEADERS_NOT_AVAILABLE" refresh
        "No replica may lead the partition now.";
    84 ElectionNotNeeded "ELECTION_NOT_NEEDED" refresh
        "The partition is led by the right broker already.";
    85 NoReassignmentInProgress "NO_REASSIGNMENT_IN_PROGRESS" fatal
        "The partition is not being moved.";
    86 GroupSubscribedToTopic "GROUP_SUBSCRIBED_TO_TOPIC" fatal
        "The group still subscribes to that topic, so its offsets stay.";
    87 InvalidRecord "INVALID_RECORD" fatal
        "A record breaks a rule of the topic, for example has no key on a compacted one; the whole batch was refused.";
    88 UnstableOffsetCommit "UNSTABLE_OFFSET_COMMIT" retry
        "A transaction that commits these offsets is still open.";
    89 ThrottlingQuotaExceeded "THROTTLING_QUOTA_EXCEEDED" retry
        "The client is over its quota.";
    90 ProducerFenced "PRODUCER_FENCED" fatal
        "A newer producer with the same transactional id has taken over.";
    95 InvalidUpdateVersion "INVALID_UPDATE_VERSION" fatal
        "The partition has changed since the leader last heard of it.";
    100 UnknownTopicId "UNKNOWN_TOPIC_ID" refresh
        "This broker does not know a topic with that id.";
    101 DuplicateBrokerRegistration "DUPLICATE_BROKER_REGISTRATION" fatal
        "A broker with this id is registered and alive.";
    102 BrokerIdNotRegistered "BROKER_ID_NOT_REGISTERED" fatal
        "No broker with this id is registered.";
    103 InconsistentTopicId "INCONSISTENT_TOPIC_ID" refresh
        "The topic with that name has another id: it was created anew.";
    106 FetchSessionTopicIdError "FETCH_SESSION_TOPIC_ID_ERROR" retry
        "The fetch session mixed topic names and topic ids.";
    107 IneligibleReplica "INELIGIBLE_REPLICA" fatal
        "One of the proposed in-sync replicas is fenced or shutting down.";
    108 NewLeaderElected "NEW_LEADER_ELECTED" fatal
        "The change took effect, and another broker leads the partition now.";
    109 OffsetMovedToTieredStorage "OFFSET_MOVED_TO_TIERED_STORAGE" fatal
        "That part of the log is in tiered storage only.";
    110 FencedMemberEpoch "FENCED_MEMBER_EPOCH" fatal
        "The member's epoch is not the group's: drop everything and join again.";
    111 UnreleasedInstanceId "UNRELEASED_INSTANCE_ID" fatal
        "Another member still holds this group.instance.id.";
    112 UnsupportedAssignor "UNSUPPORTED_ASSIGNOR" fatal
        "The broker does not know that assignor.";
    113 StaleMemberEpoch "STALE_MEMBER_EPOCH" fatal
        "The member's epoch is behind: heartbeat and try again.";
    116 UnknownControllerId "UNKNOWN_CONTROLLER_ID" fatal
        "The quorum does not know that controller.";
    119 InvalidRegistration "INVALID_REGISTRATION" fatal
        "The broker's registration is not acceptable.";
    120 TransactionAbortable "TRANSACTION_ABORTABLE" fatal
        "The transaction can only be aborted now.";
    121 InvalidRecordState "INVALID_RECORD_STATE" fatal
        "The record is not acquired by this member (any more).";
    122 ShareSessionNotFound "SHARE_SESSION_NOT_FOUND" retry
        "The broker does not know this share session.";
    123 InvalidShareSessionEpoch "INVALID_SHARE_SESSION_EPOCH" retry
        "The share session is at another epoch.";
    124 FencedStateEpoch "FENCED_STATE_EPOCH" fatal
        "The share coordinator has seen a newer state epoch.";
    128 InvalidRegularExpression "INVALID_REGULAR_EXPRESSION" fatal
        "The subscription's pattern does not compile.";
    129 RebootstrapRequired "REBOOTSTRAP_REQUIRED" fatal
        "The client should start again from its bootstrap servers.";
    133 ShareSessionLimitReached "SHARE_SESSION_LIMIT_REACHED" retry
        "The broker has as many share sessions as it may have.";
}

impl core::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    /// The numbers whose exception class is retriable: reflection over Kafka 4.3's `Errors`.
    #[test]
    fn retriable_codes_are_those_of_kafka() {
        let retriable: Vec<i16> =
            ErrorCode::ALL.iter().filter(|e| e.is_retriable()).map(|e| e.code()).collect();
        assert_eq!(
            retriable,
            [
                2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80,
                83, 84, 88, 89, 100, 103, 106, 122, 123, 133
            ]
        );
    }
}
