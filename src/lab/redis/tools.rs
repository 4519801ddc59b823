//! What `redis-cli` prints of a server, of a key in it, and of a client on it.
//!
//! Observes only: a copy of the server is asked, and the asking connection is not in it.

use super::super::World;
use super::super::node::Role;
use super::options::SERVER;
use super::{RedisProcess, keep::processing};
use crate::event::{ConnectionId, NodeId, NodeState, Printed, PrintedOf, PrintedRow};
use crate::redis::{Frame, Server};

/// The sections of `INFO` that hold what this model has.
const SECTIONS: [&str; 6] = ["server", "clients", "memory", "stats", "replication", "keyspace"];

/// The fields of `CLIENT LIST` that are of use here, as it names them.
const CLIENT: [&str; 12] =
    ["id", "addr", "name", "age", "idle", "flags", "sub", "psub", "obl", "oll", "omem", "cmd"];

/// Longest text of a cell; entries may hold megabytes.
const CELL: usize = 80;

const FIXED: &str = "It can't be set while the server runs (immutable config).";
const UNMODELLED: &str = "It has its default; nothing in this model depends on it.";

impl World {
    /// The process of a Redis server that runs.
    fn redis_process(&self, node: NodeId) -> Option<&RedisProcess> {
        let found = self.nodes.get(node.0 as usize)?;
        match &found.role {
            Role::Redis(process) if found.state != NodeState::Crashed => Some(process),
            _ => None,
        }
    }

    fn ask_redis(&self, node: NodeId, commands: &[&[&str]]) -> Option<Vec<Frame>> {
        Some(self.redis_process(node)?.server.ask(self.now, commands))
    }

    /// `INFO`, `CLIENT LIST` and `PUBSUB` of a server.
    pub(in super::super) fn print_redis(&self, node: NodeId, out: &mut Vec<Printed>) {
        let mut asked: Vec<Vec<&str>> =
            SECTIONS.iter().map(|section| vec!["INFO", section]).collect();
        asked.push(vec!["CLIENT", "LIST"]);
        asked.push(vec!["PUBSUB", "CHANNELS"]);
        asked.push(vec!["PUBSUB", "NUMPAT"]);
        let asked: Vec<&[&str]> = asked.iter().map(Vec::as_slice).collect();
        let Some(answers) = self.ask_redis(node, &asked) else { return };
        for (words, answer) in asked.iter().zip(&answers) {
            match words {
                ["INFO", section] => info(section, answer, out),
                ["CLIENT", _] => out.push(clients(answer, |_| true)),
                ["PUBSUB", "CHANNELS"] => self.numbers(node, &texts(answer), out),
                _ => out.push(named("PUBSUB NUMPAT", vec![("patterns", plain(answer))])),
            }
        }
    }

    /// `PUBSUB NUMSUB` of these channels.
    fn numbers(&self, node: NodeId, channels: &[String], out: &mut Vec<Printed>) {
        if channels.is_empty() {
            return;
        }
        let words: Vec<&str> =
            ["PUBSUB", "NUMSUB"].into_iter().chain(channels.iter().map(String::as_str)).collect();
        let Some(answer) = self.ask_redis(node, &[&words]) else { return };
        let pairs = answer.first().map(texts).unwrap_or_default();
        let rows = pairs.chunks(2).map(|pair| row(pair.to_vec()));
        out.push(Printed {
            command: "PUBSUB NUMSUB".into(),
            columns: &["channel", "subscribers"],
            rows: rows.collect(),
        });
    }

    /// What a key holds, or who is subscribed to a channel of that name.
    pub(in super::super) fn print_key(&self, node: NodeId, key: &str, out: &mut Vec<Printed>) {
        let Some(kind) = self.ask_redis(node, &[&["TYPE", key]]) else { return };
        match kind.first().map(plain).as_deref() {
            Some("stream") => self.print_stream(node, key, out),
            Some("list") => {
                let length = self.ask_redis(node, &[&["LLEN", key]]).unwrap_or_default();
                let length = length.first().map(plain).unwrap_or_default();
                out.push(named(&format!("LLEN {key}"), vec![("length", length)]));
            }
            _ => self.numbers(node, &[key.to_owned()], out),
        }
    }

    fn print_stream(&self, node: NodeId, key: &str, out: &mut Vec<Printed>) {
        let asked: [&[&str]; 2] = [&["XINFO", "STREAM", key], &["XINFO", "GROUPS", key]];
        let Some(answers) = self.ask_redis(node, &asked) else { return };
        let [stream, groups] = answers.as_slice() else { return };
        out.push(Printed {
            command: format!("XINFO STREAM {key}"),
            columns: &[],
            rows: pairs(stream).map(|(name, value)| row(vec![name, value])).collect(),
        });
        let (names, rows) = maps(groups);
        out.push(Printed {
            command: format!("XINFO GROUPS {key}"),
            columns: &["name", "consumers", "pending", "last-delivered-id", "entries-read", "lag"],
            rows,
        });
        for group in names {
            let answer = self.ask_redis(node, &[&["XINFO", "CONSUMERS", key, &group]]);
            let rows = answer.as_deref().and_then(<[Frame]>::first).map(maps).unwrap_or_default().1;
            out.push(Printed {
                command: format!("XINFO CONSUMERS {key} {group}"),
                columns: &["name", "pending", "idle"],
                rows,
            });
        }
    }

