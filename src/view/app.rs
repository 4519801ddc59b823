//! The root component: hears the page's messages, draws its panels, keeps the frame loop.

use super::canvas::{Canvas, Palette};
use super::form::{FormModel, FormView};
use super::frame::Frames;
use super::hands::Hands;
use super::header::Header;
use super::journal::{Journal, JournalView};
use super::keys::{KeyMap, meaning};
use super::lesson::{LessonPanel, LessonView};
use super::listen::{Listener, focus};
use super::menu::{MenuModel, MenuView};
use super::over::{Over, OverView};
use super::page::{Format, Msg, Page, Panel, Place, plain};
use super::sentence::SentenceView;
use super::sheet::SheetView;
use super::stage::StageView;
use super::theme;
use super::transport::{TransportPanel, TransportView};
use super::watch::{self, Watch};
use super::{Failure, Same, Shared};
use super::{card, clipboard};
use crate::stage::inspect::Sheet;
use crate::stage::{Role, Run, Shape, Target};
use gloo_timers::callback::{Interval, Timeout};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlCanvasElement, HtmlDialogElement, HtmlElement, KeyboardEvent};
use yew::prelude::*;

/// Real milliseconds between two refreshes of the panels while time runs.
const REFRESH_MS: u32 = 100;
/// Real milliseconds between two drawings that are due to an event.
const SETTLE_MS: f64 = 33.0;
/// So many tokens make drawings wait for the panels' own rhythm.
const BUSY: usize = 40;
/// Real milliseconds between two sentences for those who listen.
const HUSH_MS: f64 = 6_000.0;

/// What the root is given once.
#[derive(Clone, Properties)]
pub(crate) struct AppProps {
    /// The page, shared with the JavaScript handle.
    pub(crate) shared: Rc<Shared>,
    /// The element that everything stands in; carries the theme.
    pub(crate) root: Element,
    /// Whether the widget is the page itself, so that keys anywhere are its own.
    pub(crate) whole: bool,
    /// Where the files beside the module are.
    pub(crate) base: AttrValue,
}

impl PartialEq for AppProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Panels as last drawn; those that did not change are the same `Rc` again.
struct Drawn {
    shapes: Same<Vec<Same<Shape>>>,
    dock: Option<Same<Shape>>,
    size: (f32, f32),
    sentence: Same<Vec<Run>>,
    lesson: Same<LessonPanel>,
    transport: Same<TransportPanel>,
    /// What is selected, or what happened last, in words.
    note: Option<AttrValue>,
    over: Same<Over>,
    /// The open sheet, with the class of its place.
    sheet: Option<(Same<Sheet>, &'static str)>,
    journal: Option<Same<Journal>>,
    menu: Option<Same<MenuModel>>,
    form: Option<Same<FormModel>>,
    open: Option<Panel>,
}

impl Drawn {
    fn pops(&self) -> bool {
        self.menu.is_some() || self.form.is_some()
    }
}

/// The same value again where it did not change.
fn keep<T: PartialEq>(old: Option<&Same<T>>, new: T) -> Same<T> {
    match old {
        Some(old) => old.or_new(new),
        None => Same::new(new),
    }
}

/// See the module.
pub(crate) struct App {
    frames: Frames,
    canvas: Rc<RefCell<Option<Canvas>>>,
    nodes: Nodes,
    drawn: Option<Drawn>,
    refresh: Option<Interval>,
    visible: Rc<Cell<bool>>,
    copied: Option<Timeout>,
    said: AttrValue,
    said_at: f64,
    listeners: Vec<Listener>,
    watch: Option<Watch>,
    /// One for the life of the root, so that no component is drawn again for it.
    send: Callback<Msg>,
    hands: Hands,
    /// The shape that Tab comes to.
    rove: AttrValue,
    /// What had the focus before a popover took it.
    back: Option<Element>,
}

#[derive(Clone, Default)]
struct Nodes {
    canvas: NodeRef,
    swatches: NodeRef,
    stage: NodeRef,
    scrubber: NodeRef,
    keys: NodeRef,
}

impl Component for App {
    type Message = Msg;
    type Properties = AppProps;

