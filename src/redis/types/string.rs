//! Strings and counters (t_string.c).

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, NOT_FLOAT, NOT_INTEGER, SYNTAX, WRONG_TYPE};
use super::super::keyspace::{Keyspace, Value};
use super::super::notify;
use super::super::resp::{Frame, number};
use super::{Reply, count, flag};
use crate::event::Payload;

impl Keyspace {
    /// The string at `key`.
    pub(in super::super) fn string(&mut self, key: &Key) -> Result<Option<Payload>, Fault> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value.clone())),
            Some(_) => Err(WRONG_TYPE.into()),
        }
    }

    pub(super) fn string_for_write(&mut self, key: &Key) -> Result<Option<Payload>, Fault> {
        match self.find_mut(key) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value.clone())),
            Some(_) => Err(WRONG_TYPE.into()),
        }
    }

    /// Replaces a string in place, keeping its expiry (`dbOverwrite`).
    pub(super) fn overwrite(&mut self, key: &Key, value: Payload) {
        match self.find_mut(key) {
            Some(slot) => *slot = Value::String(value),
            None => self.add(key, Value::String(value)),
        }
    }
}

/// The options that SET and GETEX share.
#[derive(Default)]
struct Options {
    only_new: bool,
    only_old: bool,
    keep_ttl: bool,
    get: bool,
    persist: bool,
    /// The expiry in Unix milliseconds.
    expires: Option<i64>,
}

/// `parseExtendedStringArgumentsOrReply` and `getExpireMillisecondsOrReply`.
fn options(ks: &Keyspace, call: &Call, from: usize, getex: bool) -> Result<Options, Fault> {
    let mut options = Options::default();
    let mut expiry: Option<(bool, bool, usize)> = None;
    let mut index = from;
    while index < call.len() {
        let next = index + 1 < call.len();
        let free = expiry.is_none() && !options.keep_ttl && !options.persist;
        if call.is(index, "nx") && !options.only_old && !getex {
            options.only_new = true;
        } else if call.is(index, "xx") && !options.only_new && !getex {
            options.only_old = true;
        } else if call.is(index, "get") && !getex {
            options.get = true;
        } else if call.is(index, "keepttl") && free && !getex {
            options.keep_ttl = true;
        } else if call.is(index, "persist") && free && getex {
            options.persist = true;
        } else if let Some((seconds, absolute)) = unit(call, index).filter(|_| free && next) {
            index += 1;
            expiry = Some((seconds, absolute, index));
        } else {
            return Err(SYNTAX.into());
        }
        index += 1;
    }
    if let Some((seconds, absolute, index)) = expiry {
        options.expires = Some(expire_time(ks, call, index, seconds, absolute)?);
    }
    Ok(options)
}

/// Whether the word is EX, PX, EXAT or PXAT: in seconds, absolute.
fn unit(call: &Call, index: usize) -> Option<(bool, bool)> {
    [("ex", (true, false)), ("px", (false, false)), ("exat", (true, true)), ("pxat", (false, true))]
        .into_iter()
        .find(|(word, _)| call.is(index, word))
        .map(|(_, unit)| unit)
}

fn expire_time(
    ks: &Keyspace,
    call: &Call,
    index: usize,
    seconds: bool,
    absolute: bool,
) -> Result<i64, Fault> {
    let value = call.int(index)?;
    let invalid = || Fault::from(format!("ERR invalid expire time in '{}' command", call.name()));
    if value <= 0 {
        return Err(invalid());
    }
    let millis = if seconds { value.checked_mul(1_000).ok_or_else(invalid)? } else { value };
    if absolute { Ok(millis) } else { millis.checked_add(ks.now).ok_or_else(invalid) }
}

/// `setGenericCommand` behind its conditions.
fn store(ks: &mut Keyspace, call: &Call, key: &Key, value: Payload, options: &Options) {
    // A moment that has passed deletes instead (only seen with EXAT and PXAT).
    ks.set_key(key, Value::String(value.clone()), options.keep_ttl);
    ks.dirty += 1;
    ks.notify(notify::STRING, "set", key);
    if let Some(at) = options.expires {
        ks.set_expiry(key, Some(at));
        ks.notify(notify::GENERIC, "expire", key);
        let at = Payload::from(at.to_string().as_str());
        ks.rewrite(vec!["SET".into(), call.args[1].clone(), value, "PXAT".into(), at]);
    }
}

pub(in super::super) fn set(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(ks, call, 3, false)?;
    let key = call.key(1);
    let old = if options.get { Some(Frame::bulk_or_null(ks.string(&key)?)) } else { None };
    let exists = ks.exists(&key);
    if (options.only_new && exists) || (options.only_old && !exists) {
        return Ok(old.unwrap_or(Frame::NullBulk));
    }
    store(ks, call, &key, call.args[2].clone(), &options);
    Ok(old.unwrap_or(Frame::OK))
}

pub(in super::super) fn setnx(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let fresh = !ks.exists(&key);
    if fresh {
        store(ks, call, &key, call.args[2].clone(), &Options::default());
    }
    Ok(flag(fresh))
}

pub(in super::super) fn setex(ks: &mut Keyspace, call: &Call) -> Reply {
    timed(ks, call, true)
}

pub(in super::super) fn psetex(ks: &mut Keyspace, call: &Call) -> Reply {
    timed(ks, call, false)
}

