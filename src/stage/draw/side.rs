//! Retry and dead-letter topics: one short row each, beneath the topic they belong to.

use super::{Scene, rect, slug};
use crate::sim::Order;
use crate::stage::layout::{Row, Side};
use crate::stage::system::side_word;
use crate::stage::{Class, Rect, Role, Run, Target, text};
use crate::timeline::{Cell, Log};

impl Scene<'_> {
    pub(super) fn side(&mut self, row: &Row, side: Side) {
        let (t, k) = (self.t, self.k());
        let logs = || [row.log].into_iter().chain(row.twins.iter().copied());
        let held = |log: &usize| self.timeline.logs().get(*log).map(|log| (log, t));
        let all: Vec<(&Log, _)> = logs().filter_map(|log| held(&log)).collect();
        let mut cells: Vec<&Cell> = all.iter().flat_map(|(log, t)| log.cells(*t)).collect();
        cells.order_by_key(|cell| cell.at);
        let total = cells.len();
        // What the retry's own reader has handled has left; a parked record stays.
        let waiting = match side {
            Side::DeadLetter => total,
            Side::Retry => {
                let parties = self.timeline.parties().iter();
                let most = |p: &crate::timeline::Party| {
                    logs().map(|log| p.waiting_in(log, t)).sum::<u32>() as usize
                };
                parties.map(most).max().unwrap_or(0)
            }
        };
        let (class, ink): (Class, Class) = match side {
            Side::Retry => ("cell-retry", "retry"),
            Side::DeadLetter => ("cell-parked", "waiting"),
        };
        let words = format!("{waiting} {}", side_word(side));
        let y = row.area.y + 12.0 * k;
        let short = text::width(&words, 10.5 * k, true, false);
        // Where its whole name does not fit, what sets it apart from its topic does.
        let topic = &*row.partition.topic;
        let fits = text::width(topic, 10.5 * k, true, true) <= row.area.w - short - 10.0;
        let suffix = topic.find("-retry").or_else(|| topic.find("-dlt")).filter(|_| !fits);
        let title = suffix.map_or(topic, |at| &topic[at + 1..]);
        let title = Run { mono: true, ..Run::bold(title, "ink") };
        let mut marks = vec![self.line(row.area.x, y, row.area.w - short - 10.0, 10.5, title)];
        let run = Run::bold(&*words, if waiting > 0 { ink } else { "faint" });
        let room = row.area.w * 0.6;
        marks.push(self.anchored(row.area.right(), y, room, 10.5, crate::stage::Anchor::End, run));
        let shown = &cells[total.saturating_sub(row.capacity as usize)..];
        let size = row.pitch - 3.0;
        for slot in 0..row.capacity {
            let x = row.cells.x + slot as f32 * row.pitch;
            let area = Rect::new(x + 1.0, row.cells.middle() - size / 2.0, size, size);
            let Some(cell) = shown.get(slot as usize) else {
                if slot as usize == shown.len() {
                    marks.push(rect(area, 5.0, "cell-next"));
                }
                continue;
            };
            marks.push(rect(area, 5.0, class));
            marks.push(self.message(cell.tag, (area.centre(), area.middle()), size * 0.3));
        }
        let kind = match side {
            Side::Retry => "Retry topic",
            Side::DeadLetter => "Dead-letter topic",
        };
        let phrase = format!("{kind} {}: {words}, {total} records", row.partition.topic);
        let id = format!("side-{}", slug(&row.partition.topic));
        let target = Some(Target::Partition(row.partition.clone()));
        self.add(id, Role::Button, phrase, target, row.area, marks);
    }
}
