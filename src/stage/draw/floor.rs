//! The floors of what was lost: under each lane struck-through numbers, a count and the reasons.

use super::lane::key;
use super::{Scene, rect};
use crate::event::{LostReason, MessageId, PartyId, Standing, System};
use crate::sim::Order;
use crate::stage::{Anchor, Mark, Rect, Role, Run, Score, Target, text};
use crate::timeline::journal::count;

/// Font sizes of the words, in CSS px: long ones are smaller, never cut.
const SIZES: [f32; 3] = [12.5, 11.5, 10.5];
/// So many chips are worth more than words in one line.
const FEW: usize = 4;

impl Scene<'_> {
    pub(super) fn floors(&mut self) {
        for (system, area) in &self.layout.floors {
            self.floor(*system, *area);
        }
    }

    /// The count is the lane's: each message once. The reasons add up to it.
    fn floor(&mut self, system: System, floor: Rect) {
        let t = self.t;
        let total = self.timeline.lane(system, t).lost;
        if total == 0 {
            return;
        }
        let reasons: Vec<(&str, u32)> = self
            .timeline
            .lane_lost(system, t)
            .map(|(reason, nobody, count)| (why(reason, nobody), count))
            .collect();
        let told: Vec<String> = match reasons.as_slice() {
            [(words, _)] => vec![(*words).to_owned()],
            many => many.iter().map(|(words, count)| format!("{count} {words}")).collect(),
        };
        let (messages, parties, copies) = self.lost_in(system);
        let words = format!("{total} lost: {}", told.join(", "));
        let phrase = match copies {
            // Each party's copy is one of its own.
            n if n > total => {
                format!("{words}; {n} copies of {}", count(total as usize, "message"))
            }
            _ => words.clone(),
        };
        let marks = self.fallen(floor, total, &messages, &words);
        // What one party lost is listed by reason; of several, by message.
        let target = match parties.as_slice() {
            [one] => Target::Lost(*one),
            _ => Target::Score(system, Score::Lost),
        };
        let id = format!("floor-{}", key(system));
        self.add(id, Role::Button, phrase, Some(target), floor, marks);
    }

    /// The lost messages of a lane that are at hand in order, who lost them, and how many copies
    /// that are.
    fn lost_in(&self, system: System) -> (Vec<MessageId>, Vec<PartyId>, u32) {
        let nobody = self.timeline.nobody(system, self.t);
        let nobody = nobody.filter(|(_, standing)| matches!(standing, Standing::Lost(_)));
        let mut messages: Vec<MessageId> = nobody.map(|(message, _)| message).collect();
        let (mut parties, mut copies) = (Vec::new(), messages.len() as u32);
        for party in self.timeline.parties().iter().filter(|party| party.system == system) {
            let lost = party.lost(self.t);
            if !lost.is_empty() {
                parties.push(party.id);
            }
            for lost in lost {
                copies += lost.count as u32;
                messages.extend(lost.messages);
            }
        }
        messages.order();
        messages.dedup();
        (messages, parties, copies)
    }

    fn fallen(
        &mut self,
        floor: Rect,
        total: u32,
        messages: &[MessageId],
        words: &str,
    ) -> Vec<Mark> {
        let (k, scale) = (self.k(), self.layout.scale);
        let (w, h, pitch) = (28.0 * scale, 20.0 * scale, 33.0 * scale);
        let stacked = floor.w < 440.0;
        let wrap = |room: f32, size: f32| text::wrap(words, room, size * k, true, false);
        let most_lines = if stacked { 3 } else { 2 };
        let whole = |size: &f32| wrap(floor.w, *size).len() <= most_lines;
        let size = SIZES.into_iter().find(whole).unwrap_or(SIZES[2]);
        let wrapped = |room: f32| wrap(room, size);
        // So many chips; one place more tells how many others there are.
        let places = |n: usize| (n + usize::from((n as u32) < total)) as f32 * pitch + 14.0;
        let most = messages.len().min((floor.w / pitch) as usize);
        let (shown, lines) = if stacked {
            let lines = wrapped(floor.w);
            let fit = most.saturating_sub(usize::from(total as usize > most));
            (if lines.len() < 3 { fit } else { 0 }, lines)
        } else {
            // One line beside some chips; else two, and as many chips as they leave room for.
            let beside = |n: usize| wrapped(floor.w - places(n));
            let one = (FEW.min(messages.len())..=most).rev().find(|n| beside(*n).len() == 1);
            let fits = one.or_else(|| (1..=most).rev().find(|n| beside(*n).len() <= 2));
            fits.map_or_else(|| (0, wrapped(floor.w)), |n| (n, beside(n)))
        };
        // The newest stay visible; the older ones are in the count.
        let shown = &messages[messages.len() - shown..];
        let mut marks = Vec::new();
        let row = if stacked { floor.y + 4.0 } else { floor.middle() - h / 2.0 - 2.0 };
        let mut x = floor.x + 1.0;
        let more = total.saturating_sub(shown.len() as u32);
        if more > 0 && !shown.is_empty() {
            let more = Run::mono(format!("+{more}"), "dim");
            marks.push(self.line(x, row + 14.0, pitch, 10.5, more));
            x += pitch;
        }
        for message in shown {
            let number = self.timeline.message(*message).map_or(0, |m| m.number);
            // They lie as they fell: every other one a little lower.
            let y = row + if number.is_multiple_of(2) { 0.0 } else { 4.0 };
            let chip = Rect::new(x, y, w, h);
            let d = format!("M{:.1} {:.1}L{:.1} {:.1}", x + 3.0, y + h - 4.0, x + w - 3.0, y + 4.0);
            marks.push(rect(chip, 7.0, "lost-chip"));
            self.chips.push((chip, *message));
            // Under the number: struck through, and still to be read.
            marks.push(Mark::Path { d, class: "lost-stroke" });
            let small = scale * if number > 999 { 8.0 } else { 10.0 };
            let (cx, cy) = (chip.centre(), chip.middle() + 3.6);
            let runs = vec![Run { bold: true, ..Run::mono(number.to_string(), "ink") }];
            marks.push(Mark::Text { x: cx, y: cy, anchor: Anchor::Middle, size: small, runs });
            x += pitch;
        }
        let step = size * 1.25 * k;
        let (x, y, most) = match (stacked, shown.is_empty()) {
            (true, false) => (floor.x, row + h + 18.0 * k, 2),
            (true, true) => (floor.x, floor.y + 14.0 * k, 3),
            (false, empty) => {
                let lower = lines.len().min(2) as f32 - 1.0;
                let x = if empty { floor.x } else { x + 12.0 };
                (x, row + h / 2.0 + 6.0 - lower * step / 2.0, 2)
            }
        };
        let room = floor.right() - x;
        let count = lines.len();
        for (i, line) in lines.into_iter().take(most).enumerate() {
            let cut = i + 1 == most && count > most;
            let line = if cut { format!("{line} \u{2026}") } else { line };
            let y = y + i as f32 * step;
            marks.push(self.line(x, y, room, size, Run::bold(line, "lost")));
        }
        marks
    }
}

/// The reason in words. To nobody nothing can be lost but by Pub/Sub, or out of a log.
const fn why(reason: LostReason, nobody: bool) -> &'static str {
    match (reason, nobody) {
        (LostReason::NotSubscribed, true) => "nobody had subscribed",
        _ => reason.words(),
    }
}
