//! Processes: producers, servers, brokers, subscribers, consumers, and their connections.

use super::chart::Figure;
use super::chart::{Unit, direction, exact_bytes};
use super::words::{closed, kind, time};
use super::{At, Cell, Chart, Go, Sheet, Why};
use crate::event::{ConnectionId, Name, NodeId, NodeKind, PartyId};
use crate::sim::{Instant, Order, Span};
use crate::stage::Target;
use crate::stage::text::{bytes, limit};
use crate::timeline::clock::clock;
use crate::timeline::journal::rate;
use crate::timeline::{BufferLimits, Node, Wire};

/// Latencies are taken of so many messages at most.
const SAMPLE: usize = 4_096;

impl At<'_> {
    pub(super) fn node(self, id: NodeId) -> Option<Sheet> {
        let node = self.timeline.node(id).filter(|node| node.exists(self.t))?;
        let mut sheet = Sheet::new(&*node.name, kind(node.kind));
        let (state, class) = self.state(node);
        sheet.rows(vec![("process", Cell::of(state, class))]);
        match node.kind {
            NodeKind::Producer => self.producer(node, &mut sheet),
            NodeKind::RedisServer => self.redis_server(node, &mut sheet),
            NodeKind::Broker | NodeKind::Controller => self.broker(node, &mut sheet),
            NodeKind::Subscriber
            | NodeKind::Consumer
            | NodeKind::StreamReader
            | NodeKind::ListWorker => self.reader(node, &mut sheet),
            NodeKind::Tool => {}
        }
        self.connections(node, &mut sheet);
        Some(sheet)
    }

    /// A plug stands for the consumer behind it: in both lanes where it stands in both.
    pub(super) fn plug(self, name: &Name) -> Option<Sheet> {
        let mut nodes = self
            .timeline
            .nodes()
            .iter()
            .filter(|node| node.name == *name && node.exists(self.t) && node.party.is_some());
        let first = self.node(nodes.next()?.id)?;
        Some(nodes.filter_map(|node| self.node(node.id)).fold(first, |mut sheet, other| {
            "plug".clone_into(&mut sheet.kind);
            sheet.blocks.push(super::Block::Heading(other.kind));
            sheet.blocks.extend(other.blocks);
            sheet
        }))
    }

    fn producer(self, node: &Node, sheet: &mut Sheet) {
        let mut newest = self.timeline.messages(self.t).iter().rev();
        let newest = newest.find(|message| message.producer == node.id);
        let sent = newest.map_or(0, |message| message.number);
        let topic = node.topic.as_deref().unwrap_or("nothing");
        let mut rows = vec![
            ("topic", Cell::new(topic)),
            ("rate", Cell::new(rate(node.rate.value(self.t)))),
            ("messages sent", Cell::new(sent.to_string())),
        ];
        let carriers: Vec<String> =
            node.carriers.iter().map(|carrier| super::form::carrier(*carrier).to_owned()).collect();
        if !carriers.is_empty() {
            rows.insert(1, ("carriers", Cell::new(carriers.join(", "))));
        }
        sheet.rows(rows);
        let newest = self.timeline.messages(self.t).iter().rev();
        let newest = newest.filter(|message| message.producer == node.id).take(8);
        let rows = newest.map(|message| {
            vec![
                Cell::to(self.number(message.id), Target::Message(message.id)),
                Cell::new(message.key.as_deref().unwrap_or("none")),
                Cell::new(clock(message.sent)),
            ]
        });
        sheet.table("Sent last", &["message", "key", "sent"], rows.collect());
    }

    fn redis_server(self, node: &Node, sheet: &mut Sheet) {
        let open = |t: Instant| {
            self.timeline
                .wires()
                .iter()
                .filter(move |wire| wire.server == node.id && wire.is_open(t))
        };
        sheet.rows(vec![("connected_clients", Cell::new(open(self.t).count().to_string()))]);
        let channels = self.timeline.channels(node.id, self.t).map(|channel| {
            let here = self.timeline.subscriptions(self.t);
            let here = here
                .filter(|s| {
                    s.server == node.id && s.channel == channel.name && s.pattern == channel.pattern
                })
                .count();
            let target = Target::Channel(node.id, channel.name.clone());
            vec![Cell::to(&*channel.name, target), Cell::new(here.to_string())]
        });
        sheet.table("Channels and patterns", &["channel", "subscriptions"], channels.collect());
        let held =
            |t: Instant| Some(open(t).map(|wire| wire.buffered.value(t)).sum::<u64>() as f64);
        let line: Figure<'_> = ("level-ok", "all of them".into(), &held);
        sheet.chart(Some(self.axis().chart(
            "output buffers",
            Unit::Bytes,
            &[line],
            (1_000.0, &[]),
        )));
        sheet.chart(self.memory(node));
    }

    fn broker(self, node: &Node, sheet: &mut Sheet) {
        let Some(number) = self.timeline.broker_id(node.id) else { return };
        sheet.rows(vec![("node.id", Cell::new(number.to_string()))]);
        let logs = self.timeline.logs().iter().filter(|log| log.created <= self.t);
        let mine = logs.filter(|log| {
            log.leader(self.t) == Some(number) || log.in_sync(self.t).contains(&number)
        });
        let rows = mine.map(|log| {
            let leads = log.leader(self.t) == Some(number);
            vec![
                Cell::to(log.partition.to_string(), Target::Partition(log.partition.clone())),
                Cell::of(
                    if leads { "leader" } else { "follower, in sync" },
                    if leads { "kafka" } else { "ink" },
                ),
                Cell::new(log.end(self.t).to_string()),
            ]
        });
        sheet.table("Partitions", &["partition", "role", "log end offset"], rows.collect());
    }

    fn reader(self, node: &Node, sheet: &mut Sheet) {
        let t = self.t;
        let plug = if node.unplugged.value(t) { Cell::of("out", "lost") } else { Cell::new("in") };
        let takes = node.takes.value(t);
        let mut rows = vec![
            ("plug", plug),
            ("handler takes", Cell::new(time(takes))),
            ("handled", Cell::new(node.handled(t).to_string())),
        ];
        if let Some(Some((message, until))) = node.working.at(t) {
            let left = until.since(t);
            let text = format!("{}, {} left", self.number(*message), time(left));
            rows.push(("working on", Cell::to(text, Target::Message(*message))));
        }
        sheet.rows(rows);
        if node.kind == NodeKind::Subscriber {
            self.subscriber(node, sheet);
        } else {
            self.group_of(node, sheet);
        }
        if let Some(party) = node.party {
            self.party(party, sheet);
        }
        sheet.chart(self.latency(node));
    }

    fn subscriber(self, node: &Node, sheet: &mut Sheet) {
        let Some(wire) = self.timeline.open_wire(node.id, self.t) else {
            return sheet.words("No connection: Redis does not know that it exists.");
        };
        let mine = self.timeline.subscriptions(self.t).filter(|s| s.client == wire.id);
        let rows = mine.map(|s| {
            let command = if s.pattern { "PSUBSCRIBE" } else { "SUBSCRIBE" };
            vec![
                Cell::to(&*s.channel, Target::Channel(s.server, s.channel.clone())),
                Cell::new(command),
            ]
        });
        sheet.table("Subscriptions", &["channel", "by"], rows.collect());
        sheet.chart(Some(self.buffer(wire)));
    }

    /// Memory against its limit, once the server has said how much it uses.
    fn memory(self, node: &Node) -> Option<Chart> {
        let (_, most) = *node.memory.at(self.t)?;
        let used = |t: Instant| node.memory.at(t).map(|(used, _)| *used as f64);
        let (least, marks) = match most {
            0 => (1_000_000.0, Vec::new()),
            most => (most as f64 * 1.05, vec![(most as f64, format!("maxmemory {}", bytes(most)))]),
        };
        let line: Figure<'_> = ("level-ok", "used_memory".into(), &used);
        Some(self.axis().chart("memory", Unit::Bytes, &[line], (least, &marks)))
    }

    /// A client's output buffer against both of its limits.
    fn buffer(self, wire: &Wire) -> Chart {
        let level = |t: Instant| wire.is_open(t).then(|| wire.buffered.value(t) as f64);
        let server = self.timeline.node(wire.server);
        let BufferLimits { hard, soft, fuse } =
            server.map(|server| server.limits.value(self.t)).unwrap_or_default();
        let mut marks = Vec::new();
        if hard > 0 {
            marks.push((hard as f64, format!("hard limit {}", limit(hard))));
        }
        if soft > 0 {
            marks.push((soft as f64, format!("soft limit {}, {fuse}", limit(soft))));
        }
        // Far below the limits a chart up to them would be a flat line.
        let peak = self.axis().instants().filter_map(level).fold(0.0, f64::max);
        let least = marks.iter().map(|(at, _)| *at).fold(f64::INFINITY, f64::min);
        let most = marks.iter().map(|(at, _)| *at).fold(0.0, f64::max);
        let top = if peak * 8.0 > least { most * 1.05 } else { 1_000.0 };
        let line: Figure<'_> = ("level-ok", "now".into(), &level);
        self.axis().chart("output buffer", Unit::Bytes, &[line], (top, &marks))
    }

    fn group_of(self, node: &Node, sheet: &mut Sheet) {
        let group = node.party.and_then(|party| self.timeline.party(party));
        let Some(group) = group else { return };
        let assigned = node.assigned.at(self.t).map_or(&[][..], Vec::as_slice);
        sheet.rows(vec![
            ("group.id", Cell::new(&*group.name)),
            ("assigned partitions", Cell::new(assigned.len().to_string())),
        ]);
        let logs = assigned.iter().filter_map(|partition| self.timeline.log(partition));
        let rows = logs.map(|(_, log)| self.lag_row(log, &group.name, &log.partition.to_string()));
        sheet.table("Its partitions", &super::log::LAG_COLUMNS, rows.collect());
        let logs = assigned.iter().filter_map(|partition| self.timeline.log(partition));
        let of = logs.map(|(_, log)| (log, group.name.clone(), log.partition.to_string()));
        sheet.chart(self.lag_chart(&of.collect::<Vec<_>>()));
    }

    /// The ledger's row of a party, as a list.
    pub(super) fn party(self, party: PartyId, sheet: &mut Sheet) {
        let sums = self.timeline.sums(party, self.t);
        let count = |n: u32, class| Cell::count(u64::from(n), class);
        let lost =
            Cell { go: Some(super::Go::To(Target::Lost(party))), ..count(sums.lost, "lost") };
        sheet.rows(vec![
            ("expected", count(sums.expected, "ink")),
            ("on its way", count(sums.on_its_way, "ink")),
            ("waiting", count(sums.waiting, "waiting")),
            ("arrived", count(sums.delivered, "ok")),
            ("parked", count(sums.parked, "waiting")),
            ("lost", lost),
            ("refused", count(sums.refused, "lost")),
            ("repeated", count(sums.repeated, "waiting")),
            ("replayed", count(sums.replayed, "ink")),
            ("late", count(sums.late, "waiting")),
        ]);
        if let Some((expected, actual)) =
            self.timeline.party(party).and_then(|p| p.account.at(self.t))
        {
            let class = if expected == actual { "ok" } else { "lost" };
            sheet.rows(vec![
                ("account, expected", Cell::new(expected.to_string())),
                ("account, actual", Cell::of(actual.to_string(), class)),
            ]);
        }
    }

    /// Times from send to handled of what these readers handled last, shortest first.
    pub(super) fn latencies(self, readers: &[&Node], from: Instant, to: Instant) -> Vec<Span> {
        let mut all = Vec::new();
        for node in readers {
            let history = node.history(to);
            let begin = history.partition_point(|(at, _)| *at < from);
            for (at, id) in history[begin..].iter().rev().take(SAMPLE) {
                all.extend(self.timeline.message(*id).map(|message| at.since(message.sent)));
            }
        }
        all.order();
        all
    }

    fn latency(self, node: &Node) -> Option<Chart> {
        let mut newest = node.history(self.t).iter().rev().take(SAMPLE);
        newest.find(|(_, id)| self.timeline.message(*id).is_some())?;
        let axis = self.axis();
        let step = axis.instants().nth(1)?.since(axis.instants().next()?);
        let of = |per_cent: usize| {
            move |t: Instant| {
                let window = self.latencies(&[node], Instant(t.0.saturating_sub(step.0 * 4)), t);
                share(&window, per_cent).map(|span| span.as_nanos() as f64)
            }
        };
        let (p99, p50) = (of(99), of(50));
        let lines: [Figure<'_>; 2] =
            [("level-high", "p99".into(), &p99), ("level-ok", "p50".into(), &p50)];
        Some(axis.chart("time from send to handled", Unit::Time, &lines, (1e6, &[])))
    }

    fn connections(self, node: &Node, sheet: &mut Sheet) {
        let is_client = |wire: &&Wire| wire.client == node.id;
        let mine = self.timeline.wires().iter().rev();
        let mine = mine
            .filter(|wire| wire.opened <= self.t && (is_client(wire) || wire.server == node.id));
        let rows = mine.take(8).map(|wire| {
            let other = if is_client(&wire) { wire.server } else { wire.client };
            let state = match wire.closed.filter(|(at, _)| *at <= self.t) {
                Some((_, reason)) => Cell {
                    go: Some(Go::Why(Why::Closed(wire.id))),
                    ..Cell::of(closed(reason), "dim")
                },
                None => Cell::of("open", "ok"),
            };
            vec![
                Cell::to(&*self.name_of(other), Target::Wire(wire.id)),
                Cell::new(clock(wire.opened)),
                state,
            ]
        });
        sheet.table("Connections", &["with", "since", "state"], rows.collect());
    }

    pub(super) fn wire(self, id: ConnectionId) -> Option<Sheet> {
        let wire = self.timeline.wire(id).filter(|wire| wire.opened <= self.t)?;
        let title = format!("{} \u{2192} {}", self.name_of(wire.client), self.name_of(wire.server));
        let mut sheet = Sheet::new(title, "connection");
        let state = match wire.closed.filter(|(at, _)| *at <= self.t) {
            Some((at, reason)) => {
                Cell::of(format!("closed at {}: {}", clock(at), closed(reason)), "lost")
            }
            None => Cell::of("open", "ok"),
        };
        let mut under_way = Vec::new();
        self.timeline.under_way(self.t, |motion| {
            if motion.hop.connection == id {
                let leading = motion.hop.tags.first().map(|tag| tag.message);
                let to = self.name_of(motion.hop.to);
                let what = match (motion.hop.tags.len(), leading) {
                    (1, Some(message)) => Cell::to(self.number(message), Target::Message(message)),
                    (n, Some(message)) => {
                        Cell::to(format!("{n} messages"), Target::Message(message))
                    }
                    _ => Cell::new("a request or an answer"),
                };
                let size = Cell::new(format!("{} bytes", motion.hop.bytes));
                under_way.push(vec![what, Cell::new(&*to), size]);
            }
        });
        sheet.rows(vec![
            ("client", Cell::to(&*self.name_of(wire.client), Target::Node(wire.client))),
            ("server", Cell::to(&*self.name_of(wire.server), Target::Node(wire.server))),
            ("opened", Cell::new(clock(wire.opened))),
            ("state", state),
        ]);
        let server = self.timeline.node(wire.server);
        let reads = self.timeline.node(wire.client).is_some_and(|n| n.kind == NodeKind::Subscriber);
        if reads && server.is_some_and(|node| node.kind == NodeKind::RedisServer) {
            sheet
                .rows(vec![("output buffer", Cell::new(exact_bytes(wire.buffered.value(self.t))))]);
            sheet.chart(Some(self.buffer(wire)));
        }
        sheet.table("Under way", &["what", "to", "size"], under_way);
        Some(sheet)
    }

    pub(super) fn channel(self, server: NodeId, name: &Name) -> Option<Sheet> {
        let known = self.timeline.channels(server, self.t).any(|channel| channel.name == *name);
        if !known {
            return self.stream(server, name).or_else(|| self.list(server, name));
        }
        let mut sheet = Sheet::new(&**name, "channel");
        sheet.rows(vec![("server", Cell::to(&*self.name_of(server), Target::Node(server)))]);
        let here = self.timeline.subscriptions(self.t).filter(|s| s.server == server);
        let rows = here.filter(|s| s.channel == *name).filter_map(|s| {
            let wire = self.timeline.wire(s.client)?;
            let since = Cell::new(clock(s.from));
            Some(vec![Cell::to(&*self.name_of(wire.client), Target::Node(wire.client)), since])
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            sheet.words(
                "Nobody is subscribed: what is published now reaches nobody and is kept nowhere.",
            );
        }
        sheet.table("Subscribers", &["client", "since"], rows);
        Some(sheet)
    }
}

/// The value that so many per cent of the sorted values do not exceed.
pub(super) fn share(sorted: &[Span], per_cent: usize) -> Option<Span> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((sorted.len() * per_cent / 100).min(last)).copied()
}

/// A count with the way it goes.
pub(super) fn moving(before: u64, now: u64) -> Cell {
    let (mark, word) = direction(before, now);
    let class = match (now, word) {
        (0, _) => "ok",
        (_, "shrinking") => "ok",
        _ => "waiting",
    };
    let space = if mark.is_empty() { "" } else { " " };
    Cell::of(format!("{now}{space}{mark}"), class)
}
