//! Ranges of sorted sets by rank, score and name (t_zset.c).

use super::super::call::Call;
use super::super::client::Key;
use super::super::fault::{Fault, SYNTAX};
use super::super::keyspace::Keyspace;
use super::super::notify;
use super::super::resp::{Frame, Version, number};
use super::{Reply, Zset, count, payload, slice};

/// What a range is measured by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// One end of a range of names.
enum Edge {
    First,
    Last,
    At(Key, bool),
}

fn lex_edge(call: &Call, index: usize) -> Result<Edge, Fault> {
    match &*call.word(index) {
        b"-" => Ok(Edge::First),
        b"+" => Ok(Edge::Last),
        [b'[', rest @ ..] => Ok(Edge::At(rest.into(), true)),
        [b'(', rest @ ..] => Ok(Edge::At(rest.into(), false)),
        _ => Err("ERR min or max not valid string range item".into()),
    }
}

/// A score and whether it belongs to the range.
fn score_edge(call: &Call, index: usize) -> Result<(f64, bool), Fault> {
    let word = call.word(index);
    let (text, inclusive) = match &*word {
        [b'(', rest @ ..] => (rest, false),
        whole => (whole, true),
    };
    let score = number::float(text).ok_or("ERR min or max is not a float")?;
    Ok((score, inclusive))
}

/// Members between two edges, lowest first.
fn between(
    zset: &Zset,
    by: By,
    call: &Call,
    low: usize,
    high: usize,
) -> Result<Vec<(Key, f64)>, Fault> {
    let own = |(member, score): (&Key, f64)| (member.clone(), score);
    Ok(match by {
        By::Rank => {
            let range = slice(call.int(low)?, call.int(high)?, zset.len());
            let (from, to) = range.unwrap_or((0, 0));
            zset.iter().skip(from).take(to - from).map(own).collect()
        }
        By::Score => {
            let ((min, with_min), (max, with_max)) =
                (score_edge(call, low)?, score_edge(call, high)?);
            let inside = |score: f64| {
                (if with_min { score >= min } else { score > min })
                    && (if with_max { score <= max } else { score < max })
            };
            zset.iter().filter(|(_, score)| inside(*score)).map(own).collect()
        }
        By::Lex => {
            let (min, max) = (lex_edge(call, low)?, lex_edge(call, high)?);
            let above = |member: &Key| match &min {
                Edge::First => true,
                Edge::Last => false,
                Edge::At(name, true) => member >= name,
                Edge::At(name, false) => member > name,
            };
            let below = |member: &Key| match &max {
                Edge::First => false,
                Edge::Last => true,
                Edge::At(name, true) => member <= name,
                Edge::At(name, false) => member < name,
            };
            // With unequal scores the members are not in the order of their names: Redis looks
            // at both ends, then goes from the first member inside to the first outside.
            let ends = (zset.iter().next(), zset.iter().next_back());
            let (Some((first, _)), Some((last, _))) = ends else { return Ok(Vec::new()) };
            if !above(last) || !below(first) {
                return Ok(Vec::new());
            }
            let inside = zset.iter().skip_while(|(member, _)| !above(member));
            inside.take_while(|(member, _)| below(member)).map(own).collect()
        }
    })
}

/// The words behind the two edges.
struct Options {
    by: By,
    reverse: bool,
    scores: bool,
    limit: Option<(i64, i64)>,
}

