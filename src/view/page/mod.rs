//! The page as a value: a run, a cursor in it, a pace, a selection. Changes only by messages
//! through [`Page::update`] and by time passing in [`Page::frame`]. Touches no DOM.

mod desk;
mod models;

pub(crate) use desk::Panel;

use super::lesson::LessonPanel;
use super::panel;
use super::transport::{TransportPanel, extent};
use crate::event::{Action, Carrier, Command, Event, EventId, LabFact, Refusal, What};
use crate::history::{OpenError, Recording, Session, to_link};
use crate::lesson::Lesson;
use crate::sim::{Instant, Span};
use crate::stage::inspect::{Form, Jump, Why, spots};
use crate::stage::{self, Layout, Mode, Picture, Rect, Role, Run, Size, Target, Token, View};
use crate::timeline::journal::Filter;
use crate::timeline::pace::{self, Fold, Pace};
use crate::timeline::{Mark, Tell, Timeline, Window, clock, journal};
use yew::AttrValue;

/// How far "step" looks for the next drawn event.
const FAR_ENOUGH: Span = Span::from_secs(3_600);

/// How long a lesson may be silent at its start.
const BEGINS: Span = Span::from_secs(10);

/// So many events at most are passed in one frame; the rest of the frame's time is dropped, so
/// that a storm slows the run down instead of the page.
const EVENTS_A_FRAME: u32 = 2_000;

/// Everything that a person, a key or a script can ask of the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Msg {
    /// Lets time run.
    Play,
    /// Stops time.
    Pause,
    /// The other of the two.
    Toggle,
    /// To the next drawn event; time stops.
    Step,
    /// To the drawn event before; time stops.
    StepBack,
    /// Moves the cursor. Beyond the head the run goes on to there.
    Seek(Instant),
    /// To the start.
    ToStart,
    /// To the newest instant.
    ToEnd,
    /// Does something at the cursor.
    Act(Action),
    /// Does the second right before the reader did the first last: a fork.
    ActBefore(Action, Action),
    /// Takes back what was done last.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// Goes over to another future, by its place among them.
    Switch(usize),
    /// Runs time at one of the speeds to choose from, by its place.
    Speed(usize),
    /// Passes the silences that begin between two instants slowly, or quickly again.
    Unfold(Instant, Instant),
    /// To the next moment of a kind (true), or to the one before.
    Jump(Jump, bool),
    /// Shows both lanes, or one alone.
    Lanes(Mode),
    /// Opens the replicas of each broker, or those of one partition again.
    ByBroker,
    /// Pulls the first plug, or puts it back.
    Plug,
    /// What a click on a thing means: a plug is pulled, a lane is opened, all else is selected.
    Pick(Target),
    /// Selects a thing and opens the inspector on it.
    Show(Target),
    /// Opens a panel, or closes the one that is open.
    Open(Option<Panel>),
    /// Asks why.
    Why(Why),
    /// Opens what the systems' own tools print, or closes it.
    Tools,
    /// Opens a menu.
    Menu(MenuOf, Place),
    /// Opens a form.
    Ask(Box<Form>, Place),
    /// What was typed into the form.
    Submit(Vec<String>),
    /// Closes the menu or the form.
    CloseMenu,
    /// Lets go: of a menu, then of a panel with what is selected.
    LetGo,
    /// Which events the journal lists.
    Sieve(Filter),
    /// The first line of the journal that is drawn, from the newest.
    Line(usize),
    /// The thing on the stage that the arrow keys have come to, by its id.
    Rove(AttrValue),
    /// The stage as a picture of its own: as SVG, or as PNG.
    Save(Format),
    /// Answers the shown step's question.
    Choose(usize),
    /// Shows another step, from 0.
    ShowStep(usize),
    /// A term lights what it stands for.
    Light(Option<AttrValue>),
    /// The stage has another size, in CSS px.
    Resize(f32, f32),
    /// Tokens step from station to station, or glide.
    Still(bool),
    /// The scrubber is held (true) or let go.
    Scrub(bool),
    /// Draw again.
    Refresh,
    /// Light or dark.
    Theme,
    /// The system's colours changed.
    Recolour,
    /// The keyboard map.
    Help,
    /// The result to the clipboard.
    Copy,
    /// Whether the copy succeeded.
    Copied(bool),
    /// The widget came into sight, or left it.
    Visible(bool),
}

