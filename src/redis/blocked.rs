//! Clients that wait, mostly for keys (blocked.c, and the blocking commands of t_list.c, t_zset.c and
//! t_stream.c).
//!
//! They are served after a whole command or transaction, in the order in which they blocked.

use super::call::Call;
use super::client::Key;
use super::command::Answer;
use super::fault::Fault;
use super::keyspace::Value;
use super::resp::{Frame, Version};
use super::server::Server;
use super::stream::read::Read;
use super::types::list::{self, End};
use super::types::{payload, zset};
use crate::event::{ConnectionId, RedisFact};
use crate::sim::{Instant, Order};

/// What a client waits for.
#[derive(Clone, Debug)]
pub(super) enum Wait {
    Pop {
        end: End,
    },
    Move {
        to: Key,
        out: End,
        into: End,
    },
    ListMpop {
        end: End,
        most: usize,
    },
    ZsetPop {
        lowest: bool,
    },
    ZsetMpop {
        lowest: bool,
        most: usize,
    },
    Stream(Read),
    Replicas {
        number: i64,
        offset: u64,
    },
    /// For the end of CLIENT PAUSE, with its command put back.
    PauseEnd,
}

/// A waiting client.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    pub(super) wait: Wait,
    pub(super) db: u32,
    pub(super) keys: Vec<Key>,
    /// Place in the queues of its keys.
    pub(super) place: u64,
    /// None for ever.
    pub(super) deadline: Option<Instant>,
}

/// How a served client is answered.
type Served = Result<Option<Frame>, Fault>;

impl Server {
    /// Makes the client wait; `timeout` in milliseconds, 0 for ever.
    pub(super) fn block(&mut self, call: &Call, keys: Vec<Key>, timeout: i64, wait: Wait) {
        let place = self.next_blocked;
        self.next_blocked += 1;
        let db = self.keyspace.db;
        let deadline = (timeout > 0).then(|| {
            let wait = crate::sim::Span::from_millis(timeout.unsigned_abs());
            self.now + wait
        });
        for key in &keys {
            let queue = self.waiting.entry((db, key.clone())).or_default();
            queue.insert(place, call.client);
        }
        if let Some(state) = self.clients.get_mut(&call.client) {
            state.blocked = Some(Blocked { wait, db, keys, place, deadline });
            self.fact(RedisFact::Blocked { client: call.client });
        }
    }

