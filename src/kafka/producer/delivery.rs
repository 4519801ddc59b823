//! What becomes of batches: written, sent again, or given up (`Sender#completeBatch`,
//! `#canRetry`, `#failBatch`).

use super::accumulator::Batch;
use super::sender::Producer;
use super::sequences::increment;
use crate::event::{KafkaFact, Payload, TopicPartition};
use crate::kafka::client::{ClientOutput, UNKNOWN_OFFSET};
use crate::kafka::protocol::{ErrorCode, PartitionProduceResponse};
use crate::sim::Instant;

impl Producer {
    /// The answer for one batch came.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        id: u64,
        answer: &PartitionProduceResponse,
        out: &mut Vec<ClientOutput>,
    ) {
        if let Some(leader) = answer.current_leader {
            let (id, epoch) = (leader.leader_id, leader.leader_epoch);
            self.network.metadata.learn_leader(&answer.partition, id, epoch);
        }
        match answer.error_code {
            ErrorCode::None | ErrorCode::DuplicateSequenceNumber => {
                let Some(batch) = self.sent.remove(&id) else { return };
                let offset = answer.base_offset.unwrap_or(UNKNOWN_OFFSET);
                self.complete(batch, offset, out);
            }
            error => self.failed(now, id, error, out),
        }
    }

    /// A batch was written, its first record at `base_offset`.
    pub(super) fn complete(&mut self, batch: Batch, base_offset: u64, out: &mut Vec<ClientOutput>) {
        self.accumulator.release(&batch);
        if let Some(stamp) = batch.stamp {
            self.sequences.acked(&batch.partition, stamp, batch.records.len() as u32);
        }
        for (number, index) in batch.numbers.into_iter().zip(0..) {
            let offset = match base_offset {
                UNKNOWN_OFFSET => UNKNOWN_OFFSET,
                base => base + index,
            };
            let result = Ok((batch.partition.clone(), offset));
            out.push(ClientOutput::Completed { record: number, result });
        }
    }

    /// An attempt failed.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        id: u64,
        error: ErrorCode,
        out: &mut Vec<ClientOutput>,
    ) {
        let Some(mut batch) = self.sent.remove(&id) else { return };
        if error.refreshes_metadata() {
            self.network.metadata.request_update();
        }
        if error == ErrorCode::MessageTooLarge && batch.records.len() > 1 {
            // Smaller batches are sent, and no retry is counted.
            self.accumulator.split(batch, now);
            return;
        }
        if self.can_retry(&batch, error, now) {
            if let (ErrorCode::OutOfOrderSequenceNumber, Some(stamp)) = (error, batch.stamp) {
                self.sequences.out_of_order(&batch.partition, stamp);
            } else if error == ErrorCode::UnknownProducerId {
                self.sequences.request_bump(&batch.partition);
            }
            batch.attempts += 1;
            batch.last_attempt = now;
            batch.not_before = now + self.backoff.after(batch.attempts);
            out.push(ClientOutput::Fact(KafkaFact::ProduceRetried {
                partition: batch.partition.clone(),
                error: error.name().into(),
                attempts: batch.attempts,
                tags: batch
                    .records
                    .iter()
                    .filter_map(|r| r.value.as_ref())
                    .filter_map(Payload::tag)
                    .collect(),
            }));
            self.accumulator.put_back(batch);
            return;
        }
        // The sequences after a batch that is given up would be refused for ever.
        if batch.stamp.is_some() && batch.attempts < self.config.retries {
            self.sequences.request_bump(&batch.partition);
        }
        self.give_up(batch, error, out);
    }

    fn can_retry(&self, batch: &Batch, error: ErrorCode, now: Instant) -> bool {
        let sequence_error =
            matches!(error, ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId);
        batch.attempts < self.config.retries
            && !batch.is_expired(now, self.config.delivery_timeout)
            && (error.is_retriable() || self.sequences.enabled && sequence_error)
    }

    /// A batch ran out of `delivery.timeout.ms`.
    pub(super) fn expired(&mut self, batch: Batch, out: &mut Vec<ClientOutput>) {
        if let (Some(stamp), true) = (batch.stamp, batch.attempts > 0) {
            let after = increment(stamp.base_sequence, batch.records.len() as u32);
            self.sequences.mark_unresolved(&batch.partition, after);
        }
        self.give_up(batch, ErrorCode::RequestTimedOut, out);
    }

    fn give_up(&mut self, batch: Batch, error: ErrorCode, out: &mut Vec<ClientOutput>) {
        self.accumulator.release(&batch);
        let failed = |record| {
            let result: Result<(TopicPartition, u64), _> = Err(error);
            ClientOutput::Completed { record, result }
        };
        out.extend(batch.numbers.into_iter().map(failed));
    }
}
