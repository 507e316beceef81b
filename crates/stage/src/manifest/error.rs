//! What can be wrong with a manifest: every message names the file, the field and the remedy.

use std::path::PathBuf;

/// A manifest that this stage refuses.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file or folder cannot be read.
    #[error("{}: cannot be read: {source}; give a *.yaml file or a folder that holds some", file.display())]
    Read {
        /// The file or folder.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not YAML at all.
    #[error("{}: not valid YAML: {reason}; `kubectl apply --dry-run=client -f` shows the same place", file.display())]
    Yaml {
        /// The file.
        file: PathBuf,
        /// The parser's words, with line and column.
        reason: String,
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
            object: source.object.clone(),
            field: field.into(),
            reason: reason.into(),
            remedy: remedy.into(),
        }))
    }
}
