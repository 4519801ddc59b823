//! INFO: the server about itself, in sections (server.c: `genRedisInfoString`).

use super::call::Call;
use super::command::Answer;
use super::resp::Frame;
use super::server::Server;
use crate::event::Payload;
use core::fmt::Write;

/// Sections that are printed without being asked for, in order.
const DEFAULT: [&str; 9] = [
    "server",
    "clients",
    "memory",
    "persistence",
    "stats",
    "replication",
    "cpu",
    "errorstats",
    "keyspace",
];

pub(super) fn info(server: &mut Server, call: &mut Call) -> Answer {
    let mut wanted: Vec<String> = (1..call.len()).map(|index| call.lower(index)).collect();
    if wanted.is_empty() {
        wanted.push("default".into());
    }
    let has = |name: &str| wanted.iter().any(|word| word == name);
    let all = has("all") || has("everything");
    let mut sections = Vec::new();
    for name in [
        "server",
        "clients",
        "memory",
        "persistence",
        "stats",
        "replication",
        "cpu",
        "modules",
        "commandstats",
        "errorstats",
        "cluster",
        "keyspace",
    ] {
        let usual = has("default") && DEFAULT.contains(&name);
        if has(name) || all || usual {
            sections.push(server.section(name));
        }
    }
    Ok(Some(Frame::Verbatim("txt", sections.join("\r\n").as_str().into())))
}

impl Server {
    fn section(&self, name: &str) -> String {
        let mut title = name.to_owned();
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        if name == "cpu" {
            title = "CPU".into();
        }
        let mut text = format!("# {title}\r\n");
        let mut line = |key: &str, value: &dyn core::fmt::Display| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{key}:{value}\r\n");
        };
        match name {
            "server" => {
                line("redis_version", &super::VERSION);
                line("redis_mode", &"standalone");
                line("os", &"pushpull");
                line("arch_bits", &64);
                line("process_id", &self.process_id);
                line("run_id", &self.replication.id);
                line("tcp_port", &self.config.address.rsplit(':').next().unwrap_or("0"));
                line("uptime_in_seconds", &(self.now.as_millis() / 1_000));
                line("hz", &self.config.hz);
                line("configured_hz", &self.config.hz);
            }
            "clients" => {
                line("connected_clients", &self.normal_clients());
                line("cluster_connections", &0);
                line("maxclients", &self.config.maxclients);
                let largest = self.clients.values().map(|state| state.output.memory()).max();
                line("client_recent_max_input_buffer", &0);
                line("client_recent_max_output_buffer", &largest.unwrap_or(0));
                line("blocked_clients", &self.blocked_clients());
                line("tracking_clients", &0);
                let timed = self.clients.values().filter(|state| {
                    state.blocked.as_ref().is_some_and(|blocked| blocked.deadline.is_some())
                });
                line("clients_in_timeout_table", &timed.count());
            }
            "memory" => {
                let used = self.used_memory();
                line("used_memory", &used);
                line("used_memory_peak", &used);
                line("used_memory_dataset", &used);
                line("maxmemory", &self.config.maxmemory);
                line("maxmemory_policy", &self.config.maxmemory_policy);
                line("mem_fragmentation_ratio", &"1.00");
            }
            "persistence" => {
                line("loading", &0);
                line("async_loading", &0);
                line("rdb_changes_since_last_save", &self.keyspace.dirty);
                line("rdb_bgsave_in_progress", &0);
                line("rdb_last_bgsave_status", &"ok");
                line("aof_enabled", &0);
                line("aof_rewrite_in_progress", &0);
                line("aof_rewrite_scheduled", &0);
            }
            "stats" => {
                line("total_connections_received", &self.stats.connections);
                line("total_commands_processed", &self.stats.total_commands());
                line("instantaneous_ops_per_sec", &0);
                line("total_net_output_bytes", &self.stats.output_bytes);
                line("rejected_connections", &self.stats.rejected_connections);
                line("sync_full", &self.stats.sync_full);
                line("sync_partial_ok", &self.stats.sync_partial_ok);
                line("sync_partial_err", &self.stats.sync_partial_err);
                line("expired_keys", &self.keyspace.expired);
                line("evicted_keys", &self.keyspace.evicted);
                line("evicted_clients", &self.stats.evicted_clients);
                line("keyspace_hits", &self.keyspace.hits);
                line("keyspace_misses", &self.keyspace.misses);
                line("pubsub_channels", &self.pubsub.channels.len());
                line("pubsub_patterns", &self.pubsub.patterns.len());
                line("pubsubshard_channels", &self.pubsub.shard_channels.len());
                line("total_error_replies", &self.stats.error_replies);
            }
            "replication" => self.replication_lines(&mut line),
            "cpu" => {
                line("used_cpu_sys", &"0.000000");
                line("used_cpu_user", &"0.000000");
            }
            "commandstats" => {
                for (name, count) in &self.stats.commands {
                    line(
                        &format!("cmdstat_{name}"),
                        &format!(
                            "calls={},usec={},usec_per_call=1.00,rejected_calls={},failed_calls={}",
                            count.calls, count.calls, count.rejected, count.failed
                        ),
                    );
                }
            }
            "errorstats" => {
                for (code, number) in &self.stats.errors {
                    line(&format!("errorstat_{code}"), &format!("count={number}"));
                }
            }
            "cluster" => line("cluster_enabled", &0),
            "keyspace" => {
                for (at, db) in self.keyspace.dbs.iter().enumerate() {
                    if !db.entries.is_empty() {
                        let (keys, expires) = (db.entries.len(), db.expires.len());
                        line(
                            &format!("db{at}"),
                            &format!("keys={keys},expires={expires},avg_ttl=0"),
                        );
                    }
                }
            }
            _ => {}
        }
        text
    }

    fn normal_clients(&self) -> usize {
        self.clients.values().filter(|state| !state.is_replica).count()
    }
}

/// `LOLWUT`, which ends with the version.
pub(super) fn lolwut(_: &mut Server, _: &mut Call) -> Answer {
    let text = format!("Redis ver. {}\n", super::VERSION);
    Ok(Some(Frame::Verbatim("txt", Payload::from(text.as_str()))))
}
