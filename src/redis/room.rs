//! How much a reply may hold: commands stop building one that its client will never get.
//!
//! Redis appends a reply piece by piece and looks at the output-buffer limit at each new block;
//! past the hard limit the client is marked and what follows is dropped
//! (networking.c: `_addReplyProtoToList`, `closeClientOnOutputBufferLimitReached`). Here a reply
//! is one frame, so a command gathers its elements until the limit is surely passed, and the
//! client is closed for the same reason.
//!
//! Simplification: where Redis would let a reply grow until memory ends (`normal 0 0 0`, the
//! default), one that holds several elements may have [`REPLY_BYTES`] together with what already
//! waits for the client, and [`REPLY_ELEMENTS`]; beyond either the client is closed as if that
//! were its hard limit. A single string has no such bound: it is as large as it was stored.

use super::call::Call;
use super::output::CHUNK;
use super::resp::Frame;
use super::server::Server;
use crate::event::ConnectionId;

/// Most encoded bytes of a reply with several elements, what waits before it included.
pub(super) const REPLY_BYTES: u64 = 64 * 1024 * 1024;
/// Most elements of a reply: each takes memory beside its bytes.
pub(super) const REPLY_ELEMENTS: usize = 2 * 1024 * 1024;
/// Why a client is closed that passes a limit of its output buffer.
pub(super) const OVERFLOW: &str = "overcoming of output buffer limits";

impl Call {
    /// The elements of a reply, up to the one with which no room is left.
    pub(super) fn gather(&self, frames: &mut dyn Iterator<Item = Frame>) -> Vec<Frame> {
        let mut kept = Vec::new();
        let mut bytes = 0;
        for frame in frames {
            bytes += frame.encoded_len() as u64;
            kept.push(frame);
            if bytes > self.room || kept.len() >= REPLY_ELEMENTS {
                self.overflow.set(true);
                break;
            }
        }
        kept
    }
}

impl Server {
    /// Encoded bytes that a reply to this client may have before it is surely too much.
    pub(super) fn room(&self, client: ConnectionId) -> u64 {
        let Some(state) = self.clients.get(&client) else { return 0 };
        if !state.accepts_output(false) {
            // `prepareClientToWrite`: nothing is added for this client.
            return 0;
        }
        let mut waiting = state.output.len();
        if let Some(collected) = &self.collected
            && collected.client == client
        {
            waiting += collected.bytes;
        }
        let hard = self.config.limit(state.class()).hard;
        // What is over the static buffer stands in blocks, which the limit counts.
        let limited = if hard > 0 { hard + CHUNK } else { u64::MAX };
        limited.min(REPLY_BYTES).saturating_sub(waiting)
    }

    /// Appends the reply of a command that was given so much room, or closes its client.
    pub(super) fn reply_within(&mut self, call: &Call, frame: Frame) {
        let several = matches!(frame, Frame::Array(_) | Frame::Map(_) | Frame::Set(_));
        if call.overflow.get() || (several && frame.encoded_len() as u64 > call.room) {
            let listens = |state: &super::client::Client| state.accepts_output(false);
            if self.clients.get(&call.client).is_some_and(listens) {
                self.close_soon(call.client, OVERFLOW);
            }
            return;
        }
        self.reply(call.client, frame);
    }
}

#[cfg(test)]
mod tests;
