//! The lesson panel: what to do, the button that does it, the question, the tasks, the result.

use super::Same;
use super::gloss::Text;
use super::icon::{CROSS, TICK, icon};
use super::listen::focus;
use super::page::Msg;
use super::sheet::says;
use crate::event::Action;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// What the panel says. Made by the page, drawn here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LessonPanel {
    pub(super) heading: AttrValue,
    pub(super) text: Vec<Words>,
    pub(super) buttons: Vec<DeedButton>,
    pub(super) question: Option<Question>,
    pub(super) tasks: Vec<TaskLine>,
    /// Said once all tasks have ticked.
    pub(super) result: Option<AttrValue>,
    /// What the lesson ends with: when its reader wants this, and claims set right.
    pub(super) ending: Vec<AttrValue>,
    /// The step shown, from 1, and how many there are.
    pub(super) step: (usize, usize),
    /// Whether the next step is open.
    pub(super) next: bool,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) words: AttrValue,
    /// What it lights on the stage.
    pub(super) term: Option<AttrValue>,
}

/// A button that gives a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DeedButton {
    pub(super) label: AttrValue,
    pub(super) deed: Action,
    /// It is done right before the reader did this last.
    pub(super) before: Option<Action>,
    /// Whether the next task waits for it.
    pub(super) awaited: bool,
    /// Why it would do nothing now.
    pub(super) refused: Option<AttrValue>,
}

/// A question before the deed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) words: AttrValue,
    pub(super) choices: Vec<AttrValue>,
    pub(super) chosen: Option<usize>,
    /// The right one, once the run has decided.
    pub(super) right: Option<usize>,
}

/// Something to bring about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TaskLine {
    pub(super) words: AttrValue,
    pub(super) done: bool,
}

/// CSS px between a conclusion and the panel's edges.
const CLEAR: f64 = 16.0;

/// So many buttons stand one below the other; more stand beside each other, and smaller.
const FEW: usize = 2;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct LessonProps {
    pub(super) panel: Same<LessonPanel>,
    /// Where the files beside the module are.
    pub(super) base: AttrValue,
    pub(super) send: Callback<Msg>,
}

#[component(LessonView)]
pub(super) fn lesson_view(props: &LessonProps) -> Html {
    let panel = &props.panel;
    let (step, steps) = panel.step;
    // On a phone the panel is a sheet: a heading and a button, the rest on a tap.
    let sheet = use_state_eq(|| false);
    // A new step is read from its top, by those who look and by those who turned the page with a key.
    let section = use_node_ref();
    {
        let section = section.clone();
        use_effect_with(step, move |_| {
            if let Some(section) = section.cast::<web_sys::Element>() {
                section.set_scroll_top(0);
                let find = |selector| section.query_selector(selector).ok().flatten();
                if find(".steps :focus").is_some() {
                    focus(find("h1"));
                }
            }
        });
    }
    // What a lesson comes to is seen when it comes, however long the panel is.
    {
        let (section, was) = (section.clone(), use_mut_ref(|| (step, true)));
        let ends = panel.result.is_some() || !panel.ending.is_empty();
        use_effect_with((step, ends), move |now| {
            let before = was.replace(*now);
            if *now == (before.0, true)
                && !before.1
                && let Some(section) = section.cast::<web_sys::Element>()
            {
                reveal(&section);
            }
        });
    }
    let turn = {
        let sheet = sheet.clone();
        move |_: MouseEvent| sheet.set(!*sheet)
    };
    let go = |to: usize| says(&props.send, Msg::ShowStep(to));
    html! {
        <section ref={section} class={classes!("lesson", sheet.then_some("open"))} aria-label="Lesson">
            <div class="say">
                if steps > 1 {
                    <p class="place soft">{ format!("Step {step} of {steps}") }</p>
                }
                <h1 tabindex="-1">{ &panel.heading }</h1>
                <button type="button" class="quiet more" aria-expanded={sheet.to_string()} onclick={turn}>
                    { if *sheet { "Less" } else { "More" } }
                </button>
                <Text panel={panel.clone()} base={&props.base} send={&props.send} />
            </div>
            <div class={classes!("do", (panel.buttons.len() > FEW).then_some("many"))}>
                { for panel.buttons.iter().map(|button| deed(button, &props.send)) }
            </div>
            if let Some(question) = &panel.question {
                { ask(question, &props.send) }
            }
            if !panel.tasks.is_empty() {
                <ul class="tasks" aria-label="Tasks">
                    { for panel.tasks.iter().map(task) }
                </ul>
            }
            if let Some(result) = &panel.result {
                <p class="result end">{ coded(result) }</p>
            }
            { for panel.ending.iter().map(|words| html! { <p class="text soft end">{ coded(words) }</p> }) }
            if steps > 1 {
                <div class="steps">
                    <button type="button" class="quiet" disabled={step == 1} onclick={go(step.saturating_sub(2))}>{ "Back" }</button>
                    <button type="button" class={classes!("quiet", panel.next.then_some("ready"))}
                        disabled={step == steps} onclick={go(step)}>{ "Next" }</button>
                </div>
            }
        </section>
    }
}

