//! What the browser says about the widget's place: its size, whether it is in sight, whose keys.

use super::page::Place;
use js_sys::Array;
use std::cell::Cell;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{
    Element, HtmlElement, IntersectionObserver, IntersectionObserverEntry, KeyboardEvent,
    MouseEvent, ResizeObserver, ShadowRoot,
};

/// The reader's wish for stillness.
pub(super) const LESS_MOTION: &str = "(prefers-reduced-motion: reduce)";

/// Whether a media query matches now.
pub(crate) fn prefers(query: &str) -> bool {
    let media = web_sys::window().and_then(|window| window.match_media(query).ok().flatten());
    media.is_some_and(|media| media.matches())
}

/// Whether the reader wishes for stillness.
pub(crate) fn less_motion() -> bool {
    prefers(LESS_MOTION)
}

/// Whether the tab is in the background.
pub(super) fn is_hidden() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.hidden())
}

/// Real milliseconds since some moment: for hushing, never for a run.
pub(super) fn now() -> f64 {
    js_sys::Date::now()
}

/// What an observer calls, with its entries.
type Heard = Closure<dyn FnMut(Array)>;

/// Observers of the stage's size and sight.
pub(super) struct Watch {
    resize: ResizeObserver,
    sight: IntersectionObserver,
    /// Kept for as long as the observers may call them.
    _heard: [Heard; 2],
}

impl Watch {
    /// Tells each size in CSS px, and whether any of it is in sight.
    pub(super) fn new(
        stage: &HtmlElement,
        resized: impl Fn(f32, f32) + 'static,
        seen: impl Fn(bool) + 'static,
    ) -> Option<Self> {
        let of = stage.clone();
        let on_resize = Heard::new(move |_| {
            resized(of.client_width() as f32, of.client_height() as f32);
        });
        let on_sight = Heard::new(move |entries: Array| {
            let last = entries.pop();
            if let Some(entry) = last.dyn_ref::<IntersectionObserverEntry>() {
                seen(entry.is_intersecting());
            }
        });
        let resize = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
        let sight = IntersectionObserver::new(on_sight.as_ref().unchecked_ref()).ok()?;
        resize.observe(stage);
        sight.observe(stage);
        Some(Self { resize, sight, _heard: [on_resize, on_sight] })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.resize.disconnect();
        self.sight.disconnect();
    }
}

/// Whether a key is ours: pressed inside the widget, or anywhere when the widget is the page;
/// and not on something that has its own use for it.
pub(super) fn is_ours(event: &KeyboardEvent, root: &Element, whole: bool) -> bool {
    let path = event.composed_path();
    let inside = path.includes(root, 0);
    if event.default_prevented() || !(inside || whole) {
        return false;
    }
    let own = |selector: &str| {
        let target = path.get(0);
        target.dyn_ref::<Element>().is_some_and(|at| at.matches(selector).unwrap_or(false))
    };
    if event.key() == "Escape" && is_open(root, ".pop") {
        return true;
    }
    if own("input[type=text], textarea, select, [contenteditable]")
        || is_open(root, "dialog[open], .pop")
    {
        return false;
    }
    match event.key().as_str() {
        // A button that keys came to takes Space, one that the mouse left behind does not; a
        // choice takes the arrows and Space.
        " " => {
            by_pointer()
                || !own("button, input, a, summary, [role=button], [role=switch], [role=radio]")
        }
        "ArrowRight" | "ArrowLeft" => !own("input"),
        _ => true,
    }
}

/// Whether a key presses what has the focus: Enter always, Space where the reader came by keys. After
/// a click Space still plays and pauses.
pub(super) fn presses(event: &KeyboardEvent) -> bool {
    match event.key().as_str() {
        "Enter" => true,
        " " => !by_pointer(),
        _ => false,
    }
}

thread_local! {
    /// Whether the reader's last deed was a pointer's, and whether one brought the focus where it
    /// is. The selector `:focus-visible` does not tell: any key makes it true.
    static POINTER: Cell<(bool, bool)> = const { Cell::new((false, false)) };
}

fn by_pointer() -> bool {
    POINTER.get().1
}

/// A pointer was pressed, somewhere on the page.
pub(super) fn pointed() {
    POINTER.set((true, true));
}

/// A key was pressed.
pub(super) fn keyed() {
    POINTER.set((false, by_pointer()));
}

/// The focus came to something of ours.
pub(super) fn came() {
    if let (false, _) = POINTER.get() {
        POINTER.set((false, false));
    }
}

fn is_open(root: &Element, selector: &str) -> bool {
    root.query_selector(selector).is_ok_and(|found| found.is_some())
}

/// Where a popover for a click opens: at the pointer, or below the button that a key pressed.
pub(super) fn spot(event: &MouseEvent) -> Place {
    let target = event.current_target();
    let Some(element) = target.as_ref().and_then(|at| at.dyn_ref::<Element>()) else {
        return Place::Widget(0.0, 0.0);
    };
    let rect = element.get_bounding_client_rect();
    let (mut x, mut y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    if (x, y) == (0.0, 0.0) {
        (x, y) = (rect.left(), rect.bottom());
    }
    in_widget(element, x, y)
}

/// A point of the window as a point of the widget.
pub(super) fn in_widget(element: &Element, x: f64, y: f64) -> Place {
    let widget = element.closest(".push-pull").ok().flatten();
    let rect = widget.map(|widget| widget.get_bounding_client_rect());
    let (left, top) = rect.map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
    Place::Widget((x - left) as f32, (y - top) as f32)
}

/// What has the focus inside the widget.
pub(super) fn focused(root: &Element) -> Option<Element> {
    let tree = root.get_root_node();
    tree.dyn_ref::<ShadowRoot>().and_then(ShadowRoot::active_element)
}
