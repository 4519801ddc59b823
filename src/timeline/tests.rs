//! The fold against hand-made events whose outcome can be counted on paper.

use super::pace::{GAP, HOP, Pace, folds};
use super::story::{LATENCY, Story, ms, one_plug, partition};
use super::*;
use crate::event::Name;
use crate::event::{
    Action, Cargo, CloseReason, Course, KafkaFact, LabFact, LostReason, NodeKind, NodeState,
    RebalancePhase, RedisFact, Ruling, Standing, What,
};
use crate::sim::Span;

fn told(events: &[Event]) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.extend(events);
    timeline
}

fn us(us: u64) -> Instant {
    Instant(us * 1_000)
}

/// Two nodes with one connection between them, open from the start.
fn pair() -> (Story, (NodeId, NodeId)) {
    let mut story = Story::default();
    let a = story.node(1, NodeKind::RedisServer, "redis-1", Some(System::Redis), None);
    let b = story.node(2, NodeKind::Subscriber, "email", Some(System::Redis), None);
    story.connect(Instant::ZERO, 7, b, a);
    (story, (a, b))
}

fn push() -> Cargo {
    Cargo::RedisPush { channel: "orders".into() }
}

fn motions(timeline: &Timeline, t: Instant) -> Vec<(f64, MotionState)> {
    let mut all = Vec::new();
    timeline.under_way(t, |motion| all.push((motion.progress, motion.state)));
    all
}

#[test]
fn a_hop_is_under_way_from_departure_to_arrival() {
    let (mut story, ends) = pair();
    story.hop(ms(10), 7, ends, push(), &[]);
    let timeline = told(&story.tell());
    assert_eq!(motions(&timeline, us(9_999)), []);
    assert_eq!(motions(&timeline, ms(10)), [(0.0, MotionState::Moving)]);
    assert_eq!(motions(&timeline, us(10_500)), [(0.5, MotionState::Moving)]);
    assert_eq!(motions(&timeline, ms(11)), []);
}

#[test]
fn an_interrupted_hop_stands_still_and_goes_on_from_there() {
    let (mut story, ends) = pair();
    let hop = story.hop(ms(10), 7, ends, push(), &[]);
    story.add(us(10_250), What::Ruled(Ruling { hop, course: Course::Held }));
    story.add(ms(20), What::Ruled(Ruling { hop, course: Course::Arrives(ms(23)) }));
    let timeline = told(&story.tell());
    assert_eq!(motions(&timeline, us(10_250)), [(0.25, MotionState::Held)]);
    assert_eq!(motions(&timeline, ms(15)), [(0.25, MotionState::Held)]);
    assert_eq!(motions(&timeline, ms(21)), [(0.5, MotionState::Moving)]);
    assert_eq!(motions(&timeline, ms(23)), []);
    // Looking back again, before the ruling, is what was seen then.
    assert_eq!(motions(&timeline, us(10_100)), [(0.1, MotionState::Moving)]);
}

#[test]
fn a_lost_hop_falls_where_it_was() {
    let (mut story, ends) = pair();
    let hop = story.hop(ms(10), 7, ends, push(), &[]);
    story.add(us(10_750), What::Ruled(Ruling { hop, course: Course::Lost }));
    let timeline = told(&story.tell());
    assert_eq!(motions(&timeline, us(10_750)), [(0.75, MotionState::Falling(0.0))]);
    assert_eq!(motions(&timeline, us(11_250)), [(0.75, MotionState::Falling(0.5))]);
    assert_eq!(motions(&timeline, us(11_750)), []);
}

