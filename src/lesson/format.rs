//! The lesson format, version 1: every field that a lesson file may have.

use super::action::ACTIONS;
use super::fact;
use super::shape::Shape::{
    Flag, List, Name, Rate, Record as Rec, Settings, Tagged, Time, Whole, Word, Words,
};
use super::shape::{Field, Record, Shape, may, must};

/// A whole lesson file.
pub static LESSON: Shape = Rec(&Record {
    name: "a lesson",
    fields: &[
        may("$schema", Words, "lesson.schema.json, for editors"),
        must("title", Words, "a few words"),
        must("sentence", Words, "what it is about, in one sentence"),
        may("chapter", Word(CHAPTERS), "the chapter of the course; left out: not of the course"),
        may("number", Whole(1, 99), "its place in the course, from 1"),
        may("covers", List(0, &Name), "rows of the list of claims that its assertions prove"),
        may("seed", Whole(0, u64::MAX), "the seed when the reader chooses none; 1 when left out"),
        must("topology", Rec(&TOPOLOGY), "what stands there at the start"),
        may("workload", List(0, &LOAD), "what the producers send"),
        must("steps", List(1, &STEP), "what the reader reads and does, in order"),
        may("claims", List(0, &CLAIM), "what is often written about this, and what is true"),
        may("youWantThisWhen", Words, "ends the sentence \"You want this when\""),
    ],
});

static CLAIM: Shape = Rec(&Record {
    name: "a claim",
    fields: &[
        must("says", Words, "what a text says"),
        must("fact", Words, "what is true"),
        must("reference", Words, "where that stands: a manual's page, a KIP, a source file"),
    ],
});

static TOPOLOGY: Record = Record {
    name: "a topology",
    fields: &[
        may("redis", List(0, &SERVER), "Redis servers"),
        may("redisReplicas", List(0, &REPLICA), "Redis servers that replicate another one"),
        may("controller", Name, "the KRaft controller's name; else the first broker is it"),
        may("brokers", List(0, &SERVER), "Kafka brokers"),
        may("topics", List(0, &TOPIC), "Kafka topics"),
        may("subscribers", List(0, &SUBSCRIBER), "Redis clients that subscribe"),
        may("streamReaders", List(0, &STREAM_READER), "Redis clients that read a stream"),
        may("listWorkers", List(0, &LIST_WORKER), "Redis clients that pop a list"),
        may("consumers", List(0, &CONSUMER), "Kafka consumers"),
        may("producers", List(0, &PRODUCER), "who sends"),
        may("setup", List(0, &ACTION), "done at the start, when all this stands there"),
    ],
};

/// The one field that every process and topic may have.
const CONFIG: Field =
    may("config", Settings, "the real system's own settings, by its names; else its defaults");

static SERVER: Shape =
    Rec(&Record { name: "a server", fields: &[must("name", Name, "its name"), CONFIG] });

static REPLICA: Shape = Rec(&Record {
    name: "a replica",
    fields: &[
        must("name", Name, "its name"),
        must("of", Name, "the Redis server it replicates"),
        CONFIG,
    ],
});

static TOPIC: Shape = Rec(&Record {
    name: "a topic",
    fields: &[
        must("name", Name, "its name"),
        must("partitions", Whole(1, 64), "how many partitions"),
        may("replicas", Whole(1, 9), "how many replicas of each, 1 if not said"),
        CONFIG,
    ],
});

static SUBSCRIBER: Shape = Rec(&Record {
    name: "a subscriber",
    fields: &[
        must("name", Name, "its name; the same as a consumer's: one party in both lanes"),
        may("channels", List(0, &Name), "channels for SUBSCRIBE"),
        may("patterns", List(0, &Name), "patterns for PSUBSCRIBE"),
        may("server", Name, "the Redis server it connects to; the primary when left out"),
        must("takes", Time, "how long its handler works on a message"),
    ],
});

static STREAM_READER: Shape = Rec(&Record {
    name: "a stream reader",
    fields: &[
        must("name", Name, "its name; in a group the consumer's name"),
        must("stream", Name, "the stream's key"),
        may("group", Name, "its group for XREADGROUP; plain XREAD when left out"),
        must("takes", Time, "how long its handler works on an entry"),
        may(
            "config",
            Settings,
            "count, block, noack, start ($ or 0), min-idle-time, max-deliveries",
        ),
    ],
});

