//! Why messages wait in streams and lists, and why those who read them do nothing.

use super::{hindrance, members};
use crate::event::{ConnectionId, Event, MessageId, NodeKind, RedisFact, Standing, What};
use crate::sim::Instant;
use crate::timeline::causes::Line;
use crate::timeline::journal::{Words, count, entries};
use crate::timeline::{List, Node, Party, Stream, Timeline};

/// The stream that a client reads.
fn stream_of<'t>(timeline: &'t Timeline, node: &Node, t: Instant) -> Option<&'t Stream> {
    let (server, key) = (timeline.server_of(node.id, t)?, node.key.as_ref()?);
    let reads = node.kind == NodeKind::StreamReader;
    let mut all = timeline.streams().iter().filter(|stream| reads && stream.created <= t);
    all.find(|stream| stream.server == server && stream.key == *key)
}

/// The list that a client pops.
fn list_of<'t>(timeline: &'t Timeline, node: &Node, t: Instant) -> Option<&'t List> {
    let (server, key) = (timeline.server_of(node.id, t)?, node.key.as_ref()?);
    let reads = node.kind == NodeKind::ListWorker;
    let mut all = timeline.lists().iter().filter(|list| reads && list.created <= t);
    all.find(|list| list.server == server && list.key == *key)
}

/// What a reader does or suffers from at `t`.
fn doing(timeline: &Timeline, node: &Node, t: Instant) -> Line {
    if let Some(line) = hindrance(timeline, node, t) {
        return line;
    }
    let name = &node.name;
    match node.working.at(t).copied().flatten() {
        Some((message, done)) => {
            let what = Words(timeline).message(message);
            Line::plain(format!("{name} works on {what} until {done}."))
        }
        None => Line::plain(format!("{name} is connected and free.")),
    }
}

/// Where a message that waits or is parked lies, and what it waits for.
pub(super) fn standing(
    timeline: &Timeline,
    message: MessageId,
    party: &Party,
    standing: Standing,
    t: Instant,
) -> Vec<Line> {
    let Some(reader) = members(timeline, party.id, t).last() else { return Vec::new() };
    match standing {
        Standing::Waiting => {}
        Standing::Parked => {
            let parked = timeline.streams().iter().find_map(|stream| {
                let (_, entry) = stream.entry_of(message, t)?;
                stream.is_dead_letter().then_some((stream, entry))
            });
            let said = parked.map(|(stream, entry)| {
                format!(
                    "It lies in the dead-letter stream {} as entry {}: nobody reads it there \
                     unasked.",
                    stream.key, entry.id
                )
            });
            return said.map(Line::plain).into_iter().collect();
        }
        _ => return Vec::new(),
    }
    if let Some(stream) = stream_of(timeline, reader, t) {
        return in_stream(timeline, message, party, reader, stream, t);
    }
    if let Some(list) = list_of(timeline, reader, t) {
        return in_list(timeline, message, party, list, t);
    }
    let Some(wire) = timeline.open_wire(reader.id, t) else { return Vec::new() };
    let (buffer, kernel) = (wire.buffered.value(t), wire.kernel.value(t));
    let server = Words(timeline).node(wire.server);
    let name = &reader.name;
    let held = format!(
        "{server} keeps {buffer} bytes in the output buffer of {name}; {kernel} bytes are written \
         and not read."
    );
    vec![Line::plain(held), doing(timeline, reader, t)]
}

fn in_stream(
    timeline: &Timeline,
    message: MessageId,
    party: &Party,
    reader: &Node,
    stream: &Stream,
    t: Instant,
) -> Vec<Line> {
    let Some((at, entry)) = stream.entry_of(message, t) else { return Vec::new() };
    let mut lines = vec![Line::plain(format!("It lies in {} as entry {}.", stream.key, entry.id))];
    let group = reader.group.as_ref();
    let group = group.and_then(|name| stream.groups(t).find(|group| group.name == *name));
    let Some(group) = group else {
        lines.push(doing(timeline, reader, t));
        return lines;
    };
    if let Some(owner) = group.owner(at, t) {
        let times = count(owner.deliveries as usize, "time");
        let whose = &owner.consumer;
        lines.push(Line::plain(format!(
            "It is pending for {whose} of group {}, delivered {times}: until {whose} acknowledges \
             it, or another one claims it.",
            group.name
        )));
        let owner = members(timeline, party.id, t).find(|node| node.name == *whose);
        lines.extend(owner.map(|node| doing(timeline, node, t)));
        return lines;
    }
    let ahead = at.saturating_sub(group.delivered(t));
    lines.push(Line::plain(format!(
        "Group {} has not come to it: {} before it in the group's reading.",
        group.name,
        if ahead == 1 { "1 entry lies".to_owned() } else { format!("{ahead} entries lie") }
    )));
    lines.extend(members(timeline, party.id, t).map(|node| doing(timeline, node, t)));
    lines
}

