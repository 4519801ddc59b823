//! What a reader sees when the program itself fails: a sentence, never a dead page.

use std::cell::RefCell;
use web_sys::Element;

thread_local! {
    /// The roots that are mounted now, so that a panic can speak inside each.
    static ROOTS: RefCell<Vec<Element>> = const { RefCell::new(Vec::new()) };
}

/// From now on a panic anywhere is told inside `root`.
pub(super) fn watch(root: &Element) {
    if let Ok(mut roots) = ROOTS.try_with(RefCell::take) {
        if roots.is_empty() {
            std::panic::set_hook(Box::new(tell));
        }
        roots.push(root.clone());
        let _ = ROOTS.try_with(|kept| kept.replace(roots));
    }
}

/// `root` is gone.
pub(super) fn forget(root: &Element) {
    ROOTS.with_borrow_mut(|roots| roots.retain(|other| other != root));
}

/// The program cannot go on after this, so nothing here may fail in its turn.
fn tell(info: &std::panic::PanicHookInfo<'_>) {
    let what = info.to_string();
    web_sys::console::error_1(&what.as_str().into());
    let roots =
        ROOTS.try_with(|kept| kept.try_borrow_mut().map(|mut roots| std::mem::take(&mut *roots)));
    let (Ok(Ok(roots)), Some(document)) = (roots, web_sys::window().and_then(|w| w.document()))
    else {
        return;
    };
    for root in roots {
        let parts = [
            ("h1", "This page has a defect, and stopped."),
            ("p", "Reload it to start the lesson again. This is what it says about itself:"),
            ("pre", what.as_str()),
        ];
        let Ok(notice) = document.create_element("div") else { continue };
        // By this class push-pull.js knows it, and adds the way back into the run.
        notice.set_class_name("notice defect");
        let _ = notice.set_attribute("role", "alert");
        for (tag, words) in parts {
            if let Ok(part) = document.create_element(tag) {
                part.set_text_content(Some(words));
                let _ = notice.append_child(&part);
            }
        }
        root.set_text_content(None);
        let _ = root.append_child(&notice);
    }
}
