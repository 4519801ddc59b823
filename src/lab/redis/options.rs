//! Settings of Redis servers and of the clients on them.

use super::StreamConfig;
use crate::event::{Name, Refusal, Settings};
use crate::lab::options::{Read, flag, millis, number, put, read};
use crate::redis::{Config, CostTable};
use crate::sim::Span;

/// The names of redis.conf that the engine acts on.
pub(super) const SERVER: &[&str] = &[
    "client-output-buffer-limit",
    "databases",
    "enable-debug-command",
    "maxclients",
    "maxmemory",
    "maxmemory-clients",
    "maxmemory-policy",
    "maxmemory-samples",
    "min-replicas-max-lag",
    "min-replicas-to-write",
    "notify-keyspace-events",
    "proto-max-bulk-len",
    "repl-backlog-size",
    "replica-read-only",
    "replica-serve-stale-data",
    "stream-node-max-bytes",
    "stream-node-max-entries",
    "timeout",
];

/// A Redis server's settings. In the lab its work takes time.
pub(in super::super) fn server(settings: &Settings) -> Result<Config, Refusal> {
    let mut config = Config { cost: Some(CostTable::MEASURED), ..Config::default() };
    for (name, value) in settings {
        if !SERVER.contains(&&**name) {
            let reason =
                format!("\"{name}\" is not a setting of a Redis server that pushpull models.");
            return Err(Refusal { reason });
        }
        config.set(name, value).map_err(|why| Refusal {
            reason: format!("{name} of a Redis server is \"{value}\": {why}."),
        })?;
    }
    Ok(config)
}

/// How a reader of a stream reads.
pub(in super::super) fn stream_reader(
    settings: &Settings,
    grouped: bool,
) -> Result<StreamConfig, Refusal> {
    let mut config = StreamConfig {
        count: None,
        block: if grouped { Span::from_secs(2) } else { Span::ZERO },
        noack: false,
        at_end: !grouped,
        min_idle: Span::from_secs(60),
        max_deliveries: 0,
    };
    let what = if grouped { "a stream group's reader" } else { "a stream's reader" };
    read(settings, what, |name, value| match name {
        "count" => put(&mut config.count, number(value).map(Some)),
        "block" => put(&mut config.block, millis(value)),
        "start" => put(
            &mut config.at_end,
            match value {
                "$" => Ok(true),
                "0" => Ok(false),
                _ => Err("0 for the beginning, or $ for what comes from now on"),
            },
        ),
        "noack" if grouped => put(&mut config.noack, flag(value)),
        "min-idle-time" if grouped => put(&mut config.min_idle, millis(value)),
        "max-deliveries" if grouped => put(&mut config.max_deliveries, number(value)),
        _ => None,
    })?;
    Ok(config)
}

/// What a producer's settings say of its Redis client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Publishing {
    /// The words of `XADD`'s `MAXLEN`, where it has one.
    pub(in super::super) maxlen: Vec<Name>,
    /// Whether it sends without waiting for the answers to what it sent before.
    pub(in super::super) pipeline: bool,
}

impl Default for Publishing {
    fn default() -> Self {
        Self { maxlen: Vec::new(), pipeline: true }
    }
}

/// Takes `maxlen` and `pipeline` off a producer's settings: what they say, and the rest.
pub(in super::super) fn publisher(settings: &Settings) -> Result<(Publishing, Settings), Refusal> {
    let mut rest = settings.clone();
    let mut publishing = Publishing::default();
    let refused = |name: &str, value: &str, expected: &str| Refusal {
        reason: format!("{name} of a producer is \"{value}\"; it must be {expected}."),
    };
    if let Some(value) = rest.remove("pipeline") {
        let read = flag(&value).map_err(|expected| refused("pipeline", &value, expected))?;
        publishing.pipeline = read;
    }
    if let Some(value) = rest.remove("maxlen") {
        let read: Read<Vec<Name>> = match value.split_whitespace().collect::<Vec<_>>().as_slice() {
            [most] => number::<u64>(most).map(|most| vec![most.to_string().into()]),
            [sign @ ("~" | "="), most] => {
                number::<u64>(most).map(|most| vec![(*sign).into(), most.to_string().into()])
            }
            _ => Err("a number of entries, or ~ and a number"),
        };
        publishing.maxlen.push("MAXLEN".into());
        let words = read.map_err(|expected| refused("maxlen", &value, expected))?;
        publishing.maxlen.extend(words);
    }
    Ok((publishing, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::BufferLimit;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn a_server_takes_the_names_and_forms_of_redis_conf() {
        let config = server(&settings(&[("client-output-buffer-limit", "pubsub 1mb 512kb 10")]));
        let limit = BufferLimit { hard: 1 << 20, soft: 512 << 10, soft_seconds: 10 };
        assert_eq!(config.expect("redis.conf's form").limit_pubsub, limit);
        for (pair, word) in
            [(("timeout", "soon"), "integer"), (("io-threads", "4"), "not a setting")]
        {
            let reason = server(&settings(&[pair])).expect_err("wrong").reason;
            assert!(reason.contains(pair.0) && reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_reader_takes_the_words_of_its_commands() {
        let config = stream_reader(&settings(&[("count", "10"), ("start", "$")]), true);
        let config = config.expect("both are known");
        assert_eq!((config.count, config.at_end), (Some(10), true));
        let reason = stream_reader(&settings(&[("noack", "true")]), false).expect_err("no group");
        assert!(reason.reason.contains("noack"), "{}", reason.reason);
        let (publishing, _) = publisher(&settings(&[("maxlen", "~ 1000")])).expect("XADD's form");
        let words = publishing.maxlen;
        assert_eq!(words, ["MAXLEN", "~", "1000"].map(Name::from));
    }
}
