//! The texts in a NetworkChaos: delays, percentages, rates and the other end of a connection.

use std::net::Ipv4Addr;
use std::time::Duration;

use thiserror::Error;

use crate::fields::duration::GoDuration;

/// Units of a rate with the bits in each, longest first; `bps` is bytes and counts in 1024s, `bit`
/// in thousands.
const RATES: [(&str, u128); 10] = [
    ("tbps", 8 << 40),
    ("gbps", 8 << 30),
    ("mbps", 8 << 20),
    ("kbps", 8 << 10),
    ("bps", 8),
    ("tbit", 1_000_000_000_000),
    ("gbit", 1_000_000_000),
    ("mbit", 1_000_000),
    ("kbit", 1_000),
    ("bit", 1),
];

/// Why a text cannot be used.
#[derive(Clone, Debug, Error, PartialEq)]
pub(super) enum TextError {
    #[error("`{0}` is not a delay; write one number with one unit, for example `300ms`")]
    Delay(String),
    #[error("`{0}` is not a percentage; write a number in quotes, for example \"12.5\"")]
    Percent(String),
    #[error("{0} is not between 0 and 100; write a percentage")]
    Range(f64),
    #[error(
        "`{0}` is not a rate; write an integer with bit, kbit .. tbit, or bps, kbps .. tbps for bytes"
    )]
    Rate(String),
    #[error(
        "`{0}` is not an address; write an IPv4 address, a CIDR block or a name, and a :port if need be"
    )]
    Peer(String),
}

/// A delay obeys a narrower grammar than a duration: one number, one unit, no sign. An empty text
/// is 0.
pub(super) fn delay(text: &str) -> Result<Duration, TextError> {
    if text.is_empty() {
        return Ok(Duration::ZERO);
    }
    let error = || TextError::Delay(text.chars().take(40).collect());
    let number_end = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let (number, unit) = text.split_at(number_end);
    let one_unit = ["ns", "us", "ms", "s", "m", "h"].contains(&unit);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !one_unit || !digits(whole) || !digits(fraction) {
        return Err(error());
    }
    let parsed: GoDuration = text.parse().map_err(|_| error())?;
    u64::try_from(parsed.as_nanos()).map(Duration::from_nanos).map_err(|_| error())
}

/// A number that Chaos Mesh reads as a percentage, of any size. An empty text is 0.
pub(super) fn number(text: &str) -> Result<f64, TextError> {
    if text.is_empty() {
        return Ok(0.0);
    }
    text.parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())
        .ok_or_else(|| TextError::Percent(text.chars().take(40).collect()))
}

/// A percentage that makes sense.
pub(super) fn percent(text: &str) -> Result<f64, TextError> {
    let value = number(text)?;
    if (0.0..=100.0).contains(&value) { Ok(value) } else { Err(TextError::Range(value)) }
}

/// Bytes per second, rounded down.
pub(super) fn rate(text: &str) -> Result<u64, TextError> {
    let error = || TextError::Rate(text.chars().take(40).collect());
    let lower = text.trim().to_ascii_lowercase();
    let (number, bits) = RATES
        .iter()
        .find_map(|(unit, bits)| Some((lower.strip_suffix(unit)?, *bits)))
        .ok_or_else(error)?;
    let number: u64 = number.trim().parse().map_err(|_| error())?;
    u64::try_from(u128::from(number) * bits / 8).map_err(|_| error())
}

/// Can the text be the other end of a connection: `10.0.0.1`, `10.0.0.0/8`, `example.org`, each
/// with an optional `:port`?
pub(super) fn peer(text: &str) -> Result<(), TextError> {
    let (host, port) =
        text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let (address, bits) =
        host.split_once('/').map_or((host, None), |(address, bits)| (address, Some(bits)));
    let block_fits = bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= 32));
    let is_address = address.parse::<Ipv4Addr>().is_ok();
    if port_fits && block_fits && (is_address || (bits.is_none() && is_name(address))) {
        Ok(())
    } else {
        Err(TextError::Peer(text.chars().take(80).collect()))
    }
}

fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    // A last label of digits would be a mistyped address.
    text.len() <= 253
        && text.trim_end_matches('.').split('.').all(label)
        && !text.rsplit('.').next().is_none_or(numeric)
}

#[cfg(test)]
mod tests;
