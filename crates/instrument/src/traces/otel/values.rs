//! The grammars of OpenTelemetry's variables: percent-encoded pairs, numbers, parts.

use crate::env::{Env, SettingError};

/// `name=value,name=value`, percent-encoded as W3C Baggage is. With one entry that cannot be read
/// none counts, as the specification asks; `Err` is that entry.
pub(super) fn attributes(text: &str) -> Result<Vec<(String, String)>, String> {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let pair = |entry: &str| {
        let (name, value) = entry.split_once('=')?;
        let (name, value) = (decoded(name.trim())?, decoded(value.trim())?);
        (!name.is_empty()).then_some((name, value))
    };
    entries.map(|entry| pair(entry).ok_or_else(|| entry.to_owned())).collect()
}

/// Which of the headers (from 1) is none.
pub(super) fn bad_header(text: &str) -> Option<usize> {
    let is_name = |name: &str| {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !name.is_empty() && name.bytes().all(token)
    };
    let is_good = |entry: &str| {
        entry.split_once('=').is_some_and(|(name, value)| {
            let value = decoded(value.trim());
            is_name(name.trim())
                && value.is_some_and(|value| !value.is_empty() && !value.contains(char::is_control))
        })
    };
    let mut entries = text.split_terminator(',').map(str::trim);
    entries.position(|entry| !is_good(entry)).map(|index| index + 1)
}

/// A whole number that is at least `least`; `default` if it is none, and a sentence about that.
pub(super) fn number(
    env: &Env,
    name: &str,
    default: u32,
    least: u32,
    ignored: &mut Vec<String>,
) -> Result<u32, SettingError> {
    let Some(text) = env.text(name)? else {
        return Ok(default);
    };
    match text.trim().parse::<u32>() {
        Ok(number) if number >= least => Ok(number),
        _ => {
            ignored.push(format!(
                "{name}={text}: it is no whole number from {least} up, so it stays {default}"
            ));
            Ok(default)
        }
    }
}

/// A number from 0 to 1.
pub(super) fn ratio(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|part| (0.0..=1.0).contains(part))
}

/// Percent-decoding; `None` for half an escape, or bytes that are not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_percent_encoded_and_one_that_is_none_spoils_all() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            attributes("team=a%2Cb, zone = x%20y ,empty="),
            Ok(vec![pair("team", "a,b"), pair("zone", "x y"), pair("empty", "")])
        );
        assert_eq!(attributes(""), Ok(Vec::new()));
        for wrong in ["a=b,c", "=x", "a=%2", "a=%zz", "a=%ff"] {
            assert!(attributes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_that_is_none_is_counted_and_not_shown() {
        assert_eq!(bad_header("api-key=a%20b,x=1"), None);
        assert_eq!(bad_header("api-key=1,Authorization: Bearer x"), Some(2));
        assert_eq!(bad_header("a b=1"), Some(1));
        assert_eq!(bad_header("a=%0a"), Some(1));
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(text in "\\PC{0,40}|[a-z=,%0-9]{0,40}") {
            let _ = (attributes(&text), bad_header(&text), ratio(&text));
        }
    }
}
