//! Hand-made events for the tests of this layer and the stage: a small lesson "One plug, both
//! lanes", told without any engine.

use crate::event::{
    Action, Cargo, Carrier, CloseReason, ConnectionId, CopyId, Course, Event, EventId, Hop, HopId,
    KafkaFact, Keys, LabFact, Load, LostReason, MessageId, Name, NodeId, NodeKind, PartyId,
    RedisFact, Settings, Standing, System, Tag, TopicPartition, What,
};
use crate::sim::{Direction, Instant, Order, Span};

/// One way between any two machines.
pub(crate) const LATENCY: Span = Span::from_millis(1);

/// Collects facts in any order and gives them out in order.
#[derive(Default)]
pub(crate) struct Story {
    all: Vec<(Instant, What)>,
    hops: u64,
    copies: u64,
}

/// Who reads, in both lanes.
#[derive(Clone, Copy)]
struct Reader {
    subscriber: NodeId,
    consumer: NodeId,
    push_party: PartyId,
    pull_party: PartyId,
    push_wire: u32,
    pull_wire: u32,
}

pub(crate) fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

pub(crate) fn partition(partition: u32) -> TopicPartition {
    TopicPartition { topic: "orders".into(), partition }
}

const SHOP: NodeId = NodeId(0);
const REDIS: NodeId = NodeId(1);
const BROKER: NodeId = NodeId(2);

impl Story {
    pub(crate) fn add(&mut self, at: Instant, what: What) {
        self.all.push((at, what));
    }

    pub(crate) fn lab(&mut self, at: Instant, fact: LabFact) {
        self.add(at, What::Lab(fact));
    }

    pub(crate) fn node(
        &mut self,
        id: u32,
        kind: NodeKind,
        name: &str,
        system: Option<System>,
        party: Option<u32>,
    ) -> NodeId {
        let (node, party) = (NodeId(id), party.map(PartyId));
        let name = name.into();
        self.lab(Instant::ZERO, LabFact::NodeAdded { node, kind, name, system, party });
        node
    }

    pub(crate) fn connect(&mut self, at: Instant, wire: u32, client: NodeId, server: NodeId) {
        let connection = ConnectionId(wire);
        self.lab(at, LabFact::Connected { connection, client, server });
    }

    pub(crate) fn hop(
        &mut self,
        at: Instant,
        wire: u32,
        (from, to): (NodeId, NodeId),
        cargo: Cargo,
        tags: &[Tag],
    ) -> HopId {
        self.hops += 1;
        let id = HopId(self.hops);
        let direction =
            if to == REDIS || to == BROKER { Direction::ToServer } else { Direction::ToClient };
        let connection = ConnectionId(wire);
        let course = Course::Arrives(at + LATENCY);
        let tags = tags.to_vec();
        self.add(
            at,
            What::Departed(Hop {
                id,
                connection,
                direction,
                from,
                to,
                course,
                cargo,
                tags,
                bytes: 120,
            }),
        );
        id
    }

    fn stands(
        &mut self,
        at: Instant,
        message: u64,
        party: PartyId,
        standing: Standing,
        sent: Instant,
    ) {
        let message = MessageId(message);
        self.lab(at, LabFact::Stands { message, party, standing, sent });
    }

    fn tag(&mut self, message: u64) -> Tag {
        self.copies += 1;
        Tag { message: MessageId(message), copy: CopyId(self.copies) }
    }

    /// The events in order, numbered.
    pub(crate) fn tell(mut self) -> Vec<Event> {
        self.all.order_by_key(|(at, _)| *at);
        let event = |(i, (at, what))| Event { id: EventId(i as u64), at, cause: None, what };
        self.all.into_iter().enumerate().map(event).collect()
    }
}

/// Five orders a second for `seconds`; billing's plug is out from `out` to `back`.
pub(crate) fn one_plug(seconds: u64, out: Instant, back: Instant) -> Vec<Event> {
    crowd(seconds, out, back, &["email", "billing"], 2)
}

