//! A recording as the fragment of a URL.
//!
//! `pp1.` + base64url(checksum, deflate(postcard(recording))). The number is the format's version;
//! the checksum is the low half of XXH64 over what follows it, little-endian. The format only
//! grows: new actions and carriers are added at the end of their enums, so that old links mean
//! what they meant.

use super::{FORMAT, LessonRef, Recording};
use crate::event::Command;
use crate::sim::Instant;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;
use core::hash::Hasher;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use serde::de::DeserializeOwned;
use twox_hash::XxHash64;

/// What every link begins with, before the number of its version.
const PREFIX: &str = "pp";

/// A link may not unpack to more than this: it comes from a stranger.
const LARGEST: usize = 1 << 20;

/// Why a link cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    /// What is wrong.
    pub wrong: Wrong,
    /// What could still be read. It may be incomplete, and where bytes were changed it may be
    /// false; its trace and its end are not known.
    pub read: Option<Box<Recording>>,
}

/// What is wrong with a link or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no link of this software.
    Foreign,
    /// It was made by a newer version, with this format.
    TooNew(u16),
    /// It holds more than any run that was made by hand.
    TooLarge,
    /// Something in it was changed or cut off. At the latest from this character of the link on,
    /// counted from 0, nothing can be read; none where that cannot be told.
    Damaged(Option<usize>),
    /// It is whole, but says something that cannot be: this command, counted from 0, is older than
    /// the one before it, or one beyond the last: the end is older than the last.
    Senseless(usize),
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wrong {
            Wrong::Foreign => write!(
                f,
                "This is not a link to a run. One begins with `{PREFIX}{FORMAT}.`, in an address \
                 after `#`"
            ),
            Wrong::TooNew(version) => write!(
                f,
                "This was made by a newer version (format {version}, known here: {FORMAT}). Open \
                 it with that one"
            ),
            Wrong::TooLarge => {
                write!(f, "This holds more than a run can be. Ask for the run's file instead")
            }
            Wrong::Damaged(Some(at)) => write!(
                f,
                "This link is damaged or was cut off: it cannot be read from its character {} on. \
                 Ask for it again, whole and on one line",
                at + 1
            ),
            Wrong::Damaged(None) => write!(
                f,
                "This link is damaged: a part was changed, it cannot be told which. Ask for it \
                 again, whole and on one line"
            ),
            Wrong::Senseless(command) => match &self.read {
                Some(read) if command >= read.commands.len() => {
                    write!(f, "This cannot be: its end lies before its last command")
                }
                _ => write!(
                    f,
                    "This cannot be: its command {} happens before the one in front of it",
                    command + 1
                ),
            },
        }?;
        match &self.read {
            None => write!(f, ". Nothing of it could be read."),
            Some(read) => {
                let lesson = match &read.lesson {
                    LessonRef::Named(name) | LessonRef::NamedBy(name, _) => {
                        format!("the lesson `{name}`")
                    }
                    LessonRef::Inline(_) | LessonRef::InlineBy(..) => "its own lesson".to_owned(),
                };
                let (seed, commands) = (read.seed, read.commands.len());
                let s = if commands == 1 { "" } else { "s" };
                write!(f, ". Still readable: {lesson}, seed {seed}, {commands} command{s}.")
            }
        }
    }
}

impl core::error::Error for LinkError {}

