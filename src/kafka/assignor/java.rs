//! What of Java's collections shows through in Kafka's results: string hashes and the order in
//! which a `HashMap` is walked. Knows nothing of groups.

use crate::event::TopicPartition;
use crate::sim::Order;

/// `java.lang.String#hashCode`: `h = 31 * h + unit` over UTF-16 code units, wrapping.
pub(crate) fn string_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `org.apache.kafka.common.TopicPartition#hashCode`.
pub(crate) fn partition_hash(partition: &TopicPartition) -> i32 {
    (31_i32.wrapping_add(partition.partition as i32))
        .wrapping_mul(31)
        .wrapping_add(string_hash(&partition.topic))
}

/// Compares as `java.lang.String#compareTo` does: by UTF-16 code units.
pub(crate) fn compare(a: &str, b: &str) -> core::cmp::Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// The bucket of a hash in a table of `capacity` (a power of two), as `java.util.HashMap` spreads
/// it.
fn bucket(hash: i32, capacity: u32) -> u32 {
    let hash = hash as u32;
    (hash ^ (hash >> 16)) & (capacity - 1)
}

/// The size of the table once `count` things were put into a map made with the default size.
fn capacity(count: u32) -> u32 {
    let mut capacity = 16_u32;
    while count > capacity / 4 * 3 && capacity < 1 << 30 {
        capacity *= 2;
    }
    capacity
}

/// The order in which a `java.util.HashMap` filled with `items` in this order is walked: by
/// bucket, within one bucket by insertion. Trees (more than eight in one bucket) are left out;
/// they keep the order of insertion too.
pub(crate) fn hash_order<T>(
    items: impl IntoIterator<Item = T>,
    hash: impl Fn(&T) -> i32,
) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    let capacity = capacity(items.len() as u32);
    items.order_by_key(|item| bucket(hash(item), capacity));
    items
}

/// The first item in the order of a `java.util.HashSet` that once held `peak` items.
pub(crate) fn first_in_hash_order<T>(
    items: &[T],
    peak: u32,
    hash: impl Fn(&T) -> i32,
) -> Option<&T> {
    let capacity = capacity(peak);
    items.iter().min_by_key(|item| bucket(hash(item), capacity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn string_hash_is_javas() {
        // Published values: the empty string, a pangram's start, and the string whose hash is
        // `Integer.MIN_VALUE`.
        for (text, hash) in [("", 0), ("a", 97), ("polygenelubricants", i32::MIN)] {
            assert_eq!(string_hash(text), hash, "{text}");
        }
    }
}
