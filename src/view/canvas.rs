//! Paints tokens on the one canvas above the stage, each frame, without a Yew render.

use crate::event::System;
use crate::stage::{Anchor, Form, Token, TokenKind};
use std::f64::consts::{PI, TAU};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement};

/// Above this many tokens, trails and numbers would be noise: dots alone are painted.
const CROWD: usize = 400;

/// The colours of the theme, as the browser resolved them from the style sheet.
#[derive(Clone, Default)]
pub(super) struct Palette {
    ground: String,
    surface: String,
    ink: String,
    redis: String,
    kafka: String,
    on_key: String,
    plain: String,
    keys: Vec<String>,
    sans: String,
}

impl Palette {
    /// Reads the colours from the children of `swatches`, whose classes give each a `color`.
    pub(super) fn read(swatches: &Element) -> Self {
        let window = web_sys::window();
        let style = |element: &Element, property: &str| {
            window
                .as_ref()
                .and_then(|window| window.get_computed_style(element).ok().flatten())
                .and_then(|style| style.get_property_value(property).ok())
                .unwrap_or_default()
        };
        let colour = |class: &str| {
            let found = swatches.query_selector(&format!(".{class}")).ok().flatten();
            found.map(|element| style(&element, "color")).unwrap_or_default()
        };
        Self {
            ground: colour("ground"),
            surface: colour("surface"),
            ink: colour("ink"),
            redis: colour("redis"),
            kafka: colour("kafka"),
            on_key: colour("on-key"),
            plain: colour("key-none"),
            keys: (0..8).map(|n| colour(&format!("key-{n}"))).collect(),
            sans: style(swatches, "font-family"),
        }
    }

    /// The classes that [`Palette::read`] looks for.
    pub(super) const SWATCHES: [&'static str; 15] = [
        "ground", "surface", "ink", "redis", "kafka", "on-key", "key-none", "key-0", "key-1",
        "key-2", "key-3", "key-4", "key-5", "key-6", "key-7",
    ];

    fn lane(&self, system: System) -> &str {
        match system {
            System::Redis => &self.redis,
            System::Kafka => &self.kafka,
        }
    }

    fn key(&self, key: Option<u8>) -> &str {
        key.and_then(|key| self.keys.get(usize::from(key))).unwrap_or(&self.plain)
    }
}

/// The canvas and the colours it paints with.
pub(super) struct Canvas {
    element: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    palette: Palette,
    /// Size in CSS px and device pixels a CSS px.
    size: (f32, f32, f64),
}

impl Canvas {
    /// A painter for this element; none where the browser has no 2D canvas.
    pub(super) fn new(element: HtmlCanvasElement, palette: Palette) -> Option<Self> {
        let context = element.get_context("2d").ok()??.dyn_into().ok()?;
        Some(Self { element, context, palette, size: (0.0, 0.0, 0.0) })
    }

    /// Other colours from now on.
    pub(super) fn set_palette(&mut self, palette: Palette) {
        self.palette = palette;
    }

    /// Whether this painter paints on `element`.
    pub(super) fn is_on(&self, element: &HtmlCanvasElement) -> bool {
        &self.element == element
    }

    /// Paints all tokens; `lit` is the hop or message under attention.
    pub(super) fn paint(
        &mut self,
        width: f32,
        height: f32,
        tokens: &[Token],
        lit: impl Fn(&Token) -> bool,
    ) {
        let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        if self.size != (width, height, ratio) {
            self.size = (width, height, ratio);
            self.element.set_width((f64::from(width) * ratio).round() as u32);
            self.element.set_height((f64::from(height) * ratio).round() as u32);
            let style = self.element.style();
            let _ = style.set_property("width", &format!("{width}px"));
            let _ = style.set_property("height", &format!("{height}px"));
        }
        let context = &self.context;
        let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        context.clear_rect(0.0, 0.0, f64::from(width), f64::from(height));
        context.set_text_baseline("middle");
        let crowd = tokens.len() > CROWD;
        for token in tokens {
            context.set_global_alpha(f64::from(token.alpha));
            if !crowd {
                self.trail(token);
            }
            self.body(token, crowd);
            if lit(token) {
                self.halo(token);
            }
        }
        context.set_global_alpha(1.0);
    }

    /// Where it came from: dots that fade against its motion.
    fn trail(&self, token: &Token) {
        if (token.dx, token.dy) == (0.0, 0.0) || token.kind == TokenKind::Request {
            return;
        }
        let (x, y, r) = (f64::from(token.x), f64::from(token.y), f64::from(token.r));
        let (dx, dy) = (f64::from(token.dx), f64::from(token.dy));
        let colour = match token.kind {
            TokenKind::Batch { keys, .. } => self.palette.key(Some(keys[0])),
            _ => self.palette.key(token.key),
        };
        self.context.set_fill_style_str(colour);
        for n in (1..=6).rev() {
            let n = f64::from(n);
            self.context.set_global_alpha(f64::from(token.alpha) * 0.2 * (1.0 - n / 7.0));
            let back = r * (0.5 + 0.55 * n);
            self.disc(x - dx * back, y - dy * back, r * (0.92 - 0.1 * n));
            self.context.fill();
        }
        self.context.set_global_alpha(f64::from(token.alpha));
    }

