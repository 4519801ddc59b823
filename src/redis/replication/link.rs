//! The replica's side: its link to the primary, what arrives there, and promotion.

use super::super::blocked::Wait;
use super::super::call::{self, Call};
use super::super::client::{Client, ReplyMode};
use super::super::command::Answer;
use super::super::resp::Frame;
use super::super::server::{Output, Server};
use crate::event::{ConnectionId, Payload, RedisFact};
use crate::sim::{Instant, Span};

/// How often a replica says how far it is, and tries to connect again.
const SECOND: Span = Span::from_secs(1);

/// How far the link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No connection: one is wanted.
    Connect,
    /// The greetings are under way.
    Handshake,
    /// PSYNC was sent.
    Sync,
    /// The snapshot is under way.
    Transfer,
    /// The stream flows.
    Connected,
}

/// The link to the primary.
#[derive(Clone, Debug)]
pub(in super::super) struct Link {
    pub(in super::super) host: String,
    pub(in super::super) port: u16,
    pub(in super::super) connection: Option<ConnectionId>,
    state: State,
    last_acknowledgement: Instant,
    /// The id and offset that a full resync will start from.
    resync: Option<(String, u64)>,
    /// This data set was synchronised once, so a partial resync may be asked for.
    synced: bool,
}

impl Link {
    pub(in super::super) fn is_up(&self) -> bool {
        self.state == State::Connected
    }

    /// As ROLE names it.
    pub(super) fn state_name(&self) -> &'static str {
        match self.state {
            State::Connect => "connect",
            State::Handshake => "connecting",
            State::Sync | State::Transfer => "sync",
            State::Connected => "connected",
        }
    }

    pub(super) fn next_acknowledgement(&self) -> Option<Instant> {
        self.is_up().then(|| self.last_acknowledgement + SECOND)
    }
}

/// REPLICAOF and SLAVEOF.
pub(in super::super) fn replicaof(server: &mut Server, call: &mut Call) -> Answer {
    if call.is(1, "no") && call.is(2, "one") {
        if server.replication.is_replica() {
            server.promote();
        }
        return Ok(Some(Frame::OK));
    }
    let port = call.int_or(2, "ERR Invalid master port")?;
    let port = u16::try_from(port).map_err(|_| "ERR Invalid master port")?;
    let host = String::from_utf8_lossy(&call.word(1)).into_owned();
    let same = |link: &Link| link.host == host && link.port == port;
    if server.replication.link.as_ref().is_some_and(same) {
        return Ok(Some(Frame::Simple("OK Already connected to specified master")));
    }
    server.demote(host, port);
    Ok(Some(Frame::OK))
}

impl Server {
    /// Becomes a replica: waiting clients must go, subscribers stay.
    fn demote(&mut self, host: String, port: u16) {
        self.drop_link();
        let was_primary = !self.replication.is_replica();
        let synced = self.replication.offset > 0;
        self.replication.link = Some(Link {
            host,
            port,
            connection: None,
            state: State::Connect,
            last_acknowledgement: self.now,
            resync: None,
            synced,
        });
        self.keyspace.replica = true;
        let blocked: Vec<ConnectionId> = self
            .clients
            .iter()
            .filter(|(_, state)| {
                // Paused clients start from scratch later (`disconnectAllBlockedClients`).
                state.blocked.as_ref().is_some_and(|b| !matches!(b.wait, Wait::PauseEnd))
            })
            .map(|(client, _)| *client)
            .collect();
        for client in blocked {
            let text = "UNBLOCKED force unblock from blocking operation, instance state changed \
                        (master -> replica?)";
            self.fail(client, &text.into());
            self.unblock(client);
            self.close_after_reply(client);
        }
        // Their history may not be the new primary's.
        for replica in self.replicas() {
            self.close_soon(replica, "replica must resync with the new primary");
        }
        if was_primary {
            self.fact(RedisFact::RoleChanged { primary: false });
        }
    }