#[test]
fn the_ledger_of_every_party_balances_at_every_event() {
    let events = one_plug(12, ms(6_300), ms(8_150));
    let timeline = told(&events);
    for event in &events {
        let t = event.at;
        let lanes = [System::Redis, System::Kafka].map(|system| timeline.lane(system, t));
        let parties = timeline.parties().iter().map(|party| party.sums(t));
        for sums in parties.chain(lanes) {
            let Sums { expected, on_its_way, waiting, delivered, parked, lost, refused, .. } = sums;
            let standings = on_its_way + waiting + delivered + parked + lost + refused;
            assert_eq!(expected, standings, "at {t}: {sums:?}");
        }
    }
    // The plug is out from 6.3 s to 8.15 s: orders 32 (6.4 s) to 40 (8.0 s).
    let end = ms(11_900);
    let billing = timeline.parties().iter().find(|p| &*p.name == "billing").expect("billing");
    let numbers: Vec<u32> = billing.lost(end)[0].messages.iter().map(|id| id.0 as u32).collect();
    assert_eq!(numbers, (32..=40).collect::<Vec<_>>());
    assert_eq!(billing.lost(end)[0].reason, LostReason::NotConnected);
    let redis = timeline.lane(System::Redis, end);
    assert_eq!((redis.expected, redis.lost, redis.delivered, redis.late), (59, 9, 50, 0));
    let kafka = timeline.lane(System::Kafka, end);
    assert_eq!((kafka.expected, kafka.lost, kafka.delivered, kafka.late), (59, 0, 59, 9));
    // While it is out, what waits is what the cells from the bookmark on are.
    let out = ms(8_100);
    let pull =
        timeline.parties().iter().find(|p| &*p.name == "billing" && p.system == System::Kafka);
    let pull = pull.expect("billing's group");
    for (index, log) in timeline.logs().iter().enumerate() {
        let bookmark = log.committed("billing", out).expect("it has committed");
        assert_eq!(u64::from(pull.waiting_in(index, out)), log.end(out) - bookmark);
    }
}

#[test]
fn a_loss_that_is_reopened_is_no_loss() {
    let mut story = Story::default();
    let (party, message) = (PartyId(3), MessageId(1));
    let name = "billing".into();
    story.lab(Instant::ZERO, LabFact::PartyAdded { party, name, system: System::Kafka });
    let mut stands = |at, standing| {
        story.lab(at, LabFact::Stands { message, party, standing, sent: ms(1) });
    };
    stands(ms(1), Standing::Waiting);
    stands(ms(2), Standing::Lost(LostReason::Skipped));
    stands(ms(3), Standing::Waiting);
    let timeline = told(&story.tell());
    let lost = |t| timeline.sums(party, t).lost as usize;
    assert_eq!((lost(ms(1)), lost(ms(2)), lost(ms(3))), (0, 1, 0));
    let lost = Lost { reason: LostReason::Skipped, count: 1, messages: vec![message] };
    assert_eq!(timeline.lost(party, ms(2)), [lost]);
    assert_eq!(timeline.lost(party, ms(3)), []);
}

/// Late is what was handled late, or still waits and will be: not what will never come.
#[test]
fn what_is_lost_is_not_late() {
    let mut story = Story::default();
    let (near, far, message) = (PartyId(1), PartyId(2), MessageId(1));
    for (party, name) in [(near, "email"), (far, "billing")] {
        let (name, system) = (name.into(), System::Redis);
        story.lab(Instant::ZERO, LabFact::PartyAdded { party, name, system });
    }
    let redis = story.node(1, NodeKind::RedisServer, "redis-1", Some(System::Redis), None);
    let billing = story.node(2, NodeKind::Subscriber, "billing", Some(System::Redis), Some(2));
    story.connect(ms(1), 7, billing, redis);
    let mut stands = |at, party, standing| {
        story.lab(at, LabFact::Stands { message, party, standing, sent: ms(2) });
    };
    stands(ms(2), near, Standing::OnItsWay);
    stands(ms(2), far, Standing::OnItsWay);
    stands(ms(3), near, Standing::Delivered);
    stands(ms(3), far, Standing::Waiting);
    stands(ms(9), far, Standing::Lost(LostReason::ConnectionClosed));
    stands(ms(12), far, Standing::Waiting);
    stands(ms(15), far, Standing::Delivered);
    let reason = CloseReason::ByPerson;
    story.lab(ms(6), LabFact::Disconnected { connection: ConnectionId(7), reason });
    let timeline = told(&story.tell());
    // While billing is away it waits, and will be late; then it is lost, and then it comes after all.
    for (at, late, lost) in [(3, 0, 0), (6, 1, 0), (9, 0, 1), (12, 1, 0), (15, 1, 0)] {
        let (party, lane) = (timeline.sums(far, ms(at)), timeline.lane(System::Redis, ms(at)));
        assert_eq!((party.late, party.lost), (late, lost), "billing at {at} ms");
        assert_eq!((lane.late, lane.lost), (late, lost), "Redis at {at} ms");
    }
}

