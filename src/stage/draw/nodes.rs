//! Producers, consumers, the wires between things, and the plug.

use super::{Scene, rect};
use crate::event::{Name, NodeKind, NodeState};
use crate::stage::class::key_class;
use crate::stage::layout::Place;
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::Node;
use crate::timeline::journal::rate;

impl Scene<'_> {
    pub(super) fn is_away(&self, node: &Node) -> bool {
        let state = node.state_at(self.t);
        state == NodeState::Crashed || node.open.value(self.t) == 0
    }

    pub(super) fn producers(&mut self) {
        for place in &self.layout.producers {
            let Some(node) = self.timeline.node(place.node) else { continue };
            let what =
                node.topic.as_ref().map_or_else(|| "messages".to_owned(), ToString::to_string);
            let crashed = node.state.at(self.t) == Some(&NodeState::Crashed);
            let speed = match (node.rate.at(self.t), crashed) {
                (_, true) => "crashed".to_owned(),
                (Some(0) | None, _) => "stopped".to_owned(),
                (Some(n), _) => {
                    let text = rate(*n);
                    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
                    let full = format!("{number} {what} {unit}");
                    let room = place.area.w - 20.0;
                    let fits = text::width(&full, 11.0 * self.k(), false, false) <= room;
                    if fits { full } else { text }
                }
            };
            self.boxed(place, node, crashed, vec![(speed, "dim")], "Producer");
        }
    }

    pub(super) fn consumers(&mut self) {
        for place in &self.layout.consumers {
            let Some(node) = self.timeline.node(place.node) else { continue };
            let away = self.is_away(node);
            let state = node.state_at(self.t);
            let latest = node.recent(self.t, 1).next().and_then(|id| self.timeline.message(id));
            let handled = node.handled(self.t);
            let (word, class): (String, Class) = match (state, away, latest) {
                (NodeState::Crashed, _, _) => ("crashed".into(), "lost"),
                (NodeState::Paused, _, _) => ("paused".into(), "waiting"),
                (_, true, Some(latest)) => (format!("was at {}", latest.number), "dim"),
                (_, true, None) => ("not connected".into(), "dim"),
                (_, false, None) => ("connected".into(), "dim"),
                (_, false, Some(_)) => (format!("got {handled}"), "dim"),
            };
            let kind = match node.kind {
                NodeKind::Subscriber => "Redis subscriber",
                NodeKind::StreamReader => "Redis stream reader",
                NodeKind::ListWorker => "Redis list worker",
                _ => "Kafka consumer",
            };
            let mut notes = vec![(word, class)];
            let busy = node.working.at(self.t).copied().flatten();
            if let Some((message, until)) = busy
                && until.since(self.t).as_millis() >= 100
                && let Some(message) = self.timeline.message(message)
            {
                notes.push((format!("on {}", message.number), "dim"));
            }
            if node.interrupted.value(self.t) {
                notes.push(("link cut".into(), "lost"));
            }
            if let Some(words) = self.fails(node, away) {
                notes = vec![(words, "retry")];
            } else if self.is_out(node) {
                notes = vec![("out of its group".into(), "waiting")];
            }
            let idle = self.idle(node);
            let away = away || idle.is_some();
            if let Some(reason) = idle {
                notes = vec![(reason, "dim")];
            }
            self.boxed(place, node, away, notes, kind);
            self.under(place, node);
            self.account(place, node);
        }
    }

    /// What its handler cannot finish with: all behind it wait while it tries again.
    fn fails(&self, node: &Node, away: bool) -> Option<String> {
        let (message, attempt) = node.failing.value(self.t).filter(|_| !away)?;
        let number = self.timeline.message(message)?.number;
        Some(format!("failed on {number}, attempt {attempt}"))
    }

    /// Whether its group goes on without it while it works: it has not called `poll` in time.
    pub(super) fn is_out(&self, node: &Node) -> bool {
        let owns = node.assigned.at(self.t).is_some_and(|all| !all.is_empty());
        owns && node.session.at(self.t) == Some(&None) && !self.is_away(node)
    }

    fn boxed(
        &mut self,
        place: &Place,
        node: &Node,
        away: bool,
        notes: Vec<(String, Class)>,
        kind: &str,
    ) {
        let (area, k) = (place.area, self.k());
        let inset = if area.w < 110.0 { 10.0 } else { 16.0 };
        let room = area.w - 2.0 * inset;
        let said: Vec<&str> = notes.iter().map(|(text, _)| text.as_str()).collect();
        let phrase = format!("{kind} {}, {}", node.name, said.join(", "));
        let mut marks = vec![
            rect(area, 12.0, if away { "box-away" } else { "box" }),
            self.named(
                area.x + inset,
                area.y + (area.h / k - 54.0).min(0.0) * 0.3 * k + 23.0 * k,
                room,
                14.0,
                Run::bold(&*node.name, if away { "dim" } else { "ink" }),
            ),
        ];
        // A low box has its two lines closer.
        let y = area.y + 42.0 * k + (area.h / k - 54.0).min(0.0) * 0.6 * k;
        let mut x = area.x + inset;
        for (i, (note, class)) in notes.into_iter().enumerate() {
            let note = if i == 0 { note } else { format!("\u{b7} {note}") };
            let left = area.right() - inset - x;
            // The monospaced face is the sketch's; where it does not fit, the narrower one may.
            let mono = text::width(&note, 11.0 * k, false, true) <= left;
            let run = Run { mono, ..Run::plain(&*note, class) };
            marks.push(self.line(x, y, left, 11.0, run));
            x += text::width(&note, 11.0 * k, false, mono) + 6.0;
        }
        self.trail(
            node,
            Rect::new(x + 8.0, y - 4.0 * k, area.right() - inset - x - 8.0, 0.0),
            &mut marks,
        );
        let id = format!("node-{}", place.node.0);
        self.add(id, Role::Button, phrase, Some(Target::Node(place.node)), area, marks);
    }

    /// The last messages that a consumer handled, the newest at the right: a gap can be seen.
    fn trail(&self, node: &Node, room: Rect, marks: &mut Vec<Mark>) {
        let r = 4.0 * self.layout.scale;
        let pitch = 2.0 * r + 3.0;
        let fit = (room.w / pitch).floor().clamp(0.0, 6.0) as usize;
        for (i, message) in node.recent(self.t, fit).enumerate() {
            let key = self.timeline.message(message).and_then(|m| m.colour);
            let class = key_class(key);
            let x = room.right() - r - i as f32 * pitch;
            marks.push(Mark::Circle { x, y: room.y, r, class });
        }
    }

    pub(super) fn plug(&mut self) {
        let Some(plug) = &self.layout.plug else { return };
        let (slot, name, k) = (plug.slot, plug.name.clone(), self.k());
        let nodes = self.timeline.nodes().iter().filter(|node| node.name == name);
        let since = nodes.clone().find_map(|node| match node.unplugged.entry(self.t) {
            Some((at, true)) => Some(*at),
            _ => None,
        });
        let out = since.is_some();
        let round = slot.w.min(slot.h) / 2.0;
        let (x, y) = match (plug.flat, out) {
            (false, false) => (slot.centre(), slot.y + 13.0 + round),
            (false, true) => (slot.centre(), slot.bottom() - 13.0 - round),
            (true, false) => (slot.x + 15.0, slot.middle()),
            (true, true) => (slot.right() - 15.0, slot.middle()),
        };
        let mut marks = vec![
            rect(slot, round, "plug-slot"),
            Mark::Circle { x, y, r: round + 2.0, class: "plug-knob" },
            Mark::Path { d: glyph(x, y), class: "plug-glyph" },
        ];
        let state = match since {
            Some(since) => format!("out for {}", self.seconds(since)),
            None => "in".to_owned(),
        };
        let (title, class): (_, Class) = (possessive(&name), "dim");
        let mut area = slot;
        if plug.flat {
            let run = if out { Run::bold(&*state, "waiting") } else { Run::bold(title, class) };
            let left = slot.x > self.layout.view.width / 2.0;
            let (x, anchor) = if left {
                (slot.x - 8.0, Anchor::End)
            } else {
                (slot.right() + 8.0, Anchor::Start)
            };
            self.clearly(&mut marks, (x, slot.middle() + 4.0), 110.0, anchor, run);
        } else {
            let room = 120.0 * k;
            let middle = Anchor::Middle;
            let top = slot.y - 12.0;
            let (left, right) = self.layout.alley;
            let room = room.min(right - left - 8.0);
            let fits = text::width(&title, 11.5 * k, true, false) <= room;
            let short = || text::fit_name(&name, room, 11.5 * k, true, false);
            let title = if fits { title } else { short() };
            let title = Run::bold(title, class);
            // Between the systems and the consumers, on whichever side has the room.
            let clear = |text: &str| {
                let half = text::width(text, 11.5 * k, true, false) / 2.0;
                slot.centre().min(right - half - 4.0).max(left + half + 4.0)
            };
            let x = clear(&title.text);
            self.clearly(&mut marks, (x, top), room, middle, title);
            if out {
                let run = Run::bold(&*state, "waiting");
                let y = slot.bottom() + 17.0 * k;
                let x = clear(&run.text);
                self.clearly(&mut marks, (x, y), room, middle, run);
            }
            area = Rect::new(slot.x - 4.0, slot.y, slot.w + 8.0, slot.h);
        }
        let phrase = format!("Plug of {name}: {state}");
        let role = Role::Switch { on: !out };
        self.add("plug", role, phrase, Some(Target::Plug(name)), area, marks);
    }

    /// Words beside the plug, on a ground of their own: wires run beneath them.
    fn clearly(
        &self,
        marks: &mut Vec<Mark>,
        (x, y): (f32, f32),
        room: f32,
        anchor: Anchor,
        run: Run,
    ) {
        let size = 11.5 * self.k();
        let w = text::width(&run.text, size, true, false).min(room) + 6.0;
        let left = match anchor {
            Anchor::Start => x - 3.0,
            Anchor::Middle => x - w / 2.0,
            Anchor::End => x + 3.0 - w,
        };
        marks.push(rect(Rect::new(left, y - size, w, size * 1.35), 3.0, "clear"));
        marks.push(self.anchored(x, y, room, 11.5, anchor, run));
    }

    /// Time since an instant with one digit, as a person counts: `1.8 s`.
    fn seconds(&self, since: crate::sim::Instant) -> String {
        let ms = self.t.since(since).as_millis();
        if ms < 100_000 {
            format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
        } else {
            format!("{} s", ms / 1_000)
        }
    }
}

fn possessive(name: &Name) -> String {
    let end = if name.ends_with('s') { "'" } else { "'s" };
    format!("{name}{end} plug")
}

/// A plug seen from the side, 16 px high, around a point.
fn glyph(x: f32, y: f32) -> String {
    format!(
        "M{:.1} {:.1}v5M{:.1} {:.1}v5M{:.1} {:.1}h14v3.5a7 5.5 0 0 1 -14 0zM{:.1} {:.1}v5",
        x - 3.5,
        y - 8.0,
        x + 3.5,
        y - 8.0,
        x - 7.0,
        y - 3.0,
        x,
        y + 5.5
    )
}
