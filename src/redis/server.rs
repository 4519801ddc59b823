//! The server: its parts, its clients and what it hands out.

use super::client::{Client, Closing, Key, Ordered};
use super::config::{ClientClass, Config};
use super::cost::CostTable;
use super::keyspace::{Keyspace, Value};
use super::pause::Pause;
use super::pubsub::PubSub;
use super::replication::Replication;
use super::resp::{Frame, Version};
use super::stats::Stats;
use super::stream::StreamId;
use super::transaction::Collected;
use super::turn::Turn;
use crate::event::{ConnectionId, Name, Payload, RedisFact, Tag};
use crate::sim::{Instant, Purpose, Rng, SortedMap, SortedSet, Span};
use std::sync::Arc;

/// What a server does to the world outside.
#[derive(Clone, Debug)]
pub enum Output {
    /// Bytes leave for this client's socket now: one write.
    Write {
        /// Whose socket.
        client: ConnectionId,
        /// The frames whose last byte is in this write.
        frames: Vec<Frame>,
        /// How many bytes leave. A frame that the kernel's buffer takes only in part is counted
        /// in each of its writes and handed out with its last.
        bytes: u64,
    },
    /// The server closes this client.
    Close {
        /// Which.
        client: ConnectionId,
    },
    /// Something happened.
    Fact(RedisFact),
}

/// A Redis server. The same calls with the same seed give the same outputs on every machine.
#[derive(Clone)]
pub struct Server {
    pub(super) config: Config,
    pub(super) clients: SortedMap<ConnectionId, Client>,
    pub(super) next_client_id: u64,
    pub(super) pubsub: PubSub,
    pub(super) turn: Turn,
    /// Clients with output that no write has been tried for, newest last.
    pub(super) pending_writes: Vec<ConnectionId>,
    /// Clients whose socket was full and has room again.
    pub(super) writable: SortedSet<ConnectionId>,
    /// Clients to free at the end of the turn.
    pub(super) doomed: Vec<ConnectionId>,
    /// Clients with requests that wait for the next turn, in order of arrival.
    pub(super) readable: Vec<ConnectionId>,
    /// Clients that stopped waiting and may have requests in store.
    pub(super) unblocked: Vec<ConnectionId>,
    pub(super) keyspace: Keyspace,
    /// Who watches a key.
    pub(super) watchers: SortedMap<(u32, Key), SortedSet<ConnectionId>>,
    /// Who waits for a key, in order.
    pub(super) waiting: SortedMap<(u32, Key), SortedMap<u64, ConnectionId>>,
    pub(super) next_blocked: u64,
    pub(super) pause: Option<Pause>,
    pub(super) stats: Stats,
    pub(super) replication: Replication,
    /// What EXEC has changed so far, while it runs.
    pub(super) transaction: Option<Vec<(u32, Vec<Payload>)>>,
    /// The replies of the transaction under way.
    pub(super) collected: Option<Collected>,
    /// `DEBUG SET-ACTIVE-EXPIRE`
    pub(super) active_expire: bool,
    pub(super) process_id: u32,
    pub(super) now: Instant,
    pub(super) out: Vec<Output>,
}

impl Server {
    /// An empty server. `seed` feeds its random answers and its run id.
    pub fn new(config: Config, seed: u64) -> Self {
        let identifiers = Rng::new(seed, Purpose::Identifiers, 0);
        let rng = Rng::new(seed, Purpose::RedisSampling, 0);
        let mut keyspace = Keyspace::new(config.databases, config.keyspace_limits(), rng);
        keyspace.notify_flags = config.notify;
        Self {
            config,
            unblocked: Vec::new(),
            keyspace,
            watchers: SortedMap::new(),
            waiting: SortedMap::new(),
            next_blocked: 0,
            pause: None,
            stats: Stats::default(),
            replication: Replication::new(identifiers),
            transaction: None,
            collected: None,
            active_expire: true,
            process_id: 1,
            clients: SortedMap::new(),
            next_client_id: 1,
            pubsub: PubSub::default(),
            turn: Turn::default(),
            pending_writes: Vec::new(),
            writable: SortedSet::new(),
            doomed: Vec::new(),
            readable: Vec::new(),
            now: Instant::ZERO,
            out: Vec::new(),
        }
    }

