//! A picture as standalone SVG text, with styles of its own.

use super::class::key_class;
use super::{Anchor, Form, KEY_CLASSES, Mark, Picture, Rect, Role, Run, Shape, Token, TokenKind};
use crate::event::System;
use std::fmt::Write;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

const SANS: &str = "Inter,ui-sans-serif,system-ui,'DejaVu Sans',sans-serif";
const MONO: &str = "ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace";

/// The palette of a theme: ground, surface, raised surface, hairline, ink, dim, faint, redis,
/// kafka, waiting, ok.
const fn palette(theme: Theme) -> [&'static str; 11] {
    match theme {
        Theme::Dark => [
            "#0d0e11", "#14171e", "#1f232d", "#262a33", "#eceef4", "#8b909e", "#5c6170", "#ff6b60",
            "#7b90ff", "#ffb648", "#3fc38a",
        ],
        Theme::Light => [
            "#faf9f6", "#ffffff", "#f1f0eb", "#e3e1da", "#1c1b19", "#6b6860", "#9a978d", "#d92d20",
            "#3b51dd", "#b86e00", "#1f8a5b",
        ],
    }
}

/// Okabe and Ito's palette without the hues that mean a lane or a state, in both themes.
const KEYS: [&str; 8] =
    ["#e69f00", "#56b4e9", "#cc79a7", "#d55e00", "#009e73", "#f0e442", "#0072b2", "#b7a6e0"];

/// The whole picture as one SVG document with its own styles: for cards, the README, tests.
pub fn svg(picture: &Picture, theme: Theme) -> String {
    let (w, h) = (picture.width, picture.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" \
         height=\"{h}\" role=\"img\"><style>{}</style><rect class=\"ground\" width=\"{w}\" \
         height=\"{h}\"/>",
        style(theme)
    );
    for shape in &picture.shapes {
        draw(&mut out, shape);
    }
    for token in &picture.tokens {
        paint(&mut out, token);
    }
    out += "</svg>";
    out
}

/// Height in px of the line at the foot of a card.
const FOOT: f32 = 36.0;

/// The picture with a line at its foot: what it shows, and who drew it. For a card that travels
/// without the page around it.
#[must_use]
pub fn signed(mut picture: Picture, words: &str) -> Picture {
    let area = Rect::new(0.0, picture.height, picture.width, FOOT);
    let y = area.middle() + 2.0;
    let text = |x, anchor, runs| Mark::Text { x, y, anchor, size: 14.0, runs };
    let name = vec![Run::bold("push", "redis"), Run::bold("pull", "kafka")];
    let marks = vec![
        text(20.0, Anchor::Start, vec![Run::plain(words, "dim")]),
        text(area.right() - 20.0, Anchor::End, name),
    ];
    let (id, role) = ("foot".into(), Role::Decoration);
    let (name, target) = (String::new(), None);
    picture.shapes.push(Shape { id, role, name, target, selected: false, area, marks });
    picture.height += FOOT;
    picture
}

