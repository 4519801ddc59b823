//! The style sheet against the stage's vocabulary: a class without a style would be drawn black.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::stage::CLASSES;

#[test]
fn every_class_of_the_stage_has_a_style() {
    let sheet = include_str!("../www/css/3-stage.css");
    let styled = |class: &str| {
        let word = format!(".{class}");
        let ends = |at: usize| {
            let next = sheet[at + word.len()..].chars().next();
            next.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-')
        };
        sheet.match_indices(&word).any(|(at, _)| ends(at))
    };
    let bare: Vec<_> = CLASSES.iter().filter(|class| !styled(class)).collect();
    assert!(bare.is_empty(), "no style for {bare:?}");
    assert!(!styled("no-such-class"));
}
