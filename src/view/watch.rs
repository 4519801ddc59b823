//! What the browser says about the widget's place: its size, whether it is in sight, whose keys.

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{
    Element, HtmlElement, IntersectionObserver, IntersectionObserverEntry, KeyboardEvent,
    ResizeObserver,
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
    if own("input[type=text], textarea, select, [contenteditable]") || dialog_is_open(root) {
        return false;
    }
    match event.key().as_str() {
        // A button takes Space; a choice takes the arrows and Space.
        " " => !own("button, input, a, summary, [role=button], [role=switch]"),
        "ArrowRight" | "ArrowLeft" => !own("input"),
        _ => true,
    }
}

fn dialog_is_open(root: &Element) -> bool {
    root.query_selector("dialog[open]").is_ok_and(|found| found.is_some())
}
