//! Links and connections: how bytes get from one machine to another.
//!
//! A [`Link`] is the path between two machines: it has a latency and may be interrupted and
//! healed. A [`Connection`] rides a link with TCP's promises (RFC 9293): in order, nothing lost
//! while it stands. An interrupted link delays and then delivers; a closed connection takes what
//! was under way with it. This module knows nothing of what is carried.

use super::{Instant, Rng, Span};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The path between two machines, the same in both directions.
#[derive(Clone, Debug)]
pub struct Link {
    latency: Span,
    jitter: Span,
    interrupted: bool,
}

impl Link {
    /// A healthy link; each transfer takes `latency` plus up to `jitter`.
    pub fn new(latency: Span, jitter: Span) -> Self {
        Self { latency, jitter, interrupted: false }
    }

    /// Changes the latency of what departs from now on.
    pub fn set_latency(&mut self, latency: Span) {
        self.latency = latency;
    }

    /// Time a transfer takes at the least.
    pub fn latency(&self) -> Span {
        self.latency
    }

    /// Whether nothing gets through now.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Cuts or heals the path; `false` when that changes nothing.
    pub fn set_interrupted(&mut self, interrupted: bool) -> bool {
        std::mem::replace(&mut self.interrupted, interrupted) != interrupted
    }

    fn travel_time(&self, rng: &mut Rng) -> Span {
        self.latency + Span(rng.below(self.jitter.0.saturating_add(1)))
    }
}

impl<T> Default for Stream<T> {
    fn default() -> Self {
        Self { under_way: VecDeque::new(), last_arrival: Instant::ZERO }
    }
}

/// Which way along a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the side that opened the connection.
    ToServer,
    /// Towards the side that opened it.
    ToClient,
}

/// One TCP connection: two ordered streams of `T`.
#[derive(Clone, Debug)]
pub struct Connection<T> {
    to_server: Stream<T>,
    to_client: Stream<T>,
}

#[derive(Clone, Debug)]
struct Stream<T> {
    under_way: VecDeque<(Instant, T)>,
    /// Nothing may arrive before what was sent earlier.
    last_arrival: Instant,
}

/// When a thing that was just sent will arrive, as far as can be known now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It arrives then unless something happens on the way.
    Arrives(Instant),
    /// The link is interrupted: TCP keeps sending again until it is healed.
    Held,
}

impl<T> Default for Connection<T> {
    fn default() -> Self {
        Self { to_server: Stream::default(), to_client: Stream::default() }
    }
}

impl<T> Connection<T> {
    /// Sends `what`; it will arrive after everything sent before it in the same direction.
    pub fn send(
        &mut self,
        now: Instant,
        direction: Direction,
        what: T,
        link: &Link,
        rng: &mut Rng,
    ) -> Course {
        let stream = self.stream(direction);
        if link.is_interrupted() {
            stream.under_way.push_back((Instant::FAR, what));
            return Course::Held;
        }
        let at = (now + link.travel_time(rng)).max(stream.last_arrival);
        stream.last_arrival = at;
        stream.under_way.push_back((at, what));
        Course::Arrives(at)
    }

    /// Takes the first thing of a direction if it has arrived by `now`.
    pub fn receive(&mut self, now: Instant, direction: Direction) -> Option<T> {
        let stream = self.stream(direction);
        if stream.under_way.front()?.0 > now {
            return None;
        }
        stream.under_way.pop_front().map(|(_, what)| what)
    }

    /// The link was cut at `now`: everything under way waits. Returns what is held up by this,
    /// in order, both directions.
    pub fn interrupt(&mut self) -> impl Iterator<Item = (Direction, &T)> {
        let hold = |stream: &mut Stream<T>| {
            for (at, _) in &mut stream.under_way {
                *at = Instant::FAR;
            }
        };
        hold(&mut self.to_server);
        hold(&mut self.to_client);
        self.under_way()
    }

    /// The link works again: TCP's next retransmission brings what waited, in order. Returns the
    /// new arrivals.
    pub fn heal(
        &mut self,
        now: Instant,
        link: &Link,
        rng: &mut Rng,
    ) -> Vec<(Direction, Instant, &T)> {
        let mut arrivals = Vec::new();
        for (direction, stream) in
            [(Direction::ToServer, &mut self.to_server), (Direction::ToClient, &mut self.to_client)]
        {
            for (at, what) in &mut stream.under_way {
                *at = (now + link.travel_time(rng)).max(stream.last_arrival);
                stream.last_arrival = *at;
                arrivals.push((direction, *at, &*what));
            }
        }
        arrivals
    }

    /// Everything that has left one side and not reached the other, in order.
    pub fn under_way(&self) -> impl Iterator<Item = (Direction, &T)> {
        self.to_server
            .under_way
            .iter()
            .map(|(_, what)| (Direction::ToServer, what))
            .chain(self.to_client.under_way.iter().map(|(_, what)| (Direction::ToClient, what)))
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream<T> {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Purpose;

    const MS: Span = Span::from_millis(1);

    fn rng() -> Rng {
        Rng::new(1, Purpose::Latency, 0)
    }

    #[test]
    fn jitter_never_reorders() {
        let link = Link::new(MS, MS.times(20));
        let (mut connection, mut rng) = (Connection::default(), rng());
        let mut arrivals = Vec::new();
        for n in 0..50_u64 {
            let sent = Instant::from_millis(n);
            match connection.send(sent, Direction::ToServer, n, &link, &mut rng) {
                Course::Arrives(at) => arrivals.push(at),
                Course::Held => panic!("a healthy link holds nothing"),
            }
        }
        assert!(arrivals.is_sorted());
        assert!(arrivals.windows(2).any(|pair| pair[0] == pair[1]), "jitter must matter here");
        let received: Vec<u64> =
            std::iter::from_fn(|| connection.receive(Instant::FAR, Direction::ToServer)).collect();
        assert!(received.is_sorted() && received.len() == 50);
    }

    #[test]
    fn an_interruption_delays_and_then_delivers() {
        let mut link = Link::new(MS, Span::ZERO);
        let (mut connection, mut rng) = (Connection::default(), rng());
        connection.send(Instant::ZERO, Direction::ToClient, 'a', &link, &mut rng);
        assert!(link.set_interrupted(true));
        assert!(!link.set_interrupted(true));
        assert_eq!(connection.interrupt().count(), 1);
        assert_eq!(
            connection.send(Instant::from_millis(5), Direction::ToClient, 'b', &link, &mut rng),
            Course::Held
        );
        assert_eq!(connection.receive(Instant::from_millis(9), Direction::ToClient), None);
        link.set_interrupted(false);
        let healed = Instant::from_millis(10);
        let arrivals: Vec<_> =
            connection.heal(healed, &link, &mut rng).iter().map(|a| a.1).collect();
        assert_eq!(arrivals, [healed + MS, healed + MS]);
        assert_eq!(connection.receive(healed + MS, Direction::ToClient), Some('a'));
        assert_eq!(connection.receive(healed + MS, Direction::ToClient), Some('b'));
    }
}