fn range(ks: &mut Keyspace, call: &Call, mut options: Options, fixed: bool) -> Reply {
    let mut index = 4;
    while index < call.len() {
        if call.is(index, "withscores") && options.by != By::Lex {
            options.scores = true;
        } else if call.is(index, "limit") && index + 2 < call.len() {
            options.limit = Some((call.int(index + 1)?, call.int(index + 2)?));
            index += 2;
        } else if call.is(index, "rev") && !fixed {
            options.reverse = true;
        } else if call.is(index, "byscore") && !fixed {
            options.by = By::Score;
        } else if call.is(index, "bylex") && !fixed {
            options.by = By::Lex;
        } else {
            return Err(SYNTAX.into());
        }
        index += 1;
    }
    if options.limit.is_some() && options.by == By::Rank {
        return Err(
            "ERR syntax error, LIMIT is only supported in combination with either BYSCORE \
                    or BYLEX"
                .into(),
        );
    }
    if options.scores && options.by == By::Lex {
        return Err("ERR syntax error, WITHSCORES not supported in combination with BYLEX".into());
    }
    let empty = Zset::default();
    let swapped = options.reverse && options.by != By::Rank;
    let (low, high) = if swapped { (3, 2) } else { (2, 3) };
    // The edges are read before the key is looked up.
    between(&empty, options.by, call, low, high)?;
    let zset = ks.zset(&call.key(1))?.unwrap_or(&empty);
    let mut found = if options.reverse && options.by == By::Rank {
        let range = slice(call.int(2)?, call.int(3)?, zset.len()).unwrap_or((0, 0));
        let own = |(member, score): (&Key, f64)| (member.clone(), score);
        zset.iter().rev().skip(range.0).take(range.1 - range.0).map(own).collect()
    } else {
        let mut found = between(zset, options.by, call, low, high)?;
        if options.reverse {
            found.reverse();
        }
        found
    };
    if let Some((offset, most)) = options.limit {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(found.len());
        found.drain(..offset);
        found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    let nested = call.version == Version::Resp3;
    let pair = |(member, score): &(Key, f64)| super::zset::pair(member, *score);
    let found = found.iter();
    Ok(Frame::Array(match (options.scores, nested) {
        (false, _) => call.gather(&mut found.map(|(member, _)| Frame::Bulk(payload(member)))),
        (true, false) => call.gather(&mut found.flat_map(pair)),
        (true, true) => call.gather(&mut found.map(|found| Frame::Array(pair(found).into()))),
    }))
}

fn fixed(ks: &mut Keyspace, call: &Call, by: By, reverse: bool) -> Reply {
    range(ks, call, Options { by, reverse, scores: false, limit: None }, true)
}

pub(in super::super) fn zrange(ks: &mut Keyspace, call: &Call) -> Reply {
    let options = Options { by: By::Rank, reverse: false, scores: false, limit: None };
    range(ks, call, options, false)
}

pub(in super::super) fn zrevrange(ks: &mut Keyspace, call: &Call) -> Reply {
    fixed(ks, call, By::Rank, true)
}

pub(in super::super) fn zrangebyscore(ks: &mut Keyspace, call: &Call) -> Reply {
    fixed(ks, call, By::Score, false)
}

pub(in super::super) fn zrevrangebyscore(ks: &mut Keyspace, call: &Call) -> Reply {
    fixed(ks, call, By::Score, true)
}

pub(in super::super) fn zrangebylex(ks: &mut Keyspace, call: &Call) -> Reply {
    fixed(ks, call, By::Lex, false)
}

pub(in super::super) fn zrevrangebylex(ks: &mut Keyspace, call: &Call) -> Reply {
    fixed(ks, call, By::Lex, true)
}

fn counted(ks: &mut Keyspace, call: &Call, by: By) -> Reply {
    let empty = Zset::default();
    between(&empty, by, call, 2, 3)?;
    let zset = ks.zset(&call.key(1))?.unwrap_or(&empty);
    Ok(count(between(zset, by, call, 2, 3)?.len()))
}

pub(in super::super) fn zcount(ks: &mut Keyspace, call: &Call) -> Reply {
    counted(ks, call, By::Score)
}

pub(in super::super) fn zlexcount(ks: &mut Keyspace, call: &Call) -> Reply {
    counted(ks, call, By::Lex)
}

fn removed(ks: &mut Keyspace, call: &Call, by: By, event: &'static str) -> Reply {
    between(&Zset::default(), by, call, 2, 3)?;
    let key = call.key(1);
    let Some(zset) = ks.zset_mut(&key)? else { return Ok(Frame::Integer(0)) };
    let found = between(zset, by, call, 2, 3)?;
    for (member, _) in &found {
        zset.remove(member);
    }
    if !found.is_empty() {
        ks.changed(notify::ZSET, event, &key);
        ks.drop_empty_zset(&key, true);
    }
    Ok(count(found.len()))
}

pub(in super::super) fn zremrangebyrank(ks: &mut Keyspace, call: &Call) -> Reply {
    removed(ks, call, By::Rank, "zremrangebyrank")
}

pub(in super::super) fn zremrangebyscore(ks: &mut Keyspace, call: &Call) -> Reply {
    removed(ks, call, By::Score, "zremrangebyscore")
}

pub(in super::super) fn zremrangebylex(ks: &mut Keyspace, call: &Call) -> Reply {
    removed(ks, call, By::Lex, "zremrangebylex")
}
