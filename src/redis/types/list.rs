//! Lists (t_list.c): queues, and the reliable queue by moves.

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, NO_KEY, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::Frame;
use super::super::server::name;
use super::{Reply, count, payload, slice};
use crate::event::{Payload, RedisFact, Tag};
use crate::sim::Order;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum End {
    /// The head.
    Left,
    /// The tail.
    Right,
}

impl End {
    const fn push_event(self) -> &'static str {
        if matches!(self, Self::Left) { "lpush" } else { "rpush" }
    }

    const fn pop_event(self) -> &'static str {
        if matches!(self, Self::Left) { "lpop" } else { "rpop" }
    }

    /// `LEFT` or `RIGHT`.
    pub(in super::super) fn parse(call: &Call, index: usize) -> Result<Self, Fault> {
        if call.is(index, "left") {
            Ok(Self::Left)
        } else if call.is(index, "right") {
            Ok(Self::Right)
        } else {
            Err(SYNTAX.into())
        }
    }

    /// As a word of a command; lower case where a served move is propagated.
    pub(in super::super) const fn word(self) -> &'static str {
        if matches!(self, Self::Left) { "left" } else { "right" }
    }
}

impl Keyspace {
    /// Appends one element at an end; the key comes to be when needed.
    pub(in super::super) fn list_push(
        &mut self,
        key: &Key,
        end: End,
        element: Payload,
    ) -> Result<usize, Fault> {
        let list = self.list_or_new(key)?;
        match end {
            End::Left => list.push_front(element),
            End::Right => list.push_back(element),
        }
        Ok(list.len())
    }

    fn tell_pushed(&mut self, key: &Key, tag: Option<Tag>, end: End, length: usize) {
        let (head, length) = (end == End::Left, length as u64);
        self.facts.push(RedisFact::ElementPushed { key: name(key), tag, head, length });
    }

    /// Removes up to `most` elements from an end, with the events and the end of an empty key.
    pub(in super::super) fn list_pop(
        &mut self,
        key: &Key,
        end: End,
        most: usize,
    ) -> Result<Vec<Payload>, Fault> {
        let Some(list) = self.list_mut(key)? else { return Ok(Vec::new()) };
        let mut popped = Vec::new();
        while popped.len() < most {
            let next = match end {
                End::Left => list.pop_front(),
                End::Right => list.pop_back(),
            };
            let Some(element) = next else { break };
            popped.push(element);
        }
        let mut length = (list.len() + popped.len()) as u64;
        for element in &popped {
            length -= 1;
            let (key, tag) = (name(key), element.tag());
            self.facts.push(RedisFact::ElementPopped { key, client: None, tag, length });
        }
        if !popped.is_empty() {
            self.changed(notify::LIST, end.pop_event(), key);
            self.drop_empty_list(key);
        }
        Ok(popped)
    }

    fn list_length(&mut self, key: &Key) -> u64 {
        self.list_mut(key).ok().flatten().map_or(0, |list| list.len() as u64)
    }

    fn tell_removed(&mut self, key: &Key, gone: &[Payload]) {
        let (removed, length) = (gone.len() as u64, self.list_length(key));
        let tags = gone.iter().filter_map(Payload::tag).collect();
        self.facts.push(RedisFact::ElementsRemoved { key: name(key), removed, tags, length });
    }

    fn drop_empty_list(&mut self, key: &Key) {
        if matches!(self.list_mut(key), Ok(Some(list)) if list.is_empty()) {
            self.remove(key);
            self.notify(notify::GENERIC, "del", key);
        }
    }

    /// `lmoveHandlePush`: the element at its new place, with the event there.
    pub(in super::super) fn list_receive(
        &mut self,
        key: &Key,
        end: End,
        element: Payload,
    ) -> Result<(), Fault> {
        self.list_push(key, end, element)?;
        self.touch(key);
        self.notify(notify::LIST, end.push_event(), key);
        Ok(())
    }