/// The recording as the text of a URL's fragment, without `#`.
pub fn to_link(recording: &Recording) -> String {
    // Writing to a vector cannot fail, and a recording holds nothing that postcard refuses.
    let packed = compress_to_vec(&postcard::to_allocvec(recording).unwrap_or_default(), 9);
    let mut bytes = checksum(&packed).to_le_bytes().to_vec();
    bytes.extend(packed);
    format!("{PREFIX}{FORMAT}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads a link: a fragment with or without `#`, or a whole URL with one.
///
/// # Errors
/// [`LinkError`] says what is wrong and what could still be read.
pub fn from_link(text: &str) -> Result<Recording, LinkError> {
    let no = |wrong, read| Err(LinkError { wrong, read });
    let fragment = text.trim().rsplit('#').next().unwrap_or_default();
    let version = fragment.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
    let version = version.and_then(|(version, body)| Some((version.parse::<u16>().ok()?, body)));
    let Some((version, body)) = version.filter(|(version, _)| *version > 0) else {
        return no(Wrong::Foreign, None);
    };
    if version > FORMAT {
        return no(Wrong::TooNew(version), None);
    }
    // What is packed is no larger than what it unpacks to, and base64 adds a third.
    if body.len() > LARGEST / 3 * 4 {
        return no(Wrong::TooLarge, None);
    }
    let place = |bytes: usize| fragment.len() - body.len() + bytes * 4 / 3;
    let whole = URL_SAFE_NO_PAD.decode(body);
    let is_text = whole.is_ok();
    let bytes = whole.unwrap_or_else(|_| as_far_as_it_goes(body));
    let (sum, packed) = bytes.split_at_checked(4).unwrap_or((&[], &bytes));
    let (plain, read, status) = unpack(packed);
    if status == TINFLStatus::HasMoreOutput {
        return no(Wrong::TooLarge, salvage(&plain));
    }
    if !is_text || status != TINFLStatus::Done {
        let at = if is_text { bytes.len() - packed.len() + read } else { bytes.len() };
        return no(Wrong::Damaged(Some(place(at))), salvage(&plain));
    }
    if sum != checksum(packed).to_le_bytes() {
        return no(Wrong::Damaged(None), salvage(&plain));
    }
    // A link without futures beside its run ends before their number: it is 0.
    let padded = [&plain[..], &[0]].concat();
    let Ok((recording, [] | [0])) = postcard::take_from_bytes::<Recording>(&padded) else {
        return no(Wrong::Damaged(None), salvage(&plain));
    };
    match recording.check() {
        Ok(()) => Ok(recording),
        Err(wrong) => no(wrong, Some(Box::new(recording))),
    }
}

impl Recording {
    /// Whether its commands stand in the order of time and within its end.
    ///
    /// # Errors
    /// [`Wrong::Senseless`] when they do not.
    pub fn check(&self) -> Result<(), Wrong> {
        let disorder = |commands: &[Command], until: Instant| {
            let mut before = Instant::ZERO;
            let instants = commands.iter().map(|command| command.at).chain([until]);
            instants.enumerate().find_map(|(index, at)| {
                let late = at < before;
                before = at;
                late.then_some(index)
            })
        };
        let own = disorder(&self.commands, self.until);
        let other = || self.beside.iter().find_map(|other| disorder(&other.commands, other.until));
        own.or_else(other).map_or(Ok(()), |index| Err(Wrong::Senseless(index)))
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut hash = XxHash64::with_seed(0);
    hash.write(bytes);
    hash.finish() as u32
}

/// What could be unpacked, from how many bytes, and how that ended. Never more than [`LARGEST`].
fn unpack(packed: &[u8]) -> (Vec<u8>, usize, TINFLStatus) {
    let mut plain = vec![0; LARGEST];
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = Box::<DecompressorOxide>::default();
    let (status, read, length) = decompress(&mut state, packed, &mut plain, 0, flags);
    plain.truncate(length);
    (plain, read, status)
}

/// The bytes of the text up to what is no base64.
fn as_far_as_it_goes(text: &str) -> Vec<u8> {
    let good = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"-_".contains(b)).count();
    // Four letters are three bytes; a rest of one letter is none.
    let whole = good / 4 * 4;
    URL_SAFE_NO_PAD.decode(&text[..whole]).unwrap_or_default()
}

/// What the first fields and commands say, until they say nothing.
fn salvage(bytes: &[u8]) -> Option<Box<Recording>> {
    let mut rest = bytes;
    let mut recording = Recording {
        rules: take(&mut rest)?,
        lesson: take(&mut rest)?,
        seed: take(&mut rest)?,
        commands: Vec::new(),
        until: Instant::ZERO,
        trace: 0,
        beside: Vec::new(),
    };
    // A sequence begins with its length.
    for _ in 0..take::<u64>(&mut rest).unwrap_or(0) {
        let Some(command) = take::<Command>(&mut rest) else { break };
        if command.at < recording.until {
            break;
        }
        recording.until = command.at;
        recording.commands.push(command);
    }
    Some(Box::new(recording))
}

fn take<T: DeserializeOwned>(rest: &mut &[u8]) -> Option<T> {
    let (value, after) = postcard::take_from_bytes(rest).ok()?;
    *rest = after;
    Some(value)
}
