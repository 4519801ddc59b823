//! Versions that must be the same in two files: tools that differ from their crate refuse its
//! output, or try to download themselves.
#![cfg(not(target_arch = "wasm32"))]

use std::fs;
use std::path::Path;

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .expect("a file of the package")
}

/// What stands between `before` and the next double quote.
fn quoted<'a>(text: &'a str, before: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?}"));
    rest.split_once('"').expect("a closing quote").0
}

#[test]
fn trunk_takes_the_wasm_bindgen_of_the_lock_file() {
    let crate_version =
        quoted(&read("Cargo.lock"), "name = \"wasm-bindgen\"\nversion = \"").to_owned();
    assert_eq!(quoted(&read("Trunk.toml"), "wasm_bindgen = \""), crate_version);
}

#[test]
fn trunk_takes_the_wasm_opt_that_the_set_up_installs() {
    let npm = quoted(&read("scripts/node/package.json"), "\"binaryen\": \"").to_owned();
    let trunk = read("Trunk.toml");
    let major = quoted(&trunk, "wasm_opt = \"version_");
    assert_eq!(npm, format!("{major}.0.0"));
}
