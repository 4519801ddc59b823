//! Memory: what things cost, and eviction (evict.c, object.c).
//!
//! Redis counts what its allocator hands out; no model equals that. This one is declared: a
//! fixed base, a fixed price for each thing, and the bytes themselves.

use super::client::Client;
use super::client::Key;
use super::keyspace::{Db, Entry, Value};
use super::notify;
use super::output::CHUNK;
use super::server::{Server, name};
use crate::event::RedisFact;
use crate::sim::Order;

/// An empty server (an empty redis-server 7.0.15 says some 860 kB).
const BASE: u64 = 860_000;
/// A key: its entry in the table, its object, its string.
const PER_KEY: u64 = 80;
/// An element of an aggregate.
const PER_ELEMENT: u64 = 16;

impl Entry {
    /// Bytes that the entry costs, without its key.
    fn memory(&self) -> u64 {
        let sizes = |lengths: &mut dyn Iterator<Item = usize>| -> u64 {
            lengths.map(|length| length as u64 + PER_ELEMENT).sum()
        };
        match &self.value {
            Value::String(value) => value.len() as u64,
            Value::List(list) => sizes(&mut list.iter().map(crate::event::Payload::len)),
            Value::Hash(hash) => {
                sizes(&mut hash.iter().map(|(field, value)| field.len() + value.len()))
            }
            Value::Set(set) => sizes(&mut set.members().iter().map(|member| member.len())),
            Value::Zset(zset) => sizes(&mut zset.iter().map(|(member, _)| member.len() + 8)),
            Value::Stream(stream) => stream.memory(),
        }
    }
}

impl Db {
    fn memory(&self) -> u64 {
        self.entries.iter().map(|(key, entry)| PER_KEY + key.len() as u64 + entry.memory()).sum()
    }
}

impl Client {
    /// `tot-mem` of CLIENT LIST.
    pub(super) fn memory(&self) -> u64 {
        let input: usize = self.input.iter().flatten().map(crate::event::Payload::len).sum();
        20_000 + CHUNK + self.output.memory() + input as u64
    }
}

impl Server {
    /// `used_memory`, without what replicas' buffers hold.
    pub(super) fn used_memory(&self) -> u64 {
        let data: u64 = self.keyspace.dbs.iter().map(Db::memory).sum();
        let clients: u64 = self
            .clients
            .values()
            .filter(|state| !state.is_replica)
            .map(|state| state.output.memory())
            .sum();
        BASE + data + clients
    }

    /// `used_memory` and `maxmemory` in bytes; the second is 0 where there is no limit.
    pub fn memory(&self) -> (u64, u64) {
        (self.used_memory(), self.config.maxmemory)
    }

    /// Evicts until memory is below `maxmemory`; false when it cannot (`performEvictions`).
    pub(super) fn free_memory(&mut self) -> bool {
        let most = self.config.maxmemory;
        // While clients are paused the data set stands still (`isSafeToPerformEvictions`).
        if most == 0 || self.is_paused() {
            return true;
        }
        let mut used = self.used_memory();
        let db_before = self.keyspace.db;
        while used > most {
            let Some((db, key)) = self.victim() else { break };
            self.keyspace.db = db;
            let Some(entry) = self.keyspace.remove(&key) else { break };
            used = used.saturating_sub(PER_KEY + key.len() as u64 + entry.memory());
            self.keyspace.evicted += 1;
            self.keyspace.touch(&key);
            self.keyspace.notify(notify::EVICTED, "evicted", &key);
            self.publish_notices();
            self.fact(RedisFact::Evicted { key: name(&key) });
            self.propagate(vec![(db, vec!["DEL".into(), crate::event::Payload::new(key)])]);
        }
        self.keyspace.db = db_before;
        used <= most
    }

    /// The worst of a few random keys, by the policy.
    fn victim(&mut self) -> Option<(u32, Key)> {
        let policy = self.config.maxmemory_policy.clone();
        let (volatile, order) = match policy.split_once('-') {
            Some(("volatile", order)) => (true, order.to_owned()),
            Some(("allkeys", order)) => (false, order.to_owned()),
            _ => return None,
        };
        let mut worst: Option<(i64, u32, Key)> = None;
        for db in 0..self.keyspace.dbs.len() {
            let space = &self.keyspace.dbs[db];
            let length = if volatile { space.expires.len() } else { space.entries.len() };
            let samples = if order == "random" { 1 } else { self.config.maxmemory_samples };
            // `dictGetSomeKeys` gives neighbours: all of them where there are no more.
            let few = length <= samples as usize;
            for number in 0..samples.min(length as u32) {
                let rng = &mut self.keyspace.rng;
                let at = if few { number as usize } else { rng.below(length as u64) as usize };
                let space = &self.keyspace.dbs[db];
                let key = if volatile {
                    space.expires.iter().nth(at).map(|(_, key)| key.clone())
                } else {
                    space.entries.keys().nth(at).cloned()
                };
                let Some(key) = key else { continue };
                let Some(entry) = space.entries.get(&key) else { continue };
                let rank = match order.as_str() {
                    "lru" => entry.used,
                    "lfu" => i64::from(entry.frequency),
                    "ttl" => entry.expires.unwrap_or(i64::MAX),
                    _ => 0,
                };
                if worst.as_ref().is_none_or(|(least, ..)| rank < *least) {
                    worst = Some((rank, db as u32, key));
                }
            }
        }
        worst.map(|(_, db, key)| (db, key))
    }

    /// `maxmemory-clients`: the largest clients go first, by powers of two.
    pub(super) fn evict_clients(&mut self) {
        let most = self.config.maxmemory_clients;
        if most == 0 {
            return;
        }
        let most = most.max(128 << 10);
        let mut sizes: Vec<(u64, u64, crate::event::ConnectionId)> = self
            .clients
            .iter()
            .filter(|(_, state)| !state.is_replica)
            .map(|(client, state)| (state.memory(), state.id, *client))
            .collect();
        let mut total: u64 = sizes.iter().map(|(size, ..)| size).sum();
        sizes.order_by_key(|(size, id, _)| (std::cmp::Reverse(size.ilog2()), *id));
        for (size, _, client) in sizes {
            if total < most {
                break;
            }
            if self.clients.get(&client).is_some_and(|state| !state.no_evict) {
                total -= size;
                self.stats.evicted_clients += 1;
                self.close(client, "client eviction");
            }
        }
    }
}
