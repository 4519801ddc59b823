//! The biography of one message: what happened to it, and why, in sentences.
//!
//! Beside the events that name the message it tells those that concern its copies by their place
//! in a log or a stream: when they were copied, when they became visible, when a bookmark moved
//! past them, what cut them off. What Redis keeps is told in `kept`.

mod kept;

use self::kept::{Kept, Made};
use super::Timeline;
use super::causes::Line;
use super::journal::{Words, count, sentence};
use crate::event::{
    Event, KafkaFact, LabFact, MessageId, Name, NodeId, PartyId, RedisFact, Standing, Tag,
    TopicPartition, What,
};
use crate::sim::{Instant, SortedMap};

/// A copy of the message in a log.
struct Stored {
    tag: Tag,
    partition: TopicPartition,
    offset: u64,
    visible: bool,
    /// Who has moved its bookmark past it.
    committed: Vec<Name>,
    replicas: Vec<NodeId>,
}

struct Teller<'a> {
    timeline: &'a Timeline,
    message: MessageId,
    stored: Vec<Stored>,
    /// The copy that each party handled last.
    handled: SortedMap<PartyId, (Tag, Instant)>,
    kept: Kept,
    lines: Vec<Line>,
}

/// What happened to a message up to `t`, oldest first. Empty for one that was not sent by then.
pub fn biography(timeline: &Timeline, message: MessageId, t: Instant) -> Vec<Line> {
    let Some(first) = timeline.biography(message).first() else { return Vec::new() };
    let mut teller = Teller {
        timeline,
        message,
        stored: Vec::new(),
        handled: SortedMap::new(),
        kept: Kept::default(),
        lines: Vec::new(),
    };
    if let Some(line) = timeline.folded_away(*first) {
        teller.lines.push(line);
    }
    let events = timeline.events_up_to(t);
    let begin = events.partition_point(|event| event.id < *first);
    let mut named = timeline.biography(message).iter().copied().peekable();
    for event in &events[begin..] {
        if named.peek() == Some(&event.id) {
            named.next();
            teller.tell(event);
        } else {
            match &event.what {
                What::Kafka { node, fact } => teller.concern(event, *node, fact),
                What::Redis { node, fact } => teller.kept_concern(event, *node, fact),
                _ => {}
            }
        }
    }
    teller.lines
}

