//! What a lesson may let a reader do: the actions of the format.

use super::shape::Shape::{
    Flag, List, Name, Rate, Record as Rec, Settings, Tagged, Time, Whole, Word, Words,
};
use super::shape::{self, Field, Record, may, must};
use super::tree::{flag, get, list, name, number, settings, span, tagged, text};
use crate::event::{
    Action, CommitPoint, Configured, ErrorHandling, Failure, Handling, ResetTo, TopicPartition,
};
use crate::sim::Instant;
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
        may("setErrorHandling", Rec(&SET_ERRORS), "chooses what follows when a handler fails"),
        may("redrive", Rec(&REDRIVE), "sends dead letters back to their topic"),
        may("resetOffsets", Rec(&RESET_OFFSETS), "moves the committed offsets of an empty group"),
        may("seekToTime", Rec(&SEEK_TO_TIME), "sets a position by the time of sending"),
        may("pausePartition", Rec(&OWNED), "stops a consumer from fetching a partition"),
        may("resumePartition", Rec(&OWNED), "lets it go on"),
        may("electLeader", Rec(&ELECT), "asks the controller for an election"),
        may("alterConfig", Rec(&ALTER), "changes a topic's or a broker's configuration"),
        node("remove", "ends a process in good order"),
        may("interruptBetween", Rec(&BETWEEN), "cuts the path between two nodes"),
        may("healBetween", Rec(&BETWEEN), "heals it"),
        may("assign", Rec(&ASSIGN), "gives a consumer partitions by hand"),
        may("setPartition", Rec(&SET_PARTITION), "lets a producer name the partition"),
        may("setHandling", Rec(&SET_HANDLING), "chooses how an application handles a poll"),
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
const SERVER: Field = must("server", Name, "the Redis server's name");
const TOPIC: Field = must("topic", Name, "the topic");
const PARTITION: Field = must("partition", Whole(0, 63), "which partition");

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
static ADD_PARTITIONS: Record =
    action(&[TOPIC, must("partitions", Whole(1, 64), "how many it shall have")]);
static SET_PUBLISH_RETRY: Record = action(&[
    PRODUCER,
    must("timeout", Time, "how long it waits for an answer; 0 s for ever"),
    must("retries", Whole(0, 100), "how often it sends again"),
]);
static CONSOLE: Record =
    action(&[SERVER, must("line", Words, "the line, words quoted as redis-cli reads them")]);
static FILL_MEMORY: Record =
    action(&[SERVER, must("bytes", Whole(1, 536_870_912), "how many bytes more")]);
static SEEK: Record = action(&[
    CONSUMER,
    TOPIC,
    PARTITION,
    must("offset", Whole(0, u64::MAX), "the next offset to read"),
]);

static SET_ERRORS: Record =
    action(&[CONSUMER, must("handling", Tagged(&ERRORS), "what the application does")]);
static REDRIVE: Record = action(&[
    must("topic", Name, "the dead-letter topic"),
    must("most", Whole(1, 10_000), "how many records at the most"),
]);

static RESET_OFFSETS: Record = action(&[
    must("group", Name, "the consumer group"),
    TOPIC,
    must("to", Tagged(&RESETS), "where to"),
]);
static RESETS: Record = Record {
    name: "a target",
    fields: &[
        may("earliest", Flag, "true: the log start offset"),
        may("latest", Flag, "true: the end"),
        may("offset", Whole(0, u64::MAX), "this offset, kept within what the log has"),
        may("time", Time, "the first record sent so long after the start, or later"),
    ],
};
static SEEK_TO_TIME: Record =
    action(&[CONSUMER, TOPIC, PARTITION, must("at", Time, "since the start of the run")]);
static OWNED: Record = action(&[CONSUMER, TOPIC, PARTITION]);
static ELECT: Record = action(&[
    TOPIC,
    PARTITION,
    may("unclean", Flag, "true: a replica that is not in sync may lead"),
]);
static ALTER: Record = action(&[
    may("topic", Name, "of this topic"),
    may("broker", Name, "or of this broker"),
    must("config", Settings, "what changes, by Kafka's names"),
]);
static BETWEEN: Record =
    action(&[must("one", Name, "a node's name"), must("other", Name, "another's")]);
static ASSIGN: Record =
    action(&[CONSUMER, TOPIC, must("partitions", List(1, &INDEX), "which of its partitions")]);
static INDEX: shape::Shape = Whole(0, 63);
static SET_PARTITION: Record =
    action(&[PRODUCER, may("partition", Whole(0, 63), "none lets the partitioner choose")]);
static SET_HANDLING: Record = action(&[CONSUMER, must("handling", Word(HANDLINGS), "how")]);
const HANDLINGS: &[(&str, &str)] = &[
    ("synchronous", "in the thread that polls, before the next poll"),
    ("handsOver", "another thread gets the records; the next poll comes at once"),
    ("swallowsErrors", "every error is caught: what failed counts as done"),
];

