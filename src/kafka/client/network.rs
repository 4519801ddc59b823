//! Connections to brokers, requests under way on them, and the metadata that the client keeps up
//! to date by itself (`NetworkClient` with its `DefaultMetadataUpdater`,
//! `ClusterConnectionStates`, `InFlightRequests`).

use super::{Backoff, ClientOutput, Metadata};
use crate::kafka::protocol::{BrokerId, Request, Response};
use crate::sim::{Instant, SortedMap, Span};

/// `socket.connection.setup.timeout.ms`.
const CONNECTION_SETUP_TIMEOUT: Span = Span::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `reconnect.backoff.ms` runs until then.
    Down {
        retry_at: Instant,
    },
    Connecting {
        gives_up_at: Instant,
    },
    Up,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    state: State,
    failures: u32,
}

#[derive(Clone, Debug)]
struct InFlight<P> {
    broker: BrokerId,
    expires: Instant,
    /// None: the question for metadata.
    purpose: Option<P>,
}

/// The settings of a client that are about connections and metadata.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// `request.timeout.ms`.
    pub(crate) request_timeout: Span,
    /// `reconnect.backoff.ms`.
    pub(crate) reconnect_backoff: Span,
    /// `reconnect.backoff.max.ms`.
    pub(crate) reconnect_backoff_max: Span,
    /// `retry.backoff.ms`.
    pub(crate) retry_backoff: Span,
    /// `metadata.max.age.ms`.
    pub(crate) metadata_max_age: Span,
}

/// All connections of one client, and what it knows of the cluster. `P` is what the client wants
/// to remember with a request.
#[derive(Clone, Debug)]
pub(crate) struct Network<P> {
    pub(crate) metadata: Metadata,
    peers: SortedMap<BrokerId, Peer>,
    in_flight: SortedMap<u32, InFlight<P>>,
    next_correlation: u32,
    request_timeout: Span,
    backoff: Backoff,
}

impl<P: Clone> Network<P> {
    /// A client's that finds the cluster through `bootstrap`; `seed` decides its back-off jitter.
    pub(crate) fn new(timing: Timing, bootstrap: Vec<BrokerId>, seed: u64) -> Self {
        let (initial, max) = (timing.reconnect_backoff, timing.reconnect_backoff_max);
        Self {
            metadata: Metadata::new(bootstrap, timing.metadata_max_age, timing.retry_backoff),
            peers: SortedMap::new(),
            in_flight: SortedMap::new(),
            next_correlation: 0,
            request_timeout: timing.request_timeout,
            backoff: Backoff::new(initial, max, seed, 0),
        }
    }

    /// Asks for metadata if that is due and somebody can be asked; true when it did.
    pub(crate) fn ask_metadata(&mut self, now: Instant, out: &mut Vec<ClientOutput>) -> bool {
        if !self.metadata.is_due(now) {
            return false;
        }
        let Some(broker) = self.broker_to_ask(now, out) else { return false };
        let request = self.metadata.ask(now).into();
        self.send_for(broker, request, None, now + self.request_timeout, out);
        true
    }

    /// The broker to ask what any can answer. Where none of the known ones can be reached, the
    /// bootstrap list is the list again.
    pub(crate) fn broker_to_ask(
        &mut self,
        now: Instant,
        out: &mut Vec<ClientOutput>,
    ) -> Option<BrokerId> {
        if !self.can_reach(now, self.metadata.brokers()) {
            self.metadata.rebootstrap();
        }
        self.least_loaded(now, out)
    }

    /// Whether a connection stands.
    pub(crate) fn is_up(&self, broker: BrokerId) -> bool {
        self.peers.get(&broker).is_some_and(|peer| peer.state == State::Up)
    }

    /// Whether a connection stands; opens one where none does and the back-off is over.
    pub(crate) fn ready(
        &mut self,
        now: Instant,
        broker: BrokerId,
        out: &mut Vec<ClientOutput>,
    ) -> bool {
        let down = Peer { state: State::Down { retry_at: Instant::ZERO }, failures: 0 };
        let peer = self.peers.entry(broker).or_insert(down);
        match peer.state {
            State::Up => true,
            State::Down { retry_at } if retry_at <= now => {
                peer.state = State::Connecting { gives_up_at: now + CONNECTION_SETUP_TIMEOUT };
                out.push(ClientOutput::Connect { broker });
                false
            }
            State::Down { .. } | State::Connecting { .. } => false,
        }
    }

    /// Whether one of these brokers has a connection, is getting one, or may be tried now.
    fn can_reach(&self, now: Instant, brokers: &[BrokerId]) -> bool {
        brokers.iter().any(|broker| match self.peers.get(broker).map(|peer| peer.state) {
            Some(State::Down { retry_at }) => retry_at <= now,
            None | Some(State::Connecting { .. } | State::Up) => true,
        })
    }

