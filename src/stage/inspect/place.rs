//! Where things are that are no shapes: messages under way and in cells; and where nodes that do
//! not exist yet would belong.

use super::{Form, Subject};
use crate::event::{NodeKind, System};
use crate::sim::Instant;
use crate::stage::layout::{Layout, RowStyle};
use crate::stage::{Picture, Rect, Role, Size, Target};
use crate::timeline::{Node, Timeline};

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

/// The messages that can be pointed at, in cells, on the floor and in tokens, tokens last: they lie on top.
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
    for (area, message) in &picture.chips {
        let name = format!("No. {} lost", number(*message));
        spots.push(Spot { name, area: *area, what: Target::Message(*message) });
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

/// Where nodes would be added, each with its form: under the last of their kind or above the
/// first, where there is room for it; at the top of their column where there is none yet.
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
        .filter(|shape| shape.role != Role::Decoration && !shape.is_wire())
        .map(|shape| shape.area)
        .collect();
    let k = layout.text.max(1.0);
    let size = (ADDER.0 * k, ADDER.1 * k);
    let mut add = |label: &str, subject: Subject, places: &[(f32, f32)]| {
        let areas = places.iter().map(|(x, y)| Rect::new(*x, *y, size.0, size.1));
        let mut free = areas.filter(|area| {
            !taken.iter().any(|other| other.overlaps(*area))
                && !adders.iter().any(|other| other.area.overlaps(*area))
                && layout.view.frame().right() >= area.right()
                && layout.height >= area.bottom()
        });
        if let Some(area) = free.next() {
            let form = Form::new(timeline, t, subject);
            adders.push(Spot { name: label.to_owned(), area, what: form });
        }
    };
    let lowest = |areas: &mut dyn Iterator<Item = Rect>| {
        areas.reduce(|a, b| if a.bottom() >= b.bottom() { a } else { b })
    };
    if let Some(last) = lowest(&mut layout.producers.iter().map(|place| place.area)) {
        add("+ producer", Subject::Producer, &[(last.x, last.bottom() + 30.0)]);
    }
    for (system, label, subject) in [
        (System::Redis, "+ subscriber", Subject::Subscriber),
        (System::Kafka, "+ consumer", Subject::Consumer),
    ] {
        let mine = layout.consumers.iter().filter(|place| place.system == Some(system));
        let boxes: Vec<Rect> = mine.clone().map(|place| place.area).collect();
        // A frame may stand around them, and a strip below the last.
        let frames = layout.groups.iter().filter(|group| {
            let member = |node: &Node| node.party == Some(group.party);
            mine.clone().any(|place| timeline.node(place.node).is_some_and(member))
        });
        let strips = mine.clone().filter_map(|place| place.account.or(place.under));
        let outer = lowest(&mut boxes.iter().copied().chain(strips));
        let outer = lowest(&mut frames.map(|group| group.area).chain(outer));
        let lane = layout.lanes.iter().find(|lane| lane.system == system);
        if let (Some(last), Some(outer)) = (lowest(&mut boxes.iter().copied()), outer) {
            let above = boxes.iter().map(|area| area.y).fold(last.y, f32::min);
            let below = [last.bottom() + 8.0, outer.bottom() + 8.0];
            let top = lane.map_or(above, |lane| lane.score.bottom() + 2.0);
            let places = [below[0], below[1], top, above - size.1 - 8.0].map(|y| (last.x, y));
            add(label, subject, &places);
        } else if let Some(lane) = lane
            && timeline.nodes().iter().any(|node| node.exists(t) && serves(node, system))
            && !layout.crowds.iter().any(|crowd| crowd.system == system)
        {
            // The column of readers is three of the score's wide.
            let x = lane.score.right() - 3.0 * lane.column + 14.0;
            add(label, subject, &[(x, lane.score.bottom() + 14.0)]);
        }
    }
    if let Some(row) = layout.rows.last() {
        let topic = row.partition.topic.clone();
        let y = row.area.bottom() + 4.0;
        add("+ partition", Subject::Partitions(topic), &[(row.area.x, y)]);
        add("+ topic", Subject::Topic, &[(row.area.x + size.0 + 8.0, y)]);
    } else if timeline.nodes().iter().any(|node| node.kind == NodeKind::Broker) {
        let lane = layout.lanes.iter().find(|lane| lane.system == System::Kafka);
        if let Some(lane) = lane {
            add("+ topic", Subject::Topic, &[(lane.title.x, lane.title.bottom() + 12.0)]);
        }
    }
    adders
}

/// Whether a node is what the readers of a lane read from.
fn serves(node: &Node, system: System) -> bool {
    let kind = match system {
        System::Redis => NodeKind::RedisServer,
        System::Kafka => NodeKind::Broker,
    };
    node.kind == kind
}
