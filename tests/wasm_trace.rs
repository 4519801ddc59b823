//! The same run has the same trace everywhere: this file is a test natively and in the browser's
//! build, and both compare with the same numbers.
//!
//! The numbers are our own: they detect change and prove nothing else. After a change of the
//! engines' rules that is meant, `PUSHPULL_BLESS=1 cargo test --test wasm_trace` writes them anew.

use pushpull::event::{Action, Name};
use pushpull::history::Session;
use pushpull::lesson::Lesson;
use pushpull::sim::Instant;
use std::fmt::Write;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const LESSON: &str = include_str!("../www/lessons/one-plug.json");
const GOLDEN: &str = include_str!("golden/one-plug.trace");

/// W1 with a plug pulled and put back, a crash, a pause and a broken path: one line a seed.
fn traces() -> String {
    let lesson = Lesson::parse("one-plug", LESSON).expect("the lesson is right");
    let mut lines = String::new();
    for seed in [1, 2, u64::MAX] {
        let mut session = Session::open(lesson.clone(), Some(seed)).expect("opens");
        let (billing, email): (Name, Name) = ("billing".into(), "email".into());
        for (ms, action) in [
            (2_000, Action::Unplug { consumer: billing.clone() }),
            (5_123, Action::PlugIn { consumer: billing.clone() }),
            (6_000, Action::Crash { node: email.clone() }),
            (6_500, Action::Pause { node: billing.clone() }),
            (7_000, Action::Restart { node: email.clone() }),
            (8_000, Action::Resume { node: billing }),
            (8_250, Action::Interrupt { node: email.clone() }),
            (9_250, Action::Heal { node: email }),
        ] {
            session.act_at(Instant::from_millis(ms), action).expect("allowed");
        }
        session.advance_to(Instant::from_millis(20_000));
        let (events, trace) = (session.event_count(), session.trace());
        writeln!(lines, "seed {seed}: {events} events, {trace:016x}").expect("a text takes all");
    }
    lines
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn one_plug_has_the_same_trace_everywhere() {
    let traces = traces();
    #[cfg(not(target_arch = "wasm32"))]
    if std::env::var_os("PUSHPULL_BLESS").is_some() {
        std::fs::write("tests/golden/one-plug.trace", &traces).expect("written");
        return;
    }
    assert_eq!(traces, GOLDEN);
}
