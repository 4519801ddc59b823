//! How full and how busy a server is, told when it changes noticeably.
//!
//! Observes only: it draws nothing from any generator and changes no engine.

use super::super::node::Role;
use super::super::{Due, World};
use crate::event::{NodeId, RedisFact, What};
use crate::redis::{BufferLimit, Config};
use crate::sim::{Instant, Span};

/// How often it looks while something happens: Redis's cron at the default `hz`.
const EVERY: Span = Span::from_millis(100);
/// Memory that is worth a word where there is no limit; with one, a hundredth of it.
const BYTES: u64 = 50_000;
/// A change of load that is worth a word, in thousandths.
const SHARE: u32 = 50;

/// What was seen last.
#[derive(Clone, Debug, Default)]
pub(super) struct Gauge {
    planned: bool,
    since: Instant,
    worked: Span,
    told_share: u32,
    told_memory: (u64, u64),
    told_limits: Limits,
}

/// The limits of output buffers of clients with subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Limits(BufferLimit);

impl Default for Limits {
    fn default() -> Self {
        Self(Config::default().limit_pubsub)
    }
}

impl World {
    /// Makes sure that a server that did something is looked at.
    pub(super) fn watch(&mut self, node: NodeId) {
        let now = self.now;
        let Role::Redis(process) = &mut self.node_mut(node).role else { return };
        if !std::mem::replace(&mut process.gauge.planned, true) {
            process.gauge.since = now;
            process.gauge.worked = process.server.worked();
            self.queue.push(now + EVERY, Due::Observe(node));
        }
    }

    /// Looks at a server.
    pub(in super::super) fn observe(&mut self, node: NodeId) {
        let now = self.now;
        let Role::Redis(process) = &mut self.node_mut(node).role else { return };
        let (server, gauge) = (&process.server, &mut process.gauge);
        let elapsed = now.since(gauge.since).as_nanos().max(1);
        let worked = server.worked().as_nanos() - gauge.worked.as_nanos();
        let share = u32::try_from(worked.saturating_mul(1_000) / elapsed).unwrap_or(u32::MAX);
        gauge.planned = false;
        let mut facts = Vec::new();
        let quiet = share == 0 && gauge.told_share > 0;
        if share.abs_diff(gauge.told_share) >= SHARE || quiet {
            gauge.told_share = share;
            facts.push(RedisFact::LoopBusy { per_mille: share });
        }
        let (used, most) = server.memory();
        let worth = if most > 0 { (most / 100).max(1) } else { BYTES };
        if used.abs_diff(gauge.told_memory.0) >= worth || most != gauge.told_memory.1 {
            gauge.told_memory = (used, most);
            facts.push(RedisFact::MemoryChanged { used, most });
        }
        let limits = Limits(server.config().limit_pubsub);
        if limits != gauge.told_limits {
            let BufferLimit { hard, soft, soft_seconds } = limits.0;
            gauge.told_limits = limits;
            facts.push(RedisFact::LimitsChanged { hard, soft, soft_seconds });
        }
        let again = gauge.told_share > 0;
        for fact in facts {
            self.emit(None, What::Redis { node, fact });
        }
        if again {
            self.watch(node);
        }
    }
}
