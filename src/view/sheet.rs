//! A panel of what is known: rows, tables, small charts and sentences, as lower layers made them.

use super::Same;
use super::icon::{CROSS, icon};
use super::page::Msg;
use super::stage::px;
use crate::stage::inspect::{Block, Cell, Chart, Go, Line, Sheet, Table, Tools};
use crate::timeline::clock::clock;
use std::fmt::Write;
use yew::prelude::*;

/// Size of a chart in units of its own.
const CHART: (f32, f32) = (280.0, 56.0);

#[derive(Clone, PartialEq, Properties)]
pub(super) struct SheetProps {
    pub(super) sheet: Same<Sheet>,
    /// Where it stands: `inspector`, `tables`.
    pub(super) class: &'static str,
    pub(super) send: Callback<Msg>,
}

#[component(SheetView)]
pub(super) fn sheet_view(props: &SheetProps) -> Html {
    let (sheet, send) = (&props.sheet, &props.send);
    html! {
        <section class={classes!("sheet", props.class)} aria-label={format!("{}: {}", sheet.kind, sheet.title)}>
            <header class="sheet-head">
                <h2>{ &sheet.title }</h2>
                <p class="soft">{ &sheet.kind }</p>
                { close(send) }
            </header>
            <div class="sheet-body" tabindex="0" role="group" aria-label={sheet.title.clone()}>
                if !sheet.questions.is_empty() {
                    <p class="questions">{ for sheet.questions.iter().map(|(words, why)| html! {
                        <button type="button" class="query" onclick={says(send, Msg::Why(*why))}>{ words }</button>
                    }) }</p>
                }
                { for sheet.blocks.iter().map(|block| draw(block, send)) }
            </div>
        </section>
    }
}

/// The button that closes a panel.
pub(super) fn close(send: &Callback<Msg>) -> Html {
    html! {
        <button type="button" class="round" aria-label="Close" title="Close (Esc)"
            onclick={says(send, Msg::Open(None))}>{ icon(CROSS) }</button>
    }
}

/// A click that says this.
pub(super) fn says(send: &Callback<Msg>, msg: Msg) -> Callback<MouseEvent> {
    let send = send.clone();
    Callback::from(move |_| send.emit(msg.clone()))
}

fn draw(block: &Block, send: &Callback<Msg>) -> Html {
    match block {
        Block::Heading(words) => html! { <h3>{ words }</h3> },
        Block::Words(words) => html! { <p class="soft">{ words }</p> },
        Block::Rows(rows) => html! {
            <dl>{ for rows.iter().map(|(label, value)| html! {
                <div><dt>{ label }</dt><dd>{ cell(value, send) }</dd></div>
            }) }</dl>
        },
        Block::Table(of) => table(of, send),
        Block::Chart(of) => chart(of),
        Block::Command(line) => html! { <h3><code>{ line }</code></h3> },
        Block::Tools(of) => tools(of, send),
        Block::Lines(lines) => html! {
            <ol class="lines">{ for lines.iter().map(|of| line(of, send)) }</ol>
        },
    }
}

/// What the systems' own tools print, behind a button that opens it.
fn tools(tools: &Tools, send: &Callback<Msg>) -> Html {
    let open = tools.printed.is_some();
    html! {
        <div class={classes!("tools-print", open.then_some("open"))}>
            <button type="button" class="fold-button" aria-expanded={open.to_string()} onclick={says(send, Msg::Tools)}>
                { format!("As {} print{} it", tools.name, if tools.name.ends_with('s') { "" } else { "s" }) }
            </button>
            { for tools.printed.iter().flatten().map(|block| draw(block, send)) }
        </div>
    }
}

fn cell(cell: &Cell, send: &Callback<Msg>) -> Html {
    let msg = match &cell.go {
        None => return html! { <span class={cell.class}>{ &cell.text }</span> },
        Some(Go::To(target)) => Msg::Show(target.clone()),
        Some(Go::At(t)) => Msg::Seek(*t),
        Some(Go::Why(why)) => Msg::Why(*why),
        Some(Go::Over(branch)) => Msg::Switch(*branch),
    };
    html! {
        <button type="button" class={classes!("link", cell.class)} onclick={says(send, msg)}>{ &cell.text }</button>
    }
}

