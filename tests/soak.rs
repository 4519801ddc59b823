//! A long run: memory stays bounded, the ledger balanced and every instant of it to be seen,
//! however long somebody watches.
//!
//! A hundred thousand events (`SOAK_EVENTS`) with all other tests; `make test` runs two million of
//! them, and `make soak` a hundred million, optimised, and shows what it prints.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{Action, Event, LabFact, MessageId, PartyId, Standing, What};
use pushpull::history::Session;
use pushpull::lesson::Lesson;
use pushpull::sim::{Instant, SortedMap, Span};
use pushpull::stage::{Picture, View, picture};
use pushpull::timeline::Window;
use std::time::Instant as Clock;

/// What all that is kept of a run may take: events, timelines, checkpoints; in bytes. It was 198 MB
/// from 35 s on, unoptimised, most of it messages that are open at the timeline's checkpoints.
const MEMORY: u64 = 256 << 20;
/// What the process may grow by after that, in bytes. It was 164 MB over sixty million events: the
/// thirty-two checkpoints move apart until each holds a topic of its own, and every pair of a message
/// and a party that lost it is remembered, as a later command may reopen it.
const GROWTH: u64 = 256 << 20;
/// Messages that may be open at once: what the topic keeps for 10 s to 13 s at 1000 a second, and
/// as many again for what a reader without its plug is owed.
const OPEN: usize = 30_000;
/// When all of that has come about.
const EVEN: Instant = Instant::from_millis(60_000);
/// How far the run goes before somebody looks.
const STRIDE: Span = Span::from_millis(500);
/// Nothing changes where a message stands that was sent so long ago: the topic has forgotten it.
const SETTLED: Span = Span::from_secs(60);

/// Resident memory of this process in bytes (proc(5), `VmRSS`); none where there is no procfs.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// The ledger as the events add up to, in bounded memory.
#[derive(Default)]
struct Recount {
    open: SortedMap<(Instant, MessageId, PartyId), Standing>,
    settled: SortedMap<(PartyId, Standing), u64>,
}

impl Recount {
    fn see(&mut self, event: &Event) {
        let What::Lab(LabFact::Stands { message, party, standing, sent }) = &event.what else {
            return;
        };
        self.open.insert((*sent, *message, *party), *standing);
        while let Some(first) = self.open.first_entry()
            && event.at.since(first.key().0) > SETTLED
        {
            let party = first.key().2;
            *self.settled.entry((party, first.remove())).or_default() += 1;
        }
    }

    fn agrees(&self, session: &Session) {
        let mut sums = self.settled.clone();
        for ((_, _, party), standing) in &self.open {
            *sums.entry((*party, *standing)).or_default() += 1;
        }
        let ledger = session.world().ledger();
        assert!(ledger.balances(), "the ledger does not balance at {}", session.head());
        let parties = ledger.parties();
        let told = parties.flat_map(|(id, party)| party.sums().map(move |(s, n)| ((id, s), n)));
        assert_eq!(told.collect::<SortedMap<_, _>>(), sums, "at {}", session.head());
    }
}

fn seen(window: &Window, t: Instant) -> Picture {
    picture(window.at(t), t, &View::new(1_100.0, 700.0))
}

#[test]
fn a_long_run_stays_in_bounds() {
    let goal = std::env::var("SOAK_EVENTS").ok().and_then(|n| n.parse().ok());
    let goal: u64 = goal.unwrap_or(100_000);
    let text = include_str!("../benches/soak.json");
    let lesson = Lesson::parse_own("soak", text).expect("soak.json is right");
    let before = resident();
    let mut session = Session::open(lesson, None).expect("the shop can be built");
    let mut window = Window::default();
    let (mut recount, mut pictures) = (Recount::default(), Vec::new());
    let (begun, mut shown, mut settled, mut most_open) = (Clock::now(), 0, None, 0);
    let (mut due, mut out) = (goal / 40, false);
    while session.event_count() < goal {
        session.advance_to(session.head() + STRIDE);
        let events = session.event_count();
        if events >= due {
            due += goal / 40;
            let consumer = "billing".into();
            let plug = if out { Action::PlugIn { consumer } } else { Action::Unplug { consumer } };
            session.act_at(session.head(), plug).expect("plugs go in and out in turn");
            out = !out;
        }
        session.tell(window.told(), &mut |events| {
            for event in events {
                recount.see(event);
            }
            window.extend(events);
            true
        });
        assert_eq!(window.told(), session.event_count());
        let open = session.world().ledger().open_messages();
        most_open = open.max(most_open);
        assert!(open <= OPEN, "{open} messages are open at {}", session.head());
        if events * 20 / goal > shown {
            shown = events * 20 / goal;
            recount.agrees(&session);
            let now = resident();
            let grown = now.zip(before).map_or(0, |(now, before)| now.saturating_sub(before));
            if settled.is_none() {
                assert!(grown < MEMORY, "{} MB at {}", grown >> 20, session.head());
            }
            if settled.is_none() && session.head() > EVEN {
                settled = now;
            }
            if let Some((now, settled)) = now.zip(settled) {
                let grown = now.saturating_sub(settled);
                assert!(grown < GROWTH, "memory grew by {} MB since {EVEN}", grown >> 20);
            }
            if shown % 5 == 1 {
                pictures.push((session.head(), seen(&window, session.head())));
            }
            println!(
                "{:3} %  {events:>11} events  {:.2} million/s  {:>4} MB  {open} open  {}",
                shown * 5,
                events as f64 / begun.elapsed().as_secs_f64() / 1e6,
                grown >> 20,
                session.head()
            );
        }
    }
    println!("at most {most_open} messages were open");
    // Going back to any of it shows what was seen there.
    for (t, then) in pictures {
        let clock = Clock::now();
        window.look(t, &mut |from, hear| session.tell(from, hear));
        assert!(seen(&window, t) == then, "the picture at {t}");
        println!("back at {t} in {:.0} ms", clock.elapsed().as_secs_f64() * 1e3);
    }
    let grown = resident().zip(before).map_or(0, |(now, before)| now.saturating_sub(before));
    println!("{} MB in the end", grown >> 20);
    assert!(grown < MEMORY + GROWTH, "{} MB after looking back", grown >> 20);
}
