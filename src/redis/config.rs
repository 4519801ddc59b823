//! The server's settings, named as in redis.conf, with Redis's defaults.

use super::cost::CostTable;

/// The class that decides which limit on the output buffer applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientClass {
    /// Clients without subscriptions.
    Normal,
    /// Links to replicas.
    Replica,
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
            ClientClass::Normal => self.limit_normal,
            ClientClass::Replica => self.limit_replica,
            ClientClass::PubSub => self.limit_pubsub,
        }
    }
}
