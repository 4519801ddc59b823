//! Facts about Kafka, in words.

use super::{Words, capital, count};
use crate::event::{KafkaFact, NodeId, RebalancePhase};

impl Words<'_> {
    pub(super) fn kafka(&self, node: NodeId, fact: &KafkaFact) -> String {
        match fact {
            KafkaFact::TopicCreated { topic, partitions, replication_factor } => format!(
                "Topic {topic} was created: {}, {} each.",
                count(*partitions as usize, "partition"),
                count(*replication_factor as usize, "replica")
            ),
            KafkaFact::PartitionsAdded { topic, partitions } => {
                format!("Topic {topic} has {} now.", count(*partitions as usize, "partition"))
            }
            KafkaFact::Placed { partition, replicas, leader, .. } => {
                let of = if replicas.len() == 1 { "broker" } else { "brokers" };
                let all: Vec<String> = replicas.iter().map(u32::to_string).collect();
                let leads =
                    leader.map_or_else(|| "nobody leads".into(), |id| format!("{id} leads"));
                format!("{partition} was placed on {of} {}; {leads}.", all.join(", "))
            }
            KafkaFact::Replicated { partition, offset, end_offset } => {
                let node = self.node(node);
                format!("{node} copied {partition} from {offset} up to {end_offset}.")
            }
            KafkaFact::LogTruncated { partition, offset, lost } => {
                let node = self.node(node);
                if lost.is_empty() {
                    format!("{node} cut its log of {partition} back to {offset}.")
                } else {
                    let lost = self.messages(lost);
                    format!(
                        "{node} cut its log of {partition} back to {offset} and dropped {lost}."
                    )
                }
            }
            KafkaFact::BrokerRegistered { broker, epoch } => {
                format!("Broker {broker} registered with the controller, epoch {epoch}.")
            }
            KafkaFact::BrokerFenced { broker } => {
                format!("The controller fenced broker {broker}: it leads nothing any more.")
            }
            KafkaFact::BrokerUnfenced { broker } => {
                format!("The controller lets broker {broker} lead and be in sync.")
            }
            KafkaFact::LeaderElected { partition, leader: None, leader_epoch, .. } => {
                format!("Nobody leads {partition} now, leader epoch {leader_epoch}.")
            }
            KafkaFact::LeaderElected { partition, leader: Some(id), leader_epoch, unclean } => {
                let how =
                    if *unclean { ", though it may lack records (unclean election)" } else { "" };
                format!("Broker {id} leads {partition} now, leader epoch {leader_epoch}{how}.")
            }
            KafkaFact::IsrChanged { partition, isr, elr } => {
                let list = |ids: &[u32]| {
                    let all: Vec<String> = ids.iter().map(u32::to_string).collect();
                    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
                };
                let in_sync = format!("In sync for {partition}: {}", list(isr));
                if elr.is_empty() {
                    format!("{in_sync}.")
                } else {
                    format!("{in_sync}; may lead nevertheless: {}.", list(elr))
                }
            }
            KafkaFact::Partitioned { tag, partition, murmur2: Some(hash), partitions } => format!(
                "{} goes to {partition}: murmur2 of its key is {hash}, modulo {partitions}.",
                capital(&self.tagged(*tag))
            ),
            KafkaFact::Partitioned { tag, partition, .. } => {
                format!("{} without key goes to {partition}.", capital(&self.tagged(*tag)))
            }
            KafkaFact::Appended { partition, offset, tag, .. } => {
                let (node, message) = (self.node(node), self.tagged(*tag));
                format!("{node} appended {message} to {partition} at offset {offset}.")
            }
            KafkaFact::HighWatermarkMoved { partition, offset } => {
                format!("{partition} is visible up to {offset} (high watermark).")
            }
            KafkaFact::LogStartMoved { partition, offset, reason } => {
                format!("{partition} now starts at {offset}: {reason}.")
            }
            KafkaFact::PositionSet { group, partition, offset, reason } => {
                format!("{group} will read {partition} from {offset}: {reason}.")
            }
            KafkaFact::Committed { group, partition, offset } => {
                format!("The bookmark of {group} in {partition} is {offset} (committed offset).")
            }
            KafkaFact::BookmarkLoaded { group, partition, offset } => {
                let node = self.node(node);
                format!("{node} takes up {group}: its bookmark in {partition} is {offset}.")
            }
            KafkaFact::CommitFailed { group, partition, offset, error } => {
                format!("{group} could not commit {offset} in {partition}: {error}.")
            }
            KafkaFact::GroupChanged { group, state, generation } => {
                format!("Group {group} is {state}, generation {generation}.")
            }
            KafkaFact::Assigned { group, member, generation, partitions } => {
                let all: Vec<String> = partitions.iter().map(ToString::to_string).collect();
                let all = if all.is_empty() { "no partition".to_owned() } else { all.join(", ") };
                let member = self.member(member);
                format!("{member} of group {group} got {all} in generation {generation}.")
            }
            KafkaFact::FetchPaused { partition, until: Some(until) } => {
                format!("{} fetches no {partition} until {until}.", self.node(node))
            }
            KafkaFact::FetchPaused { partition, until: None } => {
                format!("{} fetches no {partition} until it is told to.", self.node(node))
            }
            KafkaFact::FetchResumed { partition } => {
                format!("{} fetches {partition} again.", self.node(node))
            }
            KafkaFact::ConfigChanged { of, name, value } => {
                format!("Configuration of {of}: {name} is {value} from now on.")
            }
            KafkaFact::PollReturned { records, until } => format!(
                "{} got {} from poll() and has until {until} to poll again.",
                self.node(node),
                count(*records as usize, "record")
            ),
            KafkaFact::SessionExtended { group, member, until } => {
                let member = self.member(member);
                format!("{member} of group {group} was heard of; its session lasts to {until}.")
            }
            KafkaFact::PhaseChanged { group, member, phase } => {
                let member = if member.is_empty() { self.node(node) } else { self.member(member) };
                match phase {
                    RebalancePhase::Joining => format!("{member} asked to join group {group}."),
                    RebalancePhase::Syncing => {
                        format!("{member} waits for its assignment in group {group}.")
                    }
                    RebalancePhase::Resumed => format!("{member} reads on in group {group}."),
                }
            }
            KafkaFact::SegmentRolled { partition, base_offset, closed } => format!(
                "{partition} began a segment at {base_offset}; the one from {} is closed.",
                closed.base_offset
            ),
            KafkaFact::SegmentDeleted { partition, segment } => format!(
                "{partition} deleted its segment from {}, {} bytes.",
                segment.base_offset, segment.bytes
            ),
            KafkaFact::LeadTaken { partition, leader_epoch, high_watermark, end, .. } => format!(
                "{} leads {partition} in leader epoch {leader_epoch}: its log ends at {end}, its \
                 high watermark is {high_watermark}.",
                self.node(node)
            ),
            KafkaFact::ProduceRetried { partition, error, attempts, .. } => format!(
                "{} will send a batch to {partition} again: {error}, attempt {attempts}.",
                self.node(node)
            ),
            KafkaFact::TruncationDetected { group, partition, position, diverges } => {
                let since = diverges.map_or_else(
                    || "nobody can tell from where on".to_owned(),
                    |offset| format!("it differs from {offset} on"),
                );
                format!(
                    "{group} had read {partition} up to {position}, and the log was cut back \
                     since: {since}."
                )
            }
            KafkaFact::ProduceDropped { partition, error, tags } => format!(
                "{} did not take {} to {partition}: {error}. It owes no answer (acks=0) and \
                 closes the connection.",
                capital(&self.node(node)),
                self.messages(tags)
            ),
            KafkaFact::FetchHeld { connection, bytes, min_bytes, until } => format!(
                "{} holds the fetch of {} back: {bytes} of {min_bytes} bytes are there \
                 (fetch.min.bytes); it answers at {until} (fetch.max.wait.ms) at the latest.",
                capital(&self.node(node)),
                self.client(*connection)
            ),
            KafkaFact::PollFailed { error, reason, .. } => {
                format!("poll() of {} threw {error}: {reason}.", self.node(node))
            }
            KafkaFact::MemberRemoved { group, member, reason } => {
                format!("{} left group {group}: {reason}.", self.member(member))
            }
        }
    }
}
