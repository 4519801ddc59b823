//! A client's output buffer: a static part of 16 KiB, then a list of blocks, counted as Redis
//! counts them (networking.c: `_addReplyToBuffer`, `_addReplyProtoToList`).
//!
//! Knows frames and sizes. Must not know commands or other clients.

use super::resp::Frame;
use crate::event::Tag;
use std::collections::VecDeque;

/// Size of the static buffer and smallest payload of a block (`PROTO_REPLY_CHUNK_BYTES`).
pub(super) const CHUNK: u64 = 16 * 1024;
/// Header of a block (`clientReplyBlock`).
const BLOCK_HEADER: u64 = 16;
/// What the list adds for each block: its node and its header (`getClientOutputBufferMemoryUsage`).
const PER_BLOCK: u64 = 24 + BLOCK_HEADER;

#[derive(Clone, Debug)]
struct Block {
    capacity: u64,
    used: u64,
}

/// Frames that wait for the socket.
#[derive(Clone, Debug, Default)]
pub(super) struct OutputBuffer {
    frames: VecDeque<(Frame, u64)>,
    static_used: u64,
    /// Bytes of the static buffer, or of the first block, that have left already.
    head_sent: u64,
    blocks: VecDeque<Block>,
    blocks_capacity: u64,
    total: u64,
}

/// What a socket took.
pub(super) struct Taken {
    /// Frames whose last byte left.
    pub(super) frames: Vec<Frame>,
    /// Bytes that left.
    pub(super) bytes: u64,
}

impl OutputBuffer {
    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Bytes that wait, in all layers.
    pub(super) fn len(&self) -> u64 {
        self.total
    }

    /// Bytes in the static buffer (`obl` of `CLIENT LIST`).
    pub(super) fn static_used(&self) -> u64 {
        self.static_used
    }

    /// Blocks in the list (`oll`).
    pub(super) fn block_count(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// Memory of the list, which is what the limits count (`omem`).
    pub(super) fn memory(&self) -> u64 {
        self.blocks_capacity + PER_BLOCK * self.block_count()
    }

    /// Appends a frame. True when a new block was needed: that is when limits are checked.
    pub(super) fn append(&mut self, frame: Frame) -> bool {
        let mut grown = false;
        let mut length = 0;
        frame.piece_lengths(&mut |piece| {
            length += piece;
            grown |= self.reserve(piece);
        });
        self.total += length;
        self.frames.push_back((frame, length));
        grown
    }

    fn reserve(&mut self, mut piece: u64) -> bool {
        if self.blocks.is_empty() {
            let room = CHUNK - self.static_used;
            let fits = piece.min(room);
            self.static_used += fits;
            piece -= fits;
        }
        if let Some(tail) = self.blocks.back_mut() {
            let fits = piece.min(tail.capacity - tail.used);
            tail.used += fits;
            piece -= fits;
        }
        if piece == 0 {
            return false;
        }
        let capacity = size_class(piece.max(CHUNK) + BLOCK_HEADER) - BLOCK_HEADER;
        self.blocks.push_back(Block { capacity, used: piece });
        self.blocks_capacity += capacity;
        true
    }

    /// Takes up to `room` bytes from the front.
    pub(super) fn take(&mut self, room: u64) -> Taken {
        let bytes = room.min(self.total);
        let mut frames = Vec::new();
        let mut left = bytes;
        while let Some((_, rest)) = self.frames.front_mut() {
            if *rest > left {
                *rest -= left;
                break;
            }
            left -= *rest;
            if let Some((frame, _)) = self.frames.pop_front() {
                frames.push(frame);
            }
        }
        self.total -= bytes;
        self.release(bytes);
        Taken { frames, bytes }
    }

    /// Space comes back only when a layer's part has left as a whole.
    fn release(&mut self, bytes: u64) {
        self.head_sent += bytes;
        if self.static_used > 0 {
            if self.head_sent < self.static_used {
                return;
            }
            self.head_sent -= self.static_used;
            self.static_used = 0;
        }
        while let Some(head) = self.blocks.front() {
            if self.head_sent < head.used {
                return;
            }
            self.head_sent -= head.used;
            self.blocks_capacity -= head.capacity;
            self.blocks.pop_front();
        }
    }

    /// The messages that wait here, in order.
    pub(super) fn tags(&self) -> Vec<Tag> {
        self.frames.iter().flat_map(|(frame, _)| frame.tags()).collect()
    }
}

/// jemalloc's size class above 16 KiB: four steps between powers of two.
pub(super) fn size_class(size: u64) -> u64 {
    let step = (size.next_power_of_two() / 8).max(4_096);
    size.div_ceil(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Frame {
        Frame::bulk(vec![b'x'; length])
    }

    /// Measured on redis-server 7.0.15: omem of an unread client.
    #[test]
    fn memory_is_counted_in_blocks() {
        let mut buffer = OutputBuffer::default();
        let mut seen = Vec::new();
        while buffer.memory() < 61_512 {
            buffer.append(message(100));
            if seen.last() != Some(&buffer.memory()) {
                seen.push(buffer.memory());
            }
        }
        assert_eq!(seen, [0, 20_504, 41_008, 61_512]);
        let mut buffer = OutputBuffer::default();
        buffer.append(message(60_000));
        assert_eq!((buffer.memory(), buffer.static_used()), (49_176, 16_384));
    }

    #[test]
    fn what_is_taken_leaves_in_order_and_frees_whole_blocks() {
        let mut buffer = OutputBuffer::default();
        for _ in 0..3 {
            buffer.append(message(20_000));
        }
        let total = buffer.len();
        let first = buffer.take(20_000);
        assert_eq!((first.frames.len(), first.bytes, buffer.static_used()), (0, 20_000, 0));
        assert_eq!(buffer.take(u64::MAX).frames.len(), 3);
        assert_eq!((buffer.len(), buffer.memory(), buffer.is_empty()), (0, 0, true));
        assert_eq!(total, 3 * (8 + 20_000 + 2));
    }
}
