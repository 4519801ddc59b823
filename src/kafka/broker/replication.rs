//! Followers that fetch, and leaders that watch them (`AbstractFetcherThread`,
//! `ReplicaFetcherThread`, `Partition`).

use super::cluster::{Asked, Question};
use super::{Broker, Output, tell};
use crate::event::{KafkaFact, Tag, TopicPartition};
use crate::kafka::log::Log;
use crate::kafka::protocol::{
    BrokerId, EpochEndOffset, ErrorCode, FetchPartition, FetchRequest, FetchResponse,
    IsolationLevel, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, OffsetSpec,
    PartitionData, ReplicaState,
};
use crate::kafka::record::RecordBatch;
use crate::sim::{Instant, Span};

/// What a follower does after an answer.
enum Next {
    Fetch,
    Pause,
    AskForBounds,
}

impl Broker {
    /// Puts a partition under the leader it is to be fetched from.
    pub(super) fn follow(&mut self, key: &TopicPartition) {
        for followed in self.following.values_mut() {
            followed.remove(key);
        }
        self.following.retain(|_, followed| !followed.is_empty());
        let leader = self.partitions.get(key).and_then(super::Partition::followed);
        if let Some(leader) = leader {
            self.following.entry(leader).or_default().insert(key.clone());
        }
    }

    pub(super) fn next_resume(&self) -> Option<Instant> {
        let followed = self.following.values().flatten();
        followed.filter_map(|key| self.partitions.get(key)?.resume_at).min()
    }

    pub(super) fn pause_fetching(&mut self, now: Instant, key: &TopicPartition) {
        if let Some(partition) = self.partitions.get_mut(key) {
            let backoff = Span::from_millis(self.config.replica_fetch_backoff_ms);
            partition.resume_at = Some(now + backoff);
        }
    }

    /// Fetches from every leader from which nothing is under way.
    pub(super) fn resume_fetching(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.following.is_empty() {
            return;
        }
        // A pause that is over counts as over even while a fetch for others is under way.
        for partition in self.partitions.values_mut() {
            partition.resume_at = partition.resume_at.filter(|&at| at > now);
        }
        let leaders: Vec<BrokerId> = self.following.keys().copied().collect();
        for leader in leaders {
            let busy = |asked: &Asked| {
                asked.to == leader && matches!(asked.question, Question::ReplicaFetch(_))
            };
            if !self.asked.values().any(busy) {
                self.fetch_from(now, leader, out);
            }
        }
    }

    fn fetch_from(&mut self, now: Instant, leader: BrokerId, out: &mut Vec<Output>) {
        let Some(replica_epoch) = self.lifecycle.epoch() else { return };
        let bounds_awaited = |key: &TopicPartition| {
            self.asked
                .values()
                .any(|asked| matches!(&asked.question, Question::LeaderBounds(of, _) if of == key))
        };
        let mut wanted = Vec::new();
        let mut partitions = Vec::new();
        for key in self.following.get(&leader).into_iter().flatten() {
            let Some(partition) = self.partitions.get(key) else { continue };
            if partition.resume_at.is_some() || bounds_awaited(key) {
                continue;
            }
            let log = partition.log();
            let epoch = partition.registration().leader_epoch;
            wanted.push((key.clone(), epoch));
            partitions.push(FetchPartition {
                partition: key.clone(),
                current_leader_epoch: Some(epoch),
                fetch_offset: log.log_end_offset(),
                last_fetched_epoch: log.last_epoch(),
                log_start_offset: Some(log.log_start_offset()),
                partition_max_bytes: self.config.replica_fetch_max_bytes,
            });
        }
        if partitions.is_empty() {
            return;
        }
        let request = FetchRequest {
            replica_state: Some(ReplicaState { replica_id: self.id, replica_epoch }),
            max_wait_ms: self.config.replica_fetch_wait_max_ms,
            min_bytes: self.config.replica_fetch_min_bytes,
            max_bytes: self.config.replica_fetch_response_max_bytes,
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions,
        };
        self.ask(now, leader, Question::ReplicaFetch(wanted), request.into(), out);
    }

    /// What came back from a leader (`AbstractFetcherThread#processFetchRequest`).
    pub(super) fn replica_fetched(
        &mut self,
        now: Instant,
        wanted: &[(TopicPartition, u32)],
        response: FetchResponse,
        out: &mut Vec<Output>,
    ) {
        for data in response.partitions {
            let key = data.partition.clone();
            let Some(&(_, epoch)) = wanted.iter().find(|(of, _)| *of == key) else { continue };
            match self.take_over(now, epoch, data, out) {
                Next::Fetch => {}
                Next::Pause => self.pause_fetching(now, &key),
                Next::AskForBounds => self.ask_for_bounds(now, &key, epoch, out),
            }
        }
        self.resume_fetching(now, out);
    }

