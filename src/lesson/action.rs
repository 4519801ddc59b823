//! What a lesson may let a reader do: the actions of the format.

use super::shape::Shape::{
    Flag, List, Name, Rate, Record as Rec, Tagged, Time, Whole, Word, Words,
};
use super::shape::{self, Field, Record, may, must};
use super::tree::{flag, get, list, name, number, span, tagged, text};
use crate::event::{Action, CommitPoint, Failure, TopicPartition};
use jsonc_parser::ast::Value;

/// An action: exactly one of these fields.
pub(super) static ACTIONS: Record = Record {
    name: "an action",
    fields: &[
        consumer("unplug", "closes a consumer's connections in every lane"),
        consumer("plugIn", "lets it connect again"),
        node("crash", "kills a process: its memory and its connections are gone"),
        node("restart", "starts a crashed process again"),
        node("pause", "stops a process where it is"),
        node("resume", "lets a paused process go on"),
        node("interrupt", "cuts the path to the servers: what is sent waits"),
        node("heal", "heals the path: what waited arrives"),
        may("setLatency", Rec(&SET_LATENCY), "changes how long the path takes"),
        may("closeConnection", Rec(&CLOSE), "closes the connections between two nodes"),
        may("setRate", Rec(&SET_RATE), "changes how often a producer sends"),
        may("sendOne", Rec(&SEND_ONE), "sends one message now"),
        may("burst", Rec(&BURST), "sends several messages at once"),
        may("setWork", Rec(&SET_WORK), "changes how long a handler works on a message"),
        may("setVariance", Rec(&SET_VARIANCE), "lets that time vary"),
        may("setFailure", Rec(&SET_FAILURE), "makes a handler fail"),
        may("setCommit", Rec(&SET_COMMIT), "chooses when an application commits"),
        may("setDeduplication", Rec(&SET_DEDUPLICATION), "throws repeats away, or no longer"),
        may("addAccount", Rec(&ADD_ACCOUNT), "gives a consumer an account table"),
        may("addPartitions", Rec(&ADD_PARTITIONS), "gives a topic more partitions"),
        node("promote", "makes a Redis replica the primary, as Sentinel does"),
        may("setPublishRetry", Rec(&SET_PUBLISH_RETRY), "sends again to Redis after a time-out"),
        may("console", Rec(&CONSOLE), "types a line at a Redis server's redis-cli"),
        may("fillMemory", Rec(&FILL_MEMORY), "fills a Redis server's memory"),
        may("seek", Rec(&SEEK), "sets a consumer's position in one partition"),
    ],
};

const fn consumer(key: &'static str, about: &'static str) -> Field {
    may(key, Rec(&ONE_CONSUMER), about)
}

const fn node(key: &'static str, about: &'static str) -> Field {
    may(key, Rec(&ONE_NODE), about)
}

const CONSUMER: Field = must("consumer", Name, "the consumer's name");
const PRODUCER: Field = must("producer", Name, "the producer's name");
const NODE: Field = must("node", Name, "the node's name");

const fn action(fields: &'static [Field]) -> Record {
    Record { name: "the action", fields }
}

static ONE_CONSUMER: Record = action(&[CONSUMER]);
static ONE_NODE: Record = action(&[NODE]);
static SET_LATENCY: Record = action(&[NODE, must("latency", Time, "one way")]);
static CLOSE: Record =
    action(&[must("client", Name, "a client's name"), must("server", Name, "a server's name")]);
static SET_RATE: Record = action(&[PRODUCER, must("rate", Rate, "messages a second; 0/s stops")]);
static SEND_ONE: Record = action(&[PRODUCER]);
static BURST: Record = action(&[PRODUCER, must("messages", Whole(1, 100_000), "how many")]);
static SET_WORK: Record = action(&[CONSUMER, must("takes", Time, "time a message takes")]);
static SET_VARIANCE: Record =
    action(&[CONSUMER, must("percent", Whole(0, 100), "so much more or less at the most")]);
static SET_FAILURE: Record =
    action(&[CONSUMER, must("fails", Tagged(&FAILURES), "on which messages")]);
static SET_COMMIT: Record = action(&[CONSUMER, must("commit", Word(COMMITS), "when")]);
static SET_DEDUPLICATION: Record = action(&[CONSUMER, must("on", Flag, "whether it does")]);
static ADD_ACCOUNT: Record =
    action(&[CONSUMER, must("amount", Whole(1, 1_000_000), "what a message is worth, in cents")]);
