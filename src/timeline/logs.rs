//! Partitions and their cells, at any instant.

use super::Steps;
use crate::event::{KafkaFact, Name, Tag, TopicPartition};
use crate::sim::{Instant, SortedMap};
use std::cmp::Ordering;

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
    committed: SortedMap<Name, Steps<u64>>,
    /// How many replicas the topic asked for.
    pub replication_factor: u32,
    /// Its replicas in order of `node.id`.
    replicas: Vec<Replica>,
    /// Base offsets of the segments, each with the instant of its first record.
    segments: Vec<(Instant, u64)>,
}

/// One broker's copy of a log.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Its broker's `node.id`.
    pub broker: u32,
    /// Since when it is known.
    pub since: Instant,
    end: Steps<u64>,
    cuts: Vec<Cut>,
}

/// The end of a replica's log that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// When.
    pub at: Instant,
    /// The log end offset afterwards.
    pub from: u64,
    /// The log end offset before.
    pub to: u64,
}

/// One segment of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its base offset.
    pub base: u64,
    /// The offset after its last record.
    pub end: u64,
    /// When its first record was appended.
    pub since: Instant,
    /// Whether retention has dropped it.
    pub dropped: bool,
}

impl Replica {
    /// Its log end offset.
    pub fn end(&self, t: Instant) -> u64 {
        self.end.value(t)
    }

    /// The instant at which its end last changed: what it holds is what its leader had then.
    pub fn changed(&self, t: Instant) -> Instant {
        self.end.entry(t).map_or(Instant::ZERO, |(at, _)| *at)
    }

    /// The last cut up to `t`.
    pub fn cut(&self, t: Instant) -> Option<Cut> {
        self.cuts[..self.cuts.partition_point(|cut| cut.at <= t)].last().copied()
    }
}

impl Log {
    /// The replicas known at `t`, in order of `node.id`.
    pub fn replicas(&self, t: Instant) -> impl Iterator<Item = &Replica> {
        self.replicas.iter().filter(move |replica| replica.since <= t)
    }

    /// The segments that there have been by `t`, dropped ones included, oldest first.
    pub fn segments(&self, t: Instant) -> Vec<Segment> {
        let known = &self.segments[..self.segments.partition_point(|(at, _)| *at <= t)];
        let (start, end) = (self.start(t), self.end(t));
        let next = known.iter().skip(1).map(|(_, base)| *base).chain([end]);
        let segment = |((since, base), end): (&(Instant, u64), u64)| Segment {
            base: *base,
            end,
            since: *since,
            dropped: end <= start,
        };
        known.iter().zip(next).map(segment).collect()
    }

    fn replica(&mut self, at: Instant, broker: u32) -> &mut Replica {
        let index = match self.replicas.binary_search_by_key(&broker, |r| r.broker) {
            Ok(index) => index,
            Err(index) => {
                let (end, cuts) = (Steps::default(), Vec::new());
                self.replicas.insert(index, Replica { broker, since: at, end, cuts });
                index
            }
        };
        &mut self.replicas[index]
    }

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

