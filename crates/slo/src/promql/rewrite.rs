//! Literal ranges, replaced by the placeholder of the window.

use super::has_placeholder;
use super::scan::{scan, string};

/// The query with `{{.window}}` in place of its plain ranges, and the ranges that were there.
/// `None` if there is nothing to replace, or if replacing would change more than the window: the
/// query has a placeholder already, or a subquery.
pub(crate) fn rewritten(text: &str) -> Option<(String, Vec<String>)> {
    if has_placeholder(text) || !scan(text).ok()?.has_range {
        return None;
    }
    let (mut done, mut ranges) = (String::with_capacity(text.len() + 16), Vec::new());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        match c {
            '"' | '\'' | '`' => {
                let length = string(rest)?;
                done.push_str(&rest[..length]);
                at += length;
            }
            '[' => {
                let length = rest.find(']')? + 1;
                let range = &rest[..length];
                if range.contains(':') {
                    return None;
                }
                if !ranges.iter().any(|known| known == range) {
                    ranges.push(range.to_owned());
                }
                done.push_str("[{{.window}}]");
                at += length;
            }
            c => {
                done.push(c);
                at += c.len_utf8();
            }
        }
    }
    Some((done, ranges))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_ranges_become_the_window_and_nothing_else_does() {
        let (text, ranges) = rewritten("sum(rate(x{a=\"[5m]\"}[5m])) + increase(y[1h])").unwrap();
        assert_eq!(text, "sum(rate(x{a=\"[5m]\"}[{{.window}}])) + increase(y[{{.window}}])");
        assert_eq!(ranges, ["[5m]", "[1h]"]);
        for left in
            ["x", "rate(x[{{.window}}])", "max_over_time(x[5m:1m])", "x[5m", "x{a=\"[5m]\"}"]
        {
            assert_eq!(rewritten(left), None, "{left}");
        }
    }

    proptest! {
        #[test]
        fn rewriting_never_panics(text in "[a-z0-9\\[\\]\"'`(){}:, ü]{0,30}") {
            let _ = rewritten(&text);
        }
    }
}
