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
    let asked = use_mut_ref(|| false);
    let open = use_state_eq(|| None::<AttrValue>);
    {
        let open = open.clone();
        use_effect_with(props.panel.step, move |_| open.set(None));
    }
    let turn = {
        let (known, open, base) = (known.clone(), open.clone(), props.base.clone());
        Callback::from(move |term: AttrValue| {
            open.set(Some(term).filter(|term| open.as_ref() != Some(term)));
            if std::mem::replace(&mut *asked.borrow_mut(), true) {
                return;
            }
            let (known, asked) = (known.clone(), Rc::clone(&asked));
            let address = format!("{base}course/glossary.json");
            spawn_local(async move {
                let terms = fetch::text(&address).await.ok().and_then(|text| glossary(&text).ok());
                // Without a glossary a term still lights what it stands for; the next click asks
                // again.
                *asked.borrow_mut() = terms.is_some();
                if let Some(terms) = terms {
                    known.set(Some(Rc::new(terms)));
                }
            });
        })
    };
    let means = |term: &str| {
        let term = term.to_lowercase();
        known.as_ref()?.iter().find(|known| known.term.to_lowercase() == term).cloned()
    };
    let told = open.as_ref().and_then(|term| means(term));
    let shown = told.as_ref().and(open.as_ref());
    let pieces = props.panel.text.iter().map(|words| piece(words, shown, &turn, &props.send));
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
            onfocus={move |_| focus()} onblur={move |_| blur()} onclick={click}>{ &piece.words }</button>
    }
}
