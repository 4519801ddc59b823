//! How wide a text is at the most: no font can be asked here, so the table errs on the wide side
//! of the faces a system font stack may bring (DejaVu Sans is the widest of the usual ones).

/// Width in px of a line of text at a font size, rounded up generously.
pub(super) fn width(text: &str, size: f32, bold: bool, mono: bool) -> f32 {
    let em: f32 = if mono {
        text.chars().count() as f32 * 0.605
    } else {
        text.chars().map(advance).sum::<f32>() * if bold { 1.1 } else { 1.0 }
    };
    em * size
}

/// Advance in em of DejaVu Sans, by groups.
fn advance(c: char) -> f32 {
    match c {
        'i' | 'j' | 'l' | '\'' | 'I' | '|' => 0.30,
        ' ' | '.' | ',' | ':' | ';' | '!' | '(' | ')' | '[' | ']' | '/' | '-' | 'f' | 't' | 'r' => {
            0.40
        }
        's' | 'z' | 'c' | '?' | '\u{2039}' | '\u{b7}' => 0.56,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '\u{2026}' => 0.99,
        'A'..='Z' | '+' | '=' | '<' | '>' | '~' | '\u{d7}' => 0.76,
        '0'..='9' | 'a'..='z' => 0.636,
        _ => 1.0,
    }
}

/// The text, shortened with an ellipsis until it is at most `room` px wide.
pub(super) fn fit(text: &str, room: f32, size: f32, bold: bool, mono: bool) -> String {
    if width(text, size, bold, mono) <= room {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let short: String = kept.iter().collect::<String>().trim_end().to_owned() + "\u{2026}";
        if width(&short, size, bold, mono) <= room {
            return short;
        }
    }
    String::new()
}

/// A number of bytes as people say it: `4 kB`, `7.8 MB`.
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{} kB", n.div_ceil(1_000)),
        _ => format!("{}.{} MB", n / 1_000_000, n % 1_000_000 / 100_000),
    }
}
