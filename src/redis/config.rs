//! The server's settings, named as in redis.conf, with Redis's defaults.

use super::cost::CostTable;
use super::keyspace::Limits;
use crate::sim::SortedMap;

/// The class that decides which limit on the output buffer applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientClass {
    /// Clients without subscriptions.
    Normal,
    /// Links to replicas.
    Replica,
    /// The link to the primary; its limit is that of normal clients.
    Primary,
    /// Clients with at least one subscription.
    PubSub,
}

/// One class of `client-output-buffer-limit`. Zero switches a limit off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferLimit {
    /// Closes the client at once, in bytes.
    pub hard: u64,
    /// Closes the client when it stays above, in bytes.
    pub soft: u64,
    /// How long it may stay above `soft`, in seconds.
    pub soft_seconds: u64,
}

/// Settings of one server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Unix time in milliseconds of the run's start; entry ids and `TIME` need it.
    pub epoch_ms: u64,
    /// Bytes that the kernel's buffers between server and client take before the output buffer
    /// grows. On loopback some 2.7 MB were measured.
    pub socket_buffer: u64,
    /// What commands cost; none means that they take no virtual time.
    pub cost: Option<CostTable>,
    /// `databases`
    pub databases: u32,
    /// `maxclients`
    pub maxclients: u32,
    /// `timeout` in seconds; 0 is off.
    pub timeout: u64,
    /// `hz`
    pub hz: u32,
    /// `maxmemory` in bytes; 0 is off.
    pub maxmemory: u64,
    /// `maxmemory-policy`
    pub maxmemory_policy: String,
    /// `maxmemory-samples`
    pub maxmemory_samples: u32,
    /// `maxmemory-clients` in bytes; 0 is off.
    pub maxmemory_clients: u64,
    /// `min-replicas-to-write`
    pub min_replicas_to_write: u32,
    /// `min-replicas-max-lag` in seconds.
    pub min_replicas_max_lag: u64,
    /// `repl-backlog-size` in bytes.
    pub repl_backlog_size: u64,
    /// `replica-read-only`
    pub replica_read_only: bool,
    /// `replica-serve-stale-data`
    pub replica_serve_stale_data: bool,
    /// `proto-max-bulk-len` in bytes.
    pub proto_max_bulk_len: u64,
    /// `enable-debug-command`
    pub debug_commands: bool,
    /// `notify-keyspace-events`, as bits.
    pub notify: u32,
    /// The address that clients connect to, as CLIENT LIST prints it.
    pub address: String,
    /// Settings that are kept as text.
    pub texts: SortedMap<&'static str, String>,
    /// `client-output-buffer-limit normal`
    pub limit_normal: BufferLimit,
    /// `client-output-buffer-limit replica`
    pub limit_replica: BufferLimit,
    /// `client-output-buffer-limit pubsub`
    pub limit_pubsub: BufferLimit,
}

impl Default for Config {
    /// The defaults of Redis 7.0 (config.c).
    fn default() -> Self {
        Self {
            epoch_ms: 0,
            socket_buffer: 2_700_000,
            cost: None,
            databases: 16,
            maxclients: 10_000,
            timeout: 0,
            hz: 10,
            maxmemory: 0,
            maxmemory_policy: "noeviction".into(),
            maxmemory_samples: 5,
            maxmemory_clients: 0,
            min_replicas_to_write: 0,
            min_replicas_max_lag: 10,
            repl_backlog_size: 1 << 20,
            replica_read_only: true,
            replica_serve_stale_data: true,
            proto_max_bulk_len: 512 << 20,
            debug_commands: false,
            notify: 0,
            address: "127.0.0.1:6379".into(),
            texts: SortedMap::new(),
            limit_normal: BufferLimit { hard: 0, soft: 0, soft_seconds: 0 },
            limit_replica: BufferLimit { hard: 256 << 20, soft: 64 << 20, soft_seconds: 60 },
            limit_pubsub: BufferLimit { hard: 32 << 20, soft: 8 << 20, soft_seconds: 60 },
        }
    }
}

impl Config {
    /// The limit of a class.
    pub fn limit(&self, class: ClientClass) -> BufferLimit {
        match class {
            ClientClass::Normal | ClientClass::Primary => self.limit_normal,
            ClientClass::Replica => self.limit_replica,
            ClientClass::PubSub => self.limit_pubsub,
        }
    }

    /// What the keyspace needs of the settings.
    pub(super) fn keyspace_limits(&self) -> Limits {
        let number = |name| self.number(name).max(0) as u64;
        Limits {
            stream_node_max_bytes: number("stream-node-max-bytes"),
            stream_node_max_entries: number("stream-node-max-entries"),
            hash_max_listpack_entries: number("hash-max-listpack-entries"),
            hash_max_listpack_value: number("hash-max-listpack-value"),
            zset_max_listpack_entries: number("zset-max-listpack-entries"),
            zset_max_listpack_value: number("zset-max-listpack-value"),
            set_max_intset_entries: number("set-max-intset-entries"),
        }
    }
}
