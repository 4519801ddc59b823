//! Questions that a thing raises, and their answers with what they light.

use super::At;
use super::light::touched;
use crate::event::{
    ConnectionId, EventId, LabFact, MessageId, NodeId, NodeKind, NodeState, PartyId, Standing,
    System, What,
};
use crate::sim::Instant;
use crate::stage::Target;
use crate::timeline::{Timeline, causes, why};

/// A "Why?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Did this happen?
    Event(EventId),
    /// Does this reader do nothing?
    Idle(NodeId),
    /// Do messages wait for this party?
    Lag(PartyId),
    /// Is this connection closed?
    Closed(ConnectionId),
    /// Does the message stand there with the party?
    Standing(MessageId, PartyId),
}

/// The answer at `t`, in sentences; empty where there is nothing to explain.
pub fn answer(timeline: &Timeline, t: Instant, question: Why) -> Vec<causes::Line> {
    match question {
        Why::Event(id) => why::event(timeline, id),
        Why::Idle(node) => why::idle(timeline, node, t),
        Why::Lag(party) => why::lag(timeline, party, t),
        Why::Closed(id) => why::closed(timeline, id, t),
        Why::Standing(message, party) => why::standing(timeline, message, party, t),
    }
}

/// What an answer is about: the stage lights it.
pub fn lights(timeline: &Timeline, t: Instant, of: Why, answer: &[causes::Line]) -> Vec<Target> {
    let mut all = match of {
        Why::Event(_) => Vec::new(),
        Why::Idle(node) => {
            let own = timeline.node(node).and_then(|node| node.assigned.at(t));
            let own = own.into_iter().flatten().cloned().map(Target::Partition);
            [Target::Node(node)].into_iter().chain(own).collect()
        }
        Why::Lag(party) => behind(timeline, party, t),
        Why::Closed(id) => vec![Target::Wire(id)],
        Why::Standing(message, _) => vec![Target::Message(message)],
    };
    let events = answer.iter().filter_map(|line| timeline.event(line.event?));
    all.extend(events.flat_map(|event| touched(timeline, event)));
    all
}

/// The readers of a party, and the partitions in which something waits for it.
fn behind(timeline: &Timeline, party: PartyId, t: Instant) -> Vec<Target> {
    let nodes = timeline.nodes().iter().filter(|node| node.party == Some(party) && node.exists(t));
    let mut all: Vec<Target> = nodes.map(|node| Target::Node(node.id)).collect();
    let Some(party) = timeline.party(party) else { return all };
    for (n, log) in timeline.logs().iter().enumerate() {
        if log.created <= t && party.waiting_in(n, t) > 0 {
            all.push(Target::Partition(log.partition.clone()));
            all.push(Target::Bookmark(party.name.clone(), log.partition.clone()));
        }
    }
    all
}

impl At<'_> {
    /// The questions that a thing raises now, each in words.
    pub(super) fn questions(self, target: &Target) -> Vec<(String, Why)> {
        let mut all = Vec::new();
        match target {
            Target::Node(id) => self.of_node(*id, &mut all),
            Target::Plug(name) => {
                let nodes = self.timeline.nodes().iter();
                for node in nodes.filter(|node| node.name == *name && node.exists(self.t)) {
                    self.of_node(node.id, &mut all);
                }
            }
            Target::Wire(id) => self.ask("Why is it closed?", Why::Closed(*id), &mut all),
            Target::Bookmark(group, partition) => {
                let mut parties = self.timeline.parties().iter();
                let party = parties.find(|p| p.name == *group && p.system == System::Kafka);
                let at = self.timeline.log(partition).map(|(n, _)| n);
                if let Some((party, n)) = party.zip(at)
                    && party.waiting_in(n, self.t) > 0
                {
                    let words = format!("Why does {group} lag?");
                    self.ask(&words, Why::Lag(party.id), &mut all);
                }
            }
            Target::Partition(partition) => {
                let Some((n, _)) = self.timeline.log(partition) else { return all };
                let parties = self.timeline.parties().iter();
                for party in parties.filter(|p| p.waiting_in(n, self.t) > 0) {
                    let words = format!("Why does {} lag?", party.name);
                    self.ask(&words, Why::Lag(party.id), &mut all);
                }
            }
            Target::Message(id) => self.of_message(*id, &mut all),
            Target::Channel(..)
            | Target::Score(..)
            | Target::Lost(_)
            | Target::Lane(_)
            | Target::Carrier(_) => {}
        }
        all
    }

    /// Adds a question that has an answer.
    fn ask(self, words: &str, question: Why, all: &mut Vec<(String, Why)>) {
        let known = all.iter().any(|(_, other)| *other == question);
        if !known && !answer(self.timeline, self.t, question).is_empty() {
            all.push((words.to_owned(), question));
        }
    }

    fn of_node(self, id: NodeId, all: &mut Vec<(String, Why)>) {
        let Some(node) = self.timeline.node(id) else { return };
        if let Some(party) = node.party {
            self.ask(&format!("Why does {} do nothing?", node.name), Why::Idle(id), all);
            let waiting = self.timeline.sums(party, self.t).waiting;
            if waiting > 0 {
                let word = if waiting == 1 { "does 1 message" } else { "do messages" };
                let words = format!("Why {word} wait for {}?", node.name);
                self.ask(&words, Why::Lag(party), all);
            }
        } else if node.state_at(self.t) != NodeState::Running {
            let events = self.timeline.events().iter().rev();
            let mut events = events.filter(|event| event.at <= self.t);
            let changed = events.find(|event| {
                matches!(&event.what, What::Lab(LabFact::NodeChanged { node, .. }) if *node == id)
            });
            if let Some(event) = changed {
                self.ask(&format!("Why is {} not running?", node.name), Why::Event(event.id), all);
            }
        }
        if node.kind != NodeKind::Producer || node.open.value(self.t) > 0 {
            return;
        }
        let wires = self.timeline.wires().iter().rev();
        let mut mine = wires.filter(|wire| wire.client == id && wire.opened <= self.t);
        if let Some(wire) = mine.find(|wire| !wire.is_open(self.t)) {
            self.ask("Why is its connection closed?", Why::Closed(wire.id), all);
        }
    }

    fn of_message(self, id: MessageId, all: &mut Vec<(String, Why)>) {
        for party in self.timeline.parties() {
            let verb = match self.timeline.standing(id, party.id, self.t) {
                Some(Standing::Waiting) => "does it wait for",
                Some(Standing::Lost(_)) => "is it lost to",
                Some(Standing::Parked) => "is it parked for",
                Some(Standing::Refused) => "was it refused for",
                _ => continue,
            };
            let words = format!("Why {verb} {}?", party.name);
            self.ask(&words, Why::Standing(id, party.id), all);
        }
        for event in self.timeline.biography(id).iter().rev() {
            let Some(event) = self.timeline.event(*event).filter(|event| event.at <= self.t) else {
                continue;
            };
            if let What::Lab(LabFact::Handled { party, repeated: true, .. }) = &event.what {
                let name = self.timeline.party(*party).map_or("a party", |party| &*party.name);
                let words = format!("Why was it handled again by {name}?");
                self.ask(&words, Why::Event(event.id), all);
                break;
            }
        }
    }
}
