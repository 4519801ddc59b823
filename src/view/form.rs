//! A small form at a point of the page, with labelled fields; what is wrong stands beside the field.

use super::Same;
use super::menu::{Behind, place};
use super::page::Msg;
use super::sheet::says;
use crate::stage::inspect::{Entry, Field, Form, Kind};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// A form on the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FormModel {
    pub(super) form: Form,
    /// What was wrong with the last entries.
    pub(super) wrong: Option<Entry>,
    /// Where it opens, in CSS px from the widget's upper left corner.
    pub(super) at: (f32, f32),
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct FormProps {
    pub(super) model: Same<FormModel>,
    pub(super) send: Callback<Msg>,
}

#[component(FormView)]
pub(super) fn form_view(props: &FormProps) -> Html {
    let node = use_node_ref();
    let model = &props.model;
    {
        let (node, at) = (node.clone(), model.at);
        let wrong = model.wrong.clone();
        use_effect_with(wrong, move |wrong| {
            let wanted = if wrong.is_some() { "[aria-invalid]" } else { "input:enabled, select" };
            place(&node, at, wanted);
        });
    }
    let submit = {
        let (node, send) = (node.clone(), props.send.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            send.emit(Msg::Submit(entries(&node)));
        }
    };
    let all = &model.form.fields;
    let fields = all.iter().enumerate().map(|(n, field)| {
        let wrong = model.wrong.as_ref().filter(|wrong| wrong.field == n);
        // Once above all that cannot be changed for the same reason.
        let before = n.checked_sub(1).and_then(|before| all[before].fixed);
        let reason = field.fixed.filter(|reason| before != Some(*reason));
        html! {
            <>
                if let Some(reason) = reason { <p class="fixed">{ reason }</p> }
                { ask(n, field, wrong.map(|wrong| wrong.wrong.as_str())) }
            </>
        }
    });
    html! {
        <>
            <Behind send={&props.send} />
            <form class="form pop" role="dialog" aria-label={model.form.title.clone()} ref={&node} onsubmit={submit}>
                <h2>{ &model.form.title }</h2>
                <div class="fields">{ for fields }</div>
                <div class="ends">
                    <button type="button" class="quiet" onclick={says(&props.send, Msg::CloseMenu)}>{ "Cancel" }</button>
                    <button type="submit" class="act">{ "Do it" }</button>
                </div>
            </form>
        </>
    }
}

fn ask(n: usize, field: &Field, wrong: Option<&str>) -> Html {
    let (id, hint) = (format!("field-{n}"), format!("wrong-{n}"));
    let invalid = wrong.is_some().then_some("true");
    let described = wrong.is_some().then(|| hint.clone());
    let setting = matches!(field.kind, Kind::Setting);
    let named = setting || field.label.contains('.');
    let input = match &field.kind {
        Kind::Choice(all) => html! {
            <select id={id.clone()} aria-invalid={invalid} aria-describedby={described}>
                { for all.iter().map(|word| html! { <option selected={*word == field.value}>{ word }</option> }) }
            </select>
        },
        Kind::Text | Kind::Number(_) | Kind::Setting => {
            let mode = matches!(field.kind, Kind::Number(_)).then_some("decimal");
            html! {
                <input id={id.clone()} type="text" autocomplete="off" spellcheck="false" inputmode={mode}
                    value={field.value.clone()} placeholder={setting.then_some("default")}
                    disabled={field.fixed.is_some()} title={field.fixed}
                    aria-invalid={invalid} aria-describedby={described} />
            }
        }
    };
    html! {
        <div class="field">
            <label for={id} class={named.then_some("mono")}>{ field.label.clone() }</label>
            <span class="entry">
                { input }
                if let Kind::Number(unit) = field.kind {
                    if !unit.is_empty() { <span class="soft">{ unit }</span> }
                }
            </span>
            if let Some(wrong) = wrong {
                <p class="wrong" id={hint} role="alert">{ wrong }</p>
            }
        </div>
    }
}

/// What stands in the fields, in their order.
fn entries(node: &NodeRef) -> Vec<String> {
    let Some(found) =
        node.cast::<Element>().and_then(|form| form.query_selector_all("input, select").ok())
    else {
        return Vec::new();
    };
    let value = |n| {
        let field = found.item(n)?;
        let input = field.dyn_ref::<HtmlInputElement>().map(HtmlInputElement::value);
        input.or_else(|| field.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value))
    };
    (0..found.length()).map(|n| value(n).unwrap_or_default()).collect()
}
