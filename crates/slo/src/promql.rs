//! Just enough PromQL to put a window into somebody else's query.
//!
//! OpenSLO leaves open how a query learns about the window. Two conventions are understood: `{{.window}}` stands where
//! the range belongs, or the query has no range at all and every selector is wrapped (`rate()` for counters,
//! `avg_over_time()` for gauges). A literal range such as `[5m]` is never rewritten: the author meant it.

mod matchers;
mod scan;

use crate::openslo::model::Query;
pub(crate) use matchers::matchers;
pub(crate) use scan::without_comments;
use scan::{closing, scan};

/// Why a window cannot be put into a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WindowError {
    /// `[5m]` without a placeholder: every window would measure the same five minutes.
    #[error("the query has a fixed range")]
    FixedRange,
    /// `offset` or `@` belongs behind a range, which is not there yet.
    #[error("the query shifts time with offset or @")]
    TimeShift,
    /// There is nothing to wrap.
    #[error("the query selects no series")]
    NoSelector,
    /// `metric[{{.window}}]` alone: many values where one is needed.
    #[error("the query is a range, not a value")]
    BareRange,
    /// A string, a brace, a bracket or a parenthesis never ends.
    #[error("the query has an unbalanced quote, brace, bracket or parenthesis")]
    Unbalanced,
}

impl WindowError {
    /// What the author of the query can do.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::FixedRange => "write [{{.window}}] instead of the range",
            Self::TimeShift => "write the range yourself: metric[{{.window}}] offset ...",
            Self::NoSelector => "name a metric",
            Self::BareRange => "put rate(), increase() or avg_over_time() around it",
            Self::Unbalanced => "correct the PromQL",
        }
    }
}

/// The query over `range` (a Prometheus duration), as an expression in which every operator is inside parentheses.
pub(crate) fn windowed(query: &Query, range: &str) -> Result<String, WindowError> {
    if has_placeholder(&query.text) {
        if query.text.trim_end().ends_with(']') {
            return Err(WindowError::BareRange);
        }
        return Ok(substitute(&query.text, range));
    }
    let scan = scan(&query.text)?;
    if scan.has_range {
        return Err(WindowError::FixedRange);
    }
    if scan.has_shift {
        return Err(WindowError::TimeShift);
    }
    if scan.selectors.is_empty() {
        return Err(WindowError::NoSelector);
    }
    let function = if query.counter {
        "rate"
    } else {
        "avg_over_time"
    };
    let mut text = String::new();
    let mut copied = 0;
    for selector in scan.selectors {
        text.push_str(&query.text[copied..selector.start]);
        // `or{a="b"}` needs no space, `or rate(...)` does.
        if text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            text.push(' ');
        }
        text.push_str(&format!(
            "{function}({}[{range}])",
            &query.text[selector.clone()]
        ));
        copied = selector.end;
    }
    text.push_str(&query.text[copied..]);
    Ok(text)
}

/// What can be seen without a PromQL parser: everything that is opened is closed.
pub(crate) fn check(text: &str) -> Result<(), WindowError> {
    scan(&substitute(text, "1m")).map(drop)
}

/// True if the query says itself where the window goes.
pub(crate) fn has_placeholder(text: &str) -> bool {
    substitute(text, "") != text
}

/// Puts `range` in place of `{{.window}}`, with or without spaces.
pub(crate) fn substitute(text: &str, range: &str) -> String {
    text.replace("{{.window}}", range)
        .replace("{{ .window }}", range)
}

/// `sum(query)`, unless the query is one `sum(...)` without `by`.
pub(crate) fn summed(query: &str) -> String {
    let query = query.trim();
    let is_sum = query.strip_prefix("sum").is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.starts_with('(') && closing(rest) == Some(rest.len() - 1)
    });
    if is_sum {
        query.to_owned()
    } else {
        format!("sum({query})")
    }
}

/// The selectors of a query, as text: what must exist for the query to have data.
pub(crate) fn selectors(text: &str) -> Vec<String> {
    // The placeholder only stands inside brackets; any duration keeps the scanner happy.
    let text = substitute(text, "1m");
    let ranges = scan(&text).map(|scan| scan.selectors).unwrap_or_default();
    ranges
        .into_iter()
        .map(|range| text[range].to_owned())
        .collect()
}