fn style(theme: Theme) -> String {
    let [ground, surface, raised, hair, ink, dim, faint, redis, kafka, waiting, ok] =
        palette(theme);
    let mut css = format!(
        "text{{font-family:{SANS}}}.mono{{font-family:{MONO}}}.bold{{font-weight:650}}\
         path{{fill:none}}.ground{{fill:{ground}}}\
         .box{{fill:{surface};stroke:{hair}}}.box-redis{{fill:{surface};stroke:{redis};stroke-width:1.5}}\
         .box-kafka{{fill:{surface};stroke:{kafka};stroke-width:1.5}}\
         .box-away{{fill:{surface};stroke:{hair};stroke-dasharray:3 3}}\
         .well{{fill:{raised};stroke:none}}.rule{{stroke:{hair}}}.cell{{fill:{raised};stroke:{hair}}}\
         .cell-next{{fill:none;stroke:{hair};stroke-dasharray:2 3}}\
         .cell-above{{fill:{ground};stroke:{faint};stroke-dasharray:3 2}}\
         .clear{{fill:{ground}}}.track{{stroke:{hair};stroke-dasharray:1 5;stroke-linecap:round}}.wire-in{{stroke:{faint};stroke-width:1.5}}.wire-redis{{stroke:{redis};stroke-width:1.5;opacity:.75}}\
         .wire-kafka{{stroke:{kafka};stroke-width:1.25;opacity:.55}}.wire-idle{{stroke:{hair}}}\
         .wire-down{{stroke:{faint};stroke-width:1.25;stroke-dasharray:4 4}}\
         .limit{{stroke:{dim};stroke-width:1.25}}.level-ok{{fill:{ok}}}.level-high{{fill:{waiting}}}\
         .level-over{{fill:{redis}}}.flag{{fill:{ink}}}.flag-line{{stroke:{ink};stroke-width:2}}\
         .watermark{{stroke:{kafka};stroke-width:2}}.waiting-bar{{fill:{waiting}}}\
         .lost-chip{{fill:{surface};stroke:{faint}}}.lost-stroke{{stroke:{redis};stroke-width:1.5}}\
         .plug-slot{{fill:{surface};stroke:{ink};stroke-width:1.5}}.plug-knob{{fill:{ink}}}\
         .plug-glyph{{stroke:{ground};stroke-width:2;stroke-linecap:round;fill:{ground}}}\
         .strip{{fill:{raised};stroke:{hair}}}.selected{{fill:none;stroke:{ink};stroke-width:2}}\
         .ink{{fill:{ink}}}.dim{{fill:{dim}}}.faint{{fill:{faint}}}.redis{{fill:{redis}}}\
         .kafka{{fill:{kafka}}}.lost{{fill:{redis}}}.waiting{{fill:{waiting}}}.ok{{fill:{ok}}}\
         .on-flag{{fill:{ground}}}.key-none{{fill:{dim}}}\
         .number{{fill:#101114;font-size:9px;text-anchor:middle}}\
         .ring-redis{{fill:none;stroke:{redis};stroke-width:2}}\
         .ring-kafka{{fill:{ground};stroke:{kafka};stroke-width:2}}\
         .edge{{fill:none;stroke:{ground};stroke-width:2}}"
    );
    let violet = match theme {
        Theme::Dark => "#b98cff",
        Theme::Light => "#7a3fd0",
    };
    let _ = write!(
        css,
        ".chip-leader{{fill:{kafka}}}.chip{{fill:{surface};stroke:{kafka};stroke-width:1.25}}\
         .chip-out{{fill:none;stroke:{faint};stroke-width:1.25;stroke-dasharray:2 2}}\
         .cell-gone{{fill:none;stroke:{faint};stroke-dasharray:2 3}}\
         .segment{{fill:{raised};stroke:{hair}}}.segment-open{{fill:{raised};stroke:{kafka};stroke-width:1.25}}\
         .segment-gone{{fill:none;stroke:{faint};stroke-dasharray:2 3}}\
         .hatch{{stroke:{waiting};stroke-width:1.25}}\
         .hollow{{fill:{ground};stroke:{ink};stroke-width:1.25}}\
         .cell-retry{{fill:{raised};stroke:{violet};stroke-width:1.25}}\
         .cell-parked{{fill:{raised};stroke:{waiting};stroke-width:1.25}}\
         .pending{{fill:none;stroke:{waiting};stroke-width:1.75}}\
         .group{{fill:none;stroke:{faint};stroke-dasharray:4 4}}\
         .arc-track{{fill:none;stroke:{hair};stroke-width:2.5}}.arc{{fill:none;stroke:{dim};stroke-width:2.5}}\
         .arc-low{{fill:none;stroke:{waiting};stroke-width:2.5}}\
         .phase{{fill:{raised};stroke:{hair}}}.phase-now{{fill:{ink}}}\
         .loose{{stroke:{faint};stroke-width:1.25;stroke-dasharray:4 4}}\
         .flow-redis{{stroke:{redis};stroke-width:6;opacity:.35}}.flow-kafka{{stroke:{kafka};stroke-width:6;opacity:.35}}\
         .trunk{{stroke:{faint};stroke-width:4;opacity:.6}}\
         .square{{fill:{raised};stroke:{hair};stroke-width:.75}}.square-away{{fill:none;stroke:{redis};stroke-width:1}}\
         .tank{{fill:{surface};stroke:{faint}}}\
         .account{{fill:{surface};stroke:{hair}}}.account-off{{fill:{surface};stroke:{redis};stroke-width:1.25}}\
         .retry{{fill:{violet}}}"
    );
    for (class, colour) in KEY_CLASSES.iter().zip(KEYS) {
        let _ = write!(css, ".{class}{{fill:{colour}}}");
    }
    css
}

fn draw(out: &mut String, shape: &Shape) {
    let _ = write!(out, "<g id=\"{}\"", escape(&shape.id));
    match shape.role {
        Role::Decoration => *out += " aria-hidden=\"true\">",
        _ => {
            let _ = write!(out, "><title>{}</title>", escape(&shape.name));
        }
    }
    for mark in &shape.marks {
        draw_mark(out, mark);
    }
    if shape.selected {
        let a = shape.area;
        let _ = write!(
            out,
            "<rect class=\"selected\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{:.1}\"/>",
            a.x - 3.0,
            a.y - 3.0,
            a.w + 6.0,
            a.h + 6.0,
            shape.round() + 3.0
        );
    }
    *out += "</g>";
}

