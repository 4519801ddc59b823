//! What a reader asks of a run once it is over: biographies, reasons, another run beside it.

use super::Trouble::{self, WrongUse};
use super::source::{self, Source};
use crate::event::System;
use crate::history::{Comparison, Session};
use crate::lesson::Outcome;
use crate::sim::Instant;
use crate::timeline::biography::biography;
use crate::timeline::causes::Line;
use crate::timeline::journal::sentence;
use crate::timeline::{Timeline, why};
use std::io::Write;

fn print(timeline: &Timeline, lines: &[Line], out: &mut impl Write) -> Result<(), Trouble> {
    for line in lines {
        let at = line.event.and_then(|id| timeline.event(id)).map(|event| event.at.to_string());
        writeln!(out, "{:>12}  {}", at.unwrap_or_default(), line.sentence)?;
    }
    Ok(())
}

/// The biography of every message with this number.
pub(super) fn message(
    timeline: &Timeline,
    number: u32,
    t: Instant,
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let mut all = timeline.messages(t).iter().filter(|m| m.number == number).peekable();
    if all.peek().is_none() {
        return Err(WrongUse(format!("no message {number} was sent by {t}")));
    }
    for message in all {
        let producer = timeline.node(message.producer).map(|node| node.name.to_string());
        writeln!(out, "\nMessage {number} of {}", producer.unwrap_or_default())?;
        print(timeline, &biography(timeline, message.id, t), out)?;
    }
    Ok(())
}

/// Why what has this name does nothing, lags, lost messages or is not connected.
pub(super) fn reasons(
    timeline: &Timeline,
    name: &str,
    t: Instant,
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let nodes: Vec<_> = timeline.nodes().iter().filter(|node| *node.name == *name).collect();
    let parties: Vec<_> = timeline.parties().iter().filter(|party| *party.name == *name).collect();
    if nodes.is_empty() && parties.is_empty() {
        return Err(WrongUse(format!("there is nothing named `{name}` in this run")));
    }
    let mut answer = |question: String, lines: &[Line]| -> Result<(), Trouble> {
        if !lines.is_empty() {
            writeln!(out, "\n{question}")?;
            print(timeline, lines, out)?;
        }
        Ok(())
    };
    for node in nodes {
        let lane = node.system.map_or("", lane);
        answer(format!("Why {name}{lane} does nothing at {t}"), &why::idle(timeline, node.id, t))?;
        let mut wires = timeline.wires().iter().filter(|wire| wire.client == node.id);
        if let Some(wire) = wires.rfind(|wire| wire.closed.is_some_and(|(at, _)| at <= t)) {
            let question = format!("Why the last connection of {name}{lane} closed");
            answer(question, &why::closed(timeline, wire.id, t))?;
        }
    }
    for party in parties {
        let lane = lane(party.system);
        answer(format!("What {name}{lane} lags behind at {t}"), &why::lag(timeline, party.id, t))?;
        for lost in party.lost(t) {
            let Some(first) = lost.messages.first() else { continue };
            let (n, reason) = (lost.count, lost.reason.words());
            let question = format!("Why {n} of {name}{lane} are lost ({reason}); the first");
            answer(question, &why::standing(timeline, *first, party.id, t))?;
        }
    }
    Ok(())
}

const fn lane(system: System) -> &'static str {
    match system {
        System::Redis => " (Redis)",
        System::Kafka => " (Kafka)",
    }
}

/// Both ledgers at the last instant that both runs have reached, and where they part.
pub(super) fn compare(
    session: &Session,
    timeline: &Timeline,
    other: &str,
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let Source::Recording(lesson, recording) = source::find(other)? else {
        return Err(WrongUse(format!("`{other}` is no recorded run")));
    };
    if lesson.topology != session.lesson().topology || recording.seed != session.seed() {
        return Err(WrongUse("the two runs have another lesson or another seed".to_owned()));
    }
    let Comparison { at, here, there, first, .. } =
        session.compare_with(&recording.commands, recording.until);
    writeln!(out, "\nAt {at}{:24} {:>9} {:>9}", "", "this run", "the other")?;
    for (what, count) in figures() {
        let (a, b) = (count(&here), count(&there));
        let mark = if a == b { "" } else { "  *" };
        writeln!(out, "{what:32} {a:>9} {b:>9}{mark}")?;
    }
    match first {
        None => writeln!(out, "Both tell the same events.")?,
        Some(first) => {
            let number = first.number;
            writeln!(out, "They are the same for {number} events and part there.")?;
            for (whose, event) in [("This run", first.here), ("The other", first.there)] {
                match event {
                    None => writeln!(out, "  {whose}: nothing more happens.")?,
                    Some(event) => {
                        let words = sentence(timeline, &event);
                        writeln!(out, "  {whose} at {}: {words}", event.at)?;
                    }
                }
            }
        }
    }
    Ok(())
}

type Count = fn(&Outcome) -> u64;

fn figures() -> [(&'static str, Count); 8] {
    [
        ("Redis: expected", |outcome| outcome.redis.expected),
        ("Redis: delivered", |outcome| outcome.redis.delivered),
        ("Redis: lost", |outcome| outcome.redis.lost()),
        ("Redis: repeated", |outcome| outcome.redis.repeated),
        ("Kafka: expected", |outcome| outcome.kafka.expected),
        ("Kafka: delivered", |outcome| outcome.kafka.delivered),
        ("Kafka: lost", |outcome| outcome.kafka.lost()),
        ("Kafka: repeated", |outcome| outcome.kafka.repeated),
    ]
}
