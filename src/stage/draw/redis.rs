//! Redis servers with their channels and output buffers.

use super::{Scene, rect, slug};
use crate::event::{NodeId, NodeState, System};
use crate::stage::layout::{Place, Server};
use crate::stage::{Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::journal::count;
use crate::timeline::{BufferLimits, Node};

/// What the kernels of both machines take, as the modelled connections have it (2.7 MB: Linux's
/// defaults, `tcp_wmem` and `tcp_rmem`).
const KERNEL: u64 = 2_700_000;
/// Bytes from which on something that waits is worth ink.
const WORTH: u64 = 64 * 1024;

/// The bytes at which a buffer's bar is full: its highest limit.
pub(super) fn full(limits: BufferLimits) -> u64 {
    match limits.hard.max(limits.soft) {
        0 => BufferLimits::default().hard,
        most => most,
    }
}

impl Scene<'_> {
    pub(super) fn servers(&mut self) {
        for server in &self.layout.servers {
            self.server(server);
        }
    }

    fn server(&mut self, server: &Server) {
        let Some(node) = self.timeline.node(server.node) else { return };
        let (area, k) = (server.area, self.k());
        let down = node.state.at(self.t) == Some(&NodeState::Crashed);
        let room = server.heading.0 - area.x - 34.0;
        let meters = if down { Vec::new() } else { self.worth_a_meter(node) };
        let room = match (self.layout.falls(), meters.is_empty()) {
            (true, true) => area.w - 36.0,
            // The meters stand beside the name.
            (true, false) => area.w * 0.42 - 28.0,
            (false, _) => room,
        };
        let mut marks = vec![
            rect(area, 16.0, if down { "box-away" } else { "box-redis" }),
            self.line(
                area.x + 18.0,
                area.y + 26.0 * k,
                room,
                13.0,
                Run { mono: true, ..Run::bold(&*node.name, if down { "dim" } else { "ink" }) },
            ),
        ];
        let crowd = self.layout.crowds.iter().any(|crowd| crowd.system == System::Redis);
        if let Some((role, class)) = self.role(node) {
            let wide = text::width(&node.name, 13.0 * k, true, true) + 10.0;
            let x = area.x + 18.0 + wide;
            if room - wide > 40.0 {
                marks.push(self.line(
                    x,
                    area.y + 26.0 * k,
                    room - wide,
                    11.0,
                    Run::plain(role, class),
                ));
            }
        }
        if !server.buffers.is_empty() || crowd {
            let (x, y) = server.heading;
            let heading = Run::plain("output buffers", "dim");
            marks.push(self.line(x, y, area.right() - x - 8.0, 11.0, heading));
        }
        if !self.layout.falls() && meters.is_empty() {
            let y = area.bottom() - 16.0;
            let word = match (down, server.streams.is_empty()) {
                (true, _) => "crashed",
                (false, true) => "keeps nothing",
                (false, false) => "keeps what is not trimmed; Pub/Sub keeps nothing",
            };
            let word = if server.channels.is_empty() && !server.streams.is_empty() && !down {
                "keeps what is not trimmed"
            } else {
                word
            };
            marks.push(self.line(area.x + 18.0, y, room, 11.5, Run::plain(word, "faint")));
        }
        let id = format!("node-{}", server.node.0);
        let phrase =
            format!("Redis server {}, {}", node.name, if down { "crashed" } else { "running" });
        self.add(id, Role::Button, phrase, Some(Target::Node(server.node)), area, marks);
        self.meters(server, node, &meters);
        for bar in &server.channels {
            let (name, area) = (&bar.name, bar.area);
            let what = if bar.pattern { "pattern" } else { "channel" };
            let heading = format!("{what} {name}");
            let marks = vec![
                self.line(area.x, area.y - 8.0, area.w, 12.0, Run::plain(&*heading, "dim")),
                rect(area, area.h / 2.0, if bar.pattern { "cell-next" } else { "well" }),
            ];
            let id = format!("{what}-{}-{}", server.node.0, slug(name));
            let target = Target::Channel(server.node, name.clone());
            let whole = Rect::new(area.x, area.y - 22.0 * k, area.w, area.h + 22.0 * k);
            self.add(id, Role::Button, heading, Some(target), whole, marks);
        }
        if let (Some(last), 1..) = (server.channels.last(), server.more) {
            let words = format!("and {} more", count(server.more, "channel"));
            let run = Run::plain(&*words, "dim");
            let (area, y) = (last.area, last.area.bottom() + 16.0 * k);
            let marks = vec![self.line(area.x, y, area.w, 11.0, run)];
            let whole = Rect::new(area.x, y - 12.0 * k, area.w, 16.0 * k);
            self.add(format!("channels-{}", server.node.0), Role::Image, words, None, whole, marks);
        }
        self.streams(server);
        for (client, area) in &server.buffers {
            self.buffer(*client, *area);
        }
    }

    /// What a server is where there are several: a primary, or a replica and how its link is.
    fn role(&self, node: &Node) -> Option<(String, Class)> {
        let t = self.t;
        if self.layout.servers.len() < 2 {
            return None;
        }
        let replica = |node: &Node| node.replicates(t);
        if !replica(node) {
            return Some(("primary".into(), "dim"));
        }
        if node.link.at(t) == Some(&false) {
            return Some(("replica, link down".into(), "lost"));
        }
        let servers = self.layout.servers.iter().filter_map(|s| self.timeline.node(s.node));
        let ahead =
            servers.filter(|other| !replica(other)).map(|other| other.offset.value(t)).max();
        let behind = ahead.unwrap_or(0).saturating_sub(node.offset.value(t));
        Some(match behind {
            0 => ("replica".into(), "dim"),
            bytes => (format!("replica, {} behind", text::bytes(bytes)), "waiting"),
        })
    }

    /// What lies between the server's output buffer and the application: Redis has written it,
    /// the application has not read it.
    pub(super) fn kernel(&mut self, place: &Place, node: &Node, area: Rect) {
        let (k, t) = (self.k(), self.t);
        let Some(wire) = self.timeline.open_wire(place.node, t) else { return };
        let level = wire.kernel.value(t);
        let selected = self.layout.view.selected == Some(Target::Node(place.node));
        if level < WORTH && wire.buffered.value(t) < WORTH && !selected {
            return;
        }
        let words = "in the kernel";
        let state = text::bytes(level);
        let size = 10.0;
        let wide = |words: &str| text::width(words, size * k, false, false);
        let mut x = area.x + 2.0;
        let y = area.middle() + 3.6 * k;
        let mut marks = Vec::new();
        if wide(words) + wide(&state) + 70.0 < area.w {
            marks.push(self.line(x, y, wide(words) + 1.0, size, Run::plain(words, "dim")));
            x += wide(words) + 8.0;
        }
        let end = area.right() - wide(&state) - 8.0;
        let tank = Rect::new(x, area.middle() - 4.0, (end - x).max(8.0), 8.0);
        marks.push(rect(tank, 3.0, "tank"));
        let share = (level as f32 / KERNEL as f32).min(1.0);
        if share > 0.0 {
            let class = if share > 0.97 { "level-high" } else { "level-ok" };
            marks.push(rect(Rect { w: (tank.w * share).max(3.0), ..tank }, 3.0, class));
        }
        let (right, room) = (area.right(), wide(&state) + 1.0);
        let run = Run::plain(&*state, "dim");
        marks.push(self.anchored(right, y, room, size, crate::stage::Anchor::End, run));
        let phrase =
            format!("{}: {state} written by Redis and not read by the application", node.name);
        let id = format!("kernel-{}", place.node.0);
        self.add(id, Role::Image, phrase, Some(Target::Node(place.node)), area, marks);
    }

    /// The limits of a client's output buffer, as its server has them.
    pub(super) fn limits(&self, node: &Node) -> BufferLimits {
        let server = node.server.at(self.t).and_then(|server| self.timeline.node(*server));
        server.map(|server| server.limits.value(self.t)).unwrap_or_default()
    }

    /// A client's output buffer as the server keeps it, with both limits marked.
    fn buffer(&mut self, client: NodeId, area: Rect) {
        let Some(node) = self.timeline.node(client) else { return };
        let (k, t) = (self.k(), self.t);
        let wire = self.timeline.open_wire(client, t);
        let level = wire.map(|wire| wire.buffered.value(t));
        let above = wire.and_then(|wire| wire.above_soft.at(t).copied().flatten());
        let limits = self.limits(node);
        let whole = full(limits);
        let fuse = above.map(|since| (since + limits.fuse).since(t));
        let inset = if area.w < 130.0 { 9.0 } else { 12.0 };
        let inner = Rect::new(area.x + inset, area.y, area.w - 2.0 * inset, area.h);
        let state = level.map_or_else(|| "closed".to_owned(), text::bytes);
        // Above the soft limit a fuse burns. Where there is little room the bar alone says how much
        // there is: whose it is and how long it has matter more.
        let burns = fuse.map(|left| format!("{} s", left.as_millis().div_ceil(1_000)));
        let wide = |state: &str| text::width(state, 10.5 * k, false, true);
        let name = text::width(&node.name, 11.5 * k, true, false);
        let brief = match &burns {
            Some(burns) => {
                let both = format!("{state} \u{b7} {burns}");
                if name + 6.0 + wide(&both) <= inner.w { both } else { burns.clone() }
            }
            None => state.clone(),
        };
        let track = Rect::new(inner.x, area.bottom() - 16.0, inner.w, 7.0);
        let (class, ink) = if level.is_some() { ("cell", "ink") } else { ("box-away", "dim") };
        let state_ink = match (level, fuse) {
            (None, _) => "lost",
            (_, Some(_)) => "waiting",
            _ => "dim",
        };
        let room = inner.w - wide(&brief) - 6.0;
        let end = crate::stage::Anchor::End;
        let mut marks = vec![
            rect(area, 9.0, class),
            self.named(inner.x, area.y + 20.0 * k, room, 11.5, Run::bold(&*node.name, ink)),
            self.anchored(
                inner.right(),
                area.y + 20.0 * k,
                inner.w,
                10.5,
                end,
                Run::mono(&*brief, state_ink),
            ),
            rect(track, 3.5, "box"),
        ];
        if let Some(left) = fuse {
            let share = left.as_nanos() as f32 / limits.fuse.as_nanos().max(1) as f32;
            let rest = Rect::new(track.x, track.bottom() + 3.0, track.w * share, 2.0);
            marks.push(rect(rest, 1.0, "level-high"));
        }
        if let Some(level) = level.filter(|level| *level > 0) {
            let share = (level as f32 / whole as f32).min(1.0);
            let fill = Rect { w: (track.w * share).max(8.0), ..track };
            let past = |limit: u64| limit > 0 && level >= limit;
            let class = match (past(limits.hard), past(limits.soft)) {
                (true, _) => "level-over",
                (_, true) => "level-high",
                _ => "level-ok",
            };
            marks.push(rect(fill, 3.5, class));
        }
        for limit in [limits.soft, limits.hard].into_iter().filter(|limit| *limit > 0) {
            let x = track.x + track.w * (limit as f32 / whole as f32) - 0.5;
            let d = format!("M{x:.1} {:.1}V{:.1}", track.y - 4.0, track.bottom() + 4.0);
            marks.push(Mark::Path { d, class: "limit" });
        }
        let id = format!("buffer-{}", client.0);
        let soft = || format!("{} for {}", text::limit(limits.soft), limits.fuse);
        let told = match (limits.soft, limits.hard) {
            (0, 0) => "no limit".to_owned(),
            (0, hard) => format!("limit {}", text::limit(hard)),
            (_, 0) => format!("limit {}", soft()),
            (_, hard) => format!("limits {}, {}", soft(), text::limit(hard)),
        };
        let phrase = format!("Output buffer of {}: {state}; {told}", node.name);
        let phrase = match burns {
            Some(burns) => format!("{phrase}; cut in {burns}"),
            None => phrase,
        };
        self.add(id, Role::Button, phrase, Some(Target::Node(client)), area, marks);
    }
}
