//! Where everything stands, from the topology alone: columns that hold across both lanes.
//!
//! Stable: things are placed in order of creation, so adding one never reshuffles the others.
//! Computed when something is added or the frame changes, never per frame.

use super::{Mode, Rect, Size, View, columns, phone};
use crate::event::{MessageId, Name, NodeId, NodeKind, PartyId, System, TopicPartition};
use crate::sim::{Instant, Order, SortedMap};
use crate::timeline::{Channel, Log, Node, Stream, Timeline};

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(super) view: View,
    pub(super) epoch: u32,
    pub(super) plug_name: Option<Name>,
    pub(super) size: Size,
    /// Height of all of it.
    pub(super) height: f32,
    /// Scale of text.
    pub(super) text: f32,
    /// Scale of everything, above 1 in a very large frame.
    pub(super) scale: f32,
    pub(super) lanes: Vec<Lane>,
    pub(super) producers: Vec<Place>,
    pub(super) servers: Vec<Server>,
    /// Brokers and controllers, where there is more than one machine to choose from.
    pub(super) brokers: Vec<Place>,
    pub(super) rows: Vec<Row>,
    /// Where one partition is opened: what is selected or wrong.
    pub(super) slot: Option<Rect>,
    pub(super) consumers: Vec<Place>,
    pub(super) groups: Vec<GroupFrame>,
    pub(super) crowds: Vec<Crowd>,
    pub(super) plug: Option<Plug>,
    /// Left and right edge of the free band between systems and consumers.
    pub(super) alley: (f32, f32),
    /// Hairline between the lanes.
    pub(super) rule: Option<Rect>,
    /// Where what each lane lost lies.
    pub(super) floors: Vec<(System, Rect)>,
    /// The computed sentence.
    pub(super) sentence: Rect,
    /// The other lane, on a phone.
    pub(super) strip: Option<(System, Rect)>,
}

/// A lane's head: title at the left, score at the right.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) system: System,
    /// Title and sub-title.
    pub(super) title: Rect,
    /// The numbers, each right-aligned in its column; the waiting number first.
    pub(super) score: Rect,
    pub(super) column: f32,
}

/// A box for a node.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) node: NodeId,
    pub(super) area: Rect,
    pub(super) system: Option<System>,
    /// The strip under it: its clocks, and its part in a rebalance.
    pub(super) under: Option<Rect>,
    /// The account that its handler writes.
    pub(super) account: Option<Rect>,
    /// The stream or list that it reads, and at which server.
    pub(super) key: Option<(NodeId, Name)>,
}

impl Place {
    pub(super) fn new(node: NodeId, area: Rect, system: Option<System>) -> Self {
        Self { node, area, system, under: None, account: None, key: None }
    }
}

/// The frame around the members of a group.
#[derive(Clone, Debug)]
pub(super) struct GroupFrame {
    pub(super) party: PartyId,
    pub(super) name: Name,
    pub(super) area: Rect,
}

/// Readers that are too many for boxes: a trunk, a matrix, and a few cards.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    pub(super) system: System,
    /// Sorted by identity.
    pub(super) nodes: Vec<NodeId>,
    /// The matrix: squares of this pitch, so many in a row.
    pub(super) grid: Rect,
    pub(super) pitch: f32,
    pub(super) across: usize,
    /// Where its line of words stands.
    pub(super) words: Rect,
    /// The cards of those that stand out.
    pub(super) cards: Vec<Rect>,
    /// The boxes of their buffers, in a server, and of all the others together.
    pub(super) buffers: Vec<Rect>,
    pub(super) rest: Rect,
}

/// A Redis server with what stands inside it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) node: NodeId,
    pub(super) area: Rect,
    /// Channels and patterns.
    pub(super) channels: Vec<Bar>,
    /// How many more channels there are than bars.
    pub(super) more: usize,
    /// Streams.
    pub(super) streams: Vec<StreamRow>,
    /// One box for each subscriber's output buffer.
    pub(super) buffers: Vec<(NodeId, Rect)>,
    /// Top left of the heading above the buffers.
    pub(super) heading: (f32, f32),
}