    /// The known broker with a connection and the fewest requests under way
    /// (`NetworkClient#leastLoadedNode`); opens a connection where none stands.
    pub(crate) fn least_loaded(
        &mut self,
        now: Instant,
        out: &mut Vec<ClientOutput>,
    ) -> Option<BrokerId> {
        let brokers = self.metadata.brokers();
        let up = brokers.iter().copied().filter(|broker| self.is_up(*broker));
        if let Some(broker) = up.min_by_key(|broker| self.requests_to(*broker).count()) {
            return Some(broker);
        }
        let state = |broker: &BrokerId| self.peers.get(broker).map(|peer| peer.state);
        if brokers.iter().any(|b| matches!(state(b), Some(State::Connecting { .. }))) {
            return None;
        }
        // The one whose back-off ended first: brokers that were never tried come first, then
        // they take turns.
        let retry_at = |broker: &BrokerId| match state(broker) {
            Some(State::Down { retry_at }) => retry_at,
            _ => Instant::ZERO,
        };
        let next = brokers.iter().copied().min_by_key(retry_at)?;
        self.ready(now, next, out);
        None
    }

    fn requests_to(&self, broker: BrokerId) -> impl Iterator<Item = &InFlight<P>> {
        self.in_flight.values().filter(move |r| r.broker == broker)
    }

    /// The client's requests under way to a broker, oldest first.
    pub(crate) fn in_flight_to(&self, broker: BrokerId) -> impl Iterator<Item = &P> {
        self.requests_to(broker).filter_map(|r| r.purpose.as_ref())
    }

    /// All of the client's requests under way, oldest first.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = &P> {
        self.in_flight.values().filter_map(|r| r.purpose.as_ref())
    }

    /// Whether any request is under way, one for metadata included.
    pub(crate) fn is_busy(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Sends a request that is answered.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        broker: BrokerId,
        request: impl Into<Request>,
        purpose: P,
        out: &mut Vec<ClientOutput>,
    ) {
        self.send_with_timeout(now, broker, request, purpose, self.request_timeout, out);
    }

    /// Sends a request that may take longer to be answered (`JoinGroup`).
    pub(crate) fn send_with_timeout(
        &mut self,
        now: Instant,
        broker: BrokerId,
        request: impl Into<Request>,
        purpose: P,
        timeout: Span,
        out: &mut Vec<ClientOutput>,
    ) {
        self.send_for(broker, request.into(), Some(purpose), now + timeout, out);
    }

    fn send_for(
        &mut self,
        broker: BrokerId,
        request: Request,
        purpose: Option<P>,
        expires: Instant,
        out: &mut Vec<ClientOutput>,
    ) {
        let correlation = self.send_unanswered(broker, request, out);
        self.in_flight.insert(correlation, InFlight { broker, expires, purpose });
    }

    /// Sends a request that is not answered (`acks=0`).
    pub(crate) fn send_unanswered(
        &mut self,
        broker: BrokerId,
        request: impl Into<Request>,
        out: &mut Vec<ClientOutput>,
    ) -> u32 {
        let correlation = self.next_correlation;
        self.next_correlation = correlation.wrapping_add(1);
        out.push(ClientOutput::Send { broker, correlation, request: request.into() });
        correlation
    }

    /// What the answered request was for; none for metadata, which are taken up here, and for an
    /// answer that nobody waits for any more.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        broker: BrokerId,
        correlation: u32,
        response: &Response,
    ) -> Option<P> {
        if self.in_flight.get(&correlation)?.broker != broker {
            return None;
        }
        let request = self.in_flight.remove(&correlation)?;
        if let (None, Response::Metadata(response)) = (&request.purpose, response) {
            self.metadata.update(now, response);
        }
        request.purpose
    }

    /// The connection stands.
    pub(crate) fn connected(&mut self, broker: BrokerId) {
        self.peers.insert(broker, Peer { state: State::Up, failures: 0 });
    }

    /// The connection is gone, or could not be opened: metadata are asked for anew. Returns what
    /// of the client's was under way on it.
    pub(crate) fn disconnected(&mut self, now: Instant, broker: BrokerId) -> Vec<P> {
        self.metadata.request_update();
        let failures = self.peers.get(&broker).map_or(0, |peer| peer.failures) + 1;
        let retry_at = now + self.backoff.after(failures);
        self.peers.insert(broker, Peer { state: State::Down { retry_at }, failures });
        let lost: Vec<u32> =
            self.in_flight.iter().filter(|(_, r)| r.broker == broker).map(|(c, _)| *c).collect();
        let mut purposes = Vec::new();
        for request in lost.iter().filter_map(|c| self.in_flight.remove(c)) {
            match request.purpose {
                Some(purpose) => purposes.push(purpose),
                None => self.metadata.failed(now),
            }
        }
        purposes
    }

    /// Brokers that took longer to answer or to connect than they may: their connections are
    /// given up, as `NetworkClient#handleTimedOutRequests` does.
    pub(crate) fn overdue(&self, now: Instant) -> Vec<BrokerId> {
        let late = |broker: &BrokerId, peer: &Peer| match peer.state {
            State::Connecting { gives_up_at } => gives_up_at <= now,
            State::Up => self.in_flight.values().any(|r| r.broker == *broker && r.expires <= now),
            State::Down { .. } => false,
        };
        self.peers.iter().filter(|(broker, peer)| late(broker, peer)).map(|(b, _)| *b).collect()
    }

    /// When something here becomes due.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        let peers = self.peers.values().filter_map(|peer| match peer.state {
            State::Connecting { gives_up_at } => Some(gives_up_at),
            State::Down { retry_at } if retry_at > now => Some(retry_at),
            State::Down { .. } | State::Up => None,
        });
        let requests = self.in_flight.values().map(|request| request.expires);
        let times = peers.chain(requests).chain(self.metadata.next_due());
        // What was due before waits for an answer or a connection now.
        times.filter(|at| *at > now).min()
    }
}
