//! The hash of a run: whether two machines, or two versions, tell the same story.

use crate::event::Event;
use core::hash::Hasher;
use twox_hash::XxHash64;

/// XXH64 (seed 0) over the postcard bytes of every event, in order. Both formats are specified,
/// so equal runs hash equally on every machine.
#[derive(Clone, Debug)]
pub struct Trace {
    hash: XxHash64,
    events: u64,
    bytes: Vec<u8>,
}

impl Default for Trace {
    fn default() -> Self {
        Self { hash: XxHash64::with_seed(0), events: 0, bytes: Vec::new() }
    }
}

impl Trace {
    /// Takes the next event.
    pub fn see(&mut self, event: &Event) {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        // Writing to a vector cannot fail, and an event holds nothing that postcard refuses.
        if let Ok(bytes) = postcard::to_extend(event, bytes) {
            self.hash.write(&bytes);
            self.bytes = bytes;
        }
        self.events += 1;
    }

    /// The hash of the events so far.
    pub fn hash(&self) -> u64 {
        self.hash.finish()
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }
}
