//! What a server knows about one client.

use super::blocked::Blocked;
use super::config::ClientClass;
use super::output::OutputBuffer;
use super::resp::Version;
use super::transaction::{Multi, Watched};
use crate::event::Payload;
use crate::sim::Instant;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;
use std::sync::Arc;

/// A key, a channel, a pattern: any bytes.
pub(super) type Key = Arc<[u8]>;

/// Names in the order in which they were added.
pub(super) type Ordered<K, V> = IndexMap<K, V, FxBuildHasher>;

/// How far a client is on its way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Closing {
    /// It stays.
    #[default]
    No,
    /// Its replies still leave, nothing more is read (`CLIENT_CLOSE_AFTER_REPLY`).
    AfterReply,
    /// It goes at the end of the turn and gets nothing more (`CLIENT_CLOSE_ASAP`).
    Asap,
}

/// `CLIENT REPLY`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ReplyMode {
    /// Every command is answered.
    #[default]
    On,
    /// None is.
    Off,
    /// The next one is not (`SKIP` was just said).
    SkipNext,
    /// This one is not.
    Skip,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// What `CLIENT ID` answers; never used again.
    pub(super) id: u64,
    pub(super) name: Option<Payload>,
    pub(super) version: Version,
    pub(super) db: u32,
    /// Channel to the subscription's place in the channel's list.
    pub(super) channels: Ordered<Key, u64>,
    pub(super) patterns: Ordered<Key, u64>,
    pub(super) shard_channels: Ordered<Key, u64>,
    pub(super) output: OutputBuffer,
    /// What the kernel's buffers still take.
    pub(super) credit: u64,
    /// Requests that wait: the server is busy, or this client is blocked.
    pub(super) input: VecDeque<Vec<Payload>>,
    pub(super) closing: Closing,
    pub(super) close_reason: &'static str,
    pub(super) reply_mode: ReplyMode,
    /// When the output buffer went over its soft limit, in whole seconds.
    pub(super) soft_since: Option<u64>,
    pub(super) created: Instant,
    pub(super) last_interaction: Instant,
    pub(super) last_command: &'static str,
    pub(super) multi: Option<Multi>,
    pub(super) watched: Vec<Watched>,
    /// A watched key changed.
    pub(super) dirty_cas: bool,
    pub(super) blocked: Option<Blocked>,
    /// `CLIENT NO-EVICT on`
    pub(super) no_evict: bool,
    /// The other end is a replica that takes the replication stream.
    pub(super) is_replica: bool,
    /// The other end is the primary.
    pub(super) is_primary: bool,
    /// The port that the replica listens on.
    pub(super) replica_port: u16,
    /// When the replica last said how far it is.
    pub(super) acknowledged_at: Instant,
    /// How far the replica says that it has come.
    pub(super) acknowledged_offset: u64,
    /// The other end's address, as CLIENT LIST prints it.
    pub(super) address: String,
}

impl Client {
    /// Channels and patterns: what (P)SUBSCRIBE counts.
    pub(super) fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// Whether this client is in Pub/Sub mode (`CLIENT_PUBSUB`).
    pub(super) fn is_subscriber(&self) -> bool {
        self.subscriptions() + self.shard_channels.len() > 0
    }

    pub(super) fn class(&self) -> ClientClass {
        if self.is_primary {
            ClientClass::Primary
        } else if self.is_replica {
            ClientClass::Replica
        } else if self.is_subscriber() {
            ClientClass::PubSub
        } else {
            ClientClass::Normal
        }
    }

    /// Whether anything appended now would ever be sent (`prepareClientToWrite`).
    pub(super) fn accepts_output(&self, push: bool) -> bool {
        self.closing != Closing::Asap
            && (push || !matches!(self.reply_mode, ReplyMode::Off | ReplyMode::Skip))
    }
}
