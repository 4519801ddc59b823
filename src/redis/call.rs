//! From a request to its command: the checks in Redis's order, the run, and what follows it
//! (server.c: `processCommand`, `call`).

use super::client::{Closing, Key, ReplyMode};
use super::command::{self, Command, Flags, Run};
use super::cost::CostTable;
use super::fault::{Fault, NOT_FLOAT, NOT_INTEGER};
use super::resp::{Frame, Version, number};
use super::server::Server;
use crate::event::{ConnectionId, Payload};
use crate::sim::Span;
use std::borrow::Cow;
use std::cell::Cell;

/// One run of a command.
pub(super) struct Call {
    pub(super) client: ConnectionId,
    pub(super) command: &'static Command,
    pub(super) args: Vec<Payload>,
    pub(super) version: Version,
    /// Inside EXEC: blocking commands answer as if their time were up.
    pub(super) in_exec: bool,
    /// Encoded bytes that its reply may have.
    pub(super) room: u64,
    /// The reply was cut off: its client is past its limit.
    pub(super) overflow: Cell<bool>,
}

impl Call {
    /// Number of words, the command's name included.
    pub(super) fn len(&self) -> usize {
        self.args.len()
    }

    /// The command's name, a subcommand's with its container.
    pub(super) fn name(&self) -> &'static str {
        self.command.name
    }

    /// The word at `index` as a key; empty where there is none.
    pub(super) fn key(&self, index: usize) -> Key {
        self.args.get(index).map_or_else(|| Key::from(&b""[..]), |word| word.bytes().into())
    }

    /// The word at `index`; empty where there is none.
    pub(super) fn word(&self, index: usize) -> Cow<'_, [u8]> {
        self.args.get(index).map(Payload::bytes).unwrap_or_default()
    }

    /// The word at `index` as text in lower case.
    pub(super) fn lower(&self, index: usize) -> String {
        String::from_utf8_lossy(&self.word(index)).to_ascii_lowercase()
    }

    /// Whether the word at `index` is this option, in any case.
    pub(super) fn is(&self, index: usize, option: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(option.as_bytes())
    }

    /// The word at `index` as an integer.
    pub(super) fn int(&self, index: usize) -> Result<i64, Fault> {
        self.int_or(index, NOT_INTEGER)
    }

    /// The word at `index` as an integer, with the error that this place has.
    pub(super) fn int_or(&self, index: usize, fault: &'static str) -> Result<i64, Fault> {
        number::integer(&self.word(index)).ok_or_else(|| fault.into())
    }

    /// A count that may be zero (`getPositiveLongFromObjectOrReply`).
    pub(super) fn positive(&self, index: usize) -> Result<i64, Fault> {
        let value = number::integer(&self.word(index)).filter(|value| *value >= 0);
        value.ok_or_else(|| "ERR value is out of range, must be positive".into())
    }

    /// A count of random elements, negative for repeats.
    pub(super) fn random_count(&self, index: usize) -> Result<i64, Fault> {
        let value = self.int(index)?;
        // As many frames as that would not fit into any machine.
        if value < -(i64::from(i32::MAX)) {
            return Err("ERR value is out of range".into());
        }
        Ok(value)
    }

    /// A time-out in seconds with decimals as milliseconds, 0 for ever
    /// (`getTimeoutFromObjectOrReply`).
    pub(super) fn timeout(&self, index: usize) -> Result<i64, Fault> {
        let seconds = number::float(&self.word(index));
        let seconds = seconds.ok_or("ERR timeout is not a float or out of range")?;
        // 7.0 casts infinity to the smallest integer.
        if seconds < 0.0 || seconds.is_infinite() {
            return Err("ERR timeout is negative".into());
        }
        let millis = (seconds * 1_000.0).ceil();
        if millis > 9.0e18 - 1.0e16 {
            return Err("ERR timeout is out of range".into());
        }
        Ok(millis as i64)
    }

    /// The word at `index` as a float.
    pub(super) fn float(&self, index: usize) -> Result<f64, Fault> {
        number::float(&self.word(index)).ok_or_else(|| NOT_FLOAT.into())
    }

    /// `addReplySubcommandSyntaxError`.
    pub(super) fn subcommand_syntax(&self) -> Fault {
        let container = self.name().split('|').next().unwrap_or_default().to_ascii_uppercase();
        let word = self.word(1);
        let word = String::from_utf8_lossy(&word[..word.len().min(128)]).into_owned();
        format!("ERR unknown subcommand or wrong number of arguments for '{word}'. Try {container} HELP.")
            .into()
    }
}

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

