//! Publish/Subscribe: channels, patterns, shard channels (pubsub.c).
//!
//! Messages are not stored: `PUBLISH` appends a copy to the output buffer of whoever is
//! subscribed at that instant, and answers how many copies that were.

use super::call::Call;
use super::client::{Client, Key, Ordered};
use super::command::Answer;
use super::glob;
use super::resp::Frame;
use super::server::{Server, name};
use super::transaction::deny_blocking;
use super::types::{count, payload};
use crate::event::{ConnectionId, Name, Payload, RedisFact, Tag};
use crate::sim::{SortedMap, Span};
use std::sync::Arc;

/// The three kinds of subscription, with their own namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Channel,
    Pattern,
    Shard,
}

impl Kind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Channel => ("subscribe", "unsubscribe"),
            Self::Pattern => ("psubscribe", "punsubscribe"),
            Self::Shard => ("ssubscribe", "sunsubscribe"),
        }
    }

    fn of(self, client: &mut Client) -> &mut Ordered<Key, u64> {
        match self {
            Self::Channel => &mut client.channels,
            Self::Pattern => &mut client.patterns,
            Self::Shard => &mut client.shard_channels,
        }
    }

    /// What a notification of this kind counts.
    fn count(self, client: &Client) -> i64 {
        match self {
            Self::Channel | Self::Pattern => client.subscriptions() as i64,
            Self::Shard => client.shard_channels.len() as i64,
        }
    }
}

/// Subscribers of one name, in the order in which they subscribed.
type Subscribers = SortedMap<u64, ConnectionId>;

/// Who is subscribed to what.
#[derive(Clone, Debug, Default)]
pub(super) struct PubSub {
    pub(super) channels: SortedMap<Key, Subscribers>,
    /// In the order in which the patterns first appeared. Redis visits them in the order of a
    /// hash table whose seed is random for each process.
    pub(super) patterns: Ordered<Key, Subscribers>,
    pub(super) shard_channels: SortedMap<Key, Subscribers>,
    next_place: u64,
}

impl PubSub {
    fn add(&mut self, kind: Kind, key: &Key, client: ConnectionId) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        match kind {
            Kind::Channel => self.channels.entry(key.clone()).or_default(),
            Kind::Pattern => self.patterns.entry(key.clone()).or_default(),
            Kind::Shard => self.shard_channels.entry(key.clone()).or_default(),
        }
        .insert(place, client);
        place
    }

    fn remove(&mut self, kind: Kind, key: &Key, place: u64) {
        let without = |list: &mut SortedMap<Key, Subscribers>| {
            if let Some(subscribers) = list.get_mut(key) {
                subscribers.remove(&place);
                if subscribers.is_empty() {
                    list.remove(key);
                }
            }
        };
        match kind {
            Kind::Channel => without(&mut self.channels),
            Kind::Shard => without(&mut self.shard_channels),
            Kind::Pattern => {
                if let Some(subscribers) = self.patterns.get_mut(key) {
                    subscribers.remove(&place);
                    if subscribers.is_empty() {
                        self.patterns.shift_remove(key);
                    }
                }
            }
        }
    }
}

impl Server {
    pub(super) fn subscribe_all(&mut self, call: &mut Call, kind: Kind) {
        for index in 1..call.len() {
            self.subscribe(call.client, kind, &call.key(index));
        }
    }

    pub(super) fn unsubscribe_all(&mut self, call: &mut Call, kind: Kind) {
        if call.len() == 1 {
            self.leave_all(call.client, kind, true);
        } else {
            for index in 1..call.len() {
                self.unsubscribe(call.client, kind, &call.key(index), true);
            }
        }
    }

