//! Requests from bytes: multibulk and inline, with Redis's limits and protocol errors
//! (networking.c: `processMultibulkBuffer`, `processInlineBuffer`).

use super::number;
use crate::event::Payload;
use core::fmt;
use std::collections::VecDeque;

/// Longest inline request and longest count line, in bytes (`PROTO_INLINE_MAX_SIZE`).
const INLINE_MAX: usize = 64 * 1024;

/// Why a connection must be closed. Its text is what Redis answers before it closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// More than 64 KiB without a line end.
    TooBigInlineRequest,
    /// An inline request whose quotes do not close.
    UnbalancedQuotes,
    /// More than 64 KiB of array header.
    TooBigMultibulkCount,
    /// An array header that is no number, or too large.
    InvalidMultibulkLength,
    /// More than 64 KiB of bulk header.
    TooBigBulkCount,
    /// Something else than a bulk string.
    ExpectedDollar(u8),
    /// A bulk length that is no number, negative, or above `proto-max-bulk-len`.
    InvalidBulkLength,
    /// More arguments than a client may send before it has authenticated.
    UnauthenticatedMultibulkLength,
    /// A longer argument than a client may send before it has authenticated.
    UnauthenticatedBulkLength,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            Self::TooBigInlineRequest => f.write_str("too big inline request"),
            Self::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
            Self::TooBigMultibulkCount => f.write_str("too big mbulk count string"),
            Self::InvalidMultibulkLength => f.write_str("invalid multibulk length"),
            Self::TooBigBulkCount => f.write_str("too big bulk count string"),
            Self::ExpectedDollar(got) => write!(f, "expected '$', got '{}'", char::from(*got)),
            Self::InvalidBulkLength => f.write_str("invalid bulk length"),
            Self::UnauthenticatedMultibulkLength => f.write_str("unauthenticated multibulk length"),
            Self::UnauthenticatedBulkLength => f.write_str("unauthenticated bulk length"),
        }
    }
}

/// One parsed request: its argument list, never empty.
pub type Request = Vec<Payload>;

/// Collects the bytes of one connection and cuts them into requests.
#[derive(Clone, Debug)]
pub struct Parser {
    buffer: Vec<u8>,
    /// Where the unread bytes begin.
    at: usize,
    /// Arguments that the multibulk request under way still lacks.
    missing: u64,
    /// Length of the argument under way, once its header is read.
    length: Option<usize>,
    arguments: Vec<Payload>,
    max_bulk: u64,
    broken: Option<ProtocolError>,
}

