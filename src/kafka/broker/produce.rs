//! `Produce`: appending as leader and waiting for the replicas (`ReplicaManager#appendRecords`,
//! `DelayedProduce`).

use super::purgatory::Parked;
use super::{Broker, Output};
use crate::event::{ConnectionId, KafkaFact, TopicPartition};
use crate::kafka::log::{AppendError, Appended};
use crate::kafka::protocol::{
    Acks, ErrorCode, InitProducerIdRequest, InitProducerIdResponse, PartitionProduceData,
    PartitionProduceResponse, ProduceRequest, ProduceResponse,
};
use crate::sim::{Instant, Span};

/// Ids that a broker takes at once from the controller (`ProducerIdsBlock`).
pub(super) const PRODUCER_ID_BLOCK: u64 = 1_000;

/// A produce request with `acks=all` that waits for the in-sync replicas.
#[derive(Clone, Debug)]
pub(super) struct AwaitReplicas {
    /// For each partition of the request its answer, and the offset the high watermark has to
    /// reach; none when it is settled.
    partitions: Vec<(PartitionProduceResponse, Option<u64>)>,
}

impl Broker {
    pub(super) fn handle_produce(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: ProduceRequest,
        out: &mut Vec<Output>,
    ) {
        let ProduceRequest { acks, timeout_ms, partitions, .. } = request;
        let mut answers = Vec::with_capacity(partitions.len());
        let mut grown = Vec::new();
        let mut dropped = false;
        for data in partitions {
            let key = data.partition.clone();
            let unanswered = (acks == Acks::None).then(|| data.records.clone());
            let (answer, required) = match self.append(now, acks, data, out) {
                Ok((appended, log_start_offset)) => {
                    if appended.is_new {
                        grown.push(key.clone());
                    }
                    let required = (acks == Acks::All).then_some(appended.last_offset + 1);
                    (success(key, &appended, log_start_offset), required)
                }
                Err(error) => {
                    if let Some(records) = unanswered {
                        out.push(Output::Fact(KafkaFact::ProduceDropped {
                            partition: key.clone(),
                            error: error.code.name().into(),
                            tags: records.tags().collect(),
                        }));
                        dropped = true;
                    }
                    (self.failure(key, error), None)
                }
            };
            answers.push((answer, required));
        }
        // The log grows, the answer goes out, then others are looked at (`ActionQueue`).
        for key in &grown {
            self.raise_high_watermark(now, key, out);
        }
        if acks == Acks::All {
            let parked = Parked {
                connection,
                correlation,
                deadline: now + Span::from_millis(u64::from(timeout_ms)),
                partitions: answers
                    .iter()
                    .filter(|(_, required)| required.is_some())
                    .map(|(answer, _)| answer.partition.clone())
                    .collect(),
                what: AwaitReplicas { partitions: answers },
            };
            let id = self.produces.park(parked);
            self.try_complete_produce(id, out);
        } else if acks == Acks::Leader {
            let partitions = answers.into_iter().map(|(answer, _)| answer).collect();
            let response = ProduceResponse { partitions }.into();
            out.push(Output::Respond { connection, correlation, response });
        }
        for key in grown {
            self.wake(&key, out);
        }
        if dropped {
            // `KafkaApis#handleProduceRequest`: the client notices by this, and asks who leads.
            out.push(Output::Close { connection });
        }
    }

    fn append(
        &mut self,
        now: Instant,
        acks: Acks,
        data: PartitionProduceData,
        out: &mut Vec<Output>,
    ) -> Result<(Appended, u64), AppendError> {
        let key = data.partition;
        let Some(partition) = self.partitions.get_mut(&key) else {
            return Err(ErrorCode::UnknownTopicOrPartition.into());
        };
        partition.check_leader(None)?;
        let registration = partition.registration();
        let leader_epoch = registration.leader_epoch;
        if acks == Acks::All && partition.is_under_min_isr() {
            return Err(ErrorCode::NotEnoughReplicas.into());
        }
        let entries = data.records.clone();
        let log = partition.log_mut();
        let before = log.segments().next_back().map(crate::kafka::log::Segment::base_offset);
        let appended = log.append_as_leader(data.records, leader_epoch, now.as_millis() as i64)?;
        if appended.is_new && before.is_some_and(|before| before != appended.segment) {
            let closed = log.segments().rev().nth(1).map(crate::kafka::log::Segment::summary);
            if let Some(closed) = closed {
                out.push(Output::Fact(KafkaFact::SegmentRolled {
                    partition: key.clone(),
                    base_offset: appended.segment,
                    closed,
                }));
            }
        }
        if appended.is_new {
            for ((_, bytes, tag), offset) in entries.entries().zip(appended.first_offset..) {
                out.push(Output::Fact(KafkaFact::Appended {
                    partition: key.clone(),
                    offset,
                    leader_epoch,
                    segment: appended.segment,
                    bytes,
                    tag,
                }));
            }
        }
        Ok((appended, log.log_start_offset()))
    }

