//! A strict YAML reader that collects problems: text to untyped values, and mappings whose every
//! field must be known ([`Fields`]).
//!
//! Public because other gate files are read by the same rules (crate `keptn`).

mod fields;

pub use fields::{Fields, Sink};

use serde_json::Value;

/// Every document of a stream; an empty text has none. Booleans are `true` and `false` only: `no`
/// and `y` stay words.
///
/// # Errors
/// The text is not YAML, or a key is written twice.
pub fn documents(text: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_multiple_with_options(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norway_is_a_country() {
        let documents = documents("country: no\n---\nflag: true\n").unwrap();
        assert_eq!(documents[0]["country"], "no");
        assert_eq!(documents[1]["flag"], true);
    }

    #[test]
    fn a_key_may_be_written_once() {
        assert!(documents("a: 1\na: 2\n").is_err());
    }
}
