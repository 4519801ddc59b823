//! Mouse, touch and keys on the stage: what they point at, and what they mean.

use super::Shared;
use super::listen::focus;
use super::page::{MenuOf, Msg};
use super::watch::{in_widget, presses};
use crate::stage::inspect::{Way, neighbour};
use crate::stage::{Rect, Target};
use gloo_timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget};
use yew::prelude::*;

/// Real milliseconds after which a touch that holds still asks for the menu.
const LONG_MS: u32 = 500;
/// CSS px that a touch may wander and still hold still.
const STILL: i32 = 10;

/// What the handlers of the stage share.
#[derive(Clone)]
pub(super) struct Hands {
    shared: Rc<Shared>,
    stage: NodeRef,
    send: Callback<Msg>,
    /// A touch that may become a long one, with where it began.
    pressing: Rc<RefCell<Option<(Timeout, i32, i32)>>>,
    /// Whether the click that follows belongs to a long touch.
    pressed: Rc<Cell<bool>>,
}

impl Hands {
    pub(super) fn new(shared: Rc<Shared>, stage: NodeRef, send: Callback<Msg>) -> Self {
        Self { shared, stage, send, pressing: Rc::default(), pressed: Rc::default() }
    }

    pub(super) fn click(&self, event: &MouseEvent) {
        if self.pressed.take() {
            return;
        }
        let target = self.pointed(event);
        self.send.emit(target.map_or(Msg::LetGo, Msg::Pick));
    }

    pub(super) fn menu(&self, event: &MouseEvent) {
        let Some(target) = self.pointed(event) else { return };
        event.prevent_default();
        self.release();
        self.open(target, event);
    }

    fn open(&self, target: Target, event: &MouseEvent) {
        let Some(stage) = self.stage.cast::<Element>() else { return };
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        self.send.emit(Msg::Menu(MenuOf::Thing(target), in_widget(&stage, x, y)));
    }

    pub(super) fn press(&self, event: &PointerEvent) {
        if event.pointer_type() != "touch" {
            return;
        }
        self.pressed.set(false);
        let (own, at) = (self.clone(), event.clone());
        let Some(target) = self.pointed(event) else { return };
        let timer = Timeout::new(LONG_MS, move || {
            own.pressed.set(true);
            own.open(target, &at);
        });
        *self.pressing.borrow_mut() = Some((timer, event.client_x(), event.client_y()));
    }

    pub(super) fn wander(&self, event: &PointerEvent) {
        let far = self.pressing.borrow().as_ref().is_some_and(|(_, x, y)| {
            (event.client_x() - x).abs() + (event.client_y() - y).abs() > STILL
        });
        if far {
            self.release();
        }
    }

    pub(super) fn release(&self) {
        self.pressing.borrow_mut().take();
    }

    pub(super) fn key(&self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let Some(at) = event.target().and_then(|at| at.dyn_into::<Element>().ok()) else { return };
        let msg = match event.key().as_str() {
            "ArrowLeft" => self.walk(&at, Way::Left),
            "ArrowRight" => self.walk(&at, Way::Right),
            "ArrowUp" => self.walk(&at, Way::Up),
            "ArrowDown" => self.walk(&at, Way::Down),
            "Enter" | " " if presses(event) => self.shape(&at).map(|target| match target {
                Target::Plug(_) | Target::Lane(_) | Target::Carrier(_) => Msg::Pick(target),
                _ => Msg::Show(target),
            }),
            "m" | "M" | "ContextMenu" => self.thing(&at),
            "F10" if event.shift_key() => self.thing(&at),
            _ => None,
        };
        if let Some(msg) = msg {
            event.prevent_default();
            event.stop_propagation();
            self.send.emit(msg);
        }
    }

    fn thing(&self, at: &Element) -> Option<Msg> {
        let target = self.shape(at)?;
        let rect = at.get_bounding_client_rect();
        let place = in_widget(at, rect.left() + 12.0, rect.bottom().min(rect.top() + 40.0));
        Some(Msg::Menu(MenuOf::Thing(target), place))
    }

    /// The focus goes on to the next thing in a direction.
    fn walk(&self, at: &Element, way: Way) -> Option<Msg> {
        let stage = self.stage.cast::<Element>()?;
        at.closest("[tabindex]").ok()??;
        let found = stage.query_selector_all("svg [tabindex]").ok()?;
        let all: Vec<Element> =
            (0..found.length()).filter_map(|n| found.item(n)?.dyn_into().ok()).collect();
        let rect = |element: &Element| {
            let rect = element.get_bounding_client_rect();
            let [x, y, w, h] = [rect.left(), rect.top(), rect.width(), rect.height()];
            Rect::new(x as f32, y as f32, w as f32, h as f32)
        };
        let rects: Vec<Rect> = all.iter().map(rect).collect();
        let next = all.get(neighbour(&rects, rect(at), way)?)?;
        focus(Some(next.clone()));
        let is_shape = next.matches(".shape").unwrap_or(false);
        Some(if is_shape { Msg::Rove(next.id().into()) } else { Msg::Rove(AttrValue::default()) })
    }

    /// What a click means: the message under it, else the shape.
    fn pointed(&self, event: &MouseEvent) -> Option<Target> {
        let stage = self.stage.cast::<Element>()?;
        let rect = stage.query_selector("svg").ok()??.get_bounding_client_rect();
        let x = f64::from(event.client_x()) - rect.left();
        let y = f64::from(event.client_y()) - rect.top();
        let at = event.target();
        let page = &self.shared.page;
        let near = page.borrow_mut().as_mut().and_then(|page| page.spot_at(x as f32, y as f32));
        near.or_else(|| self.shape_under(&at?))
    }

    fn shape(&self, at: &Element) -> Option<Target> {
        self.shape_under(at.as_ref())
    }

    fn shape_under(&self, at: &EventTarget) -> Option<Target> {
        let shape = at.dyn_ref::<Element>()?.closest(".pick").ok()??;
        self.shared.page.borrow_mut().as_mut()?.target_of(&shape.id())
    }
}
