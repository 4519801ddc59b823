//! The facts that a lesson may wait for, by the names it calls them by.

use super::Trigger;
use crate::event::{KafkaFact, LabFact, NodeId, NodeState, RedisFact, TopicPartition, What};

/// Name and meaning of every fact that a lesson may name.
pub(super) const NAMES: &[(&str, &str)] = &[
    ("connected", "a connection was opened; of: client or server"),
    ("disconnected", "a connection ended"),
    ("sent", "an application sent a message; of: producer or key"),
    ("received", "a client took a message from its connection; of: client"),
    ("handled", "a handler finished with a message; of: consumer"),
    ("repeated", "a handler finished with a message that its party had handled; of: consumer"),
    ("replayed", "a handler finished with a message again after a seek, a reset or a redrive"),
    ("handlingFailed", "a handler failed on a message; of: consumer"),
    ("retryScheduled", "a copy went to a retry topic; of: consumer or topic"),
    ("deadLettered", "a copy went to a dead-letter topic; of: consumer or topic"),
    ("givenUp", "a failed message was logged and passed over; of: consumer"),
    ("redriven", "a dead letter went back to its topic; of: topic"),
    ("removed", "a process ended in good order; of: node"),
    ("discarded", "an application threw a repeat away; of: consumer"),
    ("crashed", "a process crashed; of: node"),
    ("paused", "a process was paused; of: node"),
    ("started", "a process runs (again); of: node"),
    ("subscribed", "a client subscribed; of: channel or pattern"),
    ("unsubscribed", "a client left; of: channel or pattern"),
    ("published", "a PUBLISH was carried out; of: channel"),
    ("publishedToNobody", "a PUBLISH answered 0; of: channel"),
    ("queued", "a copy went into a client's output buffer; of: channel or pattern"),
    ("clientClosed", "a Redis server closed a client's connection; of: the reason"),
    ("entryAdded", "an entry was added to a stream or a list; of: key"),
    ("streamTrimmed", "entries were trimmed; of: key"),
    ("entryDelivered", "an entry went to a member of a stream group; of: key, group or consumer"),
    ("entryClaimed", "a member took over a pending entry; of: key, group or consumer"),
    ("entryAcknowledged", "an entry was acknowledged; of: key or group"),
    ("elementPopped", "an element was popped off a list for a client; of: key"),
    ("elementMoved", "an element was moved to another list; of: either key"),
    ("groupCreated", "a group was created on a stream; of: key or group"),
    ("groupMoved", "a stream group's bookmark was set without reading; of: key or group"),
    ("groupDestroyed", "a stream's group was destroyed; of: key or group"),
    ("consumerDeleted", "a consumer was deleted from a group; of: key, group or consumer"),
    ("keyCopied", "a stream or a list was copied or renamed; of: either key"),
    ("blocked", "a client began to wait for a key"),
    ("replied", "a line typed at a Redis server was answered; of: the line, or the answer"),
    ("fullResync", "a replica was sent its primary's whole data set"),
    ("partialResync", "a replica was sent what it had missed"),
    ("linkUp", "a replica's link to its primary came up"),
    ("linkDown", "a replica's link to its primary went down"),
    ("promoted", "a Redis replica became a primary"),
    ("demoted", "a Redis primary became a replica"),
    ("loopBusy", "the load of a Redis server's event loop changed"),
    ("loopFull", "it has more work than time"),
    ("memoryChanged", "the memory that a Redis server uses changed"),
    ("limitsChanged", "the limits of a Redis server's output buffers changed"),
    ("keyDeleted", "a stream or a list was deleted; of: key"),
    ("flushed", "a Redis server's data set was emptied"),
    ("keyExpired", "a key's time was up; of: key"),
    ("keyEvicted", "a key was evicted from memory; of: key"),
    ("partitioned", "a producer chose a partition; of: topic or partition"),
    ("partitionsAdded", "partitions were added; of: topic"),
    ("replicated", "a follower has records up to here; of: topic or partition"),
    ("logTruncated", "a log lost records to its leader; of: topic or partition"),
    ("leaderElected", "a partition has another leader, or none; of: topic or partition"),
    ("uncleanElection", "a replica that was not in sync became leader; of: topic or partition"),
    ("leadTaken", "a broker leads a partition with the log that it has; of: topic or partition"),
    ("isrChanged", "the in-sync replicas changed; of: topic or partition"),
    ("commitFailed", "a commit did not get through; of: group, topic or partition"),
    ("assigned", "a member was given partitions; of: group or member"),
    ("memberRemoved", "a member left a group or was removed; of: group or member"),
    ("appended", "a record was appended; of: topic or partition (orders-0)"),
    ("highWatermarkMoved", "records became visible; of: topic or partition"),
    ("logStartMoved", "records were deleted; of: topic or partition"),
    ("positionSet", "a consumer's position was set; of: group, topic or partition"),
    ("committed", "a group's bookmark was stored; of: group, topic or partition"),
    ("fetchPaused", "a consumer stopped fetching; of: topic or partition"),
    ("fetchResumed", "it goes on; of: topic or partition"),
    ("configChanged", "a configuration was changed; of: its name"),
    ("segmentRolled", "a new segment began; of: topic or partition"),
    ("segmentDeleted", "a whole segment was deleted; of: topic or partition"),
    (
        "truncationDetected",
        "a consumer learned that a log was cut back; of: group, topic or partition",
    ),
    ("pollFailed", "poll() of a consumer threw; of: group, topic, partition or the exception"),
    (
        "produceDropped",
        "a broker could not take what was sent with acks=0; of: topic, partition or error",
    ),
    ("fetchHeld", "a broker holds a fetch back for fetch.min.bytes"),
    ("produceRetried", "a producer will send a batch again; of: topic, partition or error"),
    ("rebalanced", "a group became Stable; of: group"),
];