static ERRORS: Record = Record {
    name: "an error handling",
    fields: &[
        may("blockForEver", Flag, "true: tries each second until it works"),
        may("block", Rec(&IN_PLACE), "tries again in place, then skips"),
        may("skip", Flag, "true: skips at once"),
        may("deadLetter", Rec(&IN_PLACE), "tries again in place, then a copy goes to <topic>-dlt"),
        may("retryTopics", Rec(&RETRY_TOPICS), "copies go to retry topics, then to <topic>-dlt"),
    ],
};
const ATTEMPTS: Field = must("attempts", Whole(1, 100), "how often it tries, the first included");
static IN_PLACE: Record = Record {
    name: "trying again in place",
    fields: &[must("interval", Time, "between two attempts"), ATTEMPTS],
};
static RETRY_TOPICS: Record = Record {
    name: "retry topics",
    fields: &[
        ATTEMPTS,
        must("delay", Time, "before the second attempt"),
        may("multiplier", Whole(1, 10), "each wait is so many times the one before; 1 if not said"),
    ],
};

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
            Action::Seek { consumer, partition: partition(of)?, offset: number(of, "offset")? }
        }
        "setErrorHandling" => {
            Action::SetErrorHandling { consumer, handling: error_handling(get(of, "handling")?)? }
        }
        "resetOffsets" => Action::ResetOffsets {
            group: name(of, "group"),
            topic: name(of, "topic"),
            to: reset_to(get(of, "to")?)?,
        },
        "seekToTime" => {
            let at = Instant::ZERO + span(of, "at")?;
            Action::SeekToTime { consumer, partition: partition(of)?, at }
        }
        "pausePartition" => Action::PausePartition { consumer, partition: partition(of)? },
        "resumePartition" => Action::ResumePartition { consumer, partition: partition(of)? },
        "electLeader" => {
            let unclean = flag(of, "unclean").unwrap_or(false);
            Action::ElectLeader { partition: partition(of)?, unclean }
        }
        "alterConfig" => {
            let of_which = match (get(of, "topic"), get(of, "broker")) {
                (Some(_), None) => Configured::Topic(name(of, "topic")),
                (None, Some(_)) => Configured::Broker(name(of, "broker")),
                _ => return None,
            };
            Action::AlterConfig { of: of_which, config: settings(of) }
        }
        "remove" => Action::Remove { node },
        "interruptBetween" => {
            Action::InterruptBetween { one: name(of, "one"), other: name(of, "other") }
        }
        "healBetween" => Action::HealBetween { one: name(of, "one"), other: name(of, "other") },
        "assign" => {
            let numbers = list(of, "partitions").iter().filter_map(|n| n.as_number_lit());
            let partitions = numbers.filter_map(|n| n.value.parse().ok());
            let topic = name(of, "topic");
            let place = |partition| TopicPartition { topic: topic.clone(), partition };
            Action::Assign { consumer, partitions: partitions.map(place).collect() }
        }
        "setPartition" => {
            let partition = number(of, "partition").map(|partition| partition as u32);
            Action::SetPartition { producer, partition }
        }
        "setHandling" => Action::SetHandling {
            consumer,
            handling: match text(of, "handling").as_str() {
                "synchronous" => Handling::Synchronous,
                "handsOver" => Handling::HandsOver,
                "swallowsErrors" => Handling::SwallowsErrors,
                _ => return None,
            },
        },
        "redrive" => Action::Redrive { topic: name(of, "topic"), most: number(of, "most")? as u32 },
        _ => return None,
    })
}

fn partition(of: &Value) -> Option<TopicPartition> {
    let partition = number(of, "partition")? as u32;
    Some(TopicPartition { topic: name(of, "topic"), partition })
}

fn reset_to(value: &Value) -> Option<ResetTo> {
    let (tag, _) = tagged(value)?;
    Some(match tag {
        "earliest" => ResetTo::Earliest,
        "latest" => ResetTo::Latest,
        "offset" => ResetTo::Offset(number(value, "offset")?),
        "time" => ResetTo::Time(Instant::ZERO + span(value, "time")?),
        _ => return None,
    })
}

fn error_handling(value: &Value) -> Option<ErrorHandling> {
    let (tag, of) = tagged(value)?;
    let attempts = || Some(number(of, "attempts")? as u32);
    Some(match tag {
        "blockForEver" => ErrorHandling::BlockForEver,
        "skip" => ErrorHandling::Skip,
        "block" => ErrorHandling::Block { interval: span(of, "interval")?, attempts: attempts()? },
        "deadLetter" => {
            ErrorHandling::DeadLetter { interval: span(of, "interval")?, attempts: attempts()? }
        }
        "retryTopics" => ErrorHandling::RetryTopics {
            attempts: attempts()?,
            delay: span(of, "delay")?,
            multiplier: number(of, "multiplier").unwrap_or(1) as u32,
        },
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
