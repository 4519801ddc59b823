//! What lies open on the page besides the stage: a panel, a menu, a form; and how time is run by
//! hand.

use super::{Format, MenuOf, Msg, Page, Place};
use crate::event::{Asked, Event, NodeKind, Printed, System};
use crate::history::{Comparison, Session};
use crate::lesson::Condition;
use crate::sim::{Instant, Span};
use crate::stage::inspect::{
    Deed, Entry, Form, Item, JUMPS, Jump, Why, answer, journal_of, menu, name,
};
use crate::stage::{Mode, Size, Target};
use crate::timeline::journal;
use crate::timeline::journal::Filter;
use crate::timeline::pace::{Fold, Pace};

use crate::view::form::FormModel;
use crate::view::menu::{MenuLine, MenuModel};
use core::ops::RangeInclusive;
use yew::AttrValue;

/// While a lesson waits for its reader's deed, and once a step is done, a quiet world goes on in
/// real time: days would pass while somebody reads, and what shall be seen would be over.
const AWAITING: f64 = 1e9;

/// The same where a step says only what shall come of the reader's deeds.
const SEARCHING: f64 = 5e9;

/// The same in the lab, where nobody says what is waited for: a time-out of minutes passes in
/// seconds, and days do not pass by themselves.
const IDLING: f64 = 6e10;

/// Stretches of time that are worth a command of their own: retention thinks in them.
const LEAPS: [(Span, &str); 2] =
    [(Span::from_secs(3_600), "An hour later"), (Span::from_secs(86_400), "A day later")];

/// How far a jump looks for its moment.
const JUMP: Span = Span::from_secs(60);

/// Speeds to choose by hand: virtual nanoseconds in a real second, and what they are called. The
/// first is the pace.
pub(crate) const SPEEDS: [(Option<f64>, &str); 8] = [
    (None, "auto"),
    (Some(1e6), "1/1000 \u{d7}"),
    (Some(1e7), "1/100 \u{d7}"),
    (Some(1e8), "1/10 \u{d7}"),
    (Some(1e9), "1 \u{d7}"),
    (Some(1e10), "10 \u{d7}"),
    (Some(1e11), "100 \u{d7}"),
    (Some(1e12), "1000 \u{d7}"),
];

/// A panel that can be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// What is selected.
    Inspector,
    /// What happened, as sentences.
    Journal,
    /// Everything as tables.
    Tables,
    /// The other futures.
    Futures,
}

/// What the systems' own tools were asked last, and what they printed.
#[derive(Default)]
pub(super) struct Asking {
    /// Whether it is shown.
    pub(super) open: bool,
    /// Real milliseconds in which time has run since they were asked.
    pub(super) waited_ms: f64,
    /// The revision of the run, its events, the instant, and the question.
    pub(super) of: Option<(u32, u64, Instant, Asked)>,
    pub(super) printed: Vec<Printed>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) open: Option<Panel>,
    pub(super) menu: Option<MenuModel>,
    pub(super) form: Option<FormModel>,
    /// Whether time goes on when the menu or form is closed.
    resume: bool,
    /// Chosen by hand; else the pace.
    speed: usize,
    /// Stretches that are not to be passed quickly.
    unfolded: Vec<Fold>,
    /// What is being explained, and as of when.
    pub(super) why: Option<(Why, Instant)>,
    pub(super) tools: Asking,
    /// What was looked for in vain, until the reader does something else.
    pub(super) remark: Option<String>,
    /// What the journal shows, and from which line on.
    pub(super) filter: Filter,
    pub(super) line: usize,
    /// The last comparison with each other future, and what it was made of.
    pub(super) compared: Vec<(u32, usize, Comparison)>,
}