/// A channel's bar.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: Name,
    pub(super) pattern: bool,
    pub(super) area: Rect,
}

/// The row of a stream or a list in a server.
#[derive(Clone, Debug)]
pub(super) struct StreamRow {
    pub(super) kept: Kept,
    pub(super) key: Name,
    pub(super) area: Rect,
    pub(super) cells: Rect,
    pub(super) pitch: f32,
    pub(super) capacity: u64,
}

/// What a server keeps, by its place among the timeline's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Stream(usize),
    List(usize),
}

/// How a partition is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowStyle {
    /// Cells with offsets, bookmarks above and what waits below.
    Cells,
    /// One bar from the log start to its end.
    Bar,
    /// A square filled by lag.
    Tile,
    /// A retry or dead-letter topic beneath its topic: all its partitions in one short row.
    Side(Side),
}

/// What a topic beneath another one holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What is tried again later.
    Retry,
    /// What nobody tries again unasked.
    DeadLetter,
}

/// A partition's row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) log: usize,
    /// Further logs in the same row: the other partitions of a side topic.
    pub(super) twins: Vec<usize>,
    pub(super) partition: TopicPartition,
    pub(super) style: RowStyle,
    pub(super) area: Rect,
    /// The strip of cells.
    pub(super) cells: Rect,
    pub(super) pitch: f32,
    pub(super) capacity: u64,
    /// The minimap of its segments.
    pub(super) minimap: Option<Rect>,
    /// Where wires from producers end and wires to consumers begin.
    pub(super) entry: Port,
    pub(super) exit: Port,
}

/// The large plug.
#[derive(Clone, Debug)]
pub(super) struct Plug {
    pub(super) name: Name,
    pub(super) slot: Rect,
    /// Whether the slot lies (phone) instead of standing.
    pub(super) flat: bool,
}

/// Where a wire meets a thing, with the direction it leaves in.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) struct Port {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) nx: f32,
    pub(super) ny: f32,
}

/// Empty cells kept free behind a log's end.
pub(super) const FREE: u64 = 2;

impl Row {
    /// Offset of the first cell shown at `t`: the newest stay visible.
    pub(super) fn first(&self, log: &Log, t: Instant) -> u64 {
        let end = log.end(t) + FREE;
        end.saturating_sub(self.capacity).max(log.start(t))
    }

    /// Centre of the cell of an offset, kept within the row.
    pub(super) fn centre(&self, offset: u64, log: &Log, t: Instant) -> (f32, f32) {
        let x = match self.style {
            RowStyle::Cells => {
                let slot = offset.saturating_sub(self.first(log, t)).min(self.capacity - 1);
                let left = offset < self.first(log, t);
                let slot = if left { 0 } else { slot };
                self.cells.x + (slot as f32 + 0.5) * self.pitch
            }
            RowStyle::Bar => self.along(offset, log, t),
            RowStyle::Tile => self.cells.centre(),
            // Its cells are those of several logs: the newest is the last.
            RowStyle::Side(_) => {
                let end = self.cells.x + (self.capacity as f32 - 0.5) * self.pitch;
                let slot = log.end(t).min(self.capacity - 1);
                end.min(self.cells.x + (slot as f32 + 0.5) * self.pitch)
            }
        };
        (x, self.cells.middle())
    }

    /// The x of an offset in a bar.
    pub(super) fn along(&self, offset: u64, log: &Log, t: Instant) -> f32 {
        let (start, end) = (log.start(t), log.end(t));
        // A bar grows until it is full and then holds its whole log.
        let span = (end - start).max(100) as f32;
        let share = offset.saturating_sub(start) as f32 / span;
        self.cells.x + self.cells.w * share.min(1.0)
    }
}

impl StreamRow {
    /// The count of the first entry shown at `t`: the newest stay visible.
    pub(super) fn first(&self, stream: &Stream, t: Instant) -> u64 {
        let (base, entries) = stream.entries(t);
        let end = base + entries.len() as u64 + FREE;
        end.saturating_sub(self.capacity).max(base)
    }

