//! One declaration of what a file may hold, used twice: to check a file and to write its JSON
//! Schema. Knows nothing of lessons.

use crate::sim::{Order, Span};
use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;

/// What a value may be.
#[derive(Debug)]
pub enum Shape {
    /// Words: a text that is not empty.
    Words,
    /// A name: 1 to 64 characters, none of them a control character.
    Name,
    /// A whole number within these bounds.
    Whole(u64, u64),
    /// `true` or `false`.
    Flag,
    /// A time: `"250 ms"`.
    Time,
    /// A rate: `"5/s"`.
    Rate,
    /// One of these words, each with its meaning.
    Word(&'static [(&'static str, &'static str)]),
    /// Settings by name: an object of texts, whole numbers, true and false.
    Settings,
    /// A list of at least so many.
    List(usize, &'static Shape),
    /// An object with these fields.
    Record(&'static Record),
    /// An object with exactly one of these fields, which says what the value is.
    Tagged(&'static Record),
}

/// An object's fields.
#[derive(Debug)]
pub struct Record {
    /// What the object is called, in the plain words of messages and of the schema.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

/// A field of an object.
#[derive(Debug)]
pub struct Field {
    /// Its key.
    pub key: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// Its value.
    pub shape: Shape,
    /// What it means.
    pub about: &'static str,
}

/// A field that must be there.
pub(super) const fn must(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, required: true, shape, about }
}

/// A field that may be left out.
pub(super) const fn may(key: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { key, required: false, shape, about }
}

/// One mistake in a file, and its mend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub mend: String,
}

impl core::fmt::Display for Mistake {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}: {}; {}", self.line, self.column, self.wrong, self.mend)
    }
}

/// Mistakes of one file, as they are found.
#[derive(Debug)]
pub(super) struct Report<'a> {
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl<'a> Report<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, mistakes: Vec::new() }
    }

    /// Adds a mistake at a byte of the text.
    pub(super) fn add(&mut self, at: usize, wrong: impl Into<String>, mend: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = line(self.text, at);
        let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
        self.mistakes.push(Mistake { line, column, wrong: wrong.into(), mend: mend.into() });
    }

    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// All mistakes in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Mistake> {
        self.mistakes.order();
        self.mistakes.dedup();
        self.mistakes
    }
}

/// The line of a byte of the text, from 1.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

/// Where a value begins, in bytes.
pub(super) fn place(value: &Value) -> usize {
    value.range().start
}

/// Reports everything in which `value` is not of this shape.
pub(super) fn check(value: &Value, shape: &Shape, report: &mut Report) {
    let at = place(value);
    match (shape, value) {
        (Shape::Words, Value::StringLit(text)) => {
            if text.value.trim().is_empty() {
                report.add(at, "this text is empty", "write some words");
            }
        }
        (Shape::Name, Value::StringLit(text)) => {
            let length = text.value.chars().count();
            if length == 0 || length > 64 || text.value.chars().any(char::is_control) {
                report.add(at, "this is no name", "write 1 to 64 printable characters");
            }
        }
        (Shape::Whole(least, most), Value::NumberLit(number)) => {
            if whole(number.value).is_none_or(|n| n < *least || n > *most) {
                let wrong = format!("`{}` is out of range", number.value);
                report.add(at, wrong, format!("write {}", expected(shape)));
            }
        }
        (Shape::Flag, Value::BooleanLit(_)) => {}
        (Shape::Time, Value::StringLit(text)) => {
            if time(&text.value).is_none() {
                report.add(at, format!("`{}` is no time", text.value), expected(shape));
            }
        }
        (Shape::Rate, Value::StringLit(text)) => {
            if rate(&text.value).is_none() {
                report.add(at, format!("`{}` is no rate", text.value), expected(shape));
            }
        }
        (Shape::Word(words), Value::StringLit(text)) => {
            if !words.iter().any(|(word, _)| *word == text.value) {
                let wrong = format!("`{}` is not known here", text.value);
                report.add(at, wrong, mend(&text.value, words.iter().map(|(word, _)| *word)));
            }
        }
        (Shape::List(least, of), Value::Array(list)) => {
            if list.elements.len() < *least {
                let wrong = format!("this list has {}", count(list.elements.len()));
                report.add(at, wrong, format!("it needs at least {least}"));
            }
            for element in &list.elements {
                check(element, of, report);
            }
        }
        (Shape::Settings, Value::Object(object)) => {
            for property in &object.properties {
                if setting(&property.value).is_none() {
                    let wrong = format!("{} is not what belongs here", kind(&property.value));
                    report.add(place(&property.value), wrong, "write the value as a text");
                }
            }
        }
        (Shape::Record(record), Value::Object(object)) => {
            fields(object, record, report);
            for field in record.fields.iter().filter(|field| field.required) {
                if object.get(field.key).is_none() {
                    let wrong = format!("{} has no `{}`", record.name, field.key);
                    let mend = format!("add `\"{}\": {}`", field.key, example(&field.shape));
                    report.add(at, wrong, mend);
                }
            }
        }
        (Shape::Tagged(record), Value::Object(object)) => {
            fields(object, record, report);
            if object.properties.len() != 1 {
                let wrong = format!("{} has {}", record.name, count(object.properties.len()));
                report.add(at, wrong, "write exactly one field");
            }
        }
        _ => {
            let wrong = format!("{} is not what belongs here", kind(value));
            report.add(at, wrong, format!("write {}", expected(shape)));
        }
    }
}

