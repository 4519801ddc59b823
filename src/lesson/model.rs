//! What a lesson is, once read and checked.

use crate::event::{Action, Carrier, LostReason, Name, System};
use crate::sim::Span;
use std::sync::Arc;

/// A lesson: one idea with the engines under the reader's own hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The file's name without `.json`; what links name it by.
    pub id: Name,
    /// A few words.
    pub title: String,
    /// What it is about, in one sentence.
    pub sentence: String,
    /// Its chapter; none: it is not of the course.
    pub chapter: Option<Chapter>,
    /// Its place in the course.
    pub number: Option<u64>,
    /// The rows of the list of claims that its assertions prove: `C7`, `M3`, `W1`.
    pub covers: Vec<String>,
    /// The seed when the reader chooses none.
    pub seed: u64,
    /// Applied in this order at instant 0, or when the cluster has formed.
    pub topology: Vec<Action>,
    /// The line of each of these actions in the file, from 1.
    pub lines: Vec<usize>,
    /// At least one.
    pub steps: Vec<Step>,
    /// What is often written about this, and what is true.
    pub claims: Vec<Claim>,
    /// Ends the sentence "You want this when".
    pub when: Option<String>,
    /// The file's own text.
    pub source: Arc<str>,
    /// Whether it is somebody's own: then a recording carries its text, not its name.
    pub own: bool,
    /// What Redis carries its messages by, where the reader has chosen.
    pub by: Option<Carrier>,
}

/// A chapter of the course: its index in [`super::CHAPTERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chapter(pub(super) usize);

impl Chapter {
    /// Its title.
    pub fn title(self) -> &'static str {
        super::CHAPTERS.get(self.0).map_or("", |(title, _)| title)
    }

    /// Whether its lessons are challenges: a goal instead of instructions.
    pub fn is_challenge(self) -> bool {
        self.0 + 1 == super::CHAPTERS.len()
    }
}

/// What a text says, and what is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What the text says.
    pub says: String,
    /// What is true.
    pub fact: String,
    /// Where that stands.
    pub reference: String,
}

/// One thing to read and do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The heading: what to do, in a few words.
    pub heading: String,
    /// At most 40 words.
    pub text: Text,
    /// What the reader is asked before acting.
    pub prediction: Option<Prediction>,
    /// Tick one after another: a task is looked at once those before it have ticked.
    pub tasks: Vec<Task>,
    /// The buttons that this step offers.
    pub actions: Vec<Button>,
    /// Names of nodes, topics, channels or groups to look at.
    pub look: Vec<Name>,
    /// What is true once all tasks have ticked.
    pub assertions: Vec<Condition>,
    /// What a scripted reader does, where no task names a deed.
    pub solution: Vec<Deed>,
}

/// Something that a scripted reader does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// It waits until this holds of the whole run.
    pub when: Option<Condition>,
    /// What it does.
    pub action: Action,
    /// As [`Face::before`].
    pub before: Option<Action>,
}

/// Running text with marked terms.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Text(pub Vec<Piece>);

/// A piece of running text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Plain(String),
    /// A term of the glossary: `[[high watermark]]`, or `[[high watermark|visible up to here]]`
    /// where the text says it in other words.
    Term {
        /// The glossary's entry.
        term: String,
        /// The words in the text.
        words: String,
    },
}

/// A question before the deed. The run decides which choice is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The question.
    pub question: String,
    /// Two or more.
    pub choices: Vec<Choice>,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its words.
    pub text: String,
    /// It is right when this holds once the step's tasks have ticked.
    pub when: Condition,
}

/// Something the reader brings about; it ticks by itself and stays ticked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What to do, in a few words.
    pub text: String,
    /// When it is done.
    pub done: Condition,
}

/// A button with one or more faces: after its action it shows the next face, then the first again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// At least one; a switch has two.
    pub faces: Vec<Face>,
}

/// What a button says and does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// The words on it.
    pub label: String,
    /// What it does.
    pub action: Action,
    /// It acts in the past, right before the reader did this last: the run forks there.
    pub before: Option<Action>,
}