impl Page {
    /// Messages about panels, menus, forms and time by hand.
    pub(super) fn arrange(&mut self, msg: Msg) {
        match msg {
            Msg::Open(panel) => {
                self.desk.open = panel;
                self.desk.line = 0;
                if panel == Some(Panel::Inspector) && self.view.selected.is_none() {
                    self.said = Some("Select something on the stage first.".into());
                    self.desk.open = None;
                }
            }
            Msg::Show(target) => {
                self.select(target);
                self.desk.open = Some(Panel::Inspector);
                self.close();
            }
            Msg::Why(why) => self.ask_why(why),
            Msg::Tools => self.desk.tools.open = !self.desk.tools.open,
            Msg::Menu(of, Place::Widget(x, y)) => self.open_menu(of, (x, y)),
            Msg::Ask(mut form, Place::Widget(x, y)) => {
                self.hold();
                self.desk.menu = None;
                if let Some(asked) = form.asks() {
                    form.fill(&self.session.printed_at(self.cursor, &asked));
                }
                self.desk.form = Some(FormModel { form: *form, wrong: None, at: (x, y) });
            }
            // The root knows where the stage lies, and says so before a message comes here.
            Msg::Menu(_, Place::Stage(..)) | Msg::Ask(_, Place::Stage(..)) => {}
            Msg::Submit(entries) => self.submit(&entries),
            Msg::CloseMenu => self.close(),
            Msg::Speed(speed) => self.desk.speed = speed.min(SPEEDS.len() - 1),
            Msg::Unfold(first, last) => self.unfold(first..=last),
            Msg::Jump(jump, onward) => self.leap(jump, onward),
            Msg::Redo => self.turn(Session::redo, "done again"),
            Msg::Switch(branch) => {
                self.turn(|session| session.switch_to(branch), "This is the other future.");
            }
            Msg::Sieve(filter) => {
                self.close();
                self.desk.open = Some(Panel::Journal);
                self.desk.filter = filter;
                self.desk.line = 0;
            }
            Msg::Line(line) => self.desk.line = line,
            _ => {}
        }
    }

    /// Turns to another run of the same lesson, if there is one, and says so.
    pub(super) fn turn(&mut self, to: impl FnOnce(&mut Session) -> bool, said: &str) {
        if to(&mut self.session) {
            self.said = Some(said.to_owned());
            self.fold();
            self.jump(self.cursor.min(self.session.head()));
        }
    }

    /// Selects a thing; what was explained of another one is.
    fn select(&mut self, target: Target) {
        if self.view.selected.as_ref() != Some(&target) {
            self.desk.why = None;
        }
        self.view.selected = Some(target);
    }

    /// Asks why, and shows the answer where the inspector is. What happened is explained at its
    /// instant.
    fn ask_why(&mut self, why: Why) {
        self.close();
        self.playing = false;
        if let Why::Event(id) = why
            && let Some(at) = self.timeline().event(id).map(|event| event.at)
        {
            self.jump(at);
        }
        self.desk.why = Some((why, self.cursor));
        if self.view.selected.is_some() && self.desk.open != Some(Panel::Journal) {
            self.desk.open = Some(Panel::Inspector);
        }
        self.said = answer(self.timeline(), self.cursor, why).pop().map(|line| line.sentence);
    }

    /// Lets go of the last thing that was opened, then of what is selected.
    pub(super) fn let_go(&mut self) {
        if self.desk.menu.is_some() || self.desk.form.is_some() {
            return self.close();
        }
        self.desk.why = None;
        self.desk.open = None;
        self.view.selected = None;
    }

    /// Time stands still while a command is chosen, so that it acts where it was asked for.
    fn hold(&mut self) {
        self.desk.resume |= std::mem::take(&mut self.playing);
    }

    /// Closes the menu and the form.
    pub(super) fn close(&mut self) {
        self.desk.menu = None;
        self.desk.form = None;
        self.playing |= std::mem::take(&mut self.desk.resume);
    }

    fn open_menu(&mut self, of: MenuOf, at: (f32, f32)) {
        self.hold();
        let (title, items) = match of {
            MenuOf::Thing(target) => {
                let title = name(self.timeline(), &target);
                let lines = self.commands(&target, at);
                self.select(target);
                (title, lines)
            }
            MenuOf::Time => ("Time and view".to_owned(), self.time_lines()),
            MenuOf::Pictures => ("Save the stage as a picture".to_owned(), picture_lines()),
        };
        self.desk.menu = Some(MenuModel { title: title.into(), items, at });
    }

