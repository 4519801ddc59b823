//! What became of a message in streams and lists: entries, deliveries, claims, moves between
//! lists, and what cut it off.

use super::Teller;
use crate::event::{
    Action, Cargo, CopyId, Event, Hop, LabFact, LostReason, Name, NodeId, NodeState, RedisFact,
    What,
};
use crate::sim::{Instant, SortedMap};
use crate::timeline::journal::{count, entries};
use crate::timeline::lists::processes;
use crate::timeline::streams::is_behind;
use crate::timeline::why::hindrance;

/// What Redis servers keep of the message, as far as it was told.
#[derive(Default)]
pub(super) struct Kept {
    /// What was sent by which command to which key, oldest first.
    sent: Vec<(Name, Name)>,
    /// Where it was stored as an entry: server, stream, id.
    entries: Vec<(NodeId, Name, Name)>,
    /// Lists that took it.
    lists: Vec<Name>,
    /// Whose an entry is in a group (stream, group, id), how often it was delivered, since when.
    owners: SortedMap<(Name, Name, Name), (Name, u64, Instant)>,
    /// The list that it was popped off, while nothing else keeps it.
    popped: Option<Name>,
    /// When it was moved to a processing list.
    moved: Instant,
    /// Copies that applications and tools made of it.
    pub(super) copied: SortedMap<CopyId, Made>,
}

/// Why an application or a tool made a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Retry,
    DeadLetter,
    Redrive,
}

