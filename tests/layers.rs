//! The layer table of the house, as a test: who may import whom, and what nobody below the page
//! may touch. Reads the sources as tokens, so comments and strings do not count.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A folder of `src/`, what it may import, and where it is built.
struct Layer {
    name: &'static str,
    may_import: &'static [&'static str],
    built: Built,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Built {
    Everywhere,
    WasmOnly,
    NativeOnly,
}

use Built::{Everywhere, NativeOnly, WasmOnly};

const TABLE: &[Layer] = &[
    layer("sim", &[], Everywhere),
    layer("event", &["sim"], Everywhere),
    layer("redis", &["sim", "event"], Everywhere),
    layer("kafka", &["sim", "event"], Everywhere),
    layer("lab", &["sim", "event", "redis", "kafka"], Everywhere),
    layer("lesson", &["sim", "event"], Everywhere),
    layer("history", &["sim", "event", "lab", "lesson"], Everywhere),
    layer("timeline", &["sim", "event"], Everywhere),
    layer("stage", &["sim", "event", "timeline"], Everywhere),
    layer("view", &["sim", "event", "timeline", "stage", "history", "lesson"], WasmOnly),
    layer(
        "embed",
        &[
            "sim", "event", "redis", "kafka", "lab", "lesson", "history", "timeline", "stage",
            "view",
        ],
        WasmOnly,
    ),
    layer(
        "cli",
        &["sim", "event", "redis", "kafka", "lab", "lesson", "history", "timeline", "stage"],
        NativeOnly,
    ),
];

const fn layer(name: &'static str, may_import: &'static [&'static str], built: Built) -> Layer {
    Layer { name, may_import, built }
}

/// Names that would let a run depend on the machine it runs on, or that belong to the page.
/// A path of two names is looked for as `a::b`, also inside `use a::{b, ...}`.
const OUTSIDE: &[&[&str]] = &[
    &["std", "time"],
    &["std", "thread"],
    &["std", "net"],
    &["std", "process"],
    &["std", "env"],
    &["std", "fs"],
    &["core", "time"],
    &["Instant", "now"],
    &["SystemTime"],
    &["HashMap"],
    &["HashSet"],
    &["RandomState"],
    &["getrandom"],
    &["wasm_bindgen"],
    &["serde_wasm_bindgen"],
    &["js_sys"],
    &["web_sys"],
    &["gloo_timers"],
    &["yew"],
    &["clap"],
];

/// Methods whose last bit differs between a native libm and the one compiled into wasm.
const LIBM: &[&str] = &[
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp", "exp2",
    "exp_m1", "ln", "ln_1p", "log2", "log10", "powf", "powi", "cbrt", "hypot",
];

/// Layers that may hold floating point: Redis stores doubles, the pace and a picture are for the
/// eye.
const MAY_FLOAT: &[&str] = &["redis", "timeline", "stage", "view", "embed", "cli"];

/// Layers whose numbers are looked at and never recorded, so that a last bit does not matter.
const FOR_THE_EYE: &[&str] = &["timeline", "stage"];

/// The layers of the page and of the command line: the outside world is theirs.
const OUTERMOST: &[&str] = &["view", "embed", "cli"];

fn find(name: &str) -> Option<&'static Layer> {
    TABLE.iter().find(|layer| layer.name == name)
}

/// One name, or one piece of punctuation, or the border of a group: what the rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    /// `::`
    Path,
    /// `.`
    Dot,
    Open(Delimiter),
    Close(Delimiter),
    Other(char),
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            TokenTree::Ident(name) => out.push(Token::Name(name.to_string())),
            TokenTree::Group(group) => {
                out.push(Token::Open(group.delimiter()));
                flatten(group.stream(), out);
                out.push(Token::Close(group.delimiter()));
            }
            TokenTree::Punct(mark) => match (mark.as_char(), out.last()) {
                (':', Some(Token::Other(':'))) => {
                    out.pop();
                    out.push(Token::Path);
                }
                ('.', _) => out.push(Token::Dot),
                (other, _) => out.push(Token::Other(other)),
            },
            // A literal's suffix is the one way to write a float type without its name.
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let number = text.starts_with(|first: char| first.is_ascii_digit());
                for suffix in ["f32", "f64"] {
                    if number && text.ends_with(suffix) && !text.starts_with("0x") {
                        out.push(Token::Name(suffix.to_owned()));
                    }
                }
                out.push(Token::Other('0'));
            }
        }
    }
}

