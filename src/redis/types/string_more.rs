//! Strings by ranges and bits (t_string.c, bitops.c).

use super::super::call::Call;
use super::super::fault::Fault;
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::Frame;
use super::{Reply, count};
use crate::event::Payload;

/// `proto-max-bulk-len`: no string may grow longer.
const MAX_LENGTH: i64 = 512 << 20;
const TOO_LONG: &str = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";

pub(in super::super) fn append(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let mut value =
        ks.string_for_write(&key)?.map_or_else(Vec::new, |value| value.bytes().into_owned());
    value.extend_from_slice(&call.word(2));
    if value.len() as i64 > MAX_LENGTH {
        return Err(TOO_LONG.into());
    }
    let length = value.len();
    ks.overwrite(&key, value.into());
    ks.changed(notify::STRING, "append", &key);
    Ok(count(length))
}

pub(in super::super) fn getrange(ks: &mut Keyspace, call: &Call) -> Reply {
    let (start, stop) = (call.int(2)?, call.int(3)?);
    let value = ks.string(&call.key(1))?.unwrap_or_else(|| "".into());
    let length = value.len() as i64;
    if length == 0 || (start < 0 && stop < 0 && start > stop) {
        return Ok(Frame::bulk(""));
    }
    let clamp = |index: i64| if index < 0 { (index + length).max(0) } else { index };
    let (start, stop) = (clamp(start), clamp(stop).min(length - 1));
    if start > stop {
        return Ok(Frame::bulk(""));
    }
    Ok(Frame::bulk(&value.bytes()[start as usize..=stop as usize]))
}

pub(in super::super) fn setrange(ks: &mut Keyspace, call: &Call) -> Reply {
    let offset = call.int(2)?;
    if offset < 0 {
        return Err("ERR offset is out of range".into());
    }
    let key = call.key(1);
    let patch = call.word(3);
    let old = ks.string_for_write(&key)?;
    if patch.is_empty() {
        return Ok(count(old.map_or(0, |value| value.len())));
    }
    if offset.checked_add(patch.len() as i64).is_none_or(|end| end > MAX_LENGTH) {
        return Err(TOO_LONG.into());
    }
    let mut value = old.map_or_else(Vec::new, |value| value.bytes().into_owned());
    let end = offset as usize + patch.len();
    if value.len() < end {
        value.resize(end, 0);
    }
    value[offset as usize..end].copy_from_slice(&patch);
    let length = value.len();
    ks.overwrite(&key, value.into());
    ks.changed(notify::STRING, "setrange", &key);
    Ok(count(length))
}

/// The byte and the mask of a bit offset; the most significant bit comes first.
fn bit(call: &Call, index: usize) -> Result<(usize, u8), Fault> {
    let offset = call
        .int(index)
        .ok()
        .filter(|offset| (0..MAX_LENGTH * 8).contains(offset))
        .ok_or("ERR bit offset is not an integer or out of range")?;
    Ok((offset as usize / 8, 0x80 >> (offset % 8)))
}

pub(in super::super) fn setbit(ks: &mut Keyspace, call: &Call) -> Reply {
    let (at, mask) = bit(call, 2)?;
    let on = match &*call.word(3) {
        b"0" => false,
        b"1" => true,
        _ => return Err("ERR bit is not an integer or out of range".into()),
    };
    let key = call.key(1);
    let mut value =
        ks.string_for_write(&key)?.map_or_else(Vec::new, |value| value.bytes().into_owned());
    if value.len() <= at {
        value.resize(at + 1, 0);
    }
    let old = value[at] & mask != 0;
    if on {
        value[at] |= mask;
    } else {
        value[at] &= !mask;
    }
    ks.overwrite(&key, value.into());
    ks.changed(notify::STRING, "setbit", &key);
    Ok(super::flag(old))
}

pub(in super::super) fn getbit(ks: &mut Keyspace, call: &Call) -> Reply {
    let (at, mask) = bit(call, 2)?;
    let value = ks.string(&call.key(1))?.unwrap_or_else(|| Payload::from(""));
    Ok(super::flag(value.bytes().get(at).is_some_and(|byte| byte & mask != 0)))
}

pub(in super::super) fn bitcount(ks: &mut Keyspace, call: &Call) -> Reply {
    let value = ks.string(&call.key(1))?.unwrap_or_else(|| Payload::from(""));
    let bytes = value.bytes();
    let range = match call.len() {
        2 => Some((0, bytes.len())),
        4 => super::slice(call.int(2)?, call.int(3)?, bytes.len()),
        _ => return Err(super::super::fault::SYNTAX.into()),
    };
    let ones = range.map_or(0, |(from, to)| {
        bytes[from..to].iter().map(|byte| u64::from(byte.count_ones())).sum()
    });
    Ok(Frame::Integer(ones as i64))
}
