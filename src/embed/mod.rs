//! The door to JavaScript: `mount` and the handle it gives. wasm32 alone; the only user of
//! serde-wasm-bindgen.
//!
//! `www/push-pull.js` calls `await mount(root, options)` with a `div` inside its shadow root.
//! Options: `lesson` (the name of a file `lessons/NAME.json` beside the module), or `text` (a
//! lesson's own text), or `run` (a recorded run as a link), or `file` (one as the object that its
//! file holds); `step` (the step to show first, from 1); `base` (where "beside the module" is); `autoplay` (begin to play, unless
//! the reader wishes for stillness); `whole` (the widget is the page: keys anywhere are its own).
//! The promise is kept when the lesson is on the page, or when a notice says why it is not.

mod failure;
mod measure;
mod open;
mod progress;
mod state;
mod still;

pub use measure::simulate;
pub use still::still;

use crate::history::{RunFile, to_link};
use crate::sim::{Instant, Span};
use crate::view::{App, AppProps, Msg, Shared};
use serde::Deserialize;
use serde::Serialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::AppHandle;

/// How far beyond the newest instant one call may go, in milliseconds of virtual time: the run is
/// carried on to there before anything else happens on the page.
const FARTHEST_MS: u64 = 600_000;

const NO_LESSON: &str = "there is no lesson on the page";

/// See the module.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Options {
    lesson: Option<String>,
    text: Option<String>,
    run: Option<String>,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    file: JsValue,
    step: Option<usize>,
    base: Option<String>,
    autoplay: bool,
    whole: bool,
}

/// Draws a lesson inside `root`, and keeps it running there until [`Handle::unmount`].
///
/// # Errors
/// When the options are not what this module's head says.
#[wasm_bindgen]
pub async fn mount(root: Element, options: JsValue) -> Result<Handle, JsValue> {
    let options: Options = serde_wasm_bindgen::from_value(options)?;
    failure::watch(&root);
    crate::view::restore_theme(&root);
    let shared = Rc::new(Shared::default());
    let props = AppProps {
        shared: Rc::clone(&shared),
        root: root.clone(),
        whole: options.whole,
        base: options.base.clone().unwrap_or_default().into(),
    };
    let app = yew::Renderer::<App>::with_root_and_props(root.clone(), props).render();
    match open::page(&options).await {
        Ok(page) => *shared.page.borrow_mut() = Some(page),
        Err(failure) => *shared.failure.borrow_mut() = Some(failure),
    }
    let handle = Handle { shared, app: Some(app), root };
    let still = crate::view::less_motion();
    handle.send(Msg::Still(still));
    if let Some(step) = options.step {
        handle.send(Msg::ShowStep(step.saturating_sub(1)));
    }
    if options.autoplay && !still {
        handle.send(Msg::Play);
    }
    Ok(handle)
}

/// A mounted lesson.
#[wasm_bindgen]
pub struct Handle {
    shared: Rc<Shared>,
    app: Option<AppHandle<App>>,
    root: Element,
}

#[wasm_bindgen]
impl Handle {
    /// Lets time run.
    pub fn play(&self) {
        self.send(Msg::Play);
    }

    /// Stops time.
    pub fn pause(&self) {
        self.send(Msg::Pause);
    }

    /// Stops time and goes to the next event that the stage draws.
    pub fn step(&self) {
        self.send(Msg::Step);
    }

    /// Stops time and goes to the drawn event before.
    #[wasm_bindgen(js_name = stepBack)]
    pub fn step_back(&self) {
        self.send(Msg::StepBack);
    }

    /// Moves the cursor, in milliseconds of virtual time since the run began; beyond the newest
    /// instant the run goes on to there.
    ///
    /// # Errors
    /// When `ms` is not a time, or lies more than [`FARTHEST_MS`] beyond the newest instant.
    pub fn seek(&self, ms: f64) -> Result<(), JsError> {
        let head = self.shared.page.borrow().as_ref().map_or(0, |page| page.head().as_millis());
        let farthest = head + FARTHEST_MS;
        if !(0.0..=farthest as f64).contains(&ms) {
            return Err(JsError::new(&format!(
                "seek: a time in milliseconds, from 0 to {farthest} (ten minutes beyond the newest instant)"
            )));
        }
        self.send(Msg::Seek(Instant::ZERO + Span::from_nanos((ms * 1e6).round() as u64)));
        Ok(())
    }

    /// Does at the cursor what a lesson's action says, for example
    /// `{ "unplug": { "consumer": "billing" } }`.
    ///
    /// # Errors
    /// When it is no action, or when it would do nothing; the message says why.
    pub fn command(&self, command: &JsValue) -> Result<(), JsError> {
        let done = match self.shared.page.borrow_mut().as_mut() {
            Some(page) => {
                let action = open::action(page.lesson(), command)?;
                page.act(action)
            }
            None => return Err(JsError::new(NO_LESSON)),
        };
        self.send(Msg::Refresh);
        done.map_err(|refusal| JsError::new(&refusal.reason))
    }

    /// What is true at the cursor; the shape is [`state::State`].
    ///
    /// # Errors
    /// Never for what this page holds.
    pub fn state(&self) -> Result<JsValue, JsError> {
        let state = state::read(&self.shared);
        Ok(state.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
    }

    /// Shows a step of the lesson, from 1; beyond the last, the last.
    #[wasm_bindgen(js_name = showStep)]
    pub fn show_step(&self, step: usize) {
        self.send(Msg::ShowStep(step.saturating_sub(1)));
    }

    /// Where the reader stands in the lesson; the shape is [`progress::Place`]. Undefined when
    /// there is no lesson on the page.
    ///
    /// # Errors
    /// Never for what this page holds.
    pub fn progress(&self) -> Result<JsValue, JsError> {
        let page = self.shared.page.borrow();
        let Some(page) = page.as_ref() else { return Ok(JsValue::UNDEFINED) };
        let place = progress::read(page);
        Ok(place.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
    }

    /// The run as a link's fragment, without `#`.
    ///
    /// # Errors
    /// When there is no lesson on the page.
    pub fn link(&self) -> Result<String, JsError> {
        let page = self.shared.page.borrow();
        let page = page.as_ref().ok_or_else(|| JsError::new(NO_LESSON))?;
        Ok(to_link(&page.session().recording()))
    }

    /// The run as the object that a file of it holds; the option `file` opens it again.
    ///
    /// # Errors
    /// When there is no lesson on the page, or a number of the run is beyond JavaScript's.
    #[wasm_bindgen(js_name = export)]
    pub fn export_run(&self) -> Result<JsValue, JsError> {
        let page = self.shared.page.borrow();
        let page = page.as_ref().ok_or_else(|| JsError::new(NO_LESSON))?;
        let file = RunFile::new(page.session().recording());
        Ok(file.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
    }

    /// Takes everything away again.
    pub fn unmount(mut self) {
        failure::forget(&self.root);
        if let Some(app) = self.app.take() {
            app.destroy();
        }
    }

    /// The page changes now, so that a script sees it at once; the drawing follows.
    fn send(&self, msg: Msg) {
        if let Some(page) = self.shared.page.borrow_mut().as_mut() {
            page.update(msg);
        }
        if let Some(app) = &self.app {
            app.send_message(Msg::Refresh);
        }
    }
}
