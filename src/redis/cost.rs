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
    /// `bytes` at a price for each KiB.
    pub(super) fn by_size(price: u64, bytes: u64) -> Span {
        Span::from_nanos(price.saturating_mul(bytes) / 1_024)
    }
}
