//! Configurations, through the lab.

use super::*;
use pushpull::event::Cargo;
use pushpull::kafka::murmur2::partition_for_key;

/// C5: whole closed segments go from the left; `retention.ms` can be changed at run time
/// (`kafka-configs.sh --alter`).
#[test]
fn retention_can_be_changed_and_takes_whole_segments() {
    let mut world = shop(1, &[("internal.segment.bytes", "1000")]);
    let mut events = Vec::new();
    for _ in 0..20 {
        burst(&mut world, 1);
        events.extend(later(&mut world, Span::from_secs(1)));
    }
    let alter = |name: &str, value: &str| Action::AlterConfig {
        of: Configured::Topic("orders".into()),
        config: settings(&[(name, value)]),
    };
    let wrong = world.can(&alter("retention.ms", "soon")).expect_err("no number").reason;
    assert!(wrong.starts_with("INVALID_CONFIG"), "{wrong}");
    act(&mut world, alter("retention.ms", "60000"));
    events.extend(later(&mut world, Span::from_secs(700)));
    let mut rolled = Vec::new();
    let mut deleted = Vec::new();
    let mut start = 0;
    for event in &events {
        match &event.what {
            What::Kafka { fact: KafkaFact::SegmentRolled { closed, base_offset, .. }, .. } => {
                assert!(closed.base_offset < *base_offset && closed.bytes <= 1_000, "{closed:?}");
                rolled.push(closed.base_offset);
            }
            What::Kafka { fact: KafkaFact::SegmentDeleted { segment, .. }, .. } => {
                deleted.push(segment.base_offset);
            }
            What::Kafka { fact: KafkaFact::LogStartMoved { offset, .. }, .. } => start = *offset,
            _ => {}
        }
    }
    assert!(rolled.len() > 1);
    assert!(deleted.starts_with(&rolled), "{rolled:?} {deleted:?}");
    assert_eq!(start, 20, "the active one went as well when all others had");
}

/// Dynamic broker configurations: defaults of topics can be changed, others are read-only
/// (`DynamicBrokerConfig#validateConfigs`).
#[test]
fn a_brokers_configuration_is_dynamic_or_read_only() {
    let mut world = shop(1, &[]);
    let alter = |name: &str, value: &str| Action::AlterConfig {
        of: Configured::Broker("kafka-1".into()),
        config: settings(&[(name, value)]),
    };
    let reason = world.can(&alter("num.partitions", "3")).expect_err("read-only").reason;
    assert!(reason.contains("Cannot update these configs dynamically"), "{reason}");
    burst(&mut world, 5);
    later(&mut world, Span::from_secs(2));
    act(&mut world, alter("log.retention.ms", "1000"));
    let events = later(&mut world, Span::from_secs(700));
    let deleted = |event: &&Event| {
        matches!(event.what, What::Kafka { fact: KafkaFact::SegmentDeleted { .. }, .. })
    };
    assert!(events.iter().filter(deleted).count() > 0, "the topic does not say otherwise");
}

/// What left the shop for the broker with messages in it, and in how many bytes.
fn produced(events: &[Event]) -> Vec<(usize, u32)> {
    let hops = events.iter().filter_map(|event| match &event.what {
        What::Departed(hop) if matches!(hop.cargo, Cargo::Produce { .. }) => {
            Some((hop.tags.len(), hop.bytes))
        }
        _ => None,
    });
    hops.collect()
}

/// `retention.bytes`: as many old segments go as lie wholly beyond the limit, and no more
/// (`UnifiedLog#deleteRetentionSizeBreachedSegments`).
#[test]
fn retention_by_size_keeps_at_least_that_much() {
    let mut world = shop(1, &[("internal.segment.bytes", "1000"), ("retention.bytes", "2500")]);
    act(&mut world, Action::Pause { node: "billing".into() });
    for _ in 0..30 {
        burst(&mut world, 1);
        later(&mut world, Span::from_millis(500));
    }
    let events = later(&mut world, Span::from_secs(330));
    let mut start = 0;
    let mut sizes = Vec::new();
    for (_, fact) in facts(&events) {
        match fact {
            KafkaFact::SegmentDeleted { segment, .. } => sizes.push(segment.bytes),
            KafkaFact::LogStartMoved { offset, .. } => start = *offset,
            _ => {}
        }
    }
    assert!(!sizes.is_empty());
    // Every record is a batch of its own and as large as any other.
    let whole: u64 = sizes.iter().sum();
    let each = whole / start;
    let left = (30 - start) * each;
    let next = sizes[0];
    assert!(left >= 2_500 && left - 2_500 < next, "{left} bytes are left of {whole} more");
    let billing = party(&world, "billing");
    assert_eq!(billing.count(Standing::Lost(LostReason::Retention)), start);
    assert_eq!(billing.count(Standing::Waiting), 30 - start);
}

