//! What the systems' own tools print at this instant.
//!
//! Observes only: draws nothing from any generator and changes nothing.

use super::World;
use super::node::{Node, Role};
use super::values::{self, Value};
use crate::event::{
    Asked, Configured, Name, NodeId, NodeState, Printed, PrintedOf, PrintedRow, TopicPartition,
};
use crate::kafka::broker::{OFFSETS_TOPIC, topic_synonym};
use crate::kafka::controller::ClusterImage;
use crate::kafka::group::{Group, coordinator_partition};
use crate::kafka::log::{Log, TopicConfig};
use crate::kafka::protocol::BrokerId;
use crate::sim::{Order, SortedMap};

/// As a broker prints the address of a client on its own machine.
const HOST: &str = "/127.0.0.1";

const DESCRIBE: &[&str] = &[
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
];

const STARTED: &str = "A broker reads it when it starts.";
const ONE_FOR_ALL: &str = "It cannot be altered for one broker while ELR is enabled.";
const CLIENT: &str = "A client reads it when it is made.";

impl World {
    /// Asks the tools of both systems.
    pub fn asked(&self, question: &Asked) -> Vec<Printed> {
        let mut out = Vec::new();
        match question {
            Asked::Node(id) => self.print_node(*id, &mut out),
            Asked::Key(server, key) => self.print_key(*server, key, &mut out),
            Asked::Connection(id) => self.print_client(*id, &mut out),
            Asked::Group(group) => self.print_group(group, &mut out),
            Asked::Topic(topic) => {
                self.print_topic(topic, &mut out);
                out.extend(self.topic_config(topic));
            }
            Asked::Config(Configured::Topic(topic)) => out.extend(self.topic_config(topic)),
            Asked::Config(Configured::Broker(name)) => {
                out.extend(self.named(name).into_iter().find_map(|id| self.broker_config(id)));
            }
            Asked::RedisConfig(name) => {
                for id in self.named(name) {
                    self.print_redis_config(id, &mut out);
                }
            }
        }
        out
    }

    fn print_node(&self, id: NodeId, out: &mut Vec<Printed>) {
        let Some(node) = self.nodes.get(id.0 as usize) else { return };
        match &node.role {
            Role::Redis(_) => {
                self.print_redis(id, out);
                self.print_redis_config(id, out);
            }
            Role::Broker(_) => out.extend(self.broker_config(id)),
            Role::Consumer(reader) => {
                self.print_group(&reader.group, out);
                let values = values::consumer(reader.client.config());
                out.push(client_config("ConsumerConfig", values, node));
            }
            Role::Source(source) => {
                self.print_redis_client(id, out);
                if let Some(side) = &source.producer {
                    let values = values::producer(side.client.config());
                    out.push(client_config("ProducerConfig", values, node));
                }
            }
            Role::Subscriber(_) | Role::StreamReader(_) | Role::ListWorker(_) => {
                self.print_redis_client(id, out);
            }
            Role::Controller(_) | Role::Redrive(_) | Role::Reset(_) => {}
        }
    }

    /// The log of the replica that leads, where it runs and knows that it does.
    pub(super) fn leading(&self, cluster: &ClusterImage, place: &TopicPartition) -> Option<&Log> {
        let node = self.server_node(cluster.partition(place)?.leader?)?;
        let Role::Broker(process) = &self.node(node).role else { return None };
        let replica = process.broker.partition(place)?;
        let leads = self.node(node).state != NodeState::Crashed && replica.is_leader();
        leads.then(|| replica.log())
    }

    /// A group as its coordinator has it, and who that is.
    fn coordinated(&self, cluster: &ClusterImage, group: &str) -> Option<(BrokerId, &Group)> {
        let homes = &cluster.topics.get(OFFSETS_TOPIC)?.partitions;
        let home = coordinator_partition(group, homes.len() as u32);
        let id = homes.get(home as usize)?.leader?;
        let broker = self.brokers().find(|broker| broker.id() == id)?;
        Some((id, broker.groups().group(group)?))
    }

