//! Replication, the primary's side and what both share: the stream of changes, its offset and
//! backlog, acknowledgements, WAIT (replication.c).
//!
//! Changes are applied and answered first and sent on afterwards: a replica may lack what a
//! client was told. Between engines a full resync carries the commands that rebuild the data
//! set, where Redis sends an RDB file.

mod link;
mod snapshot;

use super::blocked::Wait;
use super::call::Call;
use super::client::ReplyMode;
use super::command::{Answer, Command, Flags};
use super::fault::{Fault, SYNTAX};
use super::resp::Frame;
use super::server::Server;
use super::types::payload;
use crate::event::{ConnectionId, Payload, RedisFact};
use crate::sim::{Instant, Rng, Span};
pub(super) use link::{Link, replicaof};
use std::collections::VecDeque;

/// `repl-ping-replica-period`
const PING_PERIOD: Span = Span::from_secs(10);

/// What a server knows about its part in replication.
#[derive(Clone, Debug)]
pub(super) struct Replication {
    /// Forty hexadecimal digits that name the history of this data set.
    pub(super) id: String,
    /// The history before a promotion, valid up to an offset.
    second: Option<(String, u64)>,
    /// Bytes of the replication stream so far.
    pub(super) offset: u64,
    /// The stream's last bytes: where each frame begins, and the frame.
    backlog: Option<VecDeque<(u64, Frame)>>,
    backlog_bytes: u64,
    /// The database that the stream's last command was for.
    selected: Option<u32>,
    last_ping: Instant,
    /// A WAIT asks the replicas how far they are.
    ask: bool,
    /// The link to the primary, where this server is a replica.
    pub(super) link: Option<Link>,
    identifiers: Rng,
}

impl Replication {
    pub(super) fn new(identifiers: Rng) -> Self {
        let mut replication = Self {
            id: String::new(),
            second: None,
            offset: 0,
            backlog: None,
            backlog_bytes: 0,
            selected: None,
            last_ping: Instant::ZERO,
            ask: false,
            link: None,
            identifiers,
        };
        replication.id = replication.new_id();
        replication
    }

    fn new_id(&mut self) -> String {
        let digits = (0..40).map(|_| self.identifiers.below(16) as u32);
        digits.map(|digit| char::from_digit(digit, 16).unwrap_or('0')).collect()
    }

    pub(super) fn is_replica(&self) -> bool {
        self.link.is_some()
    }

    /// The frames after `offset`, when the backlog still has them all.
    fn since(&self, offset: u64) -> Option<Vec<Frame>> {
        let backlog = self.backlog.as_ref()?;
        let first = backlog.front().map_or(self.offset, |(start, _)| *start);
        if !(first..=self.offset).contains(&offset) {
            return None;
        }
        let missing = backlog.iter().filter(|(start, _)| *start >= offset);
        Some(missing.map(|(_, frame)| frame.clone()).collect())
    }

    /// Whether a stream of this id can go on behind `offset`.
    fn continues(&self, id: &str, offset: u64) -> bool {
        let second = self.second.as_ref();
        self.id == id || second.is_some_and(|(old, most)| old == id && offset <= *most)
    }
}

impl Server {
    fn replicas(&self) -> Vec<ConnectionId> {
        self.clients.iter().filter(|(_, state)| state.is_replica).map(|(id, _)| *id).collect()
    }

    /// Whether a replica is connected; asked at each look for what is due next.
    fn has_replicas(&self) -> bool {
        self.clients.values().any(|state| state.is_replica)
    }

    /// Sends changes down the replication stream; a transaction's are gathered first.
    pub(super) fn propagate(&mut self, words: Vec<(u32, Vec<Payload>)>) {
        if self.replication.is_replica() || self.replication.backlog.is_none() {
            return;
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.extend(words);
            return;
        }
        let wrapped = words.len() > 1;
        if let Some((db, _)) = words.first().filter(|_| wrapped) {
            self.feed(Some(*db), vec!["MULTI".into()]);
        }
        for (db, words) in words {
            self.feed(Some(db), words);
        }
        if wrapped {
            self.feed(None, vec!["EXEC".into()]);
        }
    }