/// `max.request.size` counts before compression, in the producer; `max.message.bytes` after it,
/// in the broker, which answers `MESSAGE_TOO_LARGE` (specification 2.3 and 4.1).
#[test]
fn sizes_are_limited_before_and_after_compression() {
    let gzip = ("compression.type", "gzip");
    let small_request = ("max.request.size", "4700");
    let small_message = ("max.message.bytes", "4700");
    for (topic, producer, arrives, sent) in [
        (&[][..], &[][..], true, true),
        (&[small_message], &[], false, true),
        (&[small_message], &[gzip], true, true),
        (&[], &[small_request], false, false),
        (&[], &[small_request, gzip], false, false),
    ] {
        let mut world = sending(1, topic, producer, 5_000);
        burst(&mut world, 1);
        let events = later(&mut world, Span::from_secs(3));
        let billing = party(&world, "billing");
        let standing = if arrives { Standing::Delivered } else { Standing::Refused };
        assert_eq!(billing.count(standing), 1, "{topic:?} {producer:?}");
        assert_eq!(!produced(&events).is_empty(), sent, "{topic:?} {producer:?}");
    }
    // A batch that is too large is split until its pieces fit (`splitAndReenqueue`, KAFKA-8350):
    // first by batch.size, which changes nothing here, then into halves.
    let linger = ("linger.ms", "10");
    let mut world = sending(1, &[("max.message.bytes", "1500")], &[linger], 100);
    burst(&mut world, 20);
    let events = later(&mut world, Span::from_secs(3));
    let counts: Vec<usize> = produced(&events).iter().map(|(records, _)| *records).collect();
    assert_eq!(counts[..2], [20, 20]);
    assert_eq!(counts[2..].iter().sum::<usize>(), 20, "{counts:?}");
    assert!(produced(&events)[2..].iter().all(|(_, bytes)| *bytes <= 1_500));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 20);
}

/// `compression.type`: a batch is compressed as a whole, on the wire and in the log; a topic's own
/// type compresses again what a producer sent otherwise (`LogValidator`). Real gzip must not come
/// out larger than the text; the same records come out at the other end.
#[test]
fn batches_are_compressed_by_the_producer_or_by_the_topic() {
    let log = |topic: &str, producer: &str| {
        let topic = [("compression.type", topic), ("internal.segment.bytes", "100000")];
        let producer = [("compression.type", producer), ("linger.ms", "10")];
        let mut world = sending(1, &topic, &producer, 1_000);
        burst(&mut world, 12);
        let events = later(&mut world, Span::from_secs(3));
        assert_eq!(party(&world, "billing").count(Standing::Delivered), 12, "{producer:?}");
        let fetched = events.iter().find_map(|event| match &event.what {
            What::Departed(hop) if matches!(hop.cargo, Cargo::Fetched { .. }) => {
                Some(hop.bytes).filter(|bytes| *bytes > 0)
            }
            _ => None,
        });
        (produced(&events)[0].1, fetched.expect("they were read"))
    };
    let (plain, stored) = log("producer", "none");
    assert_eq!(plain, stored);
    for codec in ["gzip", "snappy", "lz4", "zstd"] {
        let (sent, stored) = log("producer", codec);
        assert_eq!(sent, stored, "{codec}: as the producer sent it");
        assert_ne!(sent, plain, "{codec}");
    }
    let (gzip, _) = log("producer", "gzip");
    assert!(gzip < plain * 9 / 10, "{gzip} of {plain}");
    assert_eq!(log("gzip", "none"), (plain, gzip), "the broker compressed it");
    assert_eq!(log("uncompressed", "gzip"), (gzip, plain), "or not");
}

