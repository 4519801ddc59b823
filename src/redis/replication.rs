//! Replication: the stream of changes, its offset and its backlog, and WAIT (replication.c).

use super::blocked::Wait;
use super::call::Call;
use super::command::{Answer, Command, Flags};
use super::fault::Fault;
use super::resp::Frame;
use super::server::Server;
use crate::event::Payload;
use crate::sim::Rng;

/// What a server knows about its part in replication.
#[derive(Clone, Debug)]
pub(super) struct Replication {
    /// Forty hexadecimal digits that name the history of this data set.
    pub(super) id: String,
    /// Bytes of the replication stream so far.
    pub(super) offset: u64,
    /// The primary's address, where this server is a replica.
    pub(super) primary: Option<(String, u16)>,
}

impl Replication {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let digits = |_| char::from_digit(rng.below(16) as u32, 16).unwrap_or('0');
        Self { id: (0..40).map(digits).collect(), offset: 0, primary: None }
    }

    pub(super) fn is_replica(&self) -> bool {
        self.primary.is_some()
    }
}

impl Server {
    /// Sends changes down the replication stream; a transaction's are gathered first.
    pub(super) fn propagate(&mut self, _db: u32, words: Vec<Vec<Payload>>) {
        if let Some(transaction) = &mut self.transaction {
            transaction.extend(words);
        }
    }

    /// The end of EXEC: what it changed is one transaction for the replicas as well.
    pub(super) fn end_transaction(&mut self) {
        self.transaction = None;
    }

    /// Why a write may not happen now: too few replicas, or this server is one.
    pub(super) fn refuse_write(&self, command: &Command) -> Option<Fault> {
        let write = command.flags.has(Flags::WRITE);
        let enough = self.config.min_replicas_to_write == 0;
        (write && !enough).then(|| "NOREPLICAS Not enough good replicas to write.".into())
    }

    /// Replicas that have acknowledged this offset.
    pub(super) fn replicas_at(&self, offset: u64) -> i64 {
        let reached = |state: &&super::client::Client| {
            state.is_replica && state.acknowledged_offset >= offset
        };
        self.clients.values().filter(reached).count() as i64
    }

    pub(super) fn replication_lines(&self, line: &mut dyn FnMut(&str, &dyn core::fmt::Display)) {
        line("role", &"master");
        line("connected_slaves", &0);
        line("master_failover_state", &"no-failover");
        line("master_replid", &self.replication.id);
        line("master_replid2", &"0".repeat(40));
        line("master_repl_offset", &self.replication.offset);
        line("second_repl_offset", &-1);
        line("repl_backlog_active", &0);
        line("repl_backlog_size", &self.config.repl_backlog_size);
        line("repl_backlog_first_byte_offset", &0);
        line("repl_backlog_histlen", &0);
    }
}

pub(super) fn wait(server: &mut Server, call: &mut Call) -> Answer {
    let number = call.int(1)?;
    let timeout = call.int_or(2, "ERR timeout is not an integer or out of range")?;
    if timeout < 0 {
        return Err("ERR timeout is negative".into());
    }
    let offset = server.replication.offset;
    let reached = server.replicas_at(offset);
    if reached >= number || call.in_exec {
        return Ok(Some(Frame::Integer(reached)));
    }
    server.block(call, Vec::new(), timeout, Wait::Replicas { offset });
    Ok(None)
}

pub(super) fn role(server: &mut Server, _: &mut Call) -> Answer {
    Ok(Some(Frame::Array(vec![
        Frame::bulk("master"),
        Frame::Integer(server.replication.offset as i64),
        Frame::Array(Vec::new()),
    ])))
}