/// A point of the page that a popover belongs to, in CSS px.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// From the widget's upper left corner.
    Widget(f32, f32),
    /// From the stage's.
    Stage(f32, f32),
}

/// What a menu is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MenuOf {
    /// A thing on the stage.
    Thing(Target),
    /// Time.
    Time,
    /// The stage as a picture to save.
    Pictures,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Shapes and text.
    Svg,
    /// Pixels.
    Png,
}

/// A lesson on the page.
pub(crate) struct Page {
    session: Session,
    window: Window,
    /// The session's revision that the window has.
    folded: u32,
    cursor: Instant,
    pace: Pace,
    playing: bool,
    /// Whether time goes on when the scrubber is let go.
    held: Option<bool>,
    view: View,
    layout: Layout,
    /// Of the picture, which may be higher than the view.
    size: (f32, f32),
    step: usize,
    chosen: Vec<Option<usize>>,
    lit: Option<AttrValue>,
    /// What the last deed came to, for those who listen.
    said: Option<String>,
    desk: desk::Desk,
    found: models::Found,
}

impl Page {
    /// The lesson at its first instant, at rest.
    pub(crate) fn open(lesson: Lesson) -> Result<Self, OpenError> {
        Ok(Self::new(Session::open(lesson, None)?))
    }

    /// A recorded run of the lesson, at its end; says so when it came out otherwise.
    pub(crate) fn replay(lesson: Lesson, recording: &Recording) -> Result<Self, OpenError> {
        let (session, replay) = Session::replay(lesson, recording)?;
        let mut page = Self::new(session);
        page.cursor = page.session.head();
        if !replay.same {
            page.said = Some("This run came out otherwise than when it was recorded.".into());
        }
        Ok(page)
    }

    fn new(session: Session) -> Self {
        let chosen = vec![None; session.lesson().steps.len()];
        let view = View { sentence: false, ..View::new(960.0, 640.0) };
        let layout = Layout::new(&Timeline::default(), Instant::ZERO, &view);
        let mut page = Self {
            folded: session.revision(),
            session,
            window: Window::default(),
            cursor: Instant::ZERO,
            pace: Pace::default(),
            playing: false,
            held: None,
            view,
            layout,
            size: (960.0, 640.0),
            step: 0,
            chosen,
            lit: None,
            said: None,
            desk: desk::Desk::default(),
            found: models::Found::default(),
        };
        page.fold();
        page.begin();
        page
    }

    /// Goes to where something begins to move: connections are made first, and nobody came for
    /// those.
    fn begin(&mut self) {
        let sent = |event: &Event| matches!(event.what, What::Lab(LabFact::Sent { .. }));
        let limit = Instant::ZERO + BEGINS;
        let begins = self.session.next_event(Instant::ZERO, limit, sent).map(|event| event.at);
        self.fold();
        // Where nothing is sent by itself, all are connected by then.
        self.jump(begins.unwrap_or(limit));
    }

