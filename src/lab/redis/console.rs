//! A `redis-cli` on each server's own machine, and what Sentinel tells a server.

use super::super::World;
use super::super::lookup::refuse;
use super::super::node::Role;
use super::words;
use crate::event::{
    ConnectionId, EventId, Name, NodeId, NodeState, Payload, RedisFact, Refusal, What,
};
use crate::redis::{Frame, Server};
use std::collections::VecDeque;
use std::fmt::Write;

/// The connection of a server's console; it crosses no network.
#[derive(Clone, Debug, Default)]
pub(super) struct Console {
    connected: bool,
    /// Not yet answered: the line, and the command that brought it. None for what Sentinel says.
    asked: VecDeque<(Option<Name>, EventId)>,
}

/// Commands that would turn the console into something else.
const OTHERS: &[&str] =
    &["subscribe", "psubscribe", "ssubscribe", "quit", "psync", "sync", "replconf", "hello"];

fn console_id(node: NodeId) -> ConnectionId {
    ConnectionId(u32::MAX - 1 - node.0)
}

/// Splits a line into words (sds.c: `sdssplitargs`); none when a quote is not closed, or is
/// followed by something else than a space.
pub(super) fn split(line: &str) -> Option<Vec<Vec<u8>>> {
    let mut bytes = line.bytes().peekable();
    let mut words = Vec::new();
    loop {
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        let Some(&first) = bytes.peek() else { return Some(words) };
        let mut word = Vec::new();
        loop {
            match bytes.next() {
                None => break,
                Some(space) if space.is_ascii_whitespace() => break,
                Some(quote @ (b'"' | b'\'')) => {
                    quoted(quote, &mut bytes, &mut word)?;
                    if bytes.peek().is_some_and(|next| !next.is_ascii_whitespace()) {
                        return None;
                    }
                    break;
                }
                Some(byte) => word.push(byte),
            }
        }
        debug_assert!(!first.is_ascii_whitespace());
        words.push(word);
    }
}

/// Reads up to the closing quote.
fn quoted(
    quote: u8,
    bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>,
    word: &mut Vec<u8>,
) -> Option<()> {
    loop {
        let byte = bytes.next()?;
        if byte == quote {
            return Some(());
        }
        if byte != b'\\' {
            word.push(byte);
            continue;
        }
        if quote == b'\'' {
            // Only the quote itself is escaped here.
            word.push(bytes.next_if_eq(&b'\'').unwrap_or(b'\\'));
            continue;
        }
        let next = bytes.next()?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match next {
            b'n' => word.push(b'\n'),
            b'r' => word.push(b'\r'),
            b't' => word.push(b'\t'),
            b'b' => word.push(8),
            b'a' => word.push(7),
            b'x' => {
                let mut ahead = bytes.clone();
                match (ahead.next().and_then(digit), ahead.next().and_then(digit)) {
                    (Some(high), Some(low)) => {
                        word.push((high * 16 + low) as u8);
                        *bytes = ahead;
                    }
                    _ => word.push(b'x'),
                }
            }
            other => word.push(other),
        }
    }
}

