//! The keyspace: databases of typed values with expiry, and what a write leaves behind it
//! (notifications, touched keys, keys that blocked clients wait for, propagation). db.c.
//!
//! Knows values and time. Must not know clients: the server hands on what piles up here.

use super::client::Key;
use super::fault::{Fault, WRONG_TYPE};
use super::notify;
use super::stream::Stream;
use super::types::{Hash, List, Set, Zset};
use crate::event::{ConnectionId, Payload, RedisFact};
use crate::sim::{Rng, SortedMap, SortedSet};
use std::sync::Arc;

/// A value of one of Redis's types. Aggregates are shared by checkpoints until they change.
#[derive(Clone, Debug)]
pub(super) enum Value {
    String(Payload),
    List(Arc<List>),
    Hash(Arc<Hash>),
    Set(Arc<Set>),
    Zset(Arc<Zset>),
    Stream(Arc<Stream>),
}

impl Value {
    /// What `TYPE` answers.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::Zset(_) => "zset",
            Self::Stream(_) => "stream",
        }
    }
}

/// A value and when it expires.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    /// Unix time in milliseconds.
    pub(super) expires: Option<i64>,
    /// Last access in milliseconds, for eviction.
    pub(super) used: i64,
    /// Accesses, for eviction by frequency.
    pub(super) frequency: u8,
}

/// One numbered database.
#[derive(Clone, Debug, Default)]
pub(super) struct Db {
    pub(super) entries: SortedMap<Key, Entry>,
    /// Keys with an expiry, soonest first.
    pub(super) expires: SortedSet<(i64, Key)>,
}

/// A keyspace event, ready to be published.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) event: &'static str,
    pub(super) key: Key,
    pub(super) db: u32,
}

/// Settings that decide how values are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) stream_node_max_bytes: u64,
    pub(super) stream_node_max_entries: u64,
    pub(super) hash_max_listpack_entries: u64,
    pub(super) hash_max_listpack_value: u64,
    pub(super) zset_max_listpack_entries: u64,
    pub(super) zset_max_listpack_value: u64,
    pub(super) set_max_intset_entries: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Keyspace {
    pub(super) dbs: Vec<Db>,
    /// The database of the command under way.
    pub(super) db: u32,
    /// Unix time in milliseconds, frozen while a command runs.
    pub(super) now: i64,
    pub(super) limits: Limits,
    pub(super) notify_flags: u32,
    pub(super) notices: Vec<Notice>,
    /// Keys that were changed (`signalModifiedKey`), for WATCH.
    pub(super) touched: Vec<(u32, Key)>,
    /// Keys that came to be or grew, for blocked clients (`signalKeyAsReady`).
    pub(super) ready: Vec<(u32, Key)>,
    /// Changes so far (`server.dirty`).
    pub(super) dirty: u64,
    /// What goes to replicas instead of the command's own words.
    pub(super) rewritten: Option<Vec<Vec<Payload>>>,
    /// Deletions by expiry that go to replicas before the command.
    pub(super) expired_now: Vec<(u32, Key)>,
    /// A replica hides expired keys and waits for the primary's deletion.
    pub(super) replica: bool,
    /// Clients are paused: expired keys are hidden and stay.
    pub(super) frozen: bool,
    pub(super) rng: Rng,
    pub(super) facts: Vec<RedisFact>,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) expired: u64,
    pub(super) evicted: u64,
}

/// The accessors of one type: read, change, and change or create.
macro_rules! typed {
    ($type:ident, $read:ident, $change:ident, $create:ident) => {
        pub(super) fn $read(&mut self, key: &Key) -> Result<Option<&$type>, Fault> {
            match self.find(key) {
                None => Ok(None),
                Some(Value::$type(value)) => Ok(Some(value)),
                Some(_) => Err(WRONG_TYPE.into()),
            }
        }

        pub(super) fn $change(&mut self, key: &Key) -> Result<Option<&mut $type>, Fault> {
            match self.find_mut(key) {
                None => Ok(None),
                Some(Value::$type(value)) => Ok(Some(Arc::make_mut(value))),
                Some(_) => Err(WRONG_TYPE.into()),
            }
        }

        pub(super) fn $create(&mut self, key: &Key) -> Result<&mut $type, Fault> {
            if self.find_mut(key).is_none() {
                self.add(key, Value::$type(Arc::default()));
            }
            match self.find_mut(key) {
                Some(Value::$type(value)) => Ok(Arc::make_mut(value)),
                _ => Err(WRONG_TYPE.into()),
            }
        }
    };
}

