//! From a file's tree to a lesson. What the format declares is checked by `shape`; here are the
//! checks between fields. Whatever is missing has been reported before and is passed over.

use super::shape::{self, Report, mend, place};
use super::tree::{get, list, name, names, number, settings, span, string, tagged, text};
use super::{
    Bound, Button, CHAPTERS, Chapter, Choice, Claim, Condition, Deed, Face, Figure, Lesson,
    Mistake, Prediction, Shape, Step, Sum, Task, Text, Trigger, action, format,
};
use crate::event::{Action, Carrier, Keys, Load, LostReason, Name, System};
use crate::sim::SortedSet;
use jsonc_parser::ast::Value;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// Longest text of a step, in words.
const WORDS: usize = 40;

impl Lesson {
    /// Reads and checks somebody's own lesson: as [`Lesson::parse`], but recordings carry it.
    ///
    /// # Errors
    /// All mistakes of the text.
    pub fn parse_own(id: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        Self::parse(id, text).map(|lesson| Self { own: true, ..lesson })
    }

    /// Reads and checks a lesson file. All its mistakes are reported at once, unless it is not
    /// even JSON with comments.
    pub fn parse(id: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        let mut report = Report::new(text);
        let Some(root) = tree(text, &mut report) else { return Err(report.finish()) };
        shape::check(&root, &format::LESSON, &mut report);
        let mut builder = Builder { report, nodes: SortedSet::new() };
        let lesson = builder.lesson(id, text, &root);
        if builder.report.is_clean() { Ok(lesson) } else { Err(builder.report.finish()) }
    }

    /// Reads one action as a lesson file writes it, `{ "unplug": { "consumer": "billing" } }`,
    /// about the names of this lesson.
    ///
    /// # Errors
    /// All mistakes of the text.
    pub fn action(&self, text: &str) -> Result<Action, Vec<Mistake>> {
        let mut own = Builder { report: Report::new(&self.source), nodes: SortedSet::new() };
        if let Some(root) = tree(&self.source, &mut own.report) {
            own.topology(&root);
        }
        let mut report = Report::new(text);
        let Some(root) = tree(text, &mut report) else { return Err(report.finish()) };
        shape::check(&root, &Shape::Tagged(&action::ACTIONS), &mut report);
        let mut builder = Builder { report, nodes: own.nodes };
        match builder.action(&root) {
            Some(action) if builder.report.is_clean() => Ok(action),
            _ => Err(builder.report.finish()),
        }
    }
}

/// The text as a tree; none when it is not JSON with comments, which is then reported.
pub(super) fn tree<'t>(text: &'t str, report: &mut Report) -> Option<Value<'t>> {
    let options = ParseOptions {
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
        ..ParseOptions::default()
    };
    let found = match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let wrong = format!("this is not JSON: {}", lower(&error.kind().to_string()));
            report.add(error.range().start, wrong, "mend this first; the rest is unread");
            return None;
        }
    };
    if found.is_none() {
        report.add(0, "the file is empty", "write a lesson in `{ }`");
    }
    found
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Redis,
    Controller,
    Broker,
    Topic,
    Channel,
    Subscriber,
    Consumer,
    Group,
    Producer,
    StreamReader,
    ListWorker,
    /// A Redis stream or list.
    Key,
}

const CONSUMERS: &[Role] =
    &[Role::Subscriber, Role::Consumer, Role::StreamReader, Role::ListWorker];
/// A replica is a client of its primary.
const CLIENTS: &[Role] = &[
    Role::Subscriber,
    Role::Consumer,
    Role::StreamReader,
    Role::ListWorker,
    Role::Producer,
    Role::Redis,
];
const SERVERS: &[Role] = &[Role::Redis, Role::Controller, Role::Broker];
const PARTIES: &[Role] = &[Role::Subscriber, Role::StreamReader, Role::Key, Role::Group];
const NODES: &[Role] = &[
    Role::Redis,
    Role::Controller,
    Role::Broker,
    Role::Subscriber,
    Role::Consumer,
    Role::StreamReader,
    Role::ListWorker,
    Role::Producer,
];

