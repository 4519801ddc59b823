//! The column of those who read: boxes in order, groups in frames, and, where they are too many
//! for boxes, a matrix with a few cards.

use super::Rect;
use super::layout::{Crowd, GroupFrame, Place};
use crate::event::{Name, NodeId, NodeKind, PartyId, System};
use crate::sim::{Instant, Order};
use crate::timeline::{Node, Timeline};

/// Above this many readers in a lane they stand in a matrix.
pub(super) const MANY: usize = 12;
/// Above this many they stand closer.
const SEVERAL: usize = 6;
/// At most so many stand as cards beside a matrix.
pub(super) const CARDS: usize = 5;

/// Height of a reader's box.
const BOX: f32 = 54.0;
const LOW_BOX: f32 = 42.0;
/// Of the strip under it.
const UNDER: f32 = 20.0;
/// Of the card with its account.
const ACCOUNT: f32 = 44.0;
/// Of a group's heading, and the room around its members.
const HEADING: f32 = 24.0;
const AROUND: f32 = 8.0;

/// Readers that stand together.
struct Unit<'a> {
    /// The group's frame, where it has one.
    group: Option<(PartyId, Name)>,
    nodes: Vec<&'a Node>,
}

/// A column of readers.
#[derive(Clone, Default)]
pub(super) struct Readers {
    pub(super) places: Vec<Place>,
    pub(super) groups: Vec<GroupFrame>,
    pub(super) crowd: Option<Crowd>,
    pub(super) bottom: f32,
    /// How many gaps can be widened.
    pub(super) gaps: usize,
}

/// Where and how they stand.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) x: f32,
    pub(super) w: f32,
    pub(super) across: usize,
    pub(super) k: f32,
    pub(super) system: System,
}

fn units<'a>(nodes: &[&'a Node], timeline: &Timeline) -> Vec<Unit<'a>> {
    let mut units: Vec<Unit<'a>> = Vec::new();
    let plain = |nodes| Unit { group: None, nodes };
    for node in nodes {
        let Some(party) = node.party else {
            units.push(plain(vec![*node]));
            continue;
        };
        let same =
            |unit: &&mut Unit<'_>| unit.nodes.first().is_some_and(|n| n.party == Some(party));
        match units.iter_mut().find(same) {
            Some(unit) => unit.nodes.push(node),
            None => units.push(plain(vec![*node])),
        }
    }
    for unit in &mut units {
        let [first, rest @ ..] = unit.nodes.as_slice() else { continue };
        let Some(party) = first.party.and_then(|id| timeline.party(id)) else { continue };
        // One member that is named like its group needs no frame.
        if !rest.is_empty() || party.name != first.name {
            unit.group = Some((party.id, party.name.clone()));
        }
    }
    // Those without a frame share a shelf.
    let mut joined: Vec<Unit<'a>> = Vec::new();
    for unit in units {
        match joined.last_mut() {
            Some(last) if last.group.is_none() && unit.group.is_none() => {
                last.nodes.extend(unit.nodes);
            }
            _ => joined.push(unit),
        }
    }
    joined
}