static LIST_WORKER: Shape = Rec(&Record {
    name: "a list worker",
    fields: &[
        must("name", Name, "its name"),
        must("list", Name, "the list's key; all workers of a list are one party of this name"),
        must("takes", Time, "how long its handler works on an element"),
        may("safe", Flag, "true: BLMOVE to a processing list and LREM, else BRPOP"),
    ],
});

static CONSUMER: Shape = Rec(&Record {
    name: "a consumer",
    fields: &[
        must("name", Name, "its name"),
        must("group", Name, "its consumer group"),
        must("topics", List(1, &Name), "topics for subscribe()"),
        must("takes", Time, "how long its handler works on a record"),
        CONFIG,
    ],
});

static PRODUCER: Shape = Rec(&Record {
    name: "a producer",
    fields: &[
        must("name", Name, "its name"),
        must("topic", Name, "the topic; in Redis the channel, stream or list of the same name"),
        must("to", List(1, &CARRIER), "how its messages travel; several: the same messages"),
        CONFIG,
    ],
});

static CARRIER: Shape = Word(&[
    ("pubsub", "PUBLISH on a Redis channel"),
    ("stream", "XADD to a Redis stream"),
    ("list", "LPUSH to a Redis list"),
    ("kafka", "a Kafka topic"),
]);

static LOAD: Shape = Rec(&Record {
    name: "a workload",
    fields: &[
        must("producer", Name, "which producer"),
        must("rate", Rate, "messages a second"),
        may("keys", Tagged(&KEYS), "which keys; records without key when left out"),
        may("bytes", Whole(0, 1_073_741_824), "bytes of each value; 100 when left out"),
    ],
});

static KEYS: Record = Record {
    name: "the choice of keys",
    fields: &[
        may("cycle", List(1, &Name), "one after another"),
        may("random", List(1, &Name), "each equally likely"),
        may("skewed", List(1, &Name), "the first gets half, the second half of the rest"),
    ],
};

static STEP: Shape = Rec(&Record {
    name: "a step",
    fields: &[
        must("heading", Words, "what to do, in a few words"),
        must("text", Words, "at most 40 words; terms as [[term]] or [[term|words]]"),
        may("prediction", Rec(&PREDICTION), "a question before the deed"),
        may("tasks", List(0, &TASK), "tick by themselves, one after another"),
        may("actions", List(0, &BUTTON), "buttons"),
        may("look", List(0, &Name), "names of what to look at"),
        may("assertions", List(0, &CONDITION), "what is true once all tasks have ticked"),
        may("solution", List(0, &DEED), "what a scripted reader does where no task names a deed"),
    ],
});

static PREDICTION: Record = Record {
    name: "a prediction",
    fields: &[
        must("question", Words, "the question"),
        must("choices", List(2, &CHOICE), "the answers; exactly one comes out right"),
    ],
};

static CHOICE: Shape = Rec(&Record {
    name: "a choice",
    fields: &[
        must("text", Words, "its words"),
        must("when", Tagged(&CONDITIONS), "it is right when this holds after the tasks"),
    ],
});

static TASK: Shape = Rec(&Record {
    name: "a task",
    fields: &[
        must("text", Words, "what to do, in a few words"),
        must("done", Tagged(&CONDITIONS), "when it ticks"),
    ],
});

static BUTTON: Shape = Rec(&Record {
    name: "a button",
    fields: &[must("faces", List(1, &FACE), "shown in turn; a switch has two")],
});

static FACE: Shape = Rec(&Record {
    name: "a face",
    fields: &[
        must("label", Words, "the words on the button"),
        must("do", Tagged(&ACTIONS), "what it does"),
        may("before", Tagged(&ACTIONS), BEFORE),
    ],
});

static DEED: Shape = Rec(&Record {
    name: "a deed",
    fields: &[
        may("when", Tagged(&CONDITIONS), "waits until this holds of the whole run"),
        must("do", Tagged(&ACTIONS), "what the reader does"),
        may("before", Tagged(&ACTIONS), BEFORE),
    ],
});

const BEFORE: &str = "acts in the past, right before the reader did this last: the run forks there";

static ACTION: Shape = Tagged(&ACTIONS);

static CONDITION: Shape = Tagged(&CONDITIONS);

