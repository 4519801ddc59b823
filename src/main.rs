//! One binary: the page on `wasm32`, a command-line tool elsewhere.

// The page's exports live in the library: naming it is what links them.
#[cfg(target_arch = "wasm32")]
use pushpull as _;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    pushpull::cli::main()
}
