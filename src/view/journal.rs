//! What happened, as sentences, the newest first; only those in sight are drawn.

use super::Same;
use super::page::Msg;
use super::sheet::{close, line, says};
use crate::event::{Name, System};
use crate::stage::inspect::Line;
use crate::timeline::journal::{Filter, Kind};
use web_sys::{HtmlElement, HtmlSelectElement};
use yew::prelude::*;

/// Height of a line in CSS px, as the style sheet has it.
const LINE: i32 = 52;

/// Lines drawn at a time: more than any panel shows.
pub(super) const WINDOW: usize = 48;

/// Lines above those in sight that are drawn too.
const ABOVE: usize = 12;

/// The journal at the cursor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Journal {
    /// What it shows.
    pub(super) filter: Filter,
    /// What is shown besides kind, system and process: `No. 41`.
    pub(super) about: Option<AttrValue>,
    /// The names of processes to choose from.
    pub(super) names: Vec<Name>,
    /// How many lines there are.
    pub(super) total: usize,
    /// The first of `lines`, counted from the newest.
    pub(super) first: usize,
    pub(super) lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct JournalProps {
    pub(super) journal: Same<Journal>,
    pub(super) send: Callback<Msg>,
}

#[component(JournalView)]
pub(super) fn journal_view(props: &JournalProps) -> Html {
    let (journal, send) = (&props.journal, &props.send);
    let (list, lines) = (use_node_ref(), use_node_ref());
    {
        let (list, lines) = (list.clone(), lines.clone());
        use_effect_with((journal.first, journal.total), move |(first, total)| {
            let set = |node: &NodeRef, property: &str, rows: usize| {
                if let Some(element) = node.cast::<HtmlElement>() {
                    let px = format!("{}px", rows as i64 * i64::from(LINE));
                    let _ = element.style().set_property(property, &px);
                }
            };
            set(&list, "height", *total);
            set(&lines, "top", *first);
        });
    }
    let scroll = {
        let (send, first) = (send.clone(), journal.first);
        move |event: Event| {
            let top = event.target_dyn_into::<HtmlElement>().map_or(0, |body| body.scroll_top());
            let wanted = ((top / LINE).max(0) as usize).saturating_sub(ABOVE);
            // Only when what is drawn no longer covers what is in sight.
            if wanted.abs_diff(first) >= ABOVE / 2 {
                send.emit(Msg::Line(wanted));
            }
        }
    };
    let count = match journal.total {
        1 => "1 line".to_owned(),
        n => format!("{n} lines"),
    };
    html! {
        <section class="sheet journal" aria-label="Journal">
            <header class="sheet-head">
                <h2>{ "Journal" }</h2>
                <p class="soft">{ count }</p>
                { close(send) }
            </header>
            <div class="sieve">{ sieve(journal, send) }</div>
            <div class="sheet-body" tabindex="0" role="group" aria-label="Lines, the newest first" onscroll={scroll}>
                <div class="all" ref={&list}>
                    <ol class="lines" ref={&lines}>{ for journal.lines.iter().map(|of| line(of, send)) }</ol>
                </div>
            </div>
        </section>
    }
}

fn sieve(journal: &Journal, send: &Callback<Msg>) -> Html {
    let filter = &journal.filter;
    let mut kinds = vec![("every kind", filter.kind.is_none())];
    kinds.extend(Kind::ALL.map(|(kind, words)| (words, filter.kind == Some(kind))));
    let systems =
        [("both systems", None), ("Redis", Some(System::Redis)), ("Kafka", Some(System::Kafka))];
    let lanes: Vec<_> = systems.iter().map(|(words, of)| (*words, *of == filter.system)).collect();
    let mut nodes = vec![("every process", filter.node.is_none())];
    nodes.extend(journal.names.iter().map(|name| (&**name, filter.node.as_ref() == Some(name))));
    let change = |set: &dyn Fn(&mut Filter, usize), n: usize| {
        let mut filter = filter.clone();
        set(&mut filter, n);
        Msg::Sieve(filter)
    };
    // The first choice of each is all of them.
    let nth = |n: usize| n.checked_sub(1);
    let by_kind = (0..kinds.len())
        .map(|n| change(&|f, n| f.kind = nth(n).map(|n| Kind::ALL[n].0), n))
        .collect();
    let by_lane = (0..3).map(|n| change(&|f, n| f.system = systems[n].1, n)).collect();
    let by_node = (0..nodes.len())
        .map(|n| change(&|f, n| f.node = nth(n).and_then(|n| journal.names.get(n).cloned()), n))
        .collect();
    html! {
        <>
            { select("Kind", &kinds, by_kind, send) }
            { select("System", &lanes, by_lane, send) }
            { select("Process", &nodes, by_node, send) }
            if let Some(about) = &journal.about {
                <button type="button" class="quiet" onclick={says(send, Msg::Sieve(Filter { messages: None, ..filter.clone() }))}>
                    { about } <span aria-hidden="true">{ " \u{d7}" }</span><span class="away">{ "; show all messages" }</span>
                </button>
            }
        </>
    }
}

/// A choice that says one of `msgs`.
pub(super) fn select(
    label: &'static str,
    options: &[(&str, bool)],
    msgs: Vec<Msg>,
    send: &Callback<Msg>,
) -> Html {
    let send = send.clone();
    let change = move |event: Event| {
        let chosen =
            event.target_dyn_into::<HtmlSelectElement>().map(|select| select.selected_index());
        if let Some(msg) = chosen.and_then(|n| msgs.get(usize::try_from(n).ok()?)) {
            send.emit(msg.clone());
        }
    };
    html! {
        <select aria-label={label} title={label} onchange={change}>
            { for options.iter().map(|(words, chosen)| html! { <option selected={*chosen}>{ *words }</option> }) }
        </select>
    }
}