fn in_list(
    timeline: &Timeline,
    message: MessageId,
    party: &Party,
    list: &List,
    t: Instant,
) -> Vec<Line> {
    let place = |list: &List| {
        let all = list.oldest(t, usize::MAX);
        all.iter().position(|element| element.tag.is_some_and(|tag| tag.message == message))
    };
    if let Some(ahead) = place(list) {
        let (key, ahead) = (&list.key, count(ahead, "element"));
        let mut lines =
            vec![Line::plain(format!("It lies in list {key}; {ahead} will be popped before it."))];
        lines.extend(members(timeline, party.id, t).map(|node| doing(timeline, node, t)));
        return lines;
    }
    let mut others = timeline.lists().iter().filter(|other| other.server == list.server);
    let kept = others.find_map(|other| {
        let (main, worker) = other.processes()?;
        (*main == *list.key && place(other).is_some()).then_some((other, worker))
    });
    let Some((other, worker)) = kept else { return Vec::new() };
    let mut lines = vec![Line::plain(format!(
        "It lies in {}: {worker} took it and has not removed it.",
        other.key
    ))];
    let owner = members(timeline, party.id, t).find(|node| *node.name == *worker);
    lines.extend(owner.map(|node| doing(timeline, node, t)));
    lines
}

/// The event since which a client waits at its server for a key, if it does.
fn blocked(timeline: &Timeline, connection: ConnectionId, t: Instant) -> Option<&Event> {
    let last = timeline.last_event(t, |event| match &event.what {
        What::Redis { fact: RedisFact::Blocked { client }, .. }
        | What::Redis { fact: RedisFact::Unblocked { client }, .. } => *client == connection,
        _ => false,
    })?;
    matches!(last.what, What::Redis { fact: RedisFact::Blocked { .. }, .. }).then_some(last)
}

/// Why a client of Redis that is well and works on nothing does nothing.
pub(super) fn idle(timeline: &Timeline, node: &Node, t: Instant) -> Vec<Line> {
    let name = &node.name;
    let all_done = || vec![Line::plain(format!("{name} has handled everything that reached it."))];
    let Some(wire) = timeline.open_wire(node.id, t) else { return all_done() };
    let Some(key) = node.key.as_ref() else { return all_done() };
    let Some(since) = blocked(timeline, wire.id, t) else { return all_done() };
    let server = Words(timeline).node(wire.server);
    let what = match (node.kind, &node.group) {
        (NodeKind::ListWorker, _) => {
            format!("list {key} is empty, and {name} waits for an element")
        }
        (_, Some(group)) => {
            let stream = stream_of(timeline, node, t);
            let pending = stream.into_iter().flat_map(|stream| stream.groups(t));
            let pending =
                pending.filter(|of| of.name == *group).map(|of| of.pending(t)).sum::<u32>();
            let others = match pending {
                0 => String::new(),
                1 => " (1 entry is pending)".to_owned(),
                n => format!(" ({n} entries are pending)"),
            };
            format!(
                "no entry of stream {key} lies behind the bookmark of group {group}{others}, and \
                 {name} waits for one"
            )
        }
        _ => format!("{name} has read stream {key} to its end, and waits for an entry"),
    };
    vec![Line::of(since, format!("At {server} {what}."))]
}

/// Why messages wait for a party of Redis: what lies there, and what its readers do.
pub(super) fn lag(timeline: &Timeline, party: &Party, t: Instant) -> Vec<Line> {
    let mut lines = Vec::new();
    let reader = members(timeline, party.id, t).last();
    let stream = reader.and_then(|node| Some((node, stream_of(timeline, node, t)?)));
    if let Some((reader, stream)) = stream {
        let group = reader.group.as_ref();
        if let Some(group) = stream.groups(t).find(|of| Some(&of.name) == group) {
            let behind = stream.unread(group, t);
            let pending = group.pending(t);
            if behind == 0 && pending == 0 {
                return lines;
            }
            lines.push(Line::plain(format!(
                "{}: {} behind the bookmark of group {}, {pending} pending.",
                stream.key,
                entries(behind),
                group.name
            )));
        }
    }
    if let Some(list) = reader.and_then(|node| list_of(timeline, node, t)) {
        if list.length(t) == 0 {
            return lines;
        }
        let elements = count(list.length(t) as usize, "element");
        lines.push(Line::plain(format!("List {} holds {elements}.", list.key)));
    }
    let all = members(timeline, party.id, t);
    if lines.is_empty() {
        return all.filter_map(|node| hindrance(timeline, node, t)).collect();
    }
    lines.extend(all.map(|node| doing(timeline, node, t)));
    lines
}
