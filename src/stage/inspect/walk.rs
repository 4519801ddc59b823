//! From one thing on the stage to its neighbour, by arrow keys.

use crate::stage::Rect;

/// A direction on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
}

/// The place of the nearest thing in a direction, among `all`; none when nothing lies there. What
/// lies straight ahead is nearer than what lies aside.
pub fn neighbour(all: &[Rect], from: Rect, way: Way) -> Option<usize> {
    let distance = |to: &Rect| {
        // Ahead and aside, between the middles.
        let (x, y) = (to.centre() - from.centre(), to.middle() - from.middle());
        let (ahead, aside, apart) = match way {
            Way::Left => (-x, y.abs(), gap(from.y, from.h, to.y, to.h)),
            Way::Right => (x, y.abs(), gap(from.y, from.h, to.y, to.h)),
            Way::Up => (-y, x.abs(), gap(from.x, from.w, to.x, to.w)),
            Way::Down => (y, x.abs(), gap(from.x, from.w, to.x, to.w)),
        };
        (ahead > 1.0).then_some(ahead + 0.1 * aside + 4.0 * apart)
    };
    let all = all.iter().enumerate().filter_map(|(n, to)| Some((n, distance(to)?)));
    all.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(n, _)| n)
}

/// How far two stretches of a line are apart; none when they share some of it.
fn gap(a: f32, a_length: f32, b: f32, b_length: f32) -> f32 {
    (b - (a + a_length)).max(a - (b + b_length)).max(0.0)
}