/// `1 234 567`: digits in groups of three, as a hash is easier to compare.
fn digits(number: i64) -> String {
    let plain = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (index, digit) in plain.chars().enumerate() {
        if index > 0 && (plain.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

impl Teller<'_> {
    fn say(&mut self, event: &Event, words: impl Into<String>) {
        self.lines.push(Line::of(event, words));
    }

    fn plain(&mut self, event: &Event) {
        let words = sentence(self.timeline, event);
        self.say(event, words);
    }

    fn words(&self) -> Words<'_> {
        Words(self.timeline)
    }

    /// An event that names the message.
    fn tell(&mut self, event: &Event) {
        match &event.what {
            What::Kafka {
                fact: KafkaFact::Partitioned { partition, murmur2, partitions, .. },
                ..
            } => {
                let words = self.placed(partition, *murmur2, *partitions);
                self.say(event, words);
            }
            What::Kafka {
                node,
                fact: KafkaFact::Appended { partition, offset, leader_epoch, tag: Some(tag), .. },
            } => {
                let node = self.words().node(*node);
                let made = self.kept.copied.contains_key(&tag.copy);
                let (copy, why) = match (made, self.stored.is_empty()) {
                    (true, _) => ("that copy", ""),
                    (false, true) => ("it", ""),
                    (false, false) => (
                        "a further copy of it",
                        ": its producer had no answer to an earlier request and sent again",
                    ),
                };
                self.say(
                    event,
                    format!(
                        "{node} appended {copy} to {partition} at offset {offset}, leader epoch \
                         {leader_epoch}{why}."
                    ),
                );
                self.stored.push(Stored {
                    tag: *tag,
                    partition: partition.clone(),
                    offset: *offset,
                    visible: false,
                    committed: Vec::new(),
                    replicas: Vec::new(),
                });
            }
            What::Redis {
                node,
                fact: RedisFact::Queued { client, channel, pattern, buffered, .. },
            } => {
                let replica = self.timeline.node(*node);
                let replica = replica.is_some_and(|n| n.replicates(event.at));
                let (node, client) = (self.words().node(*node), self.words().client(*client));
                let how = if replica { ", which had it from its primary," } else { "" };
                let what = if *pattern { "Pattern" } else { "Channel" };
                self.say(
                    event,
                    format!(
                        "{what} {channel} of {client} matched: {node}{how} put a copy into its output \
                         buffer ({buffered} bytes now)."
                    ),
                );
            }
            What::Lab(LabFact::Handled { node, party, tag, repeated, replayed }) => {
                let node_name = self.words().node(*node);
                let before = self.handled.insert(*party, (*tag, event.at));
                let words = match before {
                    Some(before) if *repeated || *replayed => {
                        let why = self.again(event, *party, *tag, before);
                        let word = if *replayed { "replayed" } else { "repeated" };
                        format!("{node_name} handled it again ({word}){why}.")
                    }
                    Some(_) => format!(
                        "{node_name} handled it once more: it has it by another subscription."
                    ),
                    None => format!("{node_name} handled it."),
                };
                self.say(event, words);
            }
            What::Lab(LabFact::Stands { standing, party, .. }) => match standing {
                // What put it there was just told.
                Standing::OnItsWay | Standing::Waiting | Standing::Delivered => {}
                Standing::Lost(reason) => {
                    let root = self.timeline.chain(event.id).first().copied();
                    let party = self.words().party(*party);
                    let popped = self.popped_words(*reason);
                    let mut words = format!("It is lost to {party}: {}{popped}", reason.words());
                    if let Some(Event { what: What::Lab(LabFact::Commanded(action)), .. }) = root {
                        words = format!("{words} ({})", super::journal::done(action));
                    }
                    self.say(event, words + ".");
                }
                Standing::Parked | Standing::Refused => self.plain(event),
            },
            What::Lab(LabFact::RetryScheduled {
                node, tag, attempt, topic, not_before, ..
            }) => {
                self.kept.copied.insert(tag.copy, Made::Retry);
                let node = self.words().node(*node);
                self.say(
                    event,
                    format!(
                        "{node} failed on it and sent a copy to retry topic {topic} for attempt \
                         {attempt}, which begins at {not_before} at the earliest."
                    ),
                );
            }
            What::Lab(LabFact::DeadLettered { node, tag, attempts, topic, .. }) => {
                self.kept.copied.insert(tag.copy, Made::DeadLetter);
                let (node, times) =
                    (self.words().node(*node), count(*attempts as usize, "attempt"));
                self.say(
                    event,
                    format!("{node} gave it up after {times} and sent a copy to {topic}, where it is parked."),
                );
            }
            What::Lab(LabFact::Redriven { node, tag, topic }) => {
                self.kept.copied.insert(tag.copy, Made::Redrive);
                let node = self.words().node(*node);
                self.say(event, format!("You sent it back: {node} sent a copy to {topic}."));
            }
            What::Departed(hop) => self.sent(event, hop),
            What::Redis { node, fact } => self.kept(event, *node, fact),
            _ => self.plain(event),
        }
    }

    /// How the partition came about, with the arithmetic shown (Utils.murmur2, Utils.toPositive).
    fn placed(&self, partition: &TopicPartition, murmur2: Option<i32>, count: u32) -> String {
        let key = self.timeline.message(self.message).and_then(|message| message.key.clone());
        match (key, murmur2) {
            (Some(key), Some(hash)) => {
                let positive = hash & i32::MAX;
                let rest = positive as u32 % count.max(1);
                let made = if hash < 0 {
                    format!(", made positive {}", digits(i64::from(positive)))
                } else {
                    String::new()
                };
                format!(
                    "Key {key}: murmur2 = {}{made}, mod {count} = {rest}: partition {partition}.",
                    digits(i64::from(hash))
                )
            }
            (Some(key), None) => format!("Key {key} belongs to partition {partition}."),
            (None, _) => format!(
                "It has no key: it joins the batch that is being filled, for partition {partition}."
            ),
        }
    }

    /// Why a party handled it once more.
    fn again(
        &self,
        event: &Event,
        party: PartyId,
        tag: Tag,
        (before, handled): (Tag, Instant),
    ) -> String {
        let place = |tag: Tag| self.stored.iter().find(|stored| stored.tag.copy == tag.copy);
        match self.kept.copied.get(&tag.copy) {
            Some(Made::Redrive) => return " because it was sent back".to_owned(),
            Some(_) => return ": a copy of it had been sent there to be tried again".to_owned(),
            None => {}
        }
        if before.copy != tag.copy && place(before).is_some() && place(tag).is_some() {
            return ": a retry of its producer had put a second copy into the log".to_owned();
        }
        let Some(stored) = place(tag) else {
            return self.again_from_redis(event);
        };
        let group = self.words().party(party);
        let set = self.timeline.last_event(event.at, |other| {
            other.at >= handled
                && matches!(&other.what, What::Kafka {
                    fact: KafkaFact::PositionSet { group: of, partition, offset, .. }, ..
                } if *of == group && *partition == stored.partition && *offset <= stored.offset)
        });
        match set.map(|set| &set.what) {
            Some(What::Kafka { fact: KafkaFact::PositionSet { offset, reason, .. }, .. }) => {
                format!(
                    " because {group} read {} from {offset} again ({reason}): its bookmark had \
                     not moved past it",
                    stored.partition
                )
            }
            _ => String::new(),
        }
    }

    /// An event that names no message, but a place in a log where a copy lies.
    fn concern(&mut self, event: &Event, node: NodeId, fact: &KafkaFact) {
        let (place, reaches) = match fact {
            KafkaFact::Replicated { partition, end_offset, .. } => (partition, *end_offset),
            KafkaFact::HighWatermarkMoved { partition, offset }
            | KafkaFact::Committed { partition, offset, .. } => (partition, *offset),
            _ => return,
        };
        let name = self.words().node(node);
        let passed = |stored: &&mut Stored| stored.partition == *place && stored.offset < reaches;
        let Some(stored) = self.stored.iter_mut().find(passed) else { return };
        let words = match fact {
            KafkaFact::Replicated { .. } if !stored.replicas.contains(&node) => {
                stored.replicas.push(node);
                format!("{name} copied it from the leader of {place}.")
            }
            KafkaFact::HighWatermarkMoved { offset, .. } if !stored.visible => {
                stored.visible = true;
                format!("It is visible to consumers: the high watermark of {place} is {offset}.")
            }
            KafkaFact::Committed { group, offset, .. } if !stored.committed.contains(group) => {
                stored.committed.push(group.clone());
                format!(
                    "Group {group} moved its bookmark in {place} to {offset}, past it (committed \
                     offset)."
                )
            }
            _ => return,
        };
        self.say(event, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(digits(-1_234_567), "-1 234 567");
        assert_eq!([digits(0), digits(999), digits(1_000)], ["0", "999", "1 000"]);
    }
}
