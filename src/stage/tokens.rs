//! Everything that moves, as tokens. Called for each frame: it allocates only for labels.

use super::layout::{Layout, RowStyle, Server, StreamRow};
use super::picture::{Anchor, Form, Label, Token, TokenKind};
use super::route::Route;
use crate::event::{
    Cargo, ConnectionId, HopId, MessageId, Name, NodeId, System, Tag, TopicPartition,
};
use crate::sim::{Instant, Order, Span};
use crate::timeline::{Motion, MotionState, Timeline, Wire};
use std::sync::Arc;

/// Radius of a message.
pub(super) const R: f32 = 9.0;
/// Radius of a request.
const RING: f32 = 6.5;

/// What moves at `t`, in painting order: requests below messages.
pub fn tokens(timeline: &Timeline, t: Instant, layout: &Layout) -> Vec<Token> {
    settled(timeline, t, &layout.settled(timeline, t))
}

/// The same in a layout that is settled for `t` already.
pub(super) fn settled(timeline: &Timeline, t: Instant, layout: &Layout) -> Vec<Token> {
    let mut motions = Vec::new();
    timeline.under_way(t, |motion| motions.push(motion));
    let flows = flows(&motions);
    let mut painter = Painter {
        timeline,
        t,
        layout,
        tokens: Vec::with_capacity(motions.len()),
        produce: Vec::new(),
        ways: Vec::new(),
        crowd: Vec::new(),
    };
    painter.parked();
    let mut drawn: Vec<ConnectionId> = Vec::new();
    for motion in &motions {
        let wire = motion.hop.connection;
        let Some((_, count)) = flow_of(&flows, motion) else {
            painter.hop(motion);
            continue;
        };
        // One capsule for all that a crowded wire carries, half way along it.
        if drawn.contains(&wire) {
            continue;
        }
        drawn.push(wire);
        let before = painter.tokens.len();
        painter.hop(&Motion { progress: 0.5, state: MotionState::Held, ..*motion });
        painter.tokens.truncate(before + 1);
        if let Some(token) = painter.tokens.get_mut(before) {
            let key = token.key.unwrap_or(u8::MAX);
            token.kind = TokenKind::Batch { count: *count, keys: [key; 3] };
            (token.message, token.number, token.form) = (None, 0, Form::Circle);
        }
    }
    painter.count_copies();
    for token in &mut painter.tokens {
        // A capsule is wider than the gutter of a phone.
        let least = token.half() + 2.0;
        token.x = token.x.clamp(least, (layout.view.width - least).max(least));
    }
    super::labels::settle(timeline, t, layout, &mut painter.tokens);
    painter.tokens
}

/// More messages than this at once on one wire are drawn as a flow: its width and its count.
pub(super) const FLOW: u32 = 24;

/// Wires that carry more than [`FLOW`] loaded hops, with how many messages.
pub(super) fn flows(motions: &[Motion<'_>]) -> Vec<(ConnectionId, u32)> {
    let moving =
        |motion: &&Motion<'_>| motion.state == MotionState::Moving && !motion.hop.tags.is_empty();
    if motions.len() <= FLOW as usize {
        return Vec::new();
    }
    let mut wires: Vec<(ConnectionId, u32)> = motions
        .iter()
        .filter(moving)
        .map(|motion| (motion.hop.connection, motion.hop.tags.len() as u32))
        .collect();
    wires.order_by_key(|(wire, _)| *wire);
    let mut all = Vec::new();
    for run in wires.chunk_by(|a, b| a.0 == b.0) {
        if run.len() > FLOW as usize {
            all.push((run[0].0, run.iter().map(|(_, count)| count).sum()));
        }
    }
    all
}

fn flow_of<'f>(
    flows: &'f [(ConnectionId, u32)],
    motion: &Motion<'_>,
) -> Option<&'f (ConnectionId, u32)> {
    if flows.is_empty() || motion.hop.tags.is_empty() || motion.state != MotionState::Moving {
        return None;
    }
    let index = flows.binary_search_by_key(&motion.hop.connection, |(wire, _)| *wire).ok()?;
    flows.get(index)
}