static ADD_PARTITIONS: Record = action(&[
    must("topic", Name, "the topic"),
    must("partitions", Whole(1, 64), "how many it shall have"),
]);
static SET_PUBLISH_RETRY: Record = action(&[
    PRODUCER,
    must("timeout", Time, "how long it waits for an answer; 0 s for ever"),
    must("retries", Whole(0, 100), "how often it sends again"),
]);
static CONSOLE: Record = action(&[
    must("server", Name, "the Redis server's name"),
    must("line", Words, "the line, words quoted as redis-cli reads them"),
]);
static FILL_MEMORY: Record = action(&[
    must("server", Name, "the Redis server's name"),
    must("bytes", Whole(1, 536_870_912), "how many bytes more"),
]);
static SEEK: Record = action(&[
    CONSUMER,
    must("topic", Name, "the topic"),
    must("partition", Whole(0, 63), "which partition"),
    must("offset", Whole(0, u64::MAX), "the next offset to read"),
]);

static FAILURES: Record = Record {
    name: "a failure",
    fields: &[
        may("never", Flag, "true: on none"),
        may("key", Name, "on those with this key"),
        may("numbers", List(1, &NUMBER), "on those with these numbers: poison"),
        may("perMillion", Whole(1, 1_000_000), "on each attempt with this chance in a million"),
    ],
};

static NUMBER: shape::Shape = Whole(1, u32::MAX as u64);

const COMMITS: &[(&str, &str)] = &[
    ("afterWork", "after what a poll returned is handled: a crash repeats"),
    ("beforeWork", "before it is handled: a crash loses"),
];

/// The action that a checked value stands for.
pub(super) fn read(value: &Value) -> Option<Action> {
    let (tag, of) = tagged(value)?;
    let (consumer, producer) = (name(of, "consumer"), name(of, "producer"));
    let node = name(of, "node");
    Some(match tag {
        "unplug" => Action::Unplug { consumer },
        "plugIn" => Action::PlugIn { consumer },
        "crash" => Action::Crash { node },
        "restart" => Action::Restart { node },
        "pause" => Action::Pause { node },
        "resume" => Action::Resume { node },
        "interrupt" => Action::Interrupt { node },
        "heal" => Action::Heal { node },
        "setLatency" => Action::SetLatency { node, latency: span(of, "latency")? },
        "closeConnection" => {
            Action::CloseConnection { client: name(of, "client"), server: name(of, "server") }
        }
        "setRate" => Action::SetRate { producer, per_kilosecond: shape::rate(&text(of, "rate"))? },
        "sendOne" => Action::SendOne { producer },
        "burst" => Action::Burst { producer, messages: number(of, "messages")? as u32 },
        "setWork" => Action::SetWork { consumer, takes: span(of, "takes")? },
        "setVariance" => {
            Action::SetVariance { consumer, per_cent: number(of, "percent")?.min(100) as u8 }
        }
        "setFailure" => Action::SetFailure { consumer, fails: failure(get(of, "fails")?)? },
        "setCommit" => Action::SetCommit {
            consumer,
            commit: match text(of, "commit").as_str() {
                "afterWork" => CommitPoint::AfterWork,
                "beforeWork" => CommitPoint::BeforeWork,
                _ => return None,
            },
        },
        "setDeduplication" => Action::SetDeduplication { consumer, on: flag(of, "on")? },
        "addAccount" => Action::AddAccount { consumer, amount: number(of, "amount")? as u32 },
        "addPartitions" => Action::AddPartitions {
            topic: name(of, "topic"),
            partitions: number(of, "partitions")? as u32,
        },
        "setPublishRetry" => Action::SetPublishRetry {
            producer,
            timeout: span(of, "timeout")?,
            retries: number(of, "retries")? as u32,
        },
        "promote" => Action::Promote { node },
        "console" => Action::Console { server: name(of, "server"), line: text(of, "line").into() },
        "fillMemory" => {
            Action::FillMemory { server: name(of, "server"), bytes: number(of, "bytes")? }
        }
        "seek" => {
            let partition = number(of, "partition")? as u32;
            let partition = TopicPartition { topic: name(of, "topic"), partition };
            Action::Seek { consumer, partition, offset: number(of, "offset")? }
        }
        _ => return None,
    })
}

fn failure(value: &Value) -> Option<Failure> {
    let (tag, _) = tagged(value)?;
    Some(match tag {
        "never" => Failure::Never,
        "key" => Failure::Key(name(value, "key")),
        "numbers" => {
            let numbers = list(value, "numbers").iter().filter_map(|n| n.as_number_lit());
            Failure::Numbers(numbers.filter_map(|n| n.value.parse().ok()).collect())
        }
        "perMillion" => Failure::Chance(number(value, "perMillion")? as u32),
        _ => return None,
    })
}
