//! A data set as the commands that rebuild it (as `rewriteAppendOnlyFile` of aof.c writes it).

use super::super::client::Key;
use super::super::keyspace::{Entry, Keyspace, Value};
use super::super::resp::{Frame, number};
use super::super::stream::{Stream, StreamId};
use super::super::types::payload;
use super::words;
use crate::event::Payload;

fn text(value: &impl ToString) -> Payload {
    value.to_string().as_str().into()
}

impl Keyspace {
    /// All databases as one array of commands. Tags stay with their payloads.
    pub(in super::super) fn snapshot(&self) -> Frame {
        let mut commands: Vec<Vec<Payload>> = Vec::new();
        for (at, db) in self.dbs.iter().enumerate() {
            if db.entries.is_empty() {
                continue;
            }
            commands.push(words(&["SELECT", &at.to_string()]));
            for (key, entry) in &db.entries {
                rebuild(key, entry, &mut commands);
            }
        }
        let command =
            |words: Vec<Payload>| Frame::Array(words.into_iter().map(Frame::Bulk).collect());
        Frame::Array(commands.into_iter().map(command).collect())
    }
}

fn rebuild(key: &Key, entry: &Entry, commands: &mut Vec<Vec<Payload>>) {
    let mut with = |name: &str, rest: Vec<Payload>| {
        let mut words = vec![Payload::from(name), payload(key)];
        words.extend(rest);
        commands.push(words);
    };
    match &entry.value {
        Value::String(value) => with("SET", vec![value.clone()]),
        Value::List(list) => with("RPUSH", list.iter().cloned().collect()),
        Value::Set(set) => with("SADD", set.members().iter().map(payload).collect()),
        Value::Hash(hash) => {
            let pairs = hash.iter().flat_map(|(field, value)| [payload(field), value.clone()]);
            with("HSET", pairs.collect());
        }
        Value::Zset(zset) => {
            let pairs = zset
                .iter()
                .flat_map(|(member, score)| [text(&number::double(score)), payload(member)]);
            with("ZADD", pairs.collect());
        }
        Value::Stream(stream) => rebuild_stream(stream, &mut with),
    }
    if let Some(at) = entry.expires {
        with("PEXPIREAT", vec![text(&at)]);
    }
    if let Value::Stream(stream) = &entry.value {
        commands.extend(groups(key, stream));
    }
}

fn rebuild_stream(stream: &Stream, with: &mut dyn FnMut(&str, Vec<Payload>)) {
    if stream.length == 0 {
        // An empty stream comes to be by an entry that is trimmed at once.
        with("XADD", words(&["MAXLEN", "0", "0-1", "x", "y"]));
    }
    for item in stream.range(StreamId::MIN, StreamId::MAX) {
        let mut rest = vec![text(&item.id)];
        rest.extend(item.fields.iter().flat_map(|fields| fields.iter().cloned()));
        with("XADD", rest);
    }
    with(
        "XSETID",
        vec![
            text(&stream.last_id),
            "ENTRIESADDED".into(),
            text(&stream.entries_added),
            "MAXDELETEDID".into(),
            text(&stream.max_deleted_id),
        ],
    );
}

/// The commands of a stream's groups, whose key stands third.
fn groups(key: &Key, stream: &Stream) -> Vec<Vec<Payload>> {
    let mut commands = Vec::new();
    for (name, group) in &stream.groups {
        let (key, name) = (payload(key), payload(name));
        let read = group.entries_read.map_or(-1, |read| read as i64);
        commands.push(vec![
            "XGROUP".into(),
            "CREATE".into(),
            key.clone(),
            name.clone(),
            text(&group.last_id),
            "ENTRIESREAD".into(),
            text(&read),
        ]);
        for consumer in group.consumers.keys() {
            let words = ["XGROUP", "CREATECONSUMER"].map(Payload::from);
            let mut words = words.to_vec();
            words.extend([key.clone(), name.clone(), payload(consumer)]);
            commands.push(words);
        }
        for (id, pending) in &group.pending {
            let mut words = vec!["XCLAIM".into(), key.clone(), name.clone()];
            words.extend([payload(&pending.consumer), "0".into(), text(id), "TIME".into()]);
            words.extend([text(&pending.time), "RETRYCOUNT".into(), text(&pending.count)]);
            words.extend(["FORCE".into(), "JUSTID".into()]);
            commands.push(words);
        }
    }
    commands
}
