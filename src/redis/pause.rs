//! CLIENT PAUSE: commands of clients wait, and the data set stands still (networking.c:
//! `pauseClients`, `updateClientPauseTypeAndEndTime`; server.c: `processCommand`).
//!
//! A paused client is blocked with its command put back, and starts from scratch when the pause
//! ends. Replicas are never paused; the stream of a primary is. While it lasts nothing expires,
//! nothing is evicted and no replica is asked for its offset, so that a failover can wait for
//! the replicas to catch up.

use super::blocked::{Blocked, Wait};
use super::call::Call;
use super::command::{Answer, Command, Flags};
use super::resp::Frame;
use super::server::Server;
use crate::event::{ConnectionId, Payload, RedisFact};
use crate::sim::Order;

/// Which commands wait; the later one is the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    /// Those that may change the data set or reach replicas.
    Write,
    /// All.
    All,
}

/// A pause under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pause {
    mode: Mode,
    /// Unix time in milliseconds; over when it is later than that.
    end: i64,
}

/// Whether a command may reach replicas (`is_may_replicate_command`).
fn replicates(command: &Command) -> bool {
    command.flags.has(Flags::WRITE.or(Flags::MAY_REPLICATE))
}

impl Server {
    /// Whether a pause is under way (`areClientsPaused`).
    pub(super) fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// When the pause under way ends, in Unix time in milliseconds.
    pub(super) fn pause_end(&self) -> Option<i64> {
        self.pause.map(|pause| pause.end)
    }

    /// Whether this command of this client has to wait for the pause's end.
    pub(super) fn is_paused_for(&self, client: ConnectionId, command: &Command) -> bool {
        let Some(pause) = self.pause else { return false };
        let Some(state) = self.clients.get(&client).filter(|state| !state.is_replica) else {
            return false;
        };
        let queue = state.multi.as_ref().filter(|_| command.name == "exec");
        let queued = || queue.is_some_and(|multi| multi.queue.iter().any(|(c, _)| replicates(c)));
        pause.mode == Mode::All || replicates(command) || queued()
    }

    /// Blocks a client with its command put back (`blockClient` with `BLOCKED_POSTPONE`).
    pub(super) fn postpone(&mut self, client: ConnectionId, args: Vec<Payload>) {
        let place = self.next_blocked;
        self.next_blocked += 1;
        if let Some(state) = self.clients.get_mut(&client) {
            let (wait, db) = (Wait::PauseEnd, state.db);
            state.input.push_front(args);
            state.blocked = Some(Blocked { wait, db, keys: Vec::new(), place, deadline: None });
            self.fact(RedisFact::Blocked { client });
        }
    }

    /// Ends a pause whose time is up (`checkClientPauseTimeoutAndReturnIfPaused`).
    pub(super) fn end_pause_if_due(&mut self) {
        if self.pause.is_some_and(|pause| pause.end < self.unix_ms()) {
            self.end_pause();
        }
    }

    fn end_pause(&mut self) {
        self.pause = None;
        self.keyspace.frozen = false;
        let mut waiting: Vec<(u64, ConnectionId)> = self
            .clients
            .iter()
            .filter_map(|(client, state)| {
                let blocked = state.blocked.as_ref()?;
                matches!(blocked.wait, Wait::PauseEnd).then_some((blocked.place, *client))
            })
            .collect();
        waiting.order();
        for (_, client) in waiting {
            self.unblock(client);
        }
    }
}

pub(super) fn pause(server: &mut Server, call: &mut Call) -> Answer {
    let mode = match (call.len(), call.lower(3).as_str()) {
        (3, _) | (4, "all") => Mode::All,
        (4, "write") => Mode::Write,
        (4, _) => return Err("ERR CLIENT PAUSE mode must be WRITE or ALL".into()),
        _ => return Err(call.subcommand_syntax()),
    };
    let timeout = call.int_or(2, "ERR timeout is not an integer or out of range")?;
    if timeout < 0 {
        return Err("ERR timeout is negative".into());
    }
    // Zero is a moment long past: the pause is over before it begins.
    if timeout > 0 {
        let end = server.unix_ms().saturating_add(timeout);
        // The longer time and the stricter mode win.
        server.pause = Some(server.pause.map_or(Pause { mode, end }, |old| Pause {
            mode: old.mode.max(mode),
            end: old.end.max(end),
        }));
        server.keyspace.frozen = true;
    }
    Ok(Some(Frame::OK))
}

pub(super) fn unpause(server: &mut Server, _: &mut Call) -> Answer {
    server.end_pause();
    Ok(Some(Frame::OK))
}

#[cfg(test)]
mod tests;
