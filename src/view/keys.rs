//! The keyboard map, and what each key means.

use super::icon::{CROSS, icon};
use super::page::{MenuOf, Msg, Panel, Place};
use web_sys::{HtmlDialogElement, KeyboardEvent};
use yew::prelude::*;

/// The map, as shown.
const MAP: [(&str, &str); 18] = [
    ("Space", "play or pause"),
    ("→", "step to the next drawn event"),
    ("←", "step back"),
    ("P", "pull the plug, or put it back"),
    ("U", "undo what was done last"),
    ("Home", "to the start"),
    ("End", "to the newest instant"),
    ("Shift + U", "do it again"),
    ("J", "jumps: next loss, repeat, rebalance and more"),
    ("Tab, arrows", "to the stage, and from thing to thing"),
    ("Enter", "inspect the thing"),
    ("M", "commands for the thing"),
    ("I", "inspector"),
    ("G", "journal"),
    ("A", "everything as tables"),
    ("T", "light or dark"),
    ("Esc", "close, let go"),
    ("?", "this map"),
];

/// What a key asks for; none when it is not ours.
pub(super) fn meaning(event: &KeyboardEvent) -> Option<Msg> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return None;
    }
    Some(match event.key().as_str() {
        " " => Msg::Toggle,
        "ArrowRight" => Msg::Step,
        "ArrowLeft" => Msg::StepBack,
        "p" | "P" => Msg::Plug,
        "u" => Msg::Undo,
        "U" if event.shift_key() => Msg::Redo,
        "U" => Msg::Undo,
        "j" | "J" => Msg::Menu(MenuOf::Time, Place::Widget(f32::MAX, f32::MAX)),
        "i" | "I" => Msg::Open(Some(Panel::Inspector)),
        "g" | "G" => Msg::Open(Some(Panel::Journal)),
        "a" | "A" => Msg::Open(Some(Panel::Tables)),
        "Home" => Msg::ToStart,
        "End" => Msg::ToEnd,
        "t" | "T" => Msg::Theme,
        "?" => Msg::Help,
        "Escape" => Msg::LetGo,
        _ => return None,
    })
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct KeyMapProps {
    pub(super) node: NodeRef,
}

/// A dialog that the browser opens, keeps the focus in, and closes with Esc.
#[component(KeyMap)]
pub(super) fn key_map(props: &KeyMapProps) -> Html {
    let node = props.node.clone();
    let close = move |_| {
        if let Some(dialog) = node.cast::<HtmlDialogElement>() {
            dialog.close();
        }
    };
    html! {
        <dialog class="keys" ref={&props.node} aria-labelledby="keys-title">
            <div class="keys-head">
                <h2 id="keys-title">{ "Keyboard" }</h2>
                <button type="button" class="round" aria-label="Close" onclick={close}>{ icon(CROSS) }</button>
            </div>
            <dl>
                { for MAP.iter().map(|(key, words)| html! {
                    <div><dt><kbd>{ *key }</kbd></dt><dd>{ *words }</dd></div>
                }) }
            </dl>
        </dialog>
    }
}
