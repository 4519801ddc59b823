//! The vocabulary of meanings that a style sheet gives colours to.

use super::Class;

/// The colour of a key, by its place in order of first appearance; eight, colour-blind-safe
/// (Okabe and Ito), kept off the hues of the lanes and states.
pub const KEY_CLASSES: [Class; 8] =
    ["key-0", "key-1", "key-2", "key-3", "key-4", "key-5", "key-6", "key-7"];

/// Every word that may stand in a mark's `class`.
///
/// Areas and lines (each sets fill and stroke): `box` surface with hairline; `box-redis`,
/// `box-kafka` with the lane's stroke; `box-away` a node that is not connected; `well` an inset
/// bar; `rule` a hairline; `cell`, `cell-next` (dashed, empty, will be filled), `cell-above`
/// (not yet below the high watermark); `wire-redis`, `wire-kafka`, `wire-in` (from a producer):
/// in use; `wire-idle`: assigned, unused; `wire-down`: dashed; `limit` a tick; `level-ok`,
/// `level-high`, `level-over` a fill; `flag` and `flag-line` a bookmark; `watermark`;
/// `waiting-bar`; `lost-chip` and `lost-stroke`; `plug-slot`, `plug-knob`, `plug-glyph`;
/// `strip` the other lane on a phone; `selected` a ring; `key-0` ... `key-7`, `key-none`.
///
/// Text (sets fill only): `ink`, `dim`, `faint`, `redis`, `kafka`, `lost`, `waiting`, `ok`,
/// `on-flag` on a bookmark's flag.
pub const CLASSES: &[Class] = &[
    "box",
    "box-redis",
    "box-kafka",
    "box-away",
    "well",
    "rule",
    "cell",
    "cell-next",
    "cell-above",
    "wire-redis",
    "wire-kafka",
    "wire-in",
    "wire-idle",
    "wire-down",
    "limit",
    "level-ok",
    "level-high",
    "level-over",
    "flag",
    "flag-line",
    "watermark",
    "waiting-bar",
    "lost-chip",
    "lost-stroke",
    "plug-slot",
    "plug-knob",
    "plug-glyph",
    "strip",
    "selected",
    "key-0",
    "key-1",
    "key-2",
    "key-3",
    "key-4",
    "key-5",
    "key-6",
    "key-7",
    "key-none",
    "ink",
    "dim",
    "faint",
    "redis",
    "kafka",
    "lost",
    "waiting",
    "ok",
    "on-flag",
];
