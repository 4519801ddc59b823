//! XADD, XTRIM, XDEL, XSETID.

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, NO_KEY, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::Frame;
use super::super::server::name;
use super::super::types::Reply;
use super::{Fields, StreamId, Trim};
use crate::event::{Payload, RedisFact};

struct Options {
    trim: Option<Trim>,
    approximate: bool,
    limit: u64,
    /// Where the threshold stands, so that replicas get an exact one.
    threshold: usize,
    no_stream: bool,
    /// None for `*`; the flag says whether the sequence was given.
    id: Option<(StreamId, bool)>,
    /// Where the id stands (XADD) or the words end.
    at: usize,
}

/// `streamParseAddOrTrimArgsOrReply`.
fn options(ks: &Keyspace, call: &Call, add: bool) -> Result<Options, Fault> {
    let mut found = Options {
        trim: None,
        approximate: false,
        limit: 0,
        threshold: 0,
        no_stream: false,
        id: None,
        at: 2,
    };
    let mut limit_given = None;
    let last = call.len() - 1;
    let mut at = 2;
    while at <= last {
        let more = last - at;
        if add && &*call.word(at) == b"*" {
            break;
        }
        let by_length = call.is(at, "maxlen");
        if (by_length || call.is(at, "minid")) && more > 0 {
            if found.trim.is_some() {
                return Err("ERR syntax error, MAXLEN and MINID options at the same time are not \
                            compatible"
                    .into());
            }
            let sign = call.word(at + 1);
            found.approximate = more >= 2 && &*sign == b"~";
            at += usize::from(more >= 2 && matches!(&*sign, b"~" | b"="));
            found.trim = Some(if by_length {
                let most = call.int(at + 1)?;
                let most =
                    u64::try_from(most).map_err(|_| "ERR The MAXLEN argument must be >= 0.")?;
                Trim::MaxLen(most)
            } else {
                Trim::MinId(StreamId::parse(&call.word(at + 1), 0)?)
            });
            at += 1;
            found.threshold = at;
        } else if call.is(at, "limit") && more > 0 {
            let limit = call.int(at + 1)?;
            let limit = u64::try_from(limit).map_err(|_| "ERR The LIMIT argument must be >= 0.")?;
            limit_given = Some(limit);
            at += 1;
        } else if add && call.is(at, "nomkstream") {
            found.no_stream = true;
        } else if add {
            found.id = Some(StreamId::parse_for_add(&call.word(at))?);
            break;
        } else {
            return Err(SYNTAX.into());
        }
        at += 1;
    }
    found.at = at;
    if limit_given.is_some_and(|limit| limit > 0) && found.trim.is_none() {
        return Err("ERR syntax error, LIMIT cannot be used without specifying a trimming \
                    strategy"
            .into());
    }
    if !add && found.trim.is_none() {
        return Err("ERR syntax error, XTRIM must be called with a trimming strategy".into());
    }
    found.limit = match limit_given {
        Some(_) if !found.approximate => {
            return Err(
                "ERR syntax error, LIMIT cannot be used without the special ~ option".into()
            );
        }
        Some(limit) => limit,
        None if found.approximate => match ks.limits.stream_node_max_entries.saturating_mul(100) {
            0 => 10_000,
            limit => limit.min(1_000_000),
        },
        None => 0,
    };
    Ok(found)
}

impl Keyspace {
    /// Trims and tells; the number of entries that went.
    fn trim_stream(&mut self, key: &Key, options: &Options) -> Result<u64, Fault> {
        let Some(trim) = options.trim else { return Ok(0) };
        let Some(stream) = self.stream_mut(key)? else { return Ok(0) };
        let removed = stream.trim(trim, options.approximate, options.limit);
        let length = stream.length;
        if removed > 0 {
            self.notify(notify::STREAM, "xtrim", key);
            self.facts.push(RedisFact::Trimmed { key: name(key), removed, length });
        }
        Ok(removed)
    }
}

/// Replicas trim exactly as much as this server did.
fn exact(ks: &mut Keyspace, call: &Call, key: &Key, options: &Options, words: &mut [Payload]) {
    if !options.approximate || options.threshold == 0 {
        return;
    }
    let Ok(Some(stream)) = ks.stream(key) else { return };
    let threshold = match options.trim {
        Some(Trim::MinId(_)) => stream.first_id.to_string(),
        _ => stream.length.to_string(),
    };
    words[options.threshold] = threshold.as_str().into();
    if call.word(options.threshold - 1).as_ref() == b"~" {
        words[options.threshold - 1] = "=".into();
    }
}

