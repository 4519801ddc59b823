//! XRANGE and XREVRANGE.

use super::super::call::Call;
use super::super::fault::SYNTAX;
use super::super::keyspace::Keyspace;
use super::super::resp::Frame;
use super::super::types::Reply;
use super::{Item, StreamId};

/// An entry as replies show it.
pub(super) fn entry(item: &Item) -> Frame {
    let fields = item.fields.iter().flat_map(|fields| fields.iter());
    Frame::Array(vec![
        Frame::bulk(item.id.to_string()),
        Frame::Array(fields.map(|word| Frame::Bulk(word.clone())).collect()),
    ])
}

pub(in super::super) fn xrange(ks: &mut Keyspace, call: &Call) -> Reply {
    answer(ks, call, false)
}

pub(in super::super) fn xrevrange(ks: &mut Keyspace, call: &Call) -> Reply {
    answer(ks, call, true)
}

fn answer(ks: &mut Keyspace, call: &Call, reverse: bool) -> Reply {
    let (first, last) = if reverse { (3, 2) } else { (2, 3) };
    let (mut start, without_start) = StreamId::parse_edge(&call.word(first), 0)?;
    if without_start {
        start = start.next().ok_or("ERR invalid start ID for the interval")?;
    }
    let (mut end, without_end) = StreamId::parse_edge(&call.word(last), u64::MAX)?;
    if without_end {
        end = end.previous().ok_or("ERR invalid end ID for the interval")?;
    }
    let mut most = -1;
    let mut index = 4;
    while index < call.len() {
        if !call.is(index, "count") || index + 1 >= call.len() {
            return Err(SYNTAX.into());
        }
        most = call.int(index + 1)?.max(0);
        index += 2;
    }
    let Some(stream) = ks.stream(&call.key(1))? else { return Ok(Frame::Array(Vec::new())) };
    if most == 0 {
        return Ok(Frame::NullArray);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let found = stream.range(start, end);
    Ok(Frame::Array(if reverse {
        call.gather(&mut found.rev().take(most).map(entry))
    } else {
        call.gather(&mut found.take(most).map(entry))
    }))
}