fn fields(object: &Object, record: &Record, report: &mut Report) {
    for (index, property) in object.properties.iter().enumerate() {
        let key = property.name.as_str();
        let at = property.range.start;
        if object.properties[..index].iter().any(|before| before.name.as_str() == key) {
            report.add(at, format!("`{key}` is here twice"), "keep one of them");
        }
        if let Some(field) = record.fields.iter().find(|field| field.key == key) {
            check(&property.value, &field.shape, report);
        } else {
            let wrong = format!("{} has no field `{key}`", record.name);
            report.add(at, wrong, mend(key, record.fields.iter().map(|field| field.key)));
        }
    }
}

/// "Did you mean", or the whole choice when nothing is near.
pub(super) fn mend<'w>(wrong: &str, words: impl Iterator<Item = &'w str> + Clone) -> String {
    let near = words
        .clone()
        .map(|word| (strsim::osa_distance(&wrong.to_lowercase(), &word.to_lowercase()), word))
        .min()
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1));
    if let Some((_, word)) = near {
        return format!("did you mean `{word}`?");
    }
    let all: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    if all.is_empty() {
        "take it away".to_owned()
    } else {
        format!("write one of {}", all.join(", "))
    }
}

fn count(n: usize) -> String {
    if n == 0 { "nothing in it".to_owned() } else { format!("{n} in it") }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::StringLit(_) => "a text",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Words => "a text in quotes".to_owned(),
        Shape::Name => "a name in quotes".to_owned(),
        Shape::Whole(least, u64::MAX) => format!("a whole number from {least}"),
        Shape::Whole(least, most) => format!("a whole number from {least} to {most}"),
        Shape::Flag => "`true` or `false`".to_owned(),
        Shape::Time => "write a time such as `\"250 ms\"` (ns, us, ms, s, min, h, d)".to_owned(),
        Shape::Rate => "write a rate such as `\"5/s\"` or `\"0.5/s\"`, up to 100000/s".to_owned(),
        Shape::Word(words) => {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
            format!("one of {}", all.join(", "))
        }
        Shape::Settings => "settings such as `{ \"linger.ms\": 5 }`".to_owned(),
        Shape::List(..) => "a list in `[ ]`".to_owned(),
        Shape::Record(record) | Shape::Tagged(record) => format!("{} in `{{ }}`", record.name),
    }
}

fn example(shape: &Shape) -> String {
    match shape {
        Shape::Words | Shape::Name => "\"...\"".to_owned(),
        Shape::Whole(least, _) => least.to_string(),
        Shape::Flag => "true".to_owned(),
        Shape::Time => "\"250 ms\"".to_owned(),
        Shape::Rate => "\"5/s\"".to_owned(),
        Shape::Word(words) => {
            words.first().map_or(String::new(), |(word, _)| format!("\"{word}\""))
        }
        Shape::List(..) => "[ ... ]".to_owned(),
        Shape::Settings | Shape::Record(_) | Shape::Tagged(_) => "{ ... }".to_owned(),
    }
}

/// A setting's value as text.
pub(super) fn setting(value: &Value) -> Option<String> {
    match value {
        Value::StringLit(text) => Some(text.value.to_string()),
        Value::NumberLit(number) => Some(number.value.to_owned()),
        Value::BooleanLit(on) => Some(on.value.to_string()),
        _ => None,
    }
}

/// A whole number without sign, point or exponent.
pub(super) fn whole(text: &str) -> Option<u64> {
    text.parse().ok()
}

const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// `"1.5 s"`: a decimal number and a unit; at most 100 years, and whole nanoseconds.
pub fn time(text: &str) -> Option<Span> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c != '.' && !c.is_ascii_digit())?);
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit.trim().replace('µ', "u"))?;
    let span = decimal(number, *nanos)?;
    (span <= UNITS[6].1 * 36_525).then_some(Span(span))
}

/// `"5/s"` as messages in a thousand seconds: 5000.
pub(super) fn rate(text: &str) -> Option<u32> {
    let number = text.trim().strip_suffix('s')?.trim_end().strip_suffix('/')?;
    let rate = decimal(number.trim(), 1_000)?;
    u32::try_from(rate).ok().filter(|rate| *rate <= 100_000_000)
}

/// A decimal number times `unit`, when that is whole.
fn decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 12 {
        return None;
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let small = fraction.parse::<u128>().ok()? * u128::from(unit);
    if !small.is_multiple_of(scale) {
        return None;
    }
    let total = whole.parse::<u128>().ok()?.checked_mul(u128::from(unit))? + small / scale;
    u64::try_from(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_exact() {
        for (text, nanos) in [
            ("250 ms", Some(250_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("7 d", Some(604_800_000_000_000)),
            ("3 µs", Some(3_000)),
            ("0.5 ns", None),
            ("-1 s", None),
            ("1", None),
            ("s", None),
            ("1 week", None),
            ("99999999999999999999 s", None),
        ] {
            assert_eq!(time(text).map(Span::as_nanos), nanos, "{text}");
        }
        for (text, expected) in
            [("5/s", Some(5_000)), ("0.5 / s", Some(500)), ("5", None), ("1e9/s", None)]
        {
            assert_eq!(rate(text), expected, "{text}");
        }
    }

    #[test]
    fn a_near_word_is_offered_and_a_far_one_is_not() {
        let words = ["title", "sentence", "steps"];
        assert_eq!(mend("titel", words.into_iter()), "did you mean `title`?");
        assert_eq!(mend("Steps", words.into_iter()), "did you mean `steps`?");
        assert!(mend("workload", words.into_iter()).starts_with("write one of `title`"));
    }
}
