//! YAML text to untyped values, with the booleans that people mean: `no` and `y` stay words.

use serde_json::Value;

/// Every document of a stream; an empty text has none.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
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
