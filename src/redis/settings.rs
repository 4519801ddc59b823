//! CONFIG: the settings by name, as text (config.c).
//!
//! Settings that the engine acts on live in [`Config`]; the others are kept as text, so that
//! clients that set and read them back find what Redis would show.

use super::call::Call;
use super::command::Answer;
use super::config::{BufferLimit, Config};
use super::fault::{Fault, SYNTAX};
use super::glob;
use super::notify;
use super::resp::Frame;
use super::server::Server;
use crate::sim::SortedMap;

/// What values a setting takes.
#[derive(Clone, Copy)]
enum Kind {
    Number(i64, i64),
    /// Bytes, with units.
    Memory(u64, u64),
    YesNo,
    Choice(&'static [&'static str]),
    Text,
    /// Fixed at start.
    Immutable,
    Events,
    Limits,
}

use Kind::{Choice, Events, Immutable, Limits, Memory, Number, Text, YesNo};

const POLICIES: &[&str] = &[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
];
const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;
const SIZE: u64 = u64::MAX;

/// Name, other name, kind, default: as `CONFIG GET` of 7.0.15 prints them.
const SETTINGS: &[(&str, &str, Kind, &str)] = &[
    ("activedefrag", "", YesNo, "no"),
    ("activerehashing", "", YesNo, "yes"),
    ("appendfsync", "", Choice(&["everysec", "always", "no"]), "everysec"),
    ("appendonly", "", YesNo, "no"),
    ("bind", "", Text, "127.0.0.1 -::1"),
    ("client-output-buffer-limit", "", Limits, ""),
    ("client-query-buffer-limit", "", Memory(1 << 20, i64::MAX as u64), "1073741824"),
    ("cluster-enabled", "", Immutable, "no"),
    ("databases", "", Immutable, "16"),
    ("dbfilename", "", Text, "dump.rdb"),
    ("dir", "", Text, "/"),
    ("enable-debug-command", "", Immutable, "no"),
    ("hash-max-listpack-entries", "hash-max-ziplist-entries", Number(0, LONG), "512"),
    ("hash-max-listpack-value", "hash-max-ziplist-value", Number(0, LONG), "64"),
    ("hz", "", Number(0, INT), "10"),
    ("io-threads", "", Immutable, "1"),
    ("latency-monitor-threshold", "", Number(0, LONG), "0"),
    ("latency-tracking", "", YesNo, "yes"),
    ("lazyfree-lazy-expire", "", YesNo, "no"),
    ("lazyfree-lazy-user-del", "", YesNo, "no"),
    ("lfu-decay-time", "", Number(0, INT), "1"),
    ("lfu-log-factor", "", Number(0, INT), "10"),
    ("list-compress-depth", "", Number(0, INT), "0"),
    ("list-max-listpack-size", "list-max-ziplist-size", Number(-INT, INT), "-2"),
    ("loglevel", "", Choice(&["debug", "verbose", "notice", "warning"]), "notice"),
    ("maxclients", "", Number(1, u32::MAX as i64), "10000"),
    ("maxmemory", "", Memory(0, SIZE), "0"),
    ("maxmemory-clients", "", Text, "0"),
    ("maxmemory-policy", "", Choice(POLICIES), "noeviction"),
    ("maxmemory-samples", "", Number(1, 64), "5"),
    ("min-replicas-max-lag", "min-slaves-max-lag", Number(0, INT), "10"),
    ("min-replicas-to-write", "min-slaves-to-write", Number(0, INT), "0"),
    ("notify-keyspace-events", "", Events, ""),
    ("port", "", Number(0, 65_535), "6379"),
    ("proto-max-bulk-len", "", Memory(1 << 20, i64::MAX as u64), "536870912"),
    ("repl-backlog-size", "", Memory(1, SIZE), "1048576"),
    ("repl-diskless-load", "", Choice(&["disabled", "on-empty-db", "swapdb"]), "disabled"),
    ("repl-diskless-sync", "", YesNo, "yes"),
    ("repl-diskless-sync-delay", "", Number(0, INT), "5"),
    ("repl-ping-replica-period", "repl-ping-slave-period", Number(1, INT), "10"),
    ("repl-timeout", "", Number(1, INT), "60"),
    ("replica-priority", "slave-priority", Number(0, INT), "100"),
    ("replica-read-only", "slave-read-only", YesNo, "yes"),
    ("replica-serve-stale-data", "slave-serve-stale-data", YesNo, "yes"),
    ("requirepass", "", Text, ""),
    ("save", "", Text, "3600 1 300 100 60 10000"),
    ("set-max-intset-entries", "", Number(0, LONG), "512"),
    ("slowlog-log-slower-than", "", Number(-1, LONG), "10000"),
    ("slowlog-max-len", "", Number(0, LONG), "128"),
    ("stream-node-max-bytes", "", Memory(0, SIZE), "4096"),
    ("stream-node-max-entries", "", Number(0, LONG), "100"),
    ("tcp-keepalive", "", Number(0, INT), "300"),
    ("timeout", "", Number(0, INT), "0"),
    ("zset-max-listpack-entries", "zset-max-ziplist-entries", Number(0, LONG), "128"),
    ("zset-max-listpack-value", "zset-max-ziplist-value", Number(0, LONG), "64"),
];

