//! The signs of the stage and the keyboard map, in one dialog; and what each key means.

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
    ("?", "signs and keys"),
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

/// The signs of the stage: how each is drawn on a field of 24 by 16, and what it means. The same
/// marks as on the canvas (`canvas.rs`) and on the floor.
fn signs() -> [(Html, &'static str); 7] {
    let disc = |x: &'static str, class: &'static str| html! { <circle class={class} cx={x} cy="8" r="6" /> };
    [
        (disc("12", "key-1"), "a message; its number is its order"),
        (
            html! { <>{ disc("6", "key-0") }{ disc("12", "key-2") }{ disc("18", "key-4") }</> },
            "its colour is its key; grey is none",
        ),
        (
            html! { <><rect class="batch" x="2" y="2" width="20" height="12" rx="6" /><circle class="key-0" cx="9" cy="8" r="3" /><circle class="key-2" cx="15.5" cy="8" r="3" /></> },
            "a batch: several at once",
        ),
        (
            html! { <><circle class="hollow" cx="12" cy="8" r="4" /></> },
            "hollow: a request, or an answer without a message",
        ),
        (
            html! { <><circle class="ring" cx="12" cy="8" r="7" /><circle class="key-1" cx="12" cy="8" r="4.5" /></> },
            "ringed: it comes again, a repeat",
        ),
        (
            html! { <path class="key-1" d="M12 1l7 7-7 7-7-7z" /> },
            "a diamond: poison, a handler failed on it",
        ),
        (
            html! { <><rect class="lost-chip" x="3" y="2.5" width="18" height="11" rx="4" /><path class="lost-stroke" d="M5 12L19 4" /></> },
            "struck through: lost",
        ),
    ]
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
                <h2 id="keys-title">{ "Signs and keys" }</h2>
                <button type="button" class="round" aria-label="Close" onclick={close}>{ icon(CROSS) }</button>
            </div>
            <ul class="signs" aria-label="Signs">
                { for signs().into_iter().map(|(sign, words)| html! {
                    <li><svg viewBox="0 0 24 16" aria-hidden="true">{ sign }</svg>{ words }</li>
                }) }
            </ul>
            <dl>
                { for MAP.iter().map(|(key, words)| html! {
                    <div><dt><kbd>{ *key }</kbd></dt><dd>{ *words }</dd></div>
                }) }
            </dl>
        </dialog>
    }
}
