//! Sums as `long double` makes them: INCRBYFLOAT adds in x87's 80-bit format, whose mantissa
//! has 64 bits, and prints up to 17 decimals (`ld2string` in its human form).

use super::float;

/// `mantissa * 2^exponent`; the mantissa's top bit is set unless the value is zero.
#[derive(Clone, Copy)]
struct Extended {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

/// The sum of two decimal texts. None when it is not finite, or a text is no number.
pub(crate) fn add_decimals(a: &[u8], b: &[u8]) -> Option<String> {
    if let (Some(a), Some(b)) = (parse(a), parse(b)) {
        return Some(print(add(a, b)));
    }
    // Beyond 18 digits the double's precision has to do.
    let sum = float(a)? + float(b)?;
    sum.is_finite().then(|| format!("{sum}"))
}

/// Rounds `value * 2^exponent`, where `rest` says that something follows the last bit.
fn round(negative: bool, value: u128, mut exponent: i32, rest: bool) -> Extended {
    if value == 0 {
        return Extended { negative: false, mantissa: 0, exponent: 0 };
    }
    let bits = 128 - value.leading_zeros() as i32;
    let drop = bits - 64;
    exponent += drop;
    if drop <= 0 {
        return Extended { negative, mantissa: (value << -drop) as u64, exponent };
    }
    let mut mantissa = value >> drop;
    let tail = value & ((1 << drop) - 1);
    let half = 1_u128 << (drop - 1);
    if tail > half || (tail == half && (rest || mantissa & 1 == 1)) {
        mantissa += 1;
    }
    if mantissa >> 64 != 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    Extended { negative, mantissa: mantissa as u64, exponent }
}

/// A plain decimal of up to 18 digits, correctly rounded.
fn parse(text: &[u8]) -> Option<Extended> {
    let text = core::str::from_utf8(text).ok()?;
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, exponent) = match body.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (body, 0),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || digits.len() > 18 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let value: u128 = digits.parse().ok()?;
    let power = exponent.checked_sub(part.len() as i32)?;
    if !(-18..=18).contains(&power) {
        return None;
    }
    let scale = 10_u128.pow(power.unsigned_abs());
    if power >= 0 {
        return Some(round(negative, value * scale, 0, false));
    }
    // Two bits more than the mantissa has, so that rounding sees what follows.
    let shift = (66 + scale.ilog2()).saturating_sub(value.checked_ilog2().unwrap_or(0));
    let numerator = value << shift;
    let rest = !numerator.is_multiple_of(scale);
    Some(round(negative, (numerator / scale) << 1 | u128::from(rest), -(shift as i32) - 1, rest))
}

fn add(a: Extended, b: Extended) -> Extended {
    if a.mantissa == 0 {
        return b;
    }
    if b.mantissa == 0 {
        return a;
    }
    let (high, low) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
    let distance = high.exponent - low.exponent;
    if distance > 62 {
        return high;
    }
    let (x, y) = (u128::from(high.mantissa) << distance, u128::from(low.mantissa));
    if high.negative == low.negative {
        round(high.negative, x + y, low.exponent, false)
    } else if x >= y {
        round(high.negative, x - y, low.exponent, false)
    } else {
        round(low.negative, y - x, low.exponent, false)
    }
}

/// `%.17Lf` without trailing zeros.
fn print(value: Extended) -> String {
    const SCALE: u128 = 100_000_000_000_000_000;
    let mantissa = u128::from(value.mantissa);
    let (mut whole, mut part) = (0, 0);
    if value.exponent >= 0 {
        whole = mantissa << value.exponent.min(63);
    } else {
        let shift = value.exponent.unsigned_abs();
        let fraction = if shift < 64 {
            whole = mantissa >> shift;
            mantissa & ((1 << shift) - 1)
        } else {
            mantissa
        };
        if shift < 127 {
            let scaled = fraction * SCALE;
            part = scaled >> shift;
            let tail = scaled & ((1 << shift) - 1);
            let half = 1_u128 << (shift - 1);
            if tail > half || (tail == half && part & 1 == 1) {
                part += 1;
            }
        }
    }
    whole += part / SCALE;
    part %= SCALE;
    let sign = if value.negative && (whole, part) != (0, 0) { "-" } else { "" };
    let text = format!("{sign}{whole}.{part:017}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}
