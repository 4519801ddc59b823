//! What the systems' own tools are asked, and what they print.

use super::{Configured, ConnectionId, Name, NodeId, TopicPartition};

/// A question to the tools of a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All that is known of a process: `INFO`, `CLIENT LIST` and `PUBSUB` of a Redis server, its
    /// own line of `CLIENT LIST` for a client, the group of a consumer, the configuration of
    /// whatever has one.
    Node(NodeId),
    /// A key or a channel of a Redis server.
    Key(NodeId, Name),
    /// A Redis server's view of one connection.
    Connection(ConnectionId),
    /// `kafka-consumer-groups.sh --describe`
    Group(Name),
    /// `kafka-topics.sh --describe`
    Topic(Name),
    /// `kafka-configs.sh --describe --all`
    Config(Configured),
    /// `CONFIG GET *` of a Redis server.
    RedisConfig(Name),
}

/// What a tool printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The command, as a person would type it.
    pub command: String,
    /// The columns' names; none where each row is a name and its value.
    pub columns: &'static [&'static str],
    /// The rows.
    pub rows: Vec<PrintedRow>,
}

/// A row of what a tool printed.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PrintedRow {
    /// What it is about, where that stands on the stage too.
    pub of: Option<PrintedOf>,
    /// A text for each column; for a name and its value two.
    pub cells: Vec<String>,
    /// A setting that cannot be changed while the process runs: why not.
    pub fixed: Option<&'static str>,
}

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrintedOf {
    /// A connection.
    Connection(ConnectionId),
    /// A partition.
    Partition(TopicPartition),
}