    /// Forgets what held before `begin`.
    fn forget(&mut self, begin: Instant) {
        self.leader.forget(begin);
        self.in_sync.forget(begin);
        self.high_watermark.forget(begin);
        self.start.forget(begin);
        self.committed.values_mut().for_each(|steps| steps.forget(begin));
        for replica in &mut self.replicas {
            replica.end.forget(begin);
            let cuts = replica.cuts.partition_point(|cut| cut.at <= begin);
            replica.cuts.drain(..cuts.saturating_sub(1));
        }
        // A leader that comes back may have records that the present one has not.
        let known = self.eras.partition_point(|(from, _)| *from <= begin).saturating_sub(1);
        let end = |cells: &[Cell]| cells.last().map_or(0, |cell| cell.offset + 1);
        let have = self.eras.get(known).map_or(0, |(_, cells)| end(cells));
        let mut place = 0;
        self.eras.retain(|(_, cells)| {
            place += 1;
            place > known || end(cells) > have
        });
        let start = self.start.value(begin);
        for (_, cells) in &mut self.eras {
            cells.drain(..cells.partition_point(|cell| cell.offset < start));
        }
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

    /// A replica that has the records up to `end` leads from now on: what only its predecessor had
    /// is gone from the partition, and what only it has is back.
    fn lead(&mut self, at: Instant, end: u64) {
        let Some((_, cells)) = self.eras.last() else { return };
        let have = cells.last().map_or(0, |cell| cell.offset + 1);
        let mut cells = match end.cmp(&have) {
            Ordering::Equal => return,
            Ordering::Less => cells[..cells.partition_point(|cell| cell.offset < end)].to_vec(),
            Ordering::Greater => cells.clone(),
        };
        let earlier = self.eras.iter().rev().find_map(|(_, era)| {
            era.last().is_some_and(|last| last.offset + 1 >= end).then_some(era)
        });
        let back = earlier.into_iter().flatten().filter(|cell| (have..end).contains(&cell.offset));
        cells.extend(back.cloned());
        self.eras.push((at, cells));
    }

    /// `node.id` of the leader; none before the first election, or while nobody leads.
    pub fn leader(&self, t: Instant) -> Option<u32> {
        self.leader.at(t).copied().flatten()
    }

    /// `node.id`s of the in-sync replicas.
    pub fn in_sync(&self, t: Instant) -> &[u32] {
        self.in_sync.at(t).map_or(&[], Vec::as_slice)
    }

    /// Whether a replica is in sync; all are until the controller says otherwise.
    pub fn is_in_sync(&self, broker: u32, t: Instant) -> bool {
        self.in_sync.at(t).is_none_or(|all| all.contains(&broker))
    }

    /// How many replicas are not in sync.
    pub fn out_of_sync(&self, t: Instant) -> u32 {
        let all = self.in_sync.at(t);
        all.map_or(0, |all| self.replication_factor.saturating_sub(all.len() as u32))
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
    index: SortedMap<TopicPartition, usize>,
}

impl Logs {
    pub(super) fn forget(&mut self, begin: Instant) {
        self.logs.iter_mut().for_each(|log| log.forget(begin));
    }

    /// Whether the `log`-th log still has this offset at `t`.
    pub(super) fn has(&self, log: usize, offset: u64, t: Instant) -> bool {
        self.logs.get(log).is_some_and(|log| offset >= log.start(t))
    }

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
                committed: SortedMap::new(),
                replication_factor: 1,
                replicas: Vec::new(),
                segments: Vec::new(),
            });
            self.logs.len() - 1
        });
        &mut self.logs[index]
    }

    /// Folds a fact of the broker with this `node.id`. Whether a layout must place something
    /// anew: a log, or a log's second segment.
    pub(super) fn fold(&mut self, at: Instant, broker: Option<u32>, fact: &KafkaFact) -> bool {
        let before = self.logs.len();
        let mut rolled = false;
        match fact {
            KafkaFact::TopicCreated { topic, partitions, replication_factor } => {
                for partition in 0..*partitions {
                    let log = self.log(at, &TopicPartition { topic: topic.clone(), partition });
                    log.replication_factor = *replication_factor;
                }
            }
            KafkaFact::PartitionsAdded { topic, partitions } => {
                let alike = self.logs.iter().find(|log| log.partition.topic == *topic);
                let factor = alike.map_or(1, |log| log.replication_factor);
                for partition in 0..*partitions {
                    let log = self.log(at, &TopicPartition { topic: topic.clone(), partition });
                    log.replication_factor = factor;
                }
            }
            KafkaFact::Appended { partition, offset, leader_epoch, segment, bytes, tag } => {
                let (offset, tag, bytes, segment) = (*offset, *tag, *bytes, *segment);
                let leader_epoch = *leader_epoch;
                let cell = Cell { offset, at, tag, leader_epoch, bytes, segment };
                let log = self.log(at, partition);
                if log.segments.last().is_none_or(|(_, base)| *base < segment) {
                    log.segments.push((at, segment));
                    rolled = log.segments.len() == 2;
                }
                if let Some(broker) = broker {
                    log.replica(at, broker).end.set(at, offset + 1);
                    // The controller tells of elections, not of who led from the start.
                    if log.leader.last().is_none() {
                        log.leader.set(at, Some(broker));
                    }
                }
                log.append(cell);
            }
            KafkaFact::Replicated { partition, end_offset, .. } => {
                if let Some(broker) = broker {
                    self.log(at, partition).replica(at, broker).end.set(at, *end_offset);
                }
            }
            KafkaFact::LogTruncated { partition, offset, .. } => {
                if let Some(broker) = broker {
                    let replica = self.log(at, partition).replica(at, broker);
                    let (from, to) = (*offset, replica.end.newest());
                    replica.end.set(at, from);
                    replica.cuts.push(Cut { at, from, to: to.max(from) });
                }
            }
            KafkaFact::LeaderElected { partition, leader, .. } => {
                let log = self.log(at, partition);
                log.leader.set(at, *leader);
                let replica = log.replicas.iter().find(|replica| Some(replica.broker) == *leader);
                if let Some(end) = replica.map(|replica| replica.end.newest()) {
                    log.lead(at, end);
                }
            }
            KafkaFact::LeadTaken { partition, start, high_watermark, end, .. } => {
                let log = self.log(at, partition);
                log.lead(at, *end);
                log.start.set(at, *start);
                log.high_watermark.set(at, *high_watermark);
            }
            KafkaFact::Placed { partition, replicas, leader, isr } => {
                let log = self.log(at, partition);
                for broker in replicas {
                    log.replica(at, *broker);
                }
                log.leader.set(at, *leader);
                log.in_sync.set(at, isr.clone());
            }
            KafkaFact::IsrChanged { partition, isr, .. } => {
                let log = self.log(at, partition);
                for broker in isr {
                    log.replica(at, *broker);
                }
                log.in_sync.set(at, isr.clone());
            }
            KafkaFact::HighWatermarkMoved { partition, offset } => {
                self.log(at, partition).high_watermark.set(at, *offset);
            }
            KafkaFact::LogStartMoved { partition, offset, .. } => {
                self.log(at, partition).start.set(at, *offset);
            }
            KafkaFact::Committed { group, partition, offset }
            | KafkaFact::BookmarkLoaded { group, partition, offset } => {
                let committed = &mut self.log(at, partition).committed;
                committed.entry(group.clone()).or_default().set(at, *offset);
            }
            _ => {}
        }
        rolled || self.logs.len() != before
    }
}