    fn create(ctx: &Context<Self>) -> Self {
        let (canvas, nodes, visible) = (Rc::default(), Nodes::default(), Rc::new(Cell::new(true)));
        let send = ctx.link().callback(|msg: Msg| msg);
        let shared = Rc::clone(&ctx.props().shared);
        Self {
            hands: Hands::new(shared, nodes.stage.clone(), send.clone()),
            send,
            rove: AttrValue::default(),
            back: None,
            frames: frames(ctx, Rc::clone(&canvas), nodes.clone(), Rc::clone(&visible)),
            canvas,
            nodes,
            drawn: None,
            refresh: None,
            visible,
            copied: None,
            said: AttrValue::default(),
            said_at: 0.0,
            listeners: Vec::new(),
            watch: None,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        let msg = self.placed(ctx, msg);
        match &msg {
            Msg::Theme => theme::turn(&ctx.props().root),
            Msg::Help => {
                if let Some(dialog) = self.nodes.keys.cast::<HtmlDialogElement>() {
                    let _ = dialog.show_modal();
                }
            }
            Msg::Copy => self.copy(ctx),
            Msg::Copied(done) => {
                let link = ctx.link().clone();
                self.copied = done
                    .then(|| Timeout::new(2_000, move || link.send_message(Msg::Copied(false))));
                if *done {
                    (self.said, self.said_at) = ("Result copied.".into(), watch::now());
                }
                return true;
            }
            Msg::Visible(visible) => self.visible.set(*visible),
            Msg::Rove(id) if !id.is_empty() => self.rove = id.clone(),
            Msg::Save(format) => save(ctx.props(), *format),
            _ => {}
        }
        if matches!(msg, Msg::Theme | Msg::Recolour) {
            self.repaint();
        }
        // After a defect the page may be held for ever; the notice stands in its place then.
        let Ok(mut page) = ctx.props().shared.page.try_borrow_mut() else { return false };
        if let Some(page) = page.as_mut() {
            page.update(msg);
            let popped = self.drawn.as_ref().is_some_and(Drawn::pops);
            self.draw(page);
            match (popped, self.drawn.as_ref().is_some_and(Drawn::pops)) {
                (false, true) => self.back = watch::focused(&ctx.props().root),
                (true, false) => focus(self.back.take()),
                _ => {}
            }
            let runs = page.playing() && self.visible.get() && !watch::is_hidden();
            if runs != self.refresh.is_some() {
                let link = ctx.link().clone();
                self.refresh = runs
                    .then(|| Interval::new(REFRESH_MS, move || link.send_message(Msg::Refresh)));
            }
        }
        self.frames.wake();
        true
    }

    #[expect(
        clippy::ignored_unit_patterns,
        reason = "html! writes one for a tag chosen at run time"
    )]
    fn view(&self, ctx: &Context<Self>) -> Html {
        let shared = &ctx.props().shared;
        if let Some(failure) = shared.failure.borrow().as_ref() {
            return notice(failure);
        }
        let Some(drawn) = &self.drawn else {
            return html! {
                <div class="notice" role="status"><p class="soft">{ "Starting both systems …" }</p></div>
            };
        };
        let send = &self.send;
        let title = shared.page.borrow().as_ref().map(|page| page.lesson().title.clone());
        let side = drawn.journal.is_some() || matches!(drawn.sheet, Some((_, "inspector")));
        html! {
            <@{if ctx.props().whole { "main" } else { "div" }} class={classes!("page", side.then_some("side"))}>
                <Header title={title.unwrap_or_default()} open={drawn.open} send={send} />
                <LessonView panel={drawn.lesson.clone()} base={ctx.props().base.clone()} send={send} />
                { self.stage(drawn) }
                if let Some((sheet, class)) = &drawn.sheet {
                    <SheetView sheet={sheet.clone()} class={*class} send={send} />
                }
                if let Some(journal) = &drawn.journal {
                    <JournalView journal={journal.clone()} send={send} />
                }
                <SentenceView runs={drawn.sentence.clone()} note={drawn.note.clone()} copied={self.copied.is_some()} send={send} />
                <TransportView panel={drawn.transport.clone()} scrubber={self.nodes.scrubber.clone()} send={send} />
                if let Some(menu) = &drawn.menu {
                    <MenuView menu={menu.clone()} send={send} />
                }
                if let Some(model) = &drawn.form {
                    <FormView model={model.clone()} send={send} />
                }
                <KeyMap node={self.nodes.keys.clone()} />
                <p class="away" role="status" aria-live="polite">{ &self.said }</p>
            </@>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, _first: bool) {
        if self.watch.is_none() && self.drawn.is_some() {
            self.listen(ctx);
        }
        let Some(element) = self.nodes.canvas.cast::<HtmlCanvasElement>() else { return };
        let fresh = self.canvas.borrow().as_ref().is_none_or(|canvas| !canvas.is_on(&element));
        if let (true, Some(swatches)) = (fresh, self.nodes.swatches.cast::<Element>()) {
            *self.canvas.borrow_mut() = Canvas::new(element, Palette::read(&swatches));
            self.frames.wake();
        }
    }
}

impl App {
    fn stage(&self, drawn: &Drawn) -> Html {
        let (width, height) = drawn.size;
        let hear = |heard: fn(&Hands, &PointerEvent)| {
            let hands = self.hands.clone();
            Callback::from(move |event: PointerEvent| heard(&hands, &event))
        };
        let (click, menu, key) = (self.hands.clone(), self.hands.clone(), self.hands.clone());
        let swatches = Palette::SWATCHES.iter().map(|class| html! { <i class={*class}></i> });
        html! {
            <section class="stage" ref={&self.nodes.stage} aria-label="What happens"
                onclick={move |event: MouseEvent| click.click(&event)}
                oncontextmenu={move |event: MouseEvent| menu.menu(&event)}
                onpointerdown={hear(Hands::press)} onpointermove={hear(Hands::wander)}
                onpointerup={hear(|hands, _| hands.release())} onpointercancel={hear(|hands, _| hands.release())}
                onkeydown={move |event: KeyboardEvent| key.key(&event)}>
                <StageView shapes={drawn.shapes.clone()} dock={drawn.dock.clone()} width={width} height={height} rove={self.rove.clone()} />
                <canvas class="tokens" ref={&self.nodes.canvas} aria-hidden="true"></canvas>
                <OverView over={drawn.over.clone()} send={&self.send} />
                <span class="swatches" hidden=true ref={&self.nodes.swatches}>{ for swatches }</span>
            </section>
        }
    }

