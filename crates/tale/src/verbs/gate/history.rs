//! A folder of earlier verdicts: what relative criteria are compared with when no baseline is
//! pinned.
//!
//! One JSON file per verdict, named by the end of its window and by the services that were judged,
//! so that names sort by time and judging the same window again replaces its verdict. Verdicts of
//! other services may lie beside them. Any other `.json` in the folder is an error: nobody can know
//! whether it belongs to the history.

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

/// Length of the time in a name.
const TIME: usize = "20220519T093000.000Z".len();

/// The verdicts of a folder that are about the same services.
pub(crate) struct History {
    folder: PathBuf,
    /// Name of the verdict to come.
    name: String,
    /// Of files, sorted by time.
    results: Vec<(String, EarlierResult)>,
}

impl History {
    /// Reads the verdicts of the folder about these services, and creates the folder if it does not
    /// exist. The verdict to come is about a window that ends at `end`.
    pub(crate) fn open(folder: &Path, end: Timestamp, services: &[String]) -> Result<Self> {
        let cannot = || format!("--history {}: cannot be read", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
        let suffix = suffix(services);
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
            // Those without a suffix are of a version that knew no other services.
            if name[TIME..] != suffix && name[TIME..] != *".json" {
                continue;
            }
            let text = read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let result =
                EarlierResult::from_json(&text).with_context(|| path.display().to_string())?;
            results.push((name, result));
        }
        results.sort_by(|a, b| a.0.cmp(&b.0));
        let name = format!("{}{suffix}", end.strftime("%Y%m%dT%H%M%S%.3fZ"));
        Ok(Self { folder: folder.to_owned(), name, results })
    }

    /// Results of windows that ended before this one, oldest first.
    pub(crate) fn earlier(&self) -> Vec<EarlierResult> {
        self.before().map(|(_, result)| result.clone()).collect()
    }

    /// The same, each with the end of its window, RFC 3339.
    pub(crate) fn timed(&self) -> Vec<(String, EarlierResult)> {
        let end = |name: &str| {
            let part = |from: usize, to: usize| &name[from..to];
            format!(
                "{}-{}-{}T{}:{}:{}Z",
                part(0, 4),
                part(4, 6),
                part(6, 8),
                part(9, 11),
                part(11, 13),
                part(13, 15)
            )
        };
        self.before().map(|(name, result)| (end(name), result.clone())).collect()
    }

    fn before(&self) -> impl Iterator<Item = &(String, EarlierResult)> {
        self.results.iter().filter(|(name, _)| name[..TIME] < self.name[..TIME])
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

/// `.shop.json`: services in a form that file names have; none without services.
fn suffix(services: &[String]) -> String {
    const LONGEST: usize = 80;
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let mut joined: String =
        services.join("+").chars().map(|c| if c == '+' { c } else { plain(c) }).collect();
    if joined.len() > LONGEST {
        // Too many to name: their number and the first ones.
        joined = format!("{}+{}", &joined[..LONGEST], services.len());
    }
    if joined.is_empty() { ".json".to_owned() } else { format!(".{joined}.json") }
}

/// `20220519T093000.000Z.json` or `20220519T093000.000Z.shop.json`
fn is_ours(name: &str) -> bool {
    let shape = "dddddddd'T'dddddd.ddd'Z'".replace('\'', "");
    let Some((time, rest)) = name.split_at_checked(TIME) else {
        return false;
    };
    let is_time = time.bytes().zip(shape.bytes()).all(|(is, wanted)| match wanted {
        b'd' => is.is_ascii_digit(),
        wanted => is == wanted,
    });
    let services = rest.strip_suffix(".json").map(|rest| rest.strip_prefix('.').unwrap_or(rest));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_+".contains(c);
    is_time && services.is_some_and(|services| services.chars().all(plain))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
