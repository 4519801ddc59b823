//! Commands about the connection itself: HELLO, AUTH, SELECT, RESET, QUIT, PING, DEBUG.

use super::call::Call;
use super::client::{Client, Closing};
use super::command::Answer;
use super::fault::{Fault, SYNTAX};
use super::resp::{Frame, Version};
use super::server::Server;
use super::types::count;
use crate::event::{ConnectionId, Payload};
use std::sync::Arc;

pub(super) fn ping(server: &mut Server, call: &mut Call) -> Answer {
    if call.len() > 2 {
        return Err(Fault::arity("ping"));
    }
    let message = call.args.get(1).cloned();
    let in_context = call.version == Version::Resp2
        && server.clients.get(&call.client).is_some_and(Client::is_subscriber);
    Ok(Some(match (in_context, message) {
        (true, message) => {
            let echo = message.unwrap_or_else(|| Payload::from(""));
            Frame::Array(vec![Frame::bulk("pong"), Frame::Bulk(echo)])
        }
        (false, Some(message)) => Frame::Bulk(message),
        (false, None) => Frame::Simple("PONG"),
    }))
}

pub(super) fn select(server: &mut Server, call: &mut Call) -> Answer {
    let db = call.int_or(1, "ERR value is not an integer or out of range")?;
    let db = u32::try_from(db)
        .ok()
        .filter(|db| (*db as usize) < server.keyspace.dbs.len())
        .ok_or("ERR DB index is out of range")?;
    if let Some(state) = server.clients.get_mut(&call.client) {
        state.db = db;
    }
    server.keyspace.db = db;
    Ok(Some(Frame::OK))
}

/// Whether these are the words of the default user, which needs no password.
fn authenticate(user: &[u8]) -> Result<(), Fault> {
    if user == b"default" {
        return Ok(());
    }
    Err("WRONGPASS invalid username-password pair or user is disabled.".into())
}

pub(super) fn auth(_: &mut Server, call: &mut Call) -> Answer {
    match call.len() {
        2 => Err("ERR AUTH <password> called without any password configured for the default \
                  user. Are you sure your configuration is correct?"
            .into()),
        3 => authenticate(&call.word(1)).map(|()| Some(Frame::OK)),
        _ => Err(SYNTAX.into()),
    }
}

/// Whether a name has only printable characters without spaces (`validateClientAttr`).
pub(super) fn valid_name(name: &[u8]) -> Result<(), Fault> {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Ok(());
    }
    Err("ERR Client names cannot contain spaces, newlines or special characters.".into())
}

pub(super) fn hello(server: &mut Server, call: &mut Call) -> Answer {
    let mut version = call.version;
    let mut name = None;
    if call.len() >= 2 {
        let wanted = call.int_or(1, "ERR Protocol version is not an integer or out of range")?;
        version = match wanted {
            2 => Version::Resp2,
            3 => Version::Resp3,
            _ => return Err("NOPROTO unsupported protocol version".into()),
        };
    }
    let mut index = 2;
    while index < call.len() {
        let more = call.len() - index - 1;
        if call.is(index, "auth") && more >= 2 {
            authenticate(&call.word(index + 1))?;
            index += 2;
        } else if call.is(index, "setname") && more >= 1 {
            valid_name(&call.word(index + 1))?;
            name = Some(call.args[index + 1].clone());
            index += 1;
        } else {
            let word = call.word(index);
            let word = String::from_utf8_lossy(&word).into_owned();
            return Err(format!("ERR Syntax error in HELLO option '{word}'").into());
        }
        index += 1;
    }
    let role = if server.replication.is_replica() { "replica" } else { "master" };
    let Some(state) = server.clients.get_mut(&call.client) else { return Ok(None) };
    state.version = version;
    if let Some(name) = name {
        state.name = Some(name).filter(|name| !name.is_empty());
    }
    let id = state.id as i64;
    let protocol = if version == Version::Resp3 { 3 } else { 2 };
    let pair = |name: &str, value: Frame| (Frame::bulk(name), value);
    Ok(Some(Frame::Map(vec![
        pair("server", Frame::bulk("redis")),
        pair("version", Frame::bulk(super::VERSION)),
        pair("proto", Frame::Integer(protocol)),
        pair("id", Frame::Integer(id)),
        pair("mode", Frame::bulk("standalone")),
        pair("role", Frame::bulk(role)),
        pair("modules", Frame::Array(Vec::new())),
    ])))
}

pub(super) fn quit(server: &mut Server, call: &mut Call) -> Answer {
    server.reply(call.client, Frame::OK);
    server.close_after_reply(call.client);
    Ok(None)
}

impl Server {
    /// Nothing more is read; the client goes when its replies have left.
    pub(super) fn close_after_reply(&mut self, client: ConnectionId) {
        if let Some(state) = self.clients.get_mut(&client)
            && state.closing == Closing::No
        {
            state.closing = Closing::AfterReply;
            if state.output.is_empty() {
                self.close_soon(client, "close after reply");
            }
        }
    }

