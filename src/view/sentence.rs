//! The sentence that the run has earned so far, and the button that copies it.

use super::Same;
use super::icon::{COPY, PICTURE, TICK, icon};
use super::page::{MenuOf, Msg};
use super::sheet::says;
use super::stage::run_classes;
use super::watch::spot;
use crate::stage::Run;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct SentenceProps {
    pub(super) runs: Same<Vec<Run>>,
    /// What is selected, in words.
    pub(super) note: Option<AttrValue>,
    pub(super) copied: bool,
    pub(super) send: Callback<Msg>,
}

#[component(SentenceView)]
pub(super) fn sentence_view(props: &SentenceProps) -> Html {
    let words = props.runs.iter().map(|run| {
        html! {
            <span class={run_classes(run)}>{ &run.text }</span>
        }
    });
    let send = props.send.clone();
    let save = move |event: MouseEvent| send.emit(Msg::Menu(MenuOf::Pictures, spot(&event)));
    html! {
        <section class="sentence" aria-label="Result so far">
            <p>{ for words }</p>
            if let Some(note) = &props.note {
                <p class="note" title={note}>{ note }</p>
            }
            // What the page around the widget offers now, if it does (www/site/offer.js).
            <div class="offered"><slot name="offers"></slot></div>
            <button type="button" class="quiet" aria-label="Copy result" onclick={says(&props.send, Msg::Copy)}>
                <span class="copy-word">{ if props.copied { "Copied" } else { "Copy result" } }</span>
                { icon(if props.copied { TICK } else { COPY }) }
            </button>
            <button type="button" class="round save" aria-label="Save picture" title="Save picture" aria-haspopup="menu"
                onclick={save}>{ icon(PICTURE) }</button>
        </section>
    }
}
