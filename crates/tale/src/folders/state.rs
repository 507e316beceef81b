//! The folder of all stages: `TALES_STATE` if it is set, or else `.tales` in the project. Where
//! that cannot be written to, as in a container or beside somebody else's checkout, it is in the
//! user's own folder for such things, and without one in that of temporary files.

use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::fs::Access;
use rustix::process::getuid;

use crate::terminal::note;

/// Where the user wants it.
const NAMED: &str = "TALES_STATE";

/// The folder of all stages. The same for every process of a user, as long as nobody changes what
/// may be written to.
pub fn stages(root: &Path) -> PathBuf {
    choose(root, |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from))
}

/// Makes it where it is not the project's own, and says then where it is.
///
/// # Errors
/// It cannot be made or written to, or is somebody else's.
pub fn own(root: &Path) -> Result<()> {
    let folder = stages(root);
    if folder == root.join(".tales") {
        return Ok(());
    }
    let place = folder.display();
    let refused = || format!("cannot use the state folder {place}; {NAMED} names another");
    // Others need not look into it where everybody's files lie side by side.
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(refused)?;
    let owner = folder.metadata().with_context(refused)?.uid();
    let named = std::env::var_os(NAMED).is_some();
    ensure!(
        named || owner == getuid().as_raw(),
        "the state folder {place} belongs to the user {owner}; {NAMED} names another"
    );
    ensure!(writable(&folder), "cannot write to the state folder {place}; {NAMED} names another");
    if !named {
        let project = root.display();
        note(&format!("tale: {project} cannot be written to; state and reports are in {place}"));
    }
    Ok(())
}

fn choose(root: &Path, variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    if let Some(named) = variable(NAMED) {
        return std::path::absolute(&named).unwrap_or(named);
    }
    let usual = root.join(".tales");
    // What is there and is no folder is said by whoever uses it.
    let stranger = usual.exists() && !usual.is_dir();
    if stranger || writable(if usual.exists() { &usual } else { root }) {
        return usual;
    }
    let home = variable("HOME").map(|home| home.join(".local/state"));
    let mut of_user = variable("XDG_STATE_HOME").into_iter().chain(home);
    let fits = |folder: &PathBuf| folder.is_absolute() && can_be_made(folder);
    if let Some(folder) = of_user.find(fits) {
        return folder.join("tales");
    }
    let temporary = variable("TMPDIR").unwrap_or_else(|| "/tmp".into());
    temporary.join(format!("tales-{}", getuid().as_raw()))
}

/// Whether a folder is there and can be written to, or can be made.
fn can_be_made(folder: &Path) -> bool {
    folder.ancestors().find(|folder| folder.exists()).is_some_and(writable)
}

/// As this user, on this file system.
fn writable(folder: &Path) -> bool {
    folder.is_dir() && rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Below what is no folder, where root may not write either.
    const NOWHERE: &str = "/dev/null/nowhere";

    fn chosen(root: &str, variables: &[(&str, &str)]) -> PathBuf {
        let given = |name: &str| variables.iter().find(|(is, _)| *is == name);
        choose(Path::new(root), |name| given(name).map(|(_, value)| value.into()))
    }

    #[test]
    fn state_is_where_it_can_be_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        let here = folder.path();
        assert_eq!(chosen(path, &[("HOME", "/root")]), here.join(".tales"));
        assert_eq!(chosen(path, &[("TALES_STATE", "/x")]), Path::new("/x"));
        let home = [("HOME", path), ("TMPDIR", "/t")];
        assert_eq!(chosen(NOWHERE, &home), here.join(".local/state/tales"));
        let both = [("HOME", path), ("XDG_STATE_HOME", "/dev/null/state"), ("TMPDIR", "/t")];
        assert_eq!(chosen(NOWHERE, &both), here.join(".local/state/tales"));
        let relative = [("XDG_STATE_HOME", "state"), ("HOME", NOWHERE), ("TMPDIR", "/t")];
        let user = getuid().as_raw();
        assert_eq!(chosen(NOWHERE, &relative), Path::new(&format!("/t/tales-{user}")));
        assert_eq!(chosen(NOWHERE, &[]), Path::new(&format!("/tmp/tales-{user}")));
    }

    #[test]
    fn a_file_in_its_place_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join(".tales"), "").unwrap();
        assert_eq!(chosen(path, &[("HOME", "/root")]), folder.path().join(".tales"));
    }
}
