//! Why something is as it is: a standing, an idle reader, a lag, a closed connection.

mod kept;

use super::causes::Line;
use super::journal::{Words, count};
use super::{Log, Node, Party, Timeline, Wire};
use crate::event::{
    ConnectionId, Event, EventId, KafkaFact, LabFact, MessageId, Name, NodeId, NodeKind, NodeState,
    PartyId, Standing, System, TopicPartition, What,
};
use crate::sim::Instant;

/// Why a message stands where it does with a party at `t`: the chain of causes up to the event
/// that put it there, and for one that waits what it waits for. Empty when it is not owed.
pub fn standing(timeline: &Timeline, message: MessageId, party: PartyId, t: Instant) -> Vec<Line> {
    let Some(of) = timeline.party(party) else { return Vec::new() };
    let Some(standing) = timeline.standing(message, party, t) else { return Vec::new() };
    let mut lines = match timeline.stood(message, party, t) {
        Some((event, _)) => timeline.told(event.id),
        None => vec![timeline.folded()],
    };
    if of.system == System::Redis {
        lines.extend(kept::standing(timeline, message, of, standing, t));
    }
    if standing == Standing::Waiting && of.system == System::Kafka {
        let stored = timeline.logs().iter().find_map(|log| {
            let mut cells = log.cells(t).iter();
            let cell = cells.find(|cell| cell.tag.is_some_and(|tag| tag.message == message))?;
            Some((log, cell.offset))
        });
        if let Some((log, offset)) = stored {
            let place = &log.partition;
            lines.push(Line::plain(format!("It lies in {place} at offset {offset}.")));
            lines.push(of_partition(timeline, of, log, t));
        }
    }
    lines
}

/// Why an event happened: what led to it, and for a message that waits what it waits for. Empty
/// for an event that is not at hand.
pub fn event(timeline: &Timeline, id: EventId) -> Vec<Line> {
    let stands = timeline.event(id).and_then(|event| match &event.what {
        What::Lab(LabFact::Stands { message, party, .. }) => {
            Some(standing(timeline, *message, *party, event.at))
        }
        _ => None,
    });
    // Where the standing changed once more at the same instant, the answer is about that.
    let own = stands.filter(|lines| lines.iter().any(|line| line.event == Some(id)));
    own.unwrap_or_else(|| timeline.told(id))
}

/// Why a reader does nothing at `t`; empty when it is at work, or reads nothing at all.
pub fn idle(timeline: &Timeline, node: NodeId, t: Instant) -> Vec<Line> {
    let Some(node) = timeline.node(node).filter(|node| node.party.is_some()) else {
        return Vec::new();
    };
    if let Some(line) = hindrance(timeline, node, t) {
        return vec![line];
    }
    if node.working.at(t).copied().flatten().is_some() {
        return Vec::new();
    }
    let name = &node.name;
    if node.kind != NodeKind::Consumer {
        return kept::idle(timeline, node, t);
    }
    let told = timeline.last_event(t, |event| {
        matches!(&event.what, What::Kafka { node: of, fact: KafkaFact::Assigned { .. } } if *of == node.id)
    });
    let Some(told) = told else {
        return vec![unassigned(timeline, node, t)];
    };
    let owned = node.assigned.at(t).map_or(&[][..], Vec::as_slice);
    if owned.is_empty() {
        return vec![Line::of(told, owns_nothing(timeline, node, t))];
    }
    let all: Vec<String> = owned.iter().map(ToString::to_string).collect();
    if let Some(line) = held(timeline, node, t) {
        return vec![line];
    }
    let mut wires = timeline.wires().iter().filter(|wire| wire.client == node.id);
    let end = if wires.any(|wire| timeline.parked_fetch(wire, t).is_some()) {
        "its fetch waits at the broker until a record comes (fetch.max.wait.ms at the longest)"
    } else {
        "it asks again when it polls next"
    };
    vec![Line::of(
        told,
        format!("{name} has read all that is visible in {}; {end}.", all.join(", ")),
    )]
}

