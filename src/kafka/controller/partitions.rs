//! Changes to partitions: leaders and in-sync replicas (`ReplicationControlManager`).

use super::{Controller, Election, PartitionChange, PartitionRegistration};
use crate::event::{KafkaFact, TopicPartition};
use crate::kafka::broker::{Output, tell};
use crate::kafka::log::TopicConfig;
use crate::kafka::protocol::{
    AlterPartition, AlterPartitionRequest, AlterPartitionResponse, AlterPartitionResult, BrokerId,
    ElectLeadersRequest, ElectLeadersResponse, ElectionType, ErrorCode, LeaderRecoveryState,
};

impl Controller {
    /// A broker cannot be in sync any more.
    pub(super) fn remove_from_isr(&mut self, id: BrokerId, out: &mut Vec<Output>) {
        self.change_partitions(
            |partition| partition.isr.contains(&id),
            |change| change.without(id),
            out,
        );
    }

    /// A broker came back without having stopped in good order
    /// (`ReplicationControlManager#handleUncleanBrokerShutdown`). Without eligible leader
    /// replicas it is only taken out of sync.
    pub(super) fn broker_may_have_lost_records(&mut self, id: BrokerId, out: &mut Vec<Output>) {
        if !self.config.eligible_leader_replicas {
            return self.remove_from_isr(id, out);
        }
        self.change_partitions(
            |partition| partition.isr.contains(&id) || partition.elr.contains(&id),
            |change| change.unclean_shutdown(id),
            out,
        );
    }

    /// A broker came back: perhaps it can lead what nobody leads.
    pub(super) fn elect_where_nobody_leads(&mut self, out: &mut Vec<Output>) {
        self.change_partitions(|partition| partition.leader.is_none(), |change| change, out);
    }

    /// Moves leaders to the preferred replicas
    /// (`ReplicationControlManager#maybeBalancePartitionLeaders`).
    pub(super) fn balance_leaders(&mut self, out: &mut Vec<Output>) {
        self.elect_where_nobody_leads(out);
        if self.config.auto_leader_rebalance {
            self.change_partitions(
                |partition| partition.leader != partition.replicas.first().copied(),
                |change| change.election(Election::Preferred),
                out,
            );
        }
    }