    /// The one place where a message changes the page.
    pub(crate) fn update(&mut self, msg: Msg) {
        if !matches!(msg, Msg::Refresh | Msg::Visible(_) | Msg::Resize(..) | Msg::Rove(_)) {
            self.desk.remark = None;
        }
        match msg {
            Msg::Play => self.playing = true,
            Msg::Pause => self.playing = false,
            Msg::Toggle => self.playing = !self.playing,
            Msg::Step => self.step_on(),
            Msg::StepBack => self.step_back(),
            Msg::Seek(t) => self.jump(t),
            Msg::ToStart => self.jump(Instant::ZERO),
            Msg::ToEnd => self.jump(self.session.head()),
            Msg::Act(action) => {
                // The buttons that could do nothing are greyed, with the reason.
                let _ = self.act(action);
                self.close();
            }
            Msg::ActBefore(before, action) => {
                if self.session.act_before(&before, action).is_ok() {
                    self.fold();
                    self.jump(self.session.head());
                }
            }
            Msg::Undo => self.turn(Session::undo, "undone"),
            Msg::Plug => {
                if let Some(action) = self.plug(None) {
                    let _ = self.act(action);
                }
            }
            Msg::Pick(Target::Plug(name)) => {
                if let Some(action) = self.plug(Some(&name)) {
                    let _ = self.act(action);
                }
            }
            Msg::Pick(Target::Lane(lane))
                if self.view.size() == Size::Phone && self.view.front != lane =>
            {
                self.view.front = lane;
                self.close();
            }
            Msg::Pick(Target::Carrier(by)) => self.carry(by),
            Msg::Pick(target) => self.pick(target),
            Msg::LetGo => self.let_go(),
            Msg::Choose(choice) => {
                if let Some(chosen) = self.chosen.get_mut(self.step) {
                    *chosen = Some(choice);
                }
            }
            Msg::ShowStep(step) => self.step = step.min(self.lesson().steps.len().max(1) - 1),
            Msg::Light(term) => self.lit = term,
            Msg::Resize(width, height) => (self.view.width, self.view.height) = (width, height),
            Msg::Still(still) => self.view.still = still,
            Msg::Lanes(mode) => {
                self.view.mode = mode;
                self.close();
            }
            Msg::ByBroker => {
                self.view.by_broker = !self.view.by_broker;
                self.close();
            }
            Msg::Scrub(true) => self.held = Some(std::mem::take(&mut self.playing)),
            Msg::Scrub(false) => self.playing = self.held.take().unwrap_or(self.playing),
            Msg::Save(_) => self.close(),
            Msg::Rove(_)
            | Msg::Refresh
            | Msg::Theme
            | Msg::Recolour
            | Msg::Help
            | Msg::Copy
            | Msg::Copied(_)
            | Msg::Visible(_) => {}
            other => self.arrange(other),
        }
    }

    /// Time passes: `real_ms` in front of the page. Answers whether events passed the cursor.
    pub(crate) fn frame(&mut self, real_ms: f64) -> bool {
        let before = self.passed();
        self.desk.tools.waited_ms += real_ms;
        let mut left = real_ms;
        // Each event may change the pace, so time goes on from event to event.
        for _ in 0..EVENTS_A_FRAME {
            let next = self.next();
            let gone = match self.chosen_scale() {
                Some(scale) => Pace::at_scale(scale, self.cursor, next, left),
                None => self.pace.advance(
                    self.window.at(self.cursor),
                    self.cursor,
                    next,
                    left,
                    self.most(),
                ),
            };
            self.go_to(gone.to);
            left = gone.left_ms;
            if left <= 0.0 {
                break;
            }
        }
        self.passed() != before
    }

    /// Does it at the cursor; in the past that is a fork.
    pub(crate) fn act(&mut self, action: Action) -> Result<(), Refusal> {
        let deed = journal::done(&action);
        let done = self.session.act_at(self.cursor, action);
        self.said = Some(match &done {
            Ok(()) => deed,
            Err(refusal) => refusal.reason.clone(),
        });
        self.fold();
        self.look();
        done
    }

    /// The same run with another carrier in Redis, looked at from the same instant.
    fn carry(&mut self, by: Carrier) {
        if self.session.carrier() == Some(by) {
            return;
        }
        self.said = Some(match self.session.carry(by) {
            Ok(()) => "The same run again, with another carrier in Redis.".into(),
            Err(error) => error.to_string(),
        });
        self.view.selected = None;
        self.close();
        self.fold();
        self.jump(self.cursor);
    }

    fn jump(&mut self, t: Instant) {
        self.pace = Pace::default();
        self.go_to(t);
    }

    fn go_to(&mut self, t: Instant) {
        if t > self.session.head() {
            self.session.advance_to(t);
            self.fold();
        }
        self.cursor = t;
        self.look();
    }

    /// Makes sure that what happened around the cursor is at hand.
    fn look(&mut self) {
        let session = &self.session;
        self.window.look(self.cursor, &mut |from, hear| session.tell(from, hear));
    }

    fn step_on(&mut self) {
        self.playing = false;
        let limit = self.cursor + FAR_ENOUGH;
        let found = loop {
            let session = &self.session;
            let tell: Tell<'_> = &mut |from, hear| session.tell(from, hear);
            let drawn = self.window.next_drawn(self.cursor, tell);
            // A drawn event counts once all that happens at its instant has happened.
            match (drawn, self.session.next_at()) {
                (Some(drawn), _) if drawn <= self.session.head() => break Some(drawn),
                (_, Some(next)) if next <= limit => {
                    self.session.advance_to(next.max(self.session.head() + Span(1)));
                    self.fold();
                }
                _ => break drawn,
            }
        };
        self.jump(found.unwrap_or(self.cursor));
    }

