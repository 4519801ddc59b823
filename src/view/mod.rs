//! The page in Yew: draws a stage, shows the panels, hears the reader. wasm32 alone.
//!
//! Contains no rule of either system: it holds a cursor, a pace, a selection, and renders lists
//! of shapes, rows and words that lower layers made. A new feature of an engine needs a new
//! shape or sentence there, not a component here.

mod app;
mod canvas;
mod card;
mod clipboard;
pub(crate) mod fetch;
mod form;
mod frame;
mod gloss;
mod hands;
mod header;
mod icon;
mod journal;
mod keys;
mod lesson;
mod listen;
mod menu;
mod over;
mod page;
mod panel;
mod same;
mod sentence;
mod sheet;
mod stage;
mod theme;
mod transport;
mod watch;

pub(crate) use app::{App, AppProps};
pub(crate) use page::{Msg, Page, plain};
pub(crate) use theme::restore as restore_theme;
pub(crate) use watch::less_motion;

use same::Same;
use std::cell::RefCell;

/// What the root component and the JavaScript handle share.
#[derive(Default)]
pub(crate) struct Shared {
    /// The lesson, once it is open.
    pub(crate) page: RefCell<Option<Page>>,
    /// Why it is not.
    pub(crate) failure: RefCell<Option<Failure>>,
}

/// Why there is no lesson on the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// What is wrong, in one sentence.
    pub(crate) title: String,
    /// Each mistake with its line and its mend.
    pub(crate) lines: Vec<String>,
}
