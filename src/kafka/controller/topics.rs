//! Topics and partitions that are created (`ReplicationControlManager#createTopics`,
//! `#createPartitions`).

use super::configs::invalid;
use super::{Controller, PartitionRegistration, TopicImage, UsableBroker, place};
use crate::event::{KafkaFact, Name, Settings, TopicPartition};
use crate::kafka::broker::{Output, tell};
use crate::kafka::log::TopicConfig;
use crate::kafka::protocol::{
    BrokerId, CreatableTopic, CreatePartitionsRequest, CreatePartitionsResponse,
    CreateTopicsRequest, CreateTopicsResponse, ErrorCode,
};

/// The longest name of a topic (`Topic.MAX_NAME_LENGTH`).
const MAX_NAME_LENGTH: usize = 249;

/// Whether a topic may have this name (`Topic#validate`).
pub fn is_valid_topic_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= MAX_NAME_LENGTH
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

impl Controller {
    pub(super) fn create_topics(
        &mut self,
        request: CreateTopicsRequest,
        out: &mut Vec<Output>,
    ) -> CreateTopicsResponse {
        let topics = request
            .topics
            .into_iter()
            .map(|topic| {
                let name = topic.name.clone();
                match self.creatable(topic, out) {
                    Ok(()) => (name, ErrorCode::None, None),
                    Err((error, message)) => (name, error, message),
                }
            })
            .collect();
        CreateTopicsResponse { topics }
    }

    fn creatable(
        &mut self,
        topic: CreatableTopic,
        out: &mut Vec<Output>,
    ) -> Result<(), (ErrorCode, Option<Name>)> {
        let mut config = self.config.topic_defaults.clone();
        for (name, value) in &topic.configs {
            config.set(name, value).map_err(|wrong| invalid(&wrong))?;
        }
        let assignment = if topic.assignments.is_empty() {
            let default = self.config.num_partitions as i32;
            let partitions = u32::try_from(topic.num_partitions.unwrap_or(default)).unwrap_or(0);
            let default = self.config.default_replication_factor as i32;
            let factor = topic.replication_factor.map_or(default, i32::from);
            self.check_name(&topic.name).map_err(|error| (error, None))?;
            if partitions == 0 {
                return Err((ErrorCode::InvalidPartitions, None));
            }
            let brokers = self.usable_brokers();
            place(&mut self.random, &brokers, partitions, factor).map_err(|error| (error, None))?
        } else {
            self.check_name(&topic.name).map_err(|error| (error, None))?;
            topic.assignments
        };
        let overrides = topic.configs.into_iter().collect();
        let created = self.create(&topic.name, assignment, config, overrides, out);
        created.map_err(|error| (error, None))
    }

    /// Creates a topic with replicas chosen by the controller.
    pub fn create_topic(
        &mut self,
        name: &Name,
        partitions: u32,
        replication_factor: u32,
        config: TopicConfig,
        out: &mut Vec<Output>,
    ) -> Result<(), ErrorCode> {
        self.check_name(name)?;
        if partitions == 0 {
            return Err(ErrorCode::InvalidPartitions);
        }
        let brokers = self.usable_brokers();
        let factor = i32::try_from(replication_factor).unwrap_or(i32::MAX);
        let assignment = place(&mut self.random, &brokers, partitions, factor)?;
        self.create(name, assignment, config, Settings::new(), out)?;
        self.publish(out);
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), ErrorCode> {
        if !is_valid_topic_name(name) {
            return Err(ErrorCode::InvalidTopicException);
        }
        if self.image.topics.contains_key(name) {
            return Err(ErrorCode::TopicAlreadyExists);
        }
        Ok(())
    }

    fn create(
        &mut self,
        name: &Name,
        assignment: Vec<Vec<BrokerId>>,
        config: TopicConfig,
        overrides: Settings,
        out: &mut Vec<Output>,
    ) -> Result<(), ErrorCode> {
        let replication_factor = assignment.first().map_or(0, Vec::len) as u32;
        let partitions: Vec<PartitionRegistration> = assignment
            .into_iter()
            .map(|replicas| self.registration(replicas))
            .collect::<Result<_, _>>()?;
        let count = partitions.len() as u32;
        let image = TopicImage { partitions, config, overrides };
        self.change().topics.insert(name.clone(), image);
        let topic = name.clone();
        let created = KafkaFact::TopicCreated { topic, partitions: count, replication_factor };
        tell(out, name, created);
        self.tell_placed(name, 0, out);
        Ok(())
    }

    /// Tells where the partitions from `first` on were placed.
    fn tell_placed(&self, name: &Name, first: usize, out: &mut Vec<Output>) {
        let Some(topic) = self.image.topics.get(name) else { return };
        let numbers = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect();
        for (partition, placed) in (0_u32..).zip(&topic.partitions).skip(first) {
            let fact = KafkaFact::Placed {
                partition: TopicPartition { topic: name.clone(), partition },
                replicas: numbers(&placed.replicas),
                leader: placed.leader.map(|id| id.0),
                isr: numbers(&placed.isr),
            };
            tell(out, name, fact);
        }
    }

    /// A new partition: in sync are the replicas that are alive, the first of them leads.
    fn registration(&self, replicas: Vec<BrokerId>) -> Result<PartitionRegistration, ErrorCode> {
        let known = |id| self.image.brokers.contains_key(id);
        let unique = replicas.iter().enumerate().all(|(i, id)| !replicas[..i].contains(id));
        let isr: Vec<BrokerId> =
            replicas.iter().copied().filter(|&id| self.image.is_active(id)).collect();
        if isr.is_empty() || !unique || !replicas.iter().all(known) {
            return Err(ErrorCode::InvalidReplicaAssignment);
        }
        let leader = isr.first().copied();
        Ok(PartitionRegistration { replicas, isr, leader, ..PartitionRegistration::default() })
    }

    fn usable_brokers(&self) -> Vec<UsableBroker> {
        let usable = |(&id, known): (&BrokerId, &super::BrokerRegistration)| UsableBroker {
            id,
            rack: known.rack.clone(),
            // One that shuts down is not yet fenced, but takes nothing new.
            fenced: !known.is_active(),
        };
        self.image.brokers.iter().map(usable).collect()
    }

    pub(super) fn create_partitions(
        &mut self,
        request: CreatePartitionsRequest,
        out: &mut Vec<Output>,
    ) -> CreatePartitionsResponse {
        let topics = request
            .topics
            .into_iter()
            .map(|(name, count)| {
                let error = self.grow(&name, count, out).err().unwrap_or_default();
                (name, error)
            })
            .collect();
        CreatePartitionsResponse { topics }
    }

    fn grow(&mut self, name: &Name, count: i32, out: &mut Vec<Output>) -> Result<(), ErrorCode> {
        let topic = self.image.topics.get(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let now = topic.partitions.len() as u32;
        let factor = topic.partitions.first().map_or(0, |first| first.replicas.len()) as i32;
        let count = u32::try_from(count).unwrap_or(0);
        // Partitions only become more.
        if count <= now {
            return Err(ErrorCode::InvalidPartitions);
        }
        let brokers = self.usable_brokers();
        let added: Vec<PartitionRegistration> =
            place(&mut self.random, &brokers, count - now, factor)?
                .into_iter()
                .map(|replicas| self.registration(replicas))
                .collect::<Result<_, _>>()?;
        if let Some(topic) = self.change().topics.get_mut(name) {
            topic.partitions.extend(added);
        }
        let topic = name.clone();
        tell(out, name, KafkaFact::PartitionsAdded { topic, partitions: count });
        self.tell_placed(name, now as usize, out);
        Ok(())
    }
}
