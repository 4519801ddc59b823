//! `Metadata`: what this broker knows of the cluster.

use super::{Broker, Output};
use crate::event::Name;
use crate::kafka::controller::{
    BrokerRegistration, ClusterImage, PartitionRegistration, TopicImage,
};
use crate::kafka::log::TopicConfig;
use crate::kafka::protocol::{
    BrokerId, ErrorCode, MetadataRequest, MetadataResponse, MetadataResponsePartition,
    MetadataResponseTopic,
};
use crate::sim::Instant;

/// The longest name of a topic (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME_LENGTH: usize = 249;

/// Whether a topic may have this name (`Topic#validate`).
pub(super) fn is_valid_topic_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= MAX_NAME_LENGTH
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// A cluster of one broker and no topic.
pub(super) fn single_image(id: BrokerId) -> ClusterImage {
    let registration = BrokerRegistration {
        epoch: 0,
        incarnation_id: 0,
        rack: None,
        fenced: false,
        in_controlled_shutdown: false,
    };
    ClusterImage {
        offset: 0,
        controller: Some(id),
        brokers: [(id, registration)].into(),
        topics: [].into(),
    }
}

/// The metadata with one more topic, all of it on `id`.
pub(super) fn with_topic(
    image: &ClusterImage,
    name: Name,
    partitions: u32,
    config: TopicConfig,
    id: BrokerId,
) -> Result<ClusterImage, ErrorCode> {
    if !is_valid_topic_name(&name) {
        return Err(ErrorCode::InvalidTopicException);
    }
    if image.topics.contains_key(&name) {
        return Err(ErrorCode::TopicAlreadyExists);
    }
    if partitions == 0 {
        return Err(ErrorCode::InvalidPartitions);
    }
    let registration = PartitionRegistration {
        replicas: vec![id],
        isr: vec![id],
        leader: Some(id),
        ..PartitionRegistration::default()
    };
    let topic = TopicImage { partitions: vec![registration; partitions as usize], config };
    let mut image = image.clone();
    image.offset += 1;
    image.topics.insert(name, topic);
    Ok(image)
}

impl Broker {
    pub(super) fn metadata(
        &mut self,
        now: Instant,
        request: MetadataRequest,
        out: &mut Vec<Output>,
    ) -> MetadataResponse {
        let names: Vec<Name> = match request.topics {
            Some(names) => names,
            None => self.image.topics.keys().cloned().collect(),
        };
        let mut topics = Vec::with_capacity(names.len());
        let mut missing = Vec::new();
        for name in names {
            if let Some(topic) = self.image.topics.get(&name) {
                topics.push(MetadataResponseTopic {
                    error_code: ErrorCode::None,
                    partitions: self.partition_metadata(topic),
                    name,
                });
                continue;
            }
            let valid = is_valid_topic_name(&name);
            let error_code = if valid {
                ErrorCode::UnknownTopicOrPartition
            } else {
                ErrorCode::InvalidTopicException
            };
            if valid && request.allow_auto_topic_creation && self.config.auto_create_topics {
                missing.push(name.clone());
            }
            topics.push(MetadataResponseTopic { error_code, name, partitions: Vec::new() });
        }
        // The answer still says "unknown": the topic is there when the client asks again.
        for name in missing {
            let (partitions, config) =
                (self.config.num_partitions, self.config.topic_defaults.clone());
            // Cannot fail but for a name that two entries of the request share.
            let _ = self.create_topic(now, name, partitions, config, out);
        }
        MetadataResponse { brokers: self.alive(), controller_id: self.image.controller, topics }
    }

    fn alive(&self) -> Vec<BrokerId> {
        self.image.brokers.iter().filter(|(_, b)| !b.fenced).map(|(&id, _)| id).collect()
    }

    fn partition_metadata(&self, topic: &TopicImage) -> Vec<MetadataResponsePartition> {
        let fenced = |id: &BrokerId| self.image.brokers.get(id).is_none_or(|b| b.fenced);
        topic
            .partitions
            .iter()
            .zip(0..)
            .map(|(registration, partition_index)| MetadataResponsePartition {
                error_code: match registration.leader {
                    Some(_) => ErrorCode::None,
                    None => ErrorCode::LeaderNotAvailable,
                },
                partition_index,
                leader_id: registration.leader,
                leader_epoch: registration.leader_epoch,
                replica_nodes: registration.replicas.clone(),
                isr_nodes: registration.isr.clone(),
                offline_replicas: registration.replicas.iter().copied().filter(fenced).collect(),
            })
            .collect()
    }
}
