//! Lists in a server, as queues: what comes enters at the left, what is popped leaves at the
//! right; what a worker keeps while it works stands below.

use super::{Scene, rect, slug};
use crate::stage::layout::{Server, StreamRow};
use crate::stage::{Anchor, Mark, Rect, Role, Run, Target, text};
use crate::timeline::{Element, List};

impl Scene<'_> {
    pub(super) fn list(&mut self, server: &Server, row: &StreamRow, list: &List) {
        let (t, k) = (self.t, self.k());
        let length = list.length(t);
        let words = format!("{length} in the queue");
        let wide = text::width(&words, 10.5 * k, false, false);
        // The key comes first where there is no room for both.
        let both = text::width(&list.key, 12.0 * k, false, false) + wide + 12.0 <= row.area.w;
        let wide = if both { wide } else { 0.0 };
        let y = row.area.y + 12.0 * k;
        let room = row.area.w - wide - 10.0;
        let full = format!("list {}", list.key);
        let fits = text::width(&full, 12.0 * k, false, false) <= room;
        let title = if fits { full.clone() } else { list.key.to_string() };
        let end = Anchor::End;
        let mut marks = vec![
            self.line(row.area.x, y, room, 12.0, Run::plain(title, "dim")),
            self.anchored(row.area.right(), y, wide + 1.0, 10.5, end, Run::plain(&*words, "faint")),
        ];
        if !both {
            marks.pop();
        }
        let (size, middle) = (row.pitch - 4.0, row.cells.middle());
        let shown = list.oldest(t, row.capacity as usize);
        for slot in 0..row.capacity {
            // The oldest stands at the right: it is popped next.
            let x = row.cells.x + (row.capacity - 1 - slot) as f32 * row.pitch;
            let area = Rect::new(x + 2.0, middle - size / 2.0, size, size);
            match shown.get(slot as usize) {
                Some(element) => {
                    marks.push(rect(area, 6.0, "cell"));
                    marks.push(self.dot(element, area));
                }
                None if slot == shown.len() as u64 => marks.push(rect(area, 6.0, "cell-next")),
                None => {}
            }
        }
        // What workers have taken and not removed: safe while they live, found when they do not.
        let mut kept = Vec::new();
        for other in self.timeline.lists().iter().filter(|l| l.server == list.server) {
            let Some((main, worker)) = other.processes() else { continue };
            if *main == *list.key && other.created <= t && other.length(t) > 0 {
                kept.push((worker, other));
            }
        }
        let y = row.cells.bottom() + 8.0 * k;
        let small = 16.0;
        let mut x = row.cells.x;
        let mut said = Vec::new();
        for (worker, other) in kept {
            let words = format!("{worker} works on");
            let wide = text::width(&words, 10.5 * k, false, false);
            let needs = wide + 8.0 + small;
            if x + needs > row.cells.right() {
                break;
            }
            let run = Run::plain(&*words, "waiting");
            marks.push(self.line(x, y + 12.0 * k, wide + 1.0, 10.5, run));
            x += wide + 6.0;
            for element in other.oldest(t, 3) {
                if x + small > row.cells.right() {
                    break;
                }
                let area = Rect::new(x, y, small, small);
                marks.push(rect(area, 4.0, "pending"));
                marks.push(self.dot(element, area));
                x += small + 4.0;
            }
            x += 10.0;
            said.push(format!("{worker} works on {}", other.length(t)));
        }
        let tail = if said.is_empty() { String::new() } else { format!("; {}", said.join(", ")) };
        let id = format!("list-{}-{}", server.node.0, slug(&list.key));
        let target = Some(Target::Channel(server.node, list.key.clone()));
        self.add(id, Role::Button, format!("{full}, {words}{tail}"), target, row.area, marks);
    }

    fn dot(&self, element: &Element, area: Rect) -> Mark {
        let r = (area.w * 0.3).min(8.5 * self.layout.scale);
        self.message(element.tag, (area.centre(), area.middle()), r)
    }
}
