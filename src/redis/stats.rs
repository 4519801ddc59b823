//! Counters that INFO shows.

use crate::sim::SortedMap;

/// Counts of one command.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CommandCount {
    pub(super) calls: u64,
    /// Refused before they ran.
    pub(super) rejected: u64,
    /// Failed while they ran.
    pub(super) failed: u64,
}

/// Counts of the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Stats {
    pub(super) connections: u64,
    pub(super) rejected_connections: u64,
    pub(super) evicted_clients: u64,
    pub(super) error_replies: u64,
    pub(super) errors: SortedMap<String, u64>,
    pub(super) commands: SortedMap<&'static str, CommandCount>,
    pub(super) output_bytes: u64,
    pub(super) sync_full: u64,
    pub(super) sync_partial_ok: u64,
    pub(super) sync_partial_err: u64,
}

impl Stats {
    pub(super) fn command(&mut self, name: &'static str) -> &mut CommandCount {
        self.commands.entry(name).or_default()
    }

    /// Counts an error reply by its code (`afterErrorReply`).
    pub(super) fn error(&mut self, text: &str) {
        self.error_replies += 1;
        let code = text.split([' ', '\r', '\n']).next().unwrap_or("ERR");
        *self.errors.entry(code.into()).or_default() += 1;
    }

    /// `CONFIG RESETSTAT`.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn total_commands(&self) -> u64 {
        self.commands.values().map(|count| count.calls).sum()
    }
}