    fn take_over(
        &mut self,
        now: Instant,
        epoch: u32,
        data: PartitionData,
        out: &mut Vec<Output>,
    ) -> Next {
        let key = data.partition;
        let Some(partition) = self.partitions.get_mut(&key) else { return Next::Pause };
        if partition.registration().leader_epoch != epoch || partition.is_leader() {
            // An answer to a question about an epoch that is over.
            return Next::Fetch;
        }
        let log = partition.log_mut();
        match data.error_code {
            ErrorCode::None => {}
            ErrorCode::OffsetOutOfRange => return Next::AskForBounds,
            _ => return Next::Pause,
        }
        if let Some(diverging) = data.diverging_epoch {
            truncate(log, &key, truncation_offset(log, diverging), now, out);
            return Next::Fetch;
        }
        let now_ms = now.as_millis() as i64;
        let first = log.log_end_offset();
        for batch in data.records {
            // A batch of a newer leader than the one asked cannot be placed (KAFKA-18723).
            if batch.partition_leader_epoch().is_some_and(|of_batch| of_batch > epoch) {
                break;
            }
            if log.append_as_follower(batch, now_ms).is_err() {
                return Next::Pause;
            }
        }
        let end_offset = log.log_end_offset();
        if end_offset > first {
            let topic = key.topic.clone();
            let replicated = KafkaFact::Replicated { partition: key, offset: first, end_offset };
            tell(out, &topic, replicated);
        }
        let moved = data.high_watermark.is_some_and(|offset| log.update_high_watermark(offset));
        if let Some(start) = data.log_start_offset {
            // Never above its own high watermark, which the leader's records raise first.
            log.increment_log_start_offset(start.min(log.high_watermark()));
        }
        if moved {
            self.schedule_checkpoint(now);
        }
        Next::Fetch
    }

    /// The follower is outside the leader's log: where does that begin and end?
    fn ask_for_bounds(
        &mut self,
        now: Instant,
        key: &TopicPartition,
        epoch: u32,
        out: &mut Vec<Output>,
    ) {
        let Some(leader) = self.partitions.get(key).and_then(super::Partition::followed) else {
            return;
        };
        let question = |timestamp| ListOffsetsPartition {
            partition: key.clone(),
            current_leader_epoch: Some(epoch),
            timestamp,
        };
        let request = ListOffsetsRequest {
            replica_id: Some(self.id),
            isolation_level: IsolationLevel::ReadUncommitted,
            partitions: vec![question(OffsetSpec::Latest), question(OffsetSpec::Earliest)],
        };
        let asked = Question::LeaderBounds(key.clone(), epoch);
        self.ask(now, leader, asked, request.into(), out);
    }

    /// `AbstractFetcherThread#fetchOffsetAndApplyTruncateAndBuild`.
    pub(super) fn leader_bounds_arrived(
        &mut self,
        now: Instant,
        key: &TopicPartition,
        epoch: u32,
        response: &ListOffsetsResponse,
        out: &mut Vec<Output>,
    ) {
        let offsets: Vec<u64> = response.partitions.iter().filter_map(|p| p.offset).collect();
        let (Some(partition), &[latest, earliest]) = (self.partitions.get_mut(key), &offsets[..])
        else {
            return self.pause_fetching(now, key);
        };
        if partition.registration().leader_epoch == epoch && !partition.is_leader() {
            let log = partition.log_mut();
            if latest < log.log_end_offset() {
                truncate(log, key, latest, now, out);
            } else if earliest > log.log_end_offset() {
                log.truncate_fully_and_start_at(earliest, now.as_millis() as i64);
            }
        }
        self.resume_fetching(now, out);
    }

    /// Notes how far a follower has come; it may be in sync now.
    pub(super) fn follower_progress(
        &mut self,
        now: Instant,
        key: &TopicPartition,
        follower: ReplicaState,
        out: &mut Vec<Output>,
    ) {
        let image = self.image.clone();
        let Some(partition) = self.partitions.get(key) else { return };
        if let Some(isr) = partition.expanded_isr(follower.replica_id, &image) {
            self.propose(now, key, isr, out);
        }
        self.advance(now, key, out);
    }

    /// Looks for followers that lag (`ReplicaManager#maybeShrinkIsr`).
    pub(super) fn shrink_isrs(&mut self, now: Instant, out: &mut Vec<Output>) {
        let max_lag = self.max_lag();
        let lagging: Vec<(TopicPartition, Vec<BrokerId>)> = self
            .partitions
            .iter()
            .filter_map(|(key, partition)| Some((key.clone(), partition.shrunk_isr(now, max_lag)?)))
            .collect();
        for (key, isr) in lagging {
            self.propose(now, &key, isr, out);
            self.advance(now, &key, out);
        }
    }

