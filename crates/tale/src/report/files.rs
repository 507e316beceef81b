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

/// Makes sure that a report can be written into `folder`, and takes away a verdict that an earlier
/// play left there: if this play is killed, nothing may speak for it.
///
/// # Errors
/// If the folder cannot be made or written into.
pub fn prepare(folder: &Path) -> Result<(), WriteError> {
    let verdict = folder.join("report.json");
    let prepared = fs::create_dir_all(folder.join("charts"))
        .and_then(|()| fs::write(&verdict, ""))
        .and_then(|()| fs::remove_file(&verdict));
    prepared.map_err(|why| WriteError { path: folder.to_owned(), why })
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

/// Where a chart is kept, relative to the report: `charts/01-memory-of-the-pods.svg`.
pub fn chart_file(report: &Report, index: usize) -> String {
    let title = report.charts.get(index).map(|chart| slug(&chart.title));
    match title.filter(|title| !title.is_empty()) {
        Some(title) => format!("charts/{:02}-{title}.svg", index + 1),
        None => format!("charts/{:02}.svg", index + 1),
    }
}
