//! The event loop: what a turn is, when it ends, and what the server does by itself
//! (ae.c, server.c: `beforeSleep`, `serverCron`).
//!
//! Commands of one turn only append to output buffers; writes leave at the next turn's start.

use super::client::Closing;
use super::cost::CostTable;
use super::server::{Output, Server};
use crate::event::{ConnectionId, RedisFact};
use crate::sim::{Instant, Span};

/// Most bytes of one client that leave in one go (`NET_MAX_WRITES_PER_EVENT`).
const MAX_WRITE: u64 = 64 * 1024;
/// `1000 / hz` milliseconds at the default `hz`.
const CRON: Span = Span::from_millis(100);

/// The turn under way, if any.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turn {
    /// When its first command was read; none while the loop sleeps.
    opened: Option<Instant>,
    /// When the work booked so far is done.
    busy_until: Instant,
    /// The cron's last run.
    last_cron: Instant,
}

impl Turn {
    /// Whether a request that arrives now is read in this turn.
    pub(super) fn accepts(&self, now: Instant) -> bool {
        now >= self.busy_until || self.opened == Some(now)
    }

    pub(super) fn open(&mut self, now: Instant) {
        if self.opened.is_none() {
            self.opened = Some(now);
            self.busy_until = self.busy_until.max(now);
        }
    }

    pub(super) fn extend(&mut self, work: Span) {
        self.busy_until += work;
    }
}

impl Server {
    /// When the server next has something to do by itself; none when nothing will happen.
    pub fn next_tick(&self) -> Option<Instant> {
        let work = self.turn.opened.is_some()
            || !self.pending_writes.is_empty()
            || !self.writable.is_empty()
            || !self.doomed.is_empty()
            || !self.readable.is_empty();
        if work {
            return Some(self.turn.busy_until.max(self.now));
        }
        self.needs_cron().then(|| self.next_cron())
    }

    fn next_cron(&self) -> Instant {
        let period = CRON.as_nanos();
        Instant((self.now.as_nanos() / period + 1) * period)
    }

    fn needs_cron(&self) -> bool {
        self.config.timeout > 0 || self.clients.values().any(|client| client.soft_since.is_some())
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.now = now;
        if now >= self.turn.busy_until {
            self.turn.opened = None;
            self.turn.busy_until = now;
            self.before_sleep();
            self.read_waiting();
            let period = CRON.as_nanos();
            if now.as_nanos() / period > self.turn.last_cron.as_nanos() / period {
                self.turn.last_cron = now;
                self.cron();
            }
        }
        out.append(&mut self.out);
    }

    /// Writes leave and marked clients are freed.
    fn before_sleep(&mut self) {
        while let Some(client) = self.writable.pop_first() {
            self.write_to(client);
        }
        // The list of pending writes is a stack: newest first (`putClientInPendingWriteQueue`).
        while let Some(client) = self.pending_writes.pop() {
            self.write_to(client);
            if self.config.cost.is_some() && self.turn.busy_until > self.now {
                // Each write takes its time, so the next one leaves later.
                return;
            }
        }
        for client in std::mem::take(&mut self.doomed) {
            let reason = self.clients.get(&client).map_or("", |state| state.close_reason);
            self.close(client, reason);
        }
    }

    fn write_to(&mut self, client: ConnectionId) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        if state.closing == Closing::Asap {
            return;
        }
        let taken = state.output.take(state.credit.min(MAX_WRITE));
        if taken.bytes > 0 {
            state.credit -= taken.bytes;
            state.last_interaction = self.now;
            let buffered = state.output.len();
            let bytes = taken.bytes;
            self.out.push(Output::Write { client, frames: taken.frames, bytes });
            self.fact(RedisFact::Written { client, bytes, buffered });
            self.spend(|table| {
                Span::from_nanos(table.write) + CostTable::by_size(table.write_kib, bytes)
            });
        }
        let Some(state) = self.clients.get(&client) else { return };
        if !state.output.is_empty() {
            if state.credit > 0 {
                self.writable.insert(client);
            }
        } else if state.closing == Closing::AfterReply {
            self.close(client, "close after reply");
        }
    }

    /// Requests that arrived while the loop was busy: all of one client, then the next client's.
    fn read_waiting(&mut self) {
        if self.turn.busy_until > self.now {
            return;
        }
        for client in std::mem::take(&mut self.readable) {
            self.turn.open(self.now);
            while let Some(state) = self.clients.get_mut(&client) {
                let Some(args) = state.input.pop_front() else { break };
                self.execute(client, args);
            }
        }
    }

    /// `serverCron`, as far as it is modelled.
    fn cron(&mut self) {
        let clients: Vec<ConnectionId> = self.clients.keys().copied().collect();
        for client in clients {
            self.check_output_limits(client);
        }
        for client in std::mem::take(&mut self.doomed) {
            let reason = self.clients.get(&client).map_or("", |state| state.close_reason);
            self.close(client, reason);
        }
    }
}
