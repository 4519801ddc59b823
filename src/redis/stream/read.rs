//! XREAD and XREADGROUP, at once or after waiting.

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::resp::{Frame, Version};
use super::super::server::name;
use super::super::types::payload;
use super::StreamId;
use super::admin::shown;
use super::range::entry;
use crate::event::{Payload, RedisFact};

/// Most entries that a blocked reader without COUNT gets at once
/// (`XREAD_BLOCKED_DEFAULT_COUNT`).
const BLOCKED_COUNT: usize = 1_000;

/// Who reads in a group.
#[derive(Clone, Debug)]
pub(in super::super) struct Reader {
    pub(in super::super) group: Key,
    pub(in super::super) consumer: Key,
    pub(in super::super) noack: bool,
}

/// A parsed XREAD or XREADGROUP.
#[derive(Clone, Debug)]
pub(in super::super) struct Read {
    /// The streams with the ids above which to read; none stands for `>`.
    pub(in super::super) streams: Vec<(Key, Option<StreamId>)>,
    most: usize,
    /// Milliseconds to wait, 0 for ever; none when not blocking.
    pub(in super::super) block: Option<i64>,
    pub(in super::super) reader: Option<Reader>,
}

impl Read {
    /// Reads the words, and the keys where the words need them.
    pub(in super::super) fn parse(ks: &mut Keyspace, call: &Call) -> Result<Self, Fault> {
        let grouped = call.name() == "xreadgroup";
        let mut read = Self { streams: Vec::new(), most: usize::MAX, block: None, reader: None };
        let (mut noack, mut group, mut first) = (false, None, 0);
        let mut at = 1;
        while at < call.len() {
            let more = call.len() - at - 1;
            if call.is(at, "block") && more > 0 {
                at += 1;
                let timeout = call.int_or(at, "ERR timeout is not an integer or out of range")?;
                if timeout < 0 {
                    return Err("ERR timeout is negative".into());
                }
                if timeout.checked_add(ks.now).is_none() {
                    return Err("ERR timeout is out of range".into());
                }
                read.block = Some(timeout);
            } else if call.is(at, "count") && more > 0 {
                at += 1;
                let most = call.int(at)?;
                read.most = if most <= 0 { usize::MAX } else { most as usize };
            } else if call.is(at, "streams") && more > 0 {
                first = at + 1;
                if !(call.len() - first).is_multiple_of(2) {
                    return Err("ERR Unbalanced XREAD list of streams: for each stream key an ID \
                                or '$' must be specified."
                        .into());
                }
                break;
            } else if call.is(at, "group") && more >= 2 {
                if !grouped {
                    return Err(
                        "ERR The GROUP option is only supported by XREADGROUP. You called \
                                XREAD instead."
                            .into(),
                    );
                }
                group = Some((call.key(at + 1), call.key(at + 2)));
                at += 2;
            } else if call.is(at, "noack") {
                if !grouped {
                    return Err(
                        "ERR The NOACK option is only supported by XREADGROUP. You called \
                                XREAD instead."
                            .into(),
                    );
                }
                noack = true;
            } else {
                return Err(SYNTAX.into());
            }
            at += 1;
        }
        if first == 0 {
            return Err(SYNTAX.into());
        }
        if grouped && group.is_none() {
            return Err("ERR Missing GROUP option for XREADGROUP".into());
        }
        read.reader = group.map(|(group, consumer)| Reader { group, consumer, noack });
        let streams = (call.len() - first) / 2;
        for at in first..first + streams {
            let id = read.start(ks, &call.key(at), &call.word(at + streams))?;
            read.streams.push((call.key(at), id));
        }
        Ok(read)
    }

