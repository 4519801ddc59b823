//! The command line through its front door: what it prints, writes and answers with.
#![cfg(not(target_arch = "wasm32"))]

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output};

fn pushpull(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pushpull")).args(arguments).output().expect("it starts")
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// A place for a file of one test.
fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&printed(output)).expect("JSON")
}

#[test]
fn the_lessons_that_ship_are_listed() {
    let output = pushpull(&["lessons"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = printed(&output);
    let first = listed.lines().find(|line| line.trim_start().starts_with("one-plug "));
    assert!(first.is_some_and(|line| line.contains(" One plug, both lanes: ")), "{output:?}");
    let listed = json(&pushpull(&["lessons", "--json"]));
    assert!(listed.as_array().is_some_and(|all| all.iter().any(|l| l["id"] == "one-plug")));
}

#[test]
fn a_run_a_saved_run_and_its_link_tell_the_same() {
    let (saved, events) = (place("saved.json"), place("events.jsonl"));
    let (saved, events) = (saved.to_str().expect("UTF-8"), events.to_str().expect("UTF-8"));
    let arguments = ["run", "one-plug", "--until", "6s", "--seed", "9", "--json"];
    let first = pushpull(&[&arguments[..], &["--save", saved, "--events", events]].concat());
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let first = json(&first);
    assert_eq!((&first["seed"], &first["until"]), (&9.into(), &6_000_000_000_u64.into()));
    // Thirty orders in six seconds, owed to two parties in each system.
    for party in first["parties"].as_array().expect("parties") {
        assert_eq!(party["expected"], 30, "{party}");
    }
    let lines = std::fs::read_to_string(events).expect("the events were written");
    let told: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(first["events"], told.len());
    assert!(told.iter().enumerate().all(|(index, event)| event["id"] == index));

    let link = first["link"].as_str().expect("a link");
    for again in [saved, link, &format!("https://example.org/#{link}")] {
        let output = pushpull(&["run", again, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let second = json(&output);
        assert_eq!(second["trace"], first["trace"]);
        assert_eq!(second["replay"]["same"], true);
    }
}

/// A damaged run file, a newer one, a cut link: each says what is wrong, where, and what to do.
#[test]
fn what_cannot_be_read_says_where_and_what_to_do() {
    let path = place("damaged.json");
    let file = path.to_str().expect("UTF-8");
    assert!(pushpull(&["run", "one-plug", "--until", "1s", "--save", file]).status.success());
    let text = std::fs::read_to_string(file).expect("written");
    let says = |text: &str, words: &[&str]| {
        std::fs::write(file, text).expect("written");
        let output = pushpull(&["run", file]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    };
    let line = text.lines().position(|line| line.contains("\"seed\"")).expect("a seed") + 1;
    let seed = text.replace("\"seed\": 1", "\"seed\": \"x\"");
    assert_ne!(seed, text);
    let place = format!("{file}:{line}:");
    says(&seed, &[&place, "Save the run again", "the lesson \"one-plug\"", "0 commands"]);
    says(&text[..text.len() / 2], &[file, "damaged", "nothing of it"]);
    says(&text.replace("\"format\": 1", "\"format\": 9"), &["newer version (format 9"]);
    let link = printed(&pushpull(&["run", "one-plug", "--until", "1s"]));
    let link = link.split_whitespace().find(|word| word.starts_with("#pp1.")).expect("a link");
    let output = pushpull(&["run", &link[..link.len() - 6]]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("from its character"), "{output:?}");
}

#[test]
fn a_run_that_comes_out_differently_fails() {
    let path = place("other.json");
    let file = path.to_str().expect("UTF-8");
    assert!(pushpull(&["run", "one-plug", "--until", "1s", "--save", file]).status.success());
    let mut run: Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("written")).expect("JSON");
    run["recording"]["trace"] = "0000000000000000".into();
    std::fs::write(file, run.to_string()).expect("written");
    let output = pushpull(&["run", file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed(&output).contains("another story"), "{output:?}");
}

#[test]
fn the_journal_is_plain_sentences() {
    let output = pushpull(&["run", "one-plug", "--until", "1s", "--journal"]);
    let text = printed(&output);
    assert!(text.contains("Kafka broker kafka-1 was added."), "{text}");
}

#[test]
fn check_prints_every_mistake_with_file_and_line() {
    let right = "www/lessons/one-plug.json";
    assert_eq!(pushpull(&["check", right]).status.code(), Some(0));
    let path = place("wrong.json");
    let file = path.to_str().expect("UTF-8");
    let text = std::fs::read_to_string(right).expect("readable");
    std::fs::write(file, text.replacen("\"sentence\"", "\"sentense\"", 1)).expect("written");
    let output = pushpull(&["check", right, file]);
    assert_eq!(output.status.code(), Some(1));
    let text = printed(&output);
    assert!(text.contains(&format!("{right}: fine")), "{text}");
    assert!(text.contains(&format!("{file}:5:3: ")), "{text}");
    assert!(text.contains("did you mean `sentence`?"), "{text}");
    assert_eq!(pushpull(&["run", file]).status.code(), Some(1));
}

/// A setting that the engines do not know is found by laying the topology.
#[test]
fn check_lays_the_topology() {
    let path = place("config.json");
    let file = path.to_str().expect("UTF-8");
    let text = std::fs::read_to_string("www/lessons/one-plug.json").expect("readable");
    let wrong = text.replacen("auto.offset.reset", "auto.offset.rest", 1);
    let at = wrong.find("auto.offset.rest").expect("replaced");
    std::fs::write(file, &wrong).expect("written");
    let output = pushpull(&["check", file]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    // The consumer's own line: a few above its setting.
    let line = wrong[..at].matches('\n').count() + 1;
    let said = printed(&output);
    let named: usize = said.split(':').nth(1).and_then(|n| n.parse().ok()).expect("a line");
    assert!((line - 5..=line).contains(&named), "{said}, the setting is in line {line}");
}

#[test]
fn wrong_use_is_told_apart() {
    for (arguments, said) in [
        (&["run", "no-such-lesson"][..], "no lesson that ships"),
        (&["run", "pp1.AAAA"], "damaged"),
        (&["run", "pp9.AAAA#pp9.AAAA"], "newer version"),
        (&["check", "no/such/file.json"], "cannot read"),
        (&["run", "one-plug", "--until", "soon"], "write a time"),
        (&["run", "one-plug", "--events", "/no/such/place"], "cannot write"),
        (&["juggle"], "juggle"),
        (&["check"], "required"),
    ] {
        let output = pushpull(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(complained(&output).contains(said), "{arguments:?}: {output:?}");
    }
    let help = printed(&pushpull(&["run", "--help"]));
    assert!(help.contains("Exit codes"), "{help}");
}
