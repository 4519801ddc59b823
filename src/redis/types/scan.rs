//! SCAN and its like (db.c: `scanGenericCommand`).
//!
//! Redis's order is that of a hash table. Here a keyspace is visited in the order of its keys
//! and the cursor names a place by rank; collections are answered whole, as Redis answers
//! those that it keeps compact.

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, SYNTAX};
use super::super::glob;
use super::super::keyspace::Keyspace;
use super::super::resp::{Frame, number};
use super::{Reply, payload};

struct Options {
    cursor: u64,
    pattern: Option<Vec<u8>>,
    most: usize,
    of_type: Option<String>,
}

fn options(call: &Call, at: usize) -> Result<Options, Fault> {
    let text = call.word(at);
    let cursor = core::str::from_utf8(&text).ok().and_then(|text| text.parse::<u64>().ok());
    let mut options = Options {
        cursor: cursor.ok_or("ERR invalid cursor")?,
        pattern: None,
        most: 10,
        of_type: None,
    };
    let mut index = at + 1;
    while index < call.len() {
        if index + 1 >= call.len() {
            return Err(SYNTAX.into());
        }
        if call.is(index, "count") {
            let most = call.int(index + 1)?;
            if most < 1 {
                return Err(SYNTAX.into());
            }
            options.most = most as usize;
        } else if call.is(index, "match") {
            options.pattern = Some(call.word(index + 1).into_owned());
        } else if call.is(index, "type") && at == 1 {
            options.of_type = Some(call.lower(index + 1));
        } else {
            return Err(SYNTAX.into());
        }
        index += 2;
    }
    Ok(options)
}

impl Options {
    fn admits(&self, name: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern == b"*" || glob::matches(pattern, name))
    }
}

fn answer(cursor: u64, frames: Vec<Frame>) -> Frame {
    Frame::Array(vec![Frame::bulk(cursor.to_string()), Frame::Array(frames)])
}

pub(in super::super) fn scan(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(call, 1)?;
    let entries = &ks.current().entries;
    let skip = options.cursor as usize;
    let page: Vec<Key> = entries.keys().skip(skip).take(options.most).cloned().collect();
    let end = skip.saturating_add(page.len());
    let cursor = if end < entries.len() { end as u64 } else { 0 };
    let mut found = Vec::new();
    for key in page {
        if !options.admits(&key) || ks.expire_if_needed(&key) {
            continue;
        }
        let kind = ks.current().entries.get(&key);
        let admitted = options.of_type.as_ref().is_none_or(|name| {
            kind.is_some_and(|entry| super::generic::has_type(&entry.value, name))
        });
        if admitted {
            found.push(Frame::Bulk(payload(&key)));
        }
    }
    Ok(answer(cursor, found))
}

pub(in super::super) fn sscan(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(call, 2)?;
    let members = ks.set_members(&call.key(1))?;
    let found = members.iter().filter(|member| options.admits(member));
    Ok(answer(0, found.map(|member| Frame::Bulk(payload(member))).collect()))
}

pub(in super::super) fn hscan(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(call, 2)?;
    let mut frames = Vec::new();
    if let Some(hash) = ks.hash(&call.key(1))? {
        for (field, value) in hash.iter().filter(|(field, _)| options.admits(field)) {
            frames.extend([Frame::Bulk(payload(field)), Frame::Bulk(value.clone())]);
        }
    }
    Ok(answer(0, frames))
}

pub(in super::super) fn zscan(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(call, 2)?;
    let mut frames = Vec::new();
    if let Some(zset) = ks.zset(&call.key(1))? {
        for (member, score) in zset.iter().filter(|(member, _)| options.admits(member)) {
            frames.extend([Frame::Bulk(payload(member)), Frame::bulk(number::double(score))]);
        }
    }
    Ok(answer(0, frames))
}
