//! Panels, menus and forms on the hand-made lesson "One plug, both lanes".

use super::*;
use crate::event::{
    Action, Configured, ErrorHandling, Event, EventId, Failure, LabFact, NodeKind, Printed,
    PrintedRow, ResetTo, System, TopicPartition, What,
};
use crate::sim::Span;
use crate::stage::{Layout, Picture, Rect, Role, Score, View, picture_on};
use crate::timeline::journal;
use crate::timeline::story::{crowd, ms, one_plug};

const OUT: u64 = 6_300;

fn plugged() -> Timeline {
    let mut timeline = Timeline::default();
    timeline.extend(&one_plug(12, ms(OUT), ms(8_150)));
    timeline
}

fn stage(timeline: &Timeline, t: Instant, view: &View) -> (Layout, Picture) {
    let layout = Layout::new(timeline, t, view);
    let picture = picture_on(timeline, t, view, &layout);
    (layout, picture)
}

fn rows(sheet: &Sheet) -> Vec<(&str, &str)> {
    let rows = sheet.blocks.iter().filter_map(|block| match block {
        Block::Rows(rows) => Some(rows),
        _ => None,
    });
    rows.flatten().map(|(label, cell)| (label.as_str(), cell.text.as_str())).collect()
}

fn value<'a>(sheet: &'a Sheet, label: &str) -> &'a str {
    let found = rows(sheet).into_iter().find(|(name, _)| *name == label);
    found.unwrap_or_else(|| panic!("no {label} in {sheet:?}")).1
}

#[test]
fn whatever_can_be_selected_can_be_inspected_and_has_a_menu() {
    let timeline = plugged();
    for t in [6_200, 7_000, 8_154, 9_000].map(ms) {
        let (layout, picture) = stage(&timeline, t, &View::new(1_440.0, 860.0));
        let shapes = picture.shapes.iter().filter_map(|shape| shape.target.clone());
        let spots = spots(&timeline, t, &layout, &picture);
        for target in shapes.chain(spots.into_iter().map(|spot| spot.what)) {
            let sheet =
                inspect(&timeline, t, &target).unwrap_or_else(|| panic!("{target:?} at {t}"));
            assert!(!sheet.blocks.is_empty(), "{target:?}");
            for block in &sheet.blocks {
                if let Block::Table(table) = block {
                    let even = table.rows.iter().all(|row| row.len() == table.columns.len());
                    assert!(even, "{target:?}: {table:?}");
                }
            }
            assert_eq!(menu(&timeline, t, &target)[0].deed, Deed::Inspect);
        }
    }
}

#[test]
fn lag_is_what_the_ledger_says_is_waiting() {
    let timeline = plugged();
    // Long enough after the plug that nothing billing had in hand is left uncommitted.
    let t = ms(8_100);
    let billing = |party: &&crate::timeline::Party| {
        &*party.name == "billing" && party.system == System::Kafka
    };
    let party = timeline.parties().iter().find(billing).expect("billing reads");
    let mut waiting = 0;
    for (n, log) in timeline.logs().iter().enumerate() {
        let target = Target::Bookmark("billing".into(), log.partition.clone());
        let sheet = inspect(&timeline, t, &target).expect("a bookmark");
        let lag = value(&sheet, "lag").split(' ').next().expect("a number").to_owned();
        assert_eq!(lag, party.waiting_in(n, t).to_string(), "{}", log.partition);
        waiting += party.waiting_in(n, t);
        assert_eq!(value(&sheet, "log end offset"), log.end(t).to_string());
    }
    assert!(waiting > 3, "the plug was out");
    let score = inspect(&timeline, t, &Target::Score(System::Redis, Score::Lost)).expect("a score");
    let Some(Block::Lines(lost)) = score.blocks.last() else { panic!("no list: {score:?}") };
    assert_eq!(value(&score, "lost"), lost.len().to_string());
    assert!(lost.iter().all(|line| line.why.is_some() && line.text.contains("is lost to billing")));
}

