//! Java's generator and shuffle, which replica placement draws from: with the same seed the
//! assignments are Kafka's own.

use core::num::NonZeroU32;

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const MASK: u64 = (1 << 48) - 1;

/// `java.util.Random`: a linear congruential generator of 48 bits, as its class documentation
/// defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaRandom(u64);

impl JavaRandom {
    /// `new Random(seed)`.
    pub fn new(seed: u64) -> Self {
        Self((seed ^ MULTIPLIER) & MASK)
    }

    fn next(&mut self, bits: u32) -> u32 {
        self.0 = self.0.wrapping_mul(MULTIPLIER).wrapping_add(0xB) & MASK;
        (self.0 >> (48 - bits)) as u32
    }

    /// `nextInt(bound)`: a number in `0..bound`.
    pub fn next_int(&mut self, bound: NonZeroU32) -> u32 {
        let bound = bound.get();
        if bound.is_power_of_two() {
            return ((u64::from(bound) * u64::from(self.next(31))) >> 31) as u32;
        }
        loop {
            let bits = self.next(31);
            let value = bits % bound;
            // Java rejects where `bits - value + (bound - 1)` overflows a signed int.
            if bits - value <= i32::MAX as u32 - (bound - 1) {
                return value;
            }
        }
    }

    /// An index into a list of this length; 0 for an empty one, without drawing.
    pub fn index(&mut self, length: usize) -> usize {
        NonZeroU32::new(length as u32).map_or(0, |bound| self.next_int(bound) as usize)
    }

    /// `Collections.shuffle(list, random)`.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for length in (2..=list.len()).rev() {
            let other = self.index(length);
            list.swap(length - 1, other);
        }
    }
}