    /// A client connected. Above `maxclients` it is told so and closed.
    pub fn connect(&mut self, now: Instant, client: ConnectionId, out: &mut Vec<Output>) {
        self.now = now;
        self.stats.connections += 1;
        if self.clients.len() >= self.config.maxclients as usize {
            self.stats.rejected_connections += 1;
            let frame = Frame::error("ERR max number of clients reached");
            let bytes = frame.encoded_len() as u64;
            out.push(Output::Write { client, frames: vec![frame], bytes });
            out.push(Output::Fact(RedisFact::ClientClosed {
                client,
                reason: "max number of clients reached".into(),
                lost: Vec::new(),
            }));
            out.push(Output::Close { client });
            return;
        }
        let id = self.next_client_id;
        self.next_client_id += 1;
        let credit = self.config.socket_buffer;
        self.clients.insert(
            client,
            Client {
                id,
                credit,
                created: now,
                last_interaction: now,
                last_command: "NULL",
                address: format!("127.0.0.1:{}", 10_000 + client.0 % 50_000),
                ..Client::default()
            },
        );
    }

    /// The client's end of the connection is gone. Its subscriptions are removed at once.
    pub fn disconnect(&mut self, now: Instant, client: ConnectionId, out: &mut Vec<Output>) {
        self.now = now;
        self.forget(client);
        out.append(&mut self.out);
    }

    /// One request: its argument list. While the server is busy it waits for the next turn.
    pub fn handle(
        &mut self,
        now: Instant,
        client: ConnectionId,
        args: Vec<Payload>,
        out: &mut Vec<Output>,
    ) {
        self.now = now;
        // While writes of the last turn still leave one by one, new requests wait.
        let writing =
            self.config.cost.is_some() && !self.turn.is_open() && !self.pending_writes.is_empty();
        let open = self.turn.accepts(now) && !writing;
        if let Some(state) = self.clients.get_mut(&client) {
            state.last_interaction = now;
            if open && state.input.is_empty() && state.blocked.is_none() {
                self.turn.open(now);
                self.execute(client, args);
            } else {
                state.input.push_back(args);
                if state.blocked.is_none() && !self.readable.contains(&client) {
                    self.readable.push(client);
                }
            }
        }
        out.append(&mut self.out);
    }

    /// The client's machine took `bytes` from the kernel's buffers.
    pub fn acknowledged(
        &mut self,
        now: Instant,
        client: ConnectionId,
        bytes: u64,
        out: &mut Vec<Output>,
    ) {
        self.now = now;
        if let Some(state) = self.clients.get_mut(&client) {
            state.credit = (state.credit + bytes).min(self.config.socket_buffer);
            if !state.output.is_empty() && !self.pending_writes.contains(&client) {
                self.writable.insert(client);
            }
        }
        out.append(&mut self.out);
    }

    /// Books work; without a cost table it takes no time.
    pub(super) fn spend(&mut self, price: impl FnOnce(&CostTable) -> Span) {
        if let Some(table) = &self.config.cost {
            self.turn.extend(price(table));
        }
    }

    pub(super) fn fact(&mut self, fact: RedisFact) {
        self.out.push(Output::Fact(fact));
    }

    /// Appends a command's reply, in the client's version of the protocol.
    pub(super) fn reply(&mut self, client: ConnectionId, frame: Frame) {
        let Some(state) = self.clients.get(&client) else { return };
        if state.accepts_output(false) {
            let frame = frame.for_version(state.version);
            self.append(client, frame);
        }
    }

    /// Appends a push. `CLIENT REPLY` does not silence it. True when it was queued.
    pub(super) fn push(&mut self, client: ConnectionId, elements: &Arc<[Frame]>) -> bool {
        let Some(state) = self.clients.get(&client) else { return false };
        if !state.accepts_output(true) {
            return false;
        }
        let frame = Frame::push(state.version, elements);
        self.append(client, frame);
        true
    }

    /// Appends what is no reply: the replication stream and the words of a link.
    pub(super) fn send_raw(&mut self, client: ConnectionId, frame: Frame) {
        let open = self.clients.get(&client).is_some_and(|state| state.closing == Closing::No);
        if open {
            self.append(client, frame);
        }
    }