/// Places readers from `y` down with this gap between them, as they are at `t`.
pub(super) fn place(
    nodes: &[&Node],
    (timeline, t): (&Timeline, Instant),
    column: Column,
    y: f32,
    gap: f32,
) -> Readers {
    let mut readers = Readers { bottom: y, ..Readers::default() };
    if nodes.is_empty() {
        return readers;
    }
    if nodes.len() > MANY {
        readers.matrix(nodes, column);
        return readers;
    }
    let k = column.k;
    let low = nodes.len() > SEVERAL && column.across == 1;
    let h = if low { LOW_BOX } else { BOX } * k;
    let gap = if low { gap.min(12.0) } else { gap };
    let mut at = y;
    for (i, unit) in units(nodes, timeline).iter().enumerate() {
        if i > 0 {
            at += gap.max(10.0);
        }
        let top = at;
        // On a desk a frame stands around the column, on a phone within it.
        let inner = if unit.group.is_some() && column.across > 1 { AROUND } else { 0.0 };
        let (x, room) = (column.x + inner, column.w - 2.0 * inner);
        if unit.group.is_some() {
            at += HEADING * k;
        }
        let across = column.across.min(unit.nodes.len()).max(1);
        let share = (room + 8.0) / across as f32 - 8.0;
        // On a desk a box is as wide as its column, on a phone as wide as it needs to be.
        let w = if column.across > 1 { share.min(220.0) } else { share };
        let used = across as f32 * (w + 8.0) - 8.0;
        let left = x + (room - used) / 2.0;
        for (n, chunk) in unit.nodes.chunks(across).enumerate() {
            if n > 0 {
                at += if unit.group.is_some() { gap.min(12.0) } else { gap };
                readers.gaps += 1;
            }
            let mut bottom = at;
            for (i, node) in chunk.iter().enumerate() {
                let area = Rect::new(left + i as f32 * (w + 8.0), at, w, h);
                let mut place = Place::new(node.id, area, Some(column.system));
                let mut end = area.bottom();
                if matches!(node.kind, NodeKind::Consumer | NodeKind::Subscriber) {
                    place.under = Some(Rect::new(area.x, end + 3.0, w, UNDER * k - 4.0));
                    end += UNDER * k;
                }
                if node.account.is_some_and(|(since, _)| since <= t) {
                    place.account = Some(Rect::new(area.x, end + 4.0, w, ACCOUNT * k));
                    end += ACCOUNT * k + 4.0;
                }
                bottom = bottom.max(end);
                readers.places.push(place);
            }
            at = bottom;
        }
        if let Some((party, name)) = &unit.group {
            at += AROUND - 2.0;
            let area = Rect::new(x - AROUND, top, room + 2.0 * AROUND, at - top);
            readers.groups.push(GroupFrame { party: *party, name: name.clone(), area });
        }
        readers.gaps += 1;
    }
    readers.bottom = at;
    readers
}

impl Readers {
    /// Five cards, a line of words, and one square for each.
    fn matrix(&mut self, nodes: &[&Node], column: Column) {
        let (k, w) = (column.k, column.w);
        let words = Rect::new(column.x, self.bottom, w, 18.0 * k);
        // Squares as large as a hand's breadth of height allows.
        let n = nodes.len();
        let side = |across: usize| w / across as f32;
        let high = |across: usize| n.div_ceil(across) as f32 * side(across);
        let fits = |across: &usize| high(*across) <= 170.0 || side(*across) < 7.0;
        let columns = (10..200).find(fits).unwrap_or(200);
        let grid = Rect::new(column.x, words.bottom() + 4.0, w, high(columns));
        let mut ids: Vec<NodeId> = nodes.iter().map(|node| node.id).collect();
        ids.order();
        let y = grid.bottom() + 16.0;
        let (h, across) = (LOW_BOX * k, column.across.min(2));
        let card = (w + 8.0) / across as f32 - 8.0;
        let place = |i: usize| {
            let left = column.x + (i % across) as f32 * (card + 8.0);
            Rect::new(left, y + (i / across) as f32 * (h + 8.0), card, h)
        };
        let cards = (0..CARDS).map(place).collect();
        self.bottom = y + CARDS.div_ceil(across) as f32 * (h + 8.0) - 4.0;
        self.crowd = Some(Crowd {
            system: column.system,
            nodes: ids,
            grid,
            pitch: side(columns),
            across: columns,
            words,
            cards,
            buffers: Vec::new(),
            rest: Rect::default(),
        });
    }

    /// Everything further down.
    pub(super) fn shift(&mut self, by: f32) {
        for place in &mut self.places {
            place.area.y += by;
            for area in [&mut place.under, &mut place.account].into_iter().flatten() {
                area.y += by;
            }
        }
        self.groups.iter_mut().for_each(|group| group.area.y += by);
        if let Some(crowd) = &mut self.crowd {
            crowd.grid.y += by;
            crowd.words.y += by;
            crowd.cards.iter_mut().for_each(|card| card.y += by);
        }
        self.bottom += by;
    }
}
