//! What a person can do, in the imperative. A lesson's topology is a list of these too.
//!
//! Nodes are named, not numbered: a name stands for the same thing in a lesson file, in a link
//! and on screen. A consumer that stands in both lanes has one name and one plug.

use super::{Name, TopicPartition};
use crate::sim::{Instant, SortedMap, Span};
use serde::{Deserialize, Serialize};

/// Settings by the real system's own names, with their values as text: `linger.ms` = `0`. What
/// is not named keeps the real system's default.
pub type Settings = SortedMap<Name, Name>;

/// Something a person did, at an instant of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// When, in virtual time.
    pub at: Instant,
    /// What.
    pub action: Action,
}

/// What a person can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Adds a Redis server.
    AddRedis {
        /// Its name.
        name: Name,
        /// What differs from the defaults, by the names of `redis.conf`.
        config: Settings,
    },
    /// Adds a KRaft controller on a machine of its own (`process.roles=controller`). Without one
    /// the first broker is the controller as well.
    AddController {
        /// Its name.
        name: Name,
    },
    /// Adds a Kafka broker.
    AddBroker {
        /// Its name.
        name: Name,
        /// What differs from the defaults, by the names of `server.properties`.
        config: Settings,
    },
    /// Creates a topic on the brokers.
    CreateTopic {
        /// Its name.
        name: Name,
        /// How many partitions.
        partitions: u32,
        /// How many replicas of each (`--replication-factor`).
        replicas: u32,
        /// What differs from the defaults, by Kafka's topic configurations.
        config: Settings,
    },
    /// Gives a topic more partitions; records that are there stay where they are.
    AddPartitions {
        /// The topic.
        topic: Name,
        /// How many it shall have.
        partitions: u32,
    },
    /// Adds a producer that feeds one or both systems with the same messages.
    AddProducer {
        /// Its name.
        name: Name,
        /// The topic it sends to; in Redis the channel, stream or list of the same name.
        topic: Name,
        /// How its messages travel.
        carriers: Vec<Carrier>,
        /// What and how often it sends.
        load: Load,
        /// What differs from the defaults, by Kafka's producer configurations; `maxlen` is
        /// `XADD`'s: `1000`, or `~ 1000`; with `pipeline` = `false` its Redis client waits for
        /// each answer before it sends the next command.
        config: Settings,
    },
    /// Adds a Redis client that subscribes, and with it a party.
    AddSubscriber {
        /// Its name.
        name: Name,
        /// Channels for `SUBSCRIBE`.
        channels: Vec<Name>,
        /// Patterns for `PSUBSCRIBE`.
        patterns: Vec<Name>,
        /// How long its handler works on a message.
        takes: Span,
        /// The server it connects to, for example a replica; none for the primary, whichever
        /// that is.
        server: Option<Name>,
    },
    /// Adds a Kafka consumer. The first of a group adds the party.
    AddConsumer {
        /// Its name.
        name: Name,
        /// Its consumer group.
        group: Name,
        /// Topics for `subscribe`.
        topics: Vec<Name>,
        /// How long its handler works on a record.
        takes: Span,
        /// What differs from the defaults, by Kafka's consumer configurations.
        config: Settings,
    },
    /// Changes how often a producer sends.
    SetRate {
        /// The producer's name.
        producer: Name,
        /// Messages in a thousand seconds; 0 stops it.
        per_kilosecond: u32,
    },
    /// Sends one message now, besides the producer's rate.
    SendOne {
        /// The producer's name.
        producer: Name,
    },
    /// Changes how long a consumer's handler works on a message, in every lane it stands in.
    SetWork {
        /// The consumer's name.
        consumer: Name,
        /// Time a message takes.
        takes: Span,
    },
    /// Sends several messages at once, besides the producer's rate.
    Burst {
        /// The producer's name.
        producer: Name,
        /// How many.
        messages: u32,
    },
    /// Lets a consumer's processing time vary.
    SetVariance {
        /// The consumer's name.
        consumer: Name,
        /// Up to so many per cent more or less than `takes`, at most 100.
        per_cent: u8,
    },
    /// Makes a consumer's handler fail.
    SetFailure {
        /// The consumer's name.
        consumer: Name,
        /// On which messages.
        fails: Failure,
    },
    /// Chooses when a consumer's application commits (`enable.auto.commit=false`).
    SetCommit {
        /// The consumer's name.
        consumer: Name,
        /// When.
        commit: CommitPoint,
    },
    /// Lets a consumer's application remember what it has handled and throw repeats away.
    SetDeduplication {
        /// The consumer's name.
        consumer: Name,
        /// Whether it does.
        on: bool,
    },
    /// Gives a consumer an account table outside both systems, to which its handler adds a fixed
    /// amount for each message.
    AddAccount {
        /// The consumer's name, in every lane it stands in.
        consumer: Name,
        /// What each message is worth, in the smallest unit of the currency.
        amount: u32,
    },
    /// Sets a consumer's position in one partition (`KafkaConsumer#seek`).
    Seek {
        /// The consumer's name.
        consumer: Name,
        /// Which partition.
        partition: TopicPartition,
        /// The next offset to read.
        offset: u64,
    },
    /// Closes the connections between two nodes; clients open new ones by themselves.
    CloseConnection {
        /// A client's name.
        client: Name,
        /// A server's name.
        server: Name,
    },
    /// Pulls a consumer's plug: its connections close in every lane and stay closed.
    Unplug {
        /// The consumer's name.
        consumer: Name,
    },
    /// Puts the plug back: the consumer connects again.
    PlugIn {
        /// The consumer's name.
        consumer: Name,
    },
    /// Kills a process: its memory and its connections are gone.
    Crash {
        /// The node's name; in every lane it stands in.
        node: Name,
    },
    /// Starts a crashed process again.
    Restart {
        /// The node's name.
        node: Name,
    },
    /// Stops a process where it is (SIGSTOP); its machine keeps its connections.
    Pause {
        /// The node's name.
        node: Name,
    },
    /// Lets a paused process go on.
    Resume {
        /// The node's name.
        node: Name,
    },
    /// Cuts the path between a node and the servers: what is sent waits.
    Interrupt {
        /// The node's name.
        node: Name,
    },
    /// Heals the path again: what waited arrives, in order.
    Heal {
        /// The node's name.
        node: Name,
    },
    /// Changes how long the path between a node and the servers takes.
    SetLatency {
        /// The node's name.
        node: Name,
        /// One way.
        latency: Span,
    },
    /// Adds a client that reads a Redis stream. The first of a group adds the party, which is
    /// owed everything behind the group's start; without a group the reader is a party itself.
    AddStreamReader {
        /// Its name; in a group the consumer's name.
        name: Name,
        /// The stream's key.
        stream: Name,
        /// Its group for `XREADGROUP`; none for plain `XREAD`.
        group: Option<Name>,
        /// How long its handler works on an entry.
        takes: Span,
        /// What differs from the defaults: `count` (all), `block` in milliseconds (2000 in a
        /// group, else 0: for ever), `noack` (no), `start` (`0` in a group, else `$`),
        /// `min-idle-time` in milliseconds before it claims what is pending (60000; 0: it claims
        /// nothing), `max-deliveries` before it parks an entry in `<stream>-dlq` (0: any number).
        config: Settings,
    },
    /// Adds a client that pops a Redis list. All workers of a list are one party.
    AddListWorker {
        /// Its name.
        name: Name,
        /// The list's key.
        list: Name,
        /// How long its handler works on an element.
        takes: Span,
        /// Whether it keeps each element in a processing list while it works on it (`BLMOVE`,
        /// then `LREM`); else it pops it (`BRPOP`).
        safe: bool,
    },
    /// Adds a Redis server that is a replica of another one.
    AddReplica {
        /// Its name.
        name: Name,
        /// The server it replicates.
        of: Name,
        /// What differs from the defaults, by the names of `redis.conf`.
        config: Settings,
    },
    /// Makes a replica the primary, as Redis Sentinel does it: `REPLICAOF NO ONE` there; the
    /// other servers are told to follow it, and so are the clients.
    Promote {
        /// The replica's name.
        node: Name,
    },
    /// Types one line at a Redis server's `redis-cli`.
    Console {
        /// The server's name.
        server: Name,
        /// The line, with words quoted as `redis-cli` reads them.
        line: Name,
    },
    /// Fills a Redis server's memory with a value that nobody reads.
    FillMemory {
        /// The server's name.
        server: Name,
        /// How many bytes more.
        bytes: u64,
    },
    /// Lets a producer's Redis client wait so long for an answer and then send again. A copy of
    /// what had arrived after all is a second message to Redis.
    SetPublishRetry {
        /// The producer's name.
        producer: Name,
        /// How long it waits; zero for ever, as without this.
        timeout: Span,
        /// How often it sends again, before its application gets an error.
        retries: u32,
    },
    /// Chooses what a consumer's application does with a record that its handler failed on. What
    /// it needs for that (topics, listeners that read them) is set up with it.
    SetErrorHandling {
        /// The consumer's name.
        consumer: Name,
        /// What it does.
        handling: ErrorHandling,
    },
    /// Starts a tool that reads a dead-letter topic and sends its records back to the topics they
    /// came from.
    Redrive {
        /// The dead-letter topic.
        topic: Name,
        /// How many records, at the most.
        most: u32,
    },
    /// Moves a group's committed offsets (`kafka-consumer-groups.sh --reset-offsets`). The group
    /// must be without active members.
    ResetOffsets {
        /// The group.
        group: Name,
        /// In all partitions of this topic.
        topic: Name,
        /// Where to.
        to: ResetTo,
    },
    /// Sets a consumer's position to the first record that was sent at this time or later
    /// (`KafkaConsumer#offsetsForTimes`, then `seek`); to the end where there is none.
    SeekToTime {
        /// The consumer's name.
        consumer: Name,
        /// Which partition.
        partition: TopicPartition,
        /// When.
        at: Instant,
    },
    /// Stops a consumer from fetching a partition that it owns (`KafkaConsumer#pause`).
    PausePartition {
        /// The consumer's name.
        consumer: Name,
        /// Which partition.
        partition: TopicPartition,
    },
    /// Lets it go on (`KafkaConsumer#resume`).
    ResumePartition {
        /// The consumer's name.
        consumer: Name,
        /// Which partition.
        partition: TopicPartition,
    },
    /// Asks the controller for an election (`kafka-leader-election.sh`).
    ElectLeader {
        /// Which partition.
        partition: TopicPartition,
        /// Whether a replica that is not in sync may lead (`--election-type unclean`); else the
        /// preferred one is wanted.
        unclean: bool,
    },
    /// Changes the configuration of a topic or a broker at run time (`kafka-configs.sh --alter`).
    AlterConfig {
        /// Of which.
        of: Configured,
        /// What changes, by Kafka's names.
        config: Settings,
    },
    /// Ends a process in good order; its name is free then. A consumer leaves its group, a broker
    /// hands over what it leads, a subscriber unsubscribes, a producer sends what it still has.
    Remove {
        /// The node's name; in every lane it stands in.
        node: Name,
    },
    /// Cuts the path between two nodes: what is sent waits.
    InterruptBetween {
        /// A node's name.
        one: Name,
        /// Another's.
        other: Name,
    },
    /// Heals it again: what waited arrives, in order.
    HealBetween {
        /// A node's name.
        one: Name,
        /// Another's.
        other: Name,
    },
    /// Gives a consumer partitions by hand (`KafkaConsumer#assign`): it leaves its group's
    /// rebalancing, and reads and commits on its own.
    Assign {
        /// The consumer's name.
        consumer: Name,
        /// What it reads from now on.
        partitions: Vec<TopicPartition>,
    },
    /// Lets a producer name the partition of each record, whatever its key (`ProducerRecord`).
    SetPartition {
        /// The producer's name.
        producer: Name,
        /// The partition; none lets the partitioner choose again.
        partition: Option<u32>,
    },
    /// Chooses how a consumer's application deals with the records that a poll returned.
    SetHandling {
        /// The consumer's name.
        consumer: Name,
        /// How.
        handling: Handling,
    },
}

