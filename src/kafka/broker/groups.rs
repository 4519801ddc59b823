//! Groups on this broker: which of them it coordinates, and their offsets in
//! `__consumer_offsets` (`GroupCoordinatorService`, `GroupCoordinatorRecordHelpers`,
//! `CoordinatorLoaderImpl`).
//!
//! Simplifications: of a group only its committed offsets are in the log, not its members, so
//! after the coordinator moved they join anew where Kafka's go on with their generation; a commit
//! that still waits for its replicas can be read already, because the coordinator keeps one state
//! and not one for each record; a broker that is its own controller has the topic as soon as the
//! first client asks, who would have to ask once more.

use super::cluster::Question;
use super::purgatory::Parked;
use super::{Broker, Output};
use crate::event::{ConnectionId, KafkaFact, Name, Payload, TopicPartition};
use crate::kafka::group::{CommittedOffset, coordinator_partition};
use crate::kafka::protocol::{
    CreatableTopic, CreateTopicsRequest, ErrorCode, FindCoordinatorRequest,
    FindCoordinatorResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse,
    OffsetCommitPartition, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchResponse, Request,
    Response, SyncGroupResponse,
};
use crate::kafka::record::{Compression, Record, RecordBatch};
use crate::sim::{Instant, SortedMap, Span};

/// The topic that committed offsets are records of (`Topic.GROUP_METADATA_TOPIC_NAME`).
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// `offsets.commit.timeout.ms`.
const COMMIT_TIMEOUT: Span = Span::from_secs(5);
/// Versions of `OffsetCommitKey` and `OffsetCommitValue`.
const KEY_VERSION: i16 = 1;
const VALUE_VERSION: i16 = 3;

/// A commit whose records wait for their replicas.
#[derive(Clone, Debug)]
pub(super) struct AwaitCommit {
    response: OffsetCommitResponse,
    /// The offset the high watermark has to reach.
    required: u64,
}

impl Broker {
    /// The partition of `__consumer_offsets` a group lives in; none before the topic exists.
    fn offsets_partition(&self, group: &str) -> Option<TopicPartition> {
        let topic = self.image.topics.get(OFFSETS_TOPIC)?;
        let partition = coordinator_partition(group, topic.partitions.len() as u32);
        Some(TopicPartition { topic: OFFSETS_TOPIC.into(), partition })
    }

    pub(super) fn find_coordinator(
        &mut self,
        now: Instant,
        request: FindCoordinatorRequest,
        out: &mut Vec<Output>,
    ) -> FindCoordinatorResponse {
        if !self.image.topics.contains_key(OFFSETS_TOPIC) {
            self.create_offsets_topic(now, out);
        }
        let coordinators = request
            .coordinator_keys
            .into_iter()
            .map(|key| {
                let leader = self
                    .offsets_partition(&key)
                    .and_then(|partition| self.image.partition(&partition)?.leader)
                    .filter(|&leader| self.image.is_active(leader));
                let error_code = match leader {
                    Some(_) => ErrorCode::None,
                    None => ErrorCode::CoordinatorNotAvailable,
                };
                crate::kafka::protocol::Coordinator { key, node_id: leader, error_code }
            })
            .collect();
        FindCoordinatorResponse { coordinators }
    }

    /// `AutoTopicCreationManager`: with as many replicas as configured, but no more than there
    /// are brokers (where Kafka would refuse; its quick-start configures 1).
    fn create_offsets_topic(&mut self, now: Instant, out: &mut Vec<Output>) {
        let alive = self.alive().len() as u32;
        let factor = self.config.offsets_topic_replication_factor.min(alive).max(1);
        let topic = CreatableTopic {
            name: OFFSETS_TOPIC.into(),
            num_partitions: Some(self.config.offsets_topic_partitions as i32),
            replication_factor: Some(factor as i16),
            assignments: Vec::new(),
            configs: vec![
                ("cleanup.policy".into(), "compact".into()),
                ("segment.bytes".into(), "104857600".into()),
            ],
        };
        let request = CreateTopicsRequest { topics: vec![topic] };
        self.ask_controller(now, Question::CreateTopic, request.into(), out);
    }

    /// A request of the group protocol: this broker's business only if it leads the group's
    /// partition.
    pub(super) fn handle_group(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        correlation: u32,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let Some(group) = group_of(&request) else { return };
        let home = self.offsets_partition(group);
        let led =
            home.filter(|home| self.partitions.get(home).is_some_and(super::Partition::is_leader));
        match (led, request) {
            (Some(home), Request::OffsetCommit(request)) => {
                self.commit(now, (connection, correlation), &home, request, out);
            }
            (Some(_), request) => self.groups.handle(now, connection, correlation, request, out),
            (None, request) => {
                if let Some(response) = refused(&request, ErrorCode::NotCoordinator) {
                    out.push(Output::Respond { connection, correlation, response });
                }
            }
        }
    }