    fn append(&mut self, client: ConnectionId, frame: Frame) {
        let bytes = frame.encoded_len() as u64;
        if let Some(collected) = &mut self.collected
            && collected.client == client
        {
            collected.frames.push(frame);
            collected.bytes += bytes;
            return;
        }
        let Some(state) = self.clients.get_mut(&client) else { return };
        if state.output.is_empty() && state.closing != Closing::Asap {
            self.pending_writes.push(client);
        }
        let grown = state.output.append(frame);
        if grown {
            self.check_output_limits(client);
        }
        self.spend(|table| {
            Span::from_nanos(table.copy) + CostTable::by_size(table.copy_kib, bytes)
        });
    }

    /// `closeClientOnOutputBufferLimitReached`: marks the client when a limit is passed.
    pub(super) fn check_output_limits(&mut self, client: ConnectionId) {
        let second = self.now.as_millis() / 1_000;
        let Some(state) = self.clients.get_mut(&client) else { return };
        if state.closing == Closing::Asap {
            return;
        }
        let limit = self.config.limit(state.class());
        let used = state.output.memory();
        let hard = limit.hard > 0 && used >= limit.hard;
        let soft = limit.soft > 0 && used >= limit.soft;
        let over = match (soft, state.soft_since) {
            (false, _) => {
                state.soft_since = None;
                false
            }
            (true, None) => {
                state.soft_since = Some(second);
                false
            }
            (true, Some(since)) => second.saturating_sub(since) > limit.soft_seconds,
        };
        if hard || over {
            self.close_soon(client, super::room::OVERFLOW);
        }
    }

    /// `freeClientAsync`: the client goes at the end of the turn.
    pub(super) fn close_soon(&mut self, client: ConnectionId, reason: &'static str) {
        if let Some(state) = self.clients.get_mut(&client)
            && state.closing != Closing::Asap
        {
            state.closing = Closing::Asap;
            state.close_reason = reason;
            self.doomed.push(client);
        }
    }

    /// `freeClient` by the server: what is in its buffers is gone.
    pub(super) fn close(&mut self, client: ConnectionId, reason: &str) {
        let Some(state) = self.clients.get(&client) else { return };
        let lost = state.output.tags();
        self.forget(client);
        self.fact(RedisFact::ClientClosed { client, reason: reason.into(), lost });
        self.out.push(Output::Close { client });
    }

    pub(super) fn forget(&mut self, client: ConnectionId) {
        self.drop_subscriptions(client);
        self.discard(client);
        if self.clients.get(&client).is_some_and(|state| state.blocked.is_some()) {
            self.unblock(client);
        }
        if self.clients.remove(&client).is_some() {
            self.pending_writes.retain(|other| *other != client);
            self.readable.retain(|other| *other != client);
            self.unblocked.retain(|other| *other != client);
            self.doomed.retain(|other| *other != client);
            self.writable.remove(&client);
        }
    }

    /// The protocol version that a client speaks.
    pub fn version(&self, client: ConnectionId) -> Option<Version> {
        self.clients.get(&client).map(|state| state.version)
    }

    /// The class whose limit applies to a client.
    pub fn class(&self, client: ConnectionId) -> Option<ClientClass> {
        self.clients.get(&client).map(Client::class)
    }

    /// The settings, as CONFIG SET left them.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Bytes of requests that wait because the client is blocked or the server busy.
    pub fn waiting_bytes(&self, client: ConnectionId) -> usize {
        let state = self.clients.get(&client);
        state.map_or(0, |state| state.input.iter().flatten().map(Payload::len).sum())
    }

    /// Whether a client waits for a key, a stream, replicas or the end of a pause.
    pub fn is_blocked(&self, client: ConnectionId) -> bool {
        self.clients.get(&client).is_some_and(|state| state.blocked.is_some())
    }

    /// Calls `found` with each entry of each stream: key, id, and the message in it.
    pub fn each_entry(&self, mut found: impl FnMut(&str, (u64, u64), Option<Tag>)) {
        for (key, entry) in self.keyspace.dbs.iter().flat_map(|db| &db.entries) {
            if let Value::Stream(stream) = &entry.value {
                let key = String::from_utf8_lossy(key);
                for item in stream.range(StreamId::MIN, StreamId::MAX) {
                    let tag = item.fields.iter().flat_map(|f| f.iter()).find_map(Payload::tag);
                    found(&key, (item.id.ms, item.id.seq), tag);
                }
            }
        }
    }

