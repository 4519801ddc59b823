//! The head of the page: the wordmark, the lesson, the theme and the keyboard map.

use super::icon::{HELP, JOURNAL, TABLE, THEME, icon};
use super::page::{Msg, Panel};
use super::sheet::says;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct HeaderProps {
    pub(super) title: AttrValue,
    /// Which panel is open.
    pub(super) open: Option<Panel>,
    pub(super) send: Callback<Msg>,
}

#[component(Header)]
pub(super) fn header(props: &HeaderProps) -> Html {
    let send = &props.send;
    let panel = |panel: Panel, name: &'static str, key: &str, path: &'static str| {
        let open = props.open == Some(panel);
        html! {
            <button type="button" class="round panel" aria-label={name} title={format!("{name} ({key})")}
                aria-pressed={open.to_string()} onclick={says(send, Msg::Open((!open).then_some(panel)))}>{ icon(path) }</button>
        }
    };
    html! {
        <header class="head">
            <span class="wordmark" role="img" aria-label="pushpull">
                <span class="redis">{ "push" }</span>
                <span class="bar"></span>
                <span class="kafka">{ "pull" }</span>
            </span>
            <p class="title">{ &props.title }</p>
            <div class="tools">
                { panel(Panel::Journal, "Journal", "G", JOURNAL) }
                { panel(Panel::Tables, "Tables", "A", TABLE) }
                <button type="button" class="round theme" aria-label="Light or dark" title="Light or dark (T)"
                    onclick={says(send, Msg::Theme)}>{ icon(THEME) }</button>
                <button type="button" class="round" aria-label="Signs and keys" title="Signs and keys (?)"
                    onclick={says(send, Msg::Help)}>{ icon(HELP) }</button>
            </div>
        </header>
    }
}