    /// Takes the client out of all queues; its waiting requests go on.
    pub(super) fn unblock(&mut self, client: ConnectionId) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        let Some(blocked) = state.blocked.take() else { return };
        for key in blocked.keys {
            let at = (blocked.db, key);
            if let Some(queue) = self.waiting.get_mut(&at) {
                queue.remove(&blocked.place);
                if queue.is_empty() {
                    self.waiting.remove(&at);
                }
            }
        }
        if !self.unblocked.contains(&client) {
            self.unblocked.push(client);
        }
        self.fact(RedisFact::Unblocked { client });
    }

    /// `handleClientsBlockedOnKeys`: serving one client may wake others.
    pub(super) fn serve_blocked(&mut self) {
        if self.waiting.is_empty() {
            self.keyspace.ready.clear();
            return;
        }
        while !self.keyspace.ready.is_empty() {
            let mut round: Vec<(u32, Key)> = Vec::new();
            for at in std::mem::take(&mut self.keyspace.ready) {
                if self.waiting.contains_key(&at) && !round.contains(&at) {
                    round.push(at);
                }
            }
            for (db, key) in round {
                self.serve_key(db, &key);
            }
        }
    }

    fn serve_key(&mut self, db: u32, key: &Key) {
        let Some(queue) = self.waiting.get(&(db, key.clone())) else { return };
        let clients: Vec<ConnectionId> = queue.values().copied().collect();
        for client in clients {
            let Some(state) = self.clients.get(&client) else { continue };
            let Some(blocked) = state.blocked.clone() else { continue };
            let version = state.version;
            self.keyspace.db = db;
            self.keyspace.rewritten = None;
            let dirty = self.keyspace.dirty;
            let served = self.try_serve(&blocked, key, version);
            self.keyspace.hand_to(client);
            self.publish_notices();
            match served {
                Ok(None) => {}
                Ok(Some(frame)) => {
                    self.reply(client, frame);
                    self.unblock(client);
                }
                Err(fault) => {
                    let command = self.clients.get(&client).map(|state| state.last_command);
                    if let Some(command) = command {
                        self.stats.command(command).failed += 1;
                    }
                    self.fail(client, &fault);
                    self.unblock(client);
                }
            }
            if self.keyspace.dirty != dirty
                && let Some(words) = self.keyspace.rewritten.take()
            {
                self.propagate(words.into_iter().map(|words| (db, words)).collect());
            }
            self.mark_watchers();
        }
    }

    fn try_serve(&mut self, blocked: &Blocked, key: &Key, version: Version) -> Served {
        let ks = &mut self.keyspace;
        let kind = ks.find_mut(key).map(|value| match value {
            Value::List(_) => 'l',
            Value::Zset(_) => 'z',
            _ => ' ',
        });
        match (&blocked.wait, kind) {
            (Wait::Pop { end }, Some('l')) => {
                let element = ks.list_pop(key, *end, 1)?.pop();
                let command = if *end == End::Left { "LPOP" } else { "RPOP" };
                ks.rewrite(vec![command.into(), payload(key)]);
                Ok(element
                    .map(|element| Frame::Array(vec![Frame::bulk(key), Frame::Bulk(element)])))
            }
            (Wait::Move { to, out, into }, Some('l')) => {
                let moved = ks.list_move(key, to, *out, *into)?;
                let (out, into) = (out.word(), into.word());
                ks.rewrite(vec![
                    "LMOVE".into(),
                    payload(key),
                    payload(to),
                    out.into(),
                    into.into(),
                ]);
                Ok(moved.map(Frame::Bulk))
            }
            (Wait::ListMpop { end, most }, Some('l')) => {
                ks.list_mpop(std::slice::from_ref(key), *end, *most)
            }
            (Wait::ZsetPop { lowest }, Some('z')) => zset_pop(ks, key, *lowest),
            (Wait::ZsetMpop { lowest, most }, Some('z')) => {
                ks.zset_mpop(std::slice::from_ref(key), *lowest, *most)
            }
            (Wait::Stream(read), _) => read.wake(ks, key, version),
            _ => Ok(None),
        }
    }

    /// Answers the clients whose time is up (`handleBlockedClientsTimeout`).
    pub(super) fn time_out_blocked(&mut self) {
        let now = self.now;
        let mut due: Vec<(Instant, ConnectionId)> = self
            .clients
            .iter()
            .filter_map(|(client, state)| {
                let deadline = state.blocked.as_ref()?.deadline?;
                (deadline <= now).then_some((deadline, *client))
            })
            .collect();
        due.order();
        for (_, client) in due {
            self.answer_timeout(client);
        }
    }

    /// `replyToBlockedClientTimedOut`.
    pub(super) fn answer_timeout(&mut self, client: ConnectionId) {
        let wait = self.clients.get(&client).and_then(|state| state.blocked.as_ref());
        let frame = match wait.map(|blocked| &blocked.wait) {
            Some(Wait::Replicas { offset, .. }) => Frame::Integer(self.replicas_at(*offset)),
            _ => Frame::NullArray,
        };
        self.reply(client, frame);
        self.unblock(client);
    }

    /// The soonest deadline of a waiting client.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.clients.values().filter_map(|state| state.blocked.as_ref()?.deadline).min()
    }
}

fn zset_pop(
    ks: &mut super::keyspace::Keyspace,
    key: &Key,
    lowest: bool,
) -> Result<Option<Frame>, Fault> {
    let popped = ks.zset_pop(key, lowest, 1)?;
    let command = if lowest { "ZPOPMIN" } else { "ZPOPMAX" };
    ks.rewrite(vec![command.into(), payload(key)]);
    Ok(popped.first().map(|(member, score)| {
        Frame::Array(vec![Frame::bulk(key), Frame::bulk(member), Frame::Double(*score)])
    }))
}

pub(super) fn blpop(server: &mut Server, call: &mut Call) -> Answer {
    pop(server, call, End::Left)
}

pub(super) fn brpop(server: &mut Server, call: &mut Call) -> Answer {
    pop(server, call, End::Right)
}

