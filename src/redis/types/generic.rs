//! Commands for keys of any type, and expiry (db.c, expire.c).

use super::super::call::Call;
use super::super::fault::{Fault, NO_KEY, SYNTAX};
use super::super::glob;
use super::super::keyspace::{Keyspace, Value};
use super::super::notify;
use super::super::resp::{Frame, number};
use super::{Reply, count, payload};
use crate::event::Payload;

pub(in super::super) fn del(ks: &mut Keyspace, call: &Call) -> Reply {
    let mut deleted = 0;
    for index in 1..call.len() {
        let key = call.key(index);
        ks.expire_if_needed(&key);
        deleted += usize::from(ks.delete(&key));
    }
    Ok(count(deleted))
}

pub(in super::super) fn exists(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count((1..call.len()).filter(|index| ks.find(&call.key(*index)).is_some()).count()))
}

pub(in super::super) fn type_of(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(Frame::Simple(ks.find(&call.key(1)).map_or("none", Value::type_name)))
}

pub(in super::super) fn expire(ks: &mut Keyspace, call: &Call) -> Reply {
    set_expiry(ks, call, 1_000, true)
}

pub(in super::super) fn pexpire(ks: &mut Keyspace, call: &Call) -> Reply {
    set_expiry(ks, call, 1, true)
}

pub(in super::super) fn expireat(ks: &mut Keyspace, call: &Call) -> Reply {
    set_expiry(ks, call, 1_000, false)
}

pub(in super::super) fn pexpireat(ks: &mut Keyspace, call: &Call) -> Reply {
    set_expiry(ks, call, 1, false)
}

/// `expireGenericCommand`.
fn set_expiry(ks: &mut Keyspace, call: &Call, unit: i64, relative: bool) -> Reply {
    let (mut nx, mut xx, mut gt, mut lt) = (false, false, false, false);
    for index in 3..call.len() {
        match call.lower(index).as_str() {
            "nx" => nx = true,
            "xx" => xx = true,
            "gt" => gt = true,
            "lt" => lt = true,
            _ => {
                let word = call.word(index);
                return Err(
                    format!("ERR Unsupported option {}", String::from_utf8_lossy(&word)).into()
                );
            }
        }
    }
    if nx && (xx || gt || lt) {
        return Err("ERR NX and XX, GT or LT options at the same time are not compatible".into());
    }
    if gt && lt {
        return Err("ERR GT and LT options at the same time are not compatible".into());
    }
    let invalid = || Fault::from(format!("ERR invalid expire time in '{}' command", call.name()));
    let base = if relative { ks.now } else { 0 };
    let at = call.int(2)?.checked_mul(unit).and_then(|at| at.checked_add(base));
    let at = at.ok_or_else(invalid)?;
    let key = call.key(1);
    if !ks.exists(&key) {
        return Ok(Frame::Integer(0));
    }
    // No expiry counts as infinitely far away.
    let old = ks.expiry(&key);
    if (nx && old.is_some())
        || (xx && old.is_none())
        || (gt && old.is_none_or(|old| at <= old))
        || (lt && old.is_some_and(|old| at >= old))
    {
        return Ok(Frame::Integer(0));
    }
    if at <= ks.now && !ks.replica {
        ks.delete(&key);
        ks.rewrite(vec!["DEL".into(), call.args[1].clone()]);
    } else {
        ks.set_expiry(&key, Some(at));
        ks.changed(notify::GENERIC, "expire", &key);
        let at = Payload::from(at.to_string().as_str());
        ks.rewrite(vec!["PEXPIREAT".into(), call.args[1].clone(), at]);
    }
    Ok(Frame::Integer(1))
}

pub(in super::super) fn persist(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    if !ks.exists(&key) || ks.expiry(&key).is_none() {
        return Ok(Frame::Integer(0));
    }
    ks.set_expiry(&key, None);
    ks.changed(notify::GENERIC, "persist", &key);
    Ok(Frame::Integer(1))
}

/// The expiry as an answer: -2 without key, -1 without expiry.
fn answer_expiry(ks: &mut Keyspace, call: &Call, form: fn(i64, i64) -> i64) -> Reply {
    let key = call.key(1);
    if ks.find(&key).is_none() {
        return Ok(Frame::Integer(-2));
    }
    let now = ks.now;
    Ok(Frame::Integer(ks.expiry(&key).map_or(-1, |at| form(at, now))))
}

pub(in super::super) fn ttl(ks: &mut Keyspace, call: &Call) -> Reply {
    answer_expiry(ks, call, |at, now| ((at - now).max(0) + 500) / 1_000)
}

pub(in super::super) fn pttl(ks: &mut Keyspace, call: &Call) -> Reply {
    answer_expiry(ks, call, |at, now| (at - now).max(0))
}

pub(in super::super) fn expiretime(ks: &mut Keyspace, call: &Call) -> Reply {
    answer_expiry(ks, call, |at, _| (at + 500) / 1_000)
}

