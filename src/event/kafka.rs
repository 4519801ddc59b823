//! Facts about a Kafka cluster and its clients. Brokers and clients emit them; `lab/` adds time,
//! cause and node.

use super::{ConnectionId, Name, Tag, TopicPartition};
use crate::sim::Instant;
use serde::{Deserialize, Serialize};

/// What happened inside Kafka, in the past tense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KafkaFact {
    /// A topic was created.
    TopicCreated {
        /// Its name.
        topic: Name,
        /// How many partitions.
        partitions: u32,
        /// How many replicas each.
        replication_factor: u32,
    },
    /// A topic was given more partitions; keys may belong to others from now on.
    PartitionsAdded {
        /// Its name.
        topic: Name,
        /// How many it has now.
        partitions: u32,
    },
    /// A producer chose a partition by the key's hash.
    Partitioned {
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// The chosen partition.
        partition: TopicPartition,
        /// `murmur2` of the serialized key; none for a record without key.
        murmur2: Option<i32>,
        /// The number of partitions that the remainder was taken by.
        partitions: u32,
    },
    /// A record was appended to the leader's log.
    Appended {
        /// Which log.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
        /// The leader epoch stamped on its batch.
        leader_epoch: u32,
        /// Base offset of the segment it lies in.
        segment: u64,
        /// The record's bytes in the log.
        bytes: u32,
        /// The message, where it has a tag.
        tag: Option<Tag>,
    },
    /// Records up to here became visible to consumers.
    HighWatermarkMoved {
        /// Which log.
        partition: TopicPartition,
        /// The new high watermark.
        offset: u64,
    },
    /// Records before here are gone.
    LogStartMoved {
        /// Which log.
        partition: TopicPartition,
        /// The new log start offset.
        offset: u64,
        /// Why, in Kafka's words.
        reason: Name,
    },
    /// A follower appended what it had fetched from its leader.
    Replicated {
        /// Which log.
        partition: TopicPartition,
        /// Offset of the first record.
        offset: u64,
        /// The follower's log end offset afterwards.
        end_offset: u64,
    },
    /// A replica dropped the end of its log, because its leader's log goes on differently.
    LogTruncated {
        /// Which log.
        partition: TopicPartition,
        /// The log end offset afterwards.
        offset: u64,
        /// The copies that were dropped.
        lost: Vec<Tag>,
    },
    /// The controller saw a broker enter the cluster; it is fenced at first.
    BrokerRegistered {
        /// Its `node.id`.
        broker: u32,
        /// Its broker epoch.
        epoch: u64,
    },
    /// The controller took a broker for dead, or let it go: it leads nothing any more.
    BrokerFenced {
        /// Its `node.id`.
        broker: u32,
    },
    /// The controller lets a broker lead and be in sync.
    BrokerUnfenced {
        /// Its `node.id`.
        broker: u32,
    },
    /// The controller gave a partition a leader, or found none.
    LeaderElected {
        /// Which partition.
        partition: TopicPartition,
        /// `node.id` of the leader; none: nobody.
        leader: Option<u32>,
        /// The new leader epoch.
        leader_epoch: u32,
        /// Whether the leader may lack records that had been visible.
        unclean: bool,
    },
    /// The controller changed who is in sync.
    IsrChanged {
        /// Which partition.
        partition: TopicPartition,
        /// `node.id`s of the in-sync replicas.
        isr: Vec<u32>,
        /// `node.id`s of the eligible leader replicas: out of sync, yet certain to have every
        /// visible record.
        elr: Vec<u32>,
    },
    /// A consumer's position (the offset it will fetch next) was set without a fetch.
    PositionSet {
        /// The group.
        group: Name,
        /// Where.
        partition: TopicPartition,
        /// The next offset to fetch.
        offset: u64,
        /// Why: the committed offset, `auto.offset.reset`, a seek.
        reason: Name,
    },
    /// The coordinator stored a group's bookmark.
    Committed {
        /// The group.
        group: Name,
        /// Which partition.
        partition: TopicPartition,
        /// The committed offset: the next record to read.
        offset: u64,
    },
    /// A commit did not get through.
    CommitFailed {
        /// The group.
        group: Name,
        /// Which partition.
        partition: TopicPartition,
        /// The offset that was to be committed.
        offset: u64,
        /// Kafka's name of the error.
        error: Name,
    },
    /// A group moved to another state of the classic protocol.
    GroupChanged {
        /// The group.
        group: Name,
        /// `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`.
        state: Name,
        /// The generation.
        generation: u32,
    },
    /// A member was given partitions.
    Assigned {
        /// The group.
        group: Name,
        /// The member's id.
        member: Name,
        /// The generation.
        generation: u32,
        /// All that it owns now.
        partitions: Vec<TopicPartition>,
    },
    /// A member left a group or was removed.
    MemberRemoved {
        /// The group.
        group: Name,
        /// The member's id.
        member: Name,
        /// Why, in the words of the coordinator's log.
        reason: Name,
    },
    /// A coordinator that has just taken up a group read its bookmark from `__consumer_offsets`;
    /// it may be an older one than was committed last.
    BookmarkLoaded {
        /// The group.
        group: Name,
        /// Which partition.
        partition: TopicPartition,
        /// The committed offset.
        offset: u64,
    },
    /// The controller placed the replicas of a new partition (`PartitionRecord`).
    Placed {
        /// Which partition.
        partition: TopicPartition,
        /// `node.id`s of the brokers that keep it; the preferred leader first.
        replicas: Vec<u32>,
        /// `node.id` of its first leader.
        leader: Option<u32>,
        /// `node.id`s of those in sync: the ones that were alive.
        isr: Vec<u32>,
    },
    /// A consumer stopped fetching a partition that it owns.
    FetchPaused {
        /// Which partition.
        partition: TopicPartition,
        /// Until when, where that is known: a record's back-off.
        until: Option<Instant>,
    },
    /// It goes on.
    FetchResumed {
        /// Which partition.
        partition: TopicPartition,
    },
    /// A configuration was changed at run time.
    ConfigChanged {
        /// `topic orders` or `broker 1`.
        of: Name,
        /// The configuration's name.
        name: Name,
        /// Its value from now on.
        value: Name,
    },
    /// The application got records from `poll` and works on them.
    PollReturned {
        /// How many records.
        records: u32,
        /// It has to poll again by then, or leaves its group (`max.poll.interval.ms`).
        until: Instant,
    },
    /// The coordinator heard of a member, or answered its join or sync: its session begins anew.
    SessionExtended {
        /// The group.
        group: Name,
        /// The member's id.
        member: Name,
        /// It has to be heard of again by then, or is removed (`session.timeout.ms`).
        until: Instant,
    },
    /// A member went on to the next phase of a rebalance.
    PhaseChanged {
        /// The group.
        group: Name,
        /// The member's id; empty before it has one.
        member: Name,
        /// The phase.
        phase: RebalancePhase,
    },
    /// A leader's log began a new segment.
    SegmentRolled {
        /// Which log.
        partition: TopicPartition,
        /// Base offset of the new segment.
        base_offset: u64,
        /// The segment that was closed.
        closed: ClosedSegment,
    },
    /// A leader's log deleted a whole segment.
    SegmentDeleted {
        /// Which log.
        partition: TopicPartition,
        /// The segment.
        segment: ClosedSegment,
    },
    /// A producer will send a batch again.
    ProduceRetried {
        /// Where to.
        partition: TopicPartition,
        /// Kafka's name of the error.
        error: Name,
        /// How often it has been sent so far.
        attempts: u32,
        /// The copies in it.
        tags: Vec<Tag>,
    },
    /// A consumer learned from a new leader that the log was cut back behind what it had read
    /// (KIP-320).
    TruncationDetected {
        /// The group.
        group: Name,
        /// Which log.
        partition: TopicPartition,
        /// Its position.
        position: u64,
        /// The first offset at which the log is known to differ; none: the leader cannot tell.
        diverges: Option<u64>,
    },
    /// A broker could not take records that were sent with `acks=0`. It owes no answer, so it
    /// closes the connection instead.
    ProduceDropped {
        /// Where to.
        partition: TopicPartition,
        /// Kafka's name of the error.
        error: Name,
        /// The copies that are nowhere.
        tags: Vec<Tag>,
    },
    /// A broker holds a consumer's fetch back, because less has come than it asked for
    /// (`fetch.min.bytes`). One that waits for its first byte is not told.
    FetchHeld {
        /// The consumer's connection.
        connection: ConnectionId,
        /// Bytes that it could get now.
        bytes: u32,
        /// Bytes that it wants (`fetch.min.bytes`).
        min_bytes: u32,
        /// It is answered by then with what there is (`fetch.max.wait.ms`).
        until: Instant,
    },
    /// An application's `poll()` threw. It is told once, until the consumer has a position again.
    PollFailed {
        /// The group.
        group: Name,
        /// Which partition it was about; none: the group.
        partition: Option<TopicPartition>,
        /// Kafka's name of the exception, or of the error code.
        error: Name,
        /// What is wrong, for the reader; no capital letter, no full stop.
        reason: Name,
    },
    /// A broker leads a partition from now on, or again after a restart, with the log that it has:
    /// what it knows of its predecessor's may lag behind (`Partition#makeLeader`).
    LeadTaken {
        /// Which log.
        partition: TopicPartition,
        /// The leader epoch.
        leader_epoch: u32,
        /// Its log start offset.
        start: u64,
        /// Its high watermark.
        high_watermark: u64,
        /// Its log end offset.
        end: u64,
    },
}

/// Where a member is in a rebalance, as it sees it itself. That it gave its partitions up, or got
/// them, is told by [`KafkaFact::Assigned`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RebalancePhase {
    /// It asked to join; the coordinator waits for the others.
    Joining,
    /// It waits for its assignment.
    Syncing,
    /// It has its assignment and reads.
    Resumed,
}

/// A segment that takes no more records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedSegment {
    /// The offset that it begins with.
    pub base_offset: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// The largest timestamp of its first batch in ms, which `segment.ms` goes by; none while it
    /// is empty.
    pub first_timestamp: Option<i64>,
    /// The largest timestamp of its records in ms, which `retention.ms` goes by.
    pub largest_timestamp: i64,
}
