//! Results of running Kafka 4.3's own classes: murmur2, record batches, the log, idempotent
//! producers. Whatever cases stand in the files are run.
#![cfg(not(target_arch = "wasm32"))]

use pushpull::event::Payload;
use pushpull::kafka::log::{AppendError, Log, TopicConfig};
use pushpull::kafka::murmur2::{murmur2, partition_for_key, to_positive};
use pushpull::kafka::protocol::ErrorCode;
use pushpull::kafka::record::{Compression, Header, ProducerStamp, Record, RecordBatch, encode};
use serde_json::Value;

fn cases(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/kafka/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let cases: Vec<Value> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{path}: {e}")))
        .collect();
    assert!(!cases.is_empty(), "{path} holds no case");
    cases
}

fn int(value: &Value, field: &str) -> i64 {
    value[field].as_i64().unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()))
        .map(|byte| byte.expect("two hexadecimal digits"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn murmur2_is_kafkas() {
    for case in cases("murmur2") {
        let key = unhex(case["hex"].as_str().expect("hex"));
        let hash = murmur2(&key);
        assert_eq!(i64::from(hash), int(&case, "murmur2"), "{case}");
        assert_eq!(i64::from(to_positive(hash)), int(&case, "positive"), "{case}");
        assert_eq!(i64::from(partition_for_key(&key, 7)), int(&case, "mod7"), "{case}");
    }
}

/// `UtilsTest#testMurmur2`, and keys with their partitions of 3, 6 and 12.
#[test]
fn murmur2_of_known_keys() {
    for (key, hash) in [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
    }
    for (key, partitions) in [
        ("", [0, 3, 9]),
        ("a", [1, 4, 4]),
        ("abcd", [2, 2, 8]),
        ("key-3", [2, 5, 11]),
        ("order-1001", [0, 0, 6]),
        ("你好", [0, 0, 0]),
    ] {
        let of = |n| partition_for_key(key.as_bytes(), n);
        assert_eq!([of(3), of(6), of(12)], partitions, "{key}");
    }
}

fn text(text: &str) -> Payload {
    Payload::from(text)
}

/// `MemoryRecords` of Kafka 4.3, encoded by itself.
#[test]
fn batches_have_kafkas_bytes() {
    let one = Record::new(Some(text("k")), Some(text("v")), 1000);
    let null = Record::new(None, None, 0);
    let header = |key: &str, value: Option<Payload>| Header { key: key.into(), value };
    let three = vec![
        Record::new(Some(text("a")), Some(text("1")), 1000),
        Record {
            headers: vec![header("h", Some(text("x"))), header("n", None)],
            ..Record::new(Some(text("b")), Some(text("22")), 1005)
        },
        Record::new(None, Some(text("333")), 999),
    ];
    let batch = |records: Vec<Record>| {
        RecordBatch::new(&records, Compression::None, None).expect("records")
    };
    for (batch, expected) in [
        (
            batch(vec![one]),
            "00000000000000000000003affffffff02716a618900000000000000000000000003e8\
             00000000000003e8ffffffffffffffffffffffffffff0000000110000000026b027600",
        ),
        (
            batch(vec![null]),
            "000000000000000000000038ffffffff0234bb92730000000000000000000000000000\
             0000000000000000ffffffffffffffffffffffffffff000000010c000000010100",
        ),
        (
            batch(three).assigned(5, 7),
            "00000000000000050000005500000007024fd738cb00000000000200000000000003e8\
             00000000000003edffffffffffffffffffffffffffff00000003100000000261023100\
             20000a0202620432320402680278026e0112000104010633333300",
        ),
    ] {
        let bytes = encode(&batch).expect("no codec");
        assert_eq!(hex(&bytes), expected);
        assert_eq!(bytes.len(), batch.size_in_bytes() as usize);
    }
}

fn config(case: &Value) -> TopicConfig {
    let mut config = TopicConfig::default();
    for (name, value) in case["config"].as_object().expect("config") {
        config.set(name, value.as_str().expect("text")).expect("a topic configuration");
    }
    config
}

fn batch_of(event: &Value) -> RecordBatch {
    let value = vec![0_u8; int(event, "valueBytes") as usize];
    let records: Vec<Record> = event["timestamps"]
        .as_array()
        .expect("timestamps")
        .iter()
        .map(|at| {
            Record::new(Some(text("k")), Some(value.clone().into()), at.as_i64().expect("ms"))
        })
        .collect();
    RecordBatch::new(&records, Compression::None, None).expect("records")
}

/// `UnifiedLog`: appending, rolling, high watermark, retention, deleting records, time look-up.
#[test]
fn the_log_is_kafkas() {
    for case in cases("log_ops") {
        let number = &case["case"];
        let events = case["events"].as_array().expect("events");
        let mut log = Log::new(config(&case), 0, 1_000_000);
        for (step, event) in events.iter().enumerate() {
            let at = format!("case {number} step {step}: {event}");
            let now = int(event, "now");
            match event["op"].as_str().expect("op") {
                "append" => {
                    let batch = batch_of(event);
                    assert_eq!(i64::from(batch.size_in_bytes()), int(event, "batchBytes"), "{at}");
                    match log.append_as_leader(batch, 0, now) {
                        Ok(appended) => {
                            assert_eq!(appended.first_offset as i64, int(event, "first"), "{at}");
                            assert_eq!(appended.last_offset as i64, int(event, "last"), "{at}");
                        }
                        Err(AppendError { code, .. }) => {
                            assert_eq!(code.name(), event["error"], "{at}");
                        }
                    }
                }
                "highWatermark" => {
                    log.update_high_watermark(int(event, "to") as u64);
                }
                "advance" => {}
                "deleteRecords" => match log.delete_records(Some(int(event, "before") as u64)) {
                    Ok(_) => assert_eq!(event["ok"], true, "{at}"),
                    Err(error) => assert_eq!(error.name(), event["error"], "{at}"),
                },
                "offsetForTime" => {
                    let pair = |found: Option<(u64, i64)>| serde_json::json!(found);
                    let found = log.offset_for_timestamp(int(event, "ts"));
                    assert_eq!(pair(found), event["result"], "{at}");
                    assert_eq!(pair(log.offset_for_max_timestamp()), event["maxTimestamp"], "{at}");
                }
                "retention" => {
                    let deleted: u32 = log
                        .delete_old_segments(now)
                        .iter()
                        .map(|pass| pass.segments.len() as u32)
                        .sum();
                    assert_eq!(i64::from(deleted), int(event, "deleted"), "{at}");
                }
                other => panic!("unknown op {other}"),
            }
            let segments: Vec<(u64, u64)> =
                log.segments().map(|s| (s.base_offset(), s.size_in_bytes())).collect();
            assert_eq!(serde_json::json!(segments), event["segments"], "{at}");
            assert_eq!(log.log_start_offset() as i64, int(event, "logStart"), "{at}");
            assert_eq!(log.high_watermark() as i64, int(event, "hw"), "{at}");
            assert_eq!(log.log_end_offset() as i64, int(event, "leo"), "{at}");
        }
    }
}

/// `ProducerStateManager` within `UnifiedLog`: the window of five batches, epochs, the wrap.
#[test]
fn idempotent_producers_are_kafkas() {
    for case in cases("idempotent_producer") {
        let number = &case["case"];
        let mut log = Log::new(TopicConfig::default(), 0, 0);
        for (step, event) in case["events"].as_array().expect("events").iter().enumerate() {
            let at = format!("case {number} step {step}: {event}");
            let stamp = ProducerStamp {
                producer_id: 1,
                producer_epoch: int(event, "epoch") as i16,
                base_sequence: int(event, "baseSequence") as i32,
            };
            let records: Vec<Record> = (0..int(event, "count"))
                .map(|_| Record::new(Some(text("k")), Some(text("v")), 0))
                .collect();
            let batch =
                RecordBatch::new(&records, Compression::None, Some(stamp)).expect("records");
            match log.append_as_leader(batch, 0, 0) {
                Ok(appended) => {
                    assert_eq!(appended.first_offset as i64, int(event, "first"), "{at}");
                    assert_eq!(appended.last_offset as i64, int(event, "last"), "{at}");
                }
                Err(AppendError { code, .. }) => assert_eq!(code.name(), event["error"], "{at}"),
            }
            assert_eq!(log.log_end_offset() as i64, int(event, "leo"), "{at}");
        }
    }
}

fn produced(log: &mut Log, sequence: i32, bytes: usize) -> Result<(u64, bool), ErrorCode> {
    let stamp = ProducerStamp { producer_id: 1, producer_epoch: 0, base_sequence: sequence };
    let record = Record::new(None, Some(vec![0_u8; bytes].into()), 0);
    let batch = RecordBatch::new(&[record], Compression::None, Some(stamp)).expect("a record");
    let appended = log.append_as_leader(batch, 0, 0).map_err(|error| error.code)?;
    Ok((appended.first_offset, appended.is_new))
}

/// `UnifiedLogTest#testProducerIdMapTruncateToWithNoSnapshots`: sequences 0 and 1 at offsets 0 and
/// 1; truncated to 1, the producer's last sequence is 0. Truncated to 0, the producer is unknown.
#[test]
fn a_truncated_log_forgets_what_its_producers_wrote_there() {
    let mut log = Log::new(TopicConfig::default(), 0, 0);
    assert_eq!(produced(&mut log, 0, 1), Ok((0, true)));
    assert_eq!(produced(&mut log, 1, 1), Ok((1, true)));
    assert!(log.truncate_to(1, 0));
    assert_eq!(produced(&mut log, 2, 1), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(produced(&mut log, 1, 1), Ok((1, true)), "no duplicate of what is gone");
    assert_eq!(produced(&mut log, 0, 1), Ok((0, false)), "what is left is known");
    assert!(log.truncate_to(0, 0));
    assert!(log.producers().is_empty());
    assert_eq!(produced(&mut log, 7, 1), Ok((0, true)));
}

/// `UnifiedLogTest#testProducerSnapshotAfterSegmentRollOnAppend`: the second batch rolls; truncated
/// to its offset, both segments stand, the active one empty, and the producer comes from the
/// snapshot that was taken when it rolled.
#[test]
fn a_log_truncated_to_a_segments_start_reads_its_producers_from_the_snapshot() {
    let mut config = TopicConfig::default();
    config.set("internal.segment.bytes", "1024").expect("a topic configuration");
    let mut log = Log::new(config, 0, 0);
    assert_eq!(produced(&mut log, 0, 512), Ok((0, true)));
    assert_eq!(produced(&mut log, 1, 512), Ok((1, true)));
    assert!(log.truncate_to(1, 0));
    let segments: Vec<(u64, bool)> =
        log.segments().map(|s| (s.base_offset(), s.size_in_bytes() == 0)).collect();
    assert_eq!(segments, [(0, false), (1, true)]);
    assert_eq!(produced(&mut log, 0, 512), Ok((0, false)));
    assert_eq!(produced(&mut log, 1, 512), Ok((1, true)));
}
