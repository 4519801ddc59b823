//! Configurations that are changed at run time (`ConfigurationControlManager`,
//! `DynamicBrokerConfig`).
//!
//! Simplification: of a broker's configurations only those can be changed that are defaults of
//! its topics; Kafka has more, of threads and listeners, which this model does not have.

use super::Controller;
use crate::event::{KafkaFact, Name};
use crate::kafka::broker::{Output, topic_synonym};
use crate::kafka::log::InvalidConfig;
use crate::kafka::protocol::{
    ConfigResource, ErrorCode, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

type Refused = (ErrorCode, Option<Name>);

impl Controller {
    pub(super) fn alter_configs(
        &mut self,
        request: IncrementalAlterConfigsRequest,
        out: &mut Vec<Output>,
    ) -> IncrementalAlterConfigsResponse {
        let resources = request.resources.into_iter().map(|(resource, changes)| {
            match self.alter(&resource, &changes) {
                Ok(of) => {
                    for (name, value) in changes {
                        let of = of.clone();
                        Self::fact(out, KafkaFact::ConfigChanged { of, name, value });
                    }
                    (ErrorCode::None, None)
                }
                Err(refused) => refused,
            }
        });
        IncrementalAlterConfigsResponse { resources: resources.collect() }
    }

    /// Whether this cannot be changed for a single broker: with eligible leader replicas it must
    /// be the same for all (`ConfigurationControlManager#isDisallowedBrokerMinIsrTransition`).
    fn is_disallowed(&self, name: &str) -> bool {
        name == "min.insync.replicas" && self.config.eligible_leader_replicas
    }

    /// All changes of a resource, or none.
    fn alter(
        &mut self,
        resource: &ConfigResource,
        changes: &[(Name, Name)],
    ) -> Result<Name, Refused> {
        match resource {
            ConfigResource::Topic(name) => {
                let unknown = (ErrorCode::UnknownTopicOrPartition, None);
                let topic = self.image.topics.get(name).ok_or(unknown)?;
                let mut config = topic.config.clone();
                for (name, value) in changes {
                    config.set(name, value).map_err(|wrong| invalid(&wrong))?;
                }
                if let Some(topic) = self.change().topics.get_mut(name) {
                    topic.config = config;
                    topic.overrides.extend(changes.iter().cloned());
                }
                Ok(format!("topic {name}").into())
            }
            ConfigResource::Broker(id) => {
                if !self.image.brokers.contains_key(id) {
                    return Err((ErrorCode::BrokerIdNotRegistered, None));
                }
                let mut config = self.config.topic_defaults.clone();
                for (name, value) in changes {
                    if self.is_disallowed(name) {
                        let words =
                            format!("Broker-level {name} cannot be altered while ELR is enabled.");
                        return Err((ErrorCode::InvalidConfig, Some(words.into())));
                    }
                    let Some(synonym) = topic_synonym(name) else {
                        let words = format!("Cannot update these configs dynamically: Set({name})");
                        return Err((ErrorCode::InvalidRequest, Some(words.into())));
                    };
                    config.set(synonym, value).map_err(|wrong| invalid(&wrong))?;
                }
                let own = self.change().broker_configs.entry(*id).or_default();
                own.extend(changes.iter().cloned());
                Ok(format!("broker {}", id.0).into())
            }
        }
    }
}

/// What a client is told of a value that a configuration cannot have.
pub(super) fn invalid(wrong: &InvalidConfig) -> Refused {
    let InvalidConfig { name, value, expected } = wrong;
    let words = format!("Invalid value {value} for configuration {name}: it must be {expected}");
    (ErrorCode::InvalidConfig, Some(words.into()))
}
