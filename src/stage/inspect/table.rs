//! The same state as tables: what the stage draws, for those who would rather read it.

use super::words::{kind, time};
use super::{At, Block, Cell, Sheet, Table};
use crate::event::{NodeKind, System};
use crate::sim::Instant;
use crate::stage::Target;
use crate::stage::layout::{Side, side_of};
use crate::stage::text::bytes;
use crate::timeline::journal::rate;
use crate::timeline::{Clock, Node, Phase, Steps, Timeline};

/// Everything that the stage draws at `t`: nodes and what they read and keep, partitions, groups,
/// output buffers, what waits under a key, accounts, and the ledger.
pub fn tables(timeline: &Timeline, t: Instant) -> Sheet {
    let at = At { timeline, t };
    let mut sheet = Sheet::new("Everything as tables", "the stage in words");
    sheet.table(
        "Nodes",
        &["name", "kind", "process", "reads or sends", "rate or work", "handled"],
        at.nodes(),
    );
    sheet.table(
        "Redis servers",
        &["server", "role", "link to its primary", "replication offset", "memory", "event loop"],
        at.servers(),
    );
    sheet.table("Channels and patterns", &["channel", "server", "subscribers"], at.channels());
    sheet.table("Output buffers", &["client", "server", "bytes"], at.buffers());
    sheet.table("Streams", &["stream", "server", "kind", "entries"], at.streams());
    sheet.table(
        "Stream groups",
        &["group, stream", "readers", "not delivered", "pending"],
        at.stream_groups(),
    );
    sheet.table("Lists", &["list", "server", "kind", "elements"], at.lists());
    sheet.table(
        "Partitions",
        &["partition", "kind", "leader", "in sync", "log start", "high watermark", "log end"],
        at.partitions(),
    );
    sheet.table(
        "Consumer groups",
        &["group, partition", "bookmark", "high watermark", "lag"],
        at.group_rows(),
    );
    sheet.table(
        "Members",
        &["member", "group", "partitions", "rebalance", "session clock", "poll clock"],
        at.members(),
    );
    let ledger: Table = at.ledger(None);
    if !ledger.rows.is_empty() {
        sheet.blocks.push(Block::Table(ledger));
    }
    sheet.table("Accounts", &["party", "expected", "actual"], at.accounts());
    sheet
}

fn none() -> Cell {
    Cell::of("-", "dim")
}

