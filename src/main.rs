//! One binary: the page on `wasm32`, a command-line tool elsewhere.

fn main() {}
