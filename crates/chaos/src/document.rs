//! Chaos Mesh documents: YAML in, checked experiments out.
//!
//! Parsing is strict. Every field is either understood or refused by name, because a field that is
//! silently ignored makes an experiment that does not do what its file says.

mod body;
mod error;
mod lints;
mod meta;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::fields::problem::Problem;
use crate::kind::Chaos;
use crate::kinds;

pub use body::{Body, Scheduled};
pub use error::DocumentError;
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

/// Kinds that are no experiments themselves.
const OTHER_KINDS: [&str; 3] = [kinds::SCHEDULE, kinds::WORKFLOW, kinds::STATUS_CHECK];

impl Document {
    /// The kind, as in the file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.body.kind()
    }

    /// The spec of the experiment, or of the experiments a Schedule makes; none for a Workflow or a
    /// StatusCheck.
    #[must_use]
    pub fn chaos(&self) -> Option<&dyn Chaos> {
        self.body.experiment().map(|experiment| experiment.chaos.as_ref())
    }

    /// The document as `kubectl apply` takes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "apiVersion": API_VERSION,
            "kind": self.kind(),
            "metadata": self.meta,
            "spec": self.spec,
        })
    }

    /// How this stage carries it out, in one sentence; `; ` separates its parts.
    #[must_use]
    pub fn mechanism(&self) -> String {
        self.body.mechanism()
    }

    /// What this stage refuses: fields that Chaos Mesh obeys and a local stage cannot obey, or
    /// patterns that cannot work.
    #[must_use]
    pub fn refusals(&self) -> Vec<Problem> {
        self.body.refusals("spec")
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope {
    api_version: String,
    kind: String,
    metadata: Value,
    spec: Value,
}

/// Reads a stream of documents. `file` is used in error messages only; empty documents do not
/// count.
///
/// # Errors
/// The file is too large, is not YAML, is empty, or a document breaks the rules; then all of its
/// problems are listed.
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, DocumentError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(DocumentError::TooLarge {
            file: file.to_owned(),
            bytes: text.len(),
            limit: MAX_FILE_BYTES,
        });
    }
    let values: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        DocumentError::Yaml { file: file.to_owned(), message: error.to_string() }
    })?;
    if values.is_empty() {
        return Err(DocumentError::Empty { file: file.to_owned() });
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
        vec![Problem::new(if path == "." { "document" } else { &path }, error.into_inner())]
    })?;
    check_kind(&envelope).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let meta = ObjectMeta::parse(&envelope.metadata, &mut problems);
    let body = Body::parse(&envelope.kind, &envelope.spec, &mut problems);
    match (meta, body) {
        (Some(meta), Some(body)) if problems.is_empty() => {
            Ok(Document { meta, body, spec: envelope.spec })
        }
        _ => Err(problems),
    }
}

fn check_kind(envelope: &Envelope) -> Result<(), Problem> {
    let kind = envelope.kind.as_str();
    if envelope.api_version != API_VERSION {
        return Err(Problem::new(
            "apiVersion",
            format!("`{}` is not Chaos Mesh; write `{API_VERSION}`", envelope.api_version),
        ));
    }
    let supported = kinds::names();
    if OTHER_KINDS.contains(&kind) || kinds::find(kind).is_some() {
        Ok(())
    } else if kinds::is_elsewhere(kind) {
        Err(Problem::new(
            "kind",
            format!(
                "kind {kind} is known to Chaos Mesh but the local stage cannot do it yet; use {supported}, a Workflow or a Schedule of them, or StatusCheck"
            ),
        ))
    } else {
        Err(Problem::new(
            "kind",
            format!(
                "`{kind}` is not a kind of Chaos Mesh; use {supported}, Schedule, Workflow or StatusCheck"
            ),
        ))
    }
}

#[cfg(test)]
mod tests;
