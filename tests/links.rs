//! Links from strangers: whatever is wrong with one, it says what, where and what can be read.
#![cfg(not(target_arch = "wasm32"))]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::hash::Hasher;
use pushpull::event::{Action, Command};
use pushpull::history::{LessonRef, LinkError, Recording, Wrong, from_link, to_link};
use pushpull::sim::{Instant, Purpose, Rng};

fn recording() -> Recording {
    let commands = (1..=4).map(|n| Command {
        at: Instant::from_millis(n * 1_000),
        action: if n % 2 == 1 {
            Action::Unplug { consumer: "billing".into() }
        } else {
            Action::PlugIn { consumer: "billing".into() }
        },
    });
    Recording {
        rules: 1,
        lesson: LessonRef::Named("one-plug".into()),
        seed: 3,
        commands: commands.collect(),
        until: Instant::from_millis(9_000),
        trace: 0x0123_4567_89ab_cdef,
        beside: Vec::new(),
    }
}

/// A link around any bytes, its checksum right.
fn link_of(plain: &[u8]) -> String {
    let packed = miniz_oxide::deflate::compress_to_vec(plain, 9);
    let mut hash = twox_hash::XxHash64::with_seed(0);
    hash.write(&packed);
    let mut bytes = (hash.finish() as u32).to_le_bytes().to_vec();
    bytes.extend(packed);
    format!("pp1.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The error, which tells what to do.
fn error(link: &str) -> LinkError {
    let error = from_link(link).expect_err(link);
    let words = error.to_string();
    let read =
        if error.read.is_some() { "Still readable: " } else { "Nothing of it could be read" };
    assert!(words.contains(read), "{words}");
    error
}

fn golden() -> Vec<String> {
    let text = std::fs::read_to_string("tests/links/v1.txt").expect("golden links");
    text.lines().filter(|line| line.starts_with("pp1.")).map(Into::into).collect()
}

#[test]
fn what_is_no_link_says_how_one_begins() {
    for foreign in
        ["", "#", "hello", "https://example.org/", "pp", "ppx.abc", "pp1", "pp0.AAAA", "pp-1.AAAA"]
    {
        let error = error(foreign);
        assert_eq!((error.wrong, &error.read), (Wrong::Foreign, &None), "{foreign}");
        assert!(error.to_string().contains("`pp1.`"), "{error}");
    }
}

#[test]
fn a_newer_link_asks_for_the_newer_version() {
    for version in [2, 65_535] {
        let new = error(&to_link(&recording()).replacen("pp1.", &format!("pp{version}."), 1));
        assert_eq!(new.wrong, Wrong::TooNew(version));
        assert!(new.to_string().contains("newer version"), "{new}");
    }
}

#[test]
fn a_link_that_was_cut_off_gives_its_beginning() {
    let (recording, link) = (recording(), to_link(&recording()));
    let mut most = 0;
    for end in "pp1.".len()..link.len() {
        let error = error(&link[..end]);
        let Wrong::Damaged(Some(at)) = error.wrong else { panic!("{error:?}") };
        assert!(at <= end, "{at} of {end}");
        if let Some(read) = error.read {
            assert_eq!((read.seed, &read.lesson), (3, &recording.lesson));
            assert!(recording.commands.starts_with(&read.commands), "{read:?}");
            most = most.max(read.commands.len());
        }
    }
    assert_eq!(most, 4, "a link that lost its last letter still has all commands");
}

#[test]
fn a_foreign_letter_is_found() {
    let link = to_link(&recording());
    for at in "pp1.".len()..link.len() {
        for letter in ["!", " ", "=", "\u{e4}", "\u{1f600}"] {
            let broken = format!("{}{letter}{}", &link[..at], &link[at + 1..]);
            let error = error(&broken);
            let Wrong::Damaged(Some(place)) = error.wrong else { panic!("{error:?}") };
            // Four letters stand for three bytes.
            assert!(place <= at && at < place + 4, "{place} for {at}");
        }
    }
}

/// Never another run, never a panic, and never a recording that is dropped in silence.
#[test]
fn a_changed_link_is_never_another_run() {
    for link in golden() {
        let meaning = from_link(&link).expect("golden");
        let mut rng = Rng::new(1, Purpose::Workload, 0);
        for at in 0..link.len() {
            for _ in 0..6 {
                let mut letters = link.clone().into_bytes();
                letters[at] = rng.below(128) as u8;
                let changed = String::from_utf8(letters).expect("ASCII");
                // The last letter of a base64 text may have bits that mean nothing.
                if let Ok(read) = from_link(&changed) {
                    assert_eq!(read, meaning);
                }
            }
            let _ = from_link(&link[..at]);
            let _ = from_link(&link[at..]);
        }
    }
}

#[test]
fn bytes_that_say_nonsense_are_read_as_far_as_they_go() {
    let plain = postcard::to_allocvec(&recording()).expect("it is plain");
    // Without futures beside the run their number, 0, is left out, as in older links; or not.
    for plain in [plain.clone(), [&plain[..], &[0]].concat()] {
        assert_eq!(from_link(&link_of(&plain)).as_ref(), Ok(&recording()));
    }
    let mut rng = Rng::new(2, Purpose::Workload, 0);
    for at in 0..plain.len() {
        // The checksum is right: whoever made this meant it.
        error(&link_of(&plain[..at]));
        for _ in 0..20 {
            let mut changed = plain.clone();
            changed[at] = rng.below(256) as u8;
            let _ = from_link(&link_of(&changed));
        }
    }
    let longer = [&plain[..], &[0, 0]].concat();
    assert_eq!(error(&link_of(&longer)).wrong, Wrong::Damaged(None), "more than is known");
    // A length that no memory holds.
    let endless = [&plain[..1], &[1], &[0xff; 9][..], &[1]].concat();
    assert_eq!(error(&link_of(&endless)).wrong, Wrong::Damaged(None));
}

#[test]
fn a_small_link_cannot_unpack_to_much() {
    let bomb = link_of(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert_eq!(error(&bomb).wrong, Wrong::TooLarge);
    assert_eq!(error(&format!("pp1.{}", "A".repeat(2 << 20))).wrong, Wrong::TooLarge);
}

#[test]
fn commands_that_go_back_in_time_are_named() {
    let mut senseless = recording();
    senseless.commands.swap(1, 2);
    let wrong = error(&to_link(&senseless));
    assert_eq!(wrong.wrong, Wrong::Senseless(2));
    assert!(wrong.to_string().contains("command 3 "), "{wrong}");
    assert_eq!(wrong.read.as_deref(), Some(&senseless));
    let mut senseless = recording();
    senseless.until = Instant::from_millis(3_500);
    let wrong = error(&to_link(&senseless));
    assert_eq!(wrong.wrong, Wrong::Senseless(4));
    assert!(wrong.to_string().contains("its end"), "{wrong}");
}
