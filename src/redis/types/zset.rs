//! Sorted sets: adding, removing, popping (t_zset.c).

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, NOT_FLOAT, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::{Frame, Version, number};
use super::{Reply, Zset, count, payload};
use crate::event::Payload;

/// A score with its member, as replies nest them.
pub(super) fn pair(member: &Key, score: f64) -> [Frame; 2] {
    [Frame::Bulk(payload(member)), Frame::Double(score)]
}

#[derive(Default)]
struct Add {
    only_new: bool,
    only_old: bool,
    greater: bool,
    less: bool,
    changed: bool,
    increment: bool,
}

pub(in super::super) fn zadd(ks: &mut Keyspace, call: &Call) -> Reply {
    let mut add = Add::default();
    let mut index = 2;
    while index < call.len() {
        match call.lower(index).as_str() {
            "nx" => add.only_new = true,
            "xx" => add.only_old = true,
            "gt" => add.greater = true,
            "lt" => add.less = true,
            "ch" => add.changed = true,
            "incr" => add.increment = true,
            _ => break,
        }
        index += 1;
    }
    let words = call.len() - index;
    if words == 0 || !words.is_multiple_of(2) {
        return Err(SYNTAX.into());
    }
    if add.only_new && add.only_old {
        return Err("ERR XX and NX options at the same time are not compatible".into());
    }
    let both = add.greater && add.less;
    if both || (add.only_new && (add.greater || add.less)) {
        return Err("ERR GT, LT, and/or NX options at the same time are not compatible".into());
    }
    if add.increment && words > 2 {
        return Err("ERR INCR option supports a single increment-element pair".into());
    }
    zadd_pairs(ks, call, index, &add)
}

fn zadd_pairs(ks: &mut Keyspace, call: &Call, from: usize, add: &Add) -> Reply {
    let mut pairs = Vec::new();
    for index in (from..call.len()).step_by(2) {
        let score = number::float(&call.word(index)).ok_or(NOT_FLOAT)?;
        pairs.push((score, call.key(index + 1)));
    }
    let key = call.key(1);
    let exists = ks.zset_mut(&key)?.is_some();
    if !exists && add.only_old {
        return Ok(if add.increment { Frame::NullBulk } else { Frame::Integer(0) });
    }
    let (mut added, mut updated, mut result) = (0, 0, None);
    for (mut score, member) in pairs {
        let zset = ks.zset_or_new(&key)?;
        let old = zset.score(&member);
        if (add.only_new && old.is_some()) || (add.only_old && old.is_none()) {
            continue;
        }
        if add.increment {
            score += old.unwrap_or(0.0);
            if score.is_nan() {
                return Err("ERR resulting score is not a number (NaN)".into());
            }
        }
        if let Some(old) = old
            && ((add.greater && score <= old) || (add.less && score >= old))
        {
            continue;
        }
        result = Some(score);
        if old.is_none() {
            added += 1;
        } else if old != Some(score) {
            updated += 1;
        } else {
            continue;
        }
        zset.insert(&member, score);
    }
    if added + updated > 0 {
        ks.changed(notify::ZSET, if add.increment { "zincr" } else { "zadd" }, &key);
    } else {
        ks.drop_empty_zset(&key, false);
    }
    if add.increment {
        return Ok(result.map_or(Frame::NullBulk, Frame::Double));
    }
    Ok(Frame::Integer(added + if add.changed { updated } else { 0 }))
}

pub(in super::super) fn zincrby(ks: &mut Keyspace, call: &Call) -> Reply {
    zadd_pairs(ks, call, 2, &Add { increment: true, ..Add::default() })
}

impl Keyspace {
    pub(super) fn drop_empty_zset(&mut self, key: &Key, event: bool) {
        if matches!(self.zset_mut(key), Ok(Some(zset)) if zset.len() == 0) {
            self.remove(key);
            if event {
                self.notify(notify::GENERIC, "del", key);
            }
        }
    }

    /// Removes the members with the lowest or the highest scores.
    pub(in super::super) fn zset_pop(
        &mut self,
        key: &Key,
        lowest: bool,
        most: usize,
    ) -> Result<Vec<(Key, f64)>, Fault> {
        let Some(zset) = self.zset_mut(key)? else { return Ok(Vec::new()) };
        let own = |(member, score): (&Key, f64)| (member.clone(), score);
        let popped: Vec<(Key, f64)> = if lowest {
            zset.iter().take(most).map(own).collect()
        } else {
            zset.iter().rev().take(most).map(own).collect()
        };
        for (member, _) in &popped {
            zset.remove(member);
        }
        if !popped.is_empty() {
            self.changed(notify::ZSET, if lowest { "zpopmin" } else { "zpopmax" }, key);
            self.drop_empty_zset(key, true);
        }
        Ok(popped)
    }

