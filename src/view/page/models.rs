//! What the open panels say at the cursor: from the run to the values that components draw.

use super::desk::SPEEDS;
use super::{Page, Panel};
use crate::event::{Asked, EventId, LostReason, Name, Standing};
use crate::history::Comparison;
use crate::sim::{Instant, SortedSet};
use crate::stage::inspect::{
    Block, Cell, Form, Go, Line, Sheet, Spot, Subject, Table, Tools, adders, answer, inspect,
    lights, printed, question, spots, tables,
};
use crate::stage::{self, Picture, Rect, Role, Target, Theme, View};
use crate::timeline::causes;
use crate::timeline::clock::clock;
use crate::timeline::journal::{self, Filter};
use crate::view::form::FormModel;
use crate::view::journal::{Journal, WINDOW};
use crate::view::menu::MenuModel;
use crate::view::over::{Over, Rate};

/// Steps of a rate, in messages in a thousand seconds.
const RATES: [u32; 13] = [
    0, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
];

/// Real milliseconds before the systems' tools are asked again while time runs: at the newest
/// instant, and in the past, where a world has to be found again.
const AGAIN_MS: f64 = 100.0;
const AGAIN_PAST_MS: f64 = 500.0;

/// Size of a rate's control in CSS px.
const RATE: (f32, f32) = (112.0, 24.0);

/// The events that the journal lists, found so far.
#[derive(Default)]
pub(super) struct Found {
    /// Of this revision of the run, this beginning of what is at hand and this filter.
    of: Option<(u32, Instant, Filter)>,
    /// Those that pass, oldest first, with their instants.
    events: Vec<(Instant, EventId)>,
    /// The number of the next event to look at.
    next: EventId,
}

impl Page {
    /// The open panel that is a sheet, with the class of its place; `told` answers the last
    /// "Why?".
    pub(in crate::view) fn sheet(
        &mut self,
        told: Vec<causes::Line>,
    ) -> Option<(Sheet, &'static str)> {
        match self.desk.open? {
            Panel::Inspector => {
                let target = self.view.selected.clone()?;
                let mut sheet = inspect(self.timeline(), self.cursor, &target)?;
                self.ask_tools(&mut sheet, &target);
                self.explain(&mut sheet, told);
                Some((sheet, "inspector"))
            }
            Panel::Tables => Some((tables(self.timeline(), self.cursor), "tables")),
            Panel::Futures => Some((self.futures(), "inspector")),
            Panel::Journal => None,
        }
    }

    /// What led to the event that is being explained, in front of all else.
    fn explain(&self, sheet: &mut Sheet, told: Vec<causes::Line>) {
        if told.is_empty() {
            return;
        }
        let line = |line| Line::told(self.timeline(), line, self.cursor);
        // It is being explained: asking again would lead nowhere.
        let lines = told.into_iter().map(|told| Line { why: None, ..line(told) }).collect();
        sheet.blocks.insert(0, Block::Heading("Why? What led to it, in order".to_owned()));
        sheet.blocks.insert(1, Block::Lines(lines));
    }

    /// What the systems' own tools print of the thing; asked while it is open, at most ten times a
    /// second, in the past twice.
    fn ask_tools(&mut self, sheet: &mut Sheet, target: &Target) {
        let Some((asked, name)) = question(self.timeline(), target) else { return };
        let (session, cursor, tools) = (&self.session, self.cursor, &mut self.desk.tools);
        if tools.open {
            let of = (session.revision(), session.event_count(), cursor, asked);
            let rest = if cursor < session.head() { AGAIN_PAST_MS } else { AGAIN_MS };
            let same = |(revision, _, _, asked): &(u32, u64, Instant, Asked)| {
                *revision == of.0 && *asked == of.3
            };
            let recent = self.playing && tools.waited_ms < rest;
            if tools.of.as_ref() != Some(&of) && !(recent && tools.of.as_ref().is_some_and(same)) {
                tools.printed = session.printed_at(cursor, &of.3);
                tools.of = Some(of);
                tools.waited_ms = 0.0;
            }
        }
        let shown = tools.open.then(|| printed(&tools.printed));
        sheet.blocks.insert(0, Block::Tools(Tools { name, printed: shown }));
    }

