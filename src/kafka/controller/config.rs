//! The controller's configuration, by Kafka's names, with Kafka 4.3's defaults.

use crate::kafka::log::TopicConfig;

/// What the controller goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerConfig {
    /// The seed of the run: decides where replicas go.
    pub seed: u64,
    /// `broker.session.timeout.ms`.
    pub broker_session_timeout_ms: u64,
    /// `leader.imbalance.check.interval.seconds`, here in ms.
    pub leader_imbalance_check_interval_ms: u64,
    /// `auto.leader.rebalance.enable`.
    pub auto_leader_rebalance: bool,
    /// Feature `eligible.leader.replicas.version` 1: the default of new clusters since 4.1.
    pub eligible_leader_replicas: bool,
    /// `num.partitions`.
    pub num_partitions: u32,
    /// `default.replication.factor`.
    pub default_replication_factor: u32,
    /// What topics have that do not say otherwise.
    pub topic_defaults: TopicConfig,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            broker_session_timeout_ms: 9_000,
            leader_imbalance_check_interval_ms: 300_000,
            auto_leader_rebalance: true,
            eligible_leader_replicas: true,
            num_partitions: 1,
            default_replication_factor: 1,
            topic_defaults: TopicConfig::default(),
        }
    }
}