    /// Moves one element; the push and its event come first, as in Redis.
    pub(in super::super) fn list_move(
        &mut self,
        from: &Key,
        to: &Key,
        out: End,
        into: End,
    ) -> Result<Option<Payload>, Fault> {
        if self.list(from)?.is_none() {
            return Ok(None);
        }
        self.list_mut(to)?;
        let Some(list) = self.list_mut(from)? else { return Ok(None) };
        let element = match out {
            End::Left => list.pop_front(),
            End::Right => list.pop_back(),
        };
        let Some(element) = element else { return Ok(None) };
        self.list_receive(to, into, element.clone())?;
        let length = self.list_length(from);
        let to_length = self.list_length(to);
        self.facts.push(RedisFact::ElementMoved {
            from: name(from),
            to: name(to),
            tag: element.tag(),
            to_head: into == End::Left,
            length,
            to_length,
        });
        self.changed(notify::LIST, out.pop_event(), from);
        self.drop_empty_list(from);
        Ok(Some(element))
    }
}

pub(in super::super) fn lpush(ks: &mut Keyspace, call: &Call) -> Reply {
    push(ks, call, End::Left, false)
}

pub(in super::super) fn rpush(ks: &mut Keyspace, call: &Call) -> Reply {
    push(ks, call, End::Right, false)
}

pub(in super::super) fn lpushx(ks: &mut Keyspace, call: &Call) -> Reply {
    push(ks, call, End::Left, true)
}

pub(in super::super) fn rpushx(ks: &mut Keyspace, call: &Call) -> Reply {
    push(ks, call, End::Right, true)
}

fn push(ks: &mut Keyspace, call: &Call, end: End, only_old: bool) -> Reply {
    let key = call.key(1);
    if ks.list_mut(&key)?.is_none() && only_old {
        return Ok(Frame::Integer(0));
    }
    let mut length = 0;
    for element in &call.args[2..] {
        length = ks.list_push(&key, end, element.clone())?;
        ks.tell_pushed(&key, element.tag(), end, length);
        ks.dirty += 1;
    }
    ks.touch(&key);
    ks.notify(notify::LIST, end.push_event(), &key);
    Ok(count(length))
}

pub(in super::super) fn lpop(ks: &mut Keyspace, call: &Call) -> Reply {
    pop(ks, call, End::Left)
}

pub(in super::super) fn rpop(ks: &mut Keyspace, call: &Call) -> Reply {
    pop(ks, call, End::Right)
}

fn pop(ks: &mut Keyspace, call: &Call, end: End) -> Reply {
    if call.len() > 3 {
        return Err(Fault::arity(call.name()));
    }
    let most = if call.len() == 3 { Some(call.positive(2)?) } else { None };
    let key = call.key(1);
    if ks.list_mut(&key)?.is_none() {
        return Ok(if most.is_some() { Frame::NullArray } else { Frame::NullBulk });
    }
    let Some(most) = most else {
        return Ok(Frame::bulk_or_null(ks.list_pop(&key, end, 1)?.pop()));
    };
    let popped = ks.list_pop(&key, end, most as usize)?;
    Ok(Frame::Array(popped.into_iter().map(Frame::Bulk).collect()))
}

pub(in super::super) fn llen(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count(ks.list(&call.key(1))?.map_or(0, super::List::len)))
}

pub(in super::super) fn lrange(ks: &mut Keyspace, call: &Call) -> Reply {
    let (start, stop) = (call.int(2)?, call.int(3)?);
    let Some(list) = ks.list(&call.key(1))? else { return Ok(Frame::Array(Vec::new())) };
    let (from, to) = slice(start, stop, list.len()).unwrap_or((0, 0));
    let mut found = list.range(from..to).map(|element| Frame::Bulk(element.clone()));
    Ok(Frame::Array(call.gather(&mut found)))
}

/// The place of an index that may count from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(length as i64)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < length)
}