    fn subscribe(&mut self, client: ConnectionId, kind: Kind, key: &Key) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        let fresh = !kind.of(state).contains_key(key);
        if fresh {
            let place = self.pubsub.add(kind, key, client);
            kind.of(state).insert(key.clone(), place);
        }
        let count = kind.count(state);
        self.notify(client, kind.words().0, Some(key), count);
        if fresh {
            let (channel, pattern) = (name(key), kind == Kind::Pattern);
            self.fact(RedisFact::Subscribed { client, channel, pattern });
        }
    }

    fn unsubscribe(&mut self, client: ConnectionId, kind: Kind, key: &Key, notify: bool) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        let place = kind.of(state).shift_remove(key);
        let count = kind.count(state);
        if let Some(place) = place {
            self.pubsub.remove(kind, key, place);
        }
        if notify {
            self.notify(client, kind.words().1, Some(key), count);
        }
        if place.is_some() {
            let (channel, pattern) = (name(key), kind == Kind::Pattern);
            self.fact(RedisFact::Unsubscribed { client, channel, pattern });
        }
    }

    /// Leaves everything of one kind, oldest first; says so even when there was nothing.
    pub(super) fn leave_all(&mut self, client: ConnectionId, kind: Kind, notify: bool) {
        let Some(state) = self.clients.get_mut(&client) else { return };
        let keys: Vec<Key> = kind.of(state).keys().cloned().collect();
        let count = kind.count(state);
        if keys.is_empty() && notify {
            self.notify(client, kind.words().1, None, count);
        }
        for key in &keys {
            self.unsubscribe(client, kind, key, notify);
        }
    }

    /// Leaves everything, silently: the client is gone or was reset.
    pub(super) fn drop_subscriptions(&mut self, client: ConnectionId) {
        for kind in [Kind::Channel, Kind::Shard, Kind::Pattern] {
            self.leave_all(client, kind, false);
        }
    }

    fn notify(&mut self, client: ConnectionId, word: &str, key: Option<&Key>, count: i64) {
        let null = || match self.version(client) {
            Some(super::Version::Resp3) => Frame::Null,
            _ => Frame::NullBulk,
        };
        let key = key.map_or_else(null, Frame::bulk);
        let elements: Arc<[Frame]> = Arc::new([Frame::bulk(word), key, Frame::Integer(count)]);
        self.push(client, &elements);
    }

    /// Appends a copy for every subscriber of the channel, then for those of each matching
    /// pattern; answers how many copies (`pubsubPublishMessageInternal`).
    pub(super) fn publish(&mut self, channel: &Key, message: &Payload) -> u32 {
        let shown = name(channel);
        let tag = message.tag();
        let bulk = Frame::bulk(channel);
        let mut receivers = 0;
        if let Some(subscribers) = self.pubsub.channels.get(channel) {
            let elements: Arc<[Frame]> =
                Arc::new([Frame::bulk("message"), bulk.clone(), Frame::Bulk(message.clone())]);
            let list: Vec<ConnectionId> = subscribers.values().copied().collect();
            receivers += self.deliver(&list, &elements, &shown, false, tag);
        }
        let patterns = self.pubsub.patterns.len() as u64;
        self.spend(|table| Span::from_nanos(table.pattern).times(patterns));
        let matching: Vec<(Key, Vec<ConnectionId>)> = self
            .pubsub
            .patterns
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, channel))
            .map(|(pattern, subscribers)| {
                (pattern.clone(), subscribers.values().copied().collect())
            })
            .collect();
        for (pattern, list) in matching {
            let elements: Arc<[Frame]> = Arc::new([
                Frame::bulk("pmessage"),
                Frame::bulk(&pattern),
                bulk.clone(),
                Frame::Bulk(message.clone()),
            ]);
            receivers += self.deliver(&list, &elements, &name(&pattern), true, tag);
        }
        self.fact(RedisFact::Published { channel: shown, tag, receivers });
        receivers
    }

    /// Appends a copy for every subscriber of the shard channel. Patterns never match here.
    fn publish_shard(&mut self, channel: &Key, message: &Payload) -> u32 {
        let shown = name(channel);
        let tag = message.tag();
        let list: Vec<ConnectionId> = self
            .pubsub
            .shard_channels
            .get(channel)
            .map_or_else(Vec::new, |subscribers| subscribers.values().copied().collect());
        let elements: Arc<[Frame]> =
            Arc::new([Frame::bulk("smessage"), Frame::bulk(channel), Frame::Bulk(message.clone())]);
        let receivers = self.deliver(&list, &elements, &shown, false, tag);
        self.fact(RedisFact::Published { channel: shown, tag, receivers });
        receivers
    }

    /// Queues one copy for each client; one that is marked for closing counts and gets nothing.
    fn deliver(
        &mut self,
        list: &[ConnectionId],
        elements: &Arc<[Frame]>,
        matched: &Name,
        pattern: bool,
        tag: Option<Tag>,
    ) -> u32 {
        for &client in list {
            if self.push(client, elements) {
                let buffered = self.clients.get(&client).map_or(0, |state| state.output.memory());
                let channel = matched.clone();
                self.fact(RedisFact::Queued { client, channel, pattern, tag, buffered });
            }
        }
        list.len() as u32
    }
}