    /// The answer to the last "Why?".
    pub(in crate::view) fn told(&self) -> Vec<causes::Line> {
        let why = self.desk.why;
        why.map_or_else(Vec::new, |(why, at)| answer(self.timeline(), at, why))
    }

    /// What is being explained touched.
    pub(in crate::view) fn lights(&self, told: &[causes::Line]) -> Vec<Target> {
        let why = self.desk.why.filter(|_| !told.is_empty());
        why.map_or_else(Vec::new, |(why, at)| lights(self.timeline(), at, why, told))
    }

    /// The journal, where it is open.
    pub(in crate::view) fn journal(&mut self) -> Option<Journal> {
        if self.desk.open != Some(Panel::Journal) {
            return None;
        }
        let filter = self.desk.filter.clone();
        let timeline = self.window.at(self.cursor);
        let of = (self.folded, timeline.begin(), filter.clone());
        if self.found.of.as_ref() != Some(&of) {
            self.found = Found { of: Some(of), ..Found::default() };
        }
        let new = filter.showing(timeline, self.found.next);
        self.found.events.extend(new.map(|event| (event.at, event.id)));
        if let Some(last) = timeline.events().last() {
            self.found.next = EventId(last.id.0 + 1);
        }
        let total = self.found.events.partition_point(|(at, _)| *at <= self.cursor);
        let first = self.desk.line.min(total.saturating_sub(1));
        let shown = self.found.events[..total].iter().rev().skip(first).take(WINDOW);
        let events = shown.filter_map(|(_, id)| timeline.event(*id));
        let about = filter.messages.iter().flatten().next().map(|message| {
            crate::stage::inspect::name(timeline, &Target::Message(*message)).into()
        });
        let nodes = timeline.nodes().iter().filter(|node| node.added <= self.cursor);
        let names: SortedSet<Name> = nodes.map(|node| node.name.clone()).collect();
        let mut lines: Vec<Line> = events.map(|event| Line::of(timeline, event)).collect();
        let begin = timeline.begin();
        if begin > Instant::ZERO && first + lines.len() >= total {
            lines.push(Line {
                at: Instant(begin.0 - 1),
                text: "What happened before is folded away. Go there to read it.".into(),
                class: "dim",
                why: None,
            });
        }
        Some(Journal { about, names: names.into_iter().collect(), total, first, lines, filter })
    }

    /// The stage in a frame of its own, as SVG with its size: a card to pass on.
    pub(in crate::view) fn card(&self, dark: bool) -> (String, (f32, f32)) {
        let carrier = self.view.carrier;
        let view = View { sentence: true, carrier, ..View::new(1_200.0, 675.0) };
        let picture = stage::picture(self.timeline(), self.cursor, &view);
        let at = clock(self.cursor);
        let picture = stage::signed(picture, &format!("{}, at {at}", self.lesson().title));
        let theme = if dark { Theme::Dark } else { Theme::Light };
        (stage::svg(&picture, theme), (picture.width, picture.height))
    }

    /// The open menu.
    pub(in crate::view) fn menu(&self) -> Option<&MenuModel> {
        self.desk.menu.as_ref()
    }

    /// The open form.
    pub(in crate::view) fn form(&self) -> Option<&FormModel> {
        self.desk.form.as_ref()
    }

    /// Which panel is open.
    pub(in crate::view) fn panel(&self) -> Option<Panel> {
        self.desk.open
    }