/// A lane counts a message once, and gives it one reason, however many lost it.
#[test]
fn the_reasons_of_a_lane_add_up_to_what_it_lost() {
    let mut story = Story::default();
    let (email, billing) = (PartyId(1), PartyId(2));
    for (party, name) in [(email, "email"), (billing, "billing")] {
        let (name, system) = (name.into(), System::Redis);
        story.lab(Instant::ZERO, LabFact::PartyAdded { party, name, system });
    }
    let stands = |story: &mut Story, at, number, party, standing| {
        let message = MessageId(number);
        story.lab(ms(at), LabFact::Stands { message, party, standing, sent: ms(1) });
    };
    let (away, cut) = (LostReason::NotConnected, LostReason::OutputBuffer);
    stands(&mut story, 1, 1, email, Standing::Lost(away));
    stands(&mut story, 2, 1, billing, Standing::Lost(cut));
    stands(&mut story, 3, 2, email, Standing::Delivered);
    stands(&mut story, 3, 2, billing, Standing::Lost(cut));
    stands(&mut story, 4, 1, email, Standing::Delivered);
    stands(&mut story, 5, 1, billing, Standing::Delivered);
    let timeline = told(&story.tell());
    let lost = |at| timeline.lane_lost(System::Redis, ms(at)).collect::<Vec<_>>();
    assert_eq!(lost(2), [(away, false, 1)], "two parties lost the one message");
    assert_eq!(lost(3), [(away, false, 1), (cut, false, 1)]);
    // Billing has not got it yet.
    assert_eq!(lost(4), [(away, false, 1), (cut, false, 1)]);
    assert_eq!(lost(5), [(cut, false, 1)]);
    for at in 1..=5 {
        let sum: u32 = lost(at).iter().map(|(_, _, count)| count).sum();
        assert_eq!(sum, timeline.lane(System::Redis, ms(at)).lost, "at {at} ms");
    }
}

/// The plug stays where it is while its consumer runs; it never stays with one that has crashed
/// while another runs.
#[test]
fn a_plug_does_not_jump() {
    let mut story = Story::default();
    let email = story.node(1, NodeKind::Subscriber, "email", Some(System::Redis), Some(1));
    let billing = story.node(2, NodeKind::Subscriber, "billing", Some(System::Redis), Some(2));
    let changed = |node, state| LabFact::NodeChanged { node, state };
    let out = |name: &str| Action::Unplug { consumer: name.into() };
    story.lab(ms(5), changed(email, NodeState::Crashed));
    story.lab(ms(6), changed(billing, NodeState::Crashed));
    story.lab(ms(7), changed(email, NodeState::Running));
    story.lab(ms(8), changed(billing, NodeState::Running));
    story.lab(ms(9), LabFact::Commanded(out("billing")));
    story.lab(ms(10), LabFact::Commanded(out("email")));
    story.lab(ms(11), LabFact::Commanded(Action::PlugIn { consumer: "email".into() }));
    story.lab(ms(12), LabFact::Commanded(Action::PlugIn { consumer: "billing".into() }));
    let timeline = told(&story.tell());
    let whose = |at| timeline.plug(ms(at)).expect("somebody reads").to_string();
    for (at, name) in [
        (1, "billing"),
        (5, "billing"),
        // Nobody runs.
        (6, "billing"),
        (7, "email"),
        (8, "email"),
        (9, "billing"),
        (10, "email"),
        // Billing's is still out.
        (11, "billing"),
        (12, "billing"),
    ] {
        assert_eq!(whose(at), name, "at {at} ms");
    }
}