pub(in super::super) fn lindex(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    if ks.list(&key)?.is_none() {
        return Ok(Frame::NullBulk);
    }
    let index = call.int(2)?;
    let found = ks.list(&key)?.and_then(|list| list.get(place(index, list.len())?).cloned());
    Ok(Frame::bulk_or_null(found))
}

pub(in super::super) fn lset(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    if ks.list_mut(&key)?.is_none() {
        return Err(NO_KEY.into());
    }
    let index = call.int(2)?;
    let Some(list) = ks.list_mut(&key)? else { return Err(NO_KEY.into()) };
    let at = place(index, list.len()).ok_or("ERR index out of range")?;
    list[at] = call.args[3].clone();
    ks.changed(notify::LIST, "lset", &key);
    Ok(Frame::OK)
}

pub(in super::super) fn linsert(ks: &mut Keyspace, call: &Call) -> Reply {
    let after = if call.is(2, "after") {
        true
    } else if call.is(2, "before") {
        false
    } else {
        return Err(SYNTAX.into());
    };
    let key = call.key(1);
    let Some(list) = ks.list_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let Some(at) = list.iter().position(|element| *element == call.args[3]) else {
        return Ok(Frame::Integer(-1));
    };
    list.insert(at + usize::from(after), call.args[4].clone());
    let length = list.len();
    ks.changed(notify::LIST, "linsert", &key);
    Ok(count(length))
}

pub(in super::super) fn lrem(ks: &mut Keyspace, call: &Call) -> Reply {
    let wanted = call.int(2)?;
    let key = call.key(1);
    let Some(list) = ks.list_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let most = if wanted == 0 { usize::MAX } else { wanted.unsigned_abs() as usize };
    let mut hits: Vec<usize> = (0..list.len()).filter(|at| list[*at] == call.args[3]).collect();
    if wanted < 0 {
        hits.reverse();
    }
    hits.truncate(most);
    hits.order();
    let gone: Vec<Payload> = hits.iter().rev().filter_map(|at| list.remove(*at)).collect();
    if !hits.is_empty() {
        ks.tell_removed(&key, &gone);
        ks.touch(&key);
        ks.notify(notify::LIST, "lrem", &key);
        ks.dirty += hits.len() as u64;
        ks.drop_empty_list(&key);
    }
    Ok(count(hits.len()))
}

pub(in super::super) fn ltrim(ks: &mut Keyspace, call: &Call) -> Reply {
    let (start, stop) = (call.int(2)?, call.int(3)?);
    let key = call.key(1);
    let Some(list) = ks.list_mut(&key)? else { return Ok(Frame::OK) };
    let (from, to) = slice(start, stop, list.len()).unwrap_or((0, 0));
    let mut gone: Vec<Payload> = list.drain(to..).collect();
    gone.extend(list.drain(..from));
    if !gone.is_empty() {
        ks.tell_removed(&key, &gone);
    }
    ks.changed(notify::LIST, "ltrim", &key);
    ks.drop_empty_list(&key);
    Ok(Frame::OK)
}