pub(in super::super) fn pexpiretime(ks: &mut Keyspace, call: &Call) -> Reply {
    answer_expiry(ks, call, |at, _| at)
}

pub(in super::super) fn rename(ks: &mut Keyspace, call: &Call) -> Reply {
    rename_to(ks, call, false)
}

pub(in super::super) fn renamenx(ks: &mut Keyspace, call: &Call) -> Reply {
    rename_to(ks, call, true)
}

fn rename_to(ks: &mut Keyspace, call: &Call, only_new: bool) -> Reply {
    let (from, to) = (call.key(1), call.key(2));
    if !ks.exists(&from) {
        return Err(NO_KEY.into());
    }
    let done = if only_new { Frame::Integer(1) } else { Frame::OK };
    if from == to {
        return Ok(if only_new { Frame::Integer(0) } else { done });
    }
    if ks.exists(&to) {
        if only_new {
            return Ok(Frame::Integer(0));
        }
        ks.replace(&to);
    }
    let Some(entry) = ks.remove(&from) else { return Err(NO_KEY.into()) };
    ks.add(&to, entry.value);
    ks.tell_copied(&from, &to, true);
    ks.set_expiry(&to, entry.expires);
    ks.touch(&from);
    ks.touch(&to);
    ks.notify(notify::GENERIC, "rename_from", &from);
    ks.notify(notify::GENERIC, "rename_to", &to);
    ks.dirty += 1;
    Ok(done)
}

/// A database index, or the fault that SELECT and its like answer.
fn database(ks: &Keyspace, call: &Call, index: usize) -> Result<u32, Fault> {
    let value = call.int(index)?;
    u32::try_from(value)
        .ok()
        .filter(|db| (*db as usize) < ks.dbs.len())
        .ok_or_else(|| "ERR DB index is out of range".into())
}

pub(in super::super) fn copy(ks: &mut Keyspace, call: &Call) -> Reply {
    let (mut db, mut replace) = (ks.db, false);
    let mut index = 3;
    while index < call.len() {
        if call.is(index, "replace") {
            replace = true;
        } else if call.is(index, "db") && index + 1 < call.len() {
            db = database(ks, call, index + 1)?;
            index += 1;
        } else {
            return Err(SYNTAX.into());
        }
        index += 1;
    }
    let (from, to) = (call.key(1), call.key(2));
    if db == ks.db && from == to {
        return Err("ERR source and destination objects are the same".into());
    }
    let Some(value) = ks.find(&from).cloned() else { return Ok(Frame::Integer(0)) };
    let expires = ks.expiry(&from);
    let source = std::mem::replace(&mut ks.db, db);
    let taken = ks.exists(&to);
    if taken && !replace {
        ks.db = source;
        return Ok(Frame::Integer(0));
    }
    if taken {
        ks.replace(&to);
    }
    ks.add(&to, value);
    if db == source {
        ks.tell_copied(&from, &to, false);
    }
    ks.set_expiry(&to, expires);
    ks.changed(notify::GENERIC, "copy_to", &to);
    ks.db = source;
    Ok(Frame::Integer(1))
}

pub(in super::super) fn move_key(ks: &mut Keyspace, call: &Call) -> Reply {
    let db = database(ks, call, 2)?;
    if db == ks.db {
        return Err("ERR source and destination objects are the same".into());
    }
    let key = call.key(1);
    if !ks.exists(&key) {
        return Ok(Frame::Integer(0));
    }
    let source = std::mem::replace(&mut ks.db, db);
    let taken = ks.exists(&key);
    ks.db = source;
    if taken {
        return Ok(Frame::Integer(0));
    }
    let Some(entry) = ks.remove(&key) else { return Ok(Frame::Integer(0)) };
    ks.touch(&key);
    ks.db = db;
    ks.add(&key, entry.value);
    ks.set_expiry(&key, entry.expires);
    ks.touch(&key);
    ks.db = source;
    ks.notify(notify::GENERIC, "move_from", &key);
    ks.db = db;
    ks.notify(notify::GENERIC, "move_to", &key);
    ks.db = source;
    ks.dirty += 1;
    Ok(Frame::Integer(1))
}

pub(in super::super) fn swapdb(ks: &mut Keyspace, call: &Call) -> Reply {
    let index = |at, text: &'static str| -> Result<u32, Fault> {
        let value = call.int(at).map_err(|_| Fault::from(text))?;
        u32::try_from(value)
            .ok()
            .filter(|db| (*db as usize) < ks.dbs.len())
            .ok_or_else(|| "ERR DB index is out of range".into())
    };
    let a = index(1, "ERR invalid first DB index")?;
    let b = index(2, "ERR invalid second DB index")?;
    if a != b {
        for db in [a, b] {
            let keys: Vec<_> = ks.dbs[db as usize].entries.keys().cloned().collect();
            for key in keys {
                for side in [a, b] {
                    ks.touched.push((side, key.clone()));
                    ks.ready.push((side, key.clone()));
                }
            }
        }
        ks.dbs.swap(a as usize, b as usize);
    }
    ks.dirty += 1;
    Ok(Frame::OK)
}

