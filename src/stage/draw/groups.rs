//! Consumer groups: frames around their members, what the coordinator believes of each, and the
//! phases of a rebalance. And the accounts that handlers write.

use super::{Scene, rect};
use crate::event::{NodeKind, NodeState, System};
use crate::sim::{Instant, Span};
use crate::stage::layout::{GroupFrame, Place};
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::{Clock, Node, Phase};
use std::f32::consts::TAU;

/// A clock that has this share left or more is not worth ink: heartbeats keep it full.
const FULL: f32 = 0.9;
/// Below this it is low.
const LOW: f32 = 0.34;

impl Scene<'_> {
    pub(super) fn groups(&mut self) {
        for group in &self.layout.groups {
            self.group(group);
        }
    }

    fn group(&mut self, group: &GroupFrame) {
        let (area, k, t) = (group.area, self.k(), self.t);
        let waiting = self.timeline.party(group.party).map_or(0, |party| party.sums(t).waiting);
        let members = self.timeline.nodes().iter();
        let members = members.filter(|n| n.party == Some(group.party) && n.exists(t));
        let members = members.filter(|n| n.listens_for.is_none());
        let moving = members.clone().any(|node| node.phase.value(t) != Phase::Stable);
        let (words, class): (String, Class) = match (waiting, moving) {
            (_, true) => ("rebalance".into(), "waiting"),
            (n, _) => {
                let kind = members.clone().next().map(|node| node.kind);
                let words = match kind {
                    // Pending is what was delivered and not acknowledged: no part of the lag.
                    Some(NodeKind::StreamReader) => self.behind(group),
                    Some(NodeKind::ListWorker) => format!("{n} waiting"),
                    _ => format!("lag {n}"),
                };
                (words, if n < 3 { "dim" } else { "waiting" })
            }
        };
        let y = area.y + 17.0 * k;
        let wide = text::width(&words, 11.0 * k, true, false);
        let room = area.w - 24.0 - wide - 8.0;
        let workers = members.clone().any(|node| node.kind == NodeKind::ListWorker);
        let kind = if workers { "workers of" } else { "group" };
        let title = format!("{kind} {}", group.name);
        let fits = text::width(&title, 12.0 * k, true, false) <= room;
        let title = if fits { title } else { group.name.to_string() };
        let marks = vec![
            rect(area, 14.0, "group"),
            self.line(area.x + 12.0, y, room, 12.0, Run::bold(title, "ink")),
            self.anchored(
                area.right() - 12.0,
                y,
                wide + 1.0,
                11.0,
                Anchor::End,
                Run::bold(&*words, class),
            ),
        ];
        let what = if workers { "Workers of" } else { "Consumer group" };
        let phrase = format!("{what} {}, {} members, {words}", group.name, members.count());
        let id = format!("group-{}", group.party.0);
        self.add(id, Role::Image, phrase, None, area, marks);
    }

    /// `lag 4 · 1 pending`, of a stream group as `XINFO GROUPS` tells it.
    fn behind(&self, group: &GroupFrame) -> String {
        let streams = self.timeline.streams().iter();
        let named = streams.flat_map(|stream| stream.groups(self.t).map(move |g| (stream, g)));
        let mine = named.filter(|(_, known)| known.name == group.name);
        let (lag, pending) = mine.fold((0, 0), |(lag, pending), (stream, known)| {
            (lag + stream.unread(known, self.t), pending + known.pending(self.t))
        });
        match pending {
            0 => format!("lag {lag}"),
            n => format!("lag {lag} \u{b7} {n} pending"),
        }
    }

    /// Why a running member reads nothing, in words.
    pub(super) fn idle(&self, node: &Node) -> Option<String> {
        let t = self.t;
        let party = node.party?;
        let assigned = node.assigned.at(t)?;
        if !assigned.is_empty() || node.phase.value(t) != Phase::Stable || self.is_away(node) {
            return None;
        }
        let mut members = 0;
        let mut topics: Vec<&crate::event::Name> = Vec::new();
        let same = |n: &&Node| n.party == Some(party) && n.group == node.group && n.exists(t);
        for other in self.timeline.nodes().iter().filter(same) {
            let Some(owned) = other.assigned.at(t) else { continue };
            // The coordinator counts who it was given partitions for until it removes it.
            members += usize::from(other.session.at(t) != Some(&None));
            for place in owned {
                if !topics.contains(&&place.topic) {
                    topics.push(&place.topic);
                }
            }
        }
        let logs = self.timeline.logs().iter().filter(|log| log.created <= t);
        let partitions = logs.filter(|log| topics.contains(&&log.partition.topic)).count();
        (members > partitions && partitions > 0)
            .then(|| format!("idle: {partitions} partitions, {members} members"))
    }

    /// Under a member: the phases while its group rebalances, else the clocks that run out.
    pub(super) fn under(&mut self, place: &Place, node: &Node) {
        let Some(area) = place.under else { return };
        if place.system == Some(System::Redis) {
            return self.kernel(place, node, area);
        }
        // Who works on gives nothing back before it polls again: that clock decides.
        let works = node.poll.value(self.t).is_some_and(|clock| share(clock, self.t) < FULL);
        match node.phase.value(self.t) {
            Phase::Stable => {}
            Phase::Revoke if works => {}
            _ if self.runs(node) => return self.phases(place, node, area),
            _ => {}
        }
        self.clocks(place, node, area);
    }

    fn runs(&self, node: &Node) -> bool {
        node.state_at(self.t) == NodeState::Running
    }

    fn phases(&mut self, place: &Place, node: &Node, area: Rect) {
        let k = self.k();
        let now = node.phase.value(self.t);
        let all = [
            (Phase::Revoke, "revoke"),
            (Phase::Join, "join"),
            (Phase::Sync, "sync"),
            (Phase::Resume, "resume"),
        ];
        let pitch = area.w / 4.0;
        let mut marks = Vec::new();
        let mut word = "";
        for (i, (phase, name)) in all.into_iter().enumerate() {
            let is_now = phase == now;
            if is_now {
                word = name;
            }
            let step = Rect::new(area.x + i as f32 * pitch, area.y, pitch - 2.0, area.h);
            marks.push(rect(step, 4.0, if is_now { "phase-now" } else { "phase" }));
            let size =
                9.5_f32.min(9.5 * (pitch - 6.0) / text::width("revoke", 9.5 * k, true, false));
            let run =
                Run { bold: is_now, ..Run::plain(name, if is_now { "on-flag" } else { "faint" }) };
            let y = step.middle() + size * k * 0.35;
            marks.push(self.anchored(step.centre(), y, pitch - 4.0, size, Anchor::Middle, run));
        }
        let id = format!("phase-{}", place.node.0);
        let phrase = format!("{} in a rebalance: {word}", node.name);
        self.add(id, Role::Image, phrase, Some(Target::Node(place.node)), area, marks);
    }

    /// The two clocks, as arcs that drain, with real seconds.
    fn clocks(&mut self, place: &Place, node: &Node, area: Rect) {
        let (t, k) = (self.t, self.k());
        let session = node.session.at(t).copied().flatten();
        let poll = node.poll.at(t).copied().flatten();
        let asked = self.layout.view.selected == Some(Target::Node(place.node));
        let worth = |clock: &Option<Clock>| clock.is_some_and(|clock| share(clock, t) < FULL);
        let gone = !self.runs(node) || node.open.value(t) == 0;
        if !(worth(&session)
            || worth(&poll)
            || gone && session.is_some()
            || asked && session.is_some())
        {
            return;
        }
        let mut marks = Vec::new();
        let mut said = Vec::new();
        let mut x = area.x + 2.0;
        // The broker's view stands apart from the box above: a member that is gone lives on here.
        if gone && session.is_some() {
            let words = "broker: alive";
            let wide = text::width(words, 10.0 * k, true, false);
            if wide < area.w * 0.55 {
                let y = area.middle() + 3.6 * k;
                marks.push(self.line(x, y, wide + 1.0, 10.0, Run::bold(words, "waiting")));
                x += wide + 8.0;
            }
            said.push("the broker takes it for alive".to_owned());
        }
        let clocks = [("session", session), ("poll", poll.filter(|_| !gone || asked))];
        for (name, clock) in clocks {
            let Some(clock) = clock else { continue };
            let (share, left) = (share(clock, t).clamp(0.0, 1.0), clock.left(t));
            let r = (area.h / 2.0 - 2.0).min(6.5);
            let full = format!("{name} {}", seconds(left));
            let needs = |words: &str| 2.0 * r + 5.0 + text::width(words, 10.0 * k, false, false);
            let words = if x + needs(&full) <= area.right() { full } else { seconds(left) };
            if x + needs(&words) > area.right() {
                break;
            }
            let (cx, cy) = (x + r, area.middle());
            marks.push(Mark::Circle { x: cx, y: cy, r, class: "arc-track" });
            let class = if share < LOW { "arc-low" } else { "arc" };
            marks.push(Mark::Path { d: arc(cx, cy, r, share), class });
            let ink: Class = if share < LOW { "waiting" } else { "dim" };
            let at = x + 2.0 * r + 5.0;
            let room = area.right() - at;
            marks.push(self.line(at, cy + 3.6 * k, room, 10.0, Run::plain(&*words, ink)));
            x = at + text::width(&words, 10.0 * k, false, false) + 10.0;
            said.push(format!("{name} runs out in {}", seconds(left)));
        }
        if marks.is_empty() {
            return;
        }
        let id = format!("clock-{}", place.node.0);
        let phrase = format!("{}: {}", node.name, said.join(", "));
        self.add(id, Role::Image, phrase, Some(Target::Node(place.node)), area, marks);
    }

    /// The card with what an account should hold and does hold.
    pub(super) fn account(&mut self, place: &Place, node: &Node) {
        let Some(area) = place.account else { return };
        let k = self.k();
        let party = node.party.and_then(|id| self.timeline.party(id));
        let (expected, actual) =
            party.and_then(|party| party.account.at(self.t)).copied().unwrap_or((0, 0));
        let same = expected == actual;
        let column = area.w / 2.0;
        let mut marks = vec![rect(area, 9.0, if same { "account" } else { "account-off" })];
        let values =
            [("expected", expected, "dim"), ("actual", actual, if same { "ink" } else { "lost" })];
        for (i, (label, value, class)) in values.into_iter().enumerate() {
            let x = area.x + 12.0 + i as f32 * column;
            let room = column - 16.0;
            marks.push(self.line(x, area.y + 16.0 * k, room, 10.0, Run::plain(label, "dim")));
            let run = Run { mono: true, ..Run::bold(money(value), class) };
            marks.push(self.line(x, area.y + 35.0 * k, room, 13.0, run));
        }
        let lane = if place.system == Some(System::Redis) { "Redis" } else { "Kafka" };
        let phrase = format!(
            "Account of {} in {lane}: expected {}, actual {}",
            node.name,
            money(expected),
            money(actual)
        );
        let id = format!("account-{}", place.node.0);
        self.add(id, Role::Image, phrase, Some(Target::Node(place.node)), area, marks);
    }
}

/// What is left of a clock, 1 when it was just set.
fn share(clock: Clock, t: Instant) -> f32 {
    clock.left(t).0 as f32 / clock.length.0.max(1) as f32
}

/// Cents as dollars: `180 $`, `1.50 $`.
fn money(cents: u64) -> String {
    match cents % 100 {
        0 => format!("{} $", cents / 100),
        rest => format!("{}.{rest:02} $", cents / 100),
    }
}

/// A time that is left, as a person counts: `38 s`, `4:51 min`, `0.8 s`.
fn seconds(left: Span) -> String {
    let ms = left.as_millis();
    match ms {
        0..10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        10_000..100_000 => format!("{} s", ms / 1_000),
        _ => format!("{}:{:02} min", ms / 60_000, ms / 1_000 % 60),
    }
}

/// The share of a circle that is left, clockwise from the top.
fn arc(x: f32, y: f32, r: f32, share: f32) -> String {
    let share = share.min(0.999);
    let angle = share * TAU;
    let (dx, dy) = (r * angle.sin(), -r * angle.cos());
    let large = u8::from(share > 0.5);
    format!("M{x:.1} {:.1}A{r:.1} {r:.1} 0 {large} 1 {:.1} {:.1}", y - r, x + dx, y + dy)
}
