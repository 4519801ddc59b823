//! pushpull: how messages really travel, in a Redis that pushes and a Kafka that is pulled.
//!
//! The map of the house. Folders are layers; who may import whom is a table in
//! `tests/layers.rs`.
//!
//! | folder | what it is |
//! |---|---|
//! | [`sim`] | virtual time, seeded randomness, the event queue, links and connections |
//! | [`event`] | ids, commands, events: the words that pass between layers; no behaviour |
//! | [`redis`] | the push engine: a Redis server as a state machine, in RESP terms |
//! | [`kafka`] | the pull engine: cluster, log, coordinators, clients |
//! | [`lab`] | a World: both systems, the actors on them, the ledger |
//! | [`lesson`] | the lesson format and its checks |
//! | [`history`] | recordings, checkpoints, fork, undo, links |
//! | [`timeline`] | events -> what is true and what is under way at an instant |
//! | [`stage`] | a timeline at an instant -> a pure picture: shapes, words, tokens; also as SVG |
//! | `view` | Yew: draws a stage, shows the panels (`wasm32` only) |
//! | `embed` | the custom element, the JavaScript API (`wasm32` only) |
//! | `cli` | run, check, serve (not on `wasm32`) |
//!
//! Its laws: nothing below the page reads a clock, a thread, a socket or outside randomness;
//! lesson + seed + commands = the run, on every machine; no engine is told what a lesson shows.

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
#[cfg(target_arch = "wasm32")]
pub mod embed;
pub mod event;
pub mod history;
pub mod kafka;
pub mod lab;
pub mod lesson;
pub mod redis;
pub mod sim;
pub mod stage;
pub mod timeline;
#[cfg(target_arch = "wasm32")]
mod view;
