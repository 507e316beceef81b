//! Chaos Mesh documents: YAML in, checked experiments out.
//!
//! Parsing is strict. Every field is either understood or refused by name, because a field that is
//! silently ignored makes an experiment that does not do what its file says. What an API server
//! would drop (fields without a value) or write itself (`uid`, `status`) is no field of the file.

mod body;
mod error;
mod lints;
mod litmus;
mod meta;
mod objects;

use serde_json::{Value, json};

use crate::fields::problem::Problem;
use crate::kind::Chaos;
use meta::Written;
use objects::{Object, Objects, in_item};

pub use crate::kinds::API_VERSION;
pub use body::{Body, Scheduled};
pub use error::{DocumentError, Refused};
pub use meta::{ObjectMeta, PAUSE_ANNOTATION, drop_nulls, drop_what_servers_write};

/// Largest file read, in bytes; Kubernetes itself stores no object above 1.5 MB.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// One checked document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Name, namespace, labels, annotations.
    pub meta: ObjectMeta,
    /// The name was made from `generateName`: reading the file again makes another.
    pub generated: bool,
    /// What it describes.
    pub body: Body,
    /// The `spec` as written.
    pub spec: Value,
}

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

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Documents {
    /// Its documents; at least one.
    pub documents: Vec<Document>,
    /// Objects of other APIs, as `Namespace/chaos-testing`: left to `kubectl`.
    pub skipped: Vec<String>,
}

/// Reads a stream of documents. `file` is used in error messages only; empty documents do not
/// count, and neither do objects of other APIs.
///
/// # Errors
/// As [`read`].
pub fn parse(file: &str, text: &str) -> Result<Vec<Document>, DocumentError> {
    read(file, text).map(|documents| documents.documents)
}

/// Reads a stream of documents, and says what else is in it.
///
/// # Errors
/// The file is too large, is not YAML, holds nothing of Chaos Mesh, or a document breaks the rules;
/// then all problems of all documents are listed.
pub fn read(file: &str, text: &str) -> Result<Documents, DocumentError> {
    if text.len() > MAX_FILE_BYTES {
        return Err(DocumentError::TooLarge {
            file: file.to_owned(),
            bytes: text.len(),
            limit: MAX_FILE_BYTES,
        });
    }
    documents(file, text).map_err(|error| match template(text) {
        Some((line, shown)) => DocumentError::Template { file: file.to_owned(), line, shown },
        None => error,
    })
}

fn documents(file: &str, text: &str) -> Result<Documents, DocumentError> {
    let values: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        DocumentError::Yaml { file: file.to_owned(), message: error.to_string() }
    })?;
    if values.is_empty() {
        return Err(DocumentError::Empty { file: file.to_owned() });
    }
    let Objects { found, skipped, mut refused } = Objects::sort(values);
    let mut documents = Vec::new();
    for object in found {
        let item = object.item.clone();
        match document(&object) {
            Ok(document) => documents.push(document),
            Err(problems) => {
                let problems = problems.into_iter();
                let problems = problems.map(|problem| in_item(item.as_deref(), problem)).collect();
                refused.push(Refused { number: object.number, problems });
            }
        }
    }
    if !refused.is_empty() {
        refused.sort_by_key(|refused| refused.number);
        return Err(DocumentError::Invalid { file: file.to_owned(), refused });
    }
    if documents.is_empty() {
        return Err(DocumentError::OthersOnly { file: file.to_owned(), skipped });
    }
    Ok(Documents { documents, skipped })
}

fn document(object: &Object) -> Result<Document, Vec<Problem>> {
    let mut problems = Vec::new();
    for field in object.value.as_object().into_iter().flat_map(serde_json::Map::keys) {
        if !["apiVersion", "kind", "metadata", "spec"].contains(&field.as_str()) {
            problems.push(Problem::new(
                field,
                "unknown field; a document has apiVersion, kind, metadata and spec",
            ));
        }
    }
    let mut part = |field: &str, remedy: &str| {
        let found = object.value.get(field);
        if found.is_none() {
            problems.push(Problem::new(field, format!("missing; {remedy}")));
        }
        found
    };
    let metadata = part("metadata", "name the object: `metadata: {name: NAME}`");
    let spec = part("spec", "it says what happens, and to whom");
    let meta = metadata.and_then(|metadata| ObjectMeta::parse(metadata, &mut problems));
    let body = spec.and_then(|spec| Body::parse(&object.kind, spec, &mut problems));
    match (meta, body, spec) {
        (Some(Written { meta, generated }), Some(body), Some(spec)) if problems.is_empty() => {
            Ok(Document { meta, generated, body, spec: spec.clone() })
        }
        _ => Err(problems),
    }
}

/// The first line that a template engine would have to fill in, with its number.
fn template(text: &str) -> Option<(usize, String)> {
    let placeholder = |line: &str| {
        let inside = line.split_once("{{")?.1;
        let inside = inside.trim_start_matches('-').trim_start();
        let word = inside.starts_with(['.', '$', '`', '"'])
            || ["if", "else", "end", "range", "with", "define", "include", "template", "toYaml"]
                .iter()
                .any(|word| inside.starts_with(word));
        word.then(|| line.trim().chars().take(60).collect())
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    lines.into_iter().find_map(|(index, line)| Some((index + 1, placeholder(line)?)))
}

#[cfg(test)]
mod tests;