pub(in super::super) fn xadd(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(ks, call, true)?;
    let from = options.at + 1;
    let words = call.len().saturating_sub(from);
    if words < 2 || !words.is_multiple_of(2) {
        return Err(Fault::arity("xadd"));
    }
    if matches!(options.id, Some((StreamId::MIN, true))) {
        return Err("ERR The ID specified in XADD must be greater than 0-0".into());
    }
    let key = call.key(1);
    let (exists, last) = match ks.stream_mut(&key)? {
        None if options.no_stream => return Ok(Frame::NullBulk),
        None => (false, StreamId::MIN),
        Some(stream) => (true, stream.last_id),
    };
    if last == StreamId::MAX {
        return Err(
            "ERR The stream has exhausted the last possible ID, unable to add more items".into()
        );
    }
    let small = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
    let id = match options.id {
        None => {
            let now = StreamId { ms: ks.now as u64, seq: 0 };
            if now.ms > last.ms { now } else { last.next().ok_or(small)? }
        }
        Some((id, true)) => id,
        Some((id, false)) if id.ms != last.ms => id,
        // 7.0 leaves an old error number standing here and says something else.
        Some((id, false)) => StreamId {
            ms: id.ms,
            seq: last.seq.checked_add(1).ok_or("ERR Elements are too large to be stored")?,
        },
    };
    if id <= last {
        return Err(small.into());
    }
    let fields: Fields = call.args[from..].to_vec().into();
    let tag = fields.iter().find_map(Payload::tag);
    let limits = ks.limits;
    let stream = ks.stream_or_new(&key)?;
    stream.append(id, fields, &limits);
    let length = stream.length;
    if exists {
        ks.ready.push((ks.db, key.clone()));
    }
    ks.changed(notify::STREAM, "xadd", &key);
    let shown = id.to_string();
    let fact = RedisFact::EntryAdded { key: name(&key), id: shown.as_str().into(), tag, length };
    ks.facts.push(fact);
    ks.trim_stream(&key, &options)?;
    let mut words = call.args.clone();
    words[options.at] = shown.as_str().into();
    exact(ks, call, &key, &options, &mut words);
    ks.rewrite(words);
    Ok(Frame::bulk(shown))
}

pub(in super::super) fn xtrim(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = options(ks, call, false)?;
    let key = call.key(1);
    if ks.stream_mut(&key)?.is_none() {
        return Ok(Frame::Integer(0));
    }
    let removed = ks.trim_stream(&key, &options)?;
    if removed > 0 {
        ks.touch(&key);
        ks.dirty += removed;
        let mut words = call.args.clone();
        exact(ks, call, &key, &options, &mut words);
        ks.rewrite(words);
    }
    Ok(Frame::Integer(removed as i64))
}

pub(in super::super) fn xlen(ks: &mut Keyspace, call: &Call) -> Reply {
    Ok(Frame::Integer(ks.stream(&call.key(1))?.map_or(0, |stream| stream.length as i64)))
}

pub(in super::super) fn xdel(ks: &mut Keyspace, call: &Call) -> Reply {
    let key = call.key(1);
    if ks.stream_mut(&key)?.is_none() {
        return Ok(Frame::Integer(0));
    }
    let ids: Vec<StreamId> = (2..call.len())
        .map(|index| StreamId::parse(&call.word(index), 0))
        .collect::<Result<_, _>>()?;
    let Some(stream) = ks.stream_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let mut deleted = 0;
    let mut first_gone = false;
    let mut facts = Vec::new();
    for id in ids {
        if stream.delete(id) {
            first_gone |= id == stream.first_id;
            stream.max_deleted_id = stream.max_deleted_id.max(id);
            deleted += 1;
            let (length, id) = (stream.length, id.to_string().as_str().into());
            facts.push(RedisFact::EntryDeleted { key: name(&key), id, length });
        }
    }
    if stream.length == 0 || first_gone {
        stream.refresh_first_id();
    }
    if deleted > 0 {
        ks.touch(&key);
        ks.notify(notify::STREAM, "xdel", &key);
        ks.facts.extend(facts);
        ks.dirty += deleted;
    }
    Ok(Frame::Integer(deleted as i64))
}

pub(in super::super) fn xsetid(ks: &mut Keyspace, call: &Call) -> Reply {
    let id = StreamId::parse(&call.word(2), 0)?;
    let (mut added, mut max_deleted) = (None, StreamId::MIN);
    let mut index = 3;
    while index < call.len() {
        let more = index + 1 < call.len();
        if call.is(index, "entriesadded") && more {
            let value = call.int(index + 1)?;
            let value = u64::try_from(value).map_err(|_| "ERR entries_added must be positive")?;
            added = Some(value);
        } else if call.is(index, "maxdeletedid") && more {
            max_deleted = StreamId::parse(&call.word(index + 1), 0)?;
            if id < max_deleted {
                return Err("ERR The ID specified in XSETID is smaller than the provided \
                            max_deleted_entry_id"
                    .into());
            }
        } else {
            return Err(SYNTAX.into());
        }
        index += 2;
    }
    let key = call.key(1);
    let Some(stream) = ks.stream_mut(&key)? else { return Err(NO_KEY.into()) };
    if stream.last_entry_id().is_some_and(|last| id < last) {
        return Err(
            "ERR The ID specified in XSETID is smaller than the target stream top item".into()
        );
    }
    if added.is_some_and(|added| stream.length > added) {
        return Err("ERR The entries_added specified in XSETID is smaller than the target stream \
                    length"
            .into());
    }
    stream.last_id = id;
    if let Some(added) = added {
        stream.entries_added = added;
    }
    if max_deleted != StreamId::MIN {
        stream.max_deleted_id = max_deleted;
    }
    ks.changed(notify::STREAM, "xsetid", &key);
    Ok(Frame::OK)
}
