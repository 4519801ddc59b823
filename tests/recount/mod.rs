//! The ledger against a recount of the events from scratch.

use pushpull::event::{Event, LabFact, Standing, What};
use pushpull::lab::World;
use pushpull::sim::SortedMap;

/// Asserts that the world's ledger says of every party what all events of its run add up to.
pub(crate) fn recount(world: &World, events: &[Event], seed: u64) {
    let mut standing = SortedMap::new();
    let mut handled: SortedMap<_, (u64, u64)> = SortedMap::new();
    for event in events {
        match &event.what {
            What::Lab(LabFact::Stands { message, party, standing: to, .. }) => {
                standing.insert((*party, *message), *to);
            }
            What::Lab(LabFact::Handled { party, repeated, replayed, .. }) => {
                let counts = handled.entry(*party).or_default();
                counts.0 += u64::from(*repeated);
                counts.1 += u64::from(*replayed);
            }
            _ => {}
        }
    }
    let mut sums: SortedMap<_, SortedMap<Standing, u64>> = SortedMap::new();
    for ((party, _), to) in standing {
        *sums.entry(party).or_default().entry(to).or_default() += 1;
    }
    for (id, party) in world.ledger().parties() {
        let name = &party.name;
        let mine = sums.remove(&id).unwrap_or_default();
        assert_eq!(mine.values().sum::<u64>(), party.expected(), "seed {seed} {name}");
        assert_eq!(mine, party.sums().collect(), "seed {seed} {name}");
        let counts = (party.repeated(), party.replayed());
        assert_eq!(handled.get(&id).copied().unwrap_or_default(), counts, "seed {seed} {name}");
    }
}
