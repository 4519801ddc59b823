//! Who leads a partition and who may lead it next (`PartitionChangeBuilder`; eligible leader
//! replicas: KIP-966 part 1).

use super::PartitionRegistration;
use crate::kafka::protocol::{BrokerId, LeaderRecoveryState};
use crate::sim::SortedSet;

/// What an election may go for (`PartitionChangeBuilder.Election`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The first replica of the assignment when it is in sync, else as `Online`.
    Preferred,
    /// Only replicas that have every record below the high watermark.
    Online,
    /// Any replica that is alive, when there is no other.
    Unclean,
}

/// A change to a partition, in the making.
pub struct PartitionChange<'a> {
    partition: &'a PartitionRegistration,
    is_acceptable_leader: &'a dyn Fn(BrokerId) -> bool,
    min_isr: usize,
    elr_enabled: bool,
    election: Election,
    isr: Vec<BrokerId>,
    elr: Vec<BrokerId>,
    unclean_shutdown: Option<BrokerId>,
    recovery: LeaderRecoveryState,
}

/// What becomes of the leader.
#[derive(Clone, Copy, Default)]
enum Leader {
    #[default]
    Unchanged,
    Nobody,
    Elected(BrokerId),
}

/// What becomes of the fields (`PartitionChangeRecord`); none: nothing.
#[derive(Default)]
struct Record {
    leader: Leader,
    isr: Option<Vec<BrokerId>>,
    elr: Option<Vec<BrokerId>>,
    last_known_elr: Option<Vec<BrokerId>>,
    recovery: Option<LeaderRecoveryState>,
}

impl<'a> PartitionChange<'a> {
    /// A change to `partition`. Who can lead now is `is_acceptable_leader`'s to say; `min_isr` is
    /// the effective `min.insync.replicas`.
    pub fn new(
        partition: &'a PartitionRegistration,
        is_acceptable_leader: &'a dyn Fn(BrokerId) -> bool,
        min_isr: usize,
        elr_enabled: bool,
    ) -> Self {
        Self {
            partition,
            is_acceptable_leader,
            min_isr,
            elr_enabled,
            election: Election::Online,
            isr: partition.isr.clone(),
            elr: partition.elr.clone(),
            unclean_shutdown: None,
            recovery: partition.recovery,
        }
    }

    /// How to elect; [`Election::Online`] unless said.
    #[must_use]
    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    /// The in-sync replicas it shall have.
    #[must_use]
    pub fn target_isr(mut self, isr: Vec<BrokerId>) -> Self {
        self.isr = isr;
        self
    }

    /// Takes a broker out of the in-sync replicas.
    #[must_use]
    pub fn without(mut self, broker: BrokerId) -> Self {
        self.isr.retain(|&replica| replica != broker);
        self
    }

    /// A broker came back and may have lost records: it is neither in sync nor eligible.
    #[must_use]
    pub fn unclean_shutdown(mut self, broker: BrokerId) -> Self {
        self.unclean_shutdown = Some(broker);
        self.without(broker)
    }

    /// The leader says whether it is ready.
    #[must_use]
    pub fn recovery(mut self, recovery: LeaderRecoveryState) -> Self {
        self.recovery = recovery;
        self
    }

    /// The partition after the change; none when nothing changes
    /// (`PartitionChangeBuilder#build`).
    pub fn build(mut self) -> Option<PartitionRegistration> {
        let mut record = Record::default();
        self.populate_elr();
        self.try_election(&mut record);
        self.update_elr(&mut record);
        // Only with eligible leader replicas may the in-sync replicas become none.
        if record.isr.is_none()
            && (!self.isr.is_empty() || self.elr_enabled)
            && self.isr != self.partition.isr
        {
            record.isr = Some(self.isr.clone());
        }
        self.update_last_known_leader(&mut record);
        if self.recovery != self.partition.recovery {
            record.recovery = Some(self.recovery);
        }
        record.apply(self.partition)
    }

    fn populate_elr(&mut self) {
        if !self.elr_enabled {
            return;
        }
        if self.isr.len() >= self.min_isr {
            self.elr.clear();
            return;
        }
        let candidates: SortedSet<BrokerId> =
            self.elr.iter().chain(&self.partition.isr).copied().collect();
        self.elr = candidates
            .into_iter()
            .filter(|replica| !self.isr.contains(replica))
            .filter(|&replica| self.unclean_shutdown != Some(replica))
            .collect();
    }

