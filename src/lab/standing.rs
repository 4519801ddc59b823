//! What the ledger is told, and when: the rules by which a message changes its standing.

use super::World;
use super::node::{InHand, Node, Role};
use crate::event::{
    Carrier, CopyId, EventId, LabFact, LostReason, MessageId, Name, PartyId, Standing, System, Tag,
    TopicPartition, What,
};
use crate::sim::{SortedMap, SortedSet};
use std::collections::VecDeque;

/// Which message lies at which offset, for what leaves a log at its left end.
pub(super) type Logs = SortedMap<TopicPartition, VecDeque<(u64, Tag)>>;

/// What an application copies a record for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Its party gave it up: it is parked.
    Park(PartyId),
    /// Its party tries it again later.
    Retry(PartyId),
    /// Everybody who reads the topic reads it (again): a further reading.
    Redrive,
}

/// What became of messages that applications copied.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    under_way: SortedMap<CopyId, Aim>,
    /// Where a message waits for a party since it was copied for it; else where it was sent to.
    places: SortedMap<(MessageId, PartyId), TopicPartition>,
    redriven: SortedSet<(MessageId, CopyId)>,
}

impl Copies {
    /// A copy was handed to a producer.
    pub(super) fn sent(&mut self, copy: CopyId, aim: Aim) {
        self.under_way.insert(copy, aim);
    }

    /// It will not get anywhere.
    pub(super) fn dropped(&mut self, copy: CopyId) {
        self.under_way.remove(&copy);
    }

    /// A party's copy lies in this partition now.
    pub(super) fn moved(&mut self, message: MessageId, party: PartyId, to: TopicPartition) {
        self.places.insert((message, party), to);
    }

    /// A copy was sent back by a tool.
    pub(super) fn redriven(&mut self, tag: Tag) {
        self.redriven.insert((tag.message, tag.copy));
    }

    /// Whether what waits for a party of a message waits in this partition.
    pub(super) fn waits_in(
        &self,
        message: MessageId,
        party: PartyId,
        partition: &TopicPartition,
    ) -> bool {
        self.places.get(&(message, party)).is_none_or(|place| place == partition)
    }

    fn forget(&mut self, message: MessageId) {
        if self.places.is_empty() && self.redriven.is_empty() {
            return;
        }
        let all = (message, PartyId(0))..=(message, PartyId(u32::MAX));
        let gone: Vec<_> = self.places.range(all).map(|(key, _)| *key).collect();
        for key in gone {
            self.places.remove(&key);
        }
        let all = (message, CopyId(0))..=(message, CopyId(u64::MAX));
        let gone: Vec<_> = self.redriven.range(all).copied().collect();
        for key in gone {
            self.redriven.remove(&key);
        }
    }
}

/// What a process reads, and for which party.
fn owed_by(role: &Role) -> Option<(Carrier, PartyId)> {
    let carrier = match role {
        Role::Subscriber(_) => Carrier::PubSub,
        Role::Consumer(_) => Carrier::Kafka,
        Role::StreamReader(_) => Carrier::Stream,
        Role::ListWorker(_) => Carrier::List,
        _ => return None,
    };
    role.handler().map(|(_, party)| (carrier, party))
}

impl World {
    /// Opens the ledger for a message that was just sent to `topic`.
    pub(super) fn owe(
        &mut self,
        message: MessageId,
        topic: &Name,
        carriers: &[Carrier],
        sent: EventId,
    ) {
        let mut parties: Vec<PartyId> = Vec::new();
        for node in &self.nodes {
            let Some((carrier, party)) = owed_by(&node.role) else { continue };
            let owed = carriers.contains(&carrier)
                && match &node.role {
                    // A party of one ends with its process; a group outlives its members.
                    Role::Subscriber(subscriber) => !node.is_going() && subscriber.wants(topic),
                    Role::Consumer(reader) => reader.topics.contains(topic),
                    Role::StreamReader(reader) => {
                        reader.stream == *topic && (reader.group.is_some() || !node.is_going())
                    }
                    Role::ListWorker(worker) => worker.list == *topic,
                    _ => false,
                };
            if owed && !parties.contains(&party) {
                parties.push(party);
            }
        }
        let sent_by = |carrier: Carrier| carriers.contains(&carrier);
        let kept = Some(Standing::Waiting);
        let redis = if sent_by(Carrier::Stream) || sent_by(Carrier::List) {
            kept
        } else {
            let lost = Standing::Lost(LostReason::NotSubscribed);
            sent_by(Carrier::PubSub).then_some(lost)
        };
        let nobody = [redis, kept.filter(|_| sent_by(Carrier::Kafka))];
        self.ledger.open(message, self.now, &parties, nobody);
        for party in parties {
            let standing = Standing::OnItsWay;
            let fact = LabFact::Stands { message, party, standing, sent: self.now };
            self.emit(Some(sent), What::Lab(fact));
        }
    }