    fn commit(
        &mut self,
        now: Instant,
        (connection, correlation): (ConnectionId, u32),
        home: &TopicPartition,
        request: OffsetCommitRequest,
        out: &mut Vec<Output>,
    ) {
        let mut effects = Vec::new();
        let asked = request.clone();
        self.groups.handle(now, connection, correlation, request.into(), &mut effects);
        for effect in effects {
            let Output::Respond { response: Response::OffsetCommit(response), .. } = effect else {
                out.push(effect);
                continue;
            };
            let stored = response.partitions.iter().filter(|(_, error)| *error == ErrorCode::None);
            let records: Vec<Record> = stored
                .filter_map(|(partition, _)| {
                    asked.partitions.iter().find(|p| p.partition == *partition)
                })
                .map(|committed| offset_record(now, &asked.group_id, committed))
                .collect();
            let Some(required) = self.append_own(now, home, &records) else {
                let response = response.into();
                out.push(Output::Respond { connection, correlation, response });
                continue;
            };
            let id = self.commits.park(Parked {
                connection,
                correlation,
                deadline: now + COMMIT_TIMEOUT,
                partitions: vec![home.clone()],
                what: AwaitCommit { response, required },
            });
            self.raise_high_watermark(now, home, out);
            self.try_complete_commit(id, out);
            self.wake(home, out);
        }
    }

    /// Appends records of this broker's own; returns the log end offset. None when there was
    /// nothing to append or the log refused it.
    fn append_own(
        &mut self,
        now: Instant,
        home: &TopicPartition,
        records: &[Record],
    ) -> Option<u64> {
        let batch = RecordBatch::new(records, Compression::None, None)?;
        let partition = self.partitions.get_mut(home)?;
        let epoch = partition.registration().leader_epoch;
        let log = partition.log_mut();
        log.append_as_leader(batch, epoch, now.as_millis() as i64).ok()?;
        Some(log.log_end_offset())
    }

    pub(super) fn try_complete_commit(&mut self, id: u64, out: &mut Vec<Output>) {
        let Some(parked) = self.commits.get(id) else { return };
        let settled = parked
            .partitions
            .iter()
            .map(|home| match self.partitions.get(home) {
                Some(partition) => partition.settled(parked.what.required),
                None => Some(ErrorCode::NotCoordinator),
            })
            .next();
        match settled.flatten() {
            None => {}
            Some(ErrorCode::NotLeaderOrFollower) => {
                self.answer_commit(id, ErrorCode::NotCoordinator, out);
            }
            Some(ErrorCode::NotEnoughReplicasAfterAppend) => {
                self.answer_commit(id, ErrorCode::CoordinatorNotAvailable, out);
            }
            Some(error) => self.answer_commit(id, error, out),
        }
    }

    /// The replicas took too long.
    pub(super) fn expire_commit(&mut self, id: u64, out: &mut Vec<Output>) {
        self.answer_commit(id, ErrorCode::CoordinatorNotAvailable, out);
    }

    fn answer_commit(&mut self, id: u64, error: ErrorCode, out: &mut Vec<Output>) {
        let Some(parked) = self.commits.take(id) else { return };
        let mut response = parked.what.response;
        for (_, code) in &mut response.partitions {
            if *code == ErrorCode::None {
                *code = error;
            }
        }
        out.push(Output::Respond {
            connection: parked.connection,
            correlation: parked.correlation,
            response: response.into(),
        });
    }

    /// This broker leads other partitions than before: it takes up their groups from the log,
    /// or lets them go.
    pub(super) fn coordinate(
        &mut self,
        now: Instant,
        home: &TopicPartition,
        out: &mut Vec<Output>,
    ) {
        if &*home.topic != OFFSETS_TOPIC {
            return;
        }
        let count = self.image.topics.get(OFFSETS_TOPIC).map_or(0, |t| t.partitions.len()) as u32;
        let index = home.partition;
        self.groups.resign(|group| coordinator_partition(group, count) == index, out);
        let Some(partition) = self.partitions.get(home).filter(|p| p.is_leader()) else { return };
        let mut latest = SortedMap::new();
        let batches = partition.log().segments().flat_map(crate::kafka::log::Segment::batches);
        for (_, record) in batches.flat_map(RecordBatch::records) {
            if let Some((key, committed)) = decode(&record) {
                latest.insert(key, committed);
            }
        }
        for ((group, partition), committed) in latest {
            let offset = committed.offset;
            self.groups.load(now, &group, partition.clone(), committed);
            out.push(Output::Fact(KafkaFact::BookmarkLoaded { group, partition, offset }));
        }
    }
}

