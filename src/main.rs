//! One binary: the page on `wasm32`, a command-line tool elsewhere.

// The page's exports live in the library: naming it is what links them.
#[cfg(target_arch = "wasm32")]
use pushpull as _;

#[cfg(target_arch = "wasm32")]
fn main() {}

/// Watch how messages really travel.
#[cfg(not(target_arch = "wasm32"))]
#[derive(clap::Parser)]
#[command(version)]
enum Cli {
    /// Serve the page's Redis on a socket.
    Serve(pushpull::cli::Serve),
}

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    match <Cli as clap::Parser>::parse() {
        Cli::Serve(serve) => serve.run(),
    }
}
