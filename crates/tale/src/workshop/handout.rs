//! Writing what is handed out, so that nobody else reads it.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Attendee, sheet};

/// What was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Handout {
    /// The sheet.
    pub sheet: PathBuf,
    /// The folder of the kubeconfigs.
    pub folder: PathBuf,
}

/// Writes a kubeconfig for each into a folder, and the sheet: there, or into another file.
///
/// # Errors
/// Something cannot be written.
pub fn hand_out(
    folder: &Path,
    sheet: Option<&Path>,
    title: &str,
    attendees: &[Attendee],
) -> Result<Handout> {
    let cannot = || format!("cannot make the folder {}; name another with --out", folder.display());
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(cannot)?;
    // A folder in somebody's repository is not committed by mistake.
    write(&folder.join(".gitignore"), "*\n")?;
    for attendee in attendees {
        write(&folder.join(sheet::file(attendee)), &attendee.kubeconfig)?;
    }
    let sheet = sheet.map_or_else(|| folder.join("sheet.html"), Path::to_owned);
    let markdown = sheet.extension().is_some_and(|end| end == "md");
    let text =
        if markdown { sheet::markdown(title, attendees) } else { sheet::html(title, attendees) };
    write(&sheet, &text)?;
    Ok(Handout { sheet, folder: folder.to_owned() })
}

/// Replaces a file as a whole: who reads it meanwhile reads the old one or the new one.
fn write(path: &Path, text: &str) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let written = || -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        // One that lay there already keeps its mode otherwise.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&beside, path)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_trainer_can_read_what_is_handed_out() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("monday");
        let attendee = Attendee {
            name: "monday-07".to_owned(),
            pod: "stage-0".to_owned(),
            token: "a.b.c".to_owned(),
            valid_until: "2026-11-30T20:00:00Z".to_owned(),
            kubeconfig: "kind: Config\n".to_owned(),
        };
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        // Again over what was there, which somebody has opened to everybody.
        for _ in 0..2 {
            let handout =
                hand_out(&folder, None, "monday", std::slice::from_ref(&attendee)).unwrap();
            let kubeconfig = folder.join("monday-07.kubeconfig");
            assert_eq!(std::fs::read_to_string(&kubeconfig).unwrap(), "kind: Config\n");
            assert_eq!(mode(&folder), 0o700);
            for file in [&handout.sheet, &kubeconfig] {
                assert_eq!(mode(file), 0o600, "{}", file.display());
                std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
            }
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
        }
        let sheet = place.path().join("sheet.md");
        hand_out(&folder, Some(&sheet), "monday", &[attendee]).unwrap();
        assert!(std::fs::read_to_string(sheet).unwrap().starts_with("# monday"));
    }
}
