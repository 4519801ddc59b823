//! What a client knows of the cluster (`org.apache.kafka.clients.Metadata`).

use crate::event::{Name, TopicPartition};
use crate::kafka::protocol::{BrokerId, ErrorCode, MetadataRequest, MetadataResponse};
use crate::sim::{Instant, SortedMap, SortedSet, Span};

/// Who leads a partition, as far as the client knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) broker: Option<BrokerId>,
    pub(crate) epoch: u32,
}

/// The client's picture of the cluster, and when to renew it.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    bootstrap: Vec<BrokerId>,
    brokers: Vec<BrokerId>,
    topics: SortedMap<Name, Vec<Leader>>,
    wanted: SortedSet<Name>,
    /// Topics that some answer spoke of, if only to say that they do not exist.
    answered: SortedSet<Name>,
    update_wanted: bool,
    asked: bool,
    /// Not before: the back-off after the last try (`retry.backoff.ms`).
    not_before: Instant,
    expires: Instant,
    max_age: Span,
    backoff: Span,
}

impl Metadata {
    pub(crate) fn new(bootstrap: Vec<BrokerId>, max_age: Span, backoff: Span) -> Self {
        Self {
            brokers: bootstrap.clone(),
            bootstrap,
            topics: SortedMap::new(),
            wanted: SortedSet::new(),
            answered: SortedSet::new(),
            update_wanted: true,
            asked: false,
            not_before: Instant::ZERO,
            expires: Instant::ZERO + max_age,
            max_age,
            backoff,
        }
    }

    /// Brokers to talk to: the bootstrap list until the first answer.
    pub(crate) fn brokers(&self) -> &[BrokerId] {
        &self.brokers
    }

    /// None of the known brokers can be reached: the bootstrap list is the list again
    /// (`metadata.recovery.strategy=rebootstrap`, the default since Kafka 4.0; KIP-899).
    pub(crate) fn rebootstrap(&mut self) {
        self.brokers.clone_from(&self.bootstrap);
    }

    /// Adds a topic of interest.
    pub(crate) fn want(&mut self, topic: &Name) {
        if self.wanted.insert(topic.clone()) {
            self.update_wanted = true;
            self.not_before = Instant::ZERO;
        }
    }

    /// Something suggests that the picture is out of date.
    pub(crate) fn request_update(&mut self) {
        self.update_wanted = true;
    }

    /// How many partitions a topic has; none while unknown.
    pub(crate) fn partitions(&self, topic: &str) -> Option<u32> {
        self.topics.get(topic).map(|partitions| partitions.len() as u32)
    }

    /// Who leads; none while the partition is unknown.
    pub(crate) fn leader(&self, partition: &TopicPartition) -> Option<Leader> {
        self.topics.get(&partition.topic)?.get(partition.partition as usize).copied()
    }

    /// The broker to ask about a partition.
    pub(crate) fn leader_id(&self, partition: &TopicPartition) -> Option<BrokerId> {
        self.leader(partition)?.broker
    }

    /// A broker said who leads now (KIP-951); true when that is news.
    pub(crate) fn learn_leader(
        &mut self,
        partition: &TopicPartition,
        leader: Option<BrokerId>,
        epoch: u32,
    ) -> bool {
        let known = self.topics.get_mut(&partition.topic);
        let Some(known) = known.and_then(|list| list.get_mut(partition.partition as usize)) else {
            return false;
        };
        if leader.is_none() || epoch <= known.epoch {
            return false;
        }
        *known = Leader { broker: leader, epoch };
        true
    }

    /// Whether an answer has spoken of the topic, if only to say that it does not exist.
    pub(crate) fn has_answer_for(&self, topic: &str) -> bool {
        self.answered.contains(topic)
    }

    /// Whether to ask now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        !self.asked && now >= self.not_before && (self.update_wanted || now >= self.expires)
    }

    /// When to ask next, apart from waiting for an answer.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        if self.asked {
            return None;
        }
        Some(if self.update_wanted { self.not_before } else { self.expires.max(self.not_before) })
    }

    /// The question; the caller sends it at once.
    pub(crate) fn ask(&mut self, now: Instant) -> MetadataRequest {
        self.asked = true;
        self.not_before = now + self.backoff;
        MetadataRequest {
            topics: Some(self.wanted.iter().cloned().collect()),
            allow_auto_topic_creation: true,
        }
    }

    /// No answer will come.
    pub(crate) fn failed(&mut self, now: Instant) {
        self.asked = false;
        self.update_wanted = true;
        self.not_before = now + self.backoff;
    }

    /// The answer came. Older leader epochs than the known ones are not believed.
    pub(crate) fn update(&mut self, now: Instant, response: &MetadataResponse) {
        self.asked = false;
        self.update_wanted = false;
        self.expires = now + self.max_age;
        if !response.brokers.is_empty() {
            self.brokers.clone_from(&response.brokers);
        }
        for topic in &response.topics {
            self.answered.insert(topic.name.clone());
            if topic.error_code != ErrorCode::None {
                self.update_wanted |= topic.error_code.is_retriable();
                continue;
            }
            let known = self.topics.entry(topic.name.clone()).or_default();
            for partition in &topic.partitions {
                let fresh = Leader { broker: partition.leader_id, epoch: partition.leader_epoch };
                let index = partition.partition_index as usize;
                if index >= known.len() {
                    known.resize(index + 1, Leader { broker: None, epoch: 0 });
                    known[index] = fresh;
                } else if fresh.epoch >= known[index].epoch {
                    known[index] = fresh;
                }
                // `Metadata#handleMetadataResponse`: a partition without leader asks again.
                self.update_wanted |= known[index].broker.is_none();
            }
        }
    }
}
