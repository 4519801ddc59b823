//! Questions from outside: what a command would answer, without a client and without a trace.

use super::call::{Call, lookup};
use super::command::{Flags, Run};
use super::resp::{Frame, Version};
use super::room;
use super::server::Server;
use crate::event::{ConnectionId, Payload};
use crate::sim::Instant;
use std::cell::Cell;

/// No client has this connection.
const NOBODY: ConnectionId = ConnectionId(u32::MAX);

impl Server {
    /// What each of these commands would answer at `now`, as RESP3 has it. A copy of the server
    /// is asked, so nothing is counted, drawn or changed; who asks is in no list of clients. A
    /// command that writes is answered with an error.
    pub fn ask(&self, now: Instant, commands: &[&[&str]]) -> Vec<Frame> {
        let mut copy = self.clone();
        copy.now = now;
        copy.keyspace.now = copy.unix_ms();
        commands.iter().map(|words| copy.answer(words)).collect()
    }

    fn answer(&mut self, words: &[&str]) -> Frame {
        let args: Vec<Payload> = words.iter().map(|word| Payload::from(*word)).collect();
        let command = match lookup(&args) {
            Ok(command) if !command.flags.has(Flags::WRITE) => command,
            Ok(_) => return Frame::error("ERR a question changes nothing"),
            Err(fault) => return Frame::error(&fault.0),
        };
        let mut call = Call {
            client: NOBODY,
            command,
            args,
            version: Version::Resp3,
            in_exec: true,
            room: room::REPLY_BYTES,
            overflow: Cell::new(false),
        };
        let answer = match command.run {
            Run::Keys(run) => run(&mut self.keyspace, &call).map(Some),
            Run::Server(run) => run(self, &mut call),
        };
        match answer {
            Ok(frame) => frame.unwrap_or(Frame::Null),
            Err(fault) => Frame::error(&fault.0),
        }
    }
}
