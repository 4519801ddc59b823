//! Intersections, unions and differences of sets (t_set.c).

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, SYNTAX};
use super::super::keyspace::{Keyspace, Value};
use super::super::notify;
use super::super::resp::Frame;
use super::set::{Set, bulks};
use super::{Reply, count};
use std::sync::Arc;

#[derive(Clone, Copy)]
enum Algebra {
    Inter,
    Union,
    Diff,
}

fn combine(ks: &mut Keyspace, keys: &[Key], algebra: Algebra) -> Result<Vec<Key>, Fault> {
    let mut sets = Vec::new();
    for key in keys {
        sets.push(ks.set(key)?.cloned().unwrap_or_default());
    }
    let most = ks.limits.set_max_intset_entries;
    let mut result = Set::default();
    match algebra {
        Algebra::Union => {
            for member in sets.iter().flat_map(Set::members) {
                result.insert(member, most);
            }
        }
        Algebra::Inter | Algebra::Diff => {
            let Some((first, rest)) = sets.split_first() else { return Ok(Vec::new()) };
            for member in first.members() {
                let keep = match algebra {
                    Algebra::Inter => rest.iter().all(|set| set.contains(&member)),
                    _ => !rest.iter().any(|set| set.contains(&member)),
                };
                if keep {
                    result.insert(member, most);
                }
            }
        }
    }
    Ok(result.members())
}

fn keys(call: &Call, from: usize) -> Vec<Key> {
    (from..call.len()).map(|index| call.key(index)).collect()
}

fn answer(ks: &mut Keyspace, call: &Call, algebra: Algebra) -> Reply {
    let members = combine(ks, &keys(call, 1), algebra)?;
    Ok(Frame::Set(call.gather(&mut bulks(&members))))
}

fn store(ks: &mut Keyspace, call: &Call, algebra: Algebra, event: &'static str) -> Reply {
    let members = combine(ks, &keys(call, 2), algebra)?;
    let key = call.key(1);
    if members.is_empty() {
        ks.exists(&key);
        ks.delete(&key);
        return Ok(Frame::Integer(0));
    }
    let most = ks.limits.set_max_intset_entries;
    let mut set = Set::default();
    for member in members {
        set.insert(member, most);
    }
    let length = set.len();
    ks.set_key(&key, Value::Set(Arc::new(set)), false);
    ks.notify(notify::SET, event, &key);
    ks.dirty += 1;
    Ok(count(length))
}

pub(in super::super) fn sinter(ks: &mut Keyspace, call: &Call) -> Reply {
    answer(ks, call, Algebra::Inter)
}

pub(in super::super) fn sunion(ks: &mut Keyspace, call: &Call) -> Reply {
    answer(ks, call, Algebra::Union)
}

pub(in super::super) fn sdiff(ks: &mut Keyspace, call: &Call) -> Reply {
    answer(ks, call, Algebra::Diff)
}

pub(in super::super) fn sinterstore(ks: &mut Keyspace, call: &Call) -> Reply {
    store(ks, call, Algebra::Inter, "sinterstore")
}

pub(in super::super) fn sunionstore(ks: &mut Keyspace, call: &Call) -> Reply {
    store(ks, call, Algebra::Union, "sunionstore")
}

pub(in super::super) fn sdiffstore(ks: &mut Keyspace, call: &Call) -> Reply {
    store(ks, call, Algebra::Diff, "sdiffstore")
}

pub(in super::super) fn sintercard(ks: &mut Keyspace, call: &Call) -> Reply {
    let number = call.int(1).ok().filter(|number| *number > 0);
    let number = number.ok_or("ERR numkeys should be greater than 0")?;
    if number > call.len() as i64 - 2 {
        return Err("ERR Number of keys can't be greater than number of args".into());
    }
    let end = 2 + number as usize;
    let mut limit = 0;
    let mut index = end;
    while index < call.len() {
        if !call.is(index, "limit") || index + 1 >= call.len() {
            return Err(SYNTAX.into());
        }
        let value = call.int(index + 1).ok().filter(|value| *value >= 0);
        limit = value.ok_or("ERR LIMIT can't be negative")? as usize;
        index += 2;
    }
    let keys: Vec<Key> = (2..end).map(|index| call.key(index)).collect();
    let found = combine(ks, &keys, Algebra::Inter)?.len();
    Ok(count(if limit == 0 { found } else { found.min(limit) }))
}