    /// Something about a partition is different: perhaps the high watermark can move, and
    /// requests that waited go on.
    pub(super) fn advance(&mut self, now: Instant, key: &TopicPartition, out: &mut Vec<Output>) {
        self.raise_high_watermark(now, key, out);
        self.wake(key, out);
    }

    pub(super) fn raise_high_watermark(
        &mut self,
        now: Instant,
        key: &TopicPartition,
        out: &mut Vec<Output>,
    ) {
        let max_lag = self.max_lag();
        let Some(partition) = self.partitions.get_mut(key) else { return };
        if partition.maybe_increment_high_watermark(now, max_lag, &self.image) {
            let offset = partition.log().high_watermark();
            self.schedule_checkpoint(now);
            let partition = key.clone();
            tell(out, &key.topic, KafkaFact::HighWatermarkMoved { partition, offset });
        }
    }

    /// Looks again at the requests that wait for a partition.
    pub(super) fn wake(&mut self, key: &TopicPartition, out: &mut Vec<Output>) {
        for id in self.produces.watching(key) {
            self.try_complete_produce(id, out);
        }
        for id in self.commits.watching(key) {
            self.try_complete_commit(id, out);
        }
        for id in self.fetches.watching(key) {
            if self.fetch_is_satisfied(id) {
                self.complete_fetch(id, out);
            }
        }
    }
}

/// Where a follower's log parts from its leader's (`AbstractFetcherThread#getOffsetTruncationState`).
fn truncation_offset(log: &Log, leader: EpochEndOffset) -> u64 {
    let end = log.log_end_offset();
    match log.end_offset_for_epoch(leader.epoch) {
        Some(own) if own.epoch == leader.epoch => own.end_offset.min(leader.end_offset).min(end),
        // Another round will ask about the epoch before.
        Some(own) => own.end_offset.min(end),
        None => leader.end_offset.min(end),
    }
}

fn truncate(log: &mut Log, key: &TopicPartition, offset: u64, now: Instant, out: &mut Vec<Output>) {
    let lost: Vec<Tag> = log
        .segments()
        .flat_map(|segment| segment.batches_from(offset))
        .flat_map(RecordBatch::entries)
        .filter(|(at, _, _)| *at >= offset)
        .filter_map(|(_, _, tag)| tag)
        .collect();
    if log.truncate_to(offset, now.as_millis() as i64) {
        let partition = key.clone();
        tell(out, &key.topic, KafkaFact::LogTruncated { partition, offset, lost });
    }
}

#[cfg(test)]
mod tests {
    use super::super::fetch::diverges;
    use super::*;
    use crate::kafka::log::TopicConfig;
    use crate::kafka::record::{Compression, Record};

    /// A log with runs of records, each of one epoch.
    fn log(runs: &[(u32, usize)]) -> Log {
        let mut log = Log::new(TopicConfig::default(), 0, 0);
        for &(epoch, count) in runs {
            for _ in 0..count {
                let record = Record::new(None, Some("x".into()), 0);
                let batch = RecordBatch::new(&[record], Compression::None, None);
                let batch = batch.expect("a record");
                log.append_as_leader(batch, epoch, 0).expect("a small batch");
            }
        }
        log
    }

    fn fetch(follower: &Log) -> FetchPartition {
        FetchPartition {
            partition: TopicPartition { topic: "orders".into(), partition: 0 },
            current_leader_epoch: None,
            fetch_offset: follower.log_end_offset(),
            last_fetched_epoch: follower.last_epoch(),
            log_start_offset: Some(0),
            partition_max_bytes: 1 << 20,
        }
    }

    /// KIP-279's case of fast leader changes: the logs part before the epoch that the first
    /// answer names, so that it takes two rounds.
    #[test]
    fn truncation_goes_on_until_the_logs_agree() {
        let mut leader = log(&[(1, 5), (2, 10)]);
        leader.assign_epoch(4);
        let mut follower = log(&[(1, 10), (3, 10)]);
        let mut ends = Vec::new();
        while let Some(diverging) = diverges(&leader, &fetch(&follower)).expect("in range") {
            let offset = truncation_offset(&follower, diverging);
            follower.truncate_to(offset, 0);
            ends.push(((diverging.epoch, diverging.end_offset), offset));
        }
        assert_eq!(ends, [((2, 15), 10), ((1, 5), 5)]);
    }

    /// The old leader of epoch 0 has 0..=9, the new one took over at 7.
    #[test]
    fn what_only_the_old_leader_has_is_cut_off() {
        let leader = log(&[(0, 7), (1, 2)]);
        let follower = log(&[(0, 10)]);
        let diverging = diverges(&leader, &fetch(&follower)).expect("in range");
        let diverging = diverging.expect("the logs differ");
        assert_eq!((diverging.epoch, diverging.end_offset), (0, 7));
        assert_eq!(truncation_offset(&follower, diverging), 7);
    }
}
