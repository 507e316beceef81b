//! Sizes of memory as StressChaos writes them: `256MB` (decimal), `1GiB` (binary), `50%` (of the
//! host).

use thiserror::Error;

use crate::fault::MemorySize;

/// Decimal prefixes, each a thousand (or 1024) times the one before.
const PREFIXES: &str = "kmgtp";

/// Why a text is not a size.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a size; write for example `256MB`, `1GiB`, or `50%` of the host's memory")]
pub(super) struct SizeError(String);

/// Reads a size; an empty text is 0, as upstream.
pub(super) fn parse(text: &str) -> Result<MemorySize, SizeError> {
    if text.is_empty() {
        return Ok(MemorySize::Bytes(0));
    }
    let error = || SizeError(text.chars().take(40).collect());
    if let Some(percent) = text.strip_suffix('%') {
        let percent: u8 = percent.parse().map_err(|_| error())?;
        return if percent <= 100 {
            Ok(MemorySize::PercentOfHost(f64::from(percent)))
        } else {
            Err(error())
        };
    }
    bytes(text).map(MemorySize::Bytes).ok_or_else(error)
}

/// By the rules of docker/go-units, which Chaos Mesh's admission goes by: a number, perhaps a blank,
/// and a unit of at most three letters: `m`, `mb` or `mib`, but not `mi`.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    if !unit.is_ascii() {
        return None;
    }
    let (prefix, base) = match unit.get(1..).unwrap_or_default() {
        "ib" => (&unit[..1], 1_024.0_f64),
        "" | "b" => (unit.get(..1).unwrap_or_default(), 1_000.0),
        _ => return None,
    };
    let power = match prefix {
        "" => 0,
        "b" if unit == "b" => 0,
        _ => i32::try_from(PREFIXES.find(prefix)?).ok()? + 1,
    };
    let bytes = number * base.powi(power);
    // Beyond 2^53 a float no longer holds every byte, and no machine has that much.
    (bytes <= 9.0e15).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimal_and_binary_sizes_and_percentages_are_read() {
        for (text, bytes) in [
            ("100MB", 100_000_000),
            ("1GiB", 1_073_741_824),
            ("1.5 KiB", 1_536),
            ("64m", 64_000_000),
            ("512", 512),
            ("10b", 10),
            (".5MB", 500_000),
            ("1.MB", 1_000_000),
            ("", 0),
        ] {
            assert_eq!(parse(text), Ok(MemorySize::Bytes(bytes)), "{text}");
        }
        assert_eq!(parse("50%"), Ok(MemorySize::PercentOfHost(50.0)));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "101%",
            "-1%",
            "1.5%",
            "MB",
            "1XB",
            "1 i",
            "64Mi",
            "1gi",
            "5é",
            "-5MB",
            "1kmB",
            "1e3MB",
            "99999999PB",
            "1bb",
            "1ib",
            ".",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,20}|[0-9.kmgtpKMGTPiIbB% -]{0,12}") {
            let _ = parse(&text);
        }

        #[test]
        fn whole_numbers_of_bytes_are_exact(bytes in 0..(1_u64 << 52)) {
            prop_assert_eq!(parse(&format!("{bytes}B")), Ok(MemorySize::Bytes(bytes)));
        }
    }
}
