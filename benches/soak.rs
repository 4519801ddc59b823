//! A long run: that memory stays bounded and the ledger balanced, however long somebody watches.
//!
//! `make soak` runs a hundred million events, `make test` two million:
//! `cargo bench --bench soak -- --events 2000000`. It prints its progress and a verdict and ends
//! with 1 when a bound was passed.

use pushpull::event::Action;
use pushpull::history::Session;
use pushpull::lesson::Lesson;
use pushpull::sim::Span;
use std::process::ExitCode;
use std::time::Instant as Clock;

/// What the process may grow by after the first fifth of the run, in bytes: by then the events at
/// hand and the checkpoints are all there.
const GROWTH: u64 = 64 << 20;
/// Messages that may be open at once: what the topic keeps for 10 s to 13 s at 1000 a second, and
/// as many again for what a reader without its plug is owed.
const OPEN: usize = 30_000;
/// How far the run goes before somebody looks.
const STRIDE: Span = Span::from_secs(2);

/// Resident memory of this process in bytes (proc(5), `VmRSS`); none where there is no procfs.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip_while(|word| word != "--events").skip(1);
    let goal: u64 = words.next().and_then(|n| n.parse().ok()).unwrap_or(2_000_000);
    let lesson = Lesson::parse_own("soak", include_str!("soak.json")).expect("soak.json is right");
    let mut session = Session::open(lesson, None).expect("the shop can be built");
    let (begun, mut shown, mut settled) = (Clock::now(), 0, None);
    let (mut most_open, mut failures, mut out) = (0, Vec::new(), false);
    let mut due = goal / 40;
    while session.event_count() < goal && failures.is_empty() {
        session.advance_to(session.head() + STRIDE);
        let events = session.event_count();
        if events >= due {
            due += goal / 40;
            let consumer = "billing".into();
            let plug = if out { Action::PlugIn { consumer } } else { Action::Unplug { consumer } };
            session.act_at(session.head(), plug).expect("plugs go in and out in turn");
            out = !out;
        }
        let ledger = session.world().ledger();
        most_open = most_open.max(ledger.open_messages());
        if !ledger.balances() {
            failures.push(format!("the ledger does not balance at {}", session.head()));
        }
        if most_open > OPEN {
            failures.push(format!("{most_open} messages are open at {}", session.head()));
        }
        if events > goal / 5 && settled.is_none() {
            settled = resident();
        }
        if let (Some(settled), Some(now)) = (settled, resident())
            && now > settled + GROWTH
        {
            let grown = (now - settled) >> 20;
            failures.push(format!("memory grew by {grown} MB after the first fifth"));
        }
        if events * 20 / goal > shown {
            shown = events * 20 / goal;
            let rate = events as f64 / begun.elapsed().as_secs_f64() / 1e6;
            let memory = resident().unwrap_or(0) >> 20;
            println!(
                "{:3} %  {events:>11} events  {rate:.2} million/s  {memory:>4} MB  {} open  {}",
                shown * 5,
                session.world().ledger().open_messages(),
                session.head()
            );
        }
    }
    let events = session.event_count();
    let rate = events as f64 / begun.elapsed().as_secs_f64();
    let memory = resident().unwrap_or(0) >> 20;
    println!(
        "{{\"events\": {events}, \"events_per_second\": {rate:.0}, \"memory_mb\": {memory}, \
         \"most_open_messages\": {most_open}}}"
    );
    for failure in &failures {
        println!("FAILED: {failure}");
    }
    if failures.is_empty() {
        println!("fine: memory is bounded and the ledger balances");
        return ExitCode::SUCCESS;
    }
    ExitCode::from(1)
}