impl Keyspace {
    typed!(List, list, list_mut, list_or_new);
    typed!(Hash, hash, hash_mut, hash_or_new);
    typed!(Set, set, set_mut, set_or_new);
    typed!(Zset, zset, zset_mut, zset_or_new);
    typed!(Stream, stream, stream_mut, stream_or_new);

    pub(super) fn new(databases: u32, limits: Limits, rng: Rng) -> Self {
        Self {
            dbs: vec![Db::default(); databases as usize],
            db: 0,
            now: 0,
            limits,
            notify_flags: 0,
            notices: Vec::new(),
            touched: Vec::new(),
            ready: Vec::new(),
            dirty: 0,
            rewritten: None,
            expired_now: Vec::new(),
            replica: false,
            frozen: false,
            rng,
            facts: Vec::new(),
            hits: 0,
            misses: 0,
            expired: 0,
            evicted: 0,
        }
    }

    pub(super) fn current(&self) -> &Db {
        &self.dbs[self.db as usize]
    }

    pub(super) fn current_mut(&mut self) -> &mut Db {
        &mut self.dbs[self.db as usize]
    }

    /// `expireIfNeeded`: whether the key is logically gone. A primary deletes it.
    pub(super) fn expire_if_needed(&mut self, key: &Key) -> bool {
        let due = self.current().entries.get(key).and_then(|entry| entry.expires);
        if due.is_none_or(|due| self.now <= due) {
            return false;
        }
        if !self.replica && !self.frozen {
            self.expire(key);
        }
        true
    }

    /// Deletes a key because its time has come.
    pub(super) fn expire(&mut self, key: &Key) {
        self.remove(key);
        self.expired += 1;
        self.notify(notify::EXPIRED, "expired", key);
        self.facts.push(RedisFact::Expired { key: super::server::name(key) });
        self.expired_now.push((self.db, key.clone()));
        self.touch(key);
    }

    /// The value, or nothing when it is absent or expired (`lookupKeyRead`).
    pub(super) fn find(&mut self, key: &Key) -> Option<&Value> {
        if self.expire_if_needed(key) || !self.current().entries.contains_key(key) {
            self.misses += 1;
            self.notify(notify::KEY_MISS, "keymiss", key);
            return None;
        }
        self.hits += 1;
        let now = self.now;
        let entry = self.current_mut().entries.get_mut(key)?;
        entry.used = now;
        entry.frequency = entry.frequency.saturating_add(1);
        Some(&entry.value)
    }

    /// The value for a change (`lookupKeyWrite`): a miss is not an event.
    pub(super) fn find_mut(&mut self, key: &Key) -> Option<&mut Value> {
        if self.expire_if_needed(key) {
            return None;
        }
        let now = self.now;
        let entry = self.current_mut().entries.get_mut(key)?;
        entry.used = now;
        entry.frequency = entry.frequency.saturating_add(1);
        Some(&mut entry.value)
    }

    pub(super) fn exists(&mut self, key: &Key) -> bool {
        self.find_mut(key).is_some()
    }

    /// Adds a key that does not exist (`dbAdd`).
    pub(super) fn add(&mut self, key: &Key, value: Value) {
        let waited = matches!(value, Value::List(_) | Value::Zset(_) | Value::Stream(_));
        let entry = Entry { value, expires: None, used: self.now, frequency: 5 };
        self.current_mut().entries.insert(key.clone(), entry);
        if waited {
            self.ready.push((self.db, key.clone()));
        }
        self.notify(notify::NEW, "new", key);
    }

    /// Sets a key whatever it held, and drops its expiry unless told otherwise (`setKey`).
    pub(super) fn set_key(&mut self, key: &Key, value: Value, keep_ttl: bool) {
        if self.exists(key) {
            let kept = self.expiry(key).filter(|_| keep_ttl);
            self.replace(key);
            let waited = matches!(value, Value::List(_) | Value::Zset(_) | Value::Stream(_));
            let entry = Entry { value, expires: None, used: self.now, frequency: 5 };
            self.current_mut().entries.insert(key.clone(), entry);
            self.set_expiry(key, kept);
            if waited {
                self.ready.push((self.db, key.clone()));
            }
        } else {
            self.add(key, value);
        }
        self.touch(key);
    }

    /// Removes a key without any event (`dbDelete`).
    pub(super) fn remove(&mut self, key: &Key) -> Option<Entry> {
        let db = self.current_mut();
        let entry = db.entries.remove(key)?;
        if let Some(at) = entry.expires {
            db.expires.remove(&(at, key.clone()));
        }
        // Readers of a group must learn that its stream is gone.
        if matches!(entry.value, Value::Stream(_)) {
            self.ready.push((self.db, key.clone()));
        }
        Some(entry)
    }