/// A consumer's fetch that lies at a broker although something is there: less than it wants.
fn held(timeline: &Timeline, node: &Node, t: Instant) -> Option<Line> {
    let mut wires = timeline.wires().iter().filter(|wire| wire.client == node.id);
    wires.find_map(|wire| held_on(timeline, node, wire, t))
}

fn held_on(timeline: &Timeline, node: &Node, wire: &Wire, t: Instant) -> Option<Line> {
    timeline.parked_fetch(wire, t)?;
    let last = timeline.last_event(t, |event| {
        matches!(&event.what, What::Kafka { fact: KafkaFact::FetchHeld { connection, .. }, .. }
            if *connection == wire.id)
    })?;
    let What::Kafka { fact: KafkaFact::FetchHeld { bytes, min_bytes, until, .. }, .. } = &last.what
    else {
        return None;
    };
    let sentence = format!(
        "The fetch of {} waits at the broker for {min_bytes} bytes (fetch.min.bytes; {bytes} were \
         there when it came), until {until} at the latest (fetch.max.wait.ms).",
        node.name
    );
    (*until >= t).then(|| Line::of(last, sentence))
}

/// Why messages wait for a group at `t`: for each partition with a lag, who owns it and what it
/// does. For a Redis party: what hinders its reader.
pub fn lag(timeline: &Timeline, party: PartyId, t: Instant) -> Vec<Line> {
    let Some(party) = timeline.party(party) else { return Vec::new() };
    if party.system == System::Redis {
        return kept::lag(timeline, party, t);
    }
    let behind = |log: &&Log| {
        log.created <= t && log.high_watermark(t) > log.committed(&party.name, t).unwrap_or(0)
    };
    let reads = |log: &&Log| {
        log.committed(&party.name, t).is_some()
            || members(timeline, party.id, t).any(|node| owns(node, &log.partition, t))
    };
    let logs = timeline.logs().iter().filter(behind).filter(reads);
    logs.map(|log| of_partition(timeline, party, log, t)).collect()
}

/// Why a connection ended: the chain of causes up to it. Empty while it stands.
pub fn closed(timeline: &Timeline, connection: ConnectionId, t: Instant) -> Vec<Line> {
    if timeline.wire(connection).is_some_and(|wire| wire.is_open(t)) {
        return Vec::new();
    }
    let ended = timeline.last_event(t, |event| {
        matches!(event.what, What::Lab(LabFact::Disconnected { connection: of, .. }) if of == connection)
    });
    ended.map_or_else(Vec::new, |event| timeline.told(event.id))
}

fn members(timeline: &Timeline, party: PartyId, t: Instant) -> impl Iterator<Item = &Node> {
    let all = timeline.nodes().iter();
    all.filter(move |node| node.party == Some(party) && node.added <= t)
}

fn owns(node: &Node, partition: &TopicPartition, t: Instant) -> bool {
    node.assigned.at(t).is_some_and(|all| all.contains(partition))
}

/// What keeps a process from reading at all, with the event since which it does.
pub(super) fn hindrance(timeline: &Timeline, node: &Node, t: Instant) -> Option<Line> {
    let (name, words) = (&node.name, Words(timeline));
    if let Some((at, state @ (NodeState::Crashed | NodeState::Paused))) = node.state.entry(t) {
        let of = |event: &Event| matches!(&event.what, What::Lab(LabFact::NodeChanged { node: of, .. }) if *of == node.id);
        let state = if *state == NodeState::Crashed { "has crashed" } else { "is paused" };
        let sentence = format!("{name} {state} since {at}.");
        return Some(Line { event: timeline.last_event(*at, of).map(|event| event.id), sentence });
    }
    if node.open.value(t) == 0 {
        let last = timeline
            .wires()
            .iter()
            .rev()
            .find(|wire| wire.client == node.id && wire.closed.is_some_and(|(at, _)| at <= t));
        let of = |event: &Event| {
            matches!(&event.what, What::Lab(LabFact::Disconnected { connection, .. })
                if last.is_some_and(|wire| wire.id == *connection))
        };
        let how = if node.unplugged.value(t) { ": its plug is out" } else { "" };
        let to = last.map_or_else(String::new, |wire| format!(" to {}", words.node(wire.server)));
        let sentence = format!("{name} has no connection{to}{how}.");
        return Some(Line { event: timeline.last_event(t, of).map(|event| event.id), sentence });
    }
    let (at, cut) = node.interrupted.entry(t)?;
    cut.then(|| Line::plain(format!("The path of {name} is interrupted since {at}.")))
}