    /// Calls `found` with each group of each stream: key, name, its last-delivered id, and its
    /// pending entries with their consumers and how often they were delivered.
    pub fn each_group(
        &self,
        mut found: impl FnMut(&str, &str, (u64, u64), Vec<((u64, u64), Name, u64)>),
    ) {
        for (key, entry) in self.keyspace.dbs.iter().flat_map(|db| &db.entries) {
            if let Value::Stream(stream) = &entry.value {
                let key = String::from_utf8_lossy(key);
                for (group, state) in &stream.groups {
                    let pending = state.pending.iter();
                    let pending = pending
                        .map(|(id, of)| ((id.ms, id.seq), name(&of.consumer), of.count))
                        .collect();
                    let last = (state.last_id.ms, state.last_id.seq);
                    found(&key, &String::from_utf8_lossy(group), last, pending);
                }
            }
        }
    }

    /// Whether a group of a stream still has an entry to give: it lies behind the group's bookmark
    /// or is pending. None when there is no such group.
    pub fn group_awaits(&self, key: &str, group: &str, (ms, seq): (u64, u64)) -> Option<bool> {
        let entries = &self.keyspace.dbs.first()?.entries;
        let Value::Stream(stream) = &entries.get(&Key::from(key.as_bytes()))?.value else {
            return None;
        };
        let group = stream.groups.get(&Key::from(group.as_bytes()))?;
        let id = StreamId { ms, seq };
        Some(id > group.last_id || group.pending.contains_key(&id))
    }

    /// Calls `found` with each element of each list: key, and the message it is.
    pub fn each_element(&self, mut found: impl FnMut(&str, Option<Tag>)) {
        for (key, entry) in self.keyspace.dbs.iter().flat_map(|db| &db.entries) {
            if let Value::List(list) = &entry.value {
                let key = String::from_utf8_lossy(key);
                list.iter().for_each(|element| found(&key, element.tag()));
            }
        }
    }

    /// Whether there is such a command and it may have so many words; else the error of Redis.
    pub fn knows(args: &[Payload]) -> Result<(), String> {
        let command = super::call::lookup(args).map_err(|fault| fault.0.to_string())?;
        let words = i32::try_from(args.len()).unwrap_or(i32::MAX);
        if words == command.arity || (command.arity < 0 && words >= -command.arity) {
            return Ok(());
        }
        Err(super::fault::Fault::arity(command.name).0.to_string())
    }

    /// How long the event loop has worked so far, all turns together.
    pub fn worked(&self) -> Span {
        self.turn.worked
    }

    /// What INFO shows as `process_id`.
    pub fn set_process_id(&mut self, id: u32) {
        self.process_id = id;
    }

    /// The other end's address, as CLIENT LIST prints it.
    pub fn set_address(&mut self, client: ConnectionId, address: String) {
        if let Some(state) = self.clients.get_mut(&client) {
            state.address = address;
        }
    }

    /// Who is subscribed to which channel (`false`) or pattern (`true`).
    pub fn subscriptions(&self) -> impl Iterator<Item = (ConnectionId, Name, bool)> + '_ {
        let held = |(id, client): (&ConnectionId, &Client)| {
            let id = *id;
            let of = |keys: &Ordered<Key, u64>, pattern: bool| -> Vec<_> {
                keys.keys().map(|key| (id, name(key), pattern)).collect()
            };
            of(&client.channels, false).into_iter().chain(of(&client.patterns, true))
        };
        self.clients.iter().flat_map(held)
    }

    /// A client's output buffer in bytes, all layers, and as its limit counts it.
    pub fn buffered(&self, client: ConnectionId) -> Option<(u64, u64)> {
        let state = self.clients.get(&client)?;
        Some((state.output.len(), state.output.memory()))
    }
}

/// Names in facts are for people: what is not UTF-8 is shown with replacement characters.
pub(super) fn name(bytes: &[u8]) -> Name {
    String::from_utf8_lossy(bytes).into()
}
