//! What can be wrong with a manifest: every message names the file, the field and the remedy.

use std::path::PathBuf;

/// A manifest that this stage refuses.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file or folder cannot be read.
    #[error("{}: cannot be read: {why}; give a *.yaml file or a folder that holds some", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// Not YAML at all.
    #[error("{}: not valid YAML: {reason}; `kubectl apply --dry-run=client -f` shows the same place", file.display())]
    Yaml {
        /// The file.
        file: PathBuf,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// Nothing is in it.
    #[error("{}: the file holds no object; remove it, or write one that starts with `apiVersion`", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// A field that is unknown, missing, or of the wrong type.
    #[error(transparent)]
    Field(Box<FieldError>),
}

/// One refused field.
#[derive(Debug, thiserror::Error)]
#[error("{}: document {document} ({object}): field `{field}`: {reason}; {remedy}", file.display())]
pub struct FieldError {
    /// The file.
    pub file: PathBuf,
    /// Which YAML document in the file, from 1.
    pub document: usize,
    /// `Kind/name`, as far as it is known.
    pub object: String,
    /// Dotted path of the field.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl ManifestError {
    /// A refused field of an object that was read from `source`.
    pub fn field(
        source: &super::Source,
        field: &str,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Field(Box::new(FieldError {
            file: source.file.clone(),
            document: source.document,
            object: printable(&source.object),
            field: printable(field),
            reason: printable(&reason.into()),
            remedy: remedy.into(),
        }))
    }
}

/// A text of somebody else's as it may be shown: what would move a cursor, or hide the rest of the
/// line, is spelt out.
fn printable(text: &str) -> String {
    let shown = |c: char| {
        let escaped = c.is_control().then(|| c.escape_default().to_string());
        escaped.unwrap_or_else(|| c.to_string())
    };
    text.chars().map(shown).collect()
}
