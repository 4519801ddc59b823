//! One message: what it is, where it stands with each party, and its biography.

use super::words::{standing, time};
use super::{At, Block, Cell, Go, Line, Sheet, Why};
use crate::event::{Event, LabFact, MessageId, Standing, What};
use crate::stage::{Class, Target};
use crate::timeline::biography::biography;
use crate::timeline::clock::clock;

impl At<'_> {
    pub(super) fn message(self, id: MessageId) -> Option<Sheet> {
        let message = self.timeline.message(id).filter(|message| message.sent <= self.t)?;
        let mut sheet = Sheet::new(self.number(id), "message");
        let key = message.key.as_deref().map_or_else(|| Cell::of("none", "dim"), Cell::new);
        sheet.rows(vec![
            ("key", key),
            ("value", Cell::new(format!("{} bytes", message.bytes))),
            (
                "producer",
                Cell::to(&*self.name_of(message.producer), Target::Node(message.producer)),
            ),
            ("sent", Cell::new(clock(message.sent))),
        ]);
        let parties = self.timeline.parties().iter();
        let rows = parties.filter_map(|party| {
            let now = self.timeline.standing(id, party.id, self.t)?;
            let (words, class) = standing(now);
            let system = super::words::lane(party.system);
            let words =
                if let Standing::Lost(_) = now { format!("lost: {words}") } else { words.into() };
            let odd = !matches!(now, Standing::OnItsWay | Standing::Delivered);
            let go = odd.then_some(Go::Why(Why::Standing(id, party.id)));
            let party = Cell::new(format!("{} ({system})", party.name));
            Some(vec![party, Cell { go, ..Cell::of(words, class) }])
        });
        sheet.table("Where it stands", &["party", "standing"], rows.collect());
        let told = biography(self.timeline, id, self.t).into_iter();
        let lines: Vec<Line> = told.map(|line| Line::told(self.timeline, line, self.t)).collect();
        if let (Some(first), Some(last)) = (lines.first(), lines.last()) {
            let took = time(last.at.since(first.at));
            sheet.blocks.push(Block::Heading(format!("Its biography so far, {took}")));
        }
        sheet.blocks.push(Block::Lines(lines));
        Some(sheet)
    }
}

/// The class of an event's sentence, and whether it is an anomaly that deserves a "Why?".
pub(super) fn meaning(event: &Event) -> (Class, bool) {
    match &event.what {
        What::Lab(LabFact::Stands { standing, .. }) => match standing {
            Standing::Lost(_) | Standing::Refused => ("lost", true),
            Standing::Parked => ("waiting", true),
            Standing::Delivered => ("ok", false),
            _ => ("ink", false),
        },
        What::Lab(LabFact::Handled { repeated: true, .. }) => ("waiting", true),
        What::Lab(LabFact::HandlingFailed { .. } | LabFact::Discarded { .. }) => ("waiting", true),
        _ => ("ink", false),
    }
}
