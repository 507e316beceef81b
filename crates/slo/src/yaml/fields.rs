//! One YAML mapping, read field by field: every field asked for is known, every field left over is
//! a problem.
//!
//! Hand-written instead of derived, because a derived reader stops at the first error and cannot
//! say which remedy fits.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::documents;
use crate::decimal::Decimal;
use crate::nearest::nearest;
use crate::period::Period;
use crate::problem::Problem;

/// Where the problems of one file go.
pub struct Sink<'a> {
    /// Path of the file, for messages.
    pub file: &'a str,
    /// Problems of all files so far.
    pub problems: &'a RefCell<Vec<Problem>>,
}

impl Sink<'_> {
    /// Adds an error about a field of this file.
    pub fn error(&self, field: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let problem = Problem::error(self.file, field, message, remedy);
        self.problems.borrow_mut().push(problem);
    }

    /// The documents of the file; text that is not YAML is a problem and has none.
    pub fn documents(&self, text: &str) -> Vec<Value> {
        documents(text).unwrap_or_else(|error| {
            self.error("the file", format!("is not valid YAML: {error}"), "correct the YAML");
            Vec::new()
        })
    }
}

/// One mapping, being consumed field by field. Every reader returns `None` for a field that is
/// absent, and for one that is wrong, which it has reported to the [`Sink`].
pub struct Fields<'a> {
    /// Where problems go.
    pub sink: &'a Sink<'a>,
    /// Path of the mapping inside the file, for messages.
    pub path: String,
    map: Map<String, Value>,
    known: Vec<&'static str>,
    /// Every key that was written, right or wrong.
    written: BTreeSet<String>,
    /// Keys about which something was said.
    reported: RefCell<BTreeSet<String>>,
}

const MISSING: &str = "is missing";

impl<'a> Fields<'a> {
    /// Reads a mapping; anything else is a problem.
    pub fn new(sink: &'a Sink<'a>, path: &str, value: Value) -> Option<Self> {
        let path = path.to_owned();
        match value {
            Value::Object(map) => {
                let written = map.iter().filter(|(_, value)| !value.is_null());
                let written = written.map(|(key, _)| key.clone()).collect();
                let (known, reported) = (Vec::new(), RefCell::default());
                Some(Self { sink, path, map, known, written, reported })
            }
            other => {
                let found = describe(&other);
                sink.error(&path, format!("is {found}"), "write a mapping here");
                None
            }
        }
    }

    /// Every field that was not asked for is a mistake: a typo must not silently change what is
    /// measured.
    pub fn finish(self) {
        for key in self.map.keys() {
            let field = join(&self.path, key);
            // What is there already is not what was meant.
            let free = self.known.iter().copied().filter(|known| !self.has(known));
            let remedy = match nearest(key, free) {
                Some(known) => {
                    // One fault, one message: it is not missing, it has another name.
                    let meant = join(&self.path, known);
                    self.sink
                        .problems
                        .borrow_mut()
                        .retain(|problem| problem.field != meant || problem.message != MISSING);
                    format!("write {known} instead")
                }
                None => format!("remove it; the fields here are {}", self.known.join(", ")),
            };
            self.sink.error(&field, "unknown field", remedy);
        }
    }

    /// The field as it is; `null` counts as absent.
    pub fn value(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// The text of a field that is read later.
    pub fn peek(&self, key: &str) -> Option<&str> {
        self.map.get(key).and_then(Value::as_str)
    }

    /// Path of a field, for messages.
    pub fn field(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Whether the field was written, be it right or wrong.
    pub fn has(&self, key: &str) -> bool {
        self.written.contains(key)
    }

    /// Whether something was said about the field already.
    pub fn is_reported(&self, key: &str) -> bool {
        self.reported.borrow().contains(key)
    }

    /// Adds an error about a field of this mapping.
    pub fn error(&self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.reported.borrow_mut().insert(key.to_owned());
        self.sink.error(&self.field(key), message, remedy);
    }

    /// A string.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text),
            other => self.wrong(
                key,
                &other,
                "write a string; quote it if YAML reads it as something else",
            ),
        }
    }

    /// A string that must be there.
    pub fn required_text(&mut self, key: &'static str) -> Option<String> {
        self.require(key);
        self.text(key)
    }

    /// A plain decimal number.
    pub fn number(&mut self, key: &'static str) -> Option<Decimal> {
        let value = self.value(key)?;
        let remedy = match &value {
            Value::String(text) if text.parse::<Decimal>().is_ok() => "remove the quotes",
            _ => "write a plain decimal number such as 0.99",
        };
        match value.as_f64().and_then(Decimal::from_f64) {
            Some(number) => Some(number),
            None => self.wrong(key, &value, remedy),
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(flag) => Some(flag),
            other => self.wrong(key, &other, "write true or false"),
        }
    }

    /// A length of time in OpenSLO's shorthand.
    pub fn period(&mut self, key: &'static str) -> Option<Period> {
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

    /// The items of a list, each with its path; an absent list is empty.
    pub fn list(&mut self, key: &'static str) -> Vec<(String, Value)> {
        let path = self.field(key);
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| (format!("{path}[{index}]"), item))
                .collect(),
            Some(other) => {
                let _: Option<()> =
                    self.wrong(key, &other, "write a list here: a dash before each item");
                Vec::new()
            }
        }
    }

    /// A mapping inside this one.
    pub fn child(&mut self, key: &'static str) -> Option<Fields<'a>> {
        let path = self.field(key);
        let child = Fields::new(self.sink, &path, self.value(key)?);
        if child.is_none() {
            self.reported.borrow_mut().insert(key.to_owned());
        }
        child
    }

    /// A mapping that must be there.
    pub fn required_child(&mut self, key: &'static str) -> Option<Fields<'a>> {
        self.require(key);
        self.child(key)
    }

    /// Adds the error that a field is missing; not if it is there and wrong, which was said.
    pub fn missing(&self, key: &str) {
        self.missing_but(key, format!("add {key}"));
    }

    /// As [`Self::missing`], with a remedy of its own.
    pub fn missing_but(&self, key: &str, remedy: impl Into<String>) {
        if !self.has(key) {
            self.error(key, MISSING, remedy);
        }
    }

    fn require(&self, key: &str) {
        self.missing(key);
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
