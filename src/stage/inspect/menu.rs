//! The commands that apply to a thing. Which of them would do nothing, and why, the caller asks
//! the run.

use super::{At, Form, Subject, Upkeep, Why};
use crate::event::{
    Action, CommitPoint, Configured, Failure, Handling, MessageId, Name, NodeKind, NodeState,
    System, TopicPartition,
};
use crate::sim::Instant;
use crate::stage::Target;
use crate::timeline::{Node, Timeline};

/// A line of a menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it does, in the imperative.
    pub label: String,
    /// What choosing it brings about.
    pub deed: Deed,
    /// Whether it begins a group of lines.
    pub apart: bool,
}

/// What a line of a menu brings about.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Opens the inspector on the thing.
    Inspect,
    /// Opens the journal of the thing.
    Journal,
    /// Asks why.
    Why(Why),
    /// Does this.
    Do(Action),
    /// Asks first.
    Ask(Form),
}

/// What can be done with a thing at `t`, the most likely first.
pub fn menu(timeline: &Timeline, t: Instant, target: &Target) -> Vec<Item> {
    let at = At { timeline, t };
    let mut menu = Menu { at, items: Vec::new(), apart: false };
    menu.push("Inspect", Deed::Inspect);
    for (words, why) in at.questions(target) {
        menu.push(words, Deed::Why(why));
    }
    menu.rule();
    match target {
        Target::Node(id) => {
            if let Some(node) = timeline.node(*id) {
                menu.node(node);
            }
        }
        Target::Plug(name) => {
            if let Some(node) = at.named(name) {
                menu.node(node);
            }
        }
        Target::Message(id) => menu.message(*id),
        Target::Partition(partition) => {
            menu.ask("Add a partition \u{2026}", Subject::Partitions(partition.topic.clone()));
            menu.leader(partition);
            menu.rule();
            menu.topic(partition);
            menu.rule();
            menu.seeks(None, partition);
        }
        Target::Bookmark(group, partition) => {
            menu.seeks(Some(group), partition);
            let reset = Upkeep::Reset(group.clone(), partition.topic.clone());
            menu.ask("Reset the group's offsets \u{2026}", Subject::Upkeep(reset));
        }
        Target::Wire(id) => {
            if let Some(wire) = timeline.wire(*id) {
                let (client, server) = (at.name_of(wire.client), at.name_of(wire.server));
                let label = format!("Close the connection of {client}");
                menu.act(label, Action::CloseConnection { client, server });
                if let Some(node) = timeline.node(wire.client) {
                    menu.link(node);
                }
            }
        }
        Target::Channel(..) => menu.ask("Add a subscriber \u{2026}", Subject::Subscriber),
        Target::Lane(system) => menu.lane(*system),
        Target::Score(..) | Target::Lost(_) | Target::Carrier(_) => {}
    }
    if matches!(target, Target::Node(_) | Target::Plug(_) | Target::Message(_)) {
        menu.rule();
        menu.push("Show its journal", Deed::Journal);
    }
    menu.items
}

struct Menu<'a> {
    at: At<'a>,
    items: Vec<Item>,
    /// Whether the next line begins a group.
    apart: bool,
}

