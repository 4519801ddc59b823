//! The minimap of a log: its segments as dated blocks, whole ones leaving at the left, and the
//! bookmarks among them.

use super::kafka::Bookmark;
use super::{Scene, rect, slug};
use crate::sim::Instant;
use crate::stage::layout::Row;
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::{Log, Segment};

/// At most so many dropped segments stay in sight.
const GONE: usize = 3;
/// At most so many blocks.
const BLOCKS: usize = 24;

impl Scene<'_> {
    pub(super) fn minimap(&mut self, row: &Row, log: &Log, area: Rect, bookmarks: &[Bookmark]) {
        let (t, k) = (self.t, self.k());
        let all = log.segments(t);
        let gone = all.iter().filter(|segment| segment.dropped).count();
        let shown = &all[gone.saturating_sub(GONE)..];
        let shown = &shown[shown.len().saturating_sub(BLOCKS)..];
        let (Some(first), Some(last)) = (shown.first(), shown.last()) else { return };
        // As wide as they have records, yet wide enough to be seen.
        let total: u64 = shown.iter().map(|s| (s.end - s.base).max(1)).sum();
        let least = 6.0_f32.min(area.w / shown.len() as f32);
        let free = (area.w * 0.76 - least * shown.len() as f32).max(0.0);
        let wide = |s: &Segment| least + free * ((s.end - s.base).max(1) as f32 / total as f32);
        let h = 9.0;
        let mut marks = Vec::new();
        let mut x = area.x;
        let mut dated = f32::MIN;
        let mut places: Vec<(Segment, f32, f32)> = Vec::new();
        for segment in shown {
            let w = wide(segment);
            let block = Rect::new(x, area.y, w - 2.0, h);
            let class: Class = if segment.dropped {
                "segment-gone"
            } else if segment.base == last.base {
                "segment-open"
            } else {
                "segment"
            };
            marks.push(rect(block, 2.5, class));
            let date = day(segment.since);
            let needs = text::width(&date, 9.0 * k, false, false);
            if x >= dated && x + needs <= area.right() {
                let run = Run::plain(date, "faint");
                marks.push(self.line(x, area.y + h + 11.0 * k, needs + 1.0, 9.0, run));
                dated = x + needs + 8.0;
            }
            places.push((*segment, x, w));
            x += w;
        }
        for bookmark in bookmarks {
            let at = places.iter().rev().find(|(s, _, _)| s.base <= bookmark.offset);
            let x = at.map_or(area.x, |(s, x, w)| {
                let share = (bookmark.offset - s.base) as f32 / (s.end - s.base).max(1) as f32;
                x + (w - 2.0) * share.min(1.0)
            });
            let left = bookmark.offset < log.start(t);
            let d = format!("M{x:.1} {:.1}l-3.5 -5h7z", area.y - 1.0);
            marks.push(Mark::Path { d, class: if left { "hollow" } else { "flag" } });
        }
        let words = match gone {
            0 => format!("{} segments", all.len()),
            n => format!("{n} of {} dropped", all.len()),
        };
        let x = x + 4.0;
        if area.right() - x > 40.0 {
            let room = area.right() - x;
            let run = Run::plain(&*words, "dim");
            marks.push(self.anchored(area.right(), area.y + h, room, 10.0, Anchor::End, run));
        }
        let phrase = format!(
            "Segments of {}: {words}; the oldest shown begins at offset {}",
            row.partition, first.base
        );
        let id = format!("segments-{}", slug(&row.partition.to_string()));
        let target = Some(Target::Partition(row.partition.clone()));
        self.add(id, Role::Image, phrase, target, area, marks);
    }
}

/// When a segment began, as coarsely as tells them apart.
fn day(at: Instant) -> String {
    let seconds = at.as_millis() / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("day {}", seconds / 86_400 + 1),
    }
}
