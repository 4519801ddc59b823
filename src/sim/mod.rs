//! Virtual time, seeded randomness, the event queue, links and connections.
//!
//! Knows nothing of either messaging system.