#[test]
fn a_message_tells_its_life_up_to_now_and_no_further() {
    let timeline = plugged();
    let message = timeline.messages(ms(9_000))[4].id;
    let at = |t: Instant| inspect(&timeline, t, &Target::Message(message));
    let sent = timeline.message(message).expect("sent").sent;
    assert_eq!(at(Instant(sent.0 - 1)), None);
    let lines = |sheet: Sheet| match sheet.blocks.into_iter().next_back() {
        Some(Block::Lines(lines)) => lines,
        other => panic!("no biography: {other:?}"),
    };
    let (young, old) = (lines(at(sent).expect("there")), lines(at(ms(9_000)).expect("there")));
    assert!(young.len() < old.len());
    assert!(old.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(old[..young.len()], young[..]);
}

#[test]
fn why_ends_with_the_event_and_the_journal_of_a_thing_is_its_own() {
    let timeline = plugged();
    let t = ms(8_100);
    let score = inspect(&timeline, t, &Target::Score(System::Redis, Score::Lost)).expect("a score");
    let Some(Block::Lines(lost)) = score.blocks.last() else { panic!("no list: {score:?}") };
    let event = lost[0].why.expect("something to explain");
    let told = answer(&timeline, t, event);
    assert_eq!(told.last().and_then(|line| line.event).map(Why::Event), Some(event));

    let shown = |target: &Target| {
        let filter = journal_of(target, &timeline);
        filter.showing(&timeline, EventId(0)).cloned().collect::<Vec<_>>()
    };
    let message = timeline.messages(t)[4].id;
    let life: Vec<EventId> = shown(&Target::Message(message)).iter().map(|e| e.id).collect();
    assert_eq!(life, timeline.biography(message));
    let plug = shown(&Target::Plug("billing".into()));
    let named = |events: &[Event], name: &str| {
        events.iter().any(|event| journal::sentence(&timeline, event).contains(name))
    };
    assert!(named(&plug, "billing") && !named(&plug, "email"));
    let added = |event: &&Event| matches!(event.what, What::Lab(LabFact::NodeAdded { .. }));
    assert_eq!(plug.iter().filter(added).count(), 2, "one node a lane");
}

#[test]
fn menus_offer_what_the_state_allows() {
    let timeline = plugged();
    let plug = Target::Plug("billing".into());
    let has = |t: Instant, action: &Action| {
        let wanted = Deed::Do(action.clone());
        menu(&timeline, t, &plug).iter().any(|item| item.deed == wanted)
    };
    let (out, back) = (
        Action::Unplug { consumer: "billing".into() },
        Action::PlugIn { consumer: "billing".into() },
    );
    assert!(has(ms(6_000), &out) && !has(ms(6_000), &back));
    assert!(has(ms(7_000), &back) && !has(ms(7_000), &out));
}

#[test]
fn a_form_as_it_opens_makes_a_command() {
    let timeline = plugged();
    let t = ms(6_000);
    let name = || "billing".into();
    for subject in [
        Subject::Producer,
        Subject::Redis,
        Subject::Subscriber,
        Subject::Broker,
        Subject::Topic,
        Subject::Partitions("orders".into()),
        Subject::Consumer,
        Subject::Rate("shop".into()),
        Subject::Burst("shop".into()),
        Subject::Work(name()),
        Subject::Variance(name()),
        Subject::Failure(name()),
        Subject::Latency(name()),
        Subject::Seek(name()),
        Subject::Account(name()),
        Subject::Replica("redis-1".into()),
        Subject::Console("redis-1".into()),
        Subject::Memory("redis-1".into()),
        Subject::StreamReader,
        Subject::ListWorker,
        Subject::Upkeep(Upkeep::ErrorHandling(name())),
        Subject::Upkeep(Upkeep::SeekToTime(name())),
        Subject::Upkeep(Upkeep::Fetching(name())),
        Subject::Upkeep(Upkeep::Assign(name())),
        Subject::Upkeep(Upkeep::Redrive("orders-dlt".into())),
        Subject::Upkeep(Upkeep::Reset(name(), "orders".into())),
        Subject::Upkeep(Upkeep::PublishRetry("shop".into())),
        Subject::Upkeep(Upkeep::Partition("shop".into())),
    ] {
        let form = Form::new(&timeline, t, subject.clone());
        let entries: Vec<String> = form.fields.iter().map(|field| field.value.clone()).collect();
        form.action(&entries).unwrap_or_else(|wrong| panic!("{subject:?}: {wrong:?}"));
    }
}

#[test]
fn a_form_reads_numbers_exactly_and_blames_the_field() {
    let timeline = plugged();
    let form = |subject| Form::new(&timeline, ms(6_000), subject);
    let one = |subject, entry: &str| form(subject).action(&[entry.to_owned()]);
    let shop = || Subject::Rate("shop".into());
    let rate = |per_kilosecond| Ok(Action::SetRate { producer: "shop".into(), per_kilosecond });
    assert_eq!(one(shop(), "0.5"), rate(500));
    assert_eq!(one(shop(), " 12 "), rate(12_000));
    assert_eq!(one(shop(), "0"), rate(0));
    for bad in ["", "-1", "five", "1.2345", "1e3", "."] {
        assert_eq!(one(shop(), bad).map_err(|wrong| wrong.field), Err(0), "{bad}");
    }
    let takes = Ok(Action::SetWork { consumer: "billing".into(), takes: Span::from_micros(1_500) });
    assert_eq!(one(Subject::Work("billing".into()), "1.5"), takes);
    let fails = |on: &str, what: &str| {
        form(Subject::Failure("billing".into())).action(&[on.to_owned(), what.to_owned()])
    };
    let set = |fails| Ok(Action::SetFailure { consumer: "billing".into(), fails });
    assert_eq!(fails("these numbers", "41, 42"), set(Failure::Numbers(vec![41, 42])));
    assert_eq!(fails("a share of all", "2.5"), set(Failure::Chance(25_000)));
    assert_eq!(fails("a key", "").map_err(|wrong| wrong.field), Err(1));

    let consumer = form(Subject::Consumer);
    let mut entries: Vec<String> = consumer.fields.iter().map(|f| f.value.clone()).collect();
    let place = |label| consumer.fields.iter().position(|f| f.label == label).expect("a field");
    entries[place("max.poll.records")] = "many".into();
    let Ok(Action::AddConsumer { config, group, .. }) = consumer.action(&entries) else {
        panic!("settings are the run's to judge")
    };
    assert_eq!(config.get("max.poll.records").map(|value| &**value), Some("many"));
    assert!(!config.contains_key("group.id") && !config.contains_key("session.timeout.ms"));
    assert_eq!(&*group, &*entries[place("group.id")]);
    // The words of lab/options.rs and lab/check.rs.
    for (reason, field) in [
        (
            "max.poll.records of a consumer is \"many\"; it must be a whole number.",
            "max.poll.records",
        ),
        ("The name \"consumer-1\" is taken; choose another.", "name"),
    ] {
        assert_eq!(consumer.blame(&entries, reason), place(field), "{reason}");
    }
}

#[test]
fn a_form_with_nothing_to_choose_from_says_so_before_it_opens() {
    let timeline = plugged();
    let probe = |upkeep| Form::new(&timeline, ms(6_000), Subject::Upkeep(upkeep)).probe();
    let wrong = |upkeep| probe(upkeep).map_err(|entry| entry.wrong);
    let mut brokers = timeline.nodes().iter().filter(|node| node.kind == NodeKind::Broker);
    let (Some(broker), None) = (brokers.next(), brokers.next()) else { panic!("one broker") };
    let between = Upkeep::Between(broker.name.clone());
    assert_eq!(wrong(between), Err("There is no other broker.".into()));
    assert_eq!(wrong(Upkeep::Fetching("nobody".into())), Err("It owns no partition now.".into()));
    assert_eq!(wrong(Upkeep::ErrorHandling("billing".into())), Ok(None));
    let reset = Action::ResetOffsets {
        group: "billing".into(),
        topic: "orders".into(),
        to: ResetTo::Earliest,
    };
    assert_eq!(probe(Upkeep::Reset("billing".into(), "orders".into())), Ok(Some(reset)));
}

#[test]
fn forms_of_the_tools_make_their_commands() {
    let timeline = plugged();
    let make = |upkeep, entries: &[&str]| {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        Form::new(&timeline, ms(6_000), Subject::Upkeep(upkeep)).action(&entries)
    };
    let billing = || "billing".into();
    let handling = |handling| Ok(Action::SetErrorHandling { consumer: billing(), handling });
    let on_error = |entries: [&str; 4]| make(Upkeep::ErrorHandling(billing()), &entries);
    let second = Span::from_millis(1_000);
    assert_eq!(on_error(["skip", "3", "1000", "2"]), handling(ErrorHandling::Skip));
    assert_eq!(
        on_error(["dead letter", "3", "1000", "2"]),
        handling(ErrorHandling::DeadLetter { interval: second, attempts: 3 })
    );
    assert_eq!(
        on_error(["retry topics", "4", "1000", "2"]),
        handling(ErrorHandling::RetryTopics { attempts: 4, delay: second, multiplier: 2 })
    );
    assert_eq!(on_error(["skip", "few", "1000", "2"]).map_err(|wrong| wrong.field), Err(1));
    let orders = |partition| TopicPartition { topic: "orders".into(), partition };
    assert_eq!(
        make(Upkeep::SeekToTime(billing()), &["orders-1", "2.5"]),
        Ok(Action::SeekToTime { consumer: billing(), partition: orders(1), at: ms(2_500) })
    );
    assert_eq!(
        make(Upkeep::Assign(billing()), &["orders-0, orders-1"]),
        Ok(Action::Assign { consumer: billing(), partitions: vec![orders(0), orders(1)] })
    );
    assert_eq!(make(Upkeep::Assign(billing()), &["orders"]).map_err(|wrong| wrong.field), Err(0));
    assert_eq!(
        make(Upkeep::Fetching(billing()), &["orders-0", "resume"]),
        Ok(Action::ResumePartition { consumer: billing(), partition: orders(0) })
    );
    assert_eq!(
        make(Upkeep::Between("kafka-1".into()), &["kafka-2", "heal"]),
        Ok(Action::HealBetween { one: "kafka-1".into(), other: "kafka-2".into() })
    );
}

#[test]
fn a_configuration_shows_every_value_and_sends_what_was_changed() {
    let timeline = plugged();
    let row = |name: &str, value: &str, fixed| PrintedRow {
        cells: vec![name.into(), value.into()],
        fixed,
        ..PrintedRow::default()
    };
    let printed = |rows| [Printed { command: String::new(), columns: &[], rows }];
    let open = |upkeep, rows| {
        let mut form = Form::new(&timeline, ms(6_000), Subject::Upkeep(upkeep));
        assert_eq!(form.probe(), Ok(None), "it can be opened");
        form.fill(&printed(rows));
        form
    };
    let of = Configured::Broker("kafka-1".into());
    let rows = vec![
        row("num.partitions", "1", Some("A broker reads it when it starts.")),
        row("log.retention.ms", "604800000", None),
    ];
    let form = open(Upkeep::Config(of.clone()), rows);
    // What can be changed stands first.
    let labels: Vec<&str> = form.fields.iter().map(|field| &*field.label).collect();
    assert_eq!(labels, ["log.retention.ms", "num.partitions"]);
    let entries = |log: &str| [log.to_owned(), "3".to_owned()];
    assert_eq!(form.action(&entries("604800000")).map_err(|wrong| wrong.field), Err(0));
    let config = [("log.retention.ms".into(), "1000".into())].into_iter().collect();
    assert_eq!(form.action(&entries("1000")), Ok(Action::AlterConfig { of, config }));

    let server = || "redis-1".into();
    let rows = vec![
        row("maxmemory", "0", None),
        row("client-output-buffer-limit", "normal 0 0 0", None),
        row("requirepass", "", None),
    ];
    let form = open(Upkeep::RedisConfig(server()), rows);
    let entries = ["1mb", "pubsub 1mb 1mb 10", "a \"b\\"].map(str::to_owned);
    // As redis-cli takes them (sds.c: sdssplitargs).
    let line = r#"CONFIG SET client-output-buffer-limit "pubsub 1mb 1mb 10" maxmemory "1mb" requirepass "a \"b\\""#;
    assert_eq!(form.action(&entries), Ok(Action::Console { server: server(), line: line.into() }));
}

#[test]
fn what_can_be_added_covers_nothing() {
    let mut timeline = Timeline::default();
    timeline.extend(&crowd(9, ms(OUT), ms(8_150), &["email", "billing", "search"], 3));
    let t = ms(7_000);
    let mut seen = 0;
    for (width, height) in [(720.0, 560.0), (1_024.0, 700.0), (1_440.0, 860.0), (2_560.0, 1_300.0)]
    {
        let view = View { sentence: false, ..View::new(width, height) };
        let (layout, picture) = stage(&timeline, t, &view);
        let adders = adders(&timeline, t, &layout, &picture);
        seen += adders.len();
        for (n, adder) in adders.iter().enumerate() {
            assert!(Rect::new(0.0, 0.0, picture.width, picture.height).holds(adder.area));
            let buttons = picture.shapes.iter();
            let buttons =
                buttons.filter(|shape| shape.role != Role::Decoration && !shape.is_wire());
            for shape in buttons {
                assert!(!shape.area.overlaps(adder.area), "{} on {}", adder.name, shape.id);
            }
            assert!(adders[..n].iter().all(|other| !other.area.overlaps(adder.area)));
        }
    }
    assert!(seen >= 12, "{seen} places in four frames");
}

#[test]
fn arrows_go_to_what_lies_there() {
    let all = [
        Rect::new(0.0, 0.0, 100.0, 50.0),
        Rect::new(200.0, 0.0, 100.0, 50.0),
        Rect::new(200.0, 100.0, 100.0, 50.0),
        Rect::new(0.0, 300.0, 100.0, 50.0),
    ];
    let go = |from: usize, way| neighbour(&all, all[from], way);
    assert_eq!(go(0, Way::Right), Some(1));
    assert_eq!(go(1, Way::Left), Some(0));
    assert_eq!(go(1, Way::Down), Some(2));
    assert_eq!(go(2, Way::Up), Some(1));
    assert_eq!(go(0, Way::Down), Some(3));
    assert_eq!((go(0, Way::Left), go(0, Way::Up), go(3, Way::Down)), (None, None, None));
}

#[test]
fn jumps_find_what_they_name() {
    let timeline = plugged();
    let count = |jump: Jump| timeline.events().iter().filter(|event| jump.wants(event)).count();
    let lost = timeline.lane(System::Redis, ms(20_000)).lost as usize;
    assert_eq!(count(Jump::Loss), lost);
    assert!(lost > 3, "the plug was out");
    let commands = timeline.marks().iter().filter(|mark| mark.label.contains("plugged")).count();
    let early = timeline.events().iter().take_while(|event| event.at == Instant::ZERO);
    let setup = early.filter(|event| Jump::Command.wants(event)).count();
    assert_eq!((count(Jump::Command) - setup, commands), (2, 2));
    assert_eq!(count(Jump::Cut) + count(Jump::Repeat), 0);
}

#[test]
fn what_is_odd_raises_a_question_and_its_answer_lights_the_chain() {
    let timeline = plugged();
    let (before, out) = (ms(OUT - 100), ms(8_100));
    let asked = |t: Instant, target: &Target| {
        let sheet = inspect(&timeline, t, target).expect("it is there");
        sheet.questions
    };
    let find = |kind: NodeKind| {
        let of = |node: &&crate::timeline::Node| node.kind == kind && &*node.name == "billing";
        timeline.nodes().iter().find(of).expect("billing").id
    };
    let consumer = Target::Node(find(NodeKind::Consumer));
    let questions = asked(out, &consumer);
    let whys: Vec<Why> = questions.iter().map(|(_, why)| *why).collect();
    assert!(matches!(whys[..], [Why::Idle(_), Why::Lag(_)]), "{questions:?}");
    let told = answer(&timeline, out, whys[0]);
    assert!(told[0].sentence.contains("its plug is out"), "{told:?}");
    assert!(lights(&timeline, out, whys[0], &told).contains(&consumer));
    // What waits: its partitions and their bookmarks.
    let told = answer(&timeline, out, whys[1]);
    let lit = lights(&timeline, out, whys[1], &told);
    let partitions = lit.iter().filter(|it| matches!(it, Target::Partition(_))).count();
    assert_eq!(partitions, 2, "{lit:?}");
    assert!(lit.iter().any(|it| matches!(it, Target::Bookmark(group, _) if &**group == "billing")));

    // The connection of its subscriber is gone; before, there was nothing to ask.
    let client = find(NodeKind::Subscriber);
    let wire = timeline.wires().iter().find(|wire| wire.client == client).expect("a connection");
    let (wire, why) = (Target::Wire(wire.id), Why::Closed(wire.id));
    assert_eq!(asked(before, &wire), []);
    assert_eq!(asked(out, &wire), [("Why is it closed?".to_owned(), why)]);
    let told = answer(&timeline, out, why);
    assert!(told[0].sentence.contains("the plug was pulled"), "{told:?}");
    assert!(lights(&timeline, out, why, &told).contains(&wire));

    // Every question has an answer, and stands in the menu of its thing too.
    let (_, picture) = stage(&timeline, out, &View::new(1_440.0, 860.0));
    for target in picture.shapes.iter().filter_map(|shape| shape.target.clone()) {
        let offered = menu(&timeline, out, &target);
        for (words, why) in asked(out, &target) {
            assert!(!answer(&timeline, out, why).is_empty(), "{words}");
            assert!(offered.iter().any(|item| item.deed == Deed::Why(why)), "{words}");
        }
    }
}

#[test]
fn a_chart_says_in_words_what_it_draws() {
    let timeline = plugged();
    let t = ms(8_100);
    let log = &timeline.logs()[0];
    let sheet = inspect(&timeline, t, &Target::Partition(log.partition.clone())).expect("there");
    let chart = sheet.blocks.iter().find_map(|block| match block {
        Block::Chart(chart) => Some(chart),
        _ => None,
    });
    let chart = chart.expect("its lag");
    assert!(chart.top.ends_with(" messages") && chart.from.ends_with(" s ago"), "{chart:?}");
    for series in &chart.series {
        let name = series.label.split(' ').next().expect("a name");
        assert!(chart.words.contains(name), "{}", chart.words);
    }
    let billing = chart.series.iter().find(|line| line.label.starts_with("billing"));
    let billing = billing.expect("it lags");
    assert!(billing.label.contains('\u{25b2}') && chart.words.contains("rising"), "{billing:?}");
}