    fn step_back(&mut self) {
        self.playing = false;
        let before = self.timeline().previous_drawn(self.cursor);
        self.jump(before.unwrap_or(Instant::ZERO));
    }

    /// Takes what is new in the run into the timeline; after a fork from where it still is true.
    fn fold(&mut self) {
        let revision = self.session.revision();
        if revision != self.folded {
            let kept =
                if revision == self.folded.wrapping_add(1) { self.session.kept() } else { 0 };
            self.window.rewind(kept);
            self.folded = revision;
        }
        let window = &mut self.window;
        self.session.tell(window.told(), &mut |events| {
            window.extend(events);
            true
        });
    }

    /// The last event at or before the cursor.
    fn passed(&self) -> Option<EventId> {
        self.events().0.last().map(|event| event.id)
    }

    /// The next event after the cursor.
    fn next(&self) -> Option<Instant> {
        let known = self.events().1.first().map(|event| event.at);
        // What an action made due at its own instant happens when time goes on.
        let due = || self.session.next_at().map(|due| due.max(self.cursor + Span(1)));
        known.or_else(due)
    }

    /// The events at hand, up to the cursor and after it.
    fn events(&self) -> (&[Event], &[Event]) {
        let events = self.timeline().events();
        events.split_at(events.partition_point(|event| event.at <= self.cursor))
    }

    /// What pulling (or putting back) a plug means now; of the first one when none is named.
    fn plug(&self, wanted: Option<&str>) -> Option<Action> {
        let picture = self.picture_now();
        picture.shapes.iter().find_map(|shape| match (&shape.target, shape.role) {
            (Some(Target::Plug(name)), Role::Switch { on })
                if wanted.is_none_or(|wanted| wanted == &**name) =>
            {
                let consumer = name.clone();
                Some(if on { Action::Unplug { consumer } } else { Action::PlugIn { consumer } })
            }
            _ => None,
        })
    }

    fn picture_now(&self) -> Picture {
        stage::picture_on(self.timeline(), self.cursor, &self.view, &self.layout)
    }

    /// The picture at the cursor, on a layout that fits.
    pub(crate) fn picture(&mut self) -> Picture {
        self.lay_out();
        let picture = self.picture_now();
        self.size = (picture.width, picture.height);
        picture
    }

    /// What moves at the cursor, and the size to paint it in.
    pub(crate) fn tokens(&mut self) -> Vec<Token> {
        self.lay_out();
        stage::tokens(self.timeline(), self.cursor, &self.layout)
    }

    fn lay_out(&mut self) {
        self.view.carrier = self.session.carrier();
        if !self.layout.fits(self.timeline(), self.cursor, &self.view) {
            self.layout = Layout::new(self.window.at(self.cursor), self.cursor, &self.view);
        }
        self.layout.select(self.view.selected.as_ref());
    }

    /// The message under a point of the stage, within a finger's reach.
    pub(super) fn spot_at(&mut self, x: f32, y: f32) -> Option<Target> {
        let picture = self.picture();
        let spots = spots(self.timeline(), self.cursor, &self.layout, &picture);
        let point = Rect::new(x, y, 0.0, 0.0);
        spots.into_iter().rev().find(|spot| spot.area.holds(point)).map(|spot| spot.what)
    }

    /// What a click on a shape means.
    pub(super) fn target_of(&mut self, id: &str) -> Option<Target> {
        let picture = self.picture();
        picture.shapes.into_iter().find(|shape| &*shape.id == id)?.target
    }

    /// The stage's size as last drawn, in CSS px.
    pub(super) fn size(&self) -> (f32, f32) {
        self.size
    }

    /// What the lesson panel says.
    pub(super) fn lesson_panel(&self) -> LessonPanel {
        panel::lesson(
            &self.session,
            self.cursor,
            self.step,
            self.chosen.get(self.step).copied().flatten(),
        )
    }

    /// What the transport bar says.
    pub(super) fn transport_panel(&self) -> TransportPanel {
        panel::transport(self)
    }