    /// The end of EXEC: what it changed is one transaction for the replicas as well.
    pub(super) fn end_transaction(&mut self) {
        let Some(words) = self.transaction.take() else { return };
        let publishes = |words: &[Payload]| {
            words
                .first()
                .is_some_and(|name| name.bytes().to_ascii_lowercase().ends_with(b"publish"))
        };
        let wrapped = words.len() > 1 && !words.iter().all(|(_, words)| publishes(words));
        let db = words.first().map(|(db, _)| *db);
        if wrapped {
            self.feed(db, vec!["MULTI".into()]);
        }
        for (db, words) in words {
            self.feed(Some(db), words);
        }
        if wrapped {
            self.feed(None, vec!["EXEC".into()]);
        }
    }

    /// One command of the stream, behind a SELECT where the database changes.
    fn feed(&mut self, db: Option<u32>, words: impl IntoIterator<Item = Payload>) {
        if let Some(db) = db
            && self.replication.selected != Some(db)
        {
            self.replication.selected = Some(db);
            let select = ["SELECT".into(), db.to_string().as_str().into()];
            self.feed_frame(&Frame::Array(select.map(Frame::Bulk).to_vec()));
        }
        self.feed_frame(&Frame::Array(words.into_iter().map(Frame::Bulk).collect()));
    }

    /// Appends to the backlog and to every replica's output.
    fn feed_frame(&mut self, frame: &Frame) {
        let length = frame.encoded_len() as u64;
        let most = self.config.repl_backlog_size;
        let replication = &mut self.replication;
        let start = replication.offset;
        replication.offset += length;
        if let Some(backlog) = &mut replication.backlog {
            backlog.push_back((start, frame.clone()));
            replication.backlog_bytes += length;
            while replication.backlog_bytes > most && backlog.len() > 1 {
                if let Some((_, old)) = backlog.pop_front() {
                    replication.backlog_bytes -= old.encoded_len() as u64;
                }
            }
        }
        for replica in self.replicas() {
            self.send_raw(replica, frame.clone());
        }
    }

    /// Why a write may not happen now: too few replicas, or this server is one.
    pub(super) fn refuse_write(&self, client: ConnectionId, command: &Command) -> Option<Fault> {
        let write = command.flags.has(Flags::WRITE);
        let link = self.replication.link.as_ref();
        if link.is_some_and(|link| link.connection == Some(client)) {
            return None;
        }
        let least = i64::from(self.config.min_replicas_to_write);
        if write && link.is_none() && least > 0 && self.good_replicas() < least {
            return Some("NOREPLICAS Not enough good replicas to write.".into());
        }
        if write && link.is_some() && self.config.replica_read_only {
            return Some("READONLY You can't write against a read only replica.".into());
        }
        let cut_off = link.is_some_and(|link| !link.is_up());
        if cut_off && !self.config.replica_serve_stale_data && !command.flags.has(Flags::STALE) {
            return Some(
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
                    .into(),
            );
        }
        None
    }

    /// Replicas whose last acknowledgement is young enough.
    fn good_replicas(&self) -> i64 {
        let most = Span::from_secs(self.config.min_replicas_max_lag);
        let young = self
            .clients
            .values()
            .filter(|state| state.is_replica && self.now.since(state.acknowledged_at) <= most);
        young.count() as i64
    }

    /// Replicas that have acknowledged this offset.
    pub(super) fn replicas_at(&self, offset: u64) -> i64 {
        let reached = |state: &&super::client::Client| {
            state.is_replica && state.acknowledged_offset >= offset
        };
        self.clients.values().filter(reached).count() as i64
    }

    /// What replication does once in a while: the primary pings, the replica acknowledges.
    pub(super) fn replication_cron(&mut self) {
        if !self.replication.is_replica() {
            let due = self.now.since(self.replication.last_ping) >= PING_PERIOD;
            if due && self.has_replicas() {
                self.replication.last_ping = self.now;
                self.feed(None, vec!["PING".into()]);
            }
        }
        self.acknowledge_primary();
    }

