//! Partitions as rows of cells, bars or tiles, with bookmarks and what waits.

use super::lane::QUEUE;
use super::{Scene, rect, slug};
use crate::event::{Name, NodeState, System};
use crate::sim::Order;
use crate::stage::layout::{FREE, Row, RowStyle};
use crate::stage::{Anchor, Mark, Rect, Role, Run, Target, text};
use crate::timeline::{Log, Party, Phase};
use std::fmt::Write;

/// A group's bookmark that is worth drawing.
pub(super) struct Bookmark {
    pub(super) group: Name,
    /// The next record to read.
    pub(super) offset: u64,
    pub(super) waiting: u32,
}

impl Scene<'_> {
    pub(super) fn rows(&mut self) {
        for row in &self.layout.rows {
            let Some(log) = self.timeline.logs().get(row.log) else { continue };
            let bookmarks = self.bookmarks(row, log);
            match row.style {
                RowStyle::Cells => self.cells(row, log, &bookmarks, "row"),
                RowStyle::Side(side) => self.side(row, side),
                RowStyle::Bar => self.bar(row, log, &bookmarks),
                RowStyle::Tile => self.tile(row, log, &bookmarks),
            }
        }
    }

    /// Whether a commit of a group may fail: a member is gone, stands still or joins anew.
    fn in_doubt(&self, party: &Party) -> bool {
        let t = self.t;
        let mut members = self
            .timeline
            .nodes()
            .iter()
            .filter(|node| node.party == Some(party.id) && node.exists(t));
        members.any(|node| {
            matches!(node.state.at(t), Some(NodeState::Crashed | NodeState::Paused))
                || node.phase.value(t) != Phase::Stable
        })
    }

    /// Bookmarks of groups that are away or behind, or that the reader has selected; the others
    /// keep up, and their flags would only follow the log's end.
    pub(super) fn bookmarks(&self, row: &Row, log: &Log) -> Vec<Bookmark> {
        let t = self.t;
        let behind = |party: &&Party| {
            let selected = matches!(&self.layout.view.selected,
                Some(Target::Bookmark(name, place)) if *name == party.name && *place == row.partition);
            let waiting = party.waiting_in(row.log, t);
            selected
                || waiting >= QUEUE
                || waiting > 0 && (party.away.value(t) || self.in_doubt(party))
        };
        let groups = self.timeline.parties().iter().filter(|p| p.system == System::Kafka);
        let groups = groups.filter(|p| p.added <= t).filter(behind);
        let bookmark = |party: &Party| Bookmark {
            group: party.name.clone(),
            // Before its first commit a group's bookmark is where it began: at the log's start.
            offset: log.committed(&party.name, t).unwrap_or_else(|| log.start(t)),
            waiting: party.waiting_in(row.log, t),
        };
        groups.map(bookmark).collect()
    }

    fn row_name(&self, row: &Row, log: &Log, bookmarks: &[Bookmark]) -> String {
        let t = self.t;
        let mut name = format!(
            "Partition {}: log start {}, high watermark {}, log end {}",
            row.partition,
            log.start(t),
            log.high_watermark(t),
            log.end(t)
        );
        name += &self.replicas_said(log);
        for bookmark in bookmarks {
            let _ = write!(name, "; {} waiting for {}", bookmark.waiting, bookmark.group);
        }
        name
    }

    /// `kind` begins the shapes' ids: `row`, or `open` in the slot.
    pub(super) fn cells(&mut self, row: &Row, log: &Log, bookmarks: &[Bookmark], kind: &str) {
        let (t, k) = (self.t, self.k());
        let (first, end) = (row.first(log, t), log.end(t));
        let visible = log.high_watermark(t);
        let left = row.cells.x;
        let title = row.partition.to_string();
        let bold = Run { mono: true, ..Run::bold(title, "ink") };
        let wide = text::width(&bold.text, 12.0 * k, true, true);
        let y = row.area.y + 13.0 * k;
        let mut marks = vec![self.line(left, y, row.area.w, 12.0, bold)];
        // What waits stands at the right end of the same line.
        let words = self.waiting_words(bookmarks, row.area.w - wide - 12.0);
        let taken = words.as_ref().map_or(0.0, |(_, wide)| wide + 10.0);
        marks.extend(self.chips(log, left + wide + 12.0, y, row.area.right() - taken));
        let half = row.pitch / 2.0;
        let size = row.pitch - 4.0;
        let middle = row.cells.middle();
        let mut shown = log.cells(t).iter().filter(|cell| cell.offset >= first).peekable();
        // Numbers under each cell while they fit, else under every other one.
        let digits = text::width(&end.to_string(), 10.0 * k, false, true);
        let every = if digits + 4.0 > row.pitch { 2 } else { 1 };
        for slot in 0..row.capacity {
            let offset = first + slot;
            let x = left + slot as f32 * row.pitch;
            let area = Rect::new(x + 2.0, middle - size / 2.0, size, size);
            if offset >= end {
                if offset < end + FREE {
                    marks.push(rect(area, 6.0, "cell-next"));
                }
                continue;
            }
            let class = if offset < visible { "cell" } else { "cell-above" };
            marks.push(rect(area, 6.0, class));
            if shown.peek().is_some_and(|cell| cell.offset == offset)
                && let Some(tag) = shown.next().and_then(|cell| cell.tag)
            {
                let r = (size * 0.3).min(8.5 * self.layout.scale);
                marks.push(self.message(Some(tag), (x + half, middle), r));
            }
            if offset % every == 0 {
                let number = Run::mono(offset.to_string(), "faint");
                let y = row.cells.bottom() + 13.0 * k;
                let room = row.pitch * every as f32;
                marks.push(self.anchored(x + half, y, room, 10.0, Anchor::Middle, number));
            }
        }
        // Where the log will grow to: as far as its readers' wires begin.
        let used = left + ((end + FREE - first).min(row.capacity)) as f32 * row.pitch;
        if !self.layout.falls() && row.exit.x > used + row.pitch {
            let d = format!("M{:.1} {middle:.1}H{:.1}", used + 6.0, row.exit.x);
            marks.push(Mark::Path { d, class: "track" });
        }
        if visible > first && visible < end {
            let x = left + (visible - first) as f32 * row.pitch;
            let d = format!("M{x:.1} {:.1}V{:.1}", row.cells.y - 4.0, row.cells.bottom() + 4.0);
            marks.push(Mark::Path { d, class: "watermark" });
        }
        self.uncommitted(row, log, &mut marks);
        let id = format!("{kind}-{}", slug(&row.partition.to_string()));
        let name = self.row_name(row, log, bookmarks);
        let area = Rect { h: row.cells.bottom() + 16.0 * k - row.area.y, ..row.area };
        let target = Some(Target::Partition(row.partition.clone()));
        self.add(id, Role::Button, name, target, area, marks);
        self.flags(row, log, bookmarks, kind);
        if let Some(minimap) = row.minimap {
            self.minimap(row, log, minimap, bookmarks);
        }
    }

    /// The flags between cells, and under the row what waits from each to the log's end.
    fn flags(&mut self, row: &Row, log: &Log, bookmarks: &[Bookmark], kind: &str) {
        let (t, k) = (self.t, self.k());
        let (first, end) = (row.first(log, t), log.end(t));
        let x_of = |offset: u64| {
            row.cells.x + (offset.saturating_sub(first).min(row.capacity)) as f32 * row.pitch
        };
        let many = bookmarks.len() > 1;
        // Flags stand in the order of their offsets; one that would cover another is left out,
        // and the bar below tells of it.
        let mut order: Vec<&Bookmark> = bookmarks.iter().collect();
        order.order_by_key(|bookmark| bookmark.offset);
        let mut free = row.cells.x - 100.0;
        for bookmark in order {
            let gone = bookmark.offset < first;
            let word = match (gone, many) {
                (false, false) => "next".to_owned(),
                (false, true) => bookmark.group.to_string(),
                (true, _) => format!("\u{2039} next {}", bookmark.offset),
            };
            let x = x_of(bookmark.offset);
            let size = 9.5 * k;
            let wide = text::width(&word, size, true, false) + 8.0;
            let from = x.min(row.cells.right() - wide);
            let flag = Rect::new(from, row.cells.y - 15.0 * k, wide, 14.0 * k);
            let mut marks = Vec::new();
            if !gone {
                let d = format!("M{x:.1} {:.1}V{:.1}", flag.y, row.cells.bottom() + 2.0);
                marks.push(Mark::Path { d, class: "flag-line" });
            }
            if from >= free {
                let middle = Anchor::Middle;
                // Left behind by retention it is hollow: what it marks is gone.
                let lost = bookmark.offset < log.start(t);
                let (class, ink) = if lost { ("hollow", "ink") } else { ("flag", "on-flag") };
                let run = Run::bold(word, ink);
                marks.push(rect(flag, 2.0, class));
                let y = flag.middle() + size * 0.36;
                marks.push(Mark::Text {
                    x: flag.centre(),
                    y,
                    anchor: middle,
                    size,
                    runs: vec![run],
                });
                free = flag.right() + 2.0;
            }
            let target = Target::Bookmark(bookmark.group.clone(), row.partition.clone());
            let group = slug(&bookmark.group);
            let id = format!("flag-{kind}-{group}-{}", slug(&row.partition.to_string()));
            let name = format!(
                "Bookmark (committed offset) of {} in {}: next is {}",
                bookmark.group, row.partition, bookmark.offset
            );
            self.add(id, Role::Button, name, Some(target), flag, marks);
        }
        let Some(most) = most_waiting(bookmarks) else { return };
        let from = x_of(end.saturating_sub(u64::from(most.waiting)).max(first)) + 2.0;
        let bar =
            Rect::new(from, row.cells.bottom() + 20.0 * k, (x_of(end) - 2.0 - from).max(8.0), 4.0);
        let mut marks = vec![rect(bar, 2.0, "waiting-bar")];
        let title = text::width(&row.partition.to_string(), 12.0 * k, true, true);
        let room = row.area.w - title - 12.0;
        let Some((words, wide)) = self.waiting_words(bookmarks, room) else { return };
        let (right, y) = (row.area.right(), row.area.y + 13.0 * k);
        let run = Run::bold(&*words, "waiting");
        marks.push(self.anchored(right, y, wide + 1.0, 11.5, Anchor::End, run));
        let target = Target::Bookmark(most.group.clone(), row.partition.clone());
        let id = format!("waiting-{kind}-{}", slug(&row.partition.to_string()));
        let area = Rect::new(right - wide, y - 11.0 * k, wide, 15.0 * k);
        self.add(id, Role::Image, words, Some(target), area, marks);
    }

    /// What waits in a partition and for whom, and how wide that is; short where there is little
    /// room for it.
    fn waiting_words(&self, bookmarks: &[Bookmark], room: f32) -> Option<(String, f32)> {
        let most = most_waiting(bookmarks)?;
        let more = bookmarks.iter().filter(|b| b.waiting > 0).count() - 1;
        let also = if more > 0 { format!(", also for {more} more") } else { String::new() };
        let full = format!("{} waiting for {}{also}", most.waiting, most.group);
        let wide = |words: &str| text::width(words, 11.5 * self.k(), true, false);
        let words = if wide(&full) <= room { full } else { format!("{} waiting", most.waiting) };
        let wide = wide(&words);
        Some((words, wide))
    }

    /// What a group has handled and not committed: a new owner would read it again.
    fn uncommitted(&self, row: &Row, log: &Log, marks: &mut Vec<Mark>) {
        let t = self.t;
        let first = row.first(log, t);
        // While all goes well a commit is due within seconds; it is worth ink when it may fail.
        let selected = |party: &Party| match self.layout.view.selected {
            Some(Target::Node(id)) => self
                .timeline
                .node(id)
                .is_some_and(|node| node.exists(t) && node.party == Some(party.id)),
            _ => false,
        };
        for party in self.timeline.parties().iter().filter(|p| p.system == System::Kafka) {
            if party.added > t || !(self.in_doubt(party) || selected(party)) {
                continue;
            }
            let from = log.committed(&party.name, t).unwrap_or_else(|| log.start(t)).max(first);
            for cell in log.cells(t).iter().filter(|cell| cell.offset >= from) {
                let slot = cell.offset - first;
                if slot >= row.capacity || !cell.tag.is_some_and(|tag| party.had(tag.message, t)) {
                    continue;
                }
                let x = row.cells.x + slot as f32 * row.pitch + 2.0;
                let size = row.pitch - 4.0;
                let y = row.cells.middle() - size / 2.0;
                marks.push(Mark::Path { d: hatch(x, y, size), class: "hatch" });
            }
        }
    }

    /// A log as one bar: what is read, and from the bookmark on what waits.
    fn bar(&mut self, row: &Row, log: &Log, bookmarks: &[Bookmark]) {
        let (t, k) = (self.t, self.k());
        let track = row.cells;
        let end = row.along(log.end(t), log, t);
        let title = Run { mono: true, ..Run::plain(row.partition.to_string(), "ink") };
        let room = track.x - row.area.x - 6.0;
        let mut marks = vec![
            self.line(row.area.x, row.cells.middle() + 4.0 * k, room, 10.5, title),
            rect(track, 4.0, "well"),
            rect(Rect { w: (end - track.x).max(1.0), ..track }, 4.0, "cell"),
        ];
        if let Some(most) = bookmarks.iter().max_by_key(|b| b.waiting) {
            let from = row.along(most.offset, log, t);
            let late = Rect { x: from, w: (end - from).max(2.0), ..track };
            marks.push(rect(late, 4.0, "waiting-bar"));
        }
        if let Some(most) = bookmarks.iter().map(|b| b.waiting).max().filter(|n| *n > 0) {
            let (x, y) = (end + 6.0, row.cells.middle() + 3.8 * k);
            let run = Run::bold(most.to_string(), "waiting");
            marks.push(self.line(x, y, row.area.right() - x, 10.5, run));
        }
        if self.is_leaderless(log) {
            marks.push(rect(track, 4.0, "square-away"));
        }
        let id = format!("row-{}", slug(&row.partition.to_string()));
        let name = self.row_name(row, log, bookmarks);
        let target = Some(Target::Partition(row.partition.clone()));
        self.add(id, Role::Button, name, target, row.area, marks);
    }

    /// A log as a square, filled from below by what waits (a hundred records fill it).
    fn tile(&mut self, row: &Row, log: &Log, bookmarks: &[Bookmark]) {
        let area = row.cells;
        let mut marks = vec![rect(area, 5.0, "cell")];
        if let Some(most) = bookmarks.iter().map(|b| b.waiting).max().filter(|n| *n > 0) {
            let h = area.h * (most as f32 / 100.0).clamp(0.08, 1.0);
            let fill = Rect { y: area.bottom() - h, h, ..area };
            marks.push(rect(fill, 5.0, "waiting-bar"));
        }
        if self.is_leaderless(log) {
            marks.push(rect(area, 5.0, "square-away"));
        }
        let most = bookmarks.iter().map(|b| b.waiting).max().filter(|n| *n > 0);
        let y = area.middle() + if most.is_some() { -4.0 } else { 4.0 };
        let index = Run::mono(row.partition.partition.to_string(), "dim");
        marks.push(self.anchored(area.centre(), y, area.w, 10.5, Anchor::Middle, index));
        if let Some(most) = most {
            let wide = text::width(&most.to_string(), 10.5 * self.k(), true, false);
            let size = (10.5 * (area.w - 4.0) / wide).min(10.5);
            let run = Run::bold(most.to_string(), if most < 25 { "waiting" } else { "on-flag" });
            let y = area.bottom() - 6.0;
            marks.push(self.anchored(area.centre(), y, area.w, size, Anchor::Middle, run));
        }
        let id = format!("row-{}", slug(&row.partition.to_string()));
        let name = self.row_name(row, log, bookmarks);
        let target = Some(Target::Partition(row.partition.clone()));
        self.add(id, Role::Button, name, target, row.area, marks);
    }
}

/// The bookmark behind which most waits; none where nothing does.
fn most_waiting(bookmarks: &[Bookmark]) -> Option<&Bookmark> {
    let waiting = bookmarks.iter().filter(|bookmark| bookmark.waiting > 0);
    waiting.reduce(|most, other| if other.waiting > most.waiting { other } else { most })
}

/// Three slanting lines within a square.
fn hatch(x: f32, y: f32, size: f32) -> String {
    let mut d = String::new();
    for part in [0.5, 1.0, 1.5] {
        let reach = size * part;
        let (x0, y0) = ((reach - size).max(0.0), reach.min(size));
        let (x1, y1) = (reach.min(size), (reach - size).max(0.0));
        let _ = write!(d, "M{:.1} {:.1}L{:.1} {:.1}", x + x0, y + y0, x + x1, y + y1);
    }
    d
}
