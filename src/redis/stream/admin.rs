//! XGROUP: creating, moving and removing groups and consumers.

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::Fault;
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::Frame;
use super::super::server;
use super::super::types::{Reply, flag};
use super::{Group, StreamId};
use crate::event::RedisFact;

/// Text in an error, as `%s` would print it.
pub(super) fn shown(key: &Key) -> String {
    let end = key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
    String::from_utf8_lossy(&key[..end]).into_owned()
}

/// The error of a group that its stream does not have.
pub(super) fn no_group(key: &Key, group: &Key) -> Fault {
    let (key, group) = (shown(key), shown(group));
    format!("NOGROUP No such consumer group '{group}' for key name '{key}'").into()
}

/// The options of CREATE and SETID: MKSTREAM, and ENTRIESREAD.
fn options(call: &Call, create: bool) -> Result<(bool, Option<u64>), Fault> {
    let (mut make, mut read) = (false, None);
    let mut index = 5;
    while index < call.len() {
        if create && call.is(index, "mkstream") {
            make = true;
            index += 1;
        } else if call.is(index, "entriesread") && index + 1 < call.len() {
            let value = call.int(index + 1)?;
            if value < -1 {
                return Err("ERR value for ENTRIESREAD must be positive or -1".into());
            }
            read = u64::try_from(value).ok();
            index += 2;
        } else {
            return Err(call.subcommand_syntax());
        }
    }
    Ok((make, read))
}

fn require_key(ks: &mut Keyspace, key: &Key) -> Result<(), Fault> {
    if ks.stream_mut(key)?.is_some() {
        return Ok(());
    }
    Err("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want \
         to use the MKSTREAM option to create an empty stream automatically."
        .into())
}

/// The group, when both key and group exist.
fn group_of<'a>(ks: &'a mut Keyspace, key: &Key, name: &Key) -> Result<&'a mut Group, Fault> {
    require_key(ks, key)?;
    ks.stream_mut(key)?
        .and_then(|stream| stream.groups.get_mut(name))
        .ok_or_else(|| no_group(key, name))
}

pub(in super::super) fn create(ks: &mut Keyspace, call: &Call) -> Reply {
    let (make, entries_read) = options(call, true)?;
    let (key, name) = (call.key(2), call.key(3));
    if !make {
        require_key(ks, &key)?;
    }
    let last = ks.stream_mut(&key)?.map(|stream| stream.last_id);
    let last_id = if &*call.word(4) == b"$" {
        last.unwrap_or_default()
    } else {
        StreamId::parse(&call.word(4), 0)?
    };
    if last.is_none() {
        ks.stream_or_new(&key)?;
        ks.touch(&key);
    }
    let stream = ks.stream_or_new(&key)?;
    if stream.groups.contains_key(&name) {
        return Err("BUSYGROUP Consumer Group name already exists".into());
    }
    let group = Group { last_id, entries_read, ..Group::default() };
    stream.groups.insert(name.clone(), group);
    let (id, group) = (last_id.to_string().as_str().into(), server::name(&name));
    ks.facts.push(RedisFact::GroupCreated { key: server::name(&key), group, id });
    ks.dirty += 1;
    ks.notify(notify::STREAM, "xgroup-create", &key);
    Ok(Frame::OK)
}

pub(in super::super) fn setid(ks: &mut Keyspace, call: &Call) -> Reply {
    let (_, entries_read) = options(call, false)?;
    let (key, name) = (call.key(2), call.key(3));
    group_of(ks, &key, &name)?;
    let last = ks.stream_mut(&key)?.map(|stream| stream.last_id).unwrap_or_default();
    let id = if &*call.word(4) == b"$" { last } else { StreamId::parse_loose(&call.word(4), 0)? };
    let group = group_of(ks, &key, &name)?;
    group.last_id = id;
    group.entries_read = entries_read;
    ks.tell_moved(&key, &name, id);
    ks.dirty += 1;
    ks.notify(notify::STREAM, "xgroup-setid", &key);
    Ok(Frame::OK)
}

pub(in super::super) fn destroy(ks: &mut Keyspace, call: &Call) -> Reply {
    let (key, name) = (call.key(2), call.key(3));
    require_key(ks, &key)?;
    let gone = ks.stream_mut(&key)?.is_some_and(|stream| stream.groups.remove(&name).is_some());
    if gone {
        ks.dirty += 1;
        let (key_name, group) = (server::name(&key), server::name(&name));
        ks.facts.push(RedisFact::GroupDestroyed { key: key_name, group });
        ks.notify(notify::STREAM, "xgroup-destroy", &key);
        // Its blocked readers must learn of it.
        ks.ready.push((ks.db, key));
    }
    Ok(flag(gone))
}

impl Keyspace {
    /// Tells that a group's bookmark was set.
    pub(super) fn tell_moved(&mut self, key: &Key, group: &Key, id: StreamId) {
        let (key, group) = (server::name(key), server::name(group));
        let id = id.to_string().as_str().into();
        self.facts.push(RedisFact::GroupMoved { key, group, id });
    }

    /// Notes that a consumer speaks; makes it when it is new, with its event.
    pub(super) fn meet_consumer(
        &mut self,
        key: &Key,
        group: &Key,
        consumer: &Key,
    ) -> Result<bool, Fault> {
        let now = self.now;
        let group = self.stream_mut(key)?.and_then(|stream| stream.groups.get_mut(group));
        let fresh = group.is_some_and(|group| group.meet(consumer, now));
        if fresh {
            self.notify(notify::STREAM, "xgroup-createconsumer", key);
            self.dirty += 1;
        }
        Ok(fresh)
    }
}

pub(in super::super) fn createconsumer(ks: &mut Keyspace, call: &Call) -> Reply {
    let (key, name, consumer) = (call.key(2), call.key(3), call.key(4));
    if group_of(ks, &key, &name)?.consumers.contains_key(&consumer) {
        return Ok(flag(false));
    }
    Ok(flag(ks.meet_consumer(&key, &name, &consumer)?))
}

pub(in super::super) fn delconsumer(ks: &mut Keyspace, call: &Call) -> Reply {
    let (key, name, consumer) = (call.key(2), call.key(3), call.key(4));
    let group = group_of(ks, &key, &name)?;
    let Some(gone) = group.consumers.remove(&consumer) else { return Ok(Frame::Integer(0)) };
    for id in &gone.pending {
        group.pending.remove(id);
    }
    ks.dirty += 1;
    ks.facts.push(RedisFact::ConsumerDeleted {
        key: server::name(&key),
        group: server::name(&name),
        consumer: server::name(&consumer),
        pending: gone.pending.len() as u64,
    });
    ks.notify(notify::STREAM, "xgroup-delconsumer", &key);
    Ok(Frame::Integer(gone.pending.len() as i64))
}
