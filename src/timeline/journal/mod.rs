//! Every event as one plain sentence, in the words of the systems' own documentation.
//!
//! Knows the timeline's names of things; a file for each system, one for what travels and one
//! for what people do.

mod done;
mod filter;
mod hop;
mod kafka;
mod lab;
mod redis;

pub use done::{done, rate};
pub use filter::{Filter, Kind};

use super::Timeline;
use crate::event::{
    ConnectionId, Course, Event, MessageId, Name, NodeId, PartyId, Tag, TopicPartition, What,
};

/// The event in words, with the names that the timeline knows. One sentence, with its full stop.
pub fn sentence(timeline: &Timeline, event: &Event) -> String {
    let words = Words(timeline);
    match &event.what {
        What::Departed(hop) => words.departed(event, hop),
        What::Ruled(ruling) => {
            let hop = timeline.hop(ruling.hop);
            let what = hop.map_or_else(|| "something under way".to_owned(), |h| words.cargo(h));
            match ruling.course {
                Course::Arrives(at) => format!("Will arrive at {at}: {what}."),
                Course::Held => format!("Held up by an interrupted link: {what}."),
                Course::Lost => format!("Gone with its connection: {what}."),
            }
        }
        What::Lab(fact) => words.lab(fact),
        What::Redis { node, fact } => words.redis(*node, fact),
        What::Kafka { node, fact } => words.kafka(*node, fact),
    }
}

/// `1 message`, `2 messages`, in English.
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// The names that a timeline knows.
pub(super) struct Words<'a>(pub(super) &'a Timeline);

impl Words<'_> {
    pub(super) fn node(&self, id: NodeId) -> Name {
        self.0.node(id).map_or_else(|| format!("node {}", id.0).into(), |node| node.name.clone())
    }

    /// A group's member by its consumer's name, which says more than the id that the coordinator
    /// made.
    pub(super) fn member(&self, id: &Name) -> Name {
        self.0.topology.members.who(id).map_or_else(|| id.clone(), |node| self.node(node))
    }

    pub(super) fn party(&self, id: PartyId) -> Name {
        self.0.party(id).map_or_else(|| format!("party {}", id.0).into(), |p| p.name.clone())
    }

    pub(super) fn client(&self, id: ConnectionId) -> Name {
        match self.0.wire(id) {
            Some(wire) => self.node(wire.client),
            None => format!("client {}", id.0).into(),
        }
    }

    pub(super) fn message(&self, id: MessageId) -> String {
        let number = self.0.message(id).map_or(id.0, |message| u64::from(message.number));
        format!("message {number}")
    }

    pub(super) fn tagged(&self, tag: Option<Tag>) -> String {
        tag.map_or_else(|| "a message".to_owned(), |tag| self.message(tag.message))
    }

    pub(super) fn messages(&self, tags: &[Tag]) -> String {
        let number = |tag: &Tag| match self.0.message(tag.message) {
            Some(message) => message.number.to_string(),
            None => tag.message.0.to_string(),
        };
        match tags {
            [] => "nothing".to_owned(),
            [one] => self.message(one.message),
            [first, .., last] => {
                format!("{} messages ({} to {})", tags.len(), number(first), number(last))
            }
        }
    }
}

/// Partitions with offsets: `orders-0 from 20`.
pub(super) fn places(from: &[(TopicPartition, u64)]) -> String {
    let all: Vec<String> = from.iter().map(|(place, at)| format!("{at} in {place}")).collect();
    if all.is_empty() { "the log's end".to_owned() } else { all.join(", ") }
}

/// How many entries, in words.
pub(super) fn entries(number: u64) -> String {
    if number == 1 { "1 entry".into() } else { format!("{number} entries") }
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
