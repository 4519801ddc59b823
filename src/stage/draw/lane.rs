//! Lane heads with their scores, the sentence, and the other lane's strip on a phone.

use super::{Scene, rect};
use crate::event::{Carrier, NodeKind, Standing, System};
use crate::sim::Order;
use crate::stage::inspect::carrier;
use crate::stage::layout::Lane;
use crate::stage::{Anchor, Class, Mark, Rect, Role, Run, Score, Target, text};
use crate::timeline::Sums;

/// A title so wide keeps its second line, shortened if need be.
const FIRST_LINE: f32 = 180.0;

/// From this many on, what waits for a party that is there counts as a queue, not as flow.
pub(super) const QUEUE: u32 = 3;

/// Size in px of the names of the ways to carry a message.
const CHOICE: f32 = 11.5;

impl Scene<'_> {
    pub(super) fn rule(&mut self) {
        if let Some(rule) = self.layout.rule {
            let d = format!("M{:.1} {:.1}H{:.1}", rule.x, rule.y, rule.right());
            self.decorate("rule", rule, vec![Mark::Path { d, class: "rule" }]);
        }
    }

    pub(super) fn heads(&mut self) {
        for lane in &self.layout.lanes {
            self.head(lane);
            self.score(lane);
        }
    }

    fn head(&mut self, lane: &Lane) {
        let (name, version, sub) = self.words(lane.system);
        let (area, k) = (lane.title, self.k());
        let fits = |words: &str| text::width(words, 12.5 * k, false, false) <= area.w;
        let short = if fits(sub) { sub } else { sub.split("; ").last().unwrap_or(sub) };
        let size = 17.0;
        let wide = text::width(name, size * k, true, false);
        let after = area.x + wide + 10.0;
        let room = area.right() - after;
        let mut marks =
            vec![self.line(area.x, area.y + 19.0 * k, area.w, size, Run::bold(name, "ink"))];
        // Where the score stands in the same row, what does not fit stands in the shape's name.
        if fits(short) || area.w > FIRST_LINE {
            let short = Run::plain(short, "dim");
            marks.push(self.line(area.x, area.y + 40.0 * k, area.w, 12.5, short));
        }
        let ends = after + text::width(version, 11.0 * k, false, true);
        // Where there is little room, the choice of a carrier comes before the version.
        let by = self.layout.view.carrier.filter(|_| lane.system == System::Redis);
        let choice = by.map_or(0.0, |_| self.carriers_width());
        let both = ends + 14.0 + choice <= area.right();
        if (by.is_none() || both) && ends <= area.right() {
            let said = Run::mono(version, "faint");
            marks.push(self.line(after, area.y + 19.0 * k, room, 11.0, said));
        }
        let id = format!("lane-{}", key(lane.system));
        let phrase = format!("{name}, modelled on version {version}: {sub}");
        self.add(id, Role::Image, phrase, Some(Target::Lane(lane.system)), area, marks);
        let x = if both { ends + 14.0 } else { after + 2.0 };
        if let Some(by) = by.filter(|_| x + choice <= area.right()) {
            self.carriers(Rect::new(x, area.y + k, choice, 24.0 * k), by);
        }
    }

    /// The width of the choice among carriers.
    fn carriers_width(&self) -> f32 {
        Carrier::REDIS.iter().map(|by| self.carrier_width(*by)).sum::<f32>() + 4.0
    }

    fn carrier_width(&self, by: Carrier) -> f32 {
        text::width(carrier(by), CHOICE * self.k(), true, false) + 14.0
    }

    /// The choice among the ways to carry a message in Redis: the same run with another one.
    fn carriers(&mut self, frame: Rect, chosen: Carrier) {
        self.decorate("carriers", frame, vec![rect(frame, 7.0, "well")]);
        let mut x = frame.x + 2.0;
        for by in Carrier::REDIS {
            let area = Rect::new(x, frame.y + 2.0, self.carrier_width(by), frame.h - 4.0);
            let on = by == chosen;
            let word = carrier(by);
            let run = if on { Run::bold(word, "ink") } else { Run::plain(word, "dim") };
            let at = area.y + area.h / 2.0 + 4.0 * self.k();
            let word = self.anchored(area.centre(), at, area.w, CHOICE, Anchor::Middle, run);
            let mut marks = vec![word];
            if on {
                marks.insert(0, rect(area, 5.0, "box"));
            }
            let phrase = format!(
                "The same run with a Redis {}",
                match by {
                    Carrier::Stream => "stream",
                    Carrier::List => "list",
                    Carrier::PubSub | Carrier::Kafka => "channel (Pub/Sub)",
                }
            );
            let id = format!("carrier-{by:?}");
            self.add(id, Role::Choice { on }, phrase, Some(Target::Carrier(by)), area, marks);
            x = area.right();
        }
    }

    /// Whether anything waits that is worth a number: a queue, or for a party that is away.
    fn waits(&self, system: System, sums: Sums) -> bool {
        let mine = self.timeline.parties().iter().filter(|p| p.system == system);
        let away = mine.filter(|party| party.away.value(self.t) && party.sums(self.t).waiting > 0);
        let mut nobody = self.timeline.nobody(system, self.t);
        sums.waiting >= QUEUE
            || away.count() > 0
            || nobody.any(|(_, standing)| standing == Standing::Waiting)
    }

    fn score(&mut self, lane: &Lane) {
        let sums = self.timeline.lane(lane.system, self.t);
        let mut columns = vec![
            (Score::Repeated, sums.repeated, "repeated"),
            (Score::Lost, sums.lost, "lost"),
            (Score::Arrived, sums.delivered, "arrived"),
        ];
        if self.waits(lane.system, sums) {
            columns.push((Score::Waiting, sums.waiting, "waiting"));
        }
        let k = self.k();
        for (i, (score, value, label)) in columns.into_iter().enumerate() {
            let right = lane.score.right() - i as f32 * lane.column;
            let room = lane.column - 6.0;
            // A ring around it stands clear of the digits.
            let area = Rect::new(
                right - lane.column + 6.0,
                lane.score.y - 3.0,
                lane.column - 1.0,
                50.0 * k,
            );
            let class = match (score, value) {
                (Score::Arrived, 1..) => "ink",
                (Score::Lost, 1..) => "lost",
                (Score::Waiting, _) => "waiting",
                (Score::Repeated, 1..) => "ink",
                _ => "dim",
            };
            let digits = value.to_string();
            // A number is never shortened: it gets smaller.
            let size = (room / text::width(&digits, k, true, true)).min(26.0);
            let number = Run { text: digits, class, bold: true, mono: true };
            let marks = vec![
                Mark::Text {
                    x: right,
                    y: lane.score.y + 22.0 * k,
                    anchor: Anchor::End,
                    size: size * k,
                    runs: vec![number],
                },
                self.anchored(
                    right,
                    lane.score.y + 41.0 * k,
                    room,
                    11.0,
                    Anchor::End,
                    Run::plain(label, "dim"),
                ),
            ];
            let (system, _, _) = self.words(lane.system);
            let id = format!("score-{}-{label}", key(lane.system));
            let phrase = format!("{system}: {value} {label}");
            let target = Some(Target::Score(lane.system, score));
            self.add(id, Role::Button, phrase, target, area, marks);
        }
    }

    /// Name, modelled version and one line about a lane.
    fn words(&self, system: System) -> (&'static str, &'static str, &'static str) {
        let t = self.t;
        let streams = self.timeline.streams().iter().any(|stream| stream.created <= t);
        let lists = self.timeline.lists().iter().any(|list| list.created <= t);
        let keeps = |kind| matches!(kind, NodeKind::StreamReader | NodeKind::ListWorker);
        let kept = self.timeline.nodes().iter().any(|node| keeps(node.kind) && node.exists(t));
        let all = "keeps streams and lists; pushes Pub/Sub";
        match system {
            System::Redis => match (self.layout.view.carrier, streams || lists || kept) {
                (Some(Carrier::Stream), _) => {
                    ("Redis Streams", "7.0", "keep entries; readers ask for what is next")
                }
                (Some(Carrier::List), _) => {
                    ("Redis Lists", "7.0", "hand each element to one worker")
                }
                (_, true) => ("Redis", "7.0", all),
                (_, false) => ("Redis Pub/Sub", "7.0", "pushes to whoever is connected"),
            },
            System::Kafka => ("Kafka", "4.3", "keeps a log; consumers ask for what is next"),
        }
    }

    /// What has come of it so far, in one sentence.
    pub(super) fn sentence(&mut self) -> Vec<Run> {
        let runs = self.verdict();
        if !self.layout.view.sentence {
            return runs;
        }
        let (area, k) = (self.layout.sentence, self.k());
        let mut marks = vec![rect(area, 12.0, "box")];
        // Broken into lines by whole clauses where one line is too short.
        let size = 15.0 * k;
        let room = area.w - 40.0;
        let mut lines: Vec<Vec<Run>> = vec![Vec::new()];
        let mut used = 0.0;
        for run in &runs {
            let wide = text::width(&run.text, size, run.bold, false);
            if used > 0.0 && used + wide > room {
                lines.push(Vec::new());
                used = 0.0;
            }
            used += wide;
            if let Some(line) = lines.last_mut() {
                line.push(run.clone());
            }
        }
        let widest = |line: &Vec<Run>| {
            line.iter().map(|run| text::width(&run.text, size, run.bold, false)).sum::<f32>()
        };
        let needed = lines.iter().map(widest).fold(1.0, f32::max);
        let fit = (room / needed).min(1.0).min((area.h - 8.0) / (lines.len() as f32 * size * 1.35));
        let (size, step) = (size * fit, size * fit * 1.4);
        let first = area.middle() - (lines.len() as f32 - 1.0) * step / 2.0 + size * 0.36;
        for (i, runs) in lines.into_iter().enumerate() {
            let (x, y) = (area.x + 20.0, first + i as f32 * step);
            marks.push(Mark::Text { x, y, anchor: Anchor::Start, size, runs });
        }
        let phrase: String = runs.iter().map(|run| run.text.as_str()).collect();
        self.add("sentence", Role::Status, phrase, None, area, marks);
        runs
    }

    fn verdict(&self) -> Vec<Run> {
        let systems = self.layout.lanes.iter().map(|lane| lane.system);
        let strip = self.layout.strip.map(|(system, _)| system);
        let mut systems: Vec<System> = systems.chain(strip).collect();
        systems.order();
        let sums: Vec<(System, Sums)> =
            systems.into_iter().map(|s| (s, self.timeline.lane(s, self.t))).collect();
        if sums.iter().all(|(_, sums)| sums.expected == 0)
            && self.timeline.messages(self.t).is_empty()
        {
            return vec![Run::bold("Nothing sent yet.", "dim")];
        }
        let mut runs = vec![Run::bold("So far: ", "ink")];
        let quiet = |s: &Sums| s.lost == 0 && s.late == 0 && s.repeated == 0 && s.parked == 0;
        if sums.iter().all(|(_, sums)| quiet(sums)) {
            runs.push(Run::bold("nothing lost, nothing late.", "ink"));
            return runs;
        }
        for (i, (system, sums)) in sums.iter().enumerate() {
            let (name, class): (_, Class) = match system {
                System::Redis => ("Redis", "redis"),
                System::Kafka => ("Kafka", "kafka"),
            };
            let space = if i + 1 < 2 { " " } else { "" };
            runs.push(Run::bold(format!("{name} {}.{space}", deeds(sums)), class));
        }
        runs
    }

    pub(super) fn strip(&mut self) {
        let Some((system, area)) = self.layout.strip else { return };
        let (sums, k) = (self.timeline.lane(system, self.t), self.k());
        let (name, _, _) = self.words(system);
        let class: Class = match system {
            System::Redis => "redis",
            System::Kafka => "kafka",
        };
        let y = area.middle() + 5.0 * k;
        let waiting = if self.waits(system, sums) { sums.waiting } else { 0 };
        let number = |n: u32, what: &str, class: Class| {
            Run::bold(format!("{n} {what}"), if n > 0 { class } else { "dim" })
        };
        let numbers = [number(waiting, "waiting", "waiting"), number(sums.lost, "lost", "lost")];
        let mut marks = vec![rect(area, 10.0, "strip")];
        let mut right = area.right() - 14.0;
        for run in numbers {
            let wide = text::width(&run.text, 12.0 * k, true, false);
            marks.push(self.anchored(right, y, wide, 12.0, Anchor::End, run));
            right -= wide + 14.0;
        }
        let x = area.x + 14.0;
        marks.push(self.line(x, y, right - x, 14.0, Run::bold(name, class)));
        // Laid from the right, written from the left, as it is read.
        marks[1..].reverse();
        // As it is written, so that who speaks to the page can say what stands there.
        let phrase = format!("{name} {} lost {waiting} waiting: show it", sums.lost);
        self.add("strip", Role::Button, phrase, Some(Target::Lane(system)), area, marks);
    }
}

/// What a system did to the messages it was given, without its name.
fn deeds(sums: &Sums) -> String {
    let mut parts = Vec::new();
    if sums.lost > 0 {
        parts.push(format!("lost {}", sums.lost));
    }
    if sums.late > 0 {
        parts.push(format!("made {} late", sums.late));
    }
    if sums.repeated > 0 {
        parts.push(format!("repeated {}", sums.repeated));
    }
    if sums.parked > 0 {
        parts.push(format!("parked {}", sums.parked));
    }
    match parts.as_slice() {
        [] => "lost none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

pub(super) const fn key(system: System) -> &'static str {
    match system {
        System::Redis => "redis",
        System::Kafka => "kafka",
    }
}
