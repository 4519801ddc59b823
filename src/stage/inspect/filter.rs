//! Which of the journal's sentences are about a selected thing.

use crate::event::System;
use crate::stage::Target;
use crate::timeline::Timeline;
use crate::timeline::journal::{Filter, Kind};

/// The journal of a thing.
pub fn journal_of(target: &Target, timeline: &Timeline) -> Filter {
    let all = Filter::default();
    let node = |id| Filter { node: timeline.node(id).map(|node| node.name.clone()), ..all.clone() };
    let lane = |system: System| Filter { system: Some(system), ..all.clone() };
    match target {
        Target::Node(id) => {
            let system = timeline.node(*id).and_then(|node| node.system);
            Filter { system, ..node(*id) }
        }
        Target::Plug(name) => Filter { node: Some(name.clone()), ..all },
        Target::Message(message) => Filter { messages: Some(vec![*message]), ..all },
        Target::Wire(wire) => timeline.wire(*wire).map_or(all.clone(), |wire| node(wire.client)),
        Target::Channel(server, _) => node(*server),
        Target::Score(system, _) | Target::Lane(system) => lane(*system),
        Target::Carrier(_) => lane(System::Redis),
        Target::Lost(_) => Filter { kind: Some(Kind::Standing), ..all },
        Target::Partition(_) | Target::Bookmark(..) => lane(System::Kafka),
    }
}
