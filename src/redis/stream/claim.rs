//! XCLAIM and XAUTOCLAIM: taking over what another consumer left pending.

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, NOT_INTEGER, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::resp::Frame;
use super::super::server::name;
use super::super::types::{Reply, payload};
use super::StreamId;
use super::admin::shown;
use super::range::entry;
use crate::event::{Payload, RedisFact};

/// Fails unless key and group exist.
fn require_group(ks: &mut Keyspace, key: &Key, group: &Key) -> Result<(), Fault> {
    if ks.stream(key)?.is_some_and(|stream| stream.groups.contains_key(group)) {
        return Ok(());
    }
    let (key, group) = (shown(key), shown(group));
    Err(format!("NOGROUP No such key '{key}' or consumer group '{group}'").into())
}

impl Keyspace {
    /// `streamPropagateXCLAIM`: replicas get the resulting state of one pending entry.
    pub(super) fn propagate_claim(&mut self, key: &Key, group: &Key, id: StreamId) {
        let Ok(Some(stream)) = self.stream_mut(key) else { return };
        let Some(state) = stream.groups.get(group) else { return };
        let Some(pending) = state.pending.get(&id) else { return };
        let number = |value: String| Payload::from(value.as_str());
        let words = vec![
            "XCLAIM".into(),
            payload(key),
            payload(group),
            payload(&pending.consumer),
            "0".into(),
            number(id.to_string()),
            "TIME".into(),
            number(pending.time.to_string()),
            "RETRYCOUNT".into(),
            number(pending.count.to_string()),
            "FORCE".into(),
            "JUSTID".into(),
            "LASTID".into(),
            number(state.last_id.to_string()),
        ];
        self.rewrite(words);
    }

    /// Takes a vanished entry off the list of pending ones.
    fn drop_pending(&mut self, key: &Key, group: &Key, id: StreamId) -> Result<(), Fault> {
        self.propagate_claim(key, group, id);
        self.dirty += 1;
        let group_name = name(group);
        if let Some(group) = self.stream_mut(key)?.and_then(|stream| stream.groups.get_mut(group)) {
            group.release(id);
        }
        let id = id.to_string().as_str().into();
        self.facts.push(RedisFact::PendingDropped { key: name(key), group: group_name, id });
        Ok(())
    }

    /// Gives an entry to a consumer and tells.
    fn claim(
        &mut self,
        at: (&Key, &Key, &Key),
        id: StreamId,
        time: i64,
        deliveries: u64,
    ) -> Result<(), Fault> {
        let (key, group_name, consumer) = at;
        let Some(stream) = self.stream_mut(key)? else { return Ok(()) };
        let tag = stream.tag(id);
        if let Some(group) = stream.groups.get_mut(group_name) {
            group.assign(id, consumer, time, deliveries);
        }
        self.dirty += 1;
        self.propagate_claim(key, group_name, id);
        self.facts.push(RedisFact::Claimed {
            key: name(key),
            group: name(group_name),
            consumer: name(consumer),
            id: id.to_string().as_str().into(),
            tag,
            deliveries,
        });
        Ok(())
    }

    fn entry_frame(&mut self, key: &Key, id: StreamId, only_id: bool) -> Result<Frame, Fault> {
        let item = self.stream_mut(key)?.and_then(|stream| stream.get(id).cloned());
        Ok(match item {
            Some(item) if !only_id => entry(&item),
            _ => Frame::bulk(id.to_string()),
        })
    }
}

