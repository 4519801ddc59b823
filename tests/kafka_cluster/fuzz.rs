//! Random crashes, shutdowns, interruptions and clock jumps against what must always hold:
//!
//! - offsets are dense and monotonic;
//! - no record below a high watermark is lost or changed while elections are clean, so logs are
//!   prefixes of one history up to their high watermarks;
//! - what `acks=all` acknowledged is visible at its offset, for good;
//! - an idempotent producer's retries never duplicate;
//! - once all is healed, every replica has the same log and all of it is visible.
//!
//! What these and the named tests notice was tried out by breaking one rule of the engine at a
//! time:
//!
//! | rule taken out | noticed by |
//! |---|---|
//! | the high watermark stands still below `min.insync.replicas` | this; `eligible_leaders_are_remembered` |
//! | the high watermark waits for the in-sync replicas | this; six named tests |
//! | logs that part are cut (at all) | this; `a_returning_leader_drops_what_others_do_not_have` |
//! | ... by leader epoch, not at the high watermark | `a_returning_leader_drops_what_others_do_not_have` |
//! | an idempotent producer's repetition is found | this; `idempotent_producers_are_kafkas` |
//! | followers that lag leave the in-sync replicas, in time | `a_follower_that_lags_leaves_the_isr_and_comes_back` |
//! | commits are fenced by generation | `a_commit_needs_the_member_the_instance_and_the_generation` |
//!
//! A failing run prints its seed and the shortest list of commands that still fails (`hunt`).

use crate::harness::{CONTROLLER, Cluster, topic_partition};
use crate::hunt::Hunt;
use pushpull::kafka::log::Segment;
use pushpull::kafka::protocol::{Acks, BrokerId, ErrorCode};
use pushpull::kafka::record::ProducerStamp;
use pushpull::sim::{Purpose, Rng, SortedSet, Span};

const RUNS: u64 = 2_000;
const COMMANDS: u64 = 40;

#[derive(Clone, Copy, Debug)]
enum Command {
    /// To the leader, as the controller knows it.
    Produce(Acks),
    /// The idempotent producer sends its batch, or sends it again.
    ProduceIdempotently,
    /// To a broker that may not lead.
    ProduceTo(u32),
    Crash(u32),
    /// Crashed, and the controller has noticed.
    CrashNoticed(u32),
    /// Asked to stop in good order.
    ShutDown(u32),
    Restart(u32),
    Interrupt(u32, u32),
    Heal,
    Wait(u64),
}

/// All commands of a run. Every third run keeps brokers away for long, so that few are in sync.
fn commands(seed: u64) -> Vec<Command> {
    let mut rng = Rng::new(seed, Purpose::Workload, 0);
    let command = if seed.is_multiple_of(3) { lonely } else { command };
    (0..COMMANDS).map(|_| command(&mut rng)).collect()
}

fn broker(rng: &mut Rng) -> u32 {
    rng.below(3) as u32 + 1
}

fn command(rng: &mut Rng) -> Command {
    match rng.below(20) {
        0..5 => Command::Produce(Acks::All),
        5 => Command::Produce(Acks::Leader),
        6..9 => Command::ProduceIdempotently,
        9 => Command::ProduceTo(broker(rng)),
        10 | 11 => Command::Crash(broker(rng)),
        12 => Command::ShutDown(broker(rng)),
        13 | 14 => Command::Restart(broker(rng)),
        15 => {
            let a = broker(rng);
            // Node 0 stands for the controller.
            let b = (a + 1 + rng.below(3) as u32) % 4;
            Command::Interrupt(a, b)
        }
        16 => Command::Heal,
        17 | 18 => Command::Wait(rng.below(1_500)),
        _ => Command::Wait(rng.below(40_000)),
    }
}

/// Few in sync for long, and writers that do not mind.
fn lonely(rng: &mut Rng) -> Command {
    match rng.below(16) {
        0..4 => Command::Produce(Acks::Leader),
        4 | 5 => Command::Produce(Acks::All),
        6..9 => Command::ShutDown(broker(rng)),
        9 | 10 => Command::CrashNoticed(broker(rng)),
        11..13 => Command::Restart(broker(rng)),
        13 => Command::Interrupt(broker(rng), 0),
        14 => Command::Heal,
        _ => Command::Wait(rng.below(4_000)),
    }
}

