//! Partitions and their cells, at any instant.

use super::Steps;
use crate::event::{KafkaFact, Name, Tag, TopicPartition};
use crate::sim::Instant;
use std::collections::BTreeMap;

/// A record in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its offset.
    pub offset: u64,
    /// When it was appended.
    pub at: Instant,
    /// The message, where it has a tag.
    pub tag: Option<Tag>,
    /// Leader epoch of its batch.
    pub leader_epoch: u32,
    /// Its bytes in the log.
    pub bytes: u32,
    /// Base offset of its segment.
    pub segment: u64,
}

/// One partition's log.
#[derive(Clone, Debug)]
pub struct Log {
    /// Which.
    pub partition: TopicPartition,
    /// Since when it exists.
    pub created: Instant,
    /// The leader's records. Where a new leader goes on from an earlier offset than its
    /// predecessor had reached, another era begins with what the two have in common.
    eras: Vec<(Instant, Vec<Cell>)>,
    leader: Steps<Option<u32>>,
    in_sync: Steps<Vec<u32>>,
    high_watermark: Steps<u64>,
    start: Steps<u64>,
    committed: BTreeMap<Name, Steps<u64>>,
}

impl Log {
    /// The records of the leader's log at `t`, from the log start on.
    pub fn cells(&self, t: Instant) -> &[Cell] {
        let cells = self.era(t);
        let end = cells.partition_point(|cell| cell.at <= t);
        let start = self.start(t);
        let begin = cells[..end].partition_point(|cell| cell.offset < start);
        &cells[begin..end]
    }

    /// The log start offset.
    pub fn start(&self, t: Instant) -> u64 {
        self.start.value(t)
    }

    /// The log end offset: of the record appended next.
    pub fn end(&self, t: Instant) -> u64 {
        let cells = self.era(t);
        let end = cells.partition_point(|cell| cell.at <= t);
        cells[..end].last().map_or(0, |cell| cell.offset + 1).max(self.start(t))
    }

    fn era(&self, t: Instant) -> &[Cell] {
        let index = self.eras.partition_point(|(from, _)| *from <= t);
        index.checked_sub(1).map_or(&[], |i| &self.eras[i].1)
    }

    fn append(&mut self, cell: Cell) {
        let Some((_, cells)) = self.eras.last_mut() else {
            self.eras.push((cell.at, vec![cell]));
            return;
        };
        let last = cells.last();
        if last.is_none_or(|last| last.offset < cell.offset) {
            cells.push(cell);
        } else if last.is_some_and(|last| last.leader_epoch < cell.leader_epoch) {
            let kept = cells.partition_point(|other| other.offset < cell.offset);
            let mut cells = cells[..kept].to_vec();
            let from = cell.at;
            cells.push(cell);
            self.eras.push((from, cells));
        }
    }

    /// `node.id` of the leader; none before the first election, or while nobody leads.
    pub fn leader(&self, t: Instant) -> Option<u32> {
        self.leader.at(t).copied().flatten()
    }

    /// `node.id`s of the in-sync replicas.
    pub fn in_sync(&self, t: Instant) -> &[u32] {
        self.in_sync.at(t).map_or(&[], Vec::as_slice)
    }

    /// The high watermark.
    pub fn high_watermark(&self, t: Instant) -> u64 {
        self.high_watermark.value(t)
    }

    /// A group's bookmark (committed offset); none before its first commit.
    pub fn committed(&self, group: &str, t: Instant) -> Option<u64> {
        self.committed.get(group).and_then(|steps| steps.at(t)).copied()
    }

    /// The groups that have a bookmark here at `t`, with it, in order of their names.
    pub fn bookmarks(&self, t: Instant) -> impl Iterator<Item = (&Name, u64)> {
        self.committed.iter().filter_map(move |(group, steps)| Some((group, *steps.at(t)?)))
    }

    /// The record at an offset, if it is there at `t`.
    pub fn cell(&self, offset: u64, t: Instant) -> Option<&Cell> {
        let cells = self.cells(t);
        cells.binary_search_by_key(&offset, |cell| cell.offset).ok().map(|i| &cells[i])
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Logs {
    pub(super) logs: Vec<Log>,
    index: BTreeMap<TopicPartition, usize>,
}

impl Logs {
    pub(super) fn index(&self, partition: &TopicPartition) -> Option<usize> {
        self.index.get(partition).copied()
    }

    fn log(&mut self, at: Instant, partition: &TopicPartition) -> &mut Log {
        let index = self.index.get(partition).copied().unwrap_or_else(|| {
            self.index.insert(partition.clone(), self.logs.len());
            self.logs.push(Log {
                partition: partition.clone(),
                created: at,
                eras: Vec::new(),
                leader: Steps::default(),
                in_sync: Steps::default(),
                high_watermark: Steps::default(),
                start: Steps::default(),
                committed: BTreeMap::new(),
            });
            self.logs.len() - 1
        });
        &mut self.logs[index]
    }

    /// Whether the number of logs changed.
    pub(super) fn fold(&mut self, at: Instant, fact: &KafkaFact) -> bool {
        let before = self.logs.len();
        match fact {
            KafkaFact::TopicCreated { topic, partitions, .. }
            | KafkaFact::PartitionsAdded { topic, partitions } => {
                for partition in 0..*partitions {
                    self.log(at, &TopicPartition { topic: topic.clone(), partition });
                }
            }
            KafkaFact::Appended { partition, offset, leader_epoch, segment, bytes, tag } => {
                let (offset, tag, bytes, segment) = (*offset, *tag, *bytes, *segment);
                let leader_epoch = *leader_epoch;
                let cell = Cell { offset, at, tag, leader_epoch, bytes, segment };
                self.log(at, partition).append(cell);
            }
            KafkaFact::LeaderElected { partition, leader, .. } => {
                self.log(at, partition).leader.set(at, *leader);
            }
            KafkaFact::IsrChanged { partition, isr, .. } => {
                self.log(at, partition).in_sync.set(at, isr.clone());
            }
            KafkaFact::HighWatermarkMoved { partition, offset } => {
                self.log(at, partition).high_watermark.set(at, *offset);
            }
            KafkaFact::LogStartMoved { partition, offset, .. } => {
                self.log(at, partition).start.set(at, *offset);
            }
            KafkaFact::Committed { group, partition, offset } => {
                let committed = &mut self.log(at, partition).committed;
                committed.entry(group.clone()).or_default().set(at, *offset);
            }
            _ => {}
        }
        self.logs.len() != before
    }
}
