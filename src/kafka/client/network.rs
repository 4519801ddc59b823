//! Connections to brokers and requests under way on them (`NetworkClient`,
//! `ClusterConnectionStates`, `InFlightRequests`).

use super::{Backoff, ClientOutput};
use crate::kafka::protocol::{BrokerId, Request};
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
    purpose: P,
}

/// All connections of one client. `P` is what the client wants to remember with a request.
#[derive(Clone, Debug)]
pub(crate) struct Network<P> {
    peers: SortedMap<BrokerId, Peer>,
    in_flight: SortedMap<u32, InFlight<P>>,
    next_correlation: u32,
    request_timeout: Span,
    backoff: Backoff,
}

impl<P> Network<P> {
    pub(crate) fn new(request_timeout: Span, backoff: Backoff) -> Self {
        Self {
            peers: SortedMap::new(),
            in_flight: SortedMap::new(),
            next_correlation: 0,
            request_timeout,
            backoff,
        }
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
    pub(crate) fn can_reach(&self, now: Instant, brokers: &[BrokerId]) -> bool {
        brokers.iter().any(|broker| match self.peers.get(broker).map(|peer| peer.state) {
            Some(State::Down { retry_at }) => retry_at <= now,
            None | Some(State::Connecting { .. } | State::Up) => true,
        })
    }

    /// The broker with a connection and the fewest requests under way
    /// (`NetworkClient#leastLoadedNode`); opens a connection where none stands.
    pub(crate) fn least_loaded(
        &mut self,
        now: Instant,
        brokers: &[BrokerId],
        out: &mut Vec<ClientOutput>,
    ) -> Option<BrokerId> {
        let up = brokers.iter().copied().filter(|broker| self.is_up(*broker));
        if let Some(broker) = up.min_by_key(|broker| self.in_flight_to(*broker).count()) {
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

    /// Requests under way to a broker, oldest first.
    pub(crate) fn in_flight_to(&self, broker: BrokerId) -> impl Iterator<Item = &P> {
        self.in_flight.values().filter(move |r| r.broker == broker).map(|r| &r.purpose)
    }

    /// All requests under way, oldest first.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = &P> {
        self.in_flight.values().map(|r| &r.purpose)
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
        let correlation = self.send_unanswered(broker, request, out);
        self.in_flight.insert(correlation, InFlight { broker, expires: now + timeout, purpose });
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

    /// What the answered request was for; none for an answer nobody waits for any more.
    pub(crate) fn answered(&mut self, broker: BrokerId, correlation: u32) -> Option<P> {
        if self.in_flight.get(&correlation)?.broker != broker {
            return None;
        }
        self.in_flight.remove(&correlation).map(|request| request.purpose)
    }

    /// The connection stands.
    pub(crate) fn connected(&mut self, broker: BrokerId) {
        self.peers.insert(broker, Peer { state: State::Up, failures: 0 });
    }

    /// The connection is gone, or could not be opened. Returns what was under way on it.
    pub(crate) fn disconnected(&mut self, now: Instant, broker: BrokerId) -> Vec<P> {
        let failures = self.peers.get(&broker).map_or(0, |peer| peer.failures) + 1;
        let retry_at = now + self.backoff.after(failures);
        self.peers.insert(broker, Peer { state: State::Down { retry_at }, failures });
        let lost: Vec<u32> =
            self.in_flight.iter().filter(|(_, r)| r.broker == broker).map(|(c, _)| *c).collect();
        lost.iter().filter_map(|c| self.in_flight.remove(c)).map(|r| r.purpose).collect()
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
        peers.chain(self.in_flight.values().map(|request| request.expires)).min()
    }
}