/// Commands that MULTI does not queue.
const NEVER_QUEUED: [&str; 6] = ["exec", "discard", "multi", "watch", "quit", "reset"];

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
        self.enter(client);
        match self.admit(client, &args) {
            Err(Refusal::Silent) => self.close_soon(client, "possible security attack"),
            Err(Refusal::Fault(command, fault)) => {
                if let Some(name) = command {
                    self.stats.command(name).rejected += 1;
                }
                if let Some(multi) = self.multi_of(client) {
                    multi.dirty = true;
                }
                if command == Some("exec") {
                    // A refused EXEC ends the transaction and says why (`execCommandAbort`).
                    self.discard(client);
                    let why = fault.0.strip_prefix("ERR ").unwrap_or(&fault.0);
                    let text = format!("EXECABORT Transaction discarded because of: {why}");
                    self.fail(client, &Fault::from(text));
                } else {
                    self.fail(client, &fault);
                }
            }
            Ok(command) if self.is_paused_for(client, command) => {
                // It starts anew later: `CLIENT REPLY SKIP` still waits for it.
                self.postpone(client, args);
                self.settle();
                return;
            }
            Ok(command) => self.queue_or_run(client, command, args),
        }
        self.settle();
        if let Some(state) = self.clients.get_mut(&client) {
            state.reply_mode = match state.reply_mode {
                ReplyMode::SkipNext => ReplyMode::Skip,
                ReplyMode::Skip => ReplyMode::On,
                mode => mode,
            };
        }
    }

    /// Points the keyspace at this client's database and at the present.
    pub(super) fn enter(&mut self, client: ConnectionId) {
        self.keyspace.now = self.unix_ms();
        self.keyspace.db = self.clients.get(&client).map_or(0, |state| state.db);
    }

    /// Unix time in milliseconds.
    pub(super) fn unix_ms(&self) -> i64 {
        (self.config.epoch_ms + self.now.as_millis()) as i64
    }

    pub(super) fn queue_or_run(
        &mut self,
        client: ConnectionId,
        command: &'static Command,
        args: Vec<Payload>,
    ) {
        if let Some(state) = self.clients.get_mut(&client) {
            state.last_command = command.name;
            if let Some(multi) = &mut state.multi
                && !NEVER_QUEUED.contains(&command.name)
            {
                multi.queue.push((command, args));
                self.reply(client, Frame::Simple("QUEUED"));
                return;
            }
        }
        self.run(client, command, args, false);
    }

    /// Runs a command that nothing refuses, and appends its reply.
    pub(super) fn run(
        &mut self,
        client: ConnectionId,
        command: &'static Command,
        args: Vec<Payload>,
        in_exec: bool,
    ) {
        self.enter(client);
        let version = self.clients.get(&client).map_or(Version::Resp2, |state| state.version);
        let (room, overflow) = (self.room(client), Cell::new(false));
        let mut call = Call { client, command, args, version, in_exec, room, overflow };
        let dirty = self.keyspace.dirty;
        self.keyspace.rewritten = None;
        self.stats.command(command.name).calls += 1;
        let answer = match command.run {
            Run::Keys(run) => run(&mut self.keyspace, &call).map(Some),
            Run::Server(run) => run(self, &mut call),
        };
        self.keyspace.hand_to(client);
        // What the keyspace tells goes out before the command's own reply.
        self.publish_notices();
        match answer {
            Ok(Some(frame)) => self.reply_within(&call, frame),
            Ok(None) => {}
            Err(fault) => {
                self.stats.command(command.name).failed += 1;
                self.fail(client, &fault);
            }
        }
        let changed = self.keyspace.dirty != dirty;
        let rewritten = self.keyspace.rewritten.take();
        let db = self.keyspace.db;
        let mut words = self.deletions();
        if changed && command.name != "exec" {
            words.extend(rewritten.unwrap_or_else(|| vec![call.args]).into_iter().map(|w| (db, w)));
        }
        self.propagate(words);
        self.mark_watchers();
    }

    /// Answers with an error and counts it.
    pub(super) fn fail(&mut self, client: ConnectionId, fault: &Fault) {
        self.stats.error(&fault.0);
        self.reply(client, Frame::error(&fault.0));
    }

    /// Publishes the keyspace events that piled up (`notifyKeyspaceEvent`).
    pub(super) fn publish_notices(&mut self) {
        for notice in std::mem::take(&mut self.keyspace.notices) {
            let flags = self.keyspace.notify_flags;
            if flags & super::notify::KEYSPACE != 0 {
                let mut channel = format!("__keyspace@{}__:", notice.db).into_bytes();
                channel.extend_from_slice(&notice.key);
                self.publish(&channel.into(), &Payload::from(notice.event));
            }
            if flags & super::notify::KEYEVENT != 0 {
                let channel = format!("__keyevent@{}__:{}", notice.db, notice.event);
                self.publish(&channel.into_bytes().into(), &Payload::new(notice.key));
            }
        }
    }

    /// What follows a whole command: facts, and clients that waited for its keys.
    pub(super) fn settle(&mut self) {
        self.mark_watchers();
        self.publish_notices();
        self.serve_blocked();
        for fact in std::mem::take(&mut self.keyspace.facts) {
            self.fact(fact);
        }
        for deletion in self.deletions() {
            self.propagate(vec![deletion]);
        }
    }

    /// What expired, as the replicas are told: a command that found a key expired tells it before
    /// its own change (`deleteExpiredKeyAndPropagate`).
    fn deletions(&mut self) -> Vec<(u32, Vec<Payload>)> {
        let expired = std::mem::take(&mut self.keyspace.expired_now).into_iter();
        expired.map(|(db, key)| (db, vec!["DEL".into(), Payload::new(key)])).collect()
    }

    /// Finds the command and refuses what may not run; the first reason wins.
    fn admit(
        &mut self,
        client: ConnectionId,
        args: &[Payload],
    ) -> Result<&'static Command, Refusal> {
        let first = String::from_utf8_lossy(&args[0].bytes()).to_ascii_lowercase();
        if first == "post" || first == "host:" {
            return Err(Refusal::Silent);
        }
        let command = lookup(args).map_err(|fault| Refusal::Fault(None, fault))?;
        let refuse = |fault: Fault| Err(Refusal::Fault(Some(command.name), fault));
        let wrong = if command.arity >= 0 {
            args.len() as i32 != command.arity
        } else {
            (args.len() as i32) < -command.arity
        };
        if wrong {
            return refuse(Fault::arity(command.name));
        }
        if command.name.starts_with("debug") && !self.config.debug_commands {
            return refuse(
                "ERR DEBUG command not allowed. If the enable-debug-command option is set to \
                 \"local\", you can run it from a local connection, otherwise you need to set \
                 this option in the configuration file, and then restart the server."
                    .into(),
            );
        }
        let Some(state) = self.clients.get(&client) else { return Ok(command) };
        let in_multi = state.multi.is_some();
        let is_replica = state.is_replica;
        let queued = in_multi && !NEVER_QUEUED.contains(&command.name);
        let restricted = state.is_subscriber()
            && state.version == Version::Resp2
            && !IN_CONTEXT.contains(&command.name);
        if command.flags.has(Flags::NO_MULTI) && in_multi {
            return refuse("ERR Command not allowed inside a transaction".into());
        }
        if self.config.maxmemory > 0 && !self.free_memory() {
            let writes = command.flags.has(Flags::DENYOOM) || queued;
            if writes {
                return refuse("OOM command not allowed when used memory > 'maxmemory'.".into());
            }
        }
        if let Some(fault) = self.refuse_write(client, command) {
            return refuse(fault);
        }
        if restricted {
            return refuse(
                format!(
                    "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT \
                     / RESET are allowed in this context",
                    command.name
                )
                .into(),
            );
        }
        if is_replica
            && command.flags.has(Flags::WRITE.or(Flags::READONLY).or(Flags::MAY_REPLICATE))
        {
            // Replicas are exempt from pauses.
            return refuse("ERR Replica can't interact with the keyspace".into());
        }
        Ok(command)
    }
}

/// Why a command does not run.
enum Refusal {
    /// The client is closed without a word: it speaks HTTP.
    Silent,
    /// It is answered with an error; with the command's name where one was found.
    Fault(Option<&'static str>, Fault),
}

/// The command that these words name.
pub(super) fn lookup(args: &[Payload]) -> Result<&'static Command, Fault> {
    let word = |index: usize| -> String {
        args.get(index).map_or(String::new(), |word| {
            String::from_utf8_lossy(&word.bytes()).to_ascii_lowercase()
        })
    };
    let first = word(0);
    let container = command::is_container(&first);
    let found = if args.len() > 1 && container {
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
        if container && args.len() == 1 {
            return Fault::arity(&first);
        }
        if container {
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