pub(in super::super) fn xclaim(ks: &mut Keyspace, call: &Call) -> Reply {
    let (key, group_name, consumer) = (call.key(1), call.key(2), call.key(3));
    require_group(ks, &key, &group_name)?;
    let min_idle = call.int_or(4, "ERR Invalid min-idle-time argument for XCLAIM")?.max(0);
    let mut index = 5;
    let mut ids = Vec::new();
    while index < call.len() {
        let Ok(id) = StreamId::parse(&call.word(index), 0) else { break };
        ids.push(id);
        index += 1;
    }
    let now = ks.now;
    let (mut force, mut only_id) = (false, false);
    let (mut time, mut retry_count, mut last_id) = (None, None, StreamId::MIN);
    while index < call.len() {
        let more = index + 1 < call.len();
        if call.is(index, "force") {
            force = true;
        } else if call.is(index, "justid") {
            only_id = true;
        } else if call.is(index, "idle") && more {
            index += 1;
            let idle = call.int_or(index, "ERR Invalid IDLE option argument for XCLAIM")?;
            time = Some(now.saturating_sub(idle));
        } else if call.is(index, "time") && more {
            index += 1;
            time = Some(call.int_or(index, "ERR Invalid TIME option argument for XCLAIM")?);
        } else if call.is(index, "retrycount") && more {
            index += 1;
            let value = call.int_or(index, "ERR Invalid RETRYCOUNT option argument for XCLAIM")?;
            retry_count = u64::try_from(value).ok();
        } else if call.is(index, "lastid") && more {
            index += 1;
            last_id = StreamId::parse(&call.word(index), 0)?;
        } else {
            let word = shown(&call.key(index));
            return Err(format!("ERR Unrecognized XCLAIM option '{word}'").into());
        }
        index += 1;
    }
    // A time that cannot be is taken as now, as Redis does.
    let time = time.filter(|time| (0..=now).contains(time)).unwrap_or(now);
    let group = ks.stream_mut(&key)?.and_then(|stream| stream.groups.get_mut(&group_name));
    if let Some(group) = group
        && last_id > group.last_id
    {
        group.last_id = last_id;
        ks.tell_moved(&key, &group_name, last_id);
        ks.dirty += 1;
    }
    let mut claimed = Vec::new();
    for id in ids {
        let Some(stream) = ks.stream_mut(&key)? else { break };
        let exists = stream.get(id).is_some();
        let pending = stream.groups.get(&group_name).and_then(|group| group.pending.get(&id));
        let (owned, idle, old_count) =
            pending.map_or((false, 0, 0), |pending| (true, now - pending.time, pending.count));
        if !exists {
            if owned {
                ks.drop_pending(&key, &group_name, id)?;
            }
            continue;
        }
        if (!owned && !force) || (owned && min_idle > 0 && idle < min_idle) {
            continue;
        }
        // An entry that FORCE makes starts at one, as a new pending entry does.
        let base = if owned { old_count } else { 1 };
        let deliveries = retry_count.unwrap_or(base + u64::from(!only_id));
        ks.meet_consumer(&key, &group_name, &consumer)?;
        ks.claim((&key, &group_name, &consumer), id, time, deliveries)?;
        claimed.push(ks.entry_frame(&key, id, only_id)?);
    }
    Ok(Frame::Array(claimed))
}

pub(in super::super) fn xautoclaim(ks: &mut Keyspace, call: &Call) -> Reply {
    let min_idle = call.int_or(4, "ERR Invalid min-idle-time argument for XAUTOCLAIM")?.max(0);
    let (mut start, without) = StreamId::parse_edge(&call.word(5), 0)?;
    if without {
        start = start.next().ok_or("ERR invalid start ID for the interval")?;
    }
    let (mut most, mut only_id) = (100, false);
    let mut index = 6;
    while index < call.len() {
        if call.is(index, "count") && index + 1 < call.len() {
            // The bound keeps ten times the count within 64 bits.
            let value = call.int(index + 1).map_err(|_| NOT_INTEGER)?;
            if !(1..=i64::MAX / 16).contains(&value) {
                return Err("ERR COUNT must be > 0".into());
            }
            most = value as u64;
            index += 1;
        } else if call.is(index, "justid") {
            only_id = true;
        } else {
            return Err(SYNTAX.into());
        }
        index += 1;
    }
    let (key, group_name, consumer) = (call.key(1), call.key(2), call.key(3));
    require_group(ks, &key, &group_name)?;
    let now = ks.now;
    let mut attempts = most * 10;
    let (mut claimed, mut deleted) = (Vec::new(), Vec::new());
    let mut next = Some(start);
    let cursor = loop {
        let Some(stream) = ks.stream_mut(&key)? else { break StreamId::MIN };
        let group = stream.groups.get(&group_name);
        let found = group.zip(next).and_then(|(group, from)| {
            let (id, pending) = group.pending.range(from..).next()?;
            Some((*id, now - pending.time, pending.count))
        });
        let Some((id, idle, old_count)) = found else { break StreamId::MIN };
        if attempts == 0 || most == 0 {
            break id;
        }
        attempts -= 1;
        next = id.next();
        if stream.get(id).is_none() {
            ks.drop_pending(&key, &group_name, id)?;
            deleted.push(Frame::bulk(id.to_string()));
            most -= 1;
            continue;
        }
        if min_idle > 0 && idle < min_idle {
            continue;
        }
        ks.meet_consumer(&key, &group_name, &consumer)?;
        let deliveries = old_count + u64::from(!only_id);
        ks.claim((&key, &group_name, &consumer), id, now, deliveries)?;
        claimed.push(ks.entry_frame(&key, id, only_id)?);
        most -= 1;
    };
    Ok(Frame::Array(vec![
        Frame::bulk(cursor.to_string()),
        Frame::Array(claimed),
        Frame::Array(deleted),
    ]))
}