    /// Where reading of one stream starts.
    fn start(&self, ks: &mut Keyspace, key: &Key, word: &[u8]) -> Result<Option<StreamId>, Fault> {
        let stream = ks.stream(key)?;
        if let Some(Reader { group, .. }) = &self.reader
            && stream.is_none_or(|stream| !stream.groups.contains_key(group))
        {
            let (key, group) = (shown(key), shown(group));
            return Err(format!(
                "NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP \
                 option"
            )
            .into());
        }
        match (word, &self.reader) {
            (b"$", Some(_)) => {
                Err("ERR The $ ID is meaningless in the context of XREADGROUP: you \
                                    want to read the history of this consumer by specifying a \
                                    proper ID, or use the > ID to get new messages. The $ ID \
                                    would just return an empty result set."
                    .into())
            }
            (b"$", None) => Ok(Some(stream.map_or(StreamId::MIN, |stream| stream.last_id))),
            (b">", Some(_)) => Ok(None),
            (b">", None) => {
                Err("ERR The > ID can be specified only when calling XREADGROUP using \
                                 the GROUP <group> <consumer> option."
                    .into())
            }
            (word, _) => StreamId::parse(word, 0).map(Some),
        }
    }

    /// What can be answered at once; none when nothing is there.
    pub(in super::super) fn serve(
        &self,
        ks: &mut Keyspace,
        version: Version,
    ) -> Result<Option<Frame>, Fault> {
        let mut found = Vec::new();
        for (key, id) in &self.streams {
            let Some(stream) = ks.stream(key)? else { continue };
            let newest = stream.last_entry_id();
            let after = match (&self.reader, id) {
                (Some(_), Some(id)) => {
                    found.push((key.clone(), self.history(ks, key, *id)?));
                    continue;
                }
                (Some(reader), None) => stream.groups.get(&reader.group).map(|group| group.last_id),
                (None, id) => *id,
            };
            let Some(after) = after else { continue };
            if newest.is_some_and(|newest| newest > after) {
                found.push((key.clone(), self.fresh(ks, key, after, self.most)?));
            }
        }
        Ok((!found.is_empty()).then(|| answer(found, version)))
    }

    /// What a blocked reader gets now that `key` changed; none while it must wait on.
    pub(in super::super) fn wake(
        &self,
        ks: &mut Keyspace,
        key: &Key,
        version: Version,
    ) -> Result<Option<Frame>, Fault> {
        let Some((_, id)) = self.streams.iter().find(|(name, _)| name == key) else {
            return Ok(None);
        };
        let stream = ks.stream_mut(key);
        let (Some(reader), stream) = (&self.reader, &stream) else {
            // A plain reader waits on whatever becomes of the key.
            let Ok(Some(stream)) = stream else { return Ok(None) };
            let after = id.unwrap_or_default();
            if stream.last_id <= after {
                return Ok(None);
            }
            let entries = self.fresh(ks, key, after, self.most.min(self.blocked_most()))?;
            return Ok(Some(answer(vec![(key.clone(), entries)], version)));
        };
        let Ok(Some(stream)) = stream else {
            return Err("UNBLOCKED the stream key no longer exists".into());
        };
        let Some(group) = stream.groups.get(&reader.group) else {
            return Err(
                "NOGROUP the consumer group this client was blocked on no longer exists".into()
            );
        };
        let after = group.last_id;
        if stream.last_id <= after {
            return Ok(None);
        }
        let entries = self.fresh(ks, key, after, self.blocked_most())?;
        Ok(Some(answer(vec![(key.clone(), entries)], version)))
    }

    fn blocked_most(&self) -> usize {
        if self.most == usize::MAX { BLOCKED_COUNT } else { self.most }
    }

    /// Entries above `after`; a group's reader gets them delivered.
    fn fresh(
        &self,
        ks: &mut Keyspace,
        key: &Key,
        after: StreamId,
        most: usize,
    ) -> Result<Frame, Fault> {
        let Some(stream) = ks.stream_mut(key)? else { return Ok(Frame::Array(Vec::new())) };
        let from = after.next();
        let items: Vec<super::Item> = from.map_or_else(Vec::new, |from| {
            stream.range(from, StreamId::MAX).take(most).cloned().collect()
        });
        if let Some(reader) = &self.reader {
            ks.meet_consumer(key, &reader.group, &reader.consumer)?;
            for item in &items {
                deliver(ks, key, reader, item.id)?;
            }
            ks.dirty += 1;
            if reader.noack {
                propagate_position(ks, key, &reader.group)?;
            }
        }
        Ok(Frame::Array(items.iter().map(entry).collect()))
    }

