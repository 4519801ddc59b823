//! Streams in a server: cells as in a log, a bookmark for each group, and what is pending.

use super::{Scene, rect, slug};
use crate::sim::Order;
use crate::stage::layout::{FREE, Kept, Server, StreamRow};
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::{Stream, StreamGroup};

impl Scene<'_> {
    pub(super) fn streams(&mut self, server: &Server) {
        for row in &server.streams {
            match row.kept {
                Kept::Stream(index) => {
                    let Some(stream) = self.timeline.streams().get(index) else { continue };
                    self.stream(server, row, stream);
                }
                Kept::List(index) => {
                    let Some(list) = self.timeline.lists().get(index) else { continue };
                    self.list(server, row, list);
                }
            }
        }
    }

    fn stream(&mut self, server: &Server, row: &StreamRow, stream: &Stream) {
        let (t, k) = (self.t, self.k());
        let (base, entries) = stream.entries(t);
        let end = base + entries.len() as u64;
        let first = row.first(stream, t);
        let dead = stream.is_dead_letter();
        let left = row.cells.x;
        let what = if dead { "dead-letter stream" } else { "stream" };
        let length = match stream.length(t) {
            1 => "1 entry".to_owned(),
            n => format!("{n} entries"),
        };
        let wide = text::width(&length, 10.5 * k, false, false);
        // The key comes first where there is no room for both.
        let both = text::width(&stream.key, 12.0 * k, false, false) + wide + 12.0 <= row.area.w;
        let wide = if both { wide } else { 0.0 };
        let y = row.area.y + 12.0 * k;
        let room = row.area.w - wide - 10.0;
        let full = format!("{what} {}", stream.key);
        let fits = text::width(&full, 12.0 * k, false, false) <= room;
        let title = if fits { full.clone() } else { stream.key.to_string() };
        let mut marks = vec![
            self.line(left, y, room, 12.0, Run::plain(title, "dim")),
            self.anchored(
                row.area.right(),
                y,
                wide + 1.0,
                10.5,
                Anchor::End,
                Run::plain(&*length, if dead && end > base { "waiting" } else { "faint" }),
            ),
        ];
        if !both {
            marks.pop();
        }
        let size = row.pitch - 4.0;
        let middle = row.cells.middle();
        let groups: Vec<&StreamGroup> = stream.groups(t).collect();
        for slot in 0..row.capacity {
            let count = first + slot;
            let x = left + slot as f32 * row.pitch;
            let area = Rect::new(x + 2.0, middle - size / 2.0, size, size);
            if count >= end {
                if count < end + FREE {
                    marks.push(rect(area, 6.0, "cell-next"));
                }
                continue;
            }
            let entry = entries.get((count - base) as usize).filter(|entry| !entry.is_hole(t));
            let Some(entry) = entry else { continue };
            marks.push(rect(area, 6.0, if dead { "cell-parked" } else { "cell" }));
            let r = (size * 0.3).min(8.5 * self.layout.scale);
            marks.push(self.message(entry.tag, (area.centre(), middle), r));
            // Delivered and not acknowledged: framed, with how often and whose.
            let owner = groups.iter().find_map(|group| group.owner(count, t));
            if let Some(owner) = owner {
                marks.push(rect(area, 6.0, "pending"));
                if owner.deliveries > 1 {
                    let words = format!("{}\u{d7}", owner.deliveries);
                    let run = Run::bold(words, "waiting");
                    let y = row.cells.bottom() + 11.0 * k;
                    marks.push(self.anchored(
                        area.centre(),
                        y,
                        row.pitch,
                        9.5,
                        Anchor::Middle,
                        run,
                    ));
                }
            }
        }
        let pending: Vec<String> = groups
            .iter()
            .map(|group| format!("{}: {} pending", group.name, group.pending(t)))
            .collect();
        let id = format!("stream-{}-{}", server.node.0, slug(&stream.key));
        let tail =
            if pending.is_empty() { String::new() } else { format!("; {}", pending.join(", ")) };
        let name = format!("{full}, {length}{tail}");
        let target = Some(Target::Channel(server.node, stream.key.clone()));
        self.add(id, Role::Button, name, target, row.area, marks);
        self.group_flags(server, row, stream, &groups, (first, end));
    }

    /// The last-delivered bookmark of each group, and under the cells what is pending, by owner.
    fn group_flags(
        &mut self,
        server: &Server,
        row: &StreamRow,
        stream: &Stream,
        groups: &[&StreamGroup],
        (first, end): (u64, u64),
    ) {
        let (t, k) = (self.t, self.k());
        let mut free = row.cells.x - 100.0;
        let mut marks = Vec::new();
        let mut order: Vec<&&StreamGroup> = groups.iter().collect();
        order.order_by_key(|group| group.delivered(t));
        for group in order {
            let at = group.delivered(t).clamp(first, end);
            let x = row.cells.x + ((at - first).min(row.capacity)) as f32 * row.pitch;
            let size = 9.5 * k;
            let behind = group.delivered(t) < first;
            let word =
                if behind { format!("\u{2039} {}", group.name) } else { group.name.to_string() };
            let wide = text::width(&word, size, true, false) + 8.0;
            let from = x.min(row.cells.right() - wide).max(row.cells.x);
            let flag = Rect::new(from, row.cells.y - 15.0 * k, wide.min(row.cells.w), 14.0 * k);
            let d = format!("M{x:.1} {:.1}V{:.1}", flag.y, row.cells.bottom() + 2.0);
            if !behind {
                marks.push(Mark::Path { d, class: "flag-line" });
            }
            if from >= free {
                marks.push(rect(flag, 2.0, "flag"));
                let y = flag.middle() + size * 0.36;
                let run = Run::bold(word, "on-flag");
                marks.push(self.anchored(flag.centre(), y, flag.w - 4.0, 9.5, Anchor::Middle, run));
                free = flag.right() + 2.0;
            }
        }
        let said: Vec<String> =
            groups.iter().filter_map(|g| self.pending_words(g, (first, end))).collect();
        if !said.is_empty() {
            let y = row.cells.bottom() + 26.0 * k;
            let class: Class = "waiting";
            let words = said.join(" \u{b7} ");
            marks.push(self.line(row.cells.x, y, row.cells.w, 11.0, Run::bold(words, class)));
        }
        if marks.is_empty() {
            return;
        }
        let id = format!("pending-{}-{}", server.node.0, slug(&stream.key));
        let phrase = if said.is_empty() {
            format!("Groups of {}: nothing pending", stream.key)
        } else {
            format!("Groups of {}: {}", stream.key, said.join(", "))
        };
        let area = Rect {
            y: row.cells.y - 15.0 * k,
            h: row.area.bottom() - row.cells.y + 15.0 * k,
            ..row.area
        };
        self.add(id, Role::Image, phrase, None, area, marks);
    }

    /// `3 pending: 2 billing-1, 1 billing-2`, of the newest shown.
    fn pending_words(&self, group: &StreamGroup, (first, end): (u64, u64)) -> Option<String> {
        let all = group.pending(self.t);
        if all == 0 {
            return None;
        }
        let mut owners: Vec<(&str, u32)> = Vec::new();
        for owner in (first..end).filter_map(|entry| group.owner(entry, self.t)) {
            match owners.iter_mut().find(|(name, _)| *name == &*owner.consumer) {
                Some((_, count)) => *count += 1,
                None => owners.push((&owner.consumer, 1)),
            }
        }
        let whose: Vec<String> = owners.iter().map(|(name, n)| format!("{n} {name}")).collect();
        Some(match whose.as_slice() {
            [] => format!("{all} pending"),
            _ => format!("{all} pending: {}", whose.join(", ")),
        })
    }
}
