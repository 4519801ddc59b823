//! What a hop shows of a Kafka request or response.

use crate::event::{Cargo, Name};
use crate::kafka::protocol::{ErrorCode, Request, Response};
use crate::lab::network::Load;

fn name_of(error: ErrorCode) -> Option<Name> {
    (error != ErrorCode::None).then(|| error.name().into())
}

pub(super) fn request_load(request: &Request) -> Load {
    let tags = request.tags();
    let cargo = match request {
        Request::Produce(produce) => match produce.partitions.first() {
            Some(first) => Cargo::Produce { partition: first.partition.clone() },
            None => Cargo::KafkaRequest { api: "Produce".into() },
        },
        Request::Fetch(fetch) => {
            let from =
                |p: &crate::kafka::protocol::FetchPartition| (p.partition.clone(), p.fetch_offset);
            Cargo::Fetch { from: fetch.partitions.iter().map(from).collect() }
        }
        Request::OffsetCommit(commit) => Cargo::OffsetCommit {
            group: commit.group_id.clone(),
            offsets: commit
                .partitions
                .iter()
                .map(|p| (p.partition.clone(), p.committed_offset))
                .collect(),
        },
        other => Cargo::KafkaRequest { api: other.name().into() },
    };
    let bytes = match request {
        Request::Produce(produce) => {
            produce.partitions.iter().map(|p| u64::from(p.records.size_in_bytes())).sum()
        }
        _ => 0,
    };
    Load { cargo, tags, bytes }
}

pub(super) fn response_load(response: &Response) -> Load {
    let tags = response.tags();
    let cargo = match response {
        Response::Produce(produce) => match produce.partitions.first() {
            Some(first) => Cargo::ProduceAnswer {
                partition: first.partition.clone(),
                base_offset: first.base_offset,
                error: name_of(first.error_code),
            },
            None => Cargo::KafkaAnswer { api: "Produce".into(), error: None },
        },
        Response::Fetch(fetch) => Cargo::Fetched {
            from: fetch
                .partitions
                .iter()
                .filter_map(|p| Some((p.partition.clone(), p.records.first()?.base_offset())))
                .collect(),
            error: fetch
                .partitions
                .iter()
                .map(|p| p.error_code)
                .chain([fetch.error_code])
                .find_map(name_of),
        },
        other => Cargo::KafkaAnswer { api: other.name().into(), error: None },
    };
    let bytes = match response {
        Response::Fetch(fetch) => fetch
            .partitions
            .iter()
            .flat_map(|p| &p.records)
            .map(|b| u64::from(b.size_in_bytes()))
            .sum(),
        _ => 0,
    };
    Load { cargo, tags, bytes }
}
