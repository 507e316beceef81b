//! The matchers of a selector: label, operator, value.

use super::scan::string;

/// `le="1"`, in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Matcher<'a> {
    /// As it is written.
    pub(crate) written: &'a str,
    pub(crate) label: &'a str,
    pub(crate) operator: &'a str,
    /// Between the quotes, with its escapes.
    pub(crate) value: &'a str,
}

/// The matchers inside the braces of one selector, up to the first text that is not a matcher.
pub(crate) fn matchers(selector: &str) -> Vec<Matcher<'_>> {
    let mut found = Vec::new();
    let mut rest = selector.split_once('{').map_or("", |(_, inside)| inside);
    while let Some((matcher, after)) = first(rest) {
        found.push(matcher);
        rest = after;
    }
    found
}

fn first(text: &str) -> Option<(Matcher<'_>, &str)> {
    let text = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
    let name = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (label, after) = text.split_at(name);
    let after = after.trim_start();
    let operator =
        ["=~", "!~", "!=", "="].into_iter().find(|operator| after.starts_with(operator))?;
    let quoted = after[operator.len()..].trim_start();
    if !quoted.starts_with(['"', '\'', '`']) {
        return None;
    }
    let length = string(quoted)?;
    let rest = &quoted[length..];
    let matcher = Matcher {
        written: &text[..text.len() - rest.len()],
        label,
        operator,
        value: &quoted[1..length - 1],
    };
    Some((matcher, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_in_quotes_is_not_read_as_a_matcher() {
        let found = matchers("x{a!=\"1\", b =~ '2,c=\"3\"',d=`}`}");
        let parts: Vec<_> =
            found.iter().map(|found| (found.label, found.operator, found.value)).collect();
        assert_eq!(parts, [("a", "!=", "1"), ("b", "=~", "2,c=\"3\""), ("d", "=", "}")]);
        assert_eq!(found[0].written, "a!=\"1\"");
    }

    proptest! {
        #[test]
        fn reading_a_selector_never_panics(text in "[a-z{}\"'`=~!, ü\\\\]{0,30}") {
            let _ = matchers(&text);
        }
    }
}