    /// Where a message lies, or will lie next, at `t`.
    pub(super) fn centre(
        &self,
        timeline: &Timeline,
        t: Instant,
        message: Option<MessageId>,
    ) -> (f32, f32) {
        let slot = match self.kept {
            Kept::Stream(index) => timeline.streams().get(index).map_or(0, |stream| {
                let (base, entries) = stream.entries(t);
                let end = base + entries.len() as u64;
                let count = message.and_then(|message| stream.count_of_message(message));
                count.unwrap_or(end).min(end).saturating_sub(self.first(stream, t))
            }),
            // What comes goes to the left of what is there; what leaves does so at the right.
            Kept::List(index) => timeline.lists().get(index).map_or(0, |list| {
                let gone = message.is_some();
                if gone { self.capacity } else { self.capacity.saturating_sub(list.length(t) + 1) }
            }),
        };
        let slot = slot.min(self.capacity - 1);
        (self.cells.x + (slot as f32 + 0.5) * self.pitch, self.cells.middle())
    }
}

impl Layout {
    /// Places everything that exists at `t`.
    pub fn new(timeline: &Timeline, t: Instant, view: &View) -> Self {
        let size = view.size();
        // A frame much larger than a desk's screen is looked at from farther away.
        let scale = (view.width / 1_480.0).min(view.height / 860.0).clamp(1.0, 1.5);
        let mut layout = Self {
            view: view.clone(),
            epoch: timeline.epoch(t),
            plug_name: timeline.plug(t).cloned(),
            size,
            height: view.height,
            text: view.text.clamp(0.5, 3.0) * scale,
            scale,
            lanes: Vec::new(),
            producers: Vec::new(),
            servers: Vec::new(),
            brokers: Vec::new(),
            rows: Vec::new(),
            slot: None,
            consumers: Vec::new(),
            groups: Vec::new(),
            crowds: Vec::new(),
            plug: None,
            alley: (0.0, view.width),
            rule: None,
            floors: Vec::new(),
            sentence: Rect::default(),
            strip: None,
        };
        let cast = Cast::at(timeline, t, view);
        if size == Size::Phone {
            phone::place(&mut layout, timeline, &cast);
        } else {
            columns::place(&mut layout, timeline, &cast);
        }
        for place in &mut layout.consumers {
            let key = timeline.node(place.node).and_then(|node| node.key.clone());
            place.key = key.and_then(|key| Some((timeline.server_of(place.node, t)?, key)));
        }
        layout
    }

    /// Whether it still fits: the same frame and mode, and no node, topic, channel or party more
    /// or less. Cheap; ask each frame.
    pub fn fits(&self, timeline: &Timeline, t: Instant, view: &View) -> bool {
        let same = |a: &View, b: &View| {
            (a.mode, a.front, a.still) == (b.mode, b.front, b.still)
                && (a.by_broker, a.background, a.carrier) == (b.by_broker, b.background, b.carrier)
                && (a.width - b.width).abs() < 0.5
                && (a.height - b.height).abs() < 0.5
                && (a.text - b.text).abs() < 0.01
        };
        self.epoch == timeline.epoch(t)
            && same(&self.view, view)
            && self.plug_name.as_ref() == timeline.plug(t)
    }

    /// The place of a producer or consumer.
    pub(super) fn place_of(&self, node: NodeId) -> Option<&Place> {
        self.producers.iter().chain(&self.consumers).find(|place| place.node == node)
    }

    /// The output buffer kept for a subscriber, with its server.
    pub(super) fn buffer_of(&self, subscriber: NodeId) -> Option<(&Server, Rect)> {
        self.servers.iter().find_map(|server| {
            let buffer = server.buffers.iter().find(|(node, _)| *node == subscriber)?;
            Some((server, buffer.1))
        })
    }

