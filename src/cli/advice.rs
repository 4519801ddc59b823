//! What the guide says to every set of answers, as a table: its page asks no engine, and there is
//! one rule all the same, [`Guide::decide`].

use crate::lesson::{Guide, Tool};
use serde_json::{Value, json};

/// The table as it is published beside the guide: `tools` with their names; `choices`, each a list
/// of tools; and `decided`, a letter for each set of answers (`a` is the first choice). The sets
/// are in the order of a number whose digits are the answers, from 1, or 0 for none yet, the last
/// question's being the lowest digit.
pub fn advice(guide: &Guide) -> String {
    let mut sets: Vec<Vec<Option<usize>>> = vec![Vec::new()];
    for question in &guide.questions {
        let answers = 0..=question.answers.len();
        let longer = |set: &Vec<Option<usize>>, answer: usize| {
            set.iter().copied().chain([answer.checked_sub(1)]).collect()
        };
        sets = sets
            .iter()
            .flat_map(|set| answers.clone().map(move |answer| longer(set, answer)))
            .collect();
    }
    let mut choices: Vec<Vec<Tool>> = Vec::new();
    let mut decided = String::new();
    for set in &sets {
        let tools = guide.decide(set).tools;
        let place = choices.iter().position(|choice| *choice == tools).unwrap_or_else(|| {
            choices.push(tools);
            choices.len() - 1
        });
        decided.extend(('a'..='z').nth(place));
    }
    let tool = |tool: Tool| json!({ "id": tool.id(), "name": tool.name() });
    let ids = |tools: &Vec<Tool>| tools.iter().map(|tool| tool.id()).collect::<Vec<_>>();
    let table = json!({
        "tools": Tool::ALL.map(tool),
        "choices": choices.iter().map(ids).collect::<Value>(),
        "decided": decided,
    });
    format!("{table:#}\n")
}
