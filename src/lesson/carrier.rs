//! The same lesson with another of Redis' ways to carry a message: Pub/Sub, a stream or a list.
//!
//! Knows which readers answer to each other: a subscriber of one channel, the only member of a
//! stream group of its own name, and a worker of a list that keeps what it works on. What has more
//! to it than that (patterns, shared groups, settings) has no counterpart, and then there is no
//! choice. Must not know what a carrier does with a message.

use super::Lesson;
use crate::event::{Action, Carrier, Name, Settings};
use crate::sim::Span;

/// The action with this carrier in Redis; any other action is itself.
pub fn carried(action: &Action, by: Carrier) -> Action {
    let mut action = action.clone();
    if let Action::AddProducer { carriers, .. } = &mut action {
        for carrier in carriers.iter_mut().filter(|carrier| **carrier != Carrier::Kafka) {
            *carrier = by;
        }
        return action;
    }
    let Some((name, key, takes)) = reader(&action) else { return action };
    match by {
        Carrier::PubSub => Action::AddSubscriber {
            name,
            channels: vec![key],
            patterns: Vec::new(),
            takes,
            server: None,
        },
        Carrier::Stream => Action::AddStreamReader {
            group: Some(name.clone()),
            name,
            stream: key,
            takes,
            config: Settings::default(),
        },
        Carrier::List => Action::AddListWorker { name, list: key, takes, safe: true },
        Carrier::Kafka => action,
    }
}

/// What Redis carries all messages by, where these actions leave the choice: somebody reads, and
/// everybody has a counterpart with each carrier.
pub fn carrier<'a>(actions: impl Iterator<Item = &'a Action> + Clone) -> Option<Carrier> {
    let mut named = actions.clone().map(named).filter(|named| *named != Named::Nothing);
    let Named::One(by) = named.next()? else { return None };
    let reads = actions.into_iter().any(|action| reader(action).is_some());
    (reads && named.all(|other| other == Named::One(by))).then_some(by)
}

/// What an action says about carriers in Redis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Nothing,
    /// This one, in a way that has a counterpart with each.
    One(Carrier),
    /// Several, or one in a way of its own.
    Own,
}

fn named(action: &Action) -> Named {
    let plain = |by| if reader(action).is_some() { Named::One(by) } else { Named::Own };
    match action {
        Action::AddSubscriber { .. } => plain(Carrier::PubSub),
        Action::AddStreamReader { .. } => plain(Carrier::Stream),
        Action::AddListWorker { .. } => plain(Carrier::List),
        Action::AddProducer { carriers, .. } => {
            let mut redis = carriers.iter().filter(|carrier| **carrier != Carrier::Kafka);
            match redis.next() {
                None => Named::Nothing,
                Some(by) if redis.next().is_none() => Named::One(*by),
                Some(_) => Named::Own,
            }
        }
        _ => Named::Nothing,
    }
}

/// Name, key and time for a message of a reader that has its like with every carrier.
fn reader(action: &Action) -> Option<(Name, Name, Span)> {
    match action {
        Action::AddSubscriber { name, channels, patterns, takes, server: None }
            if patterns.is_empty() && channels.len() == 1 =>
        {
            Some((name.clone(), channels[0].clone(), *takes))
        }
        Action::AddStreamReader { name, stream, group: Some(group), takes, config }
            if group == name && config.is_empty() =>
        {
            Some((name.clone(), stream.clone(), *takes))
        }
        Action::AddListWorker { name, list, takes, safe: true } => {
            Some((name.clone(), list.clone(), *takes))
        }
        _ => None,
    }
}

impl Lesson {
    /// The lesson with this carrier in Redis instead of the one that its file names.
    #[must_use]
    pub fn carried_by(&self, by: Carrier) -> Self {
        let topology = self.topology.iter().map(|action| carried(action, by)).collect();
        Self { topology, by: Some(by), ..self.clone() }
    }

    /// Whether a step's own buttons speak of carriers: those stay what the file says, so there is
    /// no choice.
    pub fn fixes_carrier(&self) -> bool {
        let faces = self.steps.iter().flat_map(|step| &step.actions).flat_map(|of| &of.faces);
        let deeds = self.steps.iter().flat_map(|step| &step.solution).map(|deed| &deed.action);
        faces.map(|face| &face.action).chain(deeds).any(|of| named(of) != Named::Nothing)
    }
}