    /// Moves a message to another standing with a party and says so, if that changes anything.
    pub(super) fn settle(
        &mut self,
        message: MessageId,
        party: PartyId,
        standing: Standing,
        cause: Option<EventId>,
    ) {
        let Some(change) = self.ledger.settle(self.now, message, party, standing) else { return };
        let sent = change.sent;
        let fact = LabFact::Stands { message, party, standing, sent };
        self.emit(cause, What::Lab(fact));
        self.fold(message);
    }

    pub(super) fn fold(&mut self, message: MessageId) {
        if self.ledger.fold(message) {
            self.drafts.remove(&message);
            self.copies_of.forget(message);
            let all = (message, PartyId(0))..=(message, PartyId(u32::MAX));
            let asked: Vec<_> = self.reread.range(all).copied().collect();
            for pair in asked {
                self.reread.remove(&pair);
            }
            let first = (message, PartyId(0), "".into(), false);
            let all = self.heard.range(first..).take_while(|(of, ..)| *of == message);
            let heard: Vec<_> = all.cloned().collect();
            for copy in heard {
                self.heard.remove(&copy);
            }
        }
    }

    /// The message will not reach this party any more, unless it already has.
    pub(super) fn lose(
        &mut self,
        message: MessageId,
        party: PartyId,
        reason: LostReason,
        cause: Option<EventId>,
    ) {
        let standing = self.ledger.standing(message, party);
        if matches!(standing, Some(Standing::OnItsWay | Standing::Waiting | Standing::Parked)) {
            self.settle(message, party, Standing::Lost(reason), cause);
        }
    }

    /// The sender got an error: every party that still expected it by this carrier.
    pub(super) fn refuse(&mut self, message: MessageId, carrier: Carrier, cause: Option<EventId>) {
        for (party, standing) in self.ledger.standings(message) {
            let expects = |node: &Node| owed_by(&node.role) == Some((carrier, party));
            if standing == Standing::OnItsWay && self.nodes.iter().any(expects) {
                self.settle(message, party, Standing::Refused, cause);
            }
        }
    }

    /// A party's position was set to `offset` without reading: what it thereby passes over is
    /// lost to it, what it thereby comes back to waits again or is read once more. What was sent
    /// before there was such a party is owed to it from here on.
    pub(super) fn position_set(
        &mut self,
        group: &Name,
        partition: &TopicPartition,
        offset: u64,
        asked: bool,
        event: EventId,
    ) {
        let Some(party) = self.group_party(group) else { return };
        if asked {
            let end =
                self.logs.get(partition).and_then(|log| log.back()).map_or(0, |last| last.0 + 1);
            self.replays.insert((party, partition.clone()), (offset, end));
        }
        let Some(log) = self.logs.get(partition) else { return };
        let entries: Vec<_> = log.iter().copied().collect();
        let reads = self.readers_of(&partition.topic).contains(&party);
        for (at, Tag { message, .. }) in entries {
            if at >= offset && reads && self.ledger.admit(message, party) {
                self.settle(message, party, Standing::Waiting, Some(event));
                continue;
            }
            let standing = self.ledger.standing(message, party);
            let here = self.copies_of.waits_in(message, party, partition);
            let reopened =
                matches!(standing, Some(Standing::Lost(LostReason::Skipped | LostReason::Failed)));
            if at < offset
                && here
                && standing == Some(Standing::Waiting)
                && !self.in_hands(party, message)
            {
                self.settle(message, party, Standing::Lost(LostReason::Skipped), Some(event));
            } else if at >= offset && reopened {
                self.settle(message, party, Standing::Waiting, Some(event));
            }
        }
    }

