//! Partitions with their groups' bookmarks and lag.

use super::chart::{Figure, Unit};
use super::node::moving;
use super::{At, Cell, Chart, Sheet};
use crate::event::{Name, System, TopicPartition};
use crate::sim::{Instant, Span};
use crate::stage::text::bytes;
use crate::stage::{Class, Target};
use crate::timeline::Log;
use crate::timeline::clock::clock;

/// Columns of [`At::lag_row`].
pub(super) const LAG_COLUMNS: [&str; 4] = ["", "bookmark", "high watermark", "lag"];

/// Whether lag grows is told by what it was this long ago.
const BEFORE: Span = Span::from_secs(1);

/// Records listed at most.
const RECORDS: usize = 12;

impl At<'_> {
    /// A group's bookmark in a log, or where it began.
    fn bookmark(log: &Log, group: &str, t: Instant) -> u64 {
        log.committed(group, t).unwrap_or_else(|| log.start(t))
    }

    /// How far a group is behind in a log.
    pub(super) fn lag(log: &Log, group: &str, t: Instant) -> u64 {
        log.high_watermark(t).saturating_sub(Self::bookmark(log, group, t))
    }

    pub(super) fn lag_row(self, log: &Log, group: &Name, label: &str) -> Vec<Cell> {
        let t = self.t;
        let before = Self::lag(log, group, Instant(t.0.saturating_sub(BEFORE.0)));
        let committed = match log.committed(group, t) {
            Some(offset) => Cell::new(offset.to_string()),
            None => Cell::of("-", "dim"),
        };
        let target = Target::Bookmark(group.clone(), log.partition.clone());
        vec![
            Cell::to(label, target),
            committed,
            Cell::new(log.high_watermark(t).to_string()),
            moving(before, Self::lag(log, group, t)),
        ]
    }

    /// The groups that are owed a topic's records.
    pub(super) fn groups(self, log: &Log) -> Vec<Name> {
        let t = self.t;
        let mut names: Vec<Name> = log.bookmarks(t).map(|(name, _)| name.clone()).collect();
        let parties = self.timeline.parties().iter();
        let owed = parties.filter(|party| party.system == System::Kafka && party.added <= t);
        for party in owed {
            let reads = self.timeline.nodes().iter().any(|node| {
                node.party == Some(party.id)
                    && node.assigned.at(t).is_some_and(|all| all.contains(&log.partition))
            });
            if reads && !names.contains(&party.name) {
                names.push(party.name.clone());
            }
        }
        names
    }

    pub(super) fn partition(
        self,
        partition: &TopicPartition,
        group: Option<&Name>,
    ) -> Option<Sheet> {
        let (_, log) = self.timeline.log(partition)?;
        let t = self.t;
        if log.created > t {
            return None;
        }
        let mut sheet = match group {
            Some(group) => {
                Sheet::new(format!("{group} in {partition}"), "bookmark (committed offset)")
            }
            None => Sheet::new(partition.to_string(), "partition"),
        };
        let (start, high, end) = (log.start(t), log.high_watermark(t), log.end(t));
        let cells = log.cells(t);
        let size: u64 = cells.iter().map(|cell| u64::from(cell.bytes)).sum();
        let mut segments: Vec<u64> = cells.iter().map(|cell| cell.segment).collect();
        segments.dedup();
        if let Some(group) = group {
            let row = self.lag_row(log, group, &partition.to_string());
            let [_, committed, _, lag] = <[Cell; 4]>::try_from(row).ok()?;
            sheet.rows(vec![
                ("group.id", Cell::new(&**group)),
                ("next record to read", committed),
                ("lag", lag),
            ]);
        }
        sheet.rows(self.replicas(log));
        sheet.rows(vec![
            ("log start offset", Cell::new(start.to_string())),
            (
                "high watermark",
                Cell::of(high.to_string(), if high < end { "kafka" } else { "ink" }),
            ),
            ("log end offset", Cell::new(end.to_string())),
            (
                "leader epoch",
                Cell::new(cells.last().map_or(0, |cell| cell.leader_epoch).to_string()),
            ),
            ("segments", Cell::new(segments.len().to_string())),
            ("size", Cell::new(bytes(size))),
        ]);
        let groups = group.map_or_else(|| self.groups(log), |group| vec![group.clone()]);
        if group.is_none() {
            let rows = groups.iter().map(|group| self.lag_row(log, group, group));
            sheet.table("Consumer groups", &LAG_COLUMNS, rows.collect());
        }
        let of = groups.into_iter().map(|group| (log, group.clone(), group.to_string()));
        sheet.chart(self.lag_chart(&of.collect::<Vec<_>>()));
        let rows = cells.iter().rev().take(RECORDS).map(|cell| {
            let message = cell.tag.and_then(|tag| self.timeline.message(tag.message));
            let key = message.map_or_else(
                || Cell::of("-", "dim"),
                |message| Cell::new(message.key.as_deref().unwrap_or("none")),
            );
            let (offset, at) = (cell.offset.to_string(), clock(cell.at));
            vec![Cell::new(offset), self.tagged(cell.tag), key, Cell::new(at)]
        });
        sheet.table("Newest records", &["offset", "message", "key", "appended"], rows.collect());
        Some(sheet)
    }

    /// Who leads and who is in sync; nothing where the run has not said so.
    fn replicas(self, log: &Log) -> Vec<(&'static str, Cell)> {
        let (leader, in_sync) = (log.leader(self.t), log.in_sync(self.t));
        if leader.is_none() && in_sync.is_empty() {
            return Vec::new();
        }
        let leader =
            leader.map_or_else(|| Cell::of("none", "lost"), |id| Cell::new(format!("broker {id}")));
        let mut rows = vec![("leader", leader)];
        if !in_sync.is_empty() {
            let all: Vec<String> = in_sync.iter().map(u32::to_string).collect();
            rows.push(("in-sync replicas", Cell::new(all.join(", "))));
        }
        rows
    }

    /// How far groups are behind in logs, each under its name.
    pub(super) fn lag_chart(self, of: &[(&Log, Name, String)]) -> Option<Chart> {
        const CLASSES: [Class; 4] = ["waiting-bar", "watermark", "level-ok", "level-over"];
        let figures: Vec<_> = of
            .iter()
            .take(CLASSES.len())
            .map(|(log, group, _)| move |t: Instant| Some(Self::lag(log, group, t) as f64))
            .collect();
        let names = of.iter().map(|(_, _, name)| name.clone());
        let lines: Vec<Figure<'_>> = figures
            .iter()
            .zip(CLASSES)
            .zip(names)
            .map(|((figure, class), name)| (class, name, figure as &dyn Fn(Instant) -> Option<f64>))
            .collect();
        let chart = || self.axis().chart("lag", Unit::Messages, &lines, (5.0, &[]));
        (!lines.is_empty()).then(chart)
    }
}
