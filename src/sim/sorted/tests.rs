//! Against the standard library's B-tree and sort, over random operations.

use super::{Order, SortedMap, SortedSet};
use crate::sim::{Purpose, Rng};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn a_map_does_what_a_b_tree_does() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed, Purpose::Workload, 0);
        let (mut ours, mut theirs) = (SortedMap::new(), BTreeMap::new());
        for step in 0..2_000_u64 {
            let key = if seed % 2 == 0 { rng.below(500) } else { step + rng.below(3) };
            match rng.below(10) {
                0..=4 => assert_eq!(ours.insert(key, step), theirs.insert(key, step)),
                5 => assert_eq!(ours.remove(&key), theirs.remove(&key)),
                6 => assert_eq!(ours.pop_first(), theirs.pop_first()),
                7 => assert_eq!(ours.pop_last(), theirs.pop_last()),
                8 => {
                    *ours.entry(key).or_default() += 1;
                    *theirs.entry(key).or_default() += 1;
                }
                _ => {
                    let to = key + rng.below(100);
                    assert!(ours.range(key..to).eq(theirs.range(key..to)));
                    assert!(ours.range(..=key).rev().eq(theirs.range(..=key).rev()));
                    assert_eq!(ours.range(key..).len(), theirs.range(key..).count());
                    for (_, value) in ours.range_mut(key..=to) {
                        *value += 1;
                    }
                    for (_, value) in theirs.range_mut(key..=to) {
                        *value += 1;
                    }
                }
            }
            assert_eq!(ours.len(), theirs.len());
            assert_eq!(ours.get(&key), theirs.get(&key));
        }
        assert!(ours.iter().eq(&theirs));
        assert!(ours.iter().rev().eq(theirs.iter().rev()));
        ours.retain(|key, _| key % 3 == 0);
        theirs.retain(|key, _| key % 3 == 0);
        assert!(ours.into_iter().eq(theirs));
    }
}

#[test]
fn a_change_here_and_there_leaves_the_rest_shared() {
    let old: SortedMap<u64, u64> = (0..1_000).map(|n| (n, n)).collect();
    let mut new = old.clone();
    let mut seen = Vec::new();
    new.change_where(
        100..900,
        |value| value % 400 == 0,
        |key, value| {
            seen.push(*key);
            *value += 1;
        },
    );
    assert_eq!(seen, [400, 800]);
    let changed = old.iter().zip(&new).filter(|((_, before), (_, after))| before != after);
    assert!(changed.map(|(_, (key, value))| (*key, *value)).eq([(400, 401), (800, 801)]));
    let shared = old.chunks.iter().zip(&new.chunks).filter(|(a, b)| std::rc::Rc::ptr_eq(a, b));
    assert_eq!(shared.count(), old.chunks.len() - 2);
}

#[test]
fn a_set_does_what_a_b_tree_does() {
    let numbers = |seed| {
        let mut rng = Rng::new(seed, Purpose::Workload, 0);
        (0..300).map(move |_| rng.below(400)).collect::<Vec<u64>>()
    };
    let ours = |seed| numbers(seed).into_iter().collect::<SortedSet<u64>>();
    let theirs = |seed| numbers(seed).into_iter().collect::<BTreeSet<u64>>();
    let (a, b, c, d) = (ours(1), ours(2), theirs(1), theirs(2));
    assert!(a.iter().eq(&c));
    assert!(a.difference(&b).eq(c.difference(&d)));
    assert!(a.range(100..=200).eq(c.range(100..=200)));
    assert_eq!(a.last(), c.last());
}

#[test]
fn a_sort_is_stable() {
    for seed in 0..50 {
        let mut rng = Rng::new(seed, Purpose::Workload, 0);
        let mut ours: Vec<(u64, u64)> = (0..rng.below(300)).map(|i| (rng.below(20), i)).collect();
        let mut theirs = ours.clone();
        ours.order_by_key(|item| item.0);
        theirs.sort_by_key(|item| item.0);
        assert_eq!(ours, theirs);
    }
}