/// Something that holds or does not hold of a run up to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of these hold.
    All(Vec<Condition>),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// This does not hold.
    Not(Box<Condition>),
    /// The reader did this. For a task: since the task before it ticked.
    Done(Action),
    /// A fact of this kind was seen.
    Seen(Trigger),
    /// A figure of the ledger is within a bound.
    Ledger {
        /// Which figure, summed over which parties.
        sum: Sum,
        /// The bound.
        is: Bound,
    },
    /// A figure within a bound in one of the futures that the reader has left.
    Beside {
        /// Which figure; of no single party.
        sum: Sum,
        /// The bound.
        is: Bound,
    },
    /// This much virtual time has passed: for a task since the task before it ticked, else since
    /// the run began.
    Passed(Span),
}

/// A kind of fact: its name, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The fact's name in the lesson format, for example `clientClosed`.
    pub fact: Name,
    /// A node, group, topic, channel or member that the fact must name.
    pub of: Option<Name>,
    /// How many such facts, at least; for a task since the task before it ticked.
    pub times: u32,
}

/// A figure of the ledger, summed over the parties that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Which figure.
    pub figure: Figure,
    /// Only parties of this system.
    pub system: Option<System>,
    /// Only parties of this name.
    pub party: Option<Name>,
}

/// A figure of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Messages owed to the party.
    Expected,
    /// On their way.
    OnItsWay,
    /// Kept for the party.
    Waiting,
    /// Handled.
    Delivered,
    /// In a dead-letter queue.
    Parked,
    /// Lost, for any reason.
    Lost,
    /// Lost for this reason.
    LostBecause(LostReason),
    /// Refused to the sender.
    Refused,
    /// Handled once more within one reading.
    Repeated,
    /// Handled again because of a seek, a reset or a redrive.
    Replayed,
    /// What the party's account should hold.
    AccountExpected,
    /// What it does hold.
    AccountActual,
    /// Kept while the party was away, or handled more than a second after they were sent.
    Late,
}

/// A bound on a figure; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// At least this.
    pub least: u64,
    /// At most this.
    pub most: u64,
}

impl Lesson {
    /// Every condition of the lesson: of tasks, choices and assertions.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.steps.iter().flat_map(|step| {
            let choices = step.prediction.iter().flat_map(|p| &p.choices).map(|c| &c.when);
            let waits = step.solution.iter().filter_map(|deed| deed.when.as_ref());
            let tasks = step.tasks.iter().map(|task| &task.done);
            tasks.chain(choices).chain(&step.assertions).chain(waits)
        })
    }
}

impl Condition {
    /// Calls `with` for every condition in this one that has no others in it.
    pub fn each<'a>(&'a self, with: &mut impl FnMut(&'a Self)) {
        match self {
            Self::All(inner) | Self::Any(inner) => {
                for one in inner {
                    one.each(with);
                }
            }
            Self::Not(one) => one.each(with),
            leaf => with(leaf),
        }
    }
}

impl Text {
    /// Reads `[[term]]` and `[[term|words]]`; says what is wrong with a mark that does not close
    /// or is empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once("[[") {
            let Some((mark, tail)) = after.split_once("]]") else {
                return Err(format!(
                    "the mark `[[{}` is not closed; end it with `]]`",
                    head(after)
                ));
            };
            let (term, words) = mark.split_once('|').unwrap_or((mark, mark));
            if term.trim().is_empty() || words.trim().is_empty() {
                return Err(format!(
                    "the mark `[[{mark}]]` is empty; write `[[term]]` or `[[term|words]]`"
                ));
            }
            if !plain.is_empty() {
                pieces.push(Piece::Plain(plain.to_owned()));
            }
            pieces
                .push(Piece::Term { term: term.trim().to_owned(), words: words.trim().to_owned() });
            rest = tail;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Plain(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The text without marks.
    pub fn plain(&self) -> String {
        let words = |piece: &Piece| match piece {
            Piece::Plain(words) | Piece::Term { words, .. } => words.clone(),
        };
        self.0.iter().map(words).collect()
    }

    /// How many words it has.
    pub fn words(&self) -> usize {
        self.plain().split_whitespace().count()
    }

    /// Its marked terms.
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Plain(_) => None,
            Piece::Term { term, .. } => Some(term.as_str()),
        })
    }
}

fn head(text: &str) -> String {
    text.chars().take(20).collect()
}

impl Bound {
    /// Exactly `n`.
    pub const fn exactly(n: u64) -> Self {
        Self { least: n, most: n }
    }
}
