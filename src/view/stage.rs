//! Draws a picture's fixed shapes as SVG that can be focused, named and styled. The tokens above
//! them are the canvas's.

use super::{Same, plain};
use crate::stage::{Anchor, Mark, Role, Run, Shape};
use yew::prelude::*;

/// Px between the flow and the strip.
const DOCK_GAP: f32 = 8.0;

/// The shapes of a picture. Shapes that did not change are the same `Rc` as before.
#[derive(Clone, PartialEq, Properties)]
pub(super) struct StageProps {
    /// In painting order.
    pub(super) shapes: Same<Vec<Same<Shape>>>,
    /// The strip at the lower edge of a phone's stage.
    pub(super) dock: Option<Same<Shape>>,
    /// Width in CSS px.
    pub(super) width: f32,
    /// Height in CSS px.
    pub(super) height: f32,
    /// The shape that Tab comes to; arrows go on from there.
    pub(super) rove: AttrValue,
}

/// All shapes, one SVG px to one CSS px.
#[component(StageView)]
pub(super) fn stage_view(props: &StageProps) -> Html {
    let shapes = props.shapes.iter().map(|shape| {
        html! { <ShapeView key={&*shape.id} shape={shape.clone()} stop={*shape.id == *props.rove} /> }
    });
    // The other lane's strip on a phone stays in sight while the flow scrolls.
    let top = props.dock.as_ref().map_or(props.height, |dock| dock.area.y - DOCK_GAP);
    let dock = props.dock.as_ref().map(|dock| {
        let (width, height) = (px(props.width), px(props.height - top));
        html! {
            <svg class="shapes dock" role="group" aria-label="The other lane"
                width={width.clone()} height={height.clone()}
                viewBox={format!("0 {} {width} {height}", px(top))}>
                <ShapeView shape={dock.clone()} stop=true />
            </svg>
        }
    });
    let (width, height) = (px(props.width), px(top));
    html! {
        <>
            <svg class="shapes" role="group" aria-label="Stage" width={width.clone()}
                height={height.clone()} viewBox={format!("0 0 {width} {height}")}>
                { for shapes }
            </svg>
            { dock }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ShapeProps {
    shape: Same<Shape>,
    /// Whether Tab comes to it.
    stop: bool,
}

#[component(ShapeView)]
fn shape_view(props: &ShapeProps) -> Html {
    let shape = &props.shape;
    let marks = shape.marks.iter().map(mark);
    // What is written on a thing belongs to its name; what is written in it does not, and no bare
    // number does: it may stand in the name by chance.
    let named = |mark: &&Mark| match mark {
        Mark::Text { runs, .. } => {
            let words = plain(runs);
            shape.name.contains(&*words) && !words.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => true,
    };
    if shape.role == Role::Decoration && shape.target.is_none() {
        return html! { <g aria-hidden="true">{ for marks }</g> };
    }
    let tab = match shape.role {
        Role::Button | Role::Choice { .. } => Some(if props.stop { "0" } else { "-1" }),
        // A switch is worth a stop of its own: it is what the lesson asks to turn.
        Role::Switch { .. } => Some("0"),
        _ => None,
    };
    let hit = if shape.is_wire() { wire(shape) } else { area(shape) };
    let checked = match shape.role {
        Role::Switch { on } | Role::Choice { on } => Some(if on { "true" } else { "false" }),
        _ => None,
    };
    // A number that changes ten times a second must not be read out each time; the page's own
    // live region says what matters.
    let live = (shape.role == Role::Status).then_some("off");
    let role = shape.role.attribute();
    let pressed = (shape.role == Role::Button).then(|| shape.selected.to_string());
    html! {
        <>
        <g id={shape.id.to_string()} role={role} aria-label={role.map(|_| shape.name.clone())}
            aria-hidden={role.is_none().then_some("true")} aria-live={live}
            aria-checked={checked} aria-pressed={pressed}
            tabindex={tab}
            class={classes!("shape", shape.target.is_some().then_some("pick"),
                shape.selected.then_some("chosen"))}>
            { for shape.marks.iter().filter(named).map(mark) }
            { hit }
        </g>
        <g aria-hidden="true" class="aside">
            { for shape.marks.iter().filter(|mark| !named(mark)).map(mark) }
        </g>
        </>
    }
}

fn area(shape: &Shape) -> Html {
    let area = shape.area;
    html! {
        <rect class="hit" x={px(area.x)} y={px(area.y)} width={px(area.w)} height={px(area.h)} rx={px(shape.round())} />
    }
}

/// A wire is hit along its course, as wide as a finger can aim.
fn wire(shape: &Shape) -> Html {
    let paths = shape.marks.iter().filter_map(|mark| match mark {
        Mark::Path { d, .. } => Some(html! { <path class="hit-wire" d={d.clone()} /> }),
        _ => None,
    });
    html! { <>{ for paths }</> }
}

fn mark(mark: &Mark) -> Html {
    match mark {
        Mark::Rect { area, round, class } => html! {
            <rect class={*class} x={px(area.x)} y={px(area.y)} width={px(area.w)}
                height={px(area.h)} rx={px(*round)} />
        },
        Mark::Circle { x, y, r, class } => html! {
            <circle class={*class} cx={px(*x)} cy={px(*y)} r={px(*r)} />
        },
        Mark::Path { d, class } => html! { <path class={*class} d={d.clone()} /> },
        Mark::Text { x, y, anchor, size, runs } => {
            let anchor = match anchor {
                Anchor::Start => None,
                Anchor::Middle => Some("middle"),
                Anchor::End => Some("end"),
            };
            html! {
                <text x={px(*x)} y={px(*y)} font-size={px(*size)} text-anchor={anchor}>
                    { for runs.iter().map(|run| html! {
                        <tspan class={run_classes(run)}>{ &run.text }</tspan>
                    }) }
                    // Keeps words of neighbouring texts apart for those who read them as one.
                    { " " }
                </text>
            }
        }
    }
}

/// The classes of a piece of text, on the stage and in the page alike.
pub(super) fn run_classes(run: &Run) -> Classes {
    classes!(run.class, run.bold.then_some("bold"), run.mono.then_some("mono"))
}

/// A length with at most one decimal, without the weight of the formatter for floats.
pub(super) fn px(value: f32) -> AttrValue {
    let tenths = (value * 10.0).round() as i64;
    let (sign, size) = (if tenths < 0 { "-" } else { "" }, tenths.unsigned_abs());
    if size % 10 == 0 {
        format!("{sign}{}", size / 10).into()
    } else {
        format!("{sign}{}.{}", size / 10, size % 10).into()
    }
}