static CONDITIONS: Record = Record {
    name: "a condition",
    fields: &[
        may("all", List(1, &CONDITION), "all of these"),
        may("any", List(1, &CONDITION), "at least one of these"),
        may("not", Tagged(&CONDITIONS), "not this"),
        may("done", Tagged(&ACTIONS), "the reader did this (for a task: after the task before)"),
        may("seen", Rec(&TRIGGER), "a fact was seen (for a task: after the task before)"),
        may("ledger", Rec(&LEDGER), "a figure of the ledger is within bounds"),
        may("beside", Rec(&BESIDE), "the same figure in another future, which the reader has left"),
        may("passed", Time, "virtual time passed (for a task: since the task before ticked)"),
    ],
};

static TRIGGER: Record = Record {
    name: "a fact",
    fields: &[
        must("fact", Word(fact::NAMES), "its name"),
        may("of", Name, "the node, group, topic, partition, channel or key it must name"),
        may("times", Whole(1, 1_000_000_000), "how many, at least; 1 when left out"),
    ],
};

const FIGURE: Field = must("figure", Word(FIGURES), "which figure");
const BECAUSE: Field = may("because", Word(REASONS), "only messages lost for this reason");
const SYSTEM: Field = may("system", Word(SYSTEMS), "only this system's parties");
const LEAST: Field = may("least", Whole(0, u64::MAX), "at least this");
const MOST: Field = may("most", Whole(0, u64::MAX), "at most this");
const IS: Field = may("is", Whole(0, u64::MAX), "exactly this");

static LEDGER: Record = Record {
    name: "a figure of the ledger",
    fields: &[
        FIGURE,
        BECAUSE,
        SYSTEM,
        may("party", Name, "only the party of this name: a subscriber's or a group's"),
        LEAST,
        MOST,
        IS,
    ],
};

static BESIDE: Record = Record {
    name: "a figure of another future",
    fields: &[FIGURE, BECAUSE, SYSTEM, LEAST, MOST, IS],
};

/// The chapters of the course, in order.
pub const CHAPTERS: &[(&str, &str)] = &[
    ("Push and pull", "who decides when a message moves, and who carries the cost"),
    ("Keeping", "what is still there after it was read, and for how long"),
    ("Order and sharing", "partitions, keys and groups"),
    ("Falling behind", "slow readers, full buffers, big messages"),
    ("Failing and repeating", "crashes, bookmarks, duplicates"),
    ("When a machine dies", "replicas, acknowledgements, elections"),
    ("Poison", "messages that no handler can digest"),
    ("Choosing", "speed, tools, and which system for which work"),
    ("Challenges", "a goal, the tools, and no instructions"),
];

pub(super) const SYSTEMS: &[(&str, &str)] =
    &[("redis", "the push lane"), ("kafka", "the pull lane")];

pub(super) const FIGURES: &[(&str, &str)] = &[
    ("expected", "messages owed"),
    ("onItsWay", "sent, not yet stored and not yet being delivered"),
    ("waiting", "kept by the system"),
    ("delivered", "handled"),
    ("parked", "in a dead-letter queue"),
    ("lost", "no copy remains that the protocol will still deliver unasked"),
    ("refused", "the sender got an error"),
    ("repeated", "handled once more within one reading"),
    ("replayed", "handled again because of a seek, a reset or a redrive"),
    ("accountExpected", "what the party's account should hold: each message once"),
    ("accountActual", "what it does hold"),
    ("late", "kept while the party was away, or handled more than 1 s after they were sent"),
];

pub(super) const REASONS: &[(&str, &str)] = &[
    ("notConnected", "the subscriber had no connection"),
    ("notSubscribed", "it was connected but had not subscribed"),
    ("connectionClosed", "on the wire when the connection closed"),
    ("outputBuffer", "in the output buffer when Redis cut the connection"),
    ("crashed", "received, then the process crashed"),
    ("retention", "deleted before it was read"),
    ("replication", "acknowledged, then gone with the machines that had it"),
    ("skipped", "the committed offset had moved past it"),
    ("evicted", "evicted or trimmed from memory"),
    ("failed", "its handler failed and nothing sends it again"),
    ("unacknowledged", "not taken by a broker; with acks=0 nobody is told"),
    ("uncleanElection", "acknowledged, then not in the log of a leader elected uncleanly"),
];
