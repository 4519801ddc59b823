//! `ListOffsets`, `OffsetForLeaderEpoch`, `DeleteRecords`.

use super::{Broker, Output};
use crate::event::KafkaFact;
use crate::kafka::protocol::{
    DeleteRecordsRequest, DeleteRecordsResponse, ErrorCode, ListOffsetsPartition,
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetForLeaderPartitionResponse,
    OffsetSpec,
};

impl Broker {
    pub(super) fn list_offsets(&self, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let answer = |question: ListOffsetsPartition| {
            let found = self.find_offset(&question, request.replica_id.is_some());
            let (error_code, found) = match found {
                Ok(found) => (ErrorCode::None, found),
                Err(error) => (error, None),
            };
            ListOffsetsPartitionResponse {
                error_code,
                offset: found.map(|(offset, _)| offset),
                timestamp: found.and_then(|(_, timestamp)| timestamp),
                leader_epoch: found.and_then(|(offset, _)| {
                    self.partitions
                        .get(&question.partition)?
                        .log()
                        .epochs()
                        .epoch_for_offset(offset)
                }),
                partition: question.partition,
            }
        };
        ListOffsetsResponse { partitions: request.partitions.into_iter().map(answer).collect() }
    }

    fn find_offset(
        &self,
        question: &ListOffsetsPartition,
        by_replica: bool,
    ) -> Result<Option<(u64, Option<i64>)>, ErrorCode> {
        let partition =
            self.partitions.get(&question.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        partition.check_leader(question.current_leader_epoch)?;
        let log = partition.log();
        let end = if by_replica { log.log_end_offset() } else { log.high_watermark() };
        let stale = !by_replica && partition.is_watermark_stale();
        let visible = |found: Option<(u64, i64)>| match found {
            // It may well be committed; only this new leader cannot tell yet.
            Some((offset, _)) if stale && offset >= end => Err(ErrorCode::OffsetNotAvailable),
            found => Ok(found
                .filter(|&(offset, _)| offset < end)
                .map(|(offset, time)| (offset, Some(time)))),
        };
        Ok(match question.timestamp {
            OffsetSpec::Earliest => Some((log.log_start_offset(), None)),
            OffsetSpec::Latest if stale => return Err(ErrorCode::OffsetNotAvailable),
            OffsetSpec::Latest => Some((end, None)),
            OffsetSpec::MaxTimestamp => visible(log.offset_for_max_timestamp())?,
            OffsetSpec::At(timestamp) => visible(log.offset_for_timestamp(timestamp))?,
        })
    }

    pub(super) fn offsets_for_epochs(
        &self,
        request: OffsetForLeaderEpochRequest,
    ) -> OffsetForLeaderEpochResponse {
        let partitions = request
            .partitions
            .into_iter()
            .map(|question| {
                let end = self
                    .partitions
                    .get(&question.partition)
                    .ok_or(ErrorCode::UnknownTopicOrPartition)
                    .and_then(|partition| {
                        partition.check_leader(question.current_leader_epoch)?;
                        Ok(partition.log().end_offset_for_epoch(question.leader_epoch))
                    });
                OffsetForLeaderPartitionResponse {
                    partition: question.partition,
                    error_code: end.err().unwrap_or_default(),
                    end: end.ok().flatten(),
                }
            })
            .collect();
        OffsetForLeaderEpochResponse { partitions }
    }

    pub(super) fn delete_records(
        &mut self,
        request: DeleteRecordsRequest,
        out: &mut Vec<Output>,
    ) -> DeleteRecordsResponse {
        let mut partitions = Vec::with_capacity(request.partitions.len());
        for (key, offset) in request.partitions {
            let done = match self.partitions.get_mut(&key) {
                None => Err(ErrorCode::UnknownTopicOrPartition),
                Some(partition) => partition.check_leader(None).and_then(|()| {
                    let before = partition.log().log_start_offset();
                    let start = partition.log_mut().delete_records(offset)?;
                    if start > before {
                        out.push(Output::Fact(KafkaFact::LogStartMoved {
                            partition: key.clone(),
                            offset: start,
                            reason: "client delete records request".into(),
                        }));
                    }
                    Ok(start)
                }),
            };
            partitions.push((key, done.err().unwrap_or_default(), done.ok()));
        }
        DeleteRecordsResponse { partitions }
    }
}
