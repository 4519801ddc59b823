//! What the Lab begins with: every template is a lesson that can be laid, and something moves in it.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::{LabFact, What};
use pushpull::history::Session;
use pushpull::lesson::Lesson;
use pushpull::sim::{Instant, Span};

#[test]
fn every_template_can_be_laid_and_runs() {
    let mut count = 0;
    for entry in std::fs::read_dir("www/templates").expect("templates are there") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        let at = path.display();
        let lesson = Lesson::parse_own("own", &text)
            .unwrap_or_else(|mistakes| panic!("{at}: {mistakes:#?}"));
        let mut session = Session::open(lesson, None).unwrap_or_else(|no| panic!("{at}: {no}"));
        session.advance_to(Instant::ZERO + Span::from_secs(10));
        // Where nobody reads, something is sent at least.
        let read = session.world().ledger().parties().next().is_some();
        let moves = |what: &What| match what {
            What::Lab(LabFact::Handled { .. }) => read,
            What::Lab(LabFact::Sent { .. }) => !read,
            _ => false,
        };
        assert!(session.events().iter().any(|event| moves(&event.what)), "{at}: nothing moves");
        let ledger = session.progress().outcome();
        assert!(
            ledger.redis.balances() && ledger.kafka.balances(),
            "{at}: the ledger does not balance"
        );
        count += 1;
    }
    assert!(count > 0);
}
