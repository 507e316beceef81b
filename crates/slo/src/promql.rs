//! Just enough PromQL to put a window into a query that a person wrote.
//!
//! OpenSLO leaves open how a query learns about the window. Two conventions are understood:
//! `{{.window}}` stands where the range belongs, or the query has no range at all and every
//! selector is wrapped (`rate()` for counters, `avg_over_time()` for gauges). A literal range such
//! as `[5m]` is never rewritten: the author meant it.

mod matchers;
mod rewrite;
mod scan;
mod typed;

pub(crate) use matchers::matchers;
pub(crate) use rewrite::rewritten;
pub(crate) use scan::called;
pub use scan::without_comments;
pub use typed::Unusable;

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
            Self::FixedRange => {
                "write [{{.window}}] instead of the range, or let --rewrite-ranges do it"
            }
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

/// Whether Prometheus would take the query, with a window in its place, as one value per series.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn check(text: &str) -> Result<(), Unusable> {
    typed::check(&substitute(text, "5m"))
}

/// As [`check`], for one number: `scalar(x)` and `0.3` are numbers, too.
///
/// # Errors
/// What is wrong with it, and what to do.
pub fn check_number(text: &str) -> Result<(), Unusable> {
    typed::check_number(&substitute(text, "5m"))
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

/// PromQL that yields something if the query does, be it NaN, or if only its own filters keep it
/// from yielding: `count(query)`, or its selectors if it compares. `None` if the query is one
/// selector, whose NaN is no data.
pub(crate) fn seen(text: &str) -> Option<String> {
    let selected = selectors(text);
    let first = selected.first()?;
    let plain =
        |text: &str| text.trim().trim_start_matches("avg(").trim_end_matches(')').to_owned();
    if plain(text) == *first {
        return None;
    }
    if !compares(text) {
        return Some(format!("count({text})"));
    }
    Some(if mentions(text, "or") {
        format!("count({})", selected.join(" or "))
    } else {
        let all: Vec<_> = selected.iter().map(|selector| format!("count({selector})")).collect();
        format!("({})", all.join(" and "))
    })
}

/// Does the query compare without `bool`, and so yield less than it looks at?
fn compares(text: &str) -> bool {
    let text = without_selectors(text);
    ["<", ">", "==", "!="].iter().any(|sign| text.contains(sign)) && !mentions(&text, "bool")
}

/// The query without its selectors, in which signs mean something else.
fn without_selectors(text: &str) -> String {
    let text = substitute(text, "1m");
    let Ok(scan) = scan(&text) else {
        return text;
    };
    let (mut kept, mut copied) = (String::new(), 0);
    for selector in scan.selectors {
        kept.push_str(&text[copied..selector.start]);
        copied = selector.end;
    }
    kept + &text[copied..]
}

/// Whether a word stands in the query.
pub(crate) fn mentions(text: &str, wanted: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| word.eq_ignore_ascii_case(wanted))
}

/// Whether a selector of the query stands without a range: only the instants that are asked for
/// are seen of it.
pub(crate) fn has_instants(text: &str) -> bool {
    let text = substitute(text, "1m");
    let ranges = scan(&text).map(|scan| scan.selectors).unwrap_or_default();
    ranges.iter().any(|range| !text[range.end..].trim_start().starts_with('['))
}

/// Range and step of each subquery that has both.
pub(crate) fn subqueries(text: &str) -> Vec<(String, String)> {
    let text = without_selectors(text);
    let inside = text.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    let both = inside.filter_map(|inside| inside.split_once(':'));
    both.map(|(range, step)| (range.trim().to_owned(), step.trim().to_owned())).collect()
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
