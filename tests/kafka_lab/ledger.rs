//! The ledger over random actions.

use super::*;
use crate::recount::recount;

/// Any of the actions of this file, sensible or not.
fn random_action(rng: &mut Rng) -> Action {
    let billing = || "billing".into();
    let interval = Span::from_millis(rng.below(3_000));
    let attempts = 1 + rng.below(4) as u32;
    let partition = orders(rng.below(2) as u32);
    match rng.below(24) {
        0 => {
            let handling = match rng.below(5) {
                0 => ErrorHandling::BlockForEver,
                1 => ErrorHandling::Skip,
                2 => ErrorHandling::Block { interval, attempts },
                3 => ErrorHandling::DeadLetter { interval, attempts },
                _ => {
                    let multiplier = 1 + rng.below(3) as u32;
                    ErrorHandling::RetryTopics { attempts, delay: interval, multiplier }
                }
            };
            Action::SetErrorHandling { consumer: billing(), handling }
        }
        1 => Action::Redrive { topic: "orders-dlt".into(), most: 1 + rng.below(20) as u32 },
        2 => Action::SetFailure { consumer: billing(), fails: Failure::Chance(300_000) },
        3 => Action::SetFailure { consumer: billing(), fails: Failure::Never },
        4 => Action::Crash { node: billing() },
        5 => Action::Restart { node: billing() },
        6 => Action::Unplug { consumer: billing() },
        7 => Action::PlugIn { consumer: billing() },
        8 => Action::PausePartition { consumer: billing(), partition },
        9 => Action::ResumePartition { consumer: billing(), partition },
        10 => {
            let at = Instant::ZERO + Span::from_secs(rng.below(200));
            Action::SeekToTime { consumer: billing(), partition, at }
        }
        11 => {
            let to = match rng.below(4) {
                0 => ResetTo::Earliest,
                1 => ResetTo::Latest,
                2 => ResetTo::Offset(rng.below(50)),
                _ => ResetTo::Time(Instant::ZERO + Span::from_secs(rng.below(200))),
            };
            Action::ResetOffsets { group: billing(), topic: "orders".into(), to }
        }
        12 => Action::InterruptBetween { one: billing(), other: "kafka-1".into() },
        13 => Action::HealBetween { one: billing(), other: "kafka-1".into() },
        14 => Action::Remove { node: ["email", "billing"][rng.below(2) as usize].into() },
        15 => consumer("billing", "billing", &[]),
        16 => {
            let handling = [Handling::Synchronous, Handling::HandsOver, Handling::SwallowsErrors];
            let handling = handling[rng.below(3) as usize];
            Action::SetHandling { consumer: billing(), handling }
        }
        17 => {
            let partition = Some(rng.below(3) as u32);
            Action::SetPartition { producer: "shop".into(), partition }
        }
        18 => Action::AlterConfig {
            of: Configured::Topic("orders".into()),
            config: settings(&[("retention.ms", ["1000", "600000"][rng.below(2) as usize])]),
        },
        19 => Action::Assign { consumer: billing(), partitions: vec![partition] },
        _ => Action::Burst { producer: "shop".into(), messages: 1 + rng.below(10) as u32 },
    }
}

/// *expected = the sum of the standings*, and a recount from the events agrees.
#[test]
fn the_ledger_balances_whatever_is_done() {
    let mut done: SortedMap<String, u32> = SortedMap::new();
    for seed in 0..40 {
        let mut world = shop(2, &[]);
        act(&mut world, consumer("email", "email", &[]));
        let mut rng = Rng::new(seed, Purpose::Handling, 7);
        let mut events = Vec::new();
        for _ in 0..60 {
            let action = random_action(&mut rng);
            let allowed = world.can(&action);
            let name = format!("{action:?}");
            assert_eq!(allowed, world.act(action), "{name}");
            if allowed.is_ok() {
                let name = name.split([' ', '{']).next().unwrap_or_default().to_owned();
                *done.entry(name).or_default() += 1;
            }
            events.extend(later(&mut world, Span::from_millis(rng.below(8_000))));
            assert!(world.ledger().balances(), "seed {seed}");
        }
        recount(&world, &events, seed);
    }
    // A run that refuses everything proves nothing.
    for name in [
        "SetErrorHandling",
        "Redrive",
        "SetFailure",
        "Crash",
        "Burst",
        "PausePartition",
        "SeekToTime",
        "ResetOffsets",
        "InterruptBetween",
        "HealBetween",
        "Remove",
        "SetHandling",
        "SetPartition",
        "AlterConfig",
        "Assign",
    ] {
        assert!(done.contains_key(name), "{name} was never done: {done:?}");
    }
}

/// Whatever happened to it, an application that never skips gets everything in the end.
#[test]
fn retry_topics_lose_nothing_whatever_happens_to_the_consumer() {
    for seed in 0..15 {
        let mut world = shop(2, &[]);
        let delay = Span::from_secs(1);
        errors(&mut world, ErrorHandling::RetryTopics { attempts: 3, delay, multiplier: 2 });
        let mut rng = Rng::new(seed, Purpose::Handling, 8);
        for _ in 0..80 {
            let action = random_action(&mut rng);
            let disturbs = matches!(
                action,
                Action::SetFailure { .. }
                    | Action::Crash { .. }
                    | Action::Restart { .. }
                    | Action::Unplug { .. }
                    | Action::PlugIn { .. }
                    | Action::InterruptBetween { .. }
                    | Action::HealBetween { .. }
                    | Action::Burst { .. }
            );
            if disturbs {
                drop(world.act(action));
            }
            later(&mut world, Span::from_millis(rng.below(4_000)));
        }
        for action in [
            Action::Restart { node: "billing".into() },
            Action::PlugIn { consumer: "billing".into() },
            Action::HealBetween { one: "billing".into(), other: "kafka-1".into() },
            Action::SetFailure { consumer: "billing".into(), fails: Failure::Never },
        ] {
            drop(world.act(action));
        }
        later(&mut world, Span::from_secs(400));
        let billing = party(&world, "billing");
        let arrived = billing.count(Standing::Delivered) + billing.count(Standing::Parked);
        let sums: Vec<_> = billing.sums().collect();
        assert_eq!(arrived, billing.expected(), "seed {seed}: {sums:?}");
        assert!(billing.expected() > 20, "{}", billing.expected());
    }
}