/// The same with more readers and partitions; the last reader's plug is pulled.
pub(crate) fn crowd(
    seconds: u64,
    out: Instant,
    back: Instant,
    names: &[&str],
    partitions: u32,
) -> Vec<Event> {
    let mut story = Story::default();
    let load = Load {
        per_kilosecond: 5_000,
        keys: Keys::Cycle(vec!["ada".into(), "bo".into(), "cy".into(), "di".into()]),
        bytes: 100,
    };
    let carriers = vec![Carrier::PubSub, Carrier::Kafka];
    let (name, topic): (Name, Name) = ("shop".into(), "orders".into());
    let shop =
        Action::AddProducer { name, topic: topic.clone(), carriers, load, config: Settings::new() };
    story.lab(Instant::ZERO, LabFact::Commanded(shop));
    story.node(0, NodeKind::Producer, "shop", None, None);
    story.node(1, NodeKind::RedisServer, "redis-1", Some(System::Redis), None);
    story.node(2, NodeKind::Broker, "broker-1", Some(System::Kafka), None);
    let created =
        KafkaFact::TopicCreated { topic: topic.clone(), partitions, replication_factor: 1 };
    story.add(Instant::ZERO, What::Kafka { node: BROKER, fact: created });
    story.connect(ms(1), 0, SHOP, REDIS);
    story.connect(ms(1), 1, SHOP, BROKER);
    let mut readers = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let i = i as u32;
        let reader = Reader {
            subscriber: NodeId(10 + i),
            consumer: NodeId(100 + i),
            push_party: PartyId(10 + i),
            pull_party: PartyId(100 + i),
            push_wire: 10 + i,
            pull_wire: 1_000 + i,
        };
        for (party, system) in
            [(reader.push_party, System::Redis), (reader.pull_party, System::Kafka)]
        {
            let name = (*name).into();
            story.lab(Instant::ZERO, LabFact::PartyAdded { party, name, system });
        }
        let (push, pull) = (Some(reader.push_party.0), Some(reader.pull_party.0));
        story.node(10 + i, NodeKind::Subscriber, name, Some(System::Redis), push);
        story.node(100 + i, NodeKind::Consumer, name, Some(System::Kafka), pull);
        story.arrive(reader, ms(1), reader.push_wire, reader.pull_wire, partitions);
        readers.push(reader);
    }
    let last = readers.len() - 1;
    let unplugged: Name = names[last].into();
    story.lab(out, LabFact::Commanded(Action::Unplug { consumer: unplugged.clone() }));
    story.lab(back, LabFact::Commanded(Action::PlugIn { consumer: unplugged }));
    let gone = readers[last];
    for wire in [gone.push_wire, gone.pull_wire] {
        let (connection, reason) = (ConnectionId(wire), CloseReason::Unplugged);
        story.lab(out, LabFact::Disconnected { connection, reason });
    }
    story.arrive(gone, back, gone.push_wire + 500, gone.pull_wire + 500, partitions);

    let mut ends = vec![0_u64; partitions as usize];
    let mut owed = Vec::new();
    for number in 1..=seconds * 5 {
        let at = ms(number * 200);
        let key = ["ada", "bo", "cy", "di"][(number % 4) as usize];
        let (message, producer) = (MessageId(number), SHOP);
        let key = Some(key.into());
        let number_ = number as u32;
        story.lab(at, LabFact::Sent { message, number: number_, producer, key, bytes: 100 });
        for reader in &readers {
            story.stands(at, number, reader.push_party, Standing::OnItsWay, at);
            story.stands(at, number, reader.pull_party, Standing::OnItsWay, at);
        }
        let (push, pull) = (story.tag(number), story.tag(number));
        let target = topic.clone();
        let publish = Cargo::RedisSend { command: "PUBLISH".into(), target };
        story.hop(at, 0, (SHOP, REDIS), publish, &[push]);
        let place = partition(number as u32 % partitions);
        story.hop(at, 1, (SHOP, BROKER), Cargo::Produce { partition: place.clone() }, &[pull]);
        let offset = ends[place.partition as usize];
        ends[place.partition as usize] += 1;
        let there = at + LATENCY;
        let fact = KafkaFact::Appended {
            partition: place.clone(),
            offset,
            leader_epoch: 0,
            segment: 0,
            bytes: 100,
            tag: Some(pull),
        };
        story.add(there, What::Kafka { node: BROKER, fact });
        let fact = KafkaFact::HighWatermarkMoved { partition: place.clone(), offset: offset + 1 };
        story.add(there, What::Kafka { node: BROKER, fact });
        for (i, reader) in readers.iter().enumerate() {
            let away = i == last && there >= out && there < back;
            story.push(*reader, number, push, at, away, i == last && there >= back);
            story.stands(there, number, reader.pull_party, Standing::Waiting, at);
            if away {
                owed.push((number, place.clone(), offset, pull, at));
            } else {
                let wire = reader.pull_wire + if i == last && there >= back { 500 } else { 0 };
                let records = [(number, offset, pull, at)];
                story.pull(*reader, there, wire, (&place, names[i]), &records, &ends);
            }
        }
    }
    for index in 0..partitions {
        let place = partition(index);
        let mine = owed.iter().filter(|(_, p, ..)| *p == place);
        let records: Vec<_> = mine.map(|(n, _, o, tag, sent)| (*n, *o, *tag, *sent)).collect();
        if !records.is_empty() && ms(seconds * 1_000) > back {
            let at = back + Span::from_millis(4);
            story.pull(gone, at, gone.pull_wire + 500, (&place, names[last]), &records, &ends);
        }
    }
    let mut events = story.tell();
    events.retain(|event| event.at <= ms(seconds * 1_000));
    events
}