/// A member of a group that was never given anything.
fn unassigned(timeline: &Timeline, node: &Node, t: Instant) -> Line {
    let (name, group) = (&node.name, group_of(timeline, node));
    let state = timeline.last_event(t, |event| {
        matches!(&event.what, What::Kafka { fact: KafkaFact::GroupChanged { group: of, .. }, .. } if *of == group)
    });
    match state.map(|event| (event, &event.what)) {
        Some((event, What::Kafka { fact: KafkaFact::GroupChanged { state, .. }, .. })) => {
            Line::of(event, format!("{name} has no assignment yet: group {group} is {state}."))
        }
        _ => Line::plain(format!("{name} has no assignment yet: it has not joined {group}.")),
    }
}

/// `2 partitions, 3 members: billing-3 owns nothing.`
fn owns_nothing(timeline: &Timeline, node: &Node, t: Instant) -> String {
    let party = node.party.unwrap_or_default();
    let running = members(timeline, party, t)
        .filter(|node| node.state.at(t).is_none_or(|state| *state == NodeState::Running));
    let (mut all, mut partitions) = (0, 0);
    for member in running {
        all += 1;
        partitions += member.assigned.at(t).map_or(0, Vec::len);
    }
    let (partitions, all) = (count(partitions, "partition"), count(all, "member"));
    format!("{partitions}, {all}: {} owns nothing.", node.name)
}

fn group_of(timeline: &Timeline, node: &Node) -> Name {
    node.party
        .and_then(|party| timeline.party(party))
        .map_or_else(|| node.name.clone(), |party| party.name.clone())
}

/// Who reads a partition for a group, how far it is and what it does.
fn of_partition(timeline: &Timeline, party: &Party, log: &Log, t: Instant) -> Line {
    let place = &log.partition;
    let (visible, end) = (log.high_watermark(t), log.end(t));
    let bookmark = log.committed(&party.name, t);
    let at = bookmark.map_or_else(|| "no bookmark yet".to_owned(), |at| format!("bookmark {at}"));
    let unseen = if end > visible {
        format!(
            ", {} not visible yet (high watermark {visible})",
            count((end - visible) as usize, "record")
        )
    } else {
        String::new()
    };
    let head = format!("{place}: {at}, visible up to {visible}{unseen}");
    let Some(owner) = members(timeline, party.id, t).find(|node| owns(node, place, t)) else {
        return Line::plain(format!("{head}; nobody of {} owns it now.", party.name));
    };
    if let Some(line) = hindrance(timeline, owner, t) {
        return Line { event: line.event, sentence: format!("{head}. {}", line.sentence) };
    }
    if let Some((message, done)) = owner.working.at(t).copied().flatten() {
        let words = Words(timeline);
        let now = timeline.last_event(t, |event| {
            matches!(&event.what, What::Lab(LabFact::HandlingBegan { node, .. }) if *node == owner.id)
        });
        let what = format!("works on {} until {done}", words.message(message));
        return Line {
            event: now.map(|event| event.id),
            sentence: format!("{head}. {} owns it and {what}.", owner.name),
        };
    }
    if let Some(line) = held(timeline, owner, t) {
        return Line { sentence: format!("{head}. {}", line.sentence), ..line };
    }
    let doing = "has what it fetched last behind it and commits or fetches next";
    Line::plain(format!("{head}. {} owns it and {doing}.", owner.name))
}
