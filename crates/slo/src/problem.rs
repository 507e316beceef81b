//! What is wrong with a document, where, and what to do about it.
//!
//! Every reader of this crate collects problems instead of stopping at the first one: a person
//! fixing a file wants the whole list.

use std::fmt;

use crate::plain::plain;

/// How bad a [`Problem`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The document is valid, but probably does not do what its author thinks.
    Warning,
    /// The document is refused.
    Error,
}

/// One finding: file, field, what is wrong, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{severity}: {}: {}: {}; {}", plain(file), plain(field), plain(message), plain(remedy))]
pub struct Problem {
    /// Refused or only warned about.
    pub severity: Severity,
    /// The path given by the caller.
    pub file: String,
    /// Kind, name and path inside the document, e.g. `SLO/memory-growth:
    /// spec.objectives[0].target`.
    pub field: String,
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do, an imperative sentence.
    pub remedy: String,
}

impl Problem {
    /// A finding that makes the document unusable.
    pub fn error(
        file: impl Into<String>,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            field: field.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// A finding that deserves a look.
    pub fn warning(
        file: impl Into<String>,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, field, message, remedy) }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