/// The names that follow a `::` at `at`: one, or every first name of a braced list.
fn names_after(tokens: &[Token], at: usize) -> Vec<String> {
    match tokens.get(at) {
        Some(Token::Name(name)) => vec![name.clone()],
        Some(Token::Open(Delimiter::Brace)) => {
            let mut names = Vec::new();
            let mut depth = 0;
            let mut first = false;
            for token in &tokens[at..] {
                match token {
                    Token::Open(_) => {
                        depth += 1;
                        first = depth == 1;
                    }
                    Token::Close(_) => {
                        depth -= 1;
                        if depth == 0 {
                            break;
                        }
                    }
                    Token::Other(',') if depth == 1 => first = true,
                    Token::Name(name) if depth == 1 && first => {
                        names.push(name.clone());
                        first = false;
                    }
                    _ => {}
                }
            }
            names
        }
        Some(Token::Other('*')) => vec!["*".to_owned()],
        _ => Vec::new(),
    }
}

/// What is wrong with the source `text` of a module in `layer`, `depth` modules below it
/// (0 is the layer's `mod.rs`).
fn faults(layer: &Layer, depth: usize, text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    match text.parse() {
        Ok(stream) => flatten(stream, &mut tokens),
        Err(error) => return vec![format!("cannot be read as Rust: {error}")],
    }
    let mut out = imports(layer, depth, &tokens);
    let inner = !OUTERMOST.contains(&layer.name);
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(name) = token else { continue };
        let next = tokens.get(at + 1);
        if inner {
            for path in OUTSIDE.iter().filter(|path| path[0] == name) {
                match path {
                    [_] => out.push(format!("names `{name}`")),
                    [_, second]
                        if next == Some(&Token::Path)
                            && names_after(&tokens, at + 2).iter().any(|name| name == second) =>
                    {
                        out.push(format!("names `{name}::{second}`"));
                    }
                    _ => {}
                }
            }
            let called = at > 0 && matches!(tokens[at - 1], Token::Dot | Token::Path);
            if called
                && !FOR_THE_EYE.contains(&layer.name)
                && LIBM.contains(&name.as_str())
                && next == Some(&Token::Open(Delimiter::Parenthesis))
            {
                out.push(format!("calls `{name}`, which is not the same on every machine"));
            }
        }
        if (name == "f32" || name == "f64") && !MAY_FLOAT.contains(&layer.name) {
            out.push(format!("uses `{name}`"));
        }
        if name == "serde_wasm_bindgen" && layer.name == "view" {
            out.push("uses serde_wasm_bindgen, which is embed's alone".to_owned());
        }
    }
    out
}

