//! `tale logs POD`: what a pod writes, and with `-f` what it goes on to write.

use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use stage::{PodStatus, Snapshot};

use crate::cli::Logs;
use crate::control::Running;
use crate::folders::Project;
use crate::nearest::or_nearest;
use crate::terminal::{harmless_lines, interrupted};

/// Most bytes that are read at once, and of a log that is shown without following it. The stage
/// cuts logs at as many.
const CHUNK: u64 = 1 << 16;
/// How often is looked for more.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Prints what a pod of the stage that answers writes.
///
/// # Errors
/// No stage is running, it has no such pod, or the pod's log is not here.
pub async fn run(project: &Project, args: &Logs) -> Result<ExitCode> {
    let status = Running::find(project).await?.status().await?;
    let pod = find(&status.stage, &args.pod)?;
    let log = pod.containers.iter().find_map(|container| container.log.clone());
    let mut log = log.context("its log is kept elsewhere; look at it with `kubectl logs`")?;
    if args.previous {
        log = previous(&log)?;
    }
    let mut reader = Reader::open(&log, args.tail)?;
    reader.copy()?;
    if args.follow {
        tokio::select! {
            ended = reader.follow() => ended?,
            () = interrupted() => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The pod of this name; of several whose names begin so, or that are of a Deployment of this name,
/// the first that runs.
fn find<'s>(stage: &'s Snapshot, name: &str) -> Result<&'s PodStatus> {
    let pods = &stage.pods;
    let exact = pods.iter().find(|pod| pod.name == name);
    let owned = |pod: &&PodStatus| pod.owner.rsplit('/').next() == Some(name);
    let begins = |pod: &&PodStatus| !name.is_empty() && pod.name.starts_with(name);
    let found = exact.or_else(|| pods.iter().find(owned)).or_else(|| pods.iter().find(begins));
    found.map_or_else(
        || {
            let names: Vec<&str> = pods.iter().map(|pod| pod.name.as_str()).collect();
            bail!("there is no pod `{name}` on this stage; {}", or_nearest(name, &names))
        },
        Ok,
    )
}

/// The log of the life before.
fn previous(log: &Path) -> Result<PathBuf> {
    let before = log.with_extension("previous.log");
    if !before.exists() {
        bail!("the pod was not started again, so there is nothing that it wrote before");
    }
    Ok(before)
}

/// A log, from where it was read last.
struct Reader {
    path: PathBuf,
    file: File,
    at: u64,
}

impl Reader {
    /// From its start, or from so many lines before its end.
    fn open(path: &Path, tail: Option<usize>) -> Result<Self> {
        let mut file =
            File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let at = match tail {
            None => 0,
            Some(lines) => start_of_last(&mut file, lines)?,
        };
        Ok(Self { path: path.to_owned(), file, at })
    }

    /// Prints what is there.
    fn copy(&mut self) -> Result<()> {
        let length = self.file.metadata()?.len();
        // The stage empties a log that has grown too long.
        if length < self.at {
            self.at = 0;
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        while self.at < length {
            let mut chunk = Vec::new();
            let read = (&mut self.file).take(CHUNK).read_to_end(&mut chunk)?;
            if read == 0 {
                break;
            }
            self.at += read as u64;
            if !show(&chunk) {
                break;
            }
        }
        Ok(())
    }

    /// Prints what comes, also after the pod was started again.
    async fn follow(&mut self) -> Result<()> {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.copy()?;
            // A new life has a new file of the same name.
            if let Ok(now) = std::fs::metadata(&self.path)
                && !same(&now, &self.file.metadata()?)
            {
                *self = Self::open(&self.path, None)?;
            }
        }
    }
}

fn same(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Where the last so many lines begin; only the end of a long log is looked at.
fn start_of_last(file: &mut File, lines: usize) -> Result<u64> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(64 * CHUNK);
    file.seek(SeekFrom::Start(from))?;
    let mut text = Vec::new();
    file.take(64 * CHUNK).read_to_end(&mut text)?;
    let ends = text.iter().enumerate().rev().skip(1).filter(|(_, byte)| **byte == b'\n');
    let start = match lines {
        0 => Some(text.len()),
        lines => ends.map(|(at, _)| at + 1).nth(lines - 1),
    };
    Ok(from + start.unwrap_or(0) as u64)
}

/// Prints; what would do something to a terminal is shown instead. Whether anybody still reads.
fn show(bytes: &[u8]) -> bool {
    let mut out = stdout();
    let written = if out.is_terminal() {
        out.write_all(harmless_lines(&String::from_utf8_lossy(bytes)).as_bytes())
    } else {
        out.write_all(bytes)
    };
    written.and_then(|()| out.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        std::fs::write(&log, "a\nbb\nccc\n").unwrap();
        let start = |lines| start_of_last(&mut File::open(&log).unwrap(), lines).unwrap();
        assert_eq!([start(0), start(1), start(2), start(3), start(9)], [9, 5, 2, 0, 0]);
    }
}
