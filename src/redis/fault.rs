//! Error replies.

use std::borrow::Cow;

/// The text of an error reply, code first (`ERR syntax error`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) Cow<'static, str>);

impl From<&'static str> for Fault {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl Fault {
    /// `-ERR wrong number of arguments for 'name' command`.
    pub(super) fn arity(name: &str) -> Self {
        format!("ERR wrong number of arguments for '{name}' command").into()
    }
}

/// A word or option where none belongs.
pub(super) const SYNTAX: &str = "ERR syntax error";
/// The key holds another type.
pub(super) const WRONG_TYPE: &str =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
/// The key does not exist.
pub(super) const NO_KEY: &str = "ERR no such key";
/// Not an integer, or not in 64 bits.
pub(super) const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
/// Not a double.
pub(super) const NOT_FLOAT: &str = "ERR value is not a valid float";
