//! Which names DNS can carry (RFC 1035 section 2.3.4), and what a lookup may be asked for.

use domain::base::name::{Name, NameBuilder};

use crate::numeric;

/// The longest name on the wire.
const MAX_NAME_BYTES: usize = 255;

/// A complete name, ready to be put into a question. Compares without regard to upper and lower
/// case, as DNS does.
pub(crate) type QueryName = Name<Vec<u8>>;

/// `text` as a complete name, whether or not it ends with a dot.
pub(crate) fn complete(text: &str) -> Result<QueryName, BadName> {
    let relative = text.strip_suffix('.').unwrap_or(text);
    if relative.is_empty() {
        return Err(BadName::Empty);
    }
    if numeric::zone(relative).is_some() {
        return Err(BadName::Zone);
    }
    // Names in other scripts travel as `xn--...` (punycode); whoever shows the name to people does
    // that translation.
    if !relative.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BadName::NotAscii);
    }
    // On the wire each dot becomes a length byte, with one more length byte in front and a zero
    // byte at the end. Checked here because the builder below lets a name of 256 bytes pass.
    if relative.len() + 2 > MAX_NAME_BYTES {
        return Err(BadName::TooLong);
    }
    let mut builder = NameBuilder::new_vec();
    for label in relative.split('.') {
        match label.len() {
            0 => return Err(BadName::EmptyLabel),
            1..=63 => builder.append_label(label.as_bytes()).map_err(|_| BadName::TooLong)?,
            _ => return Err(BadName::LabelTooLong),
        }
    }
    builder.into_name().map_err(|_| BadName::TooLong)
}

/// A name that DNS cannot carry. No question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing at all, or only a dot.
    #[error("the host name is empty; give a name such as `orders`")]
    Empty,
    /// Two dots in a row, or a dot at the beginning.
    #[error("the host name has an empty part between its dots; write it as `orders.shop`")]
    EmptyLabel,
    /// More than 63 bytes between two dots.
    #[error("the host name has a part longer than 63 bytes; shorten it")]
    LabelTooLong,
    /// More than 255 bytes in all, each part counting one more for its length.
    #[error("the host name is longer than 255 bytes; shorten it")]
    TooLong,
    /// A blank, a control character, or a letter beyond ASCII.
    #[error(
        "the host name holds characters other than printable ASCII; write international names as `xn--...`"
    )]
    NotAscii,
    /// An address such as `fe80::1%eth0`: an address without its zone would be another one.
    #[error("addresses with a zone (`%`) cannot be looked up; give a name or another address")]
    Zone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_dns_cannot_carry_are_refused() {
        let long = |labels: usize| vec!["x".repeat(49); labels].join(".");
        for (name, expected) in [
            ("", BadName::Empty),
            (".", BadName::Empty),
            ("..", BadName::EmptyLabel),
            (".orders", BadName::EmptyLabel),
            ("orders..shop", BadName::EmptyLabel),
            ("bücher", BadName::NotAscii),
            ("two words", BadName::NotAscii),
            ("nul\0", BadName::NotAscii),
            ("fe80::1%eth0", BadName::Zone),
            (&"x".repeat(64), BadName::LabelTooLong),
            (&format!("{}.abcde", long(5)), BadName::TooLong),
        ] {
            assert_eq!(complete(name), Err(expected), "{name}");
        }
        assert!(complete(&"x".repeat(63)).is_ok());
        // 5 x (1 + 49) + (1 + 3) + 1 = 255 bytes on the wire: the longest name there is.
        assert!(complete(&format!("{}.abc", long(5))).is_ok());
        assert_eq!(complete(&format!("{}.abcd", long(5))), Err(BadName::TooLong));
    }
}
