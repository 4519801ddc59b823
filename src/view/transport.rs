//! The bar that holds time: play, step, the clock, the scrubber with what happened, the scale.

use super::Same;
use super::icon::{MORE, PAUSE, PLAY, REDO, STEP, STEP_BACK, UNDO, icon};
use super::journal::select;
use super::page::{MenuOf, Msg, Panel};
use super::sheet::says;
use super::watch::{presses, spot};
use crate::sim::{Instant, Span};
use web_sys::HtmlElement;
use yew::prelude::*;

/// What the bar says. Places are shares of the scrubber, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TransportPanel {
    pub(super) playing: bool,
    pub(super) clock: AttrValue,
    pub(super) scale: AttrValue,
    pub(super) now_ms: u32,
    pub(super) end_ms: u32,
    pub(super) marks: Vec<Mark>,
    pub(super) folds: Vec<Fold>,
    /// Other futures: where each was left and how far it went.
    pub(super) forks: Vec<(f32, f32)>,
    /// Speeds to choose from, and whether each is chosen.
    pub(super) speeds: Vec<(&'static str, bool)>,
    pub(super) undo: bool,
    pub(super) redo: bool,
}

/// Something a person did, or that mattered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) at: f32,
    pub(super) class: &'static str,
    pub(super) label: AttrValue,
}

/// Silence that was passed quickly.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fold {
    pub(super) at: f32,
    pub(super) length: AttrValue,
    /// Where it begins, and where the last one begins that has the same sign.
    pub(super) first: Instant,
    pub(super) last: Instant,
    /// Whether it is passed slowly for now.
    pub(super) open: bool,
}

/// Lengths of the scrubber in seconds, up to a day.
const LENGTHS: [u64; 18] = [
    10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200,
    86_400,
];

