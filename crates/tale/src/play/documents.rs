//! The experiments of an act.

use std::path::Path;

use anyhow::Result;
use chaos::document::{self, Document};

use crate::files;

/// The Chaos Mesh documents in a file, if there is one.
///
/// # Errors
/// What is wrong with one of them, with its place and remedy.
pub(super) fn documents(root: &Path, path: Option<&Path>) -> Result<Vec<Document>> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let text = files::read(&root.join(path))?;
    Ok(document::parse(&path.display().to_string(), &text)?)
}
