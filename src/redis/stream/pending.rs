//! XACK and XPENDING.

use super::super::call::Call;
use super::super::fault::{Fault, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::resp::Frame;
use super::super::server::name;
use super::super::types::{Reply, count};
use super::StreamId;
use super::admin::shown;
use crate::event::RedisFact;

pub(in super::super) fn xack(ks: &mut Keyspace, call: &Call) -> Reply {
    let (key, group_name) = (call.key(1), call.key(2));
    let known = ks.stream(&key)?.is_some_and(|stream| stream.groups.contains_key(&group_name));
    if !known {
        return Ok(Frame::Integer(0));
    }
    let ids: Vec<StreamId> = (3..call.len())
        .map(|index| StreamId::parse(&call.word(index), 0))
        .collect::<Result<_, _>>()?;
    let mut acknowledged = 0;
    for id in ids {
        let Some(stream) = ks.stream_mut(&key)? else { break };
        let tag = stream.tag(id);
        let group = stream.groups.get_mut(&group_name);
        if group.and_then(|group| group.release(id)).is_some() {
            acknowledged += 1;
            ks.dirty += 1;
            ks.facts.push(RedisFact::Acknowledged {
                key: name(&key),
                group: name(&group_name),
                id: id.to_string().as_str().into(),
                tag,
            });
        }
    }
    Ok(count(acknowledged))
}

/// The words of the long form.
struct Query {
    min_idle: i64,
    start: StreamId,
    end: StreamId,
    most: usize,
    consumer: Option<super::super::client::Key>,
}

fn query(call: &Call) -> Result<Option<Query>, Fault> {
    if call.len() == 3 {
        return Ok(None);
    }
    if call.len() < 6 || call.len() > 9 {
        return Err(SYNTAX.into());
    }
    let (mut at, mut min_idle) = (3, 0);
    if call.is(3, "idle") {
        min_idle = call.int(4)?;
        if call.len() < 8 {
            return Err(SYNTAX.into());
        }
        at = 5;
    }
    let most = call.int(at + 2)?.max(0) as usize;
    let (mut start, without_start) = StreamId::parse_edge(&call.word(at), 0)?;
    if without_start {
        start = start.next().ok_or("ERR invalid start ID for the interval")?;
    }
    let (mut end, without_end) = StreamId::parse_edge(&call.word(at + 1), u64::MAX)?;
    if without_end {
        end = end.previous().ok_or("ERR invalid end ID for the interval")?;
    }
    let consumer = (at + 3 < call.len()).then(|| call.key(at + 3));
    Ok(Some(Query { min_idle, start, end, most, consumer }))
}

pub(in super::super) fn xpending(ks: &mut Keyspace, call: &Call) -> Reply {
    let query = query(call)?;
    let now = ks.now;
    let (key, group_name) = (call.key(1), call.key(2));
    let group = ks.stream(&key)?.and_then(|stream| stream.groups.get(&group_name));
    let Some(group) = group else {
        let (key, group) = (shown(&key), shown(&group_name));
        return Err(format!("NOGROUP No such key '{key}' or consumer group '{group}'").into());
    };
    let Some(query) = query else {
        let edge =
            |id: Option<&StreamId>| id.map_or(Frame::NullBulk, |id| Frame::bulk(id.to_string()));
        let consumers: Vec<Frame> = group
            .consumers
            .iter()
            .filter(|(_, consumer)| !consumer.pending.is_empty())
            .map(|(name, consumer)| {
                let pending = Frame::bulk(consumer.pending.len().to_string());
                Frame::Array(vec![Frame::bulk(name), pending])
            })
            .collect();
        return Ok(Frame::Array(vec![
            count(group.pending.len()),
            edge(group.pending.keys().next()),
            edge(group.pending.keys().next_back()),
            if group.pending.is_empty() { Frame::NullArray } else { Frame::Array(consumers) },
        ]));
    };
    if query.start > query.end {
        return Ok(Frame::Array(Vec::new()));
    }
    let found = group
        .pending
        .range(query.start..=query.end)
        .filter(|(_, pending)| {
            query.consumer.as_ref().is_none_or(|consumer| pending.consumer == *consumer)
                && (query.min_idle == 0 || now - pending.time >= query.min_idle)
        })
        .take(query.most)
        .map(|(id, pending)| {
            Frame::Array(vec![
                Frame::bulk(id.to_string()),
                Frame::bulk(&pending.consumer),
                Frame::Integer((now - pending.time).max(0)),
                Frame::Integer(pending.count as i64),
            ])
        });
    Ok(Frame::Array(found.collect()))
}