/// Scrolls a panel until its conclusion is in sight: its end if it all fits, its beginning else.
fn reveal(section: &web_sys::Element) {
    let Ok(ends) = section.query_selector_all(".end") else { return };
    let end = |n: u32| {
        Some(ends.item(n)?.dyn_into::<web_sys::Element>().ok()?.get_bounding_client_rect())
    };
    let (Some(first), Some(last)) = (end(0), end(ends.length().saturating_sub(1))) else { return };
    // A closed sheet shows none of it.
    if last.height() <= 0.0 {
        return;
    }
    let panel = section.get_bounding_client_rect();
    let foot = section.query_selector(".steps").ok().flatten();
    let foot = foot.map_or(0.0, |foot| foot.get_bounding_client_rect().height());
    let below = last.bottom() - (panel.bottom() - foot - CLEAR);
    let above = first.top() - (panel.top() + CLEAR);
    section.set_scroll_top(section.scroll_top() + below.min(above).max(0.0) as i32);
}

/// Words in which what stands between backticks is a name or a setting.
pub(super) fn coded(words: &str) -> Html {
    let parts = words.split('`').enumerate().map(|(index, part)| match index % 2 {
        0 => html! { { part } },
        _ => html! { <code>{ part }</code> },
    });
    parts.collect()
}

fn deed(button: &DeedButton, send: &Callback<Msg>) -> Html {
    let msg = match &button.before {
        Some(before) => Msg::ActBefore(before.clone(), button.deed.clone()),
        None => Msg::Act(button.deed.clone()),
    };
    html! {
        <button type="button" class={classes!("act", button.awaited.then_some("next"))} disabled={button.refused.is_some()} title={button.refused.clone()}
            onclick={says(send, msg)}>{ coded(&button.label) }</button>
    }
}

fn ask(question: &Question, send: &Callback<Msg>) -> Html {
    let decided = question.right.is_some();
    let choices = question.choices.iter().enumerate().map(|(index, words)| {
        let send = send.clone();
        let chosen = question.chosen == Some(index);
        let right = question.right == Some(index);
        let wrong = decided && chosen && !right;
        html! {
            <label class={classes!("choice", chosen.then_some("chosen"), right.then_some("right"))}>
                <input type="radio" name="prediction" class="away" checked={chosen} disabled={decided}
                    onchange={move |_| send.emit(Msg::Choose(index))} />
                <span>{ coded(words) }</span>
                if right {
                    <span class="mark fine" role="img" aria-label="right">{ icon(TICK) }</span>
                } else if wrong {
                    <span class="mark redis" role="img" aria-label="not so">{ icon(CROSS) }</span>
                }
            </label>
        }
    });
    html! {
        <fieldset class="ask">
            <legend>{ coded(&question.words) }</legend>
            <div class="choices">{ for choices }</div>
        </fieldset>
    }
}

fn task(task: &TaskLine) -> Html {
    html! {
        <li class={task.done.then_some("done")}>
            <span class="tick" role="img" aria-label={if task.done { "done" } else { "open" }}>{ icon(TICK) }</span>
            <span>{ coded(&task.words) }</span>
        </li>
    }
}