    /// The consumer's own pending entries above `after`: each counts as delivered again.
    fn history(&self, ks: &mut Keyspace, key: &Key, after: StreamId) -> Result<Frame, Fault> {
        let Some(reader) = &self.reader else { return Ok(Frame::Array(Vec::new())) };
        ks.meet_consumer(key, &reader.group, &reader.consumer)?;
        let now = ks.now;
        let Some(stream) = ks.stream_mut(key)? else { return Ok(Frame::Array(Vec::new())) };
        let own = stream.groups.get(&reader.group).and_then(|group| {
            let from = after.next()?;
            let consumer = group.consumers.get(&reader.consumer)?;
            Some(consumer.pending.range(from..).take(self.most).copied().collect::<Vec<_>>())
        });
        let mut frames = Vec::new();
        let mut facts = Vec::new();
        for id in own.unwrap_or_default() {
            let item = stream.get(id).cloned();
            let tag = stream.tag(id);
            let Some(item) = item else {
                frames.push(Frame::Array(vec![Frame::bulk(id.to_string()), Frame::NullArray]));
                continue;
            };
            frames.push(entry(&item));
            let group = stream.groups.get_mut(&reader.group);
            if let Some(pending) = group.and_then(|group| group.pending.get_mut(&id)) {
                pending.time = now;
                pending.count += 1;
                facts.push(delivered(key, reader, id, tag, pending.count));
            }
        }
        ks.dirty += 1;
        ks.facts.extend(facts);
        Ok(Frame::Array(frames))
    }
}

fn delivered(
    key: &Key,
    reader: &Reader,
    id: StreamId,
    tag: Option<crate::event::Tag>,
    deliveries: u64,
) -> RedisFact {
    RedisFact::Delivered {
        key: name(key),
        group: name(&reader.group),
        consumer: name(&reader.consumer),
        id: id.to_string().as_str().into(),
        tag,
        deliveries,
        pending: !reader.noack,
    }
}

/// Moves the group on to `id` and makes it pending unless nobody will acknowledge it.
fn deliver(ks: &mut Keyspace, key: &Key, reader: &Reader, id: StreamId) -> Result<(), Fault> {
    let now = ks.now;
    let Some(stream) = ks.stream_mut(key)? else { return Ok(()) };
    let tag = stream.tag(id);
    let whole = !stream.has_tombstones(id);
    let distance = stream.distance_from_first(id);
    let added = stream.entries_added;
    let Some(group) = stream.groups.get_mut(&reader.group) else { return Ok(()) };
    if id > group.last_id {
        if let Some(read) = group.entries_read.as_mut().filter(|_| whole) {
            *read += 1;
        } else if added > 0 {
            group.entries_read = distance;
        }
        group.last_id = id;
    }
    if !reader.noack {
        group.assign(id, &reader.consumer, now, 1);
        ks.propagate_claim(key, &reader.group, id);
    }
    ks.facts.push(delivered(key, reader, id, tag, 1));
    Ok(())
}

/// Without pending entries a replica learns the group's position by itself
/// (`streamPropagateGroupID`).
fn propagate_position(ks: &mut Keyspace, key: &Key, group: &Key) -> Result<(), Fault> {
    let Some(stream) = ks.stream_mut(key)? else { return Ok(()) };
    let Some(state) = stream.groups.get(group) else { return Ok(()) };
    let read = state.entries_read.map_or(-1, |read| read as i64).to_string();
    let id = state.last_id.to_string();
    let words: Vec<Payload> = vec![
        "XGROUP".into(),
        "SETID".into(),
        payload(key),
        payload(group),
        id.as_str().into(),
        "ENTRIESREAD".into(),
        read.as_str().into(),
    ];
    ks.rewrite(words);
    Ok(())
}

fn answer(found: Vec<(Key, Frame)>, version: Version) -> Frame {
    let pairs = found.into_iter().map(|(key, entries)| (Frame::Bulk(payload(&key)), entries));
    match version {
        Version::Resp3 => Frame::Map(pairs.collect()),
        Version::Resp2 => {
            Frame::Array(pairs.map(|(key, entries)| Frame::Array(vec![key, entries])).collect())
        }
    }
}
