//! Entry ids.

use super::super::fault::Fault;
use core::fmt;

/// Milliseconds and a sequence number within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct StreamId {
    pub(in super::super) ms: u64,
    pub(in super::super) seq: u64,
}

/// The text is no id.
pub(in super::super) const INVALID: &str =
    "ERR Invalid stream ID specified as stream command argument";

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl StreamId {
    pub(in super::super) const MIN: Self = Self { ms: 0, seq: 0 };
    pub(in super::super) const MAX: Self = Self { ms: u64::MAX, seq: u64::MAX };

    /// The next id; none after the last.
    pub(in super::super) fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { ms: self.ms, seq }),
            None => Some(Self { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The id before; none before the first.
    pub(in super::super) fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { ms: self.ms, seq }),
            None => Some(Self { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    pub(super) fn to_be_bytes(self) -> [u8; 16] {
        ((u128::from(self.ms) << 64) | u128::from(self.seq)).to_be_bytes()
    }

    /// `streamParseStrictIDOrReply`: `ms` or `ms-seq`.
    pub(in super::super) fn parse(text: &[u8], missing_seq: u64) -> Result<Self, Fault> {
        read(text, missing_seq, false).map(|(id, _)| id).ok_or_else(|| INVALID.into())
    }

    /// As XADD reads it: `ms-*` as well. False when the sequence is to be given by the stream.
    pub(in super::super) fn parse_for_add(text: &[u8]) -> Result<(Self, bool), Fault> {
        read(text, 0, true).ok_or_else(|| INVALID.into())
    }

    /// `streamParseIDOrReply`: `-` and `+` as well.
    pub(in super::super) fn parse_loose(text: &[u8], missing_seq: u64) -> Result<Self, Fault> {
        match text {
            b"-" => Ok(Self::MIN),
            b"+" => Ok(Self::MAX),
            _ => Self::parse(text, missing_seq),
        }
    }

    /// `streamParseIntervalIDOrReply`: with `(` the id itself is left out.
    pub(in super::super) fn parse_edge(
        text: &[u8],
        missing_seq: u64,
    ) -> Result<(Self, bool), Fault> {
        match text {
            [b'(', rest @ ..] if text.len() > 1 => Ok((Self::parse(rest, missing_seq)?, true)),
            _ => Ok((Self::parse_loose(text, missing_seq)?, false)),
        }
    }
}

fn read(text: &[u8], missing_seq: u64, may_star: bool) -> Option<(StreamId, bool)> {
    if text.len() > 127 {
        return None;
    }
    match text.iter().position(|byte| *byte == b'-') {
        None => Some((StreamId { ms: number(text)?, seq: missing_seq }, true)),
        Some(dash) => {
            let ms = number(&text[..dash])?;
            match &text[dash + 1..] {
                b"*" if may_star => Some((StreamId { ms, seq: 0 }, false)),
                rest => Some((StreamId { ms, seq: number(rest)? }, true)),
            }
        }
    }
}

/// As `strtoull` reads a whole text: leading spaces, a plus sign and leading zeros pass.
fn number(text: &[u8]) -> Option<u64> {
    let text = core::str::from_utf8(text).ok()?.trim_start();
    text.parse().ok()
}