    fn failure(&self, key: TopicPartition, error: AppendError) -> PartitionProduceResponse {
        let current_leader =
            matches!(error.code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch)
                .then(|| self.partitions.get(&key).map(super::Partition::current_leader))
                .flatten();
        PartitionProduceResponse {
            partition: key,
            error_code: error.code,
            base_offset: None,
            log_append_time: None,
            log_start_offset: None,
            record_errors: error.records,
            current_leader,
        }
    }

    /// Answers a waiting produce request when all its partitions are settled
    /// (`DelayedProduce#tryComplete`, `Partition#checkEnoughReplicasReachOffset`).
    pub(super) fn try_complete_produce(&mut self, id: u64, out: &mut Vec<Output>) {
        let Some(parked) = self.produces.get_mut(id) else { return };
        for (answer, required) in &mut parked.what.partitions {
            let Some(offset) = *required else { continue };
            let verdict = match self.partitions.get(&answer.partition) {
                None => Some(ErrorCode::UnknownTopicOrPartition),
                Some(partition) => partition.settled(offset),
            };
            if let Some(error_code) = verdict {
                answer.error_code = error_code;
                *required = None;
            }
        }
        if parked.what.partitions.iter().all(|(_, required)| required.is_none()) {
            self.answer_produce(id, out);
        }
    }

    /// Answers what is still open with [`ErrorCode::RequestTimedOut`].
    pub(super) fn expire_produce(&mut self, id: u64, out: &mut Vec<Output>) {
        let Some(parked) = self.produces.get_mut(id) else { return };
        for (answer, required) in &mut parked.what.partitions {
            if required.take().is_some() {
                answer.error_code = ErrorCode::RequestTimedOut;
            }
        }
        self.answer_produce(id, out);
    }

    fn answer_produce(&mut self, id: u64, out: &mut Vec<Output>) {
        let Some(parked) = self.produces.take(id) else { return };
        let partitions = parked.what.partitions.into_iter().map(|(answer, _)| answer).collect();
        out.push(Output::Respond {
            connection: parked.connection,
            correlation: parked.correlation,
            response: ProduceResponse { partitions }.into(),
        });
    }

    pub(super) fn init_producer_id(
        &mut self,
        request: &InitProducerIdRequest,
    ) -> InitProducerIdResponse {
        if request.transactional_id.is_some() {
            let error_code = ErrorCode::UnsupportedVersion;
            return InitProducerIdResponse { error_code, ..Default::default() };
        }
        let count = self.next_producer_id;
        self.next_producer_id += 1;
        // Each broker has its own blocks; a thousand brokers can take their turns.
        let block = count / PRODUCER_ID_BLOCK * 1_000 + u64::from(self.id.0);
        let producer_id = block * PRODUCER_ID_BLOCK + count % PRODUCER_ID_BLOCK;
        InitProducerIdResponse { error_code: ErrorCode::None, producer_id, producer_epoch: 0 }
    }
}

fn success(
    partition: TopicPartition,
    appended: &Appended,
    log_start_offset: u64,
) -> PartitionProduceResponse {
    PartitionProduceResponse {
        partition,
        error_code: ErrorCode::None,
        base_offset: Some(appended.first_offset),
        log_append_time: appended.log_append_time,
        log_start_offset: Some(log_start_offset),
        record_errors: Vec::new(),
        current_leader: None,
    }
}
