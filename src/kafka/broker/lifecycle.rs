//! A broker that registers, stays in touch with the controller, stops and starts again
//! (`BrokerLifecycleManager`).

use super::cluster::Question;
use super::{Broker, Output};
use crate::kafka::controller::{Controller, ControllerConfig};
use crate::kafka::protocol::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, ErrorCode,
};
use crate::sim::{Instant, Span};

/// The first pause before a registration is tried again, in ms; it doubles.
const FIRST_BACKOFF_MS: u64 = 100;
/// The longest pause, in ms.
const MAX_BACKOFF_MS: u64 = 4_500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not registered.
    Starting { attempts: u32 },
    /// Registered with this broker epoch.
    Registered { epoch: u64, stopping: bool },
    /// Stopped in good order, at this epoch.
    Stopped { epoch: u64 },
}

/// Where a broker is in its life.
#[derive(Clone, Debug)]
pub(super) struct Lifecycle {
    state: State,
    /// Tells one start of the process from another.
    incarnation: u64,
    /// From the file that a clean shutdown leaves.
    previous_epoch: Option<u64>,
    /// When to speak to the controller next; none while its answer is awaited.
    next: Option<Instant>,
}

impl Lifecycle {
    pub(super) fn starting(now: Instant, previous_epoch: Option<u64>, incarnation: u64) -> Self {
        let state = State::Starting { attempts: 0 };
        Self { state, incarnation, previous_epoch, next: Some(now) }
    }

    pub(super) fn epoch(&self) -> Option<u64> {
        match self.state {
            State::Registered { epoch, .. } => Some(epoch),
            State::Starting { .. } | State::Stopped { .. } => None,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.epoch().is_some()
    }

    pub(super) fn has_stopped(&self) -> bool {
        matches!(self.state, State::Stopped { .. })
    }

    pub(super) fn next_communication(&self) -> Option<Instant> {
        self.next
    }
}

impl Broker {
    /// Makes this process the controller too, with this broker registered and alive.
    pub(super) fn embed_controller(&mut self) {
        let config = ControllerConfig {
            seed: self.config.seed,
            num_partitions: self.config.num_partitions,
            default_replication_factor: 1,
            topic_defaults: self.config.topic_defaults.clone(),
            ..ControllerConfig::default()
        };
        self.controller = Some(Controller::new(self.id, config).hosting(self.id));
        // Nobody can have seen the start of a cluster that has just been made.
        let unseen = &mut Vec::new();
        self.communicate(Instant::ZERO, unseen);
        self.communicate(Instant::ZERO, unseen);
    }

    /// Whether the process has stopped after [`Self::shut_down`].
    pub fn has_stopped(&self) -> bool {
        self.lifecycle.has_stopped()
    }

    /// Begins a controlled shutdown: the controller moves leaderships away, then the broker
    /// stops ([`Self::has_stopped`]). A broker that is its own controller stops at once.
    pub fn shut_down(&mut self, now: Instant, out: &mut Vec<Output>) {
        match &mut self.lifecycle.state {
            State::Registered { epoch, .. } if self.controller.is_some() => {
                self.lifecycle.state = State::Stopped { epoch: *epoch };
            }
            State::Registered { stopping, .. } => {
                *stopping = true;
                self.lifecycle.next = Some(now);
                self.communicate(now, out);
            }
            State::Starting { .. } | State::Stopped { .. } => {}
        }
    }

    /// The process starts again, after a crash or a shutdown: logs, and the high watermark as it
    /// was last checkpointed, are on disk; all else is gone. It registers with its next
    /// [`Self::tick`], which is due at once.
    pub fn restart(&mut self, now: Instant) {
        let previous_epoch = match self.lifecycle.state {
            State::Stopped { epoch } => {
                // A clean shutdown writes the checkpoint.
                self.partitions.values_mut().for_each(super::Partition::checkpoint);
                Some(epoch)
            }
            State::Starting { .. } | State::Registered { .. } => None,
        };
        let incarnation = self.lifecycle.incarnation + 1;
        let mut partitions = std::mem::take(&mut self.partitions);
        partitions.values_mut().for_each(super::Partition::restart);
        let controller = self.controller.take().map(|mut controller| {
            controller.restart(now);
            controller
        });
        let block = self.next_producer_id.next_multiple_of(super::produce::PRODUCER_ID_BLOCK);
        let fresh = Self::new(self.id, self.controller_id, self.config.clone(), now);
        *self = Self {
            partitions,
            controller,
            lifecycle: Lifecycle::starting(now, previous_epoch, incarnation),
            // Answers to questions from before must not be taken for others.
            next_correlation: self.next_correlation,
            next_producer_id: block,
            ..fresh
        };
    }