#[test]
fn a_log_is_what_it_was() {
    let mut story = Story::default();
    let place = partition(0);
    let kafka = |fact| What::Kafka { node: NodeId(2), fact };
    for offset in 0..5 {
        let partition = place.clone();
        let (segment, bytes) = (offset / 3 * 3, 100);
        let fact =
            KafkaFact::Appended { partition, offset, leader_epoch: 0, segment, bytes, tag: None };
        story.add(ms(10 * (offset + 1)), kafka(fact));
    }
    let moved = KafkaFact::HighWatermarkMoved { partition: place.clone(), offset: 4 };
    story.add(ms(60), kafka(moved));
    let reason = "retention.ms".into();
    let start = KafkaFact::LogStartMoved { partition: place.clone(), offset: 3, reason };
    story.add(ms(70), kafka(start));
    let timeline = told(&story.tell());
    let (_, log) = timeline.log(&place).expect("the log");
    let offsets = |t| log.cells(t).iter().map(|cell| cell.offset).collect::<Vec<_>>();
    assert_eq!(offsets(ms(9)), [0_u64; 0]);
    assert_eq!(offsets(ms(30)), [0, 1, 2]);
    assert_eq!((log.high_watermark(ms(59)), log.high_watermark(ms(60))), (0, 4));
    assert_eq!(offsets(ms(70)), [3, 4]);
    assert_eq!((log.start(ms(70)), log.end(ms(70))), (3, 5));
}

#[test]
fn a_new_leader_goes_on_from_what_it_has() {
    let mut story = Story::default();
    let kafka = |fact| What::Kafka { node: NodeId(2), fact };
    let append = |offset, leader_epoch| KafkaFact::Appended {
        partition: partition(0),
        offset,
        leader_epoch,
        segment: 0,
        bytes: 100,
        tag: None,
    };
    for offset in 0..4 {
        story.add(ms(10 + offset), kafka(append(offset, 0)));
    }
    let (leader, leader_epoch, unclean) = (Some(3), 1, true);
    let place = partition(0);
    let elected = KafkaFact::LeaderElected { partition: place, leader, leader_epoch, unclean };
    story.add(ms(20), kafka(elected));
    story.add(ms(30), kafka(append(2, 1)));
    let timeline = told(&story.tell());
    let (_, log) = timeline.log(&partition(0)).expect("the log");
    let epochs = |t| log.cells(t).iter().map(|cell| cell.leader_epoch).collect::<Vec<_>>();
    assert_eq!(epochs(ms(29)), [0, 0, 0, 0]);
    assert_eq!(epochs(ms(30)), [0, 0, 1], "records 2 and 3 of the old leader are gone");
    assert_eq!((log.leader(ms(19)), log.leader(ms(20))), (None, Some(3)));
}

#[test]
fn a_fetch_lies_at_the_broker_until_it_is_answered() {
    let mut story = Story::default();
    let broker = story.node(2, NodeKind::Broker, "broker-1", Some(System::Kafka), None);
    let reader = story.node(5, NodeKind::Consumer, "email", Some(System::Kafka), None);
    story.connect(Instant::ZERO, 9, reader, broker);
    let from = vec![(partition(0), 20)];
    story.hop(ms(10), 9, (reader, broker), Cargo::Fetch { from: from.clone() }, &[]);
    story.hop(ms(40), 9, (broker, reader), Cargo::Fetched { from, error: None }, &[]);
    let timeline = told(&story.tell());
    let wire = &timeline.wires()[0];
    let lies = |t| timeline.parked_fetch(wire, t).is_some();
    assert_eq!([10, 11, 39, 40].map(|t| lies(ms(t))), [false, true, true, false]);
}