/// A reply as `redis-cli` prints it on a terminal (redis-cli.c: `cliFormatReplyTTY`).
pub(super) fn print(frame: &Frame, prefix: &str, out: &mut String) {
    let quote = |out: &mut String, payload: &Payload| {
        out.push('"');
        for byte in payload.bytes().iter() {
            match byte {
                b'"' => out.push_str("\\\""),
                b'\\' => out.push_str("\\\\"),
                b'\n' => out.push_str("\\n"),
                b'\r' => out.push_str("\\r"),
                b'\t' => out.push_str("\\t"),
                b' '..=b'~' => out.push(char::from(*byte)),
                byte => {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
        }
        out.push_str("\"\n");
    };
    let list = |frames: &mut dyn Iterator<Item = &Frame>, length: usize, out: &mut String| {
        if length == 0 {
            out.push_str("(empty array)\n");
        }
        let width = length.to_string().len();
        for (index, frame) in frames.enumerate() {
            if index > 0 {
                out.push_str(prefix);
            }
            let _ = write!(out, "{:>width$}) ", index + 1);
            print(frame, &format!("{prefix}{:1$}", "", width + 2), out);
        }
    };
    let text = match frame {
        Frame::Simple(text) => (*text).to_owned(),
        Frame::Status(text) => text.to_string(),
        Frame::Error(text) => format!("(error) {text}"),
        Frame::Integer(number) => format!("(integer) {number}"),
        Frame::Double(number) => format!("\"{number}\""),
        Frame::NullBulk | Frame::NullArray | Frame::Null => "(nil)".to_owned(),
        Frame::Bulk(payload) => return quote(out, payload),
        Frame::Verbatim(_, payload) => {
            return out.push_str(&String::from_utf8_lossy(&payload.bytes()));
        }
        Frame::Array(frames) | Frame::Set(frames) => {
            return list(&mut frames.iter(), frames.len(), out);
        }
        Frame::Push(frames) => return list(&mut frames.iter(), frames.len(), out),
        _ => String::new(),
    };
    out.push_str(&text);
    out.push('\n');
}

impl World {
    /// Whether a line can be typed at a server now.
    pub(in super::super) fn check_line(&self, server: &Name, line: &str) -> Result<(), Refusal> {
        let Some(node) = self.named(server).into_iter().find(|id| self.is_redis_node(*id)) else {
            return refuse(format!("There is no Redis server \"{server}\"."));
        };
        self.running(node)?;
        let Some(words) = split(line) else {
            return refuse(
                "Invalid argument(s): a quote is not closed, or not followed by a space.",
            );
        };
        let Some(first) = words.first() else { return refuse("An empty line asks for nothing.") };
        let word = |at: usize| {
            words
                .get(at)
                .map_or_else(String::new, |word| String::from_utf8_lossy(word).to_ascii_lowercase())
        };
        if OTHERS.contains(&&*word(0)) || (word(0) == "client" && word(1) == "reply") {
            let first = String::from_utf8_lossy(first);
            return refuse(format!("{first} would leave this console without an answer."));
        }
        if let Role::Redis(process) = &self.node(node).role
            && let Some((Some(line), _)) = process.console.asked.back()
        {
            return refuse(format!("The console of \"{server}\" still waits for {line}."));
        }
        let args: Vec<Payload> = words.into_iter().map(Payload::from).collect();
        Server::knows(&args).map_err(|reason| Refusal { reason })
    }

    pub(super) fn is_redis_node(&self, node: NodeId) -> bool {
        matches!(self.node(node).role, Role::Redis(_))
    }

    /// A person types a line.
    pub(in super::super) fn type_line(&mut self, server: &Name, line: &Name, cause: EventId) {
        let Some(words) = split(line) else { return };
        let args = words.into_iter().map(Payload::from).collect();
        self.type_words(server, line.clone(), args, cause);
    }

    /// A person types words.
    pub(in super::super) fn type_words(
        &mut self,
        server: &Name,
        line: Name,
        args: Vec<Payload>,
        cause: EventId,
    ) {
        let Some(node) = self.named(server).into_iter().find(|id| self.is_redis_node(*id)) else {
            return;
        };
        self.say(node, Some(line), args, cause);
        // The line may have told the server to follow another one.
        self.connect_redis(node);
    }

    /// Sentinel tells a server something.
    pub(super) fn tell_server(&mut self, node: NodeId, line: &[&str], cause: EventId) {
        if self.node(node).state == NodeState::Running {
            self.say(node, None, words(line), cause);
        }
    }

    fn say(&mut self, node: NodeId, line: Option<Name>, args: Vec<Payload>, cause: EventId) {
        let id = console_id(node);
        let Role::Redis(process) = &mut self.node_mut(node).role else { return };
        let fresh = !std::mem::replace(&mut process.console.connected, true);
        process.console.asked.push_back((line, cause));
        if fresh {
            self.with_server(node, Some(cause), |server, now, out| server.connect(now, id, out));
        }
        self.with_server(node, Some(cause), |server, now, out| server.handle(now, id, args, out));
    }

    /// Whether a server writes to its own console; then the answer is told.
    pub(super) fn console_answered(
        &mut self,
        node: NodeId,
        id: ConnectionId,
        frames: &[Frame],
        bytes: u64,
    ) -> bool {
        if id != console_id(node) {
            return false;
        }
        for frame in frames {
            let Role::Redis(process) = &mut self.node_mut(node).role else { return true };
            let Some((line, cause)) = process.console.asked.pop_front() else { break };
            let Some(line) = line else { continue };
            let mut reply = String::new();
            match frame {
                // INFO and its like are texts of many lines.
                Frame::Bulk(text) if text.bytes().contains(&b'\n') => {
                    reply.push_str(&String::from_utf8_lossy(&text.bytes()));
                }
                frame => print(frame, "", &mut reply),
            }
            let fact = RedisFact::Replied { line, reply: reply.into() };
            self.emit(Some(cause), What::Redis { node, fact });
        }
        self.with_server(node, None, |server, now, out| server.acknowledged(now, id, bytes, out));
        true
    }

    /// Whether a server closed its own console.
    pub(super) fn console_closed(&mut self, node: NodeId, id: ConnectionId) -> bool {
        if let Role::Redis(process) = &mut self.node_mut(node).role
            && id == console_id(node)
        {
            process.console = Console::default();
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Option<Vec<String>> {
        let words = split(line)?;
        Some(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    /// The cases of `sdssplitargs` in sds.c's own test (`sdsTest`, 7.0).
    #[test]
    fn a_line_is_split_as_redis_cli_splits_it() {
        let words = |all: &[&str]| Some(all.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(texts("Testing one two three"), words(&["Testing", "one", "two", "three"]));
        assert_eq!(texts(""), words(&[]));
        assert_eq!(
            texts(r#""Testing split strings" 'Another split string'"#),
            words(&["Testing split strings", "Another split string"])
        );
        assert_eq!(texts(r#""Hello" "#), words(&["Hello"]));
        assert_eq!(split(r#""\x41\n""#), Some(vec![b"A\n".to_vec()]));
        assert_eq!((texts("\"open"), texts("'a'b")), (None, None));
    }

    /// As `redis-cli` prints them.
    #[test]
    fn a_reply_is_printed_as_redis_cli_prints_it() {
        let entry = Frame::Array(vec![Frame::bulk("1-0"), Frame::Array(vec![Frame::bulk("a\n")])]);
        let mut out = String::new();
        print(&Frame::Array(vec![entry, Frame::Integer(3), Frame::NullBulk]), "", &mut out);
        assert_eq!(out, "1) 1) \"1-0\"\n   2) 1) \"a\\n\"\n2) (integer) 3\n3) (nil)\n");
    }
}