/// How much time the scrubber shows: a round length with room for what comes.
pub(super) fn extent(head: Instant) -> Span {
    let fits = |length: &Span| head.as_nanos() <= length.as_nanos() / 10 * 9;
    let round = LENGTHS.into_iter().map(Span::from_secs).find(fits);
    round.unwrap_or(Span(head.as_nanos().saturating_mul(2)))
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct TransportProps {
    pub(super) panel: Same<TransportPanel>,
    /// The scrubber, whose `--at` and `--seen` the frame loop sets.
    pub(super) scrubber: NodeRef,
    pub(super) send: Callback<Msg>,
}

#[component(TransportView)]
pub(super) fn transport_view(props: &TransportProps) -> Html {
    let panel = &props.panel;
    let send = &props.send;
    let (play, path) = if panel.playing { ("Pause", PAUSE) } else { ("Play", PLAY) };
    // Nothing is drawn yet at first, and nothing has happened.
    let width = props.scrubber.cast::<HtmlElement>().map_or(0, |scrubber| scrubber.offset_width());
    let width = width.max(100) as f32;
    let speeds = (0..panel.speeds.len()).map(Msg::Speed).collect();
    let menu = {
        let send = send.clone();
        move |event: MouseEvent| send.emit(Msg::Menu(MenuOf::Time, spot(&event)))
    };
    html! {
        <section class="transport" aria-label="Time">
            <button type="button" class="round back" aria-label="Step back" title="Step back (←)"
                onclick={says(send, Msg::StepBack)}>{ icon(STEP_BACK) }</button>
            <button type="button" class="play" aria-label={play} title={format!("{play} (Space)")}
                onclick={says(send, Msg::Toggle)}>{ icon(path) }</button>
            <button type="button" class="round" aria-label="Step" title="Step to the next event (→)"
                onclick={says(send, Msg::Step)}>{ icon(STEP) }</button>
            <p class="clock"><span class="away">{ "Virtual time: " }</span>{ &panel.clock }</p>
            <div class="ruler">
                { scrubber(props) }
                { ruler(panel, width, send) }
            </div>
            <p class="scale"><span class="away">{ "Scale: " }</span>{ &panel.scale }</p>
            <span class="speed">{ select("Speed", &panel.speeds, speeds, send) }</span>
            <button type="button" class="round undo" aria-label="Undo" title="Undo (U)" disabled={!panel.undo}
                onclick={says(send, Msg::Undo)}>{ icon(UNDO) }</button>
            <button type="button" class="round undo" aria-label="Redo" title="Redo (Shift+U)" disabled={!panel.redo}
                onclick={says(send, Msg::Redo)}>{ icon(REDO) }</button>
            <button type="button" class="round" aria-label="Jump and more" title="Jump and more (J)" aria-haspopup="menu"
                onclick={menu}>{ icon(MORE) }</button>
        </section>
    }
}

/// What lies on the scrubber: what happened, folded silence, other futures.
fn ruler(panel: &TransportPanel, width: f32, send: &Callback<Msg>) -> Html {
    let forks = panel.forks.iter().map(|(from, until)| {
        html! {
            <line x1={percent(*from)} x2={percent(*until)} y1="72%" y2="72%" />
        }
    });
    let mut free = f32::MIN;
    let folds = panel.folds.iter().map(|of| {
        let words = format!("{} {}", of.length, if of.open { "unfolded" } else { "folded" });
        let room = room(&words, width);
        let shown = take(&mut free, of.at - room / 2.0, room);
        fold(of, shown.then_some(words), send)
    });
    html! {
        <>
            <svg class="signs" aria-hidden="true">
                <g class="forks">{ for forks }</g>
                { for marks(&panel.marks, width) }
            </svg>
            <svg class="folds" role="group" aria-label="Folded time">
                { for folds }
            </svg>
            if !panel.forks.is_empty() {
                <button type="button" class="fork" onclick={says(send, Msg::Open(Some(Panel::Futures)))}>
                    { if panel.forks.len() == 1 { "1 other future".to_owned() } else { format!("{} other futures", panel.forks.len()) } }
                </button>
            }
        </>
    }
}

fn scrubber(props: &TransportProps) -> Html {
    let panel = &props.panel;
    let end = f64::from(panel.end_ms);
    let seek = {
        let (send, node) = (props.send.clone(), props.scrubber.clone());
        move |event: &PointerEvent| {
            let Some(element) = node.cast::<HtmlElement>() else { return };
            let rect = element.get_bounding_client_rect();
            let share = (f64::from(event.client_x()) - rect.left()) / rect.width().max(1.0);
            let micros = (share.clamp(0.0, 1.0) * end * 1e3) as u64;
            send.emit(Msg::Seek(Instant::ZERO + Span::from_micros(micros)));
        }
    };
    let (down, drag) = (seek.clone(), seek);
    let (hold, release, cancel) = (props.send.clone(), props.send.clone(), props.send.clone());
    let holder = props.scrubber.clone();
    let down = move |event: PointerEvent| {
        if let Some(element) = holder.cast::<HtmlElement>() {
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        hold.emit(Msg::Scrub(true));
        down(&event);
    };
    let drag = move |event: PointerEvent| {
        if event.buttons() & 1 == 1 {
            drag(&event);
        }
    };
    html! {
        <div class="scrubber" ref={&props.scrubber} role="slider" tabindex="0"
            aria-label="Virtual time" aria-valuemin="0" aria-valuemax={panel.end_ms.to_string()}
            aria-valuenow={panel.now_ms.to_string()} aria-valuetext={panel.clock.clone()}
            onpointerdown={down} onpointermove={drag}
            onpointerup={move |_| release.emit(Msg::Scrub(false))}
            onpointercancel={move |_| cancel.emit(Msg::Scrub(false))}>
            <span class="rail"></span>
            <span class="seen"></span>
            <span class="past"></span>
            <span class="thumb"></span>
        </div>
    }
}

fn percent(share: f32) -> String {
    format!("{}%", super::stage::px(share * 100.0))
}

/// CSS px that a letter of a label takes, at the most on average.
const LETTER: f32 = 6.5;

/// The share of a ruler of this width, in CSS px, that a label takes with the gap beside it.
fn room(label: &str, width: f32) -> f32 {
    LETTER * (label.chars().count() + 1) as f32 / width
}

/// Whether a label fits behind the ones before it, which end at `free`; then it takes its room.
fn take(free: &mut f32, from: f32, room: f32) -> bool {
    let fits = from > *free;
    if fits {
        *free = from + room;
    }
    fits
}

/// Labels that would overlap the one before are left out; the mark stays. `width` is the
/// scrubber's, in CSS px.
fn marks(marks: &[Mark], width: f32) -> Vec<Html> {
    let mut free = f32::MIN;
    let draw = |mark: &Mark| {
        let room = room(&mark.label, width);
        let first = mark.at < 0.05;
        let (anchor, from) =
            if first { ("start", mark.at) } else { ("middle", mark.at - room / 2.0) };
        let shown = take(&mut free, from, room);
        html! {
            <>
                <circle class={classes!("mark", mark.class)} cx={percent(mark.at)} cy="50%" r="4.5" />
                if shown {
                    <text class={mark.class} x={percent(mark.at)} y="16" text-anchor={anchor}>{ &mark.label }</text>
                }
            </>
        }
    };
    marks.iter().map(draw).collect()
}

/// The sign of a fold, with its words where there is room for them.
fn fold(fold: &Fold, words: Option<String>, send: &Callback<Msg>) -> Html {
    let (click, press) = (says(send, Msg::Unfold(fold.first, fold.last)), send.clone());
    let (first, last) = (fold.first, fold.last);
    let press = move |event: KeyboardEvent| {
        if presses(&event) {
            event.prevent_default();
            event.stop_propagation();
            press.emit(Msg::Unfold(first, last));
        }
    };
    html! {
        <svg class="fold" x={percent(fold.at)} y="50%" overflow="visible">
            <g role="switch" tabindex="0" aria-checked={fold.open.to_string()} aria-label={format!("Pass {} slowly", fold.length)}
                onclick={click} onkeydown={press}>
                <title>{ if fold.open { "Pass it quickly" } else { "Pass it slowly" } }</title>
                <rect class="hit" x="-14" y="-11" width="28" height="40" />
                if fold.open {
                    <path d="M-10-7v14M10-7v14" />
                } else {
                    <path d="M-8-8q6 8 0 16M-2-8q6 8 0 16M4-8q6 8 0 16" />
                }
                if let Some(words) = words {
                    <text class="fold-length" x="0" y="24" text-anchor="middle">{ words }</text>
                }
            </g>
        </svg>
    }
}
