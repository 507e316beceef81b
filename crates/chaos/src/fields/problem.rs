//! What is wrong with a document: the field, the trouble, the remedy.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// One complaint about one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Path of the field, for example `spec.selector.namespaces`.
    pub field: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl Problem {
    /// A complaint about `field`; `message` says what is wrong and what to do.
    pub fn new(field: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { field: printable(&field.into()), message: printable(&message.to_string()) }
    }

    /// A complaint if `number` is out of `range`. Numbers are read into a wider type than they
    /// need, so that the message names the range, not a type of Rust.
    pub(crate) fn of_range(
        field: impl Into<String>,
        number: i64,
        range: &RangeInclusive<i64>,
    ) -> Option<Self> {
        let (least, most) = (range.start(), range.end());
        let message = format!("{number} is out of range; write {least} to {most}");
        (!range.contains(&number)).then(|| Self::new(field, message))
    }

    /// The same complaint about a field that sits below `parent`.
    #[must_use]
    pub fn under(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), ..self }
    }
}

/// A text of somebody else's as it may be shown: what would move a cursor, or hide the rest of the
/// line, is spelt out.
fn printable(text: &str) -> String {
    let shown = |c: char| {
        let escaped = (c.is_control() && c != '\n').then(|| c.escape_default().to_string());
        escaped.unwrap_or_else(|| c.to_string())
    };
    text.chars().map(shown).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.field, self.message)
    }
}