struct Painter<'a> {
    timeline: &'a Timeline,
    t: Instant,
    layout: &'a Layout,
    tokens: Vec<Token>,
    /// For each row seen: how many records are under way to it.
    produce: Vec<(usize, u64)>,
    /// Ways through Redis that were asked for before: they depend on the layout alone.
    ways: Vec<(NodeId, NodeId, Name, Option<Route>)>,
    /// Copies of one message on their way to a crowd: the message, when they left, which token
    /// stands for all of them, and how many they are.
    crowd: Vec<(MessageId, Instant, usize, u32)>,
}

impl Painter<'_> {
    /// Fetches that lie at a broker until there is something to answer with.
    fn parked(&mut self) {
        for place in &self.layout.consumers {
            if place.system != Some(System::Kafka) {
                continue;
            }
            let (timeline, t) = (self.timeline, self.t);
            let open = |wire: &&Wire| wire.client == place.node && wire.is_open(t);
            for wire in timeline.wires().iter().rev().filter(open).take(4) {
                let Some(hop) = timeline.parked_fetch(wire, t) else { continue };
                let Cargo::Fetch { from } = &hop.cargo else { continue };
                for (partition, offset) in from {
                    self.waiting_ring(hop.id, place.node, partition, *offset);
                }
            }
        }
    }

    fn waiting_ring(&mut self, hop: HopId, node: NodeId, partition: &TopicPartition, offset: u64) {
        let Some(row) = self.layout.row_of(partition) else { return };
        if row.style != RowStyle::Cells {
            return;
        }
        let (x, y) = self.layout.asking(self.timeline, self.t, row, offset, node);
        // Under the free cells, where no offset stands yet; one word for all that ask there.
        let below = row.cells.bottom() + 14.0;
        let said = |token: &Token| token.label.as_ref().is_some_and(|l| (l.y - below).abs() < 1.0);
        let label = (!self.tokens.iter().any(said)).then(|| {
            // Records beyond the high watermark lie there already, with their numbers.
            let free = super::labels::numbers(self.timeline, self.t, self.layout, row)
                .map_or(f32::MIN, |it| it.right() + 2.0);
            let x = (x - row.pitch / 2.0 + 2.0).max(free);
            let end = match &self.layout.plug {
                Some(plug) if !plug.flat => plug.slot.x - 4.0,
                _ => self.layout.view.width - 4.0,
            };
            let wide = |text: &str| super::text::width(text, 11.0, false, false);
            let full = ask(offset);
            let text = if x + wide(&full) <= end { full } else { format!("{offset}?").into() };
            Label { x: x.min(end - wide(&text)), text, y: below, anchor: Anchor::Start }
        });
        let mut token = blank(hop, System::Kafka, (x, y), TokenKind::Request);
        token.label = label;
        self.tokens.push(token);
    }

    fn hop(&mut self, motion: &Motion<'_>) {
        let (hop, layout) = (motion.hop, self.layout);
        match &hop.cargo {
            Cargo::RedisSend { target, command } if &**command != "PUBLISH" => {
                let Some((_, row)) = layout.kept(hop.to, target) else { return };
                let cell = row.centre(self.timeline, self.t, None);
                let route = layout.add(hop.from, (hop.to, target), cell);
                self.messages(motion, System::Redis, route, &hop.tags, false);
            }
            Cargo::RedisReply { .. } if !hop.tags.is_empty() => {
                let Some((_, row)) = self.reads(hop.to) else { return };
                let first = hop.tags.first().map(|tag| tag.message);
                let cell = row.centre(self.timeline, self.t, first);
                let route = layout.take(hop.to, cell);
                let again = self.repeats(hop.to, motion.departed, &hop.tags);
                self.messages(motion, System::Redis, route, &hop.tags, again);
            }
            // A pull is a request that travels first.
            Cargo::RedisCommand { command } if ASKS.contains(&&**command) => {
                let Some((_, row)) = self.reads(hop.from) else { return };
                let cell = row.centre(self.timeline, self.t, None);
                let route = layout.take(hop.from, cell).map(Route::reversed);
                self.request(motion, System::Redis, route, Some(ask_word(command)));
            }
            Cargo::RedisSend { target, .. } => {
                let way = |layout: &Layout| layout.publish(hop.from, hop.to, target);
                let route = self.way(hop.from, hop.to, target, way);
                self.messages(motion, System::Redis, route, &hop.tags, false);
            }
            Cargo::RedisPush { channel } if layout.crowd_of(hop.to).is_some() => {
                self.push_to_crowd(motion, channel);
            }
            Cargo::RedisPush { channel } => {
                let way = |layout: &Layout| layout.push(hop.to, channel);
                let route = self.way(hop.from, hop.to, channel, way);
                let again = self.repeats(hop.to, motion.departed, &hop.tags);
                self.messages(motion, System::Redis, route, &hop.tags, again);
            }
            Cargo::Produce { partition } => {
                let Some(row) = layout.row_of(partition) else { return };
                let Some(log) = self.timeline.logs().get(row.log) else { return };
                let ahead = self.ahead(row.log, hop.tags.len() as u64);
                let cell = row.centre(log.end(self.t) + ahead, log, self.t);
                let route = layout.produce(hop.from, row, cell);
                self.messages(motion, System::Kafka, route, &hop.tags, false);
            }
            Cargo::ProduceAnswer { partition, error, .. } => {
                if error.is_none() && !layout.view.background {
                    return;
                }
                let Some(row) = layout.row_of(partition) else { return };
                let back = layout.wire_in_row(hop.to, row).map(Route::reversed);
                self.request(motion, System::Kafka, back, error.clone());
            }
            Cargo::Fetch { from } => {
                for (partition, offset) in from {
                    let Some(row) = layout.row_of(partition) else { continue };
                    let cell = layout.asking(self.timeline, self.t, row, *offset, hop.from);
                    let route = layout.fetch(hop.from, row, cell);
                    self.request(motion, System::Kafka, route, Some(ask(*offset)));
                }
            }
            Cargo::Fetched { from, error } => self.fetched(motion, from, error.clone()),
            Cargo::OffsetCommit { offsets, .. } => {
                for (partition, offset) in offsets {
                    let Some(row) = layout.row_of(partition) else { continue };
                    let Some(log) = self.timeline.logs().get(row.log) else { continue };
                    let cell = row.centre(*offset, log, self.t);
                    let cell = (cell.0 - row.pitch / 2.0, row.cells.y - 6.0);
                    let route = layout.fetch(hop.from, row, cell);
                    let label = Arc::from(format!("bookmark {offset}"));
                    self.request(motion, System::Kafka, route, Some(label));
                }
            }
            Cargo::RedisReplicate { .. }
            | Cargo::RedisCommand { .. }
            | Cargo::RedisReply { .. }
            | Cargo::Replicate { .. }
            | Cargo::KafkaRequest { .. }
            | Cargo::KafkaAnswer { .. } => self.other(motion),
        }
    }

    /// The row that a stream reader or list worker reads.
    fn reads(&self, node: NodeId) -> Option<(&'_ Server, &'_ StreamRow)> {
        let (server, key) = self.layout.place_of(node)?.key.as_ref()?;
        self.layout.kept(*server, key)
    }

    /// One token along the trunk stands for all copies of a message that left together: the
    /// server writes to one client after another, within microseconds.
    fn push_to_crowd(&mut self, motion: &Motion<'_>, channel: &Name) {
        let (hop, layout) = (motion.hop, self.layout);
        let Some(message) = hop.tags.first().map(|tag| tag.message) else { return };
        let same = |(m, at, _, _): &&mut (MessageId, Instant, usize, u32)| {
            *m == message && motion.departed.since(*at) < TOGETHER
        };
        if let Some((_, _, _, count)) = self.crowd.iter_mut().rev().find(same) {
            *count += 1;
            return;
        }
        let Some(crowd) = layout.crowd_of(hop.to) else { return };
        let way = |layout: &Layout| layout.push_to_crowd(crowd, channel);
        // All of a crowd share the way of its first.
        let route = self.way(hop.from, crowd.nodes[0], channel, way);
        let before = self.tokens.len();
        self.messages(motion, System::Redis, route, &hop.tags, false);
        if self.tokens.len() > before {
            self.crowd.push((message, motion.departed, before, 1));
        }
    }

    /// Writes on each token of a crowd for how many it stands.
    fn count_copies(&mut self) {
        for (_, _, token, count) in &self.crowd {
            if let (Some(token), 2..) = (self.tokens.get_mut(*token), *count) {
                let text = Arc::from(format!("\u{d7} {count}"));
                let (x, y) = (token.x, token.y - 13.0);
                token.label = Some(Label { text, x, y, anchor: Anchor::Middle });
            }
        }
    }

    fn fetched(
        &mut self,
        motion: &Motion<'_>,
        from: &[(TopicPartition, u64)],
        error: Option<Arc<str>>,
    ) {
        let (hop, layout) = (motion.hop, self.layout);
        if hop.tags.is_empty() {
            let Some((partition, offset)) = from.first() else { return self.other(motion) };
            let Some(row) = layout.row_of(partition) else { return };
            let cell = layout.asking(self.timeline, self.t, row, *offset, hop.to);
            let route = layout.fetched(hop.to, row, cell);
            return self.request(motion, System::Kafka, route, error);
        }
        for (partition, offset) in from {
            let Some(row) = layout.row_of(partition) else { continue };
            let Some(log) = self.timeline.logs().get(row.log) else { continue };
            let route = layout.fetched(hop.to, row, row.centre(*offset, log, self.t));
            let mine = |tag: &&Tag| {
                from.len() == 1 || self.timeline.stored(**tag).is_none_or(|log| log == row.log)
            };
            let tags: Vec<Tag> = hop.tags.iter().filter(mine).copied().collect();
            let again = self.repeats(hop.to, motion.departed, &tags);
            self.messages(motion, System::Kafka, route, &tags, again);
        }
    }

    /// Traffic that keeps the systems going: drawn only when asked for.
    fn other(&mut self, motion: &Motion<'_>) {
        if self.layout.view.background {
            let (from, to) = (motion.hop.from, motion.hop.to);
            let system = match motion.hop.cargo {
                Cargo::RedisCommand { .. } | Cargo::RedisReply { .. } => System::Redis,
                _ => System::Kafka,
            };
            self.request(motion, system, self.layout.between(from, to), None);
        }
    }

    fn way(
        &mut self,
        from: NodeId,
        to: NodeId,
        name: &Name,
        find: impl Fn(&Layout) -> Option<Route>,
    ) -> Option<Route> {
        let known = self.ways.iter().find(|(a, b, n, _)| *a == from && *b == to && n == name);
        if let Some((_, _, _, route)) = known {
            return *route;
        }
        let route = find(self.layout);
        self.ways.push((from, to, name.clone(), route));
        route
    }

    /// How many records are under way to a row ahead of this batch, which joins them.
    fn ahead(&mut self, log: usize, batch: u64) -> u64 {
        if let Some((_, count)) = self.produce.iter_mut().find(|(seen, _)| *seen == log) {
            *count += batch;
            return *count - batch;
        }
        self.produce.push((log, batch));
        0
    }

    /// Whether the reader had handled the first of these messages before they left.
    fn repeats(&self, reader: NodeId, departed: Instant, tags: &[Tag]) -> bool {
        let party = self.timeline.node(reader).and_then(|node| node.party);
        let party = party.and_then(|id| self.timeline.party(id));
        tags.first().zip(party).is_some_and(|(tag, party)| party.had(tag.message, departed))
    }

    fn messages(
        &mut self,
        motion: &Motion<'_>,
        system: System,
        route: Option<Route>,
        tags: &[Tag],
        again: bool,
    ) {
        let (Some(route), Some(first)) = (route, tags.first()) else { return };
        let leading = self.timeline.message(first.message);
        let colour = |tag: &Tag| self.timeline.message(tag.message).and_then(|m| m.colour);
        let kind = if let [_] = tags {
            TokenKind::Message
        } else {
            let mut keys = [u8::MAX; 3];
            for (key, tag) in keys.iter_mut().zip(tags) {
                *key = colour(tag).unwrap_or(u8::MAX);
            }
            TokenKind::Batch { count: tags.len() as u32, keys }
        };
        let mut token = self.on(&route, motion, blank(motion.hop.id, system, (0.0, 0.0), kind));
        token.message = Some(first.message);
        token.key = leading.and_then(|m| m.colour);
        token.number = leading.map_or(0, |m| m.number);
        token.r = R * self.layout.scale;
        token.form = if self.timeline.has_failed(first.message, self.t) {
            Form::Diamond
        } else if again {
            Form::Ring
        } else {
            Form::Circle
        };
        self.tokens.push(token);
    }

    fn request(
        &mut self,
        motion: &Motion<'_>,
        system: System,
        route: Option<Route>,
        label: Option<Arc<str>>,
    ) {
        let Some(route) = route else { return };
        let blank = blank(motion.hop.id, system, (0.0, 0.0), TokenKind::Request);
        let mut token = self.on(&route, motion, blank);
        if label.is_none() {
            token.alpha *= 0.6;
        }
        token.label = label.map(|text| {
            // Above it, and inside the frame at both edges.
            let half = super::text::width(&text, 11.0, false, false) / 2.0;
            let x =
                token.x.clamp(half + 4.0, (self.layout.view.width - half - 4.0).max(half + 4.0));
            Label { text, x, y: token.y - 11.0, anchor: Anchor::Middle }
        });
        self.tokens.push(token);
    }

    fn on(&self, route: &Route, motion: &Motion<'_>, mut token: Token) -> Token {
        let mut progress = motion.progress as f32;
        if self.layout.view.still {
            // From station to station: at its start, half way, nearly there.
            progress = (progress * 3.0).floor().min(2.0) / 2.0;
        }
        (token.x, token.y) = route.at(progress);
        match motion.state {
            MotionState::Moving => {
                (token.dx, token.dy) = route.direction(progress);
                if self.layout.view.still {
                    (token.dx, token.dy) = (0.0, 0.0);
                }
            }
            MotionState::Held => {}
            MotionState::Falling(fallen) => {
                let fallen = fallen as f32;
                let floors = self.layout.floors.iter();
                let floor = floors.map(|(system, floor)| (*system, *floor));
                let mut floor = floor.filter(|(system, _)| *system == token.system);
                let depth = match floor.next().map(|(_, floor)| floor) {
                    Some(floor) if floor.middle() > token.y => floor.middle() - token.y,
                    _ => 24.0,
                };
                token.y += depth * fallen * fallen;
                token.alpha = 1.0 - 0.7 * fallen;
            }
        }
        token
    }
}

/// Copies that leave within this time of each other travel as one to a crowd.
const TOGETHER: Span = Span::from_micros(500);

/// The commands with which a reader asks for what is next, or says what is done.
const ASKS: [&str; 9] =
    ["XREADGROUP", "XREAD", "XAUTOCLAIM", "XACK", "BRPOP", "BLPOP", "BLMOVE", "LMOVE", "LREM"];

fn ask_word(command: &str) -> Arc<str> {
    Arc::from(match command {
        "XACK" | "LREM" => "done",
        "XAUTOCLAIM" => "claim what is idle",
        _ => "what is next?",
    })
}

fn ask(offset: u64) -> Arc<str> {
    Arc::from(format!("what is at {offset}?"))
}

fn blank(hop: HopId, system: System, (x, y): (f32, f32), kind: TokenKind) -> Token {
    Token {
        hop,
        message: None,
        system,
        x,
        y,
        r: RING,
        dx: 0.0,
        dy: 0.0,
        alpha: 1.0,
        key: None,
        number: 0,
        kind,
        form: Form::Circle,
        label: None,
    }
}