impl Menu<'_> {
    fn push(&mut self, label: impl Into<String>, deed: Deed) {
        let apart = std::mem::take(&mut self.apart);
        self.items.push(Item { label: label.into(), deed, apart });
    }

    /// What follows is another matter.
    fn rule(&mut self) {
        self.apart = true;
    }

    fn act(&mut self, label: impl Into<String>, action: Action) {
        self.push(label, Deed::Do(action));
    }

    fn ask(&mut self, label: &str, subject: Subject) {
        let form = Form::new(self.at.timeline, self.at.t, subject);
        self.push(label, Deed::Ask(form));
    }

    fn node(&mut self, node: &Node) {
        let name = node.name.clone();
        match node.kind {
            NodeKind::Producer => self.producer(&name),
            NodeKind::Subscriber
            | NodeKind::Consumer
            | NodeKind::StreamReader
            | NodeKind::ListWorker => self.reader(node),
            NodeKind::RedisServer => {
                self.ask("redis-cli \u{2026}", Subject::Console(name.clone()));
                self.ask("Add a subscriber \u{2026}", Subject::Subscriber);
                self.ask("Add a replica \u{2026}", Subject::Replica(name.clone()));
                self.act(
                    "Promote to primary (REPLICAOF NO ONE)",
                    Action::Promote { node: name.clone() },
                );
                let config = Subject::Upkeep(Upkeep::RedisConfig(name.clone()));
                self.ask("Change its configuration \u{2026}", config);
                self.ask("Fill its memory \u{2026}", Subject::Memory(name.clone()));
            }
            NodeKind::Broker => {
                self.ask("Create a topic \u{2026}", Subject::Topic);
                let of = Configured::Broker(name.clone());
                self.ask("Change its configuration \u{2026}", Subject::Upkeep(Upkeep::Config(of)));
                let between = Upkeep::Between(name.clone());
                self.ask("Cut or heal the path to a broker \u{2026}", Subject::Upkeep(between));
            }
            NodeKind::Controller | NodeKind::Tool => {}
        }
        self.rule();
        self.process(node);
        self.rule();
        self.link(node);
        self.ask("Latency \u{2026}", Subject::Latency(name));
    }

    fn producer(&mut self, name: &Name) {
        let producer = || name.clone();
        self.act("Send one message", Action::SendOne { producer: producer() });
        self.act("Send ten messages at once", Action::Burst { producer: producer(), messages: 10 });
        self.ask("Send several at once \u{2026}", Subject::Burst(producer()));
        self.ask("Rate \u{2026}", Subject::Rate(producer()));
        self.act("Stop sending", Action::SetRate { producer: producer(), per_kilosecond: 0 });
        self.rule();
        self.ask("Publish again \u{2026}", Subject::Upkeep(Upkeep::PublishRetry(producer())));
        self.ask("Name the partition \u{2026}", Subject::Upkeep(Upkeep::Partition(producer())));
        self.act(
            "Let the partitioner choose",
            Action::SetPartition { producer: producer(), partition: None },
        );
    }

    fn reader(&mut self, node: &Node) {
        let consumer = || node.name.clone();
        if node.unplugged.value(self.at.t) {
            self.act("Plug it in", Action::PlugIn { consumer: consumer() });
        } else {
            self.act("Unplug it", Action::Unplug { consumer: consumer() });
        }
        self.rule();
        self.ask("Handler takes \u{2026}", Subject::Work(consumer()));
        self.ask("Handler's time varies \u{2026}", Subject::Variance(consumer()));
        self.ask("Handler fails \u{2026}", Subject::Failure(consumer()));
        self.act(
            "Mend the handler",
            Action::SetFailure { consumer: consumer(), fails: Failure::Never },
        );
        self.rule();
        if node.kind == NodeKind::Consumer {
            for (label, commit) in [
                ("Commit after the work", CommitPoint::AfterWork),
                ("Commit before the work", CommitPoint::BeforeWork),
            ] {
                self.act(label, Action::SetCommit { consumer: consumer(), commit });
            }
            self.ask("Seek \u{2026}", Subject::Seek(consumer()));
            for (label, upkeep) in [
                ("Seek to a time \u{2026}", Upkeep::SeekToTime(consumer())),
                ("Pause or resume a partition \u{2026}", Upkeep::Fetching(consumer())),
                ("Assign partitions \u{2026}", Upkeep::Assign(consumer())),
                ("When the handler fails \u{2026}", Upkeep::ErrorHandling(consumer())),
            ] {
                self.ask(label, Subject::Upkeep(upkeep));
            }
            for (label, handling) in [
                ("Handle in the thread that polls", Handling::Synchronous),
                ("Hand over to another thread", Handling::HandsOver),
                ("Swallow every error", Handling::SwallowsErrors),
            ] {
                self.act(label, Action::SetHandling { consumer: consumer(), handling });
            }
        }
        for (label, on) in [("Remember what is handled", true), ("Forget what is handled", false)] {
            self.act(label, Action::SetDeduplication { consumer: consumer(), on });
        }
        self.ask("Add an account \u{2026}", Subject::Account(consumer()));
    }

    /// What stops a process, and what lets it go on.
    fn process(&mut self, node: &Node) {
        let name = || node.name.clone();
        let state = node.state_at(self.at.t);
        if state == NodeState::Paused {
            self.act("Resume the process", Action::Resume { node: name() });
        } else {
            self.act("Pause the process (SIGSTOP)", Action::Pause { node: name() });
        }
        if state == NodeState::Crashed {
            self.act("Restart the process", Action::Restart { node: name() });
        } else {
            self.act("Kill the process", Action::Crash { node: name() });
        }
        self.act("Remove it in good order", Action::Remove { node: name() });
    }

    fn link(&mut self, node: &Node) {
        let name = || node.name.clone();
        if node.interrupted.value(self.at.t) {
            self.act(format!("Heal the path of {}", node.name), Action::Heal { node: name() });
        } else {
            self.act(format!("Cut the path of {}", node.name), Action::Interrupt { node: name() });
        }
    }

    /// Poison: a reader's handler fails on this very message.
    fn message(&mut self, id: MessageId) {
        let Some(message) = self.at.timeline.message(id) else { return };
        let mut seen: Vec<&Name> = Vec::new();
        for node in self.at.timeline.nodes().iter().filter(|node| node.party.is_some()) {
            if !seen.contains(&&node.name) {
                seen.push(&node.name);
            }
        }
        for name in seen {
            let fails = Failure::Numbers(vec![message.number]);
            let label = format!("Let {name} fail on No. {}", message.number);
            self.act(label, Action::SetFailure { consumer: name.clone(), fails });
        }
    }

    fn leader(&mut self, partition: &TopicPartition) {
        let (at, leader) = (self.at, self.at.timeline.log(partition));
        let leader = leader.and_then(|(_, log)| log.leader(at.t));
        if let Some(node) = leader.and_then(|id| at.timeline.broker(id)) {
            let label = format!("Kill its leader {}", node.name);
            self.act(label, Action::Crash { node: node.name.clone() });
        }
    }

    /// What Kafka's tools do with a partition and its topic.
    fn topic(&mut self, partition: &TopicPartition) {
        for (label, unclean) in
            [("Elect the preferred leader", false), ("Elect a leader that may lag (unclean)", true)]
        {
            self.act(label, Action::ElectLeader { partition: partition.clone(), unclean });
        }
        let topic = || partition.topic.clone();
        let of = Configured::Topic(topic());
        self.ask("Change the topic's configuration \u{2026}", Subject::Upkeep(Upkeep::Config(of)));
        self.ask("Redrive \u{2026}", Subject::Upkeep(Upkeep::Redrive(topic())));
    }

    /// Who reads the partition can be sent elsewhere in it.
    fn seeks(&mut self, group: Option<&Name>, partition: &TopicPartition) {
        let at = self.at;
        let owners = at.timeline.nodes().iter().filter(|node| {
            let party = node.party.and_then(|party| at.timeline.party(party));
            let mine = group.is_none_or(|group| party.is_some_and(|party| party.name == *group));
            mine && node.assigned.at(at.t).is_some_and(|all| all.contains(partition))
        });
        for node in owners {
            let mut form = Form::new(at.timeline, at.t, Subject::Seek(node.name.clone()));
            if let Some(first) = form.fields.first_mut() {
                first.value = partition.to_string();
            }
            self.push(format!("Seek {} \u{2026}", node.name), Deed::Ask(form));
        }
    }

    /// What can be added to a lane.
    pub(super) fn lane(&mut self, system: System) {
        self.ask("Add a producer \u{2026}", Subject::Producer);
        match system {
            System::Redis => {
                self.ask("Add a subscriber \u{2026}", Subject::Subscriber);
                self.ask("Add a stream reader \u{2026}", Subject::StreamReader);
                self.ask("Add a list worker \u{2026}", Subject::ListWorker);
                self.ask("Add a Redis server \u{2026}", Subject::Redis);
            }
            System::Kafka => {
                self.ask("Add a consumer \u{2026}", Subject::Consumer);
                self.ask("Create a topic \u{2026}", Subject::Topic);
                self.ask("Add a broker \u{2026}", Subject::Broker);
            }
        }
    }
}