fn group_of(request: &Request) -> Option<&Name> {
    Some(match request {
        Request::JoinGroup(request) => &request.group_id,
        Request::SyncGroup(request) => &request.group_id,
        Request::Heartbeat(request) => &request.group_id,
        Request::LeaveGroup(request) => &request.group_id,
        Request::OffsetCommit(request) => &request.group_id,
        Request::OffsetFetch(request) => &request.group_id,
        _ => return None,
    })
}

/// The answer that carries nothing but an error.
fn refused(request: &Request, error_code: ErrorCode) -> Option<Response> {
    Some(match request {
        Request::JoinGroup(_) => {
            JoinGroupResponse { error_code, ..JoinGroupResponse::default() }.into()
        }
        Request::SyncGroup(_) => {
            SyncGroupResponse { error_code, ..SyncGroupResponse::default() }.into()
        }
        Request::Heartbeat(_) => HeartbeatResponse { error_code }.into(),
        Request::LeaveGroup(_) => {
            LeaveGroupResponse { error_code, ..LeaveGroupResponse::default() }.into()
        }
        Request::OffsetCommit(request) => {
            let refuse = |p: &OffsetCommitPartition| (p.partition.clone(), error_code);
            OffsetCommitResponse { partitions: request.partitions.iter().map(refuse).collect() }
                .into()
        }
        Request::OffsetFetch(_) => {
            OffsetFetchResponse { error_code, ..OffsetFetchResponse::default() }.into()
        }
        _ => return None,
    })
}

/// `GroupCoordinatorRecordHelpers#newOffsetCommitRecord`.
fn offset_record(now: Instant, group: &Name, committed: &OffsetCommitPartition) -> Record {
    let now_ms = now.as_millis() as i64;
    let mut key = Vec::new();
    key.extend(KEY_VERSION.to_be_bytes());
    put_string(&mut key, group);
    put_string(&mut key, &committed.partition.topic);
    key.extend(committed.partition.partition.to_be_bytes());
    let mut value = Vec::new();
    value.extend(VALUE_VERSION.to_be_bytes());
    value.extend(committed.committed_offset.to_be_bytes());
    // -1 stands for "none".
    value.extend(committed.committed_leader_epoch.unwrap_or(u32::MAX).to_be_bytes());
    put_string(&mut value, committed.committed_metadata.as_deref().unwrap_or_default());
    value.extend(now_ms.to_be_bytes());
    Record::new(Some(Payload::from(key)), Some(Payload::from(value)), now_ms)
}

fn put_string(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as i16).to_be_bytes());
    bytes.extend(text.as_bytes());
}

type Bookmark = ((Name, TopicPartition), CommittedOffset);

/// What [`offset_record`] wrote; none for anything else.
fn decode(record: &Record) -> Option<Bookmark> {
    let key = record.key.as_ref()?.bytes();
    let value = record.value.as_ref()?.bytes();
    let mut key = Reader(&key);
    let mut value = Reader(&value);
    if i16::from_be_bytes(key.take()?) != KEY_VERSION
        || i16::from_be_bytes(value.take()?) != VALUE_VERSION
    {
        return None;
    }
    let group = key.string()?;
    let partition =
        TopicPartition { topic: key.string()?, partition: u32::from_be_bytes(key.take()?) };
    let offset = u64::from_be_bytes(value.take()?);
    let leader_epoch = Some(u32::from_be_bytes(value.take()?)).filter(|&epoch| epoch != u32::MAX);
    let metadata = Some(value.string()?).filter(|note| !note.is_empty());
    let at = u64::try_from(i64::from_be_bytes(value.take()?)).ok()?;
    let at = Instant::from_millis(at);
    Some(((group, partition), CommittedOffset { offset, leader_epoch, metadata, at }))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn string(&mut self) -> Option<Name> {
        let length = usize::try_from(i16::from_be_bytes(self.take()?)).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(core::str::from_utf8(text).ok()?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_committed_offset_is_read_as_it_was_written() {
        let now = Instant::from_millis(1_234);
        let partition = TopicPartition { topic: "orders".into(), partition: 3 };
        for (leader_epoch, metadata) in [(None, None), (Some(7), Some(Name::from("note")))] {
            let committed = OffsetCommitPartition {
                partition: partition.clone(),
                committed_offset: 42,
                committed_leader_epoch: leader_epoch,
                committed_metadata: metadata.clone(),
            };
            let record = offset_record(now, &"billing".into(), &committed);
            let expected = CommittedOffset { offset: 42, leader_epoch, metadata, at: now };
            assert_eq!(decode(&record), Some((("billing".into(), partition.clone()), expected)));
        }
        assert_eq!(decode(&Record::new(Some("x".into()), Some("y".into()), 0)), None);
    }
}
