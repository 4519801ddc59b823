//! `Metadata`: what this broker knows of the cluster.

use super::cluster::Question;
use super::{Broker, Output};
use crate::event::Name;
use crate::kafka::controller::{TopicImage, is_valid_topic_name};
use crate::kafka::protocol::{
    BrokerId, CreatableTopic, CreateTopicsRequest, ErrorCode, MetadataRequest, MetadataResponse,
    MetadataResponsePartition, MetadataResponseTopic,
};
use crate::sim::Instant;

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
                missing.push(self.creatable(name.clone()));
            }
            topics.push(MetadataResponseTopic { error_code, name, partitions: Vec::new() });
        }
        // The answer still says "unknown": the topic is there when the client asks again.
        if !missing.is_empty() {
            let request = CreateTopicsRequest { topics: missing };
            self.ask_controller(now, Question::CreateTopic, request.into(), out);
        }
        MetadataResponse { brokers: self.alive(), controller_id: self.image.controller, topics }
    }

    /// A topic to be created as this broker's configuration says.
    fn creatable(&self, name: Name) -> CreatableTopic {
        CreatableTopic {
            name,
            num_partitions: Some(self.config.num_partitions as i32),
            replication_factor: Some(self.config.default_replication_factor as i16),
            assignments: Vec::new(),
            configs: Vec::new(),
        }
    }

    pub(super) fn alive(&self) -> Vec<BrokerId> {
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