    fn is_valid_new_leader(&self, replica: BrokerId) -> bool {
        let complete =
            self.isr.contains(&replica) || self.isr.is_empty() && self.elr.contains(&replica);
        complete && (self.is_acceptable_leader)(replica)
    }

    /// The leader and whether it may lack records that were below the high watermark.
    fn elect(&self) -> Option<(BrokerId, bool)> {
        let replicas = &self.partition.replicas;
        let valid = |&replica: &BrokerId| self.is_valid_new_leader(replica);
        let preferred = match self.election {
            Election::Preferred => replicas.first().copied().filter(valid),
            Election::Online | Election::Unclean => None,
        };
        let clean = preferred
            .or_else(|| self.partition.leader.filter(valid))
            .or_else(|| replicas.iter().copied().find(valid));
        if let Some(leader) = clean {
            return Some((leader, false));
        }
        let unclean = self.last_known_leader().or_else(|| {
            let alive = |&replica: &BrokerId| (self.is_acceptable_leader)(replica);
            (self.election == Election::Unclean).then(|| replicas.iter().copied().find(alive))?
        });
        unclean.map(|leader| (leader, true))
    }

    /// The one that led last, when nobody is known to have everything.
    fn last_known_leader(&self) -> Option<BrokerId> {
        match self.partition.last_known_elr[..] {
            [last]
                if self.elr_enabled
                    && self.elr.is_empty()
                    && self.isr.is_empty()
                    && (self.is_acceptable_leader)(last) =>
            {
                Some(last)
            }
            _ => None,
        }
    }

    fn try_election(&mut self, record: &mut Record) {
        let elected = self.elect();
        let leader = elected.map(|(leader, _)| leader);
        if leader == self.partition.leader {
            return;
        }
        record.leader = leader.map_or(Leader::Nobody, Leader::Elected);
        let Some((leader, unclean)) = elected else { return };
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|&replica| replica != leader);
        }
        if unclean {
            // The others may have records the leader lacks.
            record.isr = Some(vec![leader]);
            if self.partition.recovery != LeaderRecoveryState::Recovering {
                record.recovery = Some(LeaderRecoveryState::Recovering);
            }
        }
    }

    fn update_elr(&mut self, record: &mut Record) {
        if record.isr.is_some() || !self.elr_enabled {
            self.elr.clear();
        }
        if self.elr != self.partition.elr {
            record.elr = Some(self.elr.clone());
        }
    }

    fn update_last_known_leader(&self, record: &mut Record) {
        if !self.elr_enabled {
            return;
        }
        let was = self.partition.leader;
        let becomes_empty = record.isr.as_ref().is_some_and(Vec::is_empty);
        if becomes_empty && was.is_some_and(|was| self.partition.last_known_elr != [was]) {
            record.last_known_elr = was.map(|leader| vec![leader]);
        } else if !self.partition.last_known_elr.is_empty()
            && match record.leader {
                Leader::Unchanged => was.is_some(),
                Leader::Nobody => false,
                Leader::Elected(_) => true,
            }
        {
            record.last_known_elr = Some(Vec::new());
        }
    }
}

impl Record {
    /// `PartitionRegistration#merge`.
    fn apply(self, partition: &PartitionRegistration) -> Option<PartitionRegistration> {
        if matches!(self.leader, Leader::Unchanged)
            && self.isr.is_none()
            && self.elr.is_none()
            && self.last_known_elr.is_none()
            && self.recovery.is_none()
        {
            return None;
        }
        let mut changed = partition.clone();
        changed.partition_epoch += 1;
        match self.leader {
            Leader::Unchanged => {}
            Leader::Nobody => changed.leader = None,
            Leader::Elected(leader) => changed.leader = Some(leader),
        }
        if !matches!(self.leader, Leader::Unchanged) {
            changed.leader_epoch += 1;
        }
        changed.isr = self.isr.unwrap_or(changed.isr);
        changed.elr = self.elr.unwrap_or(changed.elr);
        changed.last_known_elr = self.last_known_elr.unwrap_or(changed.last_known_elr);
        changed.recovery = self.recovery.unwrap_or(changed.recovery);
        Some(changed)
    }
}