    /// The stretches of silence that the ruler shows.
    pub(super) fn folds(&self) -> Vec<Fold> {
        let head = self.session.head();
        let least = Span(extent(head).as_nanos() / 24);
        pace::folds(self.window.head(), Instant::ZERO, head, least)
    }

    /// Where the cursor and the head stand on the scrubber, 0 to 1.
    pub(super) fn place(&self) -> (f64, f64) {
        let whole = extent(self.session.head()).as_nanos() as f64;
        let share = |t: Instant| t.as_nanos() as f64 / whole;
        (share(self.cursor), share(self.session.head()))
    }

    /// What is selected, in words: a thing by its name with its live values, a message by the
    /// last that happened to it.
    pub(crate) fn note(&self, picture: &Picture) -> Option<String> {
        let selected = self.view.selected.as_ref()?;
        let Target::Message(id) = selected else {
            let shape = picture.shapes.iter().find(|shape| shape.target.as_ref() == Some(selected));
            return shape.map(|shape| shape.name.clone());
        };
        let message = self.timeline().message(*id)?;
        let life = self.timeline().biography(*id).iter().rev();
        let last = life
            .filter_map(|event| self.timeline().event(*event))
            .find(|event| event.at <= self.cursor)?;
        let key = message.key.as_deref().map(|key| format!(", key {key}")).unwrap_or_default();
        let happened = journal::sentence(self.timeline(), last);
        Some(format!("No. {}{key}. {happened}", message.number))
    }

    /// The last moment worth a word, as its event tells it.
    pub(super) fn caption(&self) -> Option<String> {
        if let Some(remark) = &self.desk.remark {
            return Some(remark.clone());
        }
        let marks = self.marks();
        let mark = marks[..marks.partition_point(|mark| mark.at <= self.cursor)].last()?;
        let event = self.timeline().event(mark.event)?;
        let ago = panel::rounded(self.cursor.since(mark.at));
        let told = journal::sentence(self.timeline(), event);
        // What the lesson itself did before anybody came was nobody's deed.
        let own = |done: &Command| done.at == mark.at;
        let told = match told.strip_prefix("You: ") {
            Some(deed) if !self.session.commands().iter().any(own) => {
                format!("At the start: {deed}")
            }
            _ => told,
        };
        let ago = (ago > Span::ZERO).then(|| format!("{} ago. ", clock::length(ago)));
        Some(ago.unwrap_or_default() + &told)
    }

    /// What the last deed came to; asked once.
    pub(super) fn take_said(&mut self) -> Option<String> {
        self.said.take()
    }

    /// The term under attention.
    pub(super) fn lit(&self) -> Option<&AttrValue> {
        self.lit.as_ref()
    }

    /// The selected thing.
    pub(crate) fn selected(&self) -> Option<&Target> {
        self.view.selected.as_ref()
    }

    /// The newest instant.
    pub(crate) fn head(&self) -> Instant {
        self.session.head()
    }

    /// The lesson.
    pub(crate) fn lesson(&self) -> &Lesson {
        self.session.lesson()
    }

    /// What has happened, around the cursor.
    pub(crate) fn timeline(&self) -> &Timeline {
        self.window.at(self.cursor)
    }

    /// The places on the scrubber, of the whole run.
    pub(super) fn marks(&self) -> &[Mark] {
        self.window.head().marks()
    }

    /// How many futures stand beside this one.
    pub(crate) fn branches(&self) -> usize {
        self.session.branches().len()
    }

    /// The run as the fragment of an address.
    pub(crate) fn link(&self) -> String {
        to_link(&self.session.recording())
    }

    /// The run.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Where the reader looks.
    pub(crate) fn cursor(&self) -> Instant {
        self.cursor
    }

    /// Whether time runs.
    pub(crate) fn playing(&self) -> bool {
        self.playing
    }

    /// The step shown, from 0.
    pub(crate) fn step(&self) -> usize {
        self.step
    }

    /// Virtual nanoseconds a real second.
    pub(crate) fn scale(&self) -> f64 {
        let next = self.next();
        let auto = || self.pace.scale(self.timeline(), self.cursor, next, self.most());
        self.chosen_scale().unwrap_or_else(auto)
    }
}

/// The sentence as plain text.
pub(crate) fn plain(runs: &[Run]) -> String {
    runs.iter().map(|run| run.text.as_str()).collect()
}
