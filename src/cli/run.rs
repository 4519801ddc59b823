//! `pushpull run`: a run without a page.

use super::Trouble::{self, WrongUse};
use super::source::{self, Source};
use super::{Verdict, answers};
use crate::event::System;
use crate::history::{Replay, RunFile, Session, to_link};
use crate::lesson::{Lesson, Sums, parse_time};
use crate::sim::{Instant, Span};
use crate::timeline::Timeline;
use crate::timeline::journal::{self, Filter, Kind};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Events are written out in pieces of this length, so that a long run needs little memory.
const PIECE: Span = Span::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// A lesson that ships, a lesson file, a run's file, or a link
    #[arg(value_name = "LESSON|FILE|LINK")]
    what: String,
    /// Another seed than the lesson's own
    #[arg(long)]
    seed: Option<u64>,
    /// How far to run in virtual time [default: 60s, or where the recorded run ends]
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<Span>,
    /// Writes every event to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Prints every event as a sentence
    #[arg(long, conflicts_with = "json")]
    journal: bool,
    /// With --journal: only what this node or party has to do with
    #[arg(long, value_name = "NAME", requires = "journal")]
    node: Option<String>,
    /// With --journal: only this kind: command, hop, node, connection, message, standing, server
    #[arg(long, value_name = "KIND", requires = "journal", value_parser = kind)]
    kind: Option<Kind>,
    /// With --journal: only this system: redis, kafka
    #[arg(long, value_name = "SYSTEM", requires = "journal", value_parser = system)]
    system: Option<System>,
    /// The biography of a message by its number; with --journal: only what concerns it
    #[arg(long, value_name = "NUMBER", conflicts_with = "json")]
    message: Option<u32>,
    /// Why a consumer does nothing or lags, why its messages are lost, its connection closed
    #[arg(long, value_name = "NAME", conflicts_with = "json")]
    why: Option<String>,
    /// Compares with another run of the same lesson and seed
    #[arg(long, value_name = "FILE|LINK", conflicts_with = "json")]
    compare: Option<String>,
    /// Writes the run to this file; `pushpull run FILE` repeats it
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Prints the result as JSON
    #[arg(long)]
    json: bool,
}

fn time(text: &str) -> Result<Span, String> {
    parse_time(text).ok_or_else(|| "write a time such as `60s` or `250ms`".to_owned())
}

fn kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|(_, word)| *word == text).map(|(kind, _)| kind);
    found.ok_or_else(|| format!("write one of {}", Kind::ALL.map(|(_, word)| word).join(", ")))
}

fn system(text: &str) -> Result<System, String> {
    match text {
        "redis" => Ok(System::Redis),
        "kafka" => Ok(System::Kafka),
        _ => Err("write redis or kafka".to_owned()),
    }
}

/// Runs, and says what came out.
pub(super) fn run(options: &Options, out: &mut impl Write) -> Result<Verdict, Trouble> {
    let (lesson, recording) = match source::find(&options.what)? {
        Source::Wrong(mistakes) => {
            for mistake in mistakes {
                writeln!(out, "{}:{mistake}", options.what)?;
            }
            return Ok(Verdict::Failed);
        }
        Source::Lesson(lesson) => (lesson, None),
        Source::Recording(lesson, recording) => (lesson, Some(recording)),
    };
    if recording.is_some() && options.seed.is_some() {
        return Err(WrongUse("a recorded run has its seed; leave `--seed` away".to_owned()));
    }
    let seed = recording.as_ref().map(|recording| recording.seed).or(options.seed);
    let mut session = match Session::open(lesson.clone(), seed) {
        Ok(session) => session,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Ok(Verdict::Failed);
        }
    };
    let replay = match &recording {
        None => None,
        Some(recording) => {
            let (replayed, replay) = Session::replay(lesson.clone(), recording)
                .map_err(|error| WrongUse(error.to_string()))?;
            session = replayed;
            Some(replay)
        }
    };
    let default =
        if recording.is_some() { session.head() } else { Instant::ZERO + Span::from_secs(60) };
    let until = options.until.map_or(default, |until| Instant::ZERO + until);
    let mut told = Teller::new(options)?;
    told.tell(&session, 0, out)?;
    while session.head() < until {
        let seen = session.event_count();
        let due = session.next_at().unwrap_or(Instant::FAR);
        session.advance_to(until.min(due.max(session.head() + PIECE)));
        told.tell(&session, seen, out)?;
    }
    let timeline = told.finish()?;
    if let Some(path) = &options.save {
        save(path, &session)?;
    }
    if options.json {
        writeln!(out, "{:#}", report(&lesson, &session, replay.as_ref()))?;
    } else {
        summary(&lesson, &session, replay.as_ref(), out)?;
    }
    if let Some(timeline) = &timeline {
        let head = session.head();
        if let Some(number) = options.message.filter(|_| !options.journal) {
            answers::message(timeline, number, head, out)?;
        }
        if let Some(name) = &options.why {
            answers::reasons(timeline, name, head, out)?;
        }
        if let Some(other) = &options.compare {
            answers::compare(&session, timeline, other, out)?;
        }
    }
    let told_otherwise = replay.is_some_and(|r| !r.same || r.cut || !r.refused.is_empty());
    let failed = told_otherwise || !session.progress().failures().is_empty();
    Ok(if failed { Verdict::Failed } else { Verdict::Fine })
}