pub(super) struct Builder<'t> {
    pub(super) report: Report<'t>,
    /// Every name of the topology with what it stands for.
    pub(super) nodes: SortedSet<(Role, Name)>,
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

impl Builder<'_> {
    fn lesson(&mut self, id: &str, source: &str, root: &Value) -> Lesson {
        let (places, topology): (Vec<usize>, _) = self.topology(root).into_iter().unzip();
        let steps = list(root, "steps").iter().map(|step| self.step(step)).collect();
        let chapter = text(root, "chapter");
        let chapter = CHAPTERS.iter().position(|(title, _)| *title == chapter);
        for (one, other) in [("chapter", "number"), ("number", "chapter")] {
            if let (Some(at), None) = (get(root, one), get(root, other)) {
                let wrong = format!("a lesson with a {one} has no {other}");
                self.report.add(place(at), wrong, format!("add `{other}`, or take `{one}` away"));
            }
        }
        Lesson {
            id: id.into(),
            title: text(root, "title"),
            sentence: text(root, "sentence"),
            chapter: chapter.map(Chapter),
            number: number(root, "number"),
            claims: list(root, "claims")
                .iter()
                .map(|claim| Claim {
                    says: text(claim, "says"),
                    fact: text(claim, "fact"),
                    reference: text(claim, "reference"),
                })
                .collect(),
            when: get(root, "youWantThisWhen").and_then(string),
            covers: list(root, "covers").iter().filter_map(string).collect(),
            seed: number(root, "seed").unwrap_or(1),
            topology,
            lines: places.into_iter().map(|at| shape::line(source, at)).collect(),
            steps,
            source: source.into(),
            own: false,
            by: None,
        }
    }

    /// The actions that lay the topology, each with its place in the text.
    fn topology(&mut self, root: &Value) -> Vec<(usize, Action)> {
        let Some(value) = get(root, "topology") else { return Vec::new() };
        let mut actions = Vec::new();
        let mut put = |at: &Value, action| actions.push((place(at), action));
        for server in list(value, "redis") {
            let (name, config) = (name(server, "name"), settings(server));
            self.add(Role::Redis, &name, server);
            put(server, Action::AddRedis { name, config });
        }
        self.replicas(value, &mut put);
        if let Some(controller) = get(value, "controller") {
            let name = name(value, "controller");
            self.add(Role::Controller, &name, controller);
            put(controller, Action::AddController { name });
        }
        for broker in list(value, "brokers") {
            let (name, config) = (name(broker, "name"), settings(broker));
            self.add(Role::Broker, &name, broker);
            put(broker, Action::AddBroker { name, config });
        }
        for topic in list(value, "topics") {
            let (name, partitions) = (name(topic, "name"), number(topic, "partitions"));
            self.add(Role::Topic, &name, topic);
            self.needs(Role::Broker, topic, "a topic needs a broker", "`brokers`");
            let (partitions, config) = (partitions.unwrap_or(1) as u32, settings(topic));
            let replicas = number(topic, "replicas").unwrap_or(1) as u32;
            put(topic, Action::CreateTopic { name, partitions, replicas, config });
        }
        self.redis_readers(value, &mut put);
        for consumer in list(value, "consumers") {
            let (of, group) = (name(consumer, "name"), name(consumer, "group"));
            self.add(Role::Consumer, &of, consumer);
            self.nodes.insert((Role::Group, group.clone()));
            for topic in list(consumer, "topics") {
                self.known(topic, &[Role::Topic], "topic");
            }
            let (topics, takes) = (names(consumer, "topics"), span(consumer, "takes"));
            let (takes, config) = (takes.unwrap_or_default(), settings(consumer));
            put(consumer, Action::AddConsumer { name: of, group, topics, takes, config });
        }
        let loads = list(root, "workload");
        for producer in list(value, "producers") {
            put(producer, self.producer(producer, loads));
        }
        for action in list(value, "setup") {
            if let Some(read) = self.action(action) {
                put(action, read);
            }
        }
        for load in loads {
            if let Some(of) = get(load, "producer") {
                self.known(of, &[Role::Producer], "producer");
            }
        }
        actions
    }

    fn producer(&mut self, producer: &Value, loads: &[Value]) -> Action {
        let (of, topic) = (name(producer, "name"), name(producer, "topic"));
        self.add(Role::Producer, &of, producer);
        let carriers: Vec<Carrier> = list(producer, "to")
            .iter()
            .filter_map(string)
            .filter_map(|carrier| match carrier.as_str() {
                "pubsub" => Some(Carrier::PubSub),
                "stream" => Some(Carrier::Stream),
                "list" => Some(Carrier::List),
                "kafka" => Some(Carrier::Kafka),
                _ => None,
            })
            .collect();
        for carrier in &carriers {
            let (word, role) = match carrier {
                Carrier::PubSub => ("pubsub", Role::Channel),
                Carrier::Stream => ("stream", Role::Key),
                Carrier::List => ("list", Role::Key),
                Carrier::Kafka => continue,
            };
            let wrong = format!("`{word}` needs a Redis server");
            self.needs(Role::Redis, producer, &wrong, "`redis`");
            self.nodes.insert((role, topic.clone()));
        }
        if carriers.contains(&Carrier::Kafka)
            && let Some(topic) = get(producer, "topic")
        {
            self.known(topic, &[Role::Topic], "topic");
        }
        let mut own = loads.iter().filter(|load| name(load, "producer") == of);
        let load = own.next();
        if load.is_none() {
            let wrong = format!("producer `{of}` has no workload");
            let mend =
                format!("add `{{ \"producer\": \"{of}\", \"rate\": \"5/s\" }}` to `workload`");
            self.report.add(place(producer), wrong, mend);
        }
        if let Some(second) = own.next() {
            let wrong = format!("producer `{of}` has a second workload");
            self.report.add(place(second), wrong, "keep one of them");
        }
        let rate = load.and_then(|load| get(load, "rate")).and_then(string);
        let load = Load {
            per_kilosecond: rate.and_then(|rate| shape::rate(&rate)).unwrap_or(0),
            keys: load.and_then(|load| get(load, "keys")).map_or(Keys::None, keys),
            bytes: load.and_then(|load| number(load, "bytes")).unwrap_or(100) as u32,
        };
        Action::AddProducer { name: of, topic, carriers, load, config: settings(producer) }
    }

    /// Two nodes may have one name only when they read in different ways for one service.
    pub(super) fn add(&mut self, role: Role, name: &Name, at: &Value) {
        let twin =
            |other: Role| role != other && CONSUMERS.contains(&role) && CONSUMERS.contains(&other);
        let clash = |other: &&Role| self.nodes.contains(&(**other, name.clone())) && !twin(**other);
        let taken = if role == Role::Topic {
            self.nodes.contains(&(Role::Topic, name.clone()))
        } else {
            NODES.iter().any(|other| clash(&other))
        };
        if taken && !name.is_empty() {
            self.report.add(place(at), format!("`{name}` is there twice"), "give it another name");
        }
        self.nodes.insert((role, name.clone()));
    }

    pub(super) fn needs(&mut self, role: Role, at: &Value, wrong: &str, field: &str) {
        if !self.nodes.iter().any(|(known, _)| *known == role) {
            self.report.add(place(at), wrong, format!("add one to {field}"));
        }
    }

    /// Reports a name that stands for nothing in the topology.
    pub(super) fn known(&mut self, at: &Value, roles: &[Role], what: &str) {
        let Some(wanted) = string(at).filter(|name| !name.is_empty()) else { return };
        let known: Vec<Name> = self
            .nodes
            .iter()
            .filter(|(role, _)| roles.contains(role))
            .map(|(_, name)| name.clone())
            .collect();
        if !known.iter().any(|name| **name == *wanted) {
            let wrong = format!("there is no {what} `{wanted}`");
            self.report.add(place(at), wrong, mend(&wanted, known.iter().map(|name| &**name)));
        }
    }

    fn step(&mut self, value: &Value) -> Step {
        let text_of = get(value, "text");
        let parsed = Text::parse(&text(value, "text")).unwrap_or_else(|wrong| {
            let at = text_of.map_or(0, place);
            let (wrong, mend) = wrong.split_once("; ").unwrap_or((&wrong, "mend the mark"));
            self.report.add(at, wrong, mend);
            Text::default()
        });
        if parsed.words() > WORDS {
            let wrong = format!("this text has {} words", parsed.words());
            let mend = format!("keep it within {WORDS}; what is longer belongs in two steps");
            self.report.add(text_of.map_or(0, place), wrong, mend);
        }
        for look in list(value, "look") {
            let all = [NODES, &[Role::Topic, Role::Channel, Role::Key, Role::Group]].concat();
            self.known(look, &all, "node, topic, channel, key or group");
        }
        if list(value, "tasks").is_empty() {
            for key in ["prediction", "assertions"] {
                if let Some(at) = get(value, key) {
                    let wrong = format!("this step has no tasks, so its `{key}` is never decided");
                    self.report.add(place(at), wrong, "add `tasks`");
                }
            }
        }
        let prediction = get(value, "prediction").map(|of| Prediction {
            question: text(of, "question"),
            choices: list(of, "choices")
                .iter()
                .map(|choice| Choice {
                    text: text(choice, "text"),
                    when: self.under(choice, "when"),
                })
                .collect(),
        });
        Step {
            heading: text(value, "heading"),
            text: parsed,
            prediction,
            tasks: list(value, "tasks")
                .iter()
                .map(|task| Task { text: text(task, "text"), done: self.under(task, "done") })
                .collect(),
            actions: list(value, "actions")
                .iter()
                .map(|button| Button {
                    faces: list(button, "faces")
                        .iter()
                        .filter_map(|face| self.face(face))
                        .collect(),
                })
                .collect(),
            look: names(value, "look"),
            assertions: list(value, "assertions").iter().map(|one| self.condition(one)).collect(),
            solution: list(value, "solution").iter().filter_map(|one| self.deed(one)).collect(),
        }
    }

    fn deed(&mut self, value: &Value) -> Option<Deed> {
        let when = get(value, "when").map(|of| self.condition(of));
        let action = self.action(get(value, "do")?)?;
        Some(Deed { when, action, before: self.before(value) })
    }

    fn before(&mut self, value: &Value) -> Option<Action> {
        get(value, "before").and_then(|action| self.action(action))
    }

    fn face(&mut self, value: &Value) -> Option<Face> {
        let action = self.action(get(value, "do")?)?;
        Some(Face { label: text(value, "label"), action, before: self.before(value) })
    }

    fn under(&mut self, value: &Value, key: &str) -> Condition {
        get(value, key).map_or(Condition::All(Vec::new()), |of| self.condition(of))
    }

    fn condition(&mut self, value: &Value) -> Condition {
        // Stands in for what has been reported as a mistake.
        let nothing = || Condition::All(Vec::new());
        let Some((tag, of)) = tagged(value) else { return nothing() };
        match tag {
            "all" => Condition::All(self.conditions(of)),
            "any" => Condition::Any(self.conditions(of)),
            "not" => Condition::Not(Box::new(self.condition(of))),
            "done" => self.action(of).map_or_else(nothing, Condition::Done),
            "seen" => Condition::Seen(Trigger {
                fact: name(of, "fact"),
                of: get(of, "of").and_then(string).map(Name::from),
                times: number(of, "times").unwrap_or(1) as u32,
            }),
            "ledger" => self.ledger(of).unwrap_or_else(nothing),
            "beside" => match self.ledger(of) {
                Some(Condition::Ledger { sum, is }) => Condition::Beside { sum, is },
                _ => nothing(),
            },
            "passed" => {
                let time = of.as_string_lit().and_then(|text| shape::time(&text.value));
                time.map_or_else(nothing, Condition::Passed)
            }
            _ => nothing(),
        }
    }

    fn conditions(&mut self, value: &Value) -> Vec<Condition> {
        let elements = value.as_array().map_or(&[][..], |array| &array.elements);
        elements.iter().map(|one| self.condition(one)).collect()
    }

    fn ledger(&mut self, value: &Value) -> Option<Condition> {
        if let Some(party) = get(value, "party") {
            self.known(party, PARTIES, "party");
        }
        let ends = ["least", "most", "is"].map(|key| number(value, key));
        let is = match ends {
            [None, None, Some(n)] => Bound::exactly(n),
            [None, None, None] | [_, _, Some(_)] => {
                let wrong = "this figure needs one bound";
                self.report.add(
                    place(value),
                    wrong,
                    "add `is`, or `least`, or `most`, or the last two",
                );
                return None;
            }
            [least, most, None] => {
                Bound { least: least.unwrap_or(0), most: most.unwrap_or(u64::MAX) }
            }
        };
        if is.least > is.most {
            self.report.add(place(value), "`least` is above `most`", "exchange them");
        }
        let figure = figure(&text(value, "figure"))?;
        let figure = match get(value, "because") {
            None => figure,
            Some(reason) if figure == Figure::Lost => {
                Figure::LostBecause(lost_reason(&string(reason)?)?)
            }
            Some(reason) => {
                let wrong = "only lost messages have a reason";
                self.report.add(place(reason), wrong, "take `because` away, or count `lost`");
                return None;
            }
        };
        let system = match text(value, "system").as_str() {
            "redis" => Some(System::Redis),
            "kafka" => Some(System::Kafka),
            _ => None,
        };
        let party = get(value, "party").and_then(string).map(Name::from);
        Some(Condition::Ledger { sum: Sum { figure, system, party }, is })
    }

    fn action(&mut self, value: &Value) -> Option<Action> {
        let (_, of) = tagged(value)?;
        for (key, roles, what) in [
            ("consumer", CONSUMERS, "consumer"),
            ("producer", &[Role::Producer], "producer"),
            ("node", NODES, "node"),
            ("client", CLIENTS, "client"),
            ("server", SERVERS, "server"),
            ("topic", &[Role::Topic], "topic"),
            ("group", &[Role::Group], "group"),
            ("broker", &[Role::Broker], "broker"),
            ("one", NODES, "node"),
            ("other", NODES, "node"),
        ] {
            if let Some(at) = get(of, key).filter(|at| !is_behind(at)) {
                self.known(at, roles, what);
            }
        }
        let read = action::read(value);
        if read.is_none() && of.as_object().is_some() && get(of, "config").is_some() {
            let wrong = "a configuration is that of one topic or one broker";
            self.report.add(place(value), wrong, "name either `topic` or `broker`");
        }
        read
    }
}

