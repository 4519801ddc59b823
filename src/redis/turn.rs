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
    /// All work booked so far.
    pub(super) worked: Span,
}

impl Turn {
    /// Whether a request that arrives now is read in this turn.
    pub(super) fn accepts(&self, now: Instant) -> bool {
        now >= self.busy_until || self.opened == Some(now)
    }

    /// Whether commands of this turn have run whose writes have not begun.
    pub(super) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    pub(super) fn open(&mut self, now: Instant) {
        if self.opened.is_none() {
            self.opened = Some(now);
            self.busy_until = self.busy_until.max(now);
        }
    }

    pub(super) fn extend(&mut self, work: Span) {
        self.busy_until += work;
        self.worked = self.worked + work;
    }
}

impl Server {
    /// When the server next has something to do by itself; none when nothing will happen.
    pub fn next_tick(&self) -> Option<Instant> {
        let work = self.turn.opened.is_some()
            || !self.pending_writes.is_empty()
            || !self.writable.is_empty()
            || !self.doomed.is_empty()
            || !self.unblocked.is_empty()
            || !self.readable.is_empty();
        if work {
            return Some(self.turn.busy_until.max(self.now));
        }
        self.next_cron_work()
    }

    /// The first cron tick at which something is due.
    fn next_cron_work(&self) -> Option<Instant> {
        let period = CRON.as_nanos();
        let next = Instant((self.now.as_nanos() / period + 1) * period);
        let on_grid = |due: Instant| {
            next.max(Instant(due.as_nanos().div_ceil(period).saturating_mul(period)))
        };
        let watching = self.config.timeout > 0
            || self.config.maxmemory_clients > 0
            || self.clients.values().any(|client| client.soft_since.is_some());
        let expires = self.active_expire && !self.is_paused();
        let expiry = self.keyspace.next_expiry().filter(|_| expires);
        // Over, like expired, means strictly later than the end.
        let over = [expiry, self.pause_end()].into_iter().flatten().min().map(|at| {
            let ms = at.saturating_add(1).saturating_sub_unsigned(self.config.epoch_ms).max(0);
            on_grid(Instant::from_millis(ms.unsigned_abs()))
        });
        let deadline = self.next_deadline().map(on_grid);
        let watch = watching.then_some(next);
        let replication = self.next_replication().map(on_grid);
        [over, deadline, watch, replication].into_iter().flatten().min()
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.now = now;
        self.keyspace.now = self.unix_ms();
        if now >= self.turn.busy_until {
            self.turn.opened = None;
            self.turn.busy_until = now;
            let period = CRON.as_nanos();
            if now.as_nanos() / period > self.turn.last_cron.as_nanos() / period {
                self.turn.last_cron = now;
                self.cron();
            }
            self.before_sleep();
            self.read_waiting();
        }
        out.append(&mut self.out);
    }

    /// Writes leave and marked clients are freed.
    fn before_sleep(&mut self) {
        self.time_out_blocked();
        for client in std::mem::take(&mut self.unblocked) {
            self.read_all(client);
        }
        self.ask_replicas();
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
        self.free_doomed();
        self.evict_clients();
    }

    fn free_doomed(&mut self) {
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
            self.stats.output_bytes += taken.bytes;
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
            self.read_all(client);
        }
    }

    /// Runs a client's waiting requests until it blocks.
    fn read_all(&mut self, client: ConnectionId) {
        while let Some(state) = self.clients.get_mut(&client) {
            if state.blocked.is_some() {
                break;
            }
            let Some(args) = state.input.pop_front() else { break };
            if state.is_primary {
                self.take_stream(client, args);
            } else {
                self.execute(client, args);
            }
        }
    }

    /// `serverCron`, as far as it is modelled.
    fn cron(&mut self) {
        let second = |at: Instant| at.as_millis() / 1_000;
        let clients: Vec<ConnectionId> = self.clients.keys().copied().collect();
        for client in clients {
            self.check_output_limits(client);
            let Some(state) = self.clients.get(&client) else { continue };
            let idle = second(self.now) - second(state.last_interaction).min(second(self.now));
            let exempt = state.is_subscriber() || state.blocked.is_some() || state.is_replica;
            if self.config.timeout > 0 && !exempt && idle > self.config.timeout {
                self.close_soon(client, "idle");
            }
        }
        self.end_pause_if_due();
        self.replication_cron();
        self.free_doomed();
        if self.active_expire && !self.keyspace.replica && !self.is_paused() {
            self.keyspace.active_expire();
            self.settle();
        }
    }
}

#[cfg(test)]
mod tests;
