//! CLIENT: what clients know and do about themselves and each other (networking.c).

use super::blocked::Wait;
use super::call::Call;
use super::client::{Client, Closing, ReplyMode};
use super::command::Answer;
use super::config::ClientClass;
use super::fault::{Fault, SYNTAX};
use super::output::CHUNK;
use super::resp::{Frame, Version};
use super::server::Server;
use crate::event::{ConnectionId, Payload};
use crate::sim::Order;

pub(super) fn id(server: &mut Server, call: &mut Call) -> Answer {
    let id = server.clients.get(&call.client).map_or(0, |state| state.id);
    Ok(Some(Frame::Integer(id as i64)))
}

pub(super) fn getname(server: &mut Server, call: &mut Call) -> Answer {
    let name = server.clients.get(&call.client).and_then(|state| state.name.clone());
    Ok(Some(Frame::bulk_or_null(name)))
}

pub(super) fn setname(server: &mut Server, call: &mut Call) -> Answer {
    super::session::valid_name(&call.word(2))?;
    if let Some(state) = server.clients.get_mut(&call.client) {
        state.name = Some(call.args[2].clone()).filter(|name| !name.is_empty());
    }
    Ok(Some(Frame::OK))
}

pub(super) fn reply(server: &mut Server, call: &mut Call) -> Answer {
    let Some(state) = server.clients.get_mut(&call.client) else { return Ok(None) };
    match call.lower(2).as_str() {
        "on" => {
            state.reply_mode = ReplyMode::On;
            Ok(Some(Frame::OK))
        }
        "off" => {
            state.reply_mode = ReplyMode::Off;
            Ok(None)
        }
        "skip" => {
            if state.reply_mode != ReplyMode::Off {
                state.reply_mode = ReplyMode::SkipNext;
            }
            Ok(None)
        }
        _ => Err(SYNTAX.into()),
    }
}

pub(super) fn no_evict(server: &mut Server, call: &mut Call) -> Answer {
    let on = match call.lower(2).as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(SYNTAX.into()),
    };
    if let Some(state) = server.clients.get_mut(&call.client) {
        state.no_evict = on;
    }
    Ok(Some(Frame::OK))
}

/// The class that a word of CLIENT LIST and CLIENT KILL names.
fn class(word: &str) -> Option<ClientClass> {
    match word {
        "normal" => Some(ClientClass::Normal),
        "pubsub" => Some(ClientClass::PubSub),
        "replica" | "slave" => Some(ClientClass::Replica),
        "master" => Some(ClientClass::Primary),
        _ => None,
    }
}

fn unknown_type(call: &Call, index: usize) -> Fault {
    let word = call.word(index);
    format!("ERR Unknown client type '{}'", String::from_utf8_lossy(&word)).into()
}

impl Client {
    /// Whether it waits for something that may come to nothing. The end of a pause comes: where
    /// Redis 7.0 panics (`replyToBlockedClientTimedOut`), later versions leave such a client be.
    fn may_time_out(&self) -> bool {
        self.blocked.as_ref().is_some_and(|blocked| !matches!(blocked.wait, Wait::PauseEnd))
    }

    /// Letters of CLIENT LIST.
    fn flags(&self) -> String {
        let marks = [
            ('S', self.is_replica),
            ('P', self.is_subscriber()),
            ('x', self.multi.is_some()),
            ('b', self.blocked.is_some()),
            ('d', self.dirty_cas),
            ('c', self.closing == Closing::AfterReply),
            ('A', self.closing == Closing::Asap),
            ('e', self.no_evict),
        ];
        let text: String = marks.iter().filter(|(_, on)| *on).map(|(letter, _)| *letter).collect();
        if text.is_empty() { "N".into() } else { text }
    }
}

impl Server {
    /// One line of CLIENT LIST (`catClientInfoString`).
    fn describe(&self, connection: ConnectionId, state: &Client) -> String {
        let seconds = |since: crate::sim::Instant| self.now.since(since).as_millis() / 1_000;
        let name = state.name.as_ref().map(Payload::bytes).unwrap_or_default();
        let multi = state.multi.as_ref().map_or(-1, |multi| multi.queue.len() as i64);
        let memory = state.output.memory();
        let version = if state.version == Version::Resp3 { 3 } else { 2 };
        let full = !state.output.is_empty() && state.credit == 0;
        format!(
            "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={} psub={} \
             ssub={} multi={multi} qbuf=0 qbuf-free=20474 argv-mem=10 multi-mem=0 rbs={CHUNK} \
             rbp={CHUNK} obl={} oll={} omem={memory} tot-mem={} events={} cmd={} user=default \
             redir=-1 resp={version}",
            state.id,
            state.address,
            self.config.address,
            connection.0,
            String::from_utf8_lossy(&name),
            seconds(state.created),
            seconds(state.last_interaction),
            state.flags(),
            state.db,
            state.channels.len(),
            state.patterns.len(),
            state.shard_channels.len(),
            state.output.static_used(),
            state.output.block_count(),
            state.memory(),
            if full { "rw" } else { "r" },
            state.last_command,
        )
    }
}