/// Whether a name is that of a topic that comes into being with an error handling.
fn is_behind(name: &Value) -> bool {
    string(name).is_some_and(|name| name.ends_with("-dlt") || name.contains("-retry"))
}

fn keys(value: &Value) -> Keys {
    let of = |key| names(value, key);
    match tagged(value) {
        Some(("cycle", _)) => Keys::Cycle(of("cycle")),
        Some(("random", _)) => Keys::Random(of("random")),
        Some(("skewed", _)) => Keys::Skewed(of("skewed")),
        _ => Keys::None,
    }
}

fn figure(word: &str) -> Option<Figure> {
    Some(match word {
        "expected" => Figure::Expected,
        "onItsWay" => Figure::OnItsWay,
        "waiting" => Figure::Waiting,
        "delivered" => Figure::Delivered,
        "parked" => Figure::Parked,
        "lost" => Figure::Lost,
        "refused" => Figure::Refused,
        "repeated" => Figure::Repeated,
        "replayed" => Figure::Replayed,
        "accountExpected" => Figure::AccountExpected,
        "accountActual" => Figure::AccountActual,
        "late" => Figure::Late,
        _ => return None,
    })
}

fn lost_reason(word: &str) -> Option<LostReason> {
    Some(match word {
        "notConnected" => LostReason::NotConnected,
        "notSubscribed" => LostReason::NotSubscribed,
        "connectionClosed" => LostReason::ConnectionClosed,
        "outputBuffer" => LostReason::OutputBuffer,
        "crashed" => LostReason::Crashed,
        "retention" => LostReason::Retention,
        "replication" => LostReason::Replication,
        "skipped" => LostReason::Skipped,
        "evicted" => LostReason::Evicted,
        "failed" => LostReason::Failed,
        "unacknowledged" => LostReason::Unacknowledged,
        "uncleanElection" => LostReason::UncleanElection,
        _ => return None,
    })
}
