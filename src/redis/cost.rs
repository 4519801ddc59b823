//! What work costs a single-threaded server, as one table of integers.
//!
//! Knows sizes and counts. Must not know what the work means.

use crate::sim::Span;

/// Nanoseconds for each kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostTable {
    /// Reading, finding and running one small command.
    pub command: u64,
    /// Each KiB of arguments.
    pub argument_kib: u64,
    /// Each frame appended to an output buffer.
    pub copy: u64,
    /// Each KiB appended to output buffers.
    pub copy_kib: u64,
    /// Matching one pattern during `PUBLISH`.
    pub pattern: u64,
    /// One `write(2)`.
    pub write: u64,
    /// Each KiB written.
    pub write_kib: u64,
}

impl CostTable {
    /// redis-server 7.0.15 on a 2-core virtual machine, by `scripts/redis-costs`. Changed only
    /// together with the version of the engine's rules: recorded runs depend on it.
    pub const MEASURED: Self = Self {
        command: 300,
        argument_kib: 400,
        copy: 110,
        // What a KiB costs on its way through the buffer and out of it.
        copy_kib: 280,
        pattern: 7,
        // With the turn of the loop that it takes.
        write: 8_000,
        write_kib: 0,
    };

    /// `bytes` at a price for each KiB.
    pub(super) fn by_size(price: u64, bytes: u64) -> Span {
        Span::from_nanos(price.saturating_mul(bytes) / 1_024)
    }
}