    /// `kafka-consumer-groups.sh --describe`: members with their partitions, those with the most
    /// first, then what nobody has (`ConsumerGroupCommand#collectGroupsOffsets`). Its
    /// LOG-END-OFFSET is what `ListOffsets` answers a client: the high watermark.
    fn print_group(&self, name: &Name, out: &mut Vec<Printed>) {
        let Some(cluster) = self.cluster() else { return };
        let Some((coordinator, group)) = self.coordinated(&cluster, name) else { return };
        let line = |place: &TopicPartition, who: [&str; 3]| {
            let committed = group.committed(place);
            let end = self.leading(&cluster, place).map(Log::high_watermark);
            let lag = end.zip(committed).map(|(end, at)| end.saturating_sub(at));
            let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
            let [id, host, client] = who.map(str::to_owned);
            PrintedRow {
                of: Some(PrintedOf::Partition(place.clone())),
                cells: vec![
                    place.topic.to_string(),
                    place.partition.to_string(),
                    number(committed),
                    number(end),
                    number(lag),
                    id,
                    host,
                    client,
                ],
                fixed: None,
            }
        };
        let mut members: Vec<_> = group.members().iter().collect();
        members.order_by_key(|member| usize::MAX - member.assignment.partitions.len());
        let mut rows = Vec::new();
        let mut taken = Vec::new();
        for member in &members {
            let mut places = member.assignment.partitions.clone();
            places.order();
            let who = [&*member.id, HOST, &*member.client_id];
            rows.extend(places.iter().map(|place| line(place, who)));
            taken.extend(places);
        }
        for (topic, image) in &cluster.topics {
            for partition in 0..image.partitions.len() as u32 {
                let place = TopicPartition { topic: topic.clone(), partition };
                if group.committed(&place).is_some() && !taken.contains(&place) {
                    rows.push(line(&place, ["-"; 3]));
                }
            }
        }
        let command =
            |tail: &str| format!("kafka-consumer-groups.sh --describe --group {name}{tail}");
        out.push(Printed { command: command(""), columns: DESCRIBE, rows });
        let rows = members.iter().map(|member| {
            plain([
                member.id.to_string(),
                HOST.to_owned(),
                member.client_id.to_string(),
                member.assignment.partitions.len().to_string(),
            ])
        });
        out.push(Printed {
            command: command(" --members"),
            columns: &["CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"],
            rows: rows.collect(),
        });
        let strategy = group.protocol().map_or_else(String::new, ToString::to_string);
        let state = plain([
            format!("broker {}", coordinator.0),
            strategy,
            group.state().name().to_owned(),
            members.len().to_string(),
        ]);
        out.push(Printed {
            command: command(" --state"),
            columns: &["COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"],
            rows: vec![state],
        });
    }

    /// `kafka-topics.sh --describe` (`TopicCommand`).
    fn print_topic(&self, name: &Name, out: &mut Vec<Printed>) {
        let Some(cluster) = self.cluster() else { return };
        let Some(topic) = cluster.topics.get(name) else { return };
        let list =
            |all: &[BrokerId]| all.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
        let replicas = topic.partitions.first().map_or(0, |first| first.replicas.len());
        let configs = topic.overrides.iter().map(|(name, value)| format!("{name}={value}"));
        let head = [
            ("Topic", name.to_string()),
            ("PartitionCount", topic.partitions.len().to_string()),
            ("ReplicationFactor", replicas.to_string()),
            ("Configs", configs.collect::<Vec<_>>().join(",")),
        ];
        let command = format!("kafka-topics.sh --describe --topic {name}");
        let head = head.map(|(name, value)| plain([name.to_owned(), value]));
        out.push(Printed { command: command.clone(), columns: &[], rows: head.into() });
        let rows = (0_u32..).zip(&topic.partitions).map(|(partition, of)| PrintedRow {
            of: Some(PrintedOf::Partition(TopicPartition { topic: name.clone(), partition })),
            cells: vec![
                partition.to_string(),
                of.leader.map_or_else(|| "none".to_owned(), |id| id.0.to_string()),
                list(&of.replicas),
                list(&of.isr),
                list(&of.elr),
                list(&of.last_known_elr),
            ],
            fixed: None,
        });
        out.push(Printed {
            command,
            columns: &["Partition", "Leader", "Replicas", "Isr", "Elr", "LastKnownElr"],
            rows: rows.collect(),
        });
    }

