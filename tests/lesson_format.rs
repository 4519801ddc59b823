//! Lesson files: every mistake is reported with its line and its mend, all at once; the published
//! schema is the one the code declares.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::cli::schema;
use pushpull::lesson::Lesson;
use std::fs;

fn one_plug() -> String {
    fs::read_to_string("www/lessons/one-plug.json").expect("the first lesson is there")
}

/// The first lesson with one place changed, and the line of that place.
fn broken(right: &str, wrong: &str) -> (String, usize) {
    let text = one_plug();
    let at = text.find(right).unwrap_or_else(|| panic!("`{right}` is in the lesson"));
    let line = text[..at].matches('\n').count() + 1;
    (text.replacen(right, wrong, 1), line)
}

#[test]
fn every_lesson_that_ships_is_right() {
    for entry in fs::read_dir("www/lessons").expect("lessons are there") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        if name == "lesson.schema" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        if let Err(mistakes) = Lesson::parse(&name, &text) {
            panic!("{name}: {mistakes:#?}");
        }
    }
}

#[test]
fn each_mistake_is_reported_at_its_line_with_its_mend() {
    for (right, wrong, said, mend) in [
        (r#""title": "One"#, r#""titel": "One"#, "no field `titel`", "did you mean `title`?"),
        (r#""partitions": 2"#, r#""partitions": 0"#, "out of range", "from 1 to 64"),
        (r#""partitions": 2"#, r#""partitions": "2""#, "a text is not", "a whole number"),
        (r#""takes": "20 ms""#, r#""takes": "20""#, "no time", "250 ms"),
        (r#""rate": "5/s""#, r#""rate": "5""#, "no rate", "5/s"),
        (r#""pubsub", "kafka""#, r#""pubsup", "kafka""#, "`pubsup`", "did you mean `pubsub`?"),
        (r#""figure": "lost""#, r#""figure": "lots""#, "`lots`", "did you mean `lost`?"),
        (r#""topics": ["orders"]"#, r#""topics": ["order"]"#, "no topic `order`", "`orders`"),
        (
            r#""unplug": { "consumer": "billing""#,
            r#""unplug": { "consumer": "biling""#,
            "no consumer `biling`",
            "`billing`",
        ),
        (r#"{ "unplug""#, r#"{ "unplugg""#, "no field `unplugg`", "did you mean `unplug`?"),
        (r#""producer": "shop""#, r#""producer": "shed""#, "no producer `shed`", "`shop`"),
        (r#""text": "The same shop"#, r#""text": "The [[same shop"#, "not closed", "]]"),
        (
            r#""look": ["billing"],"#,
            r#""look": [], "tusks": [],"#,
            "`tusks`",
            "did you mean `tasks`?",
        ),
        (r#""look": ["billing"]"#, r#""look": ["bill"]"#, "`bill`", "write one of"),
        (r#""least": 1 }"#, r#""least": 5, "most": 2 }"#, "`least` is above `most`", "exchange"),
        (
            r#""party": "billing", "least": 3"#,
            r#""party": "billing""#,
            "needs one bound",
            "`least`",
        ),
    ] {
        let (text, line) = broken(right, wrong);
        let mistakes = Lesson::parse("x", &text).expect_err(wrong);
        let hit = mistakes.iter().find(|mistake| {
            mistake.line == line && mistake.wrong.contains(said) && mistake.mend.contains(mend)
        });
        assert!(hit.is_some(), "{wrong} at line {line}: {mistakes:#?}");
    }
}

#[test]
fn a_long_text_is_refused() {
    let (text, line) = broken("The same shop sends", &"word ".repeat(41));
    let mistakes = Lesson::parse("x", &text).expect_err("too long");
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    assert_eq!(mistakes[0].line, line);
    assert!(mistakes[0].mend.contains("within 40"), "{mistakes:#?}");
}

#[test]
fn all_mistakes_are_reported_at_once_and_in_order() {
    let text = one_plug()
        .replacen(r#""title""#, r#""titel""#, 1)
        .replacen(r#""5/s""#, r#""often""#, 1)
        .replacen(r#""look": ["billing"]"#, r#""look": ["nobody"]"#, 1);
    let mistakes = Lesson::parse("x", &text).expect_err("four mistakes");
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
    // The misspelt title is an unknown field and a missing one.
    assert_eq!(mistakes.len(), 4, "{mistakes:#?}");
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn text_that_is_not_json_says_where() {
    for (text, line) in [("", 1), ("{\n  \"title\": ,\n}", 2), ("{\n\n  title: 1 }", 3)] {
        let mistakes = Lesson::parse("x", text).expect_err(text);
        assert_eq!(mistakes[0].line, line, "{text}: {mistakes:?}");
    }
    let deep = "[".repeat(100_000);
    assert!(Lesson::parse("x", &deep).is_err());
}

/// `PUSHPULL_BLESS=1 cargo test --test lesson_format` writes it anew.
#[test]
fn the_published_schema_is_the_one_the_code_declares() {
    let file = "www/lessons/lesson.schema.json";
    if std::env::var_os("PUSHPULL_BLESS").is_some() {
        std::fs::write(file, schema()).expect("written");
        return;
    }
    let published = fs::read_to_string(file).unwrap_or_default();
    assert!(published == schema(), "the format has changed: bless the schema");
}

/// The code blocks of the manual that begin with these words behind their fence.
fn examples(of: &str) -> String {
    let manual = fs::read_to_string("docs/lessons.md").expect("the manual");
    let (_, after) = manual.split_once(&format!("```jsonc{of}\n")).expect("an example");
    let (example, _) = after.split_once("```").expect("its end");
    example.to_owned()
}

/// The manual's examples are right: two lessons, every action, every condition.
#[test]
fn the_manuals_examples_are_right() {
    let whole = examples(" topology");
    let list = |of: &str| examples(of).trim().trim_matches(['[', ']']).to_owned();
    let setup = whole.replace("\"setup\": [", &format!("\"setup\": [{}", list(" actions")));
    let conditions = list(" conditions");
    let asserts = whole.replace("\"assertions\": [", &format!("\"assertions\": [{conditions}"));
    for example in [examples(""), whole.clone(), setup, asserts] {
        if let Err(mistakes) = Lesson::parse("manual", &example) {
            panic!("{mistakes:#?}");
        }
    }
}

/// No field and no word of the format is left out of them.
#[test]
fn the_manual_has_an_example_of_everything() {
    let all = [examples(" topology"), examples(" actions"), examples(" conditions")].concat();
    // What stands behind `//` explains an example and is none.
    let code: String = all.lines().filter_map(|line| line.split("//").next()).collect();
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("JSON");
    let mut missing = Vec::new();
    let mut seek = vec![&schema];
    while let Some(value) = seek.pop() {
        if let Some(fields) = value["properties"].as_object() {
            let here = |field: &&String| !code.contains(&format!("\"{field}\":"));
            missing.extend(fields.keys().filter(here).map(String::as_str));
        }
        if let Some(word) = value["const"].as_str()
            // A lesson stands in one chapter.
            && !pushpull::lesson::CHAPTERS.iter().any(|(chapter, _)| *chapter == word)
            && !code.contains(&format!("\"{word}\""))
        {
            missing.push(word);
        }
        seek.extend(value.as_object().into_iter().flat_map(|of| of.values()));
        seek.extend(value.as_array().into_iter().flatten());
    }
    assert!(missing.is_empty(), "no example of {missing:?}");
}