pub(super) fn list(server: &mut Server, call: &mut Call) -> Answer {
    let mut wanted_class = None;
    let mut ids: Option<Vec<u64>> = None;
    if call.len() == 4 && call.is(2, "type") {
        wanted_class = Some(class(&call.lower(3)).ok_or_else(|| unknown_type(call, 3))?);
    } else if call.len() > 3 && call.is(2, "id") {
        let mut listed = Vec::new();
        for index in 3..call.len() {
            listed.push(call.int_or(index, "ERR Invalid client ID")?.unsigned_abs());
        }
        ids = Some(listed);
    } else if call.len() != 2 {
        return Err(SYNTAX.into());
    }
    let mut states: Vec<(&ConnectionId, &Client)> = server.clients.iter().collect();
    states.order_by_key(|(_, state)| state.id);
    let mut text = String::new();
    for (connection, state) in states {
        let admitted = wanted_class.is_none_or(|class| class == state.class())
            && ids.as_ref().is_none_or(|ids| ids.contains(&state.id));
        if admitted {
            text.push_str(&server.describe(*connection, state));
            text.push('\n');
        }
    }
    Ok(Some(Frame::Verbatim("txt", text.as_str().into())))
}

pub(super) fn info(server: &mut Server, call: &mut Call) -> Answer {
    let state = server.clients.get(&call.client);
    let line = state.map_or(String::new(), |state| server.describe(call.client, state));
    Ok(Some(Frame::Verbatim("txt", format!("{line}\n").as_str().into())))
}

/// What CLIENT KILL selects by.
struct Filter {
    id: Option<u64>,
    class: Option<ClientClass>,
    address: Option<String>,
    local: Option<String>,
    skip_me: bool,
}

pub(super) fn kill(server: &mut Server, call: &mut Call) -> Answer {
    let mut filter = Filter { id: None, class: None, address: None, local: None, skip_me: true };
    let old_form = call.len() == 3;
    if old_form {
        filter.address = Some(String::from_utf8_lossy(&call.word(2)).into_owned());
        filter.skip_me = false;
    } else {
        let mut index = 2;
        while index < call.len() {
            if index + 1 >= call.len() {
                return Err(SYNTAX.into());
            }
            let text = String::from_utf8_lossy(&call.word(index + 1)).into_owned();
            match call.lower(index).as_str() {
                "id" => {
                    let id = call.int(index + 1).ok().filter(|id| *id > 0);
                    let id = id.ok_or("ERR client-id should be greater than 0")?;
                    filter.id = Some(id.unsigned_abs());
                }
                "type" => {
                    let named = class(&text.to_ascii_lowercase());
                    filter.class = Some(named.ok_or_else(|| unknown_type(call, index + 1))?);
                }
                "addr" => filter.address = Some(text),
                "laddr" => filter.local = Some(text),
                "user" if text == "default" => {}
                "user" => return Err(format!("ERR No such user '{text}'").into()),
                "skipme" if text.eq_ignore_ascii_case("yes") => filter.skip_me = true,
                "skipme" if text.eq_ignore_ascii_case("no") => filter.skip_me = false,
                _ => return Err(SYNTAX.into()),
            }
            index += 2;
        }
    }
    let selected: Vec<ConnectionId> = server
        .clients
        .iter()
        .filter(|(connection, state)| {
            filter.id.is_none_or(|id| id == state.id)
                && filter.class.is_none_or(|class| class == state.class())
                && filter.address.as_ref().is_none_or(|address| *address == state.address)
                && filter.local.as_ref().is_none_or(|local| *local == server.config.address)
                && !(filter.skip_me && **connection == call.client)
        })
        .map(|(connection, _)| *connection)
        .collect();
    let killed = selected.len();
    let suicide = selected.contains(&call.client);
    for client in selected {
        if client != call.client {
            server.close(client, "killed by CLIENT KILL");
        }
    }
    if old_form && killed == 0 {
        return Err("ERR No such client".into());
    }
    let frame = if old_form { Frame::OK } else { Frame::Integer(killed as i64) };
    if suicide {
        server.reply(call.client, frame);
        server.close_after_reply(call.client);
        return Ok(None);
    }
    Ok(Some(frame))
}

pub(super) fn unblock(server: &mut Server, call: &mut Call) -> Answer {
    let with_error = match call.lower(3).as_str() {
        "" if call.len() == 3 => false,
        "timeout" if call.len() == 4 => false,
        "error" if call.len() == 4 => true,
        _ => {
            return Err("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR".into());
        }
    };
    let id = call.int(2)?;
    let found =
        server.clients.iter().find(|(_, state)| state.id as i64 == id && state.may_time_out());
    let Some((&client, _)) = found else { return Ok(Some(Frame::Integer(0))) };
    if with_error {
        let text = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
        server.fail(client, &Fault::from(text));
        server.unblock(client);
    } else {
        server.answer_timeout(client);
    }
    Ok(Some(Frame::Integer(1)))
}

impl Server {
    /// How many clients wait for a key or for replicas.
    pub(super) fn blocked_clients(&self) -> usize {
        self.clients.values().filter(|state| state.blocked.is_some()).count()
    }
}