    /// A socket's bytes broke the protocol: the error is sent and the client closed.
    pub fn protocol_error(
        &mut self,
        now: crate::sim::Instant,
        client: ConnectionId,
        error: &super::resp::ProtocolError,
        out: &mut Vec<super::Output>,
    ) {
        self.now = now;
        // Requests that were read before the error come first.
        let waiting = self.clients.get(&client).is_some_and(|state| state.closing == Closing::No);
        if waiting {
            self.fail(client, &Fault::from(format!("ERR {error}")));
            self.close_after_reply(client);
        }
        out.append(&mut self.out);
    }
}

pub(super) fn reset(server: &mut Server, call: &mut Call) -> Answer {
    server.discard(call.client);
    server.drop_subscriptions(call.client);
    if let Some(state) = server.clients.get_mut(&call.client) {
        state.db = 0;
        state.version = Version::Resp2;
        state.name = None;
        state.no_evict = false;
        state.reply_mode = super::client::ReplyMode::On;
    }
    Ok(Some(Frame::Simple("RESET")))
}

/// `DEBUG PROTOCOL`: one value of each type.
pub(super) fn debug_protocol(server: &mut Server, call: &mut Call) -> Answer {
    let numbers = || (0..3).map(Frame::Integer).collect::<Vec<_>>();
    Ok(Some(match call.lower(2).as_str() {
        "string" => Frame::bulk("Hello World"),
        "integer" => Frame::Integer(12_345),
        "double" => Frame::Double(f64::from(3_141) / 1_000.0),
        "null" => Frame::NullBulk,
        "array" => Frame::Array(numbers()),
        "set" => Frame::Set(numbers()),
        "map" => {
            Frame::Map((0..3).map(|at| (Frame::Integer(at), Frame::Boolean(at == 1))).collect())
        }
        "attrib" => {
            if call.version == Version::Resp3 {
                let value = vec![Frame::bulk("key:123"), Frame::Integer(90)];
                let pair = (Frame::bulk("key-popularity"), Frame::Array(value));
                server.reply(call.client, Frame::Attribute(vec![pair]));
            }
            Frame::bulk("Some real reply following the attribute")
        }
        "push" => {
            if call.version == Version::Resp2 {
                return Err("ERR RESP2 is not supported by this command".into());
            }
            let push: Arc<[Frame]> =
                Arc::new([Frame::bulk("server-cpu-usage"), Frame::Integer(42)]);
            server.push(call.client, &push);
            Frame::bulk("Some real reply following the push reply")
        }
        "true" => Frame::Boolean(true),
        "false" => Frame::Boolean(false),
        "verbatim" => Frame::Verbatim("txt", "This is a verbatim\nstring".into()),
        "bignum" => Frame::BigNumber("1234567999999999999999999999999999999"),
        _ => {
            return Err("ERR Wrong protocol type name. Please use one of the following: \
                        string|integer|double|null|array|set|map|attrib|push|verbatim|true|false"
                .into());
        }
    }))
}

/// DEBUG subcommands that change nothing here.
pub(super) fn debug_ok(_: &mut Server, _: &mut Call) -> Answer {
    Ok(Some(Frame::OK))
}

pub(super) fn debug_active_expire(server: &mut Server, call: &mut Call) -> Answer {
    server.active_expire = call.int(2)? != 0;
    Ok(Some(Frame::OK))
}

/// `DEBUG SLEEP`: the one thread is busy for so long.
pub(super) fn debug_sleep(server: &mut Server, call: &mut Call) -> Answer {
    let seconds = call.float(2)?.clamp(0.0, 3_600.0);
    let nanos = (seconds * 1e9) as u64;
    server.turn.extend(crate::sim::Span::from_nanos(nanos));
    Ok(Some(Frame::OK))
}

/// `COMMAND COUNT` and the like: as many commands as are modelled.
pub(super) fn command_count(_: &mut Server, _: &mut Call) -> Answer {
    Ok(Some(count(super::command::all().count())))
}

/// `COMMAND`: name, arity, flags and key positions of each command.
pub(super) fn command_info(_: &mut Server, _: &mut Call) -> Answer {
    let each = super::command::all().map(|command| {
        let (first, last, step) = command.keys;
        Frame::Array(vec![
            Frame::bulk(command.name),
            Frame::Integer(i64::from(command.arity)),
            Frame::Set(command.flags.names().into_iter().map(Frame::Simple).collect()),
            Frame::Integer(i64::from(first)),
            Frame::Integer(i64::from(last)),
            Frame::Integer(i64::from(step)),
        ])
    });
    Ok(Some(Frame::Array(each.collect())))
}

/// `COMMAND DOCS`: there are none here.
pub(super) fn command_docs(_: &mut Server, _: &mut Call) -> Answer {
    Ok(Some(Frame::Map(Vec::new())))
}

/// `FUNCTION FLUSH`: there are no functions to flush.
pub(super) fn function_flush(_: &mut Server, _: &mut Call) -> Answer {
    Ok(Some(Frame::OK))
}
