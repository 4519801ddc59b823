//! The frame loop: calls back once a frame for as long as somebody asks, and costs nothing else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// Asks the browser for frames. Dropping it ends the loop.
pub(super) struct Frames(Rc<Inner>);

/// Takes the frame's time stamp in milliseconds; answers whether it wants another.
type Paint = Box<dyn FnMut(f64) -> bool>;

/// What the browser calls once a frame.
type Tick = Closure<dyn FnMut(f64)>;

struct Inner {
    paint: RefCell<Paint>,
    tick: RefCell<Option<Tick>>,
    asked: Cell<Option<i32>>,
}

impl Frames {
    /// A loop at rest, which will call `paint` with each frame's time stamp in milliseconds and
    /// go on while it answers true.
    pub(super) fn new(paint: impl FnMut(f64) -> bool + 'static) -> Self {
        let inner = Rc::new(Inner {
            paint: RefCell::new(Box::new(paint)),
            tick: RefCell::new(None),
            asked: Cell::new(None),
        });
        let weak = Rc::downgrade(&inner);
        let tick = Tick::new(move |stamp: f64| {
            let Some(inner) = weak.upgrade() else { return };
            inner.asked.set(None);
            let go_on = (inner.paint.borrow_mut())(stamp);
            if go_on {
                inner.ask();
            }
        });
        inner.tick.replace(Some(tick));
        Self(inner)
    }

    /// Makes sure that a frame is coming.
    pub(super) fn wake(&self) {
        self.0.ask();
    }
}

impl Inner {
    fn ask(&self) {
        if self.asked.get().is_some() {
            return;
        }
        let tick = self.tick.borrow();
        if let (Some(tick), Some(window)) = (tick.as_ref(), web_sys::window()) {
            self.asked.set(window.request_animation_frame(tick.as_ref().unchecked_ref()).ok());
        }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        if let (Some(asked), Some(window)) = (self.0.asked.take(), web_sys::window()) {
            let _ = window.cancel_animation_frame(asked);
        }
    }
}
