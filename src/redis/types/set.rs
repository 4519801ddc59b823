//! Sets (t_set.c).

use super::super::call::Call;
use super::super::client::{Key, Ordered};
use super::super::fault::{Fault, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::{Frame, number};
use super::{Reply, count, flag, payload};
use crate::event::Payload;
use crate::sim::Order;

/// Members in order of insertion; a set of integers alone is visited in their order, as Redis's
/// intset is.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Set {
    members: Ordered<Key, ()>,
    /// Whether the set has been anything else than a small set of integers.
    mixed: bool,
}

impl Set {
    pub(in super::super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(in super::super) fn contains(&self, member: &Key) -> bool {
        self.members.contains_key(member)
    }

    pub(in super::super) fn insert(&mut self, member: Key, most_integers: u64) -> bool {
        self.mixed |= number::integer(&member).is_none();
        let fresh = self.members.insert(member, ()).is_none();
        self.mixed |= self.members.len() as u64 > most_integers;
        fresh
    }

    pub(in super::super) fn remove(&mut self, member: &Key) -> bool {
        self.members.swap_remove(member).is_some()
    }

    /// Whether Redis would keep it as an intset.
    pub(in super::super) fn is_intset(&self) -> bool {
        !self.mixed
    }

    pub(in super::super) fn members(&self) -> Vec<Key> {
        let mut members: Vec<Key> = self.members.keys().cloned().collect();
        if !self.mixed {
            members.order_by_key(|member| number::integer(member));
        }
        members
    }

    fn at(&self, index: usize) -> Option<Key> {
        self.members.get_index(index).map(|(member, ())| member.clone())
    }
}

impl Keyspace {
    pub(super) fn set_members(&mut self, key: &Key) -> Result<Vec<Key>, Fault> {
        Ok(self.set(key)?.map_or_else(Vec::new, Set::members))
    }

    pub(super) fn drop_empty_set(&mut self, key: &Key) {
        if matches!(self.set_mut(key), Ok(Some(set)) if set.len() == 0) {
            self.remove(key);
            self.notify(notify::GENERIC, "del", key);
        }
    }

