//! Facts about a Redis server. The server emits them; `lab/` adds time, cause and node.

use super::{ConnectionId, Name, Tag};
use serde::{Deserialize, Serialize};

/// What happened inside a Redis server, in the past tense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedisFact {
    /// A client subscribed to a channel or a pattern.
    Subscribed {
        /// Who.
        client: ConnectionId,
        /// Channel or pattern, lossily decoded when it is not UTF-8.
        channel: Name,
        /// Whether it is a pattern (`PSUBSCRIBE`).
        pattern: bool,
    },
    /// A client left a channel or a pattern.
    Unsubscribed {
        /// Who.
        client: ConnectionId,
        /// Channel or pattern.
        channel: Name,
        /// Whether it is a pattern.
        pattern: bool,
    },
    /// A `PUBLISH` was carried out. The copies stand in [`RedisFact::Queued`].
    Published {
        /// The channel.
        channel: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// What `PUBLISH` answers: copies queued for delivery on this node.
        receivers: u32,
    },
    /// A copy was appended to a client's output buffer.
    Queued {
        /// Whose buffer.
        client: ConnectionId,
        /// The channel or pattern that matched.
        channel: Name,
        /// Whether a pattern matched.
        pattern: bool,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// The client's output buffer afterwards, in bytes as its limit counts them.
        buffered: u64,
    },
    /// A client's output went to its socket.
    Written {
        /// Whose.
        client: ConnectionId,
        /// Bytes that left.
        bytes: u64,
        /// What is left in the output buffer, in bytes.
        buffered: u64,
    },
    /// The server closed a client's connection.
    ClientClosed {
        /// Whose.
        client: ConnectionId,
        /// Why, in the words of Redis's log.
        reason: Name,
        /// The messages that were in its output buffer and are gone.
        lost: Vec<Tag>,
    },
    /// An entry was added to a stream.
    EntryAdded {
        /// The stream.
        key: Name,
        /// The entry's id, `ms-seq`.
        id: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// Entries in the stream afterwards.
        length: u64,
    },
    /// Entries were trimmed off a stream's head.
    Trimmed {
        /// The stream.
        key: Name,
        /// How many.
        removed: u64,
        /// Entries in the stream afterwards.
        length: u64,
    },
    /// A stream's entry was delivered to a consumer of a group.
    Delivered {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The consumer.
        consumer: Name,
        /// The entry's id.
        id: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// How often this entry has been delivered in this group.
        deliveries: u64,
        /// Whether it is pending until it is acknowledged; not with `NOACK`.
        pending: bool,
    },
    /// A pending entry was claimed by another consumer, or by the same one again.
    Claimed {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The new owner.
        consumer: Name,
        /// The entry's id.
        id: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// How often this entry has been delivered in this group.
        deliveries: u64,
    },
    /// A pending entry was acknowledged.
    Acknowledged {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The entry's id.
        id: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
    },
    /// A key expired and was deleted.
    Expired {
        /// The key.
        key: Name,
    },
    /// A key was evicted because memory was full.
    Evicted {
        /// The key.
        key: Name,
    },
    /// A client waits for a key (`BLPOP`, `XREAD BLOCK` and so on).
    Blocked {
        /// Who.
        client: ConnectionId,
    },
    /// A waiting client was served, or its time was up.
    Unblocked {
        /// Who.
        client: ConnectionId,
    },
    /// An element was pushed to a list.
    ElementPushed {
        /// The list.
        key: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// Whether it stands at the head now, else at the tail.
        head: bool,
        /// Elements in the list afterwards.
        length: u64,
    },
    /// An element was popped off a list and handed to a client.
    ElementPopped {
        /// The list.
        key: Name,
        /// To whom; none when the primary did it and this is a replica.
        client: Option<ConnectionId>,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// Elements in the list afterwards.
        length: u64,
    },
    /// An element was moved from one list to another (`LMOVE` and its like).
    ElementMoved {
        /// The list it was popped off.
        from: Name,
        /// The list it was pushed to.
        to: Name,
        /// The message, where it has a tag.
        tag: Option<Tag>,
        /// Whether it stands at the head of the second list now, else at its tail.
        to_head: bool,
        /// Elements in the first list afterwards.
        length: u64,
        /// Elements in the second list afterwards.
        to_length: u64,
    },
    /// Elements were removed from within a list (`LREM`, `LTRIM`).
    ElementsRemoved {
        /// The list.
        key: Name,
        /// How many.
        removed: u64,
        /// The messages among them.
        tags: Vec<Tag>,
        /// Elements in the list afterwards.
        length: u64,
    },
    /// An entry was deleted by its id (`XDEL`).
    EntryDeleted {
        /// The stream.
        key: Name,
        /// The entry's id.
        id: Name,
        /// Entries in the stream afterwards.
        length: u64,
    },
    /// A group was created on a stream.
    GroupCreated {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The id behind which it reads.
        id: Name,
    },
    /// A pending entry that its stream no longer holds was taken off the pending entries list.
    PendingDropped {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The entry's id.
        id: Name,
    },
    /// A stream or a list was deleted as a whole by a command.
    KeyDeleted {
        /// The key.
        key: Name,
    },
    /// A database was emptied: by a command, or by a replica before it loads its primary's.
    Flushed,
    /// A line typed at the server's `redis-cli` was answered.
    Replied {
        /// The line.
        line: Name,
        /// The answer as `redis-cli` prints it; its lines end in a line feed.
        reply: Name,
    },
    /// The replication stream went on: at a primary by what it wrote, at a replica by what it
    /// took. How far apart they are is the replica's lag in bytes.
    OffsetMoved {
        /// Offset of the replication stream.
        offset: u64,
    },
    /// Used memory changed noticeably since it was last told.
    MemoryChanged {
        /// `used_memory` in bytes.
        used: u64,
        /// `maxmemory` in bytes; 0 where there is no limit.
        most: u64,
    },
    /// The event loop's load changed noticeably since it was last told.
    LoopBusy {
        /// Thousandths of the last tenth of a second in which it worked; more than 1000 where it
        /// took up more work than it could do.
        per_mille: u32,
    },
    /// A replica was brought up to date and gets the stream of changes from now on.
    ReplicaSynced {
        /// The replica's connection.
        client: ConnectionId,
        /// Whether it got the whole data set; else it went on from the backlog.
        full: bool,
        /// Offset of the replication stream.
        offset: u64,
    },
    /// This replica's link to its primary came up or went down.
    LinkChanged {
        /// Whether it is up.
        up: bool,
        /// Offset of the replication stream that this replica has.
        offset: u64,
    },
    /// This server became a primary, or a replica.
    RoleChanged {
        /// Whether it is a primary now.
        primary: bool,
    },
    /// The limits of the output buffers of clients with subscriptions are no longer what was told
    /// of them last; before that they are Redis's own, `pubsub 32mb 8mb 60`.
    LimitsChanged {
        /// Hard limit in bytes; 0 for none.
        hard: u64,
        /// Soft limit in bytes; 0 for none.
        soft: u64,
        /// So many seconds may a buffer stay above the soft limit.
        soft_seconds: u64,
    },
    /// A group's bookmark (last-delivered id) was set without reading (`XGROUP SETID`, `XCLAIM`
    /// with `LASTID`).
    GroupMoved {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The id behind which it reads from now on.
        id: Name,
    },
    /// A group was destroyed, with its bookmark and its pending entries (`XGROUP DESTROY`).
    GroupDestroyed {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
    },
    /// A consumer was deleted from a group, with its pending entries (`XGROUP DELCONSUMER`).
    ConsumerDeleted {
        /// The stream.
        key: Name,
        /// The group.
        group: Name,
        /// The consumer.
        consumer: Name,
        /// Entries that were pending for it: nobody acknowledges them, nobody claims them.
        pending: u64,
    },
    /// A key holds what another one holds (`COPY`, `RENAME`); what it held before is gone.
    KeyCopied {
        /// The key with the stream or the list.
        from: Name,
        /// The key that holds the same now.
        to: Name,
    },
}