fn table(table: &Table, send: &Callback<Msg>) -> Html {
    // Numbers stand at the right, so that their digits do.
    let number = |cell: &Cell| cell.text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let numeric = |n: usize| table.rows.iter().all(|row| row.get(n).is_none_or(number));
    let class: Vec<_> =
        (0..table.columns.len()).map(|n| (n > 0 && numeric(n)).then_some("number")).collect();
    let row = |cells: &Vec<Cell>| {
        let cells = cells.iter().zip(&class).enumerate().map(|(n, (value, class))| {
            let value = cell(value, send);
            if n == 0 {
                html! { <th scope="row">{ value }</th> }
            } else {
                html! { <td class={*class}>{ value }</td> }
            }
        });
        html! { <tr>{ for cells }</tr> }
    };
    let heads = table.columns.iter().zip(&class);
    let label =
        Some(table.caption.as_str()).filter(|it| !it.is_empty()).unwrap_or("what it prints");
    let label = label.to_owned();
    html! {
        <div class="table" role="group" tabindex="0" aria-label={label}>
            <table>
                if !table.caption.is_empty() { <caption>{ &table.caption }</caption> }
                <thead><tr>{ for heads.map(|(name, class)| html! { <th scope="col" class={*class}>{ *name }</th> }) }</tr></thead>
                <tbody>{ for table.rows.iter().map(row) }</tbody>
            </table>
        </div>
    }
}

/// A line of the journal, or of a biography; clicking its clock goes there.
pub(super) fn line(line: &Line, send: &Callback<Msg>) -> Html {
    html! {
        <li>
            <button type="button" class="when" onclick={says(send, Msg::Seek(line.at))}>{ clock(line.at) }</button>
            <span class={line.class}>{ &line.text }</span>
            if let Some(why) = line.why {
                <button type="button" class="link why" onclick={says(send, Msg::Why(why))}>{ "Why?" }</button>
            }
        </li>
    }
}

fn chart(chart: &Chart) -> Html {
    let (wide, high) = CHART;
    let (x, y) = (|at: f32| px(at * wide), |at: f32| px((1.0 - at) * (high - 4.0) + 2.0));
    let series = chart.series.iter().map(|series| {
        let mut d = String::new();
        for (at, height) in &series.points {
            let step = if d.is_empty() { "M" } else { "L" };
            let _ = write!(d, "{step}{} {}", x(*at), y(*height));
        }
        html! { <path class={classes!("series", series.class)} d={d} /> }
    });
    // Words stand outside the stretched picture, at their height in per cent.
    let levels = chart.limits.iter().map(|limit| {
        html! { <path class="limit" d={format!("M0 {}H{wide}", y(limit.at))} /> }
    });
    let labels = chart.limits.iter().map(|limit| {
        let at = ((1.0 - limit.at) * 100.0).clamp(0.0, 84.0);
        html! { <text x="100%" dx="-4" y={format!("{at:.1}%")} dy="12" text-anchor="end">{ &limit.label }</text> }
    });
    html! {
        <figure class="chart">
            <figcaption>{ &chart.title }</figcaption>
            <svg role="img" aria-label={chart.words.clone()}>
                <svg viewBox={format!("0 0 {wide} {high}")} preserveAspectRatio="none">
                    { for levels }
                    { for series.rev() }
                </svg>
                <text x="4" y="12">{ &chart.top }</text>
                <text x="4" y="100%" dy="-4">{ "0" }</text>
                { for labels }
            </svg>
            <p class="ends" aria-hidden="true"><span>{ &chart.from }</span><span>{ "now" }</span></p>
            <ul aria-hidden="true">
                { for chart.series.iter().map(|series| html! {
                    <li><svg viewBox="0 0 18 8"><path class={classes!("series", series.class)} d="M0 4H18" /></svg>{ &series.label }</li>
                }) }
            </ul>
        </figure>
    }
}
