//! Chaos Mesh documents: YAML in, checked experiments out.
//!
//! Parsing is strict. Every field is either understood or refused by name, because a field that is silently ignored
//! makes an experiment that does something else than its file says.

mod meta;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::kind::{self, Chaos, Kind};
use crate::problem::{DocumentError, Problem};
use crate::schedule::{self, Schedule};
pub use meta::{ObjectMeta, PAUSE_ANNOTATION};

/// The API version of every document.
pub const API_VERSION: &str = "chaos-mesh.org/v1alpha1";

/// Largest file read, in bytes; Kubernetes itself stores no object above 1.5 MB.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// One checked document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Name, namespace, labels, annotations.
    pub meta: ObjectMeta,
    /// What it describes.
    pub body: Body,
    /// The `spec` as written.
    pub spec: Value,
}

/// What a document describes.
#[derive(Clone, Debug)]
pub enum Body {
    /// One experiment.
    Experiment {
        /// Its kind.
        kind: &'static Kind,
        /// Its spec.
        chaos: Arc<dyn Chaos>,
    },
    /// Experiments made again and again.
    Schedule(Arc<Schedule>),
}

impl Document {
    /// The kind, as in the file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Experiment { kind, .. } => kind.name,
            Body::Schedule(_) => schedule::KIND,
        }
    }

    /// The spec of the experiment, or of the experiments a Schedule makes.
    #[must_use]
    pub fn chaos(&self) -> &dyn Chaos {
        match &self.body {
            Body::Experiment { chaos, .. } => chaos.as_ref(),
            Body::Schedule(schedule) => schedule.chaos.as_ref(),
        }
    }

    /// The path of that spec in the document.
    pub(crate) fn chaos_path(&self) -> String {
        match &self.body {
            Body::Experiment { .. } => "spec".to_owned(),
            Body::Schedule(schedule) => format!("spec.{}", schedule.kind.schedule_key),
        }
    }

    /// What this stage would refuse: fields that Chaos Mesh obeys and a local stage cannot, or patterns that cannot work.
    #[must_use]
    pub fn refusals(&self) -> Vec<Problem> {
        let parent = self.chaos_path();
        refusals(self.chaos())
            .into_iter()
            .map(|problem| problem.under(&parent))
            .collect()
    }
}

/// What cannot be carried out about a spec.
pub(crate) fn refusals(chaos: &dyn Chaos) -> Vec<Problem> {
    let mut refusals = chaos.common().refusals();
    refusals.extend(chaos.fault().err());
    refusals
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    api_version: String,
    kind: String,
    metadata: Value,
    spec: Value,
}

/// Reads a stream of documents. `file` is used in error messages only; empty documents do not count.
///
/// # Errors
/// The file is too large, is not YAML, is empty, or a document breaks the rules; then all of its problems are told.
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, DocumentError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(DocumentError::TooLarge {
            file: file.to_owned(),
            bytes: text.len(),
            limit: MAX_FILE_BYTES,
        });
    }
    let values: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| DocumentError::Yaml {
            file: file.to_owned(),
            message: error.to_string(),
        })?;
    if values.is_empty() {
        return Err(DocumentError::Empty {
            file: file.to_owned(),
        });
    }
    let documents = values.iter().enumerate().map(|(index, value)| {
        document(value).map_err(|problems| DocumentError::Invalid {
            file: file.to_owned(),
            number: index + 1,
            problems,
        })
    });
    documents.collect()
}

fn document(value: &Value) -> Result<Document, Vec<Problem>> {
    if value.get("status").is_some() {
        return Err(vec![Problem::new(
            "status",
            "is written by the engine; remove it from the file",
        )]);
    }
    let envelope: Envelope = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        vec![Problem::new(
            if path == "." { "document" } else { &path },
            error.into_inner(),
        )]
    })?;
    check_kind(&envelope).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let meta = ObjectMeta::parse(&envelope.metadata, &mut problems);
    let body = if envelope.kind == schedule::KIND {
        Schedule::parse(&envelope.spec, &mut problems)
            .map(|schedule| Body::Schedule(Arc::new(schedule)))
    } else {
        let kind = kind::SUPPORTED
            .iter()
            .find(|kind| kind.name == envelope.kind)
            .expect("the kind was checked");
        experiment(kind, &envelope.spec, "spec", &mut problems)
            .map(|chaos| Body::Experiment { kind, chaos })
    };
    match (meta, body) {
        (Some(meta), Some(body)) if problems.is_empty() => Ok(Document {
            meta,
            body,
            spec: envelope.spec,
        }),
        _ => Err(problems),
    }
}

fn check_kind(envelope: &Envelope) -> Result<(), Problem> {
    let kind = envelope.kind.as_str();
    if envelope.api_version != API_VERSION {
        return Err(Problem::new(
            "apiVersion",
            format!(
                "`{}` is not Chaos Mesh; write `{API_VERSION}`",
                envelope.api_version
            ),
        ));
    }
    let supported = kind::SUPPORTED.map(|kind| kind.name).join(", ");
    if kind == schedule::KIND
        || kind::SUPPORTED
            .iter()
            .any(|supported| supported.name == kind)
    {
        Ok(())
    } else if kind::ELSEWHERE.contains(&kind) {
        Err(Problem::new(
            "kind",
            format!(
                "kind {kind} is known to Chaos Mesh but the local stage cannot do it yet; use {supported} or a Schedule of them"
            ),
        ))
    } else {
        Err(Problem::new(
            "kind",
            format!("`{kind}` is not a kind of Chaos Mesh; use {supported} or Schedule"),
        ))
    }
}

/// Reads and checks the spec of an experiment; all that is wrong goes to `problems`.
pub(crate) fn experiment(
    kind: &Kind,
    spec: &Value,
    parent: &str,
    problems: &mut Vec<Problem>,
) -> Option<Arc<dyn Chaos>> {
    let chaos = (kind.parse)(spec, parent)
        .map_err(|problem| problems.push(problem))
        .ok()?;
    let mut own = Vec::new();
    chaos.common().check(&mut own);
    chaos.check(&mut own);
    problems.extend(own.into_iter().map(|problem| problem.under(parent)));
    Some(chaos)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
