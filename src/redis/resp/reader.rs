//! Frames from bytes: what a replica reads from its primary.

use super::{Frame, number};
use crate::event::Payload;

/// Deepest nesting that is read.
const MAX_DEPTH: u32 = 8;

/// The first frame in these bytes and its length; none while it is not complete, an error when
/// it never will be.
pub fn read_frame(bytes: &[u8]) -> Result<Option<(Frame, usize)>, &'static str> {
    read(bytes, 0)
}

fn read(bytes: &[u8], depth: u32) -> Result<Option<(Frame, usize)>, &'static str> {
    if depth > MAX_DEPTH {
        return Err("frames are nested too deeply");
    }
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let Some((kind, line)) = bytes[..end].split_first() else { return Err("an empty line") };
    let text = || String::from_utf8_lossy(line).into_owned();
    let count = || number::integer(line).ok_or("a length that is no number");
    let after = end + 2;
    let whole = |frame| Ok(Some((frame, after)));
    match kind {
        b'+' => whole(Frame::Status(text().into())),
        b'-' => whole(Frame::error(&text())),
        b':' => whole(Frame::Integer(count()?)),
        b'$' => {
            let Ok(length) = usize::try_from(count()?) else { return whole(Frame::NullBulk) };
            let Some(stop) = after.checked_add(length) else { return Err("too long") };
            let body = bytes.get(after..stop).filter(|_| bytes.len() >= stop + 2);
            Ok(body.map(|body| (Frame::Bulk(Payload::new(body)), stop + 2)))
        }
        b'*' => {
            let Ok(length) = usize::try_from(count()?) else { return whole(Frame::NullArray) };
            let mut frames = Vec::new();
            let mut at = after;
            for _ in 0..length {
                let Some((frame, used)) = read(&bytes[at..], depth + 1)? else { return Ok(None) };
                frames.push(frame);
                at += used;
            }
            Ok(Some((Frame::Array(frames), at)))
        }
        _ => Err("an unknown type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        let frame = Frame::Array(vec![
            Frame::bulk("SET"),
            Frame::bulk("k"),
            Frame::Array(vec![Frame::Integer(-3), Frame::NullBulk]),
        ]);
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        assert_eq!(read_frame(&bytes), Ok(Some((frame, bytes.len()))));
        for cut in 0..bytes.len() {
            assert_eq!(read_frame(&bytes[..cut]), Ok(None));
        }
        assert!(read_frame(b"?\r\n").is_err());
    }
}