    /// Whether a delivery belongs to a further reading that somebody asked for.
    pub(super) fn is_replay(&self, party: PartyId, job: &InHand) -> bool {
        let Some(record) = &job.record else { return false };
        self.copies_of.redriven.contains(&(job.tag.message, job.tag.copy))
            || self
                .replays
                .get(&(party, record.partition.clone()))
                .is_some_and(|(from, to)| (*from..*to).contains(&record.offset))
    }

    fn in_hands(&self, party: PartyId, message: MessageId) -> bool {
        self.nodes.iter().any(|node| match &node.role {
            Role::Consumer(reader) => reader.party == party && reader.handler.holds(message),
            _ => false,
        })
    }

    /// The parties whose consumers read a topic.
    pub(super) fn readers_of(&self, topic: &Name) -> Vec<PartyId> {
        let mut parties: Vec<PartyId> = Vec::new();
        for node in &self.nodes {
            if let Role::Consumer(reader) = &node.role
                && reader.topics.contains(topic)
                && !parties.contains(&reader.party)
            {
                parties.push(reader.party);
            }
        }
        parties
    }

    /// The parties of a system in the order they were added.
    pub(super) fn parties_of(&self, system: System) -> Vec<PartyId> {
        self.ledger
            .parties()
            .filter(|(_, party)| party.system == system)
            .map(|(id, _)| id)
            .collect()
    }

    /// A log took a record: it waits there for every group that is owed it.
    pub(super) fn record_appended(
        &mut self,
        partition: &TopicPartition,
        offset: u64,
        tag: Tag,
        event: EventId,
    ) {
        let message = tag.message;
        self.ledger.stored(message, true);
        self.appended.insert(tag.copy, event);
        self.logs.entry(partition.clone()).or_default().push_back((offset, tag));
        if let Some(aim) = self.copies_of.under_way.remove(&tag.copy) {
            return self.copied(tag, aim, partition, event);
        }
        for party in self.parties_of(System::Kafka) {
            let standing = self.ledger.standing(message, party);
            if standing.is_some_and(|s| s == Standing::OnItsWay || s.is_lost_by_replicas()) {
                self.settle(message, party, Standing::Waiting, Some(event));
            }
        }
    }

    /// Copies are gone: the new leader of their partition does not have them.
    pub(super) fn copies_gone(
        &mut self,
        partition: &TopicPartition,
        tags: impl Iterator<Item = Tag>,
        reason: LostReason,
        event: EventId,
    ) {
        let parties = self.parties_of(System::Kafka);
        for Tag { message, copy } in tags {
            self.appended.remove(&copy);
            self.ledger.stored(message, false);
            for &party in &parties {
                let standing = self.ledger.standing(message, party);
                if matches!(standing, Some(Standing::Waiting | Standing::Parked))
                    && self.copies_of.waits_in(message, party, partition)
                {
                    self.lose(message, party, reason, Some(event));
                }
            }
        }
    }

    /// The records before `start` left a log.
    pub(super) fn records_deleted(
        &mut self,
        partition: &TopicPartition,
        start: u64,
        event: EventId,
    ) {
        let Some(log) = self.logs.get_mut(partition) else { return };
        let kept = log.partition_point(|&(offset, _)| offset < start);
        let gone: Vec<_> = log.drain(..kept).collect();
        let parties = self.parties_of(System::Kafka);
        for (_, Tag { message, copy }) in gone {
            self.appended.remove(&copy);
            self.ledger.stored(message, false);
            for &party in &parties {
                if self.copies_of.waits_in(message, party, partition) {
                    self.lose(message, party, LostReason::Retention, Some(event));
                }
            }
            self.fold(message);
        }
    }
}
