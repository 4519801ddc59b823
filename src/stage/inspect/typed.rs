//! From what was typed into a form to values, or to the word about what is wrong with an entry.

use super::form::{Entry, Form, Kind};
use crate::event::{Failure, Name, Settings, TopicPartition};
use crate::sim::{Instant, Span};

/// What was typed into a form.
pub(super) struct Typed<'a> {
    pub(super) form: &'a Form,
    pub(super) entries: &'a [String],
}

impl Typed<'_> {
    fn place(&self, label: &str) -> usize {
        self.form.fields.iter().position(|field| field.label == label).unwrap_or(0)
    }

    pub(super) fn get(&self, label: &str) -> &str {
        self.entries.get(self.place(label)).map_or("", |entry| entry.trim())
    }

    pub(super) fn wrong<T>(&self, label: &str, wrong: String) -> Result<T, Entry> {
        Err(Entry { field: self.place(label), wrong })
    }

    pub(super) fn name(&self, label: &str) -> Result<Name, Entry> {
        let name = self.get(label);
        // The bound of names in lesson files, so that every lab can be saved as one.
        match name.chars().count() {
            1..=64 => Ok(name.into()),
            _ => self.wrong(label, format!("{label} needs 1 to 64 characters.")),
        }
    }

    pub(super) fn names(&self, label: &str) -> Vec<Name> {
        let words = self.get(label).split(|c: char| c.is_whitespace() || c == ',');
        words.filter(|word| !word.is_empty()).map(Into::into).collect()
    }

    pub(super) fn whole(&self, label: &str, most: u32) -> Result<u32, Entry> {
        match self.get(label).parse() {
            Ok(n) if n <= most => Ok(n),
            _ => self.wrong(label, format!("{label}: a whole number from 0 to {most}.")),
        }
    }

    /// Milliseconds, with at most six decimals: whole nanoseconds.
    pub(super) fn millis(&self, label: &str) -> Result<Span, Entry> {
        match decimal(self.get(label), 6) {
            Some(ns) if ns <= 86_400_000_000_000 => Ok(Span(ns)),
            _ => self.wrong(label, format!("{label}: milliseconds, for example 20 or 0.5.")),
        }
    }

    /// Messages in a thousand seconds.
    pub(super) fn rate(&self) -> Result<u32, Entry> {
        let label = "messages a second";
        let rate = decimal(self.get(label), 3).and_then(|rate| u32::try_from(rate).ok());
        match rate.filter(|rate| *rate <= 100_000_000) {
            Some(rate) => Ok(rate),
            None => self
                .wrong(label, format!("{label}: a number from 0 to 100000, for example 5 or 0.5.")),
        }
    }

    pub(super) fn failure(&self) -> Result<Failure, Entry> {
        let label = "numbers, key or per cent";
        let entry = self.get(label);
        match self.get("on") {
            "nothing" => Ok(Failure::Never),
            "a key" if entry.is_empty() => self.wrong(label, "Name the key.".into()),
            "a key" => Ok(Failure::Key(entry.into())),
            "a share of all" => match decimal(entry, 4) {
                Some(ppm @ 0..=1_000_000) => Ok(Failure::Chance(ppm as u32)),
                _ => self.wrong(label, "A share from 0 to 100 per cent.".into()),
            },
            _ => {
                let numbers: Option<Vec<u32>> =
                    self.names(label).iter().map(|word| word.parse().ok()).collect();
                match numbers.filter(|all| !all.is_empty()) {
                    Some(numbers) => Ok(Failure::Numbers(numbers)),
                    None => self.wrong(label, "Numbers of messages, for example 41 42.".into()),
                }
            }
        }
    }

    pub(super) fn partition(&self) -> Result<TopicPartition, Entry> {
        let entry = self.get("partition");
        if entry.is_empty() {
            return self.wrong("partition", "It owns no partition now.".into());
        }
        self.place_named("partition", entry)
    }

    /// A partition as Kafka's tools write it: `orders-0`.
    pub(super) fn place_named(&self, label: &str, name: &str) -> Result<TopicPartition, Entry> {
        let parts = name.rsplit_once('-');
        match parts.and_then(|(topic, n)| Some((topic, n.parse().ok()?))) {
            Some((topic, partition)) => Ok(TopicPartition { topic: topic.into(), partition }),
            None => self.wrong(label, format!("{label}: a topic and a number, such as orders-0.")),
        }
    }

    /// Seconds since the run's start, with at most nine decimals.
    pub(super) fn instant(&self, label: &str) -> Result<Instant, Entry> {
        match decimal(self.get(label), 9) {
            Some(ns) => Ok(Instant(ns)),
            None => self.wrong(label, format!("{label}: seconds, for example 2 or 2.5.")),
        }
    }

    /// The settings that were given: what is left empty keeps its default.
    pub(super) fn settings(&self) -> Settings {
        let all = self.form.fields.iter().zip(self.entries);
        let given = all.filter(|(field, entry)| {
            let named = matches!(field.kind, Kind::Setting) || field.label.contains('.');
            let changed = field.now.as_deref() != Some(entry.trim()) && field.fixed.is_none();
            named && changed && field.label != "group.id" && !entry.trim().is_empty()
        });
        given.map(|(field, entry)| (field.label.as_ref().into(), entry.trim().into())).collect()
    }
}

/// A decimal number with at most `places` decimals, times ten to the power of `places`.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if part.len() > places || !digits(whole) || !digits(part) || whole.len() + part.len() == 0 {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}
