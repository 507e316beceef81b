//! OpenSLO v1: YAML text in, a [`Catalogue`] of resolved objectives out.
//!
//! All seven kinds, streams (`---`) and lists, references across files. Reading is strict: an
//! unknown field is an error, because an objective with a typo would not be the one that was meant.

mod draft;
pub mod model;
mod read;
mod read_alert;
mod read_common;
mod read_sli;
mod read_slo;
mod read_window;
mod resolve;
mod rewrite;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::problem::{Problem, Severity};
use crate::yaml::Sink;
use draft::Document;
use model::{DataSource, Service, Slo};

/// Everything that a set of OpenSLO files declares.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Catalogue {
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Data sources by name.
    pub data_sources: BTreeMap<String, DataSource>,
    /// Objectives, in the order of the files.
    pub slos: Vec<Slo>,
}

impl Catalogue {
    /// Reads `(path, text)` pairs; paths are only used in messages.
    ///
    /// # Errors
    /// All problems of all files at once, sorted by file.
    pub fn load<P: AsRef<str>, T: AsRef<str>>(files: &[(P, T)]) -> Result<Self, Vec<Problem>> {
        let problems = RefCell::new(Vec::new());
        let mut documents = Vec::new();
        for (path, text) in files {
            let sink = Sink { file: path.as_ref(), problems: &problems };
            read_file(&sink, text.as_ref(), &mut documents);
        }
        let mut problems = problems.into_inner();
        duplicates(&documents, &mut problems);
        let index = resolve::Index::new(documents);
        // A document that failed to read would look like an unresolved reference: report the cause
        // alone.
        let unread = problems.iter().any(|problem| problem.severity == Severity::Error);
        let mut unresolved = Vec::new();
        let slos = index.resolve(&mut unresolved);
        if !unread {
            problems.append(&mut unresolved);
        }
        if problems.is_empty() {
            return Ok(Self { services: index.services, data_sources: index.data_sources, slos });
        }
        problems.sort_by(|a, b| (&a.file, &a.field).cmp(&(&b.file, &b.field)));
        problems.dedup();
        Err(problems)
    }
}

fn read_file(sink: &Sink<'_>, text: &str, documents: &mut Vec<Document>) {
    for (number, value) in sink.documents(text).into_iter().enumerate() {
        let place = format!("document {}", number + 1);
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    documents.extend(read::document(sink, &format!("{place}[{index}]"), item));
                }
            }
            value => documents.extend(read::document(sink, &place, value)),
        }
    }
}

fn duplicates(documents: &[Document], problems: &mut Vec<Problem>) {
    let mut seen = BTreeMap::new();
    for document in documents {
        let (kind, metadata) = document.kind_and_metadata();
        // Two services may each have an SLO called availability.
        let owner = match document {
            Document::Slo(slo) => slo.service.as_str(),
            _ => "",
        };
        if let Some(first) = seen.insert((kind, owner, &metadata.name), &metadata.file) {
            problems.push(Problem::error(
                &metadata.file,
                format!("{kind}/{}: metadata.name", metadata.name),
                format!("the name is taken in {first}"),
                "rename one of the two",
            ));
        }
    }
}
