//! `Fetch`: reading, and waiting for something to read (`ReplicaManager#fetchMessages`,
//! `DelayedFetch`).

use super::purgatory::Parked;
use super::{Broker, Output};
use crate::event::{ConnectionId, KafkaFact, TopicPartition};
use crate::kafka::log::Log;
use crate::kafka::protocol::{
    EpochEndOffset, ErrorCode, FetchPartition, FetchRequest, FetchResponse, PartitionData,
    ReplicaState,
};
use crate::kafka::record::RecordBatch;
use crate::sim::{Instant, Span};

impl Broker {
    pub(super) fn handle_fetch(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: FetchRequest,
        out: &mut Vec<Output>,
    ) {
        let (response, bytes) = self.read(&request);
        self.note_progress(now, &request, &response, out);
        let settled = response
            .partitions
            .iter()
            .any(|data| data.error_code != ErrorCode::None || data.diverging_epoch.is_some());
        if request.max_wait_ms == 0
            || request.partitions.is_empty()
            || bytes >= request.min_bytes
            || settled
        {
            let response = response.into();
            out.push(Output::Respond { connection, correlation, response });
            return;
        }
        let deadline = now + Span::from_millis(u64::from(request.max_wait_ms));
        let min_bytes = request.min_bytes;
        if request.replica_state.is_none() && min_bytes > 1 {
            let held = KafkaFact::FetchHeld { connection, bytes, min_bytes, until: deadline };
            out.push(Output::Fact(held));
        }
        self.fetches.park(Parked {
            connection,
            correlation,
            deadline,
            partitions: request.partitions.iter().map(|p| p.partition.clone()).collect(),
            what: request,
        });
    }

    /// Reads every partition of a request in its order, within its limits.
    fn read(&self, request: &FetchRequest) -> (FetchResponse, u32) {
        let mut left = request.max_bytes.min(self.config.fetch_max_bytes);
        let mut total = 0_u32;
        let mut partitions = Vec::with_capacity(request.partitions.len());
        for wanted in &request.partitions {
            let max_bytes = wanted.partition_max_bytes.min(left);
            let data = self
                .read_partition(request.replica_state, wanted, max_bytes, total == 0)
                .unwrap_or_else(|error| self.unreadable(&wanted.partition, error));
            let bytes = data.records.iter().map(RecordBatch::size_in_bytes).sum();
            left = left.saturating_sub(bytes);
            total = total.saturating_add(bytes);
            partitions.push(data);
        }
        (FetchResponse { error_code: ErrorCode::None, partitions }, total)
    }

    fn read_partition(
        &self,
        follower: Option<ReplicaState>,
        wanted: &FetchPartition,
        max_bytes: u32,
        min_one_batch: bool,
    ) -> Result<PartitionData, ErrorCode> {
        let partition =
            self.partitions.get(&wanted.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        partition.check_leader(wanted.current_leader_epoch)?;
        if follower.is_some_and(|f| !partition.registration().replicas.contains(&f.replica_id)) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let log = partition.log();
        let diverging_epoch = diverges(log, wanted)?;
        let upper_bound =
            if follower.is_some() { log.log_end_offset() } else { log.high_watermark() };
        let records = match diverging_epoch {
            None => log.read(wanted.fetch_offset, max_bytes, upper_bound, min_one_batch)?.batches,
            Some(_) => Vec::new(),
        };
        Ok(PartitionData {
            partition: wanted.partition.clone(),
            error_code: ErrorCode::None,
            high_watermark: Some(log.high_watermark()),
            last_stable_offset: Some(log.high_watermark()),
            log_start_offset: Some(log.log_start_offset()),
            diverging_epoch,
            current_leader: None,
            records,
        })
    }

    fn unreadable(&self, key: &TopicPartition, error_code: ErrorCode) -> PartitionData {
        let current_leader =
            matches!(error_code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch)
                .then(|| self.partitions.get(key).map(super::Partition::current_leader))
                .flatten();
        PartitionData {
            partition: key.clone(),
            error_code,
            high_watermark: None,
            last_stable_offset: None,
            log_start_offset: None,
            diverging_epoch: None,
            current_leader,
            records: Vec::new(),
        }
    }

    /// A follower that could read at an offset has everything before it.
    fn note_progress(
        &mut self,
        now: Instant,
        request: &FetchRequest,
        response: &FetchResponse,
        out: &mut Vec<Output>,
    ) {
        let Some(follower) = request.replica_state else { return };
        for (wanted, data) in request.partitions.iter().zip(&response.partitions) {
            if data.error_code != ErrorCode::None || data.diverging_epoch.is_some() {
                continue;
            }
            let key = &wanted.partition;
            let offset = wanted.fetch_offset;
            let Some(partition) = self.partitions.get_mut(key) else { continue };
            if partition.follower_fetched(now, follower, offset).is_ok() {
                self.follower_progress(now, key, follower, out);
            }
        }
    }

    /// Whether enough has come for a waiting fetch (`DelayedFetch#tryComplete`).
    pub(super) fn fetch_is_satisfied(&self, id: u64) -> bool {
        let Some(parked) = self.fetches.get(id) else { return false };
        let request = &parked.what;
        let mut bytes = 0_u32;
        for wanted in &request.partitions {
            let Some(partition) = self.partitions.get(&wanted.partition) else { return true };
            if partition.check_leader(wanted.current_leader_epoch).is_err() {
                return true;
            }
            let log = partition.log();
            if wanted.fetch_offset < log.log_start_offset()
                || wanted.fetch_offset > log.log_end_offset()
            {
                return true;
            }
            let upper_bound = match request.replica_state {
                Some(_) => log.log_end_offset(),
                None => log.high_watermark(),
            };
            let available =
                log.available_bytes(wanted.fetch_offset, upper_bound, request.min_bytes);
            if available == u32::MAX {
                return true;
            }
            bytes = bytes.saturating_add(available.min(wanted.partition_max_bytes));
        }
        bytes >= request.min_bytes
    }

    pub(super) fn complete_fetch(&mut self, id: u64, out: &mut Vec<Output>) {
        let Some(parked) = self.fetches.take(id) else { return };
        let (response, _) = self.read(&parked.what);
        out.push(Output::Respond {
            connection: parked.connection,
            correlation: parked.correlation,
            response: response.into(),
        });
    }
}

/// Whether a reader's log parts from this one, and where (`Partition#readRecords`).
pub(super) fn diverges(
    log: &Log,
    wanted: &FetchPartition,
) -> Result<Option<EpochEndOffset>, ErrorCode> {
    let Some(epoch) = wanted.last_fetched_epoch else { return Ok(None) };
    let end = log.end_offset_for_epoch(epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
    if wanted.fetch_offset < log.log_start_offset() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    Ok((end.epoch < epoch || end.end_offset < wanted.fetch_offset).then_some(end))
}
