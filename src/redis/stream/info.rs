//! XINFO: what a stream, its groups and its consumers look like.

use super::super::call::Call;
use super::super::fault::{Fault, NO_KEY};
use super::super::keyspace::Keyspace;
use super::super::resp::Frame;
use super::super::types::{Reply, count};
use super::admin::no_group;
use super::range::entry;
use super::{Group, Stream, StreamId};

fn named(pairs: Vec<(&'static str, Frame)>) -> Frame {
    Frame::Map(pairs.into_iter().map(|(name, value)| (Frame::bulk(name), value)).collect())
}

fn id(id: StreamId) -> Frame {
    Frame::bulk(id.to_string())
}

fn number(value: u64) -> Frame {
    Frame::Integer(value as i64)
}

fn lookup<'a>(ks: &'a mut Keyspace, call: &Call) -> Result<&'a Stream, Fault> {
    ks.stream(&call.key(2))?.ok_or_else(|| NO_KEY.into())
}

pub(in super::super) fn consumers(ks: &mut Keyspace, call: &Call) -> Reply {
    let now = ks.now;
    let stream = lookup(ks, call)?;
    let name = call.key(3);
    let group = stream.groups.get(&name).ok_or_else(|| no_group(&call.key(2), &name))?;
    let consumers = group.consumers.iter().map(|(name, consumer)| {
        named(vec![
            ("name", Frame::bulk(name)),
            ("pending", count(consumer.pending.len())),
            ("idle", Frame::Integer((now - consumer.seen).max(0))),
        ])
    });
    Ok(Frame::Array(consumers.collect()))
}

fn progress(stream: &Stream, group: &Group) -> [(&'static str, Frame); 2] {
    [
        ("entries-read", group.entries_read.map_or(Frame::NullBulk, number)),
        ("lag", stream.lag(group).map_or(Frame::NullBulk, Frame::Integer)),
    ]
}

pub(in super::super) fn groups(ks: &mut Keyspace, call: &Call) -> Reply {
    let stream = lookup(ks, call)?;
    let groups = stream.groups.iter().map(|(name, group)| {
        let mut pairs = vec![
            ("name", Frame::bulk(name)),
            ("consumers", count(group.consumers.len())),
            ("pending", count(group.pending.len())),
            ("last-delivered-id", id(group.last_id)),
        ];
        pairs.extend(progress(stream, group));
        named(pairs)
    });
    Ok(Frame::Array(groups.collect()))
}

pub(in super::super) fn stream(ks: &mut Keyspace, call: &Call) -> Reply {
    let stream = lookup(ks, call)?;
    let full = call.len() > 3;
    let mut most = 10;
    if full {
        let known = call.is(3, "full") && (call.len() == 4 || call.len() == 6);
        if !known || (call.len() == 6 && !call.is(4, "count")) {
            return Err(call.subcommand_syntax());
        }
        if call.len() == 6 {
            let value = call.int(5)?;
            most = if value < 0 { 10 } else { value as usize };
        }
    }
    // COUNT 0 means all of them.
    let most = if most == 0 { usize::MAX } else { most };
    let (keys, nodes) = stream.tree_sizes();
    let mut pairs = vec![
        ("length", number(stream.length)),
        ("radix-tree-keys", number(keys)),
        ("radix-tree-nodes", number(nodes)),
        ("last-generated-id", id(stream.last_id)),
        ("max-deleted-entry-id", id(stream.max_deleted_id)),
        ("entries-added", number(stream.entries_added)),
        ("recorded-first-entry-id", id(stream.first_id)),
    ];
    let mut entries = stream.range(StreamId::MIN, StreamId::MAX);
    if full {
        let entries = entries.take(most).map(entry).collect();
        let groups = stream.groups.iter().map(|(name, group)| whole(stream, name, group, most));
        pairs.push(("entries", Frame::Array(entries)));
        pairs.push(("groups", Frame::Array(groups.collect())));
    } else {
        let first = entries.next();
        let last = stream.range(StreamId::MIN, StreamId::MAX).next_back();
        pairs.push(("groups", count(stream.groups.len())));
        pairs.push(("first-entry", first.map_or(Frame::NullBulk, entry)));
        pairs.push(("last-entry", last.map_or(Frame::NullBulk, entry)));
    }
    Ok(named(pairs))
}

/// A group with everything in it.
fn whole(stream: &Stream, name: &[u8], group: &Group, most: usize) -> Frame {
    let pending = group.pending.iter().take(most).map(|(at, pending)| {
        Frame::Array(vec![
            id(*at),
            Frame::bulk(&pending.consumer),
            Frame::Integer(pending.time),
            number(pending.count),
        ])
    });
    let consumers = group.consumers.iter().map(|(name, consumer)| {
        let own = consumer.pending.iter().take(most).filter_map(|at| {
            let pending = group.pending.get(at)?;
            Some(Frame::Array(vec![id(*at), Frame::Integer(pending.time), number(pending.count)]))
        });
        named(vec![
            ("name", Frame::bulk(name)),
            ("seen-time", Frame::Integer(consumer.seen)),
            ("pel-count", count(consumer.pending.len())),
            ("pending", Frame::Array(own.collect())),
        ])
    });
    let mut pairs = vec![("name", Frame::bulk(name)), ("last-delivered-id", id(group.last_id))];
    pairs.extend(progress(stream, group));
    pairs.push(("pel-count", count(group.pending.len())));
    pairs.push(("pending", Frame::Array(pending.collect())));
    pairs.push(("consumers", Frame::Array(consumers.collect())));
    named(pairs)
}
