//! The head of the page: the wordmark, the lesson, the theme and the keyboard map.

use super::icon::{HELP, THEME, icon};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct HeaderProps {
    pub(super) title: AttrValue,
    pub(super) on_theme: Callback<MouseEvent>,
    pub(super) on_help: Callback<MouseEvent>,
}

#[component(Header)]
pub(super) fn header(props: &HeaderProps) -> Html {
    html! {
        <header class="head">
            <span class="wordmark" role="img" aria-label="pushpull">
                <span class="redis">{ "push" }</span>
                <span class="bar"></span>
                <span class="kafka">{ "pull" }</span>
            </span>
            <p class="title">{ &props.title }</p>
            <div class="tools">
                <button type="button" class="round" aria-label="Light or dark" title="Light or dark (T)"
                    onclick={&props.on_theme}>{ icon(THEME) }</button>
                <button type="button" class="round" aria-label="Keyboard map" title="Keyboard map (?)"
                    onclick={&props.on_help}>{ icon(HELP) }</button>
            </div>
        </header>
    }
}