    /// A popover that belongs to a place on the stage belongs to one of the widget.
    fn placed(&self, ctx: &Context<Self>, mut msg: Msg) -> Msg {
        if let Msg::Menu(_, place) | Msg::Ask(_, place) = &mut msg
            && let Place::Stage(x, y) = *place
        {
            let stage = self.nodes.stage.cast::<Element>();
            let svg = stage.and_then(|stage| stage.query_selector("svg").ok().flatten());
            let origin = svg.map(|svg| svg.get_bounding_client_rect());
            let (left, top) = origin.map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
            let (x, y) = (left + f64::from(x), top + f64::from(y));
            *place = watch::in_widget(&ctx.props().root, x, y);
        }
        msg
    }

    /// Makes the panels anew; what did not change stays the same.
    fn draw(&mut self, page: &mut Page) {
        let mut picture = page.picture();
        let strip = picture
            .shapes
            .iter()
            .position(|shape| &*shape.id == "strip")
            .map(|at| picture.shapes.remove(at));
        let before = self.drawn.as_ref();
        let note = page.note(&picture).or_else(|| page.caption());
        let over = page.over(&picture);
        let told = page.told();
        let lights = page.lights(&told);
        let mut old = before.map(|drawn| drawn.shapes.iter()).into_iter().flatten().peekable();
        let lit = page.lit().map(|term| term.to_lowercase());
        let shapes: Vec<Same<Shape>> = picture
            .shapes
            .into_iter()
            .map(|mut shape| {
                shape.selected |= lit.as_ref().is_some_and(|term| {
                    shape.target.is_some() && shape.name.to_lowercase().contains(&**term)
                });
                shape.selected |= shape.target.as_ref().is_some_and(|it| lights.contains(it));
                // Mostly the same shapes in the same order: look ahead from where we are.
                let kept = before
                    .filter(|_| old.peek().is_none_or(|kept| kept.id != shape.id))
                    .and_then(|drawn| drawn.shapes.iter().find(|kept| kept.id == shape.id))
                    .or_else(|| old.next());
                match kept {
                    Some(kept) if kept.id == shape.id => kept.or_new(shape),
                    _ => Same::new(shape),
                }
            })
            .collect();
        let here = |id: &str| shapes.iter().any(|shape| *shape.id == *id);
        if !here(&self.rove) {
            let first = shapes.iter().find(|shape| shape.role == Role::Button && !shape.is_wire());
            self.rove = first.map(|shape| shape.id.to_string().into()).unwrap_or_default();
        }
        let same_shapes = before.filter(|drawn| *drawn.shapes == shapes);
        let said = page.take_said();
        let now = watch::now();
        if let Some(said) = said {
            (self.said, self.said_at) = (said.into(), now);
        } else if now - self.said_at > HUSH_MS
            && before.is_some_and(|drawn| *drawn.sentence != picture.sentence)
        {
            (self.said, self.said_at) = (plain(&picture.sentence).into(), now);
        }
        self.drawn = Some(Drawn {
            shapes: same_shapes.map_or_else(|| Same::new(shapes), |drawn| drawn.shapes.clone()),
            dock: strip.map(|strip| match before.and_then(|drawn| drawn.dock.as_ref()) {
                Some(dock) => dock.or_new(strip),
                None => Same::new(strip),
            }),
            size: (picture.width, picture.height),
            sentence: keep(before.map(|drawn| &drawn.sentence), picture.sentence),
            lesson: keep(before.map(|drawn| &drawn.lesson), page.lesson_panel()),
            transport: keep(before.map(|drawn| &drawn.transport), page.transport_panel()),
            over: keep(before.map(|drawn| &drawn.over), over),
            sheet: page.sheet(told).map(|(sheet, class)| {
                let old = before.and_then(|drawn| drawn.sheet.as_ref());
                (keep(old.map(|(sheet, _)| sheet), sheet), class)
            }),
            journal: page
                .journal()
                .map(|journal| keep(before.and_then(|drawn| drawn.journal.as_ref()), journal)),
            menu: page
                .menu()
                .map(|menu| keep(before.and_then(|drawn| drawn.menu.as_ref()), menu.clone())),
            form: page
                .form()
                .map(|form| keep(before.and_then(|drawn| drawn.form.as_ref()), form.clone())),
            open: page.panel(),
            note: note.map(Into::into),
        });
    }