/// Bytes with a unit (`memtoull`): k is 1000, kb is 1024, and so on.
pub(super) fn memory(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit: u64 = match &lower[digits.len()..] {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// The three classes from words of four.
fn limits(text: &str, config: &mut Config) -> Result<(), &'static str> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    if words.is_empty() || !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.");
    }
    let mut next = config.clone();
    for four in words.chunks(4) {
        let slot = match four[0].to_ascii_lowercase().as_str() {
            "normal" => &mut next.limit_normal,
            "slave" | "replica" => &mut next.limit_replica,
            "pubsub" => &mut next.limit_pubsub,
            _ => return Err("Invalid client class specified in buffer limit configuration."),
        };
        let bad = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        *slot = BufferLimit {
            hard: memory(four[1]).ok_or(bad)?,
            soft: memory(four[2]).ok_or(bad)?,
            soft_seconds: four[3].parse().map_err(|_| bad)?,
        };
    }
    *config = next;
    Ok(())
}

/// Checks a value and gives its canonical text.
fn canonical(kind: Kind, value: &str, config: &mut Config) -> Result<String, String> {
    match kind {
        Number(least, most) => {
            let number: i64 = value
                .parse()
                .map_err(|_| "argument couldn't be parsed into an integer".to_owned())?;
            if (least..=most).contains(&number) {
                Ok(number.to_string())
            } else {
                Err(format!("argument must be between {least} and {most} inclusive"))
            }
        }
        Memory(least, most) => {
            let bytes = memory(value).ok_or("argument must be a memory value")?;
            if (least..=most).contains(&bytes) {
                Ok(bytes.to_string())
            } else {
                Err(format!("argument must be between {least} and {most} inclusive"))
            }
        }
        YesNo if matches!(value.to_ascii_lowercase().as_str(), "yes" | "no") => {
            Ok(value.to_ascii_lowercase())
        }
        YesNo => Err("argument must be 'yes' or 'no'".into()),
        Choice(words) => words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(value))
            .map(|word| (*word).to_owned())
            .ok_or_else(|| {
                format!("argument(s) must be one of the following: {}", words.join(", "))
            }),
        Text => Ok(value.into()),
        Immutable => Err("can't set immutable config".into()),
        Events => notify::parse(value)
            .map(notify::print)
            .ok_or_else(|| "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".to_owned()),
        Limits => limits(value, config).map(|()| String::new()).map_err(str::to_owned),
    }
}

fn find(name: &str) -> Option<&'static (&'static str, &'static str, Kind, &'static str)> {
    SETTINGS.iter().find(|(known, alias, ..)| {
        known.eq_ignore_ascii_case(name) || (!alias.is_empty() && alias.eq_ignore_ascii_case(name))
    })
}

impl Server {
    /// Whether a setting can only be given before the server starts.
    pub fn is_immutable(name: &str) -> bool {
        find(name).is_some_and(|(_, _, kind, _)| matches!(kind, Immutable))
    }

    /// Whether this is an older name of another setting.
    pub fn is_alias(name: &str) -> bool {
        find(name).is_some_and(|(_, alias, ..)| alias.eq_ignore_ascii_case(name))
    }
}