    /// Before the loop sleeps: a WAIT that is not satisfied asks the replicas.
    pub(super) fn ask_replicas(&mut self) {
        self.end_pause_if_due();
        // A question would go into the stream, which stands still in a pause.
        if !self.is_paused() && std::mem::take(&mut self.replication.ask) {
            self.feed(None, vec!["REPLCONF".into(), "GETACK".into(), "*".into()]);
        }
    }

    /// When replication next has something to do by itself.
    pub(super) fn next_replication(&self) -> Option<Instant> {
        let ping = (!self.replication.is_replica() && self.has_replicas())
            .then(|| self.replication.last_ping + PING_PERIOD);
        let acknowledgement = self.replication.link.as_ref().and_then(Link::next_acknowledgement);
        [ping, acknowledgement].into_iter().flatten().min()
    }

    pub(super) fn replication_lines(&self, line: &mut dyn FnMut(&str, &dyn core::fmt::Display)) {
        let replication = &self.replication;
        line("role", &if replication.is_replica() { "slave" } else { "master" });
        if let Some(link) = &replication.link {
            line("master_host", &link.host);
            line("master_port", &link.port);
            line("master_link_status", &if link.is_up() { "up" } else { "down" });
            line("master_last_io_seconds_ago", &if link.is_up() { 0 } else { -1 });
            line("master_sync_in_progress", &0);
            line("slave_read_repl_offset", &replication.offset);
            line("slave_repl_offset", &replication.offset);
            line("slave_priority", &100);
            line("slave_read_only", &u8::from(self.config.replica_read_only));
        }
        let replicas = self.replicas();
        line("connected_slaves", &replicas.len());
        for (at, client) in replicas.iter().enumerate() {
            let Some(state) = self.clients.get(client) else { continue };
            let (ip, _) = state.address.rsplit_once(':').unwrap_or(("127.0.0.1", "0"));
            let lag = self.now.since(state.acknowledged_at).as_millis() / 1_000;
            let (port, offset) = (state.replica_port, state.acknowledged_offset);
            line(
                &format!("slave{at}"),
                &format!("ip={ip},port={port},state=online,offset={offset},lag={lag}"),
            );
        }
        line("master_failover_state", &"no-failover");
        line("master_replid", &replication.id);
        let none = "0".repeat(40);
        let second = replication.second.as_ref();
        line("master_replid2", second.map_or(&none, |(id, _)| id));
        line("master_repl_offset", &replication.offset);
        line("second_repl_offset", &second.map_or(-1, |(_, offset)| *offset as i64 + 1));
        let first = replication.backlog.as_ref().and_then(VecDeque::front);
        line("repl_backlog_active", &u8::from(replication.backlog.is_some()));
        line("repl_backlog_size", &self.config.repl_backlog_size);
        line("repl_backlog_first_byte_offset", &first.map_or(0, |(start, _)| start + 1));
        line("repl_backlog_histlen", &replication.backlog_bytes);
    }
}

pub(super) fn wait(server: &mut Server, call: &mut Call) -> Answer {
    if server.replication.is_replica() {
        return Err("ERR WAIT cannot be used with replica instances. Please also note that since \
                    Redis 4.0 if a replica is configured to be writable (which is not the default) \
                    writes to replicas are just local and are not propagated."
            .into());
    }
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
    server.block(call, Vec::new(), timeout, Wait::Replicas { number, offset });
    server.replication.ask = server.has_replicas();
    Ok(None)
}

pub(super) fn role(server: &mut Server, _: &mut Call) -> Answer {
    let offset = Frame::Integer(server.replication.offset as i64);
    if let Some(link) = &server.replication.link {
        return Ok(Some(Frame::Array(vec![
            Frame::bulk("slave"),
            Frame::bulk(&link.host),
            Frame::Integer(i64::from(link.port)),
            Frame::bulk(link.state_name()),
            if link.is_up() { offset } else { Frame::Integer(-1) },
        ])));
    }
    let replicas = server.replicas().into_iter().filter_map(|client| {
        let state = server.clients.get(&client)?;
        let (ip, _) = state.address.rsplit_once(':').unwrap_or(("127.0.0.1", "0"));
        Some(Frame::Array(vec![
            Frame::bulk(ip),
            Frame::bulk(state.replica_port.to_string()),
            Frame::bulk(state.acknowledged_offset.to_string()),
        ]))
    });
    Ok(Some(Frame::Array(vec![Frame::bulk("master"), offset, Frame::Array(replicas.collect())])))
}

