//! Who keeps a partition: chips on its title while closed, rows on one axis of offsets in the
//! slot while open. And the machines that keep them.

use super::{Scene, rect, slug};
use crate::event::{NodeKind, NodeState, System};
use crate::sim::{Instant, Span};
use crate::stage::class::key_class;
use crate::stage::layout::{Place, Row, RowStyle};
use crate::stage::system::{BROKER, REPLICA};
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::{Log, Replica};
use std::fmt::Write;

/// How long truncated cells can be seen as they fall off.
const FALLEN: Span = Span::from_secs(3);

impl Scene<'_> {
    pub(super) fn brokers(&mut self) {
        for place in &self.layout.brokers {
            self.broker(place);
        }
    }

    fn broker(&mut self, place: &Place) {
        let Some(node) = self.timeline.node(place.node) else { return };
        let (area, k, t) = (place.area, self.k(), self.t);
        let state = node.state_at(t);
        let down = state == NodeState::Crashed;
        let id = self.timeline.broker_id(place.node);
        let leads = || {
            let logs = self.timeline.logs().iter().filter(|log| log.created <= t);
            logs.filter(|log| id.is_some() && log.leader(t) == id).count()
        };
        let (word, class): (String, Class) = match (state, node.kind, id) {
            (NodeState::Crashed, ..) => ("crashed".into(), "lost"),
            (NodeState::Paused, ..) => ("paused".into(), "waiting"),
            _ if node.interrupted.value(t) => ("link cut".into(), "lost"),
            (_, NodeKind::Controller, _) if node.name.starts_with("contr") => {
                (String::new(), "dim")
            }
            (_, NodeKind::Controller, _) => ("controls".into(), "dim"),
            (_, _, Some(_)) => match leads() {
                0 => ("follows".into(), "dim"),
                n => (format!("leads {n}"), "dim"),
            },
            _ => ("runs".into(), "dim"),
        };
        let kind =
            if node.kind == NodeKind::Controller { "Kafka controller" } else { "Kafka broker" };
        let tail = if word.is_empty() { String::new() } else { format!(", {word}") };
        let phrase = format!("{kind} {}{tail}", node.name);
        let inset = 10.0;
        let wide = text::width(&word, 10.5 * k, false, false);
        let y = area.middle() + 4.0 * k;
        let name = Run { mono: true, ..Run::bold(&*node.name, if down { "dim" } else { "ink" }) };
        let room = area.w - 2.0 * inset - wide - 6.0;
        let marks = vec![
            rect(area, 9.0, if down { "box-away" } else { "box" }),
            self.line(area.x + inset, y, room, 10.5, name),
            self.anchored(
                area.right() - inset,
                y,
                wide + 1.0,
                10.5,
                Anchor::End,
                Run::plain(word, class),
            ),
        ];
        let id = format!("node-{}", place.node.0);
        self.add(id, Role::Button, phrase, Some(Target::Node(place.node)), area, marks);
    }

    /// Whether there is more than one replica to tell of.
    pub(super) fn is_replicated(&self, log: &Log) -> bool {
        log.replication_factor > 1 || log.replicas(self.t).count() > 1
    }

    /// Whether nobody leads. Before the first record nobody has told who does.
    pub(super) fn is_leaderless(&self, log: &Log) -> bool {
        self.is_replicated(log) && log.end(self.t) > 0 && log.leader(self.t).is_none()
    }

    /// A chip for each replica: the leader filled, those out of sync hollow. And a word where
    /// something is wrong. Returns their marks from `x` on.
    pub(super) fn chips(&self, log: &Log, x: f32, y: f32, end: f32) -> Vec<Mark> {
        let (t, k) = (self.t, self.k());
        let mut marks = Vec::new();
        if !self.is_replicated(log) {
            return marks;
        }
        let leader = log.leader(t);
        let (mut x, h) = (x, 15.0 * k);
        for replica in log.replicas(t) {
            let number = replica.broker.to_string();
            let w = text::width(&number, 10.0 * k, true, true) + 10.0;
            if x + w > end {
                return marks;
            }
            let area = Rect::new(x, y - 11.5 * k, w, h);
            let (class, ink): (Class, Class) = if leader == Some(replica.broker) {
                ("chip-leader", "on-flag")
            } else if log.is_in_sync(replica.broker, t) {
                ("chip", "ink")
            } else {
                ("chip-out", "faint")
            };
            marks.push(rect(area, 4.0, class));
            let run = Run { mono: true, ..Run::bold(number, ink) };
            let (cx, size) = (area.centre(), 10.0 * k);
            marks.push(Mark::Text { x: cx, y, anchor: Anchor::Middle, size, runs: vec![run] });
            x += w + 4.0;
        }
        let (words, class): (String, Class) = match leader {
            None if !self.is_leaderless(log) => return marks,
            None => ("no leader".into(), "lost"),
            Some(_) if log.out_of_sync(t) > 0 => {
                let (all, out) = (log.replication_factor, log.out_of_sync(t));
                (format!("{} of {all} in sync", all - out), "waiting")
            }
            Some(_) => return marks,
        };
        let room = end - x - 6.0;
        if room > 30.0 {
            marks.push(self.line(x + 6.0, y, room, 11.0, Run::bold(words, class)));
        }
        marks
    }

    /// The same in words.
    pub(super) fn replicas_said(&self, log: &Log) -> String {
        if !self.is_replicated(log) {
            return String::new();
        }
        let t = self.t;
        let leader = log.leader(t).map_or("no leader".to_owned(), |id| format!("leader {id}"));
        let in_sync = log.replicas(t).filter(|replica| log.is_in_sync(replica.broker, t));
        let in_sync: Vec<String> = in_sync.map(|replica| replica.broker.to_string()).collect();
        format!("; {leader}; in sync {}", in_sync.join(" "))
    }

    /// The partition that stands open in the slot: what is selected, else what is wrong, else
    /// the first.
    fn focus(&self) -> Option<&Row> {
        let rows = &self.layout.rows;
        let selected = match &self.layout.view.selected {
            Some(Target::Partition(partition) | Target::Bookmark(_, partition)) => {
                rows.iter().find(|row| row.partition == *partition)
            }
            _ => None,
        };
        let log = |row: &&Row| self.timeline.logs().get(row.log);
        let main = || rows.iter().filter(|row| !matches!(row.style, RowStyle::Side(_)));
        let wrong = |row: &&Row| {
            log(row).is_some_and(|log| {
                let short = log.out_of_sync(self.t) > 0;
                self.is_replicated(log) && short
                    || log.replicas(self.t).any(|r| self.fell(r).is_some())
            })
        };
        let leaderless = |row: &&Row| log(row).is_some_and(|log| self.is_leaderless(log));
        let waits = |row: &&Row| {
            let parties = self.timeline.parties().iter();
            parties.map(|party| party.waiting_in(row.log, self.t)).max().unwrap_or(0)
        };
        let behind = || {
            let most = main().max_by_key(|row| (waits(row), core::cmp::Reverse(row.log)));
            most.filter(|row| waits(row) >= super::lane::QUEUE)
        };
        selected
            .or_else(|| main().find(leaderless))
            .or_else(|| main().find(wrong))
            .or_else(behind)
            .or_else(|| main().next())
    }

    /// A cut that can still be seen.
    fn fell(&self, replica: &Replica) -> Option<crate::timeline::Cut> {
        replica.cut(self.t).filter(|cut| cut.to > cut.from && self.t.since(cut.at) < FALLEN)
    }

    pub(super) fn slot(&mut self) {
        let (Some(slot), Some(row)) = (self.layout.slot, self.focus().cloned()) else { return };
        let Some(log) = self.timeline.logs().get(row.log) else { return };
        let d = format!("M{:.1} {:.1}H{:.1}", slot.x, slot.y, slot.right());
        self.decorate("slot-rule", slot, vec![Mark::Path { d, class: "rule" }]);
        if self.layout.view.by_broker && !self.layout.brokers.is_empty() {
            return self.by_broker(slot);
        }
        if self.is_replicated(log) {
            self.open(slot, &row, log);
            return;
        }
        // One replica: the row as it would stand among few.
        let pitch = (slot.w / (slot.w / 30.0).floor()).max(20.0);
        let k = self.k();
        let cells = Rect::new(slot.x, slot.y + 40.0 * k, slot.w, pitch.min(36.0));
        let capacity = ((slot.w + 0.5) / pitch).floor().max(3.0) as u64;
        let area = Rect { y: slot.y + 6.0, h: slot.h - 6.0, ..slot };
        let open = Row { area, cells, pitch, capacity, style: RowStyle::Cells, ..row };
        let bookmarks = self.bookmarks(&open, log);
        self.cells(&open, log, &bookmarks, "open");
    }

    /// All replicas on one axis of offsets, the high watermark crossing them.
    fn open(&mut self, slot: Rect, row: &Row, log: &Log) {
        let (t, k) = (self.t, self.k());
        let title = Run { mono: true, ..Run::bold(row.partition.to_string(), "ink") };
        let wide = text::width(&title.text, 12.0 * k, true, true);
        let y = slot.y + 20.0 * k;
        let mut marks = vec![self.line(slot.x, y, slot.w, 12.0, title)];
        let words = match log.leader(t) {
            _ if !self.is_leaderless(log) => Run::plain("replicas on one axis", "faint"),
            _ => Run::bold("no leader: nobody can write or read", "lost"),
        };
        let x = slot.x + wide + 12.0;
        marks.push(self.line(x, y, slot.right() - x, 11.0, words));
        let label = (slot.w * 0.3).min(118.0 * k);
        let axis = Rect::new(slot.x + label, slot.y + 30.0 * k, slot.w - label, REPLICA * k);
        let end = log.replicas(t).map(|r| r.end(t)).fold(log.end(t), u64::max);
        let end =
            log.replicas(t).filter_map(|r| self.fell(r)).fold(end, |end, cut| end.max(cut.to));
        let (first, pitch, capacity) = newest(log, t, axis.w, end);
        let mut phrase = format!("Replicas of {}", row.partition);
        let at_most = log.replication_factor.max(1) as usize;
        for (i, replica) in log.replicas(t).take(at_most).enumerate() {
            let line = Rect { y: axis.y + i as f32 * REPLICA * k, ..axis };
            let (name, word, class) = self.standing(log, replica);
            let _ = write!(phrase, "; {name}: {word}, log end {}", replica.end(t));
            let y = line.middle() + 4.0 * k;
            let wide = text::width(&name, 10.5 * k, false, true);
            marks.push(self.line(slot.x, y, label - 6.0, 10.5, Run::mono(name, "dim")));
            let x = slot.x + wide + 8.0;
            let room = label - wide - 14.0;
            let fits = text::width(word, 10.0 * k, false, false) <= room;
            if fits {
                marks.push(self.line(x, y, room, 10.0, Run::plain(word, class)));
            }
            self.replica_cells(log, replica, line, (first, pitch), &mut marks);
        }
        let visible = log.high_watermark(t);
        if visible >= first {
            let x = axis.x + ((visible - first).min(capacity)) as f32 * pitch;
            let bottom = axis.y + at_most as f32 * REPLICA * k;
            let d = format!("M{x:.1} {:.1}V{:.1}", axis.y - 4.0, bottom + 2.0);
            marks.push(Mark::Path { d, class: "watermark" });
            let words = format!("high watermark {visible}");
            let size = 10.0 * k;
            let half = text::width(&words, size, false, false) / 2.0;
            let x = x.clamp(axis.x + half, (axis.right() - half).max(axis.x + half));
            let y = bottom + 13.0 * k;
            let run = Run::plain(words, "kafka");
            marks.push(self.anchored(x, y, axis.w, 10.0, Anchor::Middle, run));
        }
        let id = format!("open-{}", slug(&row.partition.to_string()));
        let target = Some(Target::Partition(row.partition.clone()));
        self.add(id, Role::Image, phrase, target, slot, marks);
    }

    /// What each broker keeps, each partition on its own axis of offsets: what goes when it does.
    fn by_broker(&mut self, slot: Rect) {
        let (t, k) = (self.t, self.k());
        let head = Run::plain("replicas by broker", "faint");
        let mut marks = vec![self.line(slot.x, slot.y + 20.0 * k, slot.w, 11.0, head)];
        let label = (slot.w * 0.36).min(138.0 * k);
        let mut y = slot.y + 30.0 * k;
        let mut phrase = "Replicas by broker".to_owned();
        let brokers = self.layout.brokers.iter().filter_map(|place| self.timeline.node(place.node));
        for node in brokers {
            let Some(id) = self.timeline.broker_id(node.id) else { continue };
            let down = node.state_at(t) == NodeState::Crashed;
            let name = Run::bold(&*node.name, if down { "dim" } else { "ink" });
            let wide = text::width(&node.name, 11.0 * k, true, true) + 10.0;
            marks.push(self.line(slot.x, y + 18.0 * k, label, 11.0, Run { mono: true, ..name }));
            let _ = write!(phrase, "; {}", node.name);
            if down {
                let x = slot.x + wide;
                marks.push(self.line(x, y + 18.0 * k, label, 10.5, Run::plain("crashed", "lost")));
                phrase += ", crashed";
            }
            y += BROKER * k;
            let kept = self.timeline.logs().iter().filter(|log| log.created <= t);
            for log in kept {
                let Some(replica) = log.replicas(t).find(|replica| replica.broker == id) else {
                    continue;
                };
                let line = Rect::new(slot.x + label, y, (slot.w - label).max(1.0), REPLICA * k);
                if line.bottom() > slot.bottom() + 1.0 {
                    break;
                }
                let (_, word, class) = self.standing(log, replica);
                let place = log.partition.to_string();
                let _ = write!(phrase, "; {place}: {word}, log end {}", replica.end(t));
                let base = line.middle() + 4.0 * k;
                let wide = text::width(&place, 10.5 * k, false, true);
                marks.push(self.line(
                    slot.x + 10.0,
                    base,
                    label - 16.0,
                    10.5,
                    Run::mono(place, "dim"),
                ));
                let (x, room) = (slot.x + wide + 18.0, label - wide - 24.0);
                if !down && text::width(word, 10.0 * k, false, false) <= room {
                    marks.push(self.line(x, base, room, 10.0, Run::plain(word, class)));
                }
                // Its newest stay visible.
                let end = log.replicas(t).map(|other| other.end(t)).fold(log.end(t), u64::max);
                let (first, pitch, _) = newest(log, t, line.w, end);
                self.replica_cells(log, replica, line, (first, pitch), &mut marks);
                y += REPLICA * k;
            }
        }
        self.add(
            "open-brokers",
            Role::Image,
            phrase,
            Some(Target::Lane(System::Kafka)),
            slot,
            marks,
        );
    }

    /// A replica's broker and what it is for the partition.
    fn standing(&self, log: &Log, replica: &Replica) -> (String, &'static str, Class) {
        let node = self.timeline.broker(replica.broker);
        let name = node.map_or_else(|| replica.broker.to_string(), |node| node.name.to_string());
        let crashed = node.is_some_and(|n| n.state.at(self.t) == Some(&NodeState::Crashed));
        let (word, class): (_, Class) = if crashed {
            ("crashed", "lost")
        } else if log.leader(self.t) == Some(replica.broker) {
            ("leader", "kafka")
        } else if log.is_in_sync(replica.broker, self.t) {
            ("in sync", "dim")
        } else {
            ("out of sync", "waiting")
        };
        (name, word, class)
    }

    fn replica_cells(
        &self,
        log: &Log,
        replica: &Replica,
        line: Rect,
        (first, pitch): (u64, f32),
        marks: &mut Vec<Mark>,
    ) {
        let t = self.t;
        let size = (pitch - 4.0).min(line.h - 6.0);
        // What it holds is what its leader had when it fetched last.
        let seen = replica.changed(t);
        let end = replica.end(t);
        let area = |offset: u64| {
            let x = line.x + (offset - first) as f32 * pitch;
            Rect::new(x + (pitch - size) / 2.0, line.middle() - size / 2.0, size, size)
        };
        for cell in log.cells(seen).iter().filter(|cell| (first..end).contains(&cell.offset)) {
            let area = area(cell.offset);
            let visible = cell.offset < log.high_watermark(t);
            marks.push(rect(area, 4.0, if visible { "cell" } else { "cell-above" }));
            let message = cell.tag.and_then(|tag| self.timeline.message(tag.message));
            let class = key_class(message.and_then(|m| m.colour));
            marks.push(Mark::Circle { x: area.centre(), y: area.middle(), r: size * 0.28, class });
        }
        if end < first {
            // It ends before the first cell shown.
            let run = Run::plain(format!("\u{2039} ends at {end}"), "faint");
            marks.push(self.line(line.x + 2.0, line.middle() + 4.0 * self.k(), line.w, 10.0, run));
        }
        let Some(cut) = self.fell(replica) else { return };
        // What was cut off falls: lower the longer ago.
        let fall = (t.since(cut.at).0 as f32 / FALLEN.0 as f32 * 6.0).min(6.0);
        for offset in cut.from.max(first).max(end)..cut.to {
            let area = Rect { y: area(offset).y + fall, ..area(offset) };
            if area.right() > line.right() + 0.5 {
                break;
            }
            marks.push(rect(area, 4.0, "cell-gone"));
            let d = format!(
                "M{:.1} {:.1}L{:.1} {:.1}",
                area.x + 3.0,
                area.bottom() - 3.0,
                area.right() - 3.0,
                area.y + 3.0
            );
            marks.push(Mark::Path { d, class: "lost-stroke" });
        }
    }
}

/// The first of the newest offsets up to `end` that fit a line of this width, the pitch of their
/// cells, and how many fit.
fn newest(log: &Log, t: Instant, width: f32, end: u64) -> (u64, f32, u64) {
    let pitch = (width / (width / 24.0).floor().max(1.0)).max(1.0);
    let capacity = ((width + 0.5) / pitch).floor().max(2.0) as u64;
    ((end + 1).saturating_sub(capacity).max(log.start(t).min(end)), pitch, capacity)
}