    /// REPLICAOF NO ONE: goes on alone from here; the old history stays known, so that replicas
    /// of the old primary can go on without a full resync.
    fn promote(&mut self) {
        self.drop_link();
        self.replication.link = None;
        self.keyspace.replica = false;
        let new = self.replication.new_id();
        let old = std::mem::replace(&mut self.replication.id, new);
        self.replication.second = Some((old, self.replication.offset));
        self.replication.backlog.get_or_insert_default();
        self.replication.selected = None;
        self.fact(RedisFact::RoleChanged { primary: true });
    }

    fn drop_link(&mut self) {
        let link = self.replication.link.as_mut();
        if let Some(client) = link.and_then(|link| link.connection.take()) {
            self.forget(client);
            self.out.push(Output::Close { client });
        }
    }

    /// `replicaof` of redis.conf: follows this primary from now on.
    pub fn follow(&mut self, now: Instant, host: &str, port: u16, out: &mut Vec<Output>) {
        self.now = now;
        self.demote(host.to_owned(), port);
        out.append(&mut self.out);
    }

    /// Whether this server is a primary.
    pub fn is_primary(&self) -> bool {
        !self.replication.is_replica()
    }

    /// The primary that this server wants a connection to; whoever owns the wires makes one
    /// and calls [`Server::link_up`]. Try again once a second.
    pub fn wanted_primary(&self) -> Option<(&str, u16)> {
        let link = self.replication.link.as_ref()?;
        link.connection.is_none().then_some((link.host.as_str(), link.port))
    }

    /// The host that this server replicates, where it is a replica.
    pub fn follows(&self) -> Option<&str> {
        self.replication.link.as_ref().map(|link| link.host.as_str())
    }

    /// Whether this server is a replica whose link to its primary is up.
    pub fn is_linked(&self) -> bool {
        self.replication.link.as_ref().is_some_and(Link::is_up)
    }

    /// Bytes of the replication stream that this server has made or taken.
    pub fn replication_offset(&self) -> u64 {
        self.replication.offset
    }

    /// The connection to the primary stands.
    pub fn link_up(&mut self, now: Instant, connection: ConnectionId, out: &mut Vec<Output>) {
        self.now = now;
        if let Some(link) = &mut self.replication.link {
            link.connection = Some(connection);
            link.state = State::Handshake;
            let state = Client {
                created: now,
                last_interaction: now,
                credit: self.config.socket_buffer,
                last_command: "NULL",
                reply_mode: ReplyMode::Off,
                is_primary: true,
                ..Client::default()
            };
            self.clients.insert(connection, state);
            self.say(connection, &["PING"]);
        }
        out.append(&mut self.out);
    }

    /// The connection to the primary is gone; another one is wanted.
    pub fn link_down(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.now = now;
        let offset = self.replication.offset;
        if let Some(link) = &mut self.replication.link {
            let was_up = link.is_up();
            link.state = State::Connect;
            if let Some(client) = link.connection.take() {
                self.forget(client);
            }
            if was_up {
                self.fact(RedisFact::LinkChanged { up: false, offset });
            }
        }
        out.append(&mut self.out);
    }

    /// A frame from the primary: a reply to a greeting, the snapshot, or the stream.
    pub fn link_frame(&mut self, now: Instant, frame: Frame, out: &mut Vec<Output>) {
        self.now = now;
        let Some(link) = &mut self.replication.link else { return };
        let Some(connection) = link.connection else { return };
        match (link.state, frame) {
            (State::Handshake, _) => {
                link.state = State::Sync;
                let port = self.config.address.rsplit(':').next().unwrap_or("0").to_owned();
                let synced = self.replication.link.as_ref().is_some_and(|link| link.synced);
                self.say(connection, &["REPLCONF", "listening-port", &port]);
                self.say(connection, &["REPLCONF", "capa", "eof", "capa", "psync2"]);
                let (id, offset) = if synced {
                    (self.replication.id.clone(), (self.replication.offset + 1).to_string())
                } else {
                    ("?".into(), "-1".into())
                };
                self.say(connection, &["PSYNC", &id, &offset]);
            }
            (State::Sync, Frame::Status(line)) => self.sync_answer(&line),
            (State::Transfer, Frame::Array(commands)) => {
                self.load(connection, &commands);
                self.linked();
            }
            (State::Connected, Frame::Array(words)) => {
                let args = payloads(&words);
                match self.clients.get_mut(&connection) {
                    Some(state) if state.blocked.is_some() => state.input.push_back(args),
                    _ => self.take_stream(connection, args),
                }
            }
            _ => {}
        }
        out.append(&mut self.out);
    }