pub(super) fn replconf(server: &mut Server, call: &mut Call) -> Answer {
    let mut index = 1;
    while index + 1 < call.len() {
        match call.lower(index).as_str() {
            "listening-port" => {
                let port = call.int(index + 1)?;
                if let Some(state) = server.clients.get_mut(&call.client) {
                    state.replica_port = u16::try_from(port).unwrap_or(0);
                }
            }
            "ack" => {
                let offset = call.int(index + 1)?.unsigned_abs();
                server.take_acknowledgement(call.client, offset);
                return Ok(None);
            }
            "getack" => {
                server.acknowledge_now();
                return Ok(None);
            }
            "capa" | "ip-address" | "rdb-only" | "rdb-filter-only" => {}
            _ => {
                let word = call.word(index);
                let word = String::from_utf8_lossy(&word).into_owned();
                return Err(format!("ERR Unrecognized REPLCONF option: {word}").into());
            }
        }
        index += 2;
    }
    if index < call.len() {
        return Err(SYNTAX.into());
    }
    Ok(Some(Frame::OK))
}

impl Server {
    /// A replica says how far it is; clients in WAIT may be content with it.
    fn take_acknowledgement(&mut self, client: ConnectionId, offset: u64) {
        let now = self.now;
        let Some(state) = self.clients.get_mut(&client).filter(|state| state.is_replica) else {
            return;
        };
        state.acknowledged_offset = state.acknowledged_offset.max(offset);
        state.acknowledged_at = now;
        let waiting: Vec<(ConnectionId, i64, u64)> = self
            .clients
            .iter()
            .filter_map(|(client, state)| match state.blocked.as_ref()?.wait {
                Wait::Replicas { number, offset } => Some((*client, number, offset)),
                _ => None,
            })
            .collect();
        for (client, number, offset) in waiting {
            let reached = self.replicas_at(offset);
            if reached >= number {
                self.reply(client, Frame::Integer(reached));
                self.unblock(client);
            }
        }
    }
}

/// `PSYNC id offset`: goes on from the backlog, or hands over everything.
pub(super) fn psync(server: &mut Server, call: &mut Call) -> Answer {
    if server.replication.link.as_ref().is_some_and(|link| !link.is_up()) {
        return Err("NOMASTERLINK Can't SYNC while not connected with my master".into());
    }
    let id = String::from_utf8_lossy(&call.word(1)).into_owned();
    // The wanted offset names the first byte that is missing.
    let have = call.int(2)?.saturating_sub(1);
    let replication = &server.replication;
    let partial = u64::try_from(have)
        .ok()
        .filter(|have| replication.continues(&id, *have))
        .and_then(|have| replication.since(have));
    let full = partial.is_none();
    server.replication.backlog.get_or_insert_default();
    let (id, offset) = (server.replication.id.clone(), server.replication.offset);
    let Some(state) = server.clients.get_mut(&call.client) else { return Ok(None) };
    state.is_replica = true;
    state.acknowledged_at = server.now;
    state.acknowledged_offset = if full { 0 } else { have.unsigned_abs() };
    state.reply_mode = ReplyMode::Off;
    let line = if full { format!("FULLRESYNC {id} {offset}") } else { format!("CONTINUE {id}") };
    server.send_raw(call.client, Frame::Status(line.into()));
    if let Some(frames) = partial {
        server.stats.sync_partial_ok += 1;
        for frame in frames {
            server.send_raw(call.client, frame);
        }
    } else {
        server.stats.sync_full += 1;
        // The stream starts anew behind a snapshot, so it names its database again.
        server.replication.selected = None;
        let snapshot = server.keyspace.snapshot();
        server.send_raw(call.client, snapshot);
    }
    server.fact(RedisFact::ReplicaSynced { client: call.client, full, offset });
    Ok(None)
}

/// Words as payloads.
pub(super) fn words(text: &[&str]) -> Vec<Payload> {
    text.iter().map(|word| payload(&word.as_bytes().into())).collect()
}
