//! Addresses written as text.
//!
//! `127.0.0.1` and `::1` are what everybody writes. glibc also takes what `man 3 inet_aton`
//! describes: fewer parts, the last of which fills the rest (`127.1`), and parts in hexadecimal
//! (`0x7f.1`) or octal (`0177.1`). Whoever takes only the first form would ask DNS for the others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that `text` is; `None` if it is not one, as is `fe80::1%eth0` (see [`zone`]).
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().or_else(|| inet_aton(text).map(IpAddr::V4))
}

/// Takes `fe80::1%eth0` apart: an IPv6 address and the zone (RFC 4007 section 11) that it is valid
/// in.
pub(crate) fn zone(text: &str) -> Option<(Ipv6Addr, &str)> {
    let (address, zone) = text.split_once('%')?;
    Some((address.parse().ok()?, zone))
}

fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let mut parts = Vec::with_capacity(4);
    for part in text.split('.') {
        if parts.len() == 4 {
            return None;
        }
        parts.push(number(part)?);
    }
    let last = parts.pop()?;
    let mut address = 0_u32;
    for part in &parts {
        address = address << 8 | u32::from(u8::try_from(*part).ok()?);
    }
    // What is left for the last part: 32, 24, 16 or 8 bits.
    let bits = 32 - 8 * parts.len();
    if u64::from(last) >= 1 << bits {
        return None;
    }
    // Shifting by all 32 bits is an overflow; there is nothing to shift then.
    Some(Ipv4Addr::from_bits(address.checked_shl(bits as u32).unwrap_or(0) | last))
}

/// Decimal, octal with a leading 0, hexadecimal with a leading 0x.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    // `from_str_radix` would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests;
