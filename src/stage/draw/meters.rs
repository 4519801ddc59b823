//! A Redis server's memory and event loop, where they are worth a look.

use super::{Scene, rect};
use crate::stage::layout::Server;
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::Node;

/// Bytes of used memory from which on they are worth ink without a limit: fifty times what an
/// empty server uses.
const MUCH: u64 = 50_000_000;
/// Thousandths of its time from which on an event loop is busy.
const BUSY: u32 = 200;

/// A bar with its word and its figure.
pub(super) struct Meter {
    word: &'static str,
    figure: String,
    share: f32,
}

impl Scene<'_> {
    /// What is worth a look: a limit, much memory, a busy loop; all of it when selected.
    pub(super) fn worth_a_meter(&self, node: &Node) -> Vec<Meter> {
        let t = self.t;
        let asked = self.layout.view.selected == Some(Target::Node(node.id));
        let mut all = Vec::new();
        if let Some((used, most)) = node.memory.at(t).copied()
            && (most > 0 || used >= MUCH || asked)
        {
            let figure = match most {
                0 => text::bytes(used),
                most => format!("{} of {}", text::bytes(used), text::limit(most)),
            };
            let share = if most > 0 { used as f32 / most as f32 } else { 0.0 };
            all.push(Meter { word: "memory", figure, share });
        }
        if let Some(busy) = node.busy.at(t).copied().filter(|busy| *busy >= BUSY || asked) {
            let figure = format!("{} %", busy.div_ceil(10));
            all.push(Meter { word: "event loop", figure, share: busy as f32 / 1_000.0 });
        }
        all
    }

    pub(super) fn meters(&mut self, server: &Server, node: &Node, all: &[Meter]) {
        if all.is_empty() {
            return;
        }
        let k = self.k();
        // In the foot of the box; on a phone beside its name.
        let inset = 18.0;
        let (x, y, w) = if self.layout.falls() {
            let left = server.area.x + server.area.w * 0.42;
            (left, server.area.y + 26.0 * k, server.area.right() - 14.0 - left)
        } else {
            let end = server.buffers.first().map_or(server.area.right() - inset, |b| b.1.x - 14.0);
            let left = server.area.x + inset;
            (left, server.area.bottom() - 16.0, end - left)
        };
        // The last one says more about now where there is room for one alone.
        let room = ((w / (130.0 * k)).floor() as usize).clamp(1, 2);
        let skip = all.len().saturating_sub(room);
        let each = (w + 16.0) / (all.len() - skip) as f32 - 16.0;
        let mut marks = Vec::new();
        let said: Vec<String> = all.iter().map(|m| format!("{} {}", m.word, m.figure)).collect();
        for (i, meter) in all.iter().skip(skip).enumerate() {
            self.meter(meter, (x + i as f32 * (each + 16.0), y, each), &mut marks);
        }
        let area = Rect::new(x, y - 12.0 * k, w, 16.0 * k);
        let phrase = format!("{}: {}", node.name, said.join(", "));
        let id = format!("meters-{}", server.node.0);
        self.add(id, Role::Image, phrase, Some(Target::Node(server.node)), area, marks);
    }

    fn meter(&self, meter: &Meter, (x, y, w): (f32, f32, f32), marks: &mut Vec<Mark>) {
        let (k, size) = (self.k(), 10.5);
        let wide = |words: &str| text::width(words, size * k, false, false) + 1.0;
        let full = meter.share >= 0.9;
        let class: Class = if full { "waiting" } else { "dim" };
        let figure = wide(&meter.figure).min(w);
        marks.push(self.anchored(
            x + w,
            y,
            figure,
            size,
            Anchor::End,
            Run::plain(&*meter.figure, class),
        ));
        let left = w - figure - 8.0;
        if wide(meter.word) > left {
            return;
        }
        marks.push(self.line(x, y, left, size, Run::plain(meter.word, "faint")));
        let from = x + wide(meter.word) + 6.0;
        let track = Rect::new(from, y - 7.0 * k, x + w - figure - 8.0 - from, 6.0 * k);
        if track.w < 20.0 || meter.share <= 0.0 {
            return;
        }
        marks.push(rect(track, 3.0, "well"));
        let level = Rect { w: (track.w * meter.share.min(1.0)).max(3.0), ..track };
        marks.push(rect(level, 3.0, if full { "level-high" } else { "level-ok" }));
    }
}