struct Run {
    cluster: Cluster,
    sent: u32,
    /// The records that were ever visible, in the order of their offsets.
    history: Vec<String>,
    acks_all: Vec<(u32, String)>,
    sequence: i32,
    /// The batch of the idempotent producer and the request it last went out with.
    pending: Option<(u32, String)>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut cluster = Cluster::new(3, seed);
        let min_isr = if seed.is_multiple_of(4) { "1" } else { "2" };
        cluster.create_topic(&[1, 2, 3], &[("min.insync.replicas", min_isr)]);
        Self {
            cluster,
            sent: 0,
            history: Vec::new(),
            acks_all: Vec::new(),
            sequence: 0,
            pending: None,
        }
    }

    fn leader(&self) -> u32 {
        self.cluster.registration().leader.map_or(1, |leader| leader.0)
    }

    fn value(&mut self) -> String {
        self.sent += 1;
        format!("m{}", self.sent)
    }

    fn act(&mut self, command: Command) {
        match command {
            Command::Produce(acks) => self.produce(self.leader(), acks),
            Command::ProduceTo(broker) => self.produce(broker, Acks::All),
            Command::ProduceIdempotently => self.produce_idempotently(),
            Command::Crash(broker) => self.cluster.crash(broker),
            Command::CrashNoticed(broker) => {
                self.cluster.crash(broker);
                self.cluster.run_for(Span::from_secs(11));
            }
            Command::ShutDown(broker) if self.cluster.is_up(broker) => {
                self.cluster.shut_down(broker);
                self.cluster.run_for(Span::from_secs(1));
            }
            Command::ShutDown(_) => {}
            Command::Restart(broker) => self.cluster.restart(broker),
            Command::Interrupt(a, b) => {
                let node = |id| if id == 0 { CONTROLLER } else { BrokerId(id) };
                self.cluster.interrupt(node(a), node(b));
            }
            Command::Heal => self.cluster.heal_all(),
            Command::Wait(ms) => self.cluster.run_for(Span::from_millis(ms)),
        }
    }

    fn produce(&mut self, broker: u32, acks: Acks) {
        let value = self.value();
        let correlation = self.cluster.produce(broker, acks, &[&value]);
        if acks == Acks::All {
            self.acks_all.push((correlation, value));
        }
    }

    /// One batch in flight; the same batch again until it is acknowledged.
    fn produce_idempotently(&mut self) {
        let value = match self.pending.take() {
            Some((correlation, value)) => match self.cluster.produced(correlation) {
                Some(answer) if answer.error_code == ErrorCode::None => {
                    self.sequence += 1;
                    self.value()
                }
                _ => value,
            },
            None => self.value(),
        };
        let stamp =
            ProducerStamp { producer_id: 7, producer_epoch: 0, base_sequence: self.sequence };
        let leader = self.leader();
        let correlation = self.cluster.produce_as(leader, Acks::All, &[&value], Some(stamp));
        self.pending = Some((correlation, value));
    }

    fn check(&mut self) -> Result<(), String> {
        for (id, broker) in &self.cluster.brokers {
            let Some(partition) = broker.partition(&topic_partition(0)) else { continue };
            let log = partition.log();
            let mut expected = log.log_start_offset();
            for batch in log.segments().flat_map(Segment::batches) {
                if batch.base_offset() != expected {
                    return Err(format!("{id:?} has {} after {expected}", batch.base_offset()));
                }
                expected = batch.next_offset();
            }
            if expected != log.log_end_offset() || log.high_watermark() > expected {
                return Err(format!("{id:?} ends at {expected}, not {}", log.log_end_offset()));
            }
            let values = self.cluster.values(id.0);
            let visible = log.high_watermark() as usize;
            let known = self.history.len().min(visible);
            if values[..known] != self.history[..known] {
                return Err(format!(
                    "{id:?} shows {:?} where {:?} had been visible",
                    &values[..known],
                    &self.history[..known]
                ));
            }
            self.history.extend(values[known..visible].iter().cloned());
        }
        for (correlation, value) in &self.acks_all {
            let Some(answer) = self.cluster.produced(*correlation) else { continue };
            let Some(offset) = answer.base_offset else { continue };
            let acknowledged = answer.error_code == ErrorCode::None;
            if acknowledged && self.history.get(offset as usize) != Some(value) {
                return Err(format!("{value} was acknowledged at {offset} and is not there"));
            }
        }
        Ok(())
    }

    fn is_settled(&self) -> bool {
        let logs = self.cluster.brokers.values().filter_map(|b| b.partition(&topic_partition(0)));
        let mut ends = logs.flat_map(|p| [p.log().log_end_offset(), p.log().high_watermark()]);
        let first = ends.next();
        self.cluster.registration().isr.len() == 3 && ends.all(|end| Some(end) == first)
    }

    /// All comes back, and then everybody has everything.
    fn settle(&mut self) -> Result<(), String> {
        self.cluster.heal_all();
        // Who is about to stop does so first.
        self.cluster.run_for(Span::from_secs(15));
        for broker in 1..=3 {
            self.cluster.restart(broker);
        }
        // Nothing changes any more once all are in sync and have everything.
        for _ in 0..45 {
            self.cluster.run_for(Span::from_secs(1));
            if self.is_settled() {
                break;
            }
        }
        self.check()?;
        let isr: SortedSet<BrokerId> = self.cluster.registration().isr.iter().copied().collect();
        if isr.len() != 3 {
            return Err(format!("in sync are only {isr:?}: {:?}", self.cluster.registration()));
        }
        for broker in 1..=3 {
            let values = self.cluster.values(broker);
            if values != self.history {
                return Err(format!("{broker} has {values:?} and not {:?}", self.history));
            }
            let unique: SortedSet<&String> = values.iter().collect();
            if unique.len() != values.len() {
                return Err(format!("something is there twice: {values:?}"));
            }
        }
        Ok(())
    }
}

fn run(seed: u64, commands: &[Command]) -> Result<(), String> {
    let mut run = Run::new(seed);
    for &command in commands {
        run.act(command);
        run.check()?;
    }
    run.settle()
}

#[test]
fn nothing_visible_is_ever_lost() {
    Hunt { commands, run }.go(RUNS);
}
