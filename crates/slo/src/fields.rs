//! A strict reader of one YAML mapping: every field asked for is known, every field left over is a
//! problem.
//!
//! Hand-written instead of derived, because a derived reader stops at the first error and cannot
//! say which remedy fits.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::decimal::Decimal;
use crate::period::Period;
use crate::problem::Problem;

/// Where problems of one document go.
pub(crate) struct Sink<'a> {
    pub(crate) file: &'a str,
    pub(crate) problems: &'a RefCell<Vec<Problem>>,
}

impl Sink<'_> {
    pub(crate) fn error(&self, field: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let problem = Problem::error(self.file, field, message, remedy);
        self.problems.borrow_mut().push(problem);
    }
}

/// One mapping, being consumed field by field.
pub(crate) struct Fields<'a> {
    pub(crate) sink: &'a Sink<'a>,
    pub(crate) path: String,
    map: Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Reads a mapping; anything else is a problem.
    pub(crate) fn new(sink: &'a Sink<'a>, path: &str, value: Value) -> Option<Self> {
        let path = path.to_owned();
        match value {
            Value::Object(map) => Some(Self { sink, path, map, known: Vec::new() }),
            other => {
                let found = describe(&other);
                sink.error(&path, format!("is {found}"), "write a mapping here");
                None
            }
        }
    }

    /// Every field that nobody asked for is a mistake: a typo must not silently change what is
    /// measured.
    pub(crate) fn finish(self) {
        for key in self.map.keys() {
            let field = join(&self.path, key);
            let remedy = match nearest(key, &self.known) {
                Some(known) => format!("write {known} instead"),
                None => format!("remove it; the fields here are {}", self.known.join(", ")),
            };
            self.sink.error(&field, "unknown field", remedy);
        }
    }

    /// The field as it is; `null` counts as absent.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// The text of a field that is read later.
    pub(crate) fn peek(&self, key: &str) -> Option<&str> {
        self.map.get(key).and_then(Value::as_str)
    }

    pub(crate) fn field(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(crate) fn error(&self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.sink.error(&self.field(key), message, remedy);
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text),
            other => self.wrong(
                key,
                &other,
                "write a string; quote it if YAML reads it as something else",
            ),
        }
    }

    pub(crate) fn required_text(&mut self, key: &'static str) -> Option<String> {
        let present = self.map.get(key).is_some_and(|value| !value.is_null());
        if !present {
            self.missing(key);
        }
        self.text(key)
    }

    pub(crate) fn number(&mut self, key: &'static str) -> Option<Decimal> {
        let value = self.value(key)?;
        match value.as_f64().and_then(Decimal::from_f64) {
            Some(number) => Some(number),
            None => self.wrong(key, &value, "write a plain decimal number such as 0.99"),
        }
    }

    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(flag) => Some(flag),
            other => self.wrong(key, &other, "write true or false"),
        }
    }

    pub(crate) fn period(&mut self, key: &'static str) -> Option<Period> {
        let text = self.text(key)?;
        match Period::parse(&text) {
            Ok(period) => Some(period),
            Err(error) => {
                self.error(
                    key,
                    error.to_string(),
                    "write a whole number and one of m h d w M Q Y, such as 30d",
                );
                None
            }
        }
    }

    pub(crate) fn list(&mut self, key: &'static str) -> Vec<(String, Value)> {
        let path = self.field(key);
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| (format!("{path}[{index}]"), item))
                .collect(),
            Some(other) => {
                let _: Option<()> = self.wrong(key, &other, "write a list here");
                Vec::new()
            }
        }
    }

    pub(crate) fn child(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let path = self.field(key);
        Fields::new(self.sink, &path, self.value(key)?)
    }

    pub(crate) fn required_child(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let present = self.map.get(key).is_some_and(|value| !value.is_null());
        if !present {
            self.missing(key);
        }
        self.child(key)
    }

    pub(crate) fn missing(&self, key: &str) {
        self.error(key, "is missing", format!("add {key}"));
    }

    fn wrong<T>(&self, key: &str, value: &Value, remedy: &str) -> Option<T> {
        self.error(key, format!("is {}", describe(value)), remedy);
        None
    }
}

fn join(path: &str, key: &str) -> String {
    let separator = if path.is_empty() || path.ends_with(": ") { "" } else { "." };
    format!("{path}{separator}{key}")
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// The known field that a typo most likely meant: equal but for case, or one edit per four letters
/// away.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let limit = key.chars().count() / 4 + 1;
    known
        .iter()
        .map(|name| (edits(&key.to_lowercase(), &name.to_lowercase()), *name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_told_the_field_it_meant() {
        assert_eq!(
            nearest("budgettingMethod", &["budgetingMethod", "service"]),
            Some("budgetingMethod")
        );
        assert_eq!(nearest("Target", &["target", "op"]), Some("target"));
        assert_eq!(nearest("colour", &["target", "op"]), None);
    }
}