impl Story {
    fn arrive(&mut self, reader: Reader, at: Instant, push: u32, pull: u32, partitions: u32) {
        self.connect(at, push, reader.subscriber, REDIS);
        self.connect(at, pull, reader.consumer, BROKER);
        let channel = "orders".into();
        let fact = RedisFact::Subscribed { client: ConnectionId(push), channel, pattern: false };
        self.add(at + LATENCY, What::Redis { node: REDIS, fact });
        if at <= ms(1) {
            let from = (0..partitions).map(|p| (partition(p), 0)).collect();
            let ends = (reader.consumer, BROKER);
            self.hop(at + LATENCY, pull, ends, Cargo::Fetch { from }, &[]);
        }
    }

    fn push(
        &mut self,
        reader: Reader,
        number: u64,
        tag: Tag,
        sent: Instant,
        away: bool,
        again: bool,
    ) {
        let there = sent + LATENCY;
        if away {
            let lost = Standing::Lost(LostReason::NotConnected);
            self.stands(there, number, reader.push_party, lost, sent);
            return;
        }
        let wire = reader.push_wire + if again { 500 } else { 0 };
        let (client, channel): (_, Name) = (ConnectionId(wire), "orders".into());
        let fact = RedisFact::Queued {
            client,
            channel: channel.clone(),
            pattern: false,
            tag: Some(tag),
            buffered: 138,
        };
        self.add(there, What::Redis { node: REDIS, fact });
        self.stands(there, number, reader.push_party, Standing::Waiting, sent);
        self.hop(there, wire, (REDIS, reader.subscriber), Cargo::RedisPush { channel }, &[tag]);
        let fact = RedisFact::Written { client, bytes: 138, buffered: 0 };
        self.add(there + LATENCY, What::Redis { node: REDIS, fact });
        self.handle(there + LATENCY, reader.subscriber, reader.push_party, number, tag, sent);
    }

    fn handle(
        &mut self,
        at: Instant,
        node: NodeId,
        party: PartyId,
        number: u64,
        tag: Tag,
        sent: Instant,
    ) {
        self.lab(at, LabFact::Received { node, tag });
        self.lab(at, LabFact::Handled { node, party, tag, repeated: false, replayed: false });
        self.stands(at, number, party, Standing::Delivered, sent);
    }

    fn pull(
        &mut self,
        reader: Reader,
        at: Instant,
        wire: u32,
        (place, group): (&TopicPartition, &str),
        records: &[(u64, u64, Tag, Instant)],
        ends: &[u64],
    ) {
        let back = (BROKER, reader.consumer);
        let tags: Vec<Tag> = records.iter().map(|(_, _, tag, _)| *tag).collect();
        let from = vec![(place.clone(), records[0].1)];
        self.hop(at, wire, back, Cargo::Fetched { from, error: None }, &tags);
        let there = at + LATENCY;
        for (number, _, tag, sent) in records {
            self.handle(there, reader.consumer, reader.pull_party, *number, *tag, *sent);
        }
        let offset = records.last().map_or(0, |(_, offset, _, _)| offset + 1);
        let asks = (reader.consumer, BROKER);
        let offsets = vec![(place.clone(), offset)];
        let commit = Cargo::OffsetCommit { group: group.into(), offsets };
        self.hop(there, wire, asks, commit, &[]);
        let fact = KafkaFact::Committed { group: group.into(), partition: place.clone(), offset };
        self.add(there + LATENCY, What::Kafka { node: BROKER, fact });
        let next = |p: usize| if p as u32 == place.partition { offset } else { ends[p] };
        let from = (0..ends.len()).map(|p| (partition(p as u32), next(p))).collect();
        self.hop(there + LATENCY, wire, asks, Cargo::Fetch { from }, &[]);
    }
}