    /// Pops from the first key that has something.
    pub(in super::super) fn zset_mpop(
        &mut self,
        keys: &[Key],
        lowest: bool,
        most: usize,
    ) -> Result<Option<Frame>, Fault> {
        for key in keys {
            if self.zset(key)?.is_none() {
                continue;
            }
            let popped = self.zset_pop(key, lowest, most)?;
            let number = Payload::from(popped.len().to_string().as_str());
            let command = if lowest { "ZPOPMIN" } else { "ZPOPMAX" };
            self.rewrite(vec![command.into(), payload(key), number]);
            let popped = popped
                .iter()
                .map(|(member, score)| Frame::Array(pair(member, *score).into()))
                .collect();
            return Ok(Some(Frame::Array(vec![Frame::bulk(key), Frame::Array(popped)])));
        }
        Ok(None)
    }
}

pub(in super::super) fn zrem(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let Some(zset) = ks.zset_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let removed = (2..call.len()).filter(|index| zset.remove(&call.key(*index))).count();
    if removed > 0 {
        ks.changed(notify::ZSET, "zrem", &key);
        ks.drop_empty_zset(&key, true);
    }
    Ok(count(removed))
}

pub(in super::super) fn zcard(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count(ks.zset(&call.key(1))?.map_or(0, Zset::len)))
}

pub(in super::super) fn zscore(ks: &mut Keyspace, call: &Call) -> Reply {
    let member = call.key(2);
    let score = ks.zset(&call.key(1))?.and_then(|zset| zset.score(&member));
    Ok(score.map_or(Frame::NullBulk, Frame::Double))
}

pub(in super::super) fn zmscore(ks: &mut Keyspace, call: &Call) -> Reply {
    let zset = ks.zset(&call.key(1))?;
    let score = |index| {
        zset.and_then(|zset| zset.score(&call.key(index))).map_or(Frame::NullBulk, Frame::Double)
    };
    Ok(Frame::Array(call.gather(&mut (2..call.len()).map(score))))
}

pub(in super::super) fn zrank(ks: &mut Keyspace, call: &Call) -> Reply {
    let member = call.key(2);
    let rank = ks.zset(&call.key(1))?.and_then(|zset| zset.rank(&member));
    Ok(rank.map_or(Frame::NullBulk, count))
}

pub(in super::super) fn zrevrank(ks: &mut Keyspace, call: &Call) -> Reply {
    let member = call.key(2);
    let rank = ks
        .zset(&call.key(1))?
        .and_then(|zset| zset.rank(&member).map(|rank| zset.len() - 1 - rank));
    Ok(rank.map_or(Frame::NullBulk, count))
}

pub(in super::super) fn zpopmin(ks: &mut Keyspace, call: &Call) -> Reply {
    pop(ks, call, true)
}

pub(in super::super) fn zpopmax(ks: &mut Keyspace, call: &Call) -> Reply {
    pop(ks, call, false)
}

fn pop(ks: &mut Keyspace, call: &Call, lowest: bool) -> Reply {
    if call.len() > 3 {
        return Err(SYNTAX.into());
    }
    let most = if call.len() == 3 { Some(call.positive(2)?) } else { None };
    let popped = ks.zset_pop(&call.key(1), lowest, most.unwrap_or(1) as usize)?;
    // Only a count nests the pairs, and only in RESP3.
    if call.version == Version::Resp3 && most.is_some() {
        let pairs = popped.iter().map(|(member, score)| Frame::Array(pair(member, *score).into()));
        return Ok(Frame::Array(pairs.collect()));
    }
    Ok(Frame::Array(popped.iter().flat_map(|(member, score)| pair(member, *score)).collect()))
}

/// `MIN` or `MAX` of ZMPOP.
pub(in super::super) fn lowest(call: &Call, index: usize) -> Result<bool, Fault> {
    if call.is(index, "min") {
        Ok(true)
    } else if call.is(index, "max") {
        Ok(false)
    } else {
        Err(SYNTAX.into())
    }
}

pub(in super::super) fn zmpop(ks: &mut Keyspace, call: &Call) -> Reply {
    let (keys, direction, most) = super::list::mpop_words(call, 1)?;
    let lowest = lowest(call, direction)?;
    Ok(ks.zset_mpop(&keys, lowest, most)?.unwrap_or(Frame::NullArray))
}