/// A fact by its name, with what it names.
pub(super) struct Fact<'a> {
    name: &'static str,
    nodes: [Option<NodeId>; 2],
    names: [Option<&'a str>; 3],
    partition: Option<&'a TopicPartition>,
}

impl Fact<'_> {
    /// Whether it is one that the trigger waits for.
    pub(super) fn matches<'n>(
        &self,
        trigger: &Trigger,
        node: impl Fn(NodeId) -> Option<&'n str>,
    ) -> bool {
        let is = |name: &str| {
            self.names.iter().flatten().any(|known| *known == name)
                || self.nodes.iter().flatten().any(|id| node(*id) == Some(name))
                || self.partition.is_some_and(|p| *p.topic == *name || p.to_string() == name)
        };
        self.name == &*trigger.fact && trigger.of.as_deref().is_none_or(is)
    }
}

fn fact(name: &'static str) -> Fact<'static> {
    Fact { name, nodes: [None; 2], names: [None; 3], partition: None }
}

fn by_node(name: &'static str, node: NodeId) -> Fact<'static> {
    Fact { nodes: [Some(node), None], ..fact(name) }
}

fn by_name<'a>(name: &'static str, of: &'a str) -> Fact<'a> {
    Fact { names: [Some(of), None, None], ..fact(name) }
}

fn by_names<'a>(name: &'static str, of: [&'a str; 3]) -> Fact<'a> {
    Fact { names: of.map(Some), ..fact(name) }
}

fn at<'a>(name: &'static str, partition: &'a TopicPartition) -> Fact<'a> {
    Fact { partition: Some(partition), ..fact(name) }
}

/// The name of what happened; none when lessons have no name for it.
pub(super) fn of(what: &What) -> Option<Fact<'_>> {
    Some(match what {
        What::Lab(of) => match of {
            LabFact::Connected { client, server, .. } => {
                Fact { nodes: [Some(*client), Some(*server)], ..fact("connected") }
            }
            LabFact::Disconnected { .. } => fact("disconnected"),
            LabFact::Sent { producer, key, .. } => {
                Fact { names: [key.as_deref(), None, None], ..by_node("sent", *producer) }
            }
            LabFact::Received { node, .. } => by_node("received", *node),
            LabFact::Handled { node, repeated: true, .. } => by_node("repeated", *node),
            LabFact::Handled { node, replayed: true, .. } => by_node("replayed", *node),
            LabFact::Handled { node, .. } => by_node("handled", *node),
            LabFact::HandlingFailed { node, .. } => by_node("handlingFailed", *node),
            LabFact::RetryScheduled { node, topic, .. } => {
                Fact { names: [Some(topic), None, None], ..by_node("retryScheduled", *node) }
            }
            LabFact::DeadLettered { node, topic, .. } => {
                Fact { names: [Some(topic), None, None], ..by_node("deadLettered", *node) }
            }
            LabFact::GivenUp { node, .. } => by_node("givenUp", *node),
            LabFact::Redriven { topic, .. } => by_name("redriven", topic),
            LabFact::NodeRemoved { node } => by_node("removed", *node),
            LabFact::Discarded { node, .. } => by_node("discarded", *node),
            LabFact::NodeChanged { node, state } => match state {
                NodeState::Running => by_node("started", *node),
                NodeState::Paused => by_node("paused", *node),
                NodeState::Crashed => by_node("crashed", *node),
            },
            _ => return None,
        },
        What::Redis { fact: of, .. } => match of {
            RedisFact::Subscribed { channel, .. } => by_name("subscribed", channel),
            RedisFact::Unsubscribed { channel, .. } => by_name("unsubscribed", channel),
            RedisFact::Published { channel, receivers: 0, .. } => {
                by_name("publishedToNobody", channel)
            }
            RedisFact::Published { channel, .. } => by_name("published", channel),
            RedisFact::Queued { channel, .. } => by_name("queued", channel),
            RedisFact::ClientClosed { reason, .. } => by_name("clientClosed", reason),
            RedisFact::EntryAdded { key, .. } | RedisFact::ElementPushed { key, .. } => {
                by_name("entryAdded", key)
            }
            RedisFact::ElementPopped { key, .. } => by_name("elementPopped", key),
            RedisFact::ElementMoved { from, to, .. } => by_names("elementMoved", [from, to, to]),
            RedisFact::GroupCreated { key, group, .. } => {
                by_names("groupCreated", [key, group, group])
            }
            RedisFact::Replied { line, reply } => {
                by_names("replied", [line, line, reply.trim_end()])
            }
            RedisFact::ReplicaSynced { full, .. } => {
                fact(if *full { "fullResync" } else { "partialResync" })
            }
            RedisFact::LinkChanged { up, .. } => fact(if *up { "linkUp" } else { "linkDown" }),
            RedisFact::RoleChanged { primary } => {
                fact(if *primary { "promoted" } else { "demoted" })
            }
            RedisFact::LoopBusy { per_mille: 1_000.. } => fact("loopFull"),
            RedisFact::LoopBusy { .. } => fact("loopBusy"),
            RedisFact::MemoryChanged { .. } => fact("memoryChanged"),
            RedisFact::LimitsChanged { .. } => fact("limitsChanged"),
            RedisFact::Blocked { .. } => fact("blocked"),
            RedisFact::KeyDeleted { key } => by_name("keyDeleted", key),
            RedisFact::Flushed => fact("flushed"),
            RedisFact::Trimmed { key, .. } => by_name("streamTrimmed", key),
            RedisFact::Delivered { key, group, consumer, .. } => {
                by_names("entryDelivered", [key, group, consumer])
            }
            RedisFact::Claimed { key, group, consumer, .. } => {
                by_names("entryClaimed", [key, group, consumer])
            }
            RedisFact::Acknowledged { key, group, .. } => {
                by_names("entryAcknowledged", [key, group, group])
            }
            RedisFact::GroupMoved { key, group, .. } => by_names("groupMoved", [key, group, group]),
            RedisFact::GroupDestroyed { key, group } => {
                by_names("groupDestroyed", [key, group, group])
            }
            RedisFact::ConsumerDeleted { key, group, consumer, .. } => {
                by_names("consumerDeleted", [key, group, consumer])
            }
            RedisFact::KeyCopied { from, to } => by_names("keyCopied", [from, to, to]),
            RedisFact::Expired { key } => by_name("keyExpired", key),
            RedisFact::Evicted { key } => by_name("keyEvicted", key),
            _ => return None,
        },
        What::Kafka { fact: of, .. } => match of {
            KafkaFact::Appended { partition, .. } => at("appended", partition),
            KafkaFact::HighWatermarkMoved { partition, .. } => at("highWatermarkMoved", partition),
            KafkaFact::LogStartMoved { partition, .. } => at("logStartMoved", partition),
            KafkaFact::Partitioned { partition, .. } => at("partitioned", partition),
            KafkaFact::PartitionsAdded { topic, .. } => by_name("partitionsAdded", topic),
            KafkaFact::Replicated { partition, .. } => at("replicated", partition),
            KafkaFact::LogTruncated { partition, .. } => at("logTruncated", partition),
            KafkaFact::LeaderElected { partition, unclean: true, .. } => {
                at("uncleanElection", partition)
            }
            KafkaFact::LeaderElected { partition, .. } => at("leaderElected", partition),
            KafkaFact::LeadTaken { partition, .. } => at("leadTaken", partition),
            KafkaFact::IsrChanged { partition, .. } => at("isrChanged", partition),
            KafkaFact::CommitFailed { group, partition, .. } => {
                Fact { partition: Some(partition), ..by_name("commitFailed", group) }
            }
            KafkaFact::Assigned { group, member, .. } => {
                by_names("assigned", [group, member, member])
            }
            KafkaFact::MemberRemoved { group, member, .. } => {
                by_names("memberRemoved", [group, member, member])
            }
            KafkaFact::PositionSet { group, partition, .. } => {
                Fact { partition: Some(partition), ..by_name("positionSet", group) }
            }
            KafkaFact::Committed { group, partition, .. } => {
                Fact { partition: Some(partition), ..by_name("committed", group) }
            }
            KafkaFact::FetchPaused { partition, .. } => at("fetchPaused", partition),
            KafkaFact::FetchResumed { partition } => at("fetchResumed", partition),
            KafkaFact::ConfigChanged { name, .. } => by_name("configChanged", name),
            KafkaFact::SegmentRolled { partition, .. } => at("segmentRolled", partition),
            KafkaFact::SegmentDeleted { partition, .. } => at("segmentDeleted", partition),
            KafkaFact::ProduceRetried { partition, error, .. } => {
                Fact { partition: Some(partition), ..by_name("produceRetried", error) }
            }
            KafkaFact::TruncationDetected { group, partition, .. } => {
                Fact { partition: Some(partition), ..by_name("truncationDetected", group) }
            }
            KafkaFact::ProduceDropped { partition, error, .. } => {
                Fact { partition: Some(partition), ..by_name("produceDropped", error) }
            }
            KafkaFact::FetchHeld { .. } => fact("fetchHeld"),
            KafkaFact::PollFailed { group, partition, error, .. } => {
                let names = by_names("pollFailed", [group, error, error]);
                Fact { partition: partition.as_ref(), ..names }
            }
            KafkaFact::GroupChanged { group, state, .. } if **state == *"Stable" => {
                by_name("rebalanced", group)
            }
            _ => return None,
        },
        _ => return None,
    })
}