/// Writes a run to a file.
pub(super) fn save(path: &Path, session: &Session) -> Result<(), Trouble> {
    let file = serde_json::to_string_pretty(&RunFile::new(session.recording()))
        .map_err(|error| WrongUse(error.to_string()))?;
    std::fs::write(path, file + "\n")
        .map_err(|error| WrongUse(format!("cannot write {}: {error}", path.display())))
}

/// Writes events out as they come.
struct Teller {
    file: Option<BufWriter<File>>,
    /// Kept where somebody asks for sentences.
    timeline: Option<Timeline>,
    journal: Option<Filter>,
    /// The number of the messages that the journal is about.
    number: Option<u32>,
}

impl Teller {
    fn new(options: &Options) -> Result<Self, Trouble> {
        let create = |path: &PathBuf| {
            let file = File::create(path)
                .map_err(|error| WrongUse(format!("cannot write {}: {error}", path.display())));
            file.map(BufWriter::new)
        };
        let file = options.events.as_ref().map(create).transpose()?;
        let filter = || Filter {
            node: options.node.as_deref().map(Into::into),
            messages: options.message.map(|_| Vec::new()),
            kind: options.kind,
            system: options.system,
        };
        let journal = options.journal.then(filter);
        let asked = options.message.is_some() || options.why.is_some() || options.compare.is_some();
        let timeline = (asked || options.journal).then(Timeline::default);
        Ok(Self { file, timeline, journal, number: options.message })
    }

