//! Quantities as Kubernetes writes them: processors and bytes.
//!
//! In: the text of a value. Out: a number or a size that prints as it was written, or none where the API server would not take the
//! text. A suffix is decimal (`m`, `k`, `M`), binary (`Ki`, `Mi`) or an exponent (`1e3`); a fraction of a byte is rounded up.

use crate::value::Size;

/// Processors: `500m`, `0.5`, `2`.
pub fn cpus(text: &str) -> Option<f64> {
    Some(nano(text)? as f64 / NANO as f64)
}

/// Bytes: `512Mi`, `512M`, `1e9`.
pub fn size(text: &str) -> Option<Size> {
    let nano = nano(text)?;
    let bytes = nano.div_euclid(NANO) + i128::from(nano.rem_euclid(NANO) > 0);
    let most = i128::from(i64::MAX);
    Some(Size { bytes: bytes.clamp(-most, most) as i64, written: text.into() })
}

const NANO: i128 = 1_000_000_000;

/// Suffixes with what they multiply by, as a base, an exponent and whether it divides
/// (k8s.io/apimachinery, pkg/api/resource, quantity.go). There is no `K`.
const SUFFIXES: [(&str, i128, u32, bool); 16] = [
    ("Ki", 1024, 1, false),
    ("Mi", 1024, 2, false),
    ("Gi", 1024, 3, false),
    ("Ti", 1024, 4, false),
    ("Pi", 1024, 5, false),
    ("Ei", 1024, 6, false),
    ("n", 1000, 3, true),
    ("u", 1000, 2, true),
    ("m", 1000, 1, true),
    ("k", 1000, 1, false),
    ("M", 1000, 2, false),
    ("G", 1000, 3, false),
    ("T", 1000, 4, false),
    ("P", 1000, 5, false),
    ("E", 1000, 6, false),
    ("", 1, 1, false),
];

/// A quantity in units of 10^-9, smaller parts rounded away from zero; what is too large stays the largest.
fn nano(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let length = digits.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, suffix) = digits.split_at(length);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (factor, divisor) = factor(suffix)?;
    let amount = scaled(whole, fraction, factor, divisor);
    Some(if negative { -amount } else { amount })
}

/// What a suffix multiplies and divides by.
fn factor(suffix: &str) -> Option<(i128, i128)> {
    if let Some((_, base, exponent, divides)) = SUFFIXES.iter().find(|(name, ..)| *name == suffix) {
        let factor = base.pow(*exponent);
        return Some(if *divides { (1, factor) } else { (factor, 1) });
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let factor = 10_i128.pow(exponent.unsigned_abs().min(18));
    Some(if exponent < 0 { (1, factor) } else { (factor, 1) })
}

fn scaled(whole: &str, fraction: &str, factor: i128, divisor: i128) -> i128 {
    // Digits behind the eighteenth are below what counts, but that there are any rounds up.
    let (fraction, beyond) = fraction.split_at(fraction.len().min(18));
    let parse = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let exact = || {
        let mantissa = parse(&format!("{whole}{fraction}"))?.checked_mul(factor)?.checked_mul(NANO)?;
        let unit = 10_i128.pow(fraction.len() as u32).checked_mul(divisor)?;
        let rest = mantissa % unit > 0 || beyond.bytes().any(|digit| digit != b'0');
        Some(mantissa / unit + i128::from(rest))
    };
    exact().unwrap_or(i128::from(i64::MAX) * NANO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_suffixes_of_both_kinds() {
        let read = |text: &str| size(text).map(|size| size.bytes);
        let mega = 1_000_000;
        assert_eq!(
            ["512M", "1e9", "0.5G", "1k", "5E2", "129e6"].map(read),
            [512 * mega, 1000 * mega, 500 * mega, 1000, 500, 129 * mega].map(Some)
        );
        assert_eq!(
            ["512Mi", "0.5Gi", "1.5Ki", "100", "1100m", ".5Ki", "2."].map(read),
            [512 << 20, 1 << 29, 1536, 100, 2, 512, 2].map(Some)
        );
        assert_eq!(["", "Mi", "1K", "512m b", "1.2.3", "1ki", "e3", "1e", "1e1.5", "- 1", "512MB"].map(read), [None; 11]);
        assert_eq!(["500m", "0.5", "2", "1e-1"].map(cpus), [0.5, 0.5, 2.0, 0.1].map(Some));
        assert_eq!(size("512Mi").map(|size| size.to_string()).as_deref(), Some("512Mi"));
    }

    #[test]
    fn what_is_too_large_is_the_largest() {
        assert_eq!(size("99999999999999999999999999999999999999999999Ei").map(|size| size.bytes), Some(i64::MAX));
        assert_eq!(size("0.0000000000000000000000000001").map(|size| size.bytes), Some(1));
    }
}
