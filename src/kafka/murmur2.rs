//! The hash that Kafka's Java client partitions keyed records by
//! (`clients/.../common/utils/Utils.java#murmur2`): 32-bit MurmurHash2, seed `0x9747b28c`.

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The hash of serialized key bytes, as Java's signed int.
pub fn murmur2(bytes: &[u8]) -> i32 {
    let mut h = SEED ^ bytes.len() as u32;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> R)).wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    if !tail.is_empty() {
        for (byte, shift) in tail.iter().zip([0, 8, 16]) {
            h ^= u32::from(*byte) << shift;
        }
        h = h.wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    (h ^ (h >> 15)) as i32
}

/// `Utils#toPositive`: drops the sign bit, which is not the absolute value.
pub const fn to_positive(hash: i32) -> u32 {
    hash as u32 & 0x7fff_ffff
}

/// The partition of a keyed record: over all partitions, also those without leader. 0 when
/// there are none.
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    to_positive(murmur2(key)).checked_rem(partitions).unwrap_or(0)
}
