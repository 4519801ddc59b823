//! Which partition a record goes to (`KafkaProducer#partition`, `BuiltInPartitioner`,
//! `RoundRobinPartitioner`; librdkafka's `rd_kafka_msg_partitioner_consistent_random`).

use super::config::Partitioner;
use crate::event::Name;
use crate::kafka::murmur2::{murmur2, to_positive};
use crate::kafka::record::Record;
use crate::sim::{Purpose, Rng, SortedMap};

/// What the partitioner sees of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// Whether its leader is known.
    pub(super) available: bool,
    /// Batches that wait; none while nothing was ever sent there.
    pub(super) queued: Option<u32>,
}

/// The choice, and the hash where a key made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) partition: u32,
    pub(super) murmur2: Option<i32>,
    /// Whether the sticky partitioner made it and wants to know what was appended.
    pub(super) sticky: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sticky {
    partition: u32,
    produced: u32,
}

/// State of the partitioners of one producer.
#[derive(Clone, Debug)]
pub(super) struct Chooser {
    kind: Partitioner,
    ignore_keys: bool,
    adaptive: bool,
    batch_size: u32,
    rng: Rng,
    sticky: SortedMap<Name, Sticky>,
    turns: SortedMap<Name, u32>,
}

impl Chooser {
    pub(super) fn new(config: &super::ProducerConfig, seed: u64) -> Self {
        Self {
            kind: config.partitioner,
            ignore_keys: config.partitioner_ignore_keys,
            adaptive: config.partitioner_adaptive,
            batch_size: config.batch_size,
            rng: Rng::new(seed, Purpose::Partitioner, 0),
            sticky: SortedMap::new(),
            turns: SortedMap::new(),
        }
    }

    /// Chooses among `loads`, one for each partition; the list is not empty.
    pub(super) fn choose(&mut self, topic: &Name, record: &Record, loads: &[Load]) -> Choice {
        let count = loads.len() as u32;
        let plain = |partition| Choice { partition, murmur2: None, sticky: false };
        let hashed = |key: &[u8]| {
            let hash = murmur2(key);
            Choice { partition: to_positive(hash) % count, murmur2: Some(hash), sticky: false }
        };
        let key = record.key.as_ref().map(crate::event::Payload::bytes);
        match self.kind {
            Partitioner::BuiltIn => match key {
                Some(key) if !self.ignore_keys => hashed(&key),
                _ => Choice { partition: self.sticky(topic, loads), murmur2: None, sticky: true },
            },
            Partitioner::RoundRobin => {
                let turn = self.turns.entry(topic.clone()).or_insert(0);
                let number = *turn & 0x7fff_ffff;
                *turn = turn.wrapping_add(1);
                let available = available(loads);
                plain(match available.len() as u32 {
                    0 => number % count,
                    n => available[(number % n) as usize],
                })
            }
            Partitioner::ConsistentRandom => match key {
                Some(key) if !key.is_empty() => plain(crc32(&key) % count),
                _ => plain(self.rng.below(u64::from(count)) as u32),
            },
            Partitioner::Murmur2Random => match key {
                Some(key) => hashed(&key),
                None => plain(self.rng.below(u64::from(count)) as u32),
            },
        }
    }

    fn sticky(&mut self, topic: &Name, loads: &[Load]) -> u32 {
        if let Some(sticky) = self.sticky.get(topic) {
            return sticky.partition;
        }
        let partition = self.next(loads);
        self.sticky.insert(topic.clone(), Sticky { partition, produced: 0 });
        partition
    }

    /// `BuiltInPartitioner#nextPartition`.
    fn next(&mut self, loads: &[Load]) -> u32 {
        if let Some(table) = self.frequencies(loads) {
            let total = table.last().map_or(0, |(_, sum)| *sum);
            return pick(&table, self.rng.below(u64::from(total)) as u32);
        }
        let available = available(loads);
        match available.len() as u64 {
            0 => self.rng.below(loads.len() as u64) as u32,
            n => available[self.rng.below(n) as usize],
        }
    }

    /// `#updatePartitionLoadStats`: short queues are chosen more often. None where all are
    /// alike, or where not every partition has a queue yet.
    fn frequencies(&self, loads: &[Load]) -> Option<Vec<(u32, u32)>> {
        if !self.adaptive || loads.len() < 2 {
            return None;
        }
        let queued: Vec<(u32, u32)> = (0..)
            .zip(loads)
            .filter(|(_, load)| load.available)
            .map(|(partition, load)| load.queued.map(|queued| (partition, queued)))
            .collect::<Option<_>>()?;
        if queued.is_empty() || loads.iter().any(|load| load.queued.is_none()) {
            return None;
        }
        let alike = queued.len() == loads.len() && queued.windows(2).all(|w| w[0].1 == w[1].1);
        (!alike).then(|| cumulative(&queued))
    }

