//! Listeners on things that Yew does not draw; dropping one takes it away.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, EventTarget, HtmlElement, SvgElement};

/// A listener that stays as long as this value.
pub(super) struct Listener {
    target: EventTarget,
    kind: &'static str,
    heard: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `heard` for each event of this kind on `target`.
    pub(super) fn new(
        target: impl Into<EventTarget>,
        kind: &'static str,
        heard: impl FnMut(Event) + 'static,
    ) -> Self {
        let (target, heard) = (target.into(), Closure::<dyn FnMut(Event)>::new(heard));
        let _ = target.add_event_listener_with_callback(kind, heard.as_ref().unchecked_ref());
        Self { target, kind, heard }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let heard = self.heard.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.kind, heard);
    }
}

/// Gives the focus to an element, where it is there and can have it: HTML and SVG alike.
pub(super) fn focus(element: Option<Element>) {
    let Some(element) = element else { return };
    if let Some(html) = element.dyn_ref::<HtmlElement>() {
        let _ = html.focus();
    } else if let Some(shape) = element.dyn_ref::<SvgElement>() {
        let _ = shape.focus();
    }
}
