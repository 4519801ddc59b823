//! What a chain of events touched: the stage lights it while it is explained.

use crate::event::{Event, KafkaFact, LabFact, RedisFact, What};
use crate::stage::Target;
use crate::timeline::Timeline;

/// The things that an event happened in, to or between.
pub(super) fn touched(timeline: &Timeline, event: &Event) -> Vec<Target> {
    let party = |id| {
        let members = timeline.nodes().iter().filter(move |node| node.party == Some(id));
        members.map(|node| Target::Node(node.id)).collect()
    };
    match &event.what {
        What::Departed(hop) => {
            vec![Target::Node(hop.from), Target::Wire(hop.connection), Target::Node(hop.to)]
        }
        What::Ruled(ruling) => {
            let wire = timeline.hop(ruling.hop).map(|hop| Target::Wire(hop.connection));
            wire.into_iter().collect()
        }
        What::Redis { node, fact } => match fact {
            RedisFact::Published { channel, .. } => vec![Target::Channel(*node, channel.clone())],
            RedisFact::Queued { client, .. }
            | RedisFact::Written { client, .. }
            | RedisFact::ClientClosed { client, .. } => {
                vec![Target::Node(*node), Target::Wire(*client)]
            }
            _ => vec![Target::Node(*node)],
        },
        What::Kafka { node, fact } => match fact {
            KafkaFact::Appended { partition, .. }
            | KafkaFact::Partitioned { partition, .. }
            | KafkaFact::HighWatermarkMoved { partition, .. }
            | KafkaFact::LogStartMoved { partition, .. }
            | KafkaFact::LogTruncated { partition, .. }
            | KafkaFact::LeaderElected { partition, .. }
            | KafkaFact::IsrChanged { partition, .. } => vec![Target::Partition(partition.clone())],
            KafkaFact::Committed { group, partition, .. } => vec![
                Target::Bookmark(group.clone(), partition.clone()),
                Target::Partition(partition.clone()),
            ],
            _ => vec![Target::Node(*node)],
        },
        What::Lab(fact) => match fact {
            LabFact::NodeChanged { node, .. }
            | LabFact::Received { node, .. }
            | LabFact::HandlingBegan { node, .. }
            | LabFact::Handled { node, .. }
            | LabFact::HandlingFailed { node, .. }
            | LabFact::Discarded { node, .. } => vec![Target::Node(*node)],
            LabFact::Sent { producer, .. } => vec![Target::Node(*producer)],
            LabFact::Connected { connection, .. } | LabFact::Disconnected { connection, .. } => {
                let client = timeline.wire(*connection).map(|wire| Target::Node(wire.client));
                client.into_iter().chain([Target::Wire(*connection)]).collect()
            }
            LabFact::Stands { party: id, .. } | LabFact::Charged { party: id, .. } => party(*id),
            _ => Vec::new(),
        },
    }
}
