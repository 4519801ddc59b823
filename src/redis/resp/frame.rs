//! A reply as a value tree, in either version of the protocol.

use super::number;
use crate::event::{Payload, Tag};
use std::borrow::Cow;
use std::sync::Arc;

/// The version of the protocol that a client speaks (`HELLO`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// RESP2, what every connection starts with.
    #[default]
    Resp2,
    /// RESP3, after `HELLO 3`.
    Resp3,
}

/// One RESP value. Commands build the richest form; [`Frame::for_version`] turns it into what
/// the client's version of the protocol has.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// `+OK`.
    Simple(&'static str),
    /// `+CONTINUE ...`: a status line that is made on the way.
    Status(Arc<str>),
    /// `-ERR ...`; never holds CR or LF.
    Error(Arc<str>),
    /// `:1`.
    Integer(i64),
    /// `$5 hello`.
    Bulk(Payload),
    /// RESP2's null bulk string, `$-1`; RESP3 has one null.
    NullBulk,
    /// RESP2's null array, `*-1`; RESP3 has one null.
    NullArray,
    /// RESP3's null, `_`.
    Null,
    /// `*n`.
    Array(Vec<Frame>),
    /// RESP3's map `%n`; a flat array in RESP2.
    Map(Vec<(Frame, Frame)>),
    /// RESP3's set `~n`; an array in RESP2.
    Set(Vec<Frame>),
    /// RESP3's push `>n`, shared by all receivers; an array in RESP2.
    Push(Arc<[Frame]>),
    /// RESP3's attribute `|n`, which precedes a reply; nothing in RESP2.
    Attribute(Vec<(Frame, Frame)>),
    /// RESP3's double `,`; a bulk string in RESP2. Printed with `%.17g` as Redis 7.0 does.
    Double(f64),
    /// RESP3's boolean `#`; an integer in RESP2.
    Boolean(bool),
    /// RESP3's big number `(`; a bulk string in RESP2.
    BigNumber(&'static str),
    /// RESP3's verbatim string `=` with its three-letter format; a bulk string in RESP2.
    Verbatim(&'static str, Payload),
    /// The header of an array whose elements follow as frames of their own. `EXEC` needs it:
    /// a `SUBSCRIBE` in a transaction answers more frames than the header counts.
    Header(u32),
}

impl Frame {
    /// `+OK`
    pub const OK: Self = Self::Simple("OK");

    /// A bulk string of these bytes.
    pub fn bulk(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bulk(Payload::new(bytes.as_ref()))
    }

    /// An error; CR and LF become spaces (`addReplyErrorLength`).
    pub fn error(text: &str) -> Self {
        if text.contains(['\r', '\n']) {
            Self::Error(text.replace(['\r', '\n'], " ").into())
        } else {
            Self::Error(text.into())
        }
    }

    /// A bulk string, or null where there is nothing.
    pub fn bulk_or_null(payload: Option<Payload>) -> Self {
        payload.map_or(Self::NullBulk, Self::Bulk)
    }

    /// The same value with the types that this version has (`addReplyMapLen`,
    /// `addReplyDouble`, `addReplyNull` and so on in networking.c).
    #[must_use]
    pub fn for_version(self, version: Version) -> Self {
        let each = |frames: Vec<Self>| -> Vec<Self> {
            frames.into_iter().map(|frame| frame.for_version(version)).collect()
        };
        let flat = |pairs: Vec<(Self, Self)>| -> Vec<Self> {
            pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()
        };
        match (version, self) {
            (_, Self::Array(frames)) => Self::Array(each(frames)),
            (Version::Resp2, Self::Map(pairs)) => Self::Array(each(flat(pairs))),
            (Version::Resp2, Self::Set(frames)) => Self::Array(each(frames)),
            (Version::Resp2, Self::Double(value)) => Self::bulk(number::double(value)),
            (Version::Resp2, Self::Boolean(value)) => Self::Integer(i64::from(value)),
            (Version::Resp2, Self::BigNumber(digits)) => Self::bulk(digits),
            (Version::Resp2, Self::Verbatim(_, text)) => Self::Bulk(text),
            (Version::Resp2, Self::Null) => Self::NullBulk,
            (Version::Resp3, Self::Map(pairs)) => Self::Map(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key.for_version(version), value.for_version(version)))
                    .collect(),
            ),
            (Version::Resp3, Self::Set(frames)) => Self::Set(each(frames)),
            (Version::Resp3, Self::NullBulk | Self::NullArray) => Self::Null,
            (_, frame) => frame,
        }
    }

    /// A push in the form that this version has; its elements must exist in both versions.
    pub fn push(version: Version, elements: &Arc<[Self]>) -> Self {
        match version {
            Version::Resp2 => Self::Array(elements.to_vec()),
            Version::Resp3 => Self::Push(Arc::clone(elements)),
        }
    }

    /// Length in bytes when encoded.
    pub fn encoded_len(&self) -> usize {
        let pairs = |pairs: &[(Self, Self)]| -> usize {
            pairs.iter().map(|(key, value)| key.encoded_len() + value.encoded_len()).sum()
        };
        let line = |digits: usize| digits + 3;
        match self {
            Self::Simple(text) => line(text.len()),
            Self::BigNumber(text) => line(text.len()),
            Self::Error(text) | Self::Status(text) => line(text.len()),
            Self::Integer(value) => line(number::digits(*value)),
            Self::Bulk(payload) => line(number::digits(payload.len() as i64)) + payload.len() + 2,
            Self::Verbatim(_, text) => {
                line(number::digits(text.len() as i64 + 4)) + 4 + text.len() + 2
            }
            Self::NullBulk | Self::NullArray => 5,
            Self::Null => 3,
            Self::Boolean(_) => 4,
            Self::Double(value) => line(number::double(*value).len()),
            Self::Header(count) => line(number::digits(i64::from(*count))),
            Self::Array(frames) | Self::Set(frames) => {
                line(number::digits(frames.len() as i64))
                    + frames.iter().map(Self::encoded_len).sum::<usize>()
            }
            Self::Push(frames) => {
                line(number::digits(frames.len() as i64))
                    + frames.iter().map(Self::encoded_len).sum::<usize>()
            }
            Self::Map(entries) | Self::Attribute(entries) => {
                line(number::digits(entries.len() as i64)) + pairs(entries)
            }
        }
    }

    /// Appends the bytes that stand for this frame on the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.pieces(&mut |piece| out.extend_from_slice(&piece));
    }

    /// The pieces in which Redis appends this frame to an output buffer, in order. Where a
    /// reply is cut into blocks depends on them.
    pub(crate) fn pieces(&self, sink: &mut dyn FnMut(Cow<'_, [u8]>)) {
        let mut header = |kind: u8, value: i64| {
            let mut line = Vec::with_capacity(24);
            line.push(kind);
            number::write_integer(value, &mut line);
            line.extend_from_slice(b"\r\n");
            sink(Cow::Owned(line));
        };
        match self {
            Self::Simple(text) => sink(Cow::Owned(format!("+{text}\r\n").into_bytes())),
            Self::Status(text) => sink(Cow::Owned(format!("+{text}\r\n").into_bytes())),
            Self::Error(text) => sink(Cow::Owned(format!("-{text}\r\n").into_bytes())),
            Self::BigNumber(text) => sink(Cow::Owned(format!("({text}\r\n").into_bytes())),
            Self::Integer(value) => header(b':', *value),
            Self::Header(count) => header(b'*', i64::from(*count)),
            Self::NullBulk => sink(Cow::Borrowed(b"$-1\r\n")),
            Self::NullArray => sink(Cow::Borrowed(b"*-1\r\n")),
            Self::Null => sink(Cow::Borrowed(b"_\r\n")),
            Self::Boolean(value) => {
                sink(Cow::Borrowed(if *value { b"#t\r\n" } else { b"#f\r\n" }));
            }
            Self::Double(value) => {
                sink(Cow::Owned(format!(",{}\r\n", number::double(*value)).into_bytes()));
            }
            Self::Bulk(payload) => {
                header(b'$', payload.len() as i64);
                sink(payload.bytes());
                sink(Cow::Borrowed(b"\r\n"));
            }
            Self::Verbatim(format, text) => {
                header(b'=', text.len() as i64 + 4);
                sink(Cow::Owned(format!("{format}:").into_bytes()));
                sink(text.bytes());
                sink(Cow::Borrowed(b"\r\n"));
            }
            Self::Array(frames) => {
                header(b'*', frames.len() as i64);
                for frame in &**frames {
                    frame.pieces(sink);
                }
            }
            Self::Set(frames) => {
                header(b'~', frames.len() as i64);
                for frame in &**frames {
                    frame.pieces(sink);
                }
            }
            Self::Push(frames) => {
                header(b'>', frames.len() as i64);
                for frame in &**frames {
                    frame.pieces(sink);
                }
            }
            Self::Map(pairs) | Self::Attribute(pairs) => {
                header(if matches!(self, Self::Map(_)) { b'%' } else { b'|' }, pairs.len() as i64);
                for (key, value) in pairs {
                    key.pieces(sink);
                    value.pieces(sink);
                }
            }
        }
    }

    /// The lengths of the pieces in which Redis appends this frame to an output buffer.
    pub(crate) fn piece_lengths(&self, sink: &mut dyn FnMut(u64)) {
        match self {
            Self::Bulk(payload) => {
                sink(number::digits(payload.len() as i64) as u64 + 3);
                sink(payload.len() as u64);
                sink(2);
            }
            Self::Array(frames) | Self::Set(frames) => {
                sink(number::digits(frames.len() as i64) as u64 + 3);
                for frame in &**frames {
                    frame.piece_lengths(sink);
                }
            }
            Self::Push(frames) => {
                sink(number::digits(frames.len() as i64) as u64 + 3);
                for frame in &**frames {
                    frame.piece_lengths(sink);
                }
            }
            Self::Map(pairs) | Self::Attribute(pairs) => {
                sink(number::digits(pairs.len() as i64) as u64 + 3);
                for (key, value) in pairs {
                    key.piece_lengths(sink);
                    value.piece_lengths(sink);
                }
            }
            other => sink(other.encoded_len() as u64),
        }
    }

    /// The messages whose copies travel in this frame, in order of appearance.
    pub fn tags(&self) -> Vec<Tag> {
        let mut tags = Vec::new();
        self.collect_tags(&mut tags);
        tags
    }

    fn collect_tags(&self, tags: &mut Vec<Tag>) {
        match self {
            Self::Bulk(payload) | Self::Verbatim(_, payload) => tags.extend(payload.tag()),
            Self::Array(frames) | Self::Set(frames) => {
                for frame in &**frames {
                    frame.collect_tags(tags);
                }
            }
            Self::Push(frames) => {
                for frame in &**frames {
                    frame.collect_tags(tags);
                }
            }
            Self::Map(pairs) | Self::Attribute(pairs) => {
                for (key, value) in pairs {
                    key.collect_tags(tags);
                    value.collect_tags(tags);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(frame: &Frame) -> String {
        let mut out = Vec::new();
        frame.encode(&mut out);
        let mut length = 0;
        frame.piece_lengths(&mut |piece| length += piece);
        assert_eq!((out.len(), out.len() as u64), (frame.encoded_len(), length), "{frame:?}");
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The expected bytes are those of `DEBUG PROTOCOL` on redis-server 7.0.15.
    #[test]
    fn every_type_has_its_form_in_both_versions() {
        let map = || Frame::Map(vec![(Frame::Integer(0), Frame::Boolean(false))]);
        let cases = [
            (Frame::OK, "+OK\r\n", "+OK\r\n"),
            (Frame::bulk("Hello World"), "$11\r\nHello World\r\n", "$11\r\nHello World\r\n"),
            (Frame::NullBulk, "$-1\r\n", "_\r\n"),
            (Frame::NullArray, "*-1\r\n", "_\r\n"),
            (Frame::Double(2.5), "$3\r\n2.5\r\n", ",2.5\r\n"),
            (Frame::Boolean(true), ":1\r\n", "#t\r\n"),
            (map(), "*2\r\n:0\r\n:0\r\n", "%1\r\n:0\r\n#f\r\n"),
            (Frame::Set(vec![Frame::Integer(-10)]), "*1\r\n:-10\r\n", "~1\r\n:-10\r\n"),
            (
                Frame::Verbatim("txt", "This is a verbatim\nstring".into()),
                "$25\r\nThis is a verbatim\nstring\r\n",
                "=29\r\ntxt:This is a verbatim\nstring\r\n",
            ),
        ];
        for (frame, two, three) in cases {
            assert_eq!(encoded(&frame.clone().for_version(Version::Resp2)), two);
            assert_eq!(encoded(&frame.for_version(Version::Resp3)), three);
        }
    }

    #[test]
    fn an_error_stays_on_one_line() {
        assert_eq!(encoded(&Frame::error("ERR a\r\nb")), "-ERR a  b\r\n");
    }
}