impl Teller<'_> {
    /// A command that carries the message leaves its producer: once more, where it had done so.
    pub(super) fn sent(&mut self, event: &Event, hop: &Hop) {
        let Cargo::RedisSend { command, target } = &hop.cargo else { return self.plain(event) };
        let sent = (command.clone(), target.clone());
        let before = self.kept.sent.iter().filter(|other| **other == sent).count();
        self.kept.sent.push(sent);
        if before == 0 {
            return self.plain(event);
        }
        let from = self.words().node(hop.from);
        let closed = self.timeline.chain(event.id).into_iter().any(|cause| {
            matches!(
                cause.what,
                What::Lab(LabFact::Disconnected { .. } | LabFact::Connected { .. })
            )
        });
        let why = if closed { "its connection had closed" } else { "no answer had come in time" };
        let attempt = before + 1;
        self.say(
            event,
            format!("{from} sent it again ({command} {target}, attempt {attempt}): {why}."),
        );
    }

    /// A Redis server did something to the message itself.
    pub(super) fn kept(&mut self, event: &Event, node: NodeId, fact: &RedisFact) {
        let server = self.words().node(node);
        let of = self.timeline.node(node);
        let replica = of.is_some_and(|of| of.replicates(event.at));
        let words = match fact {
            RedisFact::EntryAdded { key, id, length, .. } => {
                let again = self.kept.entries.iter().any(|(n, k, _)| (*n, k) == (node, key));
                self.kept.entries.push((node, key.clone(), id.clone()));
                self.entry_added((&*server, replica, again), key, id, *length)
            }
            RedisFact::Delivered { key, group, consumer, id, deliveries, pending, .. } => {
                let place = (key.clone(), group.clone(), id.clone());
                self.kept.owners.insert(place, (consumer.clone(), *deliveries, event.at));
                let then = if *pending {
                    format!("it is pending until {consumer} acknowledges it")
                } else {
                    "with NOACK it counts as done".to_owned()
                };
                format!(
                    "{server} delivered entry {id} of {key} to {consumer} of group {group}, \
                     delivery {deliveries}: {then}."
                )
            }
            RedisFact::Claimed { .. } if replica => {
                format!("{server} learned from its primary whose it is.")
            }
            RedisFact::Claimed { key, group, consumer, id, deliveries, .. } => {
                let place = (key.clone(), group.clone(), id.clone());
                let now = (consumer.clone(), *deliveries, event.at);
                let before = self.kept.owners.insert(place, now);
                let idle = before.map_or_else(String::new, |(owner, _, since)| {
                    self.why_claimed(event.at, &owner, consumer, since)
                });
                format!(
                    "{consumer} claimed entry {id} of group {group}, delivery {deliveries}{idle}."
                )
            }
            RedisFact::Acknowledged { .. } if replica => {
                format!("{server} learned from its primary that it is acknowledged.")
            }
            RedisFact::Acknowledged { key, group, id, .. } => {
                self.kept.owners.remove(&(key.clone(), group.clone(), id.clone()));
                format!("Group {group} acknowledged entry {id}: it is pending no more.")
            }
            RedisFact::ElementPushed { key, length, .. } if !replica => {
                let again = self.kept.lists.contains(key);
                self.kept.lists.push(key.clone());
                let once = if again { " once more" } else { "" };
                let holds = count(*length as usize, "element");
                format!("{server} pushed it to list {key}{once}; the list holds {holds}.")
            }
            RedisFact::ElementPopped { key, client: Some(client), .. } => {
                self.kept.popped = Some(key.clone());
                let client = self.words().client(*client);
                format!("{server} popped it off list {key} for {client}: Redis keeps it no more.")
            }
            RedisFact::ElementMoved { from, to, .. } if !replica => {
                self.element_moved(event.at, &server, from, to)
            }
            RedisFact::ElementsRemoved { key, .. } if !replica => match processes(key) {
                Some((_, worker)) => {
                    format!("{worker} is done with it: {server} removed it from list {key} (LREM).")
                }
                None => format!("{server} removed it from list {key}."),
            },
            RedisFact::ElementPushed { key, .. }
            | RedisFact::ElementMoved { to: key, .. }
            | RedisFact::ElementsRemoved { key, .. }
                if replica =>
            {
                format!("{server} did the same to its own list {key}, as its primary told it.")
            }
            _ => return self.plain(event),
        };
        self.say(event, words);
    }

    fn entry_added(
        &self,
        (server, replica, again): (&str, bool, bool),
        key: &Name,
        id: &Name,
        length: u64,
    ) -> String {
        if replica {
            return format!("{server} took entry {id} of stream {key} over from its primary.");
        }
        let of = key.strip_suffix("-dlq");
        let owners = self.kept.owners.iter();
        let owner =
            owners.filter(|((stream, ..), _)| Some(&**stream) == of).map(|(_, owner)| owner);
        if let Some((consumer, deliveries, _)) = owner.max_by_key(|(_, _, since)| *since) {
            return format!(
                "{consumer} parked it in the dead-letter stream {key} as entry {id}, because it had \
                 been delivered {}, more often than it may (max-deliveries).",
                count(*deliveries as usize, "time")
            );
        }
        let once = if again { " once more" } else { "" };
        let holds = entries(length);
        format!("{server} added it to stream {key} as entry {id}{once}; the stream holds {holds}.")
    }

    /// How long the owner before had not acknowledged the entry, and what it was about.
    fn why_claimed(&self, t: Instant, owner: &Name, claimer: &Name, since: Instant) -> String {
        let idle = t.since(since);
        let readers = self.timeline.nodes().iter().filter(|node| node.name == *owner);
        let state = readers.filter(|node| node.party.is_some()).find_map(|node| {
            hindrance(self.timeline, node, t)
                .map(|line| line.sentence.trim_end_matches('.').to_owned())
        });
        let failed = || {
            let failed = self.timeline.last_event(t, |event| match &event.what {
                What::Lab(LabFact::HandlingFailed { node, tag, .. }) => {
                    tag.message == self.message
                        && self.words().node(*node) == *owner
                        && event.at >= since
                }
                _ => false,
            });
            failed.map(|_| format!("{owner} had failed on it"))
        };
        let whom = if owner == claimer { "itself" } else { &**owner };
        let why = state.or_else(failed).map_or_else(String::new, |why| format!(": {why}"));
        format!(", {idle} after it was delivered to {whom} and not acknowledged{why}")
    }

    fn element_moved(&mut self, t: Instant, server: &str, from: &Name, to: &Name) -> String {
        if let Some((_, worker)) = processes(to) {
            self.kept.moved = t;
            return format!(
                "{server} moved it from list {from} to {to}: it lies there while {worker} works on \
                 it (BLMOVE)."
            );
        }
        let Some((_, worker)) = processes(from) else {
            return format!("{server} moved it from list {from} to list {to}.");
        };
        let moved = self.kept.moved;
        let started = self.timeline.last_event(t, |event| match &event.what {
            What::Lab(LabFact::NodeChanged { node, state: NodeState::Running }) => {
                event.at >= moved && *self.words().node(*node) == *worker
            }
            _ => false,
        });
        let when = if started.is_some() { "started again" } else { "connected again" };
        format!(
            "{worker} put it back from {from} to list {to}: it had not removed it before it {when}."
        )
    }

    /// What a loss of something popped adds to its reason.
    pub(super) fn popped_words(&self, reason: LostReason) -> String {
        match (&self.kept.popped, reason) {
            (
                Some(key),
                LostReason::Crashed | LostReason::ConnectionClosed | LostReason::Failed,
            ) => {
                format!("; it had been taken off list {key}, and nothing else kept it")
            }
            _ => String::new(),
        }
    }

    /// A fact that names no message, but concerns an entry that holds it.
    pub(super) fn kept_concern(&mut self, event: &Event, node: NodeId, fact: &RedisFact) {
        let key = match fact {
            RedisFact::Trimmed { key, .. }
            | RedisFact::EntryDeleted { key, .. }
            | RedisFact::PendingDropped { key, .. }
            | RedisFact::GroupMoved { key, .. }
            | RedisFact::GroupDestroyed { key, .. }
            | RedisFact::ConsumerDeleted { key, .. }
            | RedisFact::KeyDeleted { key }
            | RedisFact::Expired { key }
            | RedisFact::Evicted { key } => Some(key),
            RedisFact::Flushed => None,
            _ => return,
        };
        let server = self.words().node(node);
        let holds =
            |(n, k, _): &&(NodeId, Name, Name)| *n == node && key.is_none_or(|key| k == key);
        let all: Vec<_> = self.kept.entries.iter().filter(holds).cloned().collect();
        for (_, key, id) in all {
            // What is said in more than the journal's words, and whether the entry is gone.
            let (words, gone) = match fact {
                RedisFact::Trimmed { removed, length, .. } => {
                    if self.is_there(node, &key, &id, event.at) {
                        continue;
                    }
                    let by = self.trimmed_by(event);
                    let (removed, length) = (entries(*removed), entries(*length));
                    let words = format!(
                        "{server} trimmed entry {id} away: {removed} went off the head of stream \
                         {key}, {length} stayed{by}."
                    );
                    (Some(words), true)
                }
                RedisFact::EntryDeleted { id: of, .. } if *of == id => (None, true),
                RedisFact::PendingDropped { id: of, .. } if *of == id => (None, false),
                RedisFact::EntryDeleted { .. } | RedisFact::PendingDropped { .. } => continue,
                RedisFact::GroupMoved { group, id: to, .. } => {
                    let does = if is_behind(&id, to) {
                        "it reads the entry again, or for the first time"
                    } else {
                        "it passes over the entry, unless it is pending"
                    };
                    let words =
                        format!("Group {group} reads {key} behind {to} from now on: {does}.");
                    (Some(words), false)
                }
                RedisFact::ConsumerDeleted { group, consumer, .. } => {
                    let place = (key.clone(), group.clone(), id.clone());
                    let owned = self.kept.owners.get(&place).is_some_and(|(o, ..)| o == consumer);
                    if !owned {
                        continue;
                    }
                    self.kept.owners.remove(&place);
                    let words = format!(
                        "{consumer} was deleted from group {group}, and its pending entries."
                    );
                    (Some(words), false)
                }
                RedisFact::GroupDestroyed { .. } => (None, false),
                _ => (None, true),
            };
            match words {
                Some(words) => self.say(event, words),
                None => self.plain(event),
            }
            if gone {
                self.kept.entries.retain(|other| *other != (node, key.clone(), id.clone()));
            }
        }
    }

    fn is_there(&self, node: NodeId, key: &Name, id: &Name, t: Instant) -> bool {
        let mut streams = self.timeline.streams().iter();
        let stream = streams.find(|stream| stream.server == node && stream.key == *key);
        stream.is_some_and(|stream| stream.entries(t).1.iter().any(|entry| entry.id == *id))
    }

    /// Who cut a stream.
    fn trimmed_by(&self, event: &Event) -> String {
        let chain = self.timeline.chain(event.id);
        match chain.first().map(|event| &event.what) {
            Some(What::Lab(LabFact::Commanded(Action::Console { line, .. }))) => {
                format!(" (you typed {line})")
            }
            _ => " (MAXLEN of an XADD)".to_owned(),
        }
    }

    /// Why a party of Redis handled it once more.
    pub(super) fn again_from_redis(&self, event: &Event) -> String {
        let claimed =
            self.timeline.chain(event.id).into_iter().rev().find_map(|cause| match &cause.what {
                What::Redis { fact: RedisFact::Claimed { consumer, .. }, .. } => Some(consumer),
                _ => None,
            });
        if let Some(consumer) = claimed {
            return format!(": {consumer} had claimed it while nobody had acknowledged it");
        }
        if self.kept.sent.len() > 1 {
            return ": its producer had sent it again".to_owned();
        }
        if self.kept.moved > Instant::ZERO {
            return ": it had not been removed from a processing list before".to_owned();
        }
        if self.kept.entries.is_empty() {
            ": a second copy reached it".to_owned()
        } else {
            ": its stream was read from an earlier id again".to_owned()
        }
    }
}
