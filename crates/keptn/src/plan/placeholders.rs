//! Placeholders in queries: `$SERVICE`, `$LABEL.team`, `$DURATION_SECONDS`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use slo::Period;

/// Placeholders and their values, the longest first, or `$LABEL.a` would eat the head of
/// `$LABEL.ab`.
pub(super) fn values(
    context: &BTreeMap<String, String>,
    filter: &BTreeMap<String, String>,
    window: Period,
) -> Vec<(String, String)> {
    let seconds = format!("{}s", window.as_millis().div_ceil(1000));
    let given = context.iter().chain(filter);
    let mut values: Vec<_> = given.map(|(key, value)| (format!("${key}"), value.clone())).collect();
    values.push(("$DURATION_SECONDS".to_owned(), seconds));
    values.sort_by_key(|(name, _)| Reverse(name.len()));
    values
}

/// The query with the values in place of the placeholders.
pub(super) fn fill(query: &str, values: &[(String, String)]) -> String {
    values.iter().fold(query.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// The first placeholder of Keptn that is left. Other dollar signs belong to regular expressions.
pub(super) fn unfilled(query: &str) -> Option<String> {
    let known = ["$PROJECT", "$STAGE", "$SERVICE", "$DEPLOYMENT"];
    if let Some(name) = known.into_iter().find(|name| query.contains(name)) {
        return Some(name.to_owned());
    }
    let label = &query[query.find("$LABEL.")?..];
    let end =
        label.find(|c: char| c != '$' && c != '.' && c != '-' && c != '_' && !c.is_alphanumeric());
    Some(label[..end.unwrap_or(label.len())].to_owned())
}
