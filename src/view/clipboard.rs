//! Text to the clipboard, also where the page is not in a secure context.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Element, HtmlDocument, HtmlTextAreaElement};

/// Copies `text` and tells whether that succeeded.
pub(super) fn copy(text: String, root: &Element, done: impl FnOnce(bool) + 'static) {
    let root = root.clone();
    spawn_local(async move {
        let Some(window) = web_sys::window() else { return done(false) };
        let navigator = window.navigator();
        // Absent outside of secure contexts, whatever its type says.
        let there =
            Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|it| !it.is_undefined());
        let written =
            there && JsFuture::from(navigator.clipboard().write_text(&text)).await.is_ok();
        done(written || copy_by_selection(&text, &root).is_some());
    });
}

/// The old way: a text area, selected, and the copy command.
fn copy_by_selection(text: &str, root: &Element) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let area: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    area.set_class_name("away");
    area.set_value(text);
    root.append_child(&area).ok()?;
    area.select();
    let copied = document.dyn_ref::<HtmlDocument>()?.exec_command("copy");
    area.remove();
    copied.is_ok_and(|copied| copied).then_some(())
}