#[test]
fn a_buffer_and_a_subscription_end_with_their_connection() {
    let (mut story, (redis, _)) = pair();
    let (client, channel) = (ConnectionId(7), Name::from("orders"));
    let add = |story: &mut Story, at, fact| story.add(at, What::Redis { node: redis, fact });
    let subscribed = RedisFact::Subscribed { client, channel: channel.clone(), pattern: false };
    add(&mut story, ms(1), subscribed);
    let (tag, pattern, buffered) = (None, false, 138);
    add(&mut story, ms(5), RedisFact::Queued { client, channel, pattern, tag, buffered });
    let reason = CloseReason::Unplugged;
    story.lab(ms(9), LabFact::Disconnected { connection: client, reason });
    let timeline = told(&story.tell());
    let subscribers = |t| timeline.subscriptions(t).count();
    assert_eq!([0, 1, 8, 9].map(|t| subscribers(ms(t))), [0, 1, 1, 0]);
    assert_eq!(timeline.wires()[0].buffered.value(ms(8)), 138);
    assert_eq!(timeline.wires()[0].buffered.value(ms(9)), 0);
    assert!(timeline.open_wire(NodeId(2), ms(8)).is_some());
    assert!(timeline.open_wire(NodeId(2), ms(9)).is_none());
}

#[test]
fn a_biography_is_everything_about_one_message_in_order() {
    let timeline = told(&one_plug(3, ms(2_700), ms(2_900)));
    let told: Vec<String> = timeline
        .biography(MessageId(5))
        .iter()
        .filter_map(|id| timeline.event(*id))
        .map(|event| journal::sentence(&timeline, event))
        .collect();
    assert_eq!(told[0], "shop sent message 5, key bo, 100 bytes.");
    assert!(told.contains(&"broker-1 appended message 5 to orders-1 at offset 2.".to_owned()));
    assert!(told.contains(&"email handled message 5.".to_owned()));
    assert!(told.iter().all(|line| line.contains("essage 5") && line.ends_with('.')));
}

#[test]
fn marks_say_what_a_person_did() {
    let timeline = told(&one_plug(3, ms(1_000), ms(2_000)));
    let marks: Vec<(&str, MarkKind)> =
        timeline.marks().iter().map(|mark| (&*mark.label, mark.kind)).collect();
    let expected =
        [("billing unplugged", MarkKind::Fault), ("billing plugged in", MarkKind::Command)];
    assert_eq!(marks, expected);
}

