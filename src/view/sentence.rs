//! The sentence that the run has earned so far, and the button that copies it.

use super::Same;
use super::icon::{COPY, TICK, icon};
use super::stage::run_classes;
use crate::stage::Run;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct SentenceProps {
    pub(super) runs: Same<Vec<Run>>,
    /// What is selected, in words.
    pub(super) note: Option<AttrValue>,
    pub(super) copied: bool,
    pub(super) on_copy: Callback<MouseEvent>,
}

#[component(SentenceView)]
pub(super) fn sentence_view(props: &SentenceProps) -> Html {
    let words = props.runs.iter().map(|run| {
        html! {
            <span class={run_classes(run)}>{ &run.text }</span>
        }
    });
    html! {
        <section class="sentence" aria-label="Result so far">
            <p>{ for words }</p>
            if let Some(note) = &props.note {
                <p class="note" title={note}>{ note }</p>
            }
            <button type="button" class="quiet" aria-label="Copy result" onclick={&props.on_copy}>
                <span class="copy-word">{ if props.copied { "Copied" } else { "Copy result" } }</span>
                { icon(if props.copied { TICK } else { COPY }) }
            </button>
        </section>
    }
}
