//! The numbers of a lane, what stands behind each of them, and what was lost and why.

use super::node::share;
use super::words::{figure, lane, time};
use super::{At, Block, Cell, Line, Sheet};
use crate::event::{
    Event, KafkaFact, LabFact, LostReason, MessageId, NodeKind, PartyId, RedisFact, Standing,
    System, What,
};
use crate::sim::Instant;
use crate::stage::{Score, Target};
use crate::timeline::{Node, journal};

/// Messages listed behind a number, the newest.
const LISTED: usize = 40;
/// Messages looked at for them.
const LOOKED_AT: usize = 2_000;

impl At<'_> {
    pub(super) fn lane(self, system: System) -> Sheet {
        let mut sheet = Sheet::new(lane(system), "lane");
        self.figures(system, &mut sheet);
        sheet.blocks.push(Block::Table(self.ledger(Some(system))));
        sheet
    }

    pub(super) fn score(self, system: System, score: Score) -> Sheet {
        let mut sheet = Sheet::new(format!("{}: {}", lane(system), figure(score)), "score");
        self.figures(system, &mut sheet);
        let lines = self.behind(system, score);
        let heading = match score {
            Score::Waiting => "Waiting now",
            Score::Arrived => "Arrived last",
            Score::Lost => "Lost",
            Score::Repeated => "Repeated",
        };
        if lines.is_empty() {
            sheet.words(format!("Nothing stands behind this number: none is {}.", figure(score)));
        } else {
            sheet.blocks.push(Block::Heading(heading.to_owned()));
            sheet.blocks.push(Block::Lines(lines));
        }
        sheet
    }

    pub(super) fn lost(self, party: PartyId) -> Option<Sheet> {
        let whose = self.timeline.party(party)?;
        let mut sheet = Sheet::new(format!("lost to {}", whose.name), "losses");
        for lost in whose.lost(self.t) {
            let words =
                format!("{}: {}", journal::count(lost.count, "message"), lost.reason.words());
            sheet.blocks.push(Block::Heading(words));
            let newest = lost.messages.iter().rev().take(LISTED);
            let lines = newest.filter_map(|id| self.standing_line(*id, party));
            sheet.blocks.push(Block::Lines(lines.collect()));
        }
        if sheet.blocks.is_empty() {
            sheet.words("Nothing is lost to it.");
        }
        Some(sheet)
    }

    /// All the figures of a lane.
    fn figures(self, system: System, sheet: &mut Sheet) {
        let sums = self.timeline.lane(system, self.t);
        let to = |n: u32, class, score| Cell {
            go: Some(super::Go::To(Target::Score(system, score))),
            ..Cell::count(u64::from(n), class)
        };
        let count = |n: u32, class| Cell::count(u64::from(n), class);
        let kind = match system {
            System::Redis => NodeKind::Subscriber,
            System::Kafka => NodeKind::Consumer,
        };
        let readers: Vec<&Node> =
            self.timeline.nodes().iter().filter(|node| node.kind == kind).collect();
        let all = self.latencies(&readers, Instant::ZERO, self.t);
        let latency = |per_cent| {
            share(&all, per_cent).map_or_else(|| Cell::of("-", "dim"), |span| Cell::new(time(span)))
        };
        sheet.rows(vec![
            ("sent", count(sums.expected, "ink")),
            ("on its way", count(sums.on_its_way, "ink")),
            ("waiting", to(sums.waiting, "waiting", Score::Waiting)),
            ("arrived", to(sums.delivered, "ok", Score::Arrived)),
            ("parked", count(sums.parked, "waiting")),
            ("lost", to(sums.lost, "lost", Score::Lost)),
            ("refused", count(sums.refused, "lost")),
            ("repeated", to(sums.repeated, "waiting", Score::Repeated)),
            ("replayed", count(sums.replayed, "ink")),
            ("late", count(sums.late, "waiting")),
            ("latency, p50", latency(50)),
            ("latency, p99", latency(99)),
        ]);
    }

    /// The newest messages that a number counts, each with the event that made it count.
    fn behind(self, system: System, score: Score) -> Vec<Line> {
        let parties: Vec<PartyId> = self
            .timeline
            .parties()
            .iter()
            .filter(|party| party.system == system && party.added <= self.t)
            .map(|party| party.id)
            .collect();
        let counts = |id: MessageId, party: PartyId| {
            let now = self.timeline.standing(id, party, self.t);
            match (score, now) {
                (Score::Waiting, Some(Standing::Waiting))
                | (Score::Arrived, Some(Standing::Delivered))
                | (Score::Lost, Some(Standing::Lost(_))) => self.standing_line(id, party),
                (Score::Repeated, _) => self.repeat_line(id, party),
                _ => None,
            }
        };
        let nobody: Vec<(MessageId, Standing)> = self.timeline.nobody(system, self.t).collect();
        let alone = |id: MessageId| {
            let index = nobody.binary_search_by_key(&id, |(message, _)| *message).ok()?;
            match (score, nobody[index].1) {
                (Score::Waiting, Standing::Waiting) => self.line(id, |event| kept(event)),
                (Score::Lost, Standing::Lost(LostReason::NotSubscribed)) => {
                    self.line(id, |event| published(event))
                }
                (Score::Lost, Standing::Lost(_)) => self.line(id, |event| kept(event)),
                _ => None,
            }
        };
        let newest = self.timeline.messages(self.t).iter().rev().take(LOOKED_AT);
        let all = newest.flat_map(|message| {
            let owed = parties.iter().filter_map(move |party| counts(message.id, *party));
            owed.chain(alone(message.id))
        });
        all.take(LISTED).collect()
    }

    /// The event that gave a message its present standing with a party, in words.
    fn standing_line(self, id: MessageId, party: PartyId) -> Option<Line> {
        let of = |event: &&Event| matches!(&event.what, What::Lab(LabFact::Stands { party: whose, .. }) if *whose == party);
        self.line(id, of)
    }

    fn repeat_line(self, id: MessageId, party: PartyId) -> Option<Line> {
        let of = |event: &&Event| {
            matches!(&event.what,
                What::Lab(LabFact::Handled { party: whose, repeated: true, .. }) if *whose == party)
        };
        self.line(id, of)
    }

    fn line(self, id: MessageId, of: impl Fn(&&Event) -> bool) -> Option<Line> {
        let life = self.timeline.biography(id).iter().rev();
        let event = life
            .filter_map(|event| self.timeline.event(*event))
            .filter(|event| event.at <= self.t)
            .find(of)?;
        Some(Line::of(self.timeline, event))
    }

    /// The ledger as a table, of one lane or of both.
    pub(super) fn ledger(self, system: Option<System>) -> super::Table {
        let parties = self.timeline.parties().iter();
        let here = parties.filter(|p| p.added <= self.t && system.is_none_or(|s| s == p.system));
        let count = |n: u32, class| Cell::count(u64::from(n), class);
        let rows = here.map(|party| {
            let sums = party.sums(self.t);
            vec![
                Cell::to(
                    format!("{} ({})", party.name, lane(party.system)),
                    Target::Lost(party.id),
                ),
                count(sums.expected, "ink"),
                count(sums.on_its_way, "ink"),
                count(sums.waiting, "waiting"),
                count(sums.delivered, "ok"),
                count(sums.parked, "waiting"),
                count(sums.lost, "lost"),
                count(sums.refused, "lost"),
                count(sums.repeated, "waiting"),
                count(sums.late, "waiting"),
            ]
        });
        super::Table {
            // The score counts each message once.
            caption: "Ledger, in copies: one of each message for each reader".to_owned(),
            columns: vec![
                "party",
                "expected",
                "on its way",
                "waiting",
                "arrived",
                "parked",
                "lost",
                "refused",
                "repeated",
                "late",
            ],
            rows: rows.collect(),
        }
    }
}

/// Whether a server told how many clients it had a message for.
fn published(event: &Event) -> bool {
    matches!(&event.what, What::Redis { fact: RedisFact::Published { .. }, .. })
}

/// Whether something took a message to keep it.
fn kept(event: &Event) -> bool {
    matches!(
        &event.what,
        What::Kafka { fact: KafkaFact::Appended { .. }, .. }
            | What::Redis {
                fact: RedisFact::EntryAdded { .. } | RedisFact::ElementPushed { .. },
                ..
            }
    )
}