    fn commands(&self, target: &Target, at: (f32, f32)) -> Vec<MenuLine> {
        let items = menu(self.timeline(), self.cursor, target);
        // What the run is asked about each line; or what is wrong with a form already.
        let asked = |item: &Item| match &item.deed {
            Deed::Do(action) => Ok(Some(action.clone())),
            Deed::Ask(form) => form.probe().map_err(|entry| entry.wrong),
            Deed::Inspect | Deed::Journal | Deed::Why(_) => Ok(None),
        };
        let asked: Vec<_> = items.iter().map(asked).collect();
        let actions = asked.iter().filter_map(|asked| asked.as_ref().ok()?.as_ref());
        let mut refusals = self.session.refusals_at(self.cursor, actions).into_iter();
        let line = |(item, asked): (Item, Result<Option<_>, String>)| {
            let says = match item.deed {
                Deed::Inspect => Msg::Show(target.clone()),
                Deed::Journal => Msg::Sieve(journal_of(target, self.timeline())),
                Deed::Ask(form) => Msg::Ask(Box::new(form), Place::Widget(at.0, at.1)),
                Deed::Do(action) => Msg::Act(action),
                Deed::Why(why) => Msg::Why(why),
            };
            let refused = match asked {
                Ok(Some(_)) => refusals.next().flatten().map(|refusal| refusal.reason),
                Ok(None) => None,
                Err(wrong) => Some(wrong),
            };
            let (label, apart) = (item.label.into(), item.apart);
            MenuLine { label, says, refused: refused.map(Into::into), apart }
        };
        items.into_iter().zip(asked).map(line).collect()
    }

