//! Hashes (t_hash.c).

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::{Frame, Version, number};
use super::{Hash, Reply, count, flag, payload};
use crate::event::Payload;

fn fields(ks: &mut Keyspace, call: &Call) -> Result<Vec<(Key, Payload)>, Fault> {
    let hash = ks.hash(&call.key(1))?;
    Ok(hash.map_or_else(Vec::new, |hash| {
        hash.iter().map(|(field, value)| (field.clone(), value.clone())).collect()
    }))
}

fn put(ks: &mut Keyspace, call: &Call) -> Result<usize, Fault> {
    if !call.len().is_multiple_of(2) {
        return Err(Fault::arity(call.name()));
    }
    let key = call.key(1);
    let hash = ks.hash_or_new(&key)?;
    let mut added = 0;
    for index in (2..call.len()).step_by(2) {
        let old = hash.insert(call.key(index), call.args[index + 1].clone());
        added += usize::from(old.is_none());
    }
    ks.changed(notify::HASH, "hset", &key);
    Ok(added)
}

pub(in super::super) fn hset(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count(put(ks, call)?))
}

pub(in super::super) fn hmset(ks: &mut Keyspace, call: &Call) -> Reply {
    put(ks, call)?;
    Ok(Frame::OK)
}

pub(in super::super) fn hsetnx(ks: &mut Keyspace, call: &Call) -> Reply {
    let (key, field) = (call.key(1), call.key(2));
    let hash = ks.hash_or_new(&key)?;
    if hash.contains_key(&field) {
        return Ok(Frame::Integer(0));
    }
    hash.insert(field, call.args[3].clone());
    ks.changed(notify::HASH, "hset", &key);
    Ok(Frame::Integer(1))
}

pub(in super::super) fn hget(ks: &mut Keyspace, call: &Call) -> Reply {
    let field = call.key(2);
    let value = ks.hash(&call.key(1))?.and_then(|hash| hash.get(&field).cloned());
    Ok(Frame::bulk_or_null(value))
}

pub(in super::super) fn hmget(ks: &mut Keyspace, call: &Call) -> Reply {
    let hash = ks.hash(&call.key(1))?;
    let value =
        |index| Frame::bulk_or_null(hash.and_then(|hash| hash.get(&call.key(index)).cloned()));
    Ok(Frame::Array(call.gather(&mut (2..call.len()).map(value))))
}

pub(in super::super) fn hdel(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let Some(hash) = ks.hash_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let removed =
        (2..call.len()).filter(|index| hash.shift_remove(&call.key(*index)).is_some()).count();
    let empty = hash.is_empty();
    if removed > 0 {
        ks.changed(notify::HASH, "hdel", &key);
        if empty {
            ks.remove(&key);
            ks.notify(notify::GENERIC, "del", &key);
        }
    }
    Ok(count(removed))
}

pub(in super::super) fn hlen(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count(ks.hash(&call.key(1))?.map_or(0, Hash::len)))
}

pub(in super::super) fn hexists(ks: &mut Keyspace, call: &Call) -> Reply {
    let field = call.key(2);
    Ok(flag(ks.hash(&call.key(1))?.is_some_and(|hash| hash.contains_key(&field))))
}

pub(in super::super) fn hstrlen(ks: &mut Keyspace, call: &Call) -> Reply {
    let field = call.key(2);
    let value = ks.hash(&call.key(1))?.and_then(|hash| hash.get(&field).map(Payload::len));
    Ok(count(value.unwrap_or(0)))
}

pub(in super::super) fn hgetall(ks: &mut Keyspace, call: &Call) -> Reply {
    let pairs = fields(ks, call)?;
    let pair = |(field, value): (Key, Payload)| (Frame::Bulk(payload(&field)), Frame::Bulk(value));
    Ok(Frame::Map(pairs.into_iter().map(pair).collect()))
}

pub(in super::super) fn hkeys(ks: &mut Keyspace, call: &Call) -> Reply {
    let pairs = fields(ks, call)?;
    let mut fields = pairs.iter().map(|(field, _)| Frame::Bulk(payload(field)));
    Ok(Frame::Array(call.gather(&mut fields)))
}

pub(in super::super) fn hvals(ks: &mut Keyspace, call: &Call) -> Reply {
    let pairs = fields(ks, call)?;
    let mut values = pairs.into_iter().map(|(_, value)| Frame::Bulk(value));
    Ok(Frame::Array(call.gather(&mut values)))
}

pub(in super::super) fn hincrby(ks: &mut Keyspace, call: &Call) -> Reply {
    let by = call.int(3)?;
    let (key, field) = (call.key(1), call.key(2));
    let old = ks.hash_mut(&key)?.and_then(|hash| hash.get(&field).cloned());
    let old = match old {
        None => 0,
        Some(value) => number::integer(&value.bytes()).ok_or("ERR hash value is not an integer")?,
    };
    let new = old.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
    ks.hash_or_new(&key)?.insert(field, new.to_string().as_str().into());
    ks.changed(notify::HASH, "hincrby", &key);
    Ok(Frame::Integer(new))
}

pub(in super::super) fn hincrbyfloat(ks: &mut Keyspace, call: &Call) -> Reply {
    let by = call.word(3);
    let value = number::float(&by).ok_or(super::super::fault::NOT_FLOAT)?;
    if !value.is_finite() {
        return Err("ERR value is NaN or Infinity".into());
    }
    let (key, field) = (call.key(1), call.key(2));
    let old = ks.hash_mut(&key)?.and_then(|hash| hash.get(&field).cloned());
    let old = old.map_or(b"0".to_vec(), |value| value.bytes().into_owned());
    number::float(&old).ok_or("ERR hash value is not a float")?;
    let sum =
        number::add_decimals(&old, &by).ok_or("ERR increment would produce NaN or Infinity")?;
    let value = Payload::from(sum.as_str());
    ks.hash_or_new(&key)?.insert(field, value.clone());
    ks.changed(notify::HASH, "hincrbyfloat", &key);
    ks.rewrite(vec!["HSET".into(), call.args[1].clone(), call.args[2].clone(), value.clone()]);
    Ok(Frame::Bulk(value))
}

pub(in super::super) fn hrandfield(ks: &mut Keyspace, call: &Call) -> Reply {
    let pairs = fields(ks, call)?;
    if call.len() == 2 {
        let picked = ks.pick(pairs.len(), 1).next();
        return Ok(Frame::bulk_or_null(picked.map(|at| payload(&pairs[at].0))));
    }
    let wanted = call.random_count(2)?;
    let values = match call.len() {
        3 => false,
        4 if call.is(3, "withvalues") => true,
        _ => return Err(SYNTAX.into()),
    };
    if values && wanted < -(i64::MAX / 2) {
        return Err("ERR value is out of range".into());
    }
    let picked = ks.pick(pairs.len(), wanted);
    let field = |at: usize| Frame::Bulk(payload(&pairs[at].0));
    let pair = |at: usize| [field(at), Frame::Bulk(pairs[at].1.clone())];
    Ok(Frame::Array(match (values, call.version) {
        (false, _) => call.gather(&mut picked.map(field)),
        (true, Version::Resp2) => call.gather(&mut picked.flat_map(pair)),
        (true, Version::Resp3) => call.gather(&mut picked.map(|at| Frame::Array(pair(at).into()))),
    }))
}
