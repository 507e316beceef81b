//! Just enough PromQL to put a window into a query that a person wrote.
//!
//! OpenSLO leaves open how a query learns about the window. Two conventions are understood:
//! `{{.window}}` stands where the range belongs, or the query has no range at all and every
//! selector is wrapped (`rate()` for counters, `avg_over_time()` for gauges). A literal range such
//! as `[5m]` is never rewritten: the author meant it.

mod matchers;
mod scan;

pub(crate) use matchers::matchers;
pub(crate) use scan::without_comments;

use scan::{closing, scan};

/// One PromQL expression of an indicator and its convention.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// As written, without comments; may hold `{{.window}}`.
    pub text: String,
    /// The selectors are counters: each is wrapped in `rate()` over the window.
    pub counter: bool,
}

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

/// The query over `range` (a Prometheus duration), as an expression in which every operator is
/// inside parentheses.
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
    let function = if query.counter { "rate" } else { "avg_over_time" };
    let mut text = String::new();
    let mut copied = 0;
    for selector in scan.selectors {
        text.push_str(&query.text[copied..selector.start]);
        // `or{a="b"}` needs no space, `or rate(...)` does.
        if text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            text.push(' ');
        }
        text.push_str(&format!("{function}({}[{range}])", &query.text[selector.clone()]));
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
    text.replace("{{.window}}", range).replace("{{ .window }}", range)
}

/// `sum(query)`, unless the query is one `sum(...)` without `by`.
pub(crate) fn summed(query: &str) -> String {
    let query = query.trim();
    let is_sum = query.strip_prefix("sum").is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.starts_with('(') && closing(rest) == Some(rest.len() - 1)
    });
    if is_sum { query.to_owned() } else { format!("sum({query})") }
}

/// The selectors of a query, as text: what must exist for the query to have data.
pub(crate) fn selectors(text: &str) -> Vec<String> {
    // The placeholder only stands inside brackets; any duration keeps the scanner happy.
    let text = substitute(text, "1m");
    let ranges = scan(&text).map(|scan| scan.selectors).unwrap_or_default();
    ranges.into_iter().map(|range| text[range].to_owned()).collect()
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
mod tests;