fn pop(server: &mut Server, call: &Call, end: End) -> Answer {
    let last = call.len() - 1;
    let timeout = call.timeout(last)?;
    let keys: Vec<Key> = (1..last).map(|index| call.key(index)).collect();
    for key in &keys {
        if server.keyspace.list(key)?.is_none() {
            continue;
        }
        let popped = server.keyspace.list_pop(key, end, 1)?.pop();
        let command = if end == End::Left { "LPOP" } else { "RPOP" };
        server.keyspace.rewrite(vec![command.into(), payload(key)]);
        return Ok(popped.map(|element| Frame::Array(vec![Frame::bulk(key), Frame::Bulk(element)])));
    }
    wait(server, call, keys, timeout, Wait::Pop { end }, Frame::NullArray)
}

/// Blocks, or answers as a time-out would where blocking is not allowed.
fn wait(
    server: &mut Server,
    call: &Call,
    keys: Vec<Key>,
    timeout: i64,
    wait: Wait,
    denied: Frame,
) -> Answer {
    if call.in_exec {
        return Ok(Some(denied));
    }
    server.block(call, keys, timeout, wait);
    Ok(None)
}

pub(super) fn blmove(server: &mut Server, call: &mut Call) -> Answer {
    let (out, into) = (End::parse(call, 3)?, End::parse(call, 4)?);
    move_or_wait(server, call, 5, out, into)
}

pub(super) fn brpoplpush(server: &mut Server, call: &mut Call) -> Answer {
    move_or_wait(server, call, 3, End::Right, End::Left)
}

fn move_or_wait(server: &mut Server, call: &Call, at: usize, out: End, into: End) -> Answer {
    let timeout = call.timeout(at)?;
    let (from, to) = (call.key(1), call.key(2));
    if let Some(moved) = server.keyspace.list_move(&from, &to, out, into)? {
        let (out, into) = (out.word(), into.word());
        server.keyspace.rewrite(vec![
            "LMOVE".into(),
            payload(&from),
            payload(&to),
            out.into(),
            into.into(),
        ]);
        return Ok(Some(Frame::Bulk(moved)));
    }
    wait(server, call, vec![from], timeout, Wait::Move { to, out, into }, Frame::NullBulk)
}

pub(super) fn blmpop(server: &mut Server, call: &mut Call) -> Answer {
    let timeout = call.timeout(1)?;
    let (keys, direction, most) = list::mpop_words(call, 2)?;
    let end = End::parse(call, direction)?;
    if let Some(frame) = server.keyspace.list_mpop(&keys, end, most)? {
        return Ok(Some(frame));
    }
    wait(server, call, keys, timeout, Wait::ListMpop { end, most }, Frame::NullArray)
}

pub(super) fn bzpopmin(server: &mut Server, call: &mut Call) -> Answer {
    zpop(server, call, true)
}

pub(super) fn bzpopmax(server: &mut Server, call: &mut Call) -> Answer {
    zpop(server, call, false)
}

fn zpop(server: &mut Server, call: &Call, lowest: bool) -> Answer {
    let last = call.len() - 1;
    let timeout = call.timeout(last)?;
    let keys: Vec<Key> = (1..last).map(|index| call.key(index)).collect();
    for key in &keys {
        if server.keyspace.zset(key)?.is_some() {
            return zset_pop(&mut server.keyspace, key, lowest);
        }
    }
    wait(server, call, keys, timeout, Wait::ZsetPop { lowest }, Frame::NullArray)
}

pub(super) fn bzmpop(server: &mut Server, call: &mut Call) -> Answer {
    let timeout = call.timeout(1)?;
    let (keys, direction, most) = list::mpop_words(call, 2)?;
    let lowest = zset::lowest(call, direction)?;
    if let Some(frame) = server.keyspace.zset_mpop(&keys, lowest, most)? {
        return Ok(Some(frame));
    }
    wait(server, call, keys, timeout, Wait::ZsetMpop { lowest, most }, Frame::NullArray)
}

pub(super) fn xread(server: &mut Server, call: &mut Call) -> Answer {
    let read = Read::parse(&mut server.keyspace, call)?;
    if let Some(frame) = read.serve(&mut server.keyspace, call.version)? {
        // Deliveries are propagated one by one, never the command itself.
        server.keyspace.rewritten.get_or_insert_default();
        return Ok(Some(frame));
    }
    let Some(timeout) = read.block else { return Ok(Some(Frame::NullArray)) };
    let keys = read.streams.iter().map(|(key, _)| key.clone()).collect();
    wait(server, call, keys, timeout, Wait::Stream(read), Frame::NullArray)
}
