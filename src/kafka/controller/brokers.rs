//! Brokers that register, are alive, are fenced and go (`ClusterControlManager`,
//! `BrokerHeartbeatManager`).

use super::{BrokerRegistration, Controller};
use crate::event::KafkaFact;
use crate::kafka::broker::Output;
use crate::kafka::protocol::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerId, BrokerRegistrationRequest,
    BrokerRegistrationResponse, ErrorCode,
};
use crate::sim::{Instant, Span};

/// How often the controller looks for brokers it has not heard of, in parts of the session
/// time-out (`QuorumController#maybeFenceStaleBroker`'s period).
const FENCE_CHECKS_PER_SESSION: u64 = 8;

impl Controller {
    fn session_timeout(&self) -> Span {
        Span::from_millis(self.config.broker_session_timeout_ms)
    }

    /// `ClusterControlManager#registerBroker`.
    pub(super) fn register(
        &mut self,
        now: Instant,
        request: &BrokerRegistrationRequest,
        out: &mut Vec<Output>,
    ) -> BrokerRegistrationResponse {
        let id = request.broker_id;
        let known = self.image.brokers.get(&id);
        if let Some(known) = known {
            if known.incarnation_id == request.incarnation_id {
                let broker_epoch = Some(known.epoch);
                return BrokerRegistrationResponse { error_code: ErrorCode::None, broker_epoch };
            }
            let alive = self
                .sessions
                .get(&id)
                .is_some_and(|&last_contact| now.since(last_contact) < self.session_timeout());
            if alive && !known.in_controlled_shutdown {
                let error_code = ErrorCode::DuplicateBrokerRegistration;
                return BrokerRegistrationResponse { error_code, broker_epoch: None };
            }
        }
        let clean = known.is_none_or(|known| request.previous_broker_epoch == Some(known.epoch));
        let image = self.change();
        let epoch = image.offset;
        let registration = BrokerRegistration {
            epoch,
            incarnation_id: request.incarnation_id,
            rack: request.rack.clone(),
            fenced: true,
            in_controlled_shutdown: false,
        };
        image.brokers.insert(id, registration);
        self.sessions.insert(id, now);
        Self::fact(out, KafkaFact::BrokerRegistered { broker: id.0, epoch });
        if clean {
            self.remove_from_isr(id, out);
        } else {
            self.broker_may_have_lost_records(id, out);
        }
        BrokerRegistrationResponse { error_code: ErrorCode::None, broker_epoch: Some(epoch) }
    }

    /// `ReplicationControlManager#processBrokerHeartbeat`,
    /// `BrokerHeartbeatManager#calculateNextBrokerState`.
    pub(super) fn heartbeat(
        &mut self,
        now: Instant,
        request: &BrokerHeartbeatRequest,
        out: &mut Vec<Output>,
    ) -> BrokerHeartbeatResponse {
        let id = request.broker_id;
        let refuse = |error_code| BrokerHeartbeatResponse { error_code, ..Default::default() };
        let Some(known) = self.image.brokers.get(&id) else {
            return refuse(ErrorCode::BrokerIdNotRegistered);
        };
        if known.epoch != request.broker_epoch {
            return refuse(ErrorCode::StaleBrokerEpoch);
        }
        let is_caught_up = request.current_metadata_offset >= known.epoch;
        let (fenced, stopping) = (known.fenced, known.in_controlled_shutdown);
        self.sessions.insert(id, now);
        let mut should_shut_down = false;
        if request.want_shut_down {
            if !fenced && !stopping {
                self.begin_controlled_shutdown(id, out);
            }
            should_shut_down = fenced || !self.leads_any(id);
            if should_shut_down && !fenced {
                self.fence(id, out);
            }
        } else if fenced && !request.want_fence && is_caught_up {
            self.unfence(id, out);
            self.schedule_fence_check(now);
        } else if !fenced && request.want_fence {
            self.fence(id, out);
        }
        let is_fenced = self.image.brokers.get(&id).is_none_or(|known| known.fenced);
        let error_code = ErrorCode::None;
        BrokerHeartbeatResponse { error_code, is_caught_up, is_fenced, should_shut_down }
    }

    fn begin_controlled_shutdown(&mut self, id: BrokerId, out: &mut Vec<Output>) {
        if let Some(known) = self.change().brokers.get_mut(&id) {
            known.in_controlled_shutdown = true;
        }
        self.remove_from_isr(id, out);
    }

    fn leads_any(&self, id: BrokerId) -> bool {
        let mut partitions = self.image.topics.values().flat_map(|topic| &topic.partitions);
        partitions.any(|partition| partition.leader == Some(id))
    }

    /// Takes a broker out of everything (`ReplicationControlManager#handleBrokerFenced`).
    pub(super) fn fence(&mut self, id: BrokerId, out: &mut Vec<Output>) {
        if let Some(known) = self.change().brokers.get_mut(&id) {
            known.fenced = true;
        }
        Self::fact(out, KafkaFact::BrokerFenced { broker: id.0 });
        self.remove_from_isr(id, out);
    }

    fn unfence(&mut self, id: BrokerId, out: &mut Vec<Output>) {
        if let Some(known) = self.change().brokers.get_mut(&id) {
            known.fenced = false;
        }
        Self::fact(out, KafkaFact::BrokerUnfenced { broker: id.0 });
        self.elect_where_nobody_leads(out);
    }

    /// Whether a broker is alive as long as it says so, and no longer.
    fn is_watched(&self, id: BrokerId, known: &BrokerRegistration) -> bool {
        !known.fenced && self.hosts != Some(id)
    }

    fn schedule_fence_check(&mut self, now: Instant) {
        if !self.image.brokers.iter().any(|(&id, known)| self.is_watched(id, known)) {
            return;
        }
        let period = self.config.broker_session_timeout_ms / FENCE_CHECKS_PER_SESSION;
        self.next_fence_check.get_or_insert(now + Span::from_millis(period));
    }

    /// Fences brokers whose session is over: one a pass, the next pass at once when there are
    /// more.
    pub(super) fn fence_stale_brokers(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.next_fence_check = None;
        let timeout = self.session_timeout();
        let stale: Vec<BrokerId> = self
            .image
            .brokers
            .iter()
            .filter(|(id, known)| self.is_watched(**id, known))
            .filter(|(id, _)| {
                let last_contact = self.sessions.get(id);
                last_contact.is_none_or(|&last_contact| now.since(last_contact) >= timeout)
            })
            .map(|(&id, _)| id)
            .collect();
        for id in stale {
            self.fence(id, out);
        }
        self.schedule_fence_check(now);
    }
}