/// How a producer's messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Carrier {
    /// `PUBLISH` on a Redis channel.
    PubSub,
    /// A Kafka topic.
    Kafka,
    /// `XADD` to a Redis stream.
    Stream,
    /// `LPUSH` to a Redis list.
    List,
}

impl Carrier {
    /// The ways through Redis.
    pub const REDIS: [Self; 3] = [Self::PubSub, Self::Stream, Self::List];
}

/// What a producer sends, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Messages in a thousand seconds; 5 a second are 5000.
    pub per_kilosecond: u32,
    /// Which keys.
    pub keys: Keys,
    /// Bytes of each value.
    pub bytes: u32,
}

/// How a producer chooses keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Keys {
    /// Records without key.
    None,
    /// These, one after another, from the start again after the last.
    Cycle(Vec<Name>),
    /// These, each equally likely.
    Random(Vec<Name>),
    /// These; the first gets half of all, the second half of the rest, and so on.
    Skewed(Vec<Name>),
}

/// On which messages a handler fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// On none.
    Never,
    /// On those with this key.
    Key(Name),
    /// On those whose producer's numbers are these: poison.
    Numbers(Vec<u32>),
    /// On each attempt with a chance of so many in a million.
    Chance(u32),
}

/// When an application commits the offsets of what it polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CommitPoint {
    /// After it has handled what a poll returned: a crash repeats.
    AfterWork,
    /// Before it begins with it: a crash loses.
    BeforeWork,
}