    /// Removes a key for something else to take its place; a stream or a list that goes is told.
    pub(super) fn replace(&mut self, key: &Key) -> Option<Entry> {
        let gone = self.remove(key)?;
        if matches!(gone.value, Value::List(_) | Value::Stream(_)) {
            self.facts.push(RedisFact::KeyDeleted { key: super::server::name(key) });
        }
        Some(gone)
    }

    /// Tells that a key holds what another one holds, or held (`renamed`), where that is a stream
    /// or a list.
    pub(super) fn tell_copied(&mut self, from: &Key, to: &Key, renamed: bool) {
        let value = self.current().entries.get(to).map(|entry| &entry.value);
        if matches!(value, Some(Value::List(_) | Value::Stream(_))) {
            let (from, to) = (super::server::name(from), super::server::name(to));
            self.facts.push(RedisFact::KeyCopied { from: from.clone(), to });
            self.facts.extend(renamed.then_some(RedisFact::KeyDeleted { key: from }));
        }
    }

    /// Removes a key that a command emptied or deleted, with its event.
    pub(super) fn delete(&mut self, key: &Key) -> bool {
        let gone = self.replace(key).is_some();
        if gone {
            self.touch(key);
            self.notify(notify::GENERIC, "del", key);
            self.dirty += 1;
        }
        gone
    }

    pub(super) fn expiry(&self, key: &Key) -> Option<i64> {
        self.current().entries.get(key)?.expires
    }

    /// Sets or clears the expiry of an existing key.
    pub(super) fn set_expiry(&mut self, key: &Key, at: Option<i64>) {
        let db = self.current_mut();
        let Some(entry) = db.entries.get_mut(key) else { return };
        if let Some(old) = entry.expires {
            db.expires.remove(&(old, key.clone()));
        }
        entry.expires = at;
        if let Some(at) = at {
            db.expires.insert((at, key.clone()));
        }
    }

    /// Records a change of the key (`signalModifiedKey`).
    pub(super) fn touch(&mut self, key: &Key) {
        self.touched.push((self.db, key.clone()));
    }

    /// A key event, where such events are wanted (`notifyKeyspaceEvent`).
    pub(super) fn notify(&mut self, class: u32, event: &'static str, key: &Key) {
        if self.notify_flags & class != 0 {
            self.notices.push(Notice { event, key: key.clone(), db: self.db });
        }
    }

    /// The usual end of a write: one change of this key with this event.
    pub(super) fn changed(&mut self, class: u32, event: &'static str, key: &Key) {
        self.touch(key);
        self.notify(class, event, key);
        self.dirty += 1;
    }

    /// Names the client that what was popped just now goes to.
    pub(super) fn hand_to(&mut self, to: ConnectionId) {
        for fact in self.facts.iter_mut().rev() {
            match fact {
                RedisFact::ElementPopped { client: client @ None, .. } => *client = Some(to),
                RedisFact::ElementPopped { .. } => break,
                _ => {}
            }
        }
    }

    /// Sends other words to the replicas than the command's own.
    pub(super) fn rewrite(&mut self, words: Vec<Payload>) {
        self.rewritten.get_or_insert_default().push(words);
    }

    /// The soonest expiry of all databases.
    pub(super) fn next_expiry(&self) -> Option<i64> {
        self.dbs.iter().filter_map(|db| Some(db.expires.first()?.0)).min()
    }

    /// Deletes what has expired (`activeExpireCycle`; all of it rather than samples).
    pub(super) fn active_expire(&mut self) {
        for db in 0..self.dbs.len() as u32 {
            self.db = db;
            while let Some((at, key)) = self.current().expires.first().cloned() {
                if self.now <= at {
                    break;
                }
                self.expire(&key);
            }
        }
    }

    /// Empties one database; every key counts as touched (`emptyDbStructure`).
    pub(super) fn flush(&mut self, db: u32) -> u64 {
        let old = std::mem::take(&mut self.dbs[db as usize]);
        let removed = old.entries.len() as u64;
        if removed > 0 {
            self.facts.push(RedisFact::Flushed);
        }
        for (key, entry) in old.entries {
            if matches!(entry.value, Value::Stream(_)) {
                self.ready.push((db, key.clone()));
            }
            self.touched.push((db, key));
        }
        removed
    }
}
