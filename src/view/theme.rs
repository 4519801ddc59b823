//! Light or dark: the reader's system decides until the reader does.

use super::watch::prefers;
use web_sys::{Element, Storage};

/// Where the reader's choice is kept.
const KEPT: &str = "pushpull-theme";

/// The store, where the browser gives one.
fn store() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// Puts the kept choice on the root, unless its embedder has chosen.
pub(crate) fn restore(root: &Element) {
    if root.has_attribute("data-theme") {
        return;
    }
    let kept = store().and_then(|store| store.get_item(KEPT).ok().flatten());
    if let Some(kept @ ("light" | "dark")) = kept.as_deref() {
        let _ = root.set_attribute("data-theme", kept);
    }
}

/// Whether the page is dark now.
pub(super) fn is_dark(root: &Element) -> bool {
    match root.get_attribute("data-theme").as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => prefers("(prefers-color-scheme: dark)"),
    }
}

/// Turns the theme over and keeps the choice.
pub(super) fn turn(root: &Element) {
    let theme = if is_dark(root) { "light" } else { "dark" };
    let _ = root.set_attribute("data-theme", theme);
    if let Some(store) = store() {
        let _ = store.set_item(KEPT, theme);
    }
}
