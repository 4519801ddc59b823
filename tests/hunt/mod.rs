//! Looks for a seed whose run breaks a promise, on all cores, and shrinks what it finds.
//!
//! The environment variable `FUZZ_RUNS` says how many runs there shall be, `FUZZ_SEED` with which
//! seed the first begins.

use std::fmt::{Debug, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// A kind of random run.
pub(crate) struct Hunt<C> {
    /// The commands of a seed.
    pub(crate) commands: fn(u64) -> Vec<C>,
    /// Carries them out; an error, or a panic, is a broken promise.
    pub(crate) run: fn(u64, &[C]) -> Result<(), String>,
}

impl<C: Clone + Debug> Hunt<C> {
    /// Runs seed after seed; panics with the seed and the shortest list of commands it can find
    /// when one fails.
    pub(crate) fn go(&self, usual_runs: u64) {
        let number = |name: &str, usual: u64| {
            std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
        };
        let first = number("FUZZ_SEED", 1);
        let end = first.saturating_add(number("FUZZ_RUNS", usual_runs));
        let next = AtomicU64::new(first);
        let found = AtomicBool::new(false);
        let failed = AtomicU64::new(u64::MAX);
        let work = || {
            while !found.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    break;
                }
                if self.attempt(seed, &(self.commands)(seed)).is_err() {
                    failed.fetch_min(seed, Ordering::Relaxed);
                    found.store(true, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let seed = failed.into_inner();
        assert!(seed == u64::MAX, "{}", self.report(seed));
    }

    fn attempt(&self, seed: u64, commands: &[C]) -> Result<(), String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(seed, commands))).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words =
                words.or_else(|| panic.downcast_ref().map(|text: &&str| (*text).to_owned()));
            Err(format!("it panicked: {}", words.unwrap_or_default()))
        })
    }

    fn report(&self, seed: u64) -> String {
        let (commands, error) = self.shrink(seed);
        let mut report = format!("seed {seed}: {error}\nafter these commands:\n");
        for command in commands {
            let _ = writeln!(report, "  {command:?}");
        }
        report
    }

    /// Leaves out ever smaller stretches of commands as long as the run still fails.
    fn shrink(&self, seed: u64) -> (Vec<C>, String) {
        let mut commands = (self.commands)(seed);
        let mut error = self.attempt(seed, &commands).err().unwrap_or_default();
        let mut stretch = commands.len().div_ceil(2);
        while stretch > 0 {
            let mut index = 0;
            while index < commands.len() {
                let mut fewer = commands.clone();
                fewer.drain(index..(index + stretch).min(commands.len()));
                match self.attempt(seed, &fewer) {
                    Err(why) => (commands, error) = (fewer, why),
                    Ok(()) => index += stretch,
                }
            }
            stretch /= 2;
        }
        (commands, error)
    }
}