/// Where a group's committed offsets are moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ResetTo {
    /// The log start offset (`--to-earliest`).
    Earliest,
    /// The end (`--to-latest`).
    Latest,
    /// This offset, kept within what the log has (`--to-offset`).
    Offset(u64),
    /// The first record sent at this time or later (`--to-datetime`).
    Time(Instant),
}

/// What has a configuration that can be changed at run time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Configured {
    /// A topic, by its name.
    Topic(Name),
    /// A broker, by its node's name.
    Broker(Name),
}

/// How an application deals with the records that a poll returned.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Handling {
    /// It handles them in the thread that polls, one after the other, then polls again.
    #[default]
    Synchronous,
    /// It hands them to another thread and polls again at once: what is committed may not have
    /// been handled.
    HandsOver,
    /// It handles them in the thread that polls and catches every error: what failed counts as
    /// done.
    SwallowsErrors,
}

/// What an application does with a record that its handler failed on, as Spring for Apache Kafka
/// does it. `attempts` count every try, the first one included.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum ErrorHandling {
    /// Tries again each second until it works; what lies behind the record waits.
    #[default]
    BlockForEver,
    /// Tries again in place, then logs the record and passes over it (`DefaultErrorHandler`).
    Block {
        /// Between two attempts.
        interval: Span,
        /// How often it tries.
        attempts: u32,
    },
    /// Logs the record and passes over it at once.
    Skip,
    /// Tries again in place, then sends a copy to `<topic>-dlt`
    /// (`DeadLetterPublishingRecoverer`).
    DeadLetter {
        /// Between two attempts.
        interval: Span,
        /// How often it tries.
        attempts: u32,
    },
    /// Sends a copy to a retry topic whose listener waits for it, and in the end to
    /// `<topic>-dlt` (`@RetryableTopic`): nothing blocks, the order of a key is lost.
    RetryTopics {
        /// How often it tries.
        attempts: u32,
        /// Before the second attempt.
        delay: Span,
        /// Each further wait is so many times the one before, 30 s at the most.
        multiplier: u32,
    },
}

/// Why an action was refused: it would change nothing, or names something that is not there.
/// Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// One sentence for the reader.
    pub reason: String,
}

impl core::fmt::Display for Refusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl core::error::Error for Refusal {}