impl Config {
    /// Sets one setting by its name in redis.conf. Errors are the texts of CONFIG SET.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let (name, _, kind, _) = find(name).ok_or("unknown")?;
        let text = match kind {
            // Before the server runs, what is fixed later can still be said.
            Immutable => value.to_owned(),
            kind => canonical(*kind, value, self)?,
        };
        self.apply(name, text, value);
        Ok(())
    }

    /// Takes a checked value over into what the engine acts on.
    fn apply(&mut self, name: &'static str, text: String, raw: &str) {
        let number = text.parse::<u64>().unwrap_or(0);
        match name {
            "maxclients" => self.maxclients = number as u32,
            "timeout" => self.timeout = number,
            "hz" => self.hz = number as u32,
            "databases" => self.databases = number.clamp(1, 1 << 16) as u32,
            "maxmemory" => self.maxmemory = number,
            "maxmemory-policy" => self.maxmemory_policy.clone_from(&text),
            "maxmemory-samples" => self.maxmemory_samples = number as u32,
            "min-replicas-to-write" => self.min_replicas_to_write = number as u32,
            "min-replicas-max-lag" => self.min_replicas_max_lag = number,
            "repl-backlog-size" => self.repl_backlog_size = number,
            "replica-read-only" => self.replica_read_only = text == "yes",
            "replica-serve-stale-data" => self.replica_serve_stale_data = text == "yes",
            "proto-max-bulk-len" => self.proto_max_bulk_len = number,
            "enable-debug-command" => self.debug_commands = text == "yes" || text == "local",
            "notify-keyspace-events" => self.notify = notify::parse(raw).unwrap_or(0),
            "maxmemory-clients" => self.maxmemory_clients = memory(&text).unwrap_or(0),
            _ => {}
        }
        self.texts.insert(name, text);
    }

    /// What CONFIG GET prints.
    fn text(&self, name: &str, default: &str) -> String {
        let class =
            |limit: BufferLimit| format!("{} {} {}", limit.hard, limit.soft, limit.soft_seconds);
        match name {
            "client-output-buffer-limit" => format!(
                "normal {} slave {} pubsub {}",
                class(self.limit_normal),
                class(self.limit_replica),
                class(self.limit_pubsub)
            ),
            "maxclients" => self.maxclients.to_string(),
            "timeout" => self.timeout.to_string(),
            "databases" => self.databases.to_string(),
            "maxmemory" => self.maxmemory.to_string(),
            "notify-keyspace-events" => notify::print(self.notify),
            "enable-debug-command" => if self.debug_commands { "yes" } else { "no" }.into(),
            _ => self.texts.get(name).map_or_else(|| default.to_owned(), Clone::clone),
        }
    }

    /// `client-query-buffer-limit`: most bytes of a request that has not ended.
    pub fn query_buffer_limit(&self) -> u64 {
        self.number("client-query-buffer-limit").unsigned_abs()
    }

    /// A setting that is kept as text, as a number.
    pub(super) fn number(&self, name: &str) -> i64 {
        find(name)
            .map(|(name, _, _, default)| self.text(name, default))
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }
}

pub(super) fn get(server: &mut Server, call: &mut Call) -> Answer {
    let mut found: SortedMap<&str, String> = SortedMap::new();
    for index in 2..call.len() {
        let pattern = call.word(index);
        for (name, alias, _, default) in SETTINGS {
            for shown in [name, alias] {
                if !shown.is_empty() && glob::matches_nocase(&pattern, shown.as_bytes()) {
                    found.insert(shown, server.config.text(name, default));
                }
            }
        }
    }
    let pair = |(name, value): (&str, String)| (Frame::bulk(name), Frame::bulk(value));
    Ok(Some(Frame::Map(found.into_iter().map(pair).collect())))
}

pub(super) fn set(server: &mut Server, call: &mut Call) -> Answer {
    if !call.len().is_multiple_of(2) {
        return Err(SYNTAX.into());
    }
    // All values are checked before any takes effect.
    let mut next = server.config.clone();
    let mut seen = Vec::new();
    for index in (2..call.len()).step_by(2) {
        let word = String::from_utf8_lossy(&call.word(index)).into_owned();
        let Some((name, _, kind, _)) = find(&word) else {
            return Err(format!(
                "ERR Unknown option or number of arguments for CONFIG SET - '{word}'"
            )
            .into());
        };
        let failed = |reason: &str| -> Fault {
            format!("ERR CONFIG SET failed (possibly related to argument '{word}') - {reason}")
                .into()
        };
        if matches!(kind, Immutable) {
            return Err(failed("can't set immutable config"));
        }
        if seen.contains(name) {
            return Err(failed("duplicate parameter"));
        }
        seen.push(name);
        let value = String::from_utf8_lossy(&call.word(index + 1)).into_owned();
        next.set(name, &value).map_err(|reason| failed(&reason))?;
    }
    server.config = next;
    server.take_over_config();
    Ok(Some(Frame::OK))
}

pub(super) fn resetstat(server: &mut Server, _: &mut Call) -> Answer {
    server.stats.reset();
    server.keyspace.hits = 0;
    server.keyspace.misses = 0;
    server.keyspace.expired = 0;
    server.keyspace.evicted = 0;
    Ok(Some(Frame::OK))
}

impl Server {
    /// Hands settings on to the parts that keep their own copy.
    pub(super) fn take_over_config(&mut self) {
        self.keyspace.limits = self.config.keyspace_limits();
        self.keyspace.notify_flags = self.config.notify;
        if self.config.maxmemory > 0 {
            self.free_memory();
            self.settle();
        }
    }
}
