//! A menu at a point of the page: the commands that apply, greyed with the reason where one would
//! do nothing.

use super::page::Msg;
use super::sheet::says;
use super::{Same, listen};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};
use yew::prelude::*;

/// A menu.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MenuModel {
    /// What it is about.
    pub(super) title: AttrValue,
    /// Its lines.
    pub(super) items: Vec<MenuLine>,
    /// Where it opens, in CSS px from the widget's upper left corner.
    pub(super) at: (f32, f32),
}

/// A line of a menu.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct MenuLine {
    pub(super) label: AttrValue,
    pub(super) says: Msg,
    /// Why it would do nothing.
    pub(super) refused: Option<AttrValue>,
    /// Whether it begins a group of lines.
    pub(super) apart: bool,
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct MenuProps {
    pub(super) menu: Same<MenuModel>,
    pub(super) send: Callback<Msg>,
}

#[component(MenuView)]
pub(super) fn menu_view(props: &MenuProps) -> Html {
    let node = use_node_ref();
    let opened = props.menu.clone();
    {
        let node = node.clone();
        use_effect_with(opened, move |menu| place(&node, menu.at, "[role=menuitem]"));
    }
    let keys = {
        let (node, send) = (node.clone(), props.send.clone());
        move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowDown" => Some(1),
                "ArrowUp" => Some(-1),
                "Home" => Some(i32::MIN),
                "End" => Some(i32::MAX),
                "Tab" => None,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            match step {
                Some(step) => walk(&node, step),
                None => send.emit(Msg::CloseMenu),
            }
        }
    };
    let items = props.menu.items.iter().map(|item| {
        let refused = item.refused.is_some();
        let go = if refused { Callback::noop() } else { says(&props.send, item.says.clone()) };
        html! {
            <>
                if item.apart {
                    <hr />
                }
                <button type="button" role="menuitem" tabindex="-1" aria-disabled={refused.then_some("true")} onclick={go}>
                    { &item.label }
                    if let Some(reason) = &item.refused {
                        <small>{ reason }</small>
                    }
                </button>
            </>
        }
    });
    html! {
        <>
            <Behind send={&props.send} />
            <div class="menu pop" role="menu" aria-label={props.menu.title.clone()} ref={&node} onkeydown={keys}>
                <p aria-hidden="true">{ &props.menu.title }</p>
                { for items }
            </div>
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct BehindProps {
    pub(super) send: Callback<Msg>,
}

/// All of the page behind a popover: a click there closes it. The end of the long touch that
/// opened it is no click there.
#[component(Behind)]
pub(super) fn behind(props: &BehindProps) -> Html {
    let began = use_mut_ref(|| false);
    let (down, send) = (began.clone(), props.send.clone());
    let click = move |_| {
        if began.replace(false) {
            send.emit(Msg::CloseMenu);
        }
    };
    html! { <div class="behind" onpointerdown={move |_| *down.borrow_mut() = true} onclick={click}></div> }
}

/// Puts a popover where it was asked for, inside the widget, and the focus on its first `wanted`.
pub(super) fn place(node: &NodeRef, (x, y): (f32, f32), wanted: &str) {
    let Some(element) = node.cast::<HtmlElement>() else { return };
    if let Some(root) = element.closest(".push-pull").ok().flatten() {
        let inside = |at: f32, size: i32, room: i32| at.min((room - size - 8) as f32).max(8.0);
        let x = inside(x, element.offset_width(), root.client_width());
        let y = inside(y, element.offset_height(), root.client_height());
        let style = element.style();
        let _ = style.set_property("left", &format!("{x}px"));
        let _ = style.set_property("top", &format!("{y}px"));
    }
    listen::focus(element.query_selector(wanted).ok().flatten());
}

fn walk(node: &NodeRef, step: i32) {
    let Some(menu) = node.cast::<Element>() else { return };
    let Ok(items) = menu.query_selector_all("[role=menuitem]") else { return };
    let root = menu.get_root_node();
    let has_focus =
        root.dyn_ref::<web_sys::ShadowRoot>().and_then(web_sys::ShadowRoot::active_element);
    let count = items.length() as i32;
    let item = |n: i32| items.item(n as u32).and_then(|item| item.dyn_into::<Element>().ok());
    let here = (0..count).find(|n| item(*n) == has_focus);
    let to = match step {
        i32::MIN => 0,
        i32::MAX => count - 1,
        step => (here.unwrap_or(-step.min(0)) + step).rem_euclid(count.max(1)),
    };
    listen::focus(item(to));
}
