//! Chaos Mesh documents: YAML in, checked experiments out.
//!
//! Parsing is strict. Every field is either understood or refused by name, because a field that is
//! silently ignored makes an experiment that does something else than its file says.

mod meta;

pub(crate) use meta::is_subdomain;
pub use meta::{ObjectMeta, PAUSE_ANNOTATION};

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::duration::GoDuration;
use crate::injector::LONGEST_FAULT;
use crate::kind::{self, Chaos, Kind, OtherEnd};
use crate::problem::{DocumentError, Problem};
use crate::schedule::{self, Schedule};
use crate::status_check::{self, StatusCheck};
use crate::workflow::{self, Workflow};

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
    /// Experiments in an order.
    Workflow(Arc<Workflow>),
    /// A question asked again and again.
    StatusCheck(Arc<StatusCheck>),
}

/// Kinds that are no experiments themselves.
const OTHER_KINDS: [&str; 3] = [schedule::KIND, workflow::KIND, status_check::KIND];

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
        match &self.body {
            Body::Schedule(schedule) => schedule.child.chaos(),
            body => body.chaos(),
        }
    }

    /// How this stage carries it out, one sentence.
    #[must_use]
    pub fn mechanism(&self) -> String {
        self.body.mechanism()
    }

    /// What this stage would refuse: fields that Chaos Mesh obeys and a local stage cannot, or
    /// patterns that cannot work.
    #[must_use]
    pub fn refusals(&self) -> Vec<Problem> {
        match &self.body {
            Body::Schedule(schedule) => schedule.refusals("spec"),
            body => refusals_of(body, "spec"),
        }
    }
}

impl Body {
    /// The kind, as in a document.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Experiment { kind, .. } => kind.name,
            Self::Schedule(_) => schedule::KIND,
            Self::Workflow(_) => workflow::KIND,
            Self::StatusCheck(_) => status_check::KIND,
        }
    }

    /// The experiment, if it is one.
    pub(crate) fn chaos(&self) -> Option<&dyn Chaos> {
        match self {
            Self::Experiment { chaos, .. } => Some(chaos.as_ref()),
            _ => None,
        }
    }

    /// The key of its payload in a Schedule.
    pub(crate) fn schedule_key(&self) -> &'static str {
        match self {
            Self::Experiment { kind, .. } => kind.schedule_key,
            _ => workflow::SCHEDULE_KEY,
        }
    }

    /// How this stage carries it out, one sentence.
    pub(crate) fn mechanism(&self) -> String {
        match self {
            Self::Experiment { chaos, .. } => chaos.mechanism(),
            Self::Schedule(schedule) => schedule.child.mechanism(),
            Self::Workflow(workflow) => workflow.mechanism(),
            Self::StatusCheck(check) => check.mechanism(),
        }
    }
}

/// The remedy for a fault beyond [`LONGEST_FAULT`].
pub(crate) const TOO_LONG: &str = "this stage ends every fault after 24 hours, so it could not keep this promise; write 24h or less, or a Schedule of shorter ones";

/// Is this beyond [`LONGEST_FAULT`]?
pub(crate) fn too_long(duration: GoDuration) -> bool {
    i128::from(duration.as_nanos()) > LONGEST_FAULT.as_nanos().cast_signed()
}

/// What cannot be carried out about something whose spec is at `parent`.
pub(crate) fn refusals_of(body: &Body, parent: &str) -> Vec<Problem> {
    match body {
        Body::Experiment { chaos, .. } => {
            refusals(chaos.as_ref()).into_iter().map(|problem| problem.under(parent)).collect()
        }
        Body::Schedule(schedule) => schedule.refusals(parent),
        Body::Workflow(workflow) => workflow.refusals(parent),
        Body::StatusCheck(_) => Vec::new(),
    }
}

/// What cannot be carried out about the spec of an experiment.
pub(crate) fn refusals(chaos: &dyn Chaos) -> Vec<Problem> {
    let mut refusals = chaos.common().refusals();
    refusals.extend(chaos.other_end().iter().flat_map(OtherEnd::refusals));
    refusals.extend(chaos.fault().err());
    let duration = chaos.common().parsed_duration();
    if !chaos.one_shot() && duration.is_some_and(too_long) {
        refusals.push(Problem::new("duration", TOO_LONG));
    }
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

/// Reads a stream of documents. `file` is used in error messages only; empty documents do not
/// count.
///
/// # Errors
/// The file is too large, is not YAML, is empty, or a document breaks the rules; then all of its
/// problems are told.
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
    let body = body(&envelope, &mut problems);
    match (meta, body) {
        (Some(meta), Some(body)) if problems.is_empty() => {
            Ok(Document { meta, body, spec: envelope.spec })
        }
        _ => Err(problems),
    }
}

fn body(envelope: &Envelope, problems: &mut Vec<Problem>) -> Option<Body> {
    let spec = &envelope.spec;
    match envelope.kind.as_str() {
        schedule::KIND => Schedule::parse(spec, "spec", schedule::Of::Anything, problems)
            .map(|schedule| Body::Schedule(Arc::new(schedule))),
        workflow::KIND => Workflow::parse(spec, "spec", problems)
            .map(|workflow| Body::Workflow(Arc::new(workflow))),
        status_check::KIND => StatusCheck::parse(spec, "spec", problems)
            .map(|check| Body::StatusCheck(Arc::new(check))),
        name => {
            let kind = kind::find(name).expect("the kind was checked");
            experiment(kind, spec, "spec", problems).map(|chaos| Body::Experiment { kind, chaos })
        }
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
    let supported = kind::SUPPORTED.map(|kind| kind.name).join(", ");
    if OTHER_KINDS.contains(&kind) || kind::find(kind).is_some() {
        Ok(())
    } else if kind::ELSEWHERE.contains(&kind) {
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

/// Reads and checks the spec of an experiment; all that is wrong goes to `problems`.
pub(crate) fn experiment(
    kind: &Kind,
    spec: &Value,
    parent: &str,
    problems: &mut Vec<Problem>,
) -> Option<Arc<dyn Chaos>> {
    let chaos = (kind.parse)(spec, parent).map_err(|problem| problems.push(problem)).ok()?;
    let mut own = Vec::new();
    chaos.common().check(&mut own);
    if let Some(other) = chaos.other_end() {
        other.check(&mut own);
    }
    chaos.check(&mut own);
    problems.extend(own.into_iter().map(|problem| problem.under(parent)));
    Some(chaos)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
