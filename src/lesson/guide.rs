//! The guide: seven questions, and which system their answers speak for, each reason with the
//! lesson that proves it. The decision is a pure function of the answers.

use super::shape::Shape::{List, Name, Record as Rec, Whole, Word, Words};
use super::shape::{self, Mistake, Record, Report, Shape, must, place};
use super::tree::{list, number, text};
use crate::sim::Order;

/// What can carry messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// Redis Pub/Sub.
    PubSub,
    /// A Redis list.
    List,
    /// A Redis stream.
    Stream,
    /// A Kafka topic.
    Kafka,
}

impl Tool {
    /// From the one with the least to run to the one with the most: the first of equals wins.
    pub const ALL: [Self; 4] = [Self::PubSub, Self::List, Self::Stream, Self::Kafka];

    /// What the guide's file calls it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::PubSub => "pubsub",
            Self::List => "list",
            Self::Stream => "stream",
            Self::Kafka => "kafka",
        }
    }

    /// Its name for the reader.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PubSub => "Redis Pub/Sub",
            Self::List => "a Redis list",
            Self::Stream => "a Redis stream",
            Self::Kafka => "Kafka",
        }
    }
}

/// What an answer means for a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It cannot do this.
    RulesOut,
    /// It can, at a price.
    Against,
    /// It was made for this.
    For,
    /// It stands beside the one that is chosen, for those who are there.
    Beside,
}

/// A question with its answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub question: String,
    /// Two or more answers.
    pub answers: Vec<String>,
}

/// Why an answer speaks for a tool or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Index of the question.
    pub question: usize,
    /// Index of the answer.
    pub answer: usize,
    /// The tool.
    pub tool: Tool,
    /// What the answer means for it.
    pub verdict: Verdict,
    /// One sentence.
    pub because: String,
    /// The lesson that proves it.
    pub lesson: String,
    /// The step of that lesson, from 1.
    pub step: u64,
}

/// The questions and the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guide {
    /// In the order they are asked.
    pub questions: Vec<Question>,
    /// All reasons.
    pub reasons: Vec<Reason>,
}

/// What the guide says to a set of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice<'g> {
    /// What to take: one tool, two together, or none when the answers rule out all.
    pub tools: Vec<Tool>,
    /// The reasons that the answers give, about those tools first.
    pub reasons: Vec<&'g Reason>,
}

impl Guide {
    /// What to take. Answers are indices in the order of the questions; a question that is not
    /// answered yet (none) gives no reason.
    ///
    /// A tool that is ruled out is never chosen but as one that stands beside. Of the others the
    /// one with the best balance of reasons is; of equals the one with the least to run.
    pub fn decide(&self, answers: &[Option<usize>]) -> Advice<'_> {
        let given = |reason: &&Reason| answers.get(reason.question) == Some(&Some(reason.answer));
        let mut reasons: Vec<&Reason> = self.reasons.iter().filter(given).collect();
        let of = |tool: Tool, verdict: Verdict| {
            reasons.iter().filter(|r| r.tool == tool && r.verdict == verdict).count()
        };
        let balance =
            |tool: Tool| of(tool, Verdict::For) as i64 - 2 * of(tool, Verdict::Against) as i64;
        let possible = Tool::ALL.into_iter().filter(|tool| of(*tool, Verdict::RulesOut) == 0);
        // The last of equals is the greatest to `max_by_key`, so they come in reverse.
        let chosen = possible.rev().max_by_key(|tool| balance(*tool));
        let beside = Tool::ALL.into_iter().find(|tool| of(*tool, Verdict::Beside) > 0);
        let mut tools: Vec<Tool> = chosen.into_iter().collect();
        if let (Some(beside), Some(chosen)) = (beside, chosen)
            && beside != chosen
        {
            tools.insert(0, beside);
        }
        reasons.order_by_key(|reason| !tools.contains(&reason.tool));
        Advice { tools, reasons }
    }
}

static GUIDE: Shape = Rec(&Record {
    name: "a guide",
    fields: &[
        must("questions", List(1, &QUESTION), "what is asked, in order"),
        must("reasons", List(1, &REASON), "what the answers mean"),
    ],
});

static QUESTION: Shape = Rec(&Record {
    name: "a question",
    fields: &[
        must("id", Name, "what reasons call it by"),
        must("question", Words, "the question"),
        must("answers", List(2, &ANSWER), "the answers"),
    ],
});

static ANSWER: Shape = Rec(&Record {
    name: "an answer",
    fields: &[must("id", Name, "what reasons call it by"), must("text", Words, "its words")],
});

static REASON: Shape = Rec(&Record {
    name: "a reason",
    fields: &[
        must("question", Name, "the question's id"),
        must("answer", Name, "the answer's id"),
        must("tool", Word(TOOLS), "the tool it speaks of"),
        must("verdict", Word(VERDICTS), "what the answer means for it"),
        must("because", Words, "one sentence"),
        must("lesson", Name, "the lesson that proves it"),
        must("step", Whole(1, 99), "the step of that lesson"),
    ],
});

const TOOLS: &[(&str, &str)] = &[
    ("pubsub", "Redis Pub/Sub"),
    ("list", "a Redis list"),
    ("stream", "a Redis stream"),
    ("kafka", "a Kafka topic"),
];

const VERDICTS: &[(&str, &str)] = &[
    ("rulesOut", "it cannot do this"),
    ("against", "it can, at a price"),
    ("for", "it was made for this"),
    ("beside", "it stands beside the one that is chosen"),
];

/// Reads the guide.
///
/// # Errors
/// All mistakes of the text.
pub fn guide(source: &str) -> Result<Guide, Vec<Mistake>> {
    let mut report = Report::new(source);
    let Some(root) = super::build::tree(source, &mut report) else { return Err(report.finish()) };
    shape::check(&root, &GUIDE, &mut report);
    let questions = list(&root, "questions");
    let mut reasons = Vec::new();
    for value in list(&root, "reasons") {
        let asked = text(value, "question");
        let Some(question) = questions.iter().position(|q| text(q, "id") == asked) else {
            let wrong = format!("there is no question `{asked}`");
            report.add(place(value), wrong, "write the id of a question");
            continue;
        };
        let wanted = text(value, "answer");
        let mut answers = list(&questions[question], "answers").iter();
        let Some(answer) = answers.position(|answer| text(answer, "id") == wanted) else {
            let wrong = format!("`{asked}` has no answer `{wanted}`");
            report.add(place(value), wrong, "write the id of an answer");
            continue;
        };
        let tool = text(value, "tool");
        // A word that is none of them was reported with its shape.
        let Some(tool) = Tool::ALL.into_iter().find(|known| known.id() == tool) else { continue };
        reasons.push(Reason {
            question,
            answer,
            tool,
            verdict: match text(value, "verdict").as_str() {
                "rulesOut" => Verdict::RulesOut,
                "against" => Verdict::Against,
                "beside" => Verdict::Beside,
                _ => Verdict::For,
            },
            because: text(value, "because"),
            lesson: text(value, "lesson"),
            step: number(value, "step").unwrap_or(1),
        });
    }
    if !report.is_clean() {
        return Err(report.finish());
    }
    let question = |value| Question {
        question: text(value, "question"),
        answers: list(value, "answers").iter().map(|answer| text(answer, "text")).collect(),
    };
    Ok(Guide { questions: questions.iter().map(question).collect(), reasons })
}