pub(in super::super) fn lpos(ks: &mut Keyspace, call: &Call) -> Reply {
    let (mut rank, mut most, mut longest) = (1_i64, None, 0_i64);
    let mut index = 3;
    while index < call.len() {
        let next = index + 1 < call.len();
        if call.is(index, "rank") && next {
            rank = call.int(index + 1)?;
            if rank == 0 {
                return Err("ERR RANK can't be zero: use 1 to start from the first match, 2 from \
                            the second ... or use negative to start from the end of the list"
                    .into());
            }
            if rank == i64::MIN {
                return Err("ERR value is out of range, value must between -9223372036854775807 \
                            and 9223372036854775807"
                    .into());
            }
        } else if call.is(index, "count") && next {
            let value = call.int(index + 1).ok().filter(|value| *value >= 0);
            most = Some(value.ok_or("ERR COUNT can't be negative")?);
        } else if call.is(index, "maxlen") && next {
            let value = call.int(index + 1).ok().filter(|value| *value >= 0);
            longest = value.ok_or("ERR MAXLEN can't be negative")?;
        } else {
            return Err(SYNTAX.into());
        }
        index += 2;
    }
    let none = if most.is_some() { Frame::Array(Vec::new()) } else { Frame::NullBulk };
    let Some(list) = ks.list(&call.key(1))? else { return Ok(none) };
    let scanned = if longest == 0 { list.len() } else { list.len().min(longest as usize) };
    let order: Box<dyn Iterator<Item = usize>> = if rank > 0 {
        Box::new(0..scanned)
    } else {
        Box::new((list.len() - scanned..list.len()).rev())
    };
    let wanted = match most {
        None => 1,
        Some(0) => usize::MAX,
        Some(most) => most as usize,
    };
    let found: Vec<Frame> = order
        .filter(|at| list[*at] == call.args[2])
        .skip(rank.unsigned_abs() as usize - 1)
        .take(wanted)
        .map(count)
        .collect();
    if most.is_some() {
        Ok(Frame::Array(found))
    } else {
        Ok(found.into_iter().next().unwrap_or(Frame::NullBulk))
    }
}

pub(in super::super) fn lmove(ks: &mut Keyspace, call: &Call) -> Reply {
    let (out, into) = (End::parse(call, 3)?, End::parse(call, 4)?);
    Ok(Frame::bulk_or_null(ks.list_move(&call.key(1), &call.key(2), out, into)?))
}

pub(in super::super) fn rpoplpush(ks: &mut Keyspace, call: &Call) -> Reply {
    let moved = ks.list_move(&call.key(1), &call.key(2), End::Right, End::Left)?;
    Ok(Frame::bulk_or_null(moved))
}

/// The words of LMPOP, ZMPOP and their blocking forms from `numkeys` on: the keys, the index of
/// the direction, and how many at most.
pub(in super::super) fn mpop_words(
    call: &Call,
    at: usize,
) -> Result<(Vec<Key>, usize, usize), Fault> {
    let keys =
        call.int(at).ok().filter(|keys| *keys > 0).ok_or("ERR numkeys should be greater than 0")?;
    let direction = (at as i64).saturating_add(keys).saturating_add(1);
    if direction >= call.len() as i64 {
        return Err(SYNTAX.into());
    }
    let direction = direction as usize;
    let mut most = None;
    let mut index = direction + 1;
    while index < call.len() {
        if !call.is(index, "count") || most.is_some() || index + 1 >= call.len() {
            return Err(SYNTAX.into());
        }
        let value = call.int(index + 1).ok().filter(|value| *value > 0);
        most = Some(value.ok_or("ERR count should be greater than 0")? as usize);
        index += 2;
    }
    let keys = (at + 1..direction).map(|index| call.key(index)).collect();
    Ok((keys, direction, most.unwrap_or(1)))
}

pub(in super::super) fn lmpop(ks: &mut Keyspace, call: &Call) -> Reply {
    let (keys, direction, most) = mpop_words(call, 1)?;
    let end = End::parse(call, direction)?;
    Ok(ks.list_mpop(&keys, end, most)?.unwrap_or(Frame::NullArray))
}

impl Keyspace {
    /// Pops from the first key that has something.
    pub(in super::super) fn list_mpop(
        &mut self,
        keys: &[Key],
        end: End,
        most: usize,
    ) -> Result<Option<Frame>, Fault> {
        for key in keys {
            if self.list(key)?.is_none() {
                continue;
            }
            let popped = self.list_pop(key, end, most)?;
            let number = Payload::from(popped.len().to_string().as_str());
            let command = if end == End::Left { "LPOP" } else { "RPOP" };
            self.rewrite(vec![command.into(), payload(key), number]);
            let popped = popped.into_iter().map(Frame::Bulk).collect();
            return Ok(Some(Frame::Array(vec![Frame::bulk(key), Frame::Array(popped)])));
        }
        Ok(None)
    }
}
