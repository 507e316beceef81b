//! The folder a report is written to.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::escape::slug;
use super::{Report, html, json, junit, markdown, svg};

/// Where everything went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `report.html`, the page to open.
    pub html: PathBuf,
    /// `report.md`, the note for a merge request.
    pub markdown: PathBuf,
    /// `junit.xml`, for CI.
    pub junit: PathBuf,
    /// `report.json`, for programs.
    pub json: PathBuf,
    /// `charts/*.svg`, in the order of the report.
    pub charts: Vec<PathBuf>,
}

/// A file of the report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the report: {why}; choose a folder you may write to with --out DIR", .path.display())]
pub struct WriteError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why not. It is part of the message already, so it is not a source in the sense of `Error`.
    pub why: io::Error,
}

/// The link beside the reports of a tale that leads to the newest.
pub const LATEST: &str = "latest";
/// The folder of reports that would otherwise have been overwritten.
const EARLIER: &str = "earlier";
/// What a report consists of.
const PARTS: [&str; 5] = ["report.json", "report.html", "report.md", "junit.xml", "charts"];

/// Makes sure that a report can be written into `folder`. An earlier one there moves into a folder
/// of its own below it: nothing may speak for a play that is killed, and nothing good is lost.
/// If it is one of those in `reports`, where they stand beside each other, `latest` leads to this
/// one from now on.
///
/// # Errors
/// If the folder cannot be made or written into.
pub fn prepare(folder: &Path, reports: &Path) -> Result<(), WriteError> {
    let verdict = folder.join("report.json");
    let prepared = fs::create_dir_all(folder)
        .and_then(|()| put_away(folder))
        .and_then(|()| fs::create_dir_all(folder.join("charts")))
        .and_then(|()| fs::write(&verdict, ""))
        .and_then(|()| fs::remove_file(&verdict));
    prepared.map_err(|why| WriteError { path: folder.to_owned(), why })?;
    lead_to(folder, reports);
    Ok(())
}

/// Moves a report that is there out of the way.
fn put_away(folder: &Path) -> io::Result<()> {
    if !folder.join("report.json").exists() {
        return Ok(());
    }
    let free = |number: &u32| !folder.join(EARLIER).join(number.to_string()).exists();
    let number = (1..).find(free).unwrap_or_default();
    let place = folder.join(EARLIER).join(number.to_string());
    fs::create_dir_all(&place)?;
    for part in PARTS {
        match fs::rename(folder.join(part), place.join(part)) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    Ok(())
}

/// Has `latest` beside `folder` lead to it, if that is where reports of plays stand side by side.
fn lead_to(folder: &Path, reports: &Path) {
    let (Some(beside), Some(name)) = (folder.parent(), folder.file_name()) else {
        return;
    };
    if beside.parent() != Some(reports) {
        return;
    }
    // In one step: several plays may begin at once.
    let new = beside.join(format!(".{LATEST}-{}", std::process::id()));
    let _ = fs::remove_file(&new);
    if std::os::unix::fs::symlink(name, &new).is_ok() {
        let _ = fs::rename(&new, beside.join(LATEST));
    }
}

/// Takes back [`prepare`], for a play that never was: the newest report that there is, is the
/// latest again.
pub fn discard(folder: &Path, reports: &Path) {
    let _ = fs::remove_dir(folder.join("charts"));
    if fs::remove_dir(folder).is_err() {
        return;
    }
    let beside = folder.parent().and_then(|beside| fs::read_dir(beside).ok());
    let folders = beside.into_iter().flatten().flatten();
    let real = folders.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let newest =
        real.map(|entry| entry.path()).filter(|path| path.join("report.json").exists()).max();
    match newest {
        Some(newest) => lead_to(&newest, reports),
        None => {
            if let Some(beside) = folder.parent() {
                let link = beside.join(LATEST);
                if link.is_symlink() {
                    let _ = fs::remove_file(link);
                }
            }
        }
    }
}

/// Writes every form of the report into `folder`, which is created if need be. Files of the same
/// name are replaced.
///
/// `report.json` comes last: where it is, the others are complete.
///
/// # Errors
/// If a file or folder cannot be written.
pub fn write(folder: &Path, report: &Report) -> Result<Written, WriteError> {
    let at = |path: &Path, done: io::Result<()>| {
        done.map_err(|why| WriteError { path: path.to_owned(), why })
    };
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        at(&path, fs::write(&path, text))?;
        Ok::<_, WriteError>(path)
    };
    let charts = folder.join("charts");
    at(&charts, fs::create_dir_all(&charts))?;
    let charts = report.charts.iter().enumerate();
    Ok(Written {
        charts: charts
            .map(|(index, chart)| put(&chart_file(report, index), svg(report, chart)))
            .collect::<Result<_, _>>()?,
        html: put("report.html", html(report))?,
        markdown: put("report.md", markdown(report))?,
        junit: put("junit.xml", junit(report))?,
        json: put("report.json", json(report))?,
    })
}

/// Writes a report that was written into `folder` as a tar file.
///
/// # Errors
/// A part of it cannot be read, or `to` takes no more.
pub fn pack(folder: &Path, to: &mut dyn io::Write) -> io::Result<()> {
    let mut tar = tar::Builder::new(to);
    for part in PARTS.map(|part| (folder.join(part), part)) {
        match part {
            (path, name) if path.is_dir() => tar.append_dir_all(name, path)?,
            (path, name) => tar.append_path_with_name(path, name)?,
        }
    }
    tar.into_inner()?.flush()
}

/// Where a chart is kept, relative to the report: `charts/01-memory-of-the-pods.svg`.
pub fn chart_file(report: &Report, index: usize) -> String {
    let title = report.charts.get(index).map(|chart| slug(&chart.title));
    match title.filter(|title| !title.is_empty()) {
        Some(title) => format!("charts/{:02}-{title}.svg", index + 1),
        None => format!("charts/{:02}.svg", index + 1),
    }
}
