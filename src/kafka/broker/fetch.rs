//! `Fetch`: reading, and waiting for something to read (`ReplicaManager#fetchMessages`,
//! `DelayedFetch`).

use super::purgatory::Parked;
use super::{Broker, Output};
use crate::event::{ConnectionId, TopicPartition};
use crate::kafka::protocol::{
    ErrorCode, FetchPartition, FetchRequest, FetchResponse, PartitionData,
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
        self.fetches.park(Parked {
            connection,
            correlation,
            deadline: now + Span::from_millis(u64::from(request.max_wait_ms)),
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
                .read_partition(wanted, max_bytes, total == 0)
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
        wanted: &FetchPartition,
        max_bytes: u32,
        min_one_batch: bool,
    ) -> Result<PartitionData, ErrorCode> {
        let partition =
            self.partitions.get(&wanted.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        partition.check_leader(wanted.current_leader_epoch)?;
        let log = partition.log();
        let read = log.read(wanted.fetch_offset, max_bytes, log.high_watermark(), min_one_batch)?;
        Ok(PartitionData {
            partition: wanted.partition.clone(),
            error_code: ErrorCode::None,
            high_watermark: Some(log.high_watermark()),
            last_stable_offset: Some(log.high_watermark()),
            log_start_offset: Some(log.log_start_offset()),
            diverging_epoch: None,
            current_leader: None,
            records: read.batches,
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

    /// A partition has something new: requests that waited for it may go on.
    pub(super) fn log_grew(&mut self, key: &TopicPartition, out: &mut Vec<Output>) {
        for id in self.produces.watching(key) {
            self.try_complete_produce(id, out);
        }
        for id in self.fetches.watching(key) {
            if self.fetch_is_satisfied(id) {
                self.complete_fetch(id, out);
            }
        }
    }

    /// Whether enough has come for a waiting fetch (`DelayedFetch#tryComplete`).
    fn fetch_is_satisfied(&self, id: u64) -> bool {
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
            let available =
                log.available_bytes(wanted.fetch_offset, log.high_watermark(), request.min_bytes);
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
