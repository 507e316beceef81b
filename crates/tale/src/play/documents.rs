//! The experiments of an act.

use std::path::Path;

use anyhow::{Context, Result};
use chaos::document::{self, Document};

/// The Chaos Mesh documents in a file, if there is one.
///
/// # Errors
/// What is wrong with one of them, with its place and remedy.
pub(super) fn documents(root: &Path, path: Option<&Path>) -> Result<Vec<Document>> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(root.join(path))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(document::parse(&path.display().to_string(), &text)?)
}
