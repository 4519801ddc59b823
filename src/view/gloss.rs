//! A lesson's text. A marked term lights what it stands for, and opens what the glossary says of it.

use super::lesson::{LessonPanel, Words, coded};
use super::page::Msg;
use super::{Same, fetch};
use crate::lesson::{Term, glossary};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct TextProps {
    pub(super) panel: Same<LessonPanel>,
    /// Where the files beside the module are.
    pub(super) base: AttrValue,
    pub(super) send: Callback<Msg>,
}

#[component(Text)]
pub(super) fn text(props: &TextProps) -> Html {
    let known = use_state(|| None::<Rc<Vec<Term>>>);
    let open = use_state_eq(|| None::<AttrValue>);
    {
        let open = open.clone();
        use_effect_with(props.panel.step, move |_| open.set(None));
    }
    let marked = props.panel.text.iter().any(|words| words.term.is_some());
    {
        let (known, base) = (known.clone(), props.base.clone());
        // Without a glossary a term still lights what it stands for; the next step asks again.
        use_effect_with((marked && known.is_none(), props.panel.step), move |(wanted, _)| {
            if *wanted {
                spawn_local(async move {
                    let text = fetch::text(&format!("{base}course/glossary.json")).await.ok();
                    if let Some(terms) = text.and_then(|text| glossary(&text).ok()) {
                        known.set(Some(Rc::new(terms)));
                    }
                });
            }
        });
    }
    let turn = {
        let open = open.clone();
        Callback::from(move |term: AttrValue| {
            open.set(Some(term).filter(|term| open.as_ref() != Some(term)));
        })
    };
    let means = |term: &str| -> Option<Term> {
        let term = term.to_lowercase();
        known.as_ref()?.iter().find(|known| known.term.to_lowercase() == term).cloned()
    };
    let told = open.as_ref().and_then(|term| means(term));
    let shown = told.as_ref().and(open.as_ref());
    let pieces = props.panel.text.iter().map(|words| {
        let sign = words.term.as_deref().and_then(means).and_then(|term| glyph(&term.glyph));
        piece(words, sign, shown, &turn, &props.send)
    });
    html! {
        <>
            <p class="text">{ for pieces }</p>
            if let Some(told) = &told {
                <div class="text gloss" id="gloss" role="note" aria-label={told.term.clone()}>
                    <p><strong>{ &told.term }</strong>{ ": " }{ &told.text }</p>
                    <p class="soft">{ &told.page }</p>
                </div>
            }
        </>
    }
}

fn piece(
    piece: &Words,
    sign: Option<Html>,
    shown: Option<&AttrValue>,
    turn: &Callback<AttrValue>,
    send: &Callback<Msg>,
) -> Html {
    let Some(term) = piece.term.clone() else {
        return coded(&piece.words);
    };
    let light = |term: Option<AttrValue>| {
        let send = send.clone();
        move || send.emit(Msg::Light(term.clone()))
    };
    let expanded = shown == Some(&term);
    let click = {
        let (touch, turn, term) = (light(Some(term.clone())), turn.clone(), term.clone());
        move |_: MouseEvent| {
            touch();
            turn.emit(term.clone());
        }
    };
    let (enter, focus) = (light(Some(term.clone())), light(Some(term)));
    let (leave, blur) = (light(None), light(None));
    html! {
        <button type="button" class="term" aria-expanded={expanded.to_string()} aria-controls={expanded.then_some("gloss")}
            onpointerenter={move |_| enter()} onpointerleave={move |_| leave()}
            onfocus={move |_| focus()} onblur={move |_| blur()} onclick={click}>{ sign }{ &piece.words }</button>
    }
}

/// The glyph of the thing in the picture, in the classes of the stage.
fn glyph(name: &str) -> Option<Html> {
    let shape = match name {
        "flag" => html! { <path class="ink" d="M3 1h10v6H4.5v8H3z" /> },
        "cell" => {
            html! { <><rect class="pit" x="1" y="1" width="14" height="14" rx="3" /><circle class="dot" cx="8" cy="8" r="4" /></> }
        }
        "cell-next" => {
            html! { <rect class="dash" x="1.5" y="1.5" width="13" height="13" rx="3" /> }
        }
        "cell-parked" => {
            html! { <rect class="park" x="1.5" y="1.5" width="13" height="13" rx="3" /> }
        }
        "track" => html! { <path class="pit" d="M0 4h7v8H0zM9 4h7v8H9zM18 4h7v8h-7z" /> },
        "segment-open" => {
            html! { <rect class="pull" x="1" y="5" width="14" height="6" rx="1.5" /> }
        }
        "pending" => {
            html! { <><circle class="dot" cx="8" cy="8" r="3.5" /><circle class="park" cx="8" cy="8" r="6.5" /></> }
        }
        "group" => html! { <rect class="dash" x="1" y="3" width="14" height="10" rx="3" /> },
        "waiting-bar" => html! { <path class="wait" d="M1 6.5h14v3H1z" /> },
        "well" => html! { <rect class="pit" x="0" y="4" width="16" height="8" rx="4" /> },
        "box" => {
            html! { <><rect class="pit" x="0" y="5" width="16" height="6" rx="3" /><rect class="wait" x="0" y="5" width="9" height="6" rx="3" /></> }
        }
        "chip" => html! { <rect class="pull" x="2" y="2" width="12" height="12" rx="3" /> },
        "token" => html! { <circle class="dot" cx="8" cy="8" r="6" /> },
        _ => return None,
    };
    let wide = if name == "track" { "0 0 25 16" } else { "0 0 16 16" };
    Some(html! { <svg class="glyph" viewBox={wide} aria-hidden="true">{ shape }</svg> })
}
