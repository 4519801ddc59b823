//! Times of a run as a person reads them: what the clock shows, and how long something lasted.
//!
//! Settings of Redis and Kafka keep the units of their documentation; nothing of them is said here.

use crate::sim::{Instant, Span};

/// From here on minutes are read more easily than seconds, hours than minutes, days than hours.
const MINUTES: u64 = 120;
const HOURS: u64 = 7_200;
const DAYS: u64 = 172_800;

/// The time since the run's start: `8.214 s`, `3:05.120`, `2:00:14`, `8 d 0:00:14`.
///
/// All three places of a second as long as they are worth reading, so that the digits stand still
/// and a step of a millisecond shows.
pub fn clock(t: Instant) -> String {
    let ms = t.as_millis();
    let (seconds, rest) = (ms / 1_000, ms % 1_000);
    match seconds {
        0..MINUTES => format!("{seconds}.{rest:03} s"),
        MINUTES..HOURS => format!("{}.{rest:03}", colons(seconds)),
        _ => colons(seconds),
    }
}

/// How long something lasted, in the unit that suits it: `250 ms`, `1.8 s`, `3:05`, `8 d 0:00:14`.
pub fn length(span: Span) -> String {
    match span.as_millis() / 1_000 {
        0..MINUTES => span.to_string(),
        seconds => colons(seconds),
    }
}

/// Whole seconds with colons, from [`MINUTES`] up.
fn colons(seconds: u64) -> String {
    let (minutes, second) = (seconds / 60, seconds % 60);
    let (hours, minute) = (minutes / 60, minutes % 60);
    match seconds {
        0..HOURS => format!("{minutes}:{second:02}"),
        HOURS..DAYS => format!("{hours}:{minute:02}:{second:02}"),
        _ => format!("{} d {}:{minute:02}:{second:02}", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_from_seconds_to_days() {
        let said = [
            (0, "0.000 s"),
            (8_214, "8.214 s"),
            (119_999, "119.999 s"),
            (120_000, "2:00.000"),
            (185_120, "3:05.120"),
            (7_199_999, "119:59.999"),
            (7_200_000, "2:00:00"),
            (172_799_999, "47:59:59"),
            (172_800_000, "2 d 0:00:00"),
            (691_214_000, "8 d 0:00:14"),
        ];
        for (ms, words) in said {
            assert_eq!(clock(Instant::ZERO + Span::from_millis(ms)), words);
        }
    }

    #[test]
    fn a_length_keeps_the_unit_that_suits_it() {
        let said = [
            (250, "250 ms"),
            (1_800, "1.8 s"),
            (119_000, "119 s"),
            (185_900, "3:05"),
            (604_800_000, "7 d 0:00:00"),
        ];
        for (ms, words) in said {
            assert_eq!(length(Span::from_millis(ms)), words);
        }
    }
}