impl Parser {
    /// A parser that refuses arguments longer than `max_bulk` bytes (`proto-max-bulk-len`,
    /// 512 MiB by default).
    pub fn new(max_bulk: u64) -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            missing: 0,
            length: None,
            arguments: Vec::new(),
            max_bulk,
            broken: None,
        }
    }

    /// Takes what was read from the socket.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.broken.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Bytes that wait for the rest of their request.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// All requests that are complete. After an error nothing more is ever read.
    pub fn requests(&mut self, out: &mut VecDeque<Request>) -> Result<(), ProtocolError> {
        loop {
            match self.next_request() {
                Ok(Some(request)) => out.push_back(request),
                Ok(None) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// The next complete request; none while its bytes have not all arrived.
    pub fn next_request(&mut self) -> Result<Option<Request>, ProtocolError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let outcome = self.step();
        if let Err(error) = &outcome {
            self.broken = Some(error.clone());
            self.buffer = Vec::new();
            self.at = 0;
        } else if self.at == self.buffer.len() || self.at > INLINE_MAX {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        outcome
    }

    fn step(&mut self) -> Result<Option<Request>, ProtocolError> {
        loop {
            if self.missing > 0 {
                return self.multibulk();
            }
            match self.buffer.get(self.at) {
                None => return Ok(None),
                Some(b'*') => {
                    let Some(line) = self.line(ProtocolError::TooBigMultibulkCount)? else {
                        return Ok(None);
                    };
                    let count = number::integer(&line[1..])
                        .filter(|count| *count <= i64::from(i32::MAX))
                        .ok_or(ProtocolError::InvalidMultibulkLength)?;
                    // An empty or negative multibulk is passed over in silence.
                    self.missing = u64::try_from(count).unwrap_or(0);
                    self.arguments = Vec::new();
                }
                Some(_) => match self.inline()? {
                    Some(arguments) if arguments.is_empty() => {}
                    outcome => return Ok(outcome),
                },
            }
        }
    }

    /// The line up to CR (its end may still be incomplete), without CRLF.
    fn line(&mut self, too_long: ProtocolError) -> Result<Option<Vec<u8>>, ProtocolError> {
        let rest = &self.buffer[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\r') else {
            return if rest.len() > INLINE_MAX { Err(too_long) } else { Ok(None) };
        };
        if rest.len() < end + 2 {
            return Ok(None);
        }
        let line = rest[..end].to_vec();
        self.at += end + 2;
        Ok(Some(line))
    }

    fn multibulk(&mut self) -> Result<Option<Request>, ProtocolError> {
        while self.missing > 0 {
            let length = if let Some(length) = self.length {
                length
            } else {
                let first = self.buffer.get(self.at).copied();
                // The header's type is looked at only once its line is there.
                let Some(line) = self.line(ProtocolError::TooBigBulkCount)? else {
                    return Ok(None);
                };
                if first != Some(b'$') {
                    return Err(ProtocolError::ExpectedDollar(first.unwrap_or(b'\r')));
                }
                let length = number::integer(line.get(1..).unwrap_or_default())
                    .and_then(|length| u64::try_from(length).ok())
                    .filter(|length| *length <= self.max_bulk)
                    .ok_or(ProtocolError::InvalidBulkLength)?;
                *self.length.insert(length as usize)
            };
            // The two bytes after an argument are passed over unchecked, as Redis does.
            if self.buffered() < length + 2 {
                return Ok(None);
            }
            self.arguments.push(Payload::new(&self.buffer[self.at..self.at + length]));
            self.at += length + 2;
            self.length = None;
            self.missing -= 1;
        }
        Ok(Some(std::mem::take(&mut self.arguments)))
    }

    fn inline(&mut self) -> Result<Option<Request>, ProtocolError> {
        let rest = &self.buffer[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return if rest.len() > INLINE_MAX {
                Err(ProtocolError::TooBigInlineRequest)
            } else {
                Ok(None)
            };
        };
        let line = &rest[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let words = split_words(line).ok_or(ProtocolError::UnbalancedQuotes)?;
        self.at += end + 1;
        Ok(Some(words.into_iter().map(Payload::new).collect()))
    }
}

/// The words of a line with Redis's quoting; none when a quote does not close or is not
/// followed by a space (sds.c: `sdssplitargs`).
pub fn split_words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        while at < line.len() && is_space(line[at]) {
            at += 1;
        }
        if at >= line.len() || line[at] == 0 {
            return Some(words);
        }
        let mut word = Vec::new();
        while let Some(&byte) = line.get(at) {
            match byte {
                b'"' | b'\'' => {
                    at = quoted(line, at + 1, byte, &mut word)?;
                    // What follows a closing quote must be a space or the end.
                    match line.get(at) {
                        None => {}
                        Some(next) if is_space(*next) => {}
                        Some(_) => return None,
                    }
                    break;
                }
                0 => break,
                byte if is_space(byte) => break,
                byte => word.push(byte),
            }
            at += 1;
        }
        words.push(word);
    }
}

/// Reads up to the closing quote; answers where the line goes on behind it.
fn quoted(line: &[u8], mut at: usize, quote: u8, word: &mut Vec<u8>) -> Option<usize> {
    loop {
        match *line.get(at)? {
            byte if byte == quote => return Some(at + 1),
            b'\\' if quote == b'"' => {
                let hex = |offset| {
                    line.get(at + offset).and_then(|byte: &u8| char::from(*byte).to_digit(16))
                };
                if line.get(at + 1) == Some(&b'x')
                    && let (Some(high), Some(low)) = (hex(2), hex(3))
                {
                    word.push((high * 16 + low) as u8);
                    at += 4;
                    continue;
                }
                word.push(match *line.get(at + 1)? {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => other,
                });
                at += 2;
            }
            b'\\' if line.get(at + 1) == Some(&b'\'') => {
                word.push(b'\'');
                at += 2;
            }
            byte => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chunks: &[&[u8]]) -> (Vec<Vec<String>>, Option<ProtocolError>) {
        let mut parser = Parser::new(512 << 20);
        let mut requests = VecDeque::new();
        let mut error = None;
        for chunk in chunks {
            parser.feed(chunk);
            error = parser.requests(&mut requests).err().or(error);
        }
        let words = |request: Request| -> Vec<String> {
            request.iter().map(|word| String::from_utf8_lossy(&word.bytes()).into()).collect()
        };
        (requests.into_iter().map(words).collect(), error)
    }

    #[test]
    fn pipelines_may_be_cut_anywhere() {
        let bytes = b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\n*0\r\n\r\n*1\r\n$4\r\nQUIT\r\n";
        let whole = parse(&[bytes]).0;
        assert_eq!(whole, [vec!["ECHO", "hi"], vec!["PING"], vec!["QUIT"]]);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(parse(&single).0, whole);
    }

    /// Redis's own documentation of inline commands and `sdssplitargs`.
    #[test]
    fn inline_requests_may_be_quoted() {
        let (requests, _) = parse(&[b"SET k \"a\\x41\\n b\" 'it\\'s'\n"]);
        assert_eq!(requests, [vec!["SET", "k", "aA\n b", "it's"]]);
        for broken in [&b"SET \"a\n"[..], b"SET 'a'b\n", b"SET \"a\"b\n"] {
            assert_eq!(parse(&[broken]).1, Some(ProtocolError::UnbalancedQuotes));
        }
    }

    #[test]
    fn an_error_ends_the_connection_but_not_what_came_before() {
        let (requests, error) = parse(&[b"PING\r\n*1\r\n!4\r\nPING\r\nPING\r\n", b"PING\r\n"]);
        assert_eq!(requests, [vec!["PING"]]);
        let text = error.map(|error| error.to_string());
        assert_eq!(text.as_deref(), Some("Protocol error: expected '$', got '!'"));
    }
}
