//! Readers that are too many for boxes: a trunk that says how many, and a square for each.

use super::{Scene, rect};
use crate::event::{ConnectionId, NodeId, System};
use crate::sim::SortedMap;
use crate::stage::crowd::buffers;
use crate::stage::layout::Crowd;
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Target, text};
use crate::timeline::journal::count;

/// What fills a square: the hard limit of a Pub/Sub client's output buffer, or this lag.
const LAG: u64 = 100;
/// The share of a square below which nothing is drawn in it.
const SEEN: f32 = 0.02;

/// What each client's output buffer holds.
type Levels = SortedMap<NodeId, (ConnectionId, u64)>;

impl Scene<'_> {
    pub(super) fn crowds(&mut self) {
        for crowd in &self.layout.crowds {
            self.trunk(crowd);
            let levels = match crowd.system {
                System::Redis => buffers(self.timeline, self.t),
                System::Kafka => SortedMap::new(),
            };
            self.matrix(crowd, &levels);
            if crowd.system == System::Redis {
                self.rest(crowd, &levels);
            }
        }
    }

    fn trunk(&mut self, crowd: &Crowd) {
        let Some(route) = self.layout.trunk(crowd) else { return };
        let ((x0, y0), (x1, y1)) = (route.start(), route.end());
        let area = Rect::new(x0.min(x1), y0.min(y1), (x1 - x0).abs(), (y1 - y0).abs());
        let mark = Mark::Path { d: route.path(), class: "trunk" };
        let id = format!("trunk-{}", super::lane::key(crowd.system));
        self.decorate(id, area, vec![mark]);
    }

    fn matrix(&mut self, crowd: &Crowd, levels: &Levels) {
        let (t, k) = (self.t, self.k());
        let mut marks = Vec::new();
        let (mut away, mut full) = (0, 0);
        for (i, id) in crowd.nodes.iter().enumerate() {
            let Some(node) = self.timeline.node(*id) else { continue };
            let x = crowd.grid.x + (i % crowd.across) as f32 * crowd.pitch;
            let y = crowd.grid.y + (i / crowd.across) as f32 * crowd.pitch;
            let size = crowd.pitch - 2.0;
            let square = Rect::new(x + 1.0, y + 1.0, size, size);
            if self.is_away(node) {
                away += 1;
                marks.push(rect(square, 2.0, "square-away"));
                continue;
            }
            marks.push(rect(square, 2.0, "square"));
            let (level, whole) = match crowd.system {
                System::Redis => {
                    let level = levels.get(id).map_or(0, |(_, level)| *level);
                    (level, super::redis::full(self.limits(node)))
                }
                System::Kafka => {
                    let party = node.party.and_then(|id| self.timeline.party(id));
                    (party.map_or(0, |party| u64::from(party.sums(t).waiting)), LAG)
                }
            };
            let share = level as f32 / whole as f32;
            if share >= SEEN {
                full += 1;
                let h = (size * share.min(1.0)).max(2.0);
                let class: Class = match (crowd.system, share) {
                    (System::Kafka, _) => "waiting-bar",
                    (_, 0.25..) => "level-high",
                    _ => "level-ok",
                };
                marks.push(rect(Rect { y: square.bottom() - h, h, ..square }, 2.0, class));
            }
        }
        let what = match crowd.system {
            System::Redis => "subscribers",
            System::Kafka => "consumers",
        };
        let words = format!("\u{d7} {} {what}", crowd.nodes.len());
        let area = crowd.words;
        let y = area.bottom() - 4.0;
        let wide = text::width(&words, 12.0 * k, true, false);
        marks.push(self.line(area.x, y, area.w, 12.0, Run::bold(&*words, "ink")));
        if away > 0 {
            let note = format!("{away} away");
            let room = area.w - wide - 10.0;
            if text::width(&note, 11.0 * k, false, false) <= room {
                let run = Run::plain(&*note, "lost");
                marks.push(self.anchored(area.right(), y, room, 11.0, Anchor::End, run));
            }
        }
        let phrase =
            format!("{} {what}: {full} with something to wait for, {away} away", crowd.nodes.len());
        let id = format!("crowd-{}", super::lane::key(crowd.system));
        let whole = Rect { h: crowd.grid.bottom() - area.y, ..area };
        self.add(id, Role::Image, phrase, Some(Target::Lane(crowd.system)), whole, marks);
    }

    /// The output buffers of all that have no card, in one box.
    fn rest(&mut self, crowd: &Crowd, levels: &Levels) {
        let (area, k) = (crowd.rest, self.k());
        let mine = crowd.nodes.iter().filter(|id| self.layout.crowd_of(**id).is_some());
        let open: Vec<u64> =
            mine.filter_map(|id| levels.get(id)).map(|(_, level)| *level).collect();
        let total: u64 = open.iter().sum();
        let title = format!("{} more", open.len());
        let state = text::bytes(total);
        let inset = if area.w < 130.0 { 9.0 } else { 12.0 };
        let wide = text::width(&state, 10.5 * k, false, true);
        let (x, y) = (area.x + inset, area.y + 20.0 * k);
        let room = area.w - 2.0 * inset;
        let marks = vec![
            rect(area, 9.0, "cell"),
            self.line(x, y, room - wide - 6.0, 11.5, Run::bold(&*title, "ink")),
            self.anchored(x + room, y, room, 10.5, Anchor::End, Run::mono(&*state, "dim")),
            self.line(x, area.bottom() - 10.0 * k, room, 10.5, Run::plain("together", "faint")),
        ];
        let phrase =
            format!("Output buffers of {}: {state} together", count(open.len(), "more client"));
        self.add("buffer-rest", Role::Image, phrase, None, area, marks);
    }
}