/// The imports of other layers that the table does not allow.
fn imports(layer: &Layer, depth: usize, tokens: &[Token]) -> Vec<String> {
    let mut out = Vec::new();
    let allow = |names: Vec<String>, out: &mut Vec<String>| {
        for name in names {
            if name != layer.name && !layer.may_import.contains(&name.as_str()) {
                out.push(format!("imports `{name}`"));
            }
        }
    };
    // Inline modules that are open at this token, as the count of groups around each.
    let mut modules: Vec<usize> = Vec::new();
    let mut groups = 0;
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            Token::Open(_) => {
                groups += 1;
                let named = at >= 2 && tokens[at - 2] == Token::Name("mod".to_owned());
                if named && tokens[at] == Token::Open(Delimiter::Brace) {
                    modules.push(groups);
                }
            }
            Token::Close(_) => {
                if modules.last() == Some(&groups) {
                    modules.pop();
                }
                groups -= 1;
            }
            Token::Name(name) if name == "crate" && tokens.get(at + 1) == Some(&Token::Path) => {
                allow(names_after(tokens, at + 2), &mut out);
            }
            Token::Name(name) if name == "pushpull" && tokens.get(at + 1) == Some(&Token::Path) => {
                out.push("names its own crate from outside".to_owned());
            }
            Token::Name(name) if name == "super" => {
                let mut supers = 1;
                while tokens.get(at + 1) == Some(&Token::Path)
                    && tokens.get(at + 2) == Some(&Token::Name("super".to_owned()))
                {
                    supers += 1;
                    at += 2;
                }
                // Past the layer's own module, `super` is the crate's root.
                if supers > depth + modules.len() && tokens.get(at + 1) == Some(&Token::Path) {
                    allow(names_after(tokens, at + 2), &mut out);
                }
            }
            _ => {}
        }
        at += 1;
    }
    out
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
    out.sort();
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// How many modules below its layer's `mod.rs` a file stands: `fetch.rs` and `fetch/mod.rs` one.
fn depth(layer_folder: &Path, file: &Path) -> usize {
    let inside = file.strip_prefix(layer_folder).expect("a file of the layer");
    let folders = inside.components().count() - 1;
    folders + usize::from(inside.file_name().is_some_and(|name| name != "mod.rs"))
}

#[test]
fn every_folder_stands_in_the_table() {
    for entry in fs::read_dir(src()).expect("src/") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
        if path.is_dir() {
            assert!(find(name).is_some(), "src/{name}/ has no row in the table");
        } else {
            assert!(["lib.rs", "main.rs"].contains(&name), "src/{name} belongs in a layer");
        }
    }
}

#[test]
fn no_layer_reaches_past_the_table() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for layer in TABLE {
        let folder = src().join(layer.name);
        if !folder.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        sources(&folder, &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a readable source");
            for fault in faults(layer, depth(&folder, &file), &text) {
                wrong.push(format!("{} {fault}", file.display()));
            }
            read += 1;
        }
    }
    assert!(read > 0, "no source was read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    // Each layer imports only rows above it.
    for (row, layer) in TABLE.iter().enumerate() {
        for name in layer.may_import {
            assert!(
                TABLE[..row].iter().any(|above| above.name == *name),
                "{} imports {name}, which does not stand above it",
                layer.name
            );
        }
    }
}

/// The `cfg` that stands before `mod NAME` in `lib`, without spaces.
fn condition_of(name: &str, lib: &str) -> Option<String> {
    let mut condition = String::new();
    for line in lib.lines().map(str::trim) {
        if line.starts_with("#[cfg(") {
            condition = line.replace(' ', "");
        } else if line == format!("pub mod {name};") || line == format!("mod {name};") {
            return Some(condition);
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            condition.clear();
        }
    }
    None
}

fn right_condition(layer: &Layer, lib: &str) -> bool {
    let wanted = match layer.built {
        Everywhere => "",
        WasmOnly => "#[cfg(target_arch=\"wasm32\")]",
        NativeOnly => "#[cfg(not(target_arch=\"wasm32\"))]",
    };
    condition_of(layer.name, lib).as_deref() == Some(wanted)
}

#[test]
fn the_page_and_the_command_line_are_built_where_they_belong() {
    let lib = fs::read_to_string(src().join("lib.rs")).expect("src/lib.rs");
    for layer in TABLE.iter().filter(|layer| src().join(layer.name).is_dir()) {
        assert!(
            right_condition(layer, &lib),
            "mod {} is not built where the table says",
            layer.name
        );
    }
}

