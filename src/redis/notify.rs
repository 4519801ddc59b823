//! Keyspace notifications: the classes of events and their letters (notify.c).

/// Channel `__keyspace@<db>__:<key>`.
pub(super) const KEYSPACE: u32 = 1;
/// Channel `__keyevent@<db>__:<event>`.
pub(super) const KEYEVENT: u32 = 1 << 1;
pub(super) const GENERIC: u32 = 1 << 2;
pub(super) const STRING: u32 = 1 << 3;
pub(super) const LIST: u32 = 1 << 4;
pub(super) const SET: u32 = 1 << 5;
pub(super) const HASH: u32 = 1 << 6;
pub(super) const ZSET: u32 = 1 << 7;
pub(super) const EXPIRED: u32 = 1 << 8;
pub(super) const EVICTED: u32 = 1 << 9;
pub(super) const STREAM: u32 = 1 << 10;
pub(super) const KEY_MISS: u32 = 1 << 11;
const MODULE: u32 = 1 << 12;
pub(super) const NEW: u32 = 1 << 13;
/// The letter `A`: all but misses and new keys.
const ALL: u32 = GENERIC | STRING | LIST | SET | HASH | ZSET | EXPIRED | EVICTED | STREAM | MODULE;

/// In the order in which `CONFIG GET` prints them.
const LETTERS: [(char, u32); 14] = [
    ('g', GENERIC),
    ('$', STRING),
    ('l', LIST),
    ('s', SET),
    ('h', HASH),
    ('z', ZSET),
    ('x', EXPIRED),
    ('e', EVICTED),
    ('t', STREAM),
    ('d', MODULE),
    ('n', NEW),
    ('K', KEYSPACE),
    ('E', KEYEVENT),
    ('m', KEY_MISS),
];

/// The classes that these letters name; none when a letter names nothing.
pub(super) fn parse(letters: &str) -> Option<u32> {
    letters.chars().try_fold(0, |flags, letter| {
        if letter == 'A' {
            return Some(flags | ALL);
        }
        LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, class)| flags | class)
    })
}

/// The canonical letters. With `A`, an active `n` is not printed, as in 7.0.
pub(super) fn print(flags: u32) -> String {
    let mut text = String::new();
    let all = flags & ALL == ALL;
    if all {
        text.push('A');
    }
    for (letter, class) in LETTERS {
        let hidden = all && (class & ALL != 0 || class == NEW);
        if flags & class != 0 && !hidden {
            text.push(letter);
        }
    }
    text
}
