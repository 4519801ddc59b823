//! Every event as one plain sentence, in the words of the systems' own documentation.

use super::Timeline;
use crate::event::{
    Action, Cargo, CloseReason, CommitPoint, ConnectionId, Course, Event, Failure, Hop, KafkaFact,
    LabFact, MessageId, Name, NodeId, NodeKind, NodeState, PartyId, RedisFact, Standing, System,
    Tag, TopicPartition, What,
};
use crate::sim::Span;

/// The event in words, with the names that the timeline knows. One sentence, with its full stop.
pub fn sentence(timeline: &Timeline, event: &Event) -> String {
    let words = Words(timeline);
    match &event.what {
        What::Departed(hop) => words.departed(event, hop),
        What::Ruled(ruling) => {
            let hop = timeline.hop(ruling.hop);
            let what = hop.map_or_else(|| "something under way".to_owned(), |h| words.cargo(h));
            match ruling.course {
                Course::Arrives(at) => format!("Will arrive at {at}: {what}."),
                Course::Held => format!("Held up by an interrupted link: {what}."),
                Course::Lost => format!("Gone with its connection: {what}."),
            }
        }
        What::Lab(fact) => words.lab(fact),
        What::Redis { node, fact } => words.redis(*node, fact),
        What::Kafka { node, fact } => words.kafka(*node, fact),
    }
}

/// What a person did, in the past tense and short: `billing unplugged`.
pub fn done(action: &Action) -> String {
    match action {
        Action::AddController { name }
        | Action::AddRedis { name, .. }
        | Action::AddBroker { name, .. }
        | Action::AddProducer { name, .. }
        | Action::AddSubscriber { name, .. }
        | Action::AddConsumer { name, .. } => format!("{name} added"),
        Action::CreateTopic { name, partitions, .. } => {
            format!("topic {name} created with {}", count(*partitions as usize, "partition"))
        }
        Action::AddPartitions { topic, partitions } => {
            format!("{topic} given {}", count(*partitions as usize, "partition"))
        }
        Action::SetRate { producer, per_kilosecond: 0 } => format!("{producer} stopped"),
        Action::SetRate { producer, per_kilosecond } => {
            format!("{producer} set to {}", rate(*per_kilosecond))
        }
        Action::SendOne { producer } => format!("{producer} told to send one"),
        Action::SetWork { consumer, takes } => format!("{consumer} set to {takes} a message"),
        Action::Burst { producer, messages } => {
            format!("{producer} told to send {}", count(*messages as usize, "message"))
        }
        Action::SetVariance { consumer, per_cent } => {
            format!("processing time of {consumer} varies by {per_cent} %")
        }
        Action::SetFailure { consumer, fails } => match fails {
            Failure::Never => format!("handler of {consumer} mended"),
            Failure::Key(key) => format!("handler of {consumer} fails on key {key}"),
            Failure::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!("handler of {consumer} fails on {}", numbers.join(", "))
            }
            Failure::Chance(ppm) => {
                format!("handler of {consumer} fails {ppm} in a million times")
            }
        },
        Action::SetCommit { consumer, commit } => match commit {
            CommitPoint::AfterWork => format!("{consumer} commits after its work"),
            CommitPoint::BeforeWork => format!("{consumer} commits before its work"),
        },
        Action::SetDeduplication { consumer, on: true } => format!("{consumer} remembers"),
        Action::SetDeduplication { consumer, on: false } => format!("{consumer} forgets"),
        Action::AddAccount { consumer, .. } => format!("account of {consumer} opened"),
        Action::Seek { consumer, partition, offset } => {
            format!("{consumer} sent to {offset} in {partition}")
        }
        Action::CloseConnection { client, server } => {
            format!("connection of {client} to {server} closed")
        }
        Action::Unplug { consumer } => format!("{consumer} unplugged"),
        Action::PlugIn { consumer } => format!("{consumer} plugged in"),
        Action::Crash { node } => format!("{node} crashed"),
        Action::Restart { node } => format!("{node} restarted"),
        Action::Pause { node } => format!("{node} paused"),
        Action::Resume { node } => format!("{node} resumed"),
        Action::Interrupt { node } => format!("link of {node} interrupted"),
        Action::Heal { node } => format!("link of {node} healed"),
        Action::SetLatency { node, latency } => format!("latency of {node} set to {latency}"),
    }
}