    /// One random member, all equally likely.
    fn random_member(&mut self, key: &Key) -> Result<Option<Key>, Fault> {
        let length = self.set(key)?.map_or(0, Set::len);
        let at = self.rng.below(length as u64) as usize;
        Ok(self.set(key)?.and_then(|set| set.at(at)))
    }
}

pub(super) fn bulks(members: &[Key]) -> impl Iterator<Item = Frame> {
    members.iter().map(|member| Frame::Bulk(payload(member)))
}

pub(in super::super) fn sadd(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    ks.set_mut(&key)?;
    let most = ks.limits.set_max_intset_entries;
    let set = ks.set_or_new(&key)?;
    let added = (2..call.len()).filter(|index| set.insert(call.key(*index), most)).count();
    if added > 0 {
        ks.changed(notify::SET, "sadd", &key);
    }
    Ok(count(added))
}

pub(in super::super) fn srem(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    let Some(set) = ks.set_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let removed = (2..call.len()).filter(|index| set.remove(&call.key(*index))).count();
    if removed > 0 {
        ks.changed(notify::SET, "srem", &key);
        ks.drop_empty_set(&key);
    }
    Ok(count(removed))
}

pub(in super::super) fn smove(ks: &mut Keyspace, call: &Call) -> Reply {
    let (from, to, member) = (call.key(1), call.key(2), call.key(3));
    if ks.set(&from)?.is_none() {
        return Ok(Frame::Integer(0));
    }
    ks.set_mut(&to)?;
    if from == to {
        return Ok(flag(ks.set(&from)?.is_some_and(|set| set.contains(&member))));
    }
    if !ks.set_mut(&from)?.is_some_and(|set| set.remove(&member)) {
        return Ok(Frame::Integer(0));
    }
    ks.changed(notify::SET, "srem", &from);
    ks.drop_empty_set(&from);
    let most = ks.limits.set_max_intset_entries;
    if ks.set_or_new(&to)?.insert(member, most) {
        ks.changed(notify::SET, "sadd", &to);
    }
    Ok(Frame::Integer(1))
}

pub(in super::super) fn sismember(ks: &mut Keyspace, call: &Call) -> Reply {
    let member = call.key(2);
    Ok(flag(ks.set(&call.key(1))?.is_some_and(|set| set.contains(&member))))
}

pub(in super::super) fn smismember(ks: &mut Keyspace, call: &Call) -> Reply {
    let set = ks.set(&call.key(1))?;
    let has = |index| flag(set.is_some_and(|set| set.contains(&call.key(index))));
    Ok(Frame::Array(call.gather(&mut (2..call.len()).map(has))))
}

pub(in super::super) fn scard(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(count(ks.set(&call.key(1))?.map_or(0, Set::len)))
}

pub(in super::super) fn smembers(ks: &mut Keyspace, call: &Call) -> Reply {
    let members = ks.set_members(&call.key(1))?;
    Ok(Frame::Set(call.gather(&mut bulks(&members))))
}

pub(in super::super) fn spop(ks: &mut Keyspace, call: &Call) -> Reply {
    if call.len() > 3 {
        return Err(SYNTAX.into());
    }
    let key = call.key(1);
    let most = if call.len() == 3 { Some(call.positive(2)?) } else { None };
    if ks.set_mut(&key)?.is_none() {
        return Ok(if most.is_some() { Frame::Set(Vec::new()) } else { Frame::NullBulk });
    }
    let mut popped = Vec::new();
    while (popped.len() as i64) < most.unwrap_or(1) {
        let Some(member) = ks.random_member(&key)? else { break };
        if let Some(set) = ks.set_mut(&key)? {
            set.remove(&member);
        }
        popped.push(member);
    }
    if !popped.is_empty() {
        ks.changed(notify::SET, "spop", &key);
        let mut words: Vec<Payload> = vec!["SREM".into(), call.args[1].clone()];
        words.extend(popped.iter().map(payload));
        ks.rewrite(words);
        ks.drop_empty_set(&key);
    }
    if most.is_some() {
        return Ok(Frame::Set(bulks(&popped).collect()));
    }
    Ok(Frame::bulk_or_null(popped.first().map(payload)))
}

pub(in super::super) fn srandmember(ks: &mut Keyspace, call: &Call) -> Reply {
    if call.len() > 3 {
        return Err(SYNTAX.into());
    }
    let key = call.key(1);
    if call.len() == 2 {
        return Ok(Frame::bulk_or_null(ks.random_member(&key)?.as_ref().map(payload)));
    }
    let wanted = call.random_count(2)?;
    let members = ks.set_members(&key)?;
    let picked = ks.pick(members.len(), wanted);
    Ok(Frame::Array(call.gather(&mut picked.map(|at| Frame::Bulk(payload(&members[at]))))))
}

impl Keyspace {
    /// Places out of `length`: distinct ones for a positive count, with repeats for a negative.
    /// Repeats are drawn one by one, as there may be more of them than fit into memory.
    pub(super) fn pick(
        &mut self,
        length: usize,
        wanted: i64,
    ) -> Box<dyn Iterator<Item = usize> + '_> {
        if length == 0 {
            return Box::new(std::iter::empty());
        }
        if wanted < 0 {
            let draws = 0..wanted.unsigned_abs();
            return Box::new(draws.map(move |_| self.rng.below(length as u64) as usize));
        }
        let wanted = (wanted as usize).min(length);
        let mut places: Vec<usize> = (0..length).collect();
        if wanted < length {
            for at in 0..wanted {
                let other = at + self.rng.below((length - at) as u64) as usize;
                places.swap(at, other);
            }
        }
        places.truncate(wanted);
        Box::new(places.into_iter())
    }
}
