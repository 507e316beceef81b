//! The experiments of an act.

use std::path::Path;

use anyhow::Result;
use chaos::document::{self, Document};
use stage::SourceFile;

/// The Chaos Mesh documents in a file, if there is one.
///
/// # Errors
/// What is wrong with one of them, with its place and remedy.
pub(super) fn documents(root: &Path, path: Option<&Path>) -> Result<Vec<Document>> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let files = SourceFile::load(&[root.join(path)])?.into_iter();
    let text: String = files.map(|file| file.text).collect();
    Ok(document::parse(&path.display().to_string(), &text)?)
}
