//! How wide a text is at the most: no font can be asked here, so the table errs on the wide side
//! of the faces a system font stack may bring (DejaVu Sans is the widest of the usual ones).

/// Width in px of a line of text at a font size, rounded up generously.
pub(super) fn width(text: &str, size: f32, bold: bool, mono: bool) -> f32 {
    let em: f32 = if mono {
        text.chars().count() as f32 * 0.605
    } else {
        let advance = |c| {
            let (regular, heavy) = advances(c);
            if bold { heavy } else { regular }
        };
        text.chars().map(advance).sum()
    };
    em * size
}

/// Advances in em of DejaVu Sans and DejaVu Sans Bold: the widest of each group.
fn advances(c: char) -> (f32, f32) {
    match c {
        'i' | 'j' | 'l' | '\'' => (0.28, 0.35),
        ' ' | '.' | ',' | 'I' | 'J' | '\u{b7}' | '\u{2019}' => (0.32, 0.38),
        ':' | ';' | '/' | 'f' | '-' | '|' => (0.36, 0.44),
        't' | 'r' | '!' | '(' | ')' | '[' | ']' | '\u{2039}' => (0.41, 0.49),
        's' | 'z' | 'c' | '?' | '*' | '_' | '\u{2013}' => (0.55, 0.60),
        'k' | 'v' | 'x' | 'y' | 'a' | 'L' => (0.61, 0.67),
        'e' | 'o' | 'P' | 'F' | 'E' | 'T' | 'h' | 'n' | 'u' | 'S' | 'Y' | '0'..='9' => (0.64, 0.73),
        'b' | 'd' | 'g' | 'p' | 'q' => (0.64, 0.72),
        'A' | 'B' | 'C' | 'K' | 'R' | 'V' | 'X' | 'Z' => (0.70, 0.77),
        'D' | 'G' | 'H' | 'N' | 'O' | 'Q' | 'U' | 'w' => (0.82, 0.92),
        '+' | '=' | '<' | '>' | '~' | '#' | '^' | '\u{d7}' | '\u{2248}' => (0.84, 0.84),
        _ => (1.0, 1.1),
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

/// A name, shortened in its middle until it is at most `room` px wide: what sets it apart from
/// others of its kind stands at its end.
pub(super) fn fit_name(name: &str, room: f32, size: f32, bold: bool, mono: bool) -> String {
    let all: Vec<char> = name.chars().collect();
    let mut short = name.to_owned();
    let mut kept = all.len();
    while width(&short, size, bold, mono) > room {
        if kept <= 3 {
            return fit(name, room, size, bold, mono);
        }
        kept -= 1;
        let end = kept.div_ceil(2);
        short =
            all[..kept - end].iter().chain(&['\u{2026}']).chain(&all[all.len() - end..]).collect();
    }
    short
}

/// The text in lines of at most `room` px, broken between words. A word that is wider stands in a
/// line of its own.
pub(super) fn wrap(text: &str, room: f32, size: f32, bold: bool, mono: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, bold, mono) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A limit as its setting says it: `8mb` is 8 MB.
pub(super) fn limit(n: u64) -> String {
    match n {
        n if n >= 1 << 20 && n.is_multiple_of(1 << 20) => format!("{} MB", n >> 20),
        n if n >= 1 << 10 && n.is_multiple_of(1 << 10) => format!("{} kB", n >> 10),
        n => bytes(n),
    }
}

/// A number of bytes as people say it: `4 kB`, `7.8 MB`. In the base of [`limit`], redis.conf's
/// (`1kb => 1024 bytes`), and rounded up: what is over a limit reads so.
pub(super) fn bytes(n: u64) -> String {
    const KB: u64 = 1 << 10;
    const MB: u64 = 1 << 20;
    match n {
        0..KB => format!("{n} B"),
        KB..MB => format!("{} kB", n.div_ceil(KB)),
        _ => {
            let tenths = (n.saturating_mul(10)).div_ceil(MB);
            if tenths < 1_000 {
                format!("{}.{} MB", tenths / 10, tenths % 10)
            } else {
                format!("{} MB", tenths.div_ceil(10))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, limit};

    #[test]
    fn a_short_name_keeps_its_end() {
        let short = |room| super::fit_name("billing-europe-2", room, 10.0, true, false);
        assert_eq!(short(500.0), "billing-europe-2");
        let narrow = short(70.0);
        assert!(narrow.starts_with("bil") && narrow.ends_with("e-2"), "{narrow}");
        assert!(super::width(&narrow, 10.0, true, false) <= 70.0);
        assert!(super::width(&short(12.0), 10.0, true, false) <= 12.0);
    }

    #[test]
    fn what_is_over_a_limit_reads_over_it() {
        // redis.conf: `1kb => 1024 bytes`, `1mb => 1024*1024 bytes`.
        let hard = 32 * 1024 * 1024;
        assert_eq!(limit(hard), "32 MB");
        assert_eq!(bytes(hard), "32.0 MB");
        assert_eq!(bytes(hard + 1), "32.1 MB");
        // 33 000 000 bytes are under it.
        assert_eq!(bytes(33_000_000), "31.5 MB");
        assert_eq!(
            (bytes(1_023), bytes(1_024), bytes(1_025)),
            ("1023 B".into(), "1 kB".into(), "2 kB".into())
        );
    }
}
