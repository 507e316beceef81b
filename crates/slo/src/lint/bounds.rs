//! `le="1"` or `quantile='1'`: bounds without a point, which Prometheus 3 stores as `1.0`.

use crate::promql::matchers;

/// A matcher that only Prometheus 2 understands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WholeBound {
    /// As it is written.
    written: String,
    label: String,
    bound: String,
}

impl WholeBound {
    pub(super) fn message(&self) -> String {
        let Self { written, bound, .. } = self;
        format!("{written} matches nothing in Prometheus 3, which writes {bound}.0")
    }

    pub(super) fn remedy(&self) -> String {
        let Self { label, bound, .. } = self;
        format!("write {label}=~\"{bound}(\\\\.0)?\"")
    }
}

/// Every such bound of a selector: compared exactly, or one of the words of a regular expression.
pub(super) fn whole_bounds(selector: &str) -> Vec<WholeBound> {
    let mut found = Vec::new();
    for matcher in matchers(selector) {
        if !["le", "quantile"].contains(&matcher.label) {
            continue;
        }
        let words: Vec<&str> = match matcher.operator {
            "=" => vec![matcher.value],
            "=~" => matcher.value.split('|').collect(),
            _ => continue,
        };
        let with_point = |bound: &str| {
            words.iter().any(|word| {
                let point = word.strip_prefix(bound).and_then(|rest| rest.strip_suffix('0'));
                point.is_some_and(|point| point.trim_start_matches('\\') == ".")
            })
        };
        let whole = words.iter().filter(|word| word.parse::<u64>().is_ok());
        found.extend(whole.filter(|bound| !with_point(bound)).map(|bound| WholeBound {
            written: matcher.written.to_owned(),
            label: matcher.label.to_owned(),
            bound: (*bound).to_owned(),
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(selector: &str) -> Vec<String> {
        let found = whole_bounds(selector);
        found.into_iter().map(|found| found.bound).collect()
    }

    #[test]
    fn whole_bounds_are_found_in_any_quotes_and_in_regular_expressions() {
        for selector in [
            "x{le=\"5\"}",
            "x{le='5'}",
            "x{le=`5`}",
            "x{ job=\"a,le='2'\" , le = \"5\" }",
            "x{le=~\"5\"}",
            "x{le=~'5|0.1'}",
            "{quantile='5',}",
        ] {
            assert_eq!(bounds(selector), ["5"], "{selector}");
        }
        assert_eq!(bounds("x{le=~\"1|5\"}"), ["1", "5"]);
    }

    #[test]
    fn what_matches_in_both_versions_is_left_alone() {
        for selector in [
            "x{le=\"5.0\"}",
            "x{le=\"0.5\"}",
            "x{le=\"+Inf\"}",
            "x{le!=\"5\"}",
            "x{le=~\"5(\\\\.0)?\"}",
            "x{le=~\"5|5.0\"}",
            "x{le=~'5|5\\\\.0'}",
            "x{job=\"le='5'\"}",
            "x{rule=\"5\"}",
            "x",
            "x{le=",
            "x{le=\"5",
        ] {
            assert_eq!(bounds(selector), [""; 0], "{selector}");
        }
    }

    #[test]
    fn the_message_and_the_remedy_name_the_bound() {
        let found = &whole_bounds("x{quantile='1'}")[0];
        assert_eq!(
            (found.message().as_str(), found.remedy().as_str()),
            (
                "quantile='1' matches nothing in Prometheus 3, which writes 1.0",
                "write quantile=~\"1(\\\\.0)?\""
            )
        );
    }
}
