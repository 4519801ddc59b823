//! Where things are that are no shapes: messages under way and in cells; and where nodes that do
//! not exist yet would belong.

use super::{Form, Subject};
use crate::event::{NodeKind, System};
use crate::sim::Instant;
use crate::stage::layout::{Layout, RowStyle};
use crate::stage::{Picture, Rect, Role, Size, Target};
use crate::timeline::Timeline;

/// Something that can be pointed at or put somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot<T> {
    /// Its name.
    pub name: String,
    /// Where.
    pub area: Rect,
    /// What.
    pub what: T,
}

/// More than this are no places to walk through one by one.
const MOST: usize = 240;

/// The messages that can be pointed at, in tokens and in cells, tokens last: they lie on top.
pub fn spots(
    timeline: &Timeline,
    t: Instant,
    layout: &Layout,
    picture: &Picture,
) -> Vec<Spot<Target>> {
    let number = |id| timeline.message(id).map_or(0, |message| message.number);
    let mut spots = Vec::new();
    for row in layout.rows.iter().filter(|row| row.style == RowStyle::Cells) {
        let Some(log) = timeline.logs().get(row.log) else { continue };
        let first = row.first(log, t);
        for cell in log.cells(t).iter().filter(|cell| cell.offset >= first) {
            let Some(tag) = cell.tag else { continue };
            let (x, y) = row.centre(cell.offset, log, t);
            let side = row.pitch - 2.0;
            spots.push(Spot {
                name: format!(
                    "No. {} at offset {} of {}",
                    number(tag.message),
                    cell.offset,
                    row.partition
                ),
                area: Rect::new(x - side / 2.0, y - side / 2.0, side, side),
                what: Target::Message(tag.message),
            });
        }
    }
    for token in &picture.tokens {
        let Some(message) = token.message else { continue };
        let reach = token.r + 4.0;
        spots.push(Spot {
            name: format!("No. {} under way", number(message)),
            area: Rect::new(token.x - reach, token.y - reach, 2.0 * reach, 2.0 * reach),
            what: Target::Message(message),
        });
    }
    let skip = spots.len().saturating_sub(MOST);
    spots.split_off(skip)
}

/// Size of a "+ consumer" in CSS px.
const ADDER: (f32, f32) = (112.0, 26.0);

/// Where nodes would be added, each with its form: under the last of their kind, where there is
/// room for it.
pub fn adders(
    timeline: &Timeline,
    t: Instant,
    layout: &Layout,
    picture: &Picture,
) -> Vec<Spot<Form>> {
    let mut adders: Vec<Spot<Form>> = Vec::new();
    if layout.size == Size::Phone {
        return adders;
    }
    let taken: Vec<Rect> = picture
        .shapes
        .iter()
        .filter(|shape| shape.role != Role::Decoration)
        .map(|shape| shape.area)
        .collect();
    let k = layout.text.max(1.0);
    let size = (ADDER.0 * k, ADDER.1 * k);
    let mut add = |label: &str, subject: Subject, x: f32, y: f32| {
        let area = Rect::new(x, y, size.0, size.1);
        let free = !taken.iter().any(|other| other.overlaps(area))
            && !adders.iter().any(|other| other.area.overlaps(area))
            && layout.view.frame().right() >= area.right()
            && layout.height >= area.bottom();
        if free {
            let form = Form::new(timeline, t, subject);
            adders.push(Spot { name: label.to_owned(), area, what: form });
        }
    };
    let lowest = |areas: &mut dyn Iterator<Item = Rect>| {
        areas.reduce(|a, b| if a.bottom() >= b.bottom() { a } else { b })
    };
    if let Some(last) = lowest(&mut layout.producers.iter().map(|place| place.area)) {
        add("+ producer", Subject::Producer, last.x, last.bottom() + 30.0);
    }
    for (system, label, subject) in [
        (System::Redis, "+ subscriber", Subject::Subscriber),
        (System::Kafka, "+ consumer", Subject::Consumer),
    ] {
        let mut mine = layout.consumers.iter().filter(|place| place.system == Some(system));
        if let Some(last) = lowest(&mut mine.by_ref().map(|place| place.area)) {
            add(label, subject, last.x, last.bottom() + 8.0);
        }
    }
    if let Some(row) = layout.rows.last() {
        let topic = row.partition.topic.clone();
        add("+ partition", Subject::Partitions(topic), row.area.x, row.area.bottom() + 4.0);
        add("+ topic", Subject::Topic, row.area.x + size.0 + 8.0, row.area.bottom() + 4.0);
    } else if timeline.nodes().iter().any(|node| node.kind == NodeKind::Broker) {
        let lane = layout.lanes.iter().find(|lane| lane.system == System::Kafka);
        if let Some(lane) = lane {
            add("+ topic", Subject::Topic, lane.title.x, lane.title.bottom() + 12.0);
        }
    }
    adders
}
