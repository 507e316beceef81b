//! Reading files of YAML, and objectives from them.

use std::path::{Path, PathBuf};

use anyhow::{Error, Result, anyhow, ensure};
use slo::{Catalogue, Problem};
use stage::SourceFile;

/// Reads OpenSLO files. `paths` are relative to `folder` and may be folders.
///
/// # Errors
/// All problems, one per line, each with file, field and remedy.
pub fn load_slos(folder: &Path, paths: &[PathBuf]) -> Result<Catalogue> {
    let files = read_yaml(folder, paths)?;
    Catalogue::load(&files).map_err(listed)
}

/// The names, as seen from `folder`, and texts of files and of the YAML files of folders.
///
/// # Errors
/// A file that cannot be read, or in which nothing is: a folder whose files are called something
/// else must not count as "all is well".
pub fn read_yaml(folder: &Path, paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for path in paths {
        for SourceFile { name, text } in SourceFile::load(&[folder.join(path)])? {
            let file = Path::new(&name);
            let shown = file.strip_prefix(folder).unwrap_or(file).display().to_string();
            ensure!(
                !is_empty(&text),
                "{shown}: the file holds no document; write one, or remove it"
            );
            files.push((shown, text));
        }
    }
    Ok(files)
}

/// Whether nothing but comments and marks of documents is in a file.
fn is_empty(text: &str) -> bool {
    let says_nothing = |line: &str| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || ["---", "..."].contains(&line)
    };
    text.trim_start_matches('\u{feff}').lines().all(says_nothing)
}

/// All problems, one per line.
pub fn listed(problems: Vec<Problem>) -> Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    anyhow!("{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nothing_is_not_fine() {
        let folder = tempfile::tempdir().unwrap();
        let why = |path: &str| {
            read_yaml(folder.path(), &[path.into()]).map(drop).unwrap_err().to_string()
        };
        fs::create_dir_all(folder.path().join("slos/below")).unwrap();
        fs::write(folder.path().join("slos/below/x.yaml"), "kind: SLO\n").unwrap();
        assert!(why("slos").contains("no *.yaml and no *.yml"), "{}", why("slos"));
        for nothing in ["", "\n\n", "# only a comment\n", "---\n---\n...\n", "\u{feff}\n"] {
            fs::write(folder.path().join("empty.yml"), nothing).unwrap();
            assert!(why("empty.yml").contains("holds no document"), "{nothing:?}");
        }
        fs::write(folder.path().join("slos/a.yml"), "kind: SLO\n").unwrap();
        let read = read_yaml(folder.path(), &["slos".into()]).unwrap();
        assert_eq!(read, [("slos/a.yml".to_owned(), "kind: SLO\n".to_owned())]);
    }
}