/// The metric that a selector names; of `{__name__="x"}` what stands between the quotes.
pub(crate) fn metric_name(selector: &str) -> &str {
    let (name, matchers) = selector.split_once('{').unwrap_or((selector, ""));
    if !name.trim().is_empty() {
        return name.trim();
    }
    let quoted = matchers.split_once("__name__").map(|(_, rest)| rest);
    let mut parts = quoted.unwrap_or(matchers).splitn(3, ['"', '\'', '`']);
    parts.nth(1).unwrap_or(selector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counter(text: &str) -> Result<String, WindowError> {
        let query = Query {
            text: text.to_owned(),
            counter: true,
        };
        windowed(&query, "5m")
    }

    #[test]
    fn a_counter_is_wrapped_in_rate_inside_its_sum() {
        assert_eq!(counter("x{a=\"}\"}").unwrap(), "rate(x{a=\"}\"}[5m])");
        assert_eq!(counter("sum(x)").unwrap(), "sum(rate(x[5m]))");
        assert_eq!(
            counter("sum by (code) (x{code=~\"5..\"}) / on (code) y").unwrap(),
            "sum by (code) (rate(x{code=~\"5..\"}[5m])) / on (code) rate(y[5m])"
        );
        assert_eq!(
            counter("{__name__=\"x\"} or 0 * y").unwrap(),
            "rate({__name__=\"x\"}[5m]) or 0 * rate(y[5m])"
        );
    }

    #[test]
    fn a_bare_range_is_refused() {
        assert_eq!(counter("x[{{.window}}]"), Err(WindowError::BareRange));
        assert!(counter("rate(x[{{.window}}])").is_ok());
    }

    #[test]
    fn keywords_stay_apart_and_may_be_metrics() {
        assert_eq!(
            counter("x or{a=\"b\"}").unwrap(),
            "rate(x[5m]) or rate({a=\"b\"}[5m])"
        );
        assert_eq!(
            counter("x % or{a=\"b\"}").unwrap(),
            "rate(x[5m]) % rate(or{a=\"b\"}[5m])"
        );
        assert_eq!(counter("or{a=\"b\"}").unwrap(), "rate(or{a=\"b\"}[5m])");
        assert_eq!(
            counter("x or on (a) or and by").unwrap(),
            "rate(x[5m]) or on (a) rate(or[5m]) and rate(by[5m])"
        );
        assert_eq!(counter("offset > 1").unwrap(), "rate(offset[5m]) > 1");
        assert_eq!(counter("Inf or x").unwrap(), "Inf or rate(x[5m])");
    }

    #[test]
    fn comments_go_and_strings_stay() {
        for (text, wanted) in [
            ("a # b", "a "),
            ("a # b\n/ c#d", "a \n/ c"),
            ("a # b\r/ c", "a \r/ c"),
            ("a{b=\"#\"} # c", "a{b=\"#\"} "),
            ("`#`", "`#`"),
            ("\"# never ends", "\"# never ends"),
        ] {
            assert_eq!(without_comments(text), wanted);
        }
    }

    #[test]
    fn a_gauge_is_averaged() {
        let query = Query {
            text: "up == 1".to_owned(),
            counter: false,
        };
        assert_eq!(
            windowed(&query, "1m").unwrap(),
            "avg_over_time(up[1m]) == 1"
        );
    }

    #[test]
    fn the_placeholder_wins_over_wrapping() {
        assert_eq!(
            counter("sum(rate(x[{{.window}}]))").unwrap(),
            "sum(rate(x[5m]))"
        );
        assert_eq!(
            counter("increase(x[{{ .window }}])").unwrap(),
            "increase(x[5m])"
        );
    }

    #[test]
    fn a_literal_range_is_never_rewritten() {
        assert_eq!(counter("rate(x[1d])"), Err(WindowError::FixedRange));
        assert_eq!(
            counter("x[{{.window}}] / min_over_time(y[1d])").unwrap(),
            "x[5m] / min_over_time(y[1d])"
        );
    }

    #[test]
    fn what_cannot_be_wrapped_is_refused() {
        assert_eq!(counter("x offset 5m"), Err(WindowError::TimeShift));
        assert_eq!(counter("1 + 1"), Err(WindowError::NoSelector));
        assert_eq!(counter("x{a=\"b}"), Err(WindowError::Unbalanced));
        for open in ["sum(x", "x)", "sum by (a (x)", "x[{{.window}}", "(x"] {
            assert_eq!(check(open), Err(WindowError::Unbalanced), "{open}");
        }
        assert_eq!(check("sum by (a) (rate(x{b=\")\"}[{{.window}}]))"), Ok(()));
    }

    #[test]
    fn a_lone_sum_is_not_summed_again() {
        assert_eq!(summed("sum(rate(x[5m]))"), "sum(rate(x[5m]))");
        assert_eq!(summed("sum(a) / sum(b)"), "sum(sum(a) / sum(b))");
        assert_eq!(summed("summary"), "sum(summary)");
    }

    #[test]
    fn selectors_are_found_behind_ranges() {
        assert_eq!(
            selectors("a{job=\"x\"} / min_over_time(pod:b[1d]) > rate(c[{{.window}}])"),
            ["a{job=\"x\"}", "pod:b", "c"]
        );
    }

    #[test]
    fn a_selector_names_its_metric() {
        for (selector, name) in [
            ("x", "x"),
            ("x {a=\"b\"}", "x"),
            ("{a=\"b\", __name__=\"x\"}", "x"),
            ("{__name__=~'x|y'}", "x|y"),
            ("{\"x.y\", a=\"b\"}", "x.y"),
        ] {
            assert_eq!(metric_name(selector), name);
        }
    }

    proptest! {
        #[test]
        fn scanning_never_panics(text in ".*") {
            let _ = metric_name(&text);
            let _ = counter(&text);
            let _ = selectors(&text);
            let _ = summed(&text);
        }

        #[test]
        fn scanning_things_that_look_like_promql_never_panics(text in "[a-z(){}\\[\\]\"'` @#0-9:,.=~]{0,40}") {
            let _ = counter(&text);
            let _ = selectors(&text);
            let _ = summed(&text);
        }
    }
}