    /// Speaks to the controller when it is time.
    pub(super) fn communicate(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.lifecycle.next.is_none_or(|at| at > now) {
            return;
        }
        self.lifecycle.next = None;
        match self.lifecycle.state {
            State::Starting { .. } => {
                let request = BrokerRegistrationRequest {
                    broker_id: self.id,
                    incarnation_id: self.lifecycle.incarnation,
                    rack: self.config.rack.clone(),
                    previous_broker_epoch: self.lifecycle.previous_epoch,
                };
                self.ask_controller(now, Question::Registration, request.into(), out);
            }
            State::Registered { epoch, stopping } => {
                let request = BrokerHeartbeatRequest {
                    broker_id: self.id,
                    broker_epoch: epoch,
                    current_metadata_offset: self.image.offset,
                    want_fence: false,
                    want_shut_down: stopping,
                };
                self.ask_controller(now, Question::Heartbeat, request.into(), out);
            }
            State::Stopped { .. } => {}
        }
    }

    pub(super) fn registered(
        &mut self,
        now: Instant,
        response: &BrokerRegistrationResponse,
        out: &mut Vec<Output>,
    ) {
        let State::Starting { attempts } = self.lifecycle.state else { return };
        match response.broker_epoch {
            Some(epoch) if response.error_code == ErrorCode::None => {
                self.lifecycle.state = State::Registered { epoch, stopping: false };
                self.lifecycle.next = Some(now);
                if self.controller.is_some() {
                    self.adopt_embedded_image(now, out);
                } else {
                    self.fetch_metadata(now, out);
                }
                self.communicate(now, out);
            }
            _ => self.retry_registration(now, attempts),
        }
    }

    fn retry_registration(&mut self, now: Instant, attempts: u32) {
        self.lifecycle.state = State::Starting { attempts: attempts + 1 };
        let backoff = FIRST_BACKOFF_MS << attempts.min(8);
        self.lifecycle.next = Some(now + Span::from_millis(backoff.min(MAX_BACKOFF_MS)));
    }

    pub(super) fn heartbeat_answered(&mut self, now: Instant, answer: &BrokerHeartbeatResponse) {
        let State::Registered { epoch, .. } = self.lifecycle.state else { return };
        if answer.error_code == ErrorCode::None && answer.should_shut_down {
            self.lifecycle.state = State::Stopped { epoch };
            self.lifecycle.next = None;
            return;
        }
        // The controller of this very process cannot lose sight of it.
        let embedded = self.controller.is_some() && !answer.is_fenced;
        let interval = Span::from_millis(self.config.broker_heartbeat_interval_ms);
        self.lifecycle.next = (!embedded).then(|| now + interval);
    }

    /// New metadata arrived; a broker that waits to be unfenced says so at once.
    pub(super) fn caught_up(&mut self, now: Instant, out: &mut Vec<Output>) {
        let fenced = self.image.brokers.get(&self.id).is_some_and(|me| me.fenced);
        if fenced && self.lifecycle.is_running() && self.lifecycle.next.is_some() {
            self.lifecycle.next = Some(now);
            self.communicate(now, out);
        }
    }

    pub(super) fn controller_silent(&mut self, now: Instant, question: &Question) {
        match (question, self.lifecycle.state) {
            (Question::Registration, State::Starting { attempts }) => {
                self.retry_registration(now, attempts);
            }
            (Question::Heartbeat, State::Registered { .. }) => {
                self.lifecycle.next = Some(now + Span::from_millis(FIRST_BACKOFF_MS * 5));
            }
            _ => {}
        }
    }
}