#[test]
fn the_check_of_conditions_sees_a_missing_one() {
    let view = find("view").expect("a row");
    let sim = find("sim").expect("a row");
    assert!(right_condition(view, "#[cfg(target_arch = \"wasm32\")]\npub mod view;"));
    assert!(!right_condition(view, "pub mod view;"));
    assert!(!right_condition(
        view,
        "#[cfg(target_arch = \"wasm32\")]\npub mod embed;\npub mod view;"
    ));
    assert!(!right_condition(view, "#[cfg(not(target_arch = \"wasm32\"))]\npub mod view;"));
    assert!(right_condition(sim, "pub mod sim;"));
    assert!(!right_condition(sim, "#[cfg(test)]\npub mod sim;"));
}

#[test]
fn the_check_sees_bad_imports() {
    let bad = [
        ("sim", 0, "use crate::event::Tag;"),
        ("sim", 1, "fn f() -> crate::redis::Server { todo() }"),
        ("redis", 1, "use crate::{sim::Instant, kafka::Cluster};"),
        ("redis", 1, "use crate::{sim::{Instant, Span}, lab};"),
        ("redis", 1, "use super::super::kafka::Cluster;"),
        ("redis", 0, "use super::kafka::Cluster;"),
        ("redis", 1, "mod tests { use super::super::super::lab::World; }"),
        ("kafka", 1, "#[cfg(test)] mod tests { use crate::redis::Server; }"),
        ("event", 1, "use crate::*;"),
        ("event", 1, "use pushpull::sim::Instant;"),
        ("sim", 1, "use std::time::Instant;"),
        ("sim", 1, "use std::{fmt, thread};"),
        ("sim", 1, "fn f() { let _ = std::net::TcpStream::connect(1); }"),
        ("sim", 1, "fn f() { let _ = Instant::now(); }"),
        ("lab", 1, "use std::collections::{BTreeMap, HashMap};"),
        ("lab", 1, "struct A { share: f64 }"),
        ("kafka", 1, "const A: u8 = 1.5f32 as u8;"),
        ("redis", 1, "fn f(a: f64) -> f64 { a.powf(2.0) }"),
        ("redis", 1, "fn f(a: f64) -> f64 { f64::exp(a) }"),
        ("stage", 1, "use yew::prelude::*;"),
        ("view", 1, "use crate::lab::World;"),
        ("view", 1, "use serde_wasm_bindgen::from_value;"),
        ("cli", 1, "use crate::embed::Handle;"),
        ("sim", 1, "fn f( {"),
    ];
    for (name, depth, text) in bad {
        let layer = find(name).expect("a row");
        assert!(!faults(layer, depth, text).is_empty(), "{name}: {text}");
    }
}

#[test]
fn the_check_lets_good_sources_pass() {
    let good = [
        ("event", 1, "use crate::sim::{Instant, Span}; use super::id::Tag;"),
        ("redis", 1, "use super::{reply, Server}; use crate::{event::Tag, sim::Instant};"),
        ("redis", 1, "mod tests { use super::*; use super::super::Server; fn score(a: f64) {} }"),
        ("redis", 2, "use super::super::Server;"),
        (
            "sim",
            1,
            "//! Not std::time, f64 or crate::redis.\nconst A: &str = \"HashMap crate::lab f64\";",
        ),
        ("kafka", 1, "fn f(log: Log) { log.ln; a.exp; let ln = 0xf32; }"),
        ("lab", 1, "use std::collections::BTreeMap; use crate::{redis, kafka};"),
        ("stage", 1, "struct Shape { x: f32 }"),
        ("view", 1, "use std::time::Duration; use yew::prelude::*; use crate::stage::Picture;"),
        ("embed", 1, "use serde_wasm_bindgen::from_value; use crate::lab::World;"),
    ];
    for (name, depth, text) in good {
        let layer = find(name).expect("a row");
        assert_eq!(faults(layer, depth, text), Vec::<String>::new(), "{name}: {text}");
    }
}