fn draw_mark(out: &mut String, mark: &Mark) {
    let _ = match mark {
        Mark::Rect { area, round, class } => write!(
            out,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{round:.1}\"/>",
            area.x, area.y, area.w, area.h
        ),
        Mark::Circle { x, y, r, class } => {
            write!(out, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\"/>")
        }
        Mark::Path { d, class } => write!(out, "<path class=\"{class}\" d=\"{d}\"/>"),
        Mark::Text { x, y, anchor, size, runs } => {
            let anchor = anchor_word(*anchor);
            let _ = write!(
                out,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" text-anchor=\"{anchor}\" \
                 xml:space=\"preserve\">"
            );
            for Run { text, class, bold, mono } in runs {
                let bold = if *bold { " bold" } else { "" };
                let mono = if *mono { " mono" } else { "" };
                let text = escape(text);
                let _ = write!(out, "<tspan class=\"{class}{bold}{mono}\">{text}</tspan>");
            }
            write!(out, "</text>")
        }
    };
}

const fn anchor_word(anchor: Anchor) -> &'static str {
    match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    }
}

fn paint(out: &mut String, token: &Token) {
    let Token { x, y, r, .. } = *token;
    let _ = write!(out, "<g opacity=\"{:.2}\">", token.alpha);
    let class = key_class(token.key);
    match token.kind {
        TokenKind::Request => {
            let ring = match token.system {
                System::Redis => "ring-redis",
                System::Kafka => "ring-kafka",
            };
            let _ =
                write!(out, "<circle class=\"{ring}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\"/>");
        }
        TokenKind::Message => {
            for step in 1..=4_u8 {
                let back = f32::from(step) * 5.0;
                let (tx, ty) = (x - token.dx * back, y - token.dy * back);
                let (fade, size) =
                    (0.22 - 0.04 * f32::from(step), r * (1.0 - 0.12 * f32::from(step)));
                let _ = write!(
                    out,
                    "<circle class=\"{class}\" opacity=\"{fade:.2}\" cx=\"{tx:.1}\" cy=\"{ty:.1}\" r=\"{size:.1}\"/>"
                );
            }
            let _ = match token.form {
                Form::Diamond => write!(
                    out,
                    "<path class=\"{class}\" d=\"M{x:.1} {:.1}l{r:.1} {r:.1}l-{r:.1} {r:.1}l-{r:.1} -{r:.1}z\"/>",
                    y - r
                ),
                Form::Circle | Form::Ring => {
                    write!(
                        out,
                        "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\"/>"
                    )
                }
            };
            if token.form == Form::Ring {
                let outer = r + 3.0;
                let _ = write!(
                    out,
                    "<circle class=\"ring-kafka\" fill-opacity=\"0\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{outer:.1}\"/>"
                );
            }
            number(out, token);
        }
        TokenKind::Batch { count, keys } => {
            let dots = (count as usize).min(3);
            let w = dots as f32 * 13.0 + 10.0;
            let _ = write!(
                out,
                "<rect class=\"box-kafka\" x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"20\" rx=\"10\"/>",
                x - w / 2.0,
                y - 10.0
            );
            for (i, key) in keys.iter().take(dots).enumerate() {
                let cx = x - w / 2.0 + 11.5 + i as f32 * 13.0;
                let class = key_class(Some(*key));
                let _ =
                    write!(out, "<circle class=\"{class}\" cx=\"{cx:.1}\" cy=\"{y:.1}\" r=\"5\"/>");
            }
            if count > 3 {
                let _ = write!(
                    out,
                    "<text class=\"dim mono\" font-size=\"10\" x=\"{:.1}\" y=\"{:.1}\">+{}</text>",
                    x + w / 2.0 + 3.0,
                    y + 3.5,
                    count - 3
                );
            }
        }
    }
    if let Some(label) = &token.label {
        let class = match token.system {
            System::Redis => "redis",
            System::Kafka => "kafka",
        };
        let _ = write!(
            out,
            "<text class=\"{class}\" font-size=\"11\" text-anchor=\"{}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            anchor_word(label.anchor),
            label.x,
            label.y,
            escape(&label.text)
        );
    }
    *out += "</g>";
}

fn number(out: &mut String, token: &Token) {
    if token.number > 0 {
        let _ = write!(
            out,
            "<text class=\"number mono bold\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            token.x,
            token.y + 3.2,
            token.number
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
