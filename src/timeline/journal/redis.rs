//! Facts about Redis servers, in words.

use super::{Words, count, entries};
use crate::event::{NodeId, RedisFact};

impl Words<'_> {
    pub(super) fn redis(&self, node: NodeId, fact: &RedisFact) -> String {
        let node = self.node(node);
        match fact {
            RedisFact::Subscribed { client, channel, pattern } => {
                let what = if *pattern { "pattern" } else { "channel" };
                format!("{} subscribed to {what} {channel} on {node}.", self.client(*client))
            }
            RedisFact::Unsubscribed { client, channel, pattern } => {
                let what = if *pattern { "pattern" } else { "channel" };
                format!("{} left {what} {channel} on {node}.", self.client(*client))
            }
            RedisFact::Published { channel, tag, receivers } => {
                let message = self.tagged(*tag);
                format!(
                    "{node} published {message} on {channel} to {}.",
                    count(*receivers as usize, "receiver")
                )
            }
            RedisFact::Queued { client, tag, buffered, .. } => format!(
                "{node} put {} into the output buffer of {} ({buffered} bytes).",
                self.tagged(*tag),
                self.client(*client)
            ),
            RedisFact::Written { client, bytes, buffered } => format!(
                "{node} wrote {bytes} bytes to {}; {buffered} left in its output buffer.",
                self.client(*client)
            ),
            RedisFact::ClientClosed { client, reason, lost } => {
                let client = self.client(*client);
                if lost.is_empty() {
                    format!("{node} closed the connection of {client}: {reason}.")
                } else {
                    let lost = self.messages(lost);
                    format!("{node} closed the connection of {client}: {reason}; lost: {lost}.")
                }
            }
            RedisFact::EntryAdded { key, id, tag, length } => format!(
                "{node} added {} to stream {key} as {id}; it holds {}.",
                self.tagged(*tag),
                entries(*length)
            ),
            RedisFact::Trimmed { key, removed, length } => format!(
                "{node} trimmed {} off stream {key}; it holds {}.",
                entries(*removed),
                entries(*length)
            ),
            RedisFact::Delivered { key, group, consumer, id, tag, deliveries, .. } => format!(
                "{node} delivered {} ({key} {id}) to {consumer} of {group}: delivery {deliveries}.",
                self.tagged(*tag)
            ),
            RedisFact::Claimed { key, group, consumer, id, tag, deliveries } => format!(
                "{consumer} of {group} claimed {} ({key} {id}): delivery {deliveries}.",
                self.tagged(*tag)
            ),
            RedisFact::Acknowledged { key, group, id, tag } => {
                format!("{group} acknowledged {} ({key} {id}).", self.tagged(*tag))
            }
            RedisFact::PendingDropped { key, group, id } => {
                format!("{group} gave up pending entry {key} {id}: the stream no longer holds it.")
            }
            RedisFact::GroupCreated { key, group, id } => {
                format!("Group {group} was created on stream {key}; it reads behind {id}.")
            }
            RedisFact::GroupMoved { key, group, id } => {
                format!("Group {group} reads stream {key} behind {id} from now on.")
            }
            RedisFact::GroupDestroyed { key, group } => {
                format!("Group {group} of stream {key} was destroyed.")
            }
            RedisFact::ConsumerDeleted { key, group, consumer, pending } => format!(
                "{consumer} was deleted from group {group} of stream {key}, with {} that it had \
                 pending.",
                entries(*pending)
            ),
            RedisFact::KeyCopied { from, to } => {
                format!("On {node} key {to} holds what {from} held.")
            }
            RedisFact::EntryDeleted { key, id, length } => format!(
                "{node} deleted entry {id} from stream {key}; it holds {}.",
                entries(*length)
            ),
            RedisFact::ElementPushed { key, tag, length, .. } => format!(
                "{node} pushed {} to list {key}; it holds {}.",
                self.tagged(*tag),
                count(*length as usize, "element")
            ),
            RedisFact::ElementPopped { key, client, tag, length } => format!(
                "{node} popped {} off list {key}{}; it holds {}.",
                self.tagged(*tag),
                client.map_or_else(String::new, |id| format!(" for {}", self.client(id))),
                count(*length as usize, "element")
            ),
            RedisFact::ElementMoved { from, to, tag, .. } => {
                format!("{node} moved {} from list {from} to list {to}.", self.tagged(*tag))
            }
            RedisFact::ElementsRemoved { key, removed, length, .. } => format!(
                "{node} removed {} from list {key}; it holds {length}.",
                count(*removed as usize, "element")
            ),
            RedisFact::Replied { line, reply } => {
                format!("{node} answered {line}: {}.", reply.trim_end().replace('\n', ", "))
            }
            RedisFact::OffsetMoved { offset } => {
                format!("The replication stream of {node} is at {offset}.")
            }
            RedisFact::MemoryChanged { used, most: 0 } => {
                format!("{node} uses {used} bytes of memory.")
            }
            RedisFact::MemoryChanged { used, most } => {
                format!("{node} uses {used} of {most} bytes of memory.")
            }
            RedisFact::LimitsChanged { hard, soft, soft_seconds } => format!(
                "{node} closes a subscriber whose output buffer passes {hard} bytes, or {soft} bytes \
                 for {soft_seconds} s (0 is no limit)."
            ),
            RedisFact::LoopBusy { per_mille } => {
                let (whole, tenth) = (per_mille / 10, per_mille % 10);
                format!("The event loop of {node} is busy for {whole}.{tenth} % of the time.")
            }
            RedisFact::KeyDeleted { key } => format!("{node} deleted key {key}."),
            RedisFact::Flushed => format!("{node} emptied its data set."),
            RedisFact::Expired { key } => format!("Key {key} expired on {node}."),
            RedisFact::Evicted { key } => {
                format!("{node} evicted key {key}: memory was full.")
            }
            RedisFact::Blocked { client } => {
                format!("{} waits for a key on {node}.", self.client(*client))
            }
            RedisFact::Unblocked { client } => {
                format!("{} waits no longer.", self.client(*client))
            }
            RedisFact::ReplicaSynced { client, full, offset } => {
                let how = if *full { "the whole data set" } else { "what it missed" };
                format!("{node} sent {} {how}, up to {offset}.", self.client(*client))
            }
            RedisFact::LinkChanged { up: true, offset } => {
                format!("{node} is linked to its primary at {offset}.")
            }
            RedisFact::LinkChanged { offset, .. } => {
                format!("{node} lost its primary at {offset}.")
            }
            RedisFact::RoleChanged { primary } => {
                format!("{node} is a {} now.", if *primary { "primary" } else { "replica" })
            }
        }
    }
}