fn timed(ks: &mut Keyspace, call: &Call, seconds: bool) -> Reply {
    let at = expire_time(ks, call, 2, seconds, false)?;
    let options = Options { expires: Some(at), ..Options::default() };
    store(ks, call, &call.key(1), call.args[3].clone(), &options);
    Ok(Frame::OK)
}

pub(in super::super) fn get(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(Frame::bulk_or_null(ks.string(&call.key(1))?))
}

pub(in super::super) fn getset(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let old = ks.string(&key)?;
    ks.set_key(&key, Value::String(call.args[2].clone()), false);
    ks.notify(notify::STRING, "set", &key);
    ks.dirty += 1;
    ks.rewrite(vec!["SET".into(), call.args[1].clone(), call.args[2].clone()]);
    Ok(Frame::bulk_or_null(old))
}

pub(in super::super) fn getdel(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let old = ks.string(&key)?;
    if old.is_some() {
        ks.delete(&key);
        ks.rewrite(vec!["DEL".into(), call.args[1].clone()]);
    }
    Ok(Frame::bulk_or_null(old))
}

pub(in super::super) fn getex(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(ks, call, 2, true)?;
    let key = call.key(1);
    let Some(value) = ks.string(&key)? else { return Ok(Frame::NullBulk) };
    if let Some(at) = options.expires {
        if at <= ks.now {
            ks.delete(&key);
            ks.rewrite(vec!["DEL".into(), call.args[1].clone()]);
        } else {
            ks.set_expiry(&key, Some(at));
            ks.changed(notify::GENERIC, "expire", &key);
            let at = Payload::from(at.to_string().as_str());
            ks.rewrite(vec!["PEXPIREAT".into(), call.args[1].clone(), at]);
        }
    } else if options.persist && ks.expiry(&key).is_some() {
        ks.set_expiry(&key, None);
        ks.changed(notify::GENERIC, "persist", &key);
        ks.rewrite(vec!["PERSIST".into(), call.args[1].clone()]);
    }
    Ok(Frame::Bulk(value))
}

pub(in super::super) fn mget(ks: &mut Keyspace, call: &Call) -> Reply {
    let mut values = (1..call.len())
        .map(|index| Frame::bulk_or_null(ks.string(&call.key(index)).ok().flatten()));
    Ok(Frame::Array(call.gather(&mut values)))
}

pub(in super::super) fn mset(ks: &mut Keyspace, call: &Call) -> Reply {
    multiple(ks, call, false)
}

pub(in super::super) fn msetnx(ks: &mut Keyspace, call: &Call) -> Reply {
    multiple(ks, call, true)
}

fn multiple(ks: &mut Keyspace, call: &Call, only_new: bool) -> Reply {
    if call.len().is_multiple_of(2) {
        return Err(Fault::arity(call.name()));
    }
    if only_new && (1..call.len()).step_by(2).any(|index| ks.exists(&call.key(index))) {
        return Ok(Frame::Integer(0));
    }
    for index in (1..call.len()).step_by(2) {
        let key = call.key(index);
        ks.set_key(&key, Value::String(call.args[index + 1].clone()), false);
        ks.notify(notify::STRING, "set", &key);
        ks.dirty += 1;
    }
    Ok(if only_new { Frame::Integer(1) } else { Frame::OK })
}

pub(in super::super) fn strlen(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count(ks.string(&call.key(1))?.map_or(0, |value| value.len())))
}

pub(in super::super) fn incr(ks: &mut Keyspace, call: &Call) -> Reply {
    add(ks, call, 1)
}

pub(in super::super) fn decr(ks: &mut Keyspace, call: &Call) -> Reply {
    add(ks, call, -1)
}

pub(in super::super) fn incrby(ks: &mut Keyspace, call: &Call) -> Reply {
    add(ks, call, call.int(2)?)
}

pub(in super::super) fn decrby(ks: &mut Keyspace, call: &Call) -> Reply {
    let by = call.int(2)?.checked_neg().ok_or("ERR decrement would overflow")?;
    add(ks, call, by)
}

fn add(ks: &mut Keyspace, call: &Call, by: i64) -> Reply {
    let key = call.key(1);
    let old = match ks.string_for_write(&key)? {
        None => 0,
        Some(value) => number::integer(&value.bytes()).ok_or(NOT_INTEGER)?,
    };
    let new = old.checked_add(by).ok_or("ERR increment or decrement would overflow")?;
    ks.overwrite(&key, new.to_string().as_str().into());
    ks.changed(notify::STRING, "incrby", &key);
    Ok(Frame::Integer(new))
}

pub(in super::super) fn incrbyfloat(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let old = ks.string_for_write(&key)?;
    let old = old.as_ref().map_or(b"0".to_vec(), |value| value.bytes().into_owned());
    number::float(&old).ok_or(NOT_FLOAT)?;
    let by = call.word(2);
    number::float(&by).ok_or(NOT_FLOAT)?;
    let sum =
        number::add_decimals(&old, &by).ok_or("ERR increment would produce NaN or Infinity")?;
    let value = Payload::from(sum.as_str());
    ks.overwrite(&key, value.clone());
    ks.changed(notify::STRING, "incrbyfloat", &key);
    ks.rewrite(vec!["SET".into(), call.args[1].clone(), value.clone(), "KEEPTTL".into()]);
    Ok(Frame::Bulk(value))
}