    fn body(&self, token: &Token, crowd: bool) {
        let context = &self.context;
        let (x, y, r) = (f64::from(token.x), f64::from(token.y), f64::from(token.r));
        match token.kind {
            TokenKind::Message => {
                context.set_fill_style_str(self.palette.key(token.key));
                context.set_stroke_style_str(&self.palette.ground);
                context.set_line_width(2.0);
                match token.form {
                    Form::Circle => self.disc(x, y, r),
                    Form::Ring => {
                        context.set_stroke_style_str(self.palette.key(token.key));
                        self.disc(x, y, r + 2.5);
                        context.set_line_width(1.5);
                        context.stroke();
                        self.disc(x, y, r - 0.5);
                        context.set_stroke_style_str(&self.palette.ground);
                    }
                    Form::Diamond => self.diamond(x, y, r * 1.25),
                }
                context.stroke();
                context.fill();
                if token.number > 0 && !crowd {
                    self.number(token.number, x, y, r);
                }
            }
            TokenKind::Batch { count, keys } => self.capsule(token, count, keys),
            TokenKind::Request => {
                self.disc(x, y, r * 0.62);
                context.set_fill_style_str(&self.palette.ground);
                context.fill();
                context.set_line_width(1.75);
                context.set_stroke_style_str(self.palette.lane(token.system));
                context.stroke();
            }
        }
        if let (Some(label), false) = (&token.label, crowd) {
            context.set_font(&format!("11px {}", self.palette.sans));
            context.set_fill_style_str(self.palette.lane(token.system));
            context.set_text_align(match label.anchor {
                Anchor::Start => "start",
                Anchor::Middle => "center",
                Anchor::End => "end",
            });
            context.set_text_baseline("alphabetic");
            let _ = context.fill_text(&label.text, f64::from(label.x), f64::from(label.y));
            context.set_text_baseline("middle");
        }
    }

    /// Several messages in one: the first few as dots, and how many there are.
    fn capsule(&self, token: &Token, count: u32, keys: [u8; 3]) {
        let context = &self.context;
        let (x, y, r) = (f64::from(token.x), f64::from(token.y), f64::from(token.r));
        let dots = count.min(3);
        let dot = r * f64::from(Token::DOT);
        let pitch = dot * 2.0 + 2.0;
        let words = if count > 3 { format!("×{count}") } else { String::new() };
        let (half, high) = (f64::from(token.half()), r + 1.0);
        let inner = (half - f64::from(Token::EDGE)) * 2.0;
        context.begin_path();
        let _ = context.arc(x - half + high - 2.0, y, high, PI / 2.0, PI * 1.5);
        let _ = context.arc(x + half - high + 2.0, y, high, -PI / 2.0, PI / 2.0);
        context.close_path();
        context.set_fill_style_str(&self.palette.surface);
        context.fill();
        context.set_line_width(1.5);
        context.set_stroke_style_str(self.palette.lane(token.system));
        context.stroke();
        for (n, key) in keys.iter().take(dots as usize).enumerate() {
            context.set_fill_style_str(self.palette.key(Some(*key)));
            self.disc(x - inner / 2.0 + dot + n as f64 * pitch, y, dot);
            context.fill();
        }
        if count > 3 {
            context.set_font(&format!("600 10px {}", self.palette.sans));
            context.set_fill_style_str(&self.palette.ink);
            context.set_text_align("end");
            let _ = context.fill_text(&words, x + inner / 2.0, y + 0.5);
        }
    }

    fn number(&self, number: u32, x: f64, y: f64, r: f64) {
        let size = r * match number {
            0..100 => 1.05,
            100..1_000 => 0.82,
            _ => 0.64,
        };
        self.context.set_font(&format!("700 {size:.1}px {}", self.palette.sans));
        self.context.set_text_align("center");
        self.context.set_fill_style_str(&self.palette.on_key);
        let _ = self.context.fill_text(&number.to_string(), x, y + 0.5);
    }

    /// What is selected, wherever it moves.
    fn halo(&self, token: &Token) {
        self.disc(f64::from(token.x), f64::from(token.y), f64::from(token.r) + 4.5);
        self.context.set_line_width(1.5);
        self.context.set_stroke_style_str(&self.palette.ink);
        self.context.stroke();
    }

    fn disc(&self, x: f64, y: f64, r: f64) {
        self.context.begin_path();
        let _ = self.context.arc(x, y, r.max(0.5), 0.0, TAU);
    }

    fn diamond(&self, x: f64, y: f64, r: f64) {
        self.context.begin_path();
        self.context.move_to(x, y - r);
        self.context.line_to(x + r, y);
        self.context.line_to(x, y + r);
        self.context.line_to(x - r, y);
        self.context.close_path();
    }
}