    /// The row of a stream or list of a server.
    pub(super) fn kept(&self, server: NodeId, key: &str) -> Option<(&Server, &StreamRow)> {
        let server = self.servers.iter().find(|other| other.node == server)?;
        Some((server, server.streams.iter().find(|row| *row.key == *key)?))
    }

    pub(super) fn row_of(&self, partition: &TopicPartition) -> Option<&Row> {
        let side = |row: &Row| matches!(row.style, RowStyle::Side(_));
        self.rows.iter().find(|row| {
            row.partition == *partition || side(row) && row.partition.topic == partition.topic
        })
    }

    /// The selection that pictures on this layout show.
    pub fn select(&mut self, selected: Option<&super::Target>) {
        if self.view.selected.as_ref() != selected {
            self.view.selected = selected.cloned();
        }
    }

    /// Whether wires run from top to bottom.
    pub(super) fn falls(&self) -> bool {
        self.size == Size::Phone
    }
}

/// Who is on stage.
pub(super) struct Cast<'a> {
    timeline: &'a Timeline,
    pub(super) t: Instant,
    pub(super) redis: bool,
    pub(super) kafka: bool,
    pub(super) producers: Vec<&'a Node>,
    pub(super) servers: Vec<ServerCast<'a>>,
    /// Subscribers, stream readers and list workers.
    pub(super) subscribers: Vec<&'a Node>,
    /// Whether the replicas of each broker are open.
    pub(super) by_broker: bool,
    /// Brokers and controllers; empty while one machine is the whole cluster.
    pub(super) brokers: Vec<&'a Node>,
    pub(super) consumers: Vec<&'a Node>,
    pub(super) topics: Vec<TopicCast<'a>>,
}

/// A Redis server with what it keeps.
pub(super) struct ServerCast<'a> {
    pub(super) node: &'a Node,
    pub(super) channels: Vec<&'a Channel>,
    pub(super) kept: Vec<(Kept, &'a Name)>,
}

