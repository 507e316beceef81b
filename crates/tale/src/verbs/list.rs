//! `tale list`: the tales, one line each.

use std::process::ExitCode;

use anyhow::Result;

use crate::folders::Project;
use crate::story::{Tale, names};
use crate::terminal::print;

/// Prints name, teller and title of every tale.
///
/// # Errors
/// There is no project, or a tale is wrong.
pub fn run(project: &Project) -> Result<ExitCode> {
    let root = project.folder()?;
    for name in names(root)? {
        let tale = Tale::load(root, &name)?;
        print(&format!("{name:<12} {:<8} {}", tale.teller, tale.title));
    }
    Ok(ExitCode::SUCCESS)
}
