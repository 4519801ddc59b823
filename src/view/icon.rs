//! The few icons, as paths on a grid of 16 by 16.

use yew::prelude::*;

/// A triangle: time will run.
pub(super) const PLAY: &str =
    "M4.5 2.6v10.8a.6.6 0 0 0 .9.5l9-5.4a.6.6 0 0 0 0-1l-9-5.4a.6.6 0 0 0-.9.5z";
/// Two bars: time will stop.
pub(super) const PAUSE: &str = "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z";
/// To the next drawn event.
pub(super) const STEP: &str = "M3 2.9v10.2a.5.5 0 0 0 .8.4l7.2-5.1a.5.5 0 0 0 0-.8L3.8 2.5a.5.5 0 0 0-.8.4zM12 2.5h1.8v11H12z";
/// To the drawn event before.
pub(super) const STEP_BACK: &str =
    "M13 2.9v10.2a.5.5 0 0 1-.8.4L5 8.4a.5.5 0 0 1 0-.8l7.2-5.1a.5.5 0 0 1 .8.4zM2.2 2.5H4v11H2.2z";
/// A disc, half of it filled: light and dark.
pub(super) const THEME: &str =
    "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm0 1.4v10.2A5.1 5.1 0 0 1 8 2.9z";
/// A question mark.
pub(super) const HELP: &str = "M8 2.2c-2 0-3.5 1.2-3.7 3l1.6.2C6 4.4 6.8 3.7 8 3.7c1.2 0 2 .7 2 1.7 0 .8-.5 1.3-1.3 1.9-1 .7-1.5 1.4-1.5 2.6v.5h1.6v-.4c0-.7.3-1.1 1.1-1.7 1-.7 1.7-1.5 1.7-2.9 0-1.9-1.5-3.2-3.6-3.2zM7.1 11.7h1.8v1.9H7.1z";
/// A tick.
pub(super) const TICK: &str = "M6.7 11.6 3.4 8.3l1.1-1.1 2.2 2.2 4.8-4.8 1.1 1.1z";
/// A cross.
pub(super) const CROSS: &str =
    "m4.3 3.2 3.7 3.7 3.7-3.7 1.1 1.1L9.1 8l3.7 3.7-1.1 1.1L8 9.1l-3.7 3.7-1.1-1.1L6.9 8 3.2 4.3z";

/// An arrow that turns back.
pub(super) const UNDO: &str = "M6.2 2.4 7.3 3.5 5.4 5.4H9a4.3 4.3 0 0 1 0 8.6H5v-1.6h4a2.7 2.7 0 0 0 0-5.4H5.4l1.9 1.9-1.1 1.1L2.4 6.2z";
/// The same, forward.
pub(super) const REDO: &str = "M9.8 2.4 8.7 3.5l1.9 1.9H7a4.3 4.3 0 0 0 0 8.6h4v-1.6H7A2.7 2.7 0 0 1 7 7h3.6L8.7 8.9 9.8 10l3.8-3.8z";
/// Three dots: more of it.
pub(super) const MORE: &str = "M3.2 6.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8zm4.8 0a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8zm4.8 0a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8z";
/// Lines of text: the journal.
pub(super) const JOURNAL: &str = "M3 3.2h10v1.5H3zm0 3.6h10v1.5H3zm0 3.6h6.5v1.5H3z";
/// Rows and columns.
pub(super) const TABLE: &str =
    "M2.5 3h11v10h-11zM4 4.4v1.9h3.2V4.4zm4.6 0v1.9H12V4.4zM4 7.6v3.9h3.2V7.6zm4.6 0v3.9H12V7.6z";
/// A frame with a hill in it: a picture.
pub(super) const PICTURE: &str = "M2 3h12v10H2zm1.4 1.4v5.7l2.8-2.9 2.3 2.4 1.3-1.2 2.8 2.7V4.4zm7 1.2a1.1 1.1 0 1 1 0 2.2 1.1 1.1 0 0 1 0-2.2z";

/// Two sheets: a copy.
pub(super) const COPY: &str = "M5.5 1.5h7a1 1 0 0 1 1 1v8h-1.4V2.9H5.5zM3.5 4.5h6a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-6a1 1 0 0 1-1-1v-8a1 1 0 0 1 1-1zm.4 1.4v7.2h5.2V5.9z";

/// An icon beside a word or inside a button that has a name: hidden from screen readers.
pub(super) fn icon(path: &'static str) -> Html {
    html! {
        <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d={path} fill="currentColor" />
        </svg>
    }
}