/// The defaults of `ConsumerConfig`: `session.timeout.ms` 45 s, `max.poll.interval.ms` 5 min.
#[test]
fn the_two_clocks_are_those_that_kafka_tells() {
    let mut story = Story::default();
    let broker = story.node(1, NodeKind::Broker, "kafka-1", Some(System::Kafka), None);
    let billing = story.node(2, NodeKind::Consumer, "billing", Some(System::Kafka), None);
    story.connect(Instant::ZERO, 7, billing, broker);
    let fetch = || Cargo::Fetch { from: vec![(partition(0), 0)] };
    story.hop(ms(1_000), 7, (billing, broker), fetch(), &[]);
    let kafka = |node, fact| What::Kafka { node, fact };
    let polled = KafkaFact::PollReturned { records: 1, until: ms(301_000) };
    story.add(ms(1_000), kafka(billing, polled));
    let (group, member): (Name, Name) = ("billing".into(), "billing-6f1c".into());
    let heard = |until| {
        let (group, member) = (group.clone(), member.clone());
        kafka(broker, KafkaFact::SessionExtended { group, member, until })
    };
    let phase = RebalancePhase::Joining;
    let joining = KafkaFact::PhaseChanged { group: group.clone(), member: member.clone(), phase };
    story.add(ms(2_999), kafka(billing, joining));
    story.add(ms(3_000), heard(ms(48_000)));
    story.add(ms(6_000), heard(ms(51_000)));
    story.hop(ms(9_000), 7, (billing, broker), fetch(), &[]);
    story.lab(ms(10_000), LabFact::NodeRemoved { node: billing });
    let timeline = told(&story.tell());
    let node = timeline.node(billing).expect("billing");
    let left = |clock: Option<Clock>, t| clock.map(|clock| clock.left(t).as_millis());
    let poll = |t| left(node.poll.value(t), t);
    let session = |t| left(node.session.value(t), t);
    assert_eq!((poll(ms(999)), session(ms(2_999))), (None, None));
    // The fetch that leaves as `poll` returns is no call of `poll`; the next one is.
    assert_eq!(
        (poll(ms(1_000)), poll(ms(8_999)), poll(ms(9_000))),
        (Some(300_000), Some(292_001), None)
    );
    assert_eq!((session(ms(5_999)), session(ms(6_000))), (Some(42_001), Some(45_000)));
    assert!(node.exists(ms(9_999)) && !node.exists(ms(10_000)));
}

/// `ClassicGroup#generateMemberId`: a static member's id begins with its `group.instance.id`, which
/// need not be the consumer's name and may begin with another one's. Whose it is, it says itself.
#[test]
fn a_session_belongs_to_the_consumer_that_names_the_member_id() {
    let mut story = Story::default();
    let broker = story.node(1, NodeKind::Broker, "kafka-1", Some(System::Kafka), None);
    let billing = story.node(2, NodeKind::Consumer, "billing", Some(System::Kafka), None);
    let till = story.node(3, NodeKind::Consumer, "till", Some(System::Kafka), None);
    let group: Name = "shop".into();
    let heard = |member: &str, until| {
        let (group, member) = (group.clone(), member.into());
        What::Kafka { node: broker, fact: KafkaFact::SessionExtended { group, member, until } }
    };
    let joins = |node, member: &str, phase| {
        let (group, member) = (group.clone(), member.into());
        What::Kafka { node, fact: KafkaFact::PhaseChanged { group, member, phase } }
    };
    let removed = |member: &str| {
        let (group, member) = (group.clone(), member.into());
        let fact = KafkaFact::MemberRemoved { group, member, reason: "left".into() };
        What::Kafka { node: broker, fact }
    };
    story.add(ms(10), joins(billing, "", RebalancePhase::Joining));
    story.add(ms(11), heard("till-1-6f1c", ms(45_011)));
    // The answer is there.
    story.add(ms(12), joins(billing, "till-1-6f1c", RebalancePhase::Syncing));
    story.add(ms(13), heard("till-1-6f1c", ms(45_013)));
    // Started again as a new member; what the coordinator still counted is no matter of it.
    story.add(ms(20), heard("till-1-9a2b", ms(45_020)));
    story.add(ms(21), joins(billing, "till-1-9a2b", RebalancePhase::Syncing));
    story.add(ms(22), removed("till-1-6f1c"));
    story.add(ms(23), removed("till-1-9a2b"));
    let events = story.tell();
    let timeline = told(&events);
    // Readers know consumers by their names.
    let last = events.last().expect("an event");
    assert_eq!(journal::sentence(&timeline, last), "billing left group shop: left.");
    let session = |node, t| {
        let node = timeline.node(node).expect("a consumer");
        node.session.value(ms(t)).map(|clock: Clock| clock.left(ms(t)).as_millis())
    };
    let seen = [11, 12, 13, 21, 22, 23].map(|t| session(billing, t));
    let left = [44_999, 45_000, 44_999, 44_998].map(Some);
    assert_eq!(seen, [None, left[0], left[1], left[2], left[3], None]);
    assert!([11, 12, 13, 21, 22, 23].iter().all(|t| session(till, *t).is_none()));
}

