//! The table of commands: name, arity, flags, where the keys stand, and who runs them.

use super::call::Call;
use super::fault::Fault;
use super::keyspace::Keyspace;
use super::resp::Frame;
use super::server::Server;
use super::table::COMMANDS;
use super::types::Reply;
use crate::sim::Order;
use std::sync::LazyLock;

/// What a command answers: one reply, or none because it appended its frames itself (or will
/// answer later).
pub(super) type Answer = Result<Option<Frame>, Fault>;

/// Flags of a command, as `COMMAND INFO` prints them, in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(u16);

impl Flags {
    pub(super) const WRITE: Self = Self(1);
    pub(super) const READONLY: Self = Self(1 << 1);
    pub(super) const DENYOOM: Self = Self(1 << 2);
    pub(super) const ADMIN: Self = Self(1 << 3);
    pub(super) const PUBSUB: Self = Self(1 << 4);
    pub(super) const NOSCRIPT: Self = Self(1 << 5);
    pub(super) const BLOCKING: Self = Self(1 << 6);
    pub(super) const LOADING: Self = Self(1 << 7);
    pub(super) const STALE: Self = Self(1 << 8);
    pub(super) const FAST: Self = Self(1 << 9);
    pub(super) const NO_MULTI: Self = Self(1 << 10);
    /// Not a write, and yet it reaches replicas; hidden from `COMMAND INFO` on purpose.
    pub(super) const MAY_REPLICATE: Self = Self(1 << 11);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags by name.
    pub(super) fn names(self) -> Vec<&'static str> {
        [
            (Self::WRITE, "write"),
            (Self::READONLY, "readonly"),
            (Self::DENYOOM, "denyoom"),
            (Self::ADMIN, "admin"),
            (Self::PUBSUB, "pubsub"),
            (Self::NOSCRIPT, "noscript"),
            (Self::BLOCKING, "blocking"),
            (Self::LOADING, "loading"),
            (Self::STALE, "stale"),
            (Self::FAST, "fast"),
            (Self::NO_MULTI, "no_multi"),
        ]
        .into_iter()
        .filter(|(flag, _)| self.has(*flag))
        .map(|(_, name)| name)
        .collect()
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// One command or subcommand (`pubsub|channels`).
pub(super) struct Command {
    /// Lower case; a subcommand's has its container before a bar.
    pub(super) name: &'static str,
    /// Exact number of words, or the least where negative.
    pub(super) arity: i32,
    pub(super) flags: Flags,
    /// First key, last key (negative: from the end), step; zeros where there are none.
    pub(super) keys: (i32, i32, i32),
    pub(super) run: Run,
}

/// Who runs a command.
pub(super) enum Run {
    /// The keyspace alone.
    Keys(fn(&mut Keyspace, &Call) -> Reply),
    /// The server: it concerns clients as well.
    Server(fn(&mut Server, &mut Call) -> Answer),
}

impl core::fmt::Debug for Command {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name)
    }
}

/// A row of a command table.
pub(super) const fn row(
    name: &'static str,
    arity: i32,
    flags: Flags,
    keys: (i32, i32, i32),
    run: Run,
) -> Command {
    Command { name, arity, flags, keys, run }
}

/// In the order of their names.
static TABLE: LazyLock<Vec<&'static Command>> = LazyLock::new(|| {
    let mut all: Vec<_> = COMMANDS.iter().collect();
    all.order_by_key(|command| command.name);
    all
});

/// The command of this name, in lower case.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    TABLE.binary_search_by(|command| command.name.cmp(name)).ok().map(|index| TABLE[index])
}

/// Whether `name` is a command with subcommands.
pub(super) fn is_container(name: &str) -> bool {
    let before = |command: &&Command| command.name.bytes().lt(name.bytes().chain([b'|']));
    let next = TABLE.get(TABLE.partition_point(before));
    next.and_then(|command| command.name.split_once('|')).is_some_and(|(begin, _)| begin == name)
}

/// All commands, by name.
pub(super) fn all() -> impl Iterator<Item = &'static Command> {
    TABLE.iter().copied()
}