    fn sync_answer(&mut self, line: &str) {
        let mut words = line.split(' ');
        let Some(link) = &mut self.replication.link else { return };
        match (words.next(), words.next(), words.next()) {
            (Some("FULLRESYNC"), Some(id), Some(offset)) => {
                link.resync = Some((id.into(), offset.parse().unwrap_or(0)));
                link.state = State::Transfer;
            }
            (Some("CONTINUE"), id, _) => {
                if let Some(id) = id {
                    self.replication.id = id.into();
                }
                self.linked();
            }
            _ => {}
        }
    }

    fn linked(&mut self) {
        let Some(link) = &mut self.replication.link else { return };
        link.state = State::Connected;
        link.synced = true;
        if let Some((id, offset)) = link.resync.take() {
            self.replication.id = id;
            self.replication.offset = offset;
            // What the backlog holds belongs to another history.
            self.replication.backlog = None;
            self.replication.backlog_bytes = 0;
        }
        self.replication.backlog.get_or_insert_default();
        let offset = self.replication.offset;
        self.fact(RedisFact::LinkChanged { up: true, offset });
        self.acknowledge_now();
    }

    /// Replaces the data set by what the snapshot's commands make. It was there before: no
    /// events, and nobody is told.
    fn load(&mut self, connection: ConnectionId, commands: &[Frame]) {
        for db in 0..self.keyspace.dbs.len() as u32 {
            self.keyspace.flush(db);
        }
        let flags = std::mem::take(&mut self.keyspace.notify_flags);
        for command in commands {
            if let Frame::Array(words) = command {
                self.apply(connection, payloads(words));
            }
        }
        self.keyspace.notify_flags = flags;
        if let Some(state) = self.clients.get_mut(&connection) {
            state.db = 0;
        }
    }

    /// One command of the primary's stream: a pause holds it up, and what follows it.
    pub(in super::super) fn take_stream(&mut self, connection: ConnectionId, args: Vec<Payload>) {
        // Each command of the stream passes here: it is looked up only while a pause may hold it.
        let held = |command| self.is_paused_for(connection, command);
        if self.is_paused() && call::lookup(&args).is_ok_and(held) {
            self.postpone(connection, args);
            return;
        }
        let frame = Frame::Array(args.iter().cloned().map(Frame::Bulk).collect());
        self.apply(connection, args);
        // Replicas of this replica get the primary's stream as it is.
        self.feed_frame(&frame);
    }

    /// Runs one command of the primary; nothing may refuse it.
    fn apply(&mut self, connection: ConnectionId, args: Vec<Payload>) {
        let Ok(command) = call::lookup(&args) else { return };
        self.enter(connection);
        self.queue_or_run(connection, command, args);
        self.settle();
    }

    /// Tells the primary how far this replica is, now.
    pub(super) fn acknowledge_now(&mut self) {
        let offset = self.replication.offset.to_string();
        let now = self.now;
        let Some(link) = &mut self.replication.link else { return };
        link.last_acknowledgement = now;
        if let Some(connection) = link.connection {
            self.say(connection, &["REPLCONF", "ACK", &offset]);
        }
    }

    /// Once a second.
    pub(super) fn acknowledge_primary(&mut self) {
        let due = self.replication.link.as_ref().and_then(Link::next_acknowledgement);
        if due.is_some_and(|due| due <= self.now) {
            self.acknowledge_now();
        }
    }

    fn say(&mut self, connection: ConnectionId, text: &[&str]) {
        let words = super::words(text);
        self.send_raw(connection, Frame::Array(words.into_iter().map(Frame::Bulk).collect()));
    }
}

/// The words of a command that came as a frame.
fn payloads(words: &[Frame]) -> Vec<Payload> {
    let word = |word: &Frame| match word {
        Frame::Bulk(word) => Some(word.clone()),
        _ => None,
    };
    words.iter().filter_map(word).collect()
}
