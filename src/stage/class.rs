//! The vocabulary of meanings that a style sheet gives colours to.

use super::Class;

/// The colour of a key, by its place in order of first appearance; eight, colour-blind-safe
/// (Okabe and Ito), kept off the hues of the lanes and states.
pub const KEY_CLASSES: [Class; 8] =
    ["key-0", "key-1", "key-2", "key-3", "key-4", "key-5", "key-6", "key-7"];

/// The class of a key's colour, or of no key.
pub(super) fn key_class(colour: Option<u8>) -> Class {
    colour.and_then(|colour| KEY_CLASSES.get(usize::from(colour))).copied().unwrap_or("key-none")
}

/// Every word that may stand in a mark's `class`.
///
/// Areas and lines (each sets fill and stroke): `box` surface with hairline; `box-redis`,
/// `box-kafka` with the lane's stroke; `box-away` a node that is not connected; `well` an inset
/// bar; `rule` a hairline; `cell`, `cell-next` (dashed, empty, will be filled), `cell-above`
/// (not yet below the high watermark); `track` where a log will grow to;
/// `clear` the ground, over what runs beneath words; `wire-redis`, `wire-kafka`, `wire-in` (from a producer):
/// in use; `wire-idle`: assigned, unused; `wire-down`: dashed; `limit` a tick; `level-ok`,
/// `level-high`, `level-over` a fill; `flag` and `flag-line` a bookmark; `watermark`;
/// `waiting-bar`; `lost-chip` and `lost-stroke`; `plug-slot`, `plug-knob`, `plug-glyph`;
/// `strip` the other lane on a phone; `selected` a ring; `key-0` ... `key-7`, `key-none`.
///
/// Of replicas and brokers: `chip-leader` filled, `chip` in sync, `chip-out` hollow, `cell-gone`
/// truncated. Of segments: `segment`, `segment-open` (the active one), `segment-gone`. `hatch`
/// handled and not committed; `hollow` a bookmark left behind. `cell-retry`, `cell-parked` in a
/// topic or stream of their kind; `pending` an entry delivered and not acknowledged. `group` a
/// frame; `arc-track`, `arc`, `arc-low` a draining clock; `phase`, `phase-now` of a rebalance;
/// `loose` a wire that hangs. `flow-redis`, `flow-kafka` a wire that carries too much for
/// tokens; `trunk` one to a crowd; `square`, `square-away` a client of it. `tank` what holds
/// bytes on their way; `account`, `account-off` a card.
///
/// Text (sets fill only): `retry`, `ink`, `dim`, `faint`, `redis`, `kafka`, `lost`, `waiting`, `ok`,
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
    "track",
    "clear",
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
    "chip-leader",
    "chip",
    "chip-out",
    "cell-gone",
    "segment",
    "segment-open",
    "segment-gone",
    "hatch",
    "hollow",
    "cell-retry",
    "cell-parked",
    "pending",
    "group",
    "arc-track",
    "arc",
    "arc-low",
    "phase",
    "phase-now",
    "loose",
    "flow-redis",
    "flow-kafka",
    "trunk",
    "square",
    "square-away",
    "tank",
    "account",
    "account-off",
    "retry",
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