    /// Bytes were appended to the sticky partition (`#updatePartitionInfo`). It is left after
    /// `batch.size` bytes, as soon as its last batch is full, and after twice as many in any
    /// case.
    pub(super) fn appended(&mut self, topic: &Name, bytes: u32, full: bool, loads: &[Load]) {
        let Some(sticky) = self.sticky.get_mut(topic) else { return };
        sticky.produced = sticky.produced.saturating_add(bytes);
        let produced = sticky.produced;
        if produced >= self.batch_size && full || produced >= self.batch_size.saturating_mul(2) {
            self.switch(topic, loads);
        }
    }

    /// Before an append: completes a switch that waited for a batch to be sent
    /// (`RecordAccumulator#partitionChanged`). Returns whether the partition may have changed.
    pub(super) fn complete_switch(&mut self, topic: &Name, full: bool, loads: &[Load]) -> bool {
        let due = self.sticky.get(topic).is_some_and(|s| s.produced >= self.batch_size && full);
        if due {
            self.switch(topic, loads);
        }
        due
    }

    fn switch(&mut self, topic: &Name, loads: &[Load]) {
        let partition = self.next(loads);
        self.sticky.insert(topic.clone(), Sticky { partition, produced: 0 });
    }
}

fn available(loads: &[Load]) -> Vec<u32> {
    (0..).zip(loads).filter(|(_, load)| load.available).map(|(index, _)| index).collect()
}

/// (partition, queue) -> (partition, cumulative frequency); the frequency of a queue is
/// `max + 1 - queue`.
fn cumulative(queued: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let max = queued.iter().map(|(_, queued)| *queued).max().unwrap_or(0);
    queued
        .iter()
        .scan(0, |sum, (partition, queued)| {
            *sum += max + 1 - queued;
            Some((*partition, *sum))
        })
        .collect()
}

fn pick(table: &[(u32, u32)], draw: u32) -> u32 {
    table.iter().find(|(_, sum)| *sum > draw).map_or(0, |(partition, _)| *partition)
}

/// CRC-32 (IEEE 802.3), as librdkafka's `rd_crc32`.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `BuiltInPartitioner`'s comment and `BuiltInPartitionerTest`: queues 0 3 1.
    #[test]
    fn short_queues_are_chosen_more_often() {
        let table = cumulative(&[(0, 0), (1, 3), (2, 1)]);
        assert_eq!(table, [(0, 4), (1, 5), (2, 8)]);
        let picked: Vec<u32> = (0..8).map(|draw| pick(&table, draw)).collect();
        assert_eq!(picked, [0, 0, 0, 0, 1, 2, 2, 2]);
    }

    /// librdkafka's `tests/0048-partitioner.c`.
    #[test]
    fn librdkafkas_hashes() {
        let long = "this is another string with more length to it perhaps";
        for (key, crc, murmur) in [
            ("23456", 0xb1b4_51d7, 0x058d_780f),
            (long, 0xb015_0df7, 0x4f77_03da),
            ("hejsan", 0xd077_037e, 0x5ec1_9395),
        ] {
            for (partitioner, hash) in
                [(Partitioner::ConsistentRandom, crc), (Partitioner::Murmur2Random, murmur)]
            {
                let config = super::super::ProducerConfig { partitioner, ..Default::default() };
                let record = Record::new(Some(key.into()), None, 0);
                let loads = [load(true); 17];
                let choice = Chooser::new(&config, 1).choose(&"t".into(), &record, &loads);
                assert_eq!(choice.partition, hash % 17, "{partitioner:?} {key}");
            }
        }
    }

    fn load(available: bool) -> Load {
        Load { available, queued: None }
    }

    /// `RoundRobinPartitioner`: all of three available, then without the second.
    #[test]
    fn round_robin_takes_turns_over_available_partitions() {
        let config = super::super::ProducerConfig {
            partitioner: Partitioner::RoundRobin,
            ..Default::default()
        };
        let keyed = Record::new(Some("key".into()), None, 0);
        for (loads, expected) in [
            ([load(true), load(true), load(true)], [0, 1, 2, 0]),
            ([load(true), load(false), load(true)], [0, 2, 0, 2]),
        ] {
            let mut chooser = Chooser::new(&config, 1);
            let chosen = [(); 4].map(|()| chooser.choose(&"t".into(), &keyed, &loads).partition);
            assert_eq!(chosen, expected);
        }
    }
}