    fn tell(&mut self, session: &Session, from: u64, out: &mut impl Write) -> Result<(), Trouble> {
        let events = session.events_since(from);
        if let Some(file) = &mut self.file {
            for event in events {
                let line = serde_json::to_string(event).map_err(|e| WrongUse(e.to_string()))?;
                writeln!(file, "{line}")?;
            }
        }
        let Some(timeline) = &mut self.timeline else { return Ok(()) };
        timeline.extend(events);
        let Some(filter) = &mut self.journal else { return Ok(()) };
        if let Some(messages) = &mut filter.messages {
            let all = timeline.messages(Instant::FAR).iter();
            let wanted = all.filter(|message| Some(message.number) == self.number);
            *messages = wanted.map(|message| message.id).collect();
        }
        for event in events.iter().filter(|event| filter.shows(timeline, event)) {
            let words = journal::sentence(timeline, event);
            writeln!(out, "{:>12}  {words}", event.at.to_string())?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Option<Timeline>, Trouble> {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        Ok(self.timeline)
    }
}

fn parties(session: &Session) -> Vec<(String, &'static str, Sums)> {
    let ledger = session.world().ledger();
    let party = |(_, party): (_, &crate::lab::Party)| {
        let sums = session.progress().sums(Some(party.system), Some(&party.name));
        let system = match party.system {
            System::Redis => "redis",
            System::Kafka => "kafka",
        };
        (party.name.to_string(), system, sums)
    };
    ledger.parties().map(party).collect()
}

fn summary(
    lesson: &Lesson,
    session: &Session,
    replay: Option<&Replay>,
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let (head, seed) = (session.head(), session.seed());
    writeln!(out, "{} (seed {seed}), {head}, {} events", lesson.title, session.event_count())?;
    writeln!(out, "trace {:016x}", session.trace())?;
    writeln!(
        out,
        "\n{:16} {:6} {:>9} {:>9} {:>7} {:>8} {:>9} {:>6} {:>6}",
        "party", "system", "expected", "delivered", "waiting", "on way", "repeated", "late", "lost"
    )?;
    for (name, system, sums) in parties(session) {
        let lost: Vec<String> =
            sums.lost.iter().map(|(reason, n)| format!("{n} {}", reason.words())).collect();
        let why = if lost.is_empty() { String::new() } else { format!("  ({})", lost.join(", ")) };
        writeln!(
            out,
            "{name:16} {system:6} {:>9} {:>9} {:>7} {:>8} {:>9} {:>6} {:>6}{why}",
            sums.expected,
            sums.delivered,
            sums.waiting,
            sums.on_its_way,
            sums.repeated,
            sums.late,
            sums.lost()
        )?;
    }
    let progress = session.progress();
    for (index, step) in lesson.steps.iter().enumerate() {
        writeln!(out, "\n{}", step.heading)?;
        for (number, task) in step.tasks.iter().enumerate() {
            match progress.ticked(index, number) {
                Some(at) => writeln!(out, "  [x] {} ({at})", task.text)?,
                None => writeln!(out, "  [ ] {}", task.text)?,
            }
        }
        if let (Some(prediction), Some(answer)) = (&step.prediction, progress.answer(index)) {
            let right = answer.choice.and_then(|choice| prediction.choices.get(choice));
            let right = right.map_or("none of the choices, or several", |choice| &choice.text);
            writeln!(out, "  {} {right}", prediction.question)?;
        }
    }
    for failure in progress.failures() {
        let (step, assertion) = (failure.step + 1, failure.assertion + 1);
        writeln!(out, "\nstep {step}: assertion {assertion} does not hold")?;
    }
    if let Some(replay) = replay {
        if !replay.same {
            writeln!(out, "\nThis version tells another story than the recording did.")?;
        }
        if replay.cut {
            writeln!(out, "\nThe recorded run is too long; it was not run to its end.")?;
        }
        for (command, refusal) in &replay.refused {
            writeln!(out, "\nAt {} refused: {refusal}", command.at)?;
        }
    }
    writeln!(out, "\nlink #{}", to_link(&session.recording()))?;
    Ok(())
}

fn report(lesson: &Lesson, session: &Session, replay: Option<&Replay>) -> Value {
    let progress = session.progress();
    let lost = |sums: &Sums| -> Value {
        sums.lost.iter().map(|(reason, n)| (reason.words().to_owned(), json!(n))).collect()
    };
    let party = |(name, system, sums): (String, &str, Sums)| {
        json!({
            "name": name,
            "system": system,
            "expected": sums.expected,
            "onItsWay": sums.on_its_way,
            "waiting": sums.waiting,
            "delivered": sums.delivered,
            "parked": sums.parked,
            "lost": sums.lost(),
            "lostBecause": lost(&sums),
            "refused": sums.refused,
            "repeated": sums.repeated,
            "late": sums.late,
        })
    };
    let step = |(index, step): (usize, &crate::lesson::Step)| {
        let ticked = |number| progress.ticked(index, number).map(Instant::as_nanos);
        let tasks = step.tasks.iter().enumerate();
        json!({
            "heading": step.heading,
            "tasks": tasks
                .map(|(number, task)| json!({ "text": task.text, "ticked": ticked(number) }))
                .collect::<Vec<_>>(),
            "right": progress.answer(index).and_then(|answer| answer.choice),
        })
    };
    let failures = progress.failures().iter();
    json!({
        "lesson": &*lesson.id,
        "title": lesson.title,
        "seed": session.seed(),
        "until": session.head().as_nanos(),
        "events": session.event_count(),
        "trace": format!("{:016x}", session.trace()),
        "parties": parties(session).into_iter().map(party).collect::<Vec<_>>(),
        "steps": lesson.steps.iter().enumerate().map(step).collect::<Vec<_>>(),
        "failures": failures
            .map(|failure| json!({ "step": failure.step, "assertion": failure.assertion }))
            .collect::<Vec<_>>(),
        "replay": replay.map(|replay| json!({
            "same": replay.same,
            "cut": replay.cut,
            "refused": replay.refused.iter().map(|(_, refusal)| &refusal.reason).collect::<Vec<_>>(),
        })),
        "link": to_link(&session.recording()),
    })
}
