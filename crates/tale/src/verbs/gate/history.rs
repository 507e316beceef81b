//! A folder of earlier verdicts: what relative criteria are compared with when no baseline is
//! pinned.
//!
//! One JSON file per verdict, named by the end of its window, so that names sort by time and
//! judging the same window again replaces its verdict. Any other `.json` in the folder is an error:
//! nobody can know whether it belongs to the history.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use slo::gate::{EarlierResult, Outcome, Verdict};

use super::whole_file::write_whole;

/// So many verdicts that passed (or warned) are kept, and so many others.
const KEPT: usize = 100;
/// Longer files are cut, and then refused: no verdict is so long.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The verdicts of a folder.
pub(crate) struct History {
    folder: PathBuf,
    /// Name of the verdict to come.
    name: String,
    /// Of files, sorted by time.
    results: Vec<(String, EarlierResult)>,
}

impl History {
    /// Reads all verdicts of the folder, and creates the folder if it does not exist. The verdict
    /// to come is about a window that ends at `end`.
    pub(crate) fn open(folder: &Path, end: Timestamp) -> Result<Self> {
        let cannot = || format!("--history {}: cannot be read", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
        let mut results = Vec::new();
        for entry in fs::read_dir(folder).with_context(cannot)? {
            let path = entry.with_context(cannot)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let Some(name) = name.filter(|name| name.ends_with(".json")) else {
                continue;
            };
            if !is_ours(&name) {
                bail!("{} was not written by --history; move it elsewhere", path.display());
            }
            let text = read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let result =
                EarlierResult::from_json(&text).with_context(|| path.display().to_string())?;
            results.push((name, result));
        }
        results.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self {
            folder: folder.to_owned(),
            name: end.strftime("%Y%m%dT%H%M%S%.3fZ.json").to_string(),
            results,
        })
    }

    /// Results of windows that ended before this one, oldest first.
    pub(crate) fn earlier(&self) -> Vec<EarlierResult> {
        let earlier = self.results.iter().filter(|(name, _)| *name < self.name);
        earlier.map(|(_, result)| result.clone()).collect()
    }

    /// Writes the verdict, whole or not at all, and removes the oldest ones beyond what is kept.
    pub(crate) fn keep(mut self, verdict: &Verdict) -> Result<()> {
        let text = verdict.to_json();
        let target = self.folder.join(&self.name);
        write_whole(&target, &text)
            .with_context(|| format!("cannot write {}", target.display()))?;
        self.results.retain(|(name, _)| *name != self.name);
        let result = EarlierResult::from_json(&text).context("the verdict just written")?;
        self.results.push((self.name.clone(), result));
        self.results.sort_by(|a, b| a.0.cmp(&b.0));
        self.tidy()
    }

    fn tidy(&self) -> Result<()> {
        let good =
            |result: &EarlierResult| matches!(result.outcome, Outcome::Pass | Outcome::Warning);
        for wanted in [true, false] {
            let alike = self.results.iter().filter(|(_, result)| good(result) == wanted);
            for (name, _) in alike.rev().skip(KEPT) {
                let path = self.folder.join(name);
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// `20220519T093000.000Z.json`
fn is_ours(name: &str) -> bool {
    let shape = "dddddddd'T'dddddd.ddd'Z'.json".replace('\'', "");
    name.len() == shape.len()
        && name.bytes().zip(shape.bytes()).all(|(is, wanted)| match wanted {
            b'd' => is.is_ascii_digit(),
            wanted => is == wanted,
        })
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