    /// Reads the colours again and paints with them.
    fn repaint(&mut self) {
        if let (Some(canvas), Some(swatches)) =
            (self.canvas.borrow_mut().as_mut(), self.nodes.swatches.cast::<Element>())
        {
            canvas.set_palette(Palette::read(&swatches));
        }
    }

    fn copy(&self, ctx: &Context<Self>) {
        let Some(drawn) = &self.drawn else { return };
        let address = web_sys::window().and_then(|window| window.location().href().ok());
        let mut text = plain(&drawn.sentence);
        // A link opens the exact run, where the widget is the page that the address names.
        if let (true, Some(address), Some(page)) =
            (ctx.props().whole, address, ctx.props().shared.page.borrow().as_ref())
        {
            let page_alone = address.split('#').next().unwrap_or_default();
            text = format!("{text}\n{page_alone}#{}", page.link());
        }
        let link = ctx.link().clone();
        clipboard::copy(text, &ctx.props().root, move |done| link.send_message(Msg::Copied(done)));
    }

    fn listen(&mut self, ctx: &Context<Self>) {
        let Some(window) = web_sys::window() else { return };
        let (link, root, whole) = (ctx.link().clone(), ctx.props().root.clone(), ctx.props().whole);
        self.listeners.push(Listener::new(window.clone(), "keydown", move |event| {
            watch::keyed();
            if let Some(event) = event.dyn_ref::<KeyboardEvent>()
                && watch::is_ours(event, &root, whole)
                && let Some(msg) = meaning(event)
            {
                event.prevent_default();
                link.send_message(msg);
            }
        }));
        self.listeners.push(Listener::new(window.clone(), "pointerdown", |_| watch::pointed()));
        let root = ctx.props().root.clone();
        self.listeners.push(Listener::new(root, "focusin", |_| watch::came()));
        for query in ["(prefers-color-scheme: dark)", "(forced-colors: active)"] {
            if let Ok(Some(media)) = window.match_media(query) {
                let link = ctx.link().clone();
                let heard = move |_| link.send_message(Msg::Recolour);
                self.listeners.push(Listener::new(media, "change", heard));
            }
        }
        // A style sheet that comes late brings the colours of the tokens with it.
        let sheet = root_link(&ctx.props().root);
        if let Some(sheet) = sheet {
            let link = ctx.link().clone();
            self.listeners
                .push(Listener::new(sheet, "load", move |_| link.send_message(Msg::Recolour)));
        }
        if let Some(document) = window.document() {
            // A hidden tab refreshes nothing; one that is shown again begins where it was.
            let link = ctx.link().clone();
            let heard = move |_| link.send_message(Msg::Refresh);
            self.listeners.push(Listener::new(document, "visibilitychange", heard));
        }
        if let Ok(Some(media)) = window.match_media(watch::LESS_MOTION) {
            let (link, of) = (ctx.link().clone(), media.clone());
            let heard = move |_| link.send_message(Msg::Still(of.matches()));
            self.listeners.push(Listener::new(media, "change", heard));
        }
        if let Some(stage) = self.nodes.stage.cast::<HtmlElement>() {
            let (resize, sight) = (ctx.link().clone(), ctx.link().clone());
            self.watch = Watch::new(
                &stage,
                move |width, height| resize.send_message(Msg::Resize(width, height)),
                move |visible| sight.send_message(Msg::Visible(visible)),
            );
        }
    }
}

/// The style sheet that stands beside the root.
fn root_link(root: &Element) -> Option<Element> {
    root.parent_node()?.dyn_ref::<web_sys::ShadowRoot>()?.query_selector("link").ok()?
}

/// The stage as a picture, with its sentence, in the colours that the page has now.
fn save(props: &AppProps, format: Format) {
    let root = &props.root;
    let mut page = props.shared.page.borrow_mut();
    let Some(page) = page.as_mut() else { return };
    let (svg, size) = page.card(theme::is_dark(root));
    card::save(&svg, size, format, root);
}

/// The loop that moves the cursor and paints the tokens, without a render of Yew.
fn frames(
    ctx: &Context<App>,
    canvas: Rc<RefCell<Option<Canvas>>>,
    nodes: Nodes,
    visible: Rc<Cell<bool>>,
) -> Frames {
    let (shared, link) = (Rc::clone(&ctx.props().shared), ctx.link().clone());
    let (mut last, mut settled, mut unsettled) = (None::<f64>, 0.0, false);
    Frames::new(move |stamp| {
        let Ok(mut page) = shared.page.try_borrow_mut() else { return false };
        let Some(page) = page.as_mut() else { return false };
        let runs = page.playing() && visible.get();
        if runs {
            let passed = (stamp - last.unwrap_or(stamp)).clamp(0.0, 100.0);
            unsettled |= page.frame(passed);
        }
        last = runs.then_some(stamp);
        let selected = page.selected().cloned();
        let lit = |message| matches!(&selected, Some(Target::Message(id)) if Some(*id) == message);
        let tokens = page.tokens();
        let settle = if tokens.len() < BUSY { SETTLE_MS } else { f64::from(REFRESH_MS) };
        if unsettled && stamp - settled > settle {
            (settled, unsettled) = (stamp, false);
            link.send_message(Msg::Refresh);
        }
        if let Some(canvas) = canvas.borrow_mut().as_mut() {
            let (width, height) = page.size();
            canvas.paint(width, height, &tokens, |token| lit(token.message));
        }
        if let Some(scrubber) = nodes.scrubber.cast::<HtmlElement>() {
            let (at, seen) = page.place();
            let style = scrubber.style();
            let _ = style.set_property("--at", &format!("{at:.5}"));
            let _ = style.set_property("--seen", &format!("{seen:.5}"));
        }
        runs
    })
}

/// A lesson that cannot be shown: every mistake with its place and its mend.
fn notice(failure: &Failure) -> Html {
    html! {
        <div class="notice" role="alert">
            <h1>{ &failure.title }</h1>
            <ul>{ for failure.lines.iter().map(|line| html! { <li>{ line }</li> }) }</ul>
        </div>
    }
}