#[test]
fn a_member_tells_its_own_part_in_a_rebalance() {
    let mut story = Story::default();
    let billing = story.node(2, NodeKind::Consumer, "billing", Some(System::Kafka), None);
    let (group, member): (Name, Name) = ("billing".into(), "billing-6f1c".into());
    let told_by = |fact| What::Kafka { node: billing, fact };
    let phase = |phase| {
        let (group, member) = (group.clone(), member.clone());
        told_by(KafkaFact::PhaseChanged { group, member, phase })
    };
    let assigned = |generation, partitions| {
        let (group, member) = (group.clone(), member.clone());
        told_by(KafkaFact::Assigned { group, member, generation, partitions })
    };
    story.add(ms(10), phase(RebalancePhase::Joining));
    story.add(ms(20), phase(RebalancePhase::Syncing));
    story.add(ms(30), assigned(1, vec![partition(0)]));
    story.add(ms(30), phase(RebalancePhase::Resumed));
    story.hop(ms(40), 7, (billing, NodeId(1)), Cargo::Fetch { from: vec![(partition(0), 0)] }, &[]);
    story.add(ms(50), phase(RebalancePhase::Joining));
    story.add(ms(60), assigned(2, Vec::new()));
    story.add(ms(60), phase(RebalancePhase::Resumed));
    let timeline = told(&story.tell());
    let node = timeline.node(billing).expect("billing");
    let seen = [9, 10, 20, 30, 40, 50, 60].map(|at| node.phase.value(ms(at)));
    let [none, join, sync, resume] = [Phase::Stable, Phase::Join, Phase::Sync, Phase::Resume];
    // Who is given nothing has nothing to resume.
    assert_eq!(seen, [none, join, sync, resume, none, join, none]);
}

#[test]
fn step_goes_to_what_is_drawn_next() {
    let (mut story, ends) = pair();
    story.hop(ms(10), 7, ends, Cargo::RedisCommand { command: "PING".into() }, &[]);
    story.hop(ms(20), 7, ends, push(), &[]);
    let timeline = told(&story.tell());
    assert_eq!(timeline.next_drawn(ms(1)), Some(ms(20)), "a heartbeat is not drawn");
    assert_eq!(timeline.next_drawn(ms(20)), None);
    assert_eq!(timeline.previous_drawn(ms(20)), Some(Instant::ZERO));
}

/// Plays a timeline that is fully known up to its end; returns what each span of virtual time
/// between `cuts` took on screen, in seconds.
fn play(timeline: &Timeline, cuts: &[Instant]) -> Vec<f64> {
    let (mut pace, mut t) = (Pace::default(), cuts[0]);
    let mut took = vec![0.0; cuts.len() - 1];
    let frame = 1_000.0 / 60.0;
    for _ in 0..100_000 {
        let mut left = frame;
        while left > 0.0 {
            let next = timeline.events().iter().map(|event| event.at).find(|at| *at > t);
            let at = cuts.iter().rposition(|cut| *cut <= t).unwrap_or(0);
            let step = pace.advance(timeline, t, next, left, f64::INFINITY);
            if let Some(sum) = took.get_mut(at) {
                *sum += (left - step.left_ms) / 1e3;
            }
            (t, left) = (step.to, step.left_ms);
            if cuts.last().is_some_and(|last| t >= *last) {
                return took;
            }
        }
    }
    panic!("it never ended: {took:?} at {t}");
}