    /// What lies over the stage.
    pub(in crate::view) fn over(&self, picture: &Picture) -> Over {
        let (timeline, t) = (self.timeline(), self.cursor);
        // While time runs nothing holds still long enough to be walked to.
        let still = !self.playing;
        let selected = self.view.selected.as_ref();
        let mut messages =
            if still { spots(timeline, t, &self.layout, picture) } else { Vec::new() };
        let shapes = picture
            .shapes
            .iter()
            .filter(|shape| shape.target.is_some() && shape.target.as_ref() == selected);
        // What stands for the thing itself is larger than what only belongs to it.
        let size =
            |shape: &&stage::Shape| (shape.role != Role::Decoration, shape.area.w * shape.area.h);
        let shape = shapes.max_by(|a, b| {
            let (a, b) = (size(a), size(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let chosen = shape.and_then(|shape| {
            let (name, area) = (shape.name.clone(), shape.area);
            Some(Spot { name, area, what: shape.target.clone()? })
        });
        let message = || messages.iter().rev().find(|spot| Some(&spot.what) == selected).cloned();
        // A figure has no commands: a click on it opens what stands behind it.
        let figure = |spot: &Spot<Target>| matches!(spot.what, Target::Score(..) | Target::Lost(_));
        let chosen = chosen.or_else(message).filter(|spot| !figure(spot));
        let chosen = chosen.map(|spot| Spot { area: beside(spot.area, picture), ..spot });
        messages.dedup_by(|a, b| a.area == b.area);
        Over {
            adders: adders(timeline, t, &self.layout, picture),
            rates: self.rates(picture),
            chosen,
            spots: messages,
            size: (picture.width, picture.height),
        }
    }

    fn rates(&self, picture: &Picture) -> Vec<Rate> {
        let (timeline, t) = (self.timeline(), self.cursor);
        let producers = picture.shapes.iter().filter_map(|shape| match &shape.target {
            Some(Target::Node(id)) => Some((shape, timeline.node(*id)?)),
            _ => None,
        });
        let taken = picture.shapes.iter().filter(|it| it.role != Role::Decoration && !it.is_wire());
        let rate = |(shape, node): (&stage::Shape, &crate::timeline::Node)| {
            let x = shape.area.centre() - RATE.0 / 2.0;
            let area = Rect::new(x.max(2.0), shape.area.bottom() + 4.0, RATE.0, RATE.1);
            // Where producers stand close, the one that is selected has it.
            let free = taken.clone().all(|other| !other.area.overlaps(area));
            let now = node.rate.value(t);
            (free || shape.selected).then(|| Rate {
                producer: node.name.clone(),
                words: journal::rate(now),
                area,
                less: RATES.iter().rev().copied().find(|rate| *rate < now),
                more: RATES.iter().copied().find(|rate| *rate > now),
                form: Form::new(timeline, t, Subject::Rate(node.name.clone())),
            })
        };
        producers.filter(|(_, node)| node.topic.is_some()).filter_map(rate).collect()
    }

    /// The other futures, each compared with this one.
    fn futures(&mut self) -> Sheet {
        let mut sheet =
            Sheet { title: "Other futures".into(), kind: "fork".into(), ..Sheet::default() };
        if self.session.branches().is_empty() {
            let words = "Act in the past, and the future that was stays here beside the new one.";
            sheet.blocks.push(Block::Words(words.into()));
        }
        for n in (0..self.session.branches().len()).rev() {
            let Some(compared) = self.compare(n) else { continue };
            let Some(branch) = self.session.branches().get(n) else { continue };
            let heading =
                format!("Left at {}, went on to {}", clock(branch.forked_at), clock(branch.until));
            sheet.blocks.push(Block::Heading(heading));
            sheet.blocks.push(Block::Table(ledgers(&compared)));
            for (whose, event) in compared
                .first
                .iter()
                .flat_map(|first| [("Here", first.here.as_ref()), ("There", first.there.as_ref())])
            {
                let Some(event) = event else { continue };
                let words = journal::sentence(self.timeline(), event);
                sheet.blocks.push(Block::Words(format!("{whose} first: {words}")));
            }
            let go = Cell { go: Some(Go::Over(n)), ..Cell::new("Go over to it") };
            sheet.blocks.push(Block::Rows(vec![("the other future".into(), go)]));
        }
        sheet
    }

    /// Both ledgers; asked again only when the run changed, or stands still somewhere else.
    fn compare(&mut self, branch: usize) -> Option<Comparison> {
        let revision = self.folded;
        let limit = self.session.branches().get(branch)?.until.min(self.session.head());
        let mut known = self.desk.compared.iter();
        if let Some((_, _, kept)) = known.find(|(of, n, _)| (*of, *n) == (revision, branch))
            && (kept.at == limit || self.playing)
        {
            return Some(kept.clone());
        }
        let compared = self.session.compare(branch)?;
        self.desk.compared.retain(|(of, n, _)| *of == revision && *n != branch);
        self.desk.compared.push((revision, branch, compared.clone()));
        Some(compared)
    }

    /// The names of the speeds, and which one is chosen.
    pub(in crate::view) fn speeds(&self) -> Vec<(&'static str, bool)> {
        SPEEDS.iter().enumerate().map(|(n, (_, words))| (*words, n == self.speed())).collect()
    }
}

/// Side of the button that opens the commands of what is selected, in CSS px.
const MORE: f32 = 26.0;

/// Where that button stands: at a corner of the thing, on nothing that is written there, in the
/// picture.
fn beside(area: Rect, picture: &Picture) -> Rect {
    let (gap, frame) = (4.0, Rect::new(0.0, 0.0, picture.width, picture.height));
    let at = |x: f32, y: f32| Rect::new(x, y, MORE, MORE);
    let places = [
        at(area.right() + gap, area.y),
        at(area.right() - MORE, area.y - MORE - gap),
        at(area.x - MORE - gap, area.y),
        at(area.right() - MORE, area.bottom() + gap),
    ];
    let things = || picture.shapes.iter().filter(|it| it.role != Role::Decoration && !it.is_wire());
    let inside = |place: &&Rect| frame.holds(**place);
    let free = |place: &&Rect| {
        let holds = |thing: &Rect| thing.holds(area) && *thing != area;
        !things().any(|thing| thing.area.overlaps(**place) && !holds(&thing.area))
    };
    let found = places.iter().filter(inside).find(free).or_else(|| places.iter().find(inside));
    found.copied().unwrap_or(at((area.right() - MORE).max(0.0), area.y.max(0.0)))
}

/// Both ledgers at the last instant that both have reached.
fn ledgers(compared: &Comparison) -> Table {
    let sides = [
        ("Redis", &compared.here.redis, &compared.there.redis),
        ("Kafka", &compared.here.kafka, &compared.there.kafka),
    ];
    // The score counts each message once.
    let scores = compared.here_scores.iter().zip(&compared.there_scores);
    let rows_of = [
        ("arrived", Standing::Delivered),
        ("waiting", Standing::Waiting),
        ("lost", Standing::Lost(LostReason::Failed)),
    ];
    let mut rows = Vec::new();
    for ((system, here, there), (ours, theirs)) in sides.into_iter().zip(scores) {
        let counted = rows_of.map(|(what, as_)| (what, ours.count(as_), theirs.count(as_)));
        let others = [
            ("repeated", here.repeated, there.repeated),
            // A message may be late for one reader and not for another.
            ("copies late", here.late, there.late),
        ];
        for (what, here, there) in counted.into_iter().chain(others) {
            let class = if here == there { "dim" } else { "ink" };
            rows.push(vec![
                Cell::of(format!("{system} {what}"), class),
                Cell::of(here.to_string(), class),
                Cell::of(there.to_string(), class),
            ]);
        }
    }
    Table {
        caption: format!("Both scores at {}", clock(compared.at)),
        columns: vec!["figure", "here", "there"],
        rows,
    }
}