/// `message.timestamp.type`: a lookup by time goes by when it was sent (`CreateTime`), or by when
/// the leader appended it (`LogAppendTime`).
#[test]
fn a_time_is_that_of_sending_or_of_appending() {
    for (kind, again) in [("CreateTime", 0), ("LogAppendTime", 3)] {
        let mut world = shop(1, &[("message.timestamp.type", kind)]);
        burst(&mut world, 1);
        later(&mut world, Span::from_secs(1));
        act(&mut world, Action::Interrupt { node: "shop".into() });
        burst(&mut world, 3);
        later(&mut world, Span::from_secs(5));
        let at = world.now();
        act(&mut world, Action::Heal { node: "shop".into() });
        later(&mut world, Span::from_secs(5));
        let (consumer, partition) = ("billing".into(), orders(0));
        act(&mut world, Action::SeekToTime { consumer, partition, at });
        later(&mut world, Span::from_secs(3));
        let billing = party(&world, "billing");
        assert_eq!((billing.count(Standing::Delivered), billing.replayed()), (4, again), "{kind}");
    }
    // `message.timestamp.before.max.ms`: what is too old when it comes is refused.
    let mut world = shop(1, &[("message.timestamp.before.max.ms", "2000")]);
    burst(&mut world, 1);
    later(&mut world, Span::from_secs(1));
    act(&mut world, Action::Interrupt { node: "shop".into() });
    burst(&mut world, 3);
    later(&mut world, Span::from_secs(5));
    act(&mut world, Action::Heal { node: "shop".into() });
    let events = later(&mut world, Span::from_secs(5));
    assert_eq!(party(&world, "billing").count(Standing::Refused), 3);
    let answered = events.iter().any(|event| {
        matches!(&event.what, What::Departed(hop)
            if matches!(&hop.cargo, Cargo::ProduceAnswer { error: Some(error), .. }
                if **error == *"INVALID_TIMESTAMP"))
    });
    assert!(answered);
}

/// librdkafka's `consistent_random` takes the CRC-32 of the key (the values are zlib's), its
/// `murmur2_random` and Java murmur2; a key goes elsewhere when only the client differs.
#[test]
fn another_clients_partitioner_sends_a_key_elsewhere() {
    let places = |partitioner: Option<&str>| -> Vec<u32> {
        let config: Vec<_> = partitioner.map(|p| ("partitioner.class", p)).into_iter().collect();
        let mut world = sending(3, &[], &config, 100);
        burst(&mut world, 2);
        let events = later(&mut world, Span::from_secs(2));
        let chosen = facts(&events).filter_map(|(_, fact)| match fact {
            KafkaFact::Partitioned { partition, .. } => Some(partition.partition),
            _ => None,
        });
        chosen.collect()
    };
    // zlib.crc32(b"ada") = 2372962152, zlib.crc32(b"bob") = 4123767104.
    let crc = [2_372_962_152_u32 % 3, 4_123_767_104 % 3];
    assert_eq!(places(Some("consistent_random")), crc);
    let java = ["ada", "bob"].map(|key| partition_for_key(key.as_bytes(), 3));
    assert_ne!(java, crc, "else this proves nothing");
    assert_eq!(places(None), java);
    assert_eq!(places(Some("murmur2_random")), java);
}

/// `ProducerRecord(topic, partition, key, value)`: the key decides nothing then. A partition that
/// does not exist is waited for until `max.block.ms` is over.
#[test]
fn an_explicit_partition_overrules_the_key() {
    let mut world = sending(3, &[], &[("max.block.ms", "2000")], 100);
    let to = |partition| Action::SetPartition { producer: "shop".into(), partition };
    act(&mut world, to(Some(1)));
    assert!(world.can(&to(Some(1))).is_err(), "it does so already");
    burst(&mut world, 4);
    let events = later(&mut world, Span::from_secs(2));
    let places: Vec<u32> = facts(&events)
        .filter_map(|(_, fact)| match fact {
            KafkaFact::Appended { partition, tag: Some(_), .. } => Some(partition.partition),
            _ => None,
        })
        .collect();
    assert_eq!(places, [1; 4]);
    assert!(world.can(&to(Some(3))).is_err(), "there are three");
    act(&mut world, to(None));
    burst(&mut world, 2);
    later(&mut world, Span::from_secs(2));
    assert_eq!(party(&world, "billing").count(Standing::Delivered), 6);
}