#[test]
fn a_hop_takes_about_as_long_as_promised_and_so_does_a_gap() {
    let (mut story, ends) = pair();
    for i in 1..=20 {
        story.hop(ms(i * 500), 7, ends, push(), &[]);
    }
    let timeline = told(&story.tell());
    let cuts = [ms(8_500), ms(8_501), ms(9_000), ms(9_001), ms(9_500)];
    let took = play(&timeline, &cuts);
    for (i, seconds) in took.iter().enumerate() {
        let promised = if i % 2 == 0 { HOP } else { GAP };
        // The turn between two scales costs a few frames.
        assert!((seconds - promised).abs() < 0.3, "{took:?}");
    }
}

#[test]
fn an_even_load_is_shown_evenly() {
    let (mut story, ends) = pair();
    for i in 1..=40 {
        story.hop(ms(i * 200), 7, ends, push(), &[]);
    }
    let timeline = told(&story.tell());
    let cuts: Vec<Instant> = (20..=39).map(|i| ms(i * 200)).collect();
    let took = play(&timeline, &cuts);
    // The first round settles.
    let mean = took[2..].iter().sum::<f64>() / took[2..].len() as f64;
    assert!(took[2..].iter().all(|seconds| (seconds - mean).abs() < 0.1), "{took:?}");
}

#[test]
fn three_quarters_of_a_minute_of_silence_pass_in_seconds() {
    let (mut story, ends) = pair();
    for i in 1..=5 {
        story.hop(ms(i * 500), 7, ends, push(), &[]);
    }
    // Heartbeats go on all the time and slow nothing.
    for i in 0..15 {
        let beat = Cargo::RedisCommand { command: "PING".into() };
        story.hop(ms(3_000 + i * 3_000), 7, ends, beat, &[]);
    }
    story.hop(ms(47_501), 7, ends, push(), &[]);
    let timeline = told(&story.tell());
    let took = play(&timeline, &[ms(2_501), ms(47_501)]);
    assert!(took[0] > 0.3 && took[0] < 3.0, "{took:?}");
    let folded = folds(&timeline, Instant::ZERO, ms(48_000), Span::from_secs(1));
    let lengths: Vec<Span> = folded.iter().map(|fold| fold.length()).collect();
    assert_eq!(lengths, [Span::from_millis(45_000)]);
}

#[test]
fn dense_traffic_has_a_fixed_pace() {
    let (mut story, ends) = pair();
    for i in 0..4_000_u64 {
        story.hop(us(1_000 + i * 5), 7, ends, push(), &[]);
    }
    let timeline = told(&story.tell());
    let scales: Vec<f64> =
        (0..50).map(|i| Pace::target(&timeline, us(10_000 + i * 20), None)).collect();
    assert!(scales.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1.0), "{scales:?}");
    // A step of 1, 2 or 5, and no faster than the hops' own pace.
    assert!((scales[0] - 1e6).abs() < 1.0, "{}", scales[0]);
    assert!(scales[0] <= LATENCY.0 as f64 / HOP);
}

#[test]
fn the_clock_says_how_time_runs() {
    for (scale, words) in [
        (1e6 / 0.4, "1 ms \u{2248} 0.4 s"),
        (1e9, "real time"),
        (1e3 / 0.5, "1 \u{b5}s \u{2248} 0.5 s"),
        (45e9, "1 min \u{2248} 1.3 s"),
    ] {
        assert_eq!(Pace::words(scale), words);
    }
}

#[test]
fn what_a_person_did_is_said_shortly() {
    for (action, words) in [
        (Action::Unplug { consumer: "billing".into() }, "billing unplugged"),
        (Action::SetRate { producer: "shop".into(), per_kilosecond: 5_000 }, "shop set to 5 / s"),
        (Action::SetRate { producer: "shop".into(), per_kilosecond: 500 }, "shop set to 30 / min"),
        (Action::SetRate { producer: "shop".into(), per_kilosecond: 1_500 }, "shop set to 1.5 / s"),
        (Action::SetRate { producer: "shop".into(), per_kilosecond: 0 }, "shop stopped"),
    ] {
        assert_eq!(journal::done(&action), words);
    }
}