/// A rate as people say it: `5 / s`, `30 / min`.
pub fn rate(per_kilosecond: u32) -> String {
    match per_kilosecond {
        0 => "stopped".to_owned(),
        n if n % 1_000 == 0 => format!("{} / s", n / 1_000),
        n if n < 1_000 && n * 60 % 1_000 == 0 => format!("{} / min", n * 60 / 1_000),
        n => {
            let text = format!("{}.{:03}", n / 1_000, n % 1_000);
            format!("{} / s", text.trim_end_matches('0'))
        }
    }
}

/// `1 message`, `2 messages`, in English.
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

struct Words<'a>(&'a Timeline);

impl Words<'_> {
    fn node(&self, id: NodeId) -> Name {
        self.0.node(id).map_or_else(|| format!("node {}", id.0).into(), |node| node.name.clone())
    }

    fn party(&self, id: PartyId) -> Name {
        self.0.party(id).map_or_else(|| format!("party {}", id.0).into(), |p| p.name.clone())
    }

    fn client(&self, id: ConnectionId) -> Name {
        match self.0.wire(id) {
            Some(wire) => self.node(wire.client),
            None => format!("client {}", id.0).into(),
        }
    }

    fn message(&self, id: MessageId) -> String {
        let number = self.0.message(id).map_or(id.0, |message| u64::from(message.number));
        format!("message {number}")
    }

    fn tagged(&self, tag: Option<Tag>) -> String {
        tag.map_or_else(|| "a message".to_owned(), |tag| self.message(tag.message))
    }

    fn messages(&self, tags: &[Tag]) -> String {
        let number = |tag: &Tag| match self.0.message(tag.message) {
            Some(message) => message.number.to_string(),
            None => tag.message.0.to_string(),
        };
        match tags {
            [] => "nothing".to_owned(),
            [one] => self.message(one.message),
            [first, .., last] => {
                format!("{} messages ({} to {})", tags.len(), number(first), number(last))
            }
        }
    }

    fn departed(&self, event: &Event, hop: &Hop) -> String {
        let (from, to) = (self.node(hop.from), self.node(hop.to));
        let what = self.cargo(hop);
        let tail = match hop.course {
            Course::Arrives(at) => format!("; it takes {}", at.since(event.at)),
            Course::Held => "; the link is interrupted, so it waits".to_owned(),
            Course::Lost => "; it is lost with its connection".to_owned(),
        };
        format!("{from} to {to}: {what}{tail}.")
    }

    /// What a hop carries, as a phrase.
    fn cargo(&self, hop: &Hop) -> String {
        match &hop.cargo {
            Cargo::RedisSend { command, target } => {
                format!("{command} {target} with {}", self.messages(&hop.tags))
            }
            Cargo::RedisPush { channel } => {
                format!("{} pushed from channel {channel}", self.messages(&hop.tags))
            }
            Cargo::RedisCommand { command } => command.to_string(),
            Cargo::RedisReply { text } => format!("the answer {text}"),
            Cargo::Produce { partition } => {
                format!("Produce to {partition} with {}", self.messages(&hop.tags))
            }
            Cargo::ProduceAnswer { partition, error: Some(error), .. } => {
                format!("{partition} refused: {error}")
            }
            Cargo::ProduceAnswer { partition, base_offset: Some(offset), .. } => {
                format!("stored in {partition} at offset {offset}")
            }
            Cargo::ProduceAnswer { partition, .. } => format!("answer from {partition}"),
            Cargo::Fetch { from } => format!("Fetch: what is at {}?", places(from)),
            Cargo::Fetched { error: Some(error), .. } => format!("Fetch refused: {error}"),
            Cargo::Fetched { from, .. } if hop.tags.is_empty() => {
                if from.is_empty() {
                    "nothing new".to_owned()
                } else {
                    format!("nothing new at {}", places(from))
                }
            }
            Cargo::Fetched { from, .. } => {
                format!("{} from {}", self.messages(&hop.tags), places(from))
            }
            Cargo::Replicate { partition, offset, answer: false } => {
                format!("follower asks for {partition} from {offset}")
            }
            Cargo::Replicate { partition, offset, answer: true } => {
                format!("{partition} from {offset} for a follower")
            }
            Cargo::OffsetCommit { group, offsets } => {
                format!("OffsetCommit for {group}: next is {}", places(offsets))
            }
            Cargo::KafkaRequest { api } => api.to_string(),
            Cargo::KafkaAnswer { api, error: Some(error) } => format!("{api} refused: {error}"),
            Cargo::KafkaAnswer { api, .. } => format!("answer to {api}"),
        }
    }

    fn lab(&self, fact: &LabFact) -> String {
        match fact {
            LabFact::Commanded(action) => format!("You: {}.", done(action)),
            LabFact::NodeAdded { kind, name, system, .. } => {
                let kind = match kind {
                    NodeKind::Producer => "Producer",
                    NodeKind::RedisServer => "Redis server",
                    NodeKind::Broker => "Kafka broker",
                    NodeKind::Controller => "Kafka controller",
                    NodeKind::Subscriber => "Redis subscriber",
                    NodeKind::Consumer => "Kafka consumer",
                };
                match system {
                    None => format!("{kind} {name} was added; it feeds both systems."),
                    Some(_) => format!("{kind} {name} was added."),
                }
            }
            LabFact::NodeChanged { node, state } => {
                let state = match state {
                    NodeState::Running => "runs",
                    NodeState::Paused => "is paused",
                    NodeState::Crashed => "has crashed; its memory is gone",
                };
                format!("{} {state}.", self.node(*node))
            }
            LabFact::PartyAdded { name, system, .. } => match system {
                System::Redis => format!("From now on {name} should get what is published."),
                System::Kafka => format!("From now on group {name} should get every record."),
            },
            LabFact::RateSet { node, per_kilosecond } => {
                format!("{} sends at {}.", self.node(*node), rate(*per_kilosecond))
            }
            LabFact::Connected { client, server, .. } => {
                format!("{} connected to {}.", self.node(*client), self.node(*server))
            }
            LabFact::Disconnected { connection, reason } => {
                let reason = match reason {
                    CloseReason::Unplugged => "the plug was pulled",
                    CloseReason::ProcessGone => "a process on one end is gone",
                    CloseReason::ByPerson => "you closed it",
                    CloseReason::ByServer => "the server closed it",
                    CloseReason::ByClient => "the client closed it",
                };
                let server = self.0.wire(*connection).map(|wire| self.node(wire.server));
                let server = server.map_or_else(String::new, |server| format!(" to {server}"));
                let client = self.client(*connection);
                format!("The connection of {client}{server} closed: {reason}.")
            }
            LabFact::Sent { message, producer, key, bytes, .. } => {
                let key = key.as_ref().map_or_else(|| "without key".into(), |k| format!("key {k}"));
                let (producer, message) = (self.node(*producer), self.message(*message));
                format!("{producer} sent {message}, {key}, {bytes} bytes.")
            }
            LabFact::Received { node, tag } => {
                format!("{} received {}.", self.node(*node), self.message(tag.message))
            }
            LabFact::HandlingBegan { node, tag, takes } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                if *takes == Span::ZERO {
                    format!("{node} began to work on {message}.")
                } else {
                    format!("{node} began to work on {message}; it takes {takes}.")
                }
            }
            LabFact::HandlingFailed { node, tag, attempt } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                format!("{node} failed on {message}, attempt {attempt}.")
            }
            LabFact::Discarded { node, tag } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                format!("{node} had handled {message} before and threw the repeat away.")
            }
            LabFact::Charged { party, message, expected, actual } => {
                let (party, message) = (self.party(*party), self.message(*message));
                format!("{party} charged for {message}: {actual} of {expected} expected.")
            }
            LabFact::Handled { node, tag, repeated, .. } => {
                let (node, message) = (self.node(*node), self.message(tag.message));
                let again = if *repeated { " again" } else { "" };
                format!("{node} handled {message}{again}.")
            }
            LabFact::Stands { message, party, standing, .. } => {
                let (message, party) = (capital(&self.message(*message)), self.party(*party));
                match standing {
                    Standing::OnItsWay => format!("{message} is on its way to {party}."),
                    Standing::Waiting => format!("{message} waits for {party}."),
                    Standing::Delivered => format!("{message} has arrived at {party}."),
                    Standing::Parked => format!("{message} is parked for {party}."),
                    Standing::Lost(reason) => {
                        format!("{message} is lost to {party}: {}.", reason.words())
                    }
                    Standing::Refused => format!("{message} was refused; its sender got an error."),
                }
            }
        }
    }

    fn redis(&self, node: NodeId, fact: &RedisFact) -> String {
        let node = self.node(node);
        match fact {
            RedisFact::Subscribed { client, channel, pattern } => {
                let what = if *pattern { "pattern" } else { "channel" };
                format!("{} subscribed to {what} {channel} on {node}.", self.client(*client))
            }
            RedisFact::Unsubscribed { client, channel, pattern } => {
                let what = if *pattern { "pattern" } else { "channel" };
                format!("{} left {what} {channel} on {node}.", self.client(*client))
            }
            RedisFact::Published { channel, tag, receivers } => {
                let message = self.tagged(*tag);
                format!(
                    "{node} published {message} on {channel} to {}.",
                    count(*receivers as usize, "receiver")
                )
            }
            RedisFact::Queued { client, tag, buffered, .. } => format!(
                "{node} put {} into the output buffer of {} ({buffered} bytes).",
                self.tagged(*tag),
                self.client(*client)
            ),
            RedisFact::Written { client, bytes, buffered } => format!(
                "{node} wrote {bytes} bytes to {}; {buffered} left in its output buffer.",
                self.client(*client)
            ),
            RedisFact::ClientClosed { client, reason, lost } => {
                let client = self.client(*client);
                if lost.is_empty() {
                    format!("{node} closed the connection of {client}: {reason}.")
                } else {
                    let lost = self.messages(lost);
                    format!("{node} closed the connection of {client}: {reason}; lost: {lost}.")
                }
            }
            RedisFact::EntryAdded { key, id, tag, length } => format!(
                "{node} added {} to stream {key} as {id}; it holds {}.",
                self.tagged(*tag),
                entries(*length)
            ),
            RedisFact::Trimmed { key, removed, length } => format!(
                "{node} trimmed {} off stream {key}; it holds {}.",
                entries(*removed),
                entries(*length)
            ),
            RedisFact::Delivered { key, group, consumer, id, tag, deliveries } => format!(
                "{node} delivered {} ({key} {id}) to {consumer} of {group}: delivery {deliveries}.",
                self.tagged(*tag)
            ),
            RedisFact::Claimed { key, group, consumer, id, tag, deliveries } => format!(
                "{consumer} of {group} claimed {} ({key} {id}): delivery {deliveries}.",
                self.tagged(*tag)
            ),
            RedisFact::Acknowledged { key, group, id, tag } => {
                format!("{group} acknowledged {} ({key} {id}).", self.tagged(*tag))
            }
            RedisFact::Expired { key } => format!("Key {key} expired on {node}."),
            RedisFact::Evicted { key } => {
                format!("{node} evicted key {key}: memory was full.")
            }
            RedisFact::Blocked { client } => {
                format!("{} waits for a key on {node}.", self.client(*client))
            }
            RedisFact::Unblocked { client } => {
                format!("{} waits no longer.", self.client(*client))
            }
            RedisFact::ReplicaSynced { client, full, offset } => {
                let how = if *full { "the whole data set" } else { "what it missed" };
                format!("{node} sent {} {how}, up to {offset}.", self.client(*client))
            }
            RedisFact::LinkChanged { up: true, offset } => {
                format!("{node} is linked to its primary at {offset}.")
            }
            RedisFact::LinkChanged { offset, .. } => {
                format!("{node} lost its primary at {offset}.")
            }
            RedisFact::RoleChanged { primary } => {
                format!("{node} is a {} now.", if *primary { "primary" } else { "replica" })
            }
        }
    }

    fn kafka(&self, node: NodeId, fact: &KafkaFact) -> String {
        match fact {
            KafkaFact::TopicCreated { topic, partitions, replication_factor } => format!(
                "Topic {topic} was created: {}, {} each.",
                count(*partitions as usize, "partition"),
                count(*replication_factor as usize, "replica")
            ),
            KafkaFact::PartitionsAdded { topic, partitions } => {
                format!("Topic {topic} has {} now.", count(*partitions as usize, "partition"))
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
            KafkaFact::CommitFailed { group, partition, offset, error } => {
                format!("{group} could not commit {offset} in {partition}: {error}.")
            }
            KafkaFact::GroupChanged { group, state, generation } => {
                format!("Group {group} is {state}, generation {generation}.")
            }
            KafkaFact::Assigned { group, member, generation, partitions } => {
                let all: Vec<String> = partitions.iter().map(ToString::to_string).collect();
                let all = if all.is_empty() { "no partition".to_owned() } else { all.join(", ") };
                format!("{member} of group {group} got {all} in generation {generation}.")
            }
            KafkaFact::MemberRemoved { group, member, reason } => {
                format!("{member} left group {group}: {reason}.")
            }
        }
    }
}

/// Partitions with offsets: `orders-0 from 20`.
fn places(from: &[(TopicPartition, u64)]) -> String {
    let all: Vec<String> = from.iter().map(|(place, at)| format!("{at} in {place}")).collect();
    if all.is_empty() { "the log's end".to_owned() } else { all.join(", ") }
}

/// How many entries, in words.
fn entries(number: u64) -> String {
    if number == 1 { "1 entry".into() } else { format!("{number} entries") }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
