//! The fixed things of a picture, from a timeline at an instant and a layout.

mod crowd;
mod floor;
mod groups;
mod kafka;
mod lane;
mod lists;
mod meters;
mod nodes;
mod redis;
mod replicas;
mod segments;
mod side;
mod streams;
mod wires;

use super::class::key_class;
use super::layout::Layout;
use super::text;
use super::{Anchor, Class, Mark, Picture, Rect, Role, Run, Shape, Target, tokens};
use crate::event::{MessageId, Tag};
use crate::sim::Instant;
use crate::timeline::Timeline;

pub(super) fn picture(timeline: &Timeline, t: Instant, layout: &Layout) -> Picture {
    let layout = &*layout.settled(timeline, t);
    let mut scene = Scene { timeline, t, layout, shapes: Vec::new(), chips: Vec::new() };
    scene.rule();
    scene.wires();
    scene.groups();
    scene.servers();
    scene.crowds();
    scene.brokers();
    scene.rows();
    scene.slot();
    scene.producers();
    scene.consumers();
    scene.floors();
    scene.plug();
    scene.heads();
    let sentence = scene.sentence();
    scene.strip();
    Picture {
        at: t,
        width: layout.view.width,
        height: layout.height,
        shapes: scene.shapes,
        chips: scene.chips,
        tokens: tokens::settled(timeline, t, layout),
        sentence,
    }
}

struct Scene<'a> {
    timeline: &'a Timeline,
    t: Instant,
    layout: &'a Layout,
    shapes: Vec<Shape>,
    chips: Vec<(Rect, MessageId)>,
}

impl Scene<'_> {
    /// Scale of text.
    fn k(&self) -> f32 {
        self.layout.text
    }

    fn add(
        &mut self,
        id: impl Into<String>,
        role: Role,
        name: impl Into<String>,
        target: Option<Target>,
        area: Rect,
        marks: Vec<Mark>,
    ) {
        // What only tells of the selected thing has no ring of its own.
        let picked = role != Role::Image && target.is_some();
        let selected = picked && target == self.layout.view.selected;
        let id = id.into().into();
        self.shapes.push(Shape { id, role, name: name.into(), target, selected, area, marks });
    }

    fn decorate(&mut self, id: impl Into<String>, area: Rect, marks: Vec<Mark>) {
        self.add(id, Role::Decoration, "", None, area, marks);
    }

    /// A message at rest in a cell, by its copy.
    fn message(&self, tag: Option<Tag>, at: (f32, f32), r: f32) -> Mark {
        let message = tag.and_then(|tag| self.timeline.message(tag.message));
        let failed = message.is_some_and(|m| self.timeline.has_failed(m.id, self.t));
        // A diamond of the same size as a circle reaches farther.
        let r = if failed { r * 1.2 } else { r };
        dot(at, r, key_class(message.and_then(|m| m.colour)), failed)
    }

    /// A line of text, shortened to the room it has.
    fn line(&self, x: f32, y: f32, room: f32, size: f32, run: Run) -> Mark {
        self.anchored(x, y, room, size, Anchor::Start, run)
    }

    /// A name, shortened in its middle to the room it has.
    fn named(&self, x: f32, y: f32, room: f32, size: f32, mut run: Run) -> Mark {
        run.text = text::fit_name(&run.text, room, size * self.k(), run.bold, run.mono);
        self.anchored(x, y, room, size, Anchor::Start, run)
    }

    fn anchored(&self, x: f32, y: f32, room: f32, size: f32, anchor: Anchor, mut run: Run) -> Mark {
        let size = size * self.k();
        run.text = text::fit(&run.text, room, size, run.bold, run.mono);
        Mark::Text { x, y, anchor, size, runs: vec![run] }
    }
}

fn rect(area: Rect, round: f32, class: Class) -> Mark {
    Mark::Rect { area, round, class }
}

/// A message at rest: a circle, and a diamond once a handler has failed on it.
fn dot((x, y): (f32, f32), r: f32, class: Class, failed: bool) -> Mark {
    if !failed {
        return Mark::Circle { x, y, r, class };
    }
    let d = format!("M{x:.1} {:.1}l{r:.1} {r:.1}l-{r:.1} {r:.1}l-{r:.1} -{r:.1}z", y - r);
    Mark::Path { d, class }
}

/// A name fit for a DOM id.
fn slug(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