macro_rules! subscription {
    ($subscribe:ident, $unsubscribe:ident, $kind:expr) => {
        pub(super) fn $subscribe(server: &mut Server, call: &mut Call) -> Answer {
            if $kind == Kind::Shard {
                deny_blocking(call)?;
            }
            server.subscribe_all(call, $kind);
            Ok(None)
        }

        pub(super) fn $unsubscribe(server: &mut Server, call: &mut Call) -> Answer {
            server.unsubscribe_all(call, $kind);
            Ok(None)
        }
    };
}

subscription!(subscribe, unsubscribe, Kind::Channel);
subscription!(psubscribe, punsubscribe, Kind::Pattern);
subscription!(ssubscribe, sunsubscribe, Kind::Shard);

pub(super) fn publish(server: &mut Server, call: &mut Call) -> Answer {
    let receivers = server.publish(&call.key(1), &call.args[2]);
    server.propagate(vec![(call_db(server, call), call.args.clone())]);
    Ok(Some(Frame::Integer(i64::from(receivers))))
}

pub(super) fn spublish(server: &mut Server, call: &mut Call) -> Answer {
    let receivers = server.publish_shard(&call.key(1), &call.args[2]);
    server.propagate(vec![(call_db(server, call), call.args.clone())]);
    Ok(Some(Frame::Integer(i64::from(receivers))))
}

fn call_db(server: &Server, call: &Call) -> u32 {
    server.clients.get(&call.client).map_or(0, |state| state.db)
}

/// Names that match the optional pattern.
fn listed<'a>(call: &Call, names: impl Iterator<Item = &'a Key>) -> Answer {
    if call.len() > 3 {
        return Err(call.subcommand_syntax());
    }
    let pattern = call.word(2);
    let admitted = |name: &&Key| call.len() == 2 || glob::matches(&pattern, name);
    Ok(Some(Frame::Array(names.filter(admitted).map(|key| Frame::Bulk(payload(key))).collect())))
}

/// Each name with the number of its subscribers.
fn numbered(call: &Call, list: &SortedMap<Key, Subscribers>) -> Frame {
    let pair = |index| {
        let key = call.key(index);
        let number = list.get(&key).map_or(0, SortedMap::len);
        [Frame::Bulk(payload(&key)), count(number)]
    };
    Frame::Array((2..call.len()).flat_map(pair).collect())
}

pub(super) fn channels(server: &mut Server, call: &mut Call) -> Answer {
    listed(call, server.pubsub.channels.keys())
}

pub(super) fn shardchannels(server: &mut Server, call: &mut Call) -> Answer {
    listed(call, server.pubsub.shard_channels.keys())
}

pub(super) fn numsub(server: &mut Server, call: &mut Call) -> Answer {
    Ok(Some(numbered(call, &server.pubsub.channels)))
}

pub(super) fn shardnumsub(server: &mut Server, call: &mut Call) -> Answer {
    Ok(Some(numbered(call, &server.pubsub.shard_channels)))
}

pub(super) fn numpat(server: &mut Server, _: &mut Call) -> Answer {
    Ok(Some(count(server.pubsub.patterns.len())))
}

#[cfg(test)]
mod tests;
