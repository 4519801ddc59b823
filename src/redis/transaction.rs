//! MULTI, EXEC and WATCH (multi.c).

use super::call::Call;
use super::client::Key;
use super::command::{Answer, Command};
use super::fault::Fault;
use super::resp::Frame;
use super::server::Server;
use crate::event::{ConnectionId, Payload};

/// A transaction that is being put together.
#[derive(Clone, Debug, Default)]
pub(super) struct Multi {
    pub(super) queue: Vec<(&'static Command, Vec<Payload>)>,
    /// A command was refused: EXEC will abort.
    pub(super) dirty: bool,
}

/// The replies of a transaction under way: EXEC answers with all of them.
#[derive(Clone, Debug)]
pub(super) struct Collected {
    pub(super) client: ConnectionId,
    pub(super) frames: Vec<Frame>,
    /// Their encoded length.
    pub(super) bytes: u64,
}

/// A key that a client watches, and whether it had expired already then.
pub(super) type Watched = (u32, Key, bool);

impl Server {
    pub(super) fn multi_of(&mut self, client: ConnectionId) -> Option<&mut Multi> {
        self.clients.get_mut(&client)?.multi.as_mut()
    }

    /// Marks the clients that watch a changed key (`touchWatchedKey`).
    pub(super) fn mark_watchers(&mut self) {
        for touched in std::mem::take(&mut self.keyspace.touched) {
            for client in self.watchers.get(&touched).into_iter().flatten() {
                if let Some(state) = self.clients.get_mut(client) {
                    state.dirty_cas = true;
                }
            }
        }
    }

    pub(super) fn unwatch_all(&mut self, client: ConnectionId) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        state.dirty_cas = false;
        for (db, key, _) in std::mem::take(&mut state.watched) {
            let at = (db, key);
            if let Some(watchers) = self.watchers.get_mut(&at) {
                watchers.remove(&client);
                if watchers.is_empty() {
                    self.watchers.remove(&at);
                }
            }
        }
    }

    pub(super) fn discard(&mut self, client: ConnectionId) {
        if let Some(state) = self.clients.get_mut(&client) {
            state.multi = None;
        }
        self.unwatch_all(client);
    }

    fn is_past(&self, db: u32, key: &Key) -> bool {
        let entry = self.keyspace.dbs.get(db as usize).and_then(|db| db.entries.get(key));
        entry.and_then(|entry| entry.expires).is_some_and(|at| self.keyspace.now > at)
    }
}

pub(super) fn multi(server: &mut Server, call: &mut Call) -> Answer {
    let Some(state) = server.clients.get_mut(&call.client) else { return Ok(None) };
    if state.multi.is_some() {
        return Err("ERR MULTI calls can not be nested".into());
    }
    state.multi = Some(Multi::default());
    Ok(Some(Frame::OK))
}

pub(super) fn discard(server: &mut Server, call: &mut Call) -> Answer {
    if server.multi_of(call.client).is_none() {
        return Err("ERR DISCARD without MULTI".into());
    }
    server.discard(call.client);
    Ok(Some(Frame::OK))
}

pub(super) fn watch(server: &mut Server, call: &mut Call) -> Answer {
    if server.multi_of(call.client).is_some() {
        return Err("ERR WATCH inside MULTI is not allowed".into());
    }
    for index in 1..call.len() {
        let key = call.key(index);
        let past = server.is_past(server.keyspace.db, &key);
        let Some(state) = server.clients.get_mut(&call.client) else { return Ok(None) };
        let db = state.db;
        if !state.watched.iter().any(|(at, name, _)| (*at, name) == (db, &key)) {
            state.watched.push((db, key.clone(), past));
            server.watchers.entry((db, key)).or_default().insert(call.client);
        }
    }
    Ok(Some(Frame::OK))
}

pub(super) fn unwatch(server: &mut Server, call: &mut Call) -> Answer {
    server.unwatch_all(call.client);
    Ok(Some(Frame::OK))
}

pub(super) fn exec(server: &mut Server, call: &mut Call) -> Answer {
    let Some(state) = server.clients.get_mut(&call.client) else { return Ok(None) };
    let Some(multi) = state.multi.take() else { return Err("ERR EXEC without MULTI".into()) };
    let watched = state.watched.clone();
    let mut stale = state.dirty_cas;
    stale |= watched.iter().any(|(db, key, past)| !past && server.is_past(*db, key));
    server.unwatch_all(call.client);
    if multi.dirty {
        return Err("EXECABORT Transaction discarded because of previous errors.".into());
    }
    if stale {
        return Ok(Some(Frame::NullArray));
    }
    let length = multi.queue.len();
    server.collected = Some(Collected { client: call.client, frames: Vec::new(), bytes: 0 });
    server.transaction = Some(Vec::new());
    for (command, args) in multi.queue {
        server.run(call.client, command, args, true);
    }
    server.end_transaction();
    let frames = server.collected.take().map(|collected| collected.frames).unwrap_or_default();
    if frames.len() == length {
        return Ok(Some(Frame::Array(frames)));
    }
    // Some commands answered more frames than one: the header counts commands all the same.
    if length == 0 || !frames.is_empty() {
        server.reply(call.client, Frame::Header(length as u32));
        for frame in frames {
            server.reply(call.client, frame);
        }
    }
    Ok(None)
}

/// A fault for commands that cannot be part of a transaction.
pub(super) fn deny_blocking(call: &Call) -> Result<(), Fault> {
    if !call.in_exec {
        return Ok(());
    }
    let name = call.name().to_ascii_uppercase();
    Err(format!("ERR {name} isn't allowed for a DENY BLOCKING client").into())
}