    /// `kafka-configs.sh --describe --all` of a topic.
    fn topic_config(&self, name: &Name) -> Option<Printed> {
        let cluster = self.cluster()?;
        let topic = cluster.topics.get(name)?;
        let row = |(setting, value): Value| {
            // Kafka's own tests set small segments by another name.
            let own = topic.overrides.contains_key(setting)
                || (setting == "segment.bytes"
                    && topic.overrides.contains_key("internal.segment.bytes"));
            let source = if own { "DYNAMIC_TOPIC_CONFIG" } else { "DEFAULT_CONFIG" };
            plain([setting.to_owned(), value, source.to_owned()])
        };
        Some(Printed {
            command: format!(
                "kafka-configs.sh --describe --all --entity-type topics --entity-name {name}"
            ),
            columns: &["configuration", "value", "source"],
            rows: values::topic(&topic.config).into_iter().map(row).collect(),
        })
    }

    /// The same of a broker. Only what its topics take from it can be changed while it runs.
    fn broker_config(&self, node: NodeId) -> Option<Printed> {
        let of = self.node(node);
        let Role::Broker(process) = &of.role else { return None };
        let (config, id) = (process.broker.config(), process.broker.id());
        let cluster = self.cluster();
        let changed = cluster.as_ref().and_then(|cluster| cluster.broker_configs.get(&id));
        let mut defaults = config.topic_defaults.clone();
        for (name, value) in changed.into_iter().flat_map(SortedMap::iter) {
            if let Some(synonym) = topic_synonym(name) {
                // It was checked when it was changed.
                let _ = defaults.set(synonym, value);
            }
        }
        let mut rows: Vec<PrintedRow> = broker_names(&defaults)
            .into_iter()
            .map(|(name, value)| {
                let dynamic = changed.is_some_and(|all| all.contains_key(name));
                let source = if dynamic { "DYNAMIC_BROKER_CONFIG" } else { source(of, name) };
                // No lab is without eligible leader replicas.
                let fixed = (name == "min.insync.replicas").then_some(ONE_FOR_ALL);
                PrintedRow { fixed, ..plain([name.to_owned(), value, source.to_owned()]) }
            })
            .collect();
        rows.extend(values::broker(config).into_iter().map(|(name, value)| PrintedRow {
            fixed: Some(STARTED),
            ..plain([name.to_owned(), value, source(of, name).to_owned()])
        }));
        Some(Printed {
            command: format!(
                "kafka-configs.sh --describe --all --entity-type brokers --entity-name {}",
                id.0
            ),
            columns: &["configuration", "value", "source"],
            rows,
        })
    }
}

/// Where a configuration that was not changed comes from.
fn source(node: &Node, name: &str) -> &'static str {
    if node.settings.contains_key(name) { "STATIC_BROKER_CONFIG" } else { "DEFAULT_CONFIG" }
}

/// What topics take from their broker, by the broker's names.
fn broker_names(defaults: &TopicConfig) -> Vec<Value> {
    const NAMES: [&str; 12] = [
        "log.cleanup.policy",
        "compression.type",
        "message.max.bytes",
        "log.message.timestamp.after.max.ms",
        "log.message.timestamp.before.max.ms",
        "log.message.timestamp.type",
        "min.insync.replicas",
        "log.retention.bytes",
        "log.retention.ms",
        "log.segment.bytes",
        "log.roll.ms",
        "unclean.leader.election.enable",
    ];
    let values = values::topic(defaults);
    let value = |name: &'static str| {
        let found = values.iter().find(|(of, _)| topic_synonym(name) == Some(of));
        (name, found.map_or_else(String::new, |(_, value)| value.clone()))
    };
    NAMES.into_iter().map(value).collect()
}

fn plain<const N: usize>(cells: [String; N]) -> PrintedRow {
    PrintedRow { cells: cells.into(), ..PrintedRow::default() }
}

/// What a client works with.
fn client_config(command: &str, values: Vec<Value>, node: &Node) -> Printed {
    let rows = values.into_iter().map(|(name, value)| {
        let given = node.settings.contains_key(name);
        let source = if given { "given" } else { "default" };
        PrintedRow { fixed: Some(CLIENT), ..plain([name.to_owned(), value, source.to_owned()]) }
    });
    Printed {
        command: format!("{command} values"),
        columns: &["configuration", "value", "source"],
        rows: rows.collect(),
    }
}