impl<'a> At<'a> {
    /// The processes that exist now.
    fn here(self) -> impl Iterator<Item = &'a Node> {
        self.timeline.nodes().iter().filter(move |node| node.exists(self.t))
    }

    fn nodes(self) -> Vec<Vec<Cell>> {
        let row = |node: &Node| {
            let (state, class) = self.state(node);
            let state = if node.unplugged.value(self.t) {
                Cell::of("unplugged", "lost")
            } else {
                Cell::of(state, class)
            };
            let reads = node.kind.reads();
            let work = match node.kind {
                NodeKind::Producer => Cell::new(rate(node.rate.value(self.t))),
                _ if reads => Cell::new(time(node.takes.value(self.t))),
                _ => none(),
            };
            let handled = if reads { Cell::new(node.handled(self.t).to_string()) } else { none() };
            vec![
                Cell::to(&*node.name, Target::Node(node.id)),
                Cell::new(kind(node.kind)),
                state,
                self.concerns(node),
                work,
                handled,
            ]
        };
        self.here().map(row).collect()
    }

    /// What a producer sends to, or a reader reads.
    fn concerns(self, node: &Node) -> Cell {
        if let Some(name) = node.key.as_ref().or(node.topic.as_ref()) {
            return Cell::new(&**name);
        }
        if node.kind == NodeKind::Consumer {
            let own = node.assigned.at(self.t).map_or(&[][..], Vec::as_slice);
            let names: Vec<String> = own.iter().map(ToString::to_string).collect();
            return if names.is_empty() { none() } else { Cell::new(names.join(", ")) };
        }
        let wire = self.timeline.open_wire(node.id, self.t);
        let channels = self.timeline.subscriptions(self.t);
        let mine = channels.filter(|s| wire.is_some_and(|wire| wire.id == s.client));
        let names: Vec<&str> = mine.map(|s| &*s.channel).collect();
        if names.is_empty() { none() } else { Cell::new(names.join(", ")) }
    }

    fn servers(self) -> Vec<Vec<Cell>> {
        let here = self.here().filter(|node| node.kind == NodeKind::RedisServer);
        let row = |node: &Node| {
            let t = self.t;
            let primary = !node.replicates(t);
            let link = match (primary, node.link.value(t)) {
                (true, _) => none(),
                (false, true) => Cell::of("up", "ok"),
                (false, false) => Cell::of("down", "lost"),
            };
            let memory = match node.memory.at(t) {
                Some((used, 0)) => Cell::new(bytes(*used)),
                Some((used, most)) => Cell::new(format!("{} of {}", bytes(*used), bytes(*most))),
                None => none(),
            };
            let busy = node.busy.at(t).map(|busy| format!("{} %", busy.div_ceil(10)));
            vec![
                Cell::to(&*node.name, Target::Node(node.id)),
                Cell::new(if primary { "primary" } else { "replica" }),
                link,
                node.offset.at(t).map_or_else(none, |offset| Cell::new(offset.to_string())),
                memory,
                busy.map_or_else(none, Cell::new),
            ]
        };
        here.map(row).collect()
    }

    fn channels(self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for node in self.here() {
            for channel in self.timeline.channels(node.id, self.t) {
                let same = self.timeline.subscriptions(self.t).filter(|s| {
                    s.server == node.id && s.channel == channel.name && s.pattern == channel.pattern
                });
                rows.push(vec![
                    Cell::to(&*channel.name, Target::Channel(node.id, channel.name.clone())),
                    Cell::new(&*node.name),
                    Cell::new(same.count().to_string()),
                ]);
            }
        }
        rows
    }

    fn streams(self) -> Vec<Vec<Cell>> {
        let here = self.timeline.streams().iter().filter(|stream| stream.created <= self.t);
        here.map(|stream| {
            let kind = if stream.is_dead_letter() { "dead-letter stream" } else { "stream" };
            vec![
                Cell::to(&*stream.key, Target::Channel(stream.server, stream.key.clone())),
                Cell::new(&*self.name_of(stream.server)),
                Cell::new(kind),
                Cell::new(stream.length(self.t).to_string()),
            ]
        })
        .collect()
    }

    fn stream_groups(self) -> Vec<Vec<Cell>> {
        let mut rows = Vec::new();
        for stream in self.timeline.streams().iter().filter(|stream| stream.created <= self.t) {
            for group in stream.groups(self.t) {
                let readers = self.here().filter(|node| {
                    let party = node.party.and_then(|party| self.timeline.party(party));
                    node.kind == NodeKind::StreamReader
                        && node.key.as_ref() == Some(&stream.key)
                        && party.is_some_and(|party| party.name == group.name)
                });
                let readers: Vec<&str> = readers.map(|node| &*node.name).collect();
                rows.push(vec![
                    Cell::to(
                        format!("{}, {}", group.name, stream.key),
                        Target::Channel(stream.server, stream.key.clone()),
                    ),
                    Cell::new(readers.join(", ")),
                    Cell::count(stream.unread(group, self.t), "waiting"),
                    Cell::count(u64::from(group.pending(self.t)), "waiting"),
                ]);
            }
        }
        rows
    }

    fn lists(self) -> Vec<Vec<Cell>> {
        let here = self.timeline.lists().iter().filter(|list| list.created <= self.t);
        here.map(|list| {
            let kind = match list.processes() {
                Some((_, worker)) => format!("what {worker} works on"),
                None => "queue".to_owned(),
            };
            vec![
                Cell::to(&*list.key, Target::Channel(list.server, list.key.clone())),
                Cell::new(&*self.name_of(list.server)),
                Cell::new(kind),
                Cell::count(list.length(self.t), "waiting"),
            ]
        })
        .collect()
    }

    /// Who is in a consumer group, as its coordinator and its own client see it.
    fn members(self) -> Vec<Vec<Cell>> {
        let here = self.here().filter(|node| node.kind == NodeKind::Consumer);
        let row = |node: &Node| {
            let t = self.t;
            let group = node.party.and_then(|party| self.timeline.party(party));
            let owns = node.assigned.at(t).map_or(0, Vec::len);
            let phase = match node.phase.value(t) {
                Phase::Stable => none(),
                Phase::Revoke => Cell::of("revoke", "waiting"),
                Phase::Join => Cell::of("join", "waiting"),
                Phase::Sync => Cell::of("sync", "waiting"),
                Phase::Resume => Cell::of("resume", "waiting"),
            };
            let left = |clock: &Steps<Option<Clock>>| {
                let clock = clock.at(t).copied().flatten();
                let words = |clock: Clock| {
                    // Whole seconds, so that a table that is read aloud holds still.
                    let left = clock.left(t).as_millis().div_ceil(1_000);
                    format!("{left} of {} s", clock.length.as_millis().div_ceil(1_000))
                };
                clock.map_or_else(none, |clock| Cell::new(words(clock)))
            };
            vec![
                Cell::to(&*node.name, Target::Node(node.id)),
                group.map_or_else(none, |group| Cell::new(&*group.name)),
                if owns > 0 { Cell::new(owns.to_string()) } else { Cell::of("idle", "waiting") },
                phase,
                left(&node.session),
                left(&node.poll),
            ]
        };
        here.map(row).collect()
    }

    fn accounts(self) -> Vec<Vec<Cell>> {
        let row = |party: &crate::timeline::Party| {
            let (expected, actual) = *party.account.at(self.t)?;
            let class = if expected == actual { "ok" } else { "lost" };
            Some(vec![
                Cell::to(&*party.name, Target::Lost(party.id)),
                Cell::new(expected.to_string()),
                Cell::of(actual.to_string(), class),
            ])
        };
        self.timeline.parties().iter().filter_map(row).collect()
    }

    fn partitions(self) -> Vec<Vec<Cell>> {
        let t = self.t;
        let here = self.timeline.logs().iter().filter(|log| log.created <= t);
        here.map(|log| {
            let unsaid = log.in_sync(t).is_empty();
            let leader = log.leader(t).map_or_else(
                || if unsaid { none() } else { Cell::of("none", "lost") },
                |id| Cell::new(id.to_string()),
            );
            let in_sync: Vec<String> = log.in_sync(t).iter().map(ToString::to_string).collect();
            let kind = match side_of(&log.partition.topic) {
                None => Cell::new("topic"),
                Some((_, Side::Retry)) => Cell::of("retry topic", "retry"),
                Some((_, Side::DeadLetter)) => Cell::of("dead-letter topic", "waiting"),
            };
            vec![
                Cell::to(log.partition.to_string(), Target::Partition(log.partition.clone())),
                kind,
                leader,
                Cell::new(in_sync.join(", ")),
                Cell::new(log.start(t).to_string()),
                Cell::new(log.high_watermark(t).to_string()),
                Cell::new(log.end(t).to_string()),
            ]
        })
        .collect()
    }

    fn group_rows(self) -> Vec<Vec<Cell>> {
        let here = self.timeline.logs().iter().filter(|log| log.created <= self.t);
        let rows = here.flat_map(|log| {
            let groups = self.groups(log).into_iter();
            groups.map(move |group| {
                let label = format!("{group}, {}", log.partition);
                self.lag_row(log, &group, &label)
            })
        });
        rows.collect()
    }

    fn buffers(self) -> Vec<Vec<Cell>> {
        let open = self.timeline.wires().iter().filter(|wire| wire.is_open(self.t));
        let server = |wire: &&crate::timeline::Wire| {
            let node = self.timeline.node(wire.server);
            node.is_some_and(|node| {
                node.kind == NodeKind::RedisServer && node.system != Some(System::Kafka)
            })
        };
        let rows = open.filter(server).map(|wire| {
            let client = self.name_of(wire.client);
            vec![
                Cell::to(&*client, Target::Wire(wire.id)),
                Cell::new(&*self.name_of(wire.server)),
                Cell::new(bytes(wire.buffered.value(self.t))),
            ]
        });
        rows.collect()
    }
}
