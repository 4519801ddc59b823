//! What lies over the stage for hands and keys: where nodes can be added, how often a producer
//! sends, the menu of what is selected, and, while time stands still, the messages one by one.

use super::Same;
use super::page::{MenuOf, Msg, Place};
use super::stage::px;
use super::watch::presses;
use crate::event::{Action, Name};
use crate::stage::inspect::{Form, Spot};
use crate::stage::{Rect, Target};
use yew::prelude::*;

/// The layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Over {
    /// Where nodes can be added.
    pub(super) adders: Vec<Spot<Form>>,
    /// Producers with their rates.
    pub(super) rates: Vec<Rate>,
    /// What is selected, at the place of the button that opens its commands.
    pub(super) chosen: Option<Spot<Target>>,
    /// Messages that can be pointed at.
    pub(super) spots: Vec<Spot<Target>>,
    /// Of the stage.
    pub(super) size: (f32, f32),
}

/// A producer's rate, to be changed where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) producer: Name,
    /// As people say it.
    pub(super) words: String,
    /// Of the control.
    pub(super) area: Rect,
    /// One step less, in messages in a thousand seconds; none at rest.
    pub(super) less: Option<u32>,
    /// One step more.
    pub(super) more: Option<u32>,
    /// The form for any other number.
    pub(super) form: Form,
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct OverProps {
    pub(super) over: Same<Over>,
    pub(super) send: Callback<Msg>,
}

#[component(OverView)]
pub(super) fn over_view(props: &OverProps) -> Html {
    let (over, send) = (&props.over, &props.send);
    let (w, h) = (px(over.size.0), px(over.size.1));
    html! {
        <svg class="shapes over" role="group" aria-label="Tools" width={w.clone()} height={h.clone()} viewBox={format!("0 0 {w} {h}")}>
            <g role="group" aria-label="Messages">
                { for over.spots.iter().map(|spot| message(spot, send)) }
            </g>
            <g class="tools">
                { for over.adders.iter().map(|adder| add(adder, send)) }
                { for over.rates.iter().map(|of| rate(of, send)) }
            </g>
            if let Some(chosen) = &over.chosen {
                { more(chosen, send) }
            }
        </svg>
    }
}

/// A button drawn on the layer.
fn button(
    name: &str,
    area: Rect,
    class: &'static str,
    text: &str,
    say: Option<Msg>,
    send: &Callback<Msg>,
) -> Html {
    let off = say.is_none().then_some("true");
    let act = move |send: &Callback<Msg>| {
        if let Some(msg) = &say {
            send.emit(msg.clone());
        }
    };
    let (click, press) = ((act.clone(), send.clone()), (act, send.clone()));
    let click = move |event: MouseEvent| {
        event.stop_propagation();
        click.0(&click.1);
    };
    let press = move |event: KeyboardEvent| {
        if presses(&event) {
            event.prevent_default();
            event.stop_propagation();
            press.0(&press.1);
        }
    };
    html! {
        <g role="button" tabindex="-1" class={classes!("tool", class)} aria-label={name.to_owned()} aria-disabled={off}
            onclick={click} onkeydown={press}>
            <rect x={px(area.x)} y={px(area.y)} width={px(area.w)} height={px(area.h)} rx={px(area.h.min(26.0) / 2.0)} />
            <text x={px(area.centre())} y={px(area.middle() + 4.0)} font-size="12" text-anchor="middle">{ text.to_owned() }</text>
        </g>
    }
}

/// A point of the stage for a popover that belongs to this place.
fn below(area: Rect) -> Place {
    Place::Stage(area.x, area.bottom() + 6.0)
}

fn add(adder: &Spot<Form>, send: &Callback<Msg>) -> Html {
    let say = Msg::Ask(Box::new(adder.what.clone()), below(adder.area));
    button(&adder.what.title, adder.area, "add", &adder.name, Some(say), send)
}

fn rate(rate: &Rate, send: &Callback<Msg>) -> Html {
    let set = |to: Option<u32>| {
        let producer = rate.producer.clone();
        to.map(|per_kilosecond| Msg::Act(Action::SetRate { producer, per_kilosecond }))
    };
    let Rect { x, y, w, h: side } = rate.area;
    let (left, right) = (x, rate.area.right() - side);
    let middle = Rect::new(left + side + 2.0, y, w - 2.0 * side - 4.0, side);
    let name = &rate.producer;
    let ask = Msg::Ask(Box::new(rate.form.clone()), below(middle));
    html! {
        <>
            { button(&format!("{name}: send less"), Rect::new(left, y, side, side), "rate", "\u{2212}", set(rate.less), send) }
            { button(&format!("{name}: {}; change", rate.words), middle, "rate", &rate.words, Some(ask), send) }
            { button(&format!("{name}: send more"), Rect::new(right, y, side, side), "rate", "+", set(rate.more), send) }
        </>
    }
}

fn more(chosen: &Spot<Target>, send: &Callback<Msg>) -> Html {
    let say = Msg::Menu(MenuOf::Thing(chosen.what.clone()), below(chosen.area));
    button("Commands", chosen.area, "more", "\u{22ef}", Some(say), send)
}

fn message(spot: &Spot<Target>, send: &Callback<Msg>) -> Html {
    let (target, send) = (spot.what.clone(), send.clone());
    let menu = (spot.what.clone(), send.clone(), below(spot.area));
    let press = move |event: KeyboardEvent| {
        let msg = match event.key().as_str() {
            "Enter" | " " if presses(&event) => Msg::Show(target.clone()),
            "m" | "M" | "ContextMenu" => Msg::Menu(MenuOf::Thing(menu.0.clone()), menu.2),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        send.emit(msg);
    };
    let area = spot.area;
    html! {
        <rect role="button" tabindex="-1" class="spot" aria-label={spot.name.clone()} onkeydown={press}
            x={px(area.x)} y={px(area.y)} width={px(area.w)} height={px(area.h)} rx="6" />
    }
}
