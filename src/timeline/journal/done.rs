//! What people do, in words.

use super::count;
use crate::event::{Action, CommitPoint, Configured, ErrorHandling, Failure, Handling, ResetTo};
use crate::sim::Span;

/// What a person did, in the past tense and short: `billing unplugged`.
pub fn done(action: &Action) -> String {
    match action {
        Action::AddController { name }
        | Action::AddRedis { name, .. }
        | Action::AddBroker { name, .. }
        | Action::AddProducer { name, .. }
        | Action::AddSubscriber { name, .. }
        | Action::AddReplica { name, .. }
        | Action::AddStreamReader { name, .. }
        | Action::AddListWorker { name, .. }
        | Action::AddConsumer { name, .. } => format!("{name} added"),
        Action::SetPublishRetry { producer, timeout: Span::ZERO, .. } => {
            format!("{producer} waits for every answer")
        }
        Action::SetPublishRetry { producer, timeout, retries } => format!(
            "{producer} waits {timeout} for an answer and sends again {}",
            count(*retries as usize, "time")
        ),
        Action::Promote { node } => format!("{node} promoted"),
        Action::Console { server, line } => format!("{line} typed at {server}"),
        Action::FillMemory { server, bytes } => {
            format!("memory of {server} filled with {bytes} bytes more")
        }
        Action::CreateTopic { name, partitions, .. } => {
            format!("topic {name} created with {}", count(*partitions as usize, "partition"))
        }
        Action::AddPartitions { topic, partitions } => {
            format!("{topic} given {}", count(*partitions as usize, "partition"))
        }
        Action::SetRate { producer, per_kilosecond: 0 } => format!("{producer} stopped"),
        Action::SetRate { producer, per_kilosecond } => {
            format!("{producer} set to {}", rate(*per_kilosecond))
        }
        Action::SendOne { producer } => format!("{producer} told to send one"),
        Action::SetWork { consumer, takes } => format!("{consumer} set to {takes} a message"),
        Action::Burst { producer, messages } => {
            format!("{producer} told to send {}", count(*messages as usize, "message"))
        }
        Action::SetVariance { consumer, per_cent } => {
            format!("processing time of {consumer} varies by {per_cent} %")
        }
        Action::SetFailure { consumer, fails } => match fails {
            Failure::Never => format!("handler of {consumer} mended"),
            Failure::Key(key) => format!("handler of {consumer} fails on key {key}"),
            Failure::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!("handler of {consumer} fails on {}", numbers.join(", "))
            }
            Failure::Chance(ppm) => {
                format!("handler of {consumer} fails {ppm} in a million times")
            }
        },
        Action::SetCommit { consumer, commit } => match commit {
            CommitPoint::AfterWork => format!("{consumer} commits after its work"),
            CommitPoint::BeforeWork => format!("{consumer} commits before its work"),
        },
        Action::SetDeduplication { consumer, on: true } => format!("{consumer} remembers"),
        Action::SetDeduplication { consumer, on: false } => format!("{consumer} forgets"),
        Action::AddAccount { consumer, .. } => format!("account of {consumer} opened"),
        Action::Seek { consumer, partition, offset } => {
            format!("{consumer} sent to {offset} in {partition}")
        }
        Action::CloseConnection { client, server } => {
            format!("connection of {client} to {server} closed")
        }
        Action::Unplug { consumer } => format!("{consumer} unplugged"),
        Action::PlugIn { consumer } => format!("{consumer} plugged in"),
        Action::Crash { node } => format!("{node} crashed"),
        Action::Restart { node } => format!("{node} restarted"),
        Action::Pause { node } => format!("{node} paused"),
        Action::Resume { node } => format!("{node} resumed"),
        Action::Interrupt { node } => format!("link of {node} interrupted"),
        Action::Heal { node } => format!("link of {node} healed"),
        Action::SetLatency { node, latency } => format!("latency of {node} set to {latency}"),
        Action::SetErrorHandling { consumer, handling } => match handling {
            ErrorHandling::BlockForEver => {
                format!("{consumer} tries a failed message until it works")
            }
            ErrorHandling::Block { interval, attempts } => {
                format!("{consumer} tries {attempts} times, {interval} apart, then skips")
            }
            ErrorHandling::Skip => format!("{consumer} skips what fails"),
            ErrorHandling::DeadLetter { attempts, .. } => {
                format!("{consumer} tries {attempts} times, then uses a dead-letter topic")
            }
            ErrorHandling::RetryTopics { attempts, .. } => {
                format!("{consumer} uses retry topics: {attempts} attempts")
            }
        },
        Action::ResetOffsets { group, topic, to } => {
            let to = match to {
                ResetTo::Earliest => "the earliest offset".to_owned(),
                ResetTo::Latest => "the latest offset".to_owned(),
                ResetTo::Offset(offset) => format!("offset {offset}"),
                ResetTo::Time(at) => format!("what was sent from {at} on"),
            };
            format!("offsets of {group} in {topic} reset to {to}")
        }
        Action::SeekToTime { consumer, partition, at } => {
            format!("{consumer} sent to what came from {at} on in {partition}")
        }
        Action::PausePartition { consumer, partition } => {
            format!("{consumer} told to pause {partition}")
        }
        Action::ResumePartition { consumer, partition } => {
            format!("{consumer} told to go on with {partition}")
        }
        Action::ElectLeader { partition, unclean: false } => {
            format!("preferred leader of {partition} elected")
        }
        Action::ElectLeader { partition, unclean: true } => {
            format!("leader of {partition} elected uncleanly")
        }
        Action::AlterConfig { of, config } => {
            let (Configured::Topic(name) | Configured::Broker(name)) = of;
            let all: Vec<String> = config.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("configuration of {name} changed: {}", all.join(", "))
        }
        Action::Remove { node } => format!("{node} removed"),
        Action::InterruptBetween { one, other } => {
            format!("link between {one} and {other} interrupted")
        }
        Action::HealBetween { one, other } => format!("link between {one} and {other} healed"),
        Action::Assign { consumer, partitions } => {
            let all: Vec<String> = partitions.iter().map(ToString::to_string).collect();
            format!("{consumer} assigned {} by hand", all.join(", "))
        }
        Action::SetPartition { producer, partition: Some(partition) } => {
            format!("{producer} sends to partition {partition}")
        }
        Action::SetPartition { producer, partition: None } => {
            format!("{producer} lets its partitioner choose")
        }
        Action::SetHandling { consumer, handling } => match handling {
            Handling::Synchronous => format!("{consumer} handles before it polls again"),
            Handling::HandsOver => format!("{consumer} hands its work to another thread"),
            Handling::SwallowsErrors => format!("{consumer} swallows the errors of its handler"),
        },
        Action::Redrive { topic, most } => {
            format!("redrive of {topic} begun, {} at most", count(*most as usize, "message"))
        }
    }
}

/// A rate as people say it: `5 / s`, `30 / min`.
pub fn rate(per_kilosecond: u32) -> String {
    match per_kilosecond {
        0 => "stopped".to_owned(),
        n if n % 1_000 == 0 => format!("{} / s", n / 1_000),
        n if n < 1_000 && n * 60 % 1_000 == 0 => format!("{} / min", n * 60 / 1_000),
        n => {
            let text = format!("{}.{:03}", n / 1_000, n % 1_000);
            format!("{} / s", text.trim_end_matches('0'))
        }
    }
}