    /// What can be done with time besides letting it run.
    fn time_lines(&self) -> Vec<MenuLine> {
        let undo = (!self.session.can_undo()).then_some("Nothing was done yet.");
        let redo = (!self.session.can_redo()).then_some("Nothing was taken back.");
        let mut lines = vec![
            line("Undo", Msg::Undo, undo),
            line("Redo", Msg::Redo, redo),
            line("To the start", Msg::ToStart, None),
            line("To the newest instant", Msg::ToEnd, None),
        ];
        let mut group = |mut more: Vec<MenuLine>| {
            if let Some(first) = more.first_mut() {
                first.apart = true;
            }
            lines.append(&mut more);
        };
        let leaps = LEAPS.map(|(span, words)| line(words, Msg::Seek(self.cursor + span), None));
        group(leaps.into());
        group(self.look_lines());
        let events = self.session.events();
        let (before, after) =
            events.split_at(events.partition_point(|event| event.at <= self.cursor));
        // What is not at hand may hold anything: nothing is said of that.
        let whole = self.session.first_event() == 0;
        let far = self.session.head() >= self.cursor + JUMP;
        let none = |events: &[Event], jump: Jump, known: bool, why: &'static str| {
            (known && !events.iter().any(|event| jump.wants(event))).then_some(why)
        };
        for (jump, what) in JUMPS {
            let next = none(after, jump, far, "There is none in the next 60 s.");
            let last = none(before, jump, whole, "There was none before this.");
            group(vec![
                line(format!("Next {what}"), Msg::Jump(jump, true), next),
                line(format!("Previous {what}"), Msg::Jump(jump, false), last),
            ]);
        }
        lines
    }

    /// How the stage can be looked at otherwise.
    fn look_lines(&self) -> Vec<MenuLine> {
        let nodes = || self.timeline().nodes().iter().filter(|node| node.exists(self.cursor));
        let of = |kind| nodes().filter(|node| node.kind == kind).count();
        let (redis, kafka) = (of(NodeKind::RedisServer), of(NodeKind::Broker));
        let mut lines = Vec::new();
        let so = |it: bool| it.then_some("It is shown so now.");
        // A phone has room for one lane; the other is a strip.
        if redis > 0 && kafka > 0 && self.view.mode == Mode::Both && self.view.size() == Size::Phone
        {
            for (lane, label) in [(System::Redis, "Show Redis"), (System::Kafka, "Show Kafka")] {
                let says = Msg::Pick(Target::Lane(lane));
                lines.push(line(label, says, so(self.view.front == lane)));
            }
        } else if redis > 0 && kafka > 0 {
            for (mode, label) in [
                (Mode::Both, "Show both lanes"),
                (Mode::Redis, "Show Redis alone"),
                (Mode::Kafka, "Show Kafka alone"),
            ] {
                lines.push(line(label, Msg::Lanes(mode), so(self.view.mode == mode)));
            }
        }
        if kafka > 1 {
            let label =
                if self.view.by_broker { "Replicas by partition" } else { "Replicas by broker" };
            lines.push(line(label, Msg::ByBroker, None));
        }
        lines
    }

    fn submit(&mut self, entries: &[String]) {
        let Some(model) = &mut self.desk.form else { return };
        // What was typed stays typed.
        for (field, entry) in model.form.fields.iter_mut().zip(entries) {
            field.value.clone_from(entry);
        }
        let form = model.form.clone();
        let wrong = match form.action(entries) {
            Ok(action) => match self.act(action) {
                Ok(()) => return self.close(),
                Err(refusal) => entry(&form, entries, refusal.reason),
            },
            Err(wrong) => wrong,
        };
        if let Some(model) = &mut self.desk.form {
            model.wrong = Some(wrong);
        }
    }

    /// The scale that was chosen by hand.
    pub(super) fn chosen_scale(&self) -> Option<f64> {
        SPEEDS[self.desk.speed].0
    }

    /// The scale that the pace shall not pass here: an unfolded stretch, or a reader who is
    /// waited for.
    pub(super) fn most(&self) -> f64 {
        let here = |fold: &&Fold| fold.from <= self.cursor && self.cursor < fold.to;
        match self.desk.unfolded.iter().find(here) {
            Some(fold) => Pace::unfolded(fold.length()),
            None => self.patience(),
        }
    }

    /// How fast a quiet world goes on, by what the lesson waits for.
    fn patience(&self) -> f64 {
        let steps = &self.lesson().steps;
        let Some(step) = steps.get(self.step) else { return IDLING };
        match step.tasks.get(self.session.progress().ticks(self.step)).map(|task| &task.done) {
            Some(Condition::Done(_)) => AWAITING,
            Some(_) if step.solution.is_empty() => f64::INFINITY,
            Some(_) => SEARCHING,
            None if steps.iter().all(|step| step.tasks.is_empty()) => IDLING,
            None => AWAITING,
        }
    }

    /// Which of [`SPEEDS`] is chosen.
    pub(super) fn speed(&self) -> usize {
        self.desk.speed
    }

    pub(in crate::view) fn is_unfolded(&self, from: Instant) -> bool {
        self.desk.unfolded.iter().any(|fold| fold.from == from)
    }

    fn unfold(&mut self, begin: RangeInclusive<Instant>) {
        let known = self.desk.unfolded.len();
        self.desk.unfolded.retain(|fold| !begin.contains(&fold.from));
        if self.desk.unfolded.len() == known {
            let folds = self.folds().into_iter();
            self.desk.unfolded.extend(folds.filter(|fold| begin.contains(&fold.from)));
        }
    }

    fn leap(&mut self, jump: Jump, onward: bool) {
        self.playing = false;
        self.desk.resume = false;
        let wanted = |event: &Event| jump.wants(event);
        let found = if onward {
            let limit = self.cursor + JUMP;
            self.session.next_event(self.cursor, limit, wanted)
        } else {
            self.session.previous_event(self.cursor, wanted)
        };
        self.fold();
        self.close();
        let what = JUMPS.iter().find(|(kind, _)| *kind == jump).map_or("", |(_, what)| what);
        if let Some(event) = found {
            self.said = Some(journal::sentence(self.timeline(), &event));
            self.jump(event.at);
        } else {
            let words =
                format!("No {what} {}.", if onward { "in the next 60 s" } else { "before this" });
            self.desk.remark = Some(words.clone());
            self.said = Some(words);
        }
    }

    /// What a click on a thing means: a number opens what stands behind it, a selected thing is
    /// opened, all else is selected.
    pub(super) fn pick(&mut self, target: Target) {
        let again = self.view.selected.as_ref() == Some(&target);
        if again || matches!(target, Target::Score(..) | Target::Lost(_)) {
            self.desk.open = Some(Panel::Inspector);
        }
        self.select(target);
    }
}

fn picture_lines() -> Vec<MenuLine> {
    let all = [("As pixels (PNG)", Format::Png), ("As shapes and text (SVG)", Format::Svg)];
    all.map(|(label, format)| line(label, Msg::Save(format), None)).into()
}

/// A line of a menu of the page's own.
fn line(label: impl Into<AttrValue>, says: Msg, refused: Option<&'static str>) -> MenuLine {
    MenuLine { label: label.into(), says, refused: refused.map(Into::into), apart: false }
}

fn entry(form: &Form, entries: &[String], wrong: String) -> Entry {
    Entry { field: form.blame(entries, &wrong), wrong }
}