    fn change_partitions(
        &mut self,
        which: impl Fn(&PartitionRegistration) -> bool,
        how: impl Fn(PartitionChange<'_>) -> PartitionChange<'_>,
        out: &mut Vec<Output>,
    ) {
        let concerned: Vec<TopicPartition> = self
            .image
            .topics
            .iter()
            .flat_map(|(topic, image)| {
                image
                    .partitions
                    .iter()
                    .zip(0..)
                    .filter(|(partition, _)| which(partition))
                    .map(|(_, partition)| TopicPartition { topic: topic.clone(), partition })
            })
            .collect();
        for key in concerned {
            if let Some(changed) = self.changed(&key, &how) {
                self.store(&key, &changed, out);
            }
        }
    }

    /// The partition after a change; none when nothing changes or there is no such partition.
    fn changed(
        &self,
        key: &TopicPartition,
        how: impl Fn(PartitionChange<'_>) -> PartitionChange<'_>,
    ) -> Option<PartitionRegistration> {
        let topic = self.image.topics.get(&key.topic)?;
        let partition = topic.partitions.get(key.partition as usize)?;
        let is_active = |id| self.image.is_active(id);
        let change = PartitionChange::new(
            partition,
            &is_active,
            effective_min_isr(&topic.config, partition),
            self.config.eligible_leader_replicas,
        );
        let election =
            if topic.config.unclean_leader_election { Election::Unclean } else { Election::Online };
        how(change.election(election)).build()
    }

    fn store(
        &mut self,
        key: &TopicPartition,
        changed: &PartitionRegistration,
        out: &mut Vec<Output>,
    ) {
        let Some(place) = self
            .change()
            .topics
            .get_mut(&key.topic)
            .and_then(|topic| topic.partitions.get_mut(key.partition as usize))
        else {
            return;
        };
        let before = std::mem::replace(place, changed.clone());
        if before.leader_epoch != changed.leader_epoch {
            let was_complete = |leader| {
                before.isr.contains(&leader)
                    || before.isr.is_empty() && before.elr.contains(&leader)
            };
            tell(
                out,
                &key.topic,
                KafkaFact::LeaderElected {
                    partition: key.clone(),
                    leader: changed.leader.map(|id| id.0),
                    leader_epoch: changed.leader_epoch,
                    unclean: changed.leader.is_some_and(|leader| !was_complete(leader)),
                },
            );
        }
        if before.isr != changed.isr || before.elr != changed.elr {
            let ids = |ids: &[BrokerId]| ids.iter().map(|id| id.0).collect();
            tell(
                out,
                &key.topic,
                KafkaFact::IsrChanged {
                    partition: key.clone(),
                    isr: ids(&changed.isr),
                    elr: ids(&changed.elr),
                },
            );
        }
    }

    /// `ReplicationControlManager#alterPartition`.
    pub(super) fn alter_partitions(
        &mut self,
        request: AlterPartitionRequest,
        out: &mut Vec<Output>,
    ) -> AlterPartitionResponse {
        let leader = request.broker_id;
        let epoch = self.image.brokers.get(&leader).map(|known| known.epoch);
        if epoch != Some(request.broker_epoch) {
            let error_code = ErrorCode::StaleBrokerEpoch;
            return AlterPartitionResponse { error_code, partitions: Vec::new() };
        }
        let mut partitions = Vec::with_capacity(request.partitions.len());
        for proposal in request.partitions {
            let mut error_code = self.validate(leader, &proposal).err().unwrap_or_default();
            if error_code == ErrorCode::None {
                let isr: Vec<BrokerId> = proposal.new_isr.iter().map(|&(id, _)| id).collect();
                let recovery = proposal.leader_recovery_state;
                let changed = self.changed(&proposal.partition, |change| {
                    change.target_isr(isr.clone()).recovery(recovery)
                });
                if let Some(changed) = changed {
                    if changed.leader != Some(leader) {
                        error_code = ErrorCode::NewLeaderElected;
                    }
                    self.store(&proposal.partition, &changed, out);
                }
            }
            let now = self.image.partition(&proposal.partition).cloned().unwrap_or_default();
            partitions.push(AlterPartitionResult {
                partition: proposal.partition,
                error_code,
                leader_id: now.leader,
                leader_epoch: now.leader_epoch,
                isr: now.isr,
                leader_recovery_state: now.recovery,
                partition_epoch: now.partition_epoch,
            });
        }
        AlterPartitionResponse { error_code: ErrorCode::None, partitions }
    }

    /// `ReplicationControlManager#validateAlterPartitionData`.
    fn validate(&self, leader: BrokerId, proposal: &AlterPartition) -> Result<(), ErrorCode> {
        let partition =
            self.image.partition(&proposal.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if proposal.leader_epoch > partition.leader_epoch
            || proposal.partition_epoch > partition.partition_epoch
        {
            // The leader knows more than this controller: there must be a newer one.
            return Err(ErrorCode::NotController);
        }
        if proposal.leader_epoch < partition.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if partition.leader != Some(leader) {
            return Err(ErrorCode::InvalidRequest);
        }
        if proposal.partition_epoch < partition.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        let assigned = |&(id, _): &(BrokerId, u64)| partition.replicas.contains(&id);
        let recovering = proposal.leader_recovery_state == LeaderRecoveryState::Recovering;
        if !proposal.new_isr.iter().all(assigned)
            || !proposal.new_isr.iter().any(|&(id, _)| id == leader)
            || recovering && proposal.new_isr.len() > 1
            || recovering && partition.recovery == LeaderRecoveryState::Recovered
        {
            return Err(ErrorCode::InvalidRequest);
        }
        let eligible = |&(id, epoch): &(BrokerId, u64)| {
            let known = self.image.brokers.get(&id);
            known.is_some_and(|known| known.is_active() && known.epoch == epoch)
        };
        if !proposal.new_isr.iter().all(eligible) {
            return Err(ErrorCode::IneligibleReplica);
        }
        Ok(())
    }

    /// `ReplicationControlManager#electLeaders`.
    pub(super) fn elect_leaders(
        &mut self,
        request: &ElectLeadersRequest,
        out: &mut Vec<Output>,
    ) -> ElectLeadersResponse {
        let all = || {
            let of_topic = |(topic, count): (&crate::event::Name, usize)| {
                let topic = topic.clone();
                (0..count as u32)
                    .map(move |partition| TopicPartition { topic: topic.clone(), partition })
            };
            let topics =
                self.image.topics.iter().map(|(name, topic)| (name, topic.partitions.len()));
            topics.flat_map(of_topic).collect()
        };
        let everywhere = request.partitions.is_none();
        let wanted: Vec<TopicPartition> = request.partitions.clone().unwrap_or_else(all);
        let mut partitions = Vec::with_capacity(wanted.len());
        for key in wanted {
            let error = self.elect(&key, request.election_type, out).err().unwrap_or_default();
            // Asked for all partitions, Kafka leaves out those that need no election.
            if !(everywhere && error == ErrorCode::ElectionNotNeeded) {
                partitions.push((key, error));
            }
        }
        ElectLeadersResponse { partitions }
    }

    fn elect(
        &mut self,
        key: &TopicPartition,
        election: ElectionType,
        out: &mut Vec<Output>,
    ) -> Result<(), ErrorCode> {
        let partition = self.image.partition(key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let (needed, how, failure) = match election {
            ElectionType::Preferred => (
                partition.leader != partition.replicas.first().copied(),
                Election::Preferred,
                ErrorCode::PreferredLeaderNotAvailable,
            ),
            ElectionType::Unclean => (
                partition.leader.is_none(),
                Election::Unclean,
                ErrorCode::EligibleLeadersNotAvailable,
            ),
        };
        if !needed {
            return Err(ErrorCode::ElectionNotNeeded);
        }
        let changed = self.changed(key, |change| change.election(how)).ok_or(failure)?;
        self.store(key, &changed, out);
        Ok(())
    }
}

/// `min(min.insync.replicas, replication factor)`.
pub(super) fn effective_min_isr(config: &TopicConfig, partition: &PartitionRegistration) -> usize {
    (config.min_insync_replicas as usize).min(partition.replicas.len())
}
