//! From a request to its command: the checks in Redis's order, then the run
//! (server.c: `processCommand`, `call`).

use super::client::{Closing, Key};
use super::command::{self, Answer, Command, Flags, row};
use super::cost::CostTable;
use super::fault::Fault;
use super::resp::{Frame, Version};
use super::server::Server;
use crate::event::{ConnectionId, Payload};
use crate::sim::Span;

/// One run of a command.
pub(super) struct Call {
    pub(super) client: ConnectionId,
    pub(super) command: &'static Command,
    pub(super) args: Vec<Payload>,
}

impl Call {
    /// Number of words, the command's name included.
    pub(super) fn len(&self) -> usize {
        self.args.len()
    }

    /// The word at `index` as a key; empty where there is none.
    pub(super) fn key(&self, index: usize) -> Key {
        self.args.get(index).map_or_else(|| Key::from(&b""[..]), |word| word.bytes().into())
    }
}

pub(super) const COMMANDS: &[Command] = &[row("ping", -1, Flags::FAST, (0, 0, 0), ping)];

/// Commands that a RESP2 client with subscriptions may send.
const IN_CONTEXT: [&str; 9] = [
    "ping",
    "subscribe",
    "ssubscribe",
    "sunsubscribe",
    "psubscribe",
    "unsubscribe",
    "punsubscribe",
    "quit",
    "reset",
];

impl Server {
    /// Runs one request of a client.
    pub(super) fn execute(&mut self, client: ConnectionId, args: Vec<Payload>) {
        let Some(state) = self.clients.get(&client) else { return };
        if state.closing != Closing::No || args.is_empty() {
            return;
        }
        let bytes: usize = args.iter().map(Payload::len).sum();
        self.spend(|table| {
            Span::from_nanos(table.command) + CostTable::by_size(table.argument_kib, bytes as u64)
        });
        match self.admit(client, &args) {
            Err(fault) => self.reply(client, Frame::error(&fault.0)),
            Ok(command) => {
                if let Some(state) = self.clients.get_mut(&client) {
                    state.last_command = command.name;
                }
                let mut call = Call { client, command, args };
                match (command.run)(self, &mut call) {
                    Ok(Some(frame)) => self.reply(client, frame),
                    Ok(None) => {}
                    Err(fault) => self.reply(client, Frame::error(&fault.0)),
                }
            }
        }
    }

    /// Finds the command and refuses what may not run; the first reason wins.
    fn admit(&self, client: ConnectionId, args: &[Payload]) -> Result<&'static Command, Fault> {
        let command = lookup(args)?;
        let wrong = if command.arity >= 0 {
            args.len() as i32 != command.arity
        } else {
            (args.len() as i32) < -command.arity
        };
        if wrong {
            return Err(Fault::arity(command.name));
        }
        let Some(state) = self.clients.get(&client) else { return Ok(command) };
        if state.is_subscriber()
            && state.version == Version::Resp2
            && !IN_CONTEXT.contains(&command.name)
        {
            return Err(format!(
                "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
                 RESET are allowed in this context",
                command.name
            )
            .into());
        }
        Ok(command)
    }
}

/// The command that these words name.
fn lookup(args: &[Payload]) -> Result<&'static Command, Fault> {
    let word = |index: usize| -> String {
        args.get(index).map_or(String::new(), |word| {
            String::from_utf8_lossy(&word.bytes()).to_ascii_lowercase()
        })
    };
    let first = word(0);
    let found = if args.len() > 1 && command::is_container(&first) {
        command::find(&format!("{first}|{}", word(1)))
    } else {
        command::find(&first)
    };
    found.ok_or_else(|| {
        // `%.128s` stops at a NUL as well.
        let cut = |index: usize, most: usize| -> String {
            let bytes = args.get(index).map(Payload::bytes).unwrap_or_default();
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end.min(most)]).into_owned()
        };
        if command::is_container(&first) {
            let container = first.to_ascii_uppercase();
            return format!("ERR unknown subcommand '{}'. Try {container} HELP.", cut(1, 128))
                .into();
        }
        let mut shown = String::new();
        for index in 1..args.len() {
            if shown.len() >= 128 {
                break;
            }
            let argument = cut(index, 128 - shown.len());
            shown = format!("{shown}'{argument}' ");
        }
        format!("ERR unknown command '{}', with args beginning with: {shown}", cut(0, 128)).into()
    })
}

fn ping(server: &mut Server, call: &mut Call) -> Answer {
    if call.len() > 2 {
        return Err(Fault::arity("ping"));
    }
    let message = call.args.get(1).cloned();
    let in_context = server
        .clients
        .get(&call.client)
        .is_some_and(|state| state.is_subscriber() && state.version == Version::Resp2);
    Ok(Some(match (in_context, message) {
        (true, message) => {
            let echo = message.unwrap_or_else(|| Payload::from(""));
            Frame::Array(vec![Frame::bulk("pong"), Frame::Bulk(echo)])
        }
        (false, Some(message)) => Frame::Bulk(message),
        (false, None) => Frame::Simple("PONG"),
    }))
}
