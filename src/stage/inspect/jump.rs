//! Moments worth jumping to.

use crate::event::{Event, KafkaFact, LabFact, RedisFact, Standing, What};

/// A kind of moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// A message is lost.
    Loss,
    /// A message is handled again.
    Repeat,
    /// A message is parked, or a handler fails on it.
    Failure,
    /// A group begins to rebalance.
    Rebalance,
    /// A partition gets another leader.
    Leader,
    /// Redis cuts a client off.
    Cut,
    /// A person does something.
    Command,
}

/// All kinds, with what one of them is called.
pub const JUMPS: [(Jump, &str); 7] = [
    (Jump::Loss, "loss"),
    (Jump::Repeat, "repeat"),
    (Jump::Failure, "failure"),
    (Jump::Rebalance, "rebalance"),
    (Jump::Leader, "leader election"),
    (Jump::Cut, "client cut off by Redis"),
    (Jump::Command, "command of yours"),
];

impl Jump {
    /// Whether an event is of this kind.
    pub fn wants(self, event: &Event) -> bool {
        match (self, &event.what) {
            (Self::Loss, What::Lab(LabFact::Stands { standing, .. })) => {
                matches!(standing, Standing::Lost(_))
            }
            (Self::Repeat, What::Lab(LabFact::Handled { repeated, .. })) => *repeated,
            (Self::Failure, What::Lab(LabFact::HandlingFailed { .. })) => true,
            (Self::Failure, What::Lab(LabFact::Stands { standing, .. })) => {
                *standing == Standing::Parked
            }
            (Self::Rebalance, What::Kafka { fact: KafkaFact::GroupChanged { state, .. }, .. }) => {
                &**state == "PreparingRebalance"
            }
            (Self::Leader, What::Kafka { fact: KafkaFact::LeaderElected { .. }, .. }) => true,
            (Self::Cut, What::Redis { fact: RedisFact::ClientClosed { .. }, .. }) => true,
            (Self::Command, What::Lab(LabFact::Commanded(_))) => true,
            _ => false,
        }
    }
}
