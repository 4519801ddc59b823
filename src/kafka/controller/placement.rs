//! Where the replicas of new partitions go (`StripedReplicaPlacer`): leaders are spread over
//! racks and brokers, the replicas of one partition over racks.

use super::java_random::JavaRandom;
use crate::event::Name;
use crate::kafka::assignor::java::{compare, hash_order, string_hash};
use crate::kafka::protocol::{BrokerId, ErrorCode};
use crate::sim::Order;

/// A broker that can be given replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsableBroker {
    /// Its id.
    pub id: BrokerId,
    /// `broker.rack`; brokers without one share a rack of their own.
    pub rack: Option<Name>,
    /// A fenced broker may hold replicas, but leads none at first.
    pub fenced: bool,
}

/// Chooses `replication_factor` brokers for each of `partitions` new partitions, the leader
/// first. [`ErrorCode::InvalidReplicationFactor`] when that is below 1, above the number of
/// brokers, or when all brokers are fenced.
pub fn place(
    random: &mut JavaRandom,
    brokers: &[UsableBroker],
    partitions: u32,
    replication_factor: i32,
) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
    let unfenced = brokers.iter().filter(|broker| !broker.fenced).count();
    let factor = usize::try_from(replication_factor).unwrap_or(0);
    if factor == 0 || unfenced == 0 || factor > brokers.len() {
        return Err(ErrorCode::InvalidReplicationFactor);
    }
    let mut racks = Racks::new(random, brokers, unfenced as u32);
    Ok((0..partitions).map(|_| racks.place(random, factor)).collect())
}

/// Brokers of one rack and one state, taken in turn (`StripedReplicaPlacer.BrokerList`).
#[derive(Default)]
struct BrokerList {
    brokers: Vec<BrokerId>,
    index: usize,
    offset: usize,
    epoch: u32,
}

impl BrokerList {
    fn initialize(&mut self, random: &mut JavaRandom) {
        self.brokers.order();
        self.offset = random.index(self.brokers.len());
    }

    fn next(&mut self, epoch: u32) -> Option<BrokerId> {
        let count = self.brokers.len();
        if count > 0 && self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % count;
        }
        if self.index >= count {
            return None;
        }
        let broker = self.brokers[(self.index + self.offset) % count];
        self.index += 1;
        Some(broker)
    }
}

struct Rack {
    name: Option<Name>,
    unfenced: BrokerList,
    fenced: BrokerList,
}

/// `StripedReplicaPlacer.RackList`.
struct Racks {
    /// In the order in which Java walks its map of racks: that of drawing.
    all: Vec<Rack>,
    /// Indices into `all`, by name at first; shuffled later.
    order: Vec<usize>,
    unfenced: u32,
    epoch: u32,
    offset: usize,
}

impl Racks {
    fn new(random: &mut JavaRandom, brokers: &[UsableBroker], unfenced: u32) -> Self {
        let mut racks: Vec<Rack> = Vec::new();
        for broker in brokers {
            let index =
                racks.iter().position(|rack| rack.name == broker.rack).unwrap_or_else(|| {
                    let name = broker.rack.clone();
                    racks.push(Rack {
                        name,
                        unfenced: BrokerList::default(),
                        fenced: BrokerList::default(),
                    });
                    racks.len() - 1
                });
            let rack = &mut racks[index];
            let list = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
            list.brokers.push(broker.id);
        }
        // `Optional#hashCode` is that of its value, or 0.
        let hash = |rack: &Rack| rack.name.as_deref().map_or(0, string_hash);
        let mut racks = hash_order(racks, hash);
        for rack in &mut racks {
            rack.fenced.initialize(random);
            rack.unfenced.initialize(random);
        }
        let mut order: Vec<usize> = (0..racks.len()).collect();
        order.order_by(|&a, &b| match (&racks[a].name, &racks[b].name) {
            (Some(a), Some(b)) => compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        let offset = random.index(order.len());
        Self { all: racks, order, unfenced, epoch: 0, offset }
    }

    /// The replicas of one partition; there are at least as many brokers as asked for, and one
    /// that is not fenced.
    fn place(&mut self, random: &mut JavaRandom, factor: usize) -> Vec<BrokerId> {
        // After as many partitions as there are unfenced brokers the pattern would repeat.
        if self.epoch == self.unfenced && self.unfenced > 1 {
            random.shuffle(&mut self.order);
            for rack in &mut self.all {
                random.shuffle(&mut rack.fenced.brokers);
                random.shuffle(&mut rack.unfenced.brokers);
            }
            self.epoch = 0;
        }
        let count = self.order.len();
        if self.offset == count {
            self.offset = 0;
        }
        let (epoch, offset) = (self.epoch, self.offset);
        let mut replicas = Vec::with_capacity(factor);
        let mut leader_rack = None;
        for index in (offset..count).chain(0..offset) {
            if let Some(leader) = self.all[self.order[index]].unfenced.next(epoch) {
                replicas.push(leader);
                leader_rack = Some(index);
                break;
            }
        }
        let mut index = offset;
        while replicas.len() < factor {
            if leader_rack == Some(index) {
                // The leader's rack is passed over once.
                leader_rack = None;
            } else {
                let rack = &mut self.all[self.order[index]];
                replicas.extend(rack.unfenced.next(epoch).or_else(|| rack.fenced.next(epoch)));
            }
            index = (index + 1) % count;
        }
        self.epoch += 1;
        self.offset += 1;
        replicas
    }
}
