//! What travels, in words.

use super::{Words, places};
use crate::event::{Cargo, Course, Event, Hop};

impl Words<'_> {
    pub(super) fn departed(&self, event: &Event, hop: &Hop) -> String {
        let (from, to) = (self.node(hop.from), self.node(hop.to));
        let what = self.cargo(hop);
        let tail = match hop.course {
            Course::Arrives(at) => format!("; it takes {}", at.since(event.at)),
            Course::Held => "; the link is interrupted, so it waits".to_owned(),
            Course::Lost => "; it is lost with its connection".to_owned(),
        };
        format!("{from} to {to}: {what}{tail}.")
    }

    /// What a hop carries, as a phrase.
    pub(super) fn cargo(&self, hop: &Hop) -> String {
        match &hop.cargo {
            Cargo::RedisSend { command, target } => {
                format!("{command} {target} with {}", self.messages(&hop.tags))
            }
            Cargo::RedisPush { channel } => {
                format!("{} pushed from channel {channel}", self.messages(&hop.tags))
            }
            Cargo::RedisCommand { command } => command.to_string(),
            Cargo::RedisReply { text } if hop.tags.is_empty() => format!("the answer {text}"),
            Cargo::RedisReply { text } => {
                format!("the answer {text} with {}", self.messages(&hop.tags))
            }
            Cargo::RedisReplicate { command } if hop.tags.is_empty() => {
                format!("{command} for the replica")
            }
            Cargo::RedisReplicate { command } => {
                format!("{command} for the replica with {}", self.messages(&hop.tags))
            }
            Cargo::Produce { partition } => {
                format!("Produce to {partition} with {}", self.messages(&hop.tags))
            }
            Cargo::ProduceAnswer { partition, error: Some(error), .. } => {
                format!("{partition} refused: {error}")
            }
            Cargo::ProduceAnswer { partition, base_offset: Some(offset), .. } => {
                format!("stored in {partition} at offset {offset}")
            }
            Cargo::ProduceAnswer { partition, .. } => format!("answer from {partition}"),
            Cargo::Fetch { from } => format!("Fetch: what is at {}?", places(from)),
            Cargo::Fetched { error: Some(error), .. } => format!("Fetch refused: {error}"),
            Cargo::Fetched { from, .. } if hop.tags.is_empty() => {
                if from.is_empty() {
                    "nothing new".to_owned()
                } else {
                    format!("nothing new at {}", places(from))
                }
            }
            Cargo::Fetched { from, .. } => {
                format!("{} from {}", self.messages(&hop.tags), places(from))
            }
            Cargo::Replicate { partition, offset, answer: false } => {
                format!("follower asks for {partition} from {offset}")
            }
            Cargo::Replicate { partition, offset, answer: true } => {
                format!("{partition} from {offset} for a follower")
            }
            Cargo::OffsetCommit { group, offsets } => {
                format!("OffsetCommit for {group}: next is {}", places(offsets))
            }
            Cargo::KafkaRequest { api } => api.to_string(),
            Cargo::KafkaAnswer { api, error: Some(error) } => format!("{api} refused: {error}"),
            Cargo::KafkaAnswer { api, .. } => format!("answer to {api}"),
        }
    }
}