pub(in super::super) fn keys(ks: &mut Keyspace, call: &Call) -> Reply {
    let pattern = call.word(1);
    let names: Vec<_> = ks.current().entries.keys().cloned().collect();
    let found = names.iter().filter(|key| {
        // A lone star is a fast path that even matches the empty key.
        (&*pattern == b"*" || glob::matches(&pattern, key)) && !ks.expire_if_needed(key)
    });
    let mut found = found.map(|key| Frame::Bulk(payload(key)));
    Ok(Frame::Array(call.gather(&mut found)))
}

pub(in super::super) fn randomkey(ks: &mut Keyspace, _: &Call) -> Reply {
    loop {
        let length = ks.current().entries.len() as u64;
        let at = ks.rng.below(length) as usize;
        let Some(key) = ks.current().entries.keys().nth(at).cloned() else {
            return Ok(Frame::NullBulk);
        };
        if ks.replica || !ks.expire_if_needed(&key) {
            return Ok(Frame::Bulk(payload(&key)));
        }
    }
}

pub(in super::super) fn dbsize(ks: &mut Keyspace, _: &Call) -> Reply {
    Ok(count(ks.current().entries.len()))
}

fn flush_words(call: &Call) -> Result<(), Fault> {
    let known = call.len() == 1 || (call.len() == 2 && (call.is(1, "sync") || call.is(1, "async")));
    if known { Ok(()) } else { Err(SYNTAX.into()) }
}

pub(in super::super) fn flushdb(ks: &mut Keyspace, call: &Call) -> Reply {
    flush_words(call)?;
    ks.flush(ks.db);
    ks.dirty += 1;
    Ok(Frame::OK)
}

pub(in super::super) fn flushall(ks: &mut Keyspace, call: &Call) -> Reply {
    flush_words(call)?;
    for db in 0..ks.dbs.len() as u32 {
        ks.flush(db);
    }
    ks.dirty += 1;
    Ok(Frame::OK)
}

pub(in super::super) fn object_encoding(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(2);
    let limits = ks.limits;
    let Some(value) = ks.find(&key) else { return Ok(Frame::NullBulk) };
    let small = |lengths: &mut dyn Iterator<Item = usize>, entries: u64, most: u64| {
        let lengths: Vec<usize> = lengths.collect();
        lengths.len() as u64 <= entries && lengths.iter().all(|length| *length as u64 <= most)
    };
    Ok(Frame::bulk(match value {
        Value::String(text) if number::integer(&text.bytes()).is_some() => "int",
        Value::String(text) if text.len() <= 44 => "embstr",
        Value::String(_) => "raw",
        Value::List(_) => "quicklist",
        Value::Hash(hash) => {
            let entries = limits.hash_max_listpack_entries;
            let mut lengths = hash.iter().map(|(field, value)| field.len().max(value.len()));
            if small(&mut lengths, entries, limits.hash_max_listpack_value) {
                "listpack"
            } else {
                "hashtable"
            }
        }
        Value::Set(set) => {
            if set.is_intset() {
                "intset"
            } else {
                "hashtable"
            }
        }
        Value::Zset(zset) => {
            let entries = limits.zset_max_listpack_entries;
            let mut lengths = zset.iter().map(|(member, _)| member.len());
            if small(&mut lengths, entries, limits.zset_max_listpack_value) {
                "listpack"
            } else {
                "skiplist"
            }
        }
        Value::Stream(_) => "stream",
    }))
}

pub(in super::super) fn object_refcount(ks: &mut Keyspace, call: &Call) -> Reply {
    let found = ks.find(&call.key(2)).is_some();
    Ok(if found { Frame::Integer(1) } else { Frame::NullBulk })
}

pub(in super::super) fn object_idletime(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(2);
    let now = ks.now;
    ks.expire_if_needed(&key);
    let used = ks.current().entries.get(&key).map(|entry| entry.used);
    Ok(used.map_or(Frame::NullBulk, |used| Frame::Integer((now - used).max(0) / 1_000)))
}

pub(in super::super) fn touch(ks: &mut Keyspace, call: &Call) -> Reply {
    exists(ks, call)
}

/// `TYPE` filters and other words may name a type.
pub(super) fn has_type(value: &Value, name: &str) -> bool {
    value.type_name().eq_ignore_ascii_case(name)
}

pub(in super::super) fn echo(_: &mut Keyspace, call: &Call) -> Reply {
    Ok(Frame::Bulk(call.args[1].clone()))
}

pub(in super::super) fn time(ks: &mut Keyspace, _: &Call) -> Reply {
    let (seconds, micros) = (ks.now / 1_000, ks.now % 1_000 * 1_000);
    Ok(Frame::Array(vec![Frame::bulk(seconds.to_string()), Frame::bulk(micros.to_string())]))
}