/// A topic with the retry and dead-letter topics that belong to it.
pub(super) struct TopicCast<'a> {
    pub(super) logs: Vec<(usize, &'a Log, bool)>,
    pub(super) sides: Vec<(Side, Vec<(usize, &'a Log)>)>,
}

/// The topic that a retry or dead-letter topic belongs to, by Spring Kafka's default suffixes
/// (`RetryTopicConstants`).
pub(super) fn side_of(name: &str) -> Option<(&str, Side)> {
    if let Some(main) = name.strip_suffix("-dlt") {
        return Some((main, Side::DeadLetter));
    }
    name.split_once("-retry").map(|(main, _)| (main, Side::Retry))
}

impl<'a> Cast<'a> {
    fn at(timeline: &'a Timeline, t: Instant, view: &View) -> Self {
        let ever: Vec<&Node> = timeline.nodes().iter().filter(|node| node.added <= t).collect();
        let all: Vec<&Node> = ever.iter().copied().filter(|node| node.exists(t)).collect();
        let of = |kind| all.iter().copied().filter(move |node| node.kind == kind);
        // The same consumer stands in the same order in both lanes; who has left keeps the others'
        // order, and a further listener stands with the consumer that it belongs to.
        let mut names: SortedMap<&Name, usize> = SortedMap::new();
        for node in ever.iter().filter(|node| node.kind.reads()) {
            let next = names.len();
            names.entry(&node.name).or_insert(next);
        }
        let ordered = |system| {
            let mine = |n: &&&Node| {
                n.kind.reads() && (n.kind == NodeKind::Consumer) == (system == System::Kafka)
            };
            let mut nodes: Vec<&Node> = all.iter().filter(mine).copied().collect();
            nodes.order_by_key(|node| {
                let own = node.listens_for.and_then(|id| timeline.node(id)).unwrap_or(node);
                (names.get(&own.name).copied(), node.listens_for.is_some())
            });
            nodes
        };
        let kept = |server: NodeId| {
            let streams = timeline.streams().iter().enumerate();
            let streams = streams.filter(move |(_, s)| s.server == server && s.created <= t);
            let streams = streams.map(|(i, s)| (s.created, Kept::Stream(i), &s.key));
            let lists = timeline.lists().iter().enumerate();
            let lists = lists.filter(move |(_, l)| l.server == server && l.created <= t);
            // What a worker keeps for itself is drawn with the list that it comes from.
            let lists = lists.filter(|(_, list)| list.processes().is_none());
            let lists = lists.map(|(i, l)| (l.created, Kept::List(i), &l.key));
            let mut all: Vec<(Instant, Kept, &Name)> = streams.chain(lists).collect();
            all.order_by_key(|(created, _, _)| *created);
            all.into_iter().map(|(_, kept, key)| (kept, key)).collect()
        };
        let servers = of(NodeKind::RedisServer)
            .map(|node| ServerCast {
                node,
                channels: timeline.channels(node.id, t).collect(),
                kept: kept(node.id),
            })
            .collect();
        let cluster = |n: &&&Node| matches!(n.kind, NodeKind::Broker | NodeKind::Controller);
        let brokers: Vec<&Node> = all.iter().filter(cluster).copied().collect();
        let has_redis = of(NodeKind::RedisServer).next().is_some();
        // A lane in which nothing stands is not drawn, unless both are empty.
        let (redis, kafka) = match view.mode {
            Mode::Redis => (true, false),
            Mode::Kafka => (false, true),
            Mode::Both => (has_redis || brokers.is_empty(), !brokers.is_empty() || !has_redis),
        };
        Self {
            timeline,
            t,
            redis,
            kafka,
            producers: of(NodeKind::Producer).collect(),
            servers,
            subscribers: ordered(System::Redis),
            by_broker: view.by_broker,
            brokers: if brokers.len() > 1 { brokers } else { Vec::new() },
            consumers: ordered(System::Kafka),
            topics: Self::topics(timeline, t),
        }
    }

    fn topics(timeline: &'a Timeline, t: Instant) -> Vec<TopicCast<'a>> {
        let logs = || timeline.logs().iter().enumerate().filter(|(_, log)| log.created <= t);
        let exists = |name: &str| logs().any(|(_, log)| *log.partition.topic == *name);
        let mut names: Vec<&Name> = Vec::new();
        let mut topics: Vec<TopicCast<'a>> = Vec::new();
        let side = |log: &'a Log| side_of(&log.partition.topic).filter(|(main, _)| exists(main));
        for (index, log) in logs().filter(|(_, log)| side(log).is_none()) {
            let known = names.iter().position(|name| **name == log.partition.topic);
            let topic = known.unwrap_or_else(|| {
                names.push(&log.partition.topic);
                topics.push(TopicCast { logs: Vec::new(), sides: Vec::new() });
                topics.len() - 1
            });
            let segmented = log.segments(t).len() > 1;
            topics[topic].logs.push((index, log, segmented));
        }
        for (index, log) in logs() {
            let Some((main, kind)) = side(log) else { continue };
            let Some(topic) = names.iter().position(|name| ***name == *main) else { continue };
            let sides = &mut topics[topic].sides;
            let same = |(_, all): &&mut (Side, Vec<(usize, &Log)>)| {
                all.first().is_some_and(|(_, l)| l.partition.topic == log.partition.topic)
            };
            match sides.iter_mut().find(same) {
                Some((_, all)) => all.push((index, log)),
                None => sides.push((kind, vec![(index, log)])),
            }
        }
        topics
    }

    /// The subscribers that stand with a server: the clients that have an output buffer there.
    pub(super) fn clients(&self, server: NodeId) -> Vec<NodeId> {
        let mine = |node: &&&Node| {
            let stands = self.timeline.server_of(node.id, self.t);
            node.kind == NodeKind::Subscriber && stands == Some(server)
        };
        self.subscribers.iter().filter(mine).map(|node| node.id).collect()
    }

    /// How many partitions there are, side topics apart.
    pub(super) fn partitions(&self) -> usize {
        self.topics.iter().map(|topic| topic.logs.len()).sum()
    }
}