    /// What a server says of one connection.
    pub(in super::super) fn print_client(&self, id: ConnectionId, out: &mut Vec<Printed>) {
        let Some(wire) = self.network.wire(id) else { return };
        let Some(answer) = self.ask_redis(wire.server, &[&["CLIENT", "LIST"]]) else { return };
        let printed = answer.first().map(|answer| clients(answer, |of| of == id));
        out.extend(printed.filter(|printed| !printed.rows.is_empty()));
    }

    /// What the server of a Redis client says of it and of what it reads.
    pub(in super::super) fn print_redis_client(&self, node: NodeId, out: &mut Vec<Printed>) {
        let Some(id) = self.redis_connection(node) else { return };
        self.print_client(id, out);
        let Some(server) = self.network.wire(id).map(|wire| wire.server) else { return };
        match &self.node(node).role {
            Role::Subscriber(subscriber) => {
                let channels =
                    subscriber.channels.iter().map(ToString::to_string).collect::<Vec<_>>();
                self.numbers(server, &channels, out);
            }
            Role::StreamReader(reader) => self.print_key(server, &reader.stream, out),
            Role::ListWorker(worker) => {
                self.print_key(server, &worker.list, out);
                if worker.safe {
                    self.print_key(server, &processing(&worker.list, &self.node(node).name), out);
                }
            }
            _ => {}
        }
    }

    /// `CONFIG GET *`
    pub(in super::super) fn print_redis_config(&self, node: NodeId, out: &mut Vec<Printed>) {
        let Some(answer) = self.ask_redis(node, &[&["CONFIG", "GET", "*"]]) else { return };
        let rows = answer.iter().flat_map(pairs).filter(|(name, _)| !Server::is_alias(name));
        let row = |(name, value): (String, String)| {
            let fixed = match (Server::is_immutable(&name), SERVER.contains(&&*name)) {
                (true, _) => Some(FIXED),
                (_, false) => Some(UNMODELLED),
                _ => None,
            };
            PrintedRow { of: None, cells: vec![name, value], fixed }
        };
        let rows = rows.map(row).collect();
        out.push(Printed { command: "CONFIG GET *".into(), columns: &[], rows });
    }
}

fn row(cells: Vec<String>) -> PrintedRow {
    PrintedRow { cells, ..PrintedRow::default() }
}

fn named(command: &str, pairs: Vec<(&str, String)>) -> Printed {
    let rows = pairs.into_iter().map(|(name, value)| row(vec![name.into(), value]));
    Printed { command: command.into(), columns: &[], rows: rows.collect() }
}

/// A reply on one line.
fn plain(frame: &Frame) -> String {
    let mut text = match frame {
        Frame::Simple(text) => (*text).to_owned(),
        Frame::Status(text) | Frame::Error(text) => text.to_string(),
        Frame::Integer(number) => number.to_string(),
        Frame::Bulk(bytes) | Frame::Verbatim(_, bytes) => {
            String::from_utf8_lossy(&bytes.bytes()).into_owned()
        }
        Frame::Array(all) | Frame::Set(all) => all.iter().map(plain).collect::<Vec<_>>().join(" "),
        _ => "(nil)".to_owned(),
    };
    if let Some((end, _)) = text.char_indices().nth(CELL) {
        text.truncate(end);
        text.push('\u{2026}');
    }
    text
}

fn texts(frame: &Frame) -> Vec<String> {
    match frame {
        Frame::Array(all) => all.iter().map(plain).collect(),
        _ => Vec::new(),
    }
}

fn pairs(frame: &Frame) -> impl Iterator<Item = (String, String)> + '_ {
    let all = if let Frame::Map(all) = frame { all.as_slice() } else { &[] };
    all.iter().map(|(name, value)| (plain(name), plain(value)))
}

/// The values of maps that all have the same fields, and the first value of each.
fn maps(frame: &Frame) -> (Vec<String>, Vec<PrintedRow>) {
    let all = if let Frame::Array(all) = frame { all.as_slice() } else { &[] };
    let rows: Vec<PrintedRow> =
        all.iter().map(|map| row(pairs(map).map(|(_, value)| value).collect())).collect();
    let names = rows.iter().filter_map(|row| row.cells.first().cloned());
    (names.collect(), rows)
}

/// A section of `INFO`.
fn info(section: &str, answer: &Frame, out: &mut Vec<Printed>) {
    let Frame::Verbatim(_, bytes) = answer else { return };
    let bytes = bytes.bytes();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let rows: Vec<_> = lines.map(|(name, value)| row(vec![name.into(), value.into()])).collect();
    if !rows.is_empty() {
        out.push(Printed { command: format!("INFO {section}"), columns: &[], rows });
    }
}

/// `CLIENT LIST`, of the connections that are wanted.
fn clients(answer: &Frame, wanted: impl Fn(ConnectionId) -> bool) -> Printed {
    let bytes = match answer {
        Frame::Verbatim(_, bytes) => bytes.bytes(),
        _ => std::borrow::Cow::default(),
    };
    let text = String::from_utf8_lossy(&bytes);
    let line = |line: &str| {
        let field = |name: &str| {
            let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
            fields.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
        };
        let id = ConnectionId(field("fd").parse().ok()?);
        let cells = CLIENT.iter().map(|name| field(name).to_owned()).collect();
        let of = Some(PrintedOf::Connection(id));
        wanted(id).then_some(PrintedRow { of, cells, fixed: None })
    };
    let rows = text.lines().filter_map(line).collect();
    Printed { command: "CLIENT LIST".into(), columns: &CLIENT, rows }
}
