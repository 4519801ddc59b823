//! Redis's glob rules, byte for byte (util.c: `stringmatchlen_impl`, with the nesting limit of
//! the security updates of 7.0.15).
//!
//! Knows bytes. Must not know what the names stand for.

/// Deepest nesting of `*` that is still tried.
const MAX_NESTING: u32 = 1_000;

/// Whether `string` matches `pattern`. An empty string is matched by the empty pattern alone.
pub fn matches(pattern: &[u8], string: &[u8]) -> bool {
    attempt(pattern, string, false, &mut false, 0)
}

/// The same without regard to ASCII case (`CONFIG GET`).
pub fn matches_nocase(pattern: &[u8], string: &[u8]) -> bool {
    attempt(pattern, string, true, &mut false, 0)
}

fn attempt(
    mut pattern: &[u8],
    mut string: &[u8],
    nocase: bool,
    skip_longer: &mut bool,
    nesting: u32,
) -> bool {
    if nesting > MAX_NESTING {
        return false;
    }
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() } else { byte };
    while let (Some(&token), Some(&byte)) = (pattern.first(), string.first()) {
        match token {
            b'*' => {
                while pattern.get(1) == Some(&b'*') {
                    pattern = &pattern[1..];
                }
                if pattern.len() == 1 {
                    return true;
                }
                while !string.is_empty() {
                    if attempt(&pattern[1..], string, nocase, skip_longer, nesting + 1) {
                        return true;
                    }
                    if *skip_longer {
                        return false;
                    }
                    string = &string[1..];
                }
                // No suffix fits what follows this star, so an outer star need not try either.
                *skip_longer = true;
                return false;
            }
            b'?' => pattern = &pattern[1..],
            b'[' => {
                let (hit, rest) = class(&pattern[1..], byte, nocase);
                if !hit {
                    return false;
                }
                pattern = rest;
            }
            _ => {
                if token == b'\\' && pattern.len() >= 2 {
                    pattern = &pattern[1..];
                }
                if fold(pattern[0]) != fold(byte) {
                    return false;
                }
                pattern = &pattern[1..];
            }
        }
        string = &string[1..];
        if string.is_empty() {
            while pattern.first() == Some(&b'*') {
                pattern = &pattern[1..];
            }
            break;
        }
    }
    pattern.is_empty() && string.is_empty()
}

/// A class behind its `[`: whether `byte` is in it, and the pattern behind it. An unterminated
/// class ends with the pattern.
fn class(mut pattern: &[u8], byte: u8, nocase: bool) -> (bool, &[u8]) {
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() } else { byte };
    // Ranges compare plain `char`, which is signed on the platforms that Redis is built for.
    let signed = |byte: u8| i32::from(fold(byte) as i8);
    let negated = pattern.first() == Some(&b'^');
    if negated {
        pattern = &pattern[1..];
    }
    let mut hit = false;
    loop {
        match *pattern {
            [] => return (hit != negated, pattern),
            [b'\\', escaped, ..] => {
                hit |= escaped == byte;
                pattern = &pattern[2..];
            }
            [b']', ..] => return (hit != negated, &pattern[1..]),
            [start, b'-', end, ..] => {
                // The ends are swapped before their case is folded.
                let (start, end) =
                    if start as i8 > end as i8 { (end, start) } else { (start, end) };
                hit |= (signed(start)..=signed(end)).contains(&signed(byte));
                pattern = &pattern[3..];
            }
            [single, ..] => {
                hit |= fold(single) == fold(byte);
                pattern = &pattern[1..];
            }
        }
    }
}
